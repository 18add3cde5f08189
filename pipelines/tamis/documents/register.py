"""The register of the processings that the arrêté lists: closed, so what it lacks is refused.

Legal source: arrêté du 11 octobre 2019 (NOR MTRD1908679A), annexe 4.
"""

import datetime
from typing import Annotated, Any, Literal

from pydantic import Field, PlainValidator

from tamis.documents.law import Attested, Dated, Link
from tamis.documents.positions import DocumentModel
from tamis.language import _


class Entry(Dated):
    """A processing's place in one list of the arrêté: the item that it stands under, and when."""

    item: str
    """The item of R. 6323-37 that the processing is listed under (`R6323-37.I.1`)."""
    attested: Attested
    """What the entry stands on: `read` (the wording in force was read), `superseded` (an earlier
    wording was read), `inferred` (the Code states the flow) or `example` (made to illustrate)."""
    item_link: Link = "inferred"
    """`read` where the list names the item; `inferred` where its row names a purpose in words."""
    note: str = ""
    """A remark for readers."""


def _true_false_or_unknown(value: Any) -> Any:
    if value is True or value is False or value == "unknown":
        return value
    raise ValueError(_("must be true, false or unknown"))


class Processing(DocumentModel):
    """A *traitement automatisé*: the partner on the other side of the store."""

    name: str
    """The name of the processing in the arrêté, in French."""
    carries_nir: Annotated[
        bool | Literal["unknown"],
        PlainValidator(_true_false_or_unknown, json_schema_input_type=bool | Literal["unknown"]),
    ]
    """Whether the processing carries the NIR: `true`, `false` or `unknown`. Paragraphs I and II of
    R. 6323-37 are for processings that do, so that `false` is refused there; paragraph III is for
    those that do not, and `true` is a warning there."""
    source: str = ""
    """Where the arrêté lists the processing (`annexe 4.1`)."""
    note: str = ""
    """A remark for readers."""
    entries: tuple[Entry, ...] = ()
    """The items that the processing is listed under, each with its days."""

    def entries_on(self, item: str, day: datetime.date) -> tuple[Entry, ...]:
        """Return the entries for `item` that hold on `day`; the first one counts."""
        return tuple(entry for entry in self.entries if entry.item == item and entry.in_force(day))


class Register(DocumentModel):
    """The processings by slug; one that is not listed is not authorised."""

    register_: Annotated[str, Field(alias="register")]
    """The text that the register follows (`arrêté du 11 octobre 2019 … annexe 4`)."""
    note: str = ""
    """A remark for readers."""
    processings: dict[str, Processing]
    """The processings by slug: the names that policies use."""
