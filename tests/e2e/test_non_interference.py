"""Two inputs that differ only in what is dropped leave the same bytes behind."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tamis import limits
from tamis.synthetic.files import write_feed
from tamis.synthetic.records import DIRTY, Record, make_records
from tamis.testing.variation import Variation, used_paths

from .conftest import Flow, Tamis, receipt_of

RECORDS, CHUNK, PART = 200, 48, 96


@pytest.fixture(autouse=True)
def small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Many chunks and parts, so that what is dropped could move their boundaries."""
    small = limits.Limits(chunk_records=CHUNK, object_chunk_records=CHUNK, part_rows=PART)
    monkeypatch.setattr(limits, "USUAL", small)


def files_of(store: Path) -> dict[str, bytes]:
    """Every file of a store but the receipt."""
    return {
        str(path.relative_to(store)): path.read_bytes()
        for path in sorted(store.rglob("*"))
        if path.is_file() and path.suffix == ".parquet"
    }


def receipt_without_run(store: Path) -> object:
    """The receipt, without what it says of the input's bytes and of the time."""
    receipt = receipt_of(store).model_dump(mode="json", exclude={"started", "ended"})
    for one in receipt["inputs"]:
        del one["bytes"], one["sha256"]
    return receipt


def feed_of(flow: Flow) -> list[Record]:
    clean = flow.format == "dsn"
    return make_records(
        flow.schema, RECORDS, seed=3, policies=[flow.policy], dirt=DIRTY, nir_with_key=not clean
    )


FLOWS = {
    "accompagnement-parcours": 4_000,
    "cpir-partage": 2_000,
    "regularite-prestataires": 8_000,
    "si-cpa-compte": 10_000,
}
"""By policy, how long its dropped texts become: past the sizes of blocks and pieces."""


@pytest.mark.parametrize("name", FLOWS)
def test_what_is_dropped_leaves_no_trace(
    name: str, flow: Callable[[str], Flow], run: Tamis, tmp_path: Path
) -> None:
    this = flow(name)
    feed = tmp_path / f"feed.{this.format}"
    records = feed_of(this)
    write_feed(records, this.schema, feed)
    assert run(name, [feed], tmp_path / "one").code == 0
    first = feed.stat().st_size

    variation = Variation(this.schema, this.plan, FLOWS[name])
    write_feed(variation.records(records), this.schema, feed)
    assert run(name, [feed], tmp_path / "other").code == 0

    assert variation.changed > RECORDS
    assert feed.stat().st_size > 2 * first
    files = files_of(tmp_path / "one")
    assert len(files) > 2
    assert files == files_of(tmp_path / "other")
    assert receipt_without_run(tmp_path / "one") == receipt_without_run(tmp_path / "other")
    assert receipt_of(tmp_path / "one").counts.released > RECORDS // 4


def test_encodings_types_and_places_of_dropped_parquet_columns_leave_no_trace(
    flow: Callable[[str], Flow], run: Tamis, tmp_path: Path
) -> None:
    this = flow("evaluation-cpf")
    feed = tmp_path / "feed.parquet"
    write_feed(feed_of(this), this.schema, feed)
    assert run(this.name, [feed], tmp_path / "one").code == 0

    table = pq.read_table(feed)
    used = {path.split(".")[0] for path in used_paths(this.schema, this.plan)}
    dropped = [name for name in table.column_names if name not in used]
    for number, name in enumerate(dropped):
        values = pa.array([f"autre {number} {row}" for row in range(len(table))])
        if number % 2:
            values = values.dictionary_encode()
        table = table.drop_columns(name).add_column(0, name, pa.chunked_array([values]))
    table = table.replace_schema_metadata({"producer": "another"})
    pq.write_table(
        table,
        feed,
        row_group_size=RECORDS // 3,
        data_page_size=512,
        use_dictionary=dropped[::2],
        compression={name: "zstd" if name in dropped else "snappy" for name in used | set(dropped)},
    )
    assert run(this.name, [feed], tmp_path / "other").code == 0

    assert len(dropped) > 5
    assert files_of(tmp_path / "one") == files_of(tmp_path / "other")
    assert receipt_without_run(tmp_path / "one") == receipt_without_run(tmp_path / "other")


def test_other_rubriques_of_a_dsn_leave_no_trace(
    flow: Callable[[str], Flow], run: Tamis, tmp_path: Path
) -> None:
    this = flow("dsn-droits")
    feed = tmp_path / "feed.dsn"
    records = feed_of(this)
    write_feed(records, this.schema, feed, extra={"S10.G00.02.002": "UN", "S21.G00.30.099": "1"})
    assert run(this.name, [feed], tmp_path / "one").code == 0
    lines = feed.read_bytes().count(b"\n")

    longer = {"S10.G00.02.002": "DEUX" * 50, "S21.G00.30.099": "2" * 200}
    write_feed(records, this.schema, feed, extra=longer)
    assert feed.read_bytes().count(b"\n") == lines
    assert run(this.name, [feed], tmp_path / "longer").code == 0

    varied = Variation(this.schema, this.plan, 200).records(records)
    write_feed(varied, this.schema, feed, extra=longer)
    assert feed.read_bytes().count(b"\n") > lines
    assert run(this.name, [feed], tmp_path / "more").code == 0

    one, more = files_of(tmp_path / "one"), files_of(tmp_path / "more")
    assert len(one) > 2
    assert one == files_of(tmp_path / "longer")
    assert receipt_without_run(tmp_path / "one") == receipt_without_run(tmp_path / "longer")
    # Positions in a DSN are lines, and these move; and there are more lines that are passed over,
    # which the receipt counts by rubrique, as it does what it read. All else is the same.
    assert told_without_files(tmp_path / "one") == told_without_files(tmp_path / "more")
    assert one.keys() == more.keys()
    for path, data in one.items():
        if path.startswith("_quarantine"):
            rows = [pq.read_table(pa.BufferReader(found)) for found in (data, more[path])]
            assert rows[0].drop_columns("position") == rows[1].drop_columns("position")
        else:
            assert data == more[path]


def told_without_files(store: Path) -> object:
    receipt: Any = receipt_without_run(store)
    del receipt["quarantine_files"], receipt["skipped"]
    for cause in receipt["quarantine_causes"]:
        del cause["position"]
    return receipt
