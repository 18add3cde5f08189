"""A record batch as rows of plain Python values: what the reference filter reads and compares."""

from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.types as pt

from .values import Scalar


def rows_of(batch: pa.RecordBatch) -> list[dict[str, Any]]:
    """The rows of a batch: by column a `Scalar`, a list, a dict or None."""
    columns = {name: values_of(batch.column(name)) for name in batch.schema.names}
    return [
        {name: values[place] for name, values in columns.items()} for place in range(len(batch))
    ]


def values_of(array: pa.Array) -> list[Any]:
    """The values that a reader of an array sees; dates and times as they are stored."""
    kind = array.type
    if isinstance(kind, pa.BaseExtensionType):
        return values_of(array.storage)
    if pt.is_dictionary(kind):
        entries = values_of(array.dictionary)
        places = array.indices.to_pylist()
        return [None if place is None else entries[place] for place in places]
    if pt.is_run_end_encoded(kind):
        return values_of(pc.run_end_decode(array))
    valid = array.is_valid().to_pylist()
    if pt.is_struct(kind):
        names = [field.name for field in kind]
        inside = [values_of(array.field(place)) for place in range(len(names))]
        values: list[Any] = [
            {name: column[place] for name, column in zip(names, inside, strict=True)}
            for place in range(len(array))
        ]
    elif is_list(kind):
        values = [
            values_of(array[place].values) if held else None for place, held in enumerate(valid)
        ]
    elif pt.is_null(kind):
        return [None] * len(array)
    else:
        values = [Scalar(str(kind), value) for value in plain_values(array)]
    return [value if held else None for value, held in zip(values, valid, strict=True)]


def is_list(kind: pa.DataType) -> bool:
    return bool(
        pt.is_list(kind)
        or pt.is_large_list(kind)
        or pt.is_fixed_size_list(kind)
        or pt.is_list_view(kind)
        or pt.is_large_list_view(kind)
    )


def plain_values(array: pa.Array) -> list[Any]:
    kind = array.type
    if pt.is_date32(kind) or pt.is_time32(kind):
        return list(array.view(pa.int32()).to_pylist())
    if pt.is_temporal(kind):
        return list(array.view(pa.int64()).to_pylist())
    if pt.is_string(kind) or pt.is_large_string(kind) or pt.is_string_view(kind):
        return [text_of(raw) for raw in array.cast(pa.large_binary()).to_pylist()]
    if pt.is_float16(kind):
        return list(array.cast(pa.float32()).to_pylist())
    return list(array.to_pylist())


def text_of(raw: bytes | None) -> str | bytes | None:
    """The text of bytes, or the bytes themselves where they are no UTF-8."""
    try:
        return None if raw is None else raw.decode()
    except UnicodeDecodeError:
        return raw
