"""Released columns, built of treated leaves; and as the gate is to see them."""

from collections.abc import Callable, Iterator, Mapping

import numpy as np
import pyarrow as pa

from tamis.arrow.buffers import list_of, list_parts, struct_of
from tamis.arrow.types import Bools
from tamis.filter.column_cache import Columns
from tamis.filter.compiled import Column, Kept, is_below
from tamis.filter.gate.gate import GateColumn
from tamis.filter.nested import Node
from tamis.plan.plan import PlanField

MOSTLY = 0.9
"""Share of rows kept from which a filter, which copies runs of rows, is faster than a take."""


def build(columns: Columns, column: Column, treated: Callable[[Kept], pa.Array]) -> pa.Array:
    """The released column of all rows: structs and lists rebuilt around treated leaves.

    Args:
        columns: N rows.
        column: what to build.
        treated: gives a leaf's values, one a slot.

    Returns:
        N rows of the type of `column.out`, without what `only` and `when` take away.
    """
    root = columns.nodes(column.root.name)[column.root.name][0]
    return _Builder(columns, column, treated).build(root, column.out.type)


def cut(array: pa.Array, rows: Bools) -> pa.Array:
    """The values of `rows`."""
    count = int(rows.sum())
    if count == len(rows):
        return array
    if count < MOSTLY * len(rows):
        return array.take(pa.array(np.flatnonzero(rows)))
    return array.filter(pa.array(rows))


def gate_columns(column: Column, array: pa.Array) -> Iterator[GateColumn]:
    """What the gate looks at of a released column: all but pseudonyms, `not_nir` apart."""
    for not_nir in (False, True):
        paths = {
            path
            for path, kept in column.kept.items()
            if kept.spec.not_nir == not_nir and not kept.leaf.pseudonym
        }
        if len(paths) == len(column.kept):
            yield GateColumn(column.root.name, array, not_nir)
        elif paths:
            part = _part(column.root, column.root.name, array, column.kept, paths)
            yield GateColumn(column.root.name, part, not_nir)


class _Builder:
    def __init__(
        self, columns: Columns, column: Column, treated: Callable[[Kept], pa.Array]
    ) -> None:
        self._columns = columns
        self._column = column
        self._treated = treated

    def build(self, node: Node, kind: pa.DataType) -> pa.Array:
        kept = self._columns.kept_elements(self._column, node)
        if node.offsets is not None:
            return self._build_list(node, kind, kept)
        if node.array is None:
            children = [child for child in node.children if self._column.keeps_below(child.path)]
            arrays = [
                self.build(child, one.type) for child, one in zip(children, kind, strict=True)
            ]
            valid = node.valid if node.valid is None or kept is None else node.valid[kept]
            size = node.size if kept is None else int(kept.sum())
            return struct_of(arrays, list(kind), size, valid)
        array = self._treated(self._column.kept[node.path])
        return array if kept is None else array.filter(pa.array(kept))

    def _build_list(self, node: Node, kind: pa.DataType, kept: Bools | None) -> pa.Array:
        assert node.offsets is not None
        elements = self.build(node.children[0], kind.value_type)
        inner = self._columns.elements(self._column).get(node)
        offsets, valid = node.offsets, node.valid
        if inner is not None:
            counts = np.concatenate(([0], np.cumsum(inner)))
            offsets = counts[offsets]
        if kept is not None:
            lengths = np.diff(offsets)[kept]
            offsets = np.concatenate(([0], np.cumsum(lengths)))
            valid = None if valid is None else valid[kept]
        whole = self._column.kept.get(node.path)
        if whole is not None and whole.when:
            holds = node.at_slots(self._columns.when(whole).holds)
            holds = holds if kept is None else holds[kept]
            valid = holds if valid is None else valid & holds
        return list_of(offsets, elements, valid, kind.value_field)


def _part(
    spec: PlanField, path: str, array: pa.Array, kept: Mapping[str, Kept], paths: set[str]
) -> pa.Array:
    """A released array with only the leaves at `paths`."""
    if spec.of is not None:
        offsets, elements, _ = list_parts(array)
        return list_of(offsets, _part(spec.of, path, elements, kept, paths), None)
    if not spec.fields:
        return array
    arrays, fields = [], []
    inside = [(child, f"{path}.{child.name}") for child in spec.fields]
    released = [one for one in inside if any(is_below(leaf, one[1]) for leaf in kept)]
    for (child, inner), values in zip(released, array.flatten(), strict=True):
        if any(is_below(leaf, inner) for leaf in paths):
            arrays.append(_part(child, inner, values, kept, paths))
            fields.append(pa.field(child.name, arrays[-1].type))
    return struct_of(arrays, fields, len(array), None)
