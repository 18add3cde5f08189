"""Warnings of `tamis check`: what the documents assume (inferred links, unknown facts).

They never fail the check.
"""

import datetime
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from tamis.check.approval import judge_approval
from tamis.check.catalogue import Rule
from tamis.check.rules.identity import ANALYSIS
from tamis.check.violation import Violation, Violations
from tamis.documents.calendar import days_of, law_on, today
from tamis.documents.context import PolicyContext, bases_of, kept_fields
from tamis.documents.law import Attested, Item
from tamis.documents.policy import RiskBound
from tamis.documents.register import Entry
from tamis.documents.schema import SchemaLeaf
from tamis.documents.texts_read import not_read
from tamis.documents.veille import UNREAD, UnreadText, describe_unread
from tamis.errors import Problem
from tamis.language import N_, _, ngettext, translate

_BASES: dict[Attested, str] = {
    "superseded": N_("an earlier wording of the list"),
    "inferred": N_("the Code, which states the flow; the list was not read"),
    "example": N_("nothing: made to illustrate, `run` asks for --allow-example"),
}
"""What register entries rest on that are not `read`, in words."""

_ENDS_SOON = datetime.timedelta(days=30)

Cuts = Iterable[datetime.date]


def warnings_of(contexts: Sequence[PolicyContext], cuts: Cuts) -> Violations:
    """Yield the warnings about policies: partners, attestations, bases, inferred links."""
    yield from _partners(contexts, cuts)
    yield from _attestations(contexts)
    yield from _unconfirmed(contexts)
    yield from _confirmed(contexts)
    yield from _unread(contexts)
    yield from _secondary(contexts)
    yield from _weak_bounds(contexts)
    yield from _lifted(contexts)
    yield from _inferred_links(contexts, cuts)
    yield from _approvals(contexts)
    yield from _not_limited(contexts, cuts)


def _not_limited(contexts: Sequence[PolicyContext], cuts: Cuts) -> Violations:
    """Releases from which nobody can be held back: their feeds have no identifier."""
    for context in contexts:
        items = (item for _release, _day, item in _items(context, cuts))
        if any(known.what == "no-identifier" for known in context.exceptions):
            continue
        if not context.looked_up and any(map(context.withholds_limited, items)):
            text = _(
                "policy `{policy}`: the list of limited persons cannot be asked, schema `{schema}` "
                "has no NIR, NIA, NNP or MIG; `run` asks for an exception (`no-identifier`)",
                policy=context.name,
                schema=context.schema.schema_,
            )
            problem = context.source.problem(("schema",), text)
            yield Violation(problem, Rule.NEED, "not-limited", None, (), "warning")


def _approvals(contexts: Sequence[PolicyContext]) -> Violations:
    """Approvals that are missing where the project requires them, cover less, or end soon."""
    day = today()
    for context in contexts:
        if not any(release.in_force(day) for release in context.policy.releases):
            continue
        found = context.approval
        if found is None and not context.approval_required:
            continue
        problem = judge_approval(context, day, found).problem
        if not problem and found is not None and found[0].until - day <= _ENDS_SOON:
            problem = _("the approval ends on {day}", day=found[0].until)
        if problem:
            text = _("policy `{policy}`: {problem}", policy=context.name, problem=problem)
            place = context.source.problem(("policy",), text)
            yield Violation(place, Rule.NEED, "approval", day, (), "warning")


def _partners(contexts: Sequence[PolicyContext], cuts: Cuts) -> Violations:
    """Partners of whom it is unknown whether they carry the NIR."""
    for context in contexts:
        processing, slug = context.processing, context.policy.processing
        if processing is None:
            continue
        for release, day, item in _items(context, cuts):
            is_exchange = item.relation in ("fed-by", "exchange")
            if processing.carries_nir_on(day) != "unknown" or not is_exchange:
                continue
            text = _("whether processing `{slug}` carries the NIR is not known", slug=slug)
            if item.nir == "carried":
                text += _("; {item} is for processings that carry it", item=release)
            else:
                text += _("; {item} is for processings that do not", item=release)
            problem = context.register_source.problem(("processings", slug, "carries_nir"), text)
            example = (("processing", slug), ("item", release))
            yield Violation(problem, Rule.PARTNER, "partner-unknown", day, example, "warning")


def _attestations(contexts: Sequence[PolicyContext]) -> Violations:
    """Register entries in use that rest on less than the wording in force."""
    for attested, basis in _BASES.items():
        entries = [used for used in _entries(contexts) if used[2].attested == attested]
        if not entries:
            continue
        items: dict[str, dict[str, None]] = {}
        for context, _i, entry in entries:
            items.setdefault(context.policy.processing, {})[entry.permission] = None
        listed = ", ".join(f"{slug} ({', '.join(of_slug)})" for slug, of_slug in items.items())
        count = sum(map(len, items.values()))
        text = ngettext(
            "{count} entry is `{attested}`, it rests on {basis}: {entries}",
            "{count} entries are `{attested}`, they rest on {basis}: {entries}",
            count,
            attested=attested,
            basis=_(basis),
            entries=listed,
        )
        context, i, entry = entries[0]
        place = ("processings", context.policy.processing, "entries", i, "attested")
        problem = context.register_source.problem(place, text)
        yield Violation(problem, Rule.REGISTER, f"attested-{attested}", entry.from_, (), "warning")


def _unconfirmed(contexts: Sequence[PolicyContext]) -> Violations:
    """Legal bases that nobody answers for yet: how many, at the first place, of which policies."""
    places = [
        (context, (*place, "status"))
        for context in contexts
        for i, release in enumerate(context.policy.releases)
        for place, basis in bases_of(release, ("releases", i))
        if basis.status == "to-confirm"
    ]
    if places:
        context, place = places[0]
        text = ngettext(
            "{count} legal basis is to be confirmed, `run` asks for --allow-unconfirmed: "
            "{policies}",
            "{count} legal bases are to be confirmed, `run` asks for --allow-unconfirmed: "
            "{policies}",
            len(places),
            policies=", ".join(dict.fromkeys(context.name for context, _place in places)),
        )
        problem = context.source.problem(place, text)
        yield Violation(problem, Rule.NEED, "unconfirmed", None, (), "warning")


def _confirmed(contexts: Sequence[PolicyContext]) -> Violations:
    """Legal bases that are confirmed on texts that nobody read for Tamis: they may not exist."""
    places: dict[str, tuple[Problem, dict[str, None]]] = {}
    for context in contexts:
        for i, release in enumerate(context.policy.releases):
            for place, basis in bases_of(release, ("releases", i)):
                for text in not_read(basis.text) if basis.status == "confirmed" else ():
                    problem = context.source.problem((*place, "text"), "")
                    places.setdefault(text, (problem, {}))[1][context.name] = None
    for text, (problem, policies) in places.items():
        words = _(
            "{text} is not among the texts that Tamis has read, and what rests on it is "
            "`confirmed`: {policies}",
            text=text,
            policies=", ".join(policies),
        )
        problem = replace(problem, text=words)
        yield Violation(problem, Rule.NEED, "text-not-read", None, (), "warning")


def _secondary(contexts: Sequence[PolicyContext]) -> Violations:
    """Motifs that rest on a secondary source: how many, at the first place, of which policies."""
    places = [
        (context, ("motifs", i, "attested"))
        for context in contexts
        for i, motif in enumerate(context.policy.motifs)
        if motif.attested == "secondary"
    ]
    if places:
        context, place = places[0]
        text = ngettext(
            "{count} motif rests on a secondary source, the text itself was not read: {policies}",
            "{count} motifs rest on secondary sources, the texts themselves were not read: "
            "{policies}",
            len(places),
            policies=", ".join(dict.fromkeys(context.name for context, _place in places)),
        )
        problem = context.source.problem(place, text)
        yield Violation(problem, Rule.NEED, "secondary", None, (), "warning")


def _weak_bounds(contexts: Sequence[PolicyContext]) -> Violations:
    """Bounds on risk under III 2° that are weaker than the one that holds without them."""
    for context in contexts:
        for i, release in enumerate(context.policy.releases):
            if release.item == ANALYSIS and release.risk is not None and release.risk.is_weak:
                text = _(
                    "risk of `{release}` bounded by {bound}, weaker than {usual}: {reason}",
                    release=release.id,
                    bound=release.risk,
                    usual=RiskBound(),
                    reason=release.risk.because,
                )
                problem = context.source.problem(("releases", i, "risk"), text)
                yield Violation(problem, Rule.EVIDENCE, "risk-weak", None, (), "warning")


def _lifted(contexts: Sequence[PolicyContext]) -> Violations:
    """Rules that a reason lifts: what a release may name, or may rebuild, is told with it."""
    for context in contexts:
        for i, release in enumerate(context.policy.releases):
            for key, reason in (
                ("identifies_anyway", release.identifies_anyway),
                ("rebuilds_nir", release.rebuilds_nir),
            ):
                if reason is not None:
                    text = _(
                        "`{key}` lifts a rule for `{release}`: {reason}",
                        key=key,
                        release=release.id,
                        reason=reason,
                    )
                    problem = context.source.problem(("releases", i, key), text)
                    yield Violation(
                        problem, Rule.EVIDENCE, "rule-lifted", release.from_, (), "warning"
                    )


def _unread(contexts: Sequence[PolicyContext]) -> Violations:
    """Texts that policies cite and whose newer version nobody has read, from its day on."""
    citing: dict[str, tuple[UnreadText, dict[str, Problem]]] = {}
    for context in contexts:
        for i, release in enumerate(context.policy.releases):
            for reference, text in context.unread(release).items():
                if release.until is None or text.from_ < release.until:
                    problem = context.source.problem(("releases", i), "")
                    citing.setdefault(reference, (text, {}))[1].setdefault(context.name, problem)
    for reference, (text, policies) in citing.items():
        words = translate(describe_unread(reference, text), UNREAD)
        words += _(
            "; from {day} on `run` asks for --allow-unconfirmed: {policies}",
            day=text.from_,
            policies=", ".join(policies),
        )
        problem = replace(next(iter(policies.values())), text=words)
        yield Violation(problem, Rule.NEED, "unread-text", text.from_, (), "warning")


def _inferred_links(contexts: Sequence[PolicyContext], cuts: Cuts) -> Violations:
    """Links between documents and law that are a reading: how many, at the first place."""
    entries = {
        (context.policy.processing, i): context.register_source.problem(
            ("processings", context.policy.processing, "entries", i), ""
        )
        for context, i, entry in _entries(contexts)
        if entry.item_link == "inferred"
    }
    items = {
        release: context.source.problem(("releases",), "")
        for context in contexts
        for release, _day, item in _items(context, cuts)
        if item.purposes_link == "inferred"
    }
    fields: dict[tuple[str, str], Problem] = {}
    categories: dict[str, Problem] = {}
    for context, leaf, days in _kept_leaves(contexts, cuts):
        problem = context.schema_source.problem(leaf.place, "", key=True)
        if leaf.category_link == "inferred":
            fields[context.schema.schema_, leaf.path] = problem
        for slug in leaf.category:
            for day in days:
                versions = law_on(context.law, day).categories.get(slug, ())
                if any(category.purposes_link == "inferred" for category in versions):
                    categories[slug] = problem
    under_item = _("register entries under an item selon notre lecture: {count}")
    item_to_purpose = _("items with a purpose selon notre lecture: {count}")
    field_to_category = _("fields with a category selon notre lecture: {count}")
    category_to_purpose = _("categories with a purpose selon notre lecture: {count}")
    for rule, code, problems, text in (
        (Rule.REGISTER, "item-link", [*entries.values()], under_item),
        (Rule.PERMISSION, "purposes-link", [*items.values()], item_to_purpose),
        (Rule.CATEGORY, "category-link", [*fields.values()], field_to_category),
        (Rule.CATEGORY, "category-purposes", [*categories.values()], category_to_purpose),
    ):
        if problems:
            problem = replace(problems[0], text=text.format(count=len(problems)))
            yield Violation(problem, rule, f"{code}-inferred", None, (), "warning")


def _kept_leaves(
    contexts: Iterable[PolicyContext], cuts: Cuts
) -> Iterator[tuple[PolicyContext, SchemaLeaf, list[datetime.date]]]:
    """Every mention of a kept field that the schema has, with the days of its release."""
    for context in contexts:
        for release in context.policy.releases:
            days = list(days_of(release, cuts))
            for kept in kept_fields(release, ()):
                if kept.path in context.leaves:
                    yield context, context.leaves[kept.path], days


def _entries(contexts: Iterable[PolicyContext]) -> Iterator[tuple[PolicyContext, int, Entry]]:
    """The register's entries that some release stands on."""
    for context in contexts:
        items = {release.item for release in context.policy.releases}
        for i, entry in enumerate(context.processing.entries if context.processing else ()):
            if entry.permission in items:
                yield context, i, entry


def _items(context: PolicyContext, cuts: Cuts) -> Iterator[tuple[str, datetime.date, Item]]:
    """The items of the releases, with each day on which they are in force."""
    for release in context.policy.releases:
        for day in days_of(release, cuts):
            item = law_on(context.law, day).items.get(release.item)
            if item is not None:
                yield release.item, day, item
