"""Two runs at once into one bucket, each killed at a request of its own, and then done again.

    python -m tests.fuzz.killed_in_buckets s3|gcs ROUNDS [SEED]

Every other round they are two attempts at one run. A run done again is committed, or was; what no
receipt lists is gone after a recovery, and all that one lists is there.
"""

import datetime
import logging
import multiprocessing
import os
import random
import signal
import sys
from collections import Counter
from contextlib import nullcontext
from itertools import count
from typing import Any

from tamis.errors import RunError
from tamis.stores.opening import open_store
from tamis.verify.verify import verify_store
from tests.fuzz.commit_pairs import _plan, commit_rows
from tests.services.buckets import anonymous, run_gcs, run_s3

_PATIENCE_SECONDS = 300
_REFUSED = 3
_MOST_REQUESTS = 100

_plan()  # once for all processes, which are forked from one that has imported this module


def _commit(uri: str, run_id: str, last: int, environment: dict[str, str]) -> None:
    """Commit a run, and die of SIGKILL before the request number `last`."""
    os.environ.update(environment)  # the server that forks has that of the first bucket
    logging.disable(logging.WARNING)
    requests = count()

    def hook(event: str, _args: tuple[Any, ...]) -> None:
        if event == "http.client.send" and next(requests) == last:
            os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(hook)
    try:
        with anonymous() if uri.startswith("gs://") else nullcontext():
            commit_rows(uri, run_id)
    except RunError:
        sys.exit(_REFUSED)


def commit_at_once(uri: str, runs: list[tuple[str, int]]) -> list[str]:
    """Commit runs at once, each in a process that dies at a request; what became of each."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["tests.fuzz.killed_in_buckets"])
    environment = dict(os.environ)
    processes = [context.Process(target=_commit, args=(uri, *run, environment)) for run in runs]
    for process in processes:
        process.start()
    for process in processes:
        process.join(_PATIENCE_SECONDS)
    outcomes = {0: "committed", _REFUSED: "refused", -signal.SIGKILL: "killed"}
    return [outcomes[process.exitcode or 0] for process in processes]


def check_round(uri: str, runs: list[str], chance: random.Random) -> Counter[str]:
    """Kill two runs into a new store, do them again at once, and look at what is there."""
    orders = [(run, chance.randrange(_MOST_REQUESTS)) for run in runs]
    first = commit_at_once(uri, orders)
    again = commit_at_once(uri, [(run, -1) for run in runs])
    assert "killed" not in again
    store = open_store(uri)
    assert not store.recover(datetime.timedelta(0)).problems
    committed = {receipt.run for receipt in store.receipts()}
    # One of two attempts at a run may be refused beside the other; a run by itself may not.
    assert committed == {*runs}, (orders, first, again)
    assert len({*runs}) == 1 or again == ["committed"] * 2
    failed = [finding for finding in verify_store(store) if finding.outcome == "failed"]
    assert not failed, failed
    assert store.recover(datetime.timedelta(0)) == type(store.recover())()
    return Counter([*(f"first {outcome}" for outcome in first), *(f"again {o}" for o in again)])


def check_rounds(bucket: str, rounds: int, seed: int) -> Counter[str]:
    """As many rounds, each in a store of its own."""
    chance = random.Random(seed)
    total: Counter[str] = Counter()
    for number in range(rounds):
        runs = ["run-a", "run-b" if number % 2 == 0 else "run-a"]
        total += check_round(f"{bucket}/{number}", runs, chance)
        print(number, dict(total), flush=True)
    return total


if __name__ == "__main__":
    logging.disable(logging.WARNING)
    from tests.fuzz import killed_in_buckets  # as its processes know it

    with {"s3": run_s3, "gcs": run_gcs}[sys.argv[1]]() as place:
        killed_in_buckets.check_rounds(
            place, int(sys.argv[2]), int(sys.argv[3]) if len(sys.argv) > 3 else 1
        )
