"""Which records are quarantined, and why: of several reasons the first, of one the first field."""

from collections.abc import Mapping

import numpy as np
import pyarrow as pa

from tamis.arrow.types import Bools, Ints
from tamis.filter.tally import REASONS, Reason

QUARANTINED = pa.schema(
    [
        pa.field("row", pa.int64(), nullable=False),
        pa.field("reason", pa.string(), nullable=False),
        pa.field("field", pa.string(), nullable=False),
        pa.field("rule", pa.string(), nullable=False),
    ]
)
"""Why records were quarantined: one row a record, by row of the batch; `field` by its path."""

_FINE = np.iinfo(np.int64).max


class Failures:
    """The failures of a batch of `records` rows.

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
        self._order = order
        self._ranks = np.full(records, _FINE)
        self._failures = np.zeros(records, dtype=np.int64)
        self._known: dict[tuple[Reason, str, str], int] = {}

    def add(self, rows: Ints, reason: Reason, path: str, rule: str) -> None:
        """Let `rows` fail for `reason` at `path`, under `rule`; of two rules the first is told."""
        if not len(rows):
            return
        last = len(self._order)
        rank = REASONS.index(reason) * (last + 1) + self._order.get(path, last)
        rows = rows[rank < self._ranks[rows]]
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
        known = list(self._known)
        places = pa.array(self._failures[rows])
        texts = [
            pa.array([failure[part] for failure in known], pa.string()).take(places)
            for part in range(3)
        ]
        return pa.RecordBatch.from_arrays([pa.array(rows), *texts], schema=QUARANTINED)
