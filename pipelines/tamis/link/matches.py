"""Unique matches of two tables, and how many of them are by chance.

A value that one row of A has and one row of B, and no other row of either, joins the two. Of those
who are in one table only some meet such a namesake in the other. How many do is measured within the
tables, where nobody is joined: who is in A only and looks like somebody else who is in A only makes
a cell (2, 0), and where both tables are drawn alike, chance splits such pairs between them as it
splits draws. Of a persons in A only and b in B only, with D cells (2, 0) and (0, 2),

    chance = D · 2ab / (a² + b²)

unique matches are false. D, like their number itself, is a count of rare events, so its variance
is about its mean. This is done by stratum, so that a table of one region meets one of all regions.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from tamis.dry_run.hashing import Hashes

Rows = npt.NDArray[np.int64]
Sums = npt.NDArray[np.float64]

Z95: Final = 1.96
"""Standard deviations on either side of an estimate between which 95 % lie."""

_STRATA: Final = 64
_BITS: Final = np.uint64(58)
_ONE: Final = np.uint64(1)
_HASH: Final = (_ONE << _BITS) - np.uint64(2)
_DOUBT: Final = 0.05
_FIRM: Final = 3.0


@dataclass(frozen=True)
class Estimate:
    """How many records are joined rightly.

    Attributes:
        matches: that are made.
        chance: of these, how many are expected to be wrong.
        deviation: standard deviation of that.
        excess: how many more rows of A and B agree than by chance, unique or not, in standard
            deviations: grows as a combination gets finer, and falls to nothing when a column is
            added that does not tell the same in both.
    """

    matches: int
    chance: float
    deviation: float
    excess: float = 0.0

    @property
    def joined(self) -> float:
        """The estimate itself."""
        return max(0.0, self.matches - self.chance)

    def low(self, z: float = Z95) -> float:
        """The lower bound."""
        return max(0.0, self.joined - z * self.deviation)

    def high(self, z: float = Z95) -> float:
        """The upper bound: never more than there are matches."""
        return min(float(self.matches), self.joined + z * self.deviation)

    @property
    def score(self) -> float:
        """How surely the combination joins anything, in standard deviations."""
        return max(self.joined / max(self.deviation, 1.0), self.excess)


def estimate(a: Hashes, b: Hashes, strata: tuple[Hashes, Hashes] | None = None) -> Estimate:
    """Estimate how many unique matches of N rows of A and M rows of B are right.

    Args:
        a: N hashes.
        b: M hashes.
        strata: N and M hashes of a column that is a part of those; rows of another stratum never
            match.

    Example:
        >>> rows = np.arange(100, dtype=np.uint64) * np.uint64(0x9E3779B97F4A7C15)
        >>> joins = estimate(rows, rows[::-1].copy())
        >>> joins.matches, joins.joined
        (100, 100.0)
    """
    if not len(a) or not len(b):
        return Estimate(0, 0.0, 0.0)
    strata_a, strata_b = strata or (None, None)
    keys_a, keys_b = _keys(a, strata_a, 0), _keys(b, strata_b, 1)
    of_a, of_b, stratum = _cells(keys_a, keys_b)
    ones = (of_a == 1) & (of_b == 1)
    pairs_a, pairs_b = (of_a == 2) & (of_b == 0), (of_a == 0) & (of_b == 2)
    matches, in_a, in_b = (
        np.bincount(stratum[which], minlength=_STRATA).astype(float)
        for which in (ones, pairs_a, pairs_b)
    )
    rows_a, rows_b = (
        np.bincount((keys >> _BITS).astype(np.int64), minlength=_STRATA)
        for keys in (keys_a, keys_b)
    )
    lone = min((of_a == 1).sum() / len(a), (of_b == 1).sum() / len(b))
    chance, variance = _chance(matches, in_a, in_b, (rows_a, rows_b), max(float(lone), 0.05))
    total = int(matches.sum())
    return Estimate(total, min(chance, total), variance**0.5, _excess(of_a, of_b, len(a), len(b)))


def unique_matches(a: Hashes, b: Hashes) -> tuple[Rows, Rows]:
    """The row numbers of A and of B of each value that one row of either has, in the order of A.

    Example:
        >>> a, b = np.array([5, 6, 7, 7], np.uint64), np.array([7, 6, 5], np.uint64)
        >>> unique_matches(a, b)
        (array([0, 1]), array([2, 1]))
    """
    values = np.concatenate((a, b))
    order = np.argsort(values)
    values = values[order]
    ends = np.append(values[1:] != values[:-1], True)
    starts = np.append(True, ends[:-1])
    pairs = np.flatnonzero(starts[:-1] & ends[1:] & ~ends[:-1])
    first, second = np.sort(np.stack((order[pairs], order[pairs + 1])), axis=0)
    inside = (first < len(a)) & (second >= len(a))
    rows_a, rows_b = first[inside], second[inside] - len(a)
    by_a = np.argsort(rows_a)
    return rows_a[by_a], rows_b[by_a]


def _keys(hashes: Hashes, strata: Hashes | None, side: int) -> Hashes:
    """Hashes with the stratum as the upper six bits and the side as the last one."""
    keys = (hashes << _ONE) & _HASH | np.uint64(side)
    return keys if strata is None else keys | (strata >> _BITS << _BITS)


def _cells(a: Hashes, b: Hashes) -> tuple[Rows, Rows, Rows]:
    """Of each value, how many rows of A and of B have it, and its stratum."""
    keys = np.concatenate((a, b))
    keys.sort()
    values = keys >> _ONE
    starts = np.flatnonzero(np.append(True, values[1:] != values[:-1]))
    sizes = np.diff(np.append(starts, len(keys)))
    of_b = np.add.reduceat((keys & _ONE).astype(np.int64), starts)
    return sizes - of_b, of_b, (keys[starts] >> _BITS).astype(np.int64)


def _chance(
    matches: Sums, in_a: Sums, in_b: Sums, rows: tuple[Rows, Rows], lone: float
) -> tuple[float, float]:
    """The mean of wrong matches and the variance of their number, by cells of each stratum.

    Args:
        matches: cells (1, 1).
        in_a: cells (2, 0).
        in_b: cells (0, 2).
        rows: of A and of B.
        lone: share of the rows whose value is their own; of those who are in both tables about so
            many are joined.
    """
    pairs, total = in_a + in_b, float(matches.sum())
    fewer = np.minimum(*rows)
    both = 0.0
    for _round in range(5):
        only_a, only_b = (side - both * fewer for side in rows)
        squares = np.maximum(only_a**2 + only_b**2, 1.0)
        rate = 2 * only_a * only_b / squares
        chance = float((pairs * rate).sum())
        both = min(max(total - chance, 0.0) / lone / max(fewer.sum(), 1), 1.0)
    share = only_a**2 / squares
    expected, spread = (pairs * share).sum(), (pairs * share * (1 - share)).sum()
    variance = float((pairs * rate * (1 + rate)).sum() + 2) + (_DOUBT * chance) ** 2
    if abs(in_a.sum() - expected) > _FIRM * max(spread, 1.0) ** 0.5:
        # The two are not drawn alike: what they have in common is at most the geometric mean.
        other = min(2 * float(in_a.sum() * in_b.sum()) ** 0.5, chance)
        variance += ((chance - other) / 2) ** 2
        chance = other
    return chance, variance


def _excess(of_a: Rows, of_b: Rows, rows_a: int, rows_b: int) -> float:
    """See `Estimate.excess`. Independent draws differ in a cell by about its mean, squared."""
    weight = (rows_b / rows_a) ** 0.5
    scaled_a, scaled_b = of_a * weight, of_b / weight
    difference = float(((scaled_a - scaled_b) ** 2).sum())
    sums = scaled_a + scaled_b
    deviation = float((2 * sums**2 + sums).sum()) ** 0.5 / 2
    return (rows_a + rows_b - difference) / 2 / max(deviation, 1.0)
