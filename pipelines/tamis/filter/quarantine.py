"""Quarantine: records that cannot be released, and why; and the schemas of quarantine rows.

A record is quarantined once, for the first of its reasons in the order of `REASONS`, and for the
first field in the schema that has this reason.
"""

from collections.abc import Iterable, Mapping
from typing import Final, NamedTuple

import numpy as np
import pyarrow as pa

from tamis.arrow.types import Bools, Ints
from tamis.filter.tally import REASONS, Reason

FAULTS: Final = "_tamis_faults"
"""Name of the optional column list<string>: paths of the fields whose value in this row could not
be brought into the column's type. The filter judges them when, and only when, it judges the
field."""

REASON_FIELDS: Final = tuple(
    pa.field(name, pa.string(), nullable=False) for name in ("reason", "field", "rule")
)
"""Why a record is quarantined, for which field by its path (may be empty), by which rule."""

QUARANTINED: Final = pa.schema([pa.field("row", pa.int64(), nullable=False), *REASON_FIELDS])
"""Quarantined records of a batch: one row a record, by its row in the batch."""

REJECTS: Final = pa.schema([pa.field("position", pa.int64(), nullable=False), *REASON_FIELDS])
"""Records that a reader could not read, by their positions in the source."""

QUARANTINE_SCHEMA: Final = pa.schema(
    [
        pa.field("run", pa.string(), nullable=False),
        pa.field("source", pa.string(), nullable=False),
        *REJECTS,
    ]
)
"""Quarantined records as a store holds them: where, why, and no value."""

STREAM_QUARANTINE_SCHEMA: Final = QUARANTINE_SCHEMA.append(pa.field("sealed", pa.large_binary()))
"""The same of a stream, with the original message sealed to a public key, or null.

`position` is the offset, and `source` names the partition.
"""


class Failure(NamedTuple):
    """Rows of a batch that fail for one reason.

    Attributes:
        rows: their places in the batch.
        reason: why.
        path: of the field.
        rule: that was not kept.
    """

    rows: Ints
    reason: Reason
    path: str
    rule: str


_FINE = np.iinfo(np.int64).max


class Failures:
    """Which rows of a batch are quarantined, and for which failure.

    Args:
        records: rows of the batch.
        order: by path, the place of each field in the schema.

    Example:
        >>> failures = Failures(3, {"nir": 0, "nom": 1})
        >>> wrong = Failure(np.array([2]), "nir-key", "nir", "identifier: nir")
        >>> failures.add([Failure(np.array([0, 2]), "null", "nom", "nullable: false"), wrong])
        >>> failures.as_batch().column("field").to_pylist(), failures.rows.tolist()
        (['nom', 'nom'], [True, False, True])
    """

    def __init__(self, records: int, order: Mapping[str, int]) -> None:
        self._order = order
        self._ranks = np.full(records, _FINE)
        self._failures = np.zeros(records, dtype=np.int64)
        self._known: dict[tuple[Reason, str, str], int] = {}

    def add(self, failures: Iterable[Failure]) -> None:
        """Quarantine the rows of `failures`; of two rules for the same reason the first counts."""
        last = len(self._order)
        for rows, reason, path, rule in failures:
            if len(rows):
                rank = REASONS.index(reason) * (last + 1) + self._order.get(path, last)
                lower = rows[rank < self._ranks[rows]]
                self._ranks[lower] = rank
                why = self._known.setdefault((reason, path, rule), len(self._known))
                self._failures[lower] = why

    @property
    def rows(self) -> Bools:
        """Which rows failed."""
        failed: Bools = self._ranks != _FINE
        return failed

    def as_batch(self) -> pa.RecordBatch:
        """The columns of `QUARANTINED`, one row a failed row."""
        rows = np.flatnonzero(self.rows)
        known = list(self._known)
        places = pa.array(self._failures[rows])
        texts = [
            pa.array([failure[part] for failure in known], pa.string()).take(places)
            for part in range(3)
        ]
        return pa.RecordBatch.from_arrays([pa.array(rows), *texts], schema=QUARANTINED)
