"""What SIGINT and SIGTERM do to a command that is no stream: it ends within seconds.

A handler that raises is not enough. While a pipeline runs, the main thread waits for others that
know nothing of the exception, the interpreter that ends under them aborts or hangs, and an
exception that is raised within a finalizer is lost. So `ends_at_once` lets a thread of its own
learn of the signal, say what stands, and end the process; what was staged is as after a crash.
Commands that hold nothing but themselves, such as those that ask for a passphrase, are ended by
`Interrupted`, which unwinds them.
"""

import fcntl
import os
import shutil
import signal
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import FrameType
from typing import NoReturn

from tamis import log
from tamis.language import _

SIGNALS = (signal.SIGINT, signal.SIGTERM)

_WAITING = 1.0
"""Seconds that a commit may take to end, and seconds that `message` may take."""

_FOLDERS = "tamis-command-"
"""How the names of temporary folders begin."""

_YOUNG = 60.0
"""Seconds for which a folder is left, for its process may be about to lock it."""

_committing = threading.Lock()

_owned = threading.Event()
"""Whether the process is the command's own: in one of somebody else, signals are not the command's
once it has ended."""


class Interrupted(BaseException):
    """A signal ends the command; no `except Exception` stops it.

    Attributes:
        number: of the signal.
    """

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.number = number


@contextmanager
def uninterrupted() -> Iterator[None]:
    """Let `ends_at_once` wait while the block runs, so that what it says of the block is true.

    Example:
        >>> with uninterrupted():
        ...     committed = True
    """
    with _committing:
        yield


def raise_interrupted() -> None:
    """From now on, let a signal raise `Interrupted` in the main thread of one's own process."""
    _owned.set()

    def interrupt(number: int, _frame: FrameType | None) -> None:
        raise Interrupted(number)

    for number in SIGNALS:
        signal.signal(number, interrupt)


def exit_on_signals(code: int) -> None:
    """From now on, let a signal end one's own process with `code`: its work is done.

    What it still waits for, such as a server of lineage, changes nothing of that.
    """
    if not _owned.is_set():
        return

    def end(_number: int, _frame: FrameType | None) -> NoReturn:
        with suppress(Exception):  # the signal may have come while it was written to
            sys.stdout.flush()
        os._exit(code)

    for number in SIGNALS:
        signal.signal(number, end)


def exit_code(number: int) -> int:
    """The exit code of a command that signal `number` ended, as shells have it.

    Example:
        >>> exit_code(signal.SIGINT), exit_code(signal.SIGTERM)
        (130, 143)
    """
    return 128 + number


@contextmanager
def ends_at_once(message: str | Callable[[bool], str]) -> Iterator[None]:
    """Let a signal end the process while the block runs, whatever its threads are doing.

    Temporary files that the block makes lie in one folder, which goes with the process. One whose
    process was killed before is removed first: its own lock on it tells that a process lives.

    Args:
        message: what stands and how to go on, in one line; or what gives it. That is called once,
            by another thread, must not wait for what the block holds, and learns whether a commit
            is still under way.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = tempfile.tempdir
    _remove_orphans()
    with (
        tempfile.TemporaryDirectory(prefix=_FOLDERS, ignore_cleanup_errors=True) as folder,
        _locked(folder),
    ):
        reading, writing = os.pipe()
        os.set_blocking(writing, False)
        handlers = {number: signal.signal(number, _pass_on) for number in SIGNALS}
        signal.set_wakeup_fd(writing, warn_on_full_buffer=False)
        watcher = threading.Thread(target=_watch, args=(reading, message, folder), daemon=True)
        watcher.start()
        tempfile.tempdir = folder
        try:
            yield
        finally:
            tempfile.tempdir = before
            signal.set_wakeup_fd(-1)
            for number, handler in handlers.items():
                signal.signal(number, handler)
            os.close(writing)
            watcher.join()  # a signal that came before is not forgotten
            os.close(reading)


@contextmanager
def _locked(folder: str) -> Iterator[bool]:
    """Lock a folder while the block runs, and give whether no other process has it."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            is_free = True
        except OSError:
            is_free = False
        yield is_free
    finally:
        os.close(handle)


def _remove_orphans() -> None:
    """Remove the temporary folders of commands that were killed."""
    for folder in Path(tempfile.gettempdir()).glob(f"{_FOLDERS}*"):
        with suppress(OSError):
            found = folder.lstat()
            is_young = time.time() - found.st_mtime < _YOUNG  # and may be locked in a moment
            if found.st_uid != os.geteuid() or is_young:
                continue
            with _locked(str(folder)) as is_free:
                if is_free:
                    shutil.rmtree(folder, ignore_errors=True)


def _pass_on(_number: int, _frame: FrameType | None) -> None:
    """Do nothing: the interpreter writes the number to the pipe, even within a library's code."""


def _watch(reading: int, message: str | Callable[[bool], str], folder: str) -> None:
    while numbers := os.read(reading, 1):
        if numbers[0] in SIGNALS:
            _end(numbers[0], message, folder)


def _end(number: int, message: str | Callable[[bool], str], folder: str) -> NoReturn:
    try:
        # The lock is never released: nothing is committed after it was looked at what is.
        is_committing = not _committing.acquire(timeout=_WAITING)
        lines = [_("interrupted")]

        def describe() -> None:
            lines.append(message if isinstance(message, str) else message(is_committing))

        describing = threading.Thread(target=describe, daemon=True)
        describing.start()
        describing.join(_WAITING)
        shutil.rmtree(folder, ignore_errors=True)
        print_line(lines[-1])
    finally:
        os._exit(exit_code(number))


def print_line(text: str) -> None:
    """Print a line to stderr itself, for `sys.stderr` may be turned away."""
    # A progress bar hides the cursor of a terminal.
    clear = "\r\x1b[2K\x1b[?25h" if os.isatty(2) and not log.is_json() else ""
    line = f"{clear}{log.formatted(text)}\n"
    with suppress(OSError):
        os.write(2, line.encode(sys.getfilesystemencoding(), "replace"))
