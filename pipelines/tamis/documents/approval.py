"""The grammar of approvals: who agreed to what a policy releases, until when.

Every key has a description, from which `tamis help approvals` is made.
"""

import datetime
import hashlib
import json
from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from tamis.documents.positions import DocumentModel
from tamis.language import _

Opinion = Literal["favorable", "réservé", "défavorable"]


class ApprovedInterval(DocumentModel):
    """Days on which the law and the documents do not change, and what was approved for them."""

    from_: Annotated[datetime.date, Field(alias="from")]
    """The first day; the last is the day before the next interval, or before `until`."""
    sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
    """SHA-256 of the form's name, a line break, and `content`."""
    content: str
    """The legal content, a line a statement: so that what changed since can be told."""


class Approval(DocumentModel):
    """An opinion on a policy, as it was on the day it was given."""

    policy: str
    """The name of the policy, which is that of the file."""
    opinion: Opinion
    """`favorable`, `réservé` (the note says with which reservations), or `défavorable`, which
    stops a run as no approval does."""
    by: Annotated[str, Field(min_length=1)]
    """Who gives it."""
    role: Annotated[str, Field(min_length=1)]
    """In which capacity (`DPO`)."""
    on: datetime.date
    """The day it was given."""
    until: datetime.date
    """The first day on which it holds no more."""
    note: str = ""
    """Reservations, conditions, references."""
    form: Literal["tamis-legal/1"]
    """How `content` is written; another form gets another name, and this one stays readable."""
    intervals: Annotated[tuple[ApprovedInterval, ...], Field(min_length=1)]
    """What is approved, for each stretch of days on which nothing changes."""
    sha256: Annotated[str, Field(pattern=r"^([0-9a-f]{64})?$")] = ""
    """SHA-256 of the other keys, which `tamis approve` writes: a later change by hand is told. It
    proves nothing against somebody who computes it again."""

    @model_validator(mode="after")
    def _be_in_order(self) -> Any:
        days = [interval.from_ for interval in self.intervals]
        if days != sorted(set(days)) or days[-1] >= self.until:
            raise ValueError(_("intervals must follow one another and begin before `until`"))
        return self

    def digest(self) -> str:
        """Return the SHA-256 of all keys but `sha256`, in hexadecimal."""
        fields = self.model_dump(
            mode="json", by_alias=True, exclude_defaults=True, exclude={"sha256"}
        )
        return hashlib.sha256(json.dumps(fields, sort_keys=True).encode()).hexdigest()

    @property
    def name(self) -> str:
        """The name of the policy."""
        return self.policy

    def interval_on(self, day: datetime.date) -> ApprovedInterval | None:
        """Return what is approved for a day, or None."""
        begun = [interval for interval in self.intervals if interval.from_ <= day]
        return begun[-1] if begun and day < self.until else None
