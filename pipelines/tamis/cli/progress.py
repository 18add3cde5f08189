"""A progress bar on stderr, where that is a terminal: rows, rows a second, time left.

Elsewhere nothing listens to the readers, and nothing is imported.
"""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID


@contextmanager
def show_progress() -> Iterator[None]:
    """Show how far the readers of this process have come while the block runs."""
    if not sys.stderr.isatty():
        yield
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    from tamis.beam.progress import listen

    # The handle of now: Beam's own stderr is turned away while it runs.
    progress = Progress(
        TextColumn("{task.fields[rows]:>14,} rows"),
        BarColumn(),
        TextColumn("{task.fields[rate]:>11,.0f} rows/s"),
        TimeRemainingColumn(),
        console=Console(file=sys.stderr),
        transient=True,
        redirect_stdout=False,
        redirect_stderr=False,
        refresh_per_second=4,
    )
    with progress, listen(_Bar(progress)):
        yield


class _Bar:
    def __init__(self, progress: "Progress") -> None:
        self._progress = progress
        self._task: TaskID = progress.add_task("", total=None, rows=0, rate=0.0)
        self._by_rows = False

    def expect(self, size: int, rows: int | None) -> None:
        self._by_rows = rows is not None
        self._progress.update(self._task, total=(rows if self._by_rows else size) or None)

    def advance(self, rows: int, size: int) -> None:
        with self._progress._lock:
            task = self._progress.tasks[0]
            read = task.fields["rows"] + rows
            self._progress.update(
                self._task,
                advance=rows if self._by_rows else size,
                rows=read,
                rate=read / (task.elapsed or 1),
            )
