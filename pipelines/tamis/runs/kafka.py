"""A stream of Kafka on an engine that distributes: hand it over, see it through, stop it.

The job goes on for as long as the law stays the same. On the first day on which it or a document
changes its partitions end, and it is handed over anew under the plan of that day, as on one machine
(`tamis.runs.stream`). SIGTERM and SIGINT drain it: a file in the store lets all partitions end.
When this process is killed the job goes on, unless its engine ends with it.
"""

import re
import threading
from collections.abc import Callable
from dataclasses import replace

import apache_beam as beam
from apache_beam.options.pipeline_options import PipelineOptions

from tamis.address import KafkaAddress, PathAddress, parse_address
from tamis.beam.kafka import CommitPartition
from tamis.documents.calendar import today
from tamis.errors import RefusedError, UsageError
from tamis.evidence.receipt import Counts
from tamis.language import _
from tamis.plan.plan import Plan
from tamis.runs.batch import load_keys, plan_as_workers_see_it
from tamis.runs.launch import (
    Launch,
    as_workers_see_it,
    keyring_as_workers_see_it,
    make_pipeline,
    read_options,
    runner_of,
)
from tamis.runs.stream import check_addresses, drained_by_signals
from tamis.stores.opening import open_store
from tamis.streams.from_kafka import KafkaReader
from tamis.streams.into_folder import FolderSink
from tamis.streams.into_shared_folder import Refusal
from tamis.streams.job import StreamJob, decoder_of

_SECRET = re.compile(r".*(password|secret|\.pem|oauthbearer\.config|sasl\.jaas).*")
"""Names of librdkafka's options that hold a secret themselves, and not the name of a file."""

_LEAVING_SECONDS = 130.0
"""How long the workers of a job that has ended are waited for: one that its task manager has not
ended lets go of a partition within two minutes after it was last asked for it."""

_FLINK_OPTIONS = {
    # What a restarted job need not find out from the receipts anew.
    "--checkpointing_interval": "10000",
    # Flink makes no checkpoint of a job of which a source has ended, and keeps it for ever without.
    "--shutdown_sources_after_idle_ms": "500",
}


def run_on_engine(job: StreamJob, compile_plan: Callable[[], Plan]) -> Counts:
    """Run a stream of Kafka on the engine that its options name, until a signal ends it.

    Args:
        job: the stream.
        compile_plan: gives the plan of today; called again when the law changes.

    Returns:
        Counts of what was committed while this process saw it.

    Raises:
        UsageError: the addresses do not go together, or hold what workers must not be given, the
            stream runs already, or nothing may be released any more.
        RefusedError: a released column holds NIRs by all signs.
        RunError: the engine refuses the job, or it failed.
    """
    check_addresses(job)
    options = read_options(_with_defaults(job.options))
    job = _for_workers(job, options)
    before = {receipt.run for receipt in open_store(job.output).receipts(job.stream)}
    stop = threading.Event()
    with drained_by_signals(stop.set):
        while True:
            plan = compile_plan()
            _run_job(job, plan, options, stop)
            is_expired = plan.valid_until is not None and today() >= plan.valid_until
            if stop.is_set() or not is_expired:
                break
    counts = [
        receipt.counts
        for receipt in open_store(job.output).receipts(job.stream)
        if receipt.stream == job.stream and receipt.run not in before
    ]
    return Counts.model_validate(
        {name: sum(count.model_dump()[name] for count in counts) for name in Counts.model_fields}
    )


def _for_workers(job: StreamJob, options: PipelineOptions) -> StreamJob:
    """The job with addresses as workers see them.

    Raises:
        UsageError: they do not see the store, or an address has what would stand in the job.
    """
    source, output = KafkaAddress.of(job.source), parse_address(job.output)
    runner = runner_of(options)
    if not isinstance(output, PathAddress):
        why = _(
            "a stream of Kafka on {runner} must go to a folder: tables and topics keep positions "
            "that one process holds; run it on one machine",
            runner=runner,
        )
        raise UsageError(f"{output.shown}: {why}")
    secrets = [name for name in source.options if _SECRET.fullmatch(name)]
    secrets += ["registry"] if "@" in source.own.get("registry", "") else []
    if secrets:
        why = _(
            "{names} would stand in the job, which an engine shows to whoever asks: name files "
            "that workers have, as ssl.key.location, or run the stream on one machine",
            names=", ".join(secrets),
        )
        raise UsageError(f"{source.shown}: {why}")
    return replace(
        job,
        output=as_workers_see_it(job.output, options),
        keys=keyring_as_workers_see_it(job.keys, options),
    )


def _run_job(job: StreamJob, plan: Plan, options: PipelineOptions, stop: threading.Event) -> None:
    """One job, under one plan: until it expires, the job fails, or `stop` is set."""
    refusal = Refusal(job.output, job.stream)
    _raise_refusal(refusal)  # which a job without a driver has left
    begin = _begin(job, plan)
    refusal.remove()
    plan = plan_as_workers_see_it(plan, options)
    keys, key_parts = load_keys(plan, job.keys)
    decode = decoder_of(plan, job.source, job.avro_schemas)
    partition = CommitPartition(plan, job, decode, keys, key_parts)
    pipeline = make_pipeline(options)
    _committed = (
        pipeline
        | "Partitions" >> beam.Create(sorted(begin.items()), reshuffle=False)
        | "Commit" >> beam.ParDo(partition)
    )
    Launch(job.stream, options).see_until(
        pipeline, stop, lambda: refusal.write(""), job.period.total_seconds() + _LEAVING_SECONDS
    )
    _raise_refusal(refusal)
    refusal.remove()
    FolderSink(job.output, plan, job.stream).wait_for_workers(_LEAVING_SECONDS)


def _begin(job: StreamJob, plan: Plan) -> dict[int, int]:
    """By partition, where to begin: as the store says, or else the address.

    Raises:
        UsageError: there is no such topic or partition, or another process reads some of it.
        RunError: the broker cannot be reached, or messages that come next are gone.
    """
    sink = FolderSink(job.output, plan, job.stream)
    reader = KafkaReader(job.source, job.stream, job.records, job.seconds, job.partitions)
    try:
        reader.open(sink.open(reader.source))
        return reader.positions
    finally:
        reader.close()
        sink.close()


def _raise_refusal(refusal: Refusal) -> None:
    if text := refusal.read():
        refusal.remove()
        raise RefusedError(text)


def _with_defaults(options: tuple[str, ...]) -> list[str]:
    given = {option.partition("=")[0] for option in options}
    own = [f"{name}={value}" for name, value in _FLINK_OPTIONS.items() if name not in given]
    return [*options, *own, "--streaming"]
