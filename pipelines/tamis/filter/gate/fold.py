"""One text to one byte a character: escapes resolved, digits of any script ASCII, accents gone."""

import html
import quopri
import re
import unicodedata
from collections.abc import Iterator
from contextlib import suppress
from typing import Final
from urllib.parse import unquote

from tamis.filter.gate.labels import names_nir
from tamis.filter.gate.numbers import MARK, STOP

_REDACTED = "[NIR]"  # what the redactor leaves in a NIR's place
_ESCAPE = re.compile(r"\\(?:u([0-9a-fA-F]{4})|x([0-9a-fA-F]{2})|(/)|[nrtvf])")
_QUOTED_PRINTABLE = re.compile(r"=C[23]=[89AB][0-9A-F]|[0-9]=(?:\r?\n|[23A][0-9A-F])")
_MANGLED = re.compile("[ÂÃ][^\x00-\x7fÀ-ÿ]")  # UTF-8 that was read as Windows-1252
_MARKUP = re.compile(r"<[!?/A-Za-z][^<>]*>")
_DIGITS_OF_NIR: Final = 12  # in a tag, with which it is not skipped
_SCIENTIFIC = re.compile(r"(?<![0-9])([1-8])[.,]([0-9]{9,14})[eE]\+?1([24])(?![0-9])")
_BLANKS = re.compile(" {4,}")
_GAP = r"[^0-9A-Za-z\xfe\xff]"
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
_LIKE_LATIN = dict(  # letters of other scripts that look like Latin ones
    zip(
        "АВЕЅІЈКМНОРСТУХаеѕіјорсухһӏΑΒΕΖΗΙΚΜΝΟΡΤΥΧανιορɪɴʀꜱᴇᴄᴜıℹ",
        "ABESIJKMHOPCTYXaesijopcyxhlABEZHIKMNOPTYXaviopinrsecuii",
        strict=True,
    )
)
_FILLERS = "\u115f\u1160\u3164\uffa0"  # letters that nobody sees


class _Fold(dict[int, str]):
    """One character to a digit or letter of ASCII, a sign of Latin-1, a blank, or nothing."""

    def __missing__(self, code: int) -> str:
        char = chr(code)
        digit = unicodedata.decimal(char, None)  # no superscript: it is a note's
        category = unicodedata.category(char)
        base = unicodedata.normalize("NFKD", char)[0]
        if digit is not None:
            folded = str(digit)
        elif category in ("Cf", "Mn") or char in _FILLERS or char == "\0":
            folded = ""
        elif category == "Zs" or char == "\ufffd":
            folded = " "
        elif char in "\r\n\u2028\u2029":
            folded = "\n"
        elif category == "Pd" or char == "\u2212":
            folded = "-"
        elif char in "º’":
            folded = "°" if char == "º" else "'"
        elif category == "Sc":
            folded = chr(STOP)
        elif char < "\xc0" and char not in "ªµ":
            folded = char
        elif base in _LIKE_LATIN or (base < "\x80" and not base.isdigit()):
            folded = _LIKE_LATIN.get(base, base)
        else:
            folded = chr(STOP) if category[0] == "L" else "·"
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
    return _fold(_unescape(text))


def readings(text: str) -> Iterator[str]:
    """The folded text, and what else it may be taken for.

    Once as quoted-printable; once without those tags that name a NIR, which the first reading keeps
    as labels; and each of these with letters corrected that may be misread digits.
    """
    texts = [_unescape(text)]
    if "=" in text and _QUOTED_PRINTABLE.search(text):
        quoted = quopri.decodestring(text.encode(errors="replace"))
        texts.append(_unescape(quoted.decode(errors="replace")))
    for plain in [_MARKUP.sub(" ", text) for text in texts if "<" in text]:
        texts += [plain] if plain not in texts else []
    for folded in map(_fold, texts):
        yield folded
        if _MISREAD.search(folded):
            corrected = _LIKE_DIGITS.sub(_correct, folded)
            if corrected != folded:
                yield corrected


def _fold(text: str) -> str:
    folded = _in_latin(text).replace(_REDACTED, chr(MARK))
    if "    " in folded:
        folded = _BLANKS.sub("   ", folded)
    lower = folded.lower()
    if any(power in lower for power in _POWERS):
        folded = _SCIENTIFIC.sub(lambda m: (m[1] + m[2]).ljust(11 + int(m[3]), "0"), folded)
    if "cle" in lower or "key" in lower:
        folded = _NAMED_KEY.sub(" ", folded)
    return folded


def _in_latin(text: str) -> str:
    return _ODD.sub(lambda m: _FOLD[ord(m[0])], text)


def _unescape(text: str) -> str:
    """The text without escapes, and without markup that neither names a NIR nor holds one."""
    if "Â" in text or "Ã" in text:
        text = _MANGLED.sub(_decoded, text)
    for _ in range(2):  # an escape may stand within another
        if "\\" in text:
            text = _ESCAPE.sub(_escaped, text)
        if "%" in text:
            text = unquote(text, errors="replace")
        if "&" in text:
            text = html.unescape(text)
    return _MARKUP.sub(_skipped, text) if "<" in text else text


def _escaped(match: re.Match[str]) -> str:
    code = match[1] or match[2]
    return chr(int(code, 16)) if code else match[3] or " "


def _decoded(match: re.Match[str]) -> str:
    for encoding in ("cp1252", "latin-1"):
        with suppress(UnicodeError):
            return match[0].encode(encoding).decode()
    return match[0]


def _skipped(match: re.Match[str]) -> str:
    markup = match[0]
    if len(markup) < 5:
        return " "
    holds = sum(map(str.isdigit, markup)) >= _DIGITS_OF_NIR
    return markup if holds or names_nir(_in_latin(markup)) else " "


def _correct(match: re.Match[str]) -> str:
    run = match[0]
    digits = sum(map(str.isdigit, run))
    letters = sum(map(str.isalpha, run))
    return run.translate(_FROM_LIKE_DIGITS) if digits + letters >= 13 and letters <= 4 else run
