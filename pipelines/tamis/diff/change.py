"""One difference between two projects, as a reviewer reads it.

policies/evaluation-cpf.yaml:34:16: newly released out of the store to systeme-evaluation-cpf …
"""

import datetime
from collections.abc import Iterable
from dataclasses import dataclass
from enum import IntEnum
from typing import Any, Literal

from tamis.diff.disclosure import Passage
from tamis.documents.calendar import say_window
from tamis.errors import Problem

Effect = Literal["released", "withheld", "none"]


class Risk(IntEnum):
    """How much a change asks for a reviewer's eye; the lowest number is read first.

    The order is that of what cannot be taken back: a NIR that has left links a person's files for
    life, health data or convictions (RGPD art. 9, 10) harm at once, any other value has left for
    good too. Then what other changes will stand on. What is withheld can still be released
    tomorrow, and a wording releases nothing.
    """

    NIR = 1
    """A number that identifies a person newly passes in clear, or fewer NIRs are held back."""
    SENSITIVE = 2
    """A field that the schema marks sensitive is newly released."""
    RELEASED = 3
    """Another field is newly released, a pseudonym included."""
    GROUND = 4
    """What releases stand on changes, and nothing more passes by it: law, register, schema."""
    WITHHELD = 5
    """Less is released: the partner may miss it."""
    WORDING = 6
    """Names, reasons, and what no release uses."""


@dataclass(frozen=True)
class Days:
    """Days from `from_` until the day before `until`, or for ever."""

    from_: datetime.date
    until: datetime.date | None = None

    def __contains__(self, day: datetime.date) -> bool:
        return self.from_ <= day and (self.until is None or day < self.until)

    def meets(self, other: "Days") -> bool:
        """Whether they have a day in common."""
        return (self.until is None or other.from_ < self.until) and (
            other.until is None or self.from_ < other.until
        )


@dataclass(frozen=True)
class Change:
    """One difference.

    Attributes:
        kind: what changed, as a slug.
        effect: whether by it more or less is released to somebody on some day.
        problem: where in the new documents, or in the old ones for what is gone; and what.
        policy: empty where the change is of law, register or a schema.
        release: its id, or empty.
        passage: to whom and on which ground, or None.
        fields: paths in the schema's order.
        days: of the change, in order; empty where it has none.
        refused: `check` refuses the policy that says so on some of these days.
    """

    kind: str
    effect: Effect
    risk: Risk
    problem: Problem
    policy: str = ""
    release: str = ""
    passage: Passage | None = None
    fields: tuple[str, ...] = ()
    days: tuple[Days, ...] = ()
    refused: bool = False

    @property
    def place(self) -> str:
        """`file:line:column`."""
        return str(self.problem).removesuffix(f": {self.problem.text}")

    def as_json(self) -> dict[str, Any]:
        """The change as a JSON object."""
        return {
            "risk": self.risk.name.lower(),
            "kind": self.kind,
            "effect": self.effect,
            "file": self.problem.file,
            "line": self.problem.line,
            "column": self.problem.column,
            "text": self.problem.text,
            "policy": self.policy,
            "release": self.release,
            "fields": list(self.fields),
            "schema": self.passage.schema if self.passage else None,
            "processing": self.passage.processing if self.passage else None,
            "direction": self.passage.direction if self.passage else None,
            "item": self.passage.item if self.passage else None,
            "purpose": self.passage.purpose if self.passage else None,
            "days": [days_as_json(one) for one in self.days],
            "refused": self.refused,
        }


def days_as_json(days: Days) -> dict[str, str | None]:
    """Days as a JSON object; `until` is exclusive, or null."""
    until = days.until.isoformat() if days.until else None
    return {"from": days.from_.isoformat(), "until": until}


def say_days(days: Iterable[Days]) -> str:
    """Days in words.

    Example:
        >>> say_days([Days(datetime.date(2025, 1, 1), datetime.date(2026, 1, 1))])
        'from 2025-01-01 until 2026-01-01'
    """
    return ", ".join(say_window(one) for one in days)


def say_partner(passage: Passage) -> str:
    """To whom, in words: the partner, or the store that it feeds."""
    if passage.direction == "into-store":
        return f"into the store from {passage.processing}"
    return f"out of the store to {passage.processing}"


def join_days(days: Iterable[Days]) -> tuple[Days, ...]:
    """The same days, with neighbours made one; given in order.

    Example:
        >>> first, second = datetime.date(2025, 1, 1), datetime.date(2026, 1, 1)
        >>> join_days([Days(first, second), Days(second)]) == (Days(first),)
        True
    """
    joined: list[Days] = []
    for one in days:
        if joined and joined[-1].until == one.from_:
            joined[-1] = Days(joined[-1].from_, one.until)
        else:
            joined.append(one)
    return tuple(joined)
