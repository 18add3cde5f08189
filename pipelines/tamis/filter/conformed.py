"""Conformed values: a column of the schema's type, and which of its values did not conform."""

import datetime
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from tamis.arrow.buffers import are_valid, as_flags, offsets_of
from tamis.arrow.types import Bools, is_binary, is_string

Codes = npt.NDArray[np.uint8]

FINE, UNREADABLE, TYPE = 0, 1, 2
"""What became of a value: it conforms, its bytes are no text, it has not the schema's type."""


@dataclass(frozen=True)
class Conformed:
    """N values of the schema's type.

    Attributes:
        array: N values, null where one does not conform.
        faults: N codes `FINE`, `UNREADABLE` or `TYPE`; None if all are fine.
    """

    array: pa.Array
    faults: Codes | None = None


def merge_faults(*faults: Codes | None) -> Codes | None:
    """All faults of the same values; of a value with several, the first."""
    merged = None
    for codes in faults:
        if merged is None or codes is None:
            merged = codes if merged is None else merged
        else:
            merged = np.where(merged == FINE, codes, merged)
    return merged


def codes_of(bad: Bools, code: int = TYPE) -> Codes | None:
    """`code` where `bad`; None if nowhere."""
    return bad.astype(np.uint8) * np.uint8(code) if bad.any() else None


def keep_where(array: pa.Array, rows: Bools) -> pa.Array:
    """The values of `rows`, null elsewhere.

    Example:
        >>> keep_where(pa.array([1, 2]), np.array([True, False])).to_pylist()
        [1, None]
    """
    if rows.all():
        return array
    kept = pc.if_else(pa.array(rows), array, pa.scalar(None, array.type))
    return kept if kept.type == array.type else kept.cast(array.type)  # a negative scale is lost


def null_empty(text: pa.Array) -> pa.Array:
    """Null where the text is empty."""
    return keep_where(text, (np.diff(offsets_of(text)) > 0) | ~are_valid(text))


def null_words(text: pa.Array, words: Sequence[str]) -> pa.Array:
    """Null where the text is one of the words, blanks around it not counted.

    Example:
        >>> null_words(pa.array(["néant ", "Néant"]), ["néant"]).to_pylist()
        [None, 'Néant']
    """
    try:
        trimmed = pc.utf8_trim_whitespace(text)
    except pa.ArrowInvalid:  # what is no UTF-8 is no word
        trimmed = pc.utf8_trim_whitespace(keep_where(text, _are_utf8(text)))
    missing = pc.is_in(trimmed, value_set=pa.array(words, text.type))
    return keep_where(text, ~as_flags(missing))


def _are_utf8(text: pa.Array) -> Bools:
    """Which texts are UTF-8; null is."""

    def is_utf8(raw: bytes | None) -> bool:
        try:
            return raw is None or bool(raw.decode() or True)
        except UnicodeDecodeError:
            return False

    return np.array([is_utf8(raw) for raw in text.cast(pa.large_binary()).to_pylist()], bool)


def cast_each(
    array: pa.Array,
    cast: Callable[[pa.Array], pa.Array],
    target: pa.DataType,
    code: int = TYPE,
) -> Conformed:
    """Cast all values at once, or by halves down to those that cannot be cast.

    Args:
        array: N values.
        cast: of N values to N values of `target`; an ArrowInvalid says that it cannot.
        target: the type.
        code: what a value is that cannot be cast.
    """
    try:
        return Conformed(cast(array))
    except pa.ArrowInvalid:
        pass
    n = len(array)
    if n == 1:
        return Conformed(pa.nulls(1, target), np.array([code], dtype=np.uint8))
    halves = [cast_each(part, cast, target, code) for part in (array[: n // 2], array[n // 2 :])]
    faults = [
        np.zeros(len(half.array), np.uint8) if half.faults is None else half.faults
        for half in halves
    ]
    return Conformed(pa.concat_arrays([half.array for half in halves]), np.concatenate(faults))


_SORTS = (
    ("integer", pa.types.is_integer),
    ("float", pa.types.is_floating),
    ("decimal", pa.types.is_decimal),
    ("bool", pa.types.is_boolean),
    ("date", pa.types.is_date),
    ("timestamp", pa.types.is_timestamp),
    ("time", pa.types.is_time),
    ("string", is_string),
    ("binary", is_binary),
)


def sort_of(target: pa.DataType) -> str:
    """What sort of value a type holds, as `tamis.documents.types.Kind` says; empty for others."""
    return next((sort for sort, holds in _SORTS if holds(target)), "")


_FIRST_DAY = (datetime.date.min - datetime.date(1970, 1, 1)).days
_LAST_DAY = (datetime.date.max - datetime.date(1970, 1, 1)).days


NO_TIME = -(2**63)
"""What NumPy has for a moment that is none, and readers for one that its unit cannot hold."""

_TICKS = {"s": 1, "ms": 1_000, "us": 1_000_000, "ns": 1_000_000_000}


def within_calendar(array: pa.Array) -> Conformed:
    """Dates and timestamps of the years 1 to 9999, times of a day; others have not the type."""
    kind = array.type
    if pa.types.is_time(kind):
        first, last = 0, 86_400 * _TICKS[kind.unit] - 1
    elif pa.types.is_timestamp(kind) and kind.unit == "ns":
        first, last = NO_TIME + 1, 2**63 - 1
    elif pa.types.is_date(kind) or pa.types.is_timestamp(kind):
        unit = "ms" if pa.types.is_date64(kind) else getattr(kind, "unit", None)
        a_day = 1 if unit is None else 86_400 * _TICKS[unit]
        first, last = _FIRST_DAY * a_day, (_LAST_DAY + 1) * a_day - 1
    else:
        return Conformed(array)
    ticks = array.view(pa.int32() if kind.bit_width == 32 else pa.int64())
    extremes = pc.min_max(ticks).as_py()
    if extremes["min"] is None or (first <= extremes["min"] and extremes["max"] <= last):
        outside = np.zeros(len(array), dtype=bool)
    else:
        outside = as_flags(pc.or_(pc.less(ticks, first), pc.greater(ticks, last)))
    if pa.types.is_date64(kind):  # part of a day is no date
        outside |= np.asarray(ticks.fill_null(0).to_numpy() % 86_400_000 != 0)
    return Conformed(keep_where(array, ~outside), codes_of(outside))
