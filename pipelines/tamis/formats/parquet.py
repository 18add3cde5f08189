"""Parquet: the leaves that the plan reads, and no others, in bounded memory.

A file is split into parts of whole row groups, because a part that began inside one would decode it
a second time. Within a part batches are read page by page, so that a row group may have any size.
Measured on 1 M rows, 12 columns of 31 read, one thread: with row groups of 131,072 rows
`iter_batches` takes the CPU of `read_row_group` and 80 MiB of Arrow memory against 114; with
one row group of 1 M rows a third of the CPU and 80 MiB against 442.
"""

from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from typing import Any, BinaryIO

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from tamis.arrow.buffers import decode
from tamis.arrow.types import decoded_type, is_list
from tamis.errors import InputError
from tamis.formats.chunk import Chunk, add_faults, rechunk
from tamis.formats.columns import as_field
from tamis.formats.int96 import exact_batch, reopen
from tamis.formats.names import declared_names, known_names, leaf_paths
from tamis.language import _
from tamis.limits import USUAL, Limits
from tamis.plan.plan import Plan, PlanField

_BUFFER_BYTES = 1 << 16


_CODED_BYTES = 3
"""Bytes a value, dictionary included, up to which text is read by its dictionary: of 131,072 values
up to some 9,000 entries. It then takes a half to a fifth of reading each value; where a writer gave
the dictionary up halfway, it takes twice as long."""


@dataclass(frozen=True)
class PartSpec:
    """A part of a file: consecutive row groups.

    Attributes:
        row_groups: their indices, from 0.
        first_row: position of the first row in the file, from 1.
        rows: rows in these row groups.
    """

    row_groups: tuple[int, ...]
    first_row: int
    rows: int


def count_rows(stream: BinaryIO, source: str) -> int:
    """The number of rows of a file, from its footer.

    Raises:
        InputError: the file is not readable as Parquet.
    """
    return int(open_parquet(stream, source).metadata.num_rows)


def split(stream: BinaryIO, source: str, limits: Limits = USUAL) -> list[PartSpec]:
    """The parts of a file, each of whole row groups: large ones, and eight if it is a small file.

    Returns:
        Parts of at least `limits.part_rows` rows but for the last, or of at least an eighth of the
        file where that is less, though not of less than `limits.least_part_rows`; one part if it
        has no rows.

    Raises:
        InputError: the file is not readable as Parquet.
    """
    metadata = open_parquet(stream, source).metadata
    rows = limits.rows_of_parts(metadata.num_rows)
    parts: list[PartSpec] = []
    groups: list[int] = []
    first, held = 1, 0
    for group in range(metadata.num_row_groups):
        groups.append(group)
        held += metadata.row_group(group).num_rows
        if held >= rows:
            parts.append(PartSpec(tuple(groups), first, held))
            groups, first, held = [], first + held, 0
    if held or not parts:
        parts.append(PartSpec(tuple(groups), first, held))
    return parts


def read_parquet(
    stream: BinaryIO,
    plan: Plan,
    source: str,
    part: PartSpec,
    limits: Limits = USUAL,
    *,
    coded: bool = False,
) -> Iterator[Chunk]:
    """The rows of one part, with the leaves that `plan` reads.

    A leaf that is nested otherwise than in the plan (a struct in place of a value, a value in place
    of a list) is not read: it is absent, and a fault of every row. A map in place of a struct is
    read by its keys. Values have the file's types, without metadata.

    Args:
        stream: the file.
        plan: whose fields are read.
        source: named in errors.
        part: of the file.
        limits: rows and bytes of a chunk.
        coded: read text by dictionaries where the file has it so in a few bytes a value; else
            values have no dictionaries.

    Returns:
        Chunks of `limits.chunk_records` rows but for the last; positions are row numbers from 1.

    Raises:
        InputError: the file is not readable as Parquet, has no field of the schema, has two
            columns of one name, or a row group is corrupt.
    """
    file = open_parquet(stream, source)
    chosen = _project(file, plan, source)
    chosen.again = reopen(stream, file, chosen.columns)
    if coded and chosen.again is None:
        chosen.coded = _coded_columns(file, chosen, part)
        file = _open(stream, metadata=file.metadata, read_dictionary=sorted(chosen.coded))
    pieces = _pieces(file, chosen, source, part, limits.chunk_records)
    yield from rechunk(pieces, source, limits.chunk_records, limits.chunk_bytes)


def open_parquet(stream: BinaryIO, source: str) -> pq.ParquetFile:
    """The file with its footer read. Errors of the library are not shown: they may quote it."""
    try:
        stream.seek(0)
        start = stream.read(4)
        end = stream.seek(0, 2)
        stream.seek(max(0, end - 4))
        tail = stream.read(4)
        stream.seek(0)
    except OSError:
        raise InputError(source, _("cannot be read")) from None
    if not end:
        raise InputError(source, _("is empty: not a Parquet file"))
    if b"PARE" in (start, tail):
        raise InputError(source, _("is an encrypted Parquet file"))
    if start != b"PAR1":
        raise InputError(source, _("is not a Parquet file"))
    if tail != b"PAR1" or end < 12:
        raise InputError(source, _("is a truncated Parquet file: its footer is missing"))
    try:
        # Arrow walks the types by recursion: without a bound, 20,000 levels end the process.
        file = _open(stream)
    except Exception as error:
        problem = _("is a Parquet file whose footer cannot be read")
        if "size limit" in str(error):
            most = USUAL.parquet_entries
            problem = _("lists more than {most} columns, levels or row groups", most=most)
        raise InputError(source, problem) from None
    _check_footer(file, source)
    return file


def _open(stream: BinaryIO, **options: Any) -> pq.ParquetFile:
    return pq.ParquetFile(
        stream,
        buffer_size=_BUFFER_BYTES,
        pre_buffer=False,
        page_checksum_verification=True,
        thrift_container_size_limit=USUAL.parquet_entries,
        **options,
    )


def _coded_columns(
    file: pq.ParquetFile, chosen: "_LeafSelection", part: PartSpec
) -> frozenset[str]:
    """The columns of text that have a dictionary, and few bytes a value, in all row groups."""
    schema = file.schema_arrow
    names = {
        field.source_name
        for field in chosen.fields
        if field.type == "string" and pa.types.is_string(schema.field(field.source_name).type)
    }
    leaves = [leaf for leaf in chosen.leaves if file.schema.column(leaf).path in names]
    coded = set()
    for leaf in leaves:
        chunks = [file.metadata.row_group(group).column(leaf) for group in part.row_groups]
        if all(
            chunk.has_dictionary_page
            and chunk.total_uncompressed_size <= _CODED_BYTES * chunk.num_values
            for chunk in chunks
        ):
            coded.add(file.schema.column(leaf).path)
    return frozenset(coded)


def _check_footer(file: pq.ParquetFile, source: str) -> None:
    """Refuse a footer of types nested too deep, or whose numbers of rows do not add up.

    Raises:
        InputError: it is so.
    """
    columns = [file.schema.column(place) for place in range(len(file.schema))]
    if any(column.path.count(".") > USUAL.parquet_levels for column in columns):
        problem = _("has columns nested deeper than {most} levels", most=USUAL.parquet_levels)
        raise InputError(source, problem)
    metadata = file.metadata
    rows = sum(metadata.row_group(number).num_rows for number in range(metadata.num_row_groups))
    if rows != metadata.num_rows:
        raise InputError(
            source,
            _(
                "has {rows:# row|# rows} by the footer, and {sum} in its row groups",
                rows=metadata.num_rows,
                sum=rows,
            ),
        )


@dataclass
class _LeafSelection:
    """Which leaf columns of a file are read.

    Attributes:
        leaves: their numbers among the file's leaf columns.
        columns: their paths in the file, such as `contrats.list.element.debut`.
        fields: those of the plan that these make, in its order.
        unknown, missing: as in `Chunk`; of a nested field that is missing, its path.
        faults: paths of leaves that are nested otherwise in the file.
        coded: paths of columns that are read by dictionaries.
        again: the file opened once more, for timestamps of INT96; None where it has none.
    """

    leaves: list[int] = field(default_factory=list)
    columns: list[str] = field(default_factory=list)
    fields: list[PlanField] = field(default_factory=list)
    unknown: dict[str, int] = field(default_factory=dict)
    missing: set[str] = field(default_factory=set)
    faults: list[str] = field(default_factory=list)
    coded: frozenset[str] = frozenset()
    again: pq.ParquetFile | None = None


def _project(file: pq.ParquetFile, plan: Plan, source: str) -> _LeafSelection:
    schema = file.schema_arrow
    known = known_names(plan)
    if not known & set(schema.names):
        raise InputError(source, _("has no column of schema `{schema}`", schema=plan.schema))
    chosen = _LeafSelection(
        unknown=declared_names(name for name in schema.names if name not in known)
    )
    chosen.missing.update(known - set(schema.names))
    first: dict[str, int] = {}
    at = 0
    for column in schema:
        if column.name in first and column.name in known:
            raise InputError(source, _("has two columns `{name}`", name=column.name))
        first.setdefault(column.name, at)
        at += _count_leaves(column.type)
    for plan_field in plan.fields:
        name = plan_field.source_name
        if name not in first:
            continue
        indices: list[int] = []
        kind = schema.field(name).type
        try:
            _choose(kind, plan_field, plan_field.name, first[name], indices, chosen)
        except ValueError as error:
            raise InputError(source, str(error)) from None
        if indices:
            chosen.fields.append(plan_field)
            chosen.leaves.extend(indices)
            chosen.columns.extend(file.schema.column(index).path for index in indices)
    return chosen


def _choose(
    kind: pa.DataType,
    plan_field: PlanField,
    path: str,
    first: int,
    indices: list[int],
    chosen: _LeafSelection,
) -> None:
    """Add to `indices` the leaves to read of a column of type `kind`; `first` is its first leaf."""
    is_leaf = plan_field.of is None and not plan_field.fields
    if plan_field.of is not None and is_list(kind):
        _choose(kind.value_type, plan_field.of, path, first, indices, chosen)
    elif plan_field.fields and pa.types.is_struct(kind):
        present: set[str] = set()
        inner = {field.source_name: field for field in plan_field.fields}
        for child in kind:
            if child.name in inner:
                child_path = f"{path}.{inner[child.name].name}"
                if child.name in present:
                    raise ValueError(_("has two fields `{path}`", path=child_path))
                present.add(child.name)
                _choose(child.type, inner[child.name], child_path, first, indices, chosen)
            first += _count_leaves(child.type)
        chosen.missing.update(
            f"{path}.{field.name}" for name, field in inner.items() if name not in present
        )
    elif plan_field.fields and pa.types.is_map(kind):
        # Which keys there are is known only once they are read.
        indices.extend(range(first, first + _count_leaves(kind)))
    elif is_leaf and not pa.types.is_nested(kind):
        indices.append(first)
    elif not pa.types.is_null(kind):
        chosen.faults.extend(leaf_paths(plan_field, path))


def _count_leaves(kind: pa.DataType) -> int:
    """The number of leaf columns that a column of Arrow type `kind` has in Parquet."""
    if isinstance(kind, pa.BaseExtensionType):
        return _count_leaves(kind.storage_type)
    if pa.types.is_map(kind):
        return _count_leaves(kind.key_type) + _count_leaves(kind.item_type)
    if pa.types.is_struct(kind):
        return sum(_count_leaves(child.type) for child in kind)
    return _count_leaves(kind.value_type) if is_list(kind) else 1


def _pieces(
    file: pq.ParquetFile, chosen: _LeafSelection, source: str, part: PartSpec, records: int
) -> Iterator[Chunk]:
    at = 0
    for batch in _batches(file, chosen, source, part, records):
        positions = np.arange(batch.num_rows, dtype=np.int64) + (part.first_row + at)
        at += batch.num_rows
        yield Chunk(
            add_faults(batch, chosen.faults),
            pa.array(positions),
            unknown=chosen.unknown,
            missing=frozenset(chosen.missing),
        )
    if at != part.rows:
        raise InputError(
            source, _("{rows:# row|# rows} expected in a part, {at} found", rows=part.rows, at=at)
        )
    _check_values(file, chosen, source, part)


def _check_values(
    file: pq.ParquetFile, chosen: _LeafSelection, source: str, part: PartSpec
) -> None:
    """Refuse a part of which the columns that were read have another number of values than rows.

    It comes after the reading: of a damaged footer that nothing was read of, Arrow's metadata of a
    column ends the process.
    """
    flat = [leaf for leaf in chosen.leaves if not file.schema.column(leaf).max_repetition_level]
    for number in part.row_groups:
        group = file.metadata.row_group(number)
        if any(group.column(leaf).num_values != group.num_rows for leaf in flat):
            raise InputError(
                source,
                _(
                    "row group {group} has {rows:# row|# rows} by the footer, and a "
                    "column of it another number of values",
                    group=number + 1,
                    rows=group.num_rows,
                ),
            )


def _batches(
    file: pq.ParquetFile, chosen: _LeafSelection, source: str, part: PartSpec, records: int
) -> Iterator[pa.RecordBatch]:
    if not part.rows:
        table = file.read(columns=chosen.columns, use_threads=False)
        yield _fields(pa.RecordBatch.from_pylist([], table.schema), chosen)
        return
    at = 0
    batches = _iterate(file, chosen, list(part.row_groups), records)
    while True:
        try:
            batch = next(batches, None)
        except Exception:
            group = _corrupt_group(file, chosen, part, at, records)
            count = file.metadata.num_row_groups
            raise InputError(
                source,
                _("row group {group} of {count} cannot be read", group=group + 1, count=count),
            ) from None
        if batch is None:
            return
        at += batch.num_rows
        yield batch


def _iterate(
    file: pq.ParquetFile, chosen: _LeafSelection, groups: list[int], records: int
) -> Iterator[pa.RecordBatch]:
    batches = _read(file, chosen, groups, records)
    if chosen.again is None:
        yield from batches
        return
    for ns, ms in zip(batches, _read(chosen.again, chosen, groups, records), strict=True):
        yield exact_batch(ns, ms, chosen.fields)


def _read(
    file: pq.ParquetFile, chosen: _LeafSelection, groups: list[int], records: int
) -> Iterator[pa.RecordBatch]:
    for batch in file.iter_batches(
        batch_size=records, row_groups=groups, columns=chosen.columns, use_threads=False
    ):
        yield _fields(batch, chosen)


def _fields(batch: pa.RecordBatch, chosen: _LeafSelection) -> pa.RecordBatch:
    """The columns of the file as the plan's fields, named as there."""
    plain = _plain(batch.select([field.source_name for field in chosen.fields]), chosen.coded)
    if not chosen.fields:
        return plain
    columns = [
        as_field(column, field) for column, field in zip(plain.columns, chosen.fields, strict=True)
    ]
    return pa.RecordBatch.from_arrays(columns, [field.name for field in chosen.fields])


def _corrupt_group(
    file: pq.ParquetFile, chosen: _LeafSelection, part: PartSpec, at: int, records: int
) -> int:
    """The first row group of `part` that cannot be read, of those with rows after the `at`-th."""
    end = 0
    for group in part.row_groups:
        end += file.metadata.row_group(group).num_rows
        if end <= at:
            continue
        try:
            for _ in _iterate(file, chosen, [group], records):
                pass
        except Exception:
            return group
    return part.row_groups[-1]


def _plain(batch: pa.RecordBatch, coded: Collection[str] = ()) -> pa.RecordBatch:
    """`batch` without extension types and metadata, and dictionaries but those of `coded`."""
    if not batch.num_columns:
        return batch.replace_schema_metadata(None)
    schema = pa.schema(
        [
            pa.field(field.name, field.type if field.name in coded else _plain_type(field.type))
            for field in batch.schema
        ]
    )
    columns = [
        column if column.type == field.type else decode(column).cast(field.type)
        for column, field in zip(batch.columns, schema, strict=True)
    ]
    return pa.RecordBatch.from_arrays(columns, schema=schema)


_VIEWS = {pa.string_view(): pa.string(), pa.binary_view(): pa.binary()}


def _plain_type(kind: pa.DataType) -> pa.DataType:
    kind = decoded_type(kind)
    if pa.types.is_struct(kind):
        return pa.struct([pa.field(child.name, _plain_type(child.type)) for child in kind])
    if pa.types.is_large_list(kind):
        return pa.large_list(_plain_type(kind.value_type))
    if is_list(kind):
        return pa.list_(_plain_type(kind.value_type))
    if pa.types.is_map(kind):
        return pa.map_(_plain_type(kind.key_type), _plain_type(kind.item_type))
    return _VIEWS.get(kind, kind)
