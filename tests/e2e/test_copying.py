"""Runs whose columns are copied as they stand: as private, and as repeatable, as any other."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tamis.beam import read
from tamis.filter.minimize import minimize
from tamis.formats import parquet_stored
from tamis.formats.parquet import split
from tamis.keys.keyring import open_keyring
from tamis.runs.batch import Job
from tamis.runs.batch import run as run_job
from tamis.synthetic.files import write_feed
from tamis.synthetic.records import DIRTY, Record, make_records

from .conftest import Flow, Tamis, receipt_of
from .haystack import Haystack, pages
from .test_canaries import found, plant
from .test_non_interference import Varied, files_of, told, used_paths

FLOWS = ("cpir-partage", "evaluation-cpf", "prestataires-inscriptions")
"""Flows of Parquet files: the NIR kept, a pseudonym, structs and conditions."""

GROUP, PART, PARTS = 20, 60, 3
RECORDS = PARTS * PART


@pytest.fixture(autouse=True)
def _small_groups(monkeypatch: pytest.MonkeyPatch) -> None:
    def small(stream: Any, source: str, rows: int = PART) -> Any:
        return split(stream, source, rows)

    monkeypatch.setattr(parquet_stored, "FEWEST_ROWS", 1)
    monkeypatch.setattr(read, "split", small)


def write(flow: Flow, path: Path, records: list[Record], **options: Any) -> pa.Table:
    """The records as a file of small row groups."""
    write_feed(records, flow.schema, path)
    table = pq.read_table(path)
    pq.write_table(table, path, row_group_size=GROUP, **options)
    return table


def records_of(flow: Flow, folder: Path, keys: str, spoilt: int = 0) -> list[Record]:
    """Records that are released; in `spoilt` of the row groups one that is not."""
    records = make_records(
        flow.schema, 8 * RECORDS, seed=5, policies=[flow.policy], dirt=DIRTY, nir_with_key=True
    )
    write_feed(records, flow.schema, folder / "all.parquet")
    (batch,) = pq.read_table(folder / "all.parquet").combine_chunks().to_batches()
    done = minimize(batch, flow.plan, keys=open_keyring(keys))
    passed = set(done.rows[flow.plan.releases[0].id].to_pylist())
    good = [one for row, one in enumerate(records) if row in passed][:RECORDS]
    bad = [one for row, one in enumerate(records) if row not in passed]
    assert len(good) == RECORDS
    for group in range(spoilt):
        good[group * GROUP + group % GROUP] = bad[group]
    return good


def sizes(store: Path) -> list[list[int]]:
    """Rows of each row group, by released file."""
    return [
        [file.metadata.row_group(at).num_rows for at in range(file.num_row_groups)]
        for path in sorted(store.glob("[a-z]*/*/*.parquet"))
        for file in [pq.ParquetFile(path)]
    ]


@pytest.mark.parametrize("spoilt", [0, 4, RECORDS // GROUP])
@pytest.mark.parametrize("name", FLOWS)
def test_a_run_that_copies_releases_the_rows_of_one_that_does_not(
    name: str,
    spoilt: int,
    flow: Callable[[str], Flow],
    run: Tamis,
    keys: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    feed = tmp_path / "feed.parquet"
    write(flow(name), feed, records_of(flow(name), tmp_path, keys, spoilt))
    assert run(name, [feed], tmp_path / "copied").code == 0
    monkeypatch.setattr(parquet_stored, "FEWEST_ROWS", 1 << 40)
    assert run(name, [feed], tmp_path / "decoded").code == 0

    copied, decoded = files_of(tmp_path / "copied"), files_of(tmp_path / "decoded")
    assert copied.keys() == decoded.keys()
    for path in copied:
        mine, other = (pq.read_table(pa.BufferReader(files[path])) for files in (copied, decoded))
        assert mine.equals(other)
    one, two = (receipt_of(tmp_path / where) for where in ("copied", "decoded"))
    assert one.counts == two.counts
    assert one.quarantine == two.quarantine
    assert one.counts.released == RECORDS - spoilt
    whole = [GROUP] * (PART // GROUP)
    assert (sizes(tmp_path / "copied") == [whole] * PARTS) is (not spoilt)
    assert sizes(tmp_path / "decoded")[-1] == [PART - max(0, spoilt - 6)]


@pytest.mark.parametrize("name", FLOWS)
def test_what_is_dropped_leaves_no_trace_in_what_is_copied(
    name: str, flow: Callable[[str], Flow], run: Tamis, keys: str, tmp_path: Path
) -> None:
    this, feed = flow(name), tmp_path / "feed.parquet"
    records = records_of(this, tmp_path, keys, spoilt=2)
    table = write(this, feed, records)
    assert run(name, [feed], tmp_path / "one").code == 0

    varied = Varied(this, 900).records(records, this.schema)
    write(this, feed, varied)
    assert run(name, [feed], tmp_path / "other").code == 0
    assert len(files_of(tmp_path / "one")) > 2
    assert files_of(tmp_path / "one") == files_of(tmp_path / "other")
    assert told(tmp_path / "one") == told(tmp_path / "other")

    used = {path.split(".")[0] for path in used_paths(this)}
    dropped = [one for one in table.column_names if one not in used]
    table = table.select([*reversed(dropped), *(n for n in table.column_names if n in used)])
    pq.write_table(
        table.replace_schema_metadata({"producer": "another"}),
        feed,
        row_group_size=GROUP,
        use_dictionary=[n for n in _leaves(table) if n.split(".")[0] in used],
        compression={n: "zstd" if n.split(".")[0] in dropped else "snappy" for n in _leaves(table)},
        write_page_index=True,
    )
    assert run(name, [feed], tmp_path / "moved").code == 0
    assert files_of(tmp_path / "one") == files_of(tmp_path / "moved")


def _leaves(table: pa.Table) -> list[str]:
    sink = pa.BufferOutputStream()
    pq.write_table(table.slice(0, 0), sink)
    schema = pq.ParquetFile(pa.BufferReader(sink.getvalue())).schema
    return [schema.column(at).path for at in range(len(schema))]


@pytest.mark.parametrize("name", FLOWS)
def test_no_canary_is_found_in_what_a_run_that_copies_leaves(
    name: str, flow: Callable[[str], Flow], run: Tamis, tmp_path: Path
) -> None:
    planter, (feed,), reasons = plant(flow(name), tmp_path)
    table = pq.read_table(feed).replace_schema_metadata({"CANARY": "CANARY"})
    for size in (1, 3, len(table)):
        store = tmp_path / f"store-{size}"
        pq.write_table(
            table, feed, row_group_size=size, write_page_index=True, data_page_version="2.0"
        )
        assert run(name, [feed], store).code == 0
        assert receipt_of(store).quarantine == reasons
        hay = Haystack().add_folder(store)
        for path, values in planter.kept.items():
            assert values <= hay.values, f"{path} is released and not found"
        assert list(found(hay, planter)) == []


def test_other_workers_copy_the_same_bytes(
    flow: Callable[[str], Flow], keys: str, tmp_path: Path
) -> None:
    this, feed = flow("cpir-partage"), tmp_path / "feed.parquet"
    write(this, feed, records_of(this, tmp_path, keys, spoilt=2))
    stores = {}
    for mode in ("in_memory", "multi_threading"):
        options = (f"--direct_running_mode={mode}", "--direct_num_workers=2")
        store = tmp_path / mode
        run_job(Job(this.plan, (str(feed),), str(store), "run", keys, options=options))
        stores[mode] = files_of(store)
    assert stores["in_memory"] == stores["multi_threading"]
    assert any(len(groups) > 1 for groups in sizes(tmp_path / "in_memory"))


def test_verify_agrees_with_what_was_copied(
    flow: Callable[[str], Flow], run: Tamis, tamis: Tamis, keys: str, tmp_path: Path
) -> None:
    this, feed = flow("cpir-partage"), tmp_path / "feed.parquet"
    write(this, feed, records_of(this, tmp_path, keys))
    assert run(this.name, [feed], tmp_path / "store").code == 0
    said = tamis("verify", tmp_path / "store" / "_receipts" / "run.json")
    assert said.code == 0, said.out
    for data in files_of(tmp_path / "store").values():
        assert list(pages(data))
