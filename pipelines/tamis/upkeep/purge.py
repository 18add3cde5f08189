"""Purges: quarantine, sealed originals and dead attempts are removed once they are past their term.

No rule of R. 6323-39 names the quarantine of a filter: how long it is of use, its controller says.
"""

import datetime
from dataclasses import dataclass

from tamis.evidence.removal import Removal
from tamis.stores.protocol import Attempt, RunStore
from tamis.upkeep.runs import RunEntry, list_runs


@dataclass(frozen=True)
class Purge:
    """What is past its term in a store.

    Attributes:
        runs: those whose quarantine is, that of streams with the originals sealed in it.
        attempts: that wrote nothing for so long, and were not committed.
        left: runs whose quarantine is, and that are periods of streams which have not ended.
    """

    runs: tuple[RunEntry, ...]
    attempts: tuple[Attempt, ...]
    left: tuple[RunEntry, ...] = ()

    @property
    def rows(self) -> int:
        """Rows of quarantine."""
        return sum(entry.receipt.counts.quarantined for entry in self.runs)


def find_purge(store: RunStore, older_than: datetime.timedelta) -> Purge:
    """What was written longer ago than `older_than`; nothing is removed.

    Raises:
        UsageError: the store has no receipt.
        RunError: a receipt or a removal cannot be read.
    """
    before = datetime.datetime.now(datetime.UTC) - older_than
    old = [
        entry
        for entry in list_runs(store)
        if entry.state == "standing"
        and "purged" not in entry.removals
        and entry.receipt.counts.quarantined
        and entry.receipt.ended <= before
    ]
    under_way = store.periods_under_way()
    return Purge(
        tuple(entry for entry in old if entry.receipt.run not in under_way),
        tuple(attempt for attempt, is_old in store.staged_attempts(older_than) if is_old),
        tuple(entry for entry in old if entry.receipt.run in under_way),
    )


def apply_purge(
    store: RunStore, purge: Purge, older_than: datetime.timedelta, because: str
) -> list[Removal]:
    """Remove what `find_purge` gave, and complete what an interrupted purge left.

    Returns:
        The removal of each run's quarantine.

    Raises:
        RunError: the store cannot be written to.
    """
    receipts = [entry.receipt for entry in purge.runs]
    removals = store.remove(receipts, "purged", because) if receipts else []
    store.recover(older_than)
    return removals
