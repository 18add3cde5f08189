"""Makes a topic of Kafka and sends messages into it, from within the network of its broker.

Its arguments: the broker's address, the topic, how many messages, and how many a second at most.
"""

import sys
import time
from contextlib import suppress
from types import SimpleNamespace
from typing import Any

from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic

from ..e2e.streaming import PARTITIONS, PATIENCE_SECONDS, produce


def send(address: str, topic: str, count: int, rate: float) -> None:
    """Make the topic once the broker answers, and send messages into all partitions in turn."""
    admin = AdminClient({"bootstrap.servers": address, "log_level": 0})
    until = time.monotonic() + 2 * PATIENCE_SECONDS
    while time.monotonic() < until:
        with suppress(KafkaException):
            admin.list_topics(timeout=2)
            break
    admin.create_topics([NewTopic(topic, PARTITIONS, 1)])[topic].result(PATIENCE_SECONDS)
    print("sending", flush=True)
    broker: Any = SimpleNamespace(address=address)
    produce(broker, topic, range(count), rate)
    print("sent", flush=True)


if __name__ == "__main__":
    send(sys.argv[1], sys.argv[2], int(sys.argv[3]), float(sys.argv[4]))
