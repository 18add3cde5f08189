"""Words beside a number that say what it is: a NIR, or something else.

A label within 48 characters turns on the forms that the number alone does not prove (no key, a
wrong key, an odd grouping); an opposing label turns them off. The nearest one counts.
"""

import re
from enum import Enum

REACH = 48

_STRONG = r"""
    (?<![A-Za-z])(?:n\.?i\.?r|nia|nnp|ntt|nss|n\.s\.s)(?:s|\.)?(?![A-Za-z])
  | (?<![A-Za-z])(?-i:[Nn]ir)(?-i:(?=[A-Z]))
  | (?-i:(?<=[a-z])N(?:IR|ir)(?![a-z]))
  | secu(?:rite)?[ _.\-]{0,2}soc(?:iale?)?(?![A-Za-z])
  | (?<![A-Za-z])(?:num|numero|no|n)?[ _]?secu(?![A-Za-z])
  | (?-i:(?<=[a-z])Secu(?![a-z]))
  | (?:n°|numero|num\.?|no\.?|n)[ _]{0,2}(?:de[ ])?(?:la[ ])?ss(?![A-Za-z])
  | (?<![A-Za-z])(?-i:S\.?S\.?)(?![A-Za-z])
  | num(?:ero)?_?ss(?![A-Za-z])
  | social[ _\-]?security
  | (?<![A-Za-z])rnipp(?![A-Za-z])
  | inscription[ ]au[ ]repertoire
  | S21\.G00\.30\.001
"""
_WEAK = r"""
    (?:n°|numero|num\.?|no\.?|code|id|identifiant)[ _]{0,2}(?:d[e'][ ]?)?(?:l')?insee(?![A-Za-z])
  | (?<![A-Za-z])insee(?![A-Za-z])
  | (?<![A-Za-z])immatriculation(?![A-Za-z])
  | (?<![A-Za-z])matricule
  | (?<![A-Za-z])assuree?s?(?![A-Za-z])
  | (?<![A-Za-z])vitale
  | (?<![A-Za-z])ins(?![A-Za-z])
  | identite[ ]nationale[ ]de[ ]sante
"""
_OPPOSING = r"""
    (?<![A-Za-z])(?:siret|siren|iban|rib|bic|swift|tva|naf|ape|rcs|rna|ine|imei|iccid|imsi|meid|ean
      |gtin|upc|isbn|issn|isin|lei|spi|avs|ahv|niss|dni|nie|pesel|bsn|cnp|uuid|guid|sha\d*|md5|hash
      |crc|ts|gps|lat|lon|lng|latitude|longitude|vin|cb|visa|mastercard|amex|paypal|epoch
      |timestamp|unix|tel|telephone|telephones|portable|mobile|fax|gsm|sms|phone)(?:[ ]?13)?(?![A-Za-z])
  | infrarouge | infrared | spectr | longueurs?[ ]d'onde | nirs?[ ]?\(?near
  | commande | facture | colis | bordereau | livraison | expedition | palette | transaction
  | virement | paiement | prelevement | mandat | quittance | tracking | horodat | fiscal | impots?
  | (?<![A-Za-z])(?:dossier|reference|ref|ticket|lot|serie|serial|session|trace|client|contrat
      |compte|piece|devis|avis|recu|recommande|courrier|requete|request|order|invoice|police
      |adherent|passeport|demande|incident|sinistre|numero[ ]de[ ]suivi|suivi
      |evenement|montant|somme|total|chassis|vehicule|plaque|carte[ ]bancaire|code[ -]barres?
      |produit|article|badge|version|build|commit|token|empreinte|digest|coordonnees?)s?(?![A-Za-z])
"""
_LABEL = re.compile(
    f"(?P<strong>{_STRONG})|(?P<weak>{_WEAK})|(?P<opposing>{_OPPOSING})", re.IGNORECASE | re.VERBOSE
)
_OF = re.compile(r"[\s_]*(?:d[ue]s?|d'|de[ ]l[a'])[ ]?(?:la[ ]|l')?", re.IGNORECASE)
_OPTICAL = re.compile(r"infrarouge|infrared|spectro|longueurs? d'onde|near[- ]ir\b", re.IGNORECASE)
_AFTER = re.compile(
    r"[\s\"'»]{0,2}(?:[(\[,=:\-]|est|c'est|comme|as)?[ ]?(?:(?:le|son|mon|ce|un|de|du|est)[ ]){0,3}",
    re.IGNORECASE,
)
_OWN_NUMBER = re.compile(r"[^0-9A-Za-z]{0,6}(?:(?:n|no|est|le|de)\b[^0-9A-Za-z]{0,4}){0,2}[0-9]")


class Label(Enum):
    """What the words beside a number say of it."""

    NONE = 0
    OPPOSING = 1
    WEAK = 2
    STRONG = 3


def label_before(text: str, start: int, floor: int = 0) -> tuple[Label, int]:
    """The nearest label that ends before `start`, and how many characters lie between.

    Args:
        text: folded text.
        start: where the number begins.
        floor: where to stop looking.

    Example:
        >>> label_before("SIRET inconnu, NIR : 1550875999991", 21)
        (<Label.STRONG: 3>, 3)
    """
    begin = max(floor, start - REACH - 24)
    found, end = Label.NONE, begin
    for match in _LABEL.finditer(text, begin, start):
        label = _label(match)
        if label is Label.OPPOSING and found in (Label.STRONG, Label.WEAK):
            if _OF.fullmatch(text, end, match.start()):
                continue
        elif label is not Label.OPPOSING and start - match.end() > REACH:
            continue
        elif label is Label.WEAK and found is Label.STRONG and match.start() - end < 24:
            end = match.end()
            continue
        found, end = label, match.end()
    if found is Label.STRONG and _OPTICAL.search(text):
        return Label.OPPOSING, start - end
    return found, start - end


def label_after(text: str, end: int) -> Label:
    """The label that follows a number closely and belongs to it, not to a number of its own.

    Example:
        >>> label_after("1550875999991 (NIR)", 13)
        <Label.STRONG: 3>
    """
    lead = _AFTER.match(text, end)
    match = _LABEL.match(text, lead.end() if lead else end)
    if match is None:
        match = _LABEL.search(text, end, end + 24)
        if match is None or any(character.isdigit() for character in text[end : match.start()]):
            return Label.NONE
    label = _label(match)
    if label is Label.OPPOSING or _OPTICAL.search(text):
        return Label.NONE
    return Label.NONE if _OWN_NUMBER.match(text, match.end()) else label


def has_label(text: str) -> bool:
    """Whether a label of a NIR stands anywhere in folded `text`."""
    return any(match.lastgroup != "opposing" for match in _LABEL.finditer(text))


def names_nir(name: str) -> bool:
    """Whether a column's name says that it holds NIRs.

    Example:
        >>> names_nir("nir_titulaire"), names_nir("numSecu"), names_nir("finir")
        (True, True, False)
    """
    labels = [_label(match) for match in _LABEL.finditer(name)]
    return Label.STRONG in labels and Label.OPPOSING not in labels


def _label(match: re.Match[str]) -> Label:
    return Label[(match.lastgroup or "none").upper()]
