"""One big file on one and on two single-core workers: wall, CPU and memory of each, and speed-up.

    python tests/benchmarks/bench_workers.py [--rows 2000000] [--rounds 3] [--format csv|parquet]
    python tests/benchmarks/bench_workers.py --feed FILE

The feed is that of `feed.py`, dirty, and the policy j1. Workers are processes of Beam's local
runner (`multi_processing`), each held to one thread and one core; threads share Python's lock, and
are shown beside with `--threads`. Rounds alternate. A CSV of 2 GB is 3.8 million rows.
"""

import argparse
import os
import re
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

import pyarrow.csv
import pyarrow.parquet as pq

sys.path.insert(0, str(Path(__file__).parents[2]))

HERE = Path(__file__).parent
POLICY = "j1"


def make_feed(path: Path, rows: int) -> Path:
    """The feed as Parquet or CSV, by the name of the file."""
    parquet = path.with_suffix(".parquet")
    subprocess.run(
        [sys.executable, str(HERE / "feed.py"), str(parquet), "--rows", str(rows)], check=True
    )
    if path.suffix == ".csv":
        with pq.ParquetFile(parquet) as file:
            writer = pyarrow.csv.CSVWriter(path, file.schema_arrow)
            for batch in file.iter_batches():
                writer.write(batch)
            writer.close()
        parquet.unlink()
    return path


def measure(feed: Path, workers: int, mode: str) -> tuple[float, float, int]:
    """Seconds of wall and CPU, and MiB of the largest process, of a run."""
    with tempfile.TemporaryDirectory(dir=feed.parent) as store:
        command = [
            *("taskset", "-c", ",".join(map(str, range(workers)))),
            *("/usr/bin/time", "-f", "%e %U %S %M"),
            *(str(Path(sys.executable).parent / "tamis"), "--project", str(HERE / "project")),
            *("run", POLICY, "--input", str(feed), "--output", store, "--allow-example"),
            *("--", f"--direct_num_workers={workers}", f"--direct_running_mode={mode}"),
        ]
        environment = {**os.environ, "OMP_NUM_THREADS": "1", "ARROW_IO_THREADS": "1"}
        run = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if run.returncode:
        raise SystemExit(run.stderr[-2000:])
    figures = re.findall(r"[\d.]+", run.stderr.strip().splitlines()[-1])
    wall, user, system, peak = map(float, figures)
    return wall, user + system, int(peak) >> 10


def main() -> None:
    """Measure, and print medians."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--rows", type=int, default=2_000_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--format", choices=["csv", "parquet"], default="csv")
    parser.add_argument("--feed", type=Path)
    parser.add_argument("--threads", action="store_true")
    options = parser.parse_args()
    mode = "multi_threading" if options.threads else "multi_processing"
    with tempfile.TemporaryDirectory() as folder:
        feed = options.feed or make_feed(Path(folder) / f"feed.{options.format}", options.rows)
        print(f"{feed.stat().st_size / 1e9:.2f} GB, {mode}")
        walls: dict[int, list[float]] = {1: [], 2: []}
        for number in range(options.rounds):
            for workers in (1, 2) if number % 2 == 0 else (2, 1):
                wall, cpu, peak = measure(feed, workers, mode)
                walls[workers].append(wall)
                print(f"{workers} workers: {wall:.1f} s, CPU {cpu:.1f} s, {peak} MiB", flush=True)
        one, two = (statistics.median(walls[workers]) for workers in (1, 2))
        print(f"speed-up {one / two:.2f}")


if __name__ == "__main__":
    main()
