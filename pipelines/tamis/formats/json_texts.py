"""Arrow values as JSON texts, a column at a time."""

import json
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tamis.arrow.buffers import decode, fixed_width_text
from tamis.arrow.types import is_binary, is_list

REPLACEMENT: Final = "\ufffd"
"""Replaces a NUL character, which PostgreSQL does not store."""

BYTEA: Final = "\\x"
"""Prefix of hexadecimal digits in PostgreSQL's text of bytes."""

_HEX = np.frombuffer(b"".join(b"%02x" % byte for byte in range(256)), dtype=np.uint16)
_CONTROLS = {chr(code): f"\\u{code:04x}" for code in range(32)}


def to_json(array: pa.Array, *, jsonb: bool = False) -> pa.StringArray:
    """Each value as a JSON text, null as `null`; decimals as exact numbers, bytes in hexadecimal.

    Args:
        array: N values of any type.
        jsonb: whether the text is for PostgreSQL's `jsonb`: bytes then have its `\\\\x`, and
            U+FFFD stands for NUL, which it does not take.

    Example:
        >>> to_json(pa.array([[{"a": 'x"', "b": None}], [], None])).to_pylist()
        ['[{"a":"x\\\\"","b":null}]', '[]', 'null']
    """
    array = decode(array)
    kind = array.type
    if pa.types.is_struct(kind):
        parts: list[Any] = []
        for index, (field, child) in enumerate(zip(kind, array.flatten(), strict=True)):
            named = ("," if index else "{") + json.dumps(field.name) + ":"
            parts += [named, to_json(child, jsonb=jsonb)]
        texts = pc.binary_join_element_wise(*parts, "}", "") if parts else _all("{}", len(array))
    elif is_list(kind):
        lengths = pc.fill_null(pc.list_value_length(array), 0).to_numpy()
        offsets = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int32)
        below = to_json(array.flatten(), jsonb=jsonb)
        joined = pc.binary_join(pa.ListArray.from_arrays(pa.array(offsets), below), ",")
        texts = pc.binary_join_element_wise("[", joined, "]", "")
    elif pa.types.is_integer(kind) or pa.types.is_decimal(kind) or pa.types.is_boolean(kind):
        texts = array.cast(pa.string())
    elif pa.types.is_floating(kind):
        text = array.cast(pa.string())
        quoted = pc.binary_join_element_wise('"', text, '"', "")
        texts = pc.if_else(pc.is_finite(array), text, quoted)
    elif is_binary(kind):
        texts = _quoted(to_hex(array, BYTEA if jsonb else ""), jsonb)
    else:
        texts = _quoted(array.cast(pa.string()), jsonb)
    return pc.if_else(array.is_valid(), texts, "null") if array.null_count else texts


def to_hex(array: pa.Array, prefix: str = "") -> pa.StringArray:
    """Bytes as hexadecimal digits behind `prefix`, which has an even length.

    Example:
        >>> to_hex(pa.array([b"\\x00\\xff", None])).to_pylist()
        ['00ff', None]
    """
    if not pa.types.is_fixed_size_binary(array.type) or array.null_count or not len(array):
        texts = [None if value is None else prefix + value.hex() for value in array.to_pylist()]
        return pa.array(texts, pa.string())
    width, ahead = array.type.byte_width, len(prefix) // 2
    start = array.offset * width
    values = np.frombuffer(array.buffers()[1], np.uint8)[start : start + len(array) * width]
    text = np.empty((len(array), ahead + width), np.uint16)
    text[:, :ahead] = np.frombuffer(prefix.encode(), np.uint16)
    text[:, ahead:] = _HEX[values].reshape(len(array), width)
    return fixed_width_text(text.view(np.uint8), pa.string())


def _quoted(texts: pa.Array, jsonb: bool) -> pa.Array:
    """Texts as JSON strings, quoted and escaped."""
    for plain, escaped in (("\\", "\\\\"), ('"', '\\"')):
        texts = pc.replace_substring(texts, plain, escaped)
    if pc.any(pc.match_substring_regex(texts, "[\\x00-\\x1f]")).as_py():
        if jsonb:
            texts = pc.replace_substring(texts, "\0", REPLACEMENT)
        for plain, escaped in _CONTROLS.items():
            texts = pc.replace_substring(texts, plain, escaped)
    return pc.binary_join_element_wise('"', texts, '"', "")


def _all(text: str, rows: int) -> pa.StringArray:
    return pa.repeat(pa.scalar(text), rows)
