"""`tamis check`: prove the invariants, or print the smallest counterexamples.

policies/lazy.yaml:31:16: `nir` is an identifier (nir): under R6323-37.III.2 it is dropped …
  rule 4 (no NIR under paragraph III), on 2022-01-01
  release evaluation · item R6323-37.III.2 · field nir · identifier nir
warning: policies/register.yaml:129:18: whether processing `mon-activite-formation` carries …
1 violation, 1 warning
"""

import json as json_module
import sys

from tamis.check.check import check
from tamis.check.violation import Violation
from tamis.errors import DocumentError
from tamis.plan.project import Project

HOLDS = "what holds, holds for the documents as declared"


def check_command(project: Project, json: bool) -> int:
    """Check `project` and tell every violation and warning.

    Returns:
        0 if all holds, 1 if something is violated, 2 if documents do not follow their grammar.

    Raises:
        DocumentError: the last of these, unless `json` is asked for, which tells it itself.
    """
    try:
        found = check(project)
    except DocumentError as error:
        if not json:
            raise
        problems = [
            {"file": one.file, "line": one.line, "column": one.column, "text": one.text}
            for one in error.problems
        ]
        print(_dump({"holds": False, "documents": problems, "violations": [], "warnings": []}))
        return error.exit_code
    violations = [one for one in found if one.severity == "error"]
    warnings = [one for one in found if one.severity == "warning"]
    policies = len(project.policies())
    if json:
        result = {
            "holds": not violations,
            "note": HOLDS,
            "policies": policies,
            "documents": [],
            "violations": [one.as_json() for one in violations],
            "warnings": [one.as_json() for one in warnings],
        }
        print(_dump(result))
    else:
        _print(violations, warnings, policies)
    return 1 if violations else 0


def _dump(result: object) -> str:
    return json_module.dumps(result, indent=1, ensure_ascii=False)


def _print(violations: list[Violation], warnings: list[Violation], policies: int) -> None:
    for one in warnings:
        _say("warning: ", "yellow", end="")
        _say(str(one.problem))
    for one in violations:
        _say(str(one.problem), "bold")
        since = f", on {one.day}" if one.day else ""
        _say(f"  rule {one.rule} ({one.name}){since}", "red")
        if one.counterexample:
            said = (f"{name} {value or '(empty)'}" for name, value in one.counterexample)
            _say(f"  {' · '.join(said)}")
    told = f"{_count(len(violations), 'violation')}, {_count(len(warnings), 'warning')}"
    if violations:
        _say(told, "bold red")
    else:
        some = f"{policies} policies" if policies != 1 else "1 policy"
        _say(f"{some}: the eight invariants hold on every day; {told}", "bold green")
        _say(HOLDS)


def _say(text: str, style: str = "", *, end: str = "\n") -> None:
    """Print in colour on a terminal, plainly elsewhere."""
    if not sys.stdout.isatty():
        print(text, end=end)
        return
    from rich.console import Console

    console = Console(highlight=False, markup=False, soft_wrap=True)
    console.print(text, style=style or None, end=end)


def _count(count: int, noun: str) -> str:
    return f"{count} {noun}{'' if count == 1 else 's'}"
