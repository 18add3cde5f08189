"""What `--metrics` may say, and what is refused before anything is read."""

import socket
import sys
from pathlib import Path

import pytest

from tamis.cli.telemetry import TelemetryOptions, listening
from tamis.errors import RefusedError, UsageError

from .made import POLICY

INPUTS = ("in.jsonl",)


@pytest.mark.parametrize("place", ["9464", ":9464", "127.0.0.1:", "127.0.0.1:70000", "run.prom"])
def test_a_stream_answers_at_host_and_port(place: str) -> None:
    with (
        pytest.raises(UsageError, match="a stream answers at HOST:PORT"),
        listening(TelemetryOptions(place), POLICY, INPUTS, is_stream=True),
    ):
        pass


@pytest.mark.parametrize(
    ("path", "problem"),
    [
        ("127.0.0.1:9464", "expected a file whose name ends in .prom"),
        ("no/such/run.prom", "--metrics: no folder `no/such`"),
    ],
)
def test_a_run_of_files_leaves_a_file(path: str, problem: str) -> None:
    with (
        pytest.raises(UsageError, match=problem),
        listening(TelemetryOptions(path), POLICY, INPUTS),
    ):
        pass


def test_an_address_that_is_taken_is_refused() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        problem = f"--metrics: cannot listen at 127.0.0.1:{port} \\(address already in use\\)"
        with (
            pytest.raises(UsageError, match=problem),
            listening(TelemetryOptions(f"127.0.0.1:{port}"), POLICY, INPUTS, is_stream=True),
        ):
            pass


def test_the_alarm_on_lag_needs_no_extra_and_metrics_name_theirs(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "prometheus_client", None)
    with listening(TelemetryOptions(max_lag=3), POLICY, INPUTS, is_stream=True) as listeners:
        assert listeners
    with (
        pytest.raises(UsageError, match=r'pip install "tamis\[metrics\]"'),
        listening(TelemetryOptions("127.0.0.1:9464"), POLICY, INPUTS, is_stream=True),
    ):
        pass


def test_a_run_that_is_refused_before_it_begins_is_told_too(tmp_path: Path) -> None:
    path = tmp_path / "run.prom"
    with pytest.raises(RefusedError), listening(TelemetryOptions(str(path)), POLICY, INPUTS):
        raise RefusedError("no approval holds today")
    assert f'tamis_run_succeeded{{policy="{POLICY}"}} 0.0' in path.read_text(encoding="utf-8")
