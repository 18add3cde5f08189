"""For a DSN the bundled schema is the one to start from: which of its rubriques a file has."""

import re
from collections import Counter
from pathlib import Path
from textwrap import wrap
from typing import Final

from tamis.documents.schema import FieldSpec
from tamis.formats.schemaless import read_columns
from tamis.plan.project import bundled_project

BUNDLED: Final = "dsn-individus"
_RUBRIQUE = re.compile(r"S\d\d\.G\d\d\.\d\d\.\d{3}")


def draft_dsn(path: Path, name: str, rows: int) -> str:
    """The bundled schema under another name, with what the file has of it as a comment.

    Args:
        path: a DSN.
        name: of the schema.
        rows: rubriques to look at, about.

    Raises:
        InputError: the file cannot be read.
    """
    found: Counter[str] = Counter()
    for column, values in read_columns(path):
        if match := _RUBRIQUE.match(column):
            found[match[0]] += len(values)
        if found.total() >= rows:
            break
    project = bundled_project()
    schema, _ = project.schema(BUNDLED)
    known = {rubrique for spec in schema.fields.values() for rubrique in _rubriques(spec)}
    text = project.schemas()[BUNDLED].read_text(encoding="utf-8")
    body = re.sub(rf"^schema: {re.escape(BUNDLED)}$", f"schema: {name}", text, flags=re.MULTILINE)
    said = [
        f"The bundled schema `{BUNDLED}`, to start from: the norm fixes types and meanings, so "
        "that nothing is guessed from values. Its categories are our reading.",
        f"{sum(found.values()):,} rubriques were looked at. Read by the schema and found: "
        f"{len(known & set(found))} of {len(known)} different ones.",
    ]
    unread = sorted(set(found) - known)
    if unread:
        said.append(f"Found and not in the schema, so that they never pass: {', '.join(unread)}.")
    lines = [f"# {line}" for one in said for line in wrap(one, 98)]
    return "\n".join(lines) + "\n#\n" + body


def _rubriques(spec: FieldSpec) -> set[str]:
    own = set((spec.rubrique or "").split("+")) - {""}
    inner = [*(spec.fields or {}).values(), *([spec.of] if spec.of else [])]
    return own.union(*map(_rubriques, inner))
