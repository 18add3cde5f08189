"""A column of texts, sieved down to the values in which a NIR may be.

Three sieves, each finer and slower than the one before:

1. which values hold a dozen digits close together, counted over the whole buffer, or in columns
   of short values which hold 13 bytes at all that can become digits;
2. in those, which runs of digits and separators have a NIR's length (`sieve`);
3. in those, which have a sign of being one: a right key, INSEE's grouping, or a word that may be
   a label. What is left is read closely (`tamis.filter.gate.text`).

Types and buffers repeat some of `tamis.arrow` on purpose: the second look shares no code with the
first.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

Bools = npt.NDArray[np.bool_]
Bytes = npt.NDArray[np.uint8]
Ints = npt.NDArray[np.int64]

BODY: Final = 13  # digits of a NIR
FULL: Final = 15  # with its key
NONE: Final = np.empty(0, np.int64)

_WORD: Final = 8  # bytes whose digits are counted together
_LOOSE: Final = 12  # words, 96 bytes: hold any span of 89, a NIR written with escapes
_SHORT: Final = 64  # bytes a value on average, below which counting words sorts nothing out
_CHUNK: Final = 1 << 18  # bytes worked on at once: what a core's cache holds
_FEWEST_DIGITS: Final = 12  # of 13 characters one may be the letter of 2A and 2B
_WIDEST_STEP: Final = 13  # bytes from one digit of a run to the next: 4 separators of 3 bytes
_INSEE_BREAKS: Final = (1, 3, 5, 7, 10)
_NO_NUMBER: Final = 10**16
_BIT: Final = np.uint64(1)

_FOREIGN_BYTES: Final = range(0xC6, 0xF5)  # that begin a character beyond Latin
_PUNCTUATION: Final = 0xE2  # of these, the byte that begins general punctuation
_LATIN: Final = 0xC3  # begins a French letter with an accent,
_SIGNS: Final = (0x97, 0xB7)  # but for the signs of times and division

_LETTER, _GAP, _DIGIT, _CORSICA, _LIKE_DIGIT, _ESCAPE, _FOREIGN = range(7)


def _class_of(byte: int) -> int:
    char = chr(byte)
    if char in "0123456789":
        return _DIGIT
    if char in "AaBb":
        return _CORSICA
    if char in "OolIS":
        return _LIKE_DIGIT
    if char in "&%\\<":
        return _ESCAPE
    if byte in _FOREIGN_BYTES and byte != _PUNCTUATION:
        # The first byte of a character beyond Latin, but for the general punctuation that French
        # text is full of: a digit of another script, perhaps.
        return _FOREIGN
    return _LETTER if byte < 128 and char.isalpha() else _GAP


_CLASSES: Final = bytes(map(_class_of, range(256)))


def _weight_of(byte: int) -> int:
    """How many digits a byte can become when a text is read closely; 13 for no matter how many."""
    kind = _CLASSES[byte]
    if kind in (_ESCAPE, _FOREIGN):
        return BODY
    # An exponent, and the first bytes of superscript and encircled digits.
    return int(kind in (_DIGIT, _CORSICA, _LIKE_DIGIT) or byte in b"eE\xc2\xe2")


_WEIGHTS: Final = bytes(map(_weight_of, range(256)))
_IS_LETTER: Final = np.array([True, False, False, True, True, False, False])
_MAY_LABEL: Final = (  # a superset of what `gate.text` takes for a label, or for a key's name
    r"(?i:(?:^|[^a-z])n[. ]?i[. ]?r(?:[^a-z\]]|$)|[^a-z\[]nir\]|[^a-z](?:nia|nss|ssn|sngi)"
    r"|^(?:nia|nss|ssn|sngi)|rnipp|insee|num_?ss|s(?:é|É|e)cu|s(?:é|É|e)c\.? soc"
    r"|(?:^|[^a-z])s\.?s[^a-z]|matric|vitale|assur(?:é|É|e|ance)|(?:^|[^a-z])ins[^a-z]"
    r"|identifiant n|d.identi|(?:num(?:é|É|e)ro|n°) nat|d.inscription|30.001"
    r"|[0-9][^0-9a-z]{0,6}(?:cl(?:é|É|e)|key))|[a-z](?:N[iI][rR]|N?SS)"
)


@dataclass(frozen=True, eq=False)
class Sieved:
    """What is left of N values.

    Attributes:
        close: positions of the values to be read closely.
        bodies_at: positions of the values that are 13 characters and nothing else.
        bodies: those 13 as integers, 2A as 19 and 2B as 18; shape not judged.
        full_at: positions of the values that are 15 characters and nothing else.
        full: those 15 as integers.
    """

    close: Ints
    bodies_at: Ints
    bodies: Ints
    full_at: Ints
    full: Ints


def text_buffers(values: pa.Array) -> tuple[Bytes, Ints]:
    """The bytes of N large_binary values, and the N + 1 offsets into them."""
    _, offsets_buffer, data_buffer = values.buffers()
    if not len(values):
        return np.empty(0, np.uint8), np.zeros(1, np.int64)
    offsets = np.frombuffer(offsets_buffer, np.int64)[values.offset :][: len(values) + 1]
    data = np.frombuffer(data_buffer or b"", np.uint8)[offsets[0] : offsets[-1]]
    return data, offsets - offsets[0] if offsets[0] else offsets


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


def sieve(values: pa.Array) -> Sieved:
    """Sieve N large_binary values. A null's bytes are not looked at."""
    at = _dense(values)
    if values.null_count and len(at):
        at = at[np.asarray(values.is_valid())[at]]
    if not len(at):
        return Sieved(NONE, NONE, NONE, NONE, NONE)
    if len(at) < len(values):
        values = values.take(pa.array(at))
    data, offsets = text_buffers(values)
    classes = np.frombuffer(data.tobytes().translate(_CLASSES), np.uint8)
    digits = _digits(data, classes, offsets)
    sizes = np.diff(offsets)
    counts = np.add.reduceat(digits, offsets[:-1], dtype=np.int64)

    bare = counts == sizes
    bodies_at = np.flatnonzero(bare & (sizes == BODY))
    full_at = np.flatnonzero(bare & (sizes == FULL))
    rest = ~bare & (counts >= BODY)
    close, odd = _candidates(data, classes, offsets, digits & np.repeat(rest, sizes))
    if len(odd):
        labels = pc.match_substring_regex(values.take(pa.array(odd)), _MAY_LABEL)
        close = np.concatenate((close, odd[np.asarray(labels)]))
    encoded = _encoded(data, classes, offsets, digits)
    return Sieved(
        close=at[np.union1d(close, encoded)],
        bodies_at=at[bodies_at],
        bodies=_numbers(data, offsets[bodies_at] + np.arange(BODY)[:, None]),
        full_at=at[full_at],
        full=_numbers(data, offsets[full_at] + np.arange(FULL)[:, None]),
    )


def _dense(values: pa.Array) -> Ints:
    """Positions of the values that may hold a dozen digits close together, ascending."""
    data, offsets = text_buffers(values)
    if len(data) < _SHORT * len(values):
        sizes = np.diff(offsets)
        widest = int(sizes.max(initial=0))
        if widest < BODY or (widest == sizes.min() and _heaviest(data, widest) < BODY):
            return NONE
        return np.flatnonzero((sizes >= BODY) & _weigh(data, offsets))
    at = _near(data, offsets)
    return at[_hold_dozens(values.take(pa.array(at)))] if len(at) else NONE


def _heaviest(data: Bytes, width: int) -> int:
    """No fewer bytes than any value of `width` bytes holds that can become digits.

    Told by the lowest and the highest byte at each place: of `D000123` and the like, six.
    """
    many = data[: len(data) // (_SHORT * width) * _SHORT * width].reshape(-1, _SHORT * width)
    few = data[many.size :].reshape(-1, width)
    low = np.vstack((many.min(axis=0, initial=255).reshape(-1, width), few)).min(axis=0)
    high = np.vstack((many.max(axis=0, initial=0).reshape(-1, width), few)).max(axis=0)
    return sum(max(_WEIGHTS[a : b + 1]) for a, b in zip(low.tolist(), high.tolist(), strict=True))


def _weigh(data: Bytes, offsets: Ints) -> Bools:
    """Which values hold 13 bytes that can become digits, or one that can become any number."""
    weights = np.frombuffer(data.tobytes().translate(_WEIGHTS), np.uint8)
    octets = np.zeros(8 * (len(data) // 64 + 1), np.uint8)
    octets[: (len(data) + 7) // 8] = np.packbits(weights, bitorder="little")
    words = octets.view("<u8")
    counts = np.bitwise_count(words)
    below = words[offsets >> 6] & ((_BIT << (offsets & 63).astype(np.uint64)) - _BIT)
    before = (np.cumsum(counts, dtype=np.int64) - counts)[offsets >> 6] + np.bitwise_count(below)
    enough = np.diff(before) >= BODY
    if weights.max() == BODY:
        enough[np.searchsorted(offsets, np.flatnonzero(weights == BODY), "right") - 1] = True
    return np.asarray(enough)


def _count(data: Bytes, word: type[np.uint8 | np.uint64]) -> Bytes:
    """How many digits, or beginnings of other scripts' characters, are in each 8 or 64 bytes.

    Some more counts of none follow.
    """
    width = 8 * np.dtype(word).itemsize
    counts = np.zeros(len(data) // width + _LOOSE + 1, np.uint8)
    shifted, flags = np.empty(_CHUNK, np.uint8), np.empty(_CHUNK, bool)
    for start in range(0, len(data), _CHUNK):
        chunk = data[start : start + _CHUNK]
        digits = flags[: len(chunk)]
        np.less(np.subtract(chunk, 48, out=shifted[: len(chunk)]), 10, out=digits)
        if chunk.max() >= _FOREIGN_BYTES[0]:
            digits |= (chunk >= _FOREIGN_BYTES[0]) & (chunk != _PUNCTUATION)
        whole = len(chunk) + -len(chunk) % width
        flags[len(chunk) : whole] = False
        digits_a_word = np.bitwise_count(np.packbits(flags[:whole]).view(word))
        counts[start // width :][: len(digits_a_word)] = digits_a_word
    return counts


def _near(data: Bytes, offsets: Ints) -> Ints:
    """Positions of the values that a dozen digits stand in or beside, in three times 64 bytes.

    Any span of 89 bytes, a NIR written with escapes, lies in the three from that it begins in.
    """
    counts = _count(data, np.uint64)
    full = counts[:-2] + counts[1:-1] + counts[2:] >= _FEWEST_DIGITS
    if not full.any():
        return NONE
    before = np.concatenate(([0], np.cumsum(full, dtype=np.int32)))
    near = before[(offsets[1:] + 63) >> 6] > before[offsets[:-1] >> 6]
    return np.flatnonzero(near & (np.diff(offsets) >= BODY))


def _hold_dozens(values: pa.Array) -> Bools:
    """Which values hold a dozen digits within 89 bytes."""
    data, offsets = text_buffers(values)
    words = _count(data, np.uint8)
    twos = words[:-1] + words[1:]
    fours = twos[:-2] + twos[2:]
    stretches = fours[:-8] + fours[4:-4] + fours[8:]
    # A stretch counts for the value in which it starts: what begins in a value's last word is
    # shorter than a NIR.
    return np.asarray(np.maximum.reduceat(stretches, offsets[:-1] // _WORD) >= _FEWEST_DIGITS)


def _digits(data: Bytes, classes: Bytes, offsets: Ints) -> Bools:
    """Which bytes are digits, or an A or B behind a 2 and before no letter, within their value."""
    digits: Bools = classes == _DIGIT
    letters = np.flatnonzero(classes == _CORSICA)
    letters = letters[data[np.maximum(letters - 1, 0)] == ord("2")]
    if len(letters):
        begins = np.zeros(len(data) + 1, bool)
        begins[offsets] = True
        following = classes[np.minimum(letters + 1, len(data) - 1)]
        free = ~_IS_LETTER[following] | begins[letters + 1]
        digits[letters[free & ~begins[letters]]] = True
    return digits


def _candidates(data: Bytes, classes: Bytes, offsets: Ints, digits: Bools) -> tuple[Ints, Ints]:
    """Values in which 13 or 15 digits stand between breaks: with a sign of being a NIR; without."""
    at = np.flatnonzero(digits)
    if len(at) < BODY:
        return NONE, NONE
    value, apart, run = _runs(classes, offsets, at)
    begins = np.concatenate(([True], apart))
    ends = np.concatenate((apart, [True]))
    starts = np.flatnonzero(begins & (data[at] > 48) & (data[at] < 57))
    close, odd = [], []
    for length in (BODY, FULL):
        first = starts[starts + length <= len(at)]
        last = first + length - 1
        first = first[ends[last] & (run[first] == run[last])]
        signed = np.all([begins[first + k] for k in _INSEE_BREAKS], axis=0)
        if length == FULL:
            numbers = _numbers(data, at[first + np.arange(FULL)[:, None]])
            signed |= plausible(numbers // 100) & key_fits(numbers // 100, numbers % 100)
        close.append(value[first[signed]])
        odd.append(value[first[~signed]])
    return np.unique(np.concatenate(close)), np.unique(np.concatenate(odd))


def _runs(classes: Bytes, offsets: Ints, at: Ints) -> tuple[Ints, Bools, Ints]:
    """Of bytes at some places: the value of each, which do not touch the next, and the run of each.

    A run goes on over separators, and ends at a letter, a wide gap or the end of its value.
    """
    value = np.searchsorted(offsets, at, "right") - 1
    step = np.diff(at)
    same = value[1:] == value[:-1]
    apart = ~same | (step > 1)
    parted = ~same | (step > _WIDEST_STEP)
    gaps = np.flatnonzero(apart & ~parted)
    for k in range(1, _WIDEST_STEP):
        gaps = gaps[step[gaps] > k]
        parted[gaps[_IS_LETTER[classes[at[gaps] + k]]]] = True
    return value, apart, np.concatenate(([0], np.cumsum(parted)))


def _numbers(data: Bytes, places: Ints) -> Ints:
    """The integer that each column of `places` spells, 2A read as 19 and 2B as 18; else 0."""
    length, count = places.shape
    numbers = np.zeros(count, np.int64)
    corsica = np.zeros(count, np.int64)
    for i in range(length):
        char = data[places[i]]
        letter = char > 57
        if letter.any():
            # 2A is 20 less a million in the body, 2B less two.
            a, b = (10 ** (length - 7) * n if i == 6 else _NO_NUMBER for n in (1, 2))
            less = np.where((char | 0x20) == ord("a"), a, b)
            corsica = np.maximum(corsica, np.where(letter, less, 0))
            char = np.where(letter, np.uint8(48), char)
        numbers = numbers * 10 + (char - np.uint8(48))
    return np.asarray(np.where(corsica < _NO_NUMBER, numbers - corsica, 0))


def _encoded(data: Bytes, classes: Bytes, offsets: Ints, digits: Bools) -> Ints:
    """Values with escapes, digits of other scripts, or other ways to write some."""
    misread = _misread(data, classes, offsets, digits)
    last = len(data) - 1
    escapes = np.flatnonzero(classes == _ESCAPE)
    escape, following = data[escapes], data[np.minimum(escapes + 1, last)]
    opens = (
        ((escape == ord("&")) & ((following == ord("#")) | (following > 64)))
        | ((escape == ord("%")) & (following > 47) & (following < 103))
        | ((escape == ord("\\")) & (following > 96))
        | ((escape == ord("<")) & (following > 46))
    )
    places = [misread, escapes[opens], np.flatnonzero(classes == _FOREIGN)]
    # Scientific notation.
    powers = 1 + np.flatnonzero(digits[:-1] & ((data[1:] | 0x20) == ord("e")))
    behind = data[np.minimum(powers + 1, last)]
    places.append(powers[(behind == ord("+")) | (behind == ord("1"))])
    return np.unique(np.searchsorted(offsets, np.concatenate(places), "right") - 1)


def _misread(data: Bytes, classes: Bytes, offsets: Ints, digits: Bools) -> Ints:
    """Where letters stand that may be misread digits, in runs that are then as long as a NIR."""
    like = np.flatnonzero((classes == _LIKE_DIGIT) | (data == ord("B")))
    letter = (classes == _LETTER) | ((classes == _CORSICA) & (data != ord("B")))
    edge = np.zeros(len(data) + 1, bool)
    edge[offsets] = True
    accents = np.flatnonzero(data[:-1] == _LATIN)
    second = data[accents + 1]
    accents = accents[(second >= 0x80) & ~np.isin(second, _SIGNS) & ~edge[accents + 1]]
    letter[accents] = letter[accents + 1] = True
    before, behind = letter[np.maximum(like - 1, 0)], letter[np.minimum(like + 1, len(data) - 1)]
    marks = digits.copy()
    marks[like[(edge[like] | ~before) & (edge[like + 1] | ~behind)]] = True
    at = np.flatnonzero(marks)
    if not len(at):
        return NONE
    _, _, run = _runs(classes, offsets, at)
    return at[~digits[at] & (np.bincount(run)[run] >= BODY)]
