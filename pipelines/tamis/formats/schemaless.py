"""Any file as columns, without a schema: for `scan` and `draft`.

The columns are those of Parquet and Avro, those in the header of a CSV (its separator is guessed),
the keys of JSON objects, the rubriques of a DSN; any other file is one column of lines, `text`.
Values keep the file's types. A file is read in pieces, in bounded memory.
"""

import csv
import io
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO, Final

import fastavro
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq

from tamis.arrow.leaves import leaves_of
from tamis.documents.schema import CsvOptions, FormatName
from tamis.errors import InputError
from tamis.formats.compression import decompressed
from tamis.formats.content import content_of
from tamis.formats.names import shown_name
from tamis.language import _

PIECE_ROWS = 65_536
"""Rows, lines or records that a piece of a column holds at most."""

MAX_LINE_BYTES = 16 << 20

_START_BYTES = 1 << 16
_PIECE_BYTES = 16 << 20
_SEPARATORS = ",;\t|"
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


def read_columns(path: Path) -> Iterator[tuple[str, pa.Array]]:
    """Read the columns of a file, a piece after the other.

    Args:
        path: of a file with a suffix of `tamis.formats.suffixes`, or of a text file.

    Returns:
        Names and values: each column once a piece, at most `PIECE_ROWS` rows. Nested columns are
        yielded as their leaves, named by their paths.

    Raises:
        InputError: the file cannot be read, or not to its end.
    """
    with input_errors(path, None), path.open("rb", buffering=_START_BYTES) as stream:
        content = content_of(stream, str(path))
    if content.kind == "unknown":
        raise InputError(str(path), _("cannot be looked into: {what}", what=content.what))
    form = content.format(str(path))
    read = _READERS[form] if form else _text
    with input_errors(path, form), path.open("rb", buffering=_START_BYTES) as stream:
        yield from read(decompressed(stream, str(path)))


@contextmanager
def input_errors(path: Path, form: FormatName | None) -> Iterator[None]:
    """Raise errors of a format's reader as `InputError`, which names the file; None is text."""
    try:
        yield
    except OSError as error:
        raise InputError(
            str(path), _("cannot be read: {cause}", cause=error.strerror or "not whole")
        ) from None
    except (pa.ArrowException, csv.Error, ValueError, EOFError, KeyError) as error:
        kind = type(error).__name__
        raise InputError(
            str(path), _("is not a whole {form} file ({kind})", form=form or "text", kind=kind)
        ) from None


def csv_options(start: bytes) -> CsvOptions:
    """Separator and encoding of a CSV file, guessed from its first bytes.

    Example:
        >>> csv_options("nom;prénom\\nX;Y\\n".encode("cp1252")).separator
        ';'
    """
    try:
        io.TextIOWrapper(io.BytesIO(start[: start.rfind(b"\n") + 1] or start), "utf-8-sig").read()
        encoding = "utf-8"
    except UnicodeDecodeError:
        encoding = "cp1252"
    line = start.removeprefix(b"\xef\xbb\xbf").split(b"\n", 1)[0].decode(encoding, "replace")
    counts = {
        separator: len(next(csv.reader([line], delimiter=separator), []))
        for separator in _SEPARATORS
    }
    return CsvOptions(
        separator=max(counts, key=lambda separator: counts[separator]), encoding=encoding
    )


def _parquet(stream: BinaryIO) -> Iterator[tuple[str, pa.Array]]:
    for batch in pq.ParquetFile(stream).iter_batches(PIECE_ROWS, use_threads=False):
        for name, column in zip(batch.schema.names, batch.columns, strict=True):
            yield from leaves_of(shown_name(name), column, shown_name)


def _csv(stream: Any) -> Iterator[tuple[str, pa.Array]]:
    options = csv_options(stream.peek(_START_BYTES))
    text = io.TextIOWrapper(stream, options.encoding, errors="replace", newline="")
    rows = csv.reader(text, delimiter=options.separator)
    csv.field_size_limit(MAX_LINE_BYTES)
    names = [shown_name(name.removeprefix("\ufeff")) for name in next(rows, [])]
    for piece in in_pieces(rows):
        for place, name in enumerate(names):
            yield name, pa.array([row[place] if place < len(row) else None for row in piece])
        beyond = [cell for row in piece for cell in row[len(names) :]]
        if beyond:
            yield "(beyond the header)", pa.array(beyond)
    text.detach()


def _jsonl(stream: BinaryIO) -> Iterator[tuple[str, pa.Array]]:
    for piece in in_pieces(_lines(stream), PIECE_ROWS // 8):
        columns: dict[str, list[Any]] = {}
        for line in piece:
            try:
                _collect(json.loads(line, parse_float=str), "", columns)
            except (ValueError, RecursionError):
                columns.setdefault("(not JSON)", []).append(line)
        yield from _as_arrays(columns)


def _avro(stream: BinaryIO) -> Iterator[tuple[str, pa.Array]]:
    for piece in in_pieces(fastavro.reader(stream), PIECE_ROWS // 8):
        columns: dict[str, list[Any]] = {}
        for record in piece:
            _collect(record, "", columns)
        yield from _as_arrays(columns)


def _dsn(stream: BinaryIO) -> Iterator[tuple[str, pa.Array]]:
    for piece in in_pieces(_lines(stream)):
        columns: dict[str, list[Any]] = {}
        for line in piece:
            match = _RUBRIQUE.match(line)
            name, value = (match[1], match[2]) if match else ("(not a rubrique)", line)
            label = _DSN_NIRS.get(name)
            columns.setdefault(f"{name} ({label})" if label else name, []).append(value)
        yield from _as_arrays(columns)


def _text(stream: BinaryIO) -> Iterator[tuple[str, pa.Array]]:
    for piece in in_pieces(_lines(stream)):
        yield "text", pa.array(piece)


def _lines(stream: BinaryIO) -> Iterator[str]:
    """Lines as text, UTF-8 or else Latin-1; one over `MAX_LINE_BYTES` in pieces of that size."""
    while line := stream.readline(MAX_LINE_BYTES):
        try:
            yield line.decode()
        except UnicodeDecodeError:
            yield line.decode("latin-1")


def in_pieces(
    rows: Iterable[Any], most: int = PIECE_ROWS, size_of: Callable[[Any], int] = lambda row: 0
) -> Iterator[list[Any]]:
    """Rows in lists of at most `most` rows, and of about 16 MiB by `size_of`."""
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


def _collect(value: Any, path: str, columns: dict[str, list[Any]]) -> None:
    """Add the values inside `value` to the columns of their paths."""
    if isinstance(value, dict):
        for key, inner in value.items():
            name = shown_name(str(key))
            if name != key:
                columns.setdefault("(keys)", []).append(str(key))
            _collect(inner, f"{path}.{name}" if path else name, columns)
    elif isinstance(value, list | tuple):
        for inner in value:
            _collect(inner, path, columns)
    elif value is not None:
        columns.setdefault(path or "(value)", []).append(value)


def _as_arrays(columns: dict[str, list[Any]]) -> Iterator[tuple[str, pa.Array]]:
    """The columns as arrays; as text where the values of one are of several types."""
    for name, values in columns.items():
        try:
            yield name, pa.array(values)
        except (pa.ArrowException, OverflowError, UnicodeEncodeError):
            texts = [str(value).encode("utf-8", "replace").decode() for value in values]
            yield name, pa.array(texts)


_READERS: Final[Mapping[FormatName, Callable[[Any], Iterator[tuple[str, pa.Array]]]]] = {
    "parquet": _parquet,
    "csv": _csv,
    "jsonl": _jsonl,
    "avro": _avro,
    "dsn": _dsn,
}
