"""The pages of one Parquet column chunk, and the proof that they hold its values and nothing else.

A chunk is copied into a released file as it stands only if every byte of it is accounted for:

    chunk         pages side by side, from its first byte to its last; one dictionary at most
    page          decompresses to exactly the size that its header says; a frame of zstd is walked,
                  because it may hold blocks that no reader shows
    header        written anew: without statistics, and without what is not known
    levels        runs that end where they should, as many as the page has values; what pads the
                  last group is set to zero
    places        in the dictionary: the same
    plain values  as many bytes as their number and width make; of strings `ColumnChunk` checks
                  the lengths

Everything else (other encodings and codecs, lists and structs, encrypted pages, a checksum that
is wrong) is odd: such a chunk is decoded.
"""

import zlib
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Final, Literal

from tamis.formats.parquet_bytes import (
    CODECS,
    Bytes,
    OddChunkError,
    Runs,
    compress,
    decompress,
    walk_runs,
)
from tamis.formats.thrift import Struct, ThriftError, read_struct, value, write_varint

PLAIN: Final = 0
PLAIN_DICTIONARY: Final = 2
RLE: Final = 3
RLE_DICTIONARY: Final = 8

DATA, DICTIONARY, DATA_2 = 0, 2, 3
_BODY_HEADERS: Final = {DATA: 5, DICTIONARY: 7, DATA_2: 8}

WIDTHS: Final = {"INT32": 4, "INT64": 8, "FLOAT": 4, "DOUBLE": 8}
"""Bytes of a value, by physical type; FIXED_LEN_BYTE_ARRAY says its own."""

_LARGEST_PAGE: Final = 1 << 30
_WIDEST_PLACE: Final = 31  # bits of a place in a dictionary

Physical = Literal[
    "BOOLEAN", "INT32", "INT64", "FLOAT", "DOUBLE", "BYTE_ARRAY", "FIXED_LEN_BYTE_ARRAY"
]


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
        return CODECS[self.codec]


@dataclass(frozen=True, eq=False)
class Page:
    """One page of a chunk.

    Attributes:
        kind: `DATA`, `DICTIONARY` or `DATA_2`.
        encoding: of the values.
        slots: values of the page, nulls among them; of a dictionary its entries.
        filled: values that are not null.
        levels: bytes at the beginning of `content` that tell the nulls.
        body: as it stands in the file.
        content: decompressed.
        is_packed: whether what stands behind the levels of a `DATA_2` page is compressed.
    """

    kind: int
    encoding: int
    slots: int
    filled: int
    levels: int
    body: Bytes = field(repr=False)
    content: Bytes = field(repr=False)
    is_packed: bool = True

    @property
    def has_places(self) -> bool:
        """Whether the values are places in the chunk's dictionary."""
        return self.kind != DICTIONARY and self.encoding in (PLAIN_DICTIONARY, RLE_DICTIONARY)

    @property
    def is_single(self) -> bool:
        """Whether the values stand by themselves."""
        return self.kind != DICTIONARY and not self.has_places

    @property
    def values(self) -> int:
        """Bytes of the values, without the levels before them."""
        return len(self.content) - self.levels

    @cached_property
    def header(self) -> bytes:
        """The header to write before `body`."""
        size, packed = len(self.content), len(self.body)
        if self.kind == DICTIONARY:
            return dictionary_header(self.slots, self.encoding, size, packed)
        if self.kind == DATA:
            return data_header(self.slots, self.encoding, size, packed)
        nulls = self.slots - self.filled
        said = (self.slots, nulls, self.slots, self.encoding, self.levels, 0)
        end = b"\x11" if self.is_packed else b"\x12"
        return b"%b\x5c%b%b\0\0" % (_ints(DATA_2, size, packed), _ints(*said), end)

    def plain(self, optional: bool) -> tuple[bytes, Bytes]:
        """Header and content of a page of version 1 that is not compressed.

        Without `optional` no value may be null, and levels are left out.
        """
        content = self.content if optional else self.content[self.levels :]
        if self.kind == DICTIONARY:
            return dictionary_header(self.slots, self.encoding, len(content), len(content)), content
        if optional and self.kind == DATA_2:
            levels = self.levels.to_bytes(4, "little")
            content = b"".join((levels, content))
        return data_header(self.slots, self.encoding, len(content), len(content)), content


def data_header(slots: int, encoding: int, size: int, packed: int) -> bytes:
    """The header of a data page of `slots` values: `size` bytes, `packed` when compressed."""
    inner = _ints(slots, encoding, RLE, RLE)
    return b"%b\x2c%b\0\0" % (_ints(DATA, size, packed), inner)


def dictionary_header(slots: int, encoding: int, size: int, packed: int) -> bytes:
    """The header of a dictionary page of `slots` entries."""
    return b"%b\x4c%b\0\0" % (_ints(DICTIONARY, size, packed), _ints(slots, encoding))


def _ints(*numbers: int) -> bytes:
    """Fields side by side, each a 32-bit integer that is not negative, as Thrift has them."""
    out = bytearray()
    for number in numbers:
        out.append(0x15)
        write_varint(out, number << 1)
    return bytes(out)


def walk(data: Bytes, layout: Layout, slots: int) -> list[Page]:
    """The pages of a chunk, each proved to be as long as its values.

    Args:
        data: the chunk's bytes.
        layout: of its column.
        slots: values of the chunk, nulls among them.

    Raises:
        OddChunkError: something is not as it should be, or not known.
    """
    if layout.codec not in CODECS:
        raise OddChunkError("codec")
    data = memoryview(data)
    pages: list[Page] = []
    at = found = 0
    while at < len(data):
        try:
            struct, start = read_struct(data, at)
        except ThriftError:
            raise OddChunkError("page header") from None
        size = _number(struct, 3)
        if size > len(data) - start:
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
    if has_dictionary != any(page.has_places for page in pages):
        raise OddChunkError("dictionary")
    return pages


def is_coded(data: Bytes) -> bool:
    """Whether all values of a chunk are places in its dictionary, told from the pages' headers."""
    at, kinds = 0, set()
    while at < len(data):
        try:
            struct, at = read_struct(data, at)
        except ThriftError:
            return False
        kind, size = value(struct, 1), value(struct, 3, 0)
        inner = value(struct, _BODY_HEADERS.get(kind, 0))
        if kind != DICTIONARY and isinstance(inner, dict):
            kinds.add(value(inner, 4 if kind == DATA_2 else 2))
        at += size if isinstance(size, int) and size > 0 else 0
    return kinds <= {PLAIN_DICTIONARY, RLE_DICTIONARY}


def _number(struct: Struct, field: int, default: int | None = None) -> int:
    """A number of a header, which is never negative."""
    found = value(struct, field, default)
    if not isinstance(found, int) or found < 0:
        raise OddChunkError("page header")
    return found


def _open(struct: Struct, body: Bytes, layout: Layout) -> Page:
    kind, size = _number(struct, 1), _number(struct, 2)
    inner = value(struct, _BODY_HEADERS.get(kind, 0))
    if not isinstance(inner, dict) or size > _LARGEST_PAGE:
        raise OddChunkError("page")
    checksum = value(struct, 4)
    if checksum is not None and (
        not isinstance(checksum, int) or zlib.crc32(body) != checksum & 0xFFFFFFFF
    ):
        raise OddChunkError("checksum")
    if kind == DICTIONARY:
        return _open_dictionary(inner, body, size, layout)
    levels = _number(inner, 5, 0) if kind == DATA_2 else 0
    packed = value(inner, 7, True) is not False or kind == DATA
    if levels > min(len(body), size):
        raise OddChunkError("levels")
    content = body
    if packed or kind == DATA:
        rest = body[levels:]
        is_empty = kind == DATA_2 and not rest
        content = b"" if is_empty else decompress(rest, size - levels, layout.codec)
        if levels:
            content = b"".join((body[:levels], content))
    if len(content) != size:
        raise OddChunkError("page size")
    page = _open_data(kind, inner, content, levels, layout)
    if page.content is not content:
        # What padded the values is gone: the page is packed again.
        rest = page.content[levels:]
        rest = compress(rest, layout.codec) if packed else rest
        body = b"".join((page.content[:levels], rest))
    return Page(
        kind, page.encoding, page.slots, page.filled, page.levels, body, page.content, packed
    )


def _open_dictionary(inner: Struct, body: Bytes, size: int, layout: Layout) -> Page:
    slots, encoding = _number(inner, 1), _number(inner, 2)
    if encoding not in (PLAIN, PLAIN_DICTIONARY) or layout.physical == "BOOLEAN":
        raise OddChunkError("dictionary")
    content = decompress(body, size, layout.codec)
    if (layout.width or not slots) and len(content) != slots * layout.width:
        raise OddChunkError("size of the dictionary")
    return Page(DICTIONARY, encoding, slots, slots, 0, body, content)


def _open_data(kind: int, inner: Struct, content: Bytes, said: int, layout: Layout) -> Page:
    """A data page of either version, whose header says `said` bytes of levels, without its body."""
    slots, encoding = _number(inner, 1), _number(inner, 4 if kind == DATA_2 else 2)
    levels, filled = said, slots
    if layout.optional:
        first = 0
        if kind == DATA:
            if _number(inner, 3) != RLE or len(content) < 4:
                raise OddChunkError("levels")
            first = 4
            levels = 4 + int.from_bytes(content[:4], "little")
        if levels > len(content):
            raise OddChunkError("levels")
        runs = walk_runs(content, first, levels, 1, slots)
        if runs.end != levels:
            raise OddChunkError("levels")
        content, filled = _without_padding(content, runs), runs.ones
    elif levels:
        raise OddChunkError("levels")
    if kind == DATA_2:
        told = _number(inner, 2), _number(inner, 3), _number(inner, 6, 0)
        if told != (slots - filled, slots, 0):
            raise OddChunkError("levels")
    content = _check_values(content, levels, filled, encoding, layout)
    return Page(kind, encoding, slots, filled, levels, b"", content)


def _check_values(content: Bytes, levels: int, filled: int, encoding: Any, layout: Layout) -> Bytes:
    """Check that the values behind the levels take all the bytes there are.

    Returns:
        The content, with zeros for what pads the last group of places.
    """
    size = len(content) - levels
    if encoding in (PLAIN_DICTIONARY, RLE_DICTIONARY):
        return _check_places(content, levels, filled, layout)
    if encoding == RLE and layout.physical == "BOOLEAN":
        said = int.from_bytes(content[levels : levels + 4], "little")
        runs = walk_runs(content, levels + 4, len(content), 1, filled)
        if size < 4 or said != size - 4 or runs.end != len(content) or runs.tail is not None:
            raise OddChunkError("truth values")
    elif encoding != PLAIN:
        raise OddChunkError("encoding")
    elif layout.physical == "BOOLEAN":
        if size != (filled + 7) // 8 or (filled % 8 and content[-1] >> filled % 8):
            raise OddChunkError("truth values")
    elif layout.physical != "BYTE_ARRAY" and size != filled * layout.width:
        raise OddChunkError("page size")
    return content


def _check_places(content: Bytes, levels: int, filled: int, layout: Layout) -> Bytes:
    if layout.physical == "BOOLEAN":
        raise OddChunkError("encoding")
    if levels == len(content):
        if filled:
            raise OddChunkError("places")
        return content
    width = content[levels]
    if width > _WIDEST_PLACE:
        raise OddChunkError("places")
    runs = walk_runs(bytes(content), levels + 1, len(content), width, filled)
    if runs.end != len(content):
        raise OddChunkError("places")
    return _without_padding(content, runs)


def _without_padding(content: Bytes, runs: Runs) -> Bytes:
    """The content with zeros for what pads the last groups of `runs`; itself where they are."""
    if runs.tail is None:
        return content
    start, tail = runs.tail
    return b"".join((content[:start], tail, content[runs.end :]))
