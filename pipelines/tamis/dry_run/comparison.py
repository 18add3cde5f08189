"""The same records under two plans: which of them carry a field under one plan only."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa

from tamis.arrow.buffers import list_parts
from tamis.arrow.types import Bools, Ints, is_list
from tamis.documents.tags import TAGS
from tamis.dry_run.models import FEW, Compared, FewOrCount, NewlyCarried
from tamis.filter.execution import Minimized
from tamis.filter.minimize import minimize
from tamis.filter.treat import KeySource
from tamis.formats.chunk import Chunk
from tamis.limited.persons import NOBODY
from tamis.plan.plan import Plan

ReleasedField = tuple[str, str, str]
"""Item, purpose and path of a released field."""


@dataclass
class Comparison:
    """Differences between two plans, as they add up over chunks of records.

    Attributes:
        records: judged under both plans.
        newly: by released field, records that carry it under the second plan only.
        no_longer: those that carry it under the first plan only.
    """

    records: int = 0
    newly: Counter[ReleasedField] = field(default_factory=Counter)
    no_longer: Counter[ReleasedField] = field(default_factory=Counter)

    def add(self, first: tuple[Chunk, Plan], second: tuple[Chunk, Plan], keys: KeySource) -> None:
        """Minimize a chunk under its plan, and the same records as another plan reads them.

        Records are the same by their positions: a plan may reject one that the other reads.
        """
        rows = np.union1d(first[0].positions.to_numpy(), second[0].positions.to_numpy())
        before, after = (
            carried(
                minimize(chunk.data, plan, keys=keys, limited=NOBODY),
                plan,
                np.searchsorted(rows, chunk.positions.to_numpy()),
                len(rows),
            )
            for chunk, plan in (first, second)
        )
        self.records += first[0].records
        none = np.zeros(len(rows), dtype=bool)
        for name in {*before, *after}:
            old, new = before.get(name, none), after.get(name, none)
            self.newly[name] += int((new & ~old).sum())
            self.no_longer[name] += int((old & ~new).sum())

    def merge(self, other: "Comparison") -> None:
        """Add the records of `other`, which stays as it is."""
        self.records += other.records
        self.newly.update(other.newly)
        self.no_longer.update(other.no_longer)

    def extract(self) -> Compared:
        """Return the fields in which some records differ, by item, purpose and path."""
        fields = [
            NewlyCarried(
                item=item,
                purpose=purpose,
                field=path,
                newly=_hidden(self.newly[item, purpose, path]),
                no_longer=_hidden(self.no_longer[item, purpose, path]),
            )
            for item, purpose, path in sorted(+self.newly | +self.no_longer)
        ]
        return Compared(records=self.records, fields=fields)


def _hidden(count: int) -> FewOrCount:
    return "<10" if 0 < count < FEW else count


def carried(
    minimized: Minimized[pa.RecordBatch], plan: Plan, indices: Ints, records: int
) -> dict[ReleasedField, Bools]:
    """Return by released field which records carry a value.

    Args:
        minimized: N rows under `plan`.
        plan: the plan.
        indices: of each of the N rows, its index among the records.
        records: how many there are; the length of each array that is returned.
    """
    fields: dict[ReleasedField, Bools] = {}
    for release in plan.releases:
        data = minimized.released[release.id]
        rows = indices[minimized.rows[release.id].to_numpy()]
        for name, column in zip(data.schema.names, data.columns, strict=True):
            if name not in TAGS:
                for path, present in _present(column, name):
                    key = (release.item, release.purpose, path)
                    fields.setdefault(key, np.zeros(records, dtype=bool))[rows] |= present
    return fields


def _present(array: pa.Array, path: str) -> Iterator[tuple[str, Bools]]:
    """Yield each leaf with the rows that have a value; of a list, in some element."""
    kind = array.type
    if is_list(kind):
        offsets, elements, _ = list_parts(array)
        for inner, present in _present(elements, path):
            sums = np.concatenate(([0], np.cumsum(present)))
            yield inner, sums[offsets[1:]] > sums[offsets[:-1]]
    elif pa.types.is_struct(kind):
        for child, field_ in zip(array.flatten(), kind, strict=True):
            yield from _present(child, f"{path}.{field_.name}")
    else:
        yield path, np.asarray(array.is_valid().to_numpy(zero_copy_only=False))
