"""Inputs by URI: which files, in which format, opened as binary streams."""

import hashlib
import io
import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from typing import Any, BinaryIO

import pyarrow as pa
from apache_beam.io.filesystem import BeamIOError, CompressionTypes, FileMetadata
from apache_beam.io.filesystems import FileSystems

from tamis.address import PathAddress, is_local, parse_address, require_file_system
from tamis.documents.feed_format import FormatName
from tamis.errors import InputError, UsageError
from tamis.filter.drift import WITHHELD
from tamis.formats.compression import decompressed
from tamis.formats.content import START_BYTES, content_of
from tamis.formats.digests import sha256_of, sha256_tree
from tamis.formats.names import shown_file
from tamis.formats.suffixes import format_of
from tamis.language import _, printable
from tamis.stores.remote_folder import require_answer

_READ_BYTES = 1 << 20
_OPENED_AT_ONCE = 16


@dataclass(frozen=True)
class InputFile:
    """One input of a run.

    Attributes:
        index: its place among the run's inputs, sorted by URI.
        uri: where it is.
        bytes: its size.
        state: what changes where the file does: size, time of change, of a local one its inode.
        other_names: how many other names of the same file were given.
        name: what it is called in messages, receipts and quarantine (`input_name`).
    """

    index: int
    uri: str = field(repr=False)
    bytes: int
    state: tuple[Any, ...] = ()
    other_names: int = 0
    name: str = ""

    def require_unchanged(self) -> None:
        """Check that the file is the one that was listed.

        Raises:
            InputError: it changed, or is there no more.
        """
        if is_local(self.uri):
            now = _state_of(self.uri)
        else:
            try:
                (result,) = FileSystems.match([self.uri])
            except (BeamIOError, OSError, ValueError):
                return  # reading it will say why
            found = {file.path: file for file in result.metadata_list}
            now = _remote_state(found[self.uri]) if self.uri in found else self.state
        if self.state and self.state != now:
            raise InputError(
                self.name or self.uri, _("changed while it was read, in size, time or inode")
            )


def _state_of(path: str) -> tuple[Any, ...]:
    """Size, time of change and inode of a local file; nothing if there is none."""
    try:
        status = os.stat(path)
    except OSError:
        return ()
    return status.st_size, status.st_mtime_ns, status.st_ino, status.st_dev


def _remote_state(file: FileMetadata) -> tuple[Any, ...]:
    return file.size_in_bytes, file.last_updated_in_seconds


def list_inputs(
    patterns: tuple[str, ...], *, by_digest: bool = False, named: bool = True
) -> list[InputFile]:
    """The files that `patterns` match, sorted by URI, each once, whatever names it was given by.

    A local file of exactly that name is meant itself, whatever `*`, `?` or `[` its name holds. What
    a pattern matches whose name begins with `_` or `.` is left alone (`_SUCCESS`, `._part`). A
    pattern that ends in a wildcard matches the files in folders of partitions (`dep=75`) too.

    Args:
        patterns: local or of a file system that Beam knows.
        by_digest: whether no file is called by its name.
        named: whether they get names, for some of which a file must be read.

    Raises:
        UsageError: a pattern matches no file, or names a folder, a pipe or a device; or the name
            of a file is not UTF-8.
    """
    states = {uri: state for pattern in patterns for uri, state in _match(pattern).items()}
    files: dict[tuple[Any, ...], InputFile] = {}
    for uri, state in sorted(states.items()):
        if uri.encode("utf-8", "replace").decode() != uri:
            raise UsageError(
                _("{file}: its name is not UTF-8; rename it to read it", file=printable(uri))
            )
        if is_local(uri) and not os.path.isfile(uri):
            raise UsageError(_("{file}: is a pipe or a device, expected a file", file=uri))
        inode = state[2:] or (uri,)
        if inode in files:
            first = files[inode]
            files[inode] = replace(first, other_names=first.other_names + 1)
        else:
            files[inode] = InputFile(len(files), uri, state[0], state)
    if not named:
        return list(files.values())
    with ThreadPoolExecutor(_OPENED_AT_ONCE) as pool:
        names = pool.map(lambda file: input_name(file.uri, by_digest=by_digest), files.values())
        return [replace(file, name=name) for file, name in zip(files.values(), names, strict=True)]


def input_name(uri: str, *, by_digest: bool = False) -> str:
    """What the file at `uri` is called, as by `formats.names.shown_file`.

    Example:
        >>> input_name("in/2026/feed.csv")
        'in/2026/feed.csv'
    """

    def read() -> Iterator[bytes]:
        with HashingReader(uri, WITHHELD) as raw:
            yield from blocks(io.BufferedReader(raw, _READ_BYTES))

    return shown_file(uri, read, by_digest=by_digest)


def _match(pattern: str) -> dict[str, tuple[Any, ...]]:
    """The state of each file that `pattern` matches, by URI."""
    address = parse_address(pattern)
    if not isinstance(address, PathAddress):
        raise UsageError(_("{address}: expected files", address=address.shown))
    if is_local(pattern) and os.path.isfile(pattern):
        return {pattern: _state_of(pattern)}
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
    # Beam's local file system matches nothing in a pattern without a folder.
    given = os.path.join(os.curdir, pattern) if bare else pattern
    ends_in_wildcard = given.rpartition("/")[2] in ("*", "**")
    if not is_local(pattern):
        require_file_system(address.uri)
        require_answer(address.uri)
    try:
        results = FileSystems.match([given, f"{given}/**"] if ends_in_wildcard else [given])
    except (BeamIOError, OSError, ValueError):
        raise UsageError(_("{pattern}: cannot be looked up", pattern=address.shown)) from None
    prefix = os.path.join(os.curdir, "")
    matched = {
        file.path.removeprefix(prefix) if bare else file.path: (
            _state_of(file.path) if is_local(file.path) else _remote_state(file)
        )
        for result in results
        for file in result.metadata_list
    }
    meant = {path: state for path, state in matched.items() if _is_meant(path, pattern)}
    if meant:
        return meant
    if any(_is_hidden(path.rpartition("/")[2]) for path in matched):
        problem = _("no input matches {pattern} whose name does not begin with `_` or `.`")
        raise UsageError(problem.format(pattern=address.shown))
    raise UsageError(_("no input matches {pattern}", pattern=address.shown))


def _is_meant(path: str, pattern: str) -> bool:
    """Whether a file that matches `pattern`, or lies in a folder that does, is an input."""
    parts, given = path.split("/"), pattern.split("/")
    if "**" not in given and not all("=" in part for part in parts[len(given) - 1 : -1]):
        return False  # in a folder of no partition
    named = {part for part in given if not set("*?[") & set(part)}
    begins = {part[:1] for part in given if part not in named}
    return not any(
        _is_hidden(part) and part not in named and part[0] not in begins for part in parts
    )


def _is_hidden(name: str) -> bool:
    return name[:1] in ("_", ".") and name not in (".", "..")


def recognize(file: InputFile, default: FormatName) -> FormatName:
    """The format of an input: by its content, else by its name, else `default`.

    Raises:
        InputError: its content is of a format that is none of ours, or is damaged.
    """
    with HashingReader(file.uri, file.name) as raw:
        content = content_of(io.BufferedReader(raw, START_BYTES), file.name)
        # Checked by the name that is shown, told by the one that the file has.
        return content.format(file.name) or format_of(file.uri) or default


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

    def __init__(self, uri: str, name: str | None = None) -> None:
        super().__init__()
        self._hash = hashlib.sha256()
        self.size = 0
        try:
            if is_local(uri):
                self._stream: Any = open(uri, "rb", buffering=0)  # noqa: SIM115
            else:
                self._stream = FileSystems.open(uri, compression_type=CompressionTypes.UNCOMPRESSED)
        except (OSError, ValueError):
            raise InputError(name or uri, _("cannot be opened")) from None

    def readable(self) -> bool:
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


def open_sequential(uri: str, name: str) -> tuple[BinaryIO, HashingReader]:
    """`uri` opened for reading from start to end, decompressed; errors call it `name`.

    Returns:
        The stream of its content, and the reader under it that hashes the file itself.
    """
    raw = HashingReader(uri, name)
    buffered: Any = io.BufferedReader(raw, _READ_BYTES)
    return decompressed(buffered, name), raw


def digest(uri: str, block_bytes: int | None = None) -> str:
    """The SHA-256 of the file at `uri`, or its `sha256_tree` over such blocks, in hexadecimal."""
    with open_random(uri) as stream:
        return sha256_tree(stream, block_bytes) if block_bytes else sha256_of(stream).hex()


def blocks(stream: BinaryIO) -> Iterator[bytes]:
    """The stream in pieces of at most 1 MiB."""
    while piece := stream.read(_READ_BYTES):
        yield piece
