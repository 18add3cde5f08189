"""Behind words that surely name a NIR 12 to 16 digits go, however they are written."""

import random
from collections.abc import Callable

import pyarrow as pa
import pytest

from tamis.nir.find import find_nir, redact

from .corpus import body, corsican, cut, full, key
from .second_lookalikes import checked

LABELS = (
    *("NIR : ", "NIR ", "nir=", "N.I.R. ", "n° de sécurité sociale : ", "n° sécu : ", "sécu "),
    *("Numéro de sécurité sociale ", "NSS : ", "n° SS : ", "n°SS: ", "numSecu=", "NIA : "),
    *("numéro d'inscription au répertoire : ", "n° INSEE : ", "<NIR>", '{"nir":"', "nir;"),
    *("assuré social n° ", "NIR du titulaire : ", "son numéro de sécurité sociale est le "),
    *("n° de sÃ©curitÃ© sociale ", "NUMÃ‰RO DE SÃ‰CURITÃ‰ SOCIALE : ", "n? de s?curit? sociale "),
    *(
        "num\ufffdro de s\ufffdcurit\ufffd sociale ",
        "NIRBenef=",
        "n° d'attente : ",
    ),
    *("SSN ", "num_ss: ", "NIR :\n\n", "NIR :  ......:......... : ", "NIR</td><td>"),
)

Write = Callable[[random.Random], str]


def _cells(number: str, tag: str = "td", between: str = "") -> str:
    return between.join(f"<{tag}>{group}</{tag}>" for group in cut(number).split())


FORMS: dict[str, Write] = {
    "12": lambda r: body(r)[:12],
    "14": lambda r: full(r)[:14],
    "16": lambda r: full(r) + "0",
    "0 and 13": lambda r: "0" + body(r),
    "00 and 13": lambda r: "00" + body(r),
    "0 and 15": lambda r: "0" + full(r),
    "filled to 20": lambda r: body(r).rjust(20, "0"),
    "0 and 13, spaced": lambda r: "0 " + cut(body(r)),
    "0 and 13, in pairs": lambda r: cut("0" + body(r), " ", "2222222"),
    "12, spaced": lambda r: cut(body(r)[:12]),
    "14, spaced": lambda r: cut(full(r)[:14]),
    "14 in two": lambda r: cut(full(r)[:14], " ", "77"),
    "14 by dots": lambda r: cut(full(r)[:14], "."),
    "14 by no-break spaces": lambda r: cut(full(r)[:14], "\u00a0"),
    "14 by entities": lambda r: cut(full(r)[:14], "&nbsp;"),
    "14 by <br>": lambda r: cut(full(r)[:14], "<br>"),
    "14 in lines": lambda r: cut(full(r)[:14], "\r\n"),
    "14 full-width": lambda r: full(r)[:14].translate({48 + d: 0xFF10 + d for d in range(10)}),
    "16 in fours": lambda r: cut(full(r) + "7", " ", "4444"),
    "14 of Corsica": lambda r: (number := corsican(r)) + key(number)[:1],
    "0 and 13 of Corsica": lambda r: "0" + corsican(r),
    "cells": lambda r: _cells(full(r)),
    "cells without key": lambda r: _cells(body(r)),
    "cells in lines": lambda r: _cells(full(r), between="\n  "),
    "cells with attributes": lambda r: _cells(full(r)).replace("<td>", '<td class="c">'),
    "blocks": lambda r: _cells(full(r), "div"),
    "superscript": lambda r: _cells(full(r), "sup"),
    "by five blanks": lambda r: cut(full(r), "     "),
    "by eight blanks": lambda r: cut(full(r), " " * 8),
    "another first digit": lambda r: "9" + body(r)[1:],
    "a moment of 2025": lambda r: "1760875999991",
    "a SIRET without its label": lambda r: checked(r, 14),
}
OTHERS: dict[str, Write] = {
    "an IBAN of 25 digits": lambda r: "FR76 3000 6000 0112 3456 7890 189",
    "the same in one": lambda r: "FR7630006000011234567890189",
    "an IBAN of 14 digits": lambda r: "BE68 5390 0754 7034",
    "an IBAN behind its label": lambda r: "IBAN BE68 5390 0754 7034",
    "a SIRET behind its label": lambda r: "absent, SIRET " + checked(r, 14),
    "a SIREN behind its label": lambda r: "absent, SIREN " + cut(checked(r, 9), " ", "333"),
    "a telephone": lambda r: "06 12 34 56 78",
    "an international one": lambda r: "+33 6 12 34 56 78",
    "amounts in a row": lambda r: "6 438,20 8 335,32 1 403,76",
    "a date": lambda r: "demandé le 12/03/2024 à 14h30",
    "a date and a telephone": lambda r: "reçu le 12/03/2024, tél 06 12 34 56 78",
    "a digest": lambda r: "a1550875999991bd1550875999991c0ffee1550875999991",
    "11 digits": lambda r: body(r)[:11],
    "17 digits": lambda r: full(r) + "12",
}


def _texts(write: Write) -> list[str]:
    rng = random.Random(8)
    return [f"vu avec lui, {label}{write(rng)} merci" for label in LABELS]


@pytest.mark.parametrize("form", FORMS)
def test_strong_labels_take_what_follows(form: str) -> None:
    texts = _texts(FORMS[form])
    redacted, counts = redact(pa.array(texts))
    assert counts.tolist() == [1] * len(LABELS)
    for text in redacted.to_pylist():
        assert sum(map(str.isdigit, text)) <= 1, text  # the first digit of a key that lost one


@pytest.mark.parametrize("form", OTHERS)
def test_what_check_digits_or_another_label_name_stays(form: str) -> None:
    texts = _texts(OTHERS[form])
    assert redact(pa.array(texts))[0].to_pylist() == texts


def test_a_siret_stays_behind_words_that_may_name_a_nir() -> None:
    texts = [
        f"société immatriculée sous le n° {checked(random.Random(8), 14)}",
        "matricule 0123456789012",
    ]
    assert redact(pa.array(texts))[0].to_pylist() == texts


def test_columns_and_texts_agree() -> None:
    texts = [text for write in (FORMS | OTHERS).values() for text in _texts(write)]
    counts = redact(pa.array(texts))[1].tolist()
    assert counts == [len(find_nir(text)) for text in texts]


def test_the_rubrique_of_a_dsn_in_a_columns_name_is_a_label() -> None:
    assert find_nir("S21_G00_30_001;15508759999919") == [(15, 29)]


def test_a_number_further_on_needs_the_layout_of_a_nir() -> None:
    assert find_nir("NIR non communiqué par le titulaire, voir 15508759999919") == [(42, 56)]
    assert find_nir("NIR non communiqué par le titulaire, voir 15518759999919") == []


@pytest.mark.parametrize("tag", ["td", "p", "div", "span", "sup", "li"])
def test_a_nir_in_an_attribute_of_a_tag_is_found(tag: str) -> None:
    for number in ("155087599999193", "1 55 08 75 999 991 93", "1550875999991", "15508759999919"):
        text = f'<{tag} nir="{number}" class="c">Durand</{tag}>'
        assert redact(pa.array([text]))[0][0].as_py() == text.replace(number, "[NIR]")
    wide = f'<{tag} width="100">'
    groups = "155087599999193" if tag in ("span", "sup") else "1 55 08 75 999 991 93"
    assert find_nir("".join(wide + group for group in groups.split()))
