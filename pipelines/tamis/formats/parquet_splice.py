"""Parquet files put together of column chunks: some encoded by Arrow, some copied as they stood.

    PAR1 | row group: chunk chunk … | row group: … | footer | its length | PAR1

Chunks stand side by side, without a gap, in the schema's order. The footer names the schema, the
row groups and nothing else: no index, no bloom filter, no metadata but Arrow's own schema.
"""

import io
from collections.abc import Container, Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Protocol

import pyarrow as pa
import pyarrow.parquet as pq

from tamis.formats.parquet_column import MAGIC, ColumnChunk
from tamis.formats.thrift import I16, I64, LIST, STRUCT, Struct, read_struct, value, write_struct

_OFFSETS = (9, 10, 11)  # of data, index and dictionary pages, in ColumnMetaData
_KEPT = (1, 2, 3, 4, 5, 6, 7, 9, 10, 11, 12, 13, 16)  # no bloom filter, no key-value metadata


class Sink(Protocol):
    """What bytes are written to."""

    def write(self, data: Any) -> Any:
        """Write all of `data`."""


@dataclass(frozen=True)
class EncodedChunk:
    """One leaf of one row group: its bytes, and its ColumnMetaData as if they began at byte 0."""

    data: Any = field(repr=False)
    metadata: Struct = field(repr=False)

    @property
    def column(self) -> str:
        """Name of the top-level column that the leaf lies in."""
        return str(value(self.metadata, 3)[1][0], "utf-8")


@dataclass(frozen=True)
class EncodedGroup:
    """One row group.

    Attributes:
        rows: how many.
        chunks: one a leaf of the schema, in its order.
    """

    rows: int
    chunks: Sequence[EncodedChunk]


class SpliceWriter:
    """Writes one file of row groups that are already encoded.

    Attributes:
        schema: of all row groups.
    """

    def __init__(self, sink: Sink, schema: pa.Schema) -> None:
        self.schema = schema
        self._sink = sink
        self._at = len(MAGIC)
        self._groups: list[Struct] = []
        self._rows = 0
        sink.write(MAGIC)

    def write(self, group: EncodedGroup) -> None:
        """Append a row group."""
        start, columns = self._at, []
        for chunk in group.chunks:
            metadata = {
                number: (I64, value(chunk.metadata, number) + self._at)
                if number in _OFFSETS
                else found
                for number, found in chunk.metadata.items()
            }
            columns.append({2: (I64, 0), 3: (STRUCT, metadata)})
            self._sink.write(chunk.data)
            self._at += len(chunk.data)
        size = sum(value(chunk.metadata, 6) for chunk in group.chunks)
        self._groups.append(
            {
                1: (LIST, (STRUCT, columns)),
                2: (I64, size),
                3: (I64, group.rows),
                5: (I64, start),
                6: (I64, self._at - start),
                7: (I16, len(self._groups)),
            }
        )
        self._rows += group.rows

    def close(self) -> None:
        """Write the footer."""
        footer = write_struct(
            {
                **_empty_footer(self.schema),
                3: (I64, self._rows),
                4: (LIST, (STRUCT, self._groups)),
            }
        )
        self._sink.write(footer + len(footer).to_bytes(4, "little") + MAGIC)


def encode(table: pa.Table, **options: Any) -> list[EncodedChunk]:
    """The chunks of all rows of `table` as one row group, encoded by Arrow.

    Args:
        table: one row or more, one column or more.
        options: of `pyarrow.parquet.ParquetWriter`.
    """
    sink = pa.BufferOutputStream()
    with pq.ParquetWriter(sink, table.schema, store_schema=False, **options) as writer:
        writer.write_table(table, row_group_size=table.num_rows)
    (group,) = read_groups(pa.BufferReader(sink.getvalue()))
    return list(group.chunks)


def copy(chunk: ColumnChunk) -> EncodedChunk:
    """The chunk as it stood in its file, with a header and metadata of its own."""
    return EncodedChunk(chunk.packed(), chunk.metadata(0))


def read_groups(stream: Any, numbers: Container[int] | None = None) -> Iterator[EncodedGroup]:
    """The row groups of a file that this module or Arrow wrote, one after the other.

    Args:
        stream: the file.
        numbers: of the row groups to be read; None for all.
    """
    groups = value(_read_footer(stream), 4)[1]
    for number, group in enumerate(groups):
        if numbers is None or number in numbers:
            chunks = [_read_chunk(stream, one) for one in value(group, 1)[1]]
            yield EncodedGroup(value(group, 3), chunks)


def _read_chunk(stream: Any, column: Struct) -> EncodedChunk:
    metadata = value(column, 3)
    start = min(value(metadata, number) for number in (9, 11) if number in metadata)
    moved: Struct = {
        number: (I64, found[1] - start) if number in _OFFSETS else found
        for number, found in metadata.items()
        if number in _KEPT
    }
    stream.seek(start)
    # Arrow's own readers need not copy what stands in memory.
    read = getattr(stream, "read_buffer", stream.read)
    return EncodedChunk(memoryview(read(value(metadata, 7))), moved)


def _read_footer(stream: Any) -> Struct:
    end = stream.seek(0, 2)
    stream.seek(end - 8)
    size = int.from_bytes(stream.read(4), "little")
    stream.seek(end - 8 - size)
    return read_struct(stream.read(size))[0]


@lru_cache(maxsize=64)
def write_empty(schema: pa.Schema, store_schema: bool = True) -> bytes:
    """A file of no rows, as Arrow writes it, with its own schema or without."""
    sink = pa.BufferOutputStream()
    with pq.ParquetWriter(sink, schema, store_schema=store_schema):
        pass
    data: bytes = sink.getvalue().to_pybytes()
    return data


def read_elements(data: bytes) -> list[Struct]:
    """The SchemaElements of a file, without the root's."""
    elements: list[Struct] = value(_read_footer(io.BytesIO(data)), 2)[1][1:]
    return elements


def _empty_footer(schema: pa.Schema) -> Struct:
    return _read_footer(io.BytesIO(write_empty(schema)))
