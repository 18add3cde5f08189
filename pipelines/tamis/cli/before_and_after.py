"""One synthetic record as its source sends it, and beside it what is released of it.

field           received                   released
nir             1 55 08 75 999 991 93      (pseudonymized)
avis_formation  voir le NIR 1 55 08 75     voir le NIR [NIR]
                999 991 93

For the demo alone: its records are nobody's. No other command shows both sides of a record.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import zip_longest
from pathlib import Path
from textwrap import wrap
from typing import Any, Final

import pyarrow as pa
import pyarrow.parquet as pq

from tamis.documents.context import PolicyContext
from tamis.filter.minimize import minimize
from tamis.keys.keyring import DerivedKey, Keyring
from tamis.language import _
from tamis.plan.compile import whole_schema
from tamis.plan.plan import Plan

_WIDTHS: Final = (24, 26, 26)
"""Characters of the three columns: two spaces between, and 80 in all."""

_LOOKED_AT: Final = 50
"""Records among which one is chosen."""


@dataclass(frozen=True)
class _CurrentKeys:
    """The keys of a keyring's current epoch."""

    keyring: Keyring

    def key(self, processing: str, item: str, method: str, kind: str | None = None) -> DerivedKey:
        """The key of (processing, item, method, kind)."""
        return self.keyring.key(processing, item, method, kind=kind)


def print_before_and_after(
    context: PolicyContext, plan: Plan, feed: Path, keyring: Keyring
) -> None:
    """Print that record of the first ones of `feed` which shows most, such as a NIR redacted."""
    print("\n" + _("6. A record before and after: {policy}, synthetic", policy=plan.policy))
    for row in _rows(context, plan, feed, keyring):
        cells = [wrap(cell, width) or [""] for cell, width in zip(row, _WIDTHS, strict=True)]
        for line in zip_longest(*cells, fillvalue=""):
            padded = (part.ljust(width) for part, width in zip(line, _WIDTHS, strict=True))
            print("  ".join(padded).rstrip())


def _rows(
    context: PolicyContext, plan: Plan, feed: Path, keyring: Keyring
) -> Iterator[tuple[str, str, str]]:
    shown: list[tuple[bool, int, pa.RecordBatch, str, dict[str, Any]]] = []
    for record in _records(context, plan, feed):
        done = minimize(record, plan, run="demo", keys=_CurrentKeys(keyring))
        for release, table in done.released.items():
            for row in table.to_pylist():
                is_redacted = bool(sum(done.tally.redacted.get(release, {}).values()))
                filled = sum(value is not None for value in row.values())
                shown.append((is_redacted, filled, record, release, row))
    if not shown:
        return
    _redacted, _filled, record, release, after = max(shown, key=lambda each: each[:2])
    before = record.to_pylist()[0]
    yield (_("field"), _("received"), _("released: {release}", release=release))
    fates = plan.fates[release]
    for name, value in before.items():
        fate = fates[name][0] if name in fates else "dropped"
        left = _shown(after.pop(name)) if name in after else f"({_(fate)})"
        yield (name, _shown(value), left)
    for name, value in after.items():
        yield (name, "", _shown(value))


def _records(context: PolicyContext, plan: Plan, feed: Path) -> Iterator[pa.RecordBatch]:
    """The first records of a file, one a batch, with all fields of the schema."""
    for batch in _batches(context, plan, feed):
        for number in range(batch.num_rows):
            yield batch.slice(number, 1)


def _batches(context: PolicyContext, plan: Plan, feed: Path) -> Iterator[pa.RecordBatch]:
    if plan.format.name == "parquet":
        yield next(pq.ParquetFile(feed).iter_batches(_LOOKED_AT))
        return
    from tamis.beam.files import list_inputs
    from tamis.beam.listing import Task
    from tamis.beam.read import read_task

    (file,) = list_inputs((str(feed),))
    whole = replace(plan, fields=whole_schema(context))
    task = Task(file, plan.format.name, limit=_LOOKED_AT)
    yield from (chunk.data for chunk in read_task(task, whole))


def _shown(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, list | dict):
        return json.dumps(value, ensure_ascii=False, default=str)
    return str(value)
