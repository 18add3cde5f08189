"""The pages of one Parquet column chunk, and the proof that they hold its values and nothing else.

A chunk is copied into a released file as it stands only if every byte of it is accounted for:

    chunk        pages side by side, from its first byte to its last; one dictionary at most
    page         decompresses to exactly the size that its header says; a frame of zstd is walked,
                 because it may hold blocks that no reader shows
    header       written anew: without statistics, and without what is not known
    levels       runs that end where they should, as many as the page has values
    indices      the same; what pads the last group is zero
    plain values as many bytes as their number and width make; of strings `ColumnChunk` checks
                 the lengths

Everything else (other encodings and codecs, lists and structs, encrypted pages, a checksum that
is wrong) is odd: such a chunk is decoded.
"""

import zlib
from dataclasses import dataclass
from typing import Any, Final, Literal

import pyarrow as pa

from tamis.formats.thrift import Struct, ThriftError, read_struct, value, write_varint

PLAIN: Final = 0
PLAIN_DICTIONARY: Final = 2
RLE: Final = 3
RLE_DICTIONARY: Final = 8

DATA, DICTIONARY, DATA_2 = 0, 2, 3
_BODY_HEADERS: Final = {DATA: 5, DICTIONARY: 7, DATA_2: 8}

WIDTHS: Final = {"INT32": 4, "INT64": 8, "FLOAT": 4, "DOUBLE": 8}
"""Bytes of a value, by physical type; FIXED_LEN_BYTE_ARRAY says its own."""

_CODECS: Final = {"UNCOMPRESSED": 0, "SNAPPY": 1, "ZSTD": 6}
_LARGEST_PAGE: Final = 1 << 30

Physical = Literal[
    "BOOLEAN", "INT32", "INT64", "FLOAT", "DOUBLE", "BYTE_ARRAY", "FIXED_LEN_BYTE_ARRAY"
]


class OddChunkError(ValueError):
    """A column chunk that is not copied: not supported, or not proved to be clean."""


@dataclass(frozen=True)
class Layout:
    """How a flat column stands in a file.

    Attributes:
        physical: the type of its values.
        width: bytes of a value; 0 where they vary, and for truth values.
        optional: whether it may hold nulls.
        codec: as Parquet names it.
    """

    physical: Physical
    width: int
    optional: bool
    codec: str

    @property
    def codec_number(self) -> int:
        """The codec as footers number it."""
        return _CODECS[self.codec]


@dataclass(frozen=True, eq=False)
class Page:
    """One page of a chunk.

    Attributes:
        kind: `DATA`, `DICTIONARY` or `DATA_2`.
        encoding: of the values.
        slots: values of the page, nulls among them; of a dictionary its entries.
        filled: values that are not null.
        header: as it is to be written.
        body: as it stands in the file.
        levels: bytes at the beginning of `content` that tell the nulls.
        content: decompressed.
    """

    kind: int
    encoding: int
    slots: int
    filled: int
    header: bytes
    body: bytes
    levels: int
    content: bytes

    @property
    def has_indices(self) -> bool:
        """Whether the values are places in the chunk's dictionary."""
        return self.kind != DICTIONARY and self.encoding in (PLAIN_DICTIONARY, RLE_DICTIONARY)

    @property
    def values(self) -> int:
        """Bytes of the values, without the levels before them."""
        return len(self.content) - self.levels


def walk(data: bytes, layout: Layout, slots: int) -> list[Page]:
    """The pages of a chunk, each proved to be as long as its values.

    Args:
        data: the chunk's bytes.
        layout: of its column.
        slots: values of the chunk, nulls among them.

    Raises:
        OddChunkError: something is not as it should be, or not known.
    """
    if layout.codec not in _CODECS:
        raise OddChunkError("codec")
    pages: list[Page] = []
    at = found = 0
    while at < len(data):
        try:
            struct, start = read_struct(data, at)
        except ThriftError:
            raise OddChunkError("page header") from None
        size = value(struct, 3, -1)
        if not 0 <= size <= len(data) - start:
            raise OddChunkError("page size")
        page = _open(struct, data[start : start + size], layout)
        if page.kind == DICTIONARY and pages:
            raise OddChunkError("place of the dictionary")
        if page.kind != DICTIONARY:
            found += page.slots
        pages.append(page)
        at = start + size
    if found != slots:
        raise OddChunkError("number of values")
    has_dictionary = bool(pages) and pages[0].kind == DICTIONARY
    if has_dictionary != any(page.has_indices for page in pages):
        raise OddChunkError("dictionary")
    return pages


def _open(struct: Struct, body: bytes, layout: Layout) -> Page:
    kind = value(struct, 1)
    inner = value(struct, _BODY_HEADERS.get(kind, 0))
    size = value(struct, 2, -1)
    if inner is None or not 0 <= size <= _LARGEST_PAGE:
        raise OddChunkError("page")
    checksum = value(struct, 4)
    if checksum is not None and zlib.crc32(body) != checksum & 0xFFFFFFFF:
        raise OddChunkError("checksum")
    slots, encoding = value(inner, 1, -1), value(inner, 4 if kind == DATA_2 else 2)
    if slots < 0:
        raise OddChunkError("number of values")
    if kind == DICTIONARY:
        content = _decompress(body, size, layout.codec)
        return _open_dictionary(slots, encoding, body, content, layout)
    if kind == DATA_2:
        return _open_second(inner, slots, encoding, body, size, layout)
    if layout.optional and value(inner, 3) != RLE:
        raise OddChunkError("encoding of levels")
    content = _decompress(body, size, layout.codec)
    levels, filled = 0, slots
    if layout.optional:
        levels = 4 + int.from_bytes(content[:4], "little")
        if len(content) < 4 or levels > len(content):
            raise OddChunkError("levels")
        end, filled = _walk_runs(content, 4, levels, 1, slots)
        if end != levels:
            raise OddChunkError("levels")
    _check_values(content, levels, filled, encoding, layout)
    header = data_header(slots, encoding, size, len(body))
    return Page(DATA, encoding, slots, filled, header, body, levels, content)


def _open_dictionary(
    slots: int, encoding: int, body: bytes, content: bytes, layout: Layout
) -> Page:
    if encoding not in (PLAIN, PLAIN_DICTIONARY) or layout.physical == "BOOLEAN" or not slots:
        raise OddChunkError("dictionary")
    if layout.width and len(content) != slots * layout.width:
        raise OddChunkError("size of the dictionary")
    header = dictionary_header(slots, encoding, len(content), len(body))
    return Page(DICTIONARY, encoding, slots, slots, header, body, 0, content)


def _open_second(
    inner: Struct, slots: int, encoding: int, body: bytes, size: int, layout: Layout
) -> Page:
    """A data page of version 2, whose levels stand before what is compressed."""
    nulls, rows, levels = value(inner, 2), value(inner, 3), value(inner, 5, 0)
    if value(inner, 6, 0) or rows != slots or not 0 <= levels <= min(len(body), size):
        raise OddChunkError("levels")
    packed = value(inner, 7, True)
    rest = body[levels:]
    if packed and layout.codec != "UNCOMPRESSED":
        rest = _decompress(rest, size - levels, layout.codec) if rest else b""
    content = body[:levels] + rest
    if len(content) != size:
        raise OddChunkError("page size")
    filled = slots
    if layout.optional:
        end, filled = _walk_runs(content, 0, levels, 1, slots)
        if end != levels:
            raise OddChunkError("levels")
    elif levels:
        raise OddChunkError("levels")
    if nulls != slots - filled:
        raise OddChunkError("number of nulls")
    _check_values(content, levels, filled, encoding, layout)
    header = _second_header(slots, nulls, encoding, levels, size, len(body), packed)
    return Page(DATA_2, encoding, slots, filled, header, body, levels, content)


# Headers, as Thrift's compact protocol has them


def data_header(slots: int, encoding: int, size: int, packed: int) -> bytes:
    """The header of a data page of `slots` values: `size` bytes, `packed` when compressed."""
    inner = _ints(slots, encoding, RLE, RLE)
    return b"%b\x2c%b\0\0" % (_ints(DATA, size, packed), inner)


def dictionary_header(slots: int, encoding: int, size: int, packed: int) -> bytes:
    """The header of a dictionary page."""
    return b"%b\x4c%b\0\0" % (_ints(DICTIONARY, size, packed), _ints(slots, encoding))


def _second_header(
    slots: int, nulls: int, encoding: int, levels: int, size: int, packed: int, is_packed: bool
) -> bytes:
    inner = _ints(slots, nulls, slots, encoding, levels, 0)
    end = b"\x11" if is_packed else b"\x12"
    return b"%b\x5c%b%b\0\0" % (_ints(DATA_2, size, packed), inner, end)


def unpacked_header(page: Page) -> bytes:
    """The header that the page has where its content stands uncompressed."""
    size = len(page.content)
    if page.kind == DICTIONARY:
        return dictionary_header(page.slots, page.encoding, size, size)
    if page.kind == DATA:
        return data_header(page.slots, page.encoding, size, size)
    nulls = page.slots - page.filled
    return _second_header(page.slots, nulls, page.encoding, page.levels, size, size, False)


def _ints(*numbers: int) -> bytes:
    """Fields side by side, each a 32-bit integer."""
    out = bytearray()
    for number in numbers:
        out.append(0x15)
        write_varint(out, number << 1)
    return bytes(out)


# What a page holds


def _check_values(content: bytes, levels: int, filled: int, encoding: Any, layout: Layout) -> None:
    """Check that the values behind the levels take all the bytes there are."""
    size = len(content) - levels
    if encoding in (PLAIN_DICTIONARY, RLE_DICTIONARY):
        if layout.physical == "BOOLEAN" or (not size and filled) or (size and content[levels] > 31):
            raise OddChunkError("indices")
        if size:
            end, _ = _walk_runs(content, levels + 1, len(content), content[levels], filled)
            if end != len(content):
                raise OddChunkError("indices")
    elif encoding == RLE and layout.physical == "BOOLEAN":
        said = int.from_bytes(content[levels : levels + 4], "little")
        end, _ = _walk_runs(content, levels + 4, len(content), 1, filled)
        if size < 4 or said != size - 4 or end != len(content):
            raise OddChunkError("truth values")
    elif encoding != PLAIN:
        raise OddChunkError("encoding")
    elif layout.physical == "BOOLEAN":
        if size != (filled + 7) // 8 or (filled % 8 and content[-1] >> filled % 8):
            raise OddChunkError("truth values")
    elif layout.physical != "BYTE_ARRAY" and size != filled * layout.width:
        raise OddChunkError("page size")


def _walk_runs(data: bytes, at: int, end: int, width: int, count: int) -> tuple[int, int]:
    """Walk `count` values of `width` bits, in runs and groups of eight.

    Returns:
        Where they end, and for a width of 1 how many are 1.
    """
    size = (width + 7) // 8
    ones = 0
    while count:
        head = shift = 0
        while True:
            if at >= end or shift > 35:
                raise OddChunkError("runs")
            byte = data[at]
            at += 1
            head |= (byte & 127) << shift
            if byte < 128:
                break
            shift += 7
        if head & 1:
            slots, taken = (head >> 1) * 8, (head >> 1) * width
            if at + taken > end or not slots:
                raise OddChunkError("runs")
            if slots > count:
                # What pads the last group of eight; DuckDB pads to groups of 32.
                if int.from_bytes(data[at : at + taken], "little") >> count * width:
                    raise OddChunkError("padding")
                slots = count
            if width == 1:
                ones += int.from_bytes(data[at : at + taken], "little").bit_count()
            at += taken
        else:
            slots = head >> 1
            if at + size > end or not 0 < slots <= count:
                raise OddChunkError("runs")
            repeated = int.from_bytes(data[at : at + size], "little")
            if repeated >> width:
                raise OddChunkError("runs")
            ones += slots * repeated
            at += size
        count -= slots
    return at, ones


# Compression


def _decompress(body: bytes, size: int, codec: str) -> bytes:
    """The content of a page, proved to be all that `body` holds."""
    if codec == "UNCOMPRESSED":
        if len(body) != size:
            raise OddChunkError("page size")
        return body
    said = _snappy_size(body) if codec == "SNAPPY" else _zstd_size(body)
    if said != size:
        raise OddChunkError("page size")
    if not size and codec == "SNAPPY":
        if len(body) > 1:
            raise OddChunkError("page size")
        return b""
    try:
        content: bytes = pa.Codec(codec.lower()).decompress(body, size, asbytes=True)
    except (pa.ArrowException, OSError):
        raise OddChunkError("compression") from None
    return content


def _snappy_size(body: bytes) -> int:
    size = 0
    for place, byte in enumerate(body[:5]):
        size |= (byte & 127) << 7 * place
        if byte < 128:
            return size
    raise OddChunkError("compression")


def _zstd_size(body: bytes) -> int:
    """The size that the one frame says, which ends where `body` does (RFC 8878, 3.1.1)."""
    if body[:4] != b"\x28\xb5\x2f\xfd" or len(body) < 6:
        raise OddChunkError("compression")
    descriptor = body[4]
    single, code = descriptor >> 5 & 1, descriptor >> 6
    if descriptor & 0b11011 or (not code and not single):  # unused bits, a dictionary; no size
        raise OddChunkError("compression")
    at = 5 + (not single)
    width = (1, 2, 4, 8)[code]
    size = int.from_bytes(body[at : at + width], "little") + (256 if code == 1 else 0)
    at += width
    last = False
    while not last:
        head = int.from_bytes(body[at : at + 3], "little")
        last, kind, taken = bool(head & 1), head >> 1 & 3, head >> 3
        if at + 3 > len(body) or kind == 3:
            raise OddChunkError("compression")
        at += 3 + (1 if kind == 1 else taken)
    if at + 4 * (descriptor >> 2 & 1) != len(body):
        raise OddChunkError("compression")
    return size
