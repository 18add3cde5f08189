"""Where a stream goes: a sink commits records, quarantine, receipt and positions all at once."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from tamis.errors import RunError, UsageError
from tamis.language import _
from tamis.plan.plan import Plan
from tamis.streams.judge import Judged
from tamis.streams.ledger import Ledger

KeepWaiting = Callable[[], bool]
"""Whether to go on waiting for a broker or database that went away: not once a signal drains."""


class Sink(ABC):
    """Where a stream's records go, and where its positions are kept.

    A sink is held by one process at a time.

    Args:
        shown: its address without credentials.
        plan: what the stream's records are judged by.
        stream: id of the stream.
        keep_waiting: whether to go on waiting for a place that went away.

    Attributes:
        commits_periods: whether `commit` only stages, and the end of the period commits.
    """

    commits_periods = False

    def __init__(
        self, shown: str, plan: Plan, stream: str, keep_waiting: KeepWaiting = lambda: True
    ) -> None:
        self.shown = shown
        self._plan = plan
        self._stream = stream
        self._keep_waiting = keep_waiting
        self._source = ""
        self._positions: dict[int, int] = {}

    def open(self, source: str) -> dict[int, int]:
        """Take hold of the stream.

        Returns:
            Where it was cut: by partition, the next offset to read; empty for a stream that begins,
            and for a source that itself keeps what was not acknowledged.

        Raises:
            UsageError: the stream was fed from another source than `source`.
            RunError: another process holds it, or the place cannot be reached.
        """
        self._source = source
        self._positions = self._open()
        return self.durable

    @abstractmethod
    def _open(self) -> dict[int, int]:
        """As `open`, with the source known."""

    @abstractmethod
    def commit(self, judged: Judged, ledger: Ledger) -> Ledger:
        """Commit messages that follow what was committed; `ledger` counts the period before them.

        Waits for a place that went away.

        Returns:
            The ledger with `judged`, as it was committed.

        Raises:
            RunError: it cannot be committed; nothing of `judged` is.
        """

    def end_period(self, ledger: Ledger) -> None:  # noqa: B027 (most sinks have nothing to do)
        """Make visible what the period committed, if `commit` has not."""

    @property
    def next_run(self) -> str | None:
        """Id of the receipt of the period that begins; None where it is by time and chance."""
        return None

    @property
    def durable(self) -> dict[int, int]:
        """By partition, the offset before which nothing need be read again."""
        return dict(self._positions)

    @abstractmethod
    def close(self) -> None:
        """Let go of the stream. What was not committed is as if it had not been read."""

    def _error(self, message: str) -> RunError:
        return RunError(f"{self.shown}: {message}")

    def _check_source(self, source: str) -> None:
        """Check that positions of `source` are those of the stream's own source."""
        if source != self._source:
            raise other_source(self.shown, self._stream, source)


@dataclass(frozen=True)
class Topics:
    """The topics of a sink that are named after one.

    Attributes:
        released: by release id.
        quarantine: topic of why messages were quarantined, and of their sealed originals.
        receipts: topic of the receipts.
    """

    released: dict[str, str]
    quarantine: str
    receipts: str

    @classmethod
    def of(cls, topic: str, plan: Plan, separator: str) -> "Topics":
        """The topics that go with `topic`: itself, or one for each release if there are several.

        Args:
            topic: its name.
            plan: the plan with the releases.
            separator: stands between the topic's name and what is added to it.
        """
        return cls.named(topic, [release.id for release in plan.releases], separator)

    @classmethod
    def named(cls, topic: str, ids: Sequence[str], separator: str) -> "Topics":
        """The same, by the ids of the releases."""
        released = {name: topic if len(ids) == 1 else f"{topic}{separator}{name}" for name in ids}
        return cls(released, f"{topic}{separator}quarantine", f"{topic}{separator}receipts")

    @property
    def all(self) -> list[str]:
        """All of them."""
        return [*self.released.values(), self.quarantine, self.receipts]


def other_source(address: str, stream: str, source: str) -> UsageError:
    """The error of a stream whose positions at `address` are those of another `source`."""
    return UsageError(
        f"{address}: "
        + _(
            "stream {stream} was fed from {source}; a stream from another source needs another "
            "--run-id",
            stream=stream,
            source=source,
        )
    )
