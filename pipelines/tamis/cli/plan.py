"""`tamis plan`: what becomes of each field on a day, and why.

policy evaluation-cpf, day 2026-11-23, no change known to come
…
release evaluation: item R6323-37.III.2, purpose R6323-33.5, nir absent, attested example
field            fate                    because                       decided at
nir              pseudonymized as …      compter des personnes …       policies/…:31:16
"""

import json as json_module
from collections.abc import Iterable, Sequence
from typing import Any

from tamis.cli.day import read_day
from tamis.documents.context import open_subject
from tamis.plan.compile import compile_plan
from tamis.plan.explain import Explained, explain, explain_field
from tamis.plan.plan import Plan, PlanCondition, PlanRelease
from tamis.plan.project import Project


def plan_command(
    project: Project, policy: str, on: str | None, field: str | None, json: bool
) -> int:
    """Compile `policy` for a day and tell every field's fate, or explain one field.

    Args:
        project: where the policy is.
        policy: its name.
        on: the day, as YYYY-MM-DD; today in Europe/Paris where None.
        field: the path of the one field to explain, with every place that decides it.
        json: print JSON.
    """
    plan = compile_plan(project, policy, read_day(on))
    subject = open_subject(project, policy)
    found = explain_field(subject, plan, field) if field else explain(subject, plan)
    if json:
        print(json_module.dumps(_as_json(plan, found), indent=1, ensure_ascii=False))
    elif field:
        _print_grounds(found)
    else:
        _print_plan(plan, found)
    return 0


def _as_json(plan: Plan, found: Iterable[Explained]) -> dict[str, Any]:
    releases: dict[str, dict[str, Any]] = {
        release.id: {
            "item": release.item,
            "purpose": release.purpose,
            "nir": release.nir,
            "attested": release.attested,
            "on_nir": release.on_nir,
            "where": [_condition(one) for one in release.where],
            "only": {path: [_condition(one) for one in tests] for path, tests in release.only},
            "fields": {},
        }
        for release in plan.releases
    }
    for one in found:
        releases[one.release]["fields"][one.path] = {
            "fate": one.fate,
            "how": one.how,
            "because": one.reason,
            "decided_at": one.deciding,
            "grounds": [{"place": ground.place, "text": ground.text} for ground in one.grounds],
        }
    return {
        "policy": plan.policy,
        "schema": plan.schema,
        "processing": {"slug": plan.processing, "carries_nir": plan.carries_nir},
        "direction": plan.direction,
        "day": plan.day.isoformat(),
        "valid_until": plan.valid_until.isoformat() if plan.valid_until else None,
        "policy_sha256": plan.policy_sha256,
        "plan_sha256": plan.sha256,
        "law": dict(plan.law),
        "reads": list(plan.leaves()),
        "releases": releases,
    }


def _condition(one: PlanCondition) -> dict[str, Any]:
    values = [
        value if isinstance(value, bool | int | float) else str(value) for value in one.values
    ]
    return {"field": one.field, "in": values, "because": one.because}


def _print_plan(plan: Plan, found: Sequence[Explained]) -> None:
    until = f"valid until {plan.valid_until}" if plan.valid_until else "no change known to come"
    print(f"policy {plan.policy}, day {plan.day}, {until}")
    print(f"schema {plan.schema}, processing {plan.processing}, {plan.direction}")
    print("law " + ", ".join(f"{article} {version}" for article, version in plan.law.items()))
    print(f"reads {', '.join(plan.leaves())}")
    for release in plan.releases:
        print()
        print(_say_release(release))
        for one in release.where:
            print(f"  released where {_say_test(one)}")
        for path, tests in release.only:
            for one in tests:
                print(f"  only elements of {path} where {_say_test(one)}")
        rows = [
            (one.path, one.how, _with_when(release, one), one.deciding)
            for one in found
            if one.release == release.id
        ]
        _print_table(("field", "fate", "because", "decided at"), rows)


def _say_release(release: PlanRelease) -> str:
    return (
        f"release {release.id}: item {release.item}, purpose {release.purpose}, "
        f"nir {release.nir}, attested {release.attested}"
    )


def _say_test(one: PlanCondition) -> str:
    values = ", ".join(str(value) for value in one.values)
    return f"{one.field} in {values}, because {one.because}"


def _with_when(release: PlanRelease, one: Explained) -> str:
    leaf = next((leaf for leaf in release.leaves if leaf.path == one.path), None)
    if leaf is None or not leaf.when:
        return one.reason
    cases = (
        " and ".join(f"{test.field} in {', '.join(map(str, test.values))}" for test in tests)
        for tests in leaf.when
    )
    return f"{one.reason} (when {' or '.join(cases)}, else null)"


def _print_grounds(found: Iterable[Explained]) -> None:
    for one in found:
        print(f"{one.path} in release {one.release}: {one.how}, {one.reason}")
        for ground in one.grounds:
            print(f"  {ground}")


def _print_table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """A rich table on a terminal, else one line a row with aligned columns."""
    from rich.console import Console
    from rich.table import Table

    console = Console(highlight=False, markup=False)
    if console.is_terminal:
        table = Table(*columns, header_style="bold")
        for row in rows:
            table.add_row(*row)
        console.print(table)
        return
    widths = [max(len(row[i]) for row in (columns, *rows)) for i in range(len(columns) - 1)]
    for row in (columns, *rows):
        cells = [cell.ljust(width) for cell, width in zip(row, widths, strict=False)]
        print("  ".join((*cells, row[-1])))
