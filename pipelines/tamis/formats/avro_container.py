"""Avro object container files: blocks of records, bounded before anything is built of them.

A few hundred bytes of Avro can stand for gigabytes: a compressed block, an array of a billion
nulls. So we read the container here (header, blocks, codecs) and hand each block to fastavro as if
it were not compressed, once its sizes are known to be within bounds. Each record that a block
announces must be in it, and nothing else. A type that holds itself is decoded by fastavro in
Python, where a record that is nested too deep is an error and not the end of the process.
"""

import bz2
import io
import json
import lzma
import sys
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, BinaryIO, Final, NamedTuple, cast

import fastavro
import pyarrow as pa
from fastavro import _read_py as fastavro_in_python

from tamis.errors import InputError
from tamis.language import _
from tamis.limits import USUAL, Limits

MAX_DEPTH: Final = 64
"""How deep types may be nested."""

_MAGIC = b"Obj\x01"
SYNC_BYTES: Final = 16
"""Bytes of the marker behind the header and each block."""

_JSON_DEPTH = 5 * MAX_DEPTH  # a record inside a record is up to five levels of JSON deeper
_LONG_BITS = 63
_VALUE_BYTES = 32  # of a small value in Python, about
_LOGICAL_BYTES = 112
_CHARACTER_BYTES = 4
_POINTERS_BYTES = 24  # of an element: in its list, and in those that become Arrow
_CHECKSUM_BYTES = 4  # some writers of deflate leave a part of zlib's behind

_LEAST_BYTES: Final = {
    "null": 0,
    "boolean": 1,
    "int": 1,
    "long": 1,
    "float": 4,
    "double": 8,
    "bytes": 1,
    "string": 1,
    "enum": 1,
}

_KINDS = (*_LEAST_BYTES, "fixed", "array", "map", "record", "error")


class BadSchemaError(Exception):
    """An Avro schema that cannot be read in bounded memory. Its text says why, without a name."""


def read_schema(text: bytes) -> dict[str, Any]:
    """The schema of records that `text` holds, as fastavro knows it.

    Raises:
        BadSchemaError: it is no schema, is nested too deep, or has records or elements of no bytes,
            of which a file may announce any number.
    """
    try:
        raw = json.loads(text)
        level = [raw]
        for _depth in range(_JSON_DEPTH):
            level = [
                inner
                for outer in level
                if isinstance(outer, dict | list)
                for inner in (outer.values() if isinstance(outer, dict) else outer)
            ]
        if level:
            raise BadSchemaError(_("is nested deeper than {depth} levels", depth=MAX_DEPTH))
        schema = fastavro.parse_schema(raw)
    except RecursionError:
        raise BadSchemaError(_("is nested deeper than {depth} levels", depth=MAX_DEPTH)) from None
    except BadSchemaError:
        raise
    except Exception:
        raise BadSchemaError(_("is no Avro schema")) from None
    if not isinstance(schema, dict) or schema.get("type") != "record":
        raise BadSchemaError(_("is of something else than records"))
    if not weigh(schema).least:
        raise BadSchemaError(_("is of records that take no bytes"))
    return schema


class Weight(NamedTuple):
    """How little a value takes in a file, and how much in memory.

    Attributes:
        least: bytes of the shortest value in a file.
        dense: bytes in memory of each byte in a file, at most, as an element among many.
        repeated: the greatest `dense` of the elements of an array or map inside; 0 without one.
    """

    least: int
    dense: float
    repeated: float = 0.0


def weigh(schema: Any) -> Weight:
    """The weight of a type, as fastavro parses it.

    Raises:
        BadSchemaError: see `read_schema`.

    Example:
        >>> weigh({"type": "array", "items": "long"})
        Weight(least=1, dense=64.0, repeated=57.0)
    """
    return _weigh(schema, {}, 0)


def _weigh(node: Any, known: dict[str, Weight | None], depth: int) -> Weight:
    """As `weigh`; of a named type that is not ended yet, `known` holds None."""
    if depth > MAX_DEPTH:
        raise BadSchemaError(_("is nested deeper than {depth} levels", depth=MAX_DEPTH))
    if isinstance(node, list):
        return _around([_weigh(branch, known, depth + 1) for branch in node], min, 1, 0)
    kind = node if isinstance(node, str) else node["type"]
    if isinstance(kind, dict | list):
        return _weigh(kind, known, depth + 1)
    if kind in _LEAST_BYTES:
        logical = not isinstance(node, str) and "logicalType" in node
        return _leaf(_LEAST_BYTES[kind], logical)
    if kind == "fixed":
        known[node["name"]] = weight = _leaf(node["size"], "logicalType" in node)
        return weight
    if kind in ("array", "map"):
        inner = _weigh(node["items" if kind == "array" else "values"], known, depth + 1)
        least = inner.least + (kind == "map")
        if not least:
            raise BadSchemaError(_("has an array whose elements take no bytes"))
        dense = inner.dense + _POINTERS_BYTES / least
        return Weight(1, max(2.0 * _VALUE_BYTES, dense), max(dense, inner.repeated))
    if kind not in ("record", "error"):
        # What holds itself ends somewhere: by a union or an array, which takes a byte.
        return known[kind] or Weight(1, 0.0)
    known[node["name"]] = None
    children = [_weigh(field["type"], known, depth + 1) for field in node["fields"]]
    size = sys.getsizeof(dict.fromkeys(range(len(children)))) + _POINTERS_BYTES * len(children)
    known[node["name"]] = weight = _around(children, sum, 0, size)
    return weight


def _leaf(least: int, logical: bool) -> Weight:
    return Weight(least, 1 + (_LOGICAL_BYTES if logical else _VALUE_BYTES) / max(1, least))


def _around(
    inner: list[Weight], least_of: Callable[[Iterable[int]], int], own: int, size: int
) -> Weight:
    """The weight of what has `inner` in it, and takes `own` bytes in a file, `size` in memory."""
    least = own + min(least_of([each.least for each in inner] or [0]), 1 << _LONG_BITS)
    dense = max((each.dense for each in inner), default=0.0) + size / max(1, least)
    return Weight(least, dense, max((each.repeated for each in inner), default=0.0))


def longest_record(schema: Any, limits: Limits) -> int:
    """Bytes that a record may have, so that it stays within `limits.record_memory_bytes`."""
    return int(limits.record_memory_bytes / max(weigh(schema).repeated, _CHARACTER_BYTES))


def decoder_of(holds_itself: bool) -> Any:
    """What decodes records of a schema: fastavro, in Python if a type of it holds itself."""
    return fastavro_in_python if holds_itself else fastavro


def holds_itself(schema: Any, around: tuple[str, ...] = ()) -> bool:
    """Whether a type of `schema` stands inside itself.

    Example:
        >>> fields = [{"name": "next", "type": ["null", "n"]}]
        >>> holds_itself({"type": "record", "name": "n", "fields": fields}), holds_itself("n")
        (True, False)
    """
    if isinstance(schema, str):
        return schema in around
    if isinstance(schema, list):
        return any(holds_itself(branch, around) for branch in schema)
    if "name" in schema:
        around = (*around, schema["name"])
    inner = [field["type"] for field in schema.get("fields", ())]
    inner += [schema[key] for key in ("type", "items", "values") if key in schema]
    return any(holds_itself(node, around) for node in inner if node not in _KINDS)


class AvroFile:
    """A container file, read forward.

    Args:
        stream: the file.
        source: named in errors.
        limits: of the header, of a block, and of the memory of a record.

    Raises:
        InputError: the file is not Avro, or its schema or codec is not readable.

    Attributes:
        schema: the record type of the file's writer, as fastavro knows it.
        texts: what else its header says: names and values.
    """

    def __init__(self, stream: BinaryIO, source: str, limits: Limits = USUAL) -> None:
        self._stream = stream
        self._source = source
        self._limits = limits
        if stream.read(len(_MAGIC)) != _MAGIC:
            raise InputError(source, _("is not an Avro file"))
        try:
            metadata = self._metadata()
            self._sync = self._exactly(SYNC_BYTES)
        except _CutError:
            problem = _("is an Avro file whose header cannot be read")
            raise InputError(source, problem) from None
        codec = metadata.get("avro.codec", b"null").decode("ascii", "replace")
        if codec not in _CODECS:
            raise InputError(
                source,
                _(
                    "is compressed by a codec that is not installed, expected one of {codecs}",
                    codecs=", ".join(f"`{name}`" for name in _CODECS),
                ),
            )
        self._decompress = _CODECS[codec]
        text = metadata.get("avro.schema", b"")
        try:
            self._parsed = read_schema(text)
        except BadSchemaError as error:
            raise InputError(
                source, _("is an Avro file whose schema {problem}", problem=error)
            ) from None
        self.schema = {key: self._parsed[key] for key in self._parsed if not key.startswith("__")}
        self.texts = [
            text
            for name, value in metadata.items()
            if name != "avro.schema"
            for text in (name, value.decode("utf-8", "replace"))
        ]
        self._least = weigh(self.schema).least
        self._done = 0
        self._header = _header(text, self._sync)

    def skip(self, start: int, before: int, records: int) -> int:
        """Go to the block that holds a record.

        Args:
            start: of a block, in bytes of a stream that can be read at any place.
            before: records of the file before it.
            records: records behind its start and before the one that is looked for.

        Returns:
            Records of its block before it.
        """
        while True:
            self._stream.seek(start)
            count, size = self._long(), self._long()
            if records < count or count < 0:
                self._stream.seek(start)
                self._done = before
                return records
            start = self._stream.tell() + size + SYNC_BYTES
            before, records = before + count, records - count

    def records(
        self, reader_schema: Mapping[str, Any] | None = None
    ) -> Iterator[tuple[Mapping[str, Any], int]]:
        """Each record, and its share of its block's bytes.

        Args:
            reader_schema: the parts of `schema` that are read; None for all.

        Raises:
            InputError: a block is cut, corrupt or too large, or holds another number of records
                than it announces.
        """
        decoder = decoder_of(holds_itself(self.schema))
        most = longest_record(self.schema, self._limits)
        try:
            for block in decoder.block_reader(
                _Plain(self._header, self._blocks()),
                reader_schema=reader_schema,
                handle_unicode_errors="surrogateescape",
            ):
                content = block.bytes_
                size = content.getbuffer().nbytes
                if size > most:
                    self._measure(decoder, content, block.num_records, most)
                for record in block:
                    self._done += 1
                    yield cast(Mapping[str, Any], record), size // block.num_records
                if content.tell() != size:
                    raise self._bad(_("its block holds more than it announces"))
        except InputError:
            raise
        except RecursionError:
            raise self._bad(_("the next one is nested too deep")) from None
        except Exception:
            raise self._bad(_("its block is corrupt or cut")) from None

    def _bad(self, problem: str) -> InputError:
        return InputError(
            self._source,
            _("cannot be read after record {done}: {problem}", done=self._done, problem=problem),
        )

    def _measure(self, decoder: Any, content: BinaryIO, count: int, most: int) -> None:
        """Refuse a block with a record of more than `most` bytes, by skipping over all of them."""
        head = {key: self.schema[key] for key in ("type", "name")}
        nothing = fastavro.parse_schema({**head, "fields": []})
        at = 0
        for _record in range(count):
            decoder.schemaless_reader(content, self._parsed, nothing)
            if content.tell() - at > most:
                raise self._bad(_("a record of its block is longer than {most} bytes", most=most))
            at = content.tell()
        content.seek(0)

    def _blocks(self) -> Iterator[bytes]:
        """The blocks, decompressed, each in the form in which a file holds it."""
        most = self._limits.avro_block_bytes
        while first := self._stream.read(1):
            count, size = self._long(first), self._long()
            if not 0 <= size <= most:
                raise self._bad(_("its block takes more than {most} MiB", most=most >> 20))
            try:
                data = self._decompress(self._exactly(size), most)
            except _TooLargeError:
                problem = _("its block takes more than {most} MiB", most=most >> 20)
                raise self._bad(problem) from None
            if self._exactly(SYNC_BYTES) != self._sync:
                raise _CutError
            if count < 0 or count * self._least > len(data) or (data and not count):
                problem = _(
                    "its block announces {count:# record|# records} in {size:# byte|# bytes}",
                    count=count,
                    size=len(data),
                )
                raise self._bad(problem)
            if count:
                yield b"".join([_long(count), _long(len(data)), data, self._sync])

    def _metadata(self) -> dict[str, bytes]:
        metadata: dict[str, bytes] = {}
        left = self._limits.avro_header_bytes
        while count := self._long():
            if count < 0:
                count = -count
                self._long()
            for _entry in range(count):
                name, value = self._bytes(left), self._bytes(left)
                left -= len(name) + len(value) + 2
                metadata[name.decode("utf-8", "replace")] = value
        return metadata

    def _bytes(self, most: int) -> bytes:
        size = self._long()
        if not 0 <= size <= most:
            raise _CutError
        return self._exactly(size)

    def _long(self, first: bytes = b"") -> int:
        """The next integer: seven bits a byte, the sign in the lowest."""
        number = shift = 0
        while shift <= _LONG_BITS:
            (byte,) = first or self._exactly(1)
            first = b""
            number |= (byte & 0x7F) << shift
            if byte < 0x80:
                return (number >> 1) ^ -(number & 1)
            shift += 7
        raise _CutError

    def _exactly(self, size: int) -> bytes:
        pieces = []
        while size:
            piece = self._stream.read(size)
            if not piece:
                raise _CutError
            pieces.append(piece)
            size -= len(piece)
        return b"".join(pieces)


class _Plain:
    """What fastavro reads: header and blocks one after the other."""

    def __init__(self, header: bytes, blocks: Iterator[bytes]) -> None:
        self._held = io.BytesIO(header)
        self._blocks = blocks

    def read(self, size: int) -> bytes:
        piece = self._held.read(size)
        if not piece and size and (block := next(self._blocks, None)):
            self._held = io.BytesIO(block)
            piece = self._held.read(size)
        return piece

    def tell(self) -> int:
        return 0


def _header(schema: bytes, sync: bytes) -> bytes:
    name = b"avro.schema"
    entry = b"".join([_long(1), _long(len(name)), name, _long(len(schema)), schema, _long(0)])
    return b"".join([_MAGIC, entry, sync])


def _long(number: int) -> bytes:
    number = (number << 1) ^ (number >> _LONG_BITS)
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes([*out, number])


# Codecs: each gives at most one byte more than it may, and raises where something is left over


class _CutError(Exception):
    """Bytes that are not there, or wrong; an `EOFError` would be an end to fastavro."""


class _TooLargeError(Exception):
    """A block that decompresses to more bytes than it may."""


def _bounded(content: bytes, ended: bool, most: int) -> bytes:
    if len(content) > most:
        raise _TooLargeError
    if not ended:
        raise _CutError
    return content


def _null(data: bytes, most: int) -> bytes:
    return _bounded(data, True, most)


def _deflate(data: bytes, most: int) -> bytes:
    inflater = zlib.decompressobj(-zlib.MAX_WBITS)
    content = inflater.decompress(data, most + 1)
    return _bounded(content, inflater.eof and len(inflater.unused_data) <= _CHECKSUM_BYTES, most)


def _bzip2(data: bytes, most: int) -> bytes:
    unpacker = bz2.BZ2Decompressor()
    content = unpacker.decompress(data, most + 1)
    return _bounded(content, unpacker.eof and not unpacker.unused_data, most)


def _xz(data: bytes, most: int) -> bytes:
    unpacker = lzma.LZMADecompressor(memlimit=256 << 20)
    content = unpacker.decompress(data, most + 1)
    return _bounded(content, unpacker.eof and not unpacker.unused_data, most)


def _snappy(data: bytes, most: int) -> bytes:
    data, checksum = data[:-_CHECKSUM_BYTES], data[-_CHECKSUM_BYTES:]
    size = shift = 0
    for byte in data[:5]:
        size |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            break
    if size > most:
        raise _TooLargeError
    content = pa.Codec("snappy").decompress(data, size, asbytes=True)
    return _bounded(content, zlib.crc32(content).to_bytes(4, "big") == checksum, most)


def _zstandard(data: bytes, most: int) -> bytes:
    content = bytearray()
    with pa.CompressedInputStream(pa.BufferReader(data), "zstd") as stream:
        while len(content) <= most and (piece := stream.read(min(1 << 20, most + 1))):
            content += piece
    return _bounded(bytes(content), True, most)


_CODECS: Final[Mapping[str, Callable[[bytes, int], bytes]]] = {
    "null": _null,
    "deflate": _deflate,
    "snappy": _snappy,
    "zstandard": _zstandard,
    "bzip2": _bzip2,
    "xz": _xz,
}
