"""One difference between two projects, as a reviewer reads it.

policies/evaluation-cpf.yaml:34:16: newly released out of the store to systeme-evaluation-cpf …
"""

import datetime
from collections.abc import Iterable
from dataclasses import dataclass
from enum import IntEnum
from typing import Any, Literal

from tamis.diff.disclosure import Channel
from tamis.documents.calendar import describe_interval
from tamis.errors import Problem
from tamis.language import N_, _

Effect = Literal["released", "withheld", "none"]


class ChangeRisk(IntEnum):
    """How much a change asks for a reviewer's attention; the lowest number is read first.

    The order is that of what cannot be undone: a NIR that has left links a person's files for
    life, health data or convictions (RGPD art. 9, 10) harm at once, any other value has left for
    good too. Then what other changes will rest on. What is withheld can still be released
    tomorrow, and a wording releases nothing.
    """

    NIR = 1
    """A number that identifies a person is newly released in clear, or fewer NIRs are stopped."""
    SENSITIVE = 2
    """A field that the schema marks sensitive is newly released."""
    RELEASED = 3
    """Another field is newly released, a pseudonym included."""
    GROUND = 4
    """What releases rest on changes (law, register, marks of fields, reasons and their bases), and
    nothing more is released by it."""
    WITHHELD = 5
    """Less is released: the partner may miss it."""
    WORDING = 6
    """Names, and what no release uses."""

    def __str__(self) -> str:
        return _(_RISKS[self])


_RISKS = {
    ChangeRisk.NIR: N_("nir"),
    ChangeRisk.SENSITIVE: N_("sensitive"),
    ChangeRisk.RELEASED: N_("released"),
    ChangeRisk.GROUND: N_("ground"),
    ChangeRisk.WITHHELD: N_("withheld"),
    ChangeRisk.WORDING: N_("wording"),
}


@dataclass(frozen=True)
class DayRange:
    """Days from `from_` until the day before `until`, or for ever."""

    from_: datetime.date
    until: datetime.date | None = None

    def __contains__(self, day: datetime.date) -> bool:
        return self.from_ <= day and (self.until is None or day < self.until)

    def overlaps(self, other: "DayRange") -> bool:
        """Whether they have a day in common."""
        return (self.until is None or other.from_ < self.until) and (
            other.until is None or self.from_ < other.until
        )

    def as_json(self) -> dict[str, str | None]:
        """Return the range as a JSON object; `until` is exclusive, or null."""
        until = self.until.isoformat() if self.until else None
        return {"from": self.from_.isoformat(), "until": until}


@dataclass(frozen=True)
class Change:
    """One difference.

    Attributes:
        kind: what changed, as a slug.
        effect: whether by it more or less is released to somebody on some day.
        problem: where in the new documents, or in the old ones for what is gone; and what.
        policy: empty where the change is of law, register or a schema.
        release: its id, or empty.
        channel: to whom and on which ground, or None.
        fields: paths in the schema's order.
        days: of the change, in order; empty where it has none.
        refused: whether `check` refuses the policy on some of these days.
    """

    kind: str
    effect: Effect
    risk: ChangeRisk
    problem: Problem
    policy: str = ""
    release: str = ""
    channel: Channel | None = None
    fields: tuple[str, ...] = ()
    days: tuple[DayRange, ...] = ()
    refused: bool = False

    def as_json(self) -> dict[str, Any]:
        """Return the change as a JSON object."""
        channel = self.channel._asdict() if self.channel else dict.fromkeys(Channel._fields)
        return {
            "risk": self.risk.name.lower(),
            "kind": self.kind,
            "effect": self.effect,
            **self.problem.as_json(),
            "policy": self.policy,
            "release": self.release,
            "fields": list(self.fields),
            **channel,
            "days": [days.as_json() for days in self.days],
            "refused": self.refused,
        }


def describe_days(days: Iterable[DayRange]) -> str:
    """Return days in words.

    Example:
        >>> describe_days([DayRange(datetime.date(2025, 1, 1), datetime.date(2026, 1, 1))])
        'from 2025-01-01 until 2026-01-01'
    """
    return ", ".join(map(describe_interval, days))


def describe_partner(channel: Channel) -> str:
    """Return to whom data goes, in words: to the partner, or to the store that it feeds."""
    if channel.direction == "into-store":
        text = _("into the store from {processing}")
    else:
        text = _("out of the store to {processing}")
    return text.format(processing=channel.processing)


def join_days(days: Iterable[DayRange]) -> tuple[DayRange, ...]:
    """Return the same days, given in order, with ranges that touch made one.

    Example:
        >>> first, second = datetime.date(2025, 1, 1), datetime.date(2026, 1, 1)
        >>> join_days([DayRange(first, second), DayRange(second)]) == (DayRange(first),)
        True
    """
    joined: list[DayRange] = []
    for piece in days:
        if joined and joined[-1].until == piece.from_:
            joined[-1] = DayRange(joined[-1].from_, piece.until)
        else:
            joined.append(piece)
    return tuple(joined)
