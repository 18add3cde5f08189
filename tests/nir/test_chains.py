import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tamis.nir.fold import fold
from tamis.nir.grammar import search
from tamis.nir.vectorized import bits
from tamis.nir.vectorized.chains import Chains, find_chains

_texts = st.lists(
    st.text("0123456789 .-lOé\u00a0\u200b&;", max_size=60) | st.sampled_from(["", "1" * 70]),
    min_size=1,
    max_size=8,
)


def _chains(texts: list[str]) -> Chains:
    rows = [text.encode() for text in texts]
    bounds = np.cumsum([0, *map(len, rows)]).astype(np.int64)
    part = np.frombuffer(b"".join(rows), np.uint8)
    words, _ = bits.mark_digits(part)
    return find_chains(part, bounds, words)


@given(_texts)
def test_no_row_with_a_nir_goes_unseen(texts: list[str]) -> None:
    chains = _chains(texts)
    seen = {*chains.long.tolist(), *chains.odd.tolist()}
    alone = {*chains.likely.tolist(), *chains.odd.tolist()}
    for row, text in enumerate(texts):
        if search(fold(text).text):
            assert row in alone, text
        if search(fold("NIR " + text).text):
            assert row in seen or row in alone, text


@pytest.mark.parametrize(
    ("text", "labelled", "alone"),
    [
        ("rappeler le 03/04/2024 à 14h30", False, False),
        ("tél 06 12 34 56 78, 75011 Paris", True, False),
        ("SIRET 12345678900012", True, False),
        ("IBAN FR76 3000 6000 0112 3456 7890 189", False, False),
        ("FR7630006000011234567890189", False, False),
        ("dossier 1550875999991", True, False),
        ("dossier 155087599999147", True, False),
        ("155087599999193", True, True),
        ("1 55 08 75 999 991", True, True),
        ("1550875999991, 93", True, True),
        ("6 438,20 8 335,3", False, False),
        ("2026-07-21 12:15:42.723371", False, False),
    ],
)
def test_what_plain_shapes_may_be(text: str, labelled: bool, alone: bool) -> None:
    chains = _chains(["", text])
    assert (1 in chains.long, 1 in chains.likely) == (labelled, alone)


def test_digits_of_two_rows_are_no_chain() -> None:
    assert [len(rows) for rows in _chains(["x 155087599", "999193 y"])] == [0, 0, 0]
