"""How one process holds a stream among all that write into the same topics.

Whoever may commit is the member of a consumer group that is given the only partition of the
receipts' topic. The broker gives it to one member at a time and leaves it with the one that has it,
so that a newcomer is refused and the holder goes on. A process that is killed lets go of it once
the broker misses its heartbeats. Were two processes to hold a stream for a moment, the broker shuts
out the transactions of the one that began first.
"""

import threading
import time
from collections.abc import Callable

from confluent_kafka import Consumer, KafkaError, KafkaException, TopicPartition

from tamis.address import KafkaAddress
from tamis.streams.kafka import make_client

SESSION_SECONDS = 6.0
"""Time after which a process that was killed no longer holds a stream."""

WAITING_SECONDS = SESSION_SECONDS + 9.0
"""Time that a newcomer waits; a broker may let a first member wait for others some seconds, too."""

_POLL_SECONDS = 0.1
_REFUSED = (KafkaError.GROUP_AUTHORIZATION_FAILED, KafkaError.TOPIC_AUTHORIZATION_FAILED)


class Hold:
    """Holds a stream once `take` says so, until `release`.

    Args:
        address: of a topic of the cluster.
        group: id of the consumer group.
        topic: the topic whose partition 0 is given to the holder.
    """

    def __init__(self, address: KafkaAddress, group: str, topic: str) -> None:
        self._topic = topic
        self._is_mine = False
        self._released = threading.Event()
        self._polling = threading.Thread(target=self._poll, name="hold", daemon=True)
        self._consumer = make_client(
            Consumer,
            address,
            {
                "group.id": group,
                "enable.auto.commit": False,
                "auto.offset.reset": "latest",
                "partition.assignment.strategy": "cooperative-sticky",
                "session.timeout.ms": int(SESSION_SECONDS * 1000),
                "heartbeat.interval.ms": 1_000,
                "error_cb": lambda error: None,
            },
        )

    def take(self, keep_waiting: Callable[[], bool]) -> bool:
        """Wait for a while until no other process holds the stream; return whether none does.

        Raises:
            KafkaException: the broker refuses.
        """
        self._consumer.subscribe([self._topic], on_assign=self._assign)
        until = time.monotonic() + WAITING_SECONDS
        while not self._is_mine and keep_waiting() and time.monotonic() < until:
            message = self._consumer.poll(_POLL_SECONDS)
            error = None if message is None else message.error()
            if error is not None and (error.fatal() or error.code() in _REFUSED):
                raise KafkaException(error)
        if self._is_mine:
            self._polling.start()
        return self._is_mine

    def release(self) -> None:
        """Let go of the stream."""
        self._released.set()
        if self._polling.is_alive():
            self._polling.join()
        self._consumer.close()

    def _assign(self, consumer: Consumer, partitions: list[TopicPartition]) -> None:
        consumer.incremental_assign(partitions)
        # The partition stands for the stream, its messages are of no interest here.
        consumer.pause(partitions)
        self._is_mine = any(place.partition == 0 for place in partitions)

    def _poll(self) -> None:
        """Answer the broker when others join the group, and when they leave."""
        while not self._released.is_set():
            self._consumer.poll(_POLL_SECONDS)
