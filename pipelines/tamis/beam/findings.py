"""Findings: what is looked for beside the counts, and how it adds up over workers.

A finding is of a class of `tamis.dry_run` for each kind, with three methods: `add` counts an input,
`merge` adds the sums of another worker, `extract` gives the result.
"""

from collections.abc import Iterable
from typing import Any, Protocol, Self

import apache_beam as beam


class Finding(Protocol):
    """What is counted of one kind; made without arguments, it has counted nothing."""

    def merge(self, other: Self) -> None:
        """Add what `other` counted, which stays as it is."""


Findings = dict[type, Any]
"""One finding of each kind, by its class; a kind of which nothing was found may be missing."""


class MergeFindings(beam.CombineFn):
    """Findings of all kinds in; `Findings` out."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]

    def create_accumulator(self) -> Findings:
        return {}

    def add_input(self, sums: Findings, finding: Finding) -> Findings:
        kind = type(finding)
        sums.setdefault(kind, kind()).merge(finding)
        return sums

    def merge_accumulators(self, several: Iterable[Findings]) -> Findings:
        """Add up what several workers summed."""
        merged = self.create_accumulator()
        for sums in several:
            for finding in sums.values():
                self.add_input(merged, finding)
        return merged

    def extract_output(self, sums: Findings) -> Findings:
        return sums
