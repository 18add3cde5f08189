"""Conditions: what holds, what does not, what cannot be told."""

import datetime
import decimal
from itertools import product

import numpy as np
import pyarrow as pa
import pytest

from tamis.documents.types import arrow_type
from tamis.filter.conditions import Verdict, all_of, any_of, is_one_of, values_of

STATES = {True: (True, True), False: (False, False), None: (False, True)}


def verdict(*states: bool | None) -> Verdict:
    holds, may = zip(*(STATES[state] for state in states), strict=True)
    return Verdict(np.array(holds), np.array(may))


def states_of(verdict: Verdict) -> list[bool | None]:
    states = {pair: state for state, pair in STATES.items()}
    return [states[bool(a), bool(b)] for a, b in zip(verdict.holds, verdict.may, strict=True)]


def test_null_never_matches_and_what_is_unreadable_may() -> None:
    array = pa.array(["CPF", "DIF", None, None, "CPF"])
    unreadable = np.array([False, False, False, True, True])

    verdict = is_one_of(array, unreadable, pa.array(["CPF"]))

    assert states_of(verdict) == [True, False, False, None, None]
    assert verdict.unknown.tolist() == [False, False, False, True, True]


def test_of_several_values_one_is_enough() -> None:
    assert states_of(is_one_of(pa.array([1, 2, 3, None]), None, pa.array([1, 3]))) == [
        True,
        False,
        True,
        False,
    ]


def test_without_values_nothing_holds() -> None:
    assert states_of(is_one_of(pa.array([1, None]), None, pa.array([], pa.int64()))) == [
        False,
        False,
    ]


def test_conjunction_and_disjunction_are_three_valued() -> None:
    pairs = list(product((True, False, None), repeat=2))
    left, right = verdict(*(a for a, _ in pairs)), verdict(*(b for _, b in pairs))

    conjunction = states_of(all_of([left, right], len(pairs)))
    disjunction = states_of(any_of([left, right], len(pairs)))

    for (a, b), both, either in zip(pairs, conjunction, disjunction, strict=True):
        assert both is (False if False in (a, b) else None if None in (a, b) else True)
        assert either is (True if True in (a, b) else None if None in (a, b) else False)


def test_of_nothing_the_conjunction_holds_and_the_disjunction_does_not() -> None:
    assert states_of(all_of([], 2)) == [True, True]
    assert states_of(any_of([], 2)) == [False, False]


@pytest.mark.parametrize(
    ("kind", "written", "value"),
    [
        ("string", "01", "01"),
        ("int16", 7, 7),
        ("bool", True, True),
        ("decimal128(8, 2)", 1.5, decimal.Decimal("1.50")),
        ("decimal128(8, 2)", "0.10", decimal.Decimal("0.10")),
        ("float64", 1, 1.0),
        ("date32", datetime.date(2024, 2, 29), datetime.date(2024, 2, 29)),
        ("date32", "2024-02-29", datetime.date(2024, 2, 29)),
        ("timestamp[us]", datetime.date(2024, 2, 29), datetime.datetime(2024, 2, 29)),
        (
            "timestamp[s, tz=UTC]",
            "2024-02-29T10:00:00+01:00",
            datetime.datetime(2024, 2, 29, 9, tzinfo=datetime.UTC),
        ),
        ("time32[s]", "10:30:00", datetime.time(10, 30)),
    ],
)
def test_values_take_the_type_of_the_field(kind: str, written: object, value: object) -> None:
    values = values_of((written,), arrow_type(kind))  # type: ignore[arg-type]

    assert values.to_pylist() == [value]
    assert states_of(is_one_of(pa.array([value, None], arrow_type(kind)), None, values)) == [
        True,
        False,
    ]


def test_a_value_that_the_type_cannot_hold_matches_nothing() -> None:
    assert values_of((300, 1.005), pa.int8()).to_pylist() == []
    assert values_of(("demain",), pa.date32()).to_pylist() == []
