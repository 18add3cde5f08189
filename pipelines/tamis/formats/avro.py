"""Avro object container files, read with a reader's schema of the leaves that the plan reads.

The decoder skips the fields that the plan does not read.
"""

from collections.abc import Iterator, Mapping
from typing import Any, BinaryIO, Final, NamedTuple, cast

import fastavro

from tamis.errors import InputError
from tamis.formats.chunk import Chunk, rechunk
from tamis.formats.names import declared_names, known_names
from tamis.formats.python_records import PIECE_RECORDS, to_chunk
from tamis.language import _
from tamis.limits import USUAL, Limits
from tamis.plan.plan import Plan, PlanField

MAX_READ_BYTES: Final = 1 << 30
"""The largest block, string or name that a file may announce."""

_PIECE_BYTES = 8 << 20
_NAMED = ("record", "error", "enum", "fixed")
_KEPT_KEYS = ("type", "name", "namespace", "symbols", "size", "logicalType", "precision", "scale")


def read_avro(stream: BinaryIO, plan: Plan, source: str, limits: Limits = USUAL) -> Iterator[Chunk]:
    """The records of an Avro file, with the leaves that `plan` reads, typed as by `python_records`.

    Returns:
        Chunks of `limits.object_chunk_records` records but for the last; positions number records
        from 1.

    Raises:
        InputError: the file is not Avro, holds no records or none with a field of the schema, is
            compressed by a codec that is not installed, or a block is corrupt or cut.
    """
    pieces = _pieces(stream, plan, source)
    yield from rechunk(pieces, source, limits.object_chunk_records, limits.chunk_bytes)


class AvroFile(NamedTuple):
    """An Avro file, whatever its fields.

    Attributes:
        schema: the record type that its writer declared.
        texts: other texts of its header.
        records: each record, and its share of its block's bytes.
    """

    schema: dict[str, Any]
    texts: list[str]
    records: Iterator[tuple[Mapping[str, Any], int]]


def open_avro(stream: BinaryIO, source: str) -> AvroFile:
    """An Avro file with all its fields.

    Raises:
        InputError: the file is not Avro, or holds something else than records.
    """
    file = _RewindableStream(stream)
    schema = _written_schema(file, source)
    file.rewind(keep=True)
    metadata = fastavro.block_reader(cast(BinaryIO, file)).metadata
    texts = [
        text for key in metadata.keys() - {"avro.schema"} for text in (key, str(metadata[key]))
    ]
    file.rewind()
    return AvroFile(schema, texts, _records(file, None, source))


def _pieces(stream: BinaryIO, plan: Plan, source: str) -> Iterator[Chunk]:
    file = _RewindableStream(stream)
    writer = _written_schema(file, source)
    names = [str(field["name"]) for field in writer["fields"]]
    known = known_names(plan)
    if not known & set(names):
        raise InputError(source, _("has no field of schema `{schema}`", schema=plan.schema))
    fields = tuple(field for field in plan.fields if field.source_name in names)
    unknown = declared_names(name for name in names if name not in known)
    missing = known - set(names)
    file.rewind()
    rows: list[Mapping[str, Any]] = []
    size = done = 0
    for record, weight in _records(file, _project(writer, fields), source):
        rows.append(record)
        size += weight
        if len(rows) >= PIECE_RECORDS or size >= _PIECE_BYTES:
            positions = range(done + 1, done + len(rows) + 1)
            yield to_chunk(rows, positions, fields, (), unknown, missing)
            done, rows, size = done + len(rows), [], 0
    positions = range(done + 1, done + len(rows) + 1)
    if done:
        unknown, missing = {}, frozenset()  # they are reported once
    yield to_chunk(rows, positions, fields, (), unknown, missing)


def _written_schema(file: "_RewindableStream", source: str) -> dict[str, Any]:
    """The record type that the file's writer declared.

    Raises:
        InputError: the file is not Avro, or holds something else than records.
    """
    if file.read(4) != b"Obj\x01":
        raise InputError(source, _("is not an Avro file"))
    file.rewind(keep=True)
    try:
        schema = fastavro.block_reader(cast(BinaryIO, file)).writer_schema
    except Exception:
        raise InputError(source, _("is an Avro file whose header cannot be read")) from None
    if not isinstance(schema, dict) or schema["type"] != "record":
        raise InputError(source, _("is an Avro file of something else than records"))
    return schema


def _records(
    file: "_RewindableStream", schema: dict[str, Any] | None, source: str
) -> Iterator[tuple[Mapping[str, Any], int]]:
    """Each record, and its share of its block's bytes."""
    done = 0
    try:
        for block in fastavro.block_reader(
            cast(BinaryIO, file), reader_schema=schema, handle_unicode_errors="surrogateescape"
        ):
            weight = block.size // max(1, block.num_records)
            for record in block:
                done += 1
                yield cast(Mapping[str, Any], record), weight
    except Exception as error:
        if isinstance(error, ValueError) and "codec" in str(error):
            problem = _("is compressed by a codec that is not installed")
        else:
            problem = _(
                "cannot be read after record {done}: its block is corrupt or cut", done=done
            )
        raise InputError(source, problem) from None


class _RewindableStream:
    """A stream that can be read from its start again, as long as what was read is kept."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._kept = bytearray()
        self._at = 0
        self._keep = True
        self._past = 0

    def rewind(self, keep: bool = False) -> None:
        """Go back to the start; unless `keep`, what is read from then on is not kept."""
        self._at, self._keep = 0, keep

    def read(self, size: int = -1) -> bytes:
        if not 0 <= size <= MAX_READ_BYTES:
            raise ValueError("a length in the file is beyond bounds")
        piece = bytes(self._kept[self._at : self._at + size])
        self._at += len(piece)
        if len(piece) < size:
            more = self._stream.read(size - len(piece))
            if self._keep:
                self._kept += more
                self._at += len(more)
            else:
                self._past += len(more)
            piece += more
        return piece

    def tell(self) -> int:
        return self._at + self._past


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
