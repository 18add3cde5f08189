"""What the DSN calls its rubriques that tell of persons: a field is judged by that name too.

Source: cahier technique DSN 2025.1, as the bundled schema `dsn-individus` reads it.
"""

from typing import Final

_BLOCS: Final = {
    "S20.G00.07": "contact_declare",
    "S10.G00.02": "contact_emetteur",
    "S21.G00.12": "compte_bancaire",
    "S21.G00.30": "individu",
    "S21.G00.31": "changement_individu",
    "S21.G00.34": "penibilite",
    "S21.G00.60": "arret_de_travail",
    "S21.G00.65": "suspension_sante_ou_conge",
    "S21.G00.73": "ayant_droit",
}
_RUBRIQUES: Final = {
    "S10.G00.02.002": "nom",
    "S10.G00.02.004": "courriel",
    "S10.G00.02.005": "telephone",
    "S20.G00.07.001": "nom",
    "S20.G00.07.002": "telephone",
    "S20.G00.07.003": "courriel",
    "S21.G00.12.003": "iban",
    "S21.G00.30.001": "nir",
    "S21.G00.30.002": "nom_naissance",
    "S21.G00.30.003": "nom_usage",
    "S21.G00.30.004": "prenoms",
    "S21.G00.30.005": "sexe",
    "S21.G00.30.006": "date_naissance",
    "S21.G00.30.007": "lieu_naissance",
    "S21.G00.30.008": "adresse_voie",
    "S21.G00.30.014": "departement_naissance",
    "S21.G00.30.015": "pays_naissance",
    "S21.G00.30.016": "adresse_complement",
    "S21.G00.30.017": "adresse_complement",
    "S21.G00.30.018": "courriel",
    "S21.G00.30.019": "matricule",
    "S21.G00.30.020": "numero_technique_temporaire",
    "S21.G00.31.008": "nir",
    "S21.G00.31.009": "nom_naissance",
    "S21.G00.31.010": "prenoms",
    "S21.G00.31.011": "date_naissance",
    "S21.G00.40.072": "statut_boeth",
    "S21.G00.62.002": "motif_rupture_sante",
    "S21.G00.73.005": "date_naissance",
    "S21.G00.73.006": "nom",
    "S21.G00.73.007": "nir",
    "S21.G00.73.008": "nir",
    "S21.G00.73.009": "prenoms",
}


def called(rubrique: str, name: str) -> str:
    """What stands in a rubrique or a bloc, as a path; `name` where nothing is known of it.

    Example:
        >>> called("S21.G00.30.001", "reference"), called("S21.G00.60.003", "fin_prevue")
        ('individu.nir', 'arret_de_travail.fin_prevue')
        >>> called("S21.G00.60", "absences"), called("S21.G00.40.001", "debut")
        ('arret_de_travail', 'debut')
    """
    if rubrique in _BLOCS:
        return _BLOCS[rubrique]
    parts = rubrique.split("+")
    names = [_RUBRIQUES[part] for part in parts if part in _RUBRIQUES]
    blocs = [_BLOCS[part[:10]] for part in parts if part[:10] in _BLOCS]
    return ".".join([*blocs[:1], "_".join(names) or name])
