"""What changed in a policy without more or less being released: names, reasons, pseudonyms."""

from collections.abc import Iterator, Mapping

from tamis.diff.change import Change, Risk
from tamis.diff.matching import match_releases
from tamis.documents.context import Subject, keeps_of, needs_by_field, tests_of
from tamis.documents.policy import Release
from tamis.documents.positions import Path_

Reason = tuple[str, str]
"""A `because` and a `basis`."""


def compare_policies(
    old: Mapping[str, Subject],
    new: Mapping[str, Subject],
    pairs: Mapping[str, str],
    told: set[tuple[str, str, str]],
) -> Iterator[Change]:
    """Renamed, moved, new and gone policies and releases, and what was reworded in the others.

    Args:
        pairs: the new name of each old policy.
        told: kind, policy and release of the changes by which more or less is released: what they
            tell is not told again.
    """
    for name, subject in old.items():
        if name not in pairs and not _is_told(told, "policy", name):
            text = f"policy `{name}` is gone; all that it released is released by others"
            yield _change(subject, "policy", ("policy",), text)
    for name, subject in new.items():
        if name not in pairs.values() and not _is_told(told, "policy", name):
            text = f"policy `{name}` is new; all that it releases was released by others"
            yield _change(subject, "policy", ("policy",), text)
    for then, now in pairs.items():
        yield from _compare_policy(old[then], new[now], told)


def _is_told(told: set[tuple[str, str, str]], kind: str, policy: str, release: str = "") -> bool:
    return any(one[:2] == (kind, policy) and release in ("", one[2]) for one in told)


def _compare_policy(
    old: Subject, new: Subject, told: set[tuple[str, str, str]]
) -> Iterator[Change]:
    if old.name != new.name:
        text = f"policy `{old.name}` is called `{new.name}` now, and so is its folder in the store"
        yield _change(new, "renamed", ("policy",), text)
    for kind, part, then, now in (
        ("processing-moved", "processing", old.policy.processing, new.policy.processing),
        ("direction-changed", "direction", old.policy.direction, new.policy.direction),
    ):
        if then != now and not _is_told(told, kind, new.name):
            text = f"policy `{new.name}` is {now}, was {then}"
            yield _change(new, kind, (part,), text, Risk.GROUND)
    pairs = match_releases(old.policy, new.policy)
    for i, release in enumerate(old.policy.releases):
        if i not in pairs and not _is_told(told, "release", old.name, release.id):
            text = f"release `{release.id}` is gone; all that it released is released by others"
            yield _change(old, "release", ("releases", i), text, release=release.id)
    for i, release in enumerate(new.policy.releases):
        if i not in pairs.values() and not _is_told(told, "release", new.name, release.id):
            text = f"release `{release.id}` is new; all that it releases was released by others"
            yield _change(new, "release", ("releases", i), text, release=release.id)
    for i, j in pairs.items():
        yield from _compare_release(old.policy.releases[i], new, j)


def _compare_release(old: Release, subject: Subject, index: int) -> Iterator[Change]:
    new = subject.policy.releases[index]
    place: Path_ = ("releases", index)
    if old.id != new.id:
        text = f"release `{old.id}` is called `{new.id}` now, and so is its folder in the store"
        yield _change(subject, "renamed", (*place, "id"), text, release=new.id)
    if old.rebuilds_nir != new.rebuilds_nir:
        said = {True: "allowed to rebuild the NIR", False: "not allowed to rebuild the NIR"}
        text = f"{said[bool(new.rebuilds_nir)]}, was {said[bool(old.rebuilds_nir)]}"
        risk = Risk.GROUND
        if old.rebuilds_nir and new.rebuilds_nir:
            text, risk = "why the NIR may be rebuilt is reworded", Risk.WORDING
        at = (*place, "rebuilds_nir")
        yield _change(subject, "nir", at, text, risk, release=new.id)
    yield from _compare_pseudonyms(old, new, subject, place)
    yield from _compare_reasons(old, new, subject, place)


def _compare_pseudonyms(
    old: Release, new: Release, subject: Subject, place: Path_
) -> Iterator[Change]:
    for path, treatment in new.treat.items():
        before = old.treat.get(path)
        if not (treatment.pseudonymize and before and before.pseudonymize):
            continue
        then, now = before.pseudonymize, treatment.pseudonymize
        at: Path_ = (*place, "treat", path, "pseudonymize")
        if then.method != now.method:
            text = f"pseudonym by {now.method}, was {then.method}: it matches no earlier one"
            yield _change(subject, "nir", at, text, Risk.GROUND, (path,), new.id)
        if then.as_ != now.as_:
            text = f"pseudonym called `{now.as_}`, was `{then.as_}`"
            yield _change(subject, "nir", at, text, Risk.GROUND, (path,), new.id)


def _compare_reasons(
    old: Release, new: Release, subject: Subject, place: Path_
) -> Iterator[Change]:
    before, after = needs_by_field(old), needs_by_field(new)
    fields: dict[tuple[Path_, str], list[str]] = {}
    for keep in keeps_of(new, place):
        if keep.path not in before:
            continue
        then = [(one.because, one.basis) for one in before[keep.path]]
        now = [(one.because, one.basis) for one in after[keep.path]]
        reason = (keep.need.because, keep.need.basis)
        if reason not in then:
            gone = [one for one in then if one not in now]
            key = (keep.place[:-2], _say_reworded(reason, gone))
            fields.setdefault(key, []).append(keep.path)
    for path, needs in before.items():
        then = [(one.because, one.basis) for one in needs]
        now = [(one.because, one.basis) for one in after.get(path, ())]
        if now and set(now) < set(then):
            at = next(keep.place for keep in keeps_of(new, place) if keep.path == path)
            gone = [one for one in then if one not in now]
            fields.setdefault((at, f"no longer for « {_say_reason(gone[0])} »"), []).append(path)
    for (at, text), paths in fields.items():
        yield _change(subject, "reworded", at, text, fields=tuple(paths), release=new.id)
    reasons = {
        (test.field, _values(test.condition.in_), test.place[2]): test.condition
        for test in tests_of(old, place)
    }
    for test in tests_of(new, place):
        was = reasons.get((test.field, _values(test.condition.in_), test.place[2]))
        if was is None:
            continue
        now_said = (test.condition.because, test.condition.basis)
        if now_said != (was.because, was.basis):
            text = _say_reworded(now_said, [(was.because, was.basis)])
            yield _change(
                subject, "reworded", test.place, text, fields=(test.field,), release=new.id
            )


def _values(values: tuple[object, ...]) -> str:
    return ", ".join(sorted(map(repr, values)))


def _say_reworded(now: Reason, gone: list[Reason]) -> str:
    if not gone:
        return f"also for « {_say_reason(now)} »"
    return f"« {_say_reason(now)} », was « {' ; '.join(map(_say_reason, gone))} »"


def _say_reason(reason: Reason) -> str:
    because, basis = reason
    return f"{because} ({basis})" if basis else because


def _change(
    subject: Subject,
    kind: str,
    place: Path_,
    text: str,
    risk: Risk = Risk.WORDING,
    fields: tuple[str, ...] = (),
    release: str = "",
) -> Change:
    problem = subject.source.problem(place, text)
    return Change(kind, "none", risk, problem, subject.name, release, fields=fields)
