"""Commits two at a time in one process, with recoveries in loops beside them: nothing is lost.

    python -m tests.fuzz.commit_pairs STORE PAIRS [at-once]     # local, s3, gcs, postgres or runs

Every other pair are two attempts at one run, of which one wins and both succeed; the others are two
runs. One recovery removes what is as old as usual, another what nobody has written to for 30
seconds: no commit may fail. `at-once`, the other removes whatever it sees: a commit may fail then,
and must fail whole. `runs` are pairs of whole runs into one folder.
"""

import datetime
import functools
import logging
import sys
import tempfile
import threading
import time
import uuid
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from random import random
from typing import TypeAlias

import pyarrow as pa
import pytest

from tamis.documents.calendar import today
from tamis.errors import RunError
from tamis.evidence.receipt import InputPart, Receipt, RunFacts, make_receipt
from tamis.filter.quarantine import QUARANTINE_SCHEMA
from tamis.filter.tally import Cause, QuarantineCount, Tally
from tamis.formats.chunk import PartKey
from tamis.plan.compile import compile_plan
from tamis.plan.plan import Plan
from tamis.plan.project import bundled_project
from tamis.runs.batch import Job, run
from tamis.stores.folder_store import FolderStore
from tamis.stores.opening import open_store
from tamis.stores.protocol import OLDER_THAN, Attempt
from tamis.synthetic.files import write_feed
from tamis.synthetic.records import DIRTY, make_records
from tamis.verify.verify import verify_store
from tests.services.buckets import run_gcs, run_s3
from tests.services.postgres import run_postgres

POLICY = "cpir-partage"
ROWS = 3
PAIRS_A_STORE = 250
"""Pairs after which a store is verified, and another one begun."""

AGE = datetime.timedelta(seconds=30)
AT_ONCE = datetime.timedelta(0)

Commit: TypeAlias = Callable[[str, str], Receipt]
"""Does the run of an id into the store at an address, up to its receipt."""


def commit_rows(uri: str, run_id: str) -> Receipt:
    """Commit a run that quarantined a few records."""
    plan = _plan()
    store, attempt = open_store(uri), Attempt.begin(run_id)
    store.stage(attempt, plan)
    writer = store.writer(attempt, plan, None)
    values = {"run": run_id, "source": "feed", "reason": "type", "field": "f", "rule": "int32"}
    rows = pa.Table.from_pylist(
        [{**values, "position": number} for number in range(ROWS)], QUARANTINE_SCHEMA
    )
    if not isinstance(store, FolderStore):
        rows = rows.drop_columns(["run"])
    (batch,) = rows.to_batches()
    pieces = [*writer.write(batch, PartKey(0, 0), 0, pa.array(range(ROWS))), *writer.finish()]
    writer.close()
    tally = Tally(records=ROWS)
    tally.quarantine[Cause("type", "f", "int32")] = QuarantineCount(ROWS, "feed", 0)
    facts = RunFacts(run_id, datetime.datetime.now(datetime.UTC))
    read = [InputPart(uri="feed", rows=ROWS, bytes=0, sha256="")]
    make = functools.partial(make_receipt, plan, facts, tally, read)
    return store.commit(attempt, plan, pieces, make)


def run_feed(feed: str, uri: str, run_id: str) -> Receipt:
    """Run a feed as the command does."""
    receipt, _before = run(Job(_plan(), (feed,), uri, run_id))
    assert receipt is not None
    return receipt


@functools.cache
def _plan() -> Plan:
    return compile_plan(bundled_project(), POLICY, today())


def check_pairs(
    new_store: Callable[[], str], pairs: int, commit: Commit, age: datetime.timedelta
) -> Counter[str]:
    """Commit so many pairs, and return how often what came of a commit or a recovery."""
    outcomes: Counter[str] = Counter()
    began = time.monotonic()
    for start in range(0, pairs, PAIRS_A_STORE):
        uri = new_store()
        check_store(uri, min(PAIRS_A_STORE, pairs - start), commit, age, outcomes)
        print(f"{time.monotonic() - began:.0f} s {dict(outcomes)}", flush=True)
    return outcomes


def check_store(
    uri: str, pairs: int, commit: Commit, age: datetime.timedelta, outcomes: Counter[str]
) -> None:
    """Commit pairs to one store, and verify it."""
    ended = threading.Event()

    def recover(older_than: datetime.timedelta) -> None:
        while not ended.wait(random() * 0.1):
            done = open_store(uri).recover(older_than)
            assert not done.problems, done.problems
            outcomes.update(recoveries=1, completed=len(done.completed), removed=len(done.removed))

    def try_commit(run_id: str) -> Receipt | None:
        try:
            return commit(uri, run_id)
        except (RunError, OSError) as error:
            if age > AT_ONCE:
                raise
            outcomes[f"{type(error).__name__}: …{str(error)[-25:]}"] += 1
            return None

    commits = set()
    commit(uri, "first")  # there is a store
    with ThreadPoolExecutor(4) as threads:
        recoveries = [threads.submit(recover, older_than) for older_than in (OLDER_THAN, age)]
        try:
            for number in range(pairs):
                ids = [f"run-{number}", f"run-{number}" if number % 2 else f"run-{number}-b"]
                for run_id, receipt in zip(ids, threads.map(try_commit, ids), strict=True):
                    outcomes["commits"] += receipt is not None
                    commits |= {run_id} if receipt else set()
        finally:
            ended.set()
        for recovery in recoveries:
            recovery.result()
    store = open_store(uri)
    left = store.recover(AT_ONCE)
    assert not left.problems, left.problems
    outcomes["left over"] += len(left.removed)
    receipts = {receipt.run for receipt in store.receipts()}
    assert receipts == {"first", *commits}, receipts ^ {"first", *commits}
    failed = [finding for finding in verify_store(store) if finding.outcome == "failed"]
    assert not failed, failed
    assert store.recover(AT_ONCE) == type(left)()


@contextmanager
def stores(kind: str) -> Iterator[tuple[Callable[[], str], Commit]]:
    """Give the address of a new store at each call, and what commits to it."""
    with tempfile.TemporaryDirectory(prefix="tamis-pairs-") as folder:
        if kind == "local":
            yield lambda: f"{folder}/{uuid.uuid4().hex}", commit_rows
        elif kind == "runs":
            project = bundled_project()
            policy, _source = project.policy(POLICY)
            schema, _source = project.schema(policy.schema_)
            for number in range(3):
                records = make_records(schema, 40, seed=number, policies=[policy], dirt=DIRTY)
                write_feed(records, schema, Path(folder) / f"{number}.parquet")
            feed = f"{folder}/*.parquet"
            yield lambda: f"{folder}/{uuid.uuid4().hex}", functools.partial(run_feed, feed)
        elif kind == "postgres":
            with run_postgres() as server:
                yield (
                    lambda: server.uri(schema=f"s{uuid.uuid4().hex}", create_schema="yes"),
                    commit_rows,
                )
        else:
            with _kept_clients(), {"s3": run_s3, "gcs": run_gcs}[kind]() as bucket:
                yield lambda: f"{bucket}/{uuid.uuid4().hex}", commit_rows


@contextmanager
def _kept_clients() -> Iterator[None]:
    """Let Beam keep its clients of buckets, which it makes anew for each operation."""
    from apache_beam.io.aws.clients.s3 import boto3_client

    patch = pytest.MonkeyPatch()
    kept = functools.cache(lambda _thread, client=boto3_client.Client: client({}))
    patch.setattr(boto3_client, "Client", lambda options: kept(threading.get_ident()))
    try:
        yield
    finally:
        patch.undo()


def main(kind: str, pairs: int, age: datetime.timedelta) -> None:
    """Check so many pairs, and print how often what came of them."""
    logging.disable(logging.WARNING)
    with stores(kind) as (new_store, commit):
        print(
            kind,
            pairs,
            f"{age.total_seconds():.0f} s",
            dict(check_pairs(new_store, pairs, commit, age)),
        )


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), AT_ONCE if "at-once" in sys.argv else AGE)
