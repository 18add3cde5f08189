"""Arrow types by their Arrow names, known without importing Arrow.

`tamis check` reads documents without pyarrow; workers turn a name into a type by `arrow_type`.
"""

import re
from functools import lru_cache
from typing import TYPE_CHECKING, Literal
from zoneinfo import ZoneInfo

from tamis.documents.positions import suggest
from tamis.language import _

if TYPE_CHECKING:
    import pyarrow as pa

Kind = Literal[
    "string", "binary", "integer", "float", "decimal", "bool", "date", "timestamp", "time"
]

_KINDS: dict[str, Kind] = {
    "string": "string",
    "large_string": "string",
    "binary": "binary",
    "large_binary": "binary",
    "bool": "bool",
    "float32": "float",
    "float64": "float",
    "float": "float",
    "double": "float",
    "date32": "date",
    "date32[day]": "date",
    "date64": "date",
    "date64[ms]": "date",
    **{f"{sign}int{bits}": "integer" for sign in ("", "u") for bits in (8, 16, 32, 64)},
}
_DECIMAL = re.compile(r"decimal(128|256)\((\d{1,2}), ?(-?\d{1,2})\)", re.ASCII)
_TIMESTAMP = re.compile(r"timestamp\[(s|ms|us|ns)(?:, ?tz=([A-Za-z0-9_+:/-]+))?\]")
_TIME = re.compile(r"time(32\[(?:s|ms)\]|64\[(?:us|ns)\])")
_FIXED_BINARY = re.compile(r"fixed_size_binary\[(\d{1,4})\]", re.ASCII)
_OFFSET = re.compile("[+-]([01][0-9]|2[0-3]):?[0-5][0-9]")
_NO_ZONES = ("Factory", "localtime", "posixrules")


@lru_cache(maxsize=256)
def kind_of(name: str) -> Kind | None:
    """Return the kind of value that the leaf type `name` holds; None for `list`, `struct`, others.

    Example:
        >>> kind_of("decimal128(12, 2)"), kind_of("timestamp[us, tz=UTC]"), kind_of("money")
        ('decimal', 'timestamp', None)
    """
    if name in _KINDS:
        return _KINDS[name]
    if type_problem(name):
        return None
    if _DECIMAL.fullmatch(name):
        return "decimal"
    if _TIMESTAMP.fullmatch(name):
        return "timestamp"
    return "time" if _TIME.fullmatch(name) else "binary"


def type_problem(name: str) -> str:
    """Why no leaf can have the type `name`; empty where one can.

    Example:
        >>> type_problem("decimal128(20, -2)")
        'type `decimal128(20, -2)` must have 1 to 38 digits, of which 0 or more behind the mark'
        >>> type_problem("str")
        'unknown type `str`, did you mean `string`?'
    """
    if name in _KINDS or _TIME.fullmatch(name):
        return ""
    if match := _DECIMAL.fullmatch(name):
        precision, scale, most = int(match[2]), int(match[3]), 38 if match[1] == "128" else 76
        if 1 <= precision <= most and 0 <= scale <= precision:
            return ""
        return _(
            "type `{type}` must have 1 to {most} digits, of which 0 or more behind the mark",
            type=name,
            most=most,
        )
    if match := _TIMESTAMP.fullmatch(name):
        if match[2] is None or _is_zone(match[2]):
            return ""
        return _(
            "type `{type}` has an unknown time zone: expected one such as `Europe/Paris` or `UTC`",
            type=name,
        )
    if match := _FIXED_BINARY.fullmatch(name):
        if int(match[1]) > 0:
            return ""
        return _("type `{type}` must have a width of 1 byte or more", type=name)
    return _("unknown type `{type}`", type=name) + suggest(arrow_name(name) or name, known_names())


def _is_zone(name: str) -> bool:
    if _OFFSET.fullmatch(name):
        return True
    try:
        ZoneInfo(name)
    except (LookupError, ValueError, OSError):
        return False
    return name not in _NO_ZONES


def integer_range(name: str) -> tuple[int, int]:
    """Return the least and the greatest value of an integer type.

    Example:
        >>> integer_range("int8"), integer_range("uint16")
        ((-128, 127), (0, 65535))
    """
    bits = int(name.rpartition("int")[2])
    return (0, 2**bits - 1) if name.startswith("u") else (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1)


def decimal_digits(name: str) -> tuple[int, int]:
    """Return the precision and the scale of a decimal type.

    Example:
        >>> decimal_digits("decimal128(12, 2)")
        (12, 2)
    """
    precision, scale = name.partition("(")[2].rstrip(")").split(",")
    return int(precision), int(scale)


_OTHER_NAMES = {
    **dict.fromkeys(("char", "str", "text", "uuid", "varchar"), "string"),
    **dict.fromkeys(("int", "integer", "long", "bigint"), "int64"),
    **dict.fromkeys(("decimal", "money", "number", "numeric"), "decimal128(12, 2)"),
    **dict.fromkeys(("datetime", "timestamp"), "timestamp[us]"),
    **dict.fromkeys(("array", "repeated"), "list"),
    **dict.fromkeys(("map", "object", "record", "row"), "struct"),
    "boolean": "bool",
    "date": "date32",
    "day": "date32",
    "real": "double",
    "bytes": "binary",
}
"""By what other systems call a type, its Arrow name."""


def arrow_name(name: str) -> str:
    """Return the Arrow name of a type that another system calls `name`, or an empty string.

    Example:
        >>> arrow_name("VARCHAR(20)"), arrow_name("strnig")
        ('string', '')
    """
    return _OTHER_NAMES.get(name.lower().partition("(")[0].strip(), "")


def known_names() -> list[str]:
    """Return the names of the types, parametrised ones with an example, for suggestions."""
    return [*_KINDS, "list", "struct", "decimal128(12, 2)", "timestamp[us]", "time64[us]"]


def arrow_type(name: str) -> "pa.DataType":
    """Return the Arrow type of the leaf type `name`.

    Example:
        >>> str(arrow_type("decimal128(12, 2)")), str(arrow_type("timestamp[us, tz=UTC]"))
        ('decimal128(12, 2)', 'timestamp[us, tz=UTC]')
    """
    import pyarrow as pa

    if match := _DECIMAL.fullmatch(name):
        make = pa.decimal128 if match[1] == "128" else pa.decimal256
        return make(int(match[2]), int(match[3]))
    if match := _TIMESTAMP.fullmatch(name):
        return pa.timestamp(match[1], tz=match[2])
    if match := _FIXED_BINARY.fullmatch(name):
        return pa.binary(int(match[1]))
    return pa.type_for_alias(name)
