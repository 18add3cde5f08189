"""Reading text: encodings, and numbers, dates and truth values as each format writes them.

    integer     optional sign, digits
    decimal     digits and the format's decimal mark, no exponent, no digit past the type's scale
    float       the same, and an exponent
    bool        true false 1 0; in CSV and DSN also oui non o n vrai faux
    date        ISO 8601, or one of the format's patterns; 31 February is none
    timestamp   ISO 8601, with an offset, `Z` or ` UTC` if and only if the type has a zone
    time        hh:mm, hh:mm:ss, hh:mm:ss.ffffff

Blanks around anything but a string do not count. In CSV and DSN an empty value is null whatever
the type, strings included: neither format can tell the two apart. Thousands separators, a currency
sign and words for null are read where the format has them. `tests/filter/test_lenient.py` has what
other parsers let pass, and what becomes of it.
"""

import codecs
import re

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tamis.arrow.buffers import are_valid, as_flags, text_parts
from tamis.arrow.types import Bools, Ints, has_offsets, is_string
from tamis.filter.conformed import (
    UNREADABLE,
    Codes,
    Conformed,
    cast_each,
    codes_of,
    keep_where,
    merge_faults,
    null_empty,
    sort_of,
    within_calendar,
)
from tamis.filter.dialect import TextDialect
from tamis.filter.parse_dates import only_one, parse_dates, write_timestamps


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


_ZEROS = (
    "(:[0-9]{2}:[0-9]{2})[.]0+($|[Z+-])",
    "(:[0-9]{2}:[0-9]{2}[.][0-9]*[1-9])0+($|[Z+-])",
)
"""Zeros at the end of a fraction of a second, for which a type's unit may have no digits."""


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
        >>> amount, dialect = pa.decimal128(7, 2), TextDialect(decimal=",", thousands=" ")
        >>> parse_text(pa.array(["1 234,50"]), amount, dialect).array.to_pylist()
        [Decimal('1234.50')]
    """
    sort = sort_of(target)
    if pa.types.is_large_string(text.type):
        text = text.cast(pa.string())
    if sort == "bool":
        return _parse_bool(text, dialect)
    if sort == "date" and dialect.dates:
        return parse_dates(text, target, dialect)
    if sort == "timestamp" and dialect.dates:
        return _parse_timestamps(text, target, dialect)
    if sort in ("integer", "decimal", "float"):
        text = _plain_numbers(text, sort, dialect)
    return _parse_plain(text, target, sort, dialect)


def _parse_timestamps(text: pa.Array, target: pa.DataType, dialect: TextDialect) -> Conformed:
    """Timestamps whose date has one of the dialect's patterns."""
    trimmed = pc.utf8_trim_whitespace(text)
    if dialect.empty_is_null:
        trimmed = null_empty(trimmed)
    readings = []
    for pattern in dialect.dates:
        written = write_timestamps(trimmed, pattern, dialect)
        array = _parse_plain(written, target, "timestamp", dialect).array
        readings.append((array, are_valid(trimmed) & ~are_valid(array)))
    timestamps, bad = only_one(readings)
    return Conformed(timestamps, codes_of(bad))


_BLANK = "[\\s\\x{A0}\\x{202F}]*"
_THOUSANDS = {" ": "[ \\x{A0}\\x{202F}]", "'": "['\\x{2019}]", ".": r"\.", ",": ","}


def _plain_numbers(text: pa.Array, sort: str, dialect: TextDialect) -> pa.Array:
    """Numbers without currency and thousands separators, with a dot for a decimal mark.

    What is not as the dialect says stays in a form that no number has.
    """
    mark = dialect.decimal
    if dialect.currency is not None:
        sign, number = re.escape(dialect.currency), "([+-]?[0-9.,](?:.*[0-9.,])?)"
        either = f"^{_BLANK}(?:{number}{_BLANK}{sign}|{sign}{_BLANK}{number}){_BLANK}$"
        text = pc.replace_substring_regex(text, either, r"\1\2")
    if dialect.thousands is not None:
        gap = _THOUSANDS[dialect.thousands]
        number = rf"[+-]?[1-9][0-9]{{0,2}}({gap}[0-9]{{3}})+({re.escape(mark)}[0-9]*)?"
        ours = as_flags(pc.match_substring_regex(text, f"^{_BLANK}{number}{_BLANK}$"))
        if ours.any():
            text = pc.if_else(pa.array(ours), pc.replace_substring_regex(text, gap, ""), text)
    if mark != "." and sort != "integer":
        text = pc.replace_substring(text, ".", "?")  # which no number holds
        text = pc.replace_substring(text, mark, ".")
    return text


def _parse_plain(text: pa.Array, target: pa.DataType, sort: str, dialect: TextDialect) -> Conformed:
    """Values in the forms that all formats share."""
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
    if sort == "timestamp":
        trimmed = pc.replace_substring_regex(trimmed, " UTC$", "Z")
    if sort in ("timestamp", "time"):
        for zeros in _ZEROS:
            trimmed = pc.replace_substring_regex(trimmed, zeros, r"\1\2")
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
