"""Rows as 64-bit hashes of some of their leaves, so that who is alike can be counted.

Hashes are keyed by the caller; they never leave the process and stand in no result.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from tamis.arrow.buffers import list_parts, text_parts, validity
from tamis.arrow.types import has_offsets, is_list

Hashes = npt.NDArray[np.uint64]
Coarser = Callable[[pa.Array], pa.Array]
"""Makes the values of a leaf coarser, before they are hashed."""

_SPACE: Final = 2.0**64
_NULL: Final = np.uint64(0x9E3779B97F4A7C15)
_ODD: Final = np.uint64(0xD1342543DE82EF95)
_MANY: Final = 4

_Tree = dict[str, Any]


def hash_rows(
    batch: pa.RecordBatch,
    paths: Iterable[str],
    key: int,
    coarser: Mapping[str, Coarser] | None = None,
) -> Hashes:
    """Return a 64-bit hash of each row's values at `paths`; the order in a list does not count.

    What stands in one element of a list stays together: that somebody was a baker in 2020 and a
    cook in 2010 is another thing than the other way round.

    Args:
        batch: N rows.
        paths: names from the top, joined by dots.
        key: any number; other keys give other hashes.
        coarser: by path, what to do to the values first.

    Example:
        >>> rows = pa.record_batch({"sexe": ["F", "M", "F"], "an": [1980, 1980, 1980]})
        >>> first, second, third = hash_rows(rows, ["sexe", "an"], 7)
        >>> bool(first == third), bool(first == second)
        (True, False)
    """
    tree: _Tree = {}
    for path in paths:
        below = tree
        for name in path.split("."):
            below = below.setdefault(name, {})
    seed = mix(np.array([key % 2**64], np.uint64))[0]
    columns = {name: batch.column(name) for name in tree}
    return _combine(columns, tree, np.full(batch.num_rows, seed), "", coarser or {})


def mix(values: Hashes) -> Hashes:
    """The finalizer of SplitMix64: every bit of the input moves about half of the output's.

    Example:
        >>> int(mix(np.zeros(1, np.uint64))[0]) == 0xE220A8397B1DCDAF
        True
    """
    values = values + _NULL
    values ^= values >> np.uint64(30)
    values *= np.uint64(0xBF58476D1CE4E5B9)
    values ^= values >> np.uint64(27)
    values *= np.uint64(0x94D049BB133111EB)
    values ^= values >> np.uint64(31)
    return values


def distinct_of(smallest: Hashes) -> int:
    """Return how many distinct hashes there are, of which these are the smallest, ascending.

    Example:
        >>> distinct_of(np.array([2**61, 2**62, 2**63], np.uint64))
        4
    """
    return round((len(smallest) - 1) * _SPACE / max(1.0, float(smallest[-1])))


def hash_values(array: pa.Array) -> Hashes:
    """Return the hashes of a flat column's values; those of nulls mean nothing.

    Example:
        >>> one, two, three = hash_values(pa.array(["a", "b", "a"]))
        >>> bool(one == three), bool(one == two)
        (True, False)
    """
    kind = array.type
    if pa.types.is_null(kind):
        return np.full(len(array), _NULL)
    if pa.types.is_dictionary(kind):
        hashes = hash_values(array.dictionary)
        indices = array.indices.fill_null(0).to_numpy(zero_copy_only=False)
        return hashes[indices] if len(hashes) else np.full(len(array), _NULL)
    if pa.types.is_boolean(kind):
        return mix(array.cast(pa.uint8()).fill_null(0).to_numpy().astype(np.uint64))
    if has_offsets(kind):
        encoded = array.dictionary_encode()
        values = encoded.dictionary
        if len(values) * _MANY > len(array) or isinstance(values, pa.DictionaryArray):
            return _hash_text(array)
        indices = encoded.indices.fill_null(0).to_numpy(zero_copy_only=False)
        return _hash_text(values)[indices] if len(values) else np.full(len(array), _NULL)
    return _hash_fixed(array)


def _combine(
    columns: Mapping[str, pa.Array],
    tree: _Tree,
    rows: Hashes,
    above: str,
    coarser: Mapping[str, Coarser],
) -> Hashes:
    """Hashes of rows that so far have the hashes `rows`, with those of `columns`."""
    for name, below in tree.items():
        rows = mix(rows * _ODD + _hash(columns[name], below, above + name, coarser))
    return rows


def _hash(array: pa.Array, below: _Tree, path: str, coarser: Mapping[str, Coarser]) -> Hashes:
    kind = array.type
    if is_list(kind):
        offsets, elements, valid = list_parts(array)
        inside = mix(_hash(elements, below, path, coarser))
        sums = np.concatenate(([np.uint64(0)], np.cumsum(inside, dtype=np.uint64)))
        lengths = np.diff(offsets).astype(np.uint64)
        hashes = sums[offsets[1:]] - sums[offsets[:-1]] + (lengths + np.uint64(1)) * _ODD
    elif pa.types.is_struct(kind):
        fields = array.flatten()
        columns = {name: fields[kind.get_field_index(name)] for name in below}
        return _combine(columns, below, np.full(len(array), _ODD), f"{path}.", coarser)
    else:
        if path in coarser:
            array = coarser[path](array)
        valid = validity(array)
        hashes = hash_values(array)
    return hashes if valid is None else np.where(valid, hashes, _NULL)


def _hash_text(array: pa.Array) -> Hashes:
    """Each text as the sum of its bytes times a random number for the byte's place."""
    if not len(array):
        return np.zeros(0, np.uint64)
    data, offsets = text_parts(array)
    lengths = np.diff(offsets)
    first, last = int(offsets[0]), int(offsets[-1])
    if first == last:
        return mix(lengths.astype(np.uint64))
    text = data[first:last].astype(np.uint64)
    place = np.arange(last - first) - np.repeat(offsets[:-1] - first, lengths)
    weights = mix(np.arange(1, int(lengths.max()) + 1, dtype=np.uint64) * _ODD)
    sums = np.concatenate(([np.uint64(0)], np.cumsum((text + np.uint64(1)) * weights[place])))
    return mix(sums[offsets[1:] - first] - sums[offsets[:-1] - first])


def _hash_fixed(array: pa.Array) -> Hashes:
    """Values of a fixed number of bytes, eight at a time."""
    width = array.type.byte_width
    if not len(array):
        return np.zeros(0, np.uint64)
    data = np.frombuffer(array.buffers()[1], np.uint8)
    data = data[array.offset * width : (array.offset + len(array)) * width]
    if width in (1, 2, 4, 8):
        return mix(data.view(f"u{width}").astype(np.uint64))
    padded = data.reshape(len(array), width)
    if width % 8:
        padded = np.zeros((len(array), -(-width // 8) * 8), np.uint8)
        padded[:, :width] = data.reshape(len(array), width)
    words = np.ascontiguousarray(padded).view(np.uint64)
    hashes = mix(words[:, 0])
    for place in range(1, words.shape[1]):
        hashes = mix(hashes * _ODD + words[:, place])
    return hashes
