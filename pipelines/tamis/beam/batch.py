"""The element of every Tamis pipeline: a record batch, where it comes from, and its own coder.

Records travel as Arrow, opaque to Beam.
Without a coder of its own Beam would pickle a batch, and a pickled slice ships its neighbours.
"""

import json
import struct
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa
from apache_beam import coders
from apache_beam.coders.typecoders import registry

from tamis.arrow.scrub import scrub_batch
from tamis.formats.chunk import REJECTS, Chunk, rejects_of

_LENGTHS = struct.Struct("<4Q")
_POSITIONS = pa.schema([pa.field("position", pa.int64(), nullable=False)])
_NOTHING = pa.RecordBatch.from_arrays([], names=[])


@dataclass(frozen=True)
class Input:
    """An input that was read to its end: what the receipt says of it.

    Attributes:
        uri: without credentials.
        rows: records that the reader handed on, rejects included.
        bytes: of the file.
        sha256: of the file, in hexadecimal.
    """

    uri: str
    rows: int
    bytes: int
    sha256: str


@dataclass(frozen=True, eq=False)
class Batch:
    """N rows of one part of one input.

    Attributes:
        data: N rows, any schema; in a quarantine output the columns of `QUARANTINE`.
        positions: N int64, the rows' positions in the source.
        source: the input's URI, without credentials.
        part: the part of the input, as it names files.
        seq: the batch's place in its part.
        rejects: what the reader could not read, with the columns of `REJECTS`.
        unknown: columns of the input that the schema does not name.
        missing: columns of the schema that the input does not have.
        anomalies: counts of what the reader found odd, by name.
        inputs: inputs that end with this batch.
    """

    data: pa.RecordBatch = field(default_factory=lambda: _NOTHING, repr=False)
    positions: pa.Int64Array = field(default_factory=lambda: pa.array([], pa.int64()))
    source: str = ""
    part: str = ""
    seq: int = 0
    rejects: pa.RecordBatch = field(default_factory=lambda: rejects_of(()))
    unknown: frozenset[str] = frozenset()
    missing: frozenset[str] = frozenset()
    anomalies: Mapping[str, int] = field(default_factory=dict)
    inputs: tuple[Input, ...] = ()

    @classmethod
    def of(cls, chunk: Chunk, source: str, part: str, seq: int) -> "Batch":
        """The batch of a reader's chunk."""
        return cls(
            chunk.data,
            chunk.positions,
            source,
            part,
            seq,
            chunk.rejects,
            chunk.unknown,
            chunk.missing,
            chunk.anomalies,
        )


class BatchCoder(coders.Coder):
    """Arrow IPC between workers: sealed first, so that no neighbour of a slice travels along."""

    def encode(self, value: Batch) -> bytes:
        """The batch as bytes: four lengths, a JSON header, three IPC streams."""
        header = json.dumps(
            {
                "source": value.source,
                "part": value.part,
                "seq": value.seq,
                "unknown": sorted(value.unknown),
                "missing": sorted(value.missing),
                "anomalies": dict(value.anomalies),
                "inputs": [vars(one) for one in value.inputs],
            },
            sort_keys=True,
        ).encode()
        positions = pa.RecordBatch.from_arrays([value.positions], schema=_POSITIONS)
        parts = [header, *(to_ipc(one) for one in (value.data, positions, value.rejects))]
        return b"".join([_LENGTHS.pack(*map(len, parts)), *parts])

    def decode(self, encoded: bytes) -> Batch:
        """The batch that `encode` wrote."""
        buffer = pa.py_buffer(encoded)
        parts, start = [], _LENGTHS.size
        for length in _LENGTHS.unpack_from(encoded):
            parts.append(buffer.slice(start, length))
            start += length
        header = json.loads(parts[0].to_pybytes())
        data, positions, rejects = (from_ipc(part) for part in parts[1:])
        return Batch(
            data,
            positions.column(0),
            header["source"],
            header["part"],
            header["seq"],
            rejects,
            frozenset(header["unknown"]),
            frozenset(header["missing"]),
            header["anomalies"],
            tuple(Input(**one) for one in header["inputs"]),
        )

    def estimate_size(self, value: Batch) -> int:
        """About how many bytes the batch takes, without encoding it only to weigh it."""
        tables = int(value.data.nbytes) + int(value.rejects.nbytes)
        return tables + 8 * len(value.positions)

    def is_deterministic(self) -> bool:
        """True: the same batch has the same bytes."""
        return True

    def to_type_hint(self) -> type[Batch]:
        """The type that this coder is for."""
        return Batch


registry.register_coder(Batch, BatchCoder)


def to_ipc(batch: pa.RecordBatch) -> bytes:
    """N rows as an Arrow IPC stream, sealed; nothing for no rows of `REJECTS`."""
    if batch.num_rows == 0 and batch.schema.equals(REJECTS):
        return b""
    # A batch without columns has its number of rows and nothing else.
    sealed = scrub_batch(batch) if batch.num_columns else batch.replace_schema_metadata(None)
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, sealed.schema) as writer:
        writer.write_batch(sealed)
    return sink.getvalue().to_pybytes()


def from_ipc(buffer: pa.Buffer) -> Any:
    """The rows that `to_ipc` wrote."""
    if buffer.size == 0:
        return rejects_of(())
    with pa.ipc.open_stream(buffer) as reader:
        return reader.read_next_batch()
