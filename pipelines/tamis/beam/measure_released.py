"""`MeasureReleased`: how few persons are alike in what is released, as findings that add up."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import apache_beam as beam
from apache_beam.pvalue import PCollection
from apache_beam.transforms.window import GlobalWindow
from apache_beam.utils.windowed_value import WindowedValue

from tamis.beam.batch import Batch
from tamis.beam.findings import Finding
from tamis.beam.minimize import Outputs
from tamis.beam.transform import SeveralCollections
from tamis.dry_run.risk import Counted, RiskCounts, Risks
from tamis.errors import value_free
from tamis.language import _
from tamis.plan.plan import Plan, PlanRelease


@dataclass
class MeasureReleased(SeveralCollections[Outputs, list[PCollection[Any]]]):
    """Measure released records: one finding a bundle and release comes out.

    Attributes:
        plan: the compiled policy.
        tries: whether to try coarsenings too, as a dry run does.
    """

    plan: Plan
    tries: bool = False

    def expand(self, outputs: Outputs) -> list[PCollection[Any]]:
        """Released batches in; findings out, of the releases of which something is counted."""
        findings = []
        for release in self.plan.releases:
            counted = Counted.of(self.plan, release, tries=self.tries)
            if counted is not None:
                batches = outputs.released[release.id]
                measure = beam.ParDo(_MeasureFn(release, counted))
                findings.append(batches | f"Measure {release.id}" >> measure)
        return findings


class _MeasureFn(beam.DoFn):
    """Batches of one release in; the `Risks` of each bundle out."""

    def __init__(self, release: PlanRelease, counted: Counted) -> None:
        self._release = release.id
        self._counted = counted

    def start_bundle(self) -> None:
        self._risk = RiskCounts()

    def process(self, batch: Batch) -> Iterator[Finding]:
        with value_free(_("measuring part {part}", part=batch.part)):
            self._risk.add(batch.data, self._counted, _seed(batch))
        yield from ()

    def finish_bundle(self) -> Iterator[WindowedValue]:
        finding = Risks({self._release: self._risk})
        yield WindowedValue(finding, GlobalWindow().max_timestamp(), (GlobalWindow(),))


def _seed(batch: Batch) -> int:
    """A number that another batch has not."""
    place = f"{batch.source}|{batch.part}|{batch.seq}".encode()
    return int.from_bytes(hashlib.blake2b(place, digest_size=8).digest())
