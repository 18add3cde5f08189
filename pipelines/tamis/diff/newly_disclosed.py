"""What one project releases and another does not, day by day, and by which change.

Newly released is what the new project releases beyond the old one; newly withheld is what the old
one releases beyond the new one. One function finds both, so that they mirror each other.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from tamis.diff.change import Days, Effect, Risk, join_days, say_days
from tamis.diff.disclosure import Grant, Passage, Side
from tamis.diff.record_sets import HOLDS_NIR, Box, remainder, say_boxes
from tamis.documents.context import Subject, needs_by_field, tests_of
from tamis.documents.law import ITEMS_ARTICLE, item_key
from tamis.documents.positions import Path_, Source
from tamis.errors import Problem

Key = tuple[Passage, str, tuple[str, ...]]


@dataclass(frozen=True)
class Draft:
    """A change as it shows on a day: the same on other days or of other fields makes one change."""

    kind: str
    effect: Effect
    problem: Problem
    policy: str
    release: str
    passage: Passage | None


Finding = tuple[Draft, str, Risk]
"""A draft, the field that it is of, and the risk of that."""


@dataclass(frozen=True)
class Comparison:
    """What `more` releases beyond `less`.

    Attributes:
        counterparts: the policy of `less` that each policy of `more` is.
        before: all that `less` releases, with its days.
        released: `more` is the new project; else it is the old one, and its surplus is withheld.
    """

    more: Side
    less: Side
    counterparts: Mapping[str, str]
    before: Mapping[Key, Sequence[tuple[Days, Grant]]]
    released: bool

    @property
    def effect(self) -> Effect:
        """What the surplus is called."""
        return "released" if self.released else "withheld"

    def say(self, released: str, withheld: str) -> str:
        """One of two texts."""
        return released if self.released else withheld


def history(side: Side, pieces: Iterable[Days]) -> dict[Key, list[tuple[Days, Grant]]]:
    """All that `side` releases, by key, with the piece of the time line."""
    found: dict[Key, list[tuple[Days, Grant]]] = {}
    for piece in pieces:
        for grant in side.grants_on(piece.from_):
            found.setdefault(grant.key, []).append((piece, grant))
    return found


def find_surplus(comparison: Comparison, days: Days) -> Iterator[Finding]:
    """What is released beyond on `days`, between whose ends nothing changes."""
    rivals: dict[Key, list[Grant]] = {}
    for grant in comparison.less.grants_on(days.from_):
        rivals.setdefault(grant.key, []).append(grant)
    covered: dict[tuple[str, int], list[Grant]] = {}
    for grant in comparison.more.grants_on(days.from_):
        same = rivals.get(grant.key, [])
        left = remainder(grant.boxes, _boxes(one for one in same if one.form.shows(grant.form)))
        if not left:
            covered.setdefault((grant.subject.name, grant.index), []).append(grant)
        elif not same:
            yield _tell_new(comparison, grant, days)
        else:
            beyond = remainder(left, _boxes(same))
            weaker = remainder(left, beyond)
            if beyond:
                yield _tell_condition(comparison, grant, beyond, same)
            if weaker:
                yield _tell_form(comparison, grant, weaker, same)
    for grants in covered.values():
        yield from _tell_linked(comparison, grants, rivals)


def _boxes(grants: Iterable[Grant]) -> list[Box]:
    return [box for grant in grants for box in grant.boxes]


def _tell_linked(
    comparison: Comparison, grants: list[Grant], rivals: Mapping[Key, list[Grant]]
) -> Iterator[Finding]:
    """Fields that pass in one record, where each passed already, but in records of their own."""
    paths = {grant.path for grant in grants}
    beside: dict[tuple[str, int], set[str]] = {}
    for same in rivals.values():
        for one in same:
            beside.setdefault((one.subject.name, one.index), set()).add(one.path)
    for grant in grants:
        whole = [
            one
            for one in rivals[grant.key]
            if paths <= beside[one.subject.name, one.index] and one.form.shows(grant.form)
        ]
        if remainder(grant.boxes, _boxes(whole)):
            break
    else:
        return
    text = comparison.say(
        "newly in one record; they passed in records of their own",
        "no longer in one record; they pass in records of their own",
    )
    for grant in grants:
        place = ("releases", grant.index)
        yield _finding(comparison, grant, "linked", grant.subject.source, place, text)


def _tell_form(
    comparison: Comparison, grant: Grant, boxes: list[Box], same: list[Grant]
) -> Finding:
    others = " or ".join(dict.fromkeys(str(one.form) for one in same))
    now, then = (str(grant.form), others)[:: 1 if comparison.released else -1]
    text = f"{now}, was {then}"
    if now == then:
        text = comparison.say("the gate no longer looks at it", "the gate looks at it")
    if remainder(grant.boxes, boxes):
        text += f", where {say_boxes(boxes, grant.boxes)}"
    new = grant if comparison.released else same[0]
    looser = any(
        (one.form.redacted and not grant.form.redacted) or (one.form.gated and not grant.form.gated)
        for one in same
    )
    risk = Risk.NIR if looser else _risk(grant)
    regimes = (grant.nir, same[0].nir)[:: 1 if comparison.released else -1]
    if regimes[0] != regimes[1] and None not in regimes:
        side = comparison.more if comparison.released else comparison.less
        source, place = _nir_place(side, grant.release.item, regimes[0])
        text = f"{grant.release.item} is nir {regimes[0]}, was {regimes[1]}: {text}"
        return _finding(comparison, grant, "nir-regime", source, place, text, risk)
    kind = "nir" if grant.leaf and grant.leaf.spec.identifier else "treatment"
    treat: Path_ = ("releases", new.index, "treat", new.path)
    place = treat if new.path in new.release.treat else new.place
    return _finding(comparison, grant, kind, new.subject.source, place, text, risk)


def _nir_place(side: Side, item: str, nir: str | None) -> tuple[Source, Path_]:
    for i, version in enumerate(side.law[ITEMS_ARTICLE].versions):
        found = version.items.get(item_key(item))
        if found and found.nir == nir:
            place: Path_ = ("versions", i, "items", item_key(item), "nir")
            return side.law.sources[ITEMS_ARTICLE], place
    return side.law.sources[ITEMS_ARTICLE], ()


def _tell_condition(
    comparison: Comparison, grant: Grant, boxes: list[Box], same: list[Grant]
) -> Finding:
    new, old = ([grant], same)[:: 1 if comparison.released else -1]
    now, then = _tests(new), _tests(old)
    changed = [place for test, place in now.items() if test not in then]
    gone = [place for test, place in then.items() if test not in now]
    first = new[0]
    source, place = first.subject.source, first.place
    if changed or gone:
        source, place = (changed or gone)[0]
    elif any(HOLDS_NIR in box for box in boxes):
        place = ("releases", first.index, "on_nir")
    where = say_boxes(boxes, grant.boxes)
    text = comparison.say(f"released where {where} too", f"no longer released where {where}")
    return _finding(comparison, grant, "condition", source, place, text)


def _tests(grants: Iterable[Grant]) -> dict[tuple[str, str], tuple[Source, Path_]]:
    """The conditions under which grants hold, as said, and where they stand."""
    found: dict[tuple[str, str], tuple[Source, Path_]] = {}
    for grant in grants:
        lists = grant.leaf.lists if grant.leaf else ()
        needs = {i for i, need in enumerate(grant.release.needs) if grant.path in need.keep}
        for test in tests_of(grant.release, ("releases", grant.index)):
            scope = test.place[2]
            if scope == "only" and test.list not in lists:
                continue
            if scope == "needs" and test.place[3] not in needs:
                continue
            values = ", ".join(sorted(map(repr, test.condition.in_)))
            found.setdefault((test.field, values), (grant.subject.source, test.place))
    return found


def _tell_new(comparison: Comparison, grant: Grant, days: Days) -> Finding:
    """What `less` does not release on these days in any form: because of what?"""
    source = grant.subject.source
    release: Path_ = ("releases", grant.index)
    if before := comparison.before.get(grant.key):
        return _tell_window(comparison, grant, before, days)
    same = [key for key in comparison.before if key[1] == grant.path]
    twin = comparison.counterparts.get(grant.subject.name)
    other = comparison.less.subjects[twin] if twin is not None else None
    for key in same:
        if key[0] == grant.passage and grant.leaf is not None:
            now, then = (", ".join(one) or "its name" for one in (grant.read_from, key[2]))
            text = comparison.say(f"read from {now}, was {then}", f"was read from {now}, is {then}")
            place = grant.leaf.place
            source = grant.subject.schema_source
            return _finding(comparison, grant, "source-changed", source, place, text)
    if other is not None and (moved := _tell_moved(comparison, grant, other)):
        return moved
    for key in same:
        if key[0][:3] == grant.passage[:3]:
            _, _, _, item, purpose = key[0]
            text = comparison.say(
                f"was released under {item}, {purpose}", f"is now released under {item}, {purpose}"
            )
            part = "item" if item != grant.passage.item else "purpose"
            return _finding(comparison, grant, "ground-changed", source, (*release, part), text)
    if any(key[0] == grant.passage for key in comparison.before):
        because = " ; ".join(one.because for one in needs_by_field(grant.release)[grant.path])
        text = comparison.say(f"newly {grant.form}: {because}", f"no longer {grant.form}")
        return _finding(comparison, grant, "field", source, grant.place, text)
    known = any(key[0][1:3] == grant.passage[1:3] for key in comparison.before)
    alone = comparison.say("; nothing passed there before", "; nothing passes there any more")
    if other is None:
        name = grant.subject.name
        text = comparison.say(f"policy `{name}` is new", f"policy `{name}` is gone")
        kind, place = "policy", ("policy",)
    else:
        text = comparison.say(
            f"release `{grant.release.id}` is new", f"release `{grant.release.id}` is gone"
        )
        kind, place = "release", release
    return _finding(comparison, grant, kind, source, place, text + ("" if known else alone))


def _tell_moved(comparison: Comparison, grant: Grant, other: Subject) -> Finding | None:
    """The same policy of `less` passes the field elsewhere, or from another feed."""
    if not any(grant.path in needs_by_field(one) for one in other.policy.releases):
        return None
    here, there = grant.subject.policy, other.policy
    feed = comparison.less.feeds.get(there.schema_, there.schema_)
    for kind, what, part, one, two in (
        ("processing-moved", "with", "processing", here.processing, there.processing),
        ("direction-changed", "", "direction", here.direction, there.direction),
        ("feed-changed", "of feed", "schema", grant.passage.schema, feed),
    ):
        if one != two:
            now, then = (f"{what} {value}".strip() for value in (one, two))
            name = grant.subject.name
            text = comparison.say(
                f"policy `{name}` is {now}, was {then}", f"policy `{name}` was {now}, is {then}"
            )
            return _finding(comparison, grant, kind, grant.subject.source, (part,), text)
    return None


def _tell_window(
    comparison: Comparison,
    grant: Grant,
    before: Sequence[tuple[Days, Grant]],
    days: Days,
) -> Finding:
    spans = join_days(dict.fromkeys(one for one, _ in before))
    text = comparison.say(
        f"was released {say_days(spans)} only", f"is released {say_days(spans)} only"
    )
    earlier = [one for span, one in before if span.from_ < days.from_]
    new = grant if comparison.released else (earlier[-1] if earlier else before[0][1])
    edge = "until" if earlier else "from"
    place: Path_ = ("releases", new.index, edge)
    return _finding(comparison, grant, "window", new.subject.source, place, text)


def _finding(
    comparison: Comparison,
    grant: Grant,
    kind: str,
    source: Source,
    place: Path_,
    text: str,
    risk: Risk | None = None,
) -> Finding:
    draft = Draft(
        kind,
        comparison.effect,
        source.problem(place, text),
        grant.subject.name,
        grant.release.id,
        grant.passage,
    )
    if not comparison.released:
        return draft, grant.path, Risk.WITHHELD
    return draft, grant.path, risk or _risk(grant)


def _risk(grant: Grant) -> Risk:
    leaf = grant.leaf
    if leaf is None or grant.form.pseudonym:
        return Risk.RELEASED
    if leaf.spec.identifier or (leaf.spec.free_text and not grant.form.redacted):
        return Risk.NIR
    return Risk.SENSITIVE if leaf.sensitive else Risk.RELEASED
