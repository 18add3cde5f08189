"""Names and paths of fields: which an input may have, and which of them may be shown."""

import re
from collections.abc import Iterable
from itertools import islice
from typing import Final

from tamis.plan.plan import Plan, PlanField

MAX_UNKNOWN: Final = 100
"""Names that the schema does not have of which one input reports at most so many."""

_NAME = re.compile(r"(?:[^\W\d_]|[\d _-]){1,64}")


def shown_name(name: str) -> str:
    """`name` if it looks like the name of a column, else `(name withheld)`.

    A name that the schema does not know may itself be a value: the first record of a CSV file
    without header, a key of a JSON object.

    Example:
        >>> shown_name("Prénom usuel"), shown_name("1 84 12 76 451 089 46"), shown_name("a@b")
        ('Prénom usuel', '(name withheld)', '(name withheld)')
    """
    plain = _NAME.fullmatch(name) is not None and sum(map(str.isdigit, name)) < 5
    return name if plain else "(name withheld)"


def shown_names(names: Iterable[str]) -> frozenset[str]:
    """`names`, each as `shown_name` shows it; of more than `MAX_UNKNOWN`, the first ones."""
    return frozenset(map(shown_name, islice(names, MAX_UNKNOWN)))


def known_names(plan: Plan) -> frozenset[str]:
    """The source's names of the top-level fields of the plan's schema."""
    return frozenset(plan.known) | {field.source_name for field in plan.fields}


def leaf_paths(field: PlanField, path: str) -> list[str]:
    """Paths of the leaves of `field`, which stands at `path`.

    Example:
        >>> leaf = PlanField("debut", "date32")
        >>> contract = PlanField("item", "struct", fields=(leaf,))
        >>> leaf_paths(PlanField("contrats", "list", of=contract), "contrats")
        ['contrats.debut']
    """
    return [leaf_path for leaf_path, _leaf in field.leaves(path)]
