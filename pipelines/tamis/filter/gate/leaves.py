"""Any Arrow array, taken apart into the flat arrays of values that it shows.

The gate looks at what a reader of the batch can see; what lies under a null or outside a slice is
removed by `tamis.arrow.scrub`. The walk repeats that of `tamis.arrow.leaves` on purpose: the second
look shares no code with the first.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.types as pt

from tamis.errors import RunError
from tamis.filter.gate.buffers import Texts
from tamis.language import _

Rows = npt.NDArray[np.int64]

_LISTS = (
    pa.ListType,
    pa.LargeListType,
    pa.FixedSizeListType,
    pa.ListViewType,
    pa.LargeListViewType,
)


@dataclass(frozen=True, eq=False)
class Leaf:
    """The values of one flat part of a column.

    Attributes:
        path: the column's name, then those of the fields on the way.
        kind: `text` for large_binary values; `integer` for int64 and uint64; `float` for float64;
            `narrow` for numbers too short for a NIR, but not for a part of one; `time` for
            the int64 behind times and durations.
        values: the values, nulls among them; or the entries of `coded`.
        rows: the row of each value, or None where value i is row i.
        coded: all values, where `values` are but the entries of a dictionary.
    """

    path: str
    kind: Literal["text", "integer", "float", "narrow", "time"]
    values: pa.Array
    rows: Rows | None
    coded: pa.DictionaryArray | None = None

    @property
    def size(self) -> int:
        """How many values there are."""
        return len(self.values if self.coded is None else self.coded)

    @cached_property
    def texts(self) -> Texts:
        """The values, where they are text."""
        return Texts(self.values)

    @cached_property
    def largest(self) -> Any:
        """The largest absolute value of numbers, which Arrow can compare; 0 where there is none."""
        ends = pc.min_max(self.values).as_py().values()
        return max((abs(end) for end in ends if end is not None), default=0)

    def decoded(self) -> "Leaf":
        """The leaf with the values themselves."""
        if self.coded is None:
            return self
        (leaf,) = take_apart(self.path, self.coded.dictionary_decode(), self.rows)
        return leaf


def take_apart(path: str, array: pa.Array, rows: Rows | None = None) -> Iterator[Leaf]:
    """Yield the leaves of an array of any type and nesting, those of one parent side by side.

    Raises:
        RunError: the type is none that the gate can look into; nothing may leave unseen.
    """
    kind = array.type
    if isinstance(array, pa.ExtensionArray):
        yield from take_apart(path, array.storage, rows)
    elif pt.is_dictionary(kind):
        if pt.is_nested(kind.value_type) or pt.is_dictionary(kind.value_type):
            yield from take_apart(path, array.dictionary_decode(), rows)
        else:
            for leaf in take_apart(path, array.dictionary, rows):
                yield replace(leaf, coded=array)
    elif pt.is_run_end_encoded(kind):
        yield from take_apart(path, pc.run_end_decode(array), rows)
    elif pt.is_struct(kind):
        for field, child in zip(kind, array.flatten(), strict=True):
            yield from take_apart(f"{path}.{field.name}", child, rows)
    elif pt.is_map(kind):
        entries = pa.struct([("key", kind.key_type), ("value", kind.item_type)])
        yield from take_apart(path, array.cast(pa.list_(entries)), rows)
    elif isinstance(kind, _LISTS):
        parents = np.asarray(pc.list_parent_indices(array))
        inner = parents if rows is None else rows[parents]
        yield from take_apart(path, array.flatten(), inner)
    elif pt.is_union(kind):
        yield from _union_leaves(path, array, rows)
    else:
        yield from _flat_leaf(path, array, rows)


def _union_leaves(path: str, array: pa.UnionArray, rows: Rows | None) -> Iterator[Leaf]:
    # Of a slice, `offsets` would be those of the whole.
    buffers = array.buffers()
    window = slice(array.offset, array.offset + len(array))
    codes = np.frombuffer(buffers[1], np.int8)[window]
    dense = array.type.mode == "dense"
    for position, code in enumerate(array.type.type_codes):
        at = np.flatnonzero(codes == code)
        child = array.field(position)
        within = np.frombuffer(buffers[2], np.int32)[window][at] if dense else at
        name = f"{path}.{array.type.field(position).name}"
        inner = at if rows is None else rows[at]
        if pt.is_string_view(child.type):
            child = child.cast(pa.large_string())
        try:
            child = child.take(pa.array(within))
        except pa.ArrowNotImplementedError:
            raise _unknown(name, child.type) from None
        yield from take_apart(name, child, inner)


def _flat_leaf(path: str, array: pa.Array, rows: Rows | None) -> Iterator[Leaf]:
    kind = array.type
    if pt.is_string_view(kind):
        yield Leaf(path, "text", array.cast(pa.large_string()).cast(pa.large_binary()), rows)
    elif (
        pt.is_string(kind)
        or pt.is_large_string(kind)
        or pt.is_binary(kind)
        or pt.is_large_binary(kind)
        or pt.is_binary_view(kind)
        or pt.is_fixed_size_binary(kind)
    ):
        yield Leaf(path, "text", array.cast(pa.large_binary()), rows)
    elif pt.is_decimal(kind):
        if kind.bit_width < 128:  # for which Arrow has no `max`
            array = array.cast(pa.decimal128(kind.precision, kind.scale))
        leaf = Leaf(path, "narrow", array, rows)
        long = leaf.largest >= 10**12
        yield Leaf(path, "text", write_decimals(array), rows) if long else leaf
    elif pt.is_int64(kind) or pt.is_uint64(kind):
        yield Leaf(path, "integer", array, rows)
    elif pt.is_integer(kind):
        yield Leaf(path, "narrow", array, rows)
    elif pt.is_float64(kind):
        yield Leaf(path, "float", array, rows)
    elif pt.is_timestamp(kind) or pt.is_duration(kind) or pt.is_time64(kind) or pt.is_date64(kind):
        yield Leaf(path, "time", array.view(pa.int64()), rows)
    elif not (
        pt.is_null(kind)
        or pt.is_boolean(kind)
        or pt.is_date32(kind)
        or pt.is_time32(kind)
        or pt.is_float32(kind)  # 24 bits of mantissa: 7 digits
        or pt.is_float16(kind)
    ):
        raise _unknown(path, kind)


def write_decimals(array: pa.Array) -> pa.Array:
    """Decimals as large_binary: `1550875999991.00` the number, `1550875999991.93` with its key."""
    text = pc.replace_substring_regex(array.cast(pa.large_string()), r"\.0+$", "")
    return text.cast(pa.large_binary())


def _unknown(path: str, kind: pa.DataType) -> RunError:
    return RunError(
        _("column `{path}`: the gate cannot look into the type `{type}`", path=path, type=kind)
    )
