"""Columns that stand in the folders of a file and not in it: `feed/dep=75/part-0.parquet`.

Hive, Spark and Arrow write a table so: one folder a value. Key and value are percent-encoded, and
`__HIVE_DEFAULT_PARTITION__` is null. The values are text, which the schema gives its type.
"""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Final
from urllib.parse import unquote

import pyarrow as pa

from tamis.errors import InputError
from tamis.formats.chunk import Chunk
from tamis.formats.names import declared_names, known_names
from tamis.language import _
from tamis.plan.plan import Plan

_NULL: Final = ("__HIVE_DEFAULT_PARTITION__", "")


def partitions_of(uri: str) -> dict[str, str | None]:
    """The columns that the folders of a file name, each with its value; None for null.

    Raises:
        InputError: two folders name one column, or a name is not UTF-8.

    Example:
        >>> partitions_of("in/dep=2A/ville=L%27Haÿ/part-0.parquet")
        {'dep': '2A', 'ville': "L'Haÿ"}
    """
    columns: dict[str, str | None] = {}
    for folder in uri.split("/")[:-1]:
        key, equals, value = folder.partition("=")
        if not key or not equals:
            continue
        try:
            name, text = unquote(key, errors="strict"), unquote(value, errors="strict")
        except UnicodeDecodeError:
            raise InputError(uri, _("is in a folder whose name is not UTF-8")) from None
        if name in columns:
            raise InputError(uri, _("is in two folders of one partition column"))
        columns[name] = None if text in _NULL else text
    return columns


def add_partitions(chunks: Iterable[Chunk], plan: Plan, uri: str) -> Iterator[Chunk]:
    """The chunks of a file with the columns of its folders that `plan` reads, as text.

    Raises:
        InputError: the file has such a column too, or the schema has a list or struct of that name.
    """
    columns = partitions_of(uri)
    known = known_names(plan)
    unknown = declared_names(name for name in columns if name not in known)
    for chunk in chunks if columns else ():
        data = chunk.data
        for field in plan.fields:
            if field.source_name not in columns:
                continue
            if field.of is not None or field.fields:
                raise InputError(
                    uri,
                    _("is in a folder `{name}=…`, but the field holds others", name=field.name),
                )
            if field.name in data.schema.names:
                if data.column(field.name).null_count < data.num_rows:
                    raise InputError(
                        uri, _("has a column `{name}` beside its folder's", name=field.name)
                    )
                data = data.drop_columns([field.name])
            value = pa.scalar(columns[field.source_name], pa.string())
            added = pa.repeat(value, data.num_rows)
            arrays, names = [*data.columns, added], [*data.schema.names, field.name]
            data = pa.RecordBatch.from_arrays(arrays, names)
        yield replace(
            chunk,
            data=data,
            missing=chunk.missing - columns.keys(),
            unknown={**unknown, **chunk.unknown},
        )
        unknown = {}  # they are reported once
    if not columns:
        yield from chunks
