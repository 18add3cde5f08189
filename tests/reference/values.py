"""Single values: read to a field's type, tested, made coarser, and given as Arrow has them.

How a value stands in the reference filter, by the sort of its type:

    string str    binary bytes    bool bool    integer int    float float    decimal Decimal
    date          days since 1970
    timestamp     nanoseconds since 1970, of the zone UTC where the type has a zone
    time          nanoseconds since midnight
"""

import datetime
import re
import struct
from collections.abc import Iterable
from dataclasses import dataclass, replace
from decimal import Context, Decimal, localcontext
from fractions import Fraction
from typing import Any, Literal
from zoneinfo import ZoneInfo

from tamis.documents.feed_format import Format

Fault = Literal["", "unreadable", "type"]

EPOCH = datetime.date(1970, 1, 1)
FIRST, LAST = (datetime.date.min - EPOCH).days, (datetime.date.max - EPOCH).days
SECOND = 10**9
DAY = 86_400 * SECOND
UNITS = {"s": SECOND, "ms": 10**6, "us": 10**3, "ns": 1}
ALIASES = {
    "float32": "float",
    "float64": "double",
    "date32": "date32[day]",
    "date64": "date64[ms]",
}
ZONED = re.compile(r"timestamp\[(s|ms|us|ns)(?:, tz=(.+))?\]")


@dataclass(frozen=True, eq=False)
class Scalar:
    """A value that is not null, and the name of its Arrow type; dates and times as stored."""

    type: str
    value: Any

    def __eq__(self, other: object) -> bool:
        """Equal to the last bit: -0.0 is not 0.0, 1.0 is not 1.00, NaN is NaN."""
        return repr(self) == repr(other)

    def __hash__(self) -> int:
        return hash(repr(self))


@dataclass(frozen=True)
class Wire:
    """How text stands for values in a format.

    Attributes:
        encoding: of bytes.
        decimal: the decimal mark.
        thousands: the signs that may stand between groups of three digits.
        currency: a sign before or behind a number.
        dates: strptime patterns, none for ISO 8601.
        century_from: first of the years that `%y` stands for.
        nulls: words that mean null.
        words: whether an empty value is null, and oui and non are truth values: CSV and DSN.
    """

    encoding: str = "utf-8"
    decimal: str = "."
    thousands: str = ""
    currency: str = ""
    dates: tuple[str, ...] = ()
    century_from: int = 0
    nulls: tuple[str, ...] = ()
    words: bool = False


def wire_of(form: Format) -> Wire:
    """How text is read in a format."""
    if form.name == "csv":
        csv = form.csv
        gaps = {" ": " \u00a0\u202f", "'": "'\u2019"}
        return Wire(
            csv.encoding,
            csv.decimal,
            gaps.get(csv.thousands or "", csv.thousands or ""),
            csv.currency or "",
            csv.dates,
            csv.century_from or 0,
            csv.nulls,
            words=True,
        )
    return Wire(dates=("%d%m%Y",), words=True) if form.name == "dsn" else Wire()


def type_name(name: str) -> str:
    """A type's name as Arrow prints it."""
    return ALIASES.get(name, re.sub(r",(?! )", ", ", name))


def kind_of(name: str) -> str:
    """The sort of a type's values, by its name as Arrow prints it; empty for any other type."""
    patterns = {
        "string": r"(large_)?string(_view)?",
        "binary": r"(large_)?binary(_view)?|fixed_size_binary\[\d+\]",
        "integer": r"u?int\d+",
        "float": "halffloat|float|double",
        "decimal": r"decimal\d+\(.*\)",
        "bool": "bool",
        "date": r"date(32|64)\[.*\]",
        "timestamp": r"timestamp\[.*\]",
        "time": r"time(32|64)\[.*\]",
    }
    return next((kind for kind, form in patterns.items() if re.fullmatch(form, name)), "")


def read(value: Scalar, target: str, wire: Wire) -> tuple[Any, Fault]:
    """Bring a value to a schema's type: the value, or None and why it is not of that type."""
    name = type_name(target)
    if kind_of(value.type) not in ("string", "binary"):
        result = convert(value, name)
        return (result, "") if result is not None else (None, "type")
    if kind_of(name) == "binary":
        raw = value.value if isinstance(value.value, bytes) else value.value.encode()
        word = value.value.strip() if isinstance(value.value, str) else None
        if (wire.words and not raw) or word in wire.nulls:
            return None, ""
        return (raw, "") if width_fits(raw, name) else (None, "type")
    try:
        encoding = wire.encoding if kind_of(value.type) == "binary" else "utf-8"
        text = value.value if isinstance(value.value, str) else value.value.decode(encoding)
    except UnicodeError:
        return None, "unreadable"
    if text.strip() in wire.nulls:
        return None, ""
    if kind_of(name) == "string":
        return (None if wire.words and not text else text), ""
    text = text.strip()
    if wire.words and not text:
        return None, ""
    result = parse(text, name, wire)
    return (result, "") if result is not None else (None, "type")


def width_fits(raw: bytes, name: str) -> bool:
    """Whether bytes are as many as a type of fixed size asks for."""
    width = re.fullmatch(r"fixed_size_binary\[(\d+)\]", name)
    return width is None or len(raw) == int(width[1])


# Text


def parse(text: str, name: str, wire: Wire) -> Any:
    """The value that a text without blanks around it writes, or None."""
    kind = kind_of(name)
    if kind == "bool":
        true = {"true", "1"} | ({"oui", "o", "vrai"} if wire.words else set())
        false = {"false", "0"} | ({"non", "n", "faux"} if wire.words else set())
        return {**dict.fromkeys(true, True), **dict.fromkeys(false, False)}.get(text.lower())
    if kind in ("integer", "decimal", "float"):
        text = bare_number(text, wire)
    if kind == "integer":
        return typed(Fraction(text), name) if re.fullmatch("[+-]?[0-9]+", text) else None
    if kind in ("decimal", "float"):
        mark = re.escape(wire.decimal)
        form = rf"[+-]?([0-9]+{mark}?[0-9]*|{mark}[0-9]+)"
        form += "([eE][+-]?[0-9]+)?" if kind == "float" else ""
        if not re.fullmatch(form, text):
            return None
        text = text.replace(wire.decimal, ".")
        if kind == "decimal":
            return typed(Fraction(text), name)
        result = float_of(float(text), name)
        return result if result - result == 0 else None
    if kind == "date":
        day = moment_in(text, wire)
        untimed = tuple(pattern for pattern in wire.dates if "%H" not in pattern)
        if day is None and untimed:  # a time of midnight behind a date is none
            short = re.sub(r"[ T]00:00:00(\.0+)?$", "", text)
            day = moment_in(short, replace(wire, dates=untimed))
        return day // DAY if day is not None and day % DAY == 0 else None
    if kind == "timestamp":
        return timestamp_in(text, name, wire)
    return time_in(text, name) if re.fullmatch("[0-9]{2}:[0-9]{2}(:.*)?", text) else None


def bare_number(text: str, wire: Wire) -> str:
    """A number without what the format lets stand around it and between its groups of digits."""
    sign = wire.currency
    if sign and text.count(sign) == 1:
        before, behind = (part.strip() for part in text.split(sign))
        text = (before or behind) if not before or not behind else text
    whole, mark, rest = text.partition(wire.decimal)
    groups = re.split(f"[{re.escape(wire.thousands)}]", whole) if wire.thousands else [whole]
    if len(groups) > 1 and re.fullmatch("[+-]?[1-9][0-9]{0,2}", groups[0], re.ASCII):
        digits = re.fullmatch("[0-9]*", rest)
        if digits and all(re.fullmatch("[0-9]{3}", group) for group in groups[1:]):
            return "".join(groups) + mark + rest
    return text


def moment_in(text: str, wire: Wire) -> int | None:
    """The one moment that a text names by a format's patterns, in nanoseconds; or None."""
    if not wire.dates:
        try:
            day = datetime.date.fromisoformat(text)
        except ValueError:
            return None
        return date_ticks(day) * DAY if re.fullmatch("[0-9]{4}(-[0-9]{2}){2}", text) else None
    moments = {moment_by(text, pattern, wire.century_from) for pattern in wire.dates} - {None}
    return moments.pop() if len(moments) == 1 else None


def moment_by(text: str, pattern: str, century_from: int) -> int | None:
    """The moment whose writing by a pattern the text is: padded, or not between other signs."""
    try:
        moment = datetime.datetime.strptime(text, pattern)
    except ValueError:
        return None
    if "%y" in pattern:
        years = range(century_from, century_from + 100)
        year = next(year for year in years if year % 100 == moment.year % 100)
        try:
            moment = moment.replace(year=year)
        except ValueError:
            return None
    pieces = re.findall("%.|[^%]", pattern)
    writings = {""}
    for place, piece in enumerate(pieces):
        written = {moment.strftime(piece).rjust(4 if piece == "%Y" else 0, "0")}
        around = pieces[max(place - 1, 0) : place] + pieces[place + 1 : place + 2]
        if piece in ("%d", "%m", "%H", "%M", "%S") and not any(sign[0] == "%" for sign in around):
            written |= {text.removeprefix("0") for text in written}
        writings = {before + part for before in writings for part in written}
    if text not in writings:
        return None
    seconds = moment.hour * 3600 + moment.minute * 60 + moment.second
    return date_ticks(moment.date()) * DAY + seconds * SECOND


def time_in(text: str, name: str) -> int | None:
    """Nanoseconds since midnight of hh, hh:mm, hh:mm:ss or hh:mm:ss.fff, or None.

    There are at most as many digits of a second as the type holds.
    """
    form = re.fullmatch(r"([0-9]{2})(?::([0-9]{2})(?::([0-9]{2})(?:\.([0-9]{1,9})0*)?)?)?", text)
    if form is None:
        return None
    hour, minute, second = (int(part or 0) for part in form.groups()[:3])
    ticks = ((hour * 60 + minute) * 60 + second) * SECOND + int((form[4] or "").ljust(9, "0"))
    fits = hour < 24 and minute < 60 and second < 60 and ticks % unit_of(name) == 0
    return ticks if fits else None


def timestamp_in(text: str, name: str, wire: Wire) -> int | None:
    """The moment that a text names: a date, a time, an offset if the type has a zone."""
    moments = set()
    timed = [pattern for pattern in wire.dates if "%H" in pattern]
    if timed and not zone_of(name):
        moments = {moment_by(text, pattern, wire.century_from) for pattern in timed}
    if len(timed) < len(wire.dates) or not wire.dates:
        untimed = tuple(pattern for pattern in wire.dates if pattern not in timed)
        moments.add(iso_moment(text, name, replace(wire, dates=untimed)))
    known = [moment for moment in moments if moment is not None]
    return in_range(known[0], name) if len(known) == 1 else None


def iso_moment(text: str, name: str, wire: Wire) -> int | None:
    """A moment whose time is written as ISO 8601 has it."""
    text = re.sub(" UTC$", "Z", text)
    form = re.fullmatch(r"(.+?)(?:[ T]([0-9:.]+)(Z|[+-][0-9]{2}(?::?[0-9]{2})?)?)?", text)
    if form is None:
        return None
    day = moment_in(form[1], wire)
    time = time_in(form[2], name) if form[2] else 0
    if day is None or time is None or bool(form[3]) != bool(zone_of(name)):
        return None
    offset = 0
    if form[3] and form[3] != "Z":
        hours, minutes = int(form[3][1:3]), int(form[3][3:].replace(":", "") or 0)
        if hours > 23 or minutes > 59:
            return None
        offset = (hours * 60 + minutes) * (-1 if form[3][0] == "-" else 1)
    return day + time - offset * 60 * SECOND


# Native values: they change type only where nothing is lost


def convert(value: Scalar, name: str) -> Any:
    """A native value as one of another type, or None where something would be lost."""
    source, target = kind_of(value.type), kind_of(name)
    held = plain(value)
    if held is None or not source:
        return None
    if target == "string":
        return write(held, value.type) if source != "binary" else None
    if source in ("date", "timestamp") and target in ("date", "timestamp"):
        return change_moment(held, value.type, name)
    if source == target == "time":
        return held if held % unit_of(name) == 0 else None
    if source == target and source in ("bool", "binary"):
        return held
    if source == "integer" and target == "bool":
        return {0: False, 1: True}.get(held)
    numbers = ("integer", "float", "decimal")
    return change_number(held, value.type, name) if {source, target} <= set(numbers) else None


def plain(value: Scalar) -> Any:
    """A native value as it stands here; None for a date out of the calendar, a time of no day."""
    kind = kind_of(value.type)
    if kind == "date":
        day, rest = divmod(value.value, 1 if value.type.startswith("date32") else 86_400_000)
        return day if FIRST <= day <= LAST and not rest else None
    if kind == "timestamp":
        return in_range(value.value * unit_of(value.type), value.type)
    if kind == "time":
        ticks = value.value * unit_of(value.type)
        return ticks if 0 <= ticks < DAY else None
    return value.value


def change_number(held: Any, source: str, name: str) -> Any:
    """A number as one of another type; floats to and from decimals if they come back the same.

    A float past the whole numbers that its type tells apart becomes neither integer nor decimal.
    """
    target = kind_of(name)
    if target == "float":
        if isinstance(held, Decimal):
            return float_of(float(held), name)
        if isinstance(held, int):
            most = 2 ** (24 if name == "float" else 53)
            return float(held) if -most <= held <= most else None
        result = float_of(held, name)
        lost = result - result != 0 and held - held == 0
        return None if lost else result
    if not isinstance(held, float):
        return typed(Fraction(held), name)
    if held - held != 0 or abs(held) > exact_float(source):
        return None
    if target == "integer":
        return typed(Fraction(held), name)
    scale = Fraction(10) ** scale_of(name)[1]
    result = typed(Fraction(round(Fraction(held) * scale)) / scale, name)
    back = None if result is None else float_of(float(result), own_width(source))
    return result if back == held else None


def change_moment(held: int, source: str, name: str) -> int | None:
    """A date or timestamp as one of another type; both have a zone, or none."""
    if kind_of(source) == kind_of(name) == "date":
        return held
    if kind_of(source) == "date":
        return None if zone_of(name) else in_range(held * DAY, name)
    if kind_of(name) == "date":
        local = held + offset_at(held, zone_of(source))
        return local // DAY if local % DAY == 0 else None
    fits = bool(zone_of(source)) == bool(zone_of(name)) and held % unit_of(name) == 0
    return in_range(held, name) if fits else None


def write(held: Any, source: str) -> str | None:
    """A native value as text."""
    kind = kind_of(source)
    if kind == "bool":
        return "true" if held else "false"
    if kind == "float":
        return write_float(held, source)
    if kind == "date":
        return date_of(held).isoformat()
    if kind == "time":
        return write_time(held, source)
    if kind == "timestamp":
        zone = zone_of(source)
        offset = offset_at(held, zone)
        day, time = divmod(held + offset, DAY)
        minutes = abs(offset) // (60 * SECOND)
        sign = "-" if offset < 0 else "+"
        behind = f"{sign}{minutes // 60:02}{minutes % 60:02}" if zone else ""
        behind = "Z" if zone == "UTC" else behind
        return f"{date_of(day).isoformat()} {write_time(time, source)}{behind}"
    return str(held)


def write_time(ticks: int, name: str) -> str:
    """hh:mm:ss, and as many digits of a second as the type holds."""
    seconds, rest = divmod(ticks, SECOND)
    digits = {SECOND: 0, 10**6: 3, 10**3: 6, 1: 9}[unit_of(name)]
    fraction = f".{rest:09}"[: digits + 1] if digits else ""
    return f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}{fraction}"


def write_float(held: float, source: str) -> str | None:
    """Whole numbers that are exact by their digits, others as short as they come back the same."""
    if held - held != 0:
        return None
    if held == int(held) and abs(held) <= exact_float(source):
        return str(int(held))
    shortest = next(
        text
        for text in (f"{held:.{digits}e}" for digits in range(18))
        if float_of(float(text), own_width(source)) == held
    )
    mantissa, _, exponent = shortest.partition("e")
    if -7 < int(exponent) < 10:
        return f"{Decimal(shortest):f}"
    return f"{mantissa}e{int(exponent):+}".replace("e-0", "e-").replace("e+0", "e+")


# Types


def typed(number: Fraction, name: str) -> Any:
    """A number as a value of a numeric type; None where the type does not hold it."""
    kind = kind_of(name := type_name(name))
    if kind == "integer":
        bits = int(name.rpartition("int")[2])
        low = 0 if name.startswith("u") else -(2 ** (bits - 1))
        fits = number.denominator == 1 and low <= number < low + 2**bits
        return int(number) if fits else None
    if kind == "float":
        result = float_of(float(number), name)
        return result if result - result == 0 else None
    precision, scale = scale_of(name)
    unscaled = number * Fraction(10) ** scale
    if unscaled.denominator != 1 or abs(unscaled) >= 10**precision:
        return None
    with localcontext(Context(prec=100)):
        return Decimal(int(unscaled)).scaleb(-scale)


def scale_of(name: str) -> tuple[int, int]:
    """Digits of a decimal type, and how many of them stand behind the mark."""
    precision, scale = name.partition("(")[2].rstrip(")").split(",")
    return int(precision), int(scale)


def exact_float(source: str) -> int:
    """Up to which whole number a float of this type tells each from the next."""
    return 2**24 if source in ("halffloat", "float", "float32") else 2**53


def float_of(value: float, name: str) -> float:
    """The nearest float of a type's width; an infinity where it is too large."""
    code = {"halffloat": "e", "float": "f", "float32": "f"}.get(name)
    if code is None:
        return value
    try:
        return float(struct.unpack(code, struct.pack(code, value))[0])
    except OverflowError:
        return value * float("inf")


def own_width(source: str) -> str:
    """The type in which a float comes back the same; halves are taken for floats of 32 bits."""
    return "float" if source == "halffloat" else source


def unit_of(name: str) -> int:
    """Nanoseconds in one unit of a time or timestamp type."""
    return UNITS[name.partition("[")[2].rstrip("]").partition(",")[0]]


def zone_of(name: str) -> str:
    """The zone of a timestamp type, or nothing."""
    form = ZONED.fullmatch(type_name(name))
    return (form[2] or "") if form else ""


def in_range(ticks: int, name: str) -> int | None:
    """A moment that is in the years 1 to 9999, and that the type holds; else None."""
    inside = FIRST <= ticks // (DAY) <= LAST
    return ticks if inside and abs(ticks // unit_of(name)) < 2**63 else None


def date_of(day: int) -> datetime.date:
    return EPOCH + datetime.timedelta(days=day)


def date_ticks(day: datetime.date) -> int:
    return (day - EPOCH).days


def zone_info(zone: str) -> datetime.tzinfo:
    """A zone by its name, or by its offset from UTC; none stands as UTC."""
    if not zone or zone[0] not in "+-":
        return ZoneInfo(zone or "UTC")
    minutes = int(zone[1:3]) * 60 + int(zone[4:6])
    return datetime.timezone(datetime.timedelta(minutes=-minutes if zone[0] == "-" else minutes))


def offset_of(moment: datetime.datetime) -> int:
    """Nanoseconds that the clocks of a moment's zone are ahead of UTC."""
    offset = moment.utcoffset()
    assert offset is not None
    return round(offset.total_seconds()) * SECOND


def offset_at(ticks: int, zone: str) -> int:
    """The same at nanoseconds since 1970."""
    moment = datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC)
    moment += datetime.timedelta(seconds=ticks // SECOND)
    return offset_of(moment.astimezone(zone_info(zone)))


# Conditions, generalization, release


def holds(value: Any, values: Iterable[Any], name: str) -> bool:
    """Whether a value is one of a condition's, which have the field's type."""
    return any(value == condition_value(written, name) for written in values)


def condition_value(written: Any, name: str) -> Any:
    """A condition's value in the field's type; None where the type cannot hold it."""
    kind = kind_of(type_name(name))
    if kind in ("integer", "decimal"):
        return typed(Fraction(str(written)), name)
    if kind == "float":
        return float_of(float(written), name)
    return date_ticks(written) if kind == "date" else written


def first_of(value: int, to: str, name: str) -> int:
    """The first day, or the first moment by the zone's clocks, of the year, quarter or month."""
    is_date, zone = kind_of(type_name(name)) == "date", zone_of(name)
    day = date_of(value if is_date else (value + offset_at(value, zone)) // DAY)
    month = {"year": 1, "quarter": (day.month - 1) // 3 * 3 + 1, "month": day.month}[to]
    first = day.replace(month=month, day=1)
    if is_date:
        return date_ticks(first)
    midnight = datetime.datetime.combine(first, datetime.time(), zone_info(zone))
    return date_ticks(first) * DAY - offset_of(midnight)


def released(value: Any, name: str) -> Scalar:
    """A value as Arrow stores it in a type."""
    name = type_name(name)
    kind = kind_of(name)
    if kind == "date":
        value = value if name.startswith("date32") else value * 86_400_000
    elif kind in ("timestamp", "time"):
        value = value // unit_of(name)
    return Scalar(name, value)
