"""A program that runs the same job again and again in processes of its own, and kills each.

    python killed.py JOB < orders

JOB is a pickled `Job`; a line of orders is `STORE STEP` or `STORE SECONDSs`. The process of an
order runs the job into STORE and kills itself with SIGKILL right before its STEPth operation on
the file system there, or is killed after SECONDS. What became of each is one line of output:
`killed`, or `done` and the number of operations.
"""

import os
import pickle
import signal
import sys
import time
from dataclasses import replace
from itertools import count
from pathlib import Path
from typing import Any

STEPS = frozenset(("open", "os.mkdir", "os.rename", "os.remove", "os.rmdir", "fcntl.flock"))


def watch(store: str, last: int) -> "count[int]":
    """Die of SIGKILL before the operation number `last`; a counter of the operations so far."""
    steps = count()
    taken = count()

    def hook(event: str, args: tuple[Any, ...]) -> None:
        # What is removed with its folder is named relative to it.
        if event in STEPS and (
            str(args[0]).startswith(store) or event in ("os.remove", "os.rmdir", "fcntl.flock")
        ):
            next(taken)
            if next(steps) == last:
                os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(hook)
    return taken


def obey(job: Any, store: str, order: str) -> None:
    """Run the job as one order says, in this process."""
    from tamis.beam.run import run

    taken = watch(store, -1 if order.endswith("s") else int(order))
    run(replace(job, output=store))
    print(f"done {next(taken)}", flush=True)
    os._exit(0)


def main() -> None:
    """Fork a process for each order."""
    import tamis.beam.run  # noqa: F401

    job = pickle.loads(Path(sys.argv[1]).read_bytes())
    for line in sys.stdin:
        store, order = line.rsplit(maxsplit=1)
        child = os.fork()
        if child == 0:
            obey(job, store, order)
        if order.endswith("s"):
            time.sleep(float(order[:-1]))
            os.kill(child, signal.SIGKILL)
        _, status = os.waitpid(child, 0)
        if os.WIFSIGNALED(status):
            print("killed", flush=True)


if __name__ == "__main__":
    main()
