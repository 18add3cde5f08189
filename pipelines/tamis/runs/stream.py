"""A stream on this machine: begin where it was cut, run until drained, go on under the next law.

The stream runs in this process, without Beam: `tamis.streams.session` is its loop and says why.
SIGTERM and SIGINT drain it. On the first day on which the law or a document changes it drains as
well, and goes on under a plan of that day; so it does when the list of limited persons is changed.
"""

import re
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

from tamis.address import (
    DatabaseAddress,
    KafkaAddress,
    PathAddress,
    PubsubAddress,
    parse_address,
    parse_stream,
    require_driver,
)
from tamis.beam.keys import PinnedKeys, with_list
from tamis.errors import UsageError
from tamis.filter.tally import Tally
from tamis.filter.treat import KeySource
from tamis.language import _
from tamis.plan.plan import Plan
from tamis.runs.batch import load_keys
from tamis.stores.run_id import check_run_id
from tamis.streams.into_folder import FolderSink
from tamis.streams.job import StreamJob, decoder_of
from tamis.streams.judge import Judge
from tamis.streams.reader import Reader
from tamis.streams.session import Session, Settings
from tamis.streams.sink import KeepWaiting, Sink
from tamis.telemetry.listener import SILENT, Listeners, StartedRun

_FOR_KAFKA = ("FlinkRunner", "PortableRunner", "PrismRunner")
_LOCAL_OPTIONS = ("--runner", "--direct_", "--streaming")
_FOLDERS = ("", "gs", "s3", "hdfs", "azfs")
_RECEIPT = "-20261123t000000-00000000"
"""What a receipt's id has behind the stream's."""


def stream_id(policy: str, source: str) -> str:
    """The id of the stream of `source` under `policy`, where none is given: the same each time.

    Example:
        >>> stream_id("evaluation-cpf", "kafka://u:p@broker:9092/Feed")
        'evaluation-cpf-feed'
        >>> stream_id("dsn-droits", "watch:/in/dsn/*.dsn")
        'dsn-droits-dsn-dsn'
    """
    name = parse_stream(source).name
    return re.sub(r"[^a-z0-9]+", "-", f"{policy}-{name}".lower()).strip("-")[:96]


def run_stream(
    job: StreamJob, compile_plan: Callable[[], Plan], listeners: Listeners = SILENT
) -> Tally:
    """Run a stream until a signal drains it.

    Args:
        job: the stream.
        compile_plan: gives the plan of today; called again when the law changes.
        listeners: who is told of sessions, commits and lag.

    Returns:
        Counts of what was committed.

    Raises:
        UsageError: the addresses do not go together, an extra is missing, or nothing may be
            released any more.
        RunError: it failed; messages that were not committed will be read again.
    """
    check_addresses(job)
    total = Tally()
    stop = threading.Event()
    with drained_by_signals(stop.set):
        while True:
            session = _run_session(job, compile_plan(), stop, listeners)
            total.add(session.committed)
            if session.ending != "expired" or stop.is_set():
                return total


def check_addresses(job: StreamJob) -> None:
    """Check that the stream's id may be one, and that source and sink go together.

    Raises:
        UsageError: they do not, or a driver is not installed.
    """
    check_run_id(job.stream + _RECEIPT)
    source, output = parse_stream(job.source), parse_address(job.output)
    is_kafka = isinstance(source, KafkaAddress)
    require_driver(source, "kafka" if is_kafka else "gcp")
    if job.partitions and not is_kafka:
        raise UsageError(_("--partitions: a subscription of Pub/Sub has none"))
    if isinstance(output, PathAddress) and output.scheme in _FOLDERS:
        return
    if is_kafka and isinstance(output, DatabaseAddress):
        require_driver(output, "postgres")
    elif is_kafka and not isinstance(output, KafkaAddress):
        why = _("a stream of Kafka must go to a database, a topic of Kafka or a folder")
        raise UsageError(f"{output.shown}: {why}")
    elif not is_kafka and not (isinstance(output, PubsubAddress) and output.is_topic):
        why = _("a stream of Pub/Sub must go to a topic of Pub/Sub or a folder")
        raise UsageError(f"{output.shown}: {why}")


def engine_of(job: StreamJob) -> str | None:
    """The runner that the stream is a job for, as Beam's options say; None for this machine.

    Raises:
        UsageError: they name one that cannot run it, or do not apply to this machine.
    """
    if not job.options:
        return None
    from tamis.runs.launch import DATAFLOW, LOCAL, read_options, runner_of

    runner = runner_of(read_options(job.options))
    if runner != LOCAL:
        source = parse_stream(job.source)
        if isinstance(source, KafkaAddress):
            if runner not in _FOR_KAFKA:
                why = _(
                    "a stream of Kafka runs on this machine, Flink or Prism, not on {runner}",
                    runner=runner,
                )
                raise UsageError(f"{source.shown}: {why}")
            return runner
        if runner != DATAFLOW:
            why = _("a stream runs on this machine or on Dataflow, not on {runner}", runner=runner)
            raise UsageError(f"{source.shown}: {why}")
        if job.once:
            raise UsageError(_("--once: a job of Dataflow does not end by itself; drain it"))
        return runner
    for option in job.options:
        if option.startswith("-") and not option.startswith(_LOCAL_OPTIONS):
            name = option.partition("=")[0]
            raise UsageError(
                _("option {name} of Beam does not apply to a stream on this machine", name=name)
            )
    return None


def _run_session(
    job: StreamJob, plan: Plan, stop: threading.Event, listeners: Listeners
) -> Session:
    rows = isinstance(parse_address(job.output), PubsubAddress)
    ref, key_parts = load_keys(plan, job.keys, rows=rows)
    keys = None if ref is None else PinnedKeys(ref)
    limited = None if keys is None else keys.limited_now()
    watch = None if keys is None else keys.watch(limited)
    decode = decoder_of(plan, job.source, job.avro_schemas)
    judge = Judge(plan, job.stream, decode, keys, job.seal_to, limited=limited)
    settings = Settings(job.stream, job.period, job.once, with_list(key_parts, limited))
    sink = _make_sink(job, plan, lambda: not stop.is_set(), keys)
    reader = _make_reader(job)
    session = Session(*(plan, reader, sink, settings, stop), listeners=listeners, watch=watch)
    try:
        with listeners.during(StartedRun(plan, job.stream, (reader.source,), sink.shown, True)):
            session.open()
            session.run(judge.judge)
    finally:
        session.close()
    return session


def _make_reader(job: StreamJob) -> Reader:
    if isinstance(parse_stream(job.source), KafkaAddress):
        from tamis.streams.from_kafka import KafkaReader

        return KafkaReader(job.source, job.stream, job.records, job.seconds, job.partitions)
    from tamis.streams.from_pubsub import PubsubReader

    return PubsubReader(job.source, job.stream, job.records)


def _make_sink(
    job: StreamJob, plan: Plan, keep_waiting: KeepWaiting, keys: KeySource | None
) -> Sink:
    match parse_address(job.output):
        case DatabaseAddress():
            from tamis.streams.into_tables import TableSink

            return TableSink(job.output, plan, job.stream, keep_waiting)
        case KafkaAddress():
            from tamis.streams.into_kafka import KafkaSink

            return KafkaSink(job.output, plan, job.stream, keep_waiting)
        case PubsubAddress():
            from tamis.streams.into_pubsub import PubsubSink

            return PubsubSink(job.output, plan, job.stream, keep_waiting, keys)
    return FolderSink(job.output, plan, job.stream)


@contextmanager
def drained_by_signals(stop: Callable[[], None]) -> Iterator[None]:
    """Let SIGTERM and SIGINT call `stop` while the block runs, and do nothing else."""

    def handle(_number: int, _frame: FrameType | None) -> None:
        stop()

    before = {number: signal.signal(number, handle) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
