"""A sheet as chunks: one row, one record; positions are the numbers that the sheet shows.

The rules of the reader:

- One sheet is read, the one that the schema names, or the only one; how many others there are is
  told. Columns are named by the cells of one row. Empty rows are no records.
- A cell has the value that its type gives it: a number is none of a date, a date no text. A number
  in a field of text is read as its digits only where zeros in front cannot be lost: in numbers of
  persons, in cells that show zeros in front, and where the schema says the `digits`.
- Of a list of plain values the elements stand in one cell, where the schema says the sign between.
- An error, a formula that was never computed, a number of more than 15 digits and a cell that is
  merged into another are no value, and a fault of their row.
- Rows and columns that are not shown are read like all others, and counted.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from types import MappingProxyType
from typing import Any, BinaryIO, Final

from tamis.documents.feed_format import SpreadsheetOptions
from tamis.documents.types import kind_of
from tamis.errors import InputError
from tamis.formats.chunk import Chunk, rechunk
from tamis.formats.csv import is_flat
from tamis.formats.names import declared_names, known_names, shown_name
from tamis.formats.python_records import PIECE_RECORDS, NoValue, to_chunk
from tamis.formats.python_values import adapter_for
from tamis.formats.spreadsheet.archive import Archive
from tamis.formats.spreadsheet.cells import Row, Sheet, Workbook
from tamis.formats.spreadsheet.ods import OdsWorkbook
from tamis.formats.spreadsheet.xlsx import XlsxWorkbook
from tamis.language import N_, _
from tamis.limits import USUAL, Limits
from tamis.plan.plan import Plan, PlanField

NUMBERS_FOR_TEXT: Final = "spreadsheet-numbers-for-text"
"""The anomaly that counts numbers in fields of text, of which zeros in front may be lost."""

_NONE: Final[Mapping[str, int]] = MappingProxyType({})
_MOST_SHOWN: Final = 20  # names of sheets
_NO_TEXT: Final = NoValue(N_("is a number, of which zeros in front may be lost"), NUMBERS_FOR_TEXT)


def open_workbook(stream: BinaryIO, source: str, limits: Limits = USUAL) -> Workbook:
    """The workbook in a file.

    Raises:
        InputError: it is none, too large, cut, damaged or encrypted.
        UsageError: the extra `spreadsheets` is not installed.
    """
    archive = Archive(stream, source, limits)
    is_ods = "mimetype" in archive.names and "content.xml" in archive.names
    book = OdsWorkbook(archive) if is_ods else XlsxWorkbook(archive)
    if not book.sheets:
        raise InputError(source, _("is no spreadsheet: it has no sheets"))
    return book


def read_spreadsheet(
    stream: BinaryIO, plan: Plan, source: str, limits: Limits = USUAL
) -> Iterator[Chunk]:
    """Read the records of a sheet.

    Args:
        stream: the file's bytes, read forward only.
        plan: whose format says which sheet, and which row has the names of the columns.
        source: the file's path or URI, for messages.
        limits: bytes of the file and of one row; records in each chunk but the last.

    Returns:
        Chunks; positions are the numbers of rows as the sheet shows them.

    Raises:
        InputError: the file is no workbook, or damaged; it has not the sheet, or its header names
            no field of the schema, or one of them twice.
        UsageError: the extra `spreadsheets` is not installed.
    """
    pieces = _pieces(open_workbook(stream, source, limits), plan, source)
    return rechunk(pieces, source, limits.object_chunk_records, limits.chunk_bytes)


def _pieces(book: Workbook, plan: Plan, source: str) -> Iterator[Chunk]:
    options = plan.format.spreadsheet or SpreadsheetOptions()
    sheet = _sheet(book, options, source)
    rows = sheet.rows()
    columns = _header(rows, options.header, source)
    known = known_names(plan)
    if not known & set(columns.values()):
        raise InputError(
            source,
            _(
                "row {row} of the sheet names no field of schema `{schema}`: check `sheet` and "
                "`header`",
                row=options.header,
                schema=plan.schema,
            ),
        )
    reader = _Reader(plan, options, columns, source)
    sheet.wanted = reader.wanted
    told = {
        "spreadsheet-sheets-not-read": len(book.sheets) - 1,
        "spreadsheet-hidden-sheets": sum(other.is_hidden for other in book.sheets),
    }
    start = reader.chunk([], told)
    yield replace(
        start,
        unknown=declared_names(name for name in columns.values() if name not in known),
        missing=known - set(columns.values()),
    )
    held: list[Row] = []
    for row in rows:
        if not row.is_filled:
            continue
        held.append(row)
        if len(held) == PIECE_RECORDS:
            yield reader.chunk(held)
            held = []
    hidden = sum(last - first + 1 for first, last in sheet.hidden_columns)
    skipped = {
        columns[place]: count
        for place, count in sheet.passed_over.items()
        if columns.get(place) in known
    }
    end = reader.chunk(held, {"spreadsheet-hidden-columns": hidden})
    yield replace(end, skipped=skipped)


def _sheet(book: Workbook, options: SpreadsheetOptions, source: str) -> Sheet:
    """The sheet that is read."""
    names = [sheet.name for sheet in book.sheets]
    if options.sheet is None and len(names) == 1:
        return book.sheets[0]
    if names.count(options.sheet or "") == 1:
        return book.sheets[names.index(options.sheet or "")]
    shown = ", ".join(f"`{shown_name(name)}`" for name in names[:_MOST_SHOWN])
    if options.sheet is None:
        problem = _(
            "has {count} sheets: `sheet` must name one of {names}", count=len(names), names=shown
        )
    else:
        problem = _("has no sheet `{sheet}`, but {names}", sheet=options.sheet, names=shown)
    raise InputError(source, problem)


def _header(rows: Iterator[Row], number: int, source: str) -> dict[int, str]:
    """The names of columns, by their places: the cells of the row `number`."""
    row = next((row for row in rows if row.number >= number), None)
    if row is None or row.number > number or not row.is_filled:
        raise InputError(source, _("row {row} of the sheet is empty: check `header`", row=number))
    return {
        column: str(value)
        for column, value in row.cells.items()
        if isinstance(value, str | int | Decimal) and not isinstance(value, bool)
    }


class _Reader:
    """Rows as chunks, with the columns that a plan reads.

    Attributes:
        wanted: their places in the sheet.
    """

    def __init__(
        self, plan: Plan, options: SpreadsheetOptions, columns: Mapping[int, str], source: str
    ) -> None:
        names = list(columns.values())
        for field in plan.fields:
            if names.count(field.source_name) > 1:
                raise InputError(source, _("has two columns `{name}`", name=field.source_name))
        fields = {field.source_name: field for field in plan.fields}
        self._fields = plan.fields
        self._adapter = adapter_for(plan.format)
        self._places = {column: name for column, name in columns.items() if name in fields}
        self._texts = {
            column: _width(fields[name], options)
            for column, name in self._places.items()
            if kind_of(fields[name].type) == "string"
        }
        self._lists = {
            column: kind_of(element.type) == "string"
            for column, name in self._places.items()
            if options.lists and (element := fields[name].of) and is_flat(element)
        }
        self._separator = options.lists or ""
        self.wanted = frozenset(self._places)

    def chunk(self, rows: Sequence[Row], anomalies: Mapping[str, int] = _NONE) -> Chunk:
        """The rows as a chunk, with `anomalies` and those of the rows."""
        counts = Counter(anomalies)
        counts["spreadsheet-hidden-rows"] += sum(row.is_hidden for row in rows)
        records = []
        for row in rows:
            record: dict[str, Any] = {}
            for column, value in row.cells.items():
                if type(value) is int and column in self._texts:
                    value = _digits(value, self._texts[column])
                if column in self._lists:
                    value = self._split(value, is_text=self._lists[column])
                if type(value) is NoValue:
                    counts[value.why] += 1
                record[self._places[column]] = value
            records.append(record)
        return to_chunk(
            records,
            [row.number for row in rows],
            self._fields,
            anomalies=+counts,
            adapter=self._adapter,
        )

    def _split(self, value: Any, *, is_text: bool) -> Any:
        """The elements in one cell; a number is none of a list of text, where it may lack zeros."""
        if isinstance(value, str):
            return value.split(self._separator)
        if is_text and type(value) is int:
            return _NO_TEXT
        return value if isinstance(value, NoValue) else [value]


def _width(field: PlanField, options: SpreadsheetOptions) -> int | None:
    """How many digits a number in a field of text has at least; None where none is sure."""
    if field.name in options.digits:
        return options.digits[field.name]
    return 1 if field.identifier and "nir-key" not in field.identifier else None


def _digits(number: int, width: int | None) -> Any:
    return _NO_TEXT if width is None or number < 0 else f"{number:0{width}d}"
