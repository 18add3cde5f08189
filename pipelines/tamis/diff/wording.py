"""What changed in a policy without more or less being released: names, reasons, pseudonyms."""

from collections.abc import Iterator, Mapping

from tamis.diff.change import Change, ChangeRisk
from tamis.diff.matching import match_releases
from tamis.documents.context import PolicyContext, conditions_of, kept_fields, needs_by_field
from tamis.documents.policy import Condition, Need, Release
from tamis.documents.positions import DocumentPath
from tamis.language import _
from tamis.plan.explain import shown_basis

Reason = tuple[str, str]
"""A `because`, and the bases with it in words."""

Reported = set[tuple[str, str, str]]
"""Kind, policy and release of the changes by which more or less is released."""


def compare_policies(
    old: Mapping[str, PolicyContext],
    new: Mapping[str, PolicyContext],
    pairs: Mapping[str, str],
    reported: Reported,
) -> Iterator[Change]:
    """Yield renamed, moved, new and gone policies and releases, and what is reworded in others.

    Args:
        pairs: the new name of each old policy.
        reported: what these changes say of a policy or release is not said again.
    """
    touched = {policy for _kind, policy, _release in reported}
    for name, context in old.items():
        if name not in pairs and not _is_reported(reported, "policy", name):
            text = _("policy `{name}` is gone", name=name)
            if name not in touched:
                text += _("; others release all that it released")
            yield _change(context, "policy", ("policy",), text)
    for name, context in new.items():
        if name not in pairs.values() and not _is_reported(reported, "policy", name):
            text = _("policy `{name}` is new", name=name)
            if name not in touched:
                text += _("; others released all that it releases")
            yield _change(context, "policy", ("policy",), text)
    for then, now in pairs.items():
        yield from _compare_policy(old[then], new[now], reported)


def _is_reported(reported: Reported, kind: str, policy: str, release: str = "") -> bool:
    return any(change[:2] == (kind, policy) and release in ("", change[2]) for change in reported)


def _compare_policy(old: PolicyContext, new: PolicyContext, reported: Reported) -> Iterator[Change]:
    if old.name != new.name:
        text = _(
            "policy `{old}` is now called `{new}`, as its folder is", old=old.name, new=new.name
        )
        yield _change(new, "renamed", ("policy",), text)
    for kind, key, then, now in (
        ("processing-moved", "processing", old.policy.processing, new.policy.processing),
        ("direction-changed", "direction", old.policy.direction, new.policy.direction),
    ):
        if then != now and not _is_reported(reported, kind, new.name):
            text = _("policy `{name}` is {now}, was {then}", name=new.name, now=now, then=then)
            yield _change(new, kind, (key,), text, ChangeRisk.GROUND)
    if old.policy.motifs != new.policy.motifs:
        text = _("the motifs are other ones: {motifs}")
        said = {motif.text for motif in old.policy.motifs}
        motifs = [motif.text for motif in new.policy.motifs if motif.text not in said]
        text = text.format(motifs=" ; ".join(f"« {motif} »" for motif in motifs) or _("fewer"))
        place: DocumentPath = ("motifs",) if new.policy.motifs else ("policy",)
        yield _change(new, "reworded", place, text, ChangeRisk.GROUND)
    pairs = match_releases(old.policy, new.policy)
    touched = {release for _kind, policy, release in reported if policy in (old.name, new.name)}
    for i, release in enumerate(old.policy.releases):
        if i not in pairs and not _is_reported(reported, "release", old.name, release.id):
            text = _("release `{id}` is gone", id=release.id)
            if release.id not in touched:
                text += _("; others release all that it released")
            yield _change(old, "release", ("releases", i), text, release=release.id)
    for i, release in enumerate(new.policy.releases):
        if i not in pairs.values() and not _is_reported(reported, "release", new.name, release.id):
            text = _("release `{id}` is new", id=release.id)
            if release.id not in touched:
                text += _("; others released all that it releases")
            yield _change(new, "release", ("releases", i), text, release=release.id)
    for i, j in pairs.items():
        yield from _compare_release(old.policy.releases[i], new, j)


def _bound(release: Release) -> str:
    """The bound on risk as the policy writes it."""
    if release.risk is None:
        return _("the default")
    reason = f" « {release.risk.because} »" if release.risk.because else ""
    return f"{release.risk}{reason}"


def _compare_release(old: Release, context: PolicyContext, index: int) -> Iterator[Change]:
    new, ground = context.policy.releases[index], ChangeRisk.GROUND
    place: DocumentPath = ("releases", index)
    if old.id != new.id:
        text = _("release `{old}` is now called `{new}`, as its folder is", old=old.id, new=new.id)
        yield _change(context, "renamed", (*place, "id"), text, release=new.id)
    if old.rebuilds_nir != new.rebuilds_nir:
        if old.rebuilds_nir and new.rebuilds_nir:
            text = _("why the NIR may be rebuilt is reworded")
        elif new.rebuilds_nir:
            text = _("allowed to rebuild the NIR, was not allowed to rebuild the NIR")
        else:
            text = _("not allowed to rebuild the NIR, was allowed to rebuild the NIR")
        yield _change(context, "nir", (*place, "rebuilds_nir"), text, ground, release=new.id)
    if old.retention != new.retention:
        text = _("kept by rule `{now}` of R. 6323-39, was `{then}`")
        text = text.format(now=new.retention or _("none"), then=old.retention or _("none"))
        at = (*place, "retention") if new.retention else place
        yield _change(context, "retention", at, text, ChangeRisk.GROUND, release=new.id)
    if old.risk != new.risk:
        text = _("risk bounded by {now}, was {then}")
        text = text.format(now=_bound(new), then=_bound(old))
        at = (*place, "risk") if new.risk else place
        yield _change(context, "risk", at, text, ChangeRisk.GROUND, release=new.id)
    yield from _compare_pseudonyms(old, new, context, place)
    yield from _compare_canonical(old, new, context, place)
    yield from _compare_needs(old, new, context, place)
    yield from _compare_conditions(old, new, context, place)


def _compare_pseudonyms(
    old: Release, new: Release, context: PolicyContext, place: DocumentPath
) -> Iterator[Change]:
    for path, treatment in new.treat.items():
        before = old.treat.get(path)
        if not (treatment.pseudonymize and before and before.pseudonymize):
            continue
        then, now = before.pseudonymize, treatment.pseudonymize
        at: DocumentPath = (*place, "treat", path, "pseudonymize")
        made = [" ".join(filter(None, (made.method, made.kind))) for made in (then, now)]
        if made[0] != made[1]:
            text = _("pseudonym by {now}, was {then}: it matches no earlier one")
            text = text.format(now=made[1], then=made[0])
            yield _change(context, "nir", at, text, ChangeRisk.GROUND, (path,), new.id)
        if then.as_ != now.as_:
            text = _("pseudonym called `{now}`, was `{then}`", now=now.as_, then=then.as_)
            yield _change(context, "nir", at, text, ChangeRisk.GROUND, (path,), new.id)


def _compare_canonical(
    old: Release, new: Release, context: PolicyContext, place: DocumentPath
) -> Iterator[Change]:
    """The identifiers that are kept before and after, in another form."""
    before, after = needs_by_field(old), needs_by_field(new)
    for path in before.keys() & after.keys() & (old.treat.keys() | new.treat.keys()):
        treatments = [release.treat.get(path) for release in (old, new)]
        then, now = (treatment.canonical if treatment else None for treatment in treatments)
        if then == now or any(treatment and treatment.pseudonymize for treatment in treatments):
            continue
        text = _(
            "kept {now}, was kept {then}: values of the two do not join",
            now=_describe_form(now),
            then=_describe_form(then),
        )
        at: DocumentPath = (*place, "treat", path)
        yield _change(context, "nir", at, text, ChangeRisk.GROUND, (path,), new.id)


def _describe_form(width: int | None) -> str:
    return _("in its form of {count} characters", count=width) if width else _("as it comes")


def _compare_needs(
    old: Release, new: Release, context: PolicyContext, place: DocumentPath
) -> Iterator[Change]:
    """The reasons for which fields are kept that are new, reworded or gone."""
    before, after = needs_by_field(old), needs_by_field(new)
    fields: dict[tuple[DocumentPath, str], list[str]] = {}
    places: dict[str, DocumentPath] = {}
    for kept in kept_fields(new, place):
        places.setdefault(kept.path, kept.place)
        then = [*map(_reason, before.get(kept.path, ()))]
        now = [*map(_reason, after[kept.path])]
        if then and _reason(kept.need) not in then:
            gone = [reason for reason in then if reason not in now]
            key = (kept.place[:-2], _describe_rewording(_reason(kept.need), gone))
            fields.setdefault(key, []).append(kept.path)
    for path, needs in before.items():
        then, now = [*map(_reason, needs)], [*map(_reason, after.get(path, ()))]
        if now and set(now) < set(then):
            gone = [reason for reason in then if reason not in now]
            text = _("no longer for « {reason} »", reason=_describe_reason(gone[0]))
            fields.setdefault((places[path], text), []).append(path)
    for (at, text), paths in fields.items():
        yield _change(context, "reworded", at, text, ChangeRisk.GROUND, tuple(paths), new.id)


def _compare_conditions(
    old: Release, new: Release, context: PolicyContext, place: DocumentPath
) -> Iterator[Change]:
    """The conditions that test the same for another reason."""
    before: dict[tuple[str, str, object], list[Reason]] = {}
    for test in conditions_of(old, place):
        key = (test.field, _values(test.condition), test.place[2])
        before.setdefault(key, []).append(_reason(test.condition))
    for test in conditions_of(new, place):
        now = _reason(test.condition)
        then = before.get((test.field, _values(test.condition), test.place[2]), [now])
        if now not in then:
            text = _describe_rewording(now, then[:1])
            fields = (test.field,)
            yield _change(context, "reworded", test.place, text, ChangeRisk.GROUND, fields, new.id)


def _reason(owner: Need | Condition) -> Reason:
    bases = [owner.basis, owner.nir_basis if isinstance(owner, Need) else None]
    return owner.because, " ; ".join(shown_basis(basis) for basis in bases if basis)


def _values(condition: Condition) -> str:
    return ", ".join(sorted(map(repr, condition.in_)))


def _describe_rewording(now: Reason, gone: list[Reason]) -> str:
    if not gone:
        return _("also for « {reason} »", reason=_describe_reason(now))
    then = " ; ".join(map(_describe_reason, gone))
    return _("« {now} », was « {then} »", now=_describe_reason(now), then=then)


def _describe_reason(reason: Reason) -> str:
    because, basis = reason
    return f"{because} ({basis})" if basis else because


def _change(
    context: PolicyContext,
    kind: str,
    place: DocumentPath,
    text: str,
    risk: ChangeRisk = ChangeRisk.WORDING,
    fields: tuple[str, ...] = (),
    release: str = "",
) -> Change:
    problem = context.source.problem(place, text)
    return Change(kind, "none", risk, problem, context.name, release, fields=fields)
