"""What readers tell of their progress, to whoever listens in the same process.

Nobody does unless a terminal is to show it. Workers in other processes have no listener.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol


class Listener(Protocol):
    """Hears how far reading has come. Called by the threads of all workers."""

    def expect(self, size: int, rows: int | None) -> None:
        """There are `size` bytes to read, or at most `rows` records where that is a number."""

    def advance(self, rows: int, size: int) -> None:
        """So many more records were read, and bytes of the files."""


_listener: Listener | None = None


@contextmanager
def listen(listener: Listener) -> Iterator[None]:
    """Let `listener` hear what is read while the block runs."""
    global _listener
    _listener = listener
    try:
        yield
    finally:
        _listener = None


def expect(size: int, rows: int | None = None) -> None:
    """Tell what is to be read."""
    if _listener is not None:
        _listener.expect(size, rows)


def advance(rows: int, size: int) -> None:
    """Tell what was read."""
    if _listener is not None:
        _listener.advance(rows, size)
