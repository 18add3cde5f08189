"""What a receipt says of released rows, looked at again where the store can give them."""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tamis.evidence.receipt import ReleasePart
from tamis.filter.compiled import CompiledRelease, compile_steps
from tamis.filter.gate.gate import find_leaks
from tamis.filter.rebuild import gate_columns
from tamis.language import _
from tamis.plan.plan import Plan
from tamis.stores.protocol import StoredRows

_MARK = "[NIR]"


class Released:
    """The rows of one release, over all of its files.

    Attributes:
        rows: that were looked at.
    """

    def __init__(self, plan: Plan, name: str) -> None:
        (self._release,) = (
            release for release in compile_steps(plan).releases if release.plan.id == name
        )
        self._marks: dict[str, int] = {}
        self.rows = 0

    def check(self, stored: StoredRows) -> None:
        """Look for NIRs in the rows of a file; those of a table are not looked at.

        Raises:
            ValueError: there is one, under an item that lets none pass.
        """
        for rows in stored.batches():
            self.rows += rows.num_rows
            self._count_marks(rows)
            if self._release.plan.nir == "absent" and (found := _leaks(self._release, rows)):
                raise ValueError(
                    _("holds a NIR in {rows:# row|# rows}, and its item lets none pass", rows=found)
                )

    def has_marks(self, claimed: ReleasePart) -> bool:
        """Whether as many NIRs are replaced as a receipt says, or more: a text may hold marks."""
        return all(
            self._marks.get(path, 0) >= count
            for path, count in claimed.redacted.items()
            if "." not in path
        )

    def _count_marks(self, rows: pa.RecordBatch) -> None:
        for leaf in self._release.plan.leaves:
            if leaf.redact and leaf.path in rows.schema.names:
                marks = pc.sum(pc.count_substring(rows.column(leaf.path), _MARK)).as_py() or 0
                self._marks[leaf.path] = self._marks.get(leaf.path, 0) + marks


def _leaks(release: CompiledRelease, rows: pa.RecordBatch) -> int:
    """In how many rows the gate finds a NIR."""
    names = [name for name in rows.schema.names if not name.startswith("legal_")]
    parts = [
        part
        for step, name in zip(release.columns, names, strict=True)
        for part in gate_columns(step, rows.column(name))
    ]
    return int(np.count_nonzero(find_leaks(parts).rows >= 0)) if parts else 0
