"""Two runs at once into one bucket, each killed at a request of its own: done again, both are."""

import random

import pytest

from tests.fuzz.killed_in_buckets import check_round


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["s3", pytest.param("gcs", marks=pytest.mark.gcs)])
@pytest.mark.parametrize("runs", [["run-a", "run-b"], ["run-a", "run-a"]], ids=["two", "one"])
def test_what_is_killed_and_done_again_is_committed(
    request: pytest.FixtureRequest, kind: str, runs: list[str]
) -> None:
    bucket = request.getfixturevalue(kind)
    outcomes = check_round(f"{bucket}/killed-{'-'.join(runs)}", runs, random.Random(len({*runs})))
    assert outcomes["first killed"]
