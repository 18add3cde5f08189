"""Which coarser treatments would make enough persons alike, tried on some of them.

Each field has levels, the finest as it is released, the coarsest `not kept`; a list is one field,
whose leaves become coarser together. `find_coarsening` begins where nothing is kept and takes one
field after the other one level finer as long as the share of persons in small groups stays below
its bound, what costs least first. Finer fields never make more persons alike, so what it ends with
cannot be made finer in any one field.
"""

import heapq
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final

import numpy as np
import pyarrow as pa

from tamis.arrow.buffers import decode
from tamis.documents.types import kind_of
from tamis.dry_run.hashing import Coarser, Hashes, hash_rows, mix
from tamis.filter.treatments import generalize_dates, generalize_numbers, generalize_text
from tamis.language import N_
from tamis.plan.plan import Plan, PlanLeaf, PlanRelease

TRIED: Final = 16_384
"""Persons on whom coarsenings are tried at most."""

NOT_KEPT: Final = N_("not kept")

_DATES: Final = ("month", "quarter", "year")
_STEPS: Final = (1, 5, 10, 50, 100, 500, 1_000, 5_000, 10_000, 50_000, 100_000)
_PREFIXES: Final = (5, 4, 3, 2, 1)
_PENDING: Final = 65_536


@dataclass(frozen=True)
class Level:
    """One way to release a field.

    Attributes:
        words: by path of the leaves that become coarser, how the policy would say it.
        coarser: by path, what does it.
    """

    words: Mapping[str, str] = field(default_factory=dict)
    coarser: Mapping[str, Coarser] = field(default_factory=dict)


@dataclass(frozen=True)
class Ladder:
    """A field and its levels, the finest first; that it is not kept at all comes behind them."""

    path: str
    leaves: tuple[str, ...]
    levels: tuple[Level, ...]


def ladders_of(plan: Plan, release: PlanRelease, paths: Sequence[str]) -> tuple[Ladder, ...]:
    """Return the ladders of the fields at `paths`, those in one list together."""
    kept = {leaf.path: leaf for leaf in release.leaves}
    types = {path: leaf.type for path, leaf in plan.leaves().items()}
    lists = list_paths(plan)
    fields: dict[str, list[str]] = {}
    for path in paths:
        fields.setdefault(next((top for top in lists if _is_in(path, top)), path), []).append(path)
    return tuple(
        Ladder(
            path,
            tuple(leaves),
            tuple(_levels({leaf: list(_steps(kept[leaf], types[leaf])) for leaf in leaves})),
        )
        for path, leaves in fields.items()
    )


def list_paths(plan: Plan) -> list[str]:
    """Return the paths of the plan's lists, the outermost first."""
    nodes = (node for field in plan.fields for node in field.walk())
    return [path for path, node in nodes if node.of is not None]


def _is_in(path: str, top: str) -> bool:
    return path == top or path.startswith(f"{top}.")


def _levels(steps: Mapping[str, list[tuple[str, Coarser]]]) -> Iterator[Level]:
    yield Level()
    for level in range(max(map(len, steps.values()))):
        taken = {path: ways[min(level, len(ways) - 1)] for path, ways in steps.items() if ways}
        yield Level(
            {path: words for path, (words, _coarser) in taken.items()},
            {path: coarser for path, (_words, coarser) in taken.items()},
        )


def _steps(leaf: PlanLeaf, type_name: str) -> Iterator[tuple[str, Coarser]]:
    """The treatments that are coarser than the leaf's own, each in words and as a function."""
    kind = kind_of(type_name)
    if leaf.redact:
        return
    if kind in ("date", "timestamp"):
        for to in _DATES[_DATES.index(leaf.to) + 1 if leaf.to else 0 :]:
            yield f"to: {to}", partial(_dates, to=to)
    elif kind in ("integer", "decimal", "float"):
        for step in _STEPS[kind == "integer" :]:
            if step > (leaf.step or 0) and step % (leaf.step or 1) == 0:
                yield f"step: {step}", partial(_numbers, step=step)
    elif kind == "string":
        for prefix in _PREFIXES:
            if prefix < (leaf.prefix or _PREFIXES[0] + 1):
                yield f"prefix: {prefix}", partial(_text, prefix=prefix)


def _dates(array: pa.Array, to: Any) -> pa.Array:
    return generalize_dates(decode(array), to)


def _numbers(array: pa.Array, step: int) -> pa.Array:
    return generalize_numbers(decode(array), step)[0]


def _text(array: pa.Array, prefix: int) -> pa.Array:
    return generalize_text(decode(array), prefix)


@dataclass
class Trials:
    """Records of some persons, each with the hash of every field on every level.

    Attributes:
        persons: one hash a record.
        rows: one row a record, one column a level of a field; ladders side by side.
        dropped: whether some person is left out.
        most: persons that are tried at most.
    """

    persons: Hashes = field(default_factory=lambda: np.zeros(0, np.uint64))
    rows: Hashes = field(default_factory=lambda: np.zeros((0, 0), np.uint64))
    dropped: bool = False
    most: int = TRIED

    def add(
        self, batch: pa.RecordBatch, persons: Hashes, ladders: Sequence[Ladder], key: int
    ) -> None:
        """Add the records of a batch whose persons are among those with the smallest hashes.

        Args:
            batch: N rows as they are released.
            persons: N hashes.
            ladders: of the fields.
            key: of the hashes.
        """
        bound = self._bound(np.unique(persons))
        inside = persons <= bound
        self.dropped = self.dropped or not inside.all()
        if not inside.all():
            batch, persons = batch.take(pa.array(np.flatnonzero(inside))), persons[inside]
        columns = [
            hash_rows(batch, ladder.leaves, key + place, level.coarser)
            for place, ladder in enumerate(ladders)
            for level in ladder.levels
        ]
        rows = np.stack(columns, axis=1) if columns else np.zeros((len(persons), 0), np.uint64)
        self._take_in(persons, rows)

    def merge(self, other: "Trials") -> None:
        """Add the records of `other`, which stays as it is."""
        self.dropped = self.dropped or other.dropped
        self._take_in(other.persons, other.rows)

    def _bound(self, more: Hashes) -> np.uint64:
        """The greatest hash of a person that is tried, where `more` persons are added."""
        distinct = np.union1d(self.persons, more)
        return np.uint64(distinct[: self.most][-1] if len(distinct) else 0)

    def _take_in(self, persons: Hashes, rows: Hashes) -> None:
        if not len(persons):
            return
        if len(self.persons):
            persons = np.concatenate((self.persons, persons))
            rows = np.concatenate((self.rows, rows))
        inside = persons <= np.unique(persons)[: self.most][-1]
        self.dropped = self.dropped or not inside.all()
        self.persons, self.rows = persons[inside], rows[inside]


def find_coarsening(
    trials: Trials, ladders: Sequence[Ladder], k: int, below: float
) -> dict[str, str] | None:
    """Return what to do more to which path, so that few enough persons are in small groups.

    Args:
        trials: records of at least one person.
        ladders: as they were added.
        k: how many must be alike.
        below: the share of persons that must not be reached.

    Returns:
        By path; empty where nothing need be done, None where there are fewer persons than `k`.
    """
    order = np.argsort(trials.persons, kind="stable")
    columns, persons = trials.rows[order], trials.persons[order]
    if not len(persons):
        return {}
    firsts = np.flatnonzero(np.concatenate(([True], persons[1:] != persons[:-1])))

    def is_below(rows: Hashes) -> float:
        """The share of persons in small groups."""
        sums = np.add.reduceat(mix(rows), firsts)
        counts = np.unique(sums, return_counts=True)[1]
        return float(counts[counts < k].sum()) / len(firsts)

    starts = np.cumsum([0, *(len(ladder.levels) for ladder in ladders)])
    # Of each field, the level that it is on: behind the last one it is not kept.
    at = [len(ladder.levels) for ladder in ladders]
    rows = np.zeros(len(persons), np.uint64)
    if is_below(rows) >= below:
        return None

    def finer(place: int) -> Hashes:
        """The rows with one field one level finer."""
        new = columns[:, starts[place] + at[place] - 1]
        if at[place] == len(ladders[place].levels):
            return np.asarray(rows + new)
        return np.asarray(rows + new - columns[:, starts[place] + at[place]])

    waiting = [(0.0, 0, place) for place in range(len(ladders))]
    while waiting:
        _share, taken, place = heapq.heappop(waiting)
        candidate = finer(place)
        share = is_below(candidate)
        if share >= below:
            continue  # nor will it ever be again: the others only get finer
        if waiting and (share, taken, place) > waiting[0]:
            heapq.heappush(waiting, (share, taken, place))
            continue
        rows = candidate
        at[place] -= 1
        if at[place]:
            heapq.heappush(waiting, (share, taken + 1, place))
    words: dict[str, str] = {}
    for ladder, level in zip(ladders, at, strict=True):
        if level == len(ladder.levels):
            words[ladder.path] = NOT_KEPT
        else:
            words |= ladder.levels[level].words
    return words
