"""Arrow types by their Arrow names, known without importing Arrow.

`tamis check` reads documents without pyarrow; workers turn a name into a type by `arrow_type`.
"""

import re
from typing import TYPE_CHECKING, Literal

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
_DECIMAL = re.compile(r"decimal(128|256)\((\d{1,2}), ?(-?\d{1,2})\)")
_TIMESTAMP = re.compile(r"timestamp\[(s|ms|us|ns)(?:, ?tz=([A-Za-z0-9_+:/-]+))?\]")
_TIME = re.compile(r"time(32\[(?:s|ms)\]|64\[(?:us|ns)\])")
_FIXED_BINARY = re.compile(r"fixed_size_binary\[(\d{1,4})\]")


def kind_of(name: str) -> Kind | None:
    """Return the kind of value that the leaf type `name` holds; None for `list`, `struct`, others.

    Example:
        >>> kind_of("decimal128(12, 2)"), kind_of("timestamp[us, tz=UTC]"), kind_of("money")
        ('decimal', 'timestamp', None)
    """
    if name in _KINDS:
        return _KINDS[name]
    if match := _DECIMAL.fullmatch(name):
        max_precision = 38 if match[1] == "128" else 76
        return "decimal" if 1 <= int(match[2]) <= max_precision else None
    if _TIMESTAMP.fullmatch(name):
        return "timestamp"
    if _TIME.fullmatch(name):
        return "time"
    if _FIXED_BINARY.fullmatch(name):
        return "binary"
    return None


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
