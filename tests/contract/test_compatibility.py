"""Compatibility as readers of Avro have it: the library that reads is asked what it can read."""

import io
from typing import Any

import fastavro
import pyarrow as pa
import pytest

from tamis.contract.avro_schema import record_schema
from tamis.contract.compatibility import compatibility, schema_changes
from tamis.contract.schema import Contract

NULL = pa.field("a", pa.string())
NEVER = NULL.with_nullable(False)
B = pa.field("b", pa.int32())
B_NEVER = B.with_nullable(False)

CASES = [
    ("nothing", [NULL], [NULL], "full"),
    ("order", [NULL, B], [B, NULL], "full"),
    ("nullable field added", [NULL], [NULL, B], "full"),
    ("field added that is never null", [NULL], [NULL, B_NEVER], "forward"),
    ("nullable field gone", [NULL, B], [NULL], "full"),
    ("field gone that was never null", [NULL, B_NEVER], [NULL], "backward"),
    ("null where none was", [NEVER], [NULL], "backward"),
    ("no null where some was", [NULL], [NEVER], "forward"),
    ("wider", [B], [pa.field("b", pa.int64())], "backward"),
    ("narrower", [pa.field("b", pa.float64())], [B], "forward"),
    ("another type", [B], [pa.field("b", pa.string())], "none"),
    ("a day in place of a number", [B], [pa.field("b", pa.date32())], "none"),
    ("a moment without its zone", [pa.field("t", pa.timestamp("us", "UTC"))],
     [pa.field("t", pa.timestamp("us"))], "none"),
    ("a moment of another zone", [pa.field("t", pa.timestamp("us", "UTC"))],
     [pa.field("t", pa.timestamp("us", "Europe/Paris"))], "full"),
    ("a pseudonym of another name", [pa.field("p", pa.binary(16))],
     [pa.field("q", pa.binary(16))], "full"),
    ("more digits", [pa.field("d", pa.decimal128(9, 2))], [pa.field("d", pa.decimal128(12, 2))],
     "backward"),
    ("another scale", [pa.field("d", pa.decimal128(9, 2))], [pa.field("d", pa.decimal128(9, 3))],
     "none"),
    ("within a list of records", [pa.field("l", pa.list_(pa.struct([B_NEVER])))],
     [pa.field("l", pa.list_(pa.struct([NEVER, B])))], "none"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("old", "new", "level"), [case[1:] for case in CASES], ids=[case[0] for case in CASES]
)
def test_levels(old: list[pa.Field], new: list[pa.Field], level: str) -> None:
    changes = schema_changes(pa.schema(old), pa.schema(new))
    assert compatibility(changes) == level
    assert all(change.text for change in changes)
    swapped = schema_changes(pa.schema(new), pa.schema(old))
    backward_is_forward = {"backward": "forward", "forward": "backward"}
    assert compatibility(swapped) == backward_is_forward.get(level, level)


def reads(writer: list[pa.Field], reader: list[pa.Field]) -> bool:
    """Whether fastavro reads, by one schema, a record that was written by another."""
    contracts = [Contract("p", "r", "", pa.schema(fields)) for fields in (writer, reader)]
    by, read_by = map(record_schema, contracts)
    for is_null in (True, False):
        record: dict[str, Any] = {
            field.name: None if is_null and field.nullable else {"a": "x"}.get(field.name, 1)
            for field in writer
        }
        written = io.BytesIO()
        fastavro.schemaless_writer(written, by, record)
        written.seek(0)
        try:
            fastavro.schemaless_reader(written, by, read_by)
        except Exception:
            return False
    return True


@pytest.mark.parametrize(
    ("old", "new", "level"), [case[1:] for case in CASES[:10]], ids=[case[0] for case in CASES[:10]]
)
def test_a_library_of_avro_reads_what_is_said_to_be_readable(
    old: list[pa.Field], new: list[pa.Field], level: str
) -> None:
    assert reads(old, new) == (level in ("full", "backward"))
    assert reads(new, old) == (level in ("full", "forward"))
