"""Chunks: what every reader yields, some rows of one input and the rejects among them.

Chunks are cut by the number of records, rejects included, and never by bytes: what a plan drops
cannot move a boundary.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import reduce
from typing import NamedTuple

import numpy as np
import pyarrow as pa

from tamis.arrow.types import is_list
from tamis.errors import InputError
from tamis.filter.drift import add_names
from tamis.filter.quarantine import FAULTS, REJECTS
from tamis.language import _
from tamis.limits import USUAL

Reject = tuple[int, str, str, str]


class PartKey(NamedTuple):
    """Which part of which input: what names a file of the store.

    Attributes:
        input: number of the input among the run's.
        number: of the part in the input.

    Example:
        >>> str(PartKey(0, 12))
        '00000-00012'
    """

    input: int
    number: int

    def __str__(self) -> str:
        return f"{self.input:05d}-{self.number:05d}"


@dataclass(frozen=True)
class Chunk:
    """N rows of one input, and its rejects.

    Attributes:
        data: N rows; the columns that the plan reads, by their top-level names.
        positions: N int64: number of the record, row or line in the input, from 1.
        rejects: records that could not be read, with the columns of `REJECTS`.
        unknown: columns of the input that the schema does not name, with the records that have
            them (`names.told_names` says which are shown).
        missing: columns of the schema that the input does not have.
        anomalies: counts of irregularities that reject no record, by name.
        skipped: what no release needs, so that no value was made of it: how often it was met, by
            rubrique, path of an element, or column. Formats that have each column in each record
            count none.

    Example:
        >>> chunk = Chunk(pa.record_batch({"nom": ["Durand"]}), pa.array([1]))
        >>> chunk.data.num_rows, chunk.rejects.num_rows
        (1, 0)
    """

    data: pa.RecordBatch = field(repr=False)
    positions: pa.Int64Array
    rejects: pa.RecordBatch = field(default_factory=lambda: rejects_of(()))
    unknown: Mapping[str, int] = field(default_factory=dict)
    missing: frozenset[str] = frozenset()
    anomalies: Mapping[str, int] = field(default_factory=dict)
    skipped: Mapping[str, int] = field(default_factory=dict)

    @property
    def records(self) -> int:
        """How many records it has, rejects included."""
        return len(self.positions) + int(self.rejects.num_rows)

    def first(self, rows: int, rejects: int) -> "Chunk":
        """Some of its first rows and rejects, with all names and counts."""
        return replace(
            self,
            data=self.data.slice(0, rows),
            positions=self.positions.slice(0, rows),
            rejects=self.rejects.slice(0, rejects),
        )


def rejects_of(rows: Iterable[Reject]) -> pa.RecordBatch:
    """A batch of rejects, with the columns of `REJECTS`."""
    columns = list(zip(*rows, strict=True)) or [(), (), (), ()]
    arrays = [
        pa.array(column, type=reject.type) for column, reject in zip(columns, REJECTS, strict=True)
    ]
    return pa.RecordBatch.from_arrays(arrays, schema=REJECTS)


def add_faults(batch: pa.RecordBatch, paths: Sequence[str]) -> pa.RecordBatch:
    """`batch` with the column `FAULTS`, in which each row has `paths`; as it is without paths."""
    if not paths:
        return batch
    faults = pa.array([list(paths)] * batch.num_rows, pa.list_(pa.string()))
    if not batch.num_columns:
        return pa.RecordBatch.from_arrays([faults], names=[FAULTS])
    return batch.append_column(FAULTS, faults)


def rechunk(
    pieces: Iterable[Chunk],
    source: str,
    records: int,
    most_bytes: int = USUAL.chunk_bytes,
    before: int = 0,
) -> Iterator[Chunk]:
    """Cut and join pieces of any size to chunks of `records` records, rejects included.

    Args:
        pieces: in the input's order, positions ascending.
        source: named in errors.
        records: records in each chunk but the last.
        most_bytes: bytes that the fields read of one chunk's records may take.
        before: records of the input before the first piece.

    Returns:
        Chunks, the last of which may be empty; at least one if there is a piece. Names and
        counts of a piece are those of the first chunk that holds a record of it.

    Raises:
        InputError: the fields read from one chunk's records take more than `most_bytes`.
    """
    held: list[Chunk] = []
    count = size = yielded = 0
    for piece in pieces:
        rest = piece
        while count + rest.records >= records and rest.records:
            first, rest = cut(rest, records - count)
            yield join([*held, first])
            held, count, size, yielded = [], 0, 0, yielded + 1
        held.append(rest)
        count += rest.records
        size += rest.data.nbytes
        if size > most_bytes:
            raise InputError(
                source,
                _(
                    "records {first} to {last} take more than {most_bytes} MiB in the "
                    "fields that are read",
                    first=before + yielded * records + 1,
                    last=before + yielded * records + count,
                    most_bytes=most_bytes >> 20,
                ),
            )
    if not held:
        return
    rest = join(held)
    names = rest.unknown, rest.missing, rest.anomalies, rest.skipped
    if rest.records or not yielded or any(names):
        yield rest


def cut(chunk: Chunk, records: int) -> tuple[Chunk, Chunk]:
    """The first `records` records of `chunk`, at least one, and the rest.

    Names and counts are those of the first part.
    """
    if records == chunk.records:
        return chunk, Chunk(chunk.data.slice(0, 0), chunk.positions.slice(0, 0))
    rows = chunk.positions.to_numpy()
    rejected = chunk.rejects.column("position").to_numpy()
    last = np.sort(np.concatenate([rows, rejected]))[records - 1]
    row, reject = (
        int(np.searchsorted(numbers, last, side="right")) for numbers in (rows, rejected)
    )
    rest = Chunk(chunk.data.slice(row), chunk.positions.slice(row), chunk.rejects.slice(reject))
    return chunk.first(row, reject), rest


def join(chunks: Sequence[Chunk]) -> Chunk:
    """Chunks that follow one another as one, at least one; a column whose types differ is text."""
    full = [chunk for chunk in chunks if chunk.records] or chunks[:1]
    data = full[0].data if len(full) == 1 else _join_rows([chunk.data for chunk in full])
    if FAULTS in data.schema.names and data.column(FAULTS).null_count == data.num_rows:
        data = data.drop_columns([FAULTS])
    return Chunk(
        data,
        pa.concat_arrays([chunk.positions for chunk in full]),
        pa.concat_batches([chunk.rejects for chunk in full]),
        reduce(add_names, (chunk.unknown for chunk in chunks), {}),
        frozenset[str]().union(*(chunk.missing for chunk in chunks)),
        _summed(chunk.anomalies for chunk in chunks),
        _summed(chunk.skipped for chunk in chunks),
    )


def _summed(counts: Iterable[Mapping[str, int]]) -> dict[str, int]:
    total = Counter[str]()
    for more in counts:
        total.update(more)
    return dict(total)


def _join_rows(batches: list[pa.RecordBatch]) -> pa.RecordBatch:
    """The rows of batches with the same columns, but for `FAULTS`; types may differ."""
    names = [name for name in batches[0].schema.names if name != FAULTS]
    if any(FAULTS in batch.schema.names for batch in batches):
        names.append(FAULTS)
        fault_type = pa.list_(pa.string())
        batches = [
            batch
            if FAULTS in batch.schema.names
            else batch.append_column(FAULTS, pa.nulls(batch.num_rows, fault_type))
            for batch in batches
        ]
    if all(batch.schema == batches[0].schema for batch in batches):
        return pa.concat_batches(batches)
    columns = [_join_columns([batch.column(name) for batch in batches]) for name in names]
    return pa.RecordBatch.from_arrays(columns, names)


def _join_columns(columns: list[pa.Array]) -> pa.Array:
    """The columns one after the other; as text where those with values differ in type."""
    held = [column for column in columns if column.null_count < len(column)] or columns
    kinds = {column.type for column in held}
    kind = held[0].type if len(kinds) == 1 else _as_text(held[0].type)
    return pa.concat_arrays(
        [
            column.cast(kind) if column.null_count < len(column) else pa.nulls(len(column), kind)
            for column in columns
        ]
    )


def _as_text(kind: pa.DataType) -> pa.DataType:
    """`kind` with string in place of the type of each leaf."""
    if pa.types.is_struct(kind):
        return pa.struct([(field.name, _as_text(field.type)) for field in kind])
    return pa.list_(_as_text(kind.value_type)) if is_list(kind) else pa.string()
