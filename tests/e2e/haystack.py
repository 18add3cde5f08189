"""All that stands in a store, to search for what must not: bytes, page by page, and values."""

import io
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq


@dataclass
class Haystack:
    """What some files and outputs hold.

    Attributes:
        pieces: by name, raw bytes: files, their names, decompressed Parquet pages, printed text.
        values: all values of all Parquet columns and their statistics, lists and structs opened.
    """

    pieces: dict[str, bytes] = field(default_factory=dict)
    values: set[Any] = field(default_factory=set)

    def add_folder(self, folder: Path) -> "Haystack":
        """Add every file at any depth under `folder`, and its name."""
        for path in sorted(folder.rglob("*")):
            name = str(path.relative_to(folder))
            self.pieces[f"name of {name}"] = name.encode()
            if path.is_file():
                self.pieces[name] = path.read_bytes()
                if path.suffix == ".parquet":
                    self._add_parquet(name, self.pieces[name])
        return self

    def add_text(self, name: str, text: str) -> "Haystack":
        """Add something that was printed or logged."""
        self.pieces[name] = text.encode("utf-8", "surrogateescape")
        return self

    def where(self, needle: bytes) -> list[str]:
        """Names of the pieces that hold `needle`."""
        return [name for name, piece in self.pieces.items() if needle in piece]

    def _add_parquet(self, name: str, data: bytes) -> None:
        for number, page in enumerate(pages(data)):
            self.pieces[f"{name}, page {number}"] = page
        file = pq.ParquetFile(io.BytesIO(data))
        for column in file.read().columns:
            self.values.update(flatten(column.to_pylist()))
        for group in range(file.metadata.num_row_groups):
            for index in range(file.metadata.num_columns):
                statistics = file.metadata.row_group(group).column(index).statistics
                if statistics is not None and statistics.has_min_max:
                    self.values |= {statistics.min, statistics.max}


def flatten(value: Any) -> Iterator[Any]:
    """The plain values in lists and mappings.

    Example:
        >>> list(flatten([{"a": 1, "b": [2, None]}]))
        [1, 2, None]
    """
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list):
        for one in value:
            yield from flatten(one)
    else:
        yield value


def pages(data: bytes) -> Iterator[bytes]:
    """The pages of a Parquet file, decompressed; dictionary pages included."""
    metadata = pq.ParquetFile(io.BytesIO(data)).metadata
    for group in range(metadata.num_row_groups):
        for index in range(metadata.num_columns):
            chunk = metadata.row_group(group).column(index)
            starts = (chunk.dictionary_page_offset, chunk.data_page_offset)
            at = min(start for start in starts if start is not None)
            end = at + chunk.total_compressed_size
            while at < end:
                header, at = _read_struct(data, at)
                size, packed_size = header[2], header[3]
                body = data[at : at + packed_size]
                at += packed_size
                levels = header[8][5] + header[8][6] if 8 in header else 0
                if chunk.compression != "UNCOMPRESSED" and header.get(8, {}).get(7, True):
                    codec = pa.Codec(chunk.compression.lower())
                    packed = body[levels:]
                    unpacked = codec.decompress(packed, size - levels) if packed else b""
                    body = body[:levels] + bytes(unpacked)
                yield body


def _read_struct(data: bytes, at: int) -> tuple[dict[int, Any], int]:
    """A struct of Thrift's compact protocol, by field id, and where it ends."""
    found: dict[int, Any] = {}
    last = 0
    while head := data[at]:
        at += 1
        kind, delta = head & 15, head >> 4
        if delta:
            last += delta
        else:
            number, at = _read_int(data, at)
            last = number
        found[last], at = _read_value(data, at, kind)
    return found, at + 1


def _read_value(data: bytes, at: int, kind: int) -> tuple[Any, int]:
    if kind in (1, 2):
        return kind == 1, at
    if kind == 3:
        return data[at], at + 1
    if kind in (4, 5, 6):
        return _read_int(data, at)
    if kind == 7:
        return data[at : at + 8], at + 8
    if kind == 8:
        size, at = _read_varint(data, at)
        return data[at : at + size], at + size
    if kind == 12:
        return _read_struct(data, at)
    raise ValueError(f"a page header holds no value of kind {kind}")


def _read_varint(data: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = data[at]
        at += 1
        value |= (byte & 127) << shift
        if byte < 128:
            return value, at
        shift += 7


def _read_int(data: bytes, at: int) -> tuple[int, int]:
    value, at = _read_varint(data, at)
    return (value >> 1) ^ -(value & 1), at
