"""The receipts of a folder's runs, and what was taken out of it since, as they are read."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

from tamis.evidence.removal import Kind
from tamis.stores.folder import Folder
from tamis.stores.folder_layout import RECEIPTS_FOLDER, owner_of, receipt_path

_READS_AT_ONCE = 16
"""Receipts that are read at once where many are looked through."""


class ReceiptFiles:
    """Reads the receipts and removals of a folder.

    Args:
        folder: of the store.
    """

    def __init__(self, folder: Folder) -> None:
        self._folder = folder

    def read(self, path: str) -> bytes | None:
        """The content of a file, or None if there is none."""
        return None if self._folder.size(path) is None else self._content(path)

    def receipts(self, prefix: str) -> Iterator[tuple[str, bytes]]:
        """Ids and texts of the receipts whose ids begin with `prefix`, in the order of the ids."""
        for path in self._folder.files(RECEIPTS_FOLDER):
            owner = owner_of(path)
            if owner is not None and owner[1] is None and owner[0].startswith(prefix):
                yield owner[0], self._content(path)

    def removals(self) -> Iterator[tuple[str, Kind, bytes]]:
        """Run, kind and text of all removals."""
        for path in self._folder.files(RECEIPTS_FOLDER):
            owner = owner_of(path)
            if owner is not None and owner[1] is not None:
                yield owner[0], owner[1], self._content(path)

    def last_receipts(self) -> Iterator[tuple[str, bytes]]:
        """Ids and texts of all receipts, the last ones first, many read at once."""
        owners = map(owner_of, reversed(self._folder.files(RECEIPTS_FOLDER)))
        runs = [owner[0] for owner in owners if owner is not None and owner[1] is None]
        with ThreadPoolExecutor(_READS_AT_ONCE) as threads:
            for start in range(0, len(runs), 4 * _READS_AT_ONCE):
                some = runs[start : start + 4 * _READS_AT_ONCE]
                yield from zip(some, threads.map(self._receipt_or_nothing, some), strict=True)

    def _receipt_or_nothing(self, run: str) -> bytes:
        with suppress(OSError):
            return self._content(receipt_path(run))
        return b""

    def _content(self, path: str) -> bytes:
        with self._folder.open(path) as stream:
            return stream.read()
