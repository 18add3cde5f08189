"""One partition of a stream that several workers read: whoever is first commits, and once."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tamis.errors import RunError, UsageError
from tamis.evidence.receipt import Receipt
from tamis.stores.opening import open_store
from tamis.streams.into_folder import FolderSink
from tamis.streams.into_shared_folder import Refusal, SharedFolderSink
from tamis.streams.ledger import Ledger
from tamis.verify.verify import verify

from .made import SOURCE, STREAM, judge, key_parts, micro_batch, payloads, plan, split

FEED = micro_batch(payloads(40), first=20)
PARTS = split(FEED, [10, 20])


@pytest.fixture
def store(tmp_path: Path) -> Path:
    return tmp_path / "store"


@contextmanager
def opened(store: Path, begin: int = 20) -> Iterator[SharedFolderSink]:
    sink = SharedFolderSink(str(store), plan(), STREAM, 0, begin, threading.Event())
    try:
        sink.open(SOURCE)
        yield sink
    finally:
        sink.close()


def stage(sink: SharedFolderSink, *numbers: int) -> Ledger:
    ledger = Ledger.begin(plan(), STREAM, SOURCE, key_parts(), sink.next_run)
    for number in numbers:
        ledger = sink.commit(judge(PARTS[number]), ledger)
    return ledger


def feed(store: Path, begin: int, *numbers: int) -> int:
    """Commit parts from an offset on; where the partition is cut then."""
    with opened(store, begin) as sink:
        sink.end_period(stage(sink, *numbers))
        return sink.durable[0]


def receipts(store: Path) -> list[Receipt]:
    return list(open_store(str(store)).receipts(STREAM))


def files(store: Path) -> set[str]:
    return {str(path.relative_to(store)) for path in store.rglob("*.parquet")}


def listed(store: Path) -> set[str]:
    return {file.path for receipt in receipts(store) for file in receipt.files()}


def test_a_worker_that_begins_before_what_is_committed_goes_on_behind_it(store: Path) -> None:
    assert feed(store, 20, 0) == 30
    assert feed(store, 30, 1) == 50
    with opened(store, 20) as sink:
        assert sink.durable == {0: 50}
        assert sink.next_run == f"{STREAM}-p0-000000000050"
    assert [receipt.run for receipt in receipts(store)] == [
        f"{STREAM}-p0-000000000020",
        f"{STREAM}-p0-000000000030",
    ]


def test_of_two_workers_that_begin_at_one_offset_one_commits(store: Path) -> None:
    with opened(store) as slow:
        ledger = stage(slow, 0, 1)
        assert feed(store, 20, 0) == 30
        slow.end_period(ledger)
        assert slow.durable == {0: 30}
    assert [receipt.counts.in_ for receipt in receipts(store)] == [10]
    assert feed(store, 20, 1) == 50
    assert files(store) == listed(store)
    assert not list(store.glob("_staging/*"))


def test_a_worker_that_is_too_late_takes_what_the_other_committed_for_its_own(store: Path) -> None:
    assert feed(store, 20, 0, 1) == 50
    with opened(store) as late:
        late._begin = 20  # it looked before the other had committed
        late.end_period(stage(late, 0))
        assert late.durable == {0: 50}
        assert late._stop.is_set()
    assert [receipt.counts.in_ for receipt in receipts(store)] == [30]
    assert files(store) == listed(store)
    assert not list(store.glob("_staging/*"))


def test_what_a_killed_worker_staged_goes_once_the_period_is_committed(store: Path) -> None:
    killed = SharedFolderSink(str(store), plan(), STREAM, 0, 20, threading.Event())
    killed.open(SOURCE)
    stage(killed, 0)
    assert list(store.glob("_staging/*/*"))
    feed(store, 20, 0)
    assert not list(store.glob("_staging/*"))


def test_one_machine_goes_on_where_an_engine_was_cut_and_the_other_way_round(store: Path) -> None:
    feed(store, 20, 0)
    sink = FolderSink(str(store), plan(), STREAM)
    assert sink.open(SOURCE) == {0: 30}
    with opened(store) as other, pytest.raises(RunError, match=f"run {STREAM} is still under way"):
        FolderSink.read_cut(other, SOURCE)
    ledger = Ledger.begin(plan(), STREAM, SOURCE, key_parts())
    sink.end_period(sink.commit(judge(PARTS[1]), ledger))
    sink.close()
    assert sink.read_cut(SOURCE) == {0: 50}
    assert feed(store, 50, 2) == 60
    assert all(finding.outcome != "failed" for finding in verify(store))


def test_one_machine_is_refused_while_workers_read(store: Path) -> None:
    with opened(store) as sink, sink.shown_to_others() as is_first:
        assert is_first
        with pytest.raises(UsageError, match=f"partitions of stream {STREAM}--p0"):
            FolderSink(str(store), plan(), STREAM).open(SOURCE)
        with opened(store) as other, other.shown_to_others() as is_first:
            assert not is_first


def test_a_refusal_is_kept_in_the_store_until_it_is_told(store: Path) -> None:
    refusal = Refusal(str(store), STREAM)
    assert refusal.read() is None
    refusal.write("the first reason")
    refusal.write("another")
    assert Refusal(str(store), STREAM).read() == "the first reason"
    open_store(str(store)).recover()
    assert refusal.read() == "the first reason"
    refusal.remove()
    assert refusal.read() is None
    assert not list(store.glob("_staging"))
