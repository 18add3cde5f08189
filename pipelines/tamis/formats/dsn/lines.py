"""The lines of a DSN, found by their bytes and not one by one.

A line of the norm is `S21.G00.30.001,'…'`: its first 16 bytes say which rubrique it is. They are
looked up for all lines of a window at once, so that a line that nobody collects costs no Python
object. Lines of another shape (blanks around the comma, no apostrophe) are looked up one by one.

A file is read as bytes and split at 0x0A alone: 0x85 or 0x1C within a value end no line.
"""

import re
from collections.abc import Iterator
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from tamis.errors import InputError
from tamis.formats.dsn.layout import bloc_of
from tamis.formats.ranges import Readable
from tamis.language import _

MAX_LINE: Final = 4096
"""Bytes of a line; the norm says 256 characters."""

BOM: Final = b"\xef\xbb\xbf"
"""With which the data of the first lines may begin, before the first of them."""

KEY_BYTES: Final = 16
"""Bytes of `S21.G00.30.001,'`."""

STRAY: Final = -1
BLANK: Final = -2

_WINDOW = 3 << 18  # bytes
_MOST_RUBRIQUES = 10_000
_FIRST_LINES = 1_000  # at least one of these must be a rubrique with a value
_SLOTS = 18  # bits of the place of a key in the table
_MULTIPLIERS = (np.uint64(0x9E3779B97F4A7C15), np.uint64(0xC2B2AE3D27D4EB4F))
RUBRIQUE: Final = re.compile(rb"S\d\d\.G\d\d\.\d\d\.\d{3}(?:\.\d{3})?")
_LINE = re.compile(rb"\s*" + RUBRIQUE.pattern + rb"\s*,\s*'.*'\s*", re.DOTALL)
_APOSTROPHE = 0x27
_END_OF_FILE = b"\x1a"  # as DOS wrote it


class Rubrique(NamedTuple):
    """A rubrique that a file has.

    Attributes:
        name: such as `S21.G00.30.001`.
        bloc: its block, `S21.G00.30`.
        rank: where it stands in its block: the norms P22 to P26 list them in ascending order.
    """

    name: str
    bloc: str
    rank: int


class Rubriques:
    """The rubriques of a file by number, in the order in which they were met.

    Args:
        source: the file's name, for messages.
    """

    def __init__(self, source: str) -> None:
        self.met: list[Rubrique] = []
        self.blocs, self.ranks = np.zeros((2, _MOST_RUBRIQUES), np.int32)
        self._source = source
        self._by_name: dict[bytes, int] = {}
        self._bloc_numbers: dict[str, int] = {}
        self._slots = np.zeros(1 << _SLOTS, np.int16)  # one more than the number
        self._keys = np.zeros((2, _MOST_RUBRIQUES + 1), np.uint64)  # a last one, which none has

    def numbers(self, first: npt.NDArray[np.uint64], second: npt.NDArray[np.uint64]) -> "Numbers":
        """The rubriques of lines that begin with these 2 × 8 bytes; -1 where it is not known."""
        slots = first * _MULTIPLIERS[0] ^ second * _MULTIPLIERS[1]
        numbers = self._slots[slots >> np.uint64(64 - _SLOTS)] - 1
        same = (self._keys[0][numbers] == first) & (self._keys[1][numbers] == second)
        return np.where(same, numbers, -1).astype(np.int32)

    def number(self, line: bytes) -> int:
        """The rubrique of a line, or `STRAY` or `BLANK`.

        Raises:
            InputError: the file has more rubriques than any norm.
        """
        name = line.partition(b",")[0].strip()
        known = self._by_name.get(name)
        if known is None:
            if not RUBRIQUE.fullmatch(name):
                return STRAY if line.strip().strip(_END_OF_FILE) else BLANK
            known = self._learn(name)
        if line[:KEY_BYTES] == name + b",'":
            key = np.frombuffer(line[:KEY_BYTES], np.uint64)
            slot = (key[:1] * _MULTIPLIERS[0] ^ key[1:] * _MULTIPLIERS[1]) >> np.uint64(64 - _SLOTS)
            if not self._slots[slot]:
                self._slots[slot] = known + 1
                self._keys[:, known] = key
        return known

    def find(self, name: str) -> int:
        """The number of a rubrique; one that no line has if the file has none."""
        return self._by_name.get(name.encode(), _MOST_RUBRIQUES)

    def _learn(self, name: bytes) -> int:
        if len(self.met) == _MOST_RUBRIQUES:
            problem = _("has more than {most:,} different rubriques", most=_MOST_RUBRIQUES)
            raise InputError(self._source, problem)
        text = name.decode()
        bloc = bloc_of(text)
        rank = int(text[11:14]) * 1000 + int(text[15:] or 0)
        number = self._by_name[name] = len(self.met)
        self.met.append(Rubrique(text, bloc, rank))
        bloc_number = self._bloc_numbers.setdefault(bloc, len(self._bloc_numbers))
        self.blocs[number], self.ranks[number] = bloc_number, rank
        return number


Numbers = npt.NDArray[np.int32]
Places = npt.NDArray[np.int64]
Marks = npt.NDArray[np.bool_]


class Lines(NamedTuple):
    """N lines of a file that follow one another.

    Attributes:
        data: the bytes that they stand in.
        first: the number of the first one in the file, from 1.
        starts: N, where each begins in `data`.
        ends: N, where each ends, without 0x0A.
        numbers: N, of its rubrique in `Rubriques.met`, or `STRAY` or `BLANK`.
        begins: N, whether it begins a block.
        after_stray: N, whether it is a rubrique and the last line before it with anything in it
            was none.
        plain: N, whether its value stands from the 17th byte to the one before `closes`.
        closes: N, where its last apostrophe stands, where it is plain.
    """

    data: bytes
    first: int
    starts: Places
    ends: Places
    numbers: Numbers
    begins: Marks
    after_stray: Marks
    plain: Marks
    closes: Places

    def bytes(self, index: int) -> bytes | None:
        """What stands between the apostrophes of a line, not decoded; None where there are none."""
        start, end = self.starts[index], self.ends[index]
        if self.plain[index]:
            return self.data[start + KEY_BYTES : self.closes[index]]
        text = self.data[start:end].partition(b",")[2].strip()
        if len(text) < 2 or text[0] != _APOSTROPHE or text[-1] != _APOSTROPHE:
            return None
        return text[1:-1]

    def beyond_ascii(self) -> Marks:
        """N, which lines hold a byte beyond ASCII."""
        high = np.flatnonzero(np.frombuffer(self.data, np.uint8) >= 0x80)
        marks = np.zeros(len(self.starts), bool)
        marks[np.searchsorted(self.starts, high, side="right") - 1] = True
        return marks


def read_lines(
    stream: Readable, rubriques: Rubriques, source: str, before: int = 0
) -> Iterator[Lines]:
    """Read the lines of a DSN; of one that is longer than `MAX_LINE` only that much and a byte.

    Args:
        stream: the file's bytes, read forward only; a read may return fewer bytes than asked for.
        rubriques: takes those that the file has.
        source: its name, for messages.
        before: lines of the file before these; the data begins with a line.

    Returns:
        All lines in their order, less than 1 MiB at a time.

    Raises:
        InputError: none of the first lines is one of a DSN.
    """
    number, last, strayed = before + 1, (-1, 0), False
    for data in _windows(stream):
        if number == before + 1:
            first_lines = data.removeprefix(BOM).split(b"\n", _FIRST_LINES)[:_FIRST_LINES]
            if not any(map(_LINE.fullmatch, first_lines)):
                raise InputError(source, _("is no DSN: no line reads `Sxx.Gyy.zz.nnn,'…'`"))
        lines = _scan(data, number, rubriques, last, strayed)
        known = lines.numbers[lines.numbers >= 0]
        if len(known):
            last = int(rubriques.blocs[known[-1]]), int(rubriques.ranks[known[-1]])
        full = lines.numbers[lines.numbers != BLANK]
        strayed = bool(full[-1] == STRAY) if len(full) else strayed
        number += len(lines.starts)
        yield lines
    if number == before + 1:
        raise InputError(source, _("is no DSN: no line reads `Sxx.Gyy.zz.nnn,'…'`"))


def _windows(stream: Readable) -> Iterator[bytes]:
    """The bytes of a stream in pieces of whole lines; the last one may lack its 0x0A."""
    rest = b""
    while data := _read(stream):
        cut = data.rfind(b"\n") + 1
        whole, rest = rest + data[:cut], (data[cut:] if cut else rest + data)[: MAX_LINE + 1]
        del data  # this window's, of which a copy is held
        if cut:
            yield whole
    if rest := rest.rstrip(_END_OF_FILE):
        yield rest


def _read(stream: Readable) -> bytes:
    pieces, size = [], 0
    while size < _WINDOW and (piece := stream.read(_WINDOW - size)):
        pieces.append(piece)
        size += len(piece)
    return b"".join(pieces)


def _scan(
    data: bytes, first: int, rubriques: Rubriques, last: tuple[int, int], strayed: bool
) -> Lines:
    """The lines of `data`; `last` are block and rank of the rubrique before, `strayed` its kind."""
    padded = data + bytes(KEY_BYTES)
    signs = np.frombuffer(padded, np.uint8)
    ends = np.flatnonzero(signs[: len(data)] == 0x0A)
    if not data.endswith(b"\n"):
        ends = np.append(ends, len(data))
    begin = len(BOM) if first == 1 and data.startswith(BOM) else 0
    starts = np.concatenate([[begin], ends[:-1] + 1])
    words = np.ndarray((len(padded) - 7,), np.uint64, padded, strides=(1,))
    keys = words[starts], words[starts + 8]
    numbers = rubriques.numbers(*keys)
    if (numbers < 0).any():  # rubriques that were not met before, each learnt from its first line
        unmet = np.flatnonzero(numbers < 0)
        for index in unmet[np.unique(keys[1][unmet] ^ keys[0][unmet], return_index=True)[1]]:
            rubriques.number(data[starts[index] : ends[index]])
        numbers[unmet] = rubriques.numbers(keys[0][unmet], keys[1][unmet])
    regular = numbers >= 0
    for index in np.flatnonzero(~regular).tolist():
        numbers[index] = rubriques.number(data[starts[index] : ends[index]])
    closes = ends - 1 - (signs[ends - 1] == 0x0D)
    plain = regular & (signs[closes] == _APOSTROPHE) & (closes >= starts + KEY_BYTES)
    plain &= ends - starts <= MAX_LINE
    begins = np.zeros(len(starts), bool)
    named = np.flatnonzero(numbers >= 0)
    blocs, ranks = rubriques.blocs[numbers[named]], rubriques.ranks[numbers[named]]
    before = np.concatenate([[last[0]], blocs[:-1]]), np.concatenate([[last[1]], ranks[:-1]])
    begins[named] = (blocs != before[0]) | (ranks <= before[1])
    after_stray = np.zeros(len(starts), bool)
    if strayed or (numbers == STRAY).any():
        full = np.flatnonzero(numbers != BLANK)
        strays = numbers[full] == STRAY
        after_stray[full] = np.concatenate([[strayed], strays[:-1]]) & ~strays
    return Lines(
        data, first, starts, ends, numbers, begins, after_stray, plain, closes.astype(np.int64)
    )
