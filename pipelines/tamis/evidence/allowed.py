"""What a run had to be allowed, and by whom: a flag is for once, the project's file for longer."""

import datetime
from typing import Literal

from tamis.documents.exceptions import Allowance
from tamis.evidence.part import Part
from tamis.plan.guards import exception_of, needs_of
from tamis.plan.plan import Plan


class AllowedPart(Part):
    """What had to be allowed: lastingly by the project, or by a flag for this run.

    Attributes:
        what: which flag it is: `example`, `unconfirmed` or `empty`; or `no-identifier`, for which
            there is none.
        because: the project's reason; None for a flag.
        by: who answers for it; None for a flag.
        until: the first day on which it does not hold any more; None for a flag.
    """

    what: Allowance
    because: str | None = None
    by: str | None = None
    until: datetime.date | None = None


def allowed_parts(plan: Plan, day: datetime.date) -> list[AllowedPart]:
    """What runs of a plan must be allowed, whatever comes, and what allowed it on a day."""
    return [allowed_part(plan, what, day) for what in needs_of(plan)]


def allowed_part(plan: Plan, what: Allowance, day: datetime.date) -> AllowedPart:
    """What allowed something on a day: the project, or else a flag."""
    known = exception_of(plan, what, day)
    if known is None:
        return AllowedPart(what=what)
    return AllowedPart(what=what, because=known.because, by=known.by, until=known.until)


class ApprovalPart(Part):
    """Who agreed to what is released.

    Attributes:
        opinion: `favorable` or `réservé`.
        until: the first day on which it holds no more.
    """

    opinion: str
    by: str
    role: str
    until: datetime.date


def approval_part(plan: Plan) -> ApprovalPart | Literal["none"]:
    """The approval that covers a plan, or `none`."""
    known = plan.approval
    if known is None or known.problem or known.until is None:
        return "none"
    return ApprovalPart(opinion=known.opinion, by=known.by, role=known.role, until=known.until)
