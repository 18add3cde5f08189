"""What a column's long numbers are as a whole: NIRs, or numbers that look like some by chance.

A single number proves little: one of 15 random digits in a hundred has the key of a NIR, and one in
eight a month of birth. A column proves much, over all batches of a run. Its values are folded to
the number in them, and of the distinct ones two things are looked at:

    keys      too many have a month of 01 to 12 and the right key; of a dozen or more that have the
              key, the months are no chance either (other numbers are checked modulo 97, too)
    bodies    too many have a month of 01 to 12, with or without a key; and 00 and 13 to 19 are
              lacking, where the digits of the month by themselves would bring them; and the months
              are spread over the year, as those of a counter, a clock or a dated reference are not.
              Where most numbers begin alike (one sex and year of birth, or a counter), all must be
              births, and they must not follow one another in even steps

Under a dozen distinct numbers only keys decide, and what the gate sees by a column's name.

`numbers_of` folds a leaf's values. A `ColumnSketch` is what is kept of a column, and what adds up
over batches and workers: of the 512 distinct numbers with the least salted hashes the hash, the
five first digits and two flags. That is a fair sample of all distinct numbers, however often each
one comes. The salt is drawn for the run and stands in no receipt, and neither does a sketch.
"""

import hashlib
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise, takewhile
from typing import Final, Literal, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tamis.filter.gate.leaves import Leaf
from tamis.filter.gate.numbers import BODY, Ints
from tamis.filter.gate.scan import is_no_chance
from tamis.filter.gate.sieve import text_buffers

Evidence = Literal["keys", "bodies"]
"""What tells that a column holds NIRs."""

SKETCHED: Final = 512
"""Distinct numbers of which a sketch knows."""

_READ: Final = 256  # characters of a text that are read
_LARGE: Final = 4_096  # values above which a sample of
_SAMPLE: Final = 512  # them is looked at
_FEWEST: Final = 12  # distinct numbers below which months prove nothing
_ALIKE: Final = 0.2  # probability of two numbers to begin alike above which most of them do
_CHANCE_OF_MONTH: Final = 0.12  # two random digits from 01 to 12
_CHANCE_OF_KEY: Final = 1 / 97
_YOUNG: Final = 11  # years of birth, at most, of persons who are all born after 2000

_LONG: Final = re.compile(r"[0-9]{5,}2[ABab][0-9]{6,8}|[0-9]{13,}")
_MEMBER: Final = re.compile(r'"\w{1,40}"\s*:')  # the name of a member of a JSON object
_WORD: Final = re.compile(r"[^\W\d_]{3}")  # where words stand between, digits are no one number
_GAPS: Final = re.compile(r"(?<=[0-9ABab])[^0-9A-Za-z]{1,4}(?=[0-9])")
_SCIENTIFIC: Final = re.compile(r"([1-8])[.,]([0-9]{6,14})[eE]\+?(1[2-4])(?![0-9])")
_MAY_HOLD: Final = r"(?:[0-9\xC2-\xF4][^0-9]{0,4}){12}"  # in bytes; 2A and 2B may be lacking
_SHAPE: Final = re.compile(r"0*([1-9][0-9]{4}(?:[0-9]{8}|2[ABab][0-9]{6}))([0-9]{0,2})")
_CORSICA: Final = str.maketrans({"A": "19", "a": "19", "B": "18", "b": "18"})


class Number(NamedTuple):
    """The number in a value: its first 13 characters, 2A as 19 and 2B as 18, and up to two more."""

    body: int
    rest: str

    @property
    def keyed(self) -> bool:
        """Whether the right key stands behind it."""
        return len(self.rest) == 2 and (self.body + int(self.rest)) % 97 == 0


class Seen(NamedTuple):
    """What a sketch keeps of a number.

    Attributes:
        head: its first five digits; of a NIR sex, year and month.
        keyed: whether the right key stands behind it.
        place: of its sixth and seventh digit, whether they are `00`, which is no département, or
            from 01 to 31, as a `day` is, or `else`.
    """

    head: int
    keyed: bool
    place: Literal["00", "day", "else"]

    @classmethod
    def of(cls, number: Number) -> "Seen":
        """What to keep of `number`."""
        place = number.body // 10**6 % 100
        return cls(
            number.body // 10**8,
            number.keyed,
            "00" if place == 0 else "day" if place <= 31 else "else",
        )

    @property
    def month(self) -> int:
        """The fourth and fifth digit."""
        return self.head % 100

    @property
    def year(self) -> int:
        """The second and third digit."""
        return self.head // 100 % 100


@dataclass
class ColumnSketch:
    """What is known of the long numbers of one column.

    Attributes:
        seen: by salted hash, the distinct numbers with the least hashes, up to `SKETCHED`.
        left: values with a long number that were released.
        left_keyed: those of them that were looked at and have a month and the right key.
        steps: pairs of distinct neighbours, in order of size, that were looked at.
        even: those of them that are as far apart as most others.

    Example:
        >>> sketch = ColumnSketch.of([Number(1550875999991, "93")])
        >>> len(sketch.seen), sketch.evidence
        (1, None)
    """

    seen: dict[int, Seen] = field(default_factory=dict)
    left: int = 0
    left_keyed: int = 0
    steps: int = 0
    even: int = 0

    def add(self, numbers: Iterable[Number], salt: bytes) -> None:
        """Add the numbers of one batch."""
        distinct = set(numbers)
        for number in distinct:
            digest = hashlib.blake2b(
                f"{number.body}{number.rest}".encode(), digest_size=8, key=salt
            )
            self.seen[int.from_bytes(digest.digest())] = Seen.of(number)
        self._shorten()
        steps = [after - before for before, after in pairwise(sorted({n.body for n in distinct}))]
        if steps:
            middle = sorted(steps)[len(steps) // 2]
            self.steps += len(steps)
            self.even += sum(abs(step - middle) <= middle // 10 for step in steps)

    def merge(self, other: "ColumnSketch") -> None:
        """Add what `other` knows; `other` stays as it is."""
        self.seen |= other.seen
        self._shorten()
        self.left += other.left
        self.left_keyed += other.left_keyed
        self.steps += other.steps
        self.even += other.even

    def _shorten(self) -> None:
        if len(self.seen) > SKETCHED:
            self.seen = dict(sorted(self.seen.items())[:SKETCHED])

    @classmethod
    def of(cls, numbers: Iterable[Number], salt: bytes = b"") -> "ColumnSketch":
        """What is known of some numbers."""
        sketch = cls()
        sketch.add(numbers, salt)
        return sketch

    @property
    def born(self) -> int:
        """How many of the numbers it knows have a month of 01 to 12."""
        return sum(1 <= number.month <= 12 for number in self.seen.values())

    @property
    def keyed(self) -> int:
        """How many of the numbers it knows have the right key."""
        return sum(number.keyed for number in self.seen.values())

    @property
    def evidence(self) -> Evidence | None:
        """What tells that the column holds NIRs; None where chance explains what is seen."""
        seen = list(self.seen.values())
        persons = [number for number in seen if number.head < 30_000]
        others = [number for number in seen if number.head >= 30_000]
        is_even = self.even > 0.5 * self.steps
        if any(_are_births(some, is_even) for some in (persons, others, seen)):
            return "bodies"
        return "keys" if _have_keys(seen) else None


def _have_keys(seen: Sequence[Seen]) -> bool:
    """Whether too many of those with a month of birth have the right key, and not as many others.

    Other numbers are checked modulo 97 as well: of those one in eight shows such a month.
    """
    born = [number for number in seen if 1 <= number.month <= 12]
    right = sum(number.keyed for number in born)
    keyed = sum(number.keyed for number in seen)
    return is_no_chance(right, len(born), _CHANCE_OF_KEY) and (
        keyed < _FEWEST or is_no_chance(right, keyed, _CHANCE_OF_MONTH)
    )


def _are_births(seen: Sequence[Seen], is_even: bool) -> bool:
    """Whether distinct numbers have the months of births."""
    count = len(seen)
    if count < _FEWEST:
        return False
    months = Counter(number.month for number in seen)
    of_birth = [months[month] for month in range(1, 13)]
    born = sum(of_birth)
    if born < 0.3 * count or not is_no_chance(born, count, _CHANCE_OF_MONTH):
        return False
    tens = Counter(number.month // 10 for number in seen)
    units = Counter(number.month % 10 for number in seen)
    wrong = months[0] + sum(months[month] for month in range(13, 20))
    expected = tens[0] * units[0] + tens[1] * sum(units[unit] for unit in range(3, 10))
    if wrong and wrong * count >= 0.5 * expected:
        return False
    years = {number.year for number in seen}
    days = sum(1 <= number.year <= 31 for number in seen)
    places = Counter(number.place for number in seen)
    if places["day"] >= 0.98 * count or (days >= 0.98 * count and len(years) > _YOUNG):
        return False  # dates behind or before the month
    # Two births in twelve share their month, two moments of a week's clock one in seven.
    if _collision(Counter(number.head // 100 for number in seen).values()) <= _ALIKE:
        return _collision(of_birth) <= 1 / 12 + max(0.04, 1.6 / born)
    return (
        _collision(of_birth) <= 1 / 12 + max(0.04, 0.8 / born)
        and born >= 0.9 * count
        and wrong <= 0.01 * count
        and places["00"] <= 0.002 * count
        and not is_even
    )


def _collision(counts: Iterable[int]) -> float:
    """The probability that two of the counted, drawn without putting back, are of one kind."""
    counts = list(counts)
    total = sum(counts)
    return sum(n * (n - 1) for n in counts) / (total * (total - 1)) if total > 1 else 1.0


@dataclass(frozen=True, eq=False)
class Numbers:
    """The numbers in some values of a leaf.

    Attributes:
        at: N positions of values, ascending.
        numbers: N numbers, one in each.
        weight: for how many values each one stands.
    """

    at: Ints
    numbers: Sequence[Number]
    weight: int


def numbers_of(leaf: Leaf, *, whole: bool = False) -> Numbers:
    """The numbers in the values of a leaf, in all of them or in a sample of many.

    Args:
        leaf: of text, integers or floats; of a dictionary its entries.
        whole: whether all values are looked at, however many there are.
    """
    values = leaf.values
    if leaf.kind == "text":
        at = np.flatnonzero(np.diff(text_buffers(values)[1]) >= BODY)
    else:
        magnitudes = np.abs(values.fill_null(0).to_numpy(zero_copy_only=False).astype(np.float64))
        at = np.flatnonzero((magnitudes >= 10**12) & (magnitudes < 10**16))
    weight = 1 if whole or len(at) <= _LARGE else len(at) // _SAMPLE
    at = at[::weight]
    looked_at = values.take(pa.array(at)) if len(at) < len(values) else values
    if leaf.kind == "text":
        may = pc.match_substring_regex(looked_at, _MAY_HOLD).fill_null(False)
        at = at[np.asarray(may)]
        texts = [value.decode(errors="replace") for value in looked_at.filter(may).to_pylist()]
    elif leaf.kind == "integer":
        texts = list(map(str, looked_at.to_pylist()))
    else:
        texts = [f"{value:.3f}" for value in looked_at.to_pylist()]
    folded = fold_numbers(texts)
    here = np.array([number is not None for number in folded], bool)
    return Numbers(at[here], [number for number in folded if number is not None], weight)


def fold_numbers(texts: Sequence[str]) -> list[Number | None]:
    """The number in each of N texts of one column; None where there is none of 13 to 15 digits.

    Blanks, quotes, zeros in front, decimals, words and punctuation around it are taken off, as are
    affixes that all texts have, and gaps in it. Of a long text the first 256 characters are read.

    Example:
        >>> fold_numbers(["FR01550875999991 ", '{"v": "1 55 08 75 999 991"}', "06 12 34 56 78"])
        [Number(body=1550875999991, rest=''), Number(body=1550875999991, rest=''), None]
    """
    texts = [text[:_READ] for text in texts]
    ends = zip(min(texts, default=""), max(texts, default=""), strict=False)
    prefix = "".join(first for first, _last in takewhile(lambda pair: pair[0] == pair[1], ends))
    starts = [0, *(match.end() for match in re.finditer(r"[^0-9]+", prefix))]
    return [
        next((number for at in starts if (number := _fold(text[at:])) is not None), None)
        for text in texts
    ]


def _fold(text: str) -> Number | None:
    if not text.isascii():
        text = "".join([str(unicodedata.digit(char, char)) for char in text])
    if "E" in text or "e" in text:
        text = _SCIENTIFIC.sub(lambda m: (m[1] + m[2]).ljust(1 + int(m[3]), "0"), text)
    long = _LONG.search(text)
    if long is None:
        text = _MEMBER.sub("", text)
        if _WORD.search(text):
            return None
        long = _LONG.search(_GAPS.sub("", text))
    return None if long is None else _number(long[0])


def _number(digits: str) -> Number | None:
    shape = _SHAPE.fullmatch(digits)
    if shape is None:
        return None
    body = shape[1]
    if not body.isdigit():
        body = body[:5] + body[5:7].translate(_CORSICA)[1:] + body[7:]
    return Number(int(body), shape[2])
