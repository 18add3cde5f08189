"""The same run on Spark, in one process: the same bytes. By hand, for it fetches 270 MB once.

pytest tests/engines/spark.py
"""

from pathlib import Path

import pytest

from ..beam.conftest import Feed
from ..services.flink import JVM
from ..services.maven import fetch_jars, write_program
from .conftest import assert_whole, command, complete

pytestmark = pytest.mark.slow

SPARK = "3.5.0-beam-2.70.0"
"""Versions of Spark, and of Beam's runner for it."""


def test_spark_in_one_process_writes_the_same_bytes(
    feed: Feed, network: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pom = (Path(__file__).parents[1] / "services" / "spark-pom.xml").read_text(encoding="utf-8")
    jars = fetch_jars(f"spark-{SPARK}", pom)
    main = "org.apache.beam.runners.spark.SparkJobServerDriver"
    jar = write_program(tmp_path / "job-server.jar", jars, main)
    options = (
        *("--runner=SparkRunner", "--spark_master_url=local[2]", f"--spark_job_server_jar={jar}"),
        *(f"--job_server_jvm_properties={word}" for word in JVM),
    )
    monkeypatch.setenv("SPARK_LOCAL_IP", "127.0.0.1")
    code, output = complete([*network, *command(feed, str(tmp_path / "store"), *options)])
    assert code == 0, output
    assert_whole(tmp_path / "store", feed)
