"""Which Arrow types hold text, bytes or lists, and the type that an encoding stands for."""

import numpy as np
import numpy.typing as npt
import pyarrow as pa

Bools = npt.NDArray[np.bool_]
Bytes = npt.NDArray[np.uint8]
Ints = npt.NDArray[np.int64]
Words = npt.NDArray[np.uint64]
PSEUDONYM = pa.binary(16)
"""The type of a pseudonym."""

TAG = pa.dictionary(pa.int8(), pa.string())
"""The type of the tag columns: constants, one entry a batch."""

CODE = pa.int32()
"""The type of the indices of text by dictionary, as Parquet is read and written."""

Offsets = npt.NDArray[np.int32] | npt.NDArray[np.int64]


def is_string(kind: pa.DataType) -> bool:
    """Whether values of this type are characters: string, large_string or string_view."""
    return bool(
        pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind)
    )


def is_binary(kind: pa.DataType) -> bool:
    """Whether values of this type are bytes: binary of any width, or of a fixed size.

    Example:
        >>> is_binary(pa.binary(16)), is_binary(pa.string())
        (True, False)
    """
    return bool(
        pa.types.is_binary(kind)
        or pa.types.is_large_binary(kind)
        or pa.types.is_binary_view(kind)
        or pa.types.is_fixed_size_binary(kind)
    )


def is_text(kind: pa.DataType) -> bool:
    """Whether values of this type are characters or bytes."""
    return is_string(kind) or is_binary(kind)


def has_offsets(kind: pa.DataType) -> bool:
    """Whether an array of this type is text cut by offsets: neither a view nor of a fixed size."""
    return bool(
        pa.types.is_string(kind)
        or pa.types.is_large_string(kind)
        or pa.types.is_binary(kind)
        or pa.types.is_large_binary(kind)
    )


def is_list(kind: pa.DataType) -> bool:
    """Whether values of this type are lists, in any of Arrow's layouts; a map is none.

    Example:
        >>> is_list(pa.list_(pa.int8(), 2)), is_list(pa.map_(pa.string(), pa.int8()))
        (True, False)
    """
    return isinstance(
        kind,
        pa.ListType
        | pa.LargeListType
        | pa.FixedSizeListType
        | pa.ListViewType
        | pa.LargeListViewType,
    )


def narrow_type(kind: pa.DataType) -> pa.DataType:
    """`kind`, or string and binary in place of the large and the view types of text."""
    if is_string(kind):
        return pa.string()
    is_wide = is_binary(kind) and not pa.types.is_fixed_size_binary(kind)
    return pa.binary() if is_wide else kind


def decoded_type(kind: pa.DataType) -> pa.DataType:
    """The type of the values themselves: without extension type, dictionary or run-end encoding.

    Example:
        >>> decoded_type(pa.dictionary(pa.int8(), pa.string()))
        DataType(string)
    """
    if isinstance(kind, pa.BaseExtensionType):
        return decoded_type(kind.storage_type)
    if pa.types.is_dictionary(kind) or pa.types.is_run_end_encoded(kind):
        return decoded_type(kind.value_type)
    return kind
