"""From evidence to what a schema says of a leaf, each guess with its evidence in words.

2,000 values in 2,000 rows
NIR as 15: 2000 of 2000 keys right
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

from tamis.documents.schema import CsvOptions, Identifier, NirPart
from tamis.documents.types import kind_of
from tamis.draft.names import CODE, DAY, PROSE, QUANTITY, hint_identifier, hint_part, plain
from tamis.draft.statistics import KINDS, MARKS, PATTERNS, LeafStatistics

MANY_ROWS: Final = 100
"""Rows from which on a field that is never empty is drafted as `nullable: false`."""

_STRUCTURED = ("15", "13", "integer", "float", "decimal")
_PROSE_SHARE = 0.1
_LONG_PROSE = 40
_CODE_DIGITS = 5
_COMPACT = ("%Y%m%d", "%d%m%Y")
_MOST_DIGITS = 18
_KINDS_OF: Final = {
    "sex": ("string", "integer", "bool"),
    "birth": ("date", "timestamp", "integer"),
    "place": ("string", "integer"),
}


@dataclass
class Guess:
    """What a draft says of a leaf.

    Attributes:
        type: an Arrow type by its name.
        identifier: which identifiers it holds.
        nir_part: which part of the NIR it repeats.
        free_text: whether it is prose.
        why: the evidence, a line each.
    """

    type: str
    identifier: tuple[Identifier, ...] = ()
    nir_part: NirPart | None = None
    free_text: bool = False
    why: list[str] = field(default_factory=list)


def guess_wire(columns: Iterable[LeafStatistics]) -> tuple[str, str | None]:
    """The decimal mark and the date pattern that most columns of text have.

    Example:
        >>> import pyarrow as pa
        >>> column = LeafStatistics("le")
        >>> column.add(pa.array(["31/12/2024", "01/02/2025"]))
        >>> guess_wire([column])
        ('.', '%d/%m/%Y')
    """
    marks: Counter[str] = Counter()
    patterns: Counter[str | None] = Counter()
    for column in columns:
        for mark in MARKS:
            marks[mark] += bool(column.marked[mark] and _is_number(column, mark))
        # A column may fit several patterns; only the likeliest is its vote, if others agree.
        patterns.update(
            {
                pattern
                for kind, pattern in _moments(column)
                if kind != "time64[us]" and _is_day(column, kind, pattern)
            }
        )
    decimal = max(MARKS, key=lambda mark: marks[mark])
    return decimal, max(PATTERNS, key=lambda pattern: patterns[pattern])


def guess_leaf(
    column: LeafStatistics, declared: str | None, form: str, options: CsvOptions
) -> Guess:
    """What the schema says of a leaf.

    Args:
        column: its evidence.
        declared: its type where the source has one, else None.
        form: name of the source's format.
        options: the CSV's, for its decimal mark and date pattern.

    Returns:
        The guess; its type is `declared` if there is one, identifiers of text formats are strings.
    """
    guess = Guess(declared or "string")
    guess.why.append(_say_values(column))
    _guess_identifier(column, guess)
    part = hint_part(column.name)
    if declared is None and not guess.identifier:
        if part in ("sex", "place"):
            guess.type = "bool" if set(column.sorts) == {"bool"} else "string"
        else:
            _guess_type(column, guess, form == "csv", options)
    if not guess.identifier:
        _guess_prose(column, guess)
        _guess_part(column, part, guess)
        _say_long(column, guess)
    return guess


def _say_values(column: LeafStatistics) -> str:
    empty = column.rows - column.values
    return f"{column.values:,} values" + (f", {empty:,} empty" if empty else ", none empty")


def _guess_identifier(column: LeafStatistics, guess: Guess) -> None:
    hinted = hint_identifier(column.name)
    text = kind_of(guess.type) in ("string", "binary")
    structured = sum(column.nirs[form] for form in _STRUCTURED)
    if hinted == "nir-key" and column.as_identifier["nir-key"] * 2 > column.values:
        guess.identifier = (hinted,)
        guess.why.append(f"{column.as_identifier['nir-key']:,} are keys of a NIR by name and value")
    elif structured and not (column.prose > _PROSE_SHARE * column.values):
        guess.identifier = _known_kinds(column, hinted)
        forms = ", ".join(f"{count:,} as {form}" for form, count in column.nirs.items())
        guess.why.append(f"NIR: {forms} ({column.nir_why})")
        odd = column.values - max(column.as_identifier[kind] for kind in guess.identifier)
        if odd > 0:
            guess.why.append(f"{odd:,} are not well-formed: quarantined where the field is kept")
    elif hinted in ("ntt", "nnp", "nia") and column.as_identifier[hinted] * 2 > column.values:
        guess.identifier = (hinted,)
        guess.why.append(
            f"{column.as_identifier[hinted]:,} are well-formed as {hinted}, as it is named"
        )
    elif hinted and not column.values and text:
        guess.identifier = (hinted,)
        guess.why.append(f"{hinted} by its name only")
    elif hinted and not sum(column.nirs.values()):
        guess.why.append(
            f"its name says {hinted}, its values do not: `identifier` only if they are one"
        )


def _known_kinds(column: LeafStatistics, hinted: Identifier | None) -> tuple[Identifier, ...]:
    """The kinds of the NIRs seen: what the name says if the values are that, else `nir`, `nia`."""
    most = max(column.as_identifier[kind] for kind in KINDS)
    if hinted == "ntt":
        return ("nir", "ntt")
    if hinted in ("nia", "nnp") and column.as_identifier[hinted] == most:
        return (hinted,)
    if column.as_identifier["nia"] == column.as_identifier["nir"]:
        return ("nir",)
    return ("nir", "nia") if column.as_identifier["nir"] else ("nia",)


def _is_number(column: LeafStatistics, mark: str) -> bool:
    return column.integers + column.marked[mark] == column.values > 0 and set(column.sorts) == {
        "text"
    }


def _moments(column: LeafStatistics) -> list[tuple[str, str | None]]:
    """Types and patterns that all values fit, dates before times."""
    return [key for key, fitting in column.moments.items() if fitting == column.values]


def _is_day(column: LeafStatistics, kind: str, pattern: str | None) -> bool:
    compact = pattern in _COMPACT and kind == "date32"
    return not compact or DAY.search(plain(column.name)) is not None


def _guess_type(column: LeafStatistics, guess: Guess, csv: bool, options: CsvOptions) -> None:
    sorts = set(column.sorts)
    if not sorts:
        guess.why.append("no value seen: its type is a guess")
    elif sorts == {"bool"}:
        guess.type = "bool"
    elif sorts == {"integer"}:
        guess.type = "int64" if column.widths[1] <= _MOST_DIGITS else "decimal128(38, 0)"
    elif sorts <= {"integer", "number"}:
        _guess_number(column, guess, ".")
    elif sorts != {"text"}:
        guess.why.append(f"values of several sorts: {', '.join(sorted(sorts))}")
    elif csv and column.yes and column.no and column.yes + column.no == column.values:
        guess.type = "bool"
    elif not _guess_moment(column, guess, options.dates if csv else None) and csv:
        _guess_digits(column, guess, options.decimal)


def _guess_moment(column: LeafStatistics, guess: Guess, dates: str | None) -> bool:
    fits = [(kind, pattern) for kind, pattern in _moments(column) if _is_day(column, kind, pattern)]
    right = [kind for kind, pattern in fits if pattern == dates or kind == "time64[us]"]
    if right:
        guess.type = right[0]
        other = [pattern for kind, pattern in fits if kind == right[0] and pattern != dates]
        if other:
            guess.why.append(f"all fit {_say_pattern(other[0])} too: look whether it is that")
        return True
    if fits:
        said = _say_pattern(fits[0][1])
        guess.why.append(f"dates as {said}, but the format has one pattern for all: kept as text")
        return True
    for (kind, pattern), fitting in column.moments.items():
        if pattern == dates and _is_day(column, kind, pattern):
            odd = column.values - fitting
            guess.why.append(
                f"{fitting:,} are {kind}, {odd:,} are not and would be quarantined: kept as text"
            )
            return True
    return False


def _say_pattern(pattern: str | None) -> str:
    return pattern or "ISO 8601"


def _guess_digits(column: LeafStatistics, guess: Guess, mark: str) -> None:
    """The type of text that may be numbers."""
    name = plain(column.name)
    numbers = column.integers + column.marked[mark]
    quantity = QUANTITY.search(name) is not None
    if column.integers == column.values:
        if column.zeros or column.widths[1] > _MOST_DIGITS:
            guess.why.append("digits with zeros before them or too long for a number: a code")
        elif CODE.search(name) and not quantity:
            guess.why.append("digits, a code by its name")
        elif column.one_width and column.widths[0] >= _CODE_DIGITS and not quantity:
            guess.why.append(f"all of {column.widths[0]} digits: a code? else int64")
        else:
            guess.type = "int64"
            if len(column.distinct) == 2 and column.widths[1] == 1:
                guess.why.append("two different values: perhaps bool")
    elif numbers + column.exponents == column.values:
        _guess_number(column, guess, mark)
    elif any(_is_number(column, other) for other in MARKS if other != mark):
        guess.why.append(f"numbers, but their decimal mark is not the format's `{mark}`")
    elif numbers > column.values / 2:
        odd = column.values - numbers
        guess.why.append(f"{numbers:,} are numbers, {odd:,} are not: kept as text")


def _guess_number(column: LeafStatistics, guess: Guess, mark: str) -> None:
    low, high = column.scales.get(mark, (0, 0))
    fixed = high <= 2 or low == high <= 6
    if column.exponents or not fixed or not column.marked[mark]:
        guess.type = "float64"
        return
    scale = max(high, 2)
    precision = min(max(12, column.before + scale + 2), 38)
    guess.type = f"decimal128({precision}, {scale})"
    guess.why.append(f"{column.before} digits before the mark at most, {high} behind")


def _guess_prose(column: LeafStatistics, guess: Guess) -> None:
    if guess.type not in ("string", "large_string"):
        return
    told = column.nirs["text"] + column.nirs["json"] + column.nirs["15"] + column.nirs["13"]
    wordy = column.prose > _PROSE_SHARE * column.values and not column.few
    named = PROSE.search(plain(column.name)) and (
        not column.values or (column.prose and not column.few) or column.longest > _LONG_PROSE
    )
    if told or wordy or named:
        guess.free_text = True
        guess.why.append(
            f"{column.prose:,} of {column.values:,} have four words or more, the longest "
            f"{column.longest:,} characters"
        )
    if told:
        guess.why.append(f"NIRs in the text: {column.nir_why}")


def _guess_part(column: LeafStatistics, part: NirPart | None, guess: Guess) -> None:
    kind = kind_of(guess.type)
    if part == "sex" and kind == "string" and column.sexes < column.values:
        guess.why.append("its name says the sex, not all of its values do")
        if column.sexes * 2 < column.values:
            return
    short = part == "birth" and kind == "string" and column.longest <= 10
    if part is not None and (short or kind in _KINDS_OF[part]):
        guess.nir_part = part
    if guess.nir_part:
        guess.why.append(f"{part} by its name, a part of the NIR")


def _say_long(column: LeafStatistics, guess: Guess) -> None:
    if guess.free_text or not column.long:
        return
    chance = f" ({column.nir_why})" if column.nir_why else ""
    guess.why.append(
        f"{column.long:,} numbers of 13 to 15 digits, no NIRs as a whole{chance}: say `not_nir: …` "
        "and the reason if you know it"
    )
