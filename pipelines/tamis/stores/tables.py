"""A PostgreSQL database as store: a partition a run, and the receipt's row as commit.

    <policy>__<release id>        released records, partitioned by run
    _tamis_quarantine             why records were quarantined, no values, partitioned by run
    _tamis_receipts               the receipts
    _tamis_removals               what was taken out of the store again, and why
    _tamis_staged                 tables of runs under way, or of what is left of one

An attempt at a run fills tables of its own, which no reader of the store's tables sees. One
transaction takes in the rows that the attempt's pieces name, attaches the tables as partitions and
inserts the receipt, unless there is one of the run: all of it or nothing. What is staged without a
receipt does not exist; it is removed once its attempt has not written for long.

A row is keyed by its place, the number of its input among the run's and its position there, unless
it leaves the store under paragraph III: then it has no place, and rows stand in the order of their
values. Nothing needs it: a run's rows are those of its partition, an attempt's those of its pieces.

No table is read or written that is another role's, or has triggers that the address does not name:
whoever may make tables in the schema could else put one there first, and have what is written.
"""

import datetime
from collections.abc import Collection
from contextlib import AbstractContextManager
from typing import LiteralString

from psycopg.sql import Identifier

from tamis.address import DatabaseAddress
from tamis.errors import RunError, UsageError
from tamis.evidence.receipt import FilePart, Receipt
from tamis.evidence.removal import Kind
from tamis.language import _
from tamis.limits import USUAL, Limits
from tamis.plan.plan import Plan
from tamis.stores.database import (
    FIRST_TIMEOUT_SECONDS,
    Connection,
    Database,
    alone,
    check_trusted,
    column_types,
    execute,
    has_table,
)
from tamis.stores.protocol import (
    OLDER_THAN,
    Attempt,
    MakeReceipt,
    Piece,
    Recovered,
    RunStore,
)
from tamis.stores.removal_tables import remove_tables
from tamis.stores.rewrite_tables import rewrite_tables
from tamis.stores.table_definitions import make_table
from tamis.stores.table_layout import (
    QUARANTINE_TABLE,
    RECEIPTS_TABLE,
    STAGED,
    part_name,
    table_name,
    targets,
)
from tamis.stores.table_partitions import attach, make_key, make_staged, staged_name, take_in
from tamis.stores.table_receipts import (
    drop_staged,
    insert_receipt,
    select_receipts,
    select_removals,
    select_under_way,
)
from tamis.stores.table_rows import TableRows, TableWriter


class TableStore(RunStore):
    """A store in a database.

    Args:
        address: of the database, `schema` among its options where it is not `public`.
        limits: rows of a unit that is put in order.

    Raises:
        UsageError: the address names a table.
    """

    def __init__(self, address: DatabaseAddress, limits: Limits = USUAL) -> None:
        self._limits = limits
        self.database = Database(address)
        self.shown = address.shown
        if address.table:
            raise UsageError(_("{store}: an output names no table", store=self.shown))

    def prepare(self) -> None:
        """Make Tamis' own tables where they are missing, and the schema if the address says so.

        Raises:
            UsageError: there is no such schema, or a table is another's.
        """

        def act(connection: Connection) -> None:
            with alone(connection, "tables"):
                schema = self.database.schema
                query = "SELECT 1 FROM pg_namespace WHERE nspname = %s"
                if execute(connection, query, values=(schema,)).fetchone() is None:
                    if not self.database.creates_schema:
                        raise UsageError(
                            _(
                                "{store}: there is no schema {schema}: make it, or add "
                                "create_schema=yes to the address",
                                store=self.shown,
                                schema=schema,
                            )
                        )
                    execute(connection, "CREATE SCHEMA {}", Identifier(schema))
                execute(
                    connection,
                    "CREATE TABLE IF NOT EXISTS {} (run text PRIMARY KEY, policy text NOT NULL, "
                    "committed timestamptz NOT NULL DEFAULT now(), receipt json NOT NULL)",
                    self.table(RECEIPTS_TABLE),
                )
                execute(
                    connection,
                    "CREATE TABLE IF NOT EXISTS {} (part text PRIMARY KEY, run text NOT NULL, "
                    "staged timestamptz NOT NULL DEFAULT now(), attempt text NOT NULL DEFAULT '')",
                    self.table(STAGED),
                )
                self.check(connection, RECEIPTS_TABLE)
                self.check_staged(connection)

        self.database.retry(act, FIRST_TIMEOUT_SECONDS)

    def recover(self, older_than: datetime.timedelta = OLDER_THAN) -> Recovered:
        removed, problems = [], []
        attempts = self.staged_attempts(older_than)
        for attempt in [attempt for attempt, is_old in attempts if is_old]:
            try:
                self.discard(attempt)
                removed.append(attempt)
            except RunError as error:
                problems.append(str(error))
        left = tuple(attempt for attempt, is_old in attempts if not is_old)
        return Recovered((), tuple(removed), left, tuple(problems))

    def staged_attempts(self, older_than: datetime.timedelta) -> list[tuple[Attempt, bool]]:
        def find(connection: Connection) -> list[tuple[Attempt, bool]]:
            if not self.check_staged(connection):
                return []
            rows = execute(
                connection,
                "SELECT run, attempt, max(staged) <= clock_timestamp() - %s FROM {} "
                "GROUP BY run, attempt ORDER BY run, attempt",
                self.table(STAGED),
                values=(older_than,),
            )
            return [(Attempt(str(run), str(id_)), bool(old)) for run, id_, old in rows.fetchall()]

        return self.database.retry(find, FIRST_TIMEOUT_SECONDS)

    def periods_under_way(self) -> set[str]:
        return self.database.retry(
            lambda connection: select_under_way(self, connection), FIRST_TIMEOUT_SECONDS
        )

    def snapshot(self) -> AbstractContextManager[None]:
        return self.database.snapshot()

    def receipt_address(self, run: str) -> str:
        return _(
            "{store}, table {table}, run {run}", store=self.shown, table=RECEIPTS_TABLE, run=run
        )

    def discard(self, attempt: Attempt) -> None:
        self.database.retry(
            lambda connection: drop_staged(self, connection, [attempt.run], attempt.id)
        )

    def stage(self, attempt: Attempt, plan: Plan) -> None:
        self.prepare()

        def act(connection: Connection) -> None:
            with alone(connection, "tables"):
                self._refuse_old(connection, attempt.run)
                for target in targets(plan, attempt.run):
                    self.make(connection, target)
                    name = staged_name(attempt, target)
                    if has_table(connection, self.table(name)):
                        continue
                    table = self.table(target.table)
                    make_staged(connection, table, self.table(name), target, attempt.run)
                    execute(
                        connection,
                        "INSERT INTO {} (part, run, attempt) VALUES (%s, %s, %s)",
                        self.table(STAGED),
                        values=(name, attempt.run, attempt.id),
                    )

        self.database.retry(act)

    def writer(self, attempt: Attempt, plan: Plan, output: str | None) -> TableWriter:
        (target,) = (target for target in targets(plan, attempt.run) if target.output == output)
        staged = staged_name(attempt, target)
        return TableWriter(
            self.database, target, staged, self.table(STAGED), self._limits.unit_rows
        )

    def commit(
        self, attempt: Attempt, plan: Plan, pieces: Collection[Piece], make: MakeReceipt
    ) -> Receipt:
        try:
            return self.database.retry(
                lambda connection: self._commit(connection, attempt, plan, pieces, make)
            )
        except _CommittedError:
            receipt = self.committed(attempt.run)
            assert receipt is not None
        self.discard(attempt)
        return receipt

    def _commit(
        self,
        connection: Connection,
        attempt: Attempt,
        plan: Plan,
        pieces: Collection[Piece],
        make: MakeReceipt,
    ) -> Receipt:
        run = attempt.run
        self._raise_if_committed(connection, run)
        files: dict[str | None, list[FilePart]] = {}
        for target in targets(plan, run):
            own = [int(piece.path) for piece in pieces if piece.output == target.output]
            rows = take_in(connection, self.table(staged_name(attempt, target)), own)
            path = f"{self.database.schema}.{target.part(run)}"
            files[target.output] = [FilePart(path=path, rows=rows, sha256="")]
        receipt = make({output: parts for output, parts in files.items() if parts[0].rows})
        for target in targets(plan, run):
            if files[target.output][0].rows:
                make_key(connection, self.table(staged_name(attempt, target)), target)
        with alone(connection, "tables"):
            self._raise_if_committed(connection, run)
            self._refuse_old(connection, run)
            for target in targets(plan, run):
                staged = self.table(staged_name(attempt, target))
                if not files[target.output][0].rows:
                    execute(connection, "DROP TABLE {}", staged)
                    continue
                self.check(connection, target.table)
                # Whoever still writes to the staged table looks for it by its name in vain.
                name = Identifier(target.part(run))
                execute(connection, "ALTER TABLE {} RENAME TO {}", staged, name)
                part = self.table(target.part(run))
                attach(connection, self.table(target.table), part, run)
                execute(connection, "ALTER TABLE {} DROP CONSTRAINT one_run", part)
            insert_receipt(self, connection, receipt)
            execute(
                connection,
                "DELETE FROM {} WHERE run = %s AND attempt = %s",
                self.table(STAGED),
                values=(run, attempt.id),
            )
        return receipt

    def _raise_if_committed(self, connection: Connection, run: str) -> None:
        if self.select_receipts(connection, "run = %s", run):
            raise _CommittedError

    def _refuse_old(self, connection: Connection, run: str) -> None:
        """Refuse a run that a version before 0.3 staged, under the names that it has when done."""
        query = "SELECT 1 FROM {} WHERE run = %s AND attempt = ''"
        if execute(connection, query, self.table(STAGED), values=(run,)).fetchone():
            raise RunError(
                _(
                    "{store}: an older version left something of run {run}: `tamis recover "
                    "--older-than 0` removes it",
                    store=self.shown,
                    run=run,
                )
            )

    make = make_table
    supersede = rewrite_tables
    remove = remove_tables

    def keeps(self, file: FilePart) -> bool:
        return not file.sha256 and file.path.startswith(f"{self.database.schema}.")

    def is_in_place(self, file: FilePart, receipt: Receipt, output: str | None) -> bool:
        table = QUARANTINE_TABLE if output is None else table_name(receipt.policy, output)
        part = part_name(table, receipt.stream or receipt.run)
        return file.path == f"{self.database.schema}.{part}"

    def find_rows(self, file: FilePart) -> TableRows | None:
        name = file.path.removeprefix(f"{self.database.schema}.")
        table = self.table(name)
        there = self.database.retry(
            lambda connection: self.check(connection, name), FIRST_TIMEOUT_SECONDS
        )
        return TableRows(self.database, table) if there else None

    def unlisted(self, listed: Collection[str]) -> list[str]:
        schema = self.database.schema

        def act(connection: Connection) -> list[str]:
            rows = execute(
                connection,
                "SELECT part.relname FROM pg_inherits JOIN pg_class part ON part.oid = inhrelid "
                "JOIN pg_class whole ON whole.oid = inhparent "
                "JOIN pg_namespace ON pg_namespace.oid = whole.relnamespace "
                "WHERE nspname = %s AND starts_with(obj_description(whole.oid), 'Tamis: ') "
                "ORDER BY 1",
                values=(schema,),
            )
            names = [str(name) for (name,) in rows.fetchall()]
            names = [name for name in names if f"{schema}.{name}" not in listed]
            # A stream attaches its partitions before it has rows for them.
            return [f"{schema}.{name}" for name in names if self._count(connection, name)]

        return self.database.retry(act, FIRST_TIMEOUT_SECONDS)

    def table(self, name: str) -> Identifier:
        """A table of the store as commands name it."""
        return Identifier(self.database.schema, name)

    def lock(self, run: str) -> str:
        """Name of the lock that a stream under way holds."""
        return f"{self.database.schema}/{run}"

    def check(self, connection: Connection, name: str) -> bool:
        """Check that a table of the store is this role's own; whether there is one.

        Raises:
            UsageError: it is another's, or has a trigger that the address does not allow.
        """
        return check_trusted(connection, self.database, self.table(name))

    def check_staged(self, connection: Connection) -> bool:
        """Whether there is the table of attempts under way; one of an older version is brought up.

        Raises:
            UsageError: it is another's.
        """
        if not self.check(connection, STAGED):
            return False
        table = self.table(STAGED)
        if "attempt" not in column_types(connection, table):
            command = "ALTER TABLE {} ADD COLUMN IF NOT EXISTS attempt text NOT NULL DEFAULT ''"
            execute(connection, command, table)
        return True

    def _receipt_texts(self, prefix: str) -> list[tuple[str, str]]:
        return self._select("starts_with(run, %s)", prefix)

    def _texts_naming(self, digests: Collection[str]) -> list[tuple[str, str]]:
        condition: LiteralString = (
            "EXISTS (SELECT FROM unnest(%s::text[]) digest WHERE strpos(receipt::text, digest) > 0)"
        )
        return self._select(condition, sorted(digests))[::-1]

    def _receipt_text(self, run: str) -> str | None:
        rows = self._select("run = %s", run)
        return rows[0][1] if rows else None

    def _select(self, condition: LiteralString, value: str | list[str]) -> list[tuple[str, str]]:
        return self.database.retry(
            lambda connection: self.select_receipts(connection, condition, value),
            FIRST_TIMEOUT_SECONDS,
        )

    select_receipts = select_receipts

    def _removal_text(self, run: str, kind: Kind) -> str | None:
        texts = (text for other, of, text in self._removal_texts(run) if (other, of) == (run, kind))
        return next(texts, None)

    def _removal_texts(self, run: str | None = None) -> list[tuple[str, Kind, str]]:
        return self.database.retry(
            lambda connection: select_removals(self, connection, run), FIRST_TIMEOUT_SECONDS
        )

    def _count(self, connection: Connection, name: str) -> int:
        ((rows,),) = execute(connection, "SELECT count(*) FROM {}", self.table(name)).fetchall()
        return int(str(rows))


class _CommittedError(Exception):
    """Another attempt committed the run."""
