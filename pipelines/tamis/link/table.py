"""A table as the attack sees it: columns, and how its rows are cut into files and row groups."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pyarrow as pa

from tamis.dry_run.hashing import mix
from tamis.language import N_
from tamis.link.columns import Column
from tamis.link.keys import COMPOSITES
from tamis.link.order import SortedBy, sorted_by


@dataclass(frozen=True)
class Table:
    """A table of N rows in their order.

    Attributes:
        shown: its address without credentials.
        rows: N.
        columns: those with more than one value.
        left_out: names of those with one value, and of the legal tags.
        files: rows of each file, in order.
        row_groups: rows of each row group, in order.
        runs: rows of each run, in order.
    """

    shown: str
    rows: int
    columns: Sequence[Column]
    left_out: Sequence[str] = ()
    files: Sequence[int] = ()
    row_groups: Sequence[int] = ()
    runs: Sequence[int] = ()

    @cached_property
    def order(self) -> SortedBy:
        """By which of its columns it is sorted; a counter of rows explains no order."""
        columns = [column for column in self.columns if not column.is_counter]
        return sorted_by(columns, self.rows, max(1, len(self.files)))

    @cached_property
    def composites(self) -> list[Column]:
        """Positions of two columns, as one column each."""
        named = {column.name.lower(): column for column in self.columns}
        columns = []
        for first, second in COMPOSITES:
            if first in named and second in named:
                above, below = named[first].forms.get("number"), named[second].forms.get("number")
                if above is not None and below is not None:
                    rows = mix(np.append(above, 0).view(np.uint64)[named[first].places])
                    rows = mix(rows + np.append(below, 0).view(np.uint64)[named[second].places])
                    values, places = np.unique(rows, return_inverse=True)
                    columns.append(Column(f"{first}, {second}", values, places.astype(np.int32)))
        return columns

    @cached_property
    def layout(self) -> dict[str, Column]:
        """Where each row stands: by file, row group, run and unit of order, counted from 0."""
        cuts = {
            N_("file"): self.files,
            N_("row group"): self.row_groups,
            N_("run"): self.runs,
        }
        numbers = {
            name: np.repeat(np.arange(len(rows), dtype=np.int32), rows)
            for name, rows in cuts.items()
            if len(rows) > 1
        }
        if self.order.units.max(initial=0) > 0:
            numbers[N_("unit")] = self.order.units
        return {
            name: Column(name, pa.array(range(int(places.max()) + 1)), places)
            for name, places in numbers.items()
        }
