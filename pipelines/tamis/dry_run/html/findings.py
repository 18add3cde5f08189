"""What to look at first: findings by severity, each with what to do and where to read on."""

from collections.abc import Iterator
from typing import Literal, NamedTuple

from markupsafe import Markup

from tamis.dry_run.html.markup import code
from tamis.dry_run.html.speech import Speech
from tamis.dry_run.models import Count, Risk
from tamis.dry_run.result import DryRun
from tamis.evidence.columns import stops

MOST_QUARANTINED = 0.05
"""The share of quarantined records above which something must be done."""

MOST_ALONE = 0.05
"""The same of persons who are alone, under paragraph III where the policy asks nothing."""

_NAMED = 3


class Finding(NamedTuple):
    """Something that stands out.

    Attributes:
        kind: `stop` where something must be done before data may pass, `look` else.
        section: where the page says more of it.
        sentence: what it is.
        advice: what to do.
    """

    kind: Literal["stop", "look"]
    section: str
    sentence: Markup
    advice: Markup


def find_all(say: Speech, result: DryRun) -> list[Finding]:
    """What stands out of a dry run, the gravest first."""
    return sorted(
        [
            *_of_risk(say, result),
            *_of_records(say, result),
            *_of_ground(say, result),
            *_of_fields(say, result),
            *_of_inputs(say, result),
        ],
        key=lambda finding: finding.kind != "stop",
    )


def _find(say: Speech, key: str, section: str, *, is_grave: bool = False, **values: str) -> Finding:
    return Finding(
        "stop" if is_grave else "look",
        section,
        say(f"find-{key}", **values),
        say(f"do-{key}", **values),
    )


def _of_risk(say: Speech, result: DryRun) -> Iterator[Finding]:
    for name, risk in result.risk.items():
        release = result.releases.get(name)
        if risk.within is False:
            yield _find(
                *(say, "risk", "risk"),
                is_grave=True,
                release=code(name),
                share=_share(say, risk.small_share, risk.small),
                k=say.number(risk.k),
                below=say.percent(risk.below or ""),
            )
        elif risk.unique != 0 and release is not None and release.nir == "absent":
            yield _find(
                *(say, "unique", "risk"),
                is_grave=risk.within is None and _is_too_many(risk, release.item),
                release=code(name),
                share=_share(say, risk.unique_share, risk.unique),
            )
    if result.marks:
        fields = dict.fromkeys(finding.field for finding in result.marks)
        yield _find(say, "marks", "risk", is_grave=True, fields=_names(say, [*fields]))
    if result.lowered:
        yield _find(say, "lowered", "risk", marks=say.number(len(result.lowered)))


def _is_too_many(risk: Risk, item: str) -> bool:
    """Whether so many persons alone are too many where the policy asks nothing."""
    return item == "R6323-37.III.2" or (risk.unique_share or 0) > MOST_ALONE


def _of_records(say: Speech, result: DryRun) -> Iterator[Finding]:
    counts = result.counts
    if counts.quarantined and not counts.released:
        yield _find(say, "not-committed", "records", is_grave=True, option=code("--allow-empty"))
    elif not counts.released:
        yield _find(say, "nothing-released", "records")
    if counts.quarantined:
        yield _find(
            *(say, "quarantine", "records"),
            is_grave=counts.quarantined > MOST_QUARANTINED * counts.in_,
            share=say.share(counts.quarantined, counts.in_),
        )
    others = 0
    for name in result.anomalies:
        kind, _colon, column = name.partition(":")
        if say.get(f"find-{kind}") is None:
            others += 1
        else:
            yield _find(say, kind, "records", is_grave=stops(name), column=code(column))
    if others:
        yield _find(say, "anomalies", "records", kinds=say.number(others))


def _of_ground(say: Speech, result: DryRun) -> Iterator[Finding]:
    partner = result.processing
    marks = {row.attested for row in result.register_}
    if "example" in marks:
        yield _find(say, "example", "ground", is_grave=True)
    if result.bases_to_confirm:
        bases = say.number(len(result.bases_to_confirm))
        yield _find(say, "to-confirm", "sign", is_grave=True, bases=bases)
    for text in result.unread:
        yield _find(
            *(say, "unread", "sign"),
            is_grave=True,
            text=text.reference,
            day=say.day(text.from_),
        )
    if result.review.status not in ("covers", "missing"):
        yield _find(say, "approval", "sign", is_grave=True)
    if marks & {"superseded", "inferred"}:
        yield _find(say, "unattested", "ground")
    if partner.carries_nir == "unknown":
        yield _find(say, "partner-unknown", "ground")
    if any(
        release.stated.item is not None and release.stated.item.purposes_link == "inferred"
        for release in result.releases.values()
    ):
        yield _find(say, "inferred", "ground")
    if any(release.stated.retention is None for release in result.releases.values()):
        yield _find(say, "retention", "ground")
    if result.replay:
        yield _find(say, "replay", "ground", day=say.day(result.day))
    if result.valid_until:
        yield _find(say, "until", "ground", day=say.day(result.valid_until))


def _of_fields(say: Speech, result: DryRun) -> Iterator[Finding]:
    if sensitive := result.sensitive:
        yield _find(say, "sensitive", "fields", fields=_names(say, sensitive))


def _of_inputs(say: Speech, result: DryRun) -> Iterator[Finding]:
    if result.profile and result.profile.undeclared:
        columns = say.count(len(result.profile.undeclared), "column")
        yield _find(say, "undeclared", "inputs", is_grave=True, columns=columns)
    if not result.sample.complete:
        yield _find(say, "sample", "inputs")
    if result.drift.any:
        drift = result.drift
        count = len(drift.unknown) + len(drift.missing) + len(drift.retyped)
        yield _find(say, "drift", "inputs", columns=say.count(count, "column"))


def _share(say: Speech, share: float | None, count: Count) -> str:
    """A share in percent; where it is hidden, the count as it is told."""
    return say.number(count) if share is None else say.share(round(share * 10_000), 10_000)


def _names(say: Speech, fields: list[str]) -> Markup:
    """The first fields by name, the others by how many they are."""
    names = [code(name) for name in fields[:_NAMED]]
    if len(fields) > _NAMED:
        names.append(say("and-more", fields=say.count(len(fields) - _NAMED, "field")))
    return Markup(", ").join(names)
