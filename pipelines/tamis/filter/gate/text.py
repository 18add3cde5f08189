"""Texts, read closely: do they still hold a NIR?

The gate's own reading: it shares no code with `tamis.nir`, so that no bug is in both looks, and
what stands in both is a copy on purpose.
Texts are folded first, then taken as runs of digits and separators; every 13 or 15 digits of a run
between two breaks are a candidate. What makes a candidate a NIR:

    right key     the digits together, or broken only where the NIR's parts end, or evenly
    wrong or no   broken exactly as INSEE writes it, 1 55 08 75 999 991, and standing alone
    any           a label beside it (« NIR », « n° de sécurité sociale ») and none against it

Behind a strong label 12 to 16 digits are one, zeros in front not counted, and so are more in which
a right key or two bodies stand. Only check digits speak against them, and how they are written: as
amounts with cents, a moment with colons, a telephone with its country. Digits alone never do.
"""

import re
from collections.abc import Sequence
from functools import cached_property
from itertools import accumulate, pairwise
from typing import Final

import numpy as np

from tamis.filter.gate.fold import readings
from tamis.filter.gate.iban import IBAN, WIDEST_IBAN, is_iban
from tamis.filter.gate.labels import STRONG, Labels
from tamis.filter.gate.numbers import (
    BODY,
    FULL,
    INSEE,
    NONE,
    Bools,
    Digits,
    Ints,
    find_digits,
    key_fits,
    plausible,
    spell,
)

_WIDEST_GAP: Final = 4  # characters
_SLAB: Final = 1 << 20  # candidates looked at together
_AROUND: Final = 256  # characters on each side of a number that are looked at
_ENDS: Final = frozenset((1, 3, 5, 7, 8, 10, 13))  # where a part of the NIR ends
_AT_KEY: Final = 1 << BODY  # a break between body and key

_EMPHASIS: Final = " \t\n\r*_~`>"  # that marks what stands between, or quotes its line
_FROM_CORSICA = re.compile("2[ABab]")
_GROUP = re.compile("[0-9A-Za-z]+")
_GAPS = re.compile(r"[^0-9A-Za-z]+")
_BEFORE = re.compile(r"[0-9ABab]([^0-9A-Za-z\xfe\xff]{1,4})$")
_AFTER = re.compile(r"([^0-9A-Za-z\xfe\xff]{1,4})[0-9]")
_CUT_DEPARTMENT = re.compile(r"(?<=2)[^0-9A-Za-z]+(?=[ABab])")
_MINUTES = re.compile(r"[0-9]h[0-9]{2}[^0-9A-Za-z]{1,4}$")  # begin no list
_NEXT_FIELD = re.compile(r"[\"']?\s?[;,|]\s?[\"']?")
_HEXADECIMAL = re.compile(r"[0-9a-fA-F]{24,}")
_FRACTION = re.compile(r"(?<![0-9])0[.,]$")
_BEHIND = re.compile(
    # A label may follow, in brackets or as a word, if it is no other number's.
    r"\s{0,2}(?:[(\[,=:\-]|est|comme)?\s?(?:(?:le|la|son|mon|sa|numero|de|du|n)[\s°o.]{1,3}){0,4}"
    rf"(?:{STRONG})(?!\W{{0,6}}[0-9\xff])",
    re.IGNORECASE | re.ASCII,
)
_BEHIND_REACH: Final = 48
_CENTS = r"(?:[ .'][0-9]{3}){0,3},[0-9]{2}(?![0-9])"
_WRITTEN_OTHERWISE = re.compile(
    rf"[0-9+](?<![0-9].)(?:[0-9]{{0,2}}{_CENTS}(?:[^0-9A-Za-z]{{1,4}}[0-9]{{1,3}}{_CENTS})+"
    r"|(?:[0-9]{3}([-/.])[0-9]{2}\1[0-9]{2}|[0-9]([-/.])[0-9]{2}\2[0-9]{4})"
    r" [0-9]{1,2}[:h][0-9]{2}(?::[0-9]{2}(?:[.,][0-9]+)?)?"
    r"|(?:(?<=\+) ?[0-9]{2,3}|(?<=0)0(?:3[0-9]|4[1-9]))(?:[ .-]?\(0\))?[ .-]?[1-9]"
    r"(?:[ .-]?[0-9]{2}){4}(?![0-9]))"
)
# What may stand between a strong label and the 12, 14 or 16 digits that it takes; and if these are
# one group.
_SIGNS = re.compile(
    r"[\W_]{0,3}(?:n[o°]?|numero|est(?: le)?)?[\W_]{0,20}|(?:[^0-9]*\(1[35])?[^0-9]*[:=>(]\W{0,6}",
    re.ASCII | re.IGNORECASE,
)
_WORDS = re.compile(
    r"[^0-9]*\b(?:est|le|suivant|titulaire|beneficiaire|assuree?|conjointe?|n[o°]?|numero)\W{0,6}",
    re.ASCII | re.IGNORECASE,
)


def find_texts(texts: Sequence[str], *, not_nir: bool = False) -> Ints:
    """The positions of the texts in which a NIR is left; ascending.

    Args:
        texts: N texts, redacted or not.
        not_nir: the texts are declared to hold other long numbers: only a label or the INSEE
            grouping counts.

    Example:
        >>> find_texts(["rappeler M. X, 1 55 08 75 999 991 93", "NIR : [NIR], le 12/03"]).tolist()
        [0]
    """
    numbered = [(place, reading) for place, text in enumerate(texts) for reading in readings(text)]
    if not numbered:
        return NONE
    reader = _Reader([reading for _, reading in numbered], not_nir)
    return np.unique(np.array([numbered[place][0] for place in reader.read()], np.int64))


class _Reader:
    """Folded texts, put one behind the other."""

    def __init__(self, texts: Sequence[str], not_nir: bool) -> None:
        self.text = "\n".join([*texts, ""])
        self.not_nir = not_nir
        self.data = np.frombuffer(self.text.encode("latin-1"), np.uint8)
        self.offsets = np.cumsum([0, *(len(text) + 1 for text in texts)])
        self.hits: set[int] = set()

    def read(self) -> set[int]:
        """Which texts hold a NIR."""
        digits = find_digits(self.data, self.offsets, _WIDEST_GAP)
        if digits is not None:
            if not self.not_nir:
                self.hits.update(digits.text[digits.glued()].tolist())
            labels = Labels(self.text, self.data)
            for length in (BODY, FULL):
                windows = digits.windows(length)
                for first in range(0, len(windows), _SLAB):
                    self._read_windows(digits, windows[first : first + _SLAB], length, labels)
            self._read_what_follows(digits, labels)
        return self.hits

    def _read_windows(self, digits: Digits, windows: Ints, length: int, labels: Labels) -> None:
        """Look at candidates of 13 or 15 digits."""
        number = spell(digits.signs, windows, length)
        body = number if length == BODY else number // 100
        may_be = plausible(body)
        right = (length == FULL) & (body > 0) & key_fits(body, number % 100)
        keyed = may_be & right
        inner = digits.breaks(windows, length) & ~_AT_KEY
        start, end = digits.at[windows], digits.at[windows + length - 1] + 1
        text = digits.text[windows]
        floor = self.offsets[text]

        first = body // 10**12
        born = body // 10**8 % 100 <= 12
        person = may_be & born & ((first <= 2) | (first >= 7))
        strong, weak, opposed = labels.before(start, floor)
        follows = digits.begins_run(windows)  # others are the middle of a longer number
        named = ((strong >= 0) & (follows | person)) | (weak & (person | right))
        behind = labels.behind(end, _BEHIND_REACH) & ~opposed & ~named
        named &= ~self._written_otherwise(start)

        usual = first <= 2
        compact = keyed & (inner == 0) & ((usual & born) | ((usual | born) & ~opposed))
        keyed &= (inner > 0) & (not self.not_nir)
        formed = keyed | (may_be & (inner == INSEE)) | (compact & (not self.not_nir))
        for at in np.flatnonzero(formed | named | behind).tolist():
            if text[at] in self.hits:
                continue
            around = self._around(text[at], start[at], end[at])
            is_nir = (
                named[at]
                or (behind[at] and _BEHIND.match(around[0], around[2]))
                or (formed[at] and _has_form(*around, bool(keyed[at] | compact[at])))
            )
            if is_nir and not _is_part_of_another(*around, labelled=bool(named[at])):
                self.hits.add(int(text[at]))

    def _read_what_follows(self, digits: Digits, labels: Labels) -> None:
        """Look at groups and runs of 12 digits and more behind strong labels."""
        for first, last, count in (digits.groups(), digits.runs()):
            many = count >= BODY - 1
            first, last, count = first[many], last[many], count[many]
            start, end = digits.at[first], digits.at[last] + 1
            text = digits.text[first]
            label, _weak, _opposed = labels.before(start, self.offsets[text])
            one_group = end - start == last - first + 1
            counts = (label >= 0) & ((count <= FULL + 1) | one_group)
            for at in np.flatnonzero(counts & ~self._written_otherwise(start)).tolist():
                if text[at] in self.hits:
                    continue
                between = self.text[label[at] : start[at]]
                if count[at] > FULL + 1:
                    near = _holds_nir(self.text[start[at] : min(end[at], start[at] + _AROUND)])
                else:
                    near = bool(
                        _SIGNS.fullmatch(between) or (one_group[at] and _WORDS.fullmatch(between))
                    )
                around = self._around(text[at], start[at], end[at])
                if near and not _is_part_of_another(*around, labelled=True):
                    self.hits.add(int(text[at]))

    def _written_otherwise(self, at: Ints) -> Bools:
        """Which places lie in what is written as amounts, a moment or a telephone."""
        starts, ends = self._others
        if not len(starts):
            return np.zeros(len(at), bool)
        place = np.searchsorted(starts, at, "right") - 1
        return np.asarray((place >= 0) & (at < ends[place]))

    @cached_property
    def _others(self) -> tuple[Ints, Ints]:
        spans = [match.span() for match in _WRITTEN_OTHERWISE.finditer(self.text)]
        starts, ends = np.array(spans, np.int64).reshape(-1, 2).T
        return starts, ends

    def _around(self, text: np.int32, start: np.int64, end: np.int64) -> tuple[str, int, int]:
        """What stands around a number in its own text; where the number begins and ends in that."""
        low = max(self.offsets[text], start - _AROUND)
        high = min(self.offsets[text + 1] - 1, end + _AROUND)
        return self.text[low:high], int(start - low), int(end - low)


def _holds_nir(number: str) -> bool:
    """Whether a long number holds 15 digits with a right key, or begins with two bodies."""
    number = _FROM_CORSICA.sub(lambda m: "19" if m[0] in "2A2a" else "18", number)
    for at in range(len(number) - FULL + 1):
        full = number[at : at + FULL]
        if _is_born(full) and (int(full[:BODY]) + int(full[BODY:])) % 97 == 0:
            return True
    return _is_born(number) and (_is_born(number[BODY:]) or _is_born(number[FULL:]))


def _is_born(body: str) -> bool:
    """Whether digits begin with 13 of a NIR with a month."""
    month = body[3:5] if len(body) >= BODY else ""
    return "01" <= month <= "12" and "1" <= body[0] <= "8" and body[5:7] != "00"


def _has_form(text: str, start: int, end: int, keyed: bool) -> bool:
    """Whether digits are broken as a NIR's are, as strictly as their key needs."""
    number = text[start:end]
    breaks = list(accumulate(map(len, _GROUP.findall(number))))[:-1]
    whole = _CUT_DEPARTMENT.sub("", number)
    gaps = _GAPS.findall(whole)
    inner = [n for n in list(accumulate(map(len, _GROUP.findall(whole))))[:-1] if n != BODY]
    as_insee = sum(1 << count for count in inner) == INSEE
    # A further number with the same separator makes it a list.
    goes_on = _goes_on(text, start, end, gaps)
    if keyed:
        if as_insee or not gaps or (not inner and _NEXT_FIELD.fullmatch(gaps[-1])):
            return True
        plain = all(len(gap) <= 3 and len(gap.strip(_EMPHASIS)) <= 1 for gap in gaps)
        lone_point = inner and gaps in (["."], [","])
        by_parts = _ENDS.issuperset(inner) and not lone_point
        return bool(by_parts or _is_even(breaks)) and plain and ", " not in gaps and not goes_on
    return as_insee and len(set(gaps[:5])) == 1 and ", " not in gaps[0] and not goes_on


def _goes_on(text: str, start: int, end: int, gaps: list[str]) -> bool:
    before = _BEFORE.search(text, max(0, start - 6), start)
    if before and before[1] in gaps:
        return not _MINUTES.search(text, max(0, start - 8), start)
    after = _AFTER.match(text, end)
    return after is not None and after[1] in gaps


def _is_part_of_another(text: str, start: int, end: int, *, labelled: bool) -> bool:
    """Whether digits are in an IBAN or a long hexadecimal word, or unlabelled decimals."""
    if not labelled and _FRACTION.search(text, max(0, start - 3), start):
        return True
    for iban in IBAN.finditer(text, max(0, start - WIDEST_IBAN), end + WIDEST_IBAN):
        if iban.start() < start and end <= iban.end() and is_iban(iban[0]):
            return True
    first, last = start, end
    while first > 0 and text[first - 1].isalnum():
        first -= 1
    while last < len(text) and text[last].isalnum():
        last += 1
    return last - first > end - start and bool(_HEXADECIMAL.fullmatch(text, first, last))


def _is_even(breaks: Sequence[int]) -> bool:
    """Whether all groups but the last are of one size: fours, threes, single digits."""
    sizes = {b - a for a, b in pairwise((0, *breaks))}
    return len(breaks) > 1 and len(sizes) == 1
