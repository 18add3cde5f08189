"""Conditions as sets of records: what one policy releases and another does not, exactly.

A `RecordSet` stands for conditions that must all hold: for each tested field, the values that
match. What is left of record sets after others are taken away is again record sets:

    >>> old = {"nature": only("CPF"), "annee": only(2021, 2022)}
    >>> new = {"nature": only("CPF", "DIFEL"), "annee": only(2021, 2022)}
    >>> describe_sets(remainder([new], [old]))
    'annee in 2021, 2022 and nature in DIFEL'
    >>> describe_sets(remainder([{}], [old]))
    'annee in 2021, 2022 and nature other than CPF; or annee other than 2021, 2022'
    >>> describe_sets(remainder([{}], [{"dossier": ~only(None)}]))
    'dossier absent'
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tamis.documents.policy import Condition
from tamis.documents.wording import shown
from tamis.language import _

_TypedValue = tuple[str, Any]


@dataclass(frozen=True)
class ValueSet:
    """The values that a condition matches.

    Attributes:
        listed: with their kind of type, since `True` is not `1` here.
        others: whether all but the listed ones match, null included.
    """

    listed: frozenset[_TypedValue]
    others: bool = False

    def __bool__(self) -> bool:
        return self.others or bool(self.listed)

    def __and__(self, other: "ValueSet") -> "ValueSet":
        if self.others and other.others:
            return ValueSet(self.listed | other.listed, True)
        if self.others:
            return ValueSet(other.listed - self.listed)
        if other.others:
            return ValueSet(self.listed - other.listed)
        return ValueSet(self.listed & other.listed)

    def __invert__(self) -> "ValueSet":
        return ValueSet(self.listed, not self.others)

    def __str__(self) -> str:
        if self.listed == {_typed(None)}:
            return _("present") if self.others else _("absent")
        values = sorted(
            (_("nothing") if value is None else shown([value]) for _kind, value in self.listed),
            key=lambda v: (len(v), v),
        )
        text = _("other than {values}") if self.others else _("in {values}")
        return text.format(values=", ".join(values))


RecordSet = Mapping[str, ValueSet]
"""The values that match of each tested field, by its path; other fields may have any value."""

ALL = ValueSet(frozenset(), True)
HOLDS_NIR = ""
"""Pseudo-field of a record set: True if the record contains a NIR (policy key `on_nir`)."""
IS_LIMITED = " "
"""Pseudo-field of a record set: True if the record is of a person on the list `limited`."""


def only(*values: object) -> ValueSet:
    """Return the set of these values; null is in it only if None is given."""
    return ValueSet(frozenset(map(_typed, values)))


def record_set(conditions: Iterable[tuple[str, Condition]]) -> RecordSet:
    """Return the records on which all conditions hold, each given with its field's full path."""
    values: dict[str, ValueSet] = {}
    for path, condition in conditions:
        matching = only(*condition.in_) if condition.in_ else ~only(None)
        values[path] = values.get(path, ALL) & matching
    return values


def remainder(sets: Iterable[RecordSet], taken: Sequence[RecordSet]) -> list[RecordSet]:
    """Return what is in one of `sets` and in none of `taken`, as sets that may overlap."""
    left = [records for records in sets if all(records.values())]
    for other in taken:
        left = [rest for records in left for rest in _subtract(records, other)]
    unique = dict.fromkeys(
        tuple(sorted(records.items(), key=lambda pair: pair[0])) for records in left
    )
    return [dict(pairs) for pairs in unique]


def describe_sets(sets: Iterable[RecordSet], known: Sequence[RecordSet] = ()) -> str:
    """Return record sets in words.

    Args:
        sets: to be described.
        known: conditions that all of these have are left out, unless nothing else is left.
    """
    return _("; or ").join(sorted({_describe_set(records, known) for records in sets}))


def _describe_set(records: RecordSet, known: Sequence[RecordSet]) -> str:
    paths = [path for path in records if not _all_have(known, path, records[path])] or [*records]
    return _(" and ").join(_describe_values(path, records[path]) for path in sorted(paths))


def _all_have(known: Sequence[RecordSet], path: str, values: ValueSet) -> bool:
    return bool(known) and all(records.get(path) == values for records in known)


def _describe_values(path: str, values: ValueSet) -> str:
    if path == HOLDS_NIR:
        if values & only(True):
            return _("a NIR is in the record")
        return _("no NIR is in the record")
    if path == IS_LIMITED:
        return _("the person is limited") if values & only(True) else _("the person is not limited")
    return f"{path} {values}"


def _typed(value: object) -> _TypedValue:
    if isinstance(value, bool):
        return "bool", value
    return ("number" if isinstance(value, int | float) else type(value).__name__), value


def _subtract(records: RecordSet, other: RecordSet) -> list[RecordSet]:
    """`records` without `other`, as sets that do not overlap."""
    rest: list[RecordSet] = []
    inside = dict(records)
    for path in sorted(other):
        values = inside.get(path, ALL)
        if not values & other[path]:
            return [records]
        if beyond := values & ~other[path]:
            rest.append({**inside, path: beyond})
        inside[path] = values & other[path]
    return rest
