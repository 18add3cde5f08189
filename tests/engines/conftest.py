"""One feed, one network of loopback and one Flink for the tests of engines."""

import json
import shlex
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from tamis.evidence.receipt import Receipt

from ..beam.conftest import POLICY, Feed, evidence, feed, plan, tree
from ..services.flink import Cluster, run_flink
from ..services.loopback import run_loopback
from ..services.postgres import PASSWORD

__all__ = ["feed", "plan"]

SECONDS = 900.0
"""How long a job may take, on a machine that does other things too."""

PROCESS = "--environment_type=PROCESS"


@pytest.fixture(scope="session")
def network() -> Iterator[list[str]]:
    """What stands before a command that is to reach nothing but this machine."""
    with run_loopback() as within:
        yield within


@pytest.fixture(scope="session")
def flink(network: list[str]) -> Iterator[Cluster]:
    """A cluster of two task managers, whose workers may connect to the tests' databases."""
    with run_flink(network, PGPASSWORD=PASSWORD) as cluster:
        yield cluster


@dataclass(frozen=True)
class Orders:
    """Where workers are told to die; `tests/engines/dying_worker.py` obeys.

    Attributes:
        folder: of the orders that nobody has obeyed yet.
    """

    folder: Path

    def kill(
        self, function: str, call: int = 0, *, done_first: bool = False, parent: bool = False
    ) -> None:
        """Kill the worker that calls `function` for the time after `call` times, and its parent."""
        self.folder.mkdir(exist_ok=True)
        order = {"function": function, "call": call, "done_first": done_first, "parent": parent}
        (self.folder / f"{len(list(self.folder.iterdir()))}.json").write_text(json.dumps(order))

    @property
    def left(self) -> list[Path]:
        """Those that nobody has obeyed."""
        return list(self.folder.glob("*.json"))

    def options(self) -> list[str]:
        """Options of Beam for workers that obey."""
        self.folder.mkdir(exist_ok=True)
        script = self.folder / "worker"
        worker = Path(__file__).with_name("dying_worker.py")
        words = shlex.join([sys.executable, str(worker), str(self.folder)])
        script.write_text(f'#!/bin/sh\nexec {words} "$@"\n')
        script.chmod(0o755)
        return [PROCESS, f"--environment_config={json.dumps({'command': str(script)})}"]


def command(feed: Feed, store: str, *options: str) -> list[str]:
    """The run of the feed as a command, into another store."""
    return [
        *(sys.executable, "-m", "tamis", "--project", "cpf", "run", POLICY, "--allow-example"),
        *("--on", "2026-03-02", "--replay", "--run-id", feed.job.run),
        *("--input", *feed.job.inputs, "--output", store, "--keys", str(feed.job.keys)),
        *("--", *options),
    ]


def complete(words: Sequence[str], cluster: Cluster | None = None) -> tuple[int, str]:
    """Run a command to its end, and start again what dies of the cluster; its code and output."""
    with subprocess.Popen(
        words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as process:
        until = time.monotonic() + SECONDS
        while process.poll() is None:
            if cluster is not None:
                cluster.start()
            if time.monotonic() > until:
                process.kill()
            time.sleep(0.2)
        assert process.stdout is not None
        return process.returncode, process.stdout.read()


def assert_whole(store: Path, feed: Feed) -> None:
    """Check that the store holds the undisturbed run, and nothing else."""
    receipt = Receipt.model_validate_json((store / "_receipts/the-run.json").read_bytes())
    assert evidence(receipt) == evidence(feed.receipt)
    assert tree(store) == feed.files
