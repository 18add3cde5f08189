from itertools import accumulate, product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tamis.filter import utf8

PIECES = st.one_of(
    st.text(max_size=9).map(str.encode),
    st.text("aé’\u20ac\U0001f600", max_size=9).map(str.encode),
    st.binary(max_size=3),
    st.sampled_from([b"\xe2\x80", b"\xe2", b"\xf0\x9f\x98", b"\x80", b"\xc3", b"\xc0\x80"]),
)


def told(values: list[bytes]) -> bool:
    data = np.frombuffer(b"".join(values), np.uint8)
    return utf8.are_utf8(data, np.array([0, *accumulate(map(len, values))]))


def is_text(value: bytes) -> bool:
    try:
        value.decode()
    except UnicodeDecodeError:
        return False
    return True


@pytest.mark.parametrize("ahead", [b"", "a’".encode()])
def test_two_bytes_and_the_edges_of_all_longer_forms_are_told_as_python_tells_them(
    ahead: bytes,
) -> None:
    edges = (0x00, 0x7F, 0x80, 0x8F, 0x90, 0x9F, 0xA0, 0xBF, 0xC0, 0xC2, 0xE0, 0xFF)
    every = [bytes(pair) for pair in product(range(0x7A, 0x100), repeat=2)]
    every += [bytes(three) for three in product(range(0xDE, 0x100), edges[2:], edges)]
    every += [bytes((*four, 0x80)) for four in product(range(0xEF, 0x100), edges[2:], edges)]
    for one in every:
        assert told([ahead + one]) == is_text(ahead + one), one


@settings(max_examples=300)
@given(st.lists(st.lists(PIECES, max_size=4).map(b"".join), max_size=8), st.integers(3, 9))
def test_values_are_told_as_python_tells_them_wherever_blocks_end(
    values: list[bytes], block: int
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(utf8, "_BLOCK", block)
        assert told(values) == all(map(is_text, values))


@pytest.mark.parametrize("blocks", ["xx|é", "x|’", "xx|😀x", "xxx|xxx|xé"])
def test_what_one_block_asks_of_the_next_is_looked_for(
    blocks: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(utf8, "_BLOCK", 3)
    text = blocks.replace("|", "").encode()
    assert told([text])
    for place in range(len(text)):
        for byte in (b"a", b"\x80", b"\xa0", b"\xc3", b"\xe0", b"\xed", b"\xf0", b"\xf4"):
            other = text[:place] + byte + text[place + 1 :]
            assert told([other]) == is_text(other)
            apart = text[: place + 1] + b"xxx" + text[place + 1 :]
            assert told([apart]) == is_text(apart)


def test_what_a_block_of_a_large_text_ends_with_is_seen() -> None:
    plain = b"x" * (utf8._BLOCK - 1)
    for text in ("é", "’", "\U0001f600"):
        assert told([plain, text.encode()])
        assert not told([plain, text.encode()[:-1]])
        assert not told([plain + text.encode()[:1], text.encode()[1:]])
