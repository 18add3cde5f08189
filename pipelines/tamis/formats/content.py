"""What a file holds, known by its first bytes: one answer for `run`, `scan` and `draft`.

The name of a file decides only between formats of text that its content does not tell apart.
"""

import codecs
import json
import re
from dataclasses import dataclass
from typing import Any, BinaryIO, Final, Literal

from tamis.documents.feed_format import FormatName
from tamis.errors import InputError
from tamis.formats.compression import (
    MAGIC_BYTES,
    Compression,
    compression_of,
    decompressed,
    is_workbook,
)
from tamis.formats.suffixes import format_of
from tamis.language import N_, _

START_BYTES: Final = 1 << 16
"""Bytes at the start of a file, decompressed, by which its format is known."""

Kind = Literal[
    "parquet",
    "avro",
    "dsn",
    "jsonl",
    "xml",
    "spreadsheet",
    "json",
    "arrow",
    "text",
    "other",
    "unknown",
]

_OTHERS: Final = (
    (b"PARE", N_("an encrypted Parquet file")),
    (b"PK\x03\x04", N_("an archive in an archive")),
    (
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1",
        N_("a file of Microsoft Office, old (.xls) or encrypted"),
    ),
    (b"%PDF-", N_("a PDF")),
    (b"-----BEGIN PGP MESSAGE", N_("an encrypted message")),
    (b"age-encryption.org/", N_("an encrypted file")),
    (b"Salted__", N_("an encrypted file")),
    (b"7z\xbc\xaf\x27\x1c", N_("an archive")),
    (b"Rar!\x1a\x07", N_("an archive")),
    (b"ORC", N_("an ORC file")),
    (b"\x04\x22\x4d\x18", N_("a file compressed with LZ4")),
    (b"\xff\x06\x00\x00sNaPpY", N_("a file compressed with Snappy")),
)
_TAR_AT, _TAR = 257, b"ustar"
_ARROW = (b"ARROW1\x00\x00", b"\xff\xff\xff\xff", b"FEA1")
_RUBRIQUE = re.compile(rb"\s*S\d\d\.G\d\d\.\d\d\.\d{3}\s*,\s*'")
_JSON = re.compile(rb"\[\s*[\[{]|\[\s*\]\s*\Z|\{\s*\n\s*[\"}]")
_BEHIND_LIST = re.compile(r"\s*\Z|[ \r]*\n\s*[^\s{]")
_CONTROLS = re.compile(rb"[\x00\x02-\x08\x0e-\x19\x1c-\x1f]")  # 0x01: Hive's separator
_PLAIN_BYTES = frozenset(b"\t\n\r ,;|'\"./-:_()" + bytes(range(0x30, 0x3A)))
_LETTERS = frozenset(bytes(range(0x41, 0x5B)) + bytes(range(0x61, 0x7B)))


@dataclass(frozen=True)
class Content:
    """What a file holds.

    Attributes:
        kind: the format that its first bytes tell; `text` for any text, `json` for JSON that is not
            one object a line, `other` for a format that
            is none of ours, `unknown` for other bytes.
        compression: how it is compressed as a whole, or None.
        what: of `other` and `unknown`, what it is.
    """

    kind: Kind
    compression: Compression | None = None
    what: str = ""

    def format(self, name: str) -> FormatName | None:
        """The format in which a file of this content and name is read; None if nothing tells.

        Raises:
            InputError: the content is of a format that is none of ours.

        Example:
            >>> Content("text").format("feed.csv"), Content("parquet").format("feed.csv")
            ('csv', 'parquet')
        """
        if self.kind == "other" or self.kind == "arrow":
            raise InputError(name, _("is no format that is read: {what}", what=self.what))
        if self.kind == "json":
            problem = _("is JSON, but not one object a line (`jq -c '.[]'` writes an array so)")
            raise InputError(name, problem)
        form = format_of(name) if self.kind == "text" or self.kind == "unknown" else self.kind
        if form == "parquet" and self.compression:
            problem = _("is Parquet inside {kind}: must be unpacked first", kind=self.compression)
            raise InputError(name, problem)
        return form


def content_of(stream: BinaryIO, name: str) -> Content:
    """What the file at `stream`, a buffered binary stream at its start, holds.

    The stream is read from, and of no further use.

    Args:
        stream: the file.
        name: of the file, for errors.

    Raises:
        InputError: the file is compressed and damaged, or an archive of several files.
    """
    compression = compression_of(stream.peek(MAGIC_BYTES))  # type: ignore[attr-defined]
    content = decompressed(stream, name)
    start = b""
    while len(start) < START_BYTES and (block := content.read(START_BYTES - len(start))):
        start += block
    kind, what = kind_of_start(start)
    return Content(kind, compression, what)


def kind_of_start(start: bytes) -> tuple[Kind, str]:
    """The kind of a file that begins with `start`, and what one is that is none of our formats.

    Example:
        >>> kind_of_start(b"S10.G00.00.001,'LOGICIEL'")[0], kind_of_start(b'{"id": 1}')[0]
        ('dsn', 'jsonl')
        >>> kind_of_start(b"id;nom")[0], kind_of_start(bytes(9))
        ('text', ('unknown', 'an unknown binary file'))
    """
    if start.startswith(b"PAR1"):
        return "parquet", ""
    if start.startswith(b"Obj\x01"):
        return "avro", ""
    if start.startswith(_ARROW):
        return "arrow", _("an Arrow file")
    if is_workbook(start):
        return "spreadsheet", ""
    what = next((what for magic, what in _OTHERS if start.startswith(magic)), None)
    if what is None and start[_TAR_AT:].startswith(_TAR):
        what = N_("an archive")
    if what is None and compression_of(start):
        what = N_("a file compressed twice")
    if what is not None:
        return "other", _(what)
    if is_utf16(start):
        return "text", ""
    if not _is_text(start):
        return "unknown", _("an unknown binary file")
    first = start.removeprefix(codecs.BOM_UTF8).lstrip()
    if _RUBRIQUE.match(first):
        return "dsn", ""
    if first.startswith(b"<?xml"):
        return "xml", ""
    if _is_object(first.split(b"\n", 1)[0], first):
        return "jsonl", ""
    return ("json" if _is_other_json(first) else "text"), ""


def is_utf16(start: bytes) -> bool:
    """Whether text begins so in UTF-16, by its mark or by a NUL in most pairs of bytes."""
    if start.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return True
    pairs = len(start) // 2
    high, low = start[: 2 * pairs : 2].count(0), start[1 : 2 * pairs : 2].count(0)
    return pairs > 1 and max(high, low) > 0.7 * pairs and min(high, low) == 0


def _is_text(start: bytes) -> bool:
    """Whether bytes are text: few control characters, and letters mostly where ASCII has them."""
    if len(_CONTROLS.findall(start)) * 1000 > len(start):
        return False
    try:
        codecs.utf_8_decode(start, "strict", len(start) < START_BYTES)
    except UnicodeDecodeError:
        known = sum(byte in _PLAIN_BYTES or byte in _LETTERS for byte in start)
        return known > 0.5 * len(start)
    return True


def _is_other_json(start: bytes) -> bool:
    """Whether text is JSON that is not one object a line.

    A list is a cell where it is followed by more on its line, and a line of its own where an object
    stands on the next one.
    """
    if not _JSON.match(start):
        return False
    if start.startswith(b"{"):
        return True
    text = start.decode("utf-8", "ignore")
    try:
        _value, end = json.JSONDecoder().raw_decode(text)
    except (ValueError, RecursionError):  # it is longer than the start, or damaged
        return True
    return _BEHIND_LIST.match(text, end) is not None


def _is_object(line: bytes, start: bytes) -> bool:
    """Whether the first line is a JSON object, or the beginning of a long one."""
    if not line.startswith(b"{"):
        return False
    if line == start and len(start) > START_BYTES // 2:
        return re.match(rb'\{\s*"', line) is not None
    try:
        value: Any = json.loads(line)
    except (ValueError, RecursionError):
        return False
    return isinstance(value, dict)
