"""How the columns of a written Parquet file are encoded: a dictionary, compression, statistics.

Values that repeat get a dictionary.
A dictionary over near-unique values costs more than it saves: the writer builds it, finds it too
large, and starts again without. Text that hardly shrinks is not compressed: Snappy on pseudonyms
takes 15 of the 18 ms that 131,072 of them take, and saves a tenth of their bytes. Either is told
from the first rows of a row group, so that the same records make the same bytes. What the source
holds as it is to be released is not encoded at all.
"""

from collections.abc import Iterator, Mapping

import pyarrow as pa
import pyarrow.compute as pc

from tamis.formats.parquet_column import ColumnChunk
from tamis.formats.parquet_splice import EncodedChunk, EncodedGroup, copy, encode

WRITE_BATCH_ROWS = 65_536
"""Rows after which the writer looks whether a page is full; the default of 1,024 costs a quarter
of the writing."""

SAMPLE_VALUES = 8_192
"""Values of a column that are looked at, from the first row on."""

MOST_DISTINCT = 0.3
"""Share of distinct values up to which a dictionary pays."""

SAMPLE_BYTES = 1 << 16
"""Bytes of a text column that are compressed, to see what that gains."""

MOST_PACKED = 0.8
"""Share of its bytes that compressed text may take, to be worth it."""


class Encoder:
    """Makes the row groups of a file.

    Attributes:
        schema: of the file.
    """

    def __init__(self, schema: pa.Schema) -> None:
        self.schema = schema
        self._constants: dict[tuple[str, str, int], list[EncodedChunk]] = {}

    def encode(self, table: pa.Table, copied: Mapping[str, ColumnChunk]) -> EncodedGroup:
        """One row group of all rows.

        Args:
            table: N rows, one or more. Its columns and those of `copied` are together the
                schema's; strings may come as dictionaries.
            copied: N rows each.
        """
        chunks = {name: [copy(chunk)] for name, chunk in copied.items()}
        varied = []
        for name, column in zip(table.column_names, table.columns, strict=True):
            constant = _constant(column)
            if constant is None:
                varied.append(name)
                continue
            key = (name, constant, table.num_rows)
            if key not in self._constants:
                self._constants[key] = _encode(table.select([name]))
            chunks[name] = self._constants[key]
        if varied:
            for chunk in _encode(table.select(varied)):
                chunks.setdefault(chunk.column, []).append(chunk)
        return EncodedGroup(
            table.num_rows, [chunk for name in self.schema.names for chunk in chunks[name]]
        )


def _encode(table: pa.Table) -> list[EncodedChunk]:
    leaves = _leaves_of(table)
    repeated = [path for path, leaf in leaves.items() if _repeats(leaf)]
    return encode(
        table,
        compression={
            path: "snappy" if path in repeated or _shrinks(leaf) else "none"
            for path, leaf in leaves.items()
        },
        use_dictionary=repeated,
        write_statistics=ordered_columns(table.schema),
        write_batch_size=WRITE_BATCH_ROWS,
    )


def _constant(column: pa.ChunkedArray) -> str | None:
    """The one value of a column that is a dictionary of one string; None of any other."""
    kind = column.type
    if not pa.types.is_dictionary(kind) or kind.value_type != pa.string() or column.null_count:
        return None
    found = set()
    for chunk in column.chunks:
        if len(chunk.dictionary) != 1:
            return None
        found.add(chunk.dictionary[0].as_py())
    return found.pop() if len(found) == 1 else None


def _leaves_of(table: pa.Table) -> dict[str, pa.Array]:
    """By Parquet path, the first values of each leaf of `table`."""
    return {
        path: leaf
        for name, column in zip(table.column_names, table.columns, strict=True)
        for path, leaf in _leaves(name, column.slice(0, SAMPLE_VALUES).combine_chunks())
    }


def ordered_columns(schema: pa.Schema) -> list[str]:
    """Top-level columns worth statistics: numbers, dates and times, by which readers select.

    The smallest and largest text of a row group selects next to nothing, and costs a comparison
    a value.
    """
    return [
        field.name
        for field in schema
        if pa.types.is_primitive(field.type) or pa.types.is_decimal(field.type)
    ]


def _leaves(path: str, array: pa.Array) -> Iterator[tuple[str, pa.Array]]:
    if pa.types.is_list(array.type) or pa.types.is_large_list(array.type):
        yield from _leaves(f"{path}.list.element", array.flatten())
    elif pa.types.is_struct(array.type):
        for field, child in zip(array.type, array.flatten(), strict=True):
            yield from _leaves(f"{path}.{field.name}", child)
    else:
        yield path, array


def _repeats(array: pa.Array) -> bool:
    if pa.types.is_dictionary(array.type):
        return True
    if pa.types.is_boolean(array.type) or pa.types.is_fixed_size_binary(array.type):
        return False
    values = array.slice(0, SAMPLE_VALUES)
    return pc.count_distinct(values).as_py() <= MOST_DISTINCT * len(values)


def _shrinks(array: pa.Array) -> bool:
    """Whether compression is worth its time; of what is no text, and short, it always is."""
    if not pa.types.is_string(array.type):
        return True
    text = pa.concat_arrays([array]).buffers()[2]
    sample = text[:SAMPLE_BYTES] if text is not None else b""
    packed = pa.compress(sample, "snappy", asbytes=True)
    return len(packed) <= MOST_PACKED * len(sample)
