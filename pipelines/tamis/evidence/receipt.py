"""The receipt: the evidence of one run, as counts and digests, never values.

It says that the run conformed to the documents as declared, not that the law was obeyed, and it
is not the log of art. R. 6323-40. Its shape:

    {"run": "2026-11-23-dsn", "policy": "dsn-droits", "plan_sha256": "3f…", "day": "2026-11-23",
     "counts": {"in": 5, "released": 3, "withheld": 0, "quarantined": 2},
     "releases": {"droits": {"item": "R6323-37.I.1", "rows": 3, "files": […], …}}, …}
"""

import datetime
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from pydantic import Field

from tamis.documents.calendar import day_of
from tamis.documents.law import Attested, Origin, Status
from tamis.errors import RunError
from tamis.evidence.allowed import (
    AllowedPart,
    ApprovalPart,
    allowed_part,
    allowed_parts,
    approval_part,
)
from tamis.evidence.causes import CausePart, UnmetPart, cause_parts, unmet_parts
from tamis.evidence.columns import column_anomalies
from tamis.evidence.limited import LimitedPart
from tamis.evidence.part import Natural, Part
from tamis.filter.drift import told_counts, told_names
from tamis.filter.tally import Tally
from tamis.language import N_, _
from tamis.limits import USUAL
from tamis.plan.plan import Plan

TOOL = "tamis"

ATTESTED = {
    "read": N_("its current wording was read"),
    "superseded": N_("an earlier wording was read, not the current one"),
    "inferred": N_("the Code states the flow, the list was not read"),
    "example": N_("made to illustrate, no such entry is known"),
}
"""What a register entry stands on, in words."""


class ProcessingPart(Part):
    """The partner of the flow."""

    slug: str
    carries_nir: bool | Literal["unknown"]


class InputPart(Part):
    """An input as it was read; no digest where a dry run did not read it to its end.

    A file that many workers read has `sha256_tree`, over blocks of 64 MiB, in place of `sha256`.

    Of a stream, a partition: messages from offset `first` to before `next`. There is no digest of
    them, for that of a few small messages could be guessed back to what they say.

    Attributes:
        released_before: the run that released the same bytes under the same policy and release
            already, the last one by its id; None if no receipt that was looked at names them.
    """

    uri: str
    rows: Natural
    bytes: Natural
    sha256: str | None = None
    sha256_tree: str | None = None
    first: Natural | None = None
    next: Natural | None = None
    released_before: str | None = None

    @property
    def digest(self) -> str:
        """The digest of the input, of whichever kind; empty where there is none."""
        return self.sha256_tree or self.sha256 or ""


class Counts(Part):
    """Records by disposition: `in = released + withheld + quarantined`."""

    in_: Natural = Field(alias="in")
    released: Natural
    withheld: Natural
    quarantined: Natural


class FieldPart(Part):
    """What became of a field of the schema in one release, and why."""

    fate: Literal["kept", "pseudonymized", "generalized", "redacted", "stripped", "dropped"]
    because: str


class FilePart(Part):
    """A file of the store, its path relative to the store."""

    path: str
    rows: Natural
    sha256: str


Files: TypeAlias = Mapping[str | None, list[FilePart]]
"""By release id, the files or tables that hold its rows; None is the quarantine."""


class RiskPart(Part):
    """The share of persons whom few others are like, where the run measured it.

    Attributes:
        k: persons who must be alike.
        below: what the share must be below; None where nothing bounds it.
        small_share: of persons in groups of fewer than `k`; None where the number is hidden.
        at_most: its upper bound, 99 times of 100, where not all were counted.
        within: whether the bound is kept.
    """

    k: Natural
    below: str | None = None
    small_share: float | None = None
    at_most: float | None = None
    within: bool | None = None


class ReleasePart(Part):
    """One release of the run.

    Attributes:
        status: whether a lawyer confirmed what it rests on; None in older receipts.
        retention: the rule of R. 6323-39 that its policy names, if it names one.
        to_confirm: what it rests on that nobody answered for yet; None where there is nothing.
        measured_risk: under `--fail-on risk`, what was measured; None where nothing was.
        smallest_unit: where rows must not tell their order, how many the smallest unit has that was
            put in order: of two releases of one unit, one row in so many is joined by chance. None
            where it is not known, and where rows keep the order of their source.
    """

    item: str
    purpose: str
    attested: Attested
    status: Status | None = None
    retention: str | None = None
    to_confirm: list[str] | None = None
    smallest_unit: Natural | None = None
    rows: Natural
    fields: Mapping[str, FieldPart]
    redacted: dict[str, Natural] = {}
    measured_risk: RiskPart | None = None
    files: list[FilePart] | None = None


class Drift(Part):
    """Columns in which the inputs and the schema differ."""

    unknown: list[str] = []
    missing: list[str] = []


class KeyPart(Part):
    """The epoch of the key that made a release's pseudonyms.

    Attributes:
        chained_on: earlier epochs whose keys made pseudonyms that this one's re-keyed, the oldest
            first; None where they were made from identifiers.
    """

    processing: str
    item: str
    epoch: int
    key_id: str
    chained_on: list[int] | None = None


RunKeys: TypeAlias = tuple[KeyPart | LimitedPart, ...]
"""The keys of a run, and the list of limited persons that it asks under a key of its own."""


class Receipt(Part):
    """The evidence of one run; a dry run has the same without files.

    Of a stream, the evidence of one period: `stream` names the stream, and is what records have
    as `legal_run`.

    Attributes:
        law_origin: whether the law files are those that come with Tamis; None in older receipts.
        quarantine: records by reason.
        quarantine_causes: the same by reason, field and rule; None in older receipts.
        conditions_not_met: why records are withheld; None in older receipts.
        skipped: what was passed over while reading, as no release needs it: how often each
            rubrique, element or column was met. None where nothing was, of formats that have each
            column in each record, and in older receipts.
        allowed: what had to be allowed; None in older receipts, and of a dry run.
        supersedes: runs whose rows this one wrote anew, with pseudonyms of a later epoch.
        limited: the list of limited persons that was asked; None where no release asks one.
        redrives: the run whose quarantined records, and no others, this one judged again; then the
            rows of an input are those that were judged again.
        approval: who agreed to what is released, and until when; `none`, or None in older receipts.

    Example:
        >>> "counts" in Receipt.model_fields, "inputs" in Receipt.model_fields
        (True, True)
    """

    run: str
    stream: str | None = None
    policy: str
    policy_sha256: str
    plan_sha256: str
    day: datetime.date
    replay: bool
    started: datetime.datetime
    ended: datetime.datetime
    tool: str
    law: dict[str, str]
    law_origin: Origin | None = None
    processing: ProcessingPart
    inputs: list[InputPart]
    counts: Counts
    releases: Mapping[str, ReleasePart]
    quarantine: dict[str, Natural]
    quarantine_causes: list[CausePart] | None = None
    conditions_not_met: list[UnmetPart] | None = None
    quarantine_files: list[FilePart] | None = None
    drift: Drift
    anomalies: dict[str, Natural] = {}
    skipped: dict[str, Natural] | None = None
    keys: list[KeyPart] = []
    limited: LimitedPart | None = None
    supersedes: list[str] | None = None
    redrives: str | None = None
    allowed: list[AllowedPart] | None = None
    approval: ApprovalPart | Literal["none"] | None = None

    @classmethod
    def from_json(cls, text: str | bytes) -> "Receipt":
        """Read what `to_json` wrote.

        Raises:
            ValueError: it is no receipt: a key is missing, unknown or stands twice, a count is
                negative.
        """
        try:
            json.loads(text, object_pairs_hook=_once)
        except RecursionError:
            raise ValueError(_("is nested too deeply")) from None
        return cls.model_validate_json(text)

    def to_json(self) -> str:
        """The receipt as indented JSON, keys in a fixed order."""
        return self.model_dump_json(by_alias=True, exclude_none=True, indent=1) + "\n"

    def outputs(self) -> list[tuple[str | None, list[FilePart]]]:
        """The files of each release, by its id, and of the quarantine, by None."""
        released = [(name, part.files or []) for name, part in self.releases.items()]
        return [*released, (None, self.quarantine_files or [])]

    def files(self) -> list[FilePart]:
        """Every file of the run, released and quarantined."""
        return [file for _output, files in self.outputs() for file in files]


def _once(members: list[tuple[str, Any]]) -> dict[str, Any]:
    """The members of a JSON object, in which each key stands once."""
    found = dict(members)
    if len(found) < len(members):
        raise ValueError("a key stands twice")
    return found


@dataclass(frozen=True)
class RunFacts:
    """Facts of a run that are known before it reads a record.

    Attributes:
        run: its id.
        started: when, UTC.
        keys: epoch and key id by (processing, item), and the list of limited persons.
        stream: the stream that the run is a period of.
        redrives: the run whose quarantined records it judges again.

    Example:
        >>> started = datetime.datetime(2026, 3, 2, tzinfo=datetime.UTC)
        >>> RunFacts("the-run", started).stream
    """

    run: str
    started: datetime.datetime
    keys: RunKeys = ()
    stream: str | None = None
    redrives: str | None = None


def is_replay(day: datetime.date, started: datetime.datetime, stream: str | None = None) -> bool:
    """Whether a run is judged under the law of another day than the one it began on.

    A stream keeps its plan for as long as the law stays the same, and never replays one.

    Example:
        >>> noon = datetime.datetime(2026, 3, 2, 12, tzinfo=datetime.UTC)
        >>> is_replay(noon.date(), noon), is_replay(datetime.date(2026, 3, 1), noon)
        (False, True)
    """
    return stream is None and day != day_of(started)


def tool_version() -> str:
    """`tamis` and its version."""
    from importlib.metadata import version

    return f"{TOOL} {version('tamis')}"


def make_receipt(
    plan: Plan,
    facts: RunFacts,
    tally: Tally,
    inputs: Iterable[InputPart],
    files: Files | None = None,
    units: Mapping[str, int] | None = None,
) -> Receipt:
    """The receipt of a run whose counts all reconcile.

    Args:
        plan: what the run did.
        facts: what it knew before.
        tally: all that the filter counted.
        inputs: inputs that were read to their end.
        files: what was written; None in a dry run.
        units: by release id, rows of the smallest unit that was put in order; None where files are
            parts of units of the usual size.

    Raises:
        RunError: a count does not add up; nothing may be committed.
    """
    if units is None:
        units = {str(release): _smallest(parts) for release, parts in (files or {}).items()}
    receipt = counted(begun_receipt(plan, facts), tally, inputs, files, units)
    counts = receipt.counts
    if receipt.allowed is None or counts.released or not counts.quarantined or facts.stream:
        return receipt
    return receipt.model_copy(
        update={"allowed": [*receipt.allowed, allowed_part(plan, "empty", day_of(facts.started))]}
    )


def begun_receipt(plan: Plan, facts: RunFacts) -> Receipt:
    """The receipt of a run that has counted nothing yet, without files."""
    return Receipt(
        run=facts.run,
        stream=facts.stream,
        policy=plan.policy,
        policy_sha256=plan.policy_sha256,
        plan_sha256=plan.sha256,
        day=plan.day,
        replay=is_replay(plan.day, facts.started, facts.stream),
        started=facts.started,
        ended=facts.started,
        tool=tool_version(),
        law=dict(plan.law),
        law_origin=plan.law_origin,
        processing=ProcessingPart(slug=plan.processing, carries_nir=plan.carries_nir),
        inputs=[],
        counts=counts_of(Tally()),
        releases={
            release.id: ReleasePart(
                item=release.item,
                purpose=release.purpose,
                attested=release.attested,
                status=release.status,
                retention=release.retention,
                to_confirm=list(release.to_confirm) or None,
                smallest_unit=0 if plan.hides_order(release) else None,
                rows=0,
                fields={
                    path: FieldPart(fate=fate, because=because)
                    for path, (fate, because) in plan.fates[release.id].items()
                },
                redacted={leaf.path: 0 for leaf in release.leaves if leaf.redact},
            )
            for release in plan.releases
        },
        quarantine={},
        drift=Drift(),
        keys=[part for part in facts.keys if isinstance(part, KeyPart)],
        limited=next((part for part in facts.keys if isinstance(part, LimitedPart)), None),
        redrives=facts.redrives,
        allowed=allowed_parts(plan, day_of(facts.started)),
        approval=approval_part(plan),
    )


def _smallest(files: Iterable[FilePart]) -> int:
    """Rows of the smallest unit of files; 0 where there is none, or rows are in a table."""
    whole = USUAL.unit_rows
    return min((min(file.rows, whole) if file.sha256 else 0 for file in files), default=0)


def counted(
    begun: Receipt,
    tally: Tally,
    inputs: Iterable[InputPart],
    files: Files | None,
    units: Mapping[str, int],
) -> Receipt:
    """`begun` with the counts of its run, which ends now.

    Raises:
        RunError: a count does not add up; nothing may be committed.
    """
    read = sorted(inputs, key=lambda part: part.uri)
    reconcile(tally, read, files)
    releases = {
        release: part.model_copy(
            update={
                "rows": tally.rows[release],
                "redacted": {path: _redacted(tally, release, path) for path in part.redacted},
                "files": None if files is None else files.get(release, []),
                "smallest_unit": (part.smallest_unit is not None and units.get(release)) or None,
            }
        )
        for release, part in begun.releases.items()
    }
    return begun.model_copy(
        update={
            "ended": datetime.datetime.now(datetime.UTC),
            "inputs": read,
            "counts": counts_of(tally),
            "releases": releases,
            "quarantine": tally.reasons,
            "quarantine_causes": cause_parts(tally.quarantine),
            "conditions_not_met": unmet_parts(tally),
            "quarantine_files": None if files is None else files.get(None, []),
            "drift": Drift(unknown=told_names(tally.unknown), missing=sorted(tally.missing)),
            "anomalies": _anomalies(tally),
            "skipped": told_counts(tally.skipped) or None,
        }
    )


def counts_of(tally: Tally) -> Counts:
    """Records by disposition, as the filter counted them."""
    return Counts.model_validate(
        {
            "in": tally.records,
            "released": tally.released,
            "withheld": tally.withheld,
            "quarantined": tally.quarantined,
        }
    )


def _redacted(tally: Tally, release: str, path: str) -> int:
    counts = tally.redacted.get(release)
    return counts[path] if counts else 0


def _anomalies(tally: Tally) -> dict[str, Any]:
    counts = {name: count for name, count in sorted(tally.anomalies.items()) if count}
    return counts | column_anomalies(tally)


def reconcile(tally: Tally, inputs: Iterable[InputPart], files: Files | None) -> None:
    """Check that all counts add up.

    Raises:
        RunError: one does not; nothing may be committed.
    """

    def agree(what: str, count: int, expected: int) -> None:
        if count != expected:
            raise RunError(
                _(
                    "{what}: {count} is not {expected}; nothing is committed",
                    what=what,
                    count=count,
                    expected=expected,
                )
            )

    agree(
        _("records in and records with a disposition"),
        tally.records,
        tally.released + tally.withheld + tally.quarantined,
    )
    read = sum(part.rows for part in inputs)
    agree(_("records of the inputs and records judged"), read, tally.records)
    if files is None:
        return
    written = {output: sum(part.rows for part in parts) for output, parts in files.items()}
    agree(_("records quarantined and rows written"), tally.quarantined, written.pop(None, 0))
    for release in {*tally.rows, *written}:
        what = _("rows released and rows written in {release}", release=release)
        agree(what, tally.rows[str(release)], written.get(release, 0))
