"""Kafka topics as sink: one transaction a gathering, so that each message is there once.

    T, or T.<release id> where the policy has several    released records
    T.quarantine                                         why messages were quarantined, sealed ones
    T.receipts                                           a receipt a period; compacted

A record is a JSON object, tags included; its key is the place that it comes from,
`topic/partition/offset`, and its headers are the tags. The last receipt of a period and the
stream's positions are written in the same transaction, to `T.receipts`: consumers that read what
is committed (`isolation.level=read_committed`) see each record once.
"""

import base64
import json
import logging
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc

from tamis.address import KafkaAddress, checked_options, require_driver
from tamis.errors import RunError, UsageError
from tamis.evidence.receipt import FilePart
from tamis.filter.tally import Tally, merge
from tamis.formats.json_texts import to_json
from tamis.plan.plan import Plan
from tamis.streams.judge import Judged, Rows, partition_uri
from tamis.streams.ledger import Ledger
from tamis.streams.sink import Patience

if TYPE_CHECKING:
    from confluent_kafka import Producer

NOT_SEALED = "original-too-large"
"""Anomaly: quarantined messages whose sealed original is larger than the topic takes."""

LARGEST = 64 << 20
"""Bytes of a message that a topic takes, where it is made here."""

_PATIENCE_SECONDS = 10.0
_AROUND_BYTES = 4096
_POSITIONS = "positions"

_log = logging.getLogger("tamis")


class TopicSink:
    """See `Sink`.

    Args:
        uri: of the topic.
        plan: what the stream's records are judged by.
        stream: id of the stream.
        patience: whether to go on waiting for the broker.
    """

    def __init__(self, uri: str, plan: Plan, stream: str, patience: Patience) -> None:
        self._address = KafkaAddress.of(uri)
        require_driver(self._address, "kafka")
        self._plan = plan
        self._stream = stream
        self._patience = patience
        topic = self._address.topic
        ids = [release.id for release in plan.releases]
        self._topics = {one: topic if len(ids) == 1 else f"{topic}.{one}" for one in ids}
        self._quarantine = f"{topic}.quarantine"
        self._receipts = f"{topic}.receipts"
        self._headers: dict[str, list[tuple[str, str | bytes | None]]] = {
            release.id: list(plan.tags(release, stream).items()) for release in plan.releases
        }
        self._producer: Producer | None = None
        self._source = ""
        self._positions: dict[int, int] = {}
        self._largest = LARGEST
        self.shown = self._address.shown

    def open(self, source: str) -> dict[int, int]:
        """See `Sink`."""
        self._source = source
        self._make_topics()
        self._producer = self._begin(_PATIENCE_SECONDS)
        self._positions = self._read_positions()
        return dict(self._positions)

    def commit(self, judged: Judged, ledger: Ledger) -> Ledger:
        """See `Sink`."""
        from confluent_kafka import KafkaException

        judged = drop_large(judged, self._largest)
        done = ledger.after(judged)
        pause = 0.1
        while True:
            try:
                producer = self._producer or self._begin()
                self._producer = producer
                self._send(producer, judged, done)
                self._positions |= {key: span.next for key, span in judged.spans.items()}
                return done
            except (KafkaException, BufferError) as error:
                fault = error.args[0] if isinstance(error, KafkaException) else None
                if fault is not None and _is_fenced(fault):
                    raise self._taken_over() from None
                if fault is not None and _is_hopeless(fault):
                    raise RunError(
                        f"{self.shown}: the broker refuses a record ({fault.name()}); it is not "
                        f"committed{_advise(fault)}"
                    ) from None
            if not self._patience():
                raise RunError(
                    f"{self.shown}: the broker went away; what was read last is not committed "
                    "and will be read again"
                )
            _log.warning("%s: cannot commit, trying again in %.1f s", self.shown, pause)
            time.sleep(pause)
            pause = min(2 * pause, 5.0)
            if self._aborted():
                continue
            self._producer = None
            if self._landed(judged):
                return done

    def end_period(self, ledger: Ledger) -> None:
        """See `Sink`; here nothing is left to do."""

    @property
    def durable(self) -> dict[int, int]:
        """See `Sink`."""
        return dict(self._positions)

    def close(self) -> None:
        """See `Sink`."""
        self._producer = None

    def _begin(self, patience: float = 30.0) -> "Producer":
        """A producer that holds the stream: any other with its id is shut out from now on."""
        from confluent_kafka import KafkaException, Producer

        producer = Producer(
            self._address.options
            | {
                "transactional.id": f"tamis-{self._stream}",
                "enable.idempotence": True,
                "linger.ms": 0,
                "message.max.bytes": LARGEST,
                "log_level": 0,
                "error_cb": lambda error: None,
            }
        )
        try:
            producer.init_transactions(patience)
        except KafkaException as error:
            if patience == _PATIENCE_SECONDS:
                raise RunError(
                    f"{self.shown}: the broker cannot be reached, or refuses the user "
                    f"({error.args[0].name()})"
                ) from None
            raise
        return producer

    def _aborted(self) -> bool:
        """Whether the transaction under way is undone, and another can begin."""
        from confluent_kafka import KafkaException

        try:
            if self._producer is None:
                return False
            self._producer.abort_transaction(5.0)
            return True
        except KafkaException as error:
            # Where `produce` told only of a fatal error, this tells which.
            if _is_fenced(error.args[0]):
                raise self._taken_over() from None
            return False

    def _taken_over(self) -> RunError:
        return RunError(f"{self.shown}: another process took over stream {self._stream}")

    def _landed(self, judged: Judged) -> bool:
        """Whether an attempt whose answer was lost had committed `judged`.

        A new producer has ended, one way or the other, what the one before it began.
        """
        from confluent_kafka import KafkaException

        while True:
            try:
                self._producer = self._begin()
                there = self._read_positions()
                break
            except (KafkaException, RunError):
                if not self._patience():
                    raise RunError(
                        f"{self.shown}: the broker went away; what was read last may be "
                        "committed or not, and will not be committed twice"
                    ) from None
                _log.warning("%s: the broker cannot be reached, trying again", self.shown)
                time.sleep(1.0)
        ends = {key: span.next for key, span in judged.spans.items()}
        if there == self._positions | ends:
            self._positions = there
            return True
        if there != self._positions:
            raise RunError(f"{self.shown}: another process moved stream {self._stream}")
        return False

    def _send(self, producer: "Producer", judged: Judged, done: Ledger) -> None:
        from confluent_kafka import KafkaException

        producer.begin_transaction()
        for release, rows in judged.released.items():
            self._produce(producer, self._topics[release], rows, self._headers[release])
        self._produce(producer, self._quarantine, judged.quarantined, [])
        written = {
            release: [FilePart(path=self._topics[release], rows=count, sha256="")]
            for release, count in done.tally.rows.items()
            if count
        }
        quarantined = [FilePart(path=self._quarantine, rows=done.tally.quarantined, sha256="")]
        receipt = done.receipt(written, quarantined if done.tally.quarantined else [])
        producer.produce(self._receipts, receipt.to_json().encode(), key=done.run.encode())
        ends = {str(key): span.next for key, span in judged.spans.items()}
        positions = {str(key): offset for key, offset in self._positions.items()} | ends
        producer.produce(
            self._receipts,
            json.dumps({"source": self._source, "next": positions}).encode(),
            key=f"{_POSITIONS}/{self._stream}".encode(),
        )
        while True:
            try:
                producer.commit_transaction(30.0)
                return
            except KafkaException as error:
                # What was begun goes on where the broker only took too long to answer.
                if not error.args[0].retriable() or not self._patience():
                    raise

    def _produce(
        self,
        producer: "Producer",
        topic: str,
        rows: Rows,
        headers: list[tuple[str, str | bytes | None]],
    ) -> None:
        source = self._source.rpartition("/")[2]
        places = zip(rows.partitions.to_pylist(), rows.offsets.to_pylist(), strict=True)
        for value, (partition, offset) in zip(json_values(rows.data), places, strict=True):
            key = partition_uri(source, partition) + f"/{offset}"
            while True:
                try:
                    producer.produce(topic, value, key=key.encode(), headers=headers)
                    break
                except BufferError:
                    producer.poll(0.1)
        producer.poll(0)

    def _make_topics(self) -> None:
        """Make the topics that are missing, with the broker's defaults but for their messages'
        size: tags and names make a record larger than the message that it came in."""
        from confluent_kafka import KafkaError, KafkaException
        from confluent_kafka.admin import AdminClient, ConfigResource  # type: ignore[attr-defined]
        from confluent_kafka.cimpl import NewTopic

        with checked_options(self.shown):
            admin = AdminClient(self._address.options | {"log_level": 0})
        try:
            there = set(admin.list_topics(timeout=_PATIENCE_SECONDS).topics)
        except KafkaException as error:
            raise RunError(
                f"{self.shown}: the broker cannot be reached, or refuses the user "
                f"({error.args[0].name()})"
            ) from None
        large = {"max.message.bytes": str(LARGEST)}
        wanted = {name: NewTopic(name, config=large) for name in self._topics.values()}
        wanted[self._quarantine] = NewTopic(self._quarantine, config=large)
        compact = {"cleanup.policy": "compact"}
        wanted[self._receipts] = NewTopic(self._receipts, num_partitions=1, config=compact)
        missing = [topic for name, topic in wanted.items() if name not in there]
        for name, future in (admin.create_topics(missing) if missing else {}).items():
            try:
                future.result()
            except KafkaException as error:
                if error.args[0].code() != KafkaError.TOPIC_ALREADY_EXISTS:
                    raise UsageError(
                        f"{self.shown}: topic {name} is missing and cannot be made "
                        f"({error.args[0].name()})"
                    ) from None
        asked = ConfigResource(ConfigResource.Type.TOPIC, self._quarantine)
        try:
            (told,) = admin.describe_configs([asked]).values()
            self._largest = min(LARGEST, int(told.result()["max.message.bytes"].value))
        except (KafkaException, KeyError, TypeError, ValueError):
            self._largest = 1_000_000  # the broker does not tell: its own default

    def _read_positions(self) -> dict[int, int]:
        """The stream's positions, as the last committed transaction left them."""
        from confluent_kafka import Consumer, KafkaException, TopicPartition

        consumer = Consumer(
            self._address.options
            | {
                "group.id": f"tamis-{self._stream}",
                "enable.auto.commit": False,
                "isolation.level": "read_committed",
                "auto.offset.reset": "earliest",
                "enable.partition.eof": True,
                "log_level": 0,
            }
        )
        try:
            place = TopicPartition(self._receipts, 0)
            low, _ = consumer.get_watermark_offsets(place, timeout=_PATIENCE_SECONDS)
            consumer.assign([TopicPartition(self._receipts, 0, low)])
            last: bytes | None = None
            for key, value in _to_the_end(consumer):
                if key == f"{_POSITIONS}/{self._stream}".encode():
                    last = value
        except KafkaException:
            raise RunError(f"{self.shown}: the positions cannot be read") from None
        finally:
            consumer.close()
        if last is None:
            return {}
        there = json.loads(last)
        if there["source"] != self._source:
            raise UsageError(
                f"{self.shown}: stream {self._stream} was fed from {there['source']}; a stream "
                "from another source needs another --run-id"
            )
        return {int(partition): int(offset) for partition, offset in there["next"].items()}


def drop_large(judged: Judged, largest: int) -> Judged:
    """`judged` without the sealed originals that a topic would refuse; they are counted.

    Args:
        largest: bytes of a message that the topic takes.
    """
    rows = judged.quarantined
    sealed = rows.data.column("sealed")
    # In base64, with some room for what stands beside it.
    most = (largest - _AROUND_BYTES) * 3 // 4
    fits = pc.fill_null(pc.less_equal(pc.binary_length(sealed), most), True)
    dropped = len(fits) - int(pc.sum(fits).as_py() or 0)
    if not dropped:
        return judged
    at = rows.data.schema.get_field_index("sealed")
    kept = pc.if_else(fits, sealed, pa.scalar(None, sealed.type))
    data = rows.data.set_column(at, rows.data.schema.field(at), kept)
    tally = merge((judged.tally, Tally(anomalies=Counter({NOT_SEALED: dropped}))))
    return replace(judged, quarantined=replace(rows, data=data), tally=tally)


def json_values(data: pa.RecordBatch) -> Iterator[bytes]:
    """Each of N rows as a JSON object; sealed originals in base64."""
    if "sealed" in data.schema.names:
        sealed = [
            None if one is None else base64.b64encode(one).decode()
            for one in data.column("sealed").to_pylist()
        ]
        at = data.schema.get_field_index("sealed")
        data = data.set_column(at, "sealed", pa.array(sealed, pa.string()))
    records = pa.StructArray.from_arrays(data.columns, data.schema.names)
    return (text.encode() for text in to_json(records).to_pylist())


def _to_the_end(consumer: Any) -> Iterator[tuple[bytes | None, bytes | None]]:
    """Keys and values up to the end that the broker tells."""
    from confluent_kafka import KafkaError, KafkaException

    until = time.monotonic() + _PATIENCE_SECONDS
    while True:
        for message in consumer.consume(1000, timeout=0.5):
            error = message.error()
            if error is None:
                until = time.monotonic() + _PATIENCE_SECONDS
                yield message.key(), message.value()
            elif error.code() == KafkaError._PARTITION_EOF:
                return
            elif not error.retriable():
                raise KafkaException(error)
        if time.monotonic() > until:
            raise RunError("the broker stays silent")


def _is_fenced(error: Any) -> bool:
    from confluent_kafka import KafkaError

    return error.code() in (
        KafkaError._FENCED,
        KafkaError.PRODUCER_FENCED,
        KafkaError.INVALID_PRODUCER_EPOCH,
    )


def _advise(error: Any) -> str:
    from confluent_kafka import KafkaError

    if error.code() != KafkaError.MSG_SIZE_TOO_LARGE:
        return ""
    return "; it is read again once max.message.bytes of its topic is raised"


def _is_hopeless(error: Any) -> bool:
    from confluent_kafka import KafkaError

    return error.code() in (
        KafkaError.MSG_SIZE_TOO_LARGE,
        KafkaError.TOPIC_AUTHORIZATION_FAILED,
        KafkaError.CLUSTER_AUTHORIZATION_FAILED,
        KafkaError.TRANSACTIONAL_ID_AUTHORIZATION_FAILED,
        KafkaError.INVALID_RECORD,
    )
