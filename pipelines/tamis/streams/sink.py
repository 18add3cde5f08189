"""Where a stream goes: a sink commits records, quarantine, receipt and positions all at once."""

from collections.abc import Callable
from typing import Protocol

from tamis.errors import UsageError
from tamis.language import _
from tamis.streams.judge import Judged
from tamis.streams.ledger import Ledger

KeepWaiting = Callable[[], bool]
"""Whether to go on waiting for a broker or database that went away: not once a signal drains."""


class Sink(Protocol):
    """Where a stream's records go, and where its positions are kept.

    A sink is held by one process at a time.

    Attributes:
        shown: the address without credentials.
    """

    shown: str

    def open(self, source: str) -> dict[int, int]:
        """Take hold of the stream.

        Returns:
            Where it was cut: by partition, the next offset to read; empty for a stream that begins,
            and for a source that itself keeps what was not acknowledged.

        Raises:
            UsageError: the stream was fed from another source than `source`.
            RunError: another process holds it, or the place cannot be reached.
        """

    def commit(self, judged: Judged, ledger: Ledger) -> Ledger:
        """Commit messages that follow what was committed; `ledger` counts the period before them.

        Waits for a place that went away.

        Returns:
            The ledger with `judged`, as it was committed.

        Raises:
            RunError: it cannot be committed; nothing of `judged` is.
        """

    def end_period(self, ledger: Ledger) -> None:
        """Make visible what the period committed, if `commit` has not."""

    @property
    def durable(self) -> dict[int, int]:
        """By partition, the offset before which nothing need be read again."""

    def close(self) -> None:
        """Let go of the stream. What was not committed is as if it had not been read."""


def other_source(address: str, stream: str, source: str) -> UsageError:
    """The error of a stream whose positions in the sink at `address` are those of `source`."""
    return UsageError(
        _(
            "{address}: stream {stream} was fed from {source}; a stream from another source needs "
            "another --run-id",
            address=address,
            stream=stream,
            source=source,
        )
    )
