"""A PostgreSQL database as store: a partition a run, and the receipt's row as commit.

    <policy>__<release id>        released records, partitioned by run
    _tamis_quarantine             why records were quarantined, no values, partitioned by run
    _tamis_receipts               the receipts
    _tamis_staged                 tables of runs under way, or of what is left of one

A run fills tables of its own, which no reader of the store's tables sees. One transaction attaches
them as partitions, inserts the receipt and forgets that they were staged: all of it or nothing,
in a time that does not grow with the rows. What is staged without a receipt is removed.

A row is keyed by its place: the number of its input among the run's, and its position there. What
an attempt has written before, another does not write twice.
"""

from collections.abc import Collection, Iterator
from contextlib import contextmanager, suppress
from typing import LiteralString

from psycopg.sql import SQL, Composable, Identifier, Literal

from tamis.address import DatabaseAddress
from tamis.errors import RunError, UsageError
from tamis.evidence.receipt import FilePart, Receipt
from tamis.language import _
from tamis.plan.plan import Plan
from tamis.stores.database import (
    FIRST_TIMEOUT_SECONDS,
    Connection,
    Database,
    alone,
    column_types,
    execute,
    has_table,
    try_lock,
)
from tamis.stores.protocol import MakeReceipt, Piece, Recovered, RunStore
from tamis.stores.table_layout import (
    KEY,
    KEY_WORDS,
    QUARANTINE_TABLE,
    RECEIPTS_TABLE,
    STAGED,
    Target,
    part_name,
    table_name,
    targets,
)
from tamis.stores.table_rows import TableRows, TableWriter
from tamis.stores.table_steps import STEPS, receipt_text


class TableStore(RunStore):
    """A store in a database.

    Args:
        address: of the database, `schema` among its options where it is not `public`.

    Raises:
        UsageError: the address names a table.
    """

    def __init__(self, address: DatabaseAddress) -> None:
        self.database = Database(address)
        self.shown = address.shown
        if address.table:
            raise UsageError(_("{store}: an output names no table", store=self.shown))

    def prepare(self) -> None:
        """Make the schema and Tamis' own tables where they are missing."""

        def act(connection: Connection) -> None:
            with connection.transaction(), alone(connection, "tables"):
                # Who may not make schemas may use one that is there.
                schema = self.database.schema
                query = "SELECT 1 FROM pg_namespace WHERE nspname = %s"
                if execute(connection, query, values=(schema,)).fetchone() is None:
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
                    "staged timestamptz NOT NULL DEFAULT now())",
                    self.table(STAGED),
                )

        self.database.retry(act, FIRST_TIMEOUT_SECONDS)

    def recover(self) -> Recovered:
        def act(connection: Connection) -> list[str]:
            removed: list[str] = []
            if not has_table(connection, self.table(STAGED)):
                return removed
            rows = execute(connection, "SELECT DISTINCT run FROM {} ORDER BY 1", self.table(STAGED))
            for run in [str(run) for (run,) in rows.fetchall()]:
                if try_lock(connection, self.lock(run)):
                    with connection.transaction():
                        self._remove(connection, run)
                    removed.append(run)
            return removed

        return Recovered((), tuple(self.database.retry(act, FIRST_TIMEOUT_SECONDS)))

    @contextmanager
    def hold(self, run: str) -> Iterator[None]:
        connection = self.database.connect(FIRST_TIMEOUT_SECONDS)
        try:
            with self.database.value_free():
                held = try_lock(connection, self.lock(run))
            if not held:
                raise RunError(
                    _("{store}: run {run} is still under way", store=self.shown, run=run)
                )
            yield
        finally:
            with suppress(Exception):
                connection.close()

    def receipt_address(self, run: str) -> str:
        return _(
            "{store}, table {table}, run {run}", store=self.shown, table=RECEIPTS_TABLE, run=run
        )

    def discard(self, run: str) -> None:
        def act(connection: Connection) -> None:
            with connection.transaction():
                self._remove(connection, run)

        self.database.retry(act, FIRST_TIMEOUT_SECONDS)

    def stage(self, run: str, plan: Plan) -> None:
        self.prepare()

        def act(connection: Connection) -> None:
            with connection.transaction(), alone(connection, "tables"):
                self._remove(connection, run)
                for target in targets(plan, run):
                    self.make(connection, target)
                    self._make_part(connection, target, run)

        self.database.retry(act)

    def writer(self, run: str, plan: Plan, output: str | None) -> TableWriter:
        (target,) = (target for target in targets(plan, run) if target.output == output)
        return TableWriter(self.database, target, run)

    def commit(self, run: str, plan: Plan, pieces: Collection[Piece], make: MakeReceipt) -> Receipt:
        def act(connection: Connection) -> Receipt:
            with connection.transaction(), alone(connection, "tables"):
                for _run, text in self.select_receipts(connection, "run = %s", run):
                    return self._parse(run, text)
                files: dict[str | None, list[FilePart]] = {}
                for target in targets(plan, run):
                    name = target.part(run)
                    rows = self._count(connection, name)
                    path = f"{self.database.schema}.{name}"
                    files[target.output] = [FilePart(path=path, rows=rows, sha256="")]
                receipt = make({output: parts for output, parts in files.items() if parts[0].rows})
                for target in targets(plan, run):
                    part = self.table(target.part(run))
                    if files[target.output][0].rows:
                        attach(connection, self.table(target.table), part, run)
                        execute(connection, "ALTER TABLE {} DROP CONSTRAINT one_run", part)
                    else:
                        execute(connection, "DROP TABLE {}", part)
                execute(
                    connection,
                    "INSERT INTO {} (run, policy, receipt) VALUES (%s, %s, %s)",
                    self.table(RECEIPTS_TABLE),
                    values=(run, plan.policy, receipt.to_json()),
                )
                execute(
                    connection, "DELETE FROM {} WHERE run = %s", self.table(STAGED), values=(run,)
                )
                return receipt

        return self.database.retry(act)

    def keeps(self, file: FilePart) -> bool:
        return not file.sha256 and file.path.startswith(f"{self.database.schema}.")

    def is_in_place(self, file: FilePart, receipt: Receipt, output: str | None) -> bool:
        table = QUARANTINE_TABLE if output is None else table_name(receipt.policy, output)
        part = part_name(table, receipt.stream or receipt.run)
        return file.path == f"{self.database.schema}.{part}"

    def find_rows(self, file: FilePart) -> TableRows | None:
        table = self.table(file.path.removeprefix(f"{self.database.schema}."))
        there = self.database.retry(
            lambda connection: has_table(connection, table), FIRST_TIMEOUT_SECONDS
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
        """Name of the lock that a run under way holds."""
        return f"{self.database.schema}/{run}"

    def make(self, connection: Connection, target: Target) -> None:
        """Make a table of the store, or add the columns that it lacks.

        Raises:
            UsageError: it was not made for this policy and release, or a column has another type.
        """
        table = self.table(target.table)
        types = column_types(connection, table)
        if types:
            self._check(connection, target, types)
            for name, kind, _words in target.columns:
                if name not in types:
                    execute(
                        connection,
                        "ALTER TABLE {} ADD COLUMN {} {}",
                        table,
                        Identifier(name),
                        SQL(kind),
                    )
        else:
            columns = [
                SQL("{} {}{}").format(
                    Identifier(name),
                    SQL(kind),
                    SQL(" NOT NULL" if name in target.constants else ""),
                )
                for name, kind, _words in target.columns
            ]
            execute(
                connection,
                "CREATE TABLE {} ({}, _input integer NOT NULL, _position bigint NOT NULL) "
                "PARTITION BY LIST ({})",
                table,
                SQL(", ").join(columns),
                Identifier(target.run_column),
            )
        if self._comment(connection, table) == target.comment:
            return
        execute(connection, "COMMENT ON TABLE {} IS {}", table, Literal(target.comment))
        words = [(name, text) for name, _kind, text in target.columns]
        for name, text in (*words, *KEY_WORDS.items()):
            execute(
                connection, "COMMENT ON COLUMN {}.{} IS {}", table, Identifier(name), Literal(text)
            )

    def _receipt_texts(self, prefix: str) -> list[tuple[str, str]]:
        return self.database.retry(
            lambda connection: self.select_receipts(connection, "starts_with(run, %s)", prefix),
            FIRST_TIMEOUT_SECONDS,
        )

    def _receipt_text(self, run: str) -> str | None:
        rows = self.database.retry(
            lambda connection: self.select_receipts(connection, "run = %s", run),
            FIRST_TIMEOUT_SECONDS,
        )
        return rows[0][1] if rows else None

    def select_receipts(
        self, connection: Connection, condition: LiteralString, value: str
    ) -> list[tuple[str, str]]:
        """Ids and texts of the receipts that meet a condition; of periods that go on, up to now."""
        if not has_table(connection, self.table(RECEIPTS_TABLE)):
            return []
        if has_table(connection, self.table(STEPS)):
            query = (
                "SELECT run, receipt::text, (SELECT array_agg(step::text ORDER BY number) FROM {} "
                "steps WHERE steps.run = receipts.run) FROM {} receipts WHERE {} ORDER BY run"
            )
            parts: tuple[Composable, ...] = self.table(STEPS), self.table(RECEIPTS_TABLE)
        else:
            query = "SELECT run, receipt::text, NULL FROM {} WHERE {} ORDER BY run"
            parts = (self.table(RECEIPTS_TABLE),)
        rows = execute(connection, query, *parts, SQL(condition), values=(value,))
        return [
            (str(run), receipt_text(str(text), steps) if isinstance(steps, list) else str(text))
            for run, text, steps in rows.fetchall()
        ]

    def _count(self, connection: Connection, name: str) -> int:
        ((rows,),) = execute(connection, "SELECT count(*) FROM {}", self.table(name)).fetchall()
        return int(str(rows))

    def _remove(self, connection: Connection, run: str) -> None:
        command = "DELETE FROM {} WHERE run = %s RETURNING part"
        rows = execute(connection, command, self.table(STAGED), values=(run,))
        for (part,) in rows.fetchall():
            execute(connection, "DROP TABLE IF EXISTS {}", self.table(str(part)))

    def _check(self, connection: Connection, target: Target, types: dict[str, str]) -> None:
        """Refuse a table that is another's, or whose columns have other types."""
        owner = ":".join(target.comment.split(":")[:2])
        comment = self._comment(connection, self.table(target.table))
        where = {"store": self.shown, "table": target.table}
        if not comment.startswith(owner) or not set(KEY) <= set(types):
            raise UsageError(
                _("{store}: table {table} was not made for this policy and release", **where)
            )
        for name, kind, _words in target.columns:
            if types.get(name, kind) != kind:
                raise UsageError(
                    _(
                        "{store}: table {table}: column {column} is {actual} and the plan makes "
                        "it {expected}",
                        **where,
                        column=name,
                        actual=types[name],
                        expected=kind,
                    )
                )

    def _comment(self, connection: Connection, table: Identifier) -> str:
        query = "SELECT obj_description(to_regclass(%s), 'pg_class')"
        ((comment,),) = execute(connection, query, values=(table.as_string(),)).fetchall()
        return str(comment or "")

    def _make_part(self, connection: Connection, target: Target, run: str) -> None:
        part = self.table(target.part(run))
        make_part(connection, self.table(target.table), part, target)
        # With the check the server need not read the rows again when they are attached.
        execute(
            connection,
            "ALTER TABLE {} ADD CONSTRAINT one_run CHECK ({} = {})",
            part,
            Identifier(target.run_column),
            Literal(run),
        )
        command = "INSERT INTO {} (part, run) VALUES (%s, %s)"
        execute(connection, command, self.table(STAGED), values=(target.part(run), run))


def make_part(connection: Connection, table: Composable, part: Composable, target: Target) -> None:
    """Make the table of one run: as `table`, keyed by the places of rows, with its constants."""
    execute(connection, "CREATE TABLE {} (LIKE {})", part, table)
    key = SQL(", ").join(map(Identifier, KEY))
    execute(connection, "ALTER TABLE {} ADD PRIMARY KEY ({})", part, key)
    set_defaults(connection, part, target)


def set_defaults(connection: Connection, part: Composable, target: Target) -> None:
    """Set the columns which are the same in all rows of a run."""
    for name, value in target.constants.items():
        execute(
            connection,
            "ALTER TABLE {} ALTER COLUMN {} SET DEFAULT {}",
            part,
            Identifier(name),
            Literal(value),
        )


def attach(connection: Connection, table: Composable, part: Composable, run: str) -> None:
    """Make `part` the partition of `table` that holds `run`."""
    command = "ALTER TABLE {} ATTACH PARTITION {} FOR VALUES IN ({})"
    execute(connection, command, table, part, Literal(run))
