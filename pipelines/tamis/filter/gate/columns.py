"""What a column's long numbers are as a whole: NIRs, or numbers that look like some by chance.

A single number proves little: one of 15 random digits in a hundred has the key of a NIR, and one in
eight a month of birth. A column proves much, over all batches of a run. Of the distinct numbers in
its values (`tamis.filter.gate.values`) two things are looked at:

    keys      too many have a month of 01 to 12 and the right key; of a dozen or more that have the
              key, the months are no chance either (other numbers are checked modulo 97, too). The
              15 digits may stand anywhere in longer numbers, at one distance from the first or from
              the last digit
    bodies    too many have a month of 01 to 12, with or without a key; and 00 and 13 to 19 are
              lacking, where the digits of the month by themselves would bring them; and the months
              are spread over the year, as those of a counter, a clock or a dated reference are not.
              Where most numbers begin alike (one sex and year of birth, or a counter), all must be
              births, and they must not follow one another in even steps

Under a dozen distinct numbers only keys decide, and what the gate sees by a column's name. Thirteen
digits within longer numbers are looked for in the batch alone, of forty distinct numbers or more.

A `ColumnSketch` is what is kept of a column, and what adds up over batches and workers: of the 512
distinct numbers with the least salted hashes the hash, the seven first digits and where in it a key
is right. That is a fair sample of all distinct numbers, however often each one comes. The salt is
drawn for the run and stands in no receipt, and neither does a sketch.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Final, Literal, NamedTuple

import numpy as np
import numpy.typing as npt

from tamis.filter.gate.numbers import BODY, FULL, Bools, Ints, key_fits, plausible
from tamis.filter.gate.scan import is_no_chance
from tamis.filter.gate.values import WIDEST, Numbers

SKETCHED: Final = 512
"""Distinct numbers of which a sketch knows."""

_FEWEST: Final = 12  # distinct numbers below which months prove nothing,
_FEWEST_WITHIN: Final = 40  # and below which those of thirteen digits within longer numbers do not
_ALIKE: Final = 0.2  # probability of two numbers to begin alike above which most of them do
_CHANCE_OF_MONTH: Final = 0.12  # two random digits from 01 to 12
_CHANCE_OF_KEY: Final = 1 / 97
_CHANCE_OF_BOTH: Final = 0.0013
_CHANCE_OF_NO_WRONG_MONTH: Final = 0.92  # two random digits other than 00 and 13 to 19
_MOST: Final = 0.85  # share of numbers that are dates, where a counter stands before some
_YOUNG: Final = 11  # years of birth, at most, of persons who are all born after 2000
_CORSICA: Final = 100  # what is added to the place of a number with 2A or 2B
_SHIFTS: Final = WIDEST - FULL + 1  # digits that may stand before a NIR, or behind it
_FROM_RIGHT: Final = 32  # the bit from which on those behind count

_SEEN: Final = np.dtype(
    [
        ("hash", np.uint64),  # of the whole number, salted
        ("head", np.int32),  # the first five digits; of a NIR sex, year and month
        ("place", np.uint8),  # the two behind; of 2A 119, of 2B 118
        ("keyed", np.bool_),  # whether the right key stands behind 13 digits
        ("long", np.bool_),  # whether there are more than 15 digits
        ("within", np.uint64),  # bits: where 15 other digits have a month and the right key:
        ("inner", np.int32),  # the first five of the first of these,
        ("inner_hash", np.uint16),  # and a hash of all
    ]
)
Seen = npt.NDArray[Any]  # of _SEEN

_TENS: Final = np.array([10, 1], np.int64)
_POWERS: Final = 10 ** np.arange(BODY - 1, -1, -1, dtype=np.int64)
# By distance, what each digit adds to 15 digits modulo 97, of which the last two are a key.
_KEYS: Final = np.zeros((WIDEST, _SHIFTS))
for _shift in range(_SHIFTS):
    _KEYS[_shift : _shift + FULL, _shift] = [*(_POWERS % 97), 10, 1]


class Evidence(NamedTuple):
    """What tells that a column holds NIRs.

    Attributes:
        kind: `keys` or `bodies`.
        shift: how many digits stand before its 13; or, from -1 for none on, behind them.
    """

    kind: Literal["keys", "bodies"]
    shift: int = 0


@dataclass(eq=False)
class ColumnSketch:
    """What is known of the long numbers of one column.

    Attributes:
        seen: the distinct numbers, by hash; once merged, of the `SKETCHED` with the least hashes.
        left: values with a long number that were released.
        left_keyed: those of them that have a month and the right key.
        steps: pairs of distinct neighbours, in order of size, that were looked at.
        even: those of them that are as far apart as most others.

    Example:
        >>> ColumnSketch().evidence
        []
    """

    seen: Seen = field(default_factory=lambda: np.empty(0, _SEEN))
    left: int = 0
    left_keyed: int = 0
    steps: int = 0
    even: int = 0

    @classmethod
    def of(cls, numbers: Numbers, salt: bytes = b"") -> "ColumnSketch":
        """What is known of some numbers."""
        sketch = cls(_see(numbers, salt))
        bodies = np.unique(window(numbers, 0))
        steps = bodies[1:] - bodies[:-1]
        if len(steps):
            middle = int(np.sort(steps)[len(steps) // 2])
            sketch.steps = len(steps)
            sketch.even = int((np.abs(steps - middle) <= middle // 10).sum())
        return sketch

    def merge(self, other: "ColumnSketch") -> None:
        """Add what `other` knows; `other` stays as it is."""
        seen = np.concatenate((self.seen, other.seen))
        _, first = np.unique(seen["hash"], return_index=True)
        self.seen = seen[first[:SKETCHED]]
        self.left += other.left
        self.left_keyed += other.left_keyed
        self.steps += other.steps
        self.even += other.even

    @property
    def born(self) -> int:
        """How many of the numbers it knows have a month of 01 to 12."""
        return int((_born(self.seen) | (self.seen["within"] > 0)).sum())

    @property
    def keyed(self) -> int:
        """How many of the numbers it knows have the right key."""
        return int((self.seen["keyed"] | (self.seen["within"] > 0)).sum())

    @property
    def evidence(self) -> list[Evidence]:
        """What tells that the column holds NIRs; empty where chance explains what is seen."""
        seen = self.seen[~self.seen["long"]]
        is_even = self.even > 0.5 * self.steps
        persons, corsican = seen["head"] < 30_000, seen["place"] >= _CORSICA
        kinds = (persons, ~persons, persons | True, corsican)
        evidence = []
        if any(_are_births(seen[kind], is_even) for kind in kinds):
            evidence.append(Evidence("bodies"))
        elif _have_keys(seen):
            evidence.append(Evidence("keys"))
        return evidence + _keys_within(self.seen)


def window(numbers: Numbers, shift: int) -> Ints:
    """The 13 digits of each number from `shift` on, as `Evidence` counts; 0 where there are none.

    Example:
        >>> window(Numbers.none(), 0).tolist()
        []
    """
    if shift >= 0:
        fits = numbers.sizes >= shift + BODY
        digits = numbers.digits[:, shift : shift + BODY]
    else:
        starts = numbers.sizes - BODY + 1 + shift
        fits = starts >= 0
        cells = np.maximum(starts, 0)[:, None] + np.arange(BODY)
        digits = np.take_along_axis(numbers.digits, cells, axis=1)
    return np.where(fits, digits @ _POWERS, 0)


def keyed_values(numbers: Numbers) -> Bools:
    """Which numbers have a month and the right key, at their beginning or anywhere."""
    seen = _see(numbers, b"", distinct=False)
    return (seen["keyed"] & plausible(window(numbers, 0))) | (seen["within"] > 0)


def find_births_within(numbers: Numbers) -> list[Evidence]:
    """Evidence of 13 digits without key within longer numbers, at one distance from an end."""
    widest = int(numbers.sizes.max(initial=0))
    if len(numbers.at) < _FEWEST_WITHIN or widest <= BODY:
        return []
    shifts = [*range(widest <= FULL, widest - BODY + 1)]
    if widest > numbers.sizes.min():
        shifts += range(-1, BODY - widest - 2, -1)
    found, most = [], _FEWEST_WITHIN
    for shift in shifts:
        bodies = window(numbers, shift)
        months = bodies // 10**8 % 100
        born = (months >= 1) & (months <= 12)
        if born.sum() < max(most, 0.9 * len(bodies)):
            continue
        bodies = np.unique(bodies[bodies > 0])
        seen = np.zeros(len(bodies), _SEEN)
        seen["head"], seen["place"] = bodies // 10**8, bodies // 10**6 % 100
        # Digits of a moment make no place above 60, and no year above 31 beside months alone.
        no_moment = (seen["place"] > 60) | (seen["head"] // 100 % 100 > 31)
        if no_moment.sum() >= 0.3 * len(seen) and _are_births(seen, False, strictly=True):
            found, most = [Evidence("bodies", shift)], int(born.sum())
    return found


def _see(numbers: Numbers, salt: bytes, *, distinct: bool = True) -> Seen:
    """What to keep of some numbers."""
    digits, sizes = numbers.digits, numbers.sizes
    count = len(sizes)
    bodies = window(numbers, 0)
    seen = np.zeros(count, _SEEN)
    seen["head"] = bodies // 10**8
    seen["place"] = bodies // 10**6 % 100 + _CORSICA * numbers.corsican
    seen["keyed"] = (sizes >= FULL) & key_fits(bodies, digits[:, BODY:FULL] @ _TENS)
    seen["long"] = sizes > FULL
    rest = digits[:, BODY:] @ (10 ** np.arange(WIDEST - BODY - 1, -1, -1, dtype=np.uint64))
    seen["hash"] = _hash(bodies.astype(np.uint64), rest, salt)
    if seen["long"].any():
        _see_within(seen, digits, sizes, salt)
    if distinct:
        _, first = np.unique(seen["hash"], return_index=True)
        seen = seen[first]
    return seen


def _see_within(seen: Seen, digits: npt.NDArray[np.uint8], sizes: Ints, salt: bytes) -> None:
    """Set where in numbers of more than 15 digits 15 of them have a month and the right key."""
    sums = digits.astype(np.float64) @ _KEYS
    firsts = digits[:, :_SHIFTS]
    months = digits[:, 3 : 3 + _SHIFTS] * 10 + digits[:, 4 : 4 + _SHIFTS]
    keys = digits[:, BODY : BODY + _SHIFTS] * 10 + digits[:, BODY + 1 : FULL + _SHIFTS]
    shifts = np.arange(_SHIFTS)
    behind = sizes[:, None] - FULL - shifts
    fits = (sums % 97 == 0) & (behind >= 0) & seen["long"][:, None]
    fits &= (months >= 1) & (months <= 12) & (keys >= 1) & (keys <= 97)
    fits &= (firsts >= 1) & (firsts <= 8)
    row, shift = np.nonzero(fits)
    if not len(row):
        return
    bits = np.zeros(len(seen), np.uint64)
    np.bitwise_or.at(bits, row, np.uint64(1) << shift.astype(np.uint64))
    right = np.uint64(_FROM_RIGHT) + behind[row, shift].astype(np.uint64)
    np.bitwise_or.at(bits, row, np.uint64(1) << right)
    seen["within"] = bits
    row, first = np.unique(row, return_index=True)
    cells = shift[first][:, None] + np.arange(BODY)
    inner = np.take_along_axis(digits[row], cells, axis=1) @ _POWERS
    seen["inner"][row] = inner // 10**8
    seen["inner_hash"][row] = _hash(inner.astype(np.uint64), inner.astype(np.uint64), salt) >> 48


def _hash(
    first: npt.NDArray[np.uint64], second: npt.NDArray[np.uint64], salt: bytes
) -> npt.NDArray[np.uint64]:
    """A hash of pairs of numbers, under a salt of up to 16 bytes."""
    keys = np.frombuffer(salt.ljust(16, b"\0")[:16], np.uint64)
    mixed = first ^ keys[0]
    for word in (second, keys[1], keys[0]):
        mixed = (mixed ^ mixed >> np.uint64(30)) * np.uint64(0xBF58476D1CE4E5B9)
        mixed = (mixed ^ mixed >> np.uint64(27) ^ word) * np.uint64(0x94D049BB133111EB)
    return mixed ^ mixed >> np.uint64(31)


def _born(seen: Seen) -> Bools:
    months = seen["head"] % 100
    return np.asarray((months >= 1) & (months <= 12))


def _have_keys(seen: Seen) -> bool:
    """Whether too many of those with a month of birth have the right key, and not as many others.

    Other numbers are checked modulo 97 as well: of those one in eight shows such a month, and one
    in twelve a month that no NIR has.
    """
    born, keyed = _born(seen), seen["keyed"]
    right, all_keyed = int((born & keyed).sum()), int(keyed.sum())
    if is_no_chance(right, int(born.sum()), _CHANCE_OF_KEY):
        return all_keyed < _FEWEST or is_no_chance(right, all_keyed, _CHANCE_OF_MONTH)
    months = seen["head"] % 100
    fits = int((keyed & (born | (months >= 20))).sum())
    return 2 * all_keyed >= len(seen) and is_no_chance(fits, all_keyed, _CHANCE_OF_NO_WRONG_MONTH)


def _keys_within(seen: Seen) -> list[Evidence]:
    """Evidence that too many have the right key of 15 digits at one distance from an end."""
    within = seen["within"][seen["within"] > 0]
    if not len(within) or len(within) < 0.3 * len(seen):
        return []
    bits = np.unpackbits(within.view(np.uint8).reshape(-1, 8), axis=1, bitorder="little")
    bit = int(np.argmax(bits.sum(axis=0)))
    some = seen[(seen["within"] >> np.uint64(bit)) & np.uint64(1) > 0]
    right = len(np.unique(some["inner_hash"]))
    months = len(np.unique(some["inner"] % 100))
    if (
        right < 0.3 * len(seen)
        or not is_no_chance(right, len(seen), _CHANCE_OF_BOTH)
        or months < min(3, right // 2)
    ):
        return []
    return [Evidence("keys", bit if bit < _FROM_RIGHT else _FROM_RIGHT - 3 - bit)]


def _are_births(seen: Seen, is_even: bool, *, strictly: bool = False) -> bool:
    """Whether distinct numbers have the months of births."""
    count = len(seen)
    if count < _FEWEST:
        return False
    month = seen["head"] % 100
    months = np.bincount(month, minlength=100).tolist()
    of_birth = months[1:13]
    born = sum(of_birth)
    if born < 0.3 * count or not is_no_chance(born, count, _CHANCE_OF_MONTH):
        return False
    tens = np.bincount(month // 10, minlength=10).tolist()
    units = np.bincount(month % 10, minlength=10).tolist()
    wrong = months[0] + sum(months[13:20])
    expected = tens[0] * units[0] + tens[1] * sum(units[3:])
    if wrong and wrong * count >= 0.5 * expected:
        return False
    births = seen[_born(seen)]
    if _are_dated(births):
        return False
    # Two births in twelve share their month, two moments of a week's clock one in seven.
    is_alike = _collision(np.bincount(seen["head"] // 100).tolist()) > _ALIKE
    if not is_alike and not strictly:
        is_recent = bool(_are_recent(births).sum() >= _MOST * born)
        return not is_recent and _collision(of_birth) <= 1 / 12 + max(0.04, 1.6 / born)
    return (
        _collision(of_birth) <= 1 / 12 + max(0.04, 0.8 / born)
        and born >= 0.9 * count
        and wrong <= 0.01 * count
        and (seen["place"] == 0).sum() <= 0.002 * count
        and not is_even
    )


def _are_dated(seen: Seen) -> bool:
    """Whether the digits around the month make dates, of one or of many days."""
    count = len(seen)
    year, place = seen["head"] // 100 % 100, seen["place"]
    days_before = (year >= 1) & (year <= 31)
    days = len(np.unique(year[days_before]))
    recent = _are_recent(seen).sum()
    if days_before.sum() >= _MOST * count and (
        days > _YOUNG or (days > count / 3 and recent > count / 3)
    ):
        return True
    days_behind = (place >= 1) & (place <= 31)
    if days_behind.sum() < _MOST * count:
        return False
    is_spread = _collision(np.bincount(place).tolist()) <= 0.15
    return bool(is_spread or recent >= _MOST * count)


def _are_recent(seen: Seen) -> Bools:
    """Which numbers have a year in which references are dated, and few persons of age are born."""
    year = seen["head"] // 100 % 100
    return np.asarray((year >= 10) & (year <= 31))


def _collision(counts: Iterable[int]) -> float:
    """The probability that two of the counted, drawn without putting back, are of one kind."""
    counts = list(counts)
    total = sum(counts)
    return sum(n * (n - 1) for n in counts) / (total * (total - 1)) if total > 1 else 1.0
