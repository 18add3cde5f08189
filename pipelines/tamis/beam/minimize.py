"""`Minimize`: the filter as a Beam transform. It only wires `tamis.filter.minimize`."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

import apache_beam as beam
import pyarrow as pa
import pyarrow.compute as pc
from apache_beam.metrics.metric import Metrics
from apache_beam.pvalue import PCollection, TaggedOutput
from apache_beam.typehints.decorators import no_annotations

from tamis.beam.batch import Batch, Input
from tamis.errors import value_free
from tamis.filter.minimize import KeySource, minimize
from tamis.filter.tally import Tally
from tamis.keys.keyring import DerivedKey, open_keyring
from tamis.plan.plan import Plan

QUARANTINE = pa.schema(
    [
        pa.field("run", pa.string(), nullable=False),
        pa.field("source", pa.string(), nullable=False),
        pa.field("position", pa.int64(), nullable=False),
        pa.field("reason", pa.string(), nullable=False),
        pa.field("field", pa.string(), nullable=False),
        pa.field("rule", pa.string(), nullable=False),
    ]
)
"""Columns of a quarantine row: where and why, and no value."""

_RELEASE = "release:"


@dataclass(frozen=True)
class KeyRef:
    """Where workers find the keys of a run; never the keys themselves.

    Attributes:
        keyring: reference of a keyring, as `tamis.keys.keyring.open_keyring` takes it.
        epoch: the epoch that the run was begun with.
    """

    keyring: str
    epoch: int


class Outputs(NamedTuple):
    """What `Minimize` gives.

    Attributes:
        released: by release id, batches of released records.
        quarantined: batches with the columns of `QUARANTINE`.
        tallies: one `(Tally, inputs)` a batch.
    """

    released: dict[str, PCollection[Batch]]
    quarantined: PCollection[Batch]
    tallies: PCollection[tuple[Tally, tuple[Input, ...]]]


@dataclass
class Minimize(beam.PTransform[PCollection[Batch], Outputs]):
    """Tag, strip and drop: every batch in, one batch a release out, where it has rows.

    Attributes:
        plan: the compiled policy.
        run: id of the run, which becomes the tag `legal_run`.
        keys: where the workers load the keys from, or None.
        throwaway_keys: pseudonymize under keys that nobody keeps, for a dry run.
    """

    plan: Plan
    run: str = ""
    keys: KeyRef | None = None
    throwaway_keys: bool = False

    @no_annotations  # type: ignore[untyped-decorator]
    def expand(self, batches: PCollection[Batch]) -> Outputs:
        """Wire `minimize` to its outputs, each with the batch's own coder."""
        ids = [release.id for release in self.plan.releases]
        tags = [_RELEASE + one for one in ids]
        outputs = batches | "Minimize" >> beam.ParDo(
            _MinimizeFn(self.plan, self.run, self.keys, self.throwaway_keys)
        ).with_outputs("quarantined", *tags, main="tallies")
        released = {one: outputs[_RELEASE + one] for one in ids}
        for collection in (*released.values(), outputs.quarantined):
            collection.element_type = Batch
        return Outputs(released, outputs.quarantined, outputs.tallies)


class ThrowawayKeys:
    """Keys that live as long as the worker, and nobody keeps."""

    def __init__(self) -> None:
        self._keys: dict[tuple[str, str, str], bytes] = {}

    def key(self, processing: str, item: str, method: str) -> DerivedKey:
        key = self._keys.setdefault((processing, item, method), os.urandom(32))
        return DerivedKey(key, 0, "")


class PinnedKeys:
    """A keyring at the epoch that the run was begun with."""

    def __init__(self, ref: KeyRef) -> None:
        self._keyring = open_keyring(ref.keyring)
        self._epoch = ref.epoch

    def key(self, processing: str, item: str, method: str) -> DerivedKey:
        return self._keyring.key(processing, item, method, epoch=self._epoch)


class RecordCounters:
    """Beam's counters of what became of records."""

    def __init__(self) -> None:
        self._in, self._released, self._withheld, self._quarantined = (
            Metrics.counter("tamis", f"{name}-records")
            for name in ("in", "released", "withheld", "quarantined")
        )

    def add(self, tally: Tally) -> None:
        """Count what `tally` counted."""
        self._in.inc(tally.records)
        self._released.inc(tally.released)
        self._withheld.inc(tally.withheld)
        self._quarantined.inc(tally.quarantined)


class _MinimizeFn(beam.DoFn):
    def __init__(self, plan: Plan, run: str, keys: KeyRef | None, throwaway: bool) -> None:
        self._plan = plan
        self._run = run
        self._ref = keys
        self._throwaway = throwaway

    def setup(self) -> None:
        self._keys: KeySource | None = None
        if self._throwaway:
            self._keys = ThrowawayKeys()
        elif self._ref is not None:
            self._keys = PinnedKeys(self._ref)
        self._counters = RecordCounters()

    def process(self, batch: Batch) -> Iterator[Any]:
        if not batch.data.num_rows and not batch.rejects.num_rows:
            yield Tally(unknown=set(batch.unknown), missing=set(batch.missing)), batch.inputs
            return
        with value_free(f"minimizing part {batch.part} of {batch.source}"):
            done = minimize(batch.data, self._plan, run=self._run, keys=self._keys)
        tally = Tally(unknown=set(batch.unknown), missing=set(batch.missing))
        tally.add(done.tally)
        tally.records += batch.rejects.num_rows
        tally.quarantine.update(batch.rejects.column("reason").to_pylist())
        tally.anomalies.update(batch.anomalies)
        for release, data in done.released.items():
            if data.num_rows:
                positions = _at(batch.positions, done.rows[release])
                out = Batch(data, positions, batch.source, batch.part, batch.seq)
                yield TaggedOutput(_RELEASE + release, out)
        if done.quarantined.num_rows or batch.rejects.num_rows:
            data = self._quarantine(batch, done.quarantined)
            out = Batch(data, data.column("position"), batch.source, batch.part, batch.seq)
            yield TaggedOutput("quarantined", out)
        self._counters.add(tally)
        yield tally, batch.inputs

    def _quarantine(self, batch: Batch, judged: pa.RecordBatch) -> pa.RecordBatch:
        """Rows of `QUARANTINE` in the order of the source: what was judged and what was unread."""
        rejects = batch.rejects
        rows = judged.num_rows + rejects.num_rows
        columns = {
            "run": pa.repeat(pa.scalar(self._run), rows),
            "source": pa.repeat(pa.scalar(batch.source), rows),
            "position": pa.concat_arrays(
                [_at(batch.positions, judged.column("row")), rejects.column("position")]
            ),
            **{
                name: pa.concat_arrays([judged.column(name), rejects.column(name)])
                for name in ("reason", "field", "rule")
            },
        }
        data = pa.RecordBatch.from_arrays(list(columns.values()), schema=QUARANTINE)
        order = pc.sort_indices(data, sort_keys=[("position", "ascending")])
        return data.take(order)


def _at(positions: pa.Int64Array, rows: pa.Int64Array) -> pa.Int64Array:
    return positions if len(rows) == len(positions) else positions.take(rows)
