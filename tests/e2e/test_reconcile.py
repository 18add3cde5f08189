"""Every record has exactly one disposition, and a dry run tells the figures of the run."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from tamis.evidence.receipt import Receipt
from tamis.plan.project import bundled_project
from tamis.runs.batch import dry_run
from tamis.synthetic.files import write_feed
from tamis.synthetic.records import Dirt, make_records
from tamis.verify.verify import verify

from .conftest import IN_MEMORY, Flow, Tamis, receipt_of

POLICIES = sorted(bundled_project().policies())
DIRT = {
    1: Dirt(),
    2: Dirt(malformed=0.1, wrong_key=0.1, in_text=0.5, mistyped=0.1),
    3: Dirt(in_text=1.0, mistyped=0.5),
}
"""By seed, how dirty the feed is."""


def figures(receipt: Receipt) -> Any:
    """What a dry run and a run must agree on."""
    fields = receipt.model_dump(mode="json", exclude={"run", "started", "ended", "keys", "allowed"})
    fields.pop("quarantine_files")
    for release in fields["releases"].values():
        del release["files"], release["smallest_unit"]  # only what is written has them
    return fields


@pytest.mark.parametrize("name", POLICIES)
def test_a_dry_run_and_a_run_reconcile_and_agree(
    name: str, flow: Callable[[str], Flow], run: Tamis, tmp_path: Path
) -> None:
    this = flow(name)
    feeds = []
    for seed, dirt in DIRT.items():
        feeds.append(tmp_path / f"{seed}.{this.format}")
        records = make_records(
            this.schema,
            40 * seed,
            seed=seed,
            policies=[this.policy],
            dirt=dirt,
            nir_with_key=this.format != "dsn",
        )
        extra = {} if this.schema.format.whole_file else {"inconnue": "x"}
        write_feed(records, this.schema, feeds[-1], extra=extra)

    store = tmp_path / "store"
    outcome = run(name, feeds, store)
    dry = dry_run(this.plan, tuple(map(str, feeds)), options=(IN_MEMORY,)).receipt

    assert outcome.code == 0, outcome.err
    receipt = receipt_of(store)
    assert figures(receipt) == figures(dry)
    counts = receipt.counts
    assert counts.in_ == sum(40 * seed for seed in DIRT)
    assert [input.rows for input in receipt.inputs] == [40 * seed for seed in DIRT]
    assert counts.in_ == counts.released + counts.withheld + counts.quarantined
    assert counts.released > 0
    assert sum(receipt.quarantine.values()) == counts.quarantined
    assert sum(map(rows_of(store), receipt.quarantine_files or ())) == counts.quarantined
    for release in receipt.releases.values():
        assert sum(map(rows_of(store), release.files or ())) == release.rows <= counts.released
    listed = {file.path for file in receipt.files()}
    assert listed == {str(path.relative_to(store)) for path in store.rglob("*.parquet")}
    findings = verify(store / "_receipts" / "run.json", bundled_project())
    assert {finding.outcome for finding in findings} == {"ok"}, findings


def rows_of(store: Path) -> Callable[[Any], int]:
    return lambda file: int(pq.ParquetFile(store / file.path).metadata.num_rows)
