"""Files of a committed run of a folder, written anew for a run that supersedes it."""

from typing import BinaryIO

import pyarrow as pa
import pyarrow.parquet as pq

from tamis.errors import RunError
from tamis.evidence.receipt import Receipt
from tamis.language import _
from tamis.limits import Limits
from tamis.stores.parquet_part import ParquetPart, layout_like
from tamis.stores.protocol import Change, RunStore


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
        change: gives N rows for N rows, in the same schema.
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
            for batch in batches:
                part.write(change(output, batch.cast(layout.schema)))
        except pa.ArrowException:
            raise RunError(_("a file that is to be written anew is damaged")) from None
        return part.close(), part.rows
