"""What a field's name hints at. Hints are for a human to confirm: a name proves nothing."""

import re
from typing import Final

from tamis.documents.names import NirPart, plain
from tamis.documents.nir_names import says_nir
from tamis.documents.schema import Identifier
from tamis.formats.compression import SUFFIXES
from tamis.formats.names import may_be_shown
from tamis.formats.suffixes import FORMATS
from tamis.nir.label import names_nir


def stem_of(name: str) -> str:
    """The name of a file without suffixes of format and compression; `feed` if it tells a person.

    Example:
        >>> stem_of("individus.2026.csv.gz"), stem_of("dossier_155087599999193.jsonl")
        ('individus.2026', 'feed')
    """
    for suffix in (*SUFFIXES, *FORMATS, ".txt"):
        if name.lower().endswith(suffix):
            name = name[: -len(suffix)]
    return name if may_be_shown(name) or re.fullmatch(r"[^@]*20\d{6}[^@0-9]*", name) else "feed"


def _words(*stems: str) -> re.Pattern[str]:
    """A pattern of words that begin with one of `stems`; one that ends in `$` is a whole word."""
    ends = "|".join(f"{stem[:-1]}(?![a-z])" if stem.endswith("$") else stem for stem in stems)
    return re.compile(f"(?:^|_)(?:{ends})")


_KEY: Final = _words("cle$", "key$", "clef$")
_BIRTH: Final = _words("naiss", "birth", "ddn$", "dob$", "ne_le$", "nee_le$")
_OF_PLACE: Final = _words(
    *("lieu", "commune", "ville", "dep$", "dept", "departement", "pays", "code_insee", "insee")
)
_NOT_A_DATE: Final = _words("nom", "prenom", "rang$", "ordre$")
_SEX: Final = _words("sexe", "sex$", "genre", "gender", "civilite")
DAY: Final = _words(
    *("date", "dt$", "jour$", "le$", "debut", "fin$", "naiss", "ddn$", "echeance", "depuis")
)
"""Names of dates: only there are eight digits without separators read as a date."""

CODE: Final = _words(
    *("code", "cp$", "postal", "insee", "siret", "siren", "tel", "portable", "mobile", "fax"),
    *("num", "numero", "no$", "n$", "ref", "id$", "identifiant", "matricule", "naf", "ape$"),
    *("rome", "rncp", "rs$", "departement", "dept", "commune", "uai", "finess", "nda$"),
)
"""Names of digits that are no quantity: they are kept as text, with their leading zeros."""

QUANTITY: Final = _words(
    *("montant", "prix", "cout", "salaire", "remuneration", "total", "solde", "nb$", "nombre"),
    *("duree", "heures", "quantite", "age$", "taux", "revenu"),
)
PROSE: Final = _words(
    *("comment", "observ", "remarque", "note$", "notes$", "motif", "message", "texte", "avis"),
    *("description", "precision", "justif", "memo$", "historique"),
)

CATEGORIES: Final[tuple[tuple[re.Pattern[str], tuple[str, ...]], ...]] = (
    (_words("mandat", "elu$", "elue$", "collectivite"), ("elu-mandats",)),
    (
        _words("connexion", "login", "ip$", "adresse_ip", "user_agent", "session_web", "cookie"),
        ("connexion",),
    ),
    (_words("financeur", "financeurs", "opco"), ("fin-identification-contacts", "fin-activite")),
    (_words("certificateur"), ("cert-identification-contacts", "cert-activite")),
    (
        _words("prestataire", "organisme", "of$", "formateur"),
        ("of-identification-contacts", "of-activite", "of-actions-proposees"),
    ),
    (_words("iban", "bic$", "rib$"), ("outside", "tit-economique-financier")),
    (
        _words(
            *("montant", "prix", "cout", "salaire", "remuneration", "solde", "revenu", "brut$"),
            *("net$", "euros", "abondement", "financement", "paie", "versement", "reste_a"),
        ),
        ("tit-economique-financier",),
    ),
    (
        _words(
            *("formation", "stage", "rncp", "certif", "droit", "dossier", "entree", "sortie"),
            *("session", "module", "action", "heures", "cpf", "assidu", "interruption", "parcours"),
            *("dispositif", "inscription", "abandon"),
        ),
        ("tit-droits-parcours-formation", "partage-action-formation"),
    ),
    (
        _words(
            *("employeur", "siret", "siren", "contrat", "emploi", "metier", "profession", "pcs"),
            *("diplome", "experience", "qualif", "poste$", "naf", "ape$", "entreprise", "rome"),
        ),
        ("tit-parcours-professionnel",),
    ),
    (
        _words(
            *("nom", "prenom", "nir", "nia$", "ntt$", "nnp$", "secu", "nss$", "naiss", "sexe"),
            *("civilite", "genre", "adresse", "commune", "ville", "code_postal", "cp$", "pays"),
            *("tel", "portable", "mobile", "courriel", "mail", "email", "e_mail", "nationalite"),
            *("titulaire", "region", "departement", "dept", "ddn$", "rqth", "handicap", "age$"),
        ),
        ("tit-identite-activite", "partage-identite-activite"),
    ),
)


def hint_categories(name: str) -> tuple[str, ...]:
    """Slugs of the categories that a field of this name often has, the likeliest first.

    Example:
        >>> hint_categories("date_naissance")
        ('tit-identite-activite', 'partage-identite-activite')
        >>> hint_categories("zz")
        ()
    """
    text = plain(name)
    return next((slugs for pattern, slugs in CATEGORIES if pattern.search(text)), ())


def hint_identifier(name: str) -> Identifier | None:
    """The kind of identifier that the name hints at, or None.

    Example:
        >>> hint_identifier("cle_nir"), hint_identifier("ntt"), hint_identifier("numSecu")
        ('nir-key', 'ntt', 'nir')
    """
    text = plain(name)
    words: dict[str, Identifier] = {"ntt": "ntt", "nnp": "nnp", "nia": "nia"}
    own = next((words[word] for word in text.split("_") if word in words), None)
    if own is None and not (says_nir(name) or any(map(names_nir, (name, text.replace("_", " "))))):
        return None
    return "nir-key" if _KEY.search(text) else own or "nir"


def hint_part(name: str) -> NirPart | None:
    """The part of the NIR that a field of this name repeats, or None.

    Example:
        >>> hint_part("code_commune_naissance"), hint_part("nom_naissance")
        ('place', None)
    """
    text = plain(name)
    if _SEX.search(text):
        return "sex"
    if not _BIRTH.search(text) or _NOT_A_DATE.search(text):
        return None
    return "place" if _OF_PLACE.search(text) else "birth"
