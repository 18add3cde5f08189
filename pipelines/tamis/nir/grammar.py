"""What counts as a NIR in one text: the rules, on folded text, one candidate at a time.

A compact number of 15 characters with a right key, or the INSEE grouping (1 55 08 75 999 991 93),
stands by itself, the latter even with a wrong key. Everything weaker needs a label beside it.
A span runs from the number's first character to its last: the key is part of it, with the word
or the parentheses that carry the key; the label is not.
"""

import re
from bisect import bisect
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from tamis.nir.fold import fold
from tamis.nir.identifiers import key_of
from tamis.nir.label import Label, has_label, label_after, label_before

WIDEST = 120  # bytes of UTF-8 from a NIR's first character to its last

_ODD_GAPS = ",+:|*~'"  # only where all gaps are the same one
_GAP = rf"(?:[ \t\n\r\-._/]{{1,4}}|[{_ODD_GAPS}])?"
_NIR = re.compile(
    rf"""(?<![0-9])(?P<first>[1-8])(?P<gap1>{_GAP})(?P<year>[0-9]{{2}})(?P<gap3>{_GAP})
    (?P<month>[0-9]{{2}})(?P<gap5>{_GAP})(?P<department>[0-9]{{2}}|2[ABab])(?P<gap7>{_GAP})
    (?P<commune1>[0-9])(?P<gap8>{_GAP})(?P<commune2>[0-9]{{2}})(?P<gap10>{_GAP})
    (?P<order>[0-9]{{3}})
    (?:
      (?P<word>[ \t\n\r,;/.\-_]{{0,4}}(?P<open>[(\[][ ]?)?(?i:(?:et|avec)[ ](?:[ls]a[ ])?)?
        (?i:clef?|key)(?i:[ ]de[ ](?:contr[oô]le|securite))?
        [ ]?(?:n°[ ]?)?(?:[:=\-.°][ ]?){{0,2}}(?P<word_key>[0-9]{{2}})(?(open)(?:[ ]?[)\]])?))
    | [ \t\n\r\-]{{0,3}}[(\[][ ]?(?P<bracket_key>[0-9]{{2}})[ ]?[)\]]
    | (?P<gap13>{_GAP})(?P<key>[0-9]{{2}})
    )?(?![0-9])""",
    re.VERBOSE,
)
_CHUNK = re.compile(
    r"[0-9](?<![0-9]{2})(?<![0-9]h[0-9])(?:[0-9]|(?<=2)[ABab](?=[0-9])|(?<=2)[ABab](?=[ .\-]))*"
)
_GROUP = re.compile(r"[0-9]+")
_CHUNK_GAP = re.compile(r"[ \t\-_/]{1,4}|[.,\n]|\r\n")
_SCIENTIFIC = re.compile(r"(?<![0-9.,])([1-8])[.,]([0-9]{9,14})[eE]\+?(1[24])(?![0-9])")
_SCIENTIFIC_MARK = re.compile(r"[eE]\+?1[24]")
_NEXT_FIELD = re.compile(r"[\"']?[ ]?[;,|][ ]?[\"']?([0-9]{2})(?![0-9])")
_FLOAT_TAIL = re.compile(r"\.0+(?![0-9])")
_FRACTION = re.compile(r"\.[0-9]")
COUNTED = (
    "bis|ter|rue|r|av|avenue|bd|boulevard|bld|place|pl|chemin|allee|impasse|route|quai|cours|square"
    "|ans?|jours?|mois|semaines?|heures?|h|min|euros?|eur|janvier|fevrier|mars|avril|mai|juin"
    "|juillet|aout|septembre|octobre|novembre|decembre"
)
"""Words behind two digits that say that these count something or begin an address or a date."""
_NOT_KEY = re.compile(rf"[/.:\-][0-9]|[ ]?(?:%|€|\$|°)|[ ]?(?i:{COUNTED})\b")
_JOINED = re.compile(r"[\s\"']{0,3}(?:[,;&/+|]|et|ou|and|or)?[\s\"']{0,3}")
_OF_ANOTHER = re.compile(
    r"(?=[^0-9]*\b(?:pere|mere|conjointe?|epoux|epouse|mari|femme|enfants?|fils|fille|frere|lui|elle"
    r"|titulaire|assuree?|ayant|m|mr|mme|mlle|monsieur|madame|autre|seconde?|ancien|nouveau|puis)\b)"
    r"[^0-9!?\n]{3,40}",
    re.IGNORECASE,
)
_DATED = re.compile(r"[0-9](?:h[0-9]{0,2}|/[0-9]{2,4})$")
_HEXADECIMAL = re.compile(r"[0-9A-Fa-f]{24,}")
MISREAD = str.maketrans("OoQIilSsBZzG", "000111558226")
_MISREAD_TOKEN = re.compile(r"(?<![0-9A-Za-z])[0-9ABabOoQIilSsZzG]+(?![0-9A-Za-z])")
_MISREAD_BESIDE = re.compile(r"[0-9][OoQIilSsBZzG]|[OoQIilSsBZzG][0-9]")
_MISREAD_APART = re.compile(
    r"(?<![^\W_])[IlSBZ][ .\-_/]{1,3}[0-9]"
    r"|[0-9][ .\-_/]{1,3}[OoIlSBZ]{2}(?:[OoIlSBZ]?[ .\-_/]{1,3}[0-9]|(?![^\W_]))"
)
_LEGIBLE = 9  # digits that OCR must have left as they are
_SOME_DIGITS = re.compile(rf"(?:[0-9][^0-9]*){{{_LEGIBLE}}}")
_MANY_DIGITS = re.compile(r"(?:[0-9][^0-9]*){12}")


@dataclass(frozen=True, slots=True)
class NirMatch:
    """A NIR in folded text, and whether it carries its right key."""

    start: int
    end: int
    keyed: bool


def find_nir(text: str) -> list[tuple[int, int]]:
    """Where NIRs stand in `text`: spans from the first character of each to past its last.

    Every common writing is found: compact or grouped, any digits and separators, escaped, misread
    by OCR. A number without key, or in an odd grouping, needs a label within 48 characters. The
    first digit may be 1 to 8: NIA and other provisional numbers are found too.

    Args:
        text: any string.

    Returns:
        Spans in the text as given, in order, that do not overlap.

    Example:
        >>> find_nir("NIR : 1 55 08 75 999 991 93")
        [(6, 27)]
        >>> find_nir("commande 1550875999991, SIRET 12345678900012")
        []
    """
    folded = fold(text)
    spans = [folded.span(found.start, found.end) for found in search(folded.text)]
    return [(start, end) for start, end in spans if _fits(text, start, end)]


def _fits(text: str, start: int, end: int) -> bool:
    """Whether a span is within `WIDEST` bytes; no one spreads a NIR wider."""
    return (end - start) * 4 <= WIDEST or len(text[start:end].encode("utf-8", "replace")) <= WIDEST


def search(text: str) -> list[NirMatch]:
    """The NIRs of folded `text`, in order."""
    found: list[NirMatch] = []
    if _SCIENTIFIC_MARK.search(text):
        _add(found, _find_scientific(text))
    misread = (_MISREAD_BESIDE.search(text) and _SOME_DIGITS.search(text)) or (
        _MISREAD_APART.search(text) and _MANY_DIGITS.search(text)
    )
    if misread:
        _add(found, _find_misread(text, found, only_keyed=True))
    _add(found, _find_regular(text, text, found))
    if misread:
        _add(found, _find_misread(text, found, only_keyed=False))
    _add(found, _find_irregular(text, found))
    return found


def _add(found: list[NirMatch], more: Iterator[NirMatch]) -> None:
    """Insert each of `more` that overlaps none before it."""
    for new in more:
        place = bisect([other.start for other in found], new.start)
        free = place == 0 or found[place - 1].end <= new.start
        if free and (place == len(found) or new.end <= found[place].start):
            found.insert(place, new)


@dataclass
class _NirCandidate:
    """One match of the NIR's pattern, and what the rules ask of it."""

    match: re.Match[str]
    text: str
    found: list[NirMatch]
    body: str
    key: str | None
    end: int
    gaps: list[str]

    @cached_property
    def keyed(self) -> bool:
        return self.key is not None and int(self.key) == key_of(self.body)

    @property
    def plausible(self) -> bool:
        """The broad structure: any month that is in use or stands for an unknown one."""
        month = int(self.body[3:5])
        return (1 <= month <= 12 or month >= 20) and self.body[5:7] != "00"

    @property
    def strict(self) -> bool:
        body = self.body
        known = 1 <= int(body[3:5]) <= 12 or 20 <= int(body[3:5]) <= 42 or int(body[3:5]) >= 50
        return (
            body[0] in "12"
            and known
            and body[5:7] != "00"
            and body[7:10] != "000"
            and body[10:] != "000"
        )

    @property
    def born_in_a_month(self) -> bool:
        return 1 <= int(self.body[3:5]) <= 12

    @property
    def full(self) -> bool:
        """The INSEE grouping 1 2 2 2 3 3, or 1 2 2 3 2 3 as overseas numbers are also cut."""
        match = self.match
        return bool(
            match["gap1"]
            and match["gap3"]
            and match["gap5"]
            and match["gap10"]
            and (bool(match["gap7"]) != bool(match["gap8"]))
        )

    @property
    def in_a_list(self) -> bool:
        """Whether a further number follows or goes before with the separator used inside."""
        gap = self.gaps[-1]
        start, end, text = self.match.start(), self.end, self.text
        before = text[max(0, start - len(gap) - 1) : start]
        if len(before) > len(gap) and before[0].isdigit() and before[1:] == gap:
            return not _DATED.search(text[max(0, start - len(gap) - 6) : start - len(gap)])
        further = _GROUP.match(text, end + len(gap)) if text.startswith(gap, end) else None
        return further is not None and not _NOT_KEY.match(text, further.end())

    @property
    def like_a_decimal(self) -> bool:
        """One lone dot or comma among the digits, digits and a dot before, a fraction behind."""
        gaps, start, text = self.gaps, self.match.start(), self.text
        if len(gaps) == 1 and gaps[0] in (".", ","):
            return True
        if not gaps:
            if start > 1 and text[start - 1] == "." and text[start - 2].isdigit():
                return True
            return bool(_FRACTION.match(text, self.end) and not _FLOAT_TAIL.match(text, self.end))
        return False

    @property
    def mixes_odd_gaps(self) -> bool:
        return any(gap in _ODD_GAPS for gap in self.gaps) and len(set(self.gaps)) > 1

    @property
    def in_a_digest(self) -> bool:
        start, text = self.match.start(), self.text
        begin = start
        while begin > 0 and start - begin < 128 and text[begin - 1] in "0123456789abcdefABCDEF":
            begin -= 1
        token = _HEXADECIMAL.match(text, begin)
        return token is not None and token.end() >= self.end

    @cached_property
    def label(self) -> tuple[Label, int]:
        """The label that this number has: before it, in a list that has one, or just behind it."""
        start, text = self.match.start(), self.text
        floor = 0
        place = bisect([other.start for other in self.found], start)
        if place:
            last = self.found[place - 1]
            floor = last.end
            if _JOINED.fullmatch(text, floor, start):
                first = self.found[0]
                return label_before(text, first.start)[0], 0
        label, gap = label_before(text, start, floor)
        if label is Label.NONE:
            of_another = place and _OF_ANOTHER.fullmatch(text, floor, start)
            if of_another and label_before(text, last.start)[0] is Label.STRONG:
                return Label.WEAK, 0
            return label_after(text, self.end), 21
        return label, gap


def _candidate(match: re.Match[str], text: str, found: list[NirMatch]) -> _NirCandidate:
    parts = match.group("first", "year", "month", "department", "commune1", "commune2", "order")
    body = "".join(parts).upper()
    gaps = match.group("gap1", "gap3", "gap5", "gap7", "gap8", "gap10")
    used = [gap for gap in gaps if gap]
    key = match["key"] or match["word_key"] or match["bracket_key"]
    end = match.end()
    if match["key"] and match["gap13"]:
        if match["gap13"] in ",|" and not used:
            key, end = None, match.end("order")  # a field of its own
        elif int(key) != key_of(body) and (not used or _is_something_else(match, text)):
            key, end = None, match.end("order")
        else:
            used.append(match["gap13"])
    return _NirCandidate(match, text, found, body, key, end, used)


def _is_something_else(match: re.Match[str], text: str) -> bool:
    """Whether two digits behind the number, which are not its key, begin something else."""
    gap = match["gap13"]
    further = text[match.end() :].startswith(gap) and text[match.end() + len(gap) :][:1].isdigit()
    return further or gap == "\n" or bool(_NOT_KEY.match(text, match.end()))


def _find_regular(text: str, source: str, found: list[NirMatch]) -> Iterator[NirMatch]:
    """NIRs whose groups, if any, break where the NIR's parts do."""
    place = 0
    while match := _NIR.search(text, place):
        candidate = _candidate(match, source, found)
        if _stands_alone(candidate) or _stands_by_label(candidate):
            end = candidate.end
            if not candidate.gaps and (tail := _FLOAT_TAIL.match(text, end)):
                end = tail.end()
            yield NirMatch(match.start(), end, candidate.keyed)
            place = end
        else:
            place = match.start() + 1


def _stands_alone(candidate: _NirCandidate) -> bool:
    """Whether the number's own form says that it is a NIR; only opposing labels are asked."""
    if not candidate.plausible or candidate.like_a_decimal or candidate.mixes_odd_gaps:
        return False
    if candidate.match.end("order") - candidate.match.start() == 13:
        return _compact_stands_alone(candidate)
    breaks = len(candidate.gaps)
    strict = candidate.strict
    if candidate.match["gap8"] and candidate.body[5:7] not in ("97", "98"):
        strict = False
    if candidate.keyed and (breaks > 1 or strict):
        if candidate.full or (candidate.body[0] in "12" and breaks >= 4):
            return True
        return not candidate.in_a_list and candidate.label[0] is not Label.OPPOSING
    if candidate.body[10:] == "000" or candidate.body[0] in "56" or candidate.gaps[0] == ",":
        return False
    if candidate.full or (breaks >= 4 and strict and len(set(candidate.gaps)) == 1):
        return not candidate.in_a_list and candidate.label[0] is not Label.OPPOSING
    return False


def _compact_stands_alone(candidate: _NirCandidate) -> bool:
    match, text = candidate.match, candidate.text
    if candidate.key is None:
        key = _NEXT_FIELD.match(text, candidate.end)
        keyed = key is not None and int(key[1]) == key_of(candidate.body)
        corsican = not candidate.body.isdigit() and not _glued(text, match.start(), match.end())
        if not (candidate.strict and (keyed or corsican)):
            return False
        return candidate.label[0] is not Label.OPPOSING
    if match["word"]:
        return candidate.keyed or candidate.strict
    if not candidate.keyed or candidate.in_a_digest:
        return False
    if candidate.body[0] in "12" and candidate.born_in_a_month:
        return True
    if candidate.body[0] in "12" or candidate.born_in_a_month:
        return candidate.label[0] is not Label.OPPOSING
    return False


def _glued(text: str, start: int, end: int) -> bool:
    return (start > 0 and text[start - 1].isalnum()) or text[end : end + 1].isalnum()


def _stands_by_label(candidate: _NirCandidate) -> bool:
    label, distance = candidate.label
    if label not in (Label.STRONG, Label.WEAK) or candidate.in_a_digest:
        return False
    if candidate.like_a_decimal and (label is Label.WEAK or not candidate.gaps):
        return False
    if label is Label.WEAK:
        provisional = candidate.body[0] in "78" and candidate.born_in_a_month
        return candidate.strict or (candidate.plausible and (candidate.keyed or provisional))
    return candidate.plausible or distance <= 20


def _find_scientific(text: str) -> Iterator[NirMatch]:
    """Numbers that a spreadsheet wrote as 1.55087599999193E+14."""
    for match in _SCIENTIFIC.finditer(text):
        width = int(match[3]) + 1
        digits = (match[1] + match[2]).ljust(width, "0")
        if len(digits) != width:
            continue
        keyed = width == 15 and int(digits[13:]) == key_of(digits[:13])
        exact = _NIR.fullmatch(digits)
        if exact is None:
            continue
        candidate = _NirCandidate(match, text, [], digits[:13], digits[13:], match.end(), [])
        label = candidate.label[0]
        alone = keyed and candidate.plausible and label is not Label.OPPOSING
        if alone or label in (Label.STRONG, Label.WEAK):
            yield NirMatch(match.start(), match.end(), keyed)


def _find_misread(text: str, found: list[NirMatch], only_keyed: bool) -> Iterator[NirMatch]:
    """NIRs in which OCR took O for 0, l for 1, S for 5, B for 8; each 2B read both ways."""
    for keep_corsica in (True, False):
        corrected = _correct(text, keep_corsica)
        if corrected == text:
            continue
        place = 0
        while match := _NIR.search(corrected, place):
            place = match.start() + 1
            candidate = _candidate(match, text, found)
            if candidate.keyed == only_keyed and _is_misread(candidate, corrected):
                yield NirMatch(match.start(), candidate.end, candidate.keyed)
                place = candidate.end


def _is_misread(candidate: _NirCandidate, corrected: str) -> bool:
    start, end, text = candidate.match.start(), candidate.end, candidate.text
    original = text[start:end]
    if original == corrected[start:end] or _glued(text, start, end):
        return False
    if sum(character.isdigit() for character in original) < _LEGIBLE:
        return False
    label = candidate.label[0]
    if candidate.plausible and (candidate.keyed or candidate.full):
        return label is not Label.OPPOSING
    return label is Label.STRONG


def _correct(text: str, keep_corsica: bool) -> str:
    """`text` with the letters that OCR may have put for digits turned back."""

    def read(token: re.Match[str]) -> str:
        word = token[0]
        if len(word) > 3 and not any(character.isdigit() for character in word):
            return word
        if keep_corsica and "2B" in word:
            before, after = word.split("2B", 1)
            return before.translate(MISREAD) + "2B" + after.translate(MISREAD)
        return word.translate(MISREAD)

    return _MISREAD_TOKEN.sub(read, text)


def _find_irregular(text: str, found: list[NirMatch]) -> Iterator[NirMatch]:
    """NIRs grouped otherwise: evenly with a right key and alone, or anyhow behind a label."""
    labelled: bool | None = None
    for chunk in _chunks(text):
        even = next(filter(None, (_even(text, part, found) for part in _alike(text, chunk))), None)
        if even:
            yield even
            continue
        digits = sum(end - start for start, end in chunk)
        if digits < 13 or len(chunk) < 2 or text[chunk[0][0]] not in "12345678":
            continue
        if any(other.start <= chunk[0][0] < other.end for other in found):
            continue
        if labelled is None:
            labelled = has_label(text)
        if not labelled:
            return
        yield from _find_labelled(text, chunk, found)


def _find_labelled(
    text: str, chunk: list[tuple[int, int]], found: list[NirMatch]
) -> Iterator[NirMatch]:
    """The NIR with which a labelled run of groups begins: 15 digits with a key, or all 13 or 15."""
    whole = sum(end - start for start, end in chunk)
    for count in range(len(chunk), 0, -1):
        part = chunk[:count]
        digits = sum(end - start for start, end in part)
        if digits not in (13, 15):
            continue
        candidate = _joined(text, part, found)
        if candidate is None or not (candidate.keyed or digits == whole or digits == 13):
            continue
        label, distance = candidate.label
        likely = candidate.plausible or distance <= 20
        if (label is Label.STRONG and likely) or (label is Label.WEAK and candidate.strict):
            yield NirMatch(part[0][0], part[-1][1], candidate.keyed)
            return


def _joined(text: str, chunk: list[tuple[int, int]], found: list[NirMatch]) -> _NirCandidate | None:
    """The candidate that the groups of `chunk` make when they are read as one number."""
    digits = "".join([text[start:end] for start, end in chunk])
    exact = _NIR.fullmatch(digits)
    first = re.compile(r"[0-9]").match(text, chunk[0][0])
    if exact is None or first is None:
        return None
    body, key = digits[:13].upper(), digits[13:] or None
    return _NirCandidate(first, text, found, body, key, chunk[-1][1], [" "])


def _chunks(text: str) -> Iterator[list[tuple[int, int]]]:
    """Runs of digit groups with small gaps between, each as the spans of its groups."""
    chunk: list[tuple[int, int]] = []
    for group in _CHUNK.finditer(text):
        if chunk and not _CHUNK_GAP.fullmatch(text, chunk[-1][1], group.start()):
            yield chunk
            chunk = []
        chunk.append(group.span())
    if chunk:
        yield chunk


def _alike(text: str, chunk: list[tuple[int, int]]) -> Iterator[list[tuple[int, int]]]:
    """`chunk` parted where the gap between its groups changes."""
    first = 0
    for place in range(1, len(chunk)):
        gap = text[chunk[place - 1][1] : chunk[place][0]]
        if place - first > 1 and gap != text[chunk[first][1] : chunk[first + 1][0]]:
            yield chunk[first:place]
            first = place
    yield chunk[first:]


def _even(text: str, chunk: list[tuple[int, int]], found: list[NirMatch]) -> NirMatch | None:
    """The NIR with a right key whose groups, but for a shorter last, are equally long."""
    widths = [end - start for start, end in chunk]
    if sum(widths) != 15 or len(set(widths[:-1])) != 1 or not widths[-1] <= widths[0] <= 5:
        return None
    candidate = _joined(text, chunk, found)
    if (
        candidate
        and candidate.keyed
        and candidate.plausible
        and (candidate.body[0] in "12" or candidate.born_in_a_month)
        and candidate.label[0] is not Label.OPPOSING
    ):
        return NirMatch(chunk[0][0], chunk[-1][1], True)
    return None
