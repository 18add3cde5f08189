"""A PostgreSQL database as sink: one transaction a gathering.

    <policy>__<release id>        released records; the stream is one partition of it
    _tamis_quarantine             why messages were quarantined, and sealed originals
    _tamis_receipts               a receipt a period, which grows with each transaction
    _tamis_positions              by stream and partition, the next offset to read

Records, quarantine, receipt and positions are one transaction, so that each message is there once
whatever is killed or restarted. A record is keyed by partition and offset (`_input`, `_position`).
"""

import logging
import time
from contextlib import suppress

import pyarrow as pa
from psycopg.sql import SQL

from tamis.errors import RunError, UsageError
from tamis.evidence.receipt import FilePart
from tamis.plan.plan import Plan
from tamis.stores.database import (
    FIRST_PATIENCE_SECONDS,
    Connection,
    alone,
    literal,
    quoted,
    try_lock,
)
from tamis.stores.table_layout import KEY, POSITIONS, RECEIPTS, Target, targets
from tamis.stores.table_rows import load
from tamis.stores.tables import TableStore
from tamis.streams.judge import Judged, Rows
from tamis.streams.ledger import Ledger
from tamis.streams.sink import Patience

NUL_REPLACED = "nul-replaced"
ALREADY_THERE = "already-there"
"""Anomaly: records whose key was in the table, although their position had not been reached."""

_LOCK_SECONDS = 10.0

_log = logging.getLogger("tamis")


class TableSink:
    """See `Sink`.

    Args:
        uri: of the database.
        plan: what the stream's records are judged by.
        stream: id of the stream.
        patience: whether to go on waiting for the database.
    """

    def __init__(self, uri: str, plan: Plan, stream: str, patience: Patience) -> None:
        self._store = TableStore(uri)
        self._plan = plan
        self._stream = stream
        self._patience = patience
        self._targets = {one.output: one for one in targets(plan, stream, stream=True)}
        self._connection: Connection | None = None
        self._careful = False
        self._source = ""
        self._positions: dict[int, int] = {}
        self.shown = self._store.shown

    def open(self, source: str) -> dict[int, int]:
        """See `Sink`."""
        self._source = source
        self._store.prepare()
        connection = self._connect(FIRST_PATIENCE_SECONDS)
        with self._store.database.told(), connection.transaction(), alone(connection, "tables"):
            self._make(connection)
        self._positions = self._read_positions(connection)
        return dict(self._positions)

    def commit(self, judged: Judged, ledger: Ledger) -> Ledger:
        """See `Sink`."""
        import psycopg

        pause = 0.1
        while True:
            try:
                connection = self._connection or self._connect()
                with self._store.database.told():
                    try:
                        done = self._commit(connection, judged, ledger)
                    except psycopg.errors.UniqueViolation:
                        self._careful = True
                        continue
                self._positions |= {key: span.next for key, span in judged.spans.items()}
                return done
            except psycopg.OperationalError:
                self._let_go()
                if not self._patience():
                    raise RunError(
                        f"{self.shown}: the database went away; what was read last is not "
                        "committed and will be read again"
                    ) from None
                _log.warning("%s: connection lost, trying again in %.1f s", self.shown, pause)
                time.sleep(pause)
                pause = min(2 * pause, 5.0)

    def end_period(self, ledger: Ledger) -> None:
        """See `Sink`; here nothing is left to do."""

    @property
    def durable(self) -> dict[int, int]:
        """See `Sink`."""
        return dict(self._positions)

    def close(self) -> None:
        """See `Sink`."""
        self._let_go()

    def _connect(self, patience: float = 0.0) -> Connection:
        """A connection that holds the stream."""
        import psycopg

        database = self._store.database
        try:
            connection = database.connect(patience)
        except RunError:
            if patience:
                raise
            raise psycopg.OperationalError("connection lost") from None
        until = time.monotonic() + _LOCK_SECONDS
        with database.told():
            # What a killed process left may end its transaction first.
            while not try_lock(connection, self._store.lock(self._stream)):
                if time.monotonic() > until:
                    connection.close()
                    raise RunError(f"{self.shown}: stream {self._stream} is still under way")
                time.sleep(0.1)
        self._connection = connection
        return connection

    def _let_go(self) -> None:
        if self._connection is not None:
            with suppress(Exception):
                self._connection.close()
            self._connection = None

    def _make(self, connection: Connection) -> None:
        """Make the tables that are missing, and attach the stream's partition of each."""
        connection.execute(
            f"CREATE TABLE IF NOT EXISTS {self._store.at(POSITIONS)} (stream text, source text, "
            "partition integer, next bigint NOT NULL, PRIMARY KEY (stream, source, partition))"
            "".encode()
        )
        row = connection.execute(
            f"SELECT 1 FROM {self._store.at(RECEIPTS)} WHERE run = %s".encode(), (self._stream,)
        ).fetchone()
        if row is not None:
            raise UsageError(f"{self.shown}: {self._stream} is the id of a batch run")
        for target in self._targets.values():
            self._store.make(connection, target)
            part = self._store.at(target.part(self._stream))
            fresh = connection.execute(b"SELECT to_regclass(%s) IS NULL", (part,)).fetchone()
            if fresh and fresh[0]:
                parent = self._store.at(target.table)
                for command in (
                    f"CREATE TABLE {part} (LIKE {parent})",
                    f"ALTER TABLE {part} ADD PRIMARY KEY ({', '.join(KEY)})",
                    f"ALTER TABLE {parent} ATTACH PARTITION {part} "
                    f"FOR VALUES IN ({literal(self._stream)})",
                ):
                    connection.execute(command.encode())
            defaults = ", ".join(
                f"ALTER COLUMN {quoted(name)} SET DEFAULT {literal(value)}"
                for name, value in target.constants.items()
            )
            connection.execute(f"ALTER TABLE {part} {defaults}".encode())

    def _read_positions(self, connection: Connection, lock: str = "") -> dict[int, int]:
        rows = connection.execute(
            f"SELECT source, partition, next FROM {self._store.at(POSITIONS)} "
            f"WHERE stream = %s{lock}".encode(),
            (self._stream,),
        ).fetchall()
        for source, _, _ in rows:
            if source != self._source:
                raise UsageError(
                    f"{self.shown}: stream {self._stream} was fed from {source}; a stream from "
                    "another source needs another --run-id"
                )
        return {int(str(partition)): int(str(position)) for _, partition, position in rows}

    def _commit(self, connection: Connection, judged: Judged, ledger: Ledger) -> Ledger:
        with connection.transaction():
            done = ledger.after(judged)
            there = self._read_positions(connection, " FOR UPDATE")
            if there != self._positions:
                ends = {key: span.next for key, span in judged.spans.items()}
                if there != self._positions | ends:
                    raise RunError(f"{self.shown}: another process moved stream {self._stream}")
                return done  # an attempt whose answer was lost
            replaced = again = 0
            outputs: list[tuple[Target, Rows]] = [
                (self._targets[release], rows) for release, rows in judged.released.items()
            ]
            if judged.quarantined.data.num_rows:
                outputs.append((self._targets[None], judged.quarantined))
            for target, rows in outputs:
                found, fewer = self._send(connection, target, rows)
                replaced, again = replaced + found, again + fewer
            for anomaly, count in ((NUL_REPLACED, replaced), (ALREADY_THERE, again)):
                done = done.noting(anomaly, count) if count else done
            self._write_receipt(connection, done)
            self._write_positions(connection, judged)
            return done

    def _send(self, connection: Connection, target: Target, rows: Rows) -> tuple[int, int]:
        """Values in which NUL was replaced, and rows that were there already."""
        names = target.sent[: -len(KEY)]
        arrays = [rows.data.column(name) for name in names]
        batch = pa.RecordBatch.from_arrays(
            [*arrays, rows.partitions, rows.offsets], names=target.sent
        )
        part = self._store.at(target.part(self._stream))
        if not self._careful:
            return load(connection, SQL(part), batch), 0
        columns = ", ".join(map(quoted, target.sent))
        connection.execute(
            f"CREATE TEMP TABLE again (LIKE {part} INCLUDING DEFAULTS) ON COMMIT DROP".encode()
        )
        replaced = load(connection, SQL("again"), batch)
        inserted = connection.execute(
            f"INSERT INTO {part} ({columns}) SELECT {columns} FROM again "
            "ON CONFLICT DO NOTHING".encode()
        ).rowcount
        connection.execute(b"DROP TABLE again")
        return replaced, batch.num_rows - inserted

    def _write_receipt(self, connection: Connection, ledger: Ledger) -> None:
        parts = {
            output: [FilePart(path=self._path(target), rows=rows, sha256="")]
            for output, target in self._targets.items()
            if (rows := ledger.tally.quarantined if output is None else ledger.tally.rows[output])
        }
        quarantined = parts.pop(None, [])
        receipt = ledger.receipt({str(name): part for name, part in parts.items()}, quarantined)
        connection.execute(
            f"INSERT INTO {self._store.at(RECEIPTS)} (run, policy, receipt) VALUES (%s, %s, %s) "
            "ON CONFLICT (run) DO UPDATE SET receipt = excluded.receipt, committed = now()"
            "".encode(),
            (ledger.run, self._plan.policy, receipt.to_json()),
        )

    def _path(self, target: Target) -> str:
        return f"{self._store.database.schema}.{target.part(self._stream)}"

    def _write_positions(self, connection: Connection, judged: Judged) -> None:
        connection.execute(
            f"INSERT INTO {self._store.at(POSITIONS)} (stream, source, partition, next) "
            "SELECT %s, %s, * FROM unnest(%s::integer[], %s::bigint[]) "
            "ON CONFLICT (stream, source, partition) DO UPDATE SET next = excluded.next".encode(),
            (
                self._stream,
                self._source,
                list(judged.spans),
                [span.next for span in judged.spans.values()],
            ),
        )
