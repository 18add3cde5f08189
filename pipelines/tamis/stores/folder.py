"""A store's folder: what can be done with the files in it, wherever they are.

`LocalFolder` (`local_folder`) is a folder of this machine, `RemoteFolder` (`remote_folder`) one in
a bucket. Neither follows a link that stands in the store, nor a path that leads out of it.
"""

import hashlib
import os
from collections.abc import Mapping
from contextlib import AbstractContextManager, suppress
from pathlib import Path
from typing import Any, BinaryIO, Protocol

from tamis.address import is_local, require_file_system


class Folder(Protocol):
    """A store's folder. All paths are relative to it, with `/` between names."""

    uri: str

    def make(self, path: str) -> None:
        """Make a folder, if there is such a thing; check that the store can be one.

        Raises:
            RunError: it cannot be written to.
            UsageError: its file system cannot hold a store.
        """

    def create(self, path: str) -> BinaryIO:
        """A new file opened for writing; folders above it are made."""

    def open(self, path: str) -> BinaryIO:
        """A file opened for reading."""

    def size(self, path: str) -> int | None:
        """Size of a file in bytes, or None if there is none."""

    def publish(self, source: str, target: str) -> bool:
        """Let a file stand at `target` too, if nothing does; whether it was this call's doing.

        Of several processes that call it at once for one target, one is told True.
        """

    def place(self, sources: Mapping[str, str]) -> None:
        """By target, let a file stand there too, in the stead of what does; in no order."""

    def files(self, path: str) -> list[str]:
        """Paths of all files and links at any depth under the folder `path`, sorted."""

    def children(self, path: str) -> list[str]:
        """Names of what stands directly in the folder `path`, sorted; none if there is none."""

    def newest(self, path: str) -> float | None:
        """When the newest file under the folder `path`, or it itself, was changed, since 1970."""

    def remove(self, path: str) -> None:
        """Remove a folder and all in it, a file or a link; nothing if there is none."""

    def tidy(self, path: str) -> None:
        """Remove a folder if it is empty, the store's own as `""`."""

    def lock(self, path: str) -> AbstractContextManager[bool]:
        """Lock the file `path` while the block runs, and tell whether no other process has it.

        Buckets know no locks: there the block just runs.

        Raises:
            RunError: the file cannot be made.
        """

    def local(self) -> Path | None:
        """The folder's path on this machine, or None."""


def open_folder(uri: str) -> Folder:
    """The folder at `uri`: a path of this machine, `gs://…` or `s3://…`.

    Raises:
        UsageError: it is of another file system, or what this one needs is not installed.
    """
    if is_local(uri):
        from tamis.stores.local_folder import LocalFolder

        return LocalFolder(uri)
    from tamis.stores.remote_folder import RemoteFolder

    folder = RemoteFolder(uri)
    require_file_system(uri)
    return folder


class HashingSink:
    """Writes to a stream and digests what it writes; `close_durably` closes the stream."""

    closed = False
    """What Arrow asks of a file before it writes."""

    def __init__(self, stream: BinaryIO) -> None:
        self.stream = stream
        self.sha256 = hashlib.sha256()

    def write(self, data: Any) -> None:
        """Write and hash."""
        self.sha256.update(data)
        self.stream.write(data)


def close_durably(stream: BinaryIO) -> None:
    """Close a file that was written; a local one is on the disk when this returns."""
    stream.flush()
    with suppress(OSError, AttributeError, ValueError):
        os.fsync(stream.fileno())
    stream.close()
