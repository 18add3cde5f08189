"""A stream of Kafka as a job of an engine: law, positions and receipts as in one process."""

import datetime
import json
from pathlib import Path

import pytest

from tamis.documents.calendar import today

from ..services.kafka import Broker
from ..services.prism import find_prism
from .shifting import CLOCK, changed_project, set_clock
from .streaming import produce, producing, wait_until
from .test_streams import Start, in_folder, start, topic

__all__ = ["start", "topic"]

pytestmark = [pytest.mark.kafka, pytest.mark.prism, pytest.mark.xdist_group("streams")]


def test_a_job_goes_on_under_the_law_of_the_day_and_one_process_where_it_was_stopped(
    kafka: Broker, topic: str, start: Start, tmp_path: Path
) -> None:
    amended, end = (today() + datetime.timedelta(days=days) for days in (1, 2))
    project = changed_project(tmp_path / "project", amended, end)
    store, clock, numbers = tmp_path / "store", tmp_path / "day", range(4_000)
    as_of_clock = {"project": project, "program": ("-c", CLOCK, str(clock))}

    def committed() -> int:
        if not (store / "_receipts").is_dir():
            return 0
        receipts = (store / "_receipts").glob("*.json")  # files are put in place after them
        return sum(json.loads(path.read_bytes())["counts"]["in"] for path in receipts)

    set_clock(clock, today())
    runner = ("--", "--runner=PrismRunner", f"--prism_location={find_prism()}")
    job = start(store, *runner, **as_of_clock)
    with producing(kafka, topic, numbers, 1_000):
        wait_until(lambda: committed() > 500, "records")
        set_clock(clock, amended)
    wait_until(lambda: committed() == len(numbers), "records")
    refused = start(store, "--once", name="refused", **as_of_clock)
    assert refused.wait() == 2
    assert "stream stream would read partitions of stream stream--p" in refused.printed
    assert job.drain() == 0
    assert "stream stream ended: 4000 in" in job.printed
    in_folder(store).assert_holds(numbers)
    laws = {receipt.law["R6323-37"] for receipt in in_folder(store).receipts}
    assert laws == {"LEGIARTI000050924157", "LEGIARTI000000000001"}

    produce(kafka, topic, range(4_000, 4_100))
    alone = start(store, "--once", name="alone", **as_of_clock)
    assert alone.wait() == 0, alone.printed
    assert "reading where it was cut" in alone.printed
    in_folder(store).assert_holds(range(4_100))
    set_clock(clock, end)
    ended = start(store, *runner, name="ended", **as_of_clock)
    assert ended.wait() == 2
    assert f"has no release in force on {end}" in ended.printed
