"""Texts as people and programs write them: what stands between digits, what a label takes."""

from itertools import pairwise

import pyarrow as pa
import pytest

from tamis.filter.gate.gate import GateColumn, find_leaks

BODY, FULL = "1550875999991", "155087599999193"
CORSICAN = "269052A99999244"
OTHER = "255087599999143"

BETWEEN = {
    "a run of DOCX": '</w:t></w:r><w:r w:rsidR="00A12"><w:t xml:space="preserve">',
    "a tag with a dash": "</my-cell><my-cell>",
    "a long tag": f'<td style="{"width: 1em; " * 8}">',
    "a comment": "<!-- page 2 -->",
    "an instruction": "<?page break?>",
    "spans": "</span><span class='x'>",
    "quoted-printable blank": "=20",
    "quoted-printable no-break": "=C2=A0",
    "quoted-printable line": "=\r\n",
    "entity": "&nbsp;",
    "narrow entity": "&#8239;",
    "percent": "%C2%A0",
    "filler": "\u3164",
    "vertical tab": "\x0b",
    "form feed": "\x0c",
    "quoted line": "\n> ",
    "table bar": " | ",
    "bare bar": "|",
    "emphasis": "**",
    "ideographic blank": "\u3000",
    "middle dot": " · ",
    "five blanks": "     ",
}


def cut(number: str, gap: str) -> str:
    ends = (0, 1, 3, 5, 7, 10, 13, 15)
    return gap.join([number[a:b] for a, b in pairwise(ends) if number[a:b]])


def leaks(texts: list[str]) -> list[int]:
    rows: list[int] = find_leaks([GateColumn("c", pa.array(texts))]).rows.tolist()
    return rows


@pytest.mark.parametrize("gap", BETWEEN.values(), ids=BETWEEN.keys())
def test_whatever_parts_the_groups_of_a_nir_it_is_seen(gap: str) -> None:
    writings = {
        "with its key": f"vu avec M. X, {cut(FULL, gap)}, à rappeler",
        "Corsican": f"vu avec M. X, {cut(CORSICAN, gap)}, à rappeler",
        "key apart": f"vu avec M. X, {BODY}{gap}93, à rappeler",
        "without key behind a label": f"vu avec M. X, NIR : {cut(BODY, gap)}, à rappeler",
        "odd groups behind a label": f"NIR : 15508{gap}7599{gap}9991, à rappeler",
        "a bare column": cut(FULL, gap),
    }
    rows = leaks(list(writings.values()))
    assert [name for name, row in zip(writings, rows, strict=True) if row < 0] == []


def test_a_tag_that_names_a_nir_is_a_label_still_and_one_that_holds_one_is_read() -> None:
    texts = [
        f"<NIR>{BODY}</NIR>",
        f"<ns:num-secu>{BODY}</ns:num-secu>",
        f'<w:t nir="{BODY}"/>',
        f"<a title='{FULL}'>x</a>",
        f"<!-- {FULL} -->",
        f"<a>12</a><b>{FULL}</b>",
    ]
    assert leaks(texts) == [0] * len(texts)
    assert leaks([f"<siret>{BODY}</siret><b>12</b>", "<a href='x'>12345</a> 67890 <b/> 12"]) == [
        -1,
        -1,
    ]


@pytest.mark.parametrize(
    "number",
    [
        "2 69 05 2 A 999 992 44",
        "2 69 05 2\u00a0A\u00a0999 992 44",
        "2-69-05-2-A-999-992-44",
        "2 69 05 2 a 999 992",
        "2 6 9 0 5 2 A 9 9 9 9 9 2 4 4",
        "269052 A99999244",
        "26905 2 A 99999244",
    ],
)
def test_a_department_of_corsica_that_is_cut_is_seen(number: str) -> None:
    assert leaks([f"vu avec Mme X, {number}, à rappeler", number]) == [0, 0]


LABELS = {
    "full-width": "ＮＩＲ ： ",
    "Cyrillic": "NІR : ",
    "Cyrillic social": "sécurité sосіаle : ",
    "Greek": "ΝΙR : ",
    "small capitals": "ɴɪʀ : ",
    "mathematical": "𝐍𝐈𝐑 : ",
    "accents": "N\u0301IR : ",
    "quoted-printable": "num=C3=A9ro de s=C3=A9curit=C3=A9 sociale : ",
    "entities": "s&eacute;cu : ",
    "UTF-8 as Windows-1252": "nÂ° de sÃ©curitÃ© sociale : ",
    "the same in capitals": "SÃ‰CURITÃ‰ SOCIALE : ",
    "question marks": "n? de s?curit? sociale : ",
    "replacement characters": "s\ufffdcurit\ufffd sociale : ",
    "capitals before a name": "NIRBenef=",
    "a rubrique in a column's name": "S21_G00_30_001 : ",
    "waiting number": "numéro d'attente : ",
}


@pytest.mark.parametrize("label", LABELS.values(), ids=LABELS.keys())
def test_a_label_in_other_letters_is_one(label: str) -> None:
    assert leaks([f"vu avec M. X, {label}{BODY}"]) == [0]


@pytest.mark.parametrize("glued", [FULL + OTHER, BODY + OTHER[:13], BODY + OTHER, FULL * 3])
def test_nirs_without_anything_between_are_seen_behind_a_label(glued: str) -> None:
    assert leaks([f"vu avec M. X, NIR : {glued}, à rappeler"]) == [0]


def test_nirs_without_anything_between_are_seen_alone_by_their_keys() -> None:
    texts = [FULL + OTHER, f"vu {FULL}{OTHER} et", CORSICAN + FULL, FULL + "280059999999912"]
    assert leaks(texts) == [0, 0, 0, -1]


@pytest.mark.parametrize("number", [f"2026{FULL}", f"{FULL}1", f"FR76{FULL}", f"000{FULL}000"])
def test_a_right_key_within_more_digits_is_seen_behind_a_label(number: str) -> None:
    assert leaks([f"NIR : {number}, à rappeler", f"voir {number}"]) == [0, -1]


@pytest.mark.parametrize(
    "number",
    [
        "6 438,79 7 727,82 9 948,24 ;  OK",
        "1 813,34 4 845,53 4 415,97",
        "111\u202f240\u202f203,90 €( 35 h sur 70.",
        "578\u00a0203\u00a0310,15 €\n 2e relance !",
        "1 250,00 € puis 2 380,15",
        "+33 1 37 88 66 26( 2e relance !",
        "+33 6 12 34 56 78 / +33 6 12 34 56 79",
        "0033 6 12 34 56 78, 2e relance",
        "2026-12-28 12:15:42.591020  2e relance !",
        "28/12/2026 12:15:42, vu",
        "2026-12-28T12:15:42Z",
        "FR76 3191 0915 9893 8939 8180 938 35 h sur 70.",
        "FR76 3304 8551 6637 3083 5232 503",
    ],
)
def test_what_is_written_as_another_number_is_none_behind_a_label(number: str) -> None:
    assert leaks([f"NIR : {number}", f"n° de sécu {number}"]) == [-1, -1]


def test_a_right_key_counts_however_the_number_is_written() -> None:
    texts = [f"+{FULL}", "NIR 1 550 875 999 991,93", "NIR 0.155087599999193"]
    assert leaks(texts) == [0, 0, 0]


def _column(array: pa.Array) -> set[int]:
    return set(find_leaks([GateColumn("c", array)]).rows.tolist())


def test_the_parts_of_a_nir_are_seen_as_items_of_a_list_and_values_of_a_map() -> None:
    for number in (FULL, BODY, CORSICAN):
        parts = cut(number, "|").split("|")
        assert _column(pa.array([["x"], parts])) == {-1, 0}
        entries = list(zip("abcdefg", parts, strict=False))
        assert _column(pa.array([entries], pa.map_(pa.string(), pa.string()))) == {0}
    assert _column(pa.array([["1", "55", "13", "75", "999", "991"], ["12", "345", "678"]])) == {-1}


@pytest.mark.parametrize("ends", [(6,), (4, 9), (2, 4, 6, 8, 10, 12, 14)])
def test_nirs_cut_anywhere_are_seen_in_lists_by_the_batch(ends: tuple[int, ...]) -> None:
    bodies = [1550875999991 + 10**8 * (n % 4) + 17 * n for n in range(40)]
    numbers = [f"{body}{97 - body % 97:02}" for body in bodies]
    edges = (0, *ends, 15)
    rows = [[number[a:b] for a, b in pairwise(edges)] for number in numbers]
    assert _column(pa.array(rows)) == {0}
    others = [[part[::-1] for part in row] for row in rows]
    assert _column(pa.array(others)) == {-1}


@pytest.mark.parametrize(
    "text", ["2[[0", "1 2 . 2", "2 A", "2  B0", "a 2 A [", "12 A  b 3", "2-a-2-b-2"]
)
def test_a_2_before_anything_ends_in_no_error(text: str) -> None:
    long = f"{text} 2 6 9 0 5 1 3 4 5 6 7 8 9 0 1 2 3 {text}"
    assert leaks([text, long, long + text]) == [-1, -1, -1]
