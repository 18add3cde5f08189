"""The program's modules: small, named by nouns, and importing one way."""

import ast
from collections.abc import Iterator
from pathlib import Path

import tamis

PACKAGE = Path(tamis.__file__).parent

LAYERS = (
    "language",
    "log",
    "tables",
    "errors",
    "regular_file",
    "schemes",
    "address",
    "waiting",
    "limits",
    "interrupts",
    "arrow",
    "documents",
    "check",
    "plan",
    "contract",
    "diff",
    "nir",
    "keys",
    "limited",
    "filter",
    "formats",
    "evidence",
    "telemetry",
    "stores",
    "upkeep",
    "verify",
    "draft",
    "synthetic",
    "cases",
    "dry_run",
    "link",
    "papers",
    "streams",
    "lineage",
    "beam",
    "runs",
    "testing",
    "manual",
    "cli",
)
"""A package imports only from those that stand before it."""


def modules() -> list[Path]:
    return [path for path in sorted(PACKAGE.rglob("*.py")) if "__pycache__" not in path.parts]


def test_no_module_is_long() -> None:
    lengths = {
        str(path.relative_to(PACKAGE)): len(path.read_text(encoding="utf-8").splitlines())
        for path in modules()
    }
    assert {name: lines for name, lines in lengths.items() if lines > 500} == {}


def test_every_module_says_what_it_is_for() -> None:
    for path in modules():
        text = path.read_text(encoding="utf-8")
        assert not text or ast.get_docstring(ast.parse(text)), path
        assert path.stem not in ("utils", "util", "helpers", "misc", "common"), path


def test_imports_point_one_way() -> None:
    upward = set()
    for path in modules():
        name = str(path.relative_to(PACKAGE))
        own = name.split("/")[0].removesuffix(".py")
        if own.startswith("__"):
            continue
        assert own in LAYERS, f"{name} is in no layer"
        for other in imports(path):
            if LAYERS.index(other) > LAYERS.index(own):
                upward.add((name, other))
    assert upward == set()


def imports(path: Path) -> Iterator[str]:
    """Packages of `tamis` that a module imports, wherever in it."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        names: list[str] = []
        if isinstance(node, ast.ImportFrom):
            assert not node.level, f"{path}: a relative import"
            names = [f"{node.module}.{alias.name}" for alias in node.names]
        elif isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        for name in names:
            first, _, rest = name.partition(".")
            if first == "tamis" and rest:
                yield rest.split(".")[0]
