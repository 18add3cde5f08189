"""How many matches are right: estimates on planted truth, and what they rest on."""

from collections.abc import Iterator

import numpy as np
import pyarrow as pa
import pytest

from tamis.link.combinations import matched_rows, together
from tamis.link.matches import Estimate, estimate
from tamis.link.pairs import find_pairs
from tamis.link.read import from_arrow

SEEDS = 20
RATES = (0.0, 0.01, 0.05, 0.2)
SIZES = ((3_000, 3_000, 300), (1_500, 5_000, 60))
"""Rows of A, rows of B, and places in B, of 300 in A."""


def persons(random: np.random.Generator, size: int, places: int = 300) -> dict[str, np.ndarray]:
    """Persons whose day of birth, place and so on are drawn, some places far more often."""
    weights = 1 / np.arange(1, places + 1) ** 0.8
    return {
        "birth": random.integers(0, 14_000, size),
        "place": random.choice(places, size, p=weights / weights.sum()),
        "sex": random.integers(0, 2, size),
        "level": random.integers(0, 8, size),
    }


def planted(
    seed: int, rate: float, sizes: tuple[int, int], other: int = 300
) -> tuple[pa.Table, pa.Table, np.ndarray, np.ndarray]:
    """Two tables that have so many persons in common, coarser in the second, and who they are."""
    random = np.random.default_rng(seed)
    both = round(rate * min(sizes))
    sides = [persons(random, sizes[0]), persons(random, sizes[1], other)]
    for name, values in sides[1].items():
        values[:both] = sides[0][name][:both]
    who = [np.arange(sizes[0]), np.where(np.arange(sizes[1]) < both, np.arange(sizes[1]), -1)]
    orders = [random.permutation(size) for size in sizes]
    tables = [
        pa.table(
            {
                "date_naissance": pa.array(
                    side["birth"][order]
                    .astype("datetime64[D]")
                    .astype(f"datetime64[{grain}]")
                    .astype("datetime64[D]")
                ),
                name: [f"{place + 10_000}" for place in side["place"][order]],
                "sexe": side["sex"][order],
                "niveau": side["level"][order],
            }
        )
        for side, order, grain, name in zip(sides, orders, "MY", ("commune", "lieu"), strict=True)
    ]
    return tables[0], tables[1], who[0][orders[0]], who[1][orders[1]]


def attempts(
    rate: float, sizes: tuple[int, int], other: int = 300
) -> Iterator[tuple[Estimate, int]]:
    """Of each seed the estimate, and how many of the matches are right."""
    for seed in range(SEEDS):
        a, b, in_a, in_b = planted(seed, rate, sizes, other)
        pairs = find_pairs(from_arrow(a).columns, from_arrow(b).columns)[:4]
        rows = together(pairs)
        rows_a, rows_b = matched_rows(pairs)
        outcome = estimate(rows.a, rows.b, max(pairs, key=lambda p: len(p.of_a)).rows())
        yield outcome, int((in_a[rows_a] == in_b[rows_b]).sum())


@pytest.mark.parametrize("sizes", SIZES)
@pytest.mark.parametrize("rate", RATES)
def test_the_truth_is_within_the_bounds(rate: float, sizes: tuple[int, int, int]) -> None:
    outcomes = list(attempts(rate, sizes[:2], sizes[2]))
    inside = [outcome.low() <= truth <= outcome.high() for outcome, truth in outcomes]
    assert sum(inside) >= 17
    if sizes[2] == 300:  # drawn alike, so that nothing leans to one side
        errors = [outcome.joined - truth for outcome, truth in outcomes]
        deviation = np.mean([outcome.deviation for outcome, _truth in outcomes])
        assert abs(np.mean(errors)) < 0.5 * deviation
