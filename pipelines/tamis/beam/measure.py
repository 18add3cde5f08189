"""`Measure`: replaces `Store` in a dry run. It counts what would be released and writes no file.

Released records go through the store's own writers into a folder that only counts their bytes, and
tallies are summed as in a run. What a dry run inspects beside (types, undeclared NIRs, another
plan) reads the inputs for itself, so that the counts are those of a run.
"""

import dataclasses
import io
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import reduce
from typing import Any, BinaryIO, TypeVar

import apache_beam as beam
import pyarrow as pa
import pyarrow.parquet as pq
from apache_beam.pvalue import AsSingleton, PCollection
from apache_beam.transforms.window import GlobalWindows
from apache_beam.utils.windowed_value import WindowedValue

from tamis.beam.batch import Batch
from tamis.beam.files import open_random
from tamis.beam.findings import Finding, Findings, MergeFindings
from tamis.beam.keys import ThrowawayKeys
from tamis.beam.listing import Task
from tamis.beam.measure_released import MeasureReleased
from tamis.beam.minimize import Outputs
from tamis.beam.read import read_task
from tamis.beam.store import SumTallies, Total
from tamis.beam.transform import SeveralCollections
from tamis.dry_run.comparison import Comparison
from tamis.dry_run.marks import Marks
from tamis.dry_run.masks import Masks
from tamis.dry_run.models import ALL_RECORDS, AT_MOST, Bytes, Measured, Sample
from tamis.dry_run.retyped import RetypedColumns
from tamis.dry_run.risk import Risks
from tamis.dry_run.undeclared import UndeclaredNirs, is_declared, without_declared
from tamis.errors import value_free
from tamis.evidence.receipt import Receipt, RunFacts, make_receipt
from tamis.filter.drift import RECORDS_TO_SHOW, WITHHELD, add_names
from tamis.language import _
from tamis.plan.plan import Plan, PlanField, PlanRelease
from tamis.stores.folder_store import FolderStore
from tamis.stores.local_folder import LocalFolder
from tamis.stores.protocol import Attempt

_Kind = TypeVar("_Kind")

PROFILED_ROWS = 65_536
"""Rows that are profiled at once."""

FIRST_ROWS = 2_048
"""Rows of a file without footer among which unknown columns are looked for."""


@dataclass(frozen=True)
class Inspection:
    """What a dry run inspects beside the counts.

    Attributes:
        fields: all fields of the schema, not only those that the plan reads.
        profiles: whether to look for NIRs in dropped and unknown columns too, not only in the
            released ones in which none is declared.
        other: the plan of another project's policy, to compare with.
    """

    fields: tuple[PlanField, ...] = ()
    profiles: bool = False
    other: Plan | None = None


@dataclass
class OutputSizes:
    """Bytes of the files that would be written, by release id, or "" for quarantine."""

    bytes: Counter[str] = field(default_factory=Counter)

    def merge(self, other: "OutputSizes") -> None:
        """Add the sizes of `other`, which stays as it is."""
        self.bytes.update(other.bytes)


@dataclass
class Measure(SeveralCollections[Outputs, PCollection[None]]):
    """Measure what `Minimize` gave, and write nothing but `Measured`, as JSON, to `path`."""

    path: str
    plan: Plan
    facts: RunFacts
    tasks: PCollection[Task]
    inspection: Inspection
    limit: int | None = None

    def expand(self, outputs: Outputs) -> PCollection[None]:
        """Size every output, inspect every input, sum all, write the result."""

        def size(release: PlanRelease | None) -> beam.ParDo:
            return beam.ParDo(_SizeFn(self.plan, release))

        findings = [
            self.tasks | "Inspect" >> beam.ParDo(_InspectFn(self.plan, self.inspection)),
            outputs.quarantined | "Size quarantine" >> size(None),
            *(outputs | "Released" >> MeasureReleased(self.plan, tries=True)),
        ]
        for release in self.plan.releases:
            batches = outputs.released[release.id]
            findings.append(batches | f"Size {release.id}" >> size(release))
        if outputs.findings is not None:
            findings.append(outputs.findings)
        total = outputs.tallies | "Sum" >> beam.CombineGlobally(SumTallies())
        return (
            tuple(findings)
            | "Findings" >> beam.Flatten()
            | "Merge" >> beam.CombineGlobally(MergeFindings())
            | "Write"
            >> beam.Map(
                _write,
                self.path,
                self.plan,
                self.facts,
                self.inspection,
                self.limit,
                AsSingleton(total),
            )
        )


def _write(
    findings: Findings,
    path: str,
    plan: Plan,
    facts: RunFacts,
    inspection: Inspection,
    limit: int | None,
    total: Total,
) -> None:
    receipt = make_receipt(plan, facts, total.counted(), total.input_parts())
    receipt = receipt.model_copy(update={"allowed": None})  # nothing was: it is a dry run

    def find(kind: type[_Kind]) -> _Kind:
        found: _Kind = findings.get(kind) or kind()
        return found

    sizes = find(OutputSizes)
    measured = Measured(
        receipt=receipt,
        sample=_sample(receipt, limit),
        bytes=Bytes.model_validate(
            {
                "in": sum(part.bytes for part in receipt.inputs),
                "out": {release.id: sizes.bytes[release.id] for release in plan.releases},
                "quarantine": sizes.bytes[""],
            }
        ),
        masks=find(Masks).extract(),
        retyped=find(RetypedColumns).extract(),
        risk=find(Risks).extract(plan, tries=True),
        marks=find(Marks).extract(plan),
        looks=find(Marks).looks(),
        profile=find(UndeclaredNirs).extract("all" if inspection.profiles else "released"),
        compared=find(Comparison).extract() if inspection.other is not None else None,
    )
    with open(path, "w", encoding="utf-8") as stream:
        stream.write(measured.model_dump_json(by_alias=True))


# What would be written


class _CountingFolder(LocalFolder):
    """A folder that keeps nothing of its Parquet files but how many bytes were written to them."""

    def __init__(self) -> None:
        super().__init__("")
        self.bytes = 0

    def create(self, path: str) -> BinaryIO:
        stream: Any = _CountedFile(self) if path.endswith(".parquet") else io.BytesIO()
        return stream


class _CountedFile(io.RawIOBase):
    def __init__(self, folder: _CountingFolder) -> None:
        self._folder = folder

    def write(self, data: Any) -> int:
        self._folder.bytes += len(data)
        return len(data)


class _SizeFn(beam.DoFn):
    """Batches of one output in; the `OutputSizes` of each bundle out."""

    def __init__(self, plan: Plan, release: PlanRelease | None) -> None:
        self._plan = plan
        self._output = release.id if release else None

    def setup(self) -> None:
        self._folder = _CountingFolder()
        store = FolderStore(self._folder)
        self._writer = store.writer(Attempt("dry-run", ""), self._plan, self._output)

    def start_bundle(self) -> None:
        self._writer.begin()
        self._folder.bytes = 0

    def process(self, batch: Batch) -> Iterator[Any]:
        with value_free(_("sizing part {part}", part=batch.part)):
            for _piece in self._writer.write(batch.data, batch.part, batch.seq, batch.positions):
                pass
        yield from ()

    def finish_bundle(self) -> Iterator[WindowedValue]:
        for _piece in self._writer.finish():
            pass
        output = self._output or ""
        sizes = OutputSizes(Counter({output: self._folder.bytes}))
        yield GlobalWindows.windowed_value_at_end_of_window(sizes)


# What is inspected beside


@dataclass(eq=False, repr=False)
class _InspectFn(beam.DoFn):
    """A reading task in; what there is to find in its records out.

    A digest task stands for its file, another one for its records.
    """

    plan: Plan
    inspection: Inspection

    def setup(self) -> None:
        self._keys = ThrowawayKeys()

    def process(self, task: Task) -> Iterator[Finding]:
        with value_free(_("inspecting {source}", source=task.file.name)):
            if task.digests:
                if task.format == "parquet" and not task.block:
                    yield self._compare_types(task)
            elif task.limit != 0:
                if self.inspection.profiles:
                    yield self._profile(task)
                if self.inspection.other is not None:
                    yield self._compare(task, self.inspection.other)

    def _compare_types(self, task: Task) -> RetypedColumns:
        """Compare a Parquet file's types with the schema's; text formats have none."""
        retyped = RetypedColumns()
        with open_random(task.file.uri) as stream:
            retyped.add(pq.ParquetFile(stream).schema_arrow, self.inspection.fields)
        return retyped

    def _profile(self, task: Task) -> UndeclaredNirs:
        """Profile all columns in which no NIR is declared, whether released, dropped or unknown."""
        nirs = UndeclaredNirs()
        batches = self._read_part(task) if task.part else self._read_whole(task)
        for batch in batches:
            nirs.add(batch, self.inspection.fields)
        return nirs

    def _compare(self, task: Task, other: Plan) -> Comparison:
        """Compare the records under both plans, each of which reads them by itself."""
        comparison = Comparison()
        chunks = zip(read_task(task, self.plan), read_task(task, other), strict=False)
        for first, second in chunks:
            comparison.add((first, self.plan), (second, other), self._keys)
        return comparison

    def _read_part(self, task: Task) -> Iterator[pa.RecordBatch]:
        assert task.part is not None
        left = task.part.rows if task.limit is None else task.limit
        fields = self.inspection.fields
        declared = {spec.source_name for spec in fields if is_declared(spec)}
        called = {spec.source_name: spec.name for spec in fields}
        with open_random(task.file.uri) as stream:
            file = pq.ParquetFile(stream)
            names = [name for name in file.schema_arrow.names if name not in declared]
            groups = list(task.part.row_groups)
            for batch in file.iter_batches(PROFILED_ROWS, groups, names, use_threads=False):
                names = [called.get(name, name) for name in batch.schema.names]
                yield batch.slice(0, left).rename_columns(names)
                left -= batch.num_rows
                if left <= 0:
                    return

    def _read_whole(self, task: Task) -> Iterator[pa.RecordBatch]:
        """Read a file without footer; unknown columns are those of its first records."""
        fields = without_declared(self.inspection.fields)
        known = set(self.plan.known)
        counts: dict[str, int] = {}
        if task.format != "dsn":
            first = dataclasses.replace(task, limit=min(task.limit or FIRST_ROWS, FIRST_ROWS))
            chunks = read_task(first, self.plan)
            counts = reduce(add_names, (chunk.unknown for chunk in chunks), {})
            unknown = counts.keys() - {WITHHELD}
            fields += tuple(PlanField(name, "string") for name in sorted(unknown))
            known |= unknown
        plan = dataclasses.replace(self.plan, fields=fields, known=tuple(sorted(known)))
        for chunk in read_task(task, plan):
            names = [spec.name for spec in fields if spec.name in chunk.data.schema.names]
            yield chunk.data.select(names).rename_columns(
                [WITHHELD if 0 < counts.get(name, 0) < RECORDS_TO_SHOW else name for name in names]
            )


def _sample(receipt: Receipt, limit: int | None) -> Sample:
    ended = sum(bool(part.digest) for part in receipt.inputs)
    complete = ended == len(receipt.inputs)
    method = ALL_RECORDS if complete else AT_MOST.format(limit=limit)
    return Sample(
        limit=limit,
        read=receipt.counts.in_,
        complete=complete,
        inputs=len(receipt.inputs),
        inputs_complete=ended,
        method=method,
    )
