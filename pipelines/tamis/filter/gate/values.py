"""The long numbers in the values of a column, as digits: what columns are judged by.

`numbers_of` folds a leaf's values. Of many values it looks at some: those distinct ones with the
least hashes of their bytes, whatever their places. Most hold one group of digits, which is found in
all of them at once; the others (groups, JSON, exponents, Corsica's letters, other scripts) are
folded one by one.
"""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import takewhile
from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.types as pt

from tamis.filter.gate.buffers import Texts, text_buffers
from tamis.filter.gate.leaves import Leaf
from tamis.filter.gate.numbers import BODY, FULL, NONE, Bools, Bytes, Ints

WIDEST: Final = 32  # digits of a number: two NIRs side by side, an IBAN
_READ: Final = 256  # bytes of a text that are read
_MANY: Final = 4_096  # values above which some
_SOME: Final = 512  # distinct ones are looked at
_CHUNK: Final = 4_096  # values worked on at once: what a core's cache holds
_FRACTION: Final = 10  # digits of a decimal that may be a NIR which ends in zeros

_FEWEST_DIGITS: Final = 12  # of 13 characters one may be the letter of 2A and 2B
_MAY_HOLD: Final = r"(?:[0-9ABab\xC2-\xF4][^0-9A-Za-z]{0,4}){13}"  # in bytes
_HOLD: Final = re.compile(_MAY_HOLD.encode("latin-1"))
_CORSICAN: Final = re.compile(r"([1-8][0-9]{4}2)([ABab])([0-9]{6,8})")
_FOREIGN_DIGIT: Final = re.compile(r"(?![0-9])\d")
_LONG: Final = re.compile(r"0*([1-9][0-9]{12,})")
_MEMBER: Final = re.compile(r'"\w{1,40}"\s*:')  # the name of a member of a JSON object
_WORD: Final = re.compile(r"[^\W\d_]{3}")  # where words stand between, digits are no one number
_GAPS: Final = re.compile(r"(?<=[0-9ABab])[^0-9A-Za-z]{1,4}(?=[0-9ABab])")
_SCIENTIFIC: Final = re.compile(r"([1-8])[.,]([0-9]{6,14})[eE]\+?(1[0-9])(?![0-9])")
_DECIMAL: Final = re.compile(r"\s*[+-]?[0-9]+[.,][0-9]+\s*")

_DIGIT, _ODD, _LETTER, _POINT, _OTHER = 1, 2, 4, 8, 0
_CLASSES: Final = bytes(
    _DIGIT
    if 48 <= byte < 58
    else _ODD
    if byte >= 128
    else _LETTER  # behind a digit: Corsica, an exponent
    if chr(byte) in "ABEabe"
    else _POINT
    if chr(byte) in ".,"
    else _OTHER
    for byte in range(256)
)
_MIXER: Final = np.uint64(0x9E3779B97F4A7C15)


@dataclass(frozen=True, eq=False)
class Numbers:
    """The numbers in some values of a leaf.

    Attributes:
        at: N positions of values, ascending.
        digits: N rows of `WIDEST` digits from 0 to 9; of 2A stands 19, of 2B 18.
        sizes: N numbers of digits, from 13 on; behind them stand zeros.
        corsican: N flags, whether it was 2A or 2B.
        long_at: positions of all values that are as long as a NIR.
        share: how many of those that were looked at hold a number.
    """

    at: Ints
    digits: Bytes
    sizes: Ints
    corsican: Bools
    long_at: Ints
    share: float

    @classmethod
    def none(cls) -> "Numbers":
        """No numbers."""
        return cls.of_bodies(NONE)

    @classmethod
    def of_bodies(cls, bodies: Ints) -> "Numbers":
        """Numbers of 13 digits."""
        at = np.arange(len(bodies))
        digits = np.zeros((len(bodies), WIDEST), np.uint8)
        digits[:, :BODY] = bodies[:, None] // 10 ** np.arange(BODY - 1, -1, -1) % 10
        return cls(at, digits, np.full(len(at), BODY), np.zeros(len(at), bool), at, 1.0)


def numbers_of(leaf: Leaf, *, whole: bool = False) -> Numbers:
    """The numbers in the values of a leaf, in all of them or in some of many.

    Args:
        leaf: of text, integers, floats or decimals; of a dictionary its entries.
        whole: whether all values are looked at, however many there are.
    """
    at = long_at = _long_values(leaf)
    if len(at) > _MANY and not whole:
        at = _distinct(leaf, long_at)
    if not len(at):
        return Numbers.none()
    values = leaf.values if len(at) == len(leaf.values) else leaf.values.take(pa.array(at))
    here, digits, sizes, corsican = _fold(values)
    return Numbers(at[here], digits, sizes, corsican, long_at, len(here) / len(at))


def _long_values(leaf: Leaf) -> Ints:
    """Where values are as long as a NIR, in digits; ascending."""
    values = leaf.values
    if leaf.kind == "text":
        texts = leaf.texts
        if texts.widest < BODY:
            return NONE
        long = (texts.digits >= _FEWEST_DIGITS) & (texts.sizes >= BODY)
        for shape, at in texts.shapes:
            if not _may_hold(shape):
                long[at] = False
    elif leaf.kind == "integer":
        numbers = values.fill_null(0).to_numpy()
        long = numbers >= 10**12
        if values.type == pa.int64():
            long |= numbers <= -(10**12)
    else:
        scale = max(0, values.type.scale) if pt.is_decimal(values.type) else None
        if scale is not None and leaf.largest * 10**scale < 10**BODY:
            return NONE
        numbers = _as_floats(values)
        long = np.isfinite(numbers) & (numbers != 0)
    return np.flatnonzero(long)


def _as_floats(values: pa.Array) -> npt.NDArray[np.float64]:
    if pt.is_decimal(values.type):
        values = values.cast(pa.float64())
    return np.asarray(values.fill_null(0).to_numpy())


@lru_cache(4_096)
def _may_hold(shape: bytes) -> bool:
    """Whether values of this shape may hold a number."""
    return _HOLD.search(shape) is not None


def _distinct(leaf: Leaf, at: Ints) -> Ints:
    """Where of values at some places those distinct ones stand that have the least hashes."""
    if leaf.kind == "text":
        hashes = _hash_texts(leaf.texts, at)
    elif leaf.kind == "integer":
        hashes = mix(leaf.values.fill_null(0).to_numpy()[at].view(np.uint64))
    else:
        hashes = mix(_as_floats(leaf.values)[at].view(np.uint64))
    share = 4 * _SOME / len(at)
    while True:
        some = np.flatnonzero(hashes < share * 2.0**64) if share < 1 else np.arange(len(at))
        if leaf.kind == "text":  # of those with equal hashes the first in the order of bytes
            some = some[pc.sort_indices(leaf.values.take(pa.array(at[some]))).to_numpy()]
        _, first = np.unique(hashes[some], return_index=True)
        if len(first) >= _SOME // 8 or share >= 1:
            return np.sort(at[some[first[:_SOME]]])
        share *= 4


def _hash_texts(texts: Texts, at: Ints) -> npt.NDArray[np.uint64]:
    """A hash of the middle and the last eight bytes of texts of 13 bytes and more."""
    words = np.ndarray(len(texts.data) - 7, "<u8", texts.data, strides=(1,))
    hashes = np.empty(len(at), np.uint64)
    for first in range(0, len(at), _CHUNK):
        some = at[first : first + _CHUNK]
        starts, ends = texts.offsets[some], texts.offsets[some + 1]
        mixed = mix(words[(starts + ends >> 1) - 4], words[ends - 8])
        hashes[first : first + _CHUNK] = mixed
    return hashes


def mix(*words: npt.NDArray[np.uint64]) -> npt.NDArray[np.uint64]:
    """A hash of each row of words, the same in every run."""
    mixed = words[0] * _MIXER
    for word in words[1:]:
        mixed = (mixed ^ mixed >> np.uint64(29) ^ word) * _MIXER
    return (mixed ^ mixed >> np.uint64(32)) * _MIXER


_Folded = tuple[Ints, Bytes, Ints, Bools]


def _fold(values: pa.Array) -> _Folded:
    """Where N values hold a number, its digits, how many, and whether it is Corsican."""
    if pt.is_large_binary(values.type):
        may = pc.match_substring_regex(values, _MAY_HOLD).fill_null(False)
        kept = np.flatnonzero(np.asarray(may))
        if len(kept) < len(values):
            values = values.take(pa.array(kept))
        here, digits, sizes, corsican = _fold_texts(pc.binary_slice(values, 0, _READ))
        return kept[here], digits, sizes, corsican
    if pt.is_integer(values.type):
        return _fold_texts(values.cast(pa.large_string()).cast(pa.large_binary()))
    return _fold_fractions(values)


def _fold_texts(values: pa.Array) -> _Folded:
    """The same of large_binary values."""
    digits = np.zeros((len(values), WIDEST), np.uint8)
    sizes = np.zeros(len(values), np.int64)
    corsican = np.zeros(len(values), bool)
    others = np.flatnonzero(_fold_groups(values, digits, sizes))
    if len(others):
        taken = values.take(pa.array(others)).to_pylist()
        texts = [text.decode(errors="replace") for text in taken]
        ends = zip(min(texts), max(texts), strict=False)
        prefix = "".join(a for a, _b in takewhile(lambda pair: pair[0] == pair[1], ends))
        starts = [0, *(match.end() for match in re.finditer(r"[^0-9]+", prefix))]
        folded = [
            next((number for at in starts if (number := _fold_text(text[at:]))), ("", False))
            for text in texts
        ]
        digits[others], sizes[others] = _matrix([number for number, _is_corsican in folded])
        corsican[others] = [is_corsican for _number, is_corsican in folded]
    return _kept(digits, sizes, corsican)


def _fold_groups(values: pa.Array, digits: Bytes, sizes: Ints) -> Bools:
    """Write the first group of 13 digits or more of each value; return which others to fold."""
    data, offsets = text_buffers(values)
    others = np.ones(len(values), bool)
    classes = np.frombuffer(data.tobytes().translate(_CLASSES), np.uint8)
    places = np.flatnonzero(classes == _DIGIT)
    if not len(places):
        return others
    text = np.searchsorted(offsets, places, "right") - 1
    begins = np.ones(len(places), bool)
    begins[1:] = (places[1:] != places[:-1] + 1) | (text[1:] != text[:-1])
    first = np.flatnonzero(begins)
    last = np.append(first[1:], len(places))
    long = np.flatnonzero(last - first >= BODY)
    at, chosen = np.unique(text[first[long]], return_index=True)
    first, last = first[long[chosen]], last[long[chosen]]
    others[at] = False

    # A fraction, a letter behind a digit, and what is no ASCII.
    start = places[first]
    before = np.maximum(start - 2, offsets[at])
    points = (classes[start - 1] == _POINT) & (classes[before] == _DIGIT) & (start > 1)
    others[at[points]] = True
    odd = classes == _ODD
    odd[1:] |= (classes[1:] == _LETTER) & (classes[:-1] == _DIGIT)
    others[np.searchsorted(offsets, np.flatnonzero(odd), "right") - 1] = True

    nonzero = np.append(np.flatnonzero(data[places] != ord("0")), len(places))
    first = nonzero[np.searchsorted(nonzero, first)]
    fits = (last - first >= BODY) & (last - first <= WIDEST)
    at, first, last = at[fits], first[fits], last[fits]
    sizes[at] = last - first
    steps = np.arange(int(sizes.max(initial=0)))
    cells = places[np.minimum(first[:, None] + steps, len(places) - 1)]
    digits[at, : len(steps)] = np.where(steps < sizes[at, None], data[cells] - ord("0"), 0)
    return others


def _fold_fractions(values: pa.Array) -> _Folded:
    """The same of floats and decimals: of those with a fraction where most have as many digits."""
    texts = [_significant(value) for value in values.to_pylist()]
    fit = sum(BODY <= len(text) <= FULL for text in texts)
    least = BODY
    if fit >= 0.5 * sum(len(text) >= _FRACTION for text in texts):
        least = _FRACTION
    elif fit < 0.2 * len(texts):
        texts = []
    numbers = [text.ljust(BODY, "0") if len(text) >= least else "" for text in texts]
    return _kept(*_matrix(numbers), np.zeros(len(texts), bool))


def _kept(digits: Bytes, sizes: Ints, corsican: Bools) -> _Folded:
    """Those that hold a number; zeros that all of them have behind 15 digits are none of it."""
    here = np.flatnonzero(sizes)
    digits, sizes, corsican = digits[here], sizes[here], corsican[here]
    if len(here) and sizes[~corsican].min(initial=WIDEST) > FULL:
        zeros = sizes - WIDEST + np.argmax(digits[:, ::-1] != 0, axis=1)
        fewest = zeros[~corsican].min(initial=WIDEST)
        sizes = np.where(corsican, sizes, np.maximum(FULL, sizes - fewest))
    return here, digits, sizes, corsican


def _matrix(numbers: Sequence[str]) -> tuple[Bytes, Ints]:
    """The digits of N numbers as rows, and how many each has; of those that are too long none."""
    sizes = np.array([len(number) if len(number) <= WIDEST else 0 for number in numbers], np.int64)
    signs = "".join([number[:WIDEST].ljust(WIDEST, "0") for number in numbers]).encode()
    return np.frombuffer(signs, np.uint8).reshape(-1, WIDEST) - ord("0"), sizes


def _significant(value: object) -> str:
    """The digits of a float or decimal, without zeros in front or behind the point.

    Example:
        >>> _significant(0.155087599999193), _significant(-1.55e12), _significant(12.50)
        ('155087599999193', '1550000000000', '125')
    """
    mantissa, _e, exponent = str(value).lower().partition("e")
    whole, _point, fraction = mantissa.lstrip("-").partition(".")
    digits = (whole + fraction.rstrip("0")).lstrip("0")
    if exponent:
        digits = digits.ljust(min(int(exponent) + 1, FULL), "0")
    return digits if digits.isdigit() else ""


def _fold_text(text: str) -> tuple[str, bool] | None:
    """The digits in a text, and whether it was a Corsican number; None if there are none."""
    if not text.isascii():
        text = _FOREIGN_DIGIT.sub(lambda match: str(unicodedata.digit(match[0])), text)
    if "E" in text or "e" in text:
        text = _SCIENTIFIC.sub(lambda m: (m[1] + m[2]).ljust(1 + int(m[3]), "0"), text)
    if _DECIMAL.fullmatch(text):
        digits = re.sub("[^0-9]", "", text).lstrip("0")
        return (digits, False) if len(digits) >= BODY else None
    for read in range(2):
        if read:
            text = _MEMBER.sub("", text)
            if _WORD.search(text):
                return None
            text = _GAPS.sub("", text)
        if match := _CORSICAN.search(text):
            return match[1][:5] + ("19" if match[2] in "Aa" else "18") + match[3], True
        if match := _LONG.search(text):
            return match[1], False
    return None
