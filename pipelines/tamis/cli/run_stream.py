"""`tamis run` of a stream: until a signal drains it.

tamis: kafka://broker:9092/feed: reading at its beginning
tamis: evaluation-cpf-feed: 120000 in, 118211 released, 1780 withheld, 9 quarantined; 2000/s, …
stream evaluation-cpf-feed drained: 120000 in, 118211 released, 1780 withheld, 9 quarantined
"""

import datetime
import threading
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from tamis.address import KafkaAddress, StreamAddress, WatchAddress, parse_address
from tamis.cli.loading import loading_beam
from tamis.cli.logs import show_log
from tamis.cli.run import RunOptions, print_receipt, tell_unused_keys
from tamis.cli.run_json import Tell
from tamis.cli.telemetry import TelemetryOptions, listening
from tamis.documents.calendar import today
from tamis.errors import UsageError
from tamis.evidence.fail_on import Guards, check_attested, parse_fail_on
from tamis.evidence.receipt import Counts, Receipt, counts_of
from tamis.evidence.summary import Outcome, RunSummary, summary_of
from tamis.evidence.wording import counts_line
from tamis.interrupts import exit_on_signals
from tamis.language import _
from tamis.plan.plan import Plan
from tamis.plan.project import Project
from tamis.stores.opening import open_store
from tamis.telemetry.listener import Listeners

if TYPE_CHECKING:
    from tamis.streams.job import StreamJob


def run_stream_command(project: Project, options: RunOptions, guards: Guards, tell: Tell) -> int:
    """Run a stream, and print the counts once it is drained; 0 then."""
    policy, inputs = options.policy, options.inputs
    if len(inputs) != 1:
        raise UsageError(_("a stream must have one --input"))
    (source,) = inputs
    address = parse_address(source)
    is_watch = isinstance(address, WatchAddress)
    conditions = parse_fail_on(options.fail_on, "run" if is_watch else "stream")
    if guards.allow_empty and not is_watch:
        raise UsageError(_("--allow-empty: a stream commits while it reads, whatever it finds"))

    def compile_checked() -> Plan:
        plan = options.compile_allowed(project, today())
        check_attested(plan, conditions)
        return plan

    first = compile_checked()
    tell_unused_keys(first, options.keys)
    plans = iter([first])

    def compile_today() -> Plan:
        return next(plans, None) or compile_checked()

    with loading_beam():
        from tamis.runs.beam_options import check_beam_options
        from tamis.runs.stream import stream_id
        from tamis.streams.partitions import read_partitions, share_id
    options = replace(options, beam=check_beam_options(options.beam))
    partitions = read_partitions(options.partitions) if options.partitions is not None else ()
    stream = share_id(options.run_id or stream_id(policy, source), partitions)
    with (
        show_log(),
        listening(
            options.telemetry,
            policy,
            inputs,
            is_stream=True,
            by_digest=options.inputs_by_digest,
        ) as listeners,
    ):
        if isinstance(address, WatchAddress):
            return _watch(address, stream, options, guards, compile_today, tell, listeners)
        outcome, counts = _run_messages(stream, partitions, options, compile_today, listeners)
    tell(RunSummary(run=stream, policy=policy, outcome=outcome, exit_code=0, counts=counts))
    return 0


def _run_messages(
    stream: str,
    partitions: tuple[int, ...],
    options: RunOptions,
    compile_today: Callable[[], Plan],
    listeners: Listeners,
) -> tuple[Outcome, Counts | None]:
    from tamis.keys.seal_keys import read_public_key
    from tamis.runs.stream import engine_of, run_stream
    from tamis.streams.job import StreamJob

    job = StreamJob(
        options.inputs[0],
        options.output,
        stream,
        keys=options.keys,
        seal_to=read_public_key(options.seal_to) if options.seal_to else None,
        records=options.batch_records,
        seconds=options.batch_ms / 1000,
        period=datetime.timedelta(seconds=options.period),
        once=options.once,
        avro_schemas=options.avro_schema,
        options=options.beam,
        partitions=partitions,
    )
    if engine_of(job) is not None:
        if options.telemetry != TelemetryOptions():
            raise UsageError(
                _(
                    "--metrics, --max-lag and --lineage: are for streams on this machine; those of "
                    "an engine are told by the engine"
                )
            )
        return _on_engine(job, compile_today)
    total = run_stream(job, compile_today, listeners)
    exit_on_signals(0)
    counts = counts_of(total)
    print(_("stream {stream} drained: {counts}", stream=stream, counts=counts_line(counts)))
    return "drained", counts


def _on_engine(
    job: "StreamJob", compile_today: Callable[[], Plan]
) -> tuple[Outcome, Counts | None]:
    if not isinstance(parse_address(job.source), KafkaAddress):
        return _hand_over(job, compile_today())
    from tamis.runs.kafka import run_on_engine

    counts = run_on_engine(job, compile_today)
    print(_("stream {stream} ended: {counts}", stream=job.stream, counts=counts_line(counts)))
    return "drained", counts


def _hand_over(job: "StreamJob", plan: Plan) -> tuple[Outcome, None]:
    from tamis.runs.launch import builds_only
    from tamis.runs.stream import check_addresses

    check_addresses(job)
    from tamis.runs.pubsub import launch_stream

    launch_stream(job, plan)
    if builds_only(job.options):
        print(_("stream {stream} is built, and not launched from here", stream=job.stream))
        return "built", None
    print(_("stream {stream} is handed over to its runner", stream=job.stream))
    return "handed-over", None


def _watch(
    source: WatchAddress,
    stream: str,
    options: RunOptions,
    guards: Guards,
    compile_today: Callable[[], Plan],
    tell: Tell,
    listeners: Listeners,
) -> int:
    from tamis.runs.stream import drained_by_signals
    from tamis.runs.watch import WatchJob, watch

    output = options.output
    target = parse_address(output)
    if isinstance(target, StreamAddress):
        raise UsageError(
            _("{address}: a watched folder goes to a store or a database", address=target.shown)
        )
    stop = threading.Event()
    job = WatchJob(
        source.pattern,
        output,
        stream,
        options.keys,
        once=options.once,
        options=options.beam,
        guards=guards,
        inputs_by_digest=options.inputs_by_digest,
    )

    def tell_round(receipt: Receipt) -> None:
        _print_round(receipt)
        tell(summary_of(receipt, open_store(output).receipt_address(receipt.run)))

    with drained_by_signals(stop.set):
        files = watch(job, compile_today, tell_round, stop, listeners)
    exit_on_signals(0)
    print(_("stream {stream} drained: {count:# file|# files}", stream=stream, count=files))
    return 0


def _print_round(receipt: Receipt) -> None:
    print_receipt(receipt)
    count = len(receipt.inputs)
    print(
        _("run {run} committed: {count:# file|# files}", run=receipt.run, count=count), flush=True
    )
