"""How a CSV file that nobody has described is written, guessed from its start."""

import codecs
import csv
import io
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from tamis.documents.feed_format import CsvOptions
from tamis.formats.content import is_utf16
from tamis.formats.csv_records import rewrite_escapes
from tamis.formats.csv_text import TEXT_FORMULA
from tamis.nir.grammar import find_nir

SEPARATORS: Final = (",", ";", "\t", "|", "\x01")
START_BYTES: Final = 1 << 20
"""Bytes at the start of a file, decompressed, from which the guess is made."""

_ROWS = 200
_MOST_SKIPPED = 30
_ALIKE = 0.9
SEP_LINE: Final = re.compile(r'"?sep=(.)"?[\s;,]*', re.IGNORECASE)
"""The line by which Excel tells the separator."""

_ONE_BYTE: Final = ("cp1252", "mac-roman", "cp850")
_SIGNS: Final = "’«»€°–—…\u00a0\u202f"
_FRENCH: Final = "éèêëàâäçîïôöùûüÿœæ"
_SORTS: Final = tuple(
    (sort, re.compile(pattern))
    for sort, pattern in (
        ("digits", r"[+-]?\d+|[1-8]\d{4}2[ABab]\d{6}(\d{2})?"),
        ("number", r"[+-]?[\d .,'\u00a0\u202f]*\d([eE][+-]?\d+)?\s?[€$£%]?"),
        ("date", r"\d{1,4}[/.-]\d{1,2}[/.-]\d{1,4}([ T]\d{1,2}:.*)?"),
        ("time", r"\d{1,2}:\d{2}(:\d{2}.*)?"),
        ("e-mail", r"\S+@\S+\.\S+"),
        ("uuid", r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"),
    )
)


@dataclass(frozen=True)
class CsvGuess:
    """How a CSV file is written.

    Attributes:
        separator: between fields.
        encodings: to try in turn.
        escape: the character that escapes others, or None.
        quoted: whether a quote opens a value; if not, letters behind an escape are control
            characters.
        skip: lines above the header.
        first: cells of the first line behind those.
        is_header: whether a type tells that line from the rows below; if not, it may be a record.
        doubt: another encoding under which the letters look as well, or "".
        sep_line: whether a line `sep=` stands below those.
        is_table: whether most of several lines have as many cells, more than one.
    """

    separator: str
    encodings: tuple[str, ...]
    escape: str | None = None
    quoted: bool = True
    skip: int = 0
    first: tuple[str, ...] = ()
    is_header: bool = False
    doubt: str = ""
    sep_line: bool = False
    is_table: bool = False

    def names(self) -> tuple[str, ...]:
        """The names of the columns, where the first line may be a record `column 1` and so on."""
        if self.is_header:
            return self.first
        return tuple(f"column {place}" for place in range(1, len(self.first) + 1))

    def reader(self, lines: Iterable[str]) -> Any:
        """A `csv.reader` of the lines, cut as the guess says."""
        return _reader(lines, self.separator, self.escape, quoted=self.quoted)


@dataclass
class _Reading:
    """The start of a file, cut at a separator."""

    separator: str
    rows: list[list[str]] = field(default_factory=list)
    ends: list[int] = field(default_factory=list)  # lines read up to the end of each row

    @property
    def width(self) -> int:
        """Fields of most rows."""
        return Counter(map(len, self.rows)).most_common(1)[0][0] if self.rows else 0

    @property
    def score(self) -> tuple[float, int]:
        """How alike the rows are, and how wide."""
        alike = sum(len(row) == self.width for row in self.rows)
        return (round(alike / len(self.rows), 2) if self.width > 1 else 0.0, self.width)


def guess_csv(start: bytes) -> CsvGuess:
    """Guess how a file is written that begins with `start`, `START_BYTES` or all of it.

    Example:
        >>> guess = guess_csv("nom;prénom;né le\\nX;Y;01/02/1990\\n".encode("cp1252"))
        >>> guess.separator, guess.encodings[0], guess.is_header
        (';', 'cp1252', True)
        >>> guess_csv(b"DUPONT;Jean\\nMARTIN;Zo\\xc3\\xa9\\n").names()
        ('column 1', 'column 2')
    """
    encodings, doubt = guess_encodings(start)
    text = codecs.getincrementaldecoder(encodings[0])("replace").decode(start).lstrip("\ufeff")
    lines = io.StringIO(text, newline="").readlines()
    if len(lines) > 1 and len(start) >= START_BYTES:
        lines.pop()  # it is cut
    separators: Sequence[str] = SEPARATORS
    sep_line = SEP_LINE.fullmatch(lines[0]) if lines else None
    if sep_line is not None and sep_line[1] in '"\\':
        sep_line = None  # what quotes or escapes separates nothing
    if sep_line is not None:
        separators, lines = sep_line[1], lines[1:]
    quoted = not _is_copied(lines)
    escape = "\\" if _is_escaped(lines) or not quoted else None
    readings = [
        _read(separator, _reader(lines, separator, escape, quoted=quoted))
        for separator in (separators if quoted else "\t")
    ]
    reading = max(readings, key=lambda reading: reading.score)
    at = _header_row(reading)
    above = reading.ends[at - 1] if at else 0
    rows = reading.rows[at:]
    first = rows[0] if rows else []
    return CsvGuess(
        reading.separator,
        encodings,
        escape,
        quoted,
        above + (sep_line is not None and above > 0),
        tuple(first),
        is_header(first, rows[1:]),
        doubt,
        sep_line is not None and not above,
        len(rows) > 2 and reading.score[0] >= _ALIKE,
    )


def guess_encodings(start: bytes) -> tuple[tuple[str, ...], str]:
    """Encodings of a text to try in turn, the last of which decodes any bytes; and a doubt."""
    if start.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return ("utf-16",), ""
    if is_utf16(start):
        low = start[1::2].count(0) > start[::2].count(0)
        return ("utf-16-le" if low else "utf-16-be",), ""
    try:
        codecs.utf_8_decode(start, "strict", len(start) < START_BYTES)
    except UnicodeDecodeError:
        return guess_one_byte(start)
    # Where the start has UTF-8 beyond ASCII, later bytes that are not UTF-8 are damage.
    return ("utf-8", "utf-8" if not start.isascii() else "cp1252"), ""


def guess_one_byte(start: bytes) -> tuple[tuple[str, ...], str]:
    """Encodings of one byte a sign to try in turn, the last of which decodes any; and a doubt.

    By the share of letters beyond ASCII that are French ones in their place in a word.

    Example:
        >>> guess_one_byte("Éloïse".encode("mac-roman"))[0]
        ('mac-roman',)
    """
    scores = {encoding: _french(start.decode(encoding, "replace")) for encoding in _ONE_BYTE}
    best = max(scores, key=lambda encoding: scores[encoding])
    others = [encoding for encoding in _ONE_BYTE if encoding != best and scores[encoding] > 0]
    doubt = max(others, key=lambda encoding: scores[encoding], default="")
    if 2 * scores.get(doubt, 0) < scores[best]:
        doubt = ""
    return ((best, "latin-1") if best == "cp1252" else (best,)), doubt


def _french(text: str) -> int:
    """Letters beyond ASCII that stand in French words as they do here, less those that do not."""
    count = 0
    for match in re.finditer(r"[^\x00-\x7f]", text):
        sign = match[0]
        before, after = text[match.start() - 1 : match.start()], text[match.end() :][:1]
        if sign.lower() in _FRENCH:
            fits = not (before.isupper() and after.isupper())
            if sign.isupper():
                fits = before.isupper() or not before.isalpha()
            count += 1 if fits else -1
        elif (before.isalpha() or after.isalpha()) and sign not in _SIGNS:
            count -= 1
    return count


def _is_escaped(lines: Sequence[str]) -> bool:
    """Whether quotes are escaped by a backslash: a letter behind them goes on with the field."""
    return any(re.search(r'\\"[^\s,;|"]', line) for line in lines[:_ROWS])


def _is_copied(lines: Sequence[str]) -> bool:
    """Whether lines are as PostgreSQL's COPY and MySQL write them, with tabs between values.

    Some value is null, some escape stands for another character, and none stands for itself.
    """
    text = "".join(lines[:_ROWS])
    followers = set(re.findall(r"\\(.?)", text, re.DOTALL))
    has_null = re.search(r"(^|\t)\\N(\t|$)", text, re.MULTILINE) is not None
    return has_null and len(followers) > 1 and followers <= set("N\\\tnrtbfv")


def _reader(lines: Iterable[str], separator: str, escape: str | None, *, quoted: bool) -> Any:
    if escape is not None:
        options = CsvOptions(separator=separator, escape=escape, quote=quoted and '"')
        lines = (rewrite_escapes(line.encode(), options).decode() for line in lines)
    return csv.reader(
        lines,
        delimiter=separator,
        escapechar=escape,
        quoting=csv.QUOTE_MINIMAL if quoted else csv.QUOTE_NONE,
    )


def _read(separator: str, rows: Any) -> _Reading:
    reading = _Reading(separator)
    try:
        for row in rows:
            if any(cell.strip() for cell in row):
                reading.rows.append(row)
                reading.ends.append(rows.line_num)
            if len(reading.rows) == _ROWS:
                break
    except csv.Error:
        pass
    return reading


def _header_row(reading: _Reading) -> int:
    """The row of the header: those above have other widths, or fewer than half of their cells."""
    least = max(2, (reading.width + 1) // 2)
    for at, row in enumerate(reading.rows[:_MOST_SKIPPED]):
        if reading.width < 2 or sum(bool(cell.strip()) for cell in row) >= least:
            return at
    return 0


def sort_of(cell: str) -> str:
    """The sort of a cell: `digits`, `number`, `date`, `time`, `e-mail`, `uuid`, `text` or empty.

    Example:
        >>> sort_of("12"), sort_of("1 234,56 €"), sort_of("01/02/1990"), sort_of("Zoé")
        ('digits', 'number', 'date', 'text')
    """
    cell = re.sub(TEXT_FORMULA, r"\1", cell.strip())
    if not cell:
        return ""
    return next((sort for sort, pattern in _SORTS if pattern.fullmatch(cell)), "text")


def is_header(first: Sequence[str], rows: Sequence[Sequence[str]]) -> bool:
    """Whether a type tells the cells of `first` from those below: only then it is no record.

    Example:
        >>> is_header(["nom", "né le"], [["DUPONT", "01/02/1990"]])
        True
        >>> is_header(["DUPONT", "01/02/1990"], [["MARTIN", "03/04/1991"]])
        False
    """
    told = False
    for place, name in enumerate(first):
        own = sort_of(name)
        below = {sort_of(row[place]) for row in rows if place < len(row)} - {""}
        if own not in ("", "text") or find_nir(name):
            return False
        told = told or (own == "text" and bool(below) and "text" not in below)
    return told
