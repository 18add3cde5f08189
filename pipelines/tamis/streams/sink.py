"""Where a stream goes: sinks commit records, quarantine, receipt and positions all at once."""

from collections.abc import Callable
from typing import Protocol

from tamis.streams.judge import Judged
from tamis.streams.ledger import Ledger

Patience = Callable[[], bool]
"""Whether it is still worth while to wait for a broker or database that went away."""


class Sink(Protocol):
    """Where a stream's records go, and where its positions are kept.

    A sink is held by one process at a time.
    """

    shown: str

    def open(self, source: str) -> dict[int, int]:
        """Hold the stream, and tell where it was cut: by partition, the next offset to read.

        Raises:
            UsageError: the stream was fed from another source than `source`.
            RunError: another process holds it, or the place cannot be reached.
        """

    def commit(self, judged: Judged, ledger: Ledger) -> Ledger:
        """Commit messages that follow what was committed; `ledger` is what the period has yet.

        Waits for a place that went away, as long as its patience lasts.

        Returns:
            The ledger with `judged`, as it was committed.

        Raises:
            RunError: it cannot be committed; nothing of `judged` is.
        """

    def end_period(self, ledger: Ledger) -> None:
        """Make what the period committed exist, where that was not done by `commit`."""

    @property
    def durable(self) -> dict[int, int]:
        """By partition, the offset before which nothing need be read again."""

    def close(self) -> None:
        """Let the stream go. What was not committed is as if it had not been read."""
