"""Compressed files, known by their first bytes: gzip, bzip2, zstandard, xz, zip of one member.

Every reader reads from start to end, so a zip is read as a stream too: its one member, and then the
directory behind it, which must name that member alone and confirm its checksum.
"""

import bz2
import gzip
import io
import lzma
import struct
import zlib
from collections.abc import Callable, Mapping
from typing import Any, BinaryIO, Final, Literal

import pyarrow as pa

from tamis.errors import InputError, NotLookedInto
from tamis.language import _

Compression = Literal["gzip", "bzip2", "zstandard", "xz", "zip"]

SUFFIXES: Final[Mapping[str, Compression]] = {
    ".gz": "gzip",
    ".bz2": "bzip2",
    ".zst": "zstandard",
    ".xz": "xz",
    ".zip": "zip",
}
"""Compressions by suffix; suffixes are compared in lower case."""

_BUFFER_BYTES = 1 << 20
_XZ_BYTES = 256 << 20  # of memory that a file may ask for
_STARTS: Final[tuple[tuple[bytes, Compression], ...]] = (
    (b"\x1f\x8b\x08", "gzip"),
    *((b"BZh%d1AY&SY" % level, "bzip2") for level in range(1, 10)),
    *((b"BZh%d\x17\x72\x45\x38\x50\x90" % level, "bzip2") for level in range(1, 10)),
    (b"\x28\xb5\x2f\xfd", "zstandard"),
    *((bytes([0x50 + number, 0x2A, 0x4D, 0x18]), "zstandard") for number in range(16)),
    (b"\xfd7zXZ\x00", "xz"),
    (b"PK\x03\x04", "zip"),
    (b"PK\x05\x06", "zip"),
)


MAGIC_BYTES: Final = 128
"""Bytes at the start of a file by which its compression is known."""

_MEMBERS = (b"[Content_Types].xml", b"_rels/", b"docProps/", b"xl/", b"customXml/")
_OPEN_DOCUMENT = b"mimetypeapplication/vnd.oasis.opendocument.spreadsheet"


def is_workbook(start: bytes) -> bool:
    """Whether an archive begins so as those that spreadsheets are, by its first member.

    Other documents of the office may begin so too.

    Example:
        >>> is_workbook(b"PK\\3\\4" + bytes(22) + b"\\x0b\\0\\0\\0_rels/.rels")
        True
    """
    if not start.startswith(b"PK\x03\x04") or len(start) < 30:
        return False
    name = start[30 : 30 + struct.unpack_from("<H", start, 26)[0]]
    return name.startswith(_MEMBERS) or start[30:].startswith(_OPEN_DOCUMENT)


def compression_of(start: bytes) -> Compression | None:
    """How a file is compressed that begins with `start`; None if it is not.

    Example:
        >>> compression_of(gzip.compress(b"id;nom")), compression_of(b"id;nom")
        ('gzip', None)
    """
    if is_workbook(start):
        return None
    return next((kind for magic, kind in _STARTS if start.startswith(magic)), None)


def named_compression(name: str) -> Compression | None:
    """The compression that the last suffix of `name` says; None if it says none.

    Example:
        >>> named_compression("in/FEED.CSV.GZ"), named_compression("feed.csv")
        ('gzip', None)
    """
    name = name.lower()
    return next((kind for suffix, kind in SUFFIXES.items() if name.endswith(suffix)), None)


def decompressed(stream: BinaryIO, name: str) -> Any:
    """The content of `stream`, decompressed if its first bytes say that it is compressed.

    Args:
        stream: a buffered binary stream at its start.
        name: of the file, for errors; a suffix of compression is a promise that is held to.

    Returns:
        A buffered binary stream; `stream` itself if it is not compressed. Its reads raise
        InputError, which names the file, where compressed bytes are cut or damaged, or a zip is no
        archive of one member.
    """
    start = stream.peek(MAGIC_BYTES)  # type: ignore[attr-defined]
    kind = compression_of(start)
    if kind is None and start:
        kind = named_compression(name)
    if kind is None:
        return stream
    return io.BufferedReader(_Decompressed(name, _DECOMPRESSORS[kind](stream)), _BUFFER_BYTES)


class _Decompressed(io.RawIOBase):
    """A decompressing stream whose errors name the file."""

    def __init__(self, name: str, stream: Any) -> None:
        super().__init__()
        self._name = name
        self._stream = stream

    def readable(self) -> bool:
        """True."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Read at most `len(buffer)` bytes; 0 at the end."""
        try:
            data = self._stream.read(len(buffer))
        except InputError:
            raise
        except EOFError:
            raise InputError(self._name, _("is cut")) from None
        except _Unopened as error:
            problem = _("cannot be looked into: {kind}", kind=error)
            raise NotLookedInto(self._name, problem) from None
        except Exception:
            problem = _("is damaged, or not compressed as its name says")
            raise InputError(self._name, problem) from None
        buffer[: len(data)] = data
        return len(data)


class _Unopened(Exception):
    """A zip is sound but not opened. Its text says what the zip is."""


def _not_one_member() -> _Unopened:
    return _Unopened(_("is an archive of several files, or of none"))


class _OneMember:
    """The content of the only member of a zip, read from start to end."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._decompress: Any = None
        self._left = 0  # bytes of a stored member that are still to be read
        self._checksum = 0
        self._ended = False

    def read(self, size: int) -> bytes:
        """At most `size` bytes; none at the end, once the directory has confirmed the member."""
        if self._decompress is None and not self._ended:
            self._begin()
        while not self._ended:
            data = self._next(size)
            self._checksum = zlib.crc32(data, self._checksum)
            if self._decompress.eof if self._decompress else not self._left:
                self._end()
            if data:
                return data
        return b""

    def _begin(self) -> None:
        header = self._stream.read(30)
        if not header.startswith(b"PK\x03\x04"):
            raise _not_one_member()
        flags, method = struct.unpack_from("<HH", header, 6)
        size = struct.unpack_from("<I", header, 18)[0]
        name, extra = struct.unpack_from("<HH", header, 26)
        member = self._stream.read(name)
        self._stream.read(extra)
        if flags & 0x1:
            raise _Unopened(_("is an encrypted archive"))
        if member.endswith(b"/"):
            raise _not_one_member()
        if method == 0 and not flags & 0x8 and size != 0xFFFFFFFF:
            self._left, self._decompress = size, False
            return
        if method != 8:
            raise _Unopened(_("is an archive that is not compressed by deflate"))
        self._decompress = zlib.decompressobj(-zlib.MAX_WBITS)

    def _next(self, size: int) -> bytes:
        if not self._decompress:
            data = self._stream.read(min(size, self._left))
            self._left -= len(data)
            if not data and self._left:
                raise EOFError
            return data
        block = self._decompress.unconsumed_tail or self._stream.read(_BUFFER_BYTES)
        if not block:
            raise EOFError
        return bytes(self._decompress.decompress(block, size))

    def _end(self) -> None:
        """Read the directory behind the member."""
        self._ended = True
        before = self._decompress.unused_data if self._decompress else b""
        rest = before + self._stream.read(_BUFFER_BYTES)
        entry, end = rest.find(b"PK\x01\x02", 0, 64), rest.rfind(b"PK\x05\x06")
        if rest.find(b"PK\x03\x04", 0, 64) >= 0:
            raise _not_one_member()
        if entry < 0 or not entry < end <= len(rest) - 22 or self._stream.read(1):
            raise EOFError
        if len(rest) != end + 22 + struct.unpack_from("<H", rest, end + 20)[0]:
            raise _Unopened(_("has bytes behind the end of the archive"))
        if struct.unpack_from("<H", rest, end + 10)[0] != 1:
            raise _not_one_member()
        if struct.unpack_from("<I", rest, entry + 16)[0] != self._checksum:
            raise ValueError("another checksum")


class _Streams:
    """The content of compressed streams one after the other; only zeros may stand around them.

    Python's own readers of bzip2 and xz take what follows the first stream, and is none, for
    nothing: a second one that is damaged would be lost without a word.
    """

    def __init__(self, stream: BinaryIO, new: Callable[[], Any]) -> None:
        self._stream = stream
        self._new = new
        self._decompressor = new()

    def read(self, size: int) -> bytes:
        """At most `size` bytes; none at the end."""
        while True:
            data = b""
            if self._decompressor.eof:
                data = self._decompressor.unused_data.lstrip(b"\0")
                while not data:
                    block = self._stream.read(_BUFFER_BYTES)
                    if not block:
                        return b""
                    data = block.lstrip(b"\0")
                self._decompressor = self._new()
            elif self._decompressor.needs_input:
                data = self._stream.read(_BUFFER_BYTES)
                if not data:
                    raise EOFError
            if content := self._decompressor.decompress(data, size):
                return bytes(content)


def _unzstd(stream: Any) -> Any:
    return pa.CompressedInputStream(pa.PythonFile(stream, mode="r"), "zstd")


_DECOMPRESSORS: Final[Mapping[Compression, Callable[[Any], Any]]] = {
    "gzip": lambda stream: gzip.GzipFile(fileobj=stream),
    "bzip2": lambda stream: _Streams(stream, bz2.BZ2Decompressor),
    "zstandard": _unzstd,
    "xz": lambda stream: _Streams(stream, lambda: lzma.LZMADecompressor(memlimit=_XZ_BYTES)),
    "zip": _OneMember,
}
