"""One feed released to two partners under paragraph III: who can join what they were given?"""

import datetime
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa

from tamis.beam.keys import ThrowawayKeys
from tamis.filter.minimize import minimize
from tamis.nir.identifiers import with_keys
from tamis.plan.plan import Plan, PlanField

from . import plans
from .plans import leaf, release

PARTNERS = {"evaluation": "R6323-37.III.2", "pilotage": "R6323-37.III.4"}
"""By partner, the item of its release; all that both are given of a person is a year and a code."""

_FIELDS = (
    PlanField("nir", "string", identifier=("nir",), nullable=False),
    PlanField("an", "int16"),
    PlanField("code", "string"),
    PlanField("dates", "list", of=PlanField("item", "date32")),
)


def plan_of(partner: str, *, pseudonym: bool = True, direction: str = "out-of-store") -> Plan:
    """What a partner is given: a pseudonym if it says so, a year, a code, and dates."""
    nir = leaf("nir", fate="pseudonymized", pseudonym="personne", method="aes-256-cmac")
    both = [leaf(name) for name in ("an", "code", "dates")]
    given = release(
        *([nir, *both] if pseudonym else both),
        item=PARTNERS[partner],
        purpose="R6323-33.5",
        nir="absent",
    )
    return plans.plan_of(
        *_FIELDS,
        given,
        policy=partner,
        processing=partner,
        carries_nir=False,
        direction=direction,
        known=tuple(field.name for field in _FIELDS),
    )


def persons(count: int, seed: int) -> pa.RecordBatch:
    """N persons, each with another NIR, in an order that means something."""
    rng = np.random.default_rng(seed)
    numbers = rng.choice(800_000, count, replace=False)
    bodies = [f"1{n % 100:02}{n % 12 + 1:02}75{n // 900 + 1:03}{n % 900 + 1:03}" for n in numbers]
    codes = [f"C{number % 90:02}" for number in numbers]
    start = datetime.date(2026, 1, 1)
    dates = [[start + datetime.timedelta(int(n % 7))] * (n % 3) for n in numbers]
    return pa.record_batch(
        {
            "nir": with_keys(pa.array(bodies)),
            "an": pa.array(numbers % 60 + 1940, pa.int16()),
            "code": codes,
            "dates": pa.array(dates, pa.list_(pa.date32())),
        }
    )


@dataclass
class TwoPartners:
    """What two partners are given of the same persons, and whom their pseudonyms stand for.

    Attributes:
        feed: N persons.
        keys: of both.
    """

    feed: pa.RecordBatch
    keys: ThrowawayKeys = field(default_factory=ThrowawayKeys)

    def released(self, partner: str) -> pa.RecordBatch:
        """The rows of a partner, in the feed's order."""
        return minimize(self.feed, plan_of(partner), keys=self.keys).released["r"]

    def joined(self, given: Mapping[str, Sequence[bytes]]) -> int:
        """How many rows that stand at one place are one person's, by pseudonyms in their order."""
        persons = []
        for partner, pseudonyms in given.items():
            own = self.released(partner).column("personne").to_pylist()
            person = {pseudonym: number for number, pseudonym in enumerate(own)}
            persons.append([person[pseudonym] for pseudonym in pseudonyms])
        assert [sorted(rows) for rows in persons] == [list(range(self.feed.num_rows))] * 2
        return sum(one == other for one, other in zip(*persons, strict=True))
