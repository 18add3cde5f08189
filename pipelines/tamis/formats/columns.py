"""Columns of a source as fields of a plan: its names, and maps read as structs."""

from collections.abc import Collection

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tamis.arrow.buffers import decode, list_of, list_parts, offsets_of, struct_of, validity
from tamis.arrow.types import decoded_type, is_list
from tamis.language import N_
from tamis.plan.plan import PlanField

_ENVELOPES = {
    frozenset({"schema", "payload"}): (
        N_("is wrapped as Kafka Connect does, expected `envelope: connect` in the schema's format")
    ),
    frozenset({"before", "after", "op"}): N_("is a change event, expected its `after` alone"),
}


def why_no_record(names: Collection[str], known: frozenset[str], schema: str) -> str:
    """Why a record with fields called `names` is none of a schema; empty where it may be one.

    Args:
        names: of the record's fields.
        known: the source's names of the schema's fields.
        schema: its name.

    Example:
        >>> why_no_record(["Nom"], frozenset({"nom"}), "feed"), why_no_record(["nom"], {"nom"}, "")
        ('has no field of schema feed', '')
    """
    for envelope, problem in _ENVELOPES.items():
        if envelope.issubset(names) and not envelope & known:
            return problem
    if known.intersection(names):
        return ""
    return N_("has no field of schema {schema}").format(schema=schema)


def as_field(array: pa.Array, field: PlanField) -> pa.Array:
    """A column of a source with the names that `field` and the fields inside it have in the plan.

    Args:
        array: N rows of any type.
        field: what the plan reads of them.

    Returns:
        N rows. A struct holds those of the fields that the plan names which the source has. A map
        that stands for a struct gives the values of the keys that the plan names, the last one
        where a key stands twice. `array` itself where nothing is named otherwise.

    Example:
        >>> person = PlanField("p", "struct", fields=(PlanField("nom", "string", column="Nom"),))
        >>> as_field(pa.array([{"Nom": "Durand", "iban": "X"}]), person).to_pylist()
        [{'nom': 'Durand'}]
    """
    if not _differs(array.type, field):
        return array
    array = decode(array)
    kind = array.type
    if field.of is not None:
        offsets, elements, valid = list_parts(array)
        return list_of(offsets, as_field(elements, field.of), valid)
    if pa.types.is_map(kind):
        children = _values_by_key(array, [child.source_name for child in field.fields])
    else:
        children = {child.name: array.field(place) for place, child in enumerate(kind)}
    read = [child for child in field.fields if child.source_name in children]
    arrays = [as_field(children[child.source_name], child) for child in read]
    fields = [pa.field(child.name, values.type) for child, values in zip(read, arrays, strict=True)]
    return struct_of(arrays, fields, len(array), validity(array))


def _differs(kind: pa.DataType, field: PlanField) -> bool:
    """Whether a column of type `kind` must be rebuilt to be `field`."""
    kind = decoded_type(kind)
    if field.of is not None:
        return is_list(kind) and _differs(kind.value_type, field.of)
    if pa.types.is_map(kind):
        return bool(field.fields)
    if not pa.types.is_struct(kind):
        return False
    inside = {child.source_name: child for child in field.fields}
    return any(child.column is not None for child in field.fields) or any(
        _differs(child.type, inside[child.name]) for child in kind if child.name in inside
    )


def _values_by_key(array: pa.MapArray, names: list[str]) -> dict[str, pa.Array]:
    """The value of each of `names` in each of N maps; null where a map has no such key."""
    offsets = offsets_of(array)
    keys = decode(array.keys).cast(pa.string())
    rows = np.repeat(np.arange(len(array)), np.diff(offsets))
    values = {}
    for name in names:
        hits = np.flatnonzero(pc.equal(keys, name).fill_null(False).to_numpy(zero_copy_only=False))
        hits = hits[(hits >= offsets[0]) & (hits < offsets[-1])]
        places = np.full(len(array), -1, np.int64)
        places[rows[hits - offsets[0]]] = hits
        values[name] = decode(array.items).take(pa.array(places, mask=places < 0))
    return values
