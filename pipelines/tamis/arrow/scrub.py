"""Scrubbing: arrays are rebuilt so that no buffer holds more than the values do.

A dropped value survives in a slice's parent, under a null, in a dictionary, in the children of a
null struct, between the elements of a list. What is already clean is shared, not copied.

    buffer     clean where
    validity   exactly one bit a row, no bit beyond the last row
    values     exactly the rows' width, zero under nulls
    offsets    begin at 0, and no null has a length
    text       ends at the last offset
    children   of a struct: null under its nulls; of a list: the elements, side by side
"""

from typing import Any

import numpy as np
import pyarrow as pa

from tamis.arrow.buffers import (
    as_flags,
    bitmap,
    list_of,
    list_parts,
    offsets_of,
    struct_of,
    validity,
)
from tamis.arrow.layouts import plain_layout
from tamis.arrow.types import Bools, has_offsets
from tamis.errors import RunError
from tamis.language import _


def scrub(array: pa.Array) -> pa.Array:
    """The same values in buffers that hold nothing else.

    Args:
        array: N rows of any type but a union.

    Returns:
        N rows of the same type without field metadata, `array`'s own buffers where they are clean.
        Layouts that no schema names become plain ones: views, runs, maps, lists of a fixed size,
        extension types.

    Raises:
        RunError: the type cannot be scrubbed.

    Example:
        >>> whole = pa.array(["kept", "secret"])
        >>> scrubbed = scrub(whole.slice(0, 1))
        >>> scrubbed.to_pylist(), scrubbed.buffers()[2].to_pybytes()
        (['kept'], b'kept')
    """
    array = _lay_out(array)
    kind = array.type
    if pa.types.is_struct(kind):
        return _scrub_struct(array)
    if pa.types.is_list(kind) or pa.types.is_large_list(kind):
        return _scrub_list(array)
    if pa.types.is_dictionary(kind):
        return _scrub_dictionary(array)
    if pa.types.is_null(kind):
        return pa.nulls(len(array))
    if len(array) == 0:
        return pa.array([], type=kind)
    if pa.types.is_boolean(kind):
        return _scrub_bits(array)
    if has_offsets(kind):
        return _scrub_text(array)
    try:
        width = kind.byte_width
    except ValueError:
        raise RunError(_("cannot scrub a column of type `{type}`", type=kind)) from None
    return _scrub_fixed(array, width)


def scrub_batch(batch: pa.RecordBatch) -> pa.RecordBatch:
    """`batch` with every column scrubbed, and no metadata but names, types and nullability.

    Example:
        >>> scrub_batch(pa.record_batch({"a": [1, 2, 3]}).slice(1, 1)).column("a").buffers()[1].size
        8
    """
    columns = [scrub(column) for column in batch.columns]
    fields = [
        pa.field(field.name, column.type, nullable=field.nullable)
        for field, column in zip(batch.schema, columns, strict=True)
    ]
    return pa.RecordBatch.from_arrays(columns, schema=pa.schema(fields))


def _lay_out(array: pa.Array) -> pa.Array:
    """The same values in a layout that a schema can name."""
    array = plain_layout(array)
    kind = array.type
    if pa.types.is_map(kind):
        entry = [pa.field("key", kind.key_type), pa.field("value", kind.item_type)]
        return array.cast(pa.list_(pa.struct(entry)))
    return array


def _is_exact_bitmap(buffer: pa.Buffer, rows: int, offset: int) -> bool:
    """Whether a bitmap begins at bit 0 and holds `rows` bits, the rest of its last byte zero."""
    if offset or buffer.size != (rows + 7) // 8:
        return False
    last: int = memoryview(buffer)[-1]
    return rows % 8 == 0 or last >> (rows % 8) == 0


def _bitmap(array: pa.Array, valid: Bools | None) -> pa.Buffer | None:
    if valid is None:
        return None
    own = array.buffers()[0]
    return own if _is_exact_bitmap(own, len(array), array.offset) else bitmap(valid)


def _rebuild(array: pa.Array, buffers: list[Any]) -> pa.Array:
    return pa.Array.from_buffers(array.type, len(array), buffers, array.null_count)


def _scrub_fixed(array: pa.Array, width: int) -> pa.Array:
    n, valid, data = len(array), validity(array), array.buffers()[1]
    if data.size != n * width:
        data = data.slice(array.offset * width, n * width)
    if valid is not None:
        cells = np.frombuffer(data, np.uint8).reshape(n, width)
        empty = np.flatnonzero(~valid)
        if cells[empty].any():
            cells = cells.copy()
            cells[empty] = 0
            data = pa.py_buffer(cells)
    return _rebuild(array, [_bitmap(array, valid), data])


def _scrub_bits(array: pa.Array) -> pa.Array:
    valid, data = validity(array), array.buffers()[1]
    if valid is not None or not _is_exact_bitmap(data, len(array), array.offset):
        data = bitmap(as_flags(array))
    return _rebuild(array, [_bitmap(array, valid), data])


def _scrub_text(array: pa.Array) -> pa.Array:
    valid = validity(array)
    offsets = offsets_of(array)
    if valid is not None:
        empty = np.flatnonzero(~valid)
        if (offsets[empty + 1] != offsets[empty]).any():
            array = array.take(pa.array(np.arange(len(array))))
            offsets = offsets_of(array)
    _, cuts, data = array.buffers()
    first, last = int(offsets[0]), int(offsets[-1])
    if first or array.offset or cuts.size != offsets.nbytes:
        cuts = pa.py_buffer(offsets - offsets[0])
    if data is None or last == first:
        data = pa.py_buffer(b"")
    elif first or data.size != last:
        data = data.slice(first, last - first)
    return _rebuild(array, [_bitmap(array, valid), cuts, data])


def _scrub_struct(array: pa.StructArray) -> pa.Array:
    children = [scrub(child) for child in array.flatten()]
    fields = [
        pa.field(field.name, child.type, nullable=field.nullable)
        for field, child in zip(array.type, children, strict=True)
    ]
    return struct_of(children, fields, len(array), validity(array))


def _scrub_list(array: pa.Array) -> pa.Array:
    offsets, elements, valid = list_parts(array)
    elements = scrub(elements)
    field = array.type.value_field
    clean = pa.field(field.name, elements.type, nullable=field.nullable)
    if pa.types.is_large_list(array.type):
        cuts = pa.py_buffer(np.ascontiguousarray(offsets, np.int64))
        kind = pa.large_list(clean)
        return pa.Array.from_buffers(kind, len(array), [bitmap(valid), cuts], children=[elements])
    return list_of(offsets, elements, valid, clean)


def _scrub_dictionary(array: pa.DictionaryArray) -> pa.Array:
    """Keep only the entries that some row names, in their order."""
    indices, valid = array.indices, validity(array)
    places = indices.fill_null(0).to_numpy() if valid is not None else indices.to_numpy()
    named = np.zeros(len(array.dictionary), dtype=bool)
    named[places if valid is None else places[valid]] = True
    entries, kept = array.dictionary, np.count_nonzero(named)
    if kept < len(named):
        numbers = np.maximum(np.cumsum(named, dtype=places.dtype) - places.dtype.type(1), 0)
        mask = None if valid is None else ~valid
        indices = pa.array(numbers[places], mask=mask)
        entries = entries.filter(pa.array(named))
    return pa.DictionaryArray.from_arrays(
        scrub(indices), scrub(entries), ordered=array.type.ordered
    )
