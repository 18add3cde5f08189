"""Withdrawals and purges of folders: nothing is left of what was removed, whatever cuts them."""

import datetime
import json
import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tamis.errors import RunError, UsageError
from tamis.evidence.removal import Removal
from tamis.keys.keyring import Keyring
from tamis.plan.plan import Plan
from tamis.runs.rekey import Rekeying, rekey_store
from tamis.stores.folder_store import FolderStore
from tamis.stores.local_folder import LocalFolder
from tamis.stores.parquet_files import folder_of
from tamis.stores.protocol import Attempt
from tamis.upkeep.purge import apply_purge, find_purge
from tamis.upkeep.runs import list_runs
from tamis.upkeep.withdraw import withdraw
from tamis.verify.verify import verify_store

from ..runs.rekeying import WHO, commit, make_plan, make_records
from ..stores.test_folder_store import Cut, FragileFolder, existing_files

BECAUSE = "the source sent another file"
AT_ONCE = datetime.timedelta(0)


@pytest.fixture(scope="module")
def plan(tmp_path_factory: pytest.TempPathFactory) -> Plan:
    return make_plan(tmp_path_factory.mktemp("project"))


@pytest.fixture
def keyring(tmp_path: Path) -> Keyring:
    return Keyring.create(tmp_path / "keys.json")


@pytest.fixture
def small(tmp_path: Path, plan: Plan, keyring: Keyring) -> FolderStore:
    """One run of three outputs, each of one file."""
    store = FolderStore(LocalFolder(str(tmp_path / "store")))
    commit(store, plan, keyring, "one", make_records(10), parts=1)
    return store


@pytest.fixture
def store(tmp_path: Path, plan: Plan, keyring: Keyring) -> FolderStore:
    """Two runs of three outputs, each of two files."""
    store = FolderStore(LocalFolder(str(tmp_path / "store")))
    commit(store, plan, keyring, "one", make_records(30))
    commit(store, plan, keyring, "two", make_records(30, first=30))
    return store


def failed(store: FolderStore) -> list[str]:
    return [finding.text for finding in verify_store(store) if finding.outcome == "failed"]


def test_nothing_is_left_but_the_receipt_and_why(store: FolderStore, tmp_path: Path) -> None:
    path = tmp_path / "store"
    receipt = (path / "_receipts/one.json").read_bytes()
    before = existing_files(path)

    (removal,) = withdraw(store, "one", f"  {BECAUSE}\n")

    left = {name for name in before if "/one-" not in name}
    assert existing_files(path) == left | {"_receipts/one.withdrawn.json"}
    assert (path / "_receipts/one.json").read_bytes() == receipt
    written = Removal.from_json((path / "_receipts/one.withdrawn.json").read_bytes())
    assert written == removal
    assert (written.because, written.releases) == (BECAUSE, {"annees": 27, "tout": 27})
    assert failed(store) == []
    texts = [finding.text for finding in verify_store(store, runs=["one"])]
    assert any(text.startswith("withdrawn on ") and BECAUSE in text for text in texts)
    assert [entry.state for entry in list_runs(store)] == ["withdrawn", "standing"]
    # Again, with another reason: it stays as it is.
    assert withdraw(store, "one", "for no reason at all") == [removal]


def test_the_run_id_is_not_used_again(store: FolderStore) -> None:
    withdraw(store, "one", BECAUSE)
    with pytest.raises(UsageError, match=f"run one was withdrawn on .*{BECAUSE}.*--run-id"):
        store.refuse_withdrawn("one")
    store.refuse_withdrawn("two")


def test_cut_at_every_step_it_goes_on(small: FolderStore, tmp_path: Path) -> None:
    steps = 0
    whole = existing_files(tmp_path / "store")
    gone = {name for name in whole if "/one-" not in name} | {"_receipts/one.withdrawn.json"}
    while True:
        path = tmp_path / f"cut{steps}"
        shutil.copytree(tmp_path / "store", path)
        is_cut = False
        try:
            withdraw(FolderStore(FragileFolder(str(path), steps)), "one", BECAUSE)
        except Cut:
            is_cut = True
        cut = FolderStore(LocalFolder(str(path)))
        is_decided = (path / "_receipts/one.withdrawn.json").exists()
        done = cut.recover(AT_ONCE)
        assert existing_files(path) == (gone if is_decided else whole)
        assert failed(cut) == []
        assert done.completed == done.problems == ()
        withdraw(cut, "one", BECAUSE)
        assert existing_files(path) == gone
        if not is_cut:
            break
        steps += 1
    assert steps >= 6


def test_what_is_committed_and_not_in_its_place_yet_never_comes_there(
    plan: Plan, keyring: Keyring, tmp_path: Path
) -> None:
    fragile = FragileFolder(str(tmp_path / "store"), 10_000)
    published = []

    def publish(source: str, target: str) -> bool:
        published.append(target)
        fragile.left = 0  # the power goes off just after the commit
        return LocalFolder.publish(fragile, source, target)

    fragile.publish = publish  # type: ignore[method-assign]
    with pytest.raises(Cut):
        commit(FolderStore(fragile), plan, keyring, "one", make_records(30))
    assert published == ["_receipts/one.json"]
    store = FolderStore(LocalFolder(str(tmp_path / "store")))

    withdraw(store, "one", BECAUSE)

    store.recover(AT_ONCE)
    store.complete("one")
    assert existing_files(tmp_path / "store") == {
        "_receipts/one.json",
        "_receipts/one.withdrawn.json",
    }


def test_of_a_run_that_is_placed_meanwhile_nothing_stays(
    plan: Plan, keyring: Keyring, tmp_path: Path
) -> None:
    """The process that committed a run may be about to put its files in their places."""
    path = tmp_path / "store"

    class Slow(LocalFolder):
        def place(self, sources):  # type: ignore[no-untyped-def]
            store = FolderStore(LocalFolder(str(path)))
            kept = {source: (path / source).read_bytes() for source in sources.values()}
            withdraw(store, "one", BECAUSE)
            for source, content in kept.items():  # whoever places has them open still
                (path / source).parent.mkdir(parents=True, exist_ok=True)
                (path / source).write_bytes(content)
            super().place(sources)

    commit(FolderStore(Slow(str(path))), plan, keyring, "one", make_records(30))
    names = {name for name in existing_files(path) if not name.startswith("_staging")}
    assert names == {"_receipts/one.json", "_receipts/one.withdrawn.json"}


def test_commands_at_once_withdraw_it_once(small: FolderStore, tmp_path: Path) -> None:
    def act(_number: int) -> list[Removal]:
        return withdraw(FolderStore(LocalFolder(str(tmp_path / "store"))), "one", BECAUSE)

    with ThreadPoolExecutor(8) as threads:
        first, *others = threads.map(act, range(24))
    assert all(other == first for other in others)
    names = {"_receipts/one.json", "_receipts/one.withdrawn.json"}
    assert existing_files(tmp_path / "store") == names


def test_attempts_at_the_run_go_with_it(store: FolderStore, tmp_path: Path) -> None:
    attempt = Attempt.begin("one")
    with store.folder.create(f"{folder_of(attempt)}/a.parquet") as stream:
        stream.write(b"rows of the run")
    withdraw(store, "one", BECAUSE)
    assert not (tmp_path / "store/_staging").exists()


class TestReKeyed:
    """A run whose rows were written anew has none of its own."""

    @pytest.fixture(autouse=True)
    def _rekeyed(self, store: FolderStore, keyring: Keyring) -> None:
        keyring.rotate()

    def test_the_one_that_has_its_rows_is_named(self, store: FolderStore, keyring: Keyring) -> None:
        list(rekey_store(store, keyring, Rekeying(WHO, 1, 2)))
        with pytest.raises(UsageError, match="run one-epoch2 has them: withdraw that one"):
            withdraw(store, "one", BECAUSE)
        withdraw(store, "one-epoch2", BECAUSE)
        assert failed(store) == []

    def test_a_run_that_was_withdrawn_is_not_re_keyed(
        self, store: FolderStore, keyring: Keyring
    ) -> None:
        withdraw(store, "one", BECAUSE)
        done = [receipt.run for receipt in rekey_store(store, keyring, Rekeying(WHO, 1, 2))]
        assert done == ["two-epoch2"]
        assert failed(store) == []

    def test_one_that_is_withdrawn_while_it_is_written_anew_is_gone(
        self, store: FolderStore, keyring: Keyring, tmp_path: Path
    ) -> None:
        path = tmp_path / "store"

        class Slow(LocalFolder):
            def publish(self, source: str, target: str) -> bool:
                if target == "_receipts/one-epoch2.json":
                    withdraw(FolderStore(LocalFolder(str(path))), "one", BECAUSE)
                return super().publish(source, target)

        slow = FolderStore(Slow(str(path)))
        list(rekey_store(slow, keyring, Rekeying(WHO, 1, 2)))
        names = {name for name in existing_files(path) if "/one-" in name}
        assert names == {"_receipts/one-epoch2.json"}
        assert failed(store) == []
        states = {entry.receipt.run: sorted(entry.removals) for entry in list_runs(store)}
        assert states["one-epoch2"] == ["withdrawn"]

    def test_a_run_whose_quarantine_was_purged_is(
        self, store: FolderStore, keyring: Keyring, tmp_path: Path
    ) -> None:
        apply_purge(store, find_purge(store, AT_ONCE), AT_ONCE, "older than 0")
        done = [receipt.run for receipt in rekey_store(store, keyring, Rekeying(WHO, 1, 2))]
        assert done == ["one-epoch2", "two-epoch2"]
        assert failed(store) == []
        assert not (tmp_path / "store/_quarantine").exists()
        assert find_purge(store, AT_ONCE).runs == ()


class TestVerify:
    """What was removed is looked for."""

    @pytest.fixture
    def withdrawn(self, store: FolderStore, tmp_path: Path) -> Path:
        path = tmp_path / "store"
        name = next(name for name in existing_files(path) if name.startswith("suivi/tout/one-"))
        content = (path / name).read_bytes()
        withdraw(store, "one", BECAUSE)
        (path / name).write_bytes(content)
        return path

    def test_a_file_that_is_there_again_fails_and_recovery_removes_it(
        self, store: FolderStore, withdrawn: Path
    ) -> None:
        (text,) = failed(store)
        assert "was withdrawn and is there still; `tamis recover` removes it" in text
        assert store.recover().cleared == ("one",)
        assert failed(store) == []
        assert store.recover().cleared == ()

    def test_a_removal_that_says_something_else_fails(
        self, store: FolderStore, tmp_path: Path
    ) -> None:
        withdraw(store, "one", BECAUSE)
        path = tmp_path / "store/_receipts/one.withdrawn.json"
        removal = json.loads(path.read_text())
        path.write_text(json.dumps(removal | {"releases": {"tout": 1}}))
        assert failed(store) == ["what was removed is what the run had released and quarantined"]
        path.rename(path.with_name("ten.withdrawn.json"))
        assert "ten.withdrawn: is no removal of that run" in failed(store)
        with pytest.raises(RunError, match="beside it stands `withdrawn`, which is no removal"):
            store.refuse_withdrawn("ten")


@pytest.mark.parametrize(
    "because", ["", "wrong file", "for 1 55 08 75 999 991 93 only", "a b " * 300]
)
def test_a_reason_is_words_and_holds_no_nir(store: FolderStore, because: str) -> None:
    with pytest.raises(UsageError, match="--because must"):
        withdraw(store, "one", because)
    assert len(list_runs(store)[0].removals) == 0


def test_a_run_that_is_not_there_is_refused(store: FolderStore) -> None:
    with pytest.raises(UsageError, match=r"run twoo is not committed, did you mean `two`\?"):
        withdraw(store, "twoo", BECAUSE)


class TestPurge:
    """Quarantine and dead attempts, once they are old."""

    def test_it_is_told_and_then_done(self, store: FolderStore, tmp_path: Path) -> None:
        path = tmp_path / "store"
        attempt = Attempt.begin("three")
        store.create(attempt)[1].close()
        before = existing_files(path)
        assert find_purge(store, datetime.timedelta(days=1)).runs == ()
        purge = find_purge(store, AT_ONCE)
        assert [entry.receipt.run for entry in purge.runs] == ["one", "two"]
        assert (purge.rows, purge.attempts) == (6, (attempt,))
        assert existing_files(path) == before

        apply_purge(store, purge, AT_ONCE, "older than 0")

        assert existing_files(path) == {
            name for name in before if not name.startswith(("_quarantine", "_staging"))
        } | {"_receipts/one.purged.json", "_receipts/two.purged.json"}
        assert failed(store) == []
        assert find_purge(store, AT_ONCE) == type(purge)((), ())
        # What is left can be withdrawn.
        withdraw(store, "one", BECAUSE)
        assert failed(store) == []

    def test_cut_at_every_step_it_goes_on(self, small: FolderStore, tmp_path: Path) -> None:
        steps, expected = 0, None
        while True:
            path = tmp_path / f"cut{steps}"
            shutil.copytree(tmp_path / "store", path)
            fragile = FolderStore(FragileFolder(str(path), steps))
            is_cut = False
            try:
                apply_purge(fragile, find_purge(fragile, AT_ONCE), AT_ONCE, "older than 0")
            except Cut:
                is_cut = True
            cut = FolderStore(LocalFolder(str(path)))
            apply_purge(cut, find_purge(cut, AT_ONCE), AT_ONCE, "older than 0")
            assert failed(cut) == []
            expected = expected or existing_files(path)
            assert existing_files(path) == expected
            if not is_cut:
                break
            steps += 1
        assert steps >= 4
