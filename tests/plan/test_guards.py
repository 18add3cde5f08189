"""What a plan may be run for: what nobody has confirmed stops it, unless that is allowed."""

import datetime
from dataclasses import replace

import pytest

from tamis.errors import UsageError
from tamis.plan.guards import check_unconfirmed
from tamis.plan.plan import Plan
from tamis.plan.project import load_project

DAY = datetime.date(2026, 3, 2)


def plan_of(policy: str) -> Plan:
    return load_project("cpf").plan(policy, on=DAY)


def test_what_is_to_be_confirmed_stops_a_run_unless_it_is_allowed() -> None:
    plan = plan_of("dsn-droits")
    (release,) = plan.releases
    assert release.status == "to-confirm"
    assert release.to_confirm == (
        "NIR: décret n° 2019-341 art. 2 C (to be confirmed)",
        "RGPD art. 9.2.b, L. 6323-12 (to be confirmed)",
        "RGPD art. 9.2.b, L. 6323-11 al. 3 (to be confirmed)",
    )
    with pytest.raises(UsageError, match=r"--allow-unconfirmed(.|\n)*`droits`: NIR: décret"):
        check_unconfirmed(plan, False)
    check_unconfirmed(plan, True)


def test_what_is_confirmed_needs_no_allowance_and_has_the_same_digest() -> None:
    plan = plan_of("dsn-droits")
    confirmed = replace(plan, releases=(replace(plan.releases[0], to_confirm=()),))
    check_unconfirmed(confirmed, False)
    assert confirmed.releases[0].status == "confirmed"
    assert confirmed.sha256 == plan.sha256


def test_every_nir_that_the_shipped_policies_keep_is_to_be_confirmed() -> None:
    """The decree that allows it could not be read."""
    keeping = set()
    for name in load_project("cpf").policies():
        for release in plan_of(name).releases:
            if any(text.startswith("NIR: ") for text in release.to_confirm):
                assert release.nir == "carried"
                keeping.add(name)
            else:
                assert release.nir == "absent"
    assert len(keeping) == 7
