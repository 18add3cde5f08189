"""Rules 6 and 7: each field has its need, each reason its words, each category its purpose."""

from tamis.check.case import Case, Found
from tamis.check.reason import says_nothing
from tamis.documents.calendar import LawOfDay
from tamis.documents.law import CATEGORY_ARTICLES, PURPOSES_ARTICLE
from tamis.documents.positions import suggest
from tamis.documents.project import Law

NO_CATEGORY = ("outside", "not-personal")


def judge_needs(case: Case) -> Found:
    """6: a release has needs, a need keeps fields and says why."""
    release = case.release
    if not release.needs:
        yield case.violation(
            6, "no-need", (*case.place, "needs"), f"release `{release.id}` has no need"
        )
    for i, need in enumerate(release.needs):
        place = (*case.place, "needs", i)
        if not need.keep:
            yield case.violation(
                6, "keeps-nothing", (*place, "keep"), "this need keeps nothing", need=str(i + 1)
            )
        if says_nothing(need.because):
            named = ", ".join(f"`{path}`" for path in need.keep) or "nothing"
            yield case.violation(
                6,
                "no-reason",
                (*place, "because"),
                f"this need does not say why it keeps {named}: `because` is empty",
                field=", ".join(need.keep),
                because="",
            )
    if release.rebuilds_nir is not None and says_nothing(release.rebuilds_nir):
        place = (*case.place, "rebuilds_nir")
        yield case.violation(6, "no-reason", place, "`rebuilds_nir` gives no reason")


def judge_conditions(case: Case) -> Found:
    """6: a condition says why it tests its field; a list filter tests something."""
    for test, _ in case.tests:
        if says_nothing(test.condition.because):
            yield case.violation(
                6,
                "no-reason",
                (*test.place, "because"),
                f"this condition does not say why it tests `{test.field}`: `because` is empty",
                field=test.field,
                because="",
            )
    for path, conditions in case.release.only.items():
        if not conditions:
            yield case.violation(
                6,
                "no-condition",
                (*case.place, "only", path),
                f"`only` chooses among the elements of `{path}` by no condition",
                field=path,
            )


def judge_sensitive(case: Case) -> Found:
    """6: a sensitive field, kept or tested, has its basis."""
    named = [(keep.path, keep.place, keep.need.basis, "keeps") for keep, leaf in case.keeps]
    named += [
        (test.field, (*test.place, "field"), test.condition.basis, "tests")
        for test, leaf in case.tests
    ]
    for path, place, basis, verb in named:
        sensitive = case.subject.leaves[path].sensitive
        if sensitive is not None and says_nothing(basis):
            what = "need" if verb == "keeps" else "condition"
            yield case.violation(
                6,
                "no-basis",
                place,
                f"`{path}` is sensitive ({sensitive}): the {what} that {verb} it says its `basis`",
                field=path,
                sensitive=sensitive,
                basis="",
            )


def judge_categories(case: Case) -> Found:
    """7: one of a kept field's categories serves the purpose."""
    purpose = case.release.purpose
    if purpose not in case.law.purposes:
        return
    for keep, leaf in case.keeps:
        slugs = leaf.category
        example = {"field": keep.path, "category": ", ".join(slugs) or "none"}
        if not slugs or "outside" in slugs:
            yield case.violation(
                7,
                "outside-kept",
                keep.place,
                f"`{keep.path}` {_outside(slugs)}: never kept",
                **example,
            )
        elif "not-personal" in slugs or any(case.law.serves(slug, purpose) for slug in slugs):
            continue
        else:
            said = "; ".join(_say_category(slug, case.law, case.subject.law) for slug in slugs)
            yield case.violation(
                7,
                "category-does-not-serve",
                keep.place,
                f"no category of `{keep.path}` serves {purpose}: {said}",
                purpose=purpose,
                **example,
            )


def judge_tested_categories(case: Case) -> Found:
    """7: what is outside every category is not tested either."""
    for test, leaf in case.tests:
        if not leaf.category or "outside" in leaf.category:
            yield case.violation(
                7,
                "outside-tested",
                (*test.place, "field"),
                f"`{test.field}` {_outside(leaf.category)}: never tested",
                field=test.field,
                category=", ".join(leaf.category) or "none",
            )


def known_categories(law: Law) -> dict[str, None]:
    """The slugs of every version of R. 6323-34 and R. 6323-34-1."""
    return {
        slug: None
        for article in CATEGORY_ARTICLES
        for version in law[article].versions
        for slug in version.categories
    }


def _outside(slugs: tuple[str, ...]) -> str:
    return "is outside every category" if slugs else "has no category"


def _say_category(slug: str, day: LawOfDay, law: Law) -> str:
    found = day.categories.get(slug)
    if found is None:
        known = known_categories(law)
        if slug in known:
            return f"`{slug}` is not in force"
        return f"no category `{slug}`{suggest(slug, known)}"
    served = dict.fromkeys(key for category in found for key in category.purposes)
    return f"`{slug}` serves {PURPOSES_ARTICLE}.({', '.join(served)})"
