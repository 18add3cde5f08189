"""Avro object container files, read with a reader's schema of the leaves that the plan reads.

The decoder skips the fields that the plan does not read.
"""

from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any, BinaryIO

from tamis.errors import InputError
from tamis.formats.avro_container import AvroFile
from tamis.formats.chunk import Chunk, rechunk
from tamis.formats.columns import why_no_record
from tamis.formats.names import declared_names, known_names
from tamis.formats.python_records import PIECE_RECORDS, to_chunk
from tamis.formats.ranges import RecordRange
from tamis.language import _
from tamis.limits import USUAL, Limits
from tamis.plan.plan import Plan, PlanField

_PIECE_BYTES = 8 << 20
_NAMED = ("record", "error", "enum", "fixed")
_KEPT_KEYS = ("type", "name", "namespace", "symbols", "size", "logicalType", "precision", "scale")


def read_avro(
    stream: BinaryIO,
    plan: Plan,
    source: str,
    limits: Limits = USUAL,
    part: RecordRange | None = None,
) -> Iterator[Chunk]:
    """The records of an Avro file, with the leaves that `plan` reads, typed as by `python_records`.

    Args:
        stream: the file's bytes, read forward; for a part of it, at any place.
        plan: whose leaves are read.
        source: the file's path or URI, for messages.
        limits: sizes of header, blocks, records and chunks.
        part: of a file whose records were counted (`avro_ranges`), those that are read.

    Returns:
        Chunks of `limits.object_chunk_records` records but for the last; positions number records
        from 1.

    Raises:
        InputError: the file is not Avro, holds no records or none with a field of the schema, is
            compressed by an unknown codec, or a block is corrupt, cut, larger than it may be, or
            holds another number of records than it announces.
    """
    pieces = _pieces(stream, plan, source, limits, part)
    before = part.first if part else 0
    yield from rechunk(pieces, source, limits.object_chunk_records, limits.chunk_bytes, before)


def _pieces(
    stream: BinaryIO, plan: Plan, source: str, limits: Limits, part: RecordRange | None
) -> Iterator[Chunk]:
    file = AvroFile(stream, source, limits)
    writer = file.schema
    names = [str(field["name"]) for field in writer["fields"]]
    known = known_names(plan)
    if why_no_record(names, known, plan.schema):
        raise InputError(source, _("has no field of schema `{schema}`", schema=plan.schema))
    fields = tuple(field for field in plan.fields if field.source_name in names)
    unknown = declared_names(name for name in names if name not in known)
    missing = known - set(names)
    rows: list[Mapping[str, Any]] = []
    size = 0
    done = before = part.first if part else 0
    for record, weight in _records(file, _project(writer, fields), part):
        rows.append(record)
        size += weight
        if len(rows) >= PIECE_RECORDS or size >= _PIECE_BYTES:
            positions = range(done + 1, done + len(rows) + 1)
            yield to_chunk(rows, positions, fields, (), unknown, missing)
            done, rows, size = done + len(rows), [], 0
    positions = range(done + 1, done + len(rows) + 1)
    if done > before:
        unknown, missing = {}, frozenset()  # they are reported once
    yield to_chunk(rows, positions, fields, (), unknown, missing)


def _records(
    file: AvroFile, reader_schema: dict[str, Any] | None, part: RecordRange | None
) -> Iterator[tuple[Mapping[str, Any], int]]:
    """The records of a file, or of a part of it; of the last part up to the end of the file."""
    if part is None:
        return file.records(reader_schema)
    before = part.first - part.start.skip
    skip = file.skip(part.start.start, before, part.start.skip)
    stop = None if part.stop is None else skip + part.records
    return islice(file.records(reader_schema), skip, stop)


def _project(writer: dict[str, Any], fields: tuple[PlanField, ...]) -> dict[str, Any] | None:
    """`writer` with the leaves of `fields` only; None if these are all leaves.

    Without a reader's schema decoding takes less than half the time. A record type that is used
    again by its name stays whole.
    """
    definitions: dict[str, dict[str, Any]] = {}
    shared: set[str] = set()
    _collect(writer, definitions, shared)
    top = PlanField(writer["name"], "struct", fields=fields)
    projected: dict[str, Any] = _prune(writer, top, definitions, shared, set())
    return projected if projected != _prune(writer, None, definitions, shared, set()) else None


def _collect(node: Any, definitions: dict[str, dict[str, Any]], shared: set[str]) -> None:
    """Add the named types of `node` to `definitions`, and names that are used again to `shared`."""
    if isinstance(node, str):
        shared.add(node)
    elif isinstance(node, list):
        for branch in node:
            _collect(branch, definitions, shared)
    else:
        if node["type"] in _NAMED:
            definitions[node["name"]] = node
        for field in node.get("fields", ()):
            _collect(field["type"], definitions, shared)
        for inner in ("items", "values"):
            if inner in node:
                _collect(node[inner], definitions, shared)


def _prune(
    node: Any,
    plan_field: PlanField | None,
    definitions: dict[str, dict[str, Any]],
    shared: set[str],
    written: set[str],
) -> Any:
    """`node` with the leaves of `plan_field`, or all for None; named types are written out once."""
    if isinstance(node, list):
        return [_prune(branch, plan_field, definitions, shared, written) for branch in node]
    name = node if isinstance(node, str) else node.get("name")
    if name in definitions:
        if name in written:
            return name
        written.add(name)
        node = definitions[name]
    elif isinstance(node, str):
        return node
    out = {key: node[key] for key in _KEPT_KEYS if key in node}
    if "fields" in node:
        pruned = plan_field.fields if plan_field is not None and name not in shared else ()
        inner = {child.source_name: child for child in pruned}
        out["fields"] = [
            {
                "name": field["name"],
                "type": _prune(
                    field["type"], inner.get(field["name"]), definitions, shared, written
                ),
            }
            for field in node["fields"]
            if not inner or field["name"] in inner
        ]
    if "items" in node:
        of = plan_field.of if plan_field is not None else None
        out["items"] = _prune(node["items"], of, definitions, shared, written)
    if "values" in node:
        out["values"] = _prune(node["values"], None, definitions, shared, written)
    return out
