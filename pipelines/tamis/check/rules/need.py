"""Rules 6 and 7: each field has its need, each reason its words, each category its purpose."""

from tamis.check.case import Case
from tamis.check.catalogue import Rule
from tamis.check.reasons import is_blank
from tamis.check.violation import Violations
from tamis.documents.calendar import LawOfDay
from tamis.documents.law import PURPOSES_ARTICLE
from tamis.documents.positions import suggest
from tamis.documents.project import Law
from tamis.language import _

NO_CATEGORY = ("outside", "not-personal")
"""What a schema says of a field in place of categories."""


def judge_needs(case: Case) -> Violations:
    """A release must have needs; a need must keep fields and say why.

    Legal source: R. 6323-37 (« dans la limite du besoin d'en connaître »), RGPD art. 5.1.c.
    """
    release = case.release
    if not release.needs:
        text = _("release `{release}` must have a need")
        yield case.violation(Rule.NEED, "no-need", (*case.place, "needs"), text)
    for i, need in enumerate(release.needs):
        place = (*case.place, "needs", i)
        if not need.keep:
            text = _("a need must keep a field")
            example = {"need": str(i + 1)}
            yield case.violation(Rule.NEED, "keeps-nothing", (*place, "keep"), text, example)
        if is_blank(need.because):
            place = (*place, "because")
            text = _("a need must say why it keeps {fields}: `because` is empty")
            example = {"field": ", ".join(need.keep), "because": ""}
            shown = {"fields": ", ".join(f"`{path}`" for path in need.keep) or _("no field")}
            yield case.violation(Rule.NEED, "no-reason", place, text, example, shown=shown)
    if release.rebuilds_nir is not None and is_blank(release.rebuilds_nir):
        place = (*case.place, "rebuilds_nir")
        yield case.violation(Rule.NEED, "no-reason", place, _("`rebuilds_nir` must give a reason"))


def judge_conditions(case: Case) -> Violations:
    """A condition must say why it tests its field; `only` must have a condition.

    Legal source: R. 6323-37 (« dans la limite du besoin d'en connaître »), RGPD art. 5.1.c.
    """
    for test, _leaf in case.conditions:
        if is_blank(test.condition.because):
            text = _("a condition must say why it tests `{field}`: `because` is empty")
            example = {"field": test.field, "because": ""}
            yield case.violation(Rule.NEED, "no-reason", (*test.place, "because"), text, example)
    for path, conditions in case.release.only.items():
        if not conditions:
            place = (*case.place, "only", path)
            text = _("`only` must have a condition on the elements of `{field}`")
            yield case.violation(Rule.NEED, "no-condition", place, text, {"field": path})


def judge_sensitive(case: Case) -> Violations:
    """A sensitive field, kept or tested, must have its legal basis.

    Legal source: RGPD art. 9, 10.
    """
    kept_text = _("`{field}` is sensitive ({sensitive}): the need that keeps it must give `basis`")
    tested_text = _(
        "`{field}` is sensitive ({sensitive}): the condition that tests it must give `basis`"
    )
    uses = [(kept.path, kept.place, kept.need.basis, kept_text) for kept, _leaf in case.kept]
    uses += [
        (test.field, (*test.place, "field"), test.condition.basis, tested_text)
        for test, _leaf in case.conditions
    ]
    for path, place, basis, text in uses:
        sensitive = case.context.leaves[path].sensitive
        if sensitive is not None and is_blank(basis):
            example = {"field": path, "sensitive": sensitive, "basis": ""}
            yield case.violation(Rule.NEED, "no-basis", place, text, example)


def judge_categories(case: Case) -> Violations:
    """One of a kept field's categories must serve the purpose.

    Legal source: R. 6323-34, R. 6323-34-1.
    """
    purpose = case.release.purpose
    if purpose not in case.law.purposes:
        return
    for kept, leaf in case.kept:
        slugs = leaf.category
        example = {"field": kept.path, "category": ", ".join(slugs) or "none"}
        if not slugs or "outside" in slugs:
            text = _("`{field}` {why} and must not be kept")
            shown = {"why": _why_outside(slugs)}
            place = kept.place
            yield case.violation(Rule.CATEGORY, "outside-kept", place, text, example, shown=shown)
        elif "not-personal" not in slugs and not any(
            case.law.serves(slug, purpose) for slug in slugs
        ):
            described = (_describe_category(slug, case.law, case.context.law) for slug in slugs)
            text = _("no category of `{field}` serves {purpose}: {categories}")
            example = {"purpose": purpose, **example}
            shown = {"categories": "; ".join(described)}
            yield case.violation(
                Rule.CATEGORY, "category-does-not-serve", kept.place, text, example, shown=shown
            )


def judge_tested_categories(case: Case) -> Violations:
    """What is outside every category must not be tested either.

    Legal source: R. 6323-34, R. 6323-34-1.
    """
    for test, leaf in case.conditions:
        if not leaf.category or "outside" in leaf.category:
            place = (*test.place, "field")
            text = _("`{field}` {why} and must not be tested")
            example = {"field": test.field, "category": ", ".join(leaf.category) or "none"}
            shown = {"why": _why_outside(leaf.category)}
            yield case.violation(Rule.CATEGORY, "outside-tested", place, text, example, shown=shown)


def _why_outside(slugs: tuple[str, ...]) -> str:
    return _("is outside every category") if slugs else _("has no category")


def _describe_category(slug: str, law_of_day: LawOfDay, law: Law) -> str:
    categories = law_of_day.categories.get(slug)
    if categories is None:
        if slug in law.category_slugs:
            return _("`{category}` is not in force", category=slug)
        hint = suggest(slug, law.category_slugs)
        return _("no category `{category}`", category=slug) + hint
    keys = dict.fromkeys(key for category in categories for key in category.purposes)
    purposes = f"{PURPOSES_ARTICLE}.({', '.join(keys)})"
    return _("`{category}` serves {purposes}", category=slug, purposes=purposes)
