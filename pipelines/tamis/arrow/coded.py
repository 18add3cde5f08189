"""Text by dictionaries: columns joined and put in one form that their values alone decide."""

from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tamis.arrow.buffers import decode, validity


def join_columns(batches: Sequence[pa.RecordBatch]) -> list[pa.Array]:
    """The columns of batches, each in one array; by a dictionary where it is so in all batches.

    Example:
        >>> coded = pa.record_batch({"nom": pa.array(["a"]).dictionary_encode()})
        >>> [column.type for column in join_columns([coded, pa.record_batch({"nom": ["b"]})])]
        [DataType(string)]
    """
    return [_join(columns) for columns in zip(*(batch.columns for batch in batches), strict=True)]


def _join(columns: Sequence[pa.Array]) -> pa.Array:
    if len(columns) == 1:
        return columns[0]
    if len({column.type for column in columns}) > 1:
        columns = [decode(column) for column in columns]
    return pa.concat_arrays(columns)


def code(column: pa.Array) -> pa.DictionaryArray:
    """The same values by a dictionary of no others, in their order.

    Args:
        column: N values of a type that has an order, or a dictionary of them.

    Example:
        >>> coded = code(pa.DictionaryArray.from_arrays([2, 0], ["a", "b", "c"]))
        >>> coded.indices.to_pylist(), coded.dictionary.to_pylist()
        ([1, 0], ['a', 'c'])
    """
    if not pa.types.is_dictionary(column.type):
        column = column.dictionary_encode()
    entries, indices = column.dictionary, column.indices
    if entries.null_count or pc.count_distinct(entries).as_py() < len(entries):
        column = column.dictionary_decode().dictionary_encode()
        entries, indices = column.dictionary, column.indices
    valid = validity(indices)
    places = indices.fill_null(0).to_numpy() if valid is not None else indices.to_numpy()
    named = np.zeros(len(entries), bool)
    named[places if valid is None else places[valid]] = True
    order = pc.sort_indices(entries).to_numpy()
    order = order[named[order]]
    numbers = np.zeros(max(len(entries), 1), np.int32)
    numbers[order] = np.arange(len(order), dtype=np.int32)
    moved = pa.array(numbers[places], mask=None if valid is None else ~valid)
    return pa.DictionaryArray.from_arrays(moved, entries.take(pa.array(order)), safe=False)
