"""One text to one byte a character: escapes resolved, digits of any script ASCII, accents gone."""

import html
import re
import unicodedata
from collections.abc import Iterator
from typing import Final
from urllib.parse import unquote

from tamis.filter.gate.numbers import MARK

_REDACTED = "[NIR]"  # what the redactor leaves in a NIR's place
_ESCAPE = re.compile(r"\\(?:u([0-9a-fA-F]{4})|x([0-9a-fA-F]{2})|[nrt])")
_TAG = re.compile(
    r"</?(?:br|wbr|nobr|b|i|u|em|strong|span|font|su[bp]|small|div|p|t[dhr]|li)\b[^<>]{0,40}>",
    re.IGNORECASE,
)
_SCIENTIFIC = re.compile(r"(?<![0-9])([1-8])[.,]([0-9]{9,14})[eE]\+?1([24])(?![0-9])")
_BLANKS = re.compile(" {4,}")
_GAP = r"[^0-9A-Za-z\xff]"
_NAMED_KEY = re.compile(
    rf"(?<=[0-9]){_GAP}{{0,6}}(?:(?:et|avec) (?:la )?)?(?:cle|key)\w{{0,12}}"
    rf"(?: de controle| n)?{_GAP}{{0,6}}(?=[0-9]{{2}}(?![0-9]))",
    re.IGNORECASE | re.ASCII,
)
_POWERS = ("e+12", "e+14", "e12", "e14")
_LIKE_DIGITS = re.compile(
    r"(?<![0-9A-Za-z])[0-9OolISB]+(?:[\s.\-/_]{1,2}(?!l')[0-9OolISB]+)*(?![0-9A-Za-z])", re.ASCII
)
_MISREAD = re.compile(r"[OolISB](?<![A-Za-z].)(?![AC-HJ-NP-RT-Za-km-np-z'])")
_FROM_LIKE_DIGITS = str.maketrans("OolISB", "001158")


class _Fold(dict[int, str]):
    """One character to a digit or letter of ASCII, a sign of Latin-1, a blank, or nothing."""

    def __missing__(self, code: int) -> str:
        char = chr(code)
        digit = unicodedata.decimal(char, None)  # no superscript: it is a note's
        category = unicodedata.category(char)
        base = unicodedata.normalize("NFD", char)[0]
        if digit is not None:
            folded = str(digit)
        elif category in ("Cf", "Mn") or char == "\0":
            folded = ""
        elif category == "Zs" or char == "\ufffd":
            folded = " "
        elif char in "\r\n\u2028\u2029":
            folded = "\n"
        elif category == "Pd" or char == "\u2212":
            folded = "-"
        elif char in "º’":
            folded = "°" if char == "º" else "'"
        elif base < "\x80":
            folded = base
        else:
            folded = char if char < "\xc0" and char not in "ªµ" else "·"
        self[code] = folded
        return folded


_FOLD: Final = _Fold()
_ODD = re.compile(r"[^ -~]")


def fold(text: str) -> str:
    """The text in characters of Latin-1, none of them a letter with an accent.

    Example:
        >>> fold("N°&nbsp;Sécu\u202f: １.55E+2, [NIR]")
        'N° Secu : 1.55E+2, ÿ'
    """
    folded = _ODD.sub(lambda m: _FOLD[ord(m[0])], _unescape(text)).replace(_REDACTED, chr(MARK))
    if "    " in folded:
        folded = _BLANKS.sub("   ", folded)
    lower = folded.lower()
    if any(power in lower for power in _POWERS):
        folded = _SCIENTIFIC.sub(lambda m: (m[1] + m[2]).ljust(11 + int(m[3]), "0"), folded)
    if "cle" in lower or "key" in lower:
        folded = _NAMED_KEY.sub(" ", folded)
    return folded


def readings(text: str) -> Iterator[str]:
    """The folded text, and the same with letters corrected that may be misread digits."""
    folded = fold(text)
    yield folded
    if _MISREAD.search(folded):
        corrected = _LIKE_DIGITS.sub(_correct, folded)
        if corrected != folded:
            yield corrected


def _unescape(text: str) -> str:
    for _ in range(2):  # an escape may stand within another
        if "\\" in text:
            text = _ESCAPE.sub(lambda m: chr(int(m[1] or m[2], 16)) if m[1] or m[2] else " ", text)
        if "%" in text:
            text = unquote(text, errors="replace")
        if "&" in text:
            text = html.unescape(text)
        if "<" in text:
            text = _TAG.sub(" ", text)
    return text


def _correct(match: re.Match[str]) -> str:
    run = match[0]
    digits = sum(map(str.isdigit, run))
    letters = sum(map(str.isalpha, run))
    return run.translate(_FROM_LIKE_DIGITS) if digits + letters >= 13 and letters <= 4 else run
