"""What must not be: conditions on what a run or a dry run finds, under which its answer is no.

`FAIL_ON` is the one table of them. A run that meets one, or lets nothing pass at all, commits
nothing:

    nothing is committed, as --fail-on asks: drift (unknown columns: nom; missing columns: prenom)
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from tamis.documents.law import Attested
from tamis.errors import RefusedError, UsageError
from tamis.evidence.receipt import Receipt
from tamis.evidence.wording import quarantine_lines, repeated_lines
from tamis.language import N_, _
from tamis.plan.plan import Plan

Command = Literal["run", "dry-run", "stream"]

_SHARE = re.compile(r"(\d{1,3}(?:\.\d{1,9})?)%")
_MOST_CAUSES = 3


@dataclass(frozen=True)
class RunFindings:
    """What a run or a dry run found.

    Attributes:
        receipt: its counts; of a run that is not committed yet, as it would be.
        retyped: columns that have another type in a Parquet file than in the schema.
        undeclared: columns that carry NIRs though the schema declares none there; None if nobody
            looked.
        risky: releases in which more persons than their bound allows are like few others, in words;
            None if nobody measured.
        marks: by condition, fields whose released values say more than their marks, in words; None
            if nobody measured.
        newly_carried: fields that records carry now and not under the other project's policy; None
            if nobody compared.
    """

    receipt: Receipt
    retyped: Sequence[str] = ()
    undeclared: Sequence[str] | None = None
    risky: Sequence[str] | None = None
    marks: Mapping[str, Sequence[str]] | None = None
    newly_carried: Sequence[str] | None = None

    def meeting(self, conditions: "Iterable[FailOn]") -> list[str]:
        """The conditions that are met, each with what was found, in words."""
        return [text for condition in conditions if (text := condition.find(self))]


@dataclass(frozen=True)
class _Kind:
    """One of the conditions.

    Attributes:
        meaning: when it is met, for a list of them all.
        find: what was found, in words; empty if nothing. Of one with a share, for more than it.
        takes_share: whether `=5%` may stand behind its name.
        commands: that can judge it.
    """

    meaning: str
    find: Callable[[RunFindings, Decimal], str]
    takes_share: bool = False
    commands: tuple[Command, ...] = ("run", "dry-run")


def _drift(findings: RunFindings, _share: Decimal) -> str:
    drift = findings.receipt.drift
    kinds = {
        _("unknown columns: {columns}"): drift.unknown,
        _("missing columns: {columns}"): drift.missing,
        _("columns of another type: {columns}"): findings.retyped,
    }
    return _("; ").join(
        text.format(columns=", ".join(columns)) for text, columns in kinds.items() if columns
    )


def _share_of(disposition: str) -> Callable[[RunFindings, Decimal], str]:
    def find(findings: RunFindings, share: Decimal) -> str:
        counts = findings.receipt.counts
        records, total = getattr(counts, disposition), counts.in_
        if not records or records * 100 <= share * total:
            return ""
        return _("{records} of {total:# record|# records}", records=records, total=total)

    return find


def _redacted(findings: RunFindings, _share: Decimal) -> str:
    return ", ".join(
        _("{count:# NIR|# NIRs} in {field}", count=count, field=field)
        for release in findings.receipt.releases.values()
        for field, count in release.redacted.items()
        if count
    )


def _anomaly(findings: RunFindings, _share: Decimal) -> str:
    counts = findings.receipt.anomalies.items()
    return ", ".join(f"{name}: {count}" for name, count in counts if count)


def _unattested(findings: RunFindings, _share: Decimal) -> str:
    releases = findings.receipt.releases.items()
    return _not_read((name, release.attested) for name, release in releases)


def _not_read(releases: Iterable[tuple[str, Attested]]) -> str:
    return ", ".join(f"{name}: {attested}" for name, attested in releases if attested != "read")


def _listed(finding: str) -> Callable[[RunFindings, Decimal], str]:
    return lambda findings, _share: ", ".join(getattr(findings, finding) or ())


def _against_marks(condition: str) -> Callable[[RunFindings, Decimal], str]:
    return lambda findings, _share: _("; ").join((findings.marks or {}).get(condition, ()))


def _repeated(findings: RunFindings, _share: Decimal) -> str:
    return ", ".join(repeated_lines(findings.receipt))


FAIL_ON: Mapping[str, _Kind] = {
    "drift": _Kind(
        N_("a column is unknown, missing, or has another type in a Parquet file"), _drift
    ),
    "quarantine": _Kind(
        N_("a record is quarantined; `quarantine=5%`: more than 5% of the records are"),
        _share_of("quarantined"),
        takes_share=True,
    ),
    "withheld": _Kind(
        N_("a record is withheld; `withheld=50%`: more than 50% of the records are"),
        _share_of("withheld"),
        takes_share=True,
    ),
    "redacted": _Kind(N_("a NIR is redacted in free text"), _redacted),
    "anomaly": _Kind(
        N_("readers or filter count something odd, such as a NIR received under III"), _anomaly
    ),
    "unattested": _Kind(
        N_("a release stands on a register entry that is not `read`"),
        _unattested,
        commands=("run", "dry-run", "stream"),
    ),
    "undeclared-nir": _Kind(
        N_(
            "a released column carries NIRs and declares none; with `--profile-dropped` dropped "
            "and unknown ones are looked at too"
        ),
        _listed("undeclared"),
    ),
    "undeclared-identifier": _Kind(
        N_(
            "nearly each of 2,000 values or more of a released text or integer is one person's "
            "own, and the field is not `direct`; moments and amounts apart"
        ),
        _against_marks("undeclared-identifier"),
    ),
    "free-text": _Kind(
        N_("a released text is free text, and the schema does not say so"),
        _against_marks("free-text"),
    ),
    "contact": _Kind(
        N_("released values hold e-mail addresses, phone numbers or IBANs in a field not `direct`"),
        _against_marks("contact"),
    ),
    "birth": _Kind(
        N_(
            "released days spread like dates of birth in a field that is no `nir_part: birth`, or "
            "is marked `none`"
        ),
        _against_marks("birth"),
    ),
    "risk": _Kind(
        N_(
            "too many persons have too few like them in what a release under III lets pass: its "
            "`risk`, by default that of III 2°"
        ),
        _listed("risky"),
    ),
    "repeated-input": _Kind(
        N_("another run released the same input under the same policy and release"),
        _repeated,
        commands=("run",),
    ),
    "newly-carried": _Kind(
        N_("a record carries a field that it did not carry under the project of `--against`"),
        _listed("newly_carried"),
        commands=("dry-run",),
    ),
}
"""By name, the conditions that `--fail-on` may name, in the order in which they are told."""

_WHY_NOT: Mapping[Command, str] = {
    "run": N_("`--fail-on {name}`: a run cannot tell it, a dry run can"),
    "dry-run": N_("`--fail-on {name}`: a dry run cannot tell it, a run can"),
    "stream": N_(
        "`--fail-on {name}`: a stream commits while it reads, only `unattested` can be told before"
    ),
}


@dataclass(frozen=True)
class FailOn:
    """A condition as it was asked for.

    Attributes:
        name: in `FAIL_ON`.
        share: percentage that must be exceeded; 0 means one is enough.

    Example:
        >>> FailOn.parse("quarantine=5%", "run")
        FailOn(name='quarantine', share=Decimal('5'))
    """

    name: str
    share: Decimal = Decimal(0)

    @classmethod
    def parse(cls, text: str, command: Command) -> "FailOn":
        """Read `drift` or `quarantine=5%`.

        Raises:
            UsageError: there is no such condition, or the command cannot judge it.
        """
        name, equals, share = text.partition("=")
        kind = FAIL_ON.get(name)
        if kind is None:
            raise UsageError(
                _(
                    "`--fail-on {name}`: must be one of {known}",
                    name=text,
                    known=", ".join(FAIL_ON),
                )
            )
        if command not in kind.commands:
            raise UsageError(_(_WHY_NOT[command], name=name))
        if not equals:
            return cls(name)
        match = _SHARE.fullmatch(share)
        if not kind.takes_share or match is None or Decimal(match[1]) > 100:
            raise UsageError(
                _(
                    "`--fail-on {text}`: a share must be of `quarantine` or `withheld`, and at "
                    "most 100%, as in `quarantine=5%`",
                    text=text,
                )
            )
        return cls(name, Decimal(match[1]))

    def find(self, findings: RunFindings) -> str:
        """What was found of it, in words; empty if the condition is not met."""
        found = FAIL_ON[self.name].find(findings, self.share)
        return f"{self.name} ({found})" if found else ""


def parse_fail_on(texts: Iterable[str], command: Command) -> tuple[FailOn, ...]:
    """Read conditions, each once.

    Raises:
        UsageError: one is unknown, or the command cannot judge it.
    """
    return tuple(dict.fromkeys(FailOn.parse(text, command) for text in texts))


def check_attested(plan: Plan, conditions: Iterable[FailOn]) -> None:
    """Let a stream begin, of which nothing but its plan can be told before.

    Raises:
        RefusedError: `unattested` is asked for and met.
    """
    found = _not_read((release.id, release.attested) for release in plan.releases)
    if found and any(condition.name == "unattested" for condition in conditions):
        raise RefusedError(
            _("nothing is committed, as --fail-on asks: unattested ({found})", found=found)
        )


@dataclass(frozen=True)
class Guards:
    """Under which conditions a batch run is not committed.

    Attributes:
        fail_on: conditions that must not be met, such as `drift` or `quarantine=5%`.
        allow_empty: whether it is committed though nothing is released and records are quarantined.

    Raises:
        UsageError: there is no such condition, or a run cannot tell it.

    Example:
        >>> Guards(("drift",)).asks("drift")
        True
    """

    fail_on: tuple[str, ...] = ()
    allow_empty: bool = False

    def __post_init__(self) -> None:
        parse_fail_on(self.fail_on, "run")

    def asks(self, *names: str) -> bool:
        """Whether one of these conditions is asked for."""
        return any(condition.name in names for condition in parse_fail_on(self.fail_on, "run"))

    def check(self, findings: RunFindings) -> None:
        """Let a run pass that may be committed.

        Raises:
            RefusedError: it may not.
        """
        if found := findings.meeting(parse_fail_on(self.fail_on, "run")):
            raise RefusedError(
                _("nothing is committed, as --fail-on asks: {found}", found=_("; ").join(found))
            )
        counts = findings.receipt.counts
        if counts.quarantined and not counts.released and not self.allow_empty:
            lines = quarantine_lines(findings.receipt)
            raise RefusedError(
                _(
                    "nothing is committed: of {records:# record|# records} none is "
                    "released, {quarantined:# is|# are} quarantined ({causes}); mend "
                    "feed or schema, or give --allow-empty",
                    records=counts.in_,
                    quarantined=counts.quarantined,
                    causes=_("; ").join(lines[:_MOST_CAUSES])
                    + ("; …" * (len(lines) > _MOST_CAUSES)),
                )
            )


USUAL_GUARDS = Guards()
"""Those of a run of which nothing else is said: it must release something."""
