"""`Minimize`: what `minimize` gives, batch by batch, with where it comes from and exact counts."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import apache_beam as beam
import pyarrow as pa
import pytest
from apache_beam.metrics.metric import MetricsFilter
from apache_beam.options.pipeline_options import PipelineOptions
from apache_beam.pvalue import PCollection
from apache_beam.testing.test_pipeline import TestPipeline as _TestPipeline
from apache_beam.testing.util import assert_that, equal_to

import tamis
from tamis.beam.batch import Batch, Input
from tamis.beam.minimize import Outputs
from tamis.documents.calendar import today
from tamis.documents.tags import TAGS
from tamis.errors import KeysError, UsageError
from tamis.filter.quarantine import QUARANTINE_SCHEMA
from tamis.filter.tally import Cause, QuarantineCount, Tally, Unmet
from tamis.formats.chunk import Chunk, rejects_of
from tamis.plan.plan import Plan, PlanCondition, PlanField, PlanRelease
from tamis.plan.schemas import released_schema

from ..plans import BECAUSE, leaf, plan_of, release

OPTIONS = ["--direct_running_mode=in_memory"]


def kept(name: str, path: str) -> PlanRelease:
    where = (PlanCondition("nature", ("CPF",), BECAUSE),)
    return release(leaf(path), id=name, attested="read", where=where)


PLAN = plan_of(
    PlanField("nom", "string"),
    PlanField("jours", "int16"),
    PlanField("nature", "string"),
    kept("droits", "nom"),
    kept("durees", "jours"),
    known=("nom", "jours", "nature"),
)

FIRST = Batch(
    Chunk(
        pa.record_batch(
            {
                "nom": ["Un", "Deux", "Trois", "Quatre"],
                "jours": ["1", "n.c.", "3", "4"],
                "nature": ["CPF", "CPF", "DIF", "CPF"],
            }
        ),
        pa.array([1, 2, 4, 5]),
        rejects_of([(3, "unreadable", "", "json")]),
        unknown={"autre": 5},
        anomalies={"odd": 2},
    ),
    "in.jsonl",
)
ODD_END = Batch(Chunk(FIRST.data.slice(0, 0), pa.array([], pa.int64()), anomalies={"cut": 1}))
LAST = Batch(source="in.jsonl", inputs=(Input("in.jsonl", 5, 99, "ab"),))


def run(batches: Sequence[Batch], check: Any) -> Any:
    """Run `Minimize` on batches, `check` what comes out, and return the result."""
    pipeline = _TestPipeline(
        "FnApiRunner", options=beam.options.pipeline_options.PipelineOptions(OPTIONS)
    )
    source = pipeline | beam.Create(batches)
    source.element_type = Batch
    check(source | tamis.Minimize(PLAN, run="le-run", replay=True))
    result = pipeline.run()
    result.wait_until_finish()
    return result


def plain(batch: Batch) -> Any:
    """A batch as plain values."""
    where = (batch.source, batch.part, batch.seq, tuple(batch.positions.to_pylist()))
    return where, batch.data.schema.to_string(), batch.data.to_pylist()


def test_what_is_odd_about_an_input_counts_without_a_record() -> None:
    def check(out: Outputs) -> None:
        anomalies = out.tallies | beam.Map(lambda pair: dict(pair[0].anomalies))
        assert_that(anomalies, equal_to([{"cut": 1}]))

    run([ODD_END], check)


def test_every_output_has_what_it_should() -> None:
    tags = ["R6323-37.I.1", "R6323-33.1", "LEGIARTI000000000000", "traitement", "read"]
    tags += [f"essai@{PLAN.sha256[:12]}", "le-run", "bundled", "confirmed"]
    tagged = dict(zip(TAGS, [*tags, None], strict=True))
    where = ("in.jsonl", (0, 0), 0, (1, 5))
    wrong = {"run": "le-run", "source": "in.jsonl"}
    tally = Tally(
        records=5,
        released=2,
        withheld=1,
        unknown={"autre": 5},
    )
    tally.quarantine = {
        Cause("type", "jours", "int16"): QuarantineCount(1, "in.jsonl", 2),
        Cause("unreadable", "", "json"): QuarantineCount(1, "in.jsonl", 3),
    }
    tally.unmet.update(
        {Unmet("droits", "nature not in CPF"): 1, Unmet("durees", "nature not in CPF"): 1}
    )
    tally.rows.update({"droits": 2, "durees": 2})
    tally.anomalies["odd"] = 2

    def check(out: Outputs) -> None:
        expected: dict[str, list[dict[str, object]]] = {
            "droits": [{"nom": "Un"}, {"nom": "Quatre"}],
            "durees": [{"jours": 1}, {"jours": 4}],
        }
        for name, rows in expected.items():
            one = next(release for release in PLAN.releases if release.id == name)
            schema = released_schema(PLAN, one).to_string()
            want = (where, schema, [row | tagged for row in rows])
            assert_that(
                out.released[name] | f"Plain {name}" >> beam.Map(plain), equal_to([want]), name
            )
        want = (
            ("in.jsonl", (0, 0), 0, (2, 3)),
            QUARANTINE_SCHEMA.to_string(),
            [
                wrong | {"position": 2, "reason": "type", "field": "jours", "rule": "int16"},
                wrong | {"position": 3, "reason": "unreadable", "field": "", "rule": "json"},
            ],
        )
        assert_that(out.quarantined | "Plain" >> beam.Map(plain), equal_to([want]), "quarantined")
        assert_that(out.tallies, equal_to([(tally, ()), (Tally(), LAST.inputs)]), "tallies")

    run([FIRST, LAST], check)


def test_a_batch_without_a_row_for_an_output_makes_no_element_there() -> None:
    rows = Chunk(FIRST.data.slice(2, 1), pa.array([4]))
    nobody = Batch(rows, "in.jsonl", seq=1)
    expected = Tally(records=1, withheld=1)
    expected.unmet.update({Unmet(release.id, "nature not in CPF"): 1 for release in PLAN.releases})

    def check(out: Outputs) -> None:
        for name, collection in {**out.released, "quarantined": out.quarantined}.items():
            assert_that(collection, equal_to([]), name)
        assert_that(out.tallies, equal_to([(expected, ())]), "tallies")

    run([nobody], check)


def test_the_counters_are_exact() -> None:
    result = run([FIRST, LAST, FIRST], lambda out: None)
    found = result.metrics().query(MetricsFilter().with_namespace("tamis"))["counters"]
    assert {one.key.metric.name: one.committed for one in found} == {
        "in-records": 10,
        "released-records": 4,
        "withheld-records": 2,
        "quarantined-records": 4,
    }


def test_every_collection_of_records_is_of_batches() -> None:
    pipeline = beam.Pipeline("FnApiRunner")
    source = pipeline | tamis.ReadFiles("in/*.jsonl", PLAN)
    out = source | tamis.Minimize(PLAN, "le-run", replay=True)
    collections: list[PCollection[Any]] = [source, *out.released.values(), out.quarantined]
    assert sorted(out.released) == ["droits", "durees"]
    assert [collection.element_type for collection in collections] == [Batch] * 4


def test_an_error_of_a_worker_quotes_no_cell(monkeypatch: pytest.MonkeyPatch) -> None:
    def minimize(*_: object, **__: object) -> None:
        raise ValueError("Durand cannot be cast")

    monkeypatch.setattr("tamis.beam.minimize.execute", minimize)
    with pytest.raises(
        Exception, match=r"part 00000-00000 of in\.jsonl failed \(ValueError\)"
    ) as it:
        run([FIRST], lambda out: None)
    assert "Durand" not in str(it.value)


def test_the_law_of_another_day_is_asked_for() -> None:
    with pytest.raises(UsageError, match=r"is not today .*replay=True"):
        tamis.Minimize(PLAN, "le-run")
    tamis.Minimize(replace(PLAN, day=today()), "le-run")


def test_an_example_of_the_register_is_asked_for() -> None:
    example = replace(PLAN.releases[0], attested="example")
    plan = replace(PLAN, releases=(example, *PLAN.releases[1:]))
    with pytest.raises(UsageError, match=r"is an example \(releases droits\).*allow_example=True"):
        tamis.Minimize(plan, "le-run", replay=True)
    tamis.Minimize(plan, "le-run", replay=True, allow_example=True)


@pytest.mark.parametrize("bounded", [True, False])
def test_a_plan_that_has_expired_acts_on_no_unbounded_source(bounded: bool) -> None:
    plan = replace(PLAN, day=today(), valid_until=today())
    pipeline = beam.Pipeline("FnApiRunner", options=PipelineOptions(OPTIONS))
    source: PCollection[Any] = pipeline | beam.Create([FIRST]).with_output_types(Batch)
    source.is_bounded = bounded
    _out = source | tamis.Minimize(plan, "le-run")
    if bounded:
        pipeline.run().wait_until_finish()
        return
    with pytest.raises(Exception, match=r"the plan of .* must not act any more"):
        pipeline.run().wait_until_finish()


@pytest.mark.parametrize("run", ["", "Le Run"])
def test_a_run_id_that_records_cannot_carry_is_refused(run: str) -> None:
    with pytest.raises(UsageError, match=r"must have a run id|run id 'Le Run'"):
        tamis.Minimize(PLAN, run)


def test_a_plan_that_pseudonymizes_is_refused_without_keys(plan: Plan) -> None:
    with pytest.raises(KeysError, match="policy `evaluation-cpf` pseudonymizes"):
        tamis.Minimize(plan, "le-run", replay=True)


def test_keys_are_given_by_reference(plan: Plan) -> None:
    with pytest.raises(KeysError, match=r"takes a `KeyRef`, as of `KeyRef\.current"):
        tamis.Minimize(plan, "le-run", "keys.json", replay=True)  # type: ignore[arg-type]


def test_an_unknown_release_is_told_the_releases_there_are() -> None:
    pipeline = beam.Pipeline("FnApiRunner")
    out = (
        pipeline | tamis.ReadFiles("in/*.jsonl", PLAN) | tamis.Minimize(PLAN, "le-run", replay=True)
    )
    with pytest.raises(UsageError, match="`droit` is unknown, expected one of `droits`, `durees`"):
        _ = out.released["droit"]
    assert repr(out) == "Outputs(essai, run le-run: droits, durees)"


@pytest.mark.parametrize("store", [tamis.Store, tamis.PostgresStore])
@pytest.mark.parametrize(
    ("plan", "run", "message"),
    [
        (PLAN, "another", "expected `le-run`, got `another`"),
        (replace(PLAN, carries_nir=False), "le-run", "plan must be that of `Minimize`"),
        (None, "another", "expected `le-run`, got `another`"),
    ],
)
def test_a_store_of_another_plan_or_run_is_refused(
    store: Any, plan: Plan | None, run: str, message: str
) -> None:
    pipeline = beam.Pipeline("FnApiRunner")
    out = (
        pipeline | tamis.ReadFiles("in/*.jsonl", PLAN) | tamis.Minimize(PLAN, "le-run", replay=True)
    )
    with pytest.raises(UsageError, match=message):
        out | store("postgresql://host/base", plan, run)
