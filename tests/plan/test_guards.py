"""What a plan may be run for: what nobody has confirmed stops it, unless that is allowed."""

import datetime
from dataclasses import replace

import pytest

from tamis.documents.calendar import today
from tamis.documents.exceptions import Allowance, LastingException
from tamis.errors import UsageError
from tamis.evidence.receipt import InputPart, RunFacts, begun_receipt, make_receipt
from tamis.filter.tally import Cause, QuarantineCount, Tally
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
        plan = plan_of(name)
        for release in plan.releases:
            if any(text.startswith("NIR: ") for text in release.to_confirm):
                assert release.nir == "carried"
                keeping.add(name)
            else:
                kept = [plan.leaves()[leaf.path] for leaf in release.leaves]
                assert release.nir == "absent" or not any(spec.identifier for spec in kept)
    assert len(keeping) == 7


def allowed(what: Allowance, until: datetime.date) -> LastingException:
    return LastingException(
        what=what,
        policy="dsn-droits",
        because="le service juridique relit le cadre NIR",
        by="DPO",
        until=until,
    )


def test_what_the_project_allows_needs_no_flag_until_its_day() -> None:
    plan = plan_of("dsn-droits")
    tomorrow = today() + datetime.timedelta(1)
    check_unconfirmed(replace(plan, exceptions=(allowed("unconfirmed", tomorrow),)), False)
    for exception in (allowed("unconfirmed", today()), allowed("example", tomorrow)):
        with pytest.raises(UsageError, match="--allow-unconfirmed"):
            check_unconfirmed(replace(plan, exceptions=(exception,)), False)


def test_a_receipt_says_what_allowed_the_run() -> None:
    plan = plan_of("dsn-droits")
    facts = RunFacts("the-run", datetime.datetime.now(datetime.UTC))
    (once,) = begun_receipt(plan, facts).allowed or []
    assert once.model_dump(exclude_none=True) == {"what": "unconfirmed"}

    known = allowed("unconfirmed", today() + datetime.timedelta(1))
    lasting = replace(plan, exceptions=(known,))
    assert lasting.sha256 == plan.sha256
    (part,) = begun_receipt(lasting, facts).allowed or []
    assert part.model_dump() == known.model_dump(exclude={"policy"})


def test_a_run_that_releases_nothing_says_that_it_was_allowed() -> None:
    plan = plan_of("regularite-prestataires")
    facts = RunFacts("the-run", datetime.datetime.now(datetime.UTC))
    tally = Tally(records=1)
    tally.quarantine = {Cause("unreadable", "", "csv"): QuarantineCount(1, "in.csv", 1)}
    read = InputPart(uri="in.csv", rows=1, bytes=1, sha256="")
    receipt = make_receipt(plan, facts, tally, [read])
    assert [part.what for part in receipt.allowed or ()] == ["empty"]
