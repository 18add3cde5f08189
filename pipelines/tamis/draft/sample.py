"""The first rows of a file, as fields with statistics; read in pieces, in bounded memory."""

import json
from collections.abc import Callable, Mapping
from itertools import islice
from pathlib import Path
from typing import Any, BinaryIO, Final

import pyarrow.parquet as pq

from tamis.documents.feed_format import CsvOptions, FormatName
from tamis.draft.avro import of_avro
from tamis.draft.csv import sample_csv
from tamis.draft.fields import (
    DraftField,
    FeedSample,
    add_arrow,
    add_values,
    leave_out_empty_lists,
    of_arrow,
)
from tamis.draft.spreadsheet import sample_spreadsheet
from tamis.draft.xml import sample_xml
from tamis.errors import InputError
from tamis.formats.avro_container import AvroFile
from tamis.formats.compression import decompressed
from tamis.formats.content import content_of
from tamis.formats.jsonl import read_lines
from tamis.formats.names import shown_path
from tamis.formats.parquet import open_parquet
from tamis.formats.python_records import NumberText
from tamis.formats.schemaless import MAX_LINE_BYTES, in_pieces, input_errors
from tamis.formats.suffixes import format_of
from tamis.language import _

_PIECE_ROWS = 16_384


def drafted_format(path: Path) -> FormatName:
    """The format of a file by its content; text that is nothing else is read as CSV.

    Raises:
        InputError: the file cannot be read, or is of a format that is none of ours.
    """
    with input_errors(path, None), path.open("rb") as stream:
        content = content_of(stream, shown_path(path))
    if content.kind == "unknown":
        raise InputError(
            shown_path(path), _("is no format that is read: {what}", what=content.what)
        )
    return content.format(shown_path(path)) or format_of(str(path)) or "csv"


def take_sample(path: Path, rows: int, *, header: bool = False) -> tuple[FeedSample, CsvOptions]:
    """Read the first `rows` rows of a file that is no DSN.

    Args:
        path: of the file.
        rows: to read at most.
        header: of a CSV, whether its first line is one, whatever it looks like.

    Returns:
        Its fields with statistics; separator and encoding of a CSV.

    Raises:
        InputError: the file is of no format that is read, or has no field.
    """
    form, options = drafted_format(path), CsvOptions()
    with input_errors(path, form):
        if not path.stat().st_size:
            raise InputError(shown_path(path), _("is empty"))
        if form == "csv":
            sample, options = sample_csv(path, rows, header=header)
        else:
            with path.open("rb") as stream:
                content = decompressed(stream, shown_path(path))
                if form == "spreadsheet":
                    sample = sample_spreadsheet(content, shown_path(path), rows)
                else:
                    sample = _TAKERS[form](content, rows)
    if sample.rows and sample.unreadable == sample.rows and form == "jsonl":
        raise InputError(shown_path(path), _("no line of it is a JSON object"))
    if not sample.fields:
        reason = _("holds no JSON object with a key") if form == "jsonl" else _("has no field")
        raise InputError(shown_path(path), reason)
    return sample, options


def _jsonl(stream: BinaryIO, rows: int) -> FeedSample:
    sample = FeedSample([])
    top = DraftField("", "struct")
    lines = (line for _number, line in read_lines(stream, MAX_LINE_BYTES))
    for piece in in_pieces(islice(lines, rows), _PIECE_ROWS, lambda line: len(line or b"")):
        sample.rows += len(piece)
        records = [record for record in map(_parse, piece) if record is not None]
        sample.unreadable += len(piece) - len(records)
        add_values(top, records)
    sample.whole = next(lines, None) is None
    if top.left_out:
        raise InputError("", top.left_out)
    leave_out_empty_lists(top)
    sample.fields = top.inner
    return sample


def _parse(line: bytes | None) -> dict[str, Any] | None:
    try:
        record = json.loads((line or b"").decode(), parse_float=NumberText)
    except (ValueError, RecursionError):
        return None
    return record if isinstance(record, dict) else None


def _avro(stream: BinaryIO, rows: int) -> FeedSample:
    try:
        file = AvroFile(stream, "")
        top = of_avro("", file.schema)
        sample = FeedSample(top.inner)
        records = file.records()
        for piece in in_pieces(islice(records, rows), _PIECE_ROWS, lambda pair: 2 * pair[1]):
            sample.rows += len(piece)
            add_values(top, [record for record, _bytes in piece])
        sample.whole = next(records, None) is None
    except (MemoryError, RecursionError, InputError):
        raise
    except Exception as error:
        # The decoder raises errors of any class; their texts may quote a value.
        raise ValueError(type(error).__name__) from None
    return sample


def _parquet(stream: BinaryIO, rows: int) -> FeedSample:
    open_parquet(stream, "")  # refuses what would end the process
    file = pq.ParquetFile(
        stream,
        pre_buffer=False,
        page_checksum_verification=True,
        coerce_int96_timestamp_unit="us",
    )
    schema = file.schema_arrow
    sample = FeedSample([of_arrow(column.name, column.type) for column in schema])
    for field, column in zip(sample.fields, schema, strict=True):
        field.required = not column.nullable
    for batch in file.iter_batches(_PIECE_ROWS, use_threads=False):
        piece = batch.slice(0, rows - sample.rows)
        sample.rows += piece.num_rows
        for field, array in zip(sample.fields, piece.columns, strict=True):
            add_arrow(field, array)
        if sample.rows >= rows:
            break
    sample.whole = sample.rows == file.metadata.num_rows
    return sample


_TAKERS: Final[Mapping[FormatName, Callable[[Any, int], FeedSample]]] = {
    "jsonl": _jsonl,
    "avro": _avro,
    "parquet": _parquet,
    "xml": sample_xml,
}
