"""Arrays in Arrow's plain layouts: without views, runs, extension types and lists of a fixed size.

Arrow's kernels do not know every layout. In pyarrow 25.0.1 `take` knows no view of text and no
runs, and a cast of a list view to a list gives the elements of other rows.
"""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tamis.arrow.types import is_list


def plain_layout(array: pa.Array) -> pa.Array:
    """The same values in layouts that every kernel knows.

    Args:
        array: N rows of any type.

    Returns:
        N rows: views of text as large text, lists of other layouts as large lists, runs decoded,
        extension types as their storage, inside structs, lists and dictionaries too; `array`
        itself where nothing of this is in it.

    Example:
        >>> plain_layout(pa.array([[1], None, [2, 3]], pa.list_view(pa.int8()))).type
        LargeListType(large_list<item: int8>)
    """
    kind = array.type
    if _is_plain(kind):
        return array
    if isinstance(kind, pa.BaseExtensionType):
        return plain_layout(array.storage)
    if pa.types.is_run_end_encoded(kind):
        return plain_layout(pc.run_end_decode(array))
    if pa.types.is_string_view(kind):
        return array.cast(pa.large_string())
    if pa.types.is_binary_view(kind):
        return array.cast(pa.large_binary())
    if pa.types.is_dictionary(kind):
        if pa.types.is_nested(kind.value_type):
            return plain_layout(array.dictionary).take(array.indices)
        entries = plain_layout(array.dictionary)
        return pa.DictionaryArray.from_arrays(array.indices, entries, ordered=kind.ordered)
    missing = array.is_null()
    if pa.types.is_struct(kind):
        fields = [plain_layout(array.field(place)) for place in range(kind.num_fields)]
        names = [field.name for field in kind]
        return pa.StructArray.from_arrays(fields, names, mask=missing)
    if is_list(kind):
        lengths = pc.list_value_length(array).fill_null(0).to_numpy()
        offsets = pa.array(np.concatenate(([0], np.cumsum(lengths))), pa.int64())
        return pa.LargeListArray.from_arrays(offsets, plain_layout(array.flatten()), mask=missing)
    return array


def _is_plain(kind: pa.DataType) -> bool:
    if isinstance(kind, pa.BaseExtensionType) or pa.types.is_run_end_encoded(kind):
        return False
    if pa.types.is_list(kind) or pa.types.is_large_list(kind) or pa.types.is_dictionary(kind):
        return _is_plain(kind.value_type)
    if pa.types.is_struct(kind):
        return all(_is_plain(field.type) for field in kind)
    return not (pa.types.is_string_view(kind) or pa.types.is_binary_view(kind) or is_list(kind))
