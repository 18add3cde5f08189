"""CSV is read as Python's `csv.reader(strict=True)` reads it, and every line is accounted for."""

import csv
import io
import os
from collections.abc import Iterator
from random import Random
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from tamis.errors import InputError
from tamis.formats.csv import EMPTY_LINES, UNREADABLE_QUOTE
from tests.formats.test_csv import anomalies, plan_of, read, rejects, rows
from tests.fuzz.damaged_csv import check_damaged_file
from tests.fuzz.slow_csv import SlowReader

DIALECTS = st.tuples(
    st.sampled_from([",", ";", "\t", "|"]),
    st.sampled_from(['"', "'"]),
    st.sampled_from([None, "\\", "^"]),
)


def read_by_python(text: str, separator: str, quote: str, escape: str | None) -> Iterator[Any]:
    """Fields of each record, or None for each line of what is refused."""
    lines = io.StringIO(text, newline="")
    reader = csv.reader(lines, delimiter=separator, quotechar=quote, escapechar=escape, strict=True)
    while True:
        before = reader.line_num
        try:
            yield next(reader)
        except StopIteration:
            return
        except csv.Error:
            yield from [None] * (reader.line_num - before)


def expected(text: str, separator: str, quote: str, escape: str | None, width: int) -> Any:
    """Rows, rejects and empty lines of the records of a text, as `read_csv` must give them."""
    rows_: list[Any] = []
    rejects_: list[tuple[int, str]] = []
    number = empty = 0
    for entry in SlowReader(text, separator, quote, escape).entries():
        if entry.fields is None:
            rejects_ += [(number + line, UNREADABLE_QUOTE) for line in range(1, entry.lines + 1)]
            number += entry.lines
        elif entry.is_empty:
            empty += 1
        elif entry.fields:
            number += 1
            if len(entry.fields) == width:
                rows_.append((number, *(value or None for value in entry.fields)))
            else:
                rule = f"fields expected: {width}, found: {len(entry.fields)}"
                rejects_.append((number, rule))
    return rows_, rejects_, empty


@given(st.text('a;"\\\n\r', max_size=24), st.sampled_from([None, "\\"]))
@settings(max_examples=300)
def test_the_slow_reader_reads_as_python_does(text: str, escape: str | None) -> None:
    text = (text.replace("a", "") if escape else text) + "\n"  # Python loses the escape of `\\a`
    slow: list[Any] = []
    for entry in SlowReader(text, ";", '"', escape).entries():
        slow += [None] * entry.lines if entry.fields is None else [entry.fields]
    assert slow == list(read_by_python(text, ";", '"', escape))


@given(st.data(), DIALECTS, st.integers(1, 4), st.sampled_from([24, 64, 1 << 20]))
@settings(max_examples=150)
def test_any_text_is_read_as_python_reads_it(
    data: st.DataObject, dialect: Any, width: int, block: int
) -> None:
    separator, quote, escape = dialect
    marks = f"{separator}{separator}{quote}{quote}\n\n\ra\ufeff{escape or 'b'}"
    text = data.draw(st.text(marks, max_size=60)) + "\n"
    names = ["un", "deux", "trois", "quatre"][:width]
    options = {"separator": separator, "quote": quote, "escape": escape}
    plan = plan_of(" ".join(names), " ".join(names), **options, header=tuple(names))
    try:
        chunks = read(text.encode(), plan, csv_block_bytes=block)
    except InputError as error:
        if block == 1 << 20 or "is longer than" not in str(error):
            raise
        return
    found = rows(chunks), rejects(chunks), anomalies(chunks).get(EMPTY_LINES, 0)
    text = text.removeprefix("\ufeff")
    assert found == expected(text, separator, quote, escape, width)


def test_an_empty_line_behind_an_escaped_line_break_that_cannot_be_read() -> None:
    chunks = read(b'""\\\r;\n', plan_of("a", separator=";", escape="\\", header=("a",)))
    assert (rejects(chunks), anomalies(chunks)) == ([(1, UNREADABLE_QUOTE)], {EMPTY_LINES: 1})


def test_no_damage_to_a_file_loses_a_line() -> None:
    random = Random(os.urandom(8))
    for _file in range(300):
        check_damaged_file(random)
