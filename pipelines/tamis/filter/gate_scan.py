"""A flat array of values, scanned for NIRs a column at a time.

Texts go through three sieves, each finer and slower than the one before:

1. which values hold a dozen digits close together (counted over the whole buffer);
2. in those, which runs of digits have a NIR's shape and length (`_windows`);
3. in those, which are NIRs (a whole value by arithmetic, else `gate_text.holds_nir`).
"""

import math
from dataclasses import dataclass, field
from typing import Final, TypeVar

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from tamis.filter.gate_text import holds_nir

_Item = TypeVar("_Item", bound=np.generic)
Bools = npt.NDArray[np.bool_]
Bytes = npt.NDArray[np.uint8]
Ints = npt.NDArray[np.int64]

BODY: Final = 13  # digits of a NIR
FULL: Final = 15  # with its key
_NONE: Final = np.empty(0, np.int64)

_WINDOW: Final = 32  # bytes counted together
_CHUNK: Final = 1 << 18  # bytes worked on at once: what a core's cache holds
_FEWEST_DIGITS: Final = 12  # of 13 characters one may be the letter of 2A and 2B
_WIDEST_GAP: Final = 13  # bytes from one digit of a run to the next: 4 separators of 3 bytes

_NO_NUMBER: Final = 10**16
_CHANCE_OF_KEY: Final = 0.012  # 15 random digits with the right key; 1 in 97, and some
_CHANCE_OF_MONTH: Final = 0.12  # two random digits from 01 to 12
_PROOF: Final = math.log(1e-6)

_OTHER, _GAP, _DIGIT, _CORSICA = range(4)
_CLASSES: Final = bytes(
    _DIGIT
    if chr(byte) in "0123456789"
    else _CORSICA
    if chr(byte) in "AaBb"
    else _OTHER
    if byte < 128 and chr(byte).isalpha()
    else _GAP
    for byte in range(256)
)
_LIKE_DIGITS: Final = np.isin(np.arange(256), np.frombuffer(b"OolISB", np.uint8))


@dataclass(frozen=True, eq=False)
class Scan:
    """What N values hold.

    Attributes:
        hits: positions of the values that hold a NIR, ascending.
        bodies_at: positions of the values that are 13 characters and nothing else.
        bodies: those 13 as integers, 2A as 19 and 2B as 18; shape not judged.
        long: how many values are 15 characters and nothing else.
        bare: how many hits are such values and have no other sign than their key.
    """

    hits: Ints = field(default_factory=lambda: _NONE)
    bodies_at: Ints = field(default_factory=lambda: _NONE)
    bodies: Ints = field(default_factory=lambda: _NONE)
    long: int = 0
    bare: int = 0


def scan_integers(values: Ints, *, named: bool) -> Scan:
    """Scan N integers; `named` if the column's name says NIR, so that shape is enough."""
    at = np.flatnonzero((values >= 10**12) & (values < 9 * 10**14))
    candidates = values[at]
    is_long = candidates >= 10**14
    full, full_at = candidates[is_long], at[is_long]
    is_body = candidates < 9 * 10**12
    bodies, bodies_at = candidates[is_body], at[is_body]
    shaped = _plausible(full // 100)
    right = shaped & _key_fits(full // 100, full % 100)
    if not named:
        return Scan(full_at[right], bodies_at, bodies, len(full), int(right.sum()))
    hits = np.concatenate((full_at[shaped], bodies_at[_plausible(bodies)]))
    return Scan(np.sort(hits), bodies_at, bodies, len(full), 0)


def scan_floats(values: npt.NDArray[np.float64], *, named: bool) -> Scan:
    """Scan N floats: whole numbers, and thirteen digits with the key as their decimals."""
    with np.errstate(invalid="ignore", over="ignore"):
        near = (values >= 1e12) & (values < 9e14)
        whole = near & (values == np.floor(values))
        cents = near & ~whole & (values < 9e12)
        numbers = np.zeros(len(values), np.int64)
        numbers[whole] = values[whole].astype(np.int64)
        numbers[cents] = np.rint(values[cents] * 100).astype(np.int64)
    return scan_integers(numbers, named=named)


def scan_texts(values: pa.Array, *, named: bool, not_nir: bool) -> Scan:
    """Scan N large_binary values of UTF-8, or of anything else.

    Args:
        values: the texts; a null's bytes are not looked at.
        named: the column's name says NIR: in a whole value, shape is enough.
        not_nir: only a label or the INSEE grouping counts.
    """
    data, offsets = text_buffers(values)
    if not len(values) or int(np.diff(offsets).max()) < BODY:
        return Scan()
    at = _dense(data, offsets)
    if values.null_count and len(at):
        at = at[np.asarray(values.is_valid())[at]]
    if not len(at):
        return Scan()
    if len(at) < len(values):
        data, offsets = text_buffers(values.take(pa.array(at)))
    found = _read(data, offsets)
    close = np.zeros(len(at), bool)
    close[found.unsure] = True
    certain = np.zeros(len(at), bool)
    bare = 0
    if not not_nir:
        shaped = _plausible(found.full // 100)
        right = shaped & _key_fits(found.full // 100, found.full % 100)
        certain[found.full_at[right]] = True
        bare = 0 if named else int(right.sum())
        if named:
            certain[found.full_at[shaped]] = True
            certain[found.bodies_at[_plausible(found.bodies)]] = True
    for i in np.flatnonzero(close & ~certain):
        text = data[offsets[i] : offsets[i + 1]].tobytes().decode(errors="replace")
        certain[i] = holds_nir(text, not_nir=not_nir)
    return Scan(at[certain], at[found.bodies_at], found.bodies, len(found.full), bare)


def text_buffers(values: pa.Array) -> tuple[Bytes, Ints]:
    """The bytes of N large_binary values, and the N + 1 offsets into them."""
    _, offsets_buffer, data_buffer = values.buffers()
    if not len(values):
        return np.empty(0, np.uint8), np.zeros(1, np.int64)
    offsets = np.frombuffer(offsets_buffer, np.int64)[values.offset :][: len(values) + 1]
    data = np.frombuffer(data_buffer or b"", np.uint8)[offsets[0] : offsets[-1]]
    return data, offsets - offsets[0]


def look_like_nirs(bodies: Ints) -> bool:
    """Whether 13-digit numbers, as a batch, are NIRs: too many have a month for it to be chance.

    Months of birth run from 01 to 12 where any other digits run from 00 to 99. Numbers that all
    begin alike are a counter or a clock, which may stand at such a month for a while.
    """
    if len(bodies) < 200:
        return False
    persons = np.unique(bodies[bodies < 3 * 10**12])
    if not len(persons):
        return False
    _, alike = np.unique(persons // 10**10, return_counts=True)
    months = persons // 10**8 % 100
    born = int(((months >= 1) & (months <= 12)).sum())
    varied = alike.max() < 0.9 * len(persons)
    return bool(varied and born >= 0.3 * len(persons)) and is_no_chance(
        born, len(persons), _CHANCE_OF_MONTH
    )


def is_no_chance(hits: int, of: int, chance: float = _CHANCE_OF_KEY) -> bool:
    """Whether `hits` of `of` independent values are too many for `chance`, at 1 in a million.

    Chernoff's bound of the binomial tail, P(X >= hits) <= exp(-of * D(hits/of || chance)).
    """
    share = hits / of if of else 0.0
    if share <= chance:
        return False
    divergence = share * math.log(share / chance)
    if share < 1:
        divergence += (1 - share) * math.log((1 - share) / (1 - chance))
    return -of * divergence < _PROOF


def _plausible(bodies: Ints) -> Bools:
    """Whether 13-digit numbers have a first digit, a month and a département that a NIR may have.

    As broad as any source (law, §3, §5), so that no identifier passes.
    """
    month = bodies // 10**8 % 100
    department = bodies // 10**6 % 100
    first = bodies // 10**12
    born = ((month >= 1) & (month <= 12)) | (month >= 20)
    found: Bools = born & (first >= 1) & (first <= 8) & (department > 0)
    return found


def _key_fits(bodies: Ints, keys: Ints) -> Bools:
    fits: Bools = (bodies + keys) % 97 == 0
    return fits & (keys >= 1) & (keys <= 97)


def _dense(data: Bytes, offsets: Ints) -> Ints:
    """The values that may have a dozen digits within 65 bytes, and are long enough, ascending."""
    counts = np.zeros(len(data) // _WINDOW + 3, np.uint8)
    for start in range(0, len(data), _CHUNK):
        chunk = data[start : start + _CHUNK]
        digits = (chunk - np.uint8(48)) < 10
        # Digits of other scripts: the first byte of every character beyond Latin, but for the
        # general punctuation that French text is full of.
        foreign = (chunk - np.uint8(0xC6)) < 0x2F
        if foreign.any():
            digits |= foreign & (chunk != 0xE2)
        packed = np.packbits(digits)
        words = np.zeros(-(-len(chunk) // _WINDOW), np.uint32)
        words.view(np.uint8)[: len(packed)] = packed
        counts[start // _WINDOW :][: len(words)] = np.bitwise_count(words)
    windows = np.flatnonzero(counts[:-2] + counts[1:-1] + counts[2:] >= _FEWEST_DIGITS)
    if not len(windows):
        return _NONE
    first = np.searchsorted(offsets, windows * _WINDOW, "right") - 1
    last = np.searchsorted(offsets, (windows + 3) * _WINDOW, "left")
    values = len(offsets) - 1
    marks = np.bincount(np.maximum(first, 0), minlength=values + 1)[: values + 1]
    marks = marks - np.bincount(np.minimum(last, values), minlength=values + 1)
    dense = np.cumsum(marks)[:values] > 0
    return np.flatnonzero(dense & (np.diff(offsets) >= BODY))


@dataclass(frozen=True, eq=False)
class _Reading:
    unsure: Ints  # values with something only `holds_nir` can judge
    bodies_at: Ints  # values that are 13 characters and nothing else
    bodies: Ints
    full_at: Ints  # values that are 15 characters and nothing else
    full: Ints


def _read(data: Bytes, offsets: Ints) -> _Reading:
    classes = np.frombuffer(data.tobytes().translate(_CLASSES), np.uint8)
    digits = classes == _DIGIT
    letters = np.flatnonzero(classes == _CORSICA)
    if len(letters):
        digits[letters[_corsican(data, classes, offsets, letters)]] = True
    upto = np.concatenate(([0], np.cumsum(digits, dtype=np.int64)))
    per_value = upto[offsets[1:]] - upto[offsets[:-1]]
    at = np.flatnonzero(digits)
    value = np.repeat(np.arange(len(offsets) - 1), per_value)
    unsure = [_encoded(data, classes, offsets)]
    whole: dict[int, tuple[Ints, Ints]] = {BODY: (_NONE, _NONE), FULL: (_NONE, _NONE)}
    if len(at) >= BODY:
        step = np.diff(at)
        same = value[1:] == value[:-1]
        apart = ~same | (step > 1)
        begins = np.concatenate(([True], apart))
        ends = np.concatenate((apart, [True]))
        words = np.cumsum((classes == _OTHER) | ((classes == _CORSICA) & ~digits))[at]
        parted = ~same | (step > _WIDEST_GAP) | (words[1:] != words[:-1])
        run = np.concatenate(([0], np.cumsum(parted)))
        first_digit = data[at]
        starts = np.flatnonzero(begins & (first_digit > 48) & (first_digit < 57))
        for length in (BODY, FULL):
            s = starts[starts + length <= len(at)]
            e = s + length - 1
            s = s[ends[e] & (run[e] == run[s])]
            e = s + length - 1
            inside = value[s]
            alone = (offsets[inside + 1] - offsets[inside] == length) & (at[e] - at[s] < length)
            whole[length] = (inside[alone], _numbers(data, at, s[alone], length))
            unsure.append(inside[~alone])
    return _Reading(np.concatenate(unsure), *whole[BODY], *whole[FULL])


def _corsican(data: Bytes, classes: Bytes, offsets: Ints, letters: Ints) -> Bools:
    """Which letters A and B stand behind a 2 and before no letter, within their value."""
    starts = np.zeros(len(data) + 1, bool)
    starts[offsets] = True
    before = data[np.maximum(letters - 1, 0)] == ord("2")
    next_class = classes[np.minimum(letters + 1, len(data) - 1)]
    free = (next_class == _GAP) | (next_class == _DIGIT) | starts[letters + 1]
    found: Bools = before & ~starts[letters] & free
    return found


def _numbers(data: Bytes, at: Ints, starts: Ints, length: int) -> Ints:
    """The integers of `length` digits from each start, 2A read as 19 and 2B as 18."""
    numbers = np.zeros(len(starts), np.int64)
    corsica = np.zeros(len(starts), np.int64)
    for i in range(length):
        char = data[at[starts + i]]
        letter = char > 57
        if letter.any():
            # 2A is 20 less a million in the body, 2B less two.
            less = np.where((char | 0x20) == ord("a"), 1, 2) * 10 ** (length - 7)
            less = less if i == 6 else np.full(len(char), _NO_NUMBER)
            corsica = np.maximum(corsica, np.where(letter, less, 0))
            char = np.where(letter, 48, char)
        numbers = numbers * 10 + (char - np.uint8(48))
    return np.asarray(np.where(corsica < _NO_NUMBER, numbers - corsica, 0))


def _encoded(data: Bytes, classes: Bytes, offsets: Ints) -> Ints:
    """Values with escapes, digits of other scripts, or letters that a scanner takes for digits."""
    if not len(data):
        return _NONE
    following, preceding = _shift(data, -1), _shift(data, 1)
    escape = (
        ((data == ord("&")) & ((following == ord("#")) | (following > 64)))
        | ((data == ord("%")) & (following > 47) & (following < 103))
        | ((data == ord("\\")) & (following > 96))
        | ((data == ord("<")) & (following > 46))
    )
    foreign = (data > 0xC5) & (data < 0xF5) & (data != 0xE2)
    near = _is_digit(data)
    near = near | _shift(near, 1) | _shift(near, 2)
    between = ~_is_letter(preceding) & ~_is_letter(following)
    misread = _LIKE_DIGITS[data] & between & (_shift(near, 1) | _shift(near, -3))
    found = np.flatnonzero(escape | foreign | misread)
    return np.unique(np.searchsorted(offsets, found, "right") - 1)


def _shift(array: npt.NDArray[_Item], by: int) -> npt.NDArray[_Item]:
    """The array moved `by` places to the right, zeros moving in."""
    moved = np.zeros_like(array)
    if by > 0:
        moved[by:] = array[:-by]
    else:
        moved[:by] = array[-by:]
    return moved


def _is_digit(chars: Bytes) -> Bools:
    return (chars > 47) & (chars < 58)


def _is_letter(chars: Bytes) -> Bools:
    return ((chars | 0x20) > 96) & ((chars | 0x20) < 123) & ~_LIKE_DIGITS[chars]
