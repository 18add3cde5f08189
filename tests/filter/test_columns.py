"""Columns judged as wholes: NIRs in any form are seen, references of other kinds are not."""

import datetime
import random
from decimal import Decimal

import pyarrow as pa
import pytest

from tamis.evidence.columns import describe_columns, leaking_columns
from tamis.filter.gate.columns import ColumnSketch, Evidence
from tamis.filter.gate.gate import GateColumn, find_leaks
from tamis.filter.gate.leaves import take_apart
from tamis.filter.gate.values import numbers_of
from tamis.filter.tally import Tally, merge

from .column_kinds import FIRST_DIGITS, FORMS, KINDS, PLACES, body, key, nirs

ROWS = 200


def _numbers(values: list[str] | list[int]) -> list[int | None]:
    """The first 13 digits of the number in each value."""
    (leaf,) = take_apart("", pa.array(values))
    numbers = numbers_of(leaf, whole=True)
    folded: dict[int, int] = {
        at: int("".join(map(str, digits[:13])))
        for at, digits in zip(numbers.at.tolist(), numbers.digits.tolist(), strict=True)
    }
    return [folded.get(at) for at in range(len(values))]


def _sketch(values: list[str] | list[int], salt: bytes = b"") -> ColumnSketch:
    (leaf,) = take_apart("", pa.array(values))
    return ColumnSketch.of(numbers_of(leaf, whole=True), salt)


def _left(array: pa.Array, *, not_nir: bool = False, name: str = "reference") -> int:
    return int((find_leaks([GateColumn(name, array, not_nir)]).rows < 0).sum())


@pytest.mark.parametrize("not_nir", [False, True], ids=["plain", "not_nir"])
@pytest.mark.parametrize("form", FORMS)
def test_of_nirs_in_any_form_none_is_left(form: str, not_nir: bool) -> None:
    chance = random.Random(form)
    for cohort in (False, False, True):
        values = [FORMS[form](chance, each) for each in nirs(chance, ROWS, cohort=cohort)]
        assert _left(pa.array(values), not_nir=not_nir) == 0


@pytest.mark.parametrize("kind", KINDS)
def test_references_of_other_kinds_are_no_evidence(kind: str) -> None:
    chance = random.Random(kind)
    for _column in range(12):
        array = pa.array(KINDS[kind](chance, ROWS))
        plain, declared = (
            find_leaks([GateColumn("reference", array, not_nir)]) for not_nir in (False, True)
        )
        assert not any(sketch.evidence for sketch in plain.sketches.values())
        assert set(declared.rows.tolist()) == {-1}
        assert (plain.rows >= 0).sum() <= 0.05 * ROWS


@pytest.mark.parametrize(
    "kind",
    [
        pa.int64(),
        pa.float64(),
        pa.decimal128(20, 3),
        pa.list_(pa.string()),
        pa.dictionary(pa.int32(), pa.string()),
    ],
    ids=str,
)
def test_of_nirs_of_any_type_none_is_left(kind: pa.DataType) -> None:
    chance = random.Random(7)
    bodies = [number for number in nirs(chance, 2 * ROWS) if number.isdigit()][:ROWS]
    if pa.types.is_nested(kind):
        array = pa.array([[number] for number in bodies], kind)
    elif pa.types.is_dictionary(kind):
        array = pa.array(bodies).dictionary_encode()
    else:
        array = pa.array([-Decimal(number) for number in bodies]).cast(kind)
    for not_nir in (False, True):
        assert _left(array, not_nir=not_nir) == 0


def test_a_key_as_decimals_is_none_of_the_number() -> None:
    numbers = [number for number in nirs(random.Random(8), ROWS) if number.isdigit()]
    values = pa.array([Decimal(f"{number}.{key(number)}0") for number in numbers])
    assert _left(values, not_nir=True) == 0


def test_a_counter_a_clock_and_a_constant_beside_a_cohort() -> None:
    chance = random.Random(9)
    moments = pa.array(range(1_701_000_000_000, 1_701_600_000_000, 500_000))
    counter = pa.array(range(2_611_000_000_000, 2_611_000_001_000))
    constant = pa.array(["1550875999991"] * 1_000)
    for array in (moments, counter, constant):
        assert _left(array) == len(array)
    assert _left(pa.array(nirs(chance, 60, cohort=True))) == 0


def test_a_week_of_milliseconds_is_no_evidence_whenever_it_begins() -> None:
    chance = random.Random(10)
    for week in range(366):
        start = 1_767_225_600_000 + week * 86_400_000
        moments = [start + chance.randrange(604_800_000) for _ in range(100)]
        assert not _sketch(moments).evidence, week


def test_dated_references_are_no_evidence_whatever_their_day() -> None:
    chance = random.Random(11)
    for day in range(366):
        moment = datetime.date(2026, 1, 1) + datetime.timedelta(day)
        for pattern in ("%y%m%d", "%y%m"):
            start = moment.strftime(pattern)
            left = 13 - len(start)
            numbers = [int(start) * 10**left + chance.randrange(10**left) for _ in range(100)]
            assert not _sketch(numbers).evidence, moment


def test_a_long_text_of_digits_is_read_at_its_beginning_only() -> None:
    assert _numbers(["4" * 10_000_000, "5 " * 5_000_000]) == [None, None]


def test_numbers_of_any_size_can_be_looked_at() -> None:
    largest = [2**63 - 1, -(2**63), 10**16 + 1, None]
    assert _left(pa.array(largest)) == 4
    assert _left(pa.array([2**64 - 1], pa.uint64())) == 1
    assert _left(pa.array([float("nan"), float("inf"), -1e300, 1e-300])) == 4


class TestSums:
    def test_batches_of_five_add_up(self) -> None:
        numbers = [
            FORMS["blanks behind"](random.Random(12), each) for each in nirs(random.Random(12), 50)
        ]
        tallies = []
        for start in range(0, 50, 5):
            leaks = find_leaks([GateColumn("nom", pa.array(numbers[start : start + 5]))], b"salt")
            assert set(leaks.rows.tolist()) == {-1}
            tallies.append(Tally(sketches=leaks.sketches))

        assert leaking_columns(merge(tallies[:2]).sketches) == {}
        total = merge(tallies).sketches
        assert leaking_columns(total) == {"nom": 50}
        assert describe_columns(total).startswith(
            "column `nom`: 50 released values are numbers like NIRs: of 50 different ones"
        )

    def test_the_same_few_numbers_in_many_batches_are_few(self) -> None:
        numbers = pa.array(nirs(random.Random(13), 11))
        tallies = [
            Tally(sketches=find_leaks([GateColumn("nom", numbers)], b"salt").sketches)
            for _ in range(100)
        ]
        assert leaking_columns(merge(tallies).sketches) == {}

    def test_a_sum_does_not_hang_on_the_order_and_grows_no_further(self) -> None:
        chance = random.Random(14)
        parts = [
            _sketch(
                [int(body(chance, "1", 80)[:5]) * 10**8 + n for n in range(start, start + 400)],
                b"s",
            )
            for start in range(0, 4_000, 400)
        ]
        forward, back = ColumnSketch(), ColumnSketch()
        for part in parts:
            forward.merge(part)
        for part in reversed(parts):
            back.merge(part)
        assert forward.seen.tolist() == back.seen.tolist()
        assert len(forward.seen) == 512

    def test_of_a_sketch_nothing_tells_a_number_without_its_salt(self) -> None:
        number = ["155087599999193"]
        assert _sketch(number, b"a").seen["hash"] != _sketch(number, b"b").seen["hash"]

    def test_what_every_batch_quarantined_is_not_left(self) -> None:
        leaks = find_leaks([GateColumn("nom", pa.array(nirs(random.Random(15), 50)))])
        assert leaking_columns(leaks.sketches) == {}


def test_values_that_look_like_paths_are_folded_as_others_are() -> None:
    texts = ["/in/1550875999991.pdf", "1550875999992", "/1550875999993", "//1550875999994"]
    assert [number % 10 for number in _numbers(texts) if number] == [1, 2, 3, 4]


def test_an_affix_of_all_values_is_taken_off() -> None:
    texts = [f"REF2026-{body}" for body in (1550875999991, 2660203999992)]
    assert _numbers(texts) == [1550875999991, 2660203999992]


@pytest.mark.parametrize("place", PLACES)
def test_persons_of_one_place_or_a_few_are_seen(place: str) -> None:
    chance = random.Random(place)
    for cohort in (False, True):
        bodies = nirs(chance, 60, cohort=cohort and place == "abroad", places=PLACES[place])
        for values in (bodies, [number + key(number) for number in bodies]):
            for not_nir in (False, True):
                assert _left(pa.array(values), not_nir=not_nir) == 0


@pytest.mark.parametrize("digits", FIRST_DIGITS)
def test_numbers_of_other_kinds_that_are_built_like_nirs_are_seen(digits: str) -> None:
    chance = random.Random(digits)
    bodies = [chance.choice(digits) + number[1:] for number in nirs(chance, 60)]
    for values in (bodies, [number + key(number) for number in bodies]):
        assert _left(pa.array(values), not_nir=True) == 0


def test_months_that_nobody_knows_are_seen_with_keys() -> None:
    chance = random.Random(16)
    months = (20, *range(30, 43), *range(50, 100))
    bodies = [n[:3] + str(chance.choice(months)) + n[5:] for n in nirs(chance, ROWS)]
    assert _left(pa.array([number + key(number) for number in bodies]), not_nir=True) == 0


@pytest.mark.parametrize(
    ("form", "kind"),
    [
        ("thousand times", pa.int64()),
        ("thousand times 15", pa.int64()),
        ("fraction of 15", pa.float64()),
        ("fraction of 13", pa.float64()),
        ("fraction", pa.float64()),
        ("thousand times 15", pa.float64()),
        ("fraction of 15", pa.decimal128(20, 15)),
        ("fraction", pa.decimal128(38, 12)),
        ("counter behind 15", pa.decimal128(20, 0)),
        ("counter behind 13", pa.int64()),
    ],
    ids=str,
)
def test_scaled_and_longer_numbers_are_seen(form: str, kind: pa.DataType) -> None:
    chance = random.Random(form)
    bodies = [number for number in nirs(chance, 2 * ROWS) if number.isdigit()][:ROWS]
    values = [Decimal(FORMS[form](chance, number)) for number in bodies]
    assert _left(pa.array(values).cast(kind), not_nir=True) == 0


@pytest.mark.parametrize("kind", ["degrees", "prices"])
@pytest.mark.parametrize("type_", [pa.float64(), pa.decimal128(38, 12)], ids=str)
def test_fractions_of_other_kinds_are_no_evidence(kind: str, type_: pa.DataType) -> None:
    chance = random.Random(kind)
    for _column in range(12):
        values = [Decimal(value) for value in KINDS[kind](chance, ROWS)]
        assert _left(pa.array(values).cast(type_, safe=False)) == ROWS


def test_of_many_values_those_are_looked_at_that_differ_wherever_they_stand() -> None:
    chance = random.Random(17)
    bodies = [number + key(number) for number in nirs(chance, 2_000)]
    values = [body for body in bodies for _ in range(5)]
    values[1::2] = ["0000000000000000"] * 5_000
    shuffled = chance.sample(values, len(values))
    assert _left(pa.array(values), not_nir=True) == 5_000
    assert _left(pa.array(shuffled), not_nir=True) == 5_000


def test_the_order_of_many_values_changes_nothing_of_what_leaves() -> None:
    chance = random.Random(19)
    values = [*nirs(chance, 30), *(f"rien {n:09}" for n in range(5_000))]
    for _ in range(6):
        chance.shuffle(values)
        assert _left(pa.array(values)) == 5_000


def test_the_shape_of_what_stops_a_run_is_told() -> None:
    chance = random.Random(18)
    bodies = [number for number in nirs(chance, ROWS) if number.isdigit()]
    for form, evidence, shape in (
        ("13", Evidence("bodies"), "13 digits, built like sex, year, month and place of birth"),
        ("year before 15", Evidence("keys", 4), "15 digits with their key, behind 4 others"),
        ("digits before 15", Evidence("keys", -3), "15 digits with their key, before 0 others"),
    ):
        sketch = _sketch([FORMS[form](chance, number) for number in bodies])
        sketch.left = sketch.left_keyed = 5
        assert sketch.evidence == [evidence]
        told = describe_columns({"nom": sketch})
        assert f"({shape}); if they are NIRs, the field says `identifier: nir`" in told
