"""The documents that say what a plan says: a project's schema, policy and register."""

import datetime
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from tamis.plan.plan import Plan, PlanCondition, PlanField, PlanLeaf, PlanRelease

from .fields import leaves_of

REASON = "pour voir ce qui en sort"
CATEGORIES = ["tit-identite-activite", "tit-droits-parcours-formation"]
PURPOSES = {
    "R6323-37.I.1": "R6323-33.1",
    "R6323-37.III.2": "R6323-33.5",
    "R6323-37.III.3": "R6323-33.6",
}
SINCE = datetime.date(2025, 1, 1)


def write_project(plan: Plan, folder: Path) -> None:
    """Write a project whose policy compiles to the fields and releases of `plan`."""
    for name in ("schemas", "policies"):
        (folder / name).mkdir(exist_ok=True)
    entries = [
        {"item": item, "from": SINCE, "attested": "example", "item_link": "inferred"}
        for item in PURPOSES
    ]
    processing = {"name": "essai", "carries_nir": "unknown", "source": "essai", "entries": entries}
    documents = {
        f"schemas/{plan.schema}.yaml": schema_document(plan),
        f"policies/{plan.policy}.yaml": {
            "policy": plan.policy,
            "schema": plan.schema,
            "processing": plan.processing,
            "direction": "into-store",
            "releases": [release_document(release, plan) for release in plan.releases],
        },
        "policies/register.yaml": {
            "register": "essai",
            "processings": {plan.processing: processing},
        },
    }
    for path, document in documents.items():
        YAML().dump(document, folder / path)


def schema_document(plan: Plan) -> dict[str, Any]:
    form: Any = str(plan.format.name)
    if form == "csv":
        form = {"csv": plan.format.csv.model_dump(mode="json", exclude_defaults=True)}
    fields = {spec.name: field_document(spec) for spec in plan.fields}
    return {"schema": plan.schema, "format": form, "fields": fields}


def field_document(spec: PlanField) -> dict[str, Any]:
    document: dict[str, Any] = {"type": spec.type, "nullable": spec.nullable}
    if spec.of is not None:
        document["of"] = field_document(spec.of)
    elif spec.fields:
        document["fields"] = {child.name: field_document(child) for child in spec.fields}
    else:
        document |= {"category": CATEGORIES, "free_text": spec.free_text}
        if spec.nir_part:
            document["nir_part"] = spec.nir_part
        if spec.identifier:
            document["identifier"] = list(spec.identifier)
        if spec.not_nir:
            document["not_nir"] = REASON
        if spec.pattern:
            document["not_nir"] = {"because": REASON, "pattern": spec.pattern}
        if spec.check:
            document["not_nir"] = {"because": REASON, "check": spec.check}
    return document


def release_document(release: PlanRelease, plan: Plan) -> dict[str, Any]:
    document: dict[str, Any] = {
        "id": release.id,
        "item": release.item,
        "purpose": PURPOSES[release.item],
        "from": SINCE,
        "on_nir": release.on_nir,
        "needs": [
            {
                "because": REASON,
                "keep": [leaf.path],
                "when": conditions_document(when),
                "nir_basis": {"text": "L. 6113-8", "status": "confirmed"},
            }
            for leaf in release.leaves
            for when in leaf.when or ((),)
        ],
    }
    if release.where:
        document["where"] = conditions_document(release.where)
    if release.only:
        document["only"] = {path: conditions_document(tests) for path, tests in release.only}
    texts = {path for path, spec in leaves_of(plan.fields).items() if spec.free_text}
    treatments = {
        leaf.path: treatment_document(leaf, leaf.path in texts) for leaf in release.leaves
    }
    document["treat"] = {path: treatment for path, treatment in treatments.items() if treatment}
    return document


def conditions_document(conditions: tuple[PlanCondition, ...]) -> list[dict[str, Any]]:
    return [
        {"field": test.field, "because": REASON}
        | ({"in": list(test.values)} if test.values else {"present": True})
        for test in conditions
    ]


def treatment_document(leaf: PlanLeaf, free_text: bool) -> dict[str, Any]:
    if leaf.pseudonym:
        made = {"as": leaf.pseudonym, "method": leaf.method}
        if leaf.pseudonym_kind:
            made["kind"] = leaf.pseudonym_kind
        return {"pseudonymize": made}
    if leaf.canonical:
        return {"canonical": leaf.canonical}
    if leaf.redact:
        return {"redact": "nir"}
    if free_text:
        return {"redact": "nothing"}
    generalize = {"to": leaf.to, "step": leaf.step, "prefix": leaf.prefix}
    given = {name: value for name, value in generalize.items() if value}
    return {"generalize": given} if given else {}
