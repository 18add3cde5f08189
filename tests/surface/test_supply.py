"""What Tamis is built of: bounded in pyproject.toml, locked with hashes for CI."""

import json
import re
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
LOCK = (ROOT / ".ci" / "requirements.txt").read_text(encoding="utf-8")
BUDGET = json.loads((ROOT / "tests" / "benchmarks" / "budget.json").read_text(encoding="utf-8"))
_PINNED = re.compile(
    r"^([A-Za-z0-9._-]+)(?:\[[^]]*\])?==([^ \\\n]+)([^\n]*)\n((?:    [^\n]*\n)*)", re.M
)


def declared() -> list[Requirement]:
    """Every requirement of pyproject.toml but those on extras of Tamis itself."""
    project = PYPROJECT["project"]
    texts = [
        *PYPROJECT["build-system"]["requires"],
        *project["dependencies"],
        *(text for extra in project["optional-dependencies"].values() for text in extra),
        *PYPROJECT["dependency-groups"]["build"],
    ]
    return [made for made in map(Requirement, texts) if made.name != "tamis"]


def locked() -> dict[str, tuple[str, str]]:
    """By package, its version and what stands below it."""
    return pins(LOCK)


def pins(lock: str) -> dict[str, tuple[str, str]]:
    """The same of any lock."""
    return {match[1]: (match[2], match[4]) for match in _PINNED.finditer(lock)}


@pytest.mark.parametrize("requirement", declared(), ids=str)
def test_a_requirement_is_bounded_and_locked(requirement: Requirement) -> None:
    name = canonicalize_name(requirement.name)
    version, below = locked()[name]
    assert requirement.specifier.contains(version)
    assert "--hash=sha256:" in below
    bounds = [made.specifier for made in declared() if canonicalize_name(made.name) == name]
    operators = {bound.operator for specifier in bounds for bound in specifier}
    assert {">=", "<"} <= operators


def test_everything_in_the_lock_has_a_hash_and_no_host_is_named() -> None:
    assert len(locked()) > 100
    assert [name for name, (_version, below) in locked().items() if "--hash=" not in below] == []
    assert "://" not in LOCK
    pinned = [line for line in LOCK.splitlines() if line and line[0] not in " #"]
    assert len(pinned) == len(_PINNED.findall(LOCK))


def test_the_budget_was_counted_with_what_is_locked() -> None:
    machine = {"python", "machine", "valgrind"}
    for figures in BUDGET:
        packages = {name: of for name, of in figures["of"].items() if name not in machine}
        assert packages == {name: locked()[name][0] for name in packages}
