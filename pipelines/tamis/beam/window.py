"""`JudgedWindow`: what became of the messages of one bundle that fall into one window.

A message as it came never leaves the step that judges it. What it became may travel between
workers and rest in a runner's shuffle: released rows, why other messages were quarantined, sealed
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
class JudgedWindow:
    """What became of some messages of one window.

    Attributes:
        judged: their rows and counts.
        ids: the sum of a digest of each message's id, modulo 2^64: the same for the same messages,
            in whatever order and bundles they come.
    """

    judged: Judged
    ids: int

    def without_rows(self) -> "JudgedWindow":
        """Return the counts alone."""
        none = self.judged.quarantined
        empty = Rows(none.data.slice(0, 0), none.partitions.slice(0, 0), none.offsets.slice(0, 0))
        return replace(self, judged=replace(self.judged, released={}, quarantined=empty))


class JudgedWindowCoder(coders.Coder):
    """Counts and names, then rows in Arrow IPC, scrubbed: no neighbour of a slice travels along."""

    def encode(self, value: JudgedWindow) -> bytes:
        """Encode to the number of parts, the length of each, and the parts."""
        judged = value.judged
        outputs = [*judged.released.items(), ("", judged.quarantined)]
        names = [name for name, _ in outputs]
        counts = (
            judged.source,
            judged.tally,
            dict(judged.ranges),
            judged.present,
            value.ids,
            names,
        )
        parts = [pickle.dumps(counts)]
        for _, rows in outputs:
            places = pa.RecordBatch.from_arrays([rows.partitions, rows.offsets], schema=_PLACES)
            parts += [to_ipc(rows.data), to_ipc(places)]
        return b"".join(
            [_COUNT.pack(len(parts)), *(_COUNT.pack(len(part)) for part in parts), *parts]
        )

    def decode(self, encoded: bytes) -> JudgedWindow:
        """Decode what `encode` wrote."""
        (number,) = _COUNT.unpack_from(encoded)
        lengths = [_COUNT.unpack_from(encoded, _COUNT.size * (1 + n))[0] for n in range(number)]
        buffer = pa.py_buffer(encoded)
        parts, start = [], _COUNT.size * (1 + number)
        for length in lengths:
            parts.append(buffer.slice(start, length))
            start += length
        source, tally, ranges, present, ids, names = pickle.loads(parts[0].to_pybytes())  # noqa: S301 (made by `encode`)
        outputs = {}
        for name, data, places in zip(names, parts[1::2], parts[2::2], strict=True):
            outputs[name] = Rows(from_ipc(data), *from_ipc(places).columns)
        quarantined = outputs.pop("")
        return JudgedWindow(Judged(source, outputs, quarantined, tally, ranges, present), ids)

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


registry.register_coder(JudgedWindow, JudgedWindowCoder)
