"""Micro-batches through the filter: what is released, what is quarantined, what was read.

The filter is `tamis.minimize` itself. A stream adds two things: a message whose key or headers
hold a NIR is quarantined if a release may not hold one, and the original of a quarantined message
is sealed to a public key, or let go.
"""

from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tamis.arrow.order import order_rows, take_in_order
from tamis.errors import value_free
from tamis.filter.minimize import SALT, minimize
from tamis.filter.quarantine import STREAM_QUARANTINE_SCHEMA, count_causes
from tamis.filter.tally import Tally, merge
from tamis.filter.treat import KeySource
from tamis.formats.chunk import Chunk, rejects_of
from tamis.formats.names import known_names
from tamis.keys.sealed import Original, PublicKey, seal
from tamis.language import _
from tamis.limited.persons import LimitedPersons
from tamis.plan.plan import Plan
from tamis.streams.messages import Decode, Message, MicroBatch, decode, find_nirs_beside


@dataclass(frozen=True)
class OffsetRange:
    """Messages of one partition: from offset `first` to before offset `next`.

    Attributes:
        records: number of messages; less than of offsets if the broker left some out.
        bytes: size of their payloads.
    """

    first: int
    next: int
    records: int
    bytes: int

    def extended(self, later: "OffsetRange") -> "OffsetRange":
        """Return one range over this one and `later`, which begins where this one ends or after."""
        return OffsetRange(
            self.first, later.next, self.records + later.records, self.bytes + later.bytes
        )


def joined_ranges(
    ranges: Mapping[int, OffsetRange], later: Mapping[int, OffsetRange]
) -> dict[int, OffsetRange]:
    """By partition, one range over those of both."""
    joined = dict(ranges)
    for partition, offsets in later.items():
        before = joined.get(partition)
        joined[partition] = before.extended(offsets) if before else offsets
    return joined


@dataclass(frozen=True)
class Rows:
    """N rows, and the place of the message that each comes from.

    Attributes:
        partitions: N int32.
        offsets: N int64.
    """

    data: pa.RecordBatch = field(repr=False)
    partitions: pa.Int32Array
    offsets: pa.Int64Array

    def in_order(self) -> "Rows":
        """Return the same rows in the order of their values."""
        table = pa.Table.from_batches([self.data])
        order = order_rows(table)
        (data,) = take_in_order(table, order).to_batches() or [self.data]
        at = pa.array(order)
        return Rows(data, self.partitions.take(at), self.offsets.take(at))


def _joined(rows: Rows, later: Rows) -> Rows:
    table = pa.Table.from_batches([rows.data, later.data]).combine_chunks()
    (data,) = table.to_batches() or [rows.data]
    return Rows(
        data,
        pa.concat_arrays([rows.partitions, later.partitions]),
        pa.concat_arrays([rows.offsets, later.offsets]),
    )


@dataclass(frozen=True)
class Judged:
    """What became of a micro-batch; sinks commit all of it or nothing.

    Attributes:
        source: where the messages come from, without credentials.
        released: by release id, for releases that have rows.
        quarantined: rows with the columns of `STREAM_QUARANTINE_SCHEMA`.
        tally: the counts; they reconcile.
        ranges: by partition, what was read.
        present: names of fields that the schema has and some message had.
    """

    source: str
    released: Mapping[str, Rows]
    quarantined: Rows
    tally: Tally
    ranges: Mapping[int, OffsetRange]
    present: frozenset[str] = frozenset()

    @property
    def ends(self) -> dict[int, int]:
        """By partition, the next offset to read once this is committed."""
        return {partition: offsets.next for partition, offsets in self.ranges.items()}

    def followed_by(self, later: "Judged") -> "Judged":
        """Return this and `later`, whose messages follow, as one."""
        released = dict(self.released)
        for release, rows in later.released.items():
            released[release] = _joined(released[release], rows) if release in released else rows
        return Judged(
            self.source,
            released,
            _joined(self.quarantined, later.quarantined),
            merge((self.tally, later.tally)),
            joined_ranges(self.ranges, later.ranges),
            self.present | later.present,
        )

    def too_few(self, plan: Plan) -> dict[str, int]:
        """By release id, the rows of those that have some, and less than their `min_unit`."""
        return {
            release.id: self.released[release.id].data.num_rows
            for release in plan.releases
            if release.min_unit
            and release.id in self.released
            and self.released[release.id].data.num_rows < release.min_unit
        }

    def in_order(self, plan: Plan) -> "Judged":
        """Return the same with rows that leave under paragraph III in the order of their values."""
        released = dict(self.released)
        for release in plan.releases:
            if release.id in released and plan.hides_order(release):
                released[release.id] = released[release.id].in_order()
        return replace(self, released=released)

    def noting(self, anomaly: str, count: int) -> "Judged":
        """Return the same with `count` more of an anomaly."""
        tally = merge((self.tally, Tally(anomalies=Counter({anomaly: count}))))
        return replace(self, tally=tally)


@dataclass(frozen=True)
class Judge:
    """Judges the messages of one stream under one plan.

    Attributes:
        run: value of the tag `legal_run`.
        decode: reads payloads as records.
        keys: derives the keys of pseudonyms.
        seal_to: the key that originals are sealed to, or None to let them go.
        salt: a random value that all judges of the stream share (`tamis.minimize`).
        limited: the persons whose records are withheld, where the plan asks their list.
    """

    plan: Plan
    run: str
    decode: Decode
    keys: KeySource | None = None
    seal_to: PublicKey | None = None
    salt: bytes = SALT
    limited: LimitedPersons | None = None

    def judge(self, batch: MicroBatch) -> Judged:
        """Judge N messages.

        Raises:
            RunError: an unforeseen error, whose message holds no value.
        """
        with value_free(
            _(
                "judging {count:# message|# messages} of {source}",
                count=len(batch.messages),
                source=batch.source,
            )
        ):
            return self._judge(batch)

    def _judge(self, batch: MicroBatch) -> Judged:
        messages = batch.messages
        chunk, present = decode(batch, self.plan, self.decode)
        if any(release.nir == "absent" for release in self.plan.releases):
            chunk = _reject(chunk, find_nirs_beside(messages, known_names(self.plan)))
        done = minimize(
            *(chunk.data, self.plan),
            run=self.run,
            keys=self.keys,
            salt=self.salt,
            limited=self.limited,
        )
        tally = Tally(unknown=dict(chunk.unknown))
        tally.add(done.tally)
        tally.records += chunk.rejects.num_rows
        partitions = pa.array([message.partition for message in messages], pa.int32())
        offsets = pa.array([message.offset for message in messages], pa.int64())

        def rows(data: pa.RecordBatch, at: pa.Int64Array) -> Rows:
            return Rows(data, partitions.take(at), offsets.take(at))

        released = {
            release: rows(data, chunk.positions.take(done.rows[release]))
            for release, data in done.released.items()
            if data.num_rows
        }
        at, quarantined = self._quarantine(batch, chunk, done.quarantined)
        tally.quarantine = count_causes(quarantined)
        return Judged(
            batch.source,
            released,
            rows(quarantined, at),
            tally,
            _ranges(batch),
            present,
        )

    def _quarantine(
        self, batch: MicroBatch, chunk: Chunk, judged: pa.RecordBatch
    ) -> tuple[pa.Int64Array, pa.RecordBatch]:
        rejects = chunk.rejects
        at = pa.concat_arrays(
            [chunk.positions.take(judged.column("row")), rejects.column("position")]
        )
        order = pc.sort_indices(at)
        at = at.take(order)
        messages = [batch.messages[index] for index in at.to_pylist()]
        sources = [partition_uri(batch.source, message.partition) for message in messages]
        sealed = [
            self._seal(message, source) for message, source in zip(messages, sources, strict=True)
        ]
        reasons = [
            pa.concat_arrays([judged.column(name), rejects.column(name)]).take(order)
            for name in ("reason", "field", "rule")
        ]
        columns = [
            pa.repeat(pa.scalar(self.run), len(at)),
            pa.array(sources, pa.string()),
            pa.array([message.offset for message in messages], pa.int64()),
            *reasons,
            pa.array(sealed, pa.large_binary()),
        ]
        return at, pa.RecordBatch.from_arrays(columns, schema=STREAM_QUARANTINE_SCHEMA)

    def _seal(self, message: Message, source: str) -> bytes | None:
        if self.seal_to is None:
            return None
        original = Original(message.value, message.key, message.headers)
        return seal(original, self.seal_to, source, message.offset)


def partition_uri(source: str, partition: int) -> str:
    """The address of a partition in receipts and quarantine rows; Pub/Sub has no partitions.

    Example:
        >>> partition_uri("kafka://broker:9092/feed", 3)
        'kafka://broker:9092/feed/3'
    """
    return f"{source}/{partition}" if is_ordered(source) else source


def is_ordered(source: str) -> bool:
    """Whether messages of `source` have offsets that count up; those of Pub/Sub have not."""
    return not source.startswith("pubsub://")


def _reject(chunk: Chunk, places: Mapping[int, str]) -> Chunk:
    """`chunk` with the records rejected whose positions are in `places`, for the NIR there."""
    if not places:
        return chunk
    stays = pa.array(~np.isin(chunk.positions.to_numpy(), list(places)))
    rejects = rejects_of(
        [
            (index, "nir-leak", places[index], "holds a NIR")
            for index in chunk.positions.to_pylist()
            if index in places
        ]
    )
    return Chunk(
        chunk.data.filter(stays),
        chunk.positions.filter(stays),
        pa.concat_batches([chunk.rejects, rejects]),
        chunk.unknown,
    )


def _ranges(batch: MicroBatch) -> dict[int, OffsetRange]:
    if not is_ordered(batch.source):
        first, count = batch.read_before, len(batch.messages)
        size = sum(len(message.value or b"") for message in batch.messages)
        return {0: OffsetRange(first, first + count, count, size)}
    offsets: dict[int, list[int]] = defaultdict(list)
    sizes: Counter[int] = Counter()
    for partition, offset, value, _key, _headers in batch.messages:
        offsets[partition].append(offset)
        sizes[partition] += len(value or b"")
    return {
        partition: OffsetRange(own[0], own[-1] + 1, len(own), sizes[partition])
        for partition, own in offsets.items()
    }
