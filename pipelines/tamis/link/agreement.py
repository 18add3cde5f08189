"""How many of the rows that something joins are the same person's, by what they have in common.

Where order or a number joins rows, their other columns tell whether it is right: they agree more
often than by chance. Chance is what rows have in common that have nothing to do with each other, or
that stand near each other, whichever is more: tables sorted alike agree from row to row anyway.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from tamis.link.matches import Z95
from tamis.link.pairs import Pair

_SHIFTS: Final = (1, 2, 3, 5, 8, 13)
_USELESS: Final = 0.97
_Z: Final = 4.0


@dataclass(frozen=True)
class Agreement:
    """The share of joined rows that are joined rightly.

    Attributes:
        share: of K rows.
        low, high: its bounds.
        pair: the columns that tell it.
        agreeing: rows that agree in these.
    """

    share: float
    low: float
    high: float
    pair: Pair
    agreeing: int

    @property
    def is_sure(self) -> bool:
        """Whether more rows agree than by chance."""
        return self.low > 0

    @property
    def is_refuted(self) -> bool:
        """Whether the columns are the same in both tables, and most rows do not agree."""
        return self.high < 0.5


def measure(pairs: Sequence[Pair], rows_a: Any, rows_b: Any, near: bool = True) -> Agreement | None:
    """How many of K pairs of rows are right, by the columns of `pairs`; None if these cannot tell.

    Args:
        pairs: that did not join the rows themselves.
        rows_a: K row numbers of A.
        rows_b: K of B.
        near: whether chance is measured on rows near each other, too.
    """
    count = len(rows_a)
    best: tuple[float, Agreement] | None = None
    fallback: Agreement | None = None
    for pair in pairs:
        a, b = pair.rows(rows_a, rows_b)
        agreeing = int((a == b).sum())
        chance = pair.chance
        if near:
            shifts = [float((a[by:] == b[:-by]).mean()) for by in _SHIFTS if count > 2 * by]
            chance = max(chance, float(np.mean(shifts)) if shifts else 0.0)
        if not count or chance > _USELESS:
            continue
        rate = (agreeing + 0.5) / (count + 1)
        share = (agreeing / count - chance) / (1 - chance)
        spread = rate * (1 - rate) + chance * (1 - chance) / len(_SHIFTS) * (1 - share) ** 2
        deviation = (spread / count) ** 0.5 / (1 - chance)
        low, high = share - Z95 * deviation, min(1.0, share + Z95 * deviation)
        surely = share - _Z * deviation
        if surely > 0 and (best is None or surely > best[0]):
            best = surely, Agreement(share, max(low, 0.0), high, pair, agreeing)
        if fallback is None or (pair.is_alike and high < fallback.high):
            bound = max(high, 0.0) if pair.is_alike else 1.0
            fallback = Agreement(max(share, 0.0), 0.0, bound, pair, agreeing)
    return best[1] if best else fallback
