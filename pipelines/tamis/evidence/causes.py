"""Why records were quarantined or withheld, as a receipt counts them."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping

from tamis.documents.types import kind_of
from tamis.evidence.part import Natural, Part
from tamis.filter.tally import OTHER, REASONS, Cause, QuarantineCount, Tally, Unmet
from tamis.plan.plan import LIMITED, OR_LIMITED


class CausePart(Part):
    """Records quarantined for one reason, field and rule.

    Attributes:
        reason: as quarantine rows say it.
        field: path of the field; empty where the whole record is meant.
        rule: what was not met.
        records: how many.
        source: the input in which the first of them stands.
        position: where it stands there, as quarantine rows say it; of a message of Pub/Sub a
            digest of its id, which may be negative.
    """

    reason: str
    field: str
    rule: str
    records: Natural
    source: str
    position: int

    @property
    def kind(self) -> str:
        """Which sentence says it best; of those that have none, `record` or `rule`."""
        is_type = kind_of(self.rule) is not None or self.rule in ("list", "struct")
        if self.rule == OTHER:
            return "others"
        if not self.field:
            return "record"
        if self.reason in ("type", "unreadable"):
            return {"type": "type", "unreadable": "encoding"}[self.reason] if is_type else "rule"
        if self.reason == "nir-leak":
            return "leak" if self.rule == "gate" else "rule"
        named = {
            "null": "null",
            "nir-malformed": "malformed",
            "nir-key": "key",
            "on-nir": "nir",
            "not-nir": "misfit",
        }
        return named.get(self.reason, "rule")


class UnmetPart(Part):
    """Withheld records, by a release and the first of its conditions that they do not meet.

    Attributes:
        release: its id; over one release the records add up to all that are withheld.
        condition: what is not met, such as `dispositif not in CPF, DIFEL`.
        records: how many.
    """

    release: str
    condition: str
    records: Natural


FEWEST_LIMITED = 5
"""Records of limited persons from which on they are told apart."""


def unmet_parts(tally: Tally) -> list[UnmetPart]:
    """The receipt's entries for withheld records.

    Fewer than five records of limited persons, none included, are told together with those that do
    not meet the release's first condition. Where it has no condition they have no entry; all that
    is withheld is theirs then, which no entry could hide.

    Example:
        >>> one = {Unmet("r", "sexe not in F"): 7, Unmet("r", LIMITED, "sexe not in F"): 1}
        >>> [(part.condition[:16], part.records) for part in unmet_parts(Tally(unmet=Counter(one)))]
        [('sexe not in F; o', 8)]
    """
    counts = Counter(tally.unmet)
    for unmet, records in tally.unmet.items():
        if unmet.condition == LIMITED and records < FEWEST_LIMITED:
            del counts[unmet]
            if unmet.beside:
                records += counts.pop(Unmet(unmet.release, unmet.beside), 0)
                told = OR_LIMITED.format(condition=unmet.beside)
                counts[Unmet(unmet.release, told)] += records
    return [
        UnmetPart(release=unmet.release, condition=unmet.condition, records=records)
        for unmet, records in sorted(counts.items())
        if records
    ]


def cause_parts(causes: Mapping[Cause, QuarantineCount]) -> list[CausePart]:
    """The receipt's entries for causes: by reason in their order, those of most records first."""
    ordered = sorted(
        causes.items(), key=lambda pair: (REASONS.index(pair[0].reason), -pair[1].records, pair[0])
    )
    return [CausePart(**cause._asdict(), **count._asdict()) for cause, count in ordered]


def counted_causes(parts: Iterable[CausePart]) -> Iterator[tuple[Cause, QuarantineCount]]:
    """What `cause_parts` made its entries of."""
    for part in parts:
        yield (
            Cause(part.reason, part.field, part.rule),
            QuarantineCount(part.records, part.source, part.position),
        )
