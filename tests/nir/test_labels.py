import re

import pytest

from tamis.nir.fold import fold
from tamis.nir.label import Label, Labels
from tamis.nir.labels import LABELS, LabelRow

_STRENGTHS = {
    ("nir", "strong"): Label.STRONG,
    ("nir", "weak"): Label.WEAK,
    ("other", "strong"): Label.OPPOSING,
    ("optics", "strong"): Label.OPPOSING,
}


@pytest.mark.parametrize("row", LABELS, ids=lambda row: row.examples)
def test_each_example_is_a_label_of_its_row(row: LabelRow) -> None:
    for example in row.examples.split(" · "):
        text = fold(f"vu {example} 1550875999991").text
        assert Labels(text).before(len(text) - 13)[0] is _STRENGTHS[row.kind, row.strength], example


def test_no_label_stands_in_two_rows() -> None:
    patterns = [pattern for row in LABELS for pattern in row.patterns]
    assert len(patterns) == len(set(patterns))


def test_reasons_are_french_sentences_without_a_full_stop() -> None:
    for row in LABELS:
        assert re.fullmatch(r"[a-zà-ÿ«].*[^.]", row.reason), row.reason
        assert len(row.reason.split()) >= 3
