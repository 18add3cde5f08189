"""Values brought to the schema's types, a column at a time, and the rows where that fails.

Text is parsed as `tamis.filter.parse_text` says. Native values change type only where nothing is
lost: an integer becomes a string or a decimal, a float a decimal if it comes back the same and is
not past the whole numbers that it tells apart, a timestamp a date at midnight; an integer no date.
"""

import decimal
from collections.abc import Callable

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tamis.arrow.buffers import are_valid, as_flags, decode
from tamis.arrow.types import Bools, is_binary, is_string, is_text
from tamis.filter.conformed import (
    Conformed,
    cast_each,
    codes_of,
    keep_where,
    merge_faults,
    null_empty,
    null_words,
    sort_of,
    within_calendar,
)
from tamis.filter.dialect import TextDialect
from tamis.filter.parse_text import parse_text, read_text


def conform(array: pa.Array, target: pa.DataType, dialect: TextDialect) -> Conformed:
    """Bring a column to the type `target`.

    Args:
        array: N values of any type.
        target: a leaf type of a schema.
        dialect: how text stands for values.

    Returns:
        N values, sharing `array`'s buffers where nothing needs to change.

    Example:
        >>> done = conform(pa.array(["2024-02-29", "2023-02-29"]), pa.date32(), TextDialect())
        >>> done.array.to_pylist(), done.faults.tolist()
        ([datetime.date(2024, 2, 29), None], [0, 2])
    """
    array = decode(array)
    if pa.types.is_null(array.type):
        return Conformed(pa.nulls(len(array), target))
    if not is_text(array.type):
        return _convert(array, target)
    if is_binary(target):
        return _fit_bytes(array, target, dialect)
    text = read_text(array, dialect)
    if dialect.empty_is_null:
        text = Conformed(null_empty(text.array), text.faults)
    if dialect.nulls:
        text = Conformed(null_words(text.array, dialect.nulls), text.faults)
    if is_string(target):
        return (
            text if text.array.type == target else Conformed(text.array.cast(target), text.faults)
        )
    parsed = parse_text(text.array, target, dialect)
    return Conformed(parsed.array, merge_faults(text.faults, parsed.faults))


def _fit_bytes(array: pa.Array, target: pa.DataType, dialect: TextDialect) -> Conformed:
    if dialect.empty_is_null:
        array = keep_where(array, ~as_flags(pc.equal(pc.binary_length(array), 0)))
    if dialect.nulls and is_string(array.type):
        array = null_words(array, dialect.nulls)
    if array.type == target:
        return Conformed(array)
    if not pa.types.is_binary(array.type) and not pa.types.is_large_binary(array.type):
        narrow = pa.types.is_string(array.type) or pa.types.is_fixed_size_binary(array.type)
        array = array.cast(pa.binary() if narrow else pa.large_binary())
    if not pa.types.is_fixed_size_binary(target):
        return Conformed(array.cast(target))
    fits = as_flags(pc.equal(pc.binary_length(array), target.byte_width))
    return Conformed(keep_where(array, fits).cast(target), codes_of(are_valid(array) & ~fits))


_EXACT_FLOAT = 2**53
_EXACT_SHORT_FLOAT = 2**24  # of 32 bits: of a longer number, such as a NIR, it is another one


def _are_exact(floats: pa.Array) -> Bools:
    """Which floats are not past the whole numbers that their width tells apart."""
    most = _EXACT_FLOAT if pa.types.is_float64(floats.type) else _EXACT_SHORT_FLOAT
    return as_flags(pc.less_equal(pc.abs(floats.cast(pa.float64())), float(most)))


def _convert(array: pa.Array, target: pa.DataType) -> Conformed:
    """Bring native values to another type where nothing is lost."""
    if array.type == target:
        return within_calendar(array)
    source, sort = sort_of(array.type), sort_of(target)
    change = _CHANGES.get((source, sort))
    if change is None:
        return Conformed(pa.nulls(len(array), target), codes_of(are_valid(array)))
    held = within_calendar(array)
    done = change(held.array, target)
    fine = within_calendar(done.array)
    return Conformed(fine.array, merge_faults(held.faults, done.faults, fine.faults))


def _cast_safely(array: pa.Array, target: pa.DataType) -> Conformed:
    return cast_each(array, lambda part: part.cast(target), target)


def _integers(array: pa.Array, target: pa.DataType) -> Conformed:
    lowest, highest = _range(target)
    own_lowest, own_highest = _range(array.type)
    inside = np.ones(len(array), dtype=bool)
    if own_lowest < lowest:
        inside &= as_flags(pc.greater_equal(array, pa.scalar(lowest, array.type)))
    if own_highest > highest:
        inside &= as_flags(pc.less_equal(array, pa.scalar(highest, array.type)))
    bad = are_valid(array) & ~inside
    return Conformed(
        (keep_where(array, inside) if bad.any() else array).cast(target), codes_of(bad)
    )


def _range(kind: pa.DataType) -> tuple[int, int]:
    if pa.types.is_unsigned_integer(kind):
        return 0, int(2**kind.bit_width - 1)
    half = int(2 ** (kind.bit_width - 1))
    return -half, half - 1


def _integer_to_decimal(array: pa.Array, target: pa.DataType) -> Conformed:
    return _decimals(array.cast(pa.decimal128(20, 0)), target)


def _decimals(array: pa.Array, target: pa.DataType) -> Conformed:
    """Decimals of other digits; those too large first, of which pyarrow's cast makes others."""
    kind, most = array.type, target.precision - target.scale
    if kind.bit_width < 128 or kind.scale < 0:
        array = array.cast(pa.decimal256(kind.precision - min(kind.scale, 0), max(kind.scale, 0)))
        kind = array.type
    if kind.precision - kind.scale <= most:
        return _cast_safely(array, target)
    limit = pa.scalar(decimal.Decimal(1).scaleb(max(most, -kind.scale)), kind)
    fits = as_flags(pc.less(pc.abs(array), limit))
    done = _cast_safely(keep_where(array, fits), target)
    return Conformed(done.array, merge_faults(codes_of(are_valid(array) & ~fits), done.faults))


def _decimal_to_integer(array: pa.Array, target: pa.DataType) -> Conformed:
    if array.type.bit_width < 128:
        array = array.cast(pa.decimal128(array.type.precision, array.type.scale))
    return _cast_safely(array, target)


def _integer_to_bool(array: pa.Array, target: pa.DataType) -> Conformed:
    true, false = (as_flags(pc.equal(array, pa.scalar(bit, array.type))) for bit in (1, 0))
    known = true | false
    return Conformed(pa.array(true, mask=~known), codes_of(are_valid(array) & ~known))


def _floats(array: pa.Array, target: pa.DataType) -> Conformed:
    """Floats of another width: the nearest, but no infinity for a number that is too large."""
    done = array.cast(target)
    too_large = as_flags(pc.and_(pc.is_finite(array), pc.invert(pc.is_finite(done))))
    return Conformed(keep_where(done, ~too_large), codes_of(too_large))


def _float_to_integer(array: pa.Array, target: pa.DataType) -> Conformed:
    exact = _are_exact(array)
    array = array.cast(pa.float64())
    whole = exact & as_flags(pc.equal(array, pc.trunc(array)))
    numbers = _integers(keep_where(array, whole).cast(pa.int64()), target)
    return Conformed(
        numbers.array, merge_faults(codes_of(are_valid(array) & ~whole), numbers.faults)
    )


def _float_to_decimal(array: pa.Array, target: pa.DataType) -> Conformed:
    if pa.types.is_float16(array.type):
        array = array.cast(pa.float32())
    done = _cast_safely(keep_where(array, _are_exact(array)), target)
    back = as_flags(pc.equal(_decimal_to_float(done.array, array.type).array, array))
    bad = are_valid(array) & ~back
    return Conformed(keep_where(done.array, back), codes_of(bad))


def _decimal_to_float(array: pa.Array, target: pa.DataType) -> Conformed:
    """The nearest float; by way of text, because Arrow's own cast is now and then one unit off."""
    return Conformed(array.cast(pa.string()).cast(target))


def _float_to_string(array: pa.Array, target: pa.DataType) -> Conformed:
    """Whole numbers as digits, others as short as they come back the same."""
    if pa.types.is_float16(array.type):
        array = array.cast(pa.float32())
    finite = as_flags(pc.is_finite(array))
    whole = _float_to_integer(array, pa.int64()).array
    text = pc.coalesce(whole.cast(pa.string()), array.cast(pa.string()))
    return Conformed(keep_where(text, finite).cast(target), codes_of(are_valid(array) & ~finite))


def _to_string(array: pa.Array, target: pa.DataType) -> Conformed:
    return Conformed(array.cast(pa.string()).cast(target))


def _timestamps(array: pa.Array, target: pa.DataType) -> Conformed:
    if (array.type.tz is None) != (target.tz is None):
        return Conformed(pa.nulls(len(array), target), codes_of(are_valid(array)))
    return _cast_safely(array, target)


def _timestamp_to_date(array: pa.Array, target: pa.DataType) -> Conformed:
    local = array if array.type.tz is None else pc.local_timestamp(array)
    midnight = as_flags(pc.equal(pc.floor_temporal(local, unit="day"), local))
    dates = keep_where(local, midnight).cast(pa.date32()).cast(target)
    return Conformed(dates, codes_of(are_valid(array) & ~midnight))


def _date_to_timestamp(array: pa.Array, target: pa.DataType) -> Conformed:
    if target.tz is not None:
        return Conformed(pa.nulls(len(array), target), codes_of(are_valid(array)))
    return _cast_safely(array, target)


_CHANGES: dict[tuple[str, str], Callable[[pa.Array, pa.DataType], Conformed]] = {
    ("integer", "integer"): _integers,
    ("integer", "float"): _cast_safely,
    ("integer", "decimal"): _integer_to_decimal,
    ("integer", "bool"): _integer_to_bool,
    ("integer", "string"): _to_string,
    ("float", "float"): _floats,
    ("float", "integer"): _float_to_integer,
    ("float", "decimal"): _float_to_decimal,
    ("float", "string"): _float_to_string,
    ("decimal", "decimal"): _decimals,
    ("decimal", "integer"): _decimal_to_integer,
    ("decimal", "float"): _decimal_to_float,
    ("decimal", "string"): _to_string,
    ("bool", "string"): _to_string,
    ("date", "date"): _cast_safely,
    ("date", "timestamp"): _date_to_timestamp,
    ("date", "string"): _to_string,
    ("timestamp", "timestamp"): _timestamps,
    ("timestamp", "date"): _timestamp_to_date,
    ("timestamp", "string"): _to_string,
    ("time", "time"): _cast_safely,
    ("time", "string"): _to_string,
}
