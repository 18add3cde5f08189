"""Files of a committed run of a folder, written anew for a run that supersedes it."""

from collections.abc import Iterator
from typing import BinaryIO, Final

import pyarrow as pa
import pyarrow.parquet as pq

from tamis.arrow.types import PSEUDONYM
from tamis.errors import RunError
from tamis.evidence.receipt import Receipt
from tamis.language import _
from tamis.limits import Limits
from tamis.stores.parquet_part import ParquetPart, layout_like
from tamis.stores.protocol import Change, RunStore

_UNIT_ROWS: Final = 65_536
"""Rows that are put in order together."""


def paths_in_place(store: RunStore, receipt: Receipt) -> list[str]:
    """Paths of what a receipt lists where it belongs."""
    return [
        file.path
        for output, files in receipt.outputs()
        for file in files
        if store.is_in_place(file, receipt, output)
    ]


def rewrite_file(
    source: BinaryIO, target: BinaryIO, output: str | None, change: Change, limits: Limits
) -> tuple[str, int]:
    """Write the rows of a Parquet file to another one, changed.

    Args:
        source: is read, and closed; its columns are encoded alike in the other file.
        target: is written, and closed.
        output: the release that the rows are of, or None for the quarantine.
        change: gives N rows for N rows, in the same schema; they are put in the order of their
            pseudonyms, `_UNIT_ROWS` at a time, so that their places do not say which were which.
        limits: rows of a row group.

    Returns:
        The digest of the new file, in hexadecimal, and its rows.

    Raises:
        RunError: the file is damaged.
    """
    with source:
        try:
            file = pq.ParquetFile(source)
            layout = layout_like(file, limits)
            part = ParquetPart(target, layout)
            batches = file.iter_batches(batch_size=limits.chunk_records, use_threads=False)
            changed = (change(output, batch.cast(layout.schema)) for batch in batches)
            for rows in _in_order(changed):
                for batch in rows.to_batches():
                    part.write(batch)
        except pa.ArrowException:
            raise RunError(_("a file that is to be written anew is damaged")) from None
        return part.close(), part.rows


def _in_order(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.Table]:
    """Rows in units, each in the order of its pseudonyms; those left over join the last unit."""
    held: list[pa.RecordBatch] = []
    for batch in batches:
        held.append(batch)
        if sum(map(len, held)) >= 2 * _UNIT_ROWS:
            rows = pa.Table.from_batches(held)
            yield _sorted(rows.slice(0, _UNIT_ROWS))
            held = rows.slice(_UNIT_ROWS).to_batches()
    if held:
        yield _sorted(pa.Table.from_batches(held))


def _sorted(rows: pa.Table) -> pa.Table:
    names = [field.name for field in rows.schema if field.type == PSEUDONYM]
    return rows.sort_by([(name, "ascending") for name in names]) if names else rows
