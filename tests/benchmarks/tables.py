"""What a run costs, and what moves it: rows, columns dropped, releases, NIRs in the text.

    python tests/benchmarks/tables.py FOLDER [--tables rows,dropped,releases,density] [--rounds 3]
    python tests/benchmarks/tables.py FOLDER --rows 1,2,5,10,20

Tamis alone, job j1, whole processes; medians of rounds in which the cases take turns. Feeds are
made in FOLDER, and removed. Each output is checked before its time counts.
"""

import argparse
import shutil
import tempfile
from collections import defaultdict
from functools import partial
from pathlib import Path

import pyarrow.parquet as pq
from feed import ROW_GROUP, write
from run import HERE, Cost, apart, check, measure, median, new_keys, remove, run_policy

MILLION = 1_000_000
BASE = 2  # million rows, where something else varies

Case = tuple[Path, str, Path, tuple[str, ...]]
"""A feed, a policy, its project, its releases."""


class Bench:
    """Feeds and a keyring in one folder, and what was measured of each case."""

    def __init__(self, folder: Path, rounds: int) -> None:
        self.folder = folder
        self.rounds = rounds
        self.keys = folder / "keys.json"
        new_keys(self.keys)

    def feed(self, millions: float = BASE, density: float = 0.02) -> Path:
        """A clean feed of so many million rows."""
        path = self.folder / f"feed-{millions}-{density}.parquet"
        if not path.exists():
            apart(partial(write, clean=True, density=density), path, round(millions * MILLION))
        return path

    def compare(
        self, title: str, cases: dict[str, tuple[Path, str, Path, tuple[str, ...]]]
    ) -> None:
        """Measure cases, and tell them after each round."""
        costs: dict[str, list[Cost]] = defaultdict(list)
        rows: dict[str, int] = {}
        for number in range(self.rounds):
            for name, (feed, policy, project, releases) in cases.items():
                output = self.folder / "out"
                costs[name].append(measure(run_policy(policy, feed, output, self.keys, project)))
                for release in releases:
                    rows[name] = check("j1", feed, output / policy / release)
                remove(output)
            print(f"{title}, median of rounds: {number + 1}")
            print(f"{'':<14}{'rows':>12}{'CPU s':>9}{'wall s':>9}{'peak MiB':>10}{'us a row':>10}")
            for name, found in costs.items():
                cost = median(found)
                each = 1e6 * cost.cpu / rows[name]
                print(
                    f"{name:<14}{rows[name]:>12,}{cost.cpu:>9.2f}{cost.wall:>9.2f}"
                    f"{cost.memory:>10.0f}{each:>10.3f}",
                    flush=True,
                )


def by_rows(bench: Bench, millions: list[float]) -> None:
    """The same job on more and more rows."""
    project = HERE / "project"
    cases = {f"{n:g} M rows": (bench.feed(n), "j1", project, ("j1",)) for n in millions}
    bench.compare("rows", cases)


def by_dropped(bench: Bench) -> None:
    """The same job on feeds with fewer and more columns that it drops."""
    feed = bench.feed()
    kept = set(_kept())
    cases = {}
    for dropped in (0, 19, 57, 114):
        path = bench.folder / f"dropped-{dropped}.parquet"
        apart(_widen, feed, path, kept, dropped)
        cases[f"{dropped} dropped"] = (path, "j1", HERE / "project", ("j1",))
    bench.compare("columns dropped", cases)


def by_releases(bench: Bench) -> None:
    """One release and more, which all release the same."""
    feed, cases = bench.feed(), {}
    project = bench.folder / "project"
    shutil.copytree(HERE / "project", project, dirs_exist_ok=True)
    head, _, release = (project / "policies" / "j1.yaml").read_text().partition("  - id: j1\n")
    for count in (1, 2, 3, 5):
        ids = tuple(f"r{number}" for number in range(count))
        text = head + "".join(f"  - id: {id}\n{release}" for id in ids)
        policy = f"j{count}"
        (project / "policies" / f"{policy}.yaml").write_text(
            text.replace("policy: j1\n", f"policy: {policy}\n")
        )
        cases[f"{count} releases"] = (feed, policy, project, ids)
    for name in ("j2-cmac", "j2-hmac", "j1-twice", "j0"):
        (project / "policies" / f"{name}.yaml").unlink(missing_ok=True)
    bench.compare("releases", cases)


def by_density(bench: Bench) -> None:
    """Comments of which more and more hold a NIR."""
    project = HERE / "project"
    cases = {
        f"{share:.0%} hold one": (bench.feed(density=share), "j1", project, ("j1",))
        for share in (0.0, 0.02, 0.1, 0.5)
    }
    bench.compare("NIRs in the text", cases)


def _kept() -> list[str]:
    policy = (HERE / "project" / "policies" / "j1.yaml").read_text()
    return policy.partition("keep: [")[2].partition("]")[0].split(", ")


def _widen(feed: Path, path: Path, kept: set[str], dropped: int) -> None:
    """Write `feed` with so many columns that are not kept, some of them several times."""
    with pq.ParquetFile(feed) as file:
        others = [name for name in file.schema_arrow.names if name not in kept]
        writer: pq.ParquetWriter | None = None
        for number in range(file.num_row_groups):
            table = file.read_row_group(number)
            for place in range(dropped):
                name = others[place % len(others)]
                if place >= len(others):
                    table = table.append_column(f"{name} {place}", table.column(name))
            names = [*kept, *others[:dropped], *table.column_names[file.metadata.num_columns :]]
            table = table.select(sorted(names, key=table.column_names.index))
            writer = writer or pq.ParquetWriter(path, table.schema, compression="snappy")
            writer.write_table(table, row_group_size=ROW_GROUP)
        assert writer is not None
        writer.close()


def main(folder: Path, tables: list[str], millions: list[float], rounds: int) -> None:
    """Make the feeds, measure, tell."""
    with tempfile.TemporaryDirectory(prefix="tamis-bench-", dir=folder) as inner:
        bench = Bench(Path(inner), rounds)
        for table in tables:
            if table == "rows":
                by_rows(bench, millions)
            else:
                {"dropped": by_dropped, "releases": by_releases, "density": by_density}[table](
                    bench
                )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--tables", default="rows,dropped,releases,density")
    parser.add_argument("--rows", default="1,2,5,10,20")
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    main(
        options.folder,
        options.tables.split(","),
        [float(one) for one in options.rows.split(",")],
        options.rounds,
    )
