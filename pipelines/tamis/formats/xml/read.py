"""An XML file as chunks: one record, one row.

The parser is libxml2's, fed block by block; of the tree it builds, one record and what is around it
stay in memory. No file with a DTD is read, so that none can define entities; nothing is fetched.
The rules of the reader:

- Elements are known by namespace and name, in any order; comments and instructions do not count.
- Text is taken without the blanks around it. An empty element, one with `xsi:nil` and one that is
  not there are null.
- Where a value stands twice, or an element in place of text, the value is a fault of its row, told
  as that.
- What stands around the records may follow them: they wait for it, up to `MOST_WAITING` records. If
  it comes after more, the file is refused.
- Half of a flow is none: of a file that is cut no record is released, and one that is not well
  formed, or has records elsewhere than the schema says, ends the run.
"""

import re
from collections.abc import Iterator, Sequence
from contextlib import suppress
from typing import Any, BinaryIO, Final
from xml.parsers import expat

import pyarrow as pa
import pyarrow.compute as pc

from tamis.errors import InputError, UsageError
from tamis.filter.drift import RECORDS_TO_SHOW
from tamis.formats.chunk import Chunk, Reject, rechunk, rejects_of
from tamis.formats.python_records import PIECE_RECORDS, batch_of, leaf_array
from tamis.formats.python_values import adapter_for
from tamis.formats.xml.fill import Row, Unknown, fill
from tamis.formats.xml.layout import THERE, Scope, XmlLayout, layout_of
from tamis.formats.xml.tags import TagBound, pull_parser, too_long_a_tag
from tamis.formats.xml.texts import dtd_is_not_read
from tamis.language import N_, _
from tamis.limits import USUAL, Limits
from tamis.plan.plan import Plan, PlanField

MOST_WAITING: Final = 16_384
"""Records that wait for what stands around them and was not read yet."""

_BLOCK_BYTES = 1 << 17
_PROLOG_BYTES = 1 << 20
_MOST_AROUND: Final = 100_000
_END_BYTES: Final = 1 << 16


def read_xml(
    stream: BinaryIO,
    plan: Plan,
    source: str,
    limits: Limits = USUAL,
    *,
    ahead: BinaryIO | None = None,
) -> Iterator[Chunk]:
    """Read the records of an XML file.

    Args:
        stream: the file's bytes, read forward only.
        plan: whose format says where records stand, and whose fields, where values do.
        source: the file's path or URI, for messages.
        limits: records in each chunk but the last, and bytes of one record.
        ahead: the same bytes once more: whether a file is cut is seen at its end.

    Returns:
        Chunks; positions count the records from 1. A record with none or several of a group of
        `choices` is a reject. Of a file that is cut all records are, the one that is cut too.

    Raises:
        InputError: the file is no XML, is not well formed, has a DTD, has other elements than the
            schema's, or one record and what is around it take more than `limits.line_bytes`; it is
            cut, and there is no `ahead`.
        UsageError: the extra `xml` is not installed.
    """
    try:
        from lxml import etree
    except ModuleNotFoundError:
        raise UsageError(
            _('{address}: XML needs the extra `xml` (pip install "tamis[xml]")', address=source)
        ) from None
    reader = _XmlReader(plan, source, limits, etree)
    return rechunk(
        reader.read(stream, ahead), source, limits.object_chunk_records, limits.chunk_bytes
    )


class _Around:
    """What is read of one element around records.

    Attributes:
        values: by slot.
        complete: whether nothing more can come that would change them.
    """

    def __init__(self, element: Any, scope: Scope, unknown: Unknown) -> None:
        self.element = element
        self._scope = scope
        self._unknown = unknown
        self.values: Row = []
        self.complete = False
        self.read()

    def read(self) -> None:
        """Read what stands there by now."""
        self.values = [None] * self._scope.slots
        fill(self.element, self._scope.step, self.values, self._unknown, RECORDS_TO_SHOW)
        self.complete = None not in self.values


class _XmlReader:
    """The reader of one file."""

    def __init__(self, plan: Plan, source: str, limits: Limits, etree: Any) -> None:
        self._plan = plan
        self._source = source
        self._limits = limits
        self._etree = etree
        self._layout: XmlLayout = layout_of(plan)
        self._adapter = adapter_for(plan.format)
        self._chain: list[_Around] = []  # the elements from the root to the parent of records
        self._unknown = Unknown()
        self._records = 0
        self._rows: list[Row] = []
        self._positions: list[int] = []
        self._around: list[tuple[_Around, ...]] = []
        self._now: tuple[_Around, ...] = ()  # the chain, of each record
        self._rejects: list[Reject] = []
        self._fault = ""  # of the file, for which no record of it is released

    def read(self, stream: BinaryIO, ahead: BinaryIO | None) -> Iterator[Chunk]:
        """Pieces of any size."""
        self._etree.clear_error_log()  # it is the thread's, with the faults of other files
        start = self._check_prolog(stream)
        self._fault = self._look_ahead(ahead) if ahead is not None else ""
        try:
            for element in self._ended(stream, start):
                self._end(element)
                if self._is_full():
                    yield self._piece()
        except self._etree.XMLSyntaxError as error:
            if not self._fault:
                raise self._refused(_why_malformed(error, self._records)) from None
            self._rejects.append((self._records + 1, "incomplete", "", self._fault))
        yield self._piece()

    def _ended(self, stream: BinaryIO, start: bytes) -> Iterator[Any]:
        """The elements that are called as a record or as one around records, where they end."""
        record = self._layout.record
        names = {f"{{*}}{_local_name(record[-1])}", *record[:-1]}
        parser = pull_parser(self._etree, names)
        since, tags = 0, TagBound()
        for block in _blocks(stream, start):
            if tags.is_passed(block):
                raise self._refused(too_long_a_tag())
            parser.feed(block)
            since += len(block)
            for _event, element in parser.read_events():
                if element.tag == record[-1]:
                    since = 0
                yield element
            if since > self._limits.line_bytes:
                raise self._refused(
                    _(
                        "a record, or what stands between two, takes more than {limit} MiB",
                        limit=self._limits.line_bytes >> 20,
                    )
                )
        parser.close()

    def _look_ahead(self, stream: BinaryIO) -> str:
        """Why a file is cut; empty where it ends as its root does, and there is nothing behind."""
        end = b""
        for block in _blocks(stream, b""):
            end = (end + block)[-_END_BYTES:]
        root = re.escape(_local_name(self._layout.record[0]).encode())
        last = rb"</(?:[^\s<>/:]+:)?" + root + rb"\s*>|/>"
        behind = rb"(?:\s|<!--(?:(?!-->).)*-->|<\?(?:(?!\?>).)*\?>)*\Z"
        is_whole = re.search(b"(?:" + last + b")" + behind, end.replace(b"\0", b""), re.DOTALL)
        return "" if is_whole else N_("its end is missing")

    def _check_prolog(self, stream: BinaryIO) -> bytes:
        """The first bytes, in which the root begins; they have no DTD."""
        start, state = b"", {"root": "", "dtd": False}
        parser = expat.ParserCreate(namespace_separator="}")

        def begin(name: str, _attributes: object) -> None:
            state["root"] = state["root"] or name
            raise _PrologEnd

        def doctype(*_parts: object) -> None:
            state["dtd"] = True
            raise _PrologEnd

        parser.StartElementHandler = begin
        parser.StartDoctypeDeclHandler = doctype
        with suppress(_PrologEnd):
            while block := stream.read(4096):
                start += block
                if len(start) > _PROLOG_BYTES:
                    break
                try:
                    parser.Parse(block)
                except (expat.ExpatError, ValueError, LookupError):
                    raise self._refused(_("is no XML")) from None
            if not start:
                raise self._refused(_("is empty"))
        if state["dtd"]:
            raise self._refused(dtd_is_not_read())
        root = str(state["root"])
        if not root:
            raise self._refused(_("is no XML: no element in its first {limit} MiB", limit=1))
        if (f"{{{root}" if "}" in root else root) != self._layout.record[0]:
            raise self._no_records()
        return start

    def _end(self, element: Any) -> None:
        """An element that is called as a record, or as one around records, has ended."""
        record = self._layout.record
        parent = element.getparent()
        if element.tag == record[-1] and self._chain and parent is self._chain[-1].element:
            self._record(element)
            return
        path = [element.tag, *(above.tag for above in element.iterancestors())][::-1]
        if path == list(record):
            self._open(element)
            self._record(element)
        elif path == list(record[: len(path)]):
            self._close(element, len(path) - 1)
        elif path[: len(record)] != list(record) and _local(element) == _local_name(record[-1]):
            raise self._no_records()

    def _open(self, record: Any) -> None:
        """Take the elements around `record` as those around what follows."""
        above = list(record.iterancestors())[::-1]
        chain = []
        for depth, element in enumerate(above):
            known = self._chain[depth] if depth < len(self._chain) else None
            if known is None or known.element is not element:
                known = _Around(element, self._layout.around[depth], self._unknown)
            chain.append(known)
        self._chain, self._now = chain, tuple(chain)

    def _close(self, element: Any, depth: int) -> None:
        """An element around records has ended: what is read of it is known."""
        if depth < len(self._chain) and self._chain[depth].element is element:
            around = self._chain[depth]
            before, waited = around.values, not around.complete
            around.read()
            if not waited and around.values != before:
                raise self._refused(
                    _(
                        "what stands around the records must not follow more than {count:,} of "
                        "them",
                        count=MOST_WAITING,
                    )
                )
            around.complete = True
            self._chain = self._chain[:depth]
        self._forget(element, depth)

    def _forget(self, element: Any, depth: int) -> None:
        """Empty an element that has ended, and take what stands before it out of the tree.

        The parser still adds to the last one, which therefore stays; so does what is read around
        records.
        """
        element.clear()
        parent = element.getparent()
        if parent is None:
            return
        step = self._layout.around[depth - 1].step
        while (before := element.getprevious()) is not None:
            known = step.inside.get(before.tag)
            if known is None:
                self._unknown.meet(before, step, RECORDS_TO_SHOW)
            elif known.skipped is None:
                if len(parent) > _MOST_AROUND:
                    raise self._refused(
                        _("more than {count:,} elements stand around records", count=_MOST_AROUND)
                    )
                break
            parent.remove(before)

    def _record(self, element: Any) -> None:
        self._records += 1
        if self._fault:
            self._rejects.append((self._records, "incomplete", "", self._fault))
            self._forget(element, len(self._layout.record) - 1)
            return
        scope = self._layout.scope
        row: Row = [None] * scope.slots
        self._unknown.begin()
        fill(element, scope.step, row, self._unknown)
        problem = ""
        for choice in self._layout.choices:
            problem = problem or choice.problem(row)
        if problem:
            self._rejects.append((self._records, "unreadable", "", problem))
        else:
            self._rows.append(row)
            self._positions.append(self._records)
            self._around.append(self._now)
        self._forget(element, len(self._layout.record) - 1)

    def _is_full(self) -> bool:
        count = len(self._rows) + len(self._rejects)
        if count < PIECE_RECORDS:
            return False
        waits = not all(around.complete for around in self._chain)
        if waits and count >= MOST_WAITING:
            for around in self._chain:
                around.complete = True
        return not waits or count >= MOST_WAITING

    def _piece(self) -> Chunk:
        """The records so far."""
        faults: dict[int, list[str]] = {}
        rows = range(len(self._rows))
        slots = list(zip(*self._rows, strict=True)) or [()] * self._layout.scope.slots
        columns = {
            spec.name: self._column(spec, spec.name, self._layout.scope, slots, rows, faults)
            for spec in self._plan.fields
        }
        chunk = Chunk(
            batch_of(columns, faults, rows),
            pa.array(self._positions, pa.int64()),
            rejects_of(self._rejects),
            self._unknown.new(),
            skipped=dict(self._layout.scope.step.passed_over()),
        )
        self._rows, self._positions, self._around, self._rejects = [], [], [], []
        return chunk

    def _column(
        self,
        spec: PlanField,
        path: str,
        scope: Scope,
        slots: Sequence[Sequence[Any]],
        rows: Sequence[int],
        faults: dict[int, list[str]],
    ) -> pa.Array:
        """The values of a field in N rows of `scope`, of which the i-th stands in `rows[i]`."""
        if spec.fields:
            children = [
                self._column(child, f"{path}.{child.name}", scope, slots, rows, faults)
                for child in spec.fields
            ]
            seen = scope.structs.get(path)
            absent = (
                None
                if seen is None
                else pa.array([note != THERE for note in slots[seen]], pa.bool_())
            )
            return _struct(children, [child.name for child in spec.fields], len(rows), absent)
        if path in self._layout.contexts:
            depth, slot = self._layout.contexts[path]
            values = [around[depth].values[slot] for around in self._around]
            return leaf_array(values, spec.type, path, rows, faults, self._adapter)
        values = list(slots[scope.places[path]])
        if spec.of is None:
            return leaf_array(values, spec.type, path, rows, faults, self._adapter)
        offsets, of_rows = [0], list[int]()
        elements: list[Row] = []
        for row, inner in zip(rows, values, strict=True):
            elements += inner or ()
            of_rows += [row] * len(inner or ())
            offsets.append(len(elements))
        below = self._layout.lists[path]
        inner_slots = list(zip(*elements, strict=True)) or [()] * below.slots
        if spec.of.fields:
            array = self._column(spec.of, path, below, inner_slots, of_rows, faults)
        else:
            texts = list(inner_slots[below.places[path]])
            array = leaf_array(texts, spec.of.type, path, of_rows, faults, self._adapter)
        return pa.ListArray.from_arrays(pa.array(offsets, pa.int32()), array)

    def _refused(self, problem: str) -> InputError:
        return InputError(self._source, problem)

    def _no_records(self) -> InputError:
        options = self._plan.format.xml
        assert options is not None
        return self._refused(
            _(
                "its elements are not those of schema {schema}: records must stand at `{record}`, "
                "in namespace `{namespace}`",
                schema=self._plan.schema,
                record=options.record,
                namespace=options.namespace,
            )
        )


class _PrologEnd(Exception):
    """The root of a file begins, or its DTD."""


def _struct(
    children: list[pa.Array], names: list[str], rows: int, absent: pa.BooleanArray | None
) -> pa.Array:
    """A struct that is null where `absent` says; without it, where all in it is null or empty."""
    if absent is not None:
        return pa.StructArray.from_arrays(children, names, mask=absent)
    absent = pa.repeat(pa.scalar(True), rows)
    for child in children:
        none = child.is_null()
        if pa.types.is_list(child.type):
            none = pc.or_kleene(none, pc.equal(pc.list_value_length(child), 0))
        absent = pc.and_(absent, none)
    return pa.StructArray.from_arrays(children, names, mask=absent)


def _blocks(stream: BinaryIO, start: bytes) -> Iterator[bytes]:
    yield start
    while block := stream.read(_BLOCK_BYTES):
        yield block


def _local(element: Any) -> str:
    return _local_name(element.tag)


def _local_name(name: str) -> str:
    return name.rpartition("}")[2]


def _why_malformed(error: Any, records: int) -> str:
    """What is wrong with a file, and where; never what stands there."""
    first = error.error_log[0] if len(error.error_log) else None
    line, column = (first.line, first.column) if first and first.line else error.position
    kind = first.type_name if first else "?"
    return _(
        "is not well-formed XML at line {line}, column {column}, behind "
        "{records:#, record|#, records} (`{kind}`)",
        line=line,
        column=column,
        records=records,
        kind=kind.removeprefix("ERR_"),
    )
