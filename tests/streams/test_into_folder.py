"""A store fed by a stream: what a period's receipt lists exists, and nothing else does."""

import datetime
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from tamis.errors import RunError, UsageError
from tamis.evidence.receipt import Receipt
from tamis.keys.sealed import PrivateKey
from tamis.plan.project import bundled_project
from tamis.stores import folder_store
from tamis.stores.opening import open_store
from tamis.streams.into_folder import FolderSink
from tamis.streams.ledger import Ledger
from tamis.streams.messages import MicroBatch
from tamis.verify.figures import Finding
from tamis.verify.verify import verify

from .made import (
    POLICY,
    RELEASE,
    SOURCE,
    STREAM,
    judge,
    key_parts,
    micro_batch,
    payloads,
    plan,
    split,
)

FEED = micro_batch([*payloads(), b"{"], first=20, partitions=2)
PARTS = split(FEED, [20, 20])
ENDS = {0: 51, 1: 50}


@pytest.fixture
def store(tmp_path: Path) -> Path:
    return tmp_path / "store"


def make(store: Path, stream: str = STREAM) -> FolderSink:
    return FolderSink(str(store), plan(), stream)


@contextmanager
def opened(store: Path, stream: str = STREAM, source: str = SOURCE) -> Iterator[FolderSink]:
    sink = make(store, stream)
    try:
        sink.open(source)
        yield sink
    finally:
        sink.close()


def stage(sink: FolderSink, parts: list[MicroBatch], stream: str = STREAM) -> Ledger:
    ledger = Ledger.begin(plan(), stream, SOURCE, key_parts())
    key = PrivateKey.new().public
    for part in parts:
        ledger = sink.commit(judge(part, key, stream), ledger)
    return ledger


def feed(store: Path, *periods: list[MicroBatch], stream: str = STREAM) -> None:
    with opened(store, stream) as sink:
        for parts in periods:
            sink.end_period(stage(sink, parts, stream))


def test_a_partition_belongs_to_one_stream_also_once_it_has_ended(store: Path) -> None:
    """As far as a folder knows: by what was committed, and by who runs on this machine."""
    with opened(store, f"{STREAM}--p0"), opened(store, f"{STREAM}--p1"):
        refused = make(store, f"{STREAM}--p1-2")
        with pytest.raises(UsageError, match="partitions of stream essai--p1"):
            refused.open(SOURCE)
        refused.close()
    feed(store, PARTS[:1], stream=f"{STREAM}--p0-1")
    assert all(finding.outcome != "failed" for finding in findings_of(store))
    for stream in (STREAM, f"{STREAM}--p1"):
        refused = make(store, stream)
        with pytest.raises(UsageError, match="partitions of stream essai--p0-1"):
            refused.open(SOURCE)
        refused.close()
    with opened(store, f"{STREAM}--p2"), opened(store, f"{STREAM}--p0-1") as again:
        assert again.durable
    with opened(store, "other"):
        pass


def test_a_stream_over_all_partitions_keeps_others_away_while_it_runs(
    store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(folder_store, "_HELD_SECONDS", 0.1)
    with opened(store):
        refused = make(store, f"{STREAM}--p0")
        with pytest.raises(RunError, match="run essai is still under way"):
            refused.open(SOURCE)
        refused.close()


def receipts(store: Path) -> list[Receipt]:
    paths = sorted((store / "_receipts").glob("*.json"), key=lambda path: path.stat().st_mtime_ns)
    return [Receipt.model_validate_json(path.read_bytes()) for path in paths]


def listed(store: Path) -> dict[str, int]:
    """Rows by path, of what receipts list."""
    return {file.path: file.rows for made in receipts(store) for file in made.files()}


def files(store: Path) -> set[str]:
    return {str(path.relative_to(store)) for path in store.rglob("*.parquet")}


def positions(store: Path, stream: str = STREAM) -> dict[int, int]:
    sink = make(store, stream)
    try:
        return sink.open(SOURCE)
    finally:
        sink.close()


def findings_of(store: Path, number: int = 0) -> list[Finding]:
    run = receipts(store)[number].run
    return verify(store / "_receipts" / f"{run}.json", bundled_project())


class TestPeriods:
    def test_a_new_store_has_no_positions(self, store: Path) -> None:
        assert positions(store) == {}

    def test_periods_hold_what_was_read_and_the_next_process_begins_there(
        self, store: Path
    ) -> None:
        feed(store, PARTS[:1], PARTS[1:])
        whole = judge(FEED).tally
        made = receipts(store)
        assert [one.counts.in_ for one in made] == [20, 41]
        assert {one.stream for one in made} == {STREAM}
        assert files(store) == set(listed(store))
        for path, rows in listed(store).items():
            assert pq.read_metadata(store / path).num_rows == rows
        assert sum(one.releases[RELEASE].rows for one in made) == whole.rows[RELEASE]
        assert sum(one.counts.quarantined for one in made) == whole.quarantined
        assert positions(store) == ENDS

    def test_files_are_whole_of_one_schema_and_tagged_with_the_stream(self, store: Path) -> None:
        feed(store, PARTS)
        released = pq.read_table(store / POLICY / RELEASE)
        assert set(released.column("legal_run").to_pylist()) == {STREAM}
        stopped = pq.read_table(store / "_quarantine" / POLICY)
        assert set(stopped.column("run").to_pylist()) == {STREAM}
        assert stopped.column("sealed").null_count == 0
        assert set(stopped.column("source").to_pylist()) == {f"{SOURCE}/0", f"{SOURCE}/1"}

    def test_a_period_of_nothing_but_withheld_records_has_a_receipt(self, store: Path) -> None:
        feed(store, [micro_batch([b'{"dispositif": "PEC"}'])])
        (made,) = receipts(store)
        assert (made.counts.withheld, made.files(), files(store)) == (1, [], set())
        assert positions(store) == {0: 1}

    def test_nothing_is_durable_nor_seen_before_the_period_ends(self, store: Path) -> None:
        with opened(store) as sink:
            ledger = stage(sink, PARTS)
            assert (sink.durable, receipts(store), list(store.glob(POLICY))) == ({}, [], [])
            sink.end_period(ledger)
            assert sink.durable == ENDS

    def test_many_small_micro_batches_make_one_file_a_period(self, store: Path) -> None:
        feed(store, split(FEED, [1] * 61))
        assert len(files(store)) == 2


class TestKilled:
    @pytest.mark.filterwarnings("error")
    def test_a_period_that_did_not_end_is_as_if_it_had_not_been_read(
        self, store: Path, capfd: pytest.CaptureFixture[str]
    ) -> None:
        with opened(store) as sink:
            sink.end_period(stage(sink, PARTS[:1]))
            stage(sink, PARTS[1:])
        assert positions(store) == {0: 30, 1: 30}
        assert files(store) == set(listed(store))
        assert not list(store.glob("_staging/*"))
        feed(store, PARTS[1:])
        assert sum(receipt.counts.in_ for receipt in receipts(store)) == len(FEED.messages)
        assert capfd.readouterr().err == ""

    def test_a_killed_process_leaves_nothing_behind_for_the_next(self, store: Path) -> None:
        folder = Path(__file__).parents[2]
        script = (
            "import os, sys; from pathlib import Path; "
            "from tests.streams.test_into_folder import *; "
            "store = Path(sys.argv[1]); sink = make(store); sink.open(SOURCE); "
            "sink.end_period(stage(sink, PARTS[:1])); stage(sink, PARTS[1:]); os._exit(9)"
        )
        done = subprocess.run(
            [sys.executable, "-c", script, str(store)], cwd=folder, timeout=60, check=False
        )
        assert done.returncode == 9
        assert list(store.glob("_staging/*/"))
        assert positions(store) == {0: 30, 1: 30}
        assert not list(store.glob("_staging/*/"))
        assert files(store) == set(listed(store))

    @pytest.mark.parametrize("moved", [0, 1, 2])
    def test_a_period_killed_while_it_ended_is_completed(self, store: Path, moved: int) -> None:
        with opened(store) as sink:
            ledger = stage(sink, PARTS)
            folder = sink._store.folder
            place = folder.place

            def fail(sources: Mapping[str, str]) -> None:
                place(dict(list(sources.items())[:moved]))
                raise OSError("killed")

            folder.place = fail  # type: ignore[method-assign]
            if moved < 2:
                with pytest.raises(RunError, match="is not in its place yet: oserror"):
                    sink.end_period(ledger)
            else:
                sink.end_period(ledger)
        assert len(set(listed(store)) - files(store)) == 2 - moved
        assert len(receipts(store)) == 1
        assert positions(store) == ENDS
        assert files(store) == set(listed(store))
        assert all(finding.outcome != "failed" for finding in findings_of(store))

    def test_a_period_that_0_1_was_ending_when_it_was_killed_is_completed(
        self, store: Path
    ) -> None:
        feed(store, PARTS)
        (receipt,) = receipts(store)
        old = f"{STREAM}-20260301t120000-7efa"  # ids of periods ended in two bytes of chance
        staged = store / "_staging" / old
        for path in files(store):
            (staged / path).parent.mkdir(parents=True)
            (store / path).rename(staged / path.replace(receipt.run, old))
        text = (store / "_receipts" / f"{receipt.run}.json").read_text()
        (staged / "receipt.json").write_text(text.replace(receipt.run, old))
        (store / "_receipts" / f"{receipt.run}.json").unlink()
        assert positions(store) == ENDS
        assert [made.run for made in receipts(store)] == [old]
        assert files(store) == set(listed(store))


class TestTwo:
    def test_a_stream_is_held_by_one_process(self, store: Path) -> None:
        with (
            opened(store),
            pytest.raises(RunError, match=f"run {STREAM} is still under way"),
            opened(store),
        ):
            pass
        assert positions(store) == {}

    def test_a_recovery_leaves_a_live_stream_alone(self, store: Path) -> None:
        with opened(store) as sink:
            ledger = stage(sink, PARTS)
            script = (
                "import sys; from tamis.stores.opening import open_store; "
                "print(open_store(sys.argv[1]).recover().removed)"
            )
            done = subprocess.run(
                [sys.executable, "-c", script, str(store)],
                capture_output=True,
                text=True,
                timeout=60,
                check=True,
            )
            assert done.stdout == "()\n"
            assert open_store(str(store)).recover().removed == ()
            sink.end_period(ledger)
        assert sum(receipt.counts.in_ for receipt in receipts(store)) == len(FEED.messages)

    def test_two_streams_share_a_store_and_keep_their_own_positions(self, store: Path) -> None:
        with opened(store) as one, opened(store, f"{STREAM}-2") as other:
            other.end_period(stage(other, PARTS[:1], f"{STREAM}-2"))
            one.end_period(stage(one, PARTS))
        assert (positions(store), positions(store, f"{STREAM}-2")) == (ENDS, {0: 30, 1: 30})

    def test_a_stream_from_another_source_is_refused(self, store: Path) -> None:
        feed(store, PARTS)
        with (
            pytest.raises(UsageError, match=f"was fed from {SOURCE}; .* needs another --run-id"),
            opened(store, source="kafka://broker:9092/other"),
        ):
            pass
        assert positions(store) == ENDS


class TestVerified:
    def test_every_claim_holds_and_the_topic_is_told_as_not_checked(self, store: Path) -> None:
        feed(store, PARTS[:1], PARTS[1:])
        for number in (0, 1):
            found = findings_of(store, number)
            assert [one for one in found if one.outcome == "failed"] == []
        assert [
            finding.text for finding in findings_of(store, 1) if finding.outcome == "not checked"
        ] == [
            f"{SOURCE}/0: 21 messages, offsets 30 to 50: a stream is not read again",
            f"{SOURCE}/1: 20 messages, offsets 30 to 49: a stream is not read again",
        ]

    def test_a_message_in_two_periods_is_found(self, store: Path) -> None:
        feed(store, PARTS[:2], PARTS[1:])
        failed = [finding.text for finding in findings_of(store) if finding.outcome == "failed"]
        assert failed == [f"1 of 1 other period of stream {STREAM} holds a message of this one"]

    @pytest.mark.parametrize(
        ("old", "new"),
        [
            ('"next": 51', '"next": 40'),
            (f'"stream": "{STREAM}"', '"stream": "autre"'),
            (f'"stream": "{STREAM}",', ""),
            ('"first": 20', '"first": 50'),
        ],
    )
    def test_what_was_changed_is_found(self, store: Path, old: str, new: str) -> None:
        feed(store, PARTS)
        (path,) = (store / "_receipts").glob("*.json")
        text = path.read_text()
        assert old in text
        path.write_text(text.replace(old, new))
        assert any(finding.outcome == "failed" for finding in verify(path, bundled_project()))


def test_the_day_of_a_receipt_is_its_plans(store: Path) -> None:
    feed(store, PARTS)
    assert receipts(store)[0].day == plan().day
    assert receipts(store)[0].started.utcoffset() == datetime.timedelta(0)
