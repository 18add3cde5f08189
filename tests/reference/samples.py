"""Sample values of every type, as pyarrow takes them, and texts that write them, or do not.

Dates and times stand as they are stored: days, or units since 1970 or since midnight.
"""

import datetime
import decimal
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

import numpy as np
import pyarrow as pa

from tamis.documents.feed_format import Format
from tamis.documents.types import arrow_type

from .values import (
    DAY,
    FIRST,
    LAST,
    UNITS,
    Scalar,
    float_of,
    kind_of,
    read,
    type_name,
    unit_of,
    wire_of,
)

INTEGERS = [f"{sign}int{bits}" for sign in ("", "u") for bits in (8, 16, 32, 64)]
DECIMALS = [
    "decimal128(8, 2)",
    "decimal128(18,0)",
    "decimal128(38, 10)",
    "decimal256(50, 3)",
    "decimal256(76, 60)",
]
TIMESTAMPS = [f"timestamp[{unit}]" for unit in UNITS] + [
    "timestamp[us, tz=UTC]",
    "timestamp[ms,tz=Europe/Paris]",
    "timestamp[s, tz=America/Guadeloupe]",
    "timestamp[ns, tz=+02:00]",
]
TIMES = ["time32[s]", "time32[ms]", "time64[us]", "time64[ns]"]
USUAL_TYPES = ["string", "string", "date32", "int64", "decimal128(8, 2)", "bool"]
TYPES = [
    *("string", "string", "string", "large_string", "bool", "float32", "float64", "double"),
    *("binary", "large_binary", "fixed_size_binary[3]", "date32", "date64", "date32[day]"),
    *INTEGERS,
    *DECIMALS,
    *TIMESTAMPS,
    *TIMES,
]
"""Every type that a schema may name."""

SOURCES = [
    *map(str, map(arrow_type, TYPES)),
    *(
        "decimal128(5, -2)",
        "string_view",
        "binary_view",
        "halffloat",
        "decimal32(6, 1)",
        "decimal64(16, 3)",
    ),
    *("duration[s]", "null", "list", "struct"),
]
"""Every type in which a leaf may come, and some in which it must not."""

TEXT_SOURCES = ["string", "large_string", "string_view", "binary", "large_binary"]

WORDS = [
    "",
    "NULL",
    " \\N",
    "CPF",
    "DIF",
    "01",
    "été",
    " blanc ",
    "ß\u0301",
    "a" * 40,
    "12 000",
    "😀",
]
NUMBERS = [0, 1, -1, 2, 7, 12, 99, 100, -100, 127, 128, 255, 256, 1999, 32_767, -32_768, 40_000]
NUMBERS += [65_536, 10**6, 2**24 + 1, 2**31 - 1, -(2**31), 2**32, 10**10, 10**16 + 1, 2**53]
NUMBERS += [2**53 + 1, 2**60, 10**18, 2**63 - 1, -(2**63), 2**63, 2**64 - 1]
FLOATS = [
    0.0,
    -0.0,
    1.0,
    0.5,
    1.5,
    -2.25,
    0.1,
    1234.56,
    -0.01,
    1e-7,
    1.5e-5,
    16777217.0,
    1e10,
    2.5e10,
]
FLOATS += [2.0**53, 2.0**60, 1e300, -1e300, 1e-320, float("nan"), float("inf"), float("-inf")]
DAYS = [0, 1, -1, 19_782, 19_723, 20_088, -5_419, FIRST, LAST, 11_016, 47_540]
MOMENTS = [0, 1, -1, 1_709_164_800, 1_709_203_530, 1_719_784_799, 1_711_846_800, 1_704_063_600]
MOMENTS += [-2_000_000_000, 951_782_400, 4_102_444_799, 1_735_686_000, 1_735_704_000]
# From 2038 on pyarrow 25.0.1 knows no summer time: no moment here is in a summer after 2037.
PARTS_OF_SECOND = [0, 0, 0, 500_000_000, 123_000_000, 123_456_000, 123_456_700]


def pool(name: str) -> list[Any]:
    """Values of a type, as `array_of` takes them."""
    kind = kind_of(name)
    if kind == "integer":
        info = np.iinfo(name)
        return [number for number in NUMBERS if info.min <= number <= info.max]
    if kind == "float":
        return [float_of(number, name) for number in FLOATS]
    if kind == "decimal":
        precision, scale = map(int, name.partition("(")[2].rstrip(")").split(","))
        most = 10**precision - 1
        digits = [0, 1, -1, 150, 123_456, -99_999, 40_000, 5_000, most, -most]
        with decimal.localcontext(decimal.Context(prec=100)):
            return [decimal.Decimal(n).scaleb(-scale) for n in digits if abs(n) <= most]
    if kind == "bool":
        return [True, False]
    if kind == "date":
        days = [*DAYS, FIRST - 1, LAST + 1]
        return days if name.startswith("date32") else [*(day * 86_400_000 for day in days), 1]
    if kind == "timestamp":
        unit = unit_of(name)
        ticks = [
            (moment * 10**9 + part) // unit for moment in MOMENTS for part in PARTS_OF_SECOND[2:]
        ]
        edges = [(day * DAY) // unit for day in (FIRST - 1, LAST + 1)]
        return [tick for tick in [*ticks, *edges, -(2**63)] if -(2**63) <= tick < 2**63]
    if kind == "time":
        return [
            (second * 10**9 + part) // unit_of(name)
            for second in (0, 37_859, 86_399, 86_400, -1)
            for part in PARTS_OF_SECOND[2:]
        ]
    if kind == "binary":
        width = name.partition("[")[2].rstrip("]")
        raw = [b"", b"abc", "été".encode(), b"\xff\x00", b"oui"]
        return [(value + bytes(16))[: int(width)] for value in raw] if width else raw
    if name == "duration[s]":
        return [0, 1, 86_400]
    if name == "list":
        return [[1], []]
    return [{"a": 1}] if name == "struct" else []


def array_of(values: Sequence[Any], name: str) -> pa.Array:
    """An array of a type, of values as `pool` gives them; None is null."""
    if name == "null":
        return pa.nulls(len(values))
    if name == "list":
        return pa.array(values, pa.list_(pa.int8()))
    if name == "struct":
        return pa.array(values, pa.struct([("a", pa.int8())]))
    kind = source_type(name)
    sort = kind_of(name)
    if sort in ("date", "time", "timestamp") or name == "duration[s]":
        stored = pa.int32() if kind.bit_width == 32 else pa.int64()
        return pa.array(values, stored).view(kind)
    if sort == "string":
        raw = [value.encode() if isinstance(value, str) else value for value in values]
        return (
            pa.array(raw, pa.binary_view()).view(kind)
            if name == "string_view"
            else pa.array(raw, pa.large_binary() if name == "large_string" else pa.binary()).view(
                kind
            )
        )
    if name == "halffloat":
        halves = [None if value is None else np.float16(value) for value in values]
        return pa.array(halves, pa.float16())
    return pa.array(values, kind)


def source_type(name: str) -> pa.DataType:
    """The type of a source's name."""
    named = {
        "decimal128(5, -2)": pa.decimal128(5, -2),
        "string_view": pa.string_view(),
        "binary_view": pa.binary_view(),
        "halffloat": pa.float16(),
        "decimal32(6, 1)": pa.decimal32(6, 1),
        "decimal64(16, 3)": pa.decimal64(16, 3),
        "duration[s]": pa.duration("s"),
    }
    return named.get(name) or arrow_type(name)


def texts(name: str, wire: Format) -> list[str]:
    """Texts that write values of a type, and such that do not."""
    mark = wire.csv.decimal if wire.name == "csv" else "."
    days = ["2024-02-29", "29/02/2024", "29022024", "29.02.2024", "2024-060", "290224"]
    days += [
        "0001-01-01",
        "31129999",
        "2023-02-29",
        "29/2/2024",
        "2024-2-29",
        "0000-01-01",
        "demain",
        "NULL",
        "29/02/2024 00:00:00",
        "29/02/2024 10:30:59",
        "20240229000000",
        "1021990",
    ]
    clocks = ["10:30", "10:30:59", "23:59:59.5", "00:00:00.000001", "10:30:59.123456789"]
    clocks += ["25:00", "10h30", "10:30:60", "10:30:59.", "10:30:59,5"]
    numbers = ["0", "7", "-12", "1.5", "-007", "+5", "-1.50000", ".5", "1.", "1.005", "255", "-128"]
    numbers += ["32768", "123456.78", "1e3", "-", ".", "1 000", "0x1F", "١", "NaN", "inf", "1.5.0"]
    numbers += ["9" * 19, "9" * 39, "-" + "9" * 80, "0" * 50 + "1", "0." + "0" * 9 + "1", "1e39"]
    numbers += ["1 234,5", "1\u00a0234 567", "12 €", "€ 5", "1'000", "1\u2019000.5", "€", "NULL"]
    numbers += [
        "3" * 30,
        "7" * 37,
        "1" * 38,
        "4" * 70,
        "1e400",
        "-2.5e-3",
        "12345678901234567890.12",
    ]
    by_kind = {
        "bool": [
            "true",
            "FALSE",
            "1",
            "0",
            "Oui",
            "n",
            "o",
            "NON",
            "VRAI",
            "faux",
            "2",
            "peut-être",
        ],
        "integer": numbers,
        "decimal": numbers,
        "float": numbers,
        "date": days,
        "time": clocks,
        "timestamp": [
            *days,
            *(f"{day}{gap}{clock}" for day in days[:3] for gap in "T " for clock in clocks),
            *(f"{days[0]}T10:30{offset}" for offset in ("Z", "+01:00", "-0430", "+02", "+25:00")),
            *(f"{days[1]} 10:30:00.5{offset}" for offset in ("Z", "+01:00")),
            "2024-02-29T10",
            "2024-02-29T",
        ],
    }
    written = by_kind.get(kind_of(type_name(name)), WORDS)
    if mark != ".":
        written = [*written, *(text.replace(".", mark) for text in written if "." in text)]
    blank = [f" {written[0]}\t", f"\u00a0{written[1]}", ""]
    return [*written, *blank]


TESTED: Mapping[str, tuple[Any, ...]] = {
    "string": ("CPF", "01", "été"),
    "bool": (True, False),
    "integer": (1, 7, 100),
    "float": (1, 0.5, 0.1),
    "decimal": (100, 200, -100),
    "date": (datetime.date(2024, 2, 29), datetime.date(2025, 1, 1)),
}
"""Values of conditions, by the sort of the field's type."""


def tested_value(value: Any, name: str) -> Any:
    """A condition's value as `array_of` takes it in the field's own type."""
    kind = kind_of(type_name(name))
    if kind == "date":
        day = (value - datetime.date(1970, 1, 1)).days
        return day * (1 if type_name(name).startswith("date32") else 86_400_000)
    return decimal.Decimal(str(value)) if kind == "decimal" else value


@cache
def samples(source: str, target: str, form: Format, clean: bool) -> Sequence[Any]:
    """Values in which a field of a type may come; where `clean`, such that conform to the type."""
    is_text = kind_of(source) == "string" or (kind_of(source) == "binary" and source != target)
    values = texts(target, form) if is_text else pool(source)
    if clean:
        wire, name = wire_of(form), "string" if is_text else source
        values = [value for value in values if not read(Scalar(name, value), target, wire)[1]]
    return values or [None]
