"""`minimize` on streams: tables, readers, data frames of pandas and Polars, relations of DuckDB."""

import datetime
import decimal
from collections.abc import Callable, Iterator
from typing import Any

import duckdb
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from tamis.documents.tags import TAGS
from tamis.errors import KeysError, RunError, UsageError
from tamis.filter.execution import Minimized
from tamis.filter.minimize import minimize
from tamis.limits import Limits
from tamis.plan.plan import Plan, PlanCondition, PlanField, PlanLeaf
from tamis.plan.schemas import released_schema

from .. import plans
from ..plans import leaf, release

NIR, WRONG_KEY = "155087599999193", "155087599999194"
DAY = datetime.date(2024, 2, 29)
FIELDS = (
    PlanField("nir", "string", identifier=("nir",)),
    PlanField("nature", "string"),
    PlanField("jour", "date32"),
    PlanField("montant", "decimal128(12, 2)"),
    PlanField("heures", "int32"),
    PlanField("codes", "list", of=PlanField("item", "string")),
)
ROWS: dict[str, list[Any]] = {
    "nir": [NIR, WRONG_KEY, None, NIR],
    "nature": ["CPF", "CPF", "CPF", "DIF"],
    "jour": [DAY, DAY, None, DAY],
    "montant": [decimal.Decimal("1.50"), None, decimal.Decimal("-2.00"), None],
    "heures": [1, 2, 3, 4],
    "codes": [["a", "b"], [], None, ["c"]],
    "inconnu": ["x", "y", "z", "t"],
}


def plan_of(*leaves: PlanLeaf, **more: Any) -> Plan:
    kept = leaves or [leaf(field.name) for field in FIELDS]
    where = (PlanCondition("nature", ("CPF",), plans.BECAUSE),)
    return plans.plan_of(*FIELDS, release(*kept, where=where, **more))


def values(done: Minimized[Any]) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = done.released["r"].drop_columns(list(TAGS)).to_pylist()
    return rows


FRAMES: dict[str, Callable[[dict[str, list[Any]]], Any]] = {
    "table": pa.table,
    "reader": lambda rows: pa.table(rows).to_reader(2),
    "pandas": pd.DataFrame,
    "pandas from Arrow": lambda rows: pa.table(rows).to_pandas(types_mapper=pd.ArrowDtype),
    "pandas by category": lambda rows: pd.DataFrame(rows).astype({"nature": "category"}),
    "pandas with an index": lambda rows: pd.DataFrame(rows).set_index("inconnu"),
    "polars": pl.DataFrame,
    "polars by category": lambda rows: pl.DataFrame(rows).cast({"nature": pl.Categorical}),
    "duckdb": lambda rows: duckdb.from_arrow(pa.table(rows)),
}


@pytest.mark.parametrize("make", FRAMES.values(), ids=FRAMES)
def test_whatever_exports_an_arrow_stream_gives_a_table_a_release(
    make: Callable[[dict[str, list[Any]]], Any],
) -> None:
    plan = plan_of()
    by_batch = minimize(pa.record_batch(ROWS), plan, run="essai")

    done = minimize(make(ROWS), plan, run="essai")

    assert isinstance(done.released["r"], pa.Table)
    assert done.released["r"].schema.equals(released_schema(plan, plan.releases[0]))
    assert done.released["r"].equals(pa.Table.from_batches([by_batch.released["r"]]))
    assert done.rows["r"].to_pylist() == [0, 2]
    assert done.quarantined.equals(pa.Table.from_batches([by_batch.quarantined]))
    assert done.tally == by_batch.tally


def test_rows_are_counted_over_the_whole_stream() -> None:
    pieces = pa.concat_tables([pa.table(ROWS)] * 4).to_reader(2)

    done = minimize(pieces, plan_of(), limits=Limits(chunk_records=3))

    assert done.rows["r"].to_pylist() == [0, 2, 4, 6, 8, 10, 12, 14]
    assert done.quarantined.column("row").to_pylist() == [1, 5, 9, 13]
    assert [row["heures"] for row in values(done)] == [1, 3] * 4
    assert (done.tally.records, done.tally.released, done.tally.withheld) == (16, 8, 4)
    assert done.tally.reconciled
    assert done.tally.rows == {"r": 8}


def test_small_batches_are_judged_together() -> None:
    """Or the gate would weigh each by itself: thirteen digits count by their number."""
    nirs = pa.table({"nature": ["CPF"] * 300, "codes": [[f"15508759{n:05}"] for n in range(300)]})
    plan = plan_of(nir="absent")
    whole = minimize(nirs.to_batches()[0], plan)

    done = minimize(nirs.to_reader(7), plan)

    assert done.quarantined.column("row").equals(
        pa.chunked_array([whole.quarantined.column("row")])
    )
    assert done.tally == whole.tally


def test_batches_of_one_stream_may_have_dictionaries_of_their_own() -> None:
    batches = [
        pa.record_batch({"nature": pa.array([word, "CPF"]).dictionary_encode()})
        for word in ("DIF", "AUTRE", "CPF")
    ]

    done = minimize(pa.Table.from_batches(batches), plan_of())

    assert done.rows["r"].to_pylist() == [1, 3, 4, 5]


@pytest.mark.parametrize("rows", [pa.table(ROWS).slice(0, 0), pa.table({})])
def test_an_empty_stream_gives_empty_tables_of_the_right_schema(rows: pa.Table) -> None:
    plan = plan_of()

    done = minimize(rows, plan)

    assert done.released["r"].equals(released_schema(plan, plan.releases[0]).empty_table())
    assert done.quarantined.num_rows == len(done.rows["r"]) == done.tally.records == 0


def test_what_is_no_arrow_data_is_refused_and_its_values_are_not_told() -> None:
    with pytest.raises(UsageError, match=r"expected .* `__arrow_c_stream__`, got `list`"):
        minimize([{"nir": NIR}], plan_of())  # type: ignore[call-overload]
    with pytest.raises(RunError) as raised:
        minimize(pd.DataFrame({"nir": [NIR, 7, b"x"]}), plan_of())
    assert str(raised.value) == "reading the Arrow stream failed (ArrowTypeError)"
    assert raised.value.__suppress_context__


def test_what_fails_in_the_middle_of_a_stream_tells_no_value() -> None:
    def rows() -> Iterator[pa.RecordBatch]:
        yield pa.record_batch({"nature": ["CPF"]})
        raise ValueError(NIR)

    reader = pa.RecordBatchReader.from_batches(pa.schema([("nature", pa.string())]), rows())
    with pytest.raises(RunError) as raised:
        minimize(reader, plan_of())
    assert NIR not in str(raised.value)


def test_keys_are_asked_for_before_the_stream_is_read() -> None:
    drawn = PlanLeaf("nir", "pseudonymized", ("x",), pseudonym="p", method="hmac-sha256")
    reader = pa.table(ROWS).to_reader()

    with pytest.raises(KeysError, match="it needs a keyring"):
        minimize(reader, plan_of(drawn))

    assert reader.read_all().num_rows == 4


def test_a_reference_of_keys_is_no_keyring() -> None:
    with pytest.raises(KeysError, match="takes a keyring, as of `open_keyring`, got `str`"):
        minimize(pa.table({"a": [1]}), plan_of(), keys="keys.json")  # type: ignore[call-overload]


def test_a_result_is_shown_by_its_counts() -> None:
    assert repr(minimize(pa.table(ROWS), plan_of())) == (
        "<Minimized: 4 records, 2 released, 1 withheld, 1 quarantined>"
    )
