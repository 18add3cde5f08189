import datetime
import json
import random
import uuid
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pytest

from tamis.nir.profile import profile_nir

from .corpus import LOOKALIKES, body, corsican, cut, full, key, wrong_key

ROWS = 400
Make = Callable[[random.Random], Any]


def _column(make: Make, kind: pa.DataType | None = None) -> pa.Array:
    rng = random.Random(11)
    return pa.array([make(rng) for _ in range(ROWS)], kind)


def _digits(rng: random.Random, count: int) -> str:
    return str(rng.randint(10 ** (count - 1), 10**count - 1))


def _dated(rng: random.Random) -> str:
    return f"{rng.randint(1950, 2024)}{rng.randint(1, 12):02}{rng.randint(1, 28):02}"


def _sometimes(rng: random.Random, share: float, yes: str, no: str) -> str:
    return yes if rng.random() < share else no


def _comment(rng: random.Random) -> str:
    prose = f"Appel le 12/05/2024, n° sécu {cut(full(rng))}, à rappeler au 06 12 34 56 78."
    return _sometimes(rng, 0.05, prose, "Formation suivie 35 heures, tél 06 12 34 56 78.")


CARRYING: dict[str, tuple[Make, pa.DataType | None, str | None, str]] = {
    "15 compact": (full, None, "c1", "15"),
    "15 large_string": (full, pa.large_string(), None, "15"),
    "13 compact": (body, None, "c2", "13"),
    "grouped": (lambda r: cut(full(r)), None, None, "15"),
    "grouped by dashes": (lambda r: cut(full(r), "-"), None, None, "15"),
    "grouped no-break": (lambda r: cut(full(r), "\u00a0"), None, None, "15"),
    "grouped by slashes": (lambda r: cut(full(r), "/"), None, None, "text"),
    "corsica": (lambda r: (n := corsican(r)) + key(n), None, None, "15"),
    "corsica lower": (lambda r: ((n := corsican(r)) + key(n)).lower(), None, None, "15"),
    "with nulls": (lambda r: full(r) if r.random() < 0.1 else None, pa.string(), None, "15"),
    "mistyped at times": (
        lambda r: (n := body(r)) + (key(n) if r.random() < 0.6 else wrong_key(r, n)),
        None, None, "15",
    ),
    "one in ten": (lambda r: _sometimes(r, 0.1, full(r), _digits(r, 15)), None, "reference", "15"),
    "integer 15": (lambda r: int(full(r)), pa.int64(), None, "integer"),
    "unsigned 13": (lambda r: int(body(r)), pa.uint64(), None, "integer"),
    "float 15": (lambda r: float(full(r)), pa.float64(), None, "float"),
    "float with nan": (
        lambda r: float(full(r)) if r.random() < 0.5 else float("nan"), pa.float64(), None, "float",
    ),
    "decimal": (lambda r: Decimal(full(r)), pa.decimal128(18, 2), None, "decimal"),
    "bytes": (lambda r: full(r).encode(), pa.binary(), None, "15"),
    "fixed bytes": (lambda r: full(r).encode(), pa.binary(15), None, "15"),
    "latin-1 bytes": (
        lambda r: f"né, sécu {cut(full(r))}".encode("latin-1"), pa.binary(), None, "text",
    ),
    "json": (lambda r: json.dumps({"id": 3, "nir": body(r)}), None, "payload", "json"),
    "comments": (_comment, None, "observations", "text"),
    "dictionary": (full, pa.dictionary(pa.int32(), pa.string()), None, "15"),
    "list": (lambda r: [full(r), full(r)], pa.list_(pa.string()), None, "15"),
    "struct": (
        lambda r: {"a": "x", "nir": body(r)},
        pa.struct([("a", pa.string()), ("nir", pa.string())]), None, "13",
    ),
    "list of structs": (
        lambda r: [{"a": 1, "b": int(full(r))}],
        pa.list_(pa.struct([("a", pa.int64()), ("b", pa.int64())])), None, "integer",
    ),
    "matricule": (full, None, "matricule", "15"),
    "first digits 7 and 8": (lambda r: full(r, first="1278"), None, None, "15"),
    "13 grouped": (lambda r: cut(body(r)), None, None, "13"),
}  # fmt: skip

CLEAN: dict[str, tuple[Make, pa.DataType | None, str | None]] = {
    "random 15": (lambda r: _digits(r, 15), None, "reference"),
    "random 15 as integers": (lambda r: int(_digits(r, 15)), pa.int64(), None),
    "random 13": (lambda r: _digits(r, 13), None, "ean"),
    "random 13 from 1 and 2": (lambda r: r.choice("12") + _digits(r, 12), None, None),
    "epoch": (lambda r: 1_700_000_000_000 + r.randint(0, 10**10), pa.int64(), "created_at"),
    "dated orders": (lambda r: _dated(r) + _digits(r, 5), None, None),
    "dated files": (lambda r: _dated(r) + _digits(r, 7), None, None),
    "sequence": (lambda r: str(1_550_875_000_000 + r.randint(0, 5000)), None, "numero"),
    "siret": (LOOKALIKES["siret"], None, "siret"),
    "iban": (LOOKALIKES["iban"], None, None),
    "imei": (LOOKALIKES["imei"], None, None),
    "tax numbers": (LOOKALIKES["tax"], None, None),
    "phones": (LOOKALIKES["phones"], None, None),
    "uuid": (lambda r: str(uuid.UUID(int=r.getrandbits(128))), None, None),
    "digests": (lambda r: r.randbytes(16), pa.binary(16), "nir_pseudonym"),
    "floats": (lambda r: r.random() * 1e15, pa.float64(), None),
    "amounts": (lambda r: Decimal(_digits(r, 15)) / 100, pa.decimal128(18, 2), None),
    "keys": (lambda r: f"{r.randint(1, 97):02}", None, "cle"),
    "booleans": (lambda r: r.random() < 0.5, pa.bool_(), None),
    "dates": (lambda r: datetime.date(2024, 1, r.randint(1, 28)), pa.date32(), None),
    "nulls": (lambda r: None, pa.null(), None),
    "comments": (LOOKALIKES["french prose"], None, None),
    "infrared": (LOOKALIKES["infrared"], None, None),
    "romanian": (lambda r: f"1{_dated(r)[2:]}{_digits(r, 6)}", None, "cnp"),
}  # fmt: skip


@pytest.mark.parametrize("case", CARRYING)
def test_a_column_of_nirs_is_known_whatever_its_type(case: str) -> None:
    make, kind, name, form = CARRYING[case]
    profile = profile_nir(_column(make, kind), name)
    assert (profile.carries_nir, profile.form) == (True, form)
    assert profile.confidence > 0.8
    assert profile.nirs > 0


@pytest.mark.parametrize("case", CLEAN)
def test_a_column_of_other_numbers_is_not_taken_for_nirs(case: str) -> None:
    make, kind, name = CLEAN[case]
    profile = profile_nir(_column(make, kind), name)
    assert (profile.carries_nir, profile.form) == (False, "none")


def test_one_right_key_in_a_column_proves_nothing() -> None:
    profile = profile_nir(pa.array(["155087599999193", "712345678901234", "312345678901299"]))
    assert not profile.carries_nir
    assert (profile.values, profile.nirs) == (3, 1)


def test_the_one_nir_of_a_small_file_is_told() -> None:
    for values in (["155087599999193"], ["155087599999193"] * 20, ["155087599999193", None, "x"]):
        profile = profile_nir(pa.array(values), "reference")
        assert (profile.carries_nir, profile.form) == (True, "15")
    assert not profile_nir(pa.array(["155087599999193"]), "siret").carries_nir
    assert not profile_nir(pa.array(["155207599999181"]), "reference").carries_nir


def test_the_one_nir_in_a_text_of_a_small_file_is_told() -> None:
    nir = full(random.Random(4))
    few = profile_nir(pa.array([f"voir {nir}", "rien", None]), "commentaire")
    assert (few.carries_nir, few.form, few.nirs) == (True, "text", 1)
    others = [f"colis {_digits(random.Random(row), 15)}" for row in range(ROWS)]
    assert not profile_nir(pa.array([f"voir {nir}", *others]), "commentaire").carries_nir


def test_a_name_that_says_nir_makes_few_values_enough() -> None:
    numbers = pa.array(["155087599999193", None])
    assert profile_nir(numbers, "nir").carries_nir
    assert not profile_nir(numbers, "siret").carries_nir


def test_an_empty_column_carries_nothing() -> None:
    assert profile_nir(pa.array([], pa.string())).values == 0
    assert not profile_nir(pa.chunked_array([], pa.string()), "nir").carries_nir


def test_the_evidence_quotes_no_value() -> None:
    for make, kind, name, _ in CARRYING.values():
        words = profile_nir(_column(make, kind), name).why.split()
        assert not any(len(word) > 6 and word.isdigit() for word in words)
