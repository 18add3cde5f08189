"""Errors cross from worker to driver, and end a command with the code that they stand for."""

import ast
import pickle
from pathlib import Path

import pytest

from tamis import cli, errors, interrupts
from tamis.cli import main
from tamis.errors import (
    EXIT_CODES,
    DocumentError,
    InputError,
    KeysError,
    NirColumnError,
    NotLookedInto,
    Problem,
    RefusedError,
    RunError,
    TamisError,
    UsageError,
    value_free,
)

EXAMPLES: dict[type[TamisError], tuple[TamisError, int]] = {
    DocumentError: (
        DocumentError(Problem("a.yaml", 3, 5, "unknown key"), Problem("b.yaml", 0, 0, "empty")),
        2,
    ),
    UsageError: (UsageError("no policy `x`"), 2),
    KeysError: (KeysError("keys.json: cannot be read"), 2),
    RefusedError: (RefusedError("nothing is committed"), 1),
    NirColumnError: (NirColumnError("nothing is committed: column `nom`"), 1),
    InputError: (InputError("in.csv", "is empty"), 3),
    NotLookedInto: (NotLookedInto("in.zip", "is an encrypted archive"), 3),
    RunError: (RunError("records do not add up"), 3),
}


def test_every_class_has_an_example() -> None:
    found = {
        var
        for var in vars(errors).values()
        if isinstance(var, type) and issubclass(var, TamisError) and var is not TamisError
    }
    assert found == set(EXAMPLES)


@pytest.mark.parametrize(("error", "code"), EXAMPLES.values(), ids=lambda one: type(one).__name__)
def test_an_error_survives_pickling(error: TamisError, code: int) -> None:
    again = pickle.loads(pickle.dumps(error))
    assert type(again) is type(error)
    assert (again.args, vars(again), str(again)) == (error.args, vars(error), str(error))
    assert again.exit_code == code


@pytest.mark.parametrize(("error", "code"), EXAMPLES.values(), ids=lambda one: type(one).__name__)
def test_a_command_tells_an_error_in_words_and_ends_with_its_code(
    error: TamisError,
    code: int,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert shown(error, monkeypatch, capsys) == (code, f"tamis: {error}\n")


def test_an_error_of_the_file_system_is_told_with_its_file(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    error = PermissionError(13, "Permission denied", "out/_receipts")
    assert shown(error, monkeypatch, capsys) == (3, "tamis: out/_receipts: permission denied\n")


def shown(
    error: Exception, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> tuple[object, str]:
    """Exit code and message of a command that fails with `error`."""

    def fail() -> None:
        raise error

    monkeypatch.setattr("tamis.cli.app.app", fail)
    with pytest.raises(SystemExit) as left:
        main()
    return left.value.code, capsys.readouterr().err


def test_what_may_quote_a_cell_is_replaced_by_its_kind() -> None:
    with pytest.raises(RunError) as caught, value_free("minimizing part 3"):
        int("Durand")
    assert str(caught.value) == "minimizing part 3 failed (ValueError)"
    assert caught.value.__suppress_context__
    with pytest.raises(InputError), value_free("reading"):
        raise InputError("in.csv", "is empty")


def test_commands_end_with_no_other_code_than_those_of_the_table() -> None:
    """The manual's table is made of `EXIT_CODES` (tests/surface/test_manual.py)."""
    returned = {code for _example, code in EXAMPLES.values()}
    returned |= {interrupts.exit_code(number) for number in interrupts.SIGNALS}
    for path in Path(cli.__file__).parent.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef) and ast.unparse(node.returns or node) == "int":
                ends = [each.value for each in ast.walk(node) if isinstance(each, ast.Return)]
                returned |= {
                    each.value
                    for end in ends
                    for each in ast.walk(end or node)
                    if isinstance(each, ast.Constant) and type(each.value) is int
                }
    assert returned == set(EXIT_CODES)
