"""All that stands in a workbook as columns of values, for `scan`: what is not shown too."""

from collections.abc import Iterator
from itertools import chain, islice
from typing import Any, BinaryIO, NamedTuple

from tamis.formats.names import shown_name
from tamis.formats.python_records import NoValue
from tamis.formats.spreadsheet.cells import Row, Sheet
from tamis.formats.spreadsheet.read import open_workbook
from tamis.language import _


class Texts(NamedTuple):
    """Some values of a workbook.

    Attributes:
        name: where they stand, as it may be shown.
        values: of any types of Python's own.
        are_names: whether they are names, or stand beside the cells.
    """

    name: str
    values: list[Any]
    are_names: bool


def workbook_texts(stream: BinaryIO, source: str, piece: int) -> Iterator[Texts]:
    """What stands in a workbook, a piece after the other.

    Args:
        stream: the file's bytes, read forward only.
        source: named in errors.
        piece: rows that are held at once.

    Returns:
        The names of sheets; by column what stands in its cells, those that are not shown apart;
        and all other texts: comments, properties, texts that no cell has any more.

    Raises:
        InputError: the file is damaged.
        NotLookedInto: it is encrypted, or another document of the office.
    """
    book = open_workbook(stream, source)
    yield Texts(_("(names of sheets)"), [sheet.name for sheet in book.sheets], True)
    for sheet in book.sheets:
        prefix = f"{shown_name(sheet.name)}!" if len(book.sheets) > 1 else ""
        rows = sheet.rows()
        first = next((row for row in rows if row.is_filled), None)
        if first is None:
            continue
        names = {place: str(value) for place, value in first.cells.items()}
        yield Texts(f"{prefix}{_('(header line)')}", list(names.values()), True)
        while some := list(islice(rows, piece)):
            yield from _columns(sheet, names, prefix, some)
    for name, values, are_names in book.other_texts():
        yield Texts(name, list(values), are_names)


def _columns(sheet: Sheet, names: dict[int, str], prefix: str, rows: list[Row]) -> Iterator[Texts]:
    columns: dict[tuple[int, bool], list[Any]] = {}
    hidden = set(chain.from_iterable(range(a, b + 1) for a, b in sheet.hidden_columns))
    for row in rows:
        for place, value in row.cells.items():
            if not isinstance(value, NoValue):
                is_hidden = sheet.is_hidden or row.is_hidden or place in hidden
                columns.setdefault((place, is_hidden), []).append(value)
    for (place, is_hidden), values in sorted(columns.items(), key=lambda item: item[0]):
        name = names.get(place)
        shown = shown_name(name) if name else _("column {place}", place=place + 1)
        shown = _("{name} (hidden)", name=shown) if is_hidden else shown
        yield Texts(f"{prefix}{shown}", values, False)
