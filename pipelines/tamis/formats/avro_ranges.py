"""Avro by ranges: the blocks of a container file are found by its sync marker, and hopped over.

A marker that stands in a record by chance, or by intent, breaks the chain of blocks from stretch to
stretch: then one worker reads the file.
"""

from typing import Any, Final

from tamis.formats.avro_container import SYNC_BYTES, AvroFile
from tamis.formats.ranges import Counts
from tamis.plan.plan import Plan

_AHEAD: Final = 64
"""Bytes behind a stretch that are looked at: the head of a block takes fewer."""

_LONG_BYTES: Final = 10


def avro_begin(stream: Any, _plan: Plan, source: str) -> int:
    """Where the blocks begin, in bytes.

    Raises:
        InputError: see `AvroFile`.
    """
    AvroFile(stream, source)
    return int(stream.tell())


def count_avro(stream: Any, _plan: Plan, begin: int, start: int, stop: int) -> Counts:
    """Count the records of the blocks that begin from `start` to before `stop`."""
    nothing = Counts(start, stop, (0, None))
    if stop <= begin:
        return nothing
    stream.seek(begin - SYNC_BYTES)
    sync = stream.read(SYNC_BYTES)
    low = max(begin, start) - SYNC_BYTES
    stream.seek(low)
    text = stream.read(stop - low + _AHEAD)
    end = min(len(text), stop - low)
    first = text.find(sync, 0, end - 1) + SYNC_BYTES
    if not SYNC_BYTES <= first < end:
        return nothing
    at, records = first, 0
    while at < end:
        count, at = _long(text, at)
        size, at = _long(text, at)
        if count < 0 or size < 0:
            return Counts(start, stop, (None, None))
        at += size
        if at + SYNC_BYTES <= len(text) and text[at : at + SYNC_BYTES] != sync:
            return Counts(start, stop, (None, None))
        at += SYNC_BYTES
        records += count
    return Counts(start, stop, (records, None), blocks=(low + first, low + at))


def _long(text: bytes, at: int) -> tuple[int, int]:
    """The integer at `at`, and where it ends; -1 if it has no end."""
    number = 0
    for shift, byte in enumerate(text[at : at + _LONG_BYTES]):
        number |= (byte & 0x7F) << 7 * shift
        if byte < 0x80:
            return (number >> 1) ^ -(number & 1), at + shift + 1
    return -1, at
