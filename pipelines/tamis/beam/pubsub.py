"""Pub/Sub as a Beam pipeline: the same graph on Dataflow, and locally with the emulator.

    ReadFromPubSub │ windows by publish time │ Judge ── Portion ─┬─ rows ─> topics
                                                                 └─ by window ─> Commit

Messages are judged in the step that gathers them, so that none travels between steps of ours. A
window, or what came too late for it, is committed at once: its rows in a folder, or its receipt in
a topic. Its id is that of the stream, the window's start in UTC and a digest of its messages' ids,
so that a commit that is tried again is the same commit.
"""

import datetime
import hashlib
import logging
import threading
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import apache_beam as beam
import pyarrow as pa
from apache_beam.io.gcp.pubsub import PubsubMessage, ReadFromPubSub, WriteToPubSub
from apache_beam.pvalue import PBegin, PCollection
from apache_beam.transforms.trigger import AccumulationMode, AfterProcessingTime, AfterWatermark
from apache_beam.transforms.window import FixedWindows, IntervalWindow
from apache_beam.typehints.decorators import no_annotations
from apache_beam.utils.windowed_value import WindowedValue

from tamis.address import PubsubAddress
from tamis.beam.minimize import KeyRef, PinnedKeys, RecordCounters
from tamis.beam.window import Portion
from tamis.documents.calendar import today
from tamis.errors import RunError, value_free
from tamis.evidence.receipt import FilePart, KeyPart, Receipt, RunFacts
from tamis.filter.quarantine import STREAM_QUARANTINE_SCHEMA
from tamis.filter.tally import Tally
from tamis.keys.sealed import PublicKey
from tamis.plan.plan import Plan
from tamis.stores.folder import open_folder
from tamis.stores.folder_store import FolderStore, file_path
from tamis.stores.parquet_part import ParquetLayout, ParquetPart, released_layout
from tamis.streams.into_topics import drop_large, json_values
from tamis.streams.judge import Judge, Judged, Rows
from tamis.streams.ledger import Ledger
from tamis.streams.messages import Decode, Gathered, Message

LATEST_SECONDS = 31 * 86_400
"""How late a message may come and still be committed: as long as Pub/Sub can keep one."""

LARGEST = 10_000_000
"""Bytes of a message that Pub/Sub takes."""

_LARGEST_POSITION = (1 << 63) - 1

_log = logging.getLogger("tamis")


@dataclass(frozen=True)
class Topics:
    """The topics of a sink.

    Attributes:
        released: by release id.
        quarantine: why messages were quarantined, and their sealed originals.
        receipts: a receipt a window.
    """

    released: dict[str, str]
    quarantine: str
    receipts: str

    @classmethod
    def of(cls, topic: str, plan: Plan) -> "Topics":
        """The topics that go with `topic`: itself, or one a release where the policy has several.

        Args:
            topic: `projects/P/topics/T`.
        """
        ids = [release.id for release in plan.releases]
        released = {one: topic if len(ids) == 1 else f"{topic}-{one}" for one in ids}
        return cls(released, f"{topic}-quarantine", f"{topic}-receipts")

    @property
    def all(self) -> list[str]:
        """All of them."""
        return [*self.released.values(), self.quarantine, self.receipts]


def position_of(message_id: str) -> int:
    """The position that a message's id stands for.

    The ids that Pub/Sub gives are decimal numbers: that number. Any other id has a number below 0,
    made of its digest.

    Example:
        >>> position_of("12813281328132"), position_of("a-b") < 0
        (12813281328132, True)
    """
    if message_id.isascii() and message_id.isdigit() and len(message_id) < 20:
        number = int(message_id)
        if number <= _LARGEST_POSITION and str(number) == message_id:
            return number
    return -1 - (_digest(message_id) >> 1)


class Here:
    """What the steps that run in this process did; only the local runner's reader asks.

    Attributes:
        reads: whether the local runner reads here, who acknowledges what is committed.
        in_hand: messages that were read and are not judged yet.
        committed: counts of what was committed.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.reads = False
        self.in_hand = 0
        self.committed = Tally()
        self._judged: dict[int, list[str]] = defaultdict(list)
        self._durable: list[str] = []

    def begin(self) -> None:
        """Note that the local runner reads from here on."""
        self.reads, self.in_hand, self._durable = True, 0, []
        self._judged.clear()

    def read(self, count: int) -> None:
        """Note messages that were read."""
        with self._lock:
            self.in_hand += count

    def judge(self, portion: int, messages: list[str]) -> None:
        """Note the ids of the messages that make up a portion."""
        if self.reads:
            with self._lock:
                self._judged[portion] += messages
                self.in_hand -= len(messages)

    def commit(self, tally: Tally, portions: Iterable[int]) -> None:
        """Note what was committed."""
        with self._lock:
            self.committed.add(tally)
            for portion in portions:
                self._durable += self._judged.pop(portion, ())

    def take_durable(self) -> list[str]:
        """Ids of messages that were committed, each told once."""
        with self._lock:
            durable, self._durable = self._durable, []
        return durable


here = Here()
"""Of this process."""


class PubsubStream(beam.PTransform[PBegin, PCollection[str]]):
    """Read Pub/Sub, judge it, write it, and commit it window by window.

    Args:
        plan: what the messages are judged by; its workers refuse to act once it has expired.
        stream: id of the stream.
        source: the subscription or topic.
        sink: a topic, or the URI of a folder.
        period: how long a window is.
        read: a payload to a record.
        keys: where the keys of pseudonyms are, or None.
        key_parts: what receipts say of them.
        seal_to: the key that originals of quarantined messages are sealed to, or None.
        records: messages that are judged at once, at most.
    """

    def __init__(
        self,
        plan: Plan,
        stream: str,
        source: PubsubAddress,
        sink: PubsubAddress | str,
        period: datetime.timedelta,
        read: Decode,
        keys: KeyRef | None = None,
        key_parts: tuple[KeyPart, ...] = (),
        seal_to: PublicKey | None = None,
        records: int = 5_000,
    ) -> None:
        super().__init__()
        self._plan = plan
        self._stream = stream
        self._source = source
        self._period = period.total_seconds()
        self._topics: Topics | None = None
        folder = None
        if isinstance(sink, PubsubAddress):
            self._topics = Topics.of(sink.path, plan)
        else:
            folder = sink
        largest = LARGEST if self._topics else None
        self._judge = _JudgeFn(plan, stream, source.shown, read, keys, seal_to, records, largest)
        self._commit = _CommitFn(plan, stream, source.shown, key_parts, folder, self._topics)

    @no_annotations  # type: ignore[untyped-decorator]
    def expand(self, begin: PBegin) -> PCollection[str]:
        """Wire source, judge and sinks; receipts come out as JSON."""
        where = {"topic" if self._source.is_topic else "subscription": self._source.path}
        return self.commit(begin | "Read" >> ReadFromPubSub(with_attributes=True, **where))

    def commit(self, messages: PCollection[PubsubMessage]) -> PCollection[str]:
        """Wire messages to judge and sinks; receipts come out as JSON."""
        portions = (
            messages
            | "Windows"
            >> beam.WindowInto(
                FixedWindows(self._period),
                trigger=AfterWatermark(late=AfterProcessingTime(int(self._period))),
                accumulation_mode=AccumulationMode.DISCARDING,
                allowed_lateness=LATEST_SECONDS,
            )
            | "Judge" >> beam.ParDo(self._judge)
        )
        portions.element_type = Portion
        if self._topics is not None:
            self._publish(portions, self._topics)
            portions = portions | "Counts" >> beam.Map(_without_rows)
            portions.element_type = Portion
        receipts = (
            portions
            | "Key" >> beam.Map(_keyed).with_output_types(tuple[str, Portion])
            | "Window" >> beam.GroupByKey()
            | "Commit" >> beam.ParDo(self._commit).with_output_types(str)
        )
        if self._topics is not None:
            told = receipts | "Receipts" >> beam.Map(_receipt_message, self._stream)
            _ = told | "WriteReceipts" >> WriteToPubSub(self._topics.receipts, with_attributes=True)
        return receipts

    def _publish(self, portions: PCollection[Portion], topics: Topics) -> None:
        for release in self._plan.releases:
            tags = self._plan.tags(release, self._stream)
            rows = portions | f"Rows {release.id}" >> beam.FlatMap(_messages, release.id, tags)
            _ = rows | f"Write {release.id}" >> WriteToPubSub(
                topics.released[release.id], with_attributes=True
            )
        rows = portions | "RowsQuarantine" >> beam.FlatMap(_messages, None, {})
        _ = rows | "WriteQuarantine" >> WriteToPubSub(topics.quarantine, with_attributes=True)


class _JudgeFn(beam.DoFn):
    """Messages in; what became of those of one bundle and window out."""

    def __init__(
        self,
        plan: Plan,
        stream: str,
        source: str,
        read: Decode,
        keys: KeyRef | None,
        seal_to: PublicKey | None,
        records: int,
        largest: int | None,
    ) -> None:
        self._plan = plan
        self._stream = stream
        self._source = source
        self._read = read
        self._ref = keys
        self._seal_to = seal_to
        self._most = records
        self._largest = largest

    def setup(self) -> None:
        keys = None if self._ref is None else PinnedKeys(self._ref)
        self._judge = Judge(self._plan, self._stream, self._read, keys, self._seal_to)

    def start_bundle(self) -> None:
        self._waiting: dict[IntervalWindow, list[PubsubMessage]] = {}

    def process(
        self, message: PubsubMessage, window: Any = beam.DoFn.WindowParam
    ) -> Iterator[WindowedValue]:
        waiting = self._waiting.setdefault(window, [])
        waiting.append(message)
        if len(waiting) >= self._most:
            yield from self._portion(window)

    def finish_bundle(self) -> Iterator[WindowedValue]:
        for window in list(self._waiting):
            yield from self._portion(window)

    def _portion(self, window: IntervalWindow) -> Iterator[WindowedValue]:
        until = self._plan.valid_until
        if until is not None and today() >= until:
            if here.reads:
                return  # not acknowledged, they come again: under the plan of their day
            raise RunError(
                f"stream {self._stream}: the law or a document changed on {until}, the plan of "
                f"{self._plan.day} may not act any more: run it again, or update the job"
            )
        messages = self._waiting.pop(window)
        if not all(one.message_id for one in messages):
            # Without ids one commit could not be told from another, and would pass for it.
            raise RunError(f"{self._source}: the runner hands messages on without their ids")
        with value_free(f"judging {len(messages)} messages of {self._source}"):
            gathered = Gathered(self._source, tuple(map(_message, messages)))
            judged = self._judge.judge(gathered)
            if self._largest is not None:
                judged = drop_large(judged, self._largest)
            ids = sum(_digest(one.message_id) for one in messages) % (1 << 64)
        here.judge(ids, [one.message_id for one in messages])
        yield WindowedValue(Portion(judged, ids), window.max_timestamp(), (window,))


class _CommitFn(beam.DoFn):
    """The portions of one window in, its receipt out: it is committed."""

    def __init__(
        self,
        plan: Plan,
        stream: str,
        source: str,
        keys: tuple[KeyPart, ...],
        folder: str | None,
        topics: Topics | None,
    ) -> None:
        self._plan = plan
        self._stream = stream
        self._source = source
        self._keys = keys
        self._uri = folder
        self._topics = topics

    def setup(self) -> None:
        self._counters = RecordCounters()

    def process(
        self, window_of: tuple[str, Iterable[Portion]], window: Any = beam.DoFn.WindowParam
    ) -> Iterator[str]:
        with value_free(f"committing a window of {self._source}"):
            start = window.start.to_utc_datetime(has_tz=True)
            receipt = self._commit(list(window_of[1]), start)
        counts = receipt.counts
        _log.info(
            "%s: %d in, %d released, %d withheld, %d quarantined; receipt %s",
            self._stream,
            counts.in_,
            counts.released,
            counts.withheld,
            counts.quarantined,
            receipt.run,
        )
        yield receipt.to_json()

    def _commit(self, portions: list[Portion], start: datetime.datetime) -> Receipt:
        ids = sum(one.ids for one in portions) % (1 << 64)
        run = f"{self._stream}-{start:%Y%m%dt%H%M%S}-{ids >> 32:08x}"
        facts = RunFacts(run, False, start, self._keys, self._stream)
        ledger = Ledger(self._plan, facts, self._source)
        for one in portions:
            ledger = ledger.after(one.judged)
        if self._uri is not None:
            receipt = self._into_folder(FolderStore(open_folder(self._uri)), portions, ledger)
        else:
            receipt = self._into_topics(ledger)
        here.commit(ledger.tally, (one.ids for one in portions))
        self._counters.add(ledger.tally)
        return receipt

    def _into_topics(self, ledger: Ledger) -> Receipt:
        assert self._topics is not None
        written = {
            release: [FilePart(path=topic, rows=ledger.tally.rows[release], sha256="")]
            for release, topic in self._topics.released.items()
            if ledger.tally.rows[release]
        }
        count = ledger.tally.quarantined
        quarantined = [FilePart(path=self._topics.quarantine, rows=count, sha256="")]
        return ledger.receipt(written, quarantined if count else [])

    def _into_folder(self, store: FolderStore, portions: list[Portion], ledger: Ledger) -> Receipt:
        with store.hold(ledger.run):
            before = store.resume(ledger.run)
            if before is not None:
                return before
            judged = [one.judged for one in portions]
            files = {}
            for release in self._plan.releases:
                rows = [one.released[release.id] for one in judged if release.id in one.released]
                if rows:
                    path = file_path(self._plan.policy, release.id, ledger.run, "00000")
                    layout = released_layout(self._plan, release)
                    files[release.id] = [_write(store, ledger.run, path, layout, rows)]
            quarantined = []
            if ledger.tally.quarantined:
                path = file_path(self._plan.policy, None, ledger.run, "00000")
                rows = [one.quarantined for one in judged]
                layout = ParquetLayout(STREAM_QUARANTINE_SCHEMA)
                quarantined = [_write(store, ledger.run, path, layout, rows)]
            receipt = ledger.receipt(files, quarantined)
            store.publish(receipt)
            return receipt


def _write(
    store: FolderStore, run: str, path: str, layout: ParquetLayout, parts: Sequence[Rows]
) -> FilePart:
    """Stage rows in the order of their positions: the same file, whatever bundles they came in."""
    table = pa.Table.from_batches([one.data for one in parts], layout.schema)
    offsets = pa.chunked_array([one.offsets for one in parts], pa.int64())
    order = pa.compute.sort_indices(offsets)
    file = ParquetPart(store.create(run, path), layout)
    for batch in table.take(order).combine_chunks().to_batches():
        file.write(batch)
    return FilePart(path=path, rows=file.rows, sha256=file.close())


def _messages(portion: Portion, output: str | None, tags: dict[str, str]) -> list[PubsubMessage]:
    """The rows of a release, or of the quarantine, as messages with tags and position beside."""
    judged: Judged = portion.judged
    rows = judged.quarantined if output is None else judged.released.get(output)
    if rows is None:
        return []
    with value_free(f"writing rows of {judged.source}"):
        return [
            PubsubMessage(value, {**tags, "position": str(position)})
            for value, position in zip(
                json_values(rows.data), rows.offsets.to_pylist(), strict=True
            )
        ]


def _without_rows(portion: Portion) -> Portion:
    return portion.without_rows()


def _keyed(portion: Portion) -> tuple[str, Portion]:
    return "", portion


def _receipt_message(receipt: str, stream: str) -> PubsubMessage:
    run = Receipt.model_validate_json(receipt).run
    return PubsubMessage(receipt.encode(), {"run": run, "stream": stream})


def _message(message: PubsubMessage) -> Message:
    attributes = message.attributes or {}
    return Message(
        partition=0,
        offset=position_of(message.message_id),
        value=message.data,
        key=message.ordering_key.encode() if message.ordering_key else None,
        headers=tuple((name, text.encode()) for name, text in attributes.items()),
    )


def _digest(message_id: str) -> int:
    return int.from_bytes(hashlib.blake2b(message_id.encode(), digest_size=8).digest(), "big")
