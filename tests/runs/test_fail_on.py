"""A batch run commits nothing where it finds what must not be, and says why."""

import dataclasses
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import apache_beam as beam
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from apache_beam.options.pipeline_options import PipelineOptions

import tamis
from tamis.documents.calendar import today
from tamis.errors import DocumentError, RefusedError, UsageError
from tamis.evidence.fail_on import FAIL_ON, FailOn, Guards, parse_fail_on
from tamis.evidence.receipt import Receipt
from tamis.plan.plan import Plan
from tamis.runs.batch import Job, run
from tamis.runs.watch import WatchJob, watch
from tamis.stores.opening import open_store
from tamis.verify.verify import verify
from tests.services.buckets import run_s3

IN_MEMORY = "--direct_running_mode=in_memory"
NIR = "1 55 08 75 999 991 93"

SCHEMA = """\
schema: feed
format: FORMAT
fields:
  id: {type: string, category: not-personal}
  nom: {type: string, category: tit-identite-activite}
  montant: {type: "decimal128(12, 2)", category: tit-economique-financier}
  dispositif: {type: string, category: tit-droits-parcours-formation}
  note:
    type: string
    free_text: true
    category: tit-identite-activite
    sensitive: {none: textes inventés pour ces essais}
"""

POLICY = """\
policy: feed
schema: feed
processing: cntds-donnees-sociales
direction: into-store
releases:
  - id: all
    item: R6323-37.I.1
    purpose: R6323-33.1
    from: 2025-01-01
    where: [{field: dispositif, in: [CPF, DIFEL], because: seuls ces droits sont inscrits}]
    needs:
      - because: essai de bout en bout
        keep: [id, nom, montant, note]
    treat: {note: {redact: nir}}
"""

HEADER = "id;nom;montant;dispositif;note\n"
CLEAN = "".join(f"{row};Durand;1.50;CPF;rien\n" for row in range(20))


def make_plan(folder: Path, form: str = '{csv: {separator: ";"}}', schema: str = SCHEMA) -> Plan:
    for kind, text in (("schemas", schema.replace("FORMAT", form)), ("policies", POLICY)):
        (folder / kind).mkdir(parents=True, exist_ok=True)
        (folder / kind / "feed.yaml").write_text(text, encoding="utf-8")
    return tamis.load_project(folder).plan("feed", on=today())


def commit(
    folder: Path,
    lines: str,
    *fail_on: str,
    plan: Plan | None = None,
    allow_empty: bool = False,
    run_id: str = "r1",
    header: str = HEADER,
    store: str | None = None,
) -> Receipt:
    """The receipt of a run of a CSV file."""
    plan = plan or make_plan(folder / "project")
    feed = folder / "feed.csv"
    feed.write_text(header + lines, encoding="utf-8")
    guards = Guards(fail_on, allow_empty)
    store = store or str(folder / "store")
    job = Job(plan, (str(feed),), store, run_id, options=(IN_MEMORY,), guards=guards)
    receipt, _before = run(job)
    assert receipt is not None
    return receipt


def stored(folder: Path) -> list[str]:
    """The files that a refused run leaves, its locks apart: none."""
    store = folder / "store"
    files = [path for path in store.rglob("*") if path.is_file() and path.suffix != ".lock"]
    return sorted(str(path.relative_to(store)) for path in files)


REFUSED = {
    "drift": (
        "5;Durand;1.50;CPF;rien;x\n",
        HEADER.replace("\n", ";plus\n"),
        "unknown columns: plus",
    ),
    "quarantine": ("5;Durand;1 000,50;CPF;rien\n", HEADER, "quarantine (1 of 21 records)"),
    "quarantine=4.5%": ("5;Durand;1 000,50;CPF;rien\n", HEADER, "quarantine (1 of 21 records)"),
    "withheld": ("5;Durand;1.50;DIF;rien\n", HEADER, "withheld (1 of 21 records)"),
    "redacted": (f"5;Durand;1.50;CPF;NIR {NIR}\n", HEADER, "redacted (1 NIR in note)"),
    "unattested": ("", HEADER, "unattested (all: superseded)"),
    "undeclared-nir": (f"5;{NIR};1.50;CPF;rien\n" * 40, HEADER, "undeclared-nir (nom)"),
}


@pytest.mark.parametrize("condition", REFUSED)
def test_a_run_that_meets_a_condition_commits_nothing(condition: str, tmp_path: Path) -> None:
    line, header, why = REFUSED[condition]
    lines = CLEAN if header == HEADER else CLEAN.replace("\n", ";x\n")
    with pytest.raises(RefusedError) as error:
        commit(tmp_path, lines + line, condition, header=header)
    assert str(error.value).startswith("nothing is committed, as --fail-on asks: ")
    assert why in str(error.value)
    assert error.value.exit_code == 1
    assert stored(tmp_path) == []


def test_what_is_not_asked_for_or_not_exceeded_is_committed(tmp_path: Path) -> None:
    lines = CLEAN[: -len("19;Durand;1.50;CPF;rien\n")] + "19;Durand;1 000,50;CPF;rien\n"
    asked = set(FAIL_ON) - {"quarantine", "unattested", "newly-carried"}
    receipt = commit(tmp_path, lines, "quarantine=5%", *sorted(asked))
    assert (receipt.counts.in_, receipt.counts.quarantined) == (20, 1)


def test_each_run_may_be_asked_for_all_that_a_run_can_tell() -> None:
    names = [name for name, kind in FAIL_ON.items() if "run" in kind.commands]
    assert [FailOn.parse(name, "run").name for name in names] == names


@pytest.mark.parametrize(
    ("text", "command", "why"),
    [
        ("drfit", "run", "must be one of drift, quarantine"),
        ("quarantine>5%", "run", "must be one of"),
        ("quarantine=5", "run", "as in `quarantine=5%`"),
        ("quarantine=101%", "run", "at most 100%"),
        ("redacted=5%", "run", "of `quarantine` or `withheld`"),
        ("newly-carried", "run", "a run cannot tell it, a dry run can"),
        ("drift", "stream", "a stream commits while it reads, only `unattested`"),
    ],
)
def test_a_condition_that_cannot_be_judged_is_refused(text: str, command: Any, why: str) -> None:
    with pytest.raises(UsageError, match=why):
        parse_fail_on([text], command)


def test_a_condition_is_judged_once() -> None:
    assert len(parse_fail_on(["drift", "drift", "quarantine=5%", "quarantine"], "run")) == 3


# A run that releases nothing


def test_a_run_that_releases_nothing_is_not_committed_unless_it_may(tmp_path: Path) -> None:
    lines = CLEAN.replace("1.50", "1 000,50")
    with pytest.raises(RefusedError) as error:
        commit(tmp_path, lines)
    assert "of 20 records none is released, 20 are quarantined" in str(error.value)
    place = f"{tmp_path}/feed.csv row 1"
    assert f"type: `montant` is no decimal128(12, 2): 20, first at {place}" in str(error.value)
    assert stored(tmp_path) == []

    assert commit(tmp_path, lines, allow_empty=True).counts.quarantined == 20


@pytest.mark.parametrize("lines", ["", CLEAN.replace("CPF", "DIF")])
def test_a_run_without_records_or_of_withheld_ones_is_committed(lines: str, tmp_path: Path) -> None:
    receipt = commit(tmp_path, lines)
    assert receipt.counts.released == 0
    unmet = [vars(part) for part in receipt.conditions_not_met or ()]
    condition = {"release": "all", "condition": "dispositif not in CPF, DIFEL", "records": 20}
    assert unmet == ([condition] if lines else [])


# Required columns


def required(schema: str = SCHEMA) -> str:
    return schema.replace("  nom: {", "  nom: {required: true, ")


@pytest.mark.parametrize("form", ["csv", "parquet", "jsonl", "avro"])
def test_an_input_that_lacks_a_required_column_stops_the_run(form: str, tmp_path: Path) -> None:
    import fastavro

    names = ("id", "prenom", "montant", "dispositif", "note")
    rows = [dict(zip(names, ("1", "Anne", "1.50", "CPF", "rien"), strict=True))] * 3
    feed = tmp_path / f"feed.{form}"
    if form == "parquet":
        pq.write_table(pa.Table.from_pylist(rows), feed)
    elif form == "jsonl":
        feed.write_text("".join(json.dumps(row) + "\n" for row in rows))
    elif form == "avro":
        fields = [{"name": name, "type": "string"} for name in names]
        with feed.open("wb") as stream:
            fastavro.writer(stream, {"type": "record", "name": "r", "fields": fields}, rows)
    else:
        body = "".join(",".join(row.values()) + "\n" for row in rows)
        feed.write_text(",".join(names) + "\n" + body)
    plan = make_plan(tmp_path / "project", form, required())
    with pytest.raises(RefusedError) as error:
        run(Job(plan, (str(feed),), str(tmp_path / "store"), "r1", options=(IN_MEMORY,)))
    assert str(error.value) == (f"{feed}: required columns are missing: nom; nothing is committed")
    assert stored(tmp_path) == []


def test_a_required_column_that_is_there_stops_nothing(tmp_path: Path) -> None:
    plan = make_plan(tmp_path / "project", '{csv: {separator: ";"}}', required())
    assert commit(tmp_path, CLEAN, plan=plan).counts.released == 20


def test_a_schema_without_required_columns_keeps_its_plans_digest(tmp_path: Path) -> None:
    plain, strict = make_plan(tmp_path / "a"), make_plan(tmp_path / "b", schema=required())
    assert strict.required == ("nom",)
    assert '"required"' not in plain.canonical_json()
    assert plain.sha256 != strict.sha256


@pytest.mark.parametrize(
    ("schema", "why"),
    [
        (
            SCHEMA + "  s: {type: struct, fields: {n: {type: string, required: true}}}\n",
            "only a field at the top can be `required`",
        ),
        (required().replace("FORMAT", "dsn"), "DSN has no columns that can be `required`"),
    ],
)
def test_what_has_no_column_cannot_be_required(schema: str, why: str, tmp_path: Path) -> None:
    with pytest.raises(DocumentError, match=why):
        make_plan(tmp_path, schema=schema)


# In Python, and of watched folders


def store_of(
    folder: Path, plan: Plan, rows: Sequence[Any], *, profiles: bool = False, **guards: Any
) -> None:
    with beam.Pipeline(options=PipelineOptions(["--runner=FnApiRunner", IN_MEMORY])) as pipeline:
        records = pipeline | beam.Create(rows, reshuffle=False) | tamis.FromDicts(plan)
        out = records | tamis.Minimize(plan, "r1", profiles=profiles)
        out | tamis.Store(str(folder / "store"), **guards)


def test_a_store_in_a_pipeline_of_ones_own_has_the_same_guards(tmp_path: Path) -> None:
    plan = make_plan(tmp_path / "project")
    row = {"id": "1", "nom": "Durand", "montant": "1.50", "dispositif": "CPF", "note": "rien"}
    many = [row | {"nom": NIR}] * 40
    with pytest.raises(UsageError, match="must be one of"):
        tamis.Store(str(tmp_path), fail_on=["drfit"])
    with pytest.raises(UsageError, match="must be a list"):
        tamis.Store(str(tmp_path), fail_on="drift")
    with pytest.raises(RefusedError, match="unknown columns: plus"):
        store_of(tmp_path, plan, [row | {"plus": "x"}] * 6, fail_on=["drift"])
    with pytest.raises(RefusedError, match="none is released"):
        store_of(tmp_path, plan, [row | {"montant": "x"}])
    with pytest.raises(UsageError, match="must be given `profiles=True`"):
        store_of(tmp_path, plan, [row], fail_on=["undeclared-nir"])
    with pytest.raises(RefusedError, match=r"undeclared-nir \(nom\)"):
        store_of(tmp_path, plan, many, profiles=True, fail_on=["undeclared-nir"])
    store_of(tmp_path, plan, [row | {"montant": "x"}], allow_empty=True)
    assert (tmp_path / "store/_receipts/r1.json").exists()


def test_a_watched_folder_leaves_a_refused_file_aside(tmp_path: Path) -> None:
    import threading

    plan = make_plan(tmp_path / "project")
    (tmp_path / "in").mkdir()
    (tmp_path / "in/good.csv").write_text(HEADER + CLEAN)
    (tmp_path / "in/bad.csv").write_text(HEADER + CLEAN.replace("CPF", "DIF"))
    receipts: list[Receipt] = []
    job = WatchJob(
        str(tmp_path / "in/*.csv"),
        str(tmp_path / "store"),
        "s",
        seconds=0.01,
        once=True,
        options=(IN_MEMORY,),
        guards=Guards(("withheld",)),
    )
    with pytest.raises(RefusedError, match="1 file was left aside because of what is in it; 1"):
        watch(job, lambda: plan, receipts.append, threading.Event())
    assert [part.uri for receipt in receipts for part in receipt.inputs] == [
        str(tmp_path / "in/good.csv")
    ]


# The same input again


@pytest.fixture(params=["folder", "bucket"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The address of a store in a folder, or in a bucket."""
    if request.param == "folder":
        yield str(tmp_path / "store")
        return
    with run_s3() as bucket:
        yield f"{bucket}/store"


def test_an_input_that_was_released_before_is_told_and_refused_where_asked(
    tmp_path: Path, store: str
) -> None:
    def before(receipt: Receipt) -> list[str | None]:
        return [part.released_before for part in receipt.inputs]

    def run(lines: str, run_id: str, *fail_on: str) -> Receipt:
        return commit(tmp_path, lines, *fail_on, run_id=run_id, store=store)

    assert before(run(CLEAN, "r1")) == [None]
    assert before(run(CLEAN, "r2")) == ["r1"]
    assert before(run(CLEAN, "r3")) == ["r2"]
    assert before(run(CLEAN + "99;Durand;1.50;CPF;rien\n", "r4")) == [None]
    with pytest.raises(RefusedError, match=r"repeated-input \(.*feed.csv: released before by run"):
        run(CLEAN, "r5", "repeated-input")
    assert before(run("", "r6", "repeated-input")) == [None]
    assert before(run("", "r7", "repeated-input")) == [None]


def test_another_policy_or_release_repeats_nothing(tmp_path: Path) -> None:
    commit(tmp_path, CLEAN, run_id="r1")
    plan = make_plan(tmp_path / "other")
    release = dataclasses.replace(plan.releases[0], id="autre")
    fates = {"autre": plan.fates["all"]}
    for other in (
        dataclasses.replace(plan, releases=(release,), fates=fates),
        dataclasses.replace(plan, policy="autre"),
    ):
        run_id = f"r-{other.policy}-{other.releases[0].id}"
        receipt = commit(tmp_path, CLEAN, "repeated-input", plan=other, run_id=run_id)
        assert receipt.inputs[0].released_before is None


def test_a_look_through_many_receipts_ends_in_time_and_the_last_come_first(tmp_path: Path) -> None:
    commit(tmp_path, CLEAN, run_id="r0000")
    text = (tmp_path / "store/_receipts/r0000.json").read_text()
    for number in range(1, 300):
        run_id = f"r{number:04}"
        path = tmp_path / f"store/_receipts/{run_id}.json"
        path.write_text(text.replace('"r0000"', f'"{run_id}"'))
    (tmp_path / "store/_receipts/r0299.json").write_text("no receipt " + text)
    store = open_store(str(tmp_path / "store"))
    digest = Receipt.model_validate_json(text).inputs[0].digest
    found = [receipt.run for receipt in store.receipts_naming([digest], None)]
    assert found == [f"r{number:04}" for number in range(298, -1, -1)]
    assert len(list(store.receipts_naming([digest], 0.0))) < 299
    assert list(store.receipts_naming(["0" * 64], None)) == []


def test_what_a_receipt_says_of_an_earlier_run_is_verified(tmp_path: Path) -> None:
    commit(tmp_path, CLEAN, run_id="r1")
    commit(tmp_path, CLEAN, run_id="r2")
    store, name = tmp_path / "store", f"{tmp_path}/feed.csv"

    def outcomes() -> list[str]:
        found = verify(store)
        return [each.outcome for each in found if each.text.startswith(f"{name}: released")]

    assert outcomes() == ["ok"]
    first = store / "_receipts/r1.json"
    text = json.loads(first.read_text())
    text["inputs"][0]["sha256"] = "0" * 64
    first.write_text(json.dumps(text))
    assert outcomes() == ["failed"]
    first.unlink()
    assert outcomes() == ["not checked"]
