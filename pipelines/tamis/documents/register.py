"""The register of processings that the arrêté lists (`design.md` §3.2). Closed by default."""

import datetime
from typing import Annotated, Any, Literal

from pydantic import Field, PlainValidator

from tamis.documents.law import Attested, Link
from tamis.documents.positions import Model


class Entry(Model):
    """A processing's place in one list: the item that it stands under, and since when.

    Attributes:
        attested: what the entry stands on: `read`, `superseded`, `inferred` or `example`.
        item_link: `inferred` where the row names a purpose in words and no item.
    """

    item: str
    from_: Annotated[datetime.date, Field(alias="from")]
    until: datetime.date | None = None
    attested: Attested
    item_link: Link = "inferred"
    note: str = ""

    def in_force(self, day: datetime.date) -> bool:
        """Whether the entry holds on `day`."""
        return self.from_ <= day and (self.until is None or day < self.until)


def _carries(value: Any) -> Any:
    if value is True or value is False or value == "unknown":
        return value
    raise ValueError("should be true, false or unknown")


class Processing(Model):
    """A *traitement automatisé*: the partner on the other side of the store."""

    name: str
    carries_nir: Annotated[
        bool | Literal["unknown"],
        PlainValidator(_carries, json_schema_input_type=bool | Literal["unknown"]),
    ]
    source: str = ""
    note: str = ""
    entries: tuple[Entry, ...] = ()

    def entry_on(self, item: str, day: datetime.date) -> Entry | None:
        """The entry for `item` that holds on `day`, or None."""
        for entry in self.entries:
            if entry.item == item and entry.in_force(day):
                return entry
        return None


class Register(Model):
    """The processings by slug; one that is not here is not authorised."""

    register_: Annotated[str, Field(alias="register")]
    note: str = ""
    processings: dict[str, Processing]
