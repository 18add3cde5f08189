"""The first rows of a file, as fields with their evidence. A piece at a time: memory stays flat."""

import codecs
import csv
import io
import json
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any, BinaryIO

import fastavro
import pyarrow as pa
import pyarrow.parquet as pq

from tamis.documents.schema import CsvOptions, FormatName
from tamis.draft.avro import of_avro
from tamis.draft.fields import DraftField, FeedSample, add_arrow, add_values, leaf, of_arrow, settle
from tamis.errors import InputError, UsageError
from tamis.formats.python_records import NumberText
from tamis.formats.schemaless import MAX_LINE_BYTES, csv_options
from tamis.formats.suffixes import FORMATS, decompressed, format_of
from tamis.language import _

_PIECE_ROWS = 16_384
_PIECE_CHARACTERS = 16 << 20
_HEAD_BYTES = 1 << 20


def drafted_format(path: Path) -> FormatName:
    """The format that a file's suffix tells; `.txt` is taken for CSV.

    Raises:
        UsageError: it tells none.
    """
    form: FormatName | None = "csv" if path.suffix.lower() == ".txt" else format_of(path.name)
    if form is None:
        raise UsageError(
            _("{file}: its suffix must tell its format: {suffixes}").format(
                file=path, suffixes=", ".join([*FORMATS, ".txt"])
            )
        )
    return form


def take_sample(path: Path, rows: int) -> tuple[FeedSample, CsvOptions]:
    """Look at the first `rows` rows of a file that is no DSN.

    Returns:
        Its fields with their evidence; the options of a CSV, without decimal mark and dates.

    Raises:
        InputError: the file cannot be read as its suffix says, or has no field.
        UsageError: its suffix tells no format.
    """
    form, options = drafted_format(path), CsvOptions()
    try:
        if form == "csv":
            sample, options = _csv(path, rows)
        else:
            take = {"jsonl": _jsonl, "avro": _avro, "parquet": _parquet}[form]
            with path.open("rb") as stream:
                sample = take(decompressed(stream, path.name), rows)
    except OSError as error:
        raise InputError(
            str(path), _("cannot be read: {cause}", cause=error.strerror or "not whole")
        ) from None
    except (pa.ArrowException, csv.Error, ValueError, EOFError, KeyError) as error:
        raise InputError(
            str(path),
            _("is not a whole {form} file ({kind})", form=form, kind=type(error).__name__),
        ) from None
    if not sample.fields:
        raise InputError(str(path), _("has no field"))
    return sample, options


def _csv(path: Path, rows: int) -> tuple[FeedSample, CsvOptions]:
    with path.open("rb") as stream:
        head = decompressed(stream, path.name).read(_HEAD_BYTES)
    options, encodings = _guess_encoding(head)
    for encoding in encodings[:-1]:
        try:
            chosen = options.model_copy(update={"encoding": encoding})
            return _csv_in(path, rows, chosen, "strict"), chosen
        except UnicodeDecodeError:
            pass
    chosen = options.model_copy(update={"encoding": encodings[-1]})
    sample = _csv_in(path, rows, chosen, "replace")
    if len(encodings) > 1:
        sample.notes.append(f"some bytes are no {encodings[0]}: look whether {encodings[-1]} is it")
    return sample, chosen


def _guess_encoding(head: bytes) -> tuple[CsvOptions, list[str]]:
    """Separator, and encodings to try in turn; the last one takes any bytes."""
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        text = codecs.getincrementaldecoder("utf-16")("replace").decode(head)
        return csv_options(text.lstrip("\r\n").encode()), ["utf-16"]
    head = head.removeprefix(codecs.BOM_UTF8).lstrip(b"\r\n")
    options = csv_options(head)
    if options.encoding != "utf-8":
        return options, ["cp1252", "latin-1"]
    # Where there was UTF-8 beyond ASCII before, bytes that are none are damage.
    return options, ["utf-8", "utf-8" if not head.isascii() else "cp1252"]


def _csv_in(path: Path, rows: int, options: CsvOptions, errors: str) -> FeedSample:
    encoding = "utf-8-sig" if options.encoding == "utf-8" else options.encoding
    csv.field_size_limit(MAX_LINE_BYTES)
    with (
        path.open("rb") as stream,
        io.TextIOWrapper(decompressed(stream, path.name), encoding, errors, newline="") as text,
    ):
        lines = csv.reader(text, delimiter=options.separator, quotechar=options.quote)
        names = next((line for line in lines if any(name.strip() for name in line)), [])
        sample = FeedSample([leaf(name) for name in names])
        records = (line for line in lines if line)
        for piece in _pieces(islice(records, rows), lambda line: sum(map(len, line))):
            sample.rows += len(piece)
            right = [line for line in piece if len(line) == len(names)]
            sample.unreadable += len(piece) - len(right)
            for place, node in enumerate(sample.fields):
                # Blank is null: a run takes it for one in every type but string.
                cells = [line[place] if line[place].strip() else None for line in right]
                assert node.evidence is not None
                node.evidence.add(pa.array(cells, pa.string()))
        sample.whole = next(records, None) is None
    return sample


def _jsonl(stream: BinaryIO, rows: int) -> FeedSample:
    sample = FeedSample([])
    top = DraftField("", "struct")
    lines = _lines(stream)
    for piece in _pieces(islice(lines, rows), lambda line: len(line or b"")):
        sample.rows += len(piece)
        records = [record for record in map(_parse, piece) if record is not None]
        sample.unreadable += len(piece) - len(records)
        add_values(top, records)
    sample.whole = next(lines, None) is None
    settle(top)
    sample.fields = top.inner
    return sample


def _lines(stream: BinaryIO) -> Iterator[bytes | None]:
    """Lines that are not blank; None for one that is too long."""
    while line := stream.readline(MAX_LINE_BYTES + 1):
        if len(line) > MAX_LINE_BYTES:
            while line and not line.endswith(b"\n"):
                line = stream.readline(MAX_LINE_BYTES)
            yield None
        elif line.strip():
            yield line


def _parse(line: bytes | None) -> dict[str, Any] | None:
    try:
        record = json.loads((line or b"").decode("utf-8-sig"), parse_float=NumberText)
    except (ValueError, RecursionError):
        return None
    return record if isinstance(record, dict) else None


def _avro(stream: BinaryIO, rows: int) -> FeedSample:
    try:
        reader = fastavro.reader(stream)
        written: Any = reader.writer_schema
        if not isinstance(written, dict) or written.get("type") != "record":
            raise ValueError
        top = of_avro("", written)
        sample = FeedSample(top.inner)
        for piece in _pieces(islice(reader, rows), lambda record: 1024):
            sample.rows += len(piece)
            add_values(top, piece)
        sample.whole = next(reader, None) is None
    except (MemoryError, RecursionError):
        raise
    except Exception as error:
        # Whatever the decoder stumbles over; its own words may quote a value.
        raise ValueError(type(error).__name__) from None
    return sample


def _parquet(stream: BinaryIO, rows: int) -> FeedSample:
    file = pq.ParquetFile(stream, pre_buffer=False)
    kinds = file.schema_arrow
    sample = FeedSample([of_arrow(kind.name, kind.type) for kind in kinds])
    for node, field in zip(sample.fields, kinds, strict=True):
        node.required = not field.nullable
    for batch in file.iter_batches(_PIECE_ROWS, use_threads=False):
        piece = batch.slice(0, rows - sample.rows)
        sample.rows += piece.num_rows
        for node, column in zip(sample.fields, piece.columns, strict=True):
            add_arrow(node, column)
        if sample.rows >= rows:
            break
    sample.whole = sample.rows == file.metadata.num_rows
    return sample


def _pieces(rows: Iterable[Any], weigh: Any) -> Iterator[list[Any]]:
    """Rows by at most so many, and about so many characters."""
    held: list[Any] = []
    size = 0
    for row in rows:
        held.append(row)
        size += weigh(row)
        if len(held) == _PIECE_ROWS or size >= _PIECE_CHARACTERS:
            yield held
            held, size = [], 0
    if held:
        yield held
