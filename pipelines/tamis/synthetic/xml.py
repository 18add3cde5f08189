"""Synthetic records as an XML file, each field where its schema reads it."""

import datetime
from collections.abc import Iterable, Iterator, Mapping
from itertools import chain, islice
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape, quoteattr

from tamis.documents.feed_format import XmlOptions
from tamis.documents.schema import FieldSpec, Schema
from tamis.documents.xpaths import ITSELF, XmlPath
from tamis.synthetic.records import Record


class _Element:
    """An element that is being written: attributes, text, and elements by name in their order."""

    def __init__(self) -> None:
        self.attributes: dict[str, str] = {}
        self.text = ""
        self.inside: dict[str, Iterable[_Element]] = {}

    def at(self, steps: Iterable[str]) -> "_Element":
        """The first element at a path, made where there is none."""
        element = self
        for name in steps:
            element = next(iter(element.inside.setdefault(name, [_Element()])))
        return element

    def lines(self, name: str, spaces: Mapping[str, str]) -> Iterator[str]:
        """The element as XML."""
        uri, _mark, local = name.removeprefix("{").rpartition("}")
        own = f"{spaces[uri]}:{local}" if spaces.get(uri) else local
        attributes = "".join(f" {key}={quoteattr(text)}" for key, text in self.attributes.items())
        yield f"<{own}{attributes}>{escape(self.text)}"
        for inner, elements in self.inside.items():
            for element in elements:
                yield from element.lines(inner, spaces)
        yield f"</{own}>"


def write_xml(
    records: Iterable[Record], schema: Schema, path: Path, *, extra: Mapping[str, str] | None = None
) -> None:
    """Write `records` as one XML file.

    What stands around the records is written once, with the values of the first of them.

    Args:
        records: as `make_records` makes them; one at a time is held.
        schema: of XML.
        path: of the file.
        extra: elements of each record that the schema does not name, each with its text.
    """
    options = schema.format.xml
    assert options is not None
    record = options.path(options.record)
    rest = iter(records)
    first = list(islice(rest, 1))
    root = _Element()
    _fill(root, first[0] if first else {}, schema.fields, ITSELF, options, around=True)
    top = root.at(record.steps[:1])

    def elements() -> Iterator[_Element]:
        for values in chain(first, rest):
            element = _Element()
            _fill(element, values, schema.fields, ITSELF, options)
            for name, text in (extra or {}).items():
                element.at(options.path(name).steps).text = text
            yield element

    root.at(record.steps[:-1]).inside[record.steps[-1]] = elements()
    spaces = {uri: prefix for prefix, uri in options.namespaces.items()}
    if options.namespace:
        spaces[options.namespace] = ""
        top.attributes["xmlns"] = options.namespace
    for uri, prefix in spaces.items():
        if prefix:
            top.attributes[f"xmlns:{prefix}"] = uri
    with path.open("w", encoding="utf-8", newline="\n") as stream:
        stream.write('<?xml version="1.0" encoding="UTF-8"?>\n')
        for line in top.lines(record.steps[0], spaces):
            stream.write(line)


def _fill(
    element: _Element,
    values: Mapping[str, Any],
    fields: Mapping[str, FieldSpec],
    base: XmlPath,
    options: XmlOptions,
    *,
    around: bool = False,
) -> None:
    """Write the values of `fields`, which stand below `base`: those around records, or others."""
    record = options.path(options.record)
    for name, spec in fields.items():
        value = values.get(name)
        at = base.inside(options.path(spec.xpath or name)).inside_of(record)
        if value is None or (at.absolute != around and not spec.fields):
            continue
        if spec.fields:
            _fill(element, value, spec.fields, at, options, around=around)
        elif spec.of is None:
            _put(element, at, _text(value))
        else:
            holder = element.at(at.steps[:-1])
            inner = [_Element() for _item in value]
            holder.inside[at.steps[-1]] = inner
            for child, item in zip(inner, value, strict=True):
                if spec.of.fields:
                    _fill(child, item, spec.of.fields, ITSELF, options)
                elif item is not None:
                    _put(child, options.path(spec.of.xpath or "."), _text(item))


def _put(element: _Element, at: XmlPath, text: str) -> None:
    holder = element.at(at.steps)
    if at.attribute is None:
        holder.text = text
    else:
        holder.attributes[at.attribute.rpartition("}")[2]] = text


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, datetime.date | datetime.time):
        return value.isoformat()
    return str(value)
