"""What operators see of a run and of a stream: whole, true, and without a value."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from ..services.kafka import Broker
from ..services.machine import free_port
from ..telemetry.asking import ask
from ..telemetry.test_metrics import samples, value
from .conftest import IN_MEMORY, receipt_of
from .streaming import (
    PARTITIONS,
    POLICY,
    RELEASE,
    Streaming,
    is_released,
    message,
    nirs,
    poisoned,
    produce,
    wait_until,
)

MESSAGES = range(1, 401)


def lines(printed: str) -> list[dict[str, Any]]:
    """What stands on stderr, each line an object with a time, a level and a message."""
    read = [json.loads(line) for line in printed.splitlines()]
    assert all(line["timestamp"].endswith("Z") and line["message"] for line in read)
    assert {line["level"] for line in read} <= {"info", "warning", "error"}
    return read


def assert_value_free(*texts: str) -> None:
    for text in texts:
        assert "CANARY" not in text
        assert not any(nir in text for nir in nirs())


@pytest.mark.kafka
@pytest.mark.xdist_group("streams")
def test_a_stream_is_watched_over_http_and_in_its_log(
    kafka: Broker, keys: str, tmp_path: Path
) -> None:
    topic = kafka.topic(f"watched-{uuid4().hex}", PARTITIONS)
    produce(kafka, topic, MESSAGES)
    port = free_port()
    stream = Streaming(
        tmp_path / "printed",
        *("run", POLICY, "--project", "cpf", "--keys", keys, "--allow-example"),
        *("--input", f"kafka://{kafka.address}/{topic}", "--output", tmp_path / "store"),
        *("--run-id", "watched", "--period", 1, "--log-format", "json"),
        *("--metrics", f"127.0.0.1:{port}", "--max-lag", 10_000),
    )
    try:
        stream.wait_for('"stream.started"')
        wait_until(lambda: ask(port, "/readyz")[0] == 200, "readiness")
        assert ask(port, "/healthz") == (200, "ok\n")

        def committed() -> float:
            read = samples(ask(port, "/metrics")[1])
            return sum(
                value(read, "tamis_records_total", name)
                for name in ("released", "withheld", "quarantined")
            )

        wait_until(lambda: committed() == len(MESSAGES), "all commits")
        metrics = ask(port, "/metrics")[1]
        assert stream.drain() == 0, stream.printed
    finally:
        stream.stop()
    read = samples(metrics)
    released = sum(map(is_released, MESSAGES))
    assert value(read, "tamis_records_total", "released") == released
    assert value(read, "tamis_released_rows_total", RELEASE) == released
    assert value(read, "tamis_quarantined_records_total", "unreadable") == poisoned(MESSAGES)
    assert [value(read, "tamis_lag", str(number)) for number in range(PARTITIONS)] == [0] * 4
    assert value(read, "tamis_ready") == 1
    *told, drained = stream.printed.splitlines()
    assert drained.startswith("stream watched drained: 400 in")  # on stdout
    log = lines("\n".join(line for line in told if line.startswith("{")))
    periods = [line for line in log if line.get("event") == "stream.period"]
    assert sum(line["records"] for line in periods) == len(MESSAGES)
    assert {line["receipt"] for line in periods} == {
        path.stem for path in (tmp_path / "store" / "_receipts").iterdir()
    }
    assert {(line["policy"], line["stream"]) for line in periods} == {(POLICY, "watched")}
    assert log[-1]["event"] == "stream.ended"
    assert_value_free(metrics, stream.printed)


def test_a_run_of_files_tells_its_figures_and_an_error_is_a_line_too(
    keys: str, tmp_path: Path
) -> None:
    feed, figures = tmp_path / "in.jsonl", tmp_path / "run.prom"
    feed.write_bytes(b"".join(message(number) + b"\n" for number in MESSAGES))

    def run(*more: object) -> tuple[int, list[dict[str, Any]]]:
        done = subprocess.run(
            [
                *(sys.executable, "-m", "tamis", "--log-format", "json", "run", POLICY),
                *("--project", "cpf", "--keys", keys, "--allow-example", "--input", str(feed)),
                *("--output", str(tmp_path / "store"), "--run-id", "run", *map(str, more)),
            ],
            capture_output=True,
            text=True,
            check=False,
        )
        assert_value_free(done.stdout, done.stderr)
        return done.returncode, lines(done.stderr)

    code, told = run("--metrics", figures, "--", IN_MEMORY)
    assert (code, [line["event"] for line in told if "event" in line]) == (
        0,
        ["run.started", "run.committed"],
    )
    receipt = receipt_of(tmp_path / "store")
    read = samples(figures.read_text(encoding="utf-8"))
    assert told[-1]["records"] == receipt.counts.in_ == len(MESSAGES)
    assert told[-1]["quarantine"] == receipt.quarantine
    assert value(read, "tamis_run_succeeded") == 1
    assert value(read, "tamis_run_records", "released") == receipt.counts.released
    code, told = run("--on", "2001-01-01", "--replay", "--metrics", figures)
    assert (code, told[-1]["level"], told[-1]["exit_code"]) == (2, "error", 2)
    read = samples(figures.read_text(encoding="utf-8"))
    assert value(read, "tamis_run_succeeded") == 0
    assert ("tamis_run_records", frozenset({"released"})) not in read
