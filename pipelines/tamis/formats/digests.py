"""Digests of files: of all bytes in one go, or by blocks, which many workers digest at once."""

import hashlib
from collections.abc import Iterable
from typing import Any

from tamis.formats.ranges import Readable
from tamis.limits import USUAL

_READ_BYTES = 1 << 20


def sha256_of(stream: Readable) -> bytes:
    """The SHA-256 of what is left of a stream."""
    digest = hashlib.sha256()
    while data := stream.read(_READ_BYTES):
        digest.update(data)
    return digest.digest()


def tree_of(blocks: Iterable[bytes]) -> str:
    """`sha256_tree` of a file: the SHA-256, in hexadecimal, of the SHA-256 of each of its blocks.

    Args:
        blocks: 32 bytes for each, in their order.

    Example:
        >>> tree_of([hashlib.sha256(b"a block").digest()])[:12]
        'eefe6ccf0125'
    """
    return hashlib.sha256(b"".join(blocks)).hexdigest()


def sha256_tree(stream: Any, block_bytes: int = USUAL.block_bytes) -> str:
    """`sha256_tree` of what is left of a stream, by blocks of `block_bytes`."""
    from tamis.formats.ranges import Stretch

    blocks = []
    start = stream.tell()
    end = stream.seek(0, 2)
    while start < end:
        blocks.append(sha256_of(Stretch(stream, start, start + block_bytes)))
        start += block_bytes
    return tree_of(blocks)
