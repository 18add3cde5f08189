"""Names that an input has and the schema does not: counted by record, added up, told.

A key of one record may be a value of one person. So names are counted, and only those that five
records have leave the run; `formats.names` says which are never shown.
"""

from collections import Counter
from collections.abc import Mapping
from typing import Final

from tamis.language import printable

WITHHELD: Final = "(name withheld)"

RECORDS_TO_SHOW: Final = 5
"""Records that must have a key before it is taken for a name and not for a value."""

MOST_TOLD: Final = 100
"""Names that are told at most."""

MOST_COUNTED: Final = 1000
"""Names that are counted at most."""


def add_names(counts: Mapping[str, int], more: Mapping[str, int]) -> dict[str, int]:
    """How many records have each name, of those of `counts` and `more`, in bounded memory.

    Example:
        >>> add_names({"a": 2}, {"a": 1, "b": 5})
        {'a': 3, 'b': 5}
    """
    merged = Counter(counts)
    merged.update(more)
    if len(merged) > MOST_COUNTED:
        names = dict(merged.most_common(MOST_COUNTED))
        names[WITHHELD] = RECORDS_TO_SHOW
        return names
    return dict(merged)


def told_names(counts: Mapping[str, int]) -> list[str]:
    """The names to show of those that records have, sorted; of the others how many they are.

    Args:
        counts: records by name; of a name that is not shown in any case, under `(name withheld)`.

    Returns:
        Names, at most `MOST_TOLD`, and `(name withheld)` or `(3 names withheld)` where some are
        not shown.

    Example:
        >>> told_names({"email": 7, "Jean Dupont": 1, "Zoé Durand": 2})
        ['(2 names withheld)', 'email']
    """
    shown = sorted(
        printable(name)
        for name, count in counts.items()
        if count >= RECORDS_TO_SHOW and name != WITHHELD
    )
    rest = len(counts) - len(shown[:MOST_TOLD])
    if not rest:
        return shown
    return [WITHHELD if rest == 1 else f"({rest} names withheld)", *shown[:MOST_TOLD]]


def told_counts(counts: Mapping[str, int]) -> dict[str, int]:
    """Counts by names of the input, sorted; those below 5 under one name, and so those of further
    names than `MOST_COUNTED`.

    Example:
        >>> told_counts({"S21.G00.30.008": 12, "S21.G00.31.008": 1, "S21.G00.98.001": 2})
        {'(name withheld)': 3, 'S21.G00.30.008': 12}
    """
    most = dict(Counter(counts).most_common(MOST_COUNTED))
    told = Counter[str]()
    for name, count in counts.items():
        is_told = count >= RECORDS_TO_SHOW and name in most
        told[printable(name) if is_told else WITHHELD] += count
    return dict(sorted((+told).items()))
