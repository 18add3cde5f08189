"""`Store`: released records into a store, with staging, reconciliation and the receipt.

Workers write pieces; the last step of the graph reconciles all counts and commits, so that a job
launched from a template commits without a driver. What a store does for that is said in
`tamis.stores.protocol`.

An address may hold a password: transforms keep it where nothing prints it, elements never do, and
workers in other processes are not given it (`tamis.address.DatabaseAddress`).
"""

import datetime
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import apache_beam as beam
from apache_beam.pvalue import AsIter, AsSingleton, PCollection
from apache_beam.transforms.window import GlobalWindows
from apache_beam.utils.windowed_value import WindowedValue

from tamis.address import StoreAddress, parse_store
from tamis.beam.batch import Batch, Input
from tamis.beam.findings import Findings, MergeFindings
from tamis.beam.measure_released import MeasureReleased
from tamis.beam.minimize import Outputs
from tamis.beam.transform import SeveralCollections
from tamis.documents.calendar import today
from tamis.dry_run.marks import Marks, describe_marks
from tamis.dry_run.models import MARK_CONDITIONS, Risk
from tamis.dry_run.risk import Risks, describe_exceeded
from tamis.dry_run.undeclared import UndeclaredNirs
from tamis.errors import RunError, UsageError, value_free
from tamis.evidence.columns import refuse_columns
from tamis.evidence.fail_on import USUAL_GUARDS, Guards, RunFindings
from tamis.evidence.receipt import Files, InputPart, Receipt, RunFacts, make_receipt
from tamis.filter.tally import Tally
from tamis.formats.digests import tree_of
from tamis.interrupts import uninterrupted
from tamis.language import _
from tamis.limited.persons import ListWatch, check_unchanged
from tamis.limits import USUAL, Limits
from tamis.plan.guards import check_in_force, exception_of
from tamis.plan.plan import Plan
from tamis.stores.opening import open_store
from tamis.stores.protocol import NUL_REPLACED, Attempt, Piece, RunStore

REPEATED_SECONDS = 10.0
"""How long a commit looks for a run that released the same input before."""


@dataclass
class Store(SeveralCollections[Outputs, PCollection[str]]):
    """Write what `Minimize` gave to the store at `folder`, and commit it as its run.

    Attributes:
        folder: the store: a path, a URI of a file system that Beam knows, or a PostgreSQL
            database, `postgresql://…`.
        plan: need not be given: that of `Minimize`; another one is refused.
        run: likewise, the id of the run.
        facts: what the run knows of itself; made from its id and keys where absent.
        limits: rows of a row group of the files that are written.
        fail_on: conditions under which nothing is committed, as `--fail-on` takes them: `drift`,
            `quarantine=5%`. `undeclared-nir` needs `Minimize(…, profiles=True)`.
        allow_empty: commit though nothing is released and records are quarantined.
        attempt: where the run stages; a new one where absent.

    Raises:
        UsageError: there is no such condition.

    Example:
        >>> import json, tempfile
        >>> import apache_beam as beam
        >>> import tamis
        >>> plan = tamis.load_project("cpf").plan("regularite-prestataires")
        >>> provider = {"siren": "732829320", "siret": "73282932000074"}
        >>> with tempfile.TemporaryDirectory() as store:
        ...     with beam.Pipeline("FnApiRunner") as pipeline:
        ...         records = pipeline | beam.Create([provider])
        ...         out = records | tamis.FromDicts(plan) | tamis.Minimize(plan, "the-run")
        ...         receipt = out | tamis.Store(store)
        ...     with open(f"{store}/_receipts/the-run.json") as stream:
        ...         json.load(stream)["counts"]["released"]
        1
    """

    folder: str = field(repr=False)
    plan: Plan | None = None
    run: str | None = None
    facts: RunFacts | None = None
    limits: Limits = field(default=USUAL, repr=False)
    fail_on: Sequence[str] = ()
    allow_empty: bool = False
    attempt: Attempt | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        if isinstance(self.fail_on, str):
            raise UsageError(_("`fail_on` must be a list of conditions, got a string"))
        self._guards = Guards(tuple(self.fail_on), self.allow_empty)

    def expand(self, outputs: Outputs) -> PCollection[str]:
        """Stage, reconcile, commit; the one element that comes out is the receipt as JSON."""
        outputs.check_same(self.plan, self.run)
        plan, run = outputs.plan, outputs.run
        facts = self.facts or new_facts(outputs)
        outputs.check_same(None, facts.run)
        attempt = self.attempt or Attempt.begin(run)
        outputs.check_same(None, attempt.run)
        address = parse_store(self.folder)
        begin = outputs.quarantined.pipeline
        staged = (
            begin
            | "Begin" >> beam.Create([run], reshuffle=False)
            | "Stage" >> beam.Map(_stage, attempt, address, plan, self.limits, plan.day == today())
        )

        def write(output: str | None) -> beam.ParDo:
            return beam.ParDo(
                _WriteFn(address, plan, attempt, output, self.limits), AsSingleton(staged)
            )

        pieces = [
            outputs.released[release.id] | f"Write {release.id}" >> write(release.id)
            for release in plan.releases
        ]
        pieces.append(outputs.quarantined | "WriteQuarantine" >> write(None))
        found = self._look(outputs)
        total = outputs.tallies | "Sum" >> beam.CombineGlobally(SumTallies())
        return (
            begin
            | "Once" >> beam.Create([run], reshuffle=False)
            | "Commit"
            >> beam.Map(
                _commit,
                attempt,
                address,
                plan,
                facts,
                self.limits,
                self._guards,
                AsSingleton(total),
                AsIter(tuple(pieces) | "Pieces" >> beam.Flatten()),
                found and AsSingleton(found),
            )
        )

    def _look(self, outputs: Outputs) -> PCollection[Findings] | None:
        """Look for what the guards ask about, in what is released; None where they ask nothing."""
        findings: list[PCollection[Any]] = []
        if self._guards.asks("undeclared-nir"):
            if outputs.findings is None or not outputs.profiles:
                raise UsageError(
                    _("fail_on `undeclared-nir`: `Minimize` must be given `profiles=True`")
                )
            findings.append(outputs.findings)
        risk, marks = self._guards.asks("risk"), self._guards.asks(*MARK_CONDITIONS.values())
        if risk or marks:
            findings += outputs | "Released" >> MeasureReleased(outputs.plan, risk, marks)
        if not findings:
            return None
        flat = tuple(findings) | "Look" >> beam.Flatten()
        return flat | "Findings" >> beam.CombineGlobally(MergeFindings())


class PostgresStore(Store):
    """`Store` into the tables of a database, by the name that it had in version 0.1.

    Args:
        uri: of the database.
        plan: the compiled policy.
        run: id of the run.
        facts: what the run knows of itself; made from its id where absent.

    Example:
        >>> PostgresStore("postgresql://u:secret@host/base")
        PostgresStore(plan=None, run=None, facts=None, fail_on=(), allow_empty=False)
    """

    def __init__(
        self,
        uri: str,
        plan: Plan | None = None,
        run: str | None = None,
        facts: RunFacts | None = None,
    ) -> None:
        super().__init__(uri, plan, run, facts)


@dataclass
class Total:
    """The sum of tallies, and the inputs that were read to their end."""

    tally: Tally = field(default_factory=Tally)
    inputs: list[Input] = field(default_factory=list)

    def counted(self) -> Tally:
        """The tally, with the columns that all ranges of an input lack among those missing."""
        missing: dict[int, set[str]] = {}
        for read in self.inputs:
            if read.missing is not None:
                missing.setdefault(read.index, set(read.missing)).intersection_update(read.missing)
        return replace(self.tally, missing=self.tally.missing.union(*missing.values()))

    def input_parts(self) -> list[InputPart]:
        """The inputs as a receipt lists them; parts of an input without digest are added up."""
        parts: list[InputPart] = []
        without_digest: dict[str, InputPart] = {}
        blocks: dict[int, list[Input]] = {}
        ranges = Counter[int]()  # records of the ranges of envois, by input
        for read in self.inputs:
            if read.lines is not None:
                ranges[read.index] += read.rows
        for read in self.inputs:
            if read.missing is not None or (read.lines is not None and not read.sha256_tree):
                continue
            if read.lines is not None:
                read = replace(read, rows=ranges[read.index])
            if read.block is not None:
                blocks.setdefault(read.index, []).append(read)
                continue
            part = _input_part(read)
            before = without_digest.get(read.uri)
            if part.digest:
                parts.append(part)
            elif before is None:
                without_digest[read.uri] = part
            else:
                before.rows += part.rows
                before.bytes += part.bytes
        return [*parts, *map(_joined_part, blocks.values()), *without_digest.values()]


def _input_part(read: Input) -> InputPart:
    return InputPart(
        uri=read.uri,
        rows=read.rows,
        bytes=read.bytes,
        sha256=None if read.sha256_tree else read.sha256,
        sha256_tree=read.sha256_tree or None,
    )


def _joined_part(blocks: list[Input]) -> InputPart:
    """An input that was digested by blocks."""
    ordered = sorted(blocks, key=lambda read: read.block or 0)
    return InputPart(
        uri=ordered[0].uri,
        rows=sum(read.rows for read in ordered),
        bytes=sum(read.bytes for read in ordered),
        sha256_tree=tree_of(bytes.fromhex(read.sha256) for read in ordered),
    )


class SumTallies(beam.CombineFn):
    """`(Tally, inputs)` of all batches → one `Total`."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]

    def create_accumulator(self) -> Total:
        return Total()

    def add_input(self, total: Total, element: tuple[Tally, tuple[Input, ...]]) -> Total:
        total.tally.add(element[0])
        total.inputs.extend(element[1])
        return total

    def merge_accumulators(self, totals: Iterable[Total]) -> Total:
        merged = Total()
        for total in totals:
            merged.tally.add(total.tally)
            merged.inputs.extend(total.inputs)
        return merged

    def extract_output(self, total: Total) -> Total:
        return total


def new_facts(outputs: Outputs) -> RunFacts:
    """Facts of a run that begins now, on its plan's own day, with the keys of `Minimize`."""
    keys = outputs.keys.parts(outputs.plan) if outputs.keys is not None else ()
    return RunFacts(outputs.run, datetime.datetime.now(datetime.UTC), keys)


def _stage(
    run: str, attempt: Attempt, address: StoreAddress, plan: Plan, limits: Limits, expires: bool
) -> str:
    if expires:  # A job of today's law may be launched much later.
        check_in_force(plan)
    with value_free(_("{address}: staging run {run}", address=address.shown, run=run)):
        store = open_store(address, limits)
        store.refuse_withdrawn(run)
        store.stage(attempt, plan)
    return run


def _commit(
    run: str,
    attempt: Attempt,
    address: StoreAddress,
    plan: Plan,
    facts: RunFacts,
    limits: Limits,
    guards: Guards,
    total: Total,
    pieces: Iterable[Piece],
    found: Findings | None,
) -> str:
    with value_free(_("{address}: committing run {run}", address=address.shown, run=run)):
        store = open_store(address, limits)
        receipt = commit_run(store, attempt, plan, facts, total, list(pieces), guards, found)
        return receipt.to_json()


def commit_run(
    store: RunStore,
    attempt: Attempt,
    plan: Plan,
    facts: RunFacts,
    total: Total,
    pieces: list[Piece],
    guards: Guards = USUAL_GUARDS,
    found: Findings | None = None,
) -> Receipt:
    """Commit what all writers wrote, if what was read, judged and written reconciles.

    Raises:
        RefusedError: a condition is met under which nothing may be committed, or a column holds
            NIRs by all signs.
        RunError: it does not, and nothing is committed; or another run has this id.
    """
    tally = total.counted()
    tally.anomalies = tally.anomalies.copy()
    tally.anomalies[NUL_REPLACED] += sum(piece.nul_replaced for piece in pieces)

    inputs = total.input_parts()
    if exception_of(plan, "empty") is not None:
        guards = replace(guards, allow_empty=True)
    if facts.redrives is None:
        note_repeated(store, facts.run, plan, inputs, whole=guards.asks("repeated-input"))

    def make(files: Files) -> Receipt:
        receipt = make_receipt(plan, facts, tally, inputs, files)
        if receipt.limited is not None and plan.limited is not None:
            check_unchanged(ListWatch(plan.limited.file, receipt.limited.sha256))
        refuse_columns(tally.sketches)
        findings = found or {}
        risks = findings[Risks].extract(plan) if Risks in findings else None
        for release, risk in (risks or {}).items():
            receipt.releases[release].measured_risk = risk.for_receipt
        guards.check(_findings_of(receipt, tally, plan, findings, risks))
        return receipt

    with uninterrupted():
        receipt = store.commit(attempt, plan, pieces, make)
    if receipt.started != facts.started and not _is_same(receipt, plan, facts, total):
        raise RunError(
            _(
                "{store}: run {run} is committed, with another plan or other inputs or key epochs; "
                "nothing more is, give another run id",
                store=store.shown,
                run=facts.run,
            )
        )
    return receipt


def _findings_of(
    receipt: Receipt, tally: Tally, plan: Plan, found: Findings, risks: Mapping[str, Risk] | None
) -> RunFindings:
    """What was found, of what was looked for."""
    nirs, marks = (found.get(kind) for kind in (UndeclaredNirs, Marks))
    return RunFindings(
        receipt,
        sorted(tally.retyped),
        undeclared=nirs and [column.column for column in nirs.extract().undeclared],
        risky=None if risks is None else describe_exceeded(risks),
        marks=marks and describe_marks(marks.extract(plan)),
    )


def note_repeated(
    store: RunStore, run: str, plan: Plan, inputs: Iterable[InputPart], *, whole: bool
) -> None:
    """Note at each input which run released it before, under the same policy and release.

    Args:
        store: whose receipts are looked at.
        run: that is about to be committed.
        plan: what it does.
        inputs: as its receipt will list them; those without digest or rows are not looked for.
        whole: whether all receipts are looked at, however long that takes.
    """
    parts = {part.digest: part for part in inputs if part.digest and part.rows}
    if not parts:
        return
    releases = {release.id for release in plan.releases}
    for receipt in store.receipts_naming(parts.keys(), None if whole else REPEATED_SECONDS):
        if receipt.run == run or receipt.policy != plan.policy:
            continue
        if releases.isdisjoint(receipt.releases) or "withdrawn" in store.removals_of(receipt):
            continue
        for before in receipt.inputs:
            if before.digest in parts and parts[before.digest].released_before is None:
                parts[before.digest].released_before = receipt.run


def _is_same(receipt: Receipt, plan: Plan, facts: RunFacts, total: Total) -> bool:
    """Whether a receipt is of the same plan, keys and inputs; one without a digest is another."""
    before, now = (
        sorted((read.uri, read.rows, read.digest) for read in inputs)
        for inputs in (receipt.inputs, total.input_parts())
    )
    return (
        receipt.plan_sha256 == plan.sha256
        and (*receipt.keys, *filter(None, [receipt.limited])) == facts.keys
        and before == now
        and all(digest for _uri, _rows, digest in now)
    )


@dataclass(eq=False, repr=False)
class _WriteFn(beam.DoFn):
    """Batches of one output in, a `Piece` for each part out."""

    address: StoreAddress
    plan: Plan
    attempt: Attempt
    output: str | None
    limits: Limits

    def setup(self) -> None:
        self._store = open_store(self.address, self.limits)
        self._writer = self._store.writer(self.attempt, self.plan, self.output)

    def start_bundle(self) -> None:
        self._writer.begin()

    def process(self, batch: Batch, staged: str) -> Iterator[Piece]:
        with value_free(
            _("{address}: writing part {part}", address=self.address.shown, part=batch.part)
        ):
            pieces = self._writer.write(batch.data, batch.part, batch.seq, batch.positions)
            yield from self._unless_committed(pieces)

    def finish_bundle(self) -> Iterator[WindowedValue]:
        with value_free(_("{address}: writing", address=self.address.shown)):
            for piece in self._unless_committed(self._writer.finish()):
                yield GlobalWindows.windowed_value_at_end_of_window(piece)

    def _unless_committed(self, pieces: Iterator[Piece]) -> Iterator[Piece]:
        """What is written; nothing more where that fails because the run is committed.

        An engine writes anew whatever it has lost before it learned of the commit.
        """
        try:
            yield from pieces
        except RunError:
            if self._store.committed(self.attempt.run) is None:
                raise

    def teardown(self) -> None:
        self._writer.close()
