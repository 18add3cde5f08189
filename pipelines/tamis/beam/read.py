"""Readers as Beam transforms: patterns of files in, batches of what the plan reads out.

Only descriptors are shuffled (which file, which row groups), never records: that is what spreads
one big Parquet file over all cores, and keeps memory flat.
A Parquet file is read by parts of whole row groups; the other formats from start to end, each
file by one worker, cut into parts of `PART_ROWS` records.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import apache_beam as beam
from apache_beam.pvalue import PBegin, PCollection

from tamis.beam.batch import Batch, Input
from tamis.beam.files import InputFile, digest, list_inputs, open_random, open_sequential
from tamis.decide.plan import Plan
from tamis.documents.schema import FormatName
from tamis.errors import value_free
from tamis.formats.avro import read_avro
from tamis.formats.chunk import CHUNK_RECORDS, PART_ROWS, Chunk
from tamis.formats.csv import read_csv
from tamis.formats.dsn import read_dsn
from tamis.formats.jsonl import read_jsonl
from tamis.formats.parquet import PartSpec, count_rows, read_parquet, split

_Reader = Callable[..., Iterator[Chunk]]

_SEQUENTIAL: dict[FormatName, tuple[_Reader, int]] = {
    "csv": (read_csv, CHUNK_RECORDS),
    "jsonl": (read_jsonl, CHUNK_RECORDS // 8),
    "avro": (read_avro, CHUNK_RECORDS // 8),
    "dsn": (read_dsn, CHUNK_RECORDS // 8),
}
"""Reader and records a chunk of the formats that are read from start to end."""


@dataclass(frozen=True)
class Task:
    """A piece of reading that one worker does.

    Attributes:
        file: the input.
        number: of the part in the input.
        part: row groups of a Parquet file; None for all of another file, or for a digest.
        digests: whether the task is to digest the file, not to read records.
    """

    file: InputFile
    number: int = 0
    part: PartSpec | None = None
    digests: bool = False


@dataclass
class ReadFiles(beam.PTransform[PBegin, PCollection[Batch]]):
    """Read files of any format, projected to what `plan` reads.

    Attributes:
        patterns: one pattern or several, local or of a file system that Beam knows.
        plan: the compiled policy; its schema's format decides for names without a known suffix.
        format: reads every file in this format, whatever its name.
    """

    patterns: str | tuple[str, ...]
    plan: Plan
    format: FormatName | None = None

    def expand(self, begin: PBegin) -> PCollection[Batch]:
        """Patterns → tasks, shuffled → batches."""
        patterns = (self.patterns,) if isinstance(self.patterns, str) else tuple(self.patterns)
        batches = (
            begin
            | "Patterns" >> beam.Create([patterns], reshuffle=False)
            | "List" >> beam.ParDo(_ListFn(self.plan.format.name, self.format))
            | "Spread" >> beam.Reshuffle()
            | "Read" >> beam.ParDo(_ReadFn(self.plan))
        )
        batches.element_type = Batch
        return batches


class ReadParquet(ReadFiles):
    """Read Parquet files: row-group parts in parallel, only the columns that the plan reads."""

    def __init__(self, patterns: str | tuple[str, ...], plan: Plan) -> None:
        super().__init__(patterns, plan, "parquet")


class ReadCsv(ReadFiles):
    """Read CSV files, as the schema's options say."""

    def __init__(self, patterns: str | tuple[str, ...], plan: Plan) -> None:
        super().__init__(patterns, plan, "csv")


class ReadJsonLines(ReadFiles):
    """Read files of one JSON object a line."""

    def __init__(self, patterns: str | tuple[str, ...], plan: Plan) -> None:
        super().__init__(patterns, plan, "jsonl")


class ReadAvro(ReadFiles):
    """Read Avro container files."""

    def __init__(self, patterns: str | tuple[str, ...], plan: Plan) -> None:
        super().__init__(patterns, plan, "avro")


class ReadDsn(ReadFiles):
    """Read DSN files (NEODeS text): one record an individu."""

    def __init__(self, patterns: str | tuple[str, ...], plan: Plan) -> None:
        super().__init__(patterns, plan, "dsn")


class _ListFn(beam.DoFn):
    """All patterns of a run in, its reading tasks out: one element, so that places are fixed."""

    def __init__(self, default: FormatName, forced: FormatName | None) -> None:
        self._default = default
        self._forced = forced

    def process(self, patterns: tuple[str, ...]) -> Iterator[Task]:
        for file in list_inputs(patterns, self._default):
            if self._forced:
                file = InputFile(file.index, file.uri, file.bytes, self._forced)
            if file.format != "parquet":
                yield Task(file)
                continue
            with value_free(f"reading {file.uri}"), open_random(file.uri) as stream:
                parts = split(stream, file.uri)
            yield Task(file, digests=True)
            for number, part in enumerate(parts):
                yield Task(file, number, part)


class _ReadFn(beam.DoFn):
    def __init__(self, plan: Plan) -> None:
        self._plan = plan

    def process(self, task: Task) -> Iterator[Batch]:
        with value_free(f"reading {task.file.uri}"):
            if task.digests:
                yield from self._digest(task.file)
            elif task.part is not None:
                yield from self._read_part(task.file, task.number, task.part)
            else:
                yield from self._read_through(task.file)

    def _digest(self, file: InputFile) -> Iterator[Batch]:
        with open_random(file.uri) as stream:
            rows = count_rows(stream, file.uri)
        size, sha256 = digest(file.uri)
        yield Batch(source=file.uri, inputs=(Input(file.uri, rows, size, sha256),))

    def _read_part(self, file: InputFile, number: int, part: PartSpec) -> Iterator[Batch]:
        with open_random(file.uri) as stream:
            chunks = read_parquet(stream, self._plan, file.uri, part)
            for seq, chunk in enumerate(chunks):
                yield Batch.of(chunk, file.uri, _part(file, number), seq)

    def _read_through(self, file: InputFile) -> Iterator[Batch]:
        read, records = _SEQUENTIAL[file.format]
        stream, raw = open_sequential(file.uri)
        with raw:
            rows = seq = number = 0
            for chunk in read(stream, self._plan, file.uri, records):
                if rows // PART_ROWS != number:
                    number, seq = rows // PART_ROWS, 0
                yield Batch.of(chunk, file.uri, _part(file, number), seq)
                rows += chunk.data.num_rows + chunk.rejects.num_rows
                seq += 1
            sha256 = raw.finish()
            yield Batch(source=file.uri, inputs=(Input(file.uri, rows, raw.size, sha256),))


def _part(file: InputFile, number: int) -> str:
    return f"{file.index:05d}-{number:05d}"
