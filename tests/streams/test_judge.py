"""MicroBatch messages have one disposition each, the one that `minimize` gives their records."""

import json
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tamis.beam.batch import Batch
from tamis.filter.minimize import minimize
from tamis.filter.quarantine import STREAM_QUARANTINE_SCHEMA
from tamis.formats.chunk import Chunk
from tamis.formats.python_records import to_chunk
from tamis.keys.sealed import Original, PrivateKey, unseal
from tamis.streams.judge import Judged, OffsetRange, Rows
from tamis.streams.messages import Message, MicroBatch
from tamis.synthetic.records import space_nir

from .made import (
    NIR,
    RELEASE,
    SOURCE,
    STREAM,
    Keys,
    clean,
    judge,
    message,
    micro_batch,
    payload,
    payloads,
    plan,
    quarantined,
    records,
    released,
    split,
)

FEED = payloads()
SLOW = settings(max_examples=40, suppress_health_check=[HealthCheck.too_slow], derandomize=False)

CANARY = "CANARI"
POISON: tuple[tuple[bytes | None, str], ...] = (
    (None, "unreadable"),
    (b"", "unreadable"),
    (CANARY.encode(), "unreadable"),
    (f'["{CANARY}"]'.encode(), "unreadable"),
    (b"17", "unreadable"),
    (b"\xff\xfe" + CANARY.encode(), "unreadable"),
    (f'{{"{CANARY}": 1}}'.encode(), "unreadable"),
    (b'{"sexe": "CANARI", "sexe": "CANARI"}', "unreadable"),
    (b"[" * 5_000, "unreadable"),
    (payload(clean(), couleur=[[[CANARY]]] * 9).replace(b"[[[", b"[" * 70), "unreadable"),
    (payload(clean()).replace(b'"CPF"', b'"CP\0F"'), "unreadable"),
    (payload(clean(), salaire_tranche=float("nan")), "unreadable"),
    (b'{"solde_droits": 1' + b"0" * 5_000 + b"}", "unreadable"),
    (payload(clean(), dispositif={CANARY: CANARY}), "type"),
    (payload(clean(), montant_total=10**300), "type"),
    (payload(clean(), date_naissance=f"{CANARY}-31-31"), "type"),
    (payload(clean(), region_residence="\udc80" + CANARY), "type"),
    (payload(clean(), region_residence=space_nir(NIR)), "nir-leak"),
)

values = st.sampled_from(FEED) | st.sampled_from([one for one, _ in POISON]) | st.binary()


@st.composite
def micro_batches(draw: st.DrawFn) -> MicroBatch:
    """Messages of up to three partitions; offsets grow, and some are left out."""
    found = []
    ends = dict.fromkeys(range(3), draw(st.integers(0, 1 << 40)))
    keys = st.none() | st.binary(max_size=9) | st.just(NIR.encode())
    for value in draw(st.lists(values, max_size=12)):
        partition = draw(st.integers(0, 2))
        offset = ends[partition] + draw(st.integers(0, 2))
        ends[partition] = offset + 1
        found.append(Message(partition, offset, value, draw(keys)))
    return MicroBatch(SOURCE, tuple(found))


@pytest.mark.parametrize("number", range(len(POISON)))
def test_each_poison_is_quarantined_and_its_neighbours_are_released(number: int) -> None:
    value, reason = POISON[number]
    done = judge(micro_batch([payload(clean()), value, payload(clean())]))
    assert {place: fault[0] for place, fault in quarantined(done).items()} == {(0, 1): reason}
    assert set(released(done)) == {(0, 0), (0, 2)}
    assert CANARY not in str(done.quarantined.data.to_pydict()) + repr(done.tally)


def test_a_condition_that_poison_does_not_meet_withholds_it() -> None:
    elsewhere = payload(clean(), dispositif="PEC", montant_total=[10**300])
    done = judge(micro_batch([elsewhere]))
    assert (done.tally.withheld, done.released, quarantined(done)) == (1, {}, {})


@given(micro_batches())
@SLOW
def test_every_message_has_one_disposition(given: MicroBatch) -> None:
    done = judge(given)
    places = [(message.partition, message.offset) for message in given.messages]
    stopped, passed = quarantined(done), released(done)
    assert done.tally.reconciled
    assert done.tally.records == len(places)
    assert (done.tally.released, done.tally.quarantined) == (len(passed), len(stopped))
    assert set(stopped) | set(passed) <= set(places)
    assert not set(stopped) & set(passed)
    # In the order in which they came.
    assert list(stopped) == [place for place in places if place in stopped]
    assert list(passed) == [place for place in places if place in passed]
    assert done.tally.rows.get(RELEASE, 0) == len(passed)


@given(micro_batches())
@SLOW
def test_spans_cover_what_was_read_and_nothing_else(given: MicroBatch) -> None:
    done = judge(given)
    for partition, offsets in done.ranges.items():
        own = [message for message in given.messages if message.partition == partition]
        size = sum(len(one.value or b"") for one in own)
        assert offsets == OffsetRange(own[0].offset, own[-1].offset + 1, len(own), size)
    assert set(done.ranges) == {message.partition for message in given.messages}


@given(micro_batches(), st.lists(st.integers(1, 5)))
@SLOW
def test_it_does_not_matter_how_messages_are_gathered(given: MicroBatch, sizes: list[int]) -> None:
    whole = judge(given)
    parts = [judge(part) for part in split(given, sizes)]
    assert released(*parts) == released(whole)
    assert quarantined(*parts) == quarantined(whole)
    assert sum(part.tally.records for part in parts) == whole.tally.records
    assert sum(part.tally.withheld for part in parts) == whole.tally.withheld


def test_a_stream_releases_what_minimize_releases_of_the_same_records() -> None:
    done = judge(micro_batch(FEED, partitions=4))
    read = [json.loads(one, parse_float=str) for one in FEED]
    batch = to_chunk(read, range(len(read)), plan().fields).data
    alone = minimize(batch, plan(), run=STREAM, keys=Keys())
    assert {RELEASE} == set(done.released) == set(alone.released)
    rows, expected = done.released[RELEASE], alone.released[RELEASE]
    assert rows.data.equals(expected)
    at = [number // 4 for number in alone.rows[RELEASE].to_pylist()]
    assert rows.offsets.to_pylist() == at
    names = ("reason", "field", "rule")
    assert done.quarantined.data.select(names).equals(alone.quarantined.select(names))
    assert done.tally.anomalies == alone.tally.anomalies
    assert min(done.tally.released, done.tally.withheld, done.tally.quarantined) > 0


def test_no_message_gives_nothing() -> None:
    done = judge(MicroBatch(SOURCE, ()))
    assert (done.released, done.ranges, done.tally.records) == ({}, {}, 0)
    assert done.quarantined.data.schema == STREAM_QUARANTINE_SCHEMA


class TestBeside:
    """A NIR in a key or header, which nobody strips and nobody passes on."""

    def judge(self, **beside: Any) -> Judged:
        good = payload(clean())
        return judge(MicroBatch(SOURCE, (message(0, good), message(1, good, **beside))))

    def test_it_quarantines_what_would_be_released(self) -> None:
        assert quarantined(self.judge(key=NIR.encode())) == {
            (0, 1): ("nir-leak", "message key", "holds a NIR")
        }
        for name, told in (("nir", "nir"), ("Jean Dupont", "(name withheld)")):
            headers = ((name, space_nir(NIR).encode()),)
            assert quarantined(self.judge(headers=headers)) == {
                (0, 1): ("nir-leak", f"message header {told}", "holds a NIR")
            }

    def test_what_cannot_be_read_keeps_its_own_reason(self) -> None:
        given = MicroBatch(SOURCE, (message(0, b"{", key=NIR.encode()),))
        assert quarantined(judge(given)) == {(0, 0): ("unreadable", "", "not JSON")}

    def test_no_other_key_nor_header_matters(self) -> None:
        done = self.judge(key=b"\xff\x00", headers=(("\0", None), ("\udc80", b"\xff")))
        assert set(released(done)) == {(0, 0), (0, 1)}


class TestSealing:
    @given(st.lists(st.none() | st.binary(max_size=40), min_size=1, max_size=4))
    @settings(max_examples=20)
    def test_originals_come_back_as_they_were(self, garbage: list[bytes | None]) -> None:
        own = PrivateKey.new()
        headers = (("trace", b"\x00\xff"), ("trace", None))
        given = MicroBatch(
            SOURCE,
            tuple(Message(3, at, payload, b"k", headers) for at, payload in enumerate(garbage)),
        )
        done = judge(given, own.public)
        data = done.quarantined.data
        assert data.num_rows == len(garbage)
        for row in data.to_pylist():
            assert row["source"] == f"{SOURCE}/3"
            opened = unseal(row["sealed"], own, row["source"], row["position"])
            assert opened == Original(garbage[row["position"]], b"k", headers)

    def test_they_are_let_go_unless_a_key_is_given(self) -> None:
        column = judge(micro_batch([b"{"])).quarantined.data.column("sealed")
        assert column.equals(pa.array([None], pa.large_binary()))

    def test_only_what_is_quarantined_is_sealed(self) -> None:
        own = PrivateKey.new()
        done = judge(micro_batch([payload(clean()), b"{"]), own.public)
        assert done.quarantined.data.num_rows == 1
        assert "sealed" not in done.released[RELEASE].data.schema.names


def test_the_feed_has_all_dispositions() -> None:
    assert {"CPF"} < {record["dispositif"] for record in records()}


def test_what_is_in_flight_shows_no_value_in_a_message_about_it() -> None:
    secret = "CANARI"
    message = Message(0, 1, secret.encode(), secret.encode(), ((secret, secret.encode()),))
    batch = pa.record_batch({"nom": [secret]})
    chunk = Chunk(batch, pa.array([1]))
    rows = Rows(batch, pa.array([0], pa.int32()), pa.array([1]))
    for one in (message, MicroBatch("kafka://broker/feed", (message,)), rows, Batch(chunk)):
        assert secret not in repr(one)
