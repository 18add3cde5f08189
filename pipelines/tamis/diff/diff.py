"""What another version of the documents would release, and to whom (`tamis diff`).

Semantic, not textual: both projects are laid on one time line, cut at every date that a document
of either names. On each piece, every field that a release lets pass is compared with what the
other project lets pass: between the same partner and the store, of the same feed, under the same
item for the same purpose.

**Newly released** is exactly this: on some day, under a release in force, a field passes
*of a record* (or of an element of a list) of which the old documents did not let it pass there,
or *in a form* that tells more than the form in which they did, or *in one record* with fields
beside which they did not let it pass; or the policy that lets it pass was refused by `check` on
that day, and is not any more. So a new field, partner, item, purpose or day, a condition that is
wider, a treatment that is gone or finer, an item that is now `nir: carried`, a record no longer
stopped by its NIR all count, whatever words say it; the same releases in other words, policies or
order do not. **Newly withheld** is the same with old and new exchanged.

Documents are taken at their word: a policy that `check` refuses is compared too, and it is said
that it is refused. A `type` is no form: a field whose type changes is told as a change of its
schema. Comments, `describes` and `note` are not compared.
"""

import datetime
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

from tamis.diff.change import Change, Days, Risk, days_as_json, join_days
from tamis.diff.disclosure import Side
from tamis.diff.legal_basis import compare_law, compare_schemas
from tamis.diff.matching import match_policies, match_schemas
from tamis.diff.newly_disclosed import Comparison, Draft, Finding, find_surplus, history
from tamis.diff.wording import compare_policies
from tamis.documents.context import Subject, keeps_of, open_subject, tests_of
from tamis.documents.positions import Source
from tamis.documents.schema import Schema
from tamis.errors import DocumentError, Problem
from tamis.plan.project import Project


@dataclass(frozen=True)
class Refused:
    """A policy that `check` refuses in one of the projects.

    Attributes:
        side: `old` or `new`.
        problem: the first violation, with its place.
        days: on which it is refused.
    """

    side: str
    policy: str
    problem: Problem
    days: tuple[Days, ...]

    def as_json(self) -> dict[str, Any]:
        """The refusal as a JSON object."""
        return {
            "side": self.side,
            "policy": self.policy,
            "file": self.problem.file,
            "line": self.problem.line,
            "column": self.problem.column,
            "text": self.problem.text,
            "days": [days_as_json(one) for one in self.days],
        }


@dataclass(frozen=True)
class Difference:
    """All that differs between two projects.

    Attributes:
        changes: by risk, then by place.
        refused: policies that `check` refuses, whether or not they changed.
    """

    changes: tuple[Change, ...]
    refused: tuple[Refused, ...]

    @property
    def newly_released(self) -> bool:
        """Whether more is released to somebody on some day."""
        return any(one.effect == "released" for one in self.changes)


def diff(old: Project, new: Project, on: datetime.date | None = None) -> Difference:
    """Compare what two projects release, to whom and from which day.

    Args:
        old: the documents as they were.
        new: the documents as they would be.
        on: tell only what differs on this day, and what has no days; every day where None.

    Raises:
        DocumentError: documents of either do not follow their grammar, with all their problems.
    """
    before, after = _open_sides(old, new)
    cuts = sorted(before.cuts() | after.cuts())
    pieces = [Days(cut, until) for cut, until in zip(cuts, [*cuts[1:], None], strict=True)]
    pairs = match_policies(before.subjects, after.subjects)
    back = {now: then for then, now in pairs.items()}
    released = Comparison(after, before, back, history(before, pieces), True)
    withheld = Comparison(before, after, pairs, history(after, pieces), False)
    refused = (*_refused("old", before, pieces), *_refused("new", after, pieces))
    changes = [
        *_draw_up(_surplus(released, pieces), refused, "new"),
        *_draw_up(_surplus(withheld, pieces), refused, "old"),
    ]
    told = {(one.kind, one.policy, one.release) for one in changes}
    changes += compare_policies(before.subjects, after.subjects, pairs, told)
    changes += compare_law(before, after, pieces)
    changes += compare_schemas(before, after, _used(before, after), before.feeds)
    if on is not None:
        changes = [one for one in changes if not one.days or any(on in days for days in one.days)]
        refused = tuple(one for one in refused if any(on in days for days in one.days))
    changes.sort(
        key=lambda one: (one.risk, one.problem.file, one.problem.line, one.problem.column, one.kind)
    )
    return Difference(tuple(changes), refused)


def _open_sides(old: Project, new: Project) -> tuple[Side, Side]:
    problems: dict[Problem, None] = {}
    sides = [_read(project, problems) for project in (old, new)]
    if problems:
        raise DocumentError(*problems)
    feeds = match_schemas(*([schema for schema, _ in one[1].values()] for one in sides))
    before, after = (
        Side(subjects, schemas, project.law, *project.register, feeds=names)
        for (subjects, schemas), project, names in zip(sides, (old, new), (feeds, {}), strict=True)
    )
    return before, after


def _read(
    project: Project, problems: dict[Problem, None]
) -> tuple[dict[str, Subject], dict[str, tuple[Schema, Source]]]:
    def read(one: Callable[[], Any]) -> Any:
        try:
            return one()
        except DocumentError as error:
            problems.update(dict.fromkeys(error.problems))

    read(lambda: project.law)
    read(lambda: project.register)
    schemas = {name: read(partial(project.schema, name)) for name in project.schemas()}
    subjects = {name: read(partial(open_subject, project, name)) for name in project.policies()}
    return subjects, schemas


def _surplus(comparison: Comparison, pieces: Iterable[Days]) -> Iterator[tuple[Days, Finding]]:
    for piece in pieces:
        for finding in find_surplus(comparison, piece):
            yield piece, finding
        for finding in _permitted(comparison, piece):
            yield piece, finding


def _permitted(comparison: Comparison, piece: Days) -> Iterator[Finding]:
    """Policies that `check` refuses in `less` on a day on which it does not in `more`."""
    more, less, day = comparison.more, comparison.less, piece.from_
    for name, other in comparison.counterparts.items():
        if not (more.releases_on(name, day) and less.releases_on(other, day)):
            continue
        violation = less.refusal(other, day)
        if violation is None or more.refusal(name, day) is not None:
            continue
        why = violation.problem
        new = more.subjects[name].source
        text = f"policy `{name}` was refused by check and no longer is: {why.text}"
        problem = new.problem(("policy",), text)
        if not comparison.released:
            text = f"policy `{other}` is now refused by check: {why.text}"
            problem = Problem(why.file, why.line, why.column, text)
        draft = Draft("permitted", comparison.effect, problem, name, "", None)
        risk = Risk.RELEASED if comparison.released else Risk.WITHHELD
        passed = {grant.key for grant in less.grants_on(day)}
        for grant in more.grants_on(day):
            if grant.subject.name == name and grant.key in passed:
                yield draft, grant.path, risk


def _draw_up(
    findings: Iterable[tuple[Days, Finding]], refused: Iterable[Refused], side: str
) -> Iterator[Change]:
    """Make one change of what shows alike on several days, and of several fields."""
    spans: dict[Draft, dict[str, dict[Days, Risk]]] = {}
    for piece, (draft, path, risk) in findings:
        spans.setdefault(draft, {}).setdefault(path, {})[piece] = risk
    closed = {one.policy: one.days for one in refused if one.side == side}
    for draft, by_field in spans.items():
        fields: dict[tuple[Days, ...], list[str]] = {}
        for path, pieces in by_field.items():
            fields.setdefault(join_days(pieces), []).append(path)
        for days, paths in fields.items():
            yield Change(
                draft.kind,
                draft.effect,
                min(risk for path in paths for risk in by_field[path].values()),
                draft.problem,
                draft.policy,
                draft.release,
                draft.passage,
                tuple(paths),
                days,
                any(one.meets(two) for one in days for two in closed.get(draft.policy, ())),
            )


def _refused(side: str, project: Side, pieces: Iterable[Days]) -> Iterator[Refused]:
    pieces = list(pieces)
    for name in project.subjects:
        days = [one for one in pieces if project.releases_on(name, one.from_)]
        bad = [one for one in days if project.refusal(name, one.from_) is not None]
        if bad:
            violation = project.refusal(name, bad[0].from_)
            assert violation is not None
            yield Refused(side, name, violation.problem, join_days(bad))


def _used(old: Side, new: Side) -> dict[str, set[str]]:
    """By schema, the fields that some release keeps or tests."""
    used: dict[str, set[str]] = {}
    for side in (old, new):
        for subject in side.subjects.values():
            name = subject.schema.schema_
            fields = used.setdefault(side.feeds.get(name, name), set())
            for release in subject.policy.releases:
                fields.update(one.path for one in keeps_of(release, ()))
                fields.update(one.field for one in tests_of(release, ()))
    return used
