"""The archive that a workbook is: its parts as streams of XML elements, each bounded."""

import io
import lzma
import zipfile
import zlib
from collections.abc import Container, Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import Any, BinaryIO, Final

from tamis.errors import InputError, NotLookedInto, UsageError
from tamis.formats.xml.tags import MOST_TAG_BYTES, TagBound, pull_parser
from tamis.formats.xml.texts import read_texts
from tamis.language import _
from tamis.limits import Limits

_MOST_PARTS: Final = 10_000
_MOST_ROW_BYTES: Final = 8 << 20
_MOST_TEXTS: Final = 65_536
_DAMAGE = (
    *(zipfile.BadZipFile, zlib.error, lzma.LZMAError, EOFError, OSError, ValueError, KeyError),
    NotImplementedError,
)
_BLOCK_BYTES: Final = 1 << 17


def lxml_for(source: str) -> ModuleType:
    """The module `lxml.etree`.

    Raises:
        UsageError: the extra `spreadsheets` is not installed.
    """
    try:
        from lxml import etree
    except ModuleNotFoundError:
        raise UsageError(
            _(
                "{address}: spreadsheets need the extra `spreadsheets` (pip install "
                '"tamis[spreadsheets]")',
                address=source,
            )
        ) from None
    module: ModuleType = etree
    return module


class Archive:
    """The parts of a workbook; the file as it is compressed is held, and nothing more.

    Args:
        stream: the file's bytes, read forward to its end.
        source: named in errors.
        limits: bytes of the file, and of all its parts.

    Attributes:
        names: of its parts.

    Raises:
        InputError: the file is too large, cut, damaged or encrypted.
        UsageError: the extra `spreadsheets` is not installed.
    """

    def __init__(self, stream: BinaryIO, source: str, limits: Limits) -> None:
        self.source = source
        self._limits = limits
        self._etree: Any = lxml_for(source)
        data = stream.read(limits.workbook_bytes + 1)
        while block := stream.read(1 << 20) if len(data) <= limits.workbook_bytes else b"":
            data += block
        if len(data) > limits.workbook_bytes:
            raise self.error(
                _("takes more than {most} MiB: save it as CSV", most=limits.workbook_bytes >> 20)
            )
        try:
            self._zip = zipfile.ZipFile(io.BytesIO(data))
        except (zipfile.BadZipFile, ValueError, NotImplementedError):
            raise self.error(_("is a spreadsheet that is cut or damaged")) from None
        parts = self._zip.infolist()
        self.names = frozenset(part.filename for part in parts)
        if any(part.flag_bits & 0x1 for part in parts):
            raise self.error(_("is encrypted: save it without a password"), is_sound=True)
        if len(self.names) < len(parts) or len(parts) > _MOST_PARTS:
            raise self.error(_("is no spreadsheet: has a part twice, or too many"))
        if sum(part.file_size for part in parts) > limits.workbook_parts_bytes:
            raise self.error(
                _("takes more than {most} GiB unpacked", most=limits.workbook_parts_bytes >> 30)
            )

    def error(self, problem: str, *, is_sound: bool = False) -> InputError:
        """An error that names the file; of one that `is_sound`, that it is not looked into."""
        return (NotLookedInto if is_sound else InputError)(self.source, problem)

    def require_texts(self, part: str) -> None:
        """Check that a part whose texts are held is not too large.

        Raises:
            InputError: it is.
        """
        most = self._limits.workbook_text_bytes
        if self._zip.getinfo(part).file_size > most:
            raise self.error(
                _("its texts take more than {most} MiB: save it as CSV", most=most >> 20)
            )

    def blocks(self, part: str) -> Iterator[bytes]:
        """The bytes of a part, in pieces; no more of them than the archive says it has.

        Raises:
            InputError: it is damaged, or not there.
        """
        with self._damage():
            stream = self._zip.open(part)
        with stream:
            while True:
                with self._damage():
                    block = stream.read(_BLOCK_BYTES)
                if not block:
                    return
                yield block

    @contextmanager
    def _damage(self) -> Iterator[None]:
        try:
            yield
        except _DAMAGE:
            raise self.error(_("has a part that is cut, damaged or missing")) from None

    def texts(self, part: str) -> Iterator[tuple[str, list[str], bool]]:
        """All texts and attributes of a part that is XML, as `read_texts` gives them."""
        stream: Any = _Blocks(self.blocks(part))
        return read_texts(stream, self.source, _MOST_TEXTS)

    def other_texts(self, sheets: Container[str]) -> Iterator[tuple[str, list[str], bool]]:
        """The texts of all parts that are XML; of those of `sheets` what stands in no cell."""
        for part in sorted(self.names):
            if part in sheets:
                yield f"({part})", self._beside_cells(part), False
            elif part.endswith((".xml", ".rels", ".vml")):
                for path, texts, are_names in self.texts(part):
                    yield f"({part}) {path}", texts, are_names

    def _beside_cells(self, part: str) -> list[str]:
        """Texts and attributes of a part that stand in none of its rows, nor shared texts."""
        root = None
        for element in self.elements(part, "row", "table-row", "si"):
            root = element.getroottree().getroot() if root is None else root
        inside = () if root is None else root.iter()
        found = [text for own in inside for text in (own.text, own.tail, *own.values()) if text]
        return [text for text in found if not text.isspace()]

    def elements(self, part: str, *names: str) -> Iterator[Any]:
        """The elements of a part that are called so, in any namespace; each is emptied after it.

        Raises:
            InputError: the part is damaged, not well formed or has a DTD, or an element is too
                large.
        """
        parser = pull_parser(self._etree, ["{*}" + name for name in names])
        since, tags = 0, TagBound()
        is_first = True
        try:
            for block in self.blocks(part):
                if tags.is_passed(block):
                    most = MOST_TAG_BYTES >> 20
                    raise self.error(_("has a tag of more than {most} MiB", most=most))
                parser.feed(block)
                since += len(block)
                for _event, element in parser.read_events():
                    if is_first and element.getroottree().docinfo.doctype:
                        raise self.error(_("has a DTD (<!DOCTYPE …>), which is never read"))
                    is_first = False
                    since = 0
                    yield element
                    _forget(element)
                if since > _MOST_ROW_BYTES:
                    raise self.error(
                        _("has a row of more than {most} MiB", most=_MOST_ROW_BYTES >> 20)
                    )
            parser.close()
        except self._etree.XMLSyntaxError:
            raise self.error(_("has a part that is not well-formed XML")) from None


class _Blocks:
    """Blocks of bytes as a stream, of which each read gives one."""

    def __init__(self, blocks: Iterator[bytes]) -> None:
        self._blocks = blocks

    def read(self, _size: int = -1) -> bytes:
        """The next block; none at the end."""
        return next(self._blocks, b"")


def _forget(element: Any) -> None:
    """Empty an element, and take those before it out of the tree."""
    element.clear()
    parent = element.getparent()
    if parent is not None:
        while element.getprevious() is not None:
            del parent[0]


def local_name(element: Any) -> str:
    """The name of an element without its namespace."""
    return str(element.tag).rpartition("}")[2]


def attribute(element: Any, name: str) -> str | None:
    """The value of an attribute called so in any namespace; None if there is none."""
    for key, value in element.items():
        if key.rpartition("}")[2] == name:
            return str(value)
    return None
