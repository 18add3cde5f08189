"""Records of persons who do not exist, as `make.py` writes them into feeds: the same each time."""

import datetime
import random
from decimal import Decimal
from typing import Any

Record = dict[str, Any]

PLACES = ("75999", "2A999", "2B999", "69999", "97490", "99990")
"""Communes that do not exist, so that no NIR made of them is anybody's."""

_REGIONS = (
    ("11", 30),
    ("84", 18),
    ("75", 12),
    ("76", 12),
    ("32", 10),
    ("44", 8),
    ("28", 6),
    ("94", 2),
)
_RNCP = tuple(
    (f"RNCP{number:05d}", 400 // (1 + rank)) for rank, number in enumerate(range(31000, 31060))
)
_JOBS = ("aide-soignant", "comptable", "conducteur", "cuisinier", "développeur", "maçon", "vendeur")
_SITUATIONS = (("en emploi", 60), ("en recherche", 30), ("en reconversion", 10))
_EPOCH = datetime.date(2022, 1, 1)


def make_nir(chance: random.Random, sex: str, born: datetime.date) -> str:
    """A NIR of nobody, with its key, that agrees with sex and month of birth."""
    place, order = chance.choice(PLACES), chance.randrange(990, 1000)
    body = f"{'1' if sex == 'M' else '2'}{born:%y%m}{place}{order}"
    digits = int(body.replace("2A", "19").replace("2B", "18"))
    return f"{body}{97 - digits % 97:02d}"


def files(count: int, *, seed: int, form: str) -> list[Record]:
    """Training files as the schemas `essai-parquet`, `-csv`, `-jsonl` and `-avro` have them.

    By the row's number: one in seven is withheld, two in thirteen have an invalid NIR, one in four
    has a NIR in its free text; row 17 has no number where one is due (in text formats), row 23 a
    NIR in a code, row 29 no date of birth.
    """
    chance = random.Random(seed)
    records = []
    for number in range(count):
        sex, born = chance.choice("MF"), _birth(chance)
        nir = make_nir(chance, sex, born)
        amount: Any = Decimal(chance.randrange(20_000, 400_000)).scaleb(-2)
        record: Record = {
            "dossier": f"D{seed:02d}-{number:04d}",
            "nir": _spoil(nir, number),
            "nom_naissance": chance.choice(("ESSAI", "FICTIVE", "D'EXEMPLE", "MODÈLE")),
            "courriel": f"personne{number}@exemple.invalid",
            "sexe": sex,
            "date_naissance": None if number == 29 else born,
            "commune_naissance": nir[5:10],
            "region": _pick(chance, _REGIONS) if number % 11 else None,
            "dispositif": "PTP" if number % 7 == 3 else ("CPF", "DIFEL")[number % 5 == 0],
            "code_rncp": nir if number == 23 else _pick(chance, _RNCP),
            "entree_le": _EPOCH + datetime.timedelta(chance.randrange(1_500)),
            "montant": "n.c." if number == 17 and form in ("csv", "jsonl") else amount,
            "heures": chance.randrange(7, 400),
            "commentaire": _remark(nir, number),
        }
        if form != "csv":
            record["sessions"] = [
                {
                    "debut": _EPOCH + datetime.timedelta(chance.randrange(1_500)),
                    "lieu": "ville d'exemple",
                    "note": _remark(nir, number + turn),
                }
                for turn in range(number % 3)
            ]
        records.append(record)
    return records


def declared(count: int, *, seed: int) -> list[Record]:
    """Individus as the schema `essai-dsn` has them; two in thirteen have an invalid NIR."""
    chance = random.Random(seed)
    records = []
    for number in range(count):
        sex, born = chance.choice("MF"), _birth(chance)
        nir = make_nir(chance, sex, born)[:13]
        records.append(
            {
                "nir": nir[1:] if number % 13 in (5, 7) else nir,
                "nom_naissance": None if number == 29 else "FICTIVE",
                "sexe": {"M": "01", "F": "02"}[sex],
                "code_postal": chance.choice(("75999", "69999", "20999")),
                "contrats": [
                    {
                        "debut": _EPOCH + datetime.timedelta(chance.randrange(1_500)),
                        "nature": ("01", "02", "29")[(number + turn) % 3],
                        "emploi": _remark(nir, number + turn),
                    }
                    for turn in range(number % 3)
                ],
            }
        )
    return records


def persons(count: int, *, seed: int) -> list[Record]:
    """Persons as the schema `essai-personnes` has them, none of them dirty: each is released."""
    chance = random.Random(seed)
    records = []
    for number in range(count):
        sex, born = chance.choice("MF"), _birth(chance)
        nir = make_nir(chance, sex, born)
        region = _pick(chance, _REGIONS)
        records.append(
            {
                "compte": f"C{number:06d}",
                "nir": nir,
                "nom_naissance": chance.choice(("ESSAI", "FICTIVE", "D'EXEMPLE", "MODÈLE")),
                "prenoms": chance.choice(("Zoé", "Jean-Noël", "Anaïs", "Loïc", "Théo")),
                "sexe": sex,
                "date_naissance": born,
                "commune_naissance": nir[5:10],
                "commune_residence": f"{region}{chance.randrange(990, 1000)}",
                "region": region,
                "situation": _pick(chance, _SITUATIONS),
                "metier": chance.choice(_JOBS),
                "niveau": chance.choice((3, 4, 4, 5, 6, 7)),
                "code_rncp": _pick(chance, _RNCP),
                "entree_le": _EPOCH + datetime.timedelta(int(chance.triangular(0, 1_500, 1_200))),
                "montant_total": Decimal(int(chance.lognormvariate(11.7, 0.6))).scaleb(-2),
                "heures": chance.randrange(7, 400),
            }
        )
    return records


def _birth(chance: random.Random) -> datetime.date:
    years = int(chance.triangular(0, 52, 25))
    return datetime.date(1954, 1, 1) + datetime.timedelta(years * 365 + chance.randrange(365))


def _pick(chance: random.Random, weighted: tuple[tuple[str, int], ...]) -> str:
    (value,) = chance.choices([value for value, _ in weighted], [weight for _, weight in weighted])
    return value


def _spoil(nir: str, number: int) -> str:
    if number % 13 == 5:
        return nir[1:]
    if number % 13 == 7:
        return f"{nir[:13]}{int(nir[13:]) % 97 + 1:02d}"
    return nir


def _remark(nir: str, number: int) -> str | None:
    spaced = (
        f"{nir[0]} {nir[1:3]} {nir[3:5]} {nir[5:7]} {nir[7:10]} {nir[10:13]} {nir[13:]}".strip()
    )
    return (f"vu au guichet, NIR {spaced}, rappelé", "dossier complet", None, "à l'été")[number % 4]
