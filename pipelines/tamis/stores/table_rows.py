"""Rows of a store's tables: written by `COPY` while a run is under way, and counted afterwards."""

import os
from collections import Counter
from collections.abc import Iterator

import pyarrow as pa
from psycopg.sql import SQL, Composable, Composed, Identifier

from tamis.filter.quarantine import cause_of
from tamis.filter.tally import Cause, QuarantineCount, merge_causes
from tamis.formats.chunk import PartKey
from tamis.formats.postgres_copy import to_csv
from tamis.stores.database import (
    FIRST_TIMEOUT_SECONDS,
    Connection,
    Database,
    KeptConnection,
    column_types,
    execute,
)
from tamis.stores.protocol import Piece, StoredRows, Writer
from tamis.stores.table_layout import KEY, PIECE, Target
from tamis.stores.units import Unit, Units

SENT_ROWS = 8_192
"""Rows that are sent at once."""


class TableWriter(Writer):
    """Writes each batch in a transaction, and gives a piece for it.

    Rows without a key are gathered to units first, and sent in the order of their values.

    Rows of a transaction whose answer was lost, or of a bundle that failed, are in no piece that
    the commit is given, and it takes in no others.

    Args:
        database: of the store.
        target: the table.
        staged: name of the attempt's own table.
        registry: the table in which attempts say that they are under way.
        unit_rows: rows of a unit.
    """

    def __init__(
        self,
        database: Database,
        target: Target,
        staged: str,
        registry: Identifier,
        unit_rows: int,
    ) -> None:
        self._connection = KeptConnection(database)
        self._target = target
        self._staged = staged
        self._table = Identifier(database.schema, staged)
        self._registry = registry
        self._unit_rows = unit_rows
        self.begin()

    def begin(self) -> None:
        self._part = PartKey(0, 0)
        self._units = None if self._target.key else Units(self._unit_rows)

    def write(
        self, batch: pa.RecordBatch, part: PartKey, seq: int, positions: pa.Int64Array
    ) -> Iterator[Piece]:
        if self._units is None:
            inputs = pa.repeat(pa.scalar(part.input, pa.int32()), batch.num_rows)
            yield self._send(self._target.sent(batch, inputs, positions), part)
            return
        if part != self._part:
            yield from self.finish()
            self._part = part
        for unit in self._units.add(batch):
            yield from self._send_unit(unit)

    def finish(self) -> Iterator[Piece]:
        for unit in self._units.finish() if self._units is not None else ():
            yield from self._send_unit(unit)

    def _send_unit(self, unit: Unit) -> Iterator[Piece]:
        for batch in unit.rows.to_batches():
            yield self._send(self._target.sent(batch), self._part)

    def _send(self, rows: pa.RecordBatch, part: PartKey) -> Piece:
        piece, replaced = self._connection.retry(lambda held: self._copy(held, rows))
        batches = ((0, rows.num_rows),)
        return Piece(self._target.output, part, str(piece), batches, nul_replaced=replaced)

    def close(self) -> None:
        self._connection.close()

    def _copy(self, connection: Connection, rows: pa.RecordBatch) -> tuple[int, int]:
        piece = int.from_bytes(os.urandom(8)) >> 1
        pieces = pa.repeat(pa.scalar(piece, pa.int64()), rows.num_rows)
        replaced = load(connection, self._table, rows.append_column(PIECE, pieces))
        execute(
            connection,
            "UPDATE {} SET staged = clock_timestamp() "
            "WHERE part = %s AND staged < clock_timestamp() - interval '1 minute'",
            self._registry,
            values=(self._staged,),
        )
        return piece, replaced


class TableRows(StoredRows):
    """Rows in a table. A column without any value is left out: it is that of other runs."""

    def __init__(self, database: Database, table: Identifier) -> None:
        self._database = database
        self._table = table

        def act(connection: Connection) -> tuple[dict[str, str], tuple[object, ...]]:
            types = column_types(connection, table)
            types = {name: kind for name, kind in types.items() if name not in KEY}
            counts = SQL(", ").join(SQL("count({})").format(Identifier(name)) for name in types)
            rows = execute(connection, "SELECT count(*), {} FROM {}", counts, table)
            return types, rows.fetchall()[0]

        self.types, (rows, *counts) = database.retry(act, FIRST_TIMEOUT_SECONDS)
        self.rows = int(str(rows))
        present = zip(self.types, counts, strict=True)
        self.columns = frozenset(name for name, count in present if count)

    def counts(self, column: str) -> Counter[str | None]:
        if column not in self.columns:
            return Counter({None: self.rows})
        command = "SELECT {}::text, count(*) FROM {} GROUP BY 1"
        rows = self._database.retry(
            lambda held: execute(held, command, Identifier(column), self._table).fetchall(),
            FIRST_TIMEOUT_SECONDS,
        )
        return Counter({None if value is None else str(value): int(str(n)) for value, n in rows})

    def head(self, count: int) -> list[dict[str, object]]:
        names = SQL(", ").join(map(Identifier, self.types))
        command = "SELECT {} FROM {} LIMIT %s"
        rows = self._database.retry(
            lambda held: execute(held, command, names, self._table, values=(count,)).fetchall(),
            FIRST_TIMEOUT_SECONDS,
        )
        return [dict(zip(self.types, row, strict=True)) for row in rows]

    def causes(self) -> dict[Cause, QuarantineCount]:
        columns = (*Cause._fields, "source")
        if not self.columns.issuperset((*columns, "position")):
            return {}
        names = SQL(", ").join(map(Identifier, columns))
        command = "SELECT count(*), min(position), {} FROM {} GROUP BY {}"
        rows = self._database.retry(
            lambda held: execute(held, command, names, self._table, names).fetchall(),
            FIRST_TIMEOUT_SECONDS,
        )
        return merge_causes(
            (cause_of(*map(str, cause)), QuarantineCount(int(str(n)), str(source), int(str(first))))
            for n, first, *cause, source in rows
        )


def load(connection: Connection, table: Composable, rows: pa.RecordBatch) -> int:
    """Send N rows to `table`, whose columns have the names of the batch's.

    Returns:
        Number of values in which U+FFFD stands for a NUL character.
    """
    command = SQL("COPY {} ({}) FROM STDIN (FORMAT csv)").format(table, _columns(rows))
    with connection.cursor() as cursor, cursor.copy(command) as copy:
        replaced = 0
        for start in range(0, rows.num_rows, SENT_ROWS):
            # The server takes in a piece while the next is made.
            data, nul_replaced = to_csv(rows.slice(start, SENT_ROWS))
            copy.write(data)
            replaced += nul_replaced
    return replaced


def load_missing(
    connection: Connection, table: Composable, rows: pa.RecordBatch
) -> tuple[int, int]:
    """Send N rows to `table`, those left out whose key is there already. In a transaction.

    Returns:
        Numbers of values in which U+FFFD stands for a NUL character, and of rows inserted.
    """
    again = Identifier("again")
    command = "CREATE TEMP TABLE {} (LIKE {} INCLUDING DEFAULTS) ON COMMIT DROP"
    execute(connection, command, again, table)
    replaced = load(connection, again, rows)
    command = "INSERT INTO {} ({}) SELECT {} FROM {} ON CONFLICT DO NOTHING"
    columns = _columns(rows)
    inserted = execute(connection, command, table, columns, columns, again).rowcount
    execute(connection, "DROP TABLE {}", again)
    return replaced, inserted


def _columns(rows: pa.RecordBatch) -> Composed:
    return SQL(", ").join(map(Identifier, rows.schema.names))
