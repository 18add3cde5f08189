"""Columns of a row group as they stand in the file, where they are of the released type."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, BinaryIO, Final

import pyarrow as pa
import pyarrow.parquet as pq

from tamis.formats.chunk import MAX_CHUNK_BYTES
from tamis.formats.parquet_bytes import OddChunkError
from tamis.formats.parquet_column import ColumnChunk, prove
from tamis.formats.parquet_pages import WIDTHS, Layout, is_coded
from tamis.formats.parquet_splice import read_elements, write_empty

FEWEST_ROWS: Final = 1 << 15
"""Rows of a row group from which its columns are copied: a store is not to be made of crumbs."""

MOST_ROWS: Final = 1 << 18
"""Rows of a row group up to which it is held in memory as a whole."""

MOST_BYTES: Final = 1 << 28
"""Bytes, uncompressed, of what is read of a row group that is held in memory as a whole."""


@dataclass(frozen=True)
class Wanted:
    """Columns that are to be handed on as they stand.

    Attributes:
        fields: as they are released.
        coded: those of use only where a dictionary has all their values.
    """

    fields: pa.Schema
    coded: frozenset[str] = frozenset()


def fits(metadata: pq.FileMetaData, group: int, leaves: Iterable[int]) -> bool:
    """Whether a row group is to be read as a whole, told by its rows and the leaves to be read.

    What is not read has no say in it, so that it leaves no trace.
    """
    found = metadata.row_group(group)
    if not FEWEST_ROWS <= found.num_rows <= MOST_ROWS:
        return False
    return sum(found.column(leaf).total_uncompressed_size for leaf in leaves) <= MOST_BYTES


def read_stored(
    stream: BinaryIO,
    file: pq.ParquetFile,
    group: int,
    leaves: Mapping[str, int],
    wanted: Wanted,
) -> dict[str, ColumnChunk]:
    """The columns of a row group that can be handed on as they stand.

    Args:
        stream: the file.
        file: the same, opened.
        group: which row group.
        leaves: by top-level name, the number of its one leaf in the file.
        wanted: columns of these names.

    Returns:
        Those whose types are the released ones, logical and physical, and whose bytes are proved
        to be the values and nothing else; the others are to be decoded.
    """
    found = {}
    template = _template(wanted.fields)
    metadata = file.metadata.row_group(group)
    types = file.schema_arrow
    for name, leaf in leaves.items():
        column = file.schema.column(leaf)
        chunk = metadata.column(leaf)
        like = template.columns[name]
        if not _is_like(column, like):
            continue
        released = wanted.fields.field(name).type
        if template.types.field(name).type != released:
            continue
        if not _is_plain(types.field(name).type, released):
            continue
        codec = chunk.compression
        layout = Layout(like.physical_type, _width(like), like.max_definition_level == 1, codec)
        starts = (chunk.dictionary_page_offset, chunk.data_page_offset)
        start = min(one for one in starts if one)
        stream.seek(start)
        data = bytes(stream.read(chunk.total_compressed_size))
        if name in wanted.coded and not is_coded(data):
            continue
        try:
            proved = prove(name, template.elements[name], layout, data, metadata.num_rows)
        except OddChunkError:
            continue
        if proved.longest * metadata.num_rows <= MAX_CHUNK_BYTES:
            found[name] = proved
    return found


class _Template:
    """How Arrow writes a schema.

    Attributes:
        columns: by name, as Parquet's schema has them.
        types: what Arrow reads from it, not knowing what was written.
        elements: by name, the SchemaElement.
    """

    def __init__(self, schema: pa.Schema) -> None:
        data = write_empty(schema, store_schema=False)
        with pq.ParquetFile(pa.BufferReader(data)) as file:
            parquet, self.types = file.schema, file.schema_arrow
            self.columns: dict[str, Any] = {
                name: parquet.column(at) for at, name in enumerate(schema.names)
            }
        self.elements = dict(zip(schema.names, read_elements(data), strict=True))


@lru_cache(maxsize=16)
def _template(schema: pa.Schema) -> _Template:
    return _Template(schema)


def _is_like(one: Any, other: Any) -> bool:
    """Whether two columns have values of one type, physical and logical, at one level."""
    return (
        all(
            getattr(one, what) == getattr(other, what)
            for what in ("path", "physical_type", "max_definition_level", "max_repetition_level")
        )
        and _width(one) == _width(other)
        and _logical(one) == _logical(other)
    )


def _logical(column: Any) -> dict[str, Any] | None:
    """The logical type, without how it is written; None for what the physical one says."""
    found: dict[str, Any] = json.loads(column.logical_type.to_json())
    for how in ("is_from_converted_type", "force_set_converted_type"):
        found.pop(how, None)
    if found["Type"] == "None" or (
        found["Type"] == "Int"
        and found["isSigned"]
        and column.physical_type == f"INT{found['bitWidth']}"
    ):
        return None
    return found


def _width(column: Any) -> int:
    if column.physical_type == "FIXED_LEN_BYTE_ARRAY":
        return int(column.length)
    return WIDTHS.get(column.physical_type, 0)


_WIDE = {pa.large_string(): pa.string(), pa.string_view(): pa.string()}


def _is_plain(kind: pa.DataType, released: pa.DataType) -> bool:
    """Whether values of Arrow type `kind` are those of the released type, dictionaries apart."""
    if pa.types.is_dictionary(kind):
        kind = kind.value_type
    return bool(_WIDE.get(kind, kind) == released)
