"""Patterns of dates, and the options of a CSV that change what a text stands for."""

import datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from tamis.documents.date_patterns import date_pattern, pattern_problem
from tamis.documents.feed_format import CsvOptions


@pytest.mark.parametrize(
    ("pattern", "proposed"),
    [
        ("JJ/MM/AAAA", "%d/%m/%Y"),
        ("jj-mm-aaaa", "%d-%m-%Y"),
        ("DD.MM.YYYY", "%d.%m.%Y"),
        ("yyyy-MM-dd", "%Y-%m-%d"),
        ("JJMMAAAA", "%d%m%Y"),
        ("dd/MM/yyyy HH:mm:ss", "%d/%m/%Y %H:%M:%S"),
        ("jour/mois/année", "%d/%m/%Y"),
        ("", "%d/%m/%Y"),
    ],
)
def test_a_pattern_without_directives_is_refused_with_the_one_meant(
    pattern: str, proposed: str
) -> None:
    assert pattern_problem(pattern, None).endswith(f"write `{proposed}`")


@pytest.mark.parametrize(
    ("pattern", "words"),
    [
        ("%d/%m/%y", "`century_from` must say"),
        ("%d/%m", "must name a day once"),
        ("%d/%d/%m/%Y", "must name a day once"),
        ("%d/%m/%Y %M", "must name a day once"),
        ("%d/%m/%Y %j", "must name a day once"),
        ("%d %B %Y", "unknown directive `%B`"),
        ("%d/%m/%Y %p", "unknown directive `%p`"),
        ("%d/%m/%Y%", "unknown directive `%`"),
    ],
)
def test_a_pattern_that_names_no_day_without_doubt_is_refused(pattern: str, words: str) -> None:
    assert words in pattern_problem(pattern, None)
    assert date_pattern(pattern).read("01/02/2024", None) is None


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"dates": "%d/%m/%y"}, "century_from"),
        ({"dates": ["%d/%m/%Y", "JJ/MM/AAAA"]}, "write `%d/%m/%Y`"),
        ({"dates": "%d/%m/%Y", "century_from": 1930}, "for a pattern of `dates` with `%y`"),
        ({"dates": "%d/%m/%y", "century_from": True}, "valid integer"),
        ({"nulls": ["néant", None]}, "put the word in quotes"),
        ({"nulls": None}, "put the word in quotes"),
        ({"nulls": [0]}, "valid string"),
        ({"nulls": [""]}, "at least 1"),
        ({"thousands": ",", "decimal": ","}, "must not be the decimal mark"),
        ({"thousands": "."}, "must not be the decimal mark"),
        ({"thousands": "_"}, "' '"),
        ({"currency": "1"}, "pattern"),
        ({"currency": "-"}, "pattern"),
    ],
)
def test_options_that_leave_a_doubt_are_refused(options: dict[str, Any], words: str) -> None:
    with pytest.raises(ValidationError) as caught:
        CsvOptions.model_validate(options)
    assert words in str(caught.value)


@given(
    st.dates(),
    st.sampled_from(["%d/%m/%Y", "%d%m%Y", "%Y%m%d", "%Y-%j", "%d-%b-%Y", "%%%m %d, %Y %H%M"]),
)
def test_a_day_comes_back_as_it_was_written(day: datetime.date, pattern: str) -> None:
    written = date_pattern(pattern).write(day)

    assert date_pattern(pattern).read(written, None) == datetime.datetime(*day.timetuple()[:3])


@given(st.integers(1, 9900), st.integers(0, 99))
def test_two_digits_are_a_year_of_the_hundred_from_the_first(first: int, digits: int) -> None:
    moment = date_pattern("%y%j").read(f"{digits:02}001", first)

    assert moment is not None
    assert first <= moment.year < first + 100
    assert moment.year % 100 == digits
