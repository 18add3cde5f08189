"""The same job on other runners: workers in other processes, and a Dataflow job built offline."""

import base64
import bz2
import json
import re
import zlib
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias

import pyarrow.parquet as pq
import pytest
from apache_beam import Pipeline
from apache_beam.portability.api import beam_runner_api_pb2 as api
from apache_beam.runners.dataflow.dataflow_runner import DataflowRunner
from apache_beam.runners.dataflow.internal.apiclient import Environment
from apache_beam.runners.worker.data_plane import TimeBasedBufferingClosableOutputStream

from tamis.beam.batch import BatchCoder
from tamis.cli import main
from tamis.errors import UsageError
from tamis.runs.batch import run

from .conftest import IN_MEMORY, POLICY, Feed, evidence, tree

pytestmark = pytest.mark.slow

PASSWORD = "mot-de-passe-secret"


class Built(NamedTuple):
    """A Dataflow job: its graph, and what its service is sent beside it."""

    graph: api.Pipeline
    job: str


Build: TypeAlias = Callable[..., Built]

GROUPS = ("beam:transform:group_by_key:v1", "beam:transform:reshuffle:v1")

DATAFLOW = (
    "--runner=DataflowRunner",
    "--dry_run=True",
    "--project=project",
    "--region=europe-west9",
    "--temp_location=gs://bucket/tmp",
    "--no_auth",
    "--sdk_container_image=image",
)
TOPIC = "pubsub://projects/project/topics/pour-evaluation"


@pytest.mark.parametrize(
    "options",
    [(IN_MEMORY,), ("--direct_running_mode=multi_processing", "--direct_num_workers=2")],
    ids=["in_memory", "multi_processing"],
)
def test_other_workers_write_the_same_bytes(
    feed: Feed, tmp_path: Path, options: tuple[str, ...]
) -> None:
    receipt, _ = run(feed.job_into(tmp_path, *options))
    assert receipt is not None
    assert evidence(receipt) == evidence(feed.receipt)
    assert tree(tmp_path) == feed.files


def test_no_timer_empties_buffers_that_others_write_to(
    feed: Feed, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Beam's loses elements: pieces, so that counts differ; tasks, so that files are not read.
    timed = []
    begin = TimeBasedBufferingClosableOutputStream._schedule_periodic_flush

    def schedule(self: TimeBasedBufferingClosableOutputStream) -> None:
        timed.append(self)
        begin(self)

    monkeypatch.setattr(
        TimeBasedBufferingClosableOutputStream, "_schedule_periodic_flush", schedule
    )
    run(feed.job_into(tmp_path, "--direct_running_mode=multi_threading", "--direct_num_workers=2"))
    assert tree(tmp_path) == feed.files
    assert timed == []


@pytest.fixture
def build(feed: Feed, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Build:
    """The Dataflow job that the command builds from an input and into an output; no network."""

    def build_job(source: str, store: str, *options: str) -> Built:
        built = []
        launch = Pipeline.run

        def keep(pipeline: Pipeline, *args: Any, **kwargs: Any) -> Any:
            result: Any = launch(pipeline, *args, **kwargs)
            assert isinstance(pipeline.runner, DataflowRunner)
            graph, job = pipeline.runner.proto_pipeline, result.job
            sent = Environment([], job.options, "1", "gs://bucket/graph", graph)
            built.append(Built(graph, f"{job.json()} {sent.proto}"))
            return result

        monkeypatch.setattr(Pipeline, "run", keep)
        command = ["tamis", "run", POLICY, "--allow-example", "--run-id", "the-run"]
        places = ["--input", source, "--output", store]
        keys = ["--keys", str(feed.job.keys)]
        monkeypatch.setattr("sys.argv", [*command, *places, *keys, "--", *DATAFLOW, *options])
        with pytest.raises(SystemExit) as left:
            main()
        printed = capsys.readouterr()
        assert left.value.code == 0, printed.err
        assert " the-run is built, and not launched" in printed.out
        assert PASSWORD not in printed.out + printed.err
        return built[0]

    return build_job


@pytest.fixture
def graph(build: Build) -> api.Pipeline:
    """The job from and into buckets."""
    return build("gs://bucket/in/*.parquet", "gs://bucket/store").graph


def test_no_job_holds_a_password_of_a_database(build: Build) -> None:
    database = f"postgresql://tamis:{PASSWORD}@db.example/cpf?sslpassword={PASSWORD}"
    built = build(f"{database}&table=dossiers", f"{database}&schema=s")
    job = b"".join(payloads(built.graph))
    assert b"db.example" in job
    assert PASSWORD.encode() not in job
    assert PASSWORD not in built.job


def test_the_dataflow_job_runs_in_the_image_that_was_named(graph: api.Pipeline) -> None:
    (environment,) = graph.components.environments.values()
    assert environment.urn == "beam:env:docker:v1"
    payload = api.DockerPayload.FromString(environment.payload)
    assert payload.container_image == "image"


def test_the_dataflow_job_holds_no_key_and_no_value(feed: Feed, graph: api.Pipeline) -> None:
    job = b"".join(payloads(graph))
    assert POLICY.encode() in job
    assert str(feed.job.keys).encode() in job
    for epoch in json.loads(Path(str(feed.job.keys)).read_bytes())["epochs"]:
        assert epoch["root"].encode() not in job
        assert bytes.fromhex(epoch["root"]) not in job
    nirs = pq.read_table(feed.folder / "in" / "0.parquet", columns=["nir"])["nir"]
    for nir in nirs.drop_null().to_pylist():
        assert nir.encode() not in job


LABELS = (
    "Minimize",
    "Minimize/Judge columns",
    "Minimize/Minimize",
    "Minimize/Sketches",
    "Minimize/Sum sketches",
    "Read",
    "Read/ListFiles",
    "Read/ReadTasks",
    "Store",
    "Store/Begin",
    "Store/Commit",
    "Store/Once",
    "Store/Pieces",
    "Store/Stage",
    "Store/Sum",
    "Store/Write evaluation",
    "Store/WriteQuarantine",
)
"""Labels of the steps that Tamis names itself. A job is updated by them: they must not change."""


def test_the_labels_of_a_job_are_stable(graph: api.Pipeline) -> None:
    # The last one, in lower case, is Beam's own name of the whole.
    names = sorted(step.unique_name for step in graph.components.transforms.values())
    assert tuple(name for name in names[:-1] if name.count("/") <= 1) == LABELS


LABELS_OF_STREAM = (
    "Stream",
    "Stream/Commit",
    "Stream/Counts",
    "Stream/Judge",
    "Stream/Key",
    "Stream/Read",
    "Stream/Receipts",
    "Stream/Rows evaluation",
    "Stream/RowsQuarantine",
    "Stream/Window",
    "Stream/Windows",
    "Stream/Write evaluation",
    "Stream/WriteQuarantine",
    "Stream/WriteReceipts",
)


def test_a_stream_is_updated_by_labels_that_do_not_change(build: Build) -> None:
    source = "pubsub://projects/project/subscriptions/feed"
    kms = "projects/p/locations/europe-west9/keyRings/r/cryptoKeys/k"
    built, again = (
        build(source, TOPIC, "--job_name=flux", f"--dataflow_kms_key={kms}") for _time in (1, 2)
    )
    names, names_again = (
        sorted(step.unique_name for step in each.graph.components.transforms.values())
        for each in (built, again)
    )
    assert names == names_again
    ours = {name for name in names if name.startswith("Stream") and name.count("/") <= 1}
    assert ours == set(LABELS_OF_STREAM)
    for text in ("JOB_TYPE_STREAMING", "enable_streaming_engine", kms):
        assert text in built.job
    (environment,) = built.graph.components.environments.values()
    assert api.DockerPayload.FromString(environment.payload).container_image == "image"


def test_no_record_is_shuffled(graph: api.Pipeline) -> None:
    parts = graph.components
    ours = {
        name
        for name, coder in parts.coders.items()
        if BatchCoder.__name__.encode() in unpacked(coder.spec.payload)
    }
    assert ours
    of_batches = {
        name
        for name, collection in parts.pcollections.items()
        if uses(parts.coders, collection.coder_id) & ours
    }
    groups = {
        name: transform
        for name, transform in parts.transforms.items()
        if transform.spec.urn in GROUPS
    }
    assert groups, "descriptors and counts are shuffled"
    for transform in groups.values():
        assert not of_batches & set(transform.inputs.values()), transform.unique_name
    made_by = {
        parts.transforms[name].unique_name.split("/")[0].split("_")[0]
        for name, transform in parts.transforms.items()
        if of_batches & set(transform.outputs.values()) and not transform.subtransforms
    }
    assert made_by == {"Read", "Minimize"}


def test_what_beam_refuses_is_told(feed: Feed, tmp_path: Path) -> None:
    job = feed.job_into(tmp_path, *(option for option in DATAFLOW if "region" not in option))
    with pytest.raises(UsageError, match=r"Beam refuses its options: .*region"):
        run(replace(job, inputs=("gs://bucket/in/*",), output="gs://bucket/store"))


def payloads(graph: api.Pipeline) -> Iterable[bytes]:
    """Every payload of the graph, as it stands and unpacked."""
    yield graph.SerializeToString()
    for transform in graph.components.transforms.values():
        yield unpacked(transform.spec.payload)
    for coder in graph.components.coders.values():
        yield unpacked(coder.spec.payload)


def unpacked(payload: bytes) -> bytes:
    """What is compressed and written in base64 inside a payload, in clear."""
    clear = [payload]
    for text in re.findall(rb"[A-Za-z0-9+/]{40,}={0,2}", payload):
        try:
            packed = base64.b64decode(text)
        except ValueError:
            continue
        for unpack in (bz2.decompress, zlib.decompress):
            try:
                clear.append(unpack(packed))
            except (OSError, ValueError, zlib.error):
                continue
        clear.append(packed)
    return b"\n".join(clear)


def uses(coders: Any, name: str) -> set[str]:
    """The coder `name` and all that it is made of."""
    return {name}.union(*(uses(coders, id) for id in coders[name].component_coder_ids))
