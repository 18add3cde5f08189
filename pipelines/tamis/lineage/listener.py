"""Tells OpenLineage what a run does."""

import time

from tamis.errors import TamisError
from tamis.lineage.events import RunEvents, State
from tamis.lineage.sender import Sender
from tamis.telemetry.listener import Commit, RunListener, StartedRun

RUNNING_SECONDS = 60.0
"""Time between two events of a stream that tell what it committed until then."""


_LAST_SECONDS = 0.5
"""Time that the last event of a process has which a signal ends."""


class Lineage(RunListener):
    """Sends START when a run or a session begins, then what it committed, and how it ended.

    Args:
        sender: where to.
        inputs: addresses without credentials that stand for the inputs of all runs, such as the
            pattern of a watched folder; those of each run if there is none.
    """

    def __init__(self, sender: Sender, inputs: tuple[str, ...] = ()) -> None:
        self._sender = sender
        self._inputs = inputs
        self._events: RunEvents | None = None
        self._told = 0.0

    def started(self, run: StartedRun) -> None:
        self._events = RunEvents(run, self._inputs or run.inputs, self._sender.version)
        self._told = time.monotonic()
        self._send(State.START)

    def committed(self, commit: Commit) -> None:
        if self._events is None:
            return
        self._events.add(commit)
        if self._events.started.is_stream and time.monotonic() - self._told >= RUNNING_SECONDS:
            self._told = time.monotonic()
            self._send(State.RUNNING)

    def completed(self) -> None:
        self._send(State.COMPLETE)

    def failed(self, error: TamisError) -> None:
        self._send(State.FAIL, error)

    def interrupted(self) -> None:
        self._send(State.ABORT)
        self._sender.close(_LAST_SECONDS)

    def _send(self, state: State, error: TamisError | None = None) -> None:
        if self._events is not None:
            self._sender.send(self._events.event(state, error))
