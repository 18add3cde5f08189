"""The bitmap of a text's digits (`tamis.arrow.bits`), and what is counted in it.

The word before the first is the last one, by NumPy's negative index, and it is zero.
"""

from typing import Final

import numpy as np
import numpy.typing as npt

from tamis.arrow.bits import BLOCK, places_of
from tamis.arrow.types import Bytes, Ints, Words

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
    shifted, flags = np.empty(BLOCK, np.uint8), np.zeros(BLOCK, bool)
    for begin in range(0, len(part), BLOCK):
        block = part[begin : begin + BLOCK]
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


def count_digits(words: Words, length: int) -> Bytes:
    """How many bits are set in each word and the `length` - 1 words after it."""
    counts = np.bitwise_count(words)
    total = counts.copy()
    for place in range(1, length):
        total[:-place] += counts[place:]
    return total


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
