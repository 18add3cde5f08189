"""A Kafka topic as source: one reader over all partitions, in gatherings bound by size and time.

Where to begin is told by the sink, which keeps the positions with the records. They are committed
to the broker as well, for whoever watches the group's lag, and only once they are durable.
"""

import logging
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING

from tamis.address import KafkaAddress, checked_options, require_driver
from tamis.errors import RunError, UsageError
from tamis.streams.messages import Gathered, Message

if TYPE_CHECKING:
    from confluent_kafka import Consumer, TopicPartition
    from confluent_kafka import Message as KafkaMessage

GATHER_BYTES = 32 << 20
"""Payload bytes after which a gathering is closed."""

_IDLE_SECONDS = 0.2
_PATIENCE_SECONDS = 10.0
_REFRESH_SECONDS = 30.0
_AT_ONCE = 256

_log = logging.getLogger("tamis")


class TopicReader:
    """Reads all partitions of a topic. Not for several threads.

    Args:
        uri: of the topic.
        stream: id of the stream, which is the consumer group's.
        records: messages after which a gathering is closed.
        seconds: time after which it is closed, from its first message on.
    """

    def __init__(self, uri: str, stream: str, records: int, seconds: float) -> None:
        self._address = KafkaAddress.of(uri)
        require_driver(self._address, "kafka")
        self._stream = stream
        self._records = records
        self._seconds = seconds
        self._consumer: Consumer | None = None
        self._next: dict[int, int] = {}
        self._ends: dict[int, int] = {}
        self._ended: set[int] = set()
        self._refreshed = 0.0
        self._away = False
        self.source = self._address.shown

    def open(self, positions: Mapping[int, int]) -> None:
        """Begin to read at `positions`; partitions that are not there, as the address says.

        Raises:
            UsageError: there is no such topic, or the driver refuses an option of the address.
            RunError: the broker cannot be reached, or messages at `positions` are gone.
        """
        from confluent_kafka import Consumer, KafkaException

        with checked_options(self.source):
            self._consumer = Consumer(
                self._address.options
                | {
                    "group.id": self._stream,
                    "enable.auto.commit": False,
                    "enable.auto.offset.store": False,
                    "enable.partition.eof": True,
                    "auto.offset.reset": "error",
                    "isolation.level": "read_committed",
                    "fetch.message.max.bytes": 64 << 20,
                    "fetch.max.bytes": 64 << 20,
                    "queued.max.messages.kbytes": 32 << 10,
                    # Else a full queue is not filled again before a second has passed.
                    "fetch.queue.backoff.ms": 5,
                    "receive.message.max.bytes": (64 << 20) + 512,
                    "reconnect.backoff.max.ms": 1000,
                    "log_level": 0,
                    "error_cb": self._tell,
                }
            )
        try:
            for partition in self._partitions(_PATIENCE_SECONDS):
                low, high = self._bounds(partition)
                begin = high if self._address.latest else low
                self._next[partition] = self._check(partition, positions, begin, low, high)
                self._ends[partition] = high
        except KafkaException as error:
            raise RunError(
                f"{self.source}: the broker cannot be reached, or refuses the user "
                f"({error.args[0].name()})"
            ) from None
        if not self._next:
            raise UsageError(f"{self.source}: there is no such topic")
        self._consumer.assign([self._place(one, at) for one, at in self._next.items()])
        self._refreshed = time.monotonic()

    def gather(self) -> Gathered | None:
        """The next messages, or None where there are none for a moment.

        Raises:
            RunError: messages were removed before they were read, or the broker refuses to go on.
        """
        assert self._consumer is not None
        self._refresh()
        first = self._consumer.poll(_IDLE_SECONDS)
        if first is None or not self._is_message(first):
            return None
        until = time.monotonic() + self._seconds
        read = [first]
        size = len(first)
        while len(read) < self._records and size < GATHER_BYTES:
            rest = until - time.monotonic()
            if rest <= 0:
                break
            wanted = min(_AT_ONCE, self._records - len(read))
            # A moment at a time, or the call would wait for as many as are wanted.
            more = self._consumer.consume(wanted, timeout=min(rest, 0.005))
            read += more
            size += sum(map(len, more))
        messages = (
            self._message(first),
            *(self._message(one) for one in read[1:] if self._is_message(one)),
        )
        for one in messages:
            self._next[one.partition] = one.offset + 1
        return Gathered(self.source, messages)

    def acknowledge(self, durable: Mapping[int, int], *, wait: bool = False) -> None:
        """Tell the broker what is durable, for whoever watches the lag."""
        from confluent_kafka import KafkaException

        assert self._consumer is not None
        places = [self._place(one, at) for one, at in durable.items() if one in self._next]
        if not places:
            return
        try:
            if wait:
                self._consumer.commit(offsets=places, asynchronous=False)
            else:
                self._consumer.commit(offsets=places, asynchronous=True)
        except KafkaException as error:
            _log.warning("%s: the group's offsets are not told (%s)", self.source, error.args[0])

    @property
    def lag(self) -> int:
        """Messages that are there and not gathered, as the broker told last."""
        assert self._consumer is not None
        behind = 0
        for partition, at in self._next.items():
            _, high = self._consumer.get_watermark_offsets(self._place(partition), cached=True)
            behind += max(0, high - at)
        return behind

    @property
    def caught_up(self) -> bool:
        """Whether all that was there at the beginning has been gathered."""
        return all(self._next[one] >= end or one in self._ended for one, end in self._ends.items())

    def close(self) -> None:
        """Leave the broker."""
        if self._consumer is not None:
            self._consumer.close()
            self._consumer = None

    def _place(self, partition: int, offset: int | None = None) -> "TopicPartition":
        from confluent_kafka import OFFSET_INVALID, TopicPartition

        at = OFFSET_INVALID if offset is None else offset
        return TopicPartition(self._address.topic, partition, at)

    def _partitions(self, patience: float) -> list[int]:
        assert self._consumer is not None
        topics = self._consumer.list_topics(self._address.topic, timeout=patience).topics
        found = topics.get(self._address.topic)
        return sorted(found.partitions) if found is not None and found.error is None else []

    def _bounds(self, partition: int) -> tuple[int, int]:
        assert self._consumer is not None
        low, high = self._consumer.get_watermark_offsets(
            self._place(partition), timeout=_PATIENCE_SECONDS
        )
        return low, high

    def _check(
        self, partition: int, positions: Mapping[int, int], begin: int, low: int, high: int
    ) -> int:
        """Where to begin in a partition that has offsets from `low` to before `high`."""
        at = positions.get(partition)
        if at is None:
            return begin
        if at > high:
            raise RunError(
                f"{self.source}: partition {partition} ends at {high} and stream {self._stream} "
                f"had read it up to {at}: the topic was made anew; give another --run-id"
            )
        if at < low:
            raise RunError(
                f"{self.source}: partition {partition} begins at {low} and stream {self._stream} "
                f"had read it up to {at}: what is between was removed before it was read"
            )
        return at

    def _refresh(self) -> None:
        """Read partitions that were added to the topic, too, from their beginning."""
        from confluent_kafka import KafkaException

        if time.monotonic() - self._refreshed < _REFRESH_SECONDS:
            return
        self._refreshed = time.monotonic()
        assert self._consumer is not None
        try:
            added = set(self._partitions(1.0)) - set(self._next)
        except KafkaException:
            return
        if added:
            _log.warning("%s: %d more partitions are read", self.source, len(added))
            self._next |= dict.fromkeys(added, 0)
            self._consumer.incremental_assign([self._place(one, 0) for one in sorted(added)])

    def _is_message(self, message: "KafkaMessage") -> bool:
        from confluent_kafka import KafkaError

        error = message.error()
        if error is None:
            if self._away:
                _log.warning("%s: the broker is back", self.source)
                self._away = False
            return True
        if error.code() == KafkaError._PARTITION_EOF:
            # The last offsets may be marks of transactions, which nobody reads.
            partition, end = message.partition(), message.offset()
            if partition in self._ends and end is not None and end >= self._ends[partition]:
                self._ended.add(partition)
            return False
        if error.code() in (KafkaError._AUTO_OFFSET_RESET, KafkaError.OFFSET_OUT_OF_RANGE):
            raise RunError(
                f"{self.source}: messages of partition {message.partition()} were removed before "
                "they were read, or the topic was made anew"
            )
        if error.fatal() or error.code() in (
            KafkaError.TOPIC_AUTHORIZATION_FAILED,
            KafkaError.GROUP_AUTHORIZATION_FAILED,
            KafkaError._AUTHENTICATION,
        ):
            raise RunError(f"{self.source}: the broker refuses to go on ({error.name()})")
        return False

    def _message(self, message: "KafkaMessage") -> Message:
        partition, offset = message.partition(), message.offset()
        assert partition is not None
        assert offset is not None
        key = message.key()
        value = message.value()
        return Message(
            partition,
            offset,
            value.encode() if isinstance(value, str) else value,
            key.encode() if isinstance(key, str) else key,
            _headers(message),
        )

    def _tell(self, error: object) -> None:
        from confluent_kafka import KafkaError

        code = getattr(error, "code", lambda: None)()
        if code == KafkaError._ALL_BROKERS_DOWN and not self._away:
            self._away = True
            _log.warning("%s: the broker went away, waiting for it", self.source)


def _headers(message: "KafkaMessage") -> tuple[tuple[str, bytes | None], ...]:
    found = message.headers()
    if not found:
        return ()
    pairs = found.items() if isinstance(found, dict) else found
    return tuple(
        (name, content.encode() if isinstance(content, str) else content) for name, content in pairs
    )
