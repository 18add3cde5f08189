"""Workbooks of OpenDocument (`.ods`): OASIS OpenDocument 1.3, of one part for all sheets."""

import datetime
import re
from collections.abc import Iterator
from typing import Any, Final

from tamis.formats.spreadsheet.archive import Archive, local_name
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

_CONTENT: Final = "content.xml"
_MANIFEST: Final = "META-INF/manifest.xml"
_NAMESPACE: Final = "urn:oasis:names:tc:opendocument:xmlns:"
_TABLE: Final = f"{{{_NAMESPACE}table:1.0}}"
_OFFICE: Final = f"{{{_NAMESPACE}office:1.0}}"
_STYLE: Final = f"{{{_NAMESPACE}style:1.0}}"
_CALC_TYPE: Final = (
    "{urn:org:documentfoundation:names:experimental:calc:xmlns:calcext:1.0}value-type"
)
_TIME = re.compile(r"PT(\d{1,6})H(\d{1,2})M(\d{1,2})(?:[.,](\d{1,9}))?S")


class OdsWorkbook:
    """A workbook of OpenDocument.

    Raises:
        InputError: it is none, encrypted or damaged.
    """

    def __init__(self, archive: Archive) -> None:
        self.archive = archive
        if _CONTENT not in archive.names:
            raise archive.error(_("is no spreadsheet: it has no sheets"), is_sound=True)
        if _MANIFEST in archive.names:
            for _element in archive.elements(_MANIFEST, "encryption-data"):
                raise archive.error(_("is encrypted: save it without a password"), is_sound=True)
        hidden_styles: set[str] = set()
        self.sheets: list[Sheet] = []
        for element in archive.elements(_CONTENT, "style", "table-row", "table"):
            name = local_name(element)
            if name == "style":
                if any(child.get(f"{_TABLE}display") == "false" for child in element):
                    hidden_styles.add(element.get(f"{_STYLE}name", ""))
            elif name == "table" and _is_sheet(element):
                hidden = element.get(f"{_TABLE}style-name") in hidden_styles
                self.sheets.append(OdsSheet(archive, _name_of(element), len(self.sheets), hidden))

    def other_texts(self) -> Iterator[tuple[str, list[str], bool]]:
        """Texts of all parts, but for those in cells."""
        yield from self.archive.other_texts({_CONTENT})


class OdsSheet(Sheet):
    """A sheet of such a workbook."""

    def __init__(self, archive: Archive, name: str, place: int, is_hidden: bool) -> None:
        super().__init__(name, is_hidden)
        self._archive = archive
        self._place = place

    def rows(self) -> Iterator[Row]:
        """The rows that are there, in their order; of several that are alike, each."""
        number = sheets = columns = 0
        for element in self._archive.elements(_CONTENT, "table-row", "table-column", "table"):
            name = local_name(element)
            if name == "table":
                sheets += _is_sheet(element)
                if sheets > self._place:
                    return
                continue
            around = next(element.iterancestors(f"{_TABLE}table"), None)
            if sheets < self._place or around is None or not _is_sheet(around):
                continue
            hidden = element.get(f"{_TABLE}visibility", "visible") != "visible"
            if name == "table-column":
                count = _count(element.get(f"{_TABLE}number-columns-repeated"))
                if hidden:
                    self.hidden_columns.append((columns, columns + count - 1))
                columns += count
                continue
            repeated = _count(element.get(f"{_TABLE}number-rows-repeated"))
            cells, is_filled = self._read(element, number + 1, repeated)
            if not is_filled:
                number += repeated
                continue
            for _time in range(repeated):
                number += 1
                if number > MOST_ROWS:
                    raise self._archive.error(_("has more than {most} rows", most=MOST_ROWS))
                yield Row(number, cells, is_filled, hidden)

    def _read(self, row: Any, number: int, repeated: int) -> tuple[dict[int, Any], bool]:
        cells: dict[int, Any] = {}
        column, is_filled = 0, False
        for cell in row:
            name = local_name(cell)
            if name not in ("table-cell", "covered-table-cell"):
                continue
            count = _count(cell.get(f"{_TABLE}number-columns-repeated"))
            value = _value(cell)
            if name == "covered-table-cell":
                value = MERGED
            elif value is not None:
                is_filled = True
            if value is not None:
                if column + count > MOST_COLUMNS:
                    raise self._archive.error(
                        _(
                            "sheet row {number}: has more than {most} columns",
                            number=number,
                            most=MOST_COLUMNS,
                        )
                    )
                for place in range(column, column + count):
                    if self.wanted is None or place in self.wanted:
                        cells[place] = value
                    elif value is not MERGED:
                        self.passed_over[place] += repeated
            column += count
        return cells, is_filled


def _is_sheet(table: Any) -> bool:
    """Whether a table is a sheet, not one in a cell or of tracked changes."""
    parent = table.getparent()
    return parent is not None and local_name(parent) == "spreadsheet"


def _name_of(table: Any) -> str:
    return str(table.get(f"{_TABLE}name", ""))


def _count(text: str | None) -> int:
    """How often something is repeated."""
    return max(1, int(text)) if text and text.isascii() and text.isdigit() and len(text) < 10 else 1


def _value(cell: Any) -> Any:
    """The value of a cell, by its type."""
    kind = cell.get(f"{_OFFICE}value-type")
    if cell.get(_CALC_TYPE) == "error":
        return ERROR
    if kind is None:
        return NOT_COMPUTED if cell.get(f"{_TABLE}formula") is not None else None
    if kind == "string":
        text = cell.get(f"{_OFFICE}string-value")
        return (_shown(cell) if text is None else text) or None
    if kind in ("float", "percentage", "currency"):
        number = number_of(cell.get(f"{_OFFICE}value", ""))
        if isinstance(number, int) and number >= 0:
            shown = _shown(cell)
            if shown.startswith("0") and shown.isdigit() and shown.lstrip("0") == str(number or ""):
                return shown
        return number
    if kind == "boolean":
        return cell.get(f"{_OFFICE}boolean-value") == "true"
    if kind == "date":
        return _moment(cell.get(f"{_OFFICE}date-value", ""))
    return _time(cell.get(f"{_OFFICE}time-value", "")) if kind == "time" else ERROR


def _moment(text: str) -> Any:
    try:
        return datetime.datetime.fromisoformat(text)
    except ValueError:
        return ERROR


def _time(text: str) -> Any:
    match = _TIME.fullmatch(text)
    if match is None:
        return ERROR
    hours, minutes, seconds = map(int, match.groups()[:3])
    if hours > 23 or minutes > 59 or seconds > 59:
        return NO_NUMBER
    return datetime.time(hours, minutes, seconds, int(f"{match[4] or '':0<6}"[:6]))


def _shown(cell: Any) -> str:
    """The text that a cell shows: its paragraphs, without remarks."""
    return "\n".join(_text(child) for child in cell if local_name(child) == "p")


def _text(element: Any) -> str:
    parts = [element.text or ""]
    for child in element:
        name = local_name(child)
        if name == "s":
            parts.append(" " * _count(child.get(next(iter(child.keys()), ""))))
        elif name in ("tab", "line-break"):
            parts.append("\t" if name == "tab" else "\n")
        elif name not in ("annotation", "note"):
            parts.append(_text(child))
        parts.append(child.tail or "")
    return "".join(parts)
