"""CSV by ranges: records are counted where quotes leave no doubt where they begin.

Quotes are proved as in `csv_records`, but for a stretch of a file, of which nobody knows whether it
begins inside of quotes: so both ways. Where the proof fails, or text is in an encoding in which a
byte of ASCII may be a part of a character, one worker reads the file.
"""

import codecs
import re
from typing import Any, Final

import numpy as np

from tamis.arrow.bits import mark_classes, places_of, shift_down, shift_up
from tamis.arrow.types import Words
from tamis.documents.feed_format import CsvOptions
from tamis.formats.csv_head import read_head
from tamis.formats.csv_records import without_escapes
from tamis.formats.csv_text import Utf8Text
from tamis.formats.ranges import Counts, Place
from tamis.plan.plan import Plan

_AROUND: Final = 1 << 16
"""Bytes before and behind a stretch that are looked at, at most, to tell what its ends mean."""

_LAST_BIT = np.uint64(63)
_ONE = np.uint64(1)


def has_plain_bytes(encoding: str) -> bool:
    """Whether each byte of ASCII is that character wherever it stands in text.

    Example:
        >>> [has_plain_bytes(name) for name in ("utf-8", "cp1252", "utf-16", "shift_jis", "cp037")]
        [True, True, False, False, False]
    """
    if codecs.lookup(encoding).name in ("utf-8", "utf-8-sig"):
        return True
    decoder = codecs.getincrementaldecoder(encoding)("replace")
    try:
        texts = [decoder.decode(bytes([byte])) for byte in range(256)]
    except UnicodeError:
        return False
    high = "".join(texts[128:])
    return (
        "".join(texts[:128]) == bytes(range(128)).decode()
        and all(len(text) == 1 for text in texts[128:])
        and not any(character.isascii() for character in high)
    )


def csv_begin(stream: Any, plan: Plan, source: str) -> int | None:
    """Where the records of a CSV file begin, in bytes; None where it is not read by ranges.

    Raises:
        InputError: see `read_head`.
    """
    options = plan.format.csv
    if not has_plain_bytes(options.encoding):
        return None
    return read_head(stream, Utf8Text(stream, options.encoding, source), plan, source).end


def count_csv(stream: Any, plan: Plan, begin: int, start: int, stop: int) -> Counts:
    """Count the records that begin from `start` to before `stop`."""
    starts = _record_starts(stream, plan.format.csv, begin, start, stop)
    if starts is None:
        return Counts(start, stop, (None, None))
    outside, inside, turns = starts
    return Counts(start, stop, (_count(outside), _count(inside)), turns)


def find_csv(stream: Any, plan: Plan, begin: int, place: Place) -> tuple[int, int]:
    """Where the record at a place begins, in bytes; CSV counts no lines."""
    starts = _record_starts(stream, plan.format.csv, begin, place.start, place.stop)
    row = None if starts is None else starts[1] if place.quoted else starts[0]
    bits = places_of(row) if row is not None else np.zeros(0, np.int64)
    # Another file than the one that was counted has its records elsewhere: reading it will show.
    offset = int(bits[place.skip]) - 1 if place.skip < len(bits) else 0
    return max(begin, place.start) + offset, 0


def _record_starts(
    stream: Any, options: CsvOptions, begin: int, start: int, stop: int
) -> tuple[Words | None, Words | None, bool] | None:
    """Of each byte from the one before `start` on one bit: whether a record begins there.

    Returns:
        The bits where `start` stands outside of quotes, and where it stands inside, None for each
        that cannot be; and whether the state has changed at `stop`. None where nothing is known.
    """
    start = max(begin, start)
    low = max(begin, start - (_AROUND if options.escape else 1))
    stream.seek(low)
    text = stream.read(max(0, stop - low) + _AROUND)
    at_end = len(text) < max(0, stop - low) + _AROUND
    own = start - low
    size = min(len(text), stop - low) - own
    if size <= 0:
        nothing = np.zeros(1, np.uint64)
        return nothing, nothing, False
    if options.escape is not None:
        escape = options.escape.encode()
        before = max(0, own - 1)
        aligned = len(text[:before].rstrip(escape))
        if aligned == 0 and before and low > begin:
            return None
        text = text[:aligned] + without_escapes(text[aligned:], options.escape)
        if at_end and text.endswith(escape):
            return None
    # One byte before and one behind; a line break where the text begins and ends.
    first = text[own - 1 : own] if own else b"\n"
    area = first + text[own : own + size] + (text[own + size : own + size + 1] or b"\n")
    return _starts_in(area, text[own:], options, at_end=at_end)


def _starts_in(
    area: bytes, text: bytes, options: CsvOptions, *, at_end: bool
) -> tuple[Words | None, Words | None, bool] | None:
    """The bits of `area`, of whose first and last byte only the meaning for others counts.

    Args:
        area: the stretch, and a byte on either side.
        text: from the stretch on, and what was read behind it.
        options: of the schema's format.
        at_end: whether the text ends where the file does.
    """
    separator, quote = options.separator.encode(), (options.quote or "").encode()
    quotes, separators, breaks = _mark_signs(area, separator, quote)
    own = np.full_like(breaks, ~np.uint64(0))
    own[0] ^= _ONE
    last = len(area) - 1
    own[last >> 6] &= (_ONE << np.uint64(last & 63)) - _ONE
    own[(last >> 6) + 1 :] = 0
    starts = shift_up(breaks) & ~breaks & own
    outside: Words | None = starts
    inside: Words | None = np.zeros_like(starts)
    turns = False
    if quotes.any():
        bounds = quotes | separators | breaks
        quotes &= own
        within = _inside_quotes(quotes)
        turns = bool(within[-1] >> _LAST_BIT)
        before = shift_up(within)
        opens, closes = quotes & ~shift_up(bounds), quotes & ~shift_down(bounds)
        outside, inside = starts & ~before, starts & before
        if (within & opens).any() or (~within & closes).any():
            outside = None
        if (~within & opens).any() or (within & closes).any():
            inside = None
    empty = _empty_lines(starts & separators, text, separator, at_end=at_end)
    if empty is None:
        return None
    for place in empty:
        for row in (outside, inside):
            if row is not None:
                row[place >> 6] &= ~(_ONE << np.uint64(place & 63))
    return outside, inside, turns


def _mark_signs(text: bytes, separator: bytes, quote: bytes) -> list[Words]:
    """The bitmaps of quotes, of separators and of line breaks, with a word of zeros behind them."""
    table = bytearray(256)
    for sign, place in ((quote, 1), (separator, 2), (b"\r\n", 4)):
        for byte in sign:
            table[byte] |= place
    return mark_classes(np.frombuffer(text, np.uint8), bytes(table), 3)


def _inside_quotes(quotes: Words) -> Words:
    """Of each byte the bit: whether what stands behind it is inside of quotes."""
    inside, shifted = quotes.copy(), np.empty_like(quotes)
    for width in (1, 2, 4, 8, 16, 32):
        inside ^= np.left_shift(inside, np.uint64(width), out=shifted)
    odd = np.bitwise_xor.accumulate(inside >> _LAST_BIT)
    inside[1:] ^= np.uint64(0) - odd[:-1]
    return inside


def _empty_lines(begun: Words, text: bytes, separator: bytes, *, at_end: bool) -> list[int] | None:
    """Of the places at which lines begin with a separator, those of lines that have nothing else.

    Args:
        begun: a bit for each of them, from the byte before the text on.
        text: from the stretch on, and what was read behind it.
        separator: between fields.
        at_end: whether the text ends where the file does.

    Returns:
        The places; None where the text ends before such a line does.
    """
    if not begun.any():
        return []
    line = re.compile(re.escape(separator) + rb"+([\r\n]|\Z)")
    places = []
    for place in places_of(begun).tolist():
        match = line.match(text, place - 1)
        if match is not None and not match[1] and not at_end:
            return None
        if match is not None:
            places.append(place)
    return places


def _count(bits: Words | None) -> int | None:
    return None if bits is None else int(np.bitwise_count(bits).sum())
