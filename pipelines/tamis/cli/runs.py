"""`tamis runs`: the runs of a store, and what became of each.

run             policy      day         in  released  withheld  quarantined  approval  state
2026-11-23-dsn  dsn-droits  2026-11-23   5         3         0            2  none      stands
"""

import json

from tamis.language import _
from tamis.stores.opening import open_store
from tamis.tables import Table, print_table
from tamis.upkeep.runs import RunEntry, list_runs

_NUMBERS = (3, 4, 5, 6)


def runs_command(uri: str, as_json: bool) -> int:
    """Print the committed runs of the store at `uri`, in the order in which they began; 0."""
    store = open_store(uri)
    with store.snapshot():
        entries = list_runs(store)
    if as_json:
        shown = [entry.as_json() for entry in entries]
        print(json.dumps(shown, indent=1, ensure_ascii=False))
        return 0
    header = (
        *(_("run"), _("policy"), _("day"), _("in"), _("released"), _("withheld")),
        *(_("quarantined"), _("approval"), _("state")),
    )
    print_table(Table(header, [_row(entry) for entry in entries], numbers=_NUMBERS))
    return 0


def _row(entry: RunEntry) -> tuple[str, ...]:
    receipt = entry.receipt
    counts = receipt.counts
    numbers = (counts.in_, counts.released, counts.withheld, counts.quarantined)
    approval = receipt.approval
    agreed = (
        _("none")
        if approval is None or isinstance(approval, str)
        else f"{approval.opinion}, {approval.by}"
    )
    return (
        receipt.run,
        receipt.policy,
        receipt.day.isoformat(),
        *map(str, numbers),
        agreed,
        _("; ").join(_states(entry)),
    )


def _states(entry: RunEntry) -> list[str]:
    """What became of a run, in words."""
    receipt, words = entry.receipt, []
    if entry.state == "standing":
        words.append(_("stands"))
    elif entry.state == "superseded":
        words.append(_("written anew as {run}", run=entry.superseded_by))
    for kind, removal in entry.removals.items():
        if kind == "withdrawn":
            day, because = removal.at.date(), removal.because
            words.append(_("withdrawn on {day}: {because}", day=day, because=because))
        else:
            words.append(_("quarantine purged on {day}", day=removal.at.date()))
    words += [_("re-keys {run}", run=run) for run in receipt.supersedes or ()]
    if receipt.stream:
        words.append(_("period of {stream}", stream=receipt.stream))
    if receipt.redrives:
        words.append(_("judged the quarantine of {run} again", run=receipt.redrives))
    words += [_("its quarantine judged again by {run}", run=run) for run in entry.redriven_by]
    return words
