"""`tamis list`: what documents may name, on a day, with the words of the law.

R6323-37.III.2
  un système d'évaluation …
  relation: exchange · NIR: absent · purposes: R6323-33.5
"""

import json as json_module
import shutil
from collections.abc import Iterator
from datetime import date
from textwrap import fill
from typing import Any, Final, Literal

from tamis.cli.day import read_day
from tamis.documents.calendar import law_on
from tamis.documents.law import CATEGORY_ARTICLES, PURPOSES_ARTICLE
from tamis.documents.project import Documents
from tamis.language import N_, _

Listed = Literal["items", "purposes", "categories", "processings", "policies"]
"""What can be listed."""

FACTS: Final = {
    "relation": N_("relation"),
    "nir": N_("NIR"),
    "carries_nir": N_("carries the NIR"),
    "schema": N_("schema"),
    "processing": N_("processing"),
    "direction": N_("direction"),
    "items": N_("items"),
    "subjects": N_("whose data"),
    "purposes": N_("purposes"),
}
"""What is told of each beside its words, by its key in JSON."""

WIDTH: Final = 100


def list_command(documents: Documents, listed: Listed, on: str | None, json: bool) -> int:
    """Print the items, purposes, categories, processings or policies of a day."""
    rows = list(_ROWS[listed](documents, read_day(on)))
    if json:
        print(json_module.dumps(rows, indent=1, ensure_ascii=False))
        return 0
    width = min(shutil.get_terminal_size().columns, WIDTH)
    for row in rows:
        print(row["id"])
        facts = {_(label): _in_words(row[key]) for key, label in FACTS.items() if key in row}
        told = " · ".join(
            _("{label}: {value}", label=name, value=value) for name, value in facts.items() if value
        )
        for text in filter(None, (row["words"], told)):
            print(fill(text, width, initial_indent="  ", subsequent_indent="  "))
    return 0


def _in_words(value: object) -> str:
    if isinstance(value, list):
        return ", ".join(map(str, value))
    return {True: _("yes"), False: _("no")}[value] if isinstance(value, bool) else _(str(value))


def _items(documents: Documents, day: date) -> Iterator[dict[str, Any]]:
    for name, item in law_on(documents.law, day).items.items():
        yield {
            "id": name,
            "words": item.subject,
            "relation": item.relation,
            "nir": item.nir,
            "purposes": list(item.purposes),
        }


def _purposes(documents: Documents, day: date) -> Iterator[dict[str, Any]]:
    for name, purpose in law_on(documents.law, day).purposes.items():
        yield {"id": name, "words": purpose.subject}


def _categories(documents: Documents, day: date) -> Iterator[dict[str, Any]]:
    for article in CATEGORY_ARTICLES:
        version = documents.law[article].version_on(day)
        for slug, category in version.categories.items() if version else ():
            yield {
                "id": slug,
                "words": category.wording,
                "subjects": list(category.subjects),
                "purposes": [f"{PURPOSES_ARTICLE}.{key}" for key in category.purposes],
            }


def _processings(documents: Documents, day: date) -> Iterator[dict[str, Any]]:
    for slug, processing in documents.register[0].processings.items():
        entries = [entry for entry in processing.entries if entry.in_force(day)]
        yield {
            "id": slug,
            "words": processing.name,
            "carries_nir": processing.carries_nir_on(day),
            "items": [f"{entry.permission} ({entry.attested})" for entry in entries],
        }


def _policies(documents: Documents, day: date) -> Iterator[dict[str, Any]]:
    for name in documents.policies():
        policy = documents.policy(name)[0]
        releases = [release for release in policy.releases if release.in_force(day)]
        yield {
            "id": name,
            "words": policy.describes,
            "schema": policy.schema_,
            "processing": policy.processing,
            "direction": policy.direction,
            "items": list(dict.fromkeys(release.item for release in releases)),
            "purposes": list(dict.fromkeys(release.purpose for release in releases)),
        }


_ROWS: Final = {
    "items": _items,
    "purposes": _purposes,
    "categories": _categories,
    "processings": _processings,
    "policies": _policies,
}
