"""SARIF 2.1.0, which code hosts show beside the lines of documents that it names."""

from collections.abc import Sequence
from typing import Any
from urllib.parse import quote

from tamis.errors import Problem


def sarif_result(rule: str, level: str, problem: Problem) -> dict[str, Any]:
    """Return a result of the rule `rule`, at the place of `problem`.

    Args:
        rule: id of the rule.
        level: `error`, `warning` or `note`.
        problem: where, and what is wrong.

    Example:
        >>> sarif_result("4", "error", Problem("a b.yaml", 0, 0, "is empty"))["locations"]
        [{'physicalLocation': {'artifactLocation': {'uri': 'a%20b.yaml'}}}]
    """
    place: dict[str, Any] = {"artifactLocation": {"uri": quote(problem.file)}}
    if problem.line:
        place["region"] = {"startLine": problem.line, "startColumn": max(problem.column, 1)}
    return {
        "ruleId": rule,
        "level": level,
        "message": {"text": problem.text},
        "locations": [{"physicalLocation": place}],
    }


def sarif_log(results: Sequence[dict[str, Any]], rules: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Return the log of one run of Tamis: its results, and the rules that they name."""
    driver = {"name": "tamis", "informationUri": "https://pypi.org/project/tamis/", "rules": rules}
    return {
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{"tool": {"driver": driver}, "results": results}],
    }
