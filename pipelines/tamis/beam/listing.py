"""Files as reading tasks: which are read whole, which by parts, and who finds that out.

    patterns ──list──> files ──open──> tasks ─────────────────────────────────> spread ──> read
                                 └───> blocks ──count, by many workers──> cut ────┘

Where all files are near and small, and few, one step lists and opens them. Else each is opened by
whatever worker; and a file of several blocks of `Limits.block_bytes` is counted and digested block
by block, and then read by ranges of records.
"""

import logging
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from typing import Any

import apache_beam as beam
from apache_beam.pvalue import PBegin, PCollection

from tamis.address import is_local
from tamis.beam import progress
from tamis.beam.batch import Input
from tamis.beam.files import InputFile, list_inputs, open_random, recognize
from tamis.documents.feed_format import FormatName
from tamis.errors import InputError, TamisError, value_free
from tamis.formats.compression import MAGIC_BYTES, compression_of, named_compression
from tamis.formats.digests import sha256_of, tree_of
from tamis.formats.parquet import PartSpec, split
from tamis.formats.ranges import Stretch
from tamis.formats.readers import RANGES, FileRange
from tamis.language import _
from tamis.limits import USUAL, Limits
from tamis.plan.plan import Plan

_OPENED_AT_ONCE = 16

_COUNTED_BYTES = 1 << 20
"""Bytes of a stretch that is counted by itself: what is looked through to find where a part begins,
at most."""


_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Task:
    """A piece of reading that one worker does.

    Attributes:
        file: the input.
        format: how it is read.
        number: of the part in the input.
        part: row groups of a Parquet file; None for all of another file, or for a digest.
        range: of a file that was counted, what is read of it; None elsewhere.
        digests: whether the task is to digest the file, not to read records.
        block: of a file that is digested by blocks, which one; None for all of it.
        end: of a file that was counted, what is known of all of it; None elsewhere.
        limit: records to read at most; of a digest, those that all parts of the file read
            together. None for all.
        bytes: of the file, that the part stands for.
    """

    file: InputFile
    format: FormatName
    number: int = 0
    part: PartSpec | None = None
    range: FileRange | None = None
    digests: bool = False
    block: int | None = None
    end: Input | None = None
    limit: int | None = None
    bytes: int = 0


@dataclass(frozen=True)
class _Block:
    """The block `number` of a file, to be counted; its records begin at the byte `begin`."""

    file: InputFile
    format: FormatName
    number: int
    begin: int


@dataclass(frozen=True)
class _Counted:
    """A block that was counted: its digest, and the counts of its stretches in their order."""

    block: _Block
    sha256: bytes
    counts: tuple[Any, ...]


@dataclass
class ListFiles(beam.PTransform[PBegin, PCollection[Task]]):
    """List files as reading tasks, spread over the workers.

    Attributes:
        patterns: one pattern or several, local or of a file system that Beam knows.
        plan: the compiled policy; its schema's format is that of files whose content and name tell
            none.
        format: reads every file in this format, whatever its content and name.
        limit: records to read at most, in even shares of the tasks; None for all.
        limits: rows of a part, bytes of a block.
        by_digest: whether no file is called by its name.
    """

    patterns: tuple[str, ...]
    plan: Plan
    format: FormatName | None = None
    limit: int | None = None
    limits: Limits = field(default=USUAL, repr=False)
    by_digest: bool = False

    def expand(self, begin: PBegin) -> PCollection[Task]:
        """Patterns → tasks, shuffled."""
        opener = _Opener(self)
        patterns = begin | "Patterns" >> beam.Create([self.patterns], reshuffle=False)
        if self.limit is not None or self._are_few_and_small():
            tasks = patterns | "List" >> beam.FlatMap(_list, self.by_digest, self.limit, opener)
            return tasks | "Spread" >> beam.Reshuffle()
        opened = (
            patterns
            | "List files" >> beam.FlatMap(_list_files, self.by_digest)
            | "Spread files" >> beam.Reshuffle()
            | "Open" >> beam.FlatMap(_open, opener).with_outputs(_BLOCKS, main="tasks")
        )
        counted = (
            opened[_BLOCKS]
            | "Spread blocks" >> beam.Reshuffle()
            | "Count" >> beam.FlatMap(_count, opener)
            | "Together" >> beam.GroupByKey()
            | "Cut" >> beam.FlatMap(_cut, opener)
        )
        return (opened.tasks, counted) | "Tasks" >> beam.Flatten() | "Spread" >> beam.Reshuffle()

    def _are_few_and_small(self) -> bool:
        """Whether one worker does best to list and open the files, as far as can be told here."""
        if not all(map(is_local, self.patterns)):
            return False
        try:
            files = list_inputs(self.patterns, named=False)
        except TamisError:
            return False  # the workers may see what this machine does not
        return len(files) <= _OPENED_AT_ONCE and not any(map(self._may_be_counted, files))

    def _may_be_counted(self, file: InputFile) -> bool:
        return file.bytes > self.limits.block_bytes and _start_of(file) != b"PAR1"


def _start_of(file: InputFile, size: int = 4) -> bytes:
    with open_random(file.uri) as stream:
        return bytes(stream.read(size))


_BLOCKS = "blocks"


class _Opener:
    """Finds out what is to be done to read a file."""

    def __init__(self, listing: ListFiles) -> None:
        self._plan = listing.plan
        self._forced = listing.format
        self._limits = listing.limits

    def format(self, file: InputFile) -> FormatName:
        """The format in which a file is read."""
        own = self._plan.format
        form = self._forced or recognize(file, own.name)
        if own.whole_file is not None and form != own.name:
            raise InputError(
                file.name,
                _(
                    "its content is `{got}`; files of schema `{schema}` must be `{expected}`",
                    got=form,
                    schema=self._plan.schema,
                    expected=own.name,
                ),
            )
        return form

    def tasks(self, file: InputFile, form: FormatName) -> Iterator[Task]:
        """The reading tasks of a file that is not counted."""
        if form != "parquet":
            yield Task(file, form, bytes=file.bytes)
            return
        with open_random(file.uri) as stream:
            parts = split(stream, file.name, self._limits)
        in_blocks = len(parts) > 1 and file.bytes > self._limits.block_bytes
        blocks = range(-(-file.bytes // self._limits.block_bytes)) if in_blocks else (None,)
        for block in blocks:
            yield Task(file, form, digests=True, block=block)
        rows = sum(part.rows for part in parts) or 1
        for number, part in enumerate(parts):
            yield Task(file, form, number, part, bytes=file.bytes * part.rows // rows)

    def blocks(self, file: InputFile, form: FormatName) -> list[_Block]:
        """The blocks of a file that is counted; none of another one."""
        size = self._limits.block_bytes
        if file.bytes <= size or form not in RANGES or self._plan.format.whole_file is not None:
            return []
        start = _start_of(file, MAGIC_BYTES)
        if compression_of(start) or named_compression(file.uri):
            self._tell(file, _("is compressed"))
            return []
        with open_random(file.uri) as stream:
            begin = RANGES[form].begin(stream, self._plan, file.name)
        if begin is None:
            self._tell(file, _("its encoding has no bytes of ASCII"))
            return []
        return [_Block(file, form, number, begin) for number in range(-(-file.bytes // size))]

    def count(self, block: _Block) -> _Counted:
        """Count and digest a block."""
        size = self._limits.block_bytes
        first = block.number * size
        last = min(first + size, block.file.bytes)
        step = min(size, _COUNTED_BYTES)
        with open_random(block.file.uri) as stream:
            sha256 = sha256_of(Stretch(stream, first, last))
            counts = [
                RANGES[block.format].count(
                    stream, self._plan, block.begin, start, min(start + step, last)
                )
                for start in range(first, last, step)
            ]
        return _Counted(block, sha256, tuple(counts))

    def cut(self, blocks: Iterable[_Counted]) -> Iterator[Task]:
        """The reading tasks of a file whose blocks were counted."""
        ordered = sorted(blocks, key=lambda counted: counted.block.number)
        first = ordered[0].block
        file, form = first.file, first.format
        counts = [count for counted in ordered for count in counted.counts]
        parts = RANGES[form].cut(counts, first.begin, file.bytes, self._plan, self._limits)
        if parts is None:
            self._tell(file, _(RANGES[form].doubt))
            yield from self.tasks(file, form)
            return
        records = sum(part.records for part in parts)
        tree = tree_of(counted.sha256 for counted in ordered)
        lines = (0, 0) if form == "dsn" else None  # its records are told by those who read them
        end = Input(file.name, records, file.bytes, "", tree, file.index, lines=lines)
        yield Task(file, form, digests=True, end=end)
        weight = sum(part.weight for part in parts)
        for part in parts:
            share = file.bytes * part.weight // weight
            yield Task(file, form, part.number, range=part, bytes=share)

    @staticmethod
    def _tell(file: InputFile, reason: str) -> None:
        text = _("{source}: is read by one worker: {reason}", source=file.name, reason=reason)
        _log.warning("%s", text)


def _list_files(patterns: tuple[str, ...], by_digest: bool) -> Iterator[InputFile]:
    """All patterns of a run in, its files out: one element, so that their numbers are fixed."""
    files = list_inputs(patterns, by_digest=by_digest)
    progress.expect(sum(file.bytes for file in files))
    yield from files


def _open(file: InputFile, opener: _Opener) -> Iterator[Any]:
    """A file in; its reading tasks out, or the blocks of it that are to be counted."""
    with value_free(_("reading {source}", source=file.name)):
        form = opener.format(file)
        blocks = opener.blocks(file, form)
        if not blocks:
            yield from opener.tasks(file, form)
        for block in blocks:
            yield beam.pvalue.TaggedOutput(_BLOCKS, block)


def _count(block: _Block, opener: _Opener) -> Iterator[tuple[int, _Counted]]:
    """A block in; what was counted in it out, by the number of its file."""
    with value_free(_("reading {source}", source=block.file.name)):
        block.file.require_unchanged()
        yield block.file.index, opener.count(block)


def _cut(element: tuple[int, Iterable[_Counted]], opener: _Opener) -> Iterator[Task]:
    """All counted blocks of a file in, its reading tasks out."""
    yield from opener.cut(element[1])


def _list(
    patterns: tuple[str, ...], by_digest: bool, limit: int | None, opener: _Opener
) -> Iterator[Task]:
    """All patterns of a run in, its reading tasks out: one element, so that places are fixed."""

    def tasks_of(file: InputFile) -> list[Task]:
        with value_free(_("reading {source}", source=file.name)):
            return list(opener.tasks(file, opener.format(file)))

    files = list_inputs(patterns, by_digest=by_digest)
    with ThreadPoolExecutor(_OPENED_AT_ONCE) as pool:
        tasks = [task for several in pool.map(tasks_of, files) for task in several]
    if limit is None:
        progress.expect(sum(task.bytes for task in tasks))
        yield from tasks
    else:
        progress.expect(0, limit)
        yield from _limit_tasks(tasks, limit)


def _limit_tasks(tasks: list[Task], limit: int) -> Iterator[Task]:
    """`tasks` with even shares of `limit` records; a digest knows what its file's parts read."""
    readers = [task for task in tasks if not task.digests]
    shares = share_out(limit, [task.part.rows if task.part else None for task in readers])
    of_file: dict[int, list[tuple[int, int | None]]] = {}
    for task, share in zip(readers, shares, strict=True):
        rows = task.part.rows if task.part else None
        of_file.setdefault(task.file.index, []).append((share, rows))
        if rows is None or share or not rows:
            yield replace(task, limit=None if share == rows else share)
    for task in tasks:
        if task.digests:
            parts = of_file[task.file.index]
            whole = all(share == rows for share, rows in parts)
            yield replace(task, limit=None if whole else sum(share for share, _ in parts))


def share_out(limit: int, capacities: list[int | None]) -> list[int]:
    """`limit` in shares as even as `capacities` allow, where None is no bound.

    Example:
        >>> share_out(10, [None, 2, 100]), share_out(2, [5, 5, 5])
        ([4, 2, 4], [1, 1, 0])
    """
    shares = [0] * len(capacities)
    left = limit
    order = sorted(range(len(capacities)), key=lambda at: capacities[at] or 0)
    order.sort(key=lambda at: capacities[at] is None)
    for done, at in enumerate(order):
        fair = -(-left // (len(order) - done))
        capacity = capacities[at]
        shares[at] = fair if capacity is None else min(fair, capacity)
        left -= shares[at]
    return shares
