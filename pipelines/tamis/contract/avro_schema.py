"""Released records as an Avro schema, and Arrow rows in the types that Avro writes.

Names are Avro's: `tamis.<policy>.<release>`, with `_` for what no name may hold. A null comes first
in its union and is the default, so that a column may come and go without breaking readers.
"""

import re
from collections.abc import Sequence
from typing import Any, Final

import pyarrow as pa

from tamis.arrow.types import decoded_type, is_binary, is_string, narrow_type
from tamis.contract.schema import Contract, comment_of
from tamis.errors import RunError, UsageError
from tamis.language import _

_NAME: Final = re.compile("[A-Za-z_][A-Za-z0-9_]*")
_NO_NAME: Final = re.compile("[^A-Za-z0-9_]")
_LONG_DECIMAL: Final = pa.decimal128(20, 0)
"""Stands for uint64, which Avro's long does not hold."""


def avro_schema(contracts: Sequence[Contract]) -> dict[str, Any] | list[dict[str, Any]]:
    """The Avro schema of a release's records; of several, their union.

    Raises:
        UsageError: a field has a name that Avro does not take.

    Example:
        >>> from tamis.contract.schema import contract_of
        >>> from tamis.plan.project import load_project
        >>> plan = load_project("cpf").plan("cpir-partage", on="2026-01-01")
        >>> schema = avro_schema([contract_of(plan, plan.releases[0])])
        >>> schema["namespace"], schema["name"], schema["fields"][-1]["name"]
        ('tamis.cpir_partage', 'partage', 'legal_retention')
    """
    records = [record_schema(contract) for contract in contracts]
    return records[0] if len(records) == 1 else records


def record_schema(contract: Contract) -> dict[str, Any]:
    """The Avro schema of one release's records; see `avro_schema`."""
    namespace = f"tamis.{_avro_name(contract.policy)}"
    record = _record(contract.schema, namespace, _avro_name(contract.release))
    return {"type": "record", "doc": contract.comment, **record}


def stored_schema(schema: pa.Schema) -> pa.Schema:
    """`schema` in the types that Avro stores: days, times and moments as the numbers they are."""
    return pa.schema([field.with_type(_stored(field.type)) for field in schema]).remove_metadata()


def to_stored(rows: pa.RecordBatch) -> pa.RecordBatch:
    """N rows in the types of `stored_schema`.

    Raises:
        RunError: a column holds moments or days that the type does not; the message has no value.

    Example:
        >>> days = pa.RecordBatch.from_pydict({"le": pa.array([1], pa.date32())})
        >>> to_stored(days).to_pylist()
        [{'le': 1}]
    """
    schema, columns = stored_schema(rows.schema), []
    for column, field in zip(rows.columns, schema, strict=True):
        try:
            columns.append(column.cast(coarse_type(column.type)).cast(field.type))
        except pa.ArrowInvalid:
            text = _("field {name}: {kind} holds values that Avro does not")
            raise RunError(text.format(name=field.name, kind=column.type)) from None
    return pa.RecordBatch.from_arrays(columns, schema=schema)


def _avro_name(name: str) -> str:
    """A policy's or release's name as Avro takes it.

    Example:
        >>> _avro_name("R6323-37.I.1"), _avro_name("2026-x")
        ('R6323_37_I_1', '_2026_x')
    """
    plain = _NO_NAME.sub("_", name)
    return plain if _NAME.fullmatch(plain) else f"_{plain}"


def _record(fields: pa.Schema | pa.StructType, namespace: str, name: str) -> dict[str, Any]:
    inside = f"{namespace}.{name}"
    return {
        "type": "record",
        "name": name,
        "namespace": namespace,
        "fields": [_field(field, inside) for field in fields],
    }


def _field(field: pa.Field, namespace: str) -> dict[str, Any]:
    if not _NAME.fullmatch(field.name):
        raise UsageError(
            _(
                "field `{field}`: its name must be made of A to Z, a to z, 0 to 9 and _ to be a "
                "name in Avro",
                field=field.name,
            )
        )
    made: dict[str, Any] = {"name": field.name, "type": _type(field, namespace, field.name)}
    if comment := comment_of(field):
        made["doc"] = comment
    if field.nullable:
        made["default"] = None
    return made


def _type(field: pa.Field, namespace: str, name: str) -> Any:
    kind = _value(field.type, namespace, name)
    return ["null", kind] if field.nullable else kind


def _value(kind: pa.DataType, namespace: str, name: str) -> Any:
    """The Avro type of a value that is not null; `namespace` and `name` are a named type's own."""
    kind = coarse_type(kind)
    if pa.types.is_struct(kind):
        return _record(kind, namespace, name)
    if pa.types.is_list(kind):
        return {"type": "array", "items": _type(kind.value_field, namespace, name)}
    if pa.types.is_fixed_size_binary(kind):
        return {"type": "fixed", "name": name, "namespace": namespace, "size": kind.byte_width}
    if pa.types.is_decimal(kind):
        digits = {"precision": kind.precision, "scale": kind.scale}
        return {"type": "bytes", "logicalType": "decimal", **digits}
    if pa.types.is_timestamp(kind):
        prefix = "" if kind.tz else "local-"
        return {"type": "long", "logicalType": f"{prefix}timestamp-{_UNITS[kind.unit]}"}
    if pa.types.is_date(kind):
        return {"type": "int", "logicalType": "date"}
    if pa.types.is_time(kind):
        if kind.unit == "ns":  # Avro has no such type
            return "long"
        stored = "int" if kind.bit_width == 32 else "long"
        return {"type": stored, "logicalType": f"time-{_UNITS[kind.unit]}"}
    if pa.types.is_integer(kind):
        return "long" if kind.bit_width == 64 or kind == pa.uint32() else "int"
    if pa.types.is_floating(kind):
        return "double" if kind.bit_width == 64 else "float"
    if pa.types.is_boolean(kind):
        return "boolean"
    return "bytes" if is_binary(kind) else "string"


_UNITS: Final = {"ms": "millis", "us": "micros", "ns": "nanos"}


def coarse_type(kind: pa.DataType) -> pa.DataType:
    """`kind` without what Avro does not tell apart, in types that it has."""
    kind = decoded_type(kind)
    if pa.types.is_struct(kind):
        return pa.struct([child.with_type(coarse_type(child.type)) for child in kind])
    if pa.types.is_list(kind):
        return pa.list_(kind.value_field.with_type(coarse_type(kind.value_type)))
    if pa.types.is_timestamp(kind) and kind.unit == "s":
        return pa.timestamp("ms", kind.tz)
    if pa.types.is_date(kind):
        return pa.date32()
    if kind == pa.time32("s"):
        return pa.time32("ms")
    if is_string(kind) or is_binary(kind):
        return narrow_type(kind)
    return _LONG_DECIMAL if kind == pa.uint64() else kind


def _stored(kind: pa.DataType) -> pa.DataType:
    kind = coarse_type(kind)
    if pa.types.is_struct(kind):
        return pa.struct([child.with_type(_stored(child.type)) for child in kind])
    if pa.types.is_list(kind):
        return pa.list_(kind.value_field.with_type(_stored(kind.value_type)))
    if pa.types.is_date(kind) or pa.types.is_time32(kind):
        return pa.int32()
    if pa.types.is_timestamp(kind) or pa.types.is_time64(kind):
        return pa.int64()
    return kind
