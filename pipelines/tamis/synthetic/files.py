"""Synthetic records written in every format that Tamis reads."""

import csv
import datetime
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import fastavro
import pyarrow as pa
import pyarrow.parquet as pq

from tamis.documents.date_patterns import date_pattern
from tamis.documents.feed_format import CsvOptions
from tamis.documents.schema import FieldSpec, Schema
from tamis.documents.types import arrow_type, kind_of
from tamis.synthetic.dsn import write_dsn
from tamis.synthetic.records import Record
from tamis.synthetic.spreadsheet import write_spreadsheet
from tamis.synthetic.xml import write_xml


def write_feed(
    records: Iterable[Record], schema: Schema, path: Path, *, extra: Mapping[str, str] | None = None
) -> None:
    """Write `records` to `path` in the schema's format.

    Args:
        records: as `make_records` makes them; written one by one, but for Parquet and Avro.
        schema: names the format and its options.
        path: of the file.
        extra: columns, or elements of XML, that the schema does not name, each with its only value;
            in a DSN, rubriques (see `write_dsn`).
    """
    name = schema.format.name
    added = dict(extra or {})
    if name == "parquet":
        _write_parquet(list(records), schema, path, added)
    elif name == "csv":
        _write_csv(records, schema, path, added)
    elif name == "jsonl":
        _write_jsonl(records, path, added)
    elif name == "avro":
        _write_avro(list(records), schema, path, added)
    elif name == "xml":
        write_xml(records, schema, path, extra=added)
    elif name == "spreadsheet":
        write_spreadsheet(records, schema, path, extra=added)
    else:
        write_dsn(records, schema, path, extra=added)


def _arrow(spec: FieldSpec) -> pa.DataType:
    if spec.of is not None:
        return pa.list_(_arrow(spec.of))
    if spec.fields is not None:
        return pa.struct([(name, _arrow(field)) for name, field in spec.fields.items()])
    return arrow_type(spec.type)


def _write_parquet(
    records: Sequence[Record], schema: Schema, path: Path, extra: Mapping[str, str]
) -> None:
    columns = pa.schema([(name, _arrow(spec)) for name, spec in schema.fields.items()])
    table = pa.Table.from_pylist(list(records), schema=columns)
    for name, value in extra.items():
        table = table.append_column(name, pa.repeat(pa.scalar(value), len(table)))
    pq.write_table(table, path, row_group_size=max(1, len(records) // 3))


def _write_csv(
    records: Iterable[Record], schema: Schema, path: Path, extra: Mapping[str, str]
) -> None:
    options = schema.format.csv
    names = [spec.column or name for name, spec in schema.fields.items()]
    no_header = options.header is False or isinstance(options.header, tuple)
    with path.open("w", encoding=options.encoding, errors="replace", newline="") as stream:
        writer = csv.writer(
            stream,
            delimiter=options.separator,
            quotechar=options.quote or None,
            quoting=csv.QUOTE_MINIMAL if options.quote else csv.QUOTE_NONE,
            escapechar=options.escape,
            doublequote=options.escape is None,
        )
        stream.write("extraction\r\n" * options.skip)
        order = list(options.header) if isinstance(options.header, tuple) else [*names, *extra]
        if not no_header:
            writer.writerow(order)
        for record in records:
            cells = [_cell(value, options) for value in record.values()]
            row = {**dict(zip(names, cells, strict=True)), **extra}
            writer.writerow([row.get(name, "") for name in order])
        stream.write("total\r\n" * options.footer)


def _cell(value: Any, options: CsvOptions) -> str:
    if value is None:
        return ""
    if isinstance(value, list):
        return (options.lists or "").join(_cell(element, options) for element in value)
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, Decimal | float):
        return str(value).replace(".", options.decimal)
    if isinstance(value, datetime.date):
        day, gap, time = value.isoformat().partition("T")
        for pattern in options.dates[:1]:
            day = date_pattern(pattern).write(value)
        return day + gap + time
    return str(value)


def _write_jsonl(records: Iterable[Record], path: Path, extra: Mapping[str, str]) -> None:
    with path.open("w", encoding="utf-8") as stream:
        for record in records:
            line = json.dumps({**record, **extra}, ensure_ascii=False, default=json_value)
            stream.write(line + "\n")


def json_value(value: Any) -> Any:
    """A value that JSON has no type for, as the number or text of it that a feed has.

    Args:
        value: a decimal, a date, a time or bytes; for `json.dumps(…, default=json_value)`.

    Raises:
        TypeError: it is of another type.

    Example:
        >>> json_value(Decimal("12.50")), json_value(datetime.date(2026, 3, 2)), json_value(b"7")
        (12.5, '2026-03-02', '37')
    """
    if isinstance(value, Decimal):
        return float(value)
    if isinstance(value, datetime.date | datetime.time):
        return value.isoformat()
    if isinstance(value, bytes):
        return value.hex()
    raise TypeError(type(value).__name__)


def _write_avro(
    records: Sequence[Record], schema: Schema, path: Path, extra: Mapping[str, str]
) -> None:
    names = iter(f"r{number}" for number in range(10_000))
    fields = list(_avro_fields(schema.fields, names))
    fields += [{"name": name, "type": "string"} for name in extra]
    avro = {"type": "record", "name": "feed", "fields": fields}
    with path.open("wb") as stream:
        fastavro.writer(
            stream,
            fastavro.parse_schema(avro),
            [{**record, **extra} for record in records],
            codec="deflate",
            sync_interval=16_000,
            sync_marker=b"tamis-synthetic!",
        )


def _avro_fields(fields: Mapping[str, FieldSpec], names: Iterator[str]) -> Iterator[Any]:
    for name, spec in fields.items():
        yield {"name": name, "type": ["null", _avro(spec, names)]}


def _avro(spec: FieldSpec, names: Iterator[str]) -> Any:
    if spec.of is not None:
        return {"type": "array", "items": ["null", _avro(spec.of, names)]}
    if spec.fields is not None:
        record = {"type": "record", "name": next(names)}
        return {**record, "fields": list(_avro_fields(spec.fields, names))}
    kind = kind_of(spec.type)
    if kind == "decimal":
        precision, scale = spec.type.partition("(")[2].rstrip(")").split(",")
        logical = {"logicalType": "decimal", "precision": int(precision), "scale": int(scale)}
        return {"type": "bytes", **logical}
    if kind == "date":
        return {"type": "int", "logicalType": "date"}
    if kind == "timestamp":
        return {"type": "long", "logicalType": "timestamp-micros"}
    plain = {"integer": "long", "float": "double", "bool": "boolean", "binary": "bytes"}
    return plain.get(str(kind), "string")
