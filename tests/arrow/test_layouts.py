"""Plain layouts hold the same values, wherever an array is cut."""

from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pytest

from tamis.arrow.layouts import plain_layout
from tamis.arrow.scrub import scrub

LISTS = [[1, 2], None, [3, 4], [5, 6], None, [7, 8]]
STRUCTS: list[Any] = [
    {"a": "x", "l": [["y"]]},
    None,
    {"a": None, "l": [None, []]},
    {"a": "z", "l": None},
]
TEXTS = ["x", None, "x", "y"]
VIEWS = pa.struct([("a", pa.string_view()), ("l", pa.list_view(pa.list_(pa.string_view())))])
ARRAYS = [
    (pa.array(LISTS, pa.list_view(pa.int8())), LISTS),
    (pa.array(LISTS, pa.large_list_view(pa.int8())), LISTS),
    (pa.array(LISTS, pa.list_(pa.int8(), 2)), LISTS),
    (pa.array(STRUCTS, VIEWS), STRUCTS),
    (pa.array(TEXTS, pa.string_view()), TEXTS),
    (pa.DictionaryArray.from_arrays([0, 1, 0, 3], pa.array(TEXTS, pa.string_view())), TEXTS),
    (pc.run_end_encode(pa.array(TEXTS)), TEXTS),
]


@pytest.mark.parametrize(("array", "values"), ARRAYS)
def test_every_slice_keeps_its_values(array: pa.Array, values: list[Any]) -> None:
    for start in range(len(values) + 1):
        for size in range(len(values) - start + 1):
            part = array.slice(start, size)
            plain = plain_layout(part)
            plain.validate(full=True)
            assert plain.to_pylist() == values[start : start + size]
            assert scrub(part).to_pylist() == values[start : start + size]
            assert plain.take(pa.array(range(size), pa.int64())).to_pylist() == plain.to_pylist()


def test_what_is_plain_is_given_back() -> None:
    array = pa.array(LISTS)

    assert plain_layout(array) is array
