"""The ledger of a stream: what one period has committed, as a receipt that adds up.

A period begins with the first messages that it commits and ends after so many seconds. The sink
writes its receipt together with the records and their positions, so that the receipts of all
periods add up to what was read, whenever the stream is cut.
"""

import datetime
import os
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from tamis.evidence.receipt import FilePart, InputPart, KeyPart, Receipt, RunFacts, make_receipt
from tamis.filter.tally import Tally, merge
from tamis.formats.chunk import known_names
from tamis.plan.plan import Plan
from tamis.streams.judge import Judged, Span, is_ordered, partition_uri


@dataclass(frozen=True)
class Ledger:
    """What one period has committed. A value: `after` gives another.

    Attributes:
        plan: what was done.
        facts: what the period knows of itself.
        source: what was read, without credentials.
        tally: the counts.
        spans: by partition, what was read.
        found: names of the schema that some message had.
    """

    plan: Plan
    facts: RunFacts
    source: str
    tally: Tally = field(default_factory=Tally)
    spans: Mapping[int, Span] = field(default_factory=dict)
    found: frozenset[str] = frozenset()

    @classmethod
    def begin(cls, plan: Plan, stream: str, source: str, keys: tuple[KeyPart, ...]) -> "Ledger":
        """The ledger of a period that begins now."""
        now = datetime.datetime.now(datetime.UTC)
        run = f"{stream}-{now:%Y%m%dt%H%M%S}-{os.urandom(2).hex()}"
        return cls(plan, RunFacts(run, False, now, keys, stream), source)

    @property
    def run(self) -> str:
        """Id of the period's receipt."""
        return self.facts.run

    @property
    def age(self) -> datetime.timedelta:
        """How long the period lasts already."""
        return datetime.datetime.now(datetime.UTC) - self.facts.started

    def after(self, judged: Judged) -> "Ledger":
        """The ledger once `judged` is committed, too."""
        spans = dict(self.spans)
        for partition, span in judged.spans.items():
            before = spans.get(partition)
            spans[partition] = before.extended(span) if before else span
        return replace(
            self,
            tally=merge((self.tally, judged.tally)),
            spans=spans,
            found=self.found | judged.found,
        )

    def noting(self, anomaly: str, count: int) -> "Ledger":
        """The ledger with `count` of an anomaly more."""
        return replace(self, tally=merge((self.tally, Tally(anomalies=Counter({anomaly: count})))))

    def receipt(
        self,
        files: Mapping[str, list[FilePart]],
        quarantine_files: list[FilePart],
    ) -> Receipt:
        """The period's receipt, given what was written by release.

        Raises:
            RunError: a count does not add up.
        """
        missing = Tally(missing=set(known_names(self.plan) - self.found))
        ordered = is_ordered(self.source)
        inputs = [
            InputPart(
                uri=partition_uri(self.source, partition),
                rows=span.records,
                bytes=span.bytes,
                sha256="",
                first=span.first if ordered else None,
                next=span.next if ordered else None,
            )
            for partition, span in sorted(self.spans.items())
        ]
        tally = merge((self.tally, missing))
        return make_receipt(self.plan, self.facts, tally, inputs, files, quarantine_files)
