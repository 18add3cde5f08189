"""The steps of `minimize` on one batch, in order: match, judge, treat, gate, release.

Everything that two releases have in common is made once: columns are opened and judged once,
treated once for each treatment, built, cut and sealed once for each set of rows.
"""

from collections.abc import Hashable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tamis.decide.plan import PlanField
from tamis.errors import RunError
from tamis.filter.conform import TYPE, UNREADABLE
from tamis.filter.gate import GateColumn, find_leaks
from tamis.filter.paths import Node, open_column
from tamis.filter.program import Column, Kept, Program, Test, is_below, root_of
from tamis.filter.seal import Bools, Ints, list_of, list_parts, seal, struct_of
from tamis.filter.tag import Verdict, all_of, any_of, test
from tamis.filter.tally import REASONS, Reason
from tamis.filter.treat import generalize_dates, generalize_numbers, generalize_text, keep_where
from tamis.formats.chunk import FAULTS
from tamis.nir.find import redact
from tamis.nir.keyring import DerivedKey
from tamis.nir.number import BODY_WIDTH, Judgement, judge
from tamis.nir.pseudonym import pseudonymize

NARROW = 0.75
"""Share of rows that some release matches, below which the others are cut away at once."""

SPARSE = 0.5
"""Share of rows that a treatment is needed for, below which the others are nulled before it."""

_FAULT_REASONS: dict[int, Reason] = {UNREADABLE: "unreadable", TYPE: "type"}

_UNSCORED = np.iinfo(np.int64).max

QUARANTINED = pa.schema(
    [
        pa.field("row", pa.int64(), nullable=False),
        pa.field("reason", pa.string(), nullable=False),
        pa.field("field", pa.string(), nullable=False),
        pa.field("rule", pa.string(), nullable=False),
    ]
)
"""Why records were quarantined: one row a record, by row of the batch; `field` by its path."""

Problem = tuple[Reason, str, Bools]
"""A reason, the rule, and the slots that it holds for."""


class KeySource(Protocol):
    """What derives the keys of pseudonyms: a keyring."""

    def key(self, processing: str, item: str, method: str) -> DerivedKey:
        """The key of (processing, item, method) in the epoch of the source."""


@dataclass(frozen=True)
class Treated:
    """A leaf's values as they are released.

    Attributes:
        array: one value a slot.
        hits: NIRs replaced, by slot; None where none was looked for.
        bad: slots whose generalized value the type cannot hold; None if none.
    """

    array: pa.Array
    hits: Ints | None = None
    bad: Bools | None = None


class Work:
    """One batch on its way through a program.

    Attributes:
        records: rows of the batch.
        withheld: rows that no release's conditions match.
        chance: columns whose gate hits look like chance, with hits and values looked at.
    """

    def __init__(self, program: Program, batch: pa.RecordBatch, keys: KeySource | None) -> None:
        self.program = program
        self.records = batch.num_rows
        self.withheld = 0
        self.chance: dict[str, tuple[int, int]] = {}
        self._batch = batch
        self._keys = keys
        self._base: Ints | None = None
        self._rows = batch.num_rows
        self._scores = np.full(batch.num_rows, _UNSCORED)
        self._rules: dict[int, tuple[Reason, str, str]] = {}
        self._marks = _read_marks(batch)
        self._matches: list[Bools] = []
        self._nirs = np.zeros(batch.num_rows, dtype=bool)
        self._forget()

    def _forget(self) -> None:
        self._nodes: dict[str, dict[str, list[Node]]] = {}
        self._verdicts: dict[Hashable, Verdict] = {}
        self._problems: dict[Hashable, list[Problem]] = {}
        self._judgements: dict[str, Judgement] = {}
        self._keeps: dict[Hashable, dict[Node, Bools]] = {}
        self._treated: dict[Hashable, Treated] = {}
        self._built: dict[Hashable, pa.Array] = {}
        self._forget_selections()

    def _forget_selections(self) -> None:
        self._selections: list[Bools] = []
        self._final: dict[Hashable, pa.Array] = {}

    # Tag

    def match(self) -> None:
        """Tell which releases' conditions hold; quarantine where that cannot be told."""
        matched = np.zeros(self._rows, dtype=bool)
        possible = matched
        for release in self.program.releases:
            verdict = all_of(map(self._verdict, release.where), self._rows)
            self._fail_tests(release.where, verdict.unknown)
            self._matches.append(verdict.holds)
            matched = matched | verdict.holds
            possible = possible | verdict.may
        self.withheld = int(self._rows - possible.sum())
        if matched.sum() < NARROW * self._rows:
            self._narrow(np.flatnonzero(matched))

    def _narrow(self, rows: Ints) -> None:
        self._base, self._rows = rows, len(rows)
        self._matches = [match[rows] for match in self._matches]
        self._marks = {path: rows_marked[rows] for path, rows_marked in self._marks.items()}
        self._forget()

    def _verdict(self, one: Test) -> Verdict:
        """What is known of a condition, at the slots of its leaf."""
        found = self._verdicts.get(one.key)
        if found is None:
            node = self._leaf(one.path)
            lost = node.lost
            for path, rows in self._marks.items():
                if is_below(one.path, path):
                    marked = node.at_slots(rows)
                    lost = marked if lost is None else lost | marked
            found = self._verdicts[one.key] = test(node.array, lost, one.values)
        return found

    def _when(self, kept: Kept) -> Verdict:
        """Where a leaf that is kept under conditions is kept, by row."""
        key = ("when", kept.when_key)
        found = self._verdicts.get(key)
        if found is None:
            alternatives = [all_of(map(self._verdict, every), self._rows) for every in kept.when]
            found = self._verdicts[key] = any_of(alternatives, self._rows)
        return found

    def _fail_tests(self, tests: Iterable[Test], slots: Bools) -> None:
        """Quarantine the rows of `slots`, whose conditions cannot be told, for what is unread."""
        if not slots.any():
            return
        for one in tests:
            node = self._leaf(one.path)
            unread = self._verdict(one).unknown & slots
            if node.faults is not None:
                self._fail(node, unread & (node.faults == UNREADABLE), "unreadable", one.path)
                unread = unread & (node.faults != UNREADABLE)
            self._fail(node, unread, "type", one.path)

    # Columns

    def _open(self, name: str) -> dict[str, list[Node]]:
        """The nodes of a top-level field by path, from the top."""
        found = self._nodes.get(name)
        if found is None:
            root = open_column(self._column(name), self.program.roots[name], self.program.wire)
            found = self._nodes[name] = {}
            for node in root.walk():
                found.setdefault(node.path, []).append(node)
        return found

    def _column(self, name: str) -> pa.Array:
        places = self._batch.schema.get_all_field_indices(name)
        if len(places) > 1:
            raise RunError(f"column `{name}` stands {len(places)} times in the batch")
        if not places:
            return pa.nulls(self._rows)
        column = self._batch.column(places[0])
        return column if self._base is None else column.take(pa.array(self._base))

    def _leaf(self, path: str) -> Node:
        return self._open(root_of(path))[path][-1]

    # Judge

    def judge(self) -> None:
        """Quarantine the rows in which something that would be released does not conform."""
        for index, release in enumerate(self.program.releases):
            if not self._matches[index].any():
                continue
            for column in release.columns:
                self._judge_column(index, column)
            for path in release.stops:
                found = self._judgement(path)
                there = found.canonical.is_valid().to_numpy(zero_copy_only=False)
                node = self._leaf(path)
                stopped = node.at_slots(self._matches[index]) & (there | found.wrong_key)
                self._fail(node, stopped, "on-nir", path, "on_nir: quarantine")
                self._nirs[self._at_base(node.at_rows(stopped, self._rows))] = True

    def _judge_column(self, index: int, column: Column) -> None:
        for kept in column.kept.values():
            if kept.when:
                unknown = self._when(kept).unknown & self._matches[index]
                for every in kept.when:
                    told = all_of(map(self._verdict, every), self._rows)
                    self._fail_tests(every, unknown & told.unknown)
        self._fail_only(index, column)
        for path, nodes in self._open(column.root.name).items():
            below = column.keeps_below(path)
            if not below:
                continue
            for node in nodes:
                problems = self._problems_of(node)
                if path in column.kept and node.array is not None:
                    problems = [*problems, *self._identity_problems(node, column.kept[path])]
                if problems:
                    active = self._active(index, column, node, below)
                    for reason, rule, slots in problems:
                        self._fail(node, slots & active, reason, path, rule)
            if path in self._marks:
                rows = self._marks[path] & self._matches[index] & self._any_when(below)
                self._score(self._at_base(rows), "type", path, _rule(nodes[0].spec))

    def _problems_of(self, node: Node) -> list[Problem]:
        """What is wrong with a field's values whoever releases it."""
        key = node
        found = self._problems.get(key)
        if found is None:
            found = self._problems[key] = []
            if node.faults is not None:
                for code, reason in _FAULT_REASONS.items():
                    slots = node.faults == code
                    if slots.any():
                        found.append((reason, _rule(node.spec), slots))
            missing = None if node.spec.nullable else node.missing
            if missing is not None and missing.any():
                found.append(("null", "nullable: false", missing))
        return found

    def _identity_problems(self, node: Node, kept: Kept) -> list[Problem]:
        """What is wrong with an identifier that is kept, generalized or pseudonymized."""
        kinds = kept.spec.identifier
        if not kinds or kept.leaf.redact:
            return []
        key = ("identifier", node.path, kept.leaf.pseudonym is not None)
        found = self._problems.get(key)
        if found is None:
            found = self._problems[key] = []
            judged = self._judgement(node.path)
            rule = f"identifier: {', '.join(kinds)}"
            if judged.malformed.any():
                found.append(("nir-malformed", rule, judged.malformed))
            if judged.wrong_key.any():
                found.append(("nir-key", rule, judged.wrong_key))
            if kept.leaf.pseudonym:
                other = _other_than_nir(judged.canonical)
                if other.any():
                    found.append(("nir-malformed", f"pseudonymize: {BODY_WIDTH} characters", other))
        return found

    def _judgement(self, path: str) -> Judgement:
        found = self._judgements.get(path)
        if found is None:
            node = self._leaf(path)
            found = self._judgements[path] = judge(node.array, node.spec.identifier)
        return found

    def _active(self, index: int, column: Column, node: Node, below: list[Kept]) -> Bools:
        """The slots whose value, or part of it, the release releases."""
        active = node.at_slots(self._matches[index] & self._any_when(below))
        kept = self._kept_elements(column, node)
        return active if kept is None else active & kept

    def _any_when(self, below: list[Kept]) -> Bools:
        if any(not kept.when for kept in below):
            return np.ones(self._rows, dtype=bool)
        return any_of(map(self._when, below), self._rows).holds

    # `only`

    def _kept_elements(self, column: Column, node: Node) -> Bools | None:
        """Which slots of `node` lie in list elements that the column's `only` keeps."""
        around = node.parent
        while around is not None and around.spec.of is None:
            around = around.parent
        if around is None or not column.only:
            return None
        return self._elements(column).get(around)

    def _elements(self, column: Column) -> dict[Node, Bools]:
        """By list, which elements `only` keeps; a list without entry keeps all."""
        key = (
            column.root.name,
            tuple(test.key for tests in column.only.values() for test in tests),
        )
        found = self._keeps.get(key)
        if found is None:
            found = self._keeps[key] = {}
            for nodes in self._open(column.root.name).values():
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
            held = all_of(map(self._verdict, tests), node.children[0].size).holds
            kept = held if kept is None else kept & held
        return kept

    def _tests_on(self, column: Column, node: Node) -> tuple[Test, ...]:
        """The conditions on the elements of a list; of a list of lists, on the innermost."""
        innermost = node.children[0].offsets is None
        return column.only.get(node.path, ()) if innermost else ()

    def _fail_only(self, index: int, column: Column) -> None:
        for path, tests in column.only.items():
            below = column.keeps_below(path)
            if not below:
                continue
            node = self._open(column.root.name)[path][-1]
            unknown = all_of(map(self._verdict, tests), node.size).unknown
            if unknown.any():
                rows = self._matches[index] & self._any_when(below)
                around = node.parent
                assert around is not None
                outer = self._kept_elements(column, around)
                reached = node.at_slots(rows)
                if outer is not None:
                    reached = reached & outer[around.elements()]
                self._fail_tests(tests, unknown & reached)

    # Treat

    def treat(self) -> None:
        """Treat what is kept; quarantine where a NIR is to stop the record."""
        for index, release in enumerate(self.program.releases):
            if not self._matches[index].any():
                continue
            absent = release.plan.nir == "absent"
            for column in release.columns:
                for path, kept in column.kept.items():
                    done = self._treat(kept)
                    if done.bad is None and done.hits is None:
                        continue
                    node = self._leaf(path)
                    active = self._active(index, column, node, [kept])
                    if done.bad is not None:
                        rule = f"generalize: step {kept.leaf.step}"
                        self._fail(node, done.bad & active, "type", path, rule)
                    if done.hits is not None and absent:
                        found = (done.hits > 0) & active
                        self._nirs[self._at_base(node.at_rows(found, self._rows))] = True
                        if release.plan.on_nir == "quarantine":
                            self._fail(node, found, "on-nir", path, "on_nir: quarantine")

    def _treat(self, kept: Kept) -> Treated:
        found = self._treated.get(kept.key)
        if found is None:
            found = self._treated[kept.key] = self._treat_leaf(kept)
        return found

    def _treat_leaf(self, kept: Kept) -> Treated:
        leaf, node = kept.leaf, self._leaf(kept.leaf.path)
        array = node.array
        if leaf.pseudonym:
            array = self._judgement(leaf.path).canonical
            array = keep_where(array, ~_other_than_nir(array))
        if kept.when:
            array = keep_where(array, node.at_slots(self._when(kept).holds))
        if leaf.pseudonym or leaf.redact:
            array = self._leave_out(array, node, kept)
        if leaf.pseudonym:
            return Treated(self._pseudonymize(array, kept))
        if leaf.redact:
            redacted, hits = redact(array)
            return Treated(redacted, np.asarray(hits))
        if leaf.to:
            return Treated(generalize_dates(array, leaf.to))
        if leaf.prefix:
            return Treated(generalize_text(array, leaf.prefix))
        if leaf.step:
            floors, bad = generalize_numbers(array, leaf.step)
            return Treated(floors, bad=bad)
        return Treated(array)

    def _leave_out(self, array: pa.Array, node: Node, kept: Kept) -> pa.Array:
        """Null what no release needs the treatment for, where that is most."""
        needed = np.logical_or.reduce([self._matches[i] for i in self.program.users[kept.key]])
        if needed.sum() >= SPARSE * len(needed):
            return array
        return keep_where(array, node.at_slots(needed))

    def _pseudonymize(self, canonical: pa.Array, kept: Kept) -> pa.Array:
        release = self.program.releases[self.program.users[kept.key][0]].plan
        assert self._keys is not None
        assert kept.leaf.method is not None
        derived = self._keys.key(
            processing=self.program.plan.processing, item=release.item, method=kept.leaf.method
        )
        return pseudonymize(canonical, derived.key, kept.leaf.method)

    # Gate

    def gate(self) -> None:
        """Look again at what is to be released without NIR; quarantine where one is left."""
        leaking = np.zeros(self.records, dtype=bool)
        for index, release in enumerate(self.program.releases):
            if release.plan.nir != "absent":
                continue
            rows = self.released_rows(index)
            if not len(rows):
                continue
            looked_at = [
                one
                for column, array in zip(release.columns, self.released_columns(index), strict=True)
                for one in _gate_columns(column, array)
            ]
            leaks = find_leaks(looked_at)
            for finding in leaks.findings:
                if finding.looks_like_chance:
                    self.chance[finding.column] = (finding.hits, finding.values)
            for place in np.unique(leaks.rows[leaks.rows >= 0]):
                found = rows[leaks.rows == place]
                leaking[found] = True
                self._score(found, "nir-leak", looked_at[place].name, "gate")
        if leaking.any():
            self._nirs |= leaking
            self._forget_selections()

    # Release

    def released_rows(self, index: int) -> Ints:
        """The rows of the batch that a release lets pass."""
        return self._at_base(self._selection(index)[1])

    def released_columns(self, index: int) -> list[pa.Array]:
        """The columns of a release, without its tags; sealed."""
        return [self._finish(column, index) for column in self.program.releases[index].columns]

    def redacted(self, index: int) -> dict[str, int]:
        """How many NIRs were replaced in what a release lets pass, by field."""
        _, selected = self._selection(index)
        counts = {}
        for column in self.program.releases[index].columns:
            for path, kept in column.kept.items():
                hits = self._treat(kept).hits if kept.leaf.redact and selected.any() else None
                if hits is not None and hits.any():
                    node = self._leaf(path)
                    slots = self._active(index, column, node, [kept]) & node.at_slots(selected)
                    if hits[slots].any():
                        counts[path] = int(hits[slots].sum())
        return counts

    def received(self) -> int:
        """Records in which a NIR was found where a release lets none pass."""
        return int(self._nirs.sum())

    def _selection(self, index: int) -> tuple[int, Bools]:
        """The rows at work that a release lets pass, numbered so that equal sets are one."""
        scores = self._scores if self._base is None else self._scores[self._base]
        selected = self._matches[index] & (scores == _UNSCORED)
        for number, known in enumerate(self._selections):
            if np.array_equal(known, selected):
                return number, known
        self._selections.append(selected)
        return len(self._selections) - 1, selected

    def _finish(self, column: Column, index: int) -> pa.Array:
        number, selected = self._selection(index)
        if not selected.any():
            return pa.array([], column.out.type)
        key = (column.key, number)
        found = self._final.get(key)
        if found is None:
            found = self._final[key] = seal(_cut(self._build(column), selected))
        return found

    def _build(self, column: Column) -> pa.Array:
        found = self._built.get(column.key)
        if found is None:
            root = self._open(column.root.name)[column.root.name][0]
            found = self._built[column.key] = self._build_node(root, column, column.out.type)
        return found

    def _build_node(self, node: Node, column: Column, kind: pa.DataType) -> pa.Array:
        kept = self._kept_elements(column, node)
        if node.offsets is not None:
            return self._build_list(node, column, kind, kept)
        if node.array is None:
            children = [child for child in node.children if column.keeps_below(child.path)]
            arrays = [
                self._build_node(child, column, one.type)
                for child, one in zip(children, kind, strict=True)
            ]
            valid = node.valid if node.valid is None or kept is None else node.valid[kept]
            size = node.size if kept is None else int(kept.sum())
            return struct_of(arrays, list(kind), size, valid)
        array = self._treat(column.kept[node.path]).array
        return array if kept is None else array.filter(pa.array(kept))

    def _build_list(
        self, node: Node, column: Column, kind: pa.DataType, kept: Bools | None
    ) -> pa.Array:
        assert node.offsets is not None
        elements = self._build_node(node.children[0], column, kind.value_type)
        inner = self._elements(column).get(node) if column.only else None
        offsets, valid = node.offsets, node.valid
        if inner is not None:
            counts = np.concatenate(([0], np.cumsum(inner)))
            offsets = counts[offsets]
        if kept is not None:
            lengths = np.diff(offsets)[kept]
            offsets = np.concatenate(([0], np.cumsum(lengths)))
            valid = None if valid is None else valid[kept]
        whole = column.kept.get(node.path)
        if whole is not None and whole.when:
            holds = node.at_slots(self._when(whole).holds)
            holds = holds if kept is None else holds[kept]
            valid = holds if valid is None else valid & holds
        return list_of(offsets, elements, valid, kind.value_field)

    # Failures

    def failures(self) -> pa.RecordBatch:
        """Row, reason, field and rule of each quarantined record, by row."""
        rows = np.flatnonzero(self._scores != _UNSCORED)
        codes, places = np.unique(self._scores[rows], return_inverse=True)
        told = [self._rules[int(code)] for code in codes]
        texts = [
            pa.array([one[part] for one in told], pa.string()).take(pa.array(places))
            for part in range(3)
        ]
        return pa.RecordBatch.from_arrays([pa.array(rows), *texts], schema=QUARANTINED)

    def _fail(
        self, node: Node, slots: Bools, reason: Reason, path: str, rule: str | None = None
    ) -> None:
        if slots.any():
            rows = self._at_base(node.at_rows(slots, self._rows))
            self._score(rows, reason, path, _rule(node.spec) if rule is None else rule)

    def _score(self, rows: Ints, reason: Reason, path: str, rule: str) -> None:
        """Let the first reason stand, and of one reason the schema's first field."""
        order = self.program.order
        code = REASONS.index(reason) * (len(order) + 1) + order.get(path, len(order))
        self._rules.setdefault(code, (reason, path, rule))
        self._scores[rows] = np.minimum(self._scores[rows], code)

    def _at_base(self, rows: Bools) -> Ints:
        found = np.flatnonzero(rows)
        return found if self._base is None else self._base[found]


def _read_marks(batch: pa.RecordBatch) -> dict[str, Bools]:
    """By path, the rows in which a reader could not bring the field into shape."""
    place = batch.schema.get_field_index(FAULTS)
    if place < 0:
        return {}
    offsets, paths, _ = list_parts(batch.column(place))
    rows = np.repeat(np.arange(batch.num_rows), np.diff(offsets))
    marks = {}
    for path in paths.unique().to_pylist():
        marked = np.zeros(batch.num_rows, dtype=bool)
        marked[rows[pc.equal(paths, path).to_numpy(zero_copy_only=False)]] = True
        marks[path] = marked
    return marks


def _rule(spec: PlanField) -> str:
    return spec.type


def _other_than_nir(canonical: pa.Array) -> Bools:
    """Which canonical values are no 13 characters: identifiers of another kind."""
    other = pc.not_equal(pc.binary_length(canonical), BODY_WIDTH).fill_null(False)
    return np.asarray(other.to_numpy(zero_copy_only=False))


def _cut(array: pa.Array, rows: Bools) -> pa.Array:
    """The values of `rows`."""
    count = int(rows.sum())
    if count == len(rows):
        return array
    if count < 0.9 * len(rows):
        return array.take(pa.array(np.flatnonzero(rows)))
    return array.filter(pa.array(rows))


def _gate_columns(column: Column, array: pa.Array) -> Iterator[GateColumn]:
    """What the gate looks at of a released column: all but pseudonyms, `not_nir` apart."""
    for not_nir in (False, True):
        paths = {
            path
            for path, kept in column.kept.items()
            if kept.spec.not_nir == not_nir and not kept.leaf.pseudonym
        }
        if len(paths) == len(column.kept):
            yield GateColumn(column.root.name, array, not_nir)
        elif paths:
            part = _part(column.root, column.root.name, array, column.kept, paths)
            yield GateColumn(column.root.name, part, not_nir)


def _part(
    spec: PlanField, path: str, array: pa.Array, kept: Mapping[str, Kept], paths: set[str]
) -> pa.Array:
    """A released array with only the leaves at `paths`."""
    if spec.of is not None:
        offsets, elements, _ = list_parts(array)
        return list_of(offsets, _part(spec.of, path, elements, kept, paths), None)
    if not spec.fields:
        return array
    arrays, fields = [], []
    inside = [(child, f"{path}.{child.name}") for child in spec.fields]
    released = [one for one in inside if any(is_below(leaf, one[1]) for leaf in kept)]
    for (child, inner), values in zip(released, array.flatten(), strict=True):
        if any(is_below(leaf, inner) for leaf in paths):
            arrays.append(_part(child, inner, values, kept, paths))
            fields.append(pa.field(child.name, arrays[-1].type))
    return struct_of(arrays, fields, len(array), None)
