"""Figures of re-identification, against a count by brute force."""

from collections import Counter
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tamis.dry_run.k_anonymity import Groups, hash_rows
from tamis.dry_run.models import Risk

from .conftest import Desk

PATHS = ["sexe", "an", "lieu.code", "codes", "prix", "vu", "octets", "jour"]
ROWS = pa.schema(
    [
        ("sexe", pa.string()),
        ("an", pa.int16()),
        ("lieu", pa.struct([("code", pa.string())])),
        ("codes", pa.list_(pa.string())),
        ("prix", pa.decimal128(30, 2)),
        ("vu", pa.bool_()),
        ("octets", pa.binary()),
        ("jour", pa.date32()),
    ]
)


@st.composite
def records(draw: st.DrawFn) -> list[dict[str, Any]]:
    few = st.sampled_from(["", "a", "ab", "ba", "é"])
    record = st.fixed_dictionaries(
        {
            "sexe": st.none() | few,
            "an": st.none() | st.integers(-2, 2),
            "lieu": st.none() | st.fixed_dictionaries({"code": st.none() | few}),
            "codes": st.none() | st.lists(few, max_size=2),
            "prix": st.none() | st.decimals(-(10**20), 10**20, places=2, allow_nan=False),
            "vu": st.none() | st.booleans(),
            "octets": st.none() | st.binary(max_size=2),
            "jour": st.none() | st.dates(),
        }
    )
    kinds = draw(st.lists(record, min_size=1, max_size=8))
    return draw(st.lists(st.sampled_from(kinds), min_size=1, max_size=60))


def combination(row: dict[str, Any]) -> tuple[Any, ...]:
    """What makes two records one group: the order of a list's elements does not."""
    codes = row["codes"]
    lieu = row["lieu"]
    return (
        *(row[name] for name in ("sexe", "an", "prix", "vu", "octets", "jour")),
        lieu["code"] if lieu else None,
        tuple(sorted(codes)) if codes is not None else None,
    )


@settings(max_examples=80)
@given(records(), st.integers(1, 20), st.integers(0, 2**64))
def test_groups_are_those_of_a_brute_force_count(
    rows: list[dict[str, Any]], cut: int, key: int
) -> None:
    batch = pa.RecordBatch.from_pylist(rows, schema=ROWS)
    groups = Groups()
    for start in range(0, len(rows), cut):
        groups.add(hash_rows(batch.slice(start, cut), PATHS, key))

    expected = Counter(map(combination, rows))
    assert sorted(groups.counts.tolist()) == sorted(expected.values())
    assert groups.records == len(rows)
    assert not groups.dropped


@settings(max_examples=50)
@given(
    st.lists(st.integers(0, 400), min_size=1, max_size=900),
    st.integers(1, 64),
    st.integers(1, 9),
)
def test_a_sample_counts_its_combinations_exactly_however_the_work_is_spread(
    values: list[int], most: int, workers: int
) -> None:
    rows = hash_rows(pa.record_batch({"x": pa.array(values, pa.int32())}), ["x"], 1)
    alone = Groups(most=most)
    alone.add(rows)
    together = Groups(most=most)
    for worker in range(workers):
        part = Groups(most=most)
        for start in range(worker * 50, len(rows), workers * 50):
            part.add(rows[start : start + 50])
        together.merge(part)

    counts = Counter(rows.tolist())
    kept = sorted(counts)[:most]
    for groups in (alone, together):
        assert groups.hashes.tolist() == kept
        assert groups.counts.tolist() == [counts[combination] for combination in kept]
        assert groups.dropped == (len(counts) > most)
        assert groups.records == len(values)


def test_estimates_of_a_sample_come_near() -> None:
    chance = np.random.default_rng(7)
    values = chance.integers(0, 100_000, 200_000)
    groups = Groups()
    for part in np.array_split(values, 20):
        groups.add(hash_rows(pa.record_batch({"x": pa.array(part)}), ["x"], 3))
    risk = groups.extract(["x"])

    sizes = np.unique(values, return_counts=True)[1]
    assert not risk.complete
    assert risk.sampled == 16_384
    assert risk.combinations == pytest.approx(len(sizes), rel=0.03)
    assert risk.unique == pytest.approx(int((sizes == 1).sum()), rel=0.05)


def risk_of(counts: dict[int, int]) -> Risk:
    """The figures of so many combinations of such sizes."""
    sizes = [size for size, number in counts.items() for _ in range(number)]
    groups = Groups(
        records=sum(sizes),
        hashes=np.arange(len(sizes), dtype=np.uint64),
        counts=np.array(sizes, np.int64),
    )
    return groups.extract(["x"])


def test_small_numbers_are_hidden_and_cannot_be_worked_out() -> None:
    risk = risk_of({1: 3, 3: 40, 12: 9, 30: 2})
    assert [size.combinations for size in risk.sizes] == ["<5", 40, 0, 9, "<5"]
    assert (risk.unique, risk.unique_share, risk.smallest) == ("<5", None, "<5")

    risk = risk_of({1: 3, 3: 40, 12: 9})
    assert [size.combinations for size in risk.sizes] == ["<5", 40, 0, ">=5", 0]

    risk = risk_of({1: 8, 3: 2, 30: 40})
    assert [size.combinations for size in risk.sizes] == [">=5", "<5", 0, 0, 40]
    assert (risk.unique, risk.unique_share) == (">=5", None)

    risk = risk_of({6: 40})
    assert [size.combinations for size in risk.sizes] == [0, 0, 40, 0, 0]
    assert (risk.unique, risk.unique_share, risk.smallest) == (0, 0.0, ">=5")


def test_a_dry_run_counts_fields_as_they_are_released(desk: Desk) -> None:
    rows = [(["F", "M"][n % 2], f"R{n % 3}", 365 * (n % 4) + n % 300) for n in range(400)]
    feed = desk.feed(
        {
            "sexe": pa.array([row[0] for row in rows]),
            "region": pa.array([row[1] for row in rows]),
            "naissance": pa.array([row[2] for row in rows], pa.int32()).cast(pa.date32()),
        },
        group=90,
    )
    result = desk.dry_run(feed)

    days = pa.array([row[2] for row in rows], pa.int32()).cast(pa.date32()).to_pylist()
    expected = Counter((row[0], row[1], day.year) for row, day in zip(rows, days, strict=True))
    risk = result.risk["evaluation"]
    assert risk.fields == ["sexe", "region", "naissance"]
    assert (risk.records, risk.complete) == (400, True)
    assert risk.combinations == risk.sampled == len(expected)
    assert risk.unique == sum(count == 1 for count in expected.values())
