"""The element of every Tamis pipeline: a record batch, where it comes from, and its own coder.

Records travel as Arrow, opaque to Beam.
Without a coder of its own Beam would pickle a batch, and a pickled slice ships its neighbours.
"""

import json
import struct
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa
from apache_beam import coders
from apache_beam.coders.typecoders import registry

from tamis.arrow.scrub import scrub_batch
from tamis.filter.quarantine import REJECTS
from tamis.formats.chunk import Chunk, PartKey, rejects_of

_LENGTHS = struct.Struct("<4Q")
_POSITIONS = pa.schema([pa.field("position", pa.int64(), nullable=False)])
_FIRST = PartKey(0, 0)
_NOTHING = pa.RecordBatch.from_arrays([], names=[])


@dataclass(frozen=True)
class Input:
    """An input that was read to its end, as the receipt lists it, or what was learned of a part.

    Attributes:
        uri: without credentials.
        rows: records that the reader handed on, rejects included.
        bytes: of the file, or of one block of it.
        sha256: of the same, in hexadecimal.
        sha256_tree: of a file that was digested by blocks, in its place.
        index: number of the input among the run's, where there is only a part.
        block: number of the block; None for all of the file.
        missing: of a range, columns of the schema that it does not have; None elsewhere.
        lines: of a range of envois, whose `rows` are added to those of the input, its first line
            and the first behind it; None elsewhere.

    Example:
        >>> Input("in.csv", rows=2, bytes=41, sha256="9f…").rows
        2
    """

    uri: str
    rows: int
    bytes: int
    sha256: str = ""
    sha256_tree: str = ""
    index: int = 0
    block: int | None = None
    missing: tuple[str, ...] | None = None
    lines: tuple[int, int] | None = None


def _no_rows() -> Chunk:
    return Chunk(_NOTHING, pa.array([], pa.int64()))


@dataclass(frozen=True, eq=False, repr=False)
class Batch:
    """N rows of one part of one input: the element of pipelines, with a coder of its own.

    Attributes:
        chunk: the rows, and what the reader said of them.
        source: the input's URI, without credentials.
        part: the part of the input, as it names files.
        seq: the batch's place in its part.
        inputs: inputs that end with this batch.

    Example:
        >>> chunk = Chunk(pa.record_batch({"nom": ["Durand"]}), pa.array([7]))
        >>> batch = Batch(chunk, "in.csv")
        >>> batch
        Batch(1 row of in.csv, part 00000-00000, batch 0)
        >>> batch.data.schema.names, batch.positions.to_pylist()
        (['nom'], [7])
    """

    chunk: Chunk = field(default_factory=_no_rows)
    source: str = ""
    part: PartKey = _FIRST
    seq: int = 0
    inputs: tuple[Input, ...] = ()

    @property
    def data(self) -> pa.RecordBatch:
        """N rows, any schema; in a quarantine output the columns of `QUARANTINE_SCHEMA`."""
        return self.chunk.data

    @property
    def positions(self) -> pa.Int64Array:
        """N int64, the rows' positions in the source."""
        return self.chunk.positions

    def __repr__(self) -> str:
        """The number of rows and where they come from; no value."""
        rows = self.data.num_rows
        return (
            f"Batch({rows} row{'' if rows == 1 else 's'} of {self.source}, "
            f"part {self.part}, batch {self.seq})"
        )


class BatchCoder(coders.Coder):
    """Arrow IPC between workers: scrubbed first, so that no neighbour of a slice travels along."""

    def encode(self, value: Batch) -> bytes:
        """The batch as bytes: four lengths, a JSON header, three IPC streams."""
        chunk = value.chunk
        header = json.dumps(
            {
                "source": value.source,
                "part": list(value.part),
                "seq": value.seq,
                "unknown": dict(chunk.unknown),
                "missing": sorted(chunk.missing),
                "anomalies": dict(chunk.anomalies),
                "skipped": dict(chunk.skipped),
                "inputs": [vars(read) for read in value.inputs],
            },
            sort_keys=True,
        ).encode()
        positions = pa.RecordBatch.from_arrays([value.positions], schema=_POSITIONS)
        parts = [header, *map(to_ipc, (chunk.data, positions, chunk.rejects))]
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
        chunk = Chunk(
            data,
            positions.column(0),
            rejects,
            header["unknown"],
            frozenset(header["missing"]),
            header["anomalies"],
            header["skipped"],
        )
        inputs = tuple(_input_of(**read) for read in header["inputs"])
        return Batch(chunk, header["source"], PartKey(*header["part"]), header["seq"], inputs)

    def estimate_size(self, value: Batch) -> int:
        """About how many bytes the batch takes, without encoding it only to weigh it."""
        tables = int(value.data.nbytes) + int(value.chunk.rejects.nbytes)
        return tables + 8 * len(value.positions)

    def is_deterministic(self) -> bool:
        """True: the same batch has the same bytes."""
        return True

    def to_type_hint(self) -> type[Batch]:
        """The type that this coder is for."""
        return Batch


registry.register_coder(Batch, BatchCoder)


def _input_of(missing: list[str] | None, lines: list[int] | None, **others: Any) -> Input:
    first, end = lines or (0, 0)
    return Input(
        **others,
        missing=None if missing is None else tuple(missing),
        lines=(first, end) if lines else None,
    )


def to_ipc(batch: pa.RecordBatch) -> bytes:
    """N rows as an Arrow IPC stream, scrubbed; nothing for no rows of `REJECTS`."""
    if batch.num_rows == 0 and batch.schema.equals(REJECTS):
        return b""
    # A batch without columns has its number of rows and nothing else.
    scrubbed = scrub_batch(batch) if batch.num_columns else batch.replace_schema_metadata(None)
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, scrubbed.schema) as writer:
        writer.write_batch(scrubbed)
    return sink.getvalue().to_pybytes()


def from_ipc(buffer: pa.Buffer) -> Any:
    """The rows that `to_ipc` wrote."""
    if buffer.size == 0:
        return rejects_of(())
    with pa.ipc.open_stream(buffer) as reader:
        return reader.read_next_batch()
