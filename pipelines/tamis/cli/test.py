"""`tamis test`: do the policies do what their cases say?

policies/tests/evaluation-cpf.yaml:12:7: « un dossier DIFEL » on 2026-01-01: expected it withheld …
evaluation-cpf: 9 cases, 1 outcome not as expected; coverage 48 of 50; mutants killed 31 of 33
"""

import json as json_module
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tamis.cases.coverage import Coverage, measure
from tamis.cases.judge import Outcome, judge_cases
from tamis.cases.junit import junit_tests, write_junit
from tamis.cases.mutants import Mutant, judge_mutants
from tamis.documents.context import PolicyContext, open_policy
from tamis.errors import Problem, UsageError
from tamis.language import _, ngettext
from tamis.plan.project import Project


@dataclass(frozen=True)
class _Tested:
    """What was found of one policy; what was not asked for is None."""

    context: PolicyContext
    cases: int
    outcomes: list[Outcome] = field(default_factory=list)
    coverage: Coverage | None = None
    mutants: list[Mutant] | None = None

    @property
    def failures(self) -> list[Problem]:
        return list(dict.fromkeys(o.problem for o in self.outcomes if o.problem is not None))

    @property
    def survivors(self) -> list[Problem]:
        return [mutant.problem for mutant in self.mutants or () if not mutant.killed_by]

    @property
    def shares(self) -> dict[str, tuple[int, int]]:
        """Of each figure asked for, how many of how many."""
        shares = {}
        if self.coverage is not None:
            shares["coverage"] = (len(self.coverage.reached), len(self.coverage.cells))
        if self.mutants is not None:
            total = len(self.mutants)
            shares["mutants"] = (total - len(self.survivors), total)
        return shares


def run_cases(
    project: Project,
    policies: Sequence[str],
    *,
    coverage: bool,
    mutate: bool,
    junit: Path | None,
    fail_under: float | None,
    json: bool,
) -> int:
    """Judge the cases of policies, by default of all, and print what is not as expected.

    Returns:
        0 if each outcome is as expected and no share is below `fail_under`, else 1.

    Raises:
        UsageError: there are no cases, or `fail_under` has nothing to measure.
        DocumentError: documents do not follow their grammar.
    """
    if fail_under is not None and not (coverage or mutate):
        raise UsageError(_("--fail-under needs --coverage or --mutate"))
    names = list(policies or project.policies())
    tested = [_test(project, name, coverage, mutate) for name in names]
    if not any(policy.cases for policy in tested):
        first = names[0] if names else _("POLICY")
        raise UsageError(
            _(
                "no cases: expected policies/tests/{policy}.yaml; "
                "`tamis draft --tests {policy}` proposes some, to be read and saved there",
                policy=first,
            )
        )
    if junit is not None:
        suites = {policy.context.name: junit_tests(policy.outcomes) for policy in tested}
        write_junit(junit, "tamis test", suites)
    low = _too_low(tested, fail_under)
    failed = any(policy.failures for policy in tested) or bool(low)
    if json:
        print(json_module.dumps([_as_json(policy) for policy in tested], indent=1))
    else:
        for policy in tested:
            _print(policy)
        for text in low:
            print(text)
    return 1 if failed else 0


def _test(project: Project, name: str, coverage: bool, mutate: bool) -> _Tested:
    context, found = open_policy(project, name), project.cases(name)
    outcomes = judge_cases(context, *found) if found else []
    return _Tested(
        context,
        len(found[0].cases) if found else 0,
        outcomes,
        measure(context, outcomes) if coverage else None,
        judge_mutants(context, *found) if mutate and found else [] if mutate else None,
    )


def _too_low(tested: Sequence[_Tested], fail_under: float | None) -> list[str]:
    """The figures over all policies that are below what is asked, in words."""
    if fail_under is None:
        return []
    low = []
    for name, label in (("coverage", _("coverage")), ("mutants", _("mutants killed"))):
        shares = [policy.shares[name] for policy in tested if name in policy.shares]
        reached, total = sum(share[0] for share in shares), sum(share[1] for share in shares)
        if shares and 100 * reached < fail_under * total:
            percent = 100 * reached / total
            text = _(
                "{figure}: {percent:.1f} %, must not be below {least:g} %",
                figure=label,
                percent=percent,
                least=fail_under,
            )
            low.append(text)
    return low


def _print(policy: _Tested) -> None:
    for problem in policy.failures:
        print(problem)
    for problem in policy.coverage.missing if policy.coverage is not None else ():
        print(problem)
    for problem in policy.survivors:
        print(_("{mutant}: no rule and no case notices it", mutant=problem))
    line = policy.context.name + _(": ")
    line += ngettext("{count} case", "{count} cases", policy.cases)
    if policy.cases:
        failures = sum(outcome.problem is not None for outcome in policy.outcomes)
        line += ", " + ngettext(
            "{count} outcome not as expected", "{count} outcomes not as expected", failures
        )
    else:
        line += _(", `tamis draft --tests {policy}` proposes some", policy=policy.context.name)
    texts = {
        "coverage": _("coverage {reached} of {total}"),
        "mutants": _("mutants killed {reached} of {total}"),
    }
    for name, (reached, total) in policy.shares.items():
        line += _("; ") + texts[name].format(reached=reached, total=total)
    print(line)


def _as_json(policy: _Tested) -> dict[str, Any]:
    shares = {
        name: {"reached": reached, "total": total}
        for name, (reached, total) in policy.shares.items()
    }
    return {
        "policy": policy.context.name,
        "cases": policy.cases,
        "outcomes": len(policy.outcomes),
        "failures": [problem.as_json() for problem in policy.failures],
        **shares,
        "not_reached": [
            problem.as_json()
            for problem in (policy.coverage.missing if policy.coverage is not None else ())
        ],
        "survivors": [problem.as_json() for problem in policy.survivors],
    }
