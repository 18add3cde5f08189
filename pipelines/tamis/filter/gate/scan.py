"""A flat array of values, scanned for NIRs a column at a time, and what chance would find.

The arithmetic of months and keys repeats some of `tamis.nir` on purpose: the second look shares no
code with the first.
"""

import math
from dataclasses import dataclass, field
from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from tamis.filter.gate.buffers import Texts
from tamis.filter.gate.numbers import NONE, Ints, key_fits, plausible
from tamis.filter.gate.sieve import sieve
from tamis.filter.gate.text import find_texts

_CHANCE_OF_KEY: Final = 0.012  # 15 random digits with the right key; 1 in 97, and some
_PROOF: Final = math.log(1e-6)


@dataclass(frozen=True, eq=False)
class Scan:
    """What N values hold.

    Attributes:
        hits: positions of the values that hold a NIR, ascending.
        bodies_at: positions of the values that are 13 characters and nothing else.
        bodies: those 13 as integers, 2A as 19 and 2B as 18; shape not judged.
        long: how many values are 15 characters and nothing else.
        bare: how many hits are such values and have no other sign than their key.
    """

    hits: Ints = field(default_factory=lambda: NONE)
    bodies_at: Ints = field(default_factory=lambda: NONE)
    bodies: Ints = field(default_factory=lambda: NONE)
    long: int = 0
    bare: int = 0


def scan_integers(values: Ints, *, named: bool) -> Scan:
    """Scan N integers; `named` if the column's name says NIR, so that shape is enough."""
    at = np.flatnonzero((values >= 10**12) & (values < 9 * 10**14))
    candidates = values[at]
    is_full, is_body = candidates >= 10**14, candidates < 9 * 10**12
    return _judge(NONE, at[is_full], candidates[is_full], at[is_body], candidates[is_body], named)


def scan_floats(values: npt.NDArray[np.float64], *, named: bool) -> Scan:
    """Scan N floats: whole numbers, and thirteen digits with the key as their decimals."""
    at = np.flatnonzero((values >= 1e12) & (values < 9e14))
    numbers = values[at]
    cents = (numbers != np.floor(numbers)) & (numbers < 9e12)
    whole = np.zeros(len(values), np.int64)
    whole[at] = np.rint(np.where(cents, numbers * 100, numbers)).astype(np.int64)
    return scan_integers(whole, named=named)


def scan_texts(texts: Texts, *, named: bool, not_nir: bool) -> Scan:
    """Scan N values of UTF-8, or of anything else.

    Args:
        texts: the values; a null's bytes are not looked at.
        named: the column's name says NIR: in a whole value, shape is enough.
        not_nir: only a label or the INSEE grouping counts.
    """
    left = sieve(texts)
    few = texts.values.take(pa.array(left.close)).to_pylist()
    readable = [text.decode(errors="replace") for text in few]
    close = left.close[find_texts(readable, not_nir=not_nir)]
    if not_nir:
        return Scan(close)
    return _judge(close, left.full_at, left.full, left.bodies_at, left.bodies, named)


def _judge(
    close: Ints, full_at: Ints, full: Ints, bodies_at: Ints, bodies: Ints, named: bool
) -> Scan:
    """Add to the hits `close` those among whole values of 15 and of 13 characters."""
    shaped = plausible(full // 100)
    if named:
        hits = np.concatenate((close, full_at[shaped], bodies_at[plausible(bodies)]))
        return Scan(np.unique(hits), bodies_at, bodies, len(full))
    right = full_at[shaped & key_fits(full // 100, full % 100)]
    hits = np.union1d(close, right) if len(close) else right
    return Scan(hits, bodies_at, bodies, len(full), len(right))


def is_no_chance(hits: int, of: int, chance: float = _CHANCE_OF_KEY) -> bool:
    """Whether `hits` of `of` independent values are too many for `chance`, at 1 in a million.

    Chernoff's bound of the binomial tail, P(X >= hits) <= exp(-of * D(hits/of || chance)).

    Example:
        >>> is_no_chance(12, 1000), is_no_chance(4, 4)
        (False, True)
    """
    share = hits / of if of else 0.0
    if share <= chance:
        return False
    divergence = share * math.log(share / chance)
    if share < 1:
        divergence += (1 - share) * math.log((1 - share) / (1 - chance))
    return -of * divergence < _PROOF
