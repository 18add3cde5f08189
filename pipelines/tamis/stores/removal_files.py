"""What is taken out of a folder again: by a removal that is published first, then file by file."""

import uuid
from collections.abc import Sequence
from contextlib import suppress
from typing import TYPE_CHECKING

from tamis.evidence.receipt import Receipt
from tamis.evidence.removal import Kind, Removal, remaining, removals_of
from tamis.stores.folder import close_durably
from tamis.stores.folder_layout import removal_path
from tamis.stores.parquet_files import folder_of
from tamis.stores.protocol import Attempt
from tamis.stores.rewrite import paths_in_place

if TYPE_CHECKING:
    from tamis.stores.folder_store import FolderStore


def remove_files(
    store: "FolderStore", receipts: Sequence[Receipt], kind: Kind, because: str
) -> list[Removal]:
    """Remove the files of committed runs. See `RunStore.remove`."""
    done = [_remove(store, receipt, kind, because) for receipt in receipts]
    runs = {receipt.run for receipt in receipts}
    # A run whose rows were written anew meanwhile is removed in the form that it has now.
    for receipt in store.receipts(unreadable=[]):
        if not runs.isdisjoint(receipt.supersedes or ()):
            clear(store, receipt)
    return done


def _remove(store: "FolderStore", receipt: Receipt, kind: Kind, because: str) -> Removal:
    attempt = Attempt.begin(receipt.run)
    store.folder.make(folder_of(attempt))
    staged = f"{folder_of(attempt)}/{uuid.uuid4().hex}.json"
    stream = store.folder.create(staged)
    stream.write(Removal.of(receipt, kind, because).to_json().encode())
    close_durably(stream)
    with suppress(FileNotFoundError):  # another command, which was first, removes all attempts
        store.folder.publish(staged, removal_path(receipt.run, kind))
    removal = store.removals_of(receipt).get(kind)
    if removal is None:  # it was a recovery
        return _remove(store, receipt, kind, because)
    clear(store, receipt)
    # Attempts at a committed run hold rows of it, and nothing that is wanted.
    for other in store.attempts(receipt.run) if kind == "withdrawn" else [attempt]:
        store.remove_attempt(other)
    return removal


def clear(store: "FolderStore", receipt: Receipt) -> bool:
    """Remove the files of a receipt that were removed of its run; whether some were there."""
    return _clear(store, receipt, store.removals_of(receipt))


def clear_all(store: "FolderStore") -> tuple[str, ...]:
    """Remove what interrupted removals left; return the ids of the runs that it was of."""
    removals = store.removals(unreadable=[])
    if not removals:
        return ()
    receipts = {receipt.run: receipt for receipt in store.receipts(unreadable=[])}
    return tuple(
        receipt.run
        for receipt in receipts.values()
        if _clear(store, receipt, removals_of(receipt, removals.get, receipts.get))
    )


def _clear(store: "FolderStore", receipt: Receipt, removals: dict[Kind, Removal]) -> bool:
    if not removals:
        return False
    kept = {file.path for _output, files in remaining(receipt, removals) for file in files}
    gone = [path for path in paths_in_place(store, receipt) if path not in kept]
    there = [path for path in gone if store.folder.size(path) is not None]
    for path in there:
        store.folder.remove(path)
    for top in {path.rpartition("/")[0] for path in there}:
        store.folder.tidy(top)
        store.folder.tidy(top.rpartition("/")[0])
    return bool(there)
