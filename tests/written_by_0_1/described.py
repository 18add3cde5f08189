"""What a store holds, in few words: schemas in full, values as digests, figures of its receipts.

Left out is what differs from run to run or between versions of libraries: times, the tool's
version, addresses of inputs above the file's name, digests and sizes of files, and how a file is
encoded (row groups, pages, dictionaries, statistics, who created it). So are what receipts count
since, and the tags that there are since.
"""

import datetime
import hashlib
import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

TAGS_SINCE = ("legal_law", "legal_status", "legal_retention")
"""The tags that records of 0.1 do not have."""

_RUN_DEPENDENT = ("started", "ended", "tool")
SINCE_0_1 = (
    "quarantine_causes",
    "conditions_not_met",
    "law_origin",
    "allowed",
    "approval",
    "skipped",
)
_ARROW = b"ARROW:schema"


def describe(store: Path, run: str) -> dict[str, Any]:
    """What `run` left in `store`: its receipt's figures and each of its files."""
    receipt = json.loads((store / "_receipts" / f"{run}.json").read_bytes())
    listed = [file for release in receipt["releases"].values() for file in release["files"]]
    listed += receipt["quarantine_files"]
    for name in _RUN_DEPENDENT:
        del receipt[name]
    for name in SINCE_0_1:
        receipt.pop(name, None)
    for part in receipt["inputs"]:
        part["uri"] = Path(part["uri"]).name
    for file in listed:
        del file["sha256"]
    for release in receipt["releases"].values():
        release["fields"] = digest(release["fields"])
        release.pop("status", None)
    paths = sorted(file["path"] for file in listed)
    return {"receipt": receipt, "files": {path: describe_file(store / path) for path in paths}}


def describe_file(path: Path) -> dict[str, Any]:
    """Rows, metadata, fields and a digest of each column's values, in their order."""
    parquet = pq.ParquetFile(path)
    metadata = parquet.metadata.metadata or {}
    table = parquet.read()
    table = table.drop_columns([name for name in TAGS_SINCE if name in table.column_names])
    return {
        "rows": table.num_rows,
        "metadata": {
            key.decode(): value.decode() for key, value in metadata.items() if key != _ARROW
        },
        "fields": [describe_field(field) for field in table.schema],
        "values": {name: digest(canonical_column(table, name)) for name in table.column_names},
    }


def describe_field(field: pa.Field) -> str:
    """A field with its type, whether it may be null, and a digest of its metadata."""
    metadata = {key.decode(): value.decode() for key, value in (field.metadata or {}).items()}
    metadata.pop("PARQUET:field_id", None)
    null = "" if field.nullable else " not null"
    return f"{field.name}: {field.type}{null}" + (f" {digest(metadata)}" if metadata else "")


def canonical_column(table: pa.Table, name: str) -> list[Any]:
    """The values of a column; sources of quarantined rows without the folder they lay in."""
    values = [canonical(value) for value in table.column(name).to_pylist()]
    if name == "source":
        return [None if value is None else Path(value).name for value in values]
    return values


def canonical(value: Any) -> Any:
    """A value as JSON holds it, the same for the same value of the same type."""
    if isinstance(value, dict):
        return {name: canonical(part) for name, part in value.items()}
    if isinstance(value, list):
        return [canonical(part) for part in value]
    if isinstance(value, bytes):
        return {"bytes": value.hex()}
    if isinstance(value, float):
        return {"float": value.hex()}
    if isinstance(value, Decimal):
        return {"decimal": str(value)}
    if isinstance(value, datetime.date | datetime.time):
        return {"date": value.isoformat()}
    return value


def digest(value: Any) -> str:
    """The first 20 hexadecimal digits of the SHA-256 of a value's JSON."""
    text = json.dumps(value, ensure_ascii=False, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:20]
