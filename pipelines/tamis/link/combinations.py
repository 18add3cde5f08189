"""Joining by values: which pairs of columns, together, make rows of both tables unique.

The usual pairs are all taken together: who is unique by some of them is unique by all. But one
column that does not tell the same in both undoes every match, so pairs are also taken one by one,
as long as more rows agree than by chance, and what they give is preferred where it is clearly more.
Clearly: by bounds that hold for all combinations that were tried, lest chance chooses.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import reduce
from typing import Any, Final

import numpy as np

from tamis.dry_run.hashing import Hashes, mix
from tamis.link.matches import Estimate, Rows, estimate, unique_matches
from tamis.link.pairs import Pair, usual_pairs

FEW: Final = 3
"""Columns of a rare combination, at most."""

_TRIED_ROWS: Final = 200_000
_MOST_PAIRS: Final = 24
_Z: Final = 4.0
"""Standard deviations that a combination of many must be better by."""


@dataclass(frozen=True)
class Combination:
    """Pairs of columns, and what they join together.

    Attributes:
        pairs: what is compared, most telling first.
        estimate: how many records that joins.
    """

    pairs: tuple[Pair, ...]
    estimate: Estimate


@dataclass(frozen=True)
class Rowset:
    """Rows of both tables as sums of hashes, which pairs are added to one by one.

    Attributes:
        a, b: N and M hashes.
        pairs: that are in them.
    """

    a: Hashes
    b: Hashes
    pairs: tuple[Pair, ...] = ()

    def add(self, pair: Pair, rows_a: Any = None, rows_b: Any = None) -> "Rowset":
        """These rows with one pair more."""
        a, b = salted(pair, len(self.pairs)).rows(rows_a, rows_b)
        return Rowset(self.a + a, self.b + b, (*self.pairs, pair))


def salted(pair: Pair, place: int) -> Pair:
    """The pair with hashes of its own, so that equal values of two columns do not add up alike."""
    salt = mix(np.array([place], np.uint64))
    return Pair(pair.a, pair.b, pair.grain, mix(pair.of_a ^ salt), mix(pair.of_b ^ salt))


def together(pairs: Iterable[Pair], rows_a: Any = None, rows_b: Any = None) -> Rowset:
    """The hashes of rows over all of `pairs`; of all rows by default."""
    pairs = tuple(pairs)
    begin = _empty(pairs[0], rows_a, rows_b)
    return reduce(lambda rows, pair: rows.add(pair, rows_a, rows_b), pairs, begin)


def _empty(pair: Pair, rows_a: Any = None, rows_b: Any = None) -> Rowset:
    """As many rows as there are, or are asked for, with nothing in them yet."""
    a = pair.a.places if rows_a is None else rows_a
    b = pair.b.places if rows_b is None else rows_b
    return Rowset(np.zeros(len(a), np.uint64), np.zeros(len(b), np.uint64))


def judge(rows: Rowset) -> Estimate:
    """What a combination joins, with chance by strata of the column that is most unlike."""
    stratum = min(rows.pairs, key=lambda pair: pair.overlap)
    return estimate(rows.a, rows.b, stratum.rows())


def find_combinations(pairs: Sequence[Pair]) -> list[Combination]:
    """The combinations that join most: of all columns, and of few of them.

    Args:
        pairs: as `find_pairs` gives them.

    Returns:
        The whole combination first, then, if that joins anything, the one of at most `FEW` pairs.
    """
    usual = usual_pairs(pairs)
    if not usual:
        return []
    chosen = tuple(usual)
    best = judge(together(chosen))
    path = greedy(pairs)
    if path and set(path) != set(chosen):
        other = judge(together(path))
        if other.low(_Z) > best.high(_Z):
            chosen, best = path, other
    result = [Combination(chosen, best)]
    few = tuple(pair for pair in path if pair in chosen)[:FEW]
    if best.low(_Z) > 0 and len(few) < len(chosen):
        rare = judge(together(few)) if few else Estimate(0, 0.0, 0.0)
        if rare.low(_Z) > 0:
            result.append(Combination(few, rare))
    return result


def greedy(pairs: Sequence[Pair]) -> tuple[Pair, ...]:
    """Pairs one after the other, each time the one with which most surely something is joined."""
    rows_a, rows_b = (_sample(len(side.places)) for side in (pairs[0].a, pairs[0].b))
    left = list(pairs[:_MOST_PAIRS])
    rows = _empty(pairs[0], rows_a, rows_b)
    score = 0.0
    while left:
        tried = [rows.add(pair, rows_a, rows_b) for pair in left]
        scores = [estimate(each.a, each.b).score for each in tried]
        best = int(np.argmax(scores))
        if scores[best] <= score:
            break
        score, rows, pair = scores[best], tried[best], left[best]
        left = [other for other in left if other.a is not pair.a and other.b is not pair.b]
    return rows.pairs


def matched_rows(pairs: Sequence[Pair]) -> tuple[Rows, Rows]:
    """The rows of A and of B that a combination joins."""
    rows = together(pairs)
    return unique_matches(rows.a, rows.b)


def _sample(rows: int) -> Rows | None:
    """Row numbers to try combinations on; None for all."""
    if rows <= _TRIED_ROWS:
        return None
    return np.sort(np.random.default_rng(0).choice(rows, _TRIED_ROWS, replace=False))
