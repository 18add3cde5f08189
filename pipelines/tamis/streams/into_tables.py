"""A PostgreSQL database as sink: one transaction for each micro-batch.

    <policy>__<release id>        released records; the stream is one partition of it
    _tamis_quarantine             why messages were quarantined, and sealed originals
    _tamis_receipts               a receipt for each period: without counts until it ends
    _tamis_steps                  what each transaction of a period that goes on has counted
    _tamis_positions              by stream and partition, the next offset to read

Records, quarantine, counts and positions are one transaction, so that each message is there once
whatever is killed or restarted. A record is keyed by partition and offset (`_input`, `_position`),
unless it leaves the store under paragraph III: then it says no place, and those of a commit are in
the order of their values.
The receipt of a period whose process was killed is completed by the next one.
"""

import re
from collections.abc import Callable
from contextlib import suppress
from typing import TypeVar

import psycopg
from psycopg.sql import SQL

from tamis.address import DatabaseAddress
from tamis.errors import RunError, UsageError
from tamis.language import _
from tamis.plan.plan import Plan
from tamis.stores.database import (
    FIRST_TIMEOUT_SECONDS,
    Connection,
    alone,
    execute,
    transaction,
    try_lock,
)
from tamis.stores.protocol import NUL_REPLACED
from tamis.stores.table_layout import POSITIONS, RECEIPTS_TABLE, STEPS, Target, targets
from tamis.stores.table_partitions import attach, make_part, set_defaults
from tamis.stores.table_receipts import add_step, insert_receipt, make_steps
from tamis.stores.table_rows import load, load_missing
from tamis.stores.tables import TableStore
from tamis.streams.judge import Judged, Rows
from tamis.streams.ledger import Ledger
from tamis.streams.partitions import check_overlap
from tamis.streams.sink import KeepWaiting, Sink
from tamis.waiting import Pauses

ALREADY_THERE = "already-there"
"""Anomaly: records whose key was in the table, although their position had not been reached."""

_LOCK_SECONDS = 10.0

T = TypeVar("T")


class TableSink(Sink):
    """See `Sink`; `uri` is that of the database."""

    def __init__(self, uri: str, plan: Plan, stream: str, keep_waiting: KeepWaiting) -> None:
        self._store = TableStore(DatabaseAddress.of(uri))
        super().__init__(self._store.shown, plan, stream, keep_waiting)
        self._targets = {target.output: target for target in targets(plan, stream, stream=True)}
        self._steps = self._store.table(STEPS)
        self._connection: Connection | None = None
        self._careful = self._answer_lost = False

    def _open(self) -> dict[int, int]:
        self._store.prepare()
        connection = self._connect(FIRST_TIMEOUT_SECONDS)
        with (
            self._store.database.value_free(),
            transaction(connection),
            alone(connection, "tables"),
        ):
            self._make(connection)
            positions = self._read_positions(connection)
            is_keyed = all(target.key for target in self._targets.values())
            if not positions and not is_keyed and self._has_begun(connection):
                raise self._error(
                    _(
                        "stream {stream} has receipts, and no positions in {table}: what it "
                        "released would be there twice; restore that table, or give another "
                        "--run-id",
                        stream=self._stream,
                        table=POSITIONS,
                    )
                )
            return positions

    def _has_begun(self, connection: Connection) -> bool:
        query = "SELECT 1 FROM {} WHERE receipt ->> 'stream' = %s LIMIT 1"
        receipts = self._store.table(RECEIPTS_TABLE)
        return execute(connection, query, receipts, values=(self._stream,)).fetchone() is not None

    def commit(self, judged: Judged, ledger: Ledger) -> Ledger:
        judged = judged.in_order(self._plan)

        def act(connection: Connection) -> Ledger:
            try:
                return self._commit(connection, judged, ledger)
            except psycopg.errors.UniqueViolation:
                self._careful = True
                return self._commit(connection, judged, ledger)

        lost = _("the database went away; what was read last will be read again")
        done = self._retry(act, lost)
        self._positions |= judged.ends
        return done

    def end_period(self, ledger: Ledger) -> None:
        def act(connection: Connection) -> None:
            with transaction(connection):
                if self._answer_lost:  # and with it what the attempt had noted
                    self._end_killed(connection)
                else:
                    receipt = ledger.receipt_of_places(*self._places)
                    self._end(connection, ledger.run, receipt.to_json())

        lost = _("the database went away; the receipt is completed at the next start")
        self._retry(act, lost)
        self._answer_lost = False

    def _retry(self, act: Callable[[Connection], T], lost: str) -> T:
        """Call `act` with a connection that holds the stream, again while the database is away."""
        pauses = Pauses(is_wanted=self._keep_waiting)
        while True:
            try:
                connection = self._connection or self._connect()
                with self._store.database.value_free():
                    return act(connection)
            except psycopg.OperationalError:
                self._disconnect()
                if not pauses.wait(f"{self.shown}: " + _("connection lost")):
                    raise self._error(lost) from None

    def close(self) -> None:
        self._disconnect()

    def _connect(self, seconds: float = 0.0) -> Connection:
        """Connect, trying for `seconds`, and hold the stream."""
        database = self._store.database
        try:
            connection = database.connect(seconds)
        except RunError:
            if seconds:
                raise
            raise psycopg.OperationalError("connection lost") from None
        # The transaction of a process that was killed may go on for a moment.
        pauses = Pauses(_LOCK_SECONDS, longest=0.1)
        with database.value_free():
            while not try_lock(connection, self._store.lock(self._stream)):
                if not pauses.wait():
                    connection.close()
                    raise self._error(_("stream {stream} is still under way", stream=self._stream))
        self._connection = connection
        return connection

    def _disconnect(self) -> None:
        if self._connection is not None:
            with suppress(Exception):
                self._connection.close()
            self._connection = None

    def _make(self, connection: Connection) -> None:
        """Make the tables that are missing, and attach the stream's partition of each."""
        execute(
            connection,
            "CREATE TABLE IF NOT EXISTS {} (stream text, source text, partition integer, "
            "next bigint NOT NULL, PRIMARY KEY (stream, source, partition))",
            self._store.table(POSITIONS),
        )
        self._store.check(connection, POSITIONS)
        check_overlap(self.shown, self._stream, self._streams(connection))
        query = "SELECT 1 FROM {} WHERE run = %s"
        row = execute(
            connection, query, self._store.table(RECEIPTS_TABLE), values=(self._stream,)
        ).fetchone()
        if row is not None:
            why = _("{stream} is the id of a batch run", stream=self._stream)
            raise UsageError(f"{self.shown}: {why}")
        make_steps(self._store, connection)
        for target in self._targets.values():
            self._store.make(connection, target)
            part = self._store.table(target.part(self._stream))
            if self._store.check(connection, target.part(self._stream)):
                set_defaults(connection, part, target)
            else:
                table = self._store.table(target.table)
                make_part(connection, table, part, target)
                attach(connection, table, part, self._stream)
        self._end_killed(connection)

    def _streams(self, connection: Connection) -> list[str]:
        """Ids of the streams and runs that have a partition of the quarantine's table."""
        rows = execute(
            connection,
            "SELECT pg_catalog.pg_get_expr(part.relpartbound, part.oid) "
            "FROM pg_catalog.pg_inherits JOIN pg_catalog.pg_class AS part "
            "ON part.oid = pg_inherits.inhrelid "
            "WHERE inhparent = pg_catalog.to_regclass(%s)",
            values=(self._store.table(self._targets[None].table).as_string(connection),),
        )
        return [run for (bound,) in rows for run in re.findall("'([a-z0-9-]+)'", str(bound))]

    def _end_killed(self, connection: Connection) -> None:
        """Complete the receipts of periods whose process was killed."""
        rows = execute(
            connection,
            "SELECT DISTINCT run FROM {} JOIN {} USING (run) WHERE receipt ->> 'stream' = %s",
            self._steps,
            self._store.table(RECEIPTS_TABLE),
            values=(self._stream,),
        )
        for (run,) in rows.fetchall():
            for name, text in self._store.select_receipts(connection, "run = %s", str(run)):
                self._end(connection, name, text)

    def _end(self, connection: Connection, run: str, receipt: str) -> None:
        """Write the whole receipt of a period in place of its steps."""
        execute(
            connection,
            "UPDATE {} SET receipt = %s, committed = now() WHERE run = %s",
            self._store.table(RECEIPTS_TABLE),
            values=(receipt, run),
        )
        execute(connection, "DELETE FROM {} WHERE run = %s", self._steps, values=(run,))

    def _read_positions(self, connection: Connection, *, lock: bool = False) -> dict[int, int]:
        rows = execute(
            connection,
            "SELECT source, partition, next FROM {} WHERE stream = %s {}",
            self._store.table(POSITIONS),
            SQL("FOR UPDATE" if lock else ""),
            values=(self._stream,),
        ).fetchall()
        for source, _partition, _next in rows:
            self._check_source(str(source))
        return {int(str(partition)): int(str(position)) for _source, partition, position in rows}

    def _commit(self, connection: Connection, judged: Judged, ledger: Ledger) -> Ledger:
        with transaction(connection):
            positions = self._read_positions(connection, lock=True)
            if positions != self._positions:
                if positions != self._positions | judged.ends:
                    raise self._error(
                        _("another process moved stream {stream}", stream=self._stream)
                    )
                self._answer_lost = True  # of an attempt that had committed it
                return ledger.after(judged)
            replaced = repeated = 0
            outputs: list[tuple[Target, Rows]] = [
                (self._targets[release], rows) for release, rows in judged.released.items()
            ]
            if judged.quarantined.data.num_rows:
                outputs.append((self._targets[None], judged.quarantined))
            for target, rows in outputs:
                nuls, repeats = self._send(connection, target, rows)
                replaced, repeated = replaced + nuls, repeated + repeats
            for anomaly, count in ((NUL_REPLACED, replaced), (ALREADY_THERE, repeated)):
                judged = judged.noting(anomaly, count) if count else judged
            if not ledger.commits:
                insert_receipt(self._store, connection, ledger.begun(*self._places))
            add_step(self._store, connection, ledger.commits, ledger.step(judged))
            self._write_positions(connection, judged)
            return ledger.after(judged)

    def _send(self, connection: Connection, target: Target, rows: Rows) -> tuple[int, int]:
        """Send rows.

        Returns:
            Number of values in which NUL was replaced, and of rows that were there already.
        """
        batch = target.sent(rows.data, rows.partitions, rows.offsets)
        part = self._store.table(target.part(self._stream))
        if not target.key or not self._careful:
            return load(connection, part, batch), 0
        replaced, inserted = load_missing(connection, part, batch)
        return replaced, batch.num_rows - inserted

    @property
    def _places(self) -> tuple[dict[str, str], str]:
        """Names of the tables by release id, and that of the quarantine."""
        paths = {
            output: f"{self._store.database.schema}.{target.part(self._stream)}"
            for output, target in self._targets.items()
        }
        quarantine = paths.pop(None)
        return {str(name): path for name, path in paths.items()}, quarantine

    def _write_positions(self, connection: Connection, judged: Judged) -> None:
        ends = judged.ends
        execute(
            connection,
            "INSERT INTO {} (stream, source, partition, next) "
            "SELECT %s, %s, * FROM unnest(%s::integer[], %s::bigint[]) "
            "ON CONFLICT (stream, source, partition) DO UPDATE SET next = excluded.next",
            self._store.table(POSITIONS),
            values=(self._stream, self._source, list(ends), list(ends.values())),
        )
