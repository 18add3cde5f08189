"""Where the digits of many texts stand: groups, runs over separators, and windows of n digits."""

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

Bools = npt.NDArray[np.bool_]
Bytes = npt.NDArray[np.uint8]
Ints = npt.NDArray[np.int64]

BODY: Final = 13  # digits of a NIR
FULL: Final = 15  # with its key
NONE: Final = np.empty(0, np.int64)
INSEE: Final = sum(1 << digits for digits in (1, 3, 5, 7, 10))  # where INSEE's grouping breaks

# Signs of a folded text that are no byte of UTF-8 and stand in no number:
MARK: Final = 0xFF  # where a NIR was redacted
STOP: Final = 0xFE  # a currency, a letter of another script

_LETTER, _CORSICA, _DIGIT, _GAP = 0, 1, 2, 3
_CLASSES: Final = np.array(
    [
        _DIGIT
        if chr(byte) in "0123456789"
        else _CORSICA
        if chr(byte) in "ABab"
        else _LETTER
        if byte >= STOP or (byte < 128 and chr(byte).isalpha())
        else _GAP
        for byte in range(256)
    ],
    np.uint8,
)


@dataclass(frozen=True, eq=False)
class Digits:
    """The D digits of N texts, in order.

    Attributes:
        signs: the digits themselves, Corsica's letters among them.
        at: the byte of each digit.
        text: the text of each.
        begins: which digits stand behind none.
        ends: which digits stand before none.
        run: the run of each: groups with nothing but separators between them.
    """

    signs: Bytes
    at: Ints
    text: npt.NDArray[np.int32]
    begins: Bools
    ends: Bools
    run: npt.NDArray[np.int32]

    def runs(self) -> tuple[Ints, Ints, Ints]:
        """The first and the last digit of each run, and how many there are from the first not 0."""
        edges = np.flatnonzero(np.diff(self.run, prepend=-1, append=-1))
        return self._counted(edges[:-1], edges[1:] - 1)

    def groups(self) -> tuple[Ints, Ints, Ints]:
        """The same of each group."""
        return self._counted(np.flatnonzero(self.begins), np.flatnonzero(self.ends))

    def _counted(self, first: Ints, last: Ints) -> tuple[Ints, Ints, Ints]:
        nonzero = np.append(np.flatnonzero(self.signs != ord("0")), len(self.at))
        return first, last, last + 1 - nonzero[np.searchsorted(nonzero, first)]

    def windows(self, length: int) -> Ints:
        """The first digits, 1 to 8, of all that make `length` digits from group to group."""
        starts = np.flatnonzero(self.begins & (self.signs - ord("1") < 8))
        starts = starts[starts + length <= len(self.at)]
        last = starts + length - 1
        return starts[self.ends[last] & (self.run[starts] == self.run[last])]

    def begins_run(self, starts: Ints) -> Bools:
        """Which of the digits are the first of their run, but for zeros."""
        _first, last, count = self.runs()
        run = self.run[starts]
        return np.asarray(starts <= (last + 1 - count)[run])

    def glued(self) -> Ints:
        """The first digits of groups that are two NIRs and more with their keys, and nothing else.

        Told by the first two and by the length.
        """
        first = np.flatnonzero(self.begins)
        size = np.flatnonzero(self.ends) - first + 1
        first = first[(size >= 2 * FULL) & (size % FULL == 0)]
        number = spell(self.signs, np.concatenate((first, first + FULL)), FULL)
        right = plausible(number // 100) & key_fits(number // 100, number % 100)
        return first[right.reshape(2, -1).all(axis=0)]

    def breaks(self, starts: Ints, length: int) -> Ints:
        """How many digits stand before each break of the windows from `starts`, as bits."""
        bits = np.zeros(len(starts), np.int64)
        for k in range(1, length):
            bits |= self.begins[starts + k].astype(np.int64) << k
        return bits


def find_digits(data: Bytes, offsets: Ints, widest: int) -> Digits | None:
    """The digits of N texts, if there are any; A and B are some behind a 2 and before no letter.

    Args:
        data: the bytes of the texts.
        offsets: N + 1 offsets into them.
        widest: bytes of separators that a run goes on over.
    """
    digits: Bools = data - np.uint8(ord("0")) < 10
    twos = np.flatnonzero(data[:-1] == ord("2"))
    letters = twos[_CLASSES[data[twos + 1]] == _CORSICA] + 1
    if len(letters):
        behind = _CLASSES[data[np.minimum(letters + 1, len(data) - 1)]] >= _DIGIT
        free = behind | _among(letters + 1, offsets)
        digits[letters[free & ~_among(letters, offsets)]] = True
    at = np.flatnonzero(digits)
    if not len(at):
        return None
    at, cut = _with_cut_departments(data, at, widest)
    counts = np.diff(np.searchsorted(at, offsets))
    text = np.repeat(np.arange(len(counts), dtype=np.int32), counts)
    step = np.diff(at)
    same = text[1:] == text[:-1]
    apart = ~same | ((step > 1) & ~cut)
    parted = ~same | (step > widest + 1)
    gaps = np.flatnonzero(apart & ~parted)
    for k in range(1, widest + 1):
        gaps = gaps[step[gaps] > k]
        parted[gaps[_CLASSES[data[at[gaps] + k]] <= _CORSICA]] = True
    run = np.zeros(len(at), np.int32)
    np.cumsum(parted, out=run[1:])
    edge = np.array([True])
    begins, ends = np.concatenate((edge, apart)), np.concatenate((apart, edge))
    return Digits(data[at], at, text, begins, ends, run)


def _among(places: Ints, offsets: Ints) -> Bools:
    """Which places are offsets; the last offset is none before."""
    return np.asarray(offsets[np.searchsorted(offsets, places)] == places)


def _with_cut_departments(data: Bytes, at: Ints, widest: int) -> tuple[Ints, Bools]:
    """The digits at N places, and the lone A and B between a 2 and a digit, separators around.

    Returns:
        The places of all; and which of their steps lead to such a letter.
    """
    step = np.diff(at)
    place = np.flatnonzero((step > 2) & (step <= 2 * widest + 2))
    place = place[data[at[place]] == ord("2")]
    letter = at[place] + 1
    for _ in range(widest):
        letter += _CLASSES[data[letter]] == _GAP
    lone = _CLASSES[data[letter]] == _CORSICA
    place, letter = place[lone], letter[lone]
    behind = letter + 1  # no farther than the next digit
    for _ in range(widest):
        behind += _CLASSES[data[behind]] == _GAP
    lone = behind == at[place + 1]
    place, letter = place[lone], letter[lone]
    at = np.insert(at, place + 1, letter)
    cut = np.zeros(len(at) - 1, bool)
    cut[place + np.arange(len(place))] = True
    return at, cut


def spell(signs: Bytes, starts: Ints, length: int) -> Ints:
    """The integers of `length` digits from each start, 2A read as 19 and 2B as 18; else 0."""
    spelt = np.zeros(len(starts), np.int64)
    known = np.ones(len(starts), bool)
    for i in range(length):
        digit = signs[starts + i] - np.uint8(ord("0"))
        fits = digit < 10
        if i == 6 and not fits.all():
            for sign, value in ((ord("a"), -1), (ord("b"), -2)):
                letter = (signs[starts + i] | 0x20 == sign) & (spelt % 10 == 2)
                digit = np.where(letter, value, digit.astype(np.int64))
                fits |= letter
        known &= fits
        spelt *= 10
        spelt += digit
    return np.asarray(np.where(known, spelt, 0))


def plausible(bodies: Ints) -> Bools:
    """Whether 13-digit numbers have a first digit, a month and a département that a NIR may have.

    As broad as any source (law, §3, §5), so that no identifier passes.
    """
    month = bodies // 10**8 % 100
    department = bodies // 10**6 % 100
    first = bodies // 10**12
    born = ((month >= 1) & (month <= 12)) | (month >= 20)
    return np.asarray(born & (first >= 1) & (first <= 8) & (department > 0))


def key_fits(bodies: Ints, keys: Ints) -> Bools:
    """Whether `keys` are those of `bodies`."""
    return np.asarray((keys >= 1) & (keys <= 97) & ((bodies + keys) % 97 == 0))
