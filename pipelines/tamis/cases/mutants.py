"""Policies that are wrong in one small way: does a rule or a case notice?

A mutant lacks a need, a condition, a treatment or a mark of a field, accepts one value more under
a condition, or begins or ends a day too early or too late. It is killed where `check` finds a
violation that the policy itself has not, or where a case has another outcome. What survives,
nobody would notice: it is listed.
"""

import dataclasses
import datetime
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from tamis.cases.judge import judge_cases
from tamis.cases.neighbours import neighbours
from tamis.check.check import judge_policy
from tamis.documents.calendar import law_on
from tamis.documents.cases import PolicyCases
from tamis.documents.context import PolicyContext, conditions_of, kept_fields
from tamis.documents.policy import Condition, Release
from tamis.documents.positions import DocumentPath, Source
from tamis.documents.schema import FieldSpec
from tamis.errors import Problem
from tamis.language import N_, _

_MARKS = ("identifier", "sensitive", "free_text")
"""The marks of a field that protect it."""

_MARKS_WITHOUT_NIR = ("nir_part", "not_nir")
"""Those that protect it too where a release must hold no NIR (paragraph III)."""

_DAY = datetime.timedelta(days=1)

T = TypeVar("T")


@dataclass(frozen=True)
class Mutant:
    """A policy that is wrong in one way.

    Attributes:
        problem: what was changed, and where.
        context: the wrong policy.
        killed_by: `check` or `cases`; empty where nothing notices.
    """

    problem: Problem
    context: PolicyContext
    killed_by: str = ""


def judge_mutants(context: PolicyContext, cases: PolicyCases, source: Source) -> list[Mutant]:
    """Return the mutants of a policy, each with what notices it."""
    known = {(violation.rule, violation.code) for violation in judge_policy(context)}
    passing = _passing(context, cases, source)
    judged = []
    for mutant in mutants_of(context):
        new = {(found.rule, found.code) for found in judge_policy(mutant.context)} - known
        killed = "check" if new else ""
        if not killed and passing - _passing(mutant.context, cases, source):
            killed = "cases"
        judged.append(dataclasses.replace(mutant, killed_by=killed))
    return judged


def _passing(
    context: PolicyContext, cases: PolicyCases, source: Source
) -> set[tuple[int, datetime.date]]:
    """The cases, by the identity of each and its day, whose outcome is as expected."""
    outcomes = judge_cases(context, cases, source)
    return {(id(outcome.case), outcome.day) for outcome in outcomes if outcome.problem is None}


def mutants_of(context: PolicyContext) -> Iterator[Mutant]:
    """Yield every mutant of a policy, in the order of its documents."""
    for index, release in enumerate(context.policy.releases):
        place: DocumentPath = ("releases", index)
        for changed, at, text in _of_release(context, release, place):
            releases = list(context.policy.releases)
            releases[index] = changed
            policy = context.policy.model_copy(update={"releases": tuple(releases)})
            problem = context.source.problem(at, f"{text} ({release.id})")
            yield Mutant(problem, _renewed(context, policy=policy))
    yield from _of_schema(context)


def _renewed(context: PolicyContext, **changes: Any) -> PolicyContext:
    return dataclasses.replace(context, **changes)


def _of_release(
    context: PolicyContext, release: Release, place: DocumentPath
) -> Iterator[tuple[Release, DocumentPath, str]]:
    """A release changed in one way, where, and how."""
    for i in range(len(release.needs)):
        needs = release.needs[:i] + release.needs[i + 1 :]
        kept = {path for need in needs for path in need.keep}
        treat = {path: how for path, how in release.treat.items() if path in kept}
        if needs:
            changed = release.model_copy(update={"needs": needs, "treat": treat})
            yield changed, (*place, "needs", i), _("a need is deleted")
    for test in conditions_of(release, place):
        dropped = _with_condition(release, test.place[2:], ())
        yield dropped, test.place, _("a condition is dropped")
        for value in neighbours(context, release, test):
            wide = test.condition.model_copy(update={"in_": (*test.condition.in_, value)})
            text = _("a condition accepts `{value}` too", value=value)
            yield _with_condition(release, test.place[2:], (wide,)), test.place, text
    for path, how in release.treat.items():
        if how.redact == "nir":
            continue  # what free text has without it
        treat = {other: of for other, of in release.treat.items() if other != path}
        at = (*place, "treat", path)
        yield release.model_copy(update={"treat": treat}), at, _("a treatment is dropped")
    for key, name in (("from_", "from"), ("until", "until")):
        day = getattr(release, key)
        for text, moved in (
            (N_("{key} is a day earlier"), -_DAY),
            (N_("{key} is a day later"), _DAY),
        ):
            if day is not None:
                changed = release.model_copy(update={key: day + moved})
                yield changed, (*place, name), _(text, key=name)


def _with_condition(release: Release, place: DocumentPath, by: tuple[Condition, ...]) -> Release:
    """A release with `by` for the condition at `place` in it: `where`, `only` or a `when`."""
    match place:
        case ("where", int(i)):
            return release.model_copy(update={"where": _replaced(release.where, i, by)})
        case ("only", str(path), int(i)):
            only = {**release.only, path: _replaced(release.only[path], i, by)}
            kept = {name: tests for name, tests in only.items() if tests}
            return release.model_copy(update={"only": kept})
        case ("needs", int(i), "when", int(j)):
            need = release.needs[i]
            need = need.model_copy(update={"when": _replaced(need.when, j, by)})
            return release.model_copy(update={"needs": _replaced(release.needs, i, (need,))})
    raise AssertionError(place)


def _replaced(values: tuple[T, ...], index: int, by: tuple[T, ...]) -> tuple[T, ...]:
    return values[:index] + by + values[index + 1 :]


def _of_schema(context: PolicyContext) -> Iterator[Mutant]:
    """The policy with a schema that lacks one mark of a field which some release keeps or tests."""
    releases = context.policy.releases
    used = {
        path
        for release in releases
        for path in (
            *(kept.path for kept in kept_fields(release, ())),
            *(test.field for test in conditions_of(release, ())),
        )
    }
    items = [law_on(context.law, release.from_).items.get(release.item) for release in releases]
    marks: tuple[str, ...] = _MARKS
    if any(item is not None and item.nir == "absent" for item in items):
        marks = _MARKS + _MARKS_WITHOUT_NIR
    for path, leaf in context.leaves.items():
        if path not in used:
            continue
        for mark in marks:
            if not getattr(leaf.spec, mark):
                continue
            bare = type(leaf.spec).model_fields[mark].default
            fields = _without_mark(context.schema.fields, leaf.place[1:], mark, bare)
            schema = context.schema.model_copy(update={"fields": fields})
            text = _("`{mark}` of `{field}` is dropped", mark=mark, field=path)
            problem = context.schema_source.problem((*leaf.place, mark), text, key=True)
            yield Mutant(problem, _renewed(context, schema=schema))


def _without_mark(
    fields: Mapping[str, FieldSpec], place: DocumentPath, mark: str, bare: Any
) -> dict[str, FieldSpec]:
    """The fields of a schema, without the mark of the one at `place`."""
    name = str(place[0])
    return {**fields, name: _bare(fields[name], place[1:], mark, bare)}


def _bare(spec: FieldSpec, place: DocumentPath, mark: str, bare: Any) -> FieldSpec:
    if place[:1] == ("of",) and spec.of is not None:
        return spec.model_copy(update={"of": _bare(spec.of, place[1:], mark, bare)})
    if place[:1] == ("fields",) and spec.fields is not None:
        inner = _without_mark(spec.fields, place[1:], mark, bare)
        return spec.model_copy(update={"fields": inner})
    return spec.model_copy(update={mark: bare})
