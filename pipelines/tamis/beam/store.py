"""`Store`: released records to a Parquet store, with staging, reconciliation and the receipt.

Writers stage pieces; the last step of the graph reconciles all counts and commits
(`tamis.stores.commit`), so that a job launched from a template commits without a driver.
"""

import heapq
import uuid
from collections import defaultdict
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from operator import itemgetter
from typing import Any

import apache_beam as beam
import pyarrow as pa
import pyarrow.parquet as pq
from apache_beam.pvalue import AsIter, AsSingleton, PCollection
from apache_beam.transforms.window import GlobalWindow
from apache_beam.utils.windowed_value import WindowedValue

from tamis.beam.batch import Batch, Input
from tamis.beam.minimize import Outputs
from tamis.beam.transform import SeveralCollections
from tamis.errors import value_free
from tamis.evidence.receipt import FilePart, InputPart, RunFacts, make_receipt
from tamis.filter.quarantine import QUARANTINE_SCHEMA
from tamis.filter.tally import Tally
from tamis.plan.plan import Plan
from tamis.stores.commit import QUARANTINE as QUARANTINE_FOLDER
from tamis.stores.commit import STAGING, commit, resume, staged_path
from tamis.stores.folder import Folder, open_folder
from tamis.stores.parquet_part import ParquetLayout, ParquetPart, released_layout


@dataclass(frozen=True)
class Piece:
    """What one bundle wrote of one part of one output.

    Attributes:
        output: release id, or None for quarantine.
        part: the part of the input.
        path: where the piece is staged.
        batches: of each batch in it, its place in the part, ascending, and its rows.
        sha256: of its bytes, in hexadecimal.
    """

    output: str | None
    part: str
    path: str
    batches: tuple[tuple[int, int], ...] = ()
    sha256: str = ""

    @property
    def rows(self) -> int:
        """Rows that the piece holds."""
        return sum(rows for _, rows in self.batches)


@dataclass
class Store(SeveralCollections[Outputs, PCollection[str]]):
    """Write what `Minimize` gave to the store in `folder`, and commit it as its run.

    Attributes:
        folder: the store: a path, or a URI of a file system that Beam knows.
        plan: need not be given: that of `Minimize`; another one is refused.
        run: likewise, the id of the run.
        facts: what the run knows of itself; made from its id where absent.
    """

    folder: str
    plan: Plan | None = None
    run: str | None = None
    facts: RunFacts | None = None

    def expand(self, outputs: Outputs) -> PCollection[str]:
        """Stage, reconcile, commit; the one element that comes out is the receipt as JSON."""
        outputs.check_same(self.plan, self.run)
        plan, run = outputs.plan, outputs.run
        layouts = _layouts(plan)
        pieces = [
            outputs.released[release.id]
            | f"Write {release.id}"
            >> beam.ParDo(WriteFn(self.folder, run, release.id, layouts[release.id]))
            for release in plan.releases
        ]
        pieces.append(
            outputs.quarantined
            | "WriteQuarantine" >> beam.ParDo(WriteFn(self.folder, run, None, layouts[None]))
        )
        total = outputs.tallies | "Sum" >> beam.CombineGlobally(SumTallies())
        return (
            outputs.quarantined.pipeline
            | "Once" >> beam.Create([run], reshuffle=False)
            | "Commit"
            >> beam.Map(
                _commit,
                self.folder,
                plan,
                self.facts or new_facts(run),
                AsSingleton(total),
                AsIter(tuple(pieces) | "Pieces" >> beam.Flatten()),
            )
        )


@dataclass
class Total:
    """The sum of tallies, and the inputs that were read to their end."""

    tally: Tally = field(default_factory=Tally)
    inputs: list[Input] = field(default_factory=list)

    def input_parts(self) -> list[InputPart]:
        """The inputs as a receipt tells them; one that has no digest, but came in parts, is one."""
        parts: list[InputPart] = []
        without_digest: dict[str, InputPart] = {}
        for read in self.inputs:
            part = InputPart(**vars(read))
            before = without_digest.get(read.uri)
            if read.sha256:
                parts.append(part)
            elif before is None:
                without_digest[read.uri] = part
            else:
                before.rows += part.rows
                before.bytes += part.bytes
        return [*parts, *without_digest.values()]


class SumTallies(beam.CombineFn):
    """`(Tally, inputs)` of all batches → one `Total`."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]

    def create_accumulator(self) -> Total:
        """Nothing counted yet."""
        return Total()

    def add_input(self, total: Total, element: tuple[Tally, tuple[Input, ...]]) -> Total:
        """Add one batch."""
        total.tally.add(element[0])
        total.inputs.extend(element[1])
        return total

    def merge_accumulators(self, totals: Iterable[Total]) -> Total:
        """Add many sums."""
        merged = Total()
        for total in totals:
            merged.tally.add(total.tally)
            merged.inputs.extend(total.inputs)
        return merged

    def extract_output(self, total: Total) -> Total:
        """The sum itself."""
        return total


def new_facts(run: str) -> RunFacts:
    """Facts of a run that begins now, on its plan's own day."""
    import datetime

    return RunFacts(run, False, datetime.datetime.now(datetime.UTC))


def _commit(
    run: str, uri: str, plan: Plan, facts: RunFacts, total: Total, pieces: Iterable[Piece]
) -> str:
    with value_free(f"committing run {run}"):
        return _reconcile_and_commit(run, open_folder(uri), plan, facts, total, pieces)


def _reconcile_and_commit(
    run: str, folder: Folder, plan: Plan, facts: RunFacts, total: Total, pieces: Iterable[Piece]
) -> str:
    done = resume(folder, run)
    if done is not None:
        return done.to_json()
    files: dict[str | None, list[FilePart]] = defaultdict(list)
    layouts = _layouts(plan)
    by_file: dict[tuple[str | None, str], list[Piece]] = defaultdict(list)
    for piece in pieces:
        by_file[piece.output, piece.part].append(piece)
    for (output, part), parts in sorted(by_file.items(), key=lambda one: one[0][1]):
        top = f"{plan.policy}/{output}" if output else f"{QUARANTINE_FOLDER}/{plan.policy}"
        path = f"{top}/{run}-{part}.parquet"
        piece = parts[0] if len(parts) == 1 else _join(folder, run, parts, layouts[output])
        staged = staged_path(run, path)
        # An attempt that died here may have moved it before.
        if folder.size(piece.path) is not None or folder.size(staged) is None:
            folder.move(piece.path, staged)
        files[output].append(FilePart(path=path, rows=piece.rows, sha256=piece.sha256))
    quarantined = files.pop(None, [])
    released = {str(output): found for output, found in files.items()}
    receipt = make_receipt(plan, facts, total.tally, total.input_parts(), released, quarantined)
    commit(folder, receipt)
    return receipt.to_json()


def _layouts(plan: Plan) -> dict[str | None, ParquetLayout]:
    """By release id, how its files are written; None is the quarantine."""
    layouts: dict[str | None, ParquetLayout] = {None: ParquetLayout(QUARANTINE_SCHEMA)}
    for release in plan.releases:
        layouts[release.id] = released_layout(plan, release)
    return layouts


def _join(folder: Folder, run: str, pieces: list[Piece], layout: ParquetLayout) -> Piece:
    """One file of the pieces of a part that several bundles wrote.

    It has the bytes that one bundle would have written: the same rows, in the source's order.
    """
    writer = _PartWriter(folder, run, pieces[0], layout)
    with ExitStack() as stack:
        streams = [stack.enter_context(folder.open(piece.path)) for piece in pieces]
        found = map(_batches, streams, pieces)
        for seq, batch in heapq.merge(*found, key=itemgetter(0)):
            writer.write(batch.cast(layout.schema), seq)
    return writer.close()


def _batches(stream: Any, piece: Piece) -> Iterator[tuple[int, pa.RecordBatch]]:
    """The batches that a piece was written from, each with its place in the part."""
    read = pq.ParquetFile(stream).iter_batches(use_threads=False)
    rest = next(read, None)
    for seq, rows in piece.batches:
        while rest is not None and rows:
            head = rest.slice(0, rows)
            yield seq, head
            rows -= head.num_rows
            rest = rest.slice(head.num_rows) if head.num_rows < rest.num_rows else next(read, None)


class _PartWriter:
    """Writes the batches of one part to one staged file, and hashes it on the way."""

    def __init__(self, folder: Folder, run: str, like: Piece, layout: ParquetLayout) -> None:
        name = f"{STAGING}/{run}/pieces/{uuid.uuid4().hex}"
        self._piece = Piece(like.output, like.part, name)
        self._file = ParquetPart(folder.create(name), layout)
        self._batches: dict[int, int] = {}
        self._last = -1

    def continues(self, part: str, seq: int) -> bool:
        """Whether the batch `seq` of `part` may follow what was written."""
        return part == self._piece.part and seq > self._last

    def write(self, batch: pa.RecordBatch, seq: int) -> None:
        """Add rows of the batch `seq`."""
        self._file.write(batch)
        self._batches[seq] = self._batches.get(seq, 0) + batch.num_rows
        self._last = seq

    def close(self) -> Piece:
        """Close the file for good, and tell what it is."""
        sha256 = self._file.close()
        return replace(self._piece, batches=tuple(self._batches.items()), sha256=sha256)


class WriteFn(beam.DoFn):
    """Batches of one output in, one `Piece` a part out."""

    def __init__(self, folder: str, run: str, output: str | None, layout: ParquetLayout) -> None:
        self._uri = folder
        self._run = run
        self._output = output
        self._layout = layout

    def setup(self) -> None:
        self._folder = open_folder(self._uri)

    def start_bundle(self) -> None:
        self._writer: _PartWriter | None = None

    def process(self, batch: Batch) -> Iterator[Piece]:
        with value_free(f"writing part {batch.part}"):
            if self._writer is not None and not self._writer.continues(batch.part, batch.seq):
                yield self._close()
            if self._writer is None:
                like = Piece(self._output, batch.part, "")
                self._writer = _PartWriter(self._folder, self._run, like, self._layout)
            self._writer.write(batch.data, batch.seq)

    def finish_bundle(self) -> Iterator[WindowedValue]:
        with value_free("writing"):
            if self._writer is None:
                return
            end = GlobalWindow().max_timestamp()
            yield WindowedValue(self._close(), end, (GlobalWindow(),))

    def _close(self) -> Piece:
        assert self._writer is not None
        piece, self._writer = self._writer.close(), None
        return piece
