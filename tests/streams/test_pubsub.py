"""Pub/Sub as source and sink: acknowledged once committed, leased until then, at least once."""

import datetime
import json
import time
from collections import Counter
from pathlib import Path
from uuid import uuid4

import pyarrow.parquet as pq
import pytest

from tamis.address import PubsubAddress
from tamis.errors import RunError, UsageError
from tamis.evidence.receipt import Receipt
from tamis.streams.from_pubsub import PubsubReader
from tamis.streams.into_folder import FolderSink
from tamis.streams.into_pubsub import PubsubSink, _requests
from tamis.streams.messages import MicroBatch
from tamis.streams.pubsub import check_source, position_of
from tamis.streams.session import Session, Settings
from tamis.streams.sink import Topics

from ..services.pubsub import Emulator
from . import poison
from .made import POLICY, RELEASE, STREAM, Keys, clean, judge, payloads, plan

FEED = payloads(30)
LONG = datetime.timedelta(hours=1)


@pytest.fixture
def topic(pubsub: Emulator) -> str:
    return pubsub.topic(f"feed-{uuid4().hex}")


@pytest.fixture
def subscription(pubsub: Emulator, topic: str) -> str:
    return pubsub.subscription(topic, topic.rpartition("/")[2])


def open_reader(path: str, stream: str = STREAM, records: int = 1_000) -> PubsubReader:
    reader = PubsubReader(f"pubsub://{path}", stream, records)
    reader.open({})
    return reader


def read(reader: PubsubReader, count: int) -> list[MicroBatch]:
    """Micro-batches with `count` messages together."""
    batches: list[MicroBatch] = []
    until = time.monotonic() + 20
    while sum(len(batch.messages) for batch in batches) < count:
        assert time.monotonic() < until
        batch = reader.read()
        if batch is not None:
            batches.append(batch)
    return batches


def values(batches: list[MicroBatch]) -> list[bytes]:
    return sorted(message.value or b"" for batch in batches for message in batch.messages)


def receipts(store: Path) -> list[Receipt]:
    paths = store.glob("_receipts/*.json")
    return [Receipt.model_validate_json(path.read_bytes()) for path in paths]


@pytest.mark.pubsub
class TestReader:
    def test_batches_count_on_and_hold_each_message_once(
        self, pubsub: Emulator, topic: str, subscription: str
    ) -> None:
        pubsub.publish(topic, FEED, note="x")
        reader = open_reader(subscription, records=7)
        batches = read(reader, len(FEED))
        assert values(batches) == sorted(FEED)
        assert all(len(batch.messages) <= 7 for batch in batches)
        before = 0
        for batch in batches:
            assert batch.read_before == before
            before += len(batch.messages)
        message = batches[0].messages[0]
        assert (message.key, message.headers) == (None, (("note", b"x"),))
        assert reader.lag is None
        assert not reader.caught_up
        reader.close()

    def test_only_what_is_before_the_position_is_acknowledged(
        self, pubsub: Emulator, topic: str, subscription: str
    ) -> None:
        pubsub.publish(topic, FEED)
        reader = open_reader(subscription, records=10)
        batches = read(reader, len(FEED))
        messages = [message for batch in batches for message in batch.messages]
        reader.acknowledge({})
        reader.acknowledge({0: 0})
        reader.acknowledge({0: 12})
        reader.acknowledge({0: 12})
        reader.acknowledge({0: 13}, wait=True)
        reader.close()
        again = pubsub.pull(subscription, len(FEED))
        assert sorted(one.data for one in again) == sorted(
            message.value or b"" for message in messages[13:]
        )

    def test_leases_are_renewed_until_it_is_closed_and_then_given_back(
        self, pubsub: Emulator, topic: str, subscription: str
    ) -> None:
        pubsub.publish(topic, FEED)
        reader = open_reader(subscription)
        read(reader, len(FEED))
        time.sleep(11)  # a subscription of the tests leases for 10 s
        assert pubsub.pull(subscription, 1) == []
        reader.close()
        assert len(pubsub.pull(subscription, len(FEED))) == len(FEED)

    def test_a_topic_is_read_through_a_subscription_that_outlives_the_reader(
        self, pubsub: Emulator, topic: str
    ) -> None:
        stream = f"essai-{uuid4().hex}"
        first = open_reader(topic, stream)
        pubsub.publish(topic, FEED[:10])
        batches = read(first, 10)
        first.acknowledge({0: 10})
        first.close()
        pubsub.publish(topic, FEED[10:])
        second = open_reader(topic, stream)
        batches += read(second, len(FEED) - 10)
        second.close()
        assert values(batches) == sorted(FEED)
        other = PubsubReader(f"pubsub://{pubsub.topic(f'feed-{uuid4().hex}')}", stream, 10)
        with pytest.raises(UsageError, match=f"was fed from pubsub://{topic}; .* --run-id"):
            other.open({})

    @pytest.mark.parametrize(
        ("kind", "text"),
        [("topics", "no such topic"), ("subscriptions", "no such subscription")],
    )
    def test_what_does_not_exist_is_refused(self, pubsub: Emulator, kind: str, text: str) -> None:
        uri = f"pubsub://projects/tamis-tests/{kind}/not-there"
        with pytest.raises(UsageError, match=f"^{uri}: {text}$"):
            PubsubReader(uri, STREAM, 10).open({})
        with pytest.raises(UsageError, match=text):
            check_source(PubsubAddress.of(uri))

    def test_a_subscription_that_is_removed_ends_the_reading(
        self, pubsub: Emulator, topic: str, subscription: str
    ) -> None:
        reader = open_reader(subscription)
        pubsub.remove_subscription(subscription)
        with pytest.raises(RunError, match=r"cannot be read \(NotFound\)"):
            reader.read()
        reader.close()


@pytest.mark.pubsub
class TestSession:
    def test_a_message_is_acknowledged_once_its_period_is_committed_and_not_before(
        self, pubsub: Emulator, topic: str, subscription: str, tmp_path: Path
    ) -> None:
        pubsub.publish(topic, FEED)
        cut = Session(
            plan(),
            PubsubReader(f"pubsub://{subscription}", STREAM, 1_000),
            FolderSink(str(tmp_path), plan(), STREAM),
            Settings(STREAM, LONG),
        )
        cut.open()
        batch = None
        while batch is None:
            batch = cut.read(1.0)
        cut.commit(judge(batch))
        cut.acknowledge()
        cut.close()  # as an error does: the period has no receipt
        assert receipts(tmp_path) == []

        whole = Session(
            plan(),
            PubsubReader(f"pubsub://{subscription}", STREAM, 1_000),
            FolderSink(str(tmp_path), plan(), STREAM),
            Settings(STREAM, LONG, once=True),
        )
        whole.open()
        assert whole.run(judge) == "caught-up"
        assert whole.committed.records == len(FEED)
        (receipt,) = receipts(tmp_path)
        assert receipt.counts.in_ == len(FEED)
        (part,) = receipt.inputs
        assert (part.uri, part.rows, part.first, part.next) == (
            f"pubsub://{subscription}",
            len(FEED),
            None,
            None,
        )
        assert pubsub.pull(subscription, 1) == []
        whole.close()
        assert pubsub.pull(subscription, 1) == []

    def test_a_period_that_ends_while_no_message_comes_is_acknowledged(
        self, pubsub: Emulator, topic: str, subscription: str, tmp_path: Path
    ) -> None:
        pubsub.publish(topic, FEED)
        session = Session(
            plan(),
            PubsubReader(f"pubsub://{subscription}", STREAM, 1_000),
            FolderSink(str(tmp_path), plan(), STREAM),
            Settings(STREAM, datetime.timedelta(seconds=2)),
        )
        session.open()
        until = time.monotonic() + 20
        while sum(receipt.counts.in_ for receipt in receipts(tmp_path)) < len(FEED):
            assert time.monotonic() < until
            batch = session.read(0.0)
            if batch is not None:
                session.commit(judge(batch))
        session.close()
        assert pubsub.pull(subscription, 1) == []


@pytest.mark.pubsub
def test_each_poison_has_its_disposition(
    pubsub: Emulator, topic: str, subscription: str, tmp_path: Path
) -> None:
    cases = [case for case in poison.for_pubsub() if case.key is None]
    for case in cases:
        payload = case.make({**clean(), "code_rncp": case.name}) or b""
        pubsub.publish(topic, [payload], **poison.attributes_of(case))
    session = Session(
        plan(),
        PubsubReader(f"pubsub://{subscription}", STREAM, 1_000),
        FolderSink(str(tmp_path), plan(), STREAM),
        Settings(STREAM, LONG, once=True),
    )
    session.open()
    session.run(judge)
    session.close()
    (receipt,) = receipts(tmp_path)
    assert receipt.counts.in_ == len(cases)
    rows = pq.read_table(tmp_path / POLICY / RELEASE, partitioning=None).column("code_rncp")
    released = [case.name for case in cases if case.outcome == "released"]
    assert sorted(rows.to_pylist()) == sorted(released)
    quarantine = pq.read_table(tmp_path / "_quarantine" / POLICY, partitioning=None).to_pylist()
    assert Counter((row["reason"], row["field"], row["rule"]) for row in quarantine) == Counter(
        case.outcome for case in cases if isinstance(case.outcome, tuple)
    )
    assert pubsub.pull(subscription, 1) == []


@pytest.mark.pubsub
def test_a_sink_publishes_rows_at_once_and_the_receipt_when_the_period_ends(
    pubsub: Emulator, topic: str, subscription: str
) -> None:
    out = topic.replace("feed-", "out-")
    session = Session(
        plan(),
        PubsubReader(f"pubsub://{subscription}", STREAM, 1_000),
        PubsubSink(f"pubsub://{out}", plan(), STREAM, lambda: True, Keys()),
        Settings(STREAM, LONG),
    )
    session.open()
    topics = Topics.of(out, plan(), "-")
    assert pubsub.topics() >= set(topics.all)
    listening = [
        pubsub.subscription(name, name.rpartition("/")[2])
        for name in (out, topics.quarantine, topics.receipts)
    ]
    pubsub.publish(topic, [*FEED, b"{"])
    count = 0
    while count <= len(FEED):
        batch = session.read(1.0)
        if batch is not None:
            count += len(batch.messages)
            session.commit(judge(batch))
    released, quarantined = (pubsub.pull(name, 100) for name in listening[:2])
    assert pubsub.pull(listening[2], 1) == []
    session.acknowledge()
    session.finish()
    session.close()
    (message,) = pubsub.pull(listening[2], 10)
    receipt = Receipt.model_validate_json(message.data)
    assert dict(message.attributes) == {"run": receipt.run, "stream": STREAM}
    assert receipt.counts.in_ == len(FEED) + 1
    assert receipt.counts.released == len(released) > 0
    assert receipt.counts.quarantined == len(quarantined) > 0
    ids = {message.attributes["row"] for message in released}
    assert len(ids) == len(released)
    assert not any("position" in message.attributes for message in released)
    for message in quarantined:
        position = json.loads(message.data)["position"]
        assert dict(message.attributes) == {"position": str(position)}
    assert pubsub.pull(subscription, 1) == []


@pytest.mark.parametrize("name", ["", "a-1", "-5", "007", str(1 << 63), "٣", "9" * 40])
def test_an_id_that_is_no_number_has_a_position_below_0(name: str) -> None:
    assert -(1 << 63) <= position_of(name) < 0


def test_an_id_that_is_a_number_is_its_position() -> None:
    assert position_of(str((1 << 63) - 1)) == (1 << 63) - 1


@pytest.mark.parametrize(
    ("sizes", "cut"),
    [
        ([], []),
        ([1] * 1_000, [1_000]),
        ([1] * 2_001, [1_000, 1_000, 1]),
        ([3_000_000, 2_000_000, 1], [2, 1]),
        ([9_000_000, 9_000_000], [1, 1]),
    ],
)
def test_requests_are_bound_by_number_and_size(sizes: list[int], cut: list[int]) -> None:
    messages: list[tuple[bytes, dict[str, str]]] = [(bytes(size), {}) for size in sizes]
    assert [len(part) for part in _requests(messages)] == cut
