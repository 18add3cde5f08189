"""The texts that the papers rest on, each with its version, and what of it was read."""

from collections.abc import Iterator

from tamis.dry_run.html.speech import cite
from tamis.language import _
from tamis.papers.flow import Flow, state
from tamis.papers.paper import Citation, Part, Section, Sentence
from tamis.papers.typeset import show_day
from tamis.papers.words import describe_link, sentence


def texts_paper(flow: Flow) -> Section:
    """The articles in force on the day, and those that are cited and were not read here."""
    columns = (_("article"), _("version"), _("in force"), _("made by"), _("read"))
    return Section(
        "textes",
        _("Texts"),
        (
            Part(_("Articles read, in force on this day"), (), columns, tuple(_articles(flow))),
            Part(_("Remarks on the articles"), tuple(_notes(flow))),
            Part(_("Cited without having been read here"), tuple(_unread(flow))),
        ),
    )


def _cited(flow: Flow) -> set[str]:
    """The articles whose words or rules these papers use."""
    named = {"R6323-35", "R6323-36", "R6323-38", "R6323-39"}
    limited = {
        article
        for article, version in flow.law.versions.items()
        for limit in version.limits.values()
        if any(release.release.item in limit.items for release in flow.releases)
    }
    return named | limited | set(flow.plan.law)


def _articles(flow: Flow) -> Iterator[Sentence]:
    cited = _cited(flow)
    for article, version in flow.law.versions.items():
        if article not in cited:
            continue
        until = _(" until {day}", day=show_day(version.until)) if version.until else ""
        cells = (
            cite(article),
            version.id,
            _("from {day}", day=show_day(version.from_)) + until,
            version.amended_by + describe_link(version.amended_by_link),
            (show_day(version.read_on) if version.read_on else "–")
            + (f", {version.source}" if version.source else "")
            + (", " + _("in part") if version.cut else ""),
        )
        yield Sentence(f"texte {article}", cells, (flow.provision(article, "id"),))


def _notes(flow: Flow) -> Iterator[Sentence]:
    used = {*flow.plan.law} - {"R6323-35", "R6323-36"}
    for article in flow.law.versions:
        note = flow.context.law[article].note
        if article in used and note:
            text = f"{cite(article)} : {sentence(note)}"
            yield state(f"note {article}", text, flow.provision(article))


def _unread(flow: Flow) -> Iterator[Sentence]:
    text = _(
        "The RGPD (règlement (UE) 2016/679) and the loi n° 78-17 du 6 janvier 1978 are cited "
        "by their provisions; their texts do not come with the documents."
    )
    yield state("textes rgpd", text, Citation("RGPD"), Citation("loi n° 78-17 du 6 janvier 1978"))
    if flow.context.law.origin == "own":
        text = _("The law of this project is not the one that comes with Tamis.")
        yield state("textes origine", text, *map(flow.provision, sorted(flow.plan.law)))
