"""Topics of Kafka as lines of JSON: partition, offset, key, headers and value of each message."""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from confluent_kafka import OFFSET_BEGINNING, Consumer, Producer, TopicPartition

Line = dict[str, Any]

_SECONDS = 30.0


def read_topic(address: str, topic: str) -> list[Line]:
    """All messages of a topic that are committed, partition by partition."""
    consumer = Consumer(
        {
            "bootstrap.servers": address,
            "group.id": "reads-all",
            "enable.auto.commit": False,
            "enable.partition.eof": True,
            "isolation.level": "read_committed",
        }
    )
    try:
        partitions = consumer.list_topics(topic, timeout=_SECONDS).topics[topic].partitions
        consumer.assign([TopicPartition(topic, number, OFFSET_BEGINNING) for number in partitions])
        lines, ended = [], 0
        while ended < len(partitions):
            message = consumer.poll(_SECONDS)
            assert message is not None, f"{topic} does not end"
            if message.error() is not None:
                ended += 1
                continue
            lines.append(
                {
                    "topic": topic,
                    "partition": message.partition(),
                    "offset": message.offset(),
                    "key": text(message.key()),
                    "headers": [[name, text(value)] for name, value in pairs(message.headers())],
                    "value": text(message.value()),
                }
            )
    finally:
        consumer.close()
    return sorted(lines, key=lambda line: (line["partition"], line["offset"]))


def write_topic(address: str, topic: str, lines: Iterable[Line]) -> None:
    """Send the messages of `lines` to a topic, each to its partition, in their order."""
    producer = Producer({"bootstrap.servers": address, "enable.idempotence": True})
    for line in lines:
        producer.produce(
            topic,
            line["value"].encode(),
            key=None if line["key"] is None else line["key"].encode(),
            headers=[(name, value.encode()) for name, value in line["headers"]],
            partition=line["partition"],
        )
    assert producer.flush(_SECONDS) == 0


def load(path: Path) -> list[Line]:
    """Lines that `dump` has written."""
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def pairs(headers: Any) -> list[tuple[str, Any]]:
    """Headers as pairs, in whichever of its forms the client gives them."""
    return list(headers.items()) if isinstance(headers, dict) else list(headers or ())


def text(content: str | bytes | None) -> str | None:
    """Content as text; bytes are UTF-8."""
    return content.decode() if isinstance(content, bytes) else content
