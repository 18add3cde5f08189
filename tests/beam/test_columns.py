"""NIRs in a released column, batch by batch too few to be seen, and what becomes of the run."""

import random
import threading
from pathlib import Path

import apache_beam as beam
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import tamis
from tamis.documents.calendar import today
from tamis.errors import RefusedError
from tamis.evidence.receipt import Receipt
from tamis.limits import Limits
from tamis.plan.plan import Plan
from tamis.runs.errors import worker_errors
from tamis.runs.watch import WatchJob, watch

from ..filter.column_kinds import KINDS, key, nirs


@pytest.fixture(scope="module")
def plan() -> Plan:
    """The plan of a policy under paragraph III that keeps a `not_nir` column."""
    return tamis.load_project("cpf").plan("prestataires-inscriptions", on=today())


def inscriptions(numbers: list[str]) -> pa.RecordBatch:
    count = len(numbers)
    return pa.record_batch(
        {
            "numero_dossier": numbers,
            "statut": ["VALIDEE"] * count,
            "nom": ["DURAND"] * count,
            "prenom": ["Anne"] * count,
            "session": [{"id": "S1"}] * count,
            "action": [{"id": "A1"}] * count,
        }
    )


def run(plan: Plan, numbers: list[str], size: int, store: Path) -> Receipt:
    """Run records in batches of `size` into a store."""
    limits = Limits(chunk_records=size)
    with worker_errors(), beam.Pipeline("FnApiRunner") as pipeline:
        records = pipeline | beam.Create([inscriptions(numbers)])
        batches = records | tamis.FromArrow(plan, limits=limits)
        out = batches | tamis.Minimize(plan, "the-run", allow_example=True, allow_unconfirmed=True)
        out | tamis.Store(str(store))
    return Receipt.from_json((store / "_receipts" / "the-run.json").read_bytes())


def test_a_not_nir_column_of_nirs_is_quarantined_whole(plan: Plan) -> None:
    numbers = [number + key(number) for number in nirs(random.Random(1), 300)]

    done = tamis.minimize(inscriptions(numbers), plan)

    assert done.tally.released == 0
    assert done.tally.reasons == {"nir-leak": 300}


@pytest.mark.parametrize("with_key", [True, False])
def test_a_run_whose_batches_are_too_small_to_be_judged_is_not_committed(
    plan: Plan, tmp_path: Path, with_key: bool
) -> None:
    numbers = [n + (key(n) if with_key else "  ") for n in nirs(random.Random(2), 60)]

    with pytest.raises(RefusedError, match=r"column `numero_dossier`: 60 released values are") as e:
        run(plan, numbers, 3, tmp_path)

    assert not list(tmp_path.glob("_receipts/*"))
    assert not list(tmp_path.rglob("inscriptions/*"))
    assert not any(number.strip() in str(e.value) for number in numbers)


def test_references_of_another_kind_are_committed(plan: Plan, tmp_path: Path) -> None:
    numbers = KINDS["15 digits"](random.Random(3), 200)

    receipt = run(plan, numbers, 10, tmp_path)

    assert receipt.counts.released == 200
    assert receipt.anomalies == {}


def test_outputs_that_are_wired_elsewhere_fail_the_pipeline(plan: Plan) -> None:
    numbers = [number + "  " for number in nirs(random.Random(4), 60)]

    pipeline = beam.Pipeline("FnApiRunner")
    batches = (
        pipeline
        | beam.Create([inscriptions(numbers)])
        | tamis.FromArrow(plan, limits=Limits(chunk_records=3))
    )
    out = batches | tamis.Minimize(plan, "the-run", allow_example=True, allow_unconfirmed=True)
    out.released["inscriptions"] | tamis.ToDicts()

    with pytest.raises(RefusedError, match="60 released values are numbers"), worker_errors():
        pipeline.run().wait_until_finish()


def test_files_of_one_round_that_show_nirs_together_are_all_left_aside(
    plan: Plan, tmp_path: Path
) -> None:
    numbers = nirs(random.Random(6), 60)
    for place in range(12):
        name = tmp_path / f"{place}.parquet"
        pq.write_table(pa.table(inscriptions(numbers[5 * place :][:5])), name)
    pattern, store = f"{tmp_path}/*.parquet", tmp_path / "store"
    job = WatchJob(pattern, str(store), "w", once=True)

    with pytest.raises(RefusedError, match="12 files were left aside"):
        watch(job, lambda: plan, lambda _receipt: None, threading.Event())

    assert not list(store.glob("_receipts/*"))
