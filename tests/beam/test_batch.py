"""`Batch` between workers: the same rows, and no byte of a neighbour."""

import pickle
from dataclasses import replace
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from apache_beam.coders.typecoders import registry
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tamis.beam.batch import Batch, BatchCoder, Input
from tamis.filter.quarantine import REJECTS
from tamis.formats.chunk import Chunk, PartKey, rejects_of

from ..strategies import Feed, batch_of, feeds

CODER = BatchCoder()
NAMES = st.text(max_size=8)


@st.composite
def batches(draw: st.DrawFn) -> Batch:
    """A batch of messy Arrow data, with everything else at random."""
    feed: Feed = draw(feeds())
    data = batch_of(feed, messy=True)
    if draw(st.booleans()):
        data = data.select([])
    first = draw(st.integers(1, 2**40))
    rejects = [(first + n, "unreadable", "", "line") for n in range(draw(st.integers(0, 2)))]
    chunk = Chunk(
        data,
        pa.array(np.arange(first, first + data.num_rows)),
        rejects_of(rejects),
        draw(st.dictionaries(NAMES, st.integers(1, 9), max_size=2)),
        frozenset(draw(st.lists(NAMES, max_size=2))),
        draw(st.dictionaries(NAMES, st.integers(0, 9), max_size=3)),
    )
    return Batch(
        chunk,
        draw(NAMES),
        PartKey(draw(st.integers(0, 2**31 - 1)), draw(st.integers(0, 2**43))),
        draw(st.integers(0, 2**31)),
        tuple(draw(st.lists(st.builds(Input, NAMES, st.just(3), st.just(4), NAMES), max_size=2))),
    )


def values(batch: Batch) -> dict[str, Any]:
    """A batch as plain values: equal if and only if the batches mean the same."""
    fields = vars(batch) | vars(batch.chunk) | {"chunk": None}
    for name in ("data", "rejects"):
        table = fields[name]
        fields[name] = (table.num_rows, table.schema.names, table.to_pylist())
    return fields | {"positions": batch.positions.to_pylist()}


@settings(suppress_health_check=list(HealthCheck), max_examples=60)
@given(batches())
def test_a_batch_comes_back_as_it_went(batch: Batch) -> None:
    again = CODER.decode(CODER.encode(batch))
    assert values(again) == values(batch)
    assert again.chunk.rejects.schema == REJECTS
    for array in (*again.data.columns, again.positions, *again.chunk.rejects.columns):
        array.validate(full=True)


@settings(suppress_health_check=list(HealthCheck), max_examples=30)
@given(batches())
def test_the_same_batch_has_the_same_bytes(batch: Batch) -> None:
    once = CODER.encode(batch)
    assert CODER.encode(CODER.decode(once)) == once
    backwards = dict(reversed(list(batch.chunk.anomalies.items())))
    other = replace(batch, chunk=replace(batch.chunk, anomalies=backwards))
    assert CODER.encode(other) == once
    assert CODER.is_deterministic()


def test_a_slice_ships_no_byte_of_its_neighbours() -> None:
    secrets = [f"secret-{n}" for n in range(9)]
    data = pa.record_batch(
        {
            "text": secrets,
            "code": pa.array(secrets).dictionary_encode(),
            "list": [[secret] for secret in secrets],
            "struct": [{"inside": secret} for secret in secrets],
        },
        metadata={"secret-x": "secret-y"},
    )
    batch = Batch(Chunk(data.slice(4, 1), pa.array(range(9)).slice(4, 1)))
    shipped = CODER.encode(batch)
    assert shipped.count(b"secret-") == shipped.count(b"secret-4") == 4
    assert pickle.dumps(batch).count(b"secret-") > 4, "what Beam's own coder would have shipped"


def test_beam_uses_this_coder_for_batches() -> None:
    coder = registry.get_coder(Batch)
    assert isinstance(coder, BatchCoder)
    assert coder.to_type_hint() is Batch
    assert type(pickle.loads(pickle.dumps(coder))) is BatchCoder


def test_a_batch_is_weighed_without_encoding_it(monkeypatch: pytest.MonkeyPatch) -> None:
    batch = Batch(Chunk(pa.record_batch({"text": ["x" * 1000] * 50}), pa.array(range(50))))
    length = len(CODER.encode(batch))

    def encode(*_: object) -> bytes:
        raise AssertionError("encoded")

    monkeypatch.setattr(BatchCoder, "encode", encode)
    impl: Any = BatchCoder().get_impl()  # type: ignore[no-untyped-call]
    size, observables = impl.get_estimated_size_and_observables(batch)
    assert length / 2 < size < length * 2
    assert observables == []


def test_a_batch_shows_where_it_comes_from_and_no_value() -> None:
    batch = Batch(
        Chunk(pa.record_batch({"nom": ["Durand"]}), pa.array([7])), "in.csv", PartKey(0, 1), 3
    )
    assert repr(batch) == "Batch(1 row of in.csv, part 00000-00001, batch 3)"
    assert "Durand" not in repr(batch.chunk)
