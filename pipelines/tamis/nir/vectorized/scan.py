"""From a column of text to the spans of its NIRs: the steps from bytes to rules, in their order.

1. A row with fewer than nine digits, none of another script, holds no NIR.
2. In the others, candidates of the shapes of `tamis.nir.vectorized.shapes` are read at once.
3. Their digits are cleared. Most rows then have too few digits left, or a number of another length.
4. Of the rows left in doubt a regular expression excludes more; the rest is read by `find_nir`.
"""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.lib.stride_tricks import sliding_window_view

from tamis.arrow.buffers import as_flags, offsets_of, text_bytes
from tamis.arrow.types import Bytes, Ints, Offsets
from tamis.nir.grammar import find_nir
from tamis.nir.label import ANY_STRONG_BYTES
from tamis.nir.vectorized.bits import (
    Words,
    clear,
    count_before,
    count_digits,
    extend,
    find_mixed,
    mark_digits,
)
from tamis.nir.vectorized.shapes import Candidates, apply_labels, find_candidates

_SLAB = 1 << 22  # bytes that are read at a time, so that memory is bounded
_ENOUGH_DIGITS = 12  # digits that a NIR has at least: 13 characters, one of them Corsica's letter
_ENOUGH_IF_MISREAD = 9  # digits that a NIR misread by OCR has at least
_SHORT_ROWS = 64  # mean bytes a row below which rows are joined before they are read
_FEW = 0.3  # share of the bytes, in rows with digits enough, below which these rows are joined

_MAY_HOLD = (
    r"(?:^|[^0-9])[1-8](?:[^0-9A-Za-z]*[0-9ABab]){12}(?:(?:[^0-9A-Za-z]*[0-9]){2})?(?:$|[^0-9])"
    r"|&[#A-Za-z]|%[0-9A-Fa-f]{2}|\\[uUxtnr]|<[/A-Za-z]|[eE]\+?1[24]"
    r"|[0-9][\x00\p{Cf}\pM]*[OoQIilSsBZzG]|[OoQIilSsBZzG][\x00\p{Cf}\pM]*[0-9]"
    r"|(?:^|[^\pL\pN])[IlSBZ][^0-9A-Za-z]{1,6}[0-9]"
    r"|[0-9][^0-9A-Za-z]{1,6}[OoIlSBZ]{2,3}[^0-9A-Za-z]{1,6}[0-9]"
    r"|\x00|\p{Cf}|\pM"
)
_SOME_NUMBERS = r"(?:\p{Nd}[^\p{Nd}]*){9}"


class NirSpans(NamedTuple):
    """The NIRs of a column: one entry a NIR, in order.

    Attributes:
        rows: the row of each.
        starts: its first byte, as an offset in the column's data buffer.
        ends: one past its last byte.
    """

    rows: Ints
    starts: Ints
    ends: Ints


_NOTHING = np.zeros(0, dtype=np.int64)
_NONE = NirSpans(_NOTHING, _NOTHING, _NOTHING)
_NO_CANDIDATES = Candidates(_NOTHING, _NOTHING, _NOTHING, _NOTHING > 0, _NOTHING > 0)


def locate(array: pa.Array) -> NirSpans:
    """Find every NIR of a column.

    Args:
        array: N rows of string or large_string, with no byte under a null.

    Returns:
        The spans that `find_nir` finds in each row, in bytes.

    Example:
        >>> locate(pa.array(["rien", "NIR 155087599999193"])).starts.tolist()
        [8]
    """
    data, offsets = text_bytes(array), offsets_of(array)
    if len(array) == 0 or offsets[-1] - offsets[0] < _ENOUGH_IF_MISREAD:
        return _NONE
    texts = as_binary(array)
    candidates, doubtful, foreign = _scan(texts, data, offsets)
    accepted, settled = apply_labels(texts, data, offsets, candidates)
    certain = candidates if accepted.all() else candidates.pick(accepted)
    spans = NirSpans(certain.rows, certain.begins, certain.ends)
    in_doubt = np.zeros(len(array), dtype=bool)
    in_doubt[doubtful] = in_doubt[foreign] = in_doubt[candidates.rows[~settled]] = True
    doubtful = np.flatnonzero(in_doubt)
    if len(doubtful) == 0:
        return spans
    doubtful = _filter_doubtful(array, doubtful, foreign, spans, offsets)
    by_rules = _apply_rules(array, doubtful, offsets)
    if len(spans.rows) and len(doubtful):
        in_doubt[:] = False
        in_doubt[doubtful] = True
        keep = ~in_doubt[spans.rows]
        spans = NirSpans(spans.rows[keep], spans.starts[keep], spans.ends[keep])
    return _merge(spans, by_rules) if len(by_rules.rows) else spans


def as_binary(texts: pa.Array) -> pa.Array:
    """N rows of text as the same rows of bytes."""
    return texts.view(pa.large_binary() if offsets_of(texts).itemsize == 8 else pa.binary())


def _scan(texts: pa.Array, data: Bytes, offsets: Offsets) -> tuple[Candidates, Ints, Ints]:
    """Read the candidates of all rows.

    Where few rows have digits enough, or where rows are short, these rows are joined by line breaks
    first, so that they are read as one long text.

    Args:
        texts: N rows, as binary.
        data: their bytes.
        offsets: N + 1 offsets of the rows in `data`.

    Returns:
        Candidates, in order; rows with enough digits beside them to hold another NIR; rows that may
        hold digits of other scripts.
    """
    shaped, doubtful, foreign, joined = [_NO_CANDIDATES], [_NOTHING], [_NOTHING], [_NOTHING]
    for first, last in _slabs(offsets):
        begin, end = int(offsets[first]), int(offsets[last])
        part, bounds = data[begin:end], offsets[first : last + 1] - np.int64(begin)
        words, places = mark_digits(part)
        foreign.append(np.unique(np.searchsorted(bounds, places, side="right") - 1) + first)
        rows = np.flatnonzero(np.diff(count_before(words, bounds)) >= _ENOUGH_IF_MISREAD)
        share = (bounds[rows + 1] - bounds[rows]).sum() / len(part)
        if share < _FEW or len(part) < _SHORT_ROWS * (last - first):
            joined.append(rows + first)
            continue
        candidates, rows = _read_part(part, bounds, words)
        shaped.append(_move(candidates, candidates.rows + first, begin))
        doubtful.append(rows + first)
    in_order = len(shaped) == 1
    rows = np.concatenate(joined)
    for first, last in _slabs(_ends_of(offsets[rows + 1] - offsets[rows])):
        chosen = rows[first:last]
        one_list = pa.ListArray.from_arrays([0, len(chosen)], texts.take(pa.array(chosen)))
        part = text_bytes(pc.binary_join(one_list, pa.scalar(b"\n", texts.type)))
        bounds = _ends_of(offsets[chosen + 1] - offsets[chosen] + 1)
        bounds[-1] -= 1
        candidates, rows_left = _read_part(part, bounds, mark_digits(part)[0])
        original = chosen[candidates.rows]
        shaped.append(_move(candidates, original, offsets[original] - bounds[candidates.rows]))
        doubtful.append(chosen[rows_left])
    candidates = Candidates(*[np.concatenate(column) for column in zip(*shaped, strict=True)])
    if len(rows) and not in_order:
        candidates = candidates.pick(np.argsort(candidates.begins, kind="stable"))
    return candidates, np.concatenate(doubtful), np.concatenate(foreign)


def _ends_of(widths: Offsets) -> Ints:
    """N + 1 offsets of rows of N widths that lie side by side."""
    ends = np.zeros(len(widths) + 1, dtype=np.int64)
    np.cumsum(widths, out=ends[1:])
    return ends


def _move(candidates: Candidates, rows: Ints, distance: Ints | int) -> Candidates:
    """The candidates as those of `rows`, `distance` bytes further on."""
    return candidates._replace(
        rows=rows, begins=candidates.begins + distance, ends=candidates.ends + distance
    )


def _merge(spans: NirSpans, more: NirSpans) -> NirSpans:
    """The spans of both, in the order of their starts."""
    places = np.searchsorted(spans.starts, more.starts)
    return NirSpans(*[np.insert(a, places, b) for a, b in zip(spans, more, strict=True)])


def _slabs(offsets: Offsets) -> Iterator[tuple[int, int]]:
    """Runs of rows of about `_SLAB` bytes: first row and one past the last; none without bytes."""
    cuts = np.arange(int(offsets[0]), int(offsets[-1]), _SLAB, dtype=offsets.dtype)
    edges = np.unique(np.concatenate([np.searchsorted(offsets, cuts), [0, len(offsets) - 1]]))
    for first, last in zip(edges[:-1].tolist(), edges[1:].tolist(), strict=True):
        if offsets[first] < offsets[last]:
            yield first, last


def _read_part(part: Bytes, bounds: Ints, words: Words) -> tuple[Candidates, Ints]:
    """The candidates of some bytes, and the rows with digits enough for another NIR.

    The bits of the candidates are cleared in `words`.
    """
    candidates = _NO_CANDIDATES
    near = np.flatnonzero(count_digits(words, 2) >= _ENOUGH_DIGITS)
    if len(near):
        candidates = find_candidates(part, bounds, words, near)
        clear(words, candidates.begins, candidates.ends)
    return candidates, _find_doubtful(part, bounds, words, candidates.rows)


def _find_doubtful(part: Bytes, bounds: Ints, words: Words, shaped: Ints) -> Ints:
    """The rows with digits enough for a NIR, also for a misread one, beside the cleared ones.

    The rules count the digits of all numbers of a row before they look for misread letters that
    stand apart from digits. So a row with a candidate is in doubt by fewer digits than another.
    """
    counts = count_digits(words, 4)
    if counts.max() < _ENOUGH_IF_MISREAD:
        return _NOTHING
    dense = extend(counts >= _ENOUGH_IF_MISREAD, 4)
    dense &= words != 0
    mixed = find_mixed(part, bounds, words, np.flatnonzero(dense))
    in_row = np.diff(count_before(words, bounds))
    rows = in_row >= _ENOUGH_DIGITS
    for suspects in (mixed, shaped):
        rows[suspects[in_row[suspects] >= _ENOUGH_IF_MISREAD]] = True
    return np.flatnonzero(rows)


def _filter_doubtful(
    array: pa.Array, rows: Ints, foreign: Ints, spans: NirSpans, offsets: Offsets
) -> Ints:
    """The doubtful rows in which a regular expression finds that there may be a NIR.

    Args:
        array: N rows.
        rows: the doubtful ones, ascending.
        foreign: those that may hold digits of other scripts.
        spans: the NIRs that are certain; they are overwritten before the expression is matched.
        offsets: N + 1 offsets of the rows.
    """
    texts = array.take(pa.array(rows))
    is_doubtful = np.zeros(len(array), dtype=bool)
    is_doubtful[rows] = True
    inside = np.flatnonzero(is_doubtful[spans.rows])
    if len(inside):
        data, starts = text_bytes(texts).copy(), offsets_of(texts)
        span_rows, begins = spans.rows[inside], spans.starts[inside]
        moved = starts[np.searchsorted(rows, span_rows)] - offsets[span_rows] + begins
        lengths = spans.ends[inside] - begins
        for length in np.unique(lengths).tolist():
            windows = sliding_window_view(data, length, writeable=True)
            windows[moved[lengths == length]] = ord("X")
        buffers = [texts.buffers()[0], texts.buffers()[1], pa.py_buffer(data)]
        texts = pa.Array.from_buffers(texts.type, len(texts), buffers)
    keep = pc.or_(
        pc.match_substring_regex(texts, _MAY_HOLD),
        pc.match_substring_regex(as_binary(texts), ANY_STRONG_BYTES),
    )
    if len(foreign):
        is_foreign = pa.array(np.isin(rows, foreign))
        enough = pc.match_substring_regex(texts.filter(is_foreign), _SOME_NUMBERS)
        either = pc.or_(keep.filter(is_foreign), enough)
        keep = pc.replace_with_mask(keep, is_foreign, either)
    return rows[as_flags(keep)]


def _apply_rules(array: pa.Array, rows: Ints, offsets: Offsets) -> NirSpans:
    """The NIRs that `find_nir` finds in `rows`, with their places in characters made bytes."""
    spans_in_bytes: list[tuple[int, int, int]] = []
    for row, text in zip(rows.tolist(), array.take(pa.array(rows)).to_pylist(), strict=True):
        spans = find_nir(text)
        if spans:
            begin = int(offsets[row])
            if text.isascii():
                spans_in_bytes.extend((row, begin + start, begin + end) for start, end in spans)
            else:
                for start, end in spans:
                    place = begin + len(text[:start].encode())
                    spans_in_bytes.append((row, place, place + len(text[start:end].encode())))
    columns = np.array(spans_in_bytes, dtype=np.int64).reshape(-1, 3)
    return NirSpans(columns[:, 0], columns[:, 1], columns[:, 2])
