"""Schema and column lineage of a release, as its plan has them."""

from collections.abc import Iterator, Mapping

import pyarrow as pa
from openlineage.client.facet_v2 import column_lineage_dataset, schema_dataset

from tamis.lineage.datasets import DatasetName
from tamis.plan.plan import Plan, PlanField, PlanLeaf, PlanRelease

InputField = column_lineage_dataset.InputField
Transformation = column_lineage_dataset.Transformation
SchemaField = schema_dataset.SchemaDatasetFacetFields


def input_schema(plan: Plan) -> schema_dataset.SchemaDatasetFacet:
    """The columns of the feed as its schema declares them, with types where they are read.

    Of XML those that are read, by their names in the schema.
    """
    read = {field.source_name: field for field in plan.fields}
    known = plan.known if plan.format.xml is None else read
    types = plan.arrow_schema
    return schema_dataset.SchemaDatasetFacet(
        fields=[
            _schema_field(types.field(read[name].name).with_name(name), {}, name)
            if name in read
            else SchemaField(name)
            for name in known
        ]
    )


def released_schema(plan: Plan, release: PlanRelease) -> schema_dataset.SchemaDatasetFacet:
    """The columns of a release, with the needs that keep them as their descriptions."""
    needs = {leaf.released_path: "; ".join(leaf.because) for leaf in release.leaves}
    fields = plan.released_schema(release.id)
    return schema_dataset.SchemaDatasetFacet(
        fields=[_schema_field(field, needs, field.name) for field in fields]
    )


def column_lineage(
    plan: Plan, release: PlanRelease, inputs: list[DatasetName]
) -> column_lineage_dataset.ColumnLineageDatasetFacet:
    """Of which fields of the feed each released column is made, and by what.

    A pseudonymized, generalized or redacted value is masked. What decides whether a value stays
    (`when`, and of the elements of a list `only`) is an indirect source of its column, what decides
    about the record (`where`) is one of the whole release. Legal tags are made of no field.
    """

    def sources(path: str, how: Transformation) -> Iterator[InputField]:
        for dataset in inputs:
            name = source_path(plan, path)
            yield InputField(dataset.namespace, dataset.name, name, transformations=[how])

    fields = {}
    for leaf in release.leaves:
        made = list(sources(leaf.path, transformation(leaf)))
        for path in dict.fromkeys(
            condition.field for alternative in leaf.when for condition in alternative
        ):
            made += sources(path, Transformation("INDIRECT", "CONDITIONAL", masking=False))
        for path in _filters_of_elements(release, leaf):
            made += sources(path, Transformation("INDIRECT", "FILTER", masking=False))
        fields[leaf.released_path] = column_lineage_dataset.Fields(made)
    whole = [
        source
        for path in dict.fromkeys(condition.field for condition in release.where)
        for source in sources(path, Transformation("INDIRECT", "FILTER", masking=False))
    ]
    return column_lineage_dataset.ColumnLineageDatasetFacet(fields, whole)


def transformation(leaf: PlanLeaf) -> Transformation:
    """What becomes of the value of a field, as OpenLineage classes it.

    Example:
        >>> leaf = PlanLeaf("nir", "pseudonymized", (), pseudonym="id", method="hmac-sha256")
        >>> transformation(leaf).masking, transformation(leaf).description
        (True, 'pseudonymized: hmac-sha256')
    """
    steps: Mapping[str, object] = {
        "canonical": leaf.canonical,
        "pseudonymized": leaf.method if leaf.pseudonym else None,
        "generalized to": leaf.to,
        "generalized in steps of": leaf.step,
        "generalized to a prefix of": leaf.prefix,
        "redacted": "nir" if leaf.redact else None,
    }
    done = ", ".join(f"{step}: {how}" for step, how in steps.items() if how is not None)
    return Transformation(
        "DIRECT",
        "TRANSFORMATION" if done else "IDENTITY",
        done or "kept",
        masking=leaf.fate != "kept",
    )


def source_path(plan: Plan, path: str) -> str:
    """The path of a field by the names that its source gives it."""
    top, _dot, rest = path.partition(".")
    field: PlanField | None = next(field for field in plan.fields if field.name == top)
    names = [field.source_name if field else top]
    for name in filter(None, rest.split(".")):
        while field is not None and field.of is not None:
            field = field.of
        children = field.fields if field is not None else ()
        field = next((child for child in children if child.name == name), None)
        names.append(field.source_name if field is not None else name)
    return ".".join(names)


def _filters_of_elements(release: PlanRelease, leaf: PlanLeaf) -> Iterator[str]:
    """The fields that decide which elements stay of the lists that a leaf stands in."""
    for path, conditions in release.only:
        if leaf.path == path or leaf.path.startswith(f"{path}."):
            for condition in conditions:
                yield f"{path}.{condition.field}" if condition.field else path


def _schema_field(field: pa.Field, needs: Mapping[str, str], path: str) -> SchemaField:
    kind = field.type
    if pa.types.is_list(kind):
        element = _schema_field(kind.value_field.with_name("_element"), needs, path)
        return SchemaField(field.name, "array", needs.get(path), fields=[element])
    if pa.types.is_struct(kind):
        children = [_schema_field(child, needs, f"{path}.{child.name}") for child in kind]
        return SchemaField(field.name, "struct", needs.get(path), fields=children)
    if pa.types.is_dictionary(kind):
        kind = kind.value_type
    return SchemaField(field.name, str(kind), needs.get(path))
