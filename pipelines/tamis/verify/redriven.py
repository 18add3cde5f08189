"""Receipts that judge quarantined records again: those of another run, all of them, and only once.

ok           judges again the 14 records that run r1 quarantined, of inputs that it read
failed       run r1: its quarantined records were judged again by several runs: r1-redriven, x
"""

from collections.abc import Collection, Iterator, Mapping

from tamis.evidence.receipt import Receipt
from tamis.language import _
from tamis.verify.figures import Finding, judged


def check_redriving(
    receipt: Receipt, receipts: Mapping[str, Receipt], standing: Collection[str]
) -> Iterator[Finding]:
    """Whether a run judged what another one quarantined, and no third one did."""
    run = receipt.redrives
    if run is None:
        return
    count = receipt.counts.in_
    text = _(
        "judges again {count:the record|the # records} that run {run} quarantined",
        count=count,
        run=run,
    )
    old = receipts.get(run)
    if old is None:
        yield Finding("not checked", text)
        return
    known = {read.digest for read in old.inputs} | {read.uri for read in old.inputs}
    yield judged(
        count == old.counts.quarantined
        and receipt.policy == old.policy
        and all(known & {read.digest or read.uri} for read in receipt.inputs),
        text,
    )
    others = sorted(name for name in standing if receipts[name].redrives == run)
    if receipt.run in others and len(others) > 1:
        text = _(
            "run {run}: its quarantined records were judged again by several runs: {others}",
            run=run,
            others=", ".join(others),
        )
        yield Finding("failed", text)
