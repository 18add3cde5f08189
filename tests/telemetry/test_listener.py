"""Listeners are told all that a run does, once each, and stop it by no fault of theirs."""

import logging
from collections.abc import Mapping
from typing import Any

import pytest

from tamis.errors import RefusedError, RunError, TamisError
from tamis.telemetry.listener import Commit, Listeners, RunListener, StartedRun

from .made import COMMIT, STREAMING


class Recorder(RunListener):
    """Keeps what it is told."""

    def __init__(self) -> None:
        self.told: list[tuple[str, Any]] = []

    def started(self, run: StartedRun) -> None:
        self.told.append(("started", run))

    def polled(self, lag: Mapping[int, int] | None) -> None:
        self.told.append(("polled", lag))

    def committed(self, commit: Commit) -> None:
        self.told.append(("committed", commit))

    def completed(self) -> None:
        self.told.append(("completed", None))

    def failed(self, error: TamisError) -> None:
        self.told.append(("failed", str(error)))


class Broken(RunListener):
    """Fails with a text that quotes a cell."""

    def committed(self, commit: Commit) -> None:
        raise ValueError("CANARY")


def test_what_is_told_of_a_run_that_is_done() -> None:
    recorder = Recorder()
    listeners = Listeners(recorder)
    with listeners.during(STREAMING):
        listeners.polled({0: 3})
        listeners.committed(COMMIT)
    assert recorder.told == [
        ("started", STREAMING),
        ("polled", {0: 3}),
        ("committed", COMMIT),
        ("completed", None),
    ]


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (RefusedError("a column holds NIRs"), "a column holds NIRs"),
        (ValueError("CANARY"), "essai failed (ValueError)"),
    ],
)
def test_of_a_run_that_failed_no_text_is_told_that_may_quote_a_cell(
    error: Exception, told: str
) -> None:
    recorder = Recorder()
    with pytest.raises(type(error)), Listeners(recorder).during(STREAMING):
        raise error
    assert recorder.told[1:] == [("failed", told)]


def test_a_listener_that_fails_is_told_once_and_the_others_go_on(
    caplog: pytest.LogCaptureFixture,
) -> None:
    recorder = Recorder()
    listeners = Listeners(Broken(), recorder)
    with caplog.at_level(logging.WARNING), listeners.during(STREAMING):
        for _number in range(3):
            listeners.committed(COMMIT)
    assert [what for what, _of in recorder.told] == [
        *("started", "committed", "committed", "committed", "completed")
    ]
    assert caplog.messages == [
        "Broken failed (ValueError), and is told nothing more; the run goes on"
    ]


def test_nobody_need_listen() -> None:
    with pytest.raises(RunError), Listeners().during(STREAMING):
        raise RunError("the sink went away")
