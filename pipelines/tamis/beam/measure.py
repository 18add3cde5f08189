"""`Measure`: what takes the place of `Store` in a dry run. It writes to nothing, and counts.

Released records go through the store's own writers into a sink that only counts their bytes;
tallies are summed as in a run; `look` sees beside it.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, BinaryIO

import apache_beam as beam
from apache_beam.pvalue import PCollection
from apache_beam.transforms.window import GlobalWindow
from apache_beam.utils.windowed_value import WindowedValue

from tamis.beam.batch import Batch
from tamis.beam.look import Findings, Look, LookFn
from tamis.beam.minimize import Outputs
from tamis.beam.read import Task
from tamis.beam.store import SumTallies, Total
from tamis.beam.transform import SeveralCollections
from tamis.dry_run.k_anonymity import Groups, hash_rows, quasi_identifiers, tell_risk
from tamis.dry_run.models import Bytes, Measured, Sample
from tamis.errors import value_free
from tamis.evidence.receipt import Receipt, RunFacts, make_receipt
from tamis.plan.plan import Plan, PlanRelease
from tamis.stores.folder import LocalFolder
from tamis.stores.folder_store import FolderStore


@dataclass
class Measure(SeveralCollections[Outputs, PCollection[None]]):
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

    def expand(self, outputs: Outputs) -> PCollection[None]:
        """Weigh what a run would write, look, add all up, tell."""
        stopped = _WeighFn(self.plan, None)
        found = [
            outputs.tallies,
            self.tasks | "Look" >> beam.ParDo(LookFn(self.plan, self.look)),
            outputs.quarantined | "Weigh quarantine" >> beam.ParDo(stopped),
        ]
        for release in self.plan.releases:
            weigh = _WeighFn(self.plan, release)
            batches = outputs.released[release.id]
            found.append(batches | f"Weigh {release.id}" >> beam.ParDo(weigh))
        return (
            tuple(found)
            | "Found" >> beam.Flatten()
            | "Sum" >> beam.CombineGlobally(_SumAll())
            | "Tell" >> beam.Map(_tell, self.path, self.plan, self.facts, self.look, self.limit)
        )


class _SumAll(beam.CombineFn):
    """Tallies and findings of all batches and tasks → one sum of each."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._tallies = SumTallies()

    def create_accumulator(self) -> tuple[Total, Findings]:
        return Total(), Findings()

    def add_input(self, sums: tuple[Total, Findings], element: Any) -> tuple[Total, Findings]:
        total, found = sums
        if isinstance(element, Findings):
            found.add(element)
        else:
            self._tallies.add_input(total, element)
        return sums

    def merge_accumulators(
        self, several: Iterable[tuple[Total, Findings]]
    ) -> tuple[Total, Findings]:
        totals, found = [], Findings()
        for total, one in several:
            totals.append(total)
            found.add(one)
        return self._tallies.merge_accumulators(totals), found

    def extract_output(self, sums: tuple[Total, Findings]) -> tuple[Total, Findings]:
        return sums


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


class _WeighFn(beam.DoFn):
    """Batches of one output in; the bytes that a run would write, and groups of records, out."""

    def __init__(self, plan: Plan, release: PlanRelease | None) -> None:
        self._plan = plan
        self._output = release.id if release else None
        self._paths = quasi_identifiers(plan, release) if release else []
        self._key = int(plan.sha256[:16], 16)

    def setup(self) -> None:
        self._nowhere = _NoFolder()
        self._writer = FolderStore(self._nowhere).writer("dry-run", self._plan, self._output)

    def start_bundle(self) -> None:
        self._writer.begin()
        self._nowhere.bytes = 0
        self._groups = Groups()

    def process(self, batch: Batch) -> Iterator[Any]:
        with value_free(f"weighing part {batch.part}"):
            for _piece in self._writer.write(batch.data, batch.part, batch.seq, batch.positions):
                pass
        if self._paths:
            with value_free(f"grouping part {batch.part}"):
                self._groups.add(hash_rows(batch.data, self._paths, self._key))
        yield from ()

    def finish_bundle(self) -> Iterator[WindowedValue]:
        for _piece in self._writer.finish():
            pass
        output = self._output or ""
        found = Findings(groups={output: self._groups})
        found.bytes[output] = self._nowhere.bytes
        yield WindowedValue(found, GlobalWindow().max_timestamp(), (GlobalWindow(),))


def _tell(
    sums: tuple[Total, Findings],
    path: str,
    plan: Plan,
    facts: RunFacts,
    look: Look,
    limit: int | None,
) -> None:
    total, found = sums
    receipt = make_receipt(plan, facts, total.tally, total.input_parts())
    fields = {release.id: quasi_identifiers(plan, release) for release in plan.releases}
    measured = Measured(
        receipt=receipt,
        sample=_sample(receipt, limit),
        bytes=Bytes.model_validate(
            {
                "in": sum(part.bytes for part in receipt.inputs),
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
