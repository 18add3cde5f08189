"""Statistics of one leaf, added piece by piece: counts and lengths, and no values."""

import datetime
from collections import Counter
from dataclasses import dataclass, field
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tamis.arrow.buffers import as_flags, decode, read_characters
from tamis.arrow.types import is_text
from tamis.documents.schema import Identifier
from tamis.draft.names import hint_identifier
from tamis.filter.dialect import TextDialect
from tamis.filter.parse_text import parse_text
from tamis.nir.identifiers import judge_identifiers
from tamis.nir.profile import profile_nir

PATTERNS: Final = (
    *(None, "%d/%m/%Y", "%d-%m-%Y", "%d.%m.%Y", "%Y/%m/%d", "%m/%d/%Y", "%d/%m/%y"),
    *("%Y%m%d", "%d%m%Y"),
)
"""Patterns of dates; where several fit, the first is taken. None is ISO 8601."""

CENTURY_FROM: Final = datetime.date.today().year - 99
"""The first of the hundred years that two digits are taken to stand for: none is to come."""

ISO: Final = "%Y-%m-%d"
MARKS: Final = (".", ",")
KINDS: Final[tuple[Identifier, ...]] = ("nir", "nia", "nnp", "mig", "ntt", "nir-key")
WORDS_OF_PROSE: Final = 4
MOST_DISTINCT: Final = 100
"""Different values that are counted at most."""

_MOMENTS: Final = {
    "date32": pa.date32(),
    "timestamp[us]": pa.timestamp("us"),
    "timestamp[us, tz=UTC]": pa.timestamp("us", "UTC"),
    "time64[us]": pa.time64("us"),
}
_CANDIDATES: Final = [
    (kind, pattern)
    for kind in _MOMENTS
    for pattern in (PATTERNS if kind != "time64[us]" else (None,))
]
_FIRST = 64
_MOSTLY, _NEARLY = 0.75, 0.9
_MOMENT = "^[0-9]{1,4}[/.:-][0-9]{1,2}([/.:-]|$)|^[0-9]{8}([ T]|$)"
_LETTERS_OF_SEX = ["1", "2", "01", "02", "m", "f", "h", "homme", "femme", "masculin", "feminin"]
_TITLES_OF_SEX = ["féminin", "m.", "mr", "mme", "mlle", "monsieur", "madame", "mademoiselle"]
_SEXES = pa.array([*_LETTERS_OF_SEX, *_TITLES_OF_SEX])
CURRENCIES: Final = ("€", "EUR", "£")
STRONG_NULLS: Final = frozenset({"\\N", "NULL", "(null)", "#N/A"})
"""Words that stand for no value wherever they stand; others only beside numbers and dates."""

_NULL_WORDS = pa.array(
    [
        *sorted(STRONG_NULLS),
        *("null", "N/A", "n/a", "NA", "néant", "Néant", "NÉANT", "NEANT", "nil", "None", "none"),
        *("NaN", "nan", "-", "--", "NC", "n.c.", "N.C.", "ND"),
        *("0000-00-00", "0000-00-00 00:00:00", "00/00/0000", "00.00.0000"),
    ]
)
_GROUPS = {
    " ": (r"^[+-]?[0-9]{1,3}([ \x{00a0}\x{202f}][0-9]{3})+([.,][0-9]+)?$", r"[ \x{00a0}\x{202f}]"),
    "'": (r"^[+-]?[0-9]{1,3}(['\x{2019}][0-9]{3})+([.,][0-9]+)?$", r"['\x{2019}]"),
    ".": (r"^[+-]?[0-9]{1,3}([.][0-9]{3})+,[0-9]+$|^[0-9]{1,3}([.][0-9]{3}){2,}$", r"[.]"),
    ",": (r"^[+-]?[0-9]{1,3}(,[0-9]{3})+[.][0-9]+$|^[0-9]{1,3}(,[0-9]{3}){2,}$", ","),
}
"""What may part digits, with a pattern of such numbers and one of what is taken out."""

_TRUE = pa.array(["true", "vrai", "oui", "o"])
_FALSE = pa.array(["false", "faux", "non", "n"])


@dataclass
class LeafStatistics:
    """Counts over the values of one leaf.

    Attributes:
        name: the leaf's name.
        rows: values and nulls.
        values: values that are not null.
        sorts: values by their sort in the source: `text`, `integer`, `number`, `bool`, `native`.
        nirs: NIRs by form, where `profile_nir` finds more than chance explains.
        nir_why: the evidence of the piece with most NIRs.
        as_identifier: values that are well-formed, by kind of identifier.
        long: values of 13 to 15 digits.
        integers, zeros: values of digits only; with a zero before another digit.
        exponents: values with an exponent, by mark, those without a mark under each.
        widths: fewest and most digits of the integers.
        marked: values with digits on both sides of a decimal mark, by mark.
        scales: fewest and most digits behind a mark, by mark.
        before: most digits before any mark.
        null_words: values that often stand for none, by the word; nothing else counts them.
        grouped: numbers whose digits stand in groups, by what parts them.
        currencies: numbers with a sign of a currency, by the sign.
        moments: values that are a date or a time, by type and pattern.
        yes, no: words for true and for false.
        sexes: codes and titles of a sex.
        prose: texts of four words or more; digits are no words.
        longest: characters of the longest text.
        distinct: hashes of different values, at most `MOST_DISTINCT` + 1.
    """

    name: str
    rows: int = 0
    values: int = 0
    sorts: Counter[str] = field(default_factory=Counter)
    nirs: Counter[str] = field(default_factory=Counter)
    nir_why: str = ""
    as_identifier: Counter[str] = field(default_factory=Counter)
    long: int = 0
    integers: int = 0
    exponents: Counter[str] = field(default_factory=Counter)
    zeros: int = 0
    widths: tuple[int, int] = (99, 0)
    marked: Counter[str] = field(default_factory=Counter)
    scales: dict[str, tuple[int, int]] = field(default_factory=dict)
    before: int = 0
    null_words: Counter[str] = field(default_factory=Counter)
    grouped: Counter[str] = field(default_factory=Counter)
    currencies: Counter[str] = field(default_factory=Counter)
    moments: Counter[tuple[str, str | None]] = field(default_factory=Counter)
    yes: int = 0
    no: int = 0
    sexes: int = 0
    prose: int = 0
    longest: int = 0
    distinct: set[int] = field(default_factory=set)
    _most_nirs: int = 0
    _alive: list[tuple[str, str | None]] = field(default_factory=lambda: list(_CANDIDATES))

    def add(self, array: pa.Array, sort: str = "text") -> None:
        """Add N values of any type that is not nested, all of one sort."""
        self.rows += len(array)
        array = decode(array).drop_null()
        if not len(array):
            return
        self.values += len(array)
        self.sorts[sort] += len(array)
        self._add_nirs(array)
        if pa.types.is_boolean(array.type):
            return
        if is_text(array.type):
            text = pc.utf8_trim_whitespace(read_characters(array).cast(pa.string()))
            if sort == "text":
                words = text.filter(pc.is_in(text, value_set=_NULL_WORDS))
                self.null_words.update(words.to_pylist())
                text = text.filter(pc.invert(pc.is_in(text, value_set=_NULL_WORDS)))
            if len(text):
                self._add_text(text)
                if sort == "text":
                    self._add_moments(text)
        elif pa.types.is_integer(array.type) or pa.types.is_decimal(array.type):
            self._add_numbers(array.cast(pa.string()))

    def _add_nirs(self, array: pa.Array) -> None:
        profile = profile_nir(array, self.name)
        if profile.carries_nir:
            self.nirs.update(profile.forms)
        if profile.nirs and (profile.carries_nir, profile.nirs) > (
            bool(self._most_nirs),
            self._most_nirs,
        ):
            self.nir_why = profile.why
            self._most_nirs = profile.nirs if profile.carries_nir else 0
        if profile.nirs or hint_identifier(self.name):
            for kind in KINDS:
                self.as_identifier[kind] += _count(
                    judge_identifiers(array, (kind,)).canonical.is_valid()
                )

    def _add_text(self, text: pa.Array) -> None:
        lengths = pc.utf8_length(text)
        self.longest = max(self.longest, pc.max(lengths).as_py())
        words = pc.count_substring_regex(text, r"(?:^|\s)\S*?\pL{2,}\S*")
        self.prose += _count(pc.greater_equal(words, WORDS_OF_PROSE))
        if len(self.distinct) <= MOST_DISTINCT:
            self.distinct.update(map(hash, pc.unique(text)[: MOST_DISTINCT + 1].to_pylist()))
        lower = pc.utf8_lower(text)
        self.yes += _count(pc.is_in(lower, value_set=_TRUE))
        self.no += _count(pc.is_in(lower, value_set=_FALSE))
        self.sexes += _count(pc.is_in(lower, value_set=_SEXES))
        self._add_numbers(self._ungrouped(text))

    def _ungrouped(self, text: pa.Array) -> pa.Array:
        """The texts with numbers without signs of currencies and without groups of digits."""
        for sign in CURRENCIES:
            number = rf"^{sign}\s?([+-]?[0-9].*)$|^([+-]?[0-9].*[0-9])\s?{sign}$"
            has = pc.match_substring_regex(text, number)
            if count := _count(has):
                self.currencies[sign] += count
                bare = pc.replace_substring_regex(text, rf"^{sign}\s?|\s?{sign}$", "")
                text = pc.if_else(has, bare, text)
        for mark, (pattern, parts) in _GROUPS.items():
            has = pc.match_substring_regex(text, pattern)
            if count := _count(has):
                self.grouped[mark] += count
                bare = pc.replace_substring_regex(text, parts, "")
                text = pc.if_else(has, bare, text)
        return text

    def _add_numbers(self, text: pa.Array) -> None:
        numeric = text.filter(pc.match_substring_regex(text, r"^[+-]?[0-9][0-9.,eE+-]*$"))
        if not len(numeric):
            return
        whole = numeric.filter(pc.match_substring_regex(numeric, "^[+-]?[0-9]+$"))
        if len(whole):
            digits = pc.utf8_length(pc.utf8_ltrim(whole, "+-"))
            self.integers += len(whole)
            self.zeros += _count(pc.match_substring_regex(whole, "^[+-]?0[0-9]"))
            self.long += _count(pc.and_(pc.greater(digits, 12), pc.less(digits, 16)))
            self.widths = _span(self.widths, digits)
            self.before = max(self.before, self.widths[1])
        for mark in MARKS:
            pattern = rf"^[+-]?[0-9]+[{mark}][0-9]+$"
            marked = numeric.filter(pc.match_substring_regex(numeric, pattern))
            if len(marked):
                before = pc.find_substring(marked, mark)
                behind = pc.subtract(pc.subtract(pc.binary_length(marked), before), 1)
                self.marked[mark] += len(marked)
                self.scales[mark] = _span(self.scales.get(mark, (99, 0)), behind)
                self.before = max(self.before, pc.max(before).as_py())
            pattern = rf"^[+-]?[0-9]+([{mark}][0-9]+)?[eE][+-]?[0-9]+$"
            if count := _count(pc.match_substring_regex(numeric, pattern)):
                self.exponents[mark] += count

    def _add_moments(self, text: pa.Array) -> None:
        if _count(pc.match_substring_regex(text[:_FIRST], _MOMENT)) * 2 < len(text[:_FIRST]):
            self._alive = []
        alive = []
        for kind, pattern in self._alive:
            if _fitting(text[:_FIRST], kind, pattern) < _MOSTLY * len(text[:_FIRST]):
                continue
            fitting = _fitting(text, kind, pattern)
            if fitting >= _NEARLY * len(text):
                self.moments[kind, pattern] += fitting
                alive.append((kind, pattern))
        self._alive = alive

    @property
    def plain(self) -> int:
        """Values that are no words for none."""
        return self.values - self.null_words.total()

    @property
    def few(self) -> bool:
        """Whether the leaf has few different values, each of them often."""
        return len(self.distinct) <= MOST_DISTINCT and len(self.distinct) * 4 <= self.values

    @property
    def one_width(self) -> bool:
        """Whether all integers have the same number of digits."""
        return self.widths[0] == self.widths[1]


def _fitting(text: pa.Array, kind: str, pattern: str | None) -> int:
    """How many of N texts are values of the type `kind` in the pattern."""
    dialect = TextDialect(dates=(pattern,) if pattern else (), century_from=CENTURY_FROM)
    faults = parse_text(text, _MOMENTS[kind], dialect).faults
    return len(text) if faults is None else int((faults == 0).sum())


def _count(mask: pa.Array) -> int:
    return int(np.count_nonzero(as_flags(mask)))


def _span(span: tuple[int, int], lengths: pa.Array) -> tuple[int, int]:
    """`span`, lowest and highest, extended to `lengths`."""
    low, high = pc.min_max(lengths).as_py().values()
    return min(span[0], low), max(span[1], high)
