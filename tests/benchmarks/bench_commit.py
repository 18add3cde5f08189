"""What it takes to commit a run of many files, by the one worker that does it.

    python -m tests.benchmarks.bench_commit folder|s3|gcs [FILES]

The files are small, so that it is their number that counts. Buckets are the tests' own servers on
this machine, which keep objects in memory and answer at once: a real bucket answers later.
"""

import functools
import multiprocessing
import resource
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from datetime import UTC, datetime

import pyarrow as pa
from tests.fuzz.commit_pairs import _plan
from tests.services.buckets import anonymous, run_gcs, run_s3

from tamis.evidence.receipt import InputPart, RunFacts, make_receipt
from tamis.filter.quarantine import QUARANTINE_SCHEMA
from tamis.filter.tally import Cause, QuarantineCount, Tally
from tamis.formats.chunk import PartKey
from tamis.stores.opening import open_store
from tamis.stores.protocol import Attempt

RUN = "the-run"


def measure_commit(uri: str, files: int) -> None:
    """Stage so many files, commit them, and print what each took."""
    with anonymous() if uri.startswith("gs://") else nullcontext():
        _measure_commit(uri, files)


def _measure_commit(uri: str, files: int) -> None:
    plan, store, attempt = _plan(), open_store(uri), Attempt.begin(RUN)
    began = time.monotonic()
    store.stage(attempt, plan)
    writer = store.writer(attempt, plan, None)
    values = {"run": RUN, "source": "feed", "reason": "type", "field": "f", "rule": "int32"}
    rows = pa.Table.from_pylist([{**values, "position": 0}], QUARANTINE_SCHEMA)
    (batch,) = rows.to_batches()
    pieces = []
    for part in range(files):
        pieces += writer.write(batch, PartKey(0, part), 0, pa.array([0]))
        pieces += writer.finish()
    writer.close()
    staged = time.monotonic()
    before = resource.getrusage(resource.RUSAGE_SELF)
    tally = Tally(records=files)
    tally.quarantine[Cause("type", "f", "int32")] = QuarantineCount(files, "feed", 0)
    facts = RunFacts(RUN, datetime.now(UTC))
    read = [InputPart(uri="feed", rows=files, bytes=0, sha256="")]
    make = functools.partial(make_receipt, plan, facts, tally, read)
    receipt = store.commit(attempt, plan, pieces, make)
    after = resource.getrusage(resource.RUSAGE_SELF)
    assert len(receipt.quarantine_files) == files
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    print(
        f"{files} files: staged in {staged - began:.1f} s; committed in "
        f"{time.monotonic() - staged:.1f} s, {cpu:.1f} s of CPU; peak {before.ru_maxrss >> 10} "
        f"MiB before the commit, {after.ru_maxrss >> 10} MiB after it"
    )


@contextmanager
def run_folder() -> Iterator[str]:
    """A folder of this machine, while the block runs."""
    with tempfile.TemporaryDirectory() as folder:
        yield folder


if __name__ == "__main__":
    with {"folder": run_folder, "s3": run_s3, "gcs": run_gcs}[sys.argv[1]]() as place:
        number = int(sys.argv[2]) if len(sys.argv) > 2 else 1_000
        process = multiprocessing.get_context("spawn").Process(
            target=measure_commit, args=(f"{place}/store", number)
        )
        process.start()
        process.join()
        sys.exit(process.exitcode)
