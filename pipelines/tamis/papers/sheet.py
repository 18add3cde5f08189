"""The sheet of the register of processings, under the headings of RGPD art. 30 § 1."""

from collections.abc import Iterator

from tamis.documents.wording import join, quote
from tamis.language import _
from tamis.papers.flow import Flow, FlowRelease, blank, by_release, rgpd, state, tool
from tamis.papers.paper import Citation, Part, Section, Sentence
from tamis.papers.retention import state_retention
from tamis.papers.words import describe_attested, name_persons, sentence

NOT_PERSONAL = "not-personal"


def register_sheet(flow: Flow) -> Section:
    """The sheet: who, why, whose data, which, to whom, where, how long, how safe."""
    return Section(
        "registre",
        _("Sheet of the register of processings"),
        (
            Part(_("Controller and data protection officer"), tuple(who(flow))),
            Part(_("Purposes"), tuple(_purposes(flow))),
            Part(_("Persons concerned"), tuple(persons(flow))),
            Part(_("Categories of data"), tuple(categories(flow))),
            Part(_("Sensitive data and NIR"), (_sensitive(flow), *_nirs(flow))),
            Part(_("Recipients"), (*recipients(flow), _processors())),
            Part(_("Transfers out of the European Union"), (transfers(),)),
            Part(_("Periods of erasure"), tuple(by_release(flow, state_retention))),
            Part(_("Security"), tuple(_security(flow))),
        ),
    )


def who(flow: Flow) -> Iterator[Sentence]:
    """The controller and the data protection officer, whom no document names."""
    asked = rgpd("30 § 1 a")
    yield blank("responsable", _("Name and contact details of the controller"), asked)
    yield blank(
        "responsable-conjoint",
        _("Joint controller and representative, if there are any: names and contact details"),
        asked,
    )
    yield blank("dpo", _("Contact details of the data protection officer"), asked)


def _purposes(flow: Flow) -> Iterator[Sentence]:
    if flow.context.policy.describes:
        yield state("objet", sentence(flow.context.policy.describes), flow.policy("describes"))
    else:
        yield blank("objet", _("What the flow is for"), flow.policy(), rgpd("30 § 1 b"))
    yield from by_release(flow, state_purpose)


def state_purpose(release: FlowRelease) -> Sentence:
    """The purpose of a release, in the words of the article."""
    purpose = release.flow.law.purposes.get(release.release.purpose)
    words = quote(purpose.subject if purpose else "", release.release.purpose)
    text = _("Purpose: {words}.", words=words)
    return state(f"finalite {release.id}", text, release.place("purpose"), release.purpose_place)


def persons(flow: Flow) -> Iterator[Sentence]:
    """Whose data is released, a sentence each."""
    sources: dict[str, list[Citation]] = {}
    for release in flow.releases:
        for path, (leaf, _kept) in release.kept.items():
            served = dict(flow.categories(leaf, release.release.purpose))
            for slug in release.subjects(leaf):
                named = [
                    flow.category_place(category)
                    for category, known in served.items()
                    if slug in known.subjects
                ]
                places = [flow.schema(*leaf.place)] if slug in leaf.subject else named
                sources.setdefault(slug, []).extend((*release.needs_of([path]), *places))
    for slug, places in sorted(sources.items()):
        yield state(f"personnes {slug}", sentence(name_persons(slug)), *places)


def categories(flow: Flow, *, with_fields: bool = True) -> Iterator[Sentence]:
    """The categories of data that are released, in the words of the articles, a sentence each."""
    fields: dict[str, dict[str, None]] = {}
    sources: dict[str, list[Citation]] = {}
    for release in flow.releases:
        for path, (leaf, _kept) in release.kept.items():
            slugs = [slug for slug, _category in flow.categories(leaf, release.release.purpose)]
            slugs += [NOT_PERSONAL] if NOT_PERSONAL in leaf.category and with_fields else []
            for slug in slugs:
                place = flow.category_place(slug)
                place = flow.schema(*leaf.place) if slug == NOT_PERSONAL else place
                fields.setdefault(slug, {})[path] = None
                sources.setdefault(slug, []).extend((*release.needs_of([path]), place))
    for slug, paths in fields.items():
        wording = next((known.wording for known in flow.law.categories.get(slug, ())), "")
        words = quote(wording, slug)
        if slug == NOT_PERSONAL:
            words = _("Data that the schema declares not personal")
        key = f"{'categorie' if with_fields else 'information'} {slug}"
        yield state(key, f"{words}: {join(paths)}." if with_fields else f"{words}.", *sources[slug])


def _sensitive(flow: Flow) -> Sentence:
    """Which released fields are sensitive, on which ground; or that none is."""
    marked: dict[str, list[str]] = {}
    sources: list[Citation] = []
    for release in flow.releases:
        for path, (leaf, _kept) in release.kept.items():
            if leaf.sensitive:
                marked.setdefault(leaf.sensitive, []).append(path)
                sources += [flow.schema(*leaf.place), *release.needs_of([path])]
    if not marked:
        text = _("No field that is released is marked sensitive (RGPD art. 9 and 10).")
        return state("sensibles", text, flow.schema("fields"))
    groups = _("; ").join(f"{join(paths)} ({why})" for why, paths in marked.items())
    return state("sensibles", _("Sensitive data: {groups}.", groups=groups), *sources)


def _nirs(flow: Flow) -> Iterator[Sentence]:
    for release in flow.releases:
        known = _nir(release)
        text = known.text if len(flow.releases) == 1 else f"`{release.id}`: {known.text}"
        yield state(known.key, text, *known.sources)


def _nir(release: FlowRelease) -> Sentence:
    """What becomes of the NIR in a release."""
    flow = release.flow
    key = f"nir {release.id}"
    numbers = {
        path: kept
        for path, (leaf, kept) in release.kept.items()
        if set(leaf.spec.identifier) - {"nir-key", "ntt"}
    }
    sources = release.needs_of(numbers)
    plain = [path for path, kept in numbers.items() if not kept.pseudonym]
    if plain:
        bases = {
            need.nir_basis.text: (
                need.nir_basis.status,
                release.place("needs", index, "nir_basis"),
            )
            for index, _name, need in release.needs()
            if need.nir_basis and set(need.keep) & set(plain)
        }
        grounds = _("; ").join(
            text + (" " + _("(to be confirmed)") if status == "to-confirm" else "")
            for text, (status, _place) in bases.items()
        )
        text = _(
            "The NIR is released: {fields}. Ground: {grounds}.",
            fields=join(plain),
            grounds=grounds or _("none is given"),
        )
        return state(key, text, *sources, *(place for _status, place in bases.values()))
    if numbers:
        text = _(
            "The NIR is not released: {fields} is replaced by a pseudonym that is made for "
            "this processing alone. The pseudonym is still personal data."
        )
        places = [release.place("treat", path) for path in numbers]
        return state(key, text.format(fields=join(numbers)), *sources, *places, release.item_place)
    for limit in flow.law.limits(release.release.item, flow.context.policy.processing):
        if limit.nir == "absent":
            text = _("The NIR is not released: {words}.", words=quote(limit.wording))
            return state(key, text, flow.limit_place(limit))
    if release.compiled.nir == "absent":
        text = _("The NIR is not released: the item is for processings that do not carry it.")
        if release.item.nir_link == "inferred":
            text = _(
                "The NIR is not released: the article does not name it, and by our reading "
                "recipients get none."
            )
        return state(key, text, release.item_place)
    text = _("The NIR is not released: the item would allow it, and no need asks for it.")
    return state(key, text, release.item_place, release.place("needs"))


def recipients(flow: Flow) -> Iterator[Sentence]:
    """Who receives what is released."""
    partner = flow.partner
    if flow.into_store:
        text = _("The SI-CPF receives the data. It comes from: {partner}.")
    else:
        text = _("The data comes from the SI-CPF, and is received by: {partner}.")
    yield state("destinataire", text.format(partner=quote(partner.name)), flow.partner_place)
    yield from by_release(flow, _entry)


def _entry(release: FlowRelease) -> Sentence:
    """What the partner's entry in the register stands on."""
    text = describe_attested(release.entry.attested)
    return state(f"registre {release.id}", text, release.entry_place)


def _processors() -> Sentence:
    """Who else has the data in hand, whom no document names."""
    text = _("Processors, and services of the controller that have access to the data")
    return blank("sous-traitants", text, rgpd("30 § 1 d"))


def transfers() -> Sentence:
    """Transfers to third countries, which no document tells."""
    text = _(
        "Whether data is transferred to a country outside the Union or to an international "
        "organisation, and under which guarantees"
    )
    return blank("transferts", text, rgpd("30 § 1 e"))


def _security(flow: Flow) -> Iterator[Sentence]:
    for write in (_minimization, _search, _order):
        yield from by_release(flow, write)
    text = _(
        "A record that cannot be judged safely is set apart: its place and the reason are kept, "
        "and none of its values; of a stream, the original message may be kept sealed to a key."
    )
    yield state("securite quarantaine", text, tool("stores"), tool("streams"))
    text = _(
        "Each record that is released says under which item, purpose, version of the article, "
        "policy and run, to whom, and by which rule of retention."
    )
    yield state("securite mentions", text, tool("stores"))
    text = _(
        "Hosting, access control, encryption, custody of the keys, traceability, backups: the "
        "measures of RGPD art. 32 § 1"
    )
    yield blank("securite", text, rgpd("30 § 1 g"))


def _minimization(release: FlowRelease) -> Sentence:
    text = _(
        "Only the fields that a need names are released; all others are left out before anything "
        "is written."
    )
    return state(f"securite besoins {release.id}", text, release.place("needs"), tool("policies"))


def _search(release: FlowRelease) -> Sentence | None:
    """What is done about NIRs where none may be released."""
    key, places = f"securite nir {release.id}", [release.item_place, tool("nir")]
    if release.compiled.nir != "absent":
        return None
    if release.release.on_nir != "strip":
        text = _("A record in which a NIR is found is set apart and not released.")
        return state(key, text, *places, release.place("on_nir"))
    text = _(
        "All that is released is searched for numbers that look like a NIR; a record that still "
        "holds one is set apart and not released."
    )
    return state(key, text, *places)


def _order(release: FlowRelease) -> Sentence | None:
    """What is done where two partners could join what they get by its order."""
    flow = release.flow
    if not flow.plan.hides_order(release.compiled):
        return None
    text = _(
        "The rows are put in an order that does not tell that of the source, and carry no position "
        "in it."
    )
    key, direction = f"securite ordre {release.id}", flow.policy("direction")
    return state(key, text, release.item_place, direction, tool("stores"))


def legal_basis() -> Sentence:
    """The ground of RGPD art. 6, which no document gives."""
    text = _("Ground of the processing under RGPD art. 6 § 1, and the text that gives it")
    return blank("base-legale", text, rgpd("6 § 1"), rgpd("13 § 1 c"))
