"""Listeners: who is told what a run does while it goes on.

    started ──> polled* committed* ──> completed | failed | interrupted

A batch run is started once, committed once, and completed. A stream is started with each session,
that is with each plan; it is polled about once a second, and committed with each commit. A watched
folder runs its files as batch runs, one after another, and is polled between them.

Nothing that a listener is told holds a value of a record: names, reasons, counts, times, and
addresses without credentials. A listener that fails is told once in the log, and hears no more; the
run goes on. A process that is killed tells nobody.
"""

import datetime
import logging
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from tamis.errors import RunError, TamisError
from tamis.evidence.receipt import Receipt
from tamis.filter.tally import Tally
from tamis.language import _
from tamis.plan.plan import Plan

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class StartedRun:
    """A batch run, or a session of a stream, that begins.

    Attributes:
        plan: what records are judged by.
        run: id of the run, or of the stream.
        inputs: addresses without credentials; of a batch run the patterns.
        output: the same of the store, database or topic.
        is_stream: whether messages are read until it is stopped.
        started: when, UTC.
    """

    plan: Plan
    run: str
    inputs: tuple[str, ...]
    output: str
    is_stream: bool = False
    started: datetime.datetime = field(default_factory=lambda: datetime.datetime.now(datetime.UTC))


@dataclass(frozen=True)
class Commit:
    """What one commit added; it is durable.

    Attributes:
        run: id of the receipt that counts it.
        records: records that came in: `records = released + withheld + quarantined`.
        released: records released to one release or more.
        withheld: records that no release's conditions matched.
        quarantine: quarantined records by reason, one of `tamis.filter.tally.REASONS`.
        rows: released rows by release id.
        seconds: time that the commit took; of a batch run, time that the run took.
        receipt: the receipt of a batch run, None of a stream.
    """

    run: str
    records: int
    released: int
    withheld: int
    quarantine: Mapping[str, int]
    rows: Mapping[str, int]
    seconds: float
    receipt: Receipt | None = None

    @property
    def figures(self) -> dict[str, Any]:
        """The counts and the seconds, for a log."""
        return {
            "records": self.records,
            "released": self.released,
            "withheld": self.withheld,
            "quarantine": dict(self.quarantine),
            "rows": dict(self.rows),
            "seconds": round(self.seconds, 3),
        }

    @classmethod
    def of_tally(cls, run: str, tally: Tally, seconds: float) -> "Commit":
        """The commit of a stream that added `tally` to the receipt `run`."""
        return cls(
            run,
            tally.records,
            tally.released,
            tally.withheld,
            tally.reasons,
            dict(tally.rows),
            seconds,
        )

    @classmethod
    def of_receipt(cls, receipt: Receipt) -> "Commit":
        """The commit of a batch run."""
        counts = receipt.counts
        return cls(
            receipt.run,
            counts.in_,
            counts.released,
            counts.withheld,
            receipt.quarantine,
            {name: part.rows for name, part in receipt.releases.items()},
            (receipt.ended - receipt.started).total_seconds(),
            receipt,
        )


class RunListener:
    """Is told what a run does, in the thread that runs it; each method may be left as it is.

    Example:
        >>> class Printing(RunListener):
        ...     def failed(self, error):
        ...         print(error)
        >>> Listeners(Printing()).failed(RunError("the sink went away"))
        the sink went away
    """

    def started(self, run: StartedRun) -> None:
        """A run or a session begins; what it is told next belongs to it."""

    def polled(self, lag: Mapping[int, int] | None) -> None:
        """The stream goes on; not told while its source does not answer.

        Args:
            lag: by partition, messages that wait to be read; of a watched folder the files, under
                0; None if the source does not say.
        """

    def committed(self, commit: Commit) -> None:
        """A commit is durable; of a batch run it may have been so before."""

    def completed(self) -> None:
        """The run is done, or the session is drained."""

    def failed(self, error: TamisError) -> None:
        """The run or session failed; what was committed before stays."""

    def interrupted(self) -> None:
        """A signal ends the process of a run of which nothing is committed, in less than a second.

        It is told by another thread than what came before.
        """


class Listeners(RunListener):
    """Tells several listeners; none of them stops the run.

    Example:
        >>> bool(Listeners()), bool(Listeners(RunListener()))
        (False, True)
    """

    def __init__(self, *listeners: RunListener) -> None:
        self._listeners = list(listeners)

    def __bool__(self) -> bool:
        """Whether anybody listens."""
        return bool(self._listeners)

    def started(self, run: StartedRun) -> None:
        self._tell(lambda listener: listener.started(run))

    def polled(self, lag: Mapping[int, int] | None) -> None:
        self._tell(lambda listener: listener.polled(lag))

    def committed(self, commit: Commit) -> None:
        self._tell(lambda listener: listener.committed(commit))

    def completed(self) -> None:
        self._tell(lambda listener: listener.completed())

    def failed(self, error: TamisError) -> None:
        self._tell(lambda listener: listener.failed(error))

    def interrupted(self) -> None:
        self._tell(lambda listener: listener.interrupted())

    @contextmanager
    def during(self, run: StartedRun) -> Iterator[None]:
        """Tell that `run` begins, and how the block ends; an error goes on its way."""
        self.started(run)
        try:
            yield
        except TamisError as error:
            self.failed(error)
            raise
        except Exception as error:
            # The text of an unforeseen error may quote a cell.
            kind = type(error).__name__
            self.failed(RunError(_("{what} failed ({kind})", what=run.run, kind=kind)))
            raise
        self.completed()

    def _tell(self, tell: Callable[[RunListener], None]) -> None:
        for listener in tuple(self._listeners):
            try:
                tell(listener)
            except Exception as error:
                self._listeners.remove(listener)
                _log.warning(
                    _(
                        "{listener} failed ({kind}), and is told nothing more; the run goes on",
                        listener=type(listener).__name__,
                        kind=type(error).__name__,
                    )
                )


SILENT = Listeners()
"""Nobody listens."""
