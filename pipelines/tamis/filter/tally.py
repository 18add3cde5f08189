"""The tally: counts of what became of records. They add up, batch by batch and run by run.

A tally holds names, reasons and numbers, never a value.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal, NamedTuple, get_args

from tamis.filter.drift import add_names
from tamis.filter.gate.columns import ColumnSketch

Reason = Literal[
    "unreadable",
    "type",
    "null",
    "nir-malformed",
    "nir-key",
    "on-nir",
    "not-nir",
    "incomplete",
    "nir-leak",
]

REASONS: tuple[Reason, ...] = get_args(Reason)
"""Why a record is quarantined; of several reasons the first in this order is recorded."""

MOST_CAUSES = 1_000
"""Causes that are counted by field and rule; of further ones the records count under `OTHER`."""

OTHER = "other rules"
"""The rule under which the records of further causes count."""


class Cause(NamedTuple):
    """Why records are quarantined, as quarantine rows say it.

    Attributes:
        reason: one of `REASONS`.
        field: path of the field; empty where the whole record is meant.
        rule: what was not met, in the schema's words or the reader's.

    Example:
        >>> Cause("null", "siren", "nullable: false").field
        'siren'
    """

    reason: str
    field: str
    rule: str


class QuarantineCount(NamedTuple):
    """Records that are quarantined for one cause: how many, and where the first one stands.

    Attributes:
        records: how many.
        source: of the first one, as quarantine rows name it; empty in memory.
        position: of the first one in its source, as its format counts; in memory its row, from 0.

    Example:
        >>> QuarantineCount(2, "b.csv", 1).merged(QuarantineCount(1, "a.csv", 7))
        QuarantineCount(records=3, source='a.csv', position=7)
    """

    records: int
    source: str
    position: int

    def merged(self, other: "QuarantineCount") -> "QuarantineCount":
        """Both together; the first is the one whose source, and then position, is the lesser."""
        return QuarantineCount(self.records + other.records, *min(self[1:], other[1:]))


class Unmet(NamedTuple):
    """The first condition of a release that withheld records do not meet, as the policy has it.

    Attributes:
        release: id of the release.
        condition: in words, such as `dispositif not in CPF, DIFEL`.
        beside: of limited persons' records, the release's first condition, with which fewer than
            five of them are told (`tamis.evidence.causes`).

    Example:
        >>> Unmet("droits", "nature not in CPF").condition
        'nature not in CPF'
    """

    release: str
    condition: str
    beside: str = ""


@dataclass
class Tally:
    """Counts of one batch, or of many merged.

    Attributes:
        records: records that came in, unreadable ones included.
        released: records released to one release or more.
        withheld: records that no release's conditions matched.
        quarantine: quarantined records by reason, field and rule, each with the first place.
        unmet: withheld records by release and the first of its conditions that they do not meet;
            of one release these add up to `withheld`.
        rows: released rows by release id.
        redacted: NIRs replaced, by release id and field.
        anomalies: records by what is odd about them, e.g. a NIR received under paragraph III.
        skipped: what the readers passed over, since no release needs it, by its name in the input.
        unknown: columns of the input that the schema does not name, with the records that have
            them, counted up to five in each input.
        missing: columns of the schema that the input does not have.
        retyped: columns that have another type in a Parquet file than in the schema.
        chance: columns whose gate hits look like chance, with hits and values looked at.
        sketches: by path, what is known of the released columns that hold long numbers; it stays
            within the run.

    Example:
        >>> Tally(records=3, released=2, withheld=1).reconciled
        True
    """

    records: int = 0
    released: int = 0
    withheld: int = 0
    quarantine: dict[Cause, QuarantineCount] = field(default_factory=dict)
    unmet: Counter[Unmet] = field(default_factory=Counter)
    rows: Counter[str] = field(default_factory=Counter)
    redacted: dict[str, Counter[str]] = field(default_factory=dict)
    anomalies: Counter[str] = field(default_factory=Counter)
    skipped: Counter[str] = field(default_factory=Counter)
    unknown: dict[str, int] = field(default_factory=dict)
    missing: set[str] = field(default_factory=set)
    retyped: set[str] = field(default_factory=set)
    chance: dict[str, tuple[int, int]] = field(default_factory=dict)
    sketches: dict[str, ColumnSketch] = field(default_factory=dict, repr=False, compare=False)

    @property
    def quarantined(self) -> int:
        """Records quarantined, whatever the reason."""
        return sum(count.records for count in self.quarantine.values())

    @property
    def reasons(self) -> dict[str, int]:
        """QuarantineCount records by reason, in the order of `REASONS`.

        Example:
            >>> tally = Tally(quarantine={Cause("type", "age", "int32"): QuarantineCount(2, "", 0)})
            >>> tally.reasons
            {'type': 2}
        """
        return by_reason({cause: count.records for cause, count in self.quarantine.items()})

    @property
    def reconciled(self) -> bool:
        """Whether every record has exactly one disposition."""
        return self.records == self.released + self.withheld + self.quarantined

    def add(self, other: "Tally") -> None:
        """Add the counts of `other` to this tally; `other` stays as it is."""
        self.records += other.records
        self.released += other.released
        self.withheld += other.withheld
        self.quarantine = merge_causes([*self.quarantine.items(), *other.quarantine.items()])
        self.unmet.update(other.unmet)
        self.rows.update(other.rows)
        for release, counts in other.redacted.items():
            self.redacted.setdefault(release, Counter()).update(counts)
        self.anomalies.update(other.anomalies)
        self.skipped.update(other.skipped)
        self.unknown = add_names(self.unknown, other.unknown)
        self.missing |= other.missing
        self.retyped |= other.retyped
        for column, (hits, values) in other.chance.items():
            before = self.chance.get(column, (0, 0))
            self.chance[column] = (before[0] + hits, before[1] + values)
        merge_sketches(self.sketches, other.sketches)


def merge_sketches(
    sketches: dict[str, ColumnSketch], others: Mapping[str, ColumnSketch]
) -> dict[str, ColumnSketch]:
    """Add to `sketches` what `others` know of the same columns; `others` stay as they are.

    Example:
        >>> merge_sketches({}, {"nom": ColumnSketch(left=2)})["nom"].left
        2
    """
    for path, sketch in others.items():
        sketches.setdefault(path, ColumnSketch()).merge(sketch)
    return sketches


def merge_causes(
    counts: Iterable[tuple[Cause, QuarantineCount]],
) -> dict[Cause, QuarantineCount]:
    """Add up the counts of each cause; of more than `MOST_CAUSES` the rest under `OTHER`.

    Example:
        >>> cause = Cause("null", "siren", "nullable: false")
        >>> counts = QuarantineCount(1, "", 4), QuarantineCount(2, "", 0)
        >>> merge_causes((cause, count) for count in counts)[cause]
        QuarantineCount(records=3, source='', position=0)
    """
    merged: dict[Cause, QuarantineCount] = {}
    for cause, count in counts:
        if cause not in merged and len(merged) >= MOST_CAUSES:
            cause = Cause(cause.reason, "", OTHER)
        before = merged.get(cause)
        merged[cause] = before.merged(count) if before else count
    return merged


def by_reason(causes: Mapping[Cause, int]) -> dict[str, int]:
    """Records by reason alone, in the order of `REASONS`; reasons without records are left out.

    Example:
        >>> by_reason({Cause("type", "a", "int8"): 2, Cause("type", "b", "int8"): 1})
        {'type': 3}
    """
    counts = Counter[str]()
    for cause, records in causes.items():
        counts[cause.reason] += records
    return {reason: counts[reason] for reason in REASONS if counts[reason]}


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
