"""What the jobs are: the columns that each keeps, and what it adds. No tool is imported here."""

import sys
from dataclasses import dataclass

_MEASURE = (
    "dossier nir date_naissance code_action intitule organisme region statut debut fin heures "
    "montant commentaire"
)
_STORE = (
    "dossier nir nom prenoms date_naissance code_postal ville siret employeur code_action intitule "
    "organisme region statut debut fin heures montant reste_a_charge maj_le"
)
KEEP = {
    "j1": tuple(name for name in _MEASURE.split() if name != "nir"),
    "j2": tuple(_MEASURE.split()),
    "j3": tuple(_STORE.split()),
}
"""By job, the columns kept; in j2 the NIR becomes a pseudonym."""

TAGS = {
    "legal_item": "R6323-37.III.2",
    "legal_purpose": "R6323-33.5",
    "legal_version": "LEGIARTI000050924157",
    "legal_processing": "systeme-evaluation-cpf",
    "legal_attested": "example",
    "legal_policy": "j@000000000000",
    "legal_law": "bundled",
    "legal_status": "confirmed",
    "legal_retention": None,
}

NIR = r"[1-478]\s?\d\d\s?\d\d\s?\d[\dABab]\s?\d{3}\s?\d{3}(?:\s?\d\d)?"
"""What a user would write to find NIRs in text; it judges no key."""

KEY = "k" * 32


@dataclass(frozen=True)
class Job:
    """One job as its script is asked for it: `SCRIPT JOB SOURCE OUTPUT`."""

    keep: tuple[str, ...]
    pseudonymizes: bool
    redacts: bool
    source: str
    output: str


def read_job() -> Job:
    """The job that the command line names."""
    name, source, output = sys.argv[1:]
    return Job(KEEP[name], name == "j2", "commentaire" in KEEP[name], source, output)
