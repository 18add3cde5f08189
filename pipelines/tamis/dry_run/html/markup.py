"""Text that documents and inputs hold, made safe to look at."""

import re
import unicodedata

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


def code(name: str) -> Markup:
    """A name of the documents or of the input, in a direction of its own.

    It may break after the characters that part its words.

    Example:
        >>> print(code("date_naissance"))
        <code dir="auto">date_<wbr>naissance</code>
    """
    parts = re.split(r"(?<=[._/@-])(?=[^._/@-])", name)
    return Markup('<code dir="auto">{}</code>').format(Markup("<wbr>").join(parts))
