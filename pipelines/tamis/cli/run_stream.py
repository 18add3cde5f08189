"""`tamis run` of a stream: until a signal drains it.

tamis: kafka://broker:9092/feed: reading at its beginning
tamis: evaluation-cpf-feed: 120000 in, 118211 released, 1780 withheld, 9 quarantined; 2000/s, …
stream evaluation-cpf-feed drained: 120000 in, 118211 released, 1780 withheld, 9 quarantined
"""

import datetime
import gc
from dataclasses import dataclass
from pathlib import Path

from tamis.cli.progress import show_log
from tamis.cli.run import compile_allowed
from tamis.decide.plan import Plan
from tamis.decide.timeline import today
from tamis.documents.project import Project
from tamis.errors import UsageError
from tamis.stream.address import shown_stream, stream_kind


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
    kind = stream_kind(source)
    if kind != "kafka":
        raise UsageError(f"{shown_stream(source)}: not a source")

    def compile_today() -> Plan:
        return compile_allowed(project, policy, today(), asked.allow_example)

    plans = iter([compile_today()])
    gc.disable()
    from tamis.beam.run_stream import StreamJob, run_stream, stream_id
    from tamis.evidence.seal_keys import read_public_key

    gc.freeze()  # Beam's modules stay to the end: no need to walk them again and again
    gc.enable()
    job = StreamJob(
        source,
        output,
        asked.run_id or stream_id(policy, source),
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
        total = run_stream(job, lambda: next(plans, None) or compile_today())
    print(
        f"stream {job.stream} drained: {total.records} in, {total.released} released, "
        f"{total.withheld} withheld, {total.quarantined} quarantined",
    )
    return 0
