"""First cases for a policy: a record that it releases, and those that a condition stops.

Each proposal is what the filter does today, for somebody to read and to judge: a case that says so
is a test only once a person agreed that it should.
"""

import copy
import datetime
import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.scalarstring import DoubleQuotedScalarString

from tamis.cases.coverage import values_at
from tamis.cases.judge import Fate, fate_on
from tamis.cases.neighbours import neighbours
from tamis.documents.calendar import days_of, law_on
from tamis.documents.context import PlacedCondition, PolicyContext, conditions_of, kept_fields
from tamis.documents.policy import Condition, Release
from tamis.documents.schema import SchemaLeaf
from tamis.formats.xml.read import read_xml
from tamis.plan.compile import compile_policy, whole_schema
from tamis.synthetic.feeds import conforming_records, is_flux_cpf
from tamis.synthetic.flux_cpf import flux_cpf
from tamis.synthetic.records import make_records

Record = dict[str, Any]

_DAY = datetime.timedelta(days=1)
_TEXT = "Rappeler la personne, NIR 1 55 08 75 999 991 93, le matin."
_NUMBER = "155087599999193"
_OTHER = "AUTRE"
_SHOWN_VALUES = 4
_CASES_A_CONDITION = 3
_RECORDS = 40
"""Synthetic records that one with a value in every field is put together of."""

_HEAD = """\
# Proposé d'après ce que le filtre fait aujourd'hui : chaque note dit ce qui se passe, non ce qui
# doit se passer. Une proposition n'est un test qu'une fois relue.
"""
_NOTES = {
    "full": "un enregistrement complet, pour « {release} »",
    "empty": "un enregistrement dont rien n'est renseigné, pour « {release} »",
    "condition": "{field} est {given}, la condition attend {values} ({because})",
    "absent": "{field} n'est pas renseigné, la condition l'attend ({because})",
    "element": "« {list} » : {field} est {given} à côté d'un élément attendu, {values} ({because})",
    "element-absent": "« {list} » : un élément sans {field}, que la condition attend ({because})",
    "meets": "{field} est {given}, comme la condition l'attend ({because})",
    "malformed": "{field}, auquel il manque un caractère",
    "not-nir": "{field} a par hasard la forme d'un NIR",
    "before": "la veille du premier jour de « {release} »",
    "after": "le premier jour où « {release} » n'a plus cours",
}
"""In French, as the cases are for those who judge the policy."""


def propose_cases(context: PolicyContext) -> str:
    """Return cases of a policy as the text of `policies/tests/POLICY.yaml`.

    Example:
        >>> from tamis.documents.context import open_policy
        >>> from tamis.plan.project import load_project
        >>> text = propose_cases(open_policy(load_project("cpf"), "regularite-prestataires"))
        >>> text.splitlines()[2]
        'policy: regularite-prestataires'
    """
    cases = [
        {
            "note": f"{note} : {_became(fate, read)}",
            "on": days[0] if len(days) == 1 else days,
            "record": _shown(_without_bytes(record)),
            "expect": _expected(fate),
        }
        for note, record, tried, read in _records(context)
        for fate, days in _fates(context, record, tried)
    ]
    return _HEAD + _as_yaml({"policy": context.name, "cases": cases})


def as_in_a_case(record: Record) -> str:
    """A record as the YAML of a case has it, without binary values.

    Example:
        >>> as_in_a_case({"code": "01", "montant": Decimal("2.50"), "fin": None})
        'code: "01"\\nmontant: 2.5\\n'
    """
    return _as_yaml(_shown(_without_bytes(record)), flow=False)


def _as_yaml(value: Any, *, flow: bool | None = None) -> str:
    yaml = YAML()
    yaml.default_flow_style = flow
    yaml.width = 100
    yaml.representer.ignore_aliases = lambda _value: True
    out = io.StringIO()
    yaml.dump(value, out)
    return out.getvalue()


Days = set[datetime.date]


def _records(context: PolicyContext) -> Iterator[tuple[str, Record, Days, str]]:
    """Records to try: what each shows, on which days, and the list whose elements are counted."""
    for release in context.policy.releases:
        days = set(days_of(release, context.release_cuts))
        days |= {release.until - _DAY} if release.until else set()
        full = _accepted(context, release)
        yield _NOTES["full"].format(release=release.id), full, days, ""
        yield _NOTES["empty"].format(release=release.id), {}, days, ""
        for test in conditions_of(release, ()):
            for note, record in _around(context, release, test, full):
                yield note, record, days, test.list
        for path in dict.fromkeys(field.path for field in kept_fields(release, ())):
            leaf = context.leaves[path]
            lists = {test.field for test in conditions_of(release, ()) if test.list in leaf.lists}
            short = _pruned(full, {*_needed(context, release), *lists, path})
            if {"nir", "nia"} & set(leaf.spec.identifier) and leaf.kind == "string":
                _put(short, path, values_at(full, path)[0][1:])
                yield _NOTES["malformed"].format(field=path), short, days, ""
            elif leaf.kind == "string" and _is_any_number(context, release, leaf):
                _put(short, path, _NUMBER)
                yield _NOTES["not-nir"].format(field=path), short, days, ""
        short = _pruned(full, _needed(context, release))
        yield _NOTES["before"].format(release=release.id), short, {release.from_ - _DAY}, ""
        if release.until is not None:
            yield _NOTES["after"].format(release=release.id), short, {release.until}, ""


def _is_any_number(context: PolicyContext, release: Release, leaf: SchemaLeaf) -> bool:
    """Whether only a field's mark says that its numbers are no NIRs, where none may be."""
    mark, item = leaf.spec.not_nir, law_on(context.law, release.from_).items.get(release.item)
    under_absent = item is not None and item.nir == "absent"
    return under_absent and mark is not None and not (mark.pattern or mark.check)


def _around(
    context: PolicyContext, release: Release, test: PlacedCondition, full: Record
) -> Iterator[tuple[str, Record]]:
    """Records that fail a condition by the values next to those it accepts, each with its note."""
    short = _pruned(full, _needed(context, release, test))
    words = {
        "field": test.condition.field,
        "values": _listed(test.condition.in_),
        "because": test.condition.because,
        "list": test.list,
    }
    wanted = list(test.condition.in_[:1])
    if wanted and "needs" in test.place and values_at(short, test.field) != wanted:
        meeting = copy.deepcopy(short)
        _put(meeting, test.field, wanted[0])
        yield _NOTES["meets"].format(given=_listed(wanted), **words), meeting
    near = neighbours(context, release, test)
    given = near or [_other(test.condition)]
    kind = "element" if test.list else "condition"
    if test.condition.present:
        kind = "element-absent" if test.list else "absent"
    if test.list:
        note = _NOTES[kind].format(given=_listed(given, len(given)), **words)
        yield note, _with_elements(context, release, short, test, given)
        return
    for value in given[:_CASES_A_CONDITION]:
        record = copy.deepcopy(short)
        _put(record, test.field, value)
        yield _NOTES[kind].format(given=_listed([value]), **words), record


def _became(fate: Fate, counted: str) -> str:
    """What became of a record, in words; of the elements of a list, how many left."""
    if fate.reason:
        return f"mis en quarantaine ({fate.reason})"
    if not fate.released:
        return "retenu"
    text = f"transmis ({', '.join(fate.released)})"
    if counted:
        counts = [_elements(fields, counted) for fields in fate.released.values()]
        words = [f"{count} élément{'s' if count > 1 else ''}" for count in counts]
        text += f", avec {' et '.join(words)} de « {counted} »"
    return text


def _elements(fields: Mapping[str, Any], path: str) -> int:
    """How many elements a list has, in all elements of the lists around it."""
    above, _dot, name = path.rpartition(".")
    around = values_at(fields, above) if above else [fields]
    return sum(len(inner.get(name) or ()) for inner in around if inner)


def _fates(
    context: PolicyContext, record: Record, days: Days
) -> list[tuple[Fate, list[datetime.date]]]:
    """What becomes of a record, and the days on which that is so."""
    fates: list[tuple[Fate, list[datetime.date]]] = []
    for day in sorted(days):
        fate = fate_on(context, record, day)
        of_fate = next((known for other, known in fates if other == fate), None)
        if of_fate is None:
            fates.append((fate, [day]))
        else:
            of_fate.append(day)
    return fates


def _accepted(context: PolicyContext, release: Release) -> Record:
    """A record with a value in every field, which meets all conditions of a release."""
    record = _merged(_synthetic_records(context))
    assert isinstance(record, dict)
    for path, leaf in context.leaves.items():
        if leaf.spec.free_text and release.on_nir == "strip":
            _put(record, path, _TEXT)
        elif leaf.spec.identifier and release.on_nir == "quarantine":
            _put(record, path, None)
    for test in conditions_of(release, ()):
        others = [
            other.condition
            for other in conditions_of(release, ())
            if other.field == test.field and "needs" not in other.place
        ]
        if test.condition.in_:
            _put(record, test.field, _choice(test.condition, others))
    return record


def _synthetic_records(context: PolicyContext) -> list[Record]:
    """Records of the policy's schema, by the rules of its format where those are known."""
    schema = context.schema
    if (maker := conforming_records(schema)) is not None:
        return list(maker(_RECORDS, seed=1))
    made = make_records(schema, _RECORDS, seed=1, policies=[context.policy])
    if is_flux_cpf(schema):
        flow = io.BytesIO(b"".join(flux_cpf(_RECORDS)))
        plan = replace(
            compile_policy(context, context.policy.releases[0].from_), fields=whole_schema(context)
        )
        read = [row for chunk in read_xml(flow, plan, "") for row in chunk.data.to_pylist()]
        return [*read, *made]
    return made


def _choice(condition: Condition, others: Sequence[Condition]) -> Any:
    """A value that meets a condition, and the others of the same field if any does."""
    for value in condition.in_:
        if all(other.present or value in other.in_ for other in others):
            return value
    return condition.in_[0]


def _merged(values: Iterable[Any]) -> Any:
    """The first value that is not null: of records field by field, of lists as one element."""
    held = [value for value in values if value is not None]
    if held and isinstance(held[0], dict):
        return {name: _merged(value.get(name) for value in held) for name in held[0]}
    if held and isinstance(held[0], list):
        inner = [element for value in held for element in value]
        return [_merged(inner)] if inner else []
    return held[0] if held else None


def _put(record: Any, path: str, value: Any) -> None:
    """Set the value at a path, in every element of the lists on it."""
    name, _dot, rest = path.partition(".")
    for inner in record if isinstance(record, list) else [record]:
        if not isinstance(inner, dict):
            continue
        if rest:
            _put(inner.get(name), rest, value)
        else:
            inner[name] = [value] if isinstance(inner.get(name), list) else value


def _listed(values: Sequence[Any], shown: int = _SHOWN_VALUES) -> str:
    """The first values of a condition as its document has them."""
    words = [str(value).lower() if isinstance(value, bool) else str(value) for value in values]
    return ", ".join(words[:shown]) + (", …" if len(words) > shown else "")


def _needed(
    context: PolicyContext, release: Release, test: PlacedCondition | None = None
) -> set[str]:
    """The fields that a record needs to be released, and those that a condition decides about."""
    kept = {field.path for field in kept_fields(release, ())}
    tests = list(conditions_of(release, ()))
    needed = {other.field for other in tests if "where" in other.place}
    needed |= {path for path in kept if not context.leaves[path].nullable}
    if test is None:
        return needed
    needed.add(test.field)
    if test.list:
        top = test.list.split(".")[0] + "."
        of_list = {other.field for other in tests if other.field.startswith(top)}
        return needed | of_list | {path for path in kept if path.startswith(f"{test.list}.")}
    decided = {path for need in release.needs for path in need.keep if test.condition in need.when}
    return needed | decided


def _pruned(value: Any, paths: set[str], above: str = "") -> Any:
    """A record with the fields at `paths` only."""
    if isinstance(value, list):
        return [_pruned(element, paths, above) for element in value]
    if not isinstance(value, dict):
        return value
    return {
        name: _pruned(inner, paths, f"{above}{name}.")
        for name, inner in value.items()
        if any(path == above + name or path.startswith(f"{above}{name}.") for path in paths)
    }


def _with_elements(
    context: PolicyContext,
    release: Release,
    record: Record,
    test: PlacedCondition,
    values: Sequence[Any],
) -> Record:
    """A record with an element more of a list for each value; the first is whole, others short."""
    record = copy.deepcopy(record)
    parent: Any = record
    *above, name = test.list.split(".")
    for step in above:
        parent = parent[step]
        parent = parent[0] if isinstance(parent, list) else parent
    whole = parent[name][0]
    tested = {other.field for other in conditions_of(release, ()) if other.list == test.list}
    tested |= {path for path, leaf in context.leaves.items() if not leaf.nullable}
    short = _pruned(whole, tested, f"{test.list}.")
    for element, value in zip([whole, *[short] * len(values)], values, strict=False):
        element = copy.deepcopy(element)
        _put(element, test.condition.field, value)
        parent[name].append(element)
    return record


def _other(condition: Condition) -> Any:
    """A value that a condition does not accept, where no nearer one is known."""
    if condition.present:
        return None
    first = condition.in_[0]
    if isinstance(first, int | float):
        return max(condition.in_) + 1
    if isinstance(first, datetime.date):
        return max(condition.in_) + _DAY
    return _OTHER


def _expected(fate: Fate) -> Any:
    if fate.reason:
        cause = {"reason": fate.reason} | ({"field": fate.field} if fate.field else {})
        return {"quarantined": cause}
    if not fate.released:
        return "withheld"
    return {release: _shown(fields) for release, fields in fate.released.items()}


def _without_bytes(value: Any) -> Any:
    """A record without binary values, which a case cannot write."""
    if isinstance(value, dict):
        return {
            name: _without_bytes(inner)
            for name, inner in value.items()
            if not isinstance(inner, bytes)
        }
    return [_without_bytes(inner) for inner in value] if isinstance(value, list) else value


def _shown(value: Any) -> Any:
    """A value as a case is to have it: without nulls, and text that YAML may misread in quotes."""
    if isinstance(value, Mapping):
        return {name: _shown(inner) for name, inner in value.items() if inner is not None}
    if isinstance(value, list):
        return [_shown(inner) for inner in value]
    if isinstance(value, bytes):
        return {"present": True}
    if isinstance(value, str):
        return DoubleQuotedScalarString(value) if not value.isalpha() else value
    if isinstance(value, Decimal):
        return int(value) if value == int(value) else float(value)
    if isinstance(value, datetime.datetime | datetime.time):
        return DoubleQuotedScalarString(value.isoformat())
    return value
