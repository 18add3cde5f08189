"""What a project allows lastingly: `policies/project.yaml`, in place of flags in a script.

>>> project = ProjectFile.model_validate({"exceptions": [{
...     "what": "unconfirmed", "policy": "dsn-droits", "by": "DPO", "until": "2027-01-01",
...     "because": "le cadre NIR est relu par le service juridique"}]})
>>> project.exceptions[0].holds(datetime.date(2026, 12, 31))
True
"""

import datetime
from typing import Annotated, Literal

from pydantic import Field

from tamis.documents.positions import DocumentModel

Allowance = Literal["example", "unconfirmed", "empty", "no-identifier"]
"""What may be allowed: the flags `--allow-example`, `--allow-unconfirmed`, `--allow-empty`; and
`no-identifier`, which no flag allows: to release without asking the list of limited persons."""


class LastingException(DocumentModel):
    """What a project allows for one policy up to a day, as `run --allow-…` does for once."""

    what: Allowance
    """Which flag it stands for: `example`, `unconfirmed` or `empty`; or `no-identifier`: the feed
    names nobody by a number, so that the list of `limited` cannot be asked."""
    policy: str
    """The policy that it is allowed for, by its name."""
    because: str
    """Why, in words."""
    by: Annotated[str, Field(min_length=1)]
    """Who answers for it: a name or a function."""
    until: datetime.date
    """The first day on which it does not hold any more, and is a violation."""

    def holds(self, day: datetime.date) -> bool:
        """Whether it allows something on `day`."""
        return day < self.until


class ProjectFile(DocumentModel):
    """What holds for a whole project."""

    approvals: Literal["required"] | None = None
    """`required`: `run` refuses a policy that no approval covers (`tamis help approvals`)."""
    exceptions: tuple[LastingException, ...] = ()
    """What is allowed lastingly, each for one policy and with its last day."""
    limited: Annotated[str, Field(min_length=1)] | None = None
    """The file of the list of limited persons, relative to the project's folder; records of those
    on it leave under paragraph I only (`tamis help limited`). Legal source: RGPD art. 18,
    R. 6323-38."""
