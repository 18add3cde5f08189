"""Columns as distinct values and the place of each row's value among them, and their forms.

Whatever a file calls its types, a column is compared by the forms that all of its values have:
days, moments, numbers, texts. So a day in Parquet meets one in a CSV, and bytes their hexadecimals.
"""

import binascii
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final, Literal, TypeAlias

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from tamis.dry_run.hashing import Hashes

Form = Literal["day", "moment", "number", "text", "whole"]
Places: TypeAlias = npt.NDArray[np.int32]
Integers: TypeAlias = npt.NDArray[np.int64]

SCALE: Final = 10_000
"""Numbers are compared in ten-thousandths."""

DAY: Final = 86_400_000_000
"""Microseconds of a day."""

DENSE: Final = 1.5
"""Possible values for each one that there is, of a counter."""

_MOST: Final = 9e14
_NUMBER: Final = r"^[+-]?(0|[1-9][0-9]{0,13})([.,][0-9]{1,9})?$"
_DATE: Final = (
    (r"^\d{4}-\d\d-\d\d$", "%Y-%m-%d"),
    (r"^\d\d/\d\d/\d{4}$", "%d/%m/%Y"),
    (r"^\d{4}-\d\d$", "%Y-%m"),
)
_MOMENT: Final = r"^\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d{1,9})?)?(Z|[+-]\d\d(:?\d\d)?)?$"


@dataclass(frozen=True)
class Column:
    """A column of N rows.

    Attributes:
        name: as it may be shown.
        values: the D distinct ones, none null; uint64 hashes where a list is compared as a whole.
        places: N int32, of each row's value among `values`; -1 is null.
    """

    name: str
    values: Any
    places: Places

    @cached_property
    def counts(self) -> Integers:
        """D + 1 int64: rows by value, and at the end those that are null."""
        return np.roll(np.bincount(self.places + 1, minlength=len(self.values) + 1), -1)

    @cached_property
    def forms(self) -> Mapping[Form, Any]:
        """By form, D values: int64, or pa.StringArray of texts; only forms that all values have."""
        return dict(_forms(self.values))

    @property
    def is_unique(self) -> bool:
        """Whether hardly a value stands twice, of 20 rows or more."""
        filled = len(self.places) - int(self.counts[-1])
        return filled >= 20 and len(self.values) >= 0.999 * filled

    @cached_property
    def is_counter(self) -> bool:
        """Whether the values count the rows of some table, most of them."""
        numbers = self.forms.get("number")
        if numbers is None or not self.is_unique:
            return False
        step = int(np.gcd.reduce(numbers - numbers.min())) or 1
        return int(numbers.max() - numbers.min()) // step < DENSE * len(numbers)

    @cached_property
    def is_random(self) -> bool:
        """Whether the values are random numbers, as pseudonyms are: equal ones are no chance."""
        text = self.forms.get("text")
        if text is None or len(text) < 2 or "day" in self.forms or "moment" in self.forms:
            return False
        sample = text[:2_000].to_pylist()
        length = len(sample[0])
        if length < 16 or any(len(value) != length for value in sample):
            return False
        if not all(character in "0123456789ABCDEF-" for value in sample for character in value):
            return False
        characters = np.array([list(value) for value in sample])
        bits = 0.0
        for place in characters.T:
            shares = np.unique(place, return_counts=True)[1] / len(place)
            bits -= float((shares * np.log2(shares)).sum())
        return bits > min(60, 0.5 * 3.0 * length)


def column_of(name: str, pieces: list[Any]) -> Column | None:
    """The column whose values stand in `pieces`, dictionary arrays; None if it has one value only.

    Example:
        >>> column = column_of("an", [pa.array([1980, 1981, None]).dictionary_encode()])
        >>> column.places, column.counts
        (array([ 0,  1, -1], dtype=int32), array([1, 1, 1]))
    """
    if not pieces:
        return None
    whole = pa.chunked_array(pieces).unify_dictionaries().combine_chunks()
    if isinstance(whole, pa.ChunkedArray):
        whole = pa.concat_arrays(whole.chunks)
    values = whole.dictionary
    places = whole.indices.cast(pa.int32()).fill_null(-1).to_numpy(zero_copy_only=False)
    if values.null_count:
        keep = values.is_valid().to_numpy(zero_copy_only=False)
        new = np.where(keep, np.cumsum(keep) - 1, -1).astype(np.int32)
        values, places = values.filter(pa.array(keep)), np.append(new, np.int32(-1))[places]
    if len(values) + int((places < 0).any()) < 2:
        return None
    return Column(name, values, np.ascontiguousarray(places))


def hashed_column(name: str, hashes: Hashes) -> Column | None:
    """The column of N lists, of which nothing but equality is compared."""
    values, places = np.unique(hashes, return_inverse=True)
    return Column(name, values, places.astype(np.int32)) if len(values) > 1 else None


def _forms(values: Any) -> Any:
    if isinstance(values, np.ndarray):
        yield "whole", values.view(np.int64)
        return
    kind = values.type
    if pa.types.is_date(kind):
        yield "day", _integers(values.cast(pa.date32()).cast(pa.int32()))
    elif pa.types.is_timestamp(kind):
        yield from _moments(_integers(values.cast(pa.timestamp("us", kind.tz), safe=False)))
    elif pa.types.is_boolean(kind):
        yield "text", values.cast(pa.string())
    elif pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind):
        numbers = values.cast(pa.float64(), safe=False).to_numpy(zero_copy_only=False)
        if pa.types.is_integer(kind):
            yield "text", values.cast(pa.string())
        if len(numbers) and np.isfinite(numbers).all() and np.abs(numbers).max() < _MOST:
            yield "number", np.round(numbers * SCALE).astype(np.int64)
    elif pa.types.is_fixed_size_binary(kind):
        yield "text", _hexadecimal(values)
    elif pa.types.is_binary(kind) or pa.types.is_large_binary(kind):
        yield "text", pa.array([value.hex().upper() for value in values.to_pylist()], pa.string())
    elif pa.types.is_string(kind) or pa.types.is_large_string(kind) or kind == pa.string_view():
        yield from _texts(values.cast(pa.string()))
    else:
        yield "text", pa.array([str(value) for value in values.to_pylist()], pa.string())


def _texts(values: Any) -> Any:
    text = pc.utf8_upper(pc.utf8_trim_whitespace(values))
    if _all(text, r"^\\X([0-9A-F]{2})*$"):  # bytes, as PostgreSQL writes them
        text = pc.utf8_slice_codeunits(text, 2)
    yield "text", text
    if _all(text, _NUMBER):
        point = pc.replace_substring(text, ",", ".")
        numbers = pc.cast(point, pa.float64()).to_numpy(zero_copy_only=False)
        if len(numbers) and np.abs(numbers).max() < _MOST:
            yield "number", np.round(numbers * SCALE).astype(np.int64)
        return
    for pattern, form in _DATE:
        if _all(text, pattern):
            moments = pc.strptime(text, format=form, unit="s", error_is_null=True)
            if not moments.null_count:
                yield "day", _integers(moments) // 86_400
            return
    if _all(text, _MOMENT):
        moments = pc.cast(pc.utf8_slice_codeunits(text, 0, 19), pa.timestamp("us"))
        yield from _moments(_integers(moments))


def _all(text: Any, pattern: str) -> bool:
    """Whether all values match; a few are looked at first."""
    for part in (text[:50], text):
        if not len(part) or not pc.all(pc.match_substring_regex(part, pattern)).as_py():
            return False
    return True


def _moments(microseconds: Integers) -> Any:
    if (microseconds % DAY == 0).all():
        yield "day", microseconds // DAY
    else:
        yield "moment", microseconds


def _integers(values: Any) -> Integers:
    return values.cast(pa.int64()).to_numpy(zero_copy_only=False)


def _hexadecimal(values: Any) -> Any:
    width = values.type.byte_width
    data = values.buffers()[1][values.offset * width : (values.offset + len(values)) * width]
    text = binascii.hexlify(data).upper()
    offsets = np.arange(0, len(text) + 1, 2 * width, dtype=np.int64)
    buffers = [None, pa.py_buffer(offsets), pa.py_buffer(text)]
    return pa.Array.from_buffers(pa.large_string(), len(values), buffers).cast(pa.string())
