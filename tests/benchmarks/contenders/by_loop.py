"""The loop that a user would write: a topic into a topic, 500 messages a transaction.

    python tests/benchmarks/contenders/by_loop.py JOB BROKER TOPIC OUTPUT

The jobs are those of the batch contenders (`jobs.py`), of messages that are JSON objects. What is
no record, or has a NIR to be judged that is none, is left out. It ends when the topic does.
"""

import hmac
import re
import sys
from typing import Any
from uuid import uuid4

import orjson
from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaError, Producer, TopicPartition
from jobs import KEEP, KEY, NIR, NUMBER, OPEN, TAGS

job, broker, topic, output = sys.argv[1:]
MESSAGES = 500
KEPT = tuple(name for name in KEEP[job] if name != "nir")
JUDGES = "nir" in KEEP[job]
HASHES = job in ("j2", "j4")
REDACTS = "commentaire" in KEPT
SELECTS = job == "j4"
IN_TEXT = re.compile(NIR)
SHAPE = re.compile(NUMBER)
KEYED = hmac.new(KEY.encode(), b"NIR", "sha256")


def minimize(record: dict[str, Any]) -> dict[str, Any] | None:
    """What is released of a record, or None; ValueError where it cannot be judged."""
    if SELECTS and record["statut"] not in OPEN:
        return None
    made = {name: record[name] for name in KEPT}
    nir = record["nir"] if JUDGES else None
    if nir is not None:
        if not SHAPE.fullmatch(nir) or 97 - int(nir[:13]) % 97 != int(nir[13:]):
            raise ValueError("NIR")
        if HASHES:
            keyed = KEYED.copy()
            keyed.update(nir[:13].encode())
            nir = keyed.hexdigest()
    if JUDGES:
        made["pseudonyme" if HASHES else "nir"] = nir
    if REDACTS:
        made["commentaire"] = IN_TEXT.sub("[NIR]", made["commentaire"])
    return made | TAGS


consumer = Consumer(
    {
        "bootstrap.servers": broker,
        "group.id": uuid4().hex,
        "enable.auto.commit": False,
        "enable.partition.eof": True,
        "isolation.level": "read_committed",
    }
)
partitions = set(consumer.list_topics(topic, 10).topics[topic].partitions)
consumer.assign([TopicPartition(topic, partition, OFFSET_BEGINNING) for partition in partitions])
producer = Producer({"bootstrap.servers": broker, "transactional.id": uuid4().hex})
producer.init_transactions(30)
while partitions:
    ends: dict[int, int] = {}
    producer.begin_transaction()
    for message in consumer.consume(MESSAGES, 0.1):
        error = message.error()
        if error is not None:
            if error.code() == KafkaError._PARTITION_EOF:
                partitions.discard(message.partition())
            continue
        ends[message.partition()] = message.offset() + 1
        try:
            made = minimize(orjson.loads(message.value()))
        except (ValueError, KeyError, TypeError):
            continue
        if made is not None:
            producer.produce(output, orjson.dumps(made))
    places = [TopicPartition(topic, partition, end) for partition, end in ends.items()]
    producer.send_offsets_to_transaction(places, consumer.consumer_group_metadata())
    producer.commit_transaction(30)
consumer.close()
