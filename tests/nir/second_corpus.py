"""A second labelled corpus of NIRs and look-alikes, written apart from the engine and `corpus`.

Every kind is one writing of the number in contexts drawn at random, or one look-alike in a French
sentence. A span runs from the number's first character to its last, its key with it; a key that
stands in another field is not part of it. `§` stands where a number goes.

Synthetic: a commune that does not exist, or an order from 990.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from itertools import pairwise

from .second_lookalikes import (
    LOOKALIKES,
    Rng,
    Write,
    amount,
    body,
    checked,
    cut,
    date,
    digits,
    ean,
    iban,
    key_for,
    phone,
)

COMMON, RARE, LOOKALIKE = "common", "rare", "look-alike"


@dataclass(frozen=True)
class Case:
    """A text, and the spans in it that are NIRs."""

    group: str
    kind: str
    text: str
    spans: tuple[tuple[int, int], ...]


def full(rng: Rng, first: str = "12", place: str | None = None) -> str:
    number = body(rng, first, place)
    return number + key_for(number)


def corsican(rng: Rng) -> str:
    year, month = rng.randint(0, 99), rng.randint(1, 12)
    department, order = rng.choice(("2A", "2B")), rng.randint(990, 999)
    body = f"{rng.choice('12')}{year:02}{month:02}{department}{rng.randint(1, 360):03}{order}"
    return body + key_for(body)


def _mixed(rng: Rng) -> str:
    gaps = rng.choices([" ", "-", ".", "\u00a0", "\u202f"], k=2) * 3
    rng.shuffle(gaps)
    parts = cut(full(rng)).split()
    return parts[0] + "".join(gap + part for gap, part in zip(gaps, parts[1:], strict=True))


def _evenly(width: int, gap: str) -> Write:
    return lambda r: cut(full(r), gap, (width,) * 15)


def _translated(zero: int) -> Write:
    table = {ord("0") + i: chr(zero + i) for i in range(10)}
    return lambda r: (full(r) if r.random() < 0.5 else cut(full(r))).translate(table)


def _invisible(mark: str) -> Write:
    def write(rng: Rng) -> str:
        number = full(rng)
        if rng.random() < 0.5:
            return cut(number, mark)
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
        number = full(rng) if rng.random() < 0.5 else cut(full(rng))
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
    "M. Durand, §, demande une attestation.", "Mme Nguyễn a rappelé ; son § est à vérifier.",
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
    "Suite à notre entretien, § est rattaché à la caisse 751.",
    "Conformément à l'article L. 6323-8, "
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
        "/data/in/scan_§_2026.pdf", "attestation_§.pdf", "CPF-§-v2.docx", "C:\\CPF\\§\\cni.png",
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
    return rng.choice(SENTENCES).removeprefix("")


def _labelled(rng: Rng) -> str:
    return _sentence(rng).replace("§", rng.choice(LABELS) + "§")


def _anywhere(rng: Rng, write: Write) -> tuple[str, list[str]]:
    """In a sentence, with a label half the time."""
    template = _labelled(rng) if rng.random() < 0.5 else _sentence(rng)
    return template, [write(rng)]


def _in_label(rng: Rng, write: Write) -> tuple[str, list[str]]:
    return _labelled(rng), [write(rng)]


_COMMON_ANYWHERE: dict[str, Write] = {
    "15 compact": full,
    "spaces": lambda r: cut(full(r)),
    "no-break spaces": lambda r: cut(full(r), "\u00a0"),
    "narrow spaces": lambda r: cut(full(r), "\u202f"),
    "thin spaces": lambda r: cut(full(r), "\u2009"),
    "figure spaces": lambda r: cut(full(r), "\u2007"),
    "dots": lambda r: cut(full(r), "."),
    "dashes": lambda r: cut(full(r), "-"),
    "slashes": lambda r: cut(full(r), "/"),
    "underscores": lambda r: cut(full(r), "_"),
    "tabs": lambda r: cut(full(r), "\t"),
    "two spaces": lambda r: cut(full(r), "  "),
    "spaced dashes": lambda r: cut(full(r), " - "),
    "line break": lambda r: (
        lambda parts, at: " ".join(parts[:at]) + "\n" + " ".join(parts[at:])
    )(cut(full(r)).split(), r.randint(1, 6)),
    "line break before key": lambda r: (n := full(r))[:13] + "\n" + n[13:],
    "mixed": _mixed,
    "no-break within": lambda r: cut(full(r)).replace(" ", "\u00a0", r.randint(1, 5)),
    "key after a space": lambda r: (n := full(r))[:13] + " " + n[13:],
    "key after a no-break space": lambda r: (n := full(r))[:13] + "\u00a0" + n[13:],
    "key after a dash": lambda r: (n := full(r))[:13] + r.choice(("-", " - ", "/", " / "))
    + n[13:],
    "key after a tab": lambda r: (n := full(r))[:13] + "\t" + n[13:],
    "key in parentheses": lambda r: (n := full(r))[:13] + r.choice(("(", " (")) + n[13:] + ")",
    "grouped, key in parentheses": lambda r: cut((n := full(r))[:13]) + f" ({n[13:]})",
    "key in brackets": lambda r: (n := full(r))[:13] + f" [{n[13:]}]",
    "key after its word": lambda r: (n := full(r))[:13]
    + r.choice((" clé ", " clé : ", " clé: ", " cle ", ", clé ", " Clé ", " clé=", " - clé ",
                " clef ", " CLE ", "/clé ", " clé n° ", " clé de contrôle ", " - clé : "))
    + n[13:],
    "grouped, key after its word": lambda r: cut((n := full(r))[:13])
    + r.choice((" clé ", " clé : ", " cle ", ", clé ", " Clé ", " - clé "))
    + n[13:],
    "word and key in parentheses": lambda r: (n := full(r))[:13]
    + r.choice((" (clé ", " (clé : ", "(clé ", " (cle ", " (clef ")) + n[13:] + ")",
    "corsica compact": corsican,
    "corsica lower case": lambda r: corsican(r).lower(),
    "corsica grouped": lambda r: cut(corsican(r), r.choice((" ", "\u00a0", ".", "-", "\u202f"))),
    "corsica grouped, lower case": lambda r: cut(corsican(r)).lower(),
    "corsica, key apart": lambda r: (n := corsican(r))[:13] + " " + n[13:],
    "corsica before 1976": lambda r: cut(full(r, place="20"), r.choice(("", " "))),
    "overseas": lambda r: cut(
        full(r, place=r.choice(("971", "972", "973", "974", "976", "987", "988"))),
        r.choice(("", " ", ".", "\u00a0")),
    ),
    "overseas, cut after three": lambda r: cut(
        full(r, place=r.choice(("971", "972", "973", "974", "976"))), " ", (1, 2, 2, 3, 2, 3, 2)
    ),
    "abroad": lambda r: cut(full(r, place="99"), r.choice(("", " ", "-"))),
    "first digits 7 and 8, compact": lambda r: full(r, first="78"),
    "first digits 7 and 8, grouped": lambda r: cut(full(r, first="78")),
    "first digits 3 and 4, compact": lambda r: full(r, first="34"),
    "first digits 3 and 4, grouped": lambda r: cut(full(r, first="34")),
    "month unknown": lambda r: (
        lambda b: cut(b + key_for(b), r.choice(("", " ")))
    )((n := body(r))[:3] + str(r.choice([20, *range(30, 43), *range(50, 100)])) + n[5:]),
    "13 grouped": lambda r: cut(body(r)),
    "13 grouped by no-break": lambda r: cut(body(r), "\u00a0"),
    "grouped, wrong key": lambda r: cut(
        (b := body(r)) + f"{(int(key_for(b)) + r.randint(1, 95)) % 97 + 1:02}"
    ),
    "float": lambda r: full(r) + r.choice((".0", ".00")),
}  # fmt: skip

_COMMON_LABELLED: dict[str, Write] = {
    "13 compact": body,
    "13 corsica": lambda r: corsican(r)[:13],
    "13 grouped by dots": lambda r: cut(body(r), "."),
    "13 grouped by dashes": lambda r: cut(body(r), "-"),
    "13 overseas": lambda r: body(r, place=r.choice(("971", "974", "976"))),
    "13 abroad": lambda r: body(r, place="99"),
    "13, first digits 7 and 8": lambda r: body(r, first="78"),
    "compact, wrong key": lambda r: (
        (b := body(r)) + f"{(int(key_for(b)) + r.randint(1, 95)) % 97 + 1:02}"
    ),
    "13, month unknown": lambda r: (n := body(r))[:3] + str(r.randint(50, 99)) + n[5:],
}

_MATHEMATICAL = (0x1D7CE, 0x1D7D8, 0x1D7E2, 0x1D7EC, 0x1D7F6)


def _escaped(escape: str) -> Write:
    return lambda r: cut(full(r), escape)


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
    "digits as entities": lambda r: "".join(f"&#{ord(c)};" for c in full(r)),
    "digits as hex entities": lambda r: "".join(f"&#x{ord(c):x};" for c in full(r)),
    "%20": _escaped("%20"),
    "%C2%A0": lambda r: _escaped(
        r.choice(("%C2%A0", "%c2%a0", "%E2%80%AF", "%2D", "%2E", "%09"))
    )(r),
    "+": _escaped("+"),
    "digits in percent": lambda r: "".join(f"%{ord(c):02X}" for c in full(r)),
    "\\u00a0": lambda r: _escaped(
        r.choice(("\\u00a0", "\\u202f", "\\u2009", "\\u0020", "\\xa0"))
    )(r),
    "\\t": lambda r: _escaped(r.choice(("\\t", "\\n")))(r),
    "digits in \\u": lambda r: "".join(f"\\u{ord(c):04x}" for c in full(r)),
    "<br>": lambda r: (
        lambda parts, at, tag: " ".join(parts[:at]) + tag + " ".join(parts[at:])
    )(cut(full(r)).split(), r.randint(1, 6), r.choice(("<br>", "<br/>", "<br />", "<BR>"))),
    "<br> before key": lambda r: (n := full(r))[:13] + r.choice(("<br>", "<br/>")) + n[13:],
    "en dash": lambda r: cut(full(r), r.choice(("–", " – ", "—"))),
    "non-breaking hyphen": lambda r: cut(full(r), r.choice(("\u2011", "\u2010", "\u2012"))),
    "minus": lambda r: cut(full(r), "−"),
    "middle dot": lambda r: cut(full(r), r.choice(("·", "•", "∙"))),
    "comma": lambda r: cut(full(r), ","),
    "threes": lambda r: _evenly(3, r.choice((" ", ".", "-", "\u00a0")))(r),
    "fours": lambda r: _evenly(4, r.choice((" ", ".", "-", "\u00a0")))(r),
    "fives": lambda r: _evenly(5, r.choice((" ", ".", "-", "\u00a0")))(r),
    "single digits": lambda r: _evenly(1, r.choice((" ", ".", "-", "\u00a0")))(r),
    "scientific": lambda r: (
        lambda n: f"{n[0]}{r.choice('.,')}{n[1:]}{r.choice(('E+14', 'e+14', 'E14', 'e14'))}"
    )(full(r)),
    "ocr": _ocr,
}  # fmt: skip

_RARE_LABELLED: dict[str, Write] = {
    "ocr under a label": lambda r: _misread(
        cut(full(r), r.choice(("", " ", ".", "-"))), r, 2
    ),
    "odd groups": lambda r: cut(
        full(r), " ", r.choice(((3, 2, 2, 3, 3, 2), (5, 5, 5), (1, 4, 5, 3, 2), (7, 6, 2)))
    ),
    "13 in scientific": lambda r: (lambda n: f"{n[0]}.{n[1:]}E+12")(body(r)),
    "13 full-width": lambda r: body(r).translate({48 + i: 0xFF10 + i for i in range(10)}),
    "13 with zero-width": lambda r: "\u200b".join(cut(body(r)).split()),
    "13 in fours": lambda r: cut(body(r), " ", (4,) * 4),
    "13 with dashes of other kinds": lambda r: cut(body(r), r.choice(("–", "−", "\u2011"))),
}  # fmt: skip


def _pair(rng: Rng) -> tuple[str, list[str]]:
    write = rng.choice((full, lambda r: cut(full(r)), lambda r: cut(full(r), "\u00a0")))
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
    return template, [body(rng) for _ in range(2)]


def _beside(rng: Rng) -> tuple[str, list[str]]:
    """Other numbers in the same text."""
    other = rng.choice((
        "SIRET " + checked(rng, 14), "tél " + phone(rng), "IBAN " + iban(rng),
        "dossier " + digits(rng, 13, "12"), "né le " + date(rng), "montant " + amount(rng),
        "commande n° " + digits(rng, 15, "12"), "EAN " + ean(rng, "3"), "CP 75015", "ref 12",
    ))  # fmt: skip
    label = rng.choice(LABELS)
    gap = rng.choice((", ", " ; ", " - ", "\n", " | ", ". "))
    written = rng.choice((full, lambda r: cut(full(r)), body))(rng)
    parts = [label + "§", other]
    if rng.random() < 0.5:
        parts.reverse()
    return gap.join(parts), [written]


def _next_field(rng: Rng) -> tuple[str, list[str]]:
    number = body(rng)
    key = key_for(number)
    return rng.choice((
        f'{{"nir": "§", "cle": "{key}"}}', f'{{"nir":"§","cleNir":"{key}","nom":"X"}}',
        f"Durand;Paul;§;{key};75015", f'"Durand","§","{key}","Lyon"',
        f"<nir>§</nir><cle>{key}</cle>",
        f"nir=§&cle={key}", f"| § | {key} | Durand |", f"VALUES ('§', '{key}', 3)",
        f"nom,nir,cle\nDurand,§,{key}",
    )), [number]  # fmt: skip


def _glued(rng: Rng) -> tuple[str, list[str]]:
    return rng.choice((
        "NIR§", "scan_§_2026", "nir§x", "SECU§", "id§", "ID_§_FR", "FR§", "user§@", "X§Y",
        "§Durand", "n°§", "N°SS§", "dossier§.zip", "p§v2", "numsecu§", "Secu:§;", "NIR§CLE",
    )), [full(rng)]  # fmt: skip


def _email(rng: Rng) -> tuple[str, list[str]]:
    template = rng.choice((
        "§@caisse.example", "Contact : §@cpf.example", "<§@x.example>", "mailto:§@x.example",
        "nir.§@x.example", "paul-§@x.example", "x+§@y.example", "email=§@x.example; ok",
    ))  # fmt: skip
    return template, [rng.choice((full, lambda r: cut(full(r), r.choice(".-_"))))(rng)]


def _typed(rng: Rng) -> tuple[str, list[str]]:
    template, number = rng.choice((
        ("§", full(rng)), ('{"nir": §}', full(rng)), ('{"nir": §, "age": 3}', body(rng)),
        ("b'§'", full(rng)), ("Decimal('§')", full(rng)), ("nir: §L", full(rng)),
        ('{"nir": §}', full(rng) + ".0"), ("[§, 12]", full(rng)),
        ("nir=int64(§)", full(rng)), ("+§", full(rng)), ("'§", full(rng)),
        ('="§"', full(rng)),
    ))  # fmt: skip
    return template, [number]


def _alone(rng: Rng, write: Write) -> tuple[str, list[str]]:
    return write(rng), []


def _structured(contexts: list[str]) -> Callable[[Rng], tuple[str, list[str]]]:
    def make(rng: Rng) -> tuple[str, list[str]]:
        template = rng.choice(contexts)
        writings: tuple[Write, ...] = (full, full, lambda r: cut(full(r)), corsican)
        return template, [rng.choice(writings)(rng)]

    return make


def _label_kind(label: str) -> Callable[[Rng], tuple[str, list[str]]]:
    def make(rng: Rng) -> tuple[str, list[str]]:
        writing = rng.choice(
            (
                body,
                body,
                lambda r: corsican(r)[:13],
                full,
                lambda r: cut(body(r)),
                lambda r: cut(full(r)),
            )
        )
        return _sentence(rng).replace("§", label + "§"), [writing(rng)]

    return make


def _behind(rng: Rng) -> tuple[str, list[str]]:
    template = rng.choice((
        "§ (NIR)", "§ est le NIR de M. Durand", "§ (n° sécu)", "§ (sécurité sociale)",
        "§ = NIR", "§ : numéro de sécurité sociale de l'assuré", "§ comme NIR", "§ (n° SS)",
        "§, son NIR", "§ - NIR",
    ))  # fmt: skip
    return template, [rng.choice((body, full))(rng)]


def cases(seed: int, per_kind: int = 20) -> Iterator[Case]:
    """`per_kind` cases of every kind, always the same from one seed."""
    corpus = Corpus(seed, per_kind)
    for kind, write in _COMMON_ANYWHERE.items():
        corpus.add(COMMON, kind, partial(_anywhere, write=write))
    for kind, write in _COMMON_LABELLED.items():
        corpus.add(COMMON, kind, partial(_in_label, write=write))
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
        corpus.add(RARE, kind, partial(_anywhere, write=write))
    for kind, write in _RARE_LABELLED.items():
        corpus.add(RARE, kind, partial(_in_label, write=write))
    corpus.add(RARE, "e-mail", _email)
    for kind, write in LOOKALIKES.items():
        corpus.add(LOOKALIKE, kind, partial(_alone, write=write))
    yield from corpus.cases
