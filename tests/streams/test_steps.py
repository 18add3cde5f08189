"""Steps of a period give, one after the other, the receipt that the period has in memory."""

import json

from hypothesis import given, settings
from hypothesis import strategies as st

from tamis.evidence.receipt import KeyPart, Receipt
from tamis.evidence.steps import Step, with_steps
from tamis.streams.ledger import Ledger

from .made import RELEASE, SOURCE, STREAM, clean, judge, micro_batch, payload, payloads, plan, split

KEYS = (KeyPart(processing="p", item="i", epoch=1, key_id="k"),)
PLACES = ({RELEASE: "s.released"}, "s.quarantine")
RARE = [payload(clean(), **{f"nom {number}": 1, "courant": 1}) for number in range(4)]
FEED = micro_batch([*payloads(), b"{", None, *RARE, *RARE], first=100, partitions=3)


@given(st.lists(st.integers(1, 20)))
@settings(max_examples=15)
def test_steps_add_up_to_the_receipt_of_the_period(sizes: list[int]) -> None:
    ledger = Ledger.begin(plan(), STREAM, SOURCE, KEYS)
    begun = Receipt.model_validate_json(ledger.begun(*PLACES).to_json())
    steps = []
    for part in split(FEED, sizes):
        judged = judge(part)
        judged = judged.noting("odd", 2)
        steps.append(Step.model_validate_json(ledger.step(judged).to_json()))
        ledger = ledger.after(judged)
    assert ledger.commits == len(steps)
    whole = ledger.receipt_of_places(*PLACES)
    folded = with_steps(begun, steps)
    assert folded.model_copy(update={"ended": whole.ended}) == whole
    assert folded.ended == steps[-1].at
    assert whole.anomalies["odd"] == 2 * len(steps)


def test_a_period_that_has_begun_has_counted_nothing() -> None:
    ledger = Ledger.begin(plan(), STREAM, SOURCE, KEYS)
    begun = ledger.begun(*PLACES)
    assert (begun.counts.in_, begun.counts.released, begun.inputs) == (0, 0, [])
    assert with_steps(begun, []).files() == []


def test_a_step_is_small_and_tells_no_name_that_few_records_have() -> None:
    ledger = Ledger.begin(plan(), STREAM, SOURCE, KEYS)
    first = judge(micro_batch([payload(clean(), **{"Jean Dupont": 1})]))
    ledger = ledger.after(first)
    later = judge(micro_batch([payload(clean())], first=1))
    text = ledger.step(later).to_json()
    assert len(text) < 400
    assert len(ledger.begun(*PLACES).to_json()) > 5 * len(text)
    assert "Jean" not in text + Ledger.begin(plan(), STREAM, SOURCE, KEYS).step(first).to_json()
    assert "present" not in json.loads(text)
