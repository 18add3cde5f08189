"""A third labelled corpus: comments of a feed as it comes, in which numbers of all kinds stand.

French sentences of about 120 characters, some of them very long, with the dates, amounts and codes
that people type. Two in a hundred hold a NIR, in one of the forms of `corpus`; ten in a hundred a
number that is none: SIRET, SIREN, IBAN, telephone, file number, epoch, timestamp, amount. Before
either stands a word that names it, one that names a NIR, or none.

Deterministic by seed. The benchmarks' feed takes its comments from here.
"""

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from .corpus import (
    COMMON,
    COMMON_ALONE,
    COMMON_LABELLED,
    RARE,
    RARE_ALONE,
    RARE_LABELLED,
    Form,
    full,
)
from .corpus import cut as cut_nir
from .second_lookalikes import Rng, amount, checked, cut, digits, iban, phone

NO_LABEL, OWN_LABEL, NIR_LABEL = "no label", "own label", "NIR label"

UNTELLABLE = ("13 digits", "15 digits", "epoch in ms", "epoch in µs", "timestamp of 14 digits")
"""The numbers that nobody can tell from a NIR where a word that names one stands before them."""


@dataclass(frozen=True)
class Comment:
    """One comment of the feed.

    Attributes:
        text: what was typed.
        group: `common` or `rare` where it holds a NIR, `look-alike` where it holds a number that
            is none, empty where it holds neither.
        kind: which writing of a NIR, or which look-alike.
        label: which kind of word stands before the number.
        span: where the NIR stands in the text; None where there is none.
    """

    text: str
    group: str = ""
    kind: str = ""
    label: str = NO_LABEL
    span: tuple[int, int] | None = None


_NIR_LABELS = (
    *("NIR : ", "NIR ", "nir=", "n° SS : ", "n°SS: ", "NSS ", "N° Sécu : ", "n° de sécu "),
    *("numéro de sécurité sociale : ", "Numéro de sécurité sociale ", "sécu. soc. n° "),
    *("immatriculé sous le n° ", "n° INSEE : ", "N.I.R. ", "NIR de l'assurée : "),
)

_LOOKALIKES: dict[str, tuple[tuple[str, ...], Callable[[Rng], str]]] = {
    "SIRET": (("SIRET ", "Siret : ", "établissement n° "), lambda r: checked(r, 14)),
    "SIRET in groups": (("SIRET ", "siret : "), lambda r: cut(checked(r, 14), " ", (3, 3, 3, 5))),
    "SIREN": (("SIREN ", "RCS Paris "), lambda r: checked(r, 9)),
    "SIREN in groups": (("SIREN : ", "siren "), lambda r: cut(checked(r, 9), " ", (3, 3, 3))),
    "IBAN": (("IBAN ", "virement sur "), iban),
    "IBAN in groups": (("IBAN : ", "compte "), lambda r: cut(iban(r), " ", (4,) * 7)),
    "telephone": (("tél. ", "rappeler au "), phone),
    "telephone, compact": (("tél : ", "portable "), lambda r: phone(r, "")),
    "telephone, international": (("tél. ", "joignable au "), lambda r: f"+33 {phone(r)[1:]}"),
    "13 digits": (("dossier n° ", "réf. ", "commande "), lambda r: digits(r, 13)),
    "15 digits": (("dossier n° ", "ref=", "facture "), lambda r: digits(r, 15, "3456789")),
    "epoch in ms": (("ts=", "créé à "), lambda r: f"17{digits(r, 11, '0123456')}"),
    "epoch in µs": (("ts=", "créé à "), lambda r: f"17{digits(r, 14, '0123456')}"),
    "timestamp": (
        ("maj ", "le "),
        lambda r: f"2026-{_day(r)} 1{digits(r, 1)}:15:42.{digits(r, 6)}",
    ),
    "timestamp of 14 digits": (
        ("export_", "horodatage "),
        lambda r: f"2026{_day(r).replace('-', '')}1{digits(r, 1)}1542",
    ),
    "amount": (("montant : ", "coût "), amount),
    "amounts in a row": (
        ("frais : ", "tarifs "),
        lambda r: " ".join(
            f"{r.randint(1, 9)} {r.randint(100, 999)},{r.randint(10, 99)}" for _ in "abc"
        ),
    ),
}

_WORDS = (
    *("le", "titulaire", "organisme", "dossier", "session", "report", "entretien", "courrier"),
    *("accord", "pièce", "vérifiée", "gestionnaire", "demande", "reçue", "ce", "jour", "mois"),
    *("prochain", "convocation", "envoyée", "absence", "justifiée", "échange", "précédent"),
    *("réponse", "attendue", "sous", "quinzaine", "entrée", "formation", "confirmée", "suivi"),
    *("œuvre", "à", "l’été", "Noël", "déjà", "où", "garçon", "« rappel »", "50", "€"),
)
_TAILS = (
    *("Suivi 4512.", "Réf. interne A-77/B.", "RAS.", "Prochain point le 12/03.", "35 h sur 70."),
    *(
        "Vu le 03/04/2024 à 14h30.",
        "RNCP34126, 1 250,00 €.",
        "Art. L. 6323-8.",
        "OK ",
        "2e relance !",
    ),
)
_GAPS = ("", " ", "\n", ", ", " ; ", " - ", "(")
_LENGTH = 12
_LONG = 400


def _day(rng: Rng) -> str:
    return f"{rng.randint(1, 12):02}-{rng.randint(1, 28):02}"


def _prose(rng: Rng) -> str:
    """Ten in a thousand are ten times as long and more."""
    count = rng.randint(100, _LONG) if rng.random() < 0.01 else _LENGTH
    return " ".join(rng.choices(_WORDS, k=count))


def _forms() -> list[tuple[str, str, bool, Form]]:
    """Group, kind, whether the form stands behind a label only, and how it is made."""
    tables = (
        (COMMON, COMMON_ALONE, False),
        (COMMON, COMMON_LABELLED, True),
        (RARE, RARE_ALONE, False),
        (RARE, RARE_LABELLED, True),
    )
    return [
        (group, kind, labelled, form)
        for group, forms, labelled in tables
        for kind, form in forms.items()
    ]


_FORMS = _forms()
_PLAIN_FORMS: tuple[tuple[str, str, bool, Form], ...] = (
    (COMMON, "compact 15", False, full),
    (COMMON, "grouped by space", False, lambda rng: cut_nir(full(rng))),
    (COMMON, "13 compact", True, COMMON_LABELLED["13 compact"]),
)


def _with_nir(rng: Rng) -> Comment:
    """Three NIRs in four are written plainly, the others in any form."""
    table = _PLAIN_FORMS if rng.random() < 0.75 else _FORMS
    group, kind, labelled, form = rng.choice(table)
    label = NIR_LABEL if labelled or rng.random() < 0.5 else NO_LABEL
    before = f"{_prose(rng)}. " + (rng.choice(_NIR_LABELS) if label == NIR_LABEL else "")
    number = form(rng)
    text = f"{before}{number} ; {rng.choice(_TAILS)}"
    return Comment(text, group, kind, label, (len(before), len(before) + len(number)))


def _with_lookalike(rng: Rng) -> Comment:
    """One in twenty stands behind a word that names a NIR, half behind one of its own."""
    kind = rng.choice(list(_LOOKALIKES))
    labels, write = _LOOKALIKES[kind]
    chance = rng.random()
    label = NIR_LABEL if chance < 0.05 else OWN_LABEL if chance < 0.55 else NO_LABEL
    word = {NIR_LABEL: _NIR_LABELS, OWN_LABEL: labels, NO_LABEL: _GAPS}[label]
    text = f"{_prose(rng)} {rng.choice(word)}{write(rng)}{rng.choice(_GAPS)} {rng.choice(_TAILS)}"
    return Comment(text, "look-alike", kind, label)


def comments(
    seed: int, count: int, *, nirs: float = 0.02, lookalikes: float = 0.1
) -> Iterator[Comment]:
    """`count` comments, of which a share `nirs` and a share `lookalikes` hold such a number."""
    rng = random.Random(seed)
    for _ in range(count):
        chance = rng.random()
        if chance < nirs:
            yield _with_nir(rng)
        elif chance < nirs + lookalikes:
            yield _with_lookalike(rng)
        else:
            yield Comment(f"{_prose(rng)}. {rng.choice(_TAILS)}")
