"""A stream as a Beam pipeline: an unbounded source, the judge, the step that commits.

    ReadStream ── Gathered ──> Judge ── Judged ──> Commit

All three are fused on the local runner, which calls them by turns in one thread; the session
commits in another, while the next messages are gathered. What is in flight never leaves the
process; its coders refuse to encode.
"""

from collections.abc import Iterable, Iterator
from typing import Any

import apache_beam as beam
from apache_beam import coders
from apache_beam.coders.typecoders import registry
from apache_beam.io.unbounded_source import (
    CheckpointMark,
    ReadFromUnboundedSource,
    UnboundedReader,
    UnboundedSource,
)
from apache_beam.metrics.metric import Metrics
from apache_beam.pvalue import PBegin, PCollection
from apache_beam.typehints.decorators import no_annotations
from apache_beam.utils.timestamp import MAX_TIMESTAMP, MIN_TIMESTAMP, Timestamp

from tamis.beam.minimize import KeyRef, PinnedKeys, RecordCounters
from tamis.errors import RunError, value_free
from tamis.keys.sealed import PublicKey
from tamis.plan.plan import Plan
from tamis.streams.judge import Judge, Judged
from tamis.streams.messages import Decode, Gathered
from tamis.streams.session import Session

BUNDLE_SECONDS = 0.25
"""Time after which a bundle ends, and the source is told what is durable."""

IDLE_SECONDS = 1.0
"""Time after which a bundle ends in which no message came."""

LAP_BUNDLES = 1_000
"""Bundles after which the pipeline ends and another begins on the same session: the local runner
keeps some 25 KB of each bundle as long as a pipeline runs (Beam 2.77.0)."""

sessions: dict[str, Session] = {}
"""Sessions of this process by the stream's id: where a source and its sink meet."""


class _StayingCoder(coders.Coder):
    """A coder for what never leaves the process."""

    def encode(self, value: object) -> bytes:
        raise RunError("messages of a stream do not travel between workers: use one local worker")

    def decode(self, encoded: bytes) -> object:
        raise RunError("messages of a stream do not travel between workers: use one local worker")

    def estimate_size(self, value: object) -> int:
        return 1

    def is_deterministic(self) -> bool:
        return True


class _GatheredCoder(_StayingCoder):
    def to_type_hint(self) -> type[Gathered]:
        return Gathered


class _JudgedCoder(_StayingCoder):
    def to_type_hint(self) -> type[Judged]:
        return Judged


registry.register_coder(Gathered, _GatheredCoder)
registry.register_coder(Judged, _JudgedCoder)


class _Mark(CheckpointMark):
    """The sink keeps the positions; a mark only passes on that a bundle has ended."""

    def __init__(self, stream: str) -> None:
        self._stream = stream

    def finalize_checkpoint(self) -> None:
        session = sessions.get(self._stream)
        if session is not None:
            session.acknowledge()


class _Reader(UnboundedReader):
    def __init__(self, stream: str) -> None:
        self._stream = stream
        self._session = sessions[stream]
        self._gathered: Gathered | None = None
        self._bundles = 0

    def start(self) -> bool:
        return self.advance()

    def advance(self) -> bool:
        with value_free("reading"):
            self._gathered = None
            if self._bundles < LAP_BUNDLES:
                self._gathered = self._session.gather(IDLE_SECONDS)
        return self._gathered is not None

    def get_current(self) -> Gathered | None:
        return self._gathered

    def get_current_timestamp(self) -> Timestamp:
        return Timestamp.now()

    def get_watermark(self) -> Timestamp:
        ended = self._session.ending or self._bundles >= LAP_BUNDLES
        return MAX_TIMESTAMP if ended else MIN_TIMESTAMP

    def get_checkpoint_mark(self) -> CheckpointMark:
        self._bundles += 1
        return _Mark(self._stream)


class _Source(UnboundedSource):
    def __init__(self, stream: str) -> None:
        self._stream = stream

    def split(self, desired_num_splits: int, options: Any = None) -> Iterable[UnboundedSource]:
        return [self]

    def create_reader(self, options: Any, checkpoint_mark: Any) -> UnboundedReader:
        return _Reader(self._stream)

    def get_checkpoint_mark_coder(self) -> coders.Coder:
        return coders.PickleCoder()

    def default_output_coder(self) -> coders.Coder:
        return _GatheredCoder()


class _JudgeFn(beam.DoFn):
    """Gathered messages in, what became of them out."""

    def __init__(
        self, plan: Plan, stream: str, read: Decode, keys: KeyRef | None, seal_to: PublicKey | None
    ) -> None:
        self._plan = plan
        self._stream = stream
        self._read = read
        self._ref = keys
        self._seal_to = seal_to

    def setup(self) -> None:
        keys = None if self._ref is None else PinnedKeys(self._ref)
        self._judge = Judge(self._plan, self._stream, self._read, keys, self._seal_to)

    def process(self, gathered: Gathered) -> Iterator[Judged]:
        yield self._judge.judge(gathered)


class _CommitFn(beam.DoFn):
    """What was judged in, nothing out: it is committed."""

    def __init__(self, stream: str) -> None:
        self._stream = stream

    def setup(self) -> None:
        self._counters = RecordCounters()
        self._lag = Metrics.gauge("tamis", "lag-records")
        self._sizes = Metrics.distribution("tamis", "gathered-records")

    def process(self, judged: Judged) -> None:
        session = sessions[self._stream]
        with value_free(f"committing messages of {judged.source}"):
            if not session.commit(judged):
                return
        self._counters.add(judged.tally)
        self._sizes.update(judged.tally.records)
        self._lag.set(session.lag)


class Stream(beam.PTransform[PBegin, PCollection[None]]):
    """Read a stream, judge it and commit it, until its session ends.

    Args:
        plan: what the messages are judged by.
        stream: id of the stream, whose session is in `sessions`.
        read: a payload to a record.
        keys: where the keys of pseudonyms are, or None.
        seal_to: the key that originals of quarantined messages are sealed to, or None.
    """

    def __init__(
        self,
        plan: Plan,
        stream: str,
        read: Decode,
        keys: KeyRef | None = None,
        seal_to: PublicKey | None = None,
    ) -> None:
        super().__init__()
        self._source = _Source(stream)
        self._judge = _JudgeFn(plan, stream, read, keys, seal_to)
        self._commit = _CommitFn(stream)

    @no_annotations  # type: ignore[untyped-decorator]
    def expand(self, begin: PBegin) -> PCollection[None]:
        """Wire source, judge and sink."""
        gathered = begin | "Read" >> ReadFromUnboundedSource(
            self._source, poll_interval=0, max_read_time_seconds=BUNDLE_SECONDS
        )
        gathered.element_type = Gathered
        judged = gathered | "Judge" >> beam.ParDo(self._judge)
        judged.element_type = Judged
        return judged | "Commit" >> beam.ParDo(self._commit)
