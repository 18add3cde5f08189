"""Texts as bytes: where each begins, how many digits it holds, how it is written but for these.

Found once, for all looks at a column. Buffers repeat some of `tamis.arrow` on purpose: the second
look shares no code with the first.
"""

from functools import cached_property
from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from tamis.filter.gate.numbers import BODY, NONE, Bytes, Ints, count_bits

FEWEST_READ: Final = 9  # digits of 13, of which four may be misread
_SHORT: Final = 64  # bytes a value on average, from which on no two are written alike
_CHUNK: Final = 1 << 17  # bytes worked on at once: what a core's cache holds
_FOREIGN: Final = 0xC6  # from here on, bytes begin a character beyond Latin,
_PUNCTUATION: Final = 0xE2  # but for the general punctuation that French text is full of
_SOME: Final = 512  # values that tell whether the shapes of all are worth while
_MASKS: Final = np.array([(1 << 8 * size) - 1 for size in range(9)], np.uint64)
_OFTEN: Final = 32  # values of one shape from which on it is judged for all of them


class Texts:
    """N large_binary values, their bytes, and the N + 1 offsets into these."""

    def __init__(self, values: pa.Array) -> None:
        self.values = values
        self.data, self.offsets = text_buffers(values)

    @cached_property
    def sizes(self) -> Ints:
        """How many bytes each has."""
        return self.offsets[1:] - self.offsets[:-1]

    @cached_property
    def widest(self) -> int:
        """How many the longest has."""
        return int(self.sizes.max(initial=0))

    @property
    def are_short(self) -> bool:
        """Whether many values may be written alike."""
        return len(self.data) < _SHORT * len(self.sizes)

    @cached_property
    def digits(self) -> Ints:
        """How many digits each has, counted with the characters of other scripts."""
        if self._alike:
            return np.full(len(self.sizes), self._alike.count(b"0"))
        return count_bits(digit_bits(self.data), self.offsets)

    @cached_property
    def foreign(self) -> Ints:
        """Which values have characters of other scripts; ascending."""
        if self.data.max(initial=0) < _FOREIGN:
            return NONE
        places = np.flatnonzero((self.data >= _FOREIGN) & (self.data != _PUNCTUATION))
        return np.unique(np.searchsorted(self.offsets, places, "right") - 1)

    @cached_property
    def shapes(self) -> list[tuple[bytes, Ints]]:
        """Frequent shapes of short values with digits, 0 in place of each; which values have it."""
        if not self.are_short:
            return []
        at = np.flatnonzero((self.digits >= FEWEST_READ) & (self.sizes >= BODY))
        if self._alike:
            return [(self._alike, at)] if len(at) else []
        some = at[:: max(1, len(at) // _SOME)]
        if len(at) < _OFTEN or 2 * len(self._shapes_of(some).dictionary) > len(some):
            return []
        coded = self._shapes_of(at)
        codes = coded.indices.to_numpy()
        counts = np.bincount(codes)
        ends = np.cumsum(counts)
        narrow = codes.astype(np.uint16) if len(counts) < 1 << 16 else codes  # is sorted by radix
        values = at[np.argsort(narrow, kind="stable")] if len(counts) > 1 else at
        return [
            (coded.dictionary[code].as_py(), values[ends[code] - counts[code] : ends[code]])
            for code in np.flatnonzero(counts >= _OFTEN).tolist()
        ]

    def beginnings(self, at: Ints) -> npt.NDArray[np.uint64]:
        """The first eight bytes of the values at some places, zeros behind shorter ones."""
        padded = np.append(self.data, np.zeros(8, np.uint8))
        words = np.ndarray(len(padded) - 7, "<u8", padded, strides=(1,))
        return words[self.offsets[at]] & _MASKS[np.minimum(self.sizes[at], 8)]

    @cached_property
    def _alike(self) -> bytes:
        """The shape of all short values, if it is one, in ASCII; else empty."""
        is_even = self.widest >= BODY and len(self.data) == self.widest * len(self.sizes)
        if not (self.are_short and is_even):
            return b""
        shaped = _shaped(self.data).reshape(-1, self.widest)
        shape = shaped[0].tobytes()
        return shape if shape.isascii() and (shaped == shaped[0]).all() else b""

    def _shapes_of(self, at: Ints) -> pa.DictionaryArray:
        values = self.values if len(at) == len(self.values) else self.values.take(pa.array(at))
        data, offsets = text_buffers(values)
        buffers = [None, pa.py_buffer(offsets), pa.py_buffer(_shaped(data))]
        return pa.Array.from_buffers(pa.large_binary(), len(at), buffers).dictionary_encode()


def _shaped(data: Bytes) -> Bytes:
    """Bytes with 0 in place of each digit."""
    is_other = data - np.uint8(ord("0")) >= 10
    return data & (np.negative(is_other.view(np.uint8)) | np.uint8(0xF0))


def text_buffers(values: pa.Array) -> tuple[Bytes, Ints]:
    """The bytes of N large_binary values, and the N + 1 offsets into them."""
    _, offsets_buffer, data_buffer = values.buffers()
    if not len(values):
        return np.empty(0, np.uint8), np.zeros(1, np.int64)
    offsets = np.frombuffer(offsets_buffer, np.int64)[values.offset :][: len(values) + 1]
    data = np.frombuffer(data_buffer or b"", np.uint8)[offsets[0] : offsets[-1]]
    return data, offsets - offsets[0] if offsets[0] else offsets


def digit_bits(data: Bytes) -> Bytes:
    """One bit a byte: whether it is a digit, or begins a character of another script."""
    bits = np.empty((len(data) + 7) // 8, np.uint8)
    buffer, flags = np.empty(_CHUNK, np.uint8), np.empty(_CHUNK, bool)
    for start in range(0, len(data), _CHUNK):
        chunk = data[start : start + _CHUNK]
        shifted, digits = buffer[: len(chunk)], flags[: len(chunk)]
        np.less(np.subtract(chunk, 48, out=shifted), 10, out=digits)
        highest = chunk.max()
        if highest >= _FOREIGN:
            # French has but 0xE2 of these bytes; without that one the largest tells.
            np.subtract(chunk, _PUNCTUATION, out=shifted)
            if highest > _PUNCTUATION or shifted.max() >= _FOREIGN - _PUNCTUATION + 256:
                digits |= (chunk >= _FOREIGN) & (chunk != _PUNCTUATION)
        packed = np.packbits(digits, bitorder="little")
        bits[start // 8 :][: len(packed)] = packed
    return bits
