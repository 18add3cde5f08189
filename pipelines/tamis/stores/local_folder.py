"""A folder of this machine, in which no link is followed.

Every path is walked name by name from the store's own folder, and each name is opened as what it
is. So whoever may write to the store can neither have a file outside of it written, nor removed.
"""

import errno
import fcntl
import os
import shutil
import stat
import sys
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, BinaryIO, TypeVar

from tamis.errors import RunError, os_problem
from tamis.language import _
from tamis.stores.folder import Folder

_T = TypeVar("_T")

_FOLDER = os.O_RDONLY | os.O_DIRECTORY
_NO_LINKS = (errno.EPERM, errno.ENOTSUP, errno.EOPNOTSUPP, errno.EMLINK, errno.ENOSYS)
"""What file systems without hard links answer where one is to be made."""

_ATTEMPTS = 100
"""How often a folder is made again that another process removes while it is empty."""


class LocalFolder(Folder):
    """A folder of this machine. What is written is on the disk before it is published or placed.

    Args:
        path: of the folder; it may be a link itself.
    """

    def __init__(self, path: str) -> None:
        self.uri = path
        self._path = Path(path)

    def make(self, path: str) -> None:
        try:
            os.close(self._open_folder(path, make=True))
        except OSError as error:
            text = _("{store}: cannot be written to: {reason}")
            raise RunError(text.format(store=self.uri, reason=os_problem(error))) from None

    def create(self, path: str) -> BinaryIO:
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
        handle = self._in_made(path, lambda at, name: os.open(name, flags, 0o666, dir_fd=at))
        return os.fdopen(handle, "wb")

    def open(self, path: str) -> BinaryIO:
        with self._at(path) as (folder, name):
            # Without O_NONBLOCK a pipe would be waited for.
            flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK
            stream = os.fdopen(os.open(name, flags, dir_fd=folder), "rb")
        if not stat.S_ISREG(os.fstat(stream.fileno()).st_mode):
            stream.close()
            raise OSError(errno.EINVAL, "is no file", path)
        return stream

    def size(self, path: str) -> int | None:
        found = self._stat(path)
        return found.st_size if found is not None and stat.S_ISREG(found.st_mode) else None

    def publish(self, source: str, target: str) -> bool:
        with self._at(source) as (above, name), self._at(target, make=True) as (folder, new):
            try:
                _link(above, name, folder, new)
            except FileExistsError:
                return False
            os.fsync(folder)
            return True

    def place(self, sources: Mapping[str, str]) -> None:
        folders = set()
        for target, source in sources.items():
            # Another process may place the same file at the same time.
            if not self._link(source, target) and not self._same(source, target):
                # Something else stands there, which no receipt lists: it is replaced whole.
                aside = f"{source}.{uuid.uuid4().hex}"
                self._link(source, aside)
                with self._at(aside) as (above, name), self._at(target) as (folder, new):
                    os.replace(name, new, src_dir_fd=above, dst_dir_fd=folder)
            folders.add(target.rpartition("/")[0])
        for path in folders:
            folder = self._open_folder(path)
            try:
                os.fsync(folder)
            finally:
                os.close(folder)

    def files(self, path: str) -> list[str]:
        return sorted(
            f"{folder}/{name}".lstrip("/")
            for folder, names, _times in self._walk(path)
            for name in names
        )

    def children(self, path: str) -> list[str]:
        try:
            folder = self._open_folder(path)
        except (FileNotFoundError, NotADirectoryError):
            return []
        try:
            return sorted(os.listdir(folder))
        finally:
            os.close(folder)

    def newest(self, path: str) -> float | None:
        found = self._stat(path)
        if found is None or not stat.S_ISDIR(found.st_mode):
            return found.st_mtime if found else None
        times = (time for _folder, _names, times in self._walk(path) for time in times)
        return max(times, default=found.st_mtime)

    def remove(self, path: str) -> None:
        found = self._stat(path)
        if found is None:
            return
        with suppress(FileNotFoundError), self._at(path) as (folder, name):
            if not stat.S_ISDIR(found.st_mode):
                os.unlink(name, dir_fd=folder)
                return
            for _attempt in range(_ATTEMPTS):
                try:
                    shutil.rmtree(name, dir_fd=folder, onerror=_raise_unless_gone)
                    return
                except OSError as error:
                    if error.errno != errno.ENOTEMPTY:
                        raise  # or else another process put something there meanwhile

    def tidy(self, path: str) -> None:
        with suppress(OSError):
            if path:
                with self._at(path) as (folder, name):
                    os.rmdir(name, dir_fd=folder)
            else:
                self._path.rmdir()

    @contextmanager
    def lock(self, path: str) -> Iterator[bool]:
        try:
            opened = self._open_folder(path.rpartition("/")[0], make=True)
            name = path.rpartition("/")[2]
            try:
                flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK
                handle = os.open(name, flags, 0o666, dir_fd=opened)
            except BaseException:
                os.close(opened)
                raise
        except OSError as error:
            text = _("{store}: cannot be written to: {reason}")
            raise RunError(text.format(store=self.uri, reason=os_problem(error))) from None
        try:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                # Whoever held it may have removed the file meanwhile: then another may stand there.
                there = os.stat(name, dir_fd=opened, follow_symlinks=False)
                held = os.path.samestat(there, os.fstat(handle))
            except OSError:
                held = False
            try:
                yield held
            finally:
                if held:
                    with suppress(FileNotFoundError):
                        os.unlink(name, dir_fd=opened)
        finally:
            os.close(handle)
            os.close(opened)

    def local(self) -> Path | None:
        return self._path

    def _walk(self, path: str) -> Iterator[tuple[str, list[str], list[float]]]:
        """Each folder under `path`, the names of its files and links, and when all were changed."""
        try:
            top = self._open_folder(path)
        except (FileNotFoundError, NotADirectoryError):
            return
        try:
            for below, folders, names, folder in os.fwalk(".", dir_fd=top):
                times = [os.fstat(folder).st_mtime]
                for name in [*folders, *names]:
                    with suppress(FileNotFoundError):
                        found = os.stat(name, dir_fd=folder, follow_symlinks=False)
                        times.append(found.st_mtime)
                        if name in folders and stat.S_ISLNK(found.st_mode):
                            names.append(name)
                above = os.path.normpath(os.path.join(path, below))
                yield "" if above == "." else above, names, times
        finally:
            os.close(top)

    def _stat(self, path: str) -> os.stat_result | None:
        try:
            with self._at(path) as (folder, name):
                return os.stat(name, dir_fd=folder, follow_symlinks=False)
        except (FileNotFoundError, NotADirectoryError):
            return None

    def _same(self, source: str, target: str) -> bool:
        there = self._stat(target)
        return there is not None and os.path.samestat(there, self._stat(source) or os.stat("/"))

    def _link(self, source: str, target: str) -> bool:
        with self._at(source) as (above, name):
            try:
                self._in_made(target, lambda folder, new: _link(above, name, folder, new))
            except FileExistsError:
                return False
            return True

    def _in_made(self, path: str, act: Callable[[int, str], _T]) -> _T:
        """What `act` gives in the folder in which `path` is to stand, made if it is not there."""
        for _attempt in range(_ATTEMPTS):
            # Another process may remove the folder while it is empty.
            with suppress(FileNotFoundError), self._at(path, make=True) as (folder, name):
                return act(folder, name)
        with self._at(path, make=True) as (folder, name):
            return act(folder, name)

    @contextmanager
    def _at(self, path: str, *, make: bool = False) -> Iterator[tuple[int, str]]:
        """The open folder in which `path` stands, and its name there."""
        above, _slash, name = path.rpartition("/")
        if name in ("", ".", ".."):
            raise self._refused(path)
        folder = self._open_folder(above, make=make)
        try:
            yield folder, name
        finally:
            os.close(folder)

    def _open_folder(self, path: str, *, make: bool = False) -> int:
        for _attempt in range(_ATTEMPTS if make else 0):
            # Another process may remove a folder while it is empty.
            with suppress(FileNotFoundError):
                return self._walk_to(path, make=True)
        return self._walk_to(path, make=make)

    def _walk_to(self, path: str, *, make: bool) -> int:
        if make:
            with suppress(FileExistsError):
                self._path.mkdir(parents=True, exist_ok=True)
        folder = os.open(self._path, _FOLDER)
        try:
            for name in path.split("/") if path else ():
                if name in ("", ".", ".."):
                    raise self._refused(path)
                if make:
                    with suppress(FileExistsError):
                        os.mkdir(name, dir_fd=folder)
                try:
                    below = os.open(name, _FOLDER | os.O_NOFOLLOW, dir_fd=folder)
                except OSError:
                    with suppress(FileNotFoundError):
                        found = os.stat(name, dir_fd=folder, follow_symlinks=False)
                        if stat.S_ISLNK(found.st_mode):
                            raise self._refused(path) from None
                    raise
                os.close(folder)
                folder = below
        except BaseException:
            os.close(folder)
            raise
        return folder

    def _refused(self, path: str) -> RunError:
        return RunError(
            _(
                "{store}: {path}: is no path of the store, or a link stands in it; links in a "
                "store are not followed",
                store=self.uri,
                path=path,
            )
        )


def _link(above: int, name: str, folder: int, new: str) -> None:
    """Give the file `name` of the folder `above` the name `new` in `folder` as well.

    Raises:
        FileExistsError: something has it.
    """
    try:
        os.link(name, new, src_dir_fd=above, dst_dir_fd=folder, follow_symlinks=False)
    except OSError as error:
        if error.errno not in _NO_LINKS:
            raise
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
        source = os.fdopen(os.open(name, os.O_RDONLY | os.O_NOFOLLOW, dir_fd=above), "rb")
        with source, os.fdopen(os.open(new, flags, 0o666, dir_fd=folder), "wb") as copy:
            shutil.copyfileobj(source, copy, 1 << 20)
            copy.flush()
            os.fsync(copy.fileno())


def _raise_unless_gone(_act: Callable[..., Any], _path: str, _reason: Any) -> None:
    """Pass over what another process removed first."""
    error = sys.exc_info()[1]
    if error is not None and not isinstance(error, FileNotFoundError):
        raise error
