"""What a lawyer agrees to, as lines of text: the legal content of a policy on one day.

    processing.carries_nir = false
    releases.evaluation.item = "R6323-37.III.2"
    releases.evaluation.needs[date_naissance, sexe].keep = ["date_naissance", "sexe"]

It holds what the documents say and the law in force: releases with their needs, conditions,
treatments and marks of the fields that they use; what the project allows lastingly, the cited
texts whose newer version nobody has read, and the words of a law that does not come with Tamis. It
leaves out comments, remarks, descriptions, names of files, the order of keys, and whatever keeps
its default: so neither a newer version of the tool nor a document written in another order
changes it. The form has a name of its own.
"""

import datetime
import hashlib
import json
from collections import Counter
from collections.abc import Iterator
from typing import Any, Final

from tamis.documents.calendar import law_on
from tamis.documents.context import (
    PolicyContext,
    conditions_of,
    kept_fields,
    specs_towards,
)
from tamis.documents.policy import Release
from tamis.documents.positions import DocumentModel
from tamis.documents.register import Processing

FORM: Final = "tamis-legal/1"

_REMARKS = {"note", "describes", "source", "read_on", "id", "from", "until"}
"""Keys that decide nothing: remarks, sources, and days, for which an approval has its intervals."""


def legal_content(context: PolicyContext, day: datetime.date) -> str:
    """Return the legal content of a policy on a day, a line a statement, sorted.

    Example:
        >>> from tamis.documents.context import open_policy
        >>> from tamis.documents.project import bundled_documents
        >>> policy = open_policy(bundled_documents(), "regularite-prestataires")
        >>> legal_content(policy, datetime.date(2026, 1, 1)).splitlines()[0]
        'direction = "into-store"'
    """
    law = law_on(context.law, day)
    releases = [release for release in context.policy.releases if release.in_force(day)]
    slug = context.policy.processing
    processing = context.processing
    content: dict[str, Any] = {
        "direction": context.policy.direction,
        "processing": {"slug": slug} | _partner(processing, day),
        "law": {article: version.id for article, version in law.versions.items()},
        "motifs": [motif.text for motif in context.policy.motifs],
        "releases": {
            release.id: _plain(release)
            | {"entries": [_plain(e) for e in _entries(context, release, day)]}
            | _unread(context, release, day)
            for release in releases
        },
        "fields": {path: _field(context, path) for path in sorted(_used(releases))},
    }
    if any(context.withholds_limited(law.items.get(release.item)) for release in releases):
        content["limited"] = list(context.looked_up)
    allowed = [_plain(known, "policy") for known in context.exceptions if known.holds(day)]
    if allowed:
        content["exceptions"] = allowed
    if context.law.origin == "own":
        content["own_law"] = {name: _digest_of(text) for name, text in law.versions.items()}
    return "\n".join(sorted(_lines("", content)))


def _unread(context: PolicyContext, release: Release, day: datetime.date) -> dict[str, Any]:
    """The cited texts whose version of the day nobody has read."""
    texts = context.unread(release).items()
    unread = {name: text.version for name, text in texts if text.from_ <= day}
    return {"unread": unread} if unread else {}


def _digest_of(model: DocumentModel) -> str:
    """The SHA-256 of what a version of an article says, without remarks and days."""
    said = _without_remarks(model.model_dump(mode="json", by_alias=True, exclude_defaults=True))
    return hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()


def _without_remarks(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    return {key: _without_remarks(inner) for key, inner in value.items() if key not in _REMARKS}


def _partner(processing: Processing | None, day: datetime.date) -> dict[str, Any]:
    if processing is None:
        return {}
    carries = {"carries_nir": processing.carries_nir_on(day)}
    return _plain(processing, "entries", "carries_nir") | carries


def digest(content: str) -> str:
    """Return the SHA-256 of a legal content in this form, in hexadecimal.

    Example:
        >>> digest("")[:12]
        '41fbd0f84c35'
    """
    return hashlib.sha256(f"{FORM}\n{content}".encode()).hexdigest()


def _entries(context: PolicyContext, release: Release, day: datetime.date) -> list[DocumentModel]:
    if context.processing is None:
        return []
    return list(context.processing.entries_on(release.item, day))


def _used(releases: list[Release]) -> set[str]:
    kept = {field.path for release in releases for field in kept_fields(release, ())}
    return kept | {test.field for release in releases for test in conditions_of(release, ())}


def _field(context: PolicyContext, path: str) -> dict[str, Any]:
    leaf = context.leaves.get(path)
    if leaf is None:
        return {}
    specs = [spec for spec in specs_towards(context.schema, leaf) if spec is not leaf.spec]
    around = [spec.column or spec.xpath for spec in specs]
    xml = context.schema.format.xml
    inherited = {
        "record": xml.record if xml is not None else "",
        "category": list(leaf.category),
        "columns_around": ".".join(filter(None, around)),
        "sensitive": leaf.sensitive,
        "subject": list(leaf.subject),
    }
    return _plain(leaf.spec) | {key: value for key, value in inherited.items() if value}


def _plain(model: DocumentModel, *without: str) -> dict[str, Any]:
    """A document as plain values, without remarks and defaults."""
    dumped = model.model_dump(mode="json", by_alias=True, exclude_defaults=True)
    return {key: value for key, value in dumped.items() if key not in {*_REMARKS, *without}}


def _lines(path: str, value: Any) -> Iterator[str]:
    """A line a leaf; what stands in a list of mappings is called by its content, not its place."""
    if isinstance(value, dict) and value:
        for key, inner in value.items():
            yield from _lines(f"{path}.{key}" if path else key, inner)
    elif isinstance(value, list) and any(isinstance(inner, dict) for inner in value):
        titles: Counter[str] = Counter()
        for inner in sorted(value, key=lambda known: json.dumps(known, sort_keys=True)):
            title = _title(inner)
            titles[title] += 1
            more = f" ({titles[title]})" if titles[title] > 1 else ""
            yield from _lines(f"{path}[{title}{more}]", inner)
    else:
        shown = sorted(value, key=str) if isinstance(value, list) else value
        yield f"{path} = {json.dumps(shown, ensure_ascii=False, sort_keys=True)}"


def read_lines(content: str) -> dict[str, Any]:
    """Return the values of a legal content, by the path of their line.

    Example:
        >>> read_lines('releases.a.needs[nir].keep = ["nir"]')
        {'releases.a.needs[nir].keep': ['nir']}
    """
    lines = (line.partition(" = ") for line in content.splitlines())
    return {path: json.loads(value) for path, _equals, value in lines}


def _title(value: Any) -> str:
    """What tells one of several needs, conditions or entries from the others."""
    if isinstance(value, dict):
        for key in ("field", "item", "what"):
            if key in value:
                return str(value[key])
        if "keep" in value:
            return ", ".join(sorted(value["keep"]))
    return json.dumps(value, ensure_ascii=False, sort_keys=True)
