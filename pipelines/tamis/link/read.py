"""A release, or any table that a partner may hold, as the attack sees it.

    STORE/POLICY/RELEASE            the files of a release that receipts list
    DIR, FILE                       Parquet, CSV, JSON Lines; of a folder all files of one format
    postgresql://host/db?table=T    a table, in the order in which the server gives its rows

Columns are read one after the other and kept as distinct values and places, so that a table takes
about four bytes a cell. JSON Lines may be records, or messages as tools print them, with the record
as text in `value` or `payload`.
"""

import csv
import io
import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path
from typing import Any, BinaryIO, Final

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.json

from tamis.address import DatabaseAddress, PathAddress, is_local, parse_store, require_driver
from tamis.arrow.types import is_list
from tamis.documents.tags import TAGS
from tamis.dry_run.hashing import Hashes, hash_rows
from tamis.errors import InputError, UsageError
from tamis.evidence.removal import standing
from tamis.formats.compression import decompressed
from tamis.formats.csv_guess import START_BYTES, CsvGuess, guess_csv
from tamis.formats.names import shown_name
from tamis.formats.parquet import open_parquet
from tamis.formats.suffixes import format_of
from tamis.language import _
from tamis.link.columns import Column, column_of, hashed_column
from tamis.link.table import Table
from tamis.stores.folder import Folder, open_folder
from tamis.stores.folder_layout import RECEIPTS_FOLDER
from tamis.stores.folder_store import FolderStore

_MESSAGES: Final = ("value", "payload")
_BLOCK: Final = 8 << 20


def read_table(uri: str) -> Table:
    """Read what stands at `uri`.

    Raises:
        UsageError: it is no table that can be read, or a store of several releases.
        InputError: it cannot be read to its end.
        RunError: the database does not answer.
    """
    address = parse_store(uri)
    if isinstance(address, DatabaseAddress):
        return _read_database(address)
    folder, paths = _files_at(address)
    gathered = _Gathered()
    for path in paths:
        shown = f"{folder.uri.rstrip('/')}/{path}" if folder.uri else path
        with _value_free(shown), folder.open(path) as stream:
            _READERS[format_of(path) or "csv"](stream, shown, gathered)
        gathered.end_file(path.rpartition("/")[2].rpartition("-")[0].rpartition("-")[0])
    return gathered.table(address.shown)


def from_arrow(rows: pa.Table, shown: str = "") -> Table:
    """A table of N rows that is in memory already.

    Example:
        >>> table = from_arrow(pa.table({"an": [1955, 1990], "pays": ["FR", "FR"]}))
        >>> table.rows, [column.name for column in table.columns], table.left_out
        (2, ['an'], ['pays'])
    """
    gathered = _Gathered()
    for batch in rows.to_batches():
        gathered.add_batch(batch)
    gathered.end_file()
    return gathered.table(shown)


def _files_at(address: PathAddress) -> tuple[Folder, list[str]]:
    """The folder, and in it the files of the table, in their order."""
    uri = address.uri.rstrip("/") or "/"
    if is_local(uri) and Path(uri).is_file():
        top, _slash, name = uri.rpartition("/")
        return open_folder(top or "."), [name]
    folder = open_folder(uri)
    if RECEIPTS_FOLDER in folder.children(""):
        releases = sorted({path.rpartition("/")[0] for path in _listed(folder, "")})
        if len(releases) != 1:
            text = _("{store}: expected one release of the store, such as {release}")
            release = f"{uri}/{releases[0]}" if releases else f"{uri}/POLICY/RELEASE"
            raise UsageError(text.format(store=address.shown, release=release))
        return folder, _listed(folder, releases[0])
    parts = uri.split("/")
    if len(parts) > 2:
        store = open_folder("/".join(parts[:-2]) or "/")
        if RECEIPTS_FOLDER in store.children(""):
            return store, _listed(store, "/".join(parts[-2:]))
    known = [path for path in folder.files("") if format_of(path) in _READERS]
    if not known and is_local(uri) and not Path(uri).exists():
        raise UsageError(_("{place}: no such file or folder", place=address.shown))
    if not known:
        raise UsageError(
            _("{place}: expected Parquet, CSV or JSON Lines, or a release", place=address.shown)
        )
    form = format_of(known[0])
    return folder, [path for path in known if format_of(path) == form]


def _listed(store: Folder, release: str) -> list[str]:
    """The released files that receipts of a store list; where `release` is given, only its."""
    own = FolderStore(store)
    files = [
        file.path
        for receipt in standing(own.receipts(), own.removals())
        for part in receipt.releases.values()
        for file in part.files or ()
    ]
    return sorted(path for path in files if not release or path.startswith(f"{release}/"))


@contextmanager
def _value_free(shown: str) -> Iterator[None]:
    """Raise errors of readers as errors that name the file and hold no value."""
    try:
        yield
    except (OSError, pa.ArrowException, ValueError, EOFError, KeyError) as error:
        text = _("cannot be read to its end ({kind})", kind=type(error).__name__)
        raise InputError(shown, text) from None


@dataclass
class _Gathered:
    """The columns of a table, piece by piece, each with the number of its first row."""

    pieces: dict[str, list[tuple[int, Any]]] = field(default_factory=dict)
    lists: dict[str, list[tuple[int, Hashes]]] = field(default_factory=dict)
    rows: int = 0
    files: list[int] = field(default_factory=list)
    row_groups: list[int] = field(default_factory=list)
    runs: list[str] = field(default_factory=list)

    def add(self, name: str, values: Any, first: int) -> None:
        """Add a piece of a column, the leaves of a struct each for itself."""
        kind = values.type
        if pa.types.is_struct(kind):
            for child, inner in zip(kind, values.flatten(), strict=True):
                self.add(f"{name}.{child.name}", inner, first)
        elif is_list(kind):
            inside = kind.value_type
            names = [child.name for child in inside] if pa.types.is_struct(inside) else []
            paths = [f"{name}.{child}" for child in names] or [name]
            batch = pa.RecordBatch.from_arrays([values], names=[name])
            self.lists.setdefault(name, []).append((first, hash_rows(batch, paths, 0)))
        elif not pa.types.is_map(kind) and not pa.types.is_null(kind):
            self.pieces.setdefault(name, []).append((first, _encoded(values)))

    def add_batch(self, batch: pa.RecordBatch) -> None:
        """Add rows."""
        for name, values in zip(batch.schema.names, batch.columns, strict=True):
            self.add(name, values, self.rows)
        self.rows += batch.num_rows

    def end_file(self, run: str = "") -> None:
        """Take the rows added since the last file, or all, for a file of `run`."""
        self.files.append(self.rows - sum(self.files))
        self.runs.append(run)
        if not self.row_groups:
            self.row_groups.append(self.rows)

    def table(self, shown: str) -> Table:
        """The table that was read."""
        columns: list[Column] = []
        left_out = [name for name in TAGS if self.pieces.pop(name, None)]
        for name in [*self.pieces]:
            column = column_of(shown_name(name), self._filled(self.pieces.pop(name)))
            if column is None:
                left_out.append(shown_name(name))
            else:
                columns.append(column)
        for name, lists in self.lists.items():
            rows = np.zeros(self.rows, np.uint64)
            for first, hashes in lists:
                rows[first : first + len(hashes)] = hashes
            if (column := hashed_column(shown_name(name), rows)) is not None:
                columns.append(column)
        runs = [
            sum(rows for _run, rows in group)
            for _name, group in groupby(
                zip(self.runs, self.files, strict=True), key=lambda pair: pair[0]
            )
        ]
        return Table(shown, self.rows, columns, left_out, self.files, self.row_groups, runs)

    def _filled(self, pieces: list[tuple[int, Any]]) -> list[Any]:
        """The pieces of one column in one type, with nulls for the rows that have none."""
        kinds = {piece.type for _first, piece in pieces}
        kind = pieces[0][1].type if len(kinds) == 1 else pa.dictionary(pa.int32(), pa.string())
        filled: list[Any] = []
        end = 0
        for first, piece in [*pieces, (self.rows, None)]:
            if first > end:
                filled.append(pa.nulls(first - end, kind))
            if piece is not None:
                filled.append(piece if piece.type == kind else _as_text(piece))
                end = first + len(piece)
        return filled


def _encoded(values: Any) -> Any:
    """Distinct values and places, as int32."""
    if pa.types.is_dictionary(values.type):
        return values.cast(pa.dictionary(pa.int32(), values.type.value_type))
    if values.type in (pa.string_view(), pa.binary_view()):
        values = values.cast(pa.string() if values.type == pa.string_view() else pa.binary())
    return values.dictionary_encode()


def _as_text(values: Any) -> Any:
    return pa.DictionaryArray.from_arrays(values.indices, values.dictionary.cast(pa.string()))


def _read_parquet(stream: BinaryIO, shown: str, gathered: _Gathered) -> None:
    file = open_parquet(stream, shown)
    for name in file.schema_arrow.names:
        first = gathered.rows
        for piece in file.read([name]).column(0).chunks if name not in TAGS else ():
            gathered.add(name, piece, first)
            first += len(piece)
    groups = [file.metadata.row_group(place).num_rows for place in range(file.num_row_groups)]
    gathered.row_groups += groups
    gathered.rows += file.metadata.num_rows


def _read_csv(stream: BinaryIO, shown: str, gathered: _Gathered) -> None:
    stream = decompressed(stream, shown)
    guess = guess_csv(stream.peek(START_BYTES)[:START_BYTES])  # type: ignore[attr-defined]
    if not guess.is_table and len(guess.first) < 2:
        raise InputError(shown, _("is no table with columns"))
    _add_csv(stream, guess, gathered)


def _add_csv(stream: Any, guess: CsvGuess, gathered: _Gathered) -> None:
    """All cells as texts: what they are is told by all of them."""
    names = guess.names()
    batches = pyarrow.csv.open_csv(
        stream,
        pyarrow.csv.ReadOptions(
            block_size=_BLOCK,
            encoding=guess.encodings[0],
            column_names=names,
            skip_rows=guess.skip + guess.sep_line + guess.is_header,
        ),
        pyarrow.csv.ParseOptions(
            delimiter=guess.separator,
            quote_char='"' if guess.quoted else False,
            escape_char=guess.escape or False,
            newlines_in_values=True,
        ),
        pyarrow.csv.ConvertOptions(
            column_types=dict.fromkeys(names, pa.string()), strings_can_be_null=True
        ),
    )
    for batch in batches:
        gathered.add_batch(batch)


def _read_jsonl(stream: BinaryIO, shown: str, gathered: _Gathered) -> None:
    table = _records(decompressed(stream, shown).read(), shown)
    message = next((name for name in _MESSAGES if name in table.column_names), None)
    if message is not None and pa.types.is_string(table[message].type):
        lines = "\n".join(text or "{}" for text in table[message].to_pylist())
        inside = _records(lines.encode(), shown)
        table = table.drop_columns([message])
        for name in inside.column_names:
            table = table.append_column(name, inside[name])
    for batch in table.to_batches():
        gathered.add_batch(batch)


def _records(text: bytes, shown: str) -> pa.Table:
    """Objects, one a line; where the values of one name are of several types they are texts."""
    try:
        return pyarrow.json.read_json(io.BytesIO(text), pyarrow.json.ReadOptions(block_size=_BLOCK))
    except pa.ArrowException:
        pass
    rows: list[dict[str, str | None]] = []
    for number, line in enumerate(text.splitlines(), 1):
        try:
            record = json.loads(line or "{}")
            rows.append({name: _text_of(value) for name, value in record.items()})
        except (ValueError, RecursionError, AttributeError):
            problem = _("line {number} is no object of JSON", number=number)
            raise InputError(shown, problem) from None
    names = dict.fromkeys(name for row in rows for name in row)
    columns = {name: pa.array([row.get(name) for row in rows], pa.string()) for name in names}
    return pa.table(columns)


def _text_of(value: Any) -> str | None:
    return value if value is None or isinstance(value, str) else json.dumps(value, sort_keys=True)


def _read_database(address: DatabaseAddress) -> Table:
    """A table of PostgreSQL, in the order in which the server stores its rows."""
    require_driver(address, "postgres")
    from psycopg.sql import SQL, Identifier

    from tamis.stores.database import Connection, Database

    if not address.table:
        raise UsageError(_("{address}: expected ?table=T behind it", address=address.shown))
    table = Identifier(address.schema, address.table)

    def copy(connection: Connection) -> bytes:
        # Several workers of the server would send the rows in the order of their chance.
        connection.execute("SET LOCAL max_parallel_workers_per_gather = 0")
        connection.execute("SET LOCAL synchronize_seqscans = off")
        command = SQL("COPY (SELECT * FROM {}) TO STDOUT (FORMAT csv, HEADER)").format(table)
        with connection.cursor() as cursor, cursor.copy(command) as rows:
            return b"".join(rows)

    text = Database(address).retry(copy)
    names = next(csv.reader(io.StringIO(text[: text.index(b"\n")].decode())))
    gathered = _Gathered()
    with _value_free(address.shown):
        guess = CsvGuess(",", ("utf-8",), first=tuple(names), is_header=True)
        _add_csv(io.BytesIO(text), guess, gathered)
    gathered.end_file()
    return gathered.table(address.shown)


_READERS: Final[Mapping[str, Callable[[Any, str, _Gathered], None]]] = {
    "parquet": _read_parquet,
    "csv": _read_csv,
    "jsonl": _read_jsonl,
}
