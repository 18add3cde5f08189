"""A run from the driver's side: wire source, `Minimize` and sink, and see it through.

A dry run is a run whose sink is nothing: the same graph up to `Minimize`, then `Measure`.
"""

import datetime
import tempfile
from collections.abc import Collection, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

import apache_beam as beam
from apache_beam.options.pipeline_options import PipelineOptions
from apache_beam.pvalue import PBegin, PCollection

from tamis.address import DatabaseAddress, parse_address, parse_store, require_driver
from tamis.beam.batch import Batch
from tamis.beam.files import digest, list_inputs
from tamis.beam.keys import KeyRef
from tamis.beam.listing import ListFiles
from tamis.beam.measure import Inspection, Measure
from tamis.beam.minimize import Minimize
from tamis.beam.postgres import ReadTables
from tamis.beam.read import ReadFiles, ReadTasks
from tamis.beam.select import Select, Selection
from tamis.beam.store import Store
from tamis.dry_run.models import Measured
from tamis.errors import KeysError, RunError, TamisError, UsageError
from tamis.evidence.fail_on import USUAL_GUARDS, Guards
from tamis.evidence.limited import LimitedPart
from tamis.evidence.receipt import KeyPart, Receipt, RunFacts, RunKeys
from tamis.formats.names import withhold_names
from tamis.language import _
from tamis.limits import USUAL, Limits
from tamis.plan.plan import Plan
from tamis.runs.errors import worker_errors
from tamis.runs.launch import (
    Launch,
    as_workers_see_it,
    builds_only,
    keyring_as_workers_see_it,
    make_pipeline,
    read_options,
)
from tamis.stores.opening import open_store
from tamis.stores.protocol import Attempt, RunStore
from tamis.stores.run_id import check_run_id, new_run_id
from tamis.telemetry.listener import SILENT, Commit, Listeners, StartedRun


@dataclass(frozen=True)
class Job:
    """One batch run of a plan.

    Attributes:
        plan: the compiled policy.
        inputs: patterns of files, or tables; not shown, for they may hold passwords.
        output: the store's folder or database; not shown either.
        run: id of the run.
        keys: reference of the keyring, or None.
        options: Beam's own options, as on a command line.
        limits: sizes of chunks, parts and row groups.
        guards: under which conditions it is not committed.
        inputs_by_digest: whether no file is called by its name.
        selection: the records that are judged; all if None.
    """

    plan: Plan
    inputs: tuple[str, ...] = field(repr=False)
    output: str = field(repr=False)
    run: str
    keys: str | None = None
    options: tuple[str, ...] = ()
    limits: Limits = USUAL
    guards: Guards = USUAL_GUARDS
    inputs_by_digest: bool = False
    selection: Selection | None = field(default=None, repr=False)


def run(job: Job, listeners: Listeners = SILENT) -> tuple[Receipt | None, bool]:
    """Run `job` to its receipt.

    Args:
        job: the run.
        listeners: who is told that it begins, is committed, or failed.

    Returns:
        The receipt, or None where the runner was told not to launch; and whether the run had been
        committed before, so that nothing was done.

    Raises:
        UsageError: the run id is taken by another run, or by one that was withdrawn, no input
            matches, or Beam refuses its options.
        KeysError: the plan needs keys and there are none.
        RefusedError: it found what must not be; nothing is committed.
        RunError: the run failed; nothing is committed.
    """
    check_run_id(job.run)
    options = read_options(job.options)
    job = _for_workers(job, options)
    inputs = _parse_inputs(job.inputs, by_digest=job.inputs_by_digest)
    store = open_store(job.output)
    keys, key_parts = load_keys(job.plan, job.keys)
    redrives = None if job.selection is None else job.selection.run
    facts = RunFacts(job.run, datetime.datetime.now(datetime.UTC), key_parts, redrives=redrives)
    attempt = Attempt.begin(job.run)
    launch = Launch(job.run, options)
    if builds_only(job.options):
        launch.build(_wire(options, job, inputs, keys, facts, attempt))
        return None, False
    store.refuse_withdrawn(job.run)
    receipt = store.complete(job.run)
    if receipt is not None:
        _check_same(receipt, job, store, inputs, key_parts)
    before = receipt is not None
    started = StartedRun(job.plan, job.run, inputs.shown, store.shown, started=facts.started)
    with listeners.during(started):
        if receipt is None:
            try:
                pipeline = _wire(options, job, inputs, keys, facts, attempt)
                launch.see_through(pipeline, lambda: _has_begun(job, store))
            except TamisError:
                with suppress(TamisError):
                    # What failed may have been no more than the answer of the commit.
                    receipt = store.complete(job.run)
                    if receipt is None and launch.is_over:
                        store.discard(attempt)
                if receipt is None:
                    raise
                _check_same(receipt, job, store, inputs, key_parts)
            else:
                receipt = _committed(job, store)
        listeners.committed(Commit.of_receipt(receipt))
    return receipt, before


def _committed(job: Job, store: RunStore) -> Receipt:
    """The receipt of a run whose job is done.

    Raises:
        RunError: the store holds none.
    """
    receipt = store.committed(job.run)
    if receipt is None:
        raise RunError(
            _(
                "job {run} is done, but {store} holds no receipt of it: the workers wrote "
                "elsewhere; they and this machine must see the same store under the same address",
                run=job.run,
                store=store.shown,
            )
        )
    return receipt


def _has_begun(job: Job, store: RunStore) -> bool:
    """Whether a worker may have staged something; what a database holds staged is not looked at."""
    return isinstance(parse_store(job.output), DatabaseAddress) or job.run in store.staged_runs()


def _for_workers(job: Job, options: PipelineOptions) -> Job:
    """The job with addresses as workers see them.

    Raises:
        UsageError: they do not see inputs or output.
    """
    return replace(
        job,
        inputs=tuple(as_workers_see_it(uri, options) for uri in job.inputs),
        output=as_workers_see_it(job.output, options),
        keys=keyring_as_workers_see_it(job.keys, options),
        plan=plan_as_workers_see_it(job.plan, options),
    )


def plan_as_workers_see_it(plan: Plan, options: PipelineOptions) -> Plan:
    """The plan, whose list of limited persons workers read as they read the keyring.

    Raises:
        UsageError: they do not see it.
    """
    if plan.limited is None or not plan.asks_list:
        return plan
    file = as_workers_see_it(plan.limited.file, options)
    return replace(plan, limited=replace(plan.limited, file=file))


def dry_run(
    plan: Plan,
    inputs: tuple[str, ...],
    *,
    inspection: Inspection | None = None,
    limit: int | None = None,
    options: Sequence[str] = (),
    inputs_by_digest: bool = False,
    keys: str | None = None,
) -> Measured:
    """What a run of `plan` over `inputs` would do, on this machine; writes to no store.

    Args:
        plan: the compiled policy.
        inputs: patterns of files.
        inspection: what to inspect beside the counts.
        limit: records to read at most, spread over the inputs; None for all.
        options: Beam's own options.
        inputs_by_digest: whether no file is called by its name.
        keys: reference of the keyring that the list of limited persons was made with; without it
            the list is not asked.

    Returns:
        The receipt without files, and what was measured beside it. Pseudonyms are made under keys
        that nobody keeps; the tags name a run of a new id, so that they are as long as a run's.
    """
    if isinstance(_parse_inputs(inputs), _Tables):
        raise UsageError(
            _("{table}: a dry run reads files, not tables", table=parse_address(inputs[0]).shown)
        )
    inspection = inspection or Inspection()
    ref, parts = load_keys(plan, keys) if plan.asks_list and keys is not None else (None, ())
    limited = tuple(part for part in parts if isinstance(part, LimitedPart))
    facts = RunFacts("dry-run", datetime.datetime.now(datetime.UTC), limited)
    with tempfile.TemporaryDirectory(prefix="tamis-") as folder:
        path = str(Path(folder) / "measured.json")
        pipeline = make_pipeline(read_options(options))
        tasks = pipeline | ListFiles(inputs, plan, limit=limit, by_digest=inputs_by_digest)
        (
            tasks
            | "Read" >> ReadTasks(plan)
            | "Minimize"
            >> Minimize(
                replace(plan, approval=None),  # what is to be approved is looked at first
                new_run_id(plan.policy),
                ref,
                throwaway_keys=True,
                profiles=not inspection.profiles,
                masks=True,
                judges_columns=False,
                replay=True,
                allow_example=True,
                allow_unconfirmed=True,
            )
            | "Measure" >> Measure(path, plan, facts, tasks, inspection, limit)
        )
        with worker_errors():
            pipeline.run().wait_until_finish()
        return Measured.model_validate_json(Path(path).read_text(encoding="utf-8"))


def _wire(
    options: PipelineOptions,
    job: Job,
    inputs: "_Files | _Tables",
    keys: KeyRef | None,
    facts: RunFacts,
    attempt: Attempt,
) -> beam.Pipeline:
    pipeline = make_pipeline(options)
    coded = not isinstance(parse_store(job.output), DatabaseAddress)
    batches = pipeline | "Read" >> inputs.read(job.plan, job.limits, coded=coded)
    if job.selection is not None:
        batches = batches | "Select" >> Select(job.selection)
    (
        batches
        | "Minimize"
        >> Minimize(
            job.plan,
            job.run,
            keys,
            replay=True,
            allow_example=True,
            allow_unconfirmed=True,
            profiles=job.guards.asks("undeclared-nir"),
            coded=coded,
        )
        | "Store"
        >> Store(
            job.output,
            job.plan,
            job.run,
            facts,
            job.limits,
            job.guards.fail_on,
            job.guards.allow_empty,
            attempt,
        )
    )
    return pipeline


def load_keys(
    plan: Plan, keyring: str | None, *, rows: bool = False
) -> tuple[KeyRef | None, RunKeys]:
    """A reference to the keys that `plan` needs, for workers, and the receipt's entries for them.

    Args:
        plan: what is done.
        keyring: reference of a keyring.
        rows: whether the output gives rows ids that must not tell their order.

    Raises:
        KeysError: keys are needed and there are none.
    """
    rows = rows and any(map(plan.hides_order, plan.releases))
    if not plan.needs_keys and not rows and not plan.asks_list:
        return None, ()
    if keyring is None and plan.asks_list:
        raise KeysError(
            _(
                "policy `{policy}` asks the list of limited persons and needs --keys FILE, the "
                "keyring that it was made with (`tamis help limited`)",
                policy=plan.policy,
            )
        )
    if keyring is None and not plan.needs_keys:
        raise KeysError(
            _(
                "policy `{policy}` releases under paragraph III into Pub/Sub, where each message "
                "has an id of its row: it needs --keys FILE; `tamis keys new FILE` makes one",
                policy=plan.policy,
            )
        )
    if keyring is None:
        raise KeysError(
            _(
                "policy `{policy}` makes pseudonyms and needs --keys FILE; `tamis keys new FILE` "
                "makes one",
                policy=plan.policy,
            )
        )
    keys = KeyRef.current(keyring).of_plan(plan)
    return keys, keys.parts(plan, rows=rows)


def _check_same(
    receipt: Receipt,
    job: Job,
    store: RunStore,
    inputs: "_Files | _Tables",
    keys: RunKeys,
) -> None:
    """Refuse a run id that stands for another run."""

    def epochs(keys: Iterable[object]) -> set[tuple[str, int, tuple[int, ...]]]:
        return {
            (key.item, key.epoch, tuple(key.chained_on or ()))
            for key in keys
            if isinstance(key, KeyPart)
        }

    same = {
        _("plan"): receipt.plan_sha256 == job.plan.sha256,
        _("inputs"): {read.uri: read.digest for read in receipt.inputs}
        == inputs.digests(job, {read.uri for read in receipt.inputs if read.sha256_tree}),
        _("key epochs"): epochs(receipt.keys) == epochs(keys),
        _("list of limited persons"): receipt.limited
        == next((part for part in keys if isinstance(part, LimitedPart)), None),
    }
    if not all(same.values()):
        raise UsageError(
            _(
                "run `{run}` is committed in {store}, and not with the same {difference}: choose "
                "another --run-id",
                run=job.run,
                store=store.shown,
                difference=_(" and ").join(what for what, is_same in same.items() if not is_same),
            )
        )


@dataclass(frozen=True)
class _Files:
    """Patterns of files."""

    patterns: tuple[str, ...] = field(repr=False)
    by_digest: bool

    @property
    def shown(self) -> tuple[str, ...]:
        """The patterns as listeners may learn them; none where files are called by a digest."""
        if self.by_digest:
            return ()
        return tuple(withhold_names(parse_address(uri).shown) for uri in self.patterns)

    def read(
        self, plan: Plan, limits: Limits, *, coded: bool
    ) -> beam.PTransform[PBegin, PCollection[Batch]]:
        return ReadFiles(self.patterns, plan, None, limits, self.by_digest, coded)

    def digests(self, job: Job, by_blocks: Collection[str]) -> dict[str, str]:
        size = job.limits.block_bytes
        files = list_inputs(self.patterns, by_digest=self.by_digest)
        return {
            file.name: digest(file.uri, size if file.name in by_blocks else None) for file in files
        }


@dataclass(frozen=True)
class _Tables:
    """Tables of databases."""

    uris: tuple[str, ...] = field(repr=False)

    @property
    def shown(self) -> tuple[str, ...]:
        """The addresses without credentials."""
        return tuple(parse_address(uri).shown for uri in self.uris)

    def read(
        self, plan: Plan, limits: Limits, *, coded: bool
    ) -> beam.PTransform[PBegin, PCollection[Batch]]:
        return ReadTables(self.uris, plan, limits)

    def digests(self, job: Job, by_blocks: Collection[str]) -> dict[str, str]:
        from tamis.stores.table_reader import digest_table

        addresses = map(DatabaseAddress.of, self.uris)
        return {address.shown: digest_table(address, job.plan) for address in addresses}


def _parse_inputs(uris: tuple[str, ...], *, by_digest: bool = False) -> _Files | _Tables:
    """Tell files and tables apart.

    Raises:
        UsageError: some inputs are tables and some are files, a table is not named, or the driver
            is not installed.
    """
    addresses = [parse_address(uri) for uri in uris]
    tables = [address for address in addresses if isinstance(address, DatabaseAddress)]
    if not tables:
        return _Files(uris, by_digest)
    for table in tables:
        require_driver(table, "postgres")
        if not table.table:
            raise UsageError(_("{table}: which table? add ?table=NAME", table=table.shown))
    if len(tables) < len(uris):
        raise UsageError(_("tables and files cannot be the inputs of one run"))
    if by_digest:
        raise UsageError(_("--inputs-by-digest: is for files, not for tables"))
    return _Tables(uris)
