"""The description, necessity and proportionality part of an AIPD. Legal source: RGPD art. 35 § 7.

Risks and measures (c and d) are not judged here: the bounds that the documents ask for are stated,
and the rest is left blank.
"""

from collections.abc import Iterator

from tamis.documents.context import bases_of, conditions_of
from tamis.documents.law import ITEMS_ARTICLE, article_of, item_key
from tamis.documents.policy import LegalBasis, Need, NirBasis
from tamis.documents.positions import DocumentPath
from tamis.documents.references import cites
from tamis.documents.veille import UnreadText
from tamis.documents.wording import describe_test, quote
from tamis.language import N_, _
from tamis.papers.flow import Flow, FlowRelease, blank, place_in, rgpd, state, tool
from tamis.papers.paper import Citation, Part, Section, Sentence
from tamis.papers.sheet import state_purpose
from tamis.papers.typeset import show_day
from tamis.papers.words import (
    describe_field,
    describe_ground,
    describe_identifies,
    describe_link,
    describe_value,
    full_stop,
    sentence,
)

_CARRIES = {
    True: N_("According to the register, the partner's processing carries the NIR."),
    False: N_("According to the register, the partner's processing does not carry the NIR."),
    "unknown": N_("Whether the partner's processing carries the NIR was not read."),
}

_MOTIFS = {
    "read": "",
    "inferred": N_("(a reading, to be confirmed)"),
    "secondary": N_("(from a secondary source; the text was not read)"),
}


def impact_paper(flow: Flow) -> Section:
    """What is done, why it is needed field by field, what was left out, which risk is asked."""
    several = len(flow.releases) > 1
    parts = [Part(_("The flow"), tuple(_description(flow)))]
    for release in flow.releases:
        of = f" ({release.id})" if several else ""
        parts += [
            Part(_("Legal ground") + of, tuple(_ground(release))),
            Part(_("Which records and elements are released") + of, tuple(_conditions(release))),
            *(_need(release, index, name, need, of) for index, name, need in release.needs()),
            _left_out(release, of),
            Part(_("Risk of re-identification") + of, tuple(_risk(release))),
        ]
    parts += [
        Part(_("Legal reasoning and alternatives"), tuple(_motifs(flow))),
        Part(_("What remains to be confirmed"), tuple(_to_confirm(flow))),
        Part(_("Risks, measures and opinions"), tuple(_opinions(flow))),
    ]
    return Section(
        "aipd",
        _("Impact assessment: description, necessity and proportionality"),
        tuple(part for part in parts if part.sentences or part.rows),
    )


def _description(flow: Flow) -> Iterator[Sentence]:
    policy = flow.context.policy
    text = _("The feed `{schema}` ({format}) goes into the SI-CPF. It comes from: {partner}.")
    if not flow.into_store:
        text = _("The feed `{schema}` ({format}) leaves the SI-CPF. It goes to: {partner}.")
    schema = flow.context.schema
    text = text.format(
        schema=schema.name, format=schema.format.name, partner=quote(flow.partner.name)
    )
    places = flow.policy("schema"), flow.policy("direction"), flow.partner_place
    yield state("flux", text, *places, flow.schema("format"))
    if schema.describes:
        text = _("What the source holds: {words}.", words=schema.describes)
        yield state("source", text, flow.schema("describes"))
    carries = flow.partner.carries_nir_on(flow.plan.day)
    slug = policy.processing
    yield state(
        "partenaire nir", _(_CARRIES[carries]), flow.register("processings", slug, "carries_nir")
    )
    if flow.partner.source:
        text = _("Where the register has the partner from: {words}.", words=flow.partner.source)
        yield state("partenaire source", text, flow.register("processings", slug, "source"))
    if flow.partner.note:
        text = _("Remark: {words}", words=full_stop(flow.partner.note))
        yield state("partenaire note", text, flow.register("processings", slug, "note"))


def _ground(release: FlowRelease) -> Iterator[Sentence]:
    flow, item, rid = release.flow, release.item, release.id
    article = article_of(release.release.item)
    version = flow.version(article)
    text = _("Item of the article: {words}.", words=quote(item.subject, release.release.item))
    yield state(f"cas {rid}", text, release.place("item"), release.item_place)
    if version is not None and version.opening:
        text = _("The article begins: {words}.", words=quote(version.opening))
        yield state(f"cas {rid} limites", text, flow.provision(article, "opening"))
    if version is not None and version.lists_fixed_by:
        text = _("The processings are those listed by: {words}.", words=version.lists_fixed_by)
        yield state(f"cas {rid} listes", text, flow.provision(article, "lists_fixed_by"))
    purpose = flow.law.purposes.get(release.release.purpose)
    yield state_purpose(release)
    if item.purposes_link == "inferred":
        text = _(
            "That this item goes with this purpose is a reading, for the controller to "
            "confirm: the article refers to the purposes as a whole."
        )
        if article != ITEMS_ARTICLE:
            text = _(
                "That this item goes with this purpose is a reading, for the controller to "
                "confirm: the article names no purpose."
            )
        place = flow.provision(
            article,
            "items",
            item_key(release.release.item),
            "purposes_link",
            of=release.release.item,
        )
        yield state(f"lien {rid}", text, place)
    for key, note, place in (
        ("cas", item.note, release.item_place),
        ("finalite", purpose.note if purpose else "", release.purpose_place),
    ):
        if note:
            yield state(f"{key} {rid} note", _("Remark: {words}", words=full_stop(note)), place)
    for limit in flow.law.limits(release.release.item, flow.context.policy.processing):
        place = flow.limit_place(limit)
        key = f"limite {rid} {limit.wording}"
        yield state(key, _("Limit: {words}.", words=quote(limit.wording)), place)
        if limit.note:
            yield state(f"{key} note", _("Remark: {words}", words=full_stop(limit.note)), place)
    if release.release.note:
        text = _("Remark: {words}", words=full_stop(release.release.note))
        yield state(f"note {rid}", text, release.place("note"))


def _conditions(release: FlowRelease) -> Iterator[Sentence]:
    """What decides which records, and which elements of lists, are released, and why."""
    for test in conditions_of(release.release, ("releases", release.index)):
        if test.need is not None:
            continue
        condition = test.condition
        text = _("A record is released only if {test}: {reason}")
        if test.list:
            text = _("Of `{list}` only those elements are kept of which {test}: {reason}")
        text = text.format(
            list=test.list,
            test=describe_test(condition),
            reason=full_stop(condition.because),
        )
        if condition.basis:
            text += " " + _basis(condition.basis)
        place = release.flow.policy(*test.place)
        key = f"condition {release.id} {test.list} {condition.field} {condition.because}"
        yield state(key, text, place, release.flow.schema(*_leaf_place(release, test.field)))


def _leaf_place(release: FlowRelease, path: str) -> DocumentPath:
    leaf = release.flow.context.leaves.get(path)
    return leaf.place if leaf else ("fields",)


def _basis(basis: LegalBasis | NirBasis) -> str:
    text = (
        _("Ground: RGPD art. {rgpd}, {text}.", rgpd=describe_ground(basis.rgpd), text=basis.text)
        if isinstance(basis, LegalBasis)
        else _("Ground of the NIR: {text}.", text=basis.text)
    )
    if basis.status == "to-confirm":
        text += " " + _("This ground is to be confirmed.")
    return text


def _need(release: FlowRelease, index: int, name: str, need: Need, of: str) -> Part:
    """One need: its reason, its grounds, its conditions, and the fields that it justifies."""
    sentences = [
        state(f"besoin {name}", sentence(need.because), release.place("needs", index, "because"))
    ]
    for key, basis in (("basis", need.basis), ("nir_basis", need.nir_basis)):
        if basis is not None:
            place = release.place("needs", index, key)
            sentences.append(state(f"{key} {name}", _basis(basis), place))
    for at, condition in enumerate(need.when):
        text = _("The values are given only if {test}, else they are left empty: {reason}")
        text = text.format(test=describe_test(condition), reason=full_stop(condition.because))
        if condition.basis:
            text += " " + _basis(condition.basis)
        place = release.place("needs", index, "when", at)
        sentences.append(state(f"si {name} {condition.field}", text, place))
    columns = (_("fields"), _("category of R. 6323-34"), _("value"), _("identifies a person"))
    rows = tuple(_fields(release, index, name, need))
    return Part(_("Need {number}", number=index + 1) + of, tuple(sentences), columns, rows)


def _fields(release: FlowRelease, index: int, name: str, need: Need) -> Iterator[Sentence]:
    """The fields of a need: those that are alike in category and treatment stand in one row."""
    flow = release.flow
    groups: dict[tuple[str, ...], tuple[list[str], list[Citation]]] = {}
    for at, path in enumerate(need.keep):
        leaf, kept = release.kept[path]
        served = dict(flow.categories(leaf, release.release.purpose))
        category = _("not personal, as the schema declares")
        if served:
            words = _("; ").join(quote(known.wording, slug) for slug, known in served.items())
            category = words + describe_link(leaf.category_link)
        value = describe_value(kept)
        if leaf.sensitive:
            value += "; " + _("sensitive: {reason}", reason=leaf.sensitive)
        fields, sources = groups.setdefault((category, value, describe_identifies(kept)), ([], []))
        fields.append(describe_field(leaf))
        sources += [release.place("needs", index, "keep", at), flow.schema(*leaf.place)]
        sources += [flow.category_place(slug) for slug in served]
        sources += [release.place("treat", path)] if path in release.release.treat else []
    for cells, (fields, sources) in groups.items():
        yield Sentence(f"champs {name} {fields[0]}", (", ".join(fields), *cells), tuple(sources))


def _left_out(release: FlowRelease, of: str) -> Part:
    """The fields of the source that are not released, each with its reason."""
    flow, rows = release.flow, []
    for path, leaf in flow.context.leaves.items():
        if path in release.kept:
            continue
        fate, _reason = flow.plan.fates[release.id][path]
        sources = [flow.schema(*leaf.place), *(tested := release.tests_of(path))]
        reason = _("no need names it")
        if fate == "stripped":
            reason = _("it holds the NIR or a number like it, which is not released")
            sources.append(release.item_place)
        elif tested:
            reason = _("read for a condition, never released")
        elif release.compiled.withholds_limited and path in flow.context.looked_up:
            reason = _("read for the list of limited persons, never released")
            sources.append(tool("limited"))
        elif "outside" in leaf.category:
            reason = _("of no category of data, as the schema declares: never released")
        cells = (describe_field(leaf), reason)
        rows.append(Sentence(f"ecarte {release.id} {path}", cells, tuple(sources)))
    columns = (_("field"), _("why it is left out"))
    text = _(
        "These fields of the source are not released; no need asks for them, or the law "
        "keeps them out."
    )
    lead = state(f"ecarte {release.id}", text, release.place("needs"), flow.schema("fields"))
    return Part(_("What is left out") + of, (lead,), columns, tuple(rows), is_long=True)


def _risk(release: FlowRelease) -> Iterator[Sentence]:
    rid, bound = release.id, release.compiled.risk_bound
    written = release.release.risk
    place = release.place("risk") if written else release.item_place
    if bound is not None:
        text = _(
            "Of all persons, the share who stand in groups of fewer than {k} that are alike in all "
            "that is released must be below {below}.",
            k=bound.k,
            below=bound.below,
        )
        if written and written.because:
            text += " " + sentence(written.because)
        yield state(f"risque {rid}", text, place, tool("policies"))
    elif release.compiled.nir == "absent":
        text = _("The policy asks for no bound on re-identification (`risk`).")
        yield state(f"risque {rid}", text, release.place())
    else:
        text = _(
            "The item is for processings that carry the NIR: the flow may be nominative, and no "
            "bound on re-identification is asked for."
        )
        yield state(f"risque {rid}", text, release.item_place, release.place())
    for key, reason in (
        ("identifies_anyway", release.release.identifies_anyway),
        ("rebuilds_nir", release.release.rebuilds_nir),
    ):
        if reason:
            text = _("Data that names a person is released all the same: {reason}")
            if key == "rebuilds_nir":
                text = _("Sex, birth and birthplace are released together: {reason}")
            yield state(f"{key} {rid}", text.format(reason=full_stop(reason)), release.place(key))


def _motifs(flow: Flow) -> Iterator[Sentence]:
    for index, motif in enumerate(flow.context.policy.motifs):
        text = sentence(motif.text)
        if mark := _MOTIFS[motif.attested]:
            text += " " + _(mark)
        place = flow.policy("motifs", index)
        sources = [place, Citation(motif.source)] if motif.source else [place]
        yield state(f"motif {index}", text, *sources)


def _to_confirm(flow: Flow) -> Iterator[Sentence]:
    """Grounds that nobody answers for, texts that nobody has read, what is allowed all the same."""
    sources: dict[str, list[Citation]] = {}
    unread: dict[str, UnreadText] = {}
    for release in flow.releases:
        for at, basis in bases_of(release.release, ("releases", release.index)):
            if basis.status == "to-confirm":
                sources.setdefault(_basis(basis), []).append(flow.policy(*at))
        unread |= flow.context.unread(release.release)
    for ground, places in sources.items():
        yield state(f"a-confirmer {ground}", ground, *places)
    for reference, text in unread.items():
        if text.from_ <= flow.plan.day:
            words = _(
                "{reference}: its version {version} was not read; it counts from {day}.",
                reference=reference,
                version=text.version,
                day=show_day(text.from_),
            )
            if text.note:
                words += " " + sentence(text.note)
            citing = (place for release in flow.releases for place in _citing(release, reference))
            yield state(f"veille {reference}", words, *citing)
    for exception in flow.context.exceptions:
        if exception.holds(flow.plan.day):
            words = _(
                "The project allows `{what}` until {day}, on the responsibility of {by}: {reason}",
                what=exception.what,
                day=show_day(exception.until),
                by=exception.by,
                reason=full_stop(exception.because),
            )
            yield state(f"exception {exception.what}", words, Citation("policies/project.yaml"))


def _citing(release: FlowRelease, reference: str) -> Iterator[Citation]:
    """The places of the documents whose words cite a text."""
    flow, place = release.flow, ("releases", release.index)
    words: list[tuple[str, Citation]] = [
        (need.because, release.place("needs", index, "because"))
        for index, _name, need in release.needs()
    ]
    words += [
        (test.condition.because, flow.policy(*test.place))
        for test in conditions_of(release.release, place)
    ]
    words += [(basis.text, flow.policy(*at)) for at, basis in bases_of(release.release, place)]
    words += [
        (motif.text, flow.policy("motifs", index))
        for index, motif in enumerate(flow.context.policy.motifs)
    ]
    words += [
        (release.release.note, release.place("note")),
        (release.release.rebuilds_nir or "", release.place("rebuilds_nir")),
        (
            flow.partner.source,
            flow.register("processings", flow.context.policy.processing, "source"),
        ),
        (release.entry.source, release.entry_place),
    ]
    return (citation for text, citation in words if cites(text, reference))


def _opinions(flow: Flow) -> Iterator[Sentence]:
    if flow.context.approval is not None:
        approval, source = flow.context.approval
        text = _(
            "Opinion `{opinion}` of {by} ({role}), given on {on}, until {until}.",
            opinion=approval.opinion,
            by=approval.by,
            role=approval.role,
            on=show_day(approval.on),
            until=show_day(approval.until),
        )
        if flow.plan.approval and flow.plan.approval.problem:
            text += " " + sentence(flow.plan.approval.problem)
        if approval.note:
            text += " " + sentence(approval.note)
        yield state("avis", text, place_in(source, ("opinion",)))
    else:
        yield blank("avis", _("Opinion of the data protection officer"), rgpd("35 § 2"))
    yield blank(
        "risques",
        _("Risks to the rights and freedoms of the persons: sources, likelihood, severity"),
        rgpd("35 § 7 c"),
    )
    yield blank("mesures", _("Measures against these risks, and what remains"), rgpd("35 § 7 d"))
    yield blank(
        "avis-personnes",
        _("Views of the persons concerned or of their representatives, if they were sought"),
        rgpd("35 § 9"),
    )
