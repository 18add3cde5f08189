"""Names and paths of fields: which an input may have, and which of them may be shown.

One rule for every command, receipt and report. A name of a schema is shown. A name that a source
declares (the header of a CSV, a column of Parquet, Avro or a table) is shown unless it holds a NIR,
an e-mail address or five digits in a row. A key of JSON or of a map may be a value of one person:
it is shown only where five records have it, too.
"""

import re
from collections.abc import Iterable
from itertools import islice
from typing import Final

from tamis.filter.drift import MOST_COUNTED, RECORDS_TO_SHOW, WITHHELD
from tamis.language import _, printable
from tamis.nir.grammar import find_nir
from tamis.plan.plan import Plan, PlanField

_LONGEST: Final = 256
_E_MAIL = re.compile(r"[\w.+-]@\w")
_DIGITS = re.compile(r"\d{5}")
_LIKE_A_NIR = re.compile(r"(?:[\dABab][ .\-_/\u00a0\u202f]?){13}")
_MANY_DIGITS: Final = 11


def may_be_shown(name: str) -> bool:
    """Whether `name` holds no NIR, right key or not, no e-mail address and no five digits in a row.

    Example:
        >>> may_be_shown("Né(e) le"), may_be_shown("S21.G00.30.001"), may_be_shown("a@b.fr")
        (True, True, False)
        >>> may_be_shown("1 84 12 76 451 089 46"), may_be_shown("dossier 12345")
        (False, False)
    """
    if len(name) > _LONGEST or _DIGITS.search(name) or _E_MAIL.search(name) or find_nir(name):
        return False
    return not any(
        sum(map(str.isdigit, match[0])) >= _MANY_DIGITS for match in _LIKE_A_NIR.finditer(name)
    )


def shown_name(name: str) -> str:
    """`name` as a terminal can show it if it may be shown, else `(name withheld)`.

    Example:
        >>> shown_name("N° dossier"), shown_name("184127645108946")
        ('N° dossier', '(name withheld)')
    """
    if not may_be_shown(name):
        return WITHHELD
    return printable(name) if name.strip() else _("(no name)")


def declared_names(names: Iterable[str]) -> dict[str, int]:
    """Names that a source declares, each as often as it takes to show it.

    Example:
        >>> declared_names(["Montant (€)", "zoe@x.example"])
        {'Montant (€)': 5, '(name withheld)': 5}
    """
    return {shown_name(name): RECORDS_TO_SHOW for name in islice(names, MOST_COUNTED)}


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
