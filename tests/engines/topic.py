"""Makes a topic of Kafka and sends messages into it, from within the network of its broker.

Its arguments: the broker's address, the topic, and how many messages a second it sends at most.
Each line that it reads is a number: the message before which it waits for the next line.
"""

import sys
import time
from collections.abc import Iterable
from contextlib import suppress
from types import SimpleNamespace
from typing import Any

from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic

from ..e2e.streaming import PARTITIONS, produce

_PATIENCE_SECONDS = 300.0


def send(address: str, topic: str, rate: float, lines: Iterable[str]) -> None:
    """Make the topic once the broker answers, and send messages into all partitions in turn."""
    admin = AdminClient({"bootstrap.servers": address, "log_level": 0})
    until = time.monotonic() + _PATIENCE_SECONDS
    while time.monotonic() < until:
        with suppress(KafkaException):
            admin.list_topics(timeout=2)
            break
    admin.create_topics([NewTopic(topic, PARTITIONS, 1)])[topic].result(_PATIENCE_SECONDS)
    print("made", flush=True)
    broker: Any = SimpleNamespace(address=address)
    sent = 0
    for line in lines:
        produce(broker, topic, range(sent, int(line)), rate)
        sent = int(line)


if __name__ == "__main__":
    send(sys.argv[1], sys.argv[2], float(sys.argv[3]), sys.stdin)
