"""What a receipt says of the documents, compared with what they say now."""

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from tamis.documents.calendar import day_of
from tamis.errors import DocumentError, UsageError
from tamis.evidence.allowed import allowed_part, allowed_parts, approval_part
from tamis.evidence.receipt import Receipt
from tamis.language import _
from tamis.plan.plan import LIMITED, OR_LIMITED, Plan, PlanRelease
from tamis.verify.figures import Finding, judged

if TYPE_CHECKING:
    from tamis.plan.project import Project

NOT_RELEASED = ("dropped", "stripped")

Fates: TypeAlias = dict[tuple[str, str], tuple[str, str]]
"""By release and path of a field, what becomes of it, and why."""


def find_plan(receipt: Receipt, project: "Project | None") -> tuple[Plan | None, Finding]:
    """The plan that a receipt's digest is of, or None, and what was found of it."""
    from tamis.plan.compile import compile_plan

    text = _("policy `{policy}` compiled for {day}", policy=receipt.policy, day=receipt.day)
    if project is None or receipt.policy not in project.policies():
        reason = _("{plan}: this project has no such policy", plan=text)
        return None, Finding("not checked", reason)
    try:
        plan = compile_plan(project, receipt.policy, receipt.day)
    except (DocumentError, UsageError):
        reason = _("{plan}: the documents do not allow it any more", plan=text)
        return None, Finding("not checked", reason)
    if plan.sha256 != receipt.plan_sha256:
        reason = _("{plan}: the documents have changed since the run", plan=text)
        return None, Finding("not checked", reason)
    return plan, Finding("ok", _("{plan}: the plan's digest agrees", plan=text))


def check_plan(receipt: Receipt, plan: Plan) -> Iterator[Finding]:
    """Whether a receipt says of the documents what the plan of the same digest says."""
    claimed, fates = _claimed_fates(receipt), _fates(plan)
    # Fates of fields that no release uses are not in the plan's digest.
    now, then = _released(fates), _released(claimed)
    yield judged(
        _claimed_grounds(receipt) == _grounds(plan) and _bare(then) == _bare(now),
        _("releases and fates of fields are the plan's"),
    )
    conditions = {release.id: set(_conditions(release)) for release in plan.releases}
    unmet = receipt.conditions_not_met or ()
    holds = all(part.condition in conditions.get(part.release, ()) for part in unmet)
    yield judged(holds, _("conditions that are not met are the plan's"))
    items = {
        release.item for release in plan.releases if any(leaf.pseudonym for leaf in release.leaves)
    }
    keys = [(key.processing, key.item) for key in receipt.keys]
    expected = sorted((plan.processing, item) for item in items)
    yield judged(sorted(keys) == expected, _("there is a key for each item with pseudonyms"))
    yield from _limited(receipt, plan)
    yield from _allowed(receipt, plan)
    if receipt.approval not in (None, approval_part(plan)):
        text = _("who agreed to what is released is another in the documents now")
        yield Finding("not checked", text)
    if receipt.policy_sha256 == plan.policy_sha256:
        yield Finding("ok", _("the policy's file is the one of the run"))
        yield judged(then == now, _("reasons are the policy's"))
        if _bare(claimed) != _bare(fates):
            text = _("fields that are not released are others in the documents now")
            yield Finding("not checked", text)
    else:
        text = _("the policy's file has changed since the run; it makes the same plan")
        yield Finding("not checked", text)


def _conditions(release: PlanRelease) -> Iterator[str]:
    """What a receipt may say of records that a release does not match."""
    for test in release.where:
        yield test.unmet
    if release.withholds_limited:
        yield LIMITED
        for test in release.where[:1]:
            yield OR_LIMITED.format(condition=test.unmet)


def _limited(receipt: Receipt, plan: Plan) -> Iterator[Finding]:
    """Whether the list of limited persons was asked, and is still the one that was."""
    if plan.limited is None or not plan.asks_list:
        return
    yield judged(receipt.limited is not None, _("the list of limited persons was asked"))
    if receipt.limited is None:
        return
    try:
        content = Path(plan.limited.file).read_bytes()
    except OSError:
        yield Finding("not checked", _("the list of limited persons cannot be read here"))
        return
    if hashlib.sha256(content).hexdigest() == receipt.limited.sha256:
        yield Finding("ok", _("the list of limited persons is the one of the run"))
    else:
        text = _("the list of limited persons has changed since the run")
        yield Finding("not checked", text)


def _allowed(receipt: Receipt, plan: Plan) -> Iterator[Finding]:
    """Whether a receipt lists what had to be allowed, and by whom, as the project says it now."""
    if receipt.allowed is None:
        return
    day, counts = day_of(receipt.started), receipt.counts
    expected = allowed_parts(plan, day)
    if not receipt.stream and not counts.released and counts.quarantined:
        expected.append(allowed_part(plan, "empty", day))
    if receipt.allowed == expected:
        yield Finding("ok", _("what had to be allowed is the plan's"))
    else:
        text = _("what had to be allowed, or who allowed it, is another in the documents now")
        yield Finding("not checked", text)


def _claimed_grounds(receipt: Receipt) -> object:
    grounds = {
        name: (release.item, release.purpose, release.attested, set(release.redacted))
        for name, release in receipt.releases.items()
    }
    return grounds, receipt.law, (receipt.processing.slug, receipt.processing.carries_nir)


def _grounds(plan: Plan) -> object:
    grounds = {
        release.id: (
            release.item,
            release.purpose,
            release.attested,
            {leaf.path for leaf in release.leaves if leaf.redact},
        )
        for release in plan.releases
    }
    return grounds, dict(plan.law), (plan.processing, plan.carries_nir)


def _claimed_fates(receipt: Receipt) -> Fates:
    return {
        (name, path): (claim.fate, claim.because)
        for name, release in receipt.releases.items()
        for path, claim in release.fields.items()
    }


def _fates(plan: Plan) -> Fates:
    return {
        (name, path): fate for name, fields in plan.fates.items() for path, fate in fields.items()
    }


def _released(fates: Fates) -> Fates:
    return {place: fate for place, fate in fates.items() if fate[0] not in NOT_RELEASED}


def _bare(fates: Fates) -> dict[tuple[str, str], str]:
    """The fates without their reasons."""
    return {place: fate for place, (fate, _because) in fates.items()}
