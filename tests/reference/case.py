"""A plan and a batch, as a failing test prints them."""

from dataclasses import dataclass, is_dataclass
from dataclasses import fields as attributes
from typing import Any

import pyarrow as pa

from tamis.plan.plan import Plan

from .forms import KnownForms
from .rows import rows_of


@dataclass(frozen=True, repr=False)
class Case:
    """A plan, a batch, and what the texts of the batch hold."""

    plan: Plan
    batch: pa.RecordBatch
    forms: KnownForms

    def __repr__(self) -> str:
        """What a failing test prints: only what is not as it is by default, and the rows."""
        lines = [f"format {self.plan.format!r}, {self.plan.direction}"]
        lines += [brief(part) for part in (*self.plan.fields, *self.plan.releases)]
        lines += [f"column {column.name}: {column.type}" for column in self.batch.schema]
        rows = rows_of(self.batch)
        lines += [f"row {place}: {row}".replace("Scalar", "") for place, row in enumerate(rows)]
        return "\n    ".join(["Case:", *lines])

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        printer.text(repr(self))


def brief(part: Any) -> str:
    """A part of a plan without what is as it is by default."""
    if isinstance(part, tuple):
        return "[" + ", ".join(map(brief, part)) + "]"
    if not is_dataclass(part):
        return repr(part)
    given = [
        f"{attribute.name}={brief(getattr(part, attribute.name))}"
        for attribute in attributes(part)
        if getattr(part, attribute.name) != attribute.default and attribute.name != "because"
    ]
    return f"{type(part).__name__}({', '.join(given)})"
