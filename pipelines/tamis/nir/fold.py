"""Folding: text in any script is reduced to the few characters that the NIR's patterns know.

One character becomes one character: every decimal digit an ASCII digit, every space a space, every
dash a hyphen, every letter its ASCII base. Invisible characters and combining marks are left out,
escapes (`&nbsp;`, `%20`, `\\u00a0`, `<br>`) become the character that they stand for. Where the
length changes, the result holds each character's place in the text as given.
"""

import html
import re
import unicodedata
from typing import NamedTuple

_INVISIBLE = "\x00"
_ONE_TO_ONE = {
    **dict.fromkeys("·•‧∙⋅․・", "."),
    **dict.fromkeys("⁄∕", "/"),
    **dict.fromkeys("−⁃", "-"),
    **dict.fromkeys("’‘ʼ", "'"),
    **dict.fromkeys("\x85\u2028\u2029\v\f", "\n"),
    "º": "°",
}
_MISREAD_LETTERS = frozenset("GIOQSZgiloqsz")  # OCR reads digits as these, but never as é or ô
_ATTRIBUTES = r"[^<>0-9]{0,60}(?:[0-9]{1,4}[^<>0-9]{1,60}){0,2}"  # too few digits for a NIR
_INLINE_TAGS = (
    r"</?(?i:b|i|u|em|strong|span|wbr|nobr|font|small|code|sub|sup)\b" + _ATTRIBUTES + ">"
)
_BLOCK_TAG = (
    r"</?(?i:td|th|tr|table|tbody|p|div|li|ul|ol|dl|dd|dt|cell|row|col)\b" + _ATTRIBUTES + ">"
)
_ESCAPE = re.compile(
    r"&(?:amp;)?#(?P<decimal>[0-9]{1,7});?"
    r"|&(?:amp;)?#[xX](?P<hexadecimal>[0-9A-Fa-f]{1,6});?"
    r"|&(?:amp;)?(?P<name>[A-Za-z]{2,31});"
    r"|%25(?P<twice>[2-3][0-9A-Fa-f]|C2%25A0|E2%2580%25AF)"
    r"|(?P<percent>%[0-7][0-9A-Fa-f]|%[CDcd][0-9A-Fa-f]%[89ABab][0-9A-Fa-f]"
    r"|%[Ee][0-9A-Fa-f](?:%[89ABab][0-9A-Fa-f]){2}|%[Ff][0-7](?:%[89ABab][0-9A-Fa-f]){3})"
    r"|\\{1,2}u(?P<high>[Dd][89ABab][0-9A-Fa-f]{2})\\{1,2}u(?P<low>[Dd][C-Fc-f][0-9A-Fa-f]{2})"
    r"|\\{1,2}u(?P<four>[0-9A-Fa-f]{4})|\\U(?P<eight>000[0-9A-Fa-f]{5}|0010[0-9A-Fa-f]{4})"
    r"|\\{1,2}x(?P<two>[0-9A-Fa-f]{2})"
    r"|(?P<control>\\{1,2}[tnr])"
    r"|(?P<break><(?i:br)[ ]?/?>)"
    rf"|(?P<tag>{_INLINE_TAGS})"
    rf"|(?P<block>{_BLOCK_TAG}(?:[ \t\r\n]{{0,20}}{_BLOCK_TAG})*[ \t\r\n]{{0,20}})"
)
_MAY_ESCAPE = re.compile(r"[&%\\<]")


class Folded(NamedTuple):
    """Folded text, and for each of its characters where it stands in the text as given.

    Attributes:
        text: what the rules read.
        starts: where each character's source begins, or None where nothing moved.
        ends: where it ends, or None.
    """

    text: str
    starts: list[int] | None
    ends: list[int] | None

    def span(self, start: int, end: int) -> tuple[int, int]:
        """The span in the text as given of the folded characters from `start` to `end`."""
        if self.starts is None or self.ends is None:
            return start, end
        return self.starts[start], self.ends[end - 1]


class _FoldTable(dict[int, str]):
    """What each code point folds to, computed when the code point first occurs."""

    def __missing__(self, code: int) -> str:
        folded = self[code] = _fold_character(chr(code))
        return folded


def fold(text: str) -> Folded:
    """Fold `text`.

    Returns:
        The folded text, at most as long as `text`, with the places of its characters.

    Example:
        >>> fold("１２ – é").text
        '12 - e'
        >>> folded = fold("1&nbsp;55")
        >>> folded.text, folded.span(1, 3)
        ('1 55', (1, 8))
    """
    if _MAY_ESCAPE.search(text) and _ESCAPE.search(text):
        return _unescape(text)
    folded = text if text.isascii() else text.translate(_TABLE)
    if _INVISIBLE not in folded:
        return Folded(folded, None, None)
    kept = [index for index, character in enumerate(folded) if character != _INVISIBLE]
    return Folded("".join([folded[index] for index in kept]), kept, [index + 1 for index in kept])


def _fold_character(character: str) -> str:
    if character in _ONE_TO_ONE:
        return _ONE_TO_ONE[character]
    if "！" <= character <= "～":
        plain = chr(ord(character) - 0xFEE0)
        return character if plain in _MISREAD_LETTERS else plain
    category = unicodedata.category(character)
    if category == "Nd":
        return str(unicodedata.digit(character))
    if category == "Zs":
        return " "
    if category == "Pd":
        return "-"
    if category in ("Cf", "Mn", "Me"):
        return _INVISIBLE
    if category[0] == "L":
        base = unicodedata.normalize("NFD", character)[0]
        return base if base.isascii() and base not in _MISREAD_LETTERS else character
    return character


def _unescape(text: str) -> Folded:
    characters: list[str] = []
    starts: list[int] = []
    ends: list[int] = []

    def add(piece: str, start: int, width: int) -> None:
        for offset, character in enumerate(piece.translate(_TABLE)):
            if character != _INVISIBLE:
                characters.append(character)
                starts.append(start + (offset if width == 0 else 0))
                ends.append(start + (offset + 1 if width == 0 else width))

    done = 0
    for match in _ESCAPE.finditer(text):
        meaning = _meaning(match)
        if meaning is None:
            continue
        add(text[done : match.start()], done, 0)
        add(meaning, match.start(), match.end() - match.start())
        done = match.end()
    add(text[done:], done, 0)
    return Folded("".join(characters), starts, ends)


def _meaning(match: re.Match[str]) -> str | None:
    """The character that an escape stands for; None where it stands for none, or for several."""
    kind = match.lastgroup
    value = match[kind] if kind else ""
    if kind in ("decimal", "hexadecimal", "four", "two", "eight"):
        code = int(value, 10 if kind == "decimal" else 16)
        return chr(code) if code < 0x110000 else None
    if kind == "low":
        return chr(0x10000 + ((int(match["high"], 16) & 0x3FF) << 10) + (int(value, 16) & 0x3FF))
    if kind == "name":
        meaning = html.unescape(f"&{value};")
        return meaning if len(meaning) == 1 else None
    if kind in ("percent", "twice"):
        meaning = bytes.fromhex(value.replace("%25", "").replace("%", "")).decode(
            "utf-8", "replace"
        )
        return meaning if len(meaning) == 1 else None
    return {"control": " ", "break": "\n", "block": " ", "tag": _INVISIBLE}[kind or "tag"]


_TABLE = _FoldTable({code: chr(code) for code in range(128)} | {0: _INVISIBLE})
