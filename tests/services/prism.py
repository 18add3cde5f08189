"""Beam's Prism runner: one binary, which `go` builds from the Go module proxy.

It is built once for all tests of a user (`~/.cache/tamis-tests`), from 120 MB of sources that go
into Go's own module cache. `apt-get` installs Go where the tests run as root.
Where it cannot be built a test is skipped, but fails on CI.
"""

import fcntl
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from .machine import install, miss

PRISM = "2.77.0"
"""Version of the runner."""

_MODULE = "github.com/apache/beam/sdks/v2/go/cmd/prism"
_BUILD_SECONDS = 1800


def find_prism() -> Path:
    """The runner's binary, built first where it is not there yet."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "tamis-tests"
    binary = cache / f"prism-{PRISM}"
    cache.mkdir(parents=True, exist_ok=True)
    with (cache / "prism.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not binary.is_file():
            _build(binary)
    return binary


def _build(binary: Path) -> None:
    if which_go() is None:
        install("golang-go")
    go = which_go() or miss("no go on PATH, and none could be installed")
    with tempfile.TemporaryDirectory(dir=binary.parent, prefix="building-") as folder:
        build = subprocess.run(
            [go, "install", f"{_MODULE}@v{PRISM}"],
            env={**os.environ, "GOBIN": folder},
            check=False,
            capture_output=True,
            text=True,
            timeout=_BUILD_SECONDS,
        )
        if build.returncode:
            miss(f"Prism {PRISM} could not be built: {build.stderr[-500:]}")
        (Path(folder) / "prism").rename(binary)


def which_go() -> str | None:
    """The path of `go`, or None."""
    return shutil.which("go") or shutil.which("/usr/local/go/bin/go")
