"""Validity, offsets and bytes of arrays as NumPy arrays, and Arrow arrays made from them."""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tamis.arrow.layouts import plain_layout
from tamis.arrow.types import Bools, Bytes, Ints, Offsets, has_offsets, is_string


def validity(array: pa.Array) -> Bools | None:
    """Which rows hold a value; None if all do."""
    if array.null_count == 0:
        return None
    return np.asarray(array.is_valid().to_numpy(zero_copy_only=False))


def are_valid(array: pa.Array) -> Bools:
    """Which rows hold a value."""
    valid = validity(array)
    return np.ones(len(array), dtype=bool) if valid is None else valid


def as_flags(array: pa.Array) -> Bools:
    """A boolean array as flags, null as false."""
    known = array.fill_null(False) if array.null_count else array
    return np.asarray(known.to_numpy(zero_copy_only=False))


def matches(texts: pa.Array, pattern: str) -> Bools:
    """Which of N texts or bytes match a pattern of RE2 somewhere; null does not."""
    # For no texts the pattern need not be compiled.
    return as_flags(pc.match_substring_regex(texts, pattern)) if len(texts) else np.zeros(0, bool)


def bitmap(rows: Bools | None) -> pa.Buffer | None:
    """The validity bitmap of an array that holds a value in `rows`; None stands for all rows."""
    return None if rows is None else pa.py_buffer(np.packbits(rows, bitorder="little"))


def decode(array: pa.Array) -> pa.Array:
    """The same values in a plain layout, and without a dictionary around them.

    Example:
        >>> decode(pa.array(["a", "b", "a"]).dictionary_encode()).type
        DataType(string)
    """
    array = plain_layout(array)
    return array.dictionary_decode() if pa.types.is_dictionary(array.type) else array


def offsets_of(array: pa.Array) -> Offsets:
    """The N + 1 offsets of a text or list array, as wide as they are stored.

    Args:
        array: N rows of string, binary or list, or of a large one of these.

    Example:
        >>> offsets_of(pa.array(["ab", None, "c"]).slice(1)).tolist()
        [2, 2, 3]
    """
    kind, buffer = array.type, array.buffers()[1]
    wide = (
        pa.types.is_large_string(kind)
        or pa.types.is_large_binary(kind)
        or pa.types.is_large_list(kind)
    )
    if buffer is None or buffer.size == 0:
        buffer = pa.py_buffer(bytes(8 * (array.offset + len(array) + 1)))
    whole: Offsets = np.frombuffer(buffer, np.int64) if wide else np.frombuffer(buffer, np.int32)
    return whole[array.offset : array.offset + len(array) + 1]


def text_bytes(array: pa.Array) -> Bytes:
    """The bytes that the offsets of a text array point into; more than its own if it is a slice."""
    data = array.buffers()[2]
    return np.frombuffer(data, np.uint8) if data is not None else np.zeros(0, np.uint8)


def fixed_width_text(matrix: Bytes, kind: pa.DataType) -> pa.Array:
    """A text array of equally long rows.

    Args:
        matrix: N rows of bytes, N × width.
        kind: string, binary, or a large one of these.

    Example:
        >>> fixed_width_text(np.array([[65, 66], [67, 68]], np.uint8), pa.string()).to_pylist()
        ['AB', 'CD']
    """
    count, width = matrix.shape
    wide = pa.types.is_large_string(kind) or pa.types.is_large_binary(kind)
    offsets = np.arange(count + 1, dtype=np.int64 if wide else np.int32) * width
    buffers = [None, pa.py_buffer(offsets), pa.py_buffer(np.ascontiguousarray(matrix))]
    return pa.Array.from_buffers(kind, count, buffers)


def text_parts(array: pa.Array) -> tuple[Bytes, Ints]:
    """The bytes of a text array and where each of N rows begins in them: N + 1 int64 offsets.

    Example:
        >>> characters, starts = text_parts(pa.array(["né", "e"]))
        >>> len(characters), starts.tolist()
        (4, [0, 3, 4])
    """
    return text_bytes(array), offsets_of(array).astype(np.int64, copy=False)


def read_characters(array: pa.Array) -> pa.Array:
    """Text of any type as string or large_string; bytes that are not UTF-8 are read as Latin-1.

    Args:
        array: N rows of a type for which `tamis.arrow.types.is_text` holds.

    Returns:
        N rows, nulls kept.

    Example:
        >>> read_characters(pa.array([b"caf\\xe9", None])).to_pylist()
        ['café', None]
    """
    if not has_offsets(array.type):
        array = array.cast(pa.large_string() if is_string(array.type) else pa.large_binary())
    if is_string(array.type):
        return array
    target = pa.string() if pa.types.is_binary(array.type) else pa.large_string()
    try:
        return array.cast(target)
    except pa.ArrowInvalid:
        return pa.array([_read_bytes(value) for value in array.to_pylist()], target)


def _read_bytes(value: bytes | None) -> str | None:
    if value is None:
        return None
    try:
        return value.decode()
    except UnicodeDecodeError:
        return value.decode("latin-1")


def list_parts(array: pa.Array) -> tuple[Ints, pa.Array, Bools | None]:
    """A list array's offsets from 0, the elements they cut, and which rows hold a list.

    Args:
        array: N lists in any of Arrow's layouts.

    Returns:
        N + 1 offsets; the elements of all lists side by side, none of them under a null; N flags,
        or None where no row is null. The elements are shared, or copied where they have gaps.

    Example:
        >>> offsets, elements, valid = list_parts(pa.array([[1], None, [2, 3]]))
        >>> offsets.tolist(), elements.to_pylist(), valid.tolist()
        ([0, 1, 1, 3], [1, 2, 3], [True, False, True])
    """
    kind, valid = array.type, validity(array)
    if not pa.types.is_list(kind) and not pa.types.is_large_list(kind):
        sizes = pc.list_value_length(array).fill_null(0).to_numpy()
        return np.concatenate(([0], np.cumsum(sizes))), array.flatten(), valid
    if len(array) == 0:
        return np.zeros(1, np.int64), array.values.slice(0, 0), valid
    offsets: Ints = offsets_of(array).astype(np.int64, copy=False)
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
    return pa.Array.from_buffers(kind, len(offsets) - 1, [bitmap(valid), rows], children=[elements])


def struct_of(
    children: list[pa.Array], fields: list[pa.Field], size: int, valid: Bools | None
) -> pa.Array:
    """A struct array of `size` rows from its children and which rows hold a struct."""
    return pa.Array.from_buffers(pa.struct(fields), size, [bitmap(valid)], children=children)
