"""The ways by which a text comes to the filter: one for each format."""

import csv
import io
import json
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final

import fastavro
import pyarrow as pa
import pyarrow.parquet as pq

import tamis
from tamis.documents.feed_format import Format
from tamis.formats.avro import read_avro
from tamis.formats.chunk import Chunk
from tamis.formats.csv import read_csv
from tamis.formats.dsn.individus import read_dsn
from tamis.formats.jsonl import read_jsonl
from tamis.formats.parquet import read_parquet, split
from tamis.formats.python_records import to_chunk
from tamis.formats.python_values import adapter_for
from tamis.plan.plan import Plan, PlanField
from tamis.streams.messages import Message, MicroBatch, decode, json_decoder

from ..plans import keep_all

QUARANTINED: Final = object()
"""What becomes of a value that has not the type."""


def _csv(texts: Sequence[str], plan: Plan) -> Iterable[Chunk]:
    written = io.StringIO()
    writer = csv.writer(written, quoting=csv.QUOTE_ALL)
    writer.writerows([["f", "g"], *([text, "x"] for text in texts)])
    return read_csv(io.BytesIO(written.getvalue().encode()), plan, "feed")


def _json_lines(texts: Sequence[str], plan: Plan) -> Iterable[Chunk]:
    lines = "\n".join(json.dumps({"f": text}) for text in texts)
    return read_jsonl(io.BytesIO(lines.encode()), plan, "feed")


def _json_numbers(texts: Sequence[str], plan: Plan) -> Iterable[Chunk]:
    lines = "\n".join(f'{{"f": {text}}}' for text in texts)
    return read_jsonl(io.BytesIO(lines.encode()), plan, "feed")


def _avro(texts: Sequence[str], plan: Plan) -> Iterable[Chunk]:
    schema = {"type": "record", "name": "r", "fields": [{"name": "f", "type": "string"}]}
    stream = io.BytesIO()
    fastavro.writer(stream, schema, [{"f": text} for text in texts])
    return read_avro(io.BytesIO(stream.getvalue()), plan, "feed")


def _parquet(texts: Sequence[str], plan: Plan) -> Iterable[Chunk]:
    stream = io.BytesIO()
    pq.write_table(pa.table({"f": list(texts)}), stream)
    return read_parquet(stream, plan, "feed", split(stream, "feed")[0])


def _dsn(texts: Sequence[str], plan: Plan) -> Iterable[Chunk]:
    lines = ["S10.G00.00.001,'L'", "S20.G00.05.001,'01'"]
    for text in texts:
        lines += ["S21.G00.30.002,'ESSAI'", f"S21.G00.30.006,'{text}'"]
    lines += [f"S90.G00.90.001,'{len(lines) + 2}'", "S90.G00.90.002,'1'"]
    data = "\r\n".join(lines).encode()
    return read_dsn(io.BytesIO(data), plan, "feed", ahead=io.BytesIO(data))


def _kafka(texts: Sequence[str], plan: Plan) -> Iterable[Chunk]:
    payloads = (json.dumps({"f": text}).encode() for text in texts)
    messages = tuple(Message(0, at, payload) for at, payload in enumerate(payloads))
    yield decode(MicroBatch("topic", messages), plan, json_decoder())[0]


def _dicts(texts: Sequence[str], plan: Plan) -> Iterable[Chunk]:
    records = [{"f": text} for text in texts]
    yield to_chunk(records, range(len(texts)), plan.fields, adapter=adapter_for(plan.format))


def _kafka_numbers(texts: Sequence[str], plan: Plan) -> Iterable[Chunk]:
    messages = tuple(Message(0, at, f'{{"f": {text}}}'.encode()) for at, text in enumerate(texts))
    yield decode(MicroBatch("topic", messages), plan, json_decoder())[0]


def _dict_numbers(texts: Sequence[str], plan: Plan) -> Iterable[Chunk]:
    records = [{"f": json.loads(text)} for text in texts]
    yield to_chunk(records, range(len(texts)), plan.fields, adapter=adapter_for(plan.format))


Door = Callable[[Sequence[str], Plan], Iterable[Chunk]]
DOORS: Final[dict[str, tuple[Door, Format]]] = {
    "csv": (_csv, Format(name="csv")),
    "jsonl": (_json_lines, Format(name="jsonl")),
    "avro": (_avro, Format(name="avro")),
    "parquet": (_parquet, Format(name="parquet")),
    "dsn": (_dsn, Format(name="dsn")),
    "kafka": (_kafka, Format(name="jsonl")),
    "dicts": (_dicts, Format(name="jsonl")),
    "json numbers": (_json_numbers, Format(name="jsonl")),
    "kafka numbers": (_kafka_numbers, Format(name="jsonl")),
    "dict numbers": (_dict_numbers, Format(name="jsonl")),
}


def outcomes(
    door: str, kind: str, texts: Sequence[str], written: Format | None = None
) -> list[Any]:
    """What becomes of each text that a feed has in a field of a type: a value, null or none."""
    read, usual = DOORS[door]
    form = written or usual
    rubrique = "S21.G00.30.006" if door == "dsn" else None
    plan = keep_all(PlanField("f", kind, rubrique=rubrique), form=form)
    found: list[Any] = []
    for chunk in read(texts, plan):
        assert not len(chunk.rejects)
        done = tamis.minimize(chunk.data, plan)
        values = dict(
            zip(done.rows["r"].to_pylist(), done.released["r"].column("f").to_pylist(), strict=True)
        )
        found += [values.get(row, QUARANTINED) for row in range(chunk.data.num_rows)]
    return found
