"""Folding: text in any script is reduced to the few characters that the NIR's patterns know.

One character becomes one character: every decimal digit an ASCII digit, every space a space, every
dash a hyphen, every letter its ASCII base or the ASCII letter that it looks like. Invisible
characters and combining marks are left out. Escapes (`&nbsp;`, `%20`, `\\u00a0`) become the
character that they stand for.

What may stand between two digits of one number, and is no part of it, is decided here and nowhere
else. Most of it becomes one of the signs that `candidate` takes for a gap. Markup may stand between
two groups of digits or within one: tags, comments, emphasis (`**`), marks of quoted lines. A text
that has some beside digits is read twice (`readings`), with a blank in its place, then without.
Where the length changes, the result holds each character's place in the text as given.
"""

import html
import re
import unicodedata
from array import array
from collections.abc import Iterator
from contextlib import suppress
from functools import lru_cache
from itertools import chain
from typing import NamedTuple

import numpy as np

from tamis.arrow.types import Ints
from tamis.nir.label import find_labels

_INVISIBLE = "\x00"
_INVISIBLE_RUN = re.compile(f"{_INVISIBLE}+")
_ONE_TO_ONE = {
    **dict.fromkeys("·•‧∙⋅․・", "."),
    **dict.fromkeys("⁄∕", "/"),
    **dict.fromkeys("−⁃", "-"),
    **dict.fromkeys("’‘ʼ", "'"),
    **dict.fromkeys("│┃¦∣", "|"),
    **dict.fromkeys("\x85\u2028\u2029\v\f", "\n"),
    **dict.fromkeys("\u115f\u1160\u2800\u3164\uffa0", " "),  # blanks by their looks only
    **dict(zip("АВЕІЈКМНОРЅСТХаеоріјѕсхԛ", "ABEIJKMHOPSCTXaeopijscxq", strict=True)),
    **dict(zip("ΑΒΕΖΗΙΚΜΝΟΡΤΥΧοινɴɪʀ", "ABEZHIKMNOPTYXoivNIR", strict=True)),
    "º": "°",
}
_MISREAD_LETTERS = frozenset("GIOQSZgiloqsz")  # OCR reads digits as these, but never as é or ô
_MANY_DIGITS = (  # in a tag: enough for a NIR, written in one of the ways that are read
    r"[^<>]*?\d(?:[^\dA-Za-z<>]{0,4}[\dABabOoQIilSsZzG]){11}|(?=[^<>]*[&%\\])(?:[^<>\d]*\d){12}"
)
_MARKUP = (
    rf"<!\[CDATA\[|\]\]>|<[/!?A-Za-z](?!{_MANY_DIGITS})[^<>]{{0,500}}>"
    r"|\*{2,}|_{2,}|~{2,}|`+|(?<=[0-9ABab])\*(?=[ \t])|(?<=[ \t])\*(?=[0-9])"
    r"|(?<=[\r\n])>(?:[ \t]?>){0,7}"
)
_ESCAPE = re.compile(
    # What each branch may begin with: elsewhere none is tried.
    r"(?=[&%\\<>`~=*_\]|│┃¦∣ÂÃâ]|[ \t]{1,8}[|│┃¦∣])(?:"
    r"&(?:amp;){0,3}#(?P<decimal>[0-9]{1,7});?"
    r"|&(?:amp;){0,3}#[xX](?P<hexadecimal>[0-9A-Fa-f]{1,6});?"
    r"|&(?:amp;){0,3}(?:(?P<name>[A-Za-z]{2,31});|(?P<open>nbsp|shy))"
    r"|%25(?P<twice>[2-3][0-9A-Fa-f]|C2%25A0|E2%2580%25AF)"
    r"|(?P<percent>%[0-7][0-9A-Fa-f]|%[CDcd][0-9A-Fa-f]%[89ABab][0-9A-Fa-f]"
    r"|%[Ee][0-9A-Fa-f](?:%[89ABab][0-9A-Fa-f]){2}|%[Ff][0-7](?:%[89ABab][0-9A-Fa-f]){3})"
    r"|\\{1,2}u(?P<high>[Dd][89ABab][0-9A-Fa-f]{2})\\{1,2}u(?P<low>[Dd][C-Fc-f][0-9A-Fa-f]{2})"
    r"|\\{1,2}u(?P<four>[0-9A-Fa-f]{4})|\\U(?P<eight>000[0-9A-Fa-f]{5}|0010[0-9A-Fa-f]{4})"
    r"|\\{1,2}x(?P<two>[0-9A-Fa-f]{2})"
    r"|(?P<control>\\{1,2}[tnr])"
    r"|(?P<break><(?i:br)[ ]?/?>)"
    rf"|(?P<markup>(?:{_MARKUP})(?:[ \t\r\n]{{0,20}}(?:{_MARKUP})){{0,999}})"
    r"|(?P<bar>(?<![ \t])[ \t]{1,8}[|│┃¦∣][ \t]{0,8}|[|│┃¦∣][ \t]{1,8})"
    r"|(?<=[0-9ABab])(?P<quoted>(?:=(?:20|09|A0|C2=A0|E2=80=[0-9A-F]{2}))+)(?=[0-9ABab])"
    r"|(?P<soft>=\r?\n)"
    r"|(?P<mangled>Â |[ÂÃ][^\x00-\x7fÀ-ÿ]|â[€\x80][^\x00-\x7f]))"
)
_ENDS_DIGIT, _BEGINS_DIGIT = frozenset("ABab;"), frozenset("ABab&%\\ \t\r\n<]*_~`=")
_MOST_INVISIBLE = 8  # characters beside markup
_SIGNS = r"[ .\-_/\n]"
_CORSICA_APART = re.compile(
    rf"(?<![0-9])[1-8]{_SIGNS}{{0,4}}[0-9]{{2}}{_SIGNS}{{0,4}}[0-9]{{2}}{_SIGNS}{{0,4}}2"
    rf"({_SIGNS}{{1,4}})(?=[ABab]{_SIGNS}{{0,4}}[0-9])"
)
_KEY_WORD = re.compile(r"\b(?:cle|key)", re.IGNORECASE)
_TAG_NAME = re.compile(r"<(?:/?(?:\w+:)?([\w.\-]+)|[!?]([^<>]*))")
_PERHAPS_APART = re.compile(rf"2{_SIGNS}{{1,4}}[ABab]{_SIGNS}{{0,4}}[0-9]")
_MOST_MEANINGS = 4096  # that are kept at a time
_SOME_SIGN = re.compile(r"[&%\\<`~ÂÃâ│┃¦∣\v\f*|_=\]\r\n]")
_MAY_ESCAPE = re.compile(
    r"[&%\\<`~ÂÃâ│┃¦∣\v\f]|\*[* \t]|[ \t][*|]|\|[ \t]|__|=[\r\n]|[0-9ABab]=[02ACE]|\]\]>|[\r\n]>"
)


class Folded(NamedTuple):
    """Folded text, and for each of its characters where it stands in the text as given.

    Attributes:
        text: what the rules read.
        starts: where each character's source begins, or None where nothing moved.
        ends: where it ends, or None.
    """

    text: str
    starts: Ints | None
    ends: Ints | None

    def span(self, start: int, end: int) -> tuple[int, int]:
        """The span in the text as given of the folded characters from `start` to `end`."""
        if self.starts is None or self.ends is None:
            return start, end
        return int(self.starts[start]), int(self.ends[end - 1])


class _FoldTable(dict[int, str]):
    """What each code point folds to, computed when the code point first occurs."""

    def __missing__(self, code: int) -> str:
        folded = self[code] = _fold_character(chr(code))
        return folded


def fold(text: str) -> Folded:
    """Fold `text`; markup is a blank.

    Returns:
        The folded text, at most as long as `text`, with the places of its characters.

    Example:
        >>> fold("１２ – é").text
        '12 - e'
        >>> folded = fold("1&nbsp;55")
        >>> folded.text, folded.span(1, 3)
        ('1 55', (1, 8))
    """
    return next(readings(text))


def readings(text: str) -> Iterator[Folded]:
    """The folded text; and the same without markup, where some stands between digits.

    Example:
        >>> [folded.text for folded in readings("1550</b>875 <i>ici</i>")]
        ['1550 875  ici ', '1550875 ici']
    """
    if not (_SOME_SIGN.search(text) and _MAY_ESCAPE.search(text)):
        folded = text if text.isascii() else text.translate(_TABLE)
        if _INVISIBLE not in folded and not _PERHAPS_APART.search(folded):
            yield Folded(folded, None, None)
            return
    reading, parts_digits = _unescape(text, joined=False)
    yield reading
    if parts_digits:
        yield _unescape(text, joined=True)[0]


def _may_be_nothing(plain: str, match: re.Match[str]) -> bool:
    """Whether what is a blank in the first reading stands between digits, or more of it does."""
    if match.lastgroup not in ("markup", "quoted", "soft"):
        return False
    start, end = match.span()
    before = plain[max(0, start - _MOST_INVISIBLE) : start].rstrip(_INVISIBLE)[-1:]
    behind = plain[end : end + _MOST_INVISIBLE].lstrip(_INVISIBLE)[:1]
    return (before.isdecimal() or before in _ENDS_DIGIT) and (
        behind.isdecimal() or behind in _BEGINS_DIGIT
    )


def _fold_character(character: str) -> str:
    if character in _ONE_TO_ONE:
        return _ONE_TO_ONE[character]
    category = unicodedata.category(character)
    if category == "Nd":
        return str(unicodedata.digit(character))
    if category == "Zs":
        return " "
    if category == "Pd":
        return "-"
    if category in ("Cf", "Mn", "Me"):
        return _INVISIBLE
    plain = unicodedata.normalize("NFKD", character)
    base, marked = plain[0], len(plain) > 1
    if "！" <= character <= "～":
        return base
    if category[0] == "L" and base.isascii() and not (marked and base in _MISREAD_LETTERS):
        return base
    return character


def _unescape(text: str, joined: bool) -> tuple[Folded, bool]:
    """A reading, and whether something that is a blank or nothing stands between digits."""
    plain, done, parts_digits = text.translate(_TABLE), 0, False
    meanings: dict[str, str | None] = {}
    pieces: list[str] = []  # what is left as it stands, a meaning, and so on in turns
    places = array("q")
    for match in _ESCAPE.finditer(text):
        parts_digits = parts_digits or _may_be_nothing(plain, match)
        value = match[0]
        if value not in meanings:
            if len(meanings) == _MOST_MEANINGS:
                meanings.clear()
            meaning = _meaning(match, joined)
            meanings[value] = meaning and meaning.translate(_TABLE)
        meaning = meanings[value]
        if meaning is not None:
            start, end = match.span()
            pieces += (plain[done:start], meaning)
            places.extend((done, start))
            done = end
    pieces.append(plain[done:])
    places.append(done)
    folded = "".join(pieces)
    starts = np.arange(len(folded))
    ends = starts + 1
    if done:
        sources, widths = (
            np.frombuffer(places, np.int64),
            np.fromiter(map(len, pieces), np.int64, len(pieces)),
        )
        firsts = np.cumsum(widths) - widths
        starts += np.repeat(sources - firsts, widths)
        np.add(starts, 1, out=ends)
        single = np.flatnonzero(widths[1::2])  # a meaning is one character or none
        ends[firsts[1::2][single]] = sources[2::2][single]
    for pattern, group in ((_INVISIBLE_RUN, 0), (_CORSICA_APART, 1)):
        cuts = [match.span(group) for match in pattern.finditer(folded)]
        if cuts:
            kept = np.ones(len(folded), dtype=bool)
            for first, last in cuts:
                kept[first:last] = False
            edges = [0, *chain.from_iterable(cuts), len(folded)]
            pairs = zip(edges[::2], edges[1::2], strict=True)
            folded = "".join([folded[first:last] for first, last in pairs])
            starts, ends = starts[kept], ends[kept]
    return Folded(folded, starts, ends), parts_digits


def _meaning(match: re.Match[str], joined: bool) -> str | None:
    """The character that an escape stands for; None where it stands for none, or for several."""
    kind = match.lastgroup or ""
    value = match[kind]
    if kind in ("decimal", "hexadecimal", "four", "two", "eight"):
        code = int(value, 10 if kind == "decimal" else 16)
        return chr(code) if code < 0x110000 else None
    if kind == "low":
        return chr(0x10000 + ((int(match["high"], 16) & 0x3FF) << 10) + (int(value, 16) & 0x3FF))
    if kind in ("name", "open"):
        return _only(html.unescape(f"&{value};"))
    if kind in ("percent", "twice"):
        octets = bytes.fromhex(value.replace("%25", "").replace("%", ""))
        return _only(octets.decode("utf-8", "replace"))
    if kind in ("quoted", "soft") and not joined:
        return None
    if kind == "quoted":
        return " "
    if kind == "mangled":
        return " " if value[1] == " " else _decode_mangled(value)
    if kind == "markup" and any(
        _names_number(tag[1] or tag[2]) for tag in _TAG_NAME.finditer(value)
    ):
        return None
    return {"control": " ", "break": "\n", "bar": "|", "markup": "" if joined else " "}.get(
        kind, ""
    )


def _only(meaning: str) -> str | None:
    return meaning if len(meaning) == 1 else None


def _decode_mangled(value: str) -> str | None:
    """UTF-8 that was read as Windows-1252 or Latin-1."""
    for encoding in ("windows-1252", "latin-1"):
        with suppress(UnicodeError):
            return _only(value.encode(encoding).decode())
    return None


@lru_cache(maxsize=1024)
def _names_number(tag: str) -> bool:
    """Whether the name of a tag, or what a comment holds, is a label or a word for a key."""
    return bool(find_labels(tag)) or bool(_KEY_WORD.search(tag))


_TABLE = _FoldTable({code: chr(code) for code in range(128)} | {0: _INVISIBLE, 11: "\n", 12: "\n"})
