"""What changed between two legal contents, in sentences as a lawyer agrees to them.

    release `evaluation`: the need « mesurer la dépense » no longer keeps `montant_total`
    release `evaluation`: `entree_le` is released without treatment, before: generalized to year

Every line that went or came is told in a sentence, but those of a field that is used no more, which
the sentence of its need tells.
"""

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import Any

from tamis.check.legal_content import read_lines
from tamis.documents.policy import TO_BE_CONFIRMED, Condition
from tamis.documents.wording import describe_generalization, describe_test, join, quote
from tamis.language import N_, _

Lines = Mapping[str, Any]
"""Values by the path of their line, below the part that they are of."""

_NEED = r"needs\[(.*?)\]\.(.+)"
_WHERE = r"where(\[.*?\])\.(.+)"
_ONLY = r"only\.(.+?\[.*?\])\.(.+)"
_WHEN = r"when(\[.*?\])\.(.+)"
_TREAT = r"treat\.(.+)\.((?:generalize|pseudonymize)\.\w+|redact|canonical)"
_ENTRY = r"entries\[(.*?)\]\.(.+)"
_EXCEPTION = r"exceptions\[(.*?)\]\.(.+)"
_PARTS = (_NEED, _WHERE, _ONLY, _TREAT, _ENTRY)

_LABELS = {
    "because": N_("reason"),
    "by": N_("who answers for it"),
    "attested": N_("what the entry stands on"),
    "carries_nir": N_("whether the partner carries the NIR"),
    "category": N_("category"),
    "direction": N_("direction"),
    "identifier": N_("identifier"),
    "identifies_anyway": N_("why a person is named all the same"),
    "item": N_("item"),
    "limited": N_("fields by which the list of limited persons is asked"),
    "motifs": N_("legal reasoning"),
    "name": N_("name of the processing"),
    "on_nir": N_("what a NIR in a record does"),
    "purpose": N_("purpose"),
    "rebuilds_nir": N_("why the NIR may be rebuilt"),
    "retention": N_("rule of retention"),
    "risk.below": N_("risk: share of persons in smaller groups, below"),
    "risk.because": N_("risk: why so weak a bound"),
    "risk.k": N_("risk: persons who are alike, at least"),
    "sensitive": N_("sensitive"),
    "slug": N_("processing"),
    "subject": N_("whose data it is"),
    "type": N_("type"),
    "until": N_("first day on which it holds no more"),
}
_ALLOWED = {
    "empty": N_("that no record is released"),
    "example": N_("a register entry that only illustrates"),
    "no-identifier": N_("to release without asking the list of limited persons"),
    "unconfirmed": N_("a legal basis that nobody has confirmed yet"),
}
"""What an exception allows, by its `what`."""

_CODES = ("attested", "carries_nir", "direction")
"""Keys whose values have words of their own."""


def describe_changes(old: str, new: str) -> list[str]:
    """Return what changed between two legal contents, a sentence a change, in the language in use.

    Example:
        >>> need = 'releases.a.needs[x].because = "payer"\\nreleases.a.item = "R6323-37.II"\\n'
        >>> old = need + 'releases.a.needs[x].keep = ["x"]'
        >>> describe_changes(old, old.replace("[x].b", "[x, y].b").replace('[x].keep = ["x"', \
'[x, y].keep = ["x", "y"'))
        ['release `a`: the need « payer » also keeps `y`']
    """
    then, now = read_lines(old), read_lines(new)
    releases = dict.fromkeys(_ids("releases", "item", then) + _ids("releases", "item", now))
    fields = dict.fromkeys(_ids("fields", "type", then) + _ids("fields", "type", now))
    sentences = [
        _("release `{release}`: {change}", release=name, change=sentence)
        for name in releases
        for sentence in _release(*(_below(f"releases.{name}.", side) for side in (then, now)))
    ]
    for path in fields:
        sentences += _field(path, *(_below(f"fields.{path}.", side) for side in (then, now)))
    of_parts = [f"releases.{name}." for name in releases] + [f"fields.{path}." for path in fields]
    rest = [
        {path: value for path, value in side.items() if not path.startswith(tuple(of_parts))}
        for side in (then, now)
    ]
    return sentences + list(_others(*rest))


def _ids(part: str, key: str, lines: Lines) -> list[str]:
    """The ids of releases, or the paths of fields, by the one line that each has."""
    pattern = re.compile(rf"{part}\.([^\[\]]+)\.{key}")
    return [match[1] for path in lines if (match := pattern.fullmatch(path))]


def _below(prefix: str, lines: Lines) -> Lines:
    return {
        path.removeprefix(prefix): value for path, value in lines.items() if path.startswith(prefix)
    }


def _grouped(pattern: str, lines: Lines) -> dict[str, Lines]:
    """The lines of each need, condition, treatment or entry, by what stands in its path."""
    groups: dict[str, dict[str, Any]] = defaultdict(dict)
    for path, value in lines.items():
        if match := re.fullmatch(pattern, path):
            groups[match[1]][match[2]] = value
    return dict(groups)


def _release(then: Lines, now: Lines) -> Iterator[str]:
    if not now:
        yield _("is gone, nothing is released by it any more")
        return
    if not then:
        yield _("is new")
    yield from _needs(*(_by_reason(_grouped(_NEED, side)) for side in (then, now)))
    yield from _conditions(_WHERE, then, now, "")
    yield from _conditions(_ONLY, then, now, "")
    for field, before, after in _pairs(*(_grouped(_TREAT, side) for side in (then, now))):
        if before:
            yield _(
                "`{field}` is released {now}, before: {then}",
                field=field,
                now=_treatment(after),
                then=_treatment(before),
            )
        else:
            yield _("`{field}` is released {now}", field=field, now=_treatment(after))
    for item, before, after in _pairs(*(_grouped(_ENTRY, side) for side in (then, now))):
        for change in _values(before, after):
            yield _("register entry for {item}: {change}", item=item, change=change)
    plain = [
        {path: value for path, value in side.items() if not _is_of_part(path)}
        for side in (then, now)
    ]
    yield from _values(*plain)


def _is_of_part(path: str) -> bool:
    return any(re.fullmatch(pattern, path) for pattern in _PARTS)


def _pairs(
    then: Mapping[str, Lines], now: Mapping[str, Lines]
) -> Iterator[tuple[str, Lines, Lines]]:
    """What is not the same on both sides; empty where it is not there."""
    for key in dict.fromkeys([*then, *now]):
        before, after = then.get(key, {}), now.get(key, {})
        if before != after:
            yield key, before, after


def _by_reason(needs: Mapping[str, Lines]) -> dict[str, Lines]:
    """Needs by their reason; those of one reason are one."""
    merged: dict[str, Lines] = {}
    for need in needs.values():
        reason = need.get("because", "")
        known = merged.get(reason, {})
        keep = [*known.get("keep", []), *need.get("keep", [])]
        merged[reason] = {**known, **need, "keep": keep}
    return merged


def _needs(then: Mapping[str, Lines], now: Mapping[str, Lines]) -> Iterator[str]:
    pairs = {reason: reason for reason in then if reason in now}
    fresh = [reason for reason in now if reason not in then]
    for reason in then:
        if reason in pairs:
            continue
        same = [other for other in fresh if now[other]["keep"] == then[reason]["keep"]]
        if same:
            fresh.remove(same[0])
            pairs[reason] = same[0]
            yield _("the need {need} is worded anew: {now}", need=quote(reason), now=quote(same[0]))
        else:
            kept = join(then[reason]["keep"])
            yield _("the need {need} is gone: it kept {fields}", need=quote(reason), fields=kept)
    for reason in fresh:
        kept = join(now[reason]["keep"])
        yield _("the need {need} is new: it keeps {fields}", need=quote(reason), fields=kept)
        yield from _need(reason, {"keep": now[reason]["keep"]}, now[reason])
    for before, after in pairs.items():
        yield from _need(after, then[before], now[after])


def _need(reason: str, then: Lines, now: Lines) -> Iterator[str]:
    """What changed in a need but its wording."""
    need = quote(reason)
    if more := [path for path in now["keep"] if path not in then["keep"]]:
        yield _("the need {need} also keeps {fields}", need=need, fields=join(more))
    if fewer := [path for path in then["keep"] if path not in now["keep"]]:
        yield _("the need {need} no longer keeps {fields}", need=need, fields=join(fewer))
    before, after = _basis("basis", then), _basis("basis", now)
    if before != after:
        yield _("the need {need} has the basis {now}, before: {then}", need=need,
                now=after or _("none"), then=before or _("none"))  # fmt: skip
    before, after = _basis("nir_basis", then), _basis("nir_basis", now)
    if before != after:
        yield _("the need {need} keeps the NIR on the ground {now}, before: {then}", need=need,
                now=after or _("none"), then=before or _("none"))  # fmt: skip
    yield from _conditions(_WHEN, then, now, need)


def _conditions(pattern: str, then: Lines, now: Lines, need: str) -> Iterator[str]:
    for key, before, after in _pairs(*(_grouped(pattern, side) for side in (then, now))):
        list_path = key.partition("[")[0]
        was, is_ = (_condition(list_path, lines, need) for lines in (before, after))
        if not before:
            yield _("new condition: {condition}", condition=is_)
        elif not after:
            yield _("condition dropped: {condition}", condition=was)
        else:
            earlier = _test(before) if _reason(before) == _reason(after) else was
            yield _("condition changed: {now}; before: {then}", now=is_, then=earlier)


def _condition(list_path: str, lines: Lines, need: str) -> str:
    """A condition as a sentence, with its reason; empty for none."""
    if not lines:
        return ""
    test, reason = _test(lines), _reason(lines)
    if need:
        return _("the need {need} keeps its fields only if {test} ({reason})", need=need,
                 test=test, reason=reason)  # fmt: skip
    if list_path:
        return _("of the list `{list}` only elements are kept in which {test} ({reason})",
                 list=list_path, test=test, reason=reason)  # fmt: skip
    return _("a record is released only if {test} ({reason})", test=test, reason=reason)


def _test(lines: Lines) -> str:
    tested = {key: lines[key] for key in ("field", "in", "present") if key in lines}
    return describe_test(Condition.model_validate(tested))


def _reason(lines: Lines) -> str:
    """Why a condition is there, and its basis."""
    return _("; ").join(filter(None, [quote(lines.get("because", "")), _basis("basis", lines)]))


def _basis(key: str, lines: Lines) -> str:
    """A legal basis in words; empty for none."""
    parts = _below(f"{key}.", lines)
    if not parts:
        return ""
    ground = [f"RGPD art. {parts['rgpd']}"] if "rgpd" in parts else []
    basis = ", ".join([*ground, parts.get("text", "")])
    return _(TO_BE_CONFIRMED, basis=basis) if parts.get("status") == "to-confirm" else basis


def _treatment(lines: Lines) -> str:
    """What happens to a value, in words."""
    if "pseudonymize.as" in lines:
        return _("as the pseudonym `{name}`", name=lines["pseudonymize.as"]) + "".join(
            f", {lines[key]}"
            for key in ("pseudonymize.kind", "pseudonymize.method")
            if key in lines
        )
    if "canonical" in lines:
        return _("in its form of {count} characters", count=lines["canonical"])
    if lines.get("redact") == "nir":
        return _("with its NIRs masked")
    parts = (lines.get(f"generalize.{key}") for key in ("to", "step", "prefix"))
    return describe_generalization(*parts) or _("without treatment")


def _field(path: str, then: Lines, now: Lines) -> Iterator[str]:
    """What the schema says of a field; of one that is used no more, nothing."""
    if now:
        for change in _values(then, now):
            yield _("the schema says of `{field}`: {change}", field=path, change=change)


def _others(then: Lines, now: Lines) -> Iterator[str]:
    """Law, register, exceptions, reasoning."""
    before, after = ([str(text) for text in side.get("motifs", [])] for side in (then, now))
    for text in after:
        if text not in before:
            yield _("legal reasoning, new: {text}", text=quote(text))
    for text in before:
        if text not in after:
            yield _("legal reasoning, gone: {text}", text=quote(text))
    for _title, past, present in _pairs(*(_grouped(_EXCEPTION, side) for side in (then, now))):
        lines = present or past
        what = str(lines["what"])
        allowed = _(_ALLOWED.get(what, what))
        if not present:
            yield _("the exception that allowed {what} is gone", what=allowed)
            continue
        if not past:
            yield _(
                "new exception, which allows {what}: {reason}; {by} answers for it",
                what=allowed,
                reason=quote(lines["because"]),
                by=lines["by"],
            )
            continue
        for change in _values(past, present):
            yield _("exception that allows {what}: {change}", what=allowed, change=change)
    plain = (
        {
            path: value
            for path, value in side.items()
            if path != "motifs" and not re.fullmatch(_EXCEPTION, path)
        }
        for side in (then, now)
    )
    yield from _values(*plain)


def _values(then: Lines, now: Lines) -> Iterator[str]:
    """One sentence a value that is another one."""
    for path in dict.fromkeys([*then, *now]):
        if then.get(path) == now.get(path):
            continue
        key, label = path.removeprefix("processing."), _label(path)
        if path not in then:
            yield _("{label}: {value}", label=label, value=_value(key, now[path]))
        else:
            before, after = _value(key, then[path]), _value(key, now.get(path))
            yield _("{label}: {now}, before: {then}", label=label, now=after, then=before)


def _label(path: str) -> str:
    """What a line is about, in words; its path where it has none."""
    part, _dot, name = path.partition(".")
    key = path.removeprefix("processing.")
    if key in _LABELS:
        return _(_LABELS[key])
    if part == "law":
        return _("version of {article} in force", article=name)
    if part == "own_law":
        return _("words of {article} in the project's own law", article=name)
    if part == "unread":
        return _("version of {text} that nobody has read", text=name)
    return f"`{path}`"


def _value(key: str, value: Any) -> str:
    match value:
        case None:
            return _("none")
        case bool():
            return _("yes") if value else _("no")
        case int():
            return str(value)
        case str() if key in _CODES:
            return _(value)
        case str() if " " in value:
            return quote(value)
        case list():
            return join(map(str, value)) or _("none")
    return f"`{value}`"
