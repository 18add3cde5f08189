"""Rows put in an order that their values alone decide, so that it tells nothing of where they were.

The order is by pseudonym where there is one, then by the columns of a fixed width, then by the
first 32 bytes of texts, then by lists, structs and longer texts; columns in the schema's order,
nulls first. Rows that are still level are equal in every bit, and may stand in any order.

Values are read as words of 64 bits, most significant first, and as many words as fit are packed
into one key by their ranges. All rows are sorted by the first key, and only those that it leaves
level by the next: of most data a second key is never made.
"""

from collections.abc import Callable, Iterator
from functools import partial
from typing import Final, TypeAlias

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tamis.arrow.buffers import (
    are_valid,
    as_flags,
    decode,
    list_parts,
    offsets_of,
    text_bytes,
)
from tamis.arrow.scrub import scrub
from tamis.arrow.types import PSEUDONYM, Ints, Words, has_offsets

Word: TypeAlias = Callable[[pa.Array], Words]
"""N rows of a column → a word of each."""

_BITS: Final = 64
_READ: Final = 32
"""Bytes of a text that are read as words."""


def order_rows(rows: pa.Table) -> Ints:
    """The order of N rows that their values decide.

    Args:
        rows: N rows, columns of any type that a release may have.

    Returns:
        N int64: the place in `rows` of the row that stands first, of the second, and so on. Rows
        that are permuted beforehand are the same rows once they are taken in this order.

    Example:
        >>> rows = pa.table({"nom": ["Durand", "Abel", None], "an": [1955, 1955, 1990]})
        >>> rows.take(order_rows(rows)).to_pylist()
        [{'nom': 'Abel', 'an': 1955}, {'nom': 'Durand', 'an': 1955}, {'nom': None, 'an': 1990}]
    """
    columns = [_whole(column) for column in rows.columns]
    order = np.arange(rows.num_rows)
    level = _Level(order)
    for column, word in _words(columns):
        if not level.add(partial(_word_at, column, word, rows.num_rows)):
            break
    level.sort()
    return order


def take_in_order(rows: pa.Table, order: Ints) -> pa.Table:
    """N rows in an order, each column in one chunk; those that are constant are not moved."""
    places = pa.array(order)
    columns = []
    for column in map(_whole, rows.columns):
        is_constant = pa.types.is_dictionary(column.type) and len(column.dictionary) <= 1
        columns.append(column if is_constant and not column.null_count else column.take(places))
    return pa.Table.from_arrays(columns, schema=rows.schema)


class _Level:
    """Rows that are level so far: sorted by the words that are added, key by key.

    Args:
        order: N places, which are moved.
    """

    def __init__(self, order: Ints) -> None:
        self._order = order
        self._at = np.arange(len(order))  # where in `order` rows stand that are level with others
        self._group = np.zeros(len(order), np.int64)  # rows of one group are level
        self._key = np.zeros(len(order), np.uint64)
        self._bits = 0

    def add(self, word: Callable[[Ints], Words]) -> bool:
        """Add a word of each row; whether any rows are level still."""
        if not len(self._at):
            return False
        words, low, bits = self._read(word)
        if self._bits + bits > _BITS:
            self.sort()
            if not len(self._at):
                return False
            words, low, bits = self._read(word)
        if bits == _BITS:
            self._key = words - low
        elif bits:
            self._key = self._key << np.uint64(bits) | words - low
        self._bits += bits
        return True

    def _read(self, word: Callable[[Ints], Words]) -> tuple[Words, np.uint64, int]:
        words = word(self._order[self._at])
        low, high = words.min(), words.max()
        return words, low, int(high - low).bit_length()

    def sort(self) -> None:
        """Sort what is level by what was added."""
        if not self._bits or not len(self._at):
            return
        key, group, rows = self._key, self._group, self._order[self._at]
        is_first = len(rows) == len(self._order)
        moved = np.argsort(key) if is_first and not group.any() else np.lexsort((key, group))
        self._order[self._at] = rows[moved]
        key, group = key[moved], group[moved]
        begins = np.ones(len(key) + 1, bool)
        begins[1:-1] = (key[1:] != key[:-1]) | (group[1:] != group[:-1])
        is_level = ~(begins[:-1] & begins[1:])
        self._at = self._at[is_level]
        self._group = np.cumsum(begins[:-1])[is_level]
        self._key, self._bits = np.zeros(len(self._at), np.uint64), 0


def _whole(column: pa.ChunkedArray) -> pa.Array:
    return column.chunk(0) if column.num_chunks == 1 else column.combine_chunks()


def _word_at(column: pa.Array, word: Word, whole: int, rows: Ints) -> Words:
    # Before anything is sorted all rows are asked for, in their own order.
    is_all = len(rows) == whole and (whole < 2 or bool((np.diff(rows) == 1).all()))
    return word(column if is_all else column.take(pa.array(rows)))


def _of_entries(word: Word) -> Word:
    """The word of each row's entry, each entry's made once; of a null it is 0."""

    def of_rows(column: pa.DictionaryArray) -> Words:
        if not len(column.dictionary):
            return np.zeros(len(column), np.uint64)
        indices = column.indices
        words = word(column.dictionary)[indices.fill_null(0).to_numpy()]
        return np.where(are_valid(column), words, np.uint64(0)) if indices.null_count else words

    return of_rows


def _words(columns: list[pa.Array]) -> Iterator[tuple[pa.Array, Word]]:
    """The words by which rows are sorted, in their order, each with its column."""
    columns = [column for column in columns if not _is_constant(column)]
    fixed = [column for column in columns if _width(column.type)]
    for column in sorted(fixed, key=lambda column: column.type != PSEUDONYM):
        yield column, _validity
        for number in range(-(-_width(column.type) // 8)):
            yield column, partial(_fixed_word, number)
    whole = [column for column in columns if not _width(column.type) and not _has_text(column.type)]
    for column in columns:
        if _has_text(column.type):
            is_coded = pa.types.is_dictionary(column.type)
            texts = column.dictionary if is_coded else column
            longest = int(np.diff(offsets_of(texts)).max(initial=0))
            count = -(-min(longest, _READ) // 8)
            words: list[Word] = [*(partial(_text_word, number) for number in range(count)), _length]
            yield column, _validity
            for word in words:
                yield column, _of_entries(word) if is_coded else word
            whole += [column] if longest > _READ else []
    for column in whole:
        yield column, lambda array: _ranks(scrub(decode(array)))


def _has_text(kind: pa.DataType) -> bool:
    return has_offsets(kind.value_type if pa.types.is_dictionary(kind) else kind)


def _is_constant(column: pa.Array) -> bool:
    is_tag = pa.types.is_dictionary(column.type) and len(column.dictionary) <= 1
    return pa.types.is_null(column.type) or (is_tag and not column.null_count)


def _width(kind: pa.DataType) -> int:
    """Bytes of a value, 0 where they vary."""
    if pa.types.is_nested(kind) or pa.types.is_dictionary(kind) or pa.types.is_null(kind):
        return 0
    try:
        return -(-int(kind.bit_width) // 8)
    except ValueError:
        return 0


def _validity(column: pa.Array) -> Words:
    return are_valid(column).astype(np.uint64)


def _fixed_word(number: int, column: pa.Array) -> Words:
    """Eight bytes of each value, the most significant ones under number 0; zero under nulls."""
    kind, count = column.type, len(column)
    if pa.types.is_boolean(kind):
        return as_flags(column).astype(np.uint64)
    width = _width(kind)
    data = column.buffers()[1].slice(column.offset * width, count * width)
    if width in (1, 2, 4, 8):
        words = np.frombuffer(data, f"u{width}").astype(np.uint64)
        if pa.types.is_fixed_size_binary(kind):
            words = words.byteswap() >> np.uint64(8 * (8 - width))
    elif pa.types.is_fixed_size_binary(kind):
        cells = np.zeros((count, -(-width // 8) * 8), np.uint8)
        cells[:, :width] = np.frombuffer(data, np.uint8).reshape(count, width)
        words = cells.view(">u8")[:, number].astype(np.uint64)
    else:  # of decimals, whose least significant word stands first
        words = np.frombuffer(data, np.uint64).reshape(count, width // 8)[:, -1 - number]
    if number == 0 and not (
        pa.types.is_unsigned_integer(kind) or pa.types.is_fixed_size_binary(kind)
    ):
        words = words ^ np.uint64(1 << (8 * min(width, 8) - 1))  # negative ones first
    return np.where(are_valid(column), words, np.uint64(0)) if column.null_count else words


def _length(column: pa.Array) -> Words:
    lengths = np.diff(offsets_of(column)).astype(np.uint64)
    return np.where(are_valid(column), lengths, 0) if column.null_count else lengths


def _text_word(number: int, column: pa.Array) -> Words:
    """Bytes `8 * number` to `8 * number + 8` of each text; zeros stand for what is lacking."""
    offsets = offsets_of(column).astype(np.int64, copy=False)
    starts, ends = offsets[:-1] + 8 * number, offsets[1:]
    present = np.clip(ends - starts, 0, 8)
    if column.null_count:
        present = np.where(are_valid(column), present, 0)
    data = np.concatenate((text_bytes(column)[: offsets[-1]], np.zeros(8, np.uint8)))
    every = np.ndarray((len(data) - 7,), ">u8", data, strides=(1,))
    words = every[np.minimum(starts, len(data) - 8)].astype(np.uint64)
    # Shifted down as far as the longest text lets them be, they take fewer bits of a key.
    most = int(present.max(initial=0))
    mask = ~np.uint64(0) << (8 * (8 - present) % 64).astype(np.uint64)
    return np.where(present == 0, np.uint64(0), words & mask) >> np.uint64(8 * min(8 - most, 7))


def _ranks(array: pa.Array) -> Words:
    """A number for each value, the same for values equal in every bit; 0 for nulls."""
    kind = array.type
    if pa.types.is_struct(kind):
        ranks = np.zeros(len(array), np.uint64)
        for child in array.flatten():
            ranks = _paired(ranks, _ranks(child))
    elif pa.types.is_list(kind) or pa.types.is_large_list(kind):
        offsets, elements, _valid = list_parts(array)
        cells = _ranks(elements).astype(">u4")
        cuts = pa.py_buffer(offsets * 4)
        bytes_ = pa.Array.from_buffers(
            pa.large_binary(), len(array), [None, cuts, pa.py_buffer(cells)]
        )
        ranks = _text_ranks(bytes_)
    elif pa.types.is_dictionary(kind):
        return _ranks(array.dictionary_decode())
    elif has_offsets(kind):
        ranks = _text_ranks(array)
    else:
        ranks = np.zeros(len(array), np.uint64)
        for number in range(-(-_width(kind) // 8)):
            ranks = _paired(ranks, _fixed_word(number, array))
    return np.where(are_valid(array), ranks + np.uint64(1), np.uint64(0))


def _text_ranks(texts: pa.Array) -> Words:
    ranks = pc.rank(texts, "ascending", tiebreaker="dense")
    return ranks.to_numpy().astype(np.uint64)


def _paired(first: Words, second: Words) -> Words:
    """A number for each pair of two words, in their order."""
    if not len(first):
        return first
    order = np.lexsort((second, first))
    first, second = first[order], second[order]
    steps = np.zeros(len(first), np.uint64)
    steps[1:] = (first[1:] != first[:-1]) | (second[1:] != second[:-1])
    ranks = np.empty_like(steps)
    ranks[order] = np.cumsum(steps)
    return ranks
