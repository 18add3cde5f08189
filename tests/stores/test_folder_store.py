"""The commit protocol, cut short at every single step, and by several processes at once."""

import datetime
import hashlib
import os
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import BinaryIO

import pytest

from tamis.errors import RunError, UsageError
from tamis.evidence.receipt import Counts, Drift, FilePart, ProcessingPart, Receipt, ReleasePart
from tamis.stores.folder import Folder
from tamis.stores.folder_store import FolderStore
from tamis.stores.local_folder import LocalFolder
from tamis.stores.parquet_files import folder_of
from tamis.stores.protocol import Attempt
from tamis.stores.run_id import check_run_id

NAMES = ("p/r/run-a-00000-00000.parquet", "p/r/run-a-00000-00001.parquet", "p/r/run-a-0.parquet")
AT_ONCE = datetime.timedelta(0)


class Cut(Exception):
    """The power went off."""


class FragileFolder(LocalFolder):
    """A folder whose power goes off after some number of steps."""

    def __init__(self, path: str, steps: int) -> None:
        super().__init__(path)
        self.left = steps

    def _step(self) -> None:
        if self.left == 0:
            raise Cut
        self.left -= 1

    def create(self, path: str) -> BinaryIO:
        self._step()
        return super().create(path)

    def publish(self, source: str, target: str) -> bool:
        self._step()
        return super().publish(source, target)

    def place(self, sources: Mapping[str, str]) -> None:
        for target, source in sources.items():
            self._step()
            super().place({target: source})

    def remove(self, path: str) -> None:
        self._step()
        super().remove(path)


def run_receipt(run: str = "run-a") -> Receipt:
    now = datetime.datetime.now(datetime.UTC)
    names = [name.replace("run-a", run) for name in NAMES]
    files = [FilePart(path=n, rows=1, sha256=hashlib.sha256(n.encode()).hexdigest()) for n in names]
    release = ReleasePart(
        item="R6323-37.I.1",
        purpose="R6323-33.1",
        attested="read",
        rows=3,
        fields={},
        files=files,
    )
    return Receipt(
        run=run,
        policy="p",
        policy_sha256="",
        plan_sha256="",
        day=now.date(),
        replay=False,
        started=now,
        ended=now,
        tool="tamis 0",
        law={},
        processing=ProcessingPart(slug="x", carries_nir=True),
        inputs=[],
        counts=Counts.model_validate({"in": 3, "released": 3, "withheld": 0, "quarantined": 0}),
        releases={"r": release},
        quarantine={},
        quarantine_files=[],
        drift=Drift(),
    )


class Try:
    """An attempt at a run that has staged all of its files."""

    def __init__(self, folder: Folder, run: str = "run-a") -> None:
        self.attempt = Attempt.begin(run)
        self.receipt = run_receipt(run)
        self.sources = {}
        for file in self.receipt.files():
            path, stream = FolderStore(folder).create(self.attempt)
            with stream:
                stream.write(file.path.encode())
            self.sources[file.path] = path

    def publish(self, folder: Folder) -> Receipt:
        return FolderStore(folder).publish(self.attempt, self.receipt, self.sources)


def existing_files(path: Path) -> set[str]:
    return {str(p.relative_to(path)) for p in path.rglob("*") if p.is_file()}


COMMITTED = {*NAMES, "_receipts/run-a.json"}


def is_whole_or_empty(path: Path) -> bool:
    """True if the run is there whole, and nothing else; asserts that else nothing is."""
    existing = existing_files(path)
    if "_receipts/run-a.json" not in existing:
        assert existing == set()
        return False
    assert existing == COMMITTED
    assert all((path / name).read_bytes() == name.encode() for name in NAMES)
    return True


def test_a_commit_leaves_the_files_and_the_receipt_and_nothing_else(tmp_path: Path) -> None:
    folder = LocalFolder(str(tmp_path))
    attempt = Try(folder)
    assert attempt.publish(folder) == attempt.receipt
    assert existing_files(tmp_path) == COMMITTED
    assert FolderStore(folder).committed("run-a") == attempt.receipt


@pytest.mark.parametrize("steps", range(7))
def test_before_the_receipt_no_file_is_in_its_place_and_after_it_all_will_be(
    tmp_path: Path, steps: int
) -> None:
    attempt = Try(LocalFolder(str(tmp_path)))
    try:
        attempt.publish(FragileFolder(str(tmp_path), steps))
        cut = False
    except Cut:
        cut = True
    committed = (tmp_path / "_receipts/run-a.json").exists()
    assert committed == (steps > 1)
    assert committed or not (tmp_path / "p").exists()
    done = FolderStore(LocalFolder(str(tmp_path))).recover(AT_ONCE)
    assert is_whole_or_empty(tmp_path) == committed
    if cut:
        assert (done.completed, done.removed) == (
            (("run-a",), ()) if committed else ((), (attempt.attempt,))
        )
    assert cut == (steps < 6)


@pytest.mark.parametrize("first", range(2, 6))
@pytest.mark.parametrize("second", range(4))
def test_a_recovery_cut_short_is_completed_by_the_next(
    tmp_path: Path, first: int, second: int
) -> None:
    attempt = Try(LocalFolder(str(tmp_path)))
    with pytest.raises(Cut):
        attempt.publish(FragileFolder(str(tmp_path), first))
    try:
        FolderStore(FragileFolder(str(tmp_path), second)).recover()
    except Cut:
        FolderStore(LocalFolder(str(tmp_path))).recover()
    assert is_whole_or_empty(tmp_path)


def test_the_same_run_again_completes_what_was_cut_short(tmp_path: Path) -> None:
    attempt = Try(LocalFolder(str(tmp_path)))
    with pytest.raises(Cut):
        attempt.publish(FragileFolder(str(tmp_path), 3))
    assert FolderStore(LocalFolder(str(tmp_path))).complete("run-a") == attempt.receipt
    assert FolderStore(LocalFolder(str(tmp_path))).complete("run-b") is None
    assert is_whole_or_empty(tmp_path)


def test_of_two_attempts_at_one_run_the_first_commits_and_the_other_is_told(
    tmp_path: Path,
) -> None:
    folder = LocalFolder(str(tmp_path))
    first, second = Try(folder), Try(folder)
    assert first.publish(folder) == first.receipt
    assert second.publish(folder) == first.receipt
    assert is_whole_or_empty(tmp_path)


def test_an_attempt_that_lost_completes_the_one_that_won_and_was_cut_short(tmp_path: Path) -> None:
    folder = LocalFolder(str(tmp_path))
    first, second = Try(folder), Try(folder)
    with pytest.raises(Cut):
        first.publish(FragileFolder(str(tmp_path), 3))
    assert second.publish(folder) == first.receipt
    assert is_whole_or_empty(tmp_path)


def test_an_attempt_under_way_is_left_and_named_until_it_is_old(tmp_path: Path) -> None:
    folder = LocalFolder(str(tmp_path))
    attempt = Try(folder).attempt
    assert FolderStore(folder).recover().left == (attempt,)
    for path in (tmp_path / folder_of(attempt)).rglob("*"):
        os.utime(path, (time.time() - 86_000,) * 2)
    assert FolderStore(folder).recover().left == (attempt,)
    for path in (*(tmp_path / folder_of(attempt)).rglob("*"), tmp_path / folder_of(attempt)):
        os.utime(path, (time.time() - 86_500,) * 2)
    assert FolderStore(folder).recover().removed == (attempt,)
    assert existing_files(tmp_path) == set()


def test_a_file_that_is_lost_is_told_and_does_not_commit(tmp_path: Path) -> None:
    folder = LocalFolder(str(tmp_path))
    attempt = Try(folder)
    (tmp_path / attempt.sources[NAMES[1]]).unlink()
    with pytest.raises(RunError, match=f"run run-a: {NAMES[1]} is lost"):
        attempt.publish(folder)
    assert FolderStore(folder).committed("run-a") is None


def test_a_file_that_is_lost_after_the_commit_is_told(tmp_path: Path) -> None:
    folder = LocalFolder(str(tmp_path))
    attempt = Try(folder)
    with pytest.raises(Cut):
        attempt.publish(FragileFolder(str(tmp_path), 3))
    (tmp_path / attempt.sources[NAMES[1]]).unlink()
    (problem,) = FolderStore(folder).recover().problems
    assert problem.endswith(f"run run-a: {NAMES[1]} is lost")


def test_a_file_that_stood_in_the_place_before_is_replaced(tmp_path: Path) -> None:
    folder = LocalFolder(str(tmp_path))
    with folder.create(NAMES[0]) as stream:
        stream.write(b"no receipt lists it")
    Try(folder).publish(folder)
    assert is_whole_or_empty(tmp_path)


@pytest.mark.parametrize("run", ["", "A", "a/b", "..", "a b", "é", "x" * 129])
def test_a_run_id_is_a_plain_word(run: str) -> None:
    with pytest.raises(UsageError):
        check_run_id(run)


@pytest.mark.parametrize("run", ["155087599999193", "x-1-55-08-75-999-991-93"])
def test_a_run_id_holds_no_nir_and_is_not_shown(run: str) -> None:
    with pytest.raises(UsageError, match="must hold no NIR") as raised:
        check_run_id(run)
    assert run not in str(raised.value)


def test_commits_and_recoveries_at_once_lose_nothing_and_fail_never(tmp_path: Path) -> None:
    folder = LocalFolder(str(tmp_path))
    runs = [f"run-{number}" for number in range(25)]

    def commit(run: str) -> Receipt:
        return Try(folder, run).publish(folder)

    with ThreadPoolExecutor(4) as threads:
        recoveries = [threads.submit(FolderStore(folder).recover) for _ in range(50)]
        first, second = threads.map(commit, runs), threads.map(commit, runs)
        assert list(first) == list(second)
    assert [done.result().problems for done in recoveries] == [()] * 50
    FolderStore(folder).recover(AT_ONCE)
    assert existing_files(tmp_path) == {
        name.replace("run-a", run) for run in runs for name in COMMITTED
    }


class SlowRecovery(LocalFolder):
    """A folder in which an attempt is committed just after a recovery has seen how old it is."""

    def newest(self, path: str) -> float | None:
        newest = super().newest(path)
        for name in self.files(path):
            if name.endswith(".json"):
                self.publish(name, "_receipts/run-a.json")
        return newest


def test_an_attempt_that_is_committed_as_a_recovery_removes_it_is_completed(tmp_path: Path) -> None:
    folder = LocalFolder(str(tmp_path))
    attempt = Try(folder)
    with folder.create(f"{folder_of(attempt.attempt)}/the.json") as stream:
        stream.write(attempt.receipt.to_json().encode())
    recovered = FolderStore(SlowRecovery(str(tmp_path))).recover(AT_ONCE)
    assert (recovered.completed, recovered.removed, recovered.problems) == (("run-a",), (), ())
    assert is_whole_or_empty(tmp_path)


def test_an_attempt_that_a_recovery_removed_commits_nothing_and_is_told(tmp_path: Path) -> None:
    folder = LocalFolder(str(tmp_path))
    attempt = Try(folder)

    class Removing(LocalFolder):
        def publish(self, source: str, target: str) -> bool:
            FolderStore(folder).recover(AT_ONCE)
            return super().publish(source, target)

    with pytest.raises(RunError, match=r"was removed meanwhile, by a recovery .* commits nothing"):
        attempt.publish(Removing(str(tmp_path)))
    assert not is_whole_or_empty(tmp_path)


def test_names_are_held_by_one_at_a_time(tmp_path: Path) -> None:
    store = FolderStore(LocalFolder(str(tmp_path / "store")))
    with store.hold("stream"):
        assert store.recover().problems == ()
        with pytest.raises(RunError, match="under way"), store.hold("stream"):
            pass
    assert not (tmp_path / "store").exists()


class TestOlderVersions:
    """What versions before 0.3 staged: the run's files by their places, and its receipt last."""

    @pytest.mark.parametrize("moved", range(4))
    def test_a_staged_receipt_is_committed(self, tmp_path: Path, moved: int) -> None:
        self._stage(tmp_path, moved)
        (tmp_path / "_staging/run-a/receipt.json").write_text(run_receipt().to_json())
        assert FolderStore(LocalFolder(str(tmp_path))).recover().completed == ("run-a",)
        assert is_whole_or_empty(tmp_path)

    def test_one_whose_files_are_others_is_told_and_not_committed(self, tmp_path: Path) -> None:
        self._stage(tmp_path, 1)
        (tmp_path / "_staging/run-a/receipt.json").write_text(run_receipt().to_json())
        (tmp_path / "_staging/run-a" / NAMES[2]).write_text("forged")
        (problem,) = FolderStore(LocalFolder(str(tmp_path))).recover().problems
        assert problem.endswith(f"run run-a: {NAMES[2]} is lost")
        assert not (tmp_path / "_receipts").exists()

    def test_without_a_receipt_it_is_removed_once_it_is_old(self, tmp_path: Path) -> None:
        self._stage(tmp_path, 0)
        store = FolderStore(LocalFolder(str(tmp_path)))
        assert store.recover().left == (Attempt("run-a", ""),)
        assert store.recover(AT_ONCE).removed == (Attempt("run-a", ""),)
        assert existing_files(tmp_path) == set()

    def _stage(self, top: Path, moved: int) -> None:
        for number, name in enumerate(NAMES):
            path = top / ("" if number < moved else "_staging/run-a") / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(name.encode())
        (top / "_staging/run-a").mkdir(parents=True, exist_ok=True)
        (top / "_staging/run-a.lock").touch()
