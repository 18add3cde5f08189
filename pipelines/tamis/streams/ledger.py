"""The counts of a stream's period, which become a receipt.

A period is the time that one receipt covers: it begins with the first messages that it commits and
ends after a number of seconds. The sink writes the receipt together with the records and their
positions, so that the receipts of all periods add up to what was read, wherever the stream is cut.
"""

import datetime
import os
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from tamis.evidence.receipt import (
    Drift,
    FilePart,
    Files,
    InputPart,
    Receipt,
    RunFacts,
    RunKeys,
    begun_receipt,
    make_receipt,
    reconcile,
)
from tamis.evidence.steps import Step
from tamis.filter.drift import add_names, told_names
from tamis.filter.tally import Tally, merge
from tamis.formats.names import known_names
from tamis.plan.plan import Plan
from tamis.streams.judge import Judged, OffsetRange, is_ordered, joined_ranges, partition_uri


@dataclass(frozen=True)
class Ledger:
    """What one period has committed so far. Immutable: `after` returns another.

    Attributes:
        plan: what the messages were judged by.
        facts: id, beginning and keys of the period, for its receipt.
        source: where the messages come from, without credentials.
        tally: the counts.
        ranges: by partition, what was read.
        present: names of fields that the schema has and some message had.
        commits: number of commits.
        units: by release id, the rows of the commit that had fewest, of those that had some.
    """

    plan: Plan
    facts: RunFacts
    source: str
    tally: Tally = field(default_factory=Tally)
    ranges: Mapping[int, OffsetRange] = field(default_factory=dict)
    present: frozenset[str] = frozenset()
    commits: int = 0
    units: Mapping[str, int] = field(default_factory=dict)

    @classmethod
    def begin(
        cls,
        plan: Plan,
        stream: str,
        source: str,
        keys: RunKeys,
        run: str | None = None,
    ) -> "Ledger":
        """Return the ledger of a period that begins now, of the id `run` if it has one already."""
        now = datetime.datetime.now(datetime.UTC)
        run = run or f"{stream}-{now:%Y%m%dt%H%M%S}-{os.urandom(4).hex()}"
        return cls(plan, RunFacts(run, now, keys, stream), source)

    @property
    def run(self) -> str:
        """Id of the period's receipt."""
        return self.facts.run

    @property
    def ends(self) -> dict[int, int]:
        """By partition, the next offset to read once the period is committed."""
        return {partition: offsets.next for partition, offsets in self.ranges.items()}

    @property
    def age(self) -> datetime.timedelta:
        """Time since the period began."""
        return datetime.datetime.now(datetime.UTC) - self.facts.started

    def after(self, judged: Judged) -> "Ledger":
        """Return the ledger that holds `judged` as well."""
        units = dict(self.units)
        for release, rows in judged.tally.rows.items():
            units[release] = min(rows, units.get(release, rows))
        return replace(
            self,
            units=units,
            tally=merge((self.tally, judged.tally)),
            ranges=joined_ranges(self.ranges, judged.ranges),
            present=self.present | judged.present,
            commits=self.commits + 1,
        )

    def begun(self, released: Mapping[str, str], quarantine: str) -> Receipt:
        """Return the period's receipt as it begins, for steps to be added to (`with_steps`).

        Args:
            released: name of the topic or table by release id.
            quarantine: name of that of the quarantine.
        """
        receipt = begun_receipt(self.plan, self.facts)
        releases = {
            release: part.model_copy(update={"files": [_place(released[release])]})
            for release, part in receipt.releases.items()
        }
        missing = Drift(missing=sorted(known_names(self.plan)))
        quarantined = [_place(quarantine)]
        return receipt.model_copy(
            update={"releases": releases, "drift": missing, "quarantine_files": quarantined}
        )

    def step(self, judged: Judged) -> Step:
        """Return what `judged` adds to the period's receipt.

        Raises:
            RunError: a count does not add up; nothing may be committed.
        """
        inputs = _inputs(judged.source, judged.ranges)
        files: dict[str | None, list[FilePart]] = {
            release: [FilePart(path="", rows=rows.data.num_rows, sha256="")]
            for release, rows in judged.released.items()
        }
        rows = judged.quarantined.data.num_rows
        files[None] = [FilePart(path="", rows=rows, sha256="")]
        reconcile(judged.tally, inputs, files)
        told = told_names(self.tally.unknown)
        unknown = told_names(add_names(self.tally.unknown, judged.tally.unknown))
        return Step.of(
            self.run,
            judged.tally,
            inputs,
            judged.present - self.present,
            None if unknown == told else unknown,
        )

    def receipt(self, files: Files, units: Mapping[str, int] | None = None) -> Receipt:
        """Return the period's receipt, given what was written by release.

        Raises:
            RunError: a count does not add up.
        """
        missing = Tally(missing=set(known_names(self.plan) - self.present))
        inputs = _inputs(self.source, self.ranges)
        tally = merge((self.tally, missing))
        return make_receipt(self.plan, self.facts, tally, inputs, files, units)

    def receipt_of_places(self, released: Mapping[str, str], quarantine: str) -> Receipt:
        """Return the period's receipt if rows went to topics or tables, which have no digests.

        Args:
            released: name of the topic or table by release id.
            quarantine: name of that of the quarantine.
        """
        files: dict[str | None, list[FilePart]] = {}
        places = [(release, place, self.tally.rows[release]) for release, place in released.items()]
        for output, place, rows in (*places, (None, quarantine, self.tally.quarantined)):
            if rows:
                files[output] = [FilePart(path=place, rows=rows, sha256="")]
        return self.receipt(files, self.units)


def _place(name: str) -> FilePart:
    return FilePart(path=name, rows=0, sha256="")


def _inputs(source: str, ranges: Mapping[int, OffsetRange]) -> list[InputPart]:
    ordered = is_ordered(source)
    return [
        InputPart(
            uri=partition_uri(source, partition),
            rows=offsets.records,
            bytes=offsets.bytes,
            sha256="",
            first=offsets.first if ordered else None,
            next=offsets.next if ordered else None,
        )
        for partition, offsets in sorted(ranges.items())
    ]
