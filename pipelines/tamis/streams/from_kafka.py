"""A Kafka topic as source: all partitions, in micro-batches bound by size and time.

A micro-batch costs some milliseconds however few its messages are. So where little comes, messages
are gathered for longer: the next micro-batch is closed `seconds` after the one before it, unless
it has enough before, or is the first after a pause.

The sink says where to begin, because it keeps the positions with the records. Positions are
committed to the broker as well, for whoever watches the consumer group's lag, and only once they
are durable.
"""

import time
from collections.abc import Collection, Mapping

from confluent_kafka import OFFSET_INVALID, Consumer, KafkaError, KafkaException, TopicPartition
from confluent_kafka import Message as KafkaMessage

from tamis.address import KafkaAddress
from tamis.errors import UsageError
from tamis.language import _
from tamis.streams.kafka import ANSWER_SECONDS, check_options, make_client, reaching
from tamis.streams.messages import Message, MicroBatch
from tamis.streams.reader import Reader

BATCH_BYTES = 32 << 20
"""Payload bytes after which a micro-batch is closed."""

QUEUE_BYTES = 8 << 20
"""Bytes that are fetched ahead, over all partitions: what a message may have to wait for."""

_IDLE_SECONDS = 0.2
_ACKNOWLEDGE_SECONDS = 0.25
_REFRESH_SECONDS = 30.0
_CONSUMED_AT_ONCE = 256

_ENOUGH = 500
"""Messages in a micro-batch after which what it costs by itself hardly counts."""

_ENOUGH_AT_ONCE = 64
_BRIEF_SECONDS = 0.02


class KafkaReader(Reader):
    """Reads all partitions of a topic. Not for several threads.

    Args:
        uri: of the topic.
        stream: id of the stream, which is the consumer group's.
        records: number of messages after which a micro-batch is closed.
        seconds: longest time that a message waits for others.
        shares: the partitions that are read; all if none is named.
    """

    def __init__(
        self, uri: str, stream: str, records: int, seconds: float, shares: Collection[int] = ()
    ) -> None:
        self._address = KafkaAddress.of(uri)
        super().__init__(self._address.shown)
        self._stream = stream
        self._records = records
        self._seconds = seconds
        self._shares = frozenset(shares)
        self._next: dict[int, int] = {}
        self._ends: dict[int, int] = {}
        self._ended: set[int] = set()
        self._refreshed = self._closed = self._acknowledged = 0.0
        check_options(self._address, Consumer)
        self._consumer = make_client(
            Consumer,
            self._address,
            {
                "group.id": self._stream,
                "enable.auto.commit": False,
                "enable.auto.offset.store": False,
                "enable.partition.eof": True,
                "auto.offset.reset": "error",
                "isolation.level": "read_committed",
                "error_cb": self._note_error,
            },
            {
                # A partition gives little at a time, so that one with much in it does not keep the
                # others waiting; of a larger message the broker gives one all the same.
                "fetch.message.max.bytes": 1 << 20,
                "queued.max.messages.kbytes": QUEUE_BYTES >> 10,
                # Else a full queue is not filled again before a second has passed.
                "fetch.queue.backoff.ms": 5,
                "reconnect.backoff.max.ms": 1000,
            },
        )

    def open(self, positions: Mapping[int, int]) -> None:
        with reaching(self.source):
            for partition in self._partitions(ANSWER_SECONDS):
                place = self._place(partition)
                low, high = self._consumer.get_watermark_offsets(place, timeout=ANSWER_SECONDS)
                begin = high if self._address.latest else low
                self._next[partition] = self._check(partition, positions, begin, low, high)
                self._ends[partition] = high
        if not self._next:
            raise UsageError(f"{self.source}: " + _("no such topic, or no such partition"))
        if missing := self._shares - self._next.keys():
            listed = ", ".join(map(str, sorted(missing)))
            why = _("the topic has no partition {numbers}", numbers=listed)
            raise UsageError(f"{self.source}: {why}")
        self._consumer.assign([self._place(*position) for position in self._next.items()])
        self._refreshed = self._closed = time.monotonic()

    def read(self) -> MicroBatch | None:
        self._refresh()
        first = self._consumer.poll(_IDLE_SECONDS)
        if first is None or not self._is_message(first):
            return None
        now = time.monotonic()
        soon = now + min(_BRIEF_SECONDS, self._seconds)
        in_turn = max(soon, self._closed + self._seconds)
        consumed = [first]
        size, limit = len(first), 0
        more: list[KafkaMessage] = []
        while len(consumed) < self._records and size < BATCH_BYTES:
            missing = _ENOUGH - len(consumed)
            if missing > 0:
                close = in_turn
            elif len(more) == limit:  # as a backlog gives as many as it is asked for
                close = now + self._seconds
            else:
                close = soon
            seconds_left = close - time.monotonic()
            if seconds_left <= 0:
                break
            limit = min(_CONSUMED_AT_ONCE, self._records - len(consumed))
            if missing > 0:
                limit = min(limit, missing, _ENOUGH_AT_ONCE)
            else:
                # A moment at a time: the call waits until there are as many as the limit.
                seconds_left = min(seconds_left, 0.005)
            more = self._consumer.consume(limit, timeout=seconds_left)
            consumed += more
            size += sum(map(len, more))
        self._closed = time.monotonic()
        messages = (
            _to_message(first),
            *(_to_message(message) for message in consumed[1:] if self._is_message(message)),
        )
        for message in messages:
            self._next[message.partition] = message.offset + 1
        return MicroBatch(self.source, messages)

    def acknowledge(self, positions: Mapping[int, int], *, wait: bool = False) -> None:
        """Tell the broker what is durable, for whoever watches the lag; a few times a second."""
        places = [self._place(*item) for item in positions.items() if item[0] in self._next]
        if not places or (not wait and time.monotonic() < self._acknowledged):
            return
        self._acknowledged = time.monotonic() + _ACKNOWLEDGE_SECONDS
        try:
            if wait:
                self._consumer.commit(offsets=places, asynchronous=False)
            else:
                self._consumer.commit(offsets=places, asynchronous=True)
        except KafkaException as error:
            name = error.args[0].name()
            self._warn(_("the consumer group's offsets cannot be committed ({error})", error=name))

    @property
    def positions(self) -> dict[int, int]:
        """By partition, the offset that is read next."""
        return dict(self._next)

    @property
    def lag(self) -> dict[int, int]:
        """See `Reader`: from the broker's last answer."""
        lag = {}
        for partition, position in self._next.items():
            _low, high = self._consumer.get_watermark_offsets(self._place(partition), cached=True)
            # Before the first answer it is what was there when reading began.
            lag[partition] = max(0, high - position, self._ends.get(partition, 0) - position)
        return lag

    @property
    def caught_up(self) -> bool:
        return all(
            self._next[partition] >= end or partition in self._ended
            for partition, end in self._ends.items()
        )

    def close(self) -> None:
        self._consumer.close()

    def _place(self, partition: int, offset: int | None = None) -> TopicPartition:
        place = OFFSET_INVALID if offset is None else offset
        return TopicPartition(self._address.topic, partition, place)

    def _partitions(self, seconds: float) -> list[int]:
        """The topic's partitions that are read, as the broker answers within `seconds`."""
        topics = self._consumer.list_topics(self._address.topic, timeout=seconds).topics
        topic = topics.get(self._address.topic)
        partitions = set(topic.partitions) if topic and topic.error is None else set()
        return sorted(partitions & self._shares if self._shares else partitions)

    def _check(
        self, partition: int, positions: Mapping[int, int], begin: int, low: int, high: int
    ) -> int:
        """Where to begin in a partition that has offsets from `low` to before `high`."""
        position = positions.get(partition)
        if position is None:
            return begin
        if low <= position <= high:
            return position
        if position > high:
            why = _("the topic was made anew; give another --run-id")
        else:
            why = _("the messages between were removed before they were read")
        raise self._error(
            _(
                "partition {partition} has offsets from {low} to {high} and stream {stream} had "
                "read it up to {position}: {why}",
                partition=partition,
                low=low,
                high=high,
                stream=self._stream,
                position=position,
                why=why,
            )
        )

    def _refresh(self) -> None:
        """Ask whether the broker is back; read partitions that were added, from their beginning."""
        if not self.is_away and time.monotonic() - self._refreshed < _REFRESH_SECONDS:
            return
        self._refreshed = time.monotonic()
        try:
            added = set(self._partitions(1.0)) - set(self._next)
        except KafkaException:
            return
        self._note_return()
        if added:
            self._warn(
                _("{count:# more partition is|# more partitions are} read", count=len(added))
            )
            self._next |= dict.fromkeys(added, 0)
            self._consumer.incremental_assign([self._place(number, 0) for number in sorted(added)])

    def _is_message(self, message: KafkaMessage) -> bool:
        error = message.error()
        if error is None:
            self._note_return()
            return True
        if error.code() == KafkaError._PARTITION_EOF:
            # The last offsets may be marks of transactions, which nobody reads.
            partition, end = message.partition(), message.offset()
            if partition in self._ends and end is not None and end >= self._ends[partition]:
                self._ended.add(partition)
            return False
        if error.code() in (KafkaError._AUTO_OFFSET_RESET, KafkaError.OFFSET_OUT_OF_RANGE):
            raise self._error(
                _(
                    "messages of partition {partition} were removed before they were read, or the "
                    "topic was made anew",
                    partition=message.partition(),
                )
            )
        if error.fatal() or error.code() in (
            KafkaError.TOPIC_AUTHORIZATION_FAILED,
            KafkaError.GROUP_AUTHORIZATION_FAILED,
            KafkaError._AUTHENTICATION,
        ):
            raise self._error(_("the broker refuses to go on ({error})", error=error.name()))
        return False

    def _note_error(self, error: object) -> None:
        code = getattr(error, "code", lambda: None)()
        if code == KafkaError._ALL_BROKERS_DOWN and not self.is_away:
            self.is_away = True
            self._warn(_("the broker went away, waiting for it"))

    def _note_return(self) -> None:
        if self.is_away:
            self.is_away = False
            self._warn(_("the broker is back"))


def _to_message(message: KafkaMessage) -> Message:
    partition, offset = message.partition(), message.offset()
    assert partition is not None
    assert offset is not None
    headers = message.headers() or ()
    pairs = headers.items() if isinstance(headers, dict) else headers
    return Message(
        partition,
        offset,
        _to_bytes(message.value()),
        _to_bytes(message.key()),
        tuple((name, _to_bytes(content)) for name, content in pairs),
    )


def _to_bytes(content: str | bytes | None) -> bytes | None:
    return content.encode() if isinstance(content, str) else content
