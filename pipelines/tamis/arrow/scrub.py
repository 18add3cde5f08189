"""The bytes that leave: arrays rebuilt so that no buffer holds more than the values do.

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
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from tamis.errors import RunError

Bools = npt.NDArray[np.bool_]
Ints = npt.NDArray[np.int64]


def seal(array: pa.Array) -> pa.Array:
    """The same values in buffers that hold nothing else.

    Args:
        array: N rows of any type but a union.

    Returns:
        N rows of the same type without field metadata, `array`'s own buffers where they are clean.
        Layouts that no schema names become plain ones: views, runs, maps, lists of a fixed size,
        extension types.

    Raises:
        RunError: the type cannot be sealed.

    Example:
        >>> whole = pa.array(["kept", "secret"])
        >>> sealed = seal(whole.slice(0, 1))
        >>> sealed.to_pylist(), sealed.buffers()[2].to_pybytes()
        (['kept'], b'kept')
    """
    array = _lay_out(array)
    kind = array.type
    if pa.types.is_struct(kind):
        return _seal_struct(array)
    if pa.types.is_list(kind) or pa.types.is_large_list(kind):
        return _seal_list(array)
    if pa.types.is_dictionary(kind):
        return _seal_dictionary(array)
    if pa.types.is_null(kind):
        return pa.nulls(len(array))
    if len(array) == 0:
        return pa.array([], type=kind)
    if pa.types.is_boolean(kind):
        return _seal_bits(array)
    if _is_text(kind):
        return _seal_text(array)
    try:
        width = kind.byte_width
    except ValueError:
        raise RunError(f"cannot seal a column of type {kind}") from None
    return _seal_fixed(array, width)


def seal_batch(batch: pa.RecordBatch) -> pa.RecordBatch:
    """`batch` with every column sealed, and no metadata but names, types and nullability.

    Example:
        >>> seal_batch(pa.record_batch({"a": [1, 2, 3]}).slice(1, 1)).column("a").buffers()[1].size
        8
    """
    columns = [seal(column) for column in batch.columns]
    fields = [
        pa.field(one.name, column.type, nullable=one.nullable)
        for one, column in zip(batch.schema, columns, strict=True)
    ]
    return pa.RecordBatch.from_arrays(columns, schema=pa.schema(fields))


def validity(array: pa.Array) -> Bools | None:
    """Which rows hold a value; None if all do."""
    if array.null_count == 0:
        return None
    return np.asarray(array.is_valid().to_numpy(zero_copy_only=False))


def list_parts(array: pa.Array) -> tuple[Ints, pa.Array, Bools | None]:
    """A list array's offsets from 0, the elements they cut, and which rows hold a list.

    Args:
        array: N rows of list or large_list.

    Returns:
        N + 1 offsets; the elements of all lists side by side, none of them under a null; N flags,
        or None where no row is null. The elements are shared, or copied where they have gaps.

    Example:
        >>> offsets, elements, valid = list_parts(pa.array([[1], None, [2, 3]]))
        >>> offsets.tolist(), elements.to_pylist(), valid.tolist()
        ([0, 1, 1, 3], [1, 2, 3], [True, False, True])
    """
    valid = validity(array)
    if len(array) == 0:
        return np.zeros(1, np.int64), array.values.slice(0, 0), valid
    offsets = _offsets(array)
    lengths = np.diff(offsets)
    elements = array.values
    if valid is not None and lengths[~valid].any():
        inside = np.repeat(valid, lengths)
        elements = elements.slice(offsets[0], offsets[-1] - offsets[0])
        elements = elements.take(pa.array(np.flatnonzero(inside)))
        lengths = np.where(valid, lengths, 0)
        return np.concatenate(([0], np.cumsum(lengths))), elements, valid
    if offsets[0] or offsets[-1] != len(elements):
        elements = elements.slice(offsets[0], offsets[-1] - offsets[0])
        offsets = offsets - offsets[0]
    return offsets, elements, valid


def list_of(
    offsets: Ints, elements: pa.Array, valid: Bools | None, field: pa.Field | None = None
) -> pa.Array:
    """A list array of N rows from N + 1 offsets, the elements, and which rows hold a list.

    Example:
        >>> list_of(np.array([0, 1, 1]), pa.array([7]), np.array([True, False])).to_pylist()
        [[7], None]
    """
    kind = pa.list_(field if field is not None else elements.type)
    rows = pa.py_buffer(offsets.astype(np.int32))
    bits = None if valid is None else _bits(valid)
    return pa.Array.from_buffers(kind, len(offsets) - 1, [bits, rows], children=[elements])


def struct_of(
    children: list[pa.Array], fields: list[pa.Field], size: int, valid: Bools | None
) -> pa.Array:
    """A struct array of `size` rows from its children and which rows hold a struct."""
    bits = None if valid is None else _bits(valid)
    return pa.Array.from_buffers(pa.struct(fields), size, [bits], children=children)


def _lay_out(array: pa.Array) -> pa.Array:
    """The same values in a layout that a schema can name."""
    kind = array.type
    if isinstance(kind, pa.BaseExtensionType):
        return _lay_out(array.storage)
    if pa.types.is_run_end_encoded(kind):
        return _lay_out(pc.run_end_decode(array))
    if pa.types.is_string_view(kind):
        return array.cast(pa.large_string())
    if pa.types.is_binary_view(kind):
        return array.cast(pa.large_binary())
    if pa.types.is_map(kind):
        entry = [pa.field("key", kind.key_type), pa.field("value", kind.item_type)]
        return array.cast(pa.list_(pa.struct(entry)))
    if (
        pa.types.is_fixed_size_list(kind)
        or pa.types.is_list_view(kind)
        or pa.types.is_large_list_view(kind)
    ):
        return array.cast(pa.large_list(kind.value_type))
    return array


def _is_text(kind: pa.DataType) -> bool:
    return bool(
        pa.types.is_string(kind)
        or pa.types.is_binary(kind)
        or pa.types.is_large_string(kind)
        or pa.types.is_large_binary(kind)
    )


def _offsets(array: pa.Array) -> Ints:
    """The N + 1 offsets of a text or list array of one row or more."""
    wide = (
        pa.types.is_large_string(array.type)
        or pa.types.is_large_binary(array.type)
        or pa.types.is_large_list(array.type)
    )
    every: Ints = np.frombuffer(array.buffers()[1], np.int64 if wide else np.int32)
    return every[array.offset : array.offset + len(array) + 1]


def _bits(flags: Bools) -> pa.Buffer:
    return pa.py_buffer(np.packbits(flags, bitorder="little"))


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
    return own if _is_exact_bitmap(own, len(array), array.offset) else _bits(valid)


def _rebuild(array: pa.Array, buffers: list[Any]) -> pa.Array:
    return pa.Array.from_buffers(array.type, len(array), buffers, array.null_count)


def _seal_fixed(array: pa.Array, width: int) -> pa.Array:
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


def _seal_bits(array: pa.Array) -> pa.Array:
    valid, data = validity(array), array.buffers()[1]
    if valid is not None or not _is_exact_bitmap(data, len(array), array.offset):
        flags = array if valid is None else array.fill_null(False)
        data = _bits(np.asarray(flags.to_numpy(zero_copy_only=False)))
    return _rebuild(array, [_bitmap(array, valid), data])


def _seal_text(array: pa.Array) -> pa.Array:
    valid = validity(array)
    offsets = _offsets(array)
    if valid is not None:
        empty = np.flatnonzero(~valid)
        if (offsets[empty + 1] != offsets[empty]).any():
            array = array.take(pa.array(np.arange(len(array))))
            offsets = _offsets(array)
    _, cuts, data = array.buffers()
    first, last = int(offsets[0]), int(offsets[-1])
    if first or array.offset or cuts.size != offsets.nbytes:
        cuts = pa.py_buffer(offsets - offsets[0])
    if data is None or last == first:
        data = pa.py_buffer(b"")
    elif first or data.size != last:
        data = data.slice(first, last - first)
    return _rebuild(array, [_bitmap(array, valid), cuts, data])


def _seal_struct(array: pa.StructArray) -> pa.Array:
    children = [seal(child) for child in array.flatten()]
    fields = [
        pa.field(one.name, child.type, nullable=one.nullable)
        for one, child in zip(array.type, children, strict=True)
    ]
    return struct_of(children, fields, len(array), validity(array))


def _seal_list(array: pa.Array) -> pa.Array:
    offsets, elements, valid = list_parts(array)
    elements = seal(elements)
    field = array.type.value_field
    clean = pa.field(field.name, elements.type, nullable=field.nullable)
    if pa.types.is_large_list(array.type):
        cuts = pa.py_buffer(np.ascontiguousarray(offsets, np.int64))
        bits = None if valid is None else _bits(valid)
        kind = pa.large_list(clean)
        return pa.Array.from_buffers(kind, len(array), [bits, cuts], children=[elements])
    return list_of(offsets, elements, valid, clean)


def _seal_dictionary(array: pa.DictionaryArray) -> pa.Array:
    """Keep only the entries that some row names, in their order."""
    entries = len(array.dictionary)
    named = np.zeros(entries, dtype=bool)
    valid = validity(array)
    indices = array.indices.fill_null(0) if valid is not None else array.indices
    places = np.asarray(indices.to_numpy())
    named[places if valid is None else places[valid]] = True
    if named.all():
        return pa.DictionaryArray.from_arrays(
            seal(array.indices), seal(array.dictionary), ordered=array.type.ordered
        )
    renumbered = np.maximum(np.cumsum(named) - 1, 0)[places] if entries else places
    moved = pa.array(renumbered, type=array.indices.type, mask=None if valid is None else ~valid)
    used = array.dictionary.take(pa.array(np.flatnonzero(named)))
    return pa.DictionaryArray.from_arrays(seal(moved), seal(used), ordered=array.type.ordered)
