"""CSV: read by Arrow in blocks of whole records, every record numbered and none lost in silence.

What Arrow's reader does not do is done before it: text is transcoded to UTF-8 (`csv_text`), what
stands above the records is read (`csv_head`), and quotes are proved (`csv_records`). Bytes that no
text has are replaced by a noncharacter, and in the columns by bytes that are not UTF-8, so that
the filter quarantines the record if the field is kept.
"""

import codecs
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from itertools import chain
from typing import Any, BinaryIO, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv

from tamis.arrow.buffers import are_valid
from tamis.arrow.types import Ints
from tamis.documents.feed_format import CsvOptions
from tamis.errors import InputError
from tamis.filter.quarantine import REJECTS
from tamis.formats.chunk import Chunk, add_faults, cut, rechunk, rejects_of
from tamis.formats.csv_head import read_head
from tamis.formats.csv_ranges import find_csv
from tamis.formats.csv_records import Block, RecordTooLong, record_blocks, unreadable_line
from tamis.formats.csv_text import Utf8Text, unmark, without_formulas
from tamis.formats.names import declared_names, known_names, leaf_paths
from tamis.formats.ranges import RecordRange, open_range
from tamis.language import N_, _
from tamis.limits import USUAL, Limits
from tamis.plan.plan import Plan, PlanField

EMPTY_LINES: Final = "csv-empty-lines"
"""The anomaly that counts lines of separators only."""

FOOTERS_LIKE_RECORDS: Final = "csv-footers-like-records"
"""The anomaly that counts lines left out as `footer` that look like records."""

UNDECODABLE: Final = "csv-undecodable-bytes"
"""The anomaly that counts bytes that are not in the schema's encoding."""

UNREADABLE_QUOTE: Final = N_("a quote is not escaped, or never closed")
"""The rule by which the lines of what Python's `csv` refuses are rejects."""

FIELDS_DIFFER: Final = N_("fields expected: {expected}, found: {found}")
"""The rule by which records of another width than the header are rejects."""


def read_csv(
    stream: BinaryIO,
    plan: Plan,
    source: str,
    limits: Limits = USUAL,
    part: RecordRange | None = None,
) -> Iterator[Chunk]:
    """The records of a CSV file, with the columns that `plan` reads, as text.

    Records are those of Python's `csv.reader(strict=True)`; of what that refuses, each line is a
    reject, and so is a record with more or fewer fields than the header. Blank lines and lines of
    separators only are no records. An empty value is null, quoted or not.

    Args:
        stream: the file's bytes, read forward; for a part of it, at any place.
        plan: whose columns are read.
        source: the file's path or URI, for messages.
        limits: sizes of blocks and chunks.
        part: of a file whose records were counted (`csv_ranges`), those that are read.

    Returns:
        Chunks of `limits.chunk_records` records but for the last; columns of strings, and of lists
        of strings where the format says how `lists` are written; positions number the records after
        the header from 1.

    Raises:
        InputError: the header cannot be read, has no field of the schema, or one of them twice; a
            record is longer than a block of `limits`; too many rejects in a row.
    """
    chunks = _blocks(stream, plan, source, limits, part)
    if plan.format.csv.footer and (part is None or part.stop is None):
        chunks = _without_footer(chunks, plan.format.csv.footer)
    before = part.first if part else 0
    yield from rechunk(chunks, source, limits.chunk_records, limits.chunk_bytes, before)


def _blocks(
    stream: BinaryIO, plan: Plan, source: str, limits: Limits, part: RecordRange | None
) -> Iterator[Chunk]:
    """A chunk for each block of text, after one without records."""
    options = plan.format.csv
    text = Utf8Text(stream, options.encoding, source)
    names, rest, _end = read_head(stream, text, plan, source)
    known = known_names(plan)
    fields = [field for field in plan.fields if field.source_name in names]
    for field in fields:
        if names.count(field.source_name) > 1:
            raise InputError(source, _("has two columns `{name}`", name=field.source_name))
    lists = [field for field in fields if options.lists and is_flat(field.of)]
    nested = [field for field in fields if (field.of or field.fields) and field not in lists]
    faults = [path for field in nested for path in leaf_paths(field, field.name)]
    read = {field.name: names.index(field.source_name) for field in fields if field not in nested}
    parser = _Parser(options, len(names), read, limits, source)
    if part is not None:
        own, _lines = open_range(stream, plan, part, find_csv)
        text, rest = Utf8Text(own, options.encoding, source), b""
        parser.count = part.first

    def finish(data: pa.RecordBatch) -> pa.RecordBatch:
        columns = dict(zip(read, data.columns, strict=True))
        if options.text_formulas:
            columns = {name: without_formulas(column) for name, column in columns.items()}
        if text.damaged:
            columns = {name: unmark(column) for name, column in columns.items()}
        for field in lists:
            columns[field.name] = pc.split_pattern(columns[field.name], options.lists)
        if columns:
            data = pa.RecordBatch.from_pydict(columns)
        return add_faults(data, faults)

    empty = pa.RecordBatch.from_pylist([], pa.schema([(name, pa.string()) for name in read]))
    yield Chunk(
        finish(empty),
        pa.array([], pa.int64()),
        unknown=declared_names(name for name in names if name not in known),
        missing=known - set(names),
    )
    pieces = chain([rest], text.pieces())
    try:
        for block in record_blocks(pieces, options, len(names), limits.csv_block_bytes):
            chunk = parser.parse(block)
            yield replace(chunk, data=finish(chunk.data))
        if text.damaged:
            yield Chunk(
                finish(empty), pa.array([], pa.int64()), anomalies={UNDECODABLE: text.damaged}
            )
    except RecordTooLong:
        raise InputError(
            source,
            _(
                "record {count} is longer than {csv_block_bytes} MiB, or opens a quote that is "
                "never closed",
                count=parser.count + 1,
                csv_block_bytes=limits.csv_block_bytes >> 20,
            ),
        ) from None


def is_flat(element: PlanField | None) -> bool:
    """Whether `element` is that of a list of plain values."""
    return element is not None and element.of is None and not element.fields


class _Parser:
    """Arrow's parser, for the records of one file.

    Args:
        options: of the schema's format.
        width: fields that a record must have.
        read: the places of the columns that are read, by their names.
        limits: how many records in a row may be rejects.
        source: named in errors.

    Attributes:
        count: records so far.
    """

    def __init__(
        self, options: CsvOptions, width: int, read: Mapping[str, int], limits: Limits, source: str
    ) -> None:
        self.count = 0
        self._options = options
        self._width = width
        self._names = list(read)
        self._most_in_a_row = limits.csv_rejects_in_a_row
        self._source = source
        # At least one column is read: it gives the number of rows.
        columns = [str(place) for place in read.values()] or ["0"]
        self._convert = pyarrow.csv.ConvertOptions(
            check_utf8=False,
            include_columns=columns,
            column_types=dict.fromkeys(columns, pa.string()),
            strings_can_be_null=True,
            null_values=[""],
        )
        self._in_a_row = 0

    def parse(self, block: Block) -> Chunk:
        """The records of a block, with the columns that are read.

        Raises:
            InputError: too many records in a row are rejects.
        """
        refused, table = self._read(block.text(), block.has_quotes)
        empty_lines = 0
        if refused.empty_lines or _has_empty_row(table):
            spans = block.empty_lines()
            empty_lines = len(spans)
            if spans:
                refused, table = self._read(block.text(without=spans), block.has_quotes)
        self._in_a_row = refused.in_a_row
        columns = [
            column.chunk(0) if column.num_chunks == 1 else column.combine_chunks()
            for column in table.columns[: len(self._names)]
        ]
        numbers = np.array(refused.numbers, np.int64)
        positions = np.arange(1, table.num_rows + len(numbers) + 1) + self.count
        self.count += len(positions)
        return Chunk(
            pa.RecordBatch.from_arrays(columns, self._names),
            pa.array(np.delete(positions, numbers - 1)),
            self._rejects(positions[numbers - 1], refused.widths),
            anomalies={EMPTY_LINES: empty_lines} if empty_lines else {},
        )

    def _read(self, text: bytes | memoryview, has_quotes: bool) -> tuple["_Refused", pa.Table]:
        refused = _Refused(self._options, self._width, self._in_a_row, self._most_in_a_row)
        # Arrow skips a byte order mark at the start: here it is part of a value.
        if text[:3] == codecs.BOM_UTF8:
            text = b"\n" + text
        read = pyarrow.csv.ReadOptions(
            use_threads=False,
            block_size=len(text) + 1,
            column_names=[str(place) for place in range(self._width)],
        )
        parse = pyarrow.csv.ParseOptions(
            delimiter=self._options.separator,
            quote_char=self._options.quote if has_quotes else False,
            escape_char=self._options.escape or False,
            newlines_in_values=has_quotes or self._options.escape is not None,
            invalid_row_handler=refused.add,
        )
        if not text:
            text = b"\n"
        try:
            return refused, pyarrow.csv.read_csv(pa.py_buffer(text), read, parse, self._convert)
        except pa.ArrowInvalid:
            raise InputError(
                self._source,
                _(
                    "over {csv_rejects_in_a_row} records in a row have not the {fields} fields "
                    "of the header: check the separator",
                    csv_rejects_in_a_row=self._most_in_a_row,
                    fields=self._width,
                ),
            ) from None

    def _rejects(self, positions: Ints, widths: list[int]) -> pa.RecordBatch:
        if not widths:
            return rejects_of(())
        counts, which = np.unique(np.array(widths, np.int64), return_inverse=True)
        rules = [
            FIELDS_DIFFER.format(expected=self._width, found=count) if count else UNREADABLE_QUOTE
            for count in counts
        ]
        columns = [
            pa.array(positions),
            pa.repeat("unreadable", len(positions)),
            pa.repeat("", len(positions)),
            pa.array(rules, pa.string()).take(pa.array(which)),
        ]
        return pa.RecordBatch.from_arrays(columns, schema=REJECTS)


class _Refused:
    """Records of a block that Arrow refuses.

    Attributes:
        numbers: of each record, from 1 in the block.
        widths: how many fields each has; 0 if that is not known.
        in_a_row: how many came one after the other, the last block's included.
        empty_lines: whether a line of separators only is among them.
    """

    def __init__(self, options: CsvOptions, width: int, in_a_row: int, most: int) -> None:
        self.numbers: list[int] = []
        self.widths: list[int] = []
        self.in_a_row = in_a_row
        self.empty_lines = False
        self._separator = options.separator
        self._unreadable_line = unreadable_line(options, width)
        self._most = most

    def add(self, row: Any) -> str:
        """Note a row that has not as many fields as the header."""
        last = self.numbers[-1] if self.numbers else 0
        self.in_a_row = self.in_a_row + 1 if row.number == last + 1 else 1
        self.numbers.append(row.number)
        self.widths.append(0 if row.text == self._unreadable_line else row.actual_columns)
        self.empty_lines = self.empty_lines or not row.text.strip(self._separator)
        return "error" if self.in_a_row > self._most else "skip"


def _has_empty_row(table: pa.Table) -> bool:
    """Whether all columns are null in a row."""
    if any(column.null_count == 0 for column in table.columns):
        return False
    return not np.logical_or.reduce([are_valid(column.chunk(0)) for column in table.columns]).all()


def _without_footer(chunks: Iterable[Chunk], records: int) -> Iterator[Chunk]:
    """The chunks without the last `records` records; those that look like records are counted."""
    held: list[Chunk] = []
    for chunk in chunks:
        held.append(chunk)
        while sum(later.records for later in held[1:]) >= records:
            yield held.pop(0)
    kept: list[Chunk] = []
    for chunk in reversed(held):
        count = chunk.records
        left_out = min(records, count)
        records -= left_out
        rest = chunk
        if left_out == count:
            chunk = chunk.first(0, 0)
        elif left_out:
            chunk, rest = cut(chunk, count - left_out)
        if left_out and (like := _like_records(rest.data)):
            chunk = replace(chunk, anomalies={**chunk.anomalies, FOOTERS_LIKE_RECORDS: like})
        kept.append(chunk)
    yield from reversed(kept)


def _like_records(data: pa.RecordBatch) -> int:
    """How many rows have values in more than half of the columns, and in two at least."""
    valid = sum((are_valid(column).astype(np.int64) for column in data.columns), np.int64(0))
    return int(np.sum(valid > max(1, data.num_columns // 2)))
