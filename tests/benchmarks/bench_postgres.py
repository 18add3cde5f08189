"""PostgreSQL as source and sink of a batch run: rows a second, memory, and COPY beside psql's.

    python tests/benchmarks/bench_postgres.py FEED [--rows 1000000,5000000] [--rounds 5]

FEED is a file of `feed.py`. Starts a database of its own (tests/services). First job j3, from one
table into another, as whole processes; then what j3 released, 20 columns, from Arrow into a table
by `tamis.stores.tables.load` and from a CSV file by `psql \\copy`, by turns.
"""

import argparse
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from statistics import median

import psycopg
import pyarrow as pa
import pyarrow.parquet as pq
from psycopg.sql import SQL
from run import HERE, apart, measure, new_keys, run_policy

sys.path.insert(0, str(HERE.parent.parent))

from tests.services.postgres import Server, find_programs, run_postgres

from tamis.formats.postgres_copy import to_csv
from tamis.stores.table_rows import load

BATCH_ROWS = 65_536
COPIED_ROWS = 1_000_000
TYPES = {pa.date32(): "date", pa.int32(): "integer", pa.decimal128(19, 2): "numeric(19, 2)"}


def main(feed: Path, sizes: list[int], rounds: int) -> None:
    """Measure, and print a line a figure."""
    with run_postgres() as server, tempfile.TemporaryDirectory() as folder:
        keys = Path(folder) / "keys.json"
        new_keys(keys)
        for rows in sizes:
            measure_run(server, feed, rows, keys)
        measure_copy(server, feed, min(COPIED_ROWS, *sizes), rounds)


def batches(feed: Path, rows: int) -> Iterator[pa.RecordBatch]:
    """The first `rows` rows."""
    left = rows
    for batch in pq.ParquetFile(feed).iter_batches(BATCH_ROWS):
        if left <= 0:
            return
        yield batch.slice(0, left)
        left -= batch.num_rows


def make_table(server: Server, database: str, name: str, schema: pa.Schema) -> None:
    """A table without key that takes a batch of the schema."""
    columns = ", ".join(
        f'"{field.name}" '
        + ("timestamp" if pa.types.is_timestamp(field.type) else TYPES.get(field.type, "text"))
        for field in schema
    )
    server.query(f"DROP TABLE IF EXISTS {name}", database)
    server.query(f"CREATE TABLE {name} ({columns})", database)


def fill(uri: str, feed: Path, rows: int) -> None:
    """Rows into table `dossiers`."""
    with psycopg.connect(uri) as connection:
        for batch in batches(feed, rows):
            load(connection, SQL("dossiers"), batch)


def measure_run(server: Server, feed: Path, rows: int, keys: Path) -> None:
    """Print what j3 of so many rows takes."""
    database = f"run_{rows}"
    server.query(f"CREATE DATABASE {database}")
    make_table(server, database, "dossiers", pq.read_schema(feed))
    apart(fill, server.uri(database), feed, rows)
    source = server.uri(database, table="dossiers")
    cost = measure(run_policy("j3", source, server.uri(database, schema="store"), keys))
    ((made,),) = server.query("SELECT count(*) FROM store.j3__j3", database)
    if made != rows:
        raise SystemExit(f"{made} rows of {rows} came")
    print(
        f"table to table: {rows} rows in {cost.wall:.1f} s ({rows / cost.wall:.0f}/s), "
        f"{cost.cpu:.1f} s of CPU, peak {cost.memory:.0f} MiB",
        flush=True,
    )
    server.query(f"DROP DATABASE {database}")


def measure_copy(server: Server, feed: Path, rows: int, rounds: int) -> None:
    """Print the rows a second of both ways to copy the columns that j3 keeps."""
    kept = pq.read_schema(feed).names[:20]
    database = "copies"
    server.query(f"CREATE DATABASE {database}")
    parts = [batch.select(kept) for batch in batches(feed, rows)]
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "rows.csv"
        with file.open("wb") as out:
            for part in parts:
                out.write(to_csv(part)[0])
        psql = [str(find_programs() / "psql"), "-q", "-c", f"\\copy t FROM '{file}' (FORMAT csv)"]

        def by_tamis() -> None:
            with psycopg.connect(server.uri(database)) as connection:
                for part in parts:
                    load(connection, SQL("t"), part)

        def by_psql() -> None:
            subprocess.run([*psql, server.uri(database)], check=True)

        ways: dict[str, Callable[[], None]] = {"tamis": by_tamis, "psql": by_psql}
        times: dict[str, list[float]] = {"tamis": [], "psql": []}
        for _ in range(rounds):
            for name, copy in ways.items():
                make_table(server, database, "t", parts[0].schema)
                began = time.perf_counter()
                copy()
                times[name].append(time.perf_counter() - began)
                ((made,),) = server.query("SELECT count(*) FROM t", database)
                if made != rows:
                    raise SystemExit(f"{name}: {made} rows of {rows} came")
    ratios = [other / own for own, other in zip(times["tamis"], times["psql"], strict=True)]
    for name, found in times.items():
        print(f"copy, {name}: {rows / median(found):.0f} rows/s")
    print(f"copy, tamis to psql: {median(ratios):.2f} ({min(ratios):.2f} to {max(ratios):.2f})")


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("feed", type=Path)
    parser.add_argument(
        "--rows",
        type=lambda text: [int(one) for one in text.split(",")],
        default=[1_000_000, 5_000_000],
    )
    parser.add_argument("--rounds", type=int, default=5)
    given = parser.parse_args()
    main(given.feed, given.rows, given.rounds)
