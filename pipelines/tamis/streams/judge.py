"""Gathered messages through the filter: what is released, what is quarantined, what was read.

The filter is `tamis.minimize` itself. What a stream adds: a message whose key or headers hold a
NIR is quarantined where a release may not hold one, and the original of a quarantined message is
sealed, or let go.
"""

from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tamis.errors import value_free
from tamis.filter.minimize import KeySource, minimize
from tamis.filter.quarantine import STREAM_QUARANTINE_SCHEMA
from tamis.filter.tally import Tally
from tamis.formats.chunk import Chunk, rejects_of
from tamis.keys.sealed import Original, PublicKey, seal
from tamis.plan.plan import Plan
from tamis.streams.messages import Decode, Gathered, Message, decode, find_outside


@dataclass(frozen=True)
class Span:
    """Messages of one partition: from offset `first` to before `next`.

    Attributes:
        records: messages; fewer than offsets where the broker left some out.
        bytes: of their payloads.
    """

    first: int
    next: int
    records: int
    bytes: int

    def extended(self, later: "Span") -> "Span":
        """This span and `later`, which begins where it ends or behind."""
        return Span(self.first, later.next, self.records + later.records, self.bytes + later.bytes)


@dataclass(frozen=True)
class Rows:
    """N rows and where each comes from.

    Attributes:
        partitions: N int32.
        offsets: N int64.
    """

    data: pa.RecordBatch = field(repr=False)
    partitions: pa.Int32Array
    offsets: pa.Int64Array


@dataclass(frozen=True)
class Judged:
    """What became of gathered messages; sinks commit all of it or nothing.

    Attributes:
        released: by release id, where it has rows.
        quarantined: with the columns of `STREAM_QUARANTINE_SCHEMA`.
        tally: the counts; they reconcile.
        spans: by partition, what was read.
        found: names of the schema that some message had.
    """

    source: str
    released: Mapping[str, Rows]
    quarantined: Rows
    tally: Tally
    spans: Mapping[int, Span]
    found: frozenset[str] = field(default_factory=frozenset)


@dataclass(frozen=True)
class Judge:
    """Judges the messages of one stream under one plan.

    Attributes:
        run: the tag `legal_run`.
        read: a payload to a record.
        keys: derives the keys of pseudonyms.
        seal_to: the key that originals are sealed to, or None to let them go.
    """

    plan: Plan
    run: str
    read: Decode
    keys: KeySource | None = None
    seal_to: PublicKey | None = None

    def judge(self, gathered: Gathered) -> Judged:
        """Judge N messages.

        Raises:
            RunError: something failed that nobody foresaw; its text holds no value.
        """
        with value_free(f"judging {len(gathered.messages)} messages of {gathered.source}"):
            return self._judge(gathered)

    def _judge(self, gathered: Gathered) -> Judged:
        messages = gathered.messages
        chunk, found = decode(gathered, self.plan, self.read)
        if any(release.nir == "absent" for release in self.plan.releases):
            chunk = _reject(chunk, find_outside(messages))
        done = minimize(chunk.data, self.plan, run=self.run, keys=self.keys)
        tally = Tally(unknown=set(chunk.unknown))
        tally.add(done.tally)
        tally.records += chunk.rejects.num_rows
        tally.quarantine.update(chunk.rejects.column("reason").to_pylist())
        partitions = pa.array([one.partition for one in messages], pa.int32())
        offsets = pa.array([one.offset for one in messages], pa.int64())

        def rows(data: pa.RecordBatch, at: pa.Int64Array) -> Rows:
            return Rows(data, partitions.take(at), offsets.take(at))

        released = {
            release: rows(data, chunk.positions.take(done.rows[release]))
            for release, data in done.released.items()
            if data.num_rows
        }
        at, quarantined = self._quarantine(gathered, chunk, done.quarantined)
        return Judged(
            gathered.source,
            released,
            rows(quarantined, at),
            tally,
            _spans(messages),
            found,
        )

    def _quarantine(
        self, gathered: Gathered, chunk: Chunk, judged: pa.RecordBatch
    ) -> tuple[pa.Int64Array, pa.RecordBatch]:
        rejects = chunk.rejects
        at = pa.concat_arrays(
            [chunk.positions.take(judged.column("row")), rejects.column("position")]
        )
        order = pc.sort_indices(at)
        at = at.take(order)
        messages = [gathered.messages[index] for index in at.to_pylist()]
        sources = [partition_uri(gathered.source, one.partition) for one in messages]
        sealed = [
            self._seal(message, source) for message, source in zip(messages, sources, strict=True)
        ]
        told = [
            pa.concat_arrays([judged.column(name), rejects.column(name)]).take(order)
            for name in ("reason", "field", "rule")
        ]
        columns = [
            pa.repeat(pa.scalar(self.run), len(at)),
            pa.array(sources, pa.string()),
            pa.array([one.offset for one in messages], pa.int64()),
            *told,
            pa.array(sealed, pa.large_binary()),
        ]
        return at, pa.RecordBatch.from_arrays(columns, schema=STREAM_QUARANTINE_SCHEMA)

    def _seal(self, message: Message, source: str) -> bytes | None:
        if self.seal_to is None:
            return None
        original = Original(message.value, message.key, message.headers)
        return seal(original, self.seal_to, source, message.offset)


def partition_uri(source: str, partition: int) -> str:
    """A partition of a topic as receipts and quarantine rows name it; Pub/Sub has none.

    Example:
        >>> partition_uri("kafka://broker:9092/feed", 3)
        'kafka://broker:9092/feed/3'
    """
    return f"{source}/{partition}" if is_ordered(source) else source


def is_ordered(source: str) -> bool:
    """Whether messages of `source` have offsets that count up, as those of Pub/Sub have not."""
    return not source.startswith("pubsub://")


def _reject(chunk: Chunk, outside: Mapping[int, str]) -> Chunk:
    """`chunk` with its records in `outside` rejected."""
    if not outside:
        return chunk
    stays = pa.array(~np.isin(chunk.positions.to_numpy(), list(outside)))
    rejects = rejects_of(
        [
            (index, "nir-leak", outside[index], "holds a NIR")
            for index in chunk.positions.to_pylist()
            if index in outside
        ]
    )
    return Chunk(
        chunk.data.filter(stays),
        chunk.positions.filter(stays),
        pa.concat_batches([chunk.rejects, rejects]),
        chunk.unknown,
    )


def _spans(messages: tuple[Message, ...]) -> dict[int, Span]:
    offsets: dict[int, list[int]] = defaultdict(list)
    sizes: Counter[int] = Counter()
    for partition, offset, value, _, _ in messages:
        offsets[partition].append(offset)
        sizes[partition] += len(value or b"")
    return {
        partition: Span(own[0], own[-1] + 1, len(own), sizes[partition])
        for partition, own in offsets.items()
    }
