"""Bitmaps of bytes: one bit a byte, in words of 64 bits, and what is found in them.

The first byte is the lowest bit of the first word. At least one word of zeros follows the word of
the last byte, so that every word has a next one.
"""

from typing import Final

import numpy as np

from tamis.arrow.types import Bytes, Ints, Words

BLOCK: Final = 1 << 17
"""Bytes that are read at a time, so that they fit the processor's cache."""

_ONE: Final = np.uint64(1)


def mark_classes(part: Bytes, table: bytes, classes: int) -> list[Words]:
    """The bitmaps of classes of bytes.

    Args:
        part: N bytes.
        table: 256 bytes, of which the bit of value 2**i says whether a byte is of class i.
        classes: how many there are.

    Returns:
        For each class N // 64 + 2 words.

    Example:
        >>> table = bytes(chr(code).isdigit() + 2 * chr(code).isalpha() for code in range(256))
        >>> digits, letters = mark_classes(np.frombuffer(b"a1b2", np.uint8), table, 2)
        >>> bin(digits[0]), bin(letters[0])
        ('0b1010', '0b101')
    """
    octets = np.zeros((classes, 8 * (len(part) // 64 + 2)), np.uint8)
    for begin in range(0, len(part), BLOCK):
        marks = np.frombuffer(part[begin : begin + BLOCK].tobytes().translate(table), np.uint8)
        for number, row in enumerate(octets):
            bits = np.packbits(marks & (1 << number), bitorder="little")
            row[begin // 8 : begin // 8 + len(bits)] = bits
    return list(octets.view(np.uint64))


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
