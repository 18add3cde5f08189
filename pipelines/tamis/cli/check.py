"""`tamis check`: prove the rules, or print the smallest counterexamples.

policies/lazy.yaml:31:16: `nir` is an identifier (nir): under R6323-37.III.2 it must be dropped …
  rule 4 (no NIR under paragraph III), on 2022-01-01
  release evaluation · item R6323-37.III.2 · field nir · identifier nir
warning: policies/register.yaml:129:18: whether processing `mon-activite-formation` carries …
/srv/feed: 3 policies: 1 violation, 1 warning
"""

import json as json_module
import sys

from tamis.check.catalogue import Rule
from tamis.check.check import check
from tamis.check.violation import Violation
from tamis.documents.project import Documents
from tamis.errors import DocumentError
from tamis.language import N_, _, ngettext

HOLDS = N_("what holds, holds for the documents as declared")

_NAMES = (
    *(N_("release"), N_("item"), N_("purpose"), N_("processing"), N_("field"), N_("fields")),
    *(N_("linked"), N_("registered"), N_("identifier"), N_("direction"), N_("category")),
    *(N_("categories"), N_("policy"), N_("schema"), N_("column"), N_("paragraph")),
)
"""What counterexamples name, where it is no key of a document."""


def check_command(documents: Documents, json: bool) -> int:
    """Check a project and print every violation and warning.

    Returns:
        0 if every rule holds, 1 if one is violated, 2 if documents do not follow their grammar.

    Raises:
        DocumentError: the last of these, unless `json` is asked for, which then tells it.
    """
    try:
        if not documents.policies():
            text = _("must hold a policy, as a file NAME.yaml; got none in project {name}")
            empty = text.format(name=documents.name)
            raise DocumentError(*documents.misplaced() or [documents.problem("policies", empty)])
        judged = check(documents)
    except DocumentError as error:
        if not json:
            raise
        problems = [problem.as_json() for problem in error.problems]
        print(
            _dump(
                {
                    "project": documents.name,
                    "holds": False,
                    "documents": problems,
                    "violations": [],
                    "warnings": [],
                }
            )
        )
        return error.exit_code
    violations = [violation for violation in judged if violation.severity == "error"]
    warnings = [violation for violation in judged if violation.severity == "warning"]
    policies = len(documents.policies())
    unused = unused_schemas(documents)
    if json:
        result = {
            "project": documents.name,
            "bundled": documents.borrowed,
            "law": documents.law_origin,
            "unused_schemas": unused,
            "holds": not violations,
            "note": _(HOLDS),
            "policies": policies,
            "documents": [],
            "violations": [violation.as_json() for violation in violations],
            "warnings": [warning.as_json() for warning in warnings],
        }
        print(_dump(result))
    else:
        for name in unused:
            _print_line(_("schema `{name}`: no policy refers to it", name=name))
        _print(documents.name, violations, warnings, policies)
    return 1 if violations else 0


def unused_schemas(documents: Documents) -> list[str]:
    """Return the schemas that no policy refers to, by name."""
    used = {documents.policy(name)[0].schema_ for name in documents.policies()}
    return [name for name in documents.schemas() if name not in used]


def _dump(result: object) -> str:
    return json_module.dumps(result, indent=1, ensure_ascii=False)


def _print(
    project: str, violations: list[Violation], warnings: list[Violation], policies: int
) -> None:
    for warning in warnings:
        _print_line(_("warning: "), "yellow", end="")
        _print_line(str(warning.problem))
    for violation in violations:
        rule, day = violation.rule, violation.day
        _print_line(str(violation.problem), "bold")
        text = _("rule {number} ({title})", number=int(rule), title=rule.title)
        text += _(", on {day}", day=day) if day else ""
        _print_line(f"  {text}", "red")
        if violation.counterexample:
            empty = _("(empty)")
            pairs = (f"{_(name)} {value or empty}" for name, value in violation.counterexample)
            _print_line(f"  {' · '.join(pairs)}")
    counts = ngettext("{count} violation", "{count} violations", len(violations))
    counts += ", " + ngettext("{count} warning", "{count} warnings", len(warnings))
    judged = ngettext(
        "{project}: {count} policy", "{project}: {count} policies", policies, project=project
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
