"""Outcomes as JUnit XML, which build servers read, in the form that Jenkins' schema has."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias
from xml.etree import ElementTree as ET

if TYPE_CHECKING:
    from tamis.cases.judge import Outcome

Tests: TypeAlias = Sequence[tuple[str, Sequence[str]]]
"""The name of each test, and what is wrong; nothing where it passed."""


def junit_tests(outcomes: "Sequence[Outcome]") -> Tests:
    """A test for each case and day."""
    return [
        (
            f"{outcome.case.note} ({outcome.day})",
            [] if outcome.problem is None else [str(outcome.problem)],
        )
        for outcome in outcomes
    ]


def write_junit(path: Path, name: str, suites: Mapping[str, Tests]) -> None:
    """Write the tests of each suite to `path`.

    Args:
        path: of the file.
        name: of all suites together.
        suites: by name, their tests.
    """
    root = ET.Element("testsuites", {"name": name, **_counts([*suites.values()])})
    for suite_name, tests in suites.items():
        suite = ET.SubElement(root, "testsuite", {"name": suite_name, **_counts([tests])})
        for test_name, wrong in tests:
            test = ET.SubElement(suite, "testcase", classname=suite_name, name=test_name)
            if wrong:
                ET.SubElement(test, "failure", message=wrong[0]).text = "\n".join(wrong)
    ET.indent(root)
    ET.ElementTree(root).write(path, encoding="utf-8", xml_declaration=True)


def _counts(suites: Sequence[Tests]) -> dict[str, str]:
    failures = [bool(wrong) for tests in suites for _name, wrong in tests]
    return {"tests": str(len(failures)), "failures": str(sum(failures)), "errors": "0"}
