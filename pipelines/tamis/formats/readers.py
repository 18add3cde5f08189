"""The readers of the formats that are read from start to end, by format."""

from collections.abc import Callable, Iterator, Mapping
from typing import Final

from tamis.documents.feed_format import FormatName
from tamis.formats.avro import read_avro
from tamis.formats.chunk import Chunk
from tamis.formats.csv import read_csv
from tamis.formats.dsn.read import read_dsn
from tamis.formats.jsonl import read_jsonl

SEQUENTIAL: Final[Mapping[FormatName, Callable[..., Iterator[Chunk]]]] = {
    "csv": read_csv,
    "jsonl": read_jsonl,
    "avro": read_avro,
    "dsn": read_dsn,
}
"""Each takes a stream, the plan, the input's name and limits, and gives chunks."""
