"""Removals: the evidence that rows of a committed run were taken out of its store again.

A removal is written before anything is removed, and only if there is none of its kind: from then on
the rows do not exist, and whoever finds some of them removes them. The receipt stays as it was.

    {"run": "2026-11-23-dsn", "kind": "withdrawn", "because": "wrong file of the source",
     "at": "2026-11-24T09:12:00Z", "tool": "tamis 0.3.0", "policy": "dsn-droits",
     "releases": {"droits": 3}, "quarantined": 2}

What a run is removed of, a run that supersedes it is removed of, too.
"""

import datetime
from collections.abc import Callable, Iterable, Mapping
from typing import Literal, TypeAlias

from pydantic import ValidationError

from tamis.errors import UsageError
from tamis.evidence.part import Natural, Part
from tamis.evidence.receipt import FilePart, Receipt, tool_version
from tamis.language import _, printable
from tamis.nir.find import find_nir

Kind: TypeAlias = Literal["withdrawn", "purged"]
"""`withdrawn`: all that the run put into the store; `purged`: its quarantine alone."""

KINDS: tuple[Kind, ...] = ("withdrawn", "purged")

_MOST_CHARACTERS = 500


class Removal(Part):
    """The evidence that what a run had put into a store was taken out of it.

    Attributes:
        run: id of the run; its receipt stays.
        kind: all of it, or its quarantine alone.
        because: why, in the words of whoever asked for it.
        at: when, UTC.
        tool: `tamis` and its version.
        policy: of the run.
        releases: rows by release id that were removed; none where only the quarantine was.
        quarantined: rows of the quarantine that were removed.

    Example:
        >>> Removal.model_fields["because"].is_required()
        True
    """

    run: str
    kind: Kind
    because: str
    at: datetime.datetime
    tool: str
    policy: str
    releases: dict[str, Natural]
    quarantined: Natural

    @classmethod
    def of(cls, receipt: Receipt, kind: Kind, because: str) -> "Removal":
        """The removal, now, of what a receipt lists."""
        is_whole = kind == "withdrawn"
        return cls(
            run=receipt.run,
            kind=kind,
            because=because,
            at=datetime.datetime.now(datetime.UTC),
            tool=tool_version(),
            policy=receipt.policy,
            releases={name: part.rows for name, part in receipt.releases.items() if is_whole},
            quarantined=receipt.counts.quarantined,
        )

    @classmethod
    def from_json(cls, text: str | bytes) -> "Removal":
        """Read what `to_json` wrote.

        Raises:
            ValueError: it is no removal.
        """
        return cls.model_validate_json(text)

    def to_json(self) -> str:
        """The removal as indented JSON, keys in a fixed order."""
        return self.model_dump_json(indent=1) + "\n"

    def removes(self, output: str | None) -> bool:
        """Whether the rows of a release are removed, or with None those of the quarantine."""
        return self.kind == "withdrawn" or output is None


def check_reason(because: str) -> str:
    """Give a reason back, on one line, if it may stand in a removal.

    Raises:
        UsageError: it is no reason in words, is too long, or holds a NIR.

    Example:
        >>> check_reason(" wrong file  of the source ")
        'wrong file of the source'
    """
    text = printable(" ".join(because.split()))
    if find_nir(text):
        raise UsageError(_("--because must hold no NIR: it is kept with the receipt"))
    if len(text.split()) < 3 or len(text) > _MOST_CHARACTERS:
        raise UsageError(
            _(
                "--because must give the reason in three words or more, of at most {most} "
                "characters",
                most=_MOST_CHARACTERS,
            )
        )
    return text


def removals_of(
    receipt: Receipt,
    removal_of: Callable[[tuple[str, Kind]], Removal | None],
    receipt_of: Callable[[str], Receipt | None],
) -> dict[Kind, Removal]:
    """By kind, what was removed of a run, or of those whose rows it wrote anew.

    Args:
        receipt: of the run.
        removal_of: gives the removal of a run and kind, if there is one.
        receipt_of: gives the receipt of a run, if it is committed.
    """
    known: dict[Kind, Removal] = {}
    receipts, seen = [receipt], {receipt.run}
    while receipts:
        receipt = receipts.pop()
        for kind in KINDS:
            if kind not in known and (removal := removal_of((receipt.run, kind))):
                known[kind] = removal
        runs = {*(receipt.supersedes or ())} - seen
        receipts += [old for run in sorted(runs) if (old := receipt_of(run)) is not None]
        seen |= runs
    return known


def standing(
    receipts: Iterable[Receipt], removals: Mapping[tuple[str, Kind], Removal]
) -> list[Receipt]:
    """The receipts of runs whose rows are in the store, neither withdrawn nor superseded."""
    known = {receipt.run: receipt for receipt in receipts}
    superseded = {run for receipt in known.values() for run in receipt.supersedes or ()}

    return [
        receipt
        for receipt in known.values()
        if receipt.run not in superseded
        and "withdrawn" not in removals_of(receipt, removals.get, known.get)
    ]


def remaining(
    receipt: Receipt, removals: dict[Kind, Removal]
) -> list[tuple[str | None, list[FilePart]]]:
    """The files of each output of a receipt, as `Receipt.outputs`, of which nothing is removed."""
    return [
        (output, files)
        for output, files in receipt.outputs()
        if not any(removal.removes(output) for removal in removals.values())
    ]


def parse_removal(run: str, kind: Kind, text: str | bytes) -> Removal | None:
    """The removal in a text, or None where it is none of that run and kind."""
    try:
        removal = Removal.from_json(text)
    except ValidationError:
        return None
    return removal if (removal.run, removal.kind) == (run, kind) else None
