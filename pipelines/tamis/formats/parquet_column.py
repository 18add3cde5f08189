"""One flat column of one row group, as it stands in a file: proved clean, decoded when asked for.

`prove` reads the pages (`parquet_pages`) and adds what they cannot tell by themselves: that each
entry of the dictionary is some row's value, and that the lengths of strings add up to their
pages. What passes holds the rows' values and not one byte more, so that it can be copied.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import Any, Final, Literal

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from tamis.formats.parquet_bytes import Bytes, OddChunkError
from tamis.formats.parquet_pages import (
    DICTIONARY,
    PLAIN,
    RLE,
    Layout,
    Page,
    data_header,
    dictionary_header,
    walk,
)
from tamis.formats.thrift import (
    BINARY,
    I32,
    I64,
    LIST,
    STRUCT,
    Struct,
    read_struct,
    value,
    write_struct,
)

MAGIC: Final = b"PAR1"
REQUIRED, OPTIONAL = 0, 1

_NUMBERS: Final = {
    "BOOLEAN": 0,
    "INT32": 1,
    "INT64": 2,
    "FLOAT": 4,
    "DOUBLE": 5,
    "BYTE_ARRAY": 6,
    "FIXED_LEN_BYTE_ARRAY": 7,
}
_PLACES_AT_ONCE: Final = 1 << 14
_FIXED: Final = "FIXED_LEN_BYTE_ARRAY"
_DECIMAL: Final = 5  # converted types: this one, and UINT_8 to UINT_64
_UNSIGNED: Final = (11, 12, 13, 14)
_RANGES: Final = {  # of the converted types UINT_8, UINT_16, INT_8 and INT_16
    11: (0, 2**8 - 1),
    12: (0, 2**16 - 1),
    15: (-(2**7), 2**7 - 1),
    16: (-(2**15), 2**15 - 1),
}


@dataclass(frozen=True)
class ColumnChunk:
    """N values of a column, encoded, and nothing beside them.

    Attributes:
        name: of the column.
        element: its SchemaElement.
        layout: how it stands in the file.
        rows: N.
        pages: with headers written anew.
    """

    name: str
    element: Struct
    layout: Layout
    rows: int
    pages: Sequence[Page]

    @cached_property
    def nulls(self) -> int:
        """How many values are null."""
        return self.rows - sum(page.filled for page in self.pages if page.kind != DICTIONARY)

    @cached_property
    def entries(self) -> pa.Array | None:
        """The entries of the dictionary, each of which some row has; None without dictionary."""
        if not self.pages or self.pages[0].kind != DICTIONARY:
            return None
        page = self.pages[0]
        size = len(page.content)
        header = data_header(page.slots, PLAIN, size, size)
        element = {**self.element, 3: (I32, REQUIRED)}
        return _read(element, [(header, page.content)], page.slots)

    @cached_property
    def places(self) -> pa.Int32Array | None:
        """Where in the dictionary the values of the pages stand that refer to it.

        The pages are read with another dictionary, of the numbers from 0 on.
        """
        if not self.pages or self.pages[0].kind != DICTIONARY:
            return None
        size = self.pages[0].slots
        numbers = np.arange(size, dtype="<i4").tobytes()
        header = dictionary_header(size, PLAIN, len(numbers), len(numbers))
        pages = [page for page in self.pages if page.has_places]
        read = [page.plain(self.nulls > 0) for page in pages]
        element: Struct = {
            1: (I32, _NUMBERS["INT32"]),
            3: (I32, OPTIONAL if self.nulls else REQUIRED),
            4: (BINARY, b"place"),
        }
        rows = sum(page.slots for page in pages)
        return _read(element, [(header, numbers), *read], rows)

    @cached_property
    def encoded(self) -> pa.DictionaryArray | None:
        """The N values by their dictionary; None where some stand by themselves."""
        if self.entries is None or self.places is None or len(self.places) != self.rows:
            return None
        return pa.DictionaryArray.from_arrays(self.places, self.entries, safe=False)

    @cached_property
    def others(self) -> pa.Array:
        """The values of the pages that do not refer to a dictionary."""
        return self._decode([page for page in self.pages if page.is_single])

    @cached_property
    def values(self) -> pa.Array:
        """The N values."""
        pages = self.pages if self.entries is None else self.pages[1:]
        if not all(one.has_places >= two.has_places for one, two in pairwise(pages)):
            return self._decode(self.pages)
        if self.entries is None:
            return self.others
        found = self.entries.take(self.places)
        return found if len(found) == self.rows else pa.concat_arrays([found, self.others])

    def _decode(self, pages: Sequence[Page]) -> pa.Array:
        element = {**self.element, 3: (I32, OPTIONAL if self.nulls else REQUIRED)}
        rows = sum(page.slots for page in pages if page.kind != DICTIONARY)
        return _read(element, [page.plain(self.nulls > 0) for page in pages], rows)

    @cached_property
    def bounds(self) -> tuple[bytes, bytes] | None:
        """The smallest and the largest value as Parquet writes them, told from the pages' bytes.

        None where there is none, and of strings, truth values, floats and unsigned integers.
        """
        converted = value(self.element, 6)
        if self.layout.physical == _FIXED:
            known = converted == _DECIMAL
        else:
            known = self.layout.physical in ("INT32", "INT64") and converted not in _UNSIGNED
        return self._signed_bounds() if known else None

    def _signed_bounds(self) -> tuple[bytes, bytes] | None:
        """The bounds of values whose bytes are signed integers, or are to be read as such."""
        parts = [page.content[page.levels :] for page in self.pages if not page.has_places]
        found = [_bounds(part, self.layout) for part in parts if len(part)]
        if not found:
            return None
        key = _order(self.layout)
        return min((low for low, _ in found), key=key), max((high for _, high in found), key=key)

    @cached_property
    def extremes(self) -> pa.Array | None:
        """The smallest and the largest value of N numbers, dates or times; None if not known."""
        if self.bounds is None:
            return None
        content = b"".join(self.bounds)
        header = data_header(2, PLAIN, len(content), len(content))
        return _read({**self.element, 3: (I32, REQUIRED)}, [(header, content)], 2)

    @cached_property
    def longest(self) -> int:
        """Bytes of the longest string among the entries; 0 without dictionary."""
        if self.layout.physical != "BYTE_ARRAY" or self.entries is None:
            return 0
        return int(np.diff(_offsets(self.entries)).max(initial=0))

    @property
    def size(self) -> int:
        """Bytes of the chunk."""
        return sum(len(page.header) + len(page.body) for page in self.pages)

    def packed(self) -> bytes:
        """The chunk as it is to be written."""
        return b"".join(part for page in self.pages for part in (page.header, page.body))

    def described(self) -> dict[str, Any]:
        """What `again` needs to know beside the bytes, as JSON."""
        element = write_struct(self.element).hex()
        return {
            "name": self.name,
            "element": element,
            "layout": vars(self.layout),
            "rows": self.rows,
        }

    @classmethod
    def again(cls, said: Mapping[str, Any], data: bytes) -> "ColumnChunk":
        """The chunk that was described so, and packed to `data`."""
        layout = Layout(**said["layout"])
        element, _ = read_struct(bytes.fromhex(said["element"]))
        pages = walk(data, layout, said["rows"])
        return cls(said["name"], element, layout, said["rows"], pages)

    def __reduce__(self) -> tuple[Any, ...]:
        return ColumnChunk.again, (self.described(), self.packed())

    def metadata(self, start: int) -> Struct:
        """The chunk's ColumnMetaData where it begins at byte `start`.

        Statistics are those of the values, whatever the source said of them.
        """
        sizes = [(len(page.header), len(page.body), len(page.content)) for page in self.pages]
        data = start
        if self.pages and self.pages[0].kind == DICTIONARY:
            data += sum(sizes[0][:2])
        counts: dict[tuple[int, int], int] = {}
        for page in self.pages:
            key = page.kind, page.encoding
            counts[key] = counts.get(key, 0) + 1
        encodings = sorted({RLE, *(encoding for _, encoding in counts)})
        stats = [
            {1: (I32, kind), 2: (I32, encoding), 3: (I32, count)}
            for (kind, encoding), count in sorted(counts.items())
        ]
        found: Struct = {
            1: (I32, _NUMBERS[self.layout.physical]),
            2: (LIST, (I32, encodings)),
            3: (LIST, (BINARY, [self.name.encode()])),
            4: (I32, self.layout.codec_number),
            5: (I64, self.rows),
            6: (I64, sum(header + size for header, _, size in sizes)),
            7: (I64, sum(header + body for header, body, _ in sizes)),
            9: (I64, data),
            13: (LIST, (STRUCT, stats)),
        }
        if data != start:
            found[11] = I64, start
        if self.bounds is not None:
            low, high = (BINARY, self.bounds[0]), (BINARY, self.bounds[1])
            found[12] = STRUCT, {3: (I64, self.nulls), 5: high, 6: low}
        return found


def prove(name: str, element: Struct, layout: Layout, data: bytes, rows: int) -> ColumnChunk:
    """The chunk that `data` is, proved to hold its values and nothing else.

    Args:
        name: of the column.
        element: its SchemaElement.
        layout: how it stands in the file.
        data: the chunk's bytes, from the first page's header on.
        rows: of the row group.

    Raises:
        OddChunkError: it is not proved.
    """
    chunk = ColumnChunk(name, element, layout, rows, walk(data, layout, rows))
    try:
        if chunk.pages and chunk.pages[0].kind == DICTIONARY:
            _prove_dictionary(chunk)
        if layout.physical == "BYTE_ARRAY":
            _prove_lengths(chunk)
        _prove_ranges(chunk)
    except (pa.ArrowException, OSError):
        raise OddChunkError("values") from None
    return chunk


def _prove_ranges(chunk: ColumnChunk) -> None:
    """Check that integers of 8 or 16 bits, which take 32, have nothing in the others."""
    allowed = _RANGES.get(value(chunk.element, 6, -1))
    if allowed is not None and (bounds := chunk._signed_bounds()) is not None:
        low, high = map(_order(chunk.layout), bounds)
        if low < allowed[0] or high > allowed[1]:
            raise OddChunkError("range")


def _order(layout: Layout) -> Callable[[bytes], int]:
    """What a value as Parquet writes it stands for."""
    order: Literal["big", "little"] = "big" if layout.physical == _FIXED else "little"
    return lambda raw: int.from_bytes(raw, order, signed=True)


def _bounds(content: Bytes, layout: Layout) -> tuple[bytes, bytes]:
    """The smallest and the largest of signed integers that stand side by side."""
    width = layout.width
    if layout.physical != _FIXED:
        numbers = np.frombuffer(content, f"<i{width}")
        return numbers.min().tobytes(), numbers.max().tobytes()
    # The first bytes of each, the sign among them; where these are the same, the last ones.
    word = max(size for size in (1, 2, 4, 8) if size <= width)
    count = len(content) // width
    heads = np.ndarray(count, f">i{word}", content, 0, (width,)).astype(f"i{word}")
    tails = np.ndarray(count, f">u{word}", content, width - word, (width,))
    least, most = np.flatnonzero(heads == heads.min()), np.flatnonzero(heads == heads.max())
    low = int(least[tails[least].argmin()] if len(least) > 1 else least[0]) * width
    high = int(most[tails[most].argmax()] if len(most) > 1 else most[0]) * width
    return bytes(content[low : low + width]), bytes(content[high : high + width])


def _prove_dictionary(chunk: ColumnChunk) -> None:
    """Check that each entry is some row's value, and that no entry is followed by anything."""
    assert chunk.places is not None
    places = chunk.places.drop_null() if chunk.places.null_count else chunk.places
    numbers = places.to_numpy()
    used = np.zeros(chunk.pages[0].slots, bool)
    for start in range(0, len(numbers), _PLACES_AT_ONCE):
        if used.all():
            break
        used[numbers[start : start + _PLACES_AT_ONCE]] = True
    if not used.all():
        raise OddChunkError("entries that no row has")
    if chunk.layout.physical == "BYTE_ARRAY":
        offsets = _offsets(chunk.entries)
        if offsets[-1] - offsets[0] + 4 * len(used) != len(chunk.pages[0].content):
            raise OddChunkError("size of the dictionary")


def _prove_lengths(chunk: ColumnChunk) -> None:
    """Check that the strings of each plain page take all its bytes."""
    pages = [page for page in chunk.pages if page.is_single]
    offsets = _offsets(chunk.others) if pages else np.zeros(1, np.int32)
    at = 0
    for page in pages:
        length = int(offsets[at + page.slots] - offsets[at])
        if length + 4 * page.filled != page.values:
            raise OddChunkError("lengths")
        at += page.slots


def _offsets(array: pa.Array) -> npt.NDArray[np.int32]:
    """The N + 1 offsets of N strings, which a file of less than 2 GiB has in 32 bits."""
    if not len(array):
        return np.zeros(1, np.int32)
    return np.frombuffer(array.buffers()[1], np.int32)[array.offset :][: len(array) + 1]


def _read(element: Struct, pages: Iterable[tuple[bytes, Bytes]], rows: int) -> pa.Array:
    """Decode uncompressed pages, each with its header, as the one column of a file."""
    parts = [MAGIC, *(part for page in pages for part in page)]
    size = sum(map(len, parts[1:]))
    first = len(MAGIC)
    metadata: Struct = {
        1: element[1],
        2: (LIST, (I32, [PLAIN, RLE])),
        3: (LIST, (BINARY, [element[4][1]])),
        4: (I32, 0),
        5: (I64, rows),
        6: (I64, size),
        7: (I64, size),
        9: (I64, first),
    }
    column: Struct = {2: (I64, 0), 3: (STRUCT, metadata)}
    group: Struct = {1: (LIST, (STRUCT, [column])), 2: (I64, size), 3: (I64, rows)}
    root: Struct = {4: (BINARY, b"schema"), 5: (I32, 1)}
    footer = write_struct(
        {
            1: (I32, 2),
            2: (LIST, (STRUCT, [root, element])),
            3: (I64, rows),
            4: (LIST, (STRUCT, [group])),
        }
    )
    parts += [footer, len(footer).to_bytes(4, "little"), MAGIC]
    with pq.ParquetFile(pa.BufferReader(b"".join(parts))) as file:
        column_read = file.read(use_threads=False).column(0)
    if len(column_read) != rows:
        raise OddChunkError("number of values")
    return column_read.combine_chunks() if column_read.num_chunks != 1 else column_read.chunk(0)
