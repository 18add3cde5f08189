"""What a receipt's own figures must be, whatever the store holds: they add up.

ok           counts reconcile: 5 = 3 + 0 + 2
failed       quarantine by reason adds up to 3
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from tamis.evidence.causes import counted_causes
from tamis.evidence.receipt import Receipt
from tamis.filter.tally import by_reason
from tamis.language import _
from tamis.stores.run_id import is_run_id

Outcome = Literal["ok", "failed", "not checked"]


@dataclass(frozen=True)
class Finding:
    """One claim of a receipt, and whether it still holds.

    Attributes:
        outcome: whether it holds.
        text: the claim, or what is wrong.
        run: id of the run whose receipt claims it; empty where the whole store is meant.
    """

    outcome: Outcome
    text: str
    run: str = ""


def judged(holds: bool, text: str) -> Finding:
    """A claim that holds or not."""
    return Finding("ok" if holds else "failed", text)


def figures(receipt: Receipt) -> Iterator[Finding]:
    """Whether the figures of a receipt go together."""
    yield from _counts(receipt)
    yield from _files_once(receipt)
    text = _("ended after it had begun, under a run id")
    yield judged(receipt.started <= receipt.ended and is_run_id(receipt.run), text)


def _counts(receipt: Receipt) -> Iterator[Finding]:
    counts = receipt.counts
    parts = (counts.released, counts.withheld, counts.quarantined)
    yield judged(
        counts.in_ == sum(parts),
        _(
            "counts reconcile: {records} = {parts}",
            records=counts.in_,
            parts=" + ".join(map(str, parts)),
        ),
    )
    read = sum(source.rows for source in receipt.inputs)
    yield judged(
        read == counts.in_,
        _("inputs hold {read} records, {judged} were judged", read=read, judged=counts.in_),
    )
    reasons = sum(receipt.quarantine.values())
    yield judged(
        reasons == counts.quarantined, _("quarantine by reason adds up to {count}", count=reasons)
    )
    if receipt.quarantine_causes is not None:
        causes = {
            cause: count.records for cause, count in counted_causes(receipt.quarantine_causes)
        }
        yield judged(
            by_reason(causes) == receipt.quarantine,
            _("quarantine by field and rule adds up to that by reason"),
        )
    yield from _withheld(receipt)
    rows = sum(file.rows for file in receipt.quarantine_files or ())
    yield judged(
        rows == counts.quarantined, _("quarantine: files hold {rows:# row|# rows}", rows=rows)
    )
    for name, release in receipt.releases.items():
        rows = sum(file.rows for file in release.files or ())
        yield judged(
            rows == release.rows,
            _("release {release}: files hold {rows:# row|# rows}", release=name, rows=rows),
        )
    released = [release.rows for release in receipt.releases.values()]
    yield judged(
        max(released, default=0) <= counts.released <= sum(released),
        _(
            "{records:# record released makes|# records released make} {rows:# row|# rows}",
            records=counts.released,
            rows=" + ".join(map(str, released)),
        ),
    )


def _withheld(receipt: Receipt) -> Iterator[Finding]:
    """Whether the conditions of each release explain all that is withheld."""
    if receipt.conditions_not_met is None:
        return
    records: Counter[str] = Counter()
    for unmet in receipt.conditions_not_met:
        records[unmet.release] += unmet.records
    withheld = receipt.counts.withheld
    holds = records.keys() <= receipt.releases.keys() and all(
        # A few records of limited persons have no entry where there is no condition to hide them.
        records[release] == withheld or (receipt.limited and records[release] < withheld)
        for release in receipt.releases
    )
    yield judged(holds, _("withheld by condition adds up to {count}", count=withheld))


def _files_once(receipt: Receipt) -> Iterator[Finding]:
    """Whether no file is listed twice: its rows would count twice."""
    paths = Counter(file.path for file in receipt.files())
    for path, times in paths.items():
        if times > 1:
            yield Finding("failed", _("{path}: is listed {times} times", path=path, times=times))
