"""Inputs by URI: which files, in which format, opened as binary streams."""

import hashlib
import io
import os
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, BinaryIO

import pyarrow as pa
from apache_beam.io.filesystem import BeamIOError, CompressionTypes
from apache_beam.io.filesystems import FileSystems

from tamis.address import PathAddress, is_local, parse_address, require_file_system
from tamis.documents.schema import FormatName
from tamis.errors import InputError, UsageError
from tamis.formats.compression import decompressed
from tamis.formats.content import START_BYTES, content_of
from tamis.language import _

_READ_BYTES = 1 << 20


@dataclass(frozen=True)
class InputFile:
    """One input of a run.

    Attributes:
        index: its place among the run's inputs, sorted by URI.
        uri: where it is.
        bytes: its size.
    """

    index: int
    uri: str
    bytes: int


def list_inputs(patterns: tuple[str, ...]) -> list[InputFile]:
    """The files that `patterns` match, sorted by URI, each once.

    A local file of exactly that name is meant itself, whatever `*`, `?` or `[` its name holds.

    Raises:
        UsageError: a pattern matches no file, or names a folder.
    """
    sizes = {uri: size for pattern in patterns for uri, size in _match(pattern).items()}
    return [InputFile(index, uri, size) for index, (uri, size) in enumerate(sorted(sizes.items()))]


def _match(pattern: str) -> dict[str, int]:
    address = parse_address(pattern)
    if not isinstance(address, PathAddress):
        raise UsageError(_("{address}: expected files", address=address.shown))
    if is_local(pattern) and os.path.isfile(pattern):
        return {pattern: os.path.getsize(pattern)}
    if is_local(pattern) and os.path.isdir(pattern):
        files = os.path.join(pattern, "*")
        raise UsageError(
            _(
                "{pattern}: is a folder, expected the files in it, as in `{files}`",
                pattern=pattern,
                files=files,
            )
        )
    bare = is_local(pattern) and not os.path.dirname(pattern)
    try:
        # Beam's local file system matches nothing in a pattern without a folder.
        (result,) = FileSystems.match([os.path.join(os.curdir, pattern) if bare else pattern])
    except (BeamIOError, OSError, ValueError):
        require_file_system(address)
        raise UsageError(_("{pattern}: cannot be looked up", pattern=address.shown)) from None
    prefix = os.path.join(os.curdir, "")
    sizes = {
        file.path.removeprefix(prefix) if bare else file.path: file.size_in_bytes
        for file in result.metadata_list
    }
    if not sizes:
        raise UsageError(_("no input matches {pattern}", pattern=address.shown))
    return sizes


def recognize(uri: str, default: FormatName) -> FormatName:
    """The format of the file at `uri`: by its content, else by its name, else `default`.

    Raises:
        InputError: its content is of a format that is none of ours, or is damaged.
    """
    with HashingReader(uri) as raw:
        buffered = io.BufferedReader(raw, START_BYTES)
        return content_of(buffered, uri).format(uri) or default


def open_random(uri: str) -> Any:
    """`uri` opened for reading at any place, as Arrow or Python file."""
    try:
        if is_local(uri):
            return pa.OSFile(uri, "rb")
        return FileSystems.open(uri, compression_type=CompressionTypes.UNCOMPRESSED)
    except (OSError, ValueError):
        raise InputError(uri, _("cannot be opened")) from None


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
            raise InputError(uri, _("cannot be opened")) from None

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
    """`uri` opened for reading from start to end, decompressed.

    Returns:
        The stream of its content, and the reader under it that hashes the file itself.
    """
    raw = HashingReader(uri)
    buffered: Any = io.BufferedReader(raw, _READ_BYTES)
    return decompressed(buffered, uri), raw


def digest(uri: str) -> tuple[int, str]:
    """Size in bytes and SHA-256 of the file at `uri`."""
    with HashingReader(uri) as raw:
        sha256 = raw.finish()
        return raw.size, sha256


def blocks(stream: BinaryIO) -> Iterator[bytes]:
    """The stream in pieces of at most 1 MiB."""
    while piece := stream.read(_READ_BYTES):
        yield piece
