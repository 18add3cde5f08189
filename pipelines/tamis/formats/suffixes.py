"""A file's format by the end of its name, where its content does not tell it (`content`)."""

from collections.abc import Mapping
from typing import Final

from tamis.documents.feed_format import FormatName
from tamis.formats.compression import SUFFIXES

FORMATS: Final[Mapping[str, FormatName]] = {
    ".parquet": "parquet",
    ".csv": "csv",
    ".tsv": "csv",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".avro": "avro",
    ".dsn": "dsn",
    ".edi": "dsn",
    ".xml": "xml",
    ".xlsx": "spreadsheet",
    ".xlsm": "spreadsheet",
    ".ods": "spreadsheet",
}
"""Formats by suffix; suffixes are compared in lower case."""


def format_of(name: str) -> FormatName | None:
    """The format of a file by its suffix, a suffix of compression left aside; None if unknown.

    Example:
        >>> format_of("in/feed.csv.gz"), format_of("in/FEED.DSN"), format_of("in/feed.txt")
        ('csv', 'dsn', None)
    """
    name = name.lower()
    for suffix in SUFFIXES:
        name = name.removesuffix(suffix)
    for suffix, form in FORMATS.items():
        if name.endswith(suffix):
            return form
    return None
