"""Labelled texts to score the finder on: seeded, synthetic, by kind.

Every kind makes one writing of a NIR (common or rare) in a context, or one look-alike that is no
NIR. Bodies use communes and orders that do not exist (991 to 999), as no real person's would.
"""

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from urllib.parse import quote

from tamis.nir.identifiers import key_of

COMMON, RARE, LOOKALIKE = "common", "rare", "look-alike"


@dataclass(frozen=True)
class Case:
    """One text, and the spans at which NIRs stand in it."""

    kind: str
    group: str
    text: str
    spans: tuple[tuple[int, int], ...]


def body(rng: random.Random, first: str = "12", place: str = "", month: str = "") -> str:
    """13 characters of a person who does not exist."""
    place = place or rng.choice(
        [*[f"{rng.randint(1, 95):02}99{rng.randint(1, 9)}"] * 6, "97490", "98890", "99990"]
    )
    month = month or f"{rng.randint(1, 12):02}"
    return (
        f"{rng.choice(first)}{rng.randint(0, 99):02}{month}{place}{min(rng.randint(990, 999), 998)}"
    )


def corsican(rng: random.Random) -> str:
    return body(rng, place=rng.choice(["2A99", "2B99"]) + str(rng.randint(1, 9)))


def key(number: str) -> str:
    return f"{key_of(number):02}"


def wrong_key(rng: random.Random, number: str) -> str:
    return f"{(key_of(number) - 1 + rng.randint(1, 96)) % 97 + 1:02}"


def cut(number: str, separator: str | Callable[[], str] = " ", widths: str = "1222332") -> str:
    groups, place = [], 0
    for width in map(int, widths):
        if place < len(number):
            groups.append(number[place : place + width])
            place += width
    text = groups[0]
    for group in groups[1:]:
        text += (separator if isinstance(separator, str) else separator()) + group
    return text


def full(rng: random.Random, **options: str) -> str:
    number = body(rng, **options)
    return number + key(number)


def _insert(rng: random.Random, text: str, what: str) -> str:
    for place in sorted(rng.sample(range(1, len(text)), rng.randint(1, 4)), reverse=True):
        text = text[:place] + what + text[place:]
    return text


def _full_cut(rng: random.Random, separator: str) -> str:
    return cut(full(rng), separator)


def _full_with(rng: random.Random, what: str) -> str:
    return _insert(rng, full(rng), what)


def _digits(base: int) -> dict[int, str]:
    return {48 + digit: chr(base + digit) for digit in range(10)}


def _misread(rng: random.Random, text: str, count: int = 3) -> str:
    table = {"0": "Oo", "1": "lI", "5": "S", "8": "B"}
    places = [i for i, character in enumerate(text) if character in table]
    for place in rng.sample(places, min(len(places), rng.randint(1, count))):
        text = text[:place] + rng.choice(table[text[place]]) + text[place + 1 :]
    return text


def _scientific(rng: random.Random) -> str:
    number = full(rng)
    point = rng.choice(".,")
    return f"{number[0]}{point}{number[1:].rstrip('0')}{rng.choice('Ee')}+14"


Form = Callable[[random.Random], str]

# writing -> how it is made; those of `*_ALONE` also stand without a label
COMMON_ALONE: dict[str, Form] = {
    "compact 15": full,
    "corsica 15": lambda r: (n := corsican(r)) + key(n),
    "corsica lower case": lambda r: ((n := corsican(r)) + key(n)).lower(),
    "corsica grouped": lambda r: cut((n := corsican(r)) + key(n)),
    "corsica grouped lower case": lambda r: cut((n := corsican(r)) + key(n)).lower(),
    "overseas": lambda r: full(r, place=r.choice(["97490", "97190", "98890"])),
    "overseas cut 3 2": lambda r: cut(full(r, place="97490"), " ", "12232 32".replace(" ", "")),
    "abroad": lambda r: full(r, place="99990"),
    "abroad grouped": lambda r: cut(full(r, place="99990")),
    "first digit 3 4 7 8": lambda r: full(r, first="3478"),
    "first digit 3 4 7 8 grouped": lambda r: cut(full(r, first="3478")),
    "unknown month": lambda r: full(r, month=r.choice(["20", "31", "35", "42", "50", "62", "99"])),
    "unknown month grouped": lambda r: cut(full(r, month=r.choice(["20", "35", "62", "99"]))),
    **{
        f"grouped by {name}": partial(_full_cut, separator=separator)
        for name, separator in {
            "space": " ",
            "no-break space": "\u00a0",
            "narrow space": "\u202f",
            "thin space": "\u2009",
            "figure space": "\u2007",
            "dot": ".",
            "dash": "-",
            "slash": "/",
            "underscore": "_",
            "tab": "\t",
            "two spaces": "  ",
        }.items()
    },
    "grouped, mixed": lambda r: cut(full(r), lambda: r.choice(" .-/\u00a0\u202f")),
    "grouped, line break": lambda r: cut(full(r)).replace(" ", "\n", 1),
    "grouped, late line break": lambda r: (
        (t := cut(full(r)))[: (p := r.choice([7, 10, 14]))] + r.choice(["\n", "\r\n"]) + t[p + 1 :]
    ),
    "grouped, glued key": lambda r: cut(full(r), " ", "122235"),
    "grouped, no key": lambda r: cut(body(r)),
    "grouped by dots, no key": lambda r: cut(body(r), "."),
    "grouped by no-break, no key": lambda r: cut(body(r), "\u00a0"),
    "grouped, wrong key": lambda r: cut((n := body(r)) + wrong_key(r, n)),
    "grouped by dashes, wrong key": lambda r: cut((n := body(r)) + wrong_key(r, n), "-"),
    "key after space": lambda r: (n := body(r)) + " " + key(n),
    "key after no-break space": lambda r: (n := body(r)) + "\u00a0" + key(n),
    "key after slash": lambda r: (n := body(r)) + "/" + key(n),
    "key after dash": lambda r: (n := body(r)) + r.choice(["-", " - "]) + key(n),
    "key after tab": lambda r: (n := body(r)) + "\t" + key(n),
    "key in parentheses": lambda r: (n := body(r)) + r.choice([" (", "("]) + key(n) + ")",
    "grouped, key in parentheses": lambda r: cut(n := body(r)) + " (" + key(n) + ")",
    "key after word": lambda r: (
        (n := body(r))
        + r.choice([" clé ", " clé : ", " cle ", " Clé ", ", clé ", " clef "])
        + key(n)
    ),
    "grouped, key after word": lambda r: (
        cut(n := body(r)) + r.choice([" clé ", " - clé ", " clé : ", " CLE "]) + key(n)
    ),
    "partly grouped": lambda r: cut(full(r), " ", r.choice(["322332", "1222332", "55332", "7332"])),
    "body in two": lambda r: cut(
        full(r), " ", r.choice(["1432 32".replace(" ", ""), "5532", "762"])
    ),
}
COMMON_LABELLED: dict[str, Form] = {
    "13 compact": body,
    "13 corsica": corsican,
    "13 first digit 7 8": lambda r: body(r, first="78"),
    "15 wrong key": lambda r: (n := body(r)) + wrong_key(r, n),
    "13 unknown month": lambda r: body(r, month=r.choice(["20", "35", "62"])),
}
RARE_ALONE: dict[str, Form] = {
    "full-width": lambda r: full(r).translate(_digits(0xFF10)),
    "full-width grouped": lambda r: cut(full(r), "\u3000").translate(_digits(0xFF10)),
    "arabic-indic": lambda r: full(r).translate(_digits(0x660)),
    "eastern arabic-indic grouped": lambda r: cut(full(r)).translate(_digits(0x6F0)),
    "devanagari": lambda r: full(r).translate(_digits(0x966)),
    "mathematical bold": lambda r: full(r).translate(_digits(0x1D7CE)),
    "mathematical monospace": lambda r: cut(full(r)).translate(_digits(0x1D7F6)),
    **{
        f"zero-width {name}": partial(_full_with, what=character)
        for name, character in {
            "space": "\u200b",
            "non-joiner": "\u200c",
            "joiner": "\u200d",
            "word joiner": "\u2060",
            "byte order mark": "\ufeff",
            "soft hyphen": "\u00ad",
        }.items()
    },
    "zero-width everywhere": lambda r: "\u200b".join(full(r)),
    "zero-width grouped": lambda r: _insert(r, cut(full(r)), "\u200b"),
    "entity &nbsp;": lambda r: cut(full(r), "&nbsp;"),
    "entity &#160;": lambda r: cut(full(r), "&#160;"),
    "entity &#xA0;": lambda r: cut(full(r), "&#xA0;"),
    "entity &#8239;": lambda r: cut(full(r), "&#8239;"),
    "entity &thinsp;": lambda r: cut(full(r), "&thinsp;"),
    "entity digits": lambda r: "".join(f"&#{ord(c)};" for c in full(r)),
    "percent space": lambda r: cut(full(r), "%20"),
    "percent no-break": lambda r: cut(full(r), "%C2%A0"),
    "percent digits": lambda r: "".join(f"%{ord(c):02X}" for c in full(r)),
    "percent narrow": lambda r: quote(cut(full(r), "\u202f")),
    "plus": lambda r: cut(full(r), "+"),
    "backslash u space": lambda r: cut(full(r), "\\u00a0"),
    "backslash u narrow": lambda r: cut(full(r), "\\u202f"),
    "backslash u digits": lambda r: "".join(f"\\u{ord(c):04x}" for c in full(r)),
    "<br> inside": lambda r: cut(full(r)).replace(" ", r.choice(["<br>", "<br/>", "<br />"]), 1),
    "<br> everywhere": lambda r: cut(full(r), "<br>"),
    "en dash": lambda r: cut(full(r), "–"),
    "minus": lambda r: cut(full(r), "−"),
    "no-break hyphen": lambda r: cut(full(r), "\u2011"),
    "spaced dash": lambda r: cut(full(r), " - "),
    "middle dot": lambda r: cut(full(r), "·"),
    "comma": lambda r: cut(full(r), ","),
    "groups of 3": lambda r: cut(full(r), " ", "33333"),
    "groups of 4": lambda r: cut(full(r), " ", "4443"),
    "groups of 5": lambda r: cut(full(r), " ", "555"),
    "single digits": lambda r: cut(full(r), " ", "1" * 15),
    "groups of 3 by dots": lambda r: cut(full(r), ".", "33333"),
    "groups of 4 by dashes": lambda r: cut(full(r), "-", "4443"),
    "single digits by dashes": lambda r: cut(full(r), "-", "1" * 15),
    "scientific": _scientific,
    "misread compact": lambda r: _misread(r, full(r)),
    "misread grouped": lambda r: _misread(r, cut(full(r))),
    "misread grouped, no key": lambda r: _misread(r, cut(body(r)), 2),
}
RARE_LABELLED: dict[str, Form] = {
    "odd groups": lambda r: cut(full(r), " ", r.choice(["22222221", "2332 32".replace(" ", "")])),
    "13 in groups of 3": lambda r: cut(body(r), " ", "33331"),
    "13 in groups of 4": lambda r: cut(body(r), " ", "4441"),
    "13 single digits": lambda r: cut(body(r), " ", "1" * 13),
    "misread 13": lambda r: _misread(r, body(r), 2),
    "13 full-width": lambda r: body(r).translate(_digits(0xFF10)),
    "13 percent space": lambda r: cut(body(r), "%20"),
    "month out of range": lambda r: (n := body(r, month=r.choice(["13", "17", "00"]))) + key(n),
}
_LABELS = [
    "NIR : ",
    "NIR ",
    "nir=",
    "N.I.R. : ",
    "n° de sécurité sociale : ",
    "N° Sécu : ",
    "numéro de sécu ",
    "Numéro de sécurité sociale ",
    "n° SS : ",
    "NSS ",
    "num_secu: ",
    "sécu soc. ",
    "numéro d'inscription au répertoire : ",
    "NIR de l'assurée : ",
    "son numéro de sécurité sociale est le ",
    "NIR du titulaire : ",
    "NIA : ",
    "NIR\n",
    "numero_securite_sociale;",
    "Sécurité sociale n° ",
    "SS n°",
    "le NIR (",
    "nir_assure=",
    "Tél. absent ; NIR ",
    "dossier 4512, NIR : ",
    "n° INSEE : ",
    "numNir: ",
    "NIR\u00a0: ",
]
_BEFORE = [
    "",
    "",
    "Bonjour, ",
    "Mme Durand ",
    "Appel de M. Lefèvre le 12/03/2024 : ",
    "Titulaire : ",
    "L'assuré a fourni ",
    "(",
    "« ",
    "Vu avec l’assurée, née à Nîmes : ",
    "Rappeler au 06 12 34 56 78. ",
    "Formation du 02/09/2024 au 20/12/2024, stagiaire ",
    "CPF mobilisé, 1 250,00 € ; ",
    "- ",
    "Le conseiller a relevé, d'après l'attestation, ",
    "\n",
    "ID:",
    "a)",
    "Envoyé à 14h30 ; ",
]
_BEHIND = [
    "",
    "",
    ".",
    ", merci.",
    " ; rappeler demain.",
    ")",
    " »",
    " né le 01/02/1980",
    " et son adresse.",
    "\n",
    " (Mme Durand)",
    ", formation validée le 12/05/2024.",
    " !",
    "?",
    " : à vérifier",
    ", 12 rue de la Paix",
    " - dossier complet",
    ", tél 06 12 34 56 78",
    ";OK",
    "…",
]
_WRAPPERS = [
    '{"id": 12, "v": "%s", "ok": true}',
    "<v>%s</v>",
    '<e v="%s"/>',
    "Durand;Anne;%s;75011",
    "https://cpf.example/d?p=%s&x=1",
    "[%s]",
    "'%s'",
    "UPDATE t SET v='%s' WHERE id=3",
    "2026-01-12 10:11:12,345 INFO v=%s ok",
    "b'%s'",
    "12|%s|Paris",
    "%s@mail.example",
    "`%s`",
]
_GLUED = ["NIR%s", "scan_%s_2026.pdf", "x%sy", "%s.pdf", "doc-%s.PDF", "n%s", "fiche%sfin"]


def _place(form: str, before: str, behind: str) -> tuple[str, tuple[tuple[int, int], ...]]:
    return before + form + behind, ((len(before), len(before) + len(form)),)


def _in_text(
    rng: random.Random, form: str, labelled: bool
) -> tuple[str, tuple[tuple[int, int], ...]]:
    before, behind = rng.choice(_BEFORE), rng.choice(_BEHIND)
    if labelled or rng.random() < 0.3:
        before += rng.choice(_LABELS)
    elif rng.random() < 0.25 and form.isascii():
        before, behind = rng.choice(_WRAPPERS).split("%s")
    return _place(form, before, behind)


def _several(rng: random.Random) -> tuple[str, tuple[tuple[int, int], ...]]:
    forms = [
        rng.choice([full(rng), cut(full(rng)), cut(body(rng))]) for _ in range(rng.randint(2, 4))
    ]
    text, spans = rng.choice(_BEFORE), []
    for form in forms:
        spans.append((len(text), len(text) + len(form)))
        text += form + rng.choice([" et ", ", puis ", " ; ", "\n", " ou "])
    return text, tuple(spans)


def _labelled_list(rng: random.Random) -> tuple[str, tuple[tuple[int, int], ...]]:
    text, spans = "NIR : ", []
    for _ in range(rng.randint(2, 3)):
        number = body(rng)
        spans.append((len(text), len(text) + 13))
        text += number + rng.choice([" et ", ", ", " ou "])
    return text + "merci", tuple(spans)


def _glued(rng: random.Random) -> tuple[str, tuple[tuple[int, int], ...]]:
    before, behind = rng.choice(_GLUED).split("%s")
    return _place(full(rng), before, behind)


def _structured(rng: random.Random) -> tuple[str, tuple[tuple[int, int], ...]]:
    number = body(rng)
    before, behind = rng.choice(
        [
            '{"nom": "Durand", "nir": "%s", "cp": "75011"}',
            '{"nir":"%s","cle":"' + key(number) + '"}',
            "<nir>%s</nir>",
            "<Individu NIR='%s'/>",
            "nom;nir;ville\nDurand;%s;Paris",
            "https://cpf.example/?nir=%s&x=1",
            "SELECT * FROM a WHERE nir = '%s'",
            "S21.G00.30.001,'%s'",
            "nir: %s",
            "NIR_%s_2026.pdf",
            "num_secu=%s;",
            "[NIR=%s]",
            "INSERT INTO assures (nir, cle) VALUES ('%s', '" + key(number) + "')",
        ]
    ).split("%s")
    return _place(number, before, behind)


def _n(rng: random.Random, count: int, first: str = "0123456789") -> str:
    return rng.choice(first) + "".join(rng.choices("0123456789", k=count - 1))


def _luhn(number: str) -> str:
    for digit in "0123456789":
        total = 0
        for place, character in enumerate(reversed(number + digit)):
            value = int(character) * (1 + place % 2)
            total += value - 9 if value > 9 else value
        if total % 10 == 0:
            return number + digit
    return number


def _phone(rng: random.Random, separator: str = " ") -> str:
    return separator.join(["0" + rng.choice("1234567"), *[_n(rng, 2) for _ in range(4)]])


def _iban(rng: random.Random) -> str:
    return "FR76" + _n(rng, 23)


LOOKALIKES: dict[str, Form] = {
    "siren": lambda r: "SIREN " + cut(_luhn(_n(r, 8)), " ", "333"),
    "siret": lambda r: r.choice(["SIRET ", "", "siret : "]) + _luhn(_n(r, 13, "123456789")),
    "siret grouped": lambda r: "SIRET " + cut(_luhn(_n(r, 13, "123")), " ", "3335"),
    "siret and more": lambda r: _luhn(_n(r, 13, "12")) + " " + _n(r, 1),
    "iban": lambda r: _iban(r),
    "iban grouped": lambda r: "IBAN : " + cut(_iban(r), " ", "4444443"),
    "iban belgium": lambda r: "IBAN BE" + cut(_n(r, 14), " ", "2444"),
    "iban norway": lambda r: "NO" + _n(r, 13),
    "rib": lambda r: "RIB : " + cut(_n(r, 23), " ", "55") + " " + _n(r, 11) + " " + _n(r, 2),
    "card": lambda r: r.choice(["CB ", "carte ", ""]) + cut(_luhn("4" + _n(r, 14)), " ", "4444"),
    "card compact": lambda r: _luhn("5" + _n(r, 14)),
    "amex": lambda r: "Amex " + (n := _luhn("37" + _n(r, 12)))[:4] + " " + n[4:10] + " " + n[10:],
    "ean 13": lambda r: r.choice(["EAN ", "code-barres ", ""]) + "3" + _n(r, 12),
    "isbn": lambda r: "ISBN 978-2-" + cut(_n(r, 9), "-", "441"),
    "imei": lambda r: "IMEI : " + _luhn("35" + _n(r, 12)),
    "imei grouped": lambda r: "IMEI " + cut(_luhn("35" + _n(r, 12)), "-", "2661"),
    "ine": lambda r: "INE " + _n(r, 10) + r.choice("ABCDEFGHJK"),
    "tax": lambda r: r.choice(["numéro fiscal : ", "SPI ", "n° fiscal "]) + "1" + _n(r, 12),
    "tax grouped": lambda r: "numéro fiscal " + cut("1" + _n(r, 12), " ", "22333"),
    "timestamp 14": lambda r: f"20{_n(r, 2)}{r.randint(1, 12):02}{r.randint(1, 28):02}{_n(r, 6)}",
    "timestamp 17": lambda r: (
        f"export_2026{r.randint(1, 12):02}{r.randint(1, 28):02}{_n(r, 9)}.csv"
    ),
    "iso timestamp": lambda r: (
        f"2026-{r.randint(1, 12):02}-1{_n(r, 1)}T10:1{_n(r, 1)}:12.{_n(r, 6)}"
    ),
    "epoch ms": lambda r: r.choice(["ts=", "", "créé à "]) + "17" + _n(r, 11),
    "epoch in json": lambda r: '{"created": 17' + _n(r, 11) + ', "id": 4}',
    "epoch us": lambda r: "17" + _n(r, 14),
    "order 13": lambda r: r.choice(["commande n° ", "commande ", "cde "]) + _n(r, 13, "12345678"),
    "order 15": lambda r: "commande n° " + _n(r, 15, "3456789"),
    "file 13": lambda r: "dossier n° " + _n(r, 13),
    "file 15 year": lambda r: "dossier 2024" + _n(r, 11),
    "invoice 13": lambda r: "facture F" + _n(r, 13),
    "bare 13": lambda r: "le " + _n(r, 13, "12345678") + " est clos",
    "phones": lambda r: " ".join(_phone(r) for _ in range(r.randint(2, 4))),
    "phones by dots": lambda r: "tél. " + _phone(r, ".") + " ou " + _phone(r, "."),
    "phone international": lambda r: "+33 " + _phone(r)[1:] + " / +33 " + _phone(r)[1:],
    "phone and date": lambda r: _phone(r) + " 12/05/2024 14:30",
    "gps": lambda r: f"GPS {r.uniform(41, 51):.7f}, {r.uniform(1, 9):.7f}",
    "gps long": lambda r: f"{r.uniform(1, 8):.14f} {r.uniform(41, 51):.14f}",
    "amount": lambda r: cut("1" + _n(r, 12), " ", "13333") + "," + _n(r, 2) + " €",
    "amount compact": lambda r: "montant " + _n(r, 13, "123") + "." + _n(r, 2),
    "amounts": lambda r: " ".join(f"{_n(r, 1, '123')} {_n(r, 3)},{_n(r, 2)}" for _ in range(5)),
    "floats": lambda r: ", ".join(f"{r.random():.15f}" for _ in range(4)),
    "float vector": lambda r: "[" + " ".join(f"{r.gauss(0, 2):.12f}" for _ in range(5)) + "]",
    "integers": lambda r: ", ".join(str(r.randint(1, 99)) for _ in range(12)),
    "marks": lambda r: "notes : " + " ".join(f"{r.randint(0, 20):02}" for _ in range(10)),
    "md5": lambda r: f"{r.getrandbits(128):032x}",
    "sha256": lambda r: f"{r.getrandbits(256):064x}",
    "hex around digits": lambda r: f"{r.getrandbits(48):012x}a{full(r)}b{r.getrandbits(40):010x}",
    "uuid": lambda r: "-".join(f"{r.getrandbits(4 * n):0{n}x}" for n in (8, 4, 4, 4, 12)),
    "digits uuid": lambda r: "-".join(_n(r, n) for n in (8, 4, 4, 4, 12)),
    "swiss": lambda r: "AVS 756." + cut(_n(r, 10), ".", "442"),
    "belgian": lambda r: f"{_n(r, 2)}.{r.randint(1, 12):02}.{_n(r, 2)}-{_n(r, 3)}.{_n(r, 2)}",
    "italian": lambda r: "RSSMRA" + _n(r, 2) + "A01H501" + r.choice("ABC"),
    "romanian": lambda r: "CNP " + _n(r, 13, "12"),
    "spanish": lambda r: "DNI " + _n(r, 8) + "Z, NUSS " + cut(_n(r, 12), "/", "282"),
    "infrared": lambda r: f"proche infrarouge (NIR) : {_n(r, 4, '12')} nm, série {_n(r, 13, '12')}",
    "infrared bands": lambda r: "NIR 750 nm, SWIR 1 400 nm, 2 500 nm ; capteur " + _n(r, 6),
    "label without number": lambda r: "NIR à fournir avant le 12/05/2024, tél " + _phone(r),
    "part of a NIR": lambda r: "né en 08/55 à 75 999, clé 93",
    "one digit short": lambda r: "ref " + full(r)[:14],
    "one digit over": lambda r: "ref " + full(r) + _n(r, 1),
    "wrong key, no label": lambda r: "réf. " + (n := body(r)) + wrong_key(r, n),
    "postcodes": lambda r: " ".join(_n(r, 5) for _ in range(5)),
    "ip": lambda r: ".".join(str(r.randint(100, 255)) for _ in range(4)) + ":" + _n(r, 4, "123"),
    "dates": lambda r: " ".join(
        f"{r.randint(1, 28):02}/{r.randint(1, 12):02}/20{_n(r, 2)}" for _ in "abc"
    ),
    "rncp and hours": lambda r: f"RNCP{_n(r, 5)} 35 h 2 h 30, 1 200 € 15 % n° 12",
    "parcel": lambda r: "colis 6A" + _n(r, 11) + " suivi " + _n(r, 13),
    "french prose": lambda r: (
        "Le stagiaire a suivi 35 heures sur 70, soit 50 %, du 2 au 9 mai 2024."
    ),
}


def cases(seed: int, per_kind: int = 20) -> Iterator[Case]:
    """`per_kind` cases of every kind."""
    rng = random.Random(seed)
    tables = (
        (COMMON, COMMON_ALONE, False), (COMMON, COMMON_LABELLED, True),
        (RARE, RARE_ALONE, False), (RARE, RARE_LABELLED, True),
    )  # fmt: skip
    for group, forms, labelled in tables:
        for kind, form in forms.items():
            for _ in range(per_kind):
                yield Case(kind, group, *_in_text(rng, form(rng), labelled))
    for kind, make in {
        "several": _several, "labelled list": _labelled_list, "glued": _glued,
        "structured": _structured,
    }.items():  # fmt: skip
        for _ in range(per_kind):
            yield Case(kind, COMMON, *make(rng))
    for kind, form in LOOKALIKES.items():
        for _ in range(per_kind):
            text = form(rng)
            if rng.random() < 0.6:
                text = rng.choice(_BEFORE) + text + rng.choice(_BEHIND)
            yield Case(kind, LOOKALIKE, text, ())
