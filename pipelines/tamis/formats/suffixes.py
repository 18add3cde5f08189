"""A file's format and compression by the end of its name: one map for `run`, `scan` and `draft`."""

import bz2
import gzip
import io
from collections.abc import Callable, Mapping
from typing import Any, BinaryIO, Final

import pyarrow as pa

from tamis.documents.schema import FormatName
from tamis.errors import InputError
from tamis.language import _

FORMATS: Final[Mapping[str, FormatName]] = {
    ".parquet": "parquet",
    ".csv": "csv",
    ".tsv": "csv",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".avro": "avro",
    ".dsn": "dsn",
}
"""Formats by suffix; suffixes are compared in lower case."""

_BUFFER_BYTES = 1 << 20


def _unzstd(stream: Any) -> Any:
    return pa.CompressedInputStream(pa.PythonFile(stream, mode="r"), "zstd")


_DECOMPRESSORS: Final[Mapping[str, Callable[[Any], Any]]] = {
    ".gz": lambda stream: gzip.GzipFile(fileobj=stream),
    ".bz2": bz2.BZ2File,
    ".zst": _unzstd,
}


def format_of(name: str) -> FormatName | None:
    """The format of a file by its suffix, a suffix of compression left aside; None if unknown.

    Example:
        >>> format_of("in/feed.csv.gz"), format_of("in/FEED.DSN"), format_of("in/feed.txt")
        ('csv', 'dsn', None)
    """
    name = name.lower()
    for suffix in _DECOMPRESSORS:
        name = name.removesuffix(suffix)
    for suffix, form in FORMATS.items():
        if name.endswith(suffix):
            return form
    return None


def decompressed(stream: BinaryIO, name: str) -> Any:
    """The content of `stream`, decompressed where `name` ends in `.gz`, `.bz2` or `.zst`.

    Returns:
        A buffered binary stream; `stream` itself if it is not compressed. Its reads raise
        InputError, which names the file, where compressed bytes are cut or damaged.
    """
    for suffix, decompress in _DECOMPRESSORS.items():
        if name.lower().endswith(suffix):
            return io.BufferedReader(_Decompressed(name, decompress(stream)), _BUFFER_BYTES)
    return stream


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
        except Exception:
            problem = _("is damaged, or not compressed as its name says")
            raise InputError(self._name, problem) from None
        buffer[: len(data)] = data
        return len(data)
