"""`MeasureReleased`: what released records say of persons, as findings that add up."""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import apache_beam as beam
from apache_beam.pvalue import PCollection
from apache_beam.transforms.window import GlobalWindows
from apache_beam.utils.windowed_value import WindowedValue

from tamis.beam.batch import Batch
from tamis.beam.findings import Finding
from tamis.beam.minimize import Outputs
from tamis.beam.transform import SeveralCollections
from tamis.dry_run.marks import Marks, Measured, measured_leaves
from tamis.dry_run.risk import Counted, RiskCounts, Risks, find_persons, find_pseudonym
from tamis.errors import value_free
from tamis.language import _
from tamis.plan.plan import Plan


@dataclass
class MeasureReleased(SeveralCollections[Outputs, list[PCollection[Any]]]):
    """Measure released records: findings of each bundle and release come out.

    Attributes:
        plan: the compiled policy.
        risk: whether to count how few persons are alike.
        marks: whether to look for values that say more than the marks of their fields.
        tries: whether to try coarsenings too, as a dry run does.
    """

    plan: Plan
    risk: bool = True
    marks: bool = True
    tries: bool = False

    def expand(self, outputs: Outputs) -> list[PCollection[Any]]:
        """Released batches in; findings out, of the releases of which something is measured."""
        findings = []
        for release in self.plan.releases:
            counted = Counted.of(self.plan, release, tries=self.tries) if self.risk else None
            measured = measured_leaves(self.plan, release) if self.marks else {}
            if counted is not None or measured:
                person = find_pseudonym(self.plan, release)
                measure = beam.ParDo(_MeasureFn(release.id, person, counted, measured))
                batches = outputs.released[release.id]
                findings.append(batches | f"Measure {release.id}" >> measure)
        return findings


@dataclass(eq=False, repr=False)
class _MeasureFn(beam.DoFn):
    """Batches of one release in; what each bundle of them says out."""

    release: str
    pseudonym: str | None
    counted: Counted | None
    measured: Mapping[str, Measured]

    def start_bundle(self) -> None:
        self._risk = RiskCounts()
        self._marks = Marks()

    def process(self, batch: Batch) -> Iterator[Finding]:
        with value_free(_("measuring part {part}", part=batch.part)):
            persons = find_persons(batch.data, self.pseudonym, _seed(batch))
            if self.counted is not None:
                self._risk.add(batch.data, self.counted, persons)
            if self.measured:
                self._marks.add(batch.data, self.release, self.measured, persons)
        yield from ()

    def finish_bundle(self) -> Iterator[WindowedValue]:
        if self.counted is not None:
            risks = Risks({self.release: self._risk})
            yield GlobalWindows.windowed_value_at_end_of_window(risks)
        if self.measured:
            yield GlobalWindows.windowed_value_at_end_of_window(self._marks)


def _seed(batch: Batch) -> int:
    """A number that another batch has not."""
    place = f"{batch.source}|{batch.part}|{batch.seq}".encode()
    return int.from_bytes(hashlib.blake2b(place, digest_size=8).digest())
