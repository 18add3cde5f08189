"""Jars of Maven Central, fetched once for all tests of a user (`~/.cache/tamis-tests`).

`mvn` fetches them, by the machine's settings for it; `apt-get` installs it where the tests run as
root. Where it is missing a test is skipped, but fails on CI.
"""

import fcntl
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from .machine import install, miss

_FETCH = "org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy-dependencies"


def fetch_jars(name: str, pom: str) -> Path:
    """The folder of the jars that a pom needs at run time, fetched first where it is not there.

    Args:
        name: of the folder, with the version of what is in it.
        pom: the text of a `pom.xml`.
    """
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "tamis-tests"
    jars = cache / name
    cache.mkdir(parents=True, exist_ok=True)
    with (cache / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not jars.is_dir():
            _fetch(jars, pom)
    return jars


def _fetch(jars: Path, pom: str) -> None:
    if shutil.which("mvn") is None:
        install("maven")
    mvn = shutil.which("mvn") or miss("no mvn on PATH, and none could be installed")
    with tempfile.TemporaryDirectory(dir=jars.parent, prefix="fetching-") as made:
        (Path(made) / "pom.xml").write_text(pom)
        done = subprocess.run(
            [mvn, "-B", "-q", _FETCH, "-DincludeScope=runtime", "-DoutputDirectory=jars"],
            cwd=made,
            check=False,
            capture_output=True,
            text=True,
            timeout=900,
        )
        if done.returncode:
            miss(f"{jars.name} could not be fetched: {done.stdout[-500:]}")
        (Path(made) / "jars").rename(jars)
