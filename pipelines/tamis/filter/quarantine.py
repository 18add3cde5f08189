"""Quarantine: records that cannot be released, and why; and the schemas of quarantine rows.

A record is quarantined once, for the first of its reasons in the order of `REASONS`, and for the
first field in the schema that has this reason.
"""

import re
from collections.abc import Mapping
from typing import Final

import numpy as np
import pyarrow as pa

from tamis.arrow.types import Bools, Ints
from tamis.filter.tally import REASONS, Cause, QuarantineCount, Reason, merge_causes

FAULTS: Final = "_tamis_faults"
"""Name of the optional column list<string>: paths of the fields whose value in this row could not
be brought into the column's type. The filter judges them when, and only when, it judges the
field. Behind `RULE` may stand what was not met, where it is another thing than the type."""

RULE: Final = ": "

REASON_FIELDS: Final = tuple(
    pa.field(name, pa.string(), nullable=False) for name in ("reason", "field", "rule")
)
"""Why a record is quarantined, for which field by its path (may be empty), by which rule."""

QUARANTINED: Final = pa.schema([pa.field("row", pa.int64(), nullable=False), *REASON_FIELDS])
"""QuarantineCount records of a batch: one row a record, by its row in the batch."""

REJECTS: Final = pa.schema([pa.field("position", pa.int64(), nullable=False), *REASON_FIELDS])
"""Records that a reader could not read, by their positions in the source."""

QUARANTINE_SCHEMA: Final = pa.schema(
    [
        pa.field("run", pa.string(), nullable=False),
        pa.field("source", pa.string(), nullable=False),
        *REJECTS,
    ]
)
"""QuarantineCount records as a store holds them: where, why, and no value."""

STREAM_QUARANTINE_SCHEMA: Final = QUARANTINE_SCHEMA.append(pa.field("sealed", pa.large_binary()))
"""The same of a stream, with the original message sealed to a public key, or null.

`position` is the offset, and `source` names the partition.
"""


_LINE = re.compile(r"line \d+: ")


def count_causes(rows: pa.RecordBatch | pa.Table) -> dict[Cause, QuarantineCount]:
    """Count quarantine rows by reason, field and rule, and find the first of each.

    Args:
        rows: N rows with the columns of `QUARANTINED` or `QUARANTINE_SCHEMA`.

    Example:
        >>> failures = Failures(3, {"nir": 0})
        >>> failures.add(np.array([1, 2]), "null", "nir", "nullable: false")
        >>> for cause, quarantined in count_causes(failures.as_batch()).items():
        ...     print(*cause, quarantined.records, quarantined.position)
        null nir nullable: false 2 1
    """
    if not rows.num_rows:
        return {}
    table = rows if isinstance(rows, pa.Table) else pa.Table.from_batches([rows])
    position = "position" if "position" in table.schema.names else "row"
    keys = [name for name in ("source", "reason", "field", "rule") if name in table.schema.names]
    grouped = table.group_by(keys, use_threads=False).aggregate(
        [(position, "count"), (position, "min")]
    )
    return merge_causes(
        (
            cause_of(row["reason"], row["field"], row["rule"]),
            QuarantineCount(
                row[f"{position}_count"], row.get("source", ""), row[f"{position}_min"]
            ),
        )
        for row in grouped.to_pylist()
    )


def cause_of(reason: str, field: str, rule: str) -> Cause:
    """The cause under which a quarantine row counts: without a line's number in its rule.

    Example:
        >>> cause_of("unreadable", "", "line 7: is no rubrique").rule
        'is no rubrique'
    """
    return Cause(reason, field, _LINE.sub("", rule, count=1))


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
