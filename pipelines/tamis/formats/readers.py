"""The readers of the formats that are read from start to end, and of their parts, by format."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import partial
from typing import Any, BinaryIO, Final

from tamis.documents.feed_format import FormatName
from tamis.formats.avro import read_avro
from tamis.formats.avro_ranges import avro_begin, count_avro
from tamis.formats.chunk import Chunk
from tamis.formats.csv import read_csv
from tamis.formats.csv_ranges import count_csv, csv_begin
from tamis.formats.dsn.individus import read_dsn
from tamis.formats.dsn.ranges import EnvoiRange, count_dsn, cut_envois, dsn_begin
from tamis.formats.jsonl import read_jsonl
from tamis.formats.jsonl_ranges import count_jsonl, jsonl_begin
from tamis.formats.ranges import RecordRange, cut_records
from tamis.formats.spreadsheet.read import read_spreadsheet
from tamis.formats.xml.read import read_xml
from tamis.language import N_
from tamis.limits import USUAL, Limits
from tamis.plan.plan import Plan

FileRange = RecordRange | EnvoiRange
"""What one worker reads of a file."""

SEQUENTIAL: Final[Mapping[FormatName, Callable[..., Iterator[Chunk]]]] = {
    "csv": read_csv,
    "jsonl": read_jsonl,
    "avro": read_avro,
    "xml": read_xml,
    "spreadsheet": read_spreadsheet,
}
"""Each takes a stream, the plan, the input's name and limits, and gives chunks; those of formats in
`RANGES` take a range of it too. A DSN is read by `read_dsn`, twice."""


def read_whole(
    form: FormatName,
    stream: Any,
    again: Callable[[], AbstractContextManager[BinaryIO]],
    plan: Plan,
    source: str,
    limits: Limits = USUAL,
) -> Iterator[Chunk]:
    """Read all records of a file of a format that is read from start to end.

    Args:
        form: the format.
        stream: the file, decompressed.
        again: opens it once more; called for DSN and XML, which are read twice.
        plan, source, limits: as of the readers.

    Raises:
        InputError: as of the readers.
    """
    if form != "dsn" and form != "xml":
        yield from SEQUENTIAL[form](stream, plan, source, limits)
        return
    with again() as ahead:
        read = read_dsn if form == "dsn" else read_xml
        yield from read(stream, plan, source, limits, ahead=ahead)


@dataclass(frozen=True)
class Ranges:
    """How a format is counted, so that many workers read one file.

    Attributes:
        begin: of a stream, a plan and the input's name, where its records begin, in bytes; None
            where it must be read from start to end.
        count: of a stream, a plan, that beginning and the bounds of a stretch, its counts.
        cut: of all counts, that beginning, the file's size, a plan and limits, the ranges; None
            where it must be read from start to end.
        doubt: why it must, in words.
    """

    begin: Callable[[Any, Plan, str], int | None]
    count: Callable[[Any, Plan, int, int, int], Any]
    cut: Callable[[Sequence[Any], int, int, Plan, Limits], Sequence[FileRange] | None]
    doubt: str = N_("a quote, or a block, leaves in doubt where its records begin")


def _cut(
    form: FormatName, counts: Sequence[Any], begin: int, size: int, plan: Plan, limits: Limits
) -> Sequence[FileRange] | None:
    if form == "dsn":
        return cut_envois(counts, begin, size, limits)
    footer = plan.format.csv.footer if form == "csv" else 0
    records = limits.chunk_records if form == "csv" else limits.object_chunk_records
    return cut_records(counts, begin, footer, limits, records)


RANGES: Final[Mapping[FormatName, Ranges]] = {
    "csv": Ranges(csv_begin, count_csv, partial(_cut, "csv")),
    "jsonl": Ranges(jsonl_begin, count_jsonl, partial(_cut, "jsonl")),
    "avro": Ranges(avro_begin, count_avro, partial(_cut, "avro")),
    "dsn": Ranges(
        dsn_begin,
        count_dsn,
        partial(_cut, "dsn"),
        N_("no envoi of it begins where it may be cut"),
    ),
}
"""The formats of which one big file is read by many workers."""
