"""The rules of `tamis.nir.grammar` over whole columns.

Most text holds no NIR, and most NIRs have a common shape. So bytes are looked at in blocks:

1. A row with fewer than nine digits, and none of another script, holds no NIR.
2. In the others, NIRs of the shapes that `tamis.nir.vectorized.shapes` reads are found in one
   vectorised pass.
3. Once these are taken out, most rows have too few digits left, or a number of another length.
4. The rows left that a regular expression does not clear either go to the rules, one by one.
"""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.lib.stride_tricks import sliding_window_view

from tamis.arrow.buffers import offsets_of, text_bytes, text_parts
from tamis.arrow.types import Bytes, Ints, Offsets
from tamis.nir.grammar import find_nir
from tamis.nir.vectorized.bits import (
    Words,
    carry,
    clear,
    count_before,
    count_digits,
    find_firsts,
    find_mixed,
    mark_digits,
    trailing_ones,
    windows_at,
)
from tamis.nir.vectorized.shapes import Candidates, apply_labels, find_candidates

_SLAB = 1 << 22  # bytes that are judged at a time, for memory
_ENOUGH_DIGITS = 12  # the least that a NIR has: 13 characters, one the letter of Corsica
_ENOUGH_IF_MISREAD = 9
_SHORT_ROWS = 64  # bytes a row
_FEW = 0.3  # of the bytes

_MAY_HOLD = (
    r"(?:^|[^0-9])[1-8](?:[^0-9A-Za-z]*[0-9ABab]){12}(?:(?:[^0-9A-Za-z]*[0-9]){2})?(?:$|[^0-9])"
    r"|&[#A-Za-z]|%[0-9A-Fa-f]{2}|\\[uUxtnr]|<[/A-Za-z]|[eE]\+?1[24]"
    r"|[0-9][\x00\p{Cf}\pM]*[OoQIilSsBZzG]|[OoQIilSsBZzG][\x00\p{Cf}\pM]*[0-9]"
    r"|(?:^|[^\pL\pN])[IlSBZ][^0-9A-Za-z]{1,6}[0-9]"
    r"|[0-9][^0-9A-Za-z]{1,6}[OoIlSBZ]{2,3}[^0-9A-Za-z]{1,6}[0-9]"
)
_SOME_NUMBERS = r"(?:\p{Nd}[^\p{Nd}]*){9}"


class NirSpans(NamedTuple):
    """Where NIRs stand in a column: one entry a NIR, in order.

    Attributes:
        rows: the row of each.
        starts: its first byte, counted from the beginning of the column's data buffer.
        ends: one past its last byte.
    """

    rows: Ints
    starts: Ints
    ends: Ints


_REACH = 8  # bytes before a run
_BLANK, _LETTER = 1, 2
_BEFORE_RUN = np.zeros(256, np.uint8)
_BEFORE_RUN[list(b" \t\n:=('\"")] = _BLANK
_BEFORE_RUN[list(b"hjkmnprtuvwxyHJKLMNPRTUVWXY")] = _LETTER
_NOTHING = np.zeros(0, dtype=np.int64)
_NONE = NirSpans(_NOTHING, _NOTHING, _NOTHING)
_NO_SHAPES = Candidates(_NOTHING, _NOTHING, _NOTHING, _NOTHING > 0, _NOTHING > 0)


def locate(array: pa.Array) -> NirSpans:
    """Every NIR of a string or large_string array without bytes under its nulls.

    Args:
        array: N rows.

    Returns:
        The spans that `find_nir` gives for each row, in bytes.
    """
    data, offsets = text_bytes(array), offsets_of(array)
    if len(array) == 0 or offsets[-1] - offsets[0] < _ENOUGH_IF_MISREAD:
        return _NONE
    texts = array.view(pa.large_binary() if offsets.itemsize == 8 else pa.binary())
    found, doubtful, foreign = _scan(texts, data, offsets)
    accepted, settled = apply_labels(texts, data, offsets, found)
    taken = found if accepted.all() else found.pick(accepted)
    plain = NirSpans(taken.rows, taken.begins, taken.ends)
    flags = np.zeros(len(array), dtype=bool)
    flags[doubtful] = flags[foreign] = flags[found.rows[~settled]] = True
    doubtful = np.flatnonzero(flags)
    if len(doubtful) == 0:
        return plain
    doubtful = _filter_doubtful(array, doubtful, foreign, plain, offsets)
    exact = _apply_rules(array, doubtful, offsets)
    if len(plain.rows) and len(doubtful):
        settled = np.ones(len(array), dtype=bool)
        settled[doubtful] = False
        keep = settled[plain.rows]
        plain = NirSpans(plain.rows[keep], plain.starts[keep], plain.ends[keep])
    return _merge(plain, exact) if len(exact.rows) else plain


def _scan(texts: pa.Array, data: Bytes, offsets: Offsets) -> tuple[Candidates, Ints, Ints]:
    """The plain NIRs, the rows with digits enough for others, those with other scripts' digits.

    Where few rows have digits enough, or where rows are short, these rows are first put together,
    parted by line breaks.
    """
    shaped, doubtful, foreign, apart = [_NO_SHAPES], [_NOTHING], [_NOTHING], [_NOTHING]
    for first, last in _slabs(offsets):
        begin, end = int(offsets[first]), int(offsets[last])
        part, bounds = data[begin:end], offsets[first : last + 1] - np.int64(begin)
        words, strange = mark_digits(part)
        foreign.append(np.unique(np.searchsorted(bounds, strange, side="right") - 1) + first)
        rows = np.flatnonzero(np.diff(count_before(words, bounds)) >= _ENOUGH_IF_MISREAD)
        share = (bounds[rows + 1] - bounds[rows]).sum() / len(part)
        if share < _FEW or len(part) < _SHORT_ROWS * (last - first):
            apart.append(rows + first)
            continue
        found, rows = _read_part(part, bounds, words)
        shaped.append(_move(found, found.rows + first, begin))
        doubtful.append(rows + first)
    in_order = len(shaped) == 1
    rows = np.concatenate(apart)
    for first, last in _slabs(_ends_of(offsets[rows + 1] - offsets[rows])):
        chosen = rows[first:last]
        everything = pa.ListArray.from_arrays([0, len(chosen)], texts.take(pa.array(chosen)))
        part, _ = text_parts(pc.binary_join(everything, pa.scalar(b"\n", texts.type)))
        bounds = _ends_of(offsets[chosen + 1] - offsets[chosen] + 1)
        bounds[-1] -= 1
        found, some = _read_part(part, bounds, mark_digits(part)[0])
        back = chosen[found.rows]
        shaped.append(_move(found, back, offsets[back] - bounds[found.rows]))
        doubtful.append(chosen[some])
    found = Candidates(*[np.concatenate(column) for column in zip(*shaped, strict=True)])
    if len(rows) and not in_order:
        found = found.pick(np.argsort(found.begins, kind="stable"))
    return found, np.concatenate(doubtful), np.concatenate(foreign)


def _ends_of(widths: Offsets) -> Ints:
    """Where each of some rows begins, and where the last ends."""
    ends = np.zeros(len(widths) + 1, dtype=np.int64)
    np.cumsum(widths, out=ends[1:])
    return ends


def _move(found: Candidates, rows: Ints, by: Ints | int) -> Candidates:
    return found._replace(rows=rows, begins=found.begins + by, ends=found.ends + by)


def _merge(some: NirSpans, more: NirSpans) -> NirSpans:
    """The hits of both, in the order of where they begin."""
    places = np.searchsorted(some.starts, more.starts)
    return NirSpans(*[np.insert(a, places, b) for a, b in zip(some, more, strict=True)])


def _slabs(offsets: Offsets) -> Iterator[tuple[int, int]]:
    """Runs of rows, first and one past last, of about `_SLAB` bytes; none is empty of bytes."""
    cuts = np.arange(int(offsets[0]), int(offsets[-1]), _SLAB, dtype=offsets.dtype)
    edges = np.unique(np.concatenate([np.searchsorted(offsets, cuts), [0, len(offsets) - 1]]))
    for first, last in zip(edges[:-1].tolist(), edges[1:].tolist(), strict=True):
        if offsets[first] < offsets[last]:
            yield first, last


def _read_part(part: Bytes, bounds: Ints, words: Words) -> tuple[Candidates, Ints]:
    """The NIRs of common shapes, and the rows with digits enough for others."""
    shaped = _NO_SHAPES
    near = np.flatnonzero(count_digits(words, 2) >= _ENOUGH_DIGITS)
    if len(near):
        shaped = find_candidates(part, bounds, words, near)
        clear(words, shaped.begins, shaped.ends)
    return shaped, _find_doubtful(part, bounds, words, shaped.rows)


def _find_doubtful(part: Bytes, bounds: Ints, words: Words, shaped: Ints) -> Ints:
    """The rows with digits enough for a NIR, misread ones among them, beside those cleared.

    The rules count the digits of all numbers of a row before they look for letters apart from
    digits; where numbers of a row were cleared, any others are left to them.
    """
    counts = count_digits(words, 3)
    if counts.max() < _ENOUGH_IF_MISREAD:
        return _NOTHING
    dense = carry(counts >= _ENOUGH_IF_MISREAD, 3)
    dense &= words != 0
    mixed = find_mixed(part, bounds, words, np.flatnonzero(dense))
    in_row = np.diff(count_before(words, bounds))
    rows = in_row >= _ENOUGH_DIGITS
    rows[_find_lone(part, bounds, words, in_row)] = False
    for some in (mixed, shaped):
        rows[some[in_row[some] >= _ENOUGH_IF_MISREAD]] = True
    return np.flatnonzero(rows)


def _find_lone(part: Bytes, bounds: Ints, words: Words, in_row: Offsets) -> Ints:
    """The rows whose digits are one run that is too long or too short for a NIR.

    A letter before it could still be a digit misread. None is where the run stands behind blanks
    and a letter that no digit looks like, as in `SIRET : 12345678900012`.
    """
    near = np.flatnonzero(count_digits(words, 2) >= _ENOUGH_DIGITS)
    firsts = find_firsts(words, near)
    rows = np.searchsorted(bounds, firsts, side="right") - 1
    runs = trailing_ones(windows_at(words, firsts))
    at = np.flatnonzero(
        (runs == in_row[rows]) & (runs != 13) & (runs != 15) & (firsts - _REACH >= bounds[rows])
    )
    firsts, rows, runs = firsts[at], rows[at], runs[at]
    apart = np.zeros(len(at), dtype=bool)
    blank = np.ones(len(at), dtype=bool)
    for step in range(1, _REACH):
        kind = _BEFORE_RUN.take(part.take(firsts - step))
        apart |= blank & (kind == _LETTER) & (part.take(firsts - step - 1) != ord("\\"))
        blank &= kind == _BLANK
    return rows[apart & (firsts + runs <= bounds[rows + 1])]


def _filter_doubtful(
    array: pa.Array, rows: Ints, foreign: Ints, plain: NirSpans, offsets: Offsets
) -> Ints:
    """Of the doubtful rows, those that a regular expression does not clear either.

    It looks at what is left of them once the plain NIRs are crossed out.
    """
    texts = array.take(pa.array(rows))
    doubtful = np.zeros(len(array), dtype=bool)
    doubtful[rows] = True
    among = np.flatnonzero(doubtful[plain.rows])
    if len(among):
        data, starts = text_bytes(texts), offsets_of(texts)
        data = data.copy()
        rows_of, begins = plain.rows[among], plain.starts[among]
        moved = starts[np.searchsorted(rows, rows_of)] - offsets[rows_of] + begins
        lengths = plain.ends[among] - begins
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


def _apply_rules(array: pa.Array, rows: Ints, offsets: Offsets) -> NirSpans:
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
    return NirSpans(columns[:, 0], columns[:, 1], columns[:, 2])
