"""The rules of `tamis.nir.rules` over whole columns.

Most text holds no NIR, and most NIRs are written plainly. So bytes are looked at in blocks:

1. Plain NIRs with a right key (15 digits, or the INSEE grouping by one kind of gap) are read in one
   vectorised pass. The rules accept each of them whatever stands around it.
2. Once these are taken out, a row that has neither 12 digits, nor 7 and a letter beside one that
   OCR takes for a digit, nor digits of another script, holds no further NIR.
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

_BLOCK = 1 << 20
_ENOUGH_DIGITS = 12  # the least that a NIR has: 13 characters, one of them the letter of Corsica
_ENOUGH_IF_MISREAD = 7
_GROUPS = (1, 2, 2, 2, 3, 3, 2)
_SHORT_ROWS = 64  # bytes a row
_LONG_ROWS = 512

_MAY_HOLD = (
    r"(?:^|[^0-9])[1-8](?:[^0-9A-Za-z]*[0-9ABab]){12}(?:[^0-9A-Za-z]*[0-9]{2})?(?:$|[^0-9])"
    r"|&[#A-Za-z]|%[0-9A-Fa-f]{2}|\\[uUxtnr]|<[/A-Za-z]|[eE]\+?1[24]"
    r"|[0-9][OoQIilSsBZzG]|[OoQIilSsBZzG][0-9]"
    r"|(?:^|[^0-9A-Za-z])[IlSBZ][^0-9A-Za-z]{1,6}[0-9]"
    r"|[0-9][^0-9A-Za-z]{1,6}[OoIlSBZ]{2,3}[^0-9A-Za-z]{1,6}[0-9]"
)
_FOREIGN = r"[^\x00-\x{65f}\x{2000}-\x{2fff}]"
_SOME_NUMBERS = r"(?:\p{Nd}[^\p{Nd}]*){7}"


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


def _table(characters: str, *, more: tuple[int, ...] = ()) -> Bools:
    table = np.zeros(256, dtype=bool)
    table[[ord(character) for character in characters] + list(more)] = True
    return table


_PUNCTUATION = "".join(
    chr(code) for code in range(128) if not chr(code).isalnum() and chr(code) not in "\0\x7f"
)
_GOES_BEFORE = _table("".join(c for c in _PUNCTUATION if c not in ".;>\\%&"))
_GOES_BEHIND = _table("".join(c for c in _PUNCTUATION if c not in "\\%&<"))
_GAP = _table(" .-/_\t")
_WIDE_GAPS = {2: ((0xC2, 0xA0),), 3: tuple((0xE2, 0x80, last) for last in (0x87, 0x89, 0xAF))}
_HIGH_BITS = np.array([0xFF & ~(0xFF >> count) for count in range(8)], dtype=np.uint8)


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
        return Hits(*[np.zeros(0, dtype=np.int64)] * 3)
    if (offsets[-1] - offsets[0]) < _SHORT_ROWS * rows:
        plain, doubtful = _locate_in_short_rows(array)
    else:
        plain, doubtful = _locate_plain(data, offsets)
    if len(doubtful) == 0:
        return plain
    doubtful = _filter_doubtful(array, doubtful)
    exact = _apply_rules(array, doubtful, offsets)
    if len(plain.rows) and len(doubtful):
        settled = np.ones(rows, dtype=bool)
        settled[doubtful] = False
        keep = settled[plain.rows]
        plain = Hits(plain.rows[keep], plain.starts[keep], plain.ends[keep])
    merged = [np.concatenate(pair) for pair in zip(plain, exact, strict=True)]
    order = np.argsort(merged[1], kind="stable")
    return Hits(*[part[order] for part in merged])


def _locate_in_short_rows(array: pa.Array) -> tuple[Hits, Ints]:
    """Plain NIRs and doubtful rows, after the rows were parted by line breaks."""
    filled = array.fill_null("") if array.null_count else array
    everything = pa.LargeListArray.from_arrays(pa.array([0, len(filled)], pa.int64()), filled)
    joined = pc.binary_join(everything, "\n")
    data, ends = spread(joined)
    _, offsets = spread(array)
    parted = offsets - offsets[0] + np.arange(len(offsets))
    parted[-1] = ends[-1] - ends[0]
    plain, doubtful = _locate_plain(data, parted + ends[0])
    shift = offsets[0] - ends[0] - plain.rows
    return Hits(plain.rows, plain.starts + shift, plain.ends + shift), doubtful


def _locate_plain(data: Bytes, offsets: Ints) -> tuple[Hits, Ints]:
    """Plain NIRs, and the rows that must be looked at by the rules."""
    hits: list[Hits] = []
    doubtful: list[Ints] = []
    for first, last in _blocks(offsets):
        begin, end = int(offsets[first]), int(offsets[last])
        if begin == end:
            continue
        words = -(-(end - begin) // 8)
        if begin + words * 8 <= len(data):
            part = data[begin : begin + words * 8]
        else:
            part = np.zeros(words * 8, dtype=np.uint8)
            part[: end - begin] = data[begin:end]
        bounds = offsets[first : last + 1] - begin
        block_hits, rows = _scan_block(part, bounds)
        hits.append(
            Hits(block_hits.rows + first, block_hits.starts + begin, block_hits.ends + begin)
        )
        doubtful.append(rows + first)
    empty = np.zeros(0, dtype=np.int64)
    together = [np.concatenate([empty, *parts]) for parts in zip(*hits, strict=True)]
    return Hits(*together) if together else Hits(empty, empty, empty), np.concatenate(
        [empty, *doubtful]
    )


def _blocks(offsets: Ints) -> Iterator[tuple[int, int]]:
    """Runs of rows, first and one past last, of about a megabyte."""
    rows = len(offsets) - 1
    cuts = np.arange(int(offsets[0]), int(offsets[-1]), _BLOCK)
    edges = np.unique(np.concatenate([np.searchsorted(offsets, cuts), [0, rows]]))
    yield from zip(edges[:-1].tolist(), edges[1:].tolist(), strict=True)


def _scan_block(part: Bytes, bounds: Ints) -> tuple[Hits, Ints]:
    digits = (part - np.uint8(48)) <= 9
    bits = np.packbits(digits)
    hits = _find_plain(part, bounds, digits, np.bitwise_count(bits))
    if len(hits.rows):
        _clear(digits, hits)
        bits = np.packbits(digits)
    in_row = np.diff(_count_before(bits, bounds))
    doubtful = in_row >= _ENOUGH_DIGITS
    if len(part) > _LONG_ROWS * len(in_row):
        within = _window(np.bitwise_count(bits), 16) >= _ENOUGH_DIGITS
        doubtful &= _rows_of(np.flatnonzero(within) * 8, 128, bounds)
    some = in_row >= _ENOUGH_IF_MISREAD
    if some.any():
        letters = part >= ord("A")
        mixed = digits[1:] & letters[:-1]
        mixed |= digits[:-1] & letters[1:]
        doubtful |= some & _rows_of(np.flatnonzero(mixed), 2, bounds)
    foreign = part >= 0xD9
    if foreign.any():
        foreign &= part != 0xE2
        doubtful |= _rows_of(np.flatnonzero(foreign), 1, bounds)
    return hits, np.flatnonzero(doubtful)


def _count_before(bits: Bytes, bounds: Ints) -> Ints:
    """How many of the bits, eight a byte and the first the highest, are set before each bound."""
    totals = np.zeros(len(bits) + 1, dtype=np.int32)
    np.cumsum(np.bitwise_count(bits), dtype=np.int32, out=totals[1:])
    byte, bit = bounds >> 3, (bounds & 7).astype(np.uint8)
    open_byte = bits[np.minimum(byte, len(bits) - 1)] & _HIGH_BITS[bit]
    return totals[byte] + np.bitwise_count(open_byte)


def _window(counts: Bytes, words: int) -> Bytes:
    """How many digits the `words` words from each on hold; `words` is at most 31."""
    padded = np.concatenate([counts, np.zeros(words - 1, dtype=np.uint8)])
    total, width = padded, 1
    while width * 2 <= words:
        total = total[:-width] + total[width:]
        width *= 2
    for place in range(width, words):
        total = total[: len(counts)] + padded[place : place + len(counts)]
    return total[: len(counts)]


def _spread_over(flags: Bools, words: int) -> Bools:
    """`flags` carried on over the `words` words that each flagged window covers."""
    out = flags.copy()
    for shift in range(1, words):
        out[shift:] |= flags[:-shift]
    return out


def _rows_of(places: Ints, width: int, bounds: Ints) -> Bools:
    """The rows that windows of `width` bytes, beginning at `places`, touch."""
    rows = len(bounds) - 1
    if len(places) == 0:
        return np.zeros(rows, dtype=bool)
    first = np.searchsorted(bounds, places, side="right") - 1
    last = np.searchsorted(bounds, places + width, side="left")
    first, last = np.clip(first, 0, rows), np.clip(last, 0, rows)
    steps = np.bincount(first, minlength=rows + 1) - np.bincount(last, minlength=rows + 1)
    return np.cumsum(steps)[:rows] > 0


def _find_plain(part: Bytes, bounds: Ints, digits: Bools, counts: Bytes) -> Hits:
    """NIRs of 15 digits with a right key, compact or in the INSEE grouping by one kind of gap."""
    dense = _window(counts, 5) >= 15
    places = np.flatnonzero(_spread_over(dense, 5)) if dense.any() else np.zeros(0, np.int64)
    found: list[tuple[Ints, Ints]] = []
    if len(places):
        starts, ends = _runs(digits.reshape(-1, 8)[places].reshape(-1))
        widths = ends - starts
        positions = places[starts >> 3] * 8 + (starts & 7)
        compact = positions[widths == 15]
        found.append((compact, np.full(len(compact), 15)))
        if len(widths) >= len(_GROUPS):
            found.extend(_grouped(starts, ends, widths, positions))
    kept: list[Hits] = []
    for begins, lengths in found:
        if len(begins):
            kept.append(_confirm(part, bounds, begins, int(lengths[0])))
    if not kept:
        return Hits(*[np.zeros(0, dtype=np.int64)] * 3)
    merged = [np.concatenate(parts) for parts in zip(*kept, strict=True)]
    order = np.argsort(merged[1], kind="stable")
    return Hits(*[part[order] for part in merged])


def _runs(flags: Bools) -> tuple[Ints, Ints]:
    """Where runs of true begin and end."""
    edged = np.zeros(len(flags) + 2, dtype=bool)
    edged[1:-1] = flags
    turns = np.flatnonzero(edged[1:] != edged[:-1])
    return turns[0::2], turns[1::2]


def _grouped(
    starts: Ints, ends: Ints, widths: Ints, positions: Ints
) -> Iterator[tuple[Ints, Ints]]:
    """Where seven runs have the INSEE grouping's widths, by the width of the gaps."""
    last = len(widths) - len(_GROUPS) + 1
    match = widths[:last] == _GROUPS[0]
    for place, width in enumerate(_GROUPS[1:3], 1):
        match &= widths[place : place + last] == width
    index = np.flatnonzero(match)
    for place, width in enumerate(_GROUPS[3:], 3):
        index = index[widths[index + place] == width]
    whole = ends[index + len(_GROUPS) - 1] - starts[index]
    for gap in (1, 2, 3):
        same = index[whole == 15 + 6 * gap]
        for place in range(len(_GROUPS) - 1):
            same = same[starts[same + place + 1] - ends[same + place] == gap]
        yield positions[same], np.full(len(same), 15 + 6 * gap)


def _confirm(part: Bytes, bounds: Ints, begins: Ints, length: int) -> Hits:
    """Of candidates of one length, those that the rules accept by themselves."""
    begins = begins[begins + length <= len(part)]
    rows = np.searchsorted(bounds, begins, side="right") - 1
    ends = begins + length
    inside = ends <= bounds[rows + 1]
    begins, rows, ends = begins[inside], rows[inside], ends[inside]
    if len(begins) == 0:
        return Hits(rows, begins, ends)
    texts = sliding_window_view(part, length)[begins]
    gap = (length - 15) // 6
    starts = np.cumsum([0, *[width + gap for width in _GROUPS[:-1]]])
    columns = np.concatenate(
        [start + np.arange(width) for start, width in zip(starts, _GROUPS, strict=True)]
    )
    fine = _surrounded(part, bounds, rows, begins, ends)
    if gap == 1:
        fine &= _GAP[texts[:, starts[1:] - 1]].all(axis=1)
    elif gap:
        for start in starts[1:]:
            inner = texts[:, start - gap : start]
            fine &= np.logical_or.reduce([(inner == way).all(axis=1) for way in _WIDE_GAPS[gap]])
    figures = (texts if gap == 0 else texts[:, columns]) - np.uint8(48)
    fine &= _is_nir(figures)
    return Hits(rows[fine], begins[fine], ends[fine])


def _surrounded(part: Bytes, bounds: Ints, rows: Ints, begins: Ints, ends: Ints) -> Bools:
    """Whether nothing beside the number makes the rules look twice."""
    limit = len(part) - 1
    before = _GOES_BEFORE[part[np.maximum(begins - 1, 0)]] | (begins == bounds[rows])
    next_byte = part[np.minimum(ends, limit)]
    at_end = ends == bounds[rows + 1]
    second = part[np.minimum(ends + 1, limit)]
    dotted = (next_byte == ord(".")) & (ends + 1 < bounds[rows + 1]) & (second - 48 <= 9)
    return before & (at_end | (_GOES_BEHIND[next_byte] & ~dotted))


def _is_nir(figures: Bytes) -> Bools:
    """Whether rows of 15 digits are a man's or woman's NIR with a known month and a right key."""
    if figures.max(initial=0) > 9:
        whole = (figures <= 9).all(axis=1)
        figures = np.where(whole[:, None], figures, 0)
    else:
        whole = np.ones(len(figures), dtype=bool)
    weights = np.array([[10 ** (12 - place), 0] for place in range(13)] + [[0, 10], [0, 1]], float)
    numbers = (figures.astype(np.float64) @ weights).astype(np.int64)
    body, key = numbers[:, 0], numbers[:, 1]
    month = figures[:, 3] * 10 + figures[:, 4]
    known = (month >= 1) & (month <= 12) & ((figures[:, 5] | figures[:, 6]) > 0)
    first = (figures[:, 0] == 1) | (figures[:, 0] == 2)
    return whole & first & known & ((body + key) % 97 == 0) & (key >= 1) & (key <= 97)


def _clear(digits: Bools, hits: Hits) -> None:
    """Take the digits of `hits` out."""
    lengths = hits.ends - hits.starts
    for length in np.unique(lengths).tolist():
        windows = sliding_window_view(digits, length, writeable=True)
        windows[hits.starts[lengths == length]] = False


def _filter_doubtful(array: pa.Array, rows: Ints) -> Ints:
    """Of the doubtful rows, those that a regular expression does not clear either."""
    texts = array.take(pa.array(rows))
    keep = pc.match_substring_regex(texts, _MAY_HOLD)
    if not pc.all(keep).as_py() and not pc.all(pc.string_is_ascii(texts)).as_py():
        foreign = pc.match_substring_regex(texts, _FOREIGN)
        foreign = pc.and_(foreign, pc.match_substring_regex(texts, _SOME_NUMBERS))
        keep = pc.or_(keep, foreign)
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
