"""One text, read closely: does it still hold a NIR?

The gate's own reading: it shares no code with `tamis.nir`, so that no bug is in both looks, and
what stands in both is a copy on purpose.
The text is folded first (escapes, digits and spaces of other scripts, invisible characters), then
taken as runs of digits and separators; every 13 or 15 digits of a run between two breaks are a
candidate. What makes a candidate a NIR:

    right key     the digits together, or broken only where the NIR's parts end, or evenly
    wrong or no   broken exactly as INSEE writes it, 1 55 08 75 999 991, and standing alone
    any           a label beside it (« NIR », « n° de sécurité sociale ») and none against it
"""

import html
import re
import unicodedata
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from urllib.parse import unquote

MARK = "[NIR]"
"""What the redactor leaves in a NIR's place. A label before it is used up."""

_MARK = "\ue000"
_ESCAPE = re.compile(r"\\(?:u([0-9a-fA-F]{4})|x([0-9a-fA-F]{2})|[nrt])")
_TAG = re.compile(r"</?(?:br|wbr|nobr|b|i|u|em|strong|span|font)\b[^<>]{0,40}>", re.IGNORECASE)
_SCIENTIFIC = re.compile(r"(?<![0-9])([1-8])[.,]([0-9]{9,14})[eE]\+?1([24])(?![0-9])")

_DIGIT = r"(?:[0-9]|(?<=2)[AaBb](?![A-Za-z]))"
_GAP = rf"[^0-9A-Za-z{_MARK}]"
_TOKEN = re.compile(rf"{_DIGIT}+")
_RUN = re.compile(rf"{_DIGIT}(?:{_GAP}{{0,4}}{_DIGIT})*")
_NAMED_KEY = re.compile(
    rf"{_GAP}{{0,6}}(?:(?:et|avec) (?:la )?)?(?:cl[eé]|key)\w{{0,12}}"
    rf"(?: de contr[oô]le| n)?{_GAP}{{0,6}}([0-9]{{2}})(?![0-9])",
    re.IGNORECASE,
)
_HEXADECIMAL = re.compile(r"[0-9a-fA-F]{24,}")
_HOUR = re.compile(r"[0-9]h$")  # the minutes behind it begin no list
_NEXT_FIELD = re.compile(r"[\"']?\s?[;,|]\s?[\"']?")
_FRENCH = "[0-9A-Za-zÀ-ÖØ-öø-ÿ]"  # not º, which stands before numbers
_LIKE_DIGITS = re.compile(
    rf"(?<!{_FRENCH})[0-9OolISB]+(?:[\s.\-/_]{{1,2}}[0-9OolISB]+)*(?!{_FRENCH})"
)
_FROM_LIKE_DIGITS = str.maketrans("OolISB", "001158")

_LABEL_WORDS = (
    r"(?<![a-z])(?:n[. ]?i[. ]?r|nia|rnipp|insee|nss|ssn|sngi|num_?ss)(?![a-z])"
    r"|(?-i:(?<=[a-z])(?:N[iI][rR]|N?SS)(?![a-z]))"
    r"|s[eé]cu(?![a-z])|s[eé]c(?:u(?:rit[eé])?)?[\W_]{0,3}soc"
    r"|\bn[°ºo.]?[\W_]{0,3}(?:de\s)?s\.?s\.?(?![a-z])|(?<![a-z])s\.?s\.?[\W_]{0,3}n[°ºo]"
    r"|(?<![a-z])s\.?s\.?[\s:=]{1,4}(?=[0-9])"
    r"|immatriculation|carte[\W_]vitale|assur[eé]e?s?[\W_]{0,3}soc|num[eé]ro d.inscription"
    r"|S21\.G00\.30\.001"
)
_LABEL = re.compile(_LABEL_WORDS, re.IGNORECASE)
_WEAK_LABEL = re.compile(
    r"matricul|(?<![a-z])ins(?![a-z])|identifiant national|d.assur|vitale|assurance (?:mal|soc)"
    r"|assur[eé]e?(?:\(e\))?[\W_]{0,2}(?:n[°ºo]|num|[:=])|(?:num[eé]ro|n°) (?:national|d.identi)",
    re.IGNORECASE,
)
_OPTICS = re.compile(r"infrarouge|infrared|\bspectr(?:e|al|o)", re.IGNORECASE)
_OTHER_LABEL = re.compile(
    r"sire[nt]|iban|(?<![a-z])(?:rib|bic|cb|ine|spi|ean|gtin|lot|tva|gps)(?![a-z])|t[eé]l|portable"
    r"|mobile|fax|commande|facture|dossier|(?<![a-z])r[eé]f|imei|fiscal|contrat|compte|bancaire"
    r"|ticket|colis|suivi|timestamp|horodat|bordereau|devis|isbn|s[eé]rie|identifiant technique",
    re.IGNORECASE,
)
# A label may follow, in brackets or as a word, if it is no other number's.
_BEHIND = re.compile(
    rf"\s{{0,2}}(?:[(\[,=:\-]|est|comme)?\s?(?:(?:le|la|son|mon|sa|num[eé]ro|de|du|n)[\s°ºo.]{{1,3}}){{0,4}}"
    rf"(?:{_LABEL_WORDS})(?!\W{{0,6}}[0-9{_MARK}])",
    re.IGNORECASE,
)
_BEFORE = 48  # characters in which a label counts
_OPTICAL_REACH = 512  # characters in which words of optics count
_LONG = 2_048  # characters from which on a text's labels are looked for once
_WIDEST_WORD = 256  # characters on each side of a number that are looked at for a digest

BODY = 13
_ENDS = frozenset((1, 3, 5, 7, 8, 10, 13))  # where a part of the NIR ends
_INSEE = (1, 3, 5, 7, 10)


class _Fold(dict[int, str]):
    """One character to an ASCII digit, a space, a line break, a hyphen, nothing, or itself."""

    def __missing__(self, code: int) -> str:
        char = chr(code)
        digit = unicodedata.digit(char, None)
        category = unicodedata.category(char)
        if digit is not None:
            folded = str(digit)
        elif category == "Cf" or char == "\0":
            folded = ""
        elif category == "Zs" or char == "\ufffd":
            folded = " "
        elif char in "\r\n\u2028\u2029":
            folded = "\n"
        elif category == "Pd" or char == "\u2212":
            folded = "-"
        else:
            folded = char
        self[code] = folded
        return folded


_FOLD = _Fold()


@dataclass(frozen=True)
class _Candidate:
    start: int
    end: int
    body: str
    key: str | None
    breaks: tuple[int, ...]  # how many digits stand before each break
    gaps: tuple[str, ...]  # what stands in each break
    before: str | None  # the gap to the run's digits before, if any
    after: str | None


def holds_nir(text: str, *, not_nir: bool = False) -> bool:
    """Whether a NIR is left in `text`.

    Args:
        text: any text, redacted or not.
        not_nir: the text is declared to hold other long numbers: only a label or the INSEE
            grouping counts.

    Example:
        >>> holds_nir("rappeler M. X, 1 55 08 75 999 991 93"), holds_nir("NIR : [NIR], le 12/03")
        (True, False)
    """
    folded = _unescape(text.replace(MARK, _MARK)).translate(_FOLD)
    folded = _SCIENTIFIC.sub(lambda m: (m[1] + m[2]).ljust(11 + int(m[3]), "0"), folded)
    if _holds(folded, not_nir):
        return True
    corrected = _LIKE_DIGITS.sub(_correct, folded)
    return corrected != folded and _holds(corrected, not_nir)


def names_nir(path: str) -> bool:
    """Whether a field's name says that a NIR is in it.

    Example:
        >>> [names_nir(name) for name in ("num_secu", "titulaire.NIR", "siret", "avenir")]
        [True, True, False, False]
    """
    return bool(_LABEL.search(path)) and not _OTHER_LABEL.search(path)


def _holds(text: str, not_nir: bool) -> bool:
    words = _Words(text)
    candidates = _candidates(text, words.may_label())
    return any(_is_nir(candidate, words, not_nir) for candidate in candidates)


class _Words:
    """A folded text and its labels.

    In a short text they are looked for before each number. In a long one that would be dear where
    numbers stand side by side: they are looked for once.
    """

    def __init__(self, text: str) -> None:
        self.text = text
        self._is_long = len(text) > _LONG
        self._ends: dict[re.Pattern[str], list[int]] = {}

    def last(self, label: re.Pattern[str], start: int) -> int:
        """Where the last such label ends that stands within reach before `start`; else -1.

        What a mark in place of a NIR stands behind is used up.
        """
        begin = max(0, start - _BEFORE)
        begin = max(begin, self.text.rfind(_MARK, begin, start) + 1)
        if self._is_long:
            ends = self._ends_of(label)
            place = bisect_right(ends, start) - 1
            return ends[place] if place >= 0 and ends[place] > begin else -1
        matches = label.finditer(self.text, begin, start + 1)
        return max((match.end() for match in matches if match.end() <= start), default=-1)

    def may_label(self) -> bool:
        """Whether a label may stand anywhere in the text."""
        return not self._is_long or bool(self._ends_of(_LABEL) or self._ends_of(_WEAK_LABEL))

    def is_optical(self, start: int) -> bool:
        """Whether words of optics stand so near that NIR may mean near infrared."""
        first, last = max(0, start - _OPTICAL_REACH), start + _OPTICAL_REACH
        if self._is_long:
            ends = self._ends_of(_OPTICS)
            place = bisect_right(ends, first)
            return place < len(ends) and ends[place] < last
        return _OPTICS.search(self.text, first, last) is not None

    def _ends_of(self, label: re.Pattern[str]) -> list[int]:
        if label not in self._ends:
            self._ends[label] = [match.end() for match in label.finditer(self.text)]
        return self._ends[label]


def _unescape(text: str) -> str:
    for _ in range(2):  # an escape may stand within another
        if "\\" in text:
            text = _ESCAPE.sub(lambda m: chr(int(m[1] or m[2], 16)) if m[1] or m[2] else " ", text)
        if "%" in text:
            text = unquote(text, errors="replace")
        if "&" in text:
            text = html.unescape(text)
        if "<" in text:
            text = _TAG.sub(" ", text)
    return text


def _correct(match: re.Match[str]) -> str:
    run = match[0]
    digits = sum(map(str.isdigit, run))
    letters = sum(map(str.isalpha, run))
    return run.translate(_FROM_LIKE_DIGITS) if digits + letters >= 13 and letters <= 4 else run


def _candidates(text: str, labelled: bool) -> Iterator[_Candidate]:
    """The numbers of a folded text with the digits of a NIR.

    Where no label stands in the text, only those with a right key or INSEE's grouping.
    """
    for run in _RUN.finditer(text):
        if run.end() - run.start() < BODY:
            continue
        tokens = [token.span() for token in _TOKEN.finditer(text, *run.span())]
        timed = _HOUR.search(text, max(0, run.start() - 2), run.start()) is not None
        gaps = [text[a[1] : b[0]] for a, b in pairwise(tokens)]
        for first, (start, _) in enumerate(tokens):
            if text[start] not in "12345678":
                continue
            counts: list[int] = []
            digits = ""
            for last in range(first, len(tokens)):
                digits += text[slice(*tokens[last])]
                counts.append(len(digits))
                if len(digits) > BODY + 2:
                    break
                if len(digits) not in (BODY, BODY + 2):
                    continue
                end = tokens[last][1]
                key = digits[BODY:] or None
                if key is None and (named := _NAMED_KEY.match(text, end)):
                    key = named[1]
                inner = tuple(count for count in counts[:-1] if count != BODY)
                if not labelled and inner != _INSEE and not _key_is_right(digits[:BODY], key):
                    continue
                yield _Candidate(
                    start=start,
                    end=end,
                    body=digits[:BODY].upper(),
                    key=key,
                    breaks=tuple(counts[:-1]),
                    gaps=tuple(gaps[first:last]),
                    before=gaps[first - 1] if first > timed else None,
                    after=gaps[last] if last < len(gaps) else None,
                )


def _is_plausible(body: str) -> bool:
    digits = body[:6] + body[7:]
    if not digits.isdigit() or body[5:7] == "00":
        return False
    return 1 <= int(body[3:5]) <= 12 or body[3] >= "2"


def _key_is_right(body: str, key: str | None) -> bool:
    if key is None or not key.isdigit():
        return False
    department = body[5:7].upper()
    number = body[:5] + {"2A": "19", "2B": "18"}.get(department, department) + body[7:]
    return number.isdigit() and int(key) == 97 - int(number) % 97


def _is_nir(candidate: _Candidate, words: _Words, not_nir: bool) -> bool:
    if _is_plausible(candidate.body) and _has_form(candidate, not_nir):
        return not _is_part_of_another(candidate, words.text)
    return _is_labelled(candidate, words) and not _is_part_of_another(candidate, words.text)


def _is_part_of_another(candidate: _Candidate, text: str) -> bool:
    return _is_fraction(candidate, text) or _is_hexadecimal(candidate, text)


def _has_form(candidate: _Candidate, not_nir: bool) -> bool:
    """Whether the digits are broken as a NIR's are, as strictly as their key needs."""
    inner = tuple(b for b in candidate.breaks if b != BODY)
    plain = all(
        len(gap) <= 3 and len(gap.strip()) <= 1 and ", " not in gap for gap in candidate.gaps
    )
    as_insee = inner == _INSEE and plain
    # A further number with the same separator makes it a list.
    goes_on = candidate.before in candidate.gaps or candidate.after in candidate.gaps
    if _key_is_right(candidate.body, candidate.key) and not not_nir:
        if as_insee or (not inner and candidate.gaps == ()):
            return True
        if not inner and _NEXT_FIELD.fullmatch(candidate.gaps[-1]):
            return True
        lone_point = inner and candidate.gaps in ((".",), (",",))
        by_parts = _ENDS.issuperset(inner) and not lone_point
        return (by_parts or _is_even(candidate.breaks)) and plain and not goes_on
    return as_insee and len(set(candidate.gaps[:5])) == 1 and not goes_on


def _is_fraction(candidate: _Candidate, text: str) -> bool:
    """Whether the digits are the decimals of `0.`."""
    before = text[max(0, candidate.start - 3) : candidate.start]
    return candidate.before in (".", ",") and bool(re.search(r"(?<![0-9])0[.,]$", before))


def _is_hexadecimal(candidate: _Candidate, text: str) -> bool:
    """Whether the digits are a part of a longer hexadecimal word, such as a digest."""
    start, end = candidate.start, candidate.end
    first, last = max(0, start - _WIDEST_WORD), min(len(text), end + _WIDEST_WORD)
    while start > first and text[start - 1].isalnum():
        start -= 1
    while end < last and text[end].isalnum():
        end += 1
    word = text[start:end]
    return len(word) > candidate.end - candidate.start and bool(_HEXADECIMAL.fullmatch(word))


def _is_even(breaks: tuple[int, ...]) -> bool:
    """Whether all groups but the last are of one size: fours, threes, single digits."""
    sizes = [b - a for a, b in pairwise((0, *breaks))]
    return len(sizes) > 1 and len(set(sizes)) == 1


def _is_labelled(candidate: _Candidate, words: _Words) -> bool:
    start = candidate.start
    label = words.last(_LABEL, start)
    if label >= 0:
        return label > words.last(_OTHER_LABEL, start) and not words.is_optical(start)
    other = words.last(_OTHER_LABEL, start)
    if words.last(_WEAK_LABEL, start) > other:
        is_person = _is_plausible(candidate.body) and candidate.body[0] in "1278"
        return is_person and not words.is_optical(start)
    if other >= 0 or _BEHIND.match(words.text, candidate.end) is None:
        return False
    return not words.is_optical(start)
