"""A watched folder: what appears in it is read once, also across a restart."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

import pyarrow.parquet as pq
import pytest

from tamis.evidence.receipt import Receipt
from tamis.runs import watch as watch_module
from tamis.runs.watch import WatchJob, watch
from tamis.synthetic.files import write_feed
from tamis.synthetic.records import DIRTY, make_records
from tamis.telemetry.listener import Listeners

from ..telemetry.test_listener import Recorder
from .conftest import Flow

Find = Callable[[str], Flow]

Caplog = pytest.LogCaptureFixture

NAME = "evaluation-cpf"


def feed(flow: Flow, path: Path, count: int, seed: int) -> None:
    """A file that appears whole, as a careful sender lets it appear."""
    records = make_records(flow.schema, count, seed=seed, policies=[flow.policy], dirt=DIRTY)
    hidden = path.with_name("." + path.name)
    write_feed(records, flow.schema, hidden)
    hidden.rename(path)


@contextmanager
def watching(folder: Path, store: str, keys: str, log: Path) -> Iterator["subprocess.Popen[bytes]"]:
    with log.open("ab") as out:
        process = start(folder, store, keys, out)
        try:
            yield process
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def start(folder: Path, store: str, keys: str, out: IO[bytes]) -> "subprocess.Popen[bytes]":
    return subprocess.Popen(
        [
            *(sys.executable, "-m", "tamis", "run", NAME, "--allow-example", "--keys", keys),
            *("--input", f"watch:{folder}/*.parquet", "--output", store, "--run-id", "w"),
        ],
        start_new_session=True,
        stdout=out,
        stderr=subprocess.STDOUT,
    )


def receipts(store: Path) -> list[Receipt]:
    found = sorted((store / "_receipts").glob("w-*.json"))
    return [Receipt.model_validate_json(path.read_text(encoding="utf-8")) for path in found]


def files_of(store: Path) -> Counter[str]:
    return Counter(Path(input.uri).name for receipt in receipts(store) for input in receipt.inputs)


def wait_for(store: Path, files: int, process: "subprocess.Popen[bytes]", log: Path) -> None:
    until = time.monotonic() + 40
    while files_of(store).total() < files:
        assert process.poll() is None, log.read_text(encoding="utf-8")
        assert time.monotonic() < until, log.read_text(encoding="utf-8")
        time.sleep(0.05)


def test_files_that_appear_are_read_once_each_also_after_a_kill_and_a_restart(
    flow: Find, keys: str, tmp_path: Path
) -> None:
    one = flow(NAME)
    folder, store, log = tmp_path / "in", tmp_path / "out", tmp_path / "log"
    folder.mkdir()
    feed(one, folder / "a.parquet", 30, 1)
    (folder / "z.parquet.part").write_bytes(b"not finished")
    with watching(folder, str(store), keys, log) as process:
        wait_for(store, 1, process, log)
        feed(one, folder / "b.parquet", 40, 2)
        wait_for(store, 2, process, log)
        feed(one, folder / "c.parquet", 50, 3)
        time.sleep(1.2)
        process.kill()
    with watching(folder, str(store), keys, log) as process:
        feed(one, folder / "d.parquet", 60, 4)
        wait_for(store, 4, process, log)
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 0
    assert files_of(store) == Counter({f"{name}.parquet": 1 for name in "abcd"})
    assert sum(receipt.counts.in_ for receipt in receipts(store)) == 180
    rows = sum(receipt.releases["evaluation"].rows for receipt in receipts(store))
    written = list((store / NAME / "evaluation").glob("*.parquet"))
    assert sum(pq.read_metadata(path).num_rows for path in written) == rows > 0
    assert not (store / "_staging").exists()
    assert "stream w drained: " in log.read_text(encoding="utf-8")


def test_a_file_that_cannot_be_read_is_left_aside_and_the_others_go_on(
    flow: Find, keys: str, tmp_path: Path
) -> None:
    one = flow(NAME)
    folder, store, log = tmp_path / "in", tmp_path / "out", tmp_path / "log"
    folder.mkdir()
    (folder / "bad.parquet").write_bytes(b"PAR1 is no end")
    feed(one, folder / "good.parquet", 30, 1)
    with watching(folder, str(store), keys, log) as process:
        wait_for(store, 1, process, log)
        feed(one, folder / "bad.parquet", 20, 2)
        wait_for(store, 2, process, log)
    outcome = log.read_text(encoding="utf-8")
    assert outcome.count("left aside until it changes") == 1
    assert "bad.parquet" in outcome


def test_what_is_no_file_is_told_and_left_aside_and_a_signal_drains(
    flow: Find, keys: str, tmp_path: Path
) -> None:
    one = flow(NAME)
    folder, store, log = tmp_path / "in", tmp_path / "out", tmp_path / "log"
    folder.mkdir()
    feed(one, folder / "a.parquet", 30, 1)
    os.link(folder / "a.parquet", os.fsencode(folder) + b"/\xff\xe9\x1b[31m.parquet")
    os.mkfifo(folder / "fifo.parquet")
    (folder / "zero.parquet").symlink_to("/dev/zero")
    (folder / "to-fifo.parquet").symlink_to("fifo.parquet")
    (folder / "nowhere.parquet").symlink_to("nothing")
    (folder / "loop.parquet").symlink_to("loop.parquet")
    (folder / "folder.parquet").mkdir()
    with watching(folder, str(store), keys, log) as process:
        wait_for(store, 1, process, log)
        feed(one, folder / "b.parquet", 20, 2)
        wait_for(store, 2, process, log)
        growing = (folder / "growing.parquet").open("wb", buffering=0)
        for _step in range(20):
            growing.write(b"x")
            time.sleep(0.1)
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 0
    assert files_of(store) == Counter({"a.parquet": 1, "b.parquet": 1})
    lines = log.read_text(encoding="utf-8").splitlines()
    aside = sorted(line.partition(f"{folder}/")[2] for line in lines if "left aside" in line)
    assert aside == [
        "fifo.parquet: it is no regular file; it is left aside",
        "loop.parquet: too many levels of symbolic links; it is left aside",
        "nowhere.parquet: no such file or directory; it is left aside",
        "to-fifo.parquet: it is no regular file; it is left aside",
        "zero.parquet: it is no regular file; it is left aside",
        "\ufffd\ufffd\ufffd[31m.parquet: its name is no UTF-8; it is left aside",
    ]
    assert "growing" not in "".join(lines)


@pytest.mark.parametrize("once", [True, False])
def test_a_file_that_changes_all_the_time_is_told_and_once_does_not_wait_for_it(
    flow: Find, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, once: bool, caplog: Caplog
) -> None:
    stop = threading.Event()
    sizes = iter(range(100))

    def list_files(_pattern: str) -> dict[str, tuple[int, float]]:
        size = next(sizes)
        if size == 20:
            stop.set()
        return {"in/a.csv": (size, 0.0)}

    monkeypatch.setattr(watch_module, "_list_files", list_files)
    monkeypatch.setattr(watch_module, "CHANGING_SECONDS", 0.05)
    plan = flow(NAME).plan
    job = WatchJob("in/*.csv", str(tmp_path / "out"), "w", seconds=0.01, once=once)
    recorder = Recorder()
    assert watch(job, lambda: plan, print, stop, Listeners(recorder)) == 0
    assert recorder.told[:2] == [("polled", {0: 1})] * 2
    assert stop.is_set() != once
    assert caplog.messages == ["in/a.csv: it has changed for 0 s; it is read once it does not"]


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        (("--output", "kafka://h:1/t"), "a watched folder goes to a store or a database"),
        (("--output", "out", "--seal-to", "k.pub"), "a file stays where it is"),
    ],
)
def test_what_a_watched_folder_cannot_do_is_told(
    flow: Find, tmp_path: Path, keys: str, options: tuple[str, ...], problem: str
) -> None:
    done = subprocess.run(
        [
            *(sys.executable, "-m", "tamis", "--project", "cpf", "run", NAME, "--allow-example"),
            *("--keys", keys, "--input", f"watch:{tmp_path}/*.parquet", *options),
        ],
        capture_output=True,
        check=False,
        cwd=tmp_path,
    )
    assert (done.returncode, problem in done.stderr.decode()) == (2, True)


def test_once_reads_what_is_there_and_ends(flow: Find, keys: str, tmp_path: Path) -> None:
    one = flow(NAME)
    folder, store = tmp_path / "in", tmp_path / "out"
    folder.mkdir()
    feed(one, folder / "a.parquet", 30, 1)
    command = [
        *(sys.executable, "-m", "tamis", "run", NAME, "--allow-example", "--keys", keys, "--once"),
        *("--input", f"watch:{folder}/*.parquet", "--output", str(store), "--run-id", "w"),
    ]
    for files in ("1 file", "0 files"):
        done = subprocess.run(command, capture_output=True, check=True)
        assert f"stream w drained: {files}\n" in done.stdout.decode()
    (receipt,) = receipts(store)
    assert json.loads(receipt.to_json())["inputs"][0]["uri"].endswith("a.parquet")
