"""Rows of quarantine in any store or file, with the originals that a stream sealed.

    DIR                   a Parquet store
    FILE.parquet          columns run, source, position, reason, field, rule, and sealed (binary)
    FILE.jsonl or -       an object a line, alike; `sealed` in base64, as in a quarantine topic
    postgresql://…/db     its table `_tamis_quarantine`, or the one named by `table`

What stands in a store is read, whether its receipt is there yet or not.
"""

import base64
import binascii
import dataclasses
import json
import sys
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, BinaryIO

from tamis.address import DatabaseAddress, parse_store, require_driver
from tamis.errors import InputError, RunError, TamisError, os_problem
from tamis.language import _
from tamis.stores.folder import open_folder
from tamis.stores.folder_layout import QUARANTINE_FOLDER, RECEIPTS_FOLDER
from tamis.stores.table_layout import QUARANTINE_TABLE

_WORDS = ("run", "source", "reason", "field", "rule")
_COLUMNS = (*_WORDS, "position", "sealed")
_ROWS_AT_ONCE = 32
"""Few, since an original may have tens of megabytes."""


@dataclass(frozen=True)
class Quarantined:
    """A row of quarantine.

    Attributes:
        sealed: the original message, sealed; None if it was not kept.
        problem: why the row itself cannot be read, or empty.
    """

    run: str
    source: str
    position: int
    reason: str
    field: str
    rule: str
    sealed: bytes | None = dataclasses.field(repr=False)
    problem: str = ""


@dataclass(frozen=True)
class QuarantineFilter:
    """Which rows of quarantine are read; what is empty does not matter."""

    runs: frozenset[str] = frozenset()
    reasons: frozenset[str] = frozenset()
    positions: frozenset[int] = frozenset()

    def includes(self, row: Quarantined) -> bool:
        """Whether a row is selected. One that cannot be read is."""
        return bool(row.problem) or (
            (not self.runs or row.run in self.runs)
            and (not self.reasons or row.reason in self.reasons)
            and (not self.positions or row.position in self.positions)
        )


def read_quarantined(uri: str, selection: QuarantineFilter) -> Iterator[Quarantined]:
    """Read the rows of quarantine at `uri` that `selection` includes.

    Raises:
        InputError: there is none, or it cannot be read.
        RunError: the database does not answer.
    """
    address = parse_store(uri)
    if isinstance(address, DatabaseAddress):
        rows = _read_table(address, selection)
    else:
        rows = _read_files(uri)
    return (row for row in rows if selection.includes(row))


def _read_files(uri: str) -> Iterator[Quarantined]:
    if uri == "-":
        yield from _read_lines(sys.stdin.buffer, _("standard input"))
        return
    if uri.endswith((".parquet", ".jsonl")):
        top, slash, name = uri.rpartition("/")
        folder, names = open_folder(top or slash or "."), [name]
    else:
        top = uri.rstrip("/") or "/"
        folder = open_folder(top)
        names = folder.files(QUARANTINE_FOLDER)
        if not names and not folder.files(RECEIPTS_FOLDER):
            raise InputError(uri, _("is no store, and no file .parquet or .jsonl"))
    for path in names:
        shown = f"{folder.uri}/{path}" if "/" in path else uri
        try:
            stream = folder.open(path)
        except OSError as error:
            text = _("cannot be read: {reason}", reason=os_problem(error))
            raise InputError(shown, text) from None
        with stream:
            read = _read_parquet if path.endswith(".parquet") else _read_lines
            yield from read(stream, shown)


def _read_parquet(stream: BinaryIO, shown: str) -> Iterator[Quarantined]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        file = pq.ParquetFile(stream)
        there = set(file.schema_arrow.names)
        if not {"source", "position"} <= there:
            raise InputError(shown, _("is no quarantine: columns source and position are missing"))
        columns = [name for name in _COLUMNS if name in there]
        for batch in file.iter_batches(_ROWS_AT_ONCE, columns=columns):
            for row in batch.to_pylist():
                yield _row(row, row.get("sealed"), shown)
    except (pa.ArrowException, OSError):
        raise InputError(shown, _("is no Parquet file, or is damaged")) from None


def _read_lines(stream: BinaryIO, shown: str) -> Iterator[Quarantined]:
    for number, line in enumerate(stream, 1):
        if line.isspace():
            continue
        where = _("{file}: line {number}", file=shown, number=number)
        try:
            row = json.loads(line)
            sealed = row.get("sealed")
        except (ValueError, RecursionError, AttributeError):
            yield _unreadable(where, _("is no object of JSON"))
            continue
        try:
            original = None if sealed is None else base64.b64decode(sealed, validate=True)
        except (binascii.Error, ValueError, TypeError):
            yield _unreadable(where, _("`sealed` is not in base64, or was cut short"))
            continue
        yield _row(row, original, where)


def _row(row: dict[str, Any], sealed: Any, where: str) -> Quarantined:
    words = {name: row.get(name) or "" for name in _WORDS}
    position = row.get("position")
    is_row = all(isinstance(word, str) for word in words.values()) and words["source"]
    if not is_row or type(position) is not int or not isinstance(sealed, bytes | None):
        return _unreadable(where, _("is no row of quarantine"))
    return Quarantined(**words, position=position, sealed=sealed)


def _unreadable(where: str, problem: str) -> Quarantined:
    return Quarantined("", where, -1, "", "", "", None, problem)


def _read_table(address: DatabaseAddress, selection: QuarantineFilter) -> Iterator[Quarantined]:
    require_driver(address, "postgres")
    import psycopg
    from psycopg.sql import SQL, Identifier

    from tamis.stores.database import FIRST_TIMEOUT_SECONDS, Database, column_types, transaction

    database = Database(address)
    name = address.table or QUARANTINE_TABLE
    table = Identifier(database.schema, name)
    filters = {
        "run": sorted(selection.runs),
        "reason": sorted(selection.reasons),
        "position": sorted(selection.positions),
    }
    connection = database.connect(FIRST_TIMEOUT_SECONDS)
    try:
        with database.value_free(), transaction(connection):
            there = column_types(connection, table)
            if not {"source", "position"} <= there.keys():
                raise InputError(
                    database.shown, _("no quarantine there: no table {table}", table=name)
                )
            columns = [column for column in _COLUMNS if column in there]
            # The server leaves out what it can, so that large originals need not travel.
            used = {column: values for column, values in filters.items() if values}
            used = {column: values for column, values in used.items() if column in there}
            conditions = [SQL("{} = ANY(%s)").format(Identifier(column)) for column in used]
            command = SQL("SELECT {} FROM {} WHERE {}").format(
                SQL(", ").join(map(Identifier, columns)),
                table,
                SQL(" AND ").join([SQL("true"), *conditions]),
            )
            with connection.cursor("tamis_unseal", binary=True) as cursor:
                cursor.itersize = _ROWS_AT_ONCE
                for values in cursor.execute(command, list(used.values())):
                    row = dict(zip(columns, values, strict=True))
                    yield _row(row, row.get("sealed"), database.shown)
    except psycopg.OperationalError:
        raise RunError(_("{address}: the connection was lost", address=database.shown)) from None
    finally:
        with suppress(TamisError, psycopg.Error):
            connection.close()
