"""Workbooks of Office Open XML (`.xlsx`, `.xlsm`): ECMA-376, and its strict form.

A number is a date where its format is one; formats are known by their codes. The first of 1900 is
a day too early there, up to a 29 February that was none: days before March 1900 are no values.
"""

import datetime
import posixpath
import re
from collections.abc import Container, Iterator
from dataclasses import dataclass
from decimal import Decimal
from heapq import heappop, heappush
from typing import Any, Final

from tamis.formats.spreadsheet.archive import Archive, attribute, local_name
from tamis.formats.spreadsheet.cells import (
    ERROR,
    MERGED,
    MOST_COLUMNS,
    MOST_ROWS,
    NO_NUMBER,
    NOT_COMPUTED,
    Row,
    Sheet,
    number_of,
)
from tamis.language import _

_WORKBOOK: Final = "xl/workbook.xml"
_DATES_BUILT_IN: Final = {*range(14, 23), *range(27, 37), *range(45, 48), *range(50, 59)}
_LITERAL = re.compile(r'"[^"]*"|\\.|_.|\*.|\[[^\]]*\]')
_ELAPSED = re.compile(r"\[(?:h+|m+|s+)\]", re.IGNORECASE)
_ESCAPED = re.compile("_x([0-9A-Fa-f]{4})_")
_PLACE = rb"([A-Z]{1,3})(\d{1,7})"
_MERGE = re.compile(rb"<(?:[\w.-]+:)?mergeCell\s[^>]*?ref\s*=\s*[\"']" + _PLACE + b":" + _PLACE)
_MOST_MERGES: Final = 100_000
_EPOCHS: Final = {False: datetime.datetime(1899, 12, 30), True: datetime.datetime(1904, 1, 1)}
_FIRST_SURE: Final = {False: 61, True: 0}
_DAY_MS: Final = 86_400_000


class XlsxWorkbook:
    """A workbook of Office Open XML.

    Raises:
        InputError: it is none, or damaged.
    """

    def __init__(self, archive: Archive) -> None:
        self.archive = archive
        if _WORKBOOK not in archive.names:
            raise archive.error(_("is no spreadsheet: it has no sheets"), is_sound=True)
        self.from_1904 = False
        self.strings: list[str] = []
        self.used = bytearray()
        self._parts = self._targets()
        self.sheets: list[Sheet] = []
        for element in archive.elements(_WORKBOOK, "workbookPr", "sheet"):
            if local_name(element) == "workbookPr":
                self.from_1904 = element.get("date1904") in ("1", "true", "on")
                continue
            part = self._parts.get(attribute(element, "id") or "", "")
            if part.startswith("xl/worksheets/"):
                hidden = element.get("state", "visible") != "visible"
                self.sheets.append(XlsxSheet(self, element.get("name", ""), part, hidden))
        self.styles = self._styles()

    def read_strings(self) -> None:
        """Read the texts that cells share, once."""
        part = self._part("sharedStrings")
        if self.strings or part is None:
            return
        self.archive.require_texts(part)
        self.strings = [_text_of(element) for element in self.archive.elements(part, "si")]
        self.used = bytearray(len(self.strings))

    def other_texts(self) -> Iterator[tuple[str, list[str], bool]]:
        """Texts of no cell, and of the parts that are no sheets; once all sheets were read."""
        unused = [
            text for text, used in zip(self.strings, self.used, strict=True) if not used and text
        ]
        if unused:
            yield _("(texts of no cell)"), unused, False
        shared = self._part("sharedStrings")
        sheets = {sheet.part for sheet in self.sheets if isinstance(sheet, XlsxSheet)}
        yield from self.archive.other_texts({shared or "", *sheets})

    def _targets(self) -> dict[str, str]:
        """The names of parts by their ids."""
        part = "xl/_rels/workbook.xml.rels"
        if part not in self.archive.names:
            return {}
        targets = {}
        for element in self.archive.elements(part, "Relationship"):
            target = element.get("Target", "")
            name = target[1:] if target.startswith("/") else posixpath.join("xl", target)
            targets[element.get("Id", "")] = posixpath.normpath(name)
        return targets

    def _part(self, kind: str) -> str | None:
        return next(
            (
                part
                for part in self._parts.values()
                if part.endswith(f"/{kind}.xml") and part in self.archive.names
            ),
            None,
        )

    def _styles(self) -> list["Style"]:
        """What the number format of each cell style makes of a number."""
        part = self._part("styles")
        if part is None:
            return []
        codes: dict[int, str] = {}
        styles: list[Style] = []
        for element in self.archive.elements(part, "numFmt", "cellXfs"):
            if local_name(element) == "numFmt":
                codes.setdefault(_int(element.get("numFmtId")), element.get("formatCode", ""))
            else:
                for xf in element:
                    code = _int(xf.get("numFmtId"))
                    styles.append(style_of(code, codes.get(code)))
        return styles


@dataclass(frozen=True)
class Style:
    """What a number format makes of a number.

    Attributes:
        kind: `number`, `date` or `elapsed` (hours that may be more than 24).
        width: digits that are shown at least, where it shows zeros in front; else 0.
    """

    kind: str = "number"
    width: int = 0


_PLAIN: Final = Style()


def style_of(number: int, code: str | None) -> Style:
    """The style of a number format, by its id and, if it is no built-in one, its code.

    Example:
        >>> style_of(14, None).kind, style_of(164, "00000").width, style_of(164, "[h]:mm").kind
        ('date', 5, 'elapsed')
        >>> style_of(164, '#,##0.00" jours"').kind, style_of(164, "dd/mm/yyyy").kind
        ('number', 'date')
    """
    if code is None:
        if number == 46:
            return Style("elapsed")
        return Style("date") if number in _DATES_BUILT_IN else _PLAIN
    first = code.split(";")[0]
    if _ELAPSED.search(first):
        return Style("elapsed")
    bare = _LITERAL.sub("", first)
    if len(bare) > 1 and not bare.strip("0"):
        return Style(width=len(bare))
    bare = re.sub(r"[sS]\.0+", "s", bare)
    if re.search("[dmyhsDMYHS]", bare) and not re.search("[0#?]", bare):
        return Style("date")
    return _PLAIN


class XlsxSheet(Sheet):
    """A sheet of such a workbook."""

    def __init__(self, book: XlsxWorkbook, name: str, part: str, is_hidden: bool) -> None:
        super().__init__(name, is_hidden)
        self.part = part
        self._book = book
        self._columns: dict[str, int] = {}

    def rows(self) -> Iterator[Row]:
        """The rows that are there, in their order."""
        book, archive = self._book, self._book.archive
        book.read_strings()
        merges = _Merges(self._merged())
        number = 0
        for element in archive.elements(self.part, "col", "row"):
            if local_name(element) == "col":
                if element.get("hidden") in ("1", "true"):
                    span = (_int(element.get("min")) - 1, _int(element.get("max")) - 1)
                    self.hidden_columns.append(span)
                continue
            given = _int(element.get("r")) or number + 1
            if given <= number or given > MOST_ROWS:
                raise archive.error(
                    _("sheet row {number}: its rows are not in order, or too many", number=given)
                )
            number = given
            cells: dict[int, Any] = {}
            is_filled = self._read(element, number, cells)
            merges.cover(number, cells, self.wanted)
            yield Row(number, cells, is_filled, element.get("hidden") in ("1", "true"))

    def _read(self, row: Any, number: int, cells: dict[int, Any]) -> bool:
        """Read the cells of a row into `cells`; whether one has a value."""
        column, is_filled = -1, False
        for cell in row:
            reference = cell.get("r")
            column = column + 1 if reference is None else self._column(reference)
            if column >= MOST_COLUMNS:
                raise self._book.archive.error(
                    _(
                        "sheet row {number}: has more than {most} columns",
                        number=number,
                        most=MOST_COLUMNS,
                    )
                )
            if not len(cell):
                continue
            is_wanted = self.wanted is None or column in self.wanted
            if is_filled and not is_wanted:
                self.passed_over[column] += 1
                continue
            value = self._value(cell)
            if value is not None:
                is_filled = True
                if is_wanted:
                    cells[column] = value
                else:
                    self.passed_over[column] += 1
        return is_filled

    def _column(self, reference: str) -> int:
        letters = reference.rstrip("0123456789")
        column = self._columns.get(letters)
        if column is None:
            column = self._columns[letters] = column_of(letters)
        return column

    def _value(self, cell: Any) -> Any:
        text: str | None = None
        formula = False
        for child in cell:
            end = child.tag[-2:]
            if end == "}v":
                text = child.text
            elif end == "}f":
                formula = True
            elif end == "is":
                return _unescaped(_text_of(child)) or None
        kind = cell.get("t", "n")
        if text is None or (text == "" and kind != "str"):
            return NOT_COMPUTED if formula else None
        if kind == "s":
            place = _int(text)
            if place >= len(self._book.strings):
                return ERROR
            self._book.used[place] = 1
            return self._book.strings[place] or None
        if kind == "str":
            return _unescaped(text) or None
        if kind == "b":
            return text.strip() in ("1", "true")
        if kind == "d":
            return _iso(text.strip())
        return self._number(text.strip(), cell.get("s")) if kind == "n" else ERROR

    def _number(self, text: str, style: str | None) -> Any:
        value = number_of(text)
        place = _int(style)
        format_ = self._book.styles[place] if place < len(self._book.styles) else _PLAIN
        if not isinstance(value, int | Decimal):
            return value
        if format_.kind == "date":
            return moment_of(float(text), from_1904=self._book.from_1904)
        if format_.kind == "elapsed":
            return time_of(float(text)) if 0 <= value < 1 else NO_NUMBER
        if format_.width and isinstance(value, int) and value >= 0:
            return f"{value:0{format_.width}d}"
        return value

    def _merged(self) -> Iterator[tuple[int, int, int, int]]:
        """First and last row, first and last column of merged cells; they come after the rows."""
        rest, count = b"", 0
        for block in self._book.archive.blocks(self.part):
            text = rest + block
            end = 0
            for match in _MERGE.finditer(text):
                end = match.end()
                count += 1
                if count > _MOST_MERGES:
                    raise self._book.archive.error(
                        _("has more than {most} merged cells", most=_MOST_MERGES)
                    )
                left, first, right, last = (part.decode() for part in match.groups())
                yield int(first), int(last), column_of(left), column_of(right)
            rest = text[max(end, len(text) - 200) :]


class _Merges:
    """Merged cells, of which all but the first are covered, asked row by row."""

    def __init__(self, spans: Iterator[tuple[int, int, int, int]]) -> None:
        self._spans = sorted(spans, reverse=True)
        self._open: list[tuple[int, int, int, int]] = []  # last row, first row, columns

    def cover(self, number: int, cells: dict[int, Any], wanted: Container[int] | None) -> None:
        """Mark the cells of a row that are covered."""
        while self._spans and self._spans[-1][0] <= number:
            first, last, left, right = self._spans.pop()
            heappush(self._open, (last, first, left, right))
        while self._open and self._open[0][0] < number:
            heappop(self._open)
        for _last, first, left, right in self._open:
            for column in range(left + (number == first), min(right + 1, MOST_COLUMNS)):
                if wanted is None or column in wanted:
                    cells.setdefault(column, MERGED)


def column_of(letters: str) -> int:
    """The place of a column, from 0, by its letters; far beyond a sheet where they are none.

    Example:
        >>> column_of("A"), column_of("AA"), column_of("XFD")
        (0, 26, 16383)
    """
    if not letters.isascii() or not letters.isalpha() or len(letters) > 3:
        return MOST_COLUMNS
    place = 0
    for letter in letters.upper():
        place = 26 * place + ord(letter) - 64
    return place - 1


def moment_of(serial: float, *, from_1904: bool) -> Any:
    """The moment that a number of days stands for, to the millisecond; a time if it has no day.

    Example:
        >>> moment_of(45292.5, from_1904=False), moment_of(0.25, from_1904=False)
        (datetime.datetime(2024, 1, 1, 12, 0), datetime.time(6, 0))
        >>> moment_of(59.0, from_1904=False).why
        'spreadsheet-numbers-too-long'
    """
    if 0 <= serial < 1:
        return time_of(serial)
    if not _FIRST_SURE[from_1904] <= serial < 2_958_466:
        return NO_NUMBER
    return _EPOCHS[from_1904] + datetime.timedelta(milliseconds=round(serial * _DAY_MS))


def time_of(serial: float) -> datetime.time:
    """The time that a part of a day stands for, to the millisecond."""
    milliseconds = min(round(serial * _DAY_MS), _DAY_MS - 1)
    return (datetime.datetime.min + datetime.timedelta(milliseconds=milliseconds)).time()


def _iso(text: str) -> Any:
    for kind in (datetime.datetime, datetime.time):
        try:
            value: Any = kind.fromisoformat(text)
        except ValueError:
            continue
        return value
    return ERROR


def _text_of(element: Any) -> str:
    """The text of a shared or inline string: its runs, without phonetic hints."""
    parts = []
    for child in element:
        name = local_name(child)
        if name == "t":
            parts.append(child.text or "")
        elif name == "r":
            parts += [run.text or "" for run in child if local_name(run) == "t"]
    return _unescaped("".join(parts))


def _unescaped(text: str) -> str:
    if "_x" not in text:
        return text
    return _ESCAPED.sub(lambda code: chr(int(code[1], 16)), text)


def _int(text: str | None) -> int:
    """A whole number; 0 where there is none."""
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < 10 else 0
