"""A topic of a real broker: fair over partitions, options that are heeded, one holder a stream."""

import json
import logging
import threading
import time
from pathlib import Path
from random import Random
from uuid import uuid4

import pytest
from apache_beam.io.restriction_trackers import OffsetRange
from apache_beam.runners.sdf_utils import RestrictionTrackerView, ThreadsafeRestrictionTracker
from confluent_kafka import Producer

from tamis.address import KafkaAddress
from tamis.beam.kafka import _END, CommitPartition, _Tracker
from tamis.documents.calendar import today
from tamis.errors import RunError, UsageError
from tamis.evidence.receipt import Receipt
from tamis.evidence.removal import Removal
from tamis.plan.project import bundled_project
from tamis.streams import hold, receipts_topic
from tamis.streams.from_kafka import KafkaReader
from tamis.streams.into_kafka import KafkaSink
from tamis.streams.into_shared_folder import Refusal
from tamis.streams.job import StreamJob
from tamis.streams.ledger import Ledger
from tamis.streams.messages import json_decoder
from tamis.streams.withdraw import withdraw_from_topic

from ..filter.column_kinds import nirs
from ..services.kafka import Broker
from ..streams.made import RELEASE, SOURCE, STREAM, judge, micro_batch, payloads, plan
from .test_services import consume

pytestmark = [pytest.mark.kafka, pytest.mark.xdist_group("streams")]

HOT = 40_000
SMALL = range(1, 50)
FEED = micro_batch(payloads(4))


def name() -> str:
    return f"feed-{uuid4().hex}"


def sink(output: str, stream: str = STREAM) -> KafkaSink:
    return KafkaSink(output, plan(), stream, lambda: True)


def text(content: str | bytes | None) -> str:
    return content if isinstance(content, str) else (content or b"").decode()


def begin() -> Ledger:
    return Ledger.begin(plan(), STREAM, SOURCE, ())


def test_partitions_with_little_in_them_do_not_wait_for_one_with_much(kafka: Broker) -> None:
    topic = kafka.topic(name(), 50)
    producer = Producer({"bootstrap.servers": kafka.address, "queue.buffering.max.messages": HOT})
    for _number in range(HOT):
        producer.produce(topic, b"x" * 1_000, partition=0)
    producer.flush(60)
    for partition in SMALL:
        for _number in range(10):
            producer.produce(topic, b"x" * 1_000, partition=partition)
    assert producer.flush(60) == 0

    reader = KafkaReader(f"kafka://{kafka.address}/{topic}", "fair", 5_000, 0.02)
    reader.open({})
    read = dict.fromkeys(range(50), 0)
    while min(read[partition] for partition in SMALL) < 10:
        for message in getattr(reader.read(), "messages", ()):
            read[message.partition] += 1
    lag = reader.lag
    reader.close()
    assert read[0] < HOT / 4
    assert {partition for partition, waiting in lag.items() if waiting} == {0}
    assert lag[0] == HOT - read[0]


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ("linger.ms=5", "options that an input has no use for: linger.ms"),
        ("fetch.max.bytess=5", "no such configuration property: `fetch.max.bytess`"),
        ("security.protocol=CANARY", "it does not take the value of security.protocol"),
        ("fetch.max.bytes=1", "`fetch.max.bytes` must be >= `message.max.bytes`"),
        ("fetch.max.bytes=70000000&fetch.max.bytes=80000000", "an option is given twice"),
        ("debug=all", "option `debug` must not be given, Tamis sets it"),
        ("error_cb=x", "an option has no name of Kafka's driver"),
    ],
)
def test_an_option_that_would_not_be_heeded_is_refused(options: str, problem: str) -> None:
    with pytest.raises(UsageError) as error:
        KafkaReader(f"kafka://localhost:1/feed?{options}", "options", 5, 1.0)
    assert str(error.value).startswith("kafka://localhost:1/feed: ")
    assert str(error.value).endswith(problem)
    assert "CANARY" not in str(error.value)


def test_an_option_of_the_address_holds_over_what_is_usual(
    kafka: Broker, caplog: pytest.LogCaptureFixture
) -> None:
    """With little fetched ahead, a micro-batch does not hold all that waits."""
    topic = kafka.topic(name())
    producer = Producer({"bootstrap.servers": kafka.address, "batch.num.messages": 1})
    for _number in range(20):
        producer.produce(topic, b"x" * 20_000)
    assert producer.flush(10) == 0

    def first_batch(options: str, seconds: float) -> int:
        reader = KafkaReader(f"kafka://{kafka.address}/{topic}{options}", "options", 20, seconds)
        reader.open({})
        while (batch := reader.read()) is None:
            pass
        reader.close()
        return len(batch.messages)

    with caplog.at_level(logging.WARNING):
        small = "?max.partition.fetch.bytes=1000&queued.max.messages.kbytes=1"
        small += "&fetch.queue.backoff.ms=60000"
        assert first_batch(small, 0.5) < 20
        assert first_batch("", 60) == 20  # as soon as they are there
    assert caplog.text == ""


def test_a_newcomer_is_refused_and_the_holder_goes_on(
    kafka: Broker, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hold, "WAITING_SECONDS", 3.0)
    output = f"kafka://{kafka.address}/{name()}"
    holder = sink(output)
    assert holder.open(SOURCE) == {}
    ledger = holder.commit(judge(FEED), begin())
    other = sink(f"kafka://{kafka.address}/{name()}")
    assert other.open(SOURCE) == {}
    other.close()
    for _attempt in range(2):
        newcomer = sink(output)
        with pytest.raises(RunError, match="stream essai is still under way"):
            newcomer.open(SOURCE)
        newcomer.close()
        ledger = holder.commit(judge(FEED), ledger)
    holder.close()
    later = sink(output)
    began = time.monotonic()
    assert later.open(SOURCE) == holder.durable
    assert time.monotonic() - began < hold.SESSION_SECONDS
    later.close()
    assert capfd.readouterr().err == ""


def test_a_partition_belongs_to_one_stream(kafka: Broker) -> None:
    output = f"kafka://{kafka.address}/{name()}"
    share = sink(output, f"{STREAM}--p0-1")
    assert share.open(SOURCE) == {}
    rest = sink(output, f"{STREAM}--p2")
    assert rest.open(SOURCE) == {}  # beside it
    for stream in (f"{STREAM}--p1-3", STREAM):
        newcomer = sink(output, stream)
        with pytest.raises(UsageError, match="partitions of stream essai--p0-1"):
            newcomer.open(SOURCE)
        newcomer.close()
    rest.close()
    share.close()
    # What was refused has left nothing that refuses others.
    later = sink(output, f"{STREAM}--p3")
    assert later.open(SOURCE) == {}
    later.close()
    again = sink(output, f"{STREAM}--p0-1")
    assert again.open(SOURCE) == {}
    again.close()


def test_where_little_comes_it_is_gathered_for_longer(kafka: Broker) -> None:
    topic = kafka.topic(name())
    producer = Producer({"bootstrap.servers": kafka.address, "linger.ms": 0})
    reader = KafkaReader(f"kafka://{kafka.address}/{topic}", "few", 5_000, 0.2)
    reader.open({})

    def send() -> None:
        for _number in range(60):
            producer.produce(topic, b"{}")
            producer.poll(0.01)
        producer.flush(10)

    sending = threading.Thread(target=send)
    sending.start()
    sizes: list[int] = []
    while sum(sizes) < 60:
        sizes += [len(batch.messages) for batch in [reader.read()] if batch is not None]
    sending.join()
    reader.close()
    assert len(sizes) <= 10


def test_a_reader_of_some_partitions_reads_no_other(kafka: Broker) -> None:
    topic = kafka.topic(name(), 4)
    producer = Producer({"bootstrap.servers": kafka.address})
    for partition in range(4):
        producer.produce(topic, b"{}", partition=partition)
    assert producer.flush(10) == 0
    reader = KafkaReader(f"kafka://{kafka.address}/{topic}", "share", 100, 0.2, [1, 3])
    reader.open({})
    read: list[int] = []
    while not reader.caught_up:
        read += [message.partition for message in getattr(reader.read(), "messages", ())]
    reader.close()
    assert sorted(read) == [1, 3]
    beyond = KafkaReader(f"kafka://{kafka.address}/{topic}", "share", 100, 0.2, [3, 4])
    with pytest.raises(UsageError, match="has no partition 4"):
        beyond.open({})
    beyond.close()


def test_a_signal_ends_the_waiting_of_a_newcomer(kafka: Broker) -> None:
    output = f"kafka://{kafka.address}/{name()}"
    holder = sink(output)
    holder.open(SOURCE)
    newcomer = KafkaSink(output, plan(), STREAM, lambda: False)
    began = time.monotonic()
    with pytest.raises(RunError):
        newcomer.open(SOURCE)
    assert time.monotonic() - began < 2
    newcomer.close()
    holder.close()


def read_topic(kafka: Broker, topic: str) -> list[tuple[str, str]]:
    return [(text(message.key()), text(message.value())) for message in consume(kafka, topic)]


def test_a_commit_writes_what_it_counted_and_the_receipt_stands_at_the_end(kafka: Broker) -> None:
    topic = name()
    output = f"kafka://{kafka.address}/{topic}"
    first = sink(output)
    first.open(SOURCE)
    ledger = begin()
    for number in range(3):
        ledger = first.commit(judge(micro_batch(payloads(4), number * 4)), ledger)
    written = read_topic(kafka, f"{topic}.receipts")
    steps = [value for key, value in written if key.startswith(f"steps/{STREAM}/")]
    assert [key for key, _value in written] == [
        f"positions/{STREAM}",  # when it began
        f"positions/{STREAM}",
        ledger.run,
        *(f"steps/{STREAM}/{number}" for number in range(3)),
    ]
    assert max(map(len, steps[1:])) < 1_000 < len(written[2][1])
    first.end_period(ledger)
    first.close()
    receipt = Receipt.model_validate_json(dict(read_topic(kafka, f"{topic}.receipts"))[ledger.run])
    assert receipt == ledger.receipt_of_places({RELEASE: topic}, f"{topic}.quarantine").model_copy(
        update={"ended": receipt.ended}
    )

    second = sink(output)
    assert second.open(SOURCE) == {0: 12}
    killed = begin()
    for number in range(3, 5):
        killed = second.commit(judge(micro_batch(payloads(4), number * 4)), killed)
    second.close()
    third = sink(output)
    assert third.open(SOURCE) == {0: 20}
    completed = Receipt.model_validate_json(
        dict(read_topic(kafka, f"{topic}.receipts"))[killed.run]
    )
    assert completed.counts.in_ == 8
    assert [(part.first, part.next) for part in completed.inputs] == [(12, 20)]
    third.commit(judge(micro_batch(payloads(4), 20)), begin())
    third.close()


def test_a_stream_begins_without_reading_all_receipts(
    kafka: Broker, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of two streams into one topic one is silent for long, and the other has many receipts."""
    topic = name()
    output = f"kafka://{kafka.address}/{topic}"
    silent = sink(output)
    silent.open(SOURCE)
    silent.end_period(silent.commit(judge(FEED), begin()))
    silent.close()
    producer = Producer({"bootstrap.servers": kafka.address})
    for number in range(3_000):
        producer.produce(f"{topic}.receipts", b"x" * 1_000, key=b"run-%d" % number)
    assert producer.flush(30) == 0
    busy = KafkaSink(output, plan(), "other", lambda: True)
    busy.open(SOURCE)
    busy.end_period(busy.commit(judge(FEED), begin()))
    busy.close()

    monkeypatch.setattr(receipts_topic, "_RECENT", 100)
    read: list[str | bytes | None] = []
    parse = receipts_topic._bytes

    def parse_and_note(content: str | bytes | None) -> bytes:
        read.append(content)
        return parse(content)

    monkeypatch.setattr(receipts_topic, "_bytes", parse_and_note)
    for stream, most in (("other", 500), (STREAM, 20_000)):
        read.clear()
        begun = KafkaSink(output, plan(), stream, lambda: True)
        assert begun.open(SOURCE) == {0: 4}
        begun.close()
        assert len(read) < most


def test_positions_that_0_1_left_are_gone_on_from(kafka: Broker) -> None:
    topic = name()
    sink(f"kafka://{kafka.address}/{topic}")._make_topics()
    producer = Producer({"bootstrap.servers": kafka.address})
    for number in range(3):
        value = json.dumps({"source": SOURCE, "next": {"0": number, "1": 7}}).encode()
        producer.produce(f"{topic}.receipts", value, key=f"positions/{STREAM}".encode())
    assert producer.flush(10) == 0
    later = sink(f"kafka://{kafka.address}/{topic}")
    assert later.open(SOURCE) == {0: 2, 1: 7}
    later.close()
    other = sink(f"kafka://{kafka.address}/{topic}")
    with pytest.raises(UsageError, match="was fed from"):
        other.open("kafka://elsewhere:9092/feed")
    other.close()


def test_a_withdrawal_is_told_by_a_record(kafka: Broker) -> None:
    output = f"kafka://{kafka.address}/{name()}"
    feeding = sink(output)
    feeding.open(SOURCE)
    ledgers = [feeding.commit(judge(FEED), begin())]
    address = KafkaAddress.of(output)
    with pytest.raises(UsageError, match="is still under way"):
        withdraw_from_topic(address, ledgers[0].run, "the source sent another file")
    feeding.end_period(ledgers[0])
    feeding.close()
    told = withdraw_from_topic(address, ledgers[0].run, "the source sent another file")
    assert [(removal.run, removal.kind) for removal in told] == [(ledgers[0].run, "withdrawn")]
    assert withdraw_from_topic(address, STREAM, "for another reason") == told
    records = {text(m.key()): m.value() for m in consume(kafka, f"{address.topic}.receipts")}
    assert Removal.from_json(records[f"withdrawn/{ledgers[0].run}"] or b"") == told[0]
    with pytest.raises(UsageError, match="run none is not committed"):
        withdraw_from_topic(address, "none", "the source sent another file")
    again = sink(output)  # the stream goes on where it was
    assert again.open(SOURCE) == ledgers[0].ends
    again.close()


def test_a_worker_of_an_engine_that_finds_nirs_in_a_column_ends_the_stream_for_all(
    kafka: Broker, tmp_path: Path
) -> None:
    feed = kafka.topic(name(), 2)
    producer = Producer({"bootstrap.servers": kafka.address})
    other = {"statut": "VALIDEE", "nom": "DURAND", "prenom": "Anne"}
    places = {"session": {"id": "S1"}, "action": {"id": "A1"}}
    numbers = [number + "  " for number in nirs(Random(1), 40)]
    for number in numbers:
        record = {"numero_dossier": number, **other, **places}
        producer.produce(feed, json.dumps(record).encode(), partition=0)
    assert producer.flush(10) == 0
    step = CommitPartition(
        bundled_project().plan("prestataires-inscriptions", today()),
        StreamJob(f"kafka://{kafka.address}/{feed}", str(tmp_path / "store"), STREAM, records=5),
        json_decoder(),
    )
    step.setup()
    for partition in (0, 1):
        offsets = ThreadsafeRestrictionTracker(_Tracker(OffsetRange(0, _END)))
        step.process((partition, 0), RestrictionTrackerView(offsets))
        offsets.check_done()
        assert offsets.deferred_status() is None
    step.teardown()
    refusal = Refusal(step.job.output, STREAM)
    told = refusal.read() or ""
    assert "the stream stops, and commits nothing more: column `numero_dossier`" in told
    assert not any(number.strip() in told for number in numbers)
    refusal.remove()
    assert list(tmp_path.iterdir()) == [], "nothing is committed, nothing is left"
