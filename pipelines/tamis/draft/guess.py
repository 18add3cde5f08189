"""Guesses: what a drafted schema has for a leaf, by its statistics, each with its reasons.

2,000 values, none empty
NIR: 2,000 as 15 (2000 of 2000 keys right)
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Final

from tamis.documents.feed_format import CsvOptions
from tamis.documents.names import NirPart, plain
from tamis.documents.schema import Identifier
from tamis.documents.types import kind_of
from tamis.draft.names import CODE, DAY, PROSE, QUANTITY, hint_identifier, hint_part
from tamis.draft.statistics import (
    CENTURY_FROM,
    ISO,
    KINDS,
    MARKS,
    PATTERNS,
    STRONG_NULLS,
    LeafStatistics,
)
from tamis.language import N_, _

MANY_ROWS: Final = 100
"""Rows at least for a field that is never empty to be drafted as `nullable: false`."""

_STRUCTURED = ("15", "13", "integer", "float", "decimal")
_PROSE_SHARE = 0.1
_LONG_PROSE = 40
_CODE_DIGITS = 5
_COMPACT = ("%Y%m%d", "%d%m%Y")
_MOST_DIGITS = 18
_DOUBLE_DIGITS = 15
_KINDS_OF: Final = {
    "sex": ("string", "integer", "bool"),
    "birth": ("date", "timestamp", "integer"),
    "place": ("string", "integer"),
}


@dataclass
class Guess:
    """The keys of a leaf in a drafted schema, and the reasons for them.

    Attributes:
        type, identifier, nir_part, free_text: as in a schema.
        why: the reasons, in the order in which they are written.
    """

    type: str
    identifier: tuple[Identifier, ...] = ()
    nir_part: NirPart | None = None
    free_text: bool = False
    why: list[str] = field(default_factory=list)


_ONE_OF = ({"%d/%m/%Y", "%m/%d/%Y"}, {"%Y%m%d", "%d%m%Y"})
"""Patterns of which a format has one at most: they read one text as two days."""


def guess_text_options(columns: Iterable[LeafStatistics]) -> dict[str, Any]:
    """The options for numbers, dates and words for none that fit most columns of text.

    Example:
        >>> import pyarrow as pa
        >>> column = LeafStatistics("le")
        >>> column.add(pa.array(["31/12/2024", "NULL"]))
        >>> options = guess_text_options([column])
        >>> options["dates"], options["nulls"], options["decimal"]
        (('%d/%m/%Y',), ('NULL',), '.')
    """
    columns = list(columns)
    marks: Counter[str] = Counter()
    signs: Counter[str] = Counter()
    parts: Counter[str] = Counter()
    nulls: set[str] = set()
    for column in columns:
        numbers = [mark for mark in MARKS if _is_number(column, mark)]
        for mark in numbers:
            marks[mark] += bool(column.marked[mark])
        if numbers and not CODE.search(plain(column.name)):
            signs.update(set(column.currencies))
            parts.update(set(column.grouped))
        typed = numbers or _moments(column) or 0 < column.plain == column.yes + column.no
        nulls |= column.null_words.keys() if typed else column.null_words.keys() & STRONG_NULLS
    decimal = max(MARKS, key=lambda mark: marks[mark])
    parts.pop(decimal, None)
    dates = _guess_dates(columns)
    return {
        "decimal": decimal,
        "thousands": max(parts, key=lambda mark: parts[mark], default=None),
        "currency": max(signs, key=lambda sign: signs[sign], default=None),
        "nulls": tuple(sorted(nulls)),
        "dates": dates,
        "century_from": CENTURY_FROM if any("%y" in pattern for pattern in dates) else None,
    }


def _guess_dates(columns: list[LeafStatistics]) -> tuple[str, ...]:
    """The patterns of dates that are needed, the one of most columns first; none for ISO 8601."""
    fitting = [
        {
            pattern
            for kind, pattern in _moments(column)
            if kind != "time64[us]" and _is_day(column, kind, pattern)
        }
        for column in columns
    ]
    left = [patterns for patterns in fitting if patterns]
    chosen: list[str | None] = []
    while left:
        counts = Counter(pattern for patterns in left for pattern in patterns)
        # Of the patterns that a column fits, the one that most columns fit is the likeliest.
        best = max(PATTERNS, key=lambda pattern: counts[pattern])
        if not any({best, other} <= group for other in chosen for group in _ONE_OF):
            chosen.append(best)
        left = [patterns for patterns in left if best not in patterns]
    if chosen in ([], [None]):
        return ()
    return tuple(pattern or ISO for pattern in chosen)


def guess_leaf(
    column: LeafStatistics, declared: str | None, form: str, options: CsvOptions
) -> Guess:
    """Guess the keys of a leaf.

    Args:
        column: its statistics.
        declared: its type where the source has one, else None.
        form: name of the source's format.
        options: of a CSV: its decimal mark and date pattern.

    Returns:
        The guess; its type is `declared` if there is one. Identifiers of text formats, and those
        that are floats, are strings.
    """
    guess = Guess(declared or "string")
    guess.why.append(_describe_values(column))
    _guess_identifier(column, guess)
    if guess.identifier and kind_of(guess.type) == "float":
        guess.type = "string"
        guess.why.append(_("floats: read as digits where they hold all of them"))
    part = hint_part(column.name)
    if declared is None and not guess.identifier:
        if part in ("sex", "place"):
            guess.type = "bool" if set(column.sorts) == {"bool"} else "string"
        else:
            _guess_type(column, guess, form == "csv", options)
    if not guess.identifier:
        _guess_prose(column, guess)
        _guess_part(column, part, guess)
        _note_long_numbers(column, guess)
    return guess


def _describe_values(column: LeafStatistics) -> str:
    empty = column.rows - column.values
    if empty:
        return _("{count:#, value|#, values}, {empty:,} empty", count=column.values, empty=empty)
    return _("{count:#, value|#, values}, none empty", count=column.values)


def _guess_identifier(column: LeafStatistics, guess: Guess) -> None:
    hinted = hint_identifier(column.name)
    text = kind_of(guess.type) in ("string", "binary")
    structured = sum(column.nirs[form] for form in _STRUCTURED)
    if hinted == "nir-key" and column.as_identifier["nir-key"] * 2 > column.values:
        guess.identifier = (hinted,)
        count = column.as_identifier["nir-key"]
        guess.why.append(
            _("{count:#, is the key|#, are keys} of a NIR by name and value", count=count)
        )
    elif structured and not (column.prose > _PROSE_SHARE * column.values):
        guess.identifier = _known_kinds(column, hinted)
        forms = ", ".join(
            _("{count:,} as {form}", count=count, form=_(form))
            for form, count in column.nirs.items()
        )
        guess.why.append(_("NIR: {forms} ({why})", forms=forms, why=column.nir_why))
        odd = column.values - max(column.as_identifier[kind] for kind in guess.identifier)
        if odd > 0:
            guess.why.append(
                _(
                    "{count:#, is|#, are} not well-formed: quarantined where the field is kept",
                    count=odd,
                )
            )
    elif hinted in ("ntt", "nnp", "nia") and column.as_identifier[hinted] * 2 > column.values:
        guess.identifier = (hinted,)
        guess.why.append(
            _(
                "{count:#, is|#, are} well-formed as `{kind}`, as it is named",
                count=column.as_identifier[hinted],
                kind=hinted,
            )
        )
    elif hinted and not column.values and text:
        guess.identifier = (hinted,)
        guess.why.append(_("`{kind}` by its name only", kind=hinted))
    elif hinted and not sum(column.nirs.values()):
        guess.why.append(
            _(
                "its name says `{kind}`, its values do not: `identifier` only if they are one",
                kind=hinted,
            )
        )


def _known_kinds(column: LeafStatistics, hinted: Identifier | None) -> tuple[Identifier, ...]:
    """The kinds of the NIRs: the one hinted at if the values are of it, else `nir` and `nia`."""
    most = max(column.as_identifier[kind] for kind in KINDS)
    if hinted == "ntt":
        return ("nir", "ntt")
    if hinted in ("nia", "nnp") and column.as_identifier[hinted] == most:
        return (hinted,)
    if column.as_identifier["nia"] == column.as_identifier["nir"]:
        return ("nir",)
    return ("nir", "nia") if column.as_identifier["nir"] else ("nia",)


def _is_number(column: LeafStatistics, mark: str) -> bool:
    return column.integers + column.marked[mark] == column.plain > 0 and set(column.sorts) == {
        "text"
    }


def _moments(column: LeafStatistics) -> list[tuple[str, str | None]]:
    """Types and patterns that all values fit, dates before times."""
    return [key for key, fitting in column.moments.items() if fitting == column.plain > 0]


def _is_day(column: LeafStatistics, kind: str, pattern: str | None) -> bool:
    compact = pattern in _COMPACT and kind == "date32"
    return not compact or DAY.search(plain(column.name)) is not None


def _guess_type(column: LeafStatistics, guess: Guess, csv: bool, options: CsvOptions) -> None:
    sorts = set(column.sorts)
    if not sorts:
        guess.why.append(_("no value seen: its type is a guess"))
    elif sorts == {"bool"}:
        guess.type = "bool"
    elif sorts == {"integer"}:
        guess.type = "int64" if column.widths[1] <= _MOST_DIGITS else "decimal128(38, 0)"
    elif sorts <= {"integer", "number"}:
        _guess_number(column, guess, ".")
    elif sorts != {"text"}:
        guess.why.append(_("values of several sorts: {sorts}", sorts=", ".join(sorted(sorts))))
    elif csv and column.yes and column.no and column.yes + column.no == column.plain:
        guess.type = "bool"
    elif not _guess_moment(column, guess, options.dates if csv else ()) and csv:
        _guess_digits(column, guess, options)


def _guess_moment(column: LeafStatistics, guess: Guess, dates: tuple[str, ...]) -> bool:
    read = {None if pattern == ISO else pattern for pattern in dates} or {None}
    fits = [(kind, pattern) for kind, pattern in _moments(column) if _is_day(column, kind, pattern)]
    right = [kind for kind, pattern in fits if pattern in read or kind == "time64[us]"]
    if right:
        guess.type = right[0]
        other = [pattern for kind, pattern in fits if kind == right[0] and pattern not in read]
        if any(pattern and "%y" in pattern and pattern in read for _kind, pattern in fits):
            guess.why.append(
                _("years of two digits: that they begin in {year} is a guess", year=CENTURY_FROM)
            )
        if other:
            shown = _show_pattern(other[0])
            guess.why.append(_("all fit {pattern} too: look whether it is that", pattern=shown))
        return True
    if fits:
        guess.why.append(
            _(
                "dates as {pattern}, but the format has one pattern for all: kept as text",
                pattern=_show_pattern(fits[0][1]),
            )
        )
        return True
    for (kind, pattern), fitting in column.moments.items():
        if pattern in read and _is_day(column, kind, pattern):
            odd = column.plain - fitting
            guess.why.append(
                _(
                    "{fitting:#, is|#, are} {kind}, {odd:#, is|#, are} not and would be"
                    " quarantined: kept as text",
                    fitting=fitting,
                    kind=kind,
                    odd=odd,
                )
            )
            return True
    return False


def _show_pattern(pattern: str | None) -> str:
    return pattern or "ISO 8601"


def _guess_digits(column: LeafStatistics, guess: Guess, options: CsvOptions) -> None:
    """The type of text that may be numbers."""
    mark = options.decimal
    if column.grouped.keys() - {options.thousands} or column.currencies.keys() - {options.currency}:
        guess.why.append(_("numbers written otherwise than the format says: kept as text"))
        return
    name = plain(column.name)
    numbers = column.integers + column.marked[mark]
    quantity = QUANTITY.search(name) is not None
    if column.integers == column.plain:
        if column.zeros or column.widths[1] > _MOST_DIGITS:
            guess.why.append(_("digits with zeros before them or too long for a number: a code"))
        elif CODE.search(name) and not quantity:
            guess.why.append(_("digits, a code by its name"))
        elif column.one_width and column.widths[0] >= _CODE_DIGITS and not quantity:
            guess.why.append(
                _("all of {width:# digit|# digits}: a code? else int64", width=column.widths[0])
            )
        else:
            guess.type = "int64"
            if len(column.distinct) == 2 and column.widths[1] == 1:
                guess.why.append(_("two different values: perhaps bool"))
    elif numbers + column.exponents[mark] == column.plain:
        _guess_number(column, guess, mark)
    elif any(_is_number(column, other) for other in MARKS if other != mark):
        guess.why.append(
            _("numbers, but their decimal mark is not the format's `{mark}`", mark=mark)
        )
    elif numbers > column.plain / 2:
        odd = column.plain - numbers
        guess.why.append(
            _("{numbers:,} are numbers, {odd:,} are not: kept as text", numbers=numbers, odd=odd)
        )


def _guess_number(column: LeafStatistics, guess: Guess, mark: str) -> None:
    low, high = column.scales.get(mark, (0, 0))
    too_long = column.before + high > _DOUBLE_DIGITS  # a float64 would round them
    fixed = high <= 2 or low == high <= 6 or too_long
    if column.exponents[mark] or not fixed or not column.marked[mark]:
        guess.type = "float64"
        return
    scale = max(high, 2)
    precision = min(max(12, column.before + scale + 2), 38)
    guess.type = f"decimal128({precision}, {scale})"
    guess.why.append(
        _(
            "{before} digits before the mark at most, {behind} behind",
            before=column.before,
            behind=high,
        )
    )


def _guess_prose(column: LeafStatistics, guess: Guess) -> None:
    if guess.type not in ("string", "large_string"):
        return
    nirs = column.nirs["text"] + column.nirs["json"] + column.nirs["15"] + column.nirs["13"]
    wordy = column.prose > _PROSE_SHARE * column.values and not column.few
    named = PROSE.search(plain(column.name)) and (
        not column.values or (column.prose and not column.few) or column.longest > _LONG_PROSE
    )
    if nirs or wordy or named:
        guess.free_text = True
        guess.why.append(
            _(
                "{prose:#, has|#, have} four words or more, of {values:,}, the "
                "longest {longest:#, character|#, characters}",
                prose=column.prose,
                values=column.values,
                longest=column.longest,
            )
        )
    if nirs:
        guess.why.append(_("NIRs in the text: {why}", why=column.nir_why))


_PARTS: dict[NirPart, str] = {"sex": N_("sex"), "birth": N_("birth"), "place": N_("place")}


def _guess_part(column: LeafStatistics, part: NirPart | None, guess: Guess) -> None:
    kind = kind_of(guess.type)
    if part == "sex" and kind == "string" and column.sexes < column.values:
        guess.why.append(_("its name says the sex, not all of its values do"))
        if column.sexes * 2 < column.values:
            return
    short = part == "birth" and kind == "string" and column.longest <= 10
    if part is not None and (short or kind in _KINDS_OF[part]):
        guess.nir_part = part
    if guess.nir_part:
        guess.why.append(_("{part} by its name, a part of the NIR", part=_(_PARTS[guess.nir_part])))


def _note_long_numbers(column: LeafStatistics, guess: Guess) -> None:
    if guess.free_text or not column.long:
        return
    chance = f" ({column.nir_why})" if column.nir_why else ""
    guess.why.append(
        _(
            "{count:#, number|#, numbers} of 13 to 15 digits, no NIRs as a "
            "whole{chance}: say `not_nir: …` and the reason if you know it",
            count=column.long,
            chance=chance,
        )
    )
