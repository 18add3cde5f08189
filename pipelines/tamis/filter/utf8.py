"""Whether bytes are UTF-8, a block at a time.

Text is well-formed where continuation bytes stand behind bytes that ask for them, and nowhere
else, and where no character is written longer than need be, is a surrogate or lies past U+10FFFF.
"""

from typing import Final

import numpy as np
import numpy.typing as npt

Bytes = npt.NDArray[np.uint8]
Ints = npt.NDArray[np.int64]

_BLOCK: Final = 1 << 17  # bytes worked on at once, for the cache; no fewer than a character's

# Bytes are looked at less 0xC2, round the corner, so that each kind of them is a range:
_WIDE: Final = 0xE0 - 0xC2  # begins a character of three bytes; what is less, one of two
_WIDEST: Final = 0xF0 - 0xC2  # of four
_PLAIN: Final = 0x100 - 0xC2  # ASCII
_NEXT: Final = 0x180 - 0xC2  # continues a character
_NEVER: Final = 0x1C0 - 0xC2  # 0xC0 and 0xC1 are in no text

_ASKING: Final = np.array([_WIDEST, _WIDE, 0], np.uint8)  # of the last three bytes, for one more
_LEAST: Final = np.full(256, _NEXT, np.uint8)  # of the second byte, by the first
_MOST: Final = np.full(256, _NEVER - 1, np.uint8)
_LEAST[[_WIDE, _WIDEST]] += np.array([0x20, 0x10], np.uint8)  # else a shorter form would do
_MOST[[0xED - 0xC2, 0xF4 - 0xC2]] -= np.array([0x20, 0x30], np.uint8)  # surrogates, U+110000
_MOST[0xF5 - 0xC2 : _PLAIN] = 0


def are_utf8(data: Bytes, starts: Ints) -> bool:
    """Whether values are UTF-8, each by itself.

    Args:
        data: the bytes of N values, side by side.
        starts: where each begins, and where the last ends: N + 1.

    Example:
        >>> data = np.frombuffer("né".encode(), np.uint8)
        >>> are_utf8(data, np.array([0, 1, 3])), are_utf8(data, np.array([0, 2, 3]))
        (True, False)
    """
    if not _is_utf8(data):
        return False
    begins = data[starts[: np.searchsorted(starts, len(data))]]
    return not bool(((begins & 0xC0) == 0x80).any())


def _is_utf8(data: Bytes) -> bool:
    size = min(_BLOCK, len(data))
    shifted = np.full(size + 3, _PLAIN, np.uint8)  # the last three bytes before a block, and it
    flags = np.empty((2, size), bool)
    highest = 0
    for start in range(0, len(data), _BLOCK):
        block = data[start : start + _BLOCK]
        before, highest = highest, int(block.max())
        if max(before, highest) < 0x80:
            continue
        kinds, (continues, asked) = shifted[: len(block) + 3], flags[:, : len(block)]
        np.subtract(block, 0xC2, out=kinds[3:])
        if kinds.max() >= _NEVER:
            return False
        np.greater_equal(kinds[3:], _NEXT, out=continues)
        np.less(kinds[2:-1], _PLAIN, out=asked)
        if max(before, highest) >= 0xE0:
            wide = kinds - np.uint8(_WIDE) < _PLAIN - _WIDE
            asked |= wide[1:-2]
            asked |= kinds[:-3] - np.uint8(_WIDEST) < _PLAIN - _WIDEST
            at = np.flatnonzero(wide[:-1])
            first, second = kinds[at], kinds[at + 1]
            if ((second < _LEAST[first]) | (second > _MOST[first])).any():
                return False
        if np.not_equal(continues, asked, out=asked).any():
            return False
        shifted[:3] = kinds[-3:]
    return not bool(((shifted[:3] >= _ASKING) & (shifted[:3] < _PLAIN)).any())
