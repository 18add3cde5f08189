"""Pseudonyms a second: `python tests/benchmarks/bench_pseudonym.py [VALUES]`.

    method              values     M values/s a core    two threads
    hmac-sha256        500,000                  1.53           1.0x
    aes-256-cmac     2,000,000                 77.86           1.9x
    two threads of this machine gain 1.9x at best

CPU time for the rate, wall time for the threads: twice the work on two threads against one after
the other, beside what the machine has to give just now (a hash of one large buffer). Python's HMAC
holds the interpreter's lock, so it gains nothing; a column's AES does not.
"""

import hashlib
import sys
import threading
import time
from collections.abc import Callable
from functools import partial

import numpy as np
import pyarrow as pa

from tamis.nir.pseudonym import pseudonymize

ROUNDS = 10
BARS = {"hmac-sha256": 1.0, "aes-256-cmac": 8.0}  # million values a second and core


def main(values: int) -> int:
    """Measure both methods; 1 if one is below its bar."""
    print(f"{'method':<16}{'values':>12}{'M values/s a core':>22}{'two threads':>15}")
    missed = 0
    for method, count in (("hmac-sha256", values // 4), ("aes-256-cmac", values)):
        column = synthetic_nirs(count)
        key = bytes(range(32))

        work = partial(pseudonymize, column, key, method)
        rate = count / best(work, time.process_time) / 1e6
        missed += rate < BARS[method]
        print(f"{method:<16}{count:>12,}{rate:>22.2f}{gain(work):>14.1f}x")
    large = partial(hashlib.sha256, bytes(1 << 25))
    print(f"two threads of this machine gain {gain(large):.1f}x at best")
    return int(missed > 0)


def synthetic_nirs(count: int) -> pa.Array:
    """`count` strings of 13 digits, with the order 99x that nobody has."""
    bodies = np.random.default_rng(1).integers(10**9, 3 * 10**9, count) * 1000 + 990
    return pa.array(bodies).cast(pa.string())


def gain(work: Callable[[], object]) -> float:
    """How much faster two threads do twice the work than one."""
    return 2 * best(work, time.perf_counter) / best(partial(twice, work), time.perf_counter)


def twice(work: Callable[[], object]) -> None:
    """Do the work on two threads at once."""
    threads = [threading.Thread(target=work) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def best(work: Callable[[], object], clock: Callable[[], float]) -> float:
    """The least seconds of some rounds: the others were disturbed."""
    seconds = []
    for _ in range(ROUNDS):
        begun = clock()
        work()
        seconds.append(clock() - begun)
    return min(seconds)


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 2_000_000))
