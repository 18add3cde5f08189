"""The blocks that lines form: which individu each belongs to, under which block it stands.

The hierarchy is implicit. A block stands under the last one before it of the norm's parent, unless
a block above that one has begun since. All blocks of one name are found at once, as arrays.
"""

from collections.abc import Iterator
from functools import cache
from typing import Final

import numpy as np
import pyarrow as pa

from tamis.formats.dsn.held import DEFECTS, TOO_MANY, Held
from tamis.formats.dsn.layout import (
    AROUND_INDIVIDU,
    BELOW_INDIVIDU,
    CONTRAT,
    DECLARATION,
    INDIVIDU,
    JOINTS,
    NUMERO_DE_CONTRAT,
    PARENT,
    SINGLE,
    DsnLayout,
)
from tamis.formats.dsn.lines import STRAY, Places, Rubriques
from tamis.language import N_

MAX_TEXT: Final = 4 << 20
"""Bytes of collected values of one individu."""

_NO_RUBRIQUE = N_("is no rubrique")
_STRUCTURES = ("S05", "S06", "S10", "S20", "S89", "S90", "S95", "S96")
"""Those of the norm and of the lots around it that stand beside S21."""

_LAST_OF_ORDER = 2000  # an individu begins with its first or second rubrique


@cache
def bounds_individus(bloc: str) -> bool:
    """Whether an individu ends where the block begins: all but those below one, and unknown ones.

    Example:
        >>> bounds_individus("S90.G00.90"), bounds_individus("S21.G00.40")
        (True, False)
    """
    known = bloc in (INDIVIDU, "S21.G00.85") or bloc.startswith(_STRUCTURES)
    return known or bloc in AROUND_INDIVIDU


@cache
def above(bloc: str) -> tuple[str, ...]:
    """The blocks above a block, up to the individu or the envoi, itself left out.

    Example:
        >>> above("S21.G00.53")
        ('S21.G00.51', 'S21.G00.50')
    """
    parent = PARENT.get(bloc)
    return () if parent in (None, INDIVIDU) else (parent, *above(parent))


class Blocs:
    """The blocks of some lines.

    Args:
        held: N lines, from the first one of an individu or of what stands around it.
        rubriques: to which they refer.
        layout: what is collected.
        most: blocks that may be collected of an individu, or around those of a declaration.
        known: how many of the lines were kept from before.

    Attributes:
        starts: where each individu begins among the lines.
        complete: how many of them have ended; the last one may not.
    """

    def __init__(
        self, held: Held, rubriques: Rubriques, layout: DsnLayout, most: int, known: int = 0
    ) -> None:
        self.held = held
        self.layout = layout
        self._rubriques = rubriques
        self._most = most
        self._known = known
        names = [rubrique.bloc for rubrique in rubriques.met]
        self._bloc_numbers = {name: int(rubriques.blocs[at]) for at, name in enumerate(names)}
        self._blocs = np.where(held.numbers < 0, -1, rubriques.blocs[held.numbers])
        self._begins = np.flatnonzero(held.begins)
        self._begun = self._blocs[self._begins]
        self._by_number = np.argsort(held.numbers.astype(np.int16), kind="stable")
        self._sorted = held.numbers[self._by_number]
        offsets, data = pa.py_buffer(held.offsets.astype(np.int32)), pa.py_buffer(held.data)
        self._texts = pa.StringArray.from_buffers(len(held.places), offsets, data)
        self._at: dict[str, Places] = {}
        self._parents: dict[str, Places] = {}
        self._around_at: dict[str, tuple[Places, Places]] = {}
        self._slots: dict[str, Places] = {}
        self._contracts: dict[str, Places] = {}
        bounding = np.array([*map(bounds_individus, names), False])
        self._bounds = np.flatnonzero(held.begins & bounding[held.numbers])
        self.starts = self.at(INDIVIDU)
        # Behind which individu the lines from each bound on stand; -1 for none.
        self._owners = np.full(len(self._bounds) + 1, -1)
        self._owners[1:][np.isin(self._bounds, self.starts)] = np.arange(len(self.starts))
        is_open = len(self._bounds) and self._owners[-1] >= 0
        self.complete = len(self.starts) - bool(is_open)

    def at(self, bloc: str) -> Places:
        """Where each block of a name begins among the lines."""
        if bloc not in self._at:
            number = self._bloc_numbers.get(bloc, -2)
            self._at[bloc] = self._begins[self._begun == number]
        return self._at[bloc]

    def owners(self, lines: Places) -> Places:
        """The individu that each line stands in; -1 for none."""
        return self._owners[np.searchsorted(self._bounds, lines, side="right")]

    def last_before(self, bloc: str, lines: Places) -> Places:
        """Which block of a name is the last one that begins before each line; -1 for none."""
        return np.searchsorted(self.at(bloc), lines) - 1

    def parents(self, bloc: str) -> Places:
        """Which block of the norm's parent each block of a name stands under; -1 for none."""
        if bloc not in self._parents:
            self._parents[bloc] = self._find_parents(bloc)
        return self._parents[bloc]

    def _find_parents(self, bloc: str) -> Places:
        begins, parent = self.at(bloc), PARENT[bloc]
        if parent == INDIVIDU:
            return self.owners(begins)
        found, behind = self.open_at(parent, begins)
        if bloc in BELOW_INDIVIDU:
            owners = self.owners(begins)
            found[(owners < 0) | (behind < self._start_of(owners))] = -1
        return found

    def open_at(self, bloc: str, lines: Places) -> tuple[Places, Places]:
        """Which block of a name is open at each line, and where it began; -1 for none."""
        found = self.last_before(bloc, lines)
        behind = _where(self.at(bloc), found)
        for higher in above(bloc):
            found[_where(self.at(higher), self.last_before(higher, lines)) > behind] = -1
        return found, behind

    def around(self, bloc: str) -> tuple[Places, Places]:
        """Which block of a name stands around each individu, and where it began; -1 for none."""
        if bloc not in self._around_at:
            self._around_at[bloc] = self.open_at(bloc, self.starts)
        return self._around_at[bloc]

    def slots(self, rubrique: str) -> Places:
        """The line of a rubrique in each block, and at the end -1; -1 where it has none, or none
        with a value."""
        if rubrique not in self._slots:
            self._slots[rubrique] = self._find_slots(rubrique)
        return self._slots[rubrique]

    def _find_slots(self, rubrique: str) -> Places:
        bloc = rubrique[:10]
        slots = np.full(len(self.at(bloc)) + 1, -1)
        lines = self.lines_of(rubrique)
        lines = lines[self.held.offsets[lines + 1] > self.held.offsets[lines]]
        slots[np.searchsorted(self.at(bloc), lines, side="right") - 1] = lines
        return slots

    def lines_of(self, rubrique: str) -> Places:
        """The lines of a rubrique."""
        number = self._rubriques.find(rubrique)
        first, last = np.searchsorted(self._sorted, [number, number + 1])
        return self._by_number[first:last]

    def texts(self, lines: Places) -> pa.StringArray:
        """The values of lines; null for -1."""
        return self._texts.take(pa.array(lines, mask=lines < 0))

    def contracts(self, bloc: str) -> Places:
        """The contract that each block of a name, one of `JOINTS`, names; -1 where that is none of
        its individu, or several."""
        if bloc not in self._contracts:
            self._contracts[bloc] = self._find_contracts(bloc)
        return self._contracts[bloc]

    def _find_contracts(self, bloc: str) -> Places:
        own = self.slots(f"{CONTRAT}.{NUMERO_DE_CONTRAT}")[:-1]
        lines = np.concatenate([own, self.slots(f"{bloc}.{JOINTS[bloc]}")[:-1]])
        owners = self.owners(np.concatenate([self.at(CONTRAT), self.at(bloc)]))
        codes = self.texts(lines).dictionary_encode().indices
        keys = owners * (len(lines) + 1) + codes.fill_null(0).to_numpy()
        keys[(lines < 0) | (owners < 0)] = -1
        numbers, first, counts = np.unique(keys[: len(own)], return_index=True, return_counts=True)
        contracts = np.append(np.where((counts == 1) & (numbers >= 0), first, -1), -1)
        named = np.searchsorted(numbers, keys[len(own) :])
        same = np.append(numbers, -2)[named] == keys[len(own) :]
        return np.where(same, contracts[named], -1)

    def problems(self) -> dict[int, tuple[int, str, str]]:
        """What is wrong with individus, by individu: the first line of it, the rubrique, in words.

        A line of its own or of what stands around it cannot be read, or stands where it must not.
        """
        problems: dict[int, tuple[int, str, str]] = {}
        for individu, line, what in self._all_problems():
            if individu >= 0 and (individu not in problems or line < problems[individu][0]):
                problems[individu] = line, self.name(line), what
        return problems

    def name(self, line: int) -> str:
        """The rubrique of a line; empty for none."""
        number = int(self.held.numbers[line])
        return "" if number < 0 else self._rubriques.met[number].name

    def lost(self) -> Iterator[tuple[int, str]]:
        """Lines that belong to no individu, each with what is wrong in words; of blocks without
        one that follow each other the first."""
        below = self._below()
        begins = below[self.owners(below) < 0]
        groups = np.searchsorted(self._bounds, begins, side="right")
        first = dict(zip(groups[::-1].tolist(), begins[::-1].tolist(), strict=True))
        new = (line for line in first.values() if line >= self._known)
        yield from ((line, N_("belongs to no individu")) for line in new)
        for line in np.flatnonzero(self.held.numbers == STRAY).tolist():
            group = int(np.searchsorted(self._bounds, line, side="right"))
            if self._owners[group] < 0 and line < first.get(group, line + 1):
                yield line, _NO_RUBRIQUE

    def to_keep(self) -> tuple[Places, Places]:
        """The lines that those that follow need, and which of them are then too many."""
        keep = np.zeros(len(self.held.places), bool)
        too_many = []
        if self.complete < len(self.starts):
            start = int(self.starts[-1])
            keep[start:] = True
            strays = start + np.flatnonzero(self.held.numbers[start:] == STRAY)
            keep[strays[1:]] = False
            begins = self._below()
            begins = begins[begins > start]
            if len(begins) > self._most + 1:
                keep[begins[self._most + 1] :] = False
            if self.held.offsets[-1] - self.held.offsets[start] > MAX_TEXT:
                keep[start + 1 :] = False
                too_many.append(start)
        else:  # the first line of blocks without individu, which the next ones belong to
            lost = self._below()
            keep[lost[lost > (self._bounds[-1] if len(self._bounds) else -1)][:1]] = True
        around = self._around()
        for bloc in AROUND_INDIVIDU & self.layout.blocs:
            higher = above(bloc) + ((bloc,) if bloc in SINGLE else ())
            last = max((int(self.at(name)[-1]) for name in higher if len(self.at(name))), default=0)
            lines = np.flatnonzero(self._blocs == self._bloc_numbers.get(bloc, -2))
            keep[lines[lines >= last]] = True
        kept = around[keep[around]]
        if len(kept) > self._most + 1:
            end = int(self.starts[-1]) if self.complete < len(self.starts) else len(keep)
            keep[int(kept[self._most + 1]) : end] = False
            too_many.append(int(kept[self._most]))
        lines = np.flatnonzero(keep)
        return lines, np.searchsorted(lines, too_many)

    def _below(self) -> Places:
        blocs = BELOW_INDIVIDU & self.layout.blocs
        return np.sort(np.concatenate([np.zeros(0, np.int64), *map(self.at, blocs)]))

    def _around(self) -> Places:
        blocs = AROUND_INDIVIDU & self.layout.blocs
        return np.sort(np.concatenate([np.zeros(0, np.int64), *map(self.at, blocs)]))

    def _all_problems(self) -> Iterator[tuple[int, int, str]]:
        """Individus, lines and what is wrong; -1 for an individu that there is not."""
        held, starts = self.held, self.starts
        ranks = self._rubriques.ranks[held.numbers[starts]]
        for individu in np.flatnonzero(ranks > _LAST_OF_ORDER).tolist():
            line = int(starts[individu])
            before = int(self.owners(np.array([line - 1]))[0]) if line else -1
            yield from ((owner, line, N_("is out of order")) for owner in (before, individu))
        for individu in np.flatnonzero(held.after_stray[starts]).tolist():
            yield individu, int(starts[individu]), N_("follows a line that is no rubrique")
        for line in np.flatnonzero(held.numbers == STRAY).tolist():
            yield int(self.owners(np.array([line]))[0]), line, _NO_RUBRIQUE
        for line in np.flatnonzero(held.defects).tolist():
            for individu in self._told_by(line):
                yield individu, line, DEFECTS[int(held.defects[line])]
        for bloc in BELOW_INDIVIDU & self.layout.blocs:
            begins = self.at(bloc)
            if not len(begins):
                continue
            owners, parents = self.owners(begins), self.parents(bloc)
            for at in np.flatnonzero((parents < 0) & (owners >= 0)).tolist():
                what = N_("has no block {bloc} above it").format(bloc=PARENT[bloc])
                yield int(owners[at]), int(begins[at]), what
            if bloc in self.layout.singles:
                order = np.argsort(parents, kind="stable")
                same = np.flatnonzero(np.diff(parents[order]) == 0) + 1
                for at in order[same].tolist():
                    what = N_("occurs a second time where one is allowed")
                    yield int(owners[at]), int(begins[at]), what
        yield from self._too_many()

    def _told_by(self, line: int) -> Iterator[int]:
        """The individus that a line tells of: the one it stands in, or those it stands around."""
        bloc = self.name(line)[:10]
        if bloc not in AROUND_INDIVIDU:
            yield int(self.owners(np.array([line]))[0])
            return
        anchor = next(name for name in (bloc, *above(bloc)) if name in SINGLE)
        (own,), _ = self.open_at(anchor, np.array([line + 1]))
        around = self.around(anchor)[0] == own
        yield from np.flatnonzero(around & (self.starts > line)).tolist()

    def _too_many(self) -> Iterator[tuple[int, int, str]]:
        below, most = self._below(), self._most
        owners = self.owners(below)
        if len(below) > most:
            for individu in np.flatnonzero(np.bincount(owners[owners >= 0]) > most).tolist():
                yield individu, int(below[owners == individu][most]), DEFECTS[TOO_MANY]
        offsets = self.held.offsets
        ends = np.append(self.starts[1:], len(offsets) - 1)
        sizes = offsets[ends[: len(self.starts)]] - offsets[self.starts]
        for individu in np.flatnonzero(sizes > MAX_TEXT).tolist():
            yield individu, int(self.starts[individu]), DEFECTS[TOO_MANY]
        around = self._around()
        if len(around) > most:
            declarations = np.searchsorted(self.at(DECLARATION), around, side="right")
            for declaration in np.flatnonzero(np.bincount(declarations) > most).tolist():
                line = int(around[declarations == declaration][most])
                yield from ((owner, line, DEFECTS[TOO_MANY]) for owner in self._told_by(line))

    def _start_of(self, owners: Places) -> Places:
        return _where(self.starts, owners)


def _where(begins: Places, found: Places) -> Places:
    """Where the blocks `found` begin; -1 for none."""
    return np.append(begins, -1)[found]
