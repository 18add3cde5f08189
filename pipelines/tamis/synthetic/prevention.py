"""The files of the passeport de prévention, of nobody: they keep the rules of their import guides.

Records have the names of the bundled schemas `prevention-adf` and `prevention-jdr`, and are made
one by one, so that a file may be of any size (`tamis.synthetic.files.write_feed`).
"""

import datetime
import random
from collections.abc import Iterator
from typing import Any, Final

from tamis.synthetic.records import Record, make_name, make_nir

LINES_OF_A_DECLARATION: Final = 500

_COURSES = ("Gestes et postures", "Habilitation électrique B1V", 'Sécurité "incendie"', "SST (MAC)")
_ROME = ("K2111", "H1302", "K1705", "F1703", "N1103", "I1304", "K2503", "H2701", "A1413", "J1306")
_FORMACODES = ("42829", "42866", "42884", "31795", "24049")
_NSF = ("344", "345", "343")
_MODES = ("A_DISTANCE", "PRESENTIEL", "MIXTE", None)
_TRAINERS = ("FORMATEUR_D_ADULTES_FORMATION_SPECIALISEE", "PREVENTEUR", "RESPONSABLE_QHSE", None)
_KINDS = ("DIPLOME", "TITRE", "HABILITATION", "CERTIFICAT")
_MARKS = ("14,5 sur 20", "acquis en totalité", None)


def attestations(count: int, *, seed: int) -> Iterator[Record]:
    """Attestations de formation (ADF), 20 fields each.

    Args:
        count: how many; of a declaration there are at most 500.
        seed: the same seed gives the same records.

    Example:
        >>> (record,) = attestations(1, seed=1)
        >>> len(record), record["id_declaration"], len(record["nir"])
        (20, 'DECL-00001', 13)
    """
    chance = random.Random(seed)  # noqa: S311 (synthetic data, the same for the same seed)
    for number in range(count):
        training, ended = _training(chance)
        yield {
            **_declaration(number),
            **training,
            **_person(chance, number),
            **_validity(chance, ended),
        }


def justificatifs(count: int, *, seed: int) -> Iterator[Record]:
    """Justificatifs de réussite (JDR), 29 fields each, with or without a training.

    Args:
        count: how many; of a declaration there are at most 500.
        seed: the same seed gives the same records.

    Example:
        >>> (record,) = justificatifs(1, seed=1)
        >>> len(record), record["type_jdr"] in ("DIPLOME", "TITRE", "HABILITATION", "CERTIFICAT")
        (29, True)
    """
    chance = random.Random(seed)  # noqa: S311 (synthetic data, the same for the same seed)
    for number in range(count):
        training, ended = _training(chance)
        skills = training.pop("competences_transferables")
        trained = chance.random() < 0.7
        yield {
            **_declaration(number),
            "type_jdr": chance.choice(_KINDS),
            "nom_jdr": chance.choice(_COURSES),
            "nom_option_specialite": chance.choice(("Basse tension", None)),
            "mode_obtention": chance.choice(("PAR_ADMISSION", "PAR_SCORING", None)),
            "competences_transferables": skills,
            "presence_formation": trained,
            **(training if trained else dict.fromkeys(training)),
            **_person(chance, number),
            **_validity(chance, ended),
            "resultat_obtenu": chance.choice(_MARKS),
            "mention_obtenue": chance.choice(("Bien", None)),
            "lien_preuve": chance.choice((f"https://exemple.example/{number}", None)),
            "identifiant_preuve": chance.choice((f"PREUVE-{number}", None)),
        }


def _declaration(number: int) -> Record:
    declaration = number // LINES_OF_A_DECLARATION + 1
    return {
        "id_declaration": f"DECL-{declaration:05d}",
        "reference_declaration": f"Session {declaration}",
        "id_unique_partenaire": f"LIGNE-{number + 1:08d}",
    }


def _training(chance: random.Random) -> tuple[Record, datetime.date]:
    """What is said of a training, and the day on which it ended."""
    begun = datetime.date(2025, 9, 1) + datetime.timedelta(chance.randrange(300))
    ended = begun + datetime.timedelta(chance.randrange(5))
    certifying = chance.random() < 0.3
    return {
        "nom_formation": chance.choice(_COURSES),
        "date_debut_formation": begun,
        "date_fin_formation": ended,
        "modalite_dispense": chance.choice(_MODES),
        "competences_transferables": _several(chance, _ROME, 3),
        "qualification_formateur": chance.choice(_TRAINERS),
        "formation_certifiante": certifying,
        "certification_visee": f"RS{chance.randrange(1000, 7000)}" if certifying else None,
        "domaines_formation": None if certifying else _several(chance, _FORMACODES, 1),
        "specialites_formation": None if certifying else _several(chance, _NSF, 1),
    }, ended


def _several(chance: random.Random, codes: tuple[str, ...], fewest: int) -> list[str]:
    return chance.sample(codes, chance.randint(fewest, len(codes)))


def _person(chance: random.Random, number: int) -> Record:
    employed = chance.random() < 0.8
    return {
        "nir": make_nir(chance, with_key=False),
        "nom_naissance": make_name(chance),
        "presence_employeur": employed,
        "siret_employeur": f"000000042{chance.randrange(100_000):05d}" if employed else None,
        "reference_employeur": f"DOSSIER-{number}" if employed else None,
    }


def _validity(chance: random.Random, ended: datetime.date) -> dict[str, Any]:
    begins = ended + datetime.timedelta(chance.randrange(30))
    ends = begins + datetime.timedelta(365 * chance.randrange(1, 6))
    return {
        "date_debut_validite": begins,
        "date_fin_validite": ends if chance.random() < 0.8 else None,
    }
