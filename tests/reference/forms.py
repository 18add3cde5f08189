"""The forms of which the texts of random batches are made, each with its verdict beside it.

Neither the finder nor the gate is rebuilt in the reference filter: what a form holds is written
down here, and a text of several forms holds what they hold.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from tamis.nir.identifiers import key_of

from .values import Scalar


@dataclass(frozen=True)
class Form:
    """A text whose verdict is known.

    Attributes:
        text: as it comes.
        redacted: with `[NIR]` in the place of each NIR.
        hits: how many NIRs it holds.
        leaks: whether the gate finds a NIR in it as it comes.
        leaks_declared: the same in a field that declares that its numbers are no NIRs.
    """

    text: str
    redacted: str
    hits: int = 0
    leaks: bool = False
    leaks_declared: bool = False


def _full(body: str, gap: str = " ") -> str:
    parts = (body[:1], body[1:3], body[3:5], body[5:7], body[7:10], body[10:])
    return gap.join((*parts, f"{key_of(body):02}"))


def _forms() -> list[Form]:
    forms = [
        Form(text, text)
        for text in (
            "rien à signaler",
            "tél. 06 12 34 56 78",
            "dossier 4512, 1 250,00 €",
            "SIRET 000 000 042 00012",
            "commande 1550875999991",
            "155087599999194 pièces",  # 15 digits with a wrong key
            "né le 29/02/1955",
        )
    ]
    for body in ("1550875999991", "269052A999992"):
        key = f"{key_of(body):02}"
        wrong = f"{key_of(body) % 97 + 1:02}"
        forms += [
            Form(f"NIR : {_full(body)}", "NIR : [NIR]", 1, True, True),
            Form(_full(body), "[NIR]", 1, True, True),
            Form(_full(body, "."), "[NIR]", 1, True, True),
            Form(f"soit {body}{key}, merci", "soit [NIR], merci", 1, True),
            Form(f"soit {body} clé {key}, merci", "soit [NIR], merci", 1, True),
            Form(f"n° de sécurité sociale {body}", "n° de sécurité sociale [NIR]", 1, True, True),
            Form(f"NIR {body}{wrong}", "NIR [NIR]", 1, True, True),
        ]
    return forms


FORMS = _forms()
APART = " ; ces mots sans aucun chiffre tiennent au loin ce qui les entoure ; "
"""Wider than any label reaches: a form's verdict is the same beside any other."""

NIR_NUMBERS = (155087599999193, 1550875999991, 269059999999193)
"""In a field whose name says NIR, the gate takes any number of this shape for one."""


class KnownForms:
    """What the texts hold that are made of `FORMS`; any other text holds nothing."""

    def __init__(self) -> None:
        self.known: dict[str, Form] = {form.text: form for form in FORMS}

    def join(self, forms: Sequence[Form]) -> str:
        """A text of several forms."""
        form = Form(
            APART.join(form.text for form in forms),
            APART.join(form.redacted for form in forms),
            sum(form.hits for form in forms),
            any(form.leaks for form in forms),
            any(form.leaks_declared for form in forms),
        )
        self.known[form.text] = form
        return form.text

    def redact(self, text: str) -> tuple[str, int]:
        form = self.known.get(text)
        return (text, 0) if form is None else (form.redacted, form.hits)

    def leaks(self, value: Scalar, *, not_nir: bool) -> bool:
        held = value.value
        if isinstance(held, bytes):
            held = held.decode(errors="replace")
        if isinstance(held, str) and held in self.known:
            form = self.known[held]
            return form.leaks_declared if not_nir else form.leaks
        return not not_nir and str(held) in map(str, NIR_NUMBERS)
