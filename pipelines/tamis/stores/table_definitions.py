"""The tables of a store in PostgreSQL: made, checked, and altered where a plan asks for more.

A run makes the tables that are missing and adds the columns that a table lacks. Another type of a
column is for `tamis schema POLICY --store URI --apply`, where it holds all values of the former.
What would lose values is told, with its command, and never run.
"""

import logging
from contextlib import nullcontext
from dataclasses import dataclass
from typing import TYPE_CHECKING

from psycopg.sql import SQL, Identifier, Literal

from tamis.errors import UsageError
from tamis.language import _
from tamis.plan.plan import Plan
from tamis.stores.column_changes import ColumnChange, column_changes
from tamis.stores.database import Connection, alone, column_types, execute
from tamis.stores.table_layout import KEY, KEY_WORDS, Target, targets

if TYPE_CHECKING:
    from tamis.stores.tables import TableStore

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class TableChanges:
    """What differs between a table and what its release puts there.

    Attributes:
        release: its id.
        table: with its schema, as SQL has it.
        is_there: whether the store has the table; the first run makes it.
    """

    release: str
    table: str
    is_there: bool
    changes: tuple[ColumnChange, ...] = ()

    @property
    def is_blocked(self) -> bool:
        """Whether a run is refused until somebody decided what becomes of values."""
        return any(change.kind == "retype" for change in self.changes)


def make_table(store: "TableStore", connection: Connection, target: Target) -> None:
    """Make a table of the store, or add the columns that it lacks.

    Raises:
        UsageError: it was not made for this policy and release, or a column has another type.
    """
    table = store.table(target.table)
    found = find_changes(store, connection, target)
    if found.is_there:
        for change in found.changes:
            if change.kind in ("widen", "retype"):
                raise _other_type(store, target, change)
        _run(connection, found.changes)
        if added := [change.column for change in found.changes if change.kind == "add"]:
            _log.warning(
                _(
                    "{store}: table {table}: added {columns}, null in rows of earlier runs",
                    store=store.shown,
                    table=target.table,
                    columns=", ".join(added),
                )
            )
    else:
        columns = [
            SQL("{} {}{}").format(
                Identifier(name),
                SQL(kind),
                SQL(" NOT NULL" if target.is_required(name) else ""),
            )
            for name, kind, _words in target.columns
        ]
        if target.key:
            columns.append(SQL("_input integer NOT NULL, _position bigint NOT NULL").format())
        execute(
            connection,
            "CREATE TABLE {} ({}) PARTITION BY LIST ({})",
            table,
            SQL(", ").join(columns),
            Identifier(target.run_column),
        )
    if _comment(connection, table) == target.comment:
        return
    execute(connection, "COMMENT ON TABLE {} IS {}", table, Literal(target.comment))
    words = [(name, text) for name, _kind, text in target.columns]
    for name, text in (*words, *((name, KEY_WORDS[name]) for name in target.key)):
        execute(connection, "COMMENT ON COLUMN {}.{} IS {}", table, Identifier(name), Literal(text))


def find_changes(store: "TableStore", connection: Connection, target: Target) -> TableChanges:
    """What differs between a table of the store and what `target` says of it.

    Raises:
        UsageError: it was not made for this policy and release, or says the place of rows that
            must have none.
    """
    table = store.table(target.table)
    shown = table.as_string()
    types = column_types(connection, table) if store.check(connection, target.table) else {}
    if not types:
        return TableChanges(str(target.output), shown, False)
    _check(store, connection, target, types)
    actual = {name: kind for name, kind in types.items() if name not in target.key}
    wanted = {name: kind for name, kind, _words in target.columns}
    changes = tuple(column_changes(shown, actual, wanted))
    return TableChanges(str(target.output), shown, True, changes)


def find_all_changes(
    store: "TableStore", plan: Plan, *, applies: bool = False
) -> list[TableChanges]:
    """What differs between the tables of the store and what `plan` releases.

    Args:
        store: that has the tables.
        plan: what is released.
        applies: whether the commands that lose nothing are run, all in one transaction. Nothing is
            run where a column has a type that the plan's cannot stand for.

    Raises:
        UsageError: a table is another's, or was not made for its policy and release.
        RunError: the server refuses a command, and none was run.
    """

    def act(connection: Connection) -> list[TableChanges]:
        with alone(connection, "tables") if applies else nullcontext():
            released = [target for target in targets(plan, "") if target.output is not None]
            found = [find_changes(store, connection, target) for target in released]
            if applies and not any(changes.is_blocked for changes in found):
                for changes in found:
                    _run(connection, changes.changes)
            return found

    return store.database.retry(act)


def _run(connection: Connection, changes: tuple[ColumnChange, ...]) -> None:
    for change in changes:
        if change.loses_nothing:
            connection.execute(SQL(change.command))


def _other_type(store: "TableStore", target: Target, change: ColumnChange) -> UsageError:
    where = {"store": store.shown, "table": target.table, "column": change.column}
    types = {"actual": change.before, "expected": change.after}
    if change.kind == "widen":
        return UsageError(
            _(
                "{store}: table {table}: column {column} is {actual} and the plan makes it "
                "{expected}, which holds all of it: `tamis schema POLICY --store {store} --apply` "
                "alters the table",
                **where,
                **types,
            )
        )
    return UsageError(
        _(
            "{store}: table {table}: column {column} is {actual} and the plan makes it {expected}: "
            "rename the table and another one is made, or alter it by hand",
            **where,
            **types,
        )
    )


def _check(
    store: "TableStore", connection: Connection, target: Target, types: dict[str, str]
) -> None:
    """Refuse a table that is another's, or says places that it must not."""
    owner = ":".join(target.comment.split(":")[:2])
    comment = _comment(connection, store.table(target.table))
    where = {"store": store.shown, "table": target.table}
    if not comment.startswith(owner) or not set(target.key) <= set(types):
        raise UsageError(
            _("{store}: table {table} was not made for this policy and release", **where)
        )
    if places := [name for name in KEY if name in types and name not in target.key]:
        drops = ", ".join(f"DROP COLUMN {name}" for name in places)
        raise UsageError(
            _(
                "{store}: table {table} says the place of each row ({places}), by which two "
                "partners could join what they were given: `ALTER TABLE {whole} {drops}` takes "
                "it away, or rename the table and another one is made; rows of earlier runs "
                "keep the order of their source (`tamis help stores`)",
                **where,
                whole=store.table(target.table).as_string(),
                places=", ".join(places),
                drops=drops,
            )
        )


def _comment(connection: Connection, table: Identifier) -> str:
    query = "SELECT obj_description(to_regclass(%s), 'pg_class')"
    ((comment,),) = execute(connection, query, values=(table.as_string(),)).fetchall()
    return str(comment or "")
