"""Tables of a committed run of a database, written anew for a run that supersedes it.

All of it is one transaction: new partitions are filled, take the places of the old ones, which are
dropped, and the receipt is inserted. So there is nothing that an interrupted one could leave.
"""

from collections.abc import Iterator
from itertools import count
from typing import TYPE_CHECKING

import pyarrow as pa
from psycopg.sql import SQL, Composable, Identifier, Literal

from tamis.arrow.types import PSEUDONYM
from tamis.documents.tags import TAGS
from tamis.errors import RunError
from tamis.evidence.receipt import FilePart, Receipt
from tamis.language import _
from tamis.stores.database import Connection, alone, column_types, execute
from tamis.stores.protocol import Attempt, Change, MakeReceipt
from tamis.stores.table_layout import QUARANTINE_TABLE, part_name, table_name
from tamis.stores.table_partitions import attach
from tamis.stores.table_receipts import insert_receipt
from tamis.stores.table_rows import load

if TYPE_CHECKING:
    from tamis.stores.tables import TableStore

_MAPPED_ROWS = 65_536
"""Pseudonyms that are mapped at once."""


def rewrite_tables(
    store: "TableStore", attempt: Attempt, old: Receipt, change: Change, make: MakeReceipt
) -> Receipt:
    """Write the tables of a committed batch run anew. See `RunStore.supersede`."""
    run = attempt.run
    is_purged = "purged" in store.removals_of(old)

    def act(connection: Connection) -> Receipt:
        with alone(connection, "tables"):
            for _run, text in store.select_receipts(connection, "run = %s", run):
                return Receipt.from_json(text)
            files: dict[str | None, list[FilePart]] = {}
            for output, (file, *_more) in ((name, parts) for name, parts in old.outputs() if parts):
                if is_purged and output is None:
                    path = f"{store.database.schema}.{part_name(QUARANTINE_TABLE, run)}"
                    files[output] = [file.model_copy(update={"path": path})]
                    continue
                files[output] = [_rewrite(store, connection, old, output, file, run, change)]
            receipt = make(files)
            insert_receipt(store, connection, receipt)
            return receipt

    return store.database.retry(act)


def _rewrite(
    store: "TableStore",
    connection: Connection,
    old: Receipt,
    output: str | None,
    file: FilePart,
    run: str,
    change: Change,
) -> FilePart:
    whole = QUARANTINE_TABLE if output is None else table_name(old.policy, output)
    names = part_name(whole, old.run), part_name(whole, run)
    before, after = map(store.table, names)
    is_there = store.is_in_place(file, old, output) and store.check(connection, names[0])
    if not is_there or not store.check(connection, whole):
        text = _("{store}: run {run}: {path} is lost")
        raise RunError(text.format(store=store.shown, run=old.run, path=names[0]))
    types = column_types(connection, before)
    pseudonyms = _pseudonyms(old, output, types)
    run_column = "run" if output is None else "legal_run"
    selected: dict[str, Composable] = {name: Identifier("rows", name) for name in types}
    selected[run_column] = Literal(run)
    source: Composable = SQL("{} rows").format(before)
    for name, alias in zip(pseudonyms, (f"map{number}" for number in count()), strict=False):
        mapping = Identifier("pg_temp", alias)
        command = "CREATE TEMP TABLE {} (old bytea PRIMARY KEY, new bytea) ON COMMIT DROP"
        execute(connection, command, Identifier(alias))
        for rows in _mapped(connection, before, name, pseudonyms, (output, old.run), change):
            load(connection, mapping, rows)
        selected[name] = Identifier(alias, "new")
        source = SQL("{} LEFT JOIN {} {} ON {} = {}").format(
            source, mapping, Identifier(alias), Identifier("rows", name), Identifier(alias, "old")
        )
    execute(connection, "CREATE TABLE {} (LIKE {} INCLUDING ALL)", after, before)
    execute(
        connection,
        "ALTER TABLE {} ALTER COLUMN {} SET DEFAULT {}",
        after,
        Identifier(run_column),
        Literal(run),
    )
    order = SQL(", ").join([selected[name] for name in pseudonyms] or [SQL("NULL::text")])
    rows = execute(
        connection,
        "INSERT INTO {} ({}) SELECT {} FROM {} ORDER BY {}",
        after,
        SQL(", ").join(map(Identifier, selected)),
        SQL(", ").join(selected.values()),
        source,
        order,
    ).rowcount
    for number, _name in enumerate(pseudonyms):
        execute(connection, "DROP TABLE {}", Identifier("pg_temp", f"map{number}"))
    execute(connection, "DROP TABLE {}", before)
    attach(connection, store.table(whole), after, run)
    return FilePart(path=f"{store.database.schema}.{names[1]}", rows=rows, sha256="")


def _pseudonyms(old: Receipt, output: str | None, types: dict[str, str]) -> list[str]:
    """Columns of a release that no field has."""
    if output is None:
        return []
    fields = old.releases[output].fields
    unnamed = ("pseudonymized", "stripped", "dropped")
    return [
        name
        for name, kind in types.items()
        if kind == "bytea"
        and name not in TAGS
        and (name not in fields or fields[name].fate in unnamed)
    ]


def _mapped(
    connection: Connection,
    table: Identifier,
    name: str,
    names: list[str],
    place: tuple[str | None, str],
    change: Change,
) -> Iterator[pa.RecordBatch]:
    """Each pseudonym of a column, and what it becomes."""
    output, run = place
    with connection.cursor(name="old") as cursor:
        command = SQL("SELECT DISTINCT {} FROM {} WHERE {} IS NOT NULL")
        cursor.execute(command.format(Identifier(name), table, Identifier(name)))
        while values := cursor.fetchmany(_MAPPED_ROWS):
            olds = pa.array([value for (value,) in values], PSEUDONYM)
            # The other columns of the release stand beside it, and are null.
            columns = {other: pa.nulls(len(olds), PSEUDONYM) for other in names}
            columns |= {name: olds, "legal_run": pa.repeat(pa.scalar(run), len(olds))}
            news = change(output, pa.RecordBatch.from_pydict(columns)).column(name)
            yield pa.RecordBatch.from_arrays([olds, news], names=["old", "new"])
