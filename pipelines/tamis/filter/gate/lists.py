"""Lists and maps whose items are, one behind the other, the digits of a NIR.

A number cut where its parts end, `["1", "55", "08", …]`, is seen in each record. One cut anywhere
is seen by the batch alone, as so many digits may add up to 15 by chance.
"""

from collections.abc import Callable
from typing import Final

import numpy as np
import pyarrow as pa

from tamis.filter.gate.buffers import text_buffers
from tamis.filter.gate.numbers import BODY, FULL, Ints, key_fits, plausible, spell
from tamis.filter.gate.scan import is_no_chance

_WIDTHS: Final = np.array([1, 2, 2, 2, 3, 3, 2])  # of a NIR's parts
_BORN: Final = 0.9  # share of months of 01 to 12 in NIRs; a dozen and more of them
_FEWEST: Final = 12


def find_in_lists(texts: Callable[[], pa.Array], rows: Ints) -> Ints:
    """The first items of lists that are the parts of one NIR.

    Args:
        texts: the N items as large_binary, made only if there are lists of a few.
        rows: the record of each item, ascending.

    Example:
        >>> parts = pa.array([b"x", b"1", b"55", b"08", b"75", b"999", b"991"], pa.large_binary())
        >>> find_in_lists(lambda: parts, np.array([0, 1, 1, 1, 1, 1, 1])).tolist()
        [1]
    """
    first = np.flatnonzero(np.diff(rows, prepend=-1))
    count = np.diff(np.append(first, len(rows)))
    few = (count > 1) & (count <= FULL)
    if not few.any():
        return np.empty(0, np.int64)
    values = texts().fill_null(b"")
    data, offsets = text_buffers(values)
    size = np.diff(offsets)
    total = np.add.reduceat(size, first)
    hits = []
    for length in (BODY, FULL):
        chosen = few & (total == length)
        at, items = first[chosen], count[chosen]
        number = spell(data, offsets[at], length)
        body = number if length == BODY else number // 100
        right = (number > 0) & plausible(body)
        if length == FULL:
            right &= key_fits(body, number % 100)
            proven = is_no_chance(int(right.sum()), len(at))
        else:
            months = np.unique(body) // 10**8 % 100
            born = (months >= 1) & (months <= 12)
            proven = len(months) >= _FEWEST and bool(born.mean() >= _BORN)
        parts = len(_WIDTHS) - (length == BODY)
        in_parts = items == parts
        for place in range(parts):
            in_parts[in_parts] &= size[at[in_parts] + place] == _WIDTHS[place]
        hits.append(at[right & (in_parts | proven)])
    return np.concatenate(hits)
