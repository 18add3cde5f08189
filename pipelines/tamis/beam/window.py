"""`JudgedWindow`: what became of the messages of one bundle that fall into one window.

A message as it came never leaves the step that judges it. What it became may travel between
workers and rest in a runner's shuffle: released rows, why other messages were quarantined, sealed
originals and counts. The plan travels along: a job that was updated finds windows that the one
before judged under another plan, and commits them under that.
"""

import pickle
import zlib
from dataclasses import dataclass, replace
from functools import lru_cache

import pyarrow as pa
from apache_beam import coders
from apache_beam.coders.typecoders import registry

from tamis.beam.batch import from_ipc, to_ipc
from tamis.evidence.receipt import KeyPart, RunKeys
from tamis.plan.plan import Plan
from tamis.streams.judge import Judged, Rows

_PLACES = pa.schema(
    [
        pa.field("partition", pa.int32(), nullable=False),
        pa.field("offset", pa.int64(), nullable=False),
    ]
)


@dataclass(frozen=True, eq=False)
class JudgedWindow:
    """What became of some messages of one window.

    Attributes:
        judged: their rows and counts.
        ids: the sum of a digest of each message's id, modulo 2^64: the same for the same messages,
            in whatever order and bundles they come.
        plan: what they were judged by.
        keys: epochs of the keys that their pseudonyms were made under.
    """

    judged: Judged
    ids: int
    plan: Plan
    keys: RunKeys

    @property
    def group(self) -> str:
        """What is committed together has the same group: of one plan, on one day, and one epoch."""
        epochs = sorted((key.item, key.epoch) for key in self.keys if isinstance(key, KeyPart))
        return f"{self.plan.day} {self.plan.sha256} {epochs}"

    def without_rows(self) -> "JudgedWindow":
        """Return the counts alone."""
        none = self.judged.quarantined
        empty = Rows(none.data.slice(0, 0), none.partitions.slice(0, 0), none.offsets.slice(0, 0))
        return replace(self, judged=replace(self.judged, released={}, quarantined=empty))


class JudgedWindowCoder(coders.Coder):
    """Pickles counts, and rows as scrubbed Arrow IPC: no neighbour of a slice travels along."""

    def encode(self, value: JudgedWindow) -> bytes:
        """Encode rows by output, "" for the quarantine, and everything else."""
        judged = value.judged
        outputs = {}
        for name, rows in {**judged.released, "": judged.quarantined}.items():
            places = pa.RecordBatch.from_arrays([rows.partitions, rows.offsets], schema=_PLACES)
            outputs[name] = to_ipc(rows.data), to_ipc(places)
        counts = judged.tally, dict(judged.ranges), judged.present
        law = _packed(value.plan), value.keys
        return pickle.dumps((judged.source, outputs, counts, value.ids, law))

    def decode(self, encoded: bytes) -> JudgedWindow:
        """Decode what `encode` wrote."""
        made = pickle.loads(encoded)  # noqa: S301 (made by `encode`)
        source, outputs, counts, ids, (plan, keys) = made
        released = {
            name: Rows(from_ipc(pa.py_buffer(data)), *from_ipc(pa.py_buffer(places)).columns)
            for name, (data, places) in outputs.items()
        }
        quarantined = released.pop("")
        judged = Judged(source, released, quarantined, *counts)
        return JudgedWindow(judged, ids, _unpacked(plan), keys)

    def estimate_size(self, value: JudgedWindow) -> int:
        """About how many bytes the rows take."""
        judged = value.judged
        outputs = (*judged.released.values(), judged.quarantined)
        return sum(int(rows.data.nbytes) for rows in outputs)

    def is_deterministic(self) -> bool:
        """False: a set may be written in another order."""
        return False

    def to_type_hint(self) -> type[JudgedWindow]:
        """The type that this coder is for."""
        return JudgedWindow


@lru_cache(maxsize=8)
def _packed(plan: Plan) -> bytes:
    return zlib.compress(pickle.dumps(plan))


@lru_cache(maxsize=8)
def _unpacked(plan: bytes) -> Plan:
    made: Plan = pickle.loads(zlib.decompress(plan))  # noqa: S301 (made by `_packed`)
    return made


registry.register_coder(JudgedWindow, JudgedWindowCoder)
