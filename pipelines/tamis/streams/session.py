"""One stream under one plan, from where it was cut to where it is cut again.

    reader ── gathered ──> judge ──> judged ──> sink        records, receipt and positions at once

A session lives in one process: the source that Beam reads and the step that commits meet in it.
While a sink commits, the next messages are gathered and judged; one commit is under way at most.
It ends when it is told to stop, when the plan's day is over, or when something fails; whatever it
read and did not commit will be read again.
"""

import datetime
import logging
import threading
import time
from collections.abc import Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Literal, Protocol

from tamis.documents.calendar import today
from tamis.evidence.receipt import KeyPart
from tamis.filter.tally import Tally
from tamis.plan.plan import Plan
from tamis.streams.judge import Judged
from tamis.streams.ledger import Ledger
from tamis.streams.messages import Gathered
from tamis.streams.sink import Sink

Ending = Literal["stopped", "expired", "caught-up"]
"""Why a session ended: it was told to, the law changes today, or all was read that was there."""

_log = logging.getLogger("tamis")


class Reader(Protocol):
    """Where messages come from."""

    source: str

    def open(self, positions: Mapping[int, int]) -> None:
        """Begin to read at `positions`."""

    def gather(self) -> Gathered | None:
        """The next messages, or None where there are none for a moment."""

    def acknowledge(self, durable: Mapping[int, int], *, wait: bool = False) -> None:
        """Tell where the messages come from what is durable."""

    @property
    def lag(self) -> int:
        """Messages that wait to be gathered."""

    @property
    def caught_up(self) -> bool:
        """Whether all that was there at the beginning has been gathered."""

    def close(self) -> None:
        """Stop reading."""


@dataclass(frozen=True)
class Settings:
    """How a session is run.

    Attributes:
        stream: its id.
        period: how long a receipt's period is.
        once: whether to end when all that was there at the beginning is committed.
        key_parts: epochs of the keys, for receipts.
    """

    stream: str
    period: datetime.timedelta
    once: bool = False
    key_parts: tuple[KeyPart, ...] = ()


class Session:
    """See the module. `gather` and `commit` are called by turns, by one thread."""

    def __init__(self, plan: Plan, reader: Reader, sink: Sink, settings: Settings) -> None:
        self.plan = plan
        self.ending: Ending | None = None
        self.committed = Tally()
        self._reader = reader
        self._sink = sink
        self._settings = settings
        self._stop = threading.Event()
        self._ledger: Ledger | None = None
        self._worker = ThreadPoolExecutor(1, "commit")
        self._under_way: tuple[Judged, Future[Ledger]] | None = None
        self._began = time.monotonic()

    def open(self) -> None:
        """Hold the stream, and begin where it was cut."""
        positions = self._sink.open(self._reader.source)
        self._reader.open(positions)
        where = "where it was cut" if positions else "at its beginning"
        _log.info("%s: reading %s", self._reader.source, where)

    def stop(self) -> None:
        """End once what is gathered is committed. May be called by a signal's handler."""
        self._stop.set()

    def gather(self, seconds: float) -> Gathered | None:
        """The next messages; None where none come for `seconds`, or the session ends."""
        until = time.monotonic() + seconds
        while True:
            self._end_period_if_due()
            if self._stop.is_set():
                self.ending = self.ending or "stopped"
            elif self.is_expired:
                self.ending = "expired"
            elif self._settings.once and self._reader.caught_up:
                self.ending = "caught-up"
            if self.ending:
                return None
            gathered = self._reader.gather()
            if gathered is not None or time.monotonic() > until:
                return gathered

    @property
    def is_expired(self) -> bool:
        """Whether the law or a document changes today or before, so that the plan may not act."""
        return self.plan.valid_until is not None and today() >= self.plan.valid_until

    def commit(self, judged: Judged) -> bool:
        """Begin to commit what was judged, once what was before it is; not under an expired plan.

        Returns:
            Whether it will be. What is not will be read again, under the plan of its day.

        Raises:
            RunError: what was before it could not be committed.
        """
        self._settle()
        if self.is_expired or self.ending == "expired":
            self.ending = "expired"
            return False
        if self._ledger is None:
            self._ledger = Ledger.begin(
                self.plan, self._settings.stream, judged.source, self._settings.key_parts
            )
            self._began = time.monotonic()
        self._under_way = judged, self._worker.submit(self._sink.commit, judged, self._ledger)
        return True

    def acknowledge(self) -> None:
        """Tell the source what is durable."""
        self._reader.acknowledge(self._sink.durable)

    @property
    def lag(self) -> int:
        """Messages that wait to be gathered."""
        return self._reader.lag

    def finish(self) -> None:
        """End the period, and tell the source."""
        self._end_period()
        self._reader.acknowledge(self._sink.durable, wait=True)

    def close(self) -> None:
        """Let the stream go. What was not committed is as if it had not been read."""
        self._worker.shutdown()
        self._reader.close()
        self._sink.close()

    def _settle(self) -> None:
        """Wait for the commit that is under way."""
        if self._under_way is not None:
            judged, committing = self._under_way
            self._under_way = None
            self._ledger = committing.result()
            self.committed.add(judged.tally)

    def _end_period_if_due(self) -> None:
        if self._under_way is not None and self._under_way[1].done():
            self._settle()
        if self._ledger is not None and self._ledger.age >= self._settings.period:
            self._end_period()

    def _end_period(self) -> None:
        self._settle()
        if self._ledger is None:
            return
        self._sink.end_period(self._ledger)
        tally = self._ledger.tally
        seconds = max(time.monotonic() - self._began, 0.001)
        _log.info(
            "%s: %d in, %d released, %d withheld, %d quarantined; %.0f/s, %d behind; receipt %s",
            self._settings.stream,
            tally.records,
            tally.released,
            tally.withheld,
            tally.quarantined,
            tally.records / seconds,
            self._reader.lag,
            self._ledger.run,
        )
        self._ledger = None
