"""Rules 9 and 10: ids are unique, names do not collide, paths exist, values and treatments fit."""

import datetime
import decimal
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import get_args

from tamis.check.case import Case
from tamis.check.catalogue import Rule
from tamis.check.reasons import is_short
from tamis.check.rules.identity import ANALYSIS
from tamis.check.violation import Violations
from tamis.documents.context import conditions_of, kept_fields
from tamis.documents.mistakes import describe_kind
from tamis.documents.policy import Generalize, Pseudonymize, RiskBound, Treatment
from tamis.documents.positions import DocumentPath, suggest
from tamis.documents.schema import FieldSpec, Identifier, SchemaLeaf
from tamis.documents.tags import RESERVED_PREFIX, TAGS
from tamis.documents.types import decimal_digits, integer_range
from tamis.language import _

_PSEUDONYMIZED = ("nir", "nia")
"""The identifiers that a pseudonym can be made of."""


def judge_ids(case: Case) -> Violations:
    """Two releases of a policy must not share an id, nor differ in case only (file systems)."""
    release, place = case.release, (*case.place, "id")
    if place not in case.context.source.values:
        place = (*case.place, "item")
    for other in case.context.policy.releases[: case.index]:
        if other.id.lower() == release.id.lower():
            text = _("two releases must not both be called `{release}`")
            other_name = f"{other.id}, {other.item}"
            yield case.violation(Rule.NAMING, "id-twice", place, text, {"other": other_name})
            return


def judge_processing(case: Case) -> Violations:
    """The schema must be one that the processing sends or receives."""
    known, slug = case.context.schema.processings, case.context.policy.processing
    if known and slug not in known:
        text = _("schema `{schema}` is sent or received by {known}, not by `{processing}`{hint}")
        shown = {
            "schema": case.context.schema.schema_,
            "known": ", ".join(f"`{name}`" for name in known),
            "hint": suggest(slug, known),
        }
        example = {"processing": slug}
        place = ("processing",)
        yield case.violation(Rule.REGISTER, "other-processing", place, text, example, shown=shown)


def judge_retention(case: Case) -> Violations:
    """A rule of retention must be one of R. 6323-39 in force on the day.

    Legal source: R. 6323-39.
    """
    named, known = case.release.retention, case.law.retention
    if named is not None and named not in known:
        text = _("no rule `{retention}` of R. 6323-39 is in force, expected {known}{hint}")
        shown = {
            "known": ", ".join(f"`{slug}`" for slug in known) or _("none"),
            "hint": suggest(named, known),
        }
        place = (*case.place, "retention")
        example = {"retention": named}
        yield case.violation(Rule.NAMING, "unknown-retention", place, text, example, shown=shown)


def judge_columns(case: Case) -> Violations:
    """No field of the schema may have the name of a column that Tamis adds."""
    for name in case.context.schema.fields:
        if name in TAGS or name.startswith(RESERVED_PREFIX):
            yield case.violation(
                Rule.NAMING,
                "tag-collision",
                ("fields", name),
                _("a field must not be called `{field}`: Tamis adds a column of that name"),
                {"field": name},
                source=case.context.schema_source,
                key=True,
            )


def judge_sources(case: Case) -> Violations:
    """A `column` must be read by one field, and have the name of no other."""
    schema = case.context.schema
    for above, place, fields in _groups(schema.fields):
        read_by = {name: name for name, spec in fields.items() if spec.column is None}
        for name, spec in fields.items():
            column, at = spec.column, (*place, name, "column")
            if column is None:
                continue
            other = read_by.setdefault(column, name)
            text = ""
            if schema.format.name == "dsn":
                text = _("a field of a DSN has a `rubrique`, it must not have a `column`")
            elif other != name or (column in fields and column != name):
                text = _("column `{column}` must be read by one field, and be the name of no other")
            if text:
                example = {"field": f"{above}{name}", "column": column}
                yield case.violation(
                    Rule.NAMING,
                    "column-twice",
                    at,
                    text,
                    example,
                    source=case.context.schema_source,
                )


def _groups(
    fields: Mapping[str, FieldSpec], above: str = "", place: DocumentPath = ("fields",)
) -> Iterator[tuple[str, DocumentPath, Mapping[str, FieldSpec]]]:
    """The fields of a schema that stand beside each other: the path above them, and their place."""
    yield above, place, fields
    for name, spec in fields.items():
        at: DocumentPath = (*place, name)
        while spec.of is not None:
            spec, at = spec.of, (*at, "of")
        if spec.fields:
            yield from _groups(spec.fields, f"{above}{name}.", (*at, "fields"))


def judge_paths(case: Case) -> Violations:
    """Every path must name a leaf of the schema."""
    leaves = case.context.leaves
    names: list[tuple[str, DocumentPath, bool]] = [
        (kept.path, kept.place, False) for kept in kept_fields(case.release, case.place)
    ]
    names += [(path, (*case.place, "treat", path), True) for path in case.release.treat]
    names += [
        (test.field, (*test.place, "field"), False)
        for test in conditions_of(case.release, case.place)
        if not test.list or test.list in _lists(leaves.values())
    ]
    for path, place, is_key in names:
        if path in leaves:
            continue
        inside = [leaf for leaf in leaves if leaf.startswith(f"{path}.")]
        if inside:
            text = _("`{field}` holds other fields: name them ({fields})")
            fields = ", ".join(f"`{leaf}`" for leaf in inside[:3]) + (", …" if inside[3:] else "")
            shown = {"fields": fields}
        else:
            text = _("no field `{field}` in schema `{schema}`{hint}")
            shown = {"schema": case.context.schema.schema_, "hint": suggest(path, leaves)}
        yield case.violation(
            Rule.NAMING, "unknown-path", place, text, {"field": path}, key=is_key, shown=shown
        )


def judge_scopes(case: Case) -> Violations:
    """`where` tests the record; `only` names a list and tests its elements; `when` tests either.

    Raised to the element that a kept field lies in, `when` tests a plain field of that element.
    """
    leaves = case.context.leaves
    for test, leaf in case.conditions:
        place = (*test.place, "field")
        if test.need is not None and leaf.lists:
            around = [
                leaves[path].lists[: len(leaf.lists)] for path in test.need.keep if path in leaves
            ]
            if leaf.path == leaf.lists[-1] or any(lists != leaf.lists for lists in around):
                text = _(
                    "`{field}` is in the list `{list}`: `when` may test it only for fields of the "
                    "same element, and not plain elements themselves"
                )
                yield case.violation(
                    Rule.NAMING,
                    "tests-another-element",
                    place,
                    text,
                    {"field": test.field},
                    shown={"list": leaf.lists[-1]},
                )
        elif not test.list and leaf.lists:
            text = _(
                "`{field}` is in the list `{list}`: `where` tests the record, `only` tests elements"
            )
            example = {"field": test.field}
            shown = {"list": leaf.lists[0]}
            yield case.violation(Rule.NAMING, "tests-a-list", place, text, example, shown=shown)
        elif test.list and (leaf.path == test.list or leaf.lists[-1:] != (test.list,)):
            text = _("`{field}` must be a plain field of the elements of `{list}`")
            example = {"field": test.field}
            yield case.violation(
                Rule.NAMING, "tests-another-list", place, text, example, shown={"list": test.list}
            )
    lists = _lists(case.context.leaves.values())
    kept = {path for _kept, leaf in case.kept for path in leaf.lists}
    for path in case.release.only:
        place = (*case.place, "only", path)
        if path not in lists:
            text = _("`{field}` is not a list of schema `{schema}`{hint}")
            shown = {"schema": case.context.schema.schema_, "hint": suggest(path, lists)}
            yield case.violation(
                Rule.NAMING, "no-list", place, text, {"field": path}, key=True, shown=shown
            )
        elif path not in kept:
            text = _("`only` chooses among the elements of `{field}`, of which nothing is kept")
            yield case.violation(Rule.NAMING, "only-unkept", place, text, {"field": path}, key=True)


def judge_values(case: Case) -> Violations:
    """A condition's values must have the field's type; of any type it may test presence."""
    for test, leaf in case.conditions:
        for i, value in enumerate(test.condition.in_):
            misfit = _value_misfit(value, leaf)
            if misfit:
                yield case.violation(
                    Rule.NAMING,
                    "value-type",
                    (*test.place, "in", i),
                    _("`{field}` is {type}: {misfit}"),
                    {"field": test.field, "type": leaf.spec.type, "value": type(value).__name__},
                    shown={"misfit": misfit},
                )


def judge_treatments(case: Case) -> Violations:
    """Treatments must name kept fields and fit their types."""
    kept = {field.path for field, _leaf in case.kept}
    for place, treatment, leaf in case.treated:
        if leaf.path not in kept:
            text = _("no need keeps `{field}`: there is nothing to treat")
            example = {"field": leaf.path}
            yield case.violation(Rule.NAMING, "treats-unkept", place, text, example, key=True)
        elif misfit := _treatment_misfit(treatment, leaf):
            text = _("`{field}` is {type}: {misfit}")
            example = {"field": leaf.path, "type": leaf.spec.type}
            shown = {"misfit": misfit}
            yield case.violation(Rule.NAMING, "treatment-type", place, text, example, shown=shown)


def judge_effects(case: Case) -> Violations:
    """A coarsening must not leave every value as it is."""
    for place, treatment, leaf in case.treated:
        if treatment.generalize and (unchanged := _unchanged(treatment.generalize, leaf)):
            example = {"field": leaf.path, "type": leaf.spec.type}
            text = _("`{field}` would not be made coarser: {unchanged}")
            shown = {"unchanged": unchanged}
            yield case.violation(
                Rule.EVIDENCE, "changes-nothing", place, text, example, shown=shown
            )


def judge_risk(case: Case) -> Violations:
    """`risk` is only for items without the NIR: who has it has the person."""
    if case.item is not None and case.item.nir == "carried" and case.release.risk is not None:
        place = (*case.place, "risk")
        text = _("`risk` is for items without the NIR; under {item} the NIR may pass")
        yield case.violation(
            Rule.NAMING, "risk-carried", place, text, {"k": str(case.release.risk.k)}
        )
    bounded = case.release.risk if case.release.item == ANALYSIS else None
    if bounded is not None and bounded.is_weak and is_short(bounded.because):
        text = _(
            "a bound on risk that is weaker than {usual} must give its reason in `because`, in "
            "more than two words"
        )
        shown = {"usual": str(RiskBound())}
        place = (*case.place, "risk")
        yield case.violation(Rule.EVIDENCE, "risk-no-reason", place, text, shown=shown)


def judge_unit(case: Case) -> Violations:
    """`min_unit` is only for what leaves the store without the NIR: else its order stays."""
    if case.item is None or case.release.min_unit is None:
        return
    if case.item.nir == "carried" or case.context.policy.direction == "into-store":
        place = (*case.place, "min_unit")
        text = _("`min_unit` is for what leaves the store under items without the NIR")
        example = {"min_unit": str(case.release.min_unit)}
        yield case.violation(Rule.NAMING, "unit-carried", place, text, example)


def judge_pseudonyms(case: Case) -> Violations:
    """A pseudonym must have a name of its own among the fields beside it."""
    pseudonyms: dict[str, str] = {}
    leaves = case.context.leaves
    for place, treatment, leaf in case.treated:
        if treatment.pseudonymize is None:
            continue
        name = treatment.pseudonymize.as_
        parent = leaf.path.rpartition(".")[0]
        path = f"{parent}.{name}" if parent else name
        owner = ""
        if path in leaves or any(other.startswith(f"{path}.") for other in leaves):
            owner = _("a field of the schema has that name")
        elif path in pseudonyms:
            owner = _("the pseudonym of `{other}` has that name", other=pseudonyms[path])
        elif not parent and (name in TAGS or name.startswith(RESERVED_PREFIX)):
            owner = _("Tamis adds a column of that name")
        if owner:
            place = (*place, "pseudonymize", "as")
            text = _("the pseudonym of `{field}` must not be called `{as}`: {owner}")
            example = {"field": leaf.path, "as": name}
            yield case.violation(
                Rule.NAMING, "pseudonym-collision", place, text, example, shown={"owner": owner}
            )
        pseudonyms.setdefault(path, leaf.path)


def _lists(leaves: Iterable[SchemaLeaf]) -> dict[str, None]:
    return {path: None for leaf in leaves for path in leaf.lists}


def _value_misfit(value: object, leaf: SchemaLeaf) -> str:
    """Why `value` is none of the leaf's type, in words; empty where it is one."""
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    fits = {
        "string": isinstance(value, str),
        "bool": isinstance(value, bool),
        "integer": is_number and isinstance(value, int),
        "float": is_number,
        "decimal": is_number,
        "date": isinstance(value, datetime.date),
    }
    if leaf.kind not in fits:
        return _("the type `{type}` cannot be tested", type=leaf.spec.type)
    if not fits[leaf.kind]:
        if leaf.kind == "string":
            return _("expected a text, got {kind}: put it in quotes", kind=describe_kind(value))
        return _("expected `{type}`, got {kind}", type=leaf.spec.type, kind=describe_kind(value))
    if leaf.kind == "integer" and isinstance(value, int):
        least, greatest = integer_range(leaf.spec.type)
        if not least <= value <= greatest:
            return _("the value must be from {least} to {greatest}", least=least, greatest=greatest)
    if leaf.kind == "decimal" and not _fits_decimal(value, leaf.spec.type):
        return _("the value has too many digits for the type")
    return ""


def _fits_decimal(value: object, name: str) -> bool:
    precision, scale = decimal_digits(name)
    _sign, digits, exponent = decimal.Decimal(str(value)).normalize().as_tuple()
    if not isinstance(exponent, int):
        return False
    return -exponent <= scale and len(digits) + exponent <= precision - scale


def _treatment_misfit(treatment: Treatment, leaf: SchemaLeaf) -> str:
    """Why `treatment` does not fit the leaf, in words; empty where it does."""
    spec, kind = leaf.spec, leaf.kind
    if treatment.pseudonymize:
        return _pseudonym_misfit(treatment.pseudonymize, leaf)
    if treatment.canonical:
        if not set(spec.identifier) & set(_PSEUDONYMIZED):
            return _("only an identifier `nir` or `nia` has a `canonical` form")
        if kind != "string":
            return _("only a string can have a `canonical` form: its `type` must be `string`")
    elif spec.identifier:
        return _("an identifier must be kept, pseudonymized or dropped")
    elif treatment.generalize:
        return _generalize_misfit(treatment.generalize, leaf)
    elif kind != "string":
        return _("only a string can be redacted")
    elif treatment.redact == "nothing" and not spec.free_text:
        return _("`redact: nothing` is for free text")
    return ""


def _pseudonym_misfit(pseudonymize: Pseudonymize, leaf: SchemaLeaf) -> str:
    """Why no pseudonym can be made, or of what kind, in words; empty where one can."""
    own, kind = leaf.spec.identifier, pseudonymize.kind
    if leaf.kind not in ("string", "integer"):
        return _("only a string or an integer can be pseudonymized")
    if leaf.spec.free_text:
        return _("free text must be redacted, it cannot be pseudonymized")
    if "nir-key" in own:
        return _("the key of a NIR cannot be pseudonymized: drop it")
    if {"nir", "nia"} & set(own):
        return _("its pseudonym has no `kind`: it is that of a NIR") if kind else ""
    if own and kind not in (None, *own):
        return _("its `kind` must be {kinds}", kinds=_(" or ").join(f"`{name}`" for name in own))
    if not own and kind in get_args(Identifier):
        return _("`kind: {kind}` is for a field with `identifier: {kind}`", kind=kind)
    if len(own) != 1 and kind is None:
        return _("its pseudonym must have a `kind`, such as `dossier`: what number it is")
    return ""


def _generalize_misfit(generalize: Generalize, leaf: SchemaLeaf) -> str:
    spec, kind = leaf.spec, leaf.kind
    if spec.free_text:
        return _("free text must be redacted, it cannot be generalized")
    if generalize.to and kind not in ("date", "timestamp"):
        return _("only a date can be generalized `to` a year, quarter or month")
    if generalize.prefix and kind != "string":
        return _("only a string can be generalized to a `prefix`")
    if generalize.step:
        if kind not in ("integer", "float", "decimal"):
            return _("only a number can be generalized by a `step`")
        if kind == "integer" and generalize.step > integer_range(spec.type)[1]:
            return _("the `step` must not be greater than the type's greatest value")
    return ""


_WIDTHS = {"insee": 5, "postal": 5, "postcode": 5, "rome": 5, "siren": 9, "siret": 14}
"""How many characters the codes have that such a word in a field's name speaks of."""

_LONGEST_PREFIX = 20
"""A prefix of so many characters leaves codes, dates and most names as they are."""


def _unchanged(generalize: Generalize, leaf: SchemaLeaf) -> str:
    """Why a generalization leaves every value as it is, in words; empty where it does not."""
    if generalize.step:
        scale = decimal_digits(leaf.spec.type)[1] if leaf.kind == "decimal" else 0
        if leaf.kind in ("integer", "decimal") and scale <= 0 and 10**-scale % generalize.step == 0:
            return _("every value is a multiple of the `step`")
    if generalize.prefix:
        words = re.findall(r"[a-z]+", leaf.path.rpartition(".")[2].casefold())
        width = min((_WIDTHS[word] for word in words if word in _WIDTHS), default=_LONGEST_PREFIX)
        if generalize.prefix >= width:
            return _(
                "a `prefix` must be shorter than {width:# character|# characters} here", width=width
            )
    return ""
