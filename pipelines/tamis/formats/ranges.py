"""One big file for many workers: its records are counted by blocks first, then read by ranges.

    counts of each stretch of bytes ──added up──> ranges of records, with the places of their starts

A file is cut into stretches at fixed places, and each is counted by itself, whatever worker does
it. What cannot be known by a stretch alone, whether it begins inside of quotes, is counted both
ways. Ranges are the parts that one worker cuts who reads from start to end, smaller where they are
few, as those of Parquet.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple, Protocol, TypeAlias

from tamis.limits import Limits
from tamis.plan.plan import Plan


class Readable(Protocol):
    """What has bytes to read."""

    def read(self, size: int, /) -> bytes:
        """At most `size` bytes; none at the end."""


class Counts(NamedTuple):
    """What was counted in a stretch of a file.

    Attributes:
        start: of the stretch, in bytes.
        stop: where it ends.
        records: how many begin in it, where its first byte stands outside of quotes, and where it
            stands inside; None where that cannot be, or could not be told.
        turns: whether its last byte stands inside of quotes if its first stands outside.
        lines: line breaks in it, where positions are numbers of lines.
        blocks: of a format of blocks, where the first one begins that does so in the stretch, and
            where the last of them ends; None where no block begins in it.
    """

    start: int
    stop: int
    records: tuple[int | None, int | None]
    turns: bool = False
    lines: int = 0
    blocks: tuple[int, int] | None = None


class Place(NamedTuple):
    """Where a record begins.

    Attributes:
        start: of the stretch in which it does, in bytes.
        stop: where the stretch ends.
        quoted: whether the stretch begins inside of quotes.
        skip: records that begin in the stretch before it.
        lines: line breaks before the stretch.
    """

    start: int
    stop: int
    quoted: bool
    skip: int
    lines: int


class RecordRange(NamedTuple):
    """The records of a file that one worker reads.

    Attributes:
        number: of the part that they are, as it names files.
        first: records before them.
        records: how many they are, those of a footer left out.
        begin: where the records of the file begin, in bytes.
        start: of the first one.
        stop: of the first one behind them; None at the end of the file.
    """

    number: int
    first: int
    records: int
    begin: int
    start: Place
    stop: Place | None

    @property
    def weight(self) -> int:
        """By which files share out what is left to read: records."""
        return self.records


class Stretch:
    """The bytes of a stream from `start` to `stop`, read forward.

    Args:
        stream: can be read at any place.
        start: in bytes.
        stop: in bytes; None for the end of the stream.

    Example:
        >>> import io
        >>> Stretch(io.BytesIO(b"abcdef"), 1, 4).read(10)
        b'bcd'
    """

    def __init__(self, stream: Any, start: int, stop: int | None) -> None:
        stream.seek(start)
        self._stream = stream
        self._left = stop and stop - start

    def read(self, size: int) -> bytes:
        """At most `size` bytes; none at the end."""
        if self._left is None:
            return bytes(self._stream.read(size))
        data = bytes(self._stream.read(min(size, self._left)))
        self._left -= len(data)
        return data


Find: TypeAlias = Callable[[Any, Plan, int, Place], tuple[int, int]]
"""Of a stream, a plan, the beginning of the records and a place: where the record begins, in bytes,
and the line breaks before it where positions are numbers of lines."""


def open_range(stream: Any, plan: Plan, part: RecordRange, find: Find) -> tuple[Stretch, int]:
    """The bytes of the records of `part`, and the line breaks before them."""
    # What stands before the first record of the file is read with it.
    start, lines = find(stream, plan, part.begin, part.start) if part.first else (part.begin, 0)
    stop = find(stream, plan, part.begin, part.stop)[0] if part.stop else None
    return Stretch(stream, start, stop), lines


def part_starts(part_rows: int, chunk_records: int, records: int) -> Iterator[tuple[int, int]]:
    """The number of each part of `records` records, and the records before it.

    A part begins with a chunk, the first one that has `part_rows` records, or a multiple of it,
    or more before it.

    Example:
        >>> list(part_starts(100, 64, 300))
        [(0, 0), (1, 128), (2, 256)]
    """
    number = 0
    while True:
        first = -(-number * part_rows // chunk_records) * chunk_records
        if number and first >= records:
            return
        number = first // part_rows
        yield number, first
        number += 1


def cut_records(
    counts: Sequence[Counts], begin: int, footer: int, limits: Limits, chunk_records: int
) -> list[RecordRange] | None:
    """The ranges of a file's records; None where its counts do not fit together.

    Args:
        counts: of all stretches, in their order.
        begin: where the records begin, in bytes.
        footer: how many of the last records are none.
        limits: rows of a part.
        chunk_records: records of a chunk, with which a part begins.
    """
    places: list[tuple[int, Place]] = []
    records = lines = 0
    quoted = False
    blocks = [count.blocks for count in counts if count.blocks is not None]
    ends = [begin, *(end for _first, end in blocks)]
    if blocks and ([first for first, _end in blocks], counts[-1].stop) != (ends[:-1], ends[-1]):
        return None
    for count in counts:
        begun = count.records[quoted]
        if begun is None:
            return None
        if begun:
            start = count.blocks[0] if count.blocks else count.start
            places.append((records, Place(start, count.stop, quoted, 0, lines)))
        records += begun
        lines += count.lines
        quoted ^= count.turns
    if quoted or not places or records <= footer:
        return None
    part_rows = limits.rows_of_parts(records - footer)
    starts = list(part_starts(part_rows, chunk_records, records - footer))
    return list(_ranges(starts, places, records - footer, begin))


def _ranges(
    starts: list[tuple[int, int]], places: list[tuple[int, Place]], records: int, begin: int
) -> Iterator[RecordRange]:
    found = []
    at = 0
    for _number, first in starts:
        while at + 1 < len(places) and places[at + 1][0] <= first:
            at += 1
        before, place = places[at]
        found.append(place._replace(skip=first - before))
    firsts = [first for _number, first in starts]
    for (number, first), start, stop, after in zip(
        starts, found, [*found[1:], None], [*firsts[1:], records], strict=True
    ):
        yield RecordRange(number, first, after - first, begin, start, stop)
