"""The stages of the filter, called by themselves, and the compiled plan that they work on."""

from dataclasses import replace
from typing import Any

import pyarrow as pa

from tamis.arrow.types import Bools
from tamis.filter.compiled import CompiledPlan, OpenColumn, TestLeaf, TreatLeaf, compile_steps
from tamis.filter.execution import Columns, build_columns, gate, select, select_columns
from tamis.filter.judge import judge
from tamis.filter.lookup import match
from tamis.filter.opened import Opened, open_columns, open_tested
from tamis.filter.treat import treat
from tamis.limited.persons import NOBODY
from tamis.plan.plan import PlanCondition, PlanField

from ..plans import leaf, plan_of, release

NIR = "155087599999193"
FIELDS = (
    PlanField("nature", "string"),
    PlanField("note", "string", free_text=True),
    PlanField("n", "int8", nullable=False),
)


def compiled() -> CompiledPlan:
    """Two releases that redact one note, the second only of some records."""
    redacted = leaf("note", fate="redacted", redact=True)
    where = (PlanCondition("nature", ("CPF",), "pour l'essai"),)
    absent: dict[str, Any] = {"item": "R6323-37.III.2", "purpose": "R6323-33.5", "nir": "absent"}
    first = release(redacted, id="a", **absent)
    second = release(redacted, leaf("n"), id="b", where=where, **absent)
    return compile_steps(plan_of(*FIELDS, first, second, carries_nir=False))


BATCH = pa.record_batch(
    {
        "nature": ["CPF", "CPF", "DIF", None],
        "note": [f"NIR {NIR}", "rien", "rien", None],
        "n": ["1", None, None, "4"],
    }
)


def test_a_step_is_made_once_and_knows_the_releases_that_need_it() -> None:
    plan = compiled()

    assert len(plan.steps) == 8
    note, n = plan.steps_of(TreatLeaf, plan.releases)
    assert (note.releases, n.releases) == ({0, 1}, {1})
    assert plan.releases[0].columns[0] is plan.releases[1].columns[0]
    assert not any(step.releases for step in plan.steps if isinstance(step, TestLeaf))


def matched(plan: CompiledPlan, batch: pa.RecordBatch) -> tuple[Opened, Bools]:
    """The tested columns, and which rows are withheld."""
    opened = open_tested(plan, batch)
    withheld, _unnamed = match(plan, opened, NOBODY)
    return opened, withheld


def test_equal_plans_are_compiled_once() -> None:
    assert compiled() is compiled()


def test_each_stage_can_be_looked_at_by_itself() -> None:
    plan = compiled()

    tested, withheld = matched(plan, BATCH)
    assert [rows.tolist() for rows in tested.matches] == [
        [True, True, True, True],
        [True, True, False, False],
    ]
    assert list(tested.nodes) == [plan.releases[1].where[0].column]
    assert not withheld.any()

    opened = open_columns(plan, BATCH, tested)
    assert [step.root.name for step in opened.nodes] == ["nature", "note", "n"]

    identifiers = judge(plan, opened)
    assert opened.failures.rows.tolist() == [False, True, False, False]

    leaves = treat(plan, opened, identifiers, None)
    note, _ = plan.steps_of(TreatLeaf, plan.releases)
    assert leaves[note].array.to_pylist() == ["NIR [NIR]", "rien", "rien", None]
    assert opened.failures.with_nir.tolist() == [True, False, False, False]

    selections = select(plan, opened)
    assert [selection.rows.tolist() for selection in selections] == [[0, 2, 3], [0]]

    built = build_columns(plan, opened, leaves, selections)
    columns: Columns = {}
    select_columns(plan.releases, built, selections, columns)
    assert columns[plan.releases[1].columns[1], selections[1]].to_pylist() == [1]
    assert gate(plan.releases, opened, leaves, selections, columns) == (False, {}, {})


def test_only_what_matching_releases_need_is_opened_and_only_of_their_rows() -> None:
    plan = compiled()
    only_b = compile_steps(replace(plan.plan, releases=plan.plan.releases[1:]))
    batch = BATCH.take([0, 2, 3])

    opened = open_columns(only_b, batch, matched(only_b, batch)[0])

    assert opened.at_base(opened.matches[0]).tolist() == [0]
    assert [step.root.name for step in opened.nodes] == ["note", "n"]
    nothing = open_columns(only_b, batch.slice(1), matched(only_b, batch.slice(1))[0])
    assert not nothing.nodes
    assert len(list(only_b.steps_of(OpenColumn, only_b.releases))) == 2
