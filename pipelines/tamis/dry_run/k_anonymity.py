"""How many persons are alike in all that is released, counted in bounded memory.

Persons are those of a pseudonym: what one person's records say is taken together, for whoever has
them has them together. Without a pseudonym each record stands for a person.

- `Groups`: without a pseudonym. Of all distinct combinations the `SAMPLED` smallest hashes are
  counted; one that is among the smallest at the end has been so all along, so its count is exact,
  whatever the order of the records and however the work was spread.
- `Persons`: with one. Up to `MOST_PERSONS` all are counted, 24 bytes each; of more only those with
  the smallest hashes, among whom groups are smaller than among all, so that the share of persons
  in small groups is an upper bound.

Hashes are keyed by the plan, so that the same records make the same sample.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np
import numpy.typing as npt

from tamis.dry_run.hashing import Hashes, distinct_of
from tamis.dry_run.models import SMALL, Count, Figures, GroupSize

Counts = npt.NDArray[np.int64]

SAMPLED: Final = 65_536
"""Combinations that are counted at most."""

MOST_PERSONS: Final = 2**21
"""Persons whose records are taken together at most."""

_MANY: Final = 2**63 - 1
_SIZES: Final = ((1, 1), (2, 4), (5, 9), (10, 19), (20, _MANY))
_PENDING: Final = 65_536
_SURE: Final = 2.58
"""Standard errors within which an estimate stays 99 times of 100."""


@dataclass
class Groups:
    """Records by combination, for a sample of the combinations.

    Attributes:
        records: all that were added.
        hashes: of the sampled combinations, ascending.
        counts: records of each.
        dropped: whether some combination is not in the sample.
        most: combinations that are sampled at most.
    """

    records: int = 0
    hashes: Hashes = field(default_factory=lambda: np.zeros(0, np.uint64))
    counts: Counts = field(default_factory=lambda: np.zeros(0, np.int64))
    dropped: bool = False
    most: int = SAMPLED

    def add(self, rows: Hashes) -> None:
        """Add records by the hashes of their combinations."""
        self.records += len(rows)
        if len(self.hashes) == self.most and len(rows):
            below = rows <= self.hashes[-1]
            self.dropped = self.dropped or not below.all()
            rows = rows[below]
        hashes, counts = np.unique(rows, return_counts=True)
        self._take_in(hashes, counts.astype(np.int64))

    def merge(self, other: "Groups") -> None:
        """Add the records of `other`, which stays as it is."""
        self.records += other.records
        self.dropped = self.dropped or other.dropped
        self._take_in(other.hashes, other.counts)

    def _take_in(self, hashes: Hashes, counts: Counts) -> None:
        both = np.concatenate((self.hashes, hashes))
        distinct, indices = np.unique(both, return_inverse=True)
        weights = np.concatenate((self.counts, counts))
        sums = np.bincount(indices, weights, len(distinct)).astype(np.int64)
        self.dropped = self.dropped or len(distinct) > self.most
        self.hashes, self.counts = distinct[: self.most], sums[: self.most]

    def estimate(self, k: int) -> "Estimate":
        """How many are in groups of fewer than `k`; exact where no combination is dropped."""
        few = np.where(self.counts < k, self.counts, 0)
        if not self.dropped:
            return Estimate(self.counts, self.records, len(self.counts), float(few.sum()))
        total = min(self.records, distinct_of(self.hashes))
        small = total * float(few.mean())
        error = math.hypot(total * float(few.std()), small) / math.sqrt(len(few))
        return Estimate(self.counts, self.records, total, small, _SURE * error, complete=False)


@dataclass
class Persons:
    """The records of each person, as sums of their hashes, which the order does not change.

    Attributes:
        records: all that were added.
        hashes: of the persons, ascending.
        sums: one row a person, one column a set of fields.
        dropped: whether some person is left out.
        most: persons that are counted at most.
    """

    records: int = 0
    hashes: Hashes = field(default_factory=lambda: np.zeros(0, np.uint64))
    sums: Hashes = field(default_factory=lambda: np.zeros((0, 1), np.uint64))
    dropped: bool = False
    most: int = MOST_PERSONS
    _pending: list[tuple[Hashes, Hashes]] = field(default_factory=list)

    def add(self, persons: Hashes, rows: Hashes) -> None:
        """Add records.

        Args:
            persons: N hashes.
            rows: N rows of hashes of what is released of them, one column a set of fields.
        """
        self.records += len(persons)
        self._take_in(persons, rows)

    def merge(self, other: "Persons") -> None:
        """Add the records of `other`, which stays as it is."""
        self.records += other.records
        self.dropped = self.dropped or other.dropped
        for persons, rows in ((other.hashes, other.sums), *other._pending):
            self._take_in(persons, rows)

    def estimate(self, k: int, column: int) -> "Estimate":
        """How many are in groups of fewer than `k`, alike in one of the sets of fields."""
        self._sum()
        groups = np.unique(self.sums[:, column], return_counts=True)[1].astype(np.int64)
        counted, small = len(self.hashes), float(groups[groups < k].sum())
        if not self.dropped:
            return Estimate(groups, counted, len(groups), small)
        persons = distinct_of(self.hashes)
        scale = persons / counted
        error = _SURE * math.sqrt(k * small) * scale
        total = round(len(groups) * scale)
        return Estimate(groups, persons, total, small * scale, error, complete=False)

    def _take_in(self, persons: Hashes, rows: Hashes) -> None:
        if len(self.hashes) == self.most:
            below = persons <= self.hashes[-1]
            self.dropped = self.dropped or not below.all()
            persons, rows = persons[below], rows[below]
        if len(persons):
            self._pending.append((persons, rows))
        if sum(len(rows) for rows, _sums in self._pending) > max(_PENDING, len(self.hashes)):
            self._sum()

    def _sum(self) -> None:
        """Add up what is pending."""
        if not self._pending:
            return
        known = [(self.hashes, self.sums)] if len(self.hashes) else []
        parts = [*known, *self._pending]
        persons = np.concatenate([hashes for hashes, _rows in parts])
        rows = np.concatenate([rows for _hashes, rows in parts])
        self._pending = []
        order = np.argsort(persons, kind="stable")
        persons = persons[order]
        first = np.flatnonzero(np.concatenate(([True], persons[1:] != persons[:-1])))
        self.dropped = self.dropped or len(first) > self.most
        self.hashes = persons[first][: self.most]
        self.sums = np.add.reduceat(rows[order], first, axis=0)[: self.most]


@dataclass(frozen=True, eq=False)
class Estimate:
    """Persons by what is released of them.

    Attributes:
        counts: persons of each combination that was counted.
        persons: all there are.
        combinations: all there are.
        small: persons in small groups.
        error: by how much `small` may be too low.
        complete: whether all were counted.
    """

    counts: Counts
    persons: int
    combinations: int
    small: float
    error: float = 0.0
    complete: bool = True

    @property
    def at_most(self) -> float:
        """The share of persons in small groups, or its upper bound."""
        return min(1.0, (self.small + self.error) / self.persons) if self.persons else 0.0

    def figures(self, fields: Sequence[str]) -> Figures:
        """Return the figures of `fields`, in which persons are alike; small ones are hidden."""
        counts, sampled = self.counts, len(self.counts)
        alone = int((counts == 1).sum())
        unique = round(min(self.persons, self.combinations * alone / sampled)) if sampled else 0
        inside = ((counts >= least) & (counts <= most) for least, most in _SIZES)
        shown = _hide_small([int(group.sum()) for group in inside])
        unique_shown = shown[0] if isinstance(shown[0], str) else _hide_small([unique])[0]
        small = round(min(self.persons, self.small))
        small_shown: Count = "<5" if 0 < small < SMALL else small
        smallest: Count | None = None
        if sampled:
            smallest = "<5" if counts.min() < SMALL else ">=5"
        return Figures(
            fields=list(fields),
            sampled=sampled,
            complete=self.complete,
            combinations=self.combinations,
            unique=unique_shown,
            unique_share=_share(unique, self.persons) if unique_shown == unique else None,
            small=small_shown,
            small_share=_share(small, self.persons) if small_shown == small else None,
            at_most=None if self.complete else round(self.at_most, 4),
            smallest=smallest,
            sizes=[
                GroupSize(least=least, most=most if most < _MANY else None, combinations=count)
                for (least, most), count in zip(_SIZES, shown, strict=True)
            ],
        )


def _share(part: int, whole: int) -> float:
    return round(part / whole, 4) if whole else 0.0


def _hide_small(counts: list[int]) -> list[Count]:
    """`counts` with small ones hidden, and one more where the sum would give a single one away."""
    shown: list[Count] = [count if not 0 < count < SMALL else "<5" for count in counts]
    if shown.count("<5") == 1:
        others = [count for count in counts if count >= SMALL]
        if others:
            shown[counts.index(min(others))] = ">=5"
    return shown
