"""The services that streams are tested with do what the tests trust them to do."""

import time
from collections import Counter
from collections.abc import Callable
from uuid import uuid4

import pytest
from confluent_kafka import (
    OFFSET_BEGINNING,
    Consumer,
    KafkaError,
    Message,
    Producer,
    TopicPartition,
)

from ..services.kafka import LARGEST, Broker
from ..services.pubsub import Emulator

PARTITIONS = 4
MESSAGES = 1_000
PATIENCE_SECONDS = 30.0


@pytest.mark.kafka
def test_a_thousand_messages_come_back_from_four_partitions(kafka: Broker) -> None:
    topic = kafka.topic(name("plain"), PARTITIONS)
    produce(kafka, topic, MESSAGES)
    read = consume(kafka, topic)
    assert Counter(one.partition() for one in read) == dict.fromkeys(range(PARTITIONS), 250)
    assert {one.value() for one in read} == {b"%d" % number for number in range(MESSAGES)}


@pytest.mark.kafka
def test_only_a_committed_transaction_is_read(kafka: Broker) -> None:
    topic = kafka.topic(name("transactions"), PARTITIONS)
    producer = Producer({"bootstrap.servers": kafka.address, "transactional.id": name("writer")})
    producer.init_transactions(PATIENCE_SECONDS)
    for value, end in (
        (b"dropped", producer.abort_transaction),
        (b"kept", producer.commit_transaction),
    ):
        producer.begin_transaction()
        for partition in range(PARTITIONS):
            producer.produce(topic, value, partition=partition)
        producer.flush(PATIENCE_SECONDS)
        end(PATIENCE_SECONDS)
    read = consume(kafka, topic)
    assert [one.value() for one in read] == [b"kept"] * PARTITIONS


@pytest.mark.kafka
@pytest.mark.parametrize("end", [Broker.stop, Broker.kill])
def test_messages_and_offsets_outlive_the_broker(
    kafka: Broker, end: Callable[[Broker], None]
) -> None:
    topic, group = kafka.topic(name("restart"), PARTITIONS), name("group")
    produce(kafka, topic, MESSAGES)
    committed = TopicPartition(topic, 0, 100)
    consumer = Consumer({"bootstrap.servers": kafka.address, "group.id": group, "log_level": 0})
    consumer.commit(offsets=[committed], asynchronous=False)
    address = kafka.address
    end(kafka)
    kafka.start()
    assert kafka.address == address
    assert len(consume(kafka, topic)) == MESSAGES
    assert consumer.committed([committed], timeout=PATIENCE_SECONDS)[0].offset == 100
    consumer.close()


@pytest.mark.kafka
def test_a_message_of_20_megabytes_passes(kafka: Broker) -> None:
    topic = kafka.topic(name("large"))
    producer = Producer({"bootstrap.servers": kafka.address, "message.max.bytes": LARGEST})
    producer.produce(topic, bytes(20_000_000))
    assert producer.flush(PATIENCE_SECONDS) == 0
    (message,) = consume(kafka, topic)
    assert len(message.value() or b"") == 20_000_000


@pytest.mark.pubsub
def test_what_is_published_is_pulled_once_with_its_attributes(pubsub: Emulator) -> None:
    topic = pubsub.topic(name("topic"))
    subscription = pubsub.subscription(topic, name("subscription"))
    pubsub.publish(topic, (b"%d" % number for number in range(MESSAGES)), paragraph="III")
    read = pubsub.pull(subscription, MESSAGES)
    assert {one.data for one in read} == {b"%d" % number for number in range(MESSAGES)}
    assert {one.attributes["paragraph"] for one in read} == {"III"}
    assert pubsub.pull(subscription, 1) == []


def name(what: str) -> str:
    """A name of the test's own: the services are shared."""
    return f"{what}-{uuid4().hex}"


def produce(kafka: Broker, topic: str, messages: int) -> None:
    """Send numbers, to one partition after the other."""
    producer = Producer({"bootstrap.servers": kafka.address})
    for number in range(messages):
        producer.produce(topic, b"%d" % number, partition=number % PARTITIONS)
    assert producer.flush(PATIENCE_SECONDS) == 0


def consume(kafka: Broker, topic: str) -> list[Message]:
    """All that a topic holds; of transactions, only what was committed."""
    consumer = Consumer(
        {
            "bootstrap.servers": kafka.address,
            "group.id": name("reader"),
            "enable.auto.commit": False,
            "enable.partition.eof": True,
            "isolation.level": "read_committed",
        }
    )
    partitions = consumer.list_topics(topic, PATIENCE_SECONDS).topics[topic].partitions
    consumer.assign(
        [TopicPartition(topic, partition, OFFSET_BEGINNING) for partition in partitions]
    )
    read: list[Message] = []
    open_partitions = set(partitions)
    until = time.monotonic() + PATIENCE_SECONDS
    while open_partitions and time.monotonic() < until:
        for message in consumer.consume(MESSAGES, 0.2):
            error = message.error()
            if error is None:
                read.append(message)
            elif error.code() == KafkaError._PARTITION_EOF:
                open_partitions.discard(message.partition())
    consumer.close()
    assert not open_partitions
    return read
