"""One stage of the filter, as `budget.py` runs it under callgrind: `budget_stages.py STAGE`.

What a stage needs is made, and the stage done once, before counting begins.
"""

import gc
import io
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from feed import make_table

import tamis
from tamis.check.check import check
from tamis.documents.project import Documents
from tamis.filter.compiled import compile_steps
from tamis.filter.execution import Minimized, execute
from tamis.filter.gate.gate import GateColumn, find_leaks
from tamis.formats.chunk import Chunk
from tamis.formats.parquet import read_parquet, split
from tamis.nir.find import redact
from tamis.stores.parquet_part import ParquetPart, layout_of

ROWS = 16_384
PROJECT = Path(__file__).parent / "project"
TAGS = "legal_"
SALT = bytes(16)

Work = Callable[[], object]


class FixedKey:
    """One key for all, as a keyring gives keys."""

    def key(
        self, processing: str, item: str, method: str, kind: str | None = None
    ) -> tamis.DerivedKey:
        """The key."""
        return tamis.DerivedKey(bytes(32), 1, "budget")


def minimize() -> Callable[[], Minimized[pa.RecordBatch]]:
    """The whole filter, with its finder and its gate, on what `read` gives."""
    plan = plan_of("j2-cmac")
    steps = compile_steps(plan)
    (chunk,) = read()()
    return lambda: execute(steps, chunk.data, "budget", FixedKey(), SALT, coded=True)


def find() -> Work:
    """NIRs found in comments, and redacted."""
    comments = rows().column("commentaire")
    return lambda: redact(comments)


def gate() -> Work:
    """The second look at what is released."""
    released = tamis.minimize(rows(), plan_of("j1"), salt=SALT).released["j1"]
    columns = [
        GateColumn(name, released.column(name))
        for name in released.schema.names
        if not name.startswith(TAGS)
    ]
    return lambda: find_leaks(columns, SALT)


def read() -> Callable[[], list[Chunk]]:
    """Parquet read as a batch run does: what the plan asks, texts by their dictionaries."""
    stream, plan = io.BytesIO(), plan_of("j2-cmac")
    pq.write_table(pa.Table.from_batches([rows()]), stream, compression="snappy")
    (part,) = split(stream, "feed")
    return lambda: list(read_parquet(stream, plan, "feed", part, coded=True))


def write() -> Work:
    """Rows put in order, written and digested."""
    plan, released = plan_of("j2-cmac"), minimize()().released["j2"]

    def work() -> str:
        part = ParquetPart(open(os.devnull, "wb"), layout_of(plan, "j2"))  # noqa: SIM115
        part.write(released)
        return part.close()

    return work


def prove() -> Work:
    """`check` of the benchmarks' project: documents read, rules proved."""
    return lambda: check(Documents(PROJECT))


STAGES = {
    "minimize": minimize,
    "find": find,
    "gate": gate,
    "read": read,
    "write": write,
    "check": prove,
}


def rows() -> pa.RecordBatch:
    """The dirty feed's first rows."""
    (batch,) = make_table(np.random.default_rng(1), 0, ROWS).combine_chunks().to_batches()
    return batch


def plan_of(policy: str) -> tamis.Plan:
    """A policy of the benchmarks, on a fixed day."""
    return tamis.load_project(PROJECT).plan(policy, on="2026-03-02")


def count(work: Work) -> None:
    """Do the work once for itself, and once counted."""
    work()
    gc.collect()
    gc.freeze()
    switch("on")
    work()
    switch("off")


def switch(state: str) -> None:
    """Tell callgrind, under which this process runs, to count or not.

    It does so by ptrace: where that is forbidden, it is told by the time-out.
    """
    command = ["callgrind_control", f"--instr={state}", str(os.getpid())]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, timeout=300)


if __name__ == "__main__":
    pa.set_cpu_count(1)
    pa.set_io_thread_count(1)
    count(STAGES[sys.argv[1]]())
