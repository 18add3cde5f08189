"""PostgreSQL tables as source of batch runs.

A table is read by one worker, in one statement and so in one state of the table, in bounded memory
and with only the columns that the plan reads.

An address holds a password: transforms keep it where nothing prints it, and elements never do.
"""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field

import apache_beam as beam
import psycopg
import pyarrow as pa
from apache_beam.pvalue import PBegin, PCollection
from psycopg.sql import SQL, Composed, Identifier

from tamis.arrow.scrub import scrub_batch
from tamis.beam import progress
from tamis.beam.batch import Batch, Input
from tamis.errors import InputError, UsageError, value_free
from tamis.formats.chunk import CHUNK_RECORDS, MAX_CHUNK_BYTES, PART_ROWS, Chunk, add_faults
from tamis.formats.names import known_names, leaf_paths, shown_names
from tamis.formats.postgres_copy import from_csv
from tamis.language import _
from tamis.plan.plan import Plan, PlanField
from tamis.stores.database import FIRST_TIMEOUT_SECONDS, Connection, Database


@dataclass
class ReadTables(beam.PTransform[PBegin, PCollection[Batch]]):
    """Read tables, projected to what `plan` reads.

    Positions are row numbers from 1 in the order of the primary key; in a table without one, in
    the order in which its rows are stored.

    Attributes:
        uris: of tables, each with `table` among its options.
        plan: the compiled policy.

    Example:
        >>> import tamis
        >>> plan = tamis.load_project().plan("regularite-prestataires", on="2026-03-02")
        >>> table = tamis.ReadTables(("postgresql://u:secret@host/base?table=prestataires",), plan)
        >>> "secret" in repr(table)
        False
    """

    uris: tuple[str, ...] = field(repr=False)
    plan: Plan

    def expand(self, begin: PBegin) -> PCollection[Batch]:
        """Tables → batches."""
        by_shown = {Database.of(uri).shown: uri for uri in self.uris}
        uris = tuple(uri for _shown, uri in sorted(by_shown.items()))
        batches = (
            begin
            | "Tables" >> beam.Create(range(len(uris)), reshuffle=False)
            | "Spread" >> beam.Reshuffle()
            | "Read" >> beam.ParDo(_ReadTableFn(uris, self.plan))
        )
        batches.element_type = Batch
        return batches


def read_table(uri: str, plan: Plan) -> Iterator[Chunk]:
    """The rows of the table at `uri` with the columns that `plan` reads, `CHUNK_RECORDS` a chunk.

    A column whose shape is not the plan's is not read: every row has it among its faults.

    Raises:
        UsageError: there is no such table.
        InputError: it has no field of the schema, or the connection is lost.
    """
    database = Database.of(uri)
    with value_free(f"reading {database.shown}"):
        connection = database.connect(FIRST_TIMEOUT_SECONDS)
        try:
            with connection, database.value_free():
                yield from _rows(connection, _project(connection, database, plan))
        except psycopg.OperationalError:
            raise InputError(database.shown, _("the connection was lost while reading")) from None


def digest_table(uri: str, plan: Plan) -> Input:
    """Rows and digest of what `plan` reads of a table, as a receipt tells them."""
    digest = _Digest(Database.of(uri).shown)
    for chunk in read_table(uri, plan):
        digest.add(chunk)
    return digest.input()


class _Digest:
    """Rows, bytes and SHA-256 of what was read of a table: its sealed columns as Arrow IPC."""

    def __init__(self, shown: str) -> None:
        self._shown = shown
        self._sha256 = hashlib.sha256()
        self._rows = self._bytes = 0

    def add(self, chunk: Chunk) -> None:
        self._rows += len(chunk.positions)
        if chunk.data.num_columns:
            encoded = scrub_batch(chunk.data).serialize()
            self._bytes += encoded.size
            self._sha256.update(encoded)

    def input(self) -> Input:
        return Input(self._shown, self._rows, self._bytes, self._sha256.hexdigest())


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
    unknown: frozenset[str]
    missing: frozenset[str]


def _project(connection: Connection, database: Database, plan: Plan) -> _Projection:
    table = Identifier(database.schema, database.table)
    rows = connection.execute(
        SQL(
            "SELECT a.attname, format_type(a.atttypid, NULL), t.typcategory FROM pg_attribute a "
            "JOIN pg_type t ON t.oid = a.atttypid "
            "WHERE a.attrelid = to_regclass(%s) AND a.attnum > 0 AND NOT a.attisdropped"
        ),
        (table.as_string(),),
    ).fetchall()
    columns = {str(name): (str(kind), _as_str(category)) for name, kind, category in rows}
    if not columns:
        raise UsageError(
            _("{table}: there is no such table, or it has no column").format(table=database.shown)
        )
    known = known_names(plan)
    if not known & set(columns):
        raise InputError(database.shown, _("has no field of the schema"))
    types, fields, faults, chosen = {}, [], [], []
    for field_ in plan.fields:
        if field_.name not in columns:
            continue
        kind, category = columns[field_.name]
        is_nested = category in "AC" or kind in ("json", "jsonb")
        if is_nested != (field_.of is not None or bool(field_.fields)):
            faults += leaf_paths(field_, field_.name)
            continue
        column = SQL("to_jsonb({})" if is_nested else "{}").format(Identifier(field_.name))
        chosen.append(column)
        types[field_.name] = "jsonb" if is_nested else kind
        fields.append(field_)
    key = connection.execute(
        SQL(
            "SELECT a.attname FROM pg_index i "
            "CROSS JOIN LATERAL unnest(i.indkey::int[]) WITH ORDINALITY k(number, place) "
            "JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k.number "
            "WHERE i.indrelid = to_regclass(%s) AND i.indisprimary ORDER BY k.place"
        ),
        (table.as_string(),),
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
        shown_names(sorted(set(columns) - known)),
        known - set(columns),
    )


def _rows(connection: Connection, projection: _Projection) -> Iterator[Chunk]:
    # Several workers of the server would send the rows in the order of their chance.
    connection.execute(SQL("SET max_parallel_workers_per_gather = 0"))
    held, count, first = bytearray(), 0, 1
    with connection.cursor() as cursor, cursor.copy(projection.command) as copy:
        for row in copy:
            held += row
            count += 1
            if len(held) > MAX_CHUNK_BYTES:
                raise InputError(
                    projection.shown,
                    _(
                        "rows {first} to {last} take more than {limit} MiB in the fields that are "
                        "read"
                    ).format(first=first, last=first + count - 1, limit=MAX_CHUNK_BYTES >> 20),
                )
            if count == CHUNK_RECORDS:
                yield _chunk(bytes(held), first, count, projection)
                held, count, first = bytearray(), 0, first + count
    if count or first == 1:
        yield _chunk(bytes(held), first, count, projection)


def _chunk(data: bytes, first: int, count: int, projection: _Projection) -> Chunk:
    positions = pa.array(range(first, first + count), pa.int64())
    if count:
        read = from_csv(data, projection.types, projection.fields, positions)
        read = add_faults(read, projection.faults)
    else:
        read = pa.RecordBatch.from_arrays([], names=[])
    return Chunk(read, positions, unknown=projection.unknown, missing=projection.missing)


def _as_str(value: object) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)


class _ReadTableFn(beam.DoFn):
    """Numbers of tables in, batches out."""

    def __init__(self, uris: tuple[str, ...], plan: Plan) -> None:
        self._uris = uris
        self._plan = plan

    def process(self, number: int) -> Iterator[Batch]:
        uri = self._uris[number]
        shown = Database.of(uri).shown
        digest = _Digest(shown)
        progress.expect(0)
        rows = seq = part = 0
        for chunk in read_table(uri, self._plan):
            digest.add(chunk)
            if rows // PART_ROWS != part:
                part, seq = rows // PART_ROWS, 0
            yield Batch(chunk, shown, f"{number:05d}-{part:05d}", seq)
            rows += len(chunk.positions)
            seq += 1
            progress.advance(len(chunk.positions), 0)
        yield Batch(source=shown, inputs=(digest.input(),))
