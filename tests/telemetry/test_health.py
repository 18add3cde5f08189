"""A stream is ready while it reads and is not far behind; what changes is told once."""

import logging
import time
from collections.abc import Callable
from functools import partial

import pytest

from tamis.errors import RunError
from tamis.telemetry.health import STALLED_SECONDS, Health

from .made import POLICY, STREAMING


def test_a_stream_is_ready_from_its_first_turn_to_its_end() -> None:
    health = Health(POLICY)
    states = []
    steps: list[Callable[[], None]] = [
        partial(health.started, STREAMING),
        partial(health.polled, {0: 10**9}),
        health.completed,
        partial(health.started, STREAMING),  # under the law of the next day
        partial(health.polled, None),
        partial(health.failed, RunError("the sink went away")),
    ]
    for step in steps:
        step()
        states.append((health.is_alive, health.problem))
    beginning = (True, "it has not begun to read")
    assert states == [
        *(beginning, (True, None), beginning, beginning, (True, None)),
        (False, "it failed"),
    ]


def test_a_stream_that_makes_no_turn_is_not_ready_but_alive(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    health = Health(POLICY)
    health.started(STREAMING)
    health.polled({})
    later = time.monotonic() + STALLED_SECONDS + 15.5
    monkeypatch.setattr(time, "monotonic", lambda: later)
    assert (health.is_alive, health.problem) == (
        True,
        "it waits for its source or a commit for 75 s",
    )
    health.polled({})
    assert health.problem is None


def test_an_alarm_is_told_when_it_begins_and_when_it_is_over(
    caplog: pytest.LogCaptureFixture,
) -> None:
    health = Health(POLICY, max_lag=100)
    health.started(STREAMING)
    ready = []
    with caplog.at_level(logging.INFO):
        for waiting in (100, 101, 500, 80, 51, 50, 99, 101):
            health.polled({0: waiting - 1, 1: 1})
            ready.append(health.problem is None)
        health.polled(None)
    assert ready == [True, False, False, False, False, True, True, False]
    told = [(record.levelname, record.getMessage()) for record in caplog.records]
    assert told == [
        ("WARNING", f"{POLICY}: 101 behind, more than --max-lag 100"),
        ("INFO", f"{POLICY}: 50 behind, the alarm is over"),
        ("WARNING", f"{POLICY}: 101 behind, more than --max-lag 100"),
    ]
    assert [record.fields["event"] for record in caplog.records] == [  # type: ignore[attr-defined]
        *("lag.exceeded", "lag.over", "lag.exceeded")
    ]
