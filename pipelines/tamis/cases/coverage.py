"""Which needs and conditions of a policy some case reaches, on each day the law changes.

A cell is a release, a stretch of days on which nothing changes, and one of:

- a need: some case releases at least one of its fields with a value;
- a condition: some case meets it, and some case does not (two cells);
- where the project has a list of limited persons, and the item is not a feed: some case is of one.
"""

import datetime
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tamis.cases.judge import Outcome
from tamis.documents.calendar import days_of, law_on
from tamis.documents.context import PlacedCondition, PolicyContext, conditions_of
from tamis.documents.policy import Need, Release
from tamis.documents.positions import DocumentPath
from tamis.errors import Problem
from tamis.language import _


@dataclass(frozen=True)
class Cell:
    """Something that a case must reach.

    Attributes:
        release: its id.
        day: the first day of the stretch.
        place: of the need or condition in the policy.
        meets: for a condition, whether the record must meet it; None for a need.
        limited: whether the record must be of a limited person, and nothing else.
    """

    release: str
    day: datetime.date
    place: DocumentPath
    meets: bool | None = None
    limited: bool = False


@dataclass(frozen=True)
class Coverage:
    """The cells of a policy, and those that some case reaches."""

    context: PolicyContext
    cells: tuple[Cell, ...]
    reached: frozenset[Cell]

    @property
    def missing(self) -> list[Problem]:
        """What no case reaches, by its place in the policy; days of one place together."""
        days: dict[tuple[str, DocumentPath, bool | None, bool], list[datetime.date]] = {}
        for cell in self.cells:
            if cell not in self.reached:
                key = (cell.release, cell.place, cell.meets, cell.limited)
                days.setdefault(key, []).append(cell.day)
        problems = []
        for (release, place, meets, limited), missed in days.items():
            text = {
                None: _("no case releases a field of this need"),
                True: _("no case meets this condition"),
                False: _("every case meets this condition"),
            }[meets]
            if limited:
                text = _("no case shows that a limited person's record is withheld (`limited`)")
            since = ", ".join(map(str, missed))
            text += _(" (release {release}, from {days})", release=release, days=since)
            problems.append(self.context.source.problem(place, text))
        return problems


def measure(context: PolicyContext, outcomes: Sequence[Outcome]) -> Coverage:
    """Return which cells of a policy its cases reach; outcomes that are not as expected count too.

    Example:
        >>> from tamis.documents.context import open_policy
        >>> from tamis.plan.project import load_project
        >>> policy = open_policy(load_project("cpf"), "regularite-prestataires")
        >>> coverage = measure(policy, [])
        >>> len(coverage.cells) >= 2, len(coverage.reached)
        (True, 0)
    """
    cells: list[Cell] = []
    reached: set[Cell] = set()
    for index, release in enumerate(context.policy.releases):
        place = ("releases", index)
        days = list(dict.fromkeys(days_of(release, context.release_cuts)))
        cells += [cell for day in days for cell in _cells(release, place, day)]
        limiting = {day for day in days if _withholds_limited(context, release, day)}
        cells += [Cell(release.id, day, place, limited=True) for day in days if day in limiting]
        for outcome in outcomes:
            if release.in_force(outcome.day) and outcome.fate is not None:
                day = days[bisect_right(days, outcome.day) - 1]
                reached.update(_reached(release, place, day, outcome))
                if outcome.case.limited and release.id not in outcome.fate.released:
                    reached.add(Cell(release.id, day, place, limited=True))
    return Coverage(context, tuple(cells), frozenset(reached))


def _withholds_limited(context: PolicyContext, release: Release, day: datetime.date) -> bool:
    item = law_on(context.law, day).items.get(release.item)
    return bool(context.looked_up) and context.withholds_limited(item)


def _cells(release: Release, place: DocumentPath, day: datetime.date) -> Iterator[Cell]:
    for i, _need in enumerate(release.needs):
        yield Cell(release.id, day, (*place, "needs", i))
    for test in conditions_of(release, place):
        yield Cell(release.id, day, test.place, True)
        yield Cell(release.id, day, test.place, False)


def _reached(
    release: Release, place: DocumentPath, day: datetime.date, outcome: Outcome
) -> Iterator[Cell]:
    """The cells of a release that one outcome reaches."""
    assert outcome.fate is not None
    fields = outcome.fate.released.get(release.id)
    for test in conditions_of(release, place):
        if "where" not in test.place and fields is None:
            continue  # what a record that is not released meets further in decides nothing
        for met in {_meets(test, value) for value in values_at(outcome.case.record, test.field)}:
            yield Cell(release.id, day, test.place, met)
    for i, need in enumerate(release.needs):
        if fields is not None and _serves(need, release, fields):
            yield Cell(release.id, day, (*place, "needs", i))


def _serves(need: Need, release: Release, fields: Mapping[str, Any]) -> bool:
    """Whether one of a need's fields left with a value."""
    for path in need.keep:
        treatment = release.treat.get(path)
        if treatment is not None and treatment.pseudonymize is not None:
            path = ".".join([*path.split(".")[:-1], treatment.pseudonymize.as_])
        if any(value is not None for value in values_at(fields, path)):
            return True
    return False


def values_at(record: Any, path: str) -> list[Any]:
    """Return the values at a path, those of all elements of the lists on it; null where none is.

    Example:
        >>> values_at({"contrats": [{"debut": 1}, {}]}, "contrats.debut"), values_at({}, "nom")
        ([1, None], [None])
    """
    values = [record]
    for name in path.split("."):
        inner: Iterable[Any] = [
            value.get(name) if isinstance(value, dict) else None for value in values
        ]
        values = []
        for value in inner:
            values += value if isinstance(value, list) else [value]
    return values


def _meets(test: PlacedCondition, value: Any) -> bool:
    if test.condition.present:
        return value is not None
    return any(type(value) is type(wanted) and value == wanted for wanted in test.condition.in_)
