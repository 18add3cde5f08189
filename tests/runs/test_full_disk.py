"""A store that takes no more is named, and nothing is committed."""

import resource
import subprocess
import sys
from pathlib import Path

from tamis.plan.project import bundled_project
from tamis.synthetic.files import write_feed
from tamis.synthetic.records import make_records

ROOT = Path(__file__).parents[2]
LIMIT = 4_096
"""Bytes of the largest file that the command may write: stands for a full disk."""


def test_a_store_that_takes_no_more_is_named(tmp_path: Path) -> None:
    schema, _source = bundled_project().schema("france-travail-financement")
    feed, store = tmp_path / "feed.parquet", tmp_path / "store"
    write_feed(make_records(schema, 2_000, seed=1), schema, feed)
    done = subprocess.run(
        [
            *(sys.executable, "-m", "tamis", "run", "france-travail-financement"),
            *("--input", feed, "--output", store, "--allow-example"),
        ],
        cwd=ROOT,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (LIMIT, LIMIT)),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 3, done.stderr
    last = done.stderr.splitlines()[-1]
    assert last.startswith(f"tamis: {store}: ")
    assert "File too large" in last
    assert not list(store.glob("_receipts/*.json"))
