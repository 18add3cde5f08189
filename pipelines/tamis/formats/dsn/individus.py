"""A DSN as chunks, and the second pass over it: from lines of whole envois to individus, one a row.

The hierarchy is implicit: a line names its rubrique and block only. So lines are read in their
order, from the beginning of an envoi on (`ranges` says which); memory holds a window of lines, the
individu that it cuts, and the blocks around it. The rules:

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

`held` holds the lines that count, `blocs` finds which block stands under which; here values become
columns, of all individus of a window at once.
"""

from collections import Counter
from collections.abc import Iterator

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tamis.errors import InputError
from tamis.formats.chunk import Chunk, Reject, rechunk, rejects_of
from tamis.formats.dsn.blocs import Blocs, bounds_individus
from tamis.formats.dsn.envois import AT_ONCE, Begin, Envoi, read_envois
from tamis.formats.dsn.held import TOO_MANY, hold, nothing
from tamis.formats.dsn.layout import (
    AROUND_INDIVIDU,
    BELOW_INDIVIDU,
    CONTRAT,
    INDIVIDU,
    JOINTS,
    PARENT,
    DsnGroup,
    DsnLayout,
    DsnLeaf,
    DsnList,
    Member,
    layout_of,
)
from tamis.formats.dsn.lines import STRAY, Lines, Marks, Places, Rubriques, read_lines
from tamis.formats.python_records import batch_of
from tamis.formats.ranges import Readable
from tamis.language import _
from tamis.limits import USUAL, Limits
from tamis.plan.plan import Plan

EMPTY = "dsn-empty-values"
BROKEN = "dsn-broken-characters"
UNJOINED = "dsn-blocks-without-contract"

_NOWHERE = Envoi(1 << 62, 1 << 62)


def read_dsn(
    stream: Readable,
    plan: Plan,
    source: str,
    limits: Limits = USUAL,
    *,
    ahead: Readable,
    begin: Begin = AT_ONCE,
) -> Iterator[Chunk]:
    """Read the individus of a DSN, or of a lot of them.

    Args:
        stream: the file's bytes, read forward only.
        plan: whose fields name the rubriques to collect.
        source: the file's path or URI, for messages.
        limits: individus in each chunk but the last, and blocks of one individu.
        ahead: the same bytes once more: whether an envoi is whole is known at its end only.
        begin: where in the file the bytes begin.

    Returns:
        Chunks; positions are the lines on which individus begin.

    Raises:
        InputError: the file is no DSN, or changed while it was read.
    """
    reader = DsnReader(stream, ahead, source, layout_of(plan.fields, plan.schema), limits, begin)
    return rechunk(reader, source, limits.object_chunk_records, limits.chunk_bytes)


class DsnReader:
    """The individus of a DSN, or of a lot of them, in the file's order.

    Args:
        stream: the file's bytes, read forward only; a read may return fewer bytes than asked for.
        ahead: the same bytes once more, which are read one envoi ahead of `stream`.
        source: its path or URI, for messages.
        layout: what to collect (`tamis.formats.dsn.layout.layout_of`).
        limits: how many blocks may be collected of one individu.
        begin: where in the file the data begins, with an envoi.

    Example:
        >>> import io
        >>> from tamis.plan.plan import PlanField
        >>> layout = layout_of([PlanField("nom", "string", rubrique="S21.G00.30.002")])
        >>> text = b"S10.G00.00.001,'L'\\nS21.G00.30.002,'D'ESSAI'\\n"
        >>> text += b"S90.G00.90.001,'4'\\nS90.G00.90.002,'0'\\n"
        >>> reader = DsnReader(io.BytesIO(text), io.BytesIO(text), "x.dsn", layout)
        >>> next(iter(reader)).data.to_pylist()
        [{'nom': "D'ESSAI"}]
    """

    def __init__(
        self,
        stream: Readable,
        ahead: Readable,
        source: str,
        layout: DsnLayout,
        limits: Limits = USUAL,
        begin: Begin = AT_ONCE,
    ) -> None:
        self._anomalies: Counter[str] = Counter()
        self._source = source
        self._layout = layout
        self._most = limits.dsn_blocks
        self._rubriques = Rubriques(source)
        self._lines = read_lines(stream, self._rubriques, source, begin.lines)
        first = Rubriques(source)
        windows = read_lines(ahead, first, source, begin.lines)
        collected, anomalies = layout.rubriques, self._anomalies
        self._envois = read_envois(windows, first, collected, source, anomalies, begin)
        self._envoi = _NOWHERE
        self._skipped = np.zeros(0, np.int64)

    def __iter__(self) -> Iterator[Chunk]:
        """Yield the individus of each window of the file: text as in the file, lists and structs.

        Raises:
            InputError: none of the file's first lines is one of a DSN, an envoi is of another norm,
                or the two streams differ.
        """
        self._envoi = next(self._envois, _NOWHERE)
        self._rejected = False  # whether the envoi, if it is incomplete, has a reject
        held = nothing()
        for lines in self._lines:
            rejects: list[Reject] = []
            counts, encodings = self._match(lines, rejects)
            marks, collected = self._mark(lines)
            indices = np.flatnonzero(marks & counts)
            new, empty, broken = hold(lines, indices, collected[indices], encodings)
            self._anomalies[EMPTY] += empty
            self._anomalies[BROKEN] += broken
            known, lines_so_far = len(held.places), held.then(new)
            blocs = Blocs(lines_so_far, self._rubriques, self._layout, self._most, known)
            self._anomalies[UNJOINED] += _unjoined(blocs)
            yield self._chunk(blocs, rejects)
            keep, too_many = blocs.to_keep()
            held = blocs.held.of(keep)
            held.defects[too_many] = TOO_MANY
        if self._envoi is not _NOWHERE:
            raise InputError(self._source, _("changed while it was read"))

    def _chunk(self, blocs: Blocs, rejects: list[Reject]) -> Chunk:
        """The individus that are complete, what was found wrong, and counts since the last one."""
        places, problems = blocs.held.places, blocs.problems()
        for individu, (line, name, what) in problems.items():
            if individu < blocs.complete:
                place = int(places[blocs.starts[individu]])
                rejects.append(_unreadable(place, int(places[line]), name, what))
        for line, what in blocs.lost():
            place = int(places[line])
            rejects.append(_unreadable(place, place, blocs.name(line), what))
        rows = np.array([row for row in range(blocs.complete) if row not in problems], np.int64)
        members = blocs.layout.members
        columns = {member.name: _column(blocs, member, INDIVIDU, rows) for member in members}
        anomalies = dict(+self._anomalies)
        self._anomalies.clear()
        return Chunk(
            batch_of(columns, {}, range(len(rows))),
            pa.array(places[blocs.starts[rows]], pa.int64()),
            rejects_of(sorted(rejects)),
            anomalies=anomalies,
            skipped=self._skipped_lines(),
        )

    def _skipped_lines(self) -> dict[str, int]:
        """The lines that were not collected since the last call, by rubrique."""
        counts = self._skipped.tolist()
        self._skipped[:] = 0
        names = [rubrique.name for rubrique in self._rubriques.met[: len(counts)]]
        return {
            name: count
            for name, count in zip(names, counts, strict=True)
            if count and name not in self._layout.rubriques
        }

    def _match(
        self, lines: Lines, rejects: list[Reject]
    ) -> tuple[Marks, list[tuple[int, int, str]]]:
        """Which lines stand in envois that are whole, or are strays between them; and of which
        lines which encoding is. Of incomplete envois the individus are rejected."""
        first, last = lines.first, lines.first + len(lines.starts) - 1
        counts = lines.numbers == STRAY
        encodings = []
        while self._envoi.first <= last:
            envoi = self._envoi
            part = slice(max(envoi.first, first) - first, min(envoi.last, last) + 1 - first)
            counts[part] = not envoi.fault and not envoi.skipped
            if envoi.fault:
                self._rejected = self._reject(lines, part, rejects) or self._rejected
            else:
                encodings.append((envoi.first, envoi.last, envoi.encoding))
            if envoi.last > last:
                break
            if envoi.fault and not self._rejected:
                rejects.append(_incomplete(envoi, envoi.first))
            self._envoi, self._rejected = next(self._envois, _NOWHERE), False
        numbers = lines.numbers[counts & (lines.numbers >= 0)]
        skipped = np.bincount(numbers, minlength=len(self._skipped))
        skipped[: len(self._skipped)] += self._skipped
        self._skipped = skipped
        return counts, encodings

    def _reject(self, lines: Lines, part: slice, rejects: list[Reject]) -> bool:
        numbers = lines.numbers[part]
        blocs = np.array([rubrique.bloc == INDIVIDU for rubrique in self._rubriques.met] + [False])
        begun = np.flatnonzero(lines.begins[part] & blocs[numbers])
        places = (lines.first + part.start + begun).tolist()
        rejects += [_incomplete(self._envoi, place) for place in places]
        return bool(places)

    def _mark(self, lines: Lines) -> tuple[Marks, Marks]:
        """Which lines of a window have to be seen, and of which the value is collected."""
        layout, met = self._layout, self._rubriques.met
        names = [rubrique.name in layout.rubriques for rubrique in met]
        blocs = [
            rubrique.bloc in layout.blocs
            if rubrique.bloc in BELOW_INDIVIDU
            else bounds_individus(rubrique.bloc)
            for rubrique in met
        ]
        nothing_of = [False, False]  # strays and blanks
        collected = np.array(names + nothing_of)[lines.numbers]
        bounds = lines.begins & np.array(blocs + nothing_of)[lines.numbers]
        return collected | bounds | (lines.numbers == STRAY), collected


def _incomplete(envoi: Envoi, place: int) -> Reject:
    return place, "incomplete", "", f"line {envoi.first}: {envoi.fault}"


def _unjoined(blocs: Blocs) -> int:
    """How many blocks of complete individus name no contract, and are read nowhere else."""
    shown = {member.bloc for member in blocs.layout.members if isinstance(member, DsnList)}
    count = 0
    for bloc in blocs.layout.joined - shown:
        owners = blocs.owners(blocs.at(bloc))
        lost = (blocs.contracts(bloc) < 0) & (owners >= 0) & (owners < blocs.complete)
        count += int(np.count_nonzero(lost))
    return count


def _unreadable(place: int, line: int, name: str, what: str) -> Reject:
    return place, "unreadable", name, f"line {line}: {f'`{name}` ' if name else ''}{what}"


def _column(blocs: Blocs, member: Member, scope: str, rows: Places) -> pa.Array:
    """The values of a member in the blocks `rows` of the name `scope`."""
    if isinstance(member, DsnLeaf):
        texts = [
            blocs.texts(
                blocs.slots(f"{bloc or scope}.{rubrique}")[_inner(blocs, bloc, scope, rows)]
            )
            for bloc, rubrique in member.parts
        ]
        return texts[0] if len(texts) == 1 else pc.binary_join_element_wise(*texts, "")
    if isinstance(member, DsnGroup):
        arrays = [_column(blocs, inner, scope, rows) for inner in member.members]
        absent = np.all([_is_absent(array) for array in arrays], axis=0)
        names = [inner.name for inner in member.members]
        return pa.StructArray.from_arrays(arrays, names, mask=pa.array(absent))
    inner_rows, offsets = _elements(blocs, member.bloc, scope, rows)
    arrays = [_column(blocs, inner, member.bloc, inner_rows) for inner in member.members]
    items = pa.StructArray.from_arrays(arrays, [inner.name for inner in member.members])
    return pa.ListArray.from_arrays(pa.array(offsets, pa.int32()), items)


def _is_absent(array: pa.Array) -> Marks:
    """Which values are null or lists without elements."""
    if pa.types.is_list(array.type):
        return np.asarray(array.value_lengths()) == 0
    return np.asarray(array.is_null())


def _inner(blocs: Blocs, bloc: str | None, scope: str, rows: Places) -> Places:
    """The block of a name that stands around each individu, or as the only one under a block."""
    if bloc is None:
        return rows
    if bloc in AROUND_INDIVIDU:
        return blocs.around(bloc)[0][rows]
    parents = blocs.parents(bloc)
    children = np.full(len(blocs.at(scope)) + 1, -1)
    children[parents] = np.arange(len(parents))
    children[-1] = -1
    return children[rows]


def _elements(blocs: Blocs, bloc: str, scope: str, rows: Places) -> tuple[Places, Places]:
    """The blocks of a name under each of `rows`, one after the other, and the offsets of each."""
    if scope == INDIVIDU and bloc in AROUND_INDIVIDU:
        starts = blocs.starts[rows]
        found, behind = (places[rows] for places in blocs.around(PARENT[bloc]))
        first, last = (np.searchsorted(blocs.at(bloc), lines) for lines in (behind, starts))
        order, first = np.arange(len(blocs.at(bloc))), np.where(found < 0, last, first)
    else:
        parents = _scopes(blocs, bloc, scope)
        order = np.argsort(parents, kind="stable")
        ends = np.cumsum(np.bincount(parents + 1, minlength=len(blocs.at(scope)) + 1))
        first, last = ends[rows], ends[rows + 1]
    offsets = np.concatenate([[0], np.cumsum(last - first)])
    places = np.repeat(first - offsets[:-1], last - first) + np.arange(offsets[-1])
    return order[places], offsets


def _scopes(blocs: Blocs, bloc: str, scope: str) -> Places:
    """Which block of the name `scope` each block of another name is given to; -1 for none."""
    if PARENT[bloc] == scope or bloc not in JOINTS:
        return blocs.parents(bloc)
    contracts = blocs.contracts(bloc)
    if scope == CONTRAT:
        return contracts
    return np.where(contracts < 0, blocs.owners(blocs.at(bloc)), -1)
