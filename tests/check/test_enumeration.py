"""What `check` lets through obeys the invariants, as an oracle of a few lines sees them."""

import dataclasses
import datetime
from functools import cache
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tamis.check.check import violations_on
from tamis.documents.calendar import days_of
from tamis.documents.context import PolicyContext, open_policy
from tamis.documents.policy import Policy
from tamis.documents.positions import Source
from tamis.documents.tags import TAGS
from tamis.errors import DocumentError, UsageError
from tamis.plan.compile import compile_policy
from tamis.plan.project import Project

from ..projects import BASE

pytestmark = pytest.mark.slow

IDENTIFIERS = {"nir", "cle"}
PARTS = {"sexe": "sex", "naissance": "birth", "commune": "place"}
FIELDS = [
    *IDENTIFIERS,
    *PARTS,
    *PARTS,
    "nom",
    "code",
    "notes",
    "notes",
    "paie",
    "handicap",
    "iban",
    "code",
    "contrats.debut",
    "contrats.primes.montant",
    "langues",
]
FLOWS = [
    ("R6323-37.I.1", "R6323-33.1", "paie"),
    ("R6323-37.II", "R6323-33.3", "financeur"),
    ("R6323-37.III.2", "R6323-33.5", "evaluation"),
    ("R6323-37.III.4", "R6323-33.7", "evaluation"),
]
TREATMENTS: dict[str, list[dict[str, Any]]] = {
    "nir": [{"pseudonymize": {"as": "p"}}, {"pseudonymize": {"as": "nom"}}, {"redact": "nir"}],
    "naissance": [{"generalize": {"to": to}} for to in ("year", "quarter", "month")],
    "commune": [{"generalize": {"prefix": prefix}} for prefix in (1, 2, 3, 5)],
    "notes": [{"redact": "nir"}, {"redact": "nothing"}, {"generalize": {"prefix": 9}}],
    "paie": [{"generalize": {"step": 100}}, {"redact": "nir"}],
}
BASIS = {"rgpd": "9.2.b", "text": "L. 6323-12", "status": "confirmed"}
NIR_BASIS = {"text": "décret n° 2019-341 art. 2 C", "status": "to-confirm"}
DATES = [datetime.date(year, month, 1) for year in range(2019, 2028) for month in (1, 7)]


@cache
def base() -> PolicyContext:
    return open_policy(Project(BASE), "study")


@st.composite
def conditions(draw: st.DrawFn) -> list[dict[str, Any]]:
    tests = [
        {"field": "nature", "in": ["CPF"], "because": "pour ce seul essai"},
        {"field": "annee", "in": [2021], "because": "pour ce seul essai"},
        {"field": "handicap", "in": ["oui"], "because": "pour ce seul essai"},
        {"field": "contrats.nature", "in": ["01"], "because": "pour ce seul essai"},
    ]
    return draw(st.lists(st.sampled_from(tests[:2] * 5 + tests), max_size=1))


@st.composite
def releases(draw: st.DrawFn, usual: tuple[str, str, str]) -> dict[str, Any]:
    item, purpose, _ = draw(st.sampled_from([usual] * 9 + FLOWS))
    needs: list[dict[str, Any]] = draw(
        st.lists(
            st.fixed_dictionaries(
                {
                    "because": st.just("un besoin de savoir"),
                    "keep": st.lists(st.sampled_from(FIELDS), min_size=1, max_size=4),
                    "basis": st.sampled_from([BASIS, BASIS, None]),
                    "nir_basis": st.sampled_from([NIR_BASIS] * 4 + [None]),
                    "when": conditions(),
                }
            ),
            min_size=1,
            max_size=3,
        )
    )
    kept = {path for need in needs for path in need["keep"]}
    treat = {
        path: draw(st.sampled_from(choices))
        for path, choices in TREATMENTS.items()
        if path in kept and draw(st.booleans())
    }
    begin = draw(st.sampled_from(DATES[2:]))
    release: dict[str, Any] = {
        "id": draw(st.sampled_from(["a", "b", "c", "d", "e"])),
        "item": item,
        "purpose": purpose,
        "from": begin,
        "where": draw(conditions()),
        "needs": needs,
        "treat": treat,
        "on_nir": draw(st.sampled_from(["strip"] * 5 + ["quarantine"])),
    }
    if draw(st.booleans()):
        release["until"] = draw(st.sampled_from(DATES))
    if draw(st.integers(0, 5)) == 0:
        release["rebuilds_nir"] = "pour ce seul essai"
    return release


@st.composite
def contexts(draw: st.DrawFn) -> PolicyContext:
    usual = draw(st.sampled_from(FLOWS))
    out = draw(st.integers(0, 9)) == 0 or ".I." not in usual[0]
    policy = Policy.model_validate(
        {
            "policy": "study",
            "schema": "people",
            "processing": draw(st.sampled_from([usual] * 9 + FLOWS))[2],
            "direction": "out-of-store" if out else "into-store",
            "releases": draw(st.lists(releases(usual), min_size=1, max_size=2)),
        }
    )
    return dataclasses.replace(base(), policy=policy, source=Source("study.yaml", {}, {}))


def leaks(context: PolicyContext, day: datetime.date) -> set[int]:
    """The oracle: which of rules 4 and 5 some release in force on `day` breaks."""
    broken: set[int] = set()
    for release in context.policy.releases:
        if not release.in_force(day) or ".III." not in release.item:
            continue
        if ".III.4" in release.item and day >= datetime.date(2022, 1, 1):
            continue  # the item is over: rule 1 refuses it
        kept = {path for need in release.needs for path in need.keep}
        parts = set()
        for path in kept:
            treatment = release.treat.get(path)
            if path in IDENTIFIERS and not (treatment and treatment.pseudonymize):
                broken.add(4)
            if path == "notes" and treatment and treatment.redact == "nothing":
                broken.add(4)
            generalize = treatment.generalize if treatment else None
            coarse = generalize and (
                (path == "naissance" and generalize.to in ("year", "quarter"))
                or (path == "commune" and generalize.prefix in (1, 2))
            )
            if path in PARTS and not coarse:
                parts.add(PARTS[path])
        if len(parts) == 3 and not release.rebuilds_nir:
            broken.add(5)
    return broken


@settings(max_examples=300)
@given(contexts())
def test_a_plan_compiles_on_a_day_if_and_only_if_no_rule_fails_on_it(
    context: PolicyContext,
) -> None:
    for day in days_of(DayRange(DATES[0]), {*DATES, *context.cuts}):
        violations = violations_on(context, day)
        broken = leaks(context, day)
        assert {
            violation.rule for violation in violations if violation.code != "on-nir-carried"
        } & {4, 5} == broken
        in_force = any(release.in_force(day) for release in context.policy.releases)
        if not in_force:
            with pytest.raises(UsageError):
                compile_policy(context, day)
        elif violations:
            with pytest.raises(DocumentError):
                compile_policy(context, day)
        else:
            assert not broken
            plan = compile_policy(context, day)
            assert plan.valid_until is None or plan.valid_until > day
            for release in plan.releases:
                columns = [leaf.pseudonym or leaf.path for leaf in release.leaves]
                assert len(columns) == len(set(columns))
                assert not set(columns) & set(TAGS)
                if release.nir == "absent":
                    named = {leaf.path: leaf for leaf in release.leaves}
                    assert all(named[path].pseudonym for path in IDENTIFIERS & set(named))
                    assert "notes" not in named or named["notes"].redact


@dataclasses.dataclass(frozen=True)
class DayRange:
    from_: datetime.date
    until: datetime.date | None = None


@settings(max_examples=100)
@given(contexts())
def test_between_two_cuts_nothing_changes(context: PolicyContext) -> None:
    """One day stands for its whole piece of the time line."""
    for cut in context.cuts:
        same = cut + datetime.timedelta(days=1)
        if same in context.cuts or not any(
            release.in_force(cut) for release in context.policy.releases
        ):
            continue
        assert [(violation.rule, violation.code) for violation in violations_on(context, cut)] == [
            (violation.rule, violation.code) for violation in violations_on(context, same)
        ]
