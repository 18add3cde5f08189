"""Columns that stand encoded in the source, and are decoded only where values must be known."""

from typing import Protocol

import pyarrow as pa


class Stored(Protocol):
    """N values of one column, as a file holds them: those, and nothing else."""

    @property
    def rows(self) -> int:
        """N."""

    @property
    def nulls(self) -> int:
        """How many values are null."""

    @property
    def encoded(self) -> pa.DictionaryArray | None:
        """The values by a dictionary of which each entry is some row's; None without one."""

    @property
    def extremes(self) -> pa.Array | None:
        """The smallest and the largest value of numbers, dates and times; None if not known."""

    @property
    def values(self) -> pa.Array:
        """The values."""
