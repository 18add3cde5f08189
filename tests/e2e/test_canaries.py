"""Not one byte of what a policy does not release is found in what a run leaves behind."""

import datetime
import logging
import subprocess
import sys
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tamis.documents.types import arrow_type
from tamis.plan.project import bundled_project
from tamis.runs.batch import dry_run
from tamis.synthetic.files import write_feed
from tamis.synthetic.records import space_nir

from .conftest import IN_MEMORY, Flow, Tamis, receipt_of
from .haystack import Haystack
from .planting import CANARY_BIRTH, CANARY_DAY, COARSE_DAY, COARSE_NUMBER, LIMIT, Planter

POLICIES = sorted(bundled_project().policies())
RELEASED, WITHHELD = 6, 2

BYTES = (b"CANARY", b"ZZZ", b"ZZ%\0", b"ZZ\xf9\xff")
DAYS = tuple(
    text.encode()
    for day in (CANARY_BIRTH, CANARY_DAY, COARSE_DAY)
    for text in (day.isoformat(), f"{day:%d/%m}/{day.year:04}")
)


def plant(flow: Flow, folder: Path) -> tuple[Planter, list[Path], dict[str, int]]:
    """Write feeds of canaries; how many records come to quarantine for each reason."""
    planter = Planter(flow.schema, flow.plan)
    released = [planter.released(number) for number in range(RELEASED)]
    withheld = [planter.withheld() for _ in range(WITHHELD)] if flow.plan.releases[0].where else []
    quarantined = list(planter.quarantined())
    reasons: dict[str, int] = {}
    for reason, _ in quarantined:
        reasons[reason] = reasons.get(reason, 0) + 1
    spoilt = [record for _, record in quarantined]
    feed = folder / f"{flow.name}.{flow.format}"
    is_whole = flow.schema.format.whole_file is not None  # one breach would stop all records
    extra = {} if is_whole else {"colonne_inconnue": planter.text()}
    inputs = [feed]
    if flow.format == "dsn":
        write_feed(released + spoilt, flow.schema, feed, extra=planter.around(True))
        inputs.append(folder / "withheld.dsn")
        write_feed(withheld, flow.schema, inputs[1], extra=planter.around(False))
    elif flow.format == "xml":  # what stands around the records is that of the first
        write_feed([*released, *withheld, *spoilt], flow.schema, feed, extra=extra)
    else:
        write_feed([*withheld, *released, *spoilt], flow.schema, feed, extra=extra)
    if flow.format in ("csv", "jsonl") and not is_whole:
        wrong = '{"nom": "CANARY' if flow.format == "jsonl" else ";".join(["CANARY"] * 99)
        with feed.open("a", encoding="utf-8") as stream:
            stream.write(wrong + "\n")
        reasons["unreadable"] = 1
    return planter, inputs, reasons


def found(hay: Haystack, planter: Planter) -> Iterator[str]:
    """Every trace of a canary, and where."""
    for needle in (*BYTES, *DAYS):
        for place in hay.where(needle):
            yield f"{needle!r} in {place}"
    for body in planter.nirs:
        for form in (body, space_nir(body)):
            for place in hay.where(form.encode()):
                yield f"a NIR in {place}"
    for value in hay.values:
        if is_canary(value):
            yield f"a value of type {type(value).__name__}"


def is_canary(value: Any) -> bool:
    if isinstance(value, datetime.date):
        return not 1000 < value.year < 7000 or value == COARSE_DAY
    if isinstance(value, int):
        return value >= 0x5A5A5A5A
    if isinstance(value, float | Decimal):
        return value >= LIMIT or value == COARSE_NUMBER
    return isinstance(value, str | bytes) and "CANARY" in str(value)


@pytest.mark.parametrize("name", POLICIES)
def test_no_canary_is_found_in_what_a_run_leaves(
    name: str,
    flow: Callable[[str], Flow],
    run: Tamis,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    this = flow(name)
    planter, inputs, reasons = plant(this, tmp_path)
    caplog.set_level(logging.DEBUG)

    outcome = run(name, inputs, tmp_path / "store")
    measured = dry_run(this.plan, tuple(map(str, inputs)), options=(IN_MEMORY,))

    assert outcome.code == 0, outcome.err
    receipt = receipt_of(tmp_path / "store")
    assert receipt.quarantine == reasons == measured.receipt.quarantine
    assert receipt.counts == measured.receipt.counts
    assert receipt.counts.released == RELEASED
    assert receipt.counts.withheld == (WITHHELD if this.plan.releases[0].where else 0)
    hay = Haystack().add_folder(tmp_path / "store")
    for path, values in planter.kept.items():
        assert values <= hay.values, f"{path} is released and not found"
    hay.add_text("output", outcome.out + outcome.err)
    hay.add_text("dry run's figures", measured.model_dump_json())
    hay.add_text("log", caplog.text)
    assert list(found(hay, planter)) == []


@pytest.mark.parametrize("name", ["cpir-partage", "evaluation-cpf", "prestataires-inscriptions"])
@pytest.mark.parametrize("group", [1, 3, None])
def test_no_canary_is_found_however_the_parquet_file_is_written(
    name: str, group: int | None, flow: Callable[[str], Flow], run: Tamis, tmp_path: Path
) -> None:
    planter, (feed,), reasons = plant(flow(name), tmp_path)
    table = pq.read_table(feed).replace_schema_metadata({"CANARY": "CANARY"})
    pq.write_table(
        table, feed, row_group_size=group, write_page_index=True, data_page_version="2.0"
    )
    assert run(name, [feed], tmp_path / "store").code == 0
    assert receipt_of(tmp_path / "store").quarantine == reasons
    hay = Haystack().add_folder(tmp_path / "store")
    for path, values in planter.kept.items():
        assert values <= hay.values, f"{path} is released and not found"
    assert list(found(hay, planter)) == []


@pytest.mark.parametrize(
    ("command", "name"), [("run", "dsn-droits"), ("dry-run", "evaluation-cpf")]
)
def test_no_canary_is_printed_by_the_commands_themselves(
    command: str, name: str, flow: Callable[[str], Flow], tmp_path: Path
) -> None:
    planter, inputs, _ = plant(flow(name), tmp_path)
    run = ["--output", str(tmp_path / "store"), "--allow-unconfirmed"]
    options = {"run": run, "dry-run": ["--json", "-"]}[command]
    named = [part for path in inputs for part in ("--input", str(path))]
    call = [sys.executable, "-m", "tamis", command, name, *named, *options]
    outcome = subprocess.run(call, capture_output=True, text=True, check=True)

    hay = (
        Haystack()
        .add_text("output", outcome.stdout + outcome.stderr)
        .add_folder(tmp_path / "store")
    )
    assert outcome.stdout
    assert list(found(hay, planter)) == []


def test_a_canary_that_is_there_is_found(
    flow: Callable[[str], Flow], run: Tamis, tmp_path: Path
) -> None:
    """The search itself can fail: each sort of canary, hidden in a compressed dictionary page."""
    planter = Planter(flow("cpir-partage").schema, flow("cpir-partage").plan)
    leaves = {
        leaf.spec.type: planter.canary(path, leaf.spec) for path, leaf in planter.leaves.items()
    }
    for number, (kind, value) in enumerate(leaves.items()):
        if value is None:
            continue
        folder = tmp_path / str(number)
        folder.mkdir()
        column = pa.array([value] * 100, arrow_type(kind))
        pq.write_table(pa.table({"x": column}), folder / "x.parquet", write_statistics=False)
        hay = Haystack().add_folder(folder)

        assert any("page" in one for one in found(hay, planter)), kind
        assert any("a value" in one for one in found(hay, planter)), kind
