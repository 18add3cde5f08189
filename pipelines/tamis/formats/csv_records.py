"""Records of CSV text, in blocks that Arrow's parser and Python's `csv` read alike.

Arrow takes text after a closing quote as part of the value, so that two stray quotes can join all
that stands between them. Here the quotes of a block are proved first: each one that opens stands
at the start of a field, each one that closes at the end of one. The proof is one pass of NumPy; a
record that it does not hold for is read by Python's `csv.reader(strict=True)`. What that refuses
is replaced, line by line, by a line that Arrow refuses, so that each is numbered and none is read.

Lines of separators only are no records: they can be found and left out.

An escape takes its meaning from a quote, a separator, a line break or another escape behind it.
Before anything else it is a character of the text, in which this departs from Python's `csv`, which
would lose it (`C:\\new`, and `\\N` for null). Text without quotes writes control characters by it.
"""

import csv
import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain

import numpy as np

from tamis.arrow.types import Ints
from tamis.documents.feed_format import CsvOptions

_LINE = re.compile(rb"[^\r\n]*(?:\r\n|\r|\n)")
_FEW_QUOTES, _MANY_QUOTES = 1 << 9, 1 << 14

Span = tuple[int, int]


class RecordTooLong(ValueError):
    """No record ends within a block: one is too long, or opens a quote that is never closed."""


def unreadable_line(options: CsvOptions, fields: int) -> str:
    """What stands in a block for a line that cannot be read: it has one field too many."""
    return options.separator * fields + "\ufdd1"  # a noncharacter: no line of others has it


def record_blocks(
    pieces: Iterable[bytes], options: CsvOptions, fields: int, block_bytes: int
) -> Iterator["Block"]:
    """Cut text into blocks of whole records, each read by Arrow as strictly as by Python's `csv`.

    Args:
        pieces: UTF-8 text in pieces of any length, from the start of a record on.
        options: separator, quote and escape.
        fields: fields of a record.
        block_bytes: about how long a block is, and a record may be.

    Raises:
        RecordTooLong: a record is longer than a block.

    Example:
        >>> pieces = [b'1;"a\\nb"\\n2;"c\\n3;d"e', b'\\n;\\n4;f\\n']
        >>> [block] = record_blocks(pieces, CsvOptions(separator=";"), 2, 100)
        >>> empty_lines = block.empty_lines()
        >>> empty_lines, block.text(empty_lines).decode()
        ([(19, 21)], '1;"a\\nb"\\n;;\\ufdd1\\n;;\\ufdd1\\n4;f\\n')
    """
    csv.field_size_limit(max(csv.field_size_limit(), 2 * block_bytes))
    unreadable = unreadable_line(options, fields).encode() + b"\n"
    held: list[bytes] = []
    size = 0
    for piece in chain(pieces, [None]):
        if piece is not None:
            held.append(piece)
            size += len(piece)
            if size < block_bytes:
                continue
        text = b"".join(held)
        if piece is None and not text.endswith((b"\n", b"\r")):
            text += b"\n"
        block = Block(text, options, unreadable, is_last=piece is None)
        if block.end:
            yield block
        elif piece is not None:
            raise RecordTooLong
        held, size = [text[block.end :]], len(text) - block.end


class Block:
    """Whole records of CSV text, and what its quotes say about them.

    Attributes:
        end: of the last whole record.
        has_quotes: whether a quote stands in the text.
    """

    def __init__(
        self, text: bytes, options: CsvOptions, unreadable: bytes, *, is_last: bool
    ) -> None:
        self._text = text
        self._options = options
        self._separator = options.separator.encode()
        self._quote = (options.quote or "").encode()
        self._unreadable_line = unreadable
        self._is_last = is_last
        # Escaped characters mean nothing to records: each is a letter here, in its place.
        self._plain = without_escapes(text, options.escape) if options.escape else text
        self.end = len(text) if is_last else self._last_line_end()
        self._bytes = np.frombuffer(self._plain, np.uint8)[: self.end]
        # Spans in which a line break ends no record, disjoint or nested: their starts and stops.
        self._starts: list[Ints] = []
        self._stops: list[Ints] = []
        self._unreadable: list[Span] = []
        self.has_quotes = bool(options.quote) and self._quote in self._plain
        if self.has_quotes or self._plain is not text:
            self._lines = _Lines(text, self.end)
            self._strict = csv.reader(
                self._lines,
                delimiter=options.separator,
                quotechar=options.quote or None,
                quoting=csv.QUOTE_MINIMAL if options.quote else csv.QUOTE_NONE,
                escapechar=options.escape,
                strict=True,
            )
            self._judge_quotes()

    def text(self, without: Sequence[Span] = ()) -> bytes | memoryview:
        """The whole records, one line for each that is unreadable, without some spans of text."""
        edits = [(start, stop, b"") for start, stop in without]
        for start, stop in self._unreadable:
            lines = len(_LINE.findall(self._text, start, stop))
            edits.append((start, stop, self._unreadable_line * lines))
        if not edits and self._plain is self._text:
            return memoryview(self._text)[: self.end]
        parts, done = [], 0
        for start, stop, instead in sorted(edits):
            parts += [self._text[done:start], instead]
            done = stop
        text = b"".join([*parts, self._text[done : self.end]])
        return text if self._plain is self._text else rewrite_escapes(text, self._options)

    def empty_lines(self) -> list[Span]:
        """Spans of the lines that hold separators only, line breaks included."""
        text = self._bytes[: self.end]
        is_break = (text == ord("\n")) | (text == ord("\r"))
        is_separator = text == ord(self._separator)
        starts = np.flatnonzero(is_break[:-1] & is_separator[1:]) + 1
        if is_separator[0]:
            starts = np.append(0, starts)
        # A line that cannot be read may end in a break that is escaped.
        ends = np.array([stop for _start, stop in self._unreadable if stop < len(text)], np.int64)
        starts = np.union1d(starts, ends[is_separator[ends]])
        if self._starts:
            spans = np.concatenate(self._starts)
            order = np.argsort(spans, kind="stable")
            stops = np.maximum.accumulate(np.concatenate(self._stops)[order])
            before = np.searchsorted(spans[order], starts, side="right")
            starts = starts[np.append(0, stops)[before] <= starts]
        line = re.compile(re.escape(self._separator) + rb"+(?:\r\n|\r|\n)")
        matches = (line.match(self._plain, start, self.end) for start in starts.tolist())
        return [match.span() for match in matches if match]

    def _find_quotes(self) -> Ints:
        """The places of all quotes, none where the format has no quotes."""
        if not self._quote:
            return np.zeros(0, np.int64)
        return np.flatnonzero(self._bytes == ord(self._quote))

    def _last_line_end(self) -> int:
        # A carriage return at the very end may be the first half of a line break.
        line_feed, last = self._plain.rfind(b"\n"), len(self._plain) - 1
        return max(line_feed, self._plain.rfind(b"\r", line_feed + 1, last)) + 1

    def _judge_quotes(self) -> None:
        """Pair the quotes, from the first one on that is not judged; where that fails, read."""
        is_bound = np.zeros(256, dtype=bool)
        is_bound[list(self._separator + self._quote + b"\r\n")] = True
        quotes = self._find_quotes()
        judged, floor, window = 0, (0, 0), _MANY_QUOTES
        while judged < len(quotes):
            openings = quotes[judged : judged + window : 2]
            closings = quotes[judged + 1 : judged + window : 2]
            openings = openings[: len(closings)]
            # The text ends with a line break, which stands before its first byte, at -1.
            good = is_bound[self._bytes[openings - 1]] & is_bound[self._bytes[closings + 1]]
            pairs = len(good) if good.all() else int(np.argmin(good))
            self._starts.append(openings[:pairs])
            self._stops.append(closings[:pairs])
            judged += 2 * pairs
            window = min(2 * window, _MANY_QUOTES)
            if pairs < len(good) or judged == len(quotes) - 1:
                start = self._record_start(int(quotes[judged]), quotes, *floor)
                stop = self._read(start)
                if not stop:
                    return
                judged, window = int(np.searchsorted(quotes, stop)), _FEW_QUOTES
                floor = stop, judged
        if self._bytes[-1:].tobytes() not in (b"\r", b"\n"):  # an escaped end of the file
            self._read(self._record_start(self.end, quotes, *floor))

    def _record_start(self, at: int, quotes: Ints, floor: int, first: int) -> int:
        """Where the record begins that the byte `at` is in.

        Args:
            at: outside of quotes.
            quotes: of which those from the `first` on that stand before `at` are judged as pairs.
            floor: where the last record ends that was read; after it the `first` quote comes.
            first: see above.
        """
        while True:
            line_feed = self._plain.rfind(b"\n", floor, at)
            at = max(line_feed, self._plain.rfind(b"\r", max(floor, line_feed + 1), at))
            if at < 0:
                return floor
            if (np.searchsorted(quotes, at) - first) % 2 == 0:
                return at + 1

    def _read(self, start: int) -> int:
        """Read one record strictly; return where it ends, or 0 if the text ends before it."""
        self._lines.at = start
        try:
            next(self._strict)
        except (csv.Error, StopIteration):
            if self._lines.ran_out and not self._is_last:
                self.end = start
                return 0
            self._unreadable.append((start, self._lines.at))
        self._starts.append(np.array([start]))
        self._stops.append(np.array([self._lines.at]))
        return self._lines.at


class _Lines(Iterator[str]):
    """Lines of a text, from wherever it is put.

    Attributes:
        at: where the next line begins.
        ran_out: whether a line was asked for after the last one.
    """

    def __init__(self, text: bytes, end: int) -> None:
        self.at = 0
        self.ran_out = False
        self._text = text
        self._end = end

    def __next__(self) -> str:
        line = _LINE.match(self._text, self.at, self._end)
        if line is None:
            self.ran_out = True
            raise StopIteration
        self.at = line.end()
        return line[0].decode("latin-1")


def without_escapes(text: bytes, escape: str) -> bytes:
    """The text with a letter in place of each escape and of the byte after it."""
    at = text.find(escape.encode())
    if at < 0:
        return text
    return re.sub(re.escape(escape.encode()) + rb"[\x00-\xff]", b"aa", text)


_CONTROLS = {b"n": b"\n", b"t": b"\t", b"r": b"\r", b"b": b"\b", b"f": b"\f", b"v": b"\v"}


def rewrite_escapes(text: bytes, options: CsvOptions) -> bytes:
    r"""The text with each escape before the very character that it stands for, or doubled.

    Without quotes, letters stand for control characters, as PostgreSQL's COPY, MySQL and Hive write
    them.

    Args:
        text: of an encoding in which each byte of ASCII stands for itself.
        options: separator, quote and escape.

    Example:
        >>> rewrite_escapes(b'C:\\new;\\N;\\"', CsvOptions(separator=";", escape="\\")).decode()
        'C:\\\\new;\\\\N;\\"'
    """
    escape = (options.escape or "").encode()
    meant = {*(options.separator + (options.quote or "")).encode(), *escape, *b"\r\n"}
    controls = {} if options.quote else _CONTROLS

    def rewritten(match: re.Match[bytes]) -> bytes:
        if match[1][0] in meant:
            return match[0]
        return escape + controls[match[1]] if match[1] in controls else escape + match[0]

    return re.sub(re.escape(escape) + rb"([\x00-\xff])", rewritten, text) if escape else text
