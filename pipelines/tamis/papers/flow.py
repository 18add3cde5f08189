"""The documents of one policy on one day, as the papers ask for them: facts with their places."""

import datetime
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property

from tamis.check.rules.identity import subjects_of
from tamis.documents.calendar import LawOfDay, law_on
from tamis.documents.context import PolicyContext, conditions_of, kept_fields
from tamis.documents.law import (
    CATEGORY_ARTICLES,
    PURPOSES_ARTICLE,
    ArticleVersion,
    Category,
    Item,
    Limit,
    article_of,
    item_key,
    purpose_key,
)
from tamis.documents.policy import Need, Release
from tamis.documents.positions import DocumentPath, Source
from tamis.documents.register import Entry, Processing
from tamis.documents.schema import SchemaLeaf
from tamis.dry_run.html.speech import cite
from tamis.papers.paper import Citation, Sentence
from tamis.plan.compile import compile_policy
from tamis.plan.plan import Plan, PlanLeaf, PlanRelease

_IN_PROJECT = re.compile(r"^.*[/:]((?:policies|schemas)/)")
"""A document is cited as it stands in its project, wherever that is."""


def rgpd(provision: str) -> Citation:
    """A provision of the RGPD (règlement (UE) 2016/679), as the source of a sentence."""
    return Citation(f"RGPD art. {provision}")


def tool(topic: str) -> Citation:
    """The page of the manual that says what the tool does, as the source of a sentence."""
    return Citation(f"tamis help {topic}")


@dataclass(frozen=True)
class Flow:
    """An opened policy, its plan and the law of a day."""

    context: PolicyContext
    plan: Plan
    law: LawOfDay

    @property
    def into_store(self) -> bool:
        """Whether records go into the store, not out of it."""
        return self.context.policy.direction == "into-store"

    @property
    def partner(self) -> Processing:
        """The processing on the other side of the store."""
        return self.context.register.processings[self.context.policy.processing]

    @property
    def partner_place(self) -> Citation:
        """Where the register names the partner."""
        return self.register("processings", self.context.policy.processing, "name")

    @cached_property
    def releases(self) -> tuple["FlowRelease", ...]:
        """The releases in force on the day."""
        compiled = {release.id: release for release in self.plan.releases}
        return tuple(
            FlowRelease(self, index, release, compiled[release.id])
            for index, release in enumerate(self.context.policy.releases)
            if release.in_force(self.plan.day)
        )

    def policy(self, *path: str | int) -> Citation:
        """The place of a value in the policy."""
        return place_in(self.context.source, path)

    def schema(self, *path: str | int) -> Citation:
        """The place of a value in the schema."""
        return place_in(self.context.schema_source, path, key=True)

    def register(self, *path: str | int) -> Citation:
        """The place of a value in the register."""
        return place_in(self.context.register_source, path)

    def version(self, article: str) -> ArticleVersion | None:
        """The version of an article that is in force on the day; None if none was read."""
        return self.law.versions.get(article)

    def provision(self, article: str, *path: str, of: str = "") -> Citation:
        """A place in an article: how lawyers cite it, its version, and where it stands.

        Args:
            article: the article's number (`R6323-39`).
            path: within its version in force; without any, or where none is in force, the
                article's note.
            of: the item, purpose or paragraph that is cited in place of the article as a whole.
        """
        source = self.context.law.sources[article]
        version = self.version(article)
        name = cite(of) if of.startswith(article) else ", ".join(filter(None, (cite(article), of)))
        if version is None:
            return place_in(source, ("note",), name)
        if not path:
            return place_in(source, ("note",), f"{name}, {version.id}")
        index = self.context.law[article].versions.index(version)
        return place_in(source, ("versions", index, *path), f"{name}, {version.id}", key=True)

    def limit_place(self, limit: Limit) -> Citation:
        """Where a ban or closed list that is in force on the day stands."""
        return next(
            self.provision(article, "limits", slug)
            for article, version in self.law.versions.items()
            for slug, known in version.limits.items()
            if known is limit
        )

    def categories(self, leaf: SchemaLeaf, purpose: str) -> Iterator[tuple[str, Category]]:
        """Yield a field's categories that serve a purpose on the day, by slug."""
        for slug in leaf.category:
            for category in self.law.categories.get(slug, ()):
                if purpose_key(purpose) in category.purposes:
                    yield slug, category

    def category_place(self, slug: str) -> Citation:
        """Where the article in force on the day has a category."""
        for article in CATEGORY_ARTICLES:
            version = self.version(article)
            if version is not None and slug in version.categories:
                return self.provision(article, "categories", slug)
        return self.provision(CATEGORY_ARTICLES[0])


@dataclass(frozen=True)
class FlowRelease:
    """One release in force on the day."""

    flow: Flow
    index: int
    release: Release
    compiled: PlanRelease

    @property
    def id(self) -> str:
        """The name of the release."""
        return self.release.id

    @property
    def item(self) -> Item:
        """The permission that it stands on."""
        return self.flow.law.items[self.release.item]

    @property
    def item_place(self) -> Citation:
        """Where the article has the item's words."""
        item = self.release.item
        return self.flow.provision(article_of(item), "items", item_key(item), of=item)

    @property
    def purpose_place(self) -> Citation:
        """Where the article has the purpose's words."""
        purpose = self.release.purpose
        return self.flow.provision(PURPOSES_ARTICLE, "purposes", purpose_key(purpose), of=purpose)

    @cached_property
    def entry(self) -> Entry:
        """The partner's place in the register, which the release stands on."""
        return self.flow.partner.entries_on(self.release.item, self.flow.plan.day)[0]

    @property
    def entry_place(self) -> Citation:
        """Where the register has it."""
        index = self.flow.partner.entries.index(self.entry)
        return self.flow.register(
            "processings", self.flow.context.policy.processing, "entries", index
        )

    def place(self, *path: str | int) -> Citation:
        """The place of a value of the release in the policy."""
        return self.flow.policy("releases", self.index, *path)

    @cached_property
    def kept(self) -> dict[str, tuple[SchemaLeaf, PlanLeaf]]:
        """The fields that are released, by path, in the schema's order."""
        leaves = self.flow.context.leaves
        return {leaf.path: (leaves[leaf.path], leaf) for leaf in self.compiled.leaves}

    def needs_of(self, paths: Iterable[str]) -> tuple[Citation, ...]:
        """The places where needs name one of the fields at `paths`, in the policy's order."""
        asked = set(paths)
        return tuple(
            self.flow.policy(*kept.place)
            for kept in kept_fields(self.release, ("releases", self.index))
            if kept.path in asked
        )

    def needs(self) -> Iterator[tuple[int, str, Need]]:
        """Yield the needs: place in the release, a name that moves with its words, itself."""
        names: dict[str, int] = {}
        for index, need in enumerate(self.release.needs):
            names[need.because] = count = names.get(need.because, 0) + 1
            yield index, f"{self.id}: {need.because} {count}", need

    def tests_of(self, path: str) -> tuple[Citation, ...]:
        """The places of the conditions that test a field."""
        return tuple(
            self.flow.policy(*test.place)
            for test in conditions_of(self.release, ("releases", self.index))
            if test.field == path
        )

    def subjects(self, leaf: SchemaLeaf) -> set[str]:
        """Whose data a field is, as far as the documents tell: the item narrows the category."""
        subjects = set(leaf.subject) or subjects_of(leaf, self.flow.law)
        return subjects & set(self.item.subjects) or subjects


def open_flow(context: PolicyContext, day: datetime.date) -> Flow:
    """Return an opened policy as it is on a day.

    Raises:
        UsageError: no release of it is in force on the day.
        DocumentError: the policy violates a rule on that day.
    """
    return Flow(context, compile_policy(context, day), law_on(context.law, day))


def state(key: str, text: str, *sources: Citation) -> Sentence:
    """A sentence of its words and what it rests on, each source once."""
    return Sentence(key, (text,), tuple(dict.fromkeys(sources)))


def blank(key: str, text: str, *sources: Citation) -> Sentence:
    """What no document tells: `text` names it, `sources` ask for it."""
    return Sentence(key, (text,), tuple(dict.fromkeys(sources)), is_blank=True)


def by_release(flow: Flow, write: Callable[[FlowRelease], Sentence | None]) -> Iterator[Sentence]:
    """Write a sentence of each release; what is the same of several is said once.

    Args:
        flow: whose releases they are.
        write: gives the sentence of a release, in words that no need decides, or None.
    """
    alike: dict[tuple[str, ...], list[tuple[str, Sentence]]] = {}
    for release in flow.releases:
        if (written := write(release)) is not None:
            same = (*written.cells, written.key) if written.is_blank else written.cells
            alike.setdefault(same, []).append((release.id, written))
    for group in alike.values():
        first = group[0][1]
        names = ", ".join(f"`{name}`" for name, _written in group)
        text = first.text if len(alike) == 1 else f"{names}: {first.text}"
        sources = dict.fromkeys(source for _name, written in group for source in written.sources)
        yield Sentence(first.key, (text,), tuple(sources), first.is_blank)


def place_in(source: Source, path: DocumentPath, text: str = "", *, key: bool = False) -> Citation:
    """The place of a value, or of its key, in a document."""
    problem = source.problem(path, "", key=key)
    file = _IN_PROJECT.sub(r"\1", problem.file)
    return Citation(text, file, max(problem.line, 1), path)
