"""Receipts and removals as the tables of a database hold them."""

from typing import TYPE_CHECKING, LiteralString

from psycopg.sql import SQL, Composable

from tamis.evidence.removal import KINDS, Kind, Removal
from tamis.stores.database import Connection, execute
from tamis.stores.table_layout import RECEIPTS_TABLE, REMOVALS_TABLE
from tamis.stores.table_steps import STEPS, receipt_text

if TYPE_CHECKING:
    from tamis.stores.tables import TableStore


def select_receipts(
    store: "TableStore", connection: Connection, condition: LiteralString, value: str | list[str]
) -> list[tuple[str, str]]:
    """Ids and texts of the receipts that meet a condition; of periods that go on, up to now."""
    if not store.check(connection, RECEIPTS_TABLE):
        return []
    if store.check(connection, STEPS):
        query: LiteralString = (
            "SELECT run, receipt::text, (SELECT array_agg(step::text ORDER BY number) FROM {} "
            "steps WHERE steps.run = receipts.run) FROM {} receipts WHERE {} ORDER BY run"
        )
        parts: tuple[Composable, ...] = store.table(STEPS), store.table(RECEIPTS_TABLE)
    else:
        query = "SELECT run, receipt::text, NULL FROM {} WHERE {} ORDER BY run"
        parts = (store.table(RECEIPTS_TABLE),)
    rows = execute(connection, query, *parts, SQL(condition), values=(value,))
    return [
        (str(run), receipt_text(str(text), steps) if isinstance(steps, list) else str(text))
        for run, text, steps in rows.fetchall()
    ]


def select_removals(
    store: "TableStore", connection: Connection, run: str | None = None
) -> list[tuple[str, Kind, str]]:
    """Run, kind and text of the removals of a run, or of all."""
    if not store.check(connection, REMOVALS_TABLE):
        return []
    query = "SELECT run, kind, removal::text FROM {} WHERE run = %s OR %s ORDER BY run, kind"
    table = store.table(REMOVALS_TABLE)
    rows = execute(connection, query, table, values=(run or "", run is None)).fetchall()
    return [(str(owner), kind, str(text)) for owner, kind, text in rows if kind in KINDS]


def select_under_way(store: "TableStore", connection: Connection) -> set[str]:
    """Ids of the periods of streams that go on, or whose process was killed."""
    if not store.check(connection, STEPS):
        return set()
    rows = execute(connection, "SELECT DISTINCT run FROM {}", store.table(STEPS)).fetchall()
    return {str(run) for (run,) in rows}


def insert_removal(store: "TableStore", connection: Connection, removal: Removal) -> None:
    """Write a removal, of which there is none yet; their table is made if it is missing."""
    table = store.table(REMOVALS_TABLE)
    execute(
        connection,
        "CREATE TABLE IF NOT EXISTS {} (run text, kind text, "
        "removed timestamptz NOT NULL DEFAULT now(), removal json NOT NULL, "
        "PRIMARY KEY (run, kind))",
        table,
    )
    store.check(connection, REMOVALS_TABLE)
    execute(
        connection,
        "INSERT INTO {} (run, kind, removal) VALUES (%s, %s, %s)",
        table,
        values=(removal.run, removal.kind, removal.to_json()),
    )
