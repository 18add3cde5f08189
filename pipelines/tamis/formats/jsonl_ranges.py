"""JSON Lines by ranges: a record is a line that is not blank, and lines end at 0x0A."""

import re
from itertools import islice
from typing import Any, Final

from tamis.formats.ranges import Counts, Place
from tamis.plan.plan import Plan

_AHEAD: Final = 1 << 16
"""Bytes behind a stretch that are looked at, at most, for the end of a blank line."""

_BOM = b"\xef\xbb\xbf"
_BLANK = re.compile(rb"\n[ \t\r\v\f]*(?:(?=\n)|(\Z))")


def jsonl_begin(stream: Any, _plan: Plan, _source: str) -> int:
    """Where the lines begin, in bytes."""
    return len(_BOM) if stream.read(len(_BOM)) == _BOM else 0


def count_jsonl(stream: Any, _plan: Plan, begin: int, start: int, stop: int) -> Counts:
    """Count the records that begin from `start` to before `stop`, and the line breaks there."""
    text, own, at_end = _read(stream, begin, start, stop)
    blank = _blank_lines(text, own, at_end=at_end)
    if blank is None:
        return Counts(start, stop, (None, None))
    records = text.count(b"\n", 0, own) - len(blank)
    return Counts(start, stop, (records, None), lines=text.count(b"\n", 1, own + 1))


def find_jsonl(stream: Any, _plan: Plan, begin: int, place: Place) -> tuple[int, int]:
    """Where the record at a place begins, in bytes, and the line breaks before it."""
    text, own, at_end = _read(stream, begin, place.start, place.stop)
    blank = {*(_blank_lines(text, own, at_end=at_end) or ())}
    breaks = (match.start() for match in re.finditer(rb"\n", text[:own]))
    full = (at for at in breaks if at not in blank)
    # Another file than the one that was counted has its records elsewhere: reading it will show.
    at = next(islice(full, place.skip, None), 0)
    return max(begin, place.start) + at, place.lines + text.count(b"\n", 1, at + 1)


def _read(stream: Any, begin: int, start: int, stop: int) -> tuple[bytes, int, bool]:
    """A line break or the byte before a stretch, it, and bytes behind it.

    Returns:
        The bytes; how many of them stand before the last one of the stretch, so that a line begins
        in it behind each line break among them; and whether the text ends where the file does.
    """
    start = max(begin, start)
    size = max(0, stop - start)
    low = max(begin, start - 1)
    stream.seek(low)
    text = stream.read(start - low + size + _AHEAD)
    at_end = len(text) < start - low + size + _AHEAD
    text = text if low < start else b"\n" + text
    return text, max(0, min(size, len(text) - 1)), at_end


def _blank_lines(text: bytes, own: int, *, at_end: bool) -> list[int] | None:
    """The line breaks before blank lines, of the first `own` bytes; None if one has no end."""
    places = []
    for match in _BLANK.finditer(text):
        if match.start() >= own:
            break
        if match[1] is not None and not at_end:
            return None
        places.append(match.start())
    return places
