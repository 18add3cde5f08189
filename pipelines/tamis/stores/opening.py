"""Which store an address means."""

from tamis.address import DatabaseAddress, StoreAddress, parse_store, require_driver
from tamis.stores.folder import open_folder
from tamis.stores.folder_store import FolderStore
from tamis.stores.protocol import Store


def open_store(address: str | StoreAddress) -> Store:
    """The store at `address`. It is neither written to nor connected to yet.

    Raises:
        UsageError: it is no address of a store, or the driver of the database is not installed.
    """
    if isinstance(address, str):
        address = parse_store(address)
    if not isinstance(address, DatabaseAddress):
        return FolderStore(open_folder(address.uri))
    require_driver(address, "postgres")
    from tamis.stores.tables import TableStore

    return TableStore(address)
