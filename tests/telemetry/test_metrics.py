"""Metrics add up to what was committed, and have no label that is not of a closed set."""

import re
from dataclasses import replace
from pathlib import Path

import pytest
from prometheus_client import generate_latest
from prometheus_client.parser import text_string_to_metric_families

from tamis.errors import RunError
from tamis.filter.tally import REASONS
from tamis.manual import read_page
from tamis.telemetry.endpoint import Endpoint
from tamis.telemetry.health import Health
from tamis.telemetry.listener import Listeners
from tamis.telemetry.metrics import RunMetrics, StreamMetrics

from .asking import ask
from .made import COMMIT, POLICY, RELEASE, STREAMING

Samples = dict[tuple[str, frozenset[str]], float]


def samples(text: str) -> Samples:
    """Each value by the metric and the values of its labels, but for the policy."""
    return {
        (sample.name, frozenset(sample.labels.values()) - {POLICY}): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def value(read: Samples, name: str, *labels: str) -> float:
    return read[name, frozenset(labels)]


def test_a_stream_is_counted_from_zero_and_asked_over_http() -> None:
    health = Health(POLICY, max_lag=100)
    metrics = StreamMetrics(POLICY, health)
    listeners = Listeners(health, metrics)
    with Endpoint("127.0.0.1", 0, metrics.registry, health) as endpoint:
        assert ask(endpoint.port, "/readyz") == (503, "it has not begun to read\n")
        assert ask(endpoint.port, "/healthz") == (200, "ok\n")
        assert ask(endpoint.port, "/")[0] == 404
        listeners.started(STREAMING)
        before = samples(ask(endpoint.port, "/metrics")[1])
        assert [value(before, "tamis_quarantined_records_total", reason) for reason in REASONS] == [
            0
        ] * len(REASONS)
        listeners.polled({0: 7, 3: 0})
        listeners.committed(COMMIT)
        listeners.committed(COMMIT)
        assert ask(endpoint.port, "/readyz") == (200, "ok\n")
        after = samples(ask(endpoint.port, "/metrics?name=x")[1])
        listeners.failed(RunError("the sink went away"))
        assert ask(endpoint.port, "/healthz") == (503, "it failed\n")
        failed = samples(ask(endpoint.port, "/metrics")[1])
        assert (value(failed, "tamis_failures_total"), value(failed, "tamis_ready")) == (1, 0)
    dispositions = ("released", "withheld", "quarantined")
    assert [value(after, "tamis_records_total", name) for name in dispositions] == [12, 2, 6]
    assert value(after, "tamis_quarantined_records_total", "nir-leak") == 4
    assert value(after, "tamis_released_rows_total", RELEASE) == 12
    assert value(after, "tamis_commits_total") == 2
    assert value(after, "tamis_commit_duration_seconds_sum") == pytest.approx(0.06)
    assert (value(after, "tamis_lag", "0"), value(after, "tamis_lag", "3")) == (7, 0)
    assert value(after, "tamis_ready") == 1
    assert not any(name.endswith("_created") for name, _labels in after)


def test_a_reason_or_release_of_no_closed_set_is_no_label() -> None:
    metrics = StreamMetrics(POLICY, Health(POLICY))
    metrics.started(STREAMING)
    metrics.committed(replace(COMMIT, quarantine={"CANARY": 3}, rows={"CANARY": 4}))
    assert b"CANARY" not in generate_latest(metrics.registry)


@pytest.mark.parametrize("is_committed", [True, False])
def test_a_batch_run_leaves_a_file_whole(is_committed: bool, tmp_path: Path) -> None:
    path = tmp_path / "run.prom"
    listeners = Listeners(RunMetrics(path, POLICY))
    if is_committed:
        with listeners.during(STREAMING):
            listeners.committed(COMMIT)
    else:
        with pytest.raises(RunError), listeners.during(STREAMING):
            raise RunError("the sink went away")
    read = samples(path.read_text(encoding="utf-8"))
    assert value(read, "tamis_run_succeeded") == is_committed
    assert value(read, "tamis_run_ended_timestamp_seconds") > 1.7e9
    assert (("tamis_run_records", frozenset({"released"})) in read) == is_committed
    if is_committed:
        assert value(read, "tamis_run_records", "released") == 6
        assert value(read, "tamis_run_quarantined_records", "nir-leak") == 2
        assert value(read, "tamis_run_released_rows", RELEASE) == 6
    assert list(tmp_path.iterdir()) == [path]


def test_the_manual_has_all_metrics_and_no_other(tmp_path: Path) -> None:
    metrics, of_run = (
        StreamMetrics(POLICY, Health(POLICY)),
        RunMetrics(tmp_path / "run.prom", POLICY),
    )
    metrics.started(STREAMING)
    of_run.committed(COMMIT)
    of_run.completed()
    texts = generate_latest(metrics.registry).decode(), (tmp_path / "run.prom").read_text()
    made = set(re.findall(r"^# HELP (tamis_\w+)", "".join(texts), re.M))
    assert set(re.findall(r"\btamis_\w+", read_page("operations"))) == made
