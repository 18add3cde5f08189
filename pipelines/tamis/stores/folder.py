"""Operations on files of a folder, on a local disk or in a file system that Beam knows."""

import hashlib
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, BinaryIO, Protocol

from tamis.address import is_local
from tamis.errors import RunError
from tamis.language import _


class Folder(Protocol):
    """A store's folder. All paths are relative to it, with `/` between names."""

    uri: str

    def create(self, path: str) -> BinaryIO:
        """A new file opened for writing; folders above it are made."""

    def open(self, path: str) -> BinaryIO:
        """A file opened for reading."""

    def size(self, path: str) -> int | None:
        """Size of a file in bytes, or None if there is none."""

    def move(self, source: str, target: str) -> None:
        """Rename a file, replacing what is there; folders above the target are made."""

    def list(self, path: str) -> list[str]:
        """Paths of all files at any depth under the folder `path`, sorted."""

    def remove(self, path: str) -> None:
        """Remove a folder and all in it, or a file; nothing if there is none."""

    def local(self) -> Path | None:
        """The folder's path on this machine, or None."""


class LocalFolder(Folder):
    """A folder of this machine. What is written is on the disk before it is renamed."""

    def __init__(self, path: str) -> None:
        self.uri = path
        self._path = Path(path)

    def create(self, path: str) -> BinaryIO:
        full = self._path / path
        full.parent.mkdir(parents=True, exist_ok=True)
        return open(full, "wb")

    def open(self, path: str) -> BinaryIO:
        return open(self._path / path, "rb")

    def size(self, path: str) -> int | None:
        try:
            return (self._path / path).stat().st_size
        except (FileNotFoundError, NotADirectoryError):
            return None

    def move(self, source: str, target: str) -> None:
        full = self._path / target
        full.parent.mkdir(parents=True, exist_ok=True)
        os.replace(self._path / source, full)
        folder = os.open(full.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)

    def list(self, path: str) -> list[str]:
        top = self._path / path
        return sorted(
            str((Path(folder) / name).relative_to(self._path))
            for folder, _, names in os.walk(top)
            for name in names
        )

    def remove(self, path: str) -> None:
        full = self._path / path
        if full.is_dir():
            shutil.rmtree(full)
        else:
            full.unlink(missing_ok=True)

    def local(self) -> Path | None:
        return self._path


class RemoteFolder(Folder):
    """A folder of a file system that Beam knows, such as `gs://bucket/store`."""

    def __init__(self, uri: str) -> None:
        from apache_beam.io.filesystems import FileSystems

        self.uri = uri.rstrip("/")
        self._fs: Any = FileSystems

    def create(self, path: str) -> BinaryIO:
        return self._fs.create(self._at(path), mime_type="application/octet-stream")

    def open(self, path: str) -> BinaryIO:
        from apache_beam.io.filesystem import CompressionTypes

        return self._fs.open(self._at(path), compression_type=CompressionTypes.UNCOMPRESSED)

    def size(self, path: str) -> int | None:
        matches = self._fs.match([self._at(path)])[0].metadata_list
        return int(matches[0].size_in_bytes) if matches else None

    def move(self, source: str, target: str) -> None:
        # Object stores have no folders to make; file systems such as HDFS do.
        with suppress(OSError):
            self._fs.mkdirs(self._at(target.rpartition("/")[0]))
        self._fs.rename([self._at(source)], [self._at(target)])

    def list(self, path: str) -> list[str]:
        pattern = self._at(f"{path}/**" if path else "**")
        matches = self._fs.match([pattern])[0].metadata_list
        return sorted(match.path.removeprefix(self.uri + "/") for match in matches)

    def remove(self, path: str) -> None:
        paths = list(map(self._at, self.list(path)))
        if paths:
            self._fs.delete(paths)
        elif self.size(path) is not None:
            self._fs.delete([self._at(path)])

    def local(self) -> Path | None:
        return None

    def _at(self, path: str) -> str:
        return f"{self.uri}/{path}"


def open_folder(uri: str) -> Folder:
    """The folder at `uri`: a path of this machine, or a URI that Beam's file systems know."""
    return LocalFolder(uri) if is_local(uri) else RemoteFolder(uri)


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


def _make(file: Path) -> BinaryIO:
    """Open a file for writing; another run may remove the folder above it while it is empty."""
    for _attempt in range(100):
        with suppress(FileNotFoundError, FileExistsError):
            file.parent.mkdir(parents=True, exist_ok=True)
            return open(file, "wb")
    return open(file, "wb")


@contextmanager
def lock(folder: Folder, path: str) -> Iterator[bool]:
    """Lock the file `path` while the block runs, and tell whether no other process has it locked.

    Object stores know no locks: there the block just runs.

    Raises:
        RunError: the file cannot be made.
    """
    top = folder.local()
    if top is None:
        yield True
        return
    import fcntl

    file = top / path
    try:
        opened = _make(file)
    except OSError as error:
        raise RunError(
            _(
                "{store}: cannot be written to: {reason}",
                store=folder.uri,
                reason=(error.strerror or type(error).__name__).lower(),
            )
        ) from None
    with opened as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            # Whoever held it may have removed the file meanwhile: then another may stand there.
            held = os.stat(file).st_ino == os.fstat(handle.fileno()).st_ino
        except OSError:
            held = False
        try:
            yield held
        finally:
            if held:
                file.unlink(missing_ok=True)
