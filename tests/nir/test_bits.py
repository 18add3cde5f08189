from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tamis.nir import bits
from tamis.nir.number import Bytes

_texts = st.lists(
    st.sampled_from([b"1", b"7", b"0", b" ", b"a", b"&", b"\x00", b";", "é".encode(), b"x" * 61])
    | st.sampled_from([b"155087599999193", b"2A", "\u00a0".encode(), "٣".encode()]),
    max_size=60,
).map(b"".join)


def _bytes(text: bytes) -> Bytes:
    return np.frombuffer(text, np.uint8)


def _places(words: bits.Words) -> list[int]:
    return np.flatnonzero(np.unpackbits(words.view(np.uint8), bitorder="little")).tolist()


def _digits(text: bytes) -> list[int]:
    return [place for place, byte in enumerate(text) if byte in b"0123456789"]


@given(_texts)
def test_every_digit_is_one_bit_and_zeros_follow(text: bytes) -> None:
    words, _ = bits.mark_digits(_bytes(text))
    assert _places(words) == _digits(text)
    assert 64 * len(words) >= len(text) + 64
    assert words[-1] == 0


@given(_texts)
def test_bytes_of_other_scripts_are_told(text: bytes) -> None:
    _, strange = bits.mark_digits(_bytes(text))
    told = [place for place, byte in enumerate(text) if byte >= 0xD9 and byte != 0xE2]
    assert strange.tolist() == told


@pytest.mark.parametrize("length", [bits._BLOCK - 1, bits._BLOCK, bits._BLOCK + 1])
def test_blocks_of_bytes_meet_without_a_seam(length: int) -> None:
    text = bytearray(b"x" * length + b"12" + "x٣".encode())
    text[bits._BLOCK - 65] = text[bits._BLOCK - 2] = ord("4")
    words, strange = bits.mark_digits(_bytes(bytes(text)))
    assert _places(words) == _digits(bytes(text))
    assert strange.tolist() == [length + 3]


@given(_texts, st.integers(1, 4))
def test_digits_of_a_word_and_those_behind_are_counted(text: bytes, length: int) -> None:
    words, _ = bits.mark_digits(_bytes(text))
    places = _digits(text)
    expected = [
        sum(64 * at <= place < 64 * (at + length) for place in places) for at in range(len(words))
    ]
    assert bits.count_digits(words, length).tolist() == expected


@given(st.lists(st.booleans(), max_size=20), st.integers(1, 4))
def test_a_flag_is_carried_on(flags: list[bool], length: int) -> None:
    expected = [any(flags[max(0, at + 1 - length) : at + 1]) for at in range(len(flags))]
    assert bits.carry(np.array(flags, dtype=bool), length).tolist() == expected


@given(_texts, st.data())
def test_digits_before_a_bound_are_counted(text: bytes, data: st.DataObject) -> None:
    words, _ = bits.mark_digits(_bytes(text))
    bounds = sorted(data.draw(st.lists(st.integers(0, len(text)), max_size=6)))
    expected = [sum(place < bound for place in _digits(text)) for bound in bounds]
    assert bits.count_before(words, np.array(bounds, np.int64)).tolist() == expected


def _may_begin(digits: set[int], place: int) -> bool:
    if place - 1 in digits:
        return False
    return place + 1 not in digits or (place + 2 in digits and place + 12 in digits)


@given(_texts)
def test_numbers_begin_at_a_digit_apart_or_a_run_that_may_be_long(text: bytes) -> None:
    words, _ = bits.mark_digits(_bytes(b"x" * 64 + text))
    digits = {place + 64 for place in _digits(text)}
    near = np.arange(1, len(words) - 1)
    expected = [place for place in sorted(digits) if _may_begin(digits, place)]
    assert bits.find_firsts(words, near).tolist() == expected


@given(_texts)
def test_windows_show_what_stands_from_a_place_on(text: bytes) -> None:
    words, _ = bits.mark_digits(_bytes(text))
    places = np.array(_digits(text), np.int64)
    for place, window in zip(places.tolist(), bits.windows_at(words, places).tolist(), strict=True):
        expected = sum(1 << at - place for at in _digits(text) if place <= at < place + 57)
        assert window & (1 << 57) - 1 == expected


@given(st.lists(st.integers(0, 2**64 - 1) | st.sampled_from([0, 1, 1 << 63, 2**64 - 1])))
def test_bits_below_the_lowest_are_counted(values: list[int]) -> None:
    words = np.array(values, np.uint64)
    zeros = [64 if value == 0 else (value & -value).bit_length() - 1 for value in values]
    inverse = [2**64 - 1 - value for value in values]
    ones = [64 if value == 0 else (value & -value).bit_length() - 1 for value in inverse]
    assert bits.trailing_zeros(words).tolist() == zeros
    assert bits.trailing_ones(words).tolist() == ones


@given(st.lists(st.integers(0, 200), max_size=12), st.integers(9, 40), st.integers(0, 7))
def test_spans_are_cleared_and_nothing_else(gaps: list[int], width: int, shift: int) -> None:
    starts, at = [], shift
    for gap in gaps:
        starts.append(at + gap)
        at += gap + width
    words = np.full(at // 64 + 2, 2**64 - 1, np.uint64)
    begins = np.array(starts, np.int64)
    bits.clear(words, begins, begins + width)
    spans = {place for start in starts for place in range(start, start + width)}
    assert set(_places(words)) == set(range(64 * len(words))) - spans


def _mixes(text: bytes, place: int, row: tuple[int, int]) -> bool:
    beside = [at for at in (place - 1, place + 1) if row[0] <= at < row[1]]
    return any(text[at] > ord(":") or text[at] in b"&\x00" for at in beside)


@settings(deadline=None)
@given(_texts, st.data())
def test_rows_where_digits_touch_letters_are_found(text: bytes, data: st.DataObject) -> None:
    cuts = data.draw(st.lists(st.integers(0, len(text)), max_size=4))
    bounds = sorted([0, *cuts, len(text)])
    words, _ = bits.mark_digits(_bytes(text))
    chosen = np.flatnonzero(words != 0)
    if not len(text):
        return
    found = bits.find_mixed(_bytes(text), np.array(bounds, np.int64), words, chosen)
    expected = {
        row
        for row, (begin, end) in enumerate(pairwise(bounds))
        if any(_mixes(text, place, (begin, end)) for place in _digits(text[:end]) if place >= begin)
    }
    assert set(found.tolist()) == expected
