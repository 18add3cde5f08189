"""What is left of a feed, searched for what must not be: bytes, page by page, and values."""

import base64
import bz2
import datetime
import gzip
import hashlib
import io
import lzma
import re
import struct
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from tamis.nir.identifiers import key_of
from tamis.synthetic.records import space_nir
from tamis.testing.canaries import (
    CANARY_BIRTH,
    CANARY_DAY,
    COARSE_DAY,
    COARSE_NUMBER,
    LIMIT,
    Canaries,
)

_BYTES = (b"CANARY", b"ZZZ", b"ZZ%\0", b"ZZ\xf9\xff", "CANARY".encode("utf-16-le"))
_LOWER = re.compile(rb"canary[0-9]{3}")
_DAYS = tuple(
    text.encode()
    for day in (CANARY_BIRTH, CANARY_DAY, COARSE_DAY)
    for text in (f"{day:%Y%m%d}", f"{day:%d%m}{day.year:04}")
)
"""Without what stands between their parts."""

_BETWEEN = b" .,-_/+:\t\r\n"
"""What may stand between the groups of a number, and in text that was broken into lines."""

_DIGESTS = (hashlib.md5, hashlib.sha1, hashlib.sha256, hashlib.sha512, hashlib.blake2b)
_DIGEST_BYTES = 8
"""How much of a digest is looked for: what was cut shorter is not found."""

_ARROW_CODECS = {b"\x28\xb5\x2f\xfd": "zstd", b"\x04\x22\x4d\x18": "lz4"}
_ZLIB = (b"\x78\x01", b"\x78\x5e", b"\x78\x9c", b"\x78\xda")
_DEEPEST = 4
"""Levels of archives in archives that are opened."""


def assert_nothing_left(*left: bytes | str | Path, of: Canaries) -> None:
    """Fail where something that must not be released is left anywhere.

    Looked at are the bytes, those of archives and compressed files (zip, gzip, bzip2, xz, zlib,
    Zstandard, LZ4), and of Parquet every page, decompressed, and every value and statistic; of a
    folder every file and folder at any depth, and its name. Texts are found in either case, in
    UTF-16, hexadecimal and base64; NIRs also with spaces or signs between their groups, as integers
    and floats, and as MD5, SHA-1, SHA-256, SHA-512 or BLAKE2b without a key, which whoever tries
    all NIRs reads back. What is compressed, encoded or hashed otherwise, encrypted, cut short or
    counted is not found: hand over what can be read as it is read.

    Args:
        left: what a pipeline wrote, printed or logged: bytes, a text, or the path of a file or
            folder.
        of: the canaries of the feed.

    Raises:
        AssertionError: a canary is left; the message says of which kind, and where.

    Example:
        >>> from tamis.plan.project import load_project
        >>> project = load_project("cpf")
        >>> schema, _source = project.schema("cpir-partage")
        >>> canaries = Canaries(schema, project.plan("cpir-partage"))
        >>> assert_nothing_left(b"KEPT000001", of=canaries)
        >>> assert_nothing_left(b"dossier;CANARY000002", of=canaries)
        Traceback (most recent call last):
        AssertionError: what must not be released is left: b'CANARY' in bytes 1
        >>> digest = hashlib.sha256(canaries.nir().encode()).hexdigest()
        >>> assert_nothing_left(f"id;{digest}", of=canaries)
        Traceback (most recent call last):
        AssertionError: what must not be released is left: a NIR as sha256 without a key in text 1
    """
    leftovers = Leftovers()
    for number, piece in enumerate(left, 1):
        if isinstance(piece, Path) and piece.is_dir():
            leftovers.add_folder(piece)
        elif isinstance(piece, Path):
            leftovers.add_bytes(piece.name, piece.read_bytes())
        elif isinstance(piece, bytes):
            leftovers.add_bytes(f"bytes {number}", piece)
        else:
            leftovers.add_text(f"text {number}", piece)
    traces = list(leftovers.traces(of))
    if traces:
        raise AssertionError("what must not be released is left: " + "; ".join(traces))


@dataclass
class Leftovers:
    """What some files and outputs hold.

    Attributes:
        pieces: by name, raw bytes: files, their names, decompressed Parquet pages, printed text.
        values: all values of all Parquet columns and their statistics, lists and structs opened.
    """

    pieces: dict[str, bytes] = field(default_factory=dict)
    values: set[Any] = field(default_factory=set)

    def add_folder(self, folder: Path) -> "Leftovers":
        """Add every file at any depth under `folder`, and its name."""
        for path in sorted(folder.rglob("*")):
            name = str(path.relative_to(folder))
            self.pieces[f"name of {name}"] = name.encode()
            if path.is_file():
                self.add_bytes(name, path.read_bytes())
        return self

    def add_text(self, name: str, text: str) -> "Leftovers":
        """Add something that was printed or logged."""
        self.pieces[name] = text.encode("utf-8", "surrogateescape")
        return self

    def add_bytes(self, name: str, data: bytes, depth: int = 0) -> "Leftovers":
        """Add bytes, and what is in them if they are of Parquet, an archive or compressed."""
        self.pieces[name] = data
        if data[:4] == b"PAR1":
            self._add_parquet(name, data)
        elif depth < _DEEPEST:
            for inner, unpacked in _unpacked(data):
                self.add_bytes(f"{inner} in {name}", unpacked, depth + 1)
        return self

    def where(self, needle: bytes) -> list[str]:
        """Names of the pieces that hold `needle`."""
        return [name for name, piece in self.pieces.items() if needle in piece]

    def traces(self, canaries: Canaries) -> Iterator[str]:
        """Every trace of a canary, and where."""
        for needle in _BYTES:
            for place in self.where(needle):
                yield f"{needle!r} in {place}"
        forms = [*_encoded("CANARY"), *_encoded("canary")]
        nirs = {needle: how for body in canaries.nirs for needle, how in _forms_of(body)}
        for name, piece in self.pieces.items():
            compact = piece.translate(None, _BETWEEN)
            lower = compact.lower()
            if b"CANARY" not in piece and _LOWER.search(lower):
                yield f"a canary in another case in {name}"
            for needle in forms:
                if needle in compact or needle in lower:
                    yield f"an encoded canary in {name}"
            for needle in _DAYS:
                if needle in compact:
                    yield f"a day in {name}"
            views = (piece, compact, lower)
            found = {how for needle, how in nirs.items() if any(needle in view for view in views)}
            for how in sorted(found):
                yield f"a NIR{how} in {name}"
        for value in self.values:
            if _is_canary(value):
                yield f"a value of type {type(value).__name__}"

    def _add_parquet(self, name: str, data: bytes) -> None:
        for number, page in enumerate(pages(data)):
            self.pieces[f"{name}, page {number}"] = page
        file = pq.ParquetFile(io.BytesIO(data))
        for column in file.read().columns:
            self.values.update(flatten(column.to_pylist()))
        for group in range(file.metadata.num_row_groups):
            for index in range(file.metadata.num_columns):
                statistics = file.metadata.row_group(group).column(index).statistics
                if statistics is not None and statistics.has_min_max:
                    self.values |= {statistics.min, statistics.max}


def _encoded(text: str) -> Iterator[bytes]:
    """A text in hexadecimal, and in base64 wherever it begins in what is encoded."""
    raw = text.encode()
    yield raw.hex().encode()
    for before in range(3):  # bytes of its group of three; six bits are a character
        first, end = -(-8 * before // 6), 8 * (before + len(raw)) // 6
        yield base64.b64encode(bytes(before) + raw + b"..")[first:end]


def _forms_of(body: str) -> Iterator[tuple[bytes, str]]:
    """What a NIR may look like in bytes without what stands between its groups, and how that is.

    Args:
        body: its 13 characters.
    """
    whole = f"{body}{key_of(body):02}"
    yield body.encode(), ""
    yield body.lower().encode(), ""
    yield body.encode("utf-16-le"), " in UTF-16"
    for encoded in (*_encoded(body), *_encoded(space_nir(body))):
        yield encoded, " encoded"
    for text in (body, whole):
        if text.isdigit():
            yield int(text).to_bytes(8, "little"), " as a number"
            yield struct.pack("<d", int(text)), " as a number"
        for written in (text, space_nir(text)):
            for digest in _DIGESTS:
                made = digest(written.encode()).digest()[:_DIGEST_BYTES]
                how = f" as {digest().name} without a key"
                yield made, how
                yield made.hex().encode(), how
                yield base64.b64encode(made)[:10], how


def _is_canary(value: Any) -> bool:
    if isinstance(value, datetime.date):
        return not 1000 < value.year < 7000 or value == COARSE_DAY
    if isinstance(value, int):
        return value >= 0x5A5A5A5A
    if isinstance(value, float | Decimal):
        return value >= LIMIT or value == COARSE_NUMBER
    return isinstance(value, str | bytes) and "CANARY" in str(value)


def _unpacked(data: bytes) -> Iterator[tuple[str, bytes]]:
    """What is in an archive or a compressed file, by name; nothing of other bytes."""
    if data[:2] == b"\x1f\x8b":
        yield "content", gzip.decompress(data)
    elif data[:3] == b"BZh":
        yield "content", bz2.decompress(data)
    elif data[:6] == b"\xfd7zXZ\0":
        yield "content", lzma.decompress(data)
    elif data[:4] in _ARROW_CODECS:
        packed = pa.BufferReader(data)
        yield "content", pa.CompressedInputStream(packed, _ARROW_CODECS[data[:4]]).read()
    elif data[:2] in _ZLIB:
        with suppress(zlib.error):
            yield "content", zlib.decompress(data)
    elif data[:4] == b"PK\x03\x04":
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            for name in archive.namelist():
                yield name, archive.read(name)


def flatten(value: Any) -> Iterator[Any]:
    """The plain values in lists and mappings.

    Example:
        >>> list(flatten([{"a": 1, "b": [2, None]}]))
        [1, 2, None]
    """
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list):
        for element in value:
            yield from flatten(element)
    else:
        yield value


def pages(data: bytes) -> Iterator[bytes]:
    """The pages of a Parquet file, decompressed; dictionary pages included."""
    metadata = pq.ParquetFile(io.BytesIO(data)).metadata
    for group in range(metadata.num_row_groups):
        for index in range(metadata.num_columns):
            chunk = metadata.row_group(group).column(index)
            starts = (chunk.dictionary_page_offset, chunk.data_page_offset)
            at = min(start for start in starts if start is not None)
            end = at + chunk.total_compressed_size
            while at < end:
                header, at = _read_struct(data, at)
                size, packed_size = header[2], header[3]
                body = data[at : at + packed_size]
                at += packed_size
                levels = header[8][5] + header[8][6] if 8 in header else 0
                if chunk.compression != "UNCOMPRESSED" and header.get(8, {}).get(7, True):
                    codec = pa.Codec(chunk.compression.lower())
                    packed = body[levels:]
                    unpacked = codec.decompress(packed, size - levels) if packed else b""
                    body = body[:levels] + bytes(unpacked)
                yield body


def _read_struct(data: bytes, at: int) -> tuple[dict[int, Any], int]:
    """A struct of Thrift's compact protocol, by field id, and where it ends."""
    fields: dict[int, Any] = {}
    last = 0
    while head := data[at]:
        at += 1
        kind, delta = head & 15, head >> 4
        if delta:
            last += delta
        else:
            number, at = _read_int(data, at)
            last = number
        fields[last], at = _read_value(data, at, kind)
    return fields, at + 1


def _read_value(data: bytes, at: int, kind: int) -> tuple[Any, int]:
    if kind in (1, 2):
        return kind == 1, at
    if kind == 3:
        return data[at], at + 1
    if kind in (4, 5, 6):
        return _read_int(data, at)
    if kind == 7:
        return data[at : at + 8], at + 8
    if kind == 8:
        size, at = _read_varint(data, at)
        return data[at : at + size], at + size
    if kind == 12:
        return _read_struct(data, at)
    raise ValueError(f"a page header holds no value of kind {kind}")


def _read_varint(data: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = data[at]
        at += 1
        value |= (byte & 127) << shift
        if byte < 128:
            return value, at
        shift += 7


def _read_int(data: bytes, at: int) -> tuple[int, int]:
    value, at = _read_varint(data, at)
    return (value >> 1) ^ -(value & 1), at
