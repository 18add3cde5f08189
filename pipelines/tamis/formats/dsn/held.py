"""The lines of a DSN that count: those of collected rubriques, and those that begin a block.

They are held as arrays, with the bytes of their values, from one window of the file to the next as
long as an individu is open; of the blocks around the individus, as long as these are the last ones.
"""

import re
from functools import cache
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from tamis.formats.dsn.lines import KEY_BYTES, MAX_LINE, Lines, Marks, Places
from tamis.language import N_

TOO_LONG: Final = 1
NO_VALUE: Final = 2
OTHER_LINE: Final = 3
OTHER_ENCODING: Final = 4
TOO_MANY: Final = 5
DEFECTS: Final = {
    TOO_LONG: N_("is longer than {most} bytes").format(most=MAX_LINE),
    NO_VALUE: N_("has no value between apostrophes"),
    OTHER_LINE: N_("holds another line, with its rubrique"),
    OTHER_ENCODING: N_("is not UTF-8, as other values of the envoi are"),
    TOO_MANY: N_("is more than an individu or a declaration may hold"),
}
"""What may be wrong with a line, in words."""

_OTHER_LINE = re.compile(rb"\d\d\.\d{3}\s*,\s*'")
"""Within a value, the end of the name of a rubrique: two lines that have grown together."""
_COMMA = 0x2C
_C1 = re.compile(rb"[\x80-\x9f]")
_WINDOWS_1252 = {
    code: text for code in range(0x80, 0xA0) if (text := bytes([code]).decode("cp1252", "ignore"))
}


class Held(NamedTuple):
    """N lines that count, in their order.

    Attributes:
        data: the bytes of their values, in UTF-8, one after the other.
        offsets: N + 1, where each of them begins in `data`; one that has none is of no length.
        places: N, the number of the line in the file.
        numbers: N, of its rubrique, or `STRAY`.
        begins: N, whether it begins a block.
        after_stray: N, whether the last line before it was no rubrique.
        defects: N, what is wrong with it, by a key of `DEFECTS`, or 0.
    """

    data: bytes
    offsets: Places
    places: Places
    numbers: npt.NDArray[np.int32]
    begins: Marks
    after_stray: Marks
    defects: npt.NDArray[np.int8]

    def of(self, chosen: Places) -> "Held":
        """Some of the lines, without the bytes of others."""
        data, offsets = _gather(self.data, self.offsets[chosen], self.offsets[chosen + 1])
        return Held(
            data,
            offsets,
            self.places[chosen],
            self.numbers[chosen],
            self.begins[chosen],
            self.after_stray[chosen],
            self.defects[chosen],
        )

    def then(self, other: "Held") -> "Held":
        """These lines, and behind them others."""
        return Held(
            self.data + other.data,
            np.concatenate([self.offsets[:-1], other.offsets + len(self.data)]),
            np.concatenate([self.places, other.places]),
            np.concatenate([self.numbers, other.numbers]),
            np.concatenate([self.begins, other.begins]),
            np.concatenate([self.after_stray, other.after_stray]),
            np.concatenate([self.defects, other.defects]),
        )


def nothing() -> Held:
    """No lines."""
    no_places, no_marks = np.zeros(0, np.int64), np.zeros(0, np.bool_)
    numbers, defects = np.zeros(0, np.int32), np.zeros(0, np.int8)
    return Held(b"", np.zeros(1, np.int64), no_places, numbers, no_marks, no_marks, defects)


def _gather(data: bytes, starts: Places, stops: Places) -> tuple[bytes, Places]:
    """The bytes of some stretches of `data`, one after the other, and where each of them begins."""
    lengths = stops - starts
    offsets = np.concatenate([[0], np.cumsum(lengths)])
    places = np.repeat(starts - offsets[:-1], lengths) + np.arange(offsets[-1])
    return np.frombuffer(data, np.uint8)[places].tobytes(), offsets


def hold(
    lines: Lines, indices: Places, collected: Marks, encodings: "list[tuple[int, int, str]]"
) -> tuple[Held, int, int]:
    """Hold some lines of a window.

    Args:
        lines: the window.
        indices: M, which of its lines.
        collected: M, whether the value of each is.
        encodings: of which lines of the file, from and to, which encoding is.

    Returns:
        The lines; how many collected values are empty; and how many hold U+FFFD, which stands for
        what was lost before.
    """
    starts = np.where(collected, lines.starts[indices] + KEY_BYTES, 0)
    stops = np.where(collected, lines.closes[indices], 0)
    defects = np.zeros(len(indices), np.int8)
    plain = lines.plain[indices]
    odd = collected & ~plain
    for at in np.flatnonzero(odd).tolist():
        starts[at], stops[at], defects[at] = _odd_value(lines, indices[at])
    blank = np.frombuffer(lines.data, np.uint8)[starts] <= 0x20
    for at in np.flatnonzero(blank & (stops > starts)).tolist():
        if not lines.data[starts[at] : stops[at]].strip():
            stops[at] = starts[at]
    if len(with_commas := _with_commas(lines, indices, collected)):
        for at in with_commas.tolist():
            if _OTHER_LINE.search(lines.data, starts[at], stops[at] + 1):
                defects[at] = OTHER_LINE
    empty = int(np.count_nonzero(collected & (stops == starts) & (defects == 0)))
    stops[defects > 0] = starts[defects > 0]
    places = lines.first + indices
    data, offsets = _gather(lines.data, starts, stops)
    broken = 0
    if not data.isascii():
        data, offsets, broken = _to_utf8(data, offsets, places, encodings, defects)
    held = Held(
        data,
        offsets,
        places,
        lines.numbers[indices],
        lines.begins[indices],
        lines.after_stray[indices],
        defects,
    )
    return held, empty, broken


def _to_utf8(
    data: bytes,
    offsets: Places,
    places: Places,
    encodings: list[tuple[int, int, str]],
    defects: npt.NDArray[np.int8],
) -> tuple[bytes, Places, int]:
    """The values of lines in UTF-8; `defects` tells which are not in the encoding of their envoi.

    Returns:
        Their bytes, where each begins, and how many hold U+FFFD.
    """
    pieces, sizes, broken = [], np.diff(offsets), 0
    for first, last, encoding in encodings:
        start, stop = np.searchsorted(places, [first, last + 1]).tolist()
        piece = data[offsets[start] : offsets[stop]]
        own = offsets[start : stop + 1] - offsets[start]
        if piece.isascii():
            pieces.append(piece)
        elif encoding != "utf-8":
            pieces.append(_decode(piece, encoding).encode())
            ends = np.concatenate(
                [[0], np.cumsum(_utf8_bytes(encoding)[np.frombuffer(piece, np.uint8)])]
            )
            sizes[start:stop] = np.diff(ends[own])
        else:
            for at in range(stop - start):
                value = piece[own[at] : own[at + 1]]
                text = value.decode("utf-8", "replace")
                if "\ufffd" in text and b"\xef\xbf\xbd" not in value:
                    value, defects[start + at] = b"", OTHER_ENCODING
                broken += b"\xef\xbf\xbd" in value
                pieces.append(value)
                sizes[start + at] = len(value)
    return b"".join(pieces), np.concatenate([[0], np.cumsum(sizes)]), broken


@cache
def _utf8_bytes(encoding: str) -> Places:
    """How many bytes each byte of an encoding of one byte a sign takes in UTF-8."""
    return np.array([len(_decode(bytes([code]), encoding).encode()) for code in range(256)])


def _decode(data: bytes, encoding: str) -> str:
    if encoding not in ("ascii", "iso-8859-1", "cp1252"):
        return data.decode(encoding, "replace")
    text = data.decode("iso-8859-1")
    return text.translate(_WINDOWS_1252) if _C1.search(data) else text


def _odd_value(lines: Lines, index: int) -> tuple[int, int, int]:
    """Where the value of a line of another shape stands, and what is wrong with it."""
    start, end = int(lines.starts[index]), int(lines.ends[index])
    value = lines.bytes(index)
    if end - start > MAX_LINE:
        return 0, 0, TOO_LONG
    if value is None:
        return 0, 0, NO_VALUE
    first = lines.data.index(b"'", lines.data.index(b",", start)) + 1
    return first, first + len(value), 0


def _with_commas(lines: Lines, indices: Places, collected: Marks) -> Places:
    """Which of the lines have a comma in their values."""
    commas = np.frombuffer(lines.data, np.uint8) == _COMMA
    commas[np.minimum(lines.starts + KEY_BYTES - 2, len(commas) - 1)] = False
    marks = np.zeros(len(lines.starts), bool)
    marks[np.searchsorted(lines.starts, np.flatnonzero(commas), side="right") - 1] = True
    return np.flatnonzero(collected & marks[indices])
