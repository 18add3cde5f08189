"""A stream of Pub/Sub as a job of Dataflow: build it, and hand it over.

The job runs until its operator drains or updates it. On this machine a stream of Pub/Sub runs as
one of Kafka does (`tamis.runs.stream`).
"""

import apache_beam as beam
from apache_beam.options.pipeline_options import PipelineOptions

from tamis.address import PubsubAddress, parse_address, parse_stream, require_driver
from tamis.beam.pubsub import PubsubStream
from tamis.errors import UsageError
from tamis.language import _
from tamis.plan.plan import Plan
from tamis.runs.batch import builds_only, load_keys
from tamis.runs.errors import worker_errors
from tamis.runs.stream import StreamJob, check_addresses
from tamis.streams.pubsub import Topics, check_source, make_topics

_RUNNERS = ("DataflowRunner", "TestDataflowRunner")


def launch_stream(job: StreamJob, plan: Plan, runner: str) -> None:
    """Hand the stream over to Dataflow, or only build it if Beam's options say `--dry_run`.

    Args:
        job: the stream.
        plan: what its messages are judged by, until it expires.
        runner: the runner that the stream's options name.

    Raises:
        UsageError: the addresses do not go together, a topic is missing and cannot be made, the
            extra `gcp` is missing, Beam refuses its options, or they name another runner.
        RunError: Pub/Sub or the runner cannot be reached.
    """
    check_addresses(job)
    source = parse_stream(job.source)
    if not isinstance(source, PubsubAddress):
        raise UsageError(
            _(
                "{address}: a stream of Kafka runs on this machine, not on {runner}",
                address=source.shown,
                runner=runner,
            )
        )
    require_driver(source, "gcp")
    if runner not in _RUNNERS:
        raise UsageError(
            _(
                "{address}: a stream of Pub/Sub runs on this machine or on Dataflow, not on "
                "{runner}",
                address=source.shown,
                runner=runner,
            )
        )
    if job.once:
        raise UsageError(_("--once: a job of Dataflow does not end by itself; drain it"))
    address = parse_address(job.output)
    sink = address if isinstance(address, PubsubAddress) else job.output
    keys, key_parts = load_keys(plan, job.keys)
    if not builds_only(job.options):
        check_source(source)
        if isinstance(sink, PubsubAddress):
            make_topics(Topics.of(sink.path, plan))
    stream = PubsubStream(
        plan,
        job.stream,
        source,
        sink,
        job.period,
        job.decoder(plan),
        keys,
        key_parts,
        job.seal_to,
        job.records,
    )
    try:
        pipeline = beam.Pipeline(options=PipelineOptions([*job.options, "--streaming"]))
    except (ImportError, ValueError) as error:
        raise UsageError(
            _("Beam refuses its options: {why}", why=" ".join(str(error).split()))
        ) from None
    _receipts = pipeline | "Stream" >> stream
    with worker_errors():
        pipeline.run()
