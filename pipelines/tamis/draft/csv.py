"""The first rows of a CSV file, as columns with statistics, and how the file is written."""

import csv
import io
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc

from tamis.documents.feed_format import CsvOptions
from tamis.draft.fields import DraftField, FeedSample
from tamis.draft.statistics import LeafStatistics
from tamis.errors import InputError
from tamis.formats.compression import decompressed
from tamis.formats.csv_guess import START_BYTES, CsvGuess, guess_csv
from tamis.formats.csv_text import TEXT_FORMULA, without_formulas
from tamis.formats.names import shown_path
from tamis.formats.schemaless import MAX_LINE_BYTES, in_pieces
from tamis.language import _, ngettext

_PIECE_ROWS: Final = 16_384
_MOST_COLUMNS: Final = 10_000  # each takes some milliseconds
_MOST_FOOTERS: Final = 5
_FOOTER_WORDS: Final = ("fin", "end", "eof", "total", "totaux", "somme", "nombre", "trailer")
_FOOTER_TITLES: Final = ("total", "totaux", "total général", "total general", "grand total")


def sample_csv(path: Path, rows: int, *, header: bool = False) -> tuple[FeedSample, CsvOptions]:
    """Read the first `rows` rows.

    Args:
        path: of the file.
        rows: records to read at most.
        header: whether the first line is one, whatever it looks like.

    Returns:
        The columns with statistics, and how the file is written.

    Raises:
        InputError: it has too many columns.
    """
    with path.open("rb") as stream:
        guess = guess_csv(decompressed(stream, shown_path(path)).read(START_BYTES))
    if header:
        guess = replace(guess, is_header=True)
    for encoding in guess.encodings[:-1]:
        try:
            return _sample(path, rows, guess, encoding, "strict")
        except UnicodeDecodeError:
            pass
    sample, options = _sample(path, rows, guess, guess.encodings[-1], "replace")
    if len(guess.encodings) > 1:
        sample.notes.append(
            _(
                "some bytes are no {encoding}: look whether {other} is it",
                encoding=guess.encodings[0],
                other=guess.encodings[-1],
            )
        )
    return sample, options


def _sample(
    path: Path, rows: int, guess: CsvGuess, encoding: str, errors: str
) -> tuple[FeedSample, CsvOptions]:
    names = guess.names()
    if len(names) > _MOST_COLUMNS:
        raise InputError(
            shown_path(path),
            _(
                "has {count:# column|# columns}: a schema is drafted of up to {most}",
                count=len(names),
                most=_MOST_COLUMNS,
            ),
        )
    columns = [LeafStatistics(name) for name in names]
    sample = FeedSample([DraftField(column.name, statistics=column) for column in columns])
    formulas = ""
    with (
        path.open("rb") as stream,
        io.TextIOWrapper(
            decompressed(stream, shown_path(path)),
            "utf-8-sig" if encoding == "utf-8" else encoding,
            errors,
            newline="",
        ) as text,
    ):
        records = _Records(_lines(text, guess), guess, len(names), rows)
        for piece in in_pieces(records, _PIECE_ROWS, lambda line: sum(map(len, line))):
            sample.rows += len(piece)
            readable = [line for line in piece if len(line) == len(names)]
            sample.unreadable += len(piece) - len(readable)
            for index, column in enumerate(columns):
                # A blank is null, as for a run in every type but string.
                cells = [line[index] if line[index].strip() else None for line in readable]
                texts = pa.array(cells, pa.string())
                if pc.any(pc.match_substring_regex(texts, TEXT_FORMULA)).as_py():
                    texts, formulas = without_formulas(texts), "true"
                column.add(texts)
    sample.whole = records.whole
    written = {
        "quote": "" if guess.quoted else "false",
        "escape": '"\\\\"' if guess.escape else "",
        "text_formulas": formulas,
        "skip": str(guess.skip or ""),
        "footer": str(records.footers or ""),
        "header": "" if guess.is_header else f"[{', '.join(names)}]",
    }
    sample.written = {
        key: value for key, value in written.items() if value and key in CsvOptions.model_fields
    }
    if guess.skip:
        sample.notes.append(
            ngettext(
                "{count} line stands above the header",
                "{count} lines stand above the header",
                guess.skip,
            )
        )
    if records.footers:
        sample.notes.append(
            ngettext(
                "the last line begins with a word of totals or ends, and is taken for no record",
                "the last {count} lines begin with a word of totals or ends, and are taken for no "
                "records",
                records.footers,
            )
        )
    if names and not guess.is_header:
        sample.notes.append(
            _(
                "no type tells the first line from those below: it is taken for a record, and not "
                "shown; if it is a header, --header says so"
            )
        )
    if guess.doubt:
        sample.notes.append(
            _("the letters beyond ASCII may be {encoding} as well", encoding=guess.doubt)
        )
    return sample, CsvOptions(separator=guess.separator, encoding=encoding)


def _lines(text: io.TextIOWrapper, guess: CsvGuess) -> Iterator[str]:
    """The lines behind those to skip and behind Excel's `sep=`."""
    for _line in range(guess.skip + guess.sep_line):
        text.readline(MAX_LINE_BYTES)
    return iter(lambda: text.readline(MAX_LINE_BYTES), "")


class _Records:
    """The records of a CSV file, at most `most`, without the header and without footers.

    Attributes:
        whole: once read, whether there are no more.
        footers: once read, how many of the last records are none.
    """

    def __init__(self, lines: Iterable[str], guess: CsvGuess, width: int, most: int) -> None:
        csv.field_size_limit(MAX_LINE_BYTES)
        self._rows = (row for row in guess.reader(lines) if any(cell.strip() for cell in row))
        if guess.is_header:
            next(self._rows, None)
        self._width = width
        self._most = most
        self.whole = False
        self.footers = 0

    def __iter__(self) -> Iterator[list[str]]:
        held: deque[list[str]] = deque()
        for row in islice(self._rows, self._most):
            held.append(row)
            if len(held) > _MOST_FOOTERS:
                yield held.popleft()
        self.whole = next(self._rows, None) is None
        while self.whole and held and _is_footer(held[-1], self._width):
            held.pop()
            self.footers += 1
        yield from held


def _is_footer(row: list[str], width: int) -> bool:
    """Whether a last row is no record: a word of ends or totals, and few other cells.

    Where the word stands alone in its cell, one empty cell is enough.
    """
    cells = [cell.strip().lower() for cell in row if cell.strip()]
    few = width > 2 and len(cells) <= max(1, width // 2)
    alone = width > 2 and len(cells) < width and cells[0].rstrip(" :") in _FOOTER_TITLES
    return alone or (few and cells[0].startswith(_FOOTER_WORDS))
