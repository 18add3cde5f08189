"""Joining by the order of rows, where the values do not explain it.

A table that is sorted by its own columns tells nothing by its order. Any other order is that of the
source, and two tables that have it are joined row by row. Where they have the same length, the
first row is joined with the first; else the rows between which the order is the same in both.
"""

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tamis.dry_run.hashing import Hashes, mix
from tamis.link.columns import Column, Places
from tamis.link.matches import Rows, unique_matches

_ROWS_A_BREAK: Final = 10_000
"""Rows for which an order may begin anew once: stores sort in units."""

_A_UNIT: Final = 6
"""Rows that a unit has on average, at least: those of small commits."""

_ALL: Final = 0.9
_LEVEL: Final = 0.05
_WINDOWS: Final = (1, 2, 4, 8, 16)
_LEAST: Final = 20
_ODD: Final = np.uint64(0xD1342543DE82EF95)


@dataclass(frozen=True)
class SortedBy:
    """By which of its columns a table is sorted.

    Attributes:
        columns: in their order; none if it is not.
        explains: whether that is all that the order says.
        units: N int32, counting from 0 where the order begins anew.
    """

    columns: tuple[Column, ...]
    explains: bool
    units: Places

    @cached_property
    def names(self) -> frozenset[str]:
        """The names of these columns."""
        return frozenset(column.name for column in self.columns)


def sorted_by(columns: Sequence[Column], rows: int, parts: int = 1) -> SortedBy:
    """Find the columns that a table of N rows is sorted by, ascending or descending.

    Args:
        columns: of the table.
        rows: N.
        parts: files of which it is made, in each of which the order may begin anew.

    Example:
        >>> year = Column("an", pa.array([1980, 1981]), np.array([0, 0, 1, 1], np.int32))
        >>> name = Column("nom", pa.array(["a", "b"]), np.array([1, 0, 1, 0], np.int32))
        >>> order = sorted_by([year, name], 4)
        >>> sorted(order.names), order.explains
        (['an', 'nom'], True)
    """
    level = np.ones(max(rows - 1, 0), bool)  # neighbours that nothing has told apart yet
    units = np.zeros(rows, np.int32)
    allowed = parts - 1 + rows // _ROWS_A_BREAK
    by: list[Column] = []
    left = [column for column in columns if isinstance(column.values, pa.Array)]
    while level.sum() > _LEVEL * rows:
        best: tuple[int, Column, Any] | None = None
        for column in left:
            ranks = _ranks(column)
            steps = np.diff(ranks)
            parted = int(((steps != 0) & level).sum())
            # Of numbers that stand once each, a few in a row do not rise by chance.
            most = rows // _A_UNIT if not by and parted > _ALL * rows else allowed
            for falls in (steps < 0, steps > 0):
                breaks = int((falls & level).sum())
                if breaks <= most and parted > breaks and (best is None or parted > best[0]):
                    best = parted, column, (steps, falls)
        if best is None:
            break
        _parted, column, (steps, falls) = best
        if not by:
            units = np.append(np.int32(0), np.cumsum(falls & level, dtype=np.int32))
        allowed = 0
        level &= steps == 0
        by.append(column)
        left.remove(column)
    if by and level.sum() > _LEVEL * rows:
        for column in columns:
            level &= np.diff(column.places) == 0
    return SortedBy(tuple(by), bool(level.sum() <= _LEVEL * rows), units)


def _ranks(column: Column) -> Places:
    """Of each row, the rank of its value; nulls first."""
    ranks = pc.rank(column.values, "ascending", tiebreaker="dense").to_numpy(zero_copy_only=False)
    return np.append(ranks, 0).astype(np.int32)[column.places]


@dataclass(frozen=True)
class Alignment:
    """Rows of two tables that stand in the same order.

    Attributes:
        anchors: row numbers of A and of B that are joined by their values, in that order.
        astray: how many such rows do not fit the order.
        filled: row numbers of A and of B that stand between anchors, as many in both.
    """

    anchors: tuple[Rows, Rows]
    astray: int
    filled: tuple[Rows, Rows]


def align(a: Hashes, b: Hashes) -> Alignment | None:
    """Find the order that N rows of A and M rows of B have in common, or None.

    Anchors are values that one row of either has, or that so many rows in sequence have only once;
    of these the longest sequence that rises in both tables is kept.

    Example:
        >>> rows = mix(np.arange(100, dtype=np.uint64))
        >>> alignment = align(rows, np.delete(rows, [10, 11, 50]))
        >>> len(alignment.anchors[0]), alignment.astray
        (97, 0)
    """
    best: Alignment | None = None
    width = 1
    while width <= _WINDOWS[-1] and min(len(a), len(b)) > 0:
        rows_a, rows_b = unique_matches(a, b)
        rising = _longest_rising(rows_b)
        if len(rising) >= max(_LEAST, 6 * len(rows_b) ** 0.5):
            anchors = rows_a[rising], rows_b[rising]
            if best is None or len(rising) > len(best.anchors[0]):
                best = Alignment(anchors, len(rows_a) - len(rising), _between(*anchors))
            if len(rising) > 0.3 * min(len(a), len(b)):
                break
        a, b = (mix(side[:-width] * _ODD + side[width:]) for side in (a, b))
        width *= 2
    return best


def _longest_rising(numbers: Rows) -> Rows:
    """The places of the longest subsequence that rises."""
    ends: list[int] = []
    at: list[int] = []
    before = np.full(len(numbers), -1, np.int64)
    for place, number in enumerate(numbers.tolist()):
        size = bisect_left(ends, number)
        if size:
            before[place] = at[size - 1]
        if size == len(ends):
            ends.append(number)
            at.append(place)
        else:
            ends[size], at[size] = number, place
    places = []
    place = at[-1] if at else -1
    while place >= 0:
        places.append(place)
        place = int(before[place])
    return np.array(places[::-1], np.int64)


def _between(rows_a: Rows, rows_b: Rows) -> tuple[Rows, Rows]:
    """The rows between anchors where both tables have as many."""
    gaps_a, gaps_b = np.diff(rows_a) - 1, np.diff(rows_b) - 1
    equal = np.flatnonzero((gaps_a == gaps_b) & (gaps_a > 0))
    sizes = gaps_a[equal]
    starts = np.repeat(np.cumsum(sizes) - sizes, sizes)
    offsets = np.arange(int(sizes.sum())) - starts + 1
    return np.repeat(rows_a[equal], sizes) + offsets, np.repeat(rows_b[equal], sizes) + offsets
