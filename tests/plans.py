"""Plans for tests of a reader, the filter or a transform alone; no document is behind them."""

from typing import Any

from tamis.documents.feed_format import Format, FormatName
from tamis.plan.plan import Plan, PlanField, PlanLeaf, PlanRelease

BECAUSE = "pour l'essai"
"""The reason of all that is kept or tested."""


def plan_of(
    *parts: PlanField | PlanRelease, form: Format | FormatName = "jsonl", **more: Any
) -> Plan:
    """A plan of these fields and releases; without a release it reads and releases nothing."""
    given: dict[str, Any] = {
        "policy": "essai",
        "schema": "essai",
        "format": form if isinstance(form, Format) else Format(name=form),
        "processing": "traitement",
        "carries_nir": True,
        "direction": "into-store",
        "law": {"R6323-37": "LEGIARTI000000000000"},
        "fields": tuple(part for part in parts if isinstance(part, PlanField)),
        "releases": tuple(part for part in parts if isinstance(part, PlanRelease)),
    }
    return Plan(**(given | more))


def release(*leaves: PlanLeaf, **more: Any) -> PlanRelease:
    """A release `r` of these leaves, by default under an item that lets a NIR pass."""
    given: dict[str, Any] = {
        "id": "r",
        "item": "R6323-37.I.1",
        "purpose": "R6323-33.1",
        "nir": "carried",
        "attested": "example",
        "on_nir": "strip",
        "where": (),
        "only": (),
    }
    return PlanRelease(leaves=leaves, **(given | more))


def leaf(path: str, **more: Any) -> PlanLeaf:
    """A leaf that is kept as it is, unless a treatment is given."""
    return PlanLeaf(path, more.pop("fate", "kept"), (BECAUSE,), **more)


def keep_all(*fields: PlanField, form: Format | FormatName = "parquet") -> Plan:
    """One release, `r`, that keeps all leaves of `fields`, under an item that lets a NIR pass."""
    leaves = [leaf(path) for field in fields for path, _ in field.leaves()]
    known = tuple(field.name for field in fields)
    return plan_of(*fields, release(*leaves), form=form, known=known)
