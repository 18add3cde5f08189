"""Runs, dry runs and streams of a project with a list of limited persons."""

import datetime
import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import apache_beam as beam
import pyarrow.parquet as pq
import pytest
from apache_beam.options.pipeline_options import PipelineOptions

import tamis
from tamis.beam import store
from tamis.documents.exceptions import LastingException
from tamis.errors import KeysError, UsageError
from tamis.evidence.causes import FEWEST_LIMITED
from tamis.evidence.receipt import Receipt, make_receipt
from tamis.evidence.steps import Step
from tamis.filter.minimize import minimize
from tamis.limited.persons import ListWatch, change_list, open_list
from tamis.plan.guards import check_limited
from tamis.plan.plan import LIMITED, PlanLimited
from tamis.runs.batch import Job, dry_run, run
from tamis.streams.judge import Judge
from tamis.streams.messages import json_decoder
from tamis.streams.session import Session, Settings
from tamis.testing import Canaries, assert_non_interference, assert_nothing_left, run_policy
from tamis.verify.verify import verify

from ..streams.test_session import FakeReader, FakeSink
from .conftest import Limiting, feed, make_project

Nirs = Callable[[int], list[str]]

IN_MEMORY = ("--direct_running_mode=in_memory",)
LONG = datetime.timedelta(hours=1)


def job(limiting: Limiting, policy: str, feed: Path, run_id: str = "le-run") -> Job:
    plan = limiting.plan(policy)
    store = str(limiting.folder / "store")
    return Job(plan, (str(feed),), store, run_id, str(limiting.keys), IN_MEMORY)


@pytest.mark.slow
def test_a_run_withholds_them_and_its_receipt_names_the_list(
    limiting: Limiting, nirs: Nirs, tmp_path: Path
) -> None:
    listed, other = nirs(2)
    persons = limiting.persons(listed)
    path = tmp_path / "feed.parquet"
    pq.write_table(feed([listed, other] * FEWEST_LIMITED), path)
    receipt, _again = run(job(limiting, "ii", path))
    assert receipt is not None
    assert receipt.counts.withheld == FEWEST_LIMITED
    assert [part.condition for part in receipt.conditions_not_met or ()] == [LIMITED]
    assert receipt.limited is not None
    assert receipt.limited.sha256 == persons.sha256
    assert receipt.limited.key_id == limiting.keyring.epochs()[0].key_id
    assert Receipt.from_json(receipt.to_json()) == receipt

    written = limiting.folder / "store" / "_receipts" / "le-run.json"
    findings = {finding.text: finding.outcome for finding in verify(written, limiting.project)}
    assert set(findings.values()) == {"ok"}
    assert findings["the list of limited persons is the one of the run"] == "ok"

    assert run(job(limiting, "ii", path))[1]  # done before
    change_list(limiting.list, limiting.keyring, add=[other])
    findings = {finding.text: finding.outcome for finding in verify(written, limiting.project)}
    assert findings["the list of limited persons has changed since the run"] == "not checked"
    with pytest.raises(UsageError, match="not with the same list of limited persons"):
        run(job(limiting, "ii", path))

    measured = dry_run(limiting.plan("ii"), (str(path),), keys=str(limiting.keys))
    assert measured.receipt.counts.withheld == 2 * FEWEST_LIMITED
    assert measured.receipt.limited is not None
    without = dry_run(limiting.plan("ii"), (str(path),)).receipt
    assert without.counts.withheld == 0
    assert without.anomalies == {"limited-list-not-asked": 2 * FEWEST_LIMITED}


@pytest.mark.slow
def test_a_run_of_few_tells_nothing_of_them(limiting: Limiting, nirs: Nirs, tmp_path: Path) -> None:
    listed, other = nirs(2)
    limiting.persons(listed)
    path = tmp_path / "feed.parquet"
    texts: list[object] = []
    for states in (["OUVERT", "CLOS"], ["CLOS", "CLOS"]):
        pq.write_table(feed([listed, other], states), path)
        receipt, _again = run(job(limiting, "iii", path, f"run-{len(texts)}"))
        assert receipt is not None
        document = json.loads(receipt.to_json())
        for name in ("run", "started", "ended", "inputs"):
            del document[name]
        texts.append(document)
    assert texts[0] == texts[1]


@pytest.mark.slow
def test_a_list_that_is_changed_before_the_commit_fails_the_run(
    limiting: Limiting, nirs: Nirs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    listed, other = nirs(2)
    path = tmp_path / "feed.parquet"
    pq.write_table(feed([listed, other]), path)

    def changing(*args: Any) -> Receipt:
        change_list(limiting.list, limiting.keyring, add=[listed])
        return make_receipt(*args)

    monkeypatch.setattr(store, "make_receipt", changing)
    with pytest.raises(tamis.TamisError, match="was changed after the run had begun"):
        run(job(limiting, "ii", path))
    assert not list((limiting.folder / "store" / "ii").rglob("*.parquet"))
    monkeypatch.undo()
    receipt, _again = run(job(limiting, "ii", path))
    assert receipt is not None
    assert (receipt.counts.released, receipt.counts.withheld) == (1, 1)

    plan = limiting.plan("ii")
    for _time in range(2):  # another process of the same run, which came second
        options = PipelineOptions(list(IN_MEMORY))
        with beam.Pipeline("FnApiRunner", options=options) as pipeline:
            batches = pipeline | tamis.ReadParquet(str(path), plan)
            keys = tamis.KeyRef.current(str(limiting.keys))
            out = batches | tamis.Minimize(plan, "autre", keys, replay=True, allow_example=True)
            out | tamis.Store(str(limiting.folder / "store"))


@pytest.mark.slow
def test_the_kit_for_tests_asks_a_list_of_nobody(limiting: Limiting, tmp_path: Path) -> None:
    """What is looked up counts as tested: it is not varied."""
    plan, (schema, _source) = limiting.plan("iii"), limiting.project.schema("dossiers")
    policy, _source = limiting.project.policy("iii")
    keys = tmp_path / "other-keys.json"

    def pipeline(feed: Path, output: Path) -> None:
        run_policy(plan, [feed], output, keys)

    assert_non_interference(schema, plan, pipeline, tmp_path, policies=[policy])
    canaries = Canaries(schema, plan)
    inputs = canaries.write(tmp_path)
    assert run_policy(plan, inputs, tmp_path / "store", keys).counts.released
    assert_nothing_left(tmp_path / "store", of=canaries)


def test_without_keys_a_run_is_refused(limiting: Limiting, tmp_path: Path) -> None:
    with pytest.raises(KeysError, match="asks the list of limited persons and needs --keys"):
        run(replace(job(limiting, "ii", tmp_path / "feed.parquet"), keys=None))
    with pytest.raises(KeysError, match="asks the list of limited persons: `Minimize` must have"):
        tamis.Minimize(limiting.plan("ii"), "le-run", replay=True, allow_example=True)


@pytest.mark.slow
def test_an_input_without_the_identifier_stops_the_run(
    limiting: Limiting, nirs: Nirs, tmp_path: Path
) -> None:
    path = tmp_path / "feed.parquet"
    pq.write_table(feed(nirs(1)).drop_columns("nir"), path)
    with pytest.raises(tamis.RefusedError, match="required columns are missing: nir"):
        run(job(limiting, "ii", path))


def test_a_feed_without_identifier_needs_an_exception(limiting: Limiting) -> None:
    plan = limiting.plan("ii")
    assert plan.limited == PlanLimited(("nir", "ayants.nir"), str(limiting.list))
    check_limited(plan)
    bare = replace(plan, limited=PlanLimited((), str(limiting.list)))
    with pytest.raises(UsageError, match="the list of limited persons cannot be asked"):
        check_limited(bare)
    because = "aucune personne n'y figure"
    allowed = LastingException(
        what="no-identifier",
        policy="ii",
        because=because,
        by="DPO",
        until=datetime.date(9999, 1, 1),
    )
    check_limited(replace(bare, exceptions=(allowed,)))


def test_where_there_is_no_list_plans_are_what_they_were(limiting: Limiting) -> None:
    listed = limiting.plan("ii")
    (limiting.folder / "policies" / "project.yaml").write_text("exceptions: []\n")
    plan = limiting.plan("ii")
    assert (plan.limited, plan.required) == (None, ())
    assert plan.sha256 != listed.sha256
    assert "limit" not in plan.canonical_json()


def test_a_stream_goes_on_under_the_list_as_it_is(tmp_path: Path, nirs: Nirs) -> None:
    limiting = make_project(tmp_path / "projet", "jsonl")
    listed, other = nirs(2)
    plan = limiting.plan("ii")
    values = [json.dumps({"nir": nir, "statut": "OUVERT"}).encode() for nir in (listed, other)]

    def session(reader: FakeReader, sink: FakeSink, *, changes: bool) -> Session:
        persons = open_list(limiting.list, limiting.keyring)
        judge = Judge(plan, "essai", json_decoder(), limited=persons)
        watch = ListWatch(str(limiting.list), persons.sha256)
        made = Session(plan, reader, sink, Settings("essai", LONG, once=True), watch=watch)
        made.open()

        def judged(batch):  # type: ignore[no-untyped-def]
            if changes:
                change_list(limiting.list, limiting.keyring, add=[listed])
            return judge.judge(batch)

        made.run(judged)
        return made

    reader, sink = FakeReader(0), FakeSink()
    reader._values = values * 2
    assert session(reader, sink, changes=True).ending == "expired"
    assert sink.committed == []
    assert session(reader, sink, changes=False).ending == "caught-up"
    (judged,) = sink.committed
    assert (judged.tally.released, judged.tally.withheld) == (2, 2)


def test_steps_of_a_stream_tell_few_no_more_than_receipts(limiting: Limiting, nirs: Nirs) -> None:
    listed, other = nirs(2)
    persons = limiting.persons(listed)
    done = minimize(feed([listed, other], ["OUVERT", "CLOS"]), limiting.plan("ii"), limited=persons)
    step = Step.of("essai", done.tally, [], (), None)
    assert [part.records for part in step.unmet] == [2]
    assert LIMITED not in step.to_json()
    assert step.tally.unmet.total() == 2


@pytest.mark.slow
def test_numbers_come_on_standard_input_and_nothing_is_told(limiting: Limiting, nirs: Nirs) -> None:
    listed, other = nirs(2)

    def call(*words: str, given: str = "") -> tuple[int, str]:
        command = [sys.executable, "-m", "tamis", "limited", *words, "--keys", "keys.json"]
        done = subprocess.run(
            command, input=given, capture_output=True, text=True, cwd=limiting.folder, check=False
        )
        printed = done.stdout + done.stderr
        assert listed[:13] not in printed
        return done.returncode, printed

    first = call("add", "limited.json", given=f"{listed}\r\n\n{other[:13]}\n")
    assert first == call("add", "limited.json", given=f"{listed}\n") == (0, first[1])
    assert call("add", "limited.json", listed)[0] == 2
    assert call("remove", "limited.json", given=f"{other}\n")[0] == 0
    assert len(open_list(limiting.list, limiting.keyring).pseudonyms) == 1
