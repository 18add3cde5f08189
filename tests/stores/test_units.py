"""Rows that leave the store under paragraph III: their order is that of their values."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tamis.beam.keys import ThrowawayKeys
from tamis.filter.minimize import minimize
from tamis.formats.chunk import PartKey
from tamis.limits import USUAL, Limits
from tamis.plan.plan import Plan
from tamis.stores.folder import open_folder
from tamis.stores.folder_store import FolderStore
from tamis.stores.protocol import Attempt
from tests.two_partners import PARTNERS, TwoPartners, persons, plan_of


def write(store: Path, plan: Plan, batches: list[pa.RecordBatch], limits: Limits = USUAL) -> Path:
    """Write released batches of one part as a run does; the file that is staged."""
    folder = FolderStore(open_folder(str(store)), limits)
    writer = folder.writer(Attempt.begin("the-run"), plan, "r")
    for seq, batch in enumerate(batches):
        assert not list(writer.write(batch, PartKey(0, 0), seq, pa.array([], pa.int64())))
    (piece,) = writer.finish()
    return store / piece.path


def test_files_of_two_partners_are_joined_by_chance_only(tmp_path: Path) -> None:
    hits = []
    for seed in range(20):
        two = TwoPartners(persons(2_000, seed))
        given = {}
        for partner in PARTNERS:
            path = write(tmp_path / f"{seed}", plan_of(partner), [two.released(partner)])
            given[partner] = pq.read_table(path).column("personne").to_pylist()
        hits.append(two.joined(given))
    assert sum(hits) < 50  # one a seed is expected
    assert max(hits) < 9


SHAPES = st.fixed_dictionaries(
    {
        "count": st.integers(1, 40),
        "unit_rows": st.integers(1, 9),
        "chunk": st.integers(1, 12),
        "pseudonym": st.booleans(),
        "seed": st.integers(0, 2**32 - 1),
    }
)
KEYS = ThrowawayKeys()


@settings(max_examples=40)
@given(shape=SHAPES)
def test_rows_of_a_unit_that_come_in_another_order_make_the_same_file(
    shape: dict[str, int], tmp_path_factory: pytest.TempPathFactory
) -> None:
    count, unit, chunk = shape["count"], shape["unit_rows"], shape["chunk"]
    rng = np.random.default_rng(shape["seed"])
    feed = persons(count, shape["seed"])
    cuts = [*range(0, count, unit)]
    if len(cuts) > 1 and count % unit:
        cuts.pop()  # what is left joins the unit before it
    moved = [
        cut + rng.permutation(end - cut) for cut, end in zip(cuts, [*cuts[1:], count], strict=True)
    ]
    contents = []
    for rows in (feed, feed.take(pa.array(np.concatenate(moved)))):
        plan = plan_of("evaluation", pseudonym=bool(shape["pseudonym"]))
        released = minimize(rows, plan, keys=KEYS).released["r"]
        batches = [released.slice(start, chunk) for start in range(0, count, chunk)]
        folder = tmp_path_factory.mktemp("store")
        contents.append(write(folder, plan, batches, Limits(unit_rows=unit)).read_bytes())
    assert contents[0] == contents[1]


def test_what_goes_into_the_store_keeps_the_order_of_the_source(tmp_path: Path) -> None:
    plan = plan_of("evaluation", direction="into-store")
    rows = minimize(persons(50, 1), plan, keys=KEYS).released["r"]
    assert pq.read_table(write(tmp_path, plan, [rows])).to_pylist() == rows.to_pylist()
