"""The sample of an XML file: which element is a record, and what stands in it and around it."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, BinaryIO, Final
from xml.parsers import expat

from tamis.documents.xpaths import last_name
from tamis.draft.fields import DraftField, FeedSample, add_values, leaf, leave_out_empty_lists
from tamis.errors import InputError
from tamis.filter.drift import RECORDS_TO_SHOW
from tamis.formats.xml.tags import TagBound, too_long_a_tag
from tamis.formats.xml.texts import dtd_is_not_read, too_many_levels, why_unreadable
from tamis.language import _

_BYTES: Final = 16 << 20
_BLOCK: Final = 1 << 20
_MOST_LEVELS: Final = 64
_MOST_ELEMENTS: Final = 1_000_000


@dataclass
class _Element:
    """An element, its attributes as elements called `@name`."""

    name: str
    namespace: str
    text: list[str] = field(default_factory=list)
    inside: "list[_Element]" = field(default_factory=list)

    def value(self, seen: "_Seen", path: str) -> Any:
        """The text, or a dict by name with the text as `.`; a list where several stand there."""
        text = "".join(self.text).strip() or None
        if not self.inside and path not in seen.nested:
            return text
        values: dict[str, Any] = {".": text} if path in seen.with_text else {}
        for child in self.inside:
            below = f"{path}/{child.name}"
            value = child.value(seen, below)
            if below in seen.repeated:
                values.setdefault(child.name, []).append(value)
            else:
                values[child.name] = value
        return values


def sample_xml(stream: BinaryIO, rows: int) -> FeedSample:
    """The fields of the records in the first 16 MiB of a file, at most `rows` of them.

    The record is the element of which there are most, weighed by how much stands in it.

    Raises:
        InputError: it is not well formed, has a DTD or no element that could be a record, or is
            nested too deep or too much for a draft.
    """
    start = stream.read(_BYTES + 1)
    whole = len(start) <= _BYTES
    root = _parse(start[:_BYTES], whole)
    path = _record_path(root)
    if not path:
        problem = _("no element in its first {limit} MiB can be a record", limit=_BYTES >> 20)
        raise InputError("", problem)
    around: dict[str, str] = {}
    records = list(_records(root, path.split("/")[1:], "", around))[:rows]
    seen = _look(records)
    sample = FeedSample([], rows=len(records), whole=whole)
    top = DraftField("", "struct")
    add_values(top, [record.value(seen, "") for record in records])
    leave_out_empty_lists(top)
    for name, text in around.items():
        node = leaf(name)
        add_values(node, [text] * len(records))
        sample.fields.append(node)
    sample.fields += top.inner
    _show(sample.fields)
    sample.written["record"] = path
    if records and records[0].namespace:
        sample.written["namespace"] = f'"{records[0].namespace}"'
    sample.notes.append(
        _("the element `{record}` is taken for a record: the one that tells most", record=path)
    )
    return sample


def _parse(start: bytes, whole: bool) -> _Element:
    """The tree of what `start` holds; elements that do not end in it are as far as they go."""
    document = _Element("", "")
    open_, count = [document], 0

    def begin(name: str, attributes: dict[str, str]) -> None:
        nonlocal count
        count += 1 + len(attributes)
        if len(open_) > _MOST_LEVELS:
            raise InputError("", too_many_levels(_MOST_LEVELS))
        if count > _MOST_ELEMENTS:
            problem = _(
                "more than {most:,} elements and attributes stand in its first {limit} MiB",
                most=_MOST_ELEMENTS,
                limit=_BYTES >> 20,
            )
            raise InputError("", problem)
        namespace, _mark, local = name.rpartition("}")
        element = _Element(local, namespace)
        for key, value in attributes.items():
            uri, _mark, local = key.rpartition("}")
            if not uri:
                element.inside.append(_Element(f"@{local}", "", [value]))
        open_[-1].inside.append(element)
        open_.append(element)

    def refuse(*_parts: object) -> None:
        raise InputError("", dtd_is_not_read())

    tags = TagBound()
    if any(tags.is_passed(start[at : at + _BLOCK]) for at in range(0, len(start), _BLOCK)):
        raise InputError("", too_long_a_tag())
    parser = expat.ParserCreate(namespace_separator="}")
    parser.StartElementHandler = begin
    parser.EndElementHandler = lambda _name: open_.pop()
    parser.CharacterDataHandler = lambda text: open_[-1].text.append(text)
    parser.StartDoctypeDeclHandler = refuse
    try:
        parser.Parse(start, whole)
    except (expat.ExpatError, LookupError, ValueError):
        raise InputError("", why_unreadable(parser)) from None
    return document


def _record_path(document: _Element) -> str:
    """The path of the element that is most likely a record."""
    counts: Counter[str] = Counter()
    inside: dict[str, set[str]] = {}

    def walk(element: _Element, path: str, above: tuple[str, ...]) -> None:
        for child in element.inside:
            below = f"{path}/{child.name}"
            if child.inside:
                counts[below] += 1
                walk(child, below, (*above, below))
            else:
                for outer in above:
                    inside.setdefault(outer, set()).add(below)

    walk(document, "", ())
    return max(
        counts, key=lambda path: (counts[path] * len(inside.get(path, ())), path), default=""
    )


def _records(
    element: _Element, names: list[str], path: str, around: dict[str, str]
) -> Iterator[_Element]:
    """The elements at the path `names`; the texts of leaves around them, by path, are noted."""
    for child in element.inside:
        below = f"{path}/{child.name}"
        if child.name != names[0]:
            if not child.inside and path:
                around.setdefault(below, "".join(child.text).strip())
        elif len(names) == 1:
            yield child
        else:
            yield from _records(child, names[1:], below, around)


@dataclass
class _Seen:
    """What elements of records are like, by their paths.

    Attributes:
        repeated: paths of those that stand more than once in one.
        nested: of those that have attributes, or others in them.
        with_text: of those of them that have a text too.
    """

    repeated: set[str] = field(default_factory=set)
    nested: set[str] = field(default_factory=set)
    with_text: set[str] = field(default_factory=set)


def _look(records: list[_Element]) -> _Seen:
    seen = _Seen(nested={""})
    texts: set[str] = set()

    def walk(element: _Element, path: str) -> None:
        for name, count in Counter(child.name for child in element.inside).items():
            if count > 1:
                seen.repeated.add(f"{path}/{name}")
        if element.inside:
            seen.nested.add(path)
        if "".join(element.text).strip():
            texts.add(path)
        for child in element.inside:
            walk(child, f"{path}/{child.name}")

    for record in records:
        walk(record, "")
    seen.with_text = texts & seen.nested
    return seen


def _show(fields: list[DraftField]) -> None:
    """Take the names of elements for names, however many records have them."""
    for node in fields:
        node.records = max(node.records, RECORDS_TO_SHOW)
        _show(node.inner)


def field_name(path: str) -> str:
    """What a field is called that is read from `path`.

    Example:
        >>> field_name("/flux/emetteur/idClient"), field_name("@type"), field_name(".")
        ('idClient', 'type', 'texte')
    """
    return "texte" if path == "." else last_name(path) or path
