"""A stream of Pub/Sub from the driver's side: build the job, hand it over, or run it to its drain.

On Dataflow the job runs until its operator drains or updates it. On the local runner a signal
drains it; when the law or a document changes it drains as well, and goes on under a plan of that
day.
"""

import datetime
import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import apache_beam as beam
from apache_beam.options.pipeline_options import PipelineOptions, StandardOptions

from tamis.address import PathAddress, PubsubAddress, parse_address, require_driver
from tamis.documents.calendar import today
from tamis.errors import RunError, UsageError
from tamis.filter.tally import Tally
from tamis.plan.plan import Plan
from tamis.runs.batch import builds_only, load_keys
from tamis.runs.errors import worker_errors
from tamis.runs.kafka import StreamJob, drained_by_signals
from tamis.stores.opening import open_store
from tamis.stores.protocol import check_run_id
from tamis.streams.messages import avro_decoder, json_decoder

if TYPE_CHECKING:
    from tamis.beam.pubsub import Topics

_LOCAL = (None, "DirectRunner", "BundleBasedDirectRunner", "FnApiRunner")
_SUFFIX = "-20261123t000000-00000000"
_PATIENCE_SECONDS = 10.0
_BEFORE_EXPIRY = datetime.timedelta(seconds=10)

_log = logging.getLogger("tamis")


def run_pubsub(job: StreamJob, compile_plan: Callable[[], Plan]) -> Tally | None:
    """Run a stream of Pub/Sub.

    Args:
        job: the stream.
        compile_plan: gives the plan of today; called again when the law changes.

    Returns:
        What was committed until it was drained; None where the job was only built, or handed over
        to another runner than the local one.

    Raises:
        UsageError: the addresses do not go together, a topic is missing and cannot be made, the
            extra `gcp` is missing, or nothing may be released any more.
        RunError: it failed.
    """
    check_run_id(job.stream + _SUFFIX)
    source = PubsubAddress.of(job.source)
    require_driver(source, "gcp")
    sink = _sink(job)
    runner = PipelineOptions(list(job.options)).view_as(StandardOptions).runner
    if runner not in _LOCAL:
        if job.once:
            raise UsageError("--once: only the local runner ends by itself; drain the job")
        _launch(job, compile_plan(), source, sink, ())
        return None
    while _run_locally(job, compile_plan(), source, sink) == "expired":
        pass
    from tamis.beam.pubsub import here

    return here.committed


def _run_locally(
    job: StreamJob, plan: Plan, source: PubsubAddress, sink: PubsubAddress | str
) -> str | None:
    """Run until a signal or the plan's end; which of them it was."""
    from tamis.beam.pubsub_local import Reading, reading

    def is_expired() -> bool:
        return _ends_soon(plan)

    if isinstance(sink, str):
        open_store(sink).recover()
    one = Reading(is_expired, job.once)
    with drained_by_signals(one.stop), reading(one):
        _log.info("%s: reading", source.shown)
        _launch(job, plan, source, sink, ("--runner=BundleBasedDirectRunner",))
    if isinstance(sink, str):
        open_store(sink).recover()  # sweeps the staging folder away
    while one.ending == "expired" and plan.valid_until and today() < plan.valid_until:
        time.sleep(0.1)
    return one.ending


def _ends_soon(plan: Plan) -> bool:
    """Whether the plan's last day is over, or so nearly that what is read now is judged after."""
    if plan.valid_until is None:
        return False
    soon = datetime.datetime.now(ZoneInfo("Europe/Paris")) + _BEFORE_EXPIRY
    return max(today(), soon.date()) >= plan.valid_until


def _launch(
    job: StreamJob,
    plan: Plan,
    source: PubsubAddress,
    sink: PubsubAddress | str,
    options: tuple[str, ...],
) -> None:
    from tamis.beam.pubsub import PubsubStream, Topics

    keys, key_parts = load_keys(plan, job.keys)
    if not builds_only(job.options):
        _check_source(source)
        if isinstance(sink, PubsubAddress):
            _make_topics(Topics.of(sink.path, plan))
    stream = PubsubStream(
        plan,
        job.stream,
        source,
        sink,
        job.period,
        avro_decoder(job.avro_schemas) if plan.format.name == "avro" else json_decoder(),
        keys,
        key_parts,
        job.seal_to,
        job.records,
    )
    try:
        pipeline = beam.Pipeline(options=PipelineOptions([*job.options, *options, "--streaming"]))
    except (ImportError, ValueError) as error:
        raise UsageError(f"Beam refuses its options: {' '.join(str(error).split())}") from None
    _ = pipeline | "Stream" >> stream
    with worker_errors():
        result = pipeline.run()
        if options:
            result.wait_until_finish()


def _sink(job: StreamJob) -> PubsubAddress | str:
    address = parse_address(job.output)
    if isinstance(address, PubsubAddress):
        if not address.is_topic:
            raise UsageError(f"{address.shown}: a sink is a topic, not a subscription")
        return address
    if not isinstance(address, PathAddress):
        raise UsageError(
            f"{address.shown}: a stream of pubsub goes to a topic of pubsub or a folder"
        )
    return address.uri


def _check_source(source: PubsubAddress) -> None:
    """Refuse a subscription or topic that is not there.

    Raises:
        UsageError: it is not.
        RunError: Pub/Sub cannot be reached.
    """
    from google.api_core.exceptions import NotFound, PermissionDenied
    from google.pubsub_v1 import PublisherClient, SubscriberClient

    with _reached(source.shown):
        try:
            if source.is_topic:
                PublisherClient().get_topic(topic=source.path, timeout=_PATIENCE_SECONDS)
            else:
                SubscriberClient().get_subscription(
                    subscription=source.path, timeout=_PATIENCE_SECONDS
                )
        except NotFound:
            raise UsageError(f"{source.shown}: is not there") from None
        except PermissionDenied:
            return  # who may read need not be allowed to look


def _make_topics(topics: "Topics") -> None:
    """Make the topics that are missing.

    Raises:
        UsageError: one is missing and cannot be made.
        RunError: Pub/Sub cannot be reached.
    """
    from google.api_core.exceptions import AlreadyExists, NotFound, PermissionDenied
    from google.pubsub_v1 import PublisherClient

    refused = []
    with _reached(f"pubsub://{topics.receipts}"):
        client = PublisherClient()
        for topic in topics.all:
            try:
                client.get_topic(topic=topic, timeout=_PATIENCE_SECONDS)
            except PermissionDenied:
                continue  # who may publish need not be allowed to look
            except NotFound:
                try:
                    client.create_topic(name=topic, timeout=_PATIENCE_SECONDS)
                except AlreadyExists:
                    continue
                except (NotFound, PermissionDenied):
                    refused.append(topic)
    if refused:
        raise UsageError(f"{', '.join(refused)}: missing, and may not be made")


@contextmanager
def _reached(place: str) -> Iterator[None]:
    """Tell plainly why Google cannot be asked."""
    from google.api_core.exceptions import GoogleAPICallError
    from google.auth.exceptions import GoogleAuthError

    try:
        yield
    except (GoogleAPICallError, GoogleAuthError) as error:
        raise RunError(f"{place}: cannot be reached ({type(error).__name__})") from None
