"""Whether a field's name says that a NIR is in it, in whole words or in words glued together.

`numSecuSoc`, `num_secu_soc` and `numsecusoc` are the same three words. A glued name is cut into
words of a table, and counts only if nothing is left over: `avenir` and `process` cannot be cut.
"""

import re
from functools import lru_cache
from itertools import pairwise
from typing import Final

from tamis.documents.names import words_of


def _set(text: str) -> frozenset[str]:
    return frozenset(text.split())


_NIRS: Final = _set("nir nirpp rnipp nss ssn nia nnp secu")
"""What names a NIR by itself, wherever it stands in a name."""

_NUMBERS: Final = _set("num numero no nro n nr number")
_ANY_NUMBERS: Final = _NUMBERS | {"id", "ident", "identifiant", "code", "matricule", "mat"}
_SECURITY: Final = _set("securite secu sec security")
_SOCIAL: Final = _set("sociale social soc")
_INSURED: Final = _set("assure assuree dassure dassuree assurance")
_REGISTERED: Final = _set("immat immatriculation dimmatriculation")
_INSEE: Final = frozenset({"insee", "dinsee"})
_SS: Final = frozenset({"ss"})
_PAIRS: Final = (  # what names a NIR where one stands just before the other
    (_SECURITY, _SOCIAL),
    (_SOCIAL, _SECURITY - {"sec"}),
    (_ANY_NUMBERS | _REGISTERED, _SS),
    (_SS, _NUMBERS),
    (_INSURED, _SOCIAL),
    (_NUMBERS, {"securite"}),
    (_NUMBERS, _REGISTERED | _INSEE),
    (_INSEE, _NUMBERS),
    (_REGISTERED, _INSEE | _SOCIAL | _INSURED | {"salarie", "salariee"}),
)
_SMALL: Final = _set("de du des d la le l au a")
_BESIDE: Final = _set(  # what else a name of a NIR may say: whose it is, and in which form
    """
    titulaire tit beneficiaire benef salarie salariee sal personne pers individu ind agent conjoint
    conjointe conj enfant enf ayant droit ayantdroit ouvrant od ad client cli stagiaire stag
    apprenant candidat usager allocataire adherent employe employee holder demandeur dirigeant
    formateur tuteur mere pere parent complet brut provisoire definitif ancien nouveau actuel
    certifie caractere car sans avec pivot francais fr cpf dsn
    """
)
_ABOUT: Final = _set(  # by which a name speaks of something about a NIR, or of the insurance
    """
    date dt jour heure horodatage maj statut etat certifie certifiee certification verifie valide
    validite validation origine source type motif nb nombre presence present absence absent flag
    indicateur anomalie erreur cle clef key
    caisse regime organisme centre taux plafond cotisation montant branche tranche base bareme
    remboursement part exoneration assiette agence
    """
)
_CODED: Final = _set(  # of what INSEE's number is a code, and what is registered, but persons
    """
    commune ville localite departement dep dept region pays postal cp lieu etablissement geo cog
    canton iris arrondissement rue voie naissance
    vehicule voiture moto auto plaque carte societe entreprise rcs siren siret
    """
)
_WORDS: Final = sorted(
    frozenset().union(_NIRS, _BESIDE, _ABOUT, _CODED, _SMALL, *(a | b for a, b in _PAIRS))
    - {"n", "d", "l", "a"},
    key=len,
    reverse=True,
)


def says_nir(name: str) -> bool:
    """Whether a name says that a NIR, or a number of its kind, is in the field.

    Example:
        >>> [says_nir(name) for name in ("numero_secu", "NIR_titulaire", "numsecusoc", "n_insee")]
        [True, True, True, True]
        >>> [says_nir(name) for name in ("date_maj_nir", "inseecommune", "avenir", "cle_nir")]
        [False, False, False, False]
    """
    letters = [run for word in words_of(name) for run in re.findall("[a-z]+", word)]
    parts = [part for run in letters for part in _cut_name(run) if part not in _SMALL]
    words = set(parts)
    if words & _ABOUT:
        return False
    if words & _NIRS or ("ss" in words_of(name) and words <= _SS | _BESIDE | _ANY_NUMBERS):
        return True
    codes = _INSEE | _REGISTERED if words & _CODED else frozenset()
    return any(
        left in before and right in behind and not {left, right} & codes
        for left, right in pairwise(parts)
        for before, behind in _PAIRS
    )


def _cut_name(word: str) -> tuple[str, ...]:
    """The words that are glued together in `word`, a number's `n` before them or not."""
    if word in _WORDS:
        return (word,)
    return _cut(word) or (("n", *_cut(word[1:])) if word[0] == "n" and _cut(word[1:]) else (word,))


@lru_cache(maxsize=4096)
def _cut(word: str) -> tuple[str, ...]:
    """All of `word` as words of the table, longest first; empty where something is left over."""
    for known in _WORDS:
        if word == known:
            return (word,)
        if word.startswith(known) and (rest := _cut(word[len(known) :])):
            return (known, *rest)
    return ()
