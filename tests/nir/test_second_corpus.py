"""The finder, its twin for columns and the gate on a corpus that neither was written with."""

from collections import Counter

import numpy as np
import pyarrow as pa
import pytest

from tamis.filter.gate.gate import GateColumn, find_leaks
from tamis.nir.find import find_nir, redact
from tamis.nir.vectorized.scan import locate

from .second_corpus import COMMON, LOOKALIKE, RARE, cases

CORPUS = list(cases(20261207, per_kind=12))
TEXTS = pa.array([case.text for case in CORPUS])
FOUND = [find_nir(case.text) for case in CORPUS]


def _overlaps(span: tuple[int, int], others: list[tuple[int, int]]) -> bool:
    return any(start < span[1] and end > span[0] for start, end in others)


@pytest.mark.parametrize(("group", "bar"), [(COMMON, 0.995), (RARE, 0.95)])
def test_nirs_are_found_in_any_context(group: str, bar: float) -> None:
    total, missed = 0, Counter[str]()
    for case, spans in zip(CORPUS, FOUND, strict=True):
        if case.group == group:
            total += len(case.spans)
            missed[case.kind] += sum(not _overlaps(span, spans) for span in case.spans)
    assert missed.total() <= (1 - bar) * total, +missed


def test_other_numbers_raise_no_alarm() -> None:
    alarms, clean = Counter[str](), 0
    for case, spans in zip(CORPUS, FOUND, strict=True):
        clean += case.group == LOOKALIKE
        alarms[case.kind] += sum(not _overlaps(span, list(case.spans)) for span in spans)
    assert alarms.total() <= 0.005 * clean, +alarms


def test_spans_are_those_that_a_reader_would_mark() -> None:
    near, inexact = 0, Counter[str]()
    for case, spans in zip(CORPUS, FOUND, strict=True):
        for span in case.spans:
            near += _overlaps(span, spans)
            inexact[case.kind] += _overlaps(span, spans) and span not in spans
    assert inexact.total() <= 0.01 * near, +inexact


@pytest.mark.parametrize("padding", ["", " Le stagiaire a été reçu, café, formation de nuit." * 2])
def test_columns_give_the_same_spans(padding: str) -> None:
    texts = pa.array([text + padding for text in TEXTS.to_pylist()])
    hits = locate(texts)
    offsets = np.frombuffer(texts.buffers()[1], np.int32)
    got = list(
        zip(
            hits.rows.tolist(),
            (hits.starts - offsets[hits.rows]).tolist(),
            (hits.ends - offsets[hits.rows]).tolist(),
            strict=True,
        )
    )
    want = [
        (row, len(text[:start].encode()), len(text[:end].encode()))
        for row, text in enumerate(texts.to_pylist())
        for start, end in find_nir(text)
    ]
    assert got == want


def test_the_gate_sees_what_was_not_redacted() -> None:
    leaks = find_leaks([GateColumn("texte", TEXTS)]).rows >= 0
    for group, bar in ((COMMON, 0.995), (RARE, 0.95)):
        chosen = np.array([case.group == group for case in CORPUS])
        missed = [case.kind for case in np.array(CORPUS, object)[chosen & ~leaks]]
        assert len(missed) <= (1 - bar) * chosen.sum(), Counter(missed)


def test_the_gate_sees_nothing_in_redacted_texts() -> None:
    """Text by text: as one column the corpus does hold births, in look-alikes made of them."""
    redacted = redact(TEXTS)[0]
    leaks = np.flatnonzero(find_leaks([GateColumn("texte", redacted, tested=True)]).rows >= 0)
    assert [CORPUS[row].kind for row in leaks if CORPUS[row].group != LOOKALIKE] == []
