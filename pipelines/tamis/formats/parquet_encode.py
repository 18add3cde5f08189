"""How the columns of a written Parquet file are encoded: which get a dictionary or statistics.

Values that repeat get a dictionary.
A dictionary over near-unique values costs more than it saves: the writer builds it, finds it too
large, and starts again without. What repeats is told from the first rows of a row group, so
that the same records make the same bytes. What the source holds as it is to be released is not
encoded at all.
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
    return encode(
        table,
        compression="snappy",
        use_dictionary=dictionary_columns(table),
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


def dictionary_columns(table: pa.Table) -> list[str]:
    """Parquet paths of the leaves of `table` that are worth a dictionary.

    Args:
        table: the first rows of a file.

    Example:
        >>> table = pa.table({"statut": ["OUVERT"] * 9, "dossier": [str(n) for n in range(9)]})
        >>> dictionary_columns(table)
        ['statut']
    """
    return [
        path
        for name, column in zip(table.column_names, table.columns, strict=True)
        for path, leaf in _leaves(name, column.slice(0, SAMPLE_VALUES).combine_chunks())
        if _repeats(leaf)
    ]


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
