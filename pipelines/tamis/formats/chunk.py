"""What a reader hands on: some rows of one input, and what it could not read.

Chunks are cut by place in the input: every `CHUNK_RECORDS` records (rejects included), never by
bytes, so that what is dropped cannot move a boundary.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import pyarrow as pa

CHUNK_RECORDS = 65_536
"""Records in a chunk, the last one of an input (or of a Parquet row group) excepted."""

FAULTS = "_tamis_faults"
"""Name of the optional column list<string>: paths of the fields whose value in this row could not
be brought into the column's type. The filter judges them when, and only when, it judges the field."""

REJECTS = pa.schema(
    [
        pa.field("position", pa.int64(), nullable=False),
        pa.field("reason", pa.string(), nullable=False),
        pa.field("field", pa.string(), nullable=False),
        pa.field("rule", pa.string(), nullable=False),
    ]
)
"""Records that a reader could not read: where, why, which field (may be empty), by which rule."""

Reject = tuple[int, str, str, str]


@dataclass(frozen=True)
class Chunk:
    """N rows of one input, and its rejects.

    Attributes:
        data: N rows; the columns that the plan reads, by their top-level names.
        positions: N int64: 1-based record, row or line number in the input, as the format counts.
        rejects: columns as `REJECTS`; they count as records that came in.
        unknown: columns of the input that the schema does not name.
        missing: columns of the schema that the input does not have.
        anomalies: counts of what is odd, by name.
    """

    data: pa.RecordBatch
    positions: pa.Int64Array
    rejects: pa.RecordBatch = field(default_factory=lambda: rejects_of(()))
    unknown: frozenset[str] = frozenset()
    missing: frozenset[str] = frozenset()
    anomalies: Mapping[str, int] = field(default_factory=dict)


def rejects_of(rows: Iterable[Reject]) -> pa.RecordBatch:
    """A batch of rejects, with the columns of `REJECTS`."""
    columns = list(zip(*rows, strict=True)) or [(), (), (), ()]
    arrays = [pa.array(column, type=one.type) for column, one in zip(columns, REJECTS, strict=True)]
    return pa.RecordBatch.from_arrays(arrays, schema=REJECTS)
