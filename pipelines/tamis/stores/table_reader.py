"""Tables of PostgreSQL as inputs: chunks of the columns that a plan reads, and their digest.

A table is read in one statement, and so in one state of the table, in bounded memory.
"""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import psycopg
import pyarrow as pa
from psycopg.sql import SQL, Composed, Identifier

from tamis.address import DatabaseAddress
from tamis.arrow.scrub import scrub_batch
from tamis.errors import InputError, UsageError, value_free
from tamis.formats.chunk import Chunk, add_faults
from tamis.formats.names import declared_names, known_names, leaf_paths
from tamis.formats.postgres_copy import from_csv
from tamis.language import _
from tamis.limits import USUAL, Limits
from tamis.plan.plan import Plan, PlanField
from tamis.stores.database import (
    FIRST_TIMEOUT_SECONDS,
    Connection,
    Database,
    execute,
    transaction,
)


def read_table(address: DatabaseAddress, plan: Plan, limits: Limits = USUAL) -> Iterator[Chunk]:
    """Read the rows of a table with the columns that `plan` reads.

    A column whose shape is not the plan's is not read: every row has it among its faults.

    Returns:
        Chunks of `limits.chunk_records` rows, the last one excepted. Positions are row numbers
        from 1 in the order of the primary key; in a table without one, in the order in which its
        rows are stored.

    Raises:
        UsageError: there is no such table.
        InputError: it has no field of the schema, or the connection is lost.
    """
    database = Database(address)
    with value_free(_("reading {source}", source=database.shown)):
        connection = database.connect(FIRST_TIMEOUT_SECONDS)
        try:
            with connection, database.value_free(), transaction(connection):
                projection = _project(connection, database, address.table, plan)
                yield from _rows(connection, projection, limits)
        except psycopg.OperationalError:
            raise InputError(database.shown, _("the connection was lost while reading")) from None


class TableDigest:
    """Rows, bytes and SHA-256 of what was read of a table: its scrubbed columns as Arrow IPC.

    Attributes:
        rows: how many were read.
        bytes: of their columns.
    """

    def __init__(self) -> None:
        self._sha256 = hashlib.sha256()
        self.rows = self.bytes = 0

    def add(self, chunk: Chunk) -> None:
        """Add the rows of a chunk."""
        self.rows += len(chunk.positions)
        if chunk.data.num_columns:
            encoded = scrub_batch(chunk.data).serialize()
            self.bytes += encoded.size
            self._sha256.update(encoded)

    @property
    def sha256(self) -> str:
        """The digest in hexadecimal."""
        return self._sha256.hexdigest()


def digest_table(address: DatabaseAddress, plan: Plan) -> str:
    """The digest in hexadecimal of what `plan` reads of a table, for the receipt."""
    digest = TableDigest()
    for chunk in read_table(address, plan):
        digest.add(chunk)
    return digest.sha256


@dataclass(frozen=True)
class _Projection:
    """What is read of a table.

    Attributes:
        command: the `COPY` that reads it.
        types: by column, the type that it is read as.
        fields: the plan's, of those columns.
        faults: paths of fields whose column has another shape.
    """

    shown: str
    command: Composed
    types: dict[str, str]
    fields: tuple[PlanField, ...]
    faults: tuple[str, ...]
    unknown: Mapping[str, int]
    missing: frozenset[str]


def _project(connection: Connection, database: Database, name: str, plan: Plan) -> _Projection:
    table = Identifier(database.schema, name)
    rows = execute(
        connection,
        "SELECT a.attname, format_type(a.atttypid, NULL), t.typcategory::text "
        "FROM pg_attribute a JOIN pg_type t ON t.oid = a.atttypid "
        "WHERE a.attrelid = to_regclass(%s) AND a.attnum > 0 AND NOT a.attisdropped",
        values=(table.as_string(),),
    )
    columns = {str(name): (str(kind), str(category)) for name, kind, category in rows.fetchall()}
    if not columns:
        raise UsageError(
            _("{table}: there is no such table, or it has no column", table=database.shown)
        )
    known = known_names(plan)
    if not known & set(columns):
        raise InputError(database.shown, _("has no field of the schema"))
    types, fields, faults, chosen = {}, [], [], []
    for field_ in plan.fields:
        if field_.source_name not in columns:
            continue
        kind, category = columns[field_.source_name]
        is_nested = category in "AC" or kind in ("json", "jsonb")
        if is_nested != (field_.of is not None or bool(field_.fields)):
            faults += leaf_paths(field_, field_.name)
            continue
        column = SQL("to_jsonb({})" if is_nested else "{}").format(Identifier(field_.source_name))
        chosen.append(column)
        types[field_.name] = "jsonb" if is_nested else kind
        fields.append(field_)
    key = execute(
        connection,
        "SELECT a.attname FROM pg_index i "
        "CROSS JOIN LATERAL unnest(i.indkey::int[]) WITH ORDINALITY k(number, place) "
        "JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k.number "
        "WHERE i.indrelid = to_regclass(%s) AND i.indisprimary ORDER BY k.place",
        values=(table.as_string(),),
    ).fetchall()
    query = SQL("SELECT {} FROM {}").format(SQL(", ").join(chosen), table)
    if key:
        names = SQL(", ").join(Identifier(str(name)) for (name,) in key)
        query += SQL(" ORDER BY {}").format(names)
    return _Projection(
        database.shown,
        SQL("COPY ({}) TO STDOUT (FORMAT csv)").format(query),
        types,
        tuple(fields),
        tuple(faults),
        declared_names(sorted(set(columns) - known)),
        known - set(columns),
    )


def _rows(connection: Connection, projection: _Projection, limits: Limits) -> Iterator[Chunk]:
    # Several workers of the server would send the rows in the order of their chance.
    execute(connection, "SET LOCAL max_parallel_workers_per_gather = 0")
    data, count, first = bytearray(), 0, 1
    with connection.cursor() as cursor, cursor.copy(projection.command) as copy:
        for row in copy:
            data += row
            count += 1
            if len(data) > limits.chunk_bytes:
                raise InputError(
                    projection.shown,
                    _(
                        "rows {first} to {last} take more than {limit} MiB in the fields that are "
                        "read",
                        first=first,
                        last=first + count - 1,
                        limit=limits.chunk_bytes >> 20,
                    ),
                )
            if count == limits.chunk_records:
                yield _chunk(bytes(data), first, count, projection)
                data, count, first = bytearray(), 0, first + count
    if count or first == 1:
        yield _chunk(bytes(data), first, count, projection)


def _chunk(data: bytes, first: int, count: int, projection: _Projection) -> Chunk:
    positions = pa.array(range(first, first + count), pa.int64())
    if count:
        read = from_csv(data, projection.types, projection.fields, positions)
        read = add_faults(read, projection.faults)
    else:
        read = pa.RecordBatch.from_arrays([], names=[])
    return Chunk(read, positions, unknown=projection.unknown, missing=projection.missing)
