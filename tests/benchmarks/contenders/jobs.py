"""What the jobs are: the rows and columns that each keeps, and what it adds.

No tool is imported here.
"""

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
    "j4": tuple(_MEASURE.split()),
}
"""By job, the columns kept; in j2 and j4 the NIR becomes a pseudonym."""

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

NUMBER = r"[12]\d{14}"
"""What a NIR of the feed looks like as a value of its own; its key is judged by arithmetic."""

OPEN = ("OUVERT", "ACCEPTE", "REFUSE", "CLOS")
"""The `statut` of a record that j4 lets pass: four of five."""

KEY = "k" * 32


@dataclass(frozen=True)
class Job:
    """One job as its script is asked for it: `SCRIPT JOB SOURCE OUTPUT`.

    Attributes:
        keep: the columns.
        judges: whether a row whose NIR is malformed or has a wrong key is left out (a row without
            a NIR is not): where the NIR is kept or becomes a pseudonym.
        pseudonymizes: whether the NIR becomes a pseudonym.
        redacts: whether NIRs in the comment are replaced.
        selects: whether only rows whose `statut` is in `OPEN` are kept.
        sorts: whether rows leave in the order of their own values: by pseudonym where there is
            one, else by the date of birth, the two dates of the training, hours and amount.
    """

    keep: tuple[str, ...]
    judges: bool
    pseudonymizes: bool
    redacts: bool
    selects: bool
    sorts: bool
    source: str
    output: str


ORDER = ("date_naissance", "debut", "fin", "heures", "montant")


def read_job() -> Job:
    """The job that the command line names."""
    name, source, output = sys.argv[1:]
    keep = KEEP[name]
    pseudonymizes = name in ("j2", "j4")
    return Job(
        keep,
        judges="nir" in keep,
        pseudonymizes=pseudonymizes,
        redacts="commentaire" in keep,
        selects=name == "j4",
        sorts=name != "j3",
        source=source,
        output=output,
    )
