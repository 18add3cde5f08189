"""Thrift's compact protocol, as far as Parquet's footers and page headers need it.

A struct is read as a mapping from field number to (kind, value), so that what is not known is kept
and written back as it was.

    kind            value
    BOOL            bool
    I8 I16 I32 I64  int
    DOUBLE          its 8 bytes
    BINARY          bytes
    LIST            (kind of the elements, list of values)
    STRUCT          a mapping of the same form
"""

from typing import Any, Final

BOOL: Final = 1
I8: Final = 3
I16: Final = 4
I32: Final = 5
I64: Final = 6
DOUBLE: Final = 7
BINARY: Final = 8
LIST: Final = 9
STRUCT: Final = 12

_FALSE = 2
_SHORT_LIST = 15
_DEEPEST = 32
_LONGEST = 10  # bytes of a 64-bit number

Struct = dict[int, tuple[int, Any]]


class ThriftError(ValueError):
    """Bytes that are no struct of the compact protocol."""


def read_struct(data: bytes | memoryview, at: int = 0) -> tuple[Struct, int]:
    """The struct that begins at `at`, and where it ends.

    Raises:
        ThriftError: there is none.

    Example:
        >>> read_struct(write_struct({1: (I32, -7), 4: (BINARY, b"x")}))
        ({1: (5, -7), 4: (8, b'x')}, 6)
    """
    try:
        return _read_struct(data, at, 0)
    except IndexError:
        raise ThriftError("a struct is cut") from None


def write_struct(struct: Struct) -> bytes:
    """The bytes of a struct, its fields in ascending order."""
    out = bytearray()
    _write_struct(out, struct)
    return bytes(out)


def value(struct: Struct, number: int, default: Any = None) -> Any:
    """The value of a field, or `default` where it is absent."""
    found = struct.get(number)
    return default if found is None else found[1]


def _read_struct(data: bytes | memoryview, at: int, depth: int) -> tuple[Struct, int]:
    if depth > _DEEPEST:
        raise ThriftError("a struct is too deep")
    found: Struct = {}
    last = 0
    while head := data[at]:
        at += 1
        kind, delta = head & 15, head >> 4
        if delta:
            last += delta
        else:
            last, at = _read_int(data, at)
        if last in found:
            raise ThriftError("a field stands twice")
        if kind in (BOOL, _FALSE):
            found[last] = BOOL, kind == BOOL
        else:
            content, at = _read_value(data, at, kind, depth)
            found[last] = kind, content
    return found, at + 1


def _read_value(data: bytes | memoryview, at: int, kind: int, depth: int) -> tuple[Any, int]:
    if I16 <= kind <= I64:
        return _read_int(data, at)
    if kind == STRUCT:
        return _read_struct(data, at, depth + 1)
    if kind == BINARY:
        size, at = _read_varint(data, at)
        return _read_bytes(data, at, size)
    if kind == LIST:
        return _read_list(data, at, depth)
    if kind == I8:
        return data[at], at + 1
    if kind == DOUBLE:
        return _read_bytes(data, at, 8)
    raise ThriftError("a kind that Parquet does not use")


def _read_list(data: bytes | memoryview, at: int, depth: int) -> tuple[Any, int]:
    head = data[at]
    kind, size = head & 15, head >> 4
    at += 1
    if size == _SHORT_LIST:
        size, at = _read_varint(data, at)
    if size > len(data) - at:
        raise ThriftError("a list is cut")
    values = []
    for _ in range(size):
        if kind in (BOOL, _FALSE):
            one, at = data[at] == BOOL, at + 1
        else:
            one, at = _read_value(data, at, kind, depth + 1)
        values.append(one)
    return (BOOL if kind == _FALSE else kind, values), at


def _read_bytes(data: bytes | memoryview, at: int, size: int) -> tuple[bytes, int]:
    if size > len(data) - at:
        raise ThriftError("a value is cut")
    return bytes(data[at : at + size]), at + size


def _read_varint(data: bytes | memoryview, at: int) -> tuple[int, int]:
    number = shift = 0
    for _ in range(_LONGEST):
        byte = data[at]
        at += 1
        number |= (byte & 127) << shift
        if byte < 128:
            return number, at
        shift += 7
    raise ThriftError("a number is too long")


def _read_int(data: bytes | memoryview, at: int) -> tuple[int, int]:
    number, at = _read_varint(data, at)
    return (number >> 1) ^ -(number & 1), at


def _write_struct(out: bytearray, struct: Struct) -> None:
    last = 0
    for number in sorted(struct):
        kind, content = struct[number]
        head = kind if kind != BOOL or content else _FALSE
        if 0 < number - last < 16:
            out.append((number - last) << 4 | head)
        else:
            out.append(head)
            _write_int(out, number)
        last = number
        if kind != BOOL:
            _write_value(out, kind, content)
    out.append(0)


def _write_value(out: bytearray, kind: int, content: Any) -> None:
    if I16 <= kind <= I64:
        _write_int(out, content)
    elif kind == STRUCT:
        _write_struct(out, content)
    elif kind == BINARY:
        write_varint(out, len(content))
        out += content
    elif kind == LIST:
        inner, values = content
        if len(values) < _SHORT_LIST:
            out.append(len(values) << 4 | inner)
        else:
            out.append(_SHORT_LIST << 4 | inner)
            write_varint(out, len(values))
        for one in values:
            if inner == BOOL:
                out.append(BOOL if one else _FALSE)
            else:
                _write_value(out, inner, one)
    elif kind == I8:
        out.append(content)
    else:
        out += content


def write_varint(out: bytearray, number: int) -> None:
    """Append a number that is not negative, seven bits a byte."""
    while number > 127:
        out.append(number & 127 | 128)
        number >>= 7
    out.append(number)


def _write_int(out: bytearray, number: int) -> None:
    write_varint(out, (number << 1) ^ (number >> 63))
