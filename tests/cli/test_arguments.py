"""No word of a command line is lost: inputs, Beam's options, the project, empty values."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from tamis.cli.app import app
from tamis.errors import UsageError

SECRET = "CANARI"


def refusal(*words: str) -> str:
    """What is told of a command line that is refused before anything is read."""
    result = CliRunner().invoke(app, [str(word) for word in words])
    assert isinstance(result.exception, UsageError), result.output
    return str(result.exception)


@pytest.fixture
def feeds(tmp_path: Path) -> list[str]:
    """Three files of one record each."""
    for name in ("a", "b", "c"):
        (tmp_path / f"{name}.csv").write_text("siren;siret\n000000042;00000004200018\n")
    return [str(tmp_path / f"{name}.csv") for name in ("a", "b", "c")]


@pytest.mark.slow
@pytest.mark.parametrize(
    "inputs",
    [
        ("--input", "{a}", "{b}", "{c}"),
        ("--input", "{a}", "--input", "{b}", "{c}"),
        ("--input={a}", "{b}", "--input={c}"),
        ("-i", "{a}", "{b}", "{c}"),
    ],
)
def test_every_input_is_read(
    inputs: tuple[str, ...], feeds: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    words = [word.format(**dict(zip("abc", feeds, strict=True))) for word in inputs]
    result = CliRunner().invoke(
        app, ["--project", "cpf", "dry-run", "regularite-prestataires", *words, "--json", "-"]
    )
    assert result.exit_code == 0, result.output
    assert '"in": 3' in result.stdout


@pytest.mark.parametrize(
    ("words", "text"),
    [
        (("run", "p", "b.csv", "--input", "a.csv", "--output", "s"), "argument `b.csv`: inputs"),
        (("run", "p", "--input", "a.csv", "--output", "s", "b.csv"), "argument `b.csv`: inputs"),
        (
            ("dry-run", "p", "--input", "a.csv", "--", "b.csv"),
            "unexpected argument `b.csv`: inputs stand",
        ),
        (("run", "--input", "a.csv", "p", "--output", "s"), "POLICY is missing"),
        (("run", "p", "--input", "--output", "s"), "--input: expected a file"),
        (("run", "p", "--input", "a", "--output", "s", "--runner=X"), "after `--`"),
        (("run", "p", "--input", "a", "--output", "s", "--dry-run"), "the command is `tamis dry-"),
        (("run", "p", "--inptu", "a"), "no option `--inptu`, did you mean `--input`?"),
        (("draft", "a.csv", "b.csv"), "unexpected argument `b.csv`"),
        (("diff", "a", "b", "c"), "unexpected argument `c`"),
        (("recover", "a", "b"), "unexpected argument `b`"),
        (("keys", "new", "a", "b"), "unexpected argument `b`"),
        (("chekc",), "no command `chekc`, did you mean `check`?"),
        (("check", "--project", "a", "--project", "b"), "--project: must be given once"),
        (("check", "--project"), "--project: expected a folder"),
    ],
)
def test_a_word_that_nothing_takes_is_refused(words: tuple[str, ...], text: str) -> None:
    assert text in refusal(*words)


@pytest.mark.parametrize("blank", ["", " ", "\t"])
@pytest.mark.parametrize(
    "words",
    [
        ("run", "p", "--input", "{}", "--output", "s"),
        ("run", "p", "--input", "a", "--output", "{}"),
        ("run", "p", "--input", "a", "--output={}"),
        ("run", "p", "--input", "a", "--output", "s", "--run-id", "{}"),
        ("run", "p", "--input", "a", "--output", "s", "--keys", "{}"),
        ("--project", "{}", "check"),
        ("check", "--project={}"),
        ("recover", "{}"),
        ("scan", "{}"),
        ("keys", "new", "{}"),
    ],
)
def test_an_empty_word_is_refused(words: tuple[str, ...], blank: str) -> None:
    assert "must not be empty" in refusal(*(word.format(blank) for word in words))


@pytest.mark.parametrize(
    "words",
    [
        ("run", "p", f"kafka://u:{SECRET}@h/t", "--input", "a", "--output", "s"),
        (f"kafka://u:{SECRET}@h/t",),
        ("check", f"postgresql://u:{SECRET}@h/db"),
        ("run", "p", f"--kafka://u:{SECRET}@h/t"),
        ("scan", f"kafka://u:{SECRET}@h/t"),
        ("draft", f"jdbc:kafka://u:{SECRET}@h/t"),
        ("--project", f"kafka://u:{SECRET}@h/t", "check"),
        ("dry-run", "p", "--input", "a", "--html", f"kafka://u:{SECRET}@h/t"),
    ],
)
def test_a_refused_word_shows_no_password(words: tuple[str, ...]) -> None:
    assert SECRET not in refusal(*words)


@pytest.mark.parametrize(
    "words",
    [
        ("--project", "{}", "plan", "p"),
        ("plan", "p", "--project", "{}"),
        ("plan", "--project={}", "p"),
    ],
)
def test_the_project_stands_before_or_after_the_command(
    words: tuple[str, ...], tmp_path: Path
) -> None:
    (tmp_path / "policies").mkdir()
    (tmp_path / "policies" / "other.yaml").touch()
    text = refusal(*(word.format(tmp_path) for word in words))
    assert f"no policy `p` in {tmp_path}" in text


def test_help_has_a_short_name() -> None:
    result = CliRunner().invoke(app, ["run", "-h"])
    assert result.exit_code == 0
    assert "--output" in result.output


def test_a_command_without_words_is_no_mistake_of_the_program() -> None:
    for command in ("run", "diff", "dry-run"):
        done = CliRunner().invoke(app, [command])
        assert not isinstance(done.exception, ValueError), command
        assert done.exit_code
