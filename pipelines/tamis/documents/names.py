"""What a field's name says of it: whom it tells, what is sensitive, which part of the NIR.

One table in French and English, read on whole words: `numTel`, `num_tel` and `Num. tél.` are the
same two. A name proves nothing; but what a name says must be contradicted, with a reason, not
confirmed. What no name says is looked for in the data, by the dry run.
"""

import re
import unicodedata
from collections.abc import Iterable, Sequence
from functools import lru_cache
from itertools import pairwise
from typing import Final, Literal

from tamis.documents.types import Kind, decimal_digits, kind_of

NirPart = Literal["sex", "birth", "place"]
Direct = Literal["name", "contact", "address", "account", "file", "device", "image"]
"""What kind of direct identifier a field is."""


def plain(name: str) -> str:
    """`name` in lower case without accents, its words parted by single underscores.

    Example:
        >>> plain("Date Entrée-formation"), plain("codePostal"), plain("NUMTEL")
        ('date_entree_formation', 'code_postal', 'num_tel')
    """
    parted = re.sub(r"(?<=[a-zà-ÿ0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", name)
    letters = unicodedata.normalize("NFKD", parted.casefold())
    kept = "".join(letter for letter in letters if not unicodedata.combining(letter))
    return _GLUED.sub(r"\1_\2", re.sub(r"[^a-z0-9]+", "_", kept).strip("_"))


_GLUED: Final = re.compile(
    "(?<![a-z0-9])(num|no|nom|prenom|tel|mel|mail|adr|adresse|date|dat|dt)"
    "(nais|naiss|naissance|usu|usage|patr|tel|mob|port|mail|mel|dom|perso|pro|compte|dossier)"
    "(?=[0-9]*(?:_|$))"
)
"""Short words that files of fixed names write as one: `NOMNAIS`, `NUMTEL`."""


@lru_cache(maxsize=4096)
def words_of(name: str) -> tuple[str, ...]:
    """The words of a name in the singular, without the digits that number it.

    Example:
        >>> words_of("adresses2"), words_of("Téléphone_1"), words_of("DATE_NAISSANCE")
        (('adresse',), ('telephone',), ('date', 'naissance'))
    """
    words = (word.rstrip("0123456789") or word for word in plain(name).split("_"))
    return tuple(_singular(word) for word in words if not word.isdigit()) or (plain(name),)


def _singular(word: str) -> str:
    return word[:-1] if len(word) > 3 and word.endswith("s") and not word.endswith("ss") else word


def _set(text: str) -> frozenset[str]:
    return frozenset(map(_singular, text.split()))


_PERSONS: Final = _set(
    """
    personne individu titulaire beneficiaire assure assuree salarie salariee agent client cliente
    usager utilisateur adherent adherente stagiaire apprenant apprenante candidat candidate eleve
    etudiant etudiante apprenti apprentie demandeur allocataire patient patiente dirigeant gerant
    responsable representant contact signataire conseiller conseillere referent referente formateur
    formatrice tuteur plaignant declarant conjoint enfant parent epoux epouse mere pere membre
    intervenant interlocuteur correspondant gestionnaire instructeur instructrice president
    person individual holder owner beneficiary insured employee worker customer user member student
    learner trainee candidate applicant manager director representative spouse child mother father
    """
)
_CALLED_BY_NAME: Final = _set(
    "formateur formatrice plaignant conseiller conseillere dirigeant gerant tuteur referent"
    " interlocuteur instructeur instructrice"
)
"""Persons whose field, where it is a text called like them, holds their name."""
_BODIES: Final = _set(
    """
    organisme of prestataire certificateur association entreprise employeur etablissement societe
    structure financeur opco ecole centre collectivite commune ville departement region pays
    formation action session module certification diplome produit service dispositif fichier
    campagne projet programme parcours bloc domaine metier poste contrat convention branche site
    batiment salle document colonne champ table banque caisse ministere administration provider
    organization organisation company employer school university institution course training program
    programme product file column field bank city town country office department team group
    """
)
_FILES: Final = _set(
    "dossier demande declaration inscription contrat reclamation candidature convocation passeport"
    " permis identite cni sejour case enrolment enrollment registration application passport permit"
    " license licence"
)
_ACCOUNTS: Final = _set("compte account")
_NUMBERS: Final = _set(
    "id ids identifiant identifier numero num no nr n number ref reference cle key uid uuid guid"
)
_TECHNICAL: Final = _set(
    "technique technical interne internal externe source unique fonctionnel national local"
)
_SYSTEMS: Final = _set("cpf difel dif ft france travail pole emploi mcf sia caf msa urssaf")
_OF_FILES: Final = (
    _NUMBERS | _TECHNICAL | _SYSTEMS | _set("formation piece carte titre de du la le of")
)

_NAME: Final = _set("nom name")
_NAMES: Final = _set(
    """
    prenom pnom patronyme firstname lastname surname forename fullname givenname familyname
    middlename maidenname nickname signature
    """
)
_OF_NAMES: Final = _PERSONS | _set(
    """
    naissance nais naiss usage usu usuel patr famille marital patronymique jeune fille complet
    ancien nouveau premier second deuxieme etat civil et de d a first last full family
    given middle maiden birth legal
    preferred previous former
    """
)
_CONTACTS: Final = _set(
    """
    courriel email mail mel telephone tel portable mobile gsm fax telecopie phone cellphone whatsapp
    linkedin
    """
)
_ADDRESSES: Final = _set("adresse address addr voie rue street domicile")
_WAYS: Final = _set("acces access")  # voie d'accès
_IN_ADDRESSES: Final = _set("ligne line complement etage numero num no")
_BANK: Final = _set("iban rib bban pan")
_DEVICES: Final = _set(
    "ip ipv4 ipv6 mac imei imsi iccid udid idfa gaid cookie sub useragent fingerprint"
)
_LOGINS: Final = _set("login username matricule ine rpps adeli ssn")
_IMAGES: Final = _set("photo photographie portrait selfie visage avatar image")
_ABOUT: Final = _set(
    """
    type nature statut etat status date le nb nombre count indicateur flag is has est a motif raison
    categorie libelle format verifie verified valide valid validite validation confirme confirmed
    certifie existe present absent ok opt optin consentement accord preference choix canal langue
    fournisseur provider taux montant niveau domaine domain duree delai version code pays country
    ville city commune localite departement region postal postale cp insee zip postcode longueur
    length qualite score scope envoye recu sent received
    """
)
"""Words that make a name speak of an identifier rather than be one: `statut_dossier`."""


def direct_identifier(path: str, type_name: str, category: Iterable[str] = ()) -> Direct | None:
    """What kind of direct identifier a field is by its name, category and type, or None.

    Args:
        path: names from the top, joined by dots; those around a field say whose number it is.
        type_name: the Arrow type; truths, moments, amounts and measures identify nobody by
            themselves, unless they are called numbers (`numero_dossier`) or phones.
        category: slugs; those of identity and contacts make a name of somebody out of any `…_nom`,
            and a bare `id` that is `not-personal` is none of a person.

    Example:
        >>> direct_identifier("titulaire.prenoms", "string")
        'name'
        >>> direct_identifier("organisme.nom", "string"), direct_identifier("compte_clos", "bool")
        (None, None)
    """
    kind = kind_of(type_name)
    if kind not in ("string", "integer", "binary", "float", "decimal"):
        return None
    *around, name = path.split(".")
    words = words_of(name)
    own, context = set(words), set(words_of(around[-1])) if around else set()
    if kind == "binary" and own & _IMAGES:
        return "image"
    slugs = tuple(category)
    is_measure = kind == "float" or (kind == "decimal" and decimal_digits(type_name)[1] > 0)
    if own & _ABOUT - {"code"} or (is_measure and not own & (_NUMBERS | _CONTACTS)):
        return None
    return (
        _device_or_image(own)
        or _contact(own, context)
        or _name(words, context, slugs)
        or _number(own, context, slugs, is_top=not around)
    )


def deciding_word(path: str, type_name: str, category: Iterable[str] = ()) -> str:
    """The word of a name without which the field would be another direct identifier, or none.

    Example:
        >>> deciding_word("numero_dossier_cpf", "string"), deciding_word("individu.id", "string")
        ('dossier', 'id')
    """
    slugs = tuple(category)
    kind = direct_identifier(path, type_name, slugs)
    *around, name = path.split(".")
    words = plain(name).split("_")
    for place, word in enumerate(words):
        rest = "_".join(words[:place] + words[place + 1 :])
        if rest and direct_identifier(".".join([*around, rest]), type_name, slugs) != kind:
            return word
    return name


def _device_or_image(own: set[str]) -> Direct | None:
    is_number = own & _NUMBERS and own & _set("device appareil terminal")
    if own & _DEVICES or {"user", "agent"} <= own or is_number:
        return "device"
    return "image" if own & _IMAGES - {"image"} else None


def _contact(own: set[str], context: set[str]) -> Direct | None:
    if own & _CONTACTS:
        return "contact"
    if own & _BANK or {"carte", "bancaire"} <= own:
        return "account"
    here = own - {"voie"} if own & _WAYS else own
    if here & _ADDRESSES or (context & _ADDRESSES and own <= _IN_ADDRESSES):
        of_body = (own | context) & _BODIES and not (own | context) & _PERSONS
        return None if of_body else "address"
    return None


def _name(words: Sequence[str], context: set[str], slugs: Sequence[str]) -> Direct | None:
    own = set(words)
    if own & _NAMES or (own <= _CALLED_BY_NAME):
        return "name"
    if not own & _NAME:
        return None
    others = own - _NAME
    if not others:
        of_body = context & _BODIES and not context & _PERSONS
        return None if of_body else "name"
    if others & _PERSONS or others <= _OF_NAMES:
        return "name"
    begins = words[0] in _NAME  # `nom_commune` names a thing, `contact_nom` somebody
    if others & _BODIES or begins:
        return None
    return "name" if _is_identity(slugs) else None


def _number(
    own: set[str], context: set[str], slugs: Sequence[str], *, is_top: bool
) -> Direct | None:
    if own & _LOGINS:
        return "account"
    if own & _ACCOUNTS and own <= _ACCOUNTS | _OF_FILES | _PERSONS:
        return "account"
    files = own & _FILES
    if files and own <= _FILES | _OF_FILES | _PERSONS and (own & _NUMBERS or "dossier" in own):
        return "file"
    if not own & _NUMBERS:
        return "account" if "code" in own and own & _PERSONS else None
    if own & _PERSONS:
        return "account"
    if own <= _NUMBERS | _TECHNICAL:  # a bare number is of what is around it
        if context & (_FILES | _PERSONS | _ACCOUNTS):
            return "file" if context & _FILES else "account"
        if is_top and "not-personal" not in slugs and own & _set("id identifiant uid uuid guid"):
            return "file"
    elif own <= _NUMBERS | _TECHNICAL | _SYSTEMS and "not-personal" not in slugs:
        return "account"
    return None


def _is_identity(slugs: Sequence[str]) -> bool:
    return any(re.search("identi|contact", slug) for slug in slugs)


def _stems(text: str) -> re.Pattern[str]:
    """A pattern of words that begin with a stem of `text`; one that ends in `$` is a whole word."""
    stems = text.split()
    ends = "|".join(f"{stem[:-1]}(?![a-z])" if stem.endswith("$") else stem for stem in stems)
    return re.compile(f"(?:^|_)(?:{ends})")


_HEALTH: Final = _stems(
    """
    rqth boeth oeth$ doeth$ ipp$ affection_longue handicap invalidite incapacite inapt aptitude_med
    sante$ maladie malade medic medec maternite grossesse enceinte paternite arret$ arrets$
    accident(?!el) penibilite hospital patholog diagnos vaccin groupe_sanguin psychiatr addict
    psycholog mdph aah$ pmr$ ald$ amenagement deficien health disab illness disease sick pregnan
    maternity blood injur
    """
)
_NO_HEALTH: Final = _stems(
    """
    arret_(?:de_(?:la_)?)?(?:formation|session|stage|parcours|service)
    sante_(?:et_)?(?:au_)?(?:securite|travail)
    (?:organisme|mutuelle|assurance|caisse|regime|branche)(?:_de)?(?:_la)?_(?:sante|maladie)
    amenagement_(?:du_)?(?:territoire|urbain|interieur|paysag)
    """
)
_BIOMETRIC: Final = _stems(
    """
    photo$ photos$ photograph portrait selfie visage biometr empreinte_digit fingerprint adn$ dna$
    genetic genetique
    """
)
_OPINIONS: Final = _stems(
    """
    syndicat syndical syndique trade_union union_member relig confession croyance opinion_pol
    opinions_pol parti_pol political_ ethni race$ origine_ethn orientation_sex sexual vie_sex
    mandat$ mandats$
    """
)
_NO_OPINION: Final = _stems(
    """
    mandats?_(?:sepa|prelevement|paiement) (?:sepa|prelevement|rum|reference|ref)_mandat
    """
)
_OFFENCES: Final = _stems(
    """
    condamn casier infraction delit$ delits$ penal$ penale$ penaux$ interdiction_g interdictions_g
    fraud sanction(?!_(?:de_)?(?:la_)?formation) manquement dissimule detenu detention incarcer
    ecrou$ prison probation judiciaire convict criminal offence offense
    """
)


_PROSE: Final = _stems(
    """
    comment observ remarq note$ notes$ message memo$ verbatim motif reclamation texte$ text$ avis$
    besoin justif precision temoign plainte compte_rendu remark free_text
    """
)


def special_category(path: str, *, free_text: bool = False) -> str | None:
    """What makes a field sensitive by its name or the names around it, in French, or None.

    Args:
        path: names from the top, joined by dots.
        free_text: whether people write in it what they like; a comment may say anything.

    Legal source: RGPD art. 9 (health, opinions, biometrics), art. 10 (offences).

    Example:
        >>> special_category("rqth"), special_category("contrats.arrets.motif")
        ('santé (RGPD art. 9)', 'santé (RGPD art. 9)')
        >>> special_category("domaine_sante_securite"), special_category("santeSecurite.code")
        (None, None)
    """
    for name in path.split("."):
        text = plain(name)
        if _HEALTH.search(_NO_HEALTH.sub("", text)):
            return "santé (RGPD art. 9)"
        if _BIOMETRIC.search(text):
            return "image ou biométrie (RGPD art. 9)"
        if _OPINIONS.search(_NO_OPINION.sub("", text)):
            return "opinions ou appartenance (RGPD art. 9)"
        if _OFFENCES.search(text):
            return "infractions (RGPD art. 10)"
    if free_text and _PROSE.search(plain(path.rpartition(".")[2])):
        return "commentaire libre, qui peut dire la santé ou les opinions (RGPD art. 9)"
    return None


_BIRTH: Final = _stems("naiss nais$ birth born$ ddn$ dob$ ne_le$ nee_le$ natal")
_PLACE: Final = _stems(
    """
    lieu commune ville localite pays insee cog$ code_postal cp$ place birthplace city birthcity town
    country municipality
    """
)
_NO_BIRTH: Final = _stems(
    """
    nom prenom rang$ ordre$ name annee an$ year birthyear birthname siecle departement dep$ dept
    region trimestre quarter jour$ age$ acte certificate conge prime
    """
)
_SEX: Final = _stems("sexe$ sex$ gender civilite")
_PART_KINDS: Final[dict[NirPart, tuple[Kind, ...]]] = {
    "sex": ("string", "integer", "bool"),
    "birth": ("string", "integer", "date", "timestamp"),
    "place": ("string", "integer"),
}


def nir_part(name: str, kind: Kind | None = None) -> NirPart | None:
    """The part of the NIR that a field of this name repeats, or None.

    A year or a quarter of birth is no part of its own, nor is a département.

    Args:
        name: of the field, without those around it.
        kind: of its values; any if None.

    Example:
        >>> nir_part("code_commune_naissance"), nir_part("nom_naissance"), nir_part("moisNaissance")
        ('place', None, 'birth')
    """
    part = _nir_part(plain(name))
    return part if part and (kind is None or kind in _PART_KINDS[part]) else None


def _nir_part(text: str) -> NirPart | None:
    if _SEX.search(text) or re.fullmatch(
        "genre(?:_(?:titulaire|personne|salarie|individu))?", text
    ):
        return "sex"
    if not _BIRTH.search(text):
        return None
    if _PLACE.search(text):
        return "place"
    return None if _NO_BIRTH.search(text) else "birth"


_OTHERS: Final = _set(
    """
    conjoint conjointe epoux epouse concubin concubine pacse enfant fils fille frere soeur pere mere
    ascendant descendant aidant spouse child children dependent sibling
    """
)
_OTHER_PAIRS: Final = frozenset({("ayant", "droit"), ("personne", "aidee"), ("next", "kin")})
_COUNTED: Final = _set("nombre nb count charge has garde conge")


def says_others(path: str) -> bool:
    """Whether a field, by its name or those around it, is about a relative of somebody.

    Example:
        >>> says_others("ayants_droit.nom"), says_others("conjoint_prenom")
        (True, True)
        >>> says_others("nombre_enfants"), says_others("enfants_a_charge")
        (False, False)
    """
    for name in path.split("."):
        words = words_of(name)
        if not _COUNTED.isdisjoint(words):
            continue
        if not _OTHERS.isdisjoint(words) or not _OTHER_PAIRS.isdisjoint(pairwise(words)):
            return True
    return False


_ORGANISATIONS: Final = frozenset({"siret", "siren", "nic", "rna", "uai", "finess", "nda"})


def says_organisation(name: str) -> bool:
    """Whether a name is that of an organisation's number, which is nobody's data by itself.

    Example:
        >>> says_organisation("siret_financeur"), says_organisation("nom_financeur")
        (True, False)
    """
    return not _ORGANISATIONS.isdisjoint(words_of(name))
