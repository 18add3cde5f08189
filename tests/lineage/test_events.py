"""The events of every policy follow OpenLineage's schemas, and tell each column's way."""

import datetime
import json
import uuid
from typing import Any

import pytest
from openlineage.client.serde import Serde

from tamis.documents.tags import TAGS
from tamis.errors import RunError
from tamis.lineage.events import RunEvents, State, parent_facet
from tamis.plan.plan import Plan
from tamis.plan.project import load_project
from tamis.telemetry.listener import Commit, StartedRun

from .server import problems

CPF = load_project("cpf")
DAY = datetime.date(2026, 11, 23)
MASKED = {"pseudonymized", "generalized", "redacted"}


def begun(plan: Plan, output: str = "store", *, is_stream: bool = False) -> RunEvents:
    """The events of a run, or of a session of a stream, that begins."""
    source = "kafka://broker:9092/feed" if is_stream else "in/*.csv"
    run = StartedRun(plan, "the-run", (source,), output, is_stream)
    return RunEvents(run, run.inputs, "0.2.0")


def told(events: RunEvents, state: State, error: RunError | None = None) -> Any:
    """An event as it is sent."""
    return json.loads(Serde.to_json(events.event(state, error)))


def paths(fields: list[Any], above: str = "") -> set[str]:
    """The paths of the fields of a schema facet that hold values."""
    found: set[str] = set()
    for field in fields:
        inner = field.get("fields") or []
        name = "" if field["name"] == "_element" else field["name"]
        path = ".".join(filter(None, (above, name)))
        found |= paths(inner, path) if inner else {path}
    return found


@pytest.mark.parametrize("policy", CPF.policies())
def test_each_released_column_has_its_way_from_the_feed(policy: str) -> None:
    plan = CPF.plan(policy, on=DAY)
    event = told(begun(plan), State.START)
    assert problems(event) == []
    (read,) = event["inputs"]
    known = {field["name"] for field in read["facets"]["schema"]["fields"]}
    assert known == (set(plan.known) if plan.format.xml is None else set(plan.arrow_schema.names))
    releases = {output["name"].rpartition("/")[2]: output for output in event["outputs"]}
    assert set(releases) == {policy, *(release.id for release in plan.releases)}, "and quarantine"
    for release in plan.releases:
        facets = releases[release.id]["facets"]
        columns = facets["columnLineage"]["fields"]
        assert set(columns) == paths(facets["schema"]["fields"]) - set(TAGS)
        for leaf in release.leaves:
            (source, *_others) = columns[leaf.released_path]["inputFields"]
            assert source["field"].partition(".")[0] in known
            (how,) = source["transformations"]
            assert how["masking"] is (leaf.fate in MASKED)
            assert (how["subtype"] == "IDENTITY") is (leaf.fate == "kept" and not leaf.canonical)
        tags = {tag["key"]: tag["value"] for tag in facets["tags"]["tags"] if "field" not in tag}
        assert (tags["legal_item"], tags["legal_purpose"]) == (release.item, release.purpose)
        assert "legal_run" not in tags


def test_conditions_are_indirect_sources() -> None:
    event = told(begun(CPF.plan("cpir-partage", on=DAY)), State.START)
    lineage = event["outputs"][0]["facets"]["columnLineage"]

    def indirect(sources: list[Any]) -> set[tuple[str, str]]:
        return {
            (source["field"], how["subtype"])
            for source in sources
            for how in source["transformations"]
            if how["type"] == "INDIRECT"
        }

    assert indirect(lineage["dataset"]) == {("decision", "FILTER")}
    columns = lineage["fields"]
    assert indirect(columns["sortie.nature"]["inputFields"]) == {("sortie.nature", "CONDITIONAL")}
    assert indirect(columns["interruptions.debut"]["inputFields"]) == {
        ("interruptions.validee", "FILTER")
    }


def test_a_stream_counts_up_and_a_failure_says_why() -> None:
    plan = CPF.plan("evaluation-cpf", on=DAY)
    events = begun(plan, "kafka://broker:9092/out", is_stream=True)
    release = plan.releases[0].id
    for _commit in range(2):
        events.add(Commit("r", 5, 3, 1, {"null": 1}, {release: 3}, 0.1))
    event = told(events, State.FAIL, RunError("cannot read in/155087599999193.csv"))
    assert problems(event) == []
    assert event["job"] == event["job"] | {"namespace": "tamis", "name": "the-run"}
    tags = {tag["key"]: tag["value"] for tag in event["run"]["facets"]["tags"]["tags"]}
    assert {name: tags[f"records_{name}"] for name in ("in", "released", "withheld")} == {
        "in": "10",
        "released": "6",
        "withheld": "2",
    }
    rows = [output["outputFacets"]["outputStatistics"]["rowCount"] for output in event["outputs"]]
    assert rows == [6, 2]
    message = event["run"]["facets"]["errorMessage"]["message"]
    assert message == "cannot read in/(name withheld).csv"
    assert event["run"]["runId"] == told(events, State.COMPLETE)["run"]["runId"]
    assert event["run"]["runId"] != told(begun(plan, is_stream=True), State.START)["run"]["runId"]


def test_the_same_run_of_the_same_store_is_the_same_run() -> None:
    plan = CPF.plan("evaluation-cpf", on=DAY)
    assert begun(plan).run_id == begun(plan).run_id
    assert begun(plan).run_id != begun(plan, "other").run_id


def test_the_run_of_an_orchestrator_is_its_parent(monkeypatch: pytest.MonkeyPatch) -> None:
    parent, root = str(uuid.uuid4()), str(uuid.uuid4())
    assert parent_facet() is None
    monkeypatch.setenv("OPENLINEAGE_PARENT_ID", f"airflow/nightly.tamis/{parent}")
    monkeypatch.setenv("OPENLINEAGE_ROOT_PARENT_ID", f"airflow/nightly/{root}")
    monkeypatch.setenv("OPENLINEAGE_NAMESPACE", "cpf")
    event = told(begun(CPF.plan("evaluation-cpf", on=DAY)), State.START)
    assert problems(event) == []
    assert event["job"]["namespace"] == "cpf"
    facet = event["run"]["facets"]["parent"]
    assert facet["run"]["runId"] == parent
    assert facet["job"] == facet["job"] | {"namespace": "airflow", "name": "nightly.tamis"}
    assert facet["root"]["run"]["runId"] == root
    for wrong in ("airflow", "a/b/no-uuid", "/b/" + parent):
        monkeypatch.setenv("OPENLINEAGE_PARENT_ID", wrong)
        assert parent_facet() is None
