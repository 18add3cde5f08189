"""`tamis run` of a stream: until a signal drains it.

tamis: kafka://broker:9092/feed: reading at its beginning
tamis: evaluation-cpf-feed: 120000 in, 118211 released, 1780 withheld, 9 quarantined; 2000/s, …
stream evaluation-cpf-feed drained: 120000 in, 118211 released, 1780 withheld, 9 quarantined
"""

import datetime
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tamis.address import PubsubAddress, StreamAddress, WatchAddress, parse_address
from tamis.cli.loading import loading_beam
from tamis.cli.progress import show_log
from tamis.cli.run import compile_allowed, tell_receipt
from tamis.documents.calendar import today
from tamis.errors import UsageError
from tamis.evidence.receipt import Receipt
from tamis.plan.plan import Plan
from tamis.plan.project import Project


@dataclass(frozen=True)
class Asked:
    """What was asked on the command line."""

    keys: str | None
    run_id: str | None
    allow_example: bool
    batch_records: int
    batch_ms: int
    period: int
    once: bool
    seal_to: Path | None
    avro_schemas: tuple[str, ...]
    options: tuple[str, ...]


def run_stream_command(
    project: Project, policy: str, inputs: tuple[str, ...], output: str, asked: Asked
) -> int:
    """Run a stream, and tell the counts once it is drained; 0 then."""
    if len(inputs) != 1:
        raise UsageError("a stream has one --input")
    (source,) = inputs
    first = compile_allowed(project, policy, today(), asked.allow_example)
    plans = iter([first])

    def compile_today() -> Plan:
        return next(plans, None) or compile_allowed(project, policy, today(), asked.allow_example)

    with loading_beam():
        from tamis.runs.kafka import stream_id
    stream = asked.run_id or stream_id(policy, source)
    address = parse_address(source)
    if isinstance(address, WatchAddress):
        return _watch(address, output, stream, asked, compile_today)
    return _read_messages(source, output, stream, asked, compile_today)


def _read_messages(
    source: str, output: str, stream: str, asked: Asked, compile_today: Callable[[], Plan]
) -> int:
    from tamis.keys.seal_keys import read_public_key
    from tamis.runs.batch import builds_only
    from tamis.runs.kafka import StreamJob

    job = StreamJob(
        source,
        output,
        stream,
        asked.keys,
        read_public_key(asked.seal_to) if asked.seal_to else None,
        asked.batch_records,
        asked.batch_ms / 1000,
        datetime.timedelta(seconds=asked.period),
        asked.once,
        asked.avro_schemas,
        asked.options,
    )
    with show_log():
        if isinstance(parse_address(source), PubsubAddress):
            from tamis.runs.pubsub import run_pubsub as run_it
        else:
            from tamis.runs.kafka import run_stream as run_it
        total = run_it(job, compile_today)
    if total is None:
        built = builds_only(asked.options)
        print(
            f"stream {job.stream} was built and not launched, as --dry_run says"
            if built
            else f"stream {job.stream} is handed over to its runner"
        )
        return 0
    print(
        f"stream {job.stream} drained: {total.records} in, {total.released} released, "
        f"{total.withheld} withheld, {total.quarantined} quarantined",
    )
    return 0


def _watch(
    source: WatchAddress, output: str, stream: str, asked: Asked, compile_today: Callable[[], Plan]
) -> int:
    from tamis.runs.kafka import drained_by_signals
    from tamis.runs.watch import WatchJob, watch

    target = parse_address(output)
    if isinstance(target, StreamAddress):
        raise UsageError(f"{target.shown}: a watched folder goes to a store or a database")
    if asked.seal_to is not None:
        raise UsageError("--seal-to is for messages: a file stays where it is")
    stop = threading.Event()
    job = WatchJob(
        source.pattern, output, stream, asked.keys, once=asked.once, options=asked.options
    )
    with show_log(), drained_by_signals(stop.set):
        files = watch(job, compile_today, _tell_round, stop)
    print(f"stream {stream} drained: {files} files")
    return 0


def _tell_round(receipt: Receipt) -> None:
    tell_receipt(receipt)
    print(f"run {receipt.run} committed: {len(receipt.inputs)} files", flush=True)
