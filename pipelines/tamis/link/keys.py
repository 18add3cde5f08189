"""Joining by columns whose values are one row's own: pseudonyms, positions, numbers of records."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tamis.link.columns import DENSE, Column
from tamis.link.matches import Rows
from tamis.link.pairs import Pair, compare

Kind = Literal["pseudonym", "position", "key"]

POSITIONS: Final = frozenset({"_position", "position", "offset", "row", "_input, _position"})
COMPOSITES: Final = (("_input", "_position"), ("partition", "offset"))
"""Columns that are a position together."""

_LEAST: Final = 5


@dataclass(frozen=True)
class Key:
    """A column of either table that joins rows by its values.

    Attributes:
        kind: what it is taken for.
        pair: the columns.
        rows_a, rows_b: the rows of A that are joined, each with one of B.
        chance: how many of them have a value in common by chance.
    """

    kind: Kind
    pair: Pair
    rows_a: Rows
    rows_b: Rows
    chance: float


def find_keys(a: Sequence[Column], b: Sequence[Column]) -> Iterator[Key]:
    """The columns of A and of B that join rows by values that stand but once, or are random."""
    for left in a:
        for right in b:
            if left.is_random and right.is_random:
                kind: Kind = "pseudonym"
            elif left.is_unique and right.is_unique and not (left.is_random or right.is_random):
                kind = "key"
            else:
                continue
            ways = [way for way in compare(left, right) if not way.grain]
            if ways and (key := _join(ways[0], kind)) is not None:
                yield key


def _join(pair: Pair, kind: Kind) -> Key | None:
    _common, at_a, at_b = np.intersect1d(pair.of_a[:-1], pair.of_b[:-1], return_indices=True)
    if len(at_a) < _LEAST:
        return None
    # Of each value of A, one row of B with it.
    row_of = np.zeros(len(pair.b.values) + 1, np.int64)  # the last one is that of nulls
    row_of[pair.b.places] = np.arange(len(pair.b.places))
    partner = np.full(len(pair.a.values) + 1, -1, np.int64)
    partner[at_a] = row_of[at_b]
    rows_b = partner[pair.a.places]
    rows_a = np.flatnonzero(rows_b >= 0)
    chance = 0.0
    if kind == "key":
        size = _universe(pair.a, pair.b)
        chance = min(len(rows_a), len(pair.a.values) * len(pair.b.values) / size)
        is_dense = 1 < size < DENSE * max(len(pair.a.values), len(pair.b.values))
        if pair.a.name.lower().rpartition(".")[2] in POSITIONS or is_dense:
            kind = "position"
    return Key(kind, pair, rows_a, rows_b[rows_a], chance)


def _universe(a: Column, b: Column) -> float:
    """How many values there might be, by those that there are; 1 if nothing tells."""
    for form in ("number", "moment", "day"):
        if form in a.forms and form in b.forms:
            both = np.concatenate((a.forms[form], b.forms[form]))
            step = int(np.gcd.reduce(both - both.min())) or 1
            return float(both.max() - both.min()) / step + 1
    if "text" not in a.forms or "text" not in b.forms:
        return 1.0
    texts = pa.concat_arrays([side.forms["text"][:2_000] for side in (a, b)])
    lengths: Any = pc.utf8_length(texts).to_numpy(zero_copy_only=False)
    size = 1.0
    for place in range(min(int(lengths.min()), 64)):
        size *= max(1, len(pc.utf8_slice_codeunits(texts, place, place + 1).unique()))
    return size if lengths.min() == lengths.max() else 1.0
