"""What one project releases and another does not, day by day, and by which change.

Newly released is what the new project releases beyond the old one; newly withheld is what the old
one releases beyond the new one. One class finds both, so that they mirror each other.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from tamis.diff.change import Change, ChangeRisk, DayRange, describe_days, join_days
from tamis.diff.disclosure import Disclosure, DisclosureKey, ProjectState
from tamis.diff.record_sets import HOLDS_NIR, RecordSet, describe_sets, remainder
from tamis.documents.context import PolicyContext, conditions_of, needs_by_field
from tamis.documents.law import article_of, item_key
from tamis.documents.positions import DocumentPath, Source
from tamis.language import _

Disclosures = Mapping[DisclosureKey, Sequence[tuple[DayRange, Disclosure]]]
"""All that a project releases, by key, with the piece of the calendar."""


def history(state: ProjectState, pieces: Iterable[DayRange]) -> Disclosures:
    """Return all that a project releases on the pieces of the calendar."""
    disclosures: dict[DisclosureKey, list[tuple[DayRange, Disclosure]]] = {}
    for piece in pieces:
        for disclosure in state.disclosures_on(piece.from_):
            disclosures.setdefault(disclosure.key, []).append((piece, disclosure))
    return disclosures


@dataclass(frozen=True)
class DisclosureComparison:
    """What `more` releases beyond `less`.

    Attributes:
        counterparts: the policy of `less` that each policy of `more` is.
        before: all that `less` releases.
        released: whether `more` is the new project; else it is the old one, and what it releases
            beyond the new one is withheld.
    """

    more: ProjectState
    less: ProjectState
    counterparts: Mapping[str, str]
    before: Disclosures
    released: bool

    def choose(self, released: str, withheld: str) -> str:
        """Return the text for the effect of this comparison."""
        return released if self.released else withheld

    def find(self, days: DayRange) -> Iterator[Change]:
        """Yield what `more` releases beyond `less` on days between whose ends nothing changes.

        Each change is of one field, and has no days yet.
        """
        others: dict[DisclosureKey, list[Disclosure]] = {}
        for disclosure in self.less.disclosures_on(days.from_):
            others.setdefault(disclosure.key, []).append(disclosure)
        covered: dict[tuple[str, int], list[Disclosure]] = {}
        for disclosure in self.more.disclosures_on(days.from_):
            same = others.get(disclosure.key, [])
            as_much = [other for other in same if other.form.discloses(disclosure.form)]
            left = remainder(disclosure.records, _all_records(as_much))
            if not left:
                release = (disclosure.context.name, disclosure.index)
                covered.setdefault(release, []).append(disclosure)
            elif not same:
                yield self._new_disclosure(disclosure, days)
            else:
                beyond = remainder(left, _all_records(same))
                in_weaker_form = remainder(left, beyond)
                if beyond:
                    yield self._other_condition(disclosure, beyond, same)
                if in_weaker_form:
                    yield self._other_form(disclosure, in_weaker_form, same)
        for disclosures in covered.values():
            yield from self._newly_linked(disclosures, others)

    def _change(
        self,
        disclosure: Disclosure,
        kind: str,
        place: DocumentPath,
        text: str,
        source: Source | None = None,
        risk: ChangeRisk | None = None,
    ) -> Change:
        """The change of a field that stands at `place` of `source`, by default its policy."""
        return Change(
            kind,
            "released" if self.released else "withheld",
            (risk or _risk(disclosure)) if self.released else ChangeRisk.WITHHELD,
            (source or disclosure.context.source).problem(place, text),
            disclosure.context.name,
            disclosure.release.id,
            disclosure.channel,
            (disclosure.path,),
        )

    def _newly_linked(
        self,
        disclosures: list[Disclosure],
        others: Mapping[DisclosureKey, list[Disclosure]],
    ) -> Iterator[Change]:
        """Fields that are released in one record, where each was already in separate records."""
        paths = {disclosure.path for disclosure in disclosures}
        released_together: dict[tuple[str, int], set[str]] = {}
        for other in (other for same in others.values() for other in same):
            release = (other.context.name, other.index)
            released_together.setdefault(release, set()).add(other.path)
        for disclosure in disclosures:
            together = [
                other
                for other in others[disclosure.key]
                if paths <= released_together[other.context.name, other.index]
                and other.form.discloses(disclosure.form)
            ]
            if remainder(disclosure.records, _all_records(together)):
                break
        else:
            return
        text = self.choose(
            _("newly in one record; they were released in separate records"),
            _("no longer in one record; they are released in separate records"),
        )
        for disclosure in disclosures:
            yield self._change(disclosure, "linked", ("releases", disclosure.index), text)

    def _other_form(
        self,
        disclosure: Disclosure,
        records: list[RecordSet],
        same: list[Disclosure],
    ) -> Change:
        """The field is released of the same records in a form that discloses less."""
        others = _(" or ").join(dict.fromkeys(str(other.form) for other in same))
        now, then = (str(disclosure.form), others)[:: 1 if self.released else -1]
        text = _("{now}, was {then}", now=now, then=then)
        if now == then:
            text = self.choose(_("no longer checked by the gate"), _("checked by the gate"))
        if remainder(disclosure.records, records):
            where = describe_sets(records, disclosure.records)
            text = _("{text}, where {where}", text=text, where=where)
        looser = any(
            (other.form.redacted and not disclosure.form.redacted)
            or (other.form.gated and not disclosure.form.gated)
            for other in same
        )
        risk = ChangeRisk.NIR if looser else _risk(disclosure)
        regimes = (disclosure.nir, same[0].nir)[:: 1 if self.released else -1]
        if regimes[0] != regimes[1] and None not in regimes:
            state = self.more if self.released else self.less
            text = _(
                "{item} is nir {now}, was {then}: {text}",
                item=disclosure.release.item,
                now=regimes[0],
                then=regimes[1],
                text=text,
            )
            place = _nir_place(state, disclosure.release.item, regimes[0])
            source = state.law.sources[article_of(disclosure.release.item)]
            return self._change(disclosure, "nir-regime", place, text, source, risk)
        kind = "nir" if disclosure.leaf and disclosure.leaf.spec.identifier else "treatment"
        new = disclosure if self.released else same[0]
        treated = new.path in new.release.treat
        place = ("releases", new.index, "treat", new.path) if treated else new.place
        return self._change(disclosure, kind, place, text, new.context.source, risk)

    def _other_condition(
        self,
        disclosure: Disclosure,
        records: list[RecordSet],
        same: list[Disclosure],
    ) -> Change:
        """The field is released of more records."""
        new, old = ([disclosure], same)[:: 1 if self.released else -1]
        now, then = _conditions(new), _conditions(old)
        changed = [place for test, place in now.items() if test not in then]
        gone = [place for test, place in then.items() if test not in now]
        source, place = new[0].context.source, new[0].place
        if changed or gone:
            source, place = (changed or gone)[0]
        elif any(HOLDS_NIR in of_records for of_records in records):
            place = ("releases", new[0].index, "on_nir")
        text = self.choose(
            _("released where {where} too"), _("no longer released where {where}")
        ).format(where=describe_sets(records, disclosure.records))
        return self._change(disclosure, "condition", place, text, source)

    def _new_disclosure(self, disclosure: Disclosure, days: DayRange) -> Change:
        """The field that `less` does not release on these days in any form: because of what?"""
        if before := self.before.get(disclosure.key):
            return self._other_days(disclosure, before, days)
        channel, choose = disclosure.channel, self.choose
        release: DocumentPath = ("releases", disclosure.index)
        same_path = [key for key in self.before if key[1] == disclosure.path]
        for other_channel, _path, read_from in same_path:
            if other_channel == channel and disclosure.leaf is not None:
                now, then = (", ".join(names) for names in (disclosure.read_from, read_from))
                text = choose(_("read from {now}, was {then}"), _("was read from {now}, is {then}"))
                text = text.format(now=now or _("its name"), then=then or _("its name"))
                source, at = disclosure.context.schema_source, disclosure.leaf.place
                return self._change(disclosure, "source-changed", at, text, source)
        name = disclosure.context.name
        counterpart = self.counterparts.get(name)
        other = self.less.contexts[counterpart] if counterpart is not None else None
        if other is not None and (moved := self._moved(disclosure, other)):
            return moved
        for other_channel, _path, _read_from in same_path:
            if other_channel[:3] == channel[:3]:
                text = choose(
                    _("was released under {item}, {purpose}"),
                    _("is now released under {item}, {purpose}"),
                ).format(item=other_channel.item, purpose=other_channel.purpose)
                key = "item" if other_channel.item != channel.item else "purpose"
                return self._change(disclosure, "ground-changed", (*release, key), text)
        if any(known == channel for known, _path, _read_from in self.before):
            needs = needs_by_field(disclosure.release)[disclosure.path]
            reasons = " ; ".join(need.because for need in needs)
            text = choose(_("newly {form}: {reasons}"), _("no longer {form}"))
            text = text.format(form=disclosure.form, reasons=reasons)
            return self._change(disclosure, "field", disclosure.place, text)
        place: DocumentPath = ("policy",)
        if other is None:
            kind = "policy"
            text = choose(_("policy `{name}` is new"), _("policy `{name}` is gone"))
        else:
            kind, place, name = "release", release, disclosure.release.id
            text = choose(_("release `{name}` is new"), _("release `{name}` is gone"))
        text = text.format(name=name)
        if not any(known[1:3] == channel[1:3] for known, _path, _read_from in self.before):
            text += choose(
                _("; nothing was released there before"), _("; nothing is released there any more")
            )
        return self._change(disclosure, kind, place, text)

    def _moved(self, disclosure: Disclosure, other: PolicyContext) -> Change | None:
        """The same policy of `less` releases the field elsewhere, or from another feed."""
        if not any(disclosure.path in needs_by_field(release) for release in other.policy.releases):
            return None
        now, then = disclosure.context.policy, other.policy
        feed = self.less.feeds.get(then.schema_, then.schema_)
        for kind, key, here, there in (
            ("processing-moved", "processing", now.processing, then.processing),
            ("direction-changed", "direction", now.direction, then.direction),
            ("feed-changed", "schema", disclosure.channel.schema, feed),
        ):
            if here != there:
                text = self.choose(
                    _("policy `{name}` has {key} {here}, had {there}"),
                    _("policy `{name}` had {key} {here}, has {there}"),
                ).format(name=disclosure.context.name, key=key, here=here, there=there)
                return self._change(disclosure, kind, (key,), text)
        return None

    def _other_days(
        self,
        disclosure: Disclosure,
        before: Sequence[tuple[DayRange, Disclosure]],
        days: DayRange,
    ) -> Change:
        """The field is released as on other days."""
        text = self.choose(_("was released {days} only"), _("is released {days} only"))
        ranges = join_days(dict.fromkeys(piece for piece, _other in before))
        earlier = [other for piece, other in before if piece.from_ < days.from_]
        new = disclosure if self.released else (earlier[-1] if earlier else before[0][1])
        place: DocumentPath = ("releases", new.index, "until" if earlier else "from")
        text = text.format(days=describe_days(ranges))
        return self._change(disclosure, "window", place, text, new.context.source)


def _all_records(disclosures: Iterable[Disclosure]) -> list[RecordSet]:
    return [records for disclosure in disclosures for records in disclosure.records]


def _nir_place(state: ProjectState, item: str, nir: str | None) -> DocumentPath:
    """Where the law says `nir` of the item."""
    key = item_key(item)
    for i, version in enumerate(state.law[article_of(item)].versions):
        if key in version.items and version.items[key].nir == nir:
            return ("versions", i, "items", key, "nir")
    return ()


def _conditions(
    disclosures: Iterable[Disclosure],
) -> dict[tuple[str, str], tuple[Source, DocumentPath]]:
    """The conditions under which fields are released (field, values), and where they stand."""
    conditions: dict[tuple[str, str], tuple[Source, DocumentPath]] = {}
    for disclosure in disclosures:
        release = disclosure.release
        lists = disclosure.leaf.lists if disclosure.leaf else ()
        needs = {i for i, need in enumerate(release.needs) if disclosure.path in need.keep}
        for test in conditions_of(release, ("releases", disclosure.index)):
            scope = test.place[2]
            if scope == "only" and test.list not in lists:
                continue
            if scope == "needs" and test.place[3] not in needs:
                continue
            values = ", ".join(sorted(map(repr, test.condition.in_)))
            place = (disclosure.context.source, test.place)
            conditions.setdefault((test.field, values), place)
    return conditions


def _risk(disclosure: Disclosure) -> ChangeRisk:
    leaf, form = disclosure.leaf, disclosure.form
    if leaf is None or form.pseudonym:
        return ChangeRisk.RELEASED
    if leaf.spec.identifier or (leaf.spec.free_text and not form.redacted):
        return ChangeRisk.NIR
    return ChangeRisk.SENSITIVE if leaf.sensitive else ChangeRisk.RELEASED
