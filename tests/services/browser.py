"""Chromium without a window, driven through its DevTools by a pipe, and axe-core.

Chromium is the one on PATH, or Debian's, which `apt-get` installs where the tests run as root.
axe-core comes from npm's registry. Where one of them is missing a test is skipped, but fails on CI.
"""

import contextlib
import json
import os
import select
import shutil
import subprocess
import sys
import tarfile
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from .machine import found_or_installed, miss

AXE = "4.14.1"
"""Version of axe-core."""

_NAMES = ("chromium", "chromium-browser", "google-chrome", "chrome")
_FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--hide-scrollbars",
    "--remote-debugging-pipe",
)
_TO_3_AND_4 = """
import fcntl, os, sys
ours = [fcntl.fcntl(int(one), fcntl.F_DUPFD, 10) for one in sys.argv[1:3]]
os.dup2(ours[0], 3)
os.dup2(ours[1], 4)
os.execv(sys.argv[3], sys.argv[3:])
"""
"""Becomes the browser, whose DevTools pipe is file descriptors 3 and 4."""

_PATIENCE_SECONDS = 60.0


class Page:
    """A page in a browser, and what the browser told of it since it was opened.

    Attributes:
        problems: messages of the console that are no plain log, and uncaught exceptions.
        requests: addresses that the page asked for.
    """

    def __init__(self, reads: int, writes: int) -> None:
        self._reads, self._writes = reads, writes
        self._held = b""
        self._number = 0
        self._events: list[dict[str, Any]] = []
        self._session: str | None = None
        self.problems: list[str] = []
        self.requests: list[str] = []
        target = self.ask("Target.createTarget", url="about:blank")["targetId"]
        attached = self.ask("Target.attachToTarget", targetId=target, flatten=True)
        self._session = attached["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.ask(f"{domain}.enable")

    def ask(self, method: str, **parameters: Any) -> dict[str, Any]:
        """Send a command of the DevTools protocol; what it answers.

        Raises:
            RuntimeError: the browser refused it.
            TimeoutError: it did not answer.
        """
        self._number += 1
        number = self._number
        message: dict[str, Any] = {"id": number, "method": method, "params": parameters}
        if self._session is not None:
            message["sessionId"] = self._session
        os.write(self._writes, json.dumps(message).encode() + b"\0")
        while True:
            reply = self._receive()
            if reply.get("id") == number:
                if "error" in reply:
                    raise RuntimeError(f"{method}: {reply['error']['message']}")
                return dict(reply["result"])

    def open(self, path: Path, *, width: int = 1280, height: int = 900, dark: bool = False) -> None:
        """Show the file at `path`, and wait until it is there."""
        self.problems.clear()
        self.requests.clear()
        self._events.clear()
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.ask("Emulation.setEmulatedMedia", features=[scheme])
        self.resize(width, height)
        self.ask("Page.navigate", url=path.resolve().as_uri())
        while not any(event["method"] == "Page.loadEventFired" for event in self._events):
            self._receive()
        self.run("new Promise(done => setTimeout(done, 100))")

    def resize(self, width: int, height: int = 900) -> None:
        """Let the window have another size."""
        self.ask(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=1,
            mobile=width < 600,
        )

    def run(self, script: str) -> Any:
        """The JSON value of a JavaScript expression; a promise is waited for.

        Raises:
            RuntimeError: the script failed.
        """
        reply = self.ask(
            "Runtime.evaluate", expression=script, awaitPromise=True, returnByValue=True
        )
        if "exceptionDetails" in reply:
            raise RuntimeError(json.dumps(reply["exceptionDetails"])[:500])
        return reply["result"].get("value")

    def _receive(self) -> dict[str, Any]:
        deadline = time.monotonic() + _PATIENCE_SECONDS
        while b"\0" not in self._held:
            ready, _, _ = select.select([self._reads], [], [], deadline - time.monotonic())
            if not ready:
                raise TimeoutError("the browser does not answer")
            more = os.read(self._reads, 1 << 16)
            if not more:
                raise TimeoutError("the browser is gone")
            self._held += more
        first, _, self._held = self._held.partition(b"\0")
        event: dict[str, Any] = json.loads(first)
        if "method" in event:
            self._events.append(event)
            self._note(event["method"], event.get("params", {}))
        return event

    def _note(self, method: str, event: dict[str, Any]) -> None:
        if method == "Network.requestWillBeSent":
            self.requests.append(event["request"]["url"])
        elif method == "Runtime.exceptionThrown":
            self.problems.append(event["exceptionDetails"]["text"])
        elif method == "Runtime.consoleAPICalled" and event["type"] in ("error", "warning"):
            self.problems.append(str(event["args"]))
        elif method == "Log.entryAdded" and event["entry"]["level"] in ("error", "warning"):
            self.problems.append(event["entry"]["text"])


@contextlib.contextmanager
def open_browser() -> Iterator[Page]:
    """A page in a new Chromium, which ends with the block."""
    chromium = find_chromium()
    with tempfile.TemporaryDirectory(prefix="tamis-browser-", ignore_cleanup_errors=True) as home:
        theirs_in, ours_out = os.pipe()
        ours_in, theirs_out = os.pipe()
        started = subprocess.Popen(
            [
                *(sys.executable, "-c", _TO_3_AND_4, str(theirs_in), str(theirs_out)),
                *(chromium, *_FLAGS, f"--user-data-dir={home}"),
            ],
            pass_fds=(theirs_in, theirs_out),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        os.close(theirs_in)
        os.close(theirs_out)
        try:
            yield Page(ours_in, ours_out)
        finally:
            os.close(ours_out)
            os.close(ours_in)
            with contextlib.suppress(subprocess.TimeoutExpired):
                started.wait(10)
            started.kill()
            started.wait()


def find_chromium() -> str:
    """The path of Chromium, installed first where there is none and that is possible."""
    return found_or_installed(_which, "chromium", "Chromium")


def serious_violations(page: Page, axe: str) -> list[tuple[str, list[str]]]:
    """What axe-core finds of an open page that is serious: the rule, and where it is broken."""
    page.run(axe + "; true")
    answer = page.run("axe.run(document, {resultTypes: ['violations']}).then(JSON.stringify)")
    results = json.loads(answer)
    assert len(results["passes"]) > 15, "axe-core has looked at hardly anything"
    return [
        (result["id"], [node["html"][:160] for node in result["nodes"][:3]])
        for result in results["violations"]
        if result["impact"] in ("serious", "critical")
    ]


def read_axe(folder: Path) -> str:
    """The script of axe-core, fetched into `folder` unless it is there."""
    package = folder / f"axe-core-{AXE}.tgz"
    if not package.is_file():
        npm = shutil.which("npm") or miss("no npm to fetch axe-core with")
        command = [npm, "pack", f"axe-core@{AXE}", "--silent", "--pack-destination", str(folder)]
        done = subprocess.run(command, check=False, capture_output=True, timeout=300)
        if done.returncode or not package.is_file():
            miss("axe-core could not be fetched")
    with tarfile.open(package) as archive:
        script = archive.extractfile("package/axe.min.js")
        assert script is not None
        return script.read().decode()


def _which() -> str | None:
    return next((path for name in _NAMES if (path := shutil.which(name))), None)
