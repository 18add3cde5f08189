"""`tamis redrive`: judge the quarantined records of a run again, after what stopped them is mended.

evaluation-cpf on 2026-11-24: 14 in, 12 released, 0 withheld, 2 quarantined
run 2026-11-23-eval-redriven committed: it judged 14 records that run 2026-11-23-eval quarantined
"""

from dataclasses import dataclass

from tamis.cli.loading import loading_beam
from tamis.cli.progress import show_progress
from tamis.cli.run import compile_allowed, print_receipt, tell_unused_keys
from tamis.cli.telemetry import TelemetryOptions, listening
from tamis.cli.unseal import open_private_keys
from tamis.documents.calendar import today
from tamis.evidence.fail_on import Guards
from tamis.filter.drift import WITHHELD
from tamis.interrupts import ends_at_once, exit_on_signals
from tamis.language import _
from tamis.plan.plan import Plan
from tamis.plan.project import Project
from tamis.stores.opening import open_store
from tamis.telemetry.listener import Listeners
from tamis.upkeep.redrive import Redrive, find_redrive


@dataclass(frozen=True)
class RedriveOptions:
    """What the command line says beside the run, by the names of its options."""

    inputs: tuple[str, ...]
    keys: str | None
    key: tuple[str, ...]
    avro_schema: tuple[str, ...]
    allow_example: bool
    allow_unconfirmed: bool
    fail_on: tuple[str, ...]
    allow_empty: bool
    lineage: str | None


def redrive_command(project: Project, uri: str, run: str, options: RedriveOptions) -> int:
    """Judge again what a run quarantined, and print what became of it; 0 when committed."""
    guards = Guards(options.fail_on, options.allow_empty)
    found = find_redrive(uri, run)
    if found.done_by is not None or not found.records:
        print(_nothing_to_do(found))
        return 0
    plan = compile_allowed(
        project,
        found.receipt.policy,
        today(),
        options.allow_example,
        options.allow_unconfirmed,
    )
    tell_unused_keys(plan, options.keys)
    with listening(
        TelemetryOptions(lineage=options.lineage),
        found.receipt.policy,
        options.inputs,
        by_digest=any(WITHHELD in part.uri for part in found.receipt.inputs),
    ) as listeners:
        return _redrive(found, plan, uri, options, guards, listeners)


def _redrive(
    found: Redrive,
    plan: Plan,
    uri: str,
    options: RedriveOptions,
    guards: Guards,
    listeners: Listeners,
) -> int:
    keys = open_private_keys(options.key)

    def interrupted(is_committing: bool) -> str:
        if not is_committing and open_store(uri).committed(found.run) is None:
            listeners.interrupted()
        return _("interrupted: the same command goes on where this one was")

    with ends_at_once(interrupted):
        with loading_beam((*options.inputs, uri) if options.inputs else ()):
            from tamis.runs.redrive import RedriveJob, redrive
        job = RedriveJob(
            *(found, plan, uri, options.inputs, options.keys, keys, options.avro_schema, guards)
        )
        with show_progress():
            receipt, before = redrive(job, listeners)
    exit_on_signals(0)
    if before:
        print(_("run {run} was committed before, nothing to do", run=receipt.run))
    else:
        print_receipt(receipt)
        text = _(
            "run {run} committed: it judged {records:# record|# records} that run {old} "
            "quarantined",
            run=receipt.run,
            records=receipt.counts.in_,
            old=found.receipt.run,
        )
        print(text)
    print(_("receipt: {address}", address=open_store(uri).receipt_address(receipt.run)))
    return 0


def _nothing_to_do(found: Redrive) -> str:
    if found.done_by is None:
        return _("run {run}: quarantined no record, nothing to do", run=found.receipt.run)
    return _(
        "run {old}: its quarantined records were judged again by run {run}; nothing is judged "
        "twice, what {run} quarantined in its turn is judged by giving {run}",
        old=found.receipt.run,
        run=found.done_by,
    )
