"""A column of texts, sieved down to the values in which a NIR may be.

Three sieves, each finer and slower than the one before:

1. which values hold a dozen digits, counted over the whole buffer; of short ones that are written
   alike but for their digits (SIRET, IBAN, moments), their shape tells whether a NIR is written so,
   or where the 15 digits stand of which the key tells;
2. in those, which hold a dozen digits with nothing but separators between, or digits that are
   written in another way;
3. in those, which hold 13 or 15 digits with a right key or in INSEE's grouping, or a word that may
   be a label. What is left is read closely (`tamis.filter.gate.text`).
"""

import re
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tamis.filter.gate.buffers import FEWEST_READ, Texts, text_buffers
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

_FEWEST_DIGITS: Final = 12  # of 13 characters one may be the letter of 2A and 2B
_WIDEST_GAP: Final = 12  # bytes: 4 separators of 3
_FEW: Final = 32  # values that are sooner read closely than Arrow compiles the patterns,
_SHORT: Final = 256  # if they have fewer bytes than this


# Digits, those misread, Corsica's letters, an exponent, and some letter of every label.
_LIKE_DIGITS: Final = bytes(byte in b"0123456789ABabOolISeEinNs" for byte in range(256))

# Patterns for RE2 on the bytes. None bounds what stands between: that would take it many states.
_RUN: Final = r"(?:[0-9ABab][^0-9A-Za-z]*){11}[0-9]"
_RUN_OF_DIGITS: Final = r"(?:(?:[013-9]|2(?:[^0-9A-Za-z]*[ABab])?)[^0-9A-Za-z]*){11}[0-9]"
_OTHERWISE: Final = (  # escapes, scientific notation, other scripts, what is no UTF-8
    r"&[#A-Za-z]|%[0-9A-Fa-f]|\\[a-z/]|<[/A-Za-z!?]|[.,][^A-Za-z]*[0-9][eE][+1]|[\xC6-\xE1\xE3-\xFF]"
    r"|\xC3[\x82\x83][\xC2\xCB\xE2]"
    r"|=C[23]=[89AB][0-9A-F]|[0-9]=(?:\r?\n|[23A][0-9A-F])"
)
_MISREAD: Final = (  # a letter like a digit, six more on one side of it; not « l' », « où »
    r"(?:[0-9OolISB][^0-9A-Za-z]*){6}[OolISB]+(?:$|[^A-Za-z'\xE2]|\xE2[^\x80]|\xE2\x80[^\x99])"
    r"|(?:^|[^A-Za-z\x80-\xBF]|(?:^|[^\xC3])[\x80-\xBF]|\xC3[\x97\xB7])"
    r"[OolISB](?:[^0-9A-Za-z\xC3][^0-9A-Za-z]*)?[0-9OolISB](?:[^0-9A-Za-z]*[0-9OolISB]){5}"
)
_HEXADECIMAL: Final = "^[0-9A-Fa-f]{8}-?(?:[0-9A-Fa-f]{4}-?){3}[0-9A-Fa-f]{12}$"  # a UUID, a digest
_KEY: Final = (
    r"(?i:[0-9][^0-9A-Za-z]{0,18}(?:(?:et|avec) (?:la )?)?(?:cl(?:e|\xC3[\x88-\x8B\xA8-\xAB])|key))"
)
_MEANING: Final = re.compile(  # in a shape: what may be a NIR for other reasons than its digits
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


def sieve(texts: Texts) -> Sieved:
    """Sieve N values. A null's bytes are not looked at."""
    dense = _hold_digits(texts)
    if texts.values.null_count:
        dense &= np.asarray(texts.values.is_valid())
    if not dense.any():
        return Sieved()
    whole = []
    for length in (BODY, FULL):
        at = np.flatnonzero(dense & (texts.sizes == length))
        numbers = spell(texts.data, texts.offsets[at], length)
        at, numbers = at[numbers > 0], numbers[numbers > 0]
        dense[at] = False
        whole += [at, numbers]
    at = np.flatnonzero(dense)
    few = len(at) <= _FEW and (texts.sizes[at] < _SHORT).all()
    return Sieved(at if few else _with_signs(texts.values, at), *whole)


def _hold_digits(texts: Texts) -> Bools:
    """Which values may hold the digits of a NIR."""
    if texts.widest < BODY:
        return np.zeros(len(texts.sizes), bool)
    if not texts.are_short:
        return texts.digits >= _FEWEST_DIGITS
    enough = (texts.digits >= FEWEST_READ) & (texts.sizes >= BODY)
    for shape, at in texts.shapes:
        cells = _keyed_digits(shape)
        if cells is None:
            continue
        enough[at] = False
        for window in cells:
            signs = texts.data[texts.offsets[at][:, None] + window].ravel()
            enough[at[_have_keys(signs, np.arange(0, len(signs), FULL))]] = True
    if (enough & (texts.digits < BODY)).any():
        similar = np.frombuffer(texts.data.tobytes().translate(_LIKE_DIGITS), bool)
        enough &= count_bits(np.packbits(similar, bitorder="little"), texts.offsets) >= BODY
    enough[texts.foreign] = texts.sizes[texts.foreign] >= BODY
    return enough


@lru_cache(4_096)
def _keyed_digits(shape: bytes) -> Ints | None:
    """Where 15 digits stand in values of a shape, W times, that are a NIR if their key is right.

    None if more than that may make a NIR of them.

    Example:
        >>> _keyed_digits(b"FR0000000000000").tolist(), _keyed_digits(b"NIR 0000000000000")
        ([], None)
    """
    if shape.isdigit() and len(shape) in (BODY, FULL):
        return None
    if _MEANING.search(shape):
        return None
    signs = np.frombuffer(shape.replace(b"0", b"7"), np.uint8)  # a NIR begins with no 0
    digits = find_digits(signs, np.array([0, len(shape)]), _WIDEST_GAP)
    if digits is None:
        return np.empty((0, FULL), np.int64)
    first, last, _count = digits.groups()
    size = last - first + 1
    windows = digits.windows(FULL)
    if ((size >= 2 * FULL) & (size % FULL == 0)).any() or any(
        (digits.breaks(some, length) & ~(1 << BODY) == INSEE).any()
        for some, length in ((windows, FULL), (digits.windows(BODY), BODY))
    ):
        return None
    return digits.at[windows[:, None] + np.arange(FULL)]


def _have_keys(signs: Bytes, starts: Ints) -> Bools:
    """Which 15 digits from each start may be a NIR with its key."""
    number = spell(signs, starts, FULL)
    return np.asarray(plausible(number // 100) & key_fits(number // 100, number % 100))


def _with_signs(values: pa.Array, at: Ints) -> Ints:
    """Of the values at some places, those in which digits have a sign of being a NIR."""
    values = values.take(pa.array(at))
    some = _match(values, f"{_RUN}|{_OTHERWISE}|{_MISREAD}")
    values, at = values.filter(pa.array(some)), at[some]
    is_other = _match(values, _HEXADECIMAL)
    if is_other.any():  # its letters are no digits that were misread
        is_other[is_other] = ~_match(values.filter(pa.array(is_other)), _RUN_OF_DIGITS)
        values, at = values.filter(pa.array(~is_other)), at[~is_other]
    close = _match(values, f"{_OTHERWISE}|{_MISREAD}|{ANY_IN_BYTES}|{_KEY}")
    digits = find_digits(*text_buffers(values), _WIDEST_GAP)
    if digits is None:
        return at[close]
    for length in (BODY, FULL):
        window = digits.windows(length)
        signed = digits.breaks(window, length) & ~(1 << BODY) == INSEE
        if length == FULL:
            signed |= _have_keys(digits.signs, window)
        close[digits.text[window[signed]]] = True
    close[digits.text[digits.glued()]] = True
    return at[close]


def _match(values: pa.Array, pattern: str) -> Bools:
    """Which values match a pattern for RE2."""
    return np.array(pc.match_substring_regex(values, pattern))
