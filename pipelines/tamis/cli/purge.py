"""`tamis purge`: quarantine, sealed originals and dead attempts past their term.

run 2026-08-02-dsn: 14 rows of quarantine, ended 2026-08-02
attempt 2026-08-02-dsn/20260802t101500-1a2b3c4d: wrote nothing for 90d
purge --apply removes 14 rows of quarantine of 1 run, and 1 attempt
"""

import json

from tamis.cli.lineage import telling_removals
from tamis.cli.logs import show_warnings
from tamis.cli.recover import read_age
from tamis.interrupts import ends_at_once, exit_on_signals
from tamis.language import _
from tamis.stores.opening import open_store
from tamis.upkeep.purge import Purge, apply_purge, find_purge
from tamis.upkeep.runs import RunEntry


def purge_command(
    uri: str, older_than: str, applies: bool, as_json: bool, lineage: str | None = None
) -> int:
    """Tell what is older than `older_than` in the store at `uri`, and remove it if asked to; 0."""
    age = read_age(older_than)
    store = open_store(uri)
    purge = find_purge(store, age)
    if applies:
        with show_warnings(), telling_removals(lineage) as tell:
            with ends_at_once(_("interrupted: the same command goes on where this one was")):
                removals = apply_purge(store, purge, age, f"older than {older_than}")
            exit_on_signals(0)
            tell(store.shown, removals)
    if as_json:
        print(json.dumps(_as_json(purge, applies), indent=1))
        return 0
    for entry in purge.runs:
        print(_line(entry))
    for attempt in purge.attempts:
        text = _("attempt {attempt}: wrote nothing for {age}", attempt=attempt, age=older_than)
        print(text)
    for entry in purge.left:
        print(_line(entry) + _(": is left, its period has not ended"))
    numbers = {"rows": purge.rows, "runs": len(purge.runs), "attempts": len(purge.attempts)}
    if not purge.runs and not purge.attempts:
        print(_("{store}: nothing is older than {age}", store=store.shown, age=older_than))
    elif applies:
        text = _(
            "removed: {rows:# row|# rows} of quarantine of {runs:# run|# runs}, "
            "{attempts:# attempt|# attempts}",
            **numbers,
        )
        print(text)
    else:
        text = _(
            "--apply removes {rows:# row|# rows} of quarantine of {runs:# run|# runs}, "
            "{attempts:# attempt|# attempts}",
            **numbers,
        )
        print(text)
    return 0


def _line(entry: RunEntry) -> str:
    return _(
        "run {run}: {rows:# row|# rows} of quarantine, ended {day}",
        run=entry.receipt.run,
        rows=entry.receipt.counts.quarantined,
        day=entry.receipt.ended.date(),
    )


def _as_json(purge: Purge, applies: bool) -> dict[str, object]:
    return {
        "applied": applies,
        "runs": {entry.receipt.run: entry.receipt.counts.quarantined for entry in purge.runs},
        "attempts": [str(attempt) for attempt in purge.attempts],
        "left": [entry.receipt.run for entry in purge.left],
    }
