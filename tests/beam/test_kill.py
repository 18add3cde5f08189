"""`kill -9` at any moment: what is in the store is listed and whole, or it is not there."""

import datetime
import os
import pickle
import random
import resource
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from tamis.errors import InputError, RunError, UsageError
from tamis.evidence.receipt import Receipt
from tamis.keys.keyring import Keyring
from tamis.runs.batch import run
from tamis.stores.folder_layout import receipt_path
from tamis.stores.folder_store import FolderStore
from tamis.stores.local_folder import LocalFolder
from tamis.stores.parquet_files import folder_of
from tamis.stores.protocol import Attempt

from .conftest import IN_MEMORY, POLICY, Feed, evidence, tree

pytestmark = pytest.mark.slow

RUN_STEPS = 180
"""Operations on files that a run of the feed does, at least."""

AT_ONCE = datetime.timedelta(0)

Order = tuple[Callable[..., Any], tuple[Any, ...], str, float]


def obey(orders: list[Order]) -> list[str]:
    """Do each order in a process that dies; `killed` or `done N` for each."""
    done = subprocess.run(
        [sys.executable, str(Path(__file__).parent / "killed.py")],
        input=pickle.dumps(orders),
        capture_output=True,
        check=True,
    )
    return done.stdout.decode().splitlines()


def receipt_in(store: Path, run_id: str = "the-run") -> Receipt | None:
    path = store / receipt_path(run_id)
    return Receipt.model_validate_json(path.read_bytes()) if path.is_file() else None


def is_whole_or_empty(store: Path, feed: Feed) -> bool:
    """True if the store holds the whole run and nothing else; asserts that else it holds none."""
    receipt = receipt_in(store)
    if receipt is None:
        assert [path for path in store.rglob("*") if path.is_file()] == []
        assert not (store / "_staging").exists()
        return False
    assert evidence(receipt) == evidence(feed.receipt)
    assert tree(store) == feed.files
    assert not (store / "_staging").exists()
    return True


@dataclass
class Staged:
    """A store in which all of the undisturbed run is staged, its receipt excepted."""

    feed: Feed
    path: Path
    attempt: Attempt = field(default_factory=lambda: Attempt.begin("the-run"))

    def __post_init__(self) -> None:
        top = self.path / folder_of(self.attempt)
        top.mkdir(parents=True)
        self.sources = {
            path: f"{folder_of(self.attempt)}/{number}.parquet"
            for number, path in enumerate(self.feed.files)
        }
        for path, source in self.sources.items():
            (self.path / source).write_bytes(self.feed.files[path])

    @property
    def store(self) -> FolderStore:
        return FolderStore(LocalFolder(str(self.path)))

    def publish(self) -> Receipt:
        return self.store.publish(self.attempt, self.feed.receipt, self.sources)

    def order(self, when: int) -> Order:
        """To publish, and to be killed."""
        arguments = (self.store, self.attempt, self.feed.receipt, self.sources)
        return FolderStore.publish, arguments, str(self.path), when


def test_a_run_killed_at_any_of_its_steps_is_completed_or_removed(
    feed: Feed, tmp_path: Path
) -> None:
    steps = [*range(0, RUN_STEPS, 30), *range(RUN_STEPS - 4, RUN_STEPS)]
    stores = {step: tmp_path / str(step) for step in steps}
    orders: list[Order] = [
        (run, (feed.job_into(store, IN_MEMORY),), str(store), step)
        for step, store in stores.items()
    ]
    assert obey(orders) == ["killed"] * len(steps)
    whole = {}
    for step, store in stores.items():
        FolderStore(LocalFolder(str(store))).recover(AT_ONCE)
        whole[step] = is_whole_or_empty(store, feed)
    assert not whole[0]
    assert whole[RUN_STEPS - 1]
    assert sorted(whole.values()) == list(whole.values()), "later kills leave no less"


def test_a_run_killed_at_any_time_and_begun_again_is_the_undisturbed_one(
    feed: Feed, tmp_path: Path
) -> None:
    chance = random.Random(37)
    jobs = [feed.job_into(tmp_path / str(number), IN_MEMORY) for number in range(4)]
    obey([(run, (job,), job.output, chance.uniform(0.1, 1.0)) for job in jobs])
    for job in jobs:
        receipt, _ = run(job)
        assert receipt is not None
        FolderStore(LocalFolder(job.output)).recover(AT_ONCE)
        assert is_whole_or_empty(Path(job.output), feed)


@pytest.mark.parametrize("workers", ["multi_threading", "multi_processing"])
def test_the_command_killed_with_all_its_processes_and_given_again(
    feed: Feed, tmp_path: Path, workers: str
) -> None:
    store = tmp_path / "store"
    command = [
        *(sys.executable, "-m", "tamis", "run", POLICY, "--allow-example"),
        *("--on", "2026-03-02", "--replay", "--run-id", "the-run"),
        *("--input", feed.job.inputs[0], "--output", str(store), "--keys", str(feed.job.keys)),
    ]
    options = ["--", f"--direct_running_mode={workers}", "--direct_num_workers=2"]
    process = subprocess.Popen(
        [*command, *options], start_new_session=True, stderr=subprocess.DEVNULL
    )
    deadline = time.monotonic() + 60
    while not any(store.glob("_staging/the-run/*")) and process.poll() is None:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    done = subprocess.run([*command, "--", IN_MEMORY], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    receipt = receipt_in(store)
    assert receipt is not None
    assert evidence(receipt) == evidence(feed.receipt) | {"replay": True}
    FolderStore(LocalFolder(str(store))).recover(AT_ONCE)
    assert tree(store) == feed.files


def test_a_commit_killed_at_each_of_its_steps_is_completed_or_removed(
    feed: Feed, tmp_path: Path
) -> None:
    whole = Staged(feed, tmp_path / "whole")
    (answer,) = obey([whole.order(-1)])
    assert is_whole_or_empty(whole.path, feed)
    steps = int(answer.removeprefix("done "))
    assert steps > 3 * len(feed.files)
    stores = [Staged(feed, tmp_path / str(step)) for step in range(0, steps, 3)]
    assert obey([store.order(3 * number) for number, store in enumerate(stores)]) == [
        "killed"
    ] * len(stores)
    committed = [store for store in stores if receipt_in(store.path) is not None]
    assert len(committed) > len(feed.files)
    assert not any((store.path / POLICY).exists() for store in stores if store not in committed)
    again: list[Order] = []
    for number, store in enumerate(committed):
        shutil.copytree(store.path, path := tmp_path / f"twice-{number}")
        twice = FolderStore(LocalFolder(str(path)))
        again.append((FolderStore.recover, (twice, AT_ONCE), str(path), 5 * number % 60))
    assert obey(again).count("killed") > len(again) // 2
    for _recover, (twice, _), path_killed, _when in again:
        twice.recover(AT_ONCE)
        assert is_whole_or_empty(Path(path_killed), feed)
    for store in stores:
        store.store.recover(AT_ONCE)
        assert is_whole_or_empty(store.path, feed) == (store in committed)


def test_the_same_run_again_does_nothing(feed: Feed, tmp_path: Path) -> None:
    store = tmp_path / "store"
    shutil.copytree(feed.job.output, store)
    times = {path: path.stat().st_mtime_ns for path in store.rglob("*")}
    assert run(feed.job_into(store, IN_MEMORY)) == (receipt_in(store), True)
    assert {path: path.stat().st_mtime_ns for path in store.rglob("*")} == times


def test_another_run_under_the_same_id_is_refused(feed: Feed, tmp_path: Path) -> None:
    store = tmp_path / "store"
    shutil.copytree(feed.job.output, store)
    job = feed.job_into(store, IN_MEMORY)
    other_plan = replace(job.plan, processing="un-autre")
    fewer = tuple(sorted(str(path) for path in (feed.folder / "in").iterdir())[:2])
    for other, what in (
        (replace(job, plan=other_plan), "plan"),
        (replace(job, inputs=fewer), "inputs"),
    ):
        with pytest.raises(
            UsageError, match=rf"committed in .*, and not with the same {what}: choose"
        ) as caught:
            run(other)
        assert caught.value.exit_code == 2
    keys = tmp_path / "keys.json"
    shutil.copy(str(job.keys), keys)
    Keyring.open(str(keys)).rotate()
    with pytest.raises(UsageError, match="not with the same key epochs: choose another"):
        run(replace(job, keys=str(keys)))
    assert tree(store) == feed.files


def test_of_two_attempts_at_one_run_one_commits_and_both_succeed(
    feed: Feed, tmp_path: Path
) -> None:
    other = Staged(feed, tmp_path)
    receipt, before = run(feed.job_into(tmp_path, IN_MEMORY))
    assert not before
    assert other.publish() == receipt
    assert is_whole_or_empty(tmp_path, feed)


def test_two_runs_into_one_store_do_not_touch_each_other(feed: Feed, tmp_path: Path) -> None:
    other = Staged(feed, tmp_path)
    receipt, _ = run(replace(feed.job_into(tmp_path, IN_MEMORY), run="other-run"))
    assert receipt is not None
    assert other.publish() == feed.receipt
    assert {path: content for path, content in tree(tmp_path).items() if "the-run" in path} == (
        feed.files
    )
    assert receipt_in(tmp_path, "other-run") == receipt


@pytest.mark.parametrize("workers", ["in_memory", "multi_threading"])
def test_a_worker_that_fails_in_the_middle_commits_nothing(
    feed: Feed, tmp_path: Path, workers: str
) -> None:
    (tmp_path / "in").mkdir()
    for path in (feed.folder / "in").iterdir():
        shutil.copy(path, tmp_path / "in")
    content = bytearray((tmp_path / "in" / "1.parquet").read_bytes())
    for at in range(200, len(content) // 2, 40):
        content[at] ^= 0xFF
    (tmp_path / "in" / "1.parquet").write_bytes(content)
    store = tmp_path / "store"
    job = feed.job_into(store, f"--direct_running_mode={workers}", "--direct_num_workers=2")
    with pytest.raises(
        InputError, match=r"1\.parquet: row group \d of 3 cannot be read$"
    ) as caught:
        run(replace(job, inputs=(str(tmp_path / "in" / "*.parquet"),)))
    assert caught.value.exit_code == 3
    assert not store.exists()


def test_a_full_disk_commits_nothing(feed: Feed, tmp_path: Path) -> None:
    largest = max(map(len, feed.files.values()))
    job = feed.job_into(tmp_path / "store", IN_MEMORY)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    for limit in (0, largest // 2, largest - 1):
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, hard))
        try:
            with pytest.raises(RunError, match=r"^/.*store: writing.* failed \(file too large\)$"):
                run(job)
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        assert not (tmp_path / "store").exists()
    run(job)
    assert is_whole_or_empty(tmp_path / "store", feed)


def test_a_receipt_cut_off_while_it_is_written_commits_nothing(feed: Feed, tmp_path: Path) -> None:
    staged = Staged(feed, tmp_path)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100, hard))
    try:
        with pytest.raises(OSError, match="File too large"):
            staged.publish()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert staged.store.recover(AT_ONCE).removed == (staged.attempt,)
    assert not is_whole_or_empty(tmp_path, feed)


def test_an_output_that_cannot_be_written_commits_nothing(feed: Feed, tmp_path: Path) -> None:
    (tmp_path / "a-file").write_text("in the way")
    with pytest.raises(RunError, match=r"a-file: cannot be written to: not a directory$"):
        run(feed.job_into(tmp_path / "a-file", IN_MEMORY))
    assert (tmp_path / "a-file").read_text() == "in the way"
