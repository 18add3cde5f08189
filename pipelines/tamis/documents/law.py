"""The articles as dated data (`design.md` §3.1): R. 6323-37, R. 6323-33, R. 6323-34, R. 6323-34-1.

Item, purpose and category of a day are looked up by `version_on`; nothing here invents law.
"""

import datetime
from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from tamis.documents.positions import Model

Attested = Literal["read", "superseded", "inferred", "example"]
Link = Literal["inferred", "read"]
Nir = Literal["carried", "absent"]
Relation = Literal["fed-by", "exchange"]

ITEMS_ARTICLE = "R6323-37"
PURPOSES_ARTICLE = "R6323-33"
CATEGORY_ARTICLES = ("R6323-34", "R6323-34-1")


class Item(Model):
    """A numbered permission of art. R. 6323-37.

    Attributes:
        relation: `fed-by` (paragraph I: into the store only) or `exchange` (II, III).
        nir: what the paragraph says of the partner processing.
        purposes: purposes of R. 6323-33 that we read the item with, e.g. `R6323-33.1`.
        purposes_link: `inferred`: the article refers to the purposes as a whole.
        subject: the operative words, in French.
    """

    relation: Relation
    nir: Nir
    purposes: tuple[str, ...]
    purposes_link: Link = "inferred"
    subject: str = ""
    note: str = ""


class Purpose(Model):
    """A *finalité* of art. R. 6323-33."""

    subject: str = ""
    note: str = ""


class Category(Model):
    """A category of personal data of R. 6323-34 or R. 6323-34-1.

    Attributes:
        subjects: whose data, by slug.
        purposes: ids of purposes that it serves, as `"1"`, `9bis`.
        wording: the article's words, in French.
    """

    subjects: tuple[str, ...] = ()
    purposes: tuple[str, ...] = ()
    purposes_link: Link = "read"
    wording: str = ""
    note: str = ""


class ArticleVersion(Model):
    """One version of an article, in force from `from` until the day before `until`."""

    id: str
    from_: Annotated[datetime.date, Field(alias="from")]
    until: datetime.date | None = None
    amended_by: str = ""
    note: str = ""
    items: dict[str, Item] = {}
    purposes: dict[str, Purpose] = {}
    categories: dict[str, Category] = {}

    def in_force(self, day: datetime.date) -> bool:
        """Whether this version is the law on `day`."""
        return self.from_ <= day and (self.until is None or day < self.until)


class Article(Model):
    """All known versions of one article."""

    article: str
    note: str = ""
    versions: tuple[ArticleVersion, ...]

    @model_validator(mode="after")
    def _follow_each_other(self) -> Any:
        for before, after in zip(self.versions, self.versions[1:], strict=False):
            if before.until is None or before.until > after.from_:
                raise ValueError(f"version {after.id} begins before {before.id} ends")
        return self

    def version_on(self, day: datetime.date) -> ArticleVersion | None:
        """The version in force on `day`, or None."""
        for version in self.versions:
            if version.in_force(day):
                return version
        return None


def item_key(item: str) -> str:
    """The key of an item in its article: `R6323-37.III.2` → `III.2`."""
    return item.removeprefix(ITEMS_ARTICLE + ".")


def purpose_key(purpose: str) -> str:
    """The key of a purpose in its article: `R6323-33.9bis` → `9bis`."""
    return purpose.removeprefix(PURPOSES_ARTICLE + ".")
