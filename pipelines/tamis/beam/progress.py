"""How far the readers of this process have come, for a progress bar.

The listener is a variable of the module because a `DoFn` is pickled before it runs, even on the
local runner: a module is all that it shares with the driver. It decides nothing but what a terminal
shows, and is None otherwise: always in workers of other processes.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol


class Listener(Protocol):
    """Is called by the threads of all workers."""

    def expect(self, size: int, rows: int | None) -> None:
        """Learn that `size` bytes are to be read, or at most `rows` records if that is given."""

    def advance(self, rows: int, size: int) -> None:
        """Learn that so many more records, and bytes of the files, were read."""


_listener: Listener | None = None


@contextmanager
def listen(listener: Listener) -> Iterator[None]:
    """Call `listener` while the block runs."""
    global _listener
    _listener = listener
    try:
        yield
    finally:
        _listener = None


def expect(size: int, rows: int | None = None) -> None:
    """Call the listener with what is to be read."""
    if _listener is not None:
        _listener.expect(size, rows)


def advance(rows: int, size: int) -> None:
    """Call the listener with what was read."""
    if _listener is not None:
        _listener.advance(rows, size)
