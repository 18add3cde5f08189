"""How documents are told in sentences: their words, conditions, and values made coarser."""

import re
from collections.abc import Iterable

from tamis.documents.policy import Condition
from tamis.language import N_, _

_UNITS = {
    "year": N_("generalized to year"),
    "quarter": N_("generalized to quarter"),
    "month": N_("generalized to month"),
}
_BOOLS = {True: N_("True"), False: N_("False")}


def quote(words: str, name: str = "") -> str:
    """Return words of a document in quotation marks; those that they have become the inner ones.

    Where a document has no words for it, its `name` stands.

    Example:
        >>> quote("Traitement « MAF »")
        '« Traitement “MAF” »'
    """
    if not words and name:
        return f"`{name}`"
    inner = re.sub(r"«\s*([^«»]*?)\s*»", r"“\1”", words.strip().rstrip("."))
    return f"« {inner} »"


def shown(values: Iterable[object]) -> str:
    """Return values that a condition tests for, in a row; yes and no in words of French.

    Example:
        >>> shown(["CPF", True])
        'CPF, True'
    """
    return ", ".join(
        _(_BOOLS[value]) if isinstance(value, bool) else str(value) for value in values
    )


def describe_test(condition: Condition, field: str = "") -> str:
    """Return a condition in words, without its reason.

    Example:
        >>> describe_test(Condition.model_validate({"field": "nature", "in": ["CPF", "DIF"]}))
        '`nature` is one of: CPF, DIF'
    """
    name = field or condition.field
    if condition.present:
        return _("`{field}` is filled in", field=name)
    if condition.in_ == (True,):
        return _("`{field}` is true", field=name)
    if condition.in_ == (False,):
        return _("`{field}` is false", field=name)
    values = shown(condition.in_)
    if len(condition.in_) == 1:
        return _("`{field}` is {value}", field=name, value=values)
    return _("`{field}` is one of: {values}", field=name, values=values)


def join(paths: Iterable[str]) -> str:
    """Return names of fields in a row."""
    return ", ".join(f"`{path}`" for path in paths)


def describe_generalization(to: str | None, step: int | None, prefix: int | None) -> str:
    """Return how a value is generalized, in words; empty where it is not.

    Example:
        >>> describe_generalization(None, 1000, None)
        'generalized by step 1000'
    """
    if to:
        return _(_UNITS[to])
    if step:
        return _("generalized by step {step}", step=step)
    return _("generalized to prefix {prefix}", prefix=prefix) if prefix else ""
