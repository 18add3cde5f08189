"""Whole processes against one another: what minimizing costs beside the script a user would write.

    python tests/benchmarks/run.py FEED [--jobs j1,j2,j3,j4] [--contenders polars,…] [--rounds 5]

    python tests/benchmarks/feed.py feed.parquet --rows 10000000
    python tests/benchmarks/run.py feed.parquet --contenders polars,tamis,tamis-hmac,duckdb

FEED is a file of `feed.py`. Contenders take turns within each round, so that a slow minute of the
machine is everybody's; medians are told after each round. A time counts only once the output was
checked: the rows that must pass, kept columns equal to the feed's, one pseudonym a person
(`check.py`, in a process of its own: a child's peak memory begins at its parent's). Ratios are of
medians, to the first contender; in j2 `tamis` makes pseudonyms by AES-256-CMAC and `tamis-hmac` by
HMAC, in j4 `tamis` by HMAC.
"""

import argparse
import multiprocessing
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).parent
POLICIES = {
    ("j1", "tamis"): "j1",
    ("j2", "tamis"): "j2-cmac",
    ("j2", "tamis-hmac"): "j2-hmac",
    ("j3", "tamis"): "j3",
    ("j4", "tamis"): "j4",
}
RELEASES = {"j1": "j1", "j2-cmac": "j2", "j2-hmac": "j2", "j3": "j3", "j4": "j4"}
"""By policy, the id of its release."""

CONTENDERS = ("polars", "tamis", "tamis-hmac", "duckdb", "pyarrow")


@dataclass(frozen=True)
class Cost:
    """What one process took: CPU of user and system and wall in seconds, peak memory in MiB."""

    cpu: float
    wall: float
    memory: float


def main(feed: Path, jobs: list[str], contenders: list[str], rounds: int) -> None:
    """Run the rounds and print a line a contender and job."""
    costs: dict[tuple[str, str], list[Cost]] = defaultdict(list)
    with tempfile.TemporaryDirectory(prefix="tamis-bench-") as folder:
        keys = Path(folder) / "keys.json"
        new_keys(keys)
        for number in range(rounds):
            for job in jobs:
                turn = (
                    contenders[number % len(contenders) :] + contenders[: number % len(contenders)]
                )
                for who in turn:
                    if who.startswith("tamis") and (job, who) not in POLICIES:
                        continue
                    output = Path(folder) / "out"
                    cost = measure(command(who, job, feed, output, keys))
                    policy = POLICIES.get((job, who), "")
                    made = output / policy / RELEASES[policy] if policy else output
                    check(job, feed, made)
                    remove(output)
                    costs[job, who].append(cost)
            tell(f"{feed.name}, median of rounds: {number + 1}", costs, contenders)


def check(job: str, feed: Path, output: Path) -> int:
    """The rows of an output, once it was found to be right."""
    arguments = [sys.executable, str(HERE / "check.py"), job, str(feed), str(output)]
    return int(subprocess.run(arguments, check=True, stdout=subprocess.PIPE).stdout)


def tell(head: str, costs: dict[tuple[str, str], list[Cost]], contenders: list[str]) -> None:
    """Print the medians, and their ratios to the first contender's."""
    print(head)
    heads = ("CPU s", "ratio", "wall s", "ratio", "peak MiB", "ratio")
    print("job  contender   " + "".join(f"{head:>9}" for head in heads))
    for job in sorted({job for job, _ in costs}):
        first = median(costs[job, contenders[0]])
        for who in contenders:
            if (job, who) in costs:
                cost = median(costs[job, who])
                print(
                    f"{job:<5}{who:<12}{cost.cpu:>9.2f}{cost.cpu / first.cpu:>9.2f}"
                    f"{cost.wall:>9.2f}{cost.wall / first.wall:>9.2f}"
                    f"{cost.memory:>9.0f}{cost.memory / first.memory:>9.2f}",
                    flush=True,
                )


def _tamis(project: Path) -> list[str]:
    return [sys.executable, "-m", "tamis", "--project", str(project)]


def new_keys(path: Path) -> None:
    """Make a keyring."""
    made = [*_tamis(HERE / "project"), "keys", "new", str(path)]
    subprocess.run(made, check=True, capture_output=True)


def command(who: str, job: str, feed: Path, output: Path, keys: Path) -> list[str]:
    """What runs `job` of contender `who`."""
    if not who.startswith("tamis"):
        script = HERE / "contenders" / f"by_{who}.py"
        return [sys.executable, str(script), job, str(feed), str(output)]
    return run_policy(POLICIES[job, who], feed, output, keys)


def run_policy(
    policy: str, feed: Path, output: Path, keys: Path, project: Path = HERE / "project"
) -> list[str]:
    """What runs a policy of `project`."""
    options = ["--input", str(feed), "--output", str(output), "--keys", str(keys)]
    return [*_tamis(project), "run", policy, *options, "--allow-example", "--allow-unconfirmed"]


def measure(arguments: list[str]) -> Cost:
    """Run a command to its end.

    Raises:
        RuntimeError: it failed.
    """
    begun = time.perf_counter()
    with tempfile.TemporaryFile() as log:
        child = subprocess.Popen(arguments, stdout=log, stderr=log)
        _, status, used = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
        if child.returncode:
            log.seek(0)
            raise RuntimeError(f"{arguments}: {log.read().decode()}")
    wall = time.perf_counter() - begun
    return Cost(used.ru_utime + used.ru_stime, wall, used.ru_maxrss / 1024)


def apart(work: Callable[..., None], *arguments: object) -> None:
    """Work in a process of its own: a child's peak memory begins at its parent's."""
    process = multiprocessing.get_context("spawn").Process(target=work, args=arguments)
    process.start()
    process.join()
    if process.exitcode:
        raise RuntimeError(f"{work.__name__} failed")


def median(costs: list[Cost]) -> Cost:
    """The median of each measure by itself."""
    return Cost(
        *(statistics.median(getattr(cost, what) for cost in costs) for what in Cost.__annotations__)
    )


def remove(output: Path) -> None:
    """Remove what was written."""
    if output.is_dir():
        shutil.rmtree(output)
    else:
        output.unlink()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("feed", type=Path)
    parser.add_argument("--jobs", default="j1,j2,j3,j4", type=lambda text: text.split(","))
    parser.add_argument("--contenders", default=list(CONTENDERS), type=lambda text: text.split(","))
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    main(options.feed, options.jobs, options.contenders, options.rounds)
