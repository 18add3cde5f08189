"""What became of the messages of one bundle in one window: the element that leaves the judge.

A message as it came never leaves the step that judges it. A portion may travel between workers
and rest in a runner's shuffle: it holds released rows, why others were quarantined, sealed
originals and counts.
"""

import pickle
import struct
from dataclasses import dataclass, replace

import pyarrow as pa
from apache_beam import coders
from apache_beam.coders.typecoders import registry

from tamis.beam.batch import from_ipc, to_ipc
from tamis.streams.judge import Judged, Rows

_COUNT = struct.Struct("<Q")
_PLACES = pa.schema(
    [
        pa.field("partition", pa.int32(), nullable=False),
        pa.field("offset", pa.int64(), nullable=False),
    ]
)


@dataclass(frozen=True, eq=False)
class Portion:
    """What became of some messages of one window.

    Attributes:
        judged: their rows and counts.
        ids: the sum of a digest of each message's id, modulo 2^64: the same for the same messages,
            in whatever order and portions they come.
    """

    judged: Judged
    ids: int

    def without_rows(self) -> "Portion":
        """The counts alone."""
        none = self.judged.quarantined
        empty = Rows(none.data.slice(0, 0), none.partitions.slice(0, 0), none.offsets.slice(0, 0))
        return replace(self, judged=replace(self.judged, released={}, quarantined=empty))


class PortionCoder(coders.Coder):
    """Counts and names, then rows in Arrow IPC, sealed: no neighbour of a slice travels along."""

    def encode(self, value: Portion) -> bytes:
        """The portion as bytes: the number of parts, the length of each, the parts."""
        judged = value.judged
        outputs = [*judged.released.items(), ("", judged.quarantined)]
        names = [name for name, _ in outputs]
        counts = (judged.source, judged.tally, dict(judged.spans), judged.found, value.ids, names)
        parts = [pickle.dumps(counts)]
        for _, rows in outputs:
            places = pa.RecordBatch.from_arrays([rows.partitions, rows.offsets], schema=_PLACES)
            parts += [to_ipc(rows.data), to_ipc(places)]
        return b"".join(
            [_COUNT.pack(len(parts)), *(_COUNT.pack(len(one)) for one in parts), *parts]
        )

    def decode(self, encoded: bytes) -> Portion:
        """The portion that `encode` wrote."""
        (number,) = _COUNT.unpack_from(encoded)
        lengths = [_COUNT.unpack_from(encoded, _COUNT.size * (1 + n))[0] for n in range(number)]
        buffer = pa.py_buffer(encoded)
        parts, start = [], _COUNT.size * (1 + number)
        for length in lengths:
            parts.append(buffer.slice(start, length))
            start += length
        source, tally, spans, found, ids, names = pickle.loads(parts[0].to_pybytes())
        outputs = {}
        for name, data, places in zip(names, parts[1::2], parts[2::2], strict=True):
            outputs[name] = Rows(from_ipc(data), *from_ipc(places).columns)
        quarantined = outputs.pop("")
        return Portion(Judged(source, outputs, quarantined, tally, spans, found), ids)

    def estimate_size(self, value: Portion) -> int:
        """About how many bytes the rows take."""
        judged = value.judged
        return sum(int(one.data.nbytes) for one in (*judged.released.values(), judged.quarantined))

    def is_deterministic(self) -> bool:
        """False: a set may be written in another order. A portion is no key."""
        return False

    def to_type_hint(self) -> type[Portion]:
        """The type that this coder is for."""
        return Portion


registry.register_coder(Portion, PortionCoder)
