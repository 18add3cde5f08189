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

from psycopg.sql import SQL, Composable, Composed, Identifier, Literal

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
    exists,
    try_lock,
)
from tamis.stores.protocol import Files, MakeReceipt, Piece, Recovered
from tamis.stores.table_layout import (
    KEY,
    KEY_WORDS,
    QUARANTINE,
    RECEIPTS,
    STAGED,
    Target,
    part_name,
    table_name,
    targets,
)
from tamis.stores.table_rows import TableRows, TableWriter


class TableStore:
    """See `Store`.

    Args:
        address: of the database, `schema` among its options where it is not `public`.

    Raises:
        UsageError: the address names a table.
    """

    def __init__(self, address: DatabaseAddress) -> None:
        self.database = Database(address)
        self.shown = self.database.shown
        if address.table:
            raise UsageError(
                _(
                    "{store}: an output names no table, tables are made as the policy says",
                    store=self.shown,
                )
            )

    def prepare(self) -> None:
        """Make the schema and Tamis' own tables where they are missing."""

        def act(connection: Connection) -> None:
            with connection.transaction(), alone(connection, "tables"):
                schema = self.database.schema
                if not exists(connection, "pg_namespace", "nspname", schema):
                    connection.execute(SQL("CREATE SCHEMA {}").format(Identifier(schema)))
                connection.execute(
                    SQL(
                        "CREATE TABLE IF NOT EXISTS {} (run text PRIMARY KEY, policy text "
                        "NOT NULL, committed timestamptz NOT NULL DEFAULT now(), "
                        "receipt json NOT NULL)"
                    ).format(self.table(RECEIPTS))
                )
                connection.execute(
                    SQL(
                        "CREATE TABLE IF NOT EXISTS {} (part text PRIMARY KEY, "
                        "run text NOT NULL, staged timestamptz NOT NULL DEFAULT now())"
                    ).format(self.table(STAGED))
                )

        self.database.retry(act, FIRST_TIMEOUT_SECONDS)

    def recover(self) -> Recovered:
        """See `Store`. Nothing is ever left to complete: a commit is one transaction."""

        def act(connection: Connection) -> list[str]:
            removed: list[str] = []
            if not self._has(connection, STAGED):
                return removed
            rows = connection.execute(SQL("SELECT DISTINCT run FROM {}").format(self.table(STAGED)))
            for run in sorted(str(run) for (run,) in rows.fetchall()):
                if try_lock(connection, self.lock(run)):
                    with connection.transaction():
                        self._remove(connection, run)
                    removed.append(run)
            return removed

        return Recovered((), tuple(self.database.retry(act, FIRST_TIMEOUT_SECONDS)))

    @contextmanager
    def hold(self, run: str) -> Iterator[None]:
        """See `Store`."""
        connection = self.database.connect(FIRST_TIMEOUT_SECONDS)
        try:
            with self.database.value_free():
                if not try_lock(connection, self.lock(run)):
                    raise RunError(
                        _("{store}: run {run} is still under way", store=self.shown, run=run)
                    )
            yield
        finally:
            with suppress(Exception):
                connection.close()

    def committed(self, run: str) -> Receipt | None:
        """See `Store`."""

        def act(connection: Connection) -> Receipt | None:
            return self._receipt(connection, run)

        return self.database.retry(act, FIRST_TIMEOUT_SECONDS)

    def resume(self, run: str) -> Receipt | None:
        """See `Store`."""
        return self.committed(run)

    def receipts(self, prefix: str = "", unreadable: list[str] | None = None) -> Iterator[Receipt]:
        """See `Store`."""

        def act(connection: Connection) -> list[tuple[str, str]]:
            if not self._has(connection, RECEIPTS):
                return []
            rows = connection.execute(
                SQL(
                    "SELECT run, receipt::text FROM {} WHERE starts_with(run, %s) ORDER BY run"
                ).format(self.table(RECEIPTS)),
                (prefix,),
            )
            return [(str(run), str(text)) for run, text in rows.fetchall()]

        for run, text in self.database.retry(act, FIRST_TIMEOUT_SECONDS):
            try:
                yield self._parse(run, text)
            except RunError:
                if unreadable is None:
                    raise
                unreadable.append(run)

    def receipt_address(self, run: str) -> str:
        """See `Store`."""
        return _("{store}, table {table}, run {run}", store=self.shown, table=RECEIPTS, run=run)

    def discard(self, run: str) -> None:
        """See `Store`."""

        def act(connection: Connection) -> None:
            with connection.transaction():
                self._remove(connection, run)

        self.database.retry(act, FIRST_TIMEOUT_SECONDS)

    def stage(self, run: str, plan: Plan) -> None:
        """See `Store`. Makes missing tables of the store, and the run's own, which are empty."""
        self.prepare()

        def act(connection: Connection) -> None:
            with connection.transaction(), alone(connection, "tables"):
                self._remove(connection, run)
                for target in targets(plan, run):
                    self.make(connection, target)
                    self._make_part(connection, target, run)

        self.database.retry(act)

    def writer(self, run: str, plan: Plan, output: str | None) -> "TableWriter":
        """See `Store`."""
        (target,) = (target for target in targets(plan, run) if target.output == output)
        return TableWriter(self.database, target, run)

    def commit(self, run: str, plan: Plan, pieces: Collection[Piece], make: MakeReceipt) -> Receipt:
        """See `Store`. Rows are counted by the database."""

        def act(connection: Connection) -> Receipt:
            with connection.transaction(), alone(connection, "tables"):
                before = self._receipt(connection, run)
                if before is not None:
                    return before
                files: Files = {}
                for target in targets(plan, run):
                    name = target.part(run)
                    rows = self._count(connection, name)
                    if rows:
                        files[target.output] = [
                            FilePart(path=f"{self.database.schema}.{name}", rows=rows, sha256="")
                        ]
                receipt = make(dict(files))
                for target in targets(plan, run):
                    self._attach(connection, target, run, is_empty=target.output not in files)
                connection.execute(
                    SQL("INSERT INTO {} (run, policy, receipt) VALUES (%s, %s, %s)").format(
                        self.table(RECEIPTS)
                    ),
                    (run, plan.policy, receipt.to_json()),
                )
                connection.execute(
                    SQL("DELETE FROM {} WHERE run = %s").format(self.table(STAGED)), (run,)
                )
                return receipt

        return self.database.retry(act)

    def keeps(self, file: FilePart) -> bool:
        """See `Store`."""
        return not file.sha256 and file.path.startswith(f"{self.database.schema}.")

    def is_in_place(self, file: FilePart, receipt: Receipt, output: str | None) -> bool:
        """See `Store`."""
        table = QUARANTINE if output is None else table_name(receipt.policy, output)
        part = part_name(table, receipt.stream or receipt.run)
        return file.path == f"{self.database.schema}.{part}"

    def exists(self, path: str) -> bool:
        """See `Store`."""

        def act(connection: Connection) -> bool:
            return self._has(connection, path.removeprefix(f"{self.database.schema}."))

        return self.database.retry(act, FIRST_TIMEOUT_SECONDS)

    def open_rows(self, path: str) -> "TableRows":
        """See `Store`."""
        table = self.table(path.removeprefix(f"{self.database.schema}."))
        return TableRows(self.database, table)

    def sha256(self, path: str) -> str:
        """See `Store`. Tables have no digest."""
        return ""

    def unlisted(self, listed: Collection[str]) -> list[str]:
        """See `Store`. Partitions without rows count for nothing."""
        schema = self.database.schema

        def act(connection: Connection) -> list[str]:
            rows = connection.execute(
                SQL(
                    "SELECT part.relname FROM pg_inherits "
                    "JOIN pg_class part ON part.oid = inhrelid "
                    "JOIN pg_class whole ON whole.oid = inhparent "
                    "JOIN pg_namespace ON pg_namespace.oid = whole.relnamespace "
                    "WHERE nspname = %s AND starts_with(obj_description(whole.oid), 'Tamis: ') "
                    "ORDER BY 1"
                ),
                (schema,),
            ).fetchall()
            names = [str(name) for (name,) in rows if f"{schema}.{name}" not in listed]
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
        if not types:
            columns = [
                SQL("{} {}{}").format(
                    Identifier(name),
                    SQL(kind),
                    SQL(" NOT NULL" if name in target.constants else ""),
                )
                for name, kind, _words in target.columns
            ]
            connection.execute(
                SQL(
                    "CREATE TABLE {} ({}, _input integer NOT NULL, _position bigint NOT NULL) "
                    "PARTITION BY LIST ({})"
                ).format(table, SQL(", ").join(columns), Identifier(target.run_column))
            )
        else:
            self._check(connection, target, types)
            for name, kind, _words in target.columns:
                if name not in types:
                    connection.execute(
                        SQL("ALTER TABLE {} ADD COLUMN {} {}").format(
                            table, Identifier(name), SQL(kind)
                        )
                    )
        if self._comment(connection, table) == target.comment:
            return
        connection.execute(SQL("COMMENT ON TABLE {} IS {}").format(table, Literal(target.comment)))
        words = [(name, text) for name, _kind, text in target.columns]
        for name, text in (*words, *KEY_WORDS.items()):
            connection.execute(
                SQL("COMMENT ON COLUMN {}.{} IS {}").format(table, Identifier(name), Literal(text))
            )

    def _has(self, connection: Connection, name: str) -> bool:
        return exists(connection, "pg_tables", "tablename", name, self.database.schema)

    def _count(self, connection: Connection, name: str) -> int:
        row = connection.execute(SQL("SELECT count(*) FROM {}").format(self.table(name))).fetchone()
        assert row is not None
        return int(str(row[0]))

    def _receipt(self, connection: Connection, run: str) -> Receipt | None:
        if not self._has(connection, RECEIPTS):
            return None
        row = connection.execute(
            SQL("SELECT receipt::text FROM {} WHERE run = %s").format(self.table(RECEIPTS)), (run,)
        ).fetchone()
        return None if row is None else self._parse(run, str(row[0]))

    def _parse(self, run: str, text: str) -> Receipt:
        try:
            return Receipt.model_validate_json(text)
        except ValueError:
            raise RunError(
                _("{store}: run {run} has no readable receipt", store=self.shown, run=run)
            ) from None

    def _remove(self, connection: Connection, run: str) -> None:
        rows = connection.execute(
            SQL("DELETE FROM {} WHERE run = %s RETURNING part").format(self.table(STAGED)), (run,)
        ).fetchall()
        for (part,) in rows:
            connection.execute(SQL("DROP TABLE IF EXISTS {}").format(self.table(str(part))))

    def _check(self, connection: Connection, target: Target, types: dict[str, str]) -> None:
        """Refuse a table that is another's, or whose columns have other types."""
        owner = ":".join(target.comment.split(":")[:2])
        comment = self._comment(connection, self.table(target.table))
        if not comment.startswith(owner) or not set(KEY) <= set(types):
            raise UsageError(
                _(
                    "{store}: table {table} was not made for this policy and release",
                    store=self.shown,
                    table=target.table,
                )
            )
        for name, kind, _words in target.columns:
            if types.get(name, kind) != kind:
                raise UsageError(
                    _(
                        "{store}: table {table}: column {column} is {actual} and the plan makes "
                        "it {expected}",
                        store=self.shown,
                        table=target.table,
                        column=name,
                        actual=types[name],
                        expected=kind,
                    )
                )

    def _comment(self, connection: Connection, table: Identifier) -> str:
        row = connection.execute(
            SQL("SELECT obj_description(to_regclass(%s), 'pg_class')"), (table.as_string(),)
        ).fetchone()
        return str(row[0] or "") if row else ""

    def _make_part(self, connection: Connection, target: Target, run: str) -> None:
        part = self.table(target.part(run))
        for command in (
            SQL("CREATE TABLE {} (LIKE {})").format(part, self.table(target.table)),
            set_defaults(part, target),
            add_key(part),
            # With the check the server need not read the rows again when they are attached.
            SQL("ALTER TABLE {} ADD CONSTRAINT one_run CHECK ({} = {})").format(
                part, Identifier(target.run_column), Literal(run)
            ),
        ):
            connection.execute(command)
        connection.execute(
            SQL("INSERT INTO {} (part, run) VALUES (%s, %s)").format(self.table(STAGED)),
            (target.part(run), run),
        )

    def _attach(self, connection: Connection, target: Target, run: str, *, is_empty: bool) -> None:
        part = self.table(target.part(run))
        if is_empty:
            connection.execute(SQL("DROP TABLE {}").format(part))
            return
        connection.execute(attach(self.table(target.table), part, run))
        connection.execute(SQL("ALTER TABLE {} DROP CONSTRAINT one_run").format(part))


def add_key(part: Composable) -> Composed:
    """The command that keys the rows of a part by their places in the input."""
    key = SQL(", ").join(map(Identifier, KEY))
    return SQL("ALTER TABLE {} ADD PRIMARY KEY ({})").format(part, key)


def attach(table: Composable, part: Composable, run: str) -> Composed:
    """The command that makes `part` the partition of `table` that holds `run`."""
    return SQL("ALTER TABLE {} ATTACH PARTITION {} FOR VALUES IN ({})").format(
        table, part, Literal(run)
    )


def set_defaults(part: Composable, target: Target) -> Composed:
    """The command that sets the columns which are the same in all rows of a run."""
    defaults = SQL(", ").join(
        SQL("ALTER COLUMN {} SET DEFAULT {}").format(Identifier(name), Literal(value))
        for name, value in target.constants.items()
    )
    return SQL("ALTER TABLE {} {}").format(part, defaults)
