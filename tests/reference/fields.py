"""The fields of a schema by path, and what the grammar lets a policy do with them."""

from collections.abc import Mapping, Sequence

from tamis.plan.plan import PlanField

from .samples import TESTED
from .values import kind_of, type_name


def is_pseudonymizable(spec: PlanField) -> bool:
    """Whether the grammar lets a pseudonym be made of a field."""
    text_or_integer = kind_of(type_name(spec.type)) in ("string", "integer")
    return text_or_integer and "nir-key" not in spec.identifier and not spec.free_text


def kind_of_pseudonym(spec: PlanField) -> str | None:
    """What number a pseudonym of a field is made of; None for a NIR."""
    if {"nir", "nia"} & set(spec.identifier):
        return None
    return next(iter(spec.identifier), "dossier")


def is_canonical(spec: PlanField) -> bool:
    """Whether the grammar lets a field be kept in one form."""
    return bool({"nir", "nia"} & set(spec.identifier)) and kind_of(spec.type) == "string"


def paths_of(fields: Sequence[PlanField]) -> dict[str, PlanField]:
    """All fields by path, the innermost of each: of a list its element."""
    return {path: spec for top in fields for path, spec in top.walk()}


def leaves_of(fields: Sequence[PlanField]) -> dict[str, PlanField]:
    """The leaves by path; of a list of plain values, the element."""
    return {path: spec for top in fields for path, spec in top.leaves()}


def outside_lists(fields: Sequence[PlanField], above: str = "") -> dict[str, PlanField]:
    """The leaves that are in no list, by path."""
    leaves: dict[str, PlanField] = {}
    for spec in fields:
        if spec.fields:
            leaves |= outside_lists(spec.fields, f"{above}{spec.name}.")
        elif spec.of is None:
            leaves[f"{above}{spec.name}"] = spec
    return leaves


def testable(leaves: Mapping[str, PlanField]) -> dict[str, PlanField]:
    """The leaves whose type the grammar lets a condition test."""
    return {
        path: spec
        for path, spec in leaves.items()
        if kind_of(type_name(spec.type)) in TESTED and not spec.identifier and not spec.free_text
    }


def lists_of_structs(fields: Sequence[PlanField]) -> dict[str, PlanField]:
    """The elements of lists of structs, and of lists of such lists, by path."""
    lists = {path for top in fields for path, spec in top.walk() if spec.of is not None}
    return {path: spec for path, spec in paths_of(fields).items() if path in lists and spec.fields}


def beside(fields: Sequence[PlanField], path: str) -> dict[str, PlanField]:
    """The leaves that a condition may test of the list elements which a field is in, by path."""
    return {
        f"{at}.{inner}": spec
        for at, element in lists_of_structs(fields).items()
        if path.startswith(f"{at}.")
        for inner, spec in testable(outside_lists(element.fields)).items()
    }
