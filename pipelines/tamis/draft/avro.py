"""The fields of an Avro file as its writer declared them."""

from collections.abc import Mapping
from typing import Any, Final

from tamis.documents.types import kind_of
from tamis.draft.fields import MAX_DEPTH, DraftField, leaf, list_of, no_such_type
from tamis.language import _

_PLAIN: Final = {
    "string": "string",
    "bytes": "binary",
    "int": "int32",
    "long": "int64",
    "float": "float32",
    "double": "float64",
    "boolean": "bool",
    "enum": "string",
    "null": "string",
}
_LOGICAL: Final = {
    "date": "date32",
    "time-millis": "time32[ms]",
    "time-micros": "time64[us]",
    "timestamp-millis": "timestamp[ms, tz=UTC]",
    "timestamp-micros": "timestamp[us, tz=UTC]",
    "local-timestamp-millis": "timestamp[ms]",
    "local-timestamp-micros": "timestamp[us]",
    "uuid": "string",
}


def of_avro(
    name: str, node: Any, known: dict[str, Any] | None = None, depth: int = 0
) -> DraftField:
    """The field of an Avro type.

    Args:
        name: of the field.
        node: the type, parsed by fastavro.
        known: the named types so far, to which those of `node` are added.
        depth: of the field.

    Example:
        >>> of_avro("jour", ["null", {"type": "int", "logicalType": "date"}]).type
        'date32'
        >>> of_avro("libre", ["string", "long"]).left_out
        'has a type that no schema can say (`union`)'
    """
    known = {} if known is None else known
    if isinstance(node, list):
        branches = [branch for branch in node if branch != "null"]
        if len(branches) > 1:
            return DraftField(name, left_out=no_such_type("union"))
        field = of_avro(name, branches[0] if branches else "null", known, depth)
        field.required = False
        return field
    if isinstance(node, str) and node not in _PLAIN:
        node = known.get(node, node)
    if isinstance(node, str):
        return _leaf(name, node, {})
    if depth > MAX_DEPTH:
        problem = _("is nested deeper than {depth}, or without end", depth=MAX_DEPTH)
        return DraftField(name, left_out=problem)
    if "name" in node:
        known[node["name"]] = node
    kind = node["type"]
    if kind in ("record", "error"):
        inner = [
            of_avro(field["name"], field["type"], known, depth + 1) for field in node["fields"]
        ]
        return DraftField(name, "struct", inner)
    if kind == "array":
        return list_of(name, of_avro(name, node["items"], known, depth + 1))
    if isinstance(kind, dict | list):
        return of_avro(name, kind, known, depth)
    return _leaf(name, kind, node)


def _leaf(name: str, kind: str, node: Mapping[str, Any]) -> DraftField:
    logical = node.get("logicalType")
    arrow = _LOGICAL.get(str(logical), _PLAIN.get(kind))
    if logical == "decimal":
        precision, scale = node.get("precision", 0), node.get("scale", 0)
        arrow = f"decimal{256 if precision > 38 else 128}({precision}, {scale})"
    elif kind == "fixed":
        arrow = "string" if logical == "uuid" else f"fixed_size_binary[{node['size']}]"
    if arrow is None or kind_of(arrow) is None:
        return DraftField(name, left_out=no_such_type(kind))
    field = leaf(name, arrow)
    field.required = kind != "null"
    return field
