"""The gate finds the same in the entries of a dictionary as in all values."""

import random
from decimal import Decimal
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tamis.filter.gate import leaves as gate_leaves
from tamis.filter.gate.gate import GateColumn, Leaks, find_leaks

BODY, KEY = "1550875999991", "93"
FULL = BODY + KEY


def texts(rng: random.Random, rows: int) -> pa.Array:
    options = ["", "rien", "x" * 70, BODY[:5], BODY[5:], KEY, f"voir {FULL}", FULL, BODY, None]
    few = rng.sample(options, rng.randrange(1, 5))
    return pa.array([rng.choice(few) for _ in range(rows)], pa.string())


def numbers(rng: random.Random, rows: int) -> pa.Array:
    kind = rng.choice([pa.int32(), pa.int64(), pa.decimal128(19, 2), pa.timestamp("us"), "time"])
    few: list[Any]
    if kind == pa.int32():
        few = [0, 93, 9_999, None]
    elif kind == pa.decimal128(19, 2):
        few = [Decimal(n) / 100 for n in rng.sample([1, 99_99, int(BODY) * 100 + 93], 2)]
    else:
        few = rng.sample([0, 7, 93, -1, int(BODY), int(FULL), 10**15 + 7, 999_999], 3)
    values = [rng.choice(few) for _ in range(rows)]
    if kind == "time":
        return pa.array([abs(n or 0) % 86_400_000_000 for n in values], pa.time64("us"))
    return (
        pa.array(values, pa.int64()).cast(kind)
        if kind == pa.timestamp("us")
        else pa.array(values, kind)
    )


def outcome(leaks: Leaks) -> tuple[list[int], object]:
    return leaks.rows.tolist(), leaks.findings


@settings(max_examples=300)
@given(st.integers(0, 2**32 - 1), st.integers(1, 260), st.integers(1, 5))
def test_the_gate_finds_the_same_whatever_it_looks_at_first(
    seed: int, rows: int, count: int
) -> None:
    rng = random.Random(seed)
    names = ["t", "note", "nir", "cle", "montant"]
    plain, short = [], []
    for place in range(count):
        name, not_nir = names[place], rng.random() < 0.2
        array = texts(rng, rows) if rng.random() < 0.6 else numbers(rng, rows)
        plain.append(GateColumn(name, array, not_nir))
        short.append(GateColumn(name, array.dictionary_encode(), not_nir))
    assert outcome(find_leaks(short)) == outcome(find_leaks(plain))


def test_entries_that_no_row_has_are_nobodys_leak() -> None:
    places = pa.array([0, 0, None, 0], pa.int32())
    column = pa.DictionaryArray.from_arrays(places, pa.array(["rien", f"NIR {FULL}"]))
    assert find_leaks([GateColumn("t", column)]).rows.tolist() == [-1] * 4


def test_a_dictionary_is_decoded_once_some_entry_is_suspect(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked = []
    whole = gate_leaves.Leaf.decoded

    def decoded(leaf: gate_leaves.Leaf) -> gate_leaves.Leaf:
        asked.append(leaf.path)
        return whole(leaf)

    monkeypatch.setattr(gate_leaves.Leaf, "decoded", decoded)
    clean = pa.array(["a", "b"] * 50).dictionary_encode()
    spoilt = pa.array(["a", f"NIR {FULL}"] * 50).dictionary_encode()
    leaks = find_leaks([GateColumn("clean", clean), GateColumn("spoilt", spoilt)])
    assert asked == ["spoilt"]
    assert np.flatnonzero(leaks.rows >= 0).tolist() == list(range(1, 100, 2))
