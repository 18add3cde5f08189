"""Arrow values as JSON texts, a column at a time."""

import json
from collections.abc import Iterable
from typing import Final, TypeAlias

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tamis.arrow.buffers import fixed_width_text, offsets_of, text_bytes
from tamis.arrow.layouts import plain_layout
from tamis.arrow.types import is_binary, is_list

REPLACEMENT: Final = "\ufffd"
"""Replaces a NUL character, which PostgreSQL does not store."""

BYTEA: Final = "\\x"
"""Prefix of hexadecimal digits in PostgreSQL's text of bytes."""

_HEX = np.frombuffer(b"".join(b"%02x" % byte for byte in range(256)), dtype=np.uint16)
_ESCAPES = {"\\": "\\\\", '"': '\\"'} | {chr(code): f"\\u{code:04x}" for code in range(32)}
_IS_ESCAPED = np.isin(np.arange(256), [ord(character) for character in _ESCAPES])


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
    return _joined(_parts(array, jsonb), len(array))


Part: TypeAlias = "str | pa.StringArray"
"""What texts of N values are made of: a text that all have, or N texts, none of them null."""


def _parts(array: pa.Array, jsonb: bool) -> list[Part]:
    array = plain_layout(array)
    if array.null_count == len(array):
        return ["null"]
    if array.null_count:
        texts = _joined(_valid_parts(array, jsonb), len(array))
        return [pc.if_else(array.is_valid(), texts, "null")]
    return _valid_parts(array, jsonb)


def _valid_parts(array: pa.Array, jsonb: bool) -> list[Part]:
    """As `_parts`; what stands in place of a null does not matter."""
    kind = array.type
    if pa.types.is_dictionary(kind):
        texts = to_json(array.dictionary, jsonb=jsonb)
        is_constant = len(texts) == 1
        return [texts[0].as_py() if is_constant else texts.take(_filled(array.indices, 0))]
    if pa.types.is_struct(kind):
        parts: list[Part] = ["{"]
        for index, (field, child) in enumerate(zip(kind, array.flatten(), strict=True)):
            parts.append(("," if index else "") + json.dumps(field.name) + ":")
            parts += _parts(child, jsonb)
        return [*parts, "}"]
    if is_list(kind):
        lengths = pc.fill_null(pc.list_value_length(array), 0).to_numpy()
        offsets = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int32)
        below = to_json(array.flatten(), jsonb=jsonb)
        return ["[", pc.binary_join(pa.ListArray.from_arrays(pa.array(offsets), below), ","), "]"]
    if pa.types.is_integer(kind) or pa.types.is_decimal(kind) or pa.types.is_boolean(kind):
        return [_filled(array.cast(pa.string()))]
    if pa.types.is_floating(kind):
        text = array.cast(pa.string())
        quoted = pc.binary_join_element_wise('"', text, '"', "")
        return [_filled(pc.if_else(pc.is_finite(array), text, quoted))]
    is_bytes = is_binary(kind)
    texts = to_hex(array, BYTEA if jsonb else "") if is_bytes else array.cast(pa.string())
    return ['"', _filled(_escaped(texts, jsonb)), '"']


def _filled(array: pa.Array, value: str | int = "") -> pa.Array:
    return pc.fill_null(array, value) if array.null_count else array


def _joined(parts: Iterable[Part], rows: int) -> pa.StringArray:
    """The `rows` texts that `parts` make one after the other."""
    joined: list[Part] = []
    for part in parts:
        if joined and isinstance(part, str) and isinstance(joined[-1], str):
            joined[-1] += part
        else:
            joined.append(part)
    if len(joined) > 1:
        return pc.binary_join_element_wise(*joined, "")
    return pa.repeat(pa.scalar(joined[0]), rows) if isinstance(joined[0], str) else joined[0]


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


def _escaped(texts: pa.StringArray, jsonb: bool) -> pa.StringArray:
    """Texts as they stand between the quotes of a JSON string."""
    places = np.flatnonzero(_IS_ESCAPED[text_bytes(texts)])
    rows = np.unique(np.searchsorted(offsets_of(texts), places, side="right")) - 1
    rows = rows[(rows >= 0) & (rows < len(texts))]
    if not len(rows):
        return texts
    changed = texts.take(pa.array(rows))
    if jsonb:
        changed = pc.replace_substring(changed, "\0", REPLACEMENT)
    for plain, escaped in _ESCAPES.items():
        changed = pc.replace_substring(changed, plain, escaped)
    is_changed = np.zeros(len(texts), np.bool_)
    is_changed[rows] = True
    return pc.replace_with_mask(texts, is_changed, changed)
