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

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress

import pyarrow as pa

from tamis.errors import RunError, UsageError
from tamis.evidence.receipt import Receipt
from tamis.formats.postgres_copy import to_csv
from tamis.plan.plan import Plan
from tamis.stores.commit import Recovered
from tamis.stores.database import (
    FIRST_PATIENCE_SECONDS,
    PATIENCE_SECONDS,
    Connection,
    Database,
    literal,
    quoted,
)
from tamis.stores.table_layout import KEY, KEY_WORDS, RECEIPTS, STAGED, Target, targets

SENT_ROWS = 8_192
"""Rows that are sent at once."""


class TableStore:
    """The store in a database. Every method may be called again after a failure.

    Args:
        uri: of the database, `schema` among its options where it is not `public`.
    """

    def __init__(self, uri: str) -> None:
        self.database = Database.of(uri)
        if self.database.table:
            raise UsageError(
                f"{self.database.shown}: an output names no table, they are made from the policy"
            )
        self.shown = self.database.shown

    def prepare(self) -> None:
        """Make the schema and Tamis' own tables where they are missing."""

        def act(connection: Connection) -> None:
            with connection.transaction(), alone(connection, "tables"):
                schema = self.database.schema
                if not exists(connection, "pg_namespace", "nspname", schema):
                    connection.execute(f"CREATE SCHEMA {quoted(schema)}".encode())
                connection.execute(
                    f"CREATE TABLE IF NOT EXISTS {self.at(RECEIPTS)} (run text PRIMARY KEY, "
                    "policy text NOT NULL, committed timestamptz NOT NULL DEFAULT now(), "
                    "receipt json NOT NULL)".encode()
                )
                connection.execute(
                    f"CREATE TABLE IF NOT EXISTS {self.at(STAGED)} (part text PRIMARY KEY, "
                    "run text NOT NULL, staged timestamptz NOT NULL DEFAULT now())".encode()
                )

        self.database.retry(act, FIRST_PATIENCE_SECONDS)

    @contextmanager
    def hold(self, run: str) -> Iterator[None]:
        """Hold `run` while the block runs, so that no recovery takes a live run down.

        Raises:
            RunError: another process holds it.
        """
        connection = self.database.connect(FIRST_PATIENCE_SECONDS)
        try:
            with self.database.told():
                if not try_lock(connection, self.lock(run)):
                    raise RunError(f"{self.shown}: run {run} is still under way")
            yield
        finally:
            with suppress(Exception):
                connection.close()

    def committed(self, run: str) -> Receipt | None:
        """The receipt of `run` if it is committed, else None."""
        return self.database.retry(
            lambda connection: self._receipt(connection, run), FIRST_PATIENCE_SECONDS
        )

    def receipts(self, prefix: str) -> list[Receipt]:
        """The receipts of committed runs whose ids begin with `prefix`, in their order."""

        def act(connection: Connection) -> list[Receipt]:
            if not exists(connection, "pg_tables", "tablename", RECEIPTS, self.database.schema):
                return []
            rows = connection.execute(
                f"SELECT run FROM {self.at(RECEIPTS)} WHERE starts_with(run, %s) "
                "ORDER BY run".encode(),
                (prefix,),
            ).fetchall()
            found = (self._receipt(connection, str(run)) for (run,) in rows)
            return [one for one in found if one is not None]

        return self.database.retry(act, FIRST_PATIENCE_SECONDS)

    def stage(self, run: str, plan: Plan) -> None:
        """Make the tables of the store where they are missing, and the run's own, empty.

        Raises:
            UsageError: a table of the store is not what the plan needs.
        """

        def act(connection: Connection) -> None:
            with connection.transaction(), alone(connection, "tables"):
                self._remove(connection, run)
                for target in targets(plan, run):
                    self.make(connection, target)
                    self._make_part(connection, target, run)

        self.database.retry(act)

    def commit(
        self, run: str, plan: Plan, make: Callable[[dict[str | None, tuple[str, int]]], Receipt]
    ) -> Receipt:
        """Make the staged rows of `run` exist, all at once.

        Args:
            run: its id.
            plan: what it did.
            make: the receipt, given table and rows of each output as the database counts them;
                raises where they do not reconcile.
        """

        def act(connection: Connection) -> Receipt:
            with connection.transaction(), alone(connection, "tables"):
                before = self._receipt(connection, run)
                if before is not None:
                    return before
                counted: dict[str | None, tuple[str, int]] = {}
                for target in targets(plan, run):
                    part = self.at(target.part(run))
                    row = connection.execute(f"SELECT count(*) FROM {part}".encode()).fetchone()
                    assert row is not None
                    counted[target.output] = (target.part(run), int(str(row[0])))
                receipt = make(counted)
                for target in targets(plan, run):
                    self._attach(connection, target, run, counted[target.output][1])
                connection.execute(
                    f"INSERT INTO {self.at(RECEIPTS)} (run, policy, receipt) "
                    "VALUES (%s, %s, %s)".encode(),
                    (run, plan.policy, receipt.to_json()),
                )
                connection.execute(f"DELETE FROM {self.at(STAGED)} WHERE run = %s".encode(), (run,))
                return receipt

        return self.database.retry(act)

    def recover(self) -> Recovered:
        """Remove what interrupted runs left; runs under way are left alone."""

        def act(connection: Connection) -> list[str]:
            removed: list[str] = []
            if not exists(connection, "pg_tables", "tablename", STAGED, self.database.schema):
                return removed
            rows = connection.execute(f"SELECT DISTINCT run FROM {self.at(STAGED)}".encode())
            for run in sorted(str(row[0]) for row in rows.fetchall()):
                if try_lock(connection, self.lock(run)):
                    with connection.transaction():
                        self._remove(connection, run)
                    removed.append(run)
            return removed

        return Recovered((), tuple(self.database.retry(act, FIRST_PATIENCE_SECONDS)))

    def remove(self, run: str) -> None:
        """Remove what `run` staged."""

        def act(connection: Connection) -> None:
            with connection.transaction():
                self._remove(connection, run)

        self.database.retry(act, FIRST_PATIENCE_SECONDS)

    def at(self, name: str) -> str:
        """A table of the store as commands name it."""
        return quoted(self.database.schema, name)

    def lock(self, run: str) -> str:
        """Name of the lock that a run under way holds."""
        return f"{self.database.schema}/{run}"

    def _receipt(self, connection: Connection, run: str) -> Receipt | None:
        if not exists(connection, "pg_tables", "tablename", RECEIPTS, self.database.schema):
            return None
        found = connection.execute(
            f"SELECT receipt::text FROM {self.at(RECEIPTS)} WHERE run = %s".encode(), (run,)
        ).fetchone()
        if found is None:
            return None
        try:
            return Receipt.model_validate_json(str(found[0]))
        except ValueError:
            raise RunError(f"{self.shown}: run {run} has no readable receipt") from None

    def _remove(self, connection: Connection, run: str) -> None:
        rows = connection.execute(
            f"DELETE FROM {self.at(STAGED)} WHERE run = %s RETURNING part".encode(), (run,)
        ).fetchall()
        for (part,) in rows:
            connection.execute(f"DROP TABLE IF EXISTS {self.at(str(part))}".encode())

    def make(self, connection: Connection, target: Target) -> None:
        """The table of the store: made, or given the columns that it lacks."""
        table = self.at(target.table)
        found = connection.execute(
            b"SELECT attname, format_type(atttypid, atttypmod) FROM pg_attribute "
            b"WHERE attrelid = to_regclass(%s) AND attnum > 0 AND NOT attisdropped",
            (table,),
        ).fetchall()
        there = {str(name): str(kind) for name, kind in found}
        if not there:
            columns = [
                f"{quoted(name)} {kind}{' NOT NULL' if name in target.constants else ''}"
                for name, kind, _ in target.columns
            ]
            connection.execute(
                f"CREATE TABLE {table} ({', '.join(columns)}, _input integer NOT NULL, "
                f"_position bigint NOT NULL) PARTITION BY LIST ({target.run_column})".encode()
            )
        else:
            self._check(connection, target, there)
            for name, kind, _ in target.columns:
                if name not in there:
                    command = f"ALTER TABLE {table} ADD COLUMN {quoted(name)} {kind}"
                    connection.execute(command.encode())
        if self._comment(connection, table) == target.comment:
            return
        connection.execute(f"COMMENT ON TABLE {table} IS {literal(target.comment)}".encode())
        words = [(name, text) for name, _, text in target.columns]
        for name, text in (*words, *KEY_WORDS.items()):
            connection.execute(
                f"COMMENT ON COLUMN {table}.{quoted(name)} IS {literal(text)}".encode()
            )

    def _check(self, connection: Connection, target: Target, there: dict[str, str]) -> None:
        """Refuse a table that is another's, or whose columns have other types."""
        owner = ":".join(target.comment.split(":")[:2])
        comment = self._comment(connection, self.at(target.table))
        where = f"{self.shown}: table {target.table}"
        if not comment.startswith(owner) or not set(KEY) <= set(there):
            raise UsageError(f"{where} is there and was not made for this policy and release")
        for name, kind, _ in target.columns:
            if there.get(name, kind) != kind:
                raise UsageError(
                    f"{where}: column {name} is {there[name]} and the plan makes it {kind}"
                )

    def _comment(self, connection: Connection, table: str) -> str:
        row = connection.execute(
            b"SELECT obj_description(to_regclass(%s), 'pg_class')", (table,)
        ).fetchone()
        return str(row[0] or "") if row else ""

    def _make_part(self, connection: Connection, target: Target, run: str) -> None:
        part = self.at(target.part(run))
        defaults = ", ".join(
            f"ALTER COLUMN {quoted(name)} SET DEFAULT {literal(value)}"
            for name, value in target.constants.items()
        )
        same = f"{target.run_column} = {literal(run)}"
        for command in (
            f"CREATE TABLE {part} (LIKE {self.at(target.table)})",
            # With the check the server need not read the rows again when they are attached.
            f"ALTER TABLE {part} {defaults}, ADD PRIMARY KEY ({', '.join(KEY)}), "
            f"ADD CONSTRAINT one_run CHECK ({same})",
        ):
            connection.execute(command.encode())
        connection.execute(
            f"INSERT INTO {self.at(STAGED)} (part, run) VALUES (%s, %s)".encode(),
            (target.part(run), run),
        )

    def _attach(self, connection: Connection, target: Target, run: str, rows: int) -> None:
        part = self.at(target.part(run))
        if not rows:
            connection.execute(f"DROP TABLE {part}".encode())
            return
        connection.execute(
            f"ALTER TABLE {self.at(target.table)} ATTACH PARTITION {part} "
            f"FOR VALUES IN ({literal(run)})".encode()
        )
        connection.execute(f"ALTER TABLE {part} DROP CONSTRAINT one_run".encode())


class TableWriter:
    """Writes batches of one output to the run's own table, each once. Not for several threads."""

    def __init__(self, uri: str, target: Target, run: str) -> None:
        self._database = Database.of(uri)
        self._sent = target.sent
        self._part = quoted(self._database.schema, target.part(run))
        self._connection: Connection | None = None

    def write(self, batch: pa.RecordBatch, number: int, positions: pa.Int64Array) -> int:
        """Write N rows in a transaction of their own.

        Args:
            batch: N rows, the constants of the run left out or not.
            number: of the input among the run's.
            positions: N int64, in the input.

        Returns:
            Values in which U+FFFD stands for a NUL character.

        Raises:
            RunError: the server refuses the rows, or stays away.
        """
        import time

        import psycopg

        names = self._sent[: -len(KEY)]
        key = [pa.repeat(pa.scalar(number, pa.int32()), batch.num_rows), positions]
        arrays = [batch.column(name) for name in names]
        rows = pa.RecordBatch.from_arrays([*arrays, *key], names=self._sent)
        until = time.monotonic() + PATIENCE_SECONDS
        while True:
            if self._connection is None:
                self._connection = self._database.connect()
            try:
                with self._database.told():
                    return self._copy(self._connection, rows)
            except psycopg.OperationalError:
                self.close()
                self._database.pause(until)

    def close(self) -> None:
        """Close the connection."""
        if self._connection is not None:
            with suppress(Exception):
                self._connection.close()
            self._connection = None

    def _copy(self, connection: Connection, rows: pa.RecordBatch) -> int:
        import psycopg

        try:
            with connection.transaction():
                return load(connection, self._part, rows)
        except psycopg.errors.UniqueViolation:
            # An attempt before this one wrote some of the rows, and nobody could say so.
            columns = ", ".join(map(quoted, self._sent))
            with connection.transaction():
                connection.execute(
                    f"CREATE TEMP TABLE again (LIKE {self._part} INCLUDING DEFAULTS) "
                    "ON COMMIT DROP".encode()
                )
                replaced = load(connection, "again", rows)
                connection.execute(
                    f"INSERT INTO {self._part} ({columns}) SELECT {columns} FROM again "
                    "ON CONFLICT DO NOTHING".encode()
                )
            return replaced


def load(connection: Connection, table: str, rows: pa.RecordBatch) -> int:
    """Send N rows to `table`, whose columns have the names of the batch's.

    Returns:
        Values in which U+FFFD stands for a NUL character.
    """
    columns = ", ".join(map(quoted, rows.schema.names))
    command = f"COPY {table} ({columns}) FROM STDIN (FORMAT csv)"
    with connection.cursor() as cursor, cursor.copy(command.encode()) as copy:
        replaced = 0
        for start in range(0, rows.num_rows, SENT_ROWS):
            # The server takes in a piece while the next is made.
            data, found = to_csv(rows.slice(start, SENT_ROWS))
            copy.write(data)
            replaced += found
    return replaced


def try_lock(connection: Connection, name: str) -> bool:
    """Whether the connection holds the lock `name` of this database from now on."""
    row = connection.execute(
        b"SELECT pg_try_advisory_lock(hashtextextended(%s, 37))", (f"tamis/{name}",)
    ).fetchone()
    return bool(row and row[0])


@contextmanager
def alone(connection: Connection, name: str) -> Iterator[None]:
    """Hold a lock of this database up to the end of the transaction."""
    connection.execute(
        b"SELECT pg_advisory_xact_lock(hashtextextended(%s, 37))", (f"tamis/{name}",)
    )
    yield


def exists(
    connection: Connection, catalogue: str, column: str, name: str, schema: str | None = None
) -> bool:
    """Whether a catalogue has a row with `name` in `column`, in `schema` if given."""
    also = " AND schemaname = %s" if schema else ""
    query = f"SELECT 1 FROM pg_catalog.{catalogue} WHERE {column} = %s{also}"
    names: Iterable[str] = (name, schema) if schema else (name,)
    return connection.execute(query.encode(), tuple(names)).fetchone() is not None
