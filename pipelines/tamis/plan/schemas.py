"""Arrow schemas of a plan: what an input must look like, and what a release looks like."""

from collections.abc import Iterable, Mapping

import pyarrow as pa

from tamis.arrow.types import PSEUDONYM, TAG
from tamis.documents.tags import NULLABLE_TAGS, TAGS
from tamis.documents.types import arrow_type
from tamis.plan.plan import Plan, PlanField, PlanLeaf, PlanRelease


def input_schema(plan: Plan) -> pa.Schema:
    """The columns that `plan` reads, in the schema's order and types."""
    return pa.schema([_read(field) for field in plan.fields])


def released_schema(plan: Plan, release: PlanRelease) -> pa.Schema:
    """The schema of a release's batches, the same whatever their rows.

    A top-level field is nullable where the schema says so, or where all that is kept of it has a
    `when`; fields below the top always are. There is no metadata.

    Example:
        >>> from tamis.plan.project import load_project
        >>> plan = load_project("cpf").plan("cpir-partage", on="2026-01-01")
        >>> released_schema(plan, plan.releases[0]).names[-2:]
        ['legal_status', 'legal_retention']
    """
    return schema_of(plan.fields, release.leaves)


def schema_of(fields: Iterable[PlanField], leaves: Iterable[PlanLeaf]) -> pa.Schema:
    """The same, of those of `fields` that hold the kept `leaves`."""
    kept = {leaf.path: leaf for leaf in leaves}
    columns = [
        released_field(field, field.name, kept) for field in fields if _below(kept, field.name)
    ]
    tags = (pa.field(name, TAG, nullable=name in NULLABLE_TAGS) for name in TAGS)
    return pa.schema([*columns, *tags])


def _read(field: PlanField) -> pa.Field:
    if field.of is not None:
        kind = pa.list_(_read(field.of))
    elif field.fields:
        kind = pa.struct([_read(child) for child in field.fields])
    else:
        kind = arrow_type(field.type)
    return pa.field(field.name, kind, nullable=field.nullable)


def released_field(field: PlanField, path: str, kept: Mapping[str, PlanLeaf]) -> pa.Field:
    """The field at `path` as a release has it that keeps the leaves `kept`, by their paths.

    Below the top every field is nullable.
    """
    leaf = kept.get(path)
    pseudonym = leaf.pseudonym if leaf is not None else None
    if field.of is not None:
        kind = pa.list_(released_field(field.of, path, kept).type)
    elif field.fields:
        children = [
            released_field(child, f"{path}.{child.name}", kept).with_nullable(True)
            for child in field.fields
            if _below(kept, f"{path}.{child.name}")
        ]
        kind = pa.struct(children)
    else:
        kind = PSEUDONYM if pseudonym else arrow_type(field.type)
    # What a text holds may be no number, so that it has no pseudonym.
    nullable = field.nullable or all(
        below.when or below.pseudonym_kind for below in _below(kept, path)
    )
    return pa.field(pseudonym or field.name, kind, nullable=nullable)


def _below(kept: Mapping[str, PlanLeaf], path: str) -> list[PlanLeaf]:
    """The kept leaves at `path`, or inside it."""
    return [leaf for name, leaf in kept.items() if name == path or name.startswith(f"{path}.")]
