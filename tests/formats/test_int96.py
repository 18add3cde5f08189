"""Timestamps of INT96 come out as the moments that they are, or not at all."""

import datetime
import io
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import tamis
from tamis.formats.parquet import read_parquet, split
from tamis.plan.plan import PlanField

from ..plans import keep_all

EPOCH = datetime.datetime(1970, 1, 1)
JULIAN = 2_440_588


def int96_file(days: list[int | None], nanos: list[int]) -> io.BytesIO:
    """A file with a column `fin` of INT96, of days since 1970 and nanoseconds of the day.

    Arrow writes INT96 of moments that nanoseconds hold; each of the file's values, which are all
    different, is replaced by the wanted one in the plain page.
    """
    marks = [
        EPOCH + datetime.timedelta(days=place, microseconds=place) for place in range(len(days))
    ]
    column = pa.array(
        [mark if day is not None else None for mark, day in zip(marks, days, strict=True)],
        pa.timestamp("ns"),
    )
    stream = io.BytesIO()
    pq.write_table(
        pa.table({"id": pa.array(range(len(days))), "fin": column}),
        stream,
        use_deprecated_int96_timestamps=True,
        use_dictionary=False,
        compression="none",
        write_statistics=False,
    )
    written = stream.getvalue()
    raw = bytearray(written)
    for place, (day, nano) in enumerate(zip(days, nanos, strict=True)):
        if day is not None:
            before = value_of(place, place * 1_000)
            assert written.count(before) == 1
            at = written.index(before)
            raw[at : at + len(before)] = value_of(day, nano)
    return io.BytesIO(raw)


def value_of(day: int, nano: int) -> bytes:
    return nano.to_bytes(8, "little") + (day + JULIAN).to_bytes(4, "little", signed=True)


def released(stream: io.BytesIO, kind: str) -> tuple[list[Any], int]:
    """The released moments in units since 1970, and how many rows are quarantined."""
    plan = keep_all(PlanField("id", "int64"), PlanField("fin", kind))
    (part,) = split(stream, "f")
    ticks: list[Any] = []
    bad = 0
    for chunk in read_parquet(stream, plan, "f", part):
        done = tamis.minimize(chunk.data, plan)
        ticks += done.released["r"].column("fin").view(pa.int64()).to_pylist()
        bad += done.quarantined.num_rows
    return ticks, bad


DAYS = st.one_of(
    st.integers(-719_162, 2_932_896),
    st.sampled_from(
        [2_932_896, -719_162, -719_163, 2_932_897, -141_428, 106_751, 106_752, -106_752]
    ),
    st.integers(1 - JULIAN, 2**31 - 1 - JULIAN),
)
NANOS = st.one_of(
    st.integers(0, 86_399_999_999_999),
    st.integers(0, 86_399_999_999).map(lambda micro: micro * 1_000),
)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.none() | DAYS, NANOS), min_size=1, max_size=8))
@pytest.mark.parametrize("unit", ["us", "ns", "ms"])
def test_each_moment_is_right_or_quarantined(
    unit: str, moments: list[tuple[int | None, int]]
) -> None:
    days, nanos = [day for day, _ in moments], [nano for _, nano in moments]
    per_tick = {"ns": 1, "us": 1_000, "ms": 1_000_000}[unit]
    expected: list[int | None] = []
    for day, nano in moments:
        if day is None:
            expected.append(None)
            continue
        whole = day * 86_400 * 10**9 + nano
        ticks_due, rest = divmod(whole, per_tick)
        if -719_162 <= day <= 2_932_896 and not rest and abs(ticks_due) < 2**63:
            expected.append(ticks_due)

    ticks, bad = released(int96_file(days, nanos), f"timestamp[{unit}]")

    assert ticks == expected
    assert bad == len(moments) - len(expected)


def test_moments_inside_lists_and_structs_are_exact() -> None:
    days, nanos = [2_932_896, None, 13_150, -141_428], [10_800 * 10**9, 0, 25_445 * 10**9, 0]
    flat = pq.ParquetFile(int96_file(days, nanos), coerce_int96_timestamp_unit="us").read()
    expected = flat.column("fin").to_pylist()
    assert expected[0] == datetime.datetime(9999, 12, 31, 3)
    stream = io.BytesIO()
    marks = pa.array(
        [EPOCH + datetime.timedelta(days=place, microseconds=place) for place in range(4)],
        pa.timestamp("ns"),
    )
    inside = pa.StructArray.from_arrays([marks], ["fin"])
    lists = pa.ListArray.from_arrays(pa.array([0, 2, 2, 4], pa.int32()), inside)
    pq.write_table(
        pa.table({"droits": lists}),
        stream,
        use_deprecated_int96_timestamps=True,
        use_dictionary=False,
        compression="none",
        write_statistics=False,
    )
    raw = stream.getvalue()
    for place, (day, nano) in enumerate(zip(days, nanos, strict=True)):
        if day is not None:
            raw = raw.replace(value_of(place, place * 1_000), value_of(day, nano))
    leaf = PlanField("fin", "timestamp[us]")
    plan = keep_all(PlanField("droits", "list", of=PlanField("item", "struct", fields=(leaf,))))
    stream = io.BytesIO(raw)

    (chunk,) = read_parquet(stream, plan, "f", split(stream, "f")[0])
    (row, *more) = tamis.minimize(chunk.data, plan).released["r"].column("droits").to_pylist()

    second = EPOCH + datetime.timedelta(days=1, microseconds=1)
    assert [element["fin"] for element in row] == [expected[0], second]
    assert more == [[], [{"fin": expected[2]}, {"fin": expected[3]}]]
