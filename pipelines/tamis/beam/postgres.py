"""PostgreSQL as source and as store of batch runs.

A table is read by one worker, in one statement and so in one state of the table, in bounded memory
and with only the columns that the plan reads. What is written goes to tables of the run's own,
and the last step of the graph attaches them (`tamis.stores.tables`).

An address holds a password: transforms keep it where nothing prints it, and elements never do.
"""

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any

import apache_beam as beam
import pyarrow as pa
from apache_beam.pvalue import AsIter, AsSingleton, PBegin, PCollection

from tamis.arrow.scrub import scrub_batch
from tamis.beam import progress
from tamis.beam.batch import Batch, Input
from tamis.beam.minimize import Outputs
from tamis.beam.store import SumTallies, Total, new_facts
from tamis.beam.transform import SeveralCollections
from tamis.errors import InputError, UsageError, value_free
from tamis.evidence.receipt import FilePart, Receipt, RunFacts, make_receipt
from tamis.formats.chunk import (
    CHUNK_RECORDS,
    MAX_CHUNK_BYTES,
    PART_ROWS,
    Chunk,
    add_faults,
    known_names,
    leaf_paths,
    shown_names,
)
from tamis.formats.postgres_copy import from_csv
from tamis.plan.plan import Plan, PlanField
from tamis.stores.database import FIRST_PATIENCE_SECONDS, Connection, Database, quoted
from tamis.stores.table_layout import Target, targets
from tamis.stores.tables import TableStore, TableWriter

NUL_REPLACED = "nul-replaced"
"""Anomaly: released values in which U+FFFD stands for a NUL character."""


@dataclass
class ReadTables(beam.PTransform[PBegin, PCollection[Batch]]):
    """Read tables, projected to what `plan` reads.

    Positions are row numbers from 1 in the order of the primary key; in a table without one, in
    the order in which its rows are stored.

    Attributes:
        uris: of tables, each with `table` among its options.
        plan: the compiled policy.
    """

    uris: tuple[str, ...] = field(repr=False)
    plan: Plan

    def expand(self, begin: PBegin) -> PCollection[Batch]:
        """Tables → batches."""
        by_shown = {Database.of(uri).shown: uri for uri in self.uris}
        uris = tuple(uri for _, uri in sorted(by_shown.items()))
        batches = (
            begin
            | "Tables" >> beam.Create(range(len(uris)), reshuffle=False)
            | "Spread" >> beam.Reshuffle()
            | "Read" >> beam.ParDo(_ReadTableFn(uris, self.plan))
        )
        batches.element_type = Batch
        return batches


@dataclass
class PostgresStore(SeveralCollections[Outputs, PCollection[str]]):
    """Write what `Minimize` gave to the tables of a database, and commit it as its run.

    Attributes:
        uri: of the database.
        plan: need not be given: that of `Minimize`; another one is refused.
        run: likewise, the id of the run.
        facts: what the run knows of itself; made from its id where absent.
    """

    uri: str = field(repr=False)
    plan: Plan | None = None
    run: str | None = None
    facts: RunFacts | None = None

    def expand(self, outputs: Outputs) -> PCollection[str]:
        """Stage, reconcile, commit; the one element that comes out is the receipt as JSON."""
        outputs.check_same(self.plan, self.run)
        plan, run = outputs.plan, outputs.run
        begin = outputs.quarantined.pipeline
        staged = (
            begin
            | "Begin" >> beam.Create([run], reshuffle=False)
            | "Stage" >> beam.Map(_stage, self.uri, plan)
        )
        collections: dict[str | None, PCollection[Batch]] = {None: outputs.quarantined}
        collections.update(outputs.released)
        written = [
            collections[target.output]
            | f"Write {target.output or 'quarantine'}"
            >> beam.ParDo(_WriteTableFn(self.uri, target, run), AsSingleton(staged))
            for target in targets(plan, run)
        ]
        total = outputs.tallies | "Sum" >> beam.CombineGlobally(SumTallies())
        return (
            begin
            | "Once" >> beam.Create([run], reshuffle=False)
            | "Commit"
            >> beam.Map(
                _commit,
                self.uri,
                plan,
                self.facts or new_facts(run),
                AsSingleton(total),
                AsIter(tuple(written) | "Written" >> beam.Flatten()),
            )
        )


def read_table(uri: str, plan: Plan) -> Iterator[Chunk]:
    """The rows of the table at `uri` with the columns that `plan` reads, `CHUNK_RECORDS` a chunk.

    A column whose shape is not the plan's is not read: every row has it among its faults.

    Raises:
        UsageError: there is no such table.
        InputError: it has no field of the schema, or the connection is lost.
    """
    import psycopg

    database = Database.of(uri)
    with value_free(f"reading {database.shown}"):
        connection = database.connect(FIRST_PATIENCE_SECONDS)
        try:
            with connection, database.told():
                yield from _rows(connection, _project(connection, database, plan))
        except psycopg.OperationalError:
            raise InputError(database.shown, "the connection was lost while reading") from None


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
    command: str
    types: dict[str, str]
    fields: tuple[PlanField, ...]
    faults: tuple[str, ...]
    unknown: frozenset[str]
    missing: frozenset[str]


def _project(connection: Connection, database: Database, plan: Plan) -> _Projection:
    table = quoted(database.schema, database.table)
    rows = connection.execute(
        b"SELECT a.attname, format_type(a.atttypid, NULL), t.typcategory FROM pg_attribute a "
        b"JOIN pg_type t ON t.oid = a.atttypid "
        b"WHERE a.attrelid = to_regclass(%s) AND a.attnum > 0 AND NOT a.attisdropped",
        (table,),
    ).fetchall()
    found = {str(name): (str(kind), _as_str(category)) for name, kind, category in rows}
    if not found:
        raise UsageError(f"{database.shown}: there is no such table, or it has no column")
    known = known_names(plan)
    if not known & set(found):
        raise InputError(database.shown, "has no field of the schema")
    types, fields, faults, chosen = {}, [], [], []
    for one in plan.fields:
        if one.name not in found:
            continue
        kind, category = found[one.name]
        nests = category in "AC" or kind in ("json", "jsonb")
        if nests != (one.of is not None or bool(one.fields)):
            faults += leaf_paths(one, one.name)
            continue
        column = quoted(one.name)
        chosen.append(f"to_jsonb({column})" if nests else column)
        types[one.name] = "jsonb" if nests else kind
        fields.append(one)
    key = connection.execute(
        b"SELECT a.attname FROM pg_index i "
        b"CROSS JOIN LATERAL unnest(i.indkey::int[]) WITH ORDINALITY k(number, place) "
        b"JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k.number "
        b"WHERE i.indrelid = to_regclass(%s) AND i.indisprimary ORDER BY k.place",
        (table,),
    ).fetchall()
    order = f" ORDER BY {', '.join(quoted(str(name)) for (name,) in key)}" if key else ""
    return _Projection(
        database.shown,
        f"COPY (SELECT {', '.join(chosen)} FROM {table}{order}) TO STDOUT (FORMAT csv)",
        types,
        tuple(fields),
        tuple(faults),
        shown_names(sorted(set(found) - known)),
        known - set(found),
    )


def _rows(connection: Connection, what: _Projection) -> Iterator[Chunk]:
    # Several workers of the server would send the rows in the order of their chance.
    connection.execute(b"SET max_parallel_workers_per_gather = 0")
    held, count, first = bytearray(), 0, 1
    with connection.cursor() as cursor, cursor.copy(what.command.encode()) as copy:
        for row in copy:
            held += row
            count += 1
            if len(held) > MAX_CHUNK_BYTES:
                raise InputError(
                    what.shown,
                    f"rows {first} to {first + count - 1} take more than "
                    f"{MAX_CHUNK_BYTES >> 20} MiB in the fields that are read",
                )
            if count == CHUNK_RECORDS:
                yield _chunk(bytes(held), first, count, what)
                held, count, first = bytearray(), 0, first + count
    if count or first == 1:
        yield _chunk(bytes(held), first, count, what)


def _chunk(data: bytes, first: int, count: int, what: _Projection) -> Chunk:
    positions = pa.array(range(first, first + count), pa.int64())
    if count:
        read = from_csv(data, what.types, what.fields, positions)
        read = add_faults(read, what.faults)
    else:
        read = pa.RecordBatch.from_arrays([], names=[])
    return Chunk(read, positions, unknown=what.unknown, missing=what.missing)


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


class _WriteTableFn(beam.DoFn):
    """Batches of one output in; for each, how many values had a NUL character replaced."""

    def __init__(self, uri: str, target: Target, run: str) -> None:
        self._uri = uri
        self._target = target
        self._run = run

    def setup(self) -> None:
        self._writer = TableWriter(self._uri, self._target, self._run)

    def process(self, batch: Batch, staged: str) -> Iterator[int]:
        with value_free(f"writing part {batch.part}"):
            number = int(batch.part.partition("-")[0])
            yield self._writer.write(batch.data, number, batch.positions)

    def teardown(self) -> None:
        self._writer.close()


def _stage(run: str, uri: str, plan: Plan) -> str:
    with value_free(f"staging run {run}"):
        store = TableStore(uri)
        store.prepare()
        store.stage(run, plan)
    return run


def _commit(
    run: str, uri: str, plan: Plan, facts: RunFacts, total: Total, replaced: Iterable[int]
) -> str:
    with value_free(f"committing run {run}"):
        tally = replace(total.tally, anomalies=total.tally.anomalies.copy())
        tally.anomalies[NUL_REPLACED] += sum(replaced)
        store = TableStore(uri)

        def make(counted: dict[str | None, tuple[str, int]]) -> Receipt:
            tables: dict[str | None, list[Any]] = {
                output: [FilePart(path=f"{store.database.schema}.{name}", rows=rows, sha256="")]
                for output, (name, rows) in counted.items()
                if rows
            }
            quarantined = tables.pop(None, [])
            released = {str(output): found for output, found in tables.items()}
            return make_receipt(plan, facts, tally, total.input_parts(), released, quarantined)

        return store.commit(run, plan, make).to_json()
