"""`Measure`: what takes the place of `Store` in a dry run. It writes to nothing, and counts.

Released records go through the store's own writers into a sink that only counts their bytes;
tallies are summed as in a run; `look` sees beside it.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, BinaryIO

import apache_beam as beam
import pyarrow as pa
from apache_beam.pvalue import AsSingleton, PCollection
from apache_beam.transforms.window import GlobalWindow
from apache_beam.typehints.decorators import no_annotations
from apache_beam.utils.windowed_value import WindowedValue

from tamis.beam.batch import Batch
from tamis.beam.look import CompareFn, Findings, Look, ProfileFn, TypesFn
from tamis.beam.minimize import QUARANTINE, Outputs
from tamis.beam.read import Task
from tamis.beam.store import Piece, SumTallies, Total, WriteFn
from tamis.decide.plan import Plan, PlanRelease
from tamis.errors import value_free
from tamis.evidence.folder import LocalFolder
from tamis.evidence.measured import Bytes, Measured, Sample
from tamis.evidence.receipt import InputPart, Receipt, RunFacts, make_receipt
from tamis.filter.groups import Groups, hash_rows, quasi_identifiers, tell_risk
from tamis.filter.minimize import released_schema


@dataclass
class Measure(beam.PTransform[Outputs, PCollection[None]]):
    """Count what `Minimize` gave, and write nothing else than `Measured` as JSON to `path`.

    Attributes:
        path: a file of this machine.
        plan: the compiled policy.
        facts: what the run knows of itself.
        tasks: the reading tasks.
        look: what to look at beside the counts.
        limit: records asked for at most, or None.
    """

    path: str
    plan: Plan
    facts: RunFacts
    tasks: PCollection[Task]
    look: Look
    limit: int | None = None

    @no_annotations  # type: ignore[untyped-decorator]
    def expand(self, outputs: Outputs) -> PCollection[None]:
        """Weigh what a run would write, look, sum the tallies, tell."""
        found = [
            outputs.quarantined | "Weigh quarantine" >> beam.ParDo(_WeighFn(None, QUARANTINE)),
            self.tasks | "Types" >> beam.ParDo(TypesFn(self.look)),
        ]
        for release in self.plan.releases:
            batches = outputs.released[release.id]
            schema = released_schema(self.plan, release)
            found.append(
                batches | f"Weigh {release.id}" >> beam.ParDo(_WeighFn(release.id, schema))
            )
            if quasi_identifiers(self.plan, release):
                group = _GroupFn(self.plan, release)
                found.append(batches | f"Group {release.id}" >> beam.ParDo(group))
        if self.look.profiles:
            profile = ProfileFn(self.plan, self.look)
            found.append(self.tasks | "Profile" >> beam.ParDo(profile))
        if self.look.other is not None:
            compare = CompareFn(self.plan, self.look.other)
            found.append(self.tasks | "Compare" >> beam.ParDo(compare))
        findings = (
            tuple(found) | "Found" >> beam.Flatten() | "Add" >> beam.CombineGlobally(_SumFindings())
        )
        return (
            outputs.tallies
            | "Sum" >> beam.CombineGlobally(SumTallies())
            | "Tell"
            >> beam.Map(
                _tell,
                self.path,
                self.plan,
                self.facts,
                self.look,
                self.limit,
                AsSingleton(findings),
            )
        )


class _SumFindings(beam.CombineFn):
    def create_accumulator(self) -> Findings:
        return Findings()

    def add_input(self, total: Findings, element: Findings) -> Findings:
        total.add(element)
        return total

    def merge_accumulators(self, totals: Iterable[Findings]) -> Findings:
        merged = Findings()
        for total in totals:
            merged.add(total)
        return merged

    def extract_output(self, total: Findings) -> Findings:
        return total


class _NoFolder(LocalFolder):
    """A folder whose files are nowhere; it knows how many bytes went into them."""

    def __init__(self) -> None:
        super().__init__("")
        self.bytes = 0

    def create(self, path: str) -> BinaryIO:
        """A file that nothing is kept of."""
        stream: Any = _NoFile(self)
        return stream


class _NoFile:
    def __init__(self, folder: _NoFolder) -> None:
        self._folder = folder

    def write(self, data: Any) -> int:
        self._folder.bytes += len(data)
        return len(data)

    def flush(self) -> None:
        pass

    def close(self) -> None:
        pass


class _WeighFn(WriteFn):
    """Batches of one output in, the bytes that a run would write of them out."""

    def __init__(self, output: str | None, schema: pa.Schema) -> None:
        super().__init__("", "dry-run", output, schema)

    def setup(self) -> None:
        self._folder = self._nowhere = _NoFolder()

    def process(self, batch: Batch) -> Iterator[Piece]:
        for _ in super().process(batch):
            pass
        yield from ()

    def finish_bundle(self) -> Iterator[WindowedValue]:
        for _ in super().finish_bundle():
            pass
        found = Findings()
        found.bytes[self._output or ""] = self._nowhere.bytes
        self._nowhere.bytes = 0
        yield _at_end(found)


class _GroupFn(beam.DoFn):
    """Batches of one release in, a bundle's groups of quasi-identifiers out."""

    def __init__(self, plan: Plan, release: PlanRelease) -> None:
        self._release = release.id
        self._paths = quasi_identifiers(plan, release)
        self._key = int(plan.sha256[:16], 16)

    def start_bundle(self) -> None:
        self._groups = Groups()

    def process(self, batch: Batch) -> None:
        with value_free(f"grouping part {batch.part}"):
            self._groups.add(hash_rows(batch.data, self._paths, self._key))

    def finish_bundle(self) -> Iterator[WindowedValue]:
        yield _at_end(Findings(groups={self._release: self._groups}))


def _at_end(found: Findings) -> WindowedValue:
    return WindowedValue(found, GlobalWindow().max_timestamp(), (GlobalWindow(),))


def _tell(
    total: Total,
    path: str,
    plan: Plan,
    facts: RunFacts,
    look: Look,
    limit: int | None,
    found: Findings,
) -> None:
    inputs = [InputPart(**vars(one)) for one in total.inputs]
    receipt = make_receipt(plan, facts, total.tally, inputs)
    fields = {release.id: quasi_identifiers(plan, release) for release in plan.releases}
    measured = Measured(
        receipt=receipt,
        sample=_sample(receipt, limit),
        bytes=Bytes.model_validate(
            {
                "in": sum(one.bytes for one in inputs),
                "out": {release.id: found.bytes[release.id] for release in plan.releases},
                "quarantine": found.bytes[""],
            }
        ),
        retyped=found.retyped(),
        risk={
            release: tell_risk(found.groups.get(release, Groups()), paths)
            for release, paths in fields.items()
            if paths
        },
        profile=found.profile() if look.profiles else None,
        compared=found.comparison() if look.other is not None else None,
    )
    with open(path, "w", encoding="utf-8") as stream:
        stream.write(measured.model_dump_json(by_alias=True))


def _sample(receipt: Receipt, limit: int | None) -> Sample:
    ended = sum(bool(one.sha256) for one in receipt.inputs)
    complete = ended == len(receipt.inputs)
    method = (
        "all records of all inputs"
        if complete
        else f"at most {limit} records, in even shares the first ones of each input "
        "(of Parquet files, of each part of whole row groups)"
    )
    return Sample(
        limit=limit,
        read=receipt.counts.in_,
        complete=complete,
        inputs=len(receipt.inputs),
        inputs_complete=ended,
        method=method,
    )
