"""Tables for people: aligned columns of text, drawn with colours where the output is a terminal."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tamis.language import printable

if TYPE_CHECKING:
    from rich.console import Console


@dataclass(frozen=True)
class Table:
    """Rows under a header. Without rows the header is not shown.

    Attributes:
        header: names of the columns, or none.
        rows: as many cells each as there are columns.
        numbers: indices of the columns that are aligned to the right.
        title: a line above, or empty; rows under a title are indented.
        note: a line below, or empty.
        whole: indices of the columns that are folded last, where a terminal is narrow.
        styles: on a terminal, the style of a cell by its text.

    Example:
        >>> table = Table(("field", "NIRs"), [("nir", "12"), ("note", "3")], numbers=(1,))
        >>> print(*table.lines(), sep="\\n")
        field  NIRs
        nir      12
        note      3
    """

    header: tuple[str, ...]
    rows: Sequence[tuple[str, ...]]
    numbers: tuple[int, ...] = ()
    title: str = ""
    note: str = ""
    whole: tuple[int, ...] = ()
    styles: Mapping[str, str] = field(default_factory=dict)

    def lines(self) -> Iterator[str]:
        """Yield the lines as plain text, never folded."""
        if self.title:
            yield ""
            yield printable(self.title)
        indent = "  " if self.title else ""
        rows = [
            tuple(map(printable, row)) for row in (self.header, *self.rows) if row and self.rows
        ]
        widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
        for row in rows:
            cells = [
                cell.rjust(width) if index in self.numbers else cell.ljust(width)
                for index, (cell, width) in enumerate(zip(row, widths, strict=True))
            ]
            yield f"{indent}{'  '.join(cells)}".rstrip()
        if self.note:
            yield f"{indent}{printable(self.note)}"


def print_table(table: Table, console: "Console | None" = None) -> None:
    """Print `table` to `console`, by default to stdout."""
    from rich import table as rich
    from rich.console import Console
    from rich.text import Text

    console = console or Console(highlight=False)
    if not console.is_terminal:
        for line in table.lines():
            print(line, file=console.file)
        return
    drawn = rich.Table(box=None, show_header=bool(table.header))
    for index, name in enumerate(table.header):
        drawn.add_column(
            Text(name),
            justify="right" if index in table.numbers else "left",
            no_wrap=index in table.whole,
            overflow="fold",
        )
    for row in table.rows:
        drawn.add_row(*(Text(printable(cell), table.styles.get(cell, "")) for cell in row))
    if table.title:
        console.print()
        console.print(Text(printable(table.title), style="bold"))
    if table.rows:
        console.print(drawn)
    if table.note:
        console.print(Text(printable(table.note), style="italic"))
