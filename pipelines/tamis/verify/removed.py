"""Removals: what was withdrawn or purged must be gone, and what is told of it be what it was.

ok           withdrawn on 2026-11-24 (wrong file): none of its files and tables is there any more
failed       dsn-droits/droits/r1-00000-00000.parquet: was withdrawn and is there still; …
"""

import math
from collections.abc import Iterator, Mapping

from tamis.evidence.receipt import FilePart, Receipt
from tamis.evidence.removal import Kind, Removal, removals_of
from tamis.language import N_, _
from tamis.stores.protocol import RunStore
from tamis.verify.figures import Finding, judged

_GONE = {
    "withdrawn": N_(
        "withdrawn on {day} ({because}): none of its files and tables is there any more"
    ),
    "purged": N_("quarantine purged on {day} ({because}): it is not there any more"),
}
_STAYS = {
    "withdrawn": N_("{path}: was withdrawn and is there still; `tamis recover` removes it"),
    "purged": N_("{path}: was purged and is there still; `tamis recover` removes it"),
}
_LOST = {
    "withdrawn": N_("run {run} was withdrawn, and has no receipt"),
    "purged": N_("the quarantine of run {run} was purged, and the run has no receipt"),
}


class Removals:
    """The removals of a store, and the receipts that they are of."""

    def __init__(self, store: RunStore, receipts: Mapping[str, Receipt]) -> None:
        self._store = store
        self._receipts = receipts
        self.unreadable: list[str] = []
        self.all = store.removals(self.unreadable)

    def of(self, receipt: Receipt) -> dict[Kind, Removal]:
        """By kind, what was removed of a run."""
        return removals_of(receipt, self.all.get, self._receipts.get)

    def check(self, receipt: Receipt, rows: Mapping[tuple[str, str], int]) -> Iterator[Finding]:
        """Whether what was removed of a run is gone, and was what its receipt says.

        Args:
            receipt: of the run.
            rows: by run or stream and path, how many must be there.
        """
        for kind, removal in self.of(receipt).items():
            left = [
                file.path
                for output, files in receipt.outputs()
                for file in (files if removal.removes(output) else ())
                if self._rows(file, receipt, output)
                > rows.get((receipt.stream or receipt.run, file.path), 0)
            ]
            for path in left:
                yield Finding("failed", _(_STAYS[kind], path=path))
            if not left:
                text = _(_GONE[kind], day=removal.at.date(), because=removal.because)
                yield Finding("ok", text)
            if removal.run == receipt.run:
                same = removal.model_copy(update={"at": None, "tool": None})
                expected = Removal.of(receipt, kind, removal.because)
                yield judged(
                    same == expected.model_copy(update={"at": None, "tool": None})
                    and removal.at >= receipt.started,
                    _("what was removed is what the run had released and quarantined"),
                )

    def without_receipt(self) -> Iterator[Finding]:
        """Removals that nothing can be said of."""
        for run, kind in self.all:
            if run not in self._receipts:
                yield Finding("failed", _(_LOST[kind], run=run))
        for name in self.unreadable:
            yield Finding("failed", _("{name}: is no removal of that run", name=name))

    def _rows(self, file: FilePart, receipt: Receipt, output: str | None) -> float:
        """How many rows are there; more than any number where that cannot be told."""
        store = self._store
        if not store.keeps(file) or not store.is_in_place(file, receipt, output):
            return 0
        try:
            rows = store.find_rows(file)
        except ValueError:
            return math.inf
        return 0 if rows is None else max(rows.rows, int(bool(file.sha256)))
