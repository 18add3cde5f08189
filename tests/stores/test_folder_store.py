"""The commit protocol, cut short at every single step."""

import datetime
import hashlib
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import BinaryIO

import pytest

from tamis.errors import RunError, UsageError
from tamis.evidence.receipt import Counts, Drift, FilePart, ProcessingPart, Receipt, ReleasePart
from tamis.stores.folder import LocalFolder, lock
from tamis.stores.folder_store import FolderStore, lock_path, staged_path
from tamis.stores.protocol import check_run_id

NAMES = ("p/r/run-a-00000-00000.parquet", "p/r/run-a-00000-00001.parquet", "p/s/run-a-0.parquet")


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

    def move(self, source: str, target: str) -> None:
        self._step()
        super().move(source, target)

    def remove(self, path: str) -> None:
        self._step()
        super().remove(path)


def run_receipt(run: str = "run-a") -> Receipt:
    now = datetime.datetime(2026, 11, 23, tzinfo=datetime.UTC)
    files = [FilePart(path=n, rows=1, sha256=hashlib.sha256(n.encode()).hexdigest()) for n in NAMES]
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


def _stage(folder: LocalFolder) -> None:
    for name in NAMES:
        with folder.create(staged_path("run-a", name)) as stream:
            stream.write(name.encode())


def existing_files(path: Path) -> set[str]:
    return {str(p.relative_to(path)) for p in path.rglob("*") if p.is_file()}


def test_a_commit_leaves_the_files_and_the_receipt_and_nothing_else(tmp_path: Path) -> None:
    folder = LocalFolder(str(tmp_path))
    _stage(folder)
    FolderStore(folder).publish(run_receipt())
    assert existing_files(tmp_path) == {*NAMES, "_receipts/run-a.json"}
    assert FolderStore(folder).committed("run-a") == run_receipt()


@pytest.mark.parametrize("steps", range(8))
def test_a_commit_cut_short_anywhere_is_completed_or_removed_by_recover(
    tmp_path: Path, steps: int
) -> None:
    _stage(LocalFolder(str(tmp_path)))
    try:
        FolderStore(FragileFolder(str(tmp_path), steps)).publish(run_receipt())
        cut = False
    except Cut:
        cut = True
    done = FolderStore(LocalFolder(str(tmp_path))).recover()
    existing = existing_files(tmp_path)
    if existing:
        assert existing == {*NAMES, "_receipts/run-a.json"}
        assert all((tmp_path / name).read_bytes() == name.encode() for name in NAMES)
    else:
        assert done.removed == ("run-a",)
    assert cut == (steps < 7)


@pytest.mark.parametrize("first", range(2, 7))
@pytest.mark.parametrize("second", range(4))
def test_a_recovery_cut_short_is_completed_by_the_next(
    tmp_path: Path, first: int, second: int
) -> None:
    _stage(LocalFolder(str(tmp_path)))
    with pytest.raises(Cut):
        FolderStore(FragileFolder(str(tmp_path), first)).publish(run_receipt())
    try:
        FolderStore(FragileFolder(str(tmp_path), second)).recover()
    except Cut:
        FolderStore(LocalFolder(str(tmp_path))).recover()
    assert existing_files(tmp_path) == {*NAMES, "_receipts/run-a.json"}


def test_resume_goes_on_where_a_commit_was_cut_short(tmp_path: Path) -> None:
    _stage(LocalFolder(str(tmp_path)))
    with pytest.raises(Cut):
        FolderStore(FragileFolder(str(tmp_path), 3)).publish(run_receipt())
    assert FolderStore(LocalFolder(str(tmp_path))).resume("run-a") == run_receipt()
    assert FolderStore(LocalFolder(str(tmp_path))).resume("run-b") is None


def test_a_run_under_way_is_left_alone(tmp_path: Path) -> None:
    folder = LocalFolder(str(tmp_path))
    _stage(folder)
    with FolderStore(folder).hold("run-a"):
        assert FolderStore(LocalFolder(str(tmp_path))).recover().removed == ()
        with pytest.raises(RunError, match="under way"), FolderStore(folder).hold("run-a"):
            pass
    assert FolderStore(folder).recover().removed == ("run-a",)
    assert existing_files(tmp_path) == set()


def test_a_file_that_is_lost_is_told_and_the_receipt_does_not_commit(tmp_path: Path) -> None:
    folder = LocalFolder(str(tmp_path))
    _stage(folder)
    (tmp_path / staged_path("run-a", NAMES[1])).unlink()
    with pytest.raises(RunError, match="is lost"):
        FolderStore(folder).publish(run_receipt())
    assert FolderStore(folder).committed("run-a") is None


@pytest.mark.parametrize("run", ["", "A", "a/b", "..", "a b", "é", "x" * 129])
def test_a_run_id_is_a_plain_word(run: str) -> None:
    with pytest.raises(UsageError):
        check_run_id(run)


def test_the_recovery_by_another_run_does_not_keep_a_run_from_beginning(tmp_path: Path) -> None:
    folder = LocalFolder(str(tmp_path / "store"))
    recovering, released = threading.Event(), threading.Event()

    def recover() -> None:
        with lock(folder, lock_path("run-a")) as held:
            assert held
            recovering.set()
            released.wait(0.1)

    thread = threading.Thread(target=recover)
    thread.start()
    recovering.wait()
    with FolderStore(folder).hold("run-a"):
        thread.join()


def test_runs_that_begin_and_end_at_once_do_not_disturb_each_other(tmp_path: Path) -> None:
    def begin_and_end(worker: int) -> None:
        store = FolderStore(LocalFolder(str(tmp_path / "store")))
        for number in range(100):
            store.recover()
            with store.hold(f"run-{worker}-{number}"):
                pass

    with ThreadPoolExecutor(4) as workers:
        list(workers.map(begin_and_end, range(4)))
    assert not (tmp_path / "store").exists()
