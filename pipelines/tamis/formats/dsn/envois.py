"""The first pass over a DSN: where its envois stand, whether each is whole, how it is encoded.

An envoi goes from its header S10.G00.00 to its totals S90.G00.90, which are its last lines. So
whether anything of it may be released is known at its end only. This pass reads as far as the end
of one envoi, the other one (`individus`) builds its individus, and so on: nothing is held.

    S05.G51.00 lot > S06.G51.00 group > (S10.G00.00 … S90.G00.90) envoi, again and again
                                      > S96.G51.00 end of the group
                   > S95.G51.00 end of the lot

An envoi is incomplete, and nothing of it is released, where it lacks its beginning or its end, or
holds fewer lines or declarations than its totals declare: what is missing may be anybody's. Nor is
anything of an envoi in a group whose label is neither `DSNOK` nor one of those rejected. One
with more of them than declared is read, and told as an anomaly: programs miscount, S90.G00.90
itself left out, and what is too much is there to be seen.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np

from tamis.errors import InputError
from tamis.formats.csv_guess import guess_one_byte
from tamis.formats.dsn.layout import DECLARATION, ENVOI, INDIVIDU
from tamis.formats.dsn.lines import BOM, STRAY, Lines, Rubriques
from tamis.language import N_, _

GROUP: Final = "S06.G51.00"
TOTALS: Final = "S90.G00.90"
_LOT = "S05.G51.00"
_END_OF_GROUP = "S96.G51.00"
_END_OF_LOT = "S95.G51.00"
LOT_BLOCS: Final = frozenset({_LOT, GROUP, _END_OF_GROUP, _END_OF_LOT})

VALID_GROUP: Final = "DSNOK"
_REJECTED_GROUPS = frozenset({"FP-KO", "CT-KO", "AUTRE"})
FIRST_LINE: Final = f"{ENVOI}.001"
"""Of an envoi."""

_NORM = f"{ENVOI}.006"
_KIND = f"{DECLARATION}.002"  # 03 to 05: another declaration is replaced or cancelled
_VALUES = frozenset(
    {FIRST_LINE, _NORM, _KIND, f"{TOTALS}.001", f"{TOTALS}.002"}
    | {f"{GROUP}.001", f"{_END_OF_GROUP}.002"}
)
"""Rubriques whose values this pass reads."""
_ENDING = LOT_BLOCS | {TOTALS}
"""Blocks behind whose lines an envoi may begin."""
_BEGINNING = LOT_BLOCS | {ENVOI, TOTALS}
"""Blocks with which one begins or ends."""
_OWN_BLOC = re.compile(r"S(?:(?:10|20|21|89|90)\.G00|(?:05|06|95|96)\.G51)\.")
_OLD_NORM = re.compile(r"V\d\d[A-Z]\d\d")  # N4DS V01X14, DADS-U V08R09
_KNOWN_NORM = re.compile(r"P2[2-6]V\d\d")
_REPLACING = frozenset({"03", "04", "05"})
_C1 = re.compile(rb"[\x80-\x9f]")
_MOST_VALUES = 1_000  # of an envoi beyond ASCII, by which its encoding is guessed

INCOMPLETE: Final = "dsn-envois-incomplete"
TOTALS_DIFFER: Final = "dsn-envoi-totals-differ"
LOT_DIFFERS: Final = "dsn-lot-totals-differ"
REJECTED_LINES: Final = "dsn-lines-in-rejected-groups"
UNKNOWN_NORM: Final = "dsn-envois-of-unknown-norm"
OTHER_ENCODING: Final = "dsn-envois-in-other-encoding"
REPLACING: Final = "dsn-replacements-without-individu"


class Lot(NamedTuple):
    """How far a lot has been read.

    Attributes:
        is_open: whether it has begun, and not ended.
        label: of its group that is open: None for none, empty until it is read.
        envois: that began in the group.

    Example:
        >>> lot = Lot().begun("S05.G51.00").begun("S06.G51.00")._replace(label="FP-KO")
        >>> lot.has_envois, lot.begun("S96.G51.00").has_envois
        (False, True)
    """

    is_open: bool = False
    label: str | None = None
    envois: int = 0

    @property
    def has_envois(self) -> bool:
        """Whether what follows are envois, not what a group holds that no valid DSN is in."""
        return self.label not in _REJECTED_GROUPS

    @property
    def fault(self) -> str:
        """Why no envoi of the group may be released; empty where they may be."""
        if self.label in (None, VALID_GROUP):
            return ""
        return N_("{rubrique} has no label that is known").format(rubrique=f"{GROUP}.001")

    def begun(self, bloc: str) -> "Lot":
        """The same behind the beginning of one of its blocks."""
        is_group = bloc == GROUP
        return Lot(bloc != _END_OF_LOT, "" if is_group else None, 0 if is_group else self.envois)


class Begin(NamedTuple):
    """Where some envois of a file begin.

    Attributes:
        lines: before the first of them.
        lot: that is open there.
        is_utf8: whether a byte order mark says so of the file.
        is_last: whether the file ends behind them.
    """

    lines: int = 0
    lot: Lot = Lot()
    is_utf8: bool = False
    is_last: bool = True


AT_ONCE: Final = Begin()
"""Where all lines of a file begin."""


class Envoi(NamedTuple):
    """An envoi, or what is left of one.

    Attributes:
        first: the number of its first line in the file, from 1.
        last: of its last one.
        fault: why nothing of it may be released; empty where it is whole.
        encoding: of its values: `ascii`, `iso-8859-1`, `utf-8`, `cp1252` or another one.
        declared: lines that S90.G00.90.001 declares, or None.
        counted: rubriques in it.
        agrees: whether its totals are those that were counted.
        skipped: whether it is no envoi, but what a group of a lot holds that no valid DSN is in.
    """

    first: int
    last: int
    fault: str = ""
    encoding: str = "ascii"
    declared: int | None = None
    counted: int = 0
    agrees: bool = True
    skipped: bool = False


def read_envois(
    windows: Iterable[Lines],
    rubriques: Rubriques,
    collected: frozenset[str],
    source: str,
    anomalies: Counter[str],
    begin: Begin = AT_ONCE,
) -> Iterator[Envoi]:
    """Find the envois of a DSN; groups of a lot that were rejected are skipped.

    Args:
        windows: the lines of the file, in their order.
        rubriques: to which they refer.
        collected: the rubriques whose values decide the encoding.
        source: the file's name, for messages.
        anomalies: takes what is odd of each envoi before it is yielded, of the lot at the end.
        begin: where in the file the lines begin.

    Returns:
        Each envoi, in the file's order.

    Raises:
        InputError: an envoi is of a norm before the DSN.
    """
    survey = _Survey(rubriques, collected, source, anomalies, begin)
    for lines in windows:
        yield from survey.read(lines)
    yield from survey.end()


@dataclass
class _Begun:
    """The envoi that is open: its first line and the rubriques before it, and what was counted."""

    first: int
    before: int
    last: int = 0  # line of its totals
    strays: int = 0
    has_header: bool = False
    has_other_blocs: bool = False
    declarations: int = 0
    individus: int = 0
    individus_before: int = 0  # the declaration
    replacing: int = 0
    norm: str = ""
    kind: str = ""  # of the declaration
    totals: dict[str, str] | None = None
    valid: int = 0  # values beyond ASCII that are UTF-8
    invalid: int = 0  # and that are not
    sample: bytes = b""

    def end_declaration(self) -> None:
        without = self.individus == self.individus_before
        self.replacing += without and self.kind in _REPLACING
        self.individus_before, self.kind = self.individus, ""

    def add_value(self, value: bytes) -> None:
        """Take a value beyond ASCII into account, for the encoding."""
        if self.is_sampled:
            return
        try:
            value.decode()
        except UnicodeDecodeError:
            self.invalid += 1
            self.sample += value + b"\n"
        else:
            self.valid += 1

    @property
    def is_sampled(self) -> bool:
        """Whether enough of its values are known."""
        return self.valid + self.invalid >= _MOST_VALUES

    def encoding(self, is_utf8: bool) -> str:
        if self.valid >= self.invalid:
            return "utf-8" if self.valid or is_utf8 else "ascii"
        # The norm's encoding has no sign in these 32 bytes, every other one has letters there.
        return guess_one_byte(self.sample)[0][0] if _C1.search(self.sample) else "iso-8859-1"

    def fault(self, declared: int | None, declarations: int | None, counted: int) -> str:
        """Why nothing of the envoi may be released; empty if it is whole."""
        if not self.has_header:
            return N_("the envoi begins without its header {bloc}").format(bloc=ENVOI)
        if len(self.totals or ()) < 2:
            return N_("the envoi ends before its totals {bloc}").format(bloc=TOTALS)
        if declared is not None and counted + self.strays < declared:
            return N_("the envoi has fewer lines than {rubrique} declares").format(
                rubrique=f"{TOTALS}.001"
            )
        if declarations is not None and self.declarations < declarations:
            return N_("the envoi has fewer declarations than {rubrique} declares").format(
                rubrique=f"{TOTALS}.002"
            )
        return ""


class _Survey:
    def __init__(
        self,
        rubriques: Rubriques,
        collected: frozenset[str],
        source: str,
        anomalies: Counter[str],
        begin: Begin,
    ) -> None:
        self.rubriques = rubriques
        self.collected = collected
        self.source = source
        self.anomalies = anomalies
        self.lines, self.seen = begin.lines, 0  # lines and rubriques before the next window
        self.is_utf8, self.is_last = begin.is_utf8, begin.is_last
        self.after_end = True  # of a lot's block, of totals or of nothing
        self.lot = begin.lot
        self.group_first = self.label_seen = 0
        self.ended_envois: int | None = None  # of the group that ended, where it was read
        self.envoi: _Begun | None = None

    def read(self, lines: Lines) -> Iterator[Envoi]:
        """The envois that end within `lines`."""
        met, numbers = self.rubriques.met, lines.numbers
        self.is_utf8 |= lines.first == 1 and lines.data.startswith(BOM)
        blocs = np.array([_is_bound(rubrique.bloc) for rubrique in met] + [False] * 2)
        values = np.array([rubrique.name in _VALUES for rubrique in met] + [False] * 2)
        ends = np.array([rubrique.bloc in _ENDING for rubrique in met] + [False] * 2)
        marks = lines.begins & blocs[numbers] | values[numbers] | (numbers == STRAY)
        begun = np.array([rubrique.bloc in _BEGINNING for rubrique in met] + [False] * 2)
        ends_here = (lines.begins & begun[numbers]).any()
        sampled = self.envoi is not None and self.envoi.is_sampled and not ends_here
        if not sampled and not lines.data.isascii():
            ours = np.array([rubrique.name in self.collected for rubrique in met] + [False] * 2)
            marks |= ours[numbers] & lines.beyond_ascii()
        named = np.flatnonzero(numbers >= 0)
        if len(named):
            after = np.concatenate([[self.after_end], ends[numbers[named]]])
            marks[named[after[:-1]]] = True
            self.after_end = bool(after[-1])
        seen = self.seen + np.cumsum(numbers >= 0)
        for index in np.flatnonzero(marks).tolist():
            yield from self._line(lines, index, int(seen[index]))
        self.lines += len(numbers)
        self.seen += len(named)

    def end(self) -> Iterator[Envoi]:
        """The envoi that the end of the file ends, if any."""
        yield from self._end_envoi(self.lines, self.seen)
        yield from self._end_group(self.lines, self.seen)
        self.anomalies[LOT_DIFFERS] += self.lot.is_open and self.is_last

    def _line(self, lines: Lines, index: int, seen: int) -> Iterator[Envoi]:
        envoi = self.envoi
        if lines.numbers[index] == STRAY:
            if envoi is not None and envoi.totals is None:
                envoi.strays += 1
            return
        rubrique = self.rubriques.met[lines.numbers[index]]
        number, bloc = lines.first + index, rubrique.bloc
        if lines.begins[index]:
            is_over = envoi is not None and envoi.totals is not None and bloc != TOTALS
            if bloc in LOT_BLOCS or bloc == ENVOI or is_over:
                yield from self._end_envoi(number - 1, seen - 1)
            if bloc in LOT_BLOCS:
                yield from self._end_group(number - 1, seen - 1)
                self._begin_lot_bloc(bloc, number, seen)
            elif self.lot.has_envois:
                self._begin_bloc(bloc, number, seen - 1)
        if rubrique.name == FIRST_LINE:
            self.lot = self.lot._replace(envois=self.lot.envois + 1)
        envoi, value = self.envoi, lines.bytes(index)
        if envoi is not None and bloc == TOTALS:
            envoi.last = number
        if value is None:
            return
        if rubrique.name in _VALUES:
            self._value(rubrique.name, value.decode("latin-1"))
        elif envoi is not None and not value.isascii():
            envoi.add_value(value)

    def _begin_lot_bloc(self, bloc: str, number: int, seen: int) -> None:
        self.lot = self.lot.begun(bloc)
        if bloc == GROUP:
            self.group_first, self.label_seen = number, seen

    def _end_group(self, last: int, seen: int) -> Iterator[Envoi]:
        label, envois = self.lot.label, self.lot.envois
        if not self.lot.has_envois:
            self.anomalies[REJECTED_LINES] += seen - self.label_seen
            yield Envoi(self.group_first, last, skipped=True)
        self.ended_envois = envois if label == VALID_GROUP else None
        self.lot = self.lot._replace(label=None)

    def _begin_bloc(self, bloc: str, number: int, seen: int) -> None:
        envoi = self.envoi = self.envoi or _Begun(number, seen)
        if bloc == ENVOI:
            envoi.has_header = True
        elif bloc == DECLARATION:
            envoi.end_declaration()
            envoi.declarations += 1
        elif bloc == INDIVIDU:
            envoi.individus += 1
        elif bloc == TOTALS:
            envoi.totals = envoi.totals or {}
        elif not _OWN_BLOC.match(bloc):
            envoi.has_other_blocs = True

    def _value(self, name: str, value: str) -> None:
        if name == f"{GROUP}.001":
            self.lot = self.lot._replace(label=value)
        elif name == f"{_END_OF_GROUP}.002":
            differs = self.ended_envois is not None and _count(value) != self.ended_envois
            self.anomalies[LOT_DIFFERS] += differs
        elif self.envoi is None:
            return
        elif name == _NORM:
            self.envoi.norm = value
        elif name == _KIND:
            self.envoi.kind = value
        elif self.envoi.totals is not None:
            self.envoi.totals[name[-3:]] = value

    def _end_envoi(self, last: int, seen: int) -> Iterator[Envoi]:
        envoi, self.envoi = self.envoi, None
        if envoi is None:
            return
        envoi.end_declaration()
        self._check_norm(envoi)
        totals, counted = envoi.totals or {}, seen - envoi.before
        declared, declarations = _count(totals.get("001")), _count(totals.get("002"))
        fault = self.lot.fault or envoi.fault(declared, declarations, counted)
        encoding = envoi.encoding(self.is_utf8)
        agrees = (declared, declarations) == (counted, envoi.declarations)
        self.anomalies[INCOMPLETE] += bool(fault)
        self.anomalies[TOTALS_DIFFER] += not fault and not agrees
        self.anomalies[UNKNOWN_NORM] += bool(envoi.norm and not _KNOWN_NORM.fullmatch(envoi.norm))
        self.anomalies[REPLACING] += envoi.replacing
        if encoding not in ("ascii", "iso-8859-1"):
            self.anomalies[f"{OTHER_ENCODING}:{encoding}"] += 1
        end = last if fault else envoi.last
        yield Envoi(envoi.first, end, fault, encoding, declared, counted, agrees)

    def _check_norm(self, envoi: _Begun) -> None:
        """Refuse an envoi of a norm before the DSN's, which would be one of nobody."""
        is_old = _OLD_NORM.fullmatch(envoi.norm) is not None
        nobody = not envoi.declarations and not envoi.individus
        if is_old or (envoi.has_other_blocs and nobody):
            norm = envoi.norm if is_old else _("unknown")
            problem = _("is no DSN: norm {norm}, no declaration S20.G00.05", norm=norm)
            raise InputError(self.source, problem)


def _is_bound(bloc: str) -> bool:
    """Whether the beginning of a block tells of an envoi, or of its norm."""
    own = bloc in LOT_BLOCS or bloc in (ENVOI, DECLARATION, INDIVIDU, TOTALS)
    return own or not _OWN_BLOC.match(bloc)


def _count(text: str | None) -> int | None:
    return int(text) if text and text.isascii() and text.isdecimal() and len(text) < 13 else None
