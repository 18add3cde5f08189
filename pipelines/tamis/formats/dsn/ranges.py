"""One big DSN for many workers: it is cut where an envoi begins, S10.G00.00.001, and nowhere else.

Each stretch of the file is looked through by itself for the first envoi in it that directly follows
the end of another one, S90.G00.90: there no line before can belong to a line behind. What is behind
depends on the lot around it, whose few lines are added up from stretch to stretch: within a group
that no valid DSN is in, nothing is cut. How many records a range has is known once it is read, so
ranges are cut by bytes.
"""

import re
from collections.abc import Iterator, Sequence
from typing import Any, Final, NamedTuple

from tamis.formats.dsn.envois import FIRST_LINE, GROUP, LOT_BLOCS, Begin, Lot
from tamis.formats.dsn.lines import BOM, MAX_LINE, RUBRIQUE
from tamis.limits import Limits
from tamis.plan.plan import Plan

_BEHIND: Final = 256
"""Bytes before a line that are looked at for the line before it."""

_MARKS = re.compile(rb"S10\.G00\.00\.001|\.G51\.00\.")
_TOTALS = re.compile(rb"S90\.G00\.90\.00[12]\s*,\s*'[^'\n]*'")


class Candidate(NamedTuple):
    """A place where a range may begin.

    Attributes:
        start: in bytes.
        lines: of the stretch before it.
        lot: the lot there; None where it is that of the stretch's beginning.
        envois: that begin in the stretch before it, if `lot` is None.
    """

    start: int
    lines: int
    lot: Lot | None
    envois: int


class DsnCounts(NamedTuple):
    """What was counted in a stretch of a DSN.

    Attributes:
        lines: line breaks in it.
        candidates: the first place to cut at before any line of a lot, and the first behind one.
        lot: the lot at its end; None where the stretch has no line of one.
        envois: that begin in it, if `lot` is None.
        is_sure: whether the lines of a lot are of the kind that is known.
    """

    lines: int
    candidates: tuple[Candidate, ...] = ()
    lot: Lot | None = None
    envois: int = 0
    is_sure: bool = True


class EnvoiRange(NamedTuple):
    """The envois of a file that one worker reads.

    Attributes:
        number: of the first part that they may be, as it names files.
        last: of the last one.
        start: of the first envoi, in bytes.
        stop: of the one behind them; None at the end of the file.
        weight: their bytes, by which files share out what is left to read.
        begin: where they begin.
        lines: of the file before the envoi behind them; None at the end of the file.
    """

    number: int
    last: int
    start: int
    stop: int | None
    weight: int
    begin: Begin
    lines: int | None

    @property
    def records(self) -> int:
        """None: they are counted by those who read them."""
        return 0


def dsn_begin(stream: Any, _plan: Plan, _source: str) -> int:
    """Where the lines begin, in bytes."""
    return len(BOM) if stream.read(len(BOM)) == BOM else 0


def count_dsn(stream: Any, _plan: Plan, begin: int, start: int, stop: int) -> DsnCounts:
    """Count the lines that begin from `start` to before `stop`, and find where to cut there."""
    low = max(begin, start - _BEHIND)
    stream.seek(low)
    text = stream.read(stop - low + MAX_LINE)
    own, end = max(begin, start) - low, stop - low
    candidates: list[Candidate] = []
    lot: Lot | None = None
    envois = 0
    for line, name in _marked(text, own, end, is_start=low == begin):
        if name == FIRST_LINE:
            wanted = not candidates if lot is None else lot.has_envois and len(candidates) < 2
            if wanted and _may_be_cut(text, line):
                lines = text.count(b"\n", own, line)
                candidates.append(Candidate(low + line, lines, lot, envois))
            envois, lot = envois + 1, lot and lot._replace(envois=lot.envois + 1)
        else:
            lot = (lot or Lot()).begun(name[:10])
            if name[:10] == GROUP:
                if name != f"{GROUP}.001":
                    return DsnCounts(0, is_sure=False)
                lot = lot._replace(label=_value(text, line))
    return DsnCounts(text.count(b"\n", own, end), tuple(candidates), lot, envois)


def _marked(text: bytes, own: int, end: int, *, is_start: bool) -> Iterator[tuple[int, str]]:
    """The lines that begin from `own` to before `end` and tell of envoi or lot, with their names.

    Args:
        text: begins with a line if `is_start`.
        own, end: places in it.
    """
    before = -1
    for match in _MARKS.finditer(text, own, min(len(text), end + MAX_LINE)):
        low = max(0, match.start() - MAX_LINE)
        line = text.rfind(b"\n", low, match.start()) + 1
        if own <= line < end and line != before and (line or (is_start and not low)):
            before = line
            key = text[line : line + MAX_LINE].partition(b",")[0].strip()
            name = key.decode("latin-1") if RUBRIQUE.fullmatch(key) else ""
            if name == FIRST_LINE or name[:10] in LOT_BLOCS:
                yield line, name


def _may_be_cut(text: bytes, line: int) -> bool:
    """Whether the envoi that begins on a line directly follows the end of another one."""
    before = text[max(0, line - _BEHIND) : line].rstrip()
    last = before.rpartition(b"\n")
    return bool(last[1]) and _TOTALS.fullmatch(last[2].strip()) is not None


def _value(text: bytes, line: int) -> str:
    """The value of a line; empty where it has none."""
    value = text[line : line + MAX_LINE].partition(b"\n")[0].partition(b",")[2].strip()
    is_quoted = len(value) > 1 and value[:1] == value[-1:] == b"'"
    return value[1:-1].decode("latin-1") if is_quoted else ""


def cut_envois(
    counts: Sequence[DsnCounts], begin: int, size: int, limits: Limits
) -> list[EnvoiRange] | None:
    """The ranges of a DSN; None where there is no place to cut at, or that is not sure.

    Args:
        counts: of all stretches, in their order.
        begin: where the lines begin, in bytes.
        size: of the file, in bytes.
        limits: bytes that a range has at least.
    """
    if not all(count.is_sure for count in counts):
        return None
    starts: list[tuple[int, Begin]] = [(0, Begin(is_last=False))]
    lot, lines, is_utf8 = Lot(), 0, begin > 0
    for count in counts:
        for at in count.candidates:
            there = at.lot or lot._replace(envois=lot.envois + at.envois)
            if there.has_envois and at.start >= starts[-1][0] + limits.block_bytes:
                starts.append((at.start, Begin(lines + at.lines, there, is_utf8, is_last=False)))
        lot = count.lot or lot._replace(envois=lot.envois + count.envois)
        lines += count.lines
    if len(starts) == 1:
        return None
    ends: list[tuple[int, Begin | None]] = [*starts[1:], (size, None)]
    ranges = []
    for (start, here), (stop, behind) in zip(starts, ends, strict=True):
        number, after = (place // limits.block_bytes for place in (start, stop))
        if behind is None:
            last = here._replace(is_last=True)
            ranges.append(EnvoiRange(number, after, start, None, stop - start, last, None))
        else:
            weight = stop - start
            ranges.append(EnvoiRange(number, after - 1, start, stop, weight, here, behind.lines))
    return ranges
