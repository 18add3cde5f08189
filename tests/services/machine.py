"""What services need of the machine: Debian's packages, a Java, Go's programs, a port, a cache.

Where a service cannot be had a test is skipped, but fails on CI.
"""

import fcntl
import os
import secrets
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import NoReturn, TypeVar

import pytest

Found = TypeVar("Found")

JAVA = 17
"""Least version of Java that the services run on."""

_SEARCHED = "/usr/lib/jvm"
_BUILD_SECONDS = 1800
_PORTS = range(20_000, 32_000)
"""Below the ports that a system hands to clients, so that a service which is down finds its own
port free when it starts again."""


def find_java() -> str:
    """The path of `java`, of version 17 or newer, installed first where that is possible."""
    return found_or_installed(_which_java, "default-jre-headless", f"Java {JAVA}")


def found_or_installed(which: Callable[[], Found | None], package: str, what: str) -> Found:
    """What `which` finds, after Debian's `package` is installed where it finds nothing at first."""
    found = which()
    if found is None:
        install(package)
        found = which()
    return found or miss(f"no {what} on PATH, and none could be installed")


def build_go(module: str, version: str) -> Path:
    """The program of a Go module, built from the Go module proxy where it is not there yet."""
    name = module.rpartition("/")[2]

    def build(folder: Path) -> Path:
        go = found_or_installed(_which_go, "golang-go", "go")
        done = subprocess.run(
            [go, "install", f"{module}@v{version}"],
            env={**os.environ, "GOBIN": str(folder)},
            check=False,
            capture_output=True,
            text=True,
            timeout=_BUILD_SECONDS,
        )
        if done.returncode:
            miss(f"{name} {version} could not be built: {done.stderr[-500:]}")
        return folder / name

    return cached(f"{name}-{version}", build)


def _which_go() -> str | None:
    return shutil.which("go") or shutil.which("/usr/local/go/bin/go")


def cached(name: str, make: Callable[[Path], Path]) -> Path:
    """The file or folder `name` of the cache that all tests of a user share.

    Args:
        name: with the version of what it is.
        make: makes it where it is not there: is given a folder to work in, and says what is it.
    """
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "tamis-tests"
    cache.mkdir(parents=True, exist_ok=True)
    with (cache / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (cache / name).exists():
            with tempfile.TemporaryDirectory(dir=cache, prefix="making-") as folder:
                make(Path(folder)).rename(cache / name)
    return cache / name


def install(*packages: str) -> None:
    """Install Debian's `packages`, where the tests run as root; no error where it fails."""
    if os.geteuid() == 0 and shutil.which("apt-get"):
        for command in (
            ["apt-get", "update", "-qq"],
            ["apt-get", "install", "-y", "-qq", "--no-install-recommends", *packages],
        ):
            subprocess.run(command, check=False, capture_output=True, timeout=600)


def free_port() -> int:
    """A port of 127.0.0.1 that nothing listens on."""
    while True:
        port = _PORTS[secrets.randbelow(len(_PORTS))]
        with suppress(OSError), socket.socket() as free:
            free.bind(("127.0.0.1", port))
            return port


def is_open(port: int) -> bool:
    """Whether something listens on a port of 127.0.0.1."""
    with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
        return True
    return False


def miss(what: str) -> NoReturn:
    """Skip the test for want of a service, but fail it on CI."""
    if os.environ.get("CI") == "true":
        pytest.fail(what)
    pytest.skip(what)


def _which_java() -> str | None:
    on_path = shutil.which("java")
    packaged = [str(path) for path in sorted(Path(_SEARCHED).glob("*/bin/java"))]
    candidates = [*([on_path] if on_path else []), *packaged]
    return next((path for path in candidates if _version(path) >= JAVA), None)


def _version(java: str) -> int:
    done = subprocess.run([java, "-version"], check=False, capture_output=True, text=True)
    quoted = done.stderr.partition('"')[2].partition('"')[0]
    return int(first) if (first := quoted.partition(".")[0]).isdigit() else 0
