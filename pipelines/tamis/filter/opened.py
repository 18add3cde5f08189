"""The first two stages: which releases each record matches, and the columns that these need.

`match` tests `where` of all records; `open_columns` opens, conforms and tests what the releases
need of the records that they match.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tamis.arrow.buffers import as_flags, list_parts
from tamis.arrow.layouts import plain_layout
from tamis.arrow.types import Bools, Ints
from tamis.errors import RunError
from tamis.filter.compiled import (
    BuildColumn,
    CombineTests,
    CompiledPlan,
    CompiledRelease,
    JudgeIdentifier,
    OpenColumn,
    SelectElements,
    TestLeaf,
    TreatLeaf,
    is_below,
)
from tamis.filter.conditions import Verdict, all_of, any_of, is_one_of, is_present
from tamis.filter.conformed import UNREADABLE
from tamis.filter.dialect import TextDialect
from tamis.filter.nested import ColumnNode, open_column
from tamis.filter.quarantine import FAULTS, RULE, Failures
from tamis.filter.tally import Reason
from tamis.language import _
from tamis.nir.identifiers import Judgement

NARROW = 0.95
"""Share of rows that some release matches, below which the others are cut away at once."""


@dataclass(frozen=True, eq=False)
class Opened:
    """Columns of a batch, or of some of its rows, and what is known of them by step.

    Attributes:
        rows: how many rows there are at work.
        base: which rows of the batch they are; None if all.
        failures: what was found wrong so far, by row of the batch.
        marks: by path, and by the rule that was not met (empty: the type), the rows in which a
            reader could not bring the field into shape.
        matches: by release, the rows that its conditions match.
        nodes: of each opened column, by path, its nodes from the top; a list before its element.
        verdicts: of each test, at the slots of its leaf.
        whens: where a `when` holds, by row; by element if it tests elements of a list.
        elements: by list, which elements `only` keeps; a list without entry keeps all.
        judged: what identifiers are that were judged before the others.
    """

    rows: int
    base: Ints | None
    failures: Failures
    marks: Mapping[str, Mapping[str, Bools]]
    matches: list[Bools] = field(default_factory=list)
    nodes: dict[OpenColumn, Mapping[str, Sequence[ColumnNode]]] = field(default_factory=dict)
    verdicts: dict[TestLeaf, Verdict] = field(default_factory=dict)
    whens: dict[CombineTests, Verdict] = field(default_factory=dict)
    elements: dict[SelectElements, dict[ColumnNode, Bools]] = field(default_factory=dict)
    judged: dict[JudgeIdentifier, Judgement] = field(default_factory=dict)

    def leaf(self, step: TestLeaf | JudgeIdentifier | TreatLeaf) -> ColumnNode:
        """The leaf that a step looks at; of a list of plain values, the element."""
        return self.nodes[step.column][step.path][-1]

    def all_of(self, tests: Iterable[TestLeaf], size: int) -> Verdict:
        """Where all tests hold; each has `size` slots."""
        return all_of((self.verdicts[test] for test in tests), size)

    def matched(self, releases: Iterable[CompiledRelease]) -> list[CompiledRelease]:
        """The releases that match some row."""
        return [release for release in releases if self.matches[release.index].any()]

    def element(self, when: CombineTests) -> ColumnNode | None:
        """The elements that a `when` tests; None if it tests the record."""
        for tests in when.alternatives:
            for test in tests:
                if when.scope and is_below(test.path, when.scope):
                    return self.nodes[test.column][when.scope][-1]
        return None

    def combine(self, when: CombineTests) -> Verdict:
        """Where a `when` holds, by row or by element; and see `Opened.alternative`."""
        element = self.element(when)
        size = self.rows if element is None else element.size
        return any_of((self.alternative(tests, element) for tests in when.alternatives), size)

    def alternative(self, tests: Iterable[TestLeaf], element: ColumnNode | None) -> Verdict:
        """Where all tests of a `when` hold, by row, or laid out over the slots of `element`."""
        if element is None:
            return self.all_of(tests, self.rows)
        verdicts = (self.verdict_at(test, element) for test in tests)
        return all_of(verdicts, element.size)

    def verdict_at(self, test: TestLeaf, element: ColumnNode) -> Verdict:
        """The verdict of a test, laid out over the slots of an element that the leaf is around."""
        verdict, scope = self.verdicts[test], self.leaf(test).scope
        return Verdict(*(element.lay_out(flags, scope) for flags in (verdict.holds, verdict.may)))

    def any_kept(self, leaves: Sequence[TreatLeaf], node: ColumnNode | None = None) -> Bools:
        """Where one of these leaves is kept as far as `when` says, by row or slot of `node`.

        Around the elements that its `when` tests, a leaf counts as kept.
        """
        kept = np.zeros(self.rows if node is None else node.size, dtype=bool)
        for leaf in leaves:
            if leaf.when is None or not (
                node.lies_in(leaf.when.scope) if node is not None else not leaf.when.scope
            ):
                return np.ones_like(kept)
            holds = self.whens[leaf.when].holds
            kept |= holds if node is None else node.lay_out(holds, leaf.when.scope)
        return kept

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
        slots = node.at_slots(self.matches[release.index])
        slots = slots & self.any_kept(column.below[node.path], node)
        elements = self.kept_elements(column, node)
        return slots if elements is None else slots & elements

    def at_base(self, rows: Bools) -> Ints:
        """The rows of the batch that flags of rows at work stand for."""
        places = np.flatnonzero(rows)
        return places if self.base is None else self.base[places]

    def note_nir(self, node: ColumnNode, slots: Bools) -> None:
        """Note that a NIR was found in `slots`, where none may be released."""
        self.failures.with_nir[self.at_base(node.at_rows(slots, self.rows))] = True

    def fail(
        self, node: ColumnNode, slots: Bools, reason: Reason, path: str, rule: str = ""
    ) -> None:
        """Quarantine the rows of `slots`; `rule` is by default the type."""
        if slots.any():
            rows = self.at_base(node.at_rows(slots, self.rows))
            self.failures.add(rows, reason, path, rule or node.spec.type)

    def fail_undecided(
        self, tests: Iterable[TestLeaf], slots: Bools, element: ColumnNode | None = None
    ) -> None:
        """Quarantine the rows of `slots` in which a tested value could not be read.

        Args:
            tests: that are undecided.
            slots: of the leaves that they test, or of `element`.
            element: that they were laid out over.
        """
        if not slots.any():
            return
        for test in tests:
            node, verdict = self.leaf(test), self.verdicts[test]
            unreadable = None if node.faults is None else node.faults == UNREADABLE
            rule, at = node.spec.type, node
            if element is not None:
                at, verdict = element, self.verdict_at(test, element)
                if unreadable is not None:
                    unreadable = element.lay_out(unreadable, node.scope)
            unread = verdict.unknown & slots
            if unreadable is not None:
                self.fail(at, unread & unreadable, "unreadable", test.path, rule)
                unread = unread & ~unreadable
            self.fail(at, unread, "type", test.path, rule)


def open_tested(compiled: CompiledPlan, batch: pa.RecordBatch) -> Opened:
    """Open the columns that `where` tests or persons are looked up by, and test the former.

    Raises:
        RunError: the batch has several columns of one name.
    """
    rows = batch.num_rows
    opened = Opened(rows, None, Failures(rows, compiled.order), _read_marks(batch))
    for release in compiled.releases:
        _test(release.where, opened, batch, compiled.dialect)
    for lookup in compiled.lookups:
        _open(lookup.identifier.column, opened, batch, compiled.dialect)
    return opened


def open_columns(compiled: CompiledPlan, batch: pa.RecordBatch, opened: Opened) -> Opened:
    """Open, conform and test what the matching releases need, of the rows that they match.

    Where releases match most rows, the others stay at work, and what `match` opened is used again.

    Raises:
        RunError: the batch has several columns of one name.
    """
    some = np.logical_or.reduce([np.zeros(opened.rows, dtype=bool), *opened.matches])
    if some.sum() < NARROW * opened.rows:
        base = np.flatnonzero(some)
        marks = {
            path: {rule: flags[base] for rule, flags in rules.items()}
            for path, rules in opened.marks.items()
        }
        matches = [flags[base] for flags in opened.matches]
        opened = Opened(len(base), base, opened.failures, marks, matches)
    releases = opened.matched(compiled.releases)
    for column in compiled.steps_of(OpenColumn, releases):
        _open(column, opened, batch, compiled.dialect)
    _test(compiled.steps_of(TestLeaf, releases), opened, batch, compiled.dialect)
    for when in compiled.steps_of(CombineTests, releases):
        opened.whens[when] = opened.combine(when)
    for select in compiled.steps_of(SelectElements, releases):
        opened.elements[select] = _select(select, opened)
    return opened


def _open(step: OpenColumn, opened: Opened, batch: pa.RecordBatch, dialect: TextDialect) -> None:
    if step in opened.nodes:
        return
    name = step.root.name
    places = batch.schema.get_all_field_indices(name)
    if len(places) > 1:
        raise RunError(
            _("column `{column}` stands {count} times in the batch", column=name, count=len(places))
        )
    array = plain_layout(batch.column(places[0])) if places else pa.nulls(batch.num_rows)
    if opened.base is not None:
        array = array.take(pa.array(opened.base))
    nodes: dict[str, list[ColumnNode]] = {}
    for node in open_column(array, step.root, dialect).walk():
        nodes.setdefault(node.path, []).append(node)
    opened.nodes[step] = nodes


def _test(
    steps: Iterable[TestLeaf], opened: Opened, batch: pa.RecordBatch, dialect: TextDialect
) -> None:
    for step in steps:
        if step in opened.verdicts:
            continue
        _open(step.column, opened, batch, dialect)
        node = opened.leaf(step)
        lost = node.lost
        for path, rules in opened.marks.items():
            for rows in rules.values() if is_below(step.path, path) else ():
                marked = node.at_slots(rows)
                lost = marked if lost is None else lost | marked
        opened.verdicts[step] = (
            is_present(node.array, lost)
            if step.values is None
            else is_one_of(node.array, lost, step.values)
        )


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


def _read_marks(batch: pa.RecordBatch) -> dict[str, dict[str, Bools]]:
    place = batch.schema.get_field_index(FAULTS)
    if place < 0 or batch.column(place).null_count == batch.num_rows:
        return {}
    offsets, paths, _valid = list_parts(batch.column(place))
    rows = np.repeat(np.arange(batch.num_rows), np.diff(offsets))
    marks: dict[str, dict[str, Bools]] = {}
    for text in sorted(paths.unique().to_pylist(), reverse=True):  # a rule before the type
        path, _mark, rule = text.partition(RULE)
        flags = marks.setdefault(path, {})[rule] = np.zeros(batch.num_rows, dtype=bool)
        flags[rows[as_flags(pc.equal(paths, text))]] = True
    return marks
