"""What OpenLineage is told of real runs, by a server that judges each event by its schemas."""

import json
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from confluent_kafka import Producer

from tamis.interrupts import exit_code
from tamis.synthetic.files import write_feed
from tamis.synthetic.records import make_records

from ..lineage.server import Lineage, serve
from ..services.kafka import Broker
from ..services.postgres import PASSWORD, Server
from .conftest import Flow, Tamis, receipt_of

POLICY = "regularite-prestataires"


@pytest.fixture
def lineage() -> Iterator[Lineage]:
    with serve() as server:
        yield server


def feed_of(flow: Flow, path: Path, records: int = 40) -> Path:
    path.parent.mkdir(exist_ok=True)
    made = make_records(flow.schema, records, seed=3, policies=[flow.policy])
    write_feed(made, flow.schema, path)
    return path


def statistics(event: Any) -> tuple[Any, ...]:
    """Rows that were read, and rows of each output."""
    (read,) = event["inputs"]
    rows = [output["outputFacets"]["outputStatistics"]["rowCount"] for output in event["outputs"]]
    return read["inputFacets"]["inputStatistics"]["rowCount"], *rows


def tags(event: Any) -> dict[str, str]:
    return {tag["key"]: tag["value"] for tag in event["run"]["facets"]["tags"]["tags"]}


def test_a_run_and_its_repetition(
    flow: Callable[[str], Flow], run: Tamis, tmp_path: Path, lineage: Lineage
) -> None:
    feed_of(flow("evaluation-cpf"), tmp_path / "in" / "feed.parquet")
    store = tmp_path / "store"
    for _time in range(2):
        done = run("evaluation-cpf", [tmp_path / "in" / "*"], store, "--lineage", lineage.url)
        assert done.code == 0, done.err
    assert lineage.problems == []
    assert lineage.states == ["START", "COMPLETE"] * 2
    assert len({event["run"]["runId"] for event in lineage.events}) == 1
    receipt = receipt_of(store)
    for event in lineage.events[1::2]:
        (release,) = receipt.releases.values()
        quarantined = receipt.counts.quarantined
        assert statistics(event) == (receipt.counts.in_, release.rows, quarantined)
        (read,) = event["inputs"]
        assert (read["namespace"], read["name"]) == ("file", str(tmp_path / "in"))
        causes = read["inputFacets"]["dataQualityAssertions"]["assertions"]
        assert sum(int(cause["actual"]) for cause in causes) == quarantined


def test_a_run_that_is_refused_and_a_server_that_is_away(
    flow: Callable[[str], Flow], run: Tamis, tmp_path: Path, lineage: Lineage
) -> None:
    feed = feed_of(flow(POLICY), tmp_path / "in" / "feed.csv")
    with feed.open("a", encoding="cp1252") as stream:
        stream.write("CANARY;" * 99 + "\n")
    options = ("--fail-on", "quarantine", "--lineage", lineage.url)
    assert run(POLICY, [feed], tmp_path / "store", *options).code == 1
    assert lineage.problems == []
    assert lineage.states == ["START", "FAIL"]
    message = lineage.events[1]["run"]["facets"]["errorMessage"]["message"]
    assert "quarantine" in message
    assert not [body for body in lineage.bodies if b"CANARY" in body]

    with socket.create_server(("127.0.0.1", 0)) as closed:
        away = f"http://127.0.0.1:{closed.getsockname()[1]}"
    done = run(POLICY, [feed], tmp_path / "store", "--lineage", away)
    assert done.code == 0
    assert done.err.count("lineage cannot be told") == 1
    assert f"{away}: lineage cannot be told (ConnectionError)" in done.err


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_a_run_that_was_killed_is_completed_by_the_next(
    number: int, flow: Callable[[str], Flow], tamis: Tamis, tmp_path: Path, lineage: Lineage
) -> None:
    feed = feed_of(flow(POLICY), tmp_path / "in" / "feed.csv")
    words = (
        *("run", POLICY, "--input", str(feed), "--output", str(tmp_path / "store")),
        *("--run-id", "r", "--lineage", lineage.url),
    )
    is_told = number == signal.SIGTERM
    if not is_told:
        lineage.answers.clear()
    command = (sys.executable, "-m", "tamis", *words, "--project", "cpf")
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        while not lineage.bodies and process.poll() is None:
            time.sleep(0.01)
        process.send_signal(number)
    lineage.answers.set()
    assert process.returncode == (exit_code(number) if is_told else -number)
    assert tamis(*words).code == 0
    assert lineage.problems == []
    assert lineage.states == ["START", *(["ABORT"] if is_told else []), "START", "COMPLETE"]
    assert len({event["run"]["runId"] for event in lineage.events}) == 1


def test_a_run_that_is_committed_is_done_though_its_server_does_not_answer(
    flow: Callable[[str], Flow], tmp_path: Path, lineage: Lineage
) -> None:
    feed = feed_of(flow(POLICY), tmp_path / "in" / "feed.csv")
    words = ("--input", str(feed), "--output", str(tmp_path / "store"), "--run-id", "r")
    command = (sys.executable, "-u", "-m", "tamis", "run", POLICY, *words, "--project", "cpf")
    lineage.answers.clear()
    with subprocess.Popen(
        (*command, "--lineage", lineage.url), stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        assert any(line.startswith(b"receipt: ") for line in process.stdout)
        process.send_signal(signal.SIGTERM)
        process.communicate()
    lineage.answers.set()
    assert process.returncode == 0
    assert receipt_of(tmp_path / "store", "r").counts.in_ == 40


def test_what_is_judged_again_purged_and_withdrawn_is_told(
    flow: Callable[[str], Flow], run: Tamis, tamis: Tamis, tmp_path: Path, lineage: Lineage
) -> None:
    feed = feed_of(flow(POLICY), tmp_path / "in" / "feed.csv")
    with feed.open("a", encoding="cp1252") as stream:
        stream.write("CANARY;" * 99 + "\n")
    store, where = tmp_path / "store", ("--lineage", lineage.url)
    assert run(POLICY, [feed], store).code == 0
    receipt = receipt_of(store)
    assert tamis("redrive", store, "run", *where).code == 1  # nothing is released
    assert tamis("redrive", store, "run", "--allow-empty", *where).code == 0
    purged = tamis("purge", store, "--older-than", "0s", "--apply", *where)
    assert purged.code == 0, purged.err
    for _time in range(2):  # what is told again is the same run
        because = ("--because", "the source sent another file")
        assert tamis("withdraw", store, "run", *because, *where).code == 0
    assert lineage.problems == []
    assert not [body for body in lineage.bodies if b"CANARY" in body or b"the source" in body]
    assert lineage.states == ["START", "FAIL", "START", *["COMPLETE"] * 5]
    again, *gone = lineage.events[3:]
    assert again["run"]["runId"] == lineage.events[0]["run"]["runId"]
    assert tags(again)["redrives"] == "run"
    quarantined = receipt.counts.quarantined
    assert statistics(again) == (quarantined, 0, quarantined)
    assert [event["job"]["name"] for event in gone] == [
        *[f"{POLICY}.purged"] * 2,
        *[f"{POLICY}.withdrawn"] * 2,
    ]
    assert len({event["run"]["runId"] for event in gone}) == 3
    (release,) = receipt.releases
    told = {"run": "run", "removal": "withdrawn", "quarantine_removed": str(quarantined)}
    rows = receipt.releases[release].rows
    told[f"rows_removed_{release}"] = str(rows)
    assert tags(gone[-1]) == tags(gone[-1]) | told
    names = [[output["name"] for output in event["outputs"]] for event in gone]
    quarantine = f"{store}/_quarantine/{POLICY}"
    assert names[1:3] == [[quarantine], [f"{store}/{POLICY}/{release}", quarantine]]


def test_a_watched_folder_is_one_dataset(
    flow: Callable[[str], Flow], tamis: Tamis, tmp_path: Path, lineage: Lineage
) -> None:
    for name in ("a.csv", "b.csv"):
        feed_of(flow(POLICY), tmp_path / "in" / name)
    words = ("--input", f"watch:{tmp_path / 'in'}/*.csv", "--output", tmp_path / "store", "--once")
    done = tamis("run", POLICY, *words, "--lineage", lineage.url)
    assert done.code == 0, done.err
    assert lineage.problems == []
    assert lineage.states == ["START", "COMPLETE"]
    (read,) = lineage.events[1]["inputs"]
    assert read["name"] == str(tmp_path / "in")
    assert read["inputFacets"]["inputStatistics"]["fileCount"] == 2


@pytest.mark.postgres
def test_tables_are_called_as_the_database_calls_them_and_no_password_is_told(
    flow: Callable[[str], Flow],
    run: Tamis,
    server: Server,
    database: str,
    tmp_path: Path,
    lineage: Lineage,
) -> None:
    feed = feed_of(flow(POLICY), tmp_path / "in" / "feed.csv")
    done = run(POLICY, [feed], server.uri(database), "--lineage", lineage.url)
    assert done.code == 0, done.err
    assert lineage.problems == []
    assert not [body for body in lineage.bodies if PASSWORD.encode() in body]
    tables = server.query(
        "SELECT current_database() || '.' || schemaname || '.' || tablename FROM pg_tables",
        database,
    )
    outputs = lineage.events[1]["outputs"]
    assert {output["namespace"] for output in outputs} == {f"postgres://127.0.0.1:{server.port}"}
    assert {output["name"] for output in outputs} <= {name for (name,) in tables}


@pytest.mark.kafka
@pytest.mark.xdist_group("streams")
def test_a_stream(
    flow: Callable[[str], Flow], tamis: Tamis, kafka: Broker, tmp_path: Path, lineage: Lineage
) -> None:
    this = flow(POLICY)
    topic = kafka.topic(f"feed-{uuid4().hex}", 2)
    producer = Producer({"bootstrap.servers": kafka.address})
    records = make_records(this.schema, 30, seed=3, policies=[this.policy])
    for record in records:
        producer.produce(topic, json.dumps(record, default=str))
    assert producer.flush(30) == 0
    source = f"kafka://{kafka.address}/{topic}"
    output, where = f"{source}-out", ("--lineage", lineage.url)
    words = ("--input", source, "--output", output, "--run-id", "essai", "--once")
    done = tamis("run", POLICY, *words, *where)
    assert done.code == 0, done.err
    assert lineage.problems == []
    assert (lineage.states[0], lineage.states[-1]) == ("START", "COMPLETE")
    end = lineage.events[-1]
    assert end["job"]["facets"]["jobType"]["processingType"] == "STREAMING"
    (read,) = end["inputs"]
    assert (read["namespace"], read["name"]) == (f"kafka://{kafka.address}", topic)
    assert {output["name"] for output in end["outputs"]} == {
        f"{topic}-out",
        f"{topic}-out.quarantine",
    }
    rows = [output["outputFacets"]["outputStatistics"]["rowCount"] for output in end["outputs"]]
    assert sum(rows) == 30
    because = ("--because", "the source sent another file")
    withdrawn = tamis("withdraw", output, "essai", *because, *where)
    assert withdrawn.code == 0, withdrawn.err
    assert lineage.events[-1] == end  # nothing is removed from a topic
