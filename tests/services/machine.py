"""What services need of the machine: Debian's packages, a Java, a port of their own.

Where a service cannot be had a test is skipped, but fails on CI.
"""

import os
import secrets
import shutil
import socket
import subprocess
from contextlib import suppress
from pathlib import Path
from typing import NoReturn

import pytest

JAVA = 17
"""Least version of Java that the services run on."""

_SEARCHED = "/usr/lib/jvm"
_PORTS = range(20_000, 32_000)
"""Below the ports that a system hands to clients, so that a service which is down finds its own
port free when it starts again."""


def find_java() -> str:
    """The path of `java`, of version 17 or newer, installed first where that is possible."""
    found = _which_java()
    if found is None:
        install("default-jre-headless")
        found = _which_java()
    return found or miss(f"no Java {JAVA} on PATH, and none could be installed")


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
