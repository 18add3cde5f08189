"""Rule 5 over all releases to one partner, whatever slugs it has: joined, they must not rebuild the
NIR."""

import datetime
from collections.abc import Iterable, Sequence

from tamis.check.case import Case
from tamis.check.catalogue import Rule
from tamis.check.reasons import is_blank
from tamis.check.rules.identifiers import disclosed_parts
from tamis.check.violation import Violation, Violations
from tamis.documents.calendar import law_on
from tamis.documents.context import PolicyContext
from tamis.documents.names import NirPart
from tamis.documents.positions import DocumentPath
from tamis.language import _


def judge_partners(
    contexts: Sequence[PolicyContext],
    cuts: Iterable[datetime.date],
    others: Sequence[PolicyContext] = (),
) -> Violations:
    """Releases that each disclose a part of the NIR must not go to one partner on one day.

    What `others` rebuild without any of `contexts` is not told. A release that says why it may
    rebuild the NIR is not counted.

    Legal source: R. 6323-37 III; the NIR is made of these three parts and a serial number.
    """
    names = {context.name for context in contexts}
    for day in sorted(cuts):
        partners: dict[str, dict[NirPart, tuple[Case, str, DocumentPath]]] = {}
        for context in (*contexts, *others):
            law = law_on(context.law, day)
            for index, release in enumerate(context.policy.releases):
                case = Case(context, index, law)
                if not release.in_force(day) or not case.nir_absent:
                    continue
                parts = disclosed_parts(case)
                if len(parts) < 3 and is_blank(release.rebuilds_nir):
                    partner = context.register.partner(context.policy.processing)
                    held = partners.setdefault(partner, {})
                    for part, (path, place) in parts.items():
                        held.setdefault(part, (case, path, place))
        for held in partners.values():
            if len(held) == 3 and any(
                case.context.name in names for case, *_where in held.values()
            ):
                yield _rebuilt(held, day)


def _rebuilt(held: dict[NirPart, tuple[Case, str, DocumentPath]], day: datetime.date) -> Violation:
    case, path, place = list(held.values())[-1]
    slugs = dict.fromkeys(other.context.policy.processing for other, _path, _place in held.values())
    fields = ", ".join(f"`{other.release.id}` {path}" for other, path, _place in held.values())
    text = _(
        "releases to {processings} rebuild the NIR where they are joined: {fields}; drop one, or "
        "give a reason in `rebuilds_nir`",
        processings=", ".join(f"`{slug}`" for slug in slugs),
        fields=fields,
    )
    example = (("release", case.release.id), ("field", path))
    problem = case.context.source.problem(place, text)
    return Violation(problem, Rule.NIR_REBUILT, "nir-rebuilt-together", day, example)
