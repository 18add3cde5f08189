"""A program that does each order that stdin holds in a process of its own, and kills it there.

An order is a function with its arguments, the folder that it writes to, and when the process dies:
a whole number N means of SIGKILL right before its Nth operation on files of that folder, a
fraction means by SIGKILL after so many seconds. What became of each order is one line of output:
`killed`, or `done` and the number of operations.
"""

import os
import pickle
import signal
import sys
import time
from itertools import count
from typing import Any

STEPS = frozenset(
    ("open", "os.mkdir", "os.link", "os.rename", "os.remove", "os.rmdir", "fcntl.flock")
)


def watch(folder: str, last: int) -> list[str]:
    """Die of SIGKILL before the operation number `last`; the operations so far."""
    taken: list[str] = []
    steps = count()

    def hook(event: str, args: tuple[Any, ...]) -> None:
        # Files of a store are named relative to the open folder in which they stand.
        if event in STEPS and str(args[0]).startswith(folder) | (not str(args[0]).startswith("/")):
            taken.append(event)
            if next(steps) == last:
                os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(hook)
    return taken


def obey(orders: list[tuple[Any, tuple[Any, ...], str, float]]) -> None:
    """Fork a process for each order."""
    for function, arguments, folder, when in orders:
        child = os.fork()
        if child == 0:
            taken = watch(folder, when if isinstance(when, int) else -1)
            function(*arguments)
            print(f"done {len(taken)}", flush=True)
            os._exit(0)
        if isinstance(when, float):
            time.sleep(when)
            os.kill(child, signal.SIGKILL)
        _, status = os.waitpid(child, 0)
        if os.WIFSIGNALED(status):
            print("killed", flush=True)


if __name__ == "__main__":
    obey(pickle.loads(sys.stdin.buffer.read()))
