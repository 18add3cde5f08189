"""Windows of a Pub/Sub stream without Pub/Sub: late messages, commits tried again, old plans."""

import datetime
import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import apache_beam as beam
import pyarrow.parquet as pq
import pytest
from apache_beam.io.gcp.pubsub import PubsubMessage
from apache_beam.options.pipeline_options import PipelineOptions
from apache_beam.testing import test_stream as stream_tests
from apache_beam.transforms.window import IntervalWindow, TimestampedValue

from tamis.beam.keys import KeyRef
from tamis.beam.pubsub import PubsubStream, _CommitFn, _JudgeFn
from tamis.beam.window import JudgedWindow, JudgedWindowCoder
from tamis.errors import RunError
from tamis.evidence.receipt import Receipt
from tamis.keys.keyring import Keyring
from tamis.plan.plan import Plan
from tamis.plan.project import bundled_project
from tamis.streams.job import StreamJob
from tamis.streams.messages import json_decoder
from tamis.synthetic.records import DIRTY, Dirt, make_records

from ..services.prism import find_prism
from ..streams import poison
from .conftest import POLICY

SOURCE = "pubsub://projects/project/subscriptions/feed"
WINDOW = IntervalWindow(1_767_225_600, 1_767_225_660)


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> KeyRef:
    path = str(tmp_path_factory.mktemp("keys") / "keys.json")
    Keyring.create(path)
    return KeyRef(path, 1)


@pytest.fixture(scope="module")
def lasting(plan: Plan) -> Plan:
    """A plan that may act on any day."""
    return replace(plan, valid_until=None)


@pytest.fixture(scope="module")
def messages() -> list[PubsubMessage]:
    project = bundled_project()
    policy, _ = project.policy(POLICY)
    schema, _ = project.schema(policy.schema_)
    records = make_records(schema, 40, seed=7, policies=[policy], dirt=DIRTY)
    lines = [json.dumps(record, default=str).encode() for record in records]
    return [PubsubMessage(line, {}, message_id=str(9 - n)) for n, line in enumerate(lines)]


def judge(plan: Plan, keys: KeyRef, messages: Sequence[PubsubMessage]) -> JudgedWindow:
    """What the step makes of one bundle."""
    job = StreamJob(SOURCE, "store", "flux", records=1_000)
    step = _JudgeFn(plan, job, SOURCE, json_decoder(), keys, (), None)
    step.setup()
    step.start_bundle()
    for message in messages:
        assert list(step.process(message, WINDOW)) == []
    (one,) = step.finish_bundle()
    return one.value


@pytest.fixture(
    params=[
        "--runner=BundleBasedDirectRunner",
        pytest.param("--runner=PrismRunner", marks=pytest.mark.prism),
    ],
    ids=["bundles", "prism"],
)
def runner(request: pytest.FixtureRequest) -> list[str]:
    """Options of a runner that fires windows while messages come."""
    options = [request.param, "--streaming"]
    if "Prism" in request.param:
        options += [f"--prism_location={find_prism()}", "--environment_type=LOOPBACK"]
    return options


def run(
    plan: Plan, keys: KeyRef, events: stream_tests.TestStream, store: Path, runner: list[str]
) -> list[Receipt]:
    """Run the graph behind its reading step; the receipts in the store."""
    stream = PubsubStream(
        plan,
        StreamJob(SOURCE, str(store), "flux"),
        json_decoder(),
        keys,
    )
    with beam.Pipeline(options=PipelineOptions(runner)) as pipeline:
        _ = stream.commit(pipeline | events)
    return [Receipt.model_validate_json(path.read_bytes()) for path in store.glob("_receipts/*")]


def at(second: int, messages: list[PubsubMessage]) -> list[TimestampedValue[PubsubMessage]]:
    return [TimestampedValue(message, second) for message in messages]


def test_each_window_and_what_comes_late_for_it_is_a_commit_of_its_own(
    lasting: Plan, keys: KeyRef, messages: list[PubsubMessage], tmp_path: Path, runner: list[str]
) -> None:
    events = stream_tests.TestStream().add_elements(at(10, messages[:20]))
    events = events.add_elements(at(70, messages[20:30])).advance_watermark_to(1_000)
    events = events.add_elements(at(10, messages[30:])).advance_processing_time(120)
    found = run(lasting, keys, events.advance_watermark_to_infinity(), tmp_path, runner)
    first, second = "flux-19700101t000000-", "flux-19700101t000100-"
    assert sorted((one.run[:-8], one.counts.in_) for one in found) == [
        (first, 10),
        (first, 20),
        (second, 10),
    ]
    for receipt in found:
        assert {part.uri for part in receipt.inputs} == {SOURCE}
        for file in receipt.files():
            assert pq.read_metadata(tmp_path / file.path).num_rows == file.rows


def test_windows_that_an_engine_judges_again_are_there_once(
    lasting: Plan, keys: KeyRef, messages: list[PubsubMessage], tmp_path: Path, runner: list[str]
) -> None:
    before: dict[str, bytes] = {}
    for order in (messages, messages[::-1]):
        events = stream_tests.TestStream().add_elements(at(10, order[:7]))
        events = events.add_elements(at(10, order[7:])).advance_watermark_to(1_000)
        (receipt,) = run(lasting, keys, events.advance_watermark_to_infinity(), tmp_path, runner)
        assert receipt.counts.in_ == len(messages)
        files = {
            str(path.relative_to(tmp_path)): path.read_bytes()
            for path in tmp_path.rglob("*")
            if path.is_file()
        }
        assert files == (before or files)
        before = files
    assert before.keys() == {f"_receipts/{receipt.run}.json"} | {
        file.path for file in receipt.files()
    }


def test_a_commit_that_is_tried_again_is_the_same_in_whatever_order(
    lasting: Plan, keys: KeyRef, messages: list[PubsubMessage], tmp_path: Path
) -> None:
    parts = [judge(lasting, keys, messages[:25]), judge(lasting, keys, messages[25:])]
    receipts = []
    for store, judged_windows in (("one", parts), ("one", parts[::-1]), ("two", parts[::-1])):
        step = _CommitFn("flux", SOURCE, str(tmp_path / store))
        step.setup()
        (text,) = step.process(("", judged_windows), WINDOW)
        receipts.append(Receipt.model_validate_json(text))
    assert receipts[0] == receipts[1], "the second finds what the first did"
    assert receipts[0].files() == receipts[2].files(), "and another store has the same bytes"
    assert receipts[0].counts.in_ == len(messages)


def test_a_drained_job_commits_the_windows_that_are_open(
    lasting: Plan, keys: KeyRef, messages: list[PubsubMessage], tmp_path: Path, runner: list[str]
) -> None:
    # What a drain does: nothing more is read, and the watermark goes to the end at once.
    events = stream_tests.TestStream().add_elements(at(10, messages[:20]))
    events = events.add_elements(at(70, messages[20:])).advance_watermark_to_infinity()
    receipts = run(lasting, keys, events, tmp_path, runner)
    assert sorted(receipt.counts.in_ for receipt in receipts) == [20, len(messages) - 20]


def test_an_updated_job_commits_what_the_one_before_judged_under_the_plan_of_then(
    lasting: Plan, keys: KeyRef, messages: list[PubsubMessage], tmp_path: Path
) -> None:
    before = replace(lasting, schema="of-the-day-before", day=datetime.date(2026, 3, 1))
    old, new = judge(before, keys, messages[:25]), judge(lasting, keys, messages[25:])
    assert old.group != new.group
    assert replace(new, plan=before).group == old.group
    step = _CommitFn("flux", SOURCE, str(tmp_path))
    step.setup()
    for part, plan in ((old, before), (new, lasting)):
        back = JudgedWindowCoder().decode(JudgedWindowCoder().encode(part))
        assert back.group == part.group
        receipt = Receipt.model_validate_json(step.process((part.group, [back]), WINDOW)[0])
        assert (receipt.plan_sha256, receipt.day) == (plan.sha256, plan.day)
        assert receipt.counts.in_ == (25 if part is old else len(messages) - 25)


def test_a_judged_window_travels_whole_and_with_nothing_else(
    lasting: Plan, keys: KeyRef, messages: list[PubsubMessage]
) -> None:
    judged_window = judge(lasting, keys, messages)
    encoded = JudgedWindowCoder().encode(judged_window)
    back = JudgedWindowCoder().decode(encoded)
    assert back.ids == judged_window.ids
    assert back.judged.tally == judged_window.judged.tally
    assert back.judged.ranges == judged_window.judged.ranges
    for release, rows in judged_window.judged.released.items():
        assert back.judged.released[release].data.equals(rows.data)
        assert back.judged.released[release].offsets.equals(rows.offsets)
    assert back.judged.quarantined.data.equals(judged_window.judged.quarantined.data)
    for message in messages:
        nir = json.loads(message.data)["nir"]
        assert nir is None or nir.encode() not in encoded
    bare = JudgedWindowCoder().decode(JudgedWindowCoder().encode(judged_window.without_rows()))
    assert bare.judged.tally == judged_window.judged.tally
    assert bare.judged.released == {}


def test_an_expired_plan_does_not_act(
    plan: Plan, keys: KeyRef, messages: list[PubsubMessage]
) -> None:
    expired = replace(plan, valid_until=datetime.date(2026, 3, 3))
    with pytest.raises(RunError, match="changed on 2026-03-03"):
        judge(expired, keys, messages)


def test_messages_without_an_id_are_refused(
    lasting: Plan, keys: KeyRef, messages: list[PubsubMessage]
) -> None:
    with pytest.raises(RunError, match="without their ids"):
        judge(lasting, keys, [*messages, PubsubMessage(b"{}", {})])


def test_each_poison_has_its_disposition(
    lasting: Plan, keys: KeyRef, tmp_path: Path, runner: list[str]
) -> None:
    cases = poison.for_pubsub()
    project = bundled_project()
    policy, _path = project.policy(POLICY)
    schema, _path = project.schema(policy.schema_)
    records = make_records(schema, len(cases), seed=8, policies=[policy], dirt=Dirt())
    sent = [
        PubsubMessage(
            case.make({**record, "dispositif": "CPF", "code_rncp": case.name}) or b"",
            poison.attributes_of(case),
            message_id=str(number),
            ordering_key=(case.key or b"").decode(),
        )
        for number, (case, record) in enumerate(zip(cases, records, strict=True))
    ]
    events = stream_tests.TestStream().add_elements(at(10, sent)).advance_watermark_to_infinity()
    (receipt,) = run(lasting, keys, events, tmp_path, runner)
    outcomes = [case.outcome for case in cases]
    assert receipt.counts.withheld == outcomes.count("withheld")
    (release,) = lasting.releases
    rows = pq.read_table(tmp_path / POLICY / release.id, partitioning=None).column("code_rncp")
    assert sorted(rows.to_pylist()) == sorted(
        case.name for case in cases if case.outcome == "released"
    )
    quarantine = pq.read_table(tmp_path / "_quarantine" / POLICY, partitioning=None).to_pylist()
    assert {row["position"]: (row["reason"], row["field"], row["rule"]) for row in quarantine} == {
        number: outcome for number, outcome in enumerate(outcomes) if isinstance(outcome, tuple)
    }
    for path in tmp_path.rglob("*"):
        if path.is_file():
            content = path.read_bytes()
            assert poison.CANARY.encode() not in content
            assert poison.NIR.encode() not in content
