"""`tamis recover`: complete or remove what an interrupted run left."""

from tamis.address import DatabaseAddress, parse_store
from tamis.stores.commit import recover
from tamis.stores.folder import open_folder


def recover_command(uri: str) -> int:
    """Recover the store at `uri` and tell what was done; always 0."""
    address = parse_store(uri)
    if isinstance(address, DatabaseAddress):
        from tamis.stores.tables import TableStore

        done = TableStore(uri).recover()
    else:
        done = recover(open_folder(uri))
    for run in done.completed:
        print(f"run {run}: completed and committed")
    for run in done.removed:
        print(f"run {run}: removed, it had not come to its receipt")
    if not done.completed and not done.removed:
        print(f"{address.shown}: nothing to recover")
    return 0
