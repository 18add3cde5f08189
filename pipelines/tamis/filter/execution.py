"""The steps of `minimize` on one batch, in order: match, judge, treat, gate, release.

Everything that two releases have in common is made once: columns are opened and judged once,
treated once for each treatment, built, cut and sealed once for each set of rows.
"""

from collections.abc import Hashable, Iterable
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import pyarrow as pa

from tamis.arrow.buffers import decode
from tamis.arrow.scrub import scrub
from tamis.arrow.types import Bools, Ints
from tamis.filter.column_cache import Columns
from tamis.filter.compiled import Column, Kept, Program, Test
from tamis.filter.conditions import all_of
from tamis.filter.conformed import TYPE, UNREADABLE, keep_where
from tamis.filter.gate.gate import find_leaks
from tamis.filter.nested import Node
from tamis.filter.quarantine import Failures
from tamis.filter.rebuild import build, cut, gate_columns
from tamis.filter.tally import Reason
from tamis.filter.treatments import (
    generalize_dates,
    generalize_numbers,
    generalize_text,
    redact_entries,
)
from tamis.keys.keyring import DerivedKey
from tamis.nir.find import redact
from tamis.nir.number import BODY_WIDTH
from tamis.nir.pseudonym import pseudonymize
from tamis.plan.plan import PlanField

NARROW = 0.75
"""Share of rows that some release matches, below which the others are cut away at once."""

SPARSE = 0.5
"""Share of rows that a treatment is needed for, below which the others are nulled before it."""

_FAULT_REASONS: dict[int, Reason] = {UNREADABLE: "unreadable", TYPE: "type"}

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
        failures: rows that are quarantined, and why.
        chance: columns whose gate hits look like chance, with hits and values looked at.
    """

    def __init__(self, program: Program, batch: pa.RecordBatch, keys: KeySource | None) -> None:
        self.program = program
        self.records = batch.num_rows
        self.withheld = 0
        self.chance: dict[str, tuple[int, int]] = {}
        self.failures = Failures(batch.num_rows, program.order)
        self._keys = keys
        self._columns = Columns(program, batch)
        self._matches: list[Bools] = []
        self._nirs = np.zeros(batch.num_rows, dtype=bool)
        self._problems: dict[Hashable, list[Problem]] = {}
        self._treated: dict[Hashable, Treated] = {}
        self._built: dict[Hashable, pa.Array] = {}
        self._selections: dict[int, tuple[int, Bools]] = {}
        self._final: dict[Hashable, pa.Array] = {}

    # Tag

    def match(self) -> None:
        """Tell which releases' conditions hold; quarantine where that cannot be told."""
        matched = np.zeros(self._columns.rows, dtype=bool)
        possible = matched
        for release in self.program.releases:
            verdict = all_of(map(self._columns.verdict, release.where), self._columns.rows)
            self._fail_tests(release.where, verdict.unknown)
            self._matches.append(verdict.holds)
            matched = matched | verdict.holds
            possible = possible | verdict.may
        self.withheld = int(self._columns.rows - possible.sum())
        if matched.sum() < NARROW * self.records:
            rows = np.flatnonzero(matched)
            self._columns = self._columns.narrow(rows)
            self._matches = [match[rows] for match in self._matches]

    def _fail_tests(self, tests: Iterable[Test], slots: Bools) -> None:
        """Quarantine the rows of `slots`, whose conditions cannot be told, for what is unread."""
        if not slots.any():
            return
        for one in tests:
            node = self._columns.leaf(one.path)
            unread = self._columns.verdict(one).unknown & slots
            if node.faults is not None:
                self._fail(node, unread & (node.faults == UNREADABLE), "unreadable", one.path)
                unread = unread & (node.faults != UNREADABLE)
            self._fail(node, unread, "type", one.path)

    # Judge

    def judge(self) -> None:
        """Quarantine the rows in which something that would be released does not conform."""
        for index, release in enumerate(self.program.releases):
            if not self._matches[index].any():
                continue
            for column in release.columns:
                self._judge_column(index, column)
            for path in release.stops:
                found = self._columns.nir_judgement(path)
                there = found.canonical.is_valid().to_numpy(zero_copy_only=False)
                node = self._columns.leaf(path)
                stopped = node.at_slots(self._matches[index]) & (there | found.wrong_key)
                self._fail(node, stopped, "on-nir", path, "on_nir: quarantine")
                self._nirs[self._at_base(node.at_rows(stopped, self._columns.rows))] = True

    def _judge_column(self, index: int, column: Column) -> None:
        for kept in column.kept.values():
            if kept.when:
                unknown = self._columns.when(kept).unknown & self._matches[index]
                for every in kept.when:
                    told = all_of(map(self._columns.verdict, every), self._columns.rows)
                    self._fail_tests(every, unknown & told.unknown)
        self._fail_only(index, column)
        for path, nodes in self._columns.nodes(column.root.name).items():
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
            if path in self._columns.marks:
                rows = (
                    self._columns.marks[path] & self._matches[index] & self._columns.any_when(below)
                )
                self.failures.add(self._at_base(rows), "type", path, _rule(nodes[0].spec))

    def _problems_of(self, node: Node) -> list[Problem]:
        """What is wrong with a field's values whoever releases it."""
        found = self._problems.get(node)
        if found is None:
            found = self._problems[node] = []
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
            judged = self._columns.judgement(node.path)
            rule = f"identifier: {', '.join(kinds)}"
            if judged.malformed.any():
                found.append(("nir-malformed", rule, judged.malformed))
            if judged.wrong_key.any():
                found.append(("nir-key", rule, judged.wrong_key))
            if kept.leaf.pseudonym:
                nirs = self._columns.nir_judgement(node.path)
                other = _present(judged.canonical) & ~_present(nirs.canonical)
                if other.any():
                    found.append(("nir-malformed", f"pseudonymize: {BODY_WIDTH} characters", other))
        return found

    def _active(self, index: int, column: Column, node: Node, below: list[Kept]) -> Bools:
        """The slots whose value, or part of it, the release releases."""
        active = node.at_slots(self._matches[index] & self._columns.any_when(below))
        kept = self._columns.kept_elements(column, node)
        return active if kept is None else active & kept

    def _fail_only(self, index: int, column: Column) -> None:
        for path, tests in column.only.items():
            below = column.keeps_below(path)
            if not below:
                continue
            node = self._columns.nodes(column.root.name)[path][-1]
            unknown = all_of(map(self._columns.verdict, tests), node.size).unknown
            if unknown.any():
                rows = self._matches[index] & self._columns.any_when(below)
                around = node.parent
                assert around is not None
                outer = self._columns.kept_elements(column, around)
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
                    node = self._columns.leaf(path)
                    active = self._active(index, column, node, [kept])
                    if done.bad is not None:
                        rule = f"generalize: step {kept.leaf.step}"
                        self._fail(node, done.bad & active, "type", path, rule)
                    if done.hits is not None and absent:
                        found = (done.hits > 0) & active
                        self._nirs[self._at_base(node.at_rows(found, self._columns.rows))] = True
                        if release.plan.on_nir == "quarantine":
                            self._fail(node, found, "on-nir", path, "on_nir: quarantine")

    def _treat(self, kept: Kept) -> Treated:
        found = self._treated.get(kept.key)
        if found is None:
            found = self._treated[kept.key] = self._treat_leaf(kept)
        return found

    def _treat_leaf(self, kept: Kept) -> Treated:
        leaf, node = kept.leaf, self._columns.leaf(kept.leaf.path)
        array = node.array
        assert array is not None
        if pa.types.is_dictionary(array.type):
            if leaf.redact and not kept.when and not self._is_sparse(kept):
                redacted, hits = redact_entries(array, redact)
                return Treated(redacted, hits)
            if leaf.fate != "kept" or kept.when:
                array = decode(array)
        if leaf.pseudonym:
            array = self._columns.nir_judgement(leaf.path).canonical
        if kept.when:
            array = keep_where(array, node.at_slots(self._columns.when(kept).holds))
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
        if not self._is_sparse(kept):
            return array
        return keep_where(array, node.at_slots(self._needed(kept)))

    def _is_sparse(self, kept: Kept) -> bool:
        needed = self._needed(kept)
        return bool(needed.sum() < SPARSE * len(needed))

    def _needed(self, kept: Kept) -> Bools:
        """The rows at work in which some release needs a treatment."""
        users = [self._matches[i] for i in self.program.users[kept.key]]
        return np.asarray(np.logical_or.reduce(users))

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
        seen = set()
        selections = [self._selection(index) for index in range(len(self._matches))]
        for index, (number, selected) in enumerate(selections):
            release = self.program.releases[index]
            look = (number, tuple(column.key for column in release.columns))
            if release.plan.nir != "absent" or look in seen or not selected.any():
                continue
            seen.add(look)
            rows = self._at_base(selected)
            looked_at = [
                one
                for column in release.columns
                for one in gate_columns(column, self._finish(column, index))
            ]
            leaks = find_leaks(looked_at)
            for finding in leaks.findings:
                if finding.looks_like_chance:
                    self.chance[finding.column] = (finding.hits, finding.values)
            for place in np.unique(leaks.rows[leaks.rows >= 0]):
                found = rows[leaks.rows == place]
                leaking[found] = True
                self.failures.add(found, "nir-leak", looked_at[place].name, "gate")
        if leaking.any():
            self._nirs |= leaking
            self._selections, self._final = {}, {}

    # Release

    def released_rows(self, index: int) -> Ints:
        """The rows of the batch that a release lets pass."""
        return self._at_base(self._selection(index)[1])

    def released_columns(self, index: int) -> dict[str, pa.Array]:
        """The columns of a release, without its tags; sealed."""
        columns = self.program.releases[index].columns
        return {one.out.name: self._finish(one, index) for one in columns}

    def redacted(self, index: int) -> dict[str, int]:
        """How many NIRs were replaced in what a release lets pass, by field."""
        _, selected = self._selection(index)
        counts = {}
        for column in self.program.releases[index].columns:
            for path, kept in column.kept.items():
                hits = self._treat(kept).hits if kept.leaf.redact and selected.any() else None
                if hits is not None and hits.any():
                    node = self._columns.leaf(path)
                    slots = self._active(index, column, node, [kept]) & node.at_slots(selected)
                    if hits[slots].any():
                        counts[path] = int(hits[slots].sum())
        return counts

    def received(self) -> int:
        """Records in which a NIR was found where a release lets none pass."""
        return int(self._nirs.sum())

    def _selection(self, index: int) -> tuple[int, Bools]:
        """The rows at work that a release lets pass, numbered so that equal sets are one."""
        found = self._selections.get(index)
        if found is None:
            base, failed = self._columns.base, self.failures.rows
            selected = self._matches[index] & ~(failed if base is None else failed[base])
            found = next(
                (one for one in self._selections.values() if np.array_equal(one[1], selected)),
                (len(self._selections), selected),
            )
            self._selections[index] = found
        return found

    def _finish(self, column: Column, index: int) -> pa.Array:
        number, selected = self._selection(index)
        if not selected.any():
            return pa.array([], column.out.type)
        key = (column.key, number)
        found = self._final.get(key)
        if found is None:
            found = self._final[key] = scrub(cut(self._build(column), selected))
        return found

    def _build(self, column: Column) -> pa.Array:
        found = self._built.get(column.key)
        if found is None:
            found = build(self._columns, column, lambda kept: self._treat(kept).array)
            self._built[column.key] = found
        return found

    def _fail(
        self, node: Node, slots: Bools, reason: Reason, path: str, rule: str | None = None
    ) -> None:
        if slots.any():
            rows = self._at_base(node.at_rows(slots, self._columns.rows))
            self.failures.add(rows, reason, path, _rule(node.spec) if rule is None else rule)

    def _at_base(self, rows: Bools) -> Ints:
        found, base = np.flatnonzero(rows), self._columns.base
        return found if base is None else base[found]


def _rule(spec: PlanField) -> str:
    return spec.type


def _present(array: pa.Array) -> Bools:
    return np.asarray(array.is_valid().to_numpy(zero_copy_only=False))
