"""The third stage: which rows must not pass, because something that would be released is wrong."""

import datetime
from collections.abc import Iterator, Mapping

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tamis.arrow.buffers import are_valid, as_flags, decode
from tamis.arrow.types import Bools
from tamis.documents.names import NirPart
from tamis.filter.compiled import (
    BuildColumn,
    CompiledPlan,
    CompiledRelease,
    JudgeIdentifier,
    TreatLeaf,
)
from tamis.filter.conformed import TYPE, UNREADABLE
from tamis.filter.misfits import misfitting
from tamis.filter.nested import ColumnNode
from tamis.filter.opened import Opened
from tamis.filter.tally import Reason
from tamis.nir.identifiers import BODY_WIDTH, Judgement, judge_identifiers

Problem = tuple[Reason, str, Bools]
"""A reason, the rule, and the slots that it holds for."""


def judge(compiled: CompiledPlan, opened: Opened) -> dict[JudgeIdentifier, Judgement]:
    """Quarantine the rows in which something that would be released does not conform.

    Returns:
        What the values of each identifier are.
    """
    releases = opened.matched(compiled.releases)
    identifiers = {
        step: opened.judged.get(step) or judge_identifiers(opened.leaf(step).array, step.kinds)
        for step in compiled.steps_of(JudgeIdentifier, releases)
    }
    problems = {
        node: list(_value_problems(node, compiled.plan.day))
        for column in compiled.steps_of(BuildColumn, releases)
        for path in column.below
        for node in opened.nodes[column.column][path]
    }
    treated = {
        leaf: [*_identifier_problems(leaf, identifiers), *_not_nir_problems(leaf, opened)]
        for leaf in compiled.steps_of(TreatLeaf, releases)
    }
    for release in releases:
        for column in release.columns:
            _judge_conditions(opened, release, column)
            for path, below in column.below.items():
                nodes = opened.nodes[column.column][path]
                for node in nodes:
                    wrong = problems[node]
                    if node.array is not None and path in column.leaves:
                        wrong = [*wrong, *treated[column.leaves[path]]]
                    if wrong:
                        slots = opened.released_slots(release, column, node)
                        for reason, rule, bad in wrong:
                            opened.fail(node, bad & slots, reason, path, rule)
                for rule, flags in opened.marks.get(path, {}).items():
                    rows = flags & opened.matches[release.index]
                    marked = opened.at_base(rows & opened.any_kept(below))
                    opened.failures.add(marked, "type", path, rule or nodes[0].spec.type)
        for step in release.stops:
            node, judgement = opened.leaf(step), identifiers[step]
            matched = node.at_slots(opened.matches[release.index])
            stopped = matched & (are_valid(judgement.canonical) | judgement.wrong_key)
            opened.fail(node, stopped, "on-nir", step.path, "on_nir: quarantine")
            opened.note_nir(node, stopped)
    return identifiers


def _judge_conditions(opened: Opened, release: CompiledRelease, column: BuildColumn) -> None:
    """Quarantine the rows in which a `when` or `only` is undecided."""
    matched = opened.matches[release.index]
    for leaf in column.leaves.values():
        if leaf.when is not None:
            unknown, element = opened.whens[leaf.when].unknown, opened.element(leaf.when)
            if not unknown.any():
                continue
            if element is None:
                unknown = unknown & matched
            else:
                kept = opened.kept_elements(column, element)
                unknown = unknown & element.at_slots(matched)
                unknown = unknown if kept is None else unknown & kept
            for tests in leaf.when.alternatives:
                undecided = opened.alternative(tests, element).unknown
                opened.fail_undecided(tests, unknown & undecided, element)
    for path, tests in column.only.tests.items() if column.only is not None else ():
        if path not in column.below:
            continue
        element = opened.nodes[column.column][path][-1]
        unknown = opened.all_of(tests, element.size).unknown
        if unknown.any():
            reached = element.at_slots(matched & opened.any_kept(column.below[path]))
            around = element.parent
            assert around is not None
            outer = opened.kept_elements(column, around)
            if outer is not None:
                reached = reached & outer[around.elements()]
            opened.fail_undecided(tests, unknown & reached)


def _value_problems(node: ColumnNode, day: datetime.date) -> Iterator[Problem]:
    """What is wrong with a field's values whoever releases it, on the plan's day."""
    if node.faults is not None:
        for code, reason in _FAULT_REASONS.items():
            slots = node.faults == code
            if slots.any():
                yield reason, node.spec.type, slots
    missing = None if node.spec.nullable else node.missing
    if missing is not None and missing.any():
        yield "null", "nullable: false", missing
    if node.spec.nir_part == _BIRTH and node.array is not None and day > datetime.date.min:
        to_come = _after(node.array, day)
        if to_come.any():
            yield "type", "nir_part: birth", to_come


_BIRTH: NirPart = "birth"
"""The part of a NIR that lies in the past."""


def _after(array: pa.Array, day: datetime.date) -> Bools:
    """Which dates, or local days of timestamps, are after a day; no value of another type is."""
    array = decode(array)
    if pa.types.is_date(array.type):
        return as_flags(pc.greater(array, pa.scalar(day, array.type)))
    if not pa.types.is_timestamp(array.type):
        return np.zeros(len(array), dtype=bool)
    kind = array.type
    end = pa.scalar(day + datetime.timedelta(1), pa.date32()).cast(pa.timestamp(kind.unit))
    if kind.tz is not None:
        end = pc.assume_timezone(end, kind.tz, ambiguous="earliest", nonexistent="earliest")
    return as_flags(pc.greater_equal(array, end))


_FAULT_REASONS: dict[int, Reason] = {UNREADABLE: "unreadable", TYPE: "type"}


def _identifier_problems(
    leaf: TreatLeaf, identifiers: Mapping[JudgeIdentifier, Judgement]
) -> Iterator[Problem]:
    """What is wrong with an identifier that is kept, generalized or pseudonymized."""
    if leaf.identifier is None:
        return
    judgement = identifiers[leaf.identifier]
    rule = f"identifier: {', '.join(leaf.spec.identifier)}"
    if judgement.malformed.any():
        yield "nir-malformed", rule, judgement.malformed
    if judgement.wrong_key.any():
        yield "nir-key", rule, judgement.wrong_key
    if leaf.nir is not None:
        nirs = identifiers[leaf.nir].canonical
        other = are_valid(judgement.canonical) & ~are_valid(nirs)
        if other.any():
            yield "nir-malformed", f"pseudonymize: {BODY_WIDTH} characters", other


def _not_nir_problems(leaf: TreatLeaf, opened: Opened) -> Iterator[Problem]:
    """Which values misfit what the schema says the numbers are that are no NIRs."""
    if leaf.spec.pattern is None and leaf.spec.check is None:
        return
    array = opened.leaf(leaf).array
    assert array is not None
    misfits = misfitting(array, leaf.spec.pattern, leaf.spec.check)
    if misfits.any():
        yield "not-nir", f"not_nir: {leaf.spec.check or 'pattern'}", misfits
