"""The receipts of a folder's runs, and what was taken out of it since, as they are read."""

from collections.abc import Collection, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

from tamis.evidence.removal import Kind
from tamis.stores.folder import Folder
from tamis.stores.folder_layout import RECEIPTS_FOLDER, owner_of, receipt_path, removal_path
from tamis.stores.protocol import RunStore

_READS_AT_ONCE = 16
"""Receipts that are read at once where many are looked through."""


class FolderReceipts(RunStore):
    """The part of a store in a folder that reads its receipts and removals."""

    folder: Folder

    def receipt_address(self, run: str) -> str:
        return f"{self.shown.rstrip('/')}/{receipt_path(run)}"

    def _receipt_text(self, run: str) -> bytes | None:
        return self._read_if_there(receipt_path(run))

    def _receipt_texts(self, prefix: str) -> Iterator[tuple[str, bytes]]:
        for path, run, kind in self._owned():
            if kind is None and run.startswith(prefix):
                yield run, self._read(path)

    def _removal_text(self, run: str, kind: Kind) -> bytes | None:
        return self._read_if_there(removal_path(run, kind))

    def _removal_texts(self) -> Iterator[tuple[str, Kind, bytes]]:
        for path, run, kind in self._owned():
            if kind is not None:
                yield run, kind, self._read(path)

    def _texts_naming(self, digests: Collection[str]) -> Iterator[tuple[str, bytes]]:
        runs = [run for _path, run, kind in self._owned() if kind is None][::-1]
        with ThreadPoolExecutor(_READS_AT_ONCE) as threads:
            for start in range(0, len(runs), 4 * _READS_AT_ONCE):
                some = runs[start : start + 4 * _READS_AT_ONCE]
                yield from zip(some, threads.map(self._receipt_or_nothing, some), strict=True)

    def _owned(self) -> Iterator[tuple[str, str, Kind | None]]:
        """Each file of a receipt or removal, its run, and the kind of a removal."""
        for path in self.folder.files(RECEIPTS_FOLDER):
            if (owner := owner_of(path)) is not None:
                yield path, *owner

    def _receipt_or_nothing(self, run: str) -> bytes:
        with suppress(OSError):
            return self._read(receipt_path(run))
        return b""

    def _read_if_there(self, path: str) -> bytes | None:
        return None if self.folder.size(path) is None else self._read(path)

    def _read(self, path: str) -> bytes:
        with self.folder.open(path) as stream:
            return stream.read()
