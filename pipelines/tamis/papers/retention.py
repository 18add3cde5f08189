"""How long data is kept. Legal source: R. 6323-39, nine rules, one of which a release names."""

from collections.abc import Iterator

from tamis.documents.law import RETENTION_ARTICLE, RetentionRule
from tamis.language import _
from tamis.papers.flow import Flow, FlowRelease, blank, by_release, rgpd, state
from tamis.papers.paper import Citation, Part, Section, Sentence
from tamis.papers.typeset import show_period
from tamis.papers.words import sentence


def retention_paper(flow: Flow) -> Section:
    """The rule of each release, and all rules of the article, to compare it with."""
    rows = tuple(_rules(flow))
    return Section(
        "conservation",
        _("Retention"),
        (
            Part(_("Of what is released"), tuple(_released(flow))),
            Part(
                _("All rules of R. 6323-39"),
                tuple(_note(flow)),
                (_("rule"), _("data"), _("from"), _("period"), _("remark")) if rows else (),
                rows,
                is_long=True,
            ),
            Part(_("Of what the filter itself keeps"), (_own(flow),)),
        ),
    )


def state_retention(release: FlowRelease) -> Sentence:
    """The rule by which what is released is kept; a blank where the policy names none."""
    key = f"conservation.{release.id}"
    rule = _rule_of(release)
    if rule is None:
        text = _(
            "Period for which the recipient keeps the data: the policy names no rule of "
            "R. 6323-39 (`retention`)"
        )
        if release.flow.into_store:
            text = _(
                "Period for which the data is kept: the policy names no rule of R. 6323-39 "
                "(`retention`)"
            )
        return blank(key, text, release.place(), rgpd("30 § 1 f"))
    period = show_period(rule.period) if rule.period else _("a period that another text fixes")
    text = _("The data is kept for {period} from: {start}.", period=period, start=rule.start)
    if rule.mode == "may-keep":
        text = _(
            "The data may be kept for {period} from: {start}.", period=period, start=rule.start
        )
    return state(key, text, release.place("retention"), _place(release.flow, rule))


def _rule_of(release: FlowRelease) -> RetentionRule | None:
    return release.flow.law.retention.get(release.release.retention or "")


def _place(flow: Flow, rule: RetentionRule) -> Citation:
    slug = next(slug for slug, known in flow.law.retention.items() if known is rule)
    return flow.provision(RETENTION_ARTICLE, "retention", slug, of=rule.paragraph)


def _released(flow: Flow) -> Iterator[Sentence]:
    yield from by_release(flow, state_retention)
    yield from by_release(flow, _covered)


def _covered(release: FlowRelease) -> Sentence | None:
    """Which data the rule of a release is about."""
    rule = _rule_of(release)
    if rule is None:
        return None
    text = _("The rule is about: {covers}.", covers=rule.covers)
    if rule.note:
        text += " " + sentence(rule.note)
    places = release.place("retention"), _place(release.flow, rule)
    return state(f"regle {release.id}", text, *places)


def _rules(flow: Flow) -> Iterator[Sentence]:
    used = {release.release.retention for release in flow.releases}
    for slug, rule in flow.law.retention.items():
        cells = (
            f"`{slug}`" + (" " + _("(rule of this flow)") if slug in used else ""),
            rule.covers,
            rule.start,
            show_period(rule.period) if rule.period else _("fixed by another text"),
            (_("may be kept") if rule.mode == "may-keep" else "")
            + (" ; " if rule.note and rule.mode == "may-keep" else "")
            + rule.note,
        )
        yield Sentence(f"regle {slug}", cells, (_place(flow, rule),))


def _note(flow: Flow) -> Iterator[Sentence]:
    note = flow.context.law.articles.get(RETENTION_ARTICLE)
    if note is not None and note.note and flow.version(RETENTION_ARTICLE):
        yield state("conservation note", sentence(note.note), flow.provision(RETENTION_ARTICLE))


def _own(flow: Flow) -> Sentence:
    text = _(
        "Period for which quarantine, receipts and reports are kept, which R. 6323-39 does not name"
    )
    return blank("conservation-filtre", text, rgpd("5 § 1 e"))
