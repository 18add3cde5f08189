"""The draft of a DSN: the bundled schema, with a comment on which of its rubriques a file has."""

import re
from collections import Counter
from pathlib import Path
from textwrap import wrap
from typing import Final

from tamis.documents.schema import FieldSpec
from tamis.formats.schemaless import read_columns
from tamis.language import _
from tamis.plan.project import bundled_project

BUNDLED: Final = "dsn-individus"
_RUBRIQUE = re.compile(r"S\d\d\.G\d\d\.\d\d\.\d{3}")


def draft_dsn(path: Path, name: str, rows: int) -> str:
    """The bundled schema under another name, with a comment on the rubriques of the file.

    Args:
        path: of the DSN.
        name: of the schema.
        rows: how many rubriques are looked at, to the end of a piece.

    Raises:
        InputError: the file cannot be read.
    """
    counts: Counter[str] = Counter()
    for column in read_columns(path):
        if match := _RUBRIQUE.match(column.name):
            counts[match[0]] += len(column.values)
        if counts.total() >= rows:
            break
    project = bundled_project()
    schema, _positions = project.schema(BUNDLED)
    known = {rubrique for spec in schema.fields.values() for rubrique in _rubriques(spec)}
    text = project.schemas()[BUNDLED].read_text(encoding="utf-8")
    body = re.sub(rf"^schema: {re.escape(BUNDLED)}$", f"schema: {name}", text, flags=re.MULTILINE)
    notes = [
        _(
            "The bundled schema `{schema}`, to start from: the norm fixes types and meanings, so "
            "that nothing is guessed from values. Its categories are our reading.",
            schema=BUNDLED,
        ),
        _(
            "{looked_at:,} rubriques were looked at. Read by the schema and found: {found} of "
            "{known} different ones.",
            looked_at=counts.total(),
            found=len(known & set(counts)),
            known=len(known),
        ),
    ]
    unread = ", ".join(sorted(set(counts) - known))
    if unread:
        notes.append(
            _("Found and not in the schema, so that they never pass: {unread}.", unread=unread)
        )
    lines = [f"# {line}" for note in notes for line in wrap(note, 98)]
    return "\n".join(lines) + "\n#\n" + body


def _rubriques(spec: FieldSpec) -> set[str]:
    own = set((spec.rubrique or "").split("+")) - {""}
    inner = [*(spec.fields or {}).values(), *([spec.of] if spec.of else [])]
    return own.union(*map(_rubriques, inner))
