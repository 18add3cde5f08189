"""The rights of the persons concerned, as R. 6323-38 has them; what it leaves out is not stated."""

from collections.abc import Iterator

from tamis.language import N_, _
from tamis.papers.flow import Flow, blank, rgpd, state, tool
from tamis.papers.paper import Part, Section, Sentence
from tamis.papers.words import sentence

ARTICLE = "R6323-38"

_NAMES = {
    "information": N_("to be informed"),
    "effacement": N_("to erasure"),
    "opposition": N_("to object"),
    "acces": N_("of access"),
    "rectification": N_("to rectification"),
    "limitation": N_("to restriction of processing"),
}


def rights_paper(flow: Flow) -> Section:
    """Which rights are exercised and which are not, and what the flow owes to those that are."""
    return Section(
        "droits",
        _("Rights of the persons concerned"),
        (
            Part(_("Rights under R. 6323-38"), (*state_rights(flow), *state_silence(flow))),
            Part(_("What the flow owes to them"), tuple(_duties(flow))),
        ),
    )


def state_rights(flow: Flow) -> Iterator[Sentence]:
    """Each right, whether it is exercised, and with whom; a blank where no version was read."""
    version = flow.version(ARTICLE)
    if version is None:
        text = _(
            "Rights of the persons: no version of R. 6323-38 that is in force on this day was read"
        )
        yield blank("droits", text, rgpd("13 § 2 b"))
        return
    for slug, right in version.rights.items():
        name = _(_NAMES[slug]) if slug in _NAMES else slug
        if not right.applies:
            text = _("The right {name} does not apply (RGPD art. {rgpd}).")
        elif right.to:
            text = _("The right {name} is exercised with: {to} (RGPD art. {rgpd}).")
        else:
            text = _("The right {name} applies (RGPD art. {rgpd}).")
        place = flow.provision(ARTICLE, "rights", slug, of=right.paragraph)
        yield state(f"droit {slug}", text.format(name=name, to=right.to, rgpd=right.rgpd), place)


def state_silence(flow: Flow) -> Iterator[Sentence]:
    """What the article does not say."""
    note = flow.context.law[ARTICLE].note if flow.version(ARTICLE) else ""
    if note:
        yield state("droits note", sentence(note), flow.provision(ARTICLE))


def _duties(flow: Flow) -> Iterator[Sentence]:
    text = _(
        "How a rectification or a restriction is told to the recipient of data that was "
        "already released"
    )
    if flow.into_store:
        text = _(
            "How a rectification that is made in the SI-CPF is told to the source, and the "
            "other way round"
        )
    yield blank("droits-suite", text, rgpd("19"))
    yield from _restriction(flow)


def _restriction(flow: Flow) -> Iterator[Sentence]:
    """How records are kept out of the flow whose processing is restricted."""
    text = _("How a record whose processing is restricted is kept out of the flow")
    limiting = [release.id for release in flow.plan.releases if release.withholds_limited]
    if flow.plan.limited is not None and flow.plan.asks_list:
        text = _(
            "Records of a person whose processing is restricted are kept out of {releases}: the "
            "person is looked up by {fields} in the project's list of limited persons, which holds "
            "keyed pseudonyms and no number.",
            releases=", ".join(f"`{release}`" for release in limiting),
            fields=", ".join(f"`{path}`" for path in flow.plan.limited.fields),
        )
        yield state("limitation", text, rgpd("18"), tool("limited"))
    elif flow.context.limited is not None and not limiting:
        text = _(
            "The flow feeds the store and sends nothing out: records of persons whose processing "
            "is restricted are stored, which article 18 (2) excepts."
        )
        yield state("limitation", text, rgpd("18 § 2"), tool("limited"))
    else:
        yield blank("limitation", text, rgpd("18"))
