"""Where a field of an XML record stands: paths of names, a part of XPath that a reader can follow.

    nomNaissance                        the text of a child of the record
    identificationTitulaire/titulaire/nomNaissance
    modalites/@acces                    an attribute
    .                                   the text of the element itself: of a list of plain values
    /flux/emetteur/idClient             from the root: an element around the records, once for all

A name without prefix is in the namespace that the schema's format says; `p:name` in that of its
prefix. Names are compared with their namespace, never by the prefix that a file happens to use.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from tamis.language import _

_NAME = r"(?:[^\W\d][\w.-]*:)?[^\W\d][\w.-]*"
_PATH = re.compile(rf"/?(?:{_NAME}/)*(?:{_NAME}|@{_NAME})|\.")


@dataclass(frozen=True)
class XmlPath:
    """A path, in the order of its elements.

    Attributes:
        absolute: whether it begins at the root.
        steps: names of elements, as `{namespace}name`, or plain where there is no namespace.
        attribute: the name of an attribute of the last element, or None.
    """

    absolute: bool
    steps: tuple[str, ...]
    attribute: str | None = None

    def inside(self, inner: "XmlPath") -> "XmlPath":
        """Where `inner` stands, read from the element at this path; itself where it is absolute.

        Example:
            >>> parse_path("titulaire").inside(parse_path("naissance/@pays")).steps
            ('titulaire', 'naissance')
        """
        if inner.absolute:
            return inner
        return XmlPath(self.absolute, (*self.steps, *inner.steps), inner.attribute)

    def inside_of(self, record: "XmlPath") -> "XmlPath":
        """This path read from `record`, if it leads through it; else itself."""
        length = len(record.steps)
        if not self.absolute or self.steps[:length] != record.steps:
            return self
        return XmlPath(False, self.steps[length:], self.attribute)


ITSELF = XmlPath(False, ())
"""The path of the element that is read from."""


def parse_path(
    text: str, namespace: str = "", namespaces: Mapping[str, str] | None = None
) -> XmlPath:
    """The path that `text` writes.

    Args:
        text: of the path.
        namespace: of names of elements without prefix.
        namespaces: by prefix.

    Raises:
        ValueError: it is no such path, or a prefix has no namespace.

    Example:
        >>> parse_path("/flux/action", "urn:x").steps
        ('{urn:x}flux', '{urn:x}action')
        >>> parse_path("modalites/@acces")
        XmlPath(absolute=False, steps=('modalites',), attribute='acces')
    """
    if not is_path(text):
        raise ValueError(
            _(
                "`{path}` is no path of names, such as `titulaire/nom`, `@type`, `.` or "
                "`/flux/action`",
                path=text,
            )
        )
    if text == ".":
        return ITSELF
    *steps, last = text.removeprefix("/").split("/")
    attribute = None
    if last.startswith("@"):
        attribute = _qualified(last[1:], "", namespaces or {})
    else:
        steps.append(last)
    return XmlPath(
        text.startswith("/"),
        tuple(_qualified(step, namespace, namespaces or {}) for step in steps),
        attribute,
    )


def is_path(text: str) -> bool:
    """Whether `text` is a path of names.

    Example:
        >>> is_path("titulaire/nom"), is_path("titulaire//nom")
        (True, False)
    """
    return _PATH.fullmatch(text) is not None


def _qualified(name: str, namespace: str, namespaces: Mapping[str, str]) -> str:
    prefix, colon, local = name.rpartition(":")
    if colon and prefix not in namespaces:
        raise ValueError(_("prefix `{prefix}` has no namespace in `namespaces`", prefix=prefix))
    uri = namespaces[prefix] if colon else namespace
    return f"{{{uri}}}{local}" if uri else local


def last_name(text: str) -> str:
    """The last name of a path, without prefix; empty for `.`.

    Example:
        >>> last_name("titulaire/c:nomNaissance"), last_name("modalites/@acces"), last_name(".")
        ('nomNaissance', 'acces', '')
    """
    return text.rpartition("/")[2].removeprefix("@").rpartition(":")[2].strip(".")
