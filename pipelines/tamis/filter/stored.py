"""Columns that stand encoded in the source, and are decoded only where values must be known."""

from typing import Protocol

import pyarrow as pa

from tamis.decide.plan import Plan
from tamis.filter.program import program_of


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


def stored_fields(plan: Plan) -> pa.Schema:
    """The columns that may be released as the source has them, or read by their dictionaries.

    Reading by dictionaries is worth it by itself: where rows are withheld, and nothing is copied,
    a batch costs as much as a decoded one or less.
    """
    found = {
        column.out.name: column.out
        for release in program_of(plan).releases
        for column in release.columns
        if column.is_untouched or column.is_only_redacted
    }
    return pa.schema(list(found.values()))
