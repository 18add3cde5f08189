"""JSON Lines: one object a line, parsed strictly (`tamis.formats.json_objects`).

Lines are split at 0x0A before they are decoded, and a line longer than `Limits.line_bytes` is never
held in memory. Fields that are not read may hold any JSON.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, BinaryIO

from tamis.errors import InputError
from tamis.filter.drift import MOST_COUNTED, RECORDS_TO_SHOW, WITHHELD
from tamis.formats.chunk import Chunk, Reject, rechunk
from tamis.formats.columns import why_no_record
from tamis.formats.json_objects import Unreadable, parse_objects
from tamis.formats.jsonl_ranges import find_jsonl
from tamis.formats.names import known_names, may_be_shown
from tamis.formats.python_records import PIECE_RECORDS, to_chunk
from tamis.formats.python_values import epochs_for
from tamis.formats.ranges import Readable, RecordRange, open_range
from tamis.language import N_, _
from tamis.limits import USUAL, Limits
from tamis.plan.plan import Plan

_BLOCK_BYTES = 1 << 20
_PIECE_BYTES = 8 << 20
_MAX_SHAPES = 1024


def read_jsonl(
    stream: BinaryIO,
    plan: Plan,
    source: str,
    limits: Limits = USUAL,
    part: RecordRange | None = None,
) -> Iterator[Chunk]:
    """The objects of a JSON Lines file, with the leaves that `plan` reads.

    Blank lines are no records; a line that is no JSON object, or one without a field of the schema,
    is a reject. Values are typed as by `python_records`.

    Args:
        stream: the file's bytes, read forward; for a part of it, at any place.
        plan: whose leaves are read.
        source: the file's path or URI, for messages.
        limits: sizes of lines and chunks.
        part: of a file whose records were counted (`jsonl_ranges`), those that are read.

    Returns:
        Chunks of `limits.object_chunk_records` records but for the last; positions are line
        numbers from 1. The last chunk has the names that no line had.

    Raises:
        InputError: none of the first objects has a field of the schema.
    """
    pieces = _pieces(stream, plan, source, limits, part)
    before = part.first if part else 0
    yield from rechunk(pieces, source, limits.object_chunk_records, limits.chunk_bytes, before)


def _pieces(
    stream: BinaryIO, plan: Plan, source: str, limits: Limits, part: RecordRange | None
) -> Iterator[Chunk]:
    seen = ObjectKeys(known_names(plan), plan.schema)
    for numbers, lines in _line_groups(_numbered_lines(stream, plan, limits, part)):
        chunk = to_records(numbers, parse_objects(lines, limits), plan, seen)
        if not part or not part.first:
            seen.check_found(source)
        yield chunk
    yield to_chunk([], [], plan.fields, missing=seen.known - seen.found)


def _line_groups(
    numbered: Iterable[tuple[int, bytes | None]],
) -> Iterator[tuple[list[int], list[bytes | None]]]:
    """Lines with their numbers, as many as are held as Python objects at a time."""
    numbers: list[int] = []
    lines: list[bytes | None] = []
    held = 0
    for number, line in numbered:
        numbers.append(number)
        lines.append(line)
        held += len(line or b"")
        if len(lines) >= PIECE_RECORDS or held >= _PIECE_BYTES:
            yield numbers, lines
            numbers, lines, held = [], [], 0
    yield numbers, lines


def to_records(
    positions: Sequence[int],
    parsed: Iterable[Mapping[str, Any] | Unreadable],
    plan: Plan,
    seen: "ObjectKeys",
) -> Chunk:
    """Objects as rows with the leaves that `plan` reads, and those that are no record as rejects.

    Args:
        positions: N, of the objects in their input.
        parsed: N objects, or why there is none.
        plan: says what is read, and which envelope is taken off.
        seen: notes the objects' keys.
    """
    rows: list[Mapping[str, Any]] = []
    places: list[int] = []
    rejects: list[Reject] = []
    for position, record in zip(positions, parsed, strict=True):
        if not isinstance(record, Unreadable):
            try:
                record = unwrap(record, plan)
                seen.add(record)
            except Unreadable as error:
                record = error
            else:
                rows.append(record)
                places.append(position)
                continue
        rejects.append((position, "unreadable", "", str(record)))
    epochs = epochs_for(plan.format.jsonl)
    unknown = seen.new_unknown()
    return to_chunk(
        rows, places, plan.fields, rejects, unknown, adapter=epochs, numbers_as_bytes=True
    )


class ObjectKeys:
    """The keys of many objects; objects with equal keys are looked up once.

    Attributes:
        known: the source's names of the schema's fields.
        found: those of them that some object had.
    """

    def __init__(self, known: frozenset[str], schema: str) -> None:
        self.known = known
        self.found: set[str] = set()
        self._schema = schema
        self._problem = ""  # of the first object that was no record
        self._shapes: dict[int, tuple[str, ...]] = {}
        self._counts: dict[str, int] = {}
        self._new: dict[str, int] = {}

    def add(self, record: Mapping[str, Any]) -> None:
        """Add the keys of `record`.

        Raises:
            Unreadable: none of them is a field of the schema, or they are those of an envelope.
        """
        shape = hash(tuple(record))
        unknown = self._shapes.get(shape)
        if unknown is None:
            if problem := why_no_record(record.keys(), self.known, self._schema):
                self._problem = self._problem or problem
                raise Unreadable(problem)
            self.found.update(self.known & record.keys())
            unknown = tuple(name for name in record if name not in self.known)
            if len(self._shapes) < _MAX_SHAPES:
                self._shapes[shape] = unknown
        if unknown and not self._count(unknown) and shape in self._shapes:
            self._shapes[shape] = ()  # they are all told already

    def check_found(self, source: str) -> None:
        """Refuse an input where no object so far was a record of the schema.

        Raises:
            InputError: some were read, and none was.
        """
        if self._problem and not self.found:
            raise InputError(
                source,
                _(
                    "no record has a field of schema {schema}: the first one {problem}",
                    schema=self._schema,
                    problem=self._problem,
                ),
            )

    def _count(self, names: tuple[str, ...]) -> bool:
        """Count one record for each of `names`; False if none of them needs it any more."""
        counted = False
        for name in names:
            if name not in self._counts and (
                len(self._counts) >= MOST_COUNTED or not may_be_shown(name)
            ):
                self._new.setdefault(WITHHELD, RECORDS_TO_SHOW)
            elif self._counts.setdefault(name, 0) < RECORDS_TO_SHOW:
                self._counts[name] += 1
                self._new[name] = self._new.get(name, 0) + 1
                counted = True
        return counted

    def new_unknown(self) -> dict[str, int]:
        """Records by unknown key since the last call; of each key the first ones."""
        new, self._new = self._new, {}
        return new


def unwrap(record: Mapping[str, Any], plan: Plan) -> Mapping[str, Any]:
    """The record in the envelope that the schema's format says, or `record` where it says none.

    Raises:
        Unreadable: `record` is no such envelope, or has no payload.
    """
    if plan.format.jsonl.envelope is None:
        return record
    if not {"payload"} <= record.keys() <= {"schema", "payload"}:
        raise Unreadable(N_("is no envelope of Kafka Connect"))
    payload = record["payload"]
    if type(payload) is not dict:
        raise Unreadable(N_("has no payload"))
    return payload


def _numbered_lines(
    stream: BinaryIO, plan: Plan, limits: Limits, part: RecordRange | None
) -> Iterator[tuple[int, bytes | None]]:
    """The lines of a file that are not blank, or of a part of it; None for one that is too long."""
    if part is None:
        return read_lines(stream, limits.line_bytes)
    own, lines = open_range(stream, plan, part, find_jsonl)
    return read_lines(own, limits.line_bytes, lines)


def read_lines(
    stream: Readable, most: int, before: int | None = None
) -> Iterator[tuple[int, bytes | None]]:
    """Lines that are not blank, with their numbers from 1; None for one of over `most` bytes.

    Args:
        stream: of lines.
        most: bytes of a line.
        before: lines before them; None where a byte order mark may stand at the start.
    """
    number, first = (before or 0) + 1, before is None
    begun: list[bytes] = []
    size = 0

    def line() -> bytes | None:
        return None if size > most else b"".join(begun)

    while block := stream.read(_BLOCK_BYTES):
        if first:
            block = (block + stream.read(3)).removeprefix(b"\xef\xbb\xbf")
            first = False
        *ended, rest = block.split(b"\n")
        for piece in ended:
            if begun or len(piece) > most:
                size += len(piece)
                begun.append(piece)
                whole, begun, size = line(), [], 0
            else:
                whole = piece
            if whole is None or whole.strip():
                yield number, whole
            number += 1
        size += len(rest)
        if size > most:
            begun = [b""]
        elif rest:
            begun.append(rest)
    whole = line()
    if whole is None or whole.strip():
        yield number, whole
