"""A batch run over many parts, and whether it holds more at its end than at its beginning.

    python tests/benchmarks/soak_batch.py [--rows 100000000] [--part-rows 1000000] [--folder DIR]

The feed is the dirty one (feed.py) in files of a part each. DISTINCT of them are made, and listed
as often as it takes, so that 100 million rows are read, judged, written and committed from 1 GB.
What is released stands in --folder until the end, some 100 bytes a row. The policy is j4: a
condition, a redacted comment, an HMAC pseudonym, rows in an order of their own. 1 is returned where
memory grows by more than --growth MiB per 100 million rows with 95 % confidence, files or threads
became more, or a row is missing.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import apache_beam as beam
import feed
from apache_beam.options.pipeline_options import PipelineOptions
from run import apart, new_keys
from slope import Sample, grown, sample, settled, slope

import tamis
from tamis.beam.listing import ListFiles, Task
from tamis.beam.read import ReadTasks

HERE = Path(__file__).parent

DISTINCT = 5
"""Files that are made; more are those again."""

TOLD_SECONDS = 60


def main(rows: int, part_rows: int, folder: Path, growth: float, seconds: float) -> int:
    """Make the feed, run over it, tell, and judge; the exit code."""
    times = -(-rows // (part_rows * DISTINCT))
    rows = times * part_rows * DISTINCT
    with tempfile.TemporaryDirectory(dir=folder, prefix="soak-") as name:
        made = Path(name)
        for number in range(DISTINCT):
            apart(feed.write, made / f"{number}.parquet", part_rows, number)
        new_keys(made / "keys.json")
        with (made / "log").open("wb") as log:
            begun = time.monotonic()
            command = [sys.executable, __file__, "--run", name, "--times", str(times)]
            process = subprocess.Popen(command, stdout=log, stderr=log)
            try:
                samples = watch(process, made / "store", seconds)
            finally:
                process.kill()
                process.wait()
        if process.returncode:
            print((made / "log").read_text())
            return 1
        wall = time.monotonic() - begun
        receipt = made / "store" / "_receipts" / "soak.json"
        counts = json.loads(receipt.read_text())["counts"]
    print(f"{rows:,} rows in {wall:.0f} s: {counts}")
    kept = settled([now for now, staged in samples if staged])
    shares = [staged / samples[-1][1] for _, staged in samples][-len(kept) :]
    places = [share * rows / 1e8 for share in shares]
    memory, error = slope(places, [now.memory for now in kept])
    more = grown(kept)
    peak = max(now.memory for now in kept)
    print(f"memory: {memory:+.0f} ± {error:.0f} MiB per 100 million rows, peak {peak:.0f} MiB")
    print(f"more of: {', '.join(more) or 'nothing'}")
    return int(memory - error > growth or bool(more) or counts["in"] != rows)


def run(folder: Path, times: int) -> None:
    """Run j4 over the files of `folder`, each read `times` times, as a file of its own."""
    plan = tamis.load_project(HERE / "project").plan("j4")
    keys = tamis.KeyRef.current(str(folder / "keys.json"))
    options = PipelineOptions(
        runner="FnApiRunner",
        direct_running_mode="multi_threading",
        direct_num_workers=os.cpu_count() or 1,
    )
    with beam.Pipeline(options=options) as pipeline:
        (
            pipeline
            | ListFiles((str(folder / "*.parquet"),), plan)
            | "Repeat" >> beam.FlatMap(repeat, times)
            | beam.Reshuffle()
            | ReadTasks(plan, coded=True)
            | tamis.Minimize(
                plan, "soak", keys, allow_example=True, allow_unconfirmed=True, coded=True
            )
            | tamis.Store(str(folder / "store"))
        )


def repeat(task: Task, times: int) -> Iterator[Task]:
    """The task for each of as many files of one content."""
    for number in range(times):
        index = task.file.index + number * DISTINCT
        yield replace(task, file=replace(task.file, index=index))


def watch(
    process: "subprocess.Popen[bytes]", store: Path, seconds: float
) -> list[tuple[Sample, int]]:
    """Samples until the process ends, each with the number of files that were staged by then."""
    begun = time.monotonic()
    samples: list[tuple[Sample, int]] = []
    told = 0.0
    most = 0
    while process.poll() is None:
        now = time.monotonic() - begun
        most = max(most, sum(1 for _ in store.glob("_staging/**/*.parquet")))
        try:
            samples.append((sample(process.pid, now), most))
        except OSError:
            break
        if now >= told:
            print(samples[-1][0], f"{most} files staged", flush=True)
            told += TOLD_SECONDS
        time.sleep(seconds)
    process.wait()
    return samples


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=100_000_000)
    parser.add_argument("--part-rows", type=int, default=1_000_000)
    parser.add_argument("--folder", type=Path, default=Path())
    parser.add_argument("--growth", type=float, default=50)
    parser.add_argument("--seconds", type=float, default=2)
    parser.add_argument("--run", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--times", type=int, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.run:
        sys.exit(run(given.run, given.times))
    sys.exit(main(given.rows, given.part_rows, given.folder, given.growth, given.seconds))
