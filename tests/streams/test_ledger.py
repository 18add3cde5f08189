"""The receipts of all periods add up to what was read, wherever the stream is cut."""

import json
from collections import Counter
from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tamis.errors import RunError
from tamis.evidence.receipt import FilePart, KeyPart, Receipt
from tamis.streams.judge import Judged, OffsetRange
from tamis.streams.ledger import Ledger

from .made import (
    POLICY,
    RELEASE,
    SOURCE,
    STREAM,
    clean,
    judge,
    micro_batch,
    payload,
    payloads,
    plan,
    split,
)

FEED = micro_batch([*payloads(), b"{", None], first=100, partitions=3)


def begin() -> Ledger:
    return Ledger.begin(
        plan(), STREAM, SOURCE, (KeyPart(processing="p", item="i", epoch=1, key_id="k"),)
    )


def receipt(ledger: Ledger) -> Receipt:
    """A receipt that says that all was written."""
    files: dict[str | None, list[FilePart]] = {
        name: [FilePart(path=name, rows=rows, sha256="")]
        for name, rows in ledger.tally.rows.items()
    }
    stopped = [FilePart(path="quarantine", rows=ledger.tally.quarantined, sha256="")]
    return ledger.receipt({**files, None: stopped})


@given(st.lists(st.integers(1, 20)), st.lists(st.booleans(), min_size=63, max_size=63))
@settings(max_examples=15)
def test_periods_add_up_to_what_was_read(sizes: list[int], ends: list[bool]) -> None:
    ledgers = [begin()]
    for part, ended in zip(split(FEED, sizes), ends, strict=False):
        ledgers[-1] = ledgers[-1].after(judge(part))
        if ended:
            ledgers.append(begin())
    receipts = [receipt(ledger) for ledger in ledgers if ledger.ranges]
    whole = judge(FEED)

    counts = [receipt.counts for receipt in receipts]
    assert sum(count.in_ for count in counts) == len(FEED.messages)
    assert sum(count.released for count in counts) == whole.tally.released
    assert sum(count.withheld for count in counts) == whole.tally.withheld
    assert sum(count.quarantined for count in counts) == whole.tally.quarantined
    reasons = sum((Counter(receipt.quarantine) for receipt in receipts), Counter[str]())
    assert reasons == whole.tally.reasons
    causes = Counter[tuple[str, str, str]]()
    for cause in (cause for receipt in receipts for cause in receipt.quarantine_causes or ()):
        causes[cause.reason, cause.field, cause.rule] += cause.records
    assert causes == {tuple(key): count.records for key, count in whole.tally.quarantine.items()}
    assert sum(receipt.releases[RELEASE].rows for receipt in receipts) == whole.tally.rows[RELEASE]

    for partition, offsets in whole.ranges.items():
        own = [
            input
            for each in receipts
            for input in each.inputs
            if input.uri == f"{SOURCE}/{partition}"
        ]
        assert (own[0].first, own[-1].next) == (offsets.first, offsets.next)
        assert all(one.next == after.first for one, after in pairwise(own))
        assert sum(one.rows for one in own) == offsets.records
        assert sum(one.bytes for one in own) == offsets.bytes
        assert {one.sha256 for one in own} == {""}


def test_a_receipt_names_its_stream_and_what_it_reached() -> None:
    ledger = begin().after(judge(micro_batch([payload(clean()), b"{"], first=7, partitions=2)))
    made = receipt(ledger)
    assert Receipt.model_validate_json(made.to_json()) == made
    written = json.loads(made.to_json())
    assert (written["stream"], written["policy"], written["replay"]) == (STREAM, POLICY, False)
    assert written["run"] == ledger.run
    assert written["run"].startswith(f"{STREAM}-")
    assert written["counts"] == {"in": 2, "released": 1, "withheld": 0, "quarantined": 1}
    assert written["quarantine"] == {"unreadable": 1}
    size = len(payload(clean()))
    assert written["inputs"] == [
        {"uri": f"{SOURCE}/0", "rows": 1, "bytes": size, "sha256": "", "first": 7, "next": 8},
        {"uri": f"{SOURCE}/1", "rows": 1, "bytes": 1, "sha256": "", "first": 7, "next": 8},
    ]
    assert written["keys"] == [{"processing": "p", "item": "i", "epoch": 1, "key_id": "k"}]
    assert written["started"] <= written["ended"]


def test_two_periods_never_have_one_id() -> None:
    assert len({begin().run for _ in range(50)}) == 50


def test_what_no_message_had_is_told_as_missing() -> None:
    first = begin().after(judge(micro_batch([b'{"sexe": "F", "couleur": 1, "Jean": 1}'] * 5)))
    both = first.after(judge(micro_batch([b'{"region_residence": "11", "Paul": 1}'], first=5)))
    assert "sexe" not in receipt(both).drift.missing
    assert "region_residence" in receipt(first).drift.missing
    assert "region_residence" not in receipt(both).drift.missing
    assert receipt(both).drift.unknown == ["(name withheld)", "Jean", "couleur"]


def test_a_ledger_is_a_value() -> None:
    before = begin()
    after = before.after(judge(FEED).noting("odd", 2).noting("odd", 1))
    assert (before.tally.records, before.ranges) == (0, {})
    assert after.tally.anomalies["odd"] == 3
    assert receipt(after).anomalies["odd"] == 3


@pytest.mark.parametrize("what", ["ranges", "rows", "quarantine"])
def test_a_receipt_that_does_not_add_up_is_never_made(what: str) -> None:
    judged: Judged = judge(micro_batch([payload(clean()), b"{"]))
    ledger = begin().after(judged)
    if what == "ranges":
        ledger = replace(ledger, ranges={0: OffsetRange(0, 2, 1, 1)})
    files: dict[str | None, list[FilePart]] = {
        RELEASE: [FilePart(path="x", rows=1, sha256="")],
        None: [FilePart(path="y", rows=1, sha256="")],
    }
    if what != "ranges":
        del files[RELEASE if what == "rows" else None]
    with pytest.raises(RunError, match="nothing is committed"):
        ledger.receipt(files)
