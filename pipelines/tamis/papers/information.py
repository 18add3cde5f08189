"""What the persons concerned are told. Legal source: RGPD art. 13 and 14, R. 6323-38 I."""

from collections.abc import Iterator

from tamis.documents.wording import quote
from tamis.language import _
from tamis.papers.flow import Flow, blank, by_release, rgpd, state
from tamis.papers.paper import Part, Section, Sentence
from tamis.papers.retention import state_retention
from tamis.papers.rights import ARTICLE, state_rights, state_silence
from tamis.papers.sheet import categories, legal_basis, state_purpose, transfers, who


def information_paper(flow: Flow) -> Section:
    """The text to publish: under R. 6323-38 I it stands on the website of the processing."""
    return Section(
        "information",
        _("Information of the persons concerned"),
        (
            Part(_("Why this is told"), tuple(_duty(flow))),
            Part(_("Who answers for your data"), tuple(who(flow))),
            Part(
                _("What it is used for, and on which ground"),
                (*by_release(flow, state_purpose), legal_basis()),
            ),
            Part(_("Which data"), tuple(categories(flow, with_fields=False))),
            Part(_("Where it comes from, and who receives it"), (_way(flow), transfers())),
            Part(_("How long it is kept"), tuple(by_release(flow, state_retention))),
            Part(_("Your rights"), tuple(_rights(flow))),
        ),
    )


def _duty(flow: Flow) -> Iterator[Sentence]:
    version = flow.version(ARTICLE)
    right = version.rights.get("information") if version else None
    if right is not None:
        text = _("R. 6323-38 refers to RGPD art. {rgpd} for the information of the persons.")
        place = flow.provision(ARTICLE, "rights", "information", of=right.paragraph)
        yield state("information", text.format(rgpd=right.rgpd), place)
        yield from state_silence(flow)
    if flow.into_store:
        text = _("The data of this flow is not collected from the persons themselves.")
        yield state("information origine", text, flow.policy("direction"), rgpd("14"))
    else:
        text = _("The data is handed on to another processing than the one it was recorded in.")
        yield state("information transmission", text, flow.policy("direction"), rgpd("13 § 1 e"))
    text = _("Where and when the persons are informed, the address of the website included")
    yield blank("information-lieu", text, rgpd("12 § 1"))


def _way(flow: Flow) -> Sentence:
    """Where the data comes from and who receives it, for the person it is about."""
    text = _("The SI-CPF receives this data from: {partner}.")
    if not flow.into_store:
        text = _("This data comes from the SI-CPF, and is received by: {partner}.")
    text = text.format(partner=quote(flow.partner.name))
    asked = rgpd("14 § 2 f") if flow.into_store else rgpd("13 § 1 e")
    return state(
        "information provenance", text, flow.partner_place, flow.policy("direction"), asked
    )


def _rights(flow: Flow) -> Iterator[Sentence]:
    yield from (known for known in state_rights(flow) if known.key != "droit information")
    text = _(
        "You may lodge a complaint with the Commission nationale de l’informatique et des "
        "libertés (CNIL)."
    )
    yield state("reclamation", text, rgpd("13 § 2 d"), rgpd("77"))
    text = _("Whether decisions are made by automated means alone, and by which logic")
    yield blank("decision", text, rgpd("13 § 2 f"))
