"""Kafka on an engine that distributes: a splittable DoFn in which each partition is one element.

    a partition, and where it was cut │ CommitPartition: a session of the loop, again and again

An element is never done: each time it is processed a session of the loop that runs on one machine
(`tamis.streams.session`) reads what waits in the partition, judges it and commits it, for some
seconds at most; then the engine is asked to come again. Records never leave the step. The engine
shares out partitions and starts what has died; what is committed, and where a partition is cut, is
known by the store alone (`tamis.streams.into_shared_folder`), so that nothing that an engine loses,
repeats or does twice at once has a part in it.
"""

import datetime
import logging
import os
import threading
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Any

import apache_beam as beam
from apache_beam.io.restriction_trackers import OffsetRange, OffsetRestrictionTracker
from apache_beam.transforms.core import RestrictionProvider
from apache_beam.utils.timestamp import Duration

from tamis.address import KafkaAddress
from tamis.beam.keys import KeyRef, PinnedKeys, with_list
from tamis.beam.minimize import RecordCounters
from tamis.errors import RefusedError, value_free
from tamis.evidence.receipt import RunKeys
from tamis.filter.gate.columns import ColumnSketch
from tamis.language import _
from tamis.plan.plan import Plan
from tamis.streams.from_kafka import KafkaReader
from tamis.streams.into_folder import FolderSink
from tamis.streams.into_shared_folder import Refusal, SharedFolderSink
from tamis.streams.job import StreamJob
from tamis.streams.judge import Judge
from tamis.streams.kafka import BrokerAwayError
from tamis.streams.messages import Decode
from tamis.streams.session import Ending, Session, Settings

LONGEST = datetime.timedelta(seconds=10)
"""How long a partition with much in it keeps a worker from others, and an engine's checkpoint."""

AWAY_SECONDS = 5
"""How long a worker waits for a broker that does not answer, before it asks again."""

_END = (1 << 63) - 1
"""An offset that no topic reaches."""

_log = logging.getLogger(__name__)


class _Tracker(OffsetRestrictionTracker):
    """Offsets that may be left for later, and are not shared with another worker."""

    def try_split(self, fraction_of_remainder: float) -> Any:
        return None if fraction_of_remainder else super().try_split(0)  # type: ignore[no-untyped-call]

    def is_bounded(self) -> bool:
        return False


class _Offsets(RestrictionProvider):
    """From where a partition was cut, as the engine believes, to the end of all offsets."""

    def initial_restriction(self, element: tuple[int, int]) -> OffsetRange:
        return OffsetRange(element[1], _END)

    def create_tracker(self, restriction: OffsetRange) -> _Tracker:
        return _Tracker(restriction)

    def restriction_size(self, element: tuple[int, int], restriction: OffsetRange) -> int:
        return 1


@dataclass(eq=False)
class CommitPartition(beam.DoFn):
    """Partitions of a topic, with where to begin, into a folder; nothing comes out.

    Attributes:
        plan: what the messages are judged by; once it expires, a partition ends.
        job: the stream, into a folder; its source must hold no secret, for it stands in the job.
        keys: where the keys of pseudonyms are, or None.
    """

    plan: Plan
    job: StreamJob
    decode: Decode
    keys: KeyRef | None = None
    key_parts: RunKeys = ()
    salt: bytes = field(default_factory=lambda: os.urandom(16), repr=False)

    def setup(self) -> None:
        self._keys = None if self.keys is None else PinnedKeys(self.keys)
        self._counters = RecordCounters()
        self._refusal = Refusal(self.job.output, self.job.stream)
        self._sketches: dict[str, ColumnSketch] = {}
        self._cuts: dict[int, int] | None = None
        self._shown: dict[int, ExitStack] = {}

    def teardown(self) -> None:
        for shown in self._shown.values():
            shown.close()

    @beam.DoFn.unbounded_per_element()  # type: ignore[untyped-decorator]
    def process(
        self,
        element: tuple[int, int],
        offsets: Any = beam.DoFn.RestrictionParam(_Offsets()),  # noqa: B008 (as Beam has it)
    ) -> None:
        partition, begin = element[0], offsets.current_restriction().start
        if self._refusal.read() is not None:
            offsets.try_claim(_END)
            return
        try:
            with value_free(_("reading partition {partition}", partition=partition)):
                cut, ending = self._commit(partition, begin)
        except RefusedError as error:
            # Were it raised, the engine would begin anew, and know nothing of it.
            self._refusal.write(str(error))
            offsets.try_claim(_END)
            return
        except BrokerAwayError as error:
            _log.warning(str(error))
            offsets.defer_remainder(Duration(AWAY_SECONDS))
            return
        if cut > begin and not offsets.try_claim(cut - 1):
            return  # the engine has asked for the rest already
        if ending == "stopped":  # more may wait
            offsets.defer_remainder()
        elif ending == "caught-up" and not self.job.once:
            offsets.defer_remainder(Duration(self.job.period.total_seconds()))
        else:
            offsets.try_claim(_END)

    def _commit(self, partition: int, begin: int) -> tuple[int, Ending]:
        """Commit what waits in a partition; where it is cut then, and why no more was read."""
        job = self.job
        if self._cuts is None:
            folder = FolderSink(job.output, self.plan, job.stream)
            self._cuts = folder.read_cut(KafkaAddress.of(job.source).shown)
        stop = threading.Event()
        begin = max(begin, self._cuts.get(partition, 0))
        sink = SharedFolderSink(job.output, self.plan, job.stream, partition, begin, stop)
        self._show(partition, sink)
        reader = KafkaReader(job.source, job.stream, job.records, job.seconds, (partition,))
        period = min(job.period, LONGEST)
        judge, key_parts = self._judge()
        settings = Settings(job.stream, period, once=True, key_parts=key_parts)
        session = Session(self.plan, reader, sink, settings, stop, self._sketches)
        try:
            session.open()
            ending = session.run(judge.judge)
        finally:
            session.close()
        self._counters.add(session.committed)
        self._cuts[partition] = sink.durable[partition]
        return self._cuts[partition], ending

    def _judge(self) -> tuple[Judge, RunKeys]:
        """The judge of a session, by the list of limited persons as it is now; and its keys."""
        keys = self._keys
        limited = None if keys is None else keys.limited_now()
        judge = Judge(
            *(self.plan, self.job.stream, self.decode, keys, self.job.seal_to, self.salt),
            limited=limited,
        )
        return judge, with_list(self.key_parts, limited)

    def _show(self, partition: int, sink: SharedFolderSink) -> None:
        if partition not in self._shown:
            with ExitStack() as mark:
                if mark.enter_context(sink.shown_to_others()):
                    self._shown[partition] = mark.pop_all()
