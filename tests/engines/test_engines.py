"""The same run on Prism and on Flink: the same bytes, whatever dies in its midst."""

import datetime
import json
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import apache_beam as beam
import pytest

from tamis.documents.calendar import today
from tamis.errors import RunError
from tamis.evidence.receipt import Receipt
from tamis.plan.project import Project, bundled_project, load_project
from tamis.runs.launch import Launch, make_pipeline, read_options
from tamis.stores.opening import open_store
from tamis.verify.verify import verify

from ..beam.conftest import POLICY, Feed
from ..e2e.shifting import CLOCK, changed_project, set_clock
from ..e2e.test_streams import in_folder
from ..services.flink import JVM, Cluster, write_job_server
from ..services.kafka import run_kafka
from ..services.postgres import PASSWORD, Server
from ..services.prism import find_prism
from .conftest import SECONDS, Orders, assert_whole, command, complete

pytestmark = pytest.mark.slow

WRITE = "tamis.beam.store:_WriteFn.process"
LINK = "tamis.stores.local_folder:LocalFolder._link"
COMMIT = "tamis.stores.tables:TableStore.commit"
FOLDER_COMMIT = "tamis.stores.folder_store:FolderStore.commit"

LAST = 100
"""Messages of a stream that come when its job has ended; as many come before all others."""


@pytest.mark.prism
def test_prism_writes_the_same_bytes(feed: Feed, network: list[str], tmp_path: Path) -> None:
    options = ("--runner=PrismRunner", f"--prism_location={find_prism()}")
    code, output = complete([*network, *command(feed, str(tmp_path / "store"), *options)])
    assert code == 0, output
    assert_whole(tmp_path / "store", feed)


@pytest.mark.prism
def test_a_store_that_only_the_workers_see_is_no_success(
    feed: Feed, network: list[str], tmp_path: Path
) -> None:
    # The worker mounts a folder of its own where the store is.
    store, worker = tmp_path / "store", tmp_path / "worker"
    store.mkdir()
    mount = f'mount -t tmpfs none {store}; exec {sys.executable} -c "$0" "$@"'
    program = "from tamis.cli import work; work()"
    worker.write_text(f"#!/bin/sh\nexec unshare -rm sh -c '{mount}' '{program}' \"$@\"\n")
    worker.chmod(0o755)
    options = (
        *("--runner=PrismRunner", f"--prism_location={find_prism()}"),
        *(
            "--environment_type=PROCESS",
            f"--environment_config={json.dumps({'command': str(worker)})}",
        ),
    )
    code, output = complete([*network, *command(feed, str(store), *options)])
    assert code == 3, output
    assert "job the-run is done, but" in output
    assert list(store.iterdir()) == []


@pytest.mark.prism
def test_a_stream_that_fails_as_it_begins_is_not_handed_over() -> None:
    flags = ("--runner=PrismRunner", f"--prism_location={find_prism()}", "--streaming")
    options = read_options(flags)
    pipeline = make_pipeline(options)
    _ = pipeline | beam.Create([0]) | beam.Map(lambda number: 1 // number)
    with pytest.raises(RunError, match=r"failed \(ZeroDivisionError\); nothing is committed"):
        Launch("stream", options).hand_over(pipeline)


@pytest.mark.flink
def test_flink_in_one_process_writes_the_same_bytes_and_ends(
    feed: Feed, network: list[str], tmp_path: Path
) -> None:
    jar = write_job_server(tmp_path / "job-server.jar")
    options = (
        *("--runner=FlinkRunner", "--flink_master=[local]", f"--flink_job_server_jar={jar}"),
        *(f"--job_server_jvm_properties={word}" for word in JVM),
    )
    code, output = complete([*network, *command(feed, str(tmp_path / "store"), *options)])
    assert code == 0, output
    assert_whole(tmp_path / "store", feed)
    assert str(jar) not in subprocess.run(["ps", "ax"], capture_output=True, text=True).stdout


@pytest.mark.flink
@pytest.mark.kafka
@pytest.mark.postgres
def test_a_cluster_whose_workers_task_managers_and_drivers_are_killed(
    feed: Feed, flink: Cluster, server: Server, tmp_path: Path, pytestconfig: pytest.Config
) -> None:
    # One test, so that one cluster is started, whoever shares out the tests.
    kill_into_a_folder(feed, flink, tmp_path)
    kill_into_tables(feed, flink, server, tmp_path)
    kill_the_driver(feed, flink, tmp_path)
    messages, rate = map(pytestconfig.getoption, ("--stream-messages", "--stream-rate"))
    kill_under_a_stream(feed, flink, tmp_path, range(messages), rate)


def kill_into_a_folder(feed: Feed, flink: Cluster, folder: Path) -> None:
    """Kill workers and task managers while they read, and while they commit."""
    orders, store = Orders(folder / "folder-orders"), folder / "folder"
    orders.kill(WRITE, 1)
    orders.kill(WRITE, 2, done_first=True, parent=True)
    orders.kill(LINK, 1)
    orders.kill(FOLDER_COMMIT, done_first=True, parent=True)
    code, output = complete([*flink.within, *on_cluster(feed, flink, orders, str(store))], flink)
    assert code == 0, output
    assert not orders.left
    assert_whole(store, feed)
    assert_verified(str(store))


def kill_into_tables(feed: Feed, flink: Cluster, server: Server, folder: Path) -> None:
    """The same into PostgreSQL; one worker dies when it has committed, and cannot say so."""
    server.query("CREATE DATABASE engines")
    orders, store = Orders(folder / "table-orders"), server.local_uri("engines")
    orders.kill(WRITE, 2, done_first=True, parent=True)
    orders.kill(COMMIT)
    orders.kill(COMMIT, done_first=True, parent=True)
    code, output = complete([*flink.within, *on_cluster(feed, flink, orders, store)], flink)
    assert code == 0, output
    assert PASSWORD not in output
    assert not orders.left
    receipt = open_store(store).committed(feed.job.run)
    assert receipt is not None
    assert receipt.counts == feed.receipt.counts
    assert_verified(store)


def kill_the_driver(feed: Feed, flink: Cluster, folder: Path) -> None:
    """Kill the driver once a worker has begun, and give the same command again."""
    orders, store = Orders(folder / "driver-orders"), folder / "driver"
    words = [*flink.within, *on_cluster(feed, flink, orders, str(store))]
    with subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as driver:
        until = time.monotonic() + SECONDS
        while not list(store.glob(f"_staging/{feed.job.run}/*/*.parquet")):
            assert time.monotonic() < until
            assert driver.poll() is None
            flink.start()
            time.sleep(0.1)
        driver.kill()
    code, output = complete(words, flink)
    assert code == 0, output
    assert_whole(store, feed)
    assert_verified(str(store))


def kill_under_a_stream(
    feed: Feed, flink: Cluster, folder: Path, numbers: range, rate: int
) -> None:
    """Kill a task manager while messages come, under the law of a day, and then of the next.

    The last messages are read by `--once`.
    """
    store, orders = folder / "stream", Orders(folder / "stream-orders")
    amended, end = (today() + datetime.timedelta(days=days) for days in (1, 2))
    project = changed_project(folder / "project", amended, end)
    workers, clock = orders.options(), orders.folder / "day"
    set_clock(clock, today())

    def receipts() -> list[Receipt]:
        paths = store.glob("_receipts/*.json")
        return [Receipt.model_validate_json(path.read_bytes()) for path in paths]

    with run_kafka(flink.within) as broker:
        sender = (sys.executable, "-m", "tests.engines.topic", broker.address, "feed", str(rate))
        tamis = [*flink.within, sys.executable, "-c", CLOCK, str(clock), "--project", str(project)]
        stream = [
            *(*tamis, "run", POLICY, "--allow-example", "--run-id", "stream", "--period", "1"),
            *("--input", f"kafka://{broker.address}/feed", "--output", str(store)),
            *("--keys", str(feed.job.keys)),
        ]
        engine = ["--", *flink.options, *workers, "--", *flink.job_options]
        send, pipe = [*flink.within, *sender], subprocess.PIPE
        with (
            subprocess.Popen(send, stdin=pipe, stdout=pipe, text=True) as sending,
            (folder / "stream.log").open("w") as log,
        ):
            assert sending.stdin is not None
            assert sending.stdout is not None
            assert sending.stdout.readline() == "made\n"
            with subprocess.Popen([*stream, *engine], stdout=log, stderr=log) as driver:

                def commit(number: int, *, sent: int) -> None:
                    """Send messages before `sent`, and wait until so many are committed."""
                    print(sent, file=sending.stdin, flush=True)
                    until = time.monotonic() + SECONDS
                    while (count := sum(one.counts.in_ for one in receipts())) < number:
                        assert time.monotonic() < until, f"{count} messages are committed"
                        assert driver.poll() is None, (folder / "stream.log").read_text()
                        flink.start()
                        time.sleep(0.2)

                first, half, last = LAST, len(numbers) // 2, len(numbers) - LAST
                commit(first, sent=first)
                commit(half // 4, sent=half)
                flink.kill("tasks-1")
                commit(half, sent=half)
                set_clock(clock, amended)
                commit(half + half // 4, sent=last)
                flink.kill("tasks-2")
                commit(last, sent=last)
                driver.send_signal(signal.SIGTERM)
                assert driver.wait(SECONDS) == 0
            sending.communicate(f"{len(numbers)}\n", SECONDS)
            assert sending.returncode == 0
        code, output = complete([*stream, "--once", *engine], flink)
        assert code == 0, output
        assert f"stream stream ended: {LAST} in" in output
    in_folder(store).assert_holds(numbers)
    laws: Counter[str] = Counter()
    for receipt in receipts():
        laws[receipt.law["R6323-37"]] += receipt.counts.in_
    assert laws == {"LEGIARTI000050924157": half, "LEGIARTI000000000001": len(numbers) - half}
    assert list(store.glob("_staging/*")) == []
    assert_verified(str(store), load_project(project))


def on_cluster(feed: Feed, flink: Cluster, orders: Orders, store: str) -> list[str]:
    """The run of the feed by workers that obey orders."""
    options = (*flink.options, *orders.options(), "--", *flink.job_options)
    return command(feed, store, *options)


def assert_verified(store: str, project: Project | None = None) -> None:
    """Check that `verify` finds nothing that does not hold, by the bundled project or another."""
    findings = verify(store, project or bundled_project())
    assert findings
    assert [finding for finding in findings if finding.outcome == "failed"] == []
