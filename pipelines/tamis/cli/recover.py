"""`tamis recover`: complete or remove what an interrupted run left."""

from tamis.interrupts import ends_at_once
from tamis.language import _
from tamis.stores.opening import open_store


def recover_command(uri: str) -> int:
    """Recover the store at `uri` and print what was done; always 0."""
    store = open_store(uri)
    with ends_at_once(_("interrupted: the same command goes on where this one was")):
        recovered = store.recover()
    for run in recovered.completed:
        print(_("run {run}: completed and committed", run=run))
    for run in recovered.removed:
        print(_("run {run}: removed, it had not come to its receipt", run=run))
    if not recovered.completed and not recovered.removed:
        print(_("{store}: nothing to recover", store=store.shown))
    return 0
