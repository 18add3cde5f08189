"""The gate sees every NIR that a broken redactor lets through, and little else."""

import ast
import inspect
import random
from collections.abc import Callable
from decimal import Decimal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tamis.errors import RunError
from tamis.filter.gate import gate
from tamis.filter.gate import leaves as gate_leaves
from tamis.filter.gate import scan as gate_scan
from tamis.filter.gate import sieve as gate_sieve
from tamis.filter.gate import text as gate_text
from tamis.filter.gate.buffers import Texts, digit_bits, text_buffers
from tamis.filter.gate.gate import GateColumn, GateFinding, Leaks, find_leaks
from tamis.filter.gate.numbers import count_bits
from tamis.filter.gate.scan import is_no_chance
from tamis.filter.gate.text import find_texts

FULL = "155087599999193"

COMMON = {
    "compact": "155087599999193",
    "wrong key after a label": "NIR 155087599999194",
    "without key after a label": "n° de sécurité sociale : 1550875999991",
    "INSEE grouping": "1 55 08 75 999 991 93",
    "INSEE grouping, wrong key": "1 85 05 78 006 084 36",
    "INSEE grouping, no key": "1 55 08 75 999 991",
    "no-break spaces": "1\u00a055\u00a008\u00a075\u00a0999\u00a0991\u00a093",
    "narrow spaces": "1\u202f55\u202f08\u202f75\u202f999\u202f991\u202f93",
    "thin spaces": "1\u200955\u200908\u200975\u2009999\u2009991\u200993",
    "figure spaces": "1\u200755\u200708\u200775\u2007999\u2007991\u200793",
    "dots": "1.55.08.75.999.991.93",
    "dashes": "1-55-08-75-999-991-93",
    "slashes": "1/55/08/75/999/991/93",
    "underscores": "1_55_08_75_999_991_93",
    "tabs": "1\t55\t08\t75\t999\t991\t93",
    "a line break inside": "1 55 08 75\n999 991 93",
    "mixed": "1 55.08-75 999 991/93",
    "key after a space": "1550875999991 93",
    "key in parentheses": "1550875999991 (93)",
    "named key": "1550875999991, clé : 93",
    "Corsica": "269052A99999244",
    "Corsica in lower case": "2 69 05 2a 999 992 44",
    "Corsica, 2B": "188122B99999377",
    "overseas": "293079749099533",
    "abroad": "181119999099636",
    "month unknown": "145359999099848",
    "first digit 7": "790049999099161",
    "glued to letters": "NIR155087599999193X",
    "in JSON": '{"nir":"1550875999991","cle":"93"}',
    "in XML": '<nir v="155087599999193"/>',
    "in a URL": "https://a.example/q?n=1+55+08+75+999+991+93&p=1",
    "in a file name": "scan_155087599999193_2026.pdf",
    "in SQL": "WHERE numero_secu = '1550875999991'",
    "DSN": "S21.G00.30.001,'1550875999991'",
}
RARE = {
    "full-width": "１５５０８７５９９９９９１９３",
    "Arabic-Indic": "١٥٥٠٨٧٥٩٩٩٩٩١٩٣",
    "mathematical": "".join(chr(0x1D7CE + int(digit)) for digit in FULL),
    "zero-width": "155087\u200b5999\u200b99193",
    "soft hyphens": "1\u00ad55\u00ad08\u00ad75\u00ad999\u00ad991\u00ad93",
    "HTML entities": "1&nbsp;55&nbsp;08&nbsp;75&nbsp;999&nbsp;991&nbsp;93",
    "percent escapes": "1%2055%2008%2075%20999%20991%2093",
    "unicode escapes": r"1\u00a055\u00a008\u00a075\u00a0999\u00a0991\u00a093",
    "line break tags": "1 55 08 75<br/>999 991 93",
    "en dashes": "1–55–08–75–999–991–93",
    "middle dots": "1·55·08·75·999·991·93",
    "groups of three": "155 087 599 999 193",
    "groups of five": "15508 75999 99193",
    "single digits": "1 5 5 0 8 7 5 9 9 9 9 9 1 9 3",
    "scientific": "1.55087599999193E+14",
    "misread": "l 55 O8 75 999 99l 93",
    "spaced dashes": "1 - 55 - 08 - 75 - 999 - 991 - 93",
}
LOOK_ALIKES = (
    "SIREN 732 829 320, SIRET 732 829 320 00074 ou 73282932000074",
    "IBAN FR76 3000 6000 0112 3456 7890 189",
    "tél. 06 12 34 56 78 / 01 23 45 67 89",
    "du 01/01/2024 au 31/12/2024, à 2024-03-12 14:30:25",
    "EAN 3760012345678, carte 4970 1000 0000 0003",
    "horodatage 1731312345678, commande 1231231231234",
    "dossier 1550875999991",
    "GPS 48.85661400 2.352221900, vecteur 0.155087599999193 0.2",
    "sha256 a155087599999193b1550875999991930123456789abcdef0123456789abcdef",
    "proche infrarouge (NIR) à 1064 nm, 12 bandes",
    "NIR : [NIR], dossier 1550875999991",
    "NIR : [NIR] [NIR] et 1234567890123",
    "montant 1 234 567,89 € puis 12, 345, 6789, 12, 345",
    "7b8f1c52-1550-4875-9999-919312345678",
    "ARTICLE 2A, 100 % & 5 < 7 ; 12 34 56 78 90 12 34 56",
)

Wrap = Callable[[pa.Array], pa.Array]


def holds_nir(text: str, *, not_nir: bool = False) -> bool:
    return len(find_texts([text], not_nir=not_nir)) > 0


def _union(texts: pa.Array, dense: bool) -> pa.Array:
    codes = pa.array([1] * len(texts), pa.int8())
    other = pa.array([0] * len(texts))
    if dense:
        offsets = pa.array(range(len(texts)), pa.int32())
        return pa.UnionArray.from_dense(codes, offsets, [other, texts])
    return pa.UnionArray.from_sparse(codes, [other, texts])


def _lists(kind: Callable[[pa.DataType], pa.DataType]) -> Wrap:
    return lambda texts: pa.array([["-", text] for text in texts.to_pylist()], kind(texts.type))


TYPES: dict[str, Wrap] = {
    "string": lambda texts: texts,
    "large_string": lambda texts: texts.cast(pa.large_string()),
    "string_view": lambda texts: texts.cast(pa.string_view()),
    "binary": lambda texts: texts.cast(pa.binary()),
    "large_binary": lambda texts: texts.cast(pa.large_binary()),
    "binary_view": lambda texts: texts.cast(pa.binary_view()),
    "fixed_size_binary": lambda texts: pa.array(
        [text.encode().ljust(160) for text in texts.to_pylist()], pa.binary(160)
    ),
    "dictionary": lambda texts: texts.dictionary_encode(),
    "run_end_encoded": lambda texts: pc.run_end_encode(texts),
    "list": _lists(pa.list_),
    "large_list": _lists(pa.large_list),
    "fixed_size_list": _lists(lambda kind: pa.list_(kind, 2)),
    "list_view": _lists(pa.list_view),
    "large_list_view": _lists(pa.large_list_view),
    "list of dictionary": lambda texts: pa.ListArray.from_arrays(
        pa.array(range(len(texts) + 1), pa.int32()), texts.dictionary_encode()
    ),
    "struct": lambda texts: pa.StructArray.from_arrays([texts], ["a"]),
    "struct in list in struct": lambda texts: pa.array(
        [{"a": [{"b": text}]} for text in texts.to_pylist()]
    ),
    "map value": lambda texts: pa.array(
        [[("k", text)] for text in texts.to_pylist()], pa.map_(pa.string(), pa.string())
    ),
    "map key": lambda texts: pa.array(
        [[(text, 1)] for text in texts.to_pylist()], pa.map_(pa.string(), pa.int64())
    ),
    "sparse union": lambda texts: _union(texts, dense=False),
    "dense union": lambda texts: _union(texts, dense=True),
    "json extension": lambda texts: pa.ExtensionArray.from_storage(pa.json_(), texts),
}
NUMBERS = {
    "int64": pa.int64(),
    "uint64": pa.uint64(),
    "float64": pa.float64(),
    "decimal64": pa.decimal64(18, 0),
    "decimal128": pa.decimal128(20, 2),
    "decimal256": pa.decimal256(40, 4),
}


def _leaks(array: pa.Array, name: str = "c", not_nir: bool = False) -> list[int]:
    rows: list[int] = find_leaks([GateColumn(name, array, not_nir)]).rows.tolist()
    return rows


def _bodies(count: int, seed: int = 1) -> list[str]:
    rng = random.Random(seed)
    return [
        f"{rng.choice('12')}{rng.randint(40, 99)}{rng.randint(1, 12):02}"
        f"{rng.randint(1, 95):02}999{rng.randint(991, 999)}"
        for _ in range(count)
    ]


def _key(body: str) -> str:
    return f"{97 - int(body) % 97:02}"


def _random_numbers(digits: int, count: int, seed: int = 2) -> list[int]:
    rng = random.Random(seed)
    return [rng.randrange(10 ** (digits - 1), 10**digits) for _ in range(count)]


@pytest.mark.parametrize("wrap", TYPES.values(), ids=TYPES.keys())
def test_what_a_redactor_that_redacts_nothing_lets_through_is_seen_in_every_type(
    wrap: Wrap,
) -> None:
    forms = COMMON | RARE
    array = wrap(pa.array([f"vu avec M. X : {text} ; à rappeler" for text in forms.values()]))

    missed = [form for form, row in zip(forms, _leaks(array), strict=True) if row < 0]

    assert missed == []


def test_a_nir_is_seen_in_two_bytes_a_character() -> None:
    forms = ("compact", "INSEE grouping", "dots", "dashes", "key after a space", "overseas")
    assert set(_leaks(pa.array([COMMON[form].encode("utf-16-le") for form in forms]))) == {0}


@pytest.mark.parametrize("form", [*COMMON, *RARE])
def test_a_form_is_seen_alone_in_its_value(form: str) -> None:
    assert _leaks(pa.array([None, (COMMON | RARE)[form]])) == [-1, 0]


@pytest.mark.parametrize("kind", NUMBERS.values(), ids=NUMBERS.keys())
def test_numbers_are_seen(kind: pa.DataType) -> None:
    values = [155087599999193, None, 155087599999194, 12]
    array = pa.array([None if v is None else Decimal(v) for v in values], pa.decimal128(20, 0))

    assert _leaks(array.cast(kind)) == [0, -1, -1, -1]


def test_a_key_that_stands_as_decimals_is_seen() -> None:
    assert _leaks(pa.array([1550875999991.93, 1550875999991.94])) == [0, -1]
    assert _leaks(pa.array([Decimal("1550875999991.93"), Decimal("1550875999991.94")])) == [0, -1]


@pytest.mark.parametrize("text", LOOK_ALIKES)
def test_a_look_alike_raises_no_alarm(text: str) -> None:
    assert _leaks(pa.array([text])) == [-1]


def test_a_slice_is_looked_at_and_nothing_beside_it() -> None:
    for wrap in TYPES.values():
        array = wrap(pa.array([FULL, "rien du tout à voir", FULL, "rien non plus, merci"]))
        assert _leaks(array.slice(1, 2)) == [-1, 0], array.type


def test_bytes_under_a_null_are_not_a_value() -> None:
    hidden = pa.Array.from_buffers(
        pa.string(),
        2,
        [
            pa.py_buffer(b"\x01"),
            pa.py_buffer(b"\0\0\0\0\x01\0\0\0\x10\0\0\0"),
            pa.py_buffer(b"x" + FULL.encode()),
        ],
    )
    assert hidden.to_pylist() == ["x", None]
    assert _leaks(hidden) == [-1, -1]


def test_the_first_column_with_a_nir_is_named() -> None:
    columns = [
        GateColumn("a", pa.array(["-", "-", FULL])),
        GateColumn("b", pa.array([0, int(FULL), int(FULL)])),
    ]

    leaks = find_leaks(columns)

    assert leaks.rows.tolist() == [-1, 1, 0]
    assert [(finding.column, finding.hits) for finding in leaks.findings] == [("a", 1), ("b", 2)]


def test_no_columns_and_no_rows_leak_nothing() -> None:
    assert find_leaks([]).rows.tolist() == []
    for wrap in TYPES.values():
        assert _leaks(wrap(pa.array(["x"])).slice(0, 0)) == []


NO_NIRS = (
    pa.int8(), pa.int32(), pa.uint32(), pa.float32(), pa.date32(), pa.time32("s"), pa.bool_(),
    pa.timestamp("us"), pa.date64(), pa.time64("ns"), pa.duration("s"), pa.null(),
)  # fmt: skip


@pytest.mark.parametrize("kind", NO_NIRS, ids=str)
def test_types_that_hold_no_nir_pass(kind: pa.DataType) -> None:
    assert _leaks(pa.nulls(2, kind)) == [-1, -1]
    if not pa.types.is_null(kind):
        zero = pa.array([0], pa.int64() if kind.bit_width == 64 else pa.int32())
        assert _leaks(zero.cast(kind)) == [-1]


def test_a_type_nobody_knows_stops_the_run() -> None:
    array = pa.array([(1, 2, 3)], pa.month_day_nano_interval())
    with pytest.raises(RunError, match=r"column `c\.when`: the gate cannot look into the type"):
        find_leaks([GateColumn("c", pa.StructArray.from_arrays([array], ["when"]))])


def test_birth_dates_in_microseconds_are_no_nirs_but_nirs_as_timestamps_are() -> None:
    births = pa.array(range(100_000_000, 880_000_000, 86_400), pa.int64())
    microseconds = pc.multiply(births, 1_000_000).cast(pa.timestamp("us"))
    nirs = pa.array([int(body + _key(body)) for body in _bodies(20)]).cast(pa.timestamp("us"))

    assert set(_leaks(microseconds)) == {-1}
    assert set(_leaks(nirs)) == {0}


class TestNotNir:
    def test_chance_hits_do_not_count_in_a_declared_column(self) -> None:
        numbers = _random_numbers(15, 5_000)

        for array in (pa.array(numbers), pa.array(list(map(str, numbers)))):
            assert 0 in _leaks(array)
            assert set(_leaks(array, not_nir=True)) == {-1}

    @pytest.mark.parametrize("text", ["NIR 155087599999193", "1 55 08 75 999 991 93"])
    def test_a_label_and_the_insee_grouping_do(self, text: str) -> None:
        assert _leaks(pa.array([text, FULL]), not_nir=True) == [0, -1]

    def test_declared_columns_take_no_part_in_pairs(self) -> None:
        body, key = pa.array(["1550875999991"]), pa.array(["93"])

        assert find_leaks([GateColumn("a", body), GateColumn("b", key)]).rows.tolist() == [0]
        assert find_leaks([GateColumn("a", body, True), GateColumn("b", key)]).rows.tolist() == [-1]


class TestChance:
    def test_a_random_reference_column_is_told_as_chance(self) -> None:
        array = pa.array(_random_numbers(15, 10_000))

        (finding,) = find_leaks([GateColumn("reference", array)]).findings

        assert finding.column == "reference"
        assert finding.looks_like_chance
        assert 0 < finding.hits < 200
        assert 8_000 < finding.values <= 10_000  # those below 9 * 10^14

    def test_a_column_of_nirs_is_not(self) -> None:
        array = pa.array([body + _key(body) for body in _bodies(50)])

        assert find_leaks([GateColumn("c", array)]).findings == (GateFinding("c", 50, 50, False),)

    def test_a_text_is_not(self) -> None:
        (finding,) = find_leaks([GateColumn("c", pa.array(["NIR 1550875999991", "-"]))]).findings

        assert not finding.looks_like_chance

    @given(st.integers(1, 400), st.data())
    def test_the_bound_is_never_below_the_binomial_tail(self, of: int, data: st.DataObject) -> None:
        from math import comb

        hits = data.draw(st.integers(0, of))
        tail = sum(comb(of, k) * 0.012**k * 0.988 ** (of - k) for k in range(hits, of + 1))
        if is_no_chance(hits, of):
            assert tail < 1e-6


class TestThirteenWithoutKey:
    @pytest.mark.parametrize("kind", [pa.string(), pa.int64(), pa.float64()], ids=str)
    def test_a_column_of_them_is_seen_by_its_months(self, kind: pa.DataType) -> None:
        assert set(_leaks(pa.array(list(map(int, _bodies(250)))).cast(kind))) == {0}

    def test_a_dozen_are_enough_and_fewer_are_not(self) -> None:
        assert set(_leaks(pa.array(_bodies(30)))) == {0}
        assert set(_leaks(pa.array(_bodies(11)))) == {-1}

    def test_a_few_are_where_the_column_says_nir(self) -> None:
        for name in ("nir", "num_secu", "titulaire_nir", "numeroSS"):
            assert _leaks(pa.array(["1550875999991", "x"]), name) == [0, -1], name

    def test_nirs_among_other_numbers_are_seen(self) -> None:
        mixed = pa.array(list(map(int, _bodies(600))) + _random_numbers(13, 600))

        assert set(_leaks(mixed)[:600]) == {0}

    @pytest.mark.parametrize(
        "numbers",
        [
            _random_numbers(13, 2_000),
            range(1_701_000_000_000, 1_712_000_000_000, 5_000_000),  # clock, months 01 to 12
            range(1_550_800_000_000, 1_550_800_002_000),  # counter at a month 08
            [n % (3 * 10**12) + 10**12 for n in _random_numbers(13, 2_000)],  # tax numbers
        ],
        ids=["random", "milliseconds", "counter", "tax"],
    )
    def test_other_numbers_are_not(self, numbers: list[int]) -> None:
        assert set(_leaks(pa.array(numbers))) == {-1}
        assert set(_leaks(pa.array(list(map(str, numbers))))) == {-1}


class TestNeighbours:
    @pytest.mark.parametrize("body", [pa.array(["1550875999991"]), pa.array([1550875999991])])
    @pytest.mark.parametrize(
        "key",
        [
            pa.array(["93"]),
            pa.array([93]),
            pa.array([93], pa.int8()),
            pa.array([93.0]),
            pa.array([Decimal("93.00")]),
        ],
        ids=lambda key: str(key.type),
    )
    def test_thirteen_here_and_the_key_there(self, body: pa.Array, key: pa.Array) -> None:
        assert find_leaks([GateColumn("a", body), GateColumn("b", key)]).rows.tolist() == [0]

    def test_a_wrong_key_is_none(self) -> None:
        columns = [GateColumn("a", pa.array(["1550875999991"])), GateColumn("b", pa.array(["94"]))]
        assert find_leaks(columns).rows.tolist() == [-1]

    def test_a_key_that_lost_its_zero(self) -> None:
        body = next(body for body in _bodies(500) if _key(body) < "10")
        columns = [
            GateColumn("a", pa.array([float(body)])),
            GateColumn("b", pa.array([int(_key(body))])),
        ]
        assert find_leaks(columns).rows.tolist() == [0]

    def test_a_named_key_further_on(self) -> None:
        columns = [
            GateColumn("a", pa.array(["1550875999991"])),
            GateColumn("nom", pa.array(["X"])),
            GateColumn("cle_controle", pa.array(["93"])),
        ]
        assert find_leaks(columns).rows.tolist() == [0]

    def test_within_a_struct_and_a_list(self) -> None:
        rows = [[{"a": "x", "b": 1}], [{"a": "x", "b": 2}, {"a": "1550875999991", "b": 93}]]
        assert _leaks(pa.array(rows)) == [-1, 0]
        assert _leaks(pa.array([["1550875999991"], ["93"], ["1550875999991", "93"]])) == [-1, -1, 0]

    @pytest.mark.parametrize("cut", [1, 3, 5, 7, 8, 10])
    def test_bodies_cut_in_two_all_over_a_batch(self, cut: int) -> None:
        numbers = [body + _key(body) for body in _bodies(50)]
        columns = [
            GateColumn("a", pa.array([number[:cut] for number in numbers])),
            GateColumn("b", pa.array([number[cut:] for number in numbers])),
        ]
        assert set(find_leaks(columns).rows.tolist()) == {0}

    def test_in_whatever_order_many_rows_come(self) -> None:
        whole = [body + _key(body) for body in _bodies(300) if body.isdigit()] * 50
        columns = [[number[:5] for number in whole], [number[5:] for number in whole]]
        for order in (slice(None), slice(None, None, -1)):
            parts = [GateColumn(f"c{n}", pa.array(c[order])) for n, c in enumerate(columns)]
            assert (find_leaks(parts).rows == 0).all()

    def test_postal_codes_beside_telephones_are_none(self) -> None:
        rng = random.Random(3)
        columns = [
            GateColumn("cp", pa.array([f"{rng.randint(1000, 95999):05}" for _ in range(5_000)])),
            GateColumn("tel", pa.array([f"06{rng.randrange(10**8):08}" for _ in range(5_000)])),
        ]
        assert set(find_leaks(columns).rows.tolist()) == {-1}


@given(st.text(), st.sampled_from([*COMMON.values(), *RARE.values()]))
def test_reading_a_text_never_fails(text: str, form: str) -> None:
    holds_nir(text)
    holds_nir(text + form + text, not_nir=True)


@given(st.lists(st.binary()))
def test_any_bytes_can_be_looked_at(values: list[bytes]) -> None:
    assert len(_leaks(pa.array(values, pa.binary()))) == len(values)


WORDS = st.text(st.sampled_from("abcdeéèlosz ,.;'\n"), max_size=150)


@given(st.lists(st.tuples(WORDS, st.booleans(), WORDS), min_size=1))
def test_a_nir_is_seen_wherever_it_stands(parts: list[tuple[str, bool, str]]) -> None:
    texts = [f"{before} {FULL if leak else ''} {behind}" for before, leak, behind in parts]

    assert [row == 0 for row in _leaks(pa.array(texts))] == [leak for _, leak, _ in parts]


@given(
    st.lists(st.one_of(st.none(), st.text(st.sampled_from("0123456789 2AB.-é[NIR]"))), max_size=30)
)
def test_the_column_and_the_close_reading_agree(texts: list[str | None]) -> None:
    # In whole values of digits the column goes by its own arithmetic, to the same end.
    expected = [-1 if text is None or not holds_nir(text) else 0 for text in texts]
    assert _leaks(pa.array(texts, pa.string())) == expected


def test_the_gate_shares_no_code_with_the_redactor() -> None:
    for module in (gate, gate_leaves, gate_scan, gate_sieve, gate_text):
        tree = ast.parse(inspect.getsource(module))
        imported = {n.module or "" for n in ast.walk(tree) if isinstance(n, ast.ImportFrom)}
        imported |= {a.name for n in ast.walk(tree) if isinstance(n, ast.Import) for a in n.names}
        assert not {name for name in imported if name.startswith("tamis.nir")}


def test_leaks_say_nothing_of_values() -> None:
    leaks: Leaks = find_leaks([GateColumn("c", pa.array([FULL]))])
    assert FULL not in repr(leaks)


def _dense(values: pa.Array) -> list[int]:
    """The values that the first sieve keeps."""
    kept: list[int] = np.flatnonzero(gate_sieve._hold_digits(Texts(values))).tolist()
    return kept


SHORT_WAYS = (
    "155087599999193",
    "1 55 08 75 999 991 93",
    "1.55087599999E+12",
    "lSSO87S99999l93",
    "NIR 1550875999991",
    "NIR 155087\u00b2999991",
    "%31%35%35%30%38%37%35%39%39%39%39%39%31%39%33",
    "\u0661\u0665\u0665\u0660\u0668\u0667\u0665\u0669\u0669\u0669\u0669\u0669\u0661\u0669\u0663",
)


@pytest.mark.parametrize("text", SHORT_WAYS)
def test_the_first_sieve_keeps_every_way_to_write_a_nir_in_few_bytes(text: str) -> None:
    values = pa.array(["", "x", text, "", ""], pa.large_binary())
    assert _dense(values) == [2]


@given(
    st.sampled_from(SHORT_WAYS),
    st.lists(
        st.tuples(
            st.integers(0, 20), st.sampled_from("0123AaBbOolISeE+., -\u00b9\u2460&%\\<\u0663")
        ),
        max_size=4,
    ),
)
def test_what_the_first_sieve_drops_holds_no_nir(way: str, edits: list[tuple[int, str]]) -> None:
    letters = list(way)
    for at, letter in edits:
        letters[at % len(letters)] = letter
    text = "".join(letters)
    if not len(_dense(pa.array([text, "x"], pa.large_binary()))):
        assert not holds_nir(text)


LONG_WAYS = (
    *(way for way in SHORT_WAYS if not way.startswith("lSS")),
    "1\u202f55\u202f08\u202f75\u202f999\u202f991\u202f93",
    "\u2009".join(FULL),
    " - ".join(FULL),
    "".join(f"&#{ord(digit)};" for digit in FULL),
    "2 69 05 2A 999 992 44",
)
PADDING = st.text(st.sampled_from("abcde é,.'\u2019\u20ac\u014345"), max_size=200)


@given(
    st.lists(
        st.tuples(
            PADDING,
            st.sampled_from(["", "06 12 34 56 78", "2024-11-23T10:00:00", *LONG_WAYS]),
            st.lists(
                st.tuples(st.integers(0, 40), st.sampled_from("0123A+., -\u20ac&%\\<\u0663")),
                max_size=3,
            ),
            PADDING,
        ),
        min_size=1,
    )
)
def test_what_the_first_sieve_drops_of_longer_texts_holds_no_nir(
    parts: list[tuple[str, str, list[tuple[int, str]], str]],
) -> None:
    texts = []
    for before, way, edits, behind in parts:
        letters = list(way or " ")
        for at, letter in edits:
            letters[at % len(letters)] = letter
        texts.append(f"{'.' * 60}{before}{''.join(letters)}{behind}")
    values = pa.array(["x" * 200, *texts], pa.large_binary())
    kept = set(_dense(values))
    assert not [at for at, text in enumerate(texts, 1) if at not in kept and holds_nir(text)]


@given(
    st.lists(
        st.tuples(
            st.sampled_from(
                ["", "tél ", "voir l'", "S ", "le 12/03/2020 ", "x", "é", "×", "’", "_", "nº"]
            ),
            st.sampled_from([FULL, "1 55 08 75 999 991 93", "1550875999991 93", "06 12 34 56 78"]),
            st.lists(st.integers(0, 20), max_size=3),
            st.sampled_from(["", " l", "B", "é", "÷", ", réglé", " 06 10 20 30 40 légal"]),
        ),
        min_size=1,
    )
)
def test_misread_digits_are_seen_wherever_a_close_reading_sees_them(
    parts: list[tuple[str, str, list[int], str]],
) -> None:
    texts = []
    for before, number, misread, behind in parts:
        letters = list(number)
        for at in misread:
            place = at % len(letters)
            letters[place] = {"0": "O", "1": "l", "5": "S", "8": "B"}.get(
                letters[place], letters[place]
            )
        texts.append(before + "".join(letters) + behind)
    longer = [f"{text} {'.' * 90}" for text in texts]
    for column in (texts, longer):
        assert _leaks(pa.array(column)) == [0 if holds_nir(text) else -1 for text in column]


def test_a_letter_behind_an_accent_is_none_that_was_misread() -> None:
    phones = "tél 06 10 20 30 40 06 10"
    assert not holds_nir(phones)
    assert not len(gate_sieve.sieve(Texts(pa.array([phones], pa.large_binary()))).close)
    misread = b"l55087599999193"
    signs = ["nº".encode(), "×".encode(), b"\xc3", "é".encode()]
    assert _leaks(pa.array([sign + misread for sign in signs])) == [0, 0, 0, -1]
    assert _leaks(pa.array([b"06 10 20 30 40 06 10\xc3", b"\x80" + misread])) == [-1, 0]


@pytest.mark.parametrize("pattern", ["8B{}-0f0c-4b1e-9c55-{}", "{}8b0f0c4b1e9c55{}"])
def test_of_uuids_and_digests_no_letter_is_a_misread_digit(pattern: str) -> None:
    values = [pattern.format(f"{7 * n:06}", f"{n:06}5B0B0B") for n in range(100)]
    assert not len(gate_sieve.sieve(Texts(pa.array(values, pa.large_binary()))).close)
    zeros = "15508759-9999-1930-0000-000000000000"
    assert _leaks(pa.array([zeros, *values])) == [0 if holds_nir(zeros) else -1] + [-1] * 100


def test_a_misread_digit_at_the_edge_of_its_value_is_seen() -> None:
    body = next(body for body in _bodies(500) if body[0] == "1" and _key(body)[1] == "8")
    first, last = f"l{body[1:]}{_key(body)}", f"{body}{_key(body)[0]}B"
    beside = "fin 06 10 20 30 40 le 12/03/2020 fin"
    assert _leaks(pa.array([beside, first, beside, last, beside])) == [-1, 0, -1, 0, -1]


@given(st.lists(st.binary(max_size=200), max_size=30))
def test_the_first_sieve_counts_bytes_as_one_would_one_by_one(values: list[bytes]) -> None:
    data, offsets = text_buffers(pa.array([*values, b"x"], pa.large_binary()))
    for bits, signs in (
        (np.packbits(data == ord("x"), bitorder="little"), b"x"),
        (digit_bits(data), b"0123456789" + bytes({*range(0xC6, 0x100)} - {0xE2})),
    ):
        counts = count_bits(bits, offsets).tolist()
        assert counts == [sum(byte in signs for byte in value) for value in [*values, b"x"]]


_BEFORE_DIGITS = st.sampled_from(["", "D", "FR", "SS", "ss ", "S", "lO", "+", "-", "'", "é", "2A"])


@given(
    st.lists(st.tuples(_BEFORE_DIGITS, st.integers(0, 2**32 - 1), st.integers(8, 46)), max_size=9)
)
def test_values_that_are_one_number_are_told_by_their_digits_and_no_nir_is_lost(
    drawn: list[tuple[str, int, int]],
) -> None:
    texts = []
    for before, seed, count in drawn:
        rng = random.Random(seed)
        bodies = ["".join(rng.choices("0123456789", k=count)), *_bodies(2, seed)]
        number = "".join(body + _key(body) for body in bodies[1:])[: max(count, 15)]
        texts.append(before + rng.choice([bodies[0], number, bodies[1] + _key(bodies[1])]))
    expected = [0 if holds_nir(text) else -1 for text in texts]
    column = GateColumn("t", pa.array(texts, pa.string()), tested=True)
    assert find_leaks([column] if texts else []).rows.tolist() == expected


@given(
    st.text(st.sampled_from("0000000002AaBbEeSs lONIR-.:+='<%é"), min_size=8, max_size=46),
    st.integers(0, 2**32 - 1),
)
def test_of_values_that_are_written_alike_no_nir_is_lost(shape: str, seed: int) -> None:
    rng = random.Random(seed)
    body = _bodies(1, seed)[0]
    for count in (13, 15):  # a NIR somewhere in the shape
        place = rng.randrange(len(shape))
        shape = rng.choice([shape, shape[:place] + "0" * count + shape[place:]])
    nir = iter((body + _key(body)) * 4)
    planted = "".join([next(nir) if sign == "0" else sign for sign in shape])
    texts = ["".join([rng.choice("0123456789") if c == "0" else c for c in shape]) for _ in "12"]
    texts = [planted, *texts, shape.replace("0", "2")]
    expected = [0 if holds_nir(text) else -1 for text in texts]
    column = GateColumn("t", pa.array(texts), tested=True)
    assert find_leaks([column]).rows.tolist() == expected


@settings(max_examples=40)
@given(
    st.lists(
        st.text(st.sampled_from("0000000002AaBbEeSs lONIR-.:+='<%é"), min_size=13, max_size=46),
        min_size=2,
        max_size=3,
    ),
    st.integers(0, 2**32 - 1),
)
def test_where_several_ways_of_writing_are_frequent_no_nir_is_lost(
    shapes: list[str], seed: int
) -> None:
    rng = random.Random(seed)
    texts = []
    for place, shape in enumerate(shapes):
        cut = rng.randrange(len(shape))
        longer = f"{shape[:cut]}{'0' * rng.choice((13, 15, 15))}{shape[cut:]}"
        for body in _bodies(40, seed + place):
            digits = iter((body + _key(body)) * 4 if rng.random() < 0.3 else "")
            signs = [next(digits, rng.choice("0123456789")) if c == "0" else c for c in longer]
            texts.append("".join(signs))
    rng.shuffle(texts)
    column = GateColumn("t", pa.array(texts), tested=True)
    rows = find_leaks([column]).rows
    assert np.flatnonzero(rows == 0).tolist() == find_texts(texts).tolist()


@pytest.mark.parametrize("shape", ["{:014}", "FR76{:023}", "D{:013}", "{:032}", "X{:015}"])
def test_columns_of_other_numbers_need_no_look_at_each(shape: str) -> None:
    numbers = [shape.format(7 * n) for n in range(1000)]
    assert _dense(pa.array(numbers, pa.large_binary())) == []
    assert len(_dense(pa.array([*numbers, "", "x"], pa.large_binary()))) <= 20


@pytest.mark.parametrize("behind", [" a 3 enfants", " - A 12", "::A...é2660", "bé256032:1999"])
def test_a_key_that_ends_in_2_is_seen_before_a_lone_letter_and_a_digit(behind: str) -> None:
    body = next(body for body in _bodies(500) if _key(body)[1] == "2")
    assert holds_nir(f"M. X, {body} {_key(body)}{behind}")
    assert _leaks(pa.array([f"M. X, {body} {_key(body)}{behind}"])) == [0]


@pytest.mark.parametrize("before", ["2, A", "2éA", "2 A", "12 - b"])
def test_a_number_behind_what_is_no_department_is_seen(before: str) -> None:
    assert _leaks(pa.array([f"bât. {before}{FULL}"])) == [0]


def test_few_values_are_read_closely_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gate_sieve, "_FEW", 32)
    texts = ["tél 06 10 20 30 40 06 10", f"M. X {FULL}", "rien"]
    assert gate_sieve.sieve(Texts(pa.array(texts, pa.large_binary()))).close.tolist() == [0, 1]
    assert _leaks(pa.array(texts)) == [-1, 0, -1]


def test_moments_that_are_written_alike_need_no_look_at_each() -> None:
    moments = [f"2024-01-{day:02} 10:{day}:07" for day in range(10, 29)]
    assert _dense(pa.array(moments, pa.large_binary())) == []


def test_fields_whose_lengths_cannot_add_up_are_not_joined_and_others_are() -> None:
    def look(values: list[str]) -> gate._Look:
        array = pa.array(values, pa.large_binary())
        leaf = gate_leaves.Leaf("x", "text", array, None)
        return gate._Look(0, leaf, GateColumn("x", array))

    assert gate._may_join(look(["1550875999991", "x"]), look(["93", ""]))
    assert gate._may_join(look(["1", "abcd"]), look(["55087599999193"]))
    assert not gate._may_join(look(["1550875999991"]), look(["", "four"]))
    assert not gate._may_join(look(["abcd"]), look(["99999999999"]))
    assert not gate._may_join(look([]), look(["93"]))


STRONG_LABELS = (
    "NIR : ", "NIR ", "n° de sécurité sociale : ", "N° Sécu : ", "numéro de sécu ", "NSS ", "SS n°",
    "num_secu: ", "NIR de l'assurée : ", "NIR du titulaire : ", "son numéro de sécu est le ",
    "numéro d'inscription au répertoire : ", "NIR de Mme Durand : ", "numNir: ", "sécu soc. ",
    "<NIR>", "NIR (13 caractères) : ", "NIR du dossier : ", "N.I.R. : ", "n° INSEE : ", "NIR\n",
)  # fmt: skip
WHAT_FOLLOWS = {
    "13 digits": "1550875999991",
    "14 digits, one of the key lost": "15508759999919",
    "16 digits": "1550875999991933",
    "12 digits": "155087599999",
    "0 in front of 13": "01550875999991",
    "00 in front of 13": "001550875999991",
    "0 in front of a wrong key": "0155087599999194",
    "00 in front of 15": "00155087599999193",
    "cells": "<td>155</td><td>08</td><td>75999</td><td>991</td>",
    "five blanks": "155     08     75999     991",
    "entities": "155&nbsp;08&nbsp;75&nbsp;999&nbsp;99",
    "a line break and odd groups": "15508\n7599 9991",
    "an epoch": "1760875999991",
    "a moment": "20240512 101112",
}


@pytest.mark.parametrize("number", WHAT_FOLLOWS.values(), ids=WHAT_FOLLOWS.keys())
def test_a_strong_label_takes_what_follows(number: str) -> None:
    texts = [f"vu avec M. X ; {label}{number}, à rappeler" for label in STRONG_LABELS]
    missed = [
        label for label, row in zip(STRONG_LABELS, _leaks(pa.array(texts)), strict=True) if row
    ]
    assert missed == []
    assert set(_leaks(pa.array([f"vu avec M. X ; {number}, à rappeler"]))) == {-1}


@pytest.mark.parametrize(
    "text",
    [
        "NIR : FR76 3000 6000 0112 3456 7890 189, à rappeler",  # right check digits
        "n°SS: FR7630006000011234567890189",
        "matricule BE68 5390 0754 7034",
        "NIR absent, SIRET 73282932000074",
        "NIR absent, SIREN 732 829 320, SIRET 732 829 320 00074",
        "immatriculé 73282932000074",
        "assuré n° 20240512101112",
        "NIR : [NIR], export 20240512101112",
        "NIR : néant, appelé le 2024-05-12 10:11:12",
        "NIR : néant, tél 06 12 34 56 78 ou 01 23 45 67 89",
        "NIR : 0033 6 12 34 56 78",
        "NIR à 1064 nm, proche infrarouge, 155087599999",
        "NIR : 12345678901",
        "NIR : 12345678901234567",
    ],
)
def test_a_label_takes_no_more_than_that(text: str) -> None:
    assert _leaks(pa.array([text])) == [-1]


def test_of_an_iban_with_wrong_check_digits_a_part_counts_that_could_be_a_persons() -> None:
    texts = ["NIR : FR77 3000 6000 1112 3456 7890 189", "NIR : FR77 3000 6000 1551 2456 7890 189"]
    assert _leaks(pa.array(texts)) == [-1, 0]


def test_a_file_number_with_a_key_by_chance_needs_a_person_or_no_label_of_its_own() -> None:
    texts = ["voir 480245366517624", "dossier n° 377525120369893", "dossier n° 155087599999193"]
    assert _leaks(pa.array(texts)) == [-1, -1, 0]


@pytest.mark.parametrize("filler", ["4 ", "45 37 ", "12345 ", "123456,78 ", "OI5 ", "NSS ", "a1b2"])
def test_a_long_text_is_read_as_a_short_one(filler: str) -> None:
    """Looking for labels over the whole text, for each number, would take minutes here."""
    quiet = filler * (60_000 // len(filler)) + "fin, "
    for planted in ("NIR : 1550875999991", "1 55 08 75 999 991 93, suite"):
        assert holds_nir(f"{quiet}{planted}")
    assert not holds_nir(f"{quiet} SIRET 12345678900012")
