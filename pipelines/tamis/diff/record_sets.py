"""Conditions as sets of records: what one policy lets through and another does not, exactly.

A set of conditions that must all hold is a box: for each tested field, the values that pass.
What is left of boxes after others are taken away is again boxes:

    >>> old = {"nature": only("CPF"), "annee": only(2021, 2022)}
    >>> new = {"nature": only("CPF", "DIFEL"), "annee": only(2021, 2022)}
    >>> say_boxes(remainder([new], [old]))
    'annee in 2021, 2022 and nature in DIFEL'
    >>> say_boxes(remainder([{}], [old]))
    'annee in 2021, 2022 and nature other than CPF; or annee other than 2021, 2022'
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tamis.documents.policy import Condition

_Key = tuple[str, Any]


@dataclass(frozen=True)
class Values:
    """The values that a condition lets through.

    Attributes:
        listed: with their sort of type, as `True` is no `1` here.
        others: whether it is all but the listed ones that pass, null included.
    """

    listed: frozenset[_Key]
    others: bool = False

    def __bool__(self) -> bool:
        return self.others or bool(self.listed)

    def __and__(self, other: "Values") -> "Values":
        if self.others and other.others:
            return Values(self.listed | other.listed, True)
        if self.others:
            return Values(other.listed - self.listed)
        if other.others:
            return Values(self.listed - other.listed)
        return Values(self.listed & other.listed)

    def __invert__(self) -> "Values":
        return Values(self.listed, not self.others)

    def __str__(self) -> str:
        values = sorted((str(value) for _, value in self.listed), key=lambda one: (len(one), one))
        return f"{'other than' if self.others else 'in'} {', '.join(values)}"


Box = Mapping[str, Values]
"""The records that pass: for each field that is tested, its values; any other field may be all."""

ALL = Values(frozenset(), True)
HOLDS_NIR = ""
"""Stands for a field whose value `True` means that a NIR is in the record (`on_nir`)."""


def only(*values: object) -> Values:
    """These values; null is none of them."""
    return Values(frozenset(_key(value) for value in values))


def box_of(tests: Iterable[tuple[str, Condition]]) -> Box:
    """The box of conditions that must all hold, each with the full path of its field."""
    box: dict[str, Values] = {}
    for path, condition in tests:
        box[path] = box.get(path, ALL) & only(*condition.in_)
    return box


def remainder(boxes: Iterable[Box], taken: Sequence[Box]) -> list[Box]:
    """What is in one of `boxes` and in none of `taken`, as boxes that may overlap."""
    left = [box for box in boxes if all(box.values())]
    for other in taken:
        left = [rest for box in left for rest in _subtract(box, other)]
    unique = {tuple(sorted(box.items(), key=lambda pair: pair[0])): box for box in left}
    return [dict(pairs) for pairs in unique]


def say_boxes(boxes: Iterable[Box], known: Sequence[Box] = ()) -> str:
    """Boxes in words.

    Args:
        boxes: to be said.
        known: what all of these ask for goes without saying, unless nothing else is to be said.
    """
    return "; or ".join(sorted({_say_box(box, known) for box in boxes}))


def _say_box(box: Box, known: Sequence[Box]) -> str:
    said = sorted(path for path in box if not _all_ask(known, path, box[path])) or sorted(box)
    return " and ".join(_say_test(path, box[path]) for path in said)


def _all_ask(known: Sequence[Box], path: str, values: Values) -> bool:
    return bool(known) and all(one.get(path) == values for one in known)


def _say_test(path: str, values: Values) -> str:
    if path == HOLDS_NIR:
        return "a NIR is in the record" if values & only(True) else "no NIR is in the record"
    return f"{path} {values}"


def _key(value: object) -> _Key:
    if isinstance(value, bool):
        return "bool", value
    return ("number" if isinstance(value, int | float) else type(value).__name__), value


def _subtract(box: Box, other: Box) -> list[Box]:
    """`box` without `other`, as boxes that do not overlap."""
    rest: list[Box] = []
    inside = dict(box)
    for path in sorted(other):
        here = inside.get(path, ALL)
        if not here & other[path]:
            return [box]
        if beyond := here & ~other[path]:
            rest.append({**inside, path: beyond})
        inside[path] = here & other[path]
    return rest
