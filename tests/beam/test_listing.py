"""One file that many workers read is what one worker reads of it: rows, places, receipt, names."""

import csv
import datetime
import gzip
import hashlib
import logging
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest

from tamis.beam.files import digest
from tamis.beam.select import Selection
from tamis.documents.feed_format import Format
from tamis.errors import InputError, UsageError
from tamis.evidence.fail_on import USUAL_GUARDS
from tamis.evidence.receipt import Receipt
from tamis.formats.suffixes import format_of
from tamis.limits import Limits
from tamis.plan.compile import compile_plan
from tamis.plan.project import bundled_project
from tamis.runs.batch import Job, dry_run, run
from tamis.stores.opening import open_store
from tamis.synthetic.dsn import DsnStyle, write_dsn
from tamis.synthetic.files import write_feed
from tamis.synthetic.records import DIRTY, make_records
from tamis.verify.verify import verify_store

from .conftest import IN_MEMORY, POLICY, Feed, evidence, tree

WHOLE = Limits(part_rows=50, chunk_records=20, object_chunk_records=20, unit_rows=15)
WORKERS = ("--direct_num_workers=2", "--direct_running_mode=multi_threading")


def write(path: Path, records: int = 130) -> Path:
    """Records of the feed in the format of the file's name."""
    project = bundled_project()
    policy, _ = project.policy(POLICY)
    schema, _ = project.schema(policy.schema_)
    rows = make_records(schema, records, seed=7, policies=[policy], dirt=DIRTY)
    path.parent.mkdir(exist_ok=True)
    schema = schema.model_copy(update={"format": format_of_name(path)})
    write_feed(rows, schema, path, extra={"inconnu": "x"})
    return path


def format_of_name(path: Path) -> Format:
    return Format(name=format_of(path.name) or "csv")


def run_into(feed: Feed, store: Path, file: Path, limits: Limits, *options: str) -> Receipt:
    receipt, before = run(job_of(feed, store, file, limits, *options))
    assert receipt is not None
    assert not before
    return receipt


def job_of(feed: Feed, store: Path, file: Path, limits: Limits, *options: str) -> Job:
    plan = replace(feed.job.plan, format=format_of_name(file))
    options = options or (IN_MEMORY,)
    return replace(
        feed.job, plan=plan, inputs=(str(file),), limits=limits, output=str(store), options=options
    )


def but_digests(receipt: Receipt) -> dict[str, Any]:
    said = evidence(receipt)
    for read in said["inputs"]:  # type: ignore[attr-defined]
        read["sha256"] = read["sha256_tree"] = None
    return said


@pytest.mark.parametrize("form", ["csv", "jsonl", "avro"])
def test_a_file_by_ranges_is_the_same(feed: Feed, tmp_path: Path, form: str) -> None:
    file = write(tmp_path / "in" / f"feed.{form}")
    whole = run_into(feed, tmp_path / "whole", file, WHOLE)
    files = tree(tmp_path / "whole")
    assert len({name[-13:] for name in files}) >= 2
    size, store = 700, tmp_path / "ranges"
    receipt = run_into(feed, store, file, replace(WHOLE, block_bytes=size), *WORKERS)
    assert tree(store) == files
    assert but_digests(receipt) == but_digests(whole)
    data = file.read_bytes()
    blocks = [data[at : at + size] for at in range(0, len(data), size)]
    tree_digest = hashlib.sha256(b"".join(hashlib.sha256(block).digest() for block in blocks))
    assert receipt.inputs[0].sha256 is None
    assert receipt.inputs[0].sha256_tree == tree_digest.hexdigest()
    assert whole.inputs[0].sha256 == hashlib.sha256(data).hexdigest()


def test_a_run_done_again_knows_its_inputs_by_their_blocks(feed: Feed, tmp_path: Path) -> None:
    file = write(tmp_path / "in" / "feed.csv")
    limits = replace(WHOLE, block_bytes=1_000)
    store = tmp_path / "store"
    receipt = run_into(feed, store, file, limits)
    job = job_of(feed, store, file, limits)
    assert run(job) == (receipt, True)
    other, _before = run(replace(job, run="another"))
    assert other is not None
    assert other.inputs[0].released_before == "the-run"
    file.write_bytes(file.read_bytes()[:-20])
    with pytest.raises(UsageError, match="not with the same inputs"):
        run(job)


def test_a_parquet_file_of_several_parts_is_digested_by_blocks(feed: Feed, tmp_path: Path) -> None:
    whole = write(tmp_path / "in" / "feed.parquet")
    file = tmp_path / "in" / "groups.parquet"
    pq.write_table(pq.read_table(whole), file, row_group_size=50)
    before = run_into(feed, tmp_path / "whole", file, WHOLE)
    assert before.inputs[0].sha256
    limits = replace(WHOLE, block_bytes=3_000)
    receipt = run_into(feed, tmp_path / "blocks", file, limits, *WORKERS)
    assert tree(tmp_path / "blocks") == tree(tmp_path / "whole")
    assert but_digests(receipt) == but_digests(before)
    assert receipt.inputs[0].sha256_tree
    one_part = run_into(feed, tmp_path / "one", whole, replace(limits, part_rows=999))
    assert one_part.inputs[0].sha256


@pytest.mark.parametrize(
    ("name", "reason"),
    [("feed.csv.gz", "is compressed"), ("quotes.csv", "a quote, or a block, leaves in doubt")],
)
def test_a_file_that_one_worker_must_read_is_told(
    feed: Feed, tmp_path: Path, name: str, reason: str, caplog: pytest.LogCaptureFixture
) -> None:
    data = write(tmp_path / "in" / "feed.csv").read_bytes()
    file = tmp_path / "in" / name
    file.write_bytes(gzip.compress(data) if name.endswith(".gz") else data + b'x"y;\n')
    logging.disable(logging.NOTSET)
    receipt = run_into(feed, tmp_path / "store", file, replace(WHOLE, block_bytes=500))
    assert f"{file}: is read by one worker: {reason}" in caplog.text
    assert receipt.inputs[0].sha256


def test_names_that_lines_have_or_lack_are_those_of_the_file(feed: Feed, tmp_path: Path) -> None:
    file = write(tmp_path / "in" / "feed.jsonl")
    lines = file.read_bytes().splitlines(keepends=True)
    file.write_bytes(b"".join(lines[:70] + [b'{"statut": 1, "rare": 1}\n'] * 60))
    whole = run_into(feed, tmp_path / "whole", file, WHOLE)
    limits = replace(WHOLE, block_bytes=300)
    assert but_digests(run_into(feed, tmp_path / "ranges", file, limits)) == (but_digests(whole))


def test_many_files_are_opened_by_many_workers(feed: Feed, tmp_path: Path) -> None:
    for number in range(20):
        write(tmp_path / "in" / f"{number:02}.csv", 5)
    write(tmp_path / "in" / "20.jsonl", 130)
    limits = replace(WHOLE, block_bytes=3_000)
    receipt = run_into(feed, tmp_path / "store", tmp_path / "in" / "*", limits, *WORKERS)
    assert [bool(read.sha256_tree) for read in receipt.inputs] == [False] * 20 + [True]
    assert receipt.counts.in_ == 20 * 5 + 130
    (tmp_path / "in" / "03.csv").write_bytes(b"PAR1")
    with pytest.raises(InputError, match=r"03\.csv"):
        run_into(feed, tmp_path / "other", tmp_path / "in" / "*", limits, *WORKERS)
    assert not list((tmp_path / "other").rglob("*.json"))


def test_a_file_of_several_blocks_is_verified_and_tried(feed: Feed, tmp_path: Path) -> None:
    small = write(tmp_path / "in" / "feed.csv", 70)
    with small.open(newline="") as stream:
        rows = list(csv.reader(stream))
    assert rows[0][-1] == "inconnu"
    file = tmp_path / "in" / "big.csv"
    with file.open("w", newline="") as stream:
        csv.writer(stream).writerows([rows[0], *([*row[:-1], "x" * 1_000_000] for row in rows[1:])])
    receipt = run_into(feed, tmp_path / "store", file, Limits(), *WORKERS)
    assert receipt.inputs[0].sha256_tree
    findings = list(verify_store(open_store(str(tmp_path / "store"))))
    assert {finding.outcome for finding in findings} <= {"ok", "not checked"}
    assert any("the input's digest agrees" in finding.text for finding in findings)
    tried = dry_run(job_of(feed, file, file, Limits()).plan, (str(file),), options=WORKERS)
    assert tried.receipt.counts == receipt.counts
    assert tried.sample.complete


def dsn_run(store: Path, file: Path, limits: Limits, *options: str, **job: Any) -> Receipt:
    plan = compile_plan(bundled_project(), "dsn-droits", datetime.date(2026, 3, 2))
    made = Job(plan, (str(file),), str(store), "run", None, options or (IN_MEMORY,), limits)
    receipt, _before = run(replace(made, **job))
    assert receipt is not None
    return receipt


def dsn_rows(store: Path) -> list[list[dict[str, Any]]]:
    """What was released, and what quarantined, in the order of the files' names."""
    return [
        [row for path in sorted(store.glob(pattern)) for row in pq.read_table(path).to_pylist()]
        for pattern in ("dsn-droits/*/*.parquet", "_quarantine/*/*.parquet")
    ]


def test_a_dsn_by_ranges_is_the_same(tmp_path: Path) -> None:
    schema, _ = bundled_project().schema("dsn-individus")
    file = tmp_path / "in.dsn"
    records = make_records(schema, 40, seed=7, dirt=DIRTY, nir_with_key=False)
    write_dsn(records, schema, file, style=DsnStyle(individus=2, lot=True, technical=True))
    lines = file.read_bytes().splitlines(keepends=True)
    del lines[len(lines) // 2]  # its envoi is incomplete
    file.write_bytes(b"".join(lines))
    whole = dsn_run(tmp_path / "whole", file, WHOLE)
    limits = replace(WHOLE, block_bytes=6_000)
    receipt = dsn_run(tmp_path / "ranges", file, limits)
    assert dsn_run(tmp_path / "workers", file, limits, *WORKERS).outputs() == receipt.outputs()
    files = tree(tmp_path / "ranges")
    assert tree(tmp_path / "workers") == files
    assert len(files) > len(tree(tmp_path / "whole"))
    assert dsn_rows(tmp_path / "ranges") == dsn_rows(tmp_path / "whole")
    assert all(dsn_rows(tmp_path / "whole"))
    assert receipt.inputs[0].sha256_tree == digest(str(file), 6_000)
    apart = {"started", "ended", "inputs", "releases", "quarantine_files"}
    assert receipt.model_dump(exclude=apart) == whole.model_dump(exclude=apart)
    assert receipt.inputs[0].rows == whole.inputs[0].rows == whole.counts.in_

    positions = np.array([row["position"] for row in dsn_rows(tmp_path / "whole")[1]])
    selection = Selection("run", {str(file): positions}, {str(file): whole.counts.in_})
    guards = replace(USUAL_GUARDS, allow_empty=True)
    again = dsn_run(tmp_path / "again", file, limits, selection=selection, guards=guards)
    assert again.counts.in_ == again.inputs[0].rows == len(positions)
