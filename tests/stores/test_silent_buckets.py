"""A bucket that does not answer is waited for in bounded time, and it is said for what."""

import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tamis import waiting
from tamis.beam.files import list_inputs
from tamis.cli import main
from tamis.errors import RunError
from tamis.plan.project import bundled_project
from tamis.runs.watch import WatchJob, watch
from tamis.stores import remote_folder
from tamis.stores.opening import open_store
from tests.services.buckets import anonymous, environment

ANYTHING: dict[str, Callable[[str], object]] = {
    "inputs": lambda uri: list_inputs((f"{uri}/in/*.csv",)),
    "store": lambda uri: open_store(f"{uri}/store").committed("r"),
    "receipts": lambda uri: list(open_store(f"{uri}/store").receipts()),
    "watched": lambda uri: watch(
        WatchJob(f"{uri}/in/*.csv", "store", "w", once=True),
        lambda: bundled_project().plan("regularite-prestataires"),
        lambda _receipt: None,
        threading.Event(),
    ),
}


@pytest.fixture
def silent() -> Iterator[str]:
    """The address of a server that takes connections and says nothing."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        host, port = server.getsockname()
        yield f"http://{host}:{port}"


@pytest.fixture(params=["gs", "s3"])
def bucket(
    request: pytest.FixtureRequest, silent: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Iterator[str]:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(waiting, "SILENT_SECONDS", 0.1)
    monkeypatch.setattr(waiting, "ANSWER_SECONDS", 0.5)
    monkeypatch.setattr(remote_folder, "_answered", set())
    variables = {
        "STORAGE_EMULATOR_HOST": silent,
        "GOOGLE_CLOUD_PROJECT": "tests",
        "AWS_ENDPOINT_URL": silent,
        "AWS_ACCESS_KEY_ID": "tests",
        "AWS_SECRET_ACCESS_KEY": "opens-nothing",
        "AWS_DEFAULT_REGION": "us-east-1",
    }
    with environment(**variables), anonymous():
        yield f"{request.param}://bucket"


@pytest.mark.parametrize("what", ANYTHING)
def test_it_is_waited_for_no_longer_than_said(
    what: str, bucket: str, caplog: pytest.LogCaptureFixture
) -> None:
    began = time.monotonic()
    with pytest.raises(RunError, match=rf"{bucket}: no answer within 0 s"):
        ANYTHING[what](bucket)
    assert time.monotonic() - began < 20  # and not for minutes
    assert f"{bucket}: no answer yet, waiting for 0 s at most" in caplog.text


def test_a_command_exits_3(
    bucket: str, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    words = ["--input", f"{bucket}/in/feed.csv", "--output", "store"]
    monkeypatch.setattr(
        sys, "argv", ["tamis", "--project", "cpf", "run", "regularite-prestataires", *words]
    )
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 3
    told = capfd.readouterr().err
    assert f"{bucket}: no answer yet" in told
    assert f"{bucket}: no answer within" in told


@pytest.mark.parametrize("bucket", ["s3"], indirect=True)
def test_who_refuses_to_connect_is_told(bucket: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    monkeypatch.setattr(waiting, "ANSWER_SECONDS", 60.0)
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{port}")
    with pytest.raises(RunError, match=r"s3://bucket: cannot be reached \(Endpoint"):
        remote_folder.require_answer(bucket)


def test_what_answers_is_asked_once(monkeypatch: pytest.MonkeyPatch, s3: str) -> None:
    remote_folder.require_answer(s3)
    monkeypatch.setattr(waiting, "ANSWER_SECONDS", -1.0)
    monkeypatch.setattr(waiting, "SILENT_SECONDS", 0.0)
    remote_folder.require_answer(f"{s3}/store")
    remote_folder.require_answer("hdfs://node/store")
