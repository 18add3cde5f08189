"""Spark, for those who read a store with it: `pyspark` in an environment of its own.

It is installed once for all tests of a user (`~/.cache/tamis-tests`, 500 MB of packages), which
takes one to five minutes. Where it cannot be had a test is skipped, but fails on CI.
"""

import os
import subprocess
import sys
from pathlib import Path

from .machine import cached, find_java, miss

SPARK = "4.0.1"
"""Version of Spark; it runs on Java 17 and 21."""

_SECONDS = 900
_LOCAL = (
    "--master local[1] --conf spark.ui.enabled=false --conf spark.driver.host=127.0.0.1 "
    "--conf spark.driver.bindAddress=127.0.0.1 pyspark-shell"
)


def run_with_spark(code: str, folder: Path) -> str:
    """What a program prints that has `pyspark` and nothing else, run in `folder`, on loopback."""
    java = Path(find_java()).resolve().parents[1]
    python = cached(f"spark-{SPARK}", _install) / "bin" / "python"
    done = subprocess.run(
        [python, "-c", code],
        cwd=folder,
        env={
            **{name: os.environ[name] for name in ("HOME", "PATH", "TMPDIR") if name in os.environ},
            "JAVA_HOME": str(java),
            "PYSPARK_SUBMIT_ARGS": _LOCAL,
            "SPARK_LOCAL_IP": "127.0.0.1",
        },
        capture_output=True,
        text=True,
        check=False,
        timeout=600,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout


def _install(folder: Path) -> Path:
    wanted = ["--quiet", "--no-cache-dir", f"pyspark=={SPARK}"]
    made = folder / "spark"
    try:
        subprocess.run([sys.executable, "-m", "venv", made], check=True, capture_output=True)
        subprocess.run(
            [made / "bin" / "python", "-m", "pip", "install", *wanted],
            check=True,
            capture_output=True,
            text=True,
            timeout=_SECONDS,
        )
    except subprocess.CalledProcessError as error:
        miss(f"pyspark {SPARK} could not be installed: {error.stderr[-500:]}")
    except subprocess.TimeoutExpired:
        miss(f"pyspark {SPARK} could not be installed in {_SECONDS} seconds")
    return made
