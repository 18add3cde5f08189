"""Which columns of two tables can tell the same, and at which coarseness they are compared.

A day is compared with the first day of its month, quarter or year, or with a year of four digits, a
number with the floor of a step, and a code with its prefix. Both sides are made as coarse as the
coarser one is.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from tamis.dry_run.hashing import Hashes, hash_values, mix
from tamis.link.columns import DAY, SCALE, Column, Form, Integers

GRAINS: Final = ("day", "month", "quarter", "year")
"""Coarsenesses of days, the finest first."""

_FORMS: Final[tuple[Form, ...]] = ("day", "moment", "number", "text", "whole")
_ALIKE: Final = 0.3
_LIKELY: Final = 0.5
_CLEARLY: Final = 0.1
_AT_ONCE: Final = 65_536
_FEW: Final = 5
_SAME: Final = 0.9
_CLASSES: Final = 0.8
_DRAWN: Final = 0.2
_SPREAD: Final = 4.0
_MANY: Final = 100_000
_FAR: Final = 1_000
_UNITS: Final = (DAY, 3_600_000_000, 60_000_000, 1_000_000, 1_000, 1)
_NULL: Final = np.uint64(0x5BD1E9955BD1E995)


@dataclass(frozen=True, eq=False)
class Pair:
    """A column of either table, as they are compared.

    Attributes:
        grain: the coarseness, such as `month`, `step 1000` or `prefix 2`; empty where values are
            compared as they are.
        of_a, of_b: hashes of the distinct values, made coarser; the last one is that of null.
    """

    a: Column
    b: Column
    grain: str
    of_a: Hashes
    of_b: Hashes

    @cached_property
    def shares(self) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
        """By value that either has: the share of the rows of A, and of the rows of B, with it."""
        _values, place = np.unique(np.concatenate((self.of_a, self.of_b)), return_inverse=True)
        size = int(place.max()) + 1
        of_a = np.bincount(place[: len(self.of_a)], self.a.counts, size) / len(self.a.places)
        of_b = np.bincount(place[len(self.of_a) :], self.b.counts, size) / len(self.b.places)
        return of_a, of_b

    @cached_property
    def overlap(self) -> float:
        """What is common of the two distributions: 1 if they are alike, 0 if disjoint."""
        return float(np.minimum(*self.shares).sum())

    @cached_property
    def chance(self) -> float:
        """How often two rows agree that have nothing to do with each other."""
        of_a, of_b = self.shares
        return float((of_a * of_b).sum())

    @cached_property
    def is_alike(self) -> bool:
        """Whether both columns tell the same, of the same persons or of others drawn alike.

        Of the same persons the values are the same. Of others rare values differ: then days,
        moments and numbers are looked at in a few classes, and texts by how much they differ.
        """
        if self.overlap > _SAME:
            return True
        for form in ("day", "moment", "number"):
            if form in self.a.forms and form in self.b.forms:
                return self._overlap_in_classes(self.a.forms[form], self.b.forms[form]) > _CLASSES
        rows_a, rows_b = len(self.a.places), len(self.b.places)
        of_a, of_b = self.shares
        difference = rows_a * rows_b * float(((of_a - of_b) ** 2).sum()) / (rows_a + rows_b)
        return self.overlap > _DRAWN and difference < _SPREAD

    def _overlap_in_classes(self, a: Integers, b: Integers) -> float:
        bounds = np.quantile(np.concatenate((a, b)), np.linspace(0, 1, 9)[1:-1])
        shares = [
            np.bincount(np.searchsorted(bounds, values), side.counts[:-1], 8) / len(side.places)
            for values, side in ((a, self.a), (b, self.b))
        ]
        return float(np.minimum(*shares).sum())

    @property
    def is_key(self) -> bool:
        """Whether hardly a value stands twice in either, and they are compared as they are."""
        return not self.grain and self.a.is_unique and self.b.is_unique

    @property
    def is_same_name(self) -> bool:
        """Whether the columns have the same name."""
        return self.a.name.lower() == self.b.name.lower()

    def rows(self, rows_a: Any = None, rows_b: Any = None) -> tuple[Hashes, Hashes]:
        """The hashes of rows of A and of rows of B; all rows by default."""
        a = self.a.places if rows_a is None else self.a.places[rows_a]
        b = self.b.places if rows_b is None else self.b.places[rows_b]
        return self.of_a[a], self.of_b[b]


def find_pairs(a: Sequence[Column], b: Sequence[Column]) -> list[Pair]:
    """The pairs of columns that may tell the same, the likeliest first.

    Columns of one name are a pair where they have a form in common; others where their values are
    distributed alike, or where many values are rare and some stand in both. Where two columns can
    be compared in several ways, the likeliest is followed by the others.
    """
    couples = []
    for left in a:
        for right in b:
            is_same = left.name.lower() == right.name.lower()
            sizes = sorted((len(left.values), len(right.values)))
            if not is_same and (sizes[0] < _FEW or sizes[1] > max(_MANY, _FAR * sizes[0])):
                continue
            ways = [way for way in compare(left, right) if is_same or _is_alike(way)]
            if ways:
                couples.append(ways)
    couples.sort(key=lambda ways: (not ways[0].is_same_name, -ways[0].overlap))
    return [way for ways in couples for way in ways]


def usual_pairs(pairs: Sequence[Pair]) -> list[Pair]:
    """Of `find_pairs` those that are taken for the same unless the data say otherwise."""
    taken: set[int] = set()
    usual = []
    for pair in pairs:
        if taken & {id(pair.a), id(pair.b)}:
            continue
        if pair.is_same_name or pair.overlap >= _LIKELY:
            usual.append(pair)
            taken |= {id(pair.a), id(pair.b)}
    return usual


def _is_alike(pair: Pair) -> bool:
    if pair.overlap >= _ALIKE:
        return True
    distinct = min(len(pair.a.values), len(pair.b.values))
    return distinct > 1_000 and pair.overlap > 0.005


def compare(a: Column, b: Column) -> list[Pair]:
    """Two columns in each way in which they can be compared, the best way first.

    The best is the finest, unless in a coarser one they have clearly more in common.
    """
    ways = [
        _pair(a, b, *sides)
        for form in _FORMS
        if form in a.forms and form in b.forms
        for sides in _AS_COARSE[form](a.forms[form], b.forms[form])
    ]
    if not ways:
        ways = [_pair(a, b, *sides) for sides in _across(a, b)]
        ways += [_pair(a, b, right, left, grain) for left, right, grain in _across(b, a)]
    ways = [
        way
        for place, way in enumerate(ways)
        if not any(not other.grain and other.overlap == way.overlap for other in ways[:place])
    ]
    best = 0
    for place, way in enumerate(ways):
        if way.overlap > ways[best].overlap + _CLEARLY:
            best = place
    return [*ways[best : best + 1], *ways[:best], *ways[best + 1 :]]


def _across(a: Column, b: Column) -> Iterator[tuple[Any, Any, str]]:
    """Days of `a` against the years or the moments of `b`."""
    if "day" in a.forms and "moment" in b.forms:
        yield from _days(a.forms["day"], b.forms["moment"] // DAY)
    elif "number" in b.forms and ("day" in a.forms or "moment" in a.forms):
        days = a.forms["day"] if "day" in a.forms else a.forms["moment"] // DAY
        years = b.forms["number"] // SCALE
        is_year = not (b.forms["number"] % SCALE).any() and years.min() >= 1850
        if is_year and years.max() <= 2150:
            yield as_coarse(days, "year") + 1970, years, "year"


def _pair(a: Column, b: Column, of_a: Any, of_b: Any, grain: str = "") -> Pair:
    return Pair(a, b, grain, _hashes(of_a), _hashes(of_b))


def _hashes(values: Any) -> Hashes:
    """The hashes of distinct values, and behind them that of null; of texts few at a time."""
    if not isinstance(values, pa.Array):
        return np.append(mix(values.view(np.uint64)), _NULL)
    starts = range(0, len(values), _AT_ONCE)
    return np.concatenate([*(hash_values(values[at : at + _AT_ONCE]) for at in starts), [_NULL]])


def grain_of(days: Integers) -> str:
    """How coarse days are.

    Example:
        >>> grain_of(np.array([0, 31, 90])), grain_of(np.array([0, 365])), grain_of(np.array([5]))
        ('month', 'year', 'day')
    """
    dates = days.astype("datetime64[D]")
    months = dates.astype("datetime64[M]")
    if (dates != months).any():
        return "day"
    number = months.astype(np.int64)
    return "month" if (number % 3).any() else "quarter" if (number % 12).any() else "year"


def as_coarse(days: Integers, grain: str) -> Integers:
    """The number of the month, quarter or year of each day; the days themselves for `day`."""
    if grain == "day":
        return days
    months = days.astype("datetime64[D]").astype("datetime64[M]").astype(np.int64)
    return months // {"month": 1, "quarter": 3, "year": 12}[grain]


def _days(a: Integers, b: Integers) -> Iterator[tuple[Any, ...]]:
    grain = max(grain_of(a), grain_of(b), key=GRAINS.index)
    yield as_coarse(a, grain), as_coarse(b, grain), "" if grain == "day" else grain


def _moments(a: Integers, b: Integers) -> Iterator[tuple[Any, ...]]:
    unit = max(next(unit for unit in _UNITS if not (side % unit).any()) for side in (a, b))
    yield a // unit, b // unit, ""
    if unit < DAY:
        yield from _days(a // DAY, b // DAY)


def _numbers(a: Integers, b: Integers) -> Iterator[tuple[Any, ...]]:
    steps = [int(np.gcd.reduce(side)) or 1 for side in (a, b)]
    step = max(steps)
    if step > min(steps) and step % min(steps) == 0 and step > SCALE:
        yield a // step, b // step, f"step {step / SCALE:g}"
    else:
        yield a, b, ""


def _text(a: Any, b: Any) -> Iterator[tuple[Any, ...]]:
    yield a, b, ""
    lengths = [(side, pc.utf8_length(side).to_numpy(zero_copy_only=False)) for side in (a, b)]
    shorter, longer = (0, 1) if lengths[0][1].max() <= lengths[1][1].max() else (1, 0)
    prefix = int(lengths[shorter][1].max())
    is_code = (lengths[shorter][1] == prefix).mean() >= 0.9
    if is_code and prefix < lengths[longer][1].max() and (lengths[longer][1] >= prefix).all():
        cut = [pc.utf8_slice_codeunits(side, 0, prefix) for side in (a, b)]
        yield *cut, f"prefix {prefix}"


def _whole(a: Integers, b: Integers) -> Iterator[tuple[Any, ...]]:
    yield a, b, ""


_AS_COARSE: Final[Mapping[Form, Any]] = {
    "day": _days,
    "moment": _moments,
    "number": _numbers,
    "text": _text,
    "whole": _whole,
}
