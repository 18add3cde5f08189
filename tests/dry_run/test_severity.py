"""What must be acted on stands first, each finding says what to do, and where more is said."""

from typing import Any

import pytest

from tamis.dry_run.html.findings import find_all
from tamis.dry_run.html.page import SECTIONS
from tamis.dry_run.html.speech import Speech
from tamis.dry_run.result import DryRun

from .made import make_result

SAY = Speech("fr")


def kinds(result: DryRun) -> dict[str, str]:
    """By the name of a finding, whether it is to be acted on; found by its first words."""
    begins = {
        str(SAY._text(f"find-{name}")).partition("{")[0]: name
        for name in ("quarantine", "unique", "risk", "example", "to-confirm", "nir-column")
    }
    return {
        name: finding.kind
        for finding in find_all(SAY, result)
        for begin, name in begins.items()
        if finding.sentence.startswith(begin)
    }


def risk(**changed: Any) -> dict[str, Any]:
    """The risk of the made result, changed."""
    made = make_result().risk["release-0"].model_dump(by_alias=True)
    return {"release-0": {**made, **changed}}


def of_item(item: str, **changed: Any) -> DryRun:
    """A made result whose releases stand on `item`."""
    result = make_result(**changed)
    releases = {
        name: release.model_copy(update={"item": item}) for name, release in result.releases.items()
    }
    return result.model_copy(update={"releases": releases})


@pytest.mark.parametrize(("quarantined", "kind"), [(50, "look"), (51, "stop")])
def test_more_than_one_in_twenty_in_quarantine_is_to_be_acted_on(
    quarantined: int, kind: str
) -> None:
    counts = {"in": 1000, "released": 1000 - quarantined, "withheld": 0, "quarantined": quarantined}
    assert kinds(make_result(counts=counts))["quarantine"] == kind


@pytest.mark.parametrize(
    ("item", "changed", "expected"),
    [
        ("R6323-37.III.2", {"within": False}, {"risk": "stop"}),
        ("R6323-37.III.2", {"within": True, "unique": "<5"}, {"unique": "look"}),
        ("R6323-37.III.2", {"within": None, "below": None, "unique": "<5"}, {"unique": "stop"}),
        (
            "R6323-37.III.4",
            {"within": None, "below": None, "unique": 9, "unique_share": 0.01},
            {"unique": "look"},
        ),
        (
            "R6323-37.III.4",
            {"within": None, "below": None, "unique": 90, "unique_share": 0.1},
            {"unique": "stop"},
        ),
        ("R6323-37.III.2", {"within": True, "unique": 0}, {}),
    ],
)
def test_persons_alone_are_judged_by_what_the_policy_asks(
    item: str, changed: dict[str, Any], expected: dict[str, str]
) -> None:
    told = kinds(of_item(item, risk=risk(**changed)))
    assert {name: kind for name, kind in told.items() if name in ("risk", "unique")} == expected


def test_examples_bases_to_confirm_and_columns_of_nirs_are_to_be_acted_on() -> None:
    told = kinds(make_result(anomalies={"nir-column:nom": 3}))
    assert (told["example"], told["to-confirm"], told["nir-column"]) == ("stop", "stop", "stop")


def test_the_gravest_come_first_and_each_says_what_to_do_and_where() -> None:
    findings = find_all(SAY, make_result())
    order = [finding.kind for finding in findings]

    assert order == sorted(order, key=["stop", "look"].index)
    assert {"stop", "look"} == set(order)
    for finding in findings:
        assert finding.section in SECTIONS
        assert len(finding.advice.split()) > 2
        assert finding.sentence.endswith(".")
