import random
from decimal import Decimal

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from stdnum.fr import nir as stdnum_nir

from tamis.nir.identifiers import canonical, judge_identifiers, key_of, with_keys

from .corpus import body, corsican, cut, full, key, wrong_key

# law/nir.md §7: computed three ways
EXAMPLES = [
    *("155087599999193", "269052A99999244", "188122B99999377", "274022099999413"),
    *("293079749099533", "181119999099636", "260209999099791", "145359999099848"),
    *("238629999099993", "155087599998797"),
]
KINDS = ("nir", "nia", "nnp", "mig", "ntt", "nir-key")


@pytest.mark.parametrize("number", EXAMPLES)
def test_the_examples_of_the_law_page_have_their_keys(number: str) -> None:
    assert f"{key_of(number[:13]):02}" == number[13:]
    assert canonical(number) == canonical(number[:13]) == number[:13]


@pytest.mark.parametrize("separator", [" ", ".", "-", "\u00a0", "\u202f"])
def test_separators_and_the_case_of_corsica_do_not_count(separator: str) -> None:
    assert canonical(cut("269052a99999244", separator)) == "269052A999992"
    assert (
        judge_identifiers(pa.array([cut("269052a99999244", separator)])).canonical[0].as_py()
        == "269052A999992"
    )


@pytest.mark.parametrize(
    ("value", "malformed", "wrong_key"),
    [
        ("155087599999194", False, True),
        ("155087599999100", False, True),
        ("155137599999176", True, False),  # right key, month 13
        ("355087599999190", True, False),  # right key, first digit 3
        ("15508759999919", True, False),
        ("1550800999991", True, False),  # département 00
        ("1550875000991", True, False),
        ("1550875999000", True, False),
        ("155087599999193é", True, False),
        ("", True, False),
        ("1 85 05 78 006 084 36", False, True),
        ("2 84 05 88 321 025 30", False, True),
    ],
)
def test_a_value_is_malformed_or_has_a_wrong_key(
    value: str, malformed: bool, wrong_key: bool
) -> None:
    assert canonical(value) is None
    judged = judge_identifiers(pa.array([value, None]))
    assert judged.canonical.null_count == 2
    assert judged.malformed.tolist() == [malformed, False]
    assert judged.wrong_key.tolist() == [wrong_key, False]


@pytest.mark.parametrize(
    "body",
    ["1999999999999", "2999999999999", "1550875999999", "2 99 99 99 999 999", "269052A999999"],
)
@pytest.mark.parametrize("kinds", [("nir",), ("nir", "nia"), ("nir", "ntt"), ("nia", "ntt")])
def test_what_stands_for_no_number_is_malformed(body: str, kinds: tuple[str, ...]) -> None:
    compact = body.replace(" ", "")
    for value in (body, compact + key(compact), compact + "00"):
        judged = judge_identifiers(pa.array([value, None]), kinds)
        assert canonical(value, kinds) is None
        assert judged.malformed.tolist() == [True, False]
        assert not judged.wrong_key.any()
    if compact.isdigit():
        assert judge_identifiers(pa.array([int(compact)]), kinds).malformed.tolist() == [True]


def test_what_has_the_shape_of_a_nir_is_no_ntt() -> None:
    kinds = ("nir", "ntt")
    values = ["155087599999194", "1550875999991", "155137599999176", "1123456789AB"]

    judged = judge_identifiers(pa.array(values), kinds)

    assert judged.wrong_key.tolist() == [True, False, False, False]
    assert judged.canonical.to_pylist() == [None, *values[1:]]
    assert [canonical(value, kinds) for value in values] == judged.canonical.to_pylist()
    numbers = judge_identifiers(pa.array([155087599999194, 155137599999176]), kinds)
    assert numbers.wrong_key.tolist() == [True, False]
    assert numbers.canonical.to_pylist() == [None, "155137599999176"]
    longer = [pa.array([2000000042000032], kind) for kind in (pa.int64(), pa.uint64())]
    for array in longer:
        assert judge_identifiers(array, kinds).canonical.to_pylist() == ["2000000042000032"]


@pytest.mark.parametrize("number", EXAMPLES)
def test_a_key_is_written_behind_the_body(number: str) -> None:
    bodies = pa.array([None, number[:13], None, number[:13]])

    assert with_keys(bodies).to_pylist() == [None, number, None, number]
    assert with_keys(bodies.slice(1, 1)).to_pylist() == [number]
    assert with_keys(bodies[:0]).to_pylist() == []


@pytest.mark.parametrize(
    ("kind", "value", "expected"),
    [
        ("nir", "790049999099161", None),
        ("nia", "790049999099161", "7900499990991"),
        ("nia", "885109999099260", "8851099990992"),
        ("nnp", "7112312345678", "7112312345678"),
        ("nnp", "7312312345678", None),
        ("mig", "5112312345678", "5112312345678"),
        ("mig", "5012312345678", None),
        ("ntt", "200000004200003", "200000004200003"),
        ("ntt", "1000000042abc", "1000000042ABC"),
        ("ntt", "1000000042", None),
        ("ntt", "3000000042a", None),
        ("nir-key", "07", "07"),
        ("nir-key", "98", None),
        ("nir-key", "00", None),
    ],
)
def test_each_kind_has_its_own_shape(kind: str, value: str, expected: str | None) -> None:
    assert canonical(value, (kind,)) == expected
    judged = judge_identifiers(pa.array([value]), (kind,))
    assert judged.canonical.to_pylist() == [expected]


def test_the_dsn_dummy_number_is_malformed() -> None:
    assert canonical("1234567890123") is None


def test_every_arrow_type_is_judged_alike() -> None:
    number, mistyped = 155087599999193, 155087599999194
    kinds = [pa.int64(), pa.uint64(), pa.float64(), pa.decimal128(24, 2), pa.decimal256(40, 0)]
    arrays = [pa.array([number, mistyped, 7, None]).cast(kind) for kind in kinds]
    texts = [str(number), str(mistyped), "7", None]
    arrays += [pa.array(texts, kind) for kind in (pa.string(), pa.large_string(), pa.string_view())]
    arrays += [pa.array(texts, kind) for kind in (pa.binary(), pa.large_binary())]
    arrays.append(pa.array(texts).dictionary_encode())
    for array in arrays:
        judged = judge_identifiers(array)
        assert judged.canonical.to_pylist() == ["1550875999991", None, None, None], array.type
        assert judged.wrong_key.tolist() == [False, True, False, False]
        assert judged.malformed.tolist() == [False, False, True, False]


def test_fractions_and_numbers_past_int64_are_malformed() -> None:
    floats = pa.array([1550875999991.5, float("nan"), float("inf"), 1e300, -1550875999991.0])
    assert judge_identifiers(floats).malformed.all()
    decimals = pa.array([Decimal("1550875999991.30"), Decimal("-155087599999193")])
    assert judge_identifiers(decimals).malformed.all()
    assert judge_identifiers(pa.array([2**64 - 1], pa.uint64())).malformed.all()
    assert judge_identifiers(pa.array([True, None])).malformed.tolist() == [True, False]


def test_a_sliced_column_is_judged_by_its_own_rows() -> None:
    array = pa.array(["155087599999193", None, "269052A99999244", "x"])
    assert judge_identifiers(array[2:]).canonical.to_pylist() == ["269052A999992", None]
    assert judge_identifiers(array[:0]).canonical.to_pylist() == []


def test_bytes_that_are_no_text_are_malformed() -> None:
    judged = judge_identifiers(pa.array([b"\xff\xfe155087599999193", b"155087599999193"]))
    assert judged.canonical.to_pylist() == [None, "1550875999991"]


_near = st.one_of(
    st.text("0123456789ABab .-\u00a0", max_size=24),
    st.from_regex(
        r"[1-8][0-9]{2}(0[1-9]|[2-9][0-9])([0-9]{2}|2[ABab])[0-9]{6}([0-9]{2})?", fullmatch=True
    ),
    st.integers(0, 2**32).map(lambda seed: full(random.Random(seed))),
    st.integers(0, 2**32).map(lambda seed: cut(corsican(random.Random(seed)))),
    st.text(max_size=20),
)  # fmt: skip


@given(st.lists(st.none() | _near, max_size=8), st.sets(st.sampled_from(KINDS), min_size=1))
def test_a_column_is_judged_as_its_values_are(values: list[str | None], kinds: set[str]) -> None:
    judged = judge_identifiers(pa.array(values, pa.string()), sorted(kinds))
    expected = [None if value is None else canonical(value, sorted(kinds)) for value in values]
    assert judged.canonical.to_pylist() == expected
    assert not (judged.malformed & judged.wrong_key).any()
    present = [value is not None for value in values]
    verdicts = (
        judged.malformed | judged.wrong_key | np.array([e is not None for e in expected], bool)
    )
    assert verdicts.tolist() == present


@given(st.lists(st.integers(0, 10**16), max_size=8), st.sets(st.sampled_from(KINDS), min_size=1))
def test_integers_are_judged_as_their_digits_are(values: list[int], kinds: set[str]) -> None:
    kinds.discard("nir-key")  # 7 as an integer may be the key 07
    numbers = judge_identifiers(pa.array(values, pa.int64()), sorted(kinds))
    texts = judge_identifiers(
        pa.array([str(value) for value in values], pa.string()), sorted(kinds)
    )
    assert numbers.canonical.equals(texts.canonical)
    assert numbers.wrong_key.tolist() == texts.wrong_key.tolist()


def test_python_stdnum_agrees() -> None:
    """Where the two differ, and why; the benchmark script compares a million.

    stdnum checks characters and the key only. So it accepts what has a right key but no NIR's
    layout: another first digit, a month that is not in use, département, commune or order 0; or
    what stands for no number. It knows no NIR without key, and no dash between the parts. Nothing
    else differs.
    """
    rng = random.Random(3)
    numbers = []
    for _ in range(20_000):
        number = rng.choice([body(rng), corsican(rng), str(rng.randint(10**12, 10**13 - 1))])
        number += rng.choice([key(number), wrong_key(rng, number), "00", "98"])
        if rng.random() < 0.2:
            place = rng.randrange(15)
            number = number[:place] + rng.choice("0123456789ABX ") + number[place + 1 :]
        numbers.append(cut(number) if rng.random() < 0.2 else number)
    judged = judge_identifiers(pa.array(numbers))
    for number, ours in zip(numbers, judged.canonical.to_pylist(), strict=True):
        theirs = stdnum_nir.is_valid(number)
        compact = number.replace(" ", "").upper()
        if ours is not None:
            assert theirs or len(compact) == 13
        elif theirs:
            month = int(compact[3:5])
            used = month in {*range(1, 13), 20, *range(30, 43), *range(50, 100)}
            assert (
                compact[0] not in "12"
                or not used
                or compact[5:7] == "00"
                or ("000" in (compact[7:10], compact[10:13]))
                or compact[:13].endswith("999999")
            )
