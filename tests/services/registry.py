"""A schema registry of the tests' own: Apicurio, which speaks Confluent's protocol, in memory.

Its jars come from Maven Central; it listens on loopback and is ended by its own process id.
"""

import shutil
import signal
import subprocess
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from .machine import find_java, free_port
from .maven import fetch_archive

VERSION = "2.6.13.Final"
"""Of Apicurio Registry."""

_JVM = ("-Xmx256m", "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC")
_PATIENCE_SECONDS = 90.0


@contextmanager
def run_registry() -> Iterator[str]:
    """The URL of a registry, made and started, and ended and removed at the end.

    Raises:
        RuntimeError: it ended, or does not answer; the message has what it logged.
    """
    java = find_java()
    folder = fetch_archive(
        f"apicurio-{VERSION}", f"io.apicurio:apicurio-registry-app:{VERSION}:tar.gz:all"
    )
    (jar,) = folder.glob("*-runner.jar")
    port, work = free_port(), Path(tempfile.mkdtemp(prefix="tamis-registry-"))
    url = f"http://127.0.0.1:{port}/apis/ccompat/v7"
    options = ("-Dquarkus.http.host=127.0.0.1", f"-Dquarkus.http.port={port}")
    log = work / "log"
    with log.open("ab") as stream:
        process = subprocess.Popen(
            [java, *_JVM, *options, "-jar", str(jar)],
            cwd=work,
            stdin=subprocess.DEVNULL,
            stdout=stream,
            stderr=stream,
        )
    try:
        until = time.monotonic() + _PATIENCE_SECONDS
        while not _answers(url):
            if time.monotonic() > until or process.poll() is not None:
                told = log.read_text(encoding="utf-8", errors="replace")[-2000:]
                raise RuntimeError(f"the registry does not start: {told}")
            time.sleep(0.1)
        yield url
    finally:
        with suppress(ProcessLookupError):
            process.send_signal(signal.SIGKILL)
        process.wait(_PATIENCE_SECONDS)
        shutil.rmtree(work, ignore_errors=True)


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(f"{url}/subjects", timeout=5) as answer:
            return answer.status == 200
    except OSError:
        return False
