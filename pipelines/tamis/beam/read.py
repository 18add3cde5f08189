"""Readers as Beam transforms: patterns of files in, batches of what the plan reads out.

Only descriptors are shuffled (which file, which row groups), never records: that is what spreads
one big Parquet file over all cores, and keeps memory flat.
A Parquet file is read by parts of whole row groups; the other formats from start to end, each
file by one worker, cut into parts of `Limits.part_rows` records.
"""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from typing import BinaryIO

import apache_beam as beam
from apache_beam.pvalue import PBegin, PCollection

from tamis.beam import progress
from tamis.beam.batch import Batch, Input
from tamis.beam.files import (
    InputFile,
    digest,
    list_inputs,
    open_random,
    open_sequential,
    recognize,
)
from tamis.documents.feed_format import FormatName
from tamis.errors import value_free
from tamis.formats.chunk import Chunk, PartKey, cut
from tamis.formats.parquet import PartSpec, count_rows, read_parquet, split
from tamis.formats.partitions import add_partitions
from tamis.formats.readers import SEQUENTIAL
from tamis.language import _
from tamis.limits import USUAL, Limits
from tamis.plan.plan import Plan

OTHER_NAMES = "files-given-by-another-name-too"
"""The anomaly of inputs that are the same file under several names, and are read once."""

_OPENED_AT_ONCE = 16


@dataclass(frozen=True)
class Task:
    """A piece of reading that one worker does.

    Attributes:
        file: the input.
        format: how it is read.
        number: of the part in the input.
        part: row groups of a Parquet file; None for all of another file, or for a digest.
        digests: whether the task is to digest the file, not to read records.
        limit: records to read at most; of a digest, those that all parts of the file read
            together. None for all.
        bytes: of the file, that the part stands for.
    """

    file: InputFile
    format: FormatName
    number: int = 0
    part: PartSpec | None = None
    digests: bool = False
    limit: int | None = None
    bytes: int = 0


@dataclass
class ListFiles(beam.PTransform[PBegin, PCollection[Task]]):
    """List files as reading tasks, spread over the workers.

    Attributes:
        patterns: one pattern or several, local or of a file system that Beam knows.
        default: the format of files whose content and name tell none.
        format: reads every file in this format, whatever its content and name.
        limit: records to read at most, in even shares of the tasks; None for all.
        limits: rows of a part of a Parquet file.
        by_digest: whether no file is called by its name.
    """

    patterns: tuple[str, ...]
    default: FormatName
    format: FormatName | None = None
    limit: int | None = None
    limits: Limits = field(default=USUAL, repr=False)
    by_digest: bool = False

    def expand(self, begin: PBegin) -> PCollection[Task]:
        """Patterns → tasks, shuffled."""
        return (
            begin
            | "Patterns" >> beam.Create([self.patterns], reshuffle=False)
            | "List" >> beam.ParDo(_ListFn(self))
            | "Spread" >> beam.Reshuffle()
        )


@dataclass
class ReadTasks(beam.PTransform[PCollection[Task], PCollection[Batch]]):
    """Do reading tasks, projected to what `plan` reads.

    Attributes:
        plan: the compiled policy.
        limits: sizes of chunks and parts.
        coded: read text of Parquet by dictionaries (`Minimize` has it too).
    """

    plan: Plan
    limits: Limits = field(default=USUAL, repr=False)
    coded: bool = False

    def expand(self, tasks: PCollection[Task]) -> PCollection[Batch]:
        """Tasks → batches."""
        batches = tasks | "Read" >> beam.ParDo(_ReadFn(self.plan, self.limits, self.coded))
        batches.element_type = Batch
        return batches


@dataclass
class ReadFiles(beam.PTransform[PBegin, PCollection[Batch]]):
    """Read files of any format, projected to what `plan` reads.

    Attributes:
        patterns: one pattern or several, local or of a file system that Beam knows.
        plan: the compiled policy; its schema's format decides where a file's content and name do
            not.
        format: reads every file in this format, whatever its content and name.
        limits: sizes of chunks and parts.
        by_digest: whether no file is called by its name in receipts and quarantine.
        coded: read text of Parquet by dictionaries (`Minimize` has it too).

    Example:
        >>> import apache_beam as beam
        >>> import tamis
        >>> plan = tamis.load_project("cpf").plan("cpir-partage", on="2026-03-02")
        >>> batches = beam.Pipeline("FnApiRunner") | tamis.ReadFiles("in/*.parquet", plan)
        >>> batches.element_type
        <class 'tamis.beam.batch.Batch'>
    """

    patterns: str | tuple[str, ...]
    plan: Plan
    format: FormatName | None = None
    limits: Limits = field(default=USUAL, repr=False)
    by_digest: bool = False
    coded: bool = False

    def expand(self, begin: PBegin) -> PCollection[Batch]:
        """Patterns → tasks, shuffled → batches."""
        patterns = (self.patterns,) if isinstance(self.patterns, str) else tuple(self.patterns)
        default = self.plan.format.name
        tasks = begin | ListFiles(
            patterns, default, self.format, limits=self.limits, by_digest=self.by_digest
        )
        return tasks | ReadTasks(self.plan, self.limits, self.coded)


@dataclass
class ReadParquet(ReadFiles):
    """Read Parquet files: row-group parts in parallel, only the columns that the plan reads.

    Example:
        >>> import tamis
        >>> plan = tamis.load_project("cpf").plan("cpir-partage", on="2026-03-02")
        >>> tamis.ReadParquet("in/*", plan).format
        'parquet'
    """

    format: FormatName | None = "parquet"


@dataclass
class ReadCsv(ReadFiles):
    """Read CSV files, as the schema's options say.

    Example:
        >>> import tamis
        >>> plan = tamis.load_project("cpf").plan("regularite-prestataires", on="2026-03-02")
        >>> tamis.ReadCsv("in/*", plan).format
        'csv'
    """

    format: FormatName | None = "csv"


@dataclass
class ReadJsonLines(ReadFiles):
    """Read files of one JSON object a line.

    Example:
        >>> import tamis
        >>> plan = tamis.load_project("cpf").plan("cpir-partage", on="2026-03-02")
        >>> tamis.ReadJsonLines("in/*", plan).format
        'jsonl'
    """

    format: FormatName | None = "jsonl"


@dataclass
class ReadAvro(ReadFiles):
    """Read Avro container files.

    Example:
        >>> import tamis
        >>> plan = tamis.load_project("cpf").plan("cpir-partage", on="2026-03-02")
        >>> tamis.ReadAvro("in/*", plan).format
        'avro'
    """

    format: FormatName | None = "avro"


@dataclass
class ReadDsn(ReadFiles):
    """Read DSN files (NEODeS text): one record an individu.

    Example:
        >>> import tamis
        >>> plan = tamis.load_project("cpf").plan("dsn-droits", on="2026-03-02")
        >>> tamis.ReadDsn("in/*", plan).format
        'dsn'
    """

    format: FormatName | None = "dsn"


class FirstRecords:
    """The first `limit` records of `chunks`, or all of them.

    Attributes:
        complete: once read to its end, whether there were no more records.
    """

    def __init__(self, chunks: Iterator[Chunk], limit: int | None) -> None:
        self._chunks = chunks
        self._limit = limit
        self.complete = False

    def __iter__(self) -> Iterator[Chunk]:
        read = 0
        for chunk in self._chunks:
            records = records_of(chunk)
            if self._limit is not None and read + records > self._limit:
                if read < self._limit:
                    yield cut(chunk, self._limit - read)[0]
                return
            read += records
            yield chunk
        self.complete = True


def records_of(chunk: Chunk) -> int:
    """Records of a chunk, rejects included."""
    return int(chunk.data.num_rows + chunk.rejects.num_rows)


def read_task(
    task: Task, plan: Plan, limits: Limits = USUAL, *, coded: bool = False
) -> Iterator[Chunk]:
    """The records of a task that is no digest, with the columns that `plan` reads."""
    if task.part is not None:
        with open_random(task.file.uri) as stream:
            yield from _chunks(task, plan, stream, limits, coded=coded)
    else:
        stream, raw = open_sequential(task.file.uri, task.file.name)
        with raw:
            yield from _chunks(task, plan, stream, limits)


def _chunks(
    task: Task, plan: Plan, stream: BinaryIO, limits: Limits, *, coded: bool = False
) -> FirstRecords:
    """The records of a task whose file is opened as `stream`."""
    if task.limit:
        limits = limits.with_chunks_of(task.limit)
    if task.part is not None:
        chunks = read_parquet(stream, plan, task.file.name, task.part, limits, coded=coded)
    else:
        chunks = SEQUENTIAL[task.format](stream, plan, task.file.name, limits)
    return FirstRecords(add_partitions(chunks, plan, task.file.uri), task.limit)


class _ListFn(beam.DoFn):
    """All patterns of a run in, its reading tasks out: one element, so that places are fixed."""

    def __init__(self, listing: ListFiles) -> None:
        self._default = listing.default
        self._forced = listing.format
        self._limit = listing.limit
        self._limits = listing.limits
        self._by_digest = listing.by_digest

    def process(self, patterns: tuple[str, ...]) -> Iterator[Task]:
        files = list_inputs(patterns, by_digest=self._by_digest)
        with ThreadPoolExecutor(_OPENED_AT_ONCE) as pool:
            formats = pool.map(self._format, files)
            tasks = [
                task
                for file, form in zip(files, formats, strict=True)
                for task in self._tasks(file, form)
            ]
        if self._limit is None:
            progress.expect(sum(task.bytes for task in tasks))
            yield from tasks
        else:
            progress.expect(0, self._limit)
            yield from _limit_tasks(tasks, self._limit)

    def _format(self, file: InputFile) -> FormatName:
        with value_free(_("reading {source}", source=file.name)):
            return self._forced or recognize(file, self._default)

    def _tasks(self, file: InputFile, form: FormatName) -> Iterator[Task]:
        if form != "parquet":
            yield Task(file, form, bytes=file.bytes)
            return
        what = _("reading {source}", source=file.name)
        with value_free(what), open_random(file.uri) as stream:
            parts = split(stream, file.name, self._limits.part_rows)
        yield Task(file, form, digests=True)
        rows = sum(part.rows for part in parts) or 1
        for number, part in enumerate(parts):
            yield Task(file, form, number, part, bytes=file.bytes * part.rows // rows)


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


class _ReadFn(beam.DoFn):
    def __init__(self, plan: Plan, limits: Limits, coded: bool) -> None:
        self._plan = plan
        self._limits = limits
        self._coded = coded

    def process(self, task: Task) -> Iterator[Batch]:
        with value_free(_("reading {source}", source=task.file.name)):
            task.file.require_unchanged()
            if task.digests:
                yield from self._digest(task.file, task.limit)
            elif task.part is not None:
                yield from self._part_of_file(task, task.part)
            else:
                yield from self._whole_file(task)
            task.file.require_unchanged()

    def _digest(self, file: InputFile, read: int | None) -> Iterator[Batch]:
        if read is not None:
            yield _end_of(file, read, file.bytes, "")
            return
        with open_random(file.uri) as stream:
            rows = count_rows(stream, file.name)
        size, sha256 = digest(file.uri)
        yield _end_of(file, rows, size, sha256)

    def _part_of_file(self, task: Task, part: PartSpec) -> Iterator[Batch]:
        chunks = read_task(task, self._plan, self._limits, coded=self._coded)
        for seq, chunk in enumerate(chunks):
            yield Batch(chunk, task.file.name, PartKey(task.file.index, task.number), seq)
            records = records_of(chunk)
            progress.advance(records, task.bytes * records // (part.rows or 1))

    def _whole_file(self, task: Task) -> Iterator[Batch]:
        file = task.file
        if task.limit == 0:
            yield _end_of(file, 0, file.bytes, "")
            return
        stream, raw = open_sequential(file.uri, file.name)
        with raw:
            rows = seq = number = reported = 0
            chunks = _chunks(task, self._plan, stream, self._limits)
            for chunk in chunks:
                if rows // self._limits.part_rows != number:
                    number, seq = rows // self._limits.part_rows, 0
                yield Batch(chunk, file.name, PartKey(file.index, number), seq)
                records = records_of(chunk)
                rows += records
                seq += 1
                progress.advance(records, raw.size - reported)
                reported = raw.size
            sha256 = raw.finish() if chunks.complete else ""
            size = raw.size if chunks.complete else file.bytes
            yield _end_of(file, rows, size, sha256)


def _end_of(file: InputFile, rows: int, size: int, sha256: str) -> Batch:
    """The batch without rows that says that an input was read."""
    end = Batch(source=file.name, inputs=(Input(file.name, rows, size, sha256),))
    if not file.other_names:
        return end
    return replace(end, chunk=replace(end.chunk, anomalies={OTHER_NAMES: file.other_names}))
