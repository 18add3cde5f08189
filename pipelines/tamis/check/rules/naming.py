"""Rule 8: ids are unique, names do not collide, paths exist, values and treatments fit types."""

import datetime
import decimal
from collections.abc import Iterable

from tamis.check.case import Case, Found
from tamis.documents.context import keeps_of, tests_of
from tamis.documents.policy import Generalize
from tamis.documents.positions import Path_, suggest
from tamis.documents.schema import Leaf
from tamis.documents.tags import RESERVED_PREFIX, TAGS
from tamis.documents.types import integer_range

_PSEUDONYM_OF = ("nir", "nia")


def judge_ids(case: Case) -> Found:
    """8: two releases of a policy never share an id, not even on a file system without case."""
    release, named = case.release, (*case.place, "id")
    place = named if named in case.subject.source.values else (*case.place, "item")
    for other in case.subject.policy.releases[: case.index]:
        if other.id.lower() == release.id.lower():
            yield case.violation(
                8,
                "id-twice",
                place,
                f"two releases are called `{release.id}`",
                other=f"{other.id}, {other.item}",
            )
            return


def judge_columns(case: Case) -> Found:
    """8: no field of the schema has the name of a column that Tamis adds."""
    for name in case.subject.schema.fields:
        if name in TAGS or name.startswith(RESERVED_PREFIX):
            text = f"`{name}` is the name of a column that Tamis adds"
            problem = case.subject.schema_source.problem(("fields", name), text, key=True)
            yield case.violated(8, "tag-collision", problem, {"field": name})


def judge_paths(case: Case) -> Found:
    """8: every path names a leaf of the schema."""
    leaves = case.subject.leaves
    named: list[tuple[str, Path_, bool]] = [
        (keep.path, keep.place, False) for keep in keeps_of(case.release, case.place)
    ]
    named += [(path, (*case.place, "treat", path), True) for path in case.release.treat]
    named += [
        (test.field, (*test.place, "field"), False)
        for test in tests_of(case.release, case.place)
        if not test.list or test.list in _lists(leaves.values())
    ]
    for path, place, key in named:
        if path not in leaves:
            text = _say_unknown(path, leaves, case.subject.schema.schema_)
            report = case.key_violation if key else case.violation
            yield report(8, "unknown-path", place, text, field=path)


def judge_scopes(case: Case) -> Found:
    """8: `where` and `when` test the record; `only` names a list, and tests its elements."""
    for test, leaf in case.tests:
        if not test.list and leaf.lists:
            yield case.violation(
                8,
                "tests-a-list",
                (*test.place, "field"),
                f"`{test.field}` is in the list `{leaf.lists[0]}`: `where` and `when` test the "
                "record, only `only` tests elements",
                field=test.field,
            )
        elif test.list and (leaf.path == test.list or leaf.lists[-1:] != (test.list,)):
            yield case.violation(
                8,
                "tests-another-list",
                (*test.place, "field"),
                f"`{test.field}` is no plain field of the elements of `{test.list}`",
                field=test.field,
            )
    lists = _lists(case.subject.leaves.values())
    kept = {path for _, leaf in case.keeps for path in leaf.lists}
    for path in case.release.only:
        place = (*case.place, "only", path)
        if path not in lists:
            text = f"`{path}` is no list of schema `{case.subject.schema.schema_}`"
            text += suggest(path, lists)
            yield case.key_violation(8, "no-list", place, text, field=path)
        elif path not in kept:
            text = f"`only` chooses among the elements of `{path}`, of which nothing is kept"
            yield case.key_violation(8, "only-unkept", place, text, field=path)


def judge_values(case: Case) -> Found:
    """8: a condition's values have the field's type."""
    for test, leaf in case.tests:
        for i, value in enumerate(test.condition.in_):
            problem = _misfit(value, leaf)
            if problem:
                yield case.violation(
                    8,
                    "value-type",
                    (*test.place, "in", i),
                    f"`{test.field}` is {leaf.spec.type}: {problem}",
                    field=test.field,
                    type=leaf.spec.type,
                    value=type(value).__name__,
                )


def judge_treatments(case: Case) -> Found:
    """8: treatments name kept fields and fit their types."""
    kept = {keep.path for keep, _ in case.keeps}
    for place, treatment, leaf in case.treated:
        problem = ""
        if leaf.path not in kept:
            yield case.key_violation(
                8,
                "treats-unkept",
                place,
                f"no need keeps `{leaf.path}`: there is nothing to treat",
                field=leaf.path,
            )
        elif treatment.pseudonymize:
            problem = _pseudonym_misfit(leaf)
        elif leaf.spec.identifier:
            problem = "an identifier is kept, pseudonymized or dropped"
        elif treatment.generalize:
            problem = _generalize_misfit(leaf, treatment.generalize)
        elif leaf.kind != "string":
            problem = "only strings are redacted"
        elif treatment.redact == "nothing" and not leaf.spec.free_text:
            problem = "`redact: nothing` is for free text"
        if problem:
            yield case.violation(
                8,
                "treatment-type",
                place,
                f"`{leaf.path}` is {leaf.spec.type}: {problem}",
                field=leaf.path,
                type=leaf.spec.type,
            )


def judge_pseudonyms(case: Case) -> Found:
    """8: a pseudonym has a name of its own among the fields beside it."""
    given: dict[str, str] = {}
    leaves = case.subject.leaves
    for place, treatment, leaf in case.treated:
        if not treatment.pseudonymize:
            continue
        name = treatment.pseudonymize.as_
        beside = leaf.path.rpartition(".")[0]
        path = f"{beside}.{name}" if beside else name
        taken = path in leaves or any(other.startswith(f"{path}.") for other in leaves)
        added = not beside and (name in TAGS or name.startswith(RESERVED_PREFIX))
        if taken or added or path in given:
            owner = "a column that Tamis adds" if added else "a field of the schema"
            if path in given:
                owner = f"the pseudonym of `{given[path]}`"
            yield case.violation(
                8,
                "pseudonym-collision",
                (*place, "pseudonymize", "as"),
                f"the pseudonym of `{leaf.path}` cannot be called `{name}`: so is {owner}",
                field=leaf.path,
                **{"as": name},
            )
        given.setdefault(path, leaf.path)


def _lists(leaves: Iterable[Leaf]) -> dict[str, None]:
    return {path: None for leaf in leaves for path in leaf.lists}


def _say_unknown(path: str, leaves: Iterable[str], schema: str) -> str:
    inside = [leaf for leaf in leaves if leaf.startswith(f"{path}.")]
    if inside:
        some = ", ".join(f"`{leaf}`" for leaf in inside[:3]) + (", …" if inside[3:] else "")
        return f"`{path}` holds other fields: name them ({some})"
    return f"no field `{path}` in schema `{schema}`{suggest(path, leaves)}"


def _misfit(value: object, leaf: Leaf) -> str:
    kind = leaf.kind
    fits = {
        "string": isinstance(value, str),
        "bool": isinstance(value, bool),
        "integer": isinstance(value, int) and not isinstance(value, bool),
        "float": isinstance(value, int | float) and not isinstance(value, bool),
        "decimal": isinstance(value, int | float) and not isinstance(value, bool),
        "date": isinstance(value, datetime.date),
    }
    if kind not in fits:
        return f"a {kind} is not tested"
    if not fits[kind]:
        hint = ", put it in quotes" if kind == "string" else ""
        return f"the value is of another type{hint}"
    if kind == "integer" and isinstance(value, int):
        least, most = integer_range(leaf.spec.type)
        return "" if least <= value <= most else "the value is out of its range"
    if kind == "decimal" and not _fits_decimal(value, leaf.spec.type):
        return "the value has too many digits for it"
    return ""


def _fits_decimal(value: object, name: str) -> bool:
    precision, scale = (int(one) for one in name.partition("(")[2].rstrip(")").split(","))
    _, digits, exponent = decimal.Decimal(str(value)).normalize().as_tuple()
    if not isinstance(exponent, int):
        return False
    return -exponent <= scale and len(digits) + exponent <= precision - scale


def _pseudonym_misfit(leaf: Leaf) -> str:
    if not set(leaf.spec.identifier) & set(_PSEUDONYM_OF):
        return f"a pseudonym is made of an identifier {' or '.join(_PSEUDONYM_OF)}"
    if leaf.kind not in ("string", "integer"):
        return "a pseudonym is made of a string or an integer"
    return ""


def _generalize_misfit(leaf: Leaf, generalize: Generalize) -> str:
    if leaf.spec.free_text:
        return "free text is redacted, not generalized"
    if generalize.to and leaf.kind not in ("date", "timestamp"):
        return "only dates are generalized `to` a year, quarter or month"
    if generalize.prefix and leaf.kind != "string":
        return "only strings are generalized to a `prefix`"
    if generalize.step:
        if leaf.kind not in ("integer", "float", "decimal"):
            return "only numbers are generalized by a `step`"
        if leaf.kind == "integer" and generalize.step > integer_range(leaf.spec.type)[1]:
            return "the step is out of its range"
    return ""
