"""What stands in a sheet: rows of cells, each with a value of Python's own or none that is sure."""

from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Container, Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Final, Protocol

from tamis.formats.python_records import NoValue
from tamis.language import N_

MOST_ROWS: Final = 1 << 20
MOST_COLUMNS: Final = 1 << 14

_DIGITS: Final = 15
"""Digits of a number that a spreadsheet keeps."""


ERROR: Final = NoValue(N_("is an error"), "spreadsheet-errors")
"""`#N/A`, `#DIV/0!` and their kind."""

NOT_COMPUTED: Final = NoValue(
    N_("is a formula whose value was not saved"), "spreadsheet-formulas-without-value"
)
"""A formula whose value was not saved."""

MERGED: Final = NoValue(N_("is merged into another cell"), "spreadsheet-merged-cells")
"""A cell that is merged with another one, which has the value."""

NO_NUMBER: Final = NoValue(
    N_("has more digits than a spreadsheet keeps, or is no day"), "spreadsheet-numbers-too-long"
)
"""A number of more than 15 digits, of which a spreadsheet loses some; a day that is none."""


@dataclass(frozen=True)
class Row:
    """A row of a sheet.

    Attributes:
        number: as the sheet shows it, from 1.
        cells: by column from 0, the values of cells that are not empty, of columns that are wanted.
        is_filled: whether any cell has a value, wanted or not.
        is_hidden: whether it is not shown.
    """

    number: int
    cells: Mapping[int, Any] = field(repr=False)
    is_filled: bool
    is_hidden: bool = False


class Sheet(ABC):
    """A sheet of a workbook.

    Attributes:
        name: as it is called.
        is_hidden: whether it is not shown.
        wanted: the columns whose cells are read, None for all.
        passed_over: cells of others that are not empty, by column.
        hidden_columns: those that are not shown, as first and last; known once a row was read.
    """

    def __init__(self, name: str, is_hidden: bool) -> None:
        self.name = name
        self.is_hidden = is_hidden
        self.wanted: Container[int] | None = None
        self.passed_over: Counter[int] = Counter()
        self.hidden_columns: list[tuple[int, int]] = []

    @abstractmethod
    def rows(self) -> Iterator[Row]:
        """The rows that are there, in their order."""


class Workbook(Protocol):
    """A workbook: its sheets, in their order."""

    @property
    def sheets(self) -> list[Sheet]:
        """The sheets that have cells."""

    def other_texts(self) -> Iterator[tuple[str, list[str], bool]]:
        """Texts beside the cells (comments, properties): where they stand, and whether they name
        something."""


def number_of(text: str) -> Any:
    """The number that a cell's text writes, to the 15 digits that a spreadsheet keeps.

    Example:
        >>> number_of("155087599999193"), number_of("0.30000000000000004"), number_of("1.5E3")
        (155087599999193, Decimal('0.3'), 1500)
        >>> number_of("1234567890123456").why
        'spreadsheet-numbers-too-long'
    """
    if text.isdigit() and text.isascii() and len(text) <= _DIGITS:
        return int(text)
    try:
        value = float(text)
    except ValueError:
        return ERROR
    if value != value or abs(value) >= 10**_DIGITS:
        return NO_NUMBER
    if value.is_integer():
        return int(value)
    return Decimal(f"{value:.{_DIGITS}g}")
