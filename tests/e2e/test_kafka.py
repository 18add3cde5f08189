"""A topic of a real broker: fair over partitions, options that are heeded, one holder a stream."""

import logging
import time
from uuid import uuid4

import pytest
from confluent_kafka import Producer

from tamis.errors import RunError, UsageError
from tamis.streams import hold
from tamis.streams.from_kafka import KafkaReader
from tamis.streams.into_kafka import KafkaSink
from tamis.streams.ledger import Ledger

from ..services.kafka import Broker
from ..streams.made import SOURCE, STREAM, judge, micro_batch, payloads, plan

pytestmark = [pytest.mark.kafka, pytest.mark.xdist_group("streams")]

HOT = 40_000
SMALL = range(1, 50)
FEED = micro_batch(payloads(4))


def name() -> str:
    return f"feed-{uuid4().hex}"


def sink(output: str) -> KafkaSink:
    return KafkaSink(output, plan(), STREAM, lambda: True)


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
        ("debug=all", "option debug must not be given, Tamis sets it"),
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

    def first_batch(options: str) -> int:
        reader = KafkaReader(f"kafka://{kafka.address}/{topic}{options}", "options", 5_000, 0.5)
        reader.open({})
        while (batch := reader.read()) is None:
            pass
        reader.close()
        return len(batch.messages)

    with caplog.at_level(logging.WARNING):
        small = "?max.partition.fetch.bytes=1000&queued.max.messages.kbytes=1"
        small += "&fetch.queue.backoff.ms=1000"
        assert first_batch(small) < 20
        assert first_batch("") == 20
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
