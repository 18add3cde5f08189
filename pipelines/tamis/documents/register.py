"""The register of the processings that the arrêté lists: closed, so what it lacks is refused.

Legal source: arrêté du 11 octobre 2019 (NOR MTRD1908679A), annexes 2 to 4.
"""

import datetime
from collections.abc import Iterator
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Discriminator, Field, Tag, model_validator

from tamis.documents.law import Attested, Dated, Link
from tamis.documents.positions import DocumentModel
from tamis.language import _

Title = Literal["exchange", "recipient", "access"]
CarriesNir = bool | Literal["unknown"]


class Entry(Dated):
    """A partner's place in one list: the item or matter that it stands under, and when."""

    title: Title = "exchange"
    """`exchange`: a processing that feeds the store or is put in relation with it (R. 6323-37);
    `recipient`: a body that receives data (R. 6323-35 III, R. 6323-36); `access`: one whose agents
    read in the store itself (R. 6323-35 II), to which nothing is released."""
    item: str = ""
    """The item of R. 6323-37 that the processing is listed under (`R6323-37.I.1`)."""
    matter: str = ""
    """In place of the item, what a recipient receives data for (`R6323-36.3`, `R6323-35.III.1`)."""
    purpose: str = ""
    """The purpose that the matter is read with (`R6323-33.5`)."""
    direction: Literal["into-store", "out-of-store", "both"] | None = None
    """Which way data passes; without it, whichever the item allows."""
    attested: Attested
    """What the entry stands on: `read` (the wording in force was read), `superseded` (an earlier
    wording was read), `inferred` (the Code states the flow) or `example` (made to illustrate)."""
    item_link: Link = "inferred"
    """`read` where the list names the item; `inferred` where its row names a purpose in words."""
    source: str = ""
    """Where it was read; must be given where it is `attested: read`."""
    read_on: datetime.date | None = None
    """On which day it was read; must be given where it is `attested: read`."""
    note: str = ""
    """A remark for readers."""

    @model_validator(mode="after")
    def _stand_under_one_thing(self) -> Any:
        if self.title == "exchange" and (not self.item or self.matter or self.purpose):
            raise ValueError(_("an exchange must have `item`, and neither `matter` nor `purpose`"))
        if self.title != "exchange" and (self.item or not self.matter or not self.purpose):
            raise ValueError(
                _(
                    "an entry with `title: {title}` must have `matter` and `purpose`, and no "
                    "`item`",
                    title=self.title,
                )
            )
        return self

    @property
    def permission(self) -> str:
        """The item, or the matter in its place."""
        return self.item or self.matter


class DatedNir(Dated):
    """Whether a processing carries the NIR, from one day on."""

    value: CarriesNir
    """Whether it does: `true`, `false` or `unknown`."""
    source: str
    """The text that says so."""


def _true_false_or_unknown(value: Any) -> Any:
    if isinstance(value, bool | list | tuple) or value == "unknown":
        return value
    raise ValueError(_("must be true, false or unknown, or a list of dated values"))


class Processing(DocumentModel):
    """A *traitement automatisé*: the partner on the other side of the store."""

    name: str
    """The name of the processing in the arrêté, in French."""
    carries_nir: Annotated[
        Annotated[CarriesNir, Tag("value")] | Annotated[tuple[DatedNir, ...], Tag("list")],
        Discriminator(lambda value: "list" if isinstance(value, list | tuple) else "value"),
        BeforeValidator(_true_false_or_unknown),
    ]
    """Whether the processing carries the NIR: `true`, `false` or `unknown`, or a list of values
    with their days and sources. Paragraphs I and II of R. 6323-37 are for processings that do, so
    that `false` is refused there; paragraph III is for those that do not, and `true` is refused."""
    source: str = ""
    """Where the arrêté lists the processing (`annexe 4.1`)."""
    aliases: tuple[str, ...] = ()
    """The slugs of the same partner: what is released to one of them is released to all."""
    note: str = ""
    """A remark for readers."""
    entries: tuple[Entry, ...] = ()
    """The items and matters that the processing is listed under, each with its days."""

    def entries_on(self, permission: str, day: datetime.date) -> tuple[Entry, ...]:
        """Return the entries for an item or matter that hold on `day`; the first one counts."""
        return tuple(
            entry
            for entry in self.entries
            if entry.permission == permission and entry.in_force(day)
        )

    def carries_nir_on(self, day: datetime.date) -> CarriesNir:
        """Return whether the processing carries the NIR on `day`; unknown where nothing says it."""
        if not isinstance(self.carries_nir, tuple):
            return self.carries_nir
        return next((said.value for said in self.carries_nir if said.in_force(day)), "unknown")

    def intervals(self) -> Iterator[Dated]:
        """Yield all that has days of its own."""
        yield from self.entries
        if isinstance(self.carries_nir, tuple):
            yield from self.carries_nir


class Register(DocumentModel):
    """The processings by slug; one that is not listed is not authorised."""

    register_: Annotated[str, Field(alias="register")]
    """The text that the register follows (`arrêté du 11 octobre 2019 … annexe 4`)."""
    note: str = ""
    """A remark for readers."""
    processings: dict[str, Processing]
    """The processings by slug: the names that policies use."""

    def partner(self, slug: str) -> str:
        """Return the first slug of the partner that `slug` is an alias of.

        Example:
            >>> processing = {"name": "x", "carries_nir": False}
            >>> register = Register.model_validate(
            ...     {"register": "r", "processings": {"b": {**processing, "aliases": ["a"]}}})
            >>> register.partner("b")
            'a'
        """
        group = {slug}
        while True:
            more = {
                name
                for other, processing in self.processings.items()
                for name in (other, *processing.aliases)
                if group & {other, *processing.aliases}
            }
            if more <= group:
                return min(group)
            group |= more
