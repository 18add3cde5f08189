"""A batch's columns, opened, tested and judged when asked for, each once."""

from collections.abc import Hashable, Mapping

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tamis.arrow.buffers import list_parts
from tamis.arrow.layouts import plain_layout
from tamis.arrow.types import Bools, Ints
from tamis.errors import RunError
from tamis.filter.compiled import Column, Kept, Program, Test, is_below, root_of
from tamis.filter.conditions import Verdict, all_of, any_of, is_one_of
from tamis.filter.nested import Node, open_column
from tamis.formats.chunk import FAULTS
from tamis.nir.number import Judgement, judge
from tamis.plan.plan import STOPPING


class Columns:
    """The columns of a batch, or of some of its rows, as a program reads them.

    Attributes:
        rows: how many rows they have.
        base: which rows of the batch these are, or None if all.
        marks: by path, the rows in which a reader could not bring the field into shape.
    """

    def __init__(self, program: Program, batch: pa.RecordBatch, base: Ints | None = None) -> None:
        self._program = program
        self._batch = batch
        self.base = base
        self.rows = batch.num_rows if base is None else len(base)
        self.marks = _read_marks(batch, base)
        self._nodes: dict[str, dict[str, list[Node]]] = {}
        self._verdicts: dict[Hashable, Verdict] = {}
        self._judgements: dict[str, Judgement] = {}
        self._elements: dict[Hashable, dict[Node, Bools]] = {}

    def narrow(self, rows: Ints) -> "Columns":
        """The same columns with only `rows` of the batch."""
        return Columns(self._program, self._batch, rows)

    def nodes(self, name: str) -> dict[str, list[Node]]:
        """The nodes of a top-level field by path, from the top.

        Raises:
            RunError: the batch has several columns of that name.
        """
        found = self._nodes.get(name)
        if found is None:
            root = open_column(self._column(name), self._program.roots[name], self._program.wire)
            found = self._nodes[name] = {}
            for node in root.walk():
                found.setdefault(node.path, []).append(node)
        return found

    def _column(self, name: str) -> pa.Array:
        places = self._batch.schema.get_all_field_indices(name)
        if len(places) > 1:
            raise RunError(f"column `{name}` stands {len(places)} times in the batch")
        if not places:
            return pa.nulls(self.rows)
        column = plain_layout(self._batch.column(places[0]))
        return column if self.base is None else column.take(pa.array(self.base))

    def leaf(self, path: str) -> Node:
        """The leaf at `path`; of a list of plain values, the element."""
        return self.nodes(root_of(path))[path][-1]

    def judgement(self, path: str) -> Judgement:
        """What the values of an identifier are, one entry a slot."""
        found = self._judgements.get(path)
        if found is None:
            node = self.leaf(path)
            found = self._judgements[path] = judge(node.array, node.spec.identifier)
        return found

    def nir_judgement(self, path: str) -> Judgement:
        """The same of the NIR and the numbers of its shape alone: what no pseudonym is made of,
        and what stops no record, is malformed here."""
        kinds = self.leaf(path).spec.identifier
        nirs = tuple(kind for kind in kinds if kind in STOPPING)
        if nirs == kinds:
            return self.judgement(path)
        found = self._judgements.get(f"{path}: NIR")
        if found is None:
            found = self._judgements[f"{path}: NIR"] = judge(self.leaf(path).array, nirs)
        return found

    def verdict(self, one: Test) -> Verdict:
        """What is known of a condition, at the slots of its leaf."""
        found = self._verdicts.get(one.key)
        if found is None:
            node = self.leaf(one.path)
            lost = node.lost
            for path, rows in self.marks.items():
                if is_below(one.path, path):
                    marked = node.at_slots(rows)
                    lost = marked if lost is None else lost | marked
            found = self._verdicts[one.key] = is_one_of(node.array, lost, one.values)
        return found

    def when(self, kept: Kept) -> Verdict:
        """Where a leaf that is kept under conditions is kept, by row."""
        key = ("when", kept.when_key)
        found = self._verdicts.get(key)
        if found is None:
            alternatives = [all_of(map(self.verdict, every), self.rows) for every in kept.when]
            found = self._verdicts[key] = any_of(alternatives, self.rows)
        return found

    def any_when(self, below: list[Kept]) -> Bools:
        """The rows in which one of these leaves is kept."""
        if any(not kept.when for kept in below):
            return np.ones(self.rows, dtype=bool)
        return any_of(map(self.when, below), self.rows).holds

    def kept_elements(self, column: Column, node: Node) -> Bools | None:
        """Which slots of `node` lie in list elements that the column's `only` keeps."""
        around = node.parent
        while around is not None and around.spec.of is None:
            around = around.parent
        if around is None or not column.only:
            return None
        return self.elements(column).get(around)

    def elements(self, column: Column) -> dict[Node, Bools]:
        """By list, which elements `only` keeps; a list without entry keeps all."""
        key = (
            column.root.name,
            tuple(test.key for tests in column.only.values() for test in tests),
        )
        found = self._elements.get(key)
        if found is None:
            found = self._elements[key] = {}
            for nodes in self.nodes(column.root.name).values():
                for node in nodes:
                    if node.offsets is not None:
                        kept = self._kept_of(column, node, found)
                        if kept is not None:
                            found[node] = kept
        return found

    def _kept_of(self, column: Column, node: Node, above: Mapping[Node, Bools]) -> Bools | None:
        around = node.parent
        while around is not None and around.spec.of is None:
            around = around.parent
        outer = above.get(around) if around is not None else None
        kept = None if outer is None else outer[node.elements()]
        tests = self._tests_on(column, node)
        if tests:
            held = all_of(map(self.verdict, tests), node.children[0].size).holds
            kept = held if kept is None else kept & held
        return kept

    def _tests_on(self, column: Column, node: Node) -> tuple[Test, ...]:
        """The conditions on the elements of a list; of a list of lists, on the innermost."""
        innermost = node.children[0].offsets is None
        return column.only.get(node.path, ()) if innermost else ()


def _read_marks(batch: pa.RecordBatch, base: Ints | None) -> dict[str, Bools]:
    place = batch.schema.get_field_index(FAULTS)
    if place < 0 or batch.column(place).null_count == batch.num_rows:
        return {}
    offsets, paths, _ = list_parts(batch.column(place))
    rows = np.repeat(np.arange(batch.num_rows), np.diff(offsets))
    marks = {}
    for path in paths.unique().to_pylist():
        marked = np.zeros(batch.num_rows, dtype=bool)
        marked[rows[pc.equal(paths, path).to_numpy(zero_copy_only=False)]] = True
        marks[path] = marked if base is None else marked[base]
    return marks
