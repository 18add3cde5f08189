"""Days and the law of a day: the time line cut at every date that a document names.

Between two neighbouring cuts nothing changes, so one day stands for all of them:

    2019-10-14 ─ 2022-01-01 ─ 2023-08-04 ─ 2025-01-01 ─ …
"""

import datetime
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol
from zoneinfo import ZoneInfo

from tamis.documents.law import (
    CATEGORY_ARTICLES,
    ITEMS_ARTICLE,
    PURPOSES_ARTICLE,
    ArticleVersion,
    Category,
    Item,
    Purpose,
    purpose_key,
)
from tamis.documents.project import Law


class Window(Protocol):
    """What begins on `from_` and ends before `until`, if it ends."""

    @property
    def from_(self) -> datetime.date: ...
    @property
    def until(self) -> datetime.date | None: ...


@dataclass(frozen=True)
class LawOfDay:
    """The articles as they are on one day.

    Attributes:
        day: the day.
        versions: by article; an article that is not in force on the day is not there.
    """

    day: datetime.date
    versions: dict[str, ArticleVersion]

    @cached_property
    def items(self) -> dict[str, Item]:
        """The items in force, by their full ids: `R6323-37.III.2`."""
        version = self.versions.get(ITEMS_ARTICLE)
        return (
            {f"{ITEMS_ARTICLE}.{key}": one for key, one in version.items.items()} if version else {}
        )

    @cached_property
    def purposes(self) -> dict[str, Purpose]:
        """The purposes in force, by their full ids: `R6323-33.9bis`."""
        version = self.versions.get(PURPOSES_ARTICLE)
        if version is None:
            return {}
        return {f"{PURPOSES_ARTICLE}.{key}": one for key, one in version.purposes.items()}

    @cached_property
    def categories(self) -> dict[str, tuple[Category, ...]]:
        """The categories in force, by slug; both articles may know one."""
        found: dict[str, tuple[Category, ...]] = {}
        for article in CATEGORY_ARTICLES:
            version = self.versions.get(article)
            for slug, category in version.categories.items() if version else ():
                found[slug] = (*found.get(slug, ()), category)
        return found

    def serves(self, slug: str, purpose: str) -> bool:
        """Whether the category `slug` serves `purpose` on the day."""
        key = purpose_key(purpose)
        return any(key in category.purposes for category in self.categories.get(slug, ()))


def law_on(law: Law, day: datetime.date) -> LawOfDay:
    """The articles of `law` as they are on `day`."""
    found = ((name, article.version_on(day)) for name, article in law.articles.items())
    return LawOfDay(day, {name: version for name, version in found if version is not None})


def law_cuts(law: Law) -> set[datetime.date]:
    """Every date on which an article changes."""
    return window_cuts(version for article in law.articles.values() for version in article.versions)


def window_cuts(windows: Iterable[Window]) -> set[datetime.date]:
    """Every date on which one of `windows` begins or is over."""
    return {date for one in windows for date in (one.from_, one.until) if date is not None}


def days_of(window: Window, cuts: Iterable[datetime.date]) -> Iterator[datetime.date]:
    """One day for each piece of `window` between the cuts, in order.

    A window that ends before it begins has the day it begins on, so that it is judged at all.
    """
    yield window.from_
    for cut in sorted(set(cuts)):
        if window.from_ < cut and (window.until is None or cut < window.until):
            yield cut


def say_window(window: Window) -> str:
    """A window in words.

    Example:
        >>> from tamis.documents.register import Entry
        >>> say_window(Entry.model_validate(
        ...     {"item": "R6323-37.II", "from": datetime.date(2025, 1, 1), "attested": "read"}))
        'from 2025-01-01'
    """
    if window.until is None:
        return f"from {window.from_}"
    return f"from {window.from_} until {window.until}"


def item_windows(law: Law, item: str) -> str:
    """When `item` is in force, in words; empty where no version knows it."""
    return _joined_windows(
        version
        for version in law[ITEMS_ARTICLE].versions
        if item in (f"{ITEMS_ARTICLE}.{key}" for key in version.items)
    )


def purpose_windows(law: Law, purpose: str) -> str:
    """When `purpose` is in force, in words; empty where no version knows it."""
    return _joined_windows(
        version
        for version in law[PURPOSES_ARTICLE].versions
        if purpose in (f"{PURPOSES_ARTICLE}.{key}" for key in version.purposes)
    )


def _joined_windows(versions: Iterable[ArticleVersion]) -> str:
    spans: list[list[datetime.date | None]] = []
    for version in versions:
        if spans and spans[-1][1] == version.from_:
            spans[-1][1] = version.until
        else:
            spans.append([version.from_, version.until])
    return ", ".join(
        f"from {begin}" + (f" until {end}" if end is not None else "") for begin, end in spans
    )


def today() -> datetime.date:
    """The day whose law applies now: today in Europe/Paris."""
    return datetime.datetime.now(ZoneInfo("Europe/Paris")).date()
