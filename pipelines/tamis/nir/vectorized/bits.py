"""Bitmaps of text: one bit a byte, set where the byte is a digit, and what is counted in them.

64 bits are a word. The first byte of the text is the lowest bit of the first word. At least one
word of zeros follows the word of the last byte, so that every word has a next one; the word before
the first is the last one, by NumPy's negative index, and it is zero too.
"""

from typing import Final

import numpy as np
import numpy.typing as npt

from tamis.arrow.types import Bools, Bytes, Ints

Words = npt.NDArray[np.uint64]

_BLOCK: Final = 1 << 17  # bytes that are read at a time, so that they fit the processor's cache
_ONE: Final = np.uint64(1)
# By a place in a word, all bits below it.
_BELOW: Final = np.array([(1 << place) - 1 for place in range(64)], np.uint64)


def mark_digits(part: Bytes) -> tuple[Words, Ints]:
    """The bitmap of ASCII digits, and the bytes that may belong to digits of other scripts.

    Args:
        part: N bytes.

    Returns:
        N // 64 + 2 words; the places of bytes from 0xCE on but for 0xE2, ascending. UTF-8 writes
        the digits of other scripts, and the letters that look like ours, with such a byte; 0xE2
        begins dashes, quotes and spaces.
    """
    digits, foreign = np.zeros((2, 8 * (len(part) // 64 + 2)), np.uint8)
    shifted, flags = np.empty(_BLOCK, np.uint8), np.zeros(_BLOCK, bool)
    for begin in range(0, len(part), _BLOCK):
        block = part[begin : begin + _BLOCK]
        shift, flag = shifted[: len(block)], flags[: len(block)]
        np.less_equal(np.subtract(block, 48, out=shift), 9, out=flag)
        bits = np.packbits(flag, bitorder="little")
        octets = slice(begin // 8, begin // 8 + len(bits))
        digits[octets] = bits
        # Of the bytes from 0xCE on French has 0xE2 only: 0 here, so that the largest tell.
        if np.subtract(block, 0xE2, out=shift).max() >= 0xEC or block.max() > 0xE2:
            np.greater_equal(block, 0xCE, out=flag)
            flag &= block != 0xE2
            foreign[octets] = np.packbits(flag, bitorder="little")
    strange = foreign.view(np.uint64)
    return digits.view(np.uint64), places_of(strange)


def mark_classes(part: Bytes, table: bytes) -> tuple[Words, Words]:
    """The bitmaps of two classes of bytes, of which `table` holds the first and the second bit.

    Args:
        part: N bytes.
        table: 256 bytes.

    Returns:
        Twice N // 64 + 2 words.
    """
    octets = np.zeros((2, 8 * (len(part) // 64 + 2)), np.uint8)
    for begin in range(0, len(part), _BLOCK):
        classes = np.frombuffer(part[begin : begin + _BLOCK].tobytes().translate(table), np.uint8)
        for row, bit in zip(octets, (1, 2), strict=True):
            bits = np.packbits(classes & bit, bitorder="little")
            row[begin // 8 : begin // 8 + len(bits)] = bits
    first, second = octets.view(np.uint64)
    return first, second


def mark_places(places: Ints, length: int) -> Words:
    """The bitmap of `length` words in which the bits of N `places` are set."""
    words = np.zeros(length, np.uint64)
    np.bitwise_or.at(words, places >> 6, _ONE << (places & 63).astype(np.uint64))
    return words


def shift_down(words: Words) -> Words:
    """The bitmap of the places just before those that are set."""
    shifted = words >> _ONE
    shifted[:-1] |= words[1:] << np.uint64(63)
    return shifted


def shift_up(words: Words) -> Words:
    """The bitmap of the places just behind those that are set."""
    shifted = words << _ONE
    shifted[1:] |= words[:-1] >> np.uint64(63)
    return shifted


def count_digits(words: Words, length: int) -> Bytes:
    """How many bits are set in each word and the `length` - 1 words after it."""
    counts = np.bitwise_count(words)
    total = counts.copy()
    for place in range(1, length):
        total[:-place] += counts[place:]
    return total


def extend(flags: Bools, length: int) -> Bools:
    """`flags`, with each true one extended to `length` places: itself and those after it."""
    out = flags.copy()
    for shift in range(1, length):
        out[shift:] |= flags[:-shift]
    return out


def count_before(words: Words, bounds: Ints) -> npt.NDArray[np.int32]:
    """How many bits are set before each of the byte offsets `bounds`."""
    totals = np.zeros(len(words) + 1, dtype=np.int32)
    np.cumsum(np.bitwise_count(words), dtype=np.int32, out=totals[1:])
    word = bounds >> 6
    below = words.take(word)
    below &= _BELOW.take(bounds & 63)
    return totals.take(word) + np.bitwise_count(below)


def find_firsts(words: Words, near: Ints) -> Ints:
    """The places, in the words `near`, of digits with which a NIR may begin.

    These are single digits, as the INSEE grouping begins with one, and first digits of runs of 13
    or more. A run may have one other byte in it, as numbers of Corsica have.
    """
    word, previous, following = words[near], words[near - 1], words[near + 1]
    first = word & ~(word << _ONE | previous >> np.uint64(63))
    second, third, last = (
        word >> np.uint64(shift) | following << np.uint64(64 - shift) for shift in (1, 2, 12)
    )
    return places_of(first & (~second | third & last), near)


def places_of(bits: Words, words: Ints | None = None) -> Ints:
    """The places of set bits, ascending.

    Args:
        bits: N words.
        words: N indices of these words in their bitmap; all of it where there are none.
    """
    chosen = np.flatnonzero(bits != 0)
    bits, begins = bits[chosen], (chosen if words is None else words[chosen]) * 64
    ends = np.cumsum(np.bitwise_count(bits), dtype=np.int64)
    places = np.empty(ends[-1] if len(ends) else 0, dtype=np.int64)
    slots = ends - np.bitwise_count(bits)
    while len(bits):
        places[slots] = begins + trailing_zeros(bits)
        bits = bits & (bits - _ONE)
        more = np.flatnonzero(bits != 0)
        bits, begins, slots = bits[more], begins[more], slots[more] + 1
    return places


def windows_at(words: Words, places: Ints) -> Words:
    """The 57 bits or more from each place on; the bit of the place is the lowest."""
    octets = np.ndarray((8 * len(words) - 7,), "<u8", words.data, strides=(1,))
    return octets[places >> 3] >> (places & 7).astype(np.uint64)


def trailing_zeros(bits: Words) -> Bytes:
    """How many bits below the lowest set one are 0, for each of N words; 64 where none is set."""
    return np.bitwise_count(~bits & (bits - _ONE))


def trailing_ones(bits: Words) -> Bytes:
    """How many bits below the lowest one that is 0 are set, for each of N words."""
    return np.bitwise_count(bits & ~(bits + _ONE))


def clear(words: Words, starts: Ints, ends: Ints) -> None:
    """Set the bits of N spans to 0, in place. Each is longer than 8 bits, and none overlap."""
    octets = words.view(np.uint8)
    first, last = starts >> 3, ends >> 3
    octets[first] &= ((1 << (starts & 7)) - 1).astype(np.uint8)
    octets[last] &= (0xFF << (ends & 7) & 0xFF).astype(np.uint8)
    first += 1
    while len(first):
        inner = np.flatnonzero(first < last)
        first, last = first[inner], last[inner]
        octets[first] = 0
        first += 1
