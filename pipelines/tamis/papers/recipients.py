"""Who reads and who receives. Legal source: R. 6323-35, R. 6323-36 and the annexes as read."""

from collections.abc import Iterator

from tamis.documents.law import Item
from tamis.documents.wording import quote
from tamis.dry_run.html.speech import cite
from tamis.language import _
from tamis.papers.flow import Flow, state
from tamis.papers.paper import Part, Section, Sentence
from tamis.papers.sheet import recipients
from tamis.papers.words import describe_attested, describe_link, sentence

ACCESS, MATTERS = "R6323-35", "R6323-36"


def recipients_paper(flow: Flow) -> Section:
    """Who receives this flow, who has access to the SI-CPF, who else receives data out of it."""
    return Section(
        "destinataires",
        _("Recipients"),
        (
            Part(_("Of this flow"), tuple(recipients(flow))),
            Part(_("Access to the SI-CPF (R. 6323-35 II, annexe 2)"), tuple(_access(flow))),
            Part(
                _("Recipients of the SI-CPF for the same purposes (R. 6323-35 III, R. 6323-36)"),
                tuple(_recipients(flow)),
            ),
            Part(_("What was read of the lists"), tuple(_notes(flow))),
        ),
    )


def _items(flow: Flow, article: str, relation: str) -> Iterator[tuple[str, Item]]:
    """The items of an article in force that serve a purpose of the flow."""
    purposes = {release.release.purpose for release in flow.releases}
    version = flow.version(article)
    for key, item in version.items.items() if version else ():
        if item.relation == relation and purposes & set(item.purposes):
            yield key, item


def _access(flow: Flow) -> Iterator[Sentence]:
    for key, item in _items(flow, ACCESS, "access"):
        place = flow.provision(ACCESS, "items", key, of=f"{ACCESS}.{key}")
        yield state(f"acces {key}", sentence(quote(item.subject, f"{ACCESS}.{key}")), place)
    yield from _rows(flow, "access")


def _recipients(flow: Flow) -> Iterator[Sentence]:
    for article in (ACCESS, MATTERS):
        for key, item in _items(flow, article, "recipient"):
            place = flow.provision(article, "items", key, of=f"{article}.{key}")
            text = quote(item.subject, f"{article}.{key}") + describe_link(item.purposes_link) + "."
            yield state(f"destinataire {article}.{key}", text, place)
    yield from _rows(flow, "recipient")


def _rows(flow: Flow, title: str) -> Iterator[Sentence]:
    """The rows of the register that name a body for a purpose of the flow."""
    purposes = {release.release.purpose for release in flow.releases}
    for slug, processing in flow.context.register.processings.items():
        for index, entry in enumerate(processing.entries):
            if entry.title != title or not entry.in_force(flow.plan.day):
                continue
            if entry.purpose in purposes:
                text = f"{processing.name}. {describe_attested(entry.attested)}"
                text += f" {sentence(processing.note)}" if processing.note else ""
                place = flow.register("processings", slug, "entries", index)
                name = flow.register("processings", slug, "name")
                yield state(f"ligne {slug} {index}", text, name, place)


def _notes(flow: Flow) -> Iterator[Sentence]:
    if flow.context.register.note:
        text = sentence(flow.context.register.note)
        yield state("registre note", text, flow.register("note"))
    for article in (ACCESS, MATTERS):
        known = flow.context.law.articles.get(article)
        if known is None:
            continue
        place = flow.provision(article)
        if flow.version(article) is None:
            text = _("Of {article} no version that is in force on this day was read.")
            yield state(f"lu {article}", text.format(article=cite(article)), place)
        if known.note:
            yield state(f"note {article}", f"{cite(article)} : {sentence(known.note)}", place)
