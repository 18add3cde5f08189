import time
from collections import Counter
from itertools import pairwise, product

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tamis.nir.find import count_nir, find_nir, redact

from .corpus import COMMON, LOOKALIKE, RARE, Case, cases

CORPUS = list(cases(20261123, per_kind=15))


def _missed(case: Case) -> int:
    spans = find_nir(case.text)
    return sum(all(f[1] <= s[0] or f[0] >= s[1] for f in spans) for s in case.spans)


def _share_found(group: str) -> float:
    chosen = [case for case in CORPUS if case.group == group]
    missed = Counter({case.kind: 0 for case in chosen})
    for case in chosen:
        missed[case.kind] += _missed(case)
    total = sum(len(case.spans) for case in chosen)
    print({kind: count for kind, count in missed.items() if count})
    return 1 - missed.total() / total


def test_common_forms_are_found() -> None:
    assert _share_found(COMMON) >= 0.995


def test_rare_forms_are_found() -> None:
    assert _share_found(RARE) >= 0.95


def test_lookalikes_raise_no_alarm() -> None:
    chosen = [case for case in CORPUS if case.group == LOOKALIKE]
    alarms = Counter(case.kind for case in chosen if find_nir(case.text))
    print(alarms)
    assert 1 - alarms.total() / len(chosen) >= 0.995


def test_spans_are_exact() -> None:
    exact = near = 0
    for case in CORPUS:
        spans = find_nir(case.text)
        for start, end in case.spans:
            exact += (start, end) in spans
            near += any(f[0] < end and f[1] > start for f in spans)
    assert exact / near >= 0.99


@pytest.mark.parametrize(
    ("text", "spans"),
    [
        ("NIR : 1 55 08 75 999 991 93", [(6, 27)]),
        ("NIR : 1 55 08 75 999 991 (93).", [(6, 29)]),
        ("1550875999991 clé 93, Mme Durand", [(0, 20)]),
        ("(NIR 1550875999991)", [(5, 18)]),
        ("1 85 05 78 006 084 36", [(0, 21)]),
        ("1550875999991", []),
        ("commande 1550875999991", []),
        ("155087599999193 et 269052A99999244", [(0, 15), (19, 34)]),
        ("1&nbsp;55&nbsp;08&nbsp;75&nbsp;999&nbsp;991&nbsp;93", [(0, 51)]),
        ("NIR 1550875999991 12 rue de la Paix", [(4, 17)]),
        ("1 55 08 75 999 991 12/05/2024", [(0, 18)]),
        ("0.155087599999193", []),
        ("proche infrarouge (NIR) 1550875999991", []),
        ("dossier incomplet, 1 55 08 75 999 991", [(19, 37)]),
        ("dossier 1 55 08 75 999 991", []),
        ("tél 06 12 34 56 78, 1550875999991 (93)", [(20, 38)]),
        ("né le 12/03/1955 1 55 08 75 999 991", [(17, 35)]),
        ("NIR du père : 1550875999991, de la mère : 2740220999994", [(14, 27), (42, 55)]),
        ("n° séc. soc. : 1550875999991", [(15, 28)]),
        ("1550875999991 et la clé 93", [(0, 26)]),
        ("carte bancaire 1550 8759 9999 193", []),
        ('{"nir":"1550875999991","cle":"93"}', [(8, 21)]),
        ("Durand,1550875999991,93", [(7, 20)]),
        ("1 55 08 75 999 991 47 SIRET 12345678900012", [(0, 21)]),
        ("1 55 08 75 999 991 il rappelle", [(0, 18)]),
        ("207.97.32.212 159.97.116.76", []),
        ("SIRET 12345678900012, sécu : 1550875999991", [(29, 42)]),
        ("", []),
    ],
)
def test_a_span_covers_the_number_and_its_key(text: str, spans: list[tuple[int, int]]) -> None:
    assert find_nir(text) == spans


def _redacted(text: str) -> str:
    for start, end in reversed(find_nir(text)):
        text = text[:start] + "[NIR]" + text[end:]
    return text


def _check_twin(texts: list[str | None], kind: pa.DataType) -> None:
    array = pa.array(texts, kind)
    out, hits = redact(array)
    out.validate(full=True)
    assert out.type == kind
    assert out.to_pylist() == [None if text is None else _redacted(text) for text in texts]
    expected = [0 if text is None else len(find_nir(text)) for text in texts]
    assert hits.tolist() == expected == count_nir(array).tolist()


@pytest.mark.parametrize("kind", [pa.string(), pa.large_string()])
@pytest.mark.parametrize(
    "padding", ["", "Le stagiaire l’a dit à l'entretien, café. " * 2, "a" * 900]
)
def test_columns_are_redacted_as_their_texts_are(kind: pa.DataType, padding: str) -> None:
    texts = [padding + case.text + " " + padding for case in CORPUS[::7]]
    _check_twin([*texts, None, "", *texts[:3]], kind)


def test_dense_and_sparse_stretches_of_a_column_keep_their_order(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("tamis.nir.vectorized.scan._SLAB", 2_000)
    dense = ["NIR du stagiaire, relevé à l'entretien de mars : 1 55 08 75 999 991"] * 60
    sparse = ["né, 155087599999193", *["Le stagiaire a été reçu, dossier complet à ce jour."] * 99]
    _check_twin([*sparse, *dense, *sparse, *sparse, *dense, *sparse], pa.string())


def test_runs_of_other_lengths_are_read_as_the_rules_read_them() -> None:
    number = "155087599999193"
    runs = (number[1:], number[:14], number[1:13], number[:12], number[:13], number + "0")
    before = ("SIRET : ", "I ", "l\n", "t ", "I\\t ", "é ", "x", "I&nbsp;", "")
    behind = ("", " le", " et non", "B", "%20", " 3", " (93)", " et 06 12 34 56 78")
    words = product(("", "NIR ", "n° sécu "), before, runs, behind)
    prose = "Le stagiaire a été reçu par la conseillère de son organisme "
    texts = [prose + "".join(some) for some in words]
    _check_twin([*texts, *[text + " " for text in texts]], pa.string())
    _check_twin([piece for text in texts for piece in (text, prose)], pa.string())


_pieces = st.one_of(
    st.sampled_from([case.text for case in CORPUS]),
    st.sampled_from(
        ["NIR ", "n° sécu : ", "1", "55", "08", "2A", "999", "991", "93", " ", "\u00a0"]
    ),
    st.sampled_from(
        ["155087599999193", "1 55 08 75 999 991 93", "1550875999991", "\u200b", "&#49;"]
    ),
    st.sampled_from(
        ["l", "O", "S", "B", "(", ")", "clé ", "%20", "\\u0031", "<br>", "E+14", ".", ","]
    ),
    st.text("0123456789 .-/AaBbOlS,\u00a0\u202f\u200b", max_size=24),
    st.text(max_size=12),
)


@settings(max_examples=150)
@given(st.lists(st.none() | st.lists(_pieces, max_size=6).map("".join), max_size=6))
def test_any_column_is_redacted_as_its_texts_are(texts: list[str | None]) -> None:
    _check_twin(texts, pa.string())


@settings(max_examples=150)
@given(
    st.text() | st.lists(_pieces, max_size=8).map("".join) | st.characters().map(lambda c: c * 20)
)
def test_spans_lie_in_the_text_in_order(text: str) -> None:
    spans = find_nir(text)
    edges = [edge for span in spans for edge in span]
    assert edges == sorted(edges)
    assert all(0 <= start < end <= len(text) for start, end in spans)


def test_lone_surrogates_and_nul_are_no_error() -> None:
    assert find_nir("\ud800 155087599999193 \x00") == [(2, 17)]


def test_no_byte_of_a_replaced_number_is_left() -> None:
    array = pa.array(["x 155087599999193 y", "sans", None, "NIR 2690599999992"])
    sliced = redact(array[1:])[0]
    for out in (redact(array)[0], sliced):
        for buffer in out.buffers():
            assert buffer is None or b"99999" not in buffer.to_pybytes()


def test_numbers_under_a_null_do_not_stay() -> None:
    offsets = pa.array([0, 15, 17], pa.int32()).buffers()[1]
    mask = pa.py_buffer(b"\x02")
    array = pa.Array.from_buffers(
        pa.string(), 2, [mask, offsets, pa.py_buffer(b"155087599999193ok")]
    )
    out, hits = redact(array)
    assert out.to_pylist() == [None, "ok"]
    assert hits.tolist() == [0, 0]
    assert b"99999" not in out.buffers()[2].to_pybytes()


def test_a_column_without_numbers_is_given_back() -> None:
    array = pa.array(["bonjour", None])
    assert redact(array)[0] is array


def test_a_nir_behind_letters_of_two_bytes_is_replaced() -> None:
    assert redact(pa.array(["né, 155087599999193"]))[0].to_pylist() == ["né, [NIR]"]


def test_only_text_is_redacted() -> None:
    with pytest.raises(TypeError, match="int64"):
        redact(pa.array([155087599999193]))


def test_few_rows_are_read_by_the_rules(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tamis.nir.vectorized.scan._FEW_ROWS", 16)
    texts = ["tél. 06 12 34 56 78", None, "Zoé, NIR 1 55 08 75 999 991 93, 06 12 34 56 78"]
    redacted, hits = redact(pa.array(texts))
    assert redacted.to_pylist() == [*texts[:2], "Zoé, NIR [NIR], 06 12 34 56 78"]
    assert hits.tolist() == [0, 0, 1]


def test_a_text_of_thousands_of_labelled_numbers_is_redacted() -> None:
    count = 20_000  # copied once for each number, the text would be longer than offsets reach
    text, hits = redact(pa.array(["NIR 1550875999991, " * count]))
    assert hits.tolist() == [count]
    assert text[0].as_py() == "NIR [NIR], " * count


@pytest.mark.parametrize("filler", ["4 ", "45 37 ", "12345 ", "123456,78 ", "OI5 ", "ref 61 "])
def test_a_long_text_is_read_as_a_short_one(filler: str) -> None:
    """Looking for labels over the whole text, for each number, would take minutes here."""
    planted = "fin, NIR : 1 55 08 75 999 991 93, suite"
    text = filler * (60_000 // len(filler)) + planted
    begin = text.index("1 55 08 75 999 991 93")
    spans = [span for span in find_nir(text) if span[1] > len(text) - len(planted)]
    assert spans == [(begin, begin + 21)]


@pytest.mark.parametrize(
    "unit", ["1 55 08 2 A 999 991 ", "１55087599999193 ", "NIR : １5 508 759 "]
)
def test_time_grows_with_the_length_of_a_text(unit: str) -> None:
    """Copying the text, or what is left of it, for each number takes 16 times as long for four."""
    seconds = []
    for size in (80_000, 320_000):
        texts = pa.array([unit * (size // len(unit))])
        begin = time.process_time()
        redact(texts)
        seconds.append(time.process_time() - begin)
    assert seconds[1] < 8 * seconds[0] + 0.1


def test_spans_of_two_readings_do_not_overlap() -> None:
    spans = find_nir("NIR : 1<b>55</b>0875<i>999991</i>93 et 15508<br>75999991")
    assert all(first[1] <= then[0] for first, then in pairwise(spans))
