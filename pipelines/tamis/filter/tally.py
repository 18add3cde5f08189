"""The tally: counts of what became of records. They add up, batch by batch and run by run.

A tally holds names, reasons and numbers, never a value.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Literal

Reason = Literal["unreadable", "type", "null", "nir-malformed", "nir-key", "on-nir", "nir-leak"]

REASONS: tuple[Reason, ...] = (
    "unreadable",
    "type",
    "null",
    "nir-malformed",
    "nir-key",
    "on-nir",
    "nir-leak",
)
"""Why a record is quarantined; of several reasons the first in this order is recorded."""


@dataclass
class Tally:
    """Counts of one batch, or of many merged.

    Attributes:
        records: records that came in, unreadable ones included.
        released: records released to one release or more.
        withheld: records that no release's conditions matched.
        quarantine: quarantined records by reason.
        rows: released rows by release id.
        redacted: NIRs replaced, by release id and field.
        anomalies: records by what is odd about them, e.g. a NIR received under paragraph III.
        unknown: columns of the input that the schema does not name.
        missing: columns of the schema that the input does not have.
        chance: columns whose gate hits look like chance, with hits and values looked at.

    Example:
        >>> Tally(records=3, released=2, withheld=1).reconciled
        True
    """

    records: int = 0
    released: int = 0
    withheld: int = 0
    quarantine: Counter[str] = field(default_factory=Counter)
    rows: Counter[str] = field(default_factory=Counter)
    redacted: dict[str, Counter[str]] = field(default_factory=dict)
    anomalies: Counter[str] = field(default_factory=Counter)
    unknown: set[str] = field(default_factory=set)
    missing: set[str] = field(default_factory=set)
    chance: dict[str, tuple[int, int]] = field(default_factory=dict)

    @property
    def quarantined(self) -> int:
        """Records quarantined, whatever the reason."""
        return self.quarantine.total()

    @property
    def reconciled(self) -> bool:
        """Whether every record has exactly one disposition."""
        return self.records == self.released + self.withheld + self.quarantined

    def add(self, other: "Tally") -> None:
        """Add the counts of `other` to this tally; `other` stays as it is."""
        self.records += other.records
        self.released += other.released
        self.withheld += other.withheld
        self.quarantine.update(other.quarantine)
        self.rows.update(other.rows)
        for release, counts in other.redacted.items():
            self.redacted.setdefault(release, Counter()).update(counts)
        self.anomalies.update(other.anomalies)
        self.unknown |= other.unknown
        self.missing |= other.missing
        for column, (hits, values) in other.chance.items():
            before = self.chance.get(column, (0, 0))
            self.chance[column] = (before[0] + hits, before[1] + values)


def merge(tallies: Iterable[Tally]) -> Tally:
    """The sum of `tallies`.

    Example:
        >>> merge([Tally(records=2, released=2), Tally(records=1, withheld=1)]).reconciled
        True
    """
    total = Tally()
    for tally in tallies:
        total.add(tally)
    return total
