import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tamis.arrow import bits
from tamis.arrow.types import Bytes, Ints, Words
from tamis.nir.vectorized.bits import count_before, mark_digits

_texts = st.lists(
    st.text("0123456789 .AB;&é\u0663\u2019", max_size=90) | st.sampled_from(["", "1" * 70]),
    min_size=1,
    max_size=12,
).map(lambda rows: [row.encode() for row in rows])


def _part(rows: list[bytes]) -> tuple[Bytes, Ints]:
    bounds = np.cumsum([0, *map(len, rows)]).astype(np.int64)
    return np.frombuffer(b"".join(rows), np.uint8), bounds


def _flags(words: Words, length: int) -> list[bool]:
    return np.unpackbits(words.view(np.uint8), bitorder="little")[:length].astype(bool).tolist()


@given(_texts)
def test_digits_are_marked_and_other_scripts_told(rows: list[bytes]) -> None:
    part, _ = _part(rows)
    words, strange = mark_digits(part)
    assert _flags(words, len(part)) == [byte in b"0123456789" for byte in part.tobytes()]
    assert not _flags(words, 64 * len(words))[len(part) :].count(True)
    expected = [at for at, byte in enumerate(part.tobytes()) if byte >= 0xD9 and byte != 0xE2]
    assert strange.tolist() == expected


@given(_texts)
def test_classes_and_places_are_marked(rows: list[bytes]) -> None:
    part, bounds = _part(rows)
    table = bytes(1 * (code > 0x7F) | 2 * (code in b"&;") for code in range(256))
    high, signs = bits.mark_classes(part, table, 2)
    assert _flags(high, len(part)) == [byte > 0x7F for byte in part.tobytes()]
    assert bits.places_of(signs).tolist() == [
        at for at, byte in enumerate(part.tobytes()) if byte in b"&;"
    ]
    marked = bits.mark_places(bounds, len(high))
    assert bits.places_of(marked).tolist() == sorted(set(bounds.tolist()))
    later, sooner = (bits.places_of(shift(marked)) for shift in (bits.shift_up, bits.shift_down))
    assert later.tolist() == [at + 1 for at in sorted(set(bounds.tolist()))]
    assert sooner.tolist() == [at - 1 for at in sorted(set(bounds.tolist())) if at]


@given(_texts)
def test_bits_before_each_bound_are_counted(rows: list[bytes]) -> None:
    part, bounds = _part(rows)
    counted = np.diff(count_before(mark_digits(part)[0], bounds))
    assert counted.tolist() == [sum(byte in b"0123456789" for byte in row) for row in rows]


@given(_texts)
def test_set_bits_are_told_in_order_and_seen_from_each_on(rows: list[bytes]) -> None:
    part, _ = _part(rows)
    words, _ = mark_digits(part)
    flags = _flags(words, 64 * len(words)) + [False] * 57
    places = bits.places_of(words, np.arange(len(words)))
    assert places.tolist() == [at for at, flag in enumerate(flags) if flag]
    for place, window in zip(places.tolist(), bits.windows_at(words, places).tolist(), strict=True):
        assert [bool(window >> by & 1) for by in range(57)] == flags[place : place + 57]


@given(_texts, st.data())
def test_spans_are_cleared_and_nothing_else(rows: list[bytes], data: st.DataObject) -> None:
    part, _ = _part(rows)
    words, _ = mark_digits(part)
    expected = _flags(words, len(part))
    edges = data.draw(st.lists(st.integers(0, len(part)), unique=True).map(sorted))
    spans = [(a, b) for a, b in zip(edges[::2], edges[1::2], strict=False) if b - a >= 9]
    bits.clear(words, *np.array(spans, dtype=np.int64).reshape(-1, 2).T)
    for start, end in spans:
        expected[start:end] = [False] * (end - start)
    assert _flags(words, len(part)) == expected


@pytest.mark.parametrize(
    ("value", "zeros", "ones"), [(0, 64, 0), (1, 0, 1), (8, 3, 0), (7, 0, 3), (2**64 - 1, 0, 64)]
)
def test_trailing_bits_are_counted(value: int, zeros: int, ones: int) -> None:
    word = np.array([value], dtype=np.uint64)
    assert bits.trailing_zeros(word).tolist() == [zeros]
    assert bits.trailing_ones(word).tolist() == [ones]
