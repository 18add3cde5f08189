"""What `tamis` exports is what it says, and what each command loads is what it needs."""

import ast
import inspect
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

import tamis
import tamis.errors

PACKAGE = Path(tamis.__file__).parent


def run_python(code: str, *arguments: str) -> str:
    """Run code in a fresh interpreter; what it prints."""
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_all_is_what_the_type_checker_sees() -> None:
    module = ast.parse((PACKAGE / "__init__.py").read_text(encoding="utf-8"))
    (block,) = [node for node in module.body if isinstance(node, ast.If)]
    seen = {
        alias.asname: f"{node.module}.{alias.name}"
        for node in block.body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
    assert sorted(tamis.__all__) == sorted(map(str, seen))
    for name, home in seen.items():
        assert home == f"{tamis._HOMES[str(name)]}.{name}"


@pytest.mark.parametrize("name", tamis.__all__)
def test_every_name_is_there_and_documented(name: str) -> None:
    value = getattr(tamis, name)
    assert value is getattr(import_module(tamis._HOMES[name]), name)
    assert value.__doc__
    assert name in dir(tamis)


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="module `tamis` has no attribute `minimise`"):
        _ = tamis.minimise


LOADED = """
import sys
sys.argv = ["tamis", *sys.argv[1:]]
try:
    {statement}
except SystemExit as left:
    assert not left.code, left.code
print()
print(*sorted({{"apache_beam", "pyarrow.dataset", "pandas"}} & set(sys.modules)))
"""


@pytest.mark.slow
@pytest.mark.parametrize(
    ("statement", "arguments"),
    [
        ("import tamis", ()),
        ("import tamis.documents.project", ()),
        ("import tamis.check.check", ()),
        ("import tamis.filter.minimize", ()),
        ("import tamis.dry_run.html", ()),
        ("from tamis.cli import main; main()", ("--help",)),
        ("from tamis.cli import main; main()", ("--version",)),
        ("from tamis.cli import main; main()", ("run", "--help")),
        ("from tamis.cli import main; main()", ("check",)),
        ("from tamis.cli import main; main()", ("plan", "dsn-droits")),
        ("from tamis.cli import main; main()", ("keys", "--help")),
        ("from tamis.cli import main; main()", ("unseal", "--help")),
    ],
    ids=lambda one: " ".join(one) if isinstance(one, tuple) else "",
)
def test_nothing_heavy_is_loaded_that_is_not_needed(
    statement: str, arguments: tuple[str, ...]
) -> None:
    assert run_python(LOADED.format(statement=statement), *arguments).splitlines()[-1] == ""


def test_the_version_is_that_of_the_distribution() -> None:
    from importlib.metadata import version

    done = subprocess.run(
        [sys.executable, "-m", "tamis", "--version"], capture_output=True, text=True, check=True
    )
    assert done.stdout == f"tamis {version('tamis')}\n"


PAGE = PACKAGE / "manual" / "python.md"

GROUPS = {
    "Projects and plans": "load_project Project Plan PlanField PlanRelease released_schema",
    "The filter without Beam": "minimize Minimized Tally KeySource open_list LimitedPersons",
    "Reading": "ReadFiles ReadParquet ReadCsv ReadJsonLines ReadAvro ReadDsn ReadXml "
    "ReadSpreadsheet ReadTables",
    "Records of a pipeline of your own": "FromDicts FromRows FromArrow ToDicts ToRows ToArrow",
    "Minimizing": "Minimize Outputs Batch Chunk PartKey Input Limits QUARANTINE_SCHEMA",
    "Stores and receipts": "Store PostgresStore Receipt RunFacts",
    "Keys": "open_keyring Keyring KeyRef DerivedKey",
    "NIRs": "find_nir redact profile_nir NirProfile",
    "Errors": "TamisError DocumentError Problem UsageError KeysError RefusedError "
    "NirColumnError InputError RunError",
}
CONSTANTS = {
    "QUARANTINE_SCHEMA": "Columns of quarantined records in a store: where, why, no value."
}


def test_the_page_has_every_name_with_the_first_line_of_its_docstring() -> None:
    _, _, listed = PAGE.read_text(encoding="utf-8").partition("## Every name\n\n")
    want = []
    for group, names in GROUPS.items():
        lines = [f"- `{name}`: {first_line(name)}" for name in names.split()]
        want.append("\n".join([f"**{group}**", "", *lines]))
    assert listed == "\n\n".join(want) + "\n"
    assert sorted(" ".join(GROUPS.values()).split()) == tamis.__all__


def first_line(name: str) -> str:
    if name in CONSTANTS:
        return CONSTANTS[name]
    return (inspect.getdoc(getattr(tamis, name)) or "").partition("\n")[0]


@pytest.mark.parametrize("name", sorted(set(tamis.__all__) - set(CONSTANTS)))
def test_every_name_has_an_example(name: str) -> None:
    assert "Example:\n    >>> " in (inspect.getdoc(getattr(tamis, name)) or "")


def test_the_errors_are_the_whole_tree() -> None:
    exported = {name for name in tamis.__all__ if name.endswith("Error")}
    assert exported == {name for name in vars(tamis.errors) if name.endswith("Error")}
