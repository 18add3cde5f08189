"""The command line of today, and copies of what version 0.1 wrote."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from uuid import uuid4

import pytest

from ..command import Outcome, run_command
from ..command import Tamis as Tamis
from ..services.kafka import Broker
from ..services.postgres import Server
from .topics import Line, load, write_topic

HERE = Path(__file__).parent
PROJECT = HERE / "project"
PASSPHRASE = "phrase de passe d'essai"
DAY = "2026-11-23"
IN_MEMORY = ("--", "--direct_running_mode=in_memory")

LONG_AGO = 1_700_000_000
"""When copied files were last changed: nothing that is left over is taken for a run under way."""


Copy = Callable[..., Path]
Read = Callable[[str, object, str], None]

PARTITIONS = 2
MESSAGES = 60


@pytest.fixture
def tamis(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Tamis:
    """The command `tamis`, on the documents of 0.1, in this process."""
    return partial(run_command, monkeypatch, capfd, "--project", PROJECT)


@pytest.fixture
def run(tamis: Tamis) -> Tamis:
    """`tamis run` of a batch on the day that all of it was made for."""

    def call(policy: str, source: object, output: object, name: str, *options: object) -> Outcome:
        return tamis(
            *("run", policy, "--input", source, "--output", output, "--run-id", name),
            *("--on", DAY, "--replay", "--allow-example", *options, *IN_MEMORY),
        )

    return call


@pytest.fixture
def rules_of_0_1(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the two rules that quarantine since what 0.1 released of these feeds, and unordered.

    Their made-up NIRs may end in six nines, and their made-up births may be to come. 0.1 released
    rows in the order of their source under paragraph III, too.
    """
    monkeypatch.setattr("tamis.plan.plan.Plan.hides_order", lambda _plan, _release: False)
    monkeypatch.setattr("tamis.nir.identifiers._FILLER", -1)
    monkeypatch.setattr("tamis.filter.judge._BIRTH", "none")


@pytest.fixture
def copy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Copy:
    """Copy files or folders into the test's own folder, which becomes the current one.

    Git keeps no modes, so that keys are made private again.
    """
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TAMIS_KEYS_PASSPHRASE", PASSPHRASE)
    monkeypatch.setenv("TAMIS_SEAL_PASSPHRASE", PASSPHRASE)

    def call(*names: str) -> Path:
        for name in names:
            target = tmp_path / name
            target.parent.mkdir(parents=True, exist_ok=True)
            if (HERE / name).is_dir():
                shutil.copytree(HERE / name, target)
            else:
                shutil.copy(HERE / name, target)
            for path in [target, *target.rglob("*")]:
                os.utime(path, (LONG_AGO, LONG_AGO))
                if path.suffix == ".json" and "keys" in str(path.relative_to(tmp_path)):
                    path.chmod(0o600)
        return tmp_path / names[0]

    return call


@pytest.fixture
def database(server: Server) -> Iterator[str]:
    """A database with all tables that 0.1 wrote."""
    name = f"written_{uuid4().hex}"
    server.query(f"CREATE DATABASE {name}")
    server.query((HERE / "services" / "tables.sql").read_text(encoding="utf-8"), name)
    yield name
    server.query(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def source(kafka: Broker) -> str:
    """The address of a topic that has all messages, those that 0.1 has read and ten more."""
    topic = kafka.topic(f"dossiers-{uuid4().hex}", PARTITIONS)
    write_topic(kafka.address, topic, messages())
    return f"kafka://{kafka.address}/{topic}"


@pytest.fixture
def read(copy: Copy) -> Read:
    """`tamis run` of a stream as a process, to the end of what its topic has.

    It runs by `rules_of_0_1`, which say why.
    """
    copy("keys")
    program = (
        "import tamis.cli, tamis.filter.judge, tamis.nir.identifiers, tamis.plan.plan\n"
        "tamis.nir.identifiers._FILLER = -1\n"
        "tamis.filter.judge._BIRTH = 'none'\n"
        "tamis.plan.plan.Plan.hides_order = lambda plan, release: False\n"
        "tamis.cli.main()\n"
    )

    def call(source: str, output: object, name: str) -> None:
        done = subprocess.run(
            [
                *(sys.executable, "-c", program, "--project", PROJECT, "run", "essai-jsonl"),
                *("--input", source, "--output", str(output), "--run-id", name),
                *("--keys", "keys/plain.json", "--seal-to", "keys/originals.json.pub"),
                *("--allow-example", "--once"),
            ],
            check=False,
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stdout + done.stderr

    return call


def messages() -> list[Line]:
    """All messages of the stream; 0.1 has read the first ones."""
    return load(HERE / "services" / "messages.jsonl")


def tree(folder: Path) -> dict[str, bytes]:
    """The bytes of every file below `folder`, by path."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }
