"""Help stands in the order of one's work, and answers what people of other tools type."""

import pytest
import typer
from typer.testing import CliRunner

from tamis.cli.app import app
from tamis.cli.other_names import _COMMANDS
from tamis.cli.typer_words import HEADINGS
from tamis.errors import UsageError
from tamis.language import use_language


def commands(*group: str) -> set[str]:
    """The commands of the program, or of a group."""
    command = typer.main.get_command(app)
    for name in group:
        command = command.commands[name]  # type: ignore[attr-defined]
    return set(command.commands)  # type: ignore[attr-defined]


def test_headings_and_other_names_are_of_commands_that_there_are() -> None:
    known = commands()
    assert {name for names in HEADINGS.values() for name in names} <= known
    in_groups = commands("keys")
    for name in _COMMANDS:
        assert name.startswith("--") or name.split()[0] in known | in_groups, name


def test_help_stands_under_headings_and_ends_with_exit_codes() -> None:
    text = CliRunner().invoke(app, ["--help"]).output
    assert text.index("Begin:") < text.index("Documents:") < text.index("Other commands:")
    assert "Exit codes: 0 done" in text
    french = CliRunner().invoke(app, ["--help", "--lang", "fr"]).output
    use_language("en")
    assert french.index("Débuter") < french.index("Entrepôts") < french.index("Codes de sortie")
    assert "Commands:" in CliRunner().invoke(app, ["keys", "--help"]).output


@pytest.mark.parametrize(
    ("words", "text"),
    [
        (("keys", "create", "k"), "no command `create`, did you mean `new`?"),
        (("keys", "delete", "k"), "no command `delete`, did you mean `destroy`?"),
        (("keys", "show", "k"), "no command `show`, did you mean `list`?"),
        (("validate",), "no command `validate`, did you mean `check`?"),
        (("rollback", "store"), "no command `rollback`, did you mean `withdraw`?"),
        (("rotate", "k"), "no command `rotate`, did you mean `keys rotate`?"),
        (("version",), "no command `version`, did you mean `--version`?"),
        (("completion",), "no command `completion`, did you mean `--show-completion`?"),
        (("run", "p", "--input", "a", "--dest", "s"), "no option `--dest`, did you mean `--outp"),
        (("check", "--dir", "x"), "no option `--dir`, did you mean `--project`?"),
        (("check", "--projet", "x"), "no option `--projet`, did you mean `--project`?"),
        (("runs", "--store", "x"), "`--store`: STORE must stand by itself, as in `tamis runs STO"),
        (("--show-completion",), "--show-completion: expected a value after it, bash|zsh|fish"),
        (("frobnicate",), "no command `frobnicate`"),
        (("show", "s", "--values", "--rows", "0"), "--rows must be a whole number from 1 to 1000"),
        (("show", "s", "--rows", "3"), "--rows: is for --values"),
        (("run", "p", "--period", "x"), "--period must be a whole number, 1 or more"),
        (("recover", "nowhere"), "nowhere: no such file or folder"),
        (("runs", __file__), "is a file, expected the folder of a store"),
    ],
)
def test_words_of_other_tools_are_answered_with_ours(words: tuple[str, ...], text: str) -> None:
    error = CliRunner().invoke(app, words, prog_name="tamis").exception
    assert isinstance(error, UsageError)
    assert text in str(error)
