"""A session: one stream under one plan, from the last committed position until it ends.

    Reader ── MicroBatch ──> Judge ── Judged ──> Sink      records, receipt and positions at once

`Session.run` is the loop of every stream that runs on one machine, of Kafka as of Pub/Sub. Beam is
not in it: its local runner would keep state for each bundle, run one worker, fire no window before
the source ends, and distribute nothing. What a stream shares with the jobs that do run on other
engines are the parts of the loop: `Judge`, the receipt of `Ledger`, and the stream's id.

While a sink commits, the next messages are read and judged; at most one commit is under way.
Where a release names a `min_unit`, a commit that has some of its rows and fewer is held back, with
all that was read with it, until it has so many or the period is over, which is told. What is held
when the session is told to stop, or when the plan expires, is not committed, and read again.
A session ends when it is told to stop, when the plan expires or the list of limited persons was
changed, or when a step fails. Messages that
were read and not committed are read again by the next session.

What is known of released columns adds up over the session, whatever its periods: where chance does
not explain it any more (`tamis.evidence.columns`), the session fails before the commit that shows
it. What it committed until then stays, and is told.
"""

import datetime
import logging
import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Literal

from tamis.documents.calendar import today
from tamis.errors import RefusedError, value_free
from tamis.evidence.columns import describe_columns, leaking_columns
from tamis.evidence.receipt import RunKeys, counts_of
from tamis.evidence.wording import counts_line
from tamis.filter.gate.columns import ColumnSketch
from tamis.filter.tally import Tally, merge_sketches
from tamis.language import _
from tamis.limited.persons import ListWatch
from tamis.plan.plan import Plan
from tamis.streams.judge import Judged
from tamis.streams.ledger import Ledger
from tamis.streams.messages import MicroBatch
from tamis.streams.reader import Reader
from tamis.streams.sink import Sink
from tamis.telemetry.listener import SILENT, Commit, Listeners

Ending = Literal["stopped", "expired", "caught-up"]
"""Why a session ended: a stop was asked for, the law or a document changes today or the list of
limited persons was changed, or all messages that were there are committed."""

_IDLE_SECONDS = 1.0
"""Time after which `Session.read` returns although no message came."""

_POLL_SECONDS = 1.0
"""Time between two moments at which listeners are told that the stream goes on."""

_RATE_SECONDS = 1.0
"""Length of a period from which on its rate is told: that of a shorter one says nothing."""

HELD_RECORDS = 65_536
"""Messages that are held back for a `min_unit` at most, which bounds memory."""

_FAR_BEHIND = 1_000
"""Messages that a stream must be behind for its partition to be told."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Settings:
    """How a session is run.

    Attributes:
        stream: id of the stream.
        period: time that one receipt covers.
        once: whether to end when all messages that were there at the beginning are committed.
        key_parts: epochs of the keys, for receipts.
    """

    stream: str
    period: datetime.timedelta
    once: bool = False
    key_parts: RunKeys = ()


class Session:
    """Reads, judges and commits one stream under one plan.

    Args:
        plan: what the messages are judged by.
        reader: where they come from.
        sink: where their records go.
        settings: how the session is run.
        stop: once it is set, the session ends when all messages that were read are committed.
        sketches: what is known of released columns, which the session adds to.
        listeners: who is told of commits and lag.
        watch: tells that the list of limited persons was changed, by which the session expires.

    Attributes:
        ending: why the session ended, or None while it goes on.
        committed: counts of what this session committed.
    """

    def __init__(
        self,
        plan: Plan,
        reader: Reader,
        sink: Sink,
        settings: Settings,
        stop: threading.Event | None = None,
        sketches: dict[str, ColumnSketch] | None = None,
        listeners: Listeners = SILENT,
        watch: ListWatch | None = None,
    ) -> None:
        self._plan = plan
        self._watch = watch
        self.ending: Ending | None = None
        self.committed = Tally()
        self._reader = reader
        self._sink = sink
        self._settings = settings
        self._stop = stop or threading.Event()
        self._ledger: Ledger | None = None
        self._committer = ThreadPoolExecutor(1, "commit")
        self._held: Judged | None = None
        self._pending: tuple[Judged, Future[tuple[Ledger, float]]] | None = None
        self._period_began = time.monotonic()
        self._sketches: dict[str, ColumnSketch] = {} if sketches is None else sketches
        self._listeners = listeners
        self._polled = -_POLL_SECONDS

    def open(self) -> None:
        """Take hold of the stream, and begin at its last committed positions.

        Raises:
            UsageError: the stream was fed from another source.
            RunError: another process holds the stream, or a place cannot be reached.
        """
        positions = self._sink.open(self._reader.source)
        self._reader.open(positions)
        if positions:
            message = _("{address}: reading where it was cut", address=self._reader.source)
        else:
            message = _("{address}: reading at its beginning", address=self._reader.source)
        _log.info(message)

    def run(self, judge: Callable[[MicroBatch], Judged]) -> Ending:
        """Read, judge and commit by turns until the session ends; return why it ended.

        Raises:
            RunError: a step failed. Messages that were not committed are read again.
            RefusedError: a released column holds NIRs by all signs.
        """
        source = self._reader.source
        committing = _(
            "{address}: committing messages of {source}", address=self._sink.shown, source=source
        )
        while True:
            with value_free(_("reading {source}", source=source)):
                batch = self.read(_IDLE_SECONDS)
            if batch is not None:
                judged = judge(batch)
                with value_free(committing):
                    self.commit(judged)
                self.acknowledge()
            if self.ending:
                break
        with value_free(committing):
            self.finish()
        return self.ending

    def read(self, seconds: float) -> MicroBatch | None:
        """Return the next messages; None if none come for `seconds`, or the session has ended."""
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
            self._tell_lag()
            batch = self._reader.read()
            if batch is not None or time.monotonic() > until:
                return batch

    @property
    def is_expired(self) -> bool:
        """Whether the law or a document changes today or before, so that the plan may not act.

        So does a change of the list of limited persons: what was read and not committed is judged
        by the list as it is now.
        """
        if self._watch is not None and self._watch.is_changed():
            return True
        return self._plan.valid_until is not None and today() >= self._plan.valid_until

    def commit(self, judged: Judged) -> bool:
        """Begin to commit `judged` once the commit before it is done, or hold it back.

        Returns:
            Whether it will be committed, or is held. Under an expired plan it is not: the
            messages are read again, and judged under the plan of their day.

        Raises:
            RunError: the commit before it failed.
            RefusedError: a released column holds NIRs by all signs.
        """
        self._wait_for_commit()
        self._judge_columns(judged.tally)
        if self.is_expired or self.ending == "expired":
            self.ending, self._held = "expired", None
            return False
        if self._ledger is None:
            self._ledger = Ledger.begin(
                self._plan,
                self._settings.stream,
                judged.source,
                self._settings.key_parts,
                self._sink.next_run,
            )
            self._period_began = time.monotonic()
        if self._held is not None:
            judged = self._held.followed_by(judged)
        self._held = judged
        if judged.tally.records >= HELD_RECORDS or not judged.too_few(self._plan):
            self._commit_held()
        return True

    def _commit_held(self) -> None:
        """Begin to commit what is held; if it has few rows of a release, that is told.

        Under a plan or a list that expired since it was judged it is not: it is read again.
        """
        if self._held is not None and self.is_expired:
            self.ending, self._held = "expired", None
        judged, self._held = self._held, None
        if judged is None or self._ledger is None:
            return
        for release, rows in judged.too_few(self._plan).items():
            _log.warning(
                _(
                    "{stream}: a commit has {rows:# row|# rows} of release {release}, "
                    "fewer than its `min_unit`: what two partners are given in it can "
                    "be joined more easily",
                    stream=self._settings.stream,
                    rows=rows,
                    release=release,
                )
            )
        self._pending = judged, self._committer.submit(self._timed_commit, judged, self._ledger)

    def _timed_commit(self, judged: Judged, ledger: Ledger) -> tuple[Ledger, float]:
        """Commit, and measure the seconds that it takes."""
        began = time.monotonic()
        return self._sink.commit(judged, ledger), time.monotonic() - began

    def _judge_columns(self, tally: Tally) -> None:
        before = {path: sketch.left for path, sketch in self._sketches.items()}
        merge_sketches(self._sketches, tally.sketches)
        if found := describe_columns(self._sketches):
            raise RefusedError(
                _(
                    "the stream stops, and commits nothing more: {found}; at most "
                    "{count:# such value was|# such values were} committed since it "
                    "began",
                    found=found,
                    count=sum(before.get(path, 0) for path in leaking_columns(self._sketches)),
                )
            )

    def acknowledge(self) -> None:
        """Tell the broker what is durable."""
        self._reader.acknowledge(self._sink.durable)

    def finish(self) -> None:
        """End the period, and tell the broker what is durable."""
        if self.ending != "caught-up" and self._held is not None:
            _log.info(
                _(
                    "{stream}: {count:# message was held back for a `min_unit`; it is|#"
                    " messages were held back for a `min_unit`; they are} read again",
                    stream=self._settings.stream,
                    count=self._held.tally.records,
                )
            )
            self._held = None
        self._end_period()
        self._reader.acknowledge(self._sink.durable, wait=True)

    def close(self) -> None:
        """Let go of the stream. Messages that were not committed are read again."""
        self._committer.shutdown()
        self._reader.close()
        self._sink.close()

    def _wait_for_commit(self) -> None:
        if self._pending is not None:
            judged, committing = self._pending
            self._pending = None
            self._ledger, seconds = committing.result()
            self.committed.add(judged.tally)
            if self._listeners and not self._sink.commits_periods:
                self._listeners.committed(Commit.of_tally(self._ledger.run, judged.tally, seconds))

    def _tell_lag(self) -> None:
        now = time.monotonic()
        if self._listeners and not self._reader.is_away and now - self._polled >= _POLL_SECONDS:
            self._polled = now
            self._listeners.polled(self._reader.lag)

    def _end_period_if_due(self) -> None:
        if self._pending is not None and self._pending[1].done():
            self._wait_for_commit()
        if self._ledger is not None and self._ledger.age >= self._settings.period:
            self._end_period()
            self.acknowledge()

    def _end_period(self) -> None:
        self._wait_for_commit()
        self._commit_held()
        self._wait_for_commit()
        if self._ledger is None or not self._ledger.commits:
            self._ledger = None
            return
        began = time.monotonic()
        self._sink.end_period(self._ledger)
        tally = self._ledger.tally
        if self._listeners and self._sink.commits_periods:
            seconds = time.monotonic() - began
            self._listeners.committed(Commit.of_tally(self._ledger.run, tally, seconds))
        message = _(
            "{stream}: {counts}; receipt {run}",
            stream=self._settings.stream,
            counts=counts_line(counts_of(tally)),
            run=self._ledger.run,
        )
        seconds = time.monotonic() - self._period_began
        if seconds >= _RATE_SECONDS:
            message += _("; ") + _("{rate:.0f}/s", rate=tally.records / seconds)
        lag = self._reader.lag
        figures = Commit.of_tally(self._ledger.run, tally, seconds).figures
        fields = {"event": "stream.period", "receipt": self._ledger.run, **figures}
        if lag is not None:
            fields["lag"] = sum(lag.values())
        _log.info(message + _told_lag(lag), extra={"fields": fields})
        self._ledger = None


def _told_lag(lag: Mapping[int, int] | None) -> str:
    """How far behind a stream is, and its partition where one holds most of that."""
    if lag is None:
        return ""
    behind = sum(lag.values())
    text = _("; ") + _("{count} behind", count=behind)
    partition, most = max(lag.items(), key=lambda pair: pair[1], default=(0, 0))
    if len(lag) > 1 and 2 * most > behind >= _FAR_BEHIND:
        text += ", " + _(
            "{count} of them in partition {partition}", count=most, partition=partition
        )
    return text
