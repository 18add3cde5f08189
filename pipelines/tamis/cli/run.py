"""`tamis run`: minimize inputs into a store.

dsn-droits: item R6323-37.I.1 under an entry that is superseded (an earlier wording was read)
run 20261123t101500-dsn-droits-a1b2c3 committed: 5 in, 3 released, 0 withheld, 2 quarantined
receipt: out/_receipts/20261123t101500-dsn-droits-a1b2c3.json
"""

import datetime
import sys
import threading
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from tamis import limits
from tamis.address import (
    PathAddress,
    StreamAddress,
    WatchAddress,
    is_local,
    parse_address,
    parse_store,
)
from tamis.cli.day import read_day
from tamis.cli.loading import loading_beam
from tamis.cli.progress import show_progress
from tamis.cli.run_json import Tell
from tamis.cli.telemetry import TelemetryOptions, listening
from tamis.errors import UsageError
from tamis.evidence.columns import advise
from tamis.evidence.fail_on import Guards
from tamis.evidence.receipt import ATTESTED, Receipt
from tamis.evidence.summary import RunSummary, summary_of
from tamis.evidence.wording import (
    counts_line,
    quarantine_lines,
    repeated_lines,
    skipped_line,
    withheld_lines,
)
from tamis.interrupts import ends_at_once, exit_on_signals
from tamis.language import _, ngettext, printable
from tamis.plan.compile import compile_plan
from tamis.plan.explain import shown_basis
from tamis.plan.guards import (
    check_approval,
    check_day,
    check_limited,
    check_register,
    check_unconfirmed,
    exception_of,
    needs_of,
)
from tamis.plan.plan import Plan
from tamis.plan.project import Project
from tamis.stores.opening import open_store
from tamis.stores.run_id import new_run_id
from tamis.telemetry.listener import Listeners

_FOR_STREAMS = (
    *("batch_records", "batch_ms", "period", "once", "partitions"),
    *("seal_to", "avro_schema", "max_lag"),
)
_NOT_FOR_STREAMS = ("on", "replay")


def check_options(given: Collection[str], inputs: tuple[str, ...]) -> None:
    """Refuse options that mean nothing for the inputs, rather than pass over them in silence.

    Args:
        given: names of the parameters that the command line sets.
        inputs: addresses.

    Raises:
        UsageError: an option is for streams and an input is none, or the other way round.
    """
    addresses = [parse_address(uri) for uri in inputs]
    streams = [address for address in addresses if isinstance(address, StreamAddress)]
    for name in given:
        option = f"--{name.replace('_', '-')}"
        if not streams and name in _FOR_STREAMS:
            raise UsageError(
                _("{option}: is for streams, an input of files or tables has none", option=option)
            )
        if streams and name in _NOT_FOR_STREAMS:
            raise UsageError(
                _("{option}: a stream is judged under the law of its day", option=option)
            )
        is_watched = any(isinstance(address, WatchAddress) for address in streams)
        if name == "inputs_by_digest" and streams and not is_watched:
            raise UsageError(_("{option}: is for files, a message has no name", option=option))
        if is_watched and name in _FOR_STREAMS and name not in ("once", "max_lag"):
            raise UsageError(
                _("{option}: is for messages, a file stays where it is", option=option)
            )


def print_attested(plan: Plan) -> None:
    """Print what the register's entries and the needs stand on, if it is not read or confirmed."""
    for release in plan.releases:
        if release.attested != "read":
            print(
                _(
                    "{policy}: release {release} stands on a register entry for {item} that is "
                    "{attested} ({meaning})",
                    policy=plan.policy,
                    release=release.id,
                    item=release.item,
                    attested=_(release.attested),
                    meaning=_(ATTESTED[release.attested]),
                ),
                file=sys.stderr,
            )
        for reason in release.to_confirm:
            text = _(
                "{policy}: release {release} rests on what is to be confirmed: {reason}",
                policy=plan.policy,
                release=release.id,
                reason=shown_basis(reason),
            )
            print(text, file=sys.stderr)
    for what in (*needs_of(plan), "empty"):
        if known := exception_of(plan, what):
            text = _(
                "{policy}: `{what}` is allowed until {until} by {by}: {because}",
                policy=plan.policy,
                what=what,
                until=known.until,
                by=known.by,
                because=known.because,
            )
            print(text, file=sys.stderr)


def compile_allowed(
    project: Project,
    policy: str,
    day: datetime.date,
    allow_example: bool,
    allow_unconfirmed: bool = False,
) -> Plan:
    """Compile the plan of `day`, and print what it stands on.

    Raises:
        UsageError: it stands on an example, or on what is to be confirmed, and that is not allowed.
    """
    plan = compile_plan(project, policy, day)
    check_register(plan, allow_example)
    check_unconfirmed(plan, allow_unconfirmed)
    check_approval(plan)
    check_limited(plan)
    print_attested(plan)
    return plan


def tell_unused_keys(plan: Plan, keys: str | None) -> None:
    """Say that the plan makes no pseudonyms, where keys are given all the same.

    Raises:
        KeysError: the keyring that is given is none.
    """
    if keys is None or plan.needs_keys or plan.asks_list:
        return
    from tamis.keys.keyring import Keyring, open_keyring

    if keys.startswith("env:"):
        open_keyring(keys)
    else:
        Keyring.open(keys, unlock=False)
    text = _("policy `{policy}` makes no pseudonyms: --keys is not used", policy=plan.policy)
    print(text, file=sys.stderr)


def warn_of_output(output: str) -> None:
    """Say what stands in the folder of a new store that is no store's."""
    address = parse_store(output)
    if not isinstance(address, PathAddress) or not is_local(address.uri):
        return
    folder = Path(address.uri)
    if (folder / "policies").is_dir():
        text = _("{folder}: is a project; its store stands among its documents", folder=folder)
        print(text, file=sys.stderr)
    files = [path for path in folder.glob("[!._]*") if path.is_file()]
    if files:
        text = ngettext(
            "{folder}: holds {count} file of no run, `tamis verify` will refuse it",
            "{folder}: holds {count} files of no run, `tamis verify` will refuse them",
            len(files),
            folder=folder,
        )
        print(text, file=sys.stderr)


@dataclass(frozen=True)
class RunOptions:
    """What the command line says of a run or a stream, by the names of its options.

    Attributes:
        beam: what stands after `--`.
    """

    policy: str
    inputs: tuple[str, ...]
    output: str
    keys: str | None
    run_id: str | None
    on: str | None
    replay: bool
    allow_example: bool
    allow_unconfirmed: bool
    fail_on: tuple[str, ...]
    inputs_by_digest: bool
    batch_records: int
    batch_ms: int
    period: int
    once: bool
    partitions: str | None
    seal_to: Path | None
    avro_schema: tuple[str, ...]
    metrics: str | None
    max_lag: int | None
    lineage: str | None
    beam: tuple[str, ...] = ()

    @property
    def telemetry(self) -> TelemetryOptions:
        """Who is told of it."""
        return TelemetryOptions(self.metrics, self.max_lag, self.lineage)

    def compile_allowed(self, project: Project, day: datetime.date) -> Plan:
        """The plan of a day; see the function of this name."""
        return compile_allowed(
            project, self.policy, day, self.allow_example, self.allow_unconfirmed
        )


def run_command(project: Project, options: RunOptions, guards: Guards, tell: Tell) -> int:
    """Run, and print the counts and where the receipt is; 0 when committed."""
    with listening(
        options.telemetry, options.policy, options.inputs, by_digest=options.inputs_by_digest
    ) as listeners:
        return _run(project, options, guards, tell, listeners)


def _run(
    project: Project, options: RunOptions, guards: Guards, tell: Tell, listeners: Listeners
) -> int:
    day, inputs, output = read_day(options.on), options.inputs, options.output
    check_day(day, options.replay)
    plan = options.compile_allowed(project, day)
    tell_unused_keys(plan, options.keys)
    warn_of_output(output)
    name = options.run_id or new_run_id(options.policy)
    beam = options.beam
    with ends_at_once(
        lambda is_committing: _interrupted(name, output, beam, is_committing, listeners)
    ):
        with loading_beam(() if beam else (*inputs, output)):
            import pyarrow as pa

            from tamis.runs.batch import Job, run
            from tamis.runs.beam_options import check_beam_options

        beam = check_beam_options(beam)
        # Batches come and go: pages that other pools give back are asked for again each time.
        pa.set_memory_pool(pa.system_memory_pool())
        job = Job(
            *(plan, inputs, output, name, options.keys, beam, limits.USUAL, guards),
            inputs_by_digest=options.inputs_by_digest,
        )
        with show_progress():
            receipt, before = run(job, listeners)
    exit_on_signals(0)
    if receipt is None:
        print(_("job {run} is built, and not launched from here", run=name))
        tell(RunSummary(run=name, policy=options.policy, outcome="built", exit_code=0))
        return 0
    address = open_store(output).receipt_address(name)
    if before:
        print(_("run {run} was committed before, nothing to do", run=name))
    else:
        print_receipt(receipt)
        print(_("run {run} committed", run=name))
    print(_("receipt: {address}", address=address))
    tell(summary_of(receipt, address, before=before))
    return 0


def _interrupted(
    name: str, output: str, beam: tuple[str, ...], is_committing: bool, listeners: Listeners
) -> str:
    """What stands of a run that a signal ended, and how to go on."""
    if beam:
        from tamis.runs.launch import ends_with_driver, read_options, stop_job_servers

        threading.Thread(target=stop_job_servers, daemon=True).start()
        if not ends_with_driver(read_options(beam)):
            return _(
                "interrupted: job {run} may go on on its runner, and commits by its receipt",
                run=name,
            )
    store = open_store(output)
    if is_committing:
        return _(
            "interrupted while run {run} was being committed: `tamis recover {store}` completes "
            "it, if its receipt stands",
            run=name,
            store=store.shown,
        )
    if store.committed(name):
        return _(
            "interrupted after the commit of run {run}: `tamis recover {store}` completes it",
            run=name,
            store=store.shown,
        )
    listeners.interrupted()
    return _(
        "interrupted: nothing of run {run} is committed; the same command runs it anew, and "
        "`tamis recover {store}` removes what was staged once it is 24 hours old",
        run=name,
        store=store.shown,
    )


def print_receipt(receipt: Receipt) -> None:
    """Print the counts of a receipt, and what its reader should not overlook."""
    counts = counts_line(receipt.counts)
    print(_("{policy} on {day}: {counts}", policy=receipt.policy, day=receipt.day, counts=counts))
    for name, release in receipt.releases.items():
        line = _(
            "{release} ({item}, {purpose}): {rows:# row|# rows}",
            release=name,
            item=release.item,
            purpose=release.purpose,
            rows=release.rows,
        )
        redacted = sum(release.redacted.values())
        if redacted:
            line += _(", {count:# NIR|# NIRs} redacted", count=redacted)
        print(f"  {line}")
    for line in repeated_lines(receipt):
        print("  " + printable(line))
    for line in withheld_lines(receipt):
        print("  " + _("withheld, {line}", line=line))
    for line in quarantine_lines(receipt):
        print("  " + printable(_("quarantined, {line}", line=line)))
    if names := receipt.drift.unknown:
        print("  " + _("drift, unknown columns: {columns}", columns=", ".join(names)))
    if names := receipt.drift.missing:
        print("  " + _("drift, missing columns: {columns}", columns=", ".join(names)))
    if line := skipped_line(receipt):
        print(f"  {line}")
    for name, count in receipt.anomalies.items():
        advice = advise(name)
        line = _("anomaly, {name}: {count}", name=name, count=count)
        print(f"  {line}{f' ({advice})' if advice else ''}")
