"""The lines of a DSN that count: those of collected rubriques, and those that begin a block.

They are held as arrays, with the bytes of their values, from one window of the file to the next as
long as an individu is open; of the blocks around the individus, as long as these are the last ones.
"""

import re
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from tamis.formats.dsn.lines import KEY_BYTES, MAX_LINE, Lines, Marks, Places

TOO_LONG: Final = 1
NO_VALUE: Final = 2
OTHER_LINE: Final = 3
OTHER_ENCODING: Final = 4
TOO_MANY: Final = 5
DEFECTS: Final = {
    TOO_LONG: f"is longer than {MAX_LINE} bytes",
    NO_VALUE: "has no value between apostrophes",
    OTHER_LINE: "holds another line, with its rubrique",
    OTHER_ENCODING: "is not UTF-8, as other values of the envoi are",
    TOO_MANY: "is more than an individu or a declaration may hold",
}
"""What may be wrong with a line, in words."""

_OTHER_LINE = re.compile(rb"\d\d\.\d{3}\s*,\s*'")
"""Within a value, the end of the name of a rubrique: two lines that have grown together."""
_COMMA = 0x2C
_WINDOWS_1252 = {
    code: text for code in range(0x80, 0xA0) if (text := bytes([code]).decode("cp1252", "ignore"))
}


class Held(NamedTuple):
    """N lines that count, in their order.

    Attributes:
        data: bytes that values stand in, each in UTF-8.
        places: N, the number of the line in the file.
        numbers: N, of its rubrique, or `STRAY`.
        begins: N, whether it begins a block.
        after_stray: N, whether the last line before it was no rubrique.
        starts, stops: N, where its value stands in `data`; the same where it has none.
        defects: N, what is wrong with it, by a key of `DEFECTS`, or 0.
    """

    data: bytes
    places: Places
    numbers: npt.NDArray[np.int32]
    begins: Marks
    after_stray: Marks
    starts: Places
    stops: Places
    defects: npt.NDArray[np.int8]

    def of(self, chosen: Places) -> "Held":
        """Some of the lines, without the bytes of others."""
        data, offsets = self.values(chosen)
        return Held(
            data.tobytes(),
            self.places[chosen],
            self.numbers[chosen],
            self.begins[chosen],
            self.after_stray[chosen],
            offsets[:-1].astype(np.int64),
            offsets[1:].astype(np.int64),
            self.defects[chosen],
        )

    def then(self, other: "Held") -> "Held":
        """These lines, and behind them others."""
        return Held(
            self.data + other.data,
            np.concatenate([self.places, other.places]),
            np.concatenate([self.numbers, other.numbers]),
            np.concatenate([self.begins, other.begins]),
            np.concatenate([self.after_stray, other.after_stray]),
            np.concatenate([self.starts, other.starts + len(self.data)]),
            np.concatenate([self.stops, other.stops + len(self.data)]),
            np.concatenate([self.defects, other.defects]),
        )

    def values(self, lines: Places) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.int32]]:
        """The bytes of the values of M lines, one after the other, and the M + 1 offsets.

        Args:
            lines: M; -1 for none, which is of no length.
        """
        absent = lines < 0
        starts = self.starts[lines]
        lengths = self.stops[lines] - starts
        lengths[absent] = 0
        offsets = np.zeros(len(lines) + 1, np.int64)
        np.cumsum(lengths, out=offsets[1:])
        places = np.repeat(starts - offsets[:-1], lengths) + np.arange(offsets[-1])
        return np.frombuffer(self.data, np.uint8)[places], offsets.astype(np.int32)


def nothing() -> Held:
    """No lines."""
    no_places, no_marks = np.zeros(0, np.int64), np.zeros(0, np.bool_)
    numbers, defects = np.zeros(0, np.int32), np.zeros(0, np.int8)
    return Held(b"", no_places, numbers, no_marks, no_marks, no_places, no_places, defects)


class Found(NamedTuple):
    """What `hold` found beside the lines.

    Attributes:
        empty: how many collected values are empty.
        broken: how many hold U+FFFD, which stands for what was lost before.
    """

    empty: int
    broken: int


def hold(
    lines: Lines, indices: Places, collected: Marks, encodings: "list[tuple[int, int, str]]"
) -> tuple[Held, Found]:
    """Hold some lines of a window.

    Args:
        lines: the window.
        indices: M, which of its lines.
        collected: M, whether the value of each is.
        encodings: of which lines of the file, from and to, which encoding is.
    """
    starts = np.where(collected, lines.starts[indices] + KEY_BYTES, 0)
    stops = np.where(collected, lines.closes[indices], 0)
    defects = np.zeros(len(indices), np.int8)
    data = [lines.data]
    size = len(lines.data)
    broken = 0
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
    if not lines.data.isascii():
        for at in np.flatnonzero(collected & lines.beyond_ascii()[indices]).tolist():
            value = lines.data[starts[at] : stops[at]]
            place = lines.first + int(indices[at])
            encoding = next(name for first, last, name in encodings if first <= place <= last)
            text = _decode(value, encoding)
            if text is None:
                defects[at] = OTHER_ENCODING
            else:
                broken += "\ufffd" in text
                data.append(b"" if text.isspace() else text.encode())
                starts[at], stops[at] = size, size + len(data[-1])
                size += len(data[-1])
    empty = int(np.count_nonzero(collected & (stops == starts) & (defects == 0)))
    stops[defects > 0] = starts[defects > 0]
    held = Held(
        b"".join(data),
        lines.first + indices,
        lines.numbers[indices],
        lines.begins[indices],
        lines.after_stray[indices],
        starts,
        stops,
        defects,
    )
    return held, Found(empty, broken)


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
    commas = np.flatnonzero(np.frombuffer(lines.data, np.uint8) == _COMMA)
    counts = np.diff(np.searchsorted(commas, np.append(lines.starts, len(lines.data))))
    return np.flatnonzero(collected & (counts[indices] > 1))


def _decode(value: bytes, encoding: str) -> str | None:
    if encoding in ("iso-8859-1", "cp1252", "ascii"):
        return value.decode("iso-8859-1").translate(_WINDOWS_1252)
    try:
        return value.decode(encoding)
    except UnicodeDecodeError:
        return None
