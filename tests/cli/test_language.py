"""`--lang` and `TAMIS_LANG`: which language a command speaks."""

import pytest
from typer.testing import CliRunner

from tamis.cli.app import app
from tamis.errors import TamisError
from tamis.language import language_in_use, use_language


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
        (("plan", "p", "--field"), "--field: expected a value after it"),
        (("plan", "p", "--json=1"), "--json: takes no value"),
        (
            ("run", "p", "-i", "a.csv", "-o", "b", "--period", "0"),
            "--period must be a whole number within its limits: see `tamis run --help`",
        ),
    ],
)
def test_wrong_options_are_told_in_words_of_tamis(words: tuple[str, ...], text: str) -> None:
    assert tamis(*words) == text
