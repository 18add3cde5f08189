"""Quarantined records judged again: those and no others, once, wherever they come from."""

import datetime
import json
import shutil
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

import tamis
from tamis.documents.calendar import today
from tamis.errors import InputError, KeysError, RefusedError, UsageError
from tamis.evidence.receipt import Receipt
from tamis.keys.sealed import PrivateKey
from tamis.plan.plan import Plan
from tamis.runs.batch import Job, run
from tamis.runs.redrive import RedriveJob, redrive
from tamis.stores.opening import open_store
from tamis.streams.into_folder import FolderSink
from tamis.streams.judge import Judge
from tamis.streams.ledger import Ledger
from tamis.streams.messages import json_decoder
from tamis.upkeep.purge import apply_purge, find_purge
from tamis.upkeep.redrive import find_redrive, redriven_run
from tamis.upkeep.runs import list_runs
from tamis.upkeep.withdraw import withdraw
from tamis.verify.verify import verify

from ..streams import made

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("redrive")]

BECAUSE = "the source sent another file"
SCHEMA = """\
schema: feed
describes: essai
format: jsonl
fields:
  code:    {type: string, category: tit-droits-parcours-formation}
  montant: {type: TYPE, category: tit-droits-parcours-formation}
"""
POLICY = """\
policy: feed
schema: feed
processing: cntds-donnees-sociales
direction: into-store
releases:
  - id: tout
    item: R6323-37.I.1
    purpose: R6323-33.1
    from: 2025-01-01
    needs:
      - {because: compter les montants d'un code, keep: [code, montant]}
"""
NARROW, WIDE = "int32", '"decimal128(12, 2)"'


def make_plan(folder: Path, kind: str) -> Plan:
    for name, text in (("schemas", SCHEMA.replace("TYPE", kind)), ("policies", POLICY)):
        (folder / name).mkdir(parents=True, exist_ok=True)
        (folder / name / "feed.yaml").write_text(text, encoding="utf-8")
    return tamis.load_project(folder).plan("feed", on=today())


@pytest.fixture(scope="module")
def narrow(tmp_path_factory: pytest.TempPathFactory) -> Plan:
    """By which three of eight records are quarantined."""
    return make_plan(tmp_path_factory.mktemp("narrow"), NARROW)


@pytest.fixture(scope="module")
def wide(tmp_path_factory: pytest.TempPathFactory) -> Plan:
    """The same after a fix: one of them still is."""
    return make_plan(tmp_path_factory.mktemp("wide"), WIDE)


def line(number: int) -> str:
    montant = {2: "2.5", 5: '"cinq"', 6: "6.5"}.get(number, str(number))
    return f'{{"code": "C{number}", "montant": {montant}}}\n'


@pytest.fixture(scope="module")
def feed(tmp_path_factory: pytest.TempPathFactory, narrow: Plan) -> Path:
    """Two files, of which the second has nothing that is quarantined, and the store of a run."""
    folder = tmp_path_factory.mktemp("feed")
    (folder / "a.jsonl").write_text("".join(map(line, range(8))))
    (folder / "b.jsonl").write_text(line(100))
    inputs = (str(folder / "a.jsonl"), str(folder / "b.jsonl"))
    run(Job(narrow, inputs, str(folder / "store"), "r1"))
    return folder


@pytest.fixture
def store(feed: Path, tmp_path: Path) -> str:
    """A copy of the store."""
    return str(shutil.copytree(feed / "store", tmp_path / "store"))


def again(store: str, plan: Plan, *inputs: str, run: str = "r1", **more: Any) -> Receipt:
    receipt, _before = redrive(RedriveJob(find_redrive(store, run), plan, store, inputs, **more))
    return receipt


def codes(store: str) -> list[str]:
    """The codes of all released rows that stand."""
    held = [
        file.path
        for entry in list_runs(open_store(store))
        for file in entry.receipt.releases["tout"].files or ()
        if entry.state == "standing"
    ]
    return sorted(c for p in held for c in pq.read_table(f"{store}/{p}")["code"].to_pylist())


def failed(store: str) -> list[str]:
    return [finding.text for finding in verify(store) if finding.outcome == "failed"]


def test_what_was_quarantined_is_judged_and_nothing_else_and_nothing_twice(
    store: str, wide: Plan
) -> None:
    assert codes(store) == ["C0", "C1", "C100", "C3", "C4", "C7"]
    receipt = again(store, wide)
    assert (receipt.run, receipt.redrives) == ("r1-redriven", "r1")
    counts = receipt.counts
    assert (counts.in_, counts.released, counts.quarantined) == (3, 2, 1)
    assert [(Path(part.uri).name, part.rows) for part in receipt.inputs] == [("a.jsonl", 3)]
    assert receipt.inputs[0].released_before is None
    everything = ["C0", "C1", "C100", "C2", "C3", "C4", "C6", "C7"]
    assert codes(store) == everything
    assert failed(store) == []
    texts = [finding.text for finding in verify(store, runs=["r1-redriven"])]
    assert "judges again the 3 records that run r1 quarantined" in texts

    assert find_redrive(store, "r1").done_by == "r1-redriven"
    # Two commands at once: the second one finds what the first one has committed.
    late = find_redrive(store, "r1-redriven")
    assert (late.run, late.records) == ("r1-redriven-redriven", 1)
    with pytest.raises(RefusedError, match="of 1 record none is released"):
        again(store, wide, run="r1-redriven")
    assert codes(store) == everything


def test_two_at_once_commit_one(store: str, wide: Plan) -> None:
    job = RedriveJob(find_redrive(store, "r1"), wide, store)
    first, second = redrive(job), redrive(job)
    assert (first[1], second[1]) == (False, True)
    assert first[0] == second[0]
    assert len(codes(store)) == 8
    assert failed(store) == []


def test_inputs_are_known_by_their_digests(
    store: str, feed: Path, tmp_path: Path, wide: Plan
) -> None:
    shutil.copy(feed / "a.jsonl", tmp_path / "moved.jsonl")
    with pytest.raises(UsageError, match=r"a.jsonl: no input has the digest that it had"):
        again(store, wide, str(feed / "b.jsonl"))
    again(store, wide, str(feed / "b.jsonl"), str(tmp_path / "moved.jsonl"))
    assert len(codes(store)) == 8
    assert failed(store) == []


def test_positions_that_lead_elsewhere_are_refused(store: str, wide: Plan) -> None:
    """A receipt that counts other records than there are now: the documents cut them anew."""
    path = Path(store) / "_receipts/r1.json"
    receipt = json.loads(path.read_text())
    receipt["inputs"][0]["rows"] += 1
    path.write_text(json.dumps(receipt))
    with pytest.raises(InputError, match="has 8 records as it is read now, and 9 as run r1"):
        again(store, wide)
    assert [entry.receipt.run for entry in list_runs(open_store(store))] == ["r1"]


class TestRefused:
    """Runs whose quarantine is not theirs any more."""

    def test_one_that_was_withdrawn(self, store: str) -> None:
        withdraw(open_store(store), "r1", BECAUSE)
        with pytest.raises(UsageError, match=r"run r1 was withdrawn on .* run its inputs anew"):
            find_redrive(store, "r1")

    def test_one_whose_quarantine_was_purged(self, store: str) -> None:
        opened = open_store(store)
        apply_purge(opened, find_purge(opened, datetime.timedelta(0)), datetime.timedelta(0), "old")
        with pytest.raises(UsageError, match="the quarantine of run r1 was purged on"):
            find_redrive(store, "r1")


def test_a_redrive_that_was_withdrawn_makes_room_for_another(store: str, wide: Plan) -> None:
    again(store, wide)
    withdraw(open_store(store), "r1-redriven", BECAUSE)
    assert len(codes(store)) == 6
    assert again(store, wide).run == "r1-redriven2"
    assert len(codes(store)) == 8
    assert failed(store) == []


def test_ids_are_no_longer_than_they_may_be() -> None:
    assert len({redriven_run("a" * 127 + end) for end in "bc"}) == 2
    assert len(redriven_run("a" * 128, 7)) <= 128


class TestOriginals:
    """What a stream quarantined, from the originals that it sealed."""

    KEY = PrivateKey.new()

    @pytest.fixture
    def period(self, tmp_path: Path, narrow: Plan) -> str:
        """A period of two partitions in the store; its id."""
        sink = FolderSink(str(tmp_path / "store"), narrow, "flux")
        sink.open(made.SOURCE)
        ledger = Ledger.begin(narrow, "flux", made.SOURCE, ())
        judge = Judge(narrow, "flux", json_decoder(), None, self.KEY.public)
        batch = made.micro_batch([line(n).encode() for n in range(8)], first=40, partitions=2)
        ledger = sink.commit(judge.judge(batch), ledger)
        sink.end_period(ledger)
        sink.close()
        return ledger.run

    def test_they_are_opened_and_judged(self, tmp_path: Path, period: str, wide: Plan) -> None:
        store = str(tmp_path / "store")
        with pytest.raises(KeysError, match=r"feed/0: position 41: is sealed to key .*--key"):
            again(store, wide, run=period)
        keys = {self.KEY.public.id: self.KEY}
        receipt = again(store, wide, run=period, seal_keys=keys)
        assert receipt.redrives == period
        assert [(part.uri[-6:], part.rows) for part in receipt.inputs] == [
            ("feed/0", 2),
            ("feed/1", 1),
        ]
        assert codes(store) == ["C0", "C1", "C2", "C3", "C4", "C6", "C7"]
        assert failed(store) == []
        # What is still quarantined is found in the originals of the period.
        with pytest.raises(RefusedError, match="of 1 record none is released"):
            again(store, wide, run=receipt.run, seal_keys=keys)
        assert find_redrive(store, period).done_by == receipt.run

    def test_without_them_nothing_is_judged(self, tmp_path: Path, narrow: Plan, wide: Plan) -> None:
        self.KEY, key = PrivateKey.new(), self.KEY
        sink = FolderSink(str(tmp_path / "store"), narrow, "flux")
        sink.open(made.SOURCE)
        ledger = Ledger.begin(narrow, "flux", made.SOURCE, ())
        judge = Judge(narrow, "flux", json_decoder(), None, None)
        ledger = sink.commit(judge.judge(made.micro_batch([line(2).encode()])), ledger)
        sink.end_period(ledger)
        sink.close()
        with pytest.raises(UsageError, match="1 of 1 original is not kept"):
            again(str(tmp_path / "store"), wide, run=ledger.run, seal_keys={key.public.id: key})
