"""Rules 3, 4 and 7 within what an item permits: the bans and closed lists of other texts."""

from collections.abc import Iterable

from tamis.check.case import Case
from tamis.check.catalogue import Rule
from tamis.check.rules.need import NIRS
from tamis.check.violation import Violations
from tamis.documents.law import Limit
from tamis.documents.names import words_of
from tamis.language import _


def judge_limits(case: Case) -> Violations:
    """What is kept must be within every ban and closed list that holds on the day.

    Legal source: R. 6113-17-1 (NIR), R. 6323-41 (elements), R. 6323-35 III (passeport).
    """
    for limit in case.limits:
        yield from _judge_nir(case, limit)
        yield from _judge_fields(case, limit)
        yield from _judge_confirmed(case, limit)
        direction = case.context.policy.direction
        if limit.direction not in (None, direction):
            text = _("{item} goes {only} only: « {wording} »")
            shown = {"only": _(str(limit.direction)), "wording": limit.wording}
            example = {"direction": direction}
            yield case.violation(
                Rule.PARTNER, "limit-direction", ("direction",), text, example, shown=shown
            )


def _judge_nir(case: Case, limit: Limit) -> Violations:
    for kept, leaf in case.kept:
        treatment = case.release.treat.get(kept.path)
        is_kept = treatment is None or treatment.pseudonymize is None
        if limit.nir == "absent" and is_kept and NIRS & set(leaf.spec.identifier):
            text = _("`{field}` is an identifier ({identifier}), which is banned: « {wording} »")
            example = {"field": kept.path, "identifier": ", ".join(leaf.spec.identifier)}
            shown = {"wording": limit.wording}
            yield case.violation(
                Rule.NIR_ABSENT, "nir-banned", kept.place, text, example, shown=shown
            )


def _judge_fields(case: Case, limit: Limit) -> Violations:
    for kept, leaf in case.kept:
        shown = {"wording": limit.wording, "names": ", ".join(limit.names)}
        example = {"field": kept.path, "category": ", ".join(leaf.category)}
        categories = {*limit.categories, "not-personal"}
        if limit.categories and not categories & set(leaf.category):
            text = _("`{field}` ({category}) is not among what {item} is for: « {wording} »")
            yield case.violation(
                Rule.CATEGORY, "limit-category", kept.place, text, example, shown=shown
            )
        if limit.names and not _called(kept.path, limit.names):
            text = _(
                "`{field}` is not in the closed list of {item}: its name has none of the words "
                "{names}: « {wording} »"
            )
            yield case.violation(
                Rule.CATEGORY, "limit-element", kept.place, text, example, shown=shown
            )


def _judge_confirmed(case: Case, limit: Limit) -> Violations:
    """What is a confirmation only must be kept under a `when`: its contrary states a breach."""
    for kept, leaf in case.kept:
        is_confirmed = _called(kept.path, limit.confirmed) and leaf.kind != "date"
        if is_confirmed and not kept.need.when:
            text = _(
                "`{field}` must be kept under a `when` that leaves all but the confirmation out: "
                "« {wording} »"
            )
            shown, example = {"wording": limit.wording}, {"field": kept.path}
            yield case.violation(
                Rule.CATEGORY, "limit-confirmed", kept.place, text, example, shown=shown
            )


def _called(path: str, names: Iterable[str]) -> bool:
    """Whether a field's own name has one of the words `names`."""
    own = set(words_of(path.rpartition(".")[2]))
    return any(not own.isdisjoint(words_of(name)) for name in names)
