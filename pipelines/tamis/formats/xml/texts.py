"""Any XML as the texts of its elements by their paths, without a schema and without lxml."""

from collections.abc import Iterator
from typing import BinaryIO, Final
from xml.parsers import expat

from tamis.errors import InputError, NotLookedInto
from tamis.filter.drift import WITHHELD
from tamis.formats.names import may_be_shown, shown_name
from tamis.formats.xml.tags import TagBound, too_long_a_tag
from tamis.language import _

_BLOCK_BYTES = 1 << 20
_MOST_PATHS: Final = 10_000
_MOST_LEVELS: Final = 256
_MOST_TOKEN_BYTES: Final = 16 << 20  # of a tag, a comment: read anew with each block until it ends
_MOST_TEXTS: Final = 10_000  # of one element that are joined
_MOST_CHARACTERS: Final = 1 << 20  # of texts that are held before they are a piece
_OVERLAP: Final = 64  # characters of a text that stand in the next piece too, lest a cut hide a NIR


def read_texts(stream: BinaryIO, source: str, piece: int) -> Iterator[tuple[str, list[str], bool]]:
    """Read the texts of an XML file, a piece after the other.

    Args:
        stream: the file's bytes, read forward only.
        source: its name, for messages.
        piece: texts that are held at once.

    Returns:
        A path of names (`flux/passage/@type`), the texts of the elements or attributes there, and
        False. Where text and elements mix, all that is inside is one text more. Or an empty path,
        names that are not shown, and True.

    Raises:
        NotLookedInto: it has entities of its own, which are not expanded, more than 256 levels, a
            comment or the like of more than 16 MiB, or a tag of more than 1 MiB.
        InputError: the file is not well formed.

    Example:
        >>> import io
        >>> list(read_texts(io.BytesIO(b"<a><n>1</n><n>2</n></a>"), "x.xml", 9))
        [('a/n', ['1', '2'], False)]
    """
    texts = _Texts()
    parser = expat.ParserCreate(namespace_separator="}")
    parser.buffer_text = True
    parser.StartElementHandler = texts.begin
    parser.EndElementHandler = texts.end
    parser.CharacterDataHandler = texts.add
    parser.EntityDeclHandler = texts.refuse
    parser.SkippedEntityHandler = texts.refuse
    given, tags = 0, TagBound()
    try:
        while block := stream.read(_BLOCK_BYTES):
            if tags.is_passed(block):
                raise _RefusedError(too_long_a_tag())
            given += len(block)
            parser.Parse(block)
            if given - parser.CurrentByteIndex > _MOST_TOKEN_BYTES:
                problem = _(
                    "a comment, or what else is neither tag nor text, takes more than {limit} MiB",
                    limit=_MOST_TOKEN_BYTES >> 20,
                )
                raise _RefusedError(problem)
            if texts.count >= piece or texts.characters >= _MOST_CHARACTERS:
                yield from texts.piece()
        parser.Parse(b"", True)
    except _RefusedError as refused:
        problem = _("cannot be looked into: {what}", what=str(refused))
        raise NotLookedInto(source, problem) from None
    except (expat.ExpatError, LookupError, ValueError):
        raise InputError(source, why_unreadable(parser)) from None
    yield from texts.piece()


def why_unreadable(parser: expat.XMLParserType) -> str:
    """Where a file ends to be XML."""
    return _(
        "is no XML that can be read from line {line}, column {column} on",
        line=parser.CurrentLineNumber,
        column=parser.CurrentColumnNumber,
    )


def too_many_levels(most: int) -> str:
    """That elements are nested more than `most` deep."""
    return _("elements are nested more than {count} deep", count=most)


def dtd_is_not_read() -> str:
    """That a file has a DTD."""
    return _("has a DTD (<!DOCTYPE …>), which is never read")


class _RefusedError(Exception):
    """A file has entities of its own or too many levels, or a comment or tag that does not end."""


class _Texts:
    def __init__(self) -> None:
        self.count = self.characters = 0  # that are held
        self._columns: dict[str, list[str]] = {}
        self._names: list[str] = []
        self._known: set[str] = set()
        self._shown: dict[str, str] = {}  # names, each as it is shown
        self._paths = [""]  # of the open elements
        self._inside: list[list[str]] = [[]]  # of each, all texts in it
        self._has_text = [False]  # of each, whether it has text of its own
        self._size = 0  # characters since texts were last let go

    def refuse(self, *_parts: object) -> None:
        """An entity is defined, or is one that is defined elsewhere."""
        raise _RefusedError(_("it has entities of its own, which are not expanded"))

    def begin(self, name: str, attributes: dict[str, str]) -> None:
        """An element begins."""
        if len(self._paths) > _MOST_LEVELS:
            raise _RefusedError(too_many_levels(_MOST_LEVELS))
        self._paths.append(self._path("", name))
        self._inside.append([])
        self._has_text.append(False)
        for key, value in attributes.items():
            self._put(self._path("@", key), value)

    def add(self, text: str) -> None:
        """Text of the innermost element."""
        self._inside[-1].append(text)
        self._has_text[-1] = self._has_text[-1] or not text.isspace()
        self._size += len(text)
        if self._size > _MOST_CHARACTERS:
            self._size = 0
            for path, inside in zip(self._paths, self._inside, strict=True):
                held = "".join(inside)
                if len(held) > _MOST_CHARACTERS >> 4:
                    self._put(path, held)
                    held = held[-_OVERLAP:]
                inside[:] = [held]

    def end(self, _name: str) -> None:
        """An element ends."""
        path, inside = self._paths.pop(), self._inside.pop()
        if self._has_text.pop():
            text = "".join(inside)
            self._put(path, text)
            if len(self._inside[-1]) < _MOST_TEXTS:
                self._inside[-1].append(text)

    def _path(self, mark: str, name: str) -> str:
        name = name.rpartition("}")[2]
        shown = self._shown.get(name)
        if shown is None:
            if len(self._shown) >= _MOST_PATHS:
                self._look_at(name)
                return WITHHELD
            shown = self._shown[name] = shown_name(name)
            if not may_be_shown(name):
                self._look_at(name)
        path = f"{self._paths[-1]}/{mark}{shown}".removeprefix("/")
        if path not in self._known:
            if len(self._known) >= _MOST_PATHS:
                return WITHHELD
            self._known.add(path)
        return path

    def _look_at(self, name: str) -> None:
        self._names.append(name)
        self.count += 1
        self.characters += len(name)

    def _put(self, path: str, text: str) -> None:
        if text and not text.isspace():
            self._columns.setdefault(path, []).append(text)
            self.count += 1
            self.characters += len(text)

    def piece(self) -> Iterator[tuple[str, list[str], bool]]:
        """What was read since the last piece."""
        for path, texts in self._columns.items():
            yield path, texts, False
        if self._names:
            yield "", self._names, True
        self._columns, self._names, self.count, self.characters = {}, [], 0, 0
