"""A column opened to its leaves: every struct, list and leaf as flat slots that know their row.

    batch column    contrats: list<struct<debut: date32, nature: string>>, 2 rows, 3 elements
    nodes           contrats         list     2 slots   offsets [0, 2, 3]
                    contrats         struct   3 slots   rows [0, 0, 1]
                    contrats.debut   leaf     3 slots   rows [0, 0, 1]
                    contrats.nature  leaf     3 slots   rows [0, 0, 1]

A list and its element have the same path, as in policies. Slots below a null are null themselves,
or not there at all, so that who works on leaves need not look at what is around them.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import takewhile

import numpy as np
import pyarrow as pa

from tamis.arrow.buffers import are_valid, decode, list_parts, validity
from tamis.arrow.types import Bools, Ints, is_list
from tamis.documents.types import arrow_type
from tamis.filter.conform import conform
from tamis.filter.conformed import FINE, Codes, codes_of
from tamis.filter.dialect import TextDialect
from tamis.plan.plan import PlanField


@dataclass(eq=False)
class ColumnNode:
    """A field of the schema, and its values in one batch; one entry a slot.

    Attributes:
        spec: the field.
        path: names from the top, joined by dots.
        size: number of slots.
        rows: the row of each slot; None where slot i is row i.
        parent: the list or struct around it.
        valid: which slots hold a value; None if all do.
        faults: `FINE`, `UNREADABLE` or `TYPE` by slot; None if all are fine.
        array: a leaf's values, of the schema's type, or a dictionary of it.
        offsets: where a list's elements begin and end: N + 1.
        children: of a struct its fields, of a list its element.
    """

    spec: PlanField
    path: str
    size: int
    rows: Ints | None
    parent: "ColumnNode | None" = None
    valid: Bools | None = None
    faults: Codes | None = None
    array: pa.Array | None = None
    offsets: Ints | None = None
    children: list["ColumnNode"] = field(default_factory=list)

    def walk(self) -> Iterator["ColumnNode"]:
        """This node and all below it, from the top."""
        yield self
        for child in self.children:
            yield from child.walk()

    def at_slots(self, rows: Bools) -> Bools:
        """Flags of rows, laid out over the slots."""
        return rows if self.rows is None else rows[self.rows]

    def lay_out(self, flags: Bools, scope: str) -> Bools:
        """Flags of the elements of the list `scope` around this node, laid out over the slots.

        Args:
            flags: one entry an element; of rows where `scope` is empty.
            scope: path of the list.
        """
        if not scope:
            return self.at_slots(flags)
        inner = list(takewhile(lambda around: not around.has_elements(scope), self.lists_around()))
        for node in reversed(inner):
            flags = flags[node.elements()]
        return flags

    def lies_in(self, scope: str) -> bool:
        """Whether this is an element of the list `scope`, or inside one; of none everything is."""
        return not scope or any(around.has_elements(scope) for around in self.lists_around())

    def lists_around(self) -> Iterator["ColumnNode"]:
        """The lists that this node lies in, the innermost first."""
        around = self.list_around
        while around is not None:
            yield around
            around = around.list_around

    def has_elements(self, scope: str) -> bool:
        """Whether the elements of this list are those of `scope`: of lists of lists the inner."""
        return self.path == scope and self.children[0].offsets is None

    @property
    def scope(self) -> str:
        """The path of the innermost list that this node lies in, or empty."""
        return "" if self.list_around is None else self.list_around.path

    def at_rows(self, slots: Bools, rows: int) -> Bools:
        """Which of `rows` rows have a flagged slot."""
        if self.rows is None:
            return slots
        out = np.zeros(rows, dtype=bool)
        out[self.rows[slots]] = True
        return out

    @property
    def lost(self) -> Bools | None:
        """Slots whose value could not be read, here or in a struct around; None if none."""
        own = None if self.faults is None else self.faults != FINE
        if self.parent is None or self.parent.spec.of is not None:
            return own
        above = self.parent.lost
        return own if above is None else above if own is None else own | above

    @property
    def missing(self) -> Bools | None:
        """Slots that hold no value though what is around them does, and nothing failed."""
        if self.valid is None:
            return None
        out: Bools = ~self.valid
        if (
            self.parent is not None
            and self.parent.spec.of is None
            and self.parent.valid is not None
        ):
            out &= self.parent.valid
        return out if self.faults is None else out & (self.faults == FINE)

    @property
    def list_around(self) -> "ColumnNode | None":
        """The innermost list that this node lies in."""
        around = self.parent
        while around is not None and around.spec.of is None:
            around = around.parent
        return around

    def elements(self) -> Ints:
        """For a list, the slot of this list that each element lies in."""
        assert self.offsets is not None
        return np.repeat(np.arange(self.size), np.diff(self.offsets))


def open_column(array: pa.Array, spec: PlanField, dialect: TextDialect) -> ColumnNode:
    """Open a column to the fields of `spec`; what `spec` does not name is not looked at.

    Args:
        array: N rows of any type; a dictionary of values that conform is not decoded.
        spec: a top-level field.
        dialect: how text stands for values.

    Returns:
        The column's node, of N slots; all leaves conform to the schema's types.

    Example:
        >>> spec = PlanField("jours", "list", of=PlanField("item", "int8"))
        >>> node = open_column(pa.array([["1", "x"], None]), spec, TextDialect())
        >>> leaf = node.children[0]
        >>> leaf.array.to_pylist(), leaf.rows.tolist(), leaf.faults.tolist()
        ([1, None], [0, 0], [0, 2])
    """
    if pa.types.is_dictionary(array.type) and spec.of is None and not spec.fields:
        entries = conform(array.dictionary, arrow_type(spec.type), dialect)
        if entries.faults is None and not entries.array.null_count:
            array = pa.DictionaryArray.from_arrays(array.indices, entries.array)
            return ColumnNode(spec, spec.name, len(array), None, valid=validity(array), array=array)
    return _open(array, spec, spec.name, None, None, dialect)


def _open(
    array: pa.Array,
    spec: PlanField,
    path: str,
    rows: Ints | None,
    parent: ColumnNode | None,
    dialect: TextDialect,
) -> ColumnNode:
    node = ColumnNode(spec, path, len(array), rows, parent)
    if spec.of is not None:
        _open_list(node, spec.of, decode(array), dialect)
    elif spec.fields:
        _open_struct(node, decode(array), dialect)
    else:
        done = conform(array, arrow_type(spec.type), dialect)
        node.array, node.faults, node.valid = done.array, done.faults, validity(done.array)
    return node


def _open_list(node: ColumnNode, element: PlanField, array: pa.Array, dialect: TextDialect) -> None:
    if not is_list(array.type):
        array = _refuse(node, array, pa.list_(pa.null()))
    node.offsets, elements, node.valid = list_parts(array)
    slots = node.elements()
    rows = slots if node.rows is None else node.rows[slots]
    node.children = [_open(elements, element, node.path, rows, node, dialect)]


def _open_struct(node: ColumnNode, array: pa.Array, dialect: TextDialect) -> None:
    if not pa.types.is_struct(array.type):
        array = _refuse(node, array, pa.struct([]))
    node.valid = validity(array)
    names = [field.name for field in array.type]
    children = array.flatten()
    for spec in node.spec.fields:
        times = names.count(spec.name)
        values = children[names.index(spec.name)] if times == 1 else pa.nulls(node.size)
        child = _open(values, spec, f"{node.path}.{spec.name}", node.rows, node, dialect)
        if times > 1:  # which of them is meant, nothing tells
            child.faults = codes_of(are_valid(array))
        node.children.append(child)


def _refuse(node: ColumnNode, array: pa.Array, kind: pa.DataType) -> pa.Array:
    """Nulls of type `kind`; every value that was there is a fault."""
    node.faults = codes_of(are_valid(array))
    return pa.nulls(len(array), kind)
