"""A second labelled corpus of NIRs and look-alikes, written apart from the engine and `corpus`.

Every kind is one writing of the number in contexts drawn at random, or one look-alike in a French
sentence. A span runs from the number's first character to its last, its key with it; a key that
stands in another field is not part of it. `§` stands where a number goes.

Synthetic: a commune that does not exist, or an order from 990.
"""

import random
import string
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import pairwise

COMMON, RARE, LOOKALIKE = "common", "rare", "look-alike"

Rng = random.Random
Write = Callable[[Rng], str]


@dataclass(frozen=True)
class Case:
    """A text, and the spans in it that are NIRs."""

    group: str
    kind: str
    text: str
    spans: tuple[tuple[int, int], ...]


def key_for(body: str) -> str:
    number = int(body.upper().replace("2A", "19", 1) if "A" in body.upper() else
                 body.upper().replace("2B", "18", 1) if "B" in body.upper() else body)
    return f"{97 - number % 97:02}"


def _body(rng: Rng, first: str = "12", place: str | None = None) -> str:
    """13 characters; `place` is a département of two or three characters."""
    place = place or f"{rng.choice([*range(1, 20), *range(21, 96)]):02}"
    if rng.random() < 0.5:
        commune, order = f"99{rng.randint(0, 9)}", f"{rng.randint(1, 999):03}"
    else:
        commune, order = f"{rng.randint(1, 900):03}", f"99{rng.randint(0, 9)}"
    where = place + commune[len(place) - 2 :]
    return f"{rng.choice(first)}{rng.randint(0, 99):02}{rng.randint(1, 12):02}{where}{order}"


def _full(rng: Rng, first: str = "12", place: str | None = None) -> str:
    body = _body(rng, first, place)
    return body + key_for(body)


def _corsican(rng: Rng) -> str:
    year, month = rng.randint(0, 99), rng.randint(1, 12)
    department, order = rng.choice(("2A", "2B")), rng.randint(990, 999)
    body = f"{rng.choice('12')}{year:02}{month:02}{department}{rng.randint(1, 360):03}{order}"
    return body + key_for(body)


def _cut(number: str, gap: str = " ", widths: tuple[int, ...] = (1, 2, 2, 2, 3, 3, 2)) -> str:
    parts, at = [], 0
    for width in widths:
        if at < len(number):
            parts.append(number[at : at + width])
        at += width
    return gap.join(parts)


def _mixed(rng: Rng) -> str:
    gaps = rng.choices([" ", "-", ".", "\u00a0", "\u202f"], k=2) * 3
    rng.shuffle(gaps)
    parts = _cut(_full(rng)).split()
    return parts[0] + "".join(gap + part for gap, part in zip(gaps, parts[1:], strict=True))


def _evenly(width: int, gap: str) -> Write:
    return lambda r: _cut(_full(r), gap, (width,) * 15)


def _digits(rng: Rng, count: int, first: str = "123456789") -> str:
    return rng.choice(first) + "".join(rng.choices(string.digits, k=count - 1))


def _translated(zero: int) -> Write:
    table = {ord("0") + i: chr(zero + i) for i in range(10)}
    return lambda r: (_full(r) if r.random() < 0.5 else _cut(_full(r))).translate(table)


def _invisible(mark: str) -> Write:
    def write(rng: Rng) -> str:
        number = _full(rng)
        if rng.random() < 0.5:
            return _cut(number, mark)
        places = sorted(rng.sample(range(1, 15), rng.randint(1, 3)))
        return mark.join(number[a:b] for a, b in pairwise([0, *places, 15]))

    return write


def _misread(number: str, rng: Rng, times: int) -> str:
    letters = {"0": "Oo", "1": "lI", "5": "S", "8": "B"}
    places = [i for i, character in enumerate(number) if character in letters]
    out = list(number)
    for place in rng.sample(places, min(times, len(places))):
        out[place] = rng.choice(letters[out[place]])
    return "".join(out)


def _ocr(rng: Rng) -> str:
    while True:
        number = _full(rng) if rng.random() < 0.5 else _cut(_full(rng))
        wrong = _misread(number, rng, rng.randint(1, 3))
        if wrong != number:
            return wrong


LABELS = [
    "NIR : ", "NIR ", "NIR: ", "NIR=", "NIR n° ", "nir ", "Nir : ", "N.I.R. ", "N.I.R : ",
    "n° sécu ", "n° sécu : ", "n° de sécu ", "N° sécu: ", "no sécu ", "numéro de sécu ",
    "numero secu ", "num sécu : ", "num secu ", "n°sécu ", "N°SECU : ", "secu : ", "sécu ",
    "Sécu. : ", "num. sécu. soc. ", "n° séc. soc. : ",
    "numéro de sécurité sociale ", "numéro de sécurité sociale : ", "Numéro de Sécurité Sociale : ",
    "n° de sécurité sociale ", "n° sécurité sociale : ", "NUMERO DE SECURITE SOCIALE ",
    "numero de securite sociale : ", "sécurité sociale n° ", "sécurité sociale : ",
    "numéro de sécurité sociale est le ", "N° SS ", "N° SS : ", "n°ss ", "NSS ", "NSS : ",
    "No SS: ", "n° de SS ", "SS : ", "INSEE ", "n° INSEE ", "numéro INSEE : ", "N° Insee : ",
    "n° d'immatriculation ", "immatriculation : ", "immatriculation à la sécurité sociale : ",
    "n° d’immatriculation ", "immatriculé sous le n° ", "immatriculée sous le numéro ",
    "matricule sécu ", "matricule sécu : ", "matricule : ", "numéro d'assuré social ",
    "n° d'assuré : ", "n° assuré social : ", "assuré social n° ", "numéro d'assurée sociale : ",
    "numéro d'inscription au répertoire ", "numéro d'inscription au répertoire (NIR) : ",
    "RNIPP : ", "carte vitale n° ", "Carte Vitale : ", "N° carte vitale ",
    "numéro NIR : ", "le NIR est ", "le NIR suivant : ", "mon NIR c'est ", "NIR du titulaire : ",
    "NIR de l'assuré : ", "NIR bénéficiaire ", "NIR (13 caractères) : ", "NIR avec clé : ",
    "Nº sécu ", "INS : ", "identifiant national de santé : ", "NIA : ", "numéro d'attente NIA ",
]  # fmt: skip

SENTENCES = [
    "L*M. Durand, §, demande une attestation.", "L*Mme Nguyễn a rappelé ; son § est à vérifier.",
    "§ transmis par courrier ce jour.", "Dossier incomplet, § manquant sur la pièce d'identité.",
    "Appel de l'assuré (§) ce matin", "Vu avec Mme Lefèvre : §.", "Doublon ? § / voir historique",
    "« § » noté au crayon sur le formulaire", "le titulaire a communiqué \"§\" par téléphone",
    "Bonjour, je vous transmets mon §. Cordialement, Élodie", "- stagiaire Martin : §",
    "Nom : Petit ; prénom : Zoé ; § ; né le 12/03/1985", "RDV du 14/05/2024 à 14h30, §, absent",
    "§", "  §  ", "[§]", "(§)", "'§'", "§, merci", "Erreur de saisie: §!", "voir mail de 9h12 §",
    "Tél 06 12 34 56 78, §", "Né le 05/08/1985 à Lyon\n§\nMarié, 2 enfants", "→ §",
    "Le CPF de M. Ferrand (§) a été crédité de 500 € le 02/01/2024.", "…§…", "*§*", "#§",
    "12 rue de la Paix 75002 Paris – §", "Objet : réclamation - §", "§ - formation de 35 heures",
    "| Durand | Paul | § | 75 |", "Durand\tPaul\t§\t75015", "PJ : §, CNI, RIB", "OK pour §?",
    "Contacté le 03.04.2024; §; en attente de pièces", "réf. interne ABC-12, §", "(cf. §).",
    "Salarié embauché le 1er mars 2023, §, coefficient 215", "1. §", "2) §", "a) § b) néant",
    "Suite à notre entretien, § est rattaché à la caisse 751.", "Conformément à l'article L. 6323-8, "
    "le titulaire identifié par § sollicite la mobilisation de ses droits.",
    "Nous, soussignés, certifions que § relève du régime général depuis 2012.",
]  # fmt: skip

STRUCTURED = {
    "json": [
        '{"nir": "§"}', '{"id": 12, "nom": "Durand", "nir":"§", "ville": "Lyon"}',
        '{"beneficiaire": {"numeroSecu": "§"}, "montant": 1200.50}', '["§", null, 3]',
        '{"payload":"{\\"nir\\":\\"§\\"}"}', '{"num_ss":"§","cp":"75015"}', '{"NIR":["§"]}',
    ],
    "xml": [
        "<nir>§</nir>", '<assure id="3"><numSecu>§</numSecu><nom>X</nom></assure>',
        '<personne nir="§" sexe="M"/>', "<ns2:NIR>§</ns2:NIR>", "<![CDATA[NIR §]]>",
        "<td>§</td><td>Durand</td>",
    ],
    "csv": [
        "Durand;Paul;§;1985-05-12;75015", '"Durand","Paul","§","75015"', "3;§", "§;Durand;Lyon",
        "id|nom|nir\n3|Durand|§|x", "Durand\t§\tParis", "4,Durand,§,Lyon",
    ],
    "url": [
        "https://cpf.example/dossier?nir=§&page=2", "https://api.example/v1/assures/§/droits",
        "GET /assure/§ HTTP/1.1 200 512", "http://x.example/?numSecu=§", "/api/nir/§?format=json",
        "https://x.example/#nir=§",
    ],
    "sql": [
        "INSERT INTO assure (id, nir) VALUES (12, '§');", "SELECT * FROM t WHERE nir = '§' LIMIT 1",
        "2024-05-12 10:11:12,123 DEBUG [main] UPDATE t SET nir='§' WHERE id=3",
        "parameters: $1 = '42', $2 = '§'", "DELETE FROM t WHERE num_secu IN ('§')",
        "ERROR: duplicate key value violates unique constraint \"u\" DETAIL: Key (nir)=(§)",
    ],
    "file name": [
        "/data/in/scan_§_2026.pdf", "attestation_§.pdf", "CPF-§-v2.docx", "C:\\Dossiers\\§\\cni.png",
        "NIR§.xml", "export/§.json", "2024-05-12_§_contrat.pdf", "bulletin §.pdf",
    ],
    "log": [
        "2024-05-12T10:11:12Z INFO user=§ action=login", "nir=§ status=200 ms=35", "NIR:§",
        "[WARN] assuré §: droits non trouvés", "trace_id=9f3c nir=§", "DSN S21.G00.30.001,'§'",
    ],
}  # fmt: skip


class Corpus:
    """Cases of every kind, `per_kind` each, from a seed."""

    def __init__(self, seed: int, per_kind: int) -> None:
        self.rng = Rng(seed)
        self.per_kind = per_kind
        self.cases: list[Case] = []

    def add(self, group: str, kind: str, make: Callable[[Rng], tuple[str, list[str]]]) -> None:
        """Cases whose text has a § for each number."""
        for _ in range(self.per_kind):
            template, numbers = make(self.rng)
            pieces = template.split("§")
            text, spans = pieces[0], []
            for number, piece in zip(numbers, pieces[1:], strict=True):
                spans.append((len(text), len(text) + len(number)))
                text += number + piece
            self.cases.append(Case(group, kind, text, tuple(spans)))


def _sentence(rng: Rng) -> str:
    return rng.choice(SENTENCES).removeprefix("L*")


def _labelled(rng: Rng) -> str:
    return _sentence(rng).replace("§", rng.choice(LABELS) + "§")


def _anywhere(rng: Rng, write: Write) -> tuple[str, list[str]]:
    """In a sentence, with a label half the time."""
    template = _labelled(rng) if rng.random() < 0.5 else _sentence(rng)
    return template, [write(rng)]


def _in_label(rng: Rng, write: Write) -> tuple[str, list[str]]:
    return _labelled(rng), [write(rng)]


_COMMON_ANYWHERE: dict[str, Write] = {
    "15 compact": _full,
    "spaces": lambda r: _cut(_full(r)),
    "no-break spaces": lambda r: _cut(_full(r), "\u00a0"),
    "narrow spaces": lambda r: _cut(_full(r), "\u202f"),
    "thin spaces": lambda r: _cut(_full(r), "\u2009"),
    "figure spaces": lambda r: _cut(_full(r), "\u2007"),
    "dots": lambda r: _cut(_full(r), "."),
    "dashes": lambda r: _cut(_full(r), "-"),
    "slashes": lambda r: _cut(_full(r), "/"),
    "underscores": lambda r: _cut(_full(r), "_"),
    "tabs": lambda r: _cut(_full(r), "\t"),
    "two spaces": lambda r: _cut(_full(r), "  "),
    "spaced dashes": lambda r: _cut(_full(r), " - "),
    "line break": lambda r: (
        lambda parts, at: " ".join(parts[:at]) + "\n" + " ".join(parts[at:])
    )(_cut(_full(r)).split(), r.randint(1, 6)),
    "line break before key": lambda r: (n := _full(r))[:13] + "\n" + n[13:],
    "mixed": _mixed,
    "no-break within": lambda r: (n := _cut(_full(r))).replace(" ", "\u00a0", r.randint(1, 5)),
    "key after a space": lambda r: (n := _full(r))[:13] + " " + n[13:],
    "key after a no-break space": lambda r: (n := _full(r))[:13] + "\u00a0" + n[13:],
    "key after a dash": lambda r: (n := _full(r))[:13] + r.choice(("-", " - ", "/", " / "))
    + n[13:],
    "key after a tab": lambda r: (n := _full(r))[:13] + "\t" + n[13:],
    "key in parentheses": lambda r: (n := _full(r))[:13] + r.choice(("(", " (")) + n[13:] + ")",
    "grouped, key in parentheses": lambda r: _cut((n := _full(r))[:13]) + f" ({n[13:]})",
    "key in brackets": lambda r: (n := _full(r))[:13] + f" [{n[13:]}]",
    "key after its word": lambda r: (n := _full(r))[:13]
    + r.choice((" clé ", " clé : ", " clé: ", " cle ", ", clé ", " Clé ", " clé=", " - clé ",
                " clef ", " CLE ", "/clé ", " clé n° ", " clé de contrôle ", " - clé : "))
    + n[13:],
    "grouped, key after its word": lambda r: _cut((n := _full(r))[:13])
    + r.choice((" clé ", " clé : ", " cle ", ", clé ", " Clé ", " - clé "))
    + n[13:],
    "word and key in parentheses": lambda r: (n := _full(r))[:13]
    + r.choice((" (clé ", " (clé : ", "(clé ", " (cle ", " (clef ")) + n[13:] + ")",
    "corsica compact": _corsican,
    "corsica lower case": lambda r: _corsican(r).lower(),
    "corsica grouped": lambda r: _cut(_corsican(r), r.choice((" ", "\u00a0", ".", "-", "\u202f"))),
    "corsica grouped, lower case": lambda r: _cut(_corsican(r)).lower(),
    "corsica, key apart": lambda r: (n := _corsican(r))[:13] + " " + n[13:],
    "corsica before 1976": lambda r: _cut(_full(r, place="20"), r.choice(("", " "))),
    "overseas": lambda r: _cut(
        _full(r, place=r.choice(("971", "972", "973", "974", "976", "987", "988"))),
        r.choice(("", " ", ".", "\u00a0")),
    ),
    "overseas, cut after three": lambda r: _cut(
        _full(r, place=r.choice(("971", "972", "973", "974", "976"))), " ", (1, 2, 2, 3, 2, 3, 2)
    ),
    "abroad": lambda r: _cut(_full(r, place="99"), r.choice(("", " ", "-"))),
    "first digits 7 and 8, compact": lambda r: _full(r, first="78"),
    "first digits 7 and 8, grouped": lambda r: _cut(_full(r, first="78")),
    "first digits 3 and 4, compact": lambda r: _full(r, first="34"),
    "first digits 3 and 4, grouped": lambda r: _cut(_full(r, first="34")),
    "month unknown": lambda r: (
        lambda b: _cut(b + key_for(b), r.choice(("", " ")))
    )((n := _body(r))[:3] + str(r.choice([20, *range(30, 43), *range(50, 100)])) + n[5:]),
    "13 grouped": lambda r: _cut(_body(r)),
    "13 grouped by no-break": lambda r: _cut(_body(r), "\u00a0"),
    "grouped, wrong key": lambda r: _cut(
        (b := _body(r)) + f"{(int(key_for(b)) + r.randint(1, 95)) % 97 + 1:02}"
    ),
    "float": lambda r: _full(r) + r.choice((".0", ".00")),
}  # fmt: skip

_COMMON_LABELLED: dict[str, Write] = {
    "13 compact": _body,
    "13 corsica": lambda r: _corsican(r)[:13],
    "13 grouped by dots": lambda r: _cut(_body(r), "."),
    "13 grouped by dashes": lambda r: _cut(_body(r), "-"),
    "13 overseas": lambda r: _body(r, place=r.choice(("971", "974", "976"))),
    "13 abroad": lambda r: _body(r, place="99"),
    "13, first digits 7 and 8": lambda r: _body(r, first="78"),
    "compact, wrong key": lambda r: (b := _body(r))
    + f"{(int(key_for(b)) + r.randint(1, 95)) % 97 + 1:02}",
    "13, month unknown": lambda r: (n := _body(r))[:3] + str(r.randint(50, 99)) + n[5:],
}

_MATHEMATICAL = (0x1D7CE, 0x1D7D8, 0x1D7E2, 0x1D7EC, 0x1D7F6)


def _escaped(escape: str) -> Write:
    return lambda r: _cut(_full(r), escape)


_RARE_ANYWHERE: dict[str, Write] = {
    "full-width": _translated(0xFF10),
    "arabic-indic": _translated(0x660),
    "extended arabic-indic": _translated(0x6F0),
    "devanagari": _translated(0x966),
    "mathematical": lambda r: _translated(r.choice(_MATHEMATICAL))(r),
    "zero-width space": _invisible("\u200b"),
    "zero-width joiner": lambda r: _invisible(r.choice("\u200c\u200d"))(r),
    "word joiner": _invisible("\u2060"),
    "byte order mark": _invisible("\ufeff"),
    "soft hyphen": _invisible("\u00ad"),
    "direction marks": lambda r: _invisible(r.choice("\u200e\u200f"))(r),
    "&nbsp;": _escaped("&nbsp;"),
    "&#160;": lambda r: _escaped(r.choice(("&#160;", "&#xa0;", "&#xA0;", "&#8239;", "&#32;")))(r),
    "&thinsp;": lambda r: _escaped(r.choice(("&thinsp;", "&ensp;", "&numsp;", "&emsp;")))(r),
    "digits as entities": lambda r: "".join(f"&#{ord(c)};" for c in _full(r)),
    "digits as hex entities": lambda r: "".join(f"&#x{ord(c):x};" for c in _full(r)),
    "%20": _escaped("%20"),
    "%C2%A0": lambda r: _escaped(r.choice(("%C2%A0", "%c2%a0", "%E2%80%AF", "%2D", "%2E", "%09")))(r),
    "+": _escaped("+"),
    "digits in percent": lambda r: "".join(f"%{ord(c):02X}" for c in _full(r)),
    "\\u00a0": lambda r: _escaped(r.choice(("\\u00a0", "\\u202f", "\\u2009", "\\u0020", "\\xa0")))(r),
    "\\t": lambda r: _escaped(r.choice(("\\t", "\\n")))(r),
    "digits in \\u": lambda r: "".join(f"\\u{ord(c):04x}" for c in _full(r)),
    "<br>": lambda r: (
        lambda parts, at, tag: " ".join(parts[:at]) + tag + " ".join(parts[at:])
    )(_cut(_full(r)).split(), r.randint(1, 6), r.choice(("<br>", "<br/>", "<br />", "<BR>"))),
    "<br> before key": lambda r: (n := _full(r))[:13] + r.choice(("<br>", "<br/>")) + n[13:],
    "en dash": lambda r: _cut(_full(r), r.choice(("–", " – ", "—"))),
    "non-breaking hyphen": lambda r: _cut(_full(r), r.choice(("\u2011", "\u2010", "\u2012"))),
    "minus": lambda r: _cut(_full(r), "−"),
    "middle dot": lambda r: _cut(_full(r), r.choice(("·", "•", "∙"))),
    "comma": lambda r: _cut(_full(r), ","),
    "threes": lambda r: _evenly(3, r.choice((" ", ".", "-", "\u00a0")))(r),
    "fours": lambda r: _evenly(4, r.choice((" ", ".", "-", "\u00a0")))(r),
    "fives": lambda r: _evenly(5, r.choice((" ", ".", "-", "\u00a0")))(r),
    "single digits": lambda r: _evenly(1, r.choice((" ", ".", "-", "\u00a0")))(r),
    "scientific": lambda r: (
        lambda n: f"{n[0]}{r.choice('.,')}{n[1:]}{r.choice(('E+14', 'e+14', 'E14', 'e14'))}"
    )(_full(r)),
    "ocr": _ocr,
}  # fmt: skip

_RARE_LABELLED: dict[str, Write] = {
    "ocr under a label": lambda r: _misread(
        _cut(_full(r), r.choice(("", " ", ".", "-"))), r, 2
    ),
    "odd groups": lambda r: _cut(_full(r), " ", r.choice(((3, 2, 2, 3, 3, 2), (5, 5, 5),
                                                          (1, 4, 5, 3, 2), (7, 6, 2), (1, 6, 6, 2)))),
    "13 in scientific": lambda r: (lambda n: f"{n[0]}.{n[1:]}E+12")(_body(r)),
    "13 full-width": lambda r: _body(r).translate({48 + i: 0xFF10 + i for i in range(10)}),
    "13 with zero-width": lambda r: "\u200b".join(_cut(_body(r)).split()),
    "13 in fours": lambda r: _cut(_body(r), " ", (4,) * 4),
    "13 with dashes of other kinds": lambda r: _cut(_body(r), r.choice(("–", "−", "\u2011"))),
}  # fmt: skip


def _luhn(digits: str) -> str:
    total = 0
    for place, digit in enumerate(reversed(digits)):
        value = int(digit) * (2 if place % 2 == 0 else 1)
        total += value - 9 if value > 9 else value
    return str(-total % 10)


def _checked(rng: Rng, count: int, first: str = "123456789") -> str:
    digits = _digits(rng, count - 1, first)
    return digits + _luhn(digits)


def _ean(rng: Rng, first: str) -> str:
    digits = first + "".join(rng.choices(string.digits, k=12 - len(first)))
    total = sum(int(digit) * (3 if place % 2 else 1) for place, digit in enumerate(digits))
    return digits + str(-total % 10)


def _rib(rng: Rng) -> tuple[str, str, str, str]:
    bank, desk = f"{rng.randint(10000, 49999)}", f"{rng.randint(0, 99999):05}"
    account = f"{rng.randint(0, 10**11 - 1):011}"
    key = 97 - (89 * int(bank) + 15 * int(desk) + 3 * int(account)) % 97
    return bank, desk, account, f"{key:02}"


def _iban(rng: Rng) -> str:
    basic = "".join(_rib(rng))
    return f"FR{98 - int(basic + '152700') % 97:02}{basic}"


def _phone(rng: Rng, gap: str = " ") -> str:
    return gap.join([f"0{rng.randint(1, 9)}", *[f"{rng.randint(0, 99):02}" for _ in range(4)]])


def _date(rng: Rng, gap: str = "/") -> str:
    day, month = f"{rng.randint(1, 28):02}", f"{rng.randint(1, 12):02}"
    return gap.join([day, month, str(rng.randint(1950, 2026))])


def _stamp(rng: Rng) -> str:
    return (
        f"20{rng.randint(10, 26)}{rng.randint(1, 12):02}{rng.randint(1, 28):02}"
        f"{rng.randint(0, 23):02}{rng.randint(0, 59):02}{rng.randint(0, 59):02}"
    )


def _amount(rng: Rng) -> str:
    number = f"{rng.randint(10**5, 10**9):,}".replace(",", rng.choice((" ", "\u202f", "\u00a0")))
    return f"{number},{rng.randint(0, 99):02} €"


def _float(rng: Rng) -> str:
    return f"{rng.uniform(-3, 3):.{rng.choice((6, 13, 14, 15, 16))}f}"


def _many(write: Write, gaps: tuple[str, ...], least: int = 2, most: int = 4) -> Write:
    return lambda r: r.choice(gaps).join([write(r) for _ in range(r.randint(least, most))])


def _said(*sentences: str, of: Write) -> Write:
    return lambda r: r.choice(sentences).replace("§", of(r))


def _hexadecimal(rng: Rng, count: int) -> str:
    return "".join(rng.choices("0123456789abcdef", k=count))


def _digest(rng: Rng) -> str:
    """One in which 15 digits or more stand in a row now and then."""
    count = rng.choice((32, 40, 64, 128))
    digest = _hexadecimal(rng, count)
    if rng.random() < 0.5:
        place = rng.randrange(1, count - 16)
        digest = f"{digest[:place]}{_digits(rng, 15, '12')}{digest[place + 15 :]}"
    return digest


_LIST_GAPS = (" ", " / ", ", ", " ; ", " - ", "\n", " ou ", ";", "/", ",")

LOOKALIKES: dict[str, Write] = {
    "siren": _said(
        "SIREN § actif", "société n° §", "RCS Paris §", "siren : §", "L'entreprise § a répondu",
        of=lambda r: _cut(_checked(r, 9), r.choice(("", " ", ".")), (3, 3, 3)),
    ),
    "siret": _said(
        "SIRET §", "l'organisme (§) est agréé", "établissement § à Lyon", "§", "Siret: §.",
        "siret=§&naf=8559A", '{"siret": "§"}', "employeur § ; effectif 12",
        of=lambda r: _cut(_checked(r, 14), r.choice(("", " ", ".", "\u00a0")), (3, 3, 3, 5)),
    ),
    "siret that starts as a nir": _said(
        "SIRET §", "établissement §", "§", "l'employeur § a déclaré",
        of=lambda r: (d := _body(r)) + _luhn(d),
    ),
    "sirets in a row": _many(
        lambda r: _cut(_checked(r, 14), r.choice(("", " ")), (3, 3, 3, 5)), _LIST_GAPS
    ),
    "tva": _said("TVA FR§", "n° TVA intracommunautaire : FR §",
                 of=lambda r: _digits(r, 2) + r.choice(("", " ")) + _checked(r, 9)),
    "iban": _said("IBAN : §", "virement sur §", "§", "compte § (LCL)", "iban=§", of=_iban),
    "iban spaced": _said(
        "IBAN : §", "virement sur le §", "§", "coordonnées bancaires § BIC AGRIFRPP",
        of=lambda r: _cut(_iban(r), r.choice((" ", "\u00a0", "-")), (4,) * 7),
    ),
    "iban abroad": _said(
        "IBAN §", "son compte § est clos",
        of=lambda r: r.choice(("DE", "BE", "ES", "IT", "LU")) + _digits(r, 2) + " "
        + _cut(_digits(r, r.choice((14, 18, 20))), " ", (4,) * 5),
    ),
    "rib": _said(
        "RIB : §", "RIB §", "banque guichet compte clé : §", "coordonnées bancaires : §",
        of=lambda r: r.choice((" ", "-", "", " / ")).join(_rib(r)),
    ),
    "rib with key": _said(
        "RIB : §", "compte §",
        of=lambda r: (p := _rib(r)) and f"{p[0]} {p[1]} {p[2]} clé {p[3]}",
    ),
    "card": _said(
        "carte bancaire §", "CB § exp 12/27", "payé par §", "Visa §", "§",
        of=lambda r: _cut(_checked(r, 16, "45"), r.choice(("", " ", "-")), (4,) * 4),
    ),
    "amex": _said("Amex §", "carte §", "§",
                  of=lambda r: _cut("37" + _checked(r, 13), r.choice(("", " ")), (4, 6, 5))),
    "ean": _said(
        "EAN §", "code-barres §", "produit § en stock", "§", "GTIN: §",
        of=lambda r: _ean(r, r.choice(("3", "30", "33", "376", "20", "2", "4", "50", "8", "761"))),
    ),
    "isbn": _said("ISBN §", "livre §", "manuel (ISBN §), 2e édition",
                  of=lambda r: _cut(_ean(r, r.choice(("978", "979"))), r.choice(("", "-", " ")),
                                    (3, 1, 4, 4, 1))),
    "imei": _said(
        "IMEI §", "IMEI : §", "téléphone perdu, IMEI §", "appareil § bloqué",
        of=lambda r: _cut(_checked(r, 15, "3"), r.choice(("", " ", "-")), (2, 6, 6, 1)),
    ),
    "ine": _said("INE §", "étudiant n° §", "INE : §", of=lambda r: r.choice((
        _digits(r, 10) + r.choice("ABCDEFGH"), _digits(r, 9) + "AB", _digits(r, 4) + "A"
        + _digits(r, 6)))),
    "tax number": _said(
        "numéro fiscal §", "n° fiscal : §", "SPI §", "Numéro fiscal de référence : §",
        "identifiant fiscal §", "avis d'impôt, numéro fiscal § déclarant 1", "N° FISCAL §",
        "son numéro fiscal est le §", "impôts : §", "référence de l'avis : §",
        of=lambda r: _cut(_digits(r, 13, "0123"), r.choice(("", " ")), (2, 2, 3, 3, 3)),
    ),
    "tax number alone": _said("§", "reçu §", "voir § ce jour",
                              of=lambda r: _cut(_digits(r, 13, "0123"), r.choice(("", " ")),
                                                (2, 2, 3, 3, 3))),
    "timestamp of 14": _said("horodatage §", "export_§.csv", "§", "log § OK", "sauvegarde §",
                             of=_stamp),
    "timestamp of 17": _said("horodatage §", "msg§", "§", "id=§", "batch-§.parquet",
                             of=lambda r: _stamp(r) + f"{r.randint(0, 999):03}"),
    "timestamp with dashes": _said(
        "le §", "§", "[§] INFO démarrage", "modifié le § par admin",
        of=lambda r: f"{r.randint(2000, 2026)}-{r.randint(1, 12):02}-{r.randint(1, 28):02}"
        + r.choice((" ", "T")) + f"{r.randint(0, 23):02}:{r.randint(0, 59):02}:{r.randint(0, 59):02}"
        + r.choice(("", ".123", ",456789", ".123456Z", "+02:00")),
    ),
    "epoch": _said("ts=§", "epoch §", "created §", "§", '{"timestamp": §}', "modifié à §",
                   of=lambda r: str(r.randint(1_500_000_000_000, 1_800_000_000_000))),
    "epoch in microseconds": _said("ts=§", "timestamp § µs",
                                   of=lambda r: str(r.randint(15 * 10**14, 18 * 10**14))),
    "order of 13": _said(
        "commande §", "commande n° §", "facture n° §", "n° de dossier §", "dossier §", "réf. §",
        "référence : §", "contrat §", "ticket §", "bordereau §", "numéro de suivi §", "devis §",
        "Dossier n°§ transmis", "N° de commande : §", "lot §", "client n° §", "§ annulé",
        of=lambda r: _digits(r, 13, "12"),
    ),
    "order of 15": _said(
        "commande §", "commande n° §", "facture n° §", "n° de dossier §", "dossier §", "réf. §",
        "référence : §", "contrat §", "ticket §", "bordereau §", "numéro de suivi §", "devis §",
        "Dossier n°§ transmis", "N° de commande : §", "lot §", "client n° §", "§ annulé",
        of=lambda r: _digits(r, 15, "12"),
    ),
    "body of a nir as an order": _said(
        "commande §", "facture n° §", "n° de dossier §", "référence : §", "contrat n° §",
        "bon de livraison §", "ticket §", "colis § expédié", "§", "produit §",
        of=_body,
    ),
    "reference in groups": _said(
        "référence §", "dossier n° §", "contrat §", "commande §",
        of=lambda r: _cut(_digits(r, 15, "12"), r.choice((" ", "-", ".")),
                          r.choice(((3, 4, 4, 4), (5, 5, 5), (4, 4, 4, 3), (2, 6, 7)))),
    ),
    "20 digits": _said("§", "identifiant §", "trace §", of=lambda r: _digits(r, 20, "12")),
    "16 digits": _said("§", "identifiant §", "id §", of=lambda r: _digits(r, 16, "12")),
    "14 digits": _said("§", "identifiant §", "id §", of=lambda r: _digits(r, 14, "12")),
    "phone": _said("tél §", "appeler le §", "06 ou § ?", "joignable au § le matin",
                   of=lambda r: _phone(r, r.choice((" ", ".", "-", "")))),
    "phones in a row": _many(lambda r: _phone(r, r.choice((" ", ".", "-", ""))), _LIST_GAPS),
    "phones with one separator": lambda r: (
        lambda gap: gap.join([_phone(r, gap) for _ in range(r.randint(2, 3))])
    )(r.choice((" ", ".", "-"))),
    "international phones": _many(
        lambda r: f"+33 {r.randint(1, 7)} " + " ".join(_phone(r).split()[1:]), _LIST_GAPS
    ),
    "phone and code": _said("tél § 75015 Paris", "§ poste 1234", "fax § / 75008", of=_phone),
    "gps": _said("GPS §", "position §", "lat/lng : §", "§", "géolocalisé en §",
                 of=lambda r: f"{r.uniform(42, 51):.{r.choice((5, 6, 13, 14))}f}"
                 + r.choice((", ", ",", " ", ";")) + f"{r.uniform(-4, 8):.{r.choice((5, 6, 13, 14))}f}"),
    "amount": _said("montant §", "total : § TTC", "de § à régler", "solde §", of=_amount),
    "amounts": _many(_amount, _LIST_GAPS),
    "amounts without unit": _many(
        lambda r: f"{r.randint(1, 9)} {r.randint(0, 999):03} {r.randint(0, 999):03}",
        (" ", " ; ", ", ", " - ", "\t")),
    "floats": lambda r: r.choice(("[§]", "embedding: §", "(§)")).replace(
        "§", r.choice((", ", ",", " ", ";")).join(_float(r) for _ in range(r.randint(1, 6)))),
    "fraction": _said("ratio 0.§", "p = 0,§", "score=1.§", "-0.§",
                      of=lambda r: _digits(r, r.choice((13, 15)), "12")),
    "digest": _said("sha256 §", "md5: §", "§", "empreinte §", "etag \"§\"", of=_digest),
    "uuid": _said("id §", "§", "corrélation §", "/files/§.pdf",
                  of=lambda r: str(uuid.UUID(int=r.getrandbits(128)))),
    "belgian": _said("registre national §", "NISS belge §", "n° national belge : §",
                     of=lambda r: f"{r.randint(40, 99)}.{r.randint(1, 12):02}.{r.randint(1, 28):02}-"
                     f"{r.randint(1, 999):03}.{r.randint(1, 97):02}"),
    "italian": _said("codice fiscale §", "code fiscal italien §",
                     of=lambda r: "RSSMRA" + f"{r.randint(40, 99)}A{r.randint(1, 28):02}H501"
                     + r.choice("UVWZ")),
    "spanish": _said("DNI §", "NIE X§", "NUSS espagnol §",
                     of=lambda r: r.choice((_digits(r, 8) + "Z", _digits(r, 12)))),
    "german": _said("Steuer-ID §", "Rentenversicherungsnummer 12 § 003", "IdNr. §",
                    of=lambda r: _cut(_digits(r, 11), r.choice(("", " ")), (2, 3, 3, 3))),
    "swiss": _said("AVS §", "n° AVS : §", "AHV §", "assuré suisse §", "§",
                   of=lambda r: _cut(_ean(r, "756"), r.choice((".", "", " ")), (3, 4, 4, 2))),
    "american": _said("SSN §", "US SSN: §", of=lambda r: _cut(_digits(r, 9), "-", (3, 2, 4))),
    "bulgarian": _said("EGN §", "ЕГН §", of=lambda r: _digits(r, 10)),
    "romanian": _said("CNP §", "CNP roumain : §", "cod numeric personal §",
                      of=lambda r: f"{r.choice('1256')}{r.randint(0, 99):02}{r.randint(1, 12):02}"
                      f"{r.randint(1, 28):02}{_digits(r, 6)}"),
    "chinese": _said("carte d'identité chinoise §", "ID §",
                     of=lambda r: f"{r.randint(110000, 650000)}{r.randint(1950, 2005)}"
                     f"{r.randint(1, 12):02}{r.randint(1, 28):02}{_digits(r, 3)}"
                     + r.choice("0123456789X")),
    "british": _said("NINO §", "NHS number §", of=lambda r: r.choice((
        "QQ 12 34 56 C", _cut(_digits(r, 10), " ", (3, 3, 4))))),
    "south african": _said("SA ID §", "pièce d'identité étrangère §",
                           of=lambda r: f"{r.randint(40, 99)}{r.randint(1, 12):02}"
                           f"{r.randint(1, 28):02}{_digits(r, 4)}08{r.randint(0, 9)}"),
    "dates in a row": _many(lambda r: _date(r, r.choice(("/", ".", "-", " "))), _LIST_GAPS),
    "iso dates in a row": _many(
        lambda r: f"{r.randint(1950, 2026)}-{r.randint(1, 12):02}-{r.randint(1, 28):02}", _LIST_GAPS
    ),
    "short dates in a row": _many(
        lambda r: f"{r.randint(1, 28):02}/{r.randint(1, 12):02}/{r.randint(0, 99):02}", _LIST_GAPS
    ),
    "date and hour": _many(lambda r: f"{_date(r)} {r.randint(0, 23):02}:{r.randint(0, 59):02}",
                           _LIST_GAPS, 1, 3),
    "versions": _said(
        "version §", "v§", "build §", "mise à jour § installée", "Chrome/§ Safari/537.36",
        of=lambda r: ".".join(str(r.randint(0, r.choice((9, 99, 9999)))) for _ in range(r.randint(3, 6))),
    ),
    "ip addresses": _many(
        lambda r: ".".join(str(r.randint(1, 254)) for _ in range(4)), (" ", ", ", ":", " -> ")
    ),
    "tracking of 13": _said(
        "colis §", "suivi La Poste §", "Chronopost §", "recommandé §", "n° de colis : §",
        of=lambda r: r.choice((
            f"{r.choice(('8L', '6A', '1A', '2C', '8R', '9V'))}{_digits(r, 11)}",
            f"{r.choice(('XY', 'LL', 'RK'))}{_digits(r, 9)}FR")),
    ),
    "tracking spaced": _said(
        "recommandé §", "AR n° §", "lettre recommandée §",
        of=lambda r: _cut(r.choice(("1A", "2C")) + _digits(r, 11), " ", (2, 3, 3, 4, 1)),
    ),
    "tracking of 15": _said("colis §", "DPD §", "suivi §", "numéro de suivi : §",
                            of=lambda r: _digits(r, 15)),
    "infrared": _said(
        "proche infrarouge (NIR) §", "spectre NIR entre 780 et 2500 nm, échantillon §",
        "mesure NIR (proche infrarouge) n° §", "Spectromètre NIR, série §",
        of=lambda r: r.choice((_digits(r, 13, "12"), _digits(r, 15, "12"), _digits(r, 9))),
    ),
    "words alone": lambda r: r.choice((
        "NIR non communiqué", "Le NIR est à 13 chiffres", "son NIR est manquant, rappeler au "
        + _phone(r), "n° sécu à fournir avant le " + _date(r), "numéro de sécurité sociale illisible",
        "NIR : néant ; tél " + _phone(r), "NIR inconnu, SIRET " + _checked(r, 14),
        "sans NIR, dossier " + _digits(r, 13, "12"), "NIR : en attente, IBAN " + _iban(r),
        "NIR: null, ref: " + _digits(r, 12), "immatriculation AB-123-CD du véhicule",
        "code INSEE 75056, Paris", "commune INSEE 2A004 et 2B033", "NIR manquant le "
        + _date(r) + " à " + f"{r.randint(0, 23)}:30",
        "Sécurité sociale : centre 751, tél " + _phone(r))),
    "hours and rooms": _said("salle 2 le 12 à 14 h, § participants", "de 9h00 à 12h30, § €",
                             "module 1 2 3 4 5 : § h", of=lambda r: str(r.randint(2, 900))),
    "table of small numbers": _many(lambda r: str(r.randint(0, r.choice((9, 99, 999)))),
                                    ("  ", "\t", " | ", ", ", ";", " "), 5, 14),
    "lottery": _many(lambda r: f"{r.randint(1, 49):02}", (" ", " - ", "-"), 5, 9),
    "address": _said("12 bis rue § 75015 Paris CEDEX 12", "BP 1234 59000 Lille, tél §",
                     "3 allée des 4 vents 31 000 Toulouse §", of=_phone),
    "formulas": _said("1+2+3+4+5+§=x", "2*3.14159*§", "10^12 x §", of=lambda r: str(r.randint(1, 99999))),
    "course": _said("formation RS§ de 140 h à 1 500,00 € du 12/01/2024 au 15/03/2024",
                    "RNCP§ 35 h 1 200 €", "session 2024-§ : 12 places, 3 inscrits, 9 libres",
                    of=lambda r: str(r.randint(1000, 39999))),
    "iccid": _said("ICCID §", "carte SIM §", of=lambda r: "8933" + _digits(r, 15)),
    "barcode": _said("code barre §", "palette §", "SSCC (00)§", of=lambda r: "3" + _digits(r, 17)),
    "mac and hex": _said("MAC §", "0x§", "couleur #§",
                         of=lambda r: ":".join(_hexadecimal(r, 2) for _ in range(6))),
    "vehicle": _said("châssis §", "VIN §", "n° de série véhicule §",
                     of=lambda r: "VF1" + "".join(r.choices("ABCDEFGHJK", k=3)) + _digits(r, 11)),
    "coordinates lambert": _said("X=§", "Lambert 93 : §",
                                 of=lambda r: f"{r.randint(100000, 999999)}.{_digits(r, 3)}, "
                                 f"{r.randint(6000000, 6999999)}.{_digits(r, 3)}"),
    "percentages": _many(lambda r: f"{r.randint(0, 99)},{r.randint(0, 99):02} %", _LIST_GAPS, 3, 7),
    "scores": _many(lambda r: f"{r.randint(0, 20)}/20", _LIST_GAPS, 3, 9),
    "prose": lambda r: r.choice((
        "Le titulaire souhaite mobiliser 1 200 € pour une VAE.", "Rien à signaler.",
        "l'assuré a 2 enfants nés en 2015 et 2018 ; revenus 23 000 € et 24 500 €",
        "Finir avant l'avenir, tenir, venir 12 13 14", "Dupont, 3 ans, 2 mois, 12 jours")),
}  # fmt: skip


def _pair(rng: Rng) -> tuple[str, list[str]]:
    write = rng.choice((_full, lambda r: _cut(_full(r)), lambda r: _cut(_full(r), "\u00a0")))
    template = rng.choice((
        "NIR du père : §, de la mère : §", "§ et §", "§, §", "§ / §", "§;§", "§\n§", "§ ; § ; §",
        "NIR : § ou § (doublon)", "Assuré §, conjoint §, enfant rattaché", "§ remplacé par §",
        "avant : § ; après : §", "- §\n- §\n- §", '["§", "§"]', "n° sécu § (lui) et § (elle)",
        "| § | § |", "ancien NIR § nouveau NIR §", "§ -> §",
    ))  # fmt: skip
    return template, [write(rng) for _ in range(template.count("§"))]


def _labelled_pair(rng: Rng) -> tuple[str, list[str]]:
    template = rng.choice((
        "NIR : § et §", "NIR du père : §, de la mère : §", "n° sécu § / n° sécu §", "NIR §, §",
        "NIR § ou NIR §", "numéros de sécurité sociale : § et §",
    ))  # fmt: skip
    return template, [_body(rng) for _ in range(2)]


def _beside(rng: Rng) -> tuple[str, list[str]]:
    """Other numbers in the same text."""
    other = rng.choice((
        "SIRET " + _checked(rng, 14), "tél " + _phone(rng), "IBAN " + _iban(rng),
        "dossier " + _digits(rng, 13, "12"), "né le " + _date(rng), "montant " + _amount(rng),
        "commande n° " + _digits(rng, 15, "12"), "EAN " + _ean(rng, "3"), "CP 75015", "ref 12",
    ))  # fmt: skip
    label = rng.choice(LABELS)
    gap = rng.choice((", ", " ; ", " - ", "\n", " | ", ". "))
    written = rng.choice((_full, lambda r: _cut(_full(r)), _body))(rng)
    parts = [label + "§", other]
    if rng.random() < 0.5:
        parts.reverse()
    return gap.join(parts), [written]


def _next_field(rng: Rng) -> tuple[str, list[str]]:
    body = _body(rng)
    key = key_for(body)
    return rng.choice((
        f'{{"nir": "§", "cle": "{key}"}}', f'{{"nir":"§","cleNir":"{key}","nom":"X"}}',
        f"Durand;Paul;§;{key};75015", f'"Durand","§","{key}","Lyon"', f"<nir>§</nir><cle>{key}</cle>",
        f"nir=§&cle={key}", f"| § | {key} | Durand |", f"VALUES ('§', '{key}', 3)",
        f"nom,nir,cle\nDurand,§,{key}",
    )), [body]  # fmt: skip


def _glued(rng: Rng) -> tuple[str, list[str]]:
    return rng.choice((
        "NIR§", "scan_§_2026", "nir§x", "SECU§", "id§", "ID_§_FR", "FR§", "user§@", "A§B", "§Durand",
        "n°§", "N°SS§", "dossier§.zip", "p§v2", "numsecu§", "Secu:§;", "NIR§CLE",
    )), [_full(rng)]  # fmt: skip


def _email(rng: Rng) -> tuple[str, list[str]]:
    template = rng.choice((
        "§@caisse.example", "Contact : §@cpf.example", "<§@x.example>", "mailto:§@x.example",
        "nir.§@x.example", "paul-§@x.example", "x+§@y.example", "email=§@x.example; ok",
    ))  # fmt: skip
    return template, [rng.choice((_full, lambda r: _cut(_full(r), r.choice(".-_"))))(rng)]


def _typed(rng: Rng) -> tuple[str, list[str]]:
    template, number = rng.choice((
        ("§", _full(rng)), ('{"nir": §}', _full(rng)), ('{"nir": §, "age": 3}', _body(rng)),
        ("b'§'", _full(rng)), ("Decimal('§')", _full(rng)), ("nir: §L", _full(rng)),
        ('{"nir": §}', _full(rng) + ".0"), ("[§, 12]", _full(rng)),
        ("nir=int64(§)", _full(rng)), ("+§", _full(rng)), ("'§", _full(rng)),
        ('="§"', _full(rng)),
    ))  # fmt: skip
    return template, [number]


def _structured(contexts: list[str]) -> Callable[[Rng], tuple[str, list[str]]]:
    def make(rng: Rng) -> tuple[str, list[str]]:
        template = rng.choice(contexts)
        writings: tuple[Write, ...] = (_full, _full, lambda r: _cut(_full(r)), _corsican)
        return template, [rng.choice(writings)(rng)]

    return make


def _label_kind(label: str) -> Callable[[Rng], tuple[str, list[str]]]:
    def make(rng: Rng) -> tuple[str, list[str]]:
        writing = rng.choice((_body, _body, lambda r: _corsican(r)[:13], _full,
                              lambda r: _cut(_body(r)), lambda r: _cut(_full(r))))
        return _sentence(rng).replace("§", label + "§"), [writing(rng)]

    return make


def _behind(rng: Rng) -> tuple[str, list[str]]:
    template = rng.choice((
        "§ (NIR)", "§ est le NIR de M. Durand", "§ (n° sécu)", "§ (sécurité sociale)",
        "§ = NIR", "§ : numéro de sécurité sociale de l'assuré", "§ comme NIR", "§ (n° SS)",
        "§, son NIR", "§ - NIR",
    ))  # fmt: skip
    return template, [rng.choice((_body, _full))(rng)]


def cases(seed: int, per_kind: int = 20) -> Iterator[Case]:
    """`per_kind` cases of every kind, some of them twice as many writings in structured text."""
    corpus = Corpus(seed, per_kind)
    for kind, write in _COMMON_ANYWHERE.items():
        corpus.add(COMMON, kind, lambda r, write=write: _anywhere(r, write))  # type: ignore[misc]
    for kind, write in _COMMON_LABELLED.items():
        corpus.add(COMMON, kind, lambda r, write=write: _in_label(r, write))  # type: ignore[misc]
    for kind, contexts in STRUCTURED.items():
        corpus.add(COMMON, f"in {kind}", _structured(contexts))
    for label in LABELS:
        corpus.add(COMMON, f"label «{label}»", _label_kind(label))
    corpus.add(COMMON, "label behind", _behind)
    corpus.add(COMMON, "several", _pair)
    corpus.add(COMMON, "several of 13", _labelled_pair)
    corpus.add(COMMON, "beside other numbers", _beside)
    corpus.add(COMMON, "key in the next field", _next_field)
    corpus.add(COMMON, "glued", _glued)
    corpus.add(COMMON, "typed", _typed)
    for kind, write in _RARE_ANYWHERE.items():
        corpus.add(RARE, kind, lambda r, write=write: _anywhere(r, write))  # type: ignore[misc]
    for kind, write in _RARE_LABELLED.items():
        corpus.add(RARE, kind, lambda r, write=write: _in_label(r, write))  # type: ignore[misc]
    corpus.add(RARE, "e-mail", _email)
    for kind, write in LOOKALIKES.items():
        corpus.add(LOOKALIKE, kind, lambda r, write=write: (write(r), []))  # type: ignore[misc]
    yield from corpus.cases
