"""From a column of text to the spans of its NIRs: the steps from bytes to rules, in their order.

1. A row with fewer than nine digits, none of another script, holds no NIR. The others, most often
   a small share, are copied, so that the next steps cost what they cost.
2. In these, candidates of the shapes of `tamis.nir.vectorized.shapes` are read at once.
3. Their digits are cleared. In most rows no chain of digits (`tamis.nir.vectorized.chains`) is
   left that is long enough, or what is left has neither a key, nor groups, nor a label.
4. The rows in doubt are read by `find_nir`.
"""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import pyarrow as pa

from tamis.arrow.bits import clear
from tamis.arrow.buffers import matches, offsets_of, text_bytes
from tamis.arrow.types import Bytes, Ints, Offsets
from tamis.nir.grammar import find_nir
from tamis.nir.label import NAMES_NIR_BYTES
from tamis.nir.vectorized.bits import count_before, count_digits, mark_digits
from tamis.nir.vectorized.chains import ENOUGH, ENOUGH_IF_MISREAD, Chains, find_chains
from tamis.nir.vectorized.shapes import Candidates, apply_labels, find_candidates

_FEW_ROWS = 16  # that the rules read sooner than all steps begin, if they are short
_FEW = 4096  # bytes that the rules read sooner than Arrow makes ready to match a pattern
_SLAB = 1 << 22  # bytes that are read at a time, so that memory is bounded

_MAY_HOLD = (
    r"(?:^|[^0-9])[1-8](?:[^0-9A-Za-z]*[0-9ABab]){12}(?:(?:[^0-9A-Za-z]*[0-9]){2})?(?:$|[^0-9])"
    r"|&[#A-Za-z]|%[0-9A-Fa-f]{2}|\\[uUxtnr]|<[/!?A-Za-z]|[eE]\+?1[24]"
    r"|\]\]>|[0-9]=(?:20|09|A0|C2|E2|\r?\n)|[0-9](?:Â|â)|[0-9ABab]{30}"
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
_NO_CHAINS = Chains(_NOTHING, _NOTHING, _NOTHING)


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
    rows = _with_digits(data, offsets)
    if not len(rows):
        return _NONE
    if 2 * len(rows) > len(array):
        return _read(array)
    some = array.take(pa.array(rows))
    spans = _read(some)
    moved = (offsets[rows] - offsets_of(some)[:-1].astype(np.int64))[spans.rows]
    return NirSpans(rows[spans.rows], spans.starts + moved, spans.ends + moved)


def _with_digits(data: Bytes, offsets: Offsets) -> Ints:
    """The rows that hold nine digits, or a digit of another script; ascending."""
    chosen = [_NOTHING]
    for first, last in _slabs(offsets):
        begin, end = int(offsets[first]), int(offsets[last])
        bounds = offsets[first : last + 1] - np.int64(begin)
        words, foreign = mark_digits(data[begin:end])
        enough = np.diff(count_before(words, bounds)) >= ENOUGH_IF_MISREAD
        enough[np.searchsorted(bounds, foreign, side="right") - 1] = True
        chosen.append(np.flatnonzero(enough) + first)
    return np.concatenate(chosen)


def _read(array: pa.Array) -> NirSpans:
    """`locate` for rows most of which hold digits."""
    data, offsets = text_bytes(array), offsets_of(array)
    if len(array) <= _FEW_ROWS and offsets[-1] - offsets[0] <= _FEW:
        return _apply_rules(array, np.flatnonzero(np.diff(offsets)), offsets)  # no null among them
    texts = array.view(pa.large_binary() if offsets.itemsize == 8 else pa.binary())
    certain, chains, foreign = _scan(texts, data, offsets)
    in_doubt = np.zeros(len(array), dtype=bool)
    in_doubt[chains.likely] = True
    for rows, kind, pattern in (
        (np.concatenate([chains.long, chains.odd]), texts, NAMES_NIR_BYTES),
        (chains.odd, array, _MAY_HOLD),
        (foreign, array, f"{_MAY_HOLD}|{_SOME_NUMBERS}"),
    ):
        rows = np.unique(rows[~in_doubt[rows]])
        if (offsets[rows + 1] - offsets[rows]).sum() > _FEW:
            rows = rows[matches(kind.take(pa.array(rows)), pattern)]
        in_doubt[rows] = True
    certain = certain.pick(~in_doubt[certain.rows])
    spans = NirSpans(certain.rows, certain.begins, certain.ends)
    by_rules = _apply_rules(array, np.flatnonzero(in_doubt), offsets)
    return _merge(spans, by_rules) if len(by_rules.rows) else spans


def _scan(texts: pa.Array, data: Bytes, offsets: Offsets) -> tuple[Candidates, Chains, Ints]:
    """The sure NIRs of all rows, other chains, and the rows that may hold digits of other scripts.

    Args:
        texts: N rows, as binary.
        data: their bytes.
        offsets: N + 1 offsets of the rows in `data`.
    """
    parts, shaped, chained, foreign = [], [_NO_CANDIDATES], [_NO_CHAINS], [_NOTHING]
    for first, last in _slabs(offsets):
        begin, end = int(offsets[first]), int(offsets[last])
        part, bounds = data[begin:end], offsets[first : last + 1] - np.int64(begin)
        words, places = mark_digits(part)
        foreign.append(np.searchsorted(bounds, places, side="right") - 1 + first)
        parts.append((first, begin, part, bounds, words))
        near = np.flatnonzero(count_digits(words, 2) >= ENOUGH)
        if len(near):
            shaped.append(_move(find_candidates(part, bounds, words, near), first, begin))
    candidates = Candidates(*[np.concatenate(column) for column in zip(*shaped, strict=True)])
    certain = apply_labels(texts, data, offsets, candidates)
    for first, begin, part, bounds, words in parts:
        from_, to = np.searchsorted(certain.begins, (begin, begin + len(part)))
        clear(words, certain.begins[from_:to] - begin, certain.ends[from_:to] - begin)
        chained.append(Chains(*[r + first for r in find_chains(part, bounds, words)]))
    chains = Chains(*[np.concatenate(column) for column in zip(*chained, strict=True)])
    return certain, chains, np.concatenate(foreign)


def _move(candidates: Candidates, rows: int, distance: int) -> Candidates:
    """The candidates of as many rows and bytes further on."""
    return candidates._replace(
        rows=candidates.rows + rows,
        begins=candidates.begins + distance,
        ends=candidates.ends + distance,
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


def _apply_rules(array: pa.Array, rows: Ints, offsets: Offsets) -> NirSpans:
    """The NIRs that `find_nir` finds in `rows`, with their places in characters made bytes."""
    spans_in_bytes: list[tuple[int, int, int]] = []
    for row, text in zip(rows.tolist(), array.take(pa.array(rows)).to_pylist(), strict=True):
        done, begin = 0, int(offsets[row])
        for start, end in find_nir(text):
            first = begin + len(text[done:start].encode())
            done, begin = end, first + len(text[start:end].encode())
            spans_in_bytes.append((row, first, begin))
    columns = np.array(spans_in_bytes, dtype=np.int64).reshape(-1, 3)
    return NirSpans(columns[:, 0], columns[:, 1], columns[:, 2])
