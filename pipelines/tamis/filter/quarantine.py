"""Quarantine: records that cannot be released, and why; and the schemas of quarantine rows.

A record is quarantined once, for the first of its reasons in the order of `REASONS`, and for the
first field in the schema that has this reason.
"""

from collections.abc import Mapping
from typing import Final

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


_FINE = np.iinfo(np.int64).max


class Failures:
    """Which rows of a batch are quarantined and why, and in which a NIR was found.

    Args:
        records: rows of the batch.
        order: by path, the place of each field in the schema.

    Example:
        >>> failures = Failures(3, {"nir": 0, "nom": 1})
        >>> failures.add(np.array([0, 2]), "null", "nom", "nullable: false")
        >>> failures.add(np.array([2]), "nir-key", "nir", "identifier: nir")
        >>> failures.as_batch().column("field").to_pylist(), failures.rows.tolist()
        (['nom', 'nom'], [True, False, True])
    """

    def __init__(self, records: int, order: Mapping[str, int]) -> None:
        self.with_nir: Bools = np.zeros(records, dtype=bool)
        self._order = order
        self._ranks = np.full(records, _FINE)
        self._failures = np.zeros(records, dtype=np.int64)
        self._known: dict[tuple[Reason, str, str], int] = {}

    def add(self, rows: Ints, reason: Reason, path: str, rule: str) -> None:
        """Quarantine `rows`; of two rules for the same reason and field the first counts."""
        last = len(self._order)
        rank = REASONS.index(reason) * (last + 1) + self._order.get(path, last)
        rows = rows[rank < self._ranks[rows]]
        if len(rows):
            self._ranks[rows] = rank
            self._failures[rows] = self._known.setdefault((reason, path, rule), len(self._known))

    @property
    def rows(self) -> Bools:
        """Which rows failed."""
        failed: Bools = self._ranks != _FINE
        return failed

    def as_batch(self) -> pa.RecordBatch:
        """The columns of `QUARANTINED`, one row a failed row."""
        rows = np.flatnonzero(self.rows)
        places = pa.array(self._failures[rows])
        columns = [
            pa.array([failure[part] for failure in self._known], pa.string()).take(places)
            for part in range(3)
        ]
        return pa.RecordBatch.from_arrays([pa.array(rows), *columns], schema=QUARANTINED)
