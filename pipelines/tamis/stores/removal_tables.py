"""What is taken out of a database again: removals and all that they name, in one transaction.

The tables of a batch run are dropped. The periods of a stream share theirs: rows of some of them
are told apart by their places, and the others are written to a table of their own, which takes the
place of the old one, so that no page of it is left that held a removed row.
"""

from collections import defaultdict
from collections.abc import Sequence
from typing import TYPE_CHECKING

from psycopg.sql import SQL, Composable, Identifier, Literal

from tamis.errors import UsageError
from tamis.evidence.receipt import InputPart, Receipt
from tamis.evidence.removal import Kind, Removal, parse_removal
from tamis.language import _
from tamis.stores.database import Connection, alone, column_types, execute
from tamis.stores.table_layout import KEY, QUARANTINE_TABLE, table_name
from tamis.stores.table_partitions import attach
from tamis.stores.table_receipts import (
    drop_staged,
    insert_removal,
    select_removals,
    select_under_way,
)

if TYPE_CHECKING:
    from tamis.stores.tables import TableStore


def remove_tables(
    store: "TableStore", receipts: Sequence[Receipt], kind: Kind, because: str
) -> list[Removal]:
    """Remove the tables or rows of committed runs. See `RunStore.remove`."""

    def act(connection: Connection) -> list[Removal]:
        with alone(connection, "tables"):
            known = [
                removal
                for run, of, text in select_removals(store, connection)
                if (removal := parse_removal(run, of, text)) is not None
            ]
            done = {removal.run: removal for removal in known if removal.kind == kind}
            gone = {removal.run for removal in known if removal.kind in (kind, "withdrawn")}
            new = [receipt for receipt in receipts if receipt.run not in done]
            under_way = select_under_way(store, connection)
            if runs := under_way.intersection(receipt.run for receipt in new):
                text = _("{store}: period {run} is still under way: end its stream first")
                raise UsageError(text.format(store=store.shown, run=min(runs)))
            for receipt in new:
                done[receipt.run] = Removal.of(receipt, kind, because)
                insert_removal(store, connection, done[receipt.run])
            if new:
                _remove(store, connection, new, kind, gone)
            return [done[receipt.run] for receipt in receipts]

    return store.database.retry(act)


def _remove(
    store: "TableStore", connection: Connection, removed: list[Receipt], kind: Kind, gone: set[str]
) -> None:
    runs = {receipt.run for receipt in removed}
    texts = store.select_receipts(connection, "true OR run = %s", "")
    receipts = [Receipt.from_json(text) for _run, text in texts]
    # A run whose rows were written anew meanwhile is removed in the form that it has now.
    removed = removed + [r for r in receipts if not runs.isdisjoint(r.supersedes or ())]
    others = [receipt for receipt in receipts if receipt.run not in runs | gone]
    shared: defaultdict[tuple[str, str, str], list[Receipt]] = defaultdict(list)
    for receipt in removed:
        for output, files in receipt.outputs():
            if kind == "purged" and output is not None:
                continue
            whole = QUARANTINE_TABLE if output is None else table_name(receipt.policy, output)
            for file in files:
                name = file.path.removeprefix(f"{store.database.schema}.")
                if not store.is_in_place(file, receipt, output):
                    continue
                if receipt.stream:
                    shared[whole, name, receipt.stream].append(receipt)
                elif store.check(connection, name):
                    execute(connection, "DROP TABLE {}", store.table(name))
    for (whole, name, stream), periods in shared.items():
        path = f"{store.database.schema}.{name}"
        stay = any(file.path == path for other in others for file in other.files())
        if store.check(connection, name):
            _remove_periods(store, connection, whole, name, stream, periods if stay else None)
    if kind == "withdrawn":
        drop_staged(store, connection, sorted(runs))


def _remove_periods(
    store: "TableStore",
    connection: Connection,
    whole: str,
    name: str,
    stream: str,
    periods: list[Receipt] | None,
) -> None:
    """Remove the rows of some periods of a stream, or of all with None, from their table."""
    table, new = store.table(name), store.table(f"_tamis_new_{name[-12:]}")
    if periods is None:
        execute(connection, "TRUNCATE {}", table)
        return
    parts = [part for period in periods for part in period.inputs]
    if not set(KEY) <= set(column_types(connection, table)) or not all(map(_is_placed, parts)):
        raise UsageError(
            _(
                "{store}: the rows of {table} do not say of which period they are: the periods of "
                "stream {stream} can only be withdrawn together: give {stream} in place of the run",
                store=store.shown,
                table=whole,
                stream=stream,
            )
        )
    places = [
        SQL("(_input = {} AND _position >= {} AND _position < {})").format(
            Literal(int(part.uri.rpartition("/")[2])), Literal(part.first), Literal(part.next)
        )
        for part in parts
    ]
    condition: Composable = SQL(" OR ").join(places)
    execute(connection, "CREATE TABLE {} (LIKE {} INCLUDING ALL)", new, table)
    command = "INSERT INTO {} SELECT * FROM {} WHERE NOT ({})"
    execute(connection, command, new, table, condition)
    execute(connection, "DROP TABLE {}", table)
    execute(connection, "ALTER TABLE {} RENAME TO {}", new, Identifier(name))
    attach(connection, store.table(whole), table, stream)


def _is_placed(part: InputPart) -> bool:
    """Whether rows of a part are found by its partition and offsets; those of Pub/Sub are not."""
    partition = part.uri.rpartition("/")[2]
    is_ordered = partition.isdigit() and not part.uri.startswith("pubsub://")
    return is_ordered and part.first is not None and part.next is not None
