"""What becomes of the records of a policy's cases, beside what is expected of them."""

import datetime
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal, InvalidOperation
from typing import Any

from tamis.documents.cases import PolicyCase, PolicyCases, Quarantined, is_any_value
from tamis.documents.context import PolicyContext
from tamis.documents.positions import Source
from tamis.documents.schema import FieldSpec, Schema
from tamis.documents.tags import TAGS
from tamis.errors import DocumentError, Problem
from tamis.filter.minimize import minimize
from tamis.formats.python_records import to_chunk
from tamis.formats.python_values import adapter_for
from tamis.keys.keyring import DerivedKey
from tamis.language import _
from tamis.limited.persons import EVERYBODY, NOBODY, LimitedPersons
from tamis.plan.compile import compile_policy
from tamis.plan.plan import Plan, PlanField

Fields = Mapping[str, Any]


class _TestKeys:
    """One key for all pseudonyms: cases say that there is one, not which."""

    def key(self, processing: str, item: str, method: str, kind: str | None = None) -> DerivedKey:
        """A key that protects nothing, for records of nobody."""
        return DerivedKey(bytes(32), 1, "0" * 12)


@dataclass(frozen=True)
class Fate:
    """What became of a record.

    Attributes:
        released: by release, the fields that left, without tags.
        reason, field: why it was quarantined, if it was.
    """

    released: Mapping[str, Fields] = field(default_factory=dict)
    reason: str = ""
    field: str = ""


@dataclass(frozen=True)
class Outcome:
    """One case on one day.

    Attributes:
        day: the day whose law applied.
        fate: what became of the record; None where the policy breaks a rule on that day.
        problem: where and how this differs from what is expected; None where it does not.
    """

    case: PolicyCase
    day: datetime.date
    fate: Fate | None
    problem: Problem | None


def judge_cases(context: PolicyContext, cases: PolicyCases, source: Source) -> list[Outcome]:
    """Filter the record of each case on each of its days, and compare.

    Args:
        context: the policy, with all that decides about it.
        cases: of the policy.
        source: the text of the cases, for positions.

    Returns:
        An outcome for each case and day, in the order of the document. Values stand in problems:
        they are those of synthetic records.

    Raises:
        DocumentError: a record has a field that the schema has not.
    """
    unknown = [
        source.problem(("cases", i, "record", *path), _unknown(path, context.schema), key=True)
        for i, case in enumerate(cases.cases)
        for path in _unknown_fields(case.record, context.schema.fields)
    ]
    if unknown:
        raise DocumentError(*unknown)
    plans: dict[datetime.date, Plan | DocumentError | None] = {}
    outcomes = []
    for i, case in enumerate(cases.cases):
        for day in case.on:
            if day not in plans:
                plans[day] = _plan(context, day)
            outcomes.append(_judge(case, day, plans[day], source, i))
    return outcomes


def _unknown(path: tuple[str, ...], schema: Schema) -> str:
    name = ".".join(part for part in path if isinstance(part, str))
    return _("no field `{field}` in schema `{schema}`", field=name, schema=schema.schema_)


def _unknown_fields(record: Any, fields: Mapping[str, FieldSpec]) -> Iterator[tuple[Any, ...]]:
    """The places in a record of names that no field of the schema has."""
    if not isinstance(record, dict):
        return
    for name, value in record.items():
        if name not in fields:
            yield (name,)
            continue
        spec = fields[name]
        values: list[tuple[tuple[int, ...], Any]] = [((), value)]
        while spec.of is not None:
            values = [
                ((*at, i), inner)
                for at, outer in values
                for i, inner in enumerate(outer if isinstance(outer, list) else ())
            ]
            spec = spec.of
        for at, inner in values:
            for below in _unknown_fields(inner, spec.fields or {}):
                yield (name, *at, *below)


def _plan(context: PolicyContext, day: datetime.date) -> Plan | DocumentError | None:
    """The plan of a day; None where no release is in force, the error where a rule is broken."""
    if not any(release.in_force(day) for release in context.policy.releases):
        return None
    try:
        return compile_policy(context, day)
    except DocumentError as error:
        return error


def _judge(
    case: PolicyCase, day: datetime.date, plan: Plan | DocumentError | None, source: Source, i: int
) -> Outcome:
    if isinstance(plan, DocumentError):
        return Outcome(case, day, None, plan.problems[0])
    persons = EVERYBODY if case.limited else NOBODY
    fate = Fate() if plan is None else filter_record(case.record, plan, persons)
    difference = _difference(case, fate, plan)
    if difference is None:
        return Outcome(case, day, fate, None)
    place, text = difference
    text = _("« {note} » on {day}: {text}", note=case.note, day=day, text=text)
    return Outcome(case, day, fate, source.problem(("cases", i, *place), text))


def filter_record(record: Mapping[str, Any], plan: Plan, limited: LimitedPersons = NOBODY) -> Fate:
    """Return what a plan makes of one record, given by the schema's names of its fields.

    Example:
        >>> from tamis.plan.project import load_project
        >>> plan = load_project("cpf").plan("regularite-prestataires", on="2026-01-01")
        >>> filter_record({"siret": "73282932000074"}, plan)
        Fate(released={}, reason='null', field='siren')
    """
    fields = [_by_own_name(field) for field in plan.fields]
    chunk = to_chunk([record], [0], fields, adapter=adapter_for(plan.format))
    done = minimize(chunk.data, plan, run="test", keys=_TestKeys(), limited=limited)
    if done.quarantined.num_rows:
        row = done.quarantined.to_pylist()[0]
        return Fate(reason=row["reason"], field=row["field"] or "")
    released = {}
    for release, batch in done.released.items():
        if batch.num_rows:
            fields = batch.select([name for name in batch.schema.names if name not in TAGS])
            released[release] = fields.to_pylist()[0]
    return Fate(released)


def fate_on(context: PolicyContext, record: Mapping[str, Any], day: datetime.date) -> Fate:
    """Return what a policy makes of a record on a day; nothing passes where no release is in force.

    Raises:
        DocumentError: the policy breaks a rule on that day.
    """
    plan = _plan(context, day)
    if isinstance(plan, DocumentError):
        raise plan
    return Fate() if plan is None else filter_record(record, plan)


def _by_own_name(field: PlanField) -> PlanField:
    """A field that is read by the schema's name, whatever the source calls it."""
    inside = tuple(_by_own_name(child) for child in field.fields)
    element = field.of and _by_own_name(field.of)
    return replace(field, column=None, of=element, fields=inside)


Difference = tuple[tuple[str | int, ...], str]
"""Where in the case something differs, and how, in words."""


def _difference(case: PolicyCase, fate: Fate, plan: Plan | None) -> Difference | None:
    """The first difference between what became of a record and what is expected."""
    expect, became = case.expect, _describe(fate)
    if isinstance(expect, Quarantined):
        due = expect.quarantined
        if (due.reason, due.field) == (fate.reason, fate.field):
            return None
        text = _("expected quarantine for {reason}", reason=_cause(due.reason, due.field))
        return ("expect",), f"{text}, {became}"
    if expect == "withheld":
        if not fate.released and not fate.reason:
            return None
        return ("expect",), _("expected it withheld") + f", {became}"
    assert not isinstance(expect, str)
    if fate.reason or set(expect) != set(fate.released):
        text = _("expected it released to {releases}", releases=_names(expect))
        return ("expect",), f"{text}, {became}"
    assert plan is not None
    for release, fields in expect.items():
        names = [*fields, *(name for name in fate.released[release] if name not in fields)]
        for name in names:
            got = fate.released[release].get(name)
            inner = _unlike(fields.get(name), got, (name,))
            if inner is not None:
                place, text = inner
                at = ("expect", release, *place)
                return at, f"{release}: {text}"
    return None


def _describe(fate: Fate) -> str:
    if fate.reason:
        return _("got quarantine for {reason}", reason=_cause(fate.reason, fate.field))
    if not fate.released:
        return _("got it withheld")
    return _("got it released to {releases}", releases=_names(fate.released))


def _cause(reason: str, field: str) -> str:
    return f"{reason} ({field})" if field else reason


def _names(releases: Mapping[str, Any]) -> str:
    return ", ".join(f"`{release}`" for release in releases)


def _unlike(expected: Any, got: Any, place: tuple[str | int, ...]) -> Difference | None:
    """The first place at which a released value is not the expected one; null may be left out."""
    if isinstance(got, dict) and not is_any_value(expected):
        if not isinstance(expected, dict):
            return None if expected is None and not _holds(got) else _values(expected, got, place)
        for name in {**expected, **got}:
            if inner := _unlike(expected.get(name), got.get(name), (*place, name)):
                return inner
        return None
    if isinstance(got, list) and isinstance(expected, list) and len(got) == len(expected):
        for i, (due, value) in enumerate(zip(expected, got, strict=True)):
            if inner := _unlike(due, value, (*place, i)):
                return inner
        return None
    if got is not None and is_any_value(expected):
        return None
    return None if _same(expected, got) else _values(expected, got, place)


def _holds(value: Any) -> bool:
    """Whether a struct holds a value that is not null."""
    if isinstance(value, dict):
        return any(map(_holds, value.values()))
    return value is not None


def _values(expected: Any, got: Any, place: tuple[str | int, ...]) -> Difference:
    path = ".".join(part for part in place if isinstance(part, str))
    due, value = (_("no value") if known is None else known for known in (expected, got))
    return place, _(
        "`{field}`: expected {expected}, got {got}", field=path, expected=due, got=value
    )


def _same(expected: Any, got: Any) -> bool:
    """Whether a value as YAML has it is the released one: `12.5` is 12.50, and `"01"` is no 1."""
    if isinstance(got, bool) or isinstance(expected, bool):
        return expected is got
    if isinstance(got, Decimal | int | float):
        try:
            return Decimal(str(expected)) == Decimal(str(got))
        except InvalidOperation:
            return False
    if isinstance(got, datetime.date | datetime.time):
        return str(expected).replace("T", " ") == str(got)
    if isinstance(got, bytes):
        return bool(expected == got.hex())
    return type(expected) is type(got) and bool(expected == got)
