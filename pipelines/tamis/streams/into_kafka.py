"""Kafka topics as sink: one transaction for each micro-batch, so that each record is there once.

    T, or T.<release id> if the policy has several    released records
    T.quarantine                                      why messages were quarantined, and originals
    T.receipts                                        a receipt for each period; compacted

A record is a JSON object, tags included, or Avro with a schema registry (`tamis.streams.registry`),
and its headers are the tags; quarantine and receipts are JSON. Its key is the place of its message,
`topic/partition/offset`, unless it leaves the store under paragraph III: then it has none, and the
records of a transaction are in the order of their values. What a transaction has read and counted
is written to `T.receipts` in the same transaction (`tamis.streams.receipts_topic`): consumers that
read what is committed (`isolation.level=read_committed`) see each record once.
"""

from collections.abc import Callable, Iterable, Iterator
from itertools import repeat
from typing import Any

from confluent_kafka import KafkaError, KafkaException, Producer
from confluent_kafka.admin import AdminClient, ConfigResource  # type: ignore[attr-defined]
from confluent_kafka.cimpl import NewTopic

from tamis.address import KafkaAddress
from tamis.contract.schema import contract_of
from tamis.errors import RunError, UsageError
from tamis.evidence.receipt import Receipt
from tamis.language import _
from tamis.plan.plan import Plan
from tamis.streams.avro_rows import AvroRows
from tamis.streams.hold import Hold
from tamis.streams.json_rows import drop_large, json_rows
from tamis.streams.judge import Judged, Rows, partition_uri
from tamis.streams.kafka import ANSWER_SECONDS, check_options, make_client, reaching
from tamis.streams.ledger import Ledger
from tamis.streams.partitions import check_overlap
from tamis.streams.receipts_topic import ReceiptsTopic, Record, State
from tamis.streams.registry import registry_of_output
from tamis.streams.sink import KeepWaiting, Sink, Topics
from tamis.waiting import Pauses

LARGEST = 64 << 20
"""Size in bytes of the largest message that the topics made here take."""

_FENCED = (
    KafkaError._FENCED,
    KafkaError.PRODUCER_FENCED,
    KafkaError.INVALID_PRODUCER_EPOCH,
)
_REFUSED = (
    KafkaError.MSG_SIZE_TOO_LARGE,
    KafkaError.TOPIC_AUTHORIZATION_FAILED,
    KafkaError.CLUSTER_AUTHORIZATION_FAILED,
    KafkaError.TRANSACTIONAL_ID_AUTHORIZATION_FAILED,
    KafkaError.INVALID_RECORD,
)
_RETRY_SECONDS = 30.0


class KafkaSink(Sink):
    """See `Sink`; `uri` is that of the topic."""

    def __init__(self, uri: str, plan: Plan, stream: str, keep_waiting: KeepWaiting) -> None:
        self._address = KafkaAddress.of(uri)
        super().__init__(self._address.shown, plan, stream, keep_waiting)
        self._topics = Topics.of(self._address.topic, plan, ".")
        self._headers: dict[str, list[tuple[str, str | bytes | None]]] = {
            release.id: list(plan.headers(release, stream).items()) for release in plan.releases
        }
        self._placeless = {release.id for release in plan.releases if plan.hides_order(release)}
        self._registry = registry_of_output(self._address)
        self._rows: dict[str, AvroRows] = {}
        self._id = f"tamis-{stream}-{self._address.topic}"
        form = "json" if self._registry is None else "avro"
        self._receipts = ReceiptsTopic(self._address, self._topics, stream, form)
        self._state = State({})
        self._hold: Hold | None = None
        self._producer: Producer | None = None
        self._largest = LARGEST

    def _open(self) -> dict[int, int]:
        self._register()
        self._make_topics()
        with reaching(self.shown):
            self._hold = Hold(self._address, self._id, self._topics.receipts)
            if not self._hold.take(self._keep_waiting):
                raise self._error(_("stream {stream} is still under way", stream=self._stream))
            self._producer = self._begin(ANSWER_SECONDS)
            self._state, source, receipt = self._receipts.read()
        if source:
            self._check_source(source)
        else:
            self._begin_stream()
        if receipt is not None:  # of a period whose process was killed
            self._write_receipt(receipt)
        return dict(self._state.positions)

    def _register(self) -> None:
        """Have the schemas of topics in Avro registered; what readers cannot take is refused."""
        if self._registry is None:
            return
        contracts = {
            self._topics.released[release.id]: contract_of(self._plan, release)
            for release in self._plan.releases
        }
        numbers = self._registry.register(contracts)
        self._rows = {
            topic: AvroRows(contract, numbers[topic]) for topic, contract in contracts.items()
        }

    def _begin_stream(self) -> None:
        """Say that the stream has begun, unless another one has that reads its partitions.

        Each says so before it looks for others, so that of two at least one sees the other.
        """
        self._transact(self._receipts.begin_records(self._source), State({}))
        try:
            with reaching(self.shown):
                check_overlap(self.shown, self._stream, self._receipts.streams())
        except UsageError:
            self._transact(self._receipts.undo_records(), State({}))
            raise

    def commit(self, judged: Judged, ledger: Ledger) -> Ledger:
        judged = drop_large(judged.in_order(self._plan), self._largest)
        state = State({**self._state.positions, **judged.ends}, ledger.run)
        records = self._receipts.commit_records(ledger, judged, state)

        def send(producer: Producer) -> None:
            for release, rows in judged.released.items():
                topic, headers = self._topics.released[release], self._headers[release]
                keys = self._keys(rows) if release not in self._placeless else repeat(None)
                self._produce(producer, topic, rows, headers, keys)
            quarantined = judged.quarantined
            self._produce(
                producer, self._topics.quarantine, quarantined, [], self._keys(quarantined)
            )

        self._transact(records, state, send)
        self._positions = dict(state.positions)
        return ledger.after(judged)

    def end_period(self, ledger: Ledger) -> None:
        receipt = ledger.receipt_of_places(self._topics.released, self._topics.quarantine)
        self._write_receipt(receipt)

    def _write_receipt(self, receipt: Receipt) -> None:
        """Write the receipt of a period that ends."""
        state = State(self._state.positions)
        self._transact(self._receipts.end_records(receipt, self._source, state), state)

    def _transact(
        self,
        records: list[Record],
        state: State,
        send: Callable[[Producer], None] | None = None,
    ) -> None:
        """Commit what `send` sends, and records of receipts that say that it reaches `state`."""
        pauses = Pauses(is_wanted=self._keep_waiting)
        while True:
            try:
                producer = self._producer or self._begin()
                self._producer = producer
                producer.begin_transaction()
                if send is not None:
                    send(producer)
                for key, value in records:
                    producer.produce(self._topics.receipts, value or None, key=key, partition=0)
                self._commit_transaction(producer)
                break
            except (KafkaException, BufferError) as error:
                if isinstance(error, KafkaException):
                    self._check_final(error.args[0])
            if not pauses.wait(f"{self.shown}: " + _("cannot commit")):
                if send is None:
                    lost = _("the broker went away; the receipt is completed at the next start")
                else:
                    lost = _("the broker went away; what was read last will be read again")
                raise self._error(lost)
            if self._abort():
                continue
            self._producer = None
            if self._is_reached(state):
                break
        self._state = state

    def close(self) -> None:
        self._producer = None
        if self._hold is not None:
            self._hold.release()

    def _begin(self, seconds: float = _RETRY_SECONDS) -> Producer:
        """Make a producer that holds the stream: any other with its id is shut out from now on."""
        producer = make_client(
            Producer,
            self._address,
            {
                "transactional.id": self._id,
                "enable.idempotence": True,
                "error_cb": lambda error: None,
            },
            {"linger.ms": 0, "message.max.bytes": LARGEST},
        )
        producer.init_transactions(seconds)
        return producer

    def _abort(self) -> bool:
        """Undo the transaction under way; return whether another can begin."""
        try:
            if self._producer is None:
                return False
            self._producer.abort_transaction(5.0)
            return True
        except KafkaException as error:
            # `produce` may have raised a fatal error without its cause, which this call tells.
            self._check_final(error.args[0])
            return False

    def _check_final(self, error: Any) -> None:
        """Raise an error of the broker after which it is of no use to try again."""
        code = error.code()
        if code in _FENCED:
            raise self._error(
                _("another process took over stream {stream}", stream=self._stream)
            ) from None
        if code in _REFUSED:
            message = _(
                "the broker refuses a record ({error}); it is not committed", error=error.name()
            )
            if code == KafkaError.MSG_SIZE_TOO_LARGE:
                advice = _("it is read again once max.message.bytes of its topic is raised")
                message = f"{message}; {advice}"
            raise self._error(message) from None

    def _is_reached(self, state: State) -> bool:
        """Whether an attempt whose answer was lost has committed, and so reached `state`.

        A new producer ends, one way or the other, what the one before it began.
        """
        pauses = Pauses(first=1.0, longest=1.0, is_wanted=self._keep_waiting)
        while True:
            try:
                self._producer = self._begin()
                found, _source, _receipt = self._receipts.read()
                break
            except (KafkaException, RunError):
                if not pauses.wait(f"{self.shown}: " + _("the broker cannot be reached")):
                    raise self._error(
                        _(
                            "the broker went away; what was read last may be committed or not, "
                            "and will not be committed twice"
                        )
                    ) from None
        if found not in (state, self._state):
            raise self._error(_("another process moved stream {stream}", stream=self._stream))
        return found == state

    def _commit_transaction(self, producer: Producer) -> None:
        while True:
            try:
                producer.commit_transaction(_RETRY_SECONDS)
                return
            except KafkaException as error:
                # The commit goes on if the broker only took too long to answer.
                if not error.args[0].retriable() or not self._keep_waiting():
                    raise

    def _produce(
        self,
        producer: Producer,
        topic: str,
        rows: Rows,
        headers: list[tuple[str, str | bytes | None]],
        keys: Iterable[bytes | None],
    ) -> None:
        to_values = self._rows.get(topic, json_rows)
        for value, key in zip(to_values(rows.data), keys, strict=False):
            while True:
                try:
                    producer.produce(topic, value, key=key, headers=headers)
                    break
                except BufferError:
                    producer.poll(0.1)
        producer.poll(0)

    def _keys(self, rows: Rows) -> Iterator[bytes]:
        """The places of messages, as keys of records."""
        source = self._source.rpartition("/")[2]
        places = zip(rows.partitions.to_pylist(), rows.offsets.to_pylist(), strict=True)
        for partition, offset in places:
            yield f"{partition_uri(source, partition)}/{offset}".encode()

    def _make_topics(self) -> None:
        """Make the topics that are missing, with the broker's defaults except for the largest
        message: tags and names make a record larger than the message that it came in."""
        check_options(self._address, Producer)
        admin = make_client(AdminClient, self._address)
        with reaching(self.shown):
            existing = set(admin.list_topics(timeout=ANSWER_SECONDS).topics)
        large = {"max.message.bytes": str(LARGEST)}
        needed = {
            name: NewTopic(name, config=large)
            for name in (*self._topics.released.values(), self._topics.quarantine)
        }
        compact = {"cleanup.policy": "compact"}
        needed[self._topics.receipts] = NewTopic(
            self._topics.receipts, num_partitions=1, config=compact
        )
        missing = [topic for name, topic in needed.items() if name not in existing]
        for name, future in (admin.create_topics(missing) if missing else {}).items():
            try:
                future.result()
            except KafkaException as error:
                if error.args[0].code() != KafkaError.TOPIC_ALREADY_EXISTS:
                    why = _("topic {topic} is missing and cannot be made", topic=name)
                    raise UsageError(f"{self.shown}: {why} ({error.args[0].name()})") from None
        resource = ConfigResource(ConfigResource.Type.TOPIC, self._topics.quarantine)
        try:
            (config,) = admin.describe_configs([resource]).values()
            self._largest = min(LARGEST, int(config.result()["max.message.bytes"].value))
        except (KafkaException, KeyError, TypeError, ValueError):
            self._largest = 1_000_000  # the broker does not say: its own default
