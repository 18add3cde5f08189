"""Days and the law of a day: the calendar is cut at every date that a document names.

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
    PURPOSES_ARTICLE,
    RETENTION_ARTICLE,
    ArticleVersion,
    Category,
    Item,
    Limit,
    Purpose,
    RetentionRule,
    purpose_key,
)
from tamis.documents.project import Law
from tamis.errors import UsageError
from tamis.language import _


class Interval(Protocol):
    """Days from `from_` until the day before `until`, or for ever."""

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
        return {
            f"{article}.{key}": item
            for article, version in self.versions.items()
            for key, item in version.items.items()
        }

    @cached_property
    def purposes(self) -> dict[str, Purpose]:
        """The purposes in force, by their full ids: `R6323-33.9bis`."""
        version = self.versions.get(PURPOSES_ARTICLE)
        purposes = version.purposes if version else {}
        return {f"{PURPOSES_ARTICLE}.{key}": purpose for key, purpose in purposes.items()}

    @property
    def retention(self) -> dict[str, RetentionRule]:
        """The rules of R. 6323-39 in force, by slug."""
        version = self.versions.get(RETENTION_ARTICLE)
        return version.retention if version else {}

    @cached_property
    def categories(self) -> dict[str, tuple[Category, ...]]:
        """The categories in force, by slug; both articles may have one of the same slug."""
        categories: dict[str, tuple[Category, ...]] = {}
        for article in CATEGORY_ARTICLES:
            version = self.versions.get(article)
            for slug, category in version.categories.items() if version else ():
                categories[slug] = (*categories.get(slug, ()), category)
        return categories

    def limits(self, item: str, processing: str) -> Iterator[Limit]:
        """Yield the bans and closed lists that bind `processing` under `item` on the day."""
        for version in self.versions.values():
            for limit in version.limits.values():
                if item in limit.items and (
                    not limit.processings or processing in limit.processings
                ):
                    yield limit

    def serves(self, slug: str, purpose: str) -> bool:
        """Whether the category `slug` serves `purpose` on the day.

        Legal source: R. 6323-34, R. 6323-34-1, which list the purposes of each category.
        """
        key = purpose_key(purpose)
        return any(key in category.purposes for category in self.categories.get(slug, ()))


def law_on(law: Law, day: datetime.date) -> LawOfDay:
    """Return the articles of `law` as they are on `day`."""
    versions = {name: article.version_on(day) for name, article in law.articles.items()}
    return LawOfDay(day, {name: version for name, version in versions.items() if version})


def law_cuts(law: Law) -> set[datetime.date]:
    """Return every date on which an article changes."""
    return interval_cuts(
        version for article in law.articles.values() for version in article.versions
    )


def interval_cuts(intervals: Iterable[Interval]) -> set[datetime.date]:
    """Return every date on which one of `intervals` begins or is over."""
    return {
        date
        for interval in intervals
        for date in (interval.from_, interval.until)
        if date is not None
    }


def days_of(interval: Interval, cuts: Iterable[datetime.date]) -> Iterator[datetime.date]:
    """Yield one day for each piece of `interval` between the cuts, in order.

    An interval that ends before it begins has the day it begins on, so that it is judged at all.
    """
    yield interval.from_
    for cut in sorted(set(cuts)):
        if interval.from_ < cut and (interval.until is None or cut < interval.until):
            yield cut


def describe_interval(interval: Interval) -> str:
    """Return an interval in words.

    Example:
        >>> from tamis.documents.register import Entry
        >>> describe_interval(Entry.model_validate(
        ...     {"item": "R6323-37.II", "from": datetime.date(2025, 1, 1), "attested": "read"}))
        'from 2025-01-01'
    """
    return _describe(interval.from_, interval.until)


def _describe(begin: datetime.date, end: datetime.date | None) -> str:
    if end is None:
        return _("from {begin}", begin=begin)
    return _("from {begin} until {end}", begin=begin, end=end)


def describe_days_in_force(law: Law, article: str, name: str) -> str:
    """Return when the item or purpose `name` of an article is in force, in words; empty: never."""
    spans: list[tuple[datetime.date, datetime.date | None]] = []
    for version in law[article].versions if article in law.articles else ():
        if not any(name == f"{article}.{key}" for key in (*version.items, *version.purposes)):
            continue
        if spans and spans[-1][1] == version.from_:
            spans[-1] = (spans[-1][0], version.until)
        else:
            spans.append((version.from_, version.until))
    return ", ".join(_describe(begin, end) for begin, end in spans)


def today() -> datetime.date:
    """Return the day whose law applies now: today in Europe/Paris."""
    return day_of(datetime.datetime.now(datetime.UTC))


def day_of(moment: datetime.datetime) -> datetime.date:
    """Return the day whose law applies at a moment that knows its time zone.

    Example:
        >>> day_of(datetime.datetime(2026, 3, 1, 23, 30, tzinfo=datetime.UTC))
        datetime.date(2026, 3, 2)
    """
    return moment.astimezone(ZoneInfo("Europe/Paris")).date()


def parse_day(text: str) -> datetime.date:
    """Return the day that `text` names.

    Raises:
        UsageError: it names none.

    Example:
        >>> parse_day("2026-11-23")
        datetime.date(2026, 11, 23)
    """
    try:
        return datetime.date.fromisoformat(text)
    except ValueError:
        raise UsageError(_("`{text}` is not a day, write it as YYYY-MM-DD", text=text)) from None
