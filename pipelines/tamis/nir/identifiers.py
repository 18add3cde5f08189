"""Values as identifiers: shape, key and canonical form, of one value or of a column.

Finding NIRs in text is broad (`tamis.nir.find`), validating values is strict. The well-formed
values of each kind of identifier:

    kind     shape                                                            canonical form
    nir      1|2, year, month, département, commune, order; with or without key   13 characters
    nia      the same, first digit 1, 2, 7 or 8                                   13 characters
    nnp      13 digits: 7|8, then 0|1|2; no key                                   13 digits
    mig      13 digits: 5|6, then 1|2; no key                                     13 digits
    ntt      11 to 40 characters without space: 1|2, nine digits, any others      in upper case
    nir-key  01 to 97                                                             two digits

Months are 01-12, 20, 30-42 and 50-99, communes and orders 001-999, départements 01-99, 2A and 2B
whatever the year: the DSN's own pattern for S21.G00.30.001. Narrower rules for births overseas
and abroad are in use elsewhere; they would turn away numbers that the DSN lets in. A number that
ends in more than five nines stands for none (the DSN's controls CCH-13 and CCH-16), and is
malformed. What has the shape of a NIR is judged as one, also where a NTT may stand.
The key is 97 - (body mod 97), with 2A read as 19 and 2B as 18.
"""

import re
from collections.abc import Collection
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tamis.arrow.buffers import (
    are_valid,
    bitmap,
    decode,
    fixed_width_text,
    matches,
    read_characters,
    text_parts,
)
from tamis.arrow.types import Bools, Bytes, Ints, Words, is_text

BODY_WIDTH = 13
"""Characters of a NIR without its key."""

FULL_WIDTH = 15
"""Characters of a NIR with its key."""

_MONTHS = frozenset([*range(1, 13), 20, *range(30, 43), *range(50, 100)])
_FIRST_DIGITS = {"nir": frozenset((1, 2)), "nia": frozenset((1, 2, 7, 8))}
_FIRST_PAIRS = {"nnp": frozenset((70, 71, 72, 80, 81, 82)), "mig": frozenset((51, 52, 61, 62))}
SEPARATORS = r"[\s.\-\x{A0}\x{2007}\x{2009}\x{202F}]+"
"""What may stand between the groups of a value, as a pattern of RE2."""

_SEPARATOR = re.compile(r"[ \t\n\r\f.\-\u00a0\u2007\u2009\u202f]+")
_FILLER = 999_999
"""What a number without a person ends in."""

_BODY = re.compile(r"[0-9]{5}(?:[0-9]{2}|2[AB])[0-9]{6}")
_NTT = "^[12][0-9]{9}[!-~]{1,30}$"
_NIR_KEY = "^(0[1-9]|[1-8][0-9]|9[0-7])$"


@dataclass(frozen=True)
class Judgement:
    """What a column's values are as identifiers; one entry a row, N rows.

    Attributes:
        malformed: true where the value is not null and has none of the shapes, or stands for none.
        wrong_key: true where the value has the shape of a NIR of 15 characters and another key.
        canonical: strings, null where the value is null or not well-formed.
    """

    malformed: Bools
    wrong_key: Bools
    canonical: pa.Array = field(repr=False)


def key_of(body: str) -> int:
    """The key, 1 to 97, of the 13 canonical characters `body`.

    Legal source:
        None read for the key itself: INSEE publishes it beside the number of décret n° 82-103,
        art. 4.

    Example:
        >>> key_of("1550875999991"), key_of("269052A999992")
        (93, 44)
    """
    department = {"2A": "19", "2B": "18"}.get(body[5:7], body[5:7])
    return 97 - int(body[:5] + department + body[7:]) % 97


def canonical(value: str, kinds: Collection[str] = ("nir",)) -> str | None:
    """The canonical form of one value.

    Spaces, dots and dashes do not count, nor does the case of 2A and 2B. A key is checked where
    there is one, and is no part of the canonical form. `with_keys` writes it.

    Args:
        value: any text.
        kinds: the identifiers it may be: `nir`, `nia`, `nnp`, `mig`, `ntt`, `nir-key`.

    Returns:
        The canonical form, None where the value is not well-formed as one of `kinds`.

    Example:
        >>> canonical("2 69 05 2a 999 992 44")
        '269052A999992'
        >>> canonical("2 69 05 2a 999 992 45") is None, canonical("1999999999999") is None
        (True, True)
    """
    compact = _SEPARATOR.sub("", value).upper()
    body, key = compact[:BODY_WIDTH], compact[BODY_WIDTH:]
    if re.fullmatch("([0-9]{2})?", key) and _BODY.fullmatch(body):
        filled = body.endswith(str(_FILLER))
        if _is_nir(body, kinds) or (filled and _may_be_nir(kinds)):
            keyed = not key or key == f"{key_of(body):02}"
            return body if keyed and not filled else None
        if not key and body.isdigit():
            pair = int(body[:2])
            if any(pair in _FIRST_PAIRS[kind] for kind in kinds if kind in _FIRST_PAIRS):
                return None if filled else body
    text = value.strip(" ")
    if "ntt" in kinds and re.fullmatch(_NTT, text):
        return text.upper()
    if "nir-key" in kinds and re.fullmatch(_NIR_KEY, text):
        return text
    return None


def judge_identifiers(array: pa.Array, kinds: Collection[str] = ("nir",)) -> Judgement:
    """Judge each value of a column as one of the identifiers `kinds`.

    Args:
        array: N rows of strings, binaries, integers, decimals or floats, or a dictionary of them.
            A value of any other type is malformed.
        kinds: the identifiers it may be: `nir`, `nia`, `nnp`, `mig`, `ntt`, `nir-key`.

    Returns:
        A judgement of N rows. Only a NIR or NIA of 15 characters can have a wrong key.

    Example:
        >>> values = pa.array(["1 55 08 75 999 991 93", "155087599999194", "12", None])
        >>> judged = judge_identifiers(values)
        >>> judged.canonical.to_pylist()
        ['1550875999991', None, None, None]
        >>> judged.wrong_key.tolist(), judged.malformed.tolist()
        ([False, True, False, False], [False, False, True, False])
    """
    array = decode(array)
    kind = array.type
    if pa.types.is_decimal(kind):
        text = decimal_text(array)
        return _judge_text(pc.if_else(pc.match_substring_regex(text, "[.E\\-]"), "", text), kinds)
    if pa.types.is_integer(kind) or pa.types.is_floating(kind):
        return _judge_text(_digits(array, kinds), kinds)
    if is_text(kind):
        return _judge_text(read_characters(array), kinds)
    no_row = np.zeros(len(array), dtype=bool)
    return Judgement(are_valid(array), no_row, pa.nulls(len(array), pa.string()))


def with_keys(bodies: pa.Array) -> pa.StringArray:
    """NIRs of 13 canonical characters with their keys: 15 characters.

    Args:
        bodies: N strings of 13 characters, or null.

    Example:
        >>> with_keys(pa.array(["269052A999992", None])).to_pylist()
        ['269052A99999244', None]
    """
    held = bodies.cast(pa.string()).drop_null()
    data, offsets = text_parts(held)
    whole = np.empty((len(held), FULL_WIDTH), dtype=np.uint8)
    if len(held):
        whole[:, :BODY_WIDTH] = _matrix(data, offsets[:-1], BODY_WIDTH)
    keys = 97 - _number(_digits_of(whole[:, :BODY_WIDTH])[0]) % 97
    whole[:, BODY_WIDTH] = ord("0") + keys // 10
    whole[:, BODY_WIDTH + 1] = ord("0") + keys % 10
    return _scatter(fixed_width_text(whole, pa.string()), are_valid(bodies), FULL_WIDTH)


def decimal_text(array: pa.Array) -> pa.Array:
    """Decimals as text, without a fraction that is zero: N strings."""
    return pc.replace_substring_regex(array.cast(pa.string()), r"\.0*$", "")


_FIVE_DIGITS = np.arange(100_000)
_BIRTHS = {  # which first five digits (sex, year, month) are well-formed
    kind: np.isin(_FIVE_DIGITS // 10_000, list(first)) & np.isin(_FIVE_DIGITS % 100, list(_MONTHS))
    for kind, first in _FIRST_DIGITS.items()
}
_PLACES = (_FIVE_DIGITS >= 1_000) & (_FIVE_DIGITS % 1_000 > 0)  # département and commune


def _is_nir(body: str, kinds: Collection[str]) -> bool:
    if not any(int(body[0]) in _FIRST_DIGITS[kind] for kind in kinds if kind in _FIRST_DIGITS):
        return False
    return (
        int(body[3:5]) in _MONTHS
        and body[5:7] != "00"
        and body[7:10] != "000"
        and body[10:] != "000"
    )


def _digits(array: pa.Array, kinds: Collection[str]) -> pa.Array:
    """Integers and whole floats as their digits; 0 for others, and for floats of 16 digits."""
    if pa.types.is_floating(array.type):
        array = array.cast(pa.float64())
        whole = pc.and_(pc.equal(pc.trunc(array), array), pc.less(array, 10.0**FULL_WIDTH))
        array = pc.if_else(pc.and_(whole, pc.greater(array, 0)), array, 0).cast(pa.int64())
    zero = pa.scalar(0, array.type)
    text = pc.if_else(pc.greater(array, zero), array, zero).cast(pa.string())
    if "nir-key" in kinds:  # a number has lost the zero of a key below 10
        text = pc.if_else(pc.equal(pc.binary_length(text), 1), pc.utf8_lpad(text, 2, "0"), text)
    return text


def _have_shape(bodies: Ints, kinds: Collection[str]) -> Bools:
    """Which 13-digit integers (2A as 19, 2B as 18) have the NIR's layout, for nir or nia."""
    tables = [_BIRTHS[kind] for kind in kinds if kind in _BIRTHS]
    if not tables:
        return np.zeros(len(bodies), dtype=bool)
    births = np.logical_or.reduce(tables)
    without_order = bodies // 1_000
    birth = without_order // 100_000
    place = without_order - birth * 100_000
    return births[birth] & _PLACES[place] & (bodies != without_order * 1_000)


def _may_be_nir(kinds: Collection[str]) -> bool:
    return not _BIRTHS.keys().isdisjoint(kinds)


def _are_provisional(bodies: Ints, kinds: Collection[str]) -> Bools:
    """Which 13-digit integers are a NNP or MIG, where `kinds` names these."""
    pairs = [pair for kind in kinds for pair in _FIRST_PAIRS.get(kind, ())]
    table = np.zeros(100, dtype=bool)
    table[pairs] = True
    return table[bodies // 10**11] if pairs else np.zeros(len(bodies), dtype=bool)


def _key_holds(bodies: Ints, keys: Ints) -> Bools:
    return ((bodies + keys) % 97 == 0) & (keys >= 1) & (keys <= 97)


def _judge_text(array: pa.Array, kinds: Collection[str]) -> Judgement:
    n = len(array)
    present = are_valid(array)
    wellformed = np.zeros(n, dtype=bool)
    wrong_key = np.zeros(n, dtype=bool)
    shaped = np.zeros(n, dtype=bool)
    data, offsets = text_parts(array)
    flags = (wellformed, wrong_key, shaped)
    compact = _judge_compact(data, offsets, present, kinds, flags)
    others = np.flatnonzero(present & ~compact & (np.diff(offsets) >= BODY_WIDTH))
    loose = pc.replace_substring_regex(array.take(pa.array(others)), SEPARATORS, "")
    if len(others):
        verdicts = tuple(np.zeros(len(others), bool) for _ in flags)
        all_rows = np.ones(len(others), dtype=bool)
        _judge_compact(*text_parts(loose), all_rows, kinds, verdicts)
        for flag, verdict in zip(flags, verdicts, strict=True):
            flag[others] = verdict

    rows = np.flatnonzero(wellformed)
    characters = _body_characters(data, offsets[rows])
    read = wellformed[others]
    places = np.searchsorted(rows, others[read])
    loose_data, starts = text_parts(loose)
    characters[places] = _body_characters(loose_data, starts[:-1][read])
    bodies = fixed_width_text(characters, pa.string())
    out = bodies if wellformed.all() else _scatter(bodies, wellformed)
    for kind, pattern in (("ntt", _NTT), ("nir-key", _NIR_KEY)):
        if kind in kinds:
            trimmed = pc.utf8_trim(array.cast(pa.string()), " ")
            others_of = matches(trimmed, pattern) & ~wellformed & ~shaped & present
            out = pc.if_else(pa.array(others_of), pc.utf8_upper(trimmed), out)
            wellformed |= others_of  # what is judged as a NIR is no NTT
    return Judgement(present & ~wellformed & ~wrong_key, wrong_key, out)


def _body_characters(data: Bytes, starts: Ints) -> Bytes:
    """Thirteen characters from each start, N × 13, with the letter of Corsica in upper case."""
    characters = np.empty((len(starts), BODY_WIDTH), np.uint8)
    if len(starts):
        for first in (0, BODY_WIDTH - 8):
            eight = _eight_bytes(data, starts + first).view(np.uint8).reshape(-1, 8)
            characters[:, first : first + 8] = eight
    letters = characters[:, 6]
    letters[letters >= ord("A")] &= 0xDF
    return characters


def _judge_compact(
    data: Bytes,
    offsets: Ints,
    present: Bools,
    kinds: Collection[str],
    flags: tuple[Bools, ...],
) -> Bools:
    """Judge the rows of 13 or 15 bytes.

    Args:
        data: the bytes of N rows.
        offsets: N + 1, of the rows in them.
        present: which rows are to be judged.
        kinds: the identifiers that they may be.
        flags: N flags each, written here for the rows judged: which are well-formed, have a wrong
            key, have the shape of a NIR or stand for none.

    Returns:
        N flags: which rows are digits but for Corsica's letter.
    """
    wellformed, wrong_key, nirs = flags
    lengths = np.diff(offsets)
    compact = np.zeros(len(lengths), dtype=bool)
    for width in (FULL_WIDTH, BODY_WIDTH):
        rows = np.flatnonzero((lengths == width) & present)
        if not len(rows):
            continue
        starts = offsets[rows]
        body, key, numeric = _read_digits(data, starts, width)
        corsica = np.zeros(len(rows), dtype=bool)
        others = np.flatnonzero(~numeric)
        if len(others):
            digits, corsica[others] = _digits_of(_matrix(data, starts[others], width))
            numeric[others] = digits.max(axis=1) <= 9
            digits[~numeric[others]] = 0
            body[others] = _number(digits[:, :BODY_WIDTH])
            if width == FULL_WIDTH:
                key[others] = _number(digits[:, BODY_WIDTH:])
        shaped = _have_shape(body, kinds)
        filled = body % 1_000_000 == _FILLER
        nirs[rows] = shaped | (filled & _may_be_nir(kinds))
        if width == FULL_WIDTH:
            keyed = _key_holds(body, key)
            wrong_key[rows] = shaped & ~keyed & ~filled
            wellformed[rows] = shaped & keyed & ~filled
        else:
            wellformed[rows] = (shaped | (~corsica & _are_provisional(body, kinds))) & ~filled
        compact[rows] = numeric
    return compact


def _read_digits(data: Bytes, starts: Ints, width: int) -> tuple[Ints, Ints, Bools]:
    """Body and key of 13 or 15 digits from each start, and which rows are digits only."""
    first, rest = _eight_bytes(data, starts), _eight_bytes(data, starts + (width - 8))
    again = np.uint64(
        8 * (16 - width)
    )  # bits of `rest` that are in `first` too: zeros in their place
    zeros = np.uint64(0x3030303030303030 >> (64 - int(again)))
    numeric = _are_digits(first) & _are_digits(rest)
    low = _eight_digits(rest >> again << again | zeros)
    high = _eight_digits(first)
    if width == BODY_WIDTH:
        return high * 100_000 + low, np.zeros_like(low), numeric
    return high * 100_000 + low // 100, low % 100, numeric


def _eight_bytes(data: Bytes, starts: Ints) -> Words:
    """Eight bytes from each start as one number, the first one least."""
    return np.ndarray((len(data) - 7,), "<u8", data, strides=(1,))[starts].astype(np.uint64)


def _are_digits(words: Words) -> Bools:
    high = np.uint64(0xF0F0F0F0F0F0F0F0)
    over = (words + np.uint64(0x0606060606060606)) & high
    flags: Bools = ((words & high) | over >> np.uint64(4)) == np.uint64(0x3333333333333333)
    return flags


def _eight_digits(words: Words) -> Ints:
    """The number that eight bytes write: digits, then pairs, then fours are added up."""
    words = (words & np.uint64(0x0F0F0F0F0F0F0F0F)) * np.uint64(10 * 2**8 + 1) >> np.uint64(8)
    words = (words & np.uint64(0x00FF00FF00FF00FF)) * np.uint64(100 * 2**16 + 1) >> np.uint64(16)
    words = (words & np.uint64(0x0000FFFF0000FFFF)) * np.uint64(10_000 * 2**32 + 1) >> np.uint64(32)
    return words.astype(np.int64)


def _matrix(data: Bytes, starts: Ints, width: int) -> Bytes:
    """`width` bytes from each start, N × width; without a copy where they lie side by side."""
    first, last = int(starts[0]), int(starts[-1])
    if last - first == (len(starts) - 1) * width and bool((np.diff(starts) == width).all()):
        return data[first : last + width].reshape(-1, width)
    return data[starts[:, None] + np.arange(width)]


def _digits_of(characters: Bytes) -> tuple[Bytes, Bools]:
    """Characters as digits, 2A as 19 and 2B as 18; and which rows have one of these."""
    digits = characters - np.uint8(ord("0"))
    letter = characters[:, 6] & 0xDF
    corsica = (characters[:, 5] == ord("2")) & ((letter == ord("A")) | (letter == ord("B")))
    corsican = np.flatnonzero(corsica)
    digits[corsican, 5] = 1
    digits[corsican, 6] = ord("A") + 9 - letter[corsican]
    return digits, corsica


def _number(digits: Bytes) -> Ints:
    """The integer that each row of digits writes."""
    value = digits[:, 0].astype(np.int64)
    for column in range(1, digits.shape[1]):
        value *= 10
        value += digits[:, column]
    return value


def _scatter(bodies: pa.Array, rows: Bools, width: int = BODY_WIDTH) -> pa.Array:
    """N rows that hold `bodies` of equal width in order where `rows` is true, else null."""
    data, _ = text_parts(bodies)
    offsets = np.zeros(len(rows) + 1, dtype=np.int32)
    np.cumsum(rows, out=offsets[1:])
    offsets *= width
    return pa.StringArray.from_buffers(
        len(rows), pa.py_buffer(offsets), pa.py_buffer(data), bitmap(rows)
    )
