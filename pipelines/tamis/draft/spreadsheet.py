"""The sample of a spreadsheet: which sheet and which row name the fields, and what stands below."""

import datetime
from collections.abc import Iterator, Sequence
from decimal import Decimal
from itertools import islice
from typing import Any, BinaryIO, Final

from tamis.draft.fields import FeedSample, add_values, leaf
from tamis.formats.names import may_be_shown, shown_name
from tamis.formats.python_records import NoValue, NumberText
from tamis.formats.spreadsheet.cells import Row
from tamis.formats.spreadsheet.read import open_workbook
from tamis.language import ngettext

_PIECE_ROWS: Final = 16_384
_MOST_ABOVE: Final = 20  # rows among which the header is looked for


def sample_spreadsheet(stream: BinaryIO, source: str, rows: int) -> FeedSample:
    """The columns of the first sheet that is shown, with at most `rows` of its rows.

    The header is the first row of those with most cells of text among the first twenty.

    Raises:
        InputError: the file is no workbook, or damaged.
    """
    book = open_workbook(stream, source)
    sheet = next((sheet for sheet in book.sheets if not sheet.is_hidden), book.sheets[0])
    filled = (row for row in sheet.rows() if row.is_filled)
    start = list(islice(filled, _MOST_ABOVE))
    sample = FeedSample([])
    if not start:
        return sample
    header = max(start, key=_texts_in)
    sample.fields = [leaf(str(name)) for name in header.cells.values()]
    below = [row for row in start if row.number > header.number]
    for piece in _pieces(below, filled, rows):
        sample.rows += len(piece)
        for place, node in zip(header.cells, sample.fields, strict=True):
            values = [_plain(row.cells.get(place)) for row in piece]
            if not node.statistics or not node.statistics.values:
                node.type = _type_of(values)
            add_values(node, [_as(value, node.type) for value in values])
    sample.whole = next(filled, None) is None
    others = len(book.sheets) - 1
    if others:
        sample.notes.append(
            ngettext("{count} other sheet is not read", "{count} other sheets are not read", others)
        )
        if may_be_shown(sheet.name):
            sample.written["sheet"] = '"' + shown_name(sheet.name).replace('"', '\\"') + '"'
    if header.number > 1:
        sample.written["header"] = str(header.number)
    return sample


def _texts_in(row: Row) -> int:
    return sum(isinstance(value, str) for value in row.cells.values())


def _pieces(start: list[Row], rest: Iterator[Row], most: int) -> Iterator[list[Row]]:
    left = most
    piece = start[:left]
    while piece:
        yield piece
        left -= len(piece)
        piece = list(islice(rest, min(left, _PIECE_ROWS)))


def _plain(value: Any) -> Any:
    """A cell's value; None where it has none that is sure."""
    if isinstance(value, NoValue):
        return None
    return NumberText(value) if isinstance(value, Decimal) else value


def _type_of(values: Sequence[Any]) -> str | None:
    """The type that all values have, if cells of another type than text and numbers have one."""
    types = set(map(type, values)) - {type(None)}
    if types == {datetime.datetime}:
        midnight = all(value.time() == datetime.time() for value in values if value is not None)
        return "date32" if midnight else "timestamp[us]"
    return "time64[us]" if types == {datetime.time} else None


def _as(value: Any, type_name: str | None) -> Any:
    """A value of that type, or, without one, as text or number."""
    if type_name == "date32" and isinstance(value, datetime.datetime):
        return value.date()
    if type_name is None and isinstance(value, datetime.datetime | datetime.time):
        return value.isoformat()
    return value
