"""JSON objects, many at a time, parsed strictly, with numbers kept as they are written.

Strict means: UTF-8; no key twice in one object, read or not; neither NaN nor Infinity; nested at
most `MAX_DEPTH` deep. A native parser (`msgspec`) reads them. It takes less than these rules allow,
but for two things, which are counted: a key that stands twice, and depth. What it refuses, and what
has other counts, is parsed again by the slow way below, which alone gives reasons.
"""

import json
from collections.abc import Sequence
from typing import Any, Final

import msgspec

from tamis.language import N_
from tamis.limits import USUAL, Limits

MAX_DEPTH: Final = 64

LONGER: Final = N_("longer than {most} bytes")
"""The rule by which a line or message that is too long is no record."""


class Unreadable(Exception):
    """What was read is no record. Its text is the quarantine's `rule`, and holds no value."""


def parse_objects(
    lines: Sequence[bytes | None], limits: Limits = USUAL
) -> list[dict[str, Any] | Unreadable]:
    """Parse each of N texts as one object; where that fails there is the reason in its place.

    Args:
        lines: N texts; None stands for one that is too long.
        limits: `line_bytes` is the length of the longest.

    Returns:
        N objects or reasons. A number with a fraction or an exponent is as it was written, in
        bytes, which JSON does not have otherwise, and which cost no garbage collection.

    Example:
        >>> parse_objects([b'{"nom": "Durand", "solde": 12.50}', b'{"nom": "a", "nom": "b"}'])
        [{'nom': 'Durand', 'solde': b'12.50'}, Unreadable('a key stands twice in one object')]
    """
    return [_parse(line, limits) for line in lines]


def _parse(line: bytes | None, limits: Limits) -> dict[str, Any] | Unreadable:
    if line is None or len(line) > limits.line_bytes:
        return Unreadable(LONGER.format(most=limits.line_bytes))
    try:
        record: dict[str, Any] | None = _NATIVE.decode(line)
    except Exception:  # of several kinds; the slow way says what is wrong
        record = None
    if record is not None and _is_exact(record, line):
        return record
    try:
        return _parse_strictly(line)
    except Unreadable as error:
        return error


_NATIVE = msgspec.json.Decoder(dict, float_hook=str.encode)


def _is_exact(record: dict[str, Any], line: bytes) -> bool:
    """Whether `record` has all that its line has, and is not deep.

    A line has two quotes for each key and each string, besides those that are escaped in strings.
    So if the record needs as many, no key was left out.
    """
    if line.count(b"[") + line.count(b"{") > MAX_DEPTH:
        return False
    quotes = 0
    below: list[Any] = [record]
    while below:
        value = below.pop()
        if type(value) is dict:
            quotes += 2 * len(value)
            value = value.values()
        for inner in value:
            kind = type(inner)
            if kind is str:
                quotes += 2
            elif kind is dict or kind is list:
                below.append(inner)
    escaped = line.replace(b"\\\\", b"").count(b'\\"')
    return quotes == line.count(b'"') - escaped


def _parse_strictly(line: bytes) -> dict[str, Any]:
    """Parse one object by the rules above, in Python.

    Raises:
        Unreadable: the line is no JSON object, or breaks one of the rules above.
    """
    try:
        text = line.decode().strip(" \t\n\r")
    except UnicodeDecodeError:
        raise Unreadable(N_("not UTF-8")) from None
    try:
        record, end = _DECODER.raw_decode(text)
    except json.JSONDecodeError:
        raise Unreadable(N_("not JSON")) from None
    except ValueError:
        raise Unreadable(N_("an integer has too many digits")) from None
    except RecursionError:
        raise Unreadable(_TOO_DEEP) from None
    if end != len(text):
        raise Unreadable(N_("not JSON"))
    if type(record) is not dict:
        raise Unreadable(N_("not a JSON object"))
    if text.count("[") + text.count("{") > MAX_DEPTH and _deeper(record):
        raise Unreadable(_TOO_DEEP)
    return record


_TOO_DEEP = N_("nested deeper than {depth}").format(depth=MAX_DEPTH)


def _deeper(record: dict[str, Any]) -> bool:
    """Whether `record` is nested deeper than `MAX_DEPTH`, itself the first level."""
    level: list[Any] = [record]
    for _level in range(MAX_DEPTH):
        level = [
            inner
            for outer in level
            for inner in (outer.values() if type(outer) is dict else outer)
            if type(inner) in (dict, list)
        ]
        if not level:
            return False
    return True


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise Unreadable(N_("a key stands twice in one object"))
    return members


def _constant(_name: str) -> Any:
    raise Unreadable(N_("NaN and Infinity are not JSON"))


_DECODER = json.JSONDecoder(
    parse_float=str.encode, parse_constant=_constant, object_pairs_hook=_object
)
