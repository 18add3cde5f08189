"""What a record and a file cost, and what a billion records would: `bench_scaling.py [--job j4]`.

    python tests/benchmarks/bench_scaling.py [--formats parquet,csv] [--rows 50000,250000]

A record's cost is the CPU of whole processes on two feeds of different size, less the one from the
other, so that start-up falls away; it is measured a format. A file's cost is that of a run over
many files of one record each, with their listing, digests, staged files and commit. The tables that
follow are computed from these two, and hold for workers of one core that do as many records a
second as this machine's.
"""

import argparse
import json
import tempfile
from collections.abc import Callable
from pathlib import Path

import fastavro
import numpy as np
import pyarrow as pa
import pyarrow.csv as pacsv
import pyarrow.parquet as pq
from feed import make_table
from run import measure, new_keys, run_policy

from tamis.documents.feed_format import CsvOptions

FILES = 20, 220
"""Files of one record: two numbers of them, whose difference is what a file costs."""

RECORDS = {"1 billion": 1e9, "50 billion": 5e10}
WORKERS = 10, 100, 1000
EFFICIENCY = 0.75
"""Of a worker beside others, of one alone: two workers on one file of 20 million rows."""

PART_ROWS = 1_000_000


def main(job: str, formats: list[str], sizes: list[int]) -> None:
    """Measure, and print the tables."""
    with tempfile.TemporaryDirectory(prefix="tamis-bench-") as name:
        folder = Path(name)
        new_keys(folder / "keys.json")
        costs = {}
        for form in formats:
            seconds = [cost(folder, job, form, [rows]) for rows in sizes]
            costs[form] = (seconds[1] - seconds[0]) / (sizes[1] - sizes[0])
            start = seconds[0] - costs[form] * sizes[0]
            print(
                f"{form:<10}{1e6 * costs[form]:7.2f} us a record, start {start:.1f} s", flush=True
            )
        few, many = (cost(folder, job, "parquet", [1] * files) for files in FILES)
        file = (many - few) / (FILES[1] - FILES[0])
        print(f"{'a file':<10}{1e3 * file:7.2f} ms: listing, digest, staging, commit")
    for title, records in RECORDS.items():
        print(f"\n{title} records, {records / PART_ROWS:,.0f} parts of {PART_ROWS:,}")
        print(f"{'':<10}{'core hours':>12}" + "".join(f"{n:>7} workers" for n in WORKERS))
        for form, each in costs.items():
            hours = records * each / EFFICIENCY / 3600
            print(f"{form:<10}{hours:>12.1f}" + "".join(f"{told(hours / n):>15}" for n in WORKERS))


def told(hours: float) -> str:
    """A time, for a person."""
    return f"{hours:.1f} h" if hours >= 1 else f"{60 * hours:.1f} min"


def cost(folder: Path, job: str, form: str, files: list[int]) -> float:
    """The CPU of a run over files of so many rows."""
    inputs, store = folder / "in", folder / "out"
    inputs.mkdir()
    for number, rows in enumerate(files):
        table = make_table(np.random.default_rng(number), 0, rows)
        WRITERS[form](table, inputs / f"{number}.{form}")
    used = measure(run_policy(job, inputs / f"*.{form}", store, folder / "keys.json"))
    for path in [*inputs.iterdir()]:
        path.unlink()
    inputs.rmdir()
    store.rename(folder / f"done-{form}-{len(files)}-{files[0]}")
    return used.cpu


def write_csv(table: pa.Table, path: Path) -> None:
    """A CSV as schemas have it where they say nothing."""
    pacsv.write_csv(table, path, pacsv.WriteOptions(delimiter=CsvOptions().separator))


def write_jsonl(table: pa.Table, path: Path) -> None:
    """An object a line."""
    with path.open("w", encoding="utf-8") as out:
        for row in table.to_pylist():
            out.write(json.dumps(row, default=str, ensure_ascii=False) + "\n")


def write_avro(table: pa.Table, path: Path) -> None:
    """Nullable fields, in blocks as fastavro makes them."""
    kinds = {
        pa.int32(): "int",
        pa.int64(): "long",
        pa.float64(): "double",
        pa.date32(): {"type": "int", "logicalType": "date"},
        pa.timestamp("us"): {"type": "long", "logicalType": "local-timestamp-micros"},
        pa.decimal128(19, 2): {
            "type": "bytes",
            "logicalType": "decimal",
            "precision": 19,
            "scale": 2,
        },
    }
    fields = [
        {"name": field.name, "type": ["null", kinds.get(field.type, "string")]}
        for field in table.schema
    ]
    schema = {"type": "record", "name": "dossier", "fields": fields}
    with path.open("wb") as out:
        fastavro.writer(out, schema, table.to_pylist(), codec="snappy")


WRITERS: dict[str, Callable[[pa.Table, Path], None]] = {
    "parquet": lambda table, path: pq.write_table(table, path, compression="snappy"),
    "csv": write_csv,
    "jsonl": write_jsonl,
    "avro": write_avro,
}


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--job", default="j4")
    parser.add_argument("--formats", default="parquet,csv,jsonl,avro")
    parser.add_argument("--rows", default="50000,250000")
    given = parser.parse_args()
    main(given.job, given.formats.split(","), [int(rows) for rows in given.rows.split(",")])
