"""Which columns of a written Parquet file get a dictionary, and which statistics.

Values that repeat get a dictionary.
A dictionary over near-unique values costs more than it saves: the writer builds it, finds it too
large, and starts again without. What repeats is told from the first rows that are written, so
that the same records make the same bytes.
"""

from collections.abc import Iterator

import pyarrow as pa
import pyarrow.compute as pc

SAMPLE_VALUES = 8_192
"""Values of a column that are looked at, from the first row on."""

MOST_DISTINCT = 0.3
"""Share of distinct values up to which a dictionary pays."""


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
