"""A progress bar on stderr, where that is a terminal: rows, rows a second, time left.

Elsewhere nothing listens to the readers, and nothing is imported.
"""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock
from time import monotonic
from typing import TYPE_CHECKING

from tamis.language import _

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

    # Keep the stderr of now: `worker_errors` turns `sys.stderr` away while the pipeline runs.
    progress = Progress(
        TextColumn(_("{count} rows").format(count="{task.fields[rows]:>14,}")),
        BarColumn(),
        TextColumn(_("{count} rows/s").format(count="{task.fields[rate]:>11,.0f}")),
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
    """Draws how far the readers of this process have come; nothing before they begin."""

    def __init__(self, progress: "Progress") -> None:
        self._progress = progress
        self._lock = Lock()
        self._task: TaskID = progress.add_task("", visible=False, rows=0, rate=0.0)
        self._by_rows = False
        self._rows = 0
        self._began = 0.0

    def expect(self, size: int, rows: int | None) -> None:
        self._by_rows = rows is not None
        self._began = monotonic()
        self._progress.reset(self._task, total=(size if rows is None else rows) or None)
        self._progress.update(self._task, visible=True)

    def advance(self, rows: int, size: int) -> None:
        with self._lock:
            self._rows += rows
            rate = self._rows / max(monotonic() - self._began, 0.001)
            done = rows if self._by_rows else size
            self._progress.update(self._task, advance=done, rows=self._rows, rate=rate)
