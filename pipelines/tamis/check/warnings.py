"""What `check` says aloud though nothing is violated: what the documents stand on."""

import datetime
from collections.abc import Iterable, Iterator, Sequence

from tamis.check.case import Case
from tamis.check.rules.identifiers import parts_told
from tamis.check.violation import Violation
from tamis.documents.calendar import days_of, law_on
from tamis.documents.context import Subject, keeps_of
from tamis.documents.law import Attested, Item
from tamis.documents.positions import Path_
from tamis.documents.register import Entry
from tamis.documents.schema import NirPart
from tamis.errors import Problem

_STANDS_ON: dict[Attested, str] = {
    "superseded": "an earlier wording of the list",
    "inferred": "the Code, which states the flow; the list was not read",
    "example": "nothing: made to illustrate, `run` asks for --allow-example",
}


def notices(subjects: Sequence[Subject], cuts: Iterable[datetime.date]) -> Iterator[Violation]:
    """The warnings of policies that hold: partners, attestations, inferred links."""
    yield from _partners(subjects, cuts)
    yield from _together(subjects, cuts)
    yield from _attestations(subjects)
    yield from _links(subjects, cuts)


def _partners(subjects: Sequence[Subject], cuts: Iterable[datetime.date]) -> Iterator[Violation]:
    for subject in subjects:
        processing = subject.processing
        if processing is None:
            continue
        for release, day, item in _items(subject, cuts):
            unknown = processing.carries_nir == "unknown"
            if not unknown and not (processing.carries_nir is True and item.nir == "absent"):
                continue
            slug = subject.policy.processing
            text = (
                f"whether processing `{slug}` carries the NIR is not known; {release} is for those "
                f"that {'do' if item.nir == 'carried' else 'do not'}"
                if unknown
                else f"processing `{slug}` carries the NIR; {release} is for those that do not"
            )
            place = ("processings", slug, "carries_nir")
            problem = subject.register_source.problem(place, text)
            example = (("processing", slug), ("item", release))
            code = "partner-unknown" if unknown else "partner-with-nir"
            yield Violation(problem, 3, code, day, example, "warning")


def _together(subjects: Sequence[Subject], cuts: Iterable[datetime.date]) -> Iterator[Violation]:
    """5, of several releases: each tells a part of the NIR, and one partner may hold them all."""
    for day in sorted(cuts):
        told: dict[str, dict[NirPart, tuple[Case, str, Path_]]] = {}
        for subject in subjects:
            law = law_on(subject.law, day)
            for index, release in enumerate(subject.policy.releases):
                case = Case(subject, index, law)
                parts = parts_told(case)
                if release.in_force(day) and case.nir_absent and len(parts) < 3:
                    held = told.setdefault(subject.policy.processing, {})
                    for part, (path, place) in parts.items():
                        held.setdefault(part, (case, path, place))
        for slug, held in told.items():
            if len(held) == 3:
                *_, (case, _, place) = held.values()
                named = ", ".join(f"`{one.release.id}` {path}" for one, path, _ in held.values())
                text = f"releases to `{slug}` rebuild the NIR where they are put together: {named}"
                problem = case.subject.source.problem(place, text)
                yield Violation(problem, 5, "nir-rebuilt-together", day, (), "warning")


def _attestations(subjects: Sequence[Subject]) -> Iterator[Violation]:
    for attested, ground in _STANDS_ON.items():
        places = [
            (subject, i, entry)
            for subject, i, entry in _entries(subjects)
            if entry.attested == attested
        ]
        if not places:
            continue
        listed: dict[str, list[str]] = {}
        for subject, _, entry in places:
            items = listed.setdefault(subject.policy.processing, [])
            if entry.item not in items:
                items.append(entry.item)
        said = ", ".join(f"{slug} ({', '.join(items)})" for slug, items in listed.items())
        count = sum(len(items) for items in listed.values())
        subject, i, entry = places[0]
        place = ("processings", subject.policy.processing, "entries", i, "attested")
        text = f"{_count(count, 'entry', 'entries')} `{attested}`, standing on {ground}: {said}"
        problem = subject.register_source.problem(place, text)
        yield Violation(problem, 2, f"attested-{attested}", entry.from_, (), "warning")


def _links(subjects: Sequence[Subject], cuts: Iterable[datetime.date]) -> Iterator[Violation]:
    entries = {
        (subject.policy.processing, i): subject.register_source.problem(
            ("processings", subject.policy.processing, "entries", i), ""
        )
        for subject, i, entry in _entries(subjects)
        if entry.item_link == "inferred"
    }
    items = {
        release: subject.source.problem(("releases",), "")
        for subject in subjects
        for release, _, item in _items(subject, cuts)
        if item.purposes_link == "inferred"
    }
    fields = {
        (subject.schema.schema_, keep.path): subject.schema_source.problem(leaf.place, "", key=True)
        for subject in subjects
        for release in subject.policy.releases
        for keep in keeps_of(release, ())
        if (leaf := subject.leaves.get(keep.path)) and leaf.category_link == "inferred"
    }
    categories = {
        slug: subject.schema_source.problem(leaf.place, "", key=True)
        for subject in subjects
        for release in subject.policy.releases
        for keep in keeps_of(release, ())
        if (leaf := subject.leaves.get(keep.path))
        for day in days_of(release, cuts)
        for slug in leaf.category
        for category in law_on(subject.law, day).categories.get(slug, ())
        if category.purposes_link == "inferred"
    }
    for rule, code, places, one, many, what in (
        (2, "item-link", entries, "entry", "entries", "under an item selon notre lecture"),
        (1, "purposes-link", items, "item", "items", "with a purpose selon notre lecture"),
        (7, "category-link", fields, "field", "fields", "with a category selon notre lecture"),
        (
            7,
            "category-purposes",
            categories,
            "category",
            "categories",
            "with a purpose selon notre lecture",
        ),
    ):
        if places:
            first: Problem = next(iter(places.values()))
            text = f"{_count(len(places), one, many)} {what}"
            problem = Problem(first.file, first.line, first.column, text)
            yield Violation(problem, rule, f"{code}-inferred", None, (), "warning")


def _entries(subjects: Iterable[Subject]) -> Iterator[tuple[Subject, int, Entry]]:
    for subject in subjects:
        items = {release.item for release in subject.policy.releases}
        for i, entry in enumerate(subject.processing.entries if subject.processing else ()):
            if entry.item in items:
                yield subject, i, entry


def _items(
    subject: Subject, cuts: Iterable[datetime.date]
) -> Iterator[tuple[str, datetime.date, Item]]:
    for release in subject.policy.releases:
        for day in days_of(release, cuts):
            item = law_on(subject.law, day).items.get(release.item)
            if item is not None:
                yield release.item, day, item


def _count(count: int, one: str, many: str) -> str:
    return f"{count} {one if count == 1 else many}"
