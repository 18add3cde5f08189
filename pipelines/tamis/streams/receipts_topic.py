"""The topic `T.receipts`: what streams into `T` have read, counted and committed.

    <run>                    the receipt of a period: without counts when it begins, with all of
                             them when it ends
    positions/<stream>       when a stream begins for the first time, and when a period begins or
                             ends: the source, by partition the next offset to read, the
                             receipt's id of a period that begins, and the format of what is
                             released where it is not JSON
    steps/<stream>/<number>  what commit `number` of a period has read and counted
    withdrawn/<run>          a removal: the records of that period must not be used any more

The topic has one partition and is compacted: of each key the last record stays. The records of the
period under way follow the last `positions`, so that a stream that begins reads no more than them.
Numbers begin anew with each period, so that there are no more steps than a period has commits.
"""

import json
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaError, KafkaException, TopicPartition

from tamis.address import KafkaAddress
from tamis.errors import RunError, UsageError
from tamis.evidence.receipt import Receipt
from tamis.evidence.steps import Step, with_steps
from tamis.language import _
from tamis.streams.judge import Judged
from tamis.streams.kafka import ANSWER_SECONDS, make_client
from tamis.streams.ledger import Ledger
from tamis.streams.sink import Topics

Record = tuple[bytes, bytes]
"""Key and value of a record of the topic."""

_RECENT = 10_000
"""Number of offsets that are looked through first for a stream's last `positions`."""


@dataclass(frozen=True)
class State:
    """Where a stream stands.

    Attributes:
        positions: by partition, the next offset to read.
        run: id of the period that is under way, or None.
    """

    positions: Mapping[int, int]
    run: str | None = None


class ReceiptsTopic:
    """The receipts of one stream.

    Args:
        address: of a topic of the cluster.
        topics: the topics of the sink.
        stream: id of the stream.
        form: what records of the topic are, `json` or `avro`: the same of all streams into it.
    """

    def __init__(
        self, address: KafkaAddress, topics: Topics, stream: str, form: str = "json"
    ) -> None:
        self._address = address
        self._form = form
        self._topics = topics
        self._stream = stream

    def commit_records(self, ledger: Ledger, judged: Judged, state: State) -> list[Record]:
        """Return the records of a commit of `judged` after `ledger`, which reaches `state`."""
        step = f"steps/{self._stream}/{ledger.commits}", ledger.step(judged).to_json()
        if ledger.commits:
            return [_record(*step)]
        begun = ledger.begun(self._topics.released, self._topics.quarantine)
        return [
            self._positions(judged.source, state),
            _record(ledger.run, begun.to_json()),
            _record(*step),
        ]

    def begin_records(self, source: str) -> list[Record]:
        """Return the records of a stream that begins for the first time."""
        return [self._positions(source, State({}))]

    def undo_records(self) -> list[Record]:
        """Return the records that undo `begin_records`."""
        return [(f"positions/{self._stream}".encode(), b"")]

    def streams(self) -> set[str]:
        """Return the ids of the streams that have begun; reads the topic from its beginning.

        Raises:
            UsageError: one of them writes records of another format.
            RunError: the broker does not answer.
            KafkaException: it refuses.
        """
        streams: set[str] = set()
        for key, value in self.records():
            kind, _slash, stream = key.decode().partition("/")
            if kind == "positions":
                if value:
                    self._check_format(json.loads(value))
                (streams.add if value else streams.discard)(stream)
        return streams

    def records(self) -> Iterator[Record]:
        """Yield all records of the topic, from its beginning.

        Raises:
            RunError: the broker does not answer.
            KafkaException: it refuses.
        """
        with self._consuming() as consumer:
            consumer.assign([TopicPartition(self._topics.receipts, 0, OFFSET_BEGINNING)])
            yield from self._read_to_end(consumer)

    def end_records(self, receipt: Receipt, source: str, state: State) -> list[Record]:
        """Return the records of the end of a period, which reaches `state`."""
        return [self._positions(source, state), _record(receipt.run, receipt.to_json())]

    def read(self) -> tuple[State, str, Receipt | None]:
        """Return where the stream stands, its source, and the receipt of a period under way.

        The source is empty, and there are no positions, before the stream's first commit.

        Raises:
            UsageError: it wrote records of another format.
            RunError: the broker does not answer, or the receipt is missing.
            KafkaException: it refuses.
        """
        found = self._read_period()
        if not found:
            return State({}), "", None
        last = json.loads(found[0][1])
        self._check_format(last)
        positions = {int(partition): int(offset) for partition, offset in last["next"].items()}
        run = last.get("run")
        if run is None:
            return State(positions), last["source"], None
        prefix = f"steps/{self._stream}/".encode()
        steps = [Step.model_validate_json(value) for key, value in found if key.startswith(prefix)]
        steps = [step for step in steps if step.run == run]
        for part in (part for step in steps for part in step.inputs):
            positions[int(part.uri.rpartition("/")[2])] = part.next or 0
        begun = [Receipt.model_validate_json(value) for key, value in found if key == run.encode()]
        if not begun:
            why = _(
                "the receipt of {run} is missing in {topic}", run=run, topic=self._topics.receipts
            )
            raise RunError(f"{self._address.shown}: {why}")
        return State(positions, run), last["source"], with_steps(begun[-1], steps)

    def _check_format(self, positions: Mapping[str, object]) -> None:
        before = positions.get("format", "json")
        if before != self._form:
            raise UsageError(
                _(
                    "{address}: its records are {before}, and {form} must go to another topic: "
                    "readers of this one could not read on",
                    address=self._address.shown,
                    before=before,
                    form=self._form,
                )
            )

    def _positions(self, source: str, state: State) -> Record:
        following = {str(partition): offset for partition, offset in state.positions.items()}
        run = {} if state.run is None else {"run": state.run}
        form = {} if self._form == "json" else {"format": self._form}
        value = json.dumps({"source": source, "next": following, **run, **form})
        return _record(f"positions/{self._stream}", value)

    def _read_period(self) -> list[Record]:
        """The records from the stream's last `positions` on; none if it has none."""
        key = f"positions/{self._stream}".encode()
        with self._consuming() as consumer:
            place = TopicPartition(self._topics.receipts, 0)
            low, high = consumer.get_watermark_offsets(place, timeout=ANSWER_SECONDS)
            width = _RECENT
            while True:
                begin = max(low, high - width)
                consumer.assign([TopicPartition(self._topics.receipts, 0, begin)])
                found: list[Record] = []
                is_found = False
                for record in self._read_to_end(consumer):
                    if record[0] == key:
                        found, is_found = [], bool(record[1])
                    if is_found:
                        found.append(record)
                if is_found or begin == low:
                    return found
                width *= 10

    @contextmanager
    def _consuming(self) -> Iterator[Consumer]:
        consumer = make_client(
            Consumer,
            self._address,
            {
                "group.id": f"tamis-{self._stream}-{self._address.topic}",
                "enable.auto.commit": False,
                "isolation.level": "read_committed",
                "auto.offset.reset": "earliest",
                "enable.partition.eof": True,
            },
        )
        try:
            yield consumer
        finally:
            consumer.close()

    def _read_to_end(self, consumer: Consumer) -> Iterator[Record]:
        """Records up to the end that the broker names."""
        until = time.monotonic() + ANSWER_SECONDS
        while time.monotonic() < until:
            for message in consumer.consume(1000, timeout=0.5):
                error = message.error()
                if error is None:
                    until = time.monotonic() + ANSWER_SECONDS
                    yield _bytes(message.key()), _bytes(message.value())
                elif error.code() == KafkaError._PARTITION_EOF:
                    return
                elif not error.retriable():
                    raise KafkaException(error)
        why = _("no answer from the broker within {seconds:.0f} s", seconds=ANSWER_SECONDS)
        raise RunError(f"{self._address.shown}: {why}")


def _record(key: str, value: str) -> Record:
    return key.encode(), value.encode()


def _bytes(content: str | bytes | None) -> bytes:
    return content.encode() if isinstance(content, str) else content or b""
