"""Finding and redacting NIRs: `find_nir` on one text, `redact` and `count_nir` on columns."""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tamis.arrow.buffers import bitmap, offsets_of, text_bytes, validity
from tamis.arrow.types import Ints, has_offsets, is_string
from tamis.language import _
from tamis.nir.grammar import find_nir as find_nir
from tamis.nir.vectorized.scan import NirSpans, locate

__all__ = ["count_nir", "find_nir", "redact"]

_MARK = b"[NIR]"


def redact(array: pa.Array) -> tuple[pa.Array, Ints]:
    """Replace every NIR that `find_nir` finds in an Arrow column of text by `[NIR]`.

    Args:
        array: N rows of string or large_string.

    Returns:
        N rows of the same type, nulls kept, in buffers that hold no byte of what was replaced;
        `array` itself where it holds no NIR. And how many NIRs each row held: N int64.

    Raises:
        TypeError: the array is of another type.

    Example:
        >>> text, counts = redact(pa.array(["NIR 1 55 08 75 999 991 93", "rien"]))
        >>> text.to_pylist(), counts.tolist()
        (['NIR [NIR]', 'rien'], [1, 0])
    """
    _require_text(array)
    array = _drop_bytes_under_nulls(array)
    spans = locate(array)
    if len(spans.rows) == 0:
        return array, np.zeros(len(array), dtype=np.int64)
    return _replace(array, spans), np.bincount(spans.rows, minlength=len(array))


def count_nir(array: pa.Array) -> Ints:
    """Count the NIRs of each row.

    Args:
        array: N rows of string or large_string.

    Returns:
        N int64; 0 for a null.

    Raises:
        TypeError: the array is of another type.

    Example:
        >>> count_nir(pa.array(["155087599999193 et 269052A99999244", "12", None])).tolist()
        [2, 0, 0]
    """
    _require_text(array)
    return np.bincount(locate(_drop_bytes_under_nulls(array)).rows, minlength=len(array))


def _require_text(array: pa.Array) -> None:
    if not isinstance(array, pa.Array):
        raise TypeError(
            _("expected an Arrow array of text, got `{type}`", type=type(array).__name__)
        )
    if not (is_string(array.type) and has_offsets(array.type)):
        raise TypeError(_("cannot look for NIRs in text of type `{type}`", type=array.type))


def _drop_bytes_under_nulls(array: pa.Array) -> pa.Array:
    """The same values, with no null of any length: bytes under a null may be a NIR too."""
    valid = validity(array)
    if valid is None or not np.diff(offsets_of(array))[~valid].any():
        return array
    return array.take(pa.array(np.arange(len(array))))


def _replace(array: pa.Array, spans: NirSpans) -> pa.Array:
    """The array with the mark in place of each span.

    The bytes are cut at the edges of all spans: each second piece is a NIR and becomes the mark.
    The offsets of the rows behind it move by what the text has become longer or shorter.
    """
    data, offsets = text_bytes(array), offsets_of(array)
    cuts = np.empty(2 * len(spans.rows) + 2, dtype=np.int64)
    cuts[0], cuts[-1] = offsets[0], offsets[-1]
    cuts[1:-1:2], cuts[2:-1:2] = spans.starts, spans.ends
    kind = pa.large_binary()
    pieces = pa.Array.from_buffers(
        kind, len(cuts) - 1, [None, pa.py_buffer(cuts), pa.py_buffer(data)]
    )
    is_nir = np.zeros(len(cuts) - 1, dtype=bool)
    is_nir[1::2] = True
    joined = pc.if_else(pa.array(is_nir), pa.scalar(_MARK, kind), pieces).buffers()[2]
    first = np.flatnonzero(np.diff(spans.rows, prepend=-1))  # of each row that has any
    moved = np.zeros_like(offsets)
    moved[spans.rows[first] + 1] = np.add.reduceat(len(_MARK) - (spans.ends - spans.starts), first)
    np.cumsum(moved, out=moved)
    moved += offsets
    moved -= offsets[0]
    buffers = [bitmap(validity(array)), pa.py_buffer(moved), joined]
    return pa.Array.from_buffers(array.type, len(array), buffers)
