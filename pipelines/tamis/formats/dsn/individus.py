"""The parser of DSNs (NEODeS text): from lines to individus, in one pass.

The hierarchy is implicit: a line names its rubrique and block only. So a DSN cannot be split by
place, and is read from its first line to its last; memory holds one individu and the blocks around
it. The rules of the parser:

- Lines are split at the byte 0x0A and decoded afterwards, value by value.
- A block begins where the block changes or the rubrique does not increase. An individu without
  NIR begins at 30.002: a parser that waits for 30.001 adds that person's data to the one before.
- An individu is complete when a following block ends it, not when its envoi does. So the last
  individu of a truncated envoi is a reject.
- Lines of rubriques that the layout does not collect are counted and not read: their values cannot
  change what becomes of a record.
- Where the individu of a line is unknown, every individu that it may belong to is a reject.
- A value ends at the last apostrophe of its line, and may hold others; but where it holds a
  rubrique, two lines have grown together, and the value of the other one is nobody's here.
- A file has one encoding, decided by the first collected value that is not ASCII: UTF-8 if it is
  valid UTF-8, else ISO 8859-1, with 0x80 to 0x9F read as windows-1252 since the norm has no
  character there. A byte order mark means UTF-8. A later value that is not UTF-8 in a UTF-8 file is
  rejected.

- An envoi of another norm (N4DS, DADS-U), whose lines look the same, ends the reading.
- A 0x1A ends a file, as DOS wrote it.

Records are yielded before the totals of their envoi are known: its `DsnEnvoi` follows them.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import chain, islice
from typing import Any, BinaryIO, Literal

from tamis.errors import InputError
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
    bloc_of,
    blocks_below,
)
from tamis.language import _
from tamis.limits import USUAL, Limits

MAX_LINE = 4096  # bytes; the norm says 256 characters
MAX_TEXT = 4 << 20  # bytes of collected values of one individu
_MAX_RUBRIQUES = 10_000  # distinct rubriques counted by name
_CHUNK = 1 << 20  # bytes
_FIRST_LINES = 1_000  # at least one of these must be a rubrique

_RUBRIQUE = re.compile(rb"S\d\d\.G\d\d\.\d\d\.\d{3}(?:\.\d{3})?")
_LINE = re.compile(rb"\s*" + _RUBRIQUE.pattern + rb"\s*,\s*'.*'\s*", re.DOTALL)
_OTHER_LINE = re.compile(rb"\d\d\.\d{3}\s*,\s*'")
"""Within a value, the end of the name of a rubrique: two lines that have grown together."""
_BOM = b"\xef\xbb\xbf"
_APOSTROPHE = 0x27
_WINDOWS_1252 = {
    code: text for code in range(0x80, 0xA0) if (text := bytes([code]).decode("cp1252", "ignore"))
}

_GROUP = "S06.G51.00"
_TOTAL = "S90.G00.90"
_LOT = frozenset({"S05.G51.00", _GROUP, "S95.G51.00", "S96.G51.00"})
_NORM = f"{ENVOI}.006"
_ENVELOPE = frozenset({_NORM, f"{_GROUP}.001", f"{_TOTAL}.001", f"{_TOTAL}.002"})
_OLD_NORM = re.compile(r"V\d\d[A-Z]\d\d")  # N4DS V01X14, DADS-U V08R09; a DSN is P25V01
_OWN_BLOC = re.compile(r"S(?:(?:10|20|21|89|90)\.G00|(?:05|06|95|96)\.G51)\.")
_END_OF_FILE = b"\x1a"
_BELOW = {bloc: tuple(blocks_below(bloc)) for bloc in PARENT} | {ENVOI: tuple(blocks_below(ENVOI))}


@dataclass(frozen=True)
class DsnRecord:
    """A complete individu.

    Attributes:
        position: 1-based line of its first rubrique.
        last_line: 1-based line of its last rubrique.
        values: by field: text as in the file, dicts, lists of dicts; None where absent.
    """

    position: int
    last_line: int
    values: dict[str, Any] = field(repr=False)


@dataclass(frozen=True)
class DsnReject:
    """An individu that could not be read, or a line that belongs to none.

    Attributes:
        position: 1-based line of the individu's first rubrique, or of the line.
        field: the rubrique that is wrong; empty where it is unknown.
        detail: what is wrong and in which line; never a value.
    """

    position: int
    reason: Literal["unreadable"]
    field: str
    detail: str


@dataclass(frozen=True)
class DsnEnvoi:
    """The end of an envoi (S10 to S90), after its records.

    Attributes:
        position: 1-based line of its first rubrique.
        declared: the number of rubriques that S90.G00.90.001 declares, or None.
        counted: the number of rubriques found, the block S90 included.
        ok: whether the numbers of rubriques and of declarations are as declared.
    """

    position: int
    declared: int | None
    counted: int
    ok: bool


@dataclass(frozen=True)
class DsnFile:
    """The end of the file: the last item.

    Attributes:
        lines: how many lines the file has.
        encoding: `ascii`, `utf-8`, `iso-8859-1` or `cp1252`, by the collected values.
        dropped: how many lines were not collected, by rubrique.
        skipped: lines in groups of a lot other than `DSNOK`, which hold no valid DSN.
    """

    lines: int
    encoding: str
    dropped: dict[str, int]
    skipped: int


DsnItem = DsnRecord | DsnReject | DsnEnvoi | DsnFile


def read_individus(
    stream: BinaryIO, source: str, layout: DsnLayout, limits: Limits = USUAL
) -> Iterator[DsnItem]:
    """Read the individus of a DSN, or of a lot of them, in the file's order.

    Args:
        stream: the file's bytes, read forward only; a read may return fewer bytes than asked for.
        source: its path or URI, for messages.
        layout: what to collect (`tamis.formats.dsn.layout.layout_of`).
        limits: how many blocks may be collected of one individu.

    Yields:
        For each individu a `DsnRecord` or a `DsnReject`, for each line that is no rubrique outside
        of an individu a `DsnReject`, after each envoi a `DsnEnvoi`, at the end a `DsnFile`.

    Raises:
        InputError: none of the file's first lines is one of a DSN, or an envoi is of another norm.

    Example:
        >>> import io
        >>> from tamis.formats.dsn.layout import layout_of
        >>> from tamis.plan.plan import PlanField
        >>> layout = layout_of([PlanField("nom", "string", rubrique="S21.G00.30.002")])
        >>> text = b"S10.G00.00.001,'L'\\nS21.G00.30.002,'D'ESSAI'\\nS90.G00.90.001,'3'\\n"
        >>> next(read_individus(io.BytesIO(text), "x.dsn", layout)).values
        {'nom': "D'ESSAI"}
    """
    lines = _split(stream)
    first_lines = list(islice(lines, _FIRST_LINES))
    bom = bool(first_lines) and first_lines[0].startswith(_BOM)
    if bom:
        first_lines[0] = first_lines[0][len(_BOM) :]
    if not any(_LINE.fullmatch(line) for line in first_lines):
        raise InputError(source, _("is no DSN: no line reads `Sxx.Gyy.zz.nnn,'…'`"))
    parser = _DsnParser(layout, "utf-8" if bom else "ascii", limits.dsn_blocks, source)
    yield from parser.read(chain(first_lines, lines))


def _split(stream: BinaryIO) -> Iterator[bytes]:
    """The stream's lines without 0x0A, cut to `MAX_LINE` + 1 bytes."""
    line = b""
    while chunk := stream.read(_CHUNK):
        pieces = chunk.split(b"\n")
        if max(map(len, pieces)) > MAX_LINE:
            pieces = [piece[: MAX_LINE + 1] for piece in pieces]
        line = (line + pieces[0])[: MAX_LINE + 1]
        if len(pieces) > 1:
            yield line
            yield from pieces[1:-1]
            line = pieces[-1]
    if line := line.rstrip(_END_OF_FILE):
        yield line


class _Rubrique:
    """A rubrique of the file: block and rank, whether it is collected, how many lines were not."""

    __slots__ = ("bloc", "collected", "dropped", "name", "rank")

    def __init__(self, name: str, collected: bool) -> None:
        self.name = name
        self.bloc = bloc_of(name)
        self.rank = name[11:]
        self.collected = collected
        self.dropped = 0


class _DsnParser:
    """The state of one file's parsing."""

    def __init__(self, layout: DsnLayout, encoding: str, most_blocs: int, source: str) -> None:
        self.source = source
        self.most_blocs = most_blocs
        self.layout = layout
        self.encoding = encoding
        self.known: dict[bytes, _Rubrique] = {}  # by the bytes before the comma
        self.rubriques: dict[str, _Rubrique] = {}
        self.current: Bloc | None = None  # the block that the next values go to
        self.last = 0  # line of the last rubrique
        self.stray = 0  # line of the last stray line
        self.seen = 0  # rubriques
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
        self.blocs = 0
        self.text = 0
        # the envoi and the lot
        self.envoi = 0  # line of its first rubrique; 0: none is open
        self.envoi_seen = 0  # rubriques before it
        self.header = Bloc()
        self.declarations = self.individus = 0
        self.other_blocs = False  # whether it has blocks that no DSN has
        self.total: Bloc | None = None
        self.group: Bloc | None = None
        self.group_seen = 0  # rubriques before it
        self.skipped = 0

    def read(self, lines: Iterator[bytes]) -> Iterator[DsnItem]:
        bloc, rank, number = "", "", 0
        known, learn = self.known, self._learn
        for number, line in enumerate(lines, 1):
            key, _, rest = line.partition(b",")
            rubrique = known.get(key) or learn(key)
            if rubrique is None:
                if line.strip().strip(_END_OF_FILE):
                    yield from self._stray(number)
                continue
            if rubrique.bloc != bloc or rubrique.rank <= rank:
                yield from self._begin(rubrique, number)
                bloc = rubrique.bloc
            rank = rubrique.rank
            self.last = number
            self.seen += 1
            current = self.current
            if current is None or not rubrique.collected:
                rubrique.dropped += 1
                continue
            text = rest.strip()
            if len(line) > MAX_LINE:
                self._spoil(rubrique, number, f"is longer than {MAX_LINE} bytes")
            elif len(text) < 2 or text[0] != _APOSTROPHE or text[-1] != _APOSTROPHE:
                self._spoil(rubrique, number, "has no value between apostrophes")
            elif b"," in text and _OTHER_LINE.search(text):
                self._spoil(rubrique, number, "holds another line, with its rubrique")
            elif (value := self._decode(text[1:-1])) is None:
                self._spoil(rubrique, number, "is not utf-8, as the file's first values are")
            elif value and not value.isspace():
                current.values[rank] = value
                self.text += len(value)
        yield from self._end_individu(whole=False)
        yield from self._end_envoi()
        self._end_group()
        dropped = {r.name: r.dropped for r in self.rubriques.values() if r.dropped}
        yield DsnFile(number, self.encoding, dropped, self.skipped)

    def _learn(self, key: bytes) -> _Rubrique | None:
        name = key.strip()
        if not _RUBRIQUE.fullmatch(name):
            return None
        text = name.decode()
        rubrique = self.rubriques.get(text)
        if rubrique is None:
            rubrique = _Rubrique(text, text in self.layout.rubriques or text in _ENVELOPE)
            if len(self.rubriques) < _MAX_RUBRIQUES:
                self.rubriques[text] = rubrique
        if len(self.known) < _MAX_RUBRIQUES and len(key) < 40:
            self.known[key] = rubrique
        return rubrique

    def _decode(self, text: bytes) -> str | None:
        if text.isascii():
            return text.decode()
        if self.encoding in ("ascii", "utf-8"):
            try:
                value = text.decode()
            except UnicodeDecodeError:
                if self.encoding == "utf-8":
                    return None
                self.encoding = "iso-8859-1"
            else:
                self.encoding = "utf-8"
                return value
        value = text.decode("iso-8859-1")
        if (translated := value.translate(_WINDOWS_1252)) != value:
            self.encoding = "cp1252"
        return translated

    def _begin(self, rubrique: _Rubrique, number: int) -> Iterator[DsnItem]:
        bloc = rubrique.bloc
        self.current = None
        if bloc in _LOT:
            yield from self._end_individu(whole=False)
            yield from self._end_envoi()
            self._end_group()
            if bloc == _GROUP:
                self.group = self.current = Bloc()
                self.group_seen = self.seen + 1
            return
        if self._skips():
            return
        if bloc == ENVOI or (self.total is not None and bloc != _TOTAL):
            yield from self._end_individu(whole=False)
            yield from self._end_envoi()
        if not self.envoi:
            self.envoi, self.envoi_seen = number, self.seen
        if bloc == _TOTAL:
            yield from self._end_individu(whole=True)
            self.total = self.current = self.total or Bloc()
        elif bloc == INDIVIDU:
            out_of_order = rubrique.rank not in ("001", "002")
            if out_of_order:
                self._fail(rubrique, number, "is out of order")
            yield from self._end_individu(whole=True)
            self._begin_individu(number)
            self.current = self.individu
            if out_of_order:
                self._fail(rubrique, number, "is out of order")
            elif self.stray > self.last:
                self._fail(rubrique, number, "follows a line that is no rubrique")
        elif bloc in BELOW_INDIVIDU:
            self._begin_below(rubrique, number)
        elif bloc in AROUND_INDIVIDU:
            yield from self._end_individu(whole=True)
            self._begin_around(bloc)
            if bloc == ENVOI:
                self.header = self.current = self.current or Bloc()
        elif bloc == "S21.G00.85" or not bloc.startswith("S21"):
            yield from self._end_individu(whole=True)
            self.other_blocs = self.other_blocs or not _OWN_BLOC.match(bloc)

    def _begin_around(self, bloc: str) -> None:
        for below in (bloc, *_BELOW[bloc]):
            self.context_open.pop(below, None)
            self.context_problems.pop(below, None)
            if below != bloc or bloc in SINGLE:
                self.context.pop(below, None)
        if bloc == DECLARATION:
            self.declarations += 1
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
        self.individus += 1
        self.individu.children = dict(self.context)
        self.position = number
        self.problem = next(iter(self.context_problems.values()), None)
        self.open = {INDIVIDU: self.individu}
        self.blocs = self.text = 0

    def _begin_below(self, rubrique: _Rubrique, number: int) -> None:
        bloc, parent = rubrique.bloc, PARENT[rubrique.bloc]
        if bloc not in self.layout.blocs:
            return
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

    def _end_individu(self, whole: bool) -> Iterator[DsnItem]:
        individu, self.individu = self.individu, None
        if individu is None:
            return
        if not whole and self.problem is None:
            self.problem = ("", "the envoi ends before its totals, the individu may be cut")
        if self.problem is not None:
            yield DsnReject(self.position, "unreadable", *self.problem)
        else:
            yield DsnRecord(self.position, self.last, self.layout.read(individu))

    def _end_envoi(self) -> Iterator[DsnItem]:
        if not self.envoi:
            return
        self._check_norm()
        total = self.total.values if self.total is not None else {}
        declared, declarations = _count(total.get("001")), _count(total.get("002"))
        counted = self.seen - self.envoi_seen
        ok = (declared, declarations) == (counted, self.declarations)
        yield DsnEnvoi(self.envoi, declared, counted, ok)
        self.envoi = self.declarations = self.individus = 0
        self.total, self.header, self.other_blocs = None, Bloc(), False
        for state in (self.context, self.context_open, self.context_problems):
            state.clear()

    def _check_norm(self) -> None:
        """Refuse an envoi of a norm before the DSN's, which would be one of nobody."""
        norm = self.header.values.get("006", "")
        is_old = _OLD_NORM.fullmatch(norm) is not None
        if is_old or (self.other_blocs and not self.declarations and not self.individus):
            raise InputError(
                self.source,
                _(
                    "is no DSN: norm {norm}, no declaration S20.G00.05",
                    norm=norm if is_old else _("unknown"),
                ),
            )

    def _end_group(self) -> None:
        if self._skips():
            self.skipped += self.seen - self.group_seen
        self.group = None

    def _skips(self) -> bool:
        return self.group is not None and self.group.values.get("001") != "DSNOK"

    def _stray(self, number: int) -> Iterator[DsnItem]:
        self.stray = number
        problem = ("", f"line {number}: is no rubrique")
        if self.individu is not None:
            self.problem = self.problem or problem
        elif not self._skips():
            yield DsnReject(number, "unreadable", *problem)

    def _spoil(self, rubrique: _Rubrique, number: int, what: str) -> None:
        """Note that a collected value cannot be read: of the individu, or of the blocks around."""
        if rubrique.bloc in AROUND_INDIVIDU:
            self.context_problems[rubrique.bloc] = _problem(rubrique, number, what)
        else:
            self._fail(rubrique, number, what)

    def _fail(self, rubrique: _Rubrique, number: int, what: str) -> None:
        """Note that the individu cannot be read; the first reason is kept."""
        self.problem = self.problem or _problem(rubrique, number, what)


def _problem(rubrique: _Rubrique, number: int, what: str) -> tuple[str, str]:
    return rubrique.name, f"line {number}: `{rubrique.name}` {what}"


def _count(text: str | None) -> int | None:
    return int(text) if text and text.isascii() and text.isdecimal() and len(text) < 13 else None
