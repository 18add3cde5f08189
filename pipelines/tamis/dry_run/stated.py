"""What the documents state and somebody signs: needs, conditions, bases, the law, the register.

The texts are those of the documents, in French, to the letter; codes stay codes. `compose` puts
them into a `DryRun`.
"""

import datetime
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from pydantic import Field

from tamis.documents.calendar import LawOfDay, law_on
from tamis.documents.context import PolicyContext
from tamis.documents.law import (
    CATEGORY_ARTICLES,
    RETENTION_ARTICLE,
    Attested,
    Item,
    Link,
    Purpose,
    Status,
)
from tamis.documents.policy import Condition, LegalBasis, NirBasis, Release
from tamis.documents.register import Title
from tamis.evidence.part import Part
from tamis.plan.plan import Plan, PlanRelease

Value = bool | int | float | str
"""A value that a condition tests for, as the policy has it; a date as YYYY-MM-DD."""


class BasisPart(Part):
    """The legal ground on which a field is kept or tested.

    Attributes:
        rgpd: the ground in the RGPD (`9.2.b`); None of a NIR, whose ground is a text only.
        text: that the ground rests on.
        status: whether somebody answers for it.
    """

    rgpd: str | None = None
    text: str
    status: Status

    @classmethod
    def of(cls, basis: LegalBasis | NirBasis | None) -> "BasisPart | None":
        """The part of a basis, or None where there is none."""
        if basis is None:
            return None
        return cls(rgpd=getattr(basis, "rgpd", None), text=basis.text, status=basis.status)


class ConditionPart(Part):
    """A test of one field.

    Attributes:
        field: path in the schema.
        values: one of which it must have; without any, it must be there.
        because: why it is tested.
        unmet: what a receipt says of a record that does not meet it.
    """

    field: str
    values: list[Value] = []
    because: str = ""
    basis: BasisPart | None = None
    unmet: str = ""


class NeedPart(Part):
    """A need, and the fields that it justifies.

    Attributes:
        because: the need in words.
        fields: their paths in the schema.
        when: conditions that must all hold for them to keep their values.
    """

    because: str
    fields: list[str]
    when: list[ConditionPart] = []
    basis: BasisPart | None = None
    nir_basis: BasisPart | None = None


class TextPart(Part):
    """Words of a text that bind a release: a ban, a closed list.

    Attributes:
        article: of the code du travail.
        wording: its words.
        note: a remark on them.
    """

    article: str
    wording: str
    note: str = ""


class RetentionPart(Part):
    """The rule by which what is released is kept; `RetentionRule` says what is in it."""

    rule: str
    paragraph: str
    covers: str
    start: str
    period: str | None = None
    mode: Literal["must-end", "may-keep"]
    note: str = ""


class StatedRelease(Part):
    """What policy and law state of one release.

    Attributes:
        where: conditions that must all hold for a record to be released.
        only: by list, conditions that must all hold for an element to be kept.
        needs: with the fields that they justify.
        reasons: by the key of the policy that asks for one (`rebuilds_nir`, `note`, …), the reason.
        item, purpose: as the law has them; None where it has none of that name.
        limits: bans and closed lists that bind it.
        retention: None where the policy names no rule.
    """

    where: list[ConditionPart] = []
    only: dict[str, list[ConditionPart]] = {}
    needs: list[NeedPart] = []
    reasons: dict[str, str] = {}
    item: Item | None = None
    purpose: Purpose | None = None
    limits: list[TextPart] = []
    retention: RetentionPart | None = None

    @property
    def bases(self) -> Iterator[BasisPart]:
        """All bases of needs and conditions, in the order of the policy."""
        tests = [*self.where, *(test for tests in self.only.values() for test in tests)]
        for need in self.needs:
            yield from filter(None, (need.basis, need.nir_basis))
            tests += need.when
        yield from filter(None, (test.basis for test in tests))


class CategoryPart(TextPart):
    """A category of personal data; `wording` is that of its article.

    Attributes:
        slug: what schemas call it.
        subjects_link, purposes_link: `inferred` where persons or purposes are a reading.
    """

    slug: str
    subjects_link: Link = "read"
    purposes_link: Link = "read"


class LawText(Part):
    """The version of an article that was in force on the day; dates as YYYY-MM-DD.

    Attributes:
        amended_by_link: `inferred` where a part of what amended it is a reading.
        cut: whether only a part of its words was read.
        opening: words common to its items.
        lists_fixed_by: what fixes the lists that it speaks of.
        note, article_note: remarks on the version and on the article.
    """

    id: str
    from_: str = Field(alias="from")
    until: str | None = None
    amended_by: str = ""
    amended_by_link: Link = "read"
    read_on: datetime.date | None = None
    cut: bool = False
    opening: str = ""
    lists_fixed_by: str = ""
    note: str = ""
    article_note: str = ""


class RegisterRow(Part):
    """A register entry that a release stands on.

    Attributes:
        processing, name: slug and official name of the partner's processing.
        title: by which it is a partner: `exchange` or `recipient`.
        words: what `attested` means.
        item_link: `inferred` where its item is a reading of the list.
        source: where the arrêté lists the processing.
        entry_source, read_on: where and when the entry was read.
        note, about: remarks on the entry and on the processing.
    """

    release: str
    item: str
    processing: str
    name: str
    title: Title = "exchange"
    attested: Attested
    words: str
    item_link: Link = "inferred"
    source: str = ""
    entry_source: str = ""
    read_on: datetime.date | None = None
    note: str = ""
    about: str = ""


class RegisterText(Part):
    """The text that the register follows, and a remark on how far it was read."""

    name: str
    note: str = ""


class MotifPart(Part):
    """A paragraph of the policy's reasoning, and what it rests on."""

    text: str
    attested: str
    source: str = ""


class UnreadPart(Part):
    """A cited text whose newer version nobody has read."""

    reference: str
    version: str
    from_: datetime.date = Field(alias="from")
    note: str = ""


@dataclass(frozen=True)
class Stated:
    """Reads what the documents state of a plan's releases.

    Attributes:
        context: the policy with its documents.
        plan: the compiled policy.
    """

    context: PolicyContext
    plan: Plan

    @property
    def law(self) -> LawOfDay:
        """The law of the plan's day."""
        return law_on(self.context.law, self.plan.day)

    @property
    def releases(self) -> Iterator[tuple[Release, PlanRelease]]:
        """The releases in force, as written and as compiled."""
        in_force = [
            release for release in self.context.policy.releases if release.in_force(self.plan.day)
        ]
        yield from zip(in_force, self.plan.releases, strict=True)

    def release(self, name: str) -> StatedRelease:
        """What is stated of the release `name`."""
        release, compiled = next(pair for pair in self.releases if pair[0].id == name)
        needs = [
            NeedPart(
                because=need.because,
                fields=list(dict.fromkeys(need.keep)),
                when=_conditions(need.when),
                basis=BasisPart.of(need.basis),
                nir_basis=BasisPart.of(need.nir_basis),
            )
            for need in release.needs
        ]
        where = [
            part.model_copy(update={"unmet": condition.unmet})
            for part, condition in zip(_conditions(release.where), compiled.where, strict=True)
        ]
        reasons = {
            "rebuilds_nir": release.rebuilds_nir,
            "identifies_anyway": release.identifies_anyway,
            "risk": release.risk.because if release.risk else None,
            "note": release.note,
        }
        return StatedRelease(
            where=where,
            only={
                path: _conditions(conditions, f"{path}.")
                for path, conditions in release.only.items()
            },
            needs=needs,
            reasons={key: reason for key, reason in reasons.items() if reason},
            item=self.law.items.get(release.item),
            purpose=self.law.purposes.get(release.purpose),
            limits=list(self._limits(release)),
            retention=self._retention(release),
        )

    def _limits(self, release: Release) -> Iterator[TextPart]:
        binding = list(self.law.limits(release.item, self.plan.processing))
        for article, version in self.law.versions.items():
            for limit in version.limits.values():
                if limit in binding:
                    yield TextPart(article=article, wording=limit.wording, note=limit.note)

    def _retention(self, release: Release) -> RetentionPart | None:
        rule = self.law.retention.get(release.retention or "")
        if rule is None:
            return None
        return RetentionPart(rule=str(release.retention), **vars(rule))

    def categories(self, slugs: Iterable[str]) -> list[CategoryPart]:
        """The categories `slugs` in the words of their articles."""
        parts = []
        for slug in dict.fromkeys(slugs):
            for article in CATEGORY_ARTICLES:
                version = self.law.versions.get(article)
                if version and (category := version.categories.get(slug)):
                    parts.append(
                        CategoryPart(
                            slug=slug,
                            article=article,
                            wording=category.wording,
                            note=category.note,
                            subjects_link=category.subjects_link if category.subjects else "read",
                            purposes_link=category.purposes_link,
                        )
                    )
        return parts

    def texts(self) -> dict[str, LawText]:
        """By article, the version in force; the retention's only where a release names a rule."""
        used = dict.fromkeys(self.plan.law)
        if any(release.retention for release in self.plan.releases):
            used[RETENTION_ARTICLE] = None
        told = set(LawText.model_fields) - {"article_note"}
        texts = {}
        for article in used:
            version = self.law.versions[article].model_dump(
                mode="json", by_alias=True, include=told
            )
            note = self.context.law[article].note
            texts[article] = LawText.model_validate({**version, "article_note": note})
        return texts

    def register(self, words: Mapping[str, str]) -> list[RegisterRow]:
        """The entries that the releases stand on; `words` say what their marks mean."""
        processing = self.context.processing
        assert processing is not None
        rows = []
        for release in self.plan.releases:
            entry = processing.entries_on(release.item, self.plan.day)[0]
            rows.append(
                RegisterRow(
                    release=release.id,
                    item=release.item,
                    processing=self.plan.processing,
                    name=processing.name,
                    title=entry.title,
                    attested=entry.attested,
                    words=words[entry.attested],
                    item_link=entry.item_link,
                    source=processing.source,
                    entry_source=entry.source,
                    read_on=entry.read_on,
                    note=entry.note,
                    about=processing.note,
                )
            )
        return rows

    def unread(self) -> list[UnreadPart]:
        """The cited texts of which a version in force was not read."""
        texts = {
            reference: text
            for release, _compiled in self.releases
            for reference, text in self.context.unread(release).items()
        }
        told = {"version", "from_", "note"}
        return [
            UnreadPart(reference=reference, **text.model_dump(include=told))
            for reference, text in texts.items()
            if text.from_ <= self.plan.day
        ]


def _conditions(conditions: Iterable[Condition], above: str = "") -> list[ConditionPart]:
    return [
        ConditionPart(
            field=above + condition.field,
            values=[
                value.isoformat() if isinstance(value, datetime.date) else value
                for value in condition.in_
            ],
            because=condition.because,
            basis=BasisPart.of(condition.basis),
        )
        for condition in conditions
    ]
