"""The words that name a number: where labels stand in folded texts, and which of them count.

The words are those of `tamis.nir.labels`, the one table of labels; how they are read is the gate's
own. What is looked for in bytes, before a text is folded, is no narrower than what is read.
"""

import re
from typing import Final

import numpy as np

from tamis.filter.gate.numbers import MARK, Bools, Bytes, Ints
from tamis.nir.labels import LABELS

REACH: Final = 48  # characters in which a label counts
_OTHER_REACH: Final = 24  # in which another number's does
_OPTICAL_REACH: Final = 512  # characters in which words of optics count


def _words(kind: str, strength: str = "strong") -> list[str]:
    return [
        pattern
        for row in LABELS
        if (row.kind, row.strength) == (kind, strength)
        for pattern in row.patterns
    ]


def _spelt(words: list[str], notation: dict[str, str], end: str) -> str:
    """A pattern of words whose signs stand for others; `*` at the end lets more letters follow."""
    spelt = [_SIGNS.sub(lambda m: notation.get(m[0], m[0]), word) for word in words]
    return "|".join([word[:-1] if word.endswith("*") else word + end for word in spelt]) or "(?!)"


_SIGNS = re.compile(r"\(\?!-\)|\\.|\[[^]]*\]|[aceioué °']")
_FOLDED = {" ": r"[\W_]{0,3}", "'": r"\W", "é": "[e? ]"}
_BYTES = {letter: rf"(?:{letter}|\xC3[\x80-\xBF])" for letter in "aceiou"} | {
    " ": "[^0-9A-Za-z]{0,9}",
    "'": "[^0-9A-Za-z]{1,3}",
    "°": r"\xC2[\xB0\xBA]",
    "é": r"(?:e|\?|\xC3[\x80-\xBF]|\xEF\xBF\xBD)",
    "(?!-)": "",  # which RE2 does not know
}


def _folded(words: list[str]) -> str:
    return _spelt(words, _FOLDED, "(?![a-z])")


_NAMES = r"insee|immatriculation|carte[\W_]{0,3}vitale|assuree?s?[\W_]{0,3}soc|numero_d_inscription"
_CAMEL = (
    r"[NSn](?:(?<=[a-z]N)(?:[iI][rR]|SS)|(?<=[a-z]S)(?:S|ecu)"
    r"|(?<![A-Za-z].)(?:ir(?=[A-Z])|IR(?=[A-Z][a-z])))"
)
_OWNER = r"(?:[\W_](?:d[ue]s?|de[\W_]la|d\W|de[\W_]l\W)[\W_]?[a-z]{2,20})?"  # « NIR du dossier »

ANY_IN_BYTES: Final = (  # what labels look like in UTF-8, for RE2: with any accents, and camel case
    r"(?i:(?:^|[^A-Za-z])(?:"
    + _spelt(_words("nir") + _words("nir", "weak"), _BYTES, "(?:$|[^A-Za-z])")
    + r"))|[a-z](?:N[iI][rR]|N?SS|Secu)|(?:^|[^A-Za-z])[Nn](?:ir[A-Z]|IR[A-Z][a-z])"
)
STRONG: Final = _folded(_words("nir"))
_KINDS = {
    "strong": f"(?:{STRONG}){_OWNER}",
    "weak": _folded(_words("nir", "weak")),
    "other": _folded(_words("other")),
    "optics": _folded(_words("optics")),
}
_LABELS = re.compile(
    f"(?<![a-z])(?=[a-z])(?:{'|'.join(f'(?P<{kind}>{words})' for kind, words in _KINDS.items())})",
    re.ASCII,
)
_CAMELS = re.compile(f"{_CAMEL}(?![a-z])")
_IN_NAMES = re.compile(f"(?<![a-z])(?:{STRONG}|{_NAMES})", re.ASCII)


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
            self._last(kind, at, floor, _OTHER_REACH if kind == "other" else REACH)
            for kind in ("strong", "weak", "other", "mark")
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

    def _last(self, kind: str, at: Ints, floor: Ints, reach: int) -> Ints:
        starts, ends = self._spans[kind]
        if len(ends) == 1:
            return np.full(len(at), -1)
        place = np.searchsorted(ends, at, "right") - 1
        near = (starts[place] >= floor) & (at - ends[place] <= reach)
        return np.where(near, ends[place], -1)

    def _optical(self, at: Ints, floor: Ints) -> Bools:
        """Whether words of optics stand so near that NIR may mean near infrared."""
        starts, _ends = self._spans["optics"]
        first = np.searchsorted(starts, np.maximum(at - _OPTICAL_REACH, floor))
        following = np.append(starts, np.iinfo(np.int64).max)[first]
        return np.asarray(following < at + _OPTICAL_REACH)
