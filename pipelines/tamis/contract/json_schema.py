"""Released records as JSON Schema: the objects that topics hold, and JSON Lines made of a store.

Decimals are exact JSON numbers, days and moments texts, bytes hexadecimal digits, as
`tamis.formats.json_texts` writes them.
"""

from collections.abc import Sequence
from typing import Any, Final

import pyarrow as pa

from tamis.arrow.types import decoded_type, is_binary
from tamis.contract.schema import Contract, comment_of

DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"

_MOMENT = r"^-?[0-9]{4,}-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]+)?"
_TIME = r"^[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]+)?$"


def json_schema(contracts: Sequence[Contract]) -> dict[str, Any]:
    """The JSON Schema of a release's records; of several, one that any of them fits.

    Example:
        >>> from tamis.contract.schema import contract_of
        >>> from tamis.plan.project import load_project
        >>> plan = load_project("cpf").plan("cpir-partage", on="2026-01-01")
        >>> schema = json_schema([contract_of(plan, plan.releases[0])])
        >>> schema["title"], schema["properties"]["legal_run"]["type"]
        ('cpir-partage/partage', 'string')
    """
    if len(contracts) == 1:
        return {"$schema": DIALECT, **_record(contracts[0])}
    return {
        "$schema": DIALECT,
        "$defs": {contract.release: _record(contract) for contract in contracts},
        "anyOf": [{"$ref": f"#/$defs/{contract.release}"} for contract in contracts],
    }


def _record(contract: Contract) -> dict[str, Any]:
    return {
        "title": contract.name,
        "description": contract.comment,
        **_object(contract.schema),
    }


def _object(fields: pa.Schema | pa.StructType) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": {field.name: _field(field) for field in fields},
        "required": [field.name for field in fields],
        "additionalProperties": False,
    }


def _field(field: pa.Field) -> dict[str, Any]:
    schema = _value(field.type)
    if field.nullable and "type" in schema:
        schema["type"] = [schema["type"], "null"]
    elif field.nullable:
        schema["anyOf"].append({"type": "null"})
    comment = comment_of(field)
    return {"description": comment, **schema} if comment else schema


def _value(kind: pa.DataType) -> dict[str, Any]:
    """The JSON Schema of a value that is not null."""
    kind = decoded_type(kind)
    if pa.types.is_struct(kind):
        return _object(kind)
    if pa.types.is_list(kind):
        return {"type": "array", "items": _field(kind.value_field)}
    if pa.types.is_boolean(kind):
        return {"type": "boolean"}
    if pa.types.is_integer(kind):
        least, bits = pa.types.is_signed_integer(kind), kind.bit_width - 1
        return {
            "type": "integer",
            "minimum": -(2**bits) if least else 0,
            "maximum": 2 ** (bits if least else bits + 1) - 1,
        }
    if pa.types.is_decimal(kind):
        bound = 10 ** (kind.precision - kind.scale)
        return {"type": "number", "exclusiveMinimum": -bound, "exclusiveMaximum": bound}
    if pa.types.is_floating(kind):
        return {"anyOf": [{"type": "number"}, {"enum": ["nan", "inf", "-inf"]}]}
    if pa.types.is_date(kind):
        return {"type": "string", "format": "date"}
    if pa.types.is_timestamp(kind):
        zone = "(Z|[+-][0-9]{4})$" if kind.tz else "$"
        return {"type": "string", "pattern": _MOMENT + zone}
    if pa.types.is_time(kind):
        return {"type": "string", "pattern": _TIME}
    if is_binary(kind):
        fixed = pa.types.is_fixed_size_binary(kind)
        times = f"{{{2 * kind.byte_width}}}" if fixed else "*"
        return {"type": "string", "pattern": f"^[0-9a-f]{times}$"}
    return {"type": "string"}
