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
_CLASSES: Final = bytes(
    _DIGIT
    if chr(byte) in "0123456789"
    else _CORSICA
    if chr(byte) in "ABab"
    else _LETTER
    if byte >= STOP or (byte < 128 and chr(byte).isalpha())
    else _GAP
    for byte in range(256)
)
_BIT: Final = np.uint64(1)


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
        # A number may also end in a 2 before what looks like Corsica's letter: « 92 a 3 enfants »,
        # « 92bébé ».
        following = np.minimum(last + 1, len(self.at) - 1)
        ends = self.ends[last] | (self.at[following] > self.at[last] + 1)
        ends |= self.signs[following] > ord("9")
        return starts[ends & (self.run[starts] == self.run[last])]

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
    classes = np.frombuffer(data.tobytes().translate(_CLASSES), np.uint8)
    digits: Bools = classes == _DIGIT
    letters = np.flatnonzero((data[:-1] == ord("2")) & (classes[1:] == _CORSICA)) + 1
    if len(letters):
        behind = classes[np.minimum(letters + 1, len(data) - 1)] >= _DIGIT
        free = behind | _among(letters + 1, offsets)
        digits[letters[free & ~_among(letters, offsets)]] = True
    at = np.flatnonzero(digits)
    if not len(at):
        return None
    step = np.diff(at)
    apart, parted = step > 1, step > widest + 1
    gaps = np.flatnonzero(apart & (step <= 2 * widest + 2))
    edges = np.stack((at[gaps] + 1, at[gaps + 1]), axis=1).ravel()
    between = count_bits(np.packbits(classes <= _CORSICA, bitorder="little"), edges)[::2]
    parted[gaps[between > 0]] = True
    place = gaps[(between == 1) & (step[gaps] > 2) & (data[at[gaps]] == ord("2"))]
    if len(place):
        place, letters = _cut_departments(classes, at, place, widest)
        at = np.insert(at, place + 1, letters)
        parted[place] = False
        parted = np.insert(parted, place, False)
        apart = np.diff(at) > 1
        letters = place + np.arange(len(place)) + 1
        apart[letters - 1] = False
        apart[letters] = True  # a number may begin behind what is no department: « 2, A155… »
    counts = np.diff(np.searchsorted(at, offsets))
    text = np.repeat(np.arange(len(counts), dtype=np.int32), counts)
    other = text[1:] != text[:-1]
    apart |= other
    parted |= other
    run = np.zeros(len(at), np.int32)
    np.cumsum(parted, out=run[1:])
    edge = np.array([True])
    begins, ends = np.concatenate((edge, apart)), np.concatenate((apart, edge))
    return Digits(data[at], at, text, begins, ends, run)


def _among(places: Ints, offsets: Ints) -> Bools:
    """Which places are offsets; the last offset is none before."""
    return np.asarray(offsets[np.searchsorted(offsets, places)] == places)


def _cut_departments(classes: Bytes, at: Ints, place: Ints, widest: int) -> tuple[Ints, Ints]:
    """Which of N digits 2 stand before a lone A or B and a digit, separators around; and its place.

    Args:
        classes: of all bytes.
        at: the bytes of all digits.
        place: which of them are these, before one letter.
        widest: bytes of separators.
    """
    letter = at[place] + 1
    for _ in range(widest):
        letter += classes[letter] == _GAP
    lone = classes[letter] == _CORSICA
    place, letter = place[lone], letter[lone]
    behind = letter + 1  # no farther than the next digit
    for _ in range(widest):
        behind += classes[behind] == _GAP
    lone = behind == at[place + 1]
    return place[lone], letter[lone]


def count_bits(bits: Bytes, offsets: Ints) -> Ints:
    """How many of the bits, one a byte of N values, each value has."""
    octets = np.zeros(8 * (len(bits) // 8 + 1), np.uint8)
    octets[: len(bits)] = bits
    words = octets.view("<u8")
    counts = np.bitwise_count(words)
    place = offsets >> 6
    below = words[place] & ((_BIT << (offsets & 63).astype(np.uint64)) - _BIT)
    before = (np.cumsum(counts, dtype=np.int64) - counts)[place] + np.bitwise_count(below)
    return np.diff(before)


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
