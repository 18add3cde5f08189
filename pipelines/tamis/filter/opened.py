"""The first two stages: which releases each record matches, and the columns that these need.

`match` tests `where` of all records; `open_columns` opens, conforms and tests what the releases
need of the records that they match.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tamis.arrow.buffers import as_flags, list_parts
from tamis.arrow.layouts import plain_layout
from tamis.arrow.types import Bools, Ints
from tamis.errors import RunError
from tamis.filter.compiled import CompiledPlan, is_below
from tamis.filter.conditions import Verdict, all_of, any_of, is_one_of
from tamis.filter.conformed import UNREADABLE
from tamis.filter.nested import ColumnNode, open_column
from tamis.filter.parse_text import TextDialect
from tamis.filter.quarantine import FAULTS, Failure
from tamis.filter.steps import (
    BuildColumn,
    CombineTests,
    CompiledRelease,
    JudgeIdentifier,
    OpenColumn,
    SelectElements,
    TestLeaf,
    TreatLeaf,
)
from tamis.filter.tally import Reason
from tamis.language import _

NARROW = 0.75
"""Share of rows that some release matches, below which the others are cut away at once."""


@dataclass(frozen=True, eq=False)
class Opened:
    """Columns of a batch, or of some of its rows, and what is known of them by step.

    Attributes:
        rows: how many rows there are at work.
        base: which rows of the batch they are; None if all.
        marks: by path, the rows in which a reader could not bring the field into shape.
        nodes: of each opened column, by path, its nodes from the top; a list before its element.
        verdicts: of each test, at the slots of its leaf.
        whens: where a `when` holds, by row.
        elements: by list, which elements `only` keeps; a list without entry keeps all.
        matches: by release, the rows that its conditions match.
    """

    rows: int
    base: Ints | None
    marks: Mapping[str, Bools]
    nodes: Mapping[OpenColumn, Mapping[str, Sequence[ColumnNode]]]
    verdicts: Mapping[TestLeaf, Verdict]
    whens: Mapping[CombineTests, Verdict] = field(default_factory=dict)
    elements: Mapping[SelectElements, Mapping[ColumnNode, Bools]] = field(default_factory=dict)
    matches: Sequence[Bools] = ()

    def leaf(self, step: TestLeaf | JudgeIdentifier | TreatLeaf) -> ColumnNode:
        """The leaf that a step looks at; of a list of plain values, the element."""
        return self.nodes[step.column][step.path][-1]

    def all_of(self, tests: Iterable[TestLeaf], size: int) -> Verdict:
        """Where all tests hold; each has `size` slots."""
        return all_of((self.verdicts[test] for test in tests), size)

    def matched(self, releases: Iterable[CompiledRelease]) -> list[CompiledRelease]:
        """The releases that match some row."""
        return [release for release in releases if self.matches[release.index].any()]

    def any_kept(self, leaves: Sequence[TreatLeaf]) -> Bools:
        """The rows in which one of these leaves is kept, as far as `when` says."""
        whens = [self.whens[leaf.when] for leaf in leaves if leaf.when is not None]
        if len(whens) < len(leaves):
            return np.ones(self.rows, dtype=bool)
        return any_of(whens, self.rows).holds

    def kept_elements(self, column: BuildColumn, node: ColumnNode) -> Bools | None:
        """Which slots of `node` lie in list elements that the column's `only` keeps."""
        around = node.list_around
        if column.only is None or around is None:
            return None
        return self.elements[column.only].get(around)

    def released_slots(
        self, release: CompiledRelease, column: BuildColumn, node: ColumnNode
    ) -> Bools:
        """The slots whose value, or part of it, the release releases if nothing stops it."""
        kept = self.any_kept(column.below[node.path])
        slots = node.at_slots(self.matches[release.index] & kept)
        elements = self.kept_elements(column, node)
        return slots if elements is None else slots & elements

    def at_base(self, rows: Bools) -> Ints:
        """The rows of the batch that flags of rows at work stand for."""
        places = np.flatnonzero(rows)
        return places if self.base is None else self.base[places]

    def fail(
        self, node: ColumnNode, slots: Bools, reason: Reason, path: str, rule: str = ""
    ) -> Iterator[Failure]:
        """Yield the failure of the rows of `slots`, if there are any; `rule` is else the type."""
        if slots.any():
            rows = self.at_base(node.at_rows(slots, self.rows))
            yield Failure(rows, reason, path, rule or node.spec.type)

    def fail_undecided(self, tests: Iterable[TestLeaf], slots: Bools) -> Iterator[Failure]:
        """Yield why tests are undecided in `slots`: the values that could not be read."""
        if not slots.any():
            return
        for test in tests:
            node = self.leaf(test)
            unread = self.verdicts[test].unknown & slots
            if node.faults is not None:
                unreadable = node.faults == UNREADABLE
                yield from self.fail(node, unread & unreadable, "unreadable", test.path)
                unread = unread & ~unreadable
            yield from self.fail(node, unread, "type", test.path)


@dataclass(frozen=True, eq=False)
class Matched:
    """The result of `match`.

    Attributes:
        opened: the columns that `where` tests, of all rows.
        matches: by release, the rows that its conditions match.
        withheld: rows that the conditions of no release can match.
        failures: rows for which the conditions of some release are undecided.
    """

    opened: Opened
    matches: Sequence[Bools]
    withheld: int
    failures: tuple[Failure, ...]


def match(compiled: CompiledPlan, batch: pa.RecordBatch) -> Matched:
    """Test the conditions of every release on every row.

    Raises:
        RunError: the batch has several columns of one name.
    """
    rows, marks = batch.num_rows, _read_marks(batch)
    tests = dict.fromkeys(test for release in compiled.releases for test in release.where)
    columns = dict.fromkeys(test.column for test in tests)
    nodes = {column: _open(column, batch, None, compiled.dialect) for column in columns}
    verdicts = {test: _test(test, nodes[test.column], marks) for test in tests}
    opened = Opened(rows, None, marks, nodes, verdicts)
    matches: list[Bools] = []
    failures: list[Failure] = []
    possible = np.zeros(rows, dtype=bool)
    for release in compiled.releases:
        verdict = opened.all_of(release.where, rows)
        failures += opened.fail_undecided(release.where, verdict.unknown)
        matches.append(verdict.holds)
        possible = possible | verdict.may
    return Matched(opened, matches, int(rows - possible.sum()), tuple(failures))


def open_columns(compiled: CompiledPlan, batch: pa.RecordBatch, matched: Matched) -> Opened:
    """Open, conform and test what the matching releases need, of the rows that they match.

    Where releases match most rows, the others stay at work, and what `match` opened is used again.

    Raises:
        RunError: the batch has several columns of one name.
    """
    rows, base, marks, matches = batch.num_rows, None, matched.opened.marks, matched.matches
    nodes, verdicts = dict(matched.opened.nodes), dict(matched.opened.verdicts)
    some = np.logical_or.reduce([np.zeros(rows, dtype=bool), *matches])
    if some.sum() < NARROW * rows:
        base = np.flatnonzero(some)
        rows, nodes, verdicts = len(base), {}, {}
        marks = {path: flags[base] for path, flags in marks.items()}
        matches = [flags[base] for flags in matches]
    releases = [release for release in compiled.releases if matches[release.index].any()]
    for column in compiled.steps_of(OpenColumn, releases):
        if column not in nodes:
            nodes[column] = _open(column, batch, base, compiled.dialect)
    for test in compiled.steps_of(TestLeaf, releases):
        if test not in verdicts:
            verdicts[test] = _test(test, nodes[test.column], marks)
    opened = Opened(rows, base, marks, nodes, verdicts)
    whens = {
        when: any_of((opened.all_of(tests, rows) for tests in when.alternatives), rows)
        for when in compiled.steps_of(CombineTests, releases)
    }
    elements = {
        select: _select(select, opened) for select in compiled.steps_of(SelectElements, releases)
    }
    return Opened(rows, base, marks, nodes, verdicts, whens, elements, matches)


def _open(
    step: OpenColumn, batch: pa.RecordBatch, base: Ints | None, dialect: TextDialect
) -> dict[str, list[ColumnNode]]:
    name = step.root.name
    places = batch.schema.get_all_field_indices(name)
    if len(places) > 1:
        raise RunError(
            _("column `{column}` stands {count} times in the batch", column=name, count=len(places))
        )
    array = plain_layout(batch.column(places[0])) if places else pa.nulls(batch.num_rows)
    if base is not None:
        array = array.take(pa.array(base))
    nodes: dict[str, list[ColumnNode]] = {}
    for node in open_column(array, step.root, dialect).walk():
        nodes.setdefault(node.path, []).append(node)
    return nodes


def _test(
    step: TestLeaf, nodes: Mapping[str, Sequence[ColumnNode]], marks: Mapping[str, Bools]
) -> Verdict:
    node = nodes[step.path][-1]
    lost = node.lost
    for path, rows in marks.items():
        if is_below(step.path, path):
            marked = node.at_slots(rows)
            lost = marked if lost is None else lost | marked
    return is_one_of(node.array, lost, step.values)


def _select(step: SelectElements, opened: Opened) -> dict[ColumnNode, Bools]:
    elements: dict[ColumnNode, Bools] = {}
    for nodes in opened.nodes[step.column].values():
        for node in nodes:
            if node.offsets is None:
                continue
            outer = elements.get(node.list_around) if node.list_around is not None else None
            kept = None if outer is None else outer[node.elements()]
            element = node.children[0]
            # Conditions on a list of lists are conditions on the innermost list's elements.
            tests = step.tests.get(node.path, ()) if element.offsets is None else ()
            if tests:
                holds = opened.all_of(tests, element.size).holds
                kept = holds if kept is None else kept & holds
            if kept is not None:
                elements[node] = kept
    return elements


def _read_marks(batch: pa.RecordBatch) -> dict[str, Bools]:
    place = batch.schema.get_field_index(FAULTS)
    if place < 0 or batch.column(place).null_count == batch.num_rows:
        return {}
    offsets, paths, _valid = list_parts(batch.column(place))
    rows = np.repeat(np.arange(batch.num_rows), np.diff(offsets))
    marks = {}
    for path in paths.unique().to_pylist():
        marks[path] = np.zeros(batch.num_rows, dtype=bool)
        marks[path][rows[as_flags(pc.equal(paths, path))]] = True
    return marks
