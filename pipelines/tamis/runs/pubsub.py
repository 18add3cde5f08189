"""A stream of Pub/Sub as a job of Dataflow: build it, and hand it over.

The job runs until its operator drains or updates it. On this machine a stream of Pub/Sub runs as
one of Kafka does (`tamis.runs.stream`).
"""

from dataclasses import replace

from google.pubsub_v1 import PublisherClient

from tamis.address import PubsubAddress, parse_address
from tamis.beam.pubsub import PubsubStream
from tamis.errors import UsageError
from tamis.language import _
from tamis.plan.plan import Plan
from tamis.runs.batch import load_keys
from tamis.runs.launch import (
    Launch,
    as_workers_see_it,
    builds_only,
    is_dry_run,
    keyring_as_workers_see_it,
    make_pipeline,
    read_options,
)
from tamis.streams.job import StreamJob, decoder_of
from tamis.streams.pubsub import check_source, make_topics, reaching
from tamis.streams.sink import Topics


def launch_stream(job: StreamJob, plan: Plan) -> None:
    """Hand the stream over to Dataflow, or only build it if Beam's options say `--dry_run`.

    Raises:
        UsageError: the source does not exist, a topic is missing and cannot be made, workers do
            not see the folder, or Beam refuses its options.
        RunError: Pub/Sub or the runner cannot be reached, or the job fails as it begins.
    """
    if held := [release.id for release in plan.releases if release.min_unit]:
        raise UsageError(
            _(
                "policy `{policy}`: a job for Dataflow cannot hold commits back for the `min_unit` "
                "of {releases}: run the stream on one machine",
                policy=plan.policy,
                releases=", ".join(held),
            )
        )
    if plan.asks_list:
        raise UsageError(
            _(
                "policy `{policy}`: a job for Dataflow cannot ask the list of limited persons, "
                "which may change while it runs: run the stream on one machine",
                policy=plan.policy,
            )
        )
    options = read_options([*job.options, "--streaming"])
    job = replace(
        job,
        output=as_workers_see_it(job.output, options),
        keys=keyring_as_workers_see_it(job.keys, options),
    )
    source = PubsubAddress.of(job.source)
    sink = parse_address(job.output)
    keys, key_parts = load_keys(plan, job.keys, rows=isinstance(sink, PubsubAddress))
    if not is_dry_run(job.options):
        check_source(source)
        if isinstance(sink, PubsubAddress):
            with reaching(sink.shown):
                make_topics(PublisherClient(), Topics.of(sink.path, plan, "-"))
    decode = decoder_of(plan, job.source, job.avro_schemas)
    stream = PubsubStream(plan, job, decode, keys, key_parts)
    pipeline = make_pipeline(options)
    _receipts = pipeline | "Stream" >> stream
    launch = Launch(job.stream, pipeline.options)
    if builds_only(job.options):
        launch.build(pipeline)
    else:
        launch.hand_over(pipeline)
