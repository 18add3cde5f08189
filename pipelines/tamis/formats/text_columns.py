"""Any text as columns in which NIRs may stand: its lines, what breaks them apart, fixed widths.

A line is one text. A number may also go on behind the end of a line or a tag of markup, and in a
line of fixed width it stands between other digits: such numbers are columns of their own.
"""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import NamedTuple, TypeAlias

import numpy as np
import pyarrow as pa

from tamis.arrow.types import Bools, Ints
from tamis.language import _
from tamis.nir.profile import profile_nir
from tamis.nir.vectorized.scan import locate

_Cells: TypeAlias = np.ndarray[tuple[int, int], np.dtype[np.uint8]]

_BREAK, _JOIN = "\u2028", "\u2060"  # a number may be parted by the first, not by the second
_TAG = r"</?[A-Za-z!?][^<>]{0,300}>"
_LINE = r"(?:\r\n|\r|\n)"
_BLANK = r"[^\S\r\n]"
# begins at the first of some blanks, so that many of them are not read anew from each
_PARTED = re.compile(rf"(?<!{_BLANK}){_BLANK}*(?:{_TAG}|{_LINE})(?:\s+|{_TAG}){{0,999}}")
_CUT = re.compile(rf"(?<=[0-9])(?:=?{_LINE}[ \t>|*#]*|(?:{_TAG}){{1,999}})(?=[0-9])")
_DIGIT = re.compile("[0-9]")
_AROUND = 60  # bytes on both sides of a number, in which its label may stand

_WIDEST = 4096
_CELLS = 1 << 24
_KEYED, _BODY = 15, 13
_LEAST_KEYED, _LEAST_BODIES, _LEAST_MONTHS = 4, 12, 4


def text_columns(lines: Sequence[str]) -> Iterator[tuple[str, pa.Array]]:
    """The columns of some consecutive lines of a text.

    Args:
        lines: N lines with their ends.

    Returns:
        Names and values: `text`, the N lines; and where a number is parted, with what stands
        around it, `(across lines or tags)`; and where digits stand on both sides of numbers like
        NIRs in many lines, those as `characters 9 to 23`.
    """
    yield "text", pa.array(lines, pa.string())
    whole = "".join(lines)
    if whole.isascii() and not _DIGIT.search(whole):
        return
    numbers = [*_numbers(_PARTED.sub(_BREAK, whole), _BREAK, " ")]
    alone = _in_lines(lines)
    parted = [number for number in numbers if number.is_parted and not alone[number.digits]]
    if len(parted) < len(numbers) and not profile_nir(pa.array(lines, pa.string())).carries_nir:
        parted = numbers  # the label may stand in another line
        alone.clear()
    seen = alone + Counter(number.digits for number in parted)
    for number in _numbers(_CUT.sub(_JOIN, whole), _JOIN, ""):
        seen[number.digits] -= 1
        if number.is_parted and seen[number.digits] < 0:
            parted.append(number)
    if parted:
        yield _("(across lines or tags)"), pa.array([number.around for number in parted])
    yield from _fixed_widths(lines)


class _Number(NamedTuple):
    """A number like a NIR in a text.

    Attributes:
        digits: its characters without what stands between them.
        around: the number, with what stands before and behind it.
        is_parted: whether a mark stands in it.
    """

    digits: bytes
    around: str
    is_parted: bool


def _numbers(text: str, mark: str, sign: str) -> Iterator[_Number]:
    """The numbers like NIRs of a text in which `mark` stands for what parts them, as `sign`."""
    spans = locate(pa.array([text], pa.large_string()))
    data, sought = text.encode("utf-8", "replace"), mark.encode()
    for start, end in zip(spans.starts.tolist(), spans.ends.tolist(), strict=True):
        number = data[start:end]
        around = data[max(0, start - _AROUND) : end + _AROUND].decode("utf-8", "ignore")
        yield _Number(
            re.sub(rb"[^0-9A-Za-z]", b"", number), around.replace(mark, sign), sought in number
        )


def _in_lines(lines: Sequence[str]) -> Counter[bytes]:
    """The numbers like NIRs that stand in one line each, tags in them included."""
    values = pa.array(lines, pa.large_string())
    spans, offsets = locate(values), np.frombuffer(values.buffers()[1], np.int64)
    data = values.buffers()[2].to_pybytes() if len(spans.starts) else b""
    assert not offsets[0]
    return Counter(
        re.sub(rb"<[^<>]*>|[^0-9A-Za-z]", b"", data[start:end])
        for start, end in zip(spans.starts.tolist(), spans.ends.tolist(), strict=True)
    )


def _fixed_widths(lines: Sequence[str]) -> Iterator[tuple[str, pa.Array]]:
    long = [line for line in lines if len(line) > _BODY]
    if len(long) < _LEAST_KEYED:
        return
    width = min(_WIDEST, max(map(len, long)))
    rows = max(_LEAST_BODIES, _CELLS // width)
    for first in range(0, len(long), rows):
        cut = [line[:width].encode("latin-1", "replace") for line in long[first : first + rows]]
        cells = np.array(cut, dtype=f"S{width}").view(np.uint8).reshape(len(cut), width)
        yield from _glued(cells)


def _glued(cells: _Cells) -> Iterator[tuple[str, pa.Array]]:
    """Columns of characters that carry NIRs, of N lines of one width.

    Args:
        cells: N lines by W characters.
    """
    width = cells.shape[1]
    letters = np.isin(cells, np.frombuffer(b"ABab", np.uint8))
    digits = (cells >= 0x30) & (cells <= 0x39)
    runs = np.zeros((len(cells), width + 1), np.int16)
    np.cumsum(digits | letters, axis=1, out=runs[:, 1:])
    taken = -_KEYED
    for start in range(width - _BODY + 1):
        for size, least in ((_KEYED, _LEAST_KEYED), (_BODY, _LEAST_BODIES)):
            end = start + size
            if end > width or start < taken + _BODY:
                continue
            whole = (runs[:, end] - runs[:, start] == size) & digits[:, start]
            beside = np.zeros(len(cells), bool)
            if start:
                beside |= digits[:, start - 1]
            if end < width:
                beside |= digits[:, end]
            whole &= beside
            if np.count_nonzero(whole) < least or not _promising(cells[whole, start:end], size):
                continue
            found = np.ascontiguousarray(cells[whole, start:end])
            texts = pa.array([row.tobytes().decode("latin-1") for row in found])
            if profile_nir(texts).carries_nir:
                taken = start
                yield _("characters {first} to {last}", first=start + 1, last=end), texts


def _promising(rows: _Cells, size: int) -> bool:
    """Whether N numbers of `size` characters are worth a closer look: by their keys or months."""
    numbers = rows.astype(np.int64) - 0x30
    months = numbers[:, 3] * 10 + numbers[:, 4]
    if size == _BODY:
        return bool(
            (months <= 12).mean() >= 0.8
            and (numbers[:, 0] <= 2).mean() > 0.8
            and len(np.unique(months)) >= _LEAST_MONTHS  # a stretch of zeros has one
        )
    return int(_right_keys(numbers).sum()) >= max(_LEAST_KEYED, 0.05 * len(rows))


def _right_keys(numbers: Ints) -> Bools:
    """Which of N numbers of 15 digits have the key of a NIR; Corsica's letters are 19 and 18."""
    corsica = numbers[:, 6] > 9
    folded = numbers.copy()
    department = np.where(numbers[:, 6] % 32 == 17, 19, 18)  # A is 17 here, B is 18
    folded[corsica, 5] = 1
    folded[corsica, 6] = department[corsica] - 10
    bodies = folded[:, :_BODY] @ (10 ** np.arange(_BODY - 1, -1, -1, dtype=np.int64))
    keys = folded[:, 13] * 10 + folded[:, 14]
    return np.asarray(keys == 97 - bodies % 97)
