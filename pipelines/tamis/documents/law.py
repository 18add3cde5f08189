"""The articles as dated data: R. 6323-37, R. 6323-33, R. 6323-34 and R. 6323-34-1.

An item, a purpose or a category of a day is looked up by `Article.version_on`. Nothing here
invents law: what an article does not say itself is marked `inferred` (`tamis help law`).
"""

import datetime
from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from tamis.documents.positions import DocumentModel
from tamis.language import _

Attested = Literal["read", "superseded", "inferred", "example"]
Link = Literal["inferred", "read"]
Nir = Literal["carried", "absent"]
Origin = Literal["bundled", "own"]
"""Whose law files a project stands on: those that come with Tamis, or others."""
Status = Literal["confirmed", "to-confirm"]
"""Whether somebody answers for what a legal basis says."""
Relation = Literal["fed-by", "exchange"]

ITEMS_ARTICLE = "R6323-37"
PURPOSES_ARTICLE = "R6323-33"
CATEGORY_ARTICLES = ("R6323-34", "R6323-34-1")


class Dated(DocumentModel):
    """What begins on one day and may end before another."""

    from_: Annotated[datetime.date, Field(alias="from")]
    """The first day on which it holds."""
    until: datetime.date | None = None
    """The first day on which it does not hold any more; without it, it holds for ever."""

    def in_force(self, day: datetime.date) -> bool:
        """Whether it holds on `day`."""
        return self.from_ <= day and (self.until is None or day < self.until)


class Item(DocumentModel):
    """A numbered permission of art. R. 6323-37."""

    relation: Relation
    """`fed-by`: a source that feeds the store (paragraph I); `exchange`: data passes in both
    directions (paragraphs II and III)."""
    nir: Nir
    """What the paragraph says of the partner's processing: that it carries the NIR (`carried`,
    paragraphs I and II) or does not (`absent`, paragraph III)."""
    purposes: tuple[str, ...]
    """The purposes that the item is read with, by their ids (`R6323-33.1`)."""
    purposes_link: Link = "inferred"
    """`read` where the article itself names the purposes; `inferred` where the link is a reading,
    since R. 6323-37 refers to the purposes of R. 6323-33 as a whole."""
    subject: str = ""
    """The operative words of the article, in French."""
    note: str = ""
    """A remark for readers."""


class Purpose(DocumentModel):
    """A *finalité* of art. R. 6323-33."""

    subject: str = ""
    """The operative words of the article, in French."""
    note: str = ""
    """A remark for readers."""


class Category(DocumentModel):
    """A category of personal data of art. R. 6323-34 or R. 6323-34-1."""

    subjects: tuple[str, ...] = ()
    """Whose data the category is, by slug."""
    purposes: tuple[str, ...] = ()
    """The purposes that the category serves, by their keys in R. 6323-33 (`"1"`, `9bis`)."""
    purposes_link: Link = "read"
    """`read` where the article itself names the purposes; `inferred` where that is a reading."""
    wording: str = ""
    """The words of the article, in French."""
    note: str = ""
    """A remark for readers."""


class ArticleVersion(Dated):
    """One version of an article, in force from `from` until the day before `until`."""

    id: str
    """The version's id in Légifrance (`LEGIARTI…`)."""
    amended_by: str = ""
    """The text that made this version, in French."""
    note: str = ""
    """A remark for readers."""
    items: dict[str, Item] = {}
    """The permissions of R. 6323-37, by their keys (`I.1`, `II`, `III.2`)."""
    purposes: dict[str, Purpose] = {}
    """The purposes of R. 6323-33, by their keys (`"1"`, `1bis`)."""
    categories: dict[str, Category] = {}
    """The categories of R. 6323-34 or R. 6323-34-1, by slug."""


class Article(DocumentModel):
    """All known versions of one article."""

    article: str
    """The article's number: `R6323-37`, `R6323-33`, `R6323-34` or `R6323-34-1`."""
    note: str = ""
    """A remark for readers."""
    versions: tuple[ArticleVersion, ...]
    """The versions in the order in which they came into force."""

    @model_validator(mode="after")
    def _follow_each_other(self) -> Any:
        for before, after in zip(self.versions, self.versions[1:], strict=False):
            if before.until is None or before.until > after.from_:
                raise ValueError(
                    _(
                        "version {later} must not begin before {earlier} ends",
                        later=after.id,
                        earlier=before.id,
                    )
                )
        return self

    def version_on(self, day: datetime.date) -> ArticleVersion | None:
        """Return the version in force on `day`, or None."""
        return next((version for version in self.versions if version.in_force(day)), None)


def item_key(item: str) -> str:
    """Return the key of an item in its article: `R6323-37.III.2` → `III.2`."""
    return item.removeprefix(ITEMS_ARTICLE + ".")


def purpose_key(purpose: str) -> str:
    """Return the key of a purpose in its article: `R6323-33.9bis` → `9bis`."""
    return purpose.removeprefix(PURPOSES_ARTICLE + ".")
