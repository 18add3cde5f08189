"""Chains: digits of a column that may belong to one number, and which of them may be a NIR.

A token is a run of digits. Tokens are one chain where only what may stand within a NIR lies between
them: blanks, signs, letters that OCR puts in the place of digits. A chain of fewer than twelve
digits holds no NIR, nor one of nine in which no such letter stands.
"""

from typing import Final, NamedTuple

import numpy as np

from tamis.arrow.bits import (
    mark_classes,
    mark_places,
    places_of,
    shift_down,
    shift_up,
    windows_at,
)
from tamis.arrow.types import Bools, Bytes, Ints, Words

ENOUGH: Final = 12
"""Digits that a NIR has at least: 13 characters, one of them Corsica's letter; or one is lost."""

ENOUGH_IF_MISREAD: Final = 9
"""Digits that a NIR misread by OCR has at least."""

_WIDEST_GAP: Final = 40  # bytes: twelve blanks of three bytes each
_WIDEST_BEFORE_KEY: Final = 12  # bytes between a body and its key in another field
_BODY, _FULL, _LONGEST = 13, 15, 16  # digits of a NIR without and with key; behind a label
# By a width, the bits of the gap and of the byte behind it.
_UP_TO: Final = np.array([(2 << width) - 1 for width in range(_WIDEST_GAP + 2)], np.uint64)


def _table(characters: bytes) -> Bools:
    table = np.zeros(256, dtype=bool)
    table[list(characters)] = True
    return table


_LETTERS = _table(b"ABabOoQIilSsZzG")  # Corsica's, and what OCR puts for digits
_MAY_VANISH = _table(bytes([0xCC, 0xCD, 0xD8, 0xE0, 0xE1, *range(0xE3, 0x100)]))
_PARTS_TOKENS = _table(bytes([*range(ord("A"), ord("Z") + 1), *range(ord("a"), ord("z") + 1)]))
_PARTS_TOKENS[0xC3:0xE0] = True  # letters of two bytes
_PARTS_TOKENS &= ~(_LETTERS | _MAY_VANISH)
# Signs of escapes, markup and text in a wrong encoding: how far behind a digit, or before one, they
# may change how it is read; the farthest where nothing but what joins digits lies between.
_REACH_BEHIND = 12 * _table(b"\0&%\\<=]*~`_\xcc\xcd\x82\xa2").astype(np.int64)
_REACH_BEFORE = np.zeros(256, np.int64)
for _sign, _reach in ((b"&\\", 3), (b"#><", 2), (b";%", 1)):
    _REACH_BEFORE[list(_sign)] = _reach
_CLASSES = (_PARTS_TOKENS + np.uint8(2) * ((_REACH_BEHIND > 0) | (_REACH_BEFORE > 0))).tobytes()
_SIGN = _table(b" \t\r\n.-_/")
_PLAIN = _table(b" \t\r\n-_/.,+:|*~'")  # alone, surely part of a run of `grammar`
_APART_BEFORE, _APART_BEHIND = _table(b"IlSBZ"), _table(b"OoIlSBZ")
_WORD = _table(bytes(code for code in range(256) if code > 0x7F or chr(code).isalnum()))


class Chains(NamedTuple):
    """What N rows hold in chains that may be NIRs.

    Attributes:
        long: rows with enough digits in one chain, ascending.
        likely: those of `long` in which a number may be a NIR without a label beside it.
        odd: rows that folding may change, or in which letters may stand for digits.
    """

    long: Ints
    likely: Ints
    odd: Ints


def find_chains(part: Bytes, bounds: Ints, words: Words) -> Chains:
    """The rows in which digits enough stand close together.

    Args:
        part: the bytes of N rows.
        bounds: N + 1 offsets of the rows in them.
        words: the bitmap of digits.
    """
    breaks, strange = mark_classes(part, _CLASSES, 2)
    row_starts = mark_places(bounds, len(words))
    starts, ends = _find_tokens(words, row_starts)
    if not len(starts):
        return Chains(*[np.zeros(0, dtype=np.int64)] * 3)
    joined = _are_joined(breaks | row_starts, starts, ends)
    heads = np.flatnonzero(np.append(True, ~joined))
    totals = np.add.reduceat(ends - starts, heads)
    tails = np.append(heads[1:], len(starts)) - 1
    odd = _find_odd(part, places_of(strange), starts, ends, joined)

    enough = np.flatnonzero(totals >= ENOUGH_IF_MISREAD)
    heads, tails, totals = heads[enough], tails[enough], totals[enough]
    suspect = _is_suspect(part, starts, ends, heads, tails)
    rows = _rows_of(bounds, starts[heads])
    tokens = _Tokens(part, starts, ends, heads[totals >= ENOUGH], tails[totals >= ENOUGH])
    long = rows[totals >= ENOUGH]
    return Chains(
        np.unique(long[tokens.may_be_labelled()]),
        np.unique(long[tokens.may_stand_alone()]),
        np.unique(np.concatenate([_rows_of(bounds, starts[odd]), rows[suspect]])),
    )


def _rows_of(bounds: Ints, places: Ints) -> Ints:
    return np.searchsorted(bounds, places, side="right") - 1


def _find_tokens(words: Words, row_starts: Words) -> tuple[Ints, Ints]:
    """The first byte of each run of digits in one row, and one past its last."""
    goes_on = words & shift_up(words) & ~row_starts  # digits that do not begin a token
    return places_of(words & ~goes_on), places_of(words & ~shift_down(goes_on)) + 1


def _are_joined(breaks: Words, starts: Ints, ends: Ints) -> Bools:
    """Which tokens but the last are one chain with the next one."""
    widths = starts[1:] - ends[:-1]
    within = windows_at(breaks, ends[:-1]) & _UP_TO.take(widths, mode="clip")
    return (within == 0) & (widths <= _WIDEST_GAP)


def _find_odd(part: Bytes, places: Ints, starts: Ints, ends: Ints, joined: Bools) -> Ints:
    """The tokens that signs at N places may change: those before a sign, those behind it."""
    sign = part[places]
    doubled = (sign != ord("_")) | (part.take(places + 1, mode="clip") == ord("_"))
    mangled = ((sign != 0x82) & (sign != 0xA2)) | (part.take(places - 1, mode="clip") == 0xC3)
    places, sign = places[doubled & mangled], sign[doubled & mangled]
    behind = np.searchsorted(starts, places)
    before = behind - 1
    changed = (places - ends[before] < _REACH_BEHIND[sign]) & (behind > 0)
    changed |= np.append(joined, False)[before] & (_REACH_BEHIND[sign] > 0)
    behind = np.minimum(behind, len(starts) - 1)
    distance = starts[behind] - places
    follows = (distance > 0) & (distance <= _REACH_BEFORE[sign])
    return np.concatenate([before[changed], behind[follows]])


def _is_suspect(part: Bytes, starts: Ints, ends: Ints, heads: Ints, tails: Ints) -> Bools:
    """In which of N chains letters may stand for digits, or invisible characters between them."""
    first, last = starts[heads], ends[tails]
    before, behind = part.take(first - 1, mode="clip"), part.take(last, mode="clip")
    suspect = _LETTERS[before] | _LETTERS[behind] | _may_vanish(part, last)
    suspect |= _stands_before(part, first) | _stands_behind(part, last)
    sign = part.take(last + 1, mode="clip")
    suspect |= ((behind | 0x20) == ord("e")) & ((sign == ord("+")) | (sign == ord("1")))
    gaps, chain = _members(heads, tails - heads)
    places, beyond = ends[gaps], starts[gaps + 1]
    while len(places):
        byte = part.take(places)
        changes = _LETTERS[byte] | _MAY_VANISH[byte]
        wide = np.flatnonzero(byte >= 0x80)
        changes[wide] |= _may_vanish(part, places[wide])
        suspect[chain[changes]] = True
        more = np.flatnonzero(beyond - places > 1)
        places, beyond, chain = places[more] + 1, beyond[more], chain[more]
    return suspect


def _members(heads: Ints, counts: Ints) -> tuple[Ints, Ints]:
    """The tokens from each of N heads on, so many as `counts` says, and which head each is of."""
    chain = np.repeat(np.arange(len(heads)), counts)
    return np.arange(len(chain)) + (heads - np.cumsum(counts) + counts)[chain], chain


def _may_vanish(part: Bytes, places: Ints) -> Bools:
    """Whether an invisible character of two or three bytes may begin at each place."""
    first, second, third = (part.take(places + step, mode="clip") for step in range(3))
    invisible = (second == 0x81) | (
        (second == 0x80) & (((third - 0x8B) & 0xFF <= 4) | ((third - 0xAA) & 0xFF <= 4))
    )
    return ((first == 0xC2) & (second == 0xAD)) | ((first == 0xE2) & invisible)


def _stands_before(part: Bytes, starts: Ints) -> Bools:
    """Whether a single letter that OCR puts for a digit stands before each place, behind signs."""
    found = np.zeros(len(starts), dtype=bool)
    signs = np.ones(len(starts), dtype=bool)
    for step in (1, 2, 3):
        signs &= _SIGN[part.take(starts - step, mode="clip")]
        near, further = (part.take(starts - step - by, mode="clip") for by in (1, 2))
        found |= signs & _APART_BEFORE[near] & (~_WORD[further] | (starts - step - 1 == 0))
    return found


def _stands_behind(part: Bytes, ends: Ints) -> Bools:
    """Whether two letters that OCR puts for digits stand behind each place, behind signs."""
    found = np.zeros(len(ends), dtype=bool)
    signs = np.ones(len(ends), dtype=bool)
    for step in (0, 1, 2):
        signs &= _SIGN[part.take(ends + step, mode="clip")]
        near, further = (part.take(ends + step + by, mode="clip") for by in (1, 2))
        found |= signs & _APART_BEHIND[near] & _APART_BEHIND[further]
    return found


class _Tokens:
    """The tokens of N chains that are long enough.

    Args:
        part: the bytes.
        starts, ends: all tokens.
        heads, tails: the first and the last token of each chain.
    """

    def __init__(self, part: Bytes, starts: Ints, ends: Ints, heads: Ints, tails: Ints) -> None:
        self.part = part
        index, self.chain = _members(heads, tails - heads + 1)
        self.starts, self.ends = starts[index], ends[index]
        self.lengths = self.ends - self.starts
        self.sums = np.cumsum(self.lengths)
        self.begins = self.sums - self.lengths
        self.first = part.take(self.starts) - np.uint8(ord("0"))
        later = np.minimum(index + 1, len(starts) - 1)  # perhaps of another chain
        self.next_starts = starts[later]
        self.next_lengths = ends[later] - starts[later]
        # A run goes on behind nothing, or behind one sign that always joins.
        width = self.next_starts - self.ends
        plain = (width <= 1) & _PLAIN[part.take(self.ends, mode="clip")]
        self.ends_run = ~plain | (index == tails[self.chain])
        self.begins_run = np.roll(self.ends_run, 1)  # the first one too: the last ends a run

    def _spans(self, tokens: Ints, width: int) -> tuple[Ints, Ints]:
        """Which of `tokens` begin `width` digits that end with a token, and these."""
        last = np.searchsorted(self.sums, self.begins[tokens] + width)
        last = np.minimum(last, len(self.sums) - 1)
        whole = self.sums[last] == self.begins[tokens] + width
        whole &= self.chain[last] == self.chain[tokens]
        return tokens[whole], last[whole]

    def may_be_labelled(self) -> Ints:
        """The chains in which a number may be a NIR by the label beside it.

        13 or 15 digits break where the NIR's parts do; or a run of groups begins with 13 or 15
        digits, has 12 to 16, or its first group has. Zeros in front may not count.
        """
        heads = np.flatnonzero(self.begins_run)
        found = [heads[(self.first[heads] == 0)], np.flatnonzero(self.lengths >= 2 * _BODY)]
        for width in range(ENOUGH, _LONGEST + 1):
            tokens = np.arange(len(self.sums)) if width in (_BODY, _FULL) else heads
            first, last = self._spans(tokens, width)
            if width in (_BODY, _FULL):
                chosen = self.begins_run[first] | self._breaks_as_a_nir(first, last, 0)
            else:
                chosen = self.ends_run[last] | (first == last)
            found.append(first[chosen])
        return self.chain[np.concatenate(found)]

    def may_stand_alone(self) -> Ints:
        """The chains in which a number may be a NIR without a label beside it.

        It has a right key, or breaks four times and more, where the NIR's parts do.
        """
        places = np.repeat(self.ends - self.sums, self.lengths)
        places += np.arange(len(places))
        digits = self.part.take(places) - np.uint8(ord("0"))
        # A digit by the power of ten of its place counted backwards: what these sum up to, by that
        # of the last digit, is the number that they spell, before the division by 97.
        weights = _POWERS[-np.arange(len(digits)) % len(_POWERS)]
        sums = np.append(0, np.cumsum(digits * weights))
        tokens = np.flatnonzero((self.first >= 1) & (self.first <= 8))
        found = [np.flatnonzero(self.lengths >= 2 * _BODY)]
        for width in (_BODY, _FULL):
            from_, to = self._spans(tokens, width)
            found.append(from_[self._breaks_as_a_nir(from_, to, 4)])
            begins = self.begins[from_]
            number = sums[begins + _BODY] - sums[begins]
            number = number % 97 * _POWERS[(begins + _BODY - 1) % len(_POWERS)]
            if width == _FULL:
                key = digits[begins + _BODY] * 10 + digits[begins + _BODY + 1]
            else:
                place = np.minimum(self.next_starts[to], len(self.part) - 2)
                key = self.part.take(place) * 10 + self.part.take(place + 1) - np.uint8(16)
                near = self.next_starts[to] - self.ends[to] <= _WIDEST_BEFORE_KEY
                key[~near | (self.next_lengths[to] != 2)] = 0
            right = (key >= 1) & (key <= 97) & ((number + key) % 97 == 0)
            found.append(from_[right])
        return self.chain[np.concatenate(found)]

    def _breaks_as_a_nir(self, first: Ints, last: Ints, least: int) -> Bools:
        """Whether spans break at least so often, and only between the parts of a NIR."""
        breaks = (last - first >= least) & (last - first <= len(_BREAKS))
        some = np.flatnonzero(breaks)
        first, last, regular = first[some], last[some], np.ones(len(some), dtype=bool)
        for step in range(len(_BREAKS)):
            token = np.minimum(first + step, last)
            regular &= _IS_BREAK[np.minimum(self.sums[token] - self.begins[first], _FULL)]
        breaks[some] = regular
        return breaks


_POWERS: Final = np.array([pow(10, place, 97) for place in range(96)])  # the 96th is 1 again
_BREAKS: Final = (1, 3, 5, 7, 8, 10, 13)  # digits before a break between two parts
_IS_BREAK: Final = np.isin(np.arange(_FULL + 1), (*_BREAKS, _FULL))
