"""Pub/Sub through the command line: every message is told once, and nothing of it leaks."""

import base64
import datetime
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

import pyarrow.parquet as pq
import pytest
from apache_beam import Pipeline
from apache_beam.runners.dataflow.dataflow_runner import DataflowRunner

from tamis.beam.window import JudgedWindowCoder
from tamis.documents.calendar import today
from tamis.evidence.receipt import Receipt
from tamis.keys.sealed import PrivateKey, unseal
from tamis.plan.project import Project
from tamis.synthetic.records import DIRTY, make_records
from tamis.testing.leftovers import Leftovers

from ..beam.test_runners import LABELS_OF_STREAM, payloads, unpacked
from ..services.pubsub import Emulator
from .conftest import Flow, Tamis
from .shifting import CLOCK, changed_project, set_clock

POLICY = "evaluation-cpf"
RECORDS = 300
PATIENCE_SECONDS = 30.0
CANARY = "canari-7291"
BROKEN = b'{"broken": "canari-7291'
NIR = re.compile(rb'"nir": "([0-9AB]{15})"')
DATAFLOW = (
    *("--runner=DataflowRunner", "--dry_run=True", "--project=project", "--region=europe-west9"),
    *("--temp_location=gs://bucket/tmp", "--no_auth", "--sdk_container_image=image"),
)


@pytest.fixture(scope="session")
def feed(project: Project) -> list[bytes]:
    """Messages with a value that no schema names, some of them dirty."""
    policy, _ = project.policy(POLICY)
    schema, _ = project.schema(policy.schema_)
    records = make_records(schema, RECORDS, seed=5, policies=[policy], dirt=DIRTY)
    return [json.dumps(record | {"inconnu": CANARY}, default=str).encode() for record in records]


@contextmanager
def streaming(
    pubsub: Emulator,
    folder: Path,
    source: str,
    output: str,
    *options: str,
    program: tuple[str, ...] = ("-m", "tamis"),
) -> Iterator[subprocess.Popen[bytes]]:
    """The command as a process of its own; what it says goes to files in `folder`."""
    command = [*program, "run", POLICY, "--input", f"pubsub://{source}", "--output", output]
    kept = ["--allow-example", "--run-id", "flux", *options]
    with (folder / "out").open("wb") as out, (folder / "err").open("wb") as err:
        process = subprocess.Popen(
            [sys.executable, *command, *kept],
            env={**os.environ, "PUBSUB_EMULATOR_HOST": pubsub.address},
            stdout=out,
            stderr=err,
        )
        try:
            yield process
        finally:
            process.kill()
            process.wait()


def drain(process: subprocess.Popen[bytes], folder: Path) -> str:
    """End the stream in good order; what it printed."""
    process.send_signal(signal.SIGTERM)
    code = process.wait(PATIENCE_SECONDS)
    outcome = (folder / "out").read_text() + (folder / "err").read_text()
    assert code == 0, outcome
    return outcome


def wait_for(what: Callable[[], bool], process: subprocess.Popen[bytes], folder: Path) -> None:
    until = time.monotonic() + PATIENCE_SECONDS
    while not what():
        alive = process.poll() is None and time.monotonic() < until
        assert alive, (folder / "err").read_text()
        time.sleep(0.05)


def receipts_of(store: Path) -> list[Receipt]:
    """Receipts of all windows."""
    found = sorted(store.glob("_receipts/*.json"))
    return [Receipt.model_validate_json(one.read_bytes()) for one in found]


def counts(store: Path) -> list[int]:
    """Messages of each window."""
    return [one.counts.in_ for one in receipts_of(store)]


def search(haystack: Leftovers, feed: list[bytes]) -> None:
    """Nothing of what is dropped stands in the haystack, nor any number like a NIR."""
    assert haystack.where(CANARY.encode()) == []
    nirs = {one for line in feed for one in NIR.findall(line)}
    assert len(nirs) > RECORDS / 2
    assert [nir for nir in nirs if haystack.where(nir) or nir.decode() in haystack.values] == []


@pytest.mark.pubsub
def test_a_drained_stream_into_topics_that_it_makes_is_complete(
    pubsub: Emulator, tmp_path: Path, feed: list[bytes], keys: str, flow: Callable[[str], Flow]
) -> None:
    name = uuid4().hex
    topic = pubsub.topic(f"feed-{name}")
    source = pubsub.subscription(topic, f"feed-{name}")
    sink = topic.replace("feed-", "out-")
    sinks = {one: f"{sink}{one}" for one in ("", "-quarantine", "-receipts")}
    nir = next(found[1].decode() for line in feed if (found := NIR.search(line)))
    private = PrivateKey.new()
    (tmp_path / "seal.pub").write_text(private.public.text)
    options = ("--keys", keys, "--seal-to", str(tmp_path / "seal.pub"), "--period", "3600")
    with streaming(pubsub, tmp_path, source, f"pubsub://{sink}", *options) as process:
        wait_for(lambda: pubsub.topics() >= set(sinks.values()), process, tmp_path)
        outputs = {
            one: pubsub.subscription(made, f"sub-{name}{one}") for one, made in sinks.items()
        }
        pubsub.publish(topic, feed)
        pubsub.publish(topic, [BROKEN])
        pubsub.publish(topic, feed[1:2], patient=nir)
        quarantined: list[Any] = []

        def has_come() -> bool:
            quarantined.extend(pubsub.pull(outputs["-quarantine"], 1))
            reasons = {json.loads(one.data)["field"] for one in quarantined}
            return any("header" in reason for reason in reasons)

        wait_for(has_come, process, tmp_path)
        outcome = drain(process, tmp_path)
    released = pubsub.pull(outputs[""], 2 * RECORDS)
    quarantined += pubsub.pull(outputs["-quarantine"], 2 * RECORDS)
    receipts = pubsub.pull(outputs["-receipts"], 100)
    assert pubsub.pull(source, 1) == []

    parsed = [Receipt.model_validate_json(receipt.data) for receipt in receipts]
    assert len(parsed) in (1, 2), "windows of an hour are closed by the drain"
    assert sum(receipt.counts.in_ for receipt in parsed) == len(feed) + 2
    assert sum(receipt.counts.released for receipt in parsed) == len(released) > 0
    assert sum(receipt.counts.quarantined for receipt in parsed) == len(quarantined)
    assert {input.uri for receipt in parsed for input in receipt.inputs} == {f"pubsub://{source}"}
    assert f"{len(feed) + 2} in, {len(released)} released" in outcome

    assert len({one.attributes["row"] for one in released}) == len(released)
    assert not any("position" in one.attributes for one in released)
    assert len({int(one.attributes["position"]) for one in quarantined}) == len(quarantined)
    plan = flow(POLICY).plan
    tags = plan.headers(plan.releases[0], "flux")
    for one in released:
        assert {name: one.attributes[name] for name in tags} == tags
        assert tags.items() <= json.loads(one.data).items()

    rows = [json.loads(one.data) for one in quarantined]
    originals = [
        unseal(base64.b64decode(row["sealed"]), private, row["source"], row["position"])
        for row in rows
    ]
    assert BROKEN in [original.value for original in originals]
    assert (("patient", nir.encode()),) in [original.headers for original in originals]

    haystack = Leftovers().add_text("outcome", outcome)
    for number, one in enumerate((*released, *quarantined, *receipts)):
        haystack.add_text(f"message {number}", one.data.decode() + repr(dict(one.attributes)))
    search(haystack, feed)


@pytest.mark.pubsub
def test_a_drained_stream_into_a_store_is_complete(
    pubsub: Emulator, tmp_path: Path, feed: list[bytes], keys: str
) -> None:
    name = uuid4().hex
    topic = pubsub.topic(f"feed-{name}")
    source = pubsub.subscription(topic, f"feed-{name}")
    store = tmp_path / "store"
    options = ("--keys", keys, "--period", "2")
    pubsub.publish(topic, feed[:100])
    with streaming(pubsub, tmp_path, source, str(store), *options) as process:
        wait_for(lambda: any(store.glob("_receipts/*.json")), process, tmp_path)
        pubsub.publish(topic, feed[100:])
        time.sleep(0.5)
        outcome = drain(process, tmp_path)
    left = pubsub.pull(source, RECORDS)
    parsed = receipts_of(store)
    assert len(parsed) >= 2
    assert all(re.fullmatch(r"flux-\d{8}t\d{6}-[0-9a-f]{8}", receipt.run) for receipt in parsed)
    assert {receipt.stream for receipt in parsed} == {"flux"}
    assert sum(receipt.counts.in_ for receipt in parsed) + len(left) == len(feed)
    for receipt in parsed:
        for file in receipt.files():
            assert pq.read_metadata(store / file.path).num_rows == file.rows
    listed = {file.path for receipt in parsed for file in receipt.files()}
    assert listed == {str(path.relative_to(store)) for path in store.rglob("*.parquet")}
    assert not (store / "_staging").exists()
    search(Leftovers().add_folder(store).add_text("outcome", outcome), feed)


@pytest.mark.pubsub
def test_what_a_killed_stream_had_in_hand_comes_again(
    pubsub: Emulator, tmp_path: Path, feed: list[bytes], keys: str
) -> None:
    topic = pubsub.topic(f"feed-{uuid4().hex}")
    source = pubsub.subscription(topic, topic.rpartition("/")[2])
    store = tmp_path / "store"
    with streaming(pubsub, tmp_path, source, str(store), "--keys", keys, "--period", "3600") as one:
        pubsub.publish(topic, feed)
        wait_for(lambda: "reading" in (tmp_path / "err").read_text(), one, tmp_path)
        time.sleep(2.5)
        one.kill()
        one.wait()
    assert receipts_of(store) == []
    assert pubsub.pull(source, 1) == [], "all were in hand"
    with streaming(pubsub, tmp_path, source, str(store), "--keys", keys, "--period", "2") as one:
        wait_for(lambda: sum(counts(store)) >= len(feed), one, tmp_path)
        drain(one, tmp_path)
    assert sum(counts(store)) == len(feed)
    assert pubsub.pull(source, 1) == []


@pytest.mark.pubsub
def test_a_stream_goes_on_under_the_law_of_the_day(
    pubsub: Emulator, tmp_path: Path, feed: list[bytes], keys: str
) -> None:
    amended, end = (today() + datetime.timedelta(days=days) for days in (1, 2))
    project = changed_project(tmp_path / "project", amended, end)
    clock = tmp_path / "day"
    topic = pubsub.topic(f"feed-{uuid4().hex}")
    source = pubsub.subscription(topic, topic.rpartition("/")[2])
    store = tmp_path / "store"
    set_clock(clock, today())
    with streaming(
        *(pubsub, tmp_path, source, str(store), "--keys", keys, "--period", "1"),
        program=("-c", CLOCK, str(clock), "--project", str(project)),
    ) as process:
        for number, line in enumerate(feed):
            pubsub.publish(topic, [line])
            if number == RECORDS // 2:
                wait_for(lambda: sum(counts(store)) > 0, process, tmp_path)
                set_clock(clock, amended)
        wait_for(lambda: sum(counts(store)) == len(feed), process, tmp_path)
        set_clock(clock, end)
        assert process.wait(PATIENCE_SECONDS) == 2
    assert f"has no release in force on {end}" in (tmp_path / "err").read_text()
    assert sum(counts(store)) == len(feed)
    for receipt in receipts_of(store):
        version = "LEGIARTI000050924157" if receipt.day == today() else "LEGIARTI000000000001"
        assert receipt.law["R6323-37"] == version
    assert {receipt.day for receipt in receipts_of(store)} == {today(), amended}


@pytest.mark.pubsub
def test_a_subscription_that_is_not_there_is_told(pubsub: Emulator, run: Tamis, keys: str) -> None:
    source = "pubsub://projects/tamis-tests/subscriptions/not-there"
    outcome = run(POLICY, [], Path("store"), "--input", source)
    assert (outcome.code, outcome.err.splitlines()[-1]) == (
        2,
        f"tamis: {source}: no such subscription",
    )


LABELS: dict[str, tuple[str, ...]] = {
    "topics": LABELS_OF_STREAM,
    "store": (
        "Stream",
        "Stream/Commit",
        "Stream/Judge",
        "Stream/Key",
        "Stream/Read",
        "Stream/Window",
        "Stream/Windows",
    ),
}
"""Labels of the steps that Tamis names itself. A job is updated by them: they must not change."""


@pytest.mark.parametrize("output", ["pubsub://projects/project/topics/out", "gs://bucket/store"])
def test_the_dataflow_job_is_built_offline_and_shuffles_no_message(
    tamis: Tamis, keys: str, output: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    built: list[Any] = []
    launch = Pipeline.run

    def keep(pipeline: Pipeline, *args: Any, **kwargs: Any) -> Any:
        result = launch(pipeline, *args, **kwargs)
        assert isinstance(pipeline.runner, DataflowRunner)
        built.append(pipeline.runner.proto_pipeline)
        return result

    monkeypatch.setattr(Pipeline, "run", keep)
    source = "pubsub://projects/project/subscriptions/feed"
    places = ("--input", source, "--output", output, "--keys", keys, "--allow-example")
    outcome = tamis("run", POLICY, *places, "--", *DATAFLOW)
    assert outcome.code == 0, outcome.err
    assert "is built, and not launched" in outcome.out
    graph = built[-1]
    parts = graph.components
    names = sorted(step.unique_name for step in parts.transforms.values())
    labels = tuple(name for name in names[:-1] if name.count("/") <= 1)
    assert labels == LABELS["topics" if output.startswith("pubsub") else "store"]
    groups = [
        transform
        for transform in parts.transforms.values()
        if transform.spec.urn == "beam:transform:group_by_key:v1"
    ]
    (group,) = groups
    (shuffled,) = group.inputs.values()
    key, portion = parts.coders[parts.pcollections[shuffled].coder_id].component_coder_ids
    assert parts.coders[key].spec.urn == "beam:coder:string_utf8:v1"
    while parts.coders[portion].component_coder_ids:
        (portion,) = parts.coders[portion].component_coder_ids
    assert JudgedWindowCoder.__name__.encode() in unpacked(parts.coders[portion].spec.payload)


def test_a_job_for_dataflow_is_given_no_folder_of_this_machine(tamis: Tamis, keys: str) -> None:
    # Its workers would commit to their own disks, acknowledge the messages, and be removed.
    source = "pubsub://projects/project/subscriptions/feed"
    places = ("--input", source, "--output", "store", "--keys", keys, "--allow-example")
    for language, why in (
        ("en", "store: workers of Dataflow do not see this machine's files: expected gs://"),
        ("fr", "les fichiers de cette machine\N{NO-BREAK SPACE}: gs://… ou s3://… est attendu"),
    ):
        outcome = tamis("--lang", language, "run", POLICY, *places, "--", *DATAFLOW)
        assert outcome.code == 2, outcome.out
        assert why in outcome.err


def test_workers_of_dataflow_are_given_the_whole_path_of_the_keyring(
    tamis: Tamis, keys: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    built: list[bytes] = []
    launch = Pipeline.run

    def keep(pipeline: Pipeline, *args: Any, **kwargs: Any) -> Any:
        result = launch(pipeline, *args, **kwargs)
        assert isinstance(pipeline.runner, DataflowRunner)
        built.extend(payloads(pipeline.runner.proto_pipeline))
        return result

    monkeypatch.setattr(Pipeline, "run", keep)
    monkeypatch.chdir(Path(keys).parent)
    places = (
        *("--input", "pubsub://projects/project/subscriptions/feed"),
        *("--output", "gs://bucket/store", "--keys", Path(keys).name, "--allow-example"),
    )
    outcome = tamis("run", POLICY, *places, "--", *DATAFLOW)
    assert outcome.code == 0, outcome.err
    assert os.path.abspath(keys).encode() in b"".join(built)
