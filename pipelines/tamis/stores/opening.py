"""Which store an address means."""

from tamis.address import DatabaseAddress, StoreAddress, parse_store, require_driver
from tamis.limits import USUAL, Limits
from tamis.stores.folder import open_folder
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
