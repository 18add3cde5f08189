"""Pub/Sub as a Beam pipeline, for Dataflow. On one machine a stream is `tamis.streams.session`.

    ReadFromPubSub │ windows by publish time │ Judge ── JudgedWindow ─┬─ rows ─> topics
                                                                      └─ by window ─> Commit

Messages are judged in the step that puts them into bundles, so that none travels between steps of
ours. A window, or what came too late for it, is committed at once: its rows in a folder, or its
receipt in a topic. Its id is made of the stream's id, the window's start in UTC and a digest of the
ids of its messages, so that a commit that is tried again is the same commit: an engine may judge a
window twice, and it is there once.
"""

import datetime
import logging
import os
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

import apache_beam as beam
import pyarrow as pa
import pyarrow.compute as pc
from apache_beam.io.gcp.pubsub import PubsubMessage, ReadFromPubSub, WriteToPubSub
from apache_beam.pvalue import PBegin, PCollection
from apache_beam.transforms.trigger import AccumulationMode, AfterProcessingTime, AfterWatermark
from apache_beam.transforms.window import FixedWindows, IntervalWindow
from apache_beam.utils.windowed_value import WindowedValue

from tamis.address import PubsubAddress, parse_address
from tamis.beam.keys import KeyRef, PinnedKeys
from tamis.beam.minimize import RecordCounters
from tamis.beam.transform import SeveralCollections
from tamis.beam.window import JudgedWindow
from tamis.documents.calendar import today
from tamis.errors import RunError, value_free
from tamis.evidence.columns import refuse_columns
from tamis.evidence.receipt import Receipt, RunFacts, RunKeys
from tamis.evidence.wording import counts_line
from tamis.language import _
from tamis.plan.plan import Plan, PlanRelease
from tamis.stores.folder import open_folder
from tamis.stores.folder_store import FolderStore
from tamis.streams.into_folder import PeriodFiles
from tamis.streams.job import StreamJob
from tamis.streams.json_rows import drop_large
from tamis.streams.judge import Judge, Rows
from tamis.streams.ledger import Ledger
from tamis.streams.messages import Decode, MicroBatch
from tamis.streams.pubsub import LARGEST, digest_of, outgoing, to_message
from tamis.streams.sink import Topics

LATEST_SECONDS = 31 * 86_400
"""How late a message may come and still be committed: as long as Pub/Sub can keep one."""

_log = logging.getLogger(__name__)


class PubsubStream(SeveralCollections[PBegin, PCollection[str]]):
    """Read Pub/Sub, judge it, write it, and commit it window by window.

    Args:
        plan: what the messages are judged by; workers refuse to act once it has expired.
        job: the stream, of a subscription or topic, into a topic or a folder.
        decode: reads payloads as records.
        keys: where the keys of pseudonyms are, or None.
        key_parts: epochs of the keys, for receipts.
    """

    def __init__(
        self,
        plan: Plan,
        job: StreamJob,
        decode: Decode,
        keys: KeyRef | None = None,
        key_parts: RunKeys = (),
    ) -> None:
        super().__init__()
        self._plan = plan
        self._stream = job.stream
        self._keys = keys
        self._source = PubsubAddress.of(job.source)
        self._period = job.period.total_seconds()
        sink = parse_address(job.output)
        self._topics = Topics.of(sink.path, plan, "-") if isinstance(sink, PubsubAddress) else None
        largest = LARGEST if self._topics else None
        self._judge = _JudgeFn(plan, job, self._source.shown, decode, keys, key_parts, largest)
        self._commit = _CommitFn(
            job.stream, self._source.shown, sink if isinstance(sink, PubsubAddress) else job.output
        )

    def expand(self, begin: PBegin) -> PCollection[str]:
        """Wire source, judge and sinks; receipts come out as JSON."""
        where = {"topic" if self._source.is_topic else "subscription": self._source.path}
        return self.commit(begin | "Read" >> ReadFromPubSub(with_attributes=True, **where))

    def commit(self, messages: PCollection[PubsubMessage]) -> PCollection[str]:
        """As `expand`, with the messages given."""
        judged = (
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
        judged.element_type = JudgedWindow
        if self._topics is not None:
            self._publish(judged, self._topics)
            judged = judged | "Counts" >> beam.Map(_without_rows)
            judged.element_type = JudgedWindow
        receipts = (
            judged
            | "Key" >> beam.Map(_keyed).with_output_types(tuple[str, JudgedWindow])
            | "Window" >> beam.GroupByKey()
            | "Commit" >> beam.ParDo(self._commit).with_output_types(str)
        )
        if self._topics is not None:
            (
                receipts
                | "Receipts" >> beam.Map(_receipt_message, self._stream)
                | "WriteReceipts" >> WriteToPubSub(self._topics.receipts, with_attributes=True)
            )
        return receipts

    def _publish(self, judged: PCollection[JudgedWindow], topics: Topics) -> None:
        for release in (*self._plan.releases, None):
            name = "Quarantine" if release is None else f" {release.id}"
            topic = topics.quarantine if release is None else topics.released[release.id]
            make = _MessagesFn(self._plan, self._stream, release, self._keys)
            (
                judged
                | f"Rows{name}" >> beam.ParDo(make)
                | f"Write{name}" >> WriteToPubSub(topic, with_attributes=True)
            )


@dataclass(eq=False, repr=False)
class _JudgeFn(beam.DoFn):
    """Messages to a `JudgedWindow` for each window in a bundle."""

    plan: Plan
    job: StreamJob
    source: str
    decode: Decode
    keys: KeyRef | None
    key_parts: RunKeys
    largest: int | None
    salt: bytes = field(default_factory=lambda: os.urandom(16))

    def setup(self) -> None:
        keys = None if self.keys is None else PinnedKeys(self.keys)
        self._judge = Judge(
            self.plan, self.job.stream, self.decode, keys, self.job.seal_to, self.salt
        )

    def start_bundle(self) -> None:
        self._waiting: dict[IntervalWindow, list[PubsubMessage]] = {}

    def process(
        self, message: PubsubMessage, window: Any = beam.DoFn.WindowParam
    ) -> Iterator[WindowedValue]:
        waiting = self._waiting.setdefault(window, [])
        waiting.append(message)
        if len(waiting) >= self.job.records:
            yield from self._judged(window)

    def finish_bundle(self) -> Iterator[WindowedValue]:
        for window in list(self._waiting):
            yield from self._judged(window)

    def _judged(self, window: IntervalWindow) -> Iterator[WindowedValue]:
        until = self.plan.valid_until
        if until is not None and today() >= until:
            raise RunError(
                _(
                    "stream {stream}: the law or a document changed on {until}, the plan of {day} "
                    "must not act any more: update the job, do not cancel it (`tamis help "
                    "dataflow`)",
                    stream=self.job.stream,
                    until=until,
                    day=self.plan.day,
                )
            )
        messages = self._waiting.pop(window)
        if not all(message.message_id for message in messages):
            # Without ids one commit could not be told from another, and would pass for it.
            raise RunError(
                _("{address}: the runner hands messages on without their ids", address=self.source)
            )
        with value_free(
            _(
                "judging {count:# message|# messages} of {source}",
                count=len(messages),
                source=self.source,
            )
        ):
            batch = MicroBatch(self.source, tuple(map(to_message, messages)))
            judged = self._judge.judge(batch)
            if self.largest is not None:
                judged = drop_large(judged, self.largest)
            ids = sum(digest_of(message.message_id) for message in messages) % (1 << 64)
        part = JudgedWindow(judged, ids, self.plan, self.key_parts)
        yield WindowedValue(part, window.max_timestamp(), (window,))


@dataclass(eq=False, repr=False)
class _CommitFn(beam.DoFn):
    """Commits what was judged of one window under one plan; its receipt comes out."""

    stream: str
    source: str
    sink: PubsubAddress | str

    def setup(self) -> None:
        self._counters = RecordCounters()

    def process(
        self, keyed: tuple[str, Iterable[JudgedWindow]], window: Any = beam.DoFn.WindowParam
    ) -> list[str]:
        parts = list(keyed[1])
        if not parts:
            return []  # Flink fires a last pane for each window, though nothing is in it.
        with value_free(_("committing a window of {source}", source=self.source)):
            receipt = self._commit(parts, window.start.to_utc_datetime(has_tz=True))
        counts = counts_line(receipt.counts)
        text = _("{stream}: {counts}; receipt {run}")
        _log.info(text.format(stream=self.stream, counts=counts, run=receipt.run))
        return [receipt.to_json()]

    def _commit(self, parts: list[JudgedWindow], start: datetime.datetime) -> Receipt:
        ids = sum(part.ids for part in parts) % (1 << 64)
        run = f"{self.stream}-{start:%Y%m%dt%H%M%S}-{ids >> 32:08x}"
        plan = parts[0].plan
        facts = RunFacts(run, start, parts[0].keys, self.stream)
        ledger = Ledger(plan, facts, self.source)
        for part in parts:
            ledger = ledger.after(part.judged)
        refuse_columns(ledger.tally.sketches)
        if isinstance(self.sink, PubsubAddress):
            topics = Topics.of(self.sink.path, plan, "-")
            receipt = ledger.receipt_of_places(topics.released, topics.quarantine)
        else:
            receipt = self._into_folder(FolderStore(open_folder(self.sink)), parts, ledger)
        self._counters.add(ledger.tally)
        return receipt

    def _into_folder(
        self, store: FolderStore, parts: list[JudgedWindow], ledger: Ledger
    ) -> Receipt:
        outputs: defaultdict[str | None, list[Rows]] = defaultdict(list)
        for part in parts:
            for release, rows in part.judged.released.items():
                outputs[release].append(rows)
            outputs[None].append(part.judged.quarantined)
        receipt = store.complete(ledger.run)
        if receipt is not None:
            return receipt
        files = PeriodFiles(store, ledger.plan, ledger.run)
        for output, all_rows in outputs.items():
            # In the order of positions: the same file, whatever bundles the rows came in.
            table = pa.Table.from_batches([rows.data for rows in all_rows])
            offsets = pa.chunked_array([rows.offsets for rows in all_rows], pa.int64())
            ordered = table.take(pc.sort_indices(offsets)).combine_chunks()
            for batch in ordered.to_batches() if ordered.num_rows else ():
                files.write(output, batch)
        return files.publish(ledger)


@dataclass(eq=False, repr=False)
class _MessagesFn(beam.DoFn):
    """The rows of a release, or of the quarantine where it is None, as messages."""

    plan: Plan
    stream: str
    release: PlanRelease | None
    keys: KeyRef | None

    def setup(self) -> None:
        self._keys = None if self.keys is None else PinnedKeys(self.keys)

    def process(self, part: JudgedWindow) -> Iterator[PubsubMessage]:
        judged = part.judged
        with value_free(_("writing rows of {source}", source=judged.source)):
            for message in outgoing(judged, self.release, self.plan, self.stream, self._keys):
                yield PubsubMessage(*message)


def _without_rows(part: JudgedWindow) -> JudgedWindow:
    return part.without_rows()


def _keyed(part: JudgedWindow) -> tuple[str, JudgedWindow]:
    return part.group, part


def _receipt_message(receipt: str, stream: str) -> PubsubMessage:
    run = Receipt.model_validate_json(receipt).run
    return PubsubMessage(receipt.encode(), {"run": run, "stream": stream})
