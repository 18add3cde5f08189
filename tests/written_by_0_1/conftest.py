"""The command line of today, and copies of what version 0.1 wrote."""

import os
import shutil
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from tamis.cli import main

HERE = Path(__file__).parent
PROJECT = HERE / "project"
PASSPHRASE = "phrase de passe d'essai"
DAY = "2026-11-23"
IN_MEMORY = ("--", "--direct_running_mode=in_memory")

LONG_AGO = 1_700_000_000
"""When copied files were last changed: nothing that is left over is taken for a run under way."""


@dataclass(frozen=True)
class Answer:
    """What a command did: its exit code, and what it printed."""

    code: int
    out: str
    err: str


Tamis = Callable[..., Answer]
Copy = Callable[..., Path]


@pytest.fixture
def tamis(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Tamis:
    """The command `tamis`, on the documents of 0.1, in this process."""

    def call(*arguments: object) -> Answer:
        words = ("--project", PROJECT, *arguments)
        monkeypatch.setattr(sys, "argv", ["tamis", *map(str, words)])
        capfd.readouterr()
        code = 0
        try:
            main()
        except SystemExit as end:
            code = int(end.code or 0)
        printed = capfd.readouterr()
        return Answer(code, printed.out, printed.err)

    return call


@pytest.fixture
def run(tamis: Tamis) -> Tamis:
    """`tamis run` of a batch on the day that all of it was made for."""

    def call(policy: str, source: object, output: object, name: str, *options: object) -> Answer:
        return tamis(
            *("run", policy, "--input", source, "--output", output, "--run-id", name),
            *("--on", DAY, "--replay", "--allow-example", *options, *IN_MEMORY),
        )

    return call


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


def tree(folder: Path) -> dict[str, bytes]:
    """The bytes of every file below `folder`, by path."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }
