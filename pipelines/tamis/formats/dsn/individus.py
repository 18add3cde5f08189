"""The second pass over a DSN: from the lines of whole envois to individus, one a record.

The hierarchy is implicit: a line names its rubrique and block only. So a DSN cannot be split by
place, and is read from its first line to its last; memory holds one individu and the blocks around
it. The rules:

- A block begins where the block changes or the rubrique does not increase. An individu without
  NIR begins at 30.002: a parser that waits for 30.001 adds that person's data to the one before.
- An individu is complete when a following block ends it. A block that no norm knows ends none.
- Lines of rubriques that the layout does not collect are skipped: no object is made of them, and
  their values cannot change what becomes of a record.
- Where the individu of a line is unknown, every individu that it may belong to is a reject.
- A value ends at the last apostrophe of its line, and may hold others; but where it holds a
  rubrique, two lines have grown together, and the value of the other one is nobody's here.
- An envoi has one encoding, decided by its collected values (`envois`).
- Of an envoi that is incomplete every individu is a reject, and so is the envoi if it has none.
"""

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple

import numpy as np
import numpy.typing as npt

from tamis.errors import InputError
from tamis.formats.dsn.envois import Envoi, read_envois
from tamis.formats.dsn.layout import (
    AROUND_INDIVIDU,
    BELOW_INDIVIDU,
    DECLARATION,
    ENVOI,
    INDIVIDU,
    PARENT,
    SINGLE,
    Bloc,
    DsnLayout,
    blocks_below,
)
from tamis.formats.dsn.lines import (
    KEY_BYTES,
    MAX_LINE,
    STRAY,
    Lines,
    Readable,
    Rubrique,
    Rubriques,
    read_lines,
)
from tamis.language import _
from tamis.limits import USUAL, Limits

MAX_TEXT = 4 << 20  # characters of collected values of one individu

EMPTY = "dsn-empty-values"
BROKEN = "dsn-broken-characters"

_OTHER_LINE = re.compile(r"\d\d\.\d{3}\s*,\s*'")
"""Within a value, the end of the name of a rubrique: two lines that have grown together."""
_WINDOWS_1252 = {
    code: text for code in range(0x80, 0xA0) if (text := bytes([code]).decode("cp1252", "ignore"))
}
_BELOW = {bloc: tuple(blocks_below(bloc)) for bloc in PARENT} | {ENVOI: tuple(blocks_below(ENVOI))}
_CLOSING = frozenset({"S21.G00.85"})
"""Blocks behind the individus that are in no layout; those of other structures than S21 too."""
_NOWHERE = Envoi(1 << 62, 1 << 62)


@dataclass(frozen=True)
class DsnRecord:
    """A complete individu.

    Attributes:
        position: 1-based line of its first rubrique.
        values: by field: text as in the file, dicts, lists of dicts; None where absent.
    """

    position: int
    values: dict[str, Any] = field(repr=False)


class DsnReject(NamedTuple):
    """An individu that could not be read, or a line that belongs to none.

    Attributes:
        position: 1-based line of the individu's first rubrique, or of the line.
        reason: `incomplete` where the envoi is cut, else `unreadable`.
        field: the rubrique that is wrong; empty where it is unknown.
        detail: what is wrong and in which line; never a value.
    """

    position: int
    reason: Literal["unreadable", "incomplete"]
    field: str
    detail: str


class DsnReader:
    """The individus of a DSN, or of a lot of them, in the file's order.

    Args:
        stream: the file's bytes, read forward only; a read may return fewer bytes than asked for.
        ahead: the same bytes once more, which are read one envoi ahead of `stream`.
        source: its path or URI, for messages.
        layout: what to collect (`tamis.formats.dsn.layout.layout_of`).
        limits: how many blocks may be collected of one individu.

    Attributes:
        anomalies: what is odd so far and rejects no record, by name.

    Example:
        >>> import io
        >>> from tamis.formats.dsn.layout import layout_of
        >>> from tamis.plan.plan import PlanField
        >>> layout = layout_of([PlanField("nom", "string", rubrique="S21.G00.30.002")])
        >>> text = b"S10.G00.00.001,'L'\\nS21.G00.30.002,'D'ESSAI'\\n"
        >>> text += b"S90.G00.90.001,'4'\\nS90.G00.90.002,'0'\\n"
        >>> next(iter(DsnReader(io.BytesIO(text), io.BytesIO(text), "x.dsn", layout))).values
        {'nom': "D'ESSAI"}
    """

    def __init__(
        self,
        stream: Readable,
        ahead: Readable,
        source: str,
        layout: DsnLayout,
        limits: Limits = USUAL,
    ) -> None:
        self.anomalies: Counter[str] = Counter()
        self.source = source
        self.layout = layout
        self.rubriques = Rubriques(source)
        self._lines = read_lines(stream, self.rubriques, source)
        first = Rubriques(source)
        windows = read_lines(ahead, first, source)
        self._envois = read_envois(windows, first, layout.rubriques, source, self.anomalies)
        self._counts = np.zeros(0, np.int64)
        self._seen: list[_Seen] = []
        self._parser = _Parser(layout, limits.dsn_blocks, self.anomalies)

    def __iter__(self) -> Iterator[DsnRecord | DsnReject]:
        """Yield a record for each complete individu, and what had to be rejected.

        Raises:
            InputError: none of the file's first lines is one of a DSN, an envoi is of another norm,
                or the two streams differ.
        """
        envoi, parser = next(self._envois, _NOWHERE), self._parser
        for lines in self._lines:
            marked = self._mark(lines)
            first, last = lines.first, lines.first + len(lines.starts) - 1
            while first <= last:
                if first < envoi.first:
                    stop = min(last, envoi.first - 1)
                    parser.read_between(marked.part(first, stop))
                else:
                    stop = min(last, envoi.last)
                    if first == envoi.first:
                        parser.begin_envoi(envoi)
                    if not envoi.skipped:
                        self._count(lines, first, stop)
                        parser.read(marked.part(first, stop))
                    if stop == envoi.last:
                        parser.end_envoi()
                        envoi = next(self._envois, _NOWHERE)
                yield from parser.out
                parser.out.clear()
                first = stop + 1
        if envoi is not _NOWHERE:
            raise InputError(self.source, _("changed while it was read"))

    def skipped(self) -> dict[str, int]:
        """The lines that were not collected since the last call, by rubrique."""
        met, counts = self.rubriques.met, self._counts.tolist()
        self._counts[:] = 0
        return {
            met[number].name: count
            for number, count in enumerate(counts)
            if count and met[number].name not in self.layout.rubriques
        }

    def _count(self, lines: Lines, first: int, last: int) -> None:
        numbers = lines.numbers[first - lines.first : last + 1 - lines.first]
        counts = np.bincount(numbers[numbers >= 0], minlength=len(self._counts))
        counts[: len(self._counts)] += self._counts
        self._counts = counts

    def _mark(self, lines: Lines) -> "_Marked":
        """Find the lines of a window that the parser has to see: few, where little is collected."""
        met = self.rubriques.met
        for rubrique in met[len(self._seen) :]:
            bloc, name = rubrique.bloc, rubrique.name
            counts = bloc not in BELOW_INDIVIDU or bloc in self.layout.blocs
            bounds = counts and (bloc in PARENT or bloc in _CLOSING or not bloc.startswith("S21"))
            self._seen.append(_Seen(rubrique, name[11:], name in self.layout.rubriques, bounds))
        nothing = [False, False]  # of strays and blanks
        collected = np.array([seen.collected for seen in self._seen] + nothing)
        bounds = np.array([seen.bounds for seen in self._seen] + nothing)
        numbers = lines.numbers
        marks = collected[numbers] | lines.begins & bounds[numbers] | (numbers == STRAY)
        indices = np.flatnonzero(marks)
        return _Marked(lines, lines.data.decode("latin-1"), self._seen, indices)


class _Seen(NamedTuple):
    """A rubrique of the file: what is done with its lines."""

    rubrique: Rubrique
    suffix: str
    collected: bool
    bounds: bool  # whether the beginning of its block matters


class _Marked(NamedTuple):
    """The lines of a window that the parser has to see."""

    lines: Lines
    text: str
    seen: list[_Seen]
    indices: npt.NDArray[np.int64]

    def part(self, first: int, last: int) -> "_Marked":
        """Those of the lines from `first` to `last`."""
        bounds = [first - self.lines.first, last + 1 - self.lines.first]
        start, stop = np.searchsorted(self.indices, bounds)
        return self._replace(indices=self.indices[start:stop])


class _Parser:
    """The state of one file's parsing: the envoi, the blocks around the individus, the individu."""

    def __init__(self, layout: DsnLayout, most_blocs: int, anomalies: Counter[str]) -> None:
        self.layout = layout
        self.most_blocs = most_blocs
        self.anomalies = anomalies
        self.out: list[DsnRecord | DsnReject] = []
        self.current: Bloc | None = None  # the block that the next values go to
        self.envoi = _NOWHERE
        self.rejected = False  # whether an incomplete envoi has a reject
        # around the individus
        self.context: dict[str, list[Bloc]] = {}
        self.context_open: dict[str, Bloc] = {}
        self.context_problems: dict[str, tuple[str, str]] = {}
        self.context_blocs = 0
        # the individu
        self.individu: Bloc | None = None
        self.position = 0
        self.problem: tuple[str, str] | None = None
        self.open: dict[str, Bloc] = {}
        self.blocs = self.text = 0

    def begin_envoi(self, envoi: Envoi) -> None:
        """Begin one; nothing of the one before outlives it."""
        self.envoi, self.rejected = envoi, False
        for state in (self.context, self.context_open, self.context_problems):
            state.clear()

    def end_envoi(self) -> None:
        """End it, and with it its last individu."""
        self._end_individu()
        if self.envoi.fault and not self.rejected:
            self._reject_of_envoi(self.envoi.first)

    def read_between(self, marked: _Marked) -> None:
        """Lines that stand in no envoi: those that are no rubriques are rejected."""
        for index in marked.indices.tolist():
            if marked.lines.numbers[index] == STRAY:
                self._stray(marked.lines.first + index)

    def read(self, marked: _Marked) -> None:
        """Lines of an envoi."""
        lines, text, seen_ones, indices = marked
        first = lines.first
        columns = (
            *(lines.numbers, lines.begins, lines.after_stray),
            *(lines.starts + KEY_BYTES, np.where(lines.plain, lines.closes, 0)),
        )
        if self.envoi.fault:
            for index in indices.tolist():
                bloc = seen_ones[lines.numbers[index]].rubrique.bloc
                if lines.begins[index] and bloc == INDIVIDU:
                    self._reject_of_envoi(first + index)
            return
        for index, number, begins, after_stray, start, close in zip(
            indices.tolist(), *(column[indices].tolist() for column in columns), strict=True
        ):
            if number < 0:
                self._stray(first + index)
                continue
            rubrique, suffix, collected, bounds = seen_ones[number]
            if begins:
                self.current = None
                if bounds:
                    self._begin(rubrique, first + index, after_stray)
            if not collected or self.current is None:
                continue
            if close:
                value = text[start:close]
                if not value.isascii():
                    value = self._decode(lines.data[start:close], rubrique, first + index)
            else:
                value = self._odd_value(lines, index, rubrique)
            if "," in value and _OTHER_LINE.search(value):
                self._spoil(rubrique, first + index, "holds another line, with its rubrique")
            elif value and not value.isspace():
                self.current.values[suffix] = value
                self.text += len(value)
            else:
                self.anomalies[EMPTY] += 1

    def _odd_value(self, lines: Lines, index: int, rubrique: Rubrique) -> str:
        number = lines.first + index
        if lines.ends[index] - lines.starts[index] > MAX_LINE:
            self._spoil(rubrique, number, f"is longer than {MAX_LINE} bytes")
        elif (value := lines.bytes(index)) is None:
            self._spoil(rubrique, number, "has no value between apostrophes")
        else:
            return self._decode(value, rubrique, number)
        return ""

    def _decode(self, value: bytes, rubrique: Rubrique, number: int) -> str:
        encoding = self.envoi.encoding
        if encoding in ("iso-8859-1", "cp1252", "ascii"):
            return value.decode("iso-8859-1").translate(_WINDOWS_1252)
        try:
            text = value.decode(encoding)
        except UnicodeDecodeError:
            self._spoil(rubrique, number, f"is not {encoding}, as other values of the envoi are")
            return ""
        self.anomalies[BROKEN] += "\ufffd" in text
        return text

    def _begin(self, rubrique: Rubrique, number: int, after_stray: bool) -> None:
        bloc = rubrique.bloc
        if bloc == INDIVIDU:
            out_of_order = rubrique.rank > 2000
            if out_of_order:
                self._fail(rubrique, number, "is out of order")
            self._end_individu()
            self._begin_individu(number)
            self.current = self.individu
            if out_of_order:
                self._fail(rubrique, number, "is out of order")
            elif after_stray:
                self._fail(rubrique, number, "follows a line that is no rubrique")
        elif bloc in BELOW_INDIVIDU:
            self._begin_below(rubrique, number)
        else:
            self._end_individu()
            if bloc in AROUND_INDIVIDU:
                self._begin_around(bloc)

    def _begin_around(self, bloc: str) -> None:
        for below in (bloc, *_BELOW[bloc]):
            self.context_open.pop(below, None)
            self.context_problems.pop(below, None)
            if below != bloc or bloc in SINGLE:
                self.context.pop(below, None)
        if bloc == DECLARATION:
            self.context_blocs = 0
        if bloc not in self.layout.blocs:
            return
        self.context_blocs += 1
        if self.context_blocs > self.most_blocs:
            self.context_problems[bloc] = (bloc, "the declaration has more blocks than it may")
            return
        self.current = self.context_open[bloc] = Bloc()
        parent = PARENT.get(bloc, ENVOI)
        if parent in SINGLE:
            self.context.setdefault(bloc, []).append(self.current)
        elif parent in self.context_open:
            self.context_open[parent].children.setdefault(bloc, []).append(self.current)

    def _begin_individu(self, number: int) -> None:
        self.individu = Bloc()
        self.individu.children = dict(self.context)
        self.position = number
        self.problem = next(iter(self.context_problems.values()), None)
        self.open = {INDIVIDU: self.individu}
        self.blocs = self.text = 0

    def _begin_below(self, rubrique: Rubrique, number: int) -> None:
        bloc, parent = rubrique.bloc, PARENT[rubrique.bloc]
        if self.individu is None:
            self._begin_individu(number)
            self._fail(rubrique, number, "belongs to no individu")
        if self.problem is not None:
            return
        self.blocs += 1
        if self.blocs > self.most_blocs or self.text > MAX_TEXT:
            self._fail(rubrique, number, "is more than an individu may hold")
        elif parent not in self.open:
            self._fail(rubrique, number, f"has no block {parent} above it")
        elif bloc in self.layout.singles and bloc in self.open[parent].children:
            self._fail(rubrique, number, "occurs a second time where one is allowed")
        else:
            for below in _BELOW[bloc]:
                self.open.pop(below, None)
            self.current = self.open[bloc] = Bloc()
            self.open[parent].children.setdefault(bloc, []).append(self.current)

    def _end_individu(self) -> None:
        individu, self.individu = self.individu, None
        if individu is None:
            return
        if self.problem is not None:
            self.out.append(DsnReject(self.position, "unreadable", *self.problem))
        else:
            self.out.append(DsnRecord(self.position, self.layout.read(individu)))

    def _reject_of_envoi(self, number: int) -> None:
        detail = f"line {self.envoi.first}: {self.envoi.fault}"
        self.out.append(DsnReject(number, "incomplete", "", detail))
        self.rejected = True

    def _stray(self, number: int) -> None:
        problem = ("", f"line {number}: is no rubrique")
        if self.individu is not None:
            self.problem = self.problem or problem
        else:
            self.out.append(DsnReject(number, "unreadable", *problem))

    def _spoil(self, rubrique: Rubrique, number: int, what: str) -> None:
        """Note that a collected value cannot be read: of the individu, or of the blocks around."""
        if rubrique.bloc in AROUND_INDIVIDU:
            self.context_problems[rubrique.bloc] = _problem(rubrique, number, what)
        else:
            self._fail(rubrique, number, what)

    def _fail(self, rubrique: Rubrique, number: int, what: str) -> None:
        """Note that the individu cannot be read; the first reason is kept."""
        self.problem = self.problem or _problem(rubrique, number, what)


def _problem(rubrique: Rubrique, number: int, what: str) -> tuple[str, str]:
    return rubrique.name, f"line {number}: `{rubrique.name}` {what}"
