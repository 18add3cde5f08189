"""What a plan may be run for: the law of today, on entries of the register that are no examples.

The command line and the transforms ask the same here, so that neither is a way around the other.
"""

import datetime

from tamis.documents.calendar import today
from tamis.documents.exceptions import Allowance, LastingException
from tamis.errors import UsageError
from tamis.language import _
from tamis.plan.explain import shown_basis
from tamis.plan.plan import Plan


def check_day(day: datetime.date, replay: bool) -> None:
    """Refuse the law of another day than today, unless it is a replay.

    Raises:
        UsageError: the day is another.

    Example:
        >>> check_day(datetime.date(2026, 3, 2), replay=False)  # doctest: +ELLIPSIS
        Traceback (most recent call last):
        tamis.errors.UsageError: 2026-03-02 is not today (...): ...
    """
    if day != today() and not replay:
        raise UsageError(
            _(
                "{day} is not today ({today}): give --replay, in Python replay=True, to run under "
                "its law",
                day=day,
                today=today(),
            )
        )


def exception_of(
    plan: Plan, what: Allowance, day: datetime.date | None = None
) -> LastingException | None:
    """What `policies/project.yaml` allows for a plan's policy on a day, by default today."""
    asked = day or today()
    return next(
        (known for known in plan.exceptions if known.what == what and known.holds(asked)), None
    )


def needs_of(plan: Plan) -> list[Allowance]:
    """What must be allowed before a run of this plan, by a flag or lastingly."""
    needed: list[Allowance] = []
    if any(release.attested == "example" for release in plan.releases):
        needed.append("example")
    if any(release.to_confirm for release in plan.releases):
        needed.append("unconfirmed")
    if plan.limited is not None and not plan.limited.fields:
        needed.append("no-identifier")
    return needed


def check_register(plan: Plan, allow_example: bool) -> None:
    """Refuse a plan that stands on an example of the register, unless that is allowed.

    Raises:
        UsageError: a release of it does.
    """
    examples = [release.id for release in plan.releases if release.attested == "example"]
    if examples and not allow_example and exception_of(plan, "example") is None:
        raise UsageError(
            _(
                "policy `{policy}`: the register's entry for {processing} is an example "
                "(releases {releases}): put a real entry in the register, or give "
                "--allow-example, in Python allow_example=True",
                policy=plan.policy,
                processing=plan.processing,
                releases=", ".join(examples),
            )
        )


def check_unconfirmed(plan: Plan, allow_unconfirmed: bool) -> None:
    """Refuse a plan that rests on what nobody answers for yet, unless that is allowed.

    Raises:
        UsageError: a release of it does.
    """
    reasons = {release.id: release.to_confirm for release in plan.releases if release.to_confirm}
    if reasons and not allow_unconfirmed and exception_of(plan, "unconfirmed") is None:
        listed = "".join(
            "\n  " + _("release `{release}`: {reason}", release=release, reason=shown_basis(reason))
            for release, texts in reasons.items()
            for reason in texts
        )
        raise UsageError(
            _(
                "policy `{policy}` rests on what is to be confirmed: have it confirmed in the "
                "documents, or give --allow-unconfirmed, in Python allow_unconfirmed=True{listed}",
                policy=plan.policy,
                listed=listed,
            )
        )


def check_approval(plan: Plan) -> None:
    """Refuse a plan that no approval covers, where the project requires one.

    Raises:
        UsageError: none covers it; the message says why, and what changed since.
    """
    if plan.approval is not None and plan.approval.required and plan.approval.problem:
        raise UsageError(
            _(
                "policy `{policy}` needs an approval (policies/project.yaml), as `tamis approve` "
                "writes it: {problem}",
                policy=plan.policy,
                problem=plan.approval.problem,
            )
        )


def check_limited(plan: Plan) -> None:
    """Refuse a plan whose feed cannot be held against the list of limited persons.

    Raises:
        UsageError: the schema has no identifier, and the project does not allow that.
    """
    if "no-identifier" in needs_of(plan) and exception_of(plan, "no-identifier") is None:
        raise UsageError(
            _(
                "policy `{policy}`: the list of limited persons cannot be asked, since schema "
                "`{schema}` has no NIR, NIA, NNP or MIG (releases {releases}): give the field that "
                "holds it its `identifier`, or let policies/project.yaml say why it may be "
                "released all the same (`exceptions`, `what: no-identifier`)",
                policy=plan.policy,
                schema=plan.schema,
                releases=", ".join(
                    release.id for release in plan.releases if release.withholds_limited
                ),
            )
        )


def check_in_force(plan: Plan) -> None:
    """Refuse a plan of a law that does not hold any more.

    Raises:
        UsageError: the law, or a document, has changed since the plan's day.
    """
    if plan.valid_until is not None and today() >= plan.valid_until:
        raise UsageError(
            _(
                "policy `{policy}`: the law or a document changed on {until}, the plan of {day} "
                "must not act any more: compile it again",
                policy=plan.policy,
                until=plan.valid_until,
                day=plan.day,
            )
        )
