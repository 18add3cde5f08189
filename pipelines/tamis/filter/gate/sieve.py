"""A column of texts, sieved down to the values in which a NIR may be.

Three sieves, each finer and slower than the one before:

1. which values hold a dozen digits, counted over the whole buffer; of short ones neither those that
   are a number behind two signs at most (SIRET, IBAN), told by how many digits it has, nor those of
   columns whose values are all written alike and not as a NIR may be;
2. in those, which hold a dozen digits with nothing but separators between, or digits that are
   written in another way;
3. in those, which hold 13 or 15 digits with a right key or in INSEE's grouping, or a word that may
   be a label. What is left is read closely (`tamis.filter.gate.text`).

Types and buffers repeat some of `tamis.arrow` on purpose: the second look shares no code with the
first.
"""

import re
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tamis.filter.gate.labels import ANY_IN_BYTES
from tamis.filter.gate.numbers import (
    BODY,
    FULL,
    INSEE,
    NONE,
    Bools,
    Bytes,
    Ints,
    count_bits,
    find_digits,
    key_fits,
    plausible,
    spell,
)

_SHORT: Final = 64  # bytes a value on average, below which counting digits sorts nothing out
_CHUNK: Final = 1 << 17  # bytes worked on at once: what a core's cache holds
_FEWEST_DIGITS: Final = 12  # of 13 characters one may be the letter of 2A and 2B
_FEWEST_READ: Final = 9  # and four be misread
_WIDEST_GAP: Final = 12  # bytes: 4 separators of 3
_FOREIGN: Final = 0xC6  # from here on, bytes begin a character beyond Latin,
_PUNCTUATION: Final = 0xE2  # but for the general punctuation that French text is full of


# Digits, those misread, Corsica's letters, an exponent, and some letter of every label.
_LIKE_DIGITS: Final = bytes(byte in b"0123456789ABabOolISeEinNs" for byte in range(256))

# Patterns for RE2 on the bytes.
_RUN: Final = r"(?:(?:[013-9]|2(?:[^0-9A-Za-z]{0,12}[ABab])?)[^0-9A-Za-z]{0,12}){11}[0-9]"
_OTHERWISE: Final = (  # escapes, scientific notation, other scripts, what is no UTF-8
    r"&[#A-Za-z]|%[0-9A-Fa-f]|\\[a-z/]|<[/A-Za-z!?]|[0-9][eE][+1]|[\xC6-\xE1\xE3-\xFF]"
    r"|\xC3[\x82\x83][\xC2\xCB\xE2]"
    r"|=C[23]=[89AB][0-9A-F]|[0-9]=(?:\r?\n|[23A][0-9A-F])"
)
_MISREAD: Final = (  # a letter like a digit, six more on one side of it; not « l' », « où »
    r"(?:[0-9OolISB][^0-9A-Za-z]{0,6}){6}[OolISB]+(?:$|[^A-Za-z'\xE2]|\xE2[^\x80]|\xE2\x80[^\x99])"
    r"|(?:^|[^A-Za-z\x80-\xBF]|(?:^|[^\xC3])[\x80-\xBF]|\xC3[\x97\xB7])"
    r"[OolISB](?:[^0-9A-Za-z\xC3][^0-9A-Za-z]{0,5})?"
    r"[0-9OolISB](?:[^0-9A-Za-z]{0,6}[0-9OolISB]){5}"
)
_KEY: Final = (
    r"(?i:[0-9][^0-9A-Za-z]{0,18}(?:(?:et|avec) (?:la )?)?(?:cl(?:e|\xC3[\x88-\x8B\xA8-\xAB])|key))"
)
_MEANING: Final = re.compile(  # whatever the digits are
    f"{_OTHERWISE}|{_MISREAD}|{ANY_IN_BYTES}|{_KEY}|[0-9][^0-9A-Za-z]*[ABabEe]|=|[Ss][0-9]".encode(
        "latin-1"
    )
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

    close: Ints = field(default_factory=lambda: NONE)
    bodies_at: Ints = field(default_factory=lambda: NONE)
    bodies: Ints = field(default_factory=lambda: NONE)
    full_at: Ints = field(default_factory=lambda: NONE)
    full: Ints = field(default_factory=lambda: NONE)


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
    data, offsets = text_buffers(values)
    sizes = np.diff(offsets)
    dense = _hold_digits(data, offsets, sizes)
    if values.null_count:
        dense &= np.asarray(values.is_valid())
    if not dense.any():
        return Sieved()
    whole = []
    for length in (BODY, FULL):
        at = np.flatnonzero(dense & (sizes == length))
        numbers = spell(data, offsets[at], length)
        at, numbers = at[numbers > 0], numbers[numbers > 0]
        dense[at] = False
        whole += [at, numbers]
    return Sieved(_with_signs(values, np.flatnonzero(dense)), *whole)


def _hold_digits(data: Bytes, offsets: Ints, sizes: Ints) -> Bools:
    """Which values may hold the digits of a NIR."""
    if sizes.max(initial=0) < BODY:
        return np.zeros(len(sizes), bool)
    if len(data) >= _SHORT * len(sizes):
        return count_bits(_digit_bits(data), offsets) >= _FEWEST_DIGITS
    if _are_alike_and_other(data, sizes):
        return np.zeros(len(sizes), bool)
    counts = count_bits(np.packbits(data - np.uint8(ord("0")) < 10, bitorder="little"), offsets)
    enough = (counts >= _FEWEST_READ) & (sizes >= BODY)
    if enough.any():
        enough &= ~_are_other_numbers(data, offsets, sizes, counts)
    if (enough & (counts < BODY)).any():
        similar = np.frombuffer(data.tobytes().translate(_LIKE_DIGITS), bool)
        enough &= count_bits(np.packbits(similar, bitorder="little"), offsets) >= BODY
    if data.max(initial=0) >= _FOREIGN:
        foreign = np.flatnonzero((data >= _FOREIGN) & (data != _PUNCTUATION))
        enough[np.searchsorted(offsets, foreign, "right") - 1] = True
        enough &= sizes >= BODY
    return enough


def _are_alike_and_other(data: Bytes, sizes: Ints) -> bool:
    """Whether short values are all written alike, but for their digits, and not as a NIR may be.

    Such as `D000123`, `2024-01-12 10:20:30` or IBANs of one country; some may be empty.
    """
    width = int(sizes.max())
    if len(data) != width * np.count_nonzero(sizes):
        return False
    cells = len(data) // (_SHORT * width) * _SHORT * width  # many in one row are fast to reduce
    many, few = data[:cells].reshape(-1, _SHORT * width), data[cells:].reshape(-1, width)
    low = np.vstack((many.min(axis=0, initial=255).reshape(-1, width), few)).min(axis=0)
    high = np.vstack((many.max(axis=0, initial=0).reshape(-1, width), few)).max(axis=0)
    varies = low < high
    if (varies & ((low < ord("0")) | (high > ord("9")))).any():
        return False
    shape = np.where(varies, np.uint8(ord("7")), low)
    if _MEANING.search(shape.tobytes()):
        return False
    digits = find_digits(shape, np.array([0, width]), _WIDEST_GAP)
    if digits is None:
        return True
    first, last, _count = digits.groups()
    count = last - first + 1
    is_glued = (count >= 2 * FULL) & (count % FULL == 0)
    is_whole = width in (BODY, FULL) and len(digits.at) == width
    may_be = is_whole or is_glued.any() or any(map(len, map(digits.windows, (BODY, FULL))))
    return not may_be


def _are_other_numbers(data: Bytes, offsets: Ints, sizes: Ints, counts: Ints) -> Bools:
    """Which values are digits with two signs before them at most, and by their number no NIR.

    Such as SIRET, IBAN, file numbers. Whole values of 13 and 15 digits are none of them.

    Args:
        data: the bytes of N values.
        offsets: N + 1 offsets into them.
        sizes: how many bytes each has.
        counts: how many digits.
    """
    first, second = (data.take(offsets[:-1] + place, mode="clip") for place in (0, 1))
    is_sign = first - np.uint8(ord("0")) >= 10
    are_signs = is_sign & (second - np.uint8(ord("0")) >= 10)
    others: Bools = sizes - counts == is_sign.view(np.int8) + are_signs.view(np.int8)
    others &= is_sign | ((sizes != BODY) & (sizes != FULL))
    glued = np.flatnonzero(counts >= 2 * FULL)
    others[glued[counts[glued] % FULL == 0]] = False
    signed = np.flatnonzero(others & is_sign)
    signs = first[signed] * np.int64(256) + np.where(are_signs[signed], second[signed], ord("0"))
    distinct = np.flatnonzero(np.bincount(signs)).tolist()
    odd = [pair for pair in distinct if _have_meaning(bytes(divmod(pair, 256)))]
    if odd:
        others[signed[np.isin(signs, odd)]] = False
    full = np.flatnonzero(others & (counts == FULL))
    number = spell(data, offsets[full + 1] - FULL, FULL)
    others[full[plausible(number // 100) & key_fits(number // 100, number % 100)]] = False
    return others


@lru_cache(4_096)
def _have_meaning(signs: bytes) -> bool:
    """Whether signs before digits are a label, misread digits, or begin what is written otherwise.

    Example:
        >>> _have_meaning(b"FR"), _have_meaning(b"SS")
        (False, True)
    """
    return _MEANING.search(signs + b"0000000") is not None


def _digit_bits(data: Bytes) -> Bytes:
    """One bit a byte: whether it is a digit, or begins a character of another script."""
    bits = np.empty((len(data) + 7) // 8, np.uint8)
    buffer, flags = np.empty(_CHUNK, np.uint8), np.empty(_CHUNK, bool)
    for start in range(0, len(data), _CHUNK):
        chunk = data[start : start + _CHUNK]
        shifted, digits = buffer[: len(chunk)], flags[: len(chunk)]
        np.less(np.subtract(chunk, 48, out=shifted), 10, out=digits)
        # Of the bytes from 0xC6 on, French has but 0xE2; without that one the largest tells.
        np.subtract(chunk, _PUNCTUATION, out=shifted)
        if chunk.max() > _PUNCTUATION or shifted.max() >= _FOREIGN - _PUNCTUATION + 256:
            digits |= (chunk >= _FOREIGN) & (chunk != _PUNCTUATION)
        packed = np.packbits(digits, bitorder="little")
        bits[start // 8 :][: len(packed)] = packed
    return bits


def _with_signs(values: pa.Array, at: Ints) -> Ints:
    """Of the values at some places, those in which digits have a sign of being a NIR."""
    values = values.take(pa.array(at))
    some = _match(values, f"{_RUN}|{_OTHERWISE}|{_MISREAD}")
    values, at = values.filter(pa.array(some)), at[some]
    close = _match(values, f"{_OTHERWISE}|{_MISREAD}|{ANY_IN_BYTES}|{_KEY}")
    digits = find_digits(*text_buffers(values), _WIDEST_GAP)
    if digits is None:
        return at[close]
    for length in (BODY, FULL):
        window = digits.windows(length)
        signed = digits.breaks(window, length) & ~(1 << BODY) == INSEE
        if length == FULL:
            number = spell(digits.signs, window, length)
            signed |= plausible(number // 100) & key_fits(number // 100, number % 100)
        close[digits.text[window[signed]]] = True
    close[digits.text[digits.glued()]] = True
    return at[close]


def _match(values: pa.Array, pattern: str) -> Bools:
    """Which values match a pattern for RE2."""
    return np.array(pc.match_substring_regex(values, pattern))
