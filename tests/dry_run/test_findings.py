"""What a dry run finds in Arrow data adds up in any order and however the work was spread."""

import datetime
import random
from collections.abc import Callable
from typing import Any

import pyarrow as pa
import pytest

from tamis.beam.keys import ThrowawayKeys
from tamis.documents.calendar import today
from tamis.dry_run.comparison import Comparison
from tamis.dry_run.retyped import RetypedColumns, retypes
from tamis.dry_run.undeclared import UndeclaredNirs, without_declared
from tamis.formats.chunk import Chunk
from tamis.plan.plan import PlanField
from tamis.synthetic.records import make_nir

from .conftest import KEPT, POLICY, Desk, make_project

CONTRACT = PlanField(
    "contrats",
    "list",
    of=PlanField(
        "item",
        "struct",
        fields=(PlanField("debut", "date32"), PlanField("nir", "string", identifier=("nir",))),
    ),
)
FIELDS = (
    CONTRACT,
    PlanField("montant", "int64"),
    PlanField("note", "string", free_text=True),
    PlanField("ville", "string"),
)


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        (pa.list_(pa.struct({"debut": pa.date32(), "plus": pa.int8()})), []),
        (pa.large_list(pa.struct({"debut": pa.dictionary(pa.int8(), pa.date32())})), []),
        (
            pa.list_(pa.struct({"debut": pa.timestamp("us")})),
            [("contrats.debut", "date32[day]", "timestamp[us]")],
        ),
        (
            pa.list_(pa.struct({"debut": pa.map_(pa.string(), pa.int8())})),
            [("contrats.debut", "date32[day]", "map")],
        ),
        (pa.struct({"debut": pa.date32()}), [("contrats", "list", "struct")]),
        (pa.list_(pa.list_(pa.date32())), [("contrats", "struct", "list")]),
        (pa.string_view(), [("contrats", "list", "string")]),
    ],
)
def test_a_column_of_another_type_is_named_by_its_leaves(
    kind: pa.DataType, expected: list[tuple[str, str, str]]
) -> None:
    assert list(retypes(kind, CONTRACT, "contrats")) == expected


def test_types_add_up_over_files() -> None:
    schemas = [
        pa.schema({"montant": pa.int32(), "ville": pa.large_string()}),
        pa.schema({"montant": pa.float64(), "ville": pa.int8()}),
        pa.schema({"montant": pa.int64()}),
        pa.schema({"montant": pa.int32(), "inconnue": pa.int8()}),
    ]
    whole, parts = RetypedColumns(), RetypedColumns()
    for schema in schemas:
        whole.add(schema, FIELDS)
        part = RetypedColumns()
        part.add(schema, FIELDS)
        parts.merge(part)
    assert parts == whole
    assert [(column.column, column.schema_, column.files) for column in whole.extract()] == [
        ("montant", "int64", {"int32": 2, "double": 1}),
        ("ville", "string", {"int8": 1}),
    ]


def test_what_may_hold_a_nir_is_left_out_at_any_depth() -> None:
    (contracts, amount, city) = without_declared(FIELDS)
    assert (amount.name, city.name) == ("montant", "ville")
    assert [path for path, _ in contracts.leaves()] == ["contrats.debut"]


def test_undeclared_nirs_add_up_over_batches() -> None:
    chance = random.Random(7)
    rows = [
        {
            "contrats": [{"debut": datetime.date(2020, 1, 1), "nir": make_nir(chance)}],
            "montant": n,
            "note": make_nir(chance),
            "ville": make_nir(chance) if n % 2 else "Lyon",
            "inconnue": f"NIR {make_nir(chance)}" if n < 40 else None,
        }
        for n in range(80)
    ]
    batch = pa.RecordBatch.from_pylist(rows)
    whole, parts = UndeclaredNirs(), UndeclaredNirs()
    whole.add(batch, FIELDS)
    for start in range(0, 80, 20):
        part = UndeclaredNirs()
        part.add(batch.slice(start, 20), FIELDS)
        parts.merge(part)

    assert set(whole.columns) == {"contrats.debut", "montant", "ville", "inconnue"}
    for finding in (whole, parts):
        profile = finding.extract()
        assert profile.columns == 4
        undeclared = {
            column.column: (column.known, column.values, column.nirs)
            for column in profile.undeclared
        }
        assert undeclared == {"ville": (True, 80, 40), "inconnue": (False, 40, 40)}


def test_records_of_two_plans_are_the_same_by_their_positions(
    desk: Desk, columns: Callable[[int], dict[str, Any]]
) -> None:
    other = make_project(desk.folder / "other", policy=POLICY % f"{KEPT}, heures")
    plans = [project.plan("evaluation", today()) for project in (desk.project, other.project)]
    batch = pa.RecordBatch.from_pydict(columns(30))
    chunk = Chunk(batch, pa.array(range(1, 31)))
    shorter = Chunk(batch.slice(12), pa.array(range(13, 31)))

    whole, parts = Comparison(), Comparison()
    whole.add((chunk, plans[0]), (shorter, plans[1]), ThrowawayKeys())
    parts.merge(whole)
    assert parts == whole
    fields = {field.field: (field.newly, field.no_longer) for field in whole.extract().fields}
    assert fields == {"heures": (18, 0), **dict.fromkeys(KEPT.split(", "), (0, 12))}
    assert whole.extract().records == 30
