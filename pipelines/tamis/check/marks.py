"""Warnings about what schemas say of fields: reasons that give none, low marks, relatives."""

from collections.abc import Iterable, Iterator

from tamis.check.catalogue import Rule
from tamis.check.rules.identity import KINDS_OF_DIRECT, subjects_of
from tamis.check.violation import Violation, Violations
from tamis.documents.calendar import days_of, law_on
from tamis.documents.context import PolicyContext, kept_fields, needs_by_field
from tamis.documents.lowered import LoweredMark, lowered_marks
from tamis.documents.names import says_others, special_category
from tamis.documents.policy import Release
from tamis.documents.positions import Source
from tamis.documents.schema import Schema, SchemaLeaf
from tamis.language import _

_ALIKE = 3
"""Lowered marks of one schema with one reason from which on it is told."""


def judge_reasons(schema: Schema, source: Source) -> Violations:
    """Warn of lowered marks whose reason repeats the name, or is that of many fields."""
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


def judge_lowered(contexts: Iterable[PolicyContext]) -> Iterator[Violation]:
    """Warn of kept fields that a mark lets pass though their names say more, with its reason."""
    for context in contexts:
        for mark in lowered_marks(context.schema):
            for release in context.policy.releases:
                for path in needs_by_field(release):
                    leaf = context.leaves.get(path)
                    if leaf is None or not f"{path}.".startswith(f"{mark.path}."):
                        continue
                    what = _passed(mark, leaf, release, context)
                    if what is not None:
                        text = _(
                            "{what}, and kept as if it were not: {because}",
                            what=what,
                            because=mark.because,
                        )
                        yield _warning(mark, context.schema_source, "mark-lowered", text)


def _passed(
    mark: LoweredMark, leaf: SchemaLeaf, release: Release, context: PolicyContext
) -> str | None:
    """What the name of a field says that a mark lets pass, or None."""
    if mark.key == "sensitive":
        said = (
            None if leaf.sensitive else next(filter(None, map(special_category, leaf.names)), None)
        )
        return said and _(
            "`{field}` is called sensitive ({sensitive})", field=leaf.path, sensitive=said
        )
    treatment = release.treat.get(leaf.path)
    is_coarser = treatment is not None and (treatment.pseudonymize or treatment.generalize)
    items = (
        law_on(context.law, day).items.get(release.item) for day in days_of(release, context.cuts)
    )
    if (
        leaf.direct is None
        or is_coarser
        or not any(item and item.nir == "absent" for item in items)
    ):
        return None
    kind, word = _(KINDS_OF_DIRECT[leaf.direct]), leaf.deciding_word
    return _("`{field}` is called {kind} (`{word}`)", field=leaf.path, kind=kind, word=word)


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
