"""Reading text: encodings, and numbers, dates and truth values as each format writes them.

    integer     optional sign, digits
    decimal     digits and the format's decimal mark, no exponent, no digit past the type's scale
    float       the same, and an exponent
    bool        true false 1 0; in CSV and DSN also oui non o n vrai faux
    date        ISO 8601, or the format's pattern; 31 February is none
    timestamp   ISO 8601, with an offset if and only if the type has a zone
    time        hh:mm, hh:mm:ss, hh:mm:ss.ffffff

Blanks around anything but a string do not count. In CSV and DSN an empty value is null whatever
the type, strings included: neither format can tell the two apart.
"""

import codecs
import datetime
import re
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tamis.arrow.buffers import are_valid, as_flags, bitmap, text_parts
from tamis.arrow.types import Bools, Ints, has_offsets, is_string
from tamis.documents.schema import Format
from tamis.filter.conformed import (
    TYPE,
    UNREADABLE,
    Codes,
    Conformed,
    cast_each,
    codes_of,
    keep_where,
    merge_faults,
    sort_of,
    within_calendar,
)


@dataclass(frozen=True)
class TextDialect:
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


def dialect_of(form: Format) -> TextDialect:
    """How text is read in a feed of this format.

    Example:
        >>> dialect_of(Format(name="dsn")).dates
        '%d%m%Y'
    """
    if form.name == "csv":
        csv = form.csv
        return TextDialect(csv.encoding, csv.decimal, csv.dates, empty_is_null=True, words=True)
    if form.name == "dsn":
        return TextDialect(dates="%d%m%Y", empty_is_null=True, words=True)
    return TextDialect()


def read_text(array: pa.Array, dialect: TextDialect) -> Conformed:
    """Text that is known to be UTF-8, from strings or from bytes in the dialect's encoding.

    Args:
        array: N strings or binaries of any width.
        dialect: whose encoding binaries are in; strings claim to be UTF-8 and are checked.

    Returns:
        N strings or large strings; `UNREADABLE` where the bytes are no text.

    Example:
        >>> read_text(pa.array([b"caf\\xe9", b"th\\xe9"]), TextDialect("latin-1")).array.to_pylist()
        ['café', 'thé']
    """
    binary = not is_string(array.type)
    if not has_offsets(array.type):
        array = array.cast(pa.large_binary())
    wide = pa.types.is_large_binary(array.type) or pa.types.is_large_string(array.type)
    kind = pa.large_string() if wide else pa.string()
    encoding = codecs.lookup(dialect.encoding).name if binary else "utf-8"
    array = array.view(pa.large_binary() if wide else pa.binary())
    if encoding not in ("utf-8", "utf-8-sig"):
        return _decode(array, encoding, kind)
    return cast_each(array, lambda part: part.cast(kind), kind, UNREADABLE)


def _decode(array: pa.Array, encoding: str, kind: pa.DataType) -> Conformed:
    """Bytes of any encoding as text of type `kind`; each distinct value is decoded once."""
    encoded = array.dictionary_encode()
    texts: list[str | None] = []
    for value in encoded.dictionary.to_pylist():
        try:
            texts.append(value.decode(encoding))
        except UnicodeError:
            texts.append(None)
    text = pa.array(texts, kind).take(encoded.indices)
    return Conformed(text, codes_of(are_valid(array) & ~are_valid(text), UNREADABLE))


def null_empty(text: pa.Array) -> pa.Array:
    """Null where the text is empty."""
    if not len(text):
        return text
    _, starts = _bytes_of(text)
    empty = np.diff(starts) == 0
    if not empty.any():
        return text
    if text.offset:
        return keep_where(text, ~empty)
    bits = bitmap(are_valid(text) & ~empty)
    return pa.Array.from_buffers(text.type, len(text), [bits, *text.buffers()[1:]])


def _bytes_of(text: pa.Array) -> tuple[Codes, Ints]:
    """The bytes of all rows, and N + 1 offsets in them from 0."""
    data, starts = text_parts(text)
    if not len(text):
        return data[:0], starts
    first = int(starts[0])
    return data[first : int(starts[-1])], starts - first if first else starts


# Values

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

_DIGITS = {32: 9, 64: 18, 128: 38, 256: 76}
"""Digits that a decimal's bits hold; of more, Arrow's parser makes another number (25.0.1)."""


def _digits_held(kind: pa.DataType) -> int:
    """Digits of a text that a decimal holds whatever stands behind its mark."""
    return int(_DIGITS[kind.bit_width] - max(kind.scale, 0))


def parse_text(text: pa.Array, target: pa.DataType, dialect: TextDialect) -> Conformed:
    """Values of the type `target`, which is neither string nor binary, from text.

    Example:
        >>> amount = pa.decimal128(5, 2)
        >>> parse_text(pa.array(["1,50"]), amount, TextDialect(decimal=",")).array.to_pylist()
        [Decimal('1.50')]
    """
    sort = sort_of(target)
    if pa.types.is_large_string(text.type):
        text = text.cast(pa.string())
    if sort == "bool":
        return _parse_bool(text, dialect)
    if sort == "date" and dialect.dates is not None:
        return _parse_dates(text, target, dialect)
    if sort == "timestamp" and dialect.dates is not None:
        text = _iso_timestamps(text, dialect)
    if dialect.decimal != "." and sort in ("decimal", "float"):
        text = pc.replace_substring(text, ".", "?")  # which no number holds
        text = pc.replace_substring(text, dialect.decimal, ".")
    quick = _parse_usual(text, target, sort)
    return quick if quick is not None else _parse_form(text, target, sort, dialect)


def _parse_usual(text: pa.Array, target: pa.DataType, sort: str) -> Conformed | None:
    """Parse all values at once; None if some hold a byte that Arrow's parser may misread."""
    usual = _USUAL.get(sort)
    data, starts = _bytes_of(text)
    if usual is None or not usual[data].all():
        return None
    if sort == "decimal" and len(text) and np.diff(starts).max() > _digits_held(target):
        return None
    try:
        parsed = text.cast(target)
    except pa.ArrowInvalid:
        return None
    if sort == "float" and _beyond(parsed).any():
        return None
    return within_calendar(parsed)


def _beyond(floats: pa.Array) -> Bools:
    """Where a number was too large, and was made infinity."""
    return are_valid(floats) & ~as_flags(pc.is_finite(floats))


def _parse_form(text: pa.Array, target: pa.DataType, sort: str, dialect: TextDialect) -> Conformed:
    """Parse the values that have the form of `sort`; what then cannot be cast is a fault too."""
    trimmed = pc.utf8_trim_whitespace(text)
    if dialect.empty_is_null:
        trimmed = null_empty(trimmed)
    formed = as_flags(pc.match_substring_regex(trimmed, _FORMS[sort]))
    bad = are_valid(trimmed) & ~formed
    plain = keep_where(trimmed, formed)
    if sort in ("integer", "decimal", "float"):
        plain = pc.replace_substring_regex(plain, r"^\+", "")
        plain = pc.replace_substring_regex(plain, "^(-?)0+([0-9])", r"\1\2")
    if sort == "decimal":
        plain = pc.replace_substring_regex(plain, r"(\.[0-9]*?)0+$", r"\1")
        digits = pc.utf8_length(pc.replace_substring_regex(plain, r"^-?0?|\.", ""))
        whole = pc.utf8_length(pc.replace_substring_regex(plain, r"^-?0?|\.[0-9]*$", ""))
        many = as_flags(pc.greater(digits, _DIGITS[target.bit_width]))
        many |= as_flags(pc.greater(whole, max(target.precision - target.scale, 0)))
        plain, bad = keep_where(plain, ~many), bad | many
    done = cast_each(plain, lambda part: _cast_text(part, target, sort), target)
    fine = within_calendar(done.array)
    if sort == "float" and (beyond := _beyond(fine.array)).any():
        fine, bad = Conformed(keep_where(fine.array, ~beyond)), bad | beyond
    return Conformed(fine.array, merge_faults(codes_of(bad), done.faults, fine.faults))


def _cast_text(text: pa.Array, target: pa.DataType, sort: str) -> pa.Array:
    if sort != "time":
        return text.cast(target)
    moments = pc.binary_join_element_wise("1970-01-01", text, "T")
    unit = "ns" if target.bit_width == 64 and target == pa.time64("ns") else "us"
    return moments.cast(pa.timestamp(unit)).cast(pa.time64(unit)).cast(target)


_TRUE, _FALSE = ("true", "1"), ("false", "0")
_WORDS_TRUE, _WORDS_FALSE = ("oui", "o", "vrai"), ("non", "n", "faux")


def _parse_bool(text: pa.Array, dialect: TextDialect) -> Conformed:
    trimmed = pc.utf8_lower(pc.utf8_trim_whitespace(text))
    if dialect.empty_is_null:
        trimmed = null_empty(trimmed)
    yes = (*_TRUE, *_WORDS_TRUE) if dialect.words else _TRUE
    no = (*_FALSE, *_WORDS_FALSE) if dialect.words else _FALSE
    true = as_flags(pc.is_in(trimmed, value_set=pa.array(yes)))
    false = as_flags(pc.is_in(trimmed, value_set=pa.array(no)))
    known = true | false
    return Conformed(pa.array(true, mask=~known), codes_of(are_valid(trimmed) & ~known))


_PARTS = {"%d": (8, 2), "%m": (5, 2), "%Y": (0, 4)}
"""Place and width of a strptime directive in an ISO 8601 date."""


def _parse_dates(text: pa.Array, target: pa.DataType, dialect: TextDialect) -> Conformed:
    """Dates in the dialect's strptime pattern; those of its usual width all at once."""
    assert dialect.dates is not None
    iso, usual = _rearrange(text, dialect.dates)
    done = cast_each(iso, lambda part: part.cast(pa.date32()), pa.date32())
    dates, bad = done.array, None if done.faults is None else done.faults == TYPE
    others = are_valid(text) & ~usual
    if others.any():
        read, failed = _parse_each_date(text.filter(pa.array(others)), dialect)
        dates = pc.replace_with_mask(dates, pa.array(others), read)
        bad = np.zeros(len(text), dtype=bool) if bad is None else bad
        bad[others] = failed
    fine = within_calendar(dates)
    return Conformed(
        fine.array.cast(target), merge_faults(fine.faults, None if bad is None else codes_of(bad))
    )


def _parse_each_date(text: pa.Array, dialect: TextDialect) -> tuple[pa.Array, Bools]:
    trimmed = pc.utf8_trim_whitespace(text)
    if dialect.empty_is_null:
        trimmed = null_empty(trimmed)
    encoded = trimmed.dictionary_encode()
    assert dialect.dates is not None
    days = [_parse_date(value, dialect.dates) for value in encoded.dictionary.to_pylist()]
    dates = pa.array(days, pa.date32()).take(encoded.indices)
    return dates, are_valid(trimmed) & ~are_valid(dates)


def _parse_date(value: str, pattern: str) -> datetime.date | None:
    try:
        return datetime.datetime.strptime(value, pattern).date()
    except ValueError:
        return None


def _rearrange(text: pa.Array, pattern: str) -> tuple[pa.Array, Bools]:
    """`text` in ISO 8601 where it has the pattern's fixed width and signs, else null; and where."""
    pieces = re.findall("%.|[^%]", pattern)
    plain = sorted(piece for piece in pieces if piece.startswith("%")) == sorted(_PARTS)
    usual = np.zeros(len(text), dtype=bool)
    if not plain or not pattern.isascii() or not len(text):
        return pa.nulls(len(text), pa.string()), usual
    width = sum(_PARTS[piece][1] if piece in _PARTS else 1 for piece in pieces)
    data, starts = _bytes_of(text)
    usual = are_valid(text) & (np.diff(starts) == width)
    places = np.flatnonzero(usual)
    if len(data) == width * len(text) and len(places) == len(text):
        rows = data.reshape(-1, width)
    else:
        rows = data[starts[places][:, None] + np.arange(width)]
    iso = np.full((len(rows), 10), ord("-"), dtype=np.uint8)
    signs = np.ones(len(rows), dtype=bool)
    at = 0
    for piece in pieces:
        if piece in _PARTS:
            place, wide = _PARTS[piece]
            iso[:, place : place + wide] = rows[:, at : at + wide]
            at += wide
        else:
            signs &= rows[:, at] == ord(piece)
            at += 1
    if not signs.all():
        usual[places[~signs]] = False
        iso = iso[signs]
    offsets = np.zeros(len(text) + 1, dtype=np.int32)
    np.cumsum(usual * 10, out=offsets[1:])
    bits = None if usual.all() else bitmap(usual)
    buffers = [bits, pa.py_buffer(offsets), pa.py_buffer(iso.tobytes())]
    return pa.Array.from_buffers(pa.string(), len(text), buffers), usual


def _iso_timestamps(text: pa.Array, dialect: TextDialect) -> pa.Array:
    """Timestamps whose date part has the dialect's pattern, the date in ISO 8601; others as is."""
    assert dialect.dates is not None
    trimmed = pc.utf8_trim_whitespace(text)
    cut = r"^(?P<day>[^ T]+)(?P<time>[ T].*)?$"
    parts = pc.extract_regex(trimmed, cut)
    days = _parse_dates(parts.field("day"), pa.date32(), TextDialect(dates=dialect.dates)).array
    iso = pc.binary_join_element_wise(days.cast(pa.string()), parts.field("time"), "")
    return pc.if_else(days.is_valid(), iso, pc.if_else(trimmed.is_valid(), "?", trimmed))
