"""Coarser values, exactly."""

import datetime
import decimal
import math
from fractions import Fraction

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tamis.documents.types import arrow_type
from tamis.filter.treatments import generalize_dates, generalize_numbers, generalize_text

DATES = st.dates(datetime.date(1, 1, 1), datetime.date(9999, 12, 31))


@given(st.lists(st.one_of(st.none(), DATES)))
def test_dates_become_the_first_day(dates: list[datetime.date | None]) -> None:
    array = pa.array(dates, pa.date32())

    for to, months in (("year", 12), ("quarter", 3), ("month", 1)):
        expected = [
            day and day.replace(month=(day.month - 1) // months * months + 1, day=1)
            for day in dates
        ]
        assert generalize_dates(array, to).to_pylist() == expected  # type: ignore[arg-type]
        assert generalize_dates(array, to).type == array.type  # type: ignore[arg-type]


@pytest.mark.parametrize("kind", ["timestamp[s]", "timestamp[ms]", "timestamp[us]", "date64"])
def test_moments_become_the_first_one(kind: str) -> None:
    array = pa.array([datetime.datetime(1969, 12, 31, 23, 59), None]).cast(
        arrow_type(kind), safe=False
    )

    generalized = generalize_dates(array, "quarter")

    assert generalized.type == array.type
    assert generalized.cast(pa.timestamp("s")).to_pylist() == [datetime.datetime(1969, 10, 1), None]


def test_the_first_moment_is_that_of_the_types_zone() -> None:
    moment = datetime.datetime(2023, 12, 31, 23, 30, tzinfo=datetime.UTC)
    array = pa.array([moment], pa.timestamp("us", tz="Europe/Paris"))

    assert generalize_dates(array, "year").to_pylist() == [
        datetime.datetime(2023, 12, 31, 23, tzinfo=datetime.UTC)
    ]


@given(st.lists(st.one_of(st.none(), st.text())), st.integers(1, 5))
def test_text_keeps_its_first_characters(texts: list[str | None], prefix: int) -> None:
    texts = [text and text.encode("utf-8", "ignore").decode() for text in texts]

    assert generalize_text(pa.array(texts, pa.string()), prefix).to_pylist() == [
        text if text is None else text[:prefix] for text in texts
    ]


STEPS = st.one_of(st.integers(1, 5_000), st.sampled_from([10**9, 2**62, 2**63, 10**30]))
WIDTHS = {"int8": 8, "int16": 16, "int32": 32, "int64": 64}


@pytest.mark.parametrize("kind", [*WIDTHS, *(f"u{name}" for name in WIDTHS)])
@settings(max_examples=30)
@given(data=st.data())
def test_integers_are_floored_or_told_not_to_fit(kind: str, data: st.DataObject) -> None:
    width = WIDTHS[kind.removeprefix("u")]
    low = 0 if kind.startswith("u") else -(2 ** (width - 1))
    high = low + 2**width - 1
    values = data.draw(st.lists(st.one_of(st.none(), st.integers(low, high)), min_size=1))
    step = data.draw(STEPS)

    generalized, bad = generalize_numbers(pa.array(values, kind), step)

    floors = [None if value is None else value // step * step for value in values]
    assert generalized.type == pa.type_for_alias(kind)
    assert generalized.to_pylist() == [
        value if value is None or value >= low else None for value in floors
    ]
    assert (bad is None and all(value is None or value >= low for value in floors)) or (
        bad is not None and bad.tolist() == [value is not None and value < low for value in floors]
    )


@pytest.mark.parametrize(
    ("precision", "scale"), [(5, 2), (12, 2), (18, 0), (18, 18), (38, 2), (40, 3), (6, -2)]
)
@settings(max_examples=30)
@given(data=st.data())
def test_decimals_are_floored_without_rounding(
    precision: int, scale: int, data: st.DataObject
) -> None:
    make = pa.decimal128 if precision <= 38 else pa.decimal256
    most = 10**precision - 1
    unscaled = data.draw(
        st.lists(st.one_of(st.none(), st.integers(-most, most)), min_size=1, max_size=8)
    )
    step = data.draw(st.sampled_from([1, 7, 100, 1000, 12_345]))
    with decimal.localcontext(decimal.Context(prec=100)):
        values = [
            None if value is None else decimal.Decimal(value).scaleb(-scale) for value in unscaled
        ]
        floors = [None if value is None else math.floor(value / step) * step for value in values]
    array = pa.array(values, make(precision, scale)).slice(0)

    generalized, bad = generalize_numbers(array, step)

    for row, floor in enumerate(floors):
        if bad is not None and bad[row]:
            assert generalized[row].as_py() is None
            assert floor is not None
            assert abs(floor) > Fraction(most, 1) / Fraction(10) ** scale or floor % 10**-scale
        else:
            assert generalized[row].as_py() == floor


def test_a_slice_of_decimals_is_floored_where_it_lies() -> None:
    array = pa.array([decimal.Decimal(value) for value in ("9999.99", "-0.01", "1500.00")])

    assert generalize_numbers(array.slice(1), 1000)[0].to_pylist() == [-1000, 1000]


@given(
    st.lists(st.floats(-1e15, 1e15, allow_nan=False), min_size=1),
    st.sampled_from([1, 3, 10, 1000]),
)
def test_floats_are_floored_exactly(values: list[float], step: int) -> None:
    generalized, bad = generalize_numbers(pa.array(values), step)

    assert bad is None
    assert generalized.to_pylist() == [
        float(math.floor(int_floor(value, step)) * step) for value in values
    ]


def int_floor(value: float, step: int) -> int:
    numerator, denominator = value.as_integer_ratio()
    return numerator // (denominator * step)


def test_floats_that_are_no_numbers_stay_so() -> None:
    array = pa.array([math.inf, -math.inf, math.nan, None, 1e300], pa.float64())

    generalized = generalize_numbers(array, 10)[0].to_pylist()

    assert generalized[:2] == [math.inf, -math.inf]
    assert math.isnan(generalized[2])
    assert generalized[3] is None
    assert generalize_numbers(pa.array([1999.5], pa.float32()), 1000)[0].to_pylist() == [1000.0]
