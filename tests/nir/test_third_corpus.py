from collections import Counter

import pyarrow as pa
import pytest

from tamis.nir.find import redact

from .third_corpus import NIR_LABEL, Comment, comments

COMMENTS = list(comments(20261129, 4_000, nirs=0.5, lookalikes=0.4))


@pytest.fixture(scope="module")
def hits() -> list[int]:
    return redact(pa.array([comment.text for comment in COMMENTS]))[1].tolist()


def _share(chosen: list[tuple[Comment, int]]) -> float:
    print(Counter(f"{comment.kind}, {comment.label}" for comment, hit in chosen if hit))
    return sum(hit > 0 for _comment, hit in chosen) / len(chosen)


@pytest.mark.parametrize(("group", "least"), [("common", 0.999), ("rare", 0.98)])
def test_a_nir_in_a_comment_is_found(hits: list[int], group: str, least: float) -> None:
    chosen = [pair for pair in zip(COMMENTS, hits, strict=True) if pair[0].group == group]
    assert _share(chosen) >= least


def test_a_number_that_is_none_is_left_where_no_label_names_a_nir(hits: list[int]) -> None:
    chosen = [
        (comment, hit)
        for comment, hit in zip(COMMENTS, hits, strict=True)
        if comment.span is None and comment.label != NIR_LABEL
    ]
    assert _share(chosen) <= 0.005


def test_what_a_comment_says_of_its_nir_is_where_it_stands() -> None:
    found = [comment for comment in COMMENTS if comment.span is not None]
    assert len(found) > 1_500
    assert all(comment.text[slice(*comment.span or ())] for comment in found)
    assert {comment.group for comment in COMMENTS} == {"", "common", "rare", "look-alike"}
