"""The Parquet files that stores hold, written the same way by batch runs and by streams.

A file is a function of its schema and its rows: rows are held until they make a whole row group,
so that the same rows make the same bytes however they were cut into batches. Where their order must
tell nothing it is decided by their values, unit by unit (`tamis.stores.units`). How a column is
encoded is told by what the policy says of it, never by a look at its values: identifiers,
pseudonyms and free text seldom repeat, and have neither dictionary nor statistics; every other
column has both. The footer names the schema and the row groups, and nothing of the input.
"""

from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import BinaryIO, Final

import pyarrow as pa
import pyarrow.parquet as pq

from tamis.arrow.types import PSEUDONYM
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
        if leaf.pseudonym:
            above, dot, _ = leaf.path.rpartition(".")
            varied.add(above + dot + leaf.pseudonym)
        elif spec.identifier or spec.free_text:
            varied.add(leaf.path)
    return ParquetLayout(released_schema(plan, release), frozenset(varied))


def layout_like(file: pq.ParquetFile, limits: Limits = USUAL) -> ParquetLayout:
    """The layout by which a file of a store was written: what has no statistics seldom repeats.

    Where there are pseudonyms rows are put in order, whatever their order was.
    """
    schema, group = file.schema_arrow, file.metadata.row_group(0)
    leaves = [leaf for field in schema for leaf in _leaves(field.name, field.name, field.type)]
    varied = frozenset(
        path
        for number, (_column, path, _kind) in enumerate(leaves)
        if not group.column(number).is_stats_set
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
        self._schema = layout.schema
        self._row_group_rows = layout.row_group_rows
        self._sink = HashingSink(stream)
        self._writer = _open_writer(self._sink, layout)
        self._held: list[pa.RecordBatch] = []
        self._held_rows = 0
        self._units = Units(layout.unit_rows) if layout.unit_rows else None
        self._places = places
        self.rows = 0

    def write(self, batch: pa.RecordBatch) -> None:
        """Add rows; each row group is written as soon as it is whole."""
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
        self._writer.close()
        if self._places is not None:
            self._places.close()
        close_durably(self._sink.stream)
        return self._sink.sha256.hexdigest()

    def abandon(self) -> None:
        """Close the file as it is."""
        # A writer that is let go open complains to stderr, whatever is left of its file.
        with suppress(OSError, pa.ArrowException):
            self._writer.close()
        for stream in (self._sink.stream, self._places):
            if stream is not None:
                stream.close()

    def _write_row_group(self) -> None:
        # Arrow ends pages where chunks end: the row group is to be one chunk.
        table = pa.Table.from_batches(self._held, self._schema).combine_chunks()
        self._writer.write_table(table, row_group_size=self._row_group_rows)
        self._held, self._held_rows = [], 0


def _open_writer(sink: HashingSink, layout: ParquetLayout) -> pq.ParquetWriter:
    leaves = [
        leaf for field in layout.schema for leaf in _leaves(field.name, field.name, field.type)
    ]
    repeated = [column for column, path, _ in leaves if path not in layout.varied]
    return pq.ParquetWriter(
        sink,
        layout.schema,
        use_dictionary=repeated,
        write_statistics=repeated,
        compression={
            column: "none" if pa.types.is_fixed_size_binary(kind) else "snappy"
            for column, _, kind in leaves
        },
        dictionary_pagesize_limit=_DICTIONARY_BYTES,
        write_batch_size=_WRITE_BATCH_ROWS,
    )


def _leaves(column: str, path: str, kind: pa.DataType) -> Iterator[tuple[str, str, pa.DataType]]:
    """The leaves of a column: their names in Parquet, their paths in the schema, their types."""
    if pa.types.is_list(kind):
        yield from _leaves(f"{column}.list.element", path, kind.value_type)
    elif pa.types.is_struct(kind):
        for child in kind:
            yield from _leaves(f"{column}.{child.name}", f"{path}.{child.name}", child.type)
    else:
        yield column, path, kind
