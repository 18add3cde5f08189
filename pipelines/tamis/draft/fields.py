"""The fields of a source as a tree, with statistics of the values of each leaf."""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, Final

import pyarrow as pa

from tamis.arrow.buffers import decode
from tamis.arrow.types import decoded_type, is_list
from tamis.documents.types import kind_of
from tamis.draft.statistics import LeafStatistics
from tamis.filter.drift import RECORDS_TO_SHOW
from tamis.formats.python_records import NumberText
from tamis.language import _

MAX_DEPTH: Final = 16
MAX_MEMBERS: Final = 500
"""Different keys of the objects in one place beyond which the keys are taken for values."""


@dataclass
class DraftField:
    """A field of the source.

    Attributes:
        name: in the source; of a list's element, the list's name.
        type: an Arrow type by its name, `list`, `struct`, or None: to be guessed from the values.
        inner: the fields of a struct, the element of a list.
        statistics: of a leaf's values; None for a list or struct.
        left_out: why no schema can have this field, or "".
        required: whether the source forbids nulls.
        seen: of a struct in JSON, how many objects were added.
        records: of a key in JSON, how many objects have it; a field that its source declares counts
            as many as it takes to be shown.
    """

    name: str
    type: str | None = None
    inner: list["DraftField"] = field(default_factory=list)
    statistics: LeafStatistics | None = None
    left_out: str = ""
    required: bool = False
    seen: int = 0
    records: int = RECORDS_TO_SHOW

    def leaves(self) -> Iterator["DraftField"]:
        """The leaves at and below this field that a schema can have."""
        if not self.left_out:
            if self.statistics is not None:
                yield self
            for child in self.inner:
                yield from child.leaves()


@dataclass
class FeedSample:
    """The first rows of a file.

    Attributes:
        fields: in the file's order.
        rows: how many rows were read.
        whole: whether the file has no more.
        unreadable: how many of them a run would quarantine as unreadable.
        notes: further sentences for the head of the draft.
        written: further options of a CSV, as YAML.
    """

    fields: list[DraftField]
    rows: int = 0
    whole: bool = True
    unreadable: int = 0
    notes: list[str] = field(default_factory=list)
    written: dict[str, str] = field(default_factory=dict)


def leaf(name: str, kind: str | None = None) -> DraftField:
    """A leaf of the type `kind`, without values so far."""
    return DraftField(name, kind, statistics=LeafStatistics(name))


def no_such_type(name: str) -> str:
    """The reason why a field of the source's type `name` is left out."""
    return _("has a type that no schema can say (`{type}`)", type=name)


def of_arrow(name: str, kind: pa.DataType, depth: int = 0) -> DraftField:
    """The field of an Arrow type, nested ones included.

    Example:
        >>> node = of_arrow("contrats", pa.list_(pa.struct([("debut", pa.date32())])))
        >>> node.type, node.inner[0].type, [leaf.name for leaf in node.leaves()]
        ('list', 'struct', ['debut'])
    """
    kind = decoded_type(kind)
    if depth > MAX_DEPTH:
        return DraftField(name, left_out=_("is nested deeper than {depth}", depth=MAX_DEPTH))
    if pa.types.is_struct(kind):
        return DraftField(
            name, "struct", [of_arrow(child.name, child.type, depth + 1) for child in kind]
        )
    if is_list(kind):
        return list_of(name, of_arrow(name, kind.value_type, depth + 1))
    type_name = _LEAVES.get(str(kind), str(kind))
    if kind_of(type_name) is None:
        union = "union" if pa.types.is_union(kind) else type_name
        return DraftField(name, left_out=no_such_type("map" if pa.types.is_map(kind) else union))
    return leaf(name, type_name)


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
    """A list, which is left out if its element is."""
    return DraftField(name, "list", [element], left_out=element.left_out)


def add_arrow(node: DraftField, array: pa.Array) -> None:
    """Add N rows of an Arrow column to the statistics of a field's leaves."""
    if node.left_out:
        return
    array = decode(array)
    if node.statistics is not None:
        node.statistics.add(array, "native")
    elif node.type == "list":
        add_arrow(node.inner[0], array.flatten())
    else:
        # Under a null struct there is no place for a value.
        children = array.drop_null().flatten() if array.null_count else array.flatten()
        for inner, child in zip(node.inner, children, strict=True):
            add_arrow(inner, child)


def add_values(node: DraftField, values: Iterable[Any]) -> None:
    """Add Python values to the statistics of a field's leaves.

    A field without a type becomes a struct or a list if most of the first values are.
    """
    values = list(values)
    if node.left_out:
        return
    if node.type is None and node.statistics is not None and not node.statistics.values:
        _guess_nesting(node, values)
    if node.type == "struct":
        objects = [value for value in values if isinstance(value, dict)]
        _grow(node, objects)
        for child in node.inner:
            add_values(child, (object.get(child.name) for object in objects))
    elif node.type == "list":
        add_values(
            node.inner[0],
            (element for value in values if isinstance(value, list) for element in value),
        )
    elif node.statistics is not None:
        _add_leaf(node.statistics, values, node.type)


def leave_out_empty_lists(node: DraftField) -> None:
    """Leave out the lists that never had an element, once all values are added."""
    for child in node.inner:
        leave_out_empty_lists(child)
    if node.type == "list" and node.inner[0].left_out:
        node.left_out = node.inner[0].left_out
    elif node.type == "list" and node.inner[0].type is None:
        statistics = node.inner[0].statistics
        if statistics is not None and not statistics.values:
            node.left_out = _("is a list that never had an element")


def _guess_nesting(node: DraftField, values: list[Any]) -> None:
    sorts = Counter(type(value) for value in values if value is not None)
    if not sorts or max(sorts, key=lambda sort: sorts[sort]) not in (dict, list):
        return
    node.statistics = None
    node.type = "struct" if sorts[dict] >= sorts[list] else "list"
    if node.type == "list":
        node.inner = [leaf(node.name)]


def _grow(node: DraftField, objects: list[dict[str, Any]]) -> None:
    """Add the keys of `objects` that the struct does not have yet."""
    children = {child.name: child for child in node.inner}
    for shape, count in Counter(tuple(object) for object in objects).items():
        for name in shape:
            if name not in children:
                if len(children) > MAX_MEMBERS:
                    break
                statistics = LeafStatistics(name, rows=node.seen)
                children[name] = DraftField(name, statistics=statistics, records=0)
                node.inner.append(children[name])
            children[name].records += count
    node.seen += len(objects)
    if len(node.inner) > MAX_MEMBERS:
        node.left_out = _(
            "has over {most} different keys, values perhaps: no schema can say", most=MAX_MEMBERS
        )
        node.inner = []


def _add_leaf(statistics: LeafStatistics, values: list[Any], declared: str | None) -> None:
    sorts: dict[str, list[Any]] = {}
    empty = 0
    for value in values:
        if value is None:
            empty += 1
        elif declared is not None:
            sorts.setdefault("native", []).append(value)
        else:
            sorts.setdefault(_SORTS.get(type(value), "other"), []).append(value)
    statistics.rows += empty
    for sort, same in sorts.items():
        statistics.add(_as_array(same, sort), sort)


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
