"""Withdrawals: all that a run put into a store is taken out of it again, and its receipt stays."""

from tamis.errors import UsageError
from tamis.evidence.removal import Removal, check_reason
from tamis.language import _
from tamis.stores.protocol import RunStore
from tamis.upkeep.runs import find_run


def withdraw(store: RunStore, run: str, because: str) -> list[Removal]:
    """Take all that a run put into a store out of it again.

    What was interrupted the same call goes on with; a run that is withdrawn already stays so, with
    the reason that was given first.

    Args:
        store: that the run was committed to.
        run: its id; that of a stream stands for all of its periods.
        because: the reason, in three words or more.

    Returns:
        The removal of each run.

    Raises:
        UsageError: there is no such run, its rows are another run's now, or cannot be told from
            those of other periods; nothing is done.
        RunError: a receipt cannot be read, or the store cannot be written to.
    """
    reason = check_reason(because)
    entries = find_run(store, run)
    standing = [entry for entry in entries if entry.superseded_by is None]
    if not standing:
        raise UsageError(
            _(
                "{store}: run {run} has no rows any more, run {by} has them: withdraw that one",
                store=store.shown,
                run=run,
                by=entries[0].superseded_by,
            )
        )
    return store.remove([entry.receipt for entry in standing], "withdrawn", reason)
