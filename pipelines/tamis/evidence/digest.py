"""SHA-256 of local files, which may begin before anybody asks for it.

While Beam is imported one core is idle, for most of the time that a file of 1.5 GB takes.
"""

import hashlib
import os
from collections.abc import Iterable
from concurrent.futures import Future
from threading import Thread
from typing import Final

_BYTES: Final = 1 << 20
"""Read at once. With more, what was read leaves the cache before it is hashed; with less, an
import beside it may hold the interpreter too often."""

_Stamp = tuple[int, int, int]
_begun: dict[str, "Future[tuple[_Stamp, str]]"] = {}


def begin_digests(paths: Iterable[str]) -> None:
    """Digest files one after the other, in a thread that ends with the process."""
    begun: dict[str, Future[tuple[_Stamp, str]]] = {path: Future() for path in paths}
    _begun.update(begun)
    Thread(target=_work, args=(begun,), daemon=True).start()


def digest_file(path: str) -> tuple[int, str]:
    """Size in bytes and SHA-256 of a file, as it was begun if nobody wrote to the file since.

    Raises:
        OSError: it cannot be read.
    """
    begun = _begun.get(path)
    if begun is not None and not begun.cancel():
        stamp, sha256 = begun.result()
        if stamp == _stamp(path):
            return stamp[0], sha256
    return _hash(path)


def _work(begun: dict[str, "Future[tuple[_Stamp, str]]"]) -> None:
    for path, future in begun.items():
        if future.set_running_or_notify_cancel():
            try:
                stamp = _stamp(path)
                size, sha256 = _hash(path)
                future.set_result(((size, *stamp[1:]), sha256))
            except OSError as error:
                future.set_exception(error)


def _stamp(path: str) -> _Stamp:
    found = os.stat(path)
    return found.st_size, found.st_mtime_ns, found.st_ino


def _hash(path: str) -> tuple[int, str]:
    sha256 = hashlib.sha256()
    size = 0
    buffer = memoryview(bytearray(_BYTES))
    with open(path, "rb", buffering=0) as stream:
        while read := stream.readinto(buffer):
            sha256.update(buffer[:read])
            size += read
    return size, sha256.hexdigest()
