"""The fifth stage: released columns, built of treated leaves; and as the gate is to see them."""

from collections.abc import Iterator, Mapping

import numpy as np
import pyarrow as pa

from tamis.arrow.buffers import list_of, list_parts, struct_of
from tamis.arrow.types import Bools
from tamis.filter.compiled import BuildColumn, TreatLeaf, is_below
from tamis.filter.gate.gate import GateColumn
from tamis.filter.nested import ColumnNode
from tamis.filter.opened import Opened
from tamis.filter.treat import TreatedLeaf
from tamis.plan.plan import PlanField

MOSTLY = 0.9
"""At or above this share of rows kept `filter`, which copies runs, is faster than `take`."""


def build(column: BuildColumn, opened: Opened, leaves: Mapping[TreatLeaf, TreatedLeaf]) -> pa.Array:
    """The released column of all rows at work: structs and lists rebuilt around treated leaves.

    Returns:
        N rows of the type of `column.field`, without what `only` and `when` take away. A leaf at
        the top may be a dictionary of its type.
    """
    root = opened.nodes[column.column][column.column.root.name][0]
    return _build(root, column.field.type, column, opened, leaves)


def build_sources(
    column: BuildColumn, opened: Opened, leaves: Mapping[TreatLeaf, TreatedLeaf]
) -> pa.Array | None:
    """The released column with what prefixes and steps were made of; None if there are none."""
    coarse = {step for step in column.leaves.values() if leaves[step].source is not None}
    sources = {step: TreatedLeaf(leaves[step].source) for step in coarse}
    return build(column, opened, {**leaves, **sources}) if sources else None


def _build(
    node: ColumnNode,
    kind: pa.DataType,
    column: BuildColumn,
    opened: Opened,
    leaves: Mapping[TreatLeaf, TreatedLeaf],
) -> pa.Array:
    kept = opened.kept_elements(column, node)
    if node.offsets is not None:
        elements = _build(node.children[0], kind.value_type, column, opened, leaves)
        return _build_list(node, elements, kind.value_field, kept, column, opened)
    if node.array is None:
        children = [child for child in node.children if child.path in column.below]
        arrays = [
            _build(child, field.type, column, opened, leaves)
            for child, field in zip(children, kind, strict=True)
        ]
        valid = node.valid if node.valid is None or kept is None else node.valid[kept]
        size = node.size if kept is None else int(kept.sum())
        return struct_of(arrays, list(kind), size, valid)
    array = leaves[column.leaves[node.path]].array
    return array if kept is None else array.filter(pa.array(kept))


def _build_list(
    node: ColumnNode,
    elements: pa.Array,
    field: pa.Field,
    kept: Bools | None,
    column: BuildColumn,
    opened: Opened,
) -> pa.Array:
    assert node.offsets is not None
    offsets, valid = node.offsets, node.valid
    inner = None if column.only is None else opened.elements[column.only].get(node)
    if inner is not None:
        offsets = np.concatenate(([0], np.cumsum(inner)))[offsets]
    if kept is not None:
        offsets = np.concatenate(([0], np.cumsum(np.diff(offsets)[kept])))
        valid = None if valid is None else valid[kept]
    whole = column.leaves.get(node.path)
    if whole is not None and whole.when is not None:
        holds = node.lay_out(opened.whens[whole.when].holds, whole.when.scope)
        holds = holds if kept is None else holds[kept]
        valid = holds if valid is None else valid & holds
    return list_of(offsets, elements, valid, field)


def cut(array: pa.Array, rows: Bools) -> pa.Array:
    """The values of `rows`."""
    count = int(rows.sum())
    if count == len(rows):
        return array
    if count < MOSTLY * len(rows):
        return array.take(pa.array(np.flatnonzero(rows)))
    return array.filter(pa.array(rows))


def gate_columns(
    column: BuildColumn, array: pa.Array, *, sources: bool = False, carried: bool = False
) -> Iterator[GateColumn]:
    """What the gate looks at of a released column: all but pseudonyms, `not_nir` apart.

    Where the NIR is carried, identifiers and free text that the policy leaves as it is may hold it.

    What was tested against a pattern, or is an IBAN, is apart as well: next to no NIR is either.

    Args:
        column: what is released.
        array: its values; or what `build_sources` returned.
        sources: look only at what prefixes and steps were made of.
        carried: whether the item carries the NIR.
    """
    root = column.column.root
    groups: dict[tuple[bool, bool, bool], set[str]] = {}
    for path, step in column.leaves.items():
        leaf, spec = step.leaf, step.spec
        is_meant = carried and (spec.identifier or (spec.free_text and not leaf.redact))
        if not (leaf.pseudonym or is_meant or (sources and not (leaf.prefix or leaf.step))):
            tested = spec.pattern is not None or spec.check == "iban"
            strict = carried and not spec.free_text
            groups.setdefault((spec.not_nir, tested, strict), set()).add(path)
    for (not_nir, tested, strict), paths in sorted(groups.items()):
        whole = len(paths) == len(column.leaves)
        part = array if whole else _part(root, root.name, array, column, paths)
        yield GateColumn(root.name, part, not_nir, tested, strict)


def _part(
    spec: PlanField, path: str, array: pa.Array, column: BuildColumn, paths: set[str]
) -> pa.Array:
    """A released array with only the leaves at `paths`."""
    if spec.of is not None:
        offsets, elements, _ = list_parts(array)
        return list_of(offsets, _part(spec.of, path, elements, column, paths), None)
    if not spec.fields:
        return array
    arrays, fields = [], []
    inside = [(child, f"{path}.{child.name}") for child in spec.fields]
    released = [(child, inner) for child, inner in inside if inner in column.below]
    for (child, inner), values in zip(released, array.flatten(), strict=True):
        if any(is_below(leaf, inner) for leaf in paths):
            arrays.append(_part(child, inner, values, column, paths))
            fields.append(pa.field(child.name, arrays[-1].type))
    return struct_of(arrays, fields, len(array), None)
