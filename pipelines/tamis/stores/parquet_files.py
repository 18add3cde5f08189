"""The Parquet files of a folder: staged by workers, joined by the commit, read by `verify`."""

import uuid
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from typing import BinaryIO, TypeAlias

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from tamis.filter.quarantine import count_causes
from tamis.filter.tally import Cause, QuarantineCount, merge_causes
from tamis.formats.chunk import PartKey
from tamis.language import _
from tamis.limits import USUAL
from tamis.stores.folder import Folder
from tamis.stores.parquet_part import PLACE, ParquetLayout, ParquetPart
from tamis.stores.protocol import Attempt, Piece, StoredRows, Writer
from tamis.stores.units import cut_rows, unit_sizes

STAGING = "_staging"

SeqRows: TypeAlias = tuple[int, pa.RecordBatch]
"""The number of a batch in its part, and rows of it."""

_SCHEMA_KEY = b"ARROW:schema"


def folder_of(attempt: Attempt) -> str:
    """Where an attempt stages."""
    return f"{STAGING}/{attempt.run}/{attempt.id}".rstrip("/")


class FolderWriter(Writer):
    """Writes a staged file for each part, as long as its batches come in their order."""

    def __init__(
        self, folder: Folder, attempt: Attempt, output: str | None, layout: ParquetLayout
    ) -> None:
        self._folder = folder
        self._attempt = attempt
        self._output = output
        self.layout = layout
        self.begin()

    def begin(self) -> None:
        self._file: ParquetPart | None = None
        self._piece = Piece(self._output, PartKey(0, 0))
        self._batches: dict[int, int] = {}

    def write(
        self, batch: pa.RecordBatch, part: PartKey, seq: int, positions: pa.Int64Array
    ) -> Iterator[Piece]:
        if part != self._piece.part or seq <= max(self._batches, default=-1):
            yield from self.finish()
        self.add(batch, part, seq)

    def add(self, batch: pa.RecordBatch, part: PartKey, seq: int) -> None:
        """Write rows of the batch `seq`, which follow those written of `part`."""
        if self._file is None:
            path = f"{folder_of(self._attempt)}/{uuid.uuid4().hex}.parquet"
            self._piece = Piece(self._output, part, path)
            places = self._folder.create(places_path(path)) if self.layout.unit_rows else None
            self._file = ParquetPart(self._folder.create(path), self.layout, places)
        self._file.write(batch)
        self._batches[seq] = self._batches.get(seq, 0) + batch.num_rows

    def finish(self) -> Iterator[Piece]:
        if self._file is not None:
            batches = tuple(self._batches.items())
            piece = replace(self._piece, batches=batches, sha256=self._file.close())
            self.begin()
            yield piece

    def close(self) -> None:
        pass


class ParquetRows(StoredRows):
    """Rows in a Parquet file.

    Raises:
        ValueError: the file is no whole Parquet file.
    """

    def __init__(self, stream: BinaryIO) -> None:
        with _readable(_("is no whole Parquet file")):
            self._file = pq.ParquetFile(stream)
            self.rows = self._file.metadata.num_rows
            schema = self._file.schema_arrow
        self.columns = frozenset(schema.names)
        self.types = {field.name: str(_plain(field.type)) for field in schema}
        if schema.metadata or set(self._file.metadata.metadata or ()) - {_SCHEMA_KEY}:
            raise ValueError(_("holds metadata, which no run writes"))

    def counts(self, column: str) -> Counter[str | None]:
        counts: Counter[str | None] = Counter()
        with _readable(_("`{column}` is missing or damaged", column=column)):
            for batch in self._file.iter_batches(columns=[column]):
                texts = batch.column(column).cast(pa.string())
                for pair in texts.value_counts().to_pylist():
                    counts[pair["values"]] += pair["counts"]
        return counts

    def batches(self) -> Iterator[pa.RecordBatch]:
        with _readable(_("is damaged")):
            yield from self._file.iter_batches(batch_size=USUAL.chunk_records)

    def head(self, count: int) -> list[dict[str, object]]:
        with _readable(_("is damaged")):
            rows = next(self._file.iter_batches(batch_size=count), None)
        return [] if rows is None else rows.to_pylist()

    def causes(self) -> dict[Cause, QuarantineCount]:
        columns = ["source", "position", *Cause._fields]
        with _readable(_("is damaged, or has not the columns of a quarantine")):
            batches = self._file.iter_batches(columns=columns)
            return merge_causes(pair for rows in batches for pair in count_causes(rows).items())


@contextmanager
def _readable(problem: str) -> Iterator[None]:
    """Raise a `ValueError` that says `problem` where what is read in the block is not whole."""
    try:
        yield
    except (pa.ArrowException, KeyError, OSError):
        raise ValueError(problem) from None


def _plain(kind: pa.DataType) -> pa.DataType:
    """A type without its dictionary, which is how values are kept, not what they are."""
    return kind.value_type if pa.types.is_dictionary(kind) else kind


def places_path(path: str) -> str:
    """Where it is staged which place each row of a piece had in its unit."""
    return f"{path.removesuffix('.parquet')}.places"


def batches_of(folder: Folder, piece: Piece, layout: ParquetLayout) -> Iterator[SeqRows]:
    """The batches that a piece was written from, each with its number in the part."""
    with ExitStack() as stack:
        stream = stack.enter_context(folder.open(piece.path))
        batches = pq.ParquetFile(stream).iter_batches(use_threads=False)
        if layout.unit_rows:
            places = stack.enter_context(folder.open(places_path(piece.path)))
            batches = _unordered(batches, unit_sizes(piece.rows, layout.unit_rows), places)
        sizes = [rows for _seq, rows in piece.batches]
        for (seq, _rows), table in zip(piece.batches, cut_rows(batches, sizes), strict=True):
            for batch in table.cast(layout.schema).to_batches():
                yield seq, batch


def _unordered(
    batches: Iterator[pa.RecordBatch], sizes: list[int], places: BinaryIO
) -> Iterator[pa.RecordBatch]:
    """Rows that were put in order unit by unit, as they were before."""
    for size, rows in zip(sizes, cut_rows(batches, sizes), strict=True):
        before = np.frombuffer(places.read(size * np.dtype(PLACE).itemsize), PLACE)
        yield from rows.take(pa.array(np.argsort(before))).to_batches()
