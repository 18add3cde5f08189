"""`tamis check`: prove the rules, or print the smallest counterexamples.

policies/lazy.yaml:31:16: `nir` is an identifier (nir): under R6323-37.III.2 it must be dropped …
  rule 4 (no NIR under paragraph III), on 2022-01-01
  release evaluation · item R6323-37.III.2 · field nir · identifier nir
/srv/feed: 3 policies: 1 violation, 1 warning (--warnings shows it)
"""

import json as json_module
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tamis.cases.junit import write_junit
from tamis.check.catalogue import Rule
from tamis.check.check import check
from tamis.check.violation import Violation
from tamis.cli.sarif import sarif_log, sarif_result
from tamis.documents.project import Documents
from tamis.errors import DocumentError, Problem, UsageError
from tamis.language import N_, _, ngettext

HOLDS = N_("what holds, holds for the documents as declared")

_NAMES = (
    *(N_("release"), N_("item"), N_("purpose"), N_("processing"), N_("field"), N_("fields")),
    *(N_("linked"), N_("registered"), N_("identifier"), N_("direction"), N_("category")),
    *(N_("categories"), N_("policy"), N_("schema"), N_("column"), N_("paragraph")),
)
"""What counterexamples name, where it is no key of a document."""


@dataclass(frozen=True)
class _Checked:
    """What `check` found in a project, of which `policies` were judged."""

    documents: Documents
    policies: int
    problems: Sequence[Problem] = ()
    judged: Sequence[Violation] = ()
    unused: Sequence[str] = ()

    @property
    def violations(self) -> list[Violation]:
        return [violation for violation in self.judged if violation.severity == "error"]

    @property
    def warnings(self) -> list[Violation]:
        return [violation for violation in self.judged if violation.severity == "warning"]

    @property
    def exit_code(self) -> int:
        return DocumentError.exit_code if self.problems else 1 if self.violations else 0

    def as_json(self) -> dict[str, Any]:
        return {
            "project": self.documents.name,
            "bundled": self.documents.borrowed,
            "law": None if self.problems else self.documents.law_origin,
            "unused_schemas": self.unused,
            "holds": not self.exit_code,
            "note": _(HOLDS),
            "policies": self.policies,
            "documents": [problem.as_json() for problem in self.problems],
            "violations": [violation.as_json() for violation in self.violations],
            "warnings": [warning.as_json() for warning in self.warnings],
        }


def check_command(
    documents: Documents,
    json: bool,
    policy: str | None = None,
    *,
    warnings: bool = False,
    sarif: bool = False,
    junit: Path | None = None,
) -> int:
    """Check a project, or one policy, and print every violation, and how many warnings there are.

    Returns:
        0 if every rule holds, 1 if one is violated, 2 if documents do not follow their grammar.

    Raises:
        DocumentError: the last of these, unless JSON or SARIF is asked for, which then tells it.
        UsageError: there is no such policy, or JSON and SARIF are asked for.
    """
    if json and sarif:
        raise UsageError(_("--json, --sarif: choose one"))
    error: DocumentError | None = None
    try:
        checked = _check(documents, policy)
    except DocumentError as caught:
        error = caught
        checked = _Checked(documents, len(documents.policies()), caught.problems)
    if junit is not None:
        write_junit(junit, "tamis check", {checked.documents.name: _as_junit(checked)})
    if json or sarif:
        print(_dump(_as_sarif(checked) if sarif else checked.as_json()))
    elif error is not None:
        raise error
    else:
        _print(checked, warnings)
    return checked.exit_code


def explain_rule(rule: str) -> int:
    """Print what a rule asks for, by its number, or what all of them do.

    Raises:
        UsageError: there is no such rule.
    """
    numbers = {str(int(known)): known for known in Rule}
    if rule not in (*numbers, "all"):
        text = _("--explain {rule}: must be a rule, 1 to {last}, or `all`")
        raise UsageError(text.format(rule=rule, last=len(Rule)))
    for known in Rule if rule == "all" else [numbers[rule]]:
        _print_line(_("rule {number} ({title})", number=int(known), title=known.title), "bold")
        _print_line(f"  {known.text}")
    return 0


def _check(documents: Documents, policy: str | None) -> _Checked:
    if not documents.policies():
        text = _("must hold a policy, as a file NAME.yaml; got none in project {name}")
        empty = text.format(name=documents.name)
        raise DocumentError(*documents.misplaced() or [documents.problem("policies", empty)])
    judged = check(documents, policy)
    if policy is not None:
        return _Checked(documents, 1, judged=judged)
    return _Checked(documents, len(documents.policies()), (), judged, unused_schemas(documents))


def unused_schemas(documents: Documents) -> list[str]:
    """Return the schemas that no policy refers to, by name."""
    used = {documents.policy(name)[0].schema_ for name in documents.policies()}
    return [name for name in documents.schemas() if name not in used]


def _dump(result: object) -> str:
    return json_module.dumps(result, indent=1, ensure_ascii=False)


def _as_sarif(checked: _Checked) -> dict[str, Any]:
    """A result a problem of documents, violation or warning; a rule each of `Rule`."""
    results = [sarif_result("documents", "error", problem) for problem in checked.problems]
    for violation in (*checked.violations, *checked.warnings):
        level = violation.severity
        result = sarif_result(f"rule-{int(violation.rule)}", level, violation.dated)
        of_violation = {"code": violation.code, "counterexample": dict(violation.counterexample)}
        results.append(result | {"properties": of_violation})
    rules = [{"id": "documents", "shortDescription": {"text": _("grammar of documents")}}]
    rules += [
        {
            "id": f"rule-{int(rule)}",
            "shortDescription": {"text": rule.title},
            "fullDescription": {"text": rule.text},
        }
        for rule in Rule
    ]
    return sarif_log(results, rules)


def _as_junit(checked: _Checked) -> list[tuple[str, list[str]]]:
    """One test for the grammar of documents, and one a rule, each with what is wrong."""
    tests = [(_("grammar of documents"), [*map(str, checked.problems)])]
    for rule in () if checked.problems else Rule:
        broken = [str(each.dated) for each in checked.violations if each.rule == rule]
        tests.append((_("rule {number} ({title})", number=int(rule), title=rule.title), broken))
    return tests


def _print(checked: _Checked, show_warnings: bool) -> None:
    violations, warnings = checked.violations, checked.warnings
    for name in checked.unused:
        _print_line(_("schema `{name}`: no policy refers to it", name=name))
    for warning in warnings if show_warnings else ():
        _print_line(_("warning: "), "yellow", end="")
        _print_line(str(warning.problem))
    for violation in violations:
        rule, day = violation.rule, violation.day
        _print_line(str(violation.problem), "bold")
        text = _("rule {number} ({title})", number=int(rule), title=rule.title)
        text += _(", on {day}", day=day) if day else ""
        _print_line(f"  {text}", "red")
        if violation.counterexample:
            words = {"": _("(empty)"), "none": _("none")}
            pairs = (
                f"{_(name)} {words.get(value, value)}" for name, value in violation.counterexample
            )
            _print_line(f"  {' · '.join(pairs)}")
    counts = ngettext("{count} violation", "{count} violations", len(violations))
    counts += ", " + ngettext("{count} warning", "{count} warnings", len(warnings))
    if warnings and not show_warnings:
        counts += " " + ngettext("(--warnings shows it)", "(--warnings shows them)", len(warnings))
    judged = ngettext(
        "{project}: {count} policy",
        "{project}: {count} policies",
        checked.policies,
        project=checked.documents.name,
    )
    if violations:
        _print_line(judged + _(": ") + counts, "bold red")
    else:
        text = _("{judged}: the {rules} rules hold on every day; {counts}")
        _print_line(text.format(judged=judged, rules=len(Rule), counts=counts), "bold green")
        _print_line(_(HOLDS))


def _print_line(text: str, style: str = "", *, end: str = "\n") -> None:
    """Print in colour on a terminal, plainly elsewhere."""
    if not sys.stdout.isatty():
        print(text, end=end)
        return
    from rich.console import Console

    console = Console(highlight=False, markup=False, soft_wrap=True)
    console.print(text, style=style or None, end=end)
