"""Values brought to the schema's types, a column at a time, and the rows where that fails.

Text (CSV, JSON Lines, DSN, a string column where the schema says date) is parsed strictly:

    integer     optional sign, digits
    decimal     digits and the format's decimal mark, no exponent, no digit past the type's scale
    float       the same, and an exponent
    bool        true false 1 0; in CSV and DSN also oui non o n vrai faux
    date        ISO 8601, or the format's pattern; 31 February is none
    timestamp   ISO 8601, with an offset if and only if the type has a zone
    time        hh:mm, hh:mm:ss, hh:mm:ss.ffffff

Blanks around anything but a string do not count. In CSV and DSN an empty value is null whatever
the type, strings included: neither format can tell the two apart.
Native values change type only where nothing is lost: an integer becomes a string or a decimal, a
float a decimal if it comes back the same, a timestamp a date at midnight; an integer no date.
"""

import codecs
import datetime
import re
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from tamis.documents.schema import Format
from tamis.filter.seal import Bools, validity
from tamis.nir.number import is_text, spread

Codes = npt.NDArray[np.uint8]

FINE, UNREADABLE, TYPE = 0, 1, 2
"""What became of a value: it conforms, its bytes are no text, it has not the schema's type."""


@dataclass(frozen=True)
class Wire:
    """How the text of one format stands for values.

    Attributes:
        encoding: of binary text, a Python codec name.
        decimal: the decimal mark.
        dates: a strptime pattern, or None for ISO 8601.
        empty_is_null: whether an empty value means that there is none.
        words: whether oui, non, vrai, faux, o and n are truth values.
    """

    encoding: str = "utf-8"
    decimal: str = "."
    dates: str | None = None
    empty_is_null: bool = False
    words: bool = False


@dataclass(frozen=True)
class Conformed:
    """N values of the schema's type.

    Attributes:
        array: N values, null where one does not conform.
        faults: N codes `FINE`, `UNREADABLE` or `TYPE`; None if all are fine.
    """

    array: pa.Array
    faults: Codes | None = None


def wire_of(form: Format) -> Wire:
    """How text is read in a feed of this format.

    Example:
        >>> wire_of(Format(name="dsn")).dates
        '%d%m%Y'
    """
    if form.name == "csv":
        csv = form.csv
        return Wire(csv.encoding, csv.decimal, csv.dates, empty_is_null=True, words=True)
    if form.name == "dsn":
        return Wire(dates="%d%m%Y", empty_is_null=True, words=True)
    return Wire()


def conform(array: pa.Array, target: pa.DataType, wire: Wire) -> Conformed:
    """Bring a column to the type `target`.

    Args:
        array: N values of any type.
        target: a leaf type of a schema.
        wire: how text stands for values.

    Returns:
        N values, sharing `array`'s buffers where nothing needs to change.

    Example:
        >>> done = conform(pa.array(["2024-02-29", "2023-02-29"]), pa.date32(), Wire())
        >>> done.array.to_pylist(), done.faults.tolist()
        ([datetime.date(2024, 2, 29), None], [0, 2])
    """
    array = plain(array)
    if pa.types.is_null(array.type):
        return Conformed(pa.nulls(len(array), target))
    if not is_text(array.type):
        return _convert(array, target)
    if _is_binary(target):
        return _fit_bytes(array, target)
    text = read_text(array, wire)
    if wire.empty_is_null:
        text = Conformed(_null_empty(text.array), text.faults)
    if _is_string(target):
        return (
            text if text.array.type == target else Conformed(text.array.cast(target), text.faults)
        )
    parsed = _parse(text.array, target, wire)
    return Conformed(parsed.array, _merge(text.faults, parsed.faults))


def read_text(array: pa.Array, wire: Wire) -> Conformed:
    """Text that is known to be UTF-8, from strings or from bytes in the wire's encoding.

    Args:
        array: N strings or binaries of any width.
        wire: whose encoding binaries are in; strings claim to be UTF-8 and are checked.

    Returns:
        N strings or large strings; `UNREADABLE` where the bytes are no text.

    Example:
        >>> read_text(pa.array([b"caf\\xe9", b"th\\xe9"]), Wire("latin-1")).array.to_pylist()
        ['café', 'thé']
    """
    binary = not _is_string(array.type)
    if pa.types.is_fixed_size_binary(array.type):
        array = array.cast(pa.binary())
    elif pa.types.is_binary_view(array.type) or pa.types.is_string_view(array.type):
        array = array.cast(pa.large_binary())
    wide = pa.types.is_large_binary(array.type) or pa.types.is_large_string(array.type)
    kind = pa.large_string() if wide else pa.string()
    text = array.view(kind)
    data, starts = _bytes_of(text)
    encoding = codecs.lookup(wire.encoding).name if binary else "utf-8"
    if not data.size or (int(data.max()) < 0x80 and _extends_ascii(encoding)):
        return Conformed(text)
    if encoding in _SINGLE_BYTE:
        return _decode_single_bytes(text, data, starts, encoding)
    if encoding in ("utf-8", "utf-8-sig"):
        array = text.view(pa.large_binary() if wide else pa.binary())
        return _cast_each(array, lambda part: part.cast(kind), kind, UNREADABLE)
    return _decode_each(text, encoding)


def plain(array: pa.Array) -> pa.Array:
    """Without dictionary, runs or extension type."""
    if isinstance(array.type, pa.BaseExtensionType):
        array = array.storage
    if pa.types.is_dictionary(array.type):
        array = array.dictionary_decode()
    if pa.types.is_run_end_encoded(array.type):
        array = pc.run_end_decode(array)
    return array


def _is_string(kind: pa.DataType) -> bool:
    return bool(
        pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind)
    )


def _is_binary(kind: pa.DataType) -> bool:
    return is_text(kind) and not _is_string(kind)


def _merge(one: Codes | None, other: Codes | None) -> Codes | None:
    if one is None or other is None:
        return one if other is None else other
    return np.where(one == FINE, other, one)


def _codes(bad: Bools, code: int = TYPE) -> Codes | None:
    return bad.astype(np.uint8) * np.uint8(code) if bad.any() else None


def _present(array: pa.Array) -> Bools:
    valid = validity(array)
    return np.ones(len(array), dtype=bool) if valid is None else valid


def _flags(array: pa.Array) -> Bools:
    """A boolean array as flags, null as false."""
    return np.asarray(array.fill_null(False).to_numpy(zero_copy_only=False))


def _only(array: pa.Array, rows: Bools) -> pa.Array:
    """The values of `rows`, null elsewhere."""
    return pc.if_else(pa.array(rows), array, pa.scalar(None, array.type))


def _cast_each(
    array: pa.Array,
    cast: Callable[[pa.Array], pa.Array],
    target: pa.DataType,
    code: int = TYPE,
) -> Conformed:
    """Cast all values at once, or by halves down to those that cannot be cast."""
    try:
        return Conformed(cast(array))
    except pa.ArrowInvalid:
        pass
    n = len(array)
    if n == 1:
        return Conformed(pa.nulls(1, target), np.array([code], dtype=np.uint8))
    halves = [_cast_each(part, cast, target, code) for part in (array[: n // 2], array[n // 2 :])]
    faults = [
        np.zeros(len(half.array), np.uint8) if half.faults is None else half.faults
        for half in halves
    ]
    return Conformed(pa.concat_arrays([half.array for half in halves]), np.concatenate(faults))


# Text: encodings

_SINGLE_BYTE = frozenset({"iso8859-1", "iso8859-15", "cp1252", "cp850", "mac-roman"})


def _extends_ascii(encoding: str) -> bool:
    ascii_bytes = bytes(range(128))
    try:
        return ascii_bytes.decode(encoding) == ascii_bytes.decode("ascii")
    except UnicodeError:
        return False


def _bytes_of(text: pa.Array) -> tuple[Codes, npt.NDArray[np.int64]]:
    """The bytes of all rows, and N + 1 offsets in them from 0."""
    data, starts = spread(text)
    if not len(text):
        return data[:0], starts
    first = int(starts[0])
    return data[first : int(starts[-1])], starts - first if first else starts


def _of_bytes(
    kind: pa.DataType, text: pa.Array, offsets: npt.NDArray[np.int64], data: bytes
) -> pa.Array:
    """An array with the nulls of `text`, from other offsets and bytes."""
    valid = validity(text)
    bits = None if valid is None else pa.py_buffer(np.packbits(valid, bitorder="little"))
    width = np.int64 if pa.types.is_large_string(kind) else np.int32
    cuts = pa.py_buffer(offsets.astype(width))
    return pa.Array.from_buffers(kind, len(text), [bits, cuts, pa.py_buffer(data)])


def _decode_single_bytes(
    text: pa.Array, data: Codes, starts: npt.NDArray[np.int64], encoding: str
) -> Conformed:
    """Decode one byte a character; a byte that the encoding leaves undefined is unreadable."""
    signs = [bytes([byte]).decode(encoding, "replace") for byte in range(256)]
    widths = np.array([len(sign.encode()) for sign in signs], dtype=np.int64)
    ends = np.concatenate(([0], np.cumsum(widths[data])))
    characters = data.tobytes().decode(encoding, "replace").encode()
    kind = pa.large_string() if len(characters) >= 2**31 else text.type
    decoded = _of_bytes(kind, text, ends[starts], characters)
    undefined = np.array([sign == "\ufffd" for sign in signs])
    places = np.flatnonzero(undefined[data])
    if not len(places):
        return Conformed(decoded)
    bad = np.zeros(len(text), dtype=bool)
    bad[np.searchsorted(starts, places, side="right") - 1] = True
    bad &= _present(text)
    return Conformed(_only(decoded, ~bad), _codes(bad, UNREADABLE))


def _decode_each(text: pa.Array, encoding: str) -> Conformed:
    bad = np.zeros(len(text), dtype=bool)
    values: list[str | None] = []
    binary = pa.large_binary() if pa.types.is_large_string(text.type) else pa.binary()
    for row, value in enumerate(text.view(binary).to_pylist()):
        try:
            values.append(None if value is None else value.decode(encoding))
        except UnicodeError:
            values.append(None)
            bad[row] = True
    return Conformed(pa.array(values, text.type), _codes(bad, UNREADABLE))


def _null_empty(text: pa.Array) -> pa.Array:
    if not len(text):
        return text
    _, starts = _bytes_of(text)
    empty = np.diff(starts) == 0
    if not empty.any():
        return text
    bits = pa.py_buffer(np.packbits(_present(text) & ~empty, bitorder="little"))
    if text.offset:
        return _only(text, ~empty)
    return pa.Array.from_buffers(text.type, len(text), [bits, *text.buffers()[1:]])


def _fit_bytes(array: pa.Array, target: pa.DataType) -> Conformed:
    plain = array
    if not pa.types.is_binary(array.type) and not pa.types.is_large_binary(array.type):
        wide = pa.types.is_large_string(array.type)
        plain = array.cast(pa.large_binary() if wide else pa.binary())
    if not pa.types.is_fixed_size_binary(target):
        return Conformed(array if array.type == target else plain.cast(target))
    lengths = pc.binary_length(plain).fill_null(target.byte_width)
    bad = np.asarray(lengths.to_numpy()) != target.byte_width
    if array.type == target:
        return Conformed(array)
    return Conformed(_only(plain, ~bad).cast(target), _codes(bad))


# Text: values

_FORMS = {
    "integer": "^[+-]?[0-9]+$",
    "decimal": r"^[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)$",
    "float": r"^[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?$",
    "date": "^[0-9]{4}-[0-9]{2}-[0-9]{2}$",
    "timestamp": "^[0-9]{4}-[0-9]{2}-[0-9]{2}([ T].+)?$",
    "time": r"^[0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,9})?)?$",
}


def _letters(characters: str) -> Bools:
    table = np.zeros(256, dtype=bool)
    table[list(characters.encode())] = True
    return table


_USUAL = {
    "integer": _letters("0123456789-"),
    "decimal": _letters("0123456789-."),
    "float": _letters("0123456789-.eE"),
    "date": _letters("0123456789-"),
    "timestamp": _letters("0123456789-T:.+Z "),
}
"""Bytes with which Arrow's own parser takes nothing that `_FORMS` would refuse."""


def _sort(target: pa.DataType) -> str:
    if pa.types.is_integer(target):
        return "integer"
    if pa.types.is_floating(target):
        return "float"
    if pa.types.is_decimal(target):
        return "decimal"
    if pa.types.is_boolean(target):
        return "bool"
    if pa.types.is_date(target):
        return "date"
    if pa.types.is_timestamp(target):
        return "timestamp"
    if pa.types.is_time(target):
        return "time"
    if _is_string(target):
        return "string"
    return "binary" if is_text(target) else ""


def _parse(text: pa.Array, target: pa.DataType, wire: Wire) -> Conformed:
    sort = _sort(target)
    if sort == "bool":
        return _parse_bool(text, wire)
    if sort == "date" and wire.dates is not None:
        return _parse_dates(text, target, wire)
    if sort == "timestamp" and wire.dates is not None:
        text = _iso_timestamps(text, wire)
    if wire.decimal != "." and sort in ("decimal", "float"):
        text = _swap_marks(text, wire.decimal)
    quick = _parse_usual(text, target, sort)
    return quick if quick is not None else _parse_form(text, target, sort, wire)


def _parse_usual(text: pa.Array, target: pa.DataType, sort: str) -> Conformed | None:
    """All values at once, if none of them is out of the ordinary."""
    usual = _USUAL.get(sort)
    data, _ = _bytes_of(text)
    if usual is None or not usual[data].all():
        return None
    try:
        parsed = text.cast(target)
    except pa.ArrowInvalid:
        return None
    return _within_calendar(parsed)


def _parse_form(text: pa.Array, target: pa.DataType, sort: str, wire: Wire) -> Conformed:
    """Only the values that have the form; what then cannot be cast has not the type either."""
    trimmed = pc.utf8_trim_whitespace(text)
    if wire.empty_is_null:
        trimmed = _null_empty(trimmed)
    formed = _flags(pc.match_substring_regex(trimmed, _FORMS[sort]))
    bad = _present(trimmed) & ~formed
    plain = _only(trimmed, formed)
    if sort in ("integer", "decimal", "float"):
        plain = pc.replace_substring_regex(plain, r"^\+", "")
        plain = pc.replace_substring_regex(plain, "^(-?)0+([0-9])", r"\1\2")
    if sort == "decimal":
        plain = pc.replace_substring_regex(plain, r"(\.[0-9]*?)0+$", r"\1")
    done = _cast_each(plain, lambda part: _cast_text(part, target, sort), target)
    fine = _within_calendar(done.array)
    return Conformed(fine.array, _merge(_codes(bad), _merge(done.faults, fine.faults)))


def _cast_text(text: pa.Array, target: pa.DataType, sort: str) -> pa.Array:
    if sort != "time":
        return text.cast(target)
    moments = pc.binary_join_element_wise("1970-01-01", text, "T")
    unit = "ns" if target.bit_width == 64 and target == pa.time64("ns") else "us"
    return moments.cast(pa.timestamp(unit)).cast(pa.time64(unit)).cast(target)


_FIRST_DAY = (datetime.date.min - datetime.date(1970, 1, 1)).days
_LAST_DAY = (datetime.date.max - datetime.date(1970, 1, 1)).days


def _within_calendar(array: pa.Array) -> Conformed:
    """Dates and timestamps of the years 1 to 9999; others have not the type."""
    kind = array.type
    if pa.types.is_date(kind):
        a_day = 1 if pa.types.is_date32(kind) else 86_400_000
    elif pa.types.is_timestamp(kind) and kind.unit != "ns":
        a_day = 86_400 * {"s": 1, "ms": 1_000, "us": 1_000_000}[kind.unit]
    else:
        return Conformed(array)
    ticks = array.view(pa.int32() if pa.types.is_date32(kind) else pa.int64())
    extremes = pc.min_max(ticks).as_py()
    first, last = _FIRST_DAY * a_day, (_LAST_DAY + 1) * a_day - 1
    if extremes["min"] is None or (first <= extremes["min"] and extremes["max"] <= last):
        return Conformed(array)
    outside = _flags(pc.or_(pc.less(ticks, first), pc.greater(ticks, last)))
    return Conformed(_only(array, ~outside), _codes(outside))


_TRUE, _FALSE = ("true", "1"), ("false", "0")
_WORDS_TRUE, _WORDS_FALSE = ("oui", "o", "vrai"), ("non", "n", "faux")


def _parse_bool(text: pa.Array, wire: Wire) -> Conformed:
    trimmed = pc.utf8_lower(pc.utf8_trim_whitespace(text))
    if wire.empty_is_null:
        trimmed = _null_empty(trimmed)
    yes = (*_TRUE, *_WORDS_TRUE) if wire.words else _TRUE
    no = (*_FALSE, *_WORDS_FALSE) if wire.words else _FALSE
    true = _flags(pc.is_in(trimmed, value_set=pa.array(yes, trimmed.type)))
    false = _flags(pc.is_in(trimmed, value_set=pa.array(no, trimmed.type)))
    known = true | false
    return Conformed(pa.array(true, mask=~known), _codes(_present(trimmed) & ~known))


def _swap_marks(text: pa.Array, mark: str) -> pa.Array:
    """The decimal mark as a dot, and a dot as what no number holds."""
    data, starts = _bytes_of(text)
    table = np.arange(256, dtype=np.uint8)
    table[ord(".")], table[ord(mark)] = ord("?"), ord(".")
    return _of_bytes(text.type, text, starts, table[data].tobytes())


_PARTS = {"%d": (8, 2), "%m": (5, 2), "%Y": (0, 4)}
"""Place and width of a strptime directive in an ISO 8601 date."""


def _parse_dates(text: pa.Array, target: pa.DataType, wire: Wire) -> Conformed:
    """Dates in the wire's strptime pattern; those of the usual width all at once."""
    assert wire.dates is not None
    iso = _rearrange(text, wire.dates)
    if iso is not None:
        try:
            return _within_calendar(iso.cast(pa.date32()).cast(target))
        except pa.ArrowInvalid:
            pass
    trimmed = pc.utf8_trim_whitespace(text)
    if wire.empty_is_null:
        trimmed = _null_empty(trimmed)
    encoded = trimmed.dictionary_encode()
    days = [_parse_date(value, wire.dates) for value in encoded.dictionary.to_pylist()]
    dates = pa.array(days, pa.date32()).take(encoded.indices)
    bad = _present(trimmed) & ~_present(dates)
    return Conformed(dates.cast(target), _codes(bad))


def _parse_date(value: str, pattern: str) -> datetime.date | None:
    try:
        return datetime.datetime.strptime(value, pattern).date()
    except ValueError:
        return None


def _rearrange(text: pa.Array, pattern: str) -> pa.Array | None:
    """`text` in ISO 8601, if the pattern and every value have the plain, fixed width."""
    pieces = re.findall("%.|[^%]", pattern)
    widths = [_PARTS[one][1] if one in _PARTS else 1 for one in pieces]
    plain = sorted(one for one in pieces if one.startswith("%")) == sorted(_PARTS)
    data, starts = _bytes_of(text)
    valid = validity(text)
    lengths = np.diff(starts)
    width = sum(widths)
    if not plain or not len(text) or not (lengths[valid] == width).all():
        return None
    if valid is not None and lengths[~valid].any():
        return None
    rows = data.reshape(-1, width)
    iso = np.full((len(rows), 10), ord("-"), dtype=np.uint8)
    at = 0
    for piece, wide in zip(pieces, widths, strict=True):
        cells = rows[:, at : at + wide]
        if piece in _PARTS:
            place = _PARTS[piece][0]
            iso[:, place : place + wide] = cells
        elif (cells != ord(piece)).any():
            return None
        at += wide
    offsets = starts // width * 10
    return _of_bytes(text.type, text, offsets, iso.tobytes())


def _iso_timestamps(text: pa.Array, wire: Wire) -> pa.Array:
    """Timestamps whose date part is in the wire's pattern, the date in ISO 8601; others as is."""
    assert wire.dates is not None
    trimmed = pc.utf8_trim_whitespace(text)
    cut = r"^(?P<day>[^ T]+)(?P<time>[ T].*)?$"
    parts = pc.extract_regex(trimmed, cut)
    days = _parse_dates(parts.field("day"), pa.date32(), Wire(dates=wire.dates)).array
    iso = pc.binary_join_element_wise(days.cast(text.type), parts.field("time"), "")
    return pc.if_else(days.is_valid(), iso, pc.if_else(trimmed.is_valid(), "?", trimmed))


# Native values

_EXACT_FLOAT = 2**53


def _convert(array: pa.Array, target: pa.DataType) -> Conformed:
    """Bring native values to another type where nothing is lost."""
    if array.type == target:
        return _within_calendar(array)
    source, sort = _sort(array.type), _sort(target)
    change = _CHANGES.get((source, sort))
    if change is None:
        return Conformed(pa.nulls(len(array), target), _codes(_present(array)))
    done = change(array, target)
    fine = _within_calendar(done.array)
    return Conformed(fine.array, _merge(done.faults, fine.faults))


def _cast_safely(array: pa.Array, target: pa.DataType) -> Conformed:
    return _cast_each(array, lambda part: part.cast(target), target)


def _integers(array: pa.Array, target: pa.DataType) -> Conformed:
    lowest, highest = _range(target)
    own_lowest, own_highest = _range(array.type)
    inside = np.ones(len(array), dtype=bool)
    if own_lowest < lowest:
        inside &= _flags(pc.greater_equal(array, pa.scalar(lowest, array.type)))
    if own_highest > highest:
        inside &= _flags(pc.less_equal(array, pa.scalar(highest, array.type)))
    bad = _present(array) & ~inside
    return Conformed((_only(array, inside) if bad.any() else array).cast(target), _codes(bad))


def _range(kind: pa.DataType) -> tuple[int, int]:
    if pa.types.is_unsigned_integer(kind):
        return 0, int(2**kind.bit_width - 1)
    half = int(2 ** (kind.bit_width - 1))
    return -half, half - 1


def _integer_to_decimal(array: pa.Array, target: pa.DataType) -> Conformed:
    make = pa.decimal128 if 20 + target.scale <= 38 else pa.decimal256
    wide = make(min(20 + max(target.scale, 0), 76), max(target.scale, 0))
    return _cast_safely(array.cast(wide), target)


def _integer_to_bool(array: pa.Array, target: pa.DataType) -> Conformed:
    one, zero = _flags(pc.equal(array, 1)), _flags(pc.equal(array, 0))
    return Conformed(pa.array(one, mask=~(one | zero)), _codes(_present(array) & ~(one | zero)))


def _float_to_integer(array: pa.Array, target: pa.DataType) -> Conformed:
    array = array.cast(pa.float64())
    whole = _flags(pc.and_(pc.equal(array, pc.trunc(array)), pc.is_finite(array)))
    whole &= _flags(pc.less_equal(pc.abs(array), float(_EXACT_FLOAT)))
    numbers = _integers(_only(array, whole).cast(pa.int64()), target)
    return Conformed(numbers.array, _merge(_codes(_present(array) & ~whole), numbers.faults))


def _float_to_decimal(array: pa.Array, target: pa.DataType) -> Conformed:
    if pa.types.is_float16(array.type):
        array = array.cast(pa.float32())
    finite = _flags(pc.is_finite(array))
    done = _cast_safely(_only(array, finite), target)
    back = _flags(pc.equal(done.array.cast(array.type), array))
    bad = _present(array) & ~back
    return Conformed(_only(done.array, back), _codes(bad))


def _float_to_string(array: pa.Array, target: pa.DataType) -> Conformed:
    """Whole numbers as digits, others as short as they come back the same."""
    if pa.types.is_float16(array.type):
        array = array.cast(pa.float32())
    finite = _flags(pc.is_finite(array))
    whole = _float_to_integer(array, pa.int64()).array
    text = pc.coalesce(whole.cast(pa.string()), array.cast(pa.string()))
    return Conformed(_only(text, finite).cast(target), _codes(_present(array) & ~finite))


def _to_string(array: pa.Array, target: pa.DataType) -> Conformed:
    return Conformed(array.cast(pa.string()).cast(target))


def _timestamps(array: pa.Array, target: pa.DataType) -> Conformed:
    if (array.type.tz is None) != (target.tz is None):
        return Conformed(pa.nulls(len(array), target), _codes(_present(array)))
    return _cast_safely(array, target)


def _timestamp_to_date(array: pa.Array, target: pa.DataType) -> Conformed:
    local = array if array.type.tz is None else pc.local_timestamp(array)
    midnight = _flags(pc.equal(pc.floor_temporal(local, unit="day"), local))
    dates = _only(local, midnight).cast(pa.date32()).cast(target)
    return Conformed(dates, _codes(_present(array) & ~midnight))


def _date_to_timestamp(array: pa.Array, target: pa.DataType) -> Conformed:
    if target.tz is not None:
        return Conformed(pa.nulls(len(array), target), _codes(_present(array)))
    return _cast_safely(array, target)


_CHANGES: dict[tuple[str, str], Callable[[pa.Array, pa.DataType], Conformed]] = {
    ("integer", "integer"): _integers,
    ("integer", "float"): _cast_safely,
    ("integer", "decimal"): _integer_to_decimal,
    ("integer", "bool"): _integer_to_bool,
    ("integer", "string"): _to_string,
    ("float", "float"): _cast_safely,
    ("float", "integer"): _float_to_integer,
    ("float", "decimal"): _float_to_decimal,
    ("float", "string"): _float_to_string,
    ("decimal", "decimal"): _cast_safely,
    ("decimal", "integer"): _cast_safely,
    ("decimal", "float"): _cast_safely,
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
