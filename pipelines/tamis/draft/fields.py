"""The fields of a source as a tree, with the evidence of each leaf."""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, Final

import pyarrow as pa

from tamis.arrow.buffers import decode
from tamis.arrow.types import decoded_type, is_list
from tamis.documents.types import kind_of
from tamis.draft.statistics import LeafStatistics
from tamis.formats.python_records import NumberText

MAX_DEPTH: Final = 16
MAX_MEMBERS: Final = 500
"""Keys that objects in one place may have before they are taken for values."""


@dataclass
class DraftField:
    """One field.

    Attributes:
        name: as the source has it; of a list's element, the list's.
        type: an Arrow type by its name, `list`, `struct`, or None: to be guessed from the values.
        inner: the fields of a struct, the one element of a list.
        evidence: of a leaf.
        left_out: why no schema can say this field, or "".
        required: whether the source itself forbids nulls.
        seen: of a struct in JSON, the objects so far.
    """

    name: str
    type: str | None = None
    inner: list["DraftField"] = field(default_factory=list)
    evidence: LeafStatistics | None = None
    left_out: str = ""
    required: bool = False
    seen: int = 0

    def leaves(self) -> Iterator["DraftField"]:
        """The leaves at and below this field that a schema can say."""
        if not self.left_out:
            if self.evidence is not None:
                yield self
            for child in self.inner:
                yield from child.leaves()


@dataclass
class FeedSample:
    """What was looked at of one file.

    Attributes:
        fields: in the file's order.
        rows: records that were looked at.
        whole: whether they are all.
        unreadable: records among them, or beside them, that a run could not read.
        notes: what else a reader of the draft should know.
    """

    fields: list[DraftField]
    rows: int = 0
    whole: bool = True
    unreadable: int = 0
    notes: list[str] = field(default_factory=list)


def leaf(name: str, kind: str | None = None) -> DraftField:
    """A field that holds values."""
    return DraftField(name, kind, evidence=LeafStatistics(name))


def of_arrow(name: str, kind: pa.DataType, depth: int = 0) -> DraftField:
    """The field of an Arrow type, nested ones included.

    Example:
        >>> node = of_arrow("contrats", pa.list_(pa.struct([("debut", pa.date32())])))
        >>> node.type, node.inner[0].type, [leaf.name for leaf in node.leaves()]
        ('list', 'struct', ['debut'])
    """
    kind = decoded_type(kind)
    if depth > MAX_DEPTH:
        return DraftField(name, left_out=f"is nested deeper than {MAX_DEPTH}")
    if pa.types.is_struct(kind):
        return DraftField(
            name, "struct", [of_arrow(child.name, child.type, depth + 1) for child in kind]
        )
    if is_list(kind):
        return list_of(name, of_arrow(name, kind.value_type, depth + 1))
    said = _LEAVES.get(str(kind), str(kind))
    if kind_of(said) is None:
        what = "map" if pa.types.is_map(kind) else "union" if pa.types.is_union(kind) else said
        return DraftField(name, left_out=f"has a type that no schema can say ({what})")
    return leaf(name, said)


_LEAVES: Final = {
    "string_view": "string",
    "binary_view": "binary",
    "halffloat": "float32",
    "null": "string",
    "date32[day]": "date32",
    "date64[ms]": "date64",
    "float": "float32",
    "double": "float64",
}


def list_of(name: str, element: DraftField) -> DraftField:
    """A list; one of what cannot be said cannot either."""
    return DraftField(name, "list", [element], left_out=element.left_out)


def add_arrow(node: DraftField, array: pa.Array) -> None:
    """Add a piece of a column in Arrow to the evidence of a field's leaves."""
    if node.left_out:
        return
    array = decode(array)
    if node.evidence is not None:
        node.evidence.add(array, "native")
    elif node.type == "list":
        add_arrow(node.inner[0], array.flatten())
    else:
        # Under a null struct there is no place for a value.
        children = array.drop_null().flatten() if array.null_count else array.flatten()
        for inner, child in zip(node.inner, children, strict=True):
            add_arrow(inner, child)


def add_values(node: DraftField, values: Iterable[Any]) -> None:
    """Add a piece of a column of Python values: of a declared type, or of any JSON.

    A field without type takes the shape of the first values that have one.
    """
    held = list(values)
    if node.left_out:
        return
    if node.type is None and node.evidence is not None and not node.evidence.values:
        _take_shape(node, held)
    if node.type == "struct":
        objects = [value for value in held if isinstance(value, dict)]
        _grow(node, objects)
        for child in node.inner:
            add_values(child, (object.get(child.name) for object in objects))
    elif node.type == "list":
        add_values(
            node.inner[0],
            (element for value in held if isinstance(value, list) for element in value),
        )
    elif node.evidence is not None:
        _add_leaf(node.evidence, held, node.type)


def settle(node: DraftField) -> None:
    """Leave out what stayed without a shape, once all values are seen."""
    for child in node.inner:
        settle(child)
    if node.type == "list" and node.inner[0].left_out:
        node.left_out = node.inner[0].left_out
    elif node.type == "list" and node.inner[0].type is None:
        evidence = node.inner[0].evidence
        if evidence is not None and not evidence.values:
            node.left_out = "is a list that never had an element"


def _take_shape(node: DraftField, values: list[Any]) -> None:
    sorts = Counter(type(value) for value in values if value is not None)
    if not sorts or max(sorts, key=lambda sort: sorts[sort]) not in (dict, list):
        return
    node.evidence = None
    node.type = "struct" if sorts[dict] >= sorts[list] else "list"
    if node.type == "list":
        node.inner = [leaf(node.name)]


def _grow(node: DraftField, objects: list[dict[str, Any]]) -> None:
    """Add members that objects have and the struct has not yet."""
    known = {child.name for child in node.inner}
    shapes = dict.fromkeys(tuple(object) for object in objects)
    for name in dict.fromkeys(name for shape in shapes for name in shape):
        if name not in known:
            node.inner.append(DraftField(name, evidence=LeafStatistics(name, rows=node.seen)))
    node.seen += len(objects)
    if len(node.inner) > MAX_MEMBERS:
        node.left_out = f"has over {MAX_MEMBERS} different keys, values perhaps: no schema can say"
        node.inner = []


def _add_leaf(evidence: LeafStatistics, values: list[Any], declared: str | None) -> None:
    sorts: dict[str, list[Any]] = {}
    empty = 0
    for value in values:
        if value is None:
            empty += 1
        elif declared is not None:
            sorts.setdefault("native", []).append(value)
        else:
            sorts.setdefault(_SORTS.get(type(value), "other"), []).append(value)
    evidence.rows += empty
    for sort, some in sorts.items():
        evidence.add(_as_array(some, sort), sort)


_SORTS: Final[dict[type, str]] = {
    str: "text",
    bool: "bool",
    int: "integer",
    NumberText: "number",
    dict: "object",
    list: "list",
}


def _as_array(values: list[Any], sort: str) -> pa.Array:
    if sort in ("text", "native", "bool"):
        try:
            return pa.array(values)
        except (pa.ArrowException, OverflowError, UnicodeEncodeError):
            pass  # several types, lone surrogates: as text
    return pa.array(
        [str(value).encode("utf-8", "replace").decode() for value in values], pa.string()
    )
