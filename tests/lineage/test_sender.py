"""Events go where they are to go, and what is wrong there is told once and stops nothing."""

import datetime
import json
import logging
from pathlib import Path

import pytest

from tamis.cli.lineage import telling_lineage
from tamis.errors import UsageError
from tamis.lineage import listener as module
from tamis.lineage.listener import Lineage
from tamis.lineage.sender import Sender
from tamis.plan.project import load_project
from tamis.telemetry.listener import Commit, RunListener, StartedRun

from .server import problems, serve

PLAN = load_project("cpf").plan("evaluation-cpf", on=datetime.date(2026, 11, 23))
BATCH = StartedRun(PLAN, "r", ("in/feed.csv",), "store")
STREAM = StartedRun(PLAN, "s", ("kafka://broker:9092/feed",), "kafka://broker:9092/out", True)
COMMIT = Commit("r", 5, 3, 1, {"null": 1}, {PLAN.releases[0].id: 3}, 0.1)


def tell(listeners: tuple[RunListener, ...], run: StartedRun = BATCH, commits: int = 1) -> None:
    (listener,) = listeners
    listener.started(run)
    for _commit in range(commits):
        listener.committed(COMMIT)
    listener.completed()


def test_a_file_has_a_line_an_event(tmp_path: Path) -> None:
    path = tmp_path / "lineage.jsonl"
    for target in (f"file:{path}", f"file://{path}"):
        with telling_lineage(target, ("in/feed.csv",)) as listeners:
            tell(listeners)
    events = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    assert [event["eventType"] for event in events] == ["START", "COMPLETE"] * 2
    assert [text for event in events for text in problems(event)] == []
    assert len({event["run"]["runId"] for event in events}) == 1


def test_the_environment_decides_where_the_line_says_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with telling_lineage(None, ()) as listeners:
        assert listeners == ()
    with serve() as lineage:
        monkeypatch.setenv("OPENLINEAGE_URL", lineage.url)
        monkeypatch.setenv("OPENLINEAGE_API_KEY", "a-token")
        with telling_lineage(None, ("in/a.csv",), by_digest=True) as listeners:
            tell(listeners)
        with telling_lineage(f"{lineage.url}/elsewhere/v1", ("in/a.csv",)) as listeners:
            tell(listeners)
        monkeypatch.setenv("OPENLINEAGE_DISABLED", "true")
        with telling_lineage(None, ()) as listeners:
            assert listeners == ()
    assert lineage.problems == []
    assert lineage.states == ["START", "COMPLETE"] * 2
    assert lineage.paths == ["/api/v1/lineage"] * 2 + ["/elsewhere/v1"] * 2
    assert {headers["Authorization"] for headers in lineage.headers} == {"Bearer a-token"}
    names = [event["inputs"][0]["name"].rpartition("/")[2] for event in lineage.events]
    assert names == ["in", "in", "a.csv", "a.csv"]


@pytest.mark.parametrize(
    ("config", "problem"),
    [
        (None, "OPENLINEAGE_CONFIG: there is no such file, or it names no transport"),
        ("transport: {type: bogus}", "OPENLINEAGE_CONFIG: OpenLineage's configuration is wrong"),
        ("[", "OPENLINEAGE_CONFIG: there is no such file, or it names no transport"),
    ],
)
def test_a_configuration_that_is_wrong_stops_no_run(
    config: str | None,
    problem: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    path = tmp_path / "openlineage.yml"
    if config is not None:
        path.write_text(config, encoding="utf-8")
    monkeypatch.setenv("OPENLINEAGE_CONFIG", str(path))
    with telling_lineage(None, ()) as listeners:
        assert listeners == ()
    (record,) = caplog.records
    assert record.message.startswith(problem)
    assert record.message.endswith("; lineage is not told")


def test_a_stream_tells_now_and_then(monkeypatch: pytest.MonkeyPatch) -> None:
    with serve() as lineage:
        for seconds in (60.0, 0.0):
            monkeypatch.setattr(module, "RUNNING_SECONDS", seconds)
            with telling_lineage(lineage.url, STREAM.inputs) as listeners:
                tell(listeners, run=STREAM, commits=3)
    assert lineage.states == ["START", "COMPLETE", "START", *["RUNNING"] * 3, "COMPLETE"]
    assert lineage.problems == []
    rows = [
        event["outputs"][0]["outputFacets"]["outputStatistics"]["rowCount"]
        for event in lineage.events[3:]
    ]
    assert rows == [3, 6, 9, 9]


def test_a_server_that_refuses_is_told_once_without_secrets(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with serve() as lineage, caplog.at_level(logging.WARNING):
        lineage.status = 401
        url = lineage.url.replace("://", "://user:a-secret@")
        with telling_lineage(url, ()) as listeners:
            tell(listeners, run=STREAM, commits=3)
    (record,) = caplog.records
    assert record.message == (
        f"{lineage.url}: lineage cannot be told (HTTPError); the run goes on, and this is not told "
        "again"
    )


def test_what_does_not_answer_is_waited_for_no_longer_than_said(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with serve() as lineage:
        lineage.answers.clear()
        sender = Sender(lineage.url)
        tell((Lineage(sender),))
        sender.close(0.1)
        lineage.answers.set()
    assert f"{lineage.url}: lineage cannot be told (it does not answer)" in caplog.text


@pytest.mark.parametrize("target", ["kafka://b/t", "lineage.jsonl", "file:", "http://", "ftp:x"])
def test_another_target_is_refused(target: str) -> None:
    with (
        pytest.raises(UsageError, match="expected file:PATH or an address of http or https"),
        telling_lineage(target, ()),
    ):
        pass
