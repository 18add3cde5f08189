"""The texts that documents cite and whose newer version nobody has read, each with its day.

    texts:
      L. 4141-5: {from: 2026-06-27, version: LEGIARTI000054336916, source: …, read_on: 2026-11-28}

From that day on, what cites the text rests on words that may have changed: `check` tells it, and
`run` asks for `--allow-unconfirmed`. Who has read the new version takes the text out of the list.
"""

import datetime
from collections.abc import Iterable, Iterator
from typing import Annotated

from pydantic import Field

from tamis.documents.law import Link
from tamis.documents.positions import DocumentModel
from tamis.documents.references import Reference, cites
from tamis.language import N_


class UnreadText(DocumentModel):
    """A text of which a version is in force that was not read, or only in part."""

    from_: Annotated[datetime.date, Field(alias="from")]
    """The day from which the new version is a reason to stop."""
    from_link: Link = "read"
    """`read` where that is the day on which it came into force; `inferred` where it is the day on
    which the new version was first seen."""
    version: str
    """The version's id in Légifrance (`LEGIARTI…`)."""
    source: str
    """Where the new version was seen."""
    read_on: datetime.date
    """On which day it was seen there."""
    note: str = ""
    """A remark for readers, in French."""


class Veille(DocumentModel):
    """What is known of the law and not read: the file `policies/veille.yaml`."""

    veille: str
    """What the list is of, in French."""
    texts: dict[Reference, UnreadText]
    """The texts by their reference (`L. 4141-5`)."""

    def cited(self, words: Iterable[str]) -> Iterator[tuple[str, UnreadText]]:
        """Yield the texts that some of `words` cite."""
        together = "\n".join(words)
        for reference, text in self.texts.items():
            if cites(together, reference):
                yield reference, text


UNREAD = N_("{reference}: its version {version} ({day}) is not read")


def describe_unread(reference: str, text: UnreadText) -> str:
    """Return what is not read, in the words of plans and receipts.

    Example:
        >>> day = datetime.date(2026, 6, 27)
        >>> text = UnreadText.model_validate(
        ...     {"from": day, "version": "LEGIARTI000054336916", "source": "…", "read_on": day})
        >>> describe_unread("L. 4141-5", text)
        'L. 4141-5: its version LEGIARTI000054336916 (2026-06-27) is not read'
    """
    return UNREAD.format(reference=reference, version=text.version, day=text.from_)
