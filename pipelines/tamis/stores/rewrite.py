"""Files of a committed run of a folder, written anew for a run that supersedes it."""

import datetime
from collections import defaultdict
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, BinaryIO

import pyarrow as pa
import pyarrow.parquet as pq

from tamis.errors import RunError
from tamis.evidence.receipt import FilePart, Receipt
from tamis.language import _
from tamis.limits import Limits
from tamis.stores.folder_layout import file_path
from tamis.stores.parquet_files import folder_of
from tamis.stores.parquet_part import ParquetPart, layout_like
from tamis.stores.protocol import OLDER_THAN, Attempt, Change, MakeReceipt, RunStore

if TYPE_CHECKING:
    from tamis.stores.folder_store import FolderStore


def paths_in_place(store: RunStore, receipt: Receipt) -> list[str]:
    """Paths of what a receipt lists where it belongs."""
    return [
        file.path
        for output, files in receipt.outputs()
        for file in files
        if store.is_in_place(file, receipt, output)
    ]


def rewrite_files(
    store: "FolderStore", attempt: Attempt, old: Receipt, change: Change, make: MakeReceipt
) -> Receipt:
    """Write the files of a committed run anew. See `RunStore.supersede`."""
    with store.hold(attempt.run):
        is_held = store.folder.local() is not None
        store.recover_runs([attempt.run], datetime.timedelta(0) if is_held else OLDER_THAN)
        store.folder.make(folder_of(attempt))
        files: defaultdict[str | None, list[FilePart]] = defaultdict(list)
        sources: dict[str, str] = {}
        is_purged = "purged" in store.removals_of(old)
        for output, parts in old.outputs():
            for file in parts:
                part = PurePosixPath(file.path).stem.removeprefix(f"{old.run}-")
                path = file_path(old.policy, output, attempt.run, part)
                if is_purged and output is None:
                    files[output].append(file.model_copy(update={"path": path}))
                    continue
                if store.digest(file.path) != file.sha256:
                    raise store.error(old, file, _("is lost, or its digest differs"))
                sources[path], stream = store.create(attempt)
                before = store.folder.open(file.path)
                digest, rows = rewrite_file(before, stream, output, change, store.limits)
                files[output].append(FilePart(path=path, rows=rows, sha256=digest))
        return store.publish(attempt, make(dict(files)), sources)


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
