"""`tamis withdraw`: take all that a run put into a store out of it again.

run 2026-11-23-dsn: withdrawn, 3 rows of droits and 2 of quarantine are gone
"""

import json

from tamis.address import KafkaAddress, PubsubAddress, parse_address, require_driver
from tamis.cli.lineage import TellRemovals, telling_removals
from tamis.cli.logs import show_warnings
from tamis.errors import UsageError
from tamis.evidence.removal import Removal
from tamis.interrupts import ends_at_once, exit_on_signals
from tamis.language import _
from tamis.stores.opening import open_store
from tamis.upkeep.runs import find_run
from tamis.upkeep.withdraw import withdraw


def withdraw_command(
    uri: str, run: str, because: str, as_json: bool, lineage: str | None = None
) -> int:
    """Withdraw a run from the store at `uri`, and print what is gone; 0."""
    with show_warnings(), telling_removals(lineage) as tell:
        return _withdraw(uri, run, because, as_json, tell)


def _withdraw(uri: str, run: str, because: str, as_json: bool, tell: TellRemovals) -> int:
    address = parse_address(uri)
    if isinstance(address, PubsubAddress):
        text = _(
            "{store}: Pub/Sub keeps no receipts that are read again: tell its subscribers yourself"
        )
        raise UsageError(text.format(store=address.shown))
    with ends_at_once(
        _(
            "interrupted: where the withdrawal is written already its rows do not exist, and the "
            "same command goes on with it, or `tamis recover`"
        )
    ):
        if isinstance(address, KafkaAddress):
            require_driver(address, "kafka")
            from tamis.streams.withdraw import withdraw_from_topic

            removals, again = withdraw_from_topic(address, run, because), set[str]()
        else:
            store = open_store(uri)
            removals = withdraw(store, run, because)
            again = {each for entry in find_run(store, run) for each in entry.redriven_by}
    exit_on_signals(0)
    if not isinstance(address, KafkaAddress):  # nothing is removed from a topic
        tell(address.shown, removals)
    if as_json:
        shown = [removal.model_dump(mode="json") for removal in removals]
        print(json.dumps(shown, indent=1, ensure_ascii=False))
        return 0
    for removal in removals:
        print(_gone(removal))
    for other in sorted(again):
        print(_("run {run} judged its quarantine again, and stands: withdraw it too?", run=other))
    if isinstance(address, KafkaAddress):
        text = _(
            "{store}: what was sent stays with whoever has read it, and in the topic for as long "
            "as that keeps it: records in {topic}.receipts tell them"
        )
        print(text.format(store=address.shown, topic=address.topic))
        return 0
    text = _(
        "whoever was handed these rows has them still: tell them; {store} keeps the receipts, and "
        "these ids are not used again"
    )
    print(text.format(store=address.shown))
    return 0


def _gone(removal: Removal) -> str:
    return _(
        "run {run}: withdrawn on {day} ({because}); rows that are gone: {rows}",
        run=removal.run,
        day=removal.at.date(),
        because=removal.because,
        rows=", ".join(
            [
                *(f"{name} {rows}" for name, rows in removal.releases.items()),
                _("quarantine {rows}", rows=removal.quarantined),
            ]
        ),
    )
