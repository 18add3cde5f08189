"""HTML that cannot be broken by what it shows: every string is escaped unless it is `Markup`."""

import re
import unicodedata
from collections.abc import Iterable
from html import escape


class Markup(str):
    """HTML made by `tag`, `raw` or `join`; any other string is text."""

    __slots__ = ()


Node = str | None | Iterable["Node"]
Attribute = str | int | float | bool | None

_HIDDEN = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}
_VOID = {"meta", "rect", "path", "line", "circle"}


def visible(text: str) -> str:
    r"""`text` with the characters that have no shape of their own spelled out.

    A name must not turn the direction of the text around it, nor hide a part of itself.

    Example:
        >>> visible("nom\u202e\x00")
        'nom[U+202E][U+0000]'
    """
    if text.isascii() and text.isprintable():
        return text
    return "".join(
        " "
        if character in "\n\t"
        else f"[U+{ord(character):04X}]"
        if unicodedata.category(character) in _HIDDEN
        else character
        for character in text
    )


def text(value: str) -> Markup:
    """`value` as text, escaped for elements and for quoted attributes.

    Example:
        >>> text("<b>")
        '&lt;b&gt;'
    """
    return Markup(escape(visible(value), quote=True))


def join(*nodes: Node) -> Markup:
    """Nodes one after the other; None is nothing."""
    return Markup("".join(_render(node) for node in nodes))


def tag(kind: str, /, *children: Node, **attributes: Attribute) -> Markup:
    """An element.

    Args:
        kind: of the element.
        children: `Markup` as it is, other strings escaped, None left out.
        attributes: `class_` is `class`, other `_` are `-`; None and False are left out, True has
            no value.

    Example:
        >>> tag("p", "a < b", class_="note", title='"')
        '<p class="note" title="&quot;">a &lt; b</p>'
    """
    opened = kind
    for key, value in attributes.items():
        if value is None or value is False:
            continue
        opened += " " + key.rstrip("_").replace("_", "-")
        if value is not True:
            opened += f'="{text(str(value))}"'
    if kind in _VOID and not children:
        return Markup(f"<{opened}>" if kind == "meta" else f"<{opened}/>")
    return Markup(f"<{opened}>{join(*children)}</{kind}>")


def code(name: str, **attributes: Attribute) -> Markup:
    """A name of the documents or of the input, in a direction of its own.

    It may break after the characters that part its words.

    Example:
        >>> code("date_naissance")
        '<code dir="auto">date_<wbr>naissance</code>'
    """
    parts = re.split(r"(?<=[._/@-])(?=[^._/@-])", name)
    broken = (join(Markup("<wbr>") if index else None, part) for index, part in enumerate(parts))
    return tag("code", broken, dir="auto", **attributes)


def _render(node: Node) -> str:
    if node is None:
        return ""
    if isinstance(node, Markup):
        return node
    if isinstance(node, str):
        return text(node)
    return "".join(_render(child) for child in node)
