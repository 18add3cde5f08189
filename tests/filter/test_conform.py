"""Every value either has the schema's type, exactly, or is told not to."""

import datetime
import decimal
import math
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tamis.documents.feed_format import CsvOptions, Format
from tamis.documents.types import arrow_type
from tamis.filter.conform import conform
from tamis.filter.conformed import FINE, TYPE, UNREADABLE
from tamis.filter.dialect import TextDialect, dialect_of
from tamis.filter.nested import open_column

D = decimal.Decimal
DAY = datetime.date(2024, 2, 29)
ISO = TextDialect()
CSV = dialect_of(
    Format(name="csv", csv=CsvOptions(encoding="cp1252", decimal=",", dates=("%d/%m/%Y",)))
)
DSN = dialect_of(Format(name="dsn"))
FRENCH = dialect_of(
    Format(
        name="csv",
        csv=CsvOptions(
            decimal=",",
            thousands=" ",
            currency="€",
            nulls=("\\N", "NULL", "néant"),
            dates=("%d/%m/%Y", "%Y-%m-%d", "%d/%m/%Y %H:%M:%S"),
        ),
    )
)
MIDNIGHT = datetime.datetime(2024, 2, 29)
BAD = object()


def outcome(array: pa.Array, kind: str, dialect: TextDialect = ISO) -> list[Any]:
    done = conform(array, arrow_type(kind), dialect)
    assert done.array.type == arrow_type(kind)
    done.array.validate(full=True)
    faults = [FINE] * len(array) if done.faults is None else done.faults.tolist()
    values = done.array.to_pylist()
    assert all(value is None for value, fault in zip(values, faults, strict=True) if fault)
    return [
        {FINE: value, TYPE: BAD, UNREADABLE: "unreadable"}[fault]
        for value, fault in zip(values, faults, strict=True)
    ]


TEXTS: list[tuple[str, TextDialect, dict[str, Any]]] = [
    (
        "int16",
        ISO,
        {"7": 7, "-007": -7, "+5": 5, " 5\t": 5, "-0": 0, "32767": 32767, "32768": BAD}
        | {"0x1F": BAD, "5.0": BAD, "1e3": BAD, "": BAD, "-": BAD, "1 000": BAD, "١": BAD}
        | {"0" * 40 + "1": 1},
    ),
    ("uint8", ISO, {"255": 255, "256": BAD, "-1": BAD}),
    ("int64", CSV, {"": None, "  ": None, "5": 5}),
    (
        "decimal128(8, 2)",
        ISO,
        {"1.5": D("1.50"), "-1.50000": D("-1.50"), ".5": D("0.50"), "1.": D("1.00"), "+3": D(3)}
        | {"1.005": BAD, "1e3": BAD, "1,5": BAD, "123456.78": D("123456.78"), "1234567": BAD}
        | {"-": BAD, ".": BAD, "": BAD, " 2 ": D(2), "0" * 50 + "1.1": D("1.10"), "NaN": BAD}
        # Of more digits than 128 bits hold Arrow makes another number.
        | {"1" + "0" * 300: BAD, "9" * 39: BAD, "0." + "1" + "0" * 60: D("0.10")},
    ),
    (
        "decimal128(38, 38)",
        ISO,
        {"0." + "1" * 38: D("0." + "1" * 38), "-" + "3" * 80: BAD, "+" + "1" * 39: BAD},
    ),
    (
        "decimal128(8, 2)",
        CSV,
        {"1,5": D("1.50"), "1.5": BAD, "1,5,0": BAD, "": None, "-,5": D("-.5")},
    ),
    (
        "float64",
        ISO,
        {"1.5": 1.5, "-1e3": -1000.0, "+.5": 0.5, "nan": BAD, "inf": BAD, "0x1p3": BAD, "": BAD}
        | {"1e400": BAD, "-1e308": -1e308, "9" * 400: BAD, "1e-400": 0.0},
    ),
    ("float32", CSV, {"0,5": 0.5, "1.5": BAD}),
    ("bool", ISO, {"true": True, "FALSE": False, "1": True, "0": False, "oui": BAD, "": BAD}),
    ("bool", CSV, {"Oui": True, "n": False, "VRAI": True, " faux ": False, "": None, "peut": BAD}),
    (
        "date32",
        ISO,
        {"2024-02-29": DAY, " 2024-02-29 ": DAY, "2023-02-29": BAD, "2024-2-29": BAD}
        | {"20240229": BAD, "0000-01-01": BAD, "2024-02-29T00:00": BAD, "": BAD},
    ),
    (
        "date32",
        CSV,
        {"29/02/2024": DAY, "29/2/2024": DAY, " 29/02/2024": DAY, "31/02/2024": BAD}
        | {"2024-02-29": BAD, "29-02-2024": BAD, "": None, "aa/bb/cccc": BAD, "29/02/24": BAD},
    ),
    ("date64", DSN, {"29022024": DAY, "99992024": BAD, "": None, "2902202": BAD}),
    (
        "timestamp[us]",
        ISO,
        {"2024-02-29T10:00:00.5": datetime.datetime(2024, 2, 29, 10, 0, 0, 500_000)}
        | {
            "2024-02-29 10:00": datetime.datetime(2024, 2, 29, 10),
            "2024-02-29": datetime.datetime(2024, 2, 29),
        }
        | {"2024-02-29T10:00:00Z": BAD, "2024-02-30 10:00": BAD, "10:00": BAD, "": BAD},
    ),
    (
        "timestamp[s, tz=UTC]",
        ISO,
        {"2024-02-29T10:00:00+01:00": datetime.datetime(2024, 2, 29, 9, tzinfo=datetime.UTC)}
        | {"2024-02-29T10:00:00": BAD},
    ),
    (
        "timestamp[s]",
        CSV,
        {"29/02/2024 14:05": datetime.datetime(2024, 2, 29, 14, 5), "31/02/2024 14:05": BAD}
        | {"29/02/2024": datetime.datetime(2024, 2, 29), "2024-02-29 14:05": BAD, "": None},
    ),
    (
        "time64[us]",
        ISO,
        {"10:30": datetime.time(10, 30), "10:30:01.5": datetime.time(10, 30, 1, 500_000)}
        | {"25:00": BAD, "10h30": BAD},
    ),
    ("time32[s]", ISO, {"10:30:59": datetime.time(10, 30, 59), "10:30:59.5": BAD}),
    (
        "decimal128(8, 2)",
        FRENCH,
        {"1 234,56": D("1234.56"), "1\u00a0234,56": D("1234.56"), "1\u202f234": D(1234)}
        | {"-12 345,6": D("-12345.60"), "1 23,4": BAD, "12 34": BAD, "0 123": BAD, "1234 567": BAD}
        | {"1,234 5": BAD, "1.234,56": BAD, "1  234": BAD, " 1 234 ": D(1234), "999": D(999)}
        | {"12,50 €": D("12.50"), "€12": D(12), "1 234,00€": D(1234), "€": BAD, "€5€": BAD}
        | {"5 €€": BAD, "-€5": BAD, "€-5": D(-5), "5 $": BAD, "NULL": None, " néant ": None}
        | {"null": BAD, "": None, "\\N": None},
    ),
    ("int32", FRENCH, {"1 234 567": 1_234_567, "12 €": 12, "1 234,0": BAD, "1 2": BAD}),
    ("float64", FRENCH, {"1 234,5": 1234.5, "1e3": 1000.0, "1 234e3": BAD}),
    (
        "decimal128(8, 2)",
        TextDialect(decimal=",", thousands="."),
        {"1.355,90": D("1355.90"), "1.5": BAD, "1.355": D(1355), "1 355,90": BAD},
    ),
    ("int32", TextDialect(thousands="'"), {"1'000": 1000, "1\u2019000": 1000, "1,000": BAD}),
    ("decimal128(8, 2)", TextDialect(thousands=","), {"1,355.90": D("1355.90"), "1,3": BAD}),
    (
        "date32",
        FRENCH,
        {"29/02/2024": DAY, "2024-02-29": DAY, "29/02/2024 00:00:00": DAY, "NULL": None}
        | {"29/02/2024 00:00:01": BAD, "29/02/2024 00:00": BAD, "29/02/24": BAD, "": None}
        | {"29-02-2024": BAD, " 29/2/2024 ": DAY},
    ),
    (
        "timestamp[us]",
        FRENCH,
        {"29/02/2024 14:05:00": datetime.datetime(2024, 2, 29, 14, 5), "2024-02-29": MIDNIGHT}
        | {"29/02/2024T14:05": datetime.datetime(2024, 2, 29, 14, 5), "29/02/2024 24:00": BAD},
    ),
    (
        "date32",
        TextDialect(dates=("%d/%m/%Y",)),
        {"29/02/2024 00:00:00": DAY, "29/2/2024T00:00:00.000": DAY, "29/02/2024 00:00:01": BAD}
        | {"29/02/2024 00:00": BAD, "29/02/2024 00:00:00 00:00:00": BAD, "00:00:00": BAD},
    ),
    (
        "date32",
        TextDialect(dates=("%d/%m/%Y", "%m/%d/%Y")),
        {
            "29/02/2024": DAY,
            "02/29/2024": DAY,
            "03/04/2024": BAD,
            "03/03/2024": datetime.date(2024, 3, 3),
        },
    ),
    (
        "date32",
        TextDialect(dates=("%d%m%Y",)),
        {"29022024": DAY, "1021990": BAD, "1122024": BAD, "+1022024": BAD, "٢٩022024": BAD},
    ),
    (
        "date32",
        TextDialect(dates=("%d/%m/%y",), century_from=1927),
        {"12/05/45": datetime.date(1945, 5, 12), "03/07/26": datetime.date(2026, 7, 3)}
        | {"03/07/27": datetime.date(1927, 7, 3), "3/7/27": datetime.date(1927, 7, 3)}
        | {"29/02/2024": BAD, "29/02/4": BAD},
    ),
    ("date32", TextDialect(dates=("%Y%m%d",)), {"20240229": DAY, "2024112": BAD, "2024229": BAD}),
    ("date32", TextDialect(dates=("%Y-%j",)), {"2024-060": DAY, "2024-60": BAD, "2023-366": BAD}),
    ("date32", TextDialect(dates=("%d-%b-%Y",)), {"29-FEB-2024": DAY, "29-fév-2024": BAD}),
    (
        "timestamp[s]",
        TextDialect(dates=("%Y%m%d%H%M%S",)),
        {"20240229140500": datetime.datetime(2024, 2, 29, 14, 5), "2024022914050": BAD}
        | {"20240229": BAD, "20240229146000": BAD},
    ),
    (
        "timestamp[us]",
        ISO,
        {"2024-02-29T10:00:00.0000000": datetime.datetime(2024, 2, 29, 10), "2024-02-29.0": BAD}
        | {"2024-02-29 10:00:00.1234567": BAD, "2024-02-29 10:00.0": BAD},
    ),
    (
        "timestamp[s, tz=UTC]",
        ISO,
        {"2024-02-29 10:00:00 UTC": datetime.datetime(2024, 2, 29, 10, tzinfo=datetime.UTC)}
        | {"2024-02-29 10:00:00.000 UTC": datetime.datetime(2024, 2, 29, 10, tzinfo=datetime.UTC)}
        | {"2024-02-29 10:00:00UTC": BAD, "2024-02-29 10:00:00 CET": BAD},
    ),
    ("timestamp[s]", ISO, {"2024-02-29 10:00:00 UTC": BAD}),
    (
        "time32[s]",
        ISO,
        {"10:30:59.000": datetime.time(10, 30, 59), "10:30.0": BAD, "10:30:59.": BAD},
    ),
    ("string", FRENCH, {"NULL": None, " NULL ": None, "NULLE": "NULLE", "1 234": "1 234"}),
    ("binary", FRENCH, {"NULL": None, "": None, "x": b"x"}),
    ("bool", FRENCH, {"NULL": None, "oui": True}),
    ("string", ISO, {"": "", " é ": " é "}),
    ("string", CSV, {"": None, " ": " "}),
    ("large_string", DSN, {"": None, "é": "é"}),
    ("binary", ISO, {"é": "é".encode()}),
    ("fixed_size_binary[2]", ISO, {"é": "é".encode(), "e": BAD}),
]


@pytest.mark.parametrize(("kind", "dialect", "cases"), TEXTS)
def test_text_is_read_strictly(kind: str, dialect: TextDialect, cases: dict[str, Any]) -> None:
    texts = [*cases, None]
    expected = [*cases.values(), None]

    assert outcome(pa.array(texts), kind, dialect) == expected
    assert outcome(pa.array(["5", *texts, "5"]).slice(1, len(texts)), kind, dialect) == expected
    assert outcome(pa.array(texts).cast(pa.large_string()), kind, dialect) == expected
    assert outcome(pa.array(texts).cast(pa.string_view()), kind, dialect) == expected
    assert outcome(pa.array(texts).dictionary_encode(), kind, dialect) == expected
    for text, value in zip(texts, expected, strict=True):
        assert outcome(pa.array([text], pa.string()), kind, dialect) == [value]


NATIVE: list[tuple[pa.Array, str, list[Any]]] = [
    (pa.array([155087599999193, None]), "string", ["155087599999193", None]),
    (pa.array([1.55087599999193e14, 12.5]), "string", ["155087599999193", "12.5"]),
    (pa.array([math.nan, None]), "string", [BAD, None]),
    (pa.array([D("155087599999193")]), "string", ["155087599999193"]),
    (pa.array([True]), "string", ["true"]),
    (pa.array([DAY]), "string", ["2024-02-29"]),
    (pa.array([300, -1, 5, None]), "uint8", [BAD, BAD, 5, None]),
    (pa.array([2**63], pa.uint64()), "int64", [BAD]),
    (pa.array([1.0, 1.5, math.inf, -0.0]), "int32", [1, BAD, BAD, 0]),
    (pa.array([1e300, 2.0**60, 2.0**53]), "int64", [BAD, BAD, 2**53]),
    (pa.array([2940699990998.0, 2.0**24], pa.float32()), "int64", [BAD, 2**24]),
    (pa.array([1e300, 2.0**60]), "string", ["1e+300", "1.152921504606847e+18"]),
    (pa.array([D("2.00"), D("2.50")]), "int64", [2, BAD]),
    (pa.array([True]), "int64", [BAD]),
    (pa.array([DAY]), "int32", [BAD]),
    (pa.array([2**53, 2**53 + 1]), "float64", [2.0**53, BAD]),
    (pa.array([5, 10**6, None]), "decimal128(8, 2)", [D(5), BAD, None]),
    (pa.array([2**63 - 1]), "decimal128(38, 2)", [D(2**63 - 1)]),
    (pa.array([2**63 - 1]), "decimal128(38, 30)", [BAD]),
    (pa.array([1234.56, 1.005, math.nan, 1e20]), "decimal128(8, 2)", [D("1234.56"), BAD, BAD, BAD]),
    (pa.array([0.1], pa.float32()), "decimal128(8, 2)", [D("0.10")]),
    (pa.array([1550875999991.0, 2.0**24], pa.float32()), "decimal128(15, 0)", [BAD, 2**24]),
    (pa.array([2.0**53, 2.0**60]), "decimal128(20, 0)", [2**53, BAD]),
    (pa.array([D("1.500"), D("1.505")]), "decimal128(8, 2)", [D("1.50"), BAD]),
    (pa.array([1, 0, 2]), "bool", [True, False, BAD]),
    (pa.array([MIDNIGHT, MIDNIGHT.replace(hour=1)]), "date32", [DAY, BAD]),
    (pa.array([DAY]), "timestamp[us]", [MIDNIGHT]),
    (pa.array([DAY]), "timestamp[us, tz=UTC]", [BAD]),
    (pa.array([MIDNIGHT]), "timestamp[us, tz=UTC]", [BAD]),
    (pa.array([20240229]), "date32", [BAD]),
    (pa.array([5], pa.int32()).view(pa.date32()), "date32", [datetime.date(1970, 1, 6)]),
    (pa.array([10**7], pa.int32()).view(pa.date32()), "date32", [BAD]),
    (pa.array([datetime.time(10, 30)]), "time32[s]", [datetime.time(10, 30)]),
    (pa.nulls(2), "decimal128(8, 2)", [None, None]),
    (pa.array([[1], None]), "string", [BAD, None]),
    (pa.array([{"a": 1}]), "int64", [BAD]),
    (pa.array([b"ab", b"a", None]), "fixed_size_binary[2]", [b"ab", BAD, None]),
]  # fmt: skip


@pytest.mark.parametrize(("array", "kind", "expected"), NATIVE)
def test_native_values_change_type_where_nothing_is_lost(
    array: pa.Array, kind: str, expected: list[Any]
) -> None:
    assert outcome(array, kind) == expected
    padded = pa.concat_arrays([array, array]).slice(len(array))
    assert outcome(padded, kind) == expected


@pytest.mark.parametrize(
    ("encoding", "raw", "expected"),
    [
        ("utf-8", b"th\xc3\xa9", "thé"),
        ("utf-8-sig", b"th\xc3\xa9", "thé"),
        ("utf-8", b"th\xe9", "unreadable"),
        ("latin-1", b"th\xe9 \x85", "thé \x85"),
        ("iso-8859-15", b"\xa4", "€"),
        ("cp1252", b"\x80\x9c", "€œ"),
        ("cp1252", b"th\x81", "unreadable"),
        ("cp850", b"th\x82", "thé"),
        ("shift_jis", b"\x83\x65", "テ"),
        ("shift_jis", b"\x83", "unreadable"),
        ("utf-16-le", b"a\x00", "a"),
        ("ascii", b"th\xe9", "unreadable"),
    ],
)
def test_bytes_are_read_in_the_encoding_of_the_format(
    encoding: str, raw: bytes, expected: str
) -> None:
    dialect = TextDialect(encoding)
    plain = b"a\x00" if encoding == "utf-16-le" else b"a"
    array = pa.array([plain, raw, None, plain, raw])

    assert outcome(array, "string", dialect) == ["a", expected, None, "a", expected]
    assert outcome(array.slice(1, 2), "string", dialect) == [expected, None]
    assert outcome(array.cast(pa.large_binary()), "large_string", dialect)[1] == expected


def test_what_lies_under_a_null_is_not_read() -> None:
    shown = pa.array([b"a", b"\xe9", b"\x81"])
    bits = pa.py_buffer(np.packbits([True, True, False], bitorder="little"))
    array = pa.Array.from_buffers(pa.binary(), 3, [bits, *shown.buffers()[1:]])

    assert outcome(array, "string", TextDialect("cp1252")) == ["a", "é", None]
    assert outcome(array, "int8", TextDialect("cp1252")) == [BAD, BAD, None]
    assert outcome(array, "string", TextDialect("shift_jis"))[2] is None
    assert outcome(array, "date32", TextDialect("latin-1", dates=("%d",)))[2] is None


def test_strings_that_are_not_utf8_are_unreadable() -> None:
    array = pa.array([b"ok", b"\xff", "é".encode(), None]).view(pa.string())

    assert outcome(array, "string") == ["ok", "unreadable", "é", None]
    assert outcome(array, "int64") == [BAD, "unreadable", BAD, None]


def test_what_needs_no_change_is_shared() -> None:
    for array in (
        pa.array(["a", None]),
        pa.array(["é"]),
        pa.array([1, 2]),
        pa.array([DAY]),
        pa.array([b"a"]),
    ):
        done = conform(array, array.type, ISO)
        before = [buffer and buffer.address for buffer in array.buffers()]
        assert [buffer and buffer.address for buffer in done.array.buffers()] == before
        assert done.faults is None


PIECES = st.sampled_from(
    ["", " ", "0", "1", "-", "+", ".", ",", "e", "2024", "/", "02", "29", "31", ":", "T", "Z", "é"]
)
RAW = st.one_of(
    st.none(),
    st.lists(PIECES, max_size=7).map("".join),
    st.sampled_from(["29/02/2024", "31/04/2024", "2024-02-29", "1,5", "1.5", "12", "oui"]),
)
KINDS = st.sampled_from(
    [
        "int8",
        "decimal128(5, 2)",
        "float64",
        "bool",
        "date32",
        "timestamp[us]",
        "time32[s]",
        "string",
    ]
)


@given(st.lists(RAW, max_size=12), KINDS, st.sampled_from([ISO, CSV, DSN]))
def test_a_value_becomes_the_same_alone_and_among_others(
    raw: list[str | None], kind: str, dialect: TextDialect
) -> None:
    alone = [outcome(pa.array([text], pa.string()), kind, dialect)[0] for text in raw]

    assert outcome(pa.array(raw, pa.string()), kind, dialect) == alone
    encoded = [text if text is None else text.encode("cp1252") for text in raw]
    if dialect is CSV:
        assert outcome(pa.array(encoded, pa.binary()), kind, dialect) == alone


@given(st.lists(RAW, max_size=12), KINDS, st.sampled_from([ISO, CSV, DSN]))
def test_conforming_twice_changes_nothing(
    raw: list[str | None], kind: str, dialect: TextDialect
) -> None:
    once = conform(pa.array(raw, pa.string()), arrow_type(kind), dialect)
    twice = conform(once.array, arrow_type(kind), dialect)

    assert twice.array.equals(once.array)
    assert twice.faults is None


@given(st.lists(st.integers(-(10**8) + 1, 10**8 - 1)))
def test_money_in_floats_is_taken_and_given_exactly(cents: list[int]) -> None:
    money = [D(amount).scaleb(-2) for amount in cents]
    floats = [float(amount) for amount in money]

    assert outcome(pa.array(floats, pa.float64()), "decimal128(8, 2)") == money
    assert outcome(pa.array(money, pa.decimal128(8, 2)), "float64") == floats


@given(st.lists(st.one_of(st.none(), st.dates(datetime.date(1000, 1, 1))), max_size=20))
def test_dates_come_back_from_every_pattern(dates: list[datetime.date | None]) -> None:
    for pattern in ("%d/%m/%Y", "%d%m%Y", "%Y%m%d", "%m-%d-%Y", "le %d.%m.%Y", "%Y-%j"):
        texts = [day and day.strftime(pattern) for day in dates]
        assert (
            outcome(pa.array(texts, pa.string()), "date32", TextDialect(dates=(pattern,))) == dates
        )


def test_one_bad_date_does_not_slow_the_others_down_to_pythons_pace(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from tamis.documents.date_patterns import DatePattern

    asked: list[str] = []
    monkeypatch.setattr(DatePattern, "read", lambda pattern, value, century: asked.append(value))

    done = outcome(pa.array(["29/02/2024"] * 100 + ["31/02/2024", "?"]), "date32", CSV)

    assert done == [DAY] * 100 + [BAD, BAD]
    assert asked == ["?"]


def test_columns_open_to_their_leaves() -> None:
    from tamis.plan.plan import PlanField

    spec = PlanField(
        "c",
        "list",
        of=PlanField(
            "item", "struct", fields=(PlanField("d", "date32"), PlanField("absent", "int8"))
        ),
    )
    array = pa.array([[{"d": "2024-02-29", "x": 1}, None], None, [], [{"d": "demain", "x": 2}]])

    node = open_column(array, spec, ISO)

    day, absent = node.children[0].children
    assert node.offsets is not None
    assert day.array is not None
    assert absent.array is not None
    assert node.offsets.tolist() == [0, 2, 2, 2, 3]
    assert day.array.to_pylist() == [DAY, None, None]
    assert day.rows is not None
    assert day.rows.tolist() == [0, 0, 3]
    assert day.faults is not None
    assert day.faults.tolist() == [FINE, FINE, TYPE]
    assert absent.array.to_pylist() == [None] * 3
    for other in (array.cast(pa.large_list(array.type.value_type)), array.slice(0)):
        again = open_column(other, spec, ISO).children[0].children[0].array
        assert again is not None
        assert again.equals(day.array)


def test_a_value_of_another_shape_is_a_fault_of_the_whole() -> None:
    from tamis.plan.plan import PlanField

    spec = PlanField("s", "struct", fields=(PlanField("x", "list", of=PlanField("item", "int8")),))

    whole = open_column(pa.array(["a", None]), spec, ISO)
    inner = open_column(pa.array([{"x": "a"}, {"x": None}, None]), spec, ISO).children[0]

    assert whole.faults is not None
    assert whole.faults.tolist() == [TYPE, FINE]
    assert whole.children[0].faults is None
    assert whole.children[0].lost is not None
    assert whole.children[0].lost.tolist() == [True, False]
    assert inner.faults is not None
    assert inner.faults.tolist() == [TYPE, FINE, FINE]
    assert inner.offsets is not None
    assert np.diff(inner.offsets).tolist() == [0, 0, 0]
