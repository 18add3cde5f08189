"""Any file as columns, without a schema: for `scan` and `draft`.

The columns are those of Parquet and Avro, those in the header of a CSV (its separator is guessed),
the keys of JSON objects, the rubriques of a DSN; any other text is looked at as text. Names and
whatever else stands beside the values are columns too. Values keep the file's types. A file is read
in pieces, in bounded memory; what cannot be looked into is an error, never an empty file.
"""

import csv
import io
import json
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any, BinaryIO, Final

import pyarrow as pa

from tamis.arrow.leaves import leaves_of
from tamis.documents.feed_format import FormatName
from tamis.errors import InputError, NotLookedInto, os_problem
from tamis.filter.drift import RECORDS_TO_SHOW, WITHHELD
from tamis.formats.avro_container import AvroFile
from tamis.formats.compression import decompressed
from tamis.formats.content import Content, content_of
from tamis.formats.csv_guess import START_BYTES, CsvGuess, guess_csv, guess_encodings
from tamis.formats.names import may_be_shown, shown_name, shown_path
from tamis.formats.parquet import open_parquet
from tamis.formats.spreadsheet.texts import workbook_texts
from tamis.formats.suffixes import format_of
from tamis.formats.text_columns import text_columns
from tamis.formats.xml.texts import read_texts
from tamis.language import N_, _

PIECE_ROWS = 65_536
"""Rows, lines or records that a piece of a column holds at most."""

MAX_LINE_BYTES = 16 << 20

_WORDS = {None: N_("text"), "spreadsheet": N_("spreadsheet")}
_LINE_BYTES = 1 << 20  # of a line of text; a longer one is looked at in pieces
_PIECE_BYTES = 8 << 20
_MOST_KEYS = 10_000
_MOST_HELD = 1_000_000
_CUT = re.compile(r"[^0-9ABab .\u00a0](?=[0-9ABab .\u00a0]*$)")
_RUBRIQUE = re.compile(r"\s*(S\d\d\.G\d\d\.\d\d\.\d{3})\s*,\s*'(.*)'\s*$", re.DOTALL)
_DSN_NIRS = {
    "S21.G00.30.001": "NIR",
    "S21.G00.31.008": "ancien NIR",
    "S21.G00.73.007": "NIR de l'ayant droit",
    "S89.G00.67.001": "NIR",
    "S89.G00.87.007": "NIR",
    "S89.G00.88.008": "NIR",
    "S89.G00.89.007": "NIR",
    "S89.G00.91.001": "NIR",
}
"""Rubriques of the DSN that hold NIRs, all without their key."""


@dataclass(frozen=True)
class Column:
    """A piece of one column.

    Attributes:
        name: how the column is shown.
        values: some of its values, of any type that is not nested.
        names: whether the values are names or stand beside the records, so that a single NIR among
            them is no chance.
    """

    name: str
    values: pa.Array
    names: bool = False


def look_into(path: Path) -> Content:
    """What a file holds.

    Raises:
        NotLookedInto: it is of no format that can be looked into.
        InputError: it cannot be read.
    """
    with input_errors(path, None), path.open("rb", buffering=_LINE_BYTES) as stream:
        content = content_of(stream, shown_path(path))
    if content.kind in ("unknown", "other", "arrow"):
        raise NotLookedInto(shown_path(path), _("cannot be looked into: {what}", what=content.what))
    if content.compression and "parquet" in (content.kind, format_of(str(path))):
        problem = _("cannot be looked into: Parquet inside {kind}", kind=content.compression)
        raise NotLookedInto(shown_path(path), problem)
    return content


def read_columns(path: Path) -> Iterator[Column]:
    """Read the columns of a file, a piece after the other.

    Args:
        path: of a file of any format that `run` reads, or of any text.

    Returns:
        Columns: each once a piece, at most `PIECE_ROWS` rows. Nested columns are yielded as their
        leaves, named by their paths.

    Raises:
        NotLookedInto: the file is of no format that can be looked into.
        InputError: the file cannot be read, or not to its end.
    """
    content = look_into(path)
    is_lines = content.kind != "json"  # other JSON is looked into as text
    form = (content.format(shown_path(path)) or format_of(str(path))) if is_lines else None
    with input_errors(path, form):
        if form in ("csv", None):
            with path.open("rb", buffering=_LINE_BYTES) as stream:
                guess = guess_csv(decompressed(stream, shown_path(path)).read(START_BYTES))
            if is_lines and (form == "csv" or guess.is_table):
                yield from _csv(path, guess)
                return
        if form == "xml":  # by its elements as far as it is well formed, and as text
            with path.open("rb", buffering=_LINE_BYTES) as stream:
                try:
                    yield from _xml(decompressed(stream, shown_path(path)), shown_path(path))
                except NotLookedInto:
                    raise
                except InputError:
                    pass
        with path.open("rb", buffering=_LINE_BYTES) as stream:
            yield from _READERS.get(form, _text)(
                decompressed(stream, shown_path(path)), shown_path(path)
            )


@contextmanager
def input_errors(path: Path, form: FormatName | None) -> Iterator[None]:
    """Raise errors of a format's reader as `InputError`, which names the file; None is text."""
    try:
        yield
    except InputError as error:
        raise type(error)(error.source or str(path), error.problem) from None
    except OSError as error:
        cause = os_problem(error) if error.strerror else _("not whole")
        raise InputError(shown_path(path), _("cannot be read: {cause}", cause=cause)) from None
    except (pa.ArrowException, csv.Error, ValueError, EOFError, KeyError) as error:
        kind = type(error).__name__
        raise InputError(
            shown_path(path),
            _(
                "is not a whole {form} file ({kind})",
                form=_(_WORDS.get(form) or str(form)),
                kind=kind,
            ),
        ) from None


def _parquet(stream: BinaryIO, source: str) -> Iterator[Column]:
    file = open_parquet(stream, source)
    schema = file.schema_arrow
    yield Column(_("(names of columns)"), pa.array(_names_in(schema)), names=True)
    if texts := [*_metadata_in(schema), *_texts_of(file.metadata.metadata)]:
        yield Column(_("(metadata)"), pa.array(texts), names=True)
    groups = file.num_row_groups
    for group in range(groups):
        batches = file.iter_batches(PIECE_ROWS, [group], use_threads=False)
        while True:
            try:
                batch = next(batches, None)
            except Exception:
                problem = _(
                    "row group {group} of {count} cannot be read", group=group + 1, count=groups
                )
                raise InputError(source, problem) from None
            if batch is None:
                break
            for name, column in zip(batch.schema.names, batch.columns, strict=True):
                for path, leaf in leaves_of(shown_name(name), column, shown_name):
                    yield Column(path, leaf)


def _names_in(fields: Iterable[pa.Field]) -> Iterator[str]:
    """The names of fields and of those inside them."""
    for field in fields:
        yield field.name
        kind = field.type
        yield from _names_in(kind.field(place) for place in range(kind.num_fields))


def _metadata_in(schema: pa.Schema) -> Iterator[str]:
    for held in (schema, *schema):
        yield from _texts_of(held.metadata)


def _texts_of(metadata: Mapping[bytes, bytes] | None) -> Iterator[str]:
    for key, value in (metadata or {}).items():
        if key != b"ARROW:schema":
            yield key.decode("utf-8", "replace")
            yield value.decode("utf-8", "replace")


def _csv(path: Path, guess: CsvGuess) -> Iterator[Column]:
    csv.field_size_limit(MAX_LINE_BYTES)
    with path.open("rb", buffering=_LINE_BYTES) as stream:
        text = io.TextIOWrapper(
            decompressed(stream, shown_path(path)), guess.encodings[0], "replace", newline=""
        )
        lines = iter(lambda: text.readline(_LINE_BYTES), "")
        rows = guess.reader(lines)
        try:
            yield from _csv_columns(rows, guess.names(), guess.is_header)
        except csv.Error:
            problem = _(
                "line {number}: a cell is longer than {most} MiB, or a quote is never closed",
                number=rows.line_num,
                most=MAX_LINE_BYTES >> 20,
            )
            raise InputError(shown_path(path), problem) from None


def _csv_columns(
    rows: Iterator[list[str]], given: tuple[str, ...], is_header: bool
) -> Iterator[Column]:
    names = [shown_name(name) for name in given]
    header: list[str] = []
    for row in rows:  # those above the header stand beside the records, as the header does
        header += row
        if len(row) == len(names) and any(cell.strip() for cell in row):
            break
    if header:
        header[0] = header[0].removeprefix("\ufeff")
        yield Column(_("(header line)"), pa.array(header), names=True)
    if not is_header:
        rows = chain([header[len(header) - len(names) :]], rows)
    for piece in in_pieces(rows, size_of=lambda row: sum(map(len, row))):
        for place, name in enumerate(names):
            cells = [row[place] if place < len(row) else None for row in piece]
            yield Column(name, pa.array(cells, pa.string()))
        beyond = [cell for row in piece for cell in row[len(names) :]]
        if beyond:
            yield Column(_("(beyond the header)"), pa.array(beyond))
        if len(names) < 2:
            lines = [f"{row[0]}\n" for row in piece if row]
            yield from (
                Column(name, values) for name, values in text_columns(lines) if name != "text"
            )


def in_pieces(
    rows: Iterable[Any], most: int = PIECE_ROWS, size_of: Callable[[Any], int] = lambda row: 0
) -> Iterator[list[Any]]:
    """Rows in lists of at most `most` rows, and of about 8 MiB by `size_of`."""
    piece: list[Any] = []
    size = 0
    for row in rows:
        piece.append(row)
        size += size_of(row)
        if len(piece) == most or size >= _PIECE_BYTES:
            yield piece
            piece, size = [], 0
    if piece:
        yield piece


def _jsonl(stream: BinaryIO, source: str) -> Iterator[Column]:
    columns = _KeyedColumns()
    for piece in in_pieces(_lines(stream, MAX_LINE_BYTES), PIECE_ROWS // 8, len):
        others = []
        for line in piece:
            try:
                columns.add(json.loads(line, parse_float=str))
            except (ValueError, RecursionError):
                others.append(line)
        yield from columns.piece()
        if others:
            yield Column(_("(not JSON)"), pa.array(others))
    yield from columns.end()


def _avro(stream: BinaryIO, source: str) -> Iterator[Column]:
    file = AvroFile(stream, source)
    names = list(_strings_in(file.schema, "name"))
    yield Column(_("(names of columns)"), pa.array(names, pa.string()), names=True)
    yield Column(_("(metadata)"), pa.array([*file.texts, *_strings_in(file.schema)]), names=True)
    columns = _KeyedColumns(frozenset(names))
    for piece in in_pieces(file.records(), PIECE_ROWS // 8, lambda pair: pair[1]):
        for record, _weight in piece:
            columns.add(record)
        yield from columns.piece()
    yield from columns.end()


def _strings_in(value: Any, key: str = "") -> Iterator[str]:
    """The texts inside `value`; only those under `key` if one is given."""
    if isinstance(value, Mapping):
        for name, inner in value.items():
            if not key or name == key or isinstance(inner, Mapping | list):
                yield from _strings_in(inner, key)
    elif isinstance(value, list):
        for inner in value:
            if not key or not isinstance(inner, str):
                yield from _strings_in(inner, key)
    elif isinstance(value, str):
        yield value.encode("utf-8", "replace").decode()


def _dsn(stream: BinaryIO, source: str) -> Iterator[Column]:
    for piece in in_pieces(_lines(stream), size_of=len):
        columns: dict[str, list[Any]] = {}
        for line in piece:
            match = _RUBRIQUE.match(line)
            name, value = (match[1], match[2]) if match else (_("(not a rubrique)"), line)
            label = _DSN_NIRS.get(name)
            columns.setdefault(f"{name} ({label})" if label else name, []).append(value)
        for name, values in columns.items():
            yield Column(name, _as_array(values))


def _xml(stream: Any, source: str) -> Iterator[Column]:
    for name, values, are_names in read_texts(stream, source, PIECE_ROWS):
        yield Column(name or _("(names)"), pa.array(values), are_names)


def _spreadsheet(stream: Any, source: str) -> Iterator[Column]:
    for name, values, are_names in workbook_texts(stream, source, PIECE_ROWS // 8):
        yield Column(name, _as_array(values), are_names)


def _text(stream: BinaryIO, source: str) -> Iterator[Column]:
    for piece in in_pieces(_lines(stream), size_of=len):
        for name, values in text_columns(piece):
            yield Column(name, values)


def _lines(stream: Any, most: int = _LINE_BYTES) -> Iterator[str]:
    """Lines with their ends; one of over `most` characters in pieces, cut behind no digit."""
    encoding = guess_encodings(stream.peek(START_BYTES)[:START_BYTES])[0][0]
    text = io.TextIOWrapper(stream, encoding, "replace", newline="")
    rest = ""
    while line := text.readline(most):
        line, rest = rest + line, ""
        if len(line) >= most and not line.endswith(("\n", "\r")):
            end = _CUT.search(line, len(line) - 200)
            if end is not None:
                line, rest = line[: end.start()], line[end.start() :]
        yield line
    if rest:
        yield rest
    text.detach()


class _KeyedColumns:
    """The values inside records as columns by their paths.

    A key that the source does not declare is shown where five records have it. Until then its
    values are held back; those of the others are yielded under `(name withheld)` at the end.
    """

    def __init__(self, declared: frozenset[str] = frozenset()) -> None:
        self._declared = declared
        self._records: Counter[tuple[str, ...]] = Counter()
        self._values: dict[tuple[str, ...], list[Any]] = {}
        self._held = 0
        self._keys: list[str] = []

    def add(self, record: Any) -> None:
        """Add the values inside `record`."""
        paths: set[tuple[str, ...]] = set()
        self._add(record, (), paths)
        self._records.update(paths)

    def _add(self, value: Any, path: tuple[str, ...], paths: set[tuple[str, ...]]) -> None:
        if isinstance(value, dict):
            for key, inner in value.items():
                below = (*path, self._name(str(key), path))
                paths.add(below)
                self._add(inner, below, paths)
        elif isinstance(value, list | tuple):
            for inner in value:
                self._add(inner, path, paths)
        elif value is not None:
            self._values.setdefault(path, []).append(value)
            self._held += 1

    def _name(self, key: str, path: tuple[str, ...]) -> str:
        if not may_be_shown(key):
            self._keys.append(key.encode("utf-8", "replace").decode())
            return WITHHELD
        full = len(self._records) >= _MOST_KEYS and (*path, key) not in self._records
        return WITHHELD if full else key

    def piece(self) -> Iterator[Column]:
        """What may be yielded under its name so far."""
        told = [path for path in self._values if self._is_told(path)]
        if self._held > _MOST_HELD:
            told = list(self._values)
        for path in told:
            values = self._values.pop(path)
            self._held -= len(values)
            yield Column(self._shown(path), _as_array(values))
        if self._keys:
            yield Column(_("(keys)"), pa.array(self._keys), names=True)
            self._keys.clear()

    def end(self) -> Iterator[Column]:
        """All that is left."""
        for path, values in self._values.items():
            yield Column(self._shown(path), _as_array(values))

    def _is_told(self, path: tuple[str, ...]) -> bool:
        own = not path or path[-1] in self._declared or path[-1] == WITHHELD
        return own or self._records[path] >= RECORDS_TO_SHOW

    def _shown(self, path: tuple[str, ...]) -> str:
        parts = [
            shown_name(path[end - 1]) if self._is_told(path[:end]) else WITHHELD
            for end in range(1, len(path) + 1)
        ]
        return ".".join(parts) or _("(value)")


def _as_array(values: list[Any]) -> pa.Array:
    """The values as an array; as text where they are of several types."""
    try:
        return pa.array(values)
    except (pa.ArrowException, OverflowError, UnicodeEncodeError):
        return pa.array([str(value).encode("utf-8", "replace").decode() for value in values])


_READERS: Final[Mapping[FormatName | None, Callable[[Any, str], Iterator[Column]]]] = {
    "parquet": _parquet,
    "jsonl": _jsonl,
    "avro": _avro,
    "dsn": _dsn,
    "spreadsheet": _spreadsheet,
}
