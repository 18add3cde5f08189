"""Readers as Beam transforms: patterns of files in, batches of what the plan reads out.

Only descriptors are shuffled (which file, which row groups or records), never records: that is what
spreads one big file over all cores, and keeps memory flat (`tamis.beam.listing`).
A Parquet file is read by parts of whole row groups, a big file of CSV, JSON Lines or Avro by ranges
of records, a big DSN by ranges of envois; other files from start to end, each by one worker, cut
into parts of `Limits.part_rows` records.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any, BinaryIO

import apache_beam as beam
from apache_beam.pvalue import PBegin, PCollection

from tamis.beam import progress
from tamis.beam.batch import Batch, Input
from tamis.beam.files import InputFile, open_random, open_sequential
from tamis.beam.listing import ListFiles, Task
from tamis.documents.feed_format import FormatName
from tamis.errors import InputError, value_free
from tamis.formats.chunk import Chunk, PartKey, cut
from tamis.formats.digests import sha256_of
from tamis.formats.dsn.individus import read_dsn
from tamis.formats.dsn.ranges import EnvoiRange
from tamis.formats.parquet import count_rows, read_parquet
from tamis.formats.partitions import add_partitions
from tamis.formats.ranges import RecordRange, Stretch
from tamis.formats.readers import SEQUENTIAL, read_whole
from tamis.formats.whole_file import Breach, Watched, breach_of, rejected
from tamis.language import _
from tamis.limits import USUAL, Limits
from tamis.plan.plan import Plan

NO_LINE = 1 << 62
"""A line that no file has."""

OTHER_NAMES = "files-given-by-another-name-too"
"""The anomaly of inputs that are the same file under several names, and are read once."""


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
        tasks = begin | ListFiles(
            patterns, self.plan, self.format, limits=self.limits, by_digest=self.by_digest
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


@dataclass
class ReadXml(ReadFiles):
    """Read XML files: one record for each element at the path that the schema's format says.

    Example:
        >>> import tamis
        >>> plan = tamis.load_project("cpf").plan("cpir-partage", on="2026-03-02")
        >>> tamis.ReadXml("in/*", plan).format
        'xml'
    """

    format: FormatName | None = "xml"


@dataclass
class ReadSpreadsheet(ReadFiles):
    """Read spreadsheets (`.xlsx`, `.ods`): one record a row of the sheet that the schema names.

    Example:
        >>> import tamis
        >>> plan = tamis.load_project("cpf").plan("cpir-partage", on="2026-03-02")
        >>> tamis.ReadSpreadsheet("in/*", plan).format
        'spreadsheet'
    """

    format: FormatName | None = "spreadsheet"


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
            records = chunk.records
            if self._limit is not None and read + records > self._limit:
                if read < self._limit:
                    yield cut(chunk, self._limit - read)[0]
                return
            read += records
            yield chunk
        self.complete = True


def read_task(
    task: Task, plan: Plan, limits: Limits = USUAL, *, coded: bool = False
) -> Iterator[Chunk]:
    """The records of a task that is no digest, with the columns that `plan` reads."""
    if task.part is not None or task.range is not None:
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
    elif isinstance(task.range, EnvoiRange):
        chunks = _read_envois(task, task.range, stream, plan, limits)
    elif task.range is not None:
        chunks = SEQUENTIAL[task.format](stream, plan, task.file.name, limits, task.range)
    else:
        again = partial(_opened, task.file)
        chunks = read_whole(task.format, stream, again, plan, task.file.name, limits)
        breach = _breach(task, plan)
        if breach is not None:
            chunks = rejected(chunks, breach, task.file.name)
    return FirstRecords(add_partitions(chunks, plan, task.file.uri), task.limit)


def _read_envois(
    task: Task, part: EnvoiRange, stream: BinaryIO, plan: Plan, limits: Limits
) -> Iterator[Chunk]:
    own = Stretch(stream, part.start, part.stop)
    with open_random(task.file.uri) as again:
        ahead = Stretch(again, part.start, part.stop)
        name = task.file.name
        yield from read_dsn(own, plan, name, limits, ahead=ahead, begin=part.begin)


def _breach(task: Task, plan: Plan) -> Breach | None:
    """Why no record of a file may be released, where its format says so: it is read twice."""
    if plan.format.whole_file is None:
        return None
    with _opened(task.file) as stream:
        watched: Any = Watched(stream)
        again = partial(_opened, task.file)
        chunks = read_whole(task.format, watched, again, plan, task.file.name)
        chunks = add_partitions(chunks, plan, task.file.uri)
        return breach_of(chunks, watched, plan, task.file.uri)


@contextmanager
def _opened(file: InputFile) -> Iterator[BinaryIO]:
    stream, raw = open_sequential(file.uri, file.name)
    with raw:
        yield stream


@dataclass(eq=False, repr=False)
class _ReadFn(beam.DoFn):
    plan: Plan
    limits: Limits
    coded: bool

    def process(self, task: Task) -> Iterator[Batch]:
        with value_free(_("reading {source}", source=task.file.name)):
            task.file.require_unchanged()
            if task.digests:
                yield self._digest(task)
            elif task.part is not None:
                yield from self._part_of_file(task, task.part.rows)
            elif isinstance(task.range, EnvoiRange):
                yield from self._envois(task, task.range)
            elif task.range is not None:
                yield from self._part_of_file(task, task.range.records, task.range)
            else:
                yield from self._whole_file(task)
            task.file.require_unchanged()

    def _digest(self, task: Task) -> Batch:
        file = task.file
        if task.end is not None:
            return _end_of(file, task.end)
        if task.limit is not None:
            return _end_of(file, Input(file.name, task.limit, file.bytes))
        size = self.limits.block_bytes if task.block is not None else file.bytes
        start = (task.block or 0) * size
        with open_random(file.uri) as stream:
            rows = 0 if task.block else count_rows(stream, file.name)
            sha256 = sha256_of(Stretch(stream, start, start + size)).hex()
        size = min(size, file.bytes - start)
        read = Input(file.name, rows, size, sha256, index=file.index, block=task.block)
        return Batch(source=file.name, inputs=(read,)) if task.block else _end_of(file, read)

    def _part_of_file(
        self, task: Task, rows: int, part: RecordRange | None = None
    ) -> Iterator[Batch]:
        file = task.file
        read = 0
        missing: frozenset[str] = frozenset()
        chunks = read_task(task, self.plan, self.limits, coded=self.coded)
        for seq, chunk in enumerate(chunks):
            if part is not None:
                missing |= chunk.missing
                chunk = replace(chunk, missing=frozenset())
            yield Batch(chunk, file.name, PartKey(file.index, task.number), seq)
            records = chunk.records
            read += records
            progress.advance(records, task.bytes * records // (rows or 1))
        if part is None:
            return
        if read != rows:
            raise InputError(
                file.name,
                _(
                    "records {first} to {last} were counted, and {read} of them read: it changed, "
                    "or is read in another way than counted",
                    first=part.first + 1,
                    last=part.first + rows,
                    read=read,
                ),
            )
        end = Input(file.name, 0, 0, index=file.index, missing=tuple(sorted(missing)))
        yield Batch(source=file.name, inputs=(end,))

    def _envois(self, task: Task, part: EnvoiRange) -> Iterator[Batch]:
        """The records of some envois of a file, as one part of it or, if they are many, several."""
        file, rows, seq, number = task.file, 0, 0, part.number
        for chunk in read_task(task, self.plan, self.limits):
            before, number = number, min(part.number + rows // self.limits.part_rows, part.last)
            seq = seq if number == before else 0
            yield Batch(chunk, file.name, PartKey(file.index, number), seq)
            records = chunk.records
            rows += records
            seq += 1
            progress.advance(records, 0)
        progress.advance(0, task.bytes)
        lines = part.begin.lines + 1, NO_LINE if part.lines is None else part.lines + 1
        read = Input(file.name, rows, 0, index=file.index, lines=lines)
        yield Batch(source=file.name, inputs=(read,))

    def _whole_file(self, task: Task) -> Iterator[Batch]:
        file = task.file
        if task.limit == 0:
            yield _end_of(file, Input(file.name, 0, file.bytes))
            return
        stream, raw = open_sequential(file.uri, file.name)
        with raw:
            rows = seq = number = reported = 0
            chunks = _chunks(task, self.plan, stream, self.limits)
            for chunk in chunks:
                if rows // self.limits.part_rows != number:
                    number, seq = rows // self.limits.part_rows, 0
                yield Batch(chunk, file.name, PartKey(file.index, number), seq)
                records = chunk.records
                rows += records
                seq += 1
                progress.advance(records, raw.size - reported)
                reported = raw.size
            sha256 = raw.finish() if chunks.complete else ""
            size = raw.size if chunks.complete else file.bytes
            yield _end_of(file, Input(file.name, rows, size, sha256))


def _end_of(file: InputFile, read: Input) -> Batch:
    """The batch without rows that says that an input was read."""
    end = Batch(source=file.name, inputs=(read,))
    if not file.other_names:
        return end
    return replace(end, chunk=replace(end.chunk, anomalies={OTHER_NAMES: file.other_names}))
