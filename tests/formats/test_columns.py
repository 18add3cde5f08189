"""`column:` names the source's column of a field, in every format and at every depth."""

import io
import json
import unicodedata
from collections.abc import Callable
from typing import Any

import apache_beam as beam
import fastavro
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from apache_beam.testing.util import assert_that

import tamis
from tamis.documents.feed_format import FormatName
from tamis.formats.avro import read_avro
from tamis.formats.chunk import Chunk
from tamis.formats.columns import as_field
from tamis.formats.csv import read_csv
from tamis.formats.jsonl import read_jsonl
from tamis.formats.parquet import read_parquet, split
from tamis.plan.plan import Plan, PlanField
from tamis.streams.messages import Message, MicroBatch, decode, json_decoder

from .. import plans

NAMES = [
    "adresse.ville",
    " adresse.ville",
    "ville\N{NO-BREAK SPACE}",
    unicodedata.normalize("NFD", "Né à"),
    "VILLE",
    "N° de ville",
]


def plan_of(name: str, form: FormatName, nested: bool = False) -> Plan:
    fields: tuple[PlanField, ...] = (
        PlanField("ville", "string", column=name),
        PlanField("iban", "string"),
    )
    if nested:
        item = PlanField("item", "struct", fields=fields[:1])
        fields = (PlanField("lieux", "list", of=item, column="Lieux.tous"),)
    known = tuple(field.source_name for field in fields)
    return plans.plan_of(*fields, form=form, known=known)


def of_csv(records: list[dict[str, Any]], plan: Plan) -> list[Chunk]:
    lines = [",".join(records[0]), *(",".join(record.values()) for record in records)]
    return list(read_csv(io.BytesIO("\n".join(lines).encode()), plan, "f.csv"))


def of_jsonl(records: list[dict[str, Any]], plan: Plan) -> list[Chunk]:
    text = "\n".join(json.dumps(record, ensure_ascii=False) for record in records)
    return list(read_jsonl(io.BytesIO(text.encode()), plan, "f.jsonl"))


def of_messages(records: list[dict[str, Any]], plan: Plan) -> list[Chunk]:
    messages = tuple(
        Message(0, place, json.dumps(record).encode()) for place, record in enumerate(records)
    )
    return [decode(MicroBatch("kafka://b/t", messages), plan, json_decoder())[0]]


def of_parquet(records: list[dict[str, Any]], plan: Plan) -> list[Chunk]:
    stream = io.BytesIO()
    pq.write_table(pa.Table.from_pylist(records), stream)
    (part,) = split(stream, "f.parquet")
    return list(read_parquet(stream, plan, "f.parquet", part))


def of_avro(records: list[dict[str, Any]], plan: Plan) -> list[Chunk]:
    # A name of Avro has no blank and no dot.
    schema = {
        "type": "record",
        "name": "r",
        "fields": [{"name": name, "type": "string"} for name in records[0]],
    }
    stream = io.BytesIO()
    fastavro.writer(stream, schema, records)
    return list(read_avro(io.BytesIO(stream.getvalue()), plan, "f.avro"))


READERS: dict[FormatName, Callable[[list[dict[str, Any]], Plan], list[Chunk]]] = {
    "csv": of_csv,
    "jsonl": of_jsonl,
    "parquet": of_parquet,
}


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("form", READERS)
def test_a_column_gives_the_field_and_no_drift(form: FormatName, name: str) -> None:
    records = [{name: "Lyon", "iban": "X"}, {name: "Brest", "iban": "Y"}]

    chunks = READERS[form](records, plan_of(name, form))

    data = pa.concat_batches([chunk.data for chunk in chunks])
    assert data.to_pydict() == {"ville": ["Lyon", "Brest"], "iban": ["X", "Y"]}
    assert {each for chunk in chunks for each in (*chunk.unknown, *chunk.missing)} == set()


@pytest.mark.parametrize("form", READERS)
def test_the_field_s_own_name_is_no_column_of_it(form: FormatName) -> None:
    records = [{"ville": "Lyon", "iban": "X"}]

    chunks = READERS[form](records, plan_of("Commune", form))

    rows = [row for chunk in chunks for row in chunk.data.to_pylist()]
    assert [row.get("ville") for row in rows] == [None]
    assert {name for chunk in chunks for name in chunk.unknown} == {"ville"}
    assert {name for chunk in chunks for name in chunk.missing} == {"Commune"}


def test_a_message_and_an_avro_record_are_read_by_column() -> None:
    (chunk,) = of_messages([{"adresse.ville": "Lyon"}], plan_of("adresse.ville", "jsonl"))
    assert chunk.data.column("ville").to_pylist() == ["Lyon"]

    (chunk,) = of_avro([{"VILLE": "Lyon", "iban": "X", "nir": "N"}], plan_of("VILLE", "avro"))
    assert chunk.data.to_pydict() == {"ville": ["Lyon"], "iban": ["X"]}


@pytest.mark.parametrize("form", ["jsonl", "parquet"])
def test_a_leaf_of_a_list_has_its_column(form: FormatName) -> None:
    records = [{"Lieux.tous": [{"a.b": "Lyon", "iban": "X"}, {"a.b": None, "iban": "Y"}]}]

    chunks = READERS[form](records, plan_of("a.b", form, nested=True))

    rows = [row for chunk in chunks for row in chunk.data.to_pylist()]
    assert rows == [{"lieux": [{"ville": "Lyon"}, {"ville": None}]}]


def test_a_dotted_column_is_not_the_struct_beside_it() -> None:
    records = [{"adresse": {"ville": "Paris"}, "adresse.ville": "Lyon"}]

    (chunk,) = of_parquet(records, plan_of("adresse.ville", "parquet"))

    assert chunk.data.to_pydict() == {"ville": ["Lyon"]}


@pytest.mark.parametrize("door", [tamis.FromDicts, tamis.FromArrow])
def test_the_doors_read_by_column(door: Any) -> None:
    plan = plan_of("adresse.ville", "jsonl", nested=True)
    record = {"Lieux.tous": [{"adresse.ville": "Lyon"}]}
    element: Any = record if door is tamis.FromDicts else pa.Table.from_pylist([record])

    def rows_are(batches: list[Any]) -> None:
        rows = [row for batch in batches for row in batch.data.to_pylist()]
        assert rows == [{"lieux": [{"ville": "Lyon"}]}]
        assert not any(batch.chunk.missing or batch.chunk.unknown for batch in batches)

    with beam.Pipeline("FnApiRunner") as pipeline:
        assert_that(pipeline | beam.Create([element]) | door(plan), rows_are)


# Maps


def test_a_map_that_stands_for_a_struct_is_read_by_its_keys() -> None:
    field = PlanField(
        "m", "struct", fields=(PlanField("x", "int64", column="b"), PlanField("a", "int64"))
    )
    maps = pa.array(
        [[("a", 1), ("b", 2)], None, [("b", 3), ("b", 4)], []], pa.map_(pa.string(), pa.int64())
    )
    rows = [{"x": 2, "a": 1}, None, {"x": 4, "a": None}, {"x": None, "a": None}]

    assert as_field(maps, field).to_pylist() == rows
    assert as_field(maps.slice(1, 2), field).to_pylist() == rows[1:3]
