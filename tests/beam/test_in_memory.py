"""Records of somebody's own pipeline: dicts, Rows and tables in, dicts, Rows and tables out."""

import datetime
import json
from collections.abc import Iterable
from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple

import apache_beam as beam
import fastavro
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from apache_beam.options.pipeline_options import PipelineOptions
from apache_beam.pvalue import Row
from apache_beam.testing.util import assert_that, equal_to
from apache_beam.transforms.window import FixedWindows
from apache_beam.utils.timestamp import Timestamp
from hypothesis import given, settings
from hypothesis import strategies as st

import tamis
from tamis.beam.batch import Batch
from tamis.beam.in_memory import UNKNOWN_FIELDS, _FromArrowFn, _FromRecordsFn
from tamis.documents.feed_format import CsvOptions, Format
from tamis.documents.tags import TAGS
from tamis.errors import UsageError
from tamis.limits import Limits
from tamis.plan.plan import Plan, PlanField, PlanLeaf

from ..plans import BECAUSE, leaf, plan_of, release
from .conftest import IN_MEMORY

FIELDS = (
    PlanField("nom", "string", nullable=False),
    PlanField("jours", "int16"),
    PlanField("montant", "decimal128(12, 2)"),
    PlanField("part", "float64"),
    PlanField("entree_le", "date32"),
    PlanField("maj_le", "timestamp[us, tz=UTC]"),
    PlanField("vu_le", "timestamp[us]"),
    PlanField("actif", "bool"),
    PlanField("jeton", "binary"),
    PlanField(
        "contrats",
        "list",
        of=PlanField(
            "item", "struct", fields=(PlanField("debut", "date32"), PlanField("nature", "string"))
        ),
    ),
)
PATHS = tuple(
    path for field in FIELDS for path, leaf in field.walk() if leaf.of is None and not leaf.fields
)
PLAN = plan_of(
    *FIELDS,
    release(*map(leaf, PATHS), id="droits", attested="read"),
    form="parquet",
    known=tuple(field.name for field in FIELDS),
    fates={"droits": dict.fromkeys(PATHS, ("kept", BECAUSE))},
)
FRENCH = replace(
    PLAN, format=Format(name="csv", csv=CsvOptions(decimal=",", dates=("%d/%m/%Y",), separator=";"))
)
UTC = datetime.UTC
DAY = datetime.date(2026, 3, 2)
MOMENT = datetime.datetime(2026, 3, 2, 10, 30, 0, 250_000, UTC)
PLAIN: dict[str, Any] = {
    "nom": "Durand",
    "jours": 3,
    "montant": Decimal("12.50"),
    "part": 0.25,
    "entree_le": DAY,
    "maj_le": MOMENT,
    "vu_le": MOMENT.replace(tzinfo=None),
    "actif": True,
    "jeton": b"\x00\xff",
    "contrats": [{"debut": DAY, "nature": "CDI"}],
}


class Contract(NamedTuple):
    """A row in a row."""

    debut: Any
    nature: str


@dataclass
class Record:
    """A row as Beam's dataclasses with a schema are."""

    nom: str
    jours: int


Person = NamedTuple("Person", [(name, Any) for name in PLAIN])  # type: ignore[misc]


def released(plan: Plan, *records: Any) -> list[dict[str, Any]]:
    """What is released of `records`, without tags, where all of them are."""
    (batch, _) = run_fn(_FromRecordsFn(plan, "memory", Limits()), records)
    done = tamis.minimize(batch.data, plan, run="r")
    assert done.quarantined.to_pylist() == []
    return done.released["droits"].select(plan.known).to_pylist()


def run_fn(fn: Any, elements: Iterable[Any]) -> list[Batch]:
    """The batches that one bundle of `elements` makes."""
    fn.setup()
    fn.start_bundle()
    batches = [batch for element in elements for batch in fn.process(element)]
    return [*batches, *(windowed.value for windowed in fn.finish_bundle())]


@pytest.mark.parametrize("plan", [PLAN, FRENCH], ids=["iso", "french"])
@pytest.mark.parametrize(
    "change",
    [
        {},
        {"contrats": ({"debut": DAY, "nature": "CDI"},)},
        {"contrats": [Contract(DAY, "CDI")]},
        {"contrats": np.array([{"debut": DAY, "nature": "CDI"}], dtype=object)},
        {"entree_le": datetime.datetime(2026, 3, 2), "jours": 3.0, "part": np.float32(0.25)},
        {"entree_le": pd.Timestamp("2026-03-02"), "maj_le": pd.Timestamp(MOMENT)},
        {"jours": np.int64(3), "nom": np.str_("Durand"), "actif": np.bool_(True)},
        {"actif": 1},
        {
            "maj_le": Timestamp.from_utc_datetime(MOMENT),
            "vu_le": Timestamp.from_utc_datetime(MOMENT),
            "jours": Decimal(3),
        },
        {"vu_le": np.datetime64("2026-03-02T10:30:00.250000000"), "montant": 12.5},
        {"maj_le": MOMENT.astimezone(datetime.timezone(datetime.timedelta(hours=2)))},
    ],
    ids=str,
)
def test_values_of_other_libraries_are_those_of_python(plan: Plan, change: dict[str, Any]) -> None:
    # Beside a record whose values are Python's own, so that types mix in each column.
    assert released(plan, PLAIN | change) == [PLAIN]
    assert released(plan, PLAIN, PLAIN | change, PLAIN) == [PLAIN] * 3


@pytest.mark.parametrize(
    ("plan", "change"),
    [
        (PLAN, {"entree_le": "2026-03-02", "montant": "12.50", "jours": "3", "part": "0.25"}),
        (PLAN, {"maj_le": "2026-03-02 10:30:00.250000 UTC", "vu_le": "2026-03-02T10:30:00.25"}),
        (FRENCH, {"entree_le": "02/03/2026", "montant": "12,50", "part": "0,25", "actif": "oui"}),
        (FRENCH, {"vu_le": "02/03/2026T10:30:00.25", "maj_le": "02/03/2026 10:30:00.25 UTC"}),
    ],
)
def test_text_is_read_as_the_schema_s_format_writes_it(plan: Plan, change: dict[str, Any]) -> None:
    assert released(plan, PLAIN | change) == [PLAIN]
    assert released(plan, PLAIN | change, PLAIN) == [PLAIN] * 2


@pytest.mark.parametrize("missing", [None, np.nan, pd.NaT, pd.NA])
def test_what_marks_a_missing_value_is_null(missing: Any) -> None:
    names = ("jours", "montant", "entree_le", "maj_le", "actif", "jeton")
    nulls = dict.fromkeys(names)
    assert released(PLAN, PLAIN | dict.fromkeys(names, missing), PLAIN) == [PLAIN | nulls, PLAIN]


def test_a_row_is_read_whatever_makes_it() -> None:
    rows = [Person(**PLAIN), Row(**PLAIN), PLAIN]
    assert released(PLAN, *rows) == [PLAIN] * 3
    nothing = dict.fromkeys(PLAIN)
    assert released(PLAN, Record("Durand", 3)) == [nothing | {"nom": "Durand", "jours": 3}]


WRONG: list[Any] = [
    {"nom": ["Durand"]},
    {"nom": "Durand", "jours": True},
    {"nom": "Durand", "jours": 3.5},
    {"nom": "Durand", "jours": 70_000},
    {"nom": "Durand", "montant": "douze"},
    {"nom": "Durand", "montant": np.float32(2**24 + 2)},
    {"nom": "Durand", "contrats": "CDI"},
    {"nom": "Durand", "contrats": [{"debut": "hier"}]},
    {"nom": None},
    {"nom": object()},
    {"nom": "Durand", "entree_le": datetime.datetime(2026, 3, 2, 10)},
    {"nom": "Durand", "vu_le": MOMENT},
]
NO_RECORDS: list[Any] = ["Durand", 3, None, ("Durand",), ["Durand"], object()]


@pytest.mark.parametrize("plan", [PLAN, FRENCH], ids=["iso", "french"])
@pytest.mark.parametrize("field", ["jours", "montant"])
@pytest.mark.parametrize("number", ["1E+999999999", "1E-999999999", "0E+999999999"])
def test_a_number_of_a_billion_digits_is_a_fault_and_never_written_out(
    plan: Plan, field: str, number: str
) -> None:
    (batch, _) = run_fn(
        _FromRecordsFn(plan, "memory", Limits()), [PLAIN, PLAIN | {field: Decimal(number)}]
    )
    done = tamis.minimize(batch.data, plan, run="r")
    assert [(row["row"], row["reason"]) for row in done.quarantined.to_pylist()] == [(1, "type")]


def test_wrong_types_go_to_quarantine_and_the_receipt_reconciles(tmp_path: Path) -> None:
    records = [PLAIN, *WRONG, *NO_RECORDS, PLAIN | {"autre": 1, "184127645108946": 2}]

    receipt = store(tmp_path, tamis.FromDicts(PLAN, limits=Limits(object_chunk_records=4)), records)

    assert receipt["counts"] == {"in": 20, "released": 2, "withheld": 0, "quarantined": 18}
    assert receipt["quarantine"] == {"unreadable": 6, "type": 11, "null": 1}
    assert receipt["inputs"] == [{"uri": "memory:dicts", "rows": 20, "bytes": 0, "sha256": ""}]
    assert receipt["drift"] == {"unknown": ["(2 names withheld)"], "missing": []}
    assert receipt["anomalies"] == {UNKNOWN_FIELDS: 1}
    table = pq.read_table(next((tmp_path / "_quarantine").rglob("*.parquet")))
    assert table.column_names == tamis.QUARANTINE_SCHEMA.names
    rows = table.to_pylist()
    assert {row["source"] for row in rows} == {"memory:dicts"}
    assert len({row["position"] for row in rows}) == len(rows)
    assert "Durand" not in str(rows)


def store(folder: Path, door: Any, elements: list[Any], *between: Any) -> dict[str, Any]:
    """Run elements through a door, `Minimize` and `Store`; the receipt."""
    with beam.Pipeline("FnApiRunner", options=PipelineOptions([IN_MEMORY])) as pipeline:
        source = pipeline | beam.Create([None]) | beam.FlatMap(lambda _: elements)
        for transform in between:
            source = source | transform
        out = source | door | tamis.Minimize(PLAN, "the-run", replay=True)
        out | tamis.Store(str(folder))
    receipt: dict[str, Any] = json.loads((folder / "_receipts/the-run.json").read_text())
    return receipt


def test_many_bundles_are_one_input_and_one_whole(tmp_path: Path) -> None:
    records = [PLAIN | {"nom": f"n{number}"} for number in range(1_000)]

    receipt = store(tmp_path, tamis.FromDicts(PLAN, "bigquery:p.d.t"), records, beam.Reshuffle())

    assert receipt["counts"]["released"] == 1_000
    assert receipt["inputs"] == [{"uri": "bigquery:p.d.t", "rows": 1_000, "bytes": 0, "sha256": ""}]
    names = pq.read_table(tmp_path / "essai/droits").column("nom").to_pylist()
    assert sorted(names) == sorted(record["nom"] for record in records)


def test_parts_and_positions_are_unique_and_of_the_size_that_limits_say() -> None:
    limits = Limits(object_chunk_records=3, part_rows=6)
    batches = [
        batch
        for _ in range(2)
        for batch in run_fn(_FromRecordsFn(PLAN, "memory", limits), [PLAIN] * 10)
    ]
    assert [batch.data.num_rows for batch in batches] == [3, 3, 3, 1, 0] * 2
    assert [batch.seq for batch in batches] == [0, 1, 0, 1, 0] * 2
    assert len({batch.part for batch in batches if batch.data.num_rows}) == 4
    positions = [place for batch in batches for place in batch.positions.to_pylist()]
    assert len(set(positions)) == 20
    assert min(positions) > 0
    assert sum(read.rows for batch in batches for read in batch.inputs) == 20


VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=5)
    | st.binary(max_size=5)
    | st.decimals()
    | st.dates()
    | st.datetimes(timezones=st.none() | st.just(UTC))
    | st.times()
    | st.sampled_from([np.float64("nan"), pd.NaT, pd.NA, object(), Timestamp(1), float]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["debut", "nature", "x"]), inner, max_size=3)
        | st.tuples(inner)
    ),
    max_leaves=4,
)
ELEMENTS = VALUES | st.dictionaries(st.sampled_from([*PLAN.known, "x", "1"]), VALUES, max_size=10)


@pytest.mark.slow
@settings(max_examples=300)
@given(st.lists(ELEMENTS, max_size=6), st.booleans())
def test_no_element_raises_and_none_is_lost(elements: list[Any], french: bool) -> None:
    plan = FRENCH if french else PLAN
    batches = run_fn(_FromRecordsFn(plan, "memory", Limits(object_chunk_records=4)), elements)
    judged = sum(batch.data.num_rows + batch.chunk.rejects.num_rows for batch in batches)
    assert judged == sum(read.rows for batch in batches for read in batch.inputs) == len(elements)
    for batch in batches:
        assert tamis.minimize(batch.data, plan, run="r").tally.reconciled


class Hostile(dict[str, Any]):
    """A mapping that cannot be read."""

    def get(self, *_: object) -> Any:
        raise RuntimeError("Durand")

    def keys(self) -> Any:
        raise RuntimeError("Durand")

    __iter__ = keys


def test_a_record_that_raises_is_rejected_alone() -> None:
    records = [PLAIN, Hostile(PLAIN), PLAIN]
    batches = run_fn(_FromRecordsFn(PLAN, "memory", Limits()), records)
    rejects = [row for batch in batches for row in batch.chunk.rejects.to_pylist()]
    assert [row["rule"] for row in rejects] == ["not a record (RuntimeError)"]
    assert sum(batch.data.num_rows for batch in batches) == 2
    assert sum(read.rows for batch in batches for read in batch.inputs) == 3


def test_text_that_is_none_is_a_fault() -> None:
    batch, _ = run_fn(_FromRecordsFn(PLAN, "memory", Limits()), [{"nom": "\ud800"}])
    assert tamis.minimize(batch.data, PLAN, run="r").tally.reasons == {"type": 1}


def test_a_key_that_no_record_has_is_told_as_missing() -> None:
    *_, last = run_fn(_FromRecordsFn(PLAN, "memory", Limits()), [{"nom": "Durand", "jours": 1}])
    assert last.chunk.missing == set(PLAN.known) - {"nom", "jours"}
    (nothing,) = run_fn(_FromRecordsFn(PLAN, "memory", Limits()), [])
    assert nothing.chunk.missing == frozenset()


TABLE = pa.Table.from_pylist([PLAIN] * 3, PLAN.arrow_schema)


@pytest.mark.parametrize(
    "element",
    [
        TABLE,
        TABLE.to_batches()[0],
        pl.from_arrow(TABLE),
        TABLE.to_pandas(date_as_object=True),
        TABLE.append_column("autre", pa.array([1, 2, 3])),
    ],
    ids=["table", "batch", "polars", "pandas", "more columns"],
)
def test_a_table_is_read_whatever_makes_it(element: Any) -> None:
    batch, last = run_fn(_FromArrowFn(PLAN, "memory", Limits()), [element])
    done = tamis.minimize(batch.data, PLAN, run="r")
    assert done.released["droits"].select(PLAN.known).to_pylist() == [PLAIN] * 3
    assert last.chunk.missing == frozenset()
    more = "autre" in getattr(element, "column_names", ())
    assert batch.chunk.unknown == ({"autre": 5} if more else {})
    assert batch.chunk.anomalies == ({UNKNOWN_FIELDS: 3} if more else {})


def test_tables_are_joined_and_cut_to_batches_and_what_is_none_is_rejected() -> None:
    other = TABLE.select(["nom"])
    elements = [TABLE, TABLE, "Durand", other, TABLE.slice(0, 0)]
    batches = run_fn(_FromArrowFn(PLAN, "memory", Limits(chunk_records=4)), elements)
    assert [batch.data.num_rows for batch in batches] == [4, 2, 0, 3, 0]
    rejects = [row for batch in batches for row in batch.chunk.rejects.to_pylist()]
    assert [(row["reason"], row["rule"]) for row in rejects] == [
        ("unreadable", "not a table (TypeError)")
    ]
    assert sum(read.rows for batch in batches for read in batch.inputs) == 10


def test_what_is_no_table_is_not_made_one_and_a_frame_counts_with_all_its_rows() -> None:
    frame = pd.DataFrame({"nom": ["Durand", 1, "Martin", 2, "Petit"]}, dtype=object)
    elements = [{"nom": "Durand"}, {"nom": ["Durand", "Martin"]}, frame]
    *batches, end = run_fn(_FromArrowFn(PLAN, "memory", Limits(chunk_records=2)), elements)
    assert end.inputs[0].rows == 7
    assert sum(batch.data.num_rows for batch in batches) == 0
    rejects = [reject for batch in batches for reject in batch.chunk.rejects.to_pylist()]
    assert len({reject["position"] for reject in rejects}) == 7
    assert {reject["rule"] for reject in rejects} == {
        "not a table (TypeError)",
        "not a table (ArrowTypeError)",
    }


def test_a_column_that_stands_twice_is_a_fault_of_every_row() -> None:
    twice = pa.table([["Durand"], ["Durand"], [1]], names=["nom", "nom", "jours"])
    batch, _ = run_fn(_FromArrowFn(PLAN, "memory", Limits()), [twice])
    done = tamis.minimize(batch.data, PLAN, run="r")
    assert [(row["reason"], row["field"]) for row in done.quarantined.to_pylist()] == [
        ("type", "nom")
    ]


def test_released_records_leave_as_dicts_rows_and_tables() -> None:
    tags = PLAN.tags(PLAN.releases[0], "the-run")
    want = PLAIN | tags
    with beam.Pipeline("FnApiRunner", options=PipelineOptions([IN_MEMORY])) as pipeline:
        out = (
            pipeline
            | beam.Create([PLAIN, PLAIN])
            | tamis.FromDicts(PLAN)
            | tamis.Minimize(PLAN, "the-run", replay=True)
        )
        batches = out.released["droits"]
        assert_that(batches | tamis.ToDicts(), equal_to([want] * 2), "dicts")
        assert_that(batches | tamis.ToRows(), equal_to([Row(**want)] * 2), "rows")
        tables = batches | tamis.ToArrow() | beam.Map(lambda batch: batch.to_pylist())
        assert_that(tables, equal_to([[want] * 2]), "tables")
    assert set(tags) == set(TAGS)


def test_a_run_id_that_was_used_for_other_records_loses_none_in_silence(tmp_path: Path) -> None:
    def store(records: list[dict[str, Any]]) -> None:
        with beam.Pipeline("FnApiRunner", options=PipelineOptions([IN_MEMORY])) as pipeline:
            batches = pipeline | beam.Create(records) | tamis.FromDicts(PLAN)
            batches | tamis.Minimize(PLAN, "the-run", replay=True) | tamis.Store(str(tmp_path))

    store([PLAIN])
    before = (tmp_path / "_receipts" / "the-run.json").read_bytes()
    with pytest.raises(Exception, match="run the-run is committed, with another plan or other"):
        store([PLAIN | {"nom": "Martin"}])
    assert (tmp_path / "_receipts" / "the-run.json").read_bytes() == before
    assert not (tmp_path / "_staging" / "the-run").exists()


def test_a_time_with_a_zone_is_a_fault_and_the_zone_is_not_left_out() -> None:
    fields = (PlanField("ouvre_a", "time64[us]"),)
    plan = replace(
        PLAN,
        fields=fields,
        releases=(replace(PLAN.releases[0], leaves=(PlanLeaf("ouvre_a", "kept", ("test",)),)),),
        known=("ouvre_a",),
        fates={"droits": {"ouvre_a": ("kept", "test")}},
    )
    zoned = datetime.time(12, tzinfo=UTC)
    for others in ([], ["11:00:00"], [datetime.time(11)]):
        records = [{"ouvre_a": value} for value in [zoned, *others]]
        (batch, _) = run_fn(_FromRecordsFn(plan, "memory", Limits()), records)
        done = tamis.minimize(batch.data, plan, run="r")
        assert done.quarantined.column("row").to_pylist() == [0]
        assert done.rows["droits"].to_pylist() == list(range(1, len(records)))


def test_windowed_records_are_refused() -> None:
    pipeline = beam.Pipeline("FnApiRunner")
    records = pipeline | beam.Create([PLAIN]) | beam.WindowInto(FixedWindows(60))
    with pytest.raises(UsageError, match="must be in the global window"):
        records | tamis.FromDicts(PLAN)


@pytest.mark.parametrize("as_rows", [False, True], ids=["dicts", "rows"])
def test_what_beam_reads_from_avro_goes_through(tmp_path: Path, as_rows: bool) -> None:
    types: dict[str, Any] = {
        "nom": "string",
        "jours": ["null", "int"],
        "montant": "string",
        "part": "double",
        "entree_le": "string",
        "actif": "boolean",
        "jeton": "bytes",
    }
    if not as_rows:  # Beam's own rows take no timestamp.
        types["maj_le"] = {"type": "long", "logicalType": "timestamp-micros"}
    fields = [{"name": name, "type": kind} for name, kind in types.items()]
    record = {name: PLAIN[name] for name in types} | {
        "montant": "12.50",
        "entree_le": "2026-03-02",
    }
    with (tmp_path / "in.avro").open("wb") as stream:
        schema = {"type": "record", "name": "essai", "fields": fields}
        fastavro.writer(stream, schema, [record, record | {"jours": None}])

    door = tamis.FromRows(PLAN) if as_rows else tamis.FromDicts(PLAN)
    with beam.Pipeline("FnApiRunner", options=PipelineOptions([IN_MEMORY])) as pipeline:
        records = pipeline | beam.io.ReadFromAvro(str(tmp_path / "in.avro"), as_rows=as_rows)
        records | door | tamis.Minimize(PLAN, "the-run", replay=True) | tamis.Store(str(tmp_path))

    table = pq.read_table(tmp_path / "essai/droits").select(list(types))
    plain = {name: PLAIN[name] for name in types}
    assert table.to_pylist() == [plain, plain | {"jours": None}]


@pytest.mark.slow
def test_workers_of_other_processes_make_the_same_records(tmp_path: Path) -> None:
    options = ["--direct_running_mode=multi_processing", "--direct_num_workers=2"]
    records = [PLAIN | {"nom": f"n{number}"} for number in range(100)]
    with beam.Pipeline("FnApiRunner", options=PipelineOptions(options)) as pipeline:
        source = pipeline | beam.Create(records)
        (
            source
            | tamis.FromDicts(PLAN)
            | tamis.Minimize(PLAN, "r", replay=True)
            | tamis.Store(str(tmp_path))
        )
    names = pq.read_table(tmp_path / "essai/droits").column("nom").to_pylist()
    assert sorted(names) == sorted(record["nom"] for record in records)
