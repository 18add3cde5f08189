"""Streams under paragraph III: what two partners get of one commit is joined by chance only."""

import json

import numpy as np
import pyarrow as pa
import pytest

from tamis.streams.judge import Judge, Judged
from tamis.streams.messages import MicroBatch, json_decoder
from tamis.streams.pubsub import outgoing
from tests.two_partners import PARTNERS, TwoPartners, persons, plan_of

from .made import SOURCE, STREAM, message


def judge(two: TwoPartners, partner: str) -> Judged:
    """A commit in which each person is a message."""
    values = (json.dumps(record, default=str).encode() for record in two.feed.to_pylist())
    messages = tuple(message(number, value) for number, value in enumerate(values))
    plan = plan_of(partner)
    return Judge(plan, STREAM, json_decoder(), two.keys).judge(MicroBatch(SOURCE, messages))


@pytest.mark.parametrize("sink", ["tables and topics", "Pub/Sub"])
def test_rows_of_two_partners_are_joined_by_chance_only(sink: str) -> None:
    hits = []
    ids: set[str] = set()
    for seed in range(20):
        two = TwoPartners(persons(200, seed))
        given = {}
        for partner in PARTNERS:
            plan, judged = plan_of(partner), judge(two, partner)
            if sink == "Pub/Sub":
                sent = list(outgoing(judged, plan.releases[0], plan, STREAM, two.keys))
                rows = [bytes.fromhex(json.loads(payload)["personne"]) for payload, _ in sent]
                ids.update(attributes["row"] for _, attributes in sent)
                assert not any("position" in attributes for _, attributes in sent)
            else:
                released = judged.in_order(plan).released["r"]
                rows = released.data.column("personne").to_pylist()
                offsets = np.asarray(released.offsets)
                own = two.released(partner).take(pa.array(offsets)).column("personne")
                assert own.to_pylist() == rows  # each row still knows its place
            given[partner] = rows
        hits.append(two.joined(given))
    assert sum(hits) < 50  # one a seed is expected
    assert max(hits) < 9
    assert len(ids) == (20 * 2 * 200 if sink == "Pub/Sub" else 0)


def test_a_message_that_comes_again_has_the_id_that_it_had() -> None:
    two = TwoPartners(persons(50, 1))
    plan, judged = plan_of("evaluation"), judge(two, "evaluation")
    first, again = (
        list(outgoing(judged, plan.releases[0], plan, STREAM, two.keys)) for _ in range(2)
    )
    assert first == again
