"""A column of texts, sieved down to the values in which a NIR may be.

Three sieves, each finer and slower than the one before:

1. which values hold a dozen digits close together, counted over the whole buffer, or in columns
   of short values which hold 13 bytes at all that can become digits;
2. in those, which hold 13 or 15 digits with a right key or in INSEE's grouping, a dozen digits
   and a word that may be a label, or digits written in another way;
3. what is left is read closely (`tamis.filter.gate.text`).

Types and buffers repeat some of `tamis.arrow` on purpose: the second look shares no code with the
first.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tamis.filter.gate.labels import ANY_IN_BYTES, STRONG_IN_BYTES
from tamis.filter.gate.numbers import (
    BODY,
    CLASSES,
    CORSICA,
    DIGIT,
    ESCAPE,
    FOREIGN,
    FOREIGN_BYTES,
    FULL,
    INSEE,
    LIKE_DIGIT,
    LIKE_EIGHT,
    NONE,
    PUNCTUATION,
    Bools,
    Bytes,
    Digits,
    Ints,
    find_digits,
    key_fits,
    mark_digits,
    plausible,
    spell,
)

_SHORT: Final = 64  # bytes a value on average, below which counting words sorts nothing out
_CHUNK: Final = 1 << 18  # bytes worked on at once: what a core's cache holds
_FEWEST_DIGITS: Final = 12  # of 13 characters one may be the letter of 2A and 2B
_MOST_DIGITS: Final = 16  # that stand behind a label and count
_WIDEST_GAP: Final = 12  # bytes: 4 separators of 3
_BIT: Final = np.uint64(1)

_LATIN: Final = 0xC3  # begins a French letter with an accent,
_TIMES, _DIVIDED = 0x97, 0xB7  # but for the signs of times and division
_NEAR: Final = 7  # bytes from a misread digit to the next one that is not: two separators


def _weight_of(byte: int) -> int:
    """How many digits a byte can become when a text is read closely; 13 for no matter how many."""
    kind = CLASSES[byte]
    if kind in (ESCAPE, FOREIGN):
        return BODY
    # An exponent, and the first bytes of superscript and encircled digits.
    return int(kind in (DIGIT, CORSICA, LIKE_EIGHT, LIKE_DIGIT) or byte in b"eE\xc2\xe2")


_WEIGHTS: Final = bytes(map(_weight_of, range(256)))
_AS_DIGITS: Final = bytes({DIGIT: 1, FOREIGN: BODY}.get(kind, 0) for kind in CLASSES)
_KEY = (
    r"(?i:[0-9][^0-9A-Za-z]{0,18}(?:(?:et|avec) (?:la )?)?(?:cl(?:e|\xC3[\x88-\x8B\xA8-\xAB])|key))"
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
    classes = np.frombuffer(data.tobytes().translate(CLASSES), np.uint8)
    marks = mark_digits(data, classes, offsets)
    sizes = np.diff(offsets)
    counts = np.diff(np.searchsorted(np.flatnonzero(marks), offsets))

    bare = counts == sizes
    bodies_at = np.flatnonzero(bare & (sizes == BODY))
    full_at = np.flatnonzero(bare & (sizes == FULL))
    rest = ~bare & (counts >= _FEWEST_DIGITS)
    digits = find_digits(data, classes, offsets, marks & np.repeat(rest, sizes), _WIDEST_GAP)
    close = _written_otherwise(data, classes, offsets, marks)
    if digits is not None:
        close |= _candidates(values, digits)
    return Sieved(
        close=at[close],
        bodies_at=at[bodies_at],
        bodies=spell(data, offsets[bodies_at], BODY),
        full_at=at[full_at],
        full=spell(data, offsets[full_at], FULL),
    )


def _dense(values: pa.Array) -> Ints:
    """Positions of the values that may hold the digits of a NIR, ascending."""
    data, offsets = text_buffers(values)
    if len(data) < _SHORT * len(values):
        sizes = np.diff(offsets)
        widest = int(sizes.max(initial=0))
        if widest < BODY or (widest == sizes.min() and _heaviest(data, widest) < BODY):
            return NONE
        return np.flatnonzero((sizes >= BODY) & _weigh(data, offsets, _WEIGHTS, BODY))
    at = _near(data, offsets)
    if not len(at):
        return at
    return at[_weigh(*text_buffers(values.take(pa.array(at))), _AS_DIGITS, _FEWEST_DIGITS)]


def _heaviest(data: Bytes, width: int) -> int:
    """No fewer bytes than any value of `width` bytes holds that can become digits.

    Told by the lowest and the highest byte at each place: of `D000123` and the like, six.
    """
    many = data[: len(data) // (_SHORT * width) * _SHORT * width].reshape(-1, _SHORT * width)
    few = data[many.size :].reshape(-1, width)
    low = np.vstack((many.min(axis=0, initial=255).reshape(-1, width), few)).min(axis=0)
    high = np.vstack((many.max(axis=0, initial=0).reshape(-1, width), few)).max(axis=0)
    return sum(max(_WEIGHTS[a : b + 1]) for a, b in zip(low.tolist(), high.tolist(), strict=True))


def _weigh(data: Bytes, offsets: Ints, table: bytes, least: int) -> Bools:
    """Which values hold `least` bytes that have a weight in `table`, or one that weighs 13."""
    weights = np.frombuffer(data.tobytes().translate(table), np.uint8)
    octets = np.zeros(8 * (len(data) // 64 + 1), np.uint8)
    octets[: (len(data) + 7) // 8] = np.packbits(weights, bitorder="little")
    words = octets.view("<u8")
    counts = np.bitwise_count(words)
    below = words[offsets >> 6] & ((_BIT << (offsets & 63).astype(np.uint64)) - _BIT)
    before = (np.cumsum(counts, dtype=np.int64) - counts)[offsets >> 6] + np.bitwise_count(below)
    enough = np.diff(before) >= least
    if weights.max(initial=0) == BODY:
        enough[np.searchsorted(offsets, np.flatnonzero(weights == BODY), "right") - 1] = True
    return np.asarray(enough)


def _near(data: Bytes, offsets: Ints) -> Ints:
    """Positions of the values that a dozen digits stand in or beside, in three times 64 bytes.

    Any span of 89 bytes, a NIR written with escapes, lies in the three from that it begins in.
    Characters of other scripts count as digits.
    """
    counts = np.zeros(len(data) // 64 + 3, np.uint8)
    shifted, flags = np.empty(_CHUNK, np.uint8), np.empty(_CHUNK, bool)
    for start in range(0, len(data), _CHUNK):
        chunk = data[start : start + _CHUNK]
        digits = flags[: len(chunk)]
        np.less(np.subtract(chunk, 48, out=shifted[: len(chunk)]), 10, out=digits)
        if chunk.max() >= FOREIGN_BYTES[0]:
            digits |= (chunk >= FOREIGN_BYTES[0]) & (chunk != PUNCTUATION)
        flags[len(chunk) :] = False
        words = np.bitwise_count(np.packbits(flags).view(np.uint64))
        counts[start // 64 :][: len(words)] = words[: len(counts) - start // 64]
    full = counts[:-2] + counts[1:-1] + counts[2:] >= _FEWEST_DIGITS
    if not full.any():
        return NONE
    before = np.concatenate(([0], np.cumsum(full, dtype=np.int32)))
    near = before[(offsets[1:] + 63) >> 6] > before[offsets[:-1] >> 6]
    return np.flatnonzero(near & (np.diff(offsets) >= BODY))


def _candidates(values: pa.Array, digits: Digits) -> Bools:
    """Values in which the digits of a NIR stand with a sign of being one, or with a label."""
    close, windowed, long = np.zeros((3, len(values)), bool)
    for length in (BODY, FULL):
        window = digits.windows(length)
        windowed[digits.text[window]] = True
        fits = digits.breaks(window, length) & ~(1 << BODY) == INSEE
        if length == FULL:
            number = spell(digits.signs, window, length)
            fits |= plausible(number // 100) & key_fits(number // 100, number % 100)
        close[digits.text[window[fits]]] = True
    first, last, count = digits.runs()
    one_group = digits.at[last] - digits.at[first] == last - first
    fits = (count >= _FEWEST_DIGITS) & ~(one_group & (count > _MOST_DIGITS))
    long[digits.text[first[fits]]] = True
    for chosen, words in (
        (windowed & ~close, f"{ANY_IN_BYTES}|{_KEY}"),
        (long & ~windowed, STRONG_IN_BYTES),
    ):
        at = np.flatnonzero(chosen)
        close[at] = np.asarray(pc.match_substring_regex(values.take(pa.array(at)), words))
    return close


def _written_otherwise(data: Bytes, classes: Bytes, offsets: Ints, digits: Bools) -> Bools:
    """Values with escapes, digits of other scripts, misread ones, or in scientific notation."""
    special = np.flatnonzero(classes >= ESCAPE)
    first, last = data[special], len(data) - 1
    following = data[np.minimum(special + 1, last)]
    opens = (
        (classes[special] == FOREIGN)
        | ((first == ord("&")) & ((following == ord("#")) | (following > 64)))
        | ((first == ord("%")) & (following > 47) & (following < 103))
        | ((first == ord("\\")) & (following > 96))
        | ((first == ord("<")) & (following > 46))
    )
    powers = 1 + np.flatnonzero(digits[:-1] & ((data[1:] | 0x20) == ord("e")))
    behind = data[np.minimum(powers + 1, last)]
    powers = powers[(behind == ord("+")) | (behind == ord("1"))]
    places = (_misread(data, classes, offsets, digits), special[opens], powers)
    otherwise = np.zeros(len(offsets) - 1, bool)
    otherwise[np.searchsorted(offsets, np.concatenate(places), "right") - 1] = True
    return otherwise


def _misread(data: Bytes, classes: Bytes, offsets: Ints, digits: Bools) -> Ints:
    """Where letters stand that may be misread digits, in runs that are then as long as a NIR."""
    letter: Bools = classes <= CORSICA
    before, behind = np.zeros_like(letter), np.zeros_like(letter)
    before[1:], behind[:-1] = letter[:-1], letter[1:]
    before[offsets[:-1]] = behind[offsets[1:] - 1] = False
    like = (classes == LIKE_DIGIT) | (classes == LIKE_EIGHT)
    at = np.flatnonzero(like & ~before & ~behind)
    # Not « l' », nor what stands behind a letter with an accent.
    edge = np.zeros(len(data) + 1, bool)
    edge[offsets] = True
    left, beyond = data[np.maximum(at - 1, 0)], data[np.maximum(at - 2, 0)]
    accent = (beyond == _LATIN) & (left >= 0x80) & (left != _TIMES) & (left != _DIVIDED)
    right = data[np.minimum(at + 1, len(data) - 1)]
    elided = (left == ord(" ")) & ((right == ord("'")) | (right == PUNCTUATION))
    at = at[~(elided & (data[at] == ord("l"))) & ~(accent & ~edge[at] & ~edge[at - 1])]
    # Where none has a digit near, in its own text, there is nothing to correct.
    near = np.zeros(len(at), bool)
    for step in range(1, _NEAR + 1):
        near |= digits[np.minimum(at + step, len(data) - 1)] | digits[np.maximum(at - step, 0)]
    text = np.searchsorted(offsets, at, "right") - 1
    kept = np.zeros(len(offsets) - 1, bool)
    kept[text[near]] = True
    at = at[kept[text]]
    if not len(at):
        return NONE
    marks = digits & np.repeat(kept, np.diff(offsets))
    marks[at] = True
    runs = find_digits(data, classes, offsets, marks, _WIDEST_GAP)
    return runs.at[~digits[runs.at] & (np.bincount(runs.run)[runs.run] >= BODY)] if runs else NONE
