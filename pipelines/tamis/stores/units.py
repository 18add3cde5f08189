"""Units: the rows of one release that are put in order together, so that it tells no place.

Under paragraph III what leaves the store must not be joined, row by row, with what another partner
was given. A unit has a fixed number of released rows of one part, in the source's order; those that
are left at the end join the unit before them, so that only a part that is smaller than a unit makes
a smaller one.
"""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

import pyarrow as pa

from tamis.arrow.coded import join_columns
from tamis.arrow.order import order_rows, take_in_order
from tamis.arrow.types import Ints


class Unit(NamedTuple):
    """N rows in the order of their values, and the place that each had in the unit before."""

    rows: pa.Table
    places: Ints


class Units:
    """Gathers the rows of a part, and gives them unit by unit.

    Args:
        rows: of a unit.

    Example:
        >>> units = Units(2)
        >>> rows = [pa.record_batch({"an": [3, 1]}), pa.record_batch({"an": [9, 8, 7]})]
        >>> given = [unit for batch in rows for unit in units.add(batch)] + list(units.finish())
        >>> [unit.rows.column("an").to_pylist() for unit in given]
        [[1, 3], [7, 8, 9]]
        >>> given[1].places.tolist()
        [2, 1, 0]
    """

    def __init__(self, rows: int) -> None:
        self._unit = rows
        self._held: list[pa.RecordBatch] = []
        self._rows = 0

    def add(self, batch: pa.RecordBatch) -> Iterator[Unit]:
        """Add N rows, and give the units that another one follows."""
        self._held.append(batch)
        self._rows += batch.num_rows
        while self._rows >= 2 * self._unit:
            yield _ordered(self._cut(self._unit))

    def finish(self) -> Iterator[Unit]:
        """Give what is left as one unit, and begin anew."""
        if self._held:
            yield _ordered(self._cut(self._rows))
            self._held = []

    def _cut(self, rows: int) -> list[pa.RecordBatch]:
        """The first `rows` rows held, which are let go."""
        self._rows -= rows
        cut: list[pa.RecordBatch] = []
        while rows or not cut:
            first = self._held.pop(0)
            cut.append(first.slice(0, rows))
            rows -= cut[-1].num_rows
            if cut[-1].num_rows < first.num_rows:
                self._held.insert(0, first.slice(cut[-1].num_rows))
        return cut


def _ordered(batches: list[pa.RecordBatch]) -> Unit:
    rows = pa.Table.from_arrays(join_columns(batches), names=batches[0].schema.names)
    places = order_rows(rows)
    return Unit(take_in_order(rows, places), places)


def unit_sizes(rows: int, unit: int) -> list[int]:
    """How many rows each unit has of a part of N rows.

    Example:
        >>> unit_sizes(5, 2), unit_sizes(1, 2), unit_sizes(0, 2)
        ([2, 3], [1], [])
    """
    whole = max(rows // unit - 1, 0)
    rest = rows - whole * unit
    return [unit] * whole + [rest] * bool(rest)


def cut_rows(batches: Iterable[pa.RecordBatch], sizes: Iterable[int]) -> Iterator[pa.Table]:
    """The rows of batches, cut into tables of so many rows each."""
    held: list[pa.RecordBatch] = []
    rest = iter(batches)
    for size in sizes:
        cut, missing = [], size
        while missing:
            batch = held.pop() if held else next(rest)
            cut.append(batch.slice(0, missing))
            missing -= cut[-1].num_rows
            if cut[-1].num_rows < batch.num_rows:
                held.append(batch.slice(cut[-1].num_rows))
        if cut:
            yield pa.Table.from_batches(cut)
