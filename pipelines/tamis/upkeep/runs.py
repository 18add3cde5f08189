"""The runs of a store, and what became of each."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import PurePath
from typing import Any, Literal, TypeAlias

from tamis.documents.positions import suggest
from tamis.errors import UsageError
from tamis.evidence.receipt import Receipt
from tamis.evidence.removal import Kind, Removal, removals_of
from tamis.language import _
from tamis.stores.opening import without_receipt
from tamis.stores.protocol import RunStore

State: TypeAlias = Literal["standing", "superseded", "withdrawn"]
"""Whether a run's rows are in the store, written anew as another's, or taken out."""


@dataclass(frozen=True)
class RunEntry:
    """A committed run, and what became of it.

    Attributes:
        receipt: of the run.
        removals: what was taken out of the store again, by kind.
        superseded_by: id of the run that has its rows now, or None.
        redriven_by: ids of the runs that judged its quarantined records again, and stand.
    """

    receipt: Receipt
    removals: Mapping[Kind, Removal]
    superseded_by: str | None = None
    redriven_by: tuple[str, ...] = ()

    @property
    def state(self) -> State:
        """What became of its rows."""
        if self.superseded_by is not None:
            return "superseded"
        return "withdrawn" if "withdrawn" in self.removals else "standing"

    def as_json(self) -> dict[str, Any]:
        """The entry as a JSON object: counts, days and names, never a value."""
        receipt = self.receipt
        approval = receipt.approval
        shown = {
            "run": receipt.run,
            "stream": receipt.stream,
            "policy": receipt.policy,
            "day": receipt.day.isoformat(),
            "started": receipt.started.isoformat(),
            "ended": receipt.ended.isoformat(),
            "counts": receipt.counts.model_dump(by_alias=True),
            "releases": {name: part.rows for name, part in receipt.releases.items()},
            "approval": (
                approval
                if approval is None or isinstance(approval, str)
                else approval.model_dump(mode="json")
            ),
            "state": self.state,
            "superseded_by": self.superseded_by,
            "supersedes": receipt.supersedes,
            "redrives": receipt.redrives,
            "redriven_by": list(self.redriven_by) or None,
            "removals": [removal.model_dump(mode="json") for removal in self.removals.values()],
        }
        return {name: value for name, value in shown.items() if value is not None}


def list_runs(store: RunStore) -> list[RunEntry]:
    """The committed runs of a store, in the order in which they began.

    Raises:
        UsageError: it has none.
        RunError: a receipt or a removal cannot be read.
    """
    receipts = {receipt.run: receipt for receipt in store.receipts()}
    if not receipts:
        raise without_receipt(store)
    removals = store.removals()
    superseded = {
        run: receipt.run for receipt in receipts.values() for run in receipt.supersedes or ()
    }

    entries = [
        RunEntry(
            receipt,
            removals_of(receipt, removals.get, receipts.get),
            superseded.get(receipt.run),
        )
        for receipt in receipts.values()
    ]
    for number, entry in enumerate(entries):
        runs = lineage(entry.receipt, receipts)
        again = [each for each in entries if each.receipt.redrives in runs]
        by = [each.receipt.run for each in again if each.state == "standing"]
        entries[number] = replace(entry, redriven_by=tuple(by)) if by else entry
    return sorted(entries, key=lambda entry: (entry.receipt.started, entry.receipt.run))


def lineage(receipt: Receipt, receipts: Mapping[str, Receipt]) -> list[str]:
    """Ids of a run and of those whose rows it wrote anew, the latest first."""
    runs = [receipt.run]
    for run in runs:
        old = receipts.get(run)
        runs += [name for name in (old.supersedes if old else None) or () if name not in runs]
    return runs


def find_run(store: RunStore, run: str) -> list[RunEntry]:
    """A committed run, or all committed periods of a stream.

    Raises:
        UsageError: neither is committed there, or it has no receipt at all.
        RunError: a receipt or a removal cannot be read.
    """
    entries = list_runs(store)
    chosen = [entry for entry in entries if entry.receipt.run == run]
    chosen = chosen or [entry for entry in entries if entry.receipt.stream == run]
    if chosen:
        return chosen
    text = _("{store}: run {run} is not committed", store=store.shown, run=run)
    hint = suggest(PurePath(run).stem or run, _names(entries))
    raise UsageError(text + hint + _(": `tamis runs {store}` lists them", store=store.shown))


def _names(entries: Iterable[RunEntry]) -> set[str]:
    receipts = [entry.receipt for entry in entries]
    return {receipt.run for receipt in receipts} | {r.stream for r in receipts if r.stream}
