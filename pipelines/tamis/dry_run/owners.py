"""Whether the values of a column are each somebody's own, counted in bounded memory."""

from dataclasses import dataclass, field
from typing import Final

import numpy as np
import numpy.typing as npt

from tamis.dry_run.hashing import Hashes, distinct_of

SAMPLED: Final = 4_096
"""Values that are followed at most."""


@dataclass
class Owners:
    """Who has each value, for the values with the smallest hashes.

    Attributes:
        values: all that were added.
        hashes: of the values, ascending.
        counts: how often each occurs.
        least, most: of each, the smallest and the greatest hash of a person who has it.
        dropped: whether some value is not followed.
        size: values that are followed at most.
    """

    values: int = 0
    hashes: Hashes = field(default_factory=lambda: np.zeros(0, np.uint64))
    counts: npt.NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, np.int64))
    least: Hashes = field(default_factory=lambda: np.zeros(0, np.uint64))
    most: Hashes = field(default_factory=lambda: np.zeros(0, np.uint64))
    dropped: bool = False
    size: int = SAMPLED

    def add(self, hashes: Hashes, persons: Hashes) -> None:
        """Add N values by their hashes, with the hashes of the persons who have them."""
        self.values += len(hashes)
        if len(self.hashes) == self.size:
            inside = hashes <= self.hashes[-1]
            self.dropped = self.dropped or not inside.all()
            hashes, persons = hashes[inside], persons[inside]
        self._take_in(hashes, np.ones(len(hashes), np.int64), persons, persons)

    def merge(self, other: "Owners") -> None:
        """Add the values of `other`, which stays as it is."""
        self.values += other.values
        self.dropped = self.dropped or other.dropped
        self._take_in(other.hashes, other.counts, other.least, other.most)

    @property
    def own(self) -> int:
        """How many of the values only one person has; an estimate where some are dropped."""
        mine = float(self.counts[self.least == self.most].sum())
        if self.dropped:
            mine *= distinct_of(self.hashes) / len(self.hashes)
        return min(self.values, round(mine))

    def _take_in(
        self, hashes: Hashes, counts: npt.NDArray[np.int64], least: Hashes, most: Hashes
    ) -> None:
        if not len(hashes):
            return
        hashes = np.concatenate((self.hashes, hashes))
        order = np.argsort(hashes, kind="stable")
        hashes = hashes[order]
        firsts = np.flatnonzero(np.concatenate(([True], hashes[1:] != hashes[:-1])))
        self.dropped = self.dropped or len(firsts) > self.size
        counts = np.concatenate((self.counts, counts))[order]
        least = np.concatenate((self.least, least))[order]
        most = np.concatenate((self.most, most))[order]
        self.hashes = hashes[firsts][: self.size]
        self.counts = np.add.reduceat(counts, firsts)[: self.size]
        self.least = np.minimum.reduceat(least, firsts)[: self.size]
        self.most = np.maximum.reduceat(most, firsts)[: self.size]
