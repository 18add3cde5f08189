"""Not one byte of what a policy does not release is found in what a run leaves behind."""

import json
import logging
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tamis.documents.types import arrow_type
from tamis.plan.project import bundled_project
from tamis.runs.batch import dry_run
from tamis.testing.canaries import Canaries
from tamis.testing.leftovers import Leftovers

from ..lineage.server import problems
from .conftest import IN_MEMORY, Flow, Tamis, receipt_of

POLICIES = sorted(bundled_project().policies())
RELEASED, WITHHELD = 6, 2


def plant(flow: Flow, folder: Path) -> tuple[Canaries, list[Path]]:
    """Write feeds of canaries."""
    canaries = Canaries(flow.schema, flow.plan)
    return canaries, canaries.write(folder, RELEASED, WITHHELD)


@pytest.mark.parametrize("name", POLICIES)
def test_no_canary_is_found_in_what_a_run_leaves(
    name: str,
    flow: Callable[[str], Flow],
    run: Tamis,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    this = flow(name)
    canaries, inputs = plant(this, tmp_path)
    caplog.set_level(logging.DEBUG)

    lineage = tmp_path / "lineage.jsonl"
    outcome = run(name, inputs, tmp_path / "store", "--lineage", f"file:{lineage}")
    measured = dry_run(this.plan, tuple(map(str, inputs)), options=(IN_MEMORY,))

    assert outcome.code == 0, outcome.err
    receipt = receipt_of(tmp_path / "store")
    assert receipt.quarantine == canaries.reasons == measured.receipt.quarantine
    assert receipt.counts == measured.receipt.counts
    assert receipt.counts.released == RELEASED
    assert receipt.counts.withheld == (WITHHELD if canaries.withholds else 0)
    left = Leftovers().add_folder(tmp_path / "store")
    for path, values in canaries.kept.items():
        assert values <= left.values, f"{path} is released and not found"
    left.add_text("output", outcome.out + outcome.err)
    left.add_text("dry run's figures", measured.model_dump_json())
    left.add_text("log", caplog.text)
    told = lineage.read_text(encoding="utf-8")
    left.add_text("lineage", told)
    assert list(left.traces(canaries)) == []
    assert "KEPT" not in told
    events = [json.loads(line) for line in told.splitlines()]
    assert [event["eventType"] for event in events] == ["START", "COMPLETE"]
    assert [text for event in events for text in problems(event)] == []


@pytest.mark.parametrize("name", ["cpir-partage", "evaluation-cpf", "prestataires-inscriptions"])
@pytest.mark.parametrize("group", [1, 3, None])
def test_no_canary_is_found_however_the_parquet_file_is_written(
    name: str, group: int | None, flow: Callable[[str], Flow], run: Tamis, tmp_path: Path
) -> None:
    canaries, (feed,) = plant(flow(name), tmp_path)
    table = pq.read_table(feed).replace_schema_metadata({"CANARY": "CANARY"})
    pq.write_table(
        table, feed, row_group_size=group, write_page_index=True, data_page_version="2.0"
    )
    assert run(name, [feed], tmp_path / "store").code == 0
    assert receipt_of(tmp_path / "store").quarantine == canaries.reasons
    left = Leftovers().add_folder(tmp_path / "store")
    for path, values in canaries.kept.items():
        assert values <= left.values, f"{path} is released and not found"
    assert list(left.traces(canaries)) == []


@pytest.mark.parametrize(
    ("command", "name"), [("run", "dsn-droits"), ("dry-run", "evaluation-cpf")]
)
def test_no_canary_is_printed_by_the_commands_themselves(
    command: str, name: str, flow: Callable[[str], Flow], tmp_path: Path
) -> None:
    canaries, inputs = plant(flow(name), tmp_path)
    run = ["--output", str(tmp_path / "store"), "--allow-unconfirmed"]
    options = {"run": run, "dry-run": ["--json", "-"]}[command]
    named = [part for path in inputs for part in ("--input", str(path))]
    call = [sys.executable, "-m", "tamis", command, name, *named, *options]
    outcome = subprocess.run(call, capture_output=True, text=True, check=True)

    left = (
        Leftovers()
        .add_text("output", outcome.stdout + outcome.stderr)
        .add_folder(tmp_path / "store")
    )
    assert outcome.stdout
    assert list(left.traces(canaries)) == []


def test_a_canary_that_is_there_is_found(
    flow: Callable[[str], Flow], run: Tamis, tmp_path: Path
) -> None:
    """The search itself can fail: each sort of canary, hidden in a compressed dictionary page."""
    canaries = Canaries(flow("cpir-partage").schema, flow("cpir-partage").plan)
    leaves = {
        leaf.spec.type: canaries.canary(path, leaf.spec) for path, leaf in canaries.leaves.items()
    }
    for number, (kind, value) in enumerate(leaves.items()):
        if value is None:
            continue
        folder = tmp_path / str(number)
        folder.mkdir()
        column = pa.array([value] * 100, arrow_type(kind))
        pq.write_table(pa.table({"x": column}), folder / "x.parquet", write_statistics=False)
        left = Leftovers().add_folder(folder)

        assert any("page" in trace for trace in left.traces(canaries)), kind
        assert any("a value" in trace for trace in left.traces(canaries)), kind
