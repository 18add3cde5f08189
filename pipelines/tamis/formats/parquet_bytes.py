"""Bytes of a Parquet page: what compression and runs hold, and that they hold nothing else."""

from typing import Final, NamedTuple

import pyarrow as pa

CODECS: Final = {"UNCOMPRESSED": 0, "SNAPPY": 1, "ZSTD": 6}
"""Codecs whose bytes can be accounted for, as footers number them."""

_ZSTD: Final = b"\x28\xb5\x2f\xfd"
_LONGEST_HEAD: Final = 35  # bits that the head of a run may shift


Bytes = bytes | memoryview


class OddChunkError(ValueError):
    """A column chunk that is not copied: not supported, or not proved to be clean."""


class Runs(NamedTuple):
    """Values in runs and groups of eight.

    Attributes:
        end: where they end.
        ones: for a width of 1, how many are 1.
        tail: None, or where the last groups begin and how they are to be, with zeros for padding.
    """

    end: int
    ones: int
    tail: tuple[int, bytes] | None


def walk_runs(data: Bytes, at: int, end: int, width: int, count: int) -> Runs:
    """Walk `count` values of `width` bits that begin at `at`.

    What pads the last groups may be anything in the files of some writers, such as places that
    stood in the writer's memory before.

    Raises:
        OddChunkError: the runs do not hold so many values, or go beyond `end`.
    """
    size = (width + 7) // 8
    ones = 0
    tail = None
    while count:
        head = shift = 0
        while True:
            if at >= end or shift > _LONGEST_HEAD:
                raise OddChunkError("runs")
            byte = data[at]
            at += 1
            head |= (byte & 127) << shift
            if byte < 128:
                break
            shift += 7
        if head & 1:
            slots, taken = (head >> 1) * 8, (head >> 1) * width
            if at + taken > end or not slots:
                raise OddChunkError("runs")
            if slots > count:
                bits = int.from_bytes(data[at : at + taken], "little")
                meant = bits & ((1 << count * width) - 1)
                if bits != meant:
                    tail = at, meant.to_bytes(taken, "little")
                if width == 1:
                    ones += meant.bit_count()
                slots = count
            elif width == 1:
                ones += int.from_bytes(data[at : at + taken], "little").bit_count()
            at += taken
        else:
            slots = head >> 1
            if at + size > end or not 0 < slots <= count:
                raise OddChunkError("runs")
            repeated = int.from_bytes(data[at : at + size], "little")
            if repeated >> width:
                raise OddChunkError("runs")
            ones += slots * repeated
            at += size
        count -= slots
    return Runs(at, ones, tail)


def decompress(body: Bytes, size: int, codec: str) -> Bytes:
    """The content of a page, proved to be all that `body` holds.

    Raises:
        OddChunkError: it is not `size` bytes, or not all.
    """
    if codec == "UNCOMPRESSED":
        if len(body) != size:
            raise OddChunkError("page size")
        return body
    said = _snappy_size(body) if codec == "SNAPPY" else _zstd_size(body)
    if said != size:
        raise OddChunkError("page size")
    if not size and codec == "SNAPPY":
        if len(body) > 1:
            raise OddChunkError("page size")
        return b""
    try:
        content = pa.Codec(codec.lower()).decompress(body, size)
    except (pa.ArrowException, OSError):
        raise OddChunkError("compression") from None
    return memoryview(content).cast("B")


def compress(content: Bytes, codec: str) -> bytes:
    """`content`, compressed."""
    if codec == "UNCOMPRESSED":
        return bytes(content)
    packed: bytes = pa.Codec(codec.lower()).compress(content, asbytes=True)
    return packed


def _snappy_size(body: Bytes) -> int:
    size = 0
    for place, byte in enumerate(body[:5]):
        size |= (byte & 127) << 7 * place
        if byte < 128:
            return size
    raise OddChunkError("compression")


def _zstd_size(body: Bytes) -> int:
    """The size that the one frame says, which ends where `body` does (RFC 8878, 3.1.1)."""
    if body[:4] != _ZSTD or len(body) < 6:
        raise OddChunkError("compression")
    descriptor = body[4]
    single, code = descriptor >> 5 & 1, descriptor >> 6
    if descriptor & 0b11011 or (not code and not single):  # unused bits, a dictionary; no size
        raise OddChunkError("compression")
    at = 5 + (not single)
    width = (1, 2, 4, 8)[code]
    size = int.from_bytes(body[at : at + width], "little") + (256 if code == 1 else 0)
    at += width
    last = False
    while not last:
        head = int.from_bytes(body[at : at + 3], "little")
        last, kind, taken = bool(head & 1), head >> 1 & 3, head >> 3
        if at + 3 > len(body) or kind == 3:
            raise OddChunkError("compression")
        at += 3 + (1 if kind == 1 else taken)
    if at + 4 * (descriptor >> 2 & 1) != len(body):
        raise OddChunkError("compression")
    return size
