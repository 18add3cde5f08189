"""Windows of a Pub/Sub stream without Pub/Sub: late messages, commits tried again, old plans."""

import datetime
import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import apache_beam as beam
import pytest
from apache_beam.io.gcp.pubsub import PubsubMessage
from apache_beam.options.pipeline_options import PipelineOptions
from apache_beam.testing import test_stream as stream_tests
from apache_beam.transforms.window import IntervalWindow, TimestampedValue

from tamis.address import PubsubAddress
from tamis.beam.minimize import KeyRef
from tamis.beam.pubsub import PubsubStream, _CommitFn, _JudgeFn
from tamis.beam.window import JudgedWindow, JudgedWindowCoder
from tamis.errors import RunError
from tamis.evidence.receipt import Receipt
from tamis.keys.keyring import Keyring
from tamis.plan.plan import Plan
from tamis.plan.project import bundled_project
from tamis.streams.messages import json_decoder
from tamis.streams.pubsub import position_of
from tamis.synthetic.records import DIRTY, make_records

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
    lines = [json.dumps(one, default=str).encode() for one in records]
    return [PubsubMessage(line, {}, message_id=str(9 - n)) for n, line in enumerate(lines)]


def judge(plan: Plan, keys: KeyRef, messages: Sequence[PubsubMessage]) -> JudgedWindow:
    """What the step makes of one bundle."""
    step = _JudgeFn(plan, "flux", SOURCE, json_decoder(), keys, None, 1_000, None)
    step.setup()
    step.start_bundle()
    for message in messages:
        assert list(step.process(message, WINDOW)) == []
    (one,) = step.finish_bundle()
    return one.value


def test_what_comes_late_is_a_commit_of_its_own(
    lasting: Plan, keys: KeyRef, messages: list[PubsubMessage], tmp_path: Path
) -> None:
    def at(part: list[PubsubMessage]) -> list[TimestampedValue[PubsubMessage]]:
        return [TimestampedValue(one, 10) for one in part]

    stream = PubsubStream(
        lasting,
        "flux",
        PubsubAddress.of(SOURCE),
        str(tmp_path),
        datetime.timedelta(seconds=60),
        json_decoder(),
        keys,
    )
    events = stream_tests.TestStream().add_elements(at(messages[:30])).advance_watermark_to(1_000)
    events = events.add_elements(at(messages[30:])).advance_processing_time(120)
    options = PipelineOptions(["--runner=BundleBasedDirectRunner", "--streaming"])
    with beam.Pipeline(options=options) as pipeline:
        _ = stream.commit(pipeline | events.advance_watermark_to_infinity())
    told = [
        Receipt.model_validate_json(one.read_bytes()) for one in tmp_path.glob("_receipts/*.json")
    ]
    assert sorted(one.counts.in_ for one in told) == [10, 30]
    assert {one.run[:-8] for one in told} == {"flux-19700101t000000-"}


def test_a_commit_that_is_tried_again_is_the_same_in_whatever_order(
    lasting: Plan, keys: KeyRef, messages: list[PubsubMessage], tmp_path: Path
) -> None:
    parts = [judge(lasting, keys, messages[:25]), judge(lasting, keys, messages[25:])]
    told = []
    for store, portions in (("one", parts), ("one", parts[::-1]), ("two", parts[::-1])):
        step = _CommitFn(lasting, "flux", SOURCE, (), str(tmp_path / store), None)
        step.setup()
        (text,) = step.process(("", portions), WINDOW)
        told.append(Receipt.model_validate_json(text))
    assert told[0] == told[1], "the second finds what the first did"
    assert told[0].files() == told[2].files(), "and another store has the same bytes"
    assert told[0].counts.in_ == len(messages)


def test_a_portion_travels_whole_and_with_nothing_else(
    lasting: Plan, keys: KeyRef, messages: list[PubsubMessage]
) -> None:
    portion = judge(lasting, keys, messages)
    encoded = JudgedWindowCoder().encode(portion)
    back = JudgedWindowCoder().decode(encoded)
    assert back.ids == portion.ids
    assert back.judged.tally == portion.judged.tally
    assert back.judged.ranges == portion.judged.ranges
    for release, rows in portion.judged.released.items():
        assert back.judged.released[release].data.equals(rows.data)
        assert back.judged.released[release].offsets.equals(rows.offsets)
    assert back.judged.quarantined.data.equals(portion.judged.quarantined.data)
    for message in messages:
        nir = json.loads(message.data)["nir"]
        assert nir is None or nir.encode() not in encoded
    bare = JudgedWindowCoder().decode(JudgedWindowCoder().encode(portion.without_rows()))
    assert bare.judged.tally == portion.judged.tally
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


@pytest.mark.parametrize("name", ["", "a-1", "-5", "007", str(1 << 63), "٣", "9" * 40])
def test_an_id_that_is_no_number_has_a_position_below_0(name: str) -> None:
    assert -(1 << 63) <= position_of(name) < 0


def test_an_id_that_is_a_number_is_its_position() -> None:
    assert position_of(str((1 << 63) - 1)) == (1 << 63) - 1
