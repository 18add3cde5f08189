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
from tamis.documents.context import open_policy
from tamis.documents.project import Documents
from tamis.language import _
from tamis.plan.compile import compile_policy
from tamis.plan.explain import (
    Explanation,
    describe_condition,
    describe_limited,
    explain,
    explain_field,
)
from tamis.plan.plan import Plan, PlanCondition, PlanLeaf
from tamis.tables import Table, print_table


def plan_command(
    documents: Documents, policy: str, on: str | None, field: str | None, json: bool
) -> int:
    """Compile a policy for a day and print every field's fate.

    Of one field, by its path, print what becomes of it with every place that decides that.
    """
    context = open_policy(documents, policy)
    plan = compile_policy(context, read_day(on))
    explanations = explain_field(context, plan, field) if field else explain(context, plan)
    if json:
        print(json_module.dumps(_as_json(plan, explanations), indent=1, ensure_ascii=False))
    elif field:
        for explanation in explanations:
            path, release = explanation.path, explanation.release
            header = _("{field} in release {release}", field=path, release=release)
            print(header + _(": ") + f"{explanation.how}, {explanation.reason}")
            for ground in explanation.grounds:
                print(f"  {ground}")
    else:
        _print_plan(plan, explanations)
        for motif in context.policy.motifs:
            print()
            print(_("motif ({attested}): {text}", attested=_(motif.attested), text=motif.text))
            if motif.source:
                print("  " + _("source: {source}", source=motif.source))
    return 0


def _as_json(plan: Plan, explanations: Iterable[Explanation]) -> dict[str, Any]:
    releases: dict[str, dict[str, Any]] = {
        release.id: {
            "item": release.item,
            "purpose": release.purpose,
            "nir": release.nir,
            "attested": release.attested,
            "on_nir": release.on_nir,
            "where": _conditions_as_json(release.where),
            "only": {path: _conditions_as_json(conditions) for path, conditions in release.only},
            "fields": {},
        }
        for release in plan.releases
    }
    for explanation in explanations:
        releases[explanation.release]["fields"][explanation.path] = {
            "fate": explanation.fate,
            "how": explanation.how,
            "because": explanation.reason,
            "decided_at": explanation.deciding,
            "grounds": [
                {"place": ground.place, "text": ground.text} for ground in explanation.grounds
            ],
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
        **({"limited": _limited_as_json(plan)} if plan.limited else {}),
        "releases": releases,
    }


def _limited_as_json(plan: Plan) -> dict[str, Any]:
    return {
        "looked_up_by": list(plan.limited.fields) if plan.limited else [],
        "releases": [release.id for release in plan.releases if release.withholds_limited],
    }


def _conditions_as_json(conditions: Iterable[PlanCondition]) -> list[dict[str, Any]]:
    return [
        {
            "field": condition.field,
            **({"in": _values_as_json(condition)} if condition.values else {"present": True}),
            "because": condition.because,
        }
        for condition in conditions
    ]


def _values_as_json(condition: PlanCondition) -> list[bool | int | float | str]:
    return [
        value if isinstance(value, bool | int | float) else str(value) for value in condition.values
    ]


def _print_plan(plan: Plan, explanations: Sequence[Explanation]) -> None:
    until = _("no change known to come")
    if plan.valid_until:
        until = _("valid until {day}", day=plan.valid_until)
    print(_("policy {policy}, day {day}, {until}", policy=plan.policy, day=plan.day, until=until))
    text = _("schema {schema}, processing {processing}, {direction}")
    print(text.format(schema=plan.schema, processing=plan.processing, direction=_(plan.direction)))
    versions = ", ".join(f"{article} {version}" for article, version in plan.law.items())
    print(_("law {versions}", versions=versions))
    print(_("reads {fields}", fields=", ".join(plan.leaves())))
    for release in plan.releases:
        print()
        print(
            _(
                "release {release}: item {item}, purpose {purpose}, nir {nir}, attested {attested}",
                release=release.id,
                item=release.item,
                purpose=release.purpose,
                nir=_(release.nir),
                attested=_(release.attested),
            )
        )
        if release.withholds_limited:
            print("  " + describe_limited(plan))
        if release.retention:
            print("  " + _("kept by rule {rule} of R. 6323-39", rule=release.retention))
        for test in release.where:
            words = describe_condition(test.field, test.values, test.because)
            print("  " + _("released where {condition}", condition=words))
        for path, tests in release.only:
            for test in tests:
                words = describe_condition(test.field, test.values, test.because)
                print("  " + _("only elements of {list} where {test}", list=path, test=words))
        leaves = {leaf.path: leaf for leaf in release.leaves}
        rows = [
            (
                explanation.path,
                explanation.how,
                _describe_reason(explanation, leaves.get(explanation.path)),
                explanation.deciding,
            )
            for explanation in explanations
            if explanation.release == release.id
        ]
        header = (_("field"), _("fate"), _("because"), _("decided at"))
        print_table(Table(header, rows, whole=(3,)))


def _describe_reason(explanation: Explanation, leaf: PlanLeaf | None) -> str:
    if leaf is None or not leaf.when:
        return explanation.reason
    alternatives = (
        _(" and ").join(describe_condition(test.field, test.values) for test in tests)
        for tests in leaf.when
    )
    return _(
        "{reason} (when {conditions}, else null)",
        reason=explanation.reason,
        conditions=_(" or ").join(alternatives),
    )
