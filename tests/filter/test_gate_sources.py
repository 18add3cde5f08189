"""What a coarser form was made of: a column of NIRs that nobody declared leaves in no part."""

import random
from typing import Any

import pyarrow as pa
import pytest

import tamis
from tamis.plan.plan import Plan, PlanCondition, PlanField

from ..plans import leaf, plan_of, release
from .column_kinds import key, nirs


def _plan(field: PlanField, path: str, **treatment: Any) -> Plan:
    kept = leaf(path, fate="generalized", **treatment)
    return plan_of(field, release(kept, item="R6323-37.III.2", nir="absent"), form="parquet")


BODIES = nirs(random.Random(4), 300)


@pytest.mark.parametrize("prefix", [1, 12])
@pytest.mark.parametrize("with_key", [False, True])
def test_a_prefix_of_nirs_does_not_leave(prefix: int, with_key: bool) -> None:
    plan = _plan(PlanField("ref", "string"), "ref", prefix=prefix)
    numbers = [f"{body}{key(body)}" if with_key else body for body in BODIES]
    done = tamis.minimize(pa.record_batch({"ref": [*numbers, None]}), plan)
    assert done.released["r"].num_rows == 1
    assert set(done.quarantined.column("reason").to_pylist()) == {"nir-leak"}
    assert set(done.quarantined.column("field").to_pylist()) == {"ref"}


def test_of_lists_and_rounded_integers_neither() -> None:
    numbers = [f"{body}{key(body)}" for body in BODIES]
    refs = PlanField("refs", "list", of=PlanField("item", "string"))
    done = tamis.minimize(
        pa.record_batch({"refs": [[], *([number, "x"] for number in numbers)]}),
        _plan(refs, "refs", prefix=12),
    )
    assert done.released["r"].num_rows == 1
    rounded = _plan(PlanField("ref", "int64"), "ref", step=1000)
    done = tamis.minimize(
        pa.record_batch({"ref": [int(number) for number in numbers if number.isdigit()]}), rounded
    )
    assert done.released["r"].num_rows == 0


def test_a_few_of_each_batch_add_up_to_the_evidence_of_the_run() -> None:
    plan = _plan(PlanField("ref", "string"), "ref", prefix=12)
    done = tamis.minimize(pa.record_batch({"ref": BODIES[:20]}), plan)
    assert "ref" in done.tally.sketches


def test_a_source_is_counted_once_and_its_hits_by_chance_are_told() -> None:
    plan = _plan(PlanField("ref", "string"), "ref", prefix=14)
    done = tamis.minimize(pa.record_batch({"ref": BODIES[:11]}), plan)
    assert done.released["r"].num_rows == done.tally.sketches["ref"].left == 11
    chance = random.Random(6)
    numbers = [str(chance.randrange(10**14, 10**15)) for _ in range(3_000)]
    done = tamis.minimize(pa.record_batch({"ref": numbers}), plan)
    assert done.tally.chance == {"ref": (3_000 - done.released["r"].num_rows, 3_000)}


def test_what_a_struct_and_a_condition_hide_is_not_looked_at() -> None:
    inner = PlanField("ref", "string"), PlanField("kind", "string")
    struct = PlanField("s", "struct", fields=inner)
    plan = _plan(
        struct, "s.ref", prefix=12, when=((PlanCondition("s.kind", ("a",), "pour voir"),),)
    )
    rows = [{"ref": number, "kind": "ab"[n % 2]} for n, number in enumerate(BODIES)]
    done = tamis.minimize(pa.record_batch({"s": pa.array(rows)}), plan)
    assert done.rows["r"].to_pylist() == list(range(1, len(rows), 2))


def test_honest_prefixes_pass() -> None:
    chance = random.Random(5)
    values = [f"{chance.randrange(10**8, 10**9)}{chance.randrange(10**5):05}" for _ in range(300)]
    done = tamis.minimize(
        pa.record_batch({"ref": [*values, "75001", "2A004", "commentaire sans rien"]}),
        _plan(PlanField("ref", "string"), "ref", prefix=9),
    )
    assert done.released["r"].num_rows == 303
