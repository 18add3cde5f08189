"""Values of other libraries and of Beam as the values of Python's own that stand for them.

Dicts and Rows of other pipelines hold numpy scalars, pandas timestamps, Beam's `Timestamp`, rows
inside rows, tuples. Each is converted to the type that `tamis.formats.python_records` takes, where
nothing is lost; any other value stays as it is, and is one of a wrong type. A mark of a missing
value (`NaN` in another type than a float, `NaT`, `NA`) is null.

Text is read by the filter as the schema's format writes it. So where text and numbers or dates mix
in one column, these become text of that form: with a comma as decimal mark, or `31/12/2025`.
"""

import datetime
from collections.abc import Callable, Mapping
from dataclasses import fields, is_dataclass
from decimal import Decimal
from typing import Any

from tamis.documents.date_patterns import date_pattern
from tamis.documents.feed_format import Format, JsonlOptions
from tamis.documents.types import kind_of
from tamis.filter.dialect import TextDialect, dialect_of
from tamis.formats.python_records import Adapter, is_huge

_OWN = (str, int, bool, bytes, Decimal, datetime.date, datetime.datetime, datetime.time)
_MISSING = ("NaTType", "NAType")
_EXACT_FLOAT = 2**53
_EXACT_SHORT_FLOAT = 2**24


def adapter_for(form: Format) -> Adapter:
    """What brings values to Python's own, for a schema whose feeds are written in `form`.

    Example:
        >>> adapt = adapter_for(Format(name="csv", csv={"decimal": ",", "dates": "%d/%m/%Y"}))
        >>> adapt("decimal128(12, 2)")(Decimal("12.50")), adapt("int32")(3.0), adapt("list")((1, 2))
        ('12,50', 3, [1, 2])
        >>> adapt("date32")(datetime.datetime(2026, 3, 2)), adapt("int32")(3.5)
        ('02/03/2026', 3.5)
    """
    dialect = dialect_of(form)
    mark = dialect.decimal

    epochs = epochs_for(form.jsonl)

    def adapter(type_name: str) -> Callable[[Any], Any]:
        counted = epochs(type_name) if epochs else None
        if counted is not None:
            own = usual(type_name)
            return lambda value: own(counted(_plain(value)))
        return usual(type_name)

    def usual(type_name: str) -> Callable[[Any], Any]:
        if type_name == "struct":
            return as_record
        if type_name == "list":
            return _as_list
        kind = kind_of(type_name)
        if kind == "float":
            return lambda value: _as_number(_plain(value, True), mark)
        if kind == "decimal":
            return lambda value: _as_number(_plain_digits(value), mark)
        if kind == "integer":
            return lambda value: _as_integer(_plain_digits(value))
        if kind == "date":
            return lambda value: _as_date(_plain(value), dialect)
        if kind == "timestamp":
            zoned = "tz=" in type_name
            return lambda value: _as_timestamp(_plain(value), dialect, zoned)
        return _plain

    return adapter


def epochs_for(options: JsonlOptions) -> Adapter | None:
    """What brings whole numbers of JSON to the dates and timestamps that they count to.

    Returns:
        None where `options` say that no number is one.

    Example:
        >>> adapt = epochs_for(JsonlOptions(dates="epoch-days", timestamps="epoch-ms"))
        >>> adapt("date32")(19782), adapt("timestamp[us, tz=UTC]")(1709200800500)
        (datetime.date(2024, 2, 29), '2024-02-29T10:00:00.500000000Z')
    """
    if options.dates is None and options.timestamps is None:
        return None
    per_second = _PER_SECOND.get(options.timestamps or "", 1)

    def adapter(type_name: str) -> Callable[[Any], Any] | None:
        kind = kind_of(type_name)
        if kind == "date" and options.dates is not None:
            return _counted_day
        if kind == "timestamp" and options.timestamps is not None:
            behind = "Z" if "tz=" in type_name else ""
            return lambda value: _counted_moment(value, per_second, behind)
        return None

    return adapter


_EPOCH = datetime.datetime(1970, 1, 1)
_PER_SECOND = {"epoch-s": 1, "epoch-ms": 10**3, "epoch-us": 10**6, "epoch-ns": 10**9}


def _counted_day(value: Any) -> Any:
    try:
        return (_EPOCH + datetime.timedelta(value)).date() if type(value) is int else value
    except OverflowError:
        return value


def _counted_moment(value: Any, per_second: int, behind: str) -> Any:
    """A moment as text, since Python's own has no nanoseconds."""
    if type(value) is not int:
        return value
    seconds, rest = divmod(value, per_second)
    try:
        whole = (_EPOCH + datetime.timedelta(seconds=seconds)).isoformat()
    except OverflowError:
        return value
    return f"{whole}.{rest * (10**9 // per_second):09}{behind}"


def as_record(value: Any) -> Any:
    """A mapping, a NamedTuple, a `beam.Row` or a dataclass as a dict; any other value as it is.

    Example:
        >>> import apache_beam as beam
        >>> as_record(beam.Row(nom="Durand", jours=3)), as_record(["Durand"])
        ({'nom': 'Durand', 'jours': 3}, ['Durand'])
    """
    if type(value) is dict:
        return value
    if isinstance(value, tuple) and hasattr(value, "_fields"):
        return dict(zip(value._fields, value, strict=True))
    if isinstance(value, Mapping):
        return dict(value)
    if type(value).__name__ == "Row" and type(value).__module__ == "apache_beam.pvalue":
        return vars(value)
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: getattr(value, field.name) for field in fields(value)}
    return _plain(value)


def _as_list(value: Any) -> Any:
    if isinstance(value, list) or (isinstance(value, tuple) and not hasattr(value, "_fields")):
        return list(value)
    if type(value).__module__ == "numpy" and getattr(value, "ndim", 0) == 1:
        return value.tolist()
    return _plain(value)


def _plain(value: Any, may_be_nan: bool = False) -> Any:
    """A value of numpy, pandas or a subclass as one of Python's own; None for a missing one."""
    kind = type(value)
    if kind in _OWN:
        return value
    if kind.__name__ in _MISSING:
        return None
    if kind.__module__ == "numpy" and getattr(value, "ndim", None) == 0:
        value = _from_numpy(value)
    if isinstance(value, float):
        return None if value != value and not may_be_nan else float(value)
    if isinstance(value, str):
        return str.__str__(value)
    if isinstance(value, datetime.datetime):
        return value if getattr(value, "nanosecond", 0) else _datetime_of(value)
    for base in (bool, int, bytes):
        if isinstance(value, base):
            return base(value)
    return value


def _plain_digits(value: Any) -> Any:
    """The same of a number whose digits count; a short float that is past its digits stays."""
    kind = type(value)
    is_short = kind.__module__ == "numpy" and kind.__name__ in ("float16", "float32")
    return value if is_short and abs(value) > _EXACT_SHORT_FLOAT else _plain(value)


def _from_numpy(value: Any) -> Any:
    if type(value).__name__ != "datetime64":
        return value.item()
    if value != value:
        return None
    exact = value.astype("datetime64[us]")  # which may have turned round
    return exact.item() if exact == value and exact.astype(value.dtype) == value else value


def _datetime_of(value: datetime.datetime) -> datetime.datetime:
    """The same moment in Python's own type, of which pandas has a subclass."""
    return datetime.datetime.combine(
        datetime.date(value.year, value.month, value.day),
        datetime.time(value.hour, value.minute, value.second, value.microsecond, value.tzinfo),
    )


def _as_number(value: Any, mark: str) -> Any:
    if mark == "." or type(value) not in (float, Decimal):
        return value
    if type(value) is Decimal and is_huge(value):
        return value
    text = repr(value) if type(value) is float else format(value, "f")
    return text.replace(".", mark)


def _as_integer(value: Any) -> Any:
    if type(value) is float and value.is_integer() and abs(value) <= _EXACT_FLOAT:
        return int(value)
    if type(value) is Decimal and value.is_finite() and not is_huge(value):
        return int(value) if value == value.to_integral_value() else value
    return value


def _as_date(value: Any, dialect: TextDialect) -> Any:
    if type(value) is datetime.datetime and value.tzinfo is None:
        midnight = value.time() == datetime.time()
        value = value.date() if midnight else value
    return _written(value, dialect) if type(value) is datetime.date else value


def _written(day: datetime.date, dialect: TextDialect) -> Any:
    """A day in the first of the dialect's patterns; one of another century as it is."""
    for pattern in map(date_pattern, dialect.dates[:1]):
        moment = pattern.read(pattern.write(day), dialect.century_from)
        return pattern.write(day) if moment and moment.date() == day else day
    return day


def _as_timestamp(value: Any, dialect: TextDialect, zoned: bool) -> Any:
    """A timestamp; Beam's own has no zone, and is UTC: what a database without zones holds."""
    if type(value).__name__ == "Timestamp" and hasattr(value, "to_utc_datetime"):
        value = value.to_utc_datetime(has_tz=zoned)
    if not dialect.dates or type(value) not in (datetime.datetime, datetime.date):
        return value
    day, _, time = value.isoformat().partition("T")
    written = _written(datetime.date.fromisoformat(day), dialect)
    return f"{written}T{time}" if time else written
