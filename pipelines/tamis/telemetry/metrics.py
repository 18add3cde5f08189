"""Counts of runs and streams for Prometheus; needs the extra `metrics`.

Label values come from closed sets: the policy and its releases, the reasons of quarantine, the
dispositions, numbers of partitions. So no value of a record, and no name of a file, can be one.
"""

import time
from collections.abc import Mapping
from pathlib import Path

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    ProcessCollector,
    disable_created_metrics,
    write_to_textfile,
)

from tamis.errors import TamisError
from tamis.filter.tally import REASONS
from tamis.telemetry.health import Health
from tamis.telemetry.listener import Commit, RunListener, StartedRun

_SECONDS = (0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0)
"""Upper bounds of the buckets of `tamis_commit_duration_seconds`."""


class StreamMetrics(RunListener):
    """Counts what a stream commits, from the beginning of the process on.

    Attributes:
        registry: what Prometheus is given.
    """

    def __init__(self, policy: str, health: Health) -> None:
        disable_created_metrics()  # type: ignore[no-untyped-call]
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        self._policy = policy
        self._releases: tuple[str, ...] = ()

        def counter(name: str, what: str, *labels: str) -> Counter:
            return Counter(name, what, ("policy", *labels), registry=self.registry)

        self._records = counter(
            "tamis_records", "Records committed, by what became of them.", "disposition"
        )
        self._quarantined = counter(
            "tamis_quarantined_records", "Records quarantined, by reason.", "reason"
        )
        self._rows = counter("tamis_released_rows", "Rows released, by release.", "release")
        self._commits = counter("tamis_commits", "Commits.")
        self._failures = counter("tamis_failures", "Sessions, or rounds of files, that failed.")
        self._seconds = Histogram(
            "tamis_commit_duration_seconds",
            "Time that a commit took.",
            ("policy",),
            buckets=_SECONDS,
            registry=self.registry,
        )
        self._last = Gauge(
            "tamis_last_commit_timestamp_seconds",
            "When the last commit ended.",
            ("policy",),
            registry=self.registry,
        )
        self._lag = Gauge(
            "tamis_lag",
            "Messages, or files of a watched folder, that wait to be read.",
            ("policy", "partition"),
            registry=self.registry,
        )
        ready = Gauge(
            "tamis_ready", "1 if the stream is ready, else 0.", ("policy",), registry=self.registry
        )
        ready.labels(policy).set_function(lambda: float(health.problem is None))

    def started(self, run: StartedRun) -> None:
        """See `RunListener`. What was not counted yet stands at 0 from here on."""
        self._releases = _releases(run)
        self._add(None)
        self._commits.labels(self._policy)
        self._failures.labels(self._policy)
        self._seconds.labels(self._policy)

    def polled(self, lag: Mapping[int, int] | None) -> None:
        for partition, count in (lag or {}).items():
            self._lag.labels(self._policy, str(partition)).set(count)

    def committed(self, commit: Commit) -> None:
        self._add(commit)
        self._commits.labels(self._policy).inc()
        self._seconds.labels(self._policy).observe(commit.seconds)
        self._last.labels(self._policy).set_to_current_time()

    def failed(self, error: TamisError) -> None:
        self._failures.labels(self._policy).inc()

    def _add(self, commit: Commit | None) -> None:
        for disposition, count in _dispositions(commit).items():
            self._records.labels(self._policy, disposition).inc(count)
        for reason in REASONS:
            count = commit.quarantine.get(reason, 0) if commit else 0
            self._quarantined.labels(self._policy, reason).inc(count)
        for release in self._releases:
            count = commit.rows.get(release, 0) if commit else 0
            self._rows.labels(self._policy, release).inc(count)


class RunMetrics(RunListener):
    """Writes the figures of a batch run into a file for node exporter's textfile collector.

    The file is replaced when the run ends, committed or not; of a run that failed it has no counts.

    Args:
        path: the file; its name ends in `.prom`, or the collector does not read it.
        policy: its name.

    Attributes:
        is_written: whether the file is that of this run.
    """

    def __init__(self, path: Path, policy: str) -> None:
        self.is_written = False
        self._path = path
        self._policy = policy
        self._registry = CollectorRegistry()
        self._releases: tuple[str, ...] = ()

    def started(self, run: StartedRun) -> None:
        self._releases = _releases(run)

    def committed(self, commit: Commit) -> None:
        records = self._gauge("records", "Records, by what became of them.", "disposition")
        for disposition, count in _dispositions(commit).items():
            records.labels(self._policy, disposition).set(count)
        quarantined = self._gauge("quarantined_records", "Records by reason.", "reason")
        for reason in REASONS:
            quarantined.labels(self._policy, reason).set(commit.quarantine.get(reason, 0))
        rows = self._gauge("released_rows", "Rows released, by release.", "release")
        for release in self._releases:
            rows.labels(self._policy, release).set(commit.rows.get(release, 0))
        seconds = self._gauge("duration_seconds", "Time that the run took.")
        seconds.labels(self._policy).set(commit.seconds)

    def completed(self) -> None:
        self._write(1)

    def failed(self, error: TamisError) -> None:
        self._write(0)

    def _write(self, succeeded: int) -> None:
        ended = self._gauge("ended_timestamp_seconds", "When the run ended.")
        ended.labels(self._policy).set(time.time())
        self._gauge("succeeded", "1 if the run is committed, else 0.").labels(self._policy).set(
            succeeded
        )
        write_to_textfile(str(self._path), self._registry)
        self.is_written = True

    def _gauge(self, name: str, what: str, *labels: str) -> Gauge:
        return Gauge(f"tamis_run_{name}", what, ("policy", *labels), registry=self._registry)


def _releases(run: StartedRun) -> tuple[str, ...]:
    return tuple(release.id for release in run.plan.releases)


def _dispositions(commit: Commit | None) -> dict[str, int]:
    """Records by disposition; 0 each where nothing is committed."""
    return {
        "released": commit.released if commit else 0,
        "withheld": commit.withheld if commit else 0,
        "quarantined": sum(commit.quarantine.values()) if commit else 0,
    }
