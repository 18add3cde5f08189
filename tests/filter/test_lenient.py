"""What parsers of Python and Arrow, or of other systems, let pass, and what becomes of it here.

One table: for each type the texts, and the value that each becomes in CSV, JSON Lines, Avro,
Parquet, DSN, messages of Kafka and dicts of a pipeline. `BAD` is quarantined as `type`. Where a
format decides otherwise, `OTHERWISE` has it: CSV and DSN take an empty text for null and know
French truth values, JSON and Avro have truth values of their own, dates of a DSN are `JJMMAAAA`.
"""

import datetime
from decimal import Decimal as D
from typing import Any

import pytest

from tamis.documents.feed_format import Format, JsonlOptions

from .doors import DOORS, QUARANTINED, outcomes

BAD = QUARANTINED
DAY = datetime.date(2024, 2, 29)
TEN = datetime.datetime(2024, 2, 29, 10)
UTC = TEN.replace(tzinfo=datetime.UTC)

TABLE: dict[str, dict[str, Any]] = {
    "int64": {
        # signs, zeros, blanks
        "7": 7,
        "-7": -7,
        "+7": 7,
        "--7": BAD,
        "- 7": BAD,
        "-": BAD,
        "-0": 0,
        "007": 7,
        " 7 ": 7,
        "7\u00a0": 7,
        "1 000": BAD,
        "1\u202f000": BAD,
        "1,000": BAD,
        # Python's and C's own
        "1_000": BAD,
        "0x1F": BAD,
        "0b1": BAD,
        "0o7": BAD,
        "٧": BAD,
        "７": BAD,
        "²": BAD,
        # fractions, exponents, what follows
        "7.0": BAD,
        "7.": BAD,
        "7e0": BAD,
        "7a": BAD,
        "7;": BAD,
        "7\x00": BAD,
        "true": BAD,
        "9223372036854775807": 2**63 - 1,
        "9223372036854775808": BAD,
        "": BAD,
    },
    "decimal128(8, 2)": {
        "1.5": D("1.50"),
        "+1.5": D("1.50"),
        "-1.5": D("-1.50"),
        ".5": D("0.50"),
        "1.": D("1.00"),
        ".": BAD,
        "1.50000": D("1.50"),
        "1.505": BAD,
        "001.5": D("1.50"),
        "1,5": BAD,
        "1 000.5": BAD,
        "1,000.5": BAD,
        "1'000": BAD,
        "1_0": BAD,
        "١.٥": BAD,
        "1e1": BAD,
        "15E-1": BAD,
        "0x1p3": BAD,
        "NaN": BAD,
        "sNaN": BAD,
        "inf": BAD,
        "1.5-": BAD,
        "(1.5)": BAD,
        "1.5€": BAD,
        "$1.5": BAD,
        "1.5%": BAD,
        "1.5.0": BAD,
        "": BAD,
    },
    "float64": {
        "1.5": 1.5,
        "1e3": 1000.0,
        "1E+3": 1000.0,
        ".5": 0.5,
        "1.": 1.0,
        "1,5": BAD,
        "NaN": BAD,
        "nan": BAD,
        "inf": BAD,
        "-inf": BAD,
        "Infinity": BAD,
        "1e400": BAD,
        "1e-400": 0.0,
        "0x1p3": BAD,
        "1_0": BAD,
        "1f": BAD,
        "1d5": BAD,
        "٣.٥": BAD,
        "": BAD,
    },
    "bool": {
        "true": True,
        "TRUE": True,
        "True": True,
        " false ": False,
        "1": True,
        "0": False,
        "oui": BAD,
        "NON": BAD,
        "vrai": BAD,
        "faux": BAD,
        "o": BAD,
        "n": BAD,
        "yes": BAD,
        "y": BAD,
        "t": BAD,
        "on": BAD,
        "2": BAD,
        "-1": BAD,
        "01": BAD,
        "": BAD,
    },
    "date32": {
        "2024-02-29": DAY,
        " 2024-02-29 ": DAY,
        "2024-02-30": BAD,
        "2023-02-29": BAD,
        "2024-2-29": BAD,
        "20240229": BAD,
        "24-02-29": BAD,
        "29/02/2024": BAD,
        "2024-W09-4": BAD,
        "2024-060": BAD,
        "2024-02": BAD,
        "+2024-02-29": BAD,
        "0000-01-01": BAD,
        "10000-01-01": BAD,
        "٢٠٢٤-02-29": BAD,
        "2024-02-29x": BAD,
        "2024-02-29T00:00": BAD,
        "2024-02-29 00:00:00": BAD,
        "19782": BAD,
        "": BAD,
        "29022024": BAD,
        "2902024": BAD,
        "1021990": BAD,
        "290224": BAD,
        "99991990": BAD,
    },
    "timestamp[us]": {
        "2024-02-29T10:00:00": TEN,
        "2024-02-29 10:00:00": TEN,
        "2024-02-29T10:00": TEN,
        "2024-02-29T10": TEN,
        "2024-02-29": TEN.replace(hour=0),
        "2024-02-29T": BAD,
        "2024-02-29t10:00": BAD,
        "2024-02-29  10:00": BAD,
        "2024-02-29T100000": BAD,
        "2024-02-29T10:00:00.5": TEN.replace(microsecond=500_000),
        "2024-02-29T10:00:00,5": BAD,
        "2024-02-29T10:00:00.": BAD,
        "2024-02-29T10:00:00.1234567": BAD,
        "2024-02-29T10:00:00.0000000": TEN,
        "2024-02-29T24:00:00": BAD,
        "2024-02-29T23:59:60": BAD,
        "2024-02-29T9:00": BAD,
        "2024-02-29T10:00:00Z": BAD,
        "2024-02-29T10:00:00+01:00": BAD,
        "1709164800": BAD,
        "2024-02-29 10:00:00 UTC": BAD,
        "2024-02-29T10:00:00x": BAD,
        "": BAD,
    },
    "timestamp[us, tz=UTC]": {
        "2024-02-29T10:00:00Z": UTC,
        "2024-02-29T10:00:00z": BAD,
        "2024-02-29Z": BAD,
        "2024-02-29 10:00:00 UTC": UTC,
        "2024-02-29 10:00:00UTC": BAD,
        "2024-02-29 10:00:00 GMT": BAD,
        "2024-02-29 10:00:00 CET": BAD,
        "2024-02-29T11:00:00+01:00": UTC,
        "2024-02-29T11:00:00+0100": UTC,
        "2024-02-29T11:00:00+01": UTC,
        "2024-02-29T11:00:00+1:00": BAD,
        "2024-02-29T11:00:00 +01:00": BAD,
        "2024-02-29T11:00:00+24:00": BAD,
        "2024-02-29T10:00:00": BAD,
        "1709164800": BAD,
        "": BAD,
    },
    "timestamp[ns]": {
        "2024-02-29T10:00:00": TEN,
        "9999-12-31": BAD,
        "1600-01-01": BAD,
        "2262-04-12": BAD,
        "1677-09-20": BAD,
    },
    "time64[us]": {
        "10:30": datetime.time(10, 30),
        "10:30:59.5": datetime.time(10, 30, 59, 500_000),
        " 10:30 ": datetime.time(10, 30),
        "10": BAD,
        "1030": BAD,
        "9:05": BAD,
        "10h30": BAD,
        "24:00": BAD,
        "23:59:60": BAD,
        "-01:00": BAD,
        "10:30:59.": BAD,
        "10:30Z": BAD,
        "": BAD,
    },
    "string": {"": "", " x ": " x ", "NULL": "NULL", "\\N": "\\N", "nan": "nan", "é": "é"},
}

FRENCH = {"oui": True, "NON": False, "vrai": True, "faux": False, "o": True, "n": False}
NO_DATES = {
    text: BAD for kind in TABLE if "date" in kind or "stamp" in kind for text in TABLE[kind]
}
OTHERWISE: dict[str, dict[str, Any]] = {
    "csv": FRENCH | {"": None},
    "dsn": NO_DATES | FRENCH | {"": None, "29022024": DAY},
    **dict.fromkeys(("jsonl", "avro", "kafka"), dict.fromkeys(TABLE["bool"], BAD)),
}
"""By format, what becomes of texts of dates, truth values and nothing; other types as above."""

DECIDED = ("bool", "date32", "timestamp[us]", "timestamp[us, tz=UTC]", "timestamp[ns]")


def decision(door: str, kind: str, text: str) -> Any:
    if text == "" or kind in DECIDED:
        otherwise = OTHERWISE.get(door, {})
        if text or door in ("csv", "dsn") or kind == "bool":
            return otherwise.get(text, TABLE[kind][text])
    return TABLE[kind][text]


@pytest.mark.parametrize("kind", TABLE)
@pytest.mark.parametrize("door", [door for door in DOORS if not door.endswith("numbers")])
def test_each_format_keeps_to_the_table(door: str, kind: str) -> None:
    texts = [text for text in TABLE[kind] if door != "dsn" or "\x00" not in text]
    expected = [decision(door, kind, text) for text in texts]

    assert dict(zip(texts, outcomes(door, kind, texts), strict=True)) == dict(
        zip(texts, expected, strict=True)
    )


NUMBERS: dict[str, dict[str, Any]] = {
    "int64": {"7": 7, "-0": 0, "7.0": BAD, "7e0": BAD, "9223372036854775808": BAD, "true": BAD},
    "decimal128(8, 2)": {"1.5": D("1.50"), "1": D("1.00"), "1e1": BAD, "1.505": BAD},
    "float64": {"1.5": 1.5, "1e3": 1000.0, "7": 7.0, "1e400": BAD},
    "bool": {"true": True, "1": BAD, "0": BAD, "1.0": BAD},
    "date32": {"19782": BAD, "null": None},
    "timestamp[us]": {"1709164800": BAD, "1709164800.5": BAD},
    "string": {"7": "7", "7.5": BAD, "true": BAD, "[]": BAD, "{}": BAD},
}


@pytest.mark.parametrize("kind", NUMBERS)
def test_numbers_of_json_keep_to_the_table(kind: str) -> None:
    texts = list(NUMBERS[kind])

    assert dict(zip(texts, outcomes("json numbers", kind, texts), strict=True)) == NUMBERS[kind]


def counted(door: str, kind: str, texts: list[str], **options: Any) -> list[Any]:
    form = Format(name="jsonl", jsonl=JsonlOptions(**options))
    return outcomes(door, kind, texts, form)


def test_numbers_of_json_count_where_the_schema_says_what() -> None:
    days = ["19782", "-1", "0", "null", '"2024-02-29"', "19782.0", "true", "99999999", "1e3"]
    expected: list[Any] = [DAY, datetime.date(1969, 12, 31), datetime.date(1970, 1, 1), None, DAY]
    expected += [BAD, BAD, BAD, BAD]
    assert counted("json numbers", "date32", days, dates="epoch-days") == expected
    half = TEN.replace(microsecond=500_000)
    for unit, number in {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}.items():
        moments = [
            str(1_709_200_800 * number),
            '"2024-02-29T10:00:00.5"',
            "null",
            "1.5",
            str(10**30),
        ]
        found = counted("json numbers", "timestamp[us]", moments, timestamps=f"epoch-{unit}")
        assert found == [TEN, half, None, BAD, BAD]
    zoned = counted(
        "json numbers", "timestamp[ms, tz=UTC]", ["1709200800000"], timestamps="epoch-ms"
    )
    assert zoned == [UTC]
    assert counted("json numbers", "timestamp[us]", ["1"], timestamps="epoch-ns") == [BAD]
    assert counted("json numbers", "timestamp[us]", ["1"], dates="epoch-days") == [BAD]
    assert counted("json numbers", "bool", ['"true"', "true"], dates="epoch-days") == [BAD, True]


@pytest.mark.parametrize("door", ["kafka numbers", "dict numbers"])
def test_numbers_of_messages_and_dicts_count_too(door: str) -> None:
    assert counted(door, "date32", ["19782", "null"], dates="epoch-days") == [DAY, None]
    assert counted(door, "timestamp[us]", ["1709200800"], timestamps="epoch-s") == [TEN]
    assert counted(door, "timestamp[us]", ["1709200800"]) == [BAD]
