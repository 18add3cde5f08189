"""`tamis-worker`, which dies where an order says so, alone or with the program that started it.

Its first argument is a folder of orders: files of JSON with a function, how often it is called
before, whether the call is done first, and whether the parent dies too. The first worker that comes
to a call takes the order away, so that each is obeyed once.
"""

import functools
import importlib
import json
import os
import signal
import sys
from pathlib import Path
from typing import Any


def obey(order: Path) -> None:
    """Let the function that an order names kill this process."""
    text = json.loads(order.read_text())
    module, _, path = text["function"].partition(":")
    *outer, name = path.split(".")
    holder: Any = functools.reduce(getattr, outer, importlib.import_module(module))
    call = getattr(holder, name)
    calls = iter(range(text["call"]))

    def die() -> None:
        try:
            order.unlink()
        except FileNotFoundError:
            return
        if text["parent"]:
            os.kill(os.getppid(), signal.SIGKILL)
        os.kill(os.getpid(), signal.SIGKILL)

    @functools.wraps(call)
    def dying(*args: Any, **kwargs: Any) -> Any:
        is_last = next(calls, None) is None
        if is_last and not text["done_first"]:
            die()
        result = call(*args, **kwargs)
        if is_last:
            die()
        return result

    setattr(holder, name, dying)


if __name__ == "__main__":
    for file in Path(sys.argv.pop(1)).glob("*.json"):
        obey(file)
    from tamis.cli import work

    work()
