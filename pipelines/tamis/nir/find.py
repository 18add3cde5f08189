"""Finding and redacting NIRs: `find_nir` on one text, its vectorised twin on columns.

>>> import pyarrow as pa
>>> redact(pa.array(["NIR 1550875999991 clé 93, merci", None]))[0].to_pylist()
['NIR [NIR], merci', None]
"""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tamis.arrow.buffers import offsets_of, text_bytes, text_parts
from tamis.arrow.types import Ints, has_offsets, is_string
from tamis.language import _
from tamis.nir.grammar import find_nir as find_nir
from tamis.nir.vectorized.scan import NirSpans, locate

__all__ = ["count_nir", "find_nir", "redact"]


def redact(array: pa.Array, mark: str = "[NIR]") -> tuple[pa.Array, Ints]:
    """Put `mark` in the place of every NIR that `find_nir` sees.

    Args:
        array: N rows of string or large_string.
        mark: what stands in a NIR's place.

    Returns:
        N rows of the same type, nulls kept; and how many NIRs each row held (int64, N rows). The
        array is built anew and holds no byte of what was replaced; it is the one given where it
        held no NIR.

    Raises:
        TypeError: the array is of another type.

    Example:
        >>> text, counts = redact(pa.array(["NIR 1 55 08 75 999 991 93", "rien"]))
        >>> text.to_pylist(), counts.tolist()
        (['NIR [NIR]', 'rien'], [1, 0])
    """
    _require_text(array)
    array = _drop_bytes_under_nulls(array)
    hits = locate(array)
    if len(hits.rows) == 0:
        return array, np.zeros(len(array), dtype=np.int64)
    return _replace(array, hits, mark), np.bincount(hits.rows, minlength=len(array))


def count_nir(array: pa.Array) -> Ints:
    """How many NIRs each row of a string or large_string array holds (int64, N rows)."""
    _require_text(array)
    return np.bincount(locate(_drop_bytes_under_nulls(array)).rows, minlength=len(array))


def _require_text(array: pa.Array) -> None:
    if not (is_string(array.type) and has_offsets(array.type)):
        raise TypeError(_("cannot look for NIRs in text of type `{type}`", type=array.type))


def _drop_bytes_under_nulls(array: pa.Array) -> pa.Array:
    if array.null_count == 0:
        return array
    _, offsets = text_parts(array)
    hidden = np.diff(offsets)[array.is_null().to_numpy(zero_copy_only=False)]
    return array.take(pa.array(np.arange(len(array)))) if hidden.any() else array


def _replace(array: pa.Array, hits: NirSpans, mark: str) -> pa.Array:
    """The array cut at every hit's edges; each second piece is a hit and becomes the mark."""
    data, offsets = text_bytes(array), offsets_of(array)
    cuts = np.empty(2 * len(hits.rows) + 2, dtype=np.int64)
    cuts[0], cuts[-1] = offsets[0], offsets[-1]
    cuts[1:-1:2], cuts[2:-1:2] = hits.starts, hits.ends
    kind = pa.large_binary()
    pieces = pa.Array.from_buffers(
        kind, len(cuts) - 1, [None, pa.py_buffer(cuts), pa.py_buffer(data)]
    )
    is_hit = np.zeros(len(cuts) - 1, dtype=bool)
    is_hit[1::2] = True
    joined = pc.if_else(pa.array(is_hit), pa.scalar(mark.encode(), kind), pieces).buffers()[2]
    first = np.flatnonzero(np.diff(hits.rows, prepend=-1))  # of each row that has any
    moved = np.zeros_like(offsets)
    moved[hits.rows[first] + 1] = np.add.reduceat(
        len(mark.encode()) - (hits.ends - hits.starts), first
    )
    np.cumsum(moved, out=moved)
    moved += offsets
    moved -= offsets[0]
    valid = array.is_valid().buffers()[1] if array.null_count else None
    return pa.Array.from_buffers(array.type, len(array), [valid, pa.py_buffer(moved), joined])
