"""Python records as Arrow columns, in the types that the values have.

What a leaf takes, by the kind of its type; the filter converts it to the schema's type later:

- string: text, and an integer or a UUID as its digits;
- integer, float, decimal: numbers, and text; as int64 or float64 where every value of the records
  given is one, else as text, never through a float;
- bool: true and false;
- date, timestamp, time: their Python types, and text;
- binary: bytes.

Any other value (an object in place of text, a value in place of a list) becomes null, and its path
is added to the row's `FAULTS`.
"""

import datetime
from collections.abc import Callable, Iterable, Mapping, Sequence
from decimal import Decimal
from types import MappingProxyType
from typing import Any, Final, NamedTuple
from uuid import UUID

import pyarrow as pa

from tamis.documents.types import Kind, kind_of
from tamis.filter.quarantine import FAULTS, RULE
from tamis.formats.chunk import Chunk, Reject, rejects_of
from tamis.formats.names import leaf_paths
from tamis.plan.plan import PlanField

Adapter = Callable[[str], Callable[[Any], Any] | None]
"""For a leaf's type by its name, or `list` or `struct`: what brings a value of another kind to the
type of Python's own that stands for it, and leaves any other value as it is; None for nothing."""

PIECE_RECORDS: Final = 1024
"""Records that are held as Python objects before they become Arrow."""


class NumberText(str):
    """A number with a fraction or an exponent, as it was written."""

    __slots__ = ()


class NoValue:
    """What stands for a value that is none, or not sure; it becomes a fault of its row.

    Attributes:
        rule: what is wrong with it, in words.
        why: the anomaly that counts such values; empty for none.
    """

    __slots__ = ("rule", "why")

    def __init__(self, rule: str, why: str = "") -> None:
        self.rule = rule
        self.why = why


class _Reading(NamedTuple):
    """How values are read: `adapter` and `numbers_as_bytes` of `to_chunk`, and faults by row."""

    adapter: Adapter | None
    numbers_as_bytes: bool
    faults: dict[int, list[str]]


class _WrongTypeError(Exception):
    """A value that a leaf does not take."""


def to_chunk(
    records: Sequence[Mapping[str, Any]],
    positions: Sequence[int],
    fields: Iterable[PlanField],
    rejects: Iterable[Reject] = (),
    unknown: Mapping[str, int] = MappingProxyType({}),
    missing: frozenset[str] = frozenset(),
    anomalies: Mapping[str, int] | None = None,
    adapter: Adapter | None = None,
    numbers_as_bytes: bool = False,
) -> Chunk:
    """N records as N rows with one column for each field; an absent value is null.

    Args:
        records: N mappings.
        positions: N, of the records in their input.
        fields: the plan's, each of which becomes a column.
        rejects, unknown, missing, anomalies: as in `Chunk`.
        adapter: converts values of other libraries, where records are not a reader's.
        numbers_as_bytes: whether bytes are a `NumberText`, which takes longer to make.

    Returns:
        A chunk of N rows. Values of a wrong type are null, and their paths are in `FAULTS`.

    Example:
        >>> fields = (PlanField("nom", "string"), PlanField("jours", "int32"))
        >>> chunk = to_chunk([{"nom": "Durand", "jours": 3}, {"nom": ["Durand"]}], [1, 2], fields)
        >>> chunk.data.to_pydict()
        {'nom': ['Durand', None], 'jours': [3, None], '_tamis_faults': [None, ['nom']]}
    """
    faults: dict[int, list[str]] = {}
    reading = _Reading(adapter, numbers_as_bytes, faults)
    rows = range(len(records))
    fields = tuple(fields)
    columns = []
    for field in fields:
        name = field.source_name
        values = [record.get(name) for record in records]
        columns.append(_column(values, field, field.name, rows, reading))
    return Chunk(
        batch_of(dict(zip([field.name for field in fields], columns, strict=True)), faults, rows),
        pa.array(positions, pa.int64()),
        rejects_of(rejects),
        unknown,
        missing,
        dict(anomalies or {}),
    )


def batch_of(
    columns: dict[str, pa.Array], faults: Mapping[int, list[str]], rows: Sequence[int]
) -> pa.RecordBatch:
    """Columns by name as a batch, with the column `FAULTS` where a row has faults.

    Example:
        >>> batch_of({"nom": pa.array(["Durand", None])}, {1: ["nom"]}, range(2)).schema.names
        ['nom', '_tamis_faults']
    """
    if faults:
        per_row = [list(dict.fromkeys(faults[row])) if row in faults else None for row in rows]
        columns = {**columns, FAULTS: pa.array(per_row, pa.list_(pa.string()))}
    if columns:
        return pa.RecordBatch.from_arrays(list(columns.values()), list(columns))
    return pa.RecordBatch.from_arrays([pa.nulls(len(rows))], ["_"]).select([])


def leaf_array(
    values: list[Any],
    type_name: str,
    path: str,
    rows: Sequence[int],
    faults: dict[int, list[str]],
    adapter: Adapter | None = None,
) -> pa.Array:
    """The values of a leaf as an array, in a type that they all have.

    Args:
        values: N.
        type_name: of the leaf.
        path: of the leaf.
        rows: N, in which row each value stands.
        faults: by row the paths of values of a wrong type, which become null; added to.
        adapter: as of `to_chunk`.

    Example:
        >>> faults = {}
        >>> leaf_array([3, ["x"]], "int32", "jours", [0, 1], faults).to_pylist(), faults
        (['3', None], {1: ['jours']})
    """
    return _leaf(values, type_name, path, rows, _Reading(adapter, False, faults))


def _column(
    values: list[Any],
    field: PlanField,
    path: str,
    rows: Sequence[int],
    reading: _Reading,
) -> pa.Array:
    """The values of one field, of which the i-th stands in record `rows[i]`."""
    if field.of is None and not field.fields:
        return _leaf(values, field.type, path, rows, reading)
    due: type = list if field.of is not None else dict
    if not set(map(type, values)) <= {due, type(None)}:
        if reading.adapter is not None and (adapt := reading.adapter(field.type)) is not None:
            values = list(map(adapt, values))
        for index, value in enumerate(values):
            if value is not None and type(value) is not due:
                paths = [leaf + _why(value) for leaf in leaf_paths(field, path)]
                reading.faults.setdefault(rows[index], []).extend(paths)
        values = [value if type(value) is due else None for value in values]
    absent = pa.array([value is None for value in values], pa.bool_())
    if field.of is not None:
        offsets, inner, inner_rows = [0], [], []
        for row, value in zip(rows, values, strict=True):
            if value:
                inner.extend(value)
                inner_rows.extend([row] * len(value))
            offsets.append(len(inner))
        items = _column(inner, field.of, path, inner_rows, reading)
        return pa.ListArray.from_arrays(pa.array(offsets, pa.int32()), items, mask=absent)
    children = []
    for child in field.fields:
        name = child.source_name
        below = [None if value is None else value.get(name) for value in values]
        children.append(_column(below, child, f"{path}.{child.name}", rows, reading))
    return pa.StructArray.from_arrays(children, [child.name for child in field.fields], mask=absent)


def _leaf(
    values: list[Any],
    type_name: str,
    path: str,
    rows: Sequence[int],
    reading: _Reading,
) -> pa.Array:
    kind = kind_of(type_name)
    assert kind is not None
    types = set(map(type, values)) - {type(None)}
    if reading.numbers_as_bytes and bytes in types:
        if types == {bytes} and kind in ("integer", "float", "decimal"):
            return pa.array(values, pa.string())
        values = [NumberText(value, "ascii") if type(value) is bytes else value for value in values]
        types = set(map(type, values)) - {type(None)}
    native = _native(values, types, kind)
    if native is not None:
        try:
            return pa.array(values, native)
        except (UnicodeEncodeError, OverflowError, pa.ArrowInvalid):
            pass  # lone surrogates, large integers, years beyond the type: one by one
    adapt = None if reading.adapter is None else reading.adapter(type_name)
    if adapt is not None:
        values = list(map(adapt, values))
    convert, made = _CONVERTERS[kind], _PLAIN.get(kind, pa.string())
    if adapt is not None and kind == "bool":
        convert, made = _as_flag, pa.string()
    out: list[Any] = []
    for row, value in zip(rows, values, strict=True):
        try:
            out.append(None if value is None else convert(value))
        except _WrongTypeError:
            reading.faults.setdefault(row, []).append(path + _why(value))
            out.append(None)
    return pa.array(out, made)


def _why(value: Any) -> str:
    return f"{RULE}{value.rule}" if isinstance(value, NoValue) else ""


def _native(values: list[Any], types: set[type], kind: Kind) -> pa.DataType | None:
    """The Arrow type that takes all of `values`, of `types` besides null, as they are, or None."""
    if kind == "timestamp" and types == {datetime.datetime}:
        zoned = {value.tzinfo is not None for value in values if value is not None}
        return pa.timestamp("us", "UTC" if True in zoned else None) if len(zoned) == 1 else None
    if kind == "time" and any(getattr(value, "tzinfo", None) is not None for value in values):
        return None  # Arrow would leave the zone out
    for due, arrow in _NATIVE[kind]:
        if types <= {due}:
            return arrow
    return None


_TEXT = (str, pa.string())
_NATIVE: Final[dict[Kind, list[tuple[type, pa.DataType]]]] = {
    "string": [_TEXT],
    "integer": [(int, pa.int64()), _TEXT, (NumberText, pa.string())],
    "float": [(float, pa.float64()), (int, pa.int64()), _TEXT, (NumberText, pa.string())],
    "decimal": [(int, pa.int64()), _TEXT, (NumberText, pa.string())],
    "bool": [(bool, pa.bool_())],
    "date": [(datetime.date, pa.date32()), _TEXT],
    "timestamp": [_TEXT],
    "time": [(datetime.time, pa.time64("us")), _TEXT],
    "binary": [(bytes, pa.binary())],
}
_PLAIN: Final[dict[Kind, pa.DataType]] = {"bool": pa.bool_(), "binary": pa.binary()}


_MOST_DIGITS: Final = 100
"""Digits before or behind the mark of a Decimal that is written out; no type holds as many."""


def is_huge(value: Decimal) -> bool:
    """Whether a number would take more digits than any type has, and memory for all of them.

    Example:
        >>> is_huge(Decimal("1E+999999999")), is_huge(Decimal("12.50")), is_huge(Decimal("NaN"))
        (True, False, False)
    """
    return value.is_finite() and abs(value.adjusted()) > _MOST_DIGITS


def _checked(text: str) -> str:
    try:
        text.encode()
    except UnicodeEncodeError:
        raise _WrongTypeError from None
    return text


def _as_string(value: Any) -> str:
    if type(value) is str:
        return _checked(value)
    if type(value) in (int, UUID):
        return str(value)
    raise _WrongTypeError


def _as_number(value: Any) -> str:
    if type(value) in (str, NumberText):
        return _checked(value)
    if type(value) in (int, float):
        return repr(value)
    if type(value) is Decimal and not is_huge(value):
        return format(value, "f")
    raise _WrongTypeError


def _as_flag(value: Any) -> str:
    if type(value) is str:
        return _checked(value)
    if type(value) in (bool, int):
        return str(value).lower()
    raise _WrongTypeError


def _as_moment(*types: type) -> Callable[[Any], str]:
    def convert(value: Any) -> str:
        if type(value) is str:
            return _checked(value)
        if type(value) in types:
            return str(value.isoformat())
        raise _WrongTypeError

    return convert


def _as(due: type) -> Callable[[Any], Any]:
    def convert(value: Any) -> Any:
        if type(value) is due:
            return value
        raise _WrongTypeError

    return convert


_CONVERTERS: Final[dict[Kind, Callable[[Any], Any]]] = {
    "string": _as_string,
    "integer": _as_number,
    "float": _as_number,
    "decimal": _as_number,
    "bool": _as(bool),
    "date": _as_moment(datetime.date),
    "timestamp": _as_moment(datetime.datetime, datetime.date),
    "time": _as_moment(datetime.time),
    "binary": _as(bytes),
}
