"""`kill -9` at any moment: what is in the store is whole and listed, or it is not there."""

import os
import pickle
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tamis.beam.run import Job, run
from tamis.evidence.commit import recover
from tamis.evidence.folder import LocalFolder
from tamis.evidence.receipt import Receipt

from .conftest import IN_MEMORY, Feed, told, tree

STEPS = 200


def kill_at(job: Job, folder: Path, orders: list[tuple[str, str]]) -> list[str]:
    """Run and kill `job` in each store as its order says; `killed` or `done N` for each."""
    path = folder / "job"
    path.write_bytes(pickle.dumps(job))
    done = subprocess.run(
        [sys.executable, str(Path(__file__).parent / "killed.py"), str(path)],
        input="".join(f"{store} {order}\n" for store, order in orders),
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.splitlines()

def test_x(feed, tmp_path):
    t=time.time()
    out = kill_at(feed.job_into(tmp_path, IN_MEMORY), tmp_path, [(str(tmp_path/'a'),'-1')])
    print(out,time.time()-t)
    t=time.time()
    out = kill_at(feed.job_into(tmp_path, IN_MEMORY), tmp_path, [(str(tmp_path/f's{i}'),f'{i}') for i in range(0,300)])
    print(out,time.time()-t)
    assert 0
