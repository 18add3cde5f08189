"""Warnings about lowered marks, relatives, days far ahead, and the list of texts not read."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tamis.check.check import check
from tamis.plan.project import Project

from ..projects import Edit

PEOPLE = "schemas/people.yaml"


def warnings(project: Project) -> dict[str, str]:
    return {each.code: each.problem.text for each in check(project) if each.severity == "warning"}


def fields(*lines: str) -> Edit:
    return PEOPLE, "\nfields:\n", "\nfields:\n" + "".join(f"  {line}\n" for line in lines)


def test_a_reason_that_repeats_the_name_is_told(make_project: Callable[..., Project]) -> None:
    mark = "{mark: none, because: ce numéro de lot}"
    project = make_project(fields(f"numero_lot: {{type: string, identifies: {mark}}}"))
    assert "says no more than its name" in warnings(project)["reason-repeats"]


def test_one_reason_for_three_fields_is_told(make_project: Callable[..., Project]) -> None:
    mark = "{none: la rubrique reprend un code interne à la branche}"
    lines = (f"{name}: {{type: string, sensitive: {mark}}}" for name in ("rqth", "arret", "aah"))
    project = make_project(fields(*lines))
    assert "`rqth`, `arret`, `aah`" in warnings(project)["reason-shared"]


@pytest.mark.parametrize("reason", ["code interne", "x"])
def test_a_lower_mark_needs_more_than_two_words(
    reason: str, make_project: Callable[..., Project]
) -> None:
    project = make_project(fields(f"rqth: {{type: string, sensitive: {{none: {reason}}}}}"))
    assert "short-reason" in {each.code for each in check(project) if each.severity == "error"}


def test_a_relative_among_the_titulaire_s_fields_is_told(
    make_project: Callable[..., Project],
) -> None:
    told = "conjoint: {type: string, category: tit-identite}"
    keep = ("policies/study.yaml", "keep: [nir]", "keep: [nir, conjoint]")
    assert "called after a relative" in warnings(make_project(fields(told), keep))["relative"]
    assert "relative" not in warnings(make_project(fields(told)))


def test_days_far_ahead_and_to_come_are_told(make_project: Callable[..., Project]) -> None:
    project = make_project()
    (Path("policies") / "project.yaml").write_text(
        "exceptions:\n  - {what: example, policy: feed, because: le registre est attendu, by: DPO,"
        " until: 9999-01-01}\n"
    )
    assert "an exception must be looked at again" in warnings(project)["far-day"]


def test_a_list_that_watches_for_less_is_told(make_project: Callable[..., Project]) -> None:
    project = make_project()
    (Path("policies") / "veille.yaml").write_text(
        "veille: liste du projet\ntexts:\n  L. 4141-5: {from: 2099-01-01, version: x, source: y,"
        " read_on: 2098-01-01}\n"
    )
    told = warnings(project)
    assert told["veille-later"].startswith("L. 4141-5 is a reason to stop from 2026-06-27 on")
    assert told["veille-shorter"].startswith("14 texts")
    assert {"far-day", "day-to-come"} <= told.keys()
