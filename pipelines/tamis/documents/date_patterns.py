"""Patterns of dates as `strptime` writes them, read strictly.

A directive takes its full width: `%d` two digits, `%Y` four. Only between other signs may `%d`,
`%m` and the parts of a time have one digit: `%d/%m/%Y` reads `1/2/1990`, `%d%m%Y` does not read
`1021990`. Digits are those of ASCII; what stands around directives stands in the text as it is.
"""

import datetime
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from tamis.language import _

_MONTHS: Final = (
    "jan",
    "feb",
    "mar",
    "apr",
    "may",
    "jun",
    "jul",
    "aug",
    "sep",
    "oct",
    "nov",
    "dec",
)
_WIDTHS: Final = {"%Y": 4, "%y": 2, "%m": 2, "%d": 2, "%j": 3, "%H": 2, "%M": 2, "%S": 2}
_ONE_DIGIT: Final = frozenset({"%d", "%m", "%H", "%M", "%S"})
KNOWN: Final = (*_WIDTHS, "%b", "%%")
"""The directives; `%b` is a month's English abbreviation."""

_WORDS: Final = (
    ("[Jj]{2}|[Dd]{2}", "%d"),
    ("[Aa]{4}|[Yy]{4}", "%Y"),
    ("[Aa]{2}|[Yy]{2}", "%y"),
    ("[Hh]{2}", "%H"),
    ("(?<=%H:)[Mm]{2}", "%M"),
    ("[Mm]{2}", "%m"),
    ("[Ss]{2}", "%S"),
)
"""How patterns are written elsewhere (`JJ/MM/AAAA`), and the directives for that."""


@dataclass(frozen=True)
class DatePattern:
    """A pattern taken apart; `date_pattern` makes it.

    Attributes:
        pieces: directives (`%d`) and single signs, in order.
        regex: what a text that fits matches in full, with a group for each directive.
    """

    pieces: tuple[str, ...]
    regex: "re.Pattern[str]"

    def read(self, text: str, century_from: int | None) -> datetime.datetime | None:
        """The moment that a text names, midnight where the pattern has no time; None if none.

        Args:
            text: without blanks around it.
            century_from: the first of the hundred years that `%y` stands for.

        Example:
            >>> date_pattern("%d/%m/%y").read("12/05/45", 1926)
            datetime.datetime(1945, 5, 12, 0, 0)
        """
        match = self.regex.fullmatch(text)
        if match is None:
            return None
        parts = match.groupdict()
        month = _MONTHS.index(parts.pop("b").lower()) + 1 if "b" in parts else 1
        numbers = {name: int(digits) for name, digits in parts.items()}
        if "y" in numbers and century_from is not None:
            numbers["Y"] = century_from + (numbers["y"] - century_from) % 100
        hour, minute, second = (numbers.get(name, 0) for name in "HMS")
        try:
            year, month = numbers["Y"], numbers.get("m", month)
            day = datetime.datetime(year, month, numbers.get("d", 1), hour, minute, second)
            day += datetime.timedelta(numbers.get("j", 1) - 1)
        except (ValueError, OverflowError, KeyError):
            return None
        return day if day.year == year else None

    def write(self, day: datetime.date) -> str:
        """The text of a day.

        Example:
            >>> date_pattern("%d/%m/%Y").write(datetime.date(987, 3, 2))
            '02/03/0987'
        """
        numbers = {"%Y": day.year, "%y": day.year % 100, "%m": day.month, "%d": day.day}
        numbers |= {"%j": day.timetuple().tm_yday, "%H": 0, "%M": 0, "%S": 0}
        words = {"%b": _MONTHS[day.month - 1].upper(), "%%": "%"}
        return "".join(
            words.get(piece)
            or (f"{numbers[piece]:0{_WIDTHS[piece]}}" if piece in numbers else piece)
            for piece in self.pieces
        )


@lru_cache(maxsize=64)
def date_pattern(pattern: str) -> DatePattern:
    """The pattern taken apart; one that `pattern_problem` finds fault with reads no text.

    Example:
        >>> date_pattern("%d/%m/%Y").pieces
        ('%d', '/', '%m', '/', '%Y')
        >>> date_pattern("%d%m%Y").read("1021990", None) is None
        True
    """
    pieces = tuple(re.findall("%.?|[^%]", pattern, re.DOTALL))
    around = ("", *pieces, "")
    parts = [
        _regex_of(piece, around[place], around[place + 2]) for place, piece in enumerate(pieces)
    ]
    fits = "".join(parts) if not pattern_problem(pattern, 1) else "(?!)"
    return DatePattern(pieces, re.compile(fits))


def _regex_of(piece: str, before: str, behind: str) -> str:
    if piece in _WIDTHS:
        alone = not any(sign in _WIDTHS or sign.isdigit() for sign in (before, behind))
        least = 1 if piece in _ONE_DIGIT and alone else _WIDTHS[piece]
        return f"(?P<{piece[1]}>[0-9]{{{least},{_WIDTHS[piece]}}})"
    if piece == "%b":
        return f"(?P<b>(?i:{'|'.join(_MONTHS)}))"
    return re.escape(piece[-1])


def pattern_problem(pattern: str, century_from: int | None) -> str:
    """Why a pattern names no day without doubt, and what to write; empty where it does.

    Example:
        >>> pattern_problem("JJ/MM/AAAA", None)
        'pattern `JJ/MM/AAAA` has no directive such as `%d`: write `%d/%m/%Y`'
    """
    directives = [piece for piece in re.findall("%.?", pattern, re.DOTALL) if piece != "%%"]
    unknown = next((piece for piece in directives if piece not in KNOWN), None)
    if not directives:
        return _(
            "pattern `{pattern}` has no directive such as `%d`: write `{instead}`",
            pattern=pattern,
            instead=_in_directives(pattern),
        )
    if unknown is not None:
        return _(
            "pattern `{pattern}` has an unknown directive `{unknown}`; known are {known}",
            pattern=pattern,
            unknown=unknown,
            known=", ".join(f"`{directive}`" for directive in KNOWN),
        )
    if not _names_a_day(directives):
        return _(
            "pattern `{pattern}` must name a day once: a year (`%Y`, `%y`) and a day of it "
            "(`%m` or `%b` and `%d`, or `%j`), a time from its hour on",
            pattern=pattern,
        )
    if "%y" in directives and century_from is None:
        return _(
            "`%y` of pattern `{pattern}` has no century: `century_from` must say the first of "
            "its hundred years, such as `century_from: 1930`",
            pattern=pattern,
        )
    return ""


def _names_a_day(directives: Sequence[str]) -> bool:
    counts = {directive: directives.count(directive) for directive in KNOWN}
    month = counts["%m"] + counts["%b"]
    return (
        max(counts.values()) == 1
        and counts["%Y"] + counts["%y"] == 1
        and (month, counts["%d"], counts["%j"]) in ((1, 1, 0), (0, 0, 1))
        and counts["%H"] >= counts["%M"] >= counts["%S"]
    )


def _in_directives(pattern: str) -> str:
    """A pattern of other programs in the directives of `strptime`; a usual one for any other."""
    for word, directive in _WORDS:
        pattern = re.sub(word, directive, pattern)
    return pattern if _names_a_day(re.findall("%.", pattern)) else "%d/%m/%Y"
