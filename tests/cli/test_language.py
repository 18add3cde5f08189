"""`--lang` and `TAMIS_LANG`: which language a command speaks."""

import re
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from typer.main import get_command
from typer.testing import CliRunner

from tamis.cli.app import app
from tamis.errors import TamisError
from tamis.language import LANGUAGES, language_in_use, use_language
from tamis.plan.plan import PlanApproval
from tamis.plan.project import bundled_project
from tests.surface.test_messages import english_words
from tests.surface.test_words import FRENCH


def tamis(*words: str) -> str:
    """What a command prints, or says of what is wrong."""
    result = CliRunner().invoke(app, list(words))
    return str(result.exception) if isinstance(result.exception, TamisError) else result.output


@pytest.mark.parametrize(
    "words",
    [
        ("--lang", "fr", "plan", "p", "--project", "cpf"),
        ("plan", "p", "--project", "cpf", "--lang", "fr"),
        ("plan", "--lang=fr", "p", "--project=cpf"),
        ("--project", "cpf", "plan", "--lang", "fr", "--lang=fr", "p"),
    ],
)
def test_the_language_stands_before_or_after_the_command(words: tuple[str, ...]) -> None:
    tamis(*words)
    assert language_in_use() == "fr"


def test_the_line_decides_before_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TAMIS_LANG", "fr")
    tamis("help")
    assert language_in_use() == "fr"
    tamis("help", "--lang", "en")
    assert language_in_use() == "en"
    monkeypatch.setenv("TAMIS_LANG", "")
    use_language("fr")
    tamis("help")
    assert language_in_use() == "en"


@pytest.mark.parametrize(
    ("words", "variable", "text"),
    [
        (("help", "--lang", "de"), "fr", "--lang: should be en or fr, got `de`"),
        (("help", "--lang"), "", "--lang: should be en or fr, got ``"),
        (("--lang=fr", "help", "--lang=en"), "", "--lang: must be given once"),
        (("help",), "de", "TAMIS_LANG: should be en or fr, got `de`"),
    ],
)
def test_another_language_is_refused(
    words: tuple[str, ...], variable: str, text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TAMIS_LANG", variable)
    assert tamis(*words) == text


@pytest.mark.parametrize(
    ("words", "text"),
    [
        (("plan",), "POLICY is missing: see `tamis plan --help`"),
        (("keys", "new"), "FILE is missing: see `tamis keys new --help`"),
        (("plan", "p", "-x"), "no option `-x`: see `tamis plan --help`"),
        (("plan", "p", "--field"), "--field: expected a value after it, FIELD"),
        (("plan", "p", "--json=1"), "--json: takes no value"),
        (
            ("run", "p", "-i", "a.csv", "-o", "b", "--period", "0"),
            "--period must be a whole number, 1 or more: see `tamis run --help`",
        ),
    ],
)
def test_wrong_options_are_told_in_words_of_tamis(words: tuple[str, ...], text: str) -> None:
    assert tamis(*words) == text


@pytest.fixture
def projects(tmp_path: Path) -> tuple[str, str]:
    """A project of three policies, and one that releases more, to others, for other reasons."""
    bundled, names = bundled_project().folder, ("evaluation-cpf", "dsn-droits", "maf-manquements")
    old, new = tmp_path / "old", tmp_path / "new"
    for name in ("schemas", "policies"):
        (old / name).mkdir(parents=True)
    for policy in names:
        path = old / "policies" / f"{policy}.yaml"
        path.write_bytes((bundled / "policies" / path.name).read_bytes())
        schema = re.findall(r"(?m)^schema: (.*)$", path.read_text("utf-8"))[0]
        shutil.copy(bundled / "schemas" / f"{schema}.yaml", old / "schemas")
    shutil.copytree(old, new)
    for policy, before, after in (
        ("evaluation-cpf", "keep: [code_rncp", "keep: [pcs_ese, nir_cle, code_rncp"),
        ("evaluation-cpf", "to: year", "to: month"),
        ("dsn-droits", "R6323-33.1", "R6323-33.6"),
        ("dsn-droits", "because: retrouver", "because: bien retrouver"),
        ("maf-manquements", "out-of-store", "into-store"),
    ):
        path = new / "policies" / f"{policy}.yaml"
        path.write_text(path.read_text("utf-8").replace(before, after), "utf-8")
    return str(old), str(new)


def test_help_is_in_french() -> None:
    group = get_command(app)
    commands = getattr(group, "commands", {})
    lines = [(), *((name,) for name in commands), ("keys", "new"), ("keys", "rekey")]
    texts = {words: tamis("--lang", "fr", *words, "--help") for words in lines}
    assert {words: english_words(text) for words, text in texts.items()} == {
        words: [] for words in lines
    }
    assert texts["plan",].startswith("Usage\u00a0: tamis plan [OPTIONS] POLITIQUE\n")
    assert "\nDébuter\u00a0:\n" in texts[()]
    assert "\nCommandes\u00a0:\n" in texts["keys",]


def test_words_that_stand_for_a_value_are_in_french() -> None:
    codes = {"A", "B", "HOST:PORT", "ID", "MS", "N", "N,…", "SLUG", "SOURCE…", "URI", "URI…",
             "HOST:PORT|FILE", "bash|zsh|fish", "en|fr", "file:PATH|URL", "joined=N",
             "text|json"}  # fmt: skip
    assert metavars(get_command(app)) - FRENCH.keys() == codes


def metavars(command: Any) -> set[str]:
    """What stands for values in the help of a command and of those below it."""
    below = getattr(command, "commands", {}).values()
    own = {param.metavar for param in command.params if param.metavar}
    return own.union(*map(metavars, below))


def test_documents_are_judged_and_compared_in_french(
    projects: tuple[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TAMIS_LANG", "fr")
    (old, new), keys = projects, str(tmp_path / "keys.json")
    lines = [
        ("check", "--project", new),
        ("plan", "evaluation-cpf", "--project", old),
        ("plan", "dsn-droits", "--project", old, "--field", "nir"),
        ("plan", "nope", "--project", old),
        ("plan", "evaluation-cpf", "--project", old, "--on", "2019-01-01"),
        ("diff", old, new, "--markdown", "--fail-on", "ground"),
        ("keys", "new", keys),
        ("keys", "rotate", keys),
        ("keys", "list", keys),
        ("run", "nope", "--input", "a.csv", "b.csv"),
        ("run", "--input", "a.csv"),
        ("verify", "nope.json", "--project", old),
        ("draft", "nope.csv"),
    ]
    texts = {words: tamis(*words) for words in lines}
    assert {words: left for words, text in texts.items() if (left := english_words(text))} == {}


def test_a_plan_is_the_same_in_every_language() -> None:
    project = bundled_project()
    plans = []
    for language in LANGUAGES:
        use_language(language)
        compiled = [project.plan(name) for name in project.policies()]
        plans.append([replace(plan, approval=PlanApproval(False)) for plan in compiled])
    assert plans[0] == plans[1]
    assert [plan.sha256 for plan in plans[0]] == [plan.sha256 for plan in plans[1]]
