"""The rules of `tamis.nir.rules` over whole columns.

Most text holds no NIR, and most NIRs have a common shape. So bytes are looked at in blocks:

1. NIRs of the shapes that `tamis.nir.shapes` reads are found in one vectorised pass.
2. Once these are taken out, a row with fewer than nine digits, and none of another script, holds
   no further NIR.
3. The rows left that a regular expression does not clear either go to the rules, one by one.
"""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.lib.stride_tricks import sliding_window_view

from tamis.nir.number import Bools, Bytes, Ints, spread
from tamis.nir.rules import find_nir
from tamis.nir.shapes import Candidates, ask_labels, read_shapes

_BLOCK = 1 << 19  # bytes that are classified at a time, for the processor's cache
_SLAB = 1 << 24  # bytes that are judged at a time, for memory
_ENOUGH_DIGITS = 12  # the least that a NIR has: 13 characters, one the letter of Corsica
_ENOUGH_IF_MISREAD = 9
_SHORT_ROWS = 64  # bytes a row

_MAY_HOLD = (
    r"(?:^|[^0-9])[1-8](?:[^0-9A-Za-z]*[0-9ABab]){12}(?:(?:[^0-9A-Za-z]*[0-9]){2})?(?:$|[^0-9])"
    r"|&[#A-Za-z]|%[0-9A-Fa-f]{2}|\\[uUxtnr]|<[/A-Za-z]|[eE]\+?1[24]"
    r"|[0-9][\x00\p{Cf}\pM]*[OoQIilSsBZzG]|[OoQIilSsBZzG][\x00\p{Cf}\pM]*[0-9]"
    r"|(?:^|[^\pL\pN])[IlSBZ][^0-9A-Za-z]{1,6}[0-9]"
    r"|[0-9][^0-9A-Za-z]{1,6}[OoIlSBZ]{2,3}[^0-9A-Za-z]{1,6}[0-9]"
)
_MIXED = r"[0-9][;-\xFF&\x00]|[;-\xFF&\x00][0-9]"  # edges of escapes and tags are as letters
_SOME_NUMBERS = r"(?:\p{Nd}[^\p{Nd}]*){9}"


class Hits(NamedTuple):
    """Where NIRs stand in a column: one entry a NIR, in order.

    Attributes:
        rows: the row of each.
        starts: its first byte, counted from the beginning of the column's data buffer.
        ends: one past its last byte.
    """

    rows: Ints
    starts: Ints
    ends: Ints


class Scan(NamedTuple):
    """The plain NIRs of some rows, and which rows may hold others.

    Attributes:
        plain: the NIRs that need no further look.
        many: the rows with digits enough for another one.
        few: the rows with digits enough only if others were misread.
        foreign: the rows that may have digits of other scripts.
    """

    plain: Hits
    many: Ints
    few: Ints
    foreign: Ints


_NOTHING = np.zeros(0, dtype=np.int64)
_NONE = Hits(_NOTHING, _NOTHING, _NOTHING)
_NO_SHAPES = Candidates(_NOTHING, _NOTHING, _NOTHING, _NOTHING > 0, _NOTHING > 0)


def locate(array: pa.Array) -> Hits:
    """Every NIR of a string or large_string array without bytes under its nulls.

    Args:
        array: N rows.

    Returns:
        The spans that `find_nir` gives for each row, in bytes.
    """
    data, offsets = spread(array)
    rows = len(array)
    if rows == 0 or offsets[-1] - offsets[0] < _ENOUGH_IF_MISREAD:
        return _NONE
    if (offsets[-1] - offsets[0]) < _SHORT_ROWS * rows:
        scan = _locate_in_short_rows(array)
    else:
        scan = _locate_plain(data, offsets)
    plain, few = scan.plain, scan.few
    beside = np.isin(few, plain.rows)  # the rules count the digits of all numbers of a row
    mixed = _keep_mixed(array, few[~beside])
    doubtful = np.unique(np.concatenate([scan.many, few[beside], mixed, scan.foreign]))
    if len(doubtful) == 0:
        return plain
    doubtful = _filter_doubtful(array, doubtful, scan.foreign, plain, offsets)
    exact = _apply_rules(array, doubtful, offsets)
    if len(plain.rows) and len(doubtful):
        settled = np.ones(rows, dtype=bool)
        settled[doubtful] = False
        keep = settled[plain.rows]
        plain = Hits(plain.rows[keep], plain.starts[keep], plain.ends[keep])
    return _merge(plain, exact) if len(exact.rows) else plain


def _locate_in_short_rows(array: pa.Array) -> Scan:
    """The same as `_locate_plain`, after the rows were parted by line breaks."""
    filled = array.fill_null("") if array.null_count else array
    everything = pa.ListArray.from_arrays(pa.array([0, len(filled)], pa.int32()), filled)
    joined = pc.binary_join(everything, pa.scalar("\n", array.type))
    data, ends = spread(joined)
    _, offsets = spread(array)
    parted = offsets - offsets[0] + np.arange(len(offsets))
    parted[-1] = ends[-1] - ends[0]
    scan = _locate_plain(data, parted + ends[0])
    plain = scan.plain
    shift = offsets[0] - ends[0] - plain.rows
    return scan._replace(plain=Hits(plain.rows, plain.starts + shift, plain.ends + shift))


def _locate_plain(data: Bytes, offsets: Ints) -> Scan:
    """The plain NIRs, and the rows that may hold others."""
    shaped, many, few, foreign = [_NO_SHAPES], [_NOTHING], [_NOTHING], [_NOTHING]
    for first, last in _slabs(offsets):
        begin, end = int(offsets[first]), int(offsets[last])
        found, *rows = _scan_slab(data[begin:end], offsets[first : last + 1] - begin)
        rows_of, begins, ends, *asked = found
        shaped.append(Candidates(rows_of + first, begins + begin, ends + begin, *asked))
        for parts, part in zip((many, few, foreign), rows, strict=True):
            parts.append(part + first)
    found = Candidates(*[np.concatenate(column) for column in zip(*shaped, strict=True)])
    accepted, settled = ask_labels(data, offsets, found)
    many.append(found.rows[~settled])
    hits = Hits(found.rows[accepted], found.begins[accepted], found.ends[accepted])
    return Scan(hits, np.concatenate(many), np.concatenate(few), np.concatenate(foreign))


def _merge(some: Hits, more: Hits) -> Hits:
    """The hits of both, in the order of where they begin."""
    places = np.searchsorted(some.starts, more.starts)
    return Hits(*[np.insert(a, places, b) for a, b in zip(some, more, strict=True)])


def _slabs(offsets: Ints) -> Iterator[tuple[int, int]]:
    """Runs of rows, first and one past last, of about `_SLAB` bytes; none is empty of bytes."""
    cuts = np.arange(int(offsets[0]), int(offsets[-1]), _SLAB)
    edges = np.unique(np.concatenate([np.searchsorted(offsets, cuts), [0, len(offsets) - 1]]))
    for first, last in zip(edges[:-1].tolist(), edges[1:].tolist(), strict=True):
        if offsets[first] < offsets[last]:
            yield first, last


def _scan_slab(part: Bytes, bounds: Ints) -> tuple[Candidates, Ints, Ints, Ints]:
    """The NIRs of common shapes in a slab's rows; then rows as in `Scan`."""
    digits, strange = _classify(part)
    shaped = _NO_SHAPES
    near = _stretches(digits, 2, _ENOUGH_DIGITS)
    if len(near):
        shaped = _find_shapes(part, bounds, digits, near)
        _clear(digits, shaped.begins, shaped.ends)
    many = few = _NOTHING
    if len(_stretches(digits, 3, _ENOUGH_IF_MISREAD)):
        in_row = np.diff(_count_before(digits, bounds))
        many = np.flatnonzero(in_row >= _ENOUGH_DIGITS)
        few = np.flatnonzero((in_row >= _ENOUGH_IF_MISREAD) & (in_row < _ENOUGH_DIGITS))
    foreign = np.unique(np.searchsorted(bounds, strange, side="right") - 1)
    return shaped, many, few, foreign


def _classify(part: Bytes) -> tuple[Bytes, Ints]:
    """Which bytes are digits, and where bytes stand that may belong to digits of other scripts.

    Digits are one bit a byte, the first the lowest, with spare zeros at the end.
    """
    digits = np.zeros(8 * (len(part) // 64 + 2), np.uint8)
    shifted, flags = np.empty(_BLOCK, np.uint8), np.empty(_BLOCK, bool)
    strange = [_NOTHING]
    for begin in range(0, len(part), _BLOCK):
        block = part[begin : begin + _BLOCK]
        shift, flag = shifted[: len(block)], flags[: len(block)]
        np.less_equal(np.subtract(block, 48, out=shift), 9, out=flag)
        bits = np.packbits(flag, bitorder="little")
        digits[begin // 8 : begin // 8 + len(bits)] = bits
        if block.max() >= 0xD9:
            np.greater_equal(block, 0xD9, out=flag)
            strange.append(np.flatnonzero(flag & (block != 0xE2)) + begin)
    return digits, np.concatenate(strange)


def _stretches(digits: Bytes, length: int, enough: int) -> Ints:
    """The stretches of 64 bytes that are of `length` in a row with `enough` digits."""
    counts = np.bitwise_count(digits.view(np.uint64))
    return np.flatnonzero(_carry(_window(counts, length) >= enough, length))


def _carry(flags: Bools, length: int) -> Bools:
    """`flags`, each carried on to the `length` places that it stands for."""
    out = flags.copy()
    for shift in range(1, length):
        out[shift:] |= flags[:-shift]
    return out


def _count_before(digits: Bytes, bounds: Ints) -> Ints:
    """How many digits lie before each bound."""
    words = digits.view(np.uint64)
    totals = np.zeros(len(words) + 1, dtype=np.int64)
    np.cumsum(np.bitwise_count(words), out=totals[1:])
    word = bounds >> 6
    below = (np.uint64(1) << (bounds & 63).astype(np.uint64)) - np.uint64(1)
    return totals[word] + np.bitwise_count(words[word] & below)


def _window(counts: Bytes, words: int) -> Bytes:
    """The sums of `words` counts from each on, at most 255; those past the end are 0."""
    padded = np.concatenate([counts, np.zeros(words - 1, dtype=np.uint8)])
    total = counts.copy()
    for place in range(1, words):
        total += padded[place : place + len(counts)]
    return total


def _find_shapes(part: Bytes, bounds: Ints, digits: Bytes, near: Ints) -> Candidates:
    """NIRs of common shapes, in the stretches `near` where digits stand close together.

    Args:
        part: the bytes.
        bounds: where rows begin and end in them.
        digits: a bit for each byte.
        near: the stretches of 64 bytes to look at.
    """
    octets = digits.reshape(-1, 8)[near].reshape(-1)
    counts = np.bitwise_count(octets)
    dense = np.flatnonzero(_carry(_window(counts, 5) >= _ENOUGH_DIGITS, 5))
    starts, ends = _runs(np.unpackbits(octets[dense], bitorder="little").view(bool))
    octet = dense[starts >> 3]
    begins = near[octet >> 3] * 64 + (octet & 7) * 8 + (starts & 7)
    return read_shapes(part, bounds, begins, begins + ends - starts)


def _runs(flags: Bools) -> tuple[Ints, Ints]:
    """Where runs of true begin and end."""
    edged = np.zeros(len(flags) + 2, dtype=bool)
    edged[1:-1] = flags
    turns = np.flatnonzero(edged[1:] != edged[:-1])
    return turns[0::2], turns[1::2]


def _clear(digits: Bytes, starts: Ints, ends: Ints) -> None:
    """Take the bits of these spans out. Each covers more than a byte, and they do not overlap."""
    first, last = starts >> 3, ends >> 3
    digits[first] &= ((1 << (starts & 7)) - 1).astype(np.uint8)
    digits[last] &= (0xFF << (ends & 7) & 0xFF).astype(np.uint8)
    for step in range(1, int((last - first).max(initial=0))):
        inner = first + step
        digits[inner[inner < last]] = 0


def _keep_mixed(array: pa.Array, rows: Ints) -> Ints:
    """Of some rows, those where a letter stands beside a digit, as in a number misread."""
    if not len(rows):
        return rows
    kind = pa.large_binary() if pa.types.is_large_string(array.type) else pa.binary()
    texts = array.take(pa.array(rows)).view(kind)
    return rows[pc.match_substring_regex(texts, _MIXED).to_numpy(zero_copy_only=False)]


def _filter_doubtful(
    array: pa.Array, rows: Ints, foreign: Ints, plain: Hits, offsets: Ints
) -> Ints:
    """Of the doubtful rows, those that a regular expression does not clear either.

    It looks at what is left of them once the plain NIRs are crossed out.
    """
    texts = array.take(pa.array(rows))
    place = np.searchsorted(rows, plain.rows)
    place[place == len(rows)] = 0
    among = rows[place] == plain.rows
    if among.any():
        data, starts = spread(texts)
        data = data.copy()
        moved = starts[place[among]] - offsets[plain.rows[among]] + plain.starts[among]
        lengths = plain.ends[among] - plain.starts[among]
        for length in np.unique(lengths).tolist():
            windows = sliding_window_view(data, length, writeable=True)
            windows[moved[lengths == length]] = ord("X")
        buffers = [texts.buffers()[0], texts.buffers()[1], pa.py_buffer(data)]
        texts = pa.Array.from_buffers(texts.type, len(texts), buffers)
    keep = pc.match_substring_regex(texts, _MAY_HOLD)
    if len(foreign):
        told = np.isin(rows, foreign)
        some = pc.match_substring_regex(texts.filter(pa.array(told)), _SOME_NUMBERS)
        keep = pc.replace_with_mask(keep, pa.array(told), pc.or_(keep.filter(pa.array(told)), some))
    return rows[keep.fill_null(False).to_numpy(zero_copy_only=False)]


def _apply_rules(array: pa.Array, rows: Ints, offsets: Ints) -> Hits:
    found: list[tuple[int, int, int]] = []
    for row, text in zip(rows.tolist(), array.take(pa.array(rows)).to_pylist(), strict=True):
        spans = find_nir(text)
        if spans:
            begin = int(offsets[row])
            if text.isascii():
                found.extend((row, begin + start, begin + end) for start, end in spans)
            else:
                for start, end in spans:
                    place = begin + len(text[:start].encode())
                    found.append((row, place, place + len(text[start:end].encode())))
    columns = np.array(found, dtype=np.int64).reshape(-1, 3)
    return Hits(columns[:, 0], columns[:, 1], columns[:, 2])
