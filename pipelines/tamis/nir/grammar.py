"""What counts as a NIR in one text: the rules, on folded text, one candidate at a time.

A compact number of 15 characters with a right key, or the INSEE grouping (1 55 08 75 999 991 93),
stands by itself, the latter even with a wrong key. Everything weaker needs a label beside it.
A span runs from the number's first character to its last: the key is part of it, with the word
or the parentheses that carry the key; the label is not.
"""

import re
from bisect import bisect
from collections.abc import Iterator
from itertools import accumulate, pairwise

from tamis.nir.candidate import (
    FLOAT_TAIL,
    NIR_PATTERN,
    ODD_GAPS,
    START,
    NirCandidate,
    NirMatch,
    candidate_of,
)
from tamis.nir.fold import readings
from tamis.nir.identifiers import key_of
from tamis.nir.label import REACH, Label, Labels

WIDEST = 180  # folded characters from a NIR's first to its last

_DIGIT = r"(?:[0-9]|(?<=2)[ABab](?![A-Za-z]))"
_EVEN_GAP = r"[ \t\-_/]{1,4}|[.,\n]|\r\n"
_SHORT = rf"{_DIGIT}{{1,5}}(?!{_DIGIT})"
_EVEN = (
    re.compile(  # groups of up to five digits with the same gap between them, all that there are
        # No possessive repeats: Python 3.11.2 matches nothing where they are nested, 3.11.7 does.
        rf"[0-9](?<![0-9].)(?<![0-9][/h].){_DIGIT}{{0,4}}(?!{_DIGIT})"
        rf"(?P<gap>{_EVEN_GAP}){_SHORT}(?:(?P=gap){_SHORT})*"
    )
)
_NARROWEST_EVEN, _WIDEST_EVEN = 15 + 2, 15 + 14 * 4  # characters
_RUN_GAP = r"(?:[ \t\r\n]{1,12}|[ \t]{0,3}[\-_/][ \t]{0,3}|[.,+:|*~'])"
_RUN = re.compile(rf"[0-9](?<![0-9]{{2}})(?<![0-9]h[0-9])(?:{_RUN_GAP}?{_DIGIT}){{11,}}")
_GROUP = re.compile(f"{_DIGIT}+")
_GLUED = re.compile(rf"[1-8](?<![0-9A-Za-z].)[0-9]{{4}}{_DIGIT}{{21,}}(?![0-9A-Za-z])")
_SCIENTIFIC = re.compile(r"(?<![0-9.,])([1-8])[.,]([0-9]{9,14})[eE]\+?(1[24])(?![0-9])")
_FIRST_DIGIT = re.compile("[0-9]")
_SCIENTIFIC_MARK = re.compile(r"[eE]\+?1[24]")
_NEXT_FIELD = re.compile(r"[\"']?[ ]?[;,|][ ]?[\"']?([0-9]{2})(?![0-9])")
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
    spans: list[tuple[int, int]] = []
    for folded in readings(text):
        spans += [folded.span(match.start, match.end) for match in search(folded.text)]
    apart: list[tuple[int, int]] = []
    for start, end in sorted(spans):
        if apart and start < apart[-1][1]:  # one number in two readings is one span
            first, last = apart[-1]
            apart[-1] = (first, max(end, last))
        else:
            apart.append((start, end))
    return apart


def search(text: str) -> list[NirMatch]:
    """The NIRs of folded `text`, in order; none overlaps another.

    The rules run from the surest to the weakest: numbers in scientific notation, numbers misread by
    OCR that have a right key, regular groups, misread numbers without a key, equally long groups,
    any digits behind a label. What one rule accepts is given to the next ones: a NIR is no part of
    another, and a label before the first of a list of NIRs counts for all of them.
    """
    accepted: list[NirMatch] = []
    digit = _FIRST_DIGIT.search(text)
    if digit is None:
        return accepted
    labels, place = Labels(text), digit.start()
    if _SCIENTIFIC_MARK.search(text):
        _add(accepted, _find_scientific(text, labels))
    misread = (
        _MISREAD_BESIDE.search(text, max(place - 1, 0)) and _SOME_DIGITS.search(text, place)
    ) or (_MISREAD_APART.search(text, max(place - 4, 0)) and _MANY_DIGITS.search(text, place))
    if misread:
        _add(accepted, _find_misread(text, labels, accepted, only_keyed=True))
    _add(accepted, _find_regular(text, labels, accepted))
    if misread:
        _add(accepted, _find_misread(text, labels, accepted, only_keyed=False))
    _add(accepted, _find_even(text, labels, accepted))
    _add(accepted, _find_labelled(text, labels, accepted))
    _add(accepted, _find_glued(text, labels, accepted))
    return accepted


def _add(accepted: list[NirMatch], matches: Iterator[NirMatch]) -> None:
    """Insert each of `matches` that overlaps none that was accepted before it, in order."""
    for new in matches:
        if not accepted or accepted[-1].end <= new.start:
            accepted.append(new)
            continue
        place = bisect(accepted, new.start, key=START)
        free = place == 0 or accepted[place - 1].end <= new.start
        if free and (place == len(accepted) or new.end <= accepted[place].start):
            accepted.insert(place, new)


def _find_regular(text: str, labels: Labels, accepted: list[NirMatch]) -> Iterator[NirMatch]:
    """NIRs whose groups, if any, break where the NIR's parts do."""
    place, labelled = 0, labels.any()
    while match := NIR_PATTERN.search(text, place):
        place = match.start() + 1
        if not labelled and _proves_nothing(match):
            continue
        candidate = candidate_of(match, text, labels, accepted)
        if _stands_alone(candidate) or _stands_by_label(candidate):
            end = candidate.end
            if not candidate.gaps and (tail := FLOAT_TAIL.match(text, end)):
                end = tail.end()
            yield NirMatch(match.start(), end, candidate.keyed)
            place = end


def _proves_nothing(match: re.Match[str]) -> bool:
    """Whether a number with few groups has digits only and a wrong key, so that a label decides."""
    key = match["key"]
    if key is None:
        return False
    parts = match.group("first", "year", "month", "department", "commune1", "commune2", "order")
    breaks = match.end() - match.start() - 15
    digits = "".join(parts)
    return breaks < 3 and digits.isdigit() and (int(digits) + int(key)) % 97 != 0


def _stands_alone(candidate: NirCandidate) -> bool:
    """Whether the number's own form makes it a NIR, unless a label says that it is none."""
    if candidate.match.end("order") - candidate.match.start() == 13:
        alone = _compact_stands_alone(candidate)
        return alone and candidate.plausible and not candidate.like_a_decimal
    if not candidate.plausible or candidate.like_a_decimal or candidate.mixes_odd_gaps:
        return False
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


def _compact_stands_alone(candidate: NirCandidate) -> bool:
    """`_stands_alone` for a body of 13 characters without a gap."""
    match, text = candidate.match, candidate.text
    if candidate.key is None:
        if not candidate.strict:
            return False
        key = _NEXT_FIELD.match(text, candidate.end)
        keyed = key is not None and int(key[1]) == key_of(candidate.body)
        corsican = not candidate.body.isdigit() and not _glued(text, match.start(), match.end())
        return (keyed or corsican) and candidate.label[0] is not Label.OPPOSING
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
    """Whether a letter or digit stands directly before `start` or at `end`."""
    return (start > 0 and text[start - 1].isalnum()) or text[end : end + 1].isalnum()


def _stands_by_label(candidate: NirCandidate) -> bool:
    """Whether the words beside the number make it a NIR."""
    label, distance = candidate.label
    if label not in (Label.STRONG, Label.WEAK) or candidate.in_a_digest:
        return False
    if candidate.like_a_decimal and (label is Label.WEAK or not candidate.gaps):
        return False
    if label is Label.WEAK:
        provisional = candidate.body[0] in "78" and candidate.born_in_a_month
        return candidate.strict or (candidate.plausible and (candidate.keyed or provisional))
    return distance <= 20 or candidate.plausible


def _find_scientific(text: str, labels: Labels) -> Iterator[NirMatch]:
    """Numbers that a spreadsheet wrote as 1.55087599999193E+14."""
    for match in _SCIENTIFIC.finditer(text):
        width = int(match[3]) + 1
        digits = (match[1] + match[2]).ljust(width, "0")
        if len(digits) != width:
            continue
        keyed = width == 15 and int(digits[13:]) == key_of(digits[:13])
        exact = NIR_PATTERN.fullmatch(digits)
        if exact is None:
            continue
        candidate = NirCandidate(match, text, labels, [], digits[:13], digits[13:], match.end(), [])
        label = candidate.label[0]
        alone = keyed and candidate.plausible and label is not Label.OPPOSING
        if alone or label in (Label.STRONG, Label.WEAK):
            yield NirMatch(match.start(), match.end(), keyed)


def _find_misread(
    text: str, labels: Labels, accepted: list[NirMatch], only_keyed: bool
) -> Iterator[NirMatch]:
    """NIRs in which OCR read 0 as O, 1 as l, 5 as S or 8 as B; each 2B is read both ways."""
    for keep_corsica in (True, False):
        corrected = _correct(text, keep_corsica)
        if corrected == text:
            continue
        place = 0
        while match := NIR_PATTERN.search(corrected, place):
            place = match.start() + 1
            candidate = candidate_of(match, text, labels, accepted)
            if candidate.keyed == only_keyed and _is_misread(candidate, corrected):
                yield NirMatch(match.start(), candidate.end, candidate.keyed)
                place = candidate.end


def _is_misread(candidate: NirCandidate, corrected: str) -> bool:
    """Whether a candidate of the corrected text is a NIR that OCR misread, and not a plain word."""
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


def _find_glued(text: str, labels: Labels, accepted: list[NirMatch]) -> Iterator[NirMatch]:
    """NIRs with nothing between them: all with right keys, or all behind a label."""
    for run in _GLUED.finditer(text):
        for width in (15, 13):
            if len(run[0]) % width:
                continue
            candidates = []
            for start in range(*run.span(), width):
                body, key = text[start : start + 13].upper(), text[start + 13 : start + width]
                if NIR_PATTERN.fullmatch(body + key):
                    end = start + width
                    candidates.append(
                        NirCandidate(run, text, labels, accepted, body, key or None, end, [])
                    )
            if (
                len(candidates) * width == len(run[0])
                and all(c.strict for c in candidates)
                and (
                    all(candidate.keyed for candidate in candidates)
                    or labels.before(run.start())[0] in (Label.STRONG, Label.WEAK)
                )
            ):
                yield from (NirMatch(c.end - width, c.end, c.keyed) for c in candidates)
                break


def _find_even(text: str, labels: Labels, accepted: list[NirMatch]) -> Iterator[NirMatch]:
    """NIRs with a right key whose groups are equally long; the last one may be shorter."""
    place = 0
    while match := _EVEN.search(text, place):
        gap, end = match["gap"], match.end()
        place = text.rindex(gap, 0, end) + len(gap)  # the last group may begin further ones
        if not _NARROWEST_EVEN <= end - match.start() <= _WIDEST_EVEN:
            continue
        if text.startswith(gap, end) and text[end + len(gap) : end + len(gap) + 1].isdigit():
            continue
        groups = match[0].split(gap)
        if len({len(group) for group in groups[:-1]}) > 1 or len(groups[-1]) > len(groups[0]):
            continue
        number = "".join(groups)
        if len(number) != 15 or number[0] not in "12345678":
            continue
        candidate = _joined(match, text, labels, accepted, number, end)
        if (
            candidate
            and candidate.keyed
            and candidate.plausible
            and (candidate.body[0] in "12" or candidate.born_in_a_month)
            and candidate.label[0] is not Label.OPPOSING
        ):
            yield NirMatch(match.start(), end, True)


def _find_labelled(text: str, labels: Labels, accepted: list[NirMatch]) -> Iterator[NirMatch]:
    """What stands behind a label, however it is grouped."""
    if not labels.any():
        return
    for run in _RUN.finditer(text):
        place = bisect(accepted, run.start(), key=START)
        if place == 0 or accepted[place - 1].end <= run.start():
            yield from _read_run(run, text, labels, accepted)


def _read_run(
    run: re.Match[str], text: str, labels: Labels, accepted: list[NirMatch]
) -> Iterator[NirMatch]:
    """The NIR that a run of groups begins with, by its label.

    Zeros in front do not count. Groups that add up to 15 with the right key, to 13, or the whole
    run are it by any label; behind a strong one so are 12 to 16 digits: the first group or the
    whole run.
    """
    start, limit = run.start(), min(run.end(), run.start() + WIDEST)
    groups = [group.span() for group in _GROUP.finditer(text, start, limit)]
    digits = "".join([text[first:last] for first, last in groups])
    zeros = len(digits) - len(digits.lstrip("0"))
    digits = digits[zeros:]
    sums = [total - zeros for total in accumulate(last - first for first, last in groups)]
    whole = sums[-1] if groups[-1][1] == run.end() else 0
    for count in dict.fromkeys((15, 13, sums[0], whole)):
        if count not in sums or not 12 <= count <= 16:
            continue
        place = sums.index(count)
        end = groups[place][1]
        candidate = _joined(run, text, labels, accepted, digits[:count], end)
        label, distance = Label.NONE, 0
        if candidate:
            if not (candidate.keyed or count in (13, sums[0], whole)):
                continue
            label, distance = candidate.label
            if label is Label.WEAK and candidate.strict and not zeros:
                yield NirMatch(start, end, candidate.keyed)
                return
        else:
            candidate = NirCandidate(run, text, labels, accepted, digits[:13], None, end, [" "])
            label, distance = candidate.label
        if label is not Label.STRONG or candidate.in_a_digest or _is_iban(text, run, distance):
            return
        before = distance <= REACH
        direct = before and not any(map(str.isalnum, text[start - distance : start]))
        gaps = {text[a[1] : b[0]] for a, b in pairwise(groups[: place + 1])}
        if len(gaps) > 1 and not gaps.isdisjoint(ODD_GAPS):
            continue  # amounts in a row, or a moment
        near = direct or distance <= 20 or candidate.begins_plausibly
        alike = len(gaps) < 2 if before else not gaps
        if near and (direct or alike or count in (13, 15)):
            yield NirMatch(start, end, candidate.keyed)
            return


def _is_iban(text: str, run: re.Match[str], distance: int) -> bool:
    """Whether a run of digits is that of an IBAN, with a right key and the country before it."""
    start = run.start()
    country = text[max(0, start - 2) : start].upper()
    if (
        distance == 0
        or not re.fullmatch("[A-Z]{2}", country)
        or text[start - 3 : start - 2].isalpha()
    ):
        return False
    digits = re.sub("[^0-9]", "", run[0][:WIDEST])
    letters = "".join([str(int(letter, 36)) for letter in country])
    return int(digits[2:] + letters + digits[:2]) % 97 == 1


def _joined(
    first: re.Match[str],
    text: str,
    labels: Labels,
    accepted: list[NirMatch],
    digits: str,
    end: int,
) -> NirCandidate | None:
    """The candidate that groups of digits make when they are read as one number."""
    if NIR_PATTERN.fullmatch(digits) is None:
        return None
    body, key = digits[:13].upper(), digits[13:] or None
    return NirCandidate(first, text, labels, accepted, body, key, end, [" "])
