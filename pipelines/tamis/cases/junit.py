"""The outcomes of cases as JUnit XML, which build servers read."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from xml.etree import ElementTree as ET

from tamis.cases.judge import Outcome


def write_junit(path: Path, outcomes: Mapping[str, Sequence[Outcome]]) -> None:
    """Write one test suite a policy, and one test a case and day, to `path`."""
    root = ET.Element("testsuites", name="tamis test")
    for policy, of_policy in outcomes.items():
        failures = sum(outcome.problem is not None for outcome in of_policy)
        counts = {"name": policy, "tests": str(len(of_policy)), "failures": str(failures)}
        suite = ET.SubElement(root, "testsuite", counts)
        for outcome in of_policy:
            name = f"{outcome.case.note} ({outcome.day})"
            test = ET.SubElement(suite, "testcase", classname=policy, name=name)
            if outcome.problem is not None:
                ET.SubElement(test, "failure", message=outcome.problem.text).text = str(
                    outcome.problem
                )
    ET.indent(root)
    ET.ElementTree(root).write(path, encoding="utf-8", xml_declaration=True)
