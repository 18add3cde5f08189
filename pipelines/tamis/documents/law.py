"""The articles as dated data: R. 6323-37, R. 6323-33, R. 6323-34, R. 6323-34-1, and others.

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
Relation = Literal["fed-by", "exchange", "recipient", "access"]

ITEMS_ARTICLE = "R6323-37"
PURPOSES_ARTICLE = "R6323-33"
RETENTION_ARTICLE = "R6323-39"
CATEGORY_ARTICLES = ("R6323-34", "R6323-34-1")
ANYBODY = "personnes-concernees"
"""The subject by which the law names persons without saying which."""


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
    """`fed-by`: a source that feeds the store (R. 6323-37 I); `exchange`: data passes in both
    directions (II and III); `recipient`: data is sent out of the store (R. 6323-35 III,
    R. 6323-36); `access`: agents read in the store itself (R. 6323-35 II)."""
    nir: Nir
    """What the paragraph says of the partner's processing: that it carries the NIR (`carried`,
    paragraphs I and II) or does not (`absent`, paragraph III)."""
    nir_link: Link = "read"
    """`read` where the article itself says so; `inferred` where it is silent and that is a
    reading."""
    purposes: tuple[str, ...]
    """The purposes that the item is read with, by their ids (`R6323-33.1`)."""
    purposes_link: Link = "inferred"
    """`read` where the article itself names the purposes; `inferred` where the link is a reading,
    since R. 6323-37 refers to the purposes of R. 6323-33 as a whole."""
    subjects: tuple[str, ...] = ()
    """Whose data it is about, by slug; without any, the categories alone say."""
    subjects_link: Link = "inferred"
    """`read` where the article itself names the persons; `inferred` where that is a reading."""
    subject: str = ""
    """The operative words of the article, in French."""
    note: str = ""
    """A remark for readers."""


class Purpose(DocumentModel):
    """A *finalité* of art. R. 6323-33."""

    subjects: tuple[str, ...] = ()
    """Whose data it is about, by slug; without any, the categories alone say."""
    subjects_link: Link = "inferred"
    """`read` where the article itself names the persons; `inferred` where that is a reading."""
    subject: str = ""
    """The operative words of the article, in French."""
    note: str = ""
    """A remark for readers."""


class Category(DocumentModel):
    """A category of personal data of art. R. 6323-34 or R. 6323-34-1."""

    subjects: tuple[str, ...] = ()
    """Whose data the category is, by slug."""
    subjects_link: Link = "read"
    """`read` where the article itself names the persons; `inferred` where that is a reading."""
    purposes: tuple[str, ...] = ()
    """The purposes that the category serves, by their keys in R. 6323-33 (`"1"`, `9bis`)."""
    purposes_link: Link = "read"
    """`read` where the article itself names the purposes; `inferred` where that is a reading."""
    wording: str = ""
    """The words of the article, in French."""
    note: str = ""
    """A remark for readers."""


class Limit(DocumentModel):
    """A ban or a closed list: what a text lets pass under items, within what they permit."""

    items: Annotated[tuple[str, ...], Field(min_length=1)]
    """The items that are limited (`R6323-37.III.5`)."""
    items_link: Link = "inferred"
    """`read` where the text itself names the items; `inferred` where the link is a reading."""
    processings: tuple[str, ...] = ()
    """The processings of the register that are meant; without any, all under these items."""
    nir: Literal["absent"] | None = None
    """`absent`: no NIR is kept (« à l'exception du numéro d'inscription »)."""
    direction: Literal["into-store", "out-of-store"] | None = None
    """The only way in which data passes."""
    categories: tuple[str, ...] = ()
    """The only categories, by slug, of which a kept field is; without any, all that serve."""
    names: tuple[str, ...] = ()
    """Of a closed list of elements, the words by which fields are called that hold one of them: a
    kept field has one of these words in its name, or is refused."""
    confirmed: tuple[str, ...] = ()
    """Of these words, those of elements that are confirmations only (« la confirmation du
    respect »): a field that is called so must be kept under a `when`, which leaves the rest out."""
    names_link: Link = "inferred"
    """`read` where the text itself has these words; `inferred` where they are a reading."""
    wording: str
    """The words of the text, in French."""
    note: str = ""
    """A remark for readers."""


class RetentionRule(DocumentModel):
    """How long data is kept. Legal source: R. 6323-39."""

    paragraph: str
    """Where it stands in the article (`I 1°`)."""
    covers: str
    """Which data it is about, in French."""
    start: str
    """From when the period counts, in French."""
    period: Annotated[str, Field(pattern=r"^P\d+[YM]$")] | None = None
    """The period in ISO 8601 (`P3Y`, `P18M`); none where another text fixes it."""
    mode: Literal["must-end", "may-keep"]
    """`must-end`: kept for that time (« sont conservées »); `may-keep`: may be kept for it
    (« peuvent être conservées »)."""
    note: str = ""
    """A remark for readers."""


class Right(DocumentModel):
    """A right of the persons concerned. Legal source: R. 6323-38."""

    rgpd: Annotated[str, Field(pattern=r"^\d{2}$")]
    """The article of the RGPD that gives it (`"16"`)."""
    paragraph: str
    """Where the article speaks of it (`III`)."""
    applies: bool
    """Whether it can be exercised."""
    to: str = ""
    """To whom, in French."""


class Journal(DocumentModel):
    """What is recorded of each operation. Legal source: R. 6323-40."""

    fields: tuple[str, ...]
    """What each record says, in French."""
    period: Annotated[str, Field(pattern=r"^P\d+[YM]$")]
    """How long the records are kept, in ISO 8601."""


class ArticleVersion(Dated):
    """One version of an article, in force from `from` until the day before `until`."""

    id: str
    """The version's id in Légifrance (`LEGIARTI…`)."""
    amended_by: str = ""
    """The text that made this version, in French."""
    amended_by_link: Link = "read"
    """`read` where that was read; `inferred` where a part of it, such as its article, is a
    reading."""
    source: str = ""
    """Where the version was read."""
    read_on: datetime.date | None = None
    """On which day it was read there."""
    cut: bool = False
    """Whether only a part of its words was read."""
    note: str = ""
    """A remark for readers."""
    opening: str = ""
    """The words with which it opens, common to its items, in French."""
    lists_fixed_by: str = ""
    """What fixes the lists of processings or bodies that it speaks of, in French."""
    purposes_without_item: tuple[str, ...] = ()
    """The purposes that no item is read with: no release stands on them."""
    items: dict[str, Item] = {}
    """The permissions, by their keys (`I.1`, `II`, `III.2`): of R. 6323-37, and of R. 6323-35 and
    R. 6323-36 for recipients and access."""
    purposes: dict[str, Purpose] = {}
    """The purposes of R. 6323-33, by their keys (`"1"`, `1bis`)."""
    categories: dict[str, Category] = {}
    """The categories of R. 6323-34 or R. 6323-34-1, by slug."""
    limits: dict[str, Limit] = {}
    """Bans and closed lists, by slug."""
    retention: dict[str, RetentionRule] = {}
    """The rules of R. 6323-39, by slug: what a release's `retention` names."""
    rights: dict[str, Right] = {}
    """The rights of R. 6323-38, by slug."""
    journal: Journal | None = None
    """The record of operations of R. 6323-40."""


class Article(DocumentModel):
    """All known versions of one article."""

    article: str
    """The article's number, which is the name of the file (`R6323-37`)."""
    note: str = ""
    """A remark for readers."""
    versions: tuple[ArticleVersion, ...]
    """The versions in the order in which they came into force."""

    @property
    def name(self) -> str:
        """The article's number."""
        return self.article

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
    return item.partition(".")[2]


def article_of(item: str) -> str:
    """Return the article that an item is of: `R6323-37.III.2` → `R6323-37`."""
    return item.partition(".")[0]


def purpose_key(purpose: str) -> str:
    """Return the key of a purpose in its article: `R6323-33.9bis` → `9bis`."""
    return purpose.removeprefix(PURPOSES_ARTICLE + ".")
