"""What another version of the documents would release, and to whom (`tamis diff`).

The comparison is of meaning, not of text: both projects are laid on one calendar, cut at every
date that a document of either names. On each piece, every field that a release releases is
compared with what the other project releases: between the same partner and the store, of the same
feed, under the same item for the same purpose.

**Newly released** is exactly this: on some day, under a release in force, a field is released
*of a record* (or of an element of a list) of which the old documents did not release it there,
or *in a form* that discloses more than the form in which they did, or *in one record* with fields
beside which they did not release it; or the policy that releases it was refused by `check` on
that day, and is not any more. So a new field, partner, item, purpose or day, a condition that is
wider, a treatment that is gone or finer, an item that is now `nir: carried`, a record no longer
stopped by its NIR all count, however they are written; the same releases in other words, policies
or order do not. **Newly withheld** is the same with old and new exchanged.

Documents are taken as they stand: a policy that `check` refuses is compared too, and it is said
that it is refused. A `type` is no form: a field whose type changes is told as a change of its
schema. Comments, `describes` and `note` are not compared.
"""

import datetime
from collections.abc import Iterable, Iterator
from dataclasses import astuple, dataclass, replace
from typing import Any

from tamis.diff.change import Change, ChangeRisk, DayRange, join_days
from tamis.diff.disclosure import ProjectState
from tamis.diff.legal_basis import compare_law, compare_schemas
from tamis.diff.matching import match_policies, match_schemas
from tamis.diff.newly_disclosed import DisclosureComparison, history
from tamis.diff.readers import ChangedContract, compare_contracts
from tamis.diff.wording import compare_policies
from tamis.documents.context import conditions_of, kept_fields, open_all
from tamis.documents.project import Documents
from tamis.errors import Problem
from tamis.language import _


@dataclass(frozen=True)
class Refusal:
    """A policy that `check` refuses in one of the projects.

    Attributes:
        side: `old` or `new`.
        problem: the first violation, with its place.
        days: on which it is refused.
    """

    side: str
    policy: str
    problem: Problem
    days: tuple[DayRange, ...]

    def as_json(self) -> dict[str, Any]:
        """Return the refusal as a JSON object."""
        return {
            "side": self.side,
            "policy": self.policy,
            **self.problem.as_json(),
            "days": [days.as_json() for days in self.days],
        }


@dataclass(frozen=True)
class Difference:
    """All that differs between two projects.

    Attributes:
        changes: by risk, then by place.
        refused: policies that `check` refuses, whether or not they changed.
        contracts: releases whose readers find another schema.
    """

    changes: tuple[Change, ...]
    refused: tuple[Refusal, ...]
    contracts: tuple[ChangedContract, ...] = ()

    @property
    def newly_released(self) -> bool:
        """Whether more is released to somebody on some day."""
        return any(change.effect == "released" for change in self.changes)

    @property
    def ground(self) -> bool:
        """Whether something changes that releases rest on, without more being released by it."""
        return any(change.risk == ChangeRisk.GROUND for change in self.changes)


def diff(old: Documents, new: Documents, on: datetime.date | None = None) -> Difference:
    """Compare what two projects release, to whom and from which day.

    Args:
        old: the documents as they were.
        new: the documents as they would be.
        on: keep only what differs on this day, and what has no days; every day where None.

    Raises:
        DocumentError: documents of either do not follow their grammar, with all their problems.
    """
    before, after = _read(old, new)
    cuts = sorted(before.cuts() | after.cuts())
    pieces = [DayRange(cut, until) for cut, until in zip(cuts, [*cuts[1:], None], strict=True)]
    pairs = match_policies(before.contexts, after.contexts)
    back = {now: then for then, now in pairs.items()}
    released = DisclosureComparison(after, before, back, history(before, pieces), True)
    withheld = DisclosureComparison(before, after, pairs, history(after, pieces), False)
    refused = (*_refusals("old", before, pieces), *_refusals("new", after, pieces))
    changes = [
        *_merge(_changes(released, pieces), refused, "new"),
        *_merge(_changes(withheld, pieces), refused, "old"),
    ]
    reported = {(change.kind, change.policy, change.release) for change in changes}
    changes += compare_policies(before.contexts, after.contexts, pairs, reported)
    changes += compare_law(before, after, pieces)
    changes += compare_schemas(before, after, _used_fields(before, after), before.feeds)
    if on is not None:
        changes = [change for change in changes if not change.days or _holds(change.days, on)]
        refused = tuple(refusal for refusal in refused if _holds(refusal.days, on))
    changes.sort(key=lambda change: (change.risk, astuple(change.problem)[:3], change.kind))
    contracts = compare_contracts(before.contexts, after.contexts, pairs, on)
    return Difference(tuple(changes), refused, tuple(contracts))


def _holds(days: Iterable[DayRange], day: datetime.date) -> bool:
    return any(day in piece for piece in days)


def _read(old: Documents, new: Documents) -> tuple[ProjectState, ProjectState]:
    before, after = (
        ProjectState(
            contexts,
            {name: documents.schema(name) for name in documents.schemas()},
            documents.law,
            *documents.register,
            *documents.veille,
            documents.project_file,
        )
        for contexts, documents in zip(open_all(old, new), (old, new), strict=True)
    )
    schemas = ([schema for schema, _source in state.schemas.values()] for state in (before, after))
    return replace(before, feeds=match_schemas(*schemas)), after


def _changes(comparison: DisclosureComparison, pieces: Iterable[DayRange]) -> Iterator[Change]:
    """The changes of each piece of the calendar, each of one field."""
    for piece in pieces:
        for change in (*comparison.find(piece), *_newly_permitted(comparison, piece.from_)):
            yield replace(change, days=(piece,))


def _newly_permitted(comparison: DisclosureComparison, day: datetime.date) -> Iterator[Change]:
    """Policies that `check` refuses in `less` on a day on which it does not in `more`."""
    more, less = comparison.more, comparison.less
    for name, other in comparison.counterparts.items():
        if not (more.releases_on(name, day) and less.releases_on(other, day)):
            continue
        violation = less.refusal(other, day)
        if violation is None or more.refusal(name, day) is not None:
            continue
        reason = violation.problem
        if comparison.released:
            text = _("policy `{name}` was refused by check and no longer is: {reason}")
            text = text.format(name=name, reason=reason.text)
            problem = more.contexts[name].source.problem(("policy",), text)
            change = Change("permitted", "released", ChangeRisk.RELEASED, problem, name)
        else:
            text = _("policy `{name}` is now refused by check: {reason}")
            problem = replace(reason, text=text.format(name=other, reason=reason.text))
            change = Change("permitted", "withheld", ChangeRisk.WITHHELD, problem, name)
        released = {disclosure.key for disclosure in less.disclosures_on(day)}
        for disclosure in more.disclosures_on(day):
            if disclosure.context.name == name and disclosure.key in released:
                yield replace(change, fields=(disclosure.path,))


def _merge(changes: Iterable[Change], refused: Iterable[Refusal], side: str) -> Iterator[Change]:
    """Make one change of what is the same on several days, and of several fields."""
    merged: dict[Change, dict[str, dict[DayRange, ChangeRisk]]] = {}
    for change in changes:
        (path,), (piece,) = change.fields, change.days
        alike = replace(change, fields=(), days=(), risk=ChangeRisk.WORDING)
        merged.setdefault(alike, {}).setdefault(path, {})[piece] = change.risk
    refused_days = {refusal.policy: refusal.days for refusal in refused if refusal.side == side}
    for change, risks in merged.items():
        fields: dict[tuple[DayRange, ...], list[str]] = {}
        for path, pieces in risks.items():
            fields.setdefault(join_days(pieces), []).append(path)
        refusals = refused_days.get(change.policy, ())
        for days, paths in fields.items():
            yield replace(
                change,
                risk=min(risk for path in paths for risk in risks[path].values()),
                fields=tuple(paths),
                days=days,
                refused=any(piece.overlaps(refusal) for piece in days for refusal in refusals),
            )


def _refusals(side: str, state: ProjectState, pieces: Iterable[DayRange]) -> Iterator[Refusal]:
    for name in state.contexts:
        refused = {
            piece: violation.problem
            for piece in pieces
            if state.releases_on(name, piece.from_)
            and (violation := state.refusal(name, piece.from_)) is not None
        }
        if refused:
            yield Refusal(side, name, next(iter(refused.values())), join_days(refused))


def _used_fields(old: ProjectState, new: ProjectState) -> dict[str, set[str]]:
    """By schema, the fields that some release keeps or tests."""
    used: dict[str, set[str]] = {}
    for state in (old, new):
        for context in state.contexts.values():
            name = context.schema.schema_
            fields = used.setdefault(state.feeds.get(name, name), set())
            for release in context.policy.releases:
                fields.update(kept.path for kept in kept_fields(release, ()))
                fields.update(test.field for test in conditions_of(release, ()))
    return used
