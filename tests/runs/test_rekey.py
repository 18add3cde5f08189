"""Re-keying a store: without any NIR, run by run, whatever it is cut short by."""

import datetime
import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

from tamis.cli.keys import app
from tamis.errors import RunError, UsageError
from tamis.evidence.receipt import Receipt
from tamis.keys.keyring import Keyring
from tamis.plan.plan import Plan
from tamis.runs.rekey import Rekeying, rekey_store, rekeyed_run
from tamis.stores.folder_store import FolderStore
from tamis.stores.local_folder import LocalFolder
from tamis.verify.verify import verify_store

from ..stores.test_folder_store import Cut, FragileFolder, existing_files
from .rekeying import WHO, commit, make_plan, make_records, nir

FIRST = Rekeying(WHO, 1, 2)
PSEUDONYMS = ("personne", "dossier_id", "suites")


@pytest.fixture(scope="module", params=["hmac-sha256", "aes-256-cmac"])
def plan(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Plan:
    return make_plan(tmp_path_factory.mktemp("project"), request.param)


@pytest.fixture
def keyring(tmp_path: Path) -> Keyring:
    return Keyring.create(tmp_path / "keys.json")


@pytest.fixture
def store(tmp_path: Path, plan: Plan, keyring: Keyring) -> FolderStore:
    """Two runs of epoch 1; the current epoch is 2."""
    store = FolderStore(LocalFolder(str(tmp_path / "store")))
    commit(store, plan, keyring, "one", make_records(60))
    commit(store, plan, keyring, "two", make_records(60, first=30))
    keyring.rotate()
    return store


def _rekey(store: FolderStore, keyring: Keyring, what: Rekeying = FIRST) -> list[str]:
    return [receipt.run for receipt in rekey_store(store, keyring, what)]


def _rows(store: FolderStore, *runs: str) -> list[dict[str, Any]]:
    """Released rows of some runs, without the tags."""
    receipts = [receipt for run in runs if (receipt := store.committed(run))]
    path = Path(store.shown)
    rows = [
        row
        for receipt in receipts
        for file in receipt.releases["tout"].files or ()
        for row in pq.read_table(path / file.path).select([*PSEUDONYMS, "annee"]).to_pylist()
    ]
    return sorted(rows, key=repr)


def _failed(store: FolderStore) -> list[str]:
    return [finding.text for finding in verify_store(store) if finding.outcome == "failed"]


def test_it_makes_what_a_run_from_the_nir_makes(
    store: FolderStore, plan: Plan, keyring: Keyring, tmp_path: Path
) -> None:
    before = _rows(store, "one", "two")
    old = {run: (tmp_path / f"store/_receipts/{run}.json").read_bytes() for run in ("one", "two")}

    assert _rekey(store, keyring) == ["one-epoch2", "two-epoch2"]

    after = _rows(store, "one-epoch2", "two-epoch2")
    commit(store, plan, keyring, "three", make_records(60))
    assert _rows(store, "three") == _rows(store, "one-epoch2")
    assert len(after) == len(before)
    for name in ("personne", "dossier_id"):
        mapped = {(a[name]) for a in after} - {None}
        assert len(mapped) == len({b[name] for b in before} - {None}) > 60
        assert not mapped & {b[name] for b in before}
    for run, text in old.items():
        assert (tmp_path / f"store/_receipts/{run}.json").read_bytes() == text
        receipt = store.committed(f"{run}-epoch2")
        assert receipt is not None
        assert receipt.supersedes == [run]
        assert [(key.epoch, key.chained_on) for key in receipt.keys] == [(2, [1])]
        assert receipt.counts == Receipt.from_json(text).counts
    assert not [name for name in existing_files(tmp_path / "store") if "/one-0" in name]
    assert _failed(store) == []
    texts = {finding.text for finding in verify_store(store)}
    assert "re-keys run one: the same records, inputs, plan and rows" in texts
    assert any(text.startswith("superseded by run one-epoch2") for text in texts)
    assert _rekey(store, keyring) == []


def test_places_do_not_say_which_pseudonym_became_which(
    store: FolderStore, keyring: Keyring, tmp_path: Path
) -> None:
    _rekey(store, keyring)
    for path in (tmp_path / "store/suivi/tout").iterdir():
        made = [value for value in pq.read_table(path)["personne"].to_pylist() if value]
        assert made == sorted(made)


def test_no_byte_of_a_nir_is_in_any_file(
    store: FolderStore, keyring: Keyring, tmp_path: Path
) -> None:
    _rekey(store, keyring)
    stored = b"".join(p.read_bytes() for p in (tmp_path / "store").rglob("*") if p.is_file())
    assert not [number for number in range(90) if nir(number)[:13].encode() in stored]


def test_then_the_old_epoch_can_go_and_the_next_re_keying_needs_it_no_more(
    store: FolderStore, plan: Plan, keyring: Keyring
) -> None:
    _rekey(store, keyring)
    keyring.destroy(1)
    keyring.rotate()
    assert _rekey(store, keyring, Rekeying(WHO, 2, 3)) == ["one-epoch3", "two-epoch3"]
    receipt = store.committed("one-epoch3")
    assert receipt is not None
    assert [(key.epoch, key.chained_on) for key in receipt.keys] == [(3, [1, 2])]
    assert _failed(store) == []


@pytest.fixture
def whole() -> set[str]:
    return {
        f"{'_quarantine/' if output is None else ''}suivi"
        f"{'' if output is None else '/' + output}/one-epoch2-00000-0000{part}.parquet"
        for output in ("tout", "annees", None)
        for part in (0, 1)
    } | {"_receipts/one.json", "_receipts/one-epoch2.json"}


@pytest.mark.parametrize("plan", ["hmac-sha256"], indirect=True)
def test_cut_at_every_step_it_goes_on_and_nothing_is_lost_or_twice(
    plan: Plan, keyring: Keyring, tmp_path: Path, whole: set[str]
) -> None:
    source = FolderStore(LocalFolder(str(tmp_path / "source")))
    commit(source, plan, keyring, "one", make_records(40))
    keyring.rotate()
    before = _rows(source, "one")
    expected: list[dict[str, Any]] | None = None
    steps = 0
    while True:
        path = tmp_path / f"cut{steps}"
        shutil.copytree(tmp_path / "source", path)
        fragile = FolderStore(FragileFolder(str(path), steps))
        is_cut = False
        try:
            _rekey(fragile, keyring)
        except Cut:
            is_cut = True
        store = FolderStore(LocalFolder(str(path)))
        by_recovery = steps % 2 == 0
        if is_cut and by_recovery:
            store.recover(datetime.timedelta(0))
            assert _failed(store) == []
            run = "one-epoch2" if store.committed("one-epoch2") else "one"
            assert _rows(store, run) == (expected if run == "one-epoch2" else before) or steps == 0
        _rekey(store, keyring)
        assert existing_files(path) == whole
        assert _failed(store) == []
        expected = expected or _rows(store, "one-epoch2")
        assert _rows(store, "one-epoch2") == expected != before
        if not is_cut:
            break
        steps += 1
    assert steps >= 20


class TestRefused:
    """Before anything is done."""

    @pytest.fixture(autouse=True)
    def _unchanged(self, store: FolderStore, tmp_path: Path) -> Iterator[None]:
        before = existing_files(tmp_path / "store"), (tmp_path / "keys.json").read_bytes()
        yield
        assert (existing_files(tmp_path / "store"), (tmp_path / "keys.json").read_bytes()) == before

    def test_a_processing_that_has_no_pseudonyms(
        self, store: FolderStore, keyring: Keyring
    ) -> None:
        with pytest.raises(UsageError, match=f"to `autre`, only to {WHO}"):
            _rekey(store, keyring, Rekeying("autre", 1, 2))

    def test_another_keyring(self, store: FolderStore, tmp_path: Path) -> None:
        other = Keyring.create(tmp_path / "other.json")
        other.rotate()
        with pytest.raises(UsageError, match="under another keyring"):
            _rekey(store, other)


def test_a_run_of_the_new_epoch_from_the_nir_alone_is_refused(
    store: FolderStore, plan: Plan, keyring: Keyring
) -> None:
    commit(store, plan, keyring, "fresh", make_records(10))
    with pytest.raises(UsageError, match="run fresh, of epoch 2, are not chained"):
        _rekey(store, keyring)
    keyring.rotate()
    assert _rekey(store, keyring, Rekeying(WHO, 1, 3)) == ["one-epoch3", "two-epoch3"]


def test_damage_stops_it_before_that_run(
    store: FolderStore, keyring: Keyring, tmp_path: Path
) -> None:
    (path,) = (tmp_path / "store/suivi/tout").glob("two-*-00001.parquet")
    path.write_bytes(path.read_bytes()[:-9])
    with pytest.raises(RunError, match=r"run two: suivi/tout/.*digest differs"):
        _rekey(store, keyring)
    assert store.committed("one-epoch2") is not None
    assert store.committed("two-epoch2") is None


@pytest.mark.parametrize("plan", ["hmac-sha256"], indirect=True)
def test_verify_fails_where_the_old_epoch_is_still_there_or_the_receipt_was_changed(
    store: FolderStore, keyring: Keyring, tmp_path: Path
) -> None:
    (path,) = (tmp_path / "store/suivi/tout").glob("one-*-00001.parquet")
    old = path.read_bytes()
    _rekey(store, keyring)
    path.write_bytes(old)
    (text,) = _failed(store)
    assert "is superseded by run one-epoch2 and there still" in text
    path.unlink()
    receipt = tmp_path / "store/_receipts/one-epoch2.json"
    changed = json.loads(receipt.read_text())
    changed["day"], changed["keys"][0]["chained_on"] = "2026-11-24", [7]
    receipt.write_text(json.dumps(changed))
    failed = _failed(store)
    assert "re-keys run one: the same records, inputs, plan and rows" in failed
    assert "re-keys run one: its keys are chained on those of that run" in failed


@pytest.mark.parametrize("plan", ["hmac-sha256"], indirect=True)
def test_the_command(store: FolderStore, tmp_path: Path) -> None:
    options = ("--processing", WHO, "--keys", f"{tmp_path}/keys.json", "--from", "1", "--to", "2")
    command = ["rekey", f"{tmp_path}/store", *options]
    told = CliRunner().invoke(app, command)
    assert "run one: superseded by run one-epoch2, " in told.output
    told = CliRunner().invoke(app, [*command, "--json"])
    assert json.loads(told.output) == {"processing": WHO, "epoch": 2, "runs": []}


def test_topics_cannot_be(tmp_path: Path) -> None:
    options = ("--processing", WHO, "--keys", f"{tmp_path}/no.json", "--from", "1", "--to", "2")
    told = CliRunner().invoke(app, ["rekey", "kafka://broker:9092/topic", *options])
    assert "what was sent to a topic is not taken back" in str(told.exception)


def test_ids_of_runs_are_no_longer_than_they_may_be() -> None:
    runs = {rekeyed_run("a" * 127 + end, 2) for end in "bc"}
    assert len(runs) == 2
    assert {len(run) for run in runs} < set(range(129))
