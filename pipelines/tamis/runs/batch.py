"""A run from the driver's side: wire source, `Minimize` and sink, and see it through.

A dry run is a run whose sink is nothing: the same graph up to `Minimize`, then `Measure`.
"""

import datetime
import os
import re
import tempfile
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import apache_beam as beam
from apache_beam.options.pipeline_options import PipelineOptions, StandardOptions, TestOptions

from tamis.address import DatabaseAddress, parse_address, parse_store
from tamis.beam.files import digest, list_inputs
from tamis.beam.look import Look
from tamis.beam.measure import Measure
from tamis.beam.minimize import KeyRef, Minimize
from tamis.beam.postgres import PostgresStore, ReadTables, digest_table
from tamis.beam.read import ListFiles, ReadFiles, ReadTasks
from tamis.beam.store import Store
from tamis.dry_run.models import Measured
from tamis.errors import KeysError, TamisError, UsageError
from tamis.evidence.receipt import KeyPart, Receipt, RunFacts
from tamis.keys.keyring import open_keyring
from tamis.limits import USUAL, Limits
from tamis.plan.plan import Plan
from tamis.runs.errors import worker_errors
from tamis.stores.commit import (
    check_run_id,
    committed,
    lock_path,
    recover,
    resume,
    staged_path,
)
from tamis.stores.folder import Folder, hold, open_folder
from tamis.stores.tables import TableStore


@dataclass(frozen=True)
class Job:
    """One batch run of a plan.

    Attributes:
        plan: the compiled policy.
        inputs: patterns of files, or tables; not shown, for they may hold passwords.
        output: the store's folder or database; not shown either.
        run: id of the run.
        keys: reference of the keyring, or None.
        replay: whether the plan's day is another than today.
        options: Beam's own options, as on a command line.
        limits: sizes of chunks, parts and row groups.
    """

    plan: Plan
    inputs: tuple[str, ...] = field(repr=False)
    output: str = field(repr=False)
    run: str
    keys: str | None = None
    replay: bool = False
    options: tuple[str, ...] = ()
    limits: Limits = USUAL


def new_run_id(policy: str) -> str:
    """An id for a run that begins now: the time in UTC, the policy, and chance."""
    now = datetime.datetime.now(datetime.UTC).strftime("%Y%m%dt%H%M%S")
    name = re.sub(r"[^a-z0-9]+", "-", policy.lower()).strip("-")
    return f"{now}-{name}-{os.urandom(3).hex()}"


def run(job: Job) -> tuple[Receipt | None, bool]:
    """Run `job` to its receipt.

    Returns:
        The receipt, or None where the runner was told not to launch or has not come to it yet;
        and whether the run had been committed before, so that nothing was done.

    Raises:
        UsageError: the run id is taken by another run, no input matches, or Beam refuses its
            options.
        KeysError: the plan needs keys and there are none.
        RunError: the run failed; nothing is committed.
    """
    check_run_id(job.run)
    _has_tables(job.inputs)
    keys, key_parts = load_keys(job.plan, job.keys)
    facts = RunFacts(job.run, job.replay, datetime.datetime.now(datetime.UTC), key_parts)
    options = _options(job.options)
    if builds_only(job.options):
        _launch(job, keys, facts, options)
        return None, False
    if isinstance(parse_store(job.output), DatabaseAddress):
        return _run_into_tables(job, keys, key_parts, facts, options)
    folder = open_folder(job.output)
    recover(folder)
    if (before := committed(folder, job.run)) is not None:
        _check_same(before, job, key_parts)
        return before, True
    try:
        with hold(folder, lock_path(job.run)):
            if (before := resume(folder, job.run)) is not None:
                _check_same(before, job, key_parts)
                return before, True
            try:
                _launch(job, keys, facts, options)
            except TamisError:
                if resume(folder, job.run) is None:
                    folder.remove(staged_path(job.run, ""))
                    raise
    finally:
        _tidy(folder)
    return committed(folder, job.run), False


def _run_into_tables(
    job: Job,
    keys: KeyRef | None,
    key_parts: tuple[KeyPart, ...],
    facts: RunFacts,
    options: PipelineOptions,
) -> tuple[Receipt | None, bool]:
    """As `run`, into a database."""
    store = TableStore(job.output)
    store.recover()
    with store.hold(job.run):
        if (before := store.committed(job.run)) is not None:
            _check_same(before, job, key_parts)
            return before, True
        try:
            _launch(job, keys, facts, options)
        except TamisError:
            with suppress(TamisError):
                if (done := store.committed(job.run)) is not None:
                    return done, False
                store.remove(job.run)
            raise
        return store.committed(job.run), False


def builds_only(options: Sequence[str]) -> bool:
    """Whether `options` tell Beam to build the job and not to launch it, as `--dry_run` does."""
    return bool(PipelineOptions(list(options)).view_as(TestOptions).dry_run)


def dry_run(
    plan: Plan,
    inputs: tuple[str, ...],
    *,
    replay: bool = False,
    look: Look | None = None,
    limit: int | None = None,
    options: Sequence[str] = (),
) -> Measured:
    """What a run of `plan` over `inputs` would do, on this machine; writes to no store.

    Args:
        plan: the compiled policy.
        inputs: patterns of files.
        replay: whether the plan's day is another than today.
        look: what to look at beside the counts.
        limit: records to read at most, spread over the inputs; None for all.
        options: Beam's own options.

    Returns:
        The receipt without files, and what was measured beside it. Pseudonyms are made under keys
        that nobody keeps; the tags name a run of a new id, so that they are as long as a run's.
    """
    if _has_tables(inputs):
        raise UsageError(f"{parse_address(inputs[0]).shown}: a dry run reads files, not tables")
    facts = RunFacts("dry-run", replay, datetime.datetime.now(datetime.UTC))
    with tempfile.TemporaryDirectory(prefix="tamis-") as folder:
        path = str(Path(folder) / "measured.json")
        pipeline = _pipeline(_options(options))
        tasks = pipeline | ListFiles(inputs, plan.format.name, limit=limit)
        (
            tasks
            | "Read" >> ReadTasks(plan)
            | "Minimize" >> Minimize(plan, new_run_id(plan.policy), throwaway_keys=True)
            | "Measure" >> Measure(path, plan, facts, tasks, look or Look(), limit)
        )
        with worker_errors():
            pipeline.run().wait_until_finish()
        return Measured.model_validate_json(Path(path).read_text(encoding="utf-8"))


def _launch(job: Job, keys: KeyRef | None, facts: RunFacts, options: PipelineOptions) -> None:
    pipeline = _pipeline(options)
    into_tables = isinstance(parse_store(job.output), DatabaseAddress)
    source = (
        ReadTables(job.inputs, job.plan)
        if _has_tables(job.inputs)
        else ReadFiles(job.inputs, job.plan, limits=job.limits)
    )
    store = PostgresStore if into_tables else Store
    (
        pipeline
        | "Read" >> source
        | "Minimize" >> Minimize(job.plan, job.run, keys)
        | "Store" >> store(job.output, job.plan, job.run, facts)
    )
    with worker_errors():
        pipeline.run().wait_until_finish()


def _pipeline(options: PipelineOptions) -> beam.Pipeline:
    try:
        return beam.Pipeline(options=options)
    except (ImportError, ValueError) as error:
        raise UsageError(f"Beam refuses its options: {' '.join(str(error).split())}") from None


def _options(flags: Sequence[str]) -> PipelineOptions:
    """Beam's options: the local runner by name and all cores, unless `flags` say otherwise."""
    said = {flag.split("=")[0] for flag in flags}
    added = []
    if "--runner" not in said:
        added.append("--runner=FnApiRunner")
        if "--direct_running_mode" not in said:
            added.append("--direct_running_mode=multi_threading")
        if "--direct_num_workers" not in said:
            added.append(f"--direct_num_workers={os.cpu_count() or 1}")
    options = PipelineOptions([*flags, *added])
    if options.view_as(StandardOptions).runner in (None, "DirectRunner"):
        # `DirectRunner` means another engine on another network.
        options.view_as(StandardOptions).runner = "FnApiRunner"
    return options


def load_keys(plan: Plan, keyring: str | None) -> tuple[KeyRef | None, tuple[KeyPart, ...]]:
    """Where workers find the keys that `plan` needs, and what a receipt says of them.

    Raises:
        KeysError: the plan needs keys and there are none.
    """
    if not plan.needs_keys:
        return None, ()
    if keyring is None:
        raise KeysError(f"policy `{plan.policy}` makes pseudonyms and needs --keys")
    opened = open_keyring(keyring)
    epoch = opened.current
    parts = {
        (release.item, str(leaf.method))
        for release in plan.releases
        for leaf in release.leaves
        if leaf.pseudonym
    }
    found = {}
    for item, method in sorted(parts):
        key = opened.key(plan.processing, item, method, epoch=epoch)
        found[item] = KeyPart(processing=plan.processing, item=item, epoch=epoch, key_id=key.key_id)
    return KeyRef(keyring, epoch), tuple(found.values())


def _check_same(before: Receipt, job: Job, keys: tuple[KeyPart, ...]) -> None:
    """Refuse a run id that stands for another run."""
    if _has_tables(job.inputs):
        read = [digest_table(uri, job.plan) for uri in job.inputs]
        inputs = {one.uri: one.sha256 for one in read}
    else:
        inputs = {file.uri: digest(file.uri)[1] for file in list_inputs(job.inputs, "parquet")}
    differs = [
        what
        for what, same in (
            ("plan", before.plan_sha256 == job.plan.sha256),
            ("inputs", {one.uri: one.sha256 for one in before.inputs} == inputs),
            (
                "key epochs",
                {(k.item, k.epoch) for k in before.keys} == {(k.item, k.epoch) for k in keys},
            ),
        )
        if not same
    ]
    if differs:
        raise UsageError(
            f"run `{job.run}` is committed in {parse_store(job.output).shown} with another "
            + " and ".join(differs)
        )


def _has_tables(inputs: tuple[str, ...]) -> bool:
    """Whether the inputs are tables of databases.

    Raises:
        UsageError: some are and some are files, or a table is not named.
    """
    addresses = map(parse_address, inputs)
    tables = [address for address in addresses if isinstance(address, DatabaseAddress)]
    for table in tables:
        if not table.table:
            raise UsageError(f"{table.shown}: which table? add ?table=NAME")
    if tables and len(tables) < len(inputs):
        raise UsageError("tables and files cannot be the inputs of one run")
    return bool(tables)


def _tidy(folder: Folder) -> None:
    top = folder.local()
    if top is not None:
        for name in ("_staging", "."):
            try:
                (top / name).rmdir()
            except OSError:
                return
