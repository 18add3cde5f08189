"""The gate: the second, independent look at what is released.

Under paragraph III it looks at all of it; under I and II, whose partners carry the NIR, at all that
is not declared to hold one.

Whatever upstream did or failed to do, a row that still holds a NIR is found here and quarantined.
It shares no code with `tamis.nir` and `tamis.arrow`, so that no bug is in both looks; helpers that
are there too are copies on purpose. It fails closed: a type it cannot look into stops the run.

    whole value, 15 characters     counts with its key, or with NIR in the column's name
    whole value, 13 characters     counts with its key in the next field, or with NIR in the
                                   column's name; under I and II it always counts
    text                           as `tamis.filter.gate.text` says
    column declared `not_nir`      only a label or the INSEE grouping
    column as a whole              its numbers count where they are no chance, whatever stands
                                   around them and whatever is declared; where its values were
                                   tested against a pattern of their own, it is not judged

Types and widths that cannot hold 13 digits are looked at only as the rest of a neighbour. Times
and durations are 64-bit integers, but real ones look like NIRs now and then (a birth date in
microseconds has 15 digits): they count where the batch's keys are no chance.

What a batch does not prove the run may: the sketches of columns say what is left (`Leaks`).

Not seen: a NIR in three fields or more, but for the items of one list, or in fields that do not
stand side by side; a NIR in two
parts of a body cut elsewhere than between 13 and key, in batches of a few rows.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import pairwise
from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from tamis.filter.gate.buffers import Texts
from tamis.filter.gate.columns import (
    ColumnSketch,
    find_births_within,
    keyed_values,
    window,
)
from tamis.filter.gate.fold import fold
from tamis.filter.gate.labels import names_nir
from tamis.filter.gate.leaves import Leaf, Rows, take_apart
from tamis.filter.gate.lists import find_in_lists
from tamis.filter.gate.numbers import BODY, FULL, Bools, Ints, plausible
from tamis.filter.gate.scan import (
    Scan,
    is_no_chance,
    scan_floats,
    scan_integers,
    scan_texts,
)
from tamis.filter.gate.values import Numbers, mix, numbers_of

_PART_ENDS: Final = np.array([1, 3, 5, 7, 8, 10, 13])  # where sex, year, month … end in the body
_SAMPLE: Final = 10_000  # pairs of parts: a proportion needs no more
_NAMES_KEY: Final = re.compile(r"(?<![a-z])(?:cle|clé|key)(?![a-z])", re.IGNORECASE)


@dataclass(frozen=True, eq=False)
class GateColumn:
    """A released column of N rows.

    Attributes:
        not_nir: its schema declares that its numbers are no NIRs.
        tested: its values were tested against a pattern that next to no NIR meets.
        strict: a whole value of 13 characters counts without its key, as NIRs come with the records
            and nothing but `not_nir` says that it is none.
    """

    name: str
    array: pa.Array
    not_nir: bool = False
    tested: bool = False
    strict: bool = False


@dataclass(frozen=True)
class GateFinding:
    """What the gate found in one column.

    Attributes:
        column: its name.
        hits: how many rows hold a NIR there.
        values: how many values of 15 characters the column has, or of 13 that count without a key,
            where nothing but key or shape speaks against all hits; else how many values were
            looked at.
        looks_like_chance: the hits are no more than random 15-digit numbers would give, or have no
            key: if these are references of another kind, the schema can say so by `not_nir`.
    """

    column: str
    hits: int
    values: int
    looks_like_chance: bool


@dataclass(frozen=True, eq=False)
class Leaks:
    """Where NIRs are left.

    Attributes:
        rows: int32 of N rows, the index of the first column that holds a NIR, or -1.
        findings: one for each column with a hit, in their order.
        sketches: by path, what is known of the columns that hold long numbers.
    """

    rows: npt.NDArray[np.int32]
    findings: tuple[GateFinding, ...]
    sketches: dict[str, ColumnSketch] = field(default_factory=dict)


def find_leaks(columns: Sequence[GateColumn], salt: bytes = b"") -> Leaks:
    """Find the rows that still hold a NIR.

    Args:
        columns: released columns of N rows each, in the release's order, of any Arrow type and
            nesting, without those the plan itself builds (tags, pseudonyms).
        salt: a random value, the same for all batches of a run, of which sketches are made.

    Returns:
        The rows, and what each column contributed.

    Raises:
        RunError: a column has a type that the gate cannot look into.

    Legal source:
        Code du travail, art. R. 6323-37, III.

    Example:
        >>> note = pa.array(["rien à dire", "son NIR : 1 55 08 75 999 991", None])
        >>> find_leaks([GateColumn("note", note)]).rows.tolist()
        [-1, 0, -1]
    """
    count = len(columns[0].array) if columns else 0
    looks = [
        _Look(index, leaf, column, salt)
        for index, column in enumerate(columns)
        for leaf in take_apart(column.name, column.array)
    ]
    for look in looks:
        look.scan()
    for left, right in _neighbours(looks):
        _look_across(left, right)
    for look in looks:
        if look.leaf.rows is not None and len(look.hits) > 1 and look.is_searched:
            _look_across(look, look, shift=1)
            look.look_at_lists(look.leaf.rows)

    rows = np.full(count, -1, np.int32)
    findings = []
    for index in sorted({look.column for look in looks if look.hits.any()}, reverse=True):
        mine = [look for look in looks if look.column == index]
        hit = np.zeros(count, bool)
        for look in mine:
            hit[look.hit_rows()] = True
        rows[hit] = index
        unkeyed = sum(look.unkeyed for look in mine)
        bare = all(look.bare + look.unkeyed == look.hits.sum() for look in mine)
        long = sum(look.long + look.unkeyed for look in mine)
        findings.append(
            GateFinding(
                column=columns[index].name,
                hits=int(hit.sum()),
                values=long if bare else sum(len(look.hits) for look in mine),
                looks_like_chance=bare and bool(unkeyed or not is_no_chance(int(hit.sum()), long)),
            )
        )
    sketches: dict[str, ColumnSketch] = {}
    for look in looks:
        if len(look.numbers.at):
            sketch = look.sketch(rows < 0)
            sketches.setdefault(look.leaf.path, ColumnSketch()).merge(sketch)
    return Leaks(rows, tuple(reversed(findings)), sketches)


class _Look:
    """A leaf, and what was found in it so far.

    Of a dictionary the entries are looked at first: where none is suspect, no value is.
    """

    def __init__(self, index: int, leaf: Leaf, column: GateColumn, salt: bytes = b"") -> None:
        self.column = index
        self.leaf = leaf
        self.named = names_nir(fold(leaf.path))
        self.not_nir = column.not_nir and not self.named
        self.tested = column.tested
        self.strict = column.strict and not (self.not_nir or self.tested)
        self.hits: Bools = np.zeros(leaf.size, bool)
        self.bodies_at: Ints = np.empty(0, np.int64)
        self.long = 0  # whole values of 15 characters
        self.bare = 0  # hits with no other sign than their key
        self.unkeyed = 0  # and those without one
        self.numbers = Numbers.none()
        self.known = ColumnSketch()
        self.salt = salt

    def scan(self) -> None:
        leaf = self.leaf
        if leaf.kind == "narrow":
            if pa.types.is_decimal(leaf.values.type) and not self.tested:
                self.numbers = numbers_of(leaf)
                self._judge_column()
            return
        scan = self._scan_values()
        is_judged = not self.tested and leaf.kind != "time"
        numbers = numbers_of(leaf) if is_judged else Numbers.none()
        if leaf.coded is not None:
            if len(scan.hits) or len(scan.bodies_at) or scan.long or len(numbers.at):
                self.leaf = leaf.decoded()
                self.scan()
            return
        if leaf.kind == "time":
            if is_no_chance(len(scan.hits), scan.long):
                self.hits[scan.hits] = True
            return
        self.hits[scan.hits] = True
        self.long, self.bare = scan.long, scan.bare
        if self.strict:
            bodies = scan.bodies_at[plausible(scan.bodies)]
            self.unkeyed = int((~self.hits[bodies]).sum())
            self.hits[bodies] = True
        if not self.not_nir:
            self.bodies_at = scan.bodies_at
        self.numbers = numbers
        self._judge_column()

    def _scan_values(self) -> Scan:
        leaf = self.leaf
        if leaf.kind == "text":
            return scan_texts(leaf.texts, named=self.named, not_nir=self.not_nir)
        if self.not_nir:
            return Scan()
        values = leaf.values.fill_null(0).to_numpy()
        if leaf.kind == "float":
            return scan_floats(values, named=self.named)
        return scan_integers(values.view(np.int64), named=self.named and leaf.kind != "time")

    def _judge_column(self) -> None:
        """Count the numbers of the column where they are no chance, or its name says NIR."""
        if not len(self.numbers.at):
            return
        self.known = ColumnSketch.of(self.numbers, self.salt)
        evidence = self.known.evidence or find_births_within(self.numbers)
        if not evidence and not self.named:
            return
        numbers = numbers_of(self.leaf, whole=True)
        bodies = window(numbers, 0)
        counts = plausible(bodies)
        if not evidence:  # of what has a NIR's length, as a moment in time has not
            counts &= np.isin(numbers.sizes, (BODY, FULL)) & (bodies // 10**8 % 100 <= 12)
        elif evidence[0].kind == "keys" and not evidence[0].shift:
            keyed = keyed_values(numbers)
            if 2 * keyed.sum() < len(bodies):
                counts &= keyed
        for _kind, shift in evidence:
            if shift:
                counts |= plausible(window(numbers, shift))
        self.hits[numbers.at[counts]] = True

    def sketch(self, is_released: Bools) -> ColumnSketch:
        """What is known of the column's numbers, and of how many `is_released` of N rows says."""
        sketch = ColumnSketch()
        sketch.merge(self.known)
        rows = self.leaf.rows
        at, long_at = self.numbers.at, self.numbers.long_at
        left = is_released[at if rows is None else rows[at]]
        long_left = is_released[long_at if rows is None else rows[long_at]]
        sketch.left = round(int(long_left.sum()) * self.numbers.share)
        if sketch.left:
            keyed = keyed_values(self.numbers) & left
            sketch.left_keyed = round(sketch.left * float(keyed.sum()) / max(1, int(left.sum())))
        return sketch

    def look_at_lists(self, rows: Rows) -> None:
        """Look at the items of each list together."""
        self.hits[find_in_lists(lambda: self.texts, rows)] = True

    @property
    def is_searched(self) -> bool:
        """Whether a part of a NIR in these values would count."""
        return not self.not_nir and self.leaf.kind != "time"

    def hit_rows(self) -> Rows:
        at = np.flatnonzero(self.hits)
        return at if self.leaf.rows is None else self.leaf.rows[at]

    @cached_property
    def widest(self) -> int:
        """The largest number of characters of a value."""
        if self.leaf.kind == "text":
            return self.leaf.texts.widest
        return len(f"{self.leaf.largest:.0f}")

    @cached_property
    def begins_with_digits(self) -> bool:
        """Whether some value does; numbers always do."""
        if self.leaf.kind != "text":
            return True
        data, starts = self.leaf.texts.data, self.leaf.texts.offsets[:-1]
        return len(data) > 0 and bool((data.take(starts, mode="clip") - np.uint8(48) < 10).any())

    @cached_property
    def lengths(self) -> Bools:
        """Which lengths, from 0 to 15 characters, some value has; of numbers any."""
        if self.leaf.kind != "text":
            return np.ones(FULL + 1, bool)
        lengths = np.zeros(FULL + 2, bool)
        sizes = self.leaf.texts.sizes
        narrowest = int(sizes.min(initial=FULL + 1))
        if narrowest <= FULL:
            alike = narrowest == self.widest
            lengths[narrowest if alike else np.minimum(sizes, FULL + 1)] = True
        return lengths[: FULL + 1]

    @cached_property
    def texts(self) -> pa.Array:
        """The values as large_binary; floats and decimals that are no whole numbers are null."""
        self.leaf = self.leaf.decoded()
        values = self.leaf.values
        if self.leaf.kind == "text":
            return values
        if self.leaf.kind == "float" or pa.types.is_decimal(values.type):
            values = values.cast(pa.float64())
            whole = pc.and_(pc.equal(pc.floor(values), values), pc.less(pc.abs(values), 1e15))
            values = pc.if_else(whole, values, None).cast(pa.int64())
        return values.cast(pa.large_string()).cast(pa.large_binary())


def _neighbours(looks: Sequence[_Look]) -> Iterator[tuple[_Look, _Look]]:
    """Pairs of leaves in which a NIR may be in two parts: side by side, or 13 and a named key."""
    able = [look for look in looks if look.is_searched]
    for left, right in pairwise(able):
        if left.leaf.rows is right.leaf.rows:
            yield left, right
    for left in able:
        if len(left.bodies_at):
            for right in able:
                if left.leaf.rows is right.leaf.rows and _NAMES_KEY.search(right.leaf.path):
                    yield left, right


def _look_across(left: _Look, right: _Look, shift: int = 0) -> None:
    """Join each value of `left` to that of `right` beside it, and scan what comes out.

    With `shift`, `right` is `left` itself and the other value the next one of the same record.
    """
    if not _may_join(left, right):
        return
    heads = left.texts.slice(0, len(left.texts) - shift)
    tails = right.texts.slice(shift)
    first_parts, others = Texts(heads), Texts(tails)
    left_lengths, right_lengths = first_parts.sizes, others.sizes
    total = left_lengths + right_lengths
    keyed = (left_lengths == BODY) & ((right_lengths == 1) | (right_lengths == FULL - BODY))
    cut = ((total == BODY) | (total == FULL)) & (right_lengths > 0)
    cut &= np.isin(left_lengths, _PART_ENDS[:-1])
    fits = keyed | cut
    if shift and left.leaf.rows is not None:
        fits &= left.leaf.rows[:-shift] == left.leaf.rows[shift:]
    at = np.flatnonzero(fits)
    if len(at):
        first = first_parts.data[first_parts.offsets[at]]
        at = at[(first > ord("0")) & (first < ord("9"))]

    with_key = at[keyed[at]]
    joined = _scan_joined(heads, tails, with_key)
    left.bare += int((~left.hits[with_key[joined.hits]]).sum())
    left.long += joined.long
    left.hits[with_key[joined.hits]] = True

    # A body cut in two is seen by the batch alone: any two fields of digits may add up to 15, such
    # as a postal code and a telephone number.
    in_parts = at[cut[at]]
    some = in_parts
    if len(in_parts) > _SAMPLE:  # chosen by what they are, as the order of rows is nobody's
        hashes = mix(first_parts.beginnings(in_parts), others.beginnings(in_parts))
        some = in_parts[hashes <= np.unique(hashes)[:_SAMPLE][-1]]
    joined = _scan_joined(heads, tails, some)
    bodies = ColumnSketch.of(Numbers.of_bodies(joined.bodies))
    if is_no_chance(len(joined.hits), joined.long) or bodies.evidence:
        joined = _scan_joined(heads, tails, in_parts)
        left.hits[in_parts[joined.hits]] = True
        left.hits[in_parts[joined.bodies_at[plausible(joined.bodies)]]] = True


def _may_join(left: _Look, right: _Look) -> bool:
    """Whether some digits of both add up to a NIR that is cut where one of its parts ends."""
    if not (left.begins_with_digits and right.begins_with_digits):
        return False
    if left.widest + right.widest < BODY:
        return False
    return any(
        left.lengths[length] and right.lengths[max(1, BODY - length) : FULL + 1 - length].any()
        for length in _PART_ENDS
    )


def _scan_joined(heads: pa.Array, tails: pa.Array, at: Ints) -> Scan:
    if not len(at):
        return Scan()
    heads, tails = heads.take(pa.array(at)), tails.take(pa.array(at))
    zero, nothing = pa.scalar(b"0", pa.large_binary()), pa.scalar(b"", pa.large_binary())
    # A key below 10 that was kept as a number has lost its zero.
    short = pc.equal(pc.add(pc.binary_length(heads), pc.binary_length(tails)), FULL - 1)
    padding = pc.if_else(short, zero, nothing)
    joined = pc.binary_join_element_wise(heads, padding, tails, nothing)
    return scan_texts(Texts(joined), named=False, not_nir=False)
