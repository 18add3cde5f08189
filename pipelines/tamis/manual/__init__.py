"""The manual: one Markdown page a topic, shown by `tamis help TOPIC`.

The pages lie beside this module. Where a page lists the keys of a document, the list is made of
the documents' models, between the marks `<!-- keys Policy -->` and `<!-- /keys -->`, and the rules
of `check` stand between `<!-- rules -->` and `<!-- /rules -->`, what the bundled law and register
name between `<!-- law items -->` and `<!-- /law -->`, what `--fail-on` may name between
`<!-- fail-on -->` and `<!-- /fail-on -->`, exit codes between `<!-- exit-codes -->` and
`<!-- /exit-codes -->`, and the words that name a NIR or another number between
`<!-- labels -->` and `<!-- /labels -->`; `publish()` writes these lists anew after a
change, and a test compares them.

May import `documents`, `check`, `evidence` and `nir`, and nothing of Beam. Begin reading at
`architecture.md`.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tamis.check.catalogue import Rule
from tamis.documents.editors import json_schemas
from tamis.documents.positions import suggest
from tamis.documents.project import bundled_documents
from tamis.dry_run.html.speech import Speech
from tamis.errors import EXIT_CODES, TamisError, UsageError
from tamis.evidence.fail_on import FAIL_ON, Command
from tamis.language import _
from tamis.nir.labels import LABELS

PAGES = Path(__file__).parent

_KEYS = re.compile(r"(<!-- keys (\w+) -->\n).*?(<!-- /keys -->)", re.DOTALL)
_LAW = re.compile(r"(<!-- law (\w+) -->\n).*?(<!-- /law -->)", re.DOTALL)
_FAIL_ON = re.compile(r"(<!-- fail-on -->\n).*?(<!-- /fail-on -->)", re.DOTALL)
_EXIT_CODES = re.compile(r"(<!-- exit-codes -->\n).*?(<!-- /exit-codes -->)", re.DOTALL)
_LABELS = re.compile(r"(<!-- labels -->\n).*?(<!-- /labels -->)", re.DOTALL)
_LEFT = re.compile(r"(<!-- left -->\n).*?(<!-- /left -->)", re.DOTALL)
_RULES = re.compile(r"(<!-- rules -->\n).*?(<!-- /rules -->)", re.DOTALL)


def topics() -> dict[str, str]:
    """The manual's topics in alphabetical order, each with its title.

    Example:
        >>> topics()["policies"]
        'Policies: who needs which field, and why'
    """
    return {
        page.stem: page.read_text(encoding="utf-8").partition("\n")[0].removeprefix("# ")
        for page in sorted(PAGES.glob("*.md"))
    }


def read_page(topic: str) -> str:
    """The Markdown of one page, without the marks that only its tests and its maker need.

    Raises:
        UsageError: there is no page of this name.
    """
    known = topics()
    if topic not in known:
        raise UsageError(
            _("no topic `{topic}`", topic=topic)
            + suggest(topic, known)
            + _("; there are {topics}", topics=", ".join(known))
        )
    text = (PAGES / f"{topic}.md").read_text(encoding="utf-8")
    return re.sub(r"^<!--.*?-->\n", "", text, flags=re.MULTILINE)


def with_keys(text: str) -> str:
    """`text` with its lists made anew of the models, the catalogue of rules, law and register."""
    rules = "".join(f"{rule}. {rule.text}\n" for rule in Rule)
    text = _RULES.sub(lambda marks: marks[1] + rules + marks[2], text)
    text = _FAIL_ON.sub(lambda marks: marks[1] + "\n".join(_conditions()) + "\n" + marks[2], text)
    text = _EXIT_CODES.sub(lambda marks: "\n".join([marks[1][:-1], *_exit_codes(), marks[2]]), text)
    text = _LABELS.sub(lambda marks: marks[1] + "\n".join(_labels()) + "\n" + marks[2], text)
    text = _LEFT.sub(lambda marks: marks[1] + "\n".join(_left()) + "\n" + marks[2], text)
    text = _LAW.sub(lambda marks: marks[1] + "\n".join(_law(marks[2])) + "\n" + marks[3], text)
    return _KEYS.sub(lambda marks: marks[1] + "\n".join(_table(marks[2])) + "\n" + marks[3], text)


def publish(folder: Path = PAGES) -> None:
    """Write the lists of keys in all pages of `folder` anew."""
    for page in folder.glob("*.md"):
        page.write_text(with_keys(page.read_text(encoding="utf-8")), encoding="utf-8")


def _table(model: str) -> Iterator[str]:
    """One row a key of a model: name, type, default, meaning."""
    schema = _definitions()[model]
    required = schema.get("required", ())
    yield "| key | value | without it | meaning |"
    yield "|---|---|---|---|"
    for name, key in schema["properties"].items():
        default = "must be given" if name in required else _default(key.get("default"))
        meaning = " ".join(key.get("description", "").split())
        yield f"| `{name}` | {_type(key)} | {default} | {meaning} |"


def _conditions() -> Iterator[str]:
    """One row a condition of `--fail-on`: name, when it is met, which commands can tell it."""
    yield "| condition | met where | `run` | `dry-run` | a stream |"
    yield "|---|---|---|---|---|"
    commands: tuple[Command, ...] = ("run", "dry-run", "stream")
    for name, kind in FAIL_ON.items():
        cells = ["yes" if command in kind.commands else "–" for command in commands]
        yield f"| `{name}` | {kind.meaning} | {' | '.join(cells)} |"


def _exit_codes() -> Iterator[str]:
    """One row an exit code: what it means, and the errors that end a command with it."""
    yield "| code | meaning | error in Python |"
    yield "|---|---|---|"
    for code, meaning in EXIT_CODES.items():
        classes = TamisError.__subclasses__()
        names = [f"`{kind.__name__}`" for kind in classes if kind.exit_code == code]
        yield f"| {code} | {meaning} | {', '.join(names) or '–'} |"


def _labels() -> Iterator[str]:
    """One row a kind of words: as people write them, what they name, how surely, why."""
    yield "| words | they name | reason |"
    yield "|---|---|---|"
    kinds = {
        ("nir", "strong"): "a NIR",
        ("nir", "weak"): "perhaps a NIR",
        ("other", "strong"): "another number",
        ("optics", "strong"): "near infrared",
    }
    for row in LABELS:
        yield f"| {row.examples} | {kinds[row.kind, row.strength]} | {row.reason} |"


def _left() -> Iterator[str]:
    """One row for each thing that is left for two partners to join by: what it is and tells."""
    yield "| what is left | what it tells |"
    yield "|---|---|"
    for what, tells in Speech("en").left():
        yield f"| {what} | {tells} |"


def _law(what: str) -> Iterator[str]:
    """One row an item, purpose, category or processing of the bundled law and register."""
    law = bundled_documents().law
    latest = {name: article.versions[-1] for name, article in law.articles.items()}
    if what == "items":
        yield "| item | relation | the partner's NIR | purposes, by our reading | subject |"
        yield "|---|---|---|---|---|"
        for article, version in latest.items():
            for name, item in version.items.items():
                purposes = ", ".join(f"`{purpose}`" for purpose in item.purposes)
                row = f"`{article}.{name}` | `{item.relation}` | {item.nir} | {purposes}"
                yield f"| {row} | {item.subject} |"
    elif what == "purposes":
        yield "| purpose | subject |"
        yield "|---|---|"
        for version in latest.values():
            for name, purpose in version.purposes.items():
                yield f"| `R6323-33.{name}` | {purpose.subject} |"
    elif what == "categories":
        yield "| category | purposes of R. 6323-33 |"
        yield "|---|---|"
        for version in latest.values():
            for name, category in version.categories.items():
                yield f"| `{name}` | {', '.join(category.purposes)} |"
    else:
        yield "| processing | carries the NIR | items, and what each entry stands on |"
        yield "|---|---|---|"
        register, _source = bundled_documents().register
        for name, processing in register.processings.items():
            entries = ", ".join(
                dict.fromkeys(
                    f"`{entry.permission}` {entry.attested}" for entry in processing.entries
                )
            )
            carries = processing.carries_nir
            if isinstance(carries, tuple):
                said = ", ".join(f"{str(each.value).lower()} from {each.from_}" for each in carries)
            else:
                said = str(carries).lower()
            yield f"| `{name}` | {said} | {entries} |"


def _definitions() -> dict[str, Any]:
    definitions: dict[str, Any] = {}
    for schema in json_schemas().values():
        definitions |= {schema["title"]: schema, **schema.get("$defs", {})}
    return definitions


def _default(value: Any) -> str:
    if value is None or value in ("", [], {}):
        return "–"
    if isinstance(value, dict):
        return "–"
    return f"`{str(value).lower() if isinstance(value, bool) else value}`"


def _type(key: dict[str, Any]) -> str:
    """A key's JSON Schema in a few words."""
    if "$ref" in key:
        return key["$ref"].rpartition("/")[2]
    if "anyOf" in key:
        kinds = [_type(choice) for choice in key["anyOf"] if choice.get("type") != "null"]
        return " or ".join(dict.fromkeys(kinds))
    if "enum" in key or "const" in key:
        return ", ".join(f"`{value}`" for value in key.get("enum", [key.get("const")]))
    kind = key.get("type", "any value")
    if kind == "array":
        return f"list of {_type(key.get('items', {}))}"
    if kind == "object":
        values = key.get("additionalProperties", True)
        return f"mapping to {_type(values)}" if isinstance(values, dict) else "mapping"
    return "date" if key.get("format") == "date" else str(kind)
