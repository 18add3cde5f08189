"""Receipts, steps and removals as the tables of a database hold them.

The table `_tamis_steps` has what each commit of a stream added to a period that is under way:

    run       id of the period's receipt, which stands in `_tamis_receipts` without counts
    number    of the commit in the period, from 0
    step      `tamis.evidence.steps.Step` as JSON

When a period ends its receipt is written with all counts, and its steps are removed.
"""

from typing import TYPE_CHECKING, LiteralString

from psycopg.sql import SQL, Composable

from tamis.evidence.receipt import Receipt
from tamis.evidence.removal import KINDS, Kind, Removal
from tamis.evidence.steps import Step, with_steps
from tamis.stores.database import Connection, execute
from tamis.stores.table_layout import RECEIPTS_TABLE, REMOVALS_TABLE, STAGED, STEPS

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
        (str(run), _with_steps(str(text), steps) if isinstance(steps, list) else str(text))
        for run, text, steps in rows.fetchall()
    ]


def _with_steps(begun: str, steps: list[str]) -> str:
    receipt = Receipt.model_validate_json(begun)
    return with_steps(receipt, [Step.model_validate_json(step) for step in steps]).to_json()


def insert_receipt(store: "TableStore", connection: Connection, receipt: Receipt) -> None:
    """Write the receipt of a run, of which there is none yet."""
    execute(
        connection,
        "INSERT INTO {} (run, policy, receipt) VALUES (%s, %s, %s)",
        store.table(RECEIPTS_TABLE),
        values=(receipt.run, receipt.policy, receipt.to_json()),
    )


def make_steps(store: "TableStore", connection: Connection) -> None:
    """Make the table of steps if it is missing."""
    execute(
        connection,
        "CREATE TABLE IF NOT EXISTS {} (run text, number integer, step json NOT NULL, "
        "PRIMARY KEY (run, number))",
        store.table(STEPS),
    )
    store.check(connection, STEPS)


def add_step(store: "TableStore", connection: Connection, number: int, step: Step) -> None:
    """Add the step of commit `number` of its period."""
    command = "INSERT INTO {} (run, number, step) VALUES (%s, %s, %s)"
    values = (step.run, number, step.to_json())
    execute(connection, command, store.table(STEPS), values=values)


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


def drop_staged(
    store: "TableStore", connection: Connection, runs: list[str], attempt: str | None = None
) -> None:
    """Drop what attempts at runs staged; where `attempt` is given, what that one did."""
    if not store.check_staged(connection):
        return
    rows = execute(
        connection,
        "DELETE FROM {} WHERE run = ANY(%s) AND (attempt = %s OR %s) RETURNING part",
        store.table(STAGED),
        values=(runs, attempt or "", attempt is None),
    )
    for (part,) in rows.fetchall():
        if store.check(connection, str(part)):
            execute(connection, "DROP TABLE {}", store.table(str(part)))
