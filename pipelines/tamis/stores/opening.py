"""Which store an address means, and what stands there where none does."""

from pathlib import Path

from tamis.address import DatabaseAddress, StoreAddress, is_local, parse_store, require_driver
from tamis.errors import UsageError
from tamis.language import _
from tamis.limits import USUAL, Limits
from tamis.stores.folder import open_folder
from tamis.stores.folder_layout import RECEIPTS_FOLDER
from tamis.stores.folder_store import FolderStore
from tamis.stores.protocol import RunStore


def open_store(address: str | StoreAddress, limits: Limits = USUAL) -> RunStore:
    """The store at `address`. It is neither written to nor connected to yet.

    Args:
        address: of a folder or a database.
        limits: rows of a row group of the files that are written, and of a unit in order.

    Raises:
        UsageError: it is no address of a store, or the driver of the database is not installed.
    """
    if isinstance(address, str):
        address = parse_store(address)
    if not isinstance(address, DatabaseAddress):
        return FolderStore(open_folder(address.uri), limits)
    require_driver(address, "postgres")
    from tamis.stores.tables import TableStore

    return TableStore(address, limits)


def without_receipt(store: RunStore) -> UsageError:
    """The error that a store has no receipt, with what stands at its address instead.

    Example:
        >>> str(without_receipt(open_store("nowhere")))
        'nowhere: no such file or folder'
    """
    shown = store.shown
    text = _("{store}: has no receipt", store=shown)
    path = Path(shown)
    if not is_local(shown):
        return UsageError(text)
    if not path.exists():
        return UsageError(_("{place}: no such file or folder", place=shown))
    if path.is_file():
        return UsageError(_("{file}: is a file, expected the folder of a store", file=shown))
    if above := [up for up in path.absolute().parents if (up / RECEIPTS_FOLDER).is_dir()]:
        text += _(": ") + _("it is inside the store `{store}`", store=_relative(above[0]))
    elif inside := [up.parent for up in sorted(path.glob(f"*/{RECEIPTS_FOLDER}"))]:
        text += _(", did you mean `{name}`?", name=inside[0])
    else:
        text += _(": ") + _("expected the folder that `--output` of a run names")
    return UsageError(text)


def _relative(path: Path) -> Path:
    here = Path.cwd()
    return path.relative_to(here) if path.is_relative_to(here) else path
