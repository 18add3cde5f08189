"""Rows in the order of their values: permuted rows of every type make the same bytes."""

import datetime
import math
import struct
from decimal import Decimal
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from hypothesis import given, settings
from hypothesis import strategies as st

from tamis.arrow.order import order_rows, take_in_order

NAN = struct.unpack("<d", struct.pack("<Q", 0x7FF8000000000001))[0]
TEXTS = st.sampled_from(["", "a", "a\0", "é", "x" * 31, "x" * 32, "x" * 33 + "a", "x" * 33 + "b"])
LEAVES: tuple[tuple[pa.DataType, st.SearchStrategy[Any]], ...] = (
    (pa.binary(16), st.sampled_from([b"\0" * 16, b"\xff" * 16, b"\xff" * 15 + b"\0"])),
    (pa.binary(5), st.sampled_from([b"\0" * 5, b"abcde", b"\xff" * 5])),
    (pa.binary(9), st.sampled_from([b"\0" * 9, b"abcdefghi", b"abcdefghj"])),
    (pa.int8(), st.integers(-2, 2)),
    (pa.int64(), st.sampled_from([-(2**63), 2**63 - 1, 0, -1])),
    (pa.uint64(), st.sampled_from([2**64 - 1, 0, 1])),
    (pa.float64(), st.sampled_from([0.0, -0.0, math.nan, NAN, -1.5, math.inf])),
    (pa.float32(), st.sampled_from([0.0, -0.0, math.nan, 1.5])),
    (pa.bool_(), st.booleans()),
    (pa.date32(), st.dates(datetime.date(2024, 1, 1), datetime.date(2024, 1, 3))),
    (pa.decimal128(12, 2), st.sampled_from([Decimal("-1.50"), Decimal("0.00"), Decimal("9e8")])),
    (pa.decimal256(60, 0), st.sampled_from([Decimal(10) ** 40, Decimal(-1), Decimal(0)])),
    (pa.timestamp("us", "UTC"), st.sampled_from([-1, 0, 1])),
    (pa.string(), TEXTS),
    (pa.large_string(), TEXTS),
    (pa.binary(), TEXTS.map(str.encode)),
)
FEW = settings(max_examples=60)


@st.composite
def columns(draw: st.DrawFn, depth: int = 2) -> tuple[pa.DataType, st.SearchStrategy[Any]]:
    """A type of any nesting, and values of it that are often equal, often null."""
    nesting = draw(st.sampled_from(["leaf", "leaf", "list", "struct"])) if depth else "leaf"
    if nesting == "leaf":
        kind, values = draw(st.sampled_from(LEAVES))
    elif nesting == "list":
        of, elements = draw(columns(depth - 1))
        kind, values = pa.list_(of), st.lists(elements, max_size=2)
    else:
        children = draw(st.lists(columns(depth - 1), min_size=1, max_size=2))
        kind = pa.struct([(f"c{number}", child) for number, (child, _) in enumerate(children)])
        values = st.fixed_dictionaries({f"c{n}": of for n, (_, of) in enumerate(children)})
    return kind, st.none() | values


@st.composite
def tables(draw: st.DrawFn) -> pa.Table:
    """Up to 12 rows of one to three columns, and a tag."""
    drawn = draw(st.lists(columns(), min_size=1, max_size=3))
    count = draw(st.integers(0, 12))
    arrays = [
        pa.array(draw(st.lists(values, min_size=count, max_size=count)), kind)
        for kind, values in drawn
    ]
    tag = pa.array(["III.2"] * count, pa.string()).dictionary_encode()
    return pa.table([*arrays, tag], names=[*map(str, range(len(arrays))), "tag"])


def as_parquet(table: pa.Table) -> bytes:
    sink = pa.BufferOutputStream()
    pq.write_table(table, sink)
    return bytes(sink.getvalue().to_pybytes())


@FEW
@given(table=tables(), data=st.data())
def test_permuted_rows_make_the_same_bytes(table: pa.Table, data: st.DataObject) -> None:
    places = data.draw(st.permutations(range(table.num_rows)))
    permuted = table.take(pa.array(places, pa.int64()))
    one, other = (as_parquet(take_in_order(rows, order_rows(rows))) for rows in (table, permuted))
    assert one == other


@FEW
@given(st.lists(st.tuples(st.none() | TEXTS, st.none() | TEXTS, st.integers(0, 1)), max_size=12))
def test_text_by_a_dictionary_is_ordered_as_text(
    rows: list[tuple[str | None, str | None, int]],
) -> None:
    first, second, number = zip(*rows, strict=True) if rows else ([], [], [])
    plain = pa.table(
        {"a": pa.array(first, pa.string()), "b": pa.array(second, pa.string()), "n": number}
    )
    entries = pa.array(["z", *sorted({text for text in first if text is not None}, reverse=True)])
    indices = pc.index_in(plain["a"].combine_chunks(), entries)
    coded = plain.set_column(0, "a", pa.DictionaryArray.from_arrays(indices, entries))
    ordered = plain.take(order_rows(plain)).to_pylist()
    assert take_in_order(coded, order_rows(coded)).to_pylist() == ordered


def test_a_pseudonym_leads_and_then_columns_as_they_stand() -> None:
    pseudonyms = pa.array([b"b" * 16, b"a" * 16, b"a" * 16, None, b"a" * 15 + b"b"], pa.binary(16))
    table = pa.table({"an": [1, 3, -2, 9, 0], "pseudonyme": pseudonyms})
    assert table.take(order_rows(table)).column("an").to_pylist() == [9, -2, 3, 0, 1]


def test_a_whole_unit_is_sorted_as_its_first_column_is() -> None:
    numbers = np.random.default_rng(1).integers(-(10**6), 10**6, 10_000)
    table = pa.table({"montant": numbers, "nom": [f"nom {n % 7}" for n in numbers]})
    assert table.take(order_rows(table)).column("montant").to_pylist() == sorted(numbers)
