"""What of a stream of Kafka no engine is given."""

import datetime
from dataclasses import replace
from pathlib import Path

import pytest

from tamis.errors import RefusedError, UsageError
from tamis.runs.kafka import run_on_engine
from tamis.runs.stream import engine_of
from tamis.streams.into_shared_folder import Refusal
from tamis.streams.job import StreamJob

from ..streams.made import plan

PROCESS = ("--environment_type=PROCESS", '--environment_config={"command":"/bin/tamis-worker"}')
FLINK = ("--runner=FlinkRunner", "--flink_master=flink:8081", *PROCESS)
JOB = StreamJob("kafka://127.0.0.1:9/feed", "/store", "essai", options=FLINK)


@pytest.mark.parametrize(
    ("source", "runner", "why"),
    [
        ("kafka://broker:9/feed", "SparkRunner", "on this machine, Flink or Prism, not on Spark"),
        ("kafka://broker:9/feed", "DataflowRunner", "Flink or Prism, not on DataflowRunner"),
        ("pubsub://projects/p/topics/t", "FlinkRunner", "or on Dataflow, not on FlinkRunner"),
        ("pubsub://projects/p/topics/t", "FlincRunner", "did you mean `FlinkRunner`"),
    ],
)
def test_a_stream_on_an_engine_that_cannot_run_it_is_refused(
    source: str, runner: str, why: str
) -> None:
    with pytest.raises(UsageError, match=why):
        engine_of(replace(JOB, source=source, options=(f"--runner={runner}",)))


def test_an_engine_is_told_from_this_machine() -> None:
    assert engine_of(JOB) == "FlinkRunner"
    assert engine_of(replace(JOB, options=())) is None
    assert engine_of(replace(JOB, options=("--runner=DirectRunner",))) is None


@pytest.mark.parametrize(
    ("source", "output", "why"),
    [
        ("broker:9/feed", "postgresql://h/db", "Kafka on FlinkRunner must go to a folder"),
        ("broker:9/feed", "kafka://broker:9/out", "Kafka on FlinkRunner must go to a folder"),
        ("user:CANARY@broker:9/feed", "/store", "sasl.password would stand in the job"),
        ("broker:9/feed?ssl.key.pem=CANARY", "/store", "ssl.key.pem would stand in the job"),
        ("broker:9/feed?ssl.key.password=CANARY", "/store", "ssl.key.password would stand"),
        ("broker:9/feed?registry=http://u:CANARY%40r", "/store", "registry would stand in the job"),
    ],
)
def test_what_workers_must_not_be_given_is_refused(source: str, output: str, why: str) -> None:
    with pytest.raises(UsageError, match=why) as it:
        run_on_engine(replace(JOB, source=f"kafka://{source}", output=output), plan)
    assert "CANARY" not in str(it.value)


def test_a_folder_that_workers_do_not_see_is_refused() -> None:
    with pytest.raises(UsageError, match=r"^/store: workers in containers do not see"):
        run_on_engine(replace(JOB, options=FLINK[:2]), plan)


def test_why_a_job_without_a_driver_stopped_is_told_at_its_next_start(tmp_path: Path) -> None:
    job = replace(JOB, output=str(tmp_path / "store"), period=datetime.timedelta(seconds=1))
    Refusal(job.output, job.stream).write("column `nom` holds NIRs")
    with pytest.raises(RefusedError, match=r"^column `nom` holds NIRs$"):
        run_on_engine(job, plan)
    assert not (tmp_path / "store").exists()
