"""Labels: the words beside a number that name it a NIR, or a number of another kind.

A label within 48 characters makes a NIR of forms that prove nothing by themselves: without a key,
with a wrong key, in an odd grouping. An opposing label (`SIRET`, `téléphone`) excludes them. Where
several stand before a number, the nearest one counts.
"""

import re
from bisect import bisect_left
from enum import Enum
from functools import cached_property
from itertools import groupby
from operator import itemgetter

from tamis.nir.labels import LABELS, LabelRow

REACH = 48
OPPOSING_REACH = 12
_OPTICAL_REACH = 512  # characters


class Label(Enum):
    """What the words beside a number name it.

    Attributes:
        NONE: no label is near.
        OPPOSING: they name another kind of number.
        WEAK: they may name a NIR, such as `matricule`.
        STRONG: they name a NIR.
    """

    NONE = 0
    OPPOSING = 1
    WEAK = 2
    STRONG = 3


def _label_of(row: LabelRow) -> Label:
    if row.kind != "nir":
        return Label.OPPOSING
    return Label.STRONG if row.strength == "strong" else Label.WEAK


_PATTERNS = {
    label: [pattern for row in LABELS if _label_of(row) is label for pattern in row.patterns]
    for label in (Label.STRONG, Label.WEAK, Label.OPPOSING)
}


_BLANK = r"[ _.\-\n]{0,3}"


def _any_of(patterns: list[str]) -> str:
    """A pattern of labels, each to the end of its word or beyond; by first letter, for speed."""
    plain = [pattern.replace(" ", _BLANK).replace("é", "[e?\ufffd]") for pattern in patterns]
    whole = [p[:-1] if p.endswith("*") else f"{p}(?![a-z])" for p in plain]
    literal = sorted((p for p in whole if p[0].isalpha() and p[1] != "?"), key=itemgetter(0))
    grouped = [
        f"{first}(?:{'|'.join([branch[1:] for branch in branches])})"
        for first, branches in groupby(literal, key=itemgetter(0))
    ]
    return "|".join([*grouped, *(p for p in whole if not p[0].isalpha())])


_LABEL = re.compile(
    "(?<![a-z])(?=[a-z])(?:"
    + "|".join([f"(?P<{label.name.lower()}>{_any_of(_PATTERNS[label])})" for label in _PATTERNS])
    + ")"
)
_NAMED = {label.name.lower(): label for label in _PATTERNS}
_CAMEL = re.compile(  # each branch begins with a letter, for speed
    r"N(?<=[a-z]N)(?:IR|ir)(?![a-z])|S(?<=[a-z]S)ecu"
    r"|N(?<![A-Za-z]N)ir(?=[A-Z])|n(?<![A-Za-z]n)ir(?=[A-Z])|N(?<![A-Za-z]N)IR(?=[A-Z][a-z])"
)
_OF = re.compile(r"[\s_]*(?:d[ue]s?|d'|de[ ]l[a'])[ ]?(?:la[ ]|l')?", re.IGNORECASE)
_OPTICAL_PATTERNS = [pattern for row in LABELS if row.kind == "optics" for pattern in row.patterns]
_OPTICAL = re.compile(f"(?<![a-z])(?=[a-z])(?:{_any_of(_OPTICAL_PATTERNS)})")
_ELSEWHERE = re.compile(r"[,;|\t\n!?]|\.\s|[0-9)] ?[\-/]\s")
_AFTER = re.compile(
    r"[\s\"'»]{0,2}(?:[(\[,=:\-]|est|c'est|comme|as)?[ ]?"
    r"(?:(?:le|son|mon|ce|un|de|du|est)[ ]){0,3}",
    re.IGNORECASE,
)
_DIGIT = re.compile(r"[0-9]")
_OWN_NUMBER = re.compile(r"[^0-9A-Za-z]{0,6}(?:(?:n|no|est|le|de)\b[^0-9A-Za-z]{0,4}){0,2}[0-9]")

# Patterns for RE2 on bytes of UTF-8, in Latin-1: a letter with an accent is two bytes. They are
# broader than those above: where they match nothing there is no label.
_ACCENTED = {letter: rf"(?:{letter}|(?-i:\xC3.))" for letter in "aceu"}
_ACCENTED |= {"ô": r"(?-i:\xC3.)", "°": r"(?-i:\xC2[\xB0\xBA])"}
_ACCENTED |= {"é": r"(?:e|\?|(?-i:\xC3.|\xEF\xBF\xBD))"}
_ACCENTED |= {"'": r"(?-i:'|\xE2\x80[\x98\x99])"}


def in_bytes(word: str, blank: str = "[^0-9A-Za-z]{0,9}") -> str:
    """A pattern for the UTF-8 of the pattern `word` with any accents, for RE2 in Latin-1."""
    accented = _ACCENTED | {" ": blank}
    return re.sub(r"\\.|[a-zéô°' ]", lambda match: accented.get(match[0], match[0]), word)


def _all_in_bytes(patterns: list[str], end: str = "", **options: str) -> str:
    """A pattern for RE2 of labels, broader than theirs; behind whole words stands `end`."""
    patterns = [in_bytes(re.sub(r"\(\?!.*?\)", "", pattern), **options) for pattern in patterns]
    return "|".join([p[:-1] if p.endswith("*") else p + end for p in patterns])


OPPOSING_BYTES = (
    rf"(?i:(?:^|[^A-Za-z])(?:{_all_in_bytes(_PATTERNS[Label.OPPOSING])})"
    rf"(?:[^,;|\t\n!?\x80-\xBF][\x80-\xBF]*){{0,{OPPOSING_REACH}}}$)"
)
OPTICAL_BYTES = rf"(?i:{_all_in_bytes(_OPTICAL_PATTERNS)})"
_END = "(?:$|[^A-Za-z])"
NAMES_NIR_BYTES = (  # whether a text, folded, may hold a label of a NIR or a word for its key
    rf"(?i:(?:^|[^A-Za-z])(?:{_all_in_bytes(_PATTERNS[Label.STRONG], _END)}"
    rf"|{_all_in_bytes(_PATTERNS[Label.WEAK], _END)}))"
    rf"|[a-z]N(?:IR|ir)|[Nn]ir[A-Z]|NIR[A-Z][a-z]|[a-z]S{in_bytes('ecu')}"
    r"|&[#A-Za-z]|%[0-9A-Fa-f]{2}|\\[uUx]|<[/!?A-Za-z]"  # folding may make or join words
    r"|\*\*|~~|__|\]\]>|[0-9]=(?:20|09|A0|C2|E2|\r?\n)|\xC3[\x82\x83\xA2]"
    r"|[\x00\xC9\xCA\xCC-\xD4\xEF\xF0]|\xC2\xAD|\xE2(?:\x81|\x80[\x8B-\x8F\xAA-\xAE])"
    rf"|(?i:[0-9][^0-9A-Za-z]{{0,10}}(?:(?:et|avec) (?:[ls]a )?)?(?:{in_bytes('cle')}|key))"
)
STRONG_BYTES = (  # no broader than the labels
    r"(?i:(?:^|[^A-Za-z\x80-\xFF]|\xC2[\xB0\xBA])"
    rf"(?:{_all_in_bytes(_PATTERNS[Label.STRONG], blank=_BLANK)}))"
)


class Labels:
    """The labels of one folded text, looked for once, when the first number asks for them.

    Args:
        text: folded text.
    """

    def __init__(self, text: str) -> None:
        self._text = text
        self._first: tuple[int, Label] = (-1, Label.NONE)

    def any(self) -> bool:
        """Whether a label of a NIR stands anywhere in the text."""
        return any(label is not Label.OPPOSING for label, _first, _last in self._labels)

    def before_first(self, start: int) -> Label:
        """The label before the first number of a list: looked for once for the whole list."""
        if self._first[0] != start:
            self._first = (start, self.before(start)[0])
        return self._first[1]

    def before(self, start: int, floor: int = 0) -> tuple[Label, int]:
        """The nearest label that ends before `start`, and how many characters lie between.

        An opposing label counts only for the number that follows it at once: « dossier incomplet, »
        and « tél 06 12 34 56 78, » do not bear on what stands behind the comma.

        Args:
            start: where the number begins.
            floor: where to stop looking.

        Example:
            >>> Labels("SIRET inconnu, NIR : 1550875999991").before(21)
            (<Label.STRONG: 3>, 3)
        """
        begin = max(floor, start - REACH - 24)
        nearest, end = Label.NONE, begin
        for place in range(bisect_left(self._firsts, begin), len(self._labels)):
            label, first, last = self._labels[place]
            if last > start:
                break
            if label is Label.OPPOSING and nearest in (Label.STRONG, Label.WEAK):
                if _OF.fullmatch(self._text, end, first):
                    continue
            elif label is not Label.OPPOSING and start - last > REACH:
                continue
            elif label is Label.WEAK and nearest is Label.STRONG and first - end < 24:
                end = last
                continue
            nearest, end = label, last
        if nearest is Label.STRONG and self._is_optical(start):
            return Label.OPPOSING, start - end
        if nearest is Label.OPPOSING and (
            start - end > OPPOSING_REACH or _ELSEWHERE.search(self._text, end, start)
        ):
            return Label.NONE, start - end
        return nearest, start - end

    def after(self, end: int) -> Label:
        """The label that follows a number closely and names it, and not a further number.

        Example:
            >>> Labels("1550875999991 (NIR)").after(13)
            <Label.STRONG: 3>
        """
        place = bisect_left(self._firsts, end)
        if place == len(self._labels):
            return Label.NONE
        label, first, last = self._labels[place]
        if last > end + REACH or label is Label.OPPOSING or self._is_optical(end):
            return Label.NONE
        lead = _AFTER.match(self._text, end)
        near = lead.end() if lead else end
        if first > near and (first - end > 24 or _DIGIT.search(self._text, end, first)):
            return Label.NONE
        return Label.NONE if _OWN_NUMBER.match(self._text, last) else label

    @cached_property
    def _labels(self) -> list[tuple[Label, int, int]]:
        return find_labels(self._text)

    @cached_property
    def _firsts(self) -> list[int]:
        return [first for _label, first, _last in self._labels]

    @cached_property
    def _optics(self) -> list[int]:
        return [match.start() for match in _OPTICAL.finditer(self._text.lower())]

    def _is_optical(self, place: int) -> bool:
        """Whether words of optics stand so near that NIR may mean near infrared."""
        begin = bisect_left(self._optics, place - _OPTICAL_REACH)
        return begin < len(self._optics) and self._optics[begin] < place + _OPTICAL_REACH


def names_nir(name: str) -> bool:
    """Whether a column's name is a label of a NIR.

    Example:
        >>> names_nir("nir_titulaire"), names_nir("numSecu"), names_nir("finir")
        (True, True, False)
    """
    labels = [label for label, _, _ in find_labels(name)]
    return Label.STRONG in labels and Label.OPPOSING not in labels


def names_other(name: str) -> bool:
    """Whether a column's name is a label of another kind of number.

    Example:
        >>> names_other("siret_employeur"), names_other("nir")
        (True, False)
    """
    labels = [label for label, _, _ in find_labels(name)]
    return Label.OPPOSING in labels and Label.STRONG not in labels


def find_labels(text: str) -> list[tuple[Label, int, int]]:
    """The labels of folded `text` with their spans, in order."""
    lower = text.lower()
    labels = [
        (_NAMED[match.lastgroup or ""], match.start(), match.end())
        for match in _LABEL.finditer(lower)
    ]
    if "nir" not in lower and "Secu" not in text:
        return labels
    camel = [(Label.STRONG, match.start(), match.end()) for match in _CAMEL.finditer(text)]
    return sorted(labels + camel, key=lambda entry: entry[1]) if camel else labels
