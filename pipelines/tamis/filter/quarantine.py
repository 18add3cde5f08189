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
        self._codes = np.full(records, _FINE)
        self._told: dict[int, tuple[Reason, str, str]] = {}

    def add(self, rows: Ints, reason: Reason, path: str, rule: str) -> None:
        """Let `rows` fail for `reason` at `path`, under `rule`."""
        if not len(rows):
            return
        last = len(self._order)
        code = REASONS.index(reason) * (last + 1) + self._order.get(path, last)
        self._told.setdefault(code, (reason, path, rule))
        self._codes[rows] = np.minimum(self._codes[rows], code)

    @property
    def rows(self) -> Bools:
        """Which rows failed."""
        failed: Bools = self._codes != _FINE
        return failed

    def as_batch(self) -> pa.RecordBatch:
        """The columns of `QUARANTINED`, one row a failed row."""
        rows = np.flatnonzero(self.rows)
        codes, places = np.unique(self._codes[rows], return_inverse=True)
        told = [self._told[int(code)] for code in codes]
        texts = [
            pa.array([one[part] for one in told], pa.string()).take(pa.array(places))
            for part in range(3)
        ]
        return pa.RecordBatch.from_arrays([pa.array(rows), *texts], schema=QUARANTINED)
