"""Arrow columns as CSV and JSON for PostgreSQL, and its CSV as columns: no value changes."""

import json
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tamis.address import DatabaseAddress
from tamis.errors import RunError
from tamis.filter.quarantine import FAULTS
from tamis.formats.json_texts import to_json
from tamis.formats.postgres_copy import column_type, from_csv, to_csv
from tamis.plan.plan import PlanField
from tamis.stores.table_layout import MAX_NAME, table_name

TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=12)
ROWS = st.lists(
    st.fixed_dictionaries(
        {
            "texte": st.none() | TEXT,
            "nombre": st.none() | st.integers(-(2**63), 2**63 - 1),
            "vrai": st.none() | st.booleans(),
        }
    ),
    max_size=3,
)
ONE = pa.struct(
    [
        ("texte", pa.string()),
        ("nombre", pa.int64()),
        ("vrai", pa.bool_()),
    ]
)
FIELDS = (
    PlanField("texte", "string"),
    PlanField("nombre", "int64"),
    PlanField("vrai", "bool"),
)


@given(st.lists(st.none() | ROWS, max_size=3))
def test_json_is_what_python_reads_back(lists: list[list[dict[str, Any]] | None]) -> None:
    texts = to_json(pa.array(lists, pa.list_(ONE))).to_pylist()
    assert [json.loads(text) for text in texts] == lists


@given(ROWS)
def test_a_slice_is_told_as_json_without_its_neighbours(rows: list[dict[str, Any]]) -> None:
    array = pa.array([{"texte": "VOISIN"}, *rows, {"texte": "VOISIN"}], ONE)
    texts = to_json(array.slice(1, len(rows))).to_pylist()
    assert [json.loads(text) for text in texts] == rows


def test_numbers_are_exact_and_odd_values_are_text_in_json() -> None:
    kind = pa.struct([("d", pa.decimal128(20, 2)), ("f", pa.float64()), ("b", pa.binary())])
    row = {"d": Decimal("123456789012345678.90"), "f": float("nan"), "b": b"\xff"}
    (text,) = to_json(pa.array([row], kind), jsonb=True).to_pylist()
    assert text == '{"d":123456789012345678.90,"f":"nan","b":"\\\\xff"}'


@given(st.lists(st.tuples(st.none() | TEXT, st.none() | st.binary(max_size=4)), max_size=8))
def test_what_is_sent_is_what_is_read(rows: list[tuple[str | None, bytes | None]]) -> None:
    texts, blobs = [value for value, _ in rows], [value for _, value in rows]
    sent = pa.record_batch({"t": pa.array(texts, pa.string()), "b": pa.array(blobs, pa.binary())})
    data, replaced = to_csv(sent)
    assert replaced == 0
    if rows:
        fields = (PlanField("t", "string"), PlanField("b", "binary"))
        read = from_csv(data, {"t": "text", "b": "bytea"}, fields, pa.array(range(len(rows))))
        assert read.to_pydict() == {"t": texts, "b": blobs}


def test_pseudonyms_are_sent_in_hexadecimal_from_a_slice_too() -> None:
    array = pa.array([b"VOISIN", b"\x00\xff\\\"';"], pa.binary(6)).slice(1)
    assert to_csv(pa.record_batch({"p": array})) == (b'"\\x00ff5c22273b"\n', 0)


def test_a_nested_column_is_read_as_json_with_its_faults() -> None:
    inner = PlanField("item", "struct", fields=(PlanField("montant", "decimal128(12, 2)"),))
    fields = (PlanField("lignes", "list", of=inner),)
    data = b'"[{""montant"": 1.10}]"\n"{""autre"": 1}"\n\n'
    read = from_csv(data, {"lignes": "jsonb"}, fields, pa.array([1, 2, 3]))
    assert read.to_pydict() == {
        "lignes": [[{"montant": "1.10"}], None, None],
        FAULTS: [None, ["lignes.montant"], None],
    }


def test_a_day_that_arrow_cannot_hold_is_left_to_the_filter_as_text() -> None:
    fields = (PlanField("jour", "date32"),)
    read = from_csv(b"2024-05-17\ninfinity\n", {"jour": "date"}, fields, pa.array([1, 2]))
    assert read.column("jour").to_pylist() == ["2024-05-17", "infinity"]


def test_moments_finer_than_microseconds_are_refused_without_telling_them() -> None:
    batch = pa.record_batch({"quand": pa.array([1], pa.timestamp("ns"))})
    with pytest.raises(RunError, match=r"field quand: timestamp\[ns\] holds moments finer"):
        to_csv(batch)


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        (pa.uint16(), "integer"),
        (pa.uint64(), "numeric(20,0)"),
        (pa.decimal256(60, 4), "numeric(60,4)"),
        (pa.timestamp("ms", "UTC"), "timestamp with time zone"),
        (pa.time32("s"), "time without time zone"),
        (pa.binary(16), "bytea"),
        (pa.dictionary(pa.int8(), pa.string()), "text"),
        (ONE, "jsonb"),
    ],
    ids=str,
)
def test_a_type_of_arrow_has_one_of_postgresql(kind: pa.DataType, name: str) -> None:
    assert column_type(kind) == name


@given(st.text("aZ3@:/?#[]%&= é", min_size=4, max_size=12), st.sampled_from(["", "?table=t"]))
def test_an_address_is_shown_without_its_password(secret: str, query: str) -> None:
    password = f"§{secret}§"
    for uri in (
        f"postgresql://moi:{password}@hote:5432/base{query}",
        f"postgres://hote/base?password={password}&table=t",
        f"postgresql://moi:{password}@hote/base?sslpassword={password}",
    ):
        assert "§" not in DatabaseAddress.of(uri).shown
        assert "moi" not in DatabaseAddress.of(uri).shown


def test_a_database_hides_its_address() -> None:
    database = DatabaseAddress.of(
        "postgresql://moi:secret@hote/base?sslmode=require&schema=s&table=t"
    )
    assert database.conninfo == "postgresql://moi:secret@hote/base?sslmode=require"
    assert (database.schema, database.table) == ("s", "t")
    assert "secret" not in repr(database)


@given(st.from_regex(r"[A-Za-z0-9._-]{1,90}", fullmatch=True))
def test_names_of_tables_fit(name: str) -> None:
    shortened = table_name("policy-" + name, name)
    assert len(shortened) <= MAX_NAME - 14
