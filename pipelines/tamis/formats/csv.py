"""CSV: streamed by Arrow's reader, with every record numbered and none lost without a reject.

We do three things around Arrow's reader because it does not do them:

- Its handler of invalid rows requires UTF-8. So text is transcoded to UTF-8 before it is read.
  Bytes that no text has are replaced by a noncharacter, and in the columns by bytes that are not
  UTF-8, so that the filter quarantines the record if the field is kept.
- It reads an unclosed quote at the end of a file as a value. So we append a last line with one
  field too many; if the reader does not report it, a quote contains it.
- It reports how many rows a block has, not which. So we number rows from the records it refused.
"""

import codecs
import csv
import io
from array import array
from collections.abc import Iterator
from typing import Any, BinaryIO

import numpy as np
import pyarrow as pa
import pyarrow.csv

from tamis.documents.schema import CsvOptions
from tamis.errors import InputError, UsageError
from tamis.filter.quarantine import REJECTS
from tamis.formats.chunk import Chunk, add_faults, rechunk
from tamis.formats.names import declared_names, known_names, leaf_paths
from tamis.language import _
from tamis.limits import USUAL, Limits
from tamis.plan.plan import Plan

MAX_HEADER_BYTES = 1 << 20

_UNDECODABLE = "\ufdd0"  # a noncharacter: never in text that is meant for others


def _mark(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeDecodeError | UnicodeEncodeError):
        raise error
    return _UNDECODABLE, error.end


codecs.register_error("tamis-mark", _mark)


def read_csv(stream: BinaryIO, plan: Plan, source: str, limits: Limits = USUAL) -> Iterator[Chunk]:
    """The records of a CSV file with a header line, with the columns that `plan` reads, as text.

    Blank lines are no records. An empty value is null, quoted or not. A record with more or
    fewer fields than the header is a reject.

    Returns:
        Chunks of `limits.chunk_records` records but for the last; columns of strings; positions
        number the records after the header from 1.

    Raises:
        InputError: there is no header, or it has no field of the schema, or one of them twice; a
            record is longer than a block of `limits`, or a quote is never closed.
        UsageError: separator or quote is not ASCII.
    """
    options = plan.format.csv
    if not (options.separator + options.quote).isascii():
        raise UsageError(_("the separator and the quote of a CSV format must be ASCII characters"))
    pieces = _pieces(stream, plan, source, limits)
    yield from rechunk(pieces, source, limits.chunk_records, limits.chunk_bytes)


def _pieces(stream: BinaryIO, plan: Plan, source: str, limits: Limits) -> Iterator[Chunk]:
    options = plan.format.csv
    text = _Utf8Stream(stream, options)
    header = text.header(source)
    known = known_names(plan)
    if not known & set(header):
        raise InputError(
            source,
            _(
                "the first line names no field of schema `{schema}`: check header, "
                "separator and encoding",
                schema=plan.schema,
            ),
        )
    fields = [field for field in plan.fields if field.source_name in header]
    for field in fields:
        if header.count(field.source_name) > 1:
            raise InputError(source, _("has two columns `{name}`", name=field.source_name))
    unknown = declared_names(name for name in header if name not in known)
    missing = known - set(header)
    nested = [field for field in fields if field.of is not None or field.fields]
    faults = [path for field in nested for path in leaf_paths(field, field.name)]
    read = [field for field in fields if field not in nested]
    names = [field.name for field in read]
    numbers = _RecordNumbers(len(header), text.last_line, limits)
    # At least one column is read: it gives the number of rows.
    columns = [str(header.index(field.source_name)) for field in read]
    for batch in _batches(text, options, columns or ["0"], numbers, source):
        data = batch.select(columns).rename_columns(names)
        if text.damaged and names:
            data = pa.RecordBatch.from_arrays([*map(_unmark, data.columns)], names)
        positions, rejects = numbers.next_rows(batch.num_rows)
        yield Chunk(add_faults(data, faults), positions, rejects, unknown, missing)
        unknown, missing = {}, frozenset()  # they are reported once
    rejects = numbers.finish(source)
    empty = pa.RecordBatch.from_pylist([], pa.schema([(name, pa.string()) for name in names]))
    none = pa.array([], pa.int64())
    yield Chunk(add_faults(empty, faults), none, rejects, unknown, missing)


def _batches(
    text: "_Utf8Stream",
    options: CsvOptions,
    columns: list[str],
    numbers: "_RecordNumbers",
    source: str,
) -> Iterator[pa.RecordBatch]:
    limits = numbers.limits
    read = pyarrow.csv.ReadOptions(
        use_threads=False,
        block_size=limits.csv_block_bytes,
        column_names=[str(index) for index in range(numbers.fields)],
        skip_rows_after_names=1,
    )
    parse = pyarrow.csv.ParseOptions(
        delimiter=options.separator,
        quote_char=options.quote,
        newlines_in_values=True,
        invalid_row_handler=numbers.refuse,
    )
    convert = pyarrow.csv.ConvertOptions(
        check_utf8=False,
        include_columns=columns,
        column_types={name: pa.string() for name in columns},
        strings_can_be_null=True,
        null_values=[""],
    )
    try:
        yield from pyarrow.csv.open_csv(text, read, parse, convert)
    except pa.ArrowInvalid:
        if numbers.ran_away:
            raise InputError(
                source,
                _(
                    "over {csv_rejects_in_a_row} records in a row have not the {fields} "
                    "fields of the header: check the separator",
                    csv_rejects_in_a_row=limits.csv_rejects_in_a_row,
                    fields=numbers.fields,
                ),
            ) from None
        raise InputError(
            source,
            _(
                "record {count} is longer than {csv_block_bytes} MiB, or opens a quote "
                "that is never closed",
                count=numbers.count + 1,
                csv_block_bytes=limits.csv_block_bytes >> 20,
            ),
        ) from None


def _unmark(column: pa.Array) -> pa.Array:
    """The column with bytes that are not UTF-8 in place of each noncharacter."""
    valid, offsets, data = column.buffers()
    text = (data.to_pybytes() if data else b"").replace(_UNDECODABLE.encode(), b"\xff\xff\xff")
    buffers = [valid, offsets, pa.py_buffer(text)]
    return pa.Array.from_buffers(column.type, len(column), buffers, offset=column.offset)


class _Utf8Stream:
    """A stream transcoded to UTF-8, without byte order mark and with a last line appended.

    Attributes:
        damaged: whether some bytes read so far could not be decoded.
        last_line: the line with one field too many; "" before the header is read.
    """

    closed = False

    def __init__(self, stream: BinaryIO, options: CsvOptions) -> None:
        self.damaged = False
        self.last_line = ""
        self._stream = stream
        self._options = options
        encoding = codecs.lookup(options.encoding).name
        self._utf8 = encoding in ("utf-8", "utf-8-sig")
        self._decoder = codecs.getincrementaldecoder(encoding)("tamis-mark")
        self._rest = b""
        self._ended = False
        self._held = b""

    def header(self, source: str) -> list[str]:
        """The names in the first line; blank lines above it are skipped.

        Raises:
            InputError: there is no such line, or it is longer than `MAX_HEADER_BYTES`.
        """
        while len(self._held) < MAX_HEADER_BYTES and not self._ended:
            self._held = (self._held + self._next()).removeprefix(codecs.BOM_UTF8).lstrip(b"\r\n")
        start = io.StringIO(self._held[:MAX_HEADER_BYTES].decode(errors="ignore"), "")
        options = self._options
        lines = csv.reader(start, delimiter=options.separator, quotechar=options.quote)
        try:
            names = next(lines, [])
        except csv.Error:
            raise InputError(source, _("the header line cannot be read")) from None
        if not any(name.strip() for name in names):
            raise InputError(source, _("is empty: a CSV needs a header line"))
        if not start.read(1) and not self._ended:
            raise InputError(
                source, _("the header line is longer than {bytes} bytes", bytes=MAX_HEADER_BYTES)
            )
        self.last_line = options.separator * len(names)
        if self._ended:
            self._held += self._end()
        return names

    def read(self, size: int = -1) -> bytes:
        """At most `size` bytes of UTF-8, never the first half of a CR LF alone.

        Arrow drops a line feed that opens a block after a carriage return, in a quoted value too.
        """
        blocks, held = [self._held], len(self._held)
        while held < size and not self._ended:
            blocks.append(self._next() + (self._end() if self._ended else b""))
            held += len(blocks[-1])
        block = b"".join(blocks)
        cut = size - block.endswith(b"\r", 0, size)
        self._held = block[cut:]
        return block[:cut]

    def _end(self) -> bytes:
        return f"\n{self.last_line}\n".encode()

    def _next(self) -> bytes:
        block = self._stream.read(1 << 20)
        self._ended = not block
        if not self._utf8:
            decoded = self._decoder.decode(block, final=self._ended)
            self.damaged = self.damaged or _UNDECODABLE in decoded
            return decoded.encode("utf-8", "tamis-mark")
        block = self._rest + block
        try:
            used = codecs.utf_8_decode(block, "strict", self._ended)[1]
            text = block[:used]
        except UnicodeDecodeError:
            marked, used = codecs.utf_8_decode(block, "tamis-mark", self._ended)
            text = marked.encode()
            self.damaged = True
        self._rest = block[used:]
        return text

    def readable(self) -> bool:
        return True

    def close(self) -> None:
        """Do nothing: whoever opened the stream closes it."""


class _RecordNumbers:
    """Numbers of records, from the rows that Arrow's reader yields and the records it refuses.

    Attributes:
        fields: how many fields the header has.
        limits: how many records may be refused one after the other.
        ran_away: whether more were refused one after the other.
    """

    def __init__(self, fields: int, last_line: str, limits: Limits) -> None:
        self.fields = fields
        self.limits = limits
        self.ran_away = False
        self._last_line = last_line
        self._last_line_at = 0
        self._refused = array("q")
        self._widths = array("q")  # fields of each refused record
        self._run = 0
        self._at = 0  # number of the last record yielded

    @property
    def count(self) -> int:
        """Records read so far."""
        return max(self._at, self._refused[-1] if self._refused else 0)

    def refuse(self, row: Any) -> str:
        """Note a record that Arrow's reader refuses; its numbers count the header too."""
        number = row.number - 1
        if row.text == self._last_line:
            self._last_line_at = number
        follows = bool(self._refused) and number == self._refused[-1] + 1
        self._run = self._run + 1 if follows else 1
        self._refused.append(number)
        self._widths.append(row.actual_columns)
        self.ran_away = self._run > self.limits.csv_rejects_in_a_row
        return "error" if self.ran_away else "skip"

    def next_rows(self, rows: int) -> tuple[pa.Array, pa.RecordBatch]:
        """Numbers of the next `rows` rows, and the rejects before the last of them."""
        refused = np.array(self._refused, np.int64)
        plain = np.arange(self._at + 1, self._at + 1 + rows, dtype=np.int64)
        # Rows from the (r - i)-th on come after the i-th refused record, whose number is r.
        positions = plain + np.searchsorted(refused - np.arange(len(refused)), plain, side="right")
        if rows:
            self._at = int(positions[-1])
        return pa.array(positions), self._take(int(np.searchsorted(refused, self._at)))

    def finish(self, source: str) -> pa.RecordBatch:
        """The last rejects.

        Raises:
            InputError: the appended line was not refused, so that an unclosed quote contains it.
        """
        if not self._refused or self._last_line_at != self.count:
            raise InputError(
                source, _("record {count} opens a quote that is never closed", count=self.count)
            )
        self._refused.pop()
        self._widths.pop()
        return self._take(len(self._refused))

    def _take(self, rejects: int) -> pa.RecordBatch:
        positions = np.array(self._refused[:rejects], np.int64)
        widths = np.array(self._widths[:rejects], np.int64)
        del self._refused[:rejects], self._widths[:rejects]
        counts, which = np.unique(widths, return_inverse=True)
        rules = pa.array(
            [f"fields expected: {self.fields}, found: {count}" for count in counts], pa.string()
        )
        columns = [
            pa.array(positions),
            pa.repeat("unreadable", rejects),
            pa.repeat("", rejects),
            rules.take(pa.array(which)),
        ]
        return pa.RecordBatch.from_arrays(columns, schema=REJECTS)
