"""Warnings about what schemas say of fields: reasons that give none, relatives of the titulaire."""

from collections.abc import Iterable, Iterator

from tamis.check.catalogue import Rule
from tamis.check.rules.identity import subjects_of
from tamis.check.violation import Violation, Violations
from tamis.documents.calendar import days_of, law_on
from tamis.documents.context import PolicyContext, kept_fields
from tamis.documents.lowered import LoweredMark, lowered_marks
from tamis.documents.names import says_others
from tamis.documents.positions import Source
from tamis.documents.schema import Schema
from tamis.language import _

_ALIKE = 3
"""Lowered marks of one schema with one reason from which on it is told."""


def judge_reasons(schema: Schema, source: Source) -> Violations:
    """Warn of lowered marks whose reason is none: it repeats the name, or serves many fields."""
    alike: dict[str, list[LoweredMark]] = {}
    for mark in lowered_marks(schema):
        alike.setdefault(" ".join(mark.because.casefold().split()), []).append(mark)
        if mark.repeats:
            text = _(
                "the reason for `{key}: {mark}` of `{field}` says no more than its name and its "
                "mark",
                key=mark.key,
                mark=mark.mark,
                field=mark.path,
            )
            yield _warning(mark, source, "reason-repeats", text)
    for marks in alike.values():
        if len(marks) >= _ALIKE:
            text = _(
                "one reason for {count} lowered marks: {fields}; each field must have its own",
                count=len(marks),
                fields=", ".join(f"`{mark.path}`" for mark in marks),
            )
            yield _warning(marks[_ALIKE - 1], source, "reason-shared", text)


def _warning(mark: LoweredMark, source: Source, code: str, text: str) -> Violation:
    problem = source.problem(mark.place, text)
    return Violation(problem, Rule.EVIDENCE, code, None, (("field", mark.path),), "warning")


def judge_relatives(contexts: Iterable[PolicyContext]) -> Iterator[Violation]:
    """Warn of kept fields that are called after relatives, and are data of the titulaire."""
    for context in contexts:
        for i, release in enumerate(context.policy.releases):
            for kept in kept_fields(release, ("releases", i)):
                leaf = context.leaves.get(kept.path)
                if leaf is None or not any(map(says_others, leaf.names)):
                    continue
                laws = (law_on(context.law, day) for day in days_of(release, context.cuts))
                subjects = set(leaf.subject) or set().union(
                    *(subjects_of(leaf, law) for law in laws)
                )
                named = sorted(slug for slug in subjects if slug.startswith("titulaire"))
                if named:
                    text = _(
                        "`{field}` is called after a relative and is data of {subjects}: if it is "
                        "data of somebody else, the schema must say so in `subject`",
                        field=kept.path,
                        subjects=", ".join(named),
                    )
                    problem = context.source.problem(kept.place, text)
                    example = (("release", release.id), ("field", kept.path))
                    yield Violation(problem, Rule.IDENTITY, "relative", None, example, "warning")
