"""What stands above the records of a CSV file: lines to skip, Excel's `sep=`, the header line."""

import codecs
import csv
import io
import re
from collections.abc import Set
from itertools import islice
from typing import BinaryIO, Final, NamedTuple

from tamis.documents.feed_format import CsvOptions
from tamis.errors import InputError
from tamis.formats.csv_guess import SEP_LINE
from tamis.formats.csv_text import Utf8Text, is_marked
from tamis.formats.names import declared_names, known_names
from tamis.language import _
from tamis.plan.plan import Plan

MAX_HEAD_BYTES: Final = 1 << 20

_BYTE_ORDER_MARKS = {
    codecs.BOM_UTF8: "utf-8",
    codecs.BOM_UTF32_LE: "utf-32",
    codecs.BOM_UTF32_BE: "utf-32",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}
_LIKELY_ENCODINGS = ("utf-8", "cp1252", "mac-roman", "cp850")
_BREAK = re.compile(rb"[\r\n]")


class Head(NamedTuple):
    """What a file begins with.

    Attributes:
        names: of its columns.
        rest: UTF-8 text that was read behind it.
        end: where it ends in the file, in bytes, if each byte of ASCII stands for itself there.
    """

    names: list[str]
    rest: bytes
    end: int


class _HeadError(ValueError):
    """The head of a file cannot be read; the message says why."""


def read_head(stream: BinaryIO, text: Utf8Text, plan: Plan, source: str) -> Head:
    """Read the start of a file.

    Args:
        stream: at its start.
        text: decodes the stream.
        plan: says which columns the schema has, and how its files are written.
        source: named in errors.

    Raises:
        InputError: there is no header line, it cannot be decoded, or it names no column of the
            schema; or there is one although the schema says that there is none.
    """
    options, columns = plan.format.csv, known_names(plan)
    raw = b""
    while len(raw) < MAX_HEAD_BYTES and (block := stream.read(MAX_HEAD_BYTES - len(raw))):
        raw += block
    is_whole = len(raw) < MAX_HEAD_BYTES
    start = text.decode(raw).removeprefix(codecs.BOM_UTF8)
    try:
        if isinstance(options.header, tuple):
            return _without_header(raw, start, options, list(options.header))
        names, end = _parse(start, options, is_whole=is_whole)
    except _HeadError as error:
        raise InputError(source, str(error)) from None
    found = columns & set(names)
    damaged = is_marked(start[:end])
    if damaged or (found < columns and not raw.isascii()):
        likely = _likely_encoding(raw, options, columns)
        better = columns & set(_names_in(raw, likely, options) if likely else ())
        if damaged or len(better) > len(found):
            raise InputError(source, _wrong_encoding(raw, options, likely))
    if not found:
        raise InputError(source, _unknown_header(plan, names))
    return Head(names, start[end:], _end_in(raw, start[:end]))


def _without_header(raw: bytes, start: bytes, options: CsvOptions, names: list[str]) -> Head:
    end = _after_skipped(start, options).tell()
    try:
        is_header = _parse(start, options, is_whole=True)[0] == names
    except _HeadError:
        is_header = False
    if is_header:
        text = _(
            "the first line is a header, but by `header` the file has none: add it to `skip`, "
            "or leave `header` out"
        )
        raise _HeadError(text)
    return Head(names, start[end:], _end_in(raw, start[:end]))


def _end_in(raw: bytes, head: bytes) -> int:
    """Where the lines of `head` end in the bytes that they were decoded from."""
    breaks = len(_BREAK.findall(head))
    if not breaks:
        return len(raw) if head else len(raw) - len(raw.removeprefix(codecs.BOM_UTF8))
    if not head.endswith((b"\n", b"\r")):
        return len(raw)
    last = next(islice(_BREAK.finditer(raw), breaks - 1, None), None)
    return last.end() if last else len(raw)


def _wrong_encoding(raw: bytes, options: CsvOptions, likely: str | None) -> str:
    fault = _first_fault(raw, options.encoding)
    if fault is None:
        text = _("the header is not in the encoding `{encoding}`", encoding=options.encoding)
    else:
        text = _(
            "the header is not in the encoding `{encoding}`: byte 0x{byte:02X} at position "
            "{position} of the file",
            encoding=options.encoding,
            byte=fault[1],
            position=fault[0] + 1,
        )
    return text + (_(", perhaps in `{encoding}`", encoding=likely) if likely else "")


def _unknown_header(plan: Plan, names: list[str]) -> str:
    if plan.format.csv.header:
        return _(
            "the header names no field of schema `{schema}`, but {names}: check header, separator "
            "and encoding",
            schema=plan.schema,
            names=", ".join(f"`{name}`" for name in declared_names(names)),
        )
    # It may be a record: it is not shown.
    return _(
        "the first line names no field of schema `{schema}`: check header, separator and encoding",
        schema=plan.schema,
    )


def _after_skipped(start: bytes, options: CsvOptions) -> io.StringIO:
    """The text as Latin-1, each byte a character, behind the lines that are no header."""
    lines = io.StringIO(start.decode("latin-1"), newline="")
    for _line in range(options.skip):
        lines.readline()
    place = lines.tell()
    sep_line = SEP_LINE.fullmatch(lines.readline())
    if sep_line is None:
        lines.seek(place)
    elif sep_line[1] != options.separator:
        raise _HeadError(
            _(
                "its line `sep=` says that the separator is `{got}`, the schema that it is "
                "`{expected}`",
                got=sep_line[1],
                expected=options.separator,
            )
        )
    return lines


def _parse(start: bytes, options: CsvOptions, *, is_whole: bool) -> tuple[list[str], int]:
    """Names in the first line that is not empty, and where it ends in the text."""
    lines = _after_skipped(start, options)
    rows = csv.reader(
        lines,
        delimiter=options.separator,
        quotechar=options.quote or None,
        quoting=csv.QUOTE_MINIMAL if options.quote else csv.QUOTE_NONE,
        escapechar=options.escape,
        strict=True,
    )
    try:
        names = next((row for row in rows if any(name.strip() for name in row)), [])
    except csv.Error:
        if is_whole or lines.tell() < len(start):
            raise _HeadError(_("the header line cannot be read")) from None
        names = []
    if not is_whole and lines.tell() == len(start):
        text = _("the header line is longer than {bytes} bytes", bytes=MAX_HEAD_BYTES)
        raise _HeadError(text)
    if not names:
        raise _HeadError(_("is empty: a CSV needs a header line"))
    return [name.encode("latin-1").decode() for name in names], lines.tell()


def _names_in(raw: bytes, encoding: str, options: CsvOptions) -> list[str]:
    """Names in the header as another encoding has it; none if it does not read."""
    try:
        text = codecs.getincrementaldecoder(encoding)().decode(raw)
        start = text.encode().removeprefix(codecs.BOM_UTF8)
        return _parse(start, options, is_whole=True)[0]
    except ValueError:
        return []


def _likely_encoding(raw: bytes, options: CsvOptions, known: Set[str]) -> str | None:
    """The encoding that the start of a file is in, if it is likely another than the schema's."""
    own = codecs.lookup(options.encoding).name
    for mark, encoding in _BYTE_ORDER_MARKS.items():
        if raw.startswith(mark):
            return None if own.startswith(encoding) else encoding
    if raw.isascii():
        return None
    others = [encoding for encoding in _LIKELY_ENCODINGS if codecs.lookup(encoding).name != own]
    names = {encoding: _names_in(raw, encoding, options) for encoding in others}
    able = [encoding for encoding in others if names[encoding]]
    return max(able, key=lambda encoding: len(known & set(names[encoding])), default=None)


def _first_fault(raw: bytes, encoding: str) -> tuple[int, int] | None:
    """The first byte that cannot be decoded: its place and value."""
    try:
        codecs.getincrementaldecoder(encoding)().decode(raw, final=True)
    except UnicodeDecodeError as error:
        return error.start, error.object[error.start]
    return None
