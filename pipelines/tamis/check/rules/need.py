"""Rules 6 and 7: each field has its need, each reason its words, each category its purpose."""

import re

from tamis.check.case import Case
from tamis.check.catalogue import Rule
from tamis.check.reasons import is_blank, is_short
from tamis.check.violation import Violation, Violations
from tamis.documents.calendar import LawOfDay
from tamis.documents.law import PURPOSES_ARTICLE
from tamis.documents.nir_names import says_nir
from tamis.documents.policy import LegalBasis
from tamis.documents.positions import DocumentPath, suggest
from tamis.documents.project import Law
from tamis.language import _

NO_CATEGORY = ("outside", "not-personal")
"""What a schema says of a field in place of categories."""

NIRS = {"nir", "nia", "nnp", "mig"}
"""Identifiers that are a NIR, or take its place."""


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
        elif is_short(need.because):
            yield _short_reason(case, (*place, "because"), "because")
    if release.rebuilds_nir is not None:
        place = (*case.place, "rebuilds_nir")
        if is_blank(release.rebuilds_nir):
            text = _("`rebuilds_nir` must give a reason")
            yield case.violation(Rule.NEED, "no-reason", place, text)
        elif is_short(release.rebuilds_nir):
            yield _short_reason(case, place, "rebuilds_nir")


def judge_conditions(case: Case) -> Violations:
    """A condition must say why it tests its field; `only` must have a condition.

    Legal source: R. 6323-37 (« dans la limite du besoin d'en connaître »), RGPD art. 5.1.c.
    """
    for test, _leaf in case.conditions:
        if is_blank(test.condition.because):
            text = _("a condition must say why it tests `{field}`: `because` is empty")
            example = {"field": test.field, "because": ""}
            yield case.violation(Rule.NEED, "no-reason", (*test.place, "because"), text, example)
        elif is_short(test.condition.because):
            yield _short_reason(case, (*test.place, "because"), "because")
    for path, conditions in case.release.only.items():
        if not conditions:
            place = (*case.place, "only", path)
            text = _("`only` must have a condition on the elements of `{field}`")
            yield case.violation(Rule.NEED, "no-condition", place, text, {"field": path})


def judge_sensitive(case: Case) -> Violations:
    """A sensitive field, kept or tested, must have its legal basis, of the article that it needs.

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
        if sensitive is None:
            continue
        example = {"field": path, "sensitive": sensitive}
        if basis is None:
            yield case.violation(Rule.NEED, "no-basis", place, text, example)
        elif misfit := _ground_misfit(basis, sensitive):
            text = _("`{field}` is sensitive ({sensitive}): {misfit}")
            shown = {"misfit": misfit}
            yield case.violation(Rule.NEED, "basis-ground", place, text, example, shown=shown)


def judge_nir_basis(case: Case) -> Violations:
    """A NIR that is kept under paragraph I or II must have its own legal basis.

    Legal source: loi n° 78-17 du 6 janvier 1978 art. 30, décret n° 2019-341 du 19 avril 2019.
    """
    if case.item is None or case.nir_absent:
        return
    for kept, leaf in case.kept:
        treatment = case.release.treat.get(kept.path)
        is_kept = treatment is None or treatment.pseudonymize is None
        numbers = set(leaf.spec.identifier) - {"nir-key"}
        is_nir = NIRS & numbers or (numbers and any(map(says_nir, leaf.last_names)))
        if is_kept and is_nir and kept.need.nir_basis is None:
            text = _(
                "`{field}` is an identifier ({identifier}): the need that keeps it must give "
                "`nir_basis: {basis}`"
            )
            example = {"field": kept.path, "identifier": ", ".join(leaf.spec.identifier)}
            shown = {"basis": "{text: décret n° 2019-341 art. 2 C, status: to-confirm}"}
            yield case.violation(Rule.NEED, "no-nir-basis", kept.place, text, example, shown=shown)


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
            shown = {"categories": _("; ").join(described)}
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


def _short_reason(case: Case, place: DocumentPath, key: str) -> Violation:
    text = _("`{key}` must give its reason in more than two words")
    return case.violation(Rule.EVIDENCE, "short-reason", place, text, shown={"key": key})


def _ground_misfit(basis: LegalBasis, sensitive: str) -> str:
    """Why the ground cannot bear what the field is, in words; empty where it can."""
    named = set(re.findall(r"\b(9|10)\b", sensitive)) or {"9", "10"}
    if basis.rgpd.partition(".")[0] in named:
        return ""
    articles = _(" or ").join(sorted(named, key=int))
    return _(
        "its `basis` must be a ground of RGPD art. {articles}, got {ground}",
        articles=articles,
        ground=basis.rgpd,
    )
