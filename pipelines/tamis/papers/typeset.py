"""Words as they are printed: quotation, apostrophes and spaces that keep together what belongs so.

Names of fields stand between backquotes, and are left as they are.
"""

import datetime
import re
from collections.abc import Iterable, Sequence

from tamis.dry_run.html.speech import Speech
from tamis.language import language_in_use
from tamis.papers.paper import Citation

_CODE = re.compile(r"(`[^`\n]+`)")
_NO_BREAK = "\u00a0"


def typeset(text: str) -> str:
    """Return a text with typographic apostrophes, and spaces that no line is broken at.

    Example:
        >>> typeset("l'article L. 6323-9 : `nir`").replace("\\u00a0", "~")
        'l’article L.~6323-9~: `nir`'
    """
    parts = _CODE.split(text)
    parts[::2] = map(_set, parts[::2])
    return "".join(parts)


def _set(text: str) -> str:
    if language_in_use() == "fr":  # a list or a label may be put together without its space
        text = re.sub(r"(?:(?<=[\w»)])|^)(?=[:;] )|(?<=\d)(?=%)", _NO_BREAK, text)
    text = re.sub(r"(?<=\w)'(?=\w|«)", "’", text)
    text = re.sub(r"(?<=«) | (?=[:;?!»])", _NO_BREAK, text)
    return re.sub(
        r"(?<=\b[LRD]\.) (?=\d)|(?<=n°) (?=\d)|(?<=art\.) (?=\d)|(?<=§) (?=\d)| (?=§)",
        _NO_BREAK,
        text,
    )


def code_parts(text: str) -> list[tuple[str, bool]]:
    """Return the pieces of a text, each with whether it is the name of a field or value.

    Example:
        >>> code_parts("`nir` est transmis")
        [('nir', True), (' est transmis', False)]
    """
    pieces = enumerate(_CODE.split(text))
    return [(part.strip("`") if at % 2 else part, bool(at % 2)) for at, part in pieces if part]


def show_day(day: datetime.date) -> str:
    """Return a day in words.

    Example:
        >>> show_day(datetime.date(2025, 1, 1))
        '1 January 2025'
    """
    return Speech(language_in_use()).day(day)


def show_period(period: str) -> str:
    """Return a period of ISO 8601, of whole years or months, in words."""
    return Speech(language_in_use()).period(period)


def show_sources(sources: Iterable[Citation]) -> str:
    """Return what a sentence rests on, on one line; places of one file stand together.

    Example:
        >>> show_sources([Citation(file="a.yaml", line=9), Citation(file="a.yaml", line=4)])
        'a.yaml:4, 9'
    """
    lines: dict[tuple[str, str], set[int]] = {}
    for source in sources:
        lines.setdefault((source.text, source.file), set()).add(source.line)
    shown = []
    for (text, file), numbers in lines.items():
        place = f"{file}:{_ranges(sorted(numbers))}" if file else ""
        shown.append(f"{text} ({place})" if text and place else text or place)
    return " ; ".join(shown)


def _ranges(numbers: Sequence[int]) -> str:
    """Line numbers in a row; those that follow one another as a range.

    Example:
        >>> _ranges([4, 5, 6, 9])
        '4-6, 9'
    """
    ranges: list[list[int]] = []
    for number in numbers:
        if ranges and ranges[-1][-1] == number - 1:
            ranges[-1].append(number)
        else:
            ranges.append([number])
    return ", ".join(f"{run[0]}-{run[-1]}" if len(run) > 1 else str(run[0]) for run in ranges)
