"""A partition of Kafka as an element that is never done: when an engine is asked to come again."""

from pathlib import Path
from typing import Any

import pytest
from apache_beam.io.restriction_trackers import OffsetRange
from apache_beam.runners.sdf_utils import RestrictionTrackerView, ThreadsafeRestrictionTracker

from tamis.beam.kafka import _END, AWAY_SECONDS, CommitPartition, _Tracker
from tamis.beam.keys import KeyRef
from tamis.keys.keyring import Keyring
from tamis.plan.plan import Plan
from tamis.streams.into_shared_folder import Refusal
from tamis.streams.job import StreamJob
from tamis.streams.messages import json_decoder


@pytest.fixture
def step(plan: Plan, tmp_path: Path) -> CommitPartition:
    Keyring.create(str(tmp_path / "keys.json"))
    made = CommitPartition(
        plan,
        StreamJob("kafka://127.0.0.1:9/feed", str(tmp_path / "store"), "essai"),
        json_decoder(),
        KeyRef(str(tmp_path / "keys.json"), 1),
    )
    made.setup()
    return made


@pytest.fixture
def offsets() -> ThreadsafeRestrictionTracker:
    return ThreadsafeRestrictionTracker(_Tracker(OffsetRange(7, _END)))


def test_a_broker_that_does_not_answer_is_asked_again(
    step: CommitPartition,
    offsets: ThreadsafeRestrictionTracker,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("tamis.streams.from_kafka.ANSWER_SECONDS", 0.2)
    step.process((0, 7), RestrictionTrackerView(offsets))
    offsets.check_done()
    deferred = offsets.deferred_status()
    assert deferred is not None
    rest, delay = deferred
    assert (rest, round(float(delay))) == (OffsetRange(7, _END), AWAY_SECONDS)
    step.teardown()
    assert list(Path(step.job.output).glob("_staging/*")) == []


def test_once_one_worker_has_refused_a_column_all_partitions_end(
    step: CommitPartition, offsets: ThreadsafeRestrictionTracker
) -> None:
    Refusal(step.job.output, step.job.stream).write("column `nom` holds NIRs")
    step.process((0, 7), RestrictionTrackerView(offsets))
    offsets.check_done()
    assert offsets.deferred_status() is None


def test_an_engine_may_take_back_a_partition_and_not_share_it_out() -> None:
    tracker: Any = _Tracker(OffsetRange(7, _END))
    assert tracker.try_split(0.5) is None
    assert tracker.try_claim(9)
    assert tracker.try_split(0) == (OffsetRange(7, 10), OffsetRange(10, _END))
    assert not tracker.try_claim(10)
    tracker.check_done()
