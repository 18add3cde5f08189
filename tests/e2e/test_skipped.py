"""What no release needs is passed over while reading: receipt and dry run tell how much that is."""

import json
from pathlib import Path
from typing import Any

from tamis.evidence.receipt import Receipt
from tamis.filter.drift import RECORDS_TO_SHOW, WITHHELD
from tamis.synthetic.dsn import write_dsn
from tamis.synthetic.records import make_records

from .conftest import Tamis


def test_receipt_and_dry_run_tell_what_was_skipped(
    flow: Any, run: Tamis, tamis: Tamis, tmp_path: Path
) -> None:
    schema = flow("dsn-droits").schema
    records = make_records(schema, RECORDS_TO_SHOW + 1, seed=1, nir_with_key=False)
    write_dsn(records, schema, tmp_path / "in.dsn", extra={"S10.G00.01.003": "X"})
    outcome = run("dsn-droits", [tmp_path / "in.dsn"], tmp_path / "out", "--fail-on", "drift")
    assert outcome.code == 0, outcome.err
    receipt = Receipt.from_json((tmp_path / "out/_receipts/run.json").read_bytes())
    skipped = receipt.skipped or {}
    assert skipped.get("S21.G00.30.008", 0) > RECORDS_TO_SHOW
    assert skipped[WITHHELD] > 0
    assert "S10.G00.01.003" not in skipped
    assert not receipt.drift.unknown
    line = f"passed over while reading, as no release needs it: {sum(skipped.values())} values"
    assert line in outcome.out

    told, page = tmp_path / "dry.json", tmp_path / "dry.html"
    outcome = tamis(
        *("dry-run", "dsn-droits", "--input", tmp_path / "in.dsn", "--json", told),
        *("--html", page),
    )
    assert line in outcome.out
    assert json.loads(told.read_text())["skipped"] == skipped
    report = page.read_text().replace("<wbr>", "")
    assert line.replace("passed", "Passed") in report
    assert "S21.G00.30.008" in report
