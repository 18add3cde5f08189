"""Inputs by URI: which files, in which format, opened as binary streams."""

import hashlib
import io
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, BinaryIO

import pyarrow as pa
from apache_beam.io.filesystem import BeamIOError, CompressionTypes
from apache_beam.io.filesystems import FileSystems

from tamis.documents.schema import FormatName
from tamis.errors import InputError, UsageError

_SUFFIXES: dict[str, FormatName] = {
    ".parquet": "parquet",
    ".csv": "csv",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".avro": "avro",
    ".dsn": "dsn",
}
_READ_BYTES = 1 << 20


@dataclass(frozen=True)
class InputFile:
    """One input of a run.

    Attributes:
        index: its place among the run's inputs, sorted by URI.
        uri: where it is.
        bytes: its size.
        format: how it is read.
    """

    index: int
    uri: str
    bytes: int
    format: FormatName


def format_of(uri: str, default: FormatName) -> FormatName:
    """The format of a file by the end of its name, or `default` for any other name.

    Example:
        >>> format_of("in/feed.csv.gz", "parquet"), format_of("in/feed.txt", "dsn")
        ('csv', 'dsn')
    """
    name = uri.lower().removesuffix(".gz").removesuffix(".bz2").removesuffix(".zst")
    for suffix, found in _SUFFIXES.items():
        if name.endswith(suffix):
            return found
    return default


def list_inputs(patterns: tuple[str, ...], default: FormatName) -> list[InputFile]:
    """The files that `patterns` match, sorted by URI, each once.

    A local file of exactly that name is meant itself, whatever `*`, `?` or `[` its name holds.

    Raises:
        UsageError: a pattern matches no file, or names a folder.
    """
    sizes = {uri: size for pattern in patterns for uri, size in _match(pattern).items()}
    return [
        InputFile(index, uri, size, format_of(uri, default))
        for index, (uri, size) in enumerate(sorted(sizes.items()))
    ]


def _match(pattern: str) -> dict[str, int]:
    if is_local(pattern) and os.path.isfile(pattern):
        return {pattern: os.path.getsize(pattern)}
    if is_local(pattern) and os.path.isdir(pattern):
        files = os.path.join(pattern, "*")
        raise UsageError(f"{pattern}: is a folder; name the files in it, as in `{files}`")
    bare = is_local(pattern) and not os.path.dirname(pattern)
    try:
        # Beam's local file system matches nothing in a pattern without a folder.
        (result,) = FileSystems.match([os.path.join(os.curdir, pattern) if bare else pattern])
    except (BeamIOError, OSError, ValueError):
        raise UsageError(f"{pattern}: cannot be looked up") from None
    found = {
        one.path.removeprefix(os.path.join(os.curdir, "")) if bare else one.path: one.size_in_bytes
        for one in result.metadata_list
    }
    if not found:
        raise UsageError(f"no input matches {pattern}")
    return found


def is_local(uri: str) -> bool:
    """Whether `uri` is a plain path on this machine."""
    return "://" not in uri


def open_random(uri: str) -> Any:
    """`uri` opened for reading at any place, as Arrow or Python file."""
    try:
        if is_local(uri):
            return pa.OSFile(uri, "rb")
        return FileSystems.open(uri, compression_type=CompressionTypes.UNCOMPRESSED)
    except (OSError, ValueError):
        raise InputError(uri, "cannot be opened") from None


class HashingReader(io.RawIOBase):
    """A stream that reads from `uri`, and knows the size and SHA-256 of what was read."""

    def __init__(self, uri: str) -> None:
        super().__init__()
        self._hash = hashlib.sha256()
        self.size = 0
        try:
            if is_local(uri):
                self._stream: Any = open(uri, "rb", buffering=0)  # noqa: SIM115
            else:
                self._stream = FileSystems.open(uri, compression_type=CompressionTypes.UNCOMPRESSED)
        except (OSError, ValueError):
            raise InputError(uri, "cannot be opened") from None

    def readable(self) -> bool:
        """True."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Read at most `len(buffer)` bytes; 0 at the end."""
        data = self._stream.read(len(buffer))
        buffer[: len(data)] = data
        self._hash.update(data)
        self.size += len(data)
        return len(data)

    def close(self) -> None:
        """Close the stream under it."""
        if not self.closed:
            self._stream.close()
        super().close()

    def finish(self) -> str:
        """Read what is left, and return the SHA-256 of the whole in hexadecimal."""
        while data := self._stream.read(_READ_BYTES):
            self._hash.update(data)
            self.size += len(data)
        return self._hash.hexdigest()


def open_sequential(uri: str) -> tuple[BinaryIO, HashingReader]:
    """`uri` opened for reading from start to end, decompressed by its suffix.

    Returns:
        The stream of its content, and the reader under it that hashes the file itself.
    """
    raw = HashingReader(uri)
    buffered: Any = io.BufferedReader(raw, _READ_BYTES)
    for suffix, decompress in _DECOMPRESS.items():
        if uri.lower().endswith(suffix):
            buffered = io.BufferedReader(_Decompressed(uri, decompress(buffered)), _READ_BYTES)
    return buffered, raw


def _gunzip(stream: Any) -> Any:
    import gzip

    return gzip.GzipFile(fileobj=stream)


def _bunzip(stream: Any) -> Any:
    import bz2

    return bz2.BZ2File(stream)


def _unzstd(stream: Any) -> Any:
    return pa.CompressedInputStream(pa.PythonFile(stream, mode="r"), "zstd")


_DECOMPRESS: dict[str, Callable[[Any], Any]] = {".gz": _gunzip, ".bz2": _bunzip, ".zst": _unzstd}


class _Decompressed(io.RawIOBase):
    """A stream that tells which file cannot be decompressed."""

    def __init__(self, uri: str, stream: Any) -> None:
        super().__init__()
        self._uri = uri
        self._stream = stream

    def readable(self) -> bool:
        """True."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Read at most `len(buffer)` bytes; 0 at the end."""
        try:
            data = self._stream.read(len(buffer))
        except Exception as error:
            if isinstance(error, InputError):
                raise
            cut = isinstance(error, EOFError)
            problem = "is cut" if cut else "is damaged, or not compressed as its name says"
            raise InputError(self._uri, problem) from None
        buffer[: len(data)] = data
        return len(data)


def digest(uri: str) -> tuple[int, str]:
    """Size in bytes and SHA-256 of the file at `uri`."""
    with HashingReader(uri) as raw:
        sha256 = raw.finish()
        return raw.size, sha256


def blocks(stream: BinaryIO) -> Iterator[bytes]:
    """The stream in pieces of at most 1 MiB."""
    while piece := stream.read(_READ_BYTES):
        yield piece
