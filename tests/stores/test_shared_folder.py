"""Workers that read one partition at once, without a lock: one of them commits."""

import threading

from tamis.evidence.receipt import Receipt
from tamis.stores.folder import Folder
from tamis.stores.opening import open_store
from tamis.streams.into_shared_folder import SharedFolderSink
from tamis.streams.ledger import Ledger

from ..streams.made import SOURCE, STREAM, judge, key_parts, micro_batch, payloads, plan, split

PARTS = split(micro_batch(payloads(30)), [10, 10])


def sink(folder: Folder) -> SharedFolderSink:
    return SharedFolderSink(folder.uri, plan(), STREAM, 0, 0, threading.Event())


def commit(sink: SharedFolderSink, *numbers: int) -> None:
    ledger = Ledger.begin(plan(), STREAM, SOURCE, key_parts(), sink.next_run)
    for number in numbers:
        ledger = sink.commit(judge(PARTS[number]), ledger)
    sink.end_period(ledger)
    sink.close()


def test_of_workers_that_begin_at_one_offset_one_commits_and_the_others_follow_it(
    folder: Folder,
) -> None:
    first, second, third = sink(folder), sink(folder), sink(folder)
    for worker in (first, second):
        assert worker.open(SOURCE) == {0: 0}
    commit(first, 0)
    commit(second, 0, 1)
    assert second.durable == {0: 10}
    assert third.open(SOURCE) == {0: 10}
    commit(third, 1, 2)
    receipts: list[Receipt] = list(open_store(folder.uri).receipts(STREAM))
    assert [receipt.counts.in_ for receipt in receipts] == [10, 20]
    listed = {file.path for receipt in receipts for file in receipt.files()}
    assert {path for path in folder.files("") if path.endswith(".parquet")} == listed
    assert folder.children("_staging") == []
