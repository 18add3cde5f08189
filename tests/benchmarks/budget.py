"""What each stage costs, counted in instructions and held against the figures that are stored.

    python tests/benchmarks/budget.py             # 1 where a stage costs more than 5 % too much
    python tests/benchmarks/budget.py --renew     # store what the stages cost now
    python tests/benchmarks/budget.py find gate   # of some stages only

    stage           stored           now
    find       248,291,839   248,291,839    +0.0 %
    gate       198,145,323   209,644,012    +5.8 %   more than 5 %

Callgrind runs the stages of budget_stages.py and counts what the processor was told to do, which
is the same under any load. It shows every program one processor, which has AVX2, so that numpy,
Arrow and OpenSSL choose the same code on each machine that has it; hashes of strings, salts and
keys are fixed, and Arrow has one thread. Figures belong to a Python, a valgrind and the packages
that do the work: beside others nothing is compared, which is said. budget.json holds figures for
each Python that counted.
"""

import argparse
import json
import os
import platform
import re
import shutil
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from importlib.metadata import version
from pathlib import Path
from typing import TypedDict

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent.parent))

from tests.services.machine import install  # noqa: E402

FIGURES = HERE / "budget.json"
STAGES = ("minimize", "find", "gate", "read", "write", "check")
TOLERANCE = 0.05

PACKAGES = ("cryptography", "numpy", "pyarrow", "pydantic", "pydantic-core", "ruamel-yaml")
"""What does the work beside Python itself."""

_FIXED = {
    "PYTHONHASHSEED": "0",
    "ARROW_DEFAULT_MEMORY_POOL": "system",
    "OPENBLAS_NUM_THREADS": "1",
}


class Figures(TypedDict):
    """Instructions of each stage, and what they belong to."""

    of: dict[str, str]
    instructions: dict[str, int]


def main(stages: list[str], renew: bool) -> int:
    """Count, then compare or store; the exit code."""
    if not find_valgrind():
        print("the budget needs valgrind, which is not there and cannot be installed")
        return int(os.environ.get("CI") == "true")
    here = belongs_to()
    stored: list[Figures] = json.loads(FIGURES.read_text()) if FIGURES.exists() else []
    mine = next((figures for figures in stored if figures["of"] == here), None)
    if mine is None and not renew:
        print(f"no figures for {told(here)}; there are for:")
        print(*(f"  {told(figures['of'])}" for figures in stored), sep="\n")
        print("nothing is compared; `python tests/benchmarks/budget.py --renew` stores them")
        return 0
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        now = dict(zip(stages, pool.map(count, stages), strict=True))
    known = mine["instructions"] if mine else {}
    if renew:
        others = [figures for figures in stored if figures["of"]["python"] != here["python"]]
        new = Figures(of=here, instructions={**known, **now})
        FIGURES.write_text(json.dumps([*others, new], indent=1) + "\n")
    over = compare(now | known if renew else known, now)
    return 0 if renew else over


def find_valgrind() -> bool:
    """Whether there is a valgrind, installed first where that is possible."""
    if shutil.which("valgrind") is None:
        install("valgrind")
    return shutil.which("valgrind") is not None


def belongs_to() -> dict[str, str]:
    """What figures counted here belong to."""
    told = subprocess.run(["valgrind", "--version"], check=True, capture_output=True, text=True)
    return {
        "python": platform.python_version(),
        "machine": platform.machine() + ("" if has_avx2() else " without AVX2"),
        "valgrind": told.stdout.strip().removeprefix("valgrind-"),
        **{package: version(package) for package in PACKAGES},
    }


def has_avx2() -> bool:
    """Whether the processor has what callgrind shows of a newer one."""
    return " avx2 " in Path("/proc/cpuinfo").read_text()


def told(of: dict[str, str]) -> str:
    """What figures belong to, for a person."""
    return ", ".join(f"{name} {value}" for name, value in of.items())


def count(stage: str) -> int:
    """The instructions of a stage.

    Raises:
        RuntimeError: it failed.
    """
    with tempfile.TemporaryDirectory() as folder:
        done = subprocess.run(
            [
                *("valgrind", "--tool=callgrind", "--instr-atstart=no"),
                f"--callgrind-out-file={folder}/out",
                *(sys.executable, str(HERE / "budget_stages.py"), stage),
            ],
            env={**os.environ, **_FIXED},
            capture_output=True,
            text=True,
        )
    counted = re.search(r"Collected : (\d+)", done.stderr)
    if done.returncode or counted is None or not int(counted[1]):
        raise RuntimeError(f"{stage}: {done.stderr}")
    return int(counted[1])


def compare(stored: dict[str, int], now: dict[str, int]) -> int:
    """Print both figures of each stage; 1 if one costs too much more."""
    print(f"{'stage':<10}{'stored':>15}{'now':>15}")
    missed = []
    for stage, instructions in now.items():
        before = stored[stage]
        more = instructions / before - 1
        remark = ""
        if more > TOLERANCE:
            missed.append(stage)
            remark = f"   more than {TOLERANCE:.0%}"
        elif more < -TOLERANCE:
            remark = "   less: renew the figures"
        print(f"{stage:<10}{before:>15,}{instructions:>15,}{more:>+10.1%}{remark}")
    if missed:
        print(f"over budget: {', '.join(missed)}; if it is worth it, renew the figures (--renew)")
    return int(bool(missed))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("stages", nargs="*", help=f"of {', '.join(STAGES)}; all if none is named")
    parser.add_argument("--renew", action="store_true", help="store what the stages cost now")
    given = parser.parse_args()
    sys.exit(main(given.stages or list(STAGES), given.renew))
