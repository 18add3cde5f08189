"""Dates and timestamps in a format's patterns, from text.

A text that several patterns read as several days names none of them.
"""

from collections.abc import Iterable
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tamis.arrow.buffers import are_valid, as_flags, bitmap, text_parts
from tamis.arrow.types import Bools
from tamis.documents.date_patterns import date_pattern
from tamis.filter.conformed import (
    TYPE,
    Conformed,
    cast_each,
    codes_of,
    keep_where,
    merge_faults,
    null_empty,
    within_calendar,
)
from tamis.filter.dialect import TextDialect

_PARTS: Final = {"%d": (8, 2), "%m": (5, 2), "%Y": (0, 4)}
"""Place and width of a directive in an ISO 8601 date."""


_MIDNIGHT: Final = r"[ T]00:00:00(?:\.0+)?$"
"""How databases write a date as a moment."""


def parse_dates(text: pa.Array, target: pa.DataType, dialect: TextDialect) -> Conformed:
    """Dates in one of the dialect's patterns; a time of midnight behind a date is none.

    Args:
        text: N strings.
        target: a type of dates.
        dialect: whose patterns are read, one or more.

    Example:
        >>> text = pa.array(["29/02/2024", "2024-02-29 00:00:00", "2902024"])
        >>> dialect = TextDialect(dates=("%d/%m/%Y", "%Y-%m-%d"))
        >>> parse_dates(text, pa.date32(), dialect).faults.tolist()
        [0, 0, 2]
    """
    readings = (_parse_pattern(text, pattern, dialect) for pattern in dialect.dates)
    dates, bad = only_one(readings)
    fine = within_calendar(dates)
    return Conformed(fine.array.cast(target), merge_faults(fine.faults, codes_of(bad)))


def only_one(readings: Iterable[tuple[pa.Array, Bools]]) -> tuple[pa.Array, Bools]:
    """Of several readings of N texts the one there is; and which have none, or two that differ.

    Args:
        readings: N values each, null where there is none, and which of them are none though there
            is a text.
    """
    (values, bad), *more = readings
    differ = np.zeros(len(values), dtype=bool)
    for others, unread in more:
        differ |= as_flags(pc.not_equal(values, others))
        values, bad = pc.coalesce(values, others), bad & unread
    return keep_where(values, ~differ), bad | differ


def write_timestamps(text: pa.Array, pattern: str, dialect: TextDialect) -> pa.Array:
    """Timestamps in ISO 8601 where a text without blanks around it has the pattern, else null.

    A pattern without a time stands for the date only; the time behind it stays as it is.

    Example:
        >>> text = pa.array(["29/02/2024 14:05", "hier"])
        >>> write_timestamps(text, "%d/%m/%Y", TextDialect()).to_pylist()
        ['2024-02-29 14:05', None]
    """
    pieces = date_pattern(pattern).pieces
    if "%H" in pieces:
        return _read_each(text, pattern, dialect).cast(pa.string())
    gaps = sum(piece in " T" for piece in pieces)
    cut = rf"^(?P<day>[^ T]+(?:[ T][^ T]+){{{gaps}}})(?P<time>[ T].*)?$"
    parts = pc.extract_regex(text, cut)
    days = _parse_pattern(parts.field("day"), pattern, dialect)[0]
    return pc.binary_join_element_wise(days.cast(pa.string()), parts.field("time"), "")


def _parse_pattern(text: pa.Array, pattern: str, dialect: TextDialect) -> tuple[pa.Array, Bools]:
    """Dates of 32 bits, those of the pattern's usual width all at once; and what is none."""
    iso, usual = _rearrange(text, pattern)
    done = cast_each(iso, lambda part: part.cast(pa.date32()), pa.date32())
    dates = done.array
    bad = np.zeros(len(text), dtype=bool) if done.faults is None else done.faults == TYPE
    others = are_valid(text) & ~usual
    if others.any():
        trimmed = pc.utf8_trim_whitespace(text.filter(pa.array(others)))
        if dialect.empty_is_null:
            trimmed = null_empty(trimmed)
        if "%H" not in date_pattern(pattern).pieces:
            trimmed = pc.replace_substring_regex(trimmed, _MIDNIGHT, "")
        moments = _read_each(trimmed, pattern, dialect)
        days = pc.floor_temporal(moments, unit="day")
        read = keep_where(days, as_flags(pc.fill_null(pc.equal(days, moments), False)))
        dates = pc.replace_with_mask(dates, pa.array(others), read.cast(pa.date32()))
        bad[others] = are_valid(trimmed) & ~are_valid(read)
    return dates, bad


def _read_each(text: pa.Array, pattern: str, dialect: TextDialect) -> pa.Array:
    """Timestamps of seconds, each distinct text read once; null where one is none."""
    encoded = text.dictionary_encode()
    read, century_from = date_pattern(pattern).read, dialect.century_from
    moments = [read(value, century_from) for value in encoded.dictionary.to_pylist()]
    return pa.array(moments, pa.timestamp("s")).take(encoded.indices)


def _rearrange(text: pa.Array, pattern: str) -> tuple[pa.Array, Bools]:
    """`text` in ISO 8601 where it has the pattern's usual width and signs, else null; and where."""
    pieces = date_pattern(pattern).pieces
    usual = np.zeros(len(text), dtype=bool)
    directives = sorted(piece for piece in pieces if piece.startswith("%"))
    if directives != sorted(_PARTS) or not "".join(pieces).isascii() or not len(text):
        return pa.nulls(len(text), pa.string()), usual
    width = sum(_PARTS[piece][1] if piece in _PARTS else 1 for piece in pieces)
    data, starts = text_parts(text)
    usual = are_valid(text) & (np.diff(starts) == width)
    places = np.flatnonzero(usual)
    first = int(starts[0])
    if int(starts[-1]) - first == width * len(text) and len(places) == len(text):
        rows = data[first : int(starts[-1])].reshape(-1, width)
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
