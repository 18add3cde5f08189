"""What stands between two digits of one number, and what a label is written with, hides no NIR."""

import random
from collections.abc import Callable

import pyarrow as pa
import pytest

from tamis.nir.find import find_nir, redact
from tamis.nir.fold import fold

from .corpus import body, corsican, cut, full, key

BETWEEN = {
    "a run of Word": "</w:t></w:r><w:r><w:t>",
    "a run with properties": '</w:t></w:r><w:r w:rsidR="00A77B3E" w:rsidRPr="00C54A3C"><w:rPr>'
    '<w:b/><w:sz w:val="22"/></w:rPr><w:t xml:space="preserve">',
    "spans": '</span><span style="font-size:12.0pt;color:#1F497D">',
    "a tag with a dash": "<my-tag>",
    "a tag of OpenDocument": "<text:s/>",
    "a comment": "<!-- -->",
    "a comment with words": "<!-- page 2 -->",
    "an instruction": "<?pi?>",
    "an instruction with words": '<?lb n="2"?>',
    "sections of characters": "]]><![CDATA[",
    "quoted-printable blank": "=20",
    "quoted-printable no-break": "=C2=A0",
    "quoted-printable narrow": "=E2=80=AF",
    "quoted-printable line": "=\r\n",
    "&nbsp without semicolon": "&nbsp",
    "&amp;amp;nbsp;": "&amp;amp;nbsp;",
    "&ensp;": "&ensp;",
    "&hairsp;": "&hairsp;",
    "&numsp;": "&numsp;",
    "&NonBreakingSpace;": "&NonBreakingSpace;",
    "&ZeroWidthSpace;": "&ZeroWidthSpace;",
    "&shy;": "&shy;",
    "&#9;": "&#9;",
    "a no-break space read as Latin-1": "Â\u00a0",
    "a narrow space read as Windows-1252": "â€¯",
    "a dash read as Windows-1252": "â€“",
    "Hangul filler": "\u3164",
    "half-width Hangul filler": "\uffa0",
    "Braille blank": "\u2800",
    "Mongolian separator": "\u180e",
    "vertical tab": "\v",
    "form feed": "\f",
    "a quoted line": "\n> ",
    "a line quoted twice": "\r\n>> ",
    "a quoted line with blanks": "\n> > ",
    "table bars": " | ",
    "a table bar": "|",
    "a line of a box": " │ ",
    "bold": "**",
    "bold behind a blank": " **",
    "bold before a blank": "** ",
    "bold on both sides": "** **",
    "italics": "* ",
    "underlined": "__",
    "code": "` `",
    "struck out": "~~",
    "bold behind bold": "****",
    "underlined behind underlined": "____",
    "struck out thrice": "~~~",
}
WITHIN = {
    "a tag": "</b>",
    "bold behind bold": "****",
    "underlined behind underlined": "____",
    "tags around a zero-width space": "<b>\u200b</b>",
    "a zero-width space before a tag": "\ufeff<b>",
    "a tag before a soft line end": "</b>=\r\n",
    "a soft line end before a tag": "=\r\n<b>",
    "tags beyond a run's bound": "<b></b>" * 1_200,
    "sections beyond a run's bound": "]]>" * 2_100,
}
Write = Callable[[random.Random, str], str]
ALONE: dict[str, Write] = {
    "grouped": lambda r, gap: cut(full(r), gap),
    "grouped, Corsica": lambda r, gap: cut((n := corsican(r)) + key(n), gap),
    "key apart": lambda r, gap: (n := body(r)) + gap + key(n),
    "cut once": lambda r, gap: cut(full(r), gap, "78"),
}
LABELLED: dict[str, Write] = {
    "13 grouped": lambda r, gap: cut(body(r), gap),
    "13 in two": lambda r, gap: cut(body(r), gap, "76"),
    "14 grouped": lambda r, gap: cut(full(r)[:14], gap),
}
ALPHABETS = {
    "full-width": str.maketrans({code: code + 0xFEE0 for code in range(ord("A"), ord("z") + 1)}),
    "Cyrillic": str.maketrans("NIRSOoceu", "NІRЅОосеu"),
    "Greek": str.maketrans("NIo", "ΝΙο"),
}


def _redacted(texts: list[str]) -> list[str]:
    """The redacted texts, of a column; each is the same by itself."""
    out: list[str] = redact(pa.array(texts))[0].to_pylist()
    for text, redacted in zip(texts, out, strict=True):
        for start, end in reversed(find_nir(text)):
            text = text[:start] + "[NIR]" + text[end:]
        assert redacted == text
    return out


@pytest.mark.parametrize("between", BETWEEN)
def test_between_two_digits(between: str) -> None:
    rng = random.Random(15)
    for forms, labels in (
        (ALONE, ("", "vu avec lui ", "NIR : ")),
        (LABELLED, ("NIR : ", "n° sécu ", "<b>NIR</b> : ")),
    ):
        texts, wanted = [], []
        for write in forms.values():
            for label in labels:
                number = write(rng, BETWEEN[between])
                texts.append(f"{label}{number}, merci")
                wanted.append({f"{label}[NIR], merci"})
                if write is LABELLED["14 grouped"]:  # the first digit of a key may stay
                    wanted[-1].add(f"{label}[NIR]{BETWEEN[between]}{number[-1]}, merci")
                if write is ALONE["key apart"] and "|" in fold(BETWEEN[between]).text:
                    wanted[-1].add(f"{label}[NIR]{number[13:]}, merci")  # in another cell
        for redacted, allowed in zip(_redacted(texts), wanted, strict=True):
            assert redacted in allowed


@pytest.mark.parametrize("between", WITHIN)
def test_within_a_group(between: str) -> None:
    rng = random.Random(15)
    texts = [f"vu {n[:4]}{WITHIN[between]}{n[4:]}, merci" for n in (full(rng), full(rng))]
    assert _redacted(texts) == ["vu [NIR], merci"] * 2


@pytest.mark.parametrize("gap", [" ", "-", ".", "\u00a0", "&nbsp;", "</w:t><w:t>", "**"])
def test_between_2_and_a_or_b(gap: str) -> None:
    rng = random.Random(15)
    for label in ("", "NIR : "):
        for number in (corsican(rng) for _ in range(4)):
            groups = cut(number[:6] + number[7:] + key(number), gap, "1221332").split(gap)
            for letter in (number[6], number[6].lower()):
                text = gap.join([*groups[:4], letter, *groups[4:]])
                assert _redacted([f"vu {label}{text}, merci"]) == [f"vu {label}[NIR], merci"]


@pytest.mark.parametrize("alphabet", ALPHABETS)
def test_labels_in_letters_that_look_alike(alphabet: str) -> None:
    rng = random.Random(15)
    labels = ("NIR : ", "NSS ", "n° de sécurité sociale ", "N° SS : ")
    texts = [f"vu {label.translate(ALPHABETS[alphabet])}{body(rng)}" for label in labels]
    assert all(text.endswith("[NIR]") for text in _redacted(texts))


@pytest.mark.parametrize("alike", ["ОО", "Оо", "Оο", "ＯО"])
def test_digits_that_letters_of_other_scripts_look_like(alike: str) -> None:
    assert _redacted([f"vu 1 55 {alike} 75 999 991 93 ce jour"])[0].count("[NIR]") in (0, 1)
    number = "190109900099960"
    letters = number[:4].replace("0", alike[0]) + number[4:8] + number[8:].replace("0", alike[1], 1)
    assert _redacted([f"vu, NIR : {letters} ce jour"]) == ["vu, NIR : [NIR] ce jour"]
    assert _redacted([f"vu, NIR : {letters.replace('1', 'І')} ce jour"])[0].count("[NIR]") == 1


@pytest.mark.parametrize("count", [2, 3])
def test_numbers_without_anything_between(count: int) -> None:
    rng = random.Random(15)
    for write in (full, body, lambda r: corsican(r)):
        for label in ("NIR : ", "n° de sécurité sociale : "):
            joined = "".join(write(rng) for _ in range(count))
            assert _redacted([f"vu {label}{joined}, merci"]) == [
                f"vu {label}{'[NIR]' * count}, merci"
            ]
    joined = "".join(full(rng) for _ in range(count))
    assert _redacted([f"vu {joined}, merci"]) == [f"vu {'[NIR]' * count}, merci"]


@pytest.mark.parametrize(
    "text",
    [
        "<dossier>15508</dossier><montant>75999</montant><lot>99193</lot>",
        "| 12 | 155 | 0875 | 99 | 1250 |",
        "a=20 b=15 c=08 d=75 e=99 f=93",
        "**1550** points, **875** votes, **99** voix et **1993** ans",
        "> 12/03/2024\n> 06 12 34 56 78\n> 75011",
    ],
)
def test_numbers_of_several_fields_are_none(text: str) -> None:
    assert _redacted([text]) == [text]


def test_a_number_in_a_tag_stays_in_sight() -> None:
    grouped = "1 55 08 75 999 991 93"
    escaped = (grouped.replace(" ", gap) for gap in ("&nbsp;", "%C2%A0", "\\u202f", "&#160;"))
    for number in ("155087599999193", grouped, "1 55 O8 75 999 991 93", *escaped):
        for tag in ('<w:r nir="{}"/>', "<!-- {} -->", "<?nir {}?>", "<a:b c='{}'>"):
            assert _redacted([tag.format(number)]) == [tag.format("[NIR]")]


def test_a_table_of_two_numbers() -> None:
    assert _redacted(["| n° séc. soc. : 1550 8759 9999 1 | 75 |"]) == [
        "| n° séc. soc. : [NIR] | 75 |"
    ]
    row = "| 1 55 08 75 999 991 | 93 | 75011 |"
    assert _redacted([row])[0] in ("| [NIR] | 93 | 75011 |", "| [NIR] | 75011 |")
    sheet = "<row><nir>1550875999991</nir><cp>75011</cp></row>"
    assert _redacted([sheet]) == [sheet.replace("1550875999991", "[NIR]")]
