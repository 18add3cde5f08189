"""The words that name a number: what the gate takes for a label, and where labels stand.

strong    names a NIR: any 12 to 16 digits that follow are one
weak      may name a NIR: 13 or 15 digits that could be a person's are one
other     names another number, and takes what follows from a label farther away
"""

import re
from typing import Final

import numpy as np

from tamis.filter.gate.numbers import MARK, Bools, Bytes, Ints

REACH: Final = 48  # characters in which a label counts
_OPTICAL_REACH: Final = 512  # characters in which words of optics count

# Words from their first letter on, in one notation for two engines: `>` the end of a word, `_` a
# separator, `~` up to three of them, `#` a digit behind, `é` any e.
_STRONG = r"""
    n~i~rs?> n(?:ia|ss|np|tt|onir|oss)> ss?n> sngi> rnipp> n\.~s\.~s> num(?:éro)?~(?:ss|nir)>
    (?:num(?:éro)?~|no)?séc(?:u(?:rité)?)?~soc(?:ialé?)? (?:num(?:éro)?~|no)?sécu>
    social~sécurity n(?:°|o|\.)?~(?:dé_)?s\.?s> s\.?s\.?~n(?:°|o) s\.?s\.?~#
    (?:(?:n°|numéro)_)?(?:d')?inscription_au_répértoiré s21\.g00\.30\.001
    n(?:°|o|um|uméro)~(?:d')?inséé
"""
_WEAK = r"""
    inséé ins> matriculé immat> immatriculation immatriculéé?s?_(?:sous_)?(?:lé|la|au)> vitalé
    n(?:°|o|uméro)_(?:d')?assuré assurancé_(?:mal|soc) (?:n°|numéro)_d'inscription
    assuréé?s?(?:\(é\))?~(?:n°|no|num|soc|[:=]) idéntifiant_national
    n(?:°|uméro)_(?:national|d'idénti)
"""
_OTHER = r"""
    siré[nt] iban rib> bic> cb> iné> spi> éan> gtin> lot> tva> gps> tél portablé mobilé fax
    commandé facturé dossiér réf iméi fiscal contrat compté bancairé tickét colis suivi timéstamp
    horodat bordéréau dévis isbn sérié idéntifiant_téchniqué
"""
_OPTICS = r"infrarougé infraréd spéctr(?:é|al|o)"
_NAMES = r"inséé immatriculation carté~vitalé assuréé?s?~soc numéro_d'inscription"
_CAMEL = r"[NSn](?:(?<=[a-z]N)(?:[iI][rR]|SS)|(?<=[a-z]S)(?:S|ecu)|(?<![A-Za-z].)ir(?=[A-Z]))"
_OWNER = r"(?:_(?:d[ue]s?|dé_la|d'|dé_l')_?[a-z]{2,20})?"  # « NIR du dossier »

_FOLDED = {
    ">": r"(?![a-z])",
    "_": r"[\W_]",
    "~": r"[\W_]{0,3}",
    "#": r"(?=[0-9])",
    "é": "e",
    "'": r"\W",
}
_BYTES = {
    ">": r"(?:$|[^A-Za-z])",
    "_": r"[^0-9A-Za-z]{1,3}",
    "~": r"[^0-9A-Za-z]{0,9}",
    "#": "[0-9]",
    "é": r"(?:e|\xC3[\x88-\x8B\xA8-\xAB])",
    "'": r"[^0-9A-Za-z]{1,3}",
    "°": r"\xC2[\xB0\xBA]",
}


def _pattern(words: str, notation: dict[str, str]) -> str:
    return "".join(notation.get(sign, sign) for sign in "|".join(words.split()))


def _in_bytes(words: str) -> str:
    """What labels look like in UTF-8, for RE2: no narrower than in a folded text."""
    return (
        rf"(?i:(?:^|[^A-Za-z])(?:{_pattern(words, _BYTES)}))"
        r"|[a-z](?:N[iI][rR]|N?SS|Secu)|(?:^|[^A-Za-z])[Nn]ir[A-Z]"
    )


STRONG_IN_BYTES: Final = _in_bytes(_STRONG)
ANY_IN_BYTES: Final = _in_bytes(_STRONG + _WEAK)
STRONG: Final = _pattern(_STRONG, _FOLDED)
_KINDS = {
    "strong": f"(?:{STRONG}){_pattern(_OWNER, _FOLDED)}",
    "weak": _pattern(_WEAK, _FOLDED),
    "other": _pattern(_OTHER, _FOLDED),
    "optics": _pattern(_OPTICS, _FOLDED),
}
_LABELS = re.compile(
    f"(?<![a-z])(?=[a-z])(?:{'|'.join(f'(?P<{kind}>{words})' for kind, words in _KINDS.items())})",
    re.ASCII,
)
_CAMELS = re.compile(f"{_CAMEL}(?![a-z])")
_IN_NAMES = re.compile(f"(?<![a-z])(?:{STRONG}|{_pattern(_NAMES, _FOLDED)})", re.ASCII)


def names_nir(path: str) -> bool:
    """Whether a field's name, in folded letters, says that a NIR is in it.

    Example:
        >>> [names_nir(name) for name in ("num_secu", "titulaire.NIR", "siret", "avenir")]
        [True, True, False, False]
    """
    lower = path.lower()
    named = _IN_NAMES.search(lower) or _CAMELS.search(path)
    other = any(match.lastgroup == "other" for match in _LABELS.finditer(lower))
    return bool(named) and not other


class Labels:
    """The labels of folded texts that stand one behind the other, looked for once."""

    def __init__(self, text: str, data: Bytes) -> None:
        spans: dict[str, list[tuple[int, int]]] = {kind: [(-1, -1)] for kind in _KINDS}
        for match in _LABELS.finditer(text.lower()):
            spans[str(match.lastgroup)].append(match.span())
        camels = [match.span() for match in _CAMELS.finditer(text)]
        spans["strong"] = sorted(spans["strong"] + camels, key=lambda span: span[1])
        self._spans = {kind: np.array(found, np.int64).T for kind, found in spans.items()}
        marks = np.flatnonzero(data == MARK)
        self._spans["mark"] = np.concatenate(([[-1], [-1]], np.stack((marks, marks + 1))), axis=1)

    def before(self, at: Ints, floor: Ints) -> tuple[Ints, Bools, Bools]:
        """Which labels count for numbers, the nearest kind of them, within reach.

        Args:
            at: where the numbers begin.
            floor: where their texts do.

        Returns:
            Where the strong label ends that counts, or -1; whether a weak one counts; whether
            another number's label is the nearest.
        """
        strong, weak, other, mark = (
            self._last(kind, at, floor) for kind in ("strong", "weak", "other", "mark")
        )
        taken = np.maximum(other, mark)  # what a mark in place of a NIR stands behind is used up
        optical = self._optical(at, floor)
        strong_counts = np.where((strong > taken) & ~optical, strong, -1)
        return strong_counts, (weak > taken) & ~optical, other > np.maximum(strong, weak)

    def behind(self, at: Ints, width: int) -> Bools:
        """Whether a strong label begins within `width` characters from each of some places."""
        starts = np.sort(self._spans["strong"][0])
        place = np.searchsorted(starts, at)
        following = np.append(starts, np.iinfo(np.int64).max)[place]
        return np.asarray(following - at <= width)

    def _last(self, kind: str, at: Ints, floor: Ints) -> Ints:
        starts, ends = self._spans[kind]
        if len(ends) == 1:
            return np.full(len(at), -1)
        place = np.searchsorted(ends, at, "right") - 1
        near = (starts[place] >= floor) & (at - ends[place] <= REACH)
        return np.where(near, ends[place], -1)

    def _optical(self, at: Ints, floor: Ints) -> Bools:
        """Whether words of optics stand so near that NIR may mean near infrared."""
        starts, _ends = self._spans["optics"]
        first = np.searchsorted(starts, np.maximum(at - _OPTICAL_REACH, floor))
        following = np.append(starts, np.iinfo(np.int64).max)[first]
        return np.asarray(following < at + _OPTICAL_REACH)
