"""Generalization: functions that make the values of a kept field coarser, and redaction by entry.

Redaction itself is `tamis.nir.find.redact`; pseudonyms are `tamis.nir.pseudonym.pseudonymize`.
"""

import decimal
from collections.abc import Callable
from typing import Any, Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tamis.arrow.buffers import as_flags, validity
from tamis.arrow.types import Bools, Ints
from tamis.filter.conformed import keep_where

_NARROW = 18  # digits of a decimal that surely fits 64 bits


def generalize_dates(array: pa.Array, to: Literal["year", "quarter", "month"]) -> pa.Array:
    """The first day, or the first moment, of the year, quarter or month; in the type's zone.

    Example:
        >>> import datetime
        >>> generalize_dates(pa.array([datetime.date(1969, 12, 31)]), "quarter").to_pylist()
        [datetime.date(1969, 10, 1)]
    """
    return pc.floor_temporal(array, unit=to).cast(array.type)


def generalize_text(array: pa.Array, prefix: int) -> pa.Array:
    """The first `prefix` characters.

    Example:
        >>> generalize_text(pa.array(["été", "a"]), 2).to_pylist()
        ['ét', 'a']
    """
    return pc.utf8_slice_codeunits(array, 0, prefix)


def redact_entries(
    array: pa.DictionaryArray, redact: Callable[[pa.Array], tuple[pa.Array, Any]]
) -> tuple[pa.DictionaryArray, Ints]:
    """Text with its NIRs replaced, each entry of the dictionary read once.

    Args:
        array: N values; no entry is null.
        redact: of entries, to entries and counts of NIRs replaced.

    Returns:
        N values by a dictionary in which no entry stands twice; N counts.

    Example:
        >>> from tamis.nir.find import redact
        >>> text = pa.array(["NIR 1550875999991", "rien", "NIR 1550875999991"])
        >>> redacted, hits = redact_entries(text.dictionary_encode(), redact)
        >>> redacted.to_pylist(), hits.tolist()
        (['NIR [NIR]', 'rien', 'NIR [NIR]'], [1, 0, 1])
    """
    entries, counts = redact(array.dictionary)
    again = entries.dictionary_encode()
    redacted = pa.DictionaryArray.from_arrays(again.indices.take(array.indices), again.dictionary)
    hits = pa.array(np.asarray(counts, dtype=np.int64)).take(array.indices)
    return redacted, np.asarray(hits.fill_null(0).to_numpy())


def generalize_numbers(array: pa.Array, step: int) -> tuple[pa.Array, Bools | None]:
    """The largest multiple of `step` that is not above the value, exactly.

    Args:
        array: N integers, decimals or floats.
        step: one or more.

    Returns:
        N values of the same type; and flags of the values whose multiple the type cannot hold,
        which are null, or None if there are none.

    Example:
        >>> generalize_numbers(pa.array([1999, -1, None]), 1000)[0].to_pylist()
        [1000, -1000, None]
    """
    kind = array.type
    if pa.types.is_decimal(kind):
        if kind.bit_width == 128 and kind.precision <= _NARROW and kind.scale >= 0:
            return _floor_narrow_decimals(array, step)
        return _floor_decimals(array, step)
    if pa.types.is_floating(kind):
        return _floor_floats(array, step), None
    return _floor_integers(array, step)


def _floor_integers(array: pa.Array, step: int) -> tuple[pa.Array, Bools | None]:
    valid = validity(array)
    values = np.asarray((array if valid is None else array.fill_null(0)).to_numpy())
    limits = np.iinfo(values.dtype)
    wide = values.astype(np.uint64 if values.dtype == np.uint64 else np.int64, copy=False)
    if step > np.iinfo(wide.dtype).max:
        below = -step if -step >= limits.min else 0
        floors, bad = np.where(wide < 0, below, 0), (wide < 0) & (below == 0)
    else:
        rest = np.mod(wide, wide.dtype.type(step))
        bad = (wide < 0) & (rest > wide - wide.dtype.type(int(limits.min)))
        floors = np.where(bad, 0, wide - np.where(bad, 0, rest))
    missing = bad if valid is None else bad | ~valid
    out = pa.array(floors.astype(values.dtype), array.type, mask=missing)
    return out, bad if bad.any() else None


def _floor_floats(array: pa.Array, step: int) -> pa.Array:
    valid = validity(array)
    wide = array.cast(pa.float64())
    values = np.asarray((wide if valid is None else wide.fill_null(0.0)).to_numpy())
    with np.errstate(invalid="ignore"):
        rest = np.fmod(values, float(step))  # exact, where a quotient is rounded
    floors = values - rest - np.where(rest < 0, float(step), 0.0)
    floors = np.where(np.isfinite(values), floors, values)
    return pa.array(floors, mask=None if valid is None else ~valid).cast(array.type)


def _floor_narrow_decimals(array: pa.Array, step: int) -> tuple[pa.Array, Bools | None]:
    """Decimals of at most 18 digits: their unscaled values, as 64-bit integers."""
    kind, whole = array.type, pa.decimal128(38, 0)
    unscaled = pa.Array.from_buffers(whole, len(array), array.buffers(), offset=array.offset)
    floors, bad = _floor_integers(unscaled.cast(pa.int64()), step * 10**kind.scale)
    beyond = as_flags(pc.less(floors, -(10**kind.precision - 1)))
    if beyond.any():
        floors, bad = keep_where(floors, ~beyond), beyond if bad is None else bad | beyond
    floors = floors.cast(whole)
    return pa.Array.from_buffers(kind, len(array), floors.buffers()), bad


def _floor_decimals(array: pa.Array, step: int) -> tuple[pa.Array, Bools | None]:
    kind = array.type
    encoded = array.dictionary_encode()
    floors = []
    with decimal.localcontext(decimal.Context(prec=100, rounding=decimal.ROUND_FLOOR)):
        for value in encoded.dictionary.to_pylist():
            floor = (value / step).to_integral_value() * step
            try:
                floors.append(pa.scalar(floor, kind).as_py())
            except pa.ArrowInvalid:
                floors.append(None)
    out = pa.array(floors, kind).take(encoded.indices)
    bad = np.asarray(pc.and_(out.is_null(), array.is_valid()).to_numpy(zero_copy_only=False))
    return out, bad if bad.any() else None
