"""The Parquet files that stores hold, written the same way by batch runs and by streams.

A file is a function of its schema and its rows: rows are held until they make a whole row group,
so that the same rows make the same bytes however they were cut into batches. Where their order must
tell nothing it is decided by their values, unit by unit (`tamis.stores.units`). How a column is
encoded is told by what the policy says of it and by the values of the first row group, never by how
the input encodes it: identifiers, pseudonyms and free text seldom repeat, and have neither
dictionary nor statistics; other text has no statistics, dates and numbers have them, and both have
a dictionary unless most of the first values are distinct. The footer names the schema and the row
groups, and nothing of the input.
"""

import base64
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import BinaryIO, Final

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from tamis.arrow.buffers import decode
from tamis.arrow.coded import code, join_columns
from tamis.arrow.types import CODE, PSEUDONYM, is_string, is_text
from tamis.filter.quarantine import QUARANTINE_SCHEMA
from tamis.limits import USUAL, Limits
from tamis.plan.plan import Plan, PlanRelease
from tamis.plan.schemas import released_schema
from tamis.stores.folder import HashingSink, close_durably
from tamis.stores.units import Unit, Units

PLACE: Final = "<u4"
"""How a place in a unit is written."""

_DICTIONARY_BYTES: Final = 1 << 17
"""Size of a dictionary at which Arrow gives it up: one of values that seldom repeat, by whatever
name, costs little. A file is a hundredth larger than with Arrow's own 1 MiB."""

_FIRST_ROWS: Final = 4_096
_MOST_DISTINCT: Final = 0.75
"""Share of distinct ones among the first values, above which a column gets no dictionary."""

_FEWEST_TIMES: Final = 32
"""How often a text stands, on average, in a column that is handed to Arrow by a dictionary: that
costs half of what it takes to look each value up, but is dear where entries are many."""

_WRITE_BATCH_ROWS: Final = 8_192
"""Rows after which Arrow looks whether a page is full, or a dictionary; its own 1,024 cost a
quarter of the writing."""


@dataclass(frozen=True)
class ParquetLayout:
    """How the files of one output are written.

    Attributes:
        schema: of all rows, without metadata.
        varied: paths of the leaves whose values seldom repeat, names from the top joined by dots;
            they get neither dictionary nor statistics.
        row_group_rows: rows of each row group, the last one excepted.
        unit_rows: rows of each unit that is put in order; None where the source's order stays.
    """

    schema: pa.Schema
    varied: frozenset[str] = frozenset()
    row_group_rows: int = USUAL.row_group_rows
    unit_rows: int | None = None


def layout_of(plan: Plan, output: str | None, limits: Limits = USUAL) -> ParquetLayout:
    """The layout of a release's files, or of a batch run's quarantine where `output` is None."""
    for release in plan.releases:
        if release.id == output:
            return replace(
                released_layout(plan, release),
                row_group_rows=limits.row_group_rows,
                unit_rows=limits.unit_rows if plan.hides_order(release) else None,
            )
    return ParquetLayout(QUARANTINE_SCHEMA, row_group_rows=limits.row_group_rows)


def released_layout(plan: Plan, release: PlanRelease) -> ParquetLayout:
    """The layout of a release's files: identifiers, pseudonyms and free text seldom repeat."""
    specs = plan.leaves()
    varied = set()
    for leaf in release.leaves:
        spec = specs[leaf.path]
        if leaf.pseudonym or spec.identifier or spec.free_text:
            varied.add(leaf.released_path)
    return ParquetLayout(released_schema(plan, release), frozenset(varied))


def layout_like(file: pq.ParquetFile, limits: Limits = USUAL) -> ParquetLayout:
    """The layout by which a file of a store was written: what has no dictionary seldom repeats.

    Where there are pseudonyms rows are put in order, whatever their order was.
    """
    schema, group = file.schema_arrow, file.metadata.row_group(0)
    leaves = [leaf for field in schema for leaf in _leaves(field.name, field.name, field.type)]
    varied = frozenset(
        path
        for number, (_column, path, _kind) in enumerate(leaves)
        if not (group.column(number).has_dictionary_page or group.column(number).is_stats_set)
    )
    has_pseudonym = any(kind == PSEUDONYM for _column, _path, kind in leaves)
    unit_rows = limits.unit_rows if has_pseudonym else None
    return ParquetLayout(schema, varied, limits.row_group_rows, unit_rows)


class ParquetPart:
    """Writes one file, in row groups of a fixed number of rows, and digests it on the way.

    Args:
        stream: what is written to.
        layout: of the file.
        places: takes the place that each row had in its unit, as 4 bytes, where units are put in
            order: with them rows can be read back as they were handed in.

    Attributes:
        rows: how many were handed in.
    """

    def __init__(
        self, stream: BinaryIO, layout: ParquetLayout, places: BinaryIO | None = None
    ) -> None:
        self._layout = layout
        self._row_group_rows = layout.row_group_rows
        self._sink = HashingSink(stream)
        self._writer: pq.ParquetWriter | None = None
        self._coded: frozenset[str] = frozenset()
        self._held: list[pa.RecordBatch] = []
        self._held_rows = 0
        self._units = Units(layout.unit_rows) if layout.unit_rows else None
        self._places = places
        self.rows = 0

    def write(self, batch: pa.RecordBatch) -> None:
        """Add rows, text as it is or by dictionaries; a row group is written once it is whole."""
        self.rows += batch.num_rows
        if self._units is None:
            self._hold(batch)
        else:
            self._write_units(self._units.add(batch))

    def _write_units(self, units: Iterable[Unit]) -> None:
        for unit in units:
            if self._places is not None:
                self._places.write(unit.places.astype(PLACE).tobytes())
            for batch in unit.rows.to_batches():
                self._hold(batch)

    def _hold(self, batch: pa.RecordBatch) -> None:
        while batch.num_rows:
            part = batch.slice(0, self._row_group_rows - self._held_rows)
            batch = batch.slice(part.num_rows)
            self._held.append(part)
            self._held_rows += part.num_rows
            if self._held_rows == self._row_group_rows:
                self._write_row_group()

    def close(self) -> str:
        """Write what is left, close the file for good, and give its SHA-256 in hexadecimal."""
        if self._units is not None:
            self._write_units(self._units.finish())
        if self._held:
            self._write_row_group()
        writer = self._writer or self._open(
            [pa.array([], field.type) for field in self._layout.schema]
        )
        writer.close()
        if self._places is not None:
            self._places.close()
        close_durably(self._sink.stream)
        return self._sink.sha256.hexdigest()

    def abandon(self) -> None:
        """Close the file as it is."""
        # A writer that is let go open complains to stderr, whatever is left of its file.
        with suppress(OSError, pa.ArrowException):
            if self._writer is not None:
                self._writer.close()
        for stream in (self._sink.stream, self._places):
            if stream is not None:
                stream.close()

    def _write_row_group(self) -> None:
        # Arrow ends pages where chunks end: the row group is to be one chunk.
        columns = join_columns(self._held)
        fields = self._layout.schema
        writer = self._writer or self._open(columns)
        columns = [
            code(column)
            if field.name in self._coded
            else column
            if column.type == field.type
            else decode(column)
            for field, column in zip(fields, columns, strict=True)
        ]
        table = pa.Table.from_arrays(columns, schema=_written_schema(self._layout, self._coded))
        writer.write_table(table, row_group_size=self._row_group_rows)
        self._held, self._held_rows = [], 0

    def _open(self, columns: list[pa.Array]) -> pq.ParquetWriter:
        """Open the writer of a file whose first row group has these columns."""
        layout, seldom, coded = self._layout, set(self._layout.varied), set()
        for field, column in zip(layout.schema, columns, strict=True):
            if (
                pa.types.is_nested(field.type)
                or pa.types.is_dictionary(field.type)
                or field.name in seldom
            ):
                continue
            first = column.slice(0, _FIRST_ROWS)
            if _entries(first) > _MOST_DISTINCT * len(first):
                seldom.add(field.name)
            elif is_string(field.type) and _entries(column) * _FEWEST_TIMES <= len(column):
                coded.add(field.name)
        self._coded = frozenset(coded)
        self._writer = _open_writer(self._sink, layout, seldom, self._coded)
        return self._writer


def _entries(column: pa.Array) -> int:
    """How many distinct values there are."""
    is_coded = pa.types.is_dictionary(column.type)
    return len(code(column).dictionary) if is_coded else int(pc.count_distinct(column).as_py())


def _written_schema(layout: ParquetLayout, coded: frozenset[str]) -> pa.Schema:
    """The layout's schema, with dictionaries in place of the text of `coded`."""
    return pa.schema(
        [
            field.with_type(pa.dictionary(CODE, field.type)) if field.name in coded else field
            for field in layout.schema
        ]
    )


def _open_writer(
    sink: HashingSink, layout: ParquetLayout, seldom: set[str], coded: frozenset[str]
) -> pq.ParquetWriter:
    leaves = [
        leaf for field in layout.schema for leaf in _leaves(field.name, field.name, field.type)
    ]
    writer = pq.ParquetWriter(
        sink,
        _written_schema(layout, coded),
        use_dictionary=[column for column, path, _ in leaves if path not in seldom],
        write_statistics=[
            column
            for column, path, kind in leaves
            if not (path in layout.varied or is_text(kind) or pa.types.is_dictionary(kind))
        ],
        compression={
            column: "none" if pa.types.is_fixed_size_binary(kind) else "snappy"
            for column, _, kind in leaves
        },
        dictionary_pagesize_limit=_DICTIONARY_BYTES,
        write_batch_size=_WRITE_BATCH_ROWS,
        store_schema=False,
    )
    # What Arrow would store of the schema that is written says dictionary where it is text.
    stored = base64.b64encode(layout.schema.serialize())
    writer.add_key_value_metadata({"ARROW:schema": stored.decode()})
    return writer


def _leaves(column: str, path: str, kind: pa.DataType) -> Iterator[tuple[str, str, pa.DataType]]:
    """The leaves of a column: their names in Parquet, their paths in the schema, their types."""
    if pa.types.is_list(kind):
        yield from _leaves(f"{column}.list.element", path, kind.value_type)
    elif pa.types.is_struct(kind):
        for child in kind:
            yield from _leaves(f"{column}.{child.name}", f"{path}.{child.name}", child.type)
    else:
        yield column, path, kind
