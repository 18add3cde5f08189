"""A stream from the driver's side: begin where it was cut, run, drain, go on under the next law.

A stream of Kafka runs in one process, on the local runner: its sink keeps positions and records in
one transaction. A signal drains it; on the first day on which the law or a document changes it
drains as well, and goes on under a plan of that day.
"""

import datetime
import re
import signal
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import FrameType

import apache_beam as beam
from apache_beam.options.pipeline_options import PipelineOptions, StandardOptions

from tamis.address import DatabaseAddress, KafkaAddress, PathAddress, parse_address, parse_stream
from tamis.beam.minimize import KeyRef
from tamis.beam.stream import Stream, sessions
from tamis.errors import UsageError
from tamis.filter.tally import Tally
from tamis.keys.sealed import PublicKey
from tamis.plan.plan import Plan
from tamis.runs.batch import load_keys
from tamis.runs.errors import worker_errors
from tamis.stores.protocol import check_run_id
from tamis.streams.from_topic import TopicReader
from tamis.streams.into_folder import FolderSink
from tamis.streams.into_tables import TableSink
from tamis.streams.into_topics import TopicSink
from tamis.streams.messages import Decode, avro_decoder, json_decoder
from tamis.streams.session import Ending, Session, Settings
from tamis.streams.sink import Patience, Sink


@dataclass(frozen=True)
class StreamJob:
    """A stream, whatever the law of the day.

    Attributes:
        source: address of the topic; not shown, for it may hold a password.
        output: address of the sink; not shown either.
        stream: id of the stream.
        keys: reference of the keyring, or None.
        seal_to: the key that originals of quarantined messages are sealed to, or None.
        records: messages after which a gathering is closed.
        seconds: time after which it is closed.
        period: how long a receipt's period is.
        once: whether to end when all that was there at the beginning is committed.
        avro_schemas: see `avro_decoder`.
        options: Beam's own options.
    """

    source: str = field(repr=False)
    output: str = field(repr=False)
    stream: str
    keys: str | None = None
    seal_to: PublicKey | None = None
    records: int = 5_000
    seconds: float = 0.02
    period: datetime.timedelta = datetime.timedelta(seconds=60)
    once: bool = False
    avro_schemas: tuple[str, ...] = ()
    options: tuple[str, ...] = ()


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


def run_stream(job: StreamJob, compile_plan: Callable[[], Plan]) -> Tally:
    """Run a stream until a signal drains it.

    Args:
        job: the stream.
        compile_plan: gives the plan of today; called again when the law changes.

    Returns:
        What was committed, all sessions together.

    Raises:
        UsageError: the addresses do not go together, or nothing may be released any more.
        RunError: it failed; what was not committed will be read again.
    """
    check_run_id(job.stream)
    _check(job)
    total = Tally()
    stop = _Stop()
    with drained_by_signals(stop.ask):
        while True:
            session, ending = _run_session(job, compile_plan(), stop)
            total.add(session.committed)
            if ending != "expired" or stop.asked:
                return total


def _check(job: StreamJob) -> None:
    runner = PipelineOptions(list(job.options)).view_as(StandardOptions).runner
    if runner not in (None, "DirectRunner", "FnApiRunner"):
        raise UsageError(
            f"{parse_stream(job.source).shown}: kafka streams run on the local runner; on {runner} "
            "a stream comes from pubsub://"
        )


def _run_session(job: StreamJob, plan: Plan, stop: "_Stop") -> tuple[Session, Ending]:
    keys, key_parts = load_keys(plan, job.keys)
    read = avro_decoder(job.avro_schemas) if plan.format.name == "avro" else json_decoder()
    reader = TopicReader(job.source, job.stream, job.records, job.seconds)
    settings = Settings(job.stream, job.period, job.once, key_parts)
    session = Session(plan, reader, _open_sink(job, plan, stop.wants_more), settings)
    stop.session = session
    if stop.asked:
        session.stop()
    try:
        session.open()
        _launch(job, session, read, keys)
        session.finish()
    finally:
        session.close()
    return session, session.ending or "stopped"


class _Stop:
    """What signals asked for, whichever session is under way, or none."""

    asked = False
    session: Session | None = None

    def ask(self) -> None:
        """End the session under way, and begin no other."""
        self.asked = True
        if self.session is not None:
            self.session.stop()

    def wants_more(self) -> bool:
        """Whether a sink shall go on waiting for its place."""
        return not self.asked


def _open_sink(job: StreamJob, plan: Plan, patience: Patience) -> Sink:
    address = parse_address(job.output)
    if isinstance(address, DatabaseAddress):
        return TableSink(job.output, plan, job.stream, patience)
    if isinstance(address, KafkaAddress):
        return TopicSink(job.output, plan, job.stream, patience)
    if not isinstance(address, PathAddress) or address.scheme not in ("", "gs", "s3"):
        raise UsageError(
            f"{address.shown}: a stream of kafka goes to a database, a topic of kafka or a folder"
        )
    return FolderSink(job.output, plan, job.stream)


def _launch(job: StreamJob, session: Session, read: Decode, keys: KeyRef | None) -> None:
    # With more workers the local runner drops what a source has left to read (Beam 2.77.0).
    ours = ("--runner=FnApiRunner", "--direct_running_mode=in_memory", "--direct_num_workers=1")
    options = PipelineOptions([*job.options, *ours, "--streaming"])
    sessions[job.stream] = session
    try:
        while not session.ending:
            pipeline = beam.Pipeline(options=options)
            _ = pipeline | "Stream" >> Stream(session.plan, job.stream, read, keys, job.seal_to)
            with worker_errors():
                pipeline.run().wait_until_finish()
    finally:
        del sessions[job.stream]


@contextmanager
def drained_by_signals(end: Callable[[], None]) -> Iterator[None]:
    """Let SIGTERM and SIGINT call `end` while the block runs, and nothing else."""

    def stop(number: int, frame: FrameType | None) -> None:
        end()

    names: Sequence[signal.Signals] = (signal.SIGTERM, signal.SIGINT)
    before = [signal.signal(one, stop) for one in names]
    try:
        yield
    finally:
        for one, handler in zip(names, before, strict=True):
            signal.signal(one, handler)
