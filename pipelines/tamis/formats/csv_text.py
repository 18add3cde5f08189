"""The text of a CSV file as UTF-8, whatever its encoding; bytes that no text has are marked."""

import codecs
from collections.abc import Iterator
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc

from tamis.errors import InputError
from tamis.filter.conformed import null_empty
from tamis.formats.ranges import Readable
from tamis.language import _

PIECE_BYTES: Final = 1 << 20
"""Bytes of a file that are decoded at once, at most."""

TEXT_FORMULA: Final = r'^="([^"]*)"$'
"""A formula that says no more than a text."""

_UNDECODABLE = "\ufdd0"  # a noncharacter: never in text that is meant for others


def _mark(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeDecodeError | UnicodeEncodeError):
        raise error
    return _UNDECODABLE, error.end


codecs.register_error("tamis-mark", _mark)


class Utf8Text:
    """A stream transcoded to UTF-8.

    Args:
        stream: of bytes.
        encoding: a name of Python's.
        source: named in errors.

    Attributes:
        damaged: how often bytes read so far could not be decoded.

    Raises:
        InputError: on reading UTF-16 or UTF-32 without byte order mark.

    Example:
        >>> import io
        >>> list(Utf8Text(io.BytesIO(b"No\\xebl"), "latin-1", "f.csv").pieces())
        [b'No\\xc3\\xabl']
    """

    def __init__(self, stream: Readable, encoding: str, source: str) -> None:
        self.damaged = 0
        self._stream = stream
        self._encoding = codecs.lookup(encoding).name
        self._source = source
        self._decoder = codecs.getincrementaldecoder(encoding)("tamis-mark")
        self._rest = b""

    def pieces(self) -> Iterator[bytes]:
        """The text in pieces, none of them empty."""
        while block := self._stream.read(PIECE_BYTES):
            if piece := self.decode(block):
                yield piece
        if piece := self.decode(b"", is_last=True):
            yield piece

    def decode(self, block: bytes, *, is_last: bool = False) -> bytes:
        """The text of the next bytes of the stream, but for a character that is cut."""
        if self._encoding in ("utf-8", "utf-8-sig"):
            return self._check(self._rest + block, is_last=is_last)
        try:
            text = self._decoder.decode(block, final=is_last)
        except UnicodeDecodeError:
            raise
        except UnicodeError:
            raise InputError(
                self._source,
                _(
                    "begins with no byte order mark: the schema must say `{encoding}-le` or "
                    "`{encoding}-be`, not `{encoding}`",
                    encoding=self._encoding,
                ),
            ) from None
        self.damaged += text.count(_UNDECODABLE)
        return text.encode("utf-8", "tamis-mark")

    def _check(self, block: bytes, *, is_last: bool) -> bytes:
        try:
            used = codecs.utf_8_decode(block, "strict", is_last)[1]
            text = block[:used]
        except UnicodeDecodeError:
            marked, used = codecs.utf_8_decode(block, "tamis-mark", is_last)
            text = marked.encode()
            self.damaged += marked.count(_UNDECODABLE)
        self._rest = block[used:]
        return text


def unmark(column: pa.Array) -> pa.Array:
    """The column of strings with bytes that are not UTF-8 in place of each mark."""
    valid, offsets, data = column.buffers()
    text = (data.to_pybytes() if data else b"").replace(_UNDECODABLE.encode(), b"\xff\xff\xff")
    buffers = [valid, offsets, pa.py_buffer(text)]
    return pa.Array.from_buffers(column.type, len(column), buffers, offset=column.offset)


def is_marked(text: bytes) -> bool:
    """Whether bytes that could not be decoded stood in UTF-8 text."""
    return _UNDECODABLE.encode() in text


def without_formulas(cells: pa.Array) -> pa.Array:
    """Texts in place of the formulas that say no more than a text; null where that is empty.

    Example:
        >>> without_formulas(pa.array(['="0123"', '=""', "=A1", None])).to_pylist()
        ['0123', None, '=A1', None]
    """
    bare = pc.replace_substring_regex(cells, TEXT_FORMULA, r"\1")
    return null_empty(bare)
