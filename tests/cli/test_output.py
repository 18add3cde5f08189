"""`--output FILE` of every command that only tells something: the same bytes, in a file."""

from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from tamis.cli.app import app
from tamis.errors import InputError, UsageError

ACTS = {"approve", "demo", "init", "keys", "limited", "purge", "recover", "redrive", "run"}
ACTS |= {"seal-keys", "withdraw", "worker"}
OTHERWISE = {"dry-run": "--json", "unseal": "--to", "help": "--help"}
"""Commands that tell something, and the option that they have in its place."""


def flags(command: Any) -> set[str]:
    return {flag for param in command.params for flag in param.opts} | {"--help"}


def test_every_command_that_only_tells_something_has_it() -> None:
    commands: dict[str, Any] = typer.main.get_command(app).commands  # type: ignore[attr-defined]
    commands = {**commands, "keys list": commands["keys"].commands["list"]}
    with_output = {name for name, command in commands.items() if "-o" in flags(command)}
    assert with_output - {"run"} == commands.keys() - ACTS - OTHERWISE.keys()
    assert all(option in flags(commands[name]) for name, option in OTHERWISE.items())


@pytest.mark.parametrize(
    "words",
    [
        ("draft", "feed.csv"),
        ("--project", "cpf", "list", "purposes", "--lang", "fr"),
        ("--project", "cpf", "plan", "evaluation-cpf"),
        ("--project", "cpf", "check", "evaluation-cpf", "--json"),
        ("--project", "cpf", "schema", "evaluation-cpf", "--format", "avro"),
        ("scan", "feed.csv"),
    ],
    ids=lambda words: " ".join(words),
)
def test_the_file_holds_what_would_be_printed(
    words: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("feed.csv").write_text("né le;NIR\n01/08/1955;155087599999193\n", encoding="utf-8")
    printed = CliRunner().invoke(app, words)
    written = CliRunner().invoke(app, [*words, "-o", "told"])
    assert written.exit_code == printed.exit_code
    assert written.stdout == ""
    assert Path("told").read_bytes() == printed.stdout_bytes != b""


def test_an_error_leaves_the_file_that_is_there(tmp_path: Path) -> None:
    told = tmp_path / "told.yaml"
    told.write_text("before")
    words = ["draft", str(tmp_path / "nope.csv"), "--output", str(told)]
    assert isinstance(CliRunner().invoke(app, words).exception, InputError)
    assert told.read_text() == "before"
    words = ["--project", "cpf", "list", "items", "-o", str(tmp_path / "no" / "items")]
    error = CliRunner().invoke(app, words).exception
    assert isinstance(error, UsageError)
    assert "items: cannot be written: no such file or directory" in str(error)


def test_what_a_command_reads_is_not_written_over(tmp_path: Path) -> None:
    feed = tmp_path / "feed.csv"
    feed.write_text("id\n1\n")
    words = ["draft", str(feed), "-o", str(tmp_path / "." / "feed.csv")]
    with pytest.raises(UsageError, match="reads it"):
        CliRunner().invoke(app, words, catch_exceptions=False)
    assert feed.read_text() == "id\n1\n"
