"""Chains: digits of a column that may belong to one number, and which of them may be a NIR.

A token is a run of digits. Tokens are one chain where only what may stand within a NIR lies between
them: blanks, signs, letters that OCR puts in the place of digits. A chain of fewer than twelve
digits holds no NIR, nor one of nine in which no such letter stands.
"""

from typing import Final, NamedTuple

import numpy as np

from tamis.arrow.types import Bools, Bytes, Ints
from tamis.nir.vectorized.bits import Words, places_of

ENOUGH: Final = 12
"""Digits that a NIR has at least: 13 characters, one of them Corsica's letter; or one is lost."""

ENOUGH_IF_MISREAD: Final = 9
"""Digits that a NIR misread by OCR has at least."""

_WIDEST_GAP: Final = 40  # bytes: twelve blanks of three bytes each
_WIDEST_BEFORE_KEY: Final = 12  # bytes between a body and its key in another field
_BODY, _FULL, _LONGEST = 13, 15, 16  # digits of a NIR without and with key; behind a label
_ONE: Final = np.uint64(1)
_LAST: Final = np.uint64(63)


def _table(characters: bytes) -> Bools:
    table = np.zeros(256, dtype=bool)
    table[list(characters)] = True
    return table


_LETTERS = _table(b"ABabOoQIilSsZzG")  # Corsica's, and what OCR puts for digits
_MAY_JOIN = np.ones(256, dtype=bool)
_MAY_JOIN[[*range(ord("0"), ord("9") + 1), *range(0xC3, 0xE0)]] = False
_MAY_JOIN[[*range(ord("A"), ord("Z") + 1), *range(ord("a"), ord("z") + 1)]] = False
_MAY_JOIN |= _LETTERS
_MAY_VANISH = _table(bytes([0xCC, 0xCD, 0xD8, 0xE0, 0xE1, *range(0xE3, 0x100)]))
_MAY_JOIN |= _MAY_VANISH
_SIGN = _table(b" \t\r\n.-_/")
_ODD_BEHIND = _table(b"\0&%\\<=]" + bytes([*range(0xCC, 0xE2), *range(0xE3, 0x100)]))
_ESCAPES = _table(b"&%\\<=]*~`")
_ODD_BEFORE = _table(b"#>;%xX")
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
    starts, ends = _find_tokens(bounds, words)
    if not len(starts):
        return Chains(*[np.zeros(0, dtype=np.int64)] * 3)
    before, behind = part.take(starts - 1, mode="clip"), part.take(ends, mode="clip")
    odd = _is_odd(part, starts, ends, before, behind)
    gaps = _read_gaps(part, starts, ends)
    odd[:-1] |= gaps.escaped
    first_in_row = np.searchsorted(starts, bounds[:-1])
    gaps.joined[first_in_row[(first_in_row > 0) & (first_in_row < len(starts))] - 1] = False
    heads = np.flatnonzero(np.append(True, ~gaps.joined))
    totals = np.add.reduceat(ends - starts, heads)
    tails = np.append(heads[1:], len(starts)) - 1
    enough = np.flatnonzero(totals >= ENOUGH_IF_MISREAD)
    heads, tails, totals = heads[enough], tails[enough], totals[enough]

    suspect = _LETTERS[before[heads]] | _LETTERS[behind[tails]]
    suspect |= _stands_before(part, starts[heads]) | _stands_behind(part, ends[tails])
    for flags in (gaps.lettered, gaps.vanishing):
        changed = np.flatnonzero(flags & gaps.joined)
        chain = np.searchsorted(heads, changed, side="right") - 1
        changed, chain = changed[chain >= 0], chain[chain >= 0]
        suspect[chain[changed < tails[chain]]] = True
    odd_places = np.concatenate([starts[odd], starts[heads[suspect]]])
    long = totals >= ENOUGH
    rows = _rows_of(bounds, starts[heads[long]])
    tokens = _Tokens(part, starts, ends, gaps.plain, heads[long], tails[long])
    return Chains(
        np.unique(rows[tokens.may_be_labelled()]),
        np.unique(rows[tokens.may_stand_alone()]),
        np.unique(_rows_of(bounds, odd_places)),
    )


def _rows_of(bounds: Ints, places: Ints) -> Ints:
    return np.searchsorted(bounds, places, side="right") - 1


def _find_tokens(bounds: Ints, words: Words) -> tuple[Ints, Ints]:
    """The first byte of each run of digits, and one past its last."""
    near = np.flatnonzero(words != 0)
    digits, previous, following = words[near], words[near - 1], words[near + 1]
    starts = places_of(digits & ~(digits << _ONE | previous >> _LAST), near)
    ends = places_of(digits & ~(digits >> _ONE | following << _LAST), near) + 1
    inside = bounds[1:-1]
    token = np.searchsorted(starts, inside, side="left") - 1
    cuts = (
        inside[(token >= 0) & (inside < ends[np.maximum(token, 0)])] if len(starts) else inside[:0]
    )
    if len(cuts):  # digits at the end of a row and at the beginning of the next
        starts = np.sort(np.concatenate([starts, cuts]))
        ends = np.sort(np.concatenate([ends, cuts]))
    return starts, ends


def _is_odd(part: Bytes, starts: Ints, ends: Ints, before: Bytes, behind: Bytes) -> Bools:
    """Which tokens stand beside what folding may change: escapes, tags, invisible characters."""
    odd = _ODD_BEFORE[before] | _ODD_BEHIND[behind]
    second, third = (part.take(starts - step, mode="clip") for step in (2, 3))
    odd |= (second == ord(">")) | (second == ord("\\")) | (third == ord("\\"))
    wide = np.flatnonzero(behind >= 0x80)
    odd[wide] |= _may_vanish(part, ends[wide])
    power = np.flatnonzero((behind | 0x20) == ord("e"))
    sign = part.take(ends[power] + 1, mode="clip")
    odd[power] |= (sign == ord("+")) | (sign == ord("1"))
    return odd


def _may_vanish(part: Bytes, places: Ints) -> Bools:
    """Whether an invisible character of two or three bytes may begin at each place."""
    first, second, third = (part.take(places + step, mode="clip") for step in range(3))
    invisible = (second == 0x81) | (
        (second == 0x80) & (((third - 0x8B) & 0xFF <= 4) | ((third - 0xAA) & 0xFF <= 4))
    )
    return ((first == 0xC2) & (second == 0xAD)) | ((first == 0xE2) & invisible)


def _is_mangled(part: Bytes, places: Ints) -> Bools:
    """Whether `Â` or `â` stands at each place, as in text that was read in a wrong encoding."""
    second = part.take(places + 1, mode="clip")
    return (part.take(places) == 0xC3) & ((second == 0x82) | (second == 0xA2))


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


class _Gaps(NamedTuple):
    """Of the gap behind each token but the last.

    Attributes:
        joined: whether it may stand within a NIR.
        lettered: whether letters stand in it that OCR puts for digits.
        vanishing: whether folding may leave out a part of it.
        escaped: whether an escape or markup may begin in it.
        plain: whether it is one sign that always joins, or nothing.
    """

    joined: Bools
    lettered: Bools
    vanishing: Bools
    escaped: Bools
    plain: Bools


def _read_gaps(part: Bytes, starts: Ints, ends: Ints) -> _Gaps:
    begins, widths = ends[:-1], starts[1:] - ends[:-1]
    joined = widths <= _WIDEST_GAP
    lettered, vanishing, escaped = np.zeros((3, len(joined)), dtype=bool)
    plain = (widths <= 1) & _PLAIN[part.take(begins, mode="clip")]
    open_ = np.flatnonzero(widths > 0)
    step = 0
    while len(open_):
        places = begins[open_] + step
        byte = part.take(places)
        may = _MAY_JOIN[byte]
        escaped[open_[_ESCAPES[byte]]] = True
        line = np.flatnonzero(byte == ord("_"))
        escaped[open_[line[part.take(places[line] + 1) == ord("_")]]] = True
        joined[open_[~may]] = False
        lettered[open_[_LETTERS[byte]]] = True
        wide = np.flatnonzero(byte >= 0x80)
        vanishes = _may_vanish(part, places[wide]) | _MAY_VANISH[byte[wide]]
        vanishing[open_[wide[vanishes]]] = True
        escaped[open_[wide[_is_mangled(part, places[wide])]]] = True
        step += 1
        open_ = open_[may & (widths[open_] > step) & (joined[open_] | (step < _WIDEST_BEFORE_KEY))]
    return _Gaps(joined, lettered, vanishing, escaped, plain)


class _Tokens:
    """The tokens of N chains that are long enough.

    Args:
        part: the bytes.
        starts, ends: all tokens.
        plain: whether the gap behind each but the last is one sign that always joins.
        heads, tails: the first and the last token of each chain.
    """

    def __init__(
        self, part: Bytes, starts: Ints, ends: Ints, plain: Bools, heads: Ints, tails: Ints
    ) -> None:
        widths = tails - heads + 1
        self.part = part
        self.chain = np.repeat(np.arange(len(heads)), widths)
        index = np.arange(len(self.chain)) - np.repeat(np.cumsum(widths) - widths, widths)
        index += heads[self.chain]
        self.starts, self.ends = starts[index], ends[index]
        self.lengths = self.ends - self.starts
        self.sums = np.cumsum(self.lengths)
        self.begins = self.sums - self.lengths
        self.first = part.take(self.starts) - np.uint8(ord("0"))
        later = np.minimum(index + 1, len(starts) - 1)  # perhaps of another chain
        self.next_starts = starts[later]
        self.next_lengths = ends[later] - starts[later]
        self.ends_run = ~np.append(plain, False)[index] | (index == tails[self.chain])
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
