"""A shell is told what can come next: quickly, by names alone, in the language in use."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tamis.cli import completion
from tamis.cli.app import app
from tamis.documents.project import bundled_documents
from tamis.language import use_language

Told = pytest.CaptureFixture[str]
Complete = Callable[..., list[str]]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder: a project whose policies nobody could read, beside a store."""
    monkeypatch.chdir(tmp_path)
    for name in ("feed", "figures", "register"):
        path = tmp_path / "policies" / f"{name}.yaml"
        path.parent.mkdir(exist_ok=True)
        path.write_text("{", encoding="utf-8")
    for inside in ("_receipts", "feed/R6323-37.III.2", "_quarantine/feed", "_staging/x"):
        (tmp_path / "store" / inside).mkdir(parents=True)
    for name in ("r1", "r2", "r1.withdrawn"):
        (tmp_path / "store/_receipts" / f"{name}.json").touch()
    return tmp_path


@pytest.fixture
def completed(monkeypatch: pytest.MonkeyPatch, capsys: Told) -> Complete:
    """What can stand in place of the last word of a line."""

    def complete(line: str, shell: str = "bash") -> list[str]:
        words = line.split(" ")
        monkeypatch.setattr(sys, "argv", ["tamis"])
        monkeypatch.setenv(completion.VARIABLE, f"complete_{shell}")
        monkeypatch.setenv("COMP_WORDS", line)
        monkeypatch.setenv("COMP_CWORD", str(len(words) - 1))
        monkeypatch.setenv("_TYPER_COMPLETE_ARGS", line)
        monkeypatch.setenv("_TYPER_COMPLETE_FISH_ACTION", "get-args")
        completion.answer(app)
        use_language("en")
        captured = capsys.readouterr()
        assert captured.err == ""
        return captured.out.split() if shell == "bash" else captured.out.splitlines()

    return complete


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("tamis wit", ["withdraw"]),
        ("tamis keys ro", ["rotate"]),
        ("tamis plan f", ["feed", "figures"]),
        ("tamis plan fi", ["figures"]),
        ("tamis check ", ["feed", "figures"]),
        ("tamis papers feed f", ["feed", "figures"]),
        ("tamis --project cpf plan evaluation-c", ["evaluation-cpf"]),
        ("tamis plan --project cpf evaluation-c", ["evaluation-cpf"]),
        ("tamis plan --project=cpf evaluation-c", ["evaluation-cpf"]),
        ("tamis demo --policy dsn", ["dsn-droits"]),
        ("tamis run feed --inp", ["--input", "--inputs-by-digest"]),
        ("tamis run feed --input a.csv b.csv --outp", ["--output"]),
        ("tamis run feed --lang f", ["fr"]),
        ("tamis plan --pro", ["--project"]),
        ("tamis list cat", ["categories"]),
        ("tamis help sto", ["stores"]),
        ("tamis show store ", ["feed/R6323-37.III.2"]),
        ("tamis withdraw store r", ["r1", "r2"]),
        ("tamis redrive store r2", ["r2"]),
        ("tamis verify store --run ", ["r1", "r2"]),
        ("tamis withdraw gs://bucket/store r", []),
        ("tamis plan --project ", []),
        ("tamis nonsense f", []),
    ],
)
def test_names_are_completed(
    line: str, words: list[str], folder: Path, completed: Complete
) -> None:
    assert completed(line) == words


def test_all_policies_of_a_project_are_known(completed: Complete) -> None:
    assert completed("tamis demo --policy ") == list(bundled_documents().policies())


@pytest.mark.parametrize("shell", ["zsh", "fish"])
def test_help_stands_beside_a_word_in_one_line_in_the_language_in_use(
    shell: str, completed: Complete
) -> None:
    lines = completed("tamis --lang fr p", shell)
    assert len(lines) == 3
    for line, word in zip(lines, ("plan", "papers", "purge"), strict=True):
        assert word in line
    assert "Montrer ce que devient chaque champ, et pourquoi." in lines[0]


@pytest.mark.slow
def test_bash_completes_what_the_program_tells_it(folder: Path) -> None:
    script = (
        'eval "$(tamis --show-completion bash)"; COMP_WORDS=(tamis plan fi); COMP_CWORD=2; '
        '_tamis_completion tamis; echo "${COMPREPLY[@]}"; complete -p tamis'
    )
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        ["bash", "-c", script],
        env={**os.environ, "PATH": path},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.splitlines() == ["figures", "complete -o default -F _tamis_completion tamis"]


def test_it_is_installed_where_the_shell_looks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    assert completion.install("fish").startswith(f"{tmp_path}/.config/fish/completions/tamis.fish")
    assert "complete --command tamis" in completion.script("fish")
    assert "#compdef tamis" in completion.script("zsh")


def test_no_document_and_no_arrow_is_loaded_to_complete(folder: Path) -> None:
    code = (
        "import sys; sys.argv=['tamis']\n"
        "from tamis.cli.app import app\n"
        "from tamis.cli.completion import answer\n"
        "answer(app)\n"
        "print({'pyarrow', 'apache_beam', 'tamis.documents'} & set(sys.modules))"
    )
    env = {"PYTHONPATH": ":".join(sys.path), "COMP_WORDS": "tamis plan f", "COMP_CWORD": "2"}
    done = subprocess.run(
        [sys.executable, "-c", code],
        env=env | {completion.VARIABLE: "complete_bash"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.splitlines() == ["feed", "figures", "set()"]
