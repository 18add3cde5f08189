"""Whether an approval covers a policy as it is on a day, and what changed since if it does not."""

import datetime
import difflib
from dataclasses import dataclass
from typing import Literal

from tamis.check.changes import describe_changes
from tamis.check.legal_content import FORM, digest, legal_content
from tamis.documents.approval import Approval, ApprovedInterval
from tamis.documents.calendar import days_of
from tamis.documents.context import PolicyContext
from tamis.documents.positions import Source
from tamis.language import _

Status = Literal["covers", "missing", "other-days", "edited", "unfavourable", "changed"]


@dataclass(frozen=True)
class ApprovalState:
    """What is known of a policy's approval on a day.

    Attributes:
        approval: the document; None where there is none.
        status: whether it covers the policy, or why not.
        problem: why it does not cover the policy, in words; empty where it does.
        contents: the legal content that was approved and that of now, where they differ.
    """

    approval: Approval | None = None
    status: Status = "covers"
    problem: str = ""
    contents: tuple[str, str] | None = None


def judge_approval(
    context: PolicyContext, day: datetime.date, found: tuple[Approval, Source] | None
) -> ApprovalState:
    """Return whether an approval covers a policy as it is on a day.

    Args:
        context: the policy, with all that decides about it.
        day: the day whose law applies.
        found: the policy's approval, if it has one.
    """
    if found is None:
        return ApprovalState(None, "missing", _("it is not approved"))
    approval, source = found
    place = source.file
    interval = approval.interval_on(day)
    if interval is None:
        text = _(
            "{file}: the approval holds from {begin} until {end}, not on {day}",
            file=place,
            begin=approval.intervals[0].from_,
            end=approval.until,
            day=day,
        )
        return ApprovalState(approval, "other-days", text)
    if interval.sha256 != digest(interval.content):
        text = _("{file}: the digest of {day} is not that of its content", file=place, day=day)
        return ApprovalState(approval, "edited", text)
    if approval.sha256 not in ("", approval.digest()):
        text = _("{file}: it was changed after it was written: approve it again", file=place)
        return ApprovalState(approval, "edited", text)
    if approval.opinion == "défavorable":
        text = _("{file}: the opinion is défavorable", file=place)
        return ApprovalState(approval, "unfavourable", text)
    now = legal_content(context, day)
    if digest(now) != interval.sha256:
        text = _(
            "{file}: the approval does not cover what changed since {day}:",
            file=place,
            day=approval.on,
        )
        contents = interval.content, now
        text = "\n  ".join([text, *describe_changes(*contents)])
        return ApprovalState(approval, "changed", text, contents)
    return ApprovalState(approval)


def changed_lines(old: str, new: str) -> list[str]:
    """Return the lines that went (`-`) and came (`+`) between two legal contents.

    Example:
        >>> changed_lines('a = 1\\nb = "un"', 'a = 1\\nb = "deux"')
        ['- b = "un"', '+ b = "deux"']
    """
    compared = difflib.ndiff(old.splitlines(), new.splitlines())
    return [line for line in compared if line[:2] in ("- ", "+ ")]


def intervals_of(
    context: PolicyContext, begin: datetime.date, end: datetime.date
) -> tuple[ApprovedInterval, ...]:
    """Return what there is to approve from `begin` until the day before `end`."""
    days = days_of(_Days(begin, end), context.cuts)
    contents = [(day, legal_content(context, day)) for day in days]
    return tuple(
        ApprovedInterval(from_=day, sha256=digest(content), content=content)
        for day, content in contents
    )


@dataclass(frozen=True)
class _Days:
    from_: datetime.date
    until: datetime.date | None


__all__ = ["FORM", "ApprovalState", "changed_lines", "intervals_of", "judge_approval"]
