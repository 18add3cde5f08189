"""NIRs in documents: whether a text holds one, and how many of them a pattern matches."""

import random
import re
from functools import lru_cache
from itertools import pairwise

from tamis.documents.marks import whole

MOST_NIRS = 0.01
"""The share of NIRs that a pattern may match at most, so that it tells other numbers from NIRs."""

_COUNT = 10_000
_PLACES = (*(f"{place:02}" for place in range(1, 96)), "2A", "2B", "97", "98", "99")


_KEYED = re.compile(r"(?<!\w)[1-478](?:\W?\d){5}\W?[\dAB](?:\W?\d){8}(?!\w)", re.IGNORECASE)


def holds_keyed_nir(text: str) -> bool:
    """Whether a NIR with the right key stands in a text, grouped or not.

    Example:
        >>> holds_keyed_nir("vu 1 55 08 75 999 991 93"), holds_keyed_nir("155087599999194")
        (True, False)
    """
    numbers = (re.sub(r"\W", "", match).upper() for match in _KEYED.findall(text))
    return any(_key(number[:13]) == number[13:] for number in numbers)


@lru_cache(maxsize=256)
def share_of_nirs(pattern: str) -> float:
    """The share of NIRs that a pattern matches from beginning to end, in the form it matches most.

    Forms are those of a column: without key, with it, or with two zeros in its place; compact or in
    the INSEE grouping; with zeros or blanks that fill a fixed width.

    Example:
        >>> share_of_nirs("[0-9AB]{13,15}"), share_of_nirs("D[0-9]{13}")
        (1.0, 0.0)
    """
    import pyarrow as pa  # only where there is a pattern: `check` starts without Arrow
    import pyarrow.compute as pc

    expression = whole(pattern)
    return max(
        pc.sum(pc.match_substring_regex(pa.array(values), expression)).as_py() / _COUNT
        for values in _forms()
    )


@lru_cache(maxsize=1)
def _forms() -> tuple[list[str], ...]:
    chance = random.Random(0)  # noqa: S311 (no secret: the same for each check)
    bodies = [_body(chance) for _ in range(_COUNT)]
    keyed = [body + _key(body) for body in bodies]
    filled = [
        text for body, full in zip(bodies, keyed, strict=True) for text in _filled(body, full)
    ]
    step = len(filled) // _COUNT
    columns = [bodies, keyed, list(map(_grouped, bodies)), list(map(_grouped, keyed))]
    columns += [filled[place::step] for place in range(step)]
    return tuple(columns)


def _filled(body: str, full: str) -> tuple[str, ...]:
    widths = (body.zfill(14), body.zfill(15), body.zfill(16), full.zfill(16), full.zfill(20))
    return (*widths, f"{body}00", f"{body}  ", full[:14])


def _body(chance: random.Random) -> str:
    sex, year = chance.choice("12"), chance.randrange(100)
    month, place = chance.randint(1, 12), chance.choice(_PLACES)
    commune, order = chance.randint(1, 989), chance.randint(1, 999)
    return f"{sex}{year:02}{month:02}{place}{commune:03}{order:03}"


def _key(body: str) -> str:
    number = body.replace("2A", "19").replace("2B", "18")
    return f"{97 - int(number) % 97:02}" if number.isdigit() else ""


def _grouped(number: str) -> str:
    ends = (0, 1, 3, 5, 7, 10, 13, 15)
    parts = (number[start:end] for start, end in pairwise(ends))
    return " ".join(part for part in parts if part)
