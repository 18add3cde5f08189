"""`tamis-worker`, which dies where an order says so, alone or with the program that started it.

Its first argument is a folder of orders: files of JSON with a function, how often it is called
before, whether the call is done first, and whether the parent dies too. The first worker that comes
to a call takes the order away, so that each is obeyed once. Where the folder has a file `day`, it
is the day that the file says.

It does not die before both workers of the job are at work: an attempt that is cancelled while a
worker starts leaves that worker's environment in use (Beam 2.70), and when such a worker dies,
attempts fail until the environment expires.
"""

import datetime
import fcntl
import functools
import importlib
import json
import os
import signal
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

WORKERS = 2
"""As many as the job has slots."""


class Company:
    """The workers of an attempt: each has a file, which is empty until the worker is at work.

    Args:
        folder: of the files.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._mine = folder / str(os.getpid())
        self._is_at_work = False
        folder.mkdir(exist_ok=True)
        self._mine.touch()

    def begin_work(self) -> None:
        """Say that this worker is at work."""
        if not self._is_at_work:
            self._is_at_work = True
            self._mine.write_text("at work")

    def wait(self) -> None:
        """Wait until all are at work."""
        while len(files := list(self._folder.iterdir())) < WORKERS or any(map(_starts, files)):
            time.sleep(0.05)

    def forget(self) -> None:
        """Begin to count anew, for the next attempt."""
        for file in self._folder.iterdir():
            file.unlink()


def obey(order: Path, company: Company) -> None:
    """Let the function that an order names kill this process."""
    text = json.loads(order.read_text())
    calls = iter(range(text["call"]))

    def die() -> None:
        with (order.parent / "dying").open("w") as one_at_a_time:
            try:
                fcntl.flock(one_at_a_time, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return
            if not order.exists():
                return
            company.wait()
            company.forget()
            order.unlink()
            if text["parent"]:
                os.kill(os.getppid(), signal.SIGKILL)
            os.kill(os.getpid(), signal.SIGKILL)

    def dying(call: Callable[..., Any]) -> Callable[..., Any]:
        def act(*args: Any, **kwargs: Any) -> Any:
            is_last = next(calls, None) is None
            if is_last and not text["done_first"]:
                die()
            result = call(*args, **kwargs)
            if is_last:
                die()
            return result

        return act

    wrap(text["function"], dying)


def wrap(function: str, wrapper: Callable[[Callable[..., Any]], Callable[..., Any]]) -> None:
    """Put something around a function, `module:Class.name`."""
    module, _, path = function.partition(":")
    *outer, name = path.split(".")
    holder: Any = functools.reduce(getattr, outer, importlib.import_module(module))
    call = getattr(holder, name)
    setattr(holder, name, functools.wraps(call)(wrapper(call)))


def live_by(clock: Path) -> None:
    """Let it be the day that a file says, for all that is imported from now on."""
    import tamis.documents.calendar as calendar

    calendar.today = lambda: datetime.date.fromisoformat(clock.read_text())


def main(folder: Path) -> None:
    """Be a worker that obeys."""
    if (folder / "day").exists():
        live_by(folder / "day")
    if orders := list(folder.glob("*.json")):
        company = Company(folder / "workers")

        def at_work(call: Callable[..., Any]) -> Callable[..., Any]:
            def act(*args: Any, **kwargs: Any) -> Any:
                company.begin_work()
                return call(*args, **kwargs)

            return act

        wrap("apache_beam.runners.worker.sdk_worker:SdkWorker.process_bundle", at_work)
        for order in orders:
            obey(order, company)
    from tamis.cli import work

    work()


def _starts(file: Path) -> bool:
    """Whether the worker of a file lives, and is not at work."""
    with suppress(OSError):
        line = Path(f"/proc/{file.name}/cmdline").read_bytes()  # empty if it waits to be reaped
        return bool(line) and not file.read_text()
    return False


if __name__ == "__main__":
    main(Path(sys.argv.pop(1)))
