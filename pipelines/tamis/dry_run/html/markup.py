"""What all pages have in common: texts made safe to look at, templates that escape, one style."""

import base64
import hashlib
import re
import unicodedata
from importlib.resources import files
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

_HIDDEN = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}


def visible(text: str) -> str:
    r"""`text` with the characters that have no shape of their own spelled out; lines stay lines.

    A name must not turn the direction of the text around it, nor hide a part of itself.

    Example:
        >>> visible("nom\u202e\x00")
        'nom[U+202E][U+0000]'
    """
    if text.isascii() and text.isprintable():
        return text
    return "".join(
        f"[U+{ord(character):04X}]"
        if unicodedata.category(character) in _HIDDEN and character not in "\n\t"
        else character
        for character in text
    )


def environment(package: str, **options: Any) -> Environment:
    """The templates of a package, which escape every text and refuse what they are not given."""
    return Environment(
        loader=PackageLoader(package),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        **options,
    )


def style_sheet() -> dict[str, str]:
    """The style of a page, and the policy by which a browser loads and runs nothing else."""
    style = (files(__package__) / "templates" / "page.css").read_text(encoding="utf-8")
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    return {
        "style": Markup(style),  # noqa: S704  A file of this package.
        "security": f"default-src 'none'; style-src 'sha256-{digest}'; "
        "base-uri 'none'; form-action 'none'",
    }


def code(name: str) -> Markup:
    """A name of the documents or of the input, in a direction of its own.

    It may break after the characters that part its words.

    Example:
        >>> print(code("date_naissance"))
        <code dir="auto">date_<wbr>naissance</code>
    """
    parts = re.split(r"(?<=[._/@-])(?=[^._/@-])", name)
    return Markup('<code dir="auto">{}</code>').format(Markup("<wbr>").join(parts))
